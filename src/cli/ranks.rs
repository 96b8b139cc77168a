//! A process that was begun together with others, by mpirun or srun.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::exit::Exit;
use super::project::Stop;
use crate::engine::asked::Asked;
use crate::engine::cluster::snapshot::Snapshot;
use crate::engine::device::Devices;
use crate::engine::graph::Until;
use crate::engine::ranks::admit::admit;
use crate::engine::ranks::follow::follow;
use crate::engine::ranks::lead::{Lead, Leader};
use crate::engine::session::Session;
use proofmark_base::work::Failure;
use proofmark_group::begin::begin;
use proofmark_group::group::leads;
use proofmark_group::launch::Launch;
use proofmark_lang::model::DeviceChoice;

/// The first of several processes that a launcher began, if this is the first; none if this process is
/// alone. Any other takes part in trainings here, until the first ends or `stop` is set, and ends without
/// doing more.
///
/// # Errors
/// The end of another process; a build that cannot be one of several; a rank that is lost.
pub fn leader(device: Option<Asked>, stop: &AtomicBool) -> Result<Option<Leader>, Stop> {
    let Some(launch) = Launch::of(|name| std::env::var(name).ok()) else {
        return Ok(None);
    };
    let group = begin(launch)?;
    if leads(group.as_ref()) {
        return Ok(Some(Leader::new(group)));
    }
    follow(group.as_ref(), &Devices::stated(device).on_card(launch.local), stop)?;
    Err(Stop::Exit(Exit::Ok))
}

/// The first process with the plan of a session, which the others can then read.
///
/// # Errors
/// Several `devices`, which are for trainings of one process each;
/// A training that cannot be divided among so many; a store that cannot be written to.
pub fn lead<'a>(
    leader: &'a Leader,
    session: &Session<'_>,
    file: &Path,
    devices: &[DeviceChoice],
) -> Result<Lead<'a>, Failure> {
    if !devices.is_empty() {
        return Err(Failure::run(
            "a `local` cluster gives each training a device, and several processes were begun to train \
             together; leave out --on, or begin one process",
        ));
    }
    admit(session.project(), session.unfinished(), |_| leader.size())?;
    let snapshot = Snapshot::of(session, file, Until::Train)?;
    snapshot.save(session)?;
    Lead::new(leader, session.store().root(), &snapshot.id)
}
