//! Loops that are compiled for every instruction set, of which one is chosen as the program runs
//! ([`Width`]).

use pulp::Arch;

use crate::width::Width;

/// Runs a loop with the widest instructions in use. What it calls has to be inlined into it, and so
/// has the closure itself: write `wide(#[inline(always)] || ..)`.
pub fn wide<R>(kernel: impl FnOnce() -> R) -> R {
    arch().dispatch(kernel)
}

/// [`wide`] for a kernel that names its registers.
pub fn wide_kernel<K: pulp::WithSimd>(kernel: K) -> K::Output {
    arch().dispatch(kernel)
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn arch() -> Arch {
    use pulp::x86::{V3, V4};
    let arch = match Width::now() {
        Width::Avx512 => V4::try_new().map(Arch::V4),
        Width::Avx2 => V3::try_new().map(Arch::V3),
        Width::Portable => None,
    };
    arch.unwrap_or(Arch::Scalar)
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn arch() -> Arch {
    match Width::now() {
        Width::Portable | Width::Avx2 | Width::Avx512 => Arch::new(),
    }
}
