//! Which registers this process computes in: the widest that the machine has, or fewer on request.
//!
//! No result depends on it. Tests compute in each width and compare, and `PROOFMARK_SIMD` shows the
//! same to users.

use std::env;
use std::sync::atomic::{AtomicU8, Ordering};

/// Environment variable that asks for a width: `avx512`, `avx2` or `portable`.
pub const VARIABLE: &str = "PROOFMARK_SIMD";

/// Registers of one width, narrow ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Width {
    /// What every machine of this architecture has: SSE2, NEON.
    Portable = 1,
    /// AVX2 with fused multiply-add.
    Avx2,
    /// AVX-512: F, BW, CD, DQ and VL.
    Avx512,
}

/// The width in use; 0 before the first question.
static CHOSEN: AtomicU8 = AtomicU8::new(0);

impl Width {
    const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// Its word in [`VARIABLE`].
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// Whether this machine has it.
    #[cfg(target_arch = "x86_64")]
    pub fn is_here(self) -> bool {
        match self {
            Self::Portable => true,
            Self::Avx2 => pulp::x86::V3::try_new().is_some(),
            Self::Avx512 => pulp::x86::V4::try_new().is_some(),
        }
    }

    /// Whether this machine has it.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn is_here(self) -> bool {
        self == Self::Portable
    }

    /// All that this machine has, narrow ones first.
    pub fn here() -> Vec<Self> {
        Self::ALL.into_iter().filter(|width| width.is_here()).collect()
    }

    /// The width in use: what was chosen, else what [`VARIABLE`] asks for if the machine has it,
    /// else the widest.
    #[inline]
    pub fn now() -> Self {
        match CHOSEN.load(Ordering::Relaxed) {
            0 => Self::first(),
            1 => Self::Portable,
            2 => Self::Avx2,
            _ => Self::Avx512,
        }
    }

    #[cold]
    fn first() -> Self {
        let asked = Self::asked().ok().flatten();
        let widest = || Self::here().into_iter().max().unwrap_or(Self::Portable);
        let width = asked.unwrap_or_else(widest);
        // Another thread may have been first, with the same answer, or a test has chosen.
        match CHOSEN.compare_exchange(0, width as u8, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => width,
            Err(_) => Self::now(),
        }
    }

    /// What [`VARIABLE`] asks for.
    ///
    /// # Errors
    /// A sentence for the user: a word that is none of the three, or registers that the machine lacks.
    pub fn asked() -> Result<Option<Self>, String> {
        let Some(word) = env::var_os(VARIABLE).filter(|word| !word.is_empty()) else {
            return Ok(None);
        };
        let width = Self::ALL.into_iter().find(|width| word == width.name());
        let here = Self::here().into_iter().rev().map(Self::name).collect::<Vec<_>>().join(", ");
        match width {
            Some(width) if width.is_here() => Ok(Some(width)),
            Some(width) => Err(format!(
                "{VARIABLE} asks for {}, which this machine lacks; it has {here}",
                width.name()
            )),
            None => Err(format!("{VARIABLE} is {word:?}, and this machine has {here}")),
        }
    }

    /// A sentence for users whose computing is slow, because fused multiply-adds are made of other
    /// operations.
    #[cfg(target_arch = "x86_64")]
    pub fn slowness() -> Option<&'static str> {
        (Self::now() == Self::Portable).then_some(
            "computing without AVX2 and FMA: results are the same to the last bit, and training and \
             scoring take several times as long",
        )
    }

    /// A sentence for users whose computing is slow, because fused multiply-adds are made of other
    /// operations; not on this architecture.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn slowness() -> Option<&'static str> {
        None
    }

    /// Computes in this width from now on, on all threads.
    ///
    /// A face detector's weights lie in memory as the width wants them that was in use when it
    /// was made: choose before, or make it again.
    ///
    /// # Panics
    /// If the machine lacks it.
    pub fn choose(self) {
        assert!(self.is_here(), "this machine has registers for {}", self.name());
        CHOSEN.store(self as u8, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_machine_has_the_portable_width() {
        assert_eq!(Width::here().first(), Some(&Width::Portable));
        assert!(Width::now().is_here());
    }
}
