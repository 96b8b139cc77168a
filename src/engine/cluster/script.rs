//! The batch script of an array of jobs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

/// What the tasks of an array ask for, and how they begin.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ask {
    /// Account, partition, quality of service and so on: options of sbatch as they are.
    pub options: Vec<String>,
    /// Lines before the program.
    pub setup: Vec<String>,
    /// Cores of a task, or of each of its processes.
    pub cpus: Option<u32>,
    /// Bytes of memory of a task, or of each of its processes.
    pub memory: Option<u64>,
    /// Longest time of a task, in seconds.
    pub seconds: Option<u64>,
    /// Cards of a task, or of each of its processes.
    pub gpus: Option<u32>,
    /// Their model, as the cluster calls it.
    pub gpu: Option<String>,
    /// Processes of a task, where there are several.
    pub ranks: Option<u32>,
    /// How long before its time is up a task is told so, in seconds.
    pub warn: u64,
}

/// An array as it is submitted.
#[derive(Clone, Debug)]
pub struct Script<'a> {
    /// Name of the job.
    pub name: &'a str,
    /// Numbers of its tasks.
    pub numbers: BTreeSet<u32>,
    /// Most tasks that run at a time.
    pub at_a_time: Option<u32>,
    /// What it asks for.
    pub ask: &'a Ask,
    /// What it waits for, as sbatch takes it; empty where it waits for nothing.
    pub dependency: String,
    /// Folder of the logs.
    pub logs: &'a Path,
    /// The program and its first arguments.
    pub command: &'a [String],
}

impl Script<'_> {
    /// The whole script.
    pub fn text(&self) -> String {
        let mut text = String::from("#!/bin/bash\n");
        let mut option = |line: String| {
            let _ = writeln!(text, "#SBATCH {line}");
        };
        option(format!("--job-name={}", self.name));
        let limit = self.at_a_time.map_or(String::new(), |most| format!("%{most}"));
        option(format!("--array={}{limit}", ranges(&self.numbers)));
        option(format!("--output={}", quoted(&self.logs.join(format!("{}-%a.log", self.name)))));
        if !self.dependency.is_empty() {
            option(format!("--dependency={}", self.dependency));
        }
        // What fails above ends what waits for it, instead of keeping it in the queue for ever.
        option("--kill-on-invalid-dep=yes".to_owned());
        option("--requeue".to_owned());
        option("--open-mode=append".to_owned());
        self.ask.directives().into_iter().for_each(&mut option);
        text += &self.ask.body(self.command, self.name);
        text
    }

    /// The same for one task without dependencies, to ask whether any node could run it.
    pub fn to_test(&self) -> String {
        let mut text = String::from("#!/bin/bash\n");
        for line in self.ask.directives() {
            let _ = writeln!(text, "#SBATCH {line}");
        }
        text + "true\n"
    }
}

impl Ask {
    fn directives(&self) -> Vec<String> {
        let mut lines = self.options.clone();
        let ranks = self.ranks.filter(|ranks| *ranks > 1);
        lines.push(format!("--ntasks={}", ranks.unwrap_or(1)));
        lines.extend(self.cpus.map(|cpus| format!("--cpus-per-task={cpus}")));
        lines.extend(self.memory.map(|bytes| match ranks {
            None => format!("--mem={}M", bytes.div_ceil(1 << 20)),
            // That of a node would have to know how many of them it gets.
            Some(_) => {
                let of_core = bytes.div_ceil(u64::from(self.cpus.unwrap_or(1).max(1)));
                format!("--mem-per-cpu={}M", of_core.div_ceil(1 << 20))
            }
        }));
        lines.extend(self.seconds.map(|seconds| format!("--time={}", seconds.div_ceil(60))));
        lines.extend(self.gpus.filter(|gpus| *gpus > 0).map(|gpus| {
            let option = if ranks.is_some() { "--gpus-per-task=" } else { "--gres=gpu:" };
            let model = self.gpu.as_ref().map_or(String::new(), |model| format!("{model}:"));
            format!("{option}{model}{gpus}")
        }));
        // With `B:` only the shell hears it, which has become the program. Several processes are a
        // step of their own, and hear it without.
        let who = if ranks.is_some() { "" } else { "B:" };
        lines.push(format!("--signal={who}USR2@{}", self.warn));
        lines
    }

    fn body(&self, command: &[String], name: &str) -> String {
        // A warning that comes before the program listens would end it.
        let mut text = String::from("\ntrap '' USR2\n");
        text += "export RAYON_NUM_THREADS=\"${RAYON_NUM_THREADS:-${SLURM_CPUS_PER_TASK:-1}}\"\n";
        for line in &self.setup {
            text += line;
            text.push('\n');
        }
        let words: Vec<String> = command.iter().map(|word| shell(word)).collect();
        let (program, task) = (words.join(" "), format!("{name} \"$SLURM_ARRAY_TASK_ID\""));
        let _ = match self.ranks.filter(|ranks| *ranks > 1) {
            None => writeln!(text, "exec {program} {task}"),
            Some(_) => {
                // A step does not inherit it in Slurm 22.05 to 23.11.
                let cpus = self.cpus.map(|cpus| format!(" --cpus-per-task={cpus}"));
                let step =
                    format!("srun --mpi=pmix --kill-on-bad-exit=1{}", cpus.unwrap_or_default());
                // Of processes that were killed, somebody else has to say so.
                writeln!(
                    text,
                    "{step} {program} {task} && exit\nexec {program} --step-ended \"$?\" {task}"
                )
            }
        };
        text
    }
}

/// Numbers as Slurm takes them: `0-5,9`.
pub fn ranges(numbers: &BTreeSet<u32>) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let words = ranges.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    words.collect::<Vec<_>>().join(",")
}

/// A path in an option of a script.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    match text.contains([' ', '"', '\'', '\\']) {
        true => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        false => text,
    }
}

/// A word of a shell's command.
pub fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_asks_waits_and_becomes_the_program() {
        let ask = Ask {
            options: vec!["--account=p-12".into(), "--partition=gpu".into()],
            setup: vec!["module load cuda/13".into()],
            cpus: Some(8),
            memory: Some(64 << 30),
            seconds: Some(24 * 3600),
            gpus: Some(1),
            gpu: Some("h100".into()),
            ranks: None,
            warn: 300,
        };
        let command = ["/opt/it's/proofmark", "work", "--store", "/data/s"].map(String::from);
        let script = Script {
            name: "proofmark-train-0a1b2c3d",
            numbers: BTreeSet::from([0, 1, 2, 7, 9, 10]),
            at_a_time: Some(4),
            ask: &ask,
            dependency: "afterok:17,aftercorr:18".into(),
            logs: Path::new("/data/my store/logs"),
            command: &command,
        };
        insta::assert_snapshot!(script.text());
        let ranks = Ask { ranks: Some(2), ..ask.clone() };
        insta::assert_snapshot!(Script { ask: &ranks, ..script }.text());
    }

    #[test]
    fn numbers_are_told_as_ranges() {
        assert_eq!(ranges(&[3].into()), "3");
        assert_eq!(ranges(&[0, 1, 2, 5, 7, 8].into()), "0-2,5,7-8");
        assert_eq!(ranges(&BTreeSet::new()), "");
    }
}
