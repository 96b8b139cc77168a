//! How a process learns that it is one of several that were begun together.

/// Several processes that a launcher began, as one of them sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The launcher.
    pub by: &'static str,
    /// The number of this process.
    pub rank: usize,
    /// How many there are.
    pub size: usize,
    /// The number of this process among those of its machine.
    pub local: usize,
}

impl Launch {
    /// From the environment that mpirun, or srun with PMIx, gives its processes. None of a process that is
    /// alone, or that was begun beside others without MPI.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let number = |name: &str| variable(name)?.parse::<usize>().ok();
        let launchers = [
            // Open MPI.
            (
                "mpirun",
                "OMPI_COMM_WORLD_RANK",
                "OMPI_COMM_WORLD_SIZE",
                "OMPI_COMM_WORLD_LOCAL_RANK",
            ),
            // PMIX_RANK is Open MPI's, too, and says nothing of their number.
            ("srun", "PMIX_RANK", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID"),
            // MPICH and its kin, and srun with PMI2.
            ("mpirun", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"),
        ];
        let several = |(by, rank, size, local): (&'static str, &str, &str, &str)| {
            let (rank, size) = (number(rank)?, number(size)?);
            let local = number(local).unwrap_or_default();
            (size > 1 && rank < size).then_some(Self { by, rank, size, local })
        };
        launchers.into_iter().find_map(several)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Option<Launch> {
        Launch::of(|name| {
            let pair = pairs.iter().find(|(other, _)| *other == name);
            pair.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn launchers_are_told_apart() {
        let open = of(&[
            ("OMPI_COMM_WORLD_RANK", "2"),
            ("OMPI_COMM_WORLD_SIZE", "4"),
            ("OMPI_COMM_WORLD_LOCAL_RANK", "1"),
            ("PMIX_RANK", "2"),
            // Of the job in which mpirun was called.
            ("SLURM_STEP_NUM_TASKS", "1"),
        ]);
        assert_eq!(open, Some(Launch { by: "mpirun", rank: 2, size: 4, local: 1 }));
        let slurm =
            of(&[("PMIX_RANK", "1"), ("SLURM_STEP_NUM_TASKS", "2"), ("SLURM_LOCALID", "0")]);
        assert_eq!(slurm, Some(Launch { by: "srun", rank: 1, size: 2, local: 0 }));
        let mpich = of(&[("PMI_RANK", "0"), ("PMI_SIZE", "2")]);
        assert_eq!(mpich, Some(Launch { by: "mpirun", rank: 0, size: 2, local: 0 }));
    }

    #[test]
    fn one_process_is_no_launch_and_neither_are_several_without_mpi() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("OMPI_COMM_WORLD_RANK", "0"), ("OMPI_COMM_WORLD_SIZE", "1")]), None);
        assert_eq!(of(&[("SLURM_PROCID", "1"), ("SLURM_STEP_NUM_TASKS", "2")]), None);
    }
}
