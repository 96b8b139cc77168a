//! What Slurm tells a process of itself, in its environment.

/// The task of a job that a process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlurmTask {
    /// What `squeue` calls it: `ID_NUMBER` in an array, else `ID`.
    pub id: String,
    /// How often it was begun before.
    pub restarts: u32,
}

impl SlurmTask {
    /// That of a process with these variables; none of one that is no job.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let id = match (set("SLURM_ARRAY_JOB_ID"), set("SLURM_ARRAY_TASK_ID")) {
            (Some(array), Some(number)) => format!("{array}_{number}"),
            _ => set("SLURM_JOB_ID")?,
        };
        let restarts = set("SLURM_RESTART_COUNT").and_then(|count| count.parse().ok());
        Some(Self { id, restarts: restarts.unwrap_or(0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_known_by_its_array_and_number() {
        let of = |pairs: &[(&str, &str)]| {
            let task = SlurmTask::of(|name| {
                let pair = pairs.iter().find(|(other, _)| *other == name);
                pair.map(|(_, value)| (*value).to_owned())
            });
            task.map(|task| (task.id, task.restarts))
        };
        let array = [("SLURM_ARRAY_JOB_ID", "17"), ("SLURM_ARRAY_TASK_ID", "3")];
        let job = ("SLURM_JOB_ID", "21");
        let again = ("SLURM_RESTART_COUNT", "2");
        let task = |id: &str, restarts| Some((id.to_owned(), restarts));
        assert_eq!(of(&[array[0], array[1], job, again]), task("17_3", 2));
        assert_eq!(of(&[job]), task("21", 0));
        assert_eq!(of(&[array[0], ("SLURM_ARRAY_TASK_ID", ""), job]), task("21", 0));
        assert_eq!(of(&[again]), None);
    }
}
