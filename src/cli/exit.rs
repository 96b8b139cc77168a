//! Exit codes. They are public: scripts may rely on them.

use proofmark_base::store::StoreFailure;
use proofmark_base::work::Failure;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All went well.
    Ok = 0,
    /// The command line is wrong.
    Usage = 2,
    /// The experiment file has errors.
    Invalid = 10,
    /// Data are missing or have changed.
    Data = 11,
    /// What is asked for is over its budget.
    Budget = 12,
    /// A run failed.
    Failed = 20,
    /// Interrupted; the same command goes on from here.
    Interrupted = 21,
    /// A table differs from the committed one.
    Differs = 30,
    /// A claim does not hold.
    Claim = 31,
    /// A claim cannot be decided.
    Undecided = 32,
}

impl Exit {
    /// Every way to end.
    pub const ALL: [Self; 10] = [
        Self::Ok,
        Self::Usage,
        Self::Invalid,
        Self::Data,
        Self::Budget,
        Self::Failed,
        Self::Interrupted,
        Self::Differs,
        Self::Claim,
        Self::Undecided,
    ];

    /// The way to end that has this number.
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|exit| *exit as u8 == number)
    }

    /// Where to read what it means, for the ends that no code in a message explains.
    pub fn pointer(self) -> Option<String> {
        match self {
            Self::Data
            | Self::Budget
            | Self::Failed
            | Self::Differs
            | Self::Claim
            | Self::Undecided => {
                let number = self as u8;
                Some(format!("exit code {number}; `proofmark explain {number}` tells more"))
            }
            Self::Ok | Self::Usage | Self::Invalid | Self::Interrupted => None,
        }
    }

    /// What it means and what to do, in sentences.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "All went well.",
            Self::Usage => {
                "The command line is wrong. `proofmark help VERB` shows what the verb takes."
            }
            Self::Invalid => {
                "An experiment file has errors, or is not laid out under `fmt --check`. Nothing was \
                 run; `proofmark check FILE` lists all errors, and `proofmark explain CODE` tells \
                 more about each."
            }
            Self::Data => {
                "Data, weights or scores are missing, unreadable or not as declared. What is in \
                 the store is kept; the message names the file and what was looked for. \
                 `proofmark data FILE` tells what is found of each data set, `proofmark plan FILE` \
                 what would run."
            }
            Self::Budget => {
                "The variants of a matrix cost more than the `budget` of their experiment: more \
                 trainings, or more hours on this processor. Nothing was run; `proofmark plan FILE` \
                 lists them. Leave out values of an axis, or raise the budget."
            }
            Self::Failed => {
                "A stage failed while it ran, for instance because the disk is full, or a loss is \
                 no number; or what was printed could not be written. Finished stages are kept; after the cause is mended the same command \
                 goes on from there."
            }
            Self::Interrupted => {
                "Ctrl-C, or a signal. What is done is kept; the same command goes on from there."
            }
            Self::Differs => {
                "A table differs from the committed one, a pack from its tables, or two files from \
                 each other, or the bits that this machine computes from those of others \
                 (`doctor --bits`). The differences are printed."
            }
            Self::Claim => {
                "A claim of a table is contradicted by the numbers, beyond what their videos and \
                 seeds leave open. The table prints them."
            }
            Self::Undecided => {
                "The numbers of a table cannot tell whether a claim holds: a number is n/a, or the \
                 difference is within what its videos and seeds leave open. The table says which, \
                 and how many more videos would tell."
            }
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<&Failure> for Exit {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::At(declared) => Self::from(&declared.cause),
            // What is done is kept.
            Failure::Interrupted | Failure::Group(_) => Self::Interrupted,
            Failure::Data(_) | Failure::Read { .. } | Failure::Weights(_) => Self::Data,
            Failure::Store(StoreFailure::Damaged { .. }) => Self::Data,
            Failure::Budget(_) => Self::Budget,
            Failure::Write { .. }
            | Failure::Faces(_)
            | Failure::Hub(_)
            | Failure::Store(_)
            | Failure::Diverged(_)
            | Failure::Run(_)
            | Failure::Device(_)
            | Failure::Internal(_) => Self::Failed,
        }
    }
}
