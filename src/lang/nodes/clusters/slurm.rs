//! `slurm`: what all jobs of a Slurm cluster have in common.

use super::texts::is_word;
use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::node::{Placed, node};
use crate::schema::{Type, any_number};

node! {
    /// A cluster that runs Slurm, whose `sbatch` and `squeue` are called.
    pub struct Slurm = "slurm" {
        children {
            /// Account that pays for the jobs.
            account: Option<String> = AtMostOnce (arguments "name", Type::Text.required(), "Its name."),
            /// Partition of all jobs, unless a `job` says another. Several are separated by commas.
            partition: Option<String> = AtMostOnce (arguments "name", Type::Text.required(), "Its name."),
            /// Quality of service.
            qos: Option<String> = AtMostOnce (arguments "name", Type::Text.required(), "Its name."),
            /// Features that nodes must have.
            constraint: Option<String> = AtMostOnce (arguments "features", Type::Text.required(), "The features, as sbatch takes them."),
            /// Further options of all jobs.
            options: Vec<Placed<SbatchOption>> = [any_number(SbatchOption::SPEC)],
            /// Lines of the batch script before the program.
            setup: Vec<Placed<Setup>> = [any_number(Setup::SPEC)],
            /// The program that jobs run, where it is not the one that submits them.
            program: Option<String> = AtMostOnce (arguments "path", Type::Path.required(),
                "An absolute path; that of the program that submits, unless it is stated."
            ),
        }
    }
    check = words;
}

node! {
    /// An option of sbatch that nothing else here stands for.
    pub struct SbatchOption = "option" {
        arguments {
            /// The option with its value, as in `"--reservation=paper"`.
            option: String = Type::Text.required(),
        }
    }
    check = is_free;
}

node! {
    /// A line of the batch script before the program, as in `"module load cuda/13"`.
    pub struct Setup = "setup" {
        arguments {
            /// The line.
            line: String = Type::Text.required(),
        }
    }
    check = is_line;
}

impl Slurm {
    /// What every job says to sbatch, but for its partition: `--account=p-12`.
    pub fn options(&self) -> Vec<String> {
        let named =
            [("account", &self.account), ("qos", &self.qos), ("constraint", &self.constraint)];
        let named = named.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let named = named.map(|(name, value)| format!("--{name}={value}"));
        named.chain(self.options.iter().map(|option| option.option.clone())).collect()
    }

    /// Lines of the batch script before the program.
    pub fn setup(&self) -> Vec<String> {
        self.setup.iter().map(|setup| setup.line.clone()).collect()
    }
}

fn words(_: Cursor<'_>, read: Option<Placed<Slurm>>, sink: &mut Sink) -> Option<Placed<Slurm>> {
    let slurm = read?;
    let named = [
        ("account", &slurm.account, slurm.at.account),
        ("partition", &slurm.partition, slurm.at.partition),
        ("qos", &slurm.qos, slurm.at.qos),
    ];
    for (what, text, at) in named {
        if let Some(text) = text {
            is_word(text, what, at, sink);
        }
    }
    // Features are put together by `&`, `|` and brackets.
    if let Some(features) = &slurm.constraint {
        is_word(features, "constraint", slurm.at.constraint, sink);
    }
    if let Some(program) = slurm.program.as_ref().filter(|program| !program.starts_with('/')) {
        sink.report(
            Diagnostic::error(Code::NotForSbatch, "a relative path of the program")
                .text("jobs begin in the folder in which they were submitted, whichever that is")
                .at(slurm.at.program, "relative to which folder?")
                .help(format!(
                    "write the whole path, as in `program \"/home/me/bin/{}\"`",
                    name_of(program)
                )),
        );
    }
    Some(slurm)
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("proofmark")
}

fn is_line(_: Cursor<'_>, read: Option<Placed<Setup>>, sink: &mut Sink) -> Option<Placed<Setup>> {
    let setup = read?;
    if setup.line.trim().is_empty() || setup.line.contains('\0') {
        sink.report(
            Diagnostic::error(Code::NotForSbatch, "`setup` without a command")
                .text("it becomes a line of the batch script")
                .at(setup.at.line, "nothing to run")
                .help("write a command, as in `setup \"module load cuda/13\"`, or remove it"),
        );
    }
    Some(setup)
}

/// Options that Proofmark sets itself, each with what to write instead; empty where nothing is.
const OWN: &[(&str, &str)] = &[
    ("account", "account NAME"),
    ("array", "limits array=.. at-a-time=.."),
    ("chdir", ""),
    ("comment", ""),
    ("constraint", "constraint FEATURES"),
    ("cpus-per-gpu", "job cpus=.."),
    ("cpus-per-task", "job cpus=.."),
    ("dependency", ""),
    ("error", ""),
    ("export", "setup \"export NAME=VALUE\""),
    ("gpus", "job gpus=.."),
    ("gpus-per-node", "job gpus=.."),
    ("gpus-per-socket", "job gpus=.."),
    ("gpus-per-task", "job gpus=.."),
    ("gres", "job gpus=.. gpu=.."),
    ("input", ""),
    ("job-name", ""),
    ("kill-on-invalid-dep", ""),
    ("mem", "job memory=.."),
    ("mem-per-cpu", "job memory=.."),
    ("mem-per-gpu", "job memory=.."),
    ("no-requeue", "retries 0"),
    ("ntasks", "job train ranks=.."),
    ("open-mode", ""),
    ("output", ""),
    ("parsable", ""),
    ("partition", "partition NAME"),
    ("qos", "qos NAME"),
    ("quiet", ""),
    ("requeue", "retries .."),
    ("signal", "warn (minute).."),
    ("test-only", ""),
    ("time", "job time=.."),
    ("wait", ""),
    ("wrap", ""),
];

fn is_free(
    _: Cursor<'_>,
    read: Option<Placed<SbatchOption>>,
    sink: &mut Sink,
) -> Option<Placed<SbatchOption>> {
    let read = read?;
    let (text, at) = (read.option.as_str(), read.at.option);
    let Some(option) = text.strip_prefix("--").filter(|option| !option.is_empty()) else {
        let help = match text.trim_start_matches('-') {
            "" => "write it as in `option \"--reservation=paper\"`".to_owned(),
            word if text.starts_with('-') => format!("write the long form of `-{word}`"),
            word => format!("write `\"--{word}\"`"),
        };
        sink.report(
            Diagnostic::error(Code::NotForSbatch, "an option without `--`")
                .text("options of sbatch begin with `--` here")
                .at(at, "not a long option")
                .help(help),
        );
        return Some(read);
    };
    let name = option.split(['=', ' ']).next().unwrap_or(option);
    // sbatch takes the beginning of a name for the name.
    let own = OWN.iter().find(|(own, _)| *own == name);
    let own = own.or_else(|| OWN.iter().find(|(own, _)| !name.is_empty() && own.starts_with(name)));
    if let Some((own, instead)) = own {
        sink.report(
            Diagnostic::error(Code::NotForSbatch, format!("the option `--{own}` of sbatch"))
                .text("Proofmark sets it itself")
                .at(at, "would contradict it")
                .help(match *instead {
                    "" => "remove it".to_owned(),
                    instead => format!("remove it; `{instead}` says it here"),
                }),
        );
    } else if option.contains(' ') && !option.contains('=') {
        sink.report(
            Diagnostic::error(Code::NotForSbatch, "an option with a blank in it")
                .text("each `option` is one option")
                .at(at, "more than one word")
                .help(format!("write `\"--{}\"`", option.replacen(' ', "=", 1))),
        );
    } else {
        is_word(option, "option", at, sink);
    }
    Some(read)
}
