//! With what a result was made, as far as that may decide its bits: no name of a host, no path.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A processor, a build of Proofmark, and what it used.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Provenance {
    /// What the processor calls itself.
    pub processor: String,
    /// Architecture and the widest instructions for floating-point numbers that it has.
    pub instructions: String,
    /// `cpu`, or the card.
    pub device: String,
    /// Version of Proofmark.
    pub proofmark: String,
    /// `dev` or `release`.
    pub profile: String,
    /// The commit that was built, with `+` if the sources had changed since; empty where the
    /// sources were in no repository.
    pub commit: String,
    /// Versions of other programs that were used.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tools: BTreeMap<String, String>,
}

impl Provenance {
    /// This process, on its processor. `commit` is what was built, where that is known.
    pub fn of_this_process(commit: Option<&str>) -> Self {
        Self {
            processor: processor(),
            instructions: instructions(),
            device: CPU.to_owned(),
            proofmark: env!("CARGO_PKG_VERSION").to_owned(),
            profile: if cfg!(debug_assertions) { "dev" } else { "release" }.to_owned(),
            commit: commit.unwrap_or_default().to_owned(),
            tools: BTreeMap::new(),
        }
    }

    /// Whether what was made so has the same bits wherever it is made (`docs/determinism.md`): on a CPU,
    /// without the help of other programs.
    pub fn is_everywhere_the_same(&self) -> bool {
        self.device == CPU && self.tools.is_empty()
    }

    /// What of it may decide bits of a result that has the same key: not the build, since what
    /// computes otherwise has another version in its key, and no processor where a CPU computes.
    #[must_use]
    pub fn deciding(&self) -> Self {
        let (device, tools) = (self.device.clone(), self.tools.clone());
        let only = Self { device, tools, ..Self::default() };
        match self.device == CPU {
            true => only,
            false => Self {
                processor: self.processor.clone(),
                instructions: self.instructions.clone(),
                ..only
            },
        }
    }
}

/// The device of those that compute without a card.
const CPU: &str = "cpu";

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, instructions, device, proofmark, profile, commit, tools } = self;
        let mut parts = Vec::new();
        if !processor.is_empty() {
            parts.push(format!("{processor} ({instructions})"));
        }
        parts.push(device.clone());
        if !proofmark.is_empty() {
            parts.push(format!("Proofmark {proofmark} {profile} {commit}").trim_end().to_owned());
        }
        parts.extend(tools.iter().map(|(tool, version)| format!("{tool} {version}")));
        f.write_str(&parts.join(", "))
    }
}

/// The brand string of an x86 processor.
#[cfg(target_arch = "x86_64")]
fn processor() -> String {
    use std::arch::x86_64::__cpuid;

    const BRAND: [u32; 3] = [0x8000_0002, 0x8000_0003, 0x8000_0004];
    if __cpuid(0x8000_0000).eax < BRAND[2] {
        return "unnamed".to_owned();
    }
    let registers = BRAND.iter().flat_map(|leaf| {
        let part = __cpuid(*leaf);
        [part.eax, part.ebx, part.ecx, part.edx]
    });
    let bytes: Vec<u8> = registers.flat_map(u32::to_le_bytes).take_while(|b| *b != 0).collect();
    let words: Vec<String> =
        String::from_utf8_lossy(&bytes).split_whitespace().map(str::to_owned).collect();
    words.join(" ")
}

#[cfg(not(target_arch = "x86_64"))]
fn processor() -> String {
    "unnamed".to_owned()
}

#[cfg(target_arch = "x86_64")]
fn instructions() -> String {
    let widest = if is_x86_feature_detected!("avx512f") {
        "AVX-512"
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        "AVX2 and FMA"
    } else {
        "without FMA"
    };
    format!("x86_64, {widest}")
}

#[cfg(not(target_arch = "x86_64"))]
fn instructions() -> String {
    std::env::consts::ARCH.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_names_its_processor_and_neither_host_nor_folder() {
        let this = Provenance::of_this_process(Some("abc1234+"));
        assert!(!this.processor.is_empty() && !this.instructions.is_empty());
        let text = this.to_string();
        assert!(text.ends_with("abc1234+") && !text.contains('/'), "{text}");
        let ffmpeg = ("ffmpeg".to_owned(), "7.1.3".to_owned());
        let with = Provenance { commit: String::new(), tools: [ffmpeg].into(), ..this.clone() };
        assert!(with.to_string().ends_with(", ffmpeg 7.1.3"), "{with}");
        assert_eq!(with.deciding().to_string(), "cpu, ffmpeg 7.1.3");
        assert!(this.is_everywhere_the_same() && !with.is_everywhere_the_same());
        let card = Provenance { device: "cuda".into(), ..this.clone() };
        assert!(!card.is_everywhere_the_same());
        assert!(card.deciding().to_string().starts_with(&this.processor));
        let read: Provenance =
            serde_json::from_str(&serde_json::to_string(&with).unwrap()).unwrap();
        assert_eq!(read, with);
    }
}
