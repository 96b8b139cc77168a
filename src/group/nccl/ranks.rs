//! A rank with a GPU as one of a group.

use std::sync::Mutex;
use std::time::Duration;

use cudarc::nccl::result;

use super::library::{demand_driver, demand_nccl};
use super::link::{Id, Link};
use super::said::refused;
use crate::group::Group;
use proofmark_base::work::Failure;

/// A rank with a GPU.
#[derive(Debug)]
pub struct Nccl {
    rank: usize,
    size: usize,
    pub(super) link: Mutex<Link>,
}

/// The version of the NCCL that is loaded, as in `2.30.7`.
///
/// # Errors
/// There is no NCCL, or it does not say.
pub fn version() -> Result<String, Failure> {
    demand_nccl().map_err(Failure::Group)?;
    let version = result::get_nccl_version().map_err(|e| Failure::Group(refused(&e)))?;
    Ok(format!("{}.{}.{}", version / 10_000, version / 100 % 100, version % 100))
}

/// A new id.
///
/// # Errors
/// There is no NCCL, or it finds no network interface.
pub fn unique_id() -> Result<Id, Failure> {
    demand_nccl().map_err(Failure::Group)?;
    let id = result::get_uniqueid().map_err(|e| Failure::Group(refused(&e)))?;
    Ok(id.internal.map(|byte| byte.to_ne_bytes()[0]))
}

impl Nccl {
    /// Joins the others, who have the same id, with the GPU of this number, of those that this process sees.
    ///
    /// # Errors
    /// A library is missing, a rank does not join in time, or the GPU cannot be used.
    pub fn join(
        device: usize,
        rank: usize,
        size: usize,
        id: &Id,
        patience: Duration,
    ) -> Result<Self, Failure> {
        let link = demand_driver()
            .and_then(|()| demand_nccl())
            .and_then(|()| Link::join(device, rank, size, id, patience));
        let link = link.map_err(|why| Failure::Group(format!("rank {rank} of {size}: {why}")))?;
        Ok(Self { rank, size, link: Mutex::new(link) })
    }
}

impl Group for Nccl {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn exchange(&self, mut messages: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Failure> {
        if messages.len() != self.size {
            let told = messages.len();
            return Err(Failure::Internal(format!("{told} messages for {} ranks", self.size)));
        }
        let own = std::mem::take(&mut messages[self.rank]);
        let mut link = self.link.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut received = link.exchange(&messages).map_err(Failure::Group)?;
        received[self.rank] = own;
        Ok(received)
    }
}
