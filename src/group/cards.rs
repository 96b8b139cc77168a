//! Ranks with a GPU each, which tell each other by way of those.

use super::group::Group;
use proofmark_base::work::Failure;

/// Whether this build can.
pub const NCCL: bool = cfg!(feature = "nccl");

/// The same group by way of NCCL, where each rank has a GPU, here of this number. None where one has none, and of
/// a build without NCCL.
///
/// # Errors
/// A rank that is lost; a GPU that two ranks have.
#[cfg(feature = "nccl")]
pub fn joined(group: &dyn Group, card: Option<usize>) -> Result<Option<Box<dyn Group>>, Failure> {
    use super::group::{any, broadcast, leads};
    use super::nccl::{Id, Nccl, unique_id};

    /// How much longer than the others a rank may take to a place at which all meet.
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(3600);

    if group.size() == 1 || any(group, card.is_none())? {
        return Ok(None);
    }
    let Some(card) = card else { return Ok(None) };
    let own = if leads(group) { unique_id()?.to_vec() } else { Vec::new() };
    let told = broadcast(group, own)?;
    let id = Id::try_from(told)
        .map_err(|told| Failure::Internal(format!("an id of NCCL of {} bytes", told.len())))?;
    let joined = Nccl::join(card, group.rank(), group.size(), &id, PATIENCE)?;
    Ok(Some(Box::new(joined)))
}

/// The same group by way of NCCL, where each rank has a GPU, here of this number. None where one has none, and of
/// a build without NCCL.
///
/// # Errors
/// None, in this build.
#[cfg(not(feature = "nccl"))]
pub fn joined(_group: &dyn Group, _card: Option<usize>) -> Result<Option<Box<dyn Group>>, Failure> {
    Ok(None)
}
