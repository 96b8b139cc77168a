//! Loops that are compiled for every instruction set, of which the machine's is chosen
//! as the program runs.

/// Runs a loop with the widest instructions that the machine has. What it calls has to be
/// inlined into it, and so has the closure itself: write `wide(#[inline(always)] || ..)`.
pub fn wide<R>(kernel: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(kernel)
}

/// [`wide`] for a kernel that names its registers.
pub fn wide_kernel<K: pulp::WithSimd>(kernel: K) -> K::Output {
    pulp::Arch::new().dispatch(kernel)
}
