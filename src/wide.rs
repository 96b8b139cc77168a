//! Loops that are compiled for every instruction set, of which the machine's is chosen
//! as the program runs.

/// Runs a kernel with the widest instructions that the machine has. What it calls has
/// to be inlined into it, and so has the kernel itself: write `wide(#[inline(always)] || ..)`.
/// Kernels that name their registers implement [`pulp::WithSimd`].
pub fn wide<K: pulp::WithSimd>(kernel: K) -> K::Output {
    pulp::Arch::new().dispatch(kernel)
}
