//! What `--device` asks for.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use super::gpu;
use proofmark_lang::model::DeviceChoice;

/// What the command line, or PROOFMARK_DEVICE, says to compute on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// One device, as a recipe may name it.
    One(DeviceChoice),
    /// `cuda`: all GPUs of this machine, each of which trains or scores a model at a time.
    Cards,
}

impl FromStr for Asked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "cuda" => Ok(Self::Cards),
            text => text
                .parse()
                .map(Self::One)
                .map_err(|why| format!("{why}; `cuda` is all GPUs of this machine")),
        }
    }
}

impl Display for Asked {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::One(choice) => choice.fmt(f),
            Self::Cards => write!(f, "cuda"),
        }
    }
}

impl Asked {
    /// The one device of a process that takes no more: of all GPUs that of a number, if there are so many,
    /// else the first.
    pub fn one(self, card: usize) -> DeviceChoice {
        match self {
            Self::One(choice) => choice,
            Self::Cards => DeviceChoice::Cuda(if card < gpu::count() { card } else { 0 }),
        }
    }

    /// All GPUs of this machine, where they are asked for and are several; else it is one device that is meant.
    pub fn several(self) -> Vec<DeviceChoice> {
        match self {
            Self::One(_) => Vec::new(),
            Self::Cards => all_of(gpu::count()),
        }
    }
}

/// So many GPUs, if they are several.
fn all_of(count: usize) -> Vec<DeviceChoice> {
    (0..count).map(DeviceChoice::Cuda).filter(|_| count > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_gpus_are_asked_for_by_one_word() {
        for (word, asked) in [
            ("cuda", Asked::Cards),
            ("cuda:2", Asked::One(DeviceChoice::Cuda(2))),
            ("auto", Asked::One(DeviceChoice::Auto)),
        ] {
            assert_eq!(word.parse(), Ok(asked));
            assert_eq!(asked.to_string(), word);
        }
        assert!("gpu".parse::<Asked>().unwrap_err().contains("`cuda` is all GPUs"));
    }

    #[test]
    fn one_gpu_or_none_is_one_device() {
        assert_eq!(all_of(3), [0, 1, 2].map(DeviceChoice::Cuda));
        assert_eq!([all_of(0), all_of(1)], [vec![], vec![]]);
        let cpu = Asked::One(DeviceChoice::Cpu);
        assert_eq!((cpu.one(3), cpu.several()), (DeviceChoice::Cpu, vec![]));
        // No machine has so many.
        assert_eq!(Asked::Cards.one(999), DeviceChoice::Cuda(0));
    }
}
