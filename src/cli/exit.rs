//! Exit codes. They are public: scripts may rely on them.

use crate::work::Failure;

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

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<&Failure> for Exit {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Interrupted => Self::Interrupted,
            Failure::Data(_) | Failure::Weights(_) => Self::Data,
            _ => Self::Failed,
        }
    }
}
