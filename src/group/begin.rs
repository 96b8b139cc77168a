//! Processes that a launcher began become a group.

use super::group::Group;
use super::launch::Launch;
use proofmark_base::work::Failure;

/// Whether this build can be one of several processes.
pub const SEVERAL: bool = cfg!(feature = "mpi");

/// The group of this process and the others that were begun with it.
///
/// # Errors
/// A build without MPI; a launcher with which the MPI that it was built with does not work.
#[cfg(feature = "mpi")]
pub fn begin(launch: Launch) -> Result<Box<dyn Group>, Failure> {
    Ok(Box::new(super::mpi::Mpi::begin(launch)?))
}

/// The group of this process and the others that were begun with it.
///
/// # Errors
/// Always: this build is without MPI.
#[cfg(not(feature = "mpi"))]
pub fn begin(Launch { by, size, .. }: Launch) -> Result<Box<dyn Group>, Failure> {
    Err(Failure::run(format!(
        "{by} began {size} processes, which train one model together if proofmark is built with `--features \
         mpi`, and this one is not; begin one process, or build it with MPI (docs/ranks.md). Processes that \
         share a store and are otherwise alone are begun without MPI (`srun --mpi=none`)"
    )))
}
