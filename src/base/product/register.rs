//! Registers of each width, with the operations that a product needs.

use super::tile::Tile;

/// Elements side by side. Each is used only where the machine has it, which whoever calls
/// [`Register::tile`] promises.
pub trait Register: Copy {
    /// Elements of one.
    const LANES: usize;
    /// Rows of the largest tile whose sums stay in registers, two a row.
    const HEIGHT: usize;

    /// All lanes the same.
    fn splat(value: f32) -> Self;

    /// The first values of a slice.
    fn load(from: &[f32]) -> Self;

    /// To the first values of a slice.
    fn store(self, to: &mut [f32]);

    /// `self * b + c`, rounded once.
    fn mul_add(self, b: Self, c: Self) -> Self;

    /// [`Register::load`] of at most as many as there are lanes; the others are unspecified.
    fn load_some(from: &[f32]) -> Self;

    /// [`Register::store`] of at most as many as there are lanes.
    fn store_some(self, to: &mut [f32]);

    /// Brings a place of memory near that will be written.
    fn prefetch(place: *mut f32);

    /// `self * b`.
    fn mul(self, b: Self) -> Self;

    /// [`Tile::compute`], compiled for these registers.
    ///
    /// # Safety
    /// That of [`Tile::compute`], and the machine has these registers.
    unsafe fn tile<const H: usize, const N: usize, const LINES: bool>(tile: Tile<'_>);
}

/// What every machine has.
#[derive(Clone, Copy)]
pub struct Portable([f32; 8]);

impl Register for Portable {
    const LANES: usize = 8;
    const HEIGHT: usize = 4;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; 8])
    }

    #[inline(always)]
    fn load(from: &[f32]) -> Self {
        Self(*from.first_chunk().expect("a register's values"))
    }

    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        *to.first_chunk_mut().expect("room for a register") = self.0;
    }

    #[inline(always)]
    fn mul_add(self, b: Self, mut c: Self) -> Self {
        for lane in 0..8 {
            c.0[lane] = crate::fused::mul_add(self.0[lane], b.0[lane], c.0[lane]);
        }
        c
    }

    #[inline(always)]
    fn load_some(from: &[f32]) -> Self {
        let mut values = [0.0; 8];
        values.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        Self(values)
    }

    #[inline(always)]
    fn store_some(self, to: &mut [f32]) {
        to.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
    }

    #[inline(always)]
    fn prefetch(_: *mut f32) {}

    #[inline(always)]
    fn mul(mut self, b: Self) -> Self {
        for lane in 0..8 {
            self.0[lane] *= b.0[lane];
        }
        self
    }

    unsafe fn tile<const H: usize, const N: usize, const LINES: bool>(tile: Tile<'_>) {
        // SAFETY: as the caller says.
        unsafe { tile.compute::<Self, H, N, LINES>() }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256, __m256i, __m512, _MM_HINT_T0, _mm_prefetch, _mm256_fmadd_ps, _mm256_maskload_ps,
        _mm256_maskstore_ps, _mm256_mul_ps, _mm256_set1_ps, _mm512_fmadd_ps, _mm512_mask_storeu_ps,
        _mm512_maskz_loadu_ps, _mm512_mul_ps, _mm512_set1_ps,
    };
    use std::mem::transmute;

    use super::{Register, Tile};

    /// The first lanes of a register.
    #[inline(always)]
    fn avx512_mask(lanes: usize) -> u16 {
        ((1u32 << lanes.min(16)) - 1) as u16
    }

    #[inline(always)]
    unsafe fn avx512_load(from: &[f32], mask: u16) -> __m512 {
        // SAFETY: the caller's.
        unsafe { _mm512_maskz_loadu_ps(mask, from.as_ptr()) }
    }

    #[inline(always)]
    unsafe fn avx512_store(to: &mut [f32], mask: u16, values: __m512) {
        // SAFETY: the caller's.
        unsafe { _mm512_mask_storeu_ps(to.as_mut_ptr(), mask, values) }
    }

    /// The first lanes of a register: all bits of a lane.
    #[inline(always)]
    fn avx2_mask(lanes: usize) -> __m256i {
        const LANES: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
        let lanes: &[i32; 8] = LANES[8 - lanes.min(8)..].first_chunk().expect("eight of sixteen");
        // SAFETY: a register is as many numbers, of any bits.
        unsafe { transmute(*lanes) }
    }

    #[inline(always)]
    unsafe fn avx2_load(from: &[f32], mask: __m256i) -> __m256 {
        // SAFETY: the caller's.
        unsafe { _mm256_maskload_ps(from.as_ptr(), mask) }
    }

    #[inline(always)]
    unsafe fn avx2_store(to: &mut [f32], mask: __m256i, values: __m256) {
        // SAFETY: the caller's.
        unsafe { _mm256_maskstore_ps(to.as_mut_ptr(), mask, values) }
    }

    /// Implements [`Register`] by the instructions of one width.
    macro_rules! register {
        ($register:ty, $lanes:literal, $height:literal, $features:literal,
         $splat:ident, $fused:ident, $mul:ident, $tile:ident, $mask:ident, $load_some:ident,
         $store_some:ident) => {
            impl Register for $register {
                const LANES: usize = $lanes;
                const HEIGHT: usize = $height;

                #[inline(always)]
                fn splat(value: f32) -> Self {
                    // SAFETY: the machine has the instruction, as is said of the trait.
                    unsafe { $splat(value) }
                }

                #[inline(always)]
                fn load(from: &[f32]) -> Self {
                    let values: [f32; $lanes] = *from.first_chunk().expect("a register's values");
                    // SAFETY: a register is as many numbers, of any bits.
                    unsafe { transmute(values) }
                }

                #[inline(always)]
                fn store(self, to: &mut [f32]) {
                    let to: &mut [f32; $lanes] = to.first_chunk_mut().expect("room for a register");
                    // SAFETY: a register is as many numbers.
                    *to = unsafe { transmute::<Self, [f32; $lanes]>(self) };
                }

                #[inline(always)]
                fn mul_add(self, b: Self, c: Self) -> Self {
                    // SAFETY: the machine has the instruction, as is said of the trait.
                    unsafe { $fused(self, b, c) }
                }

                #[inline(always)]
                fn load_some(from: &[f32]) -> Self {
                    let mask = $mask(from.len());
                    // SAFETY: the machine has the instruction, and the mask names lanes that lie in
                    // the slice.
                    unsafe { $load_some(from, mask) }
                }

                #[inline(always)]
                fn store_some(self, to: &mut [f32]) {
                    let mask = $mask(to.len());
                    // SAFETY: as above.
                    unsafe { $store_some(to, mask, self) }
                }

                #[inline(always)]
                fn prefetch(place: *mut f32) {
                    // SAFETY: a hint, which any address may be given to.
                    unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) }
                }

                #[inline(always)]
                fn mul(self, b: Self) -> Self {
                    // SAFETY: the machine has the instruction, as is said of the trait.
                    unsafe { $mul(self, b) }
                }

                unsafe fn tile<const H: usize, const N: usize, const LINES: bool>(tile: Tile<'_>) {
                    // SAFETY: as the caller says.
                    unsafe { $tile::<H, N, LINES>(tile) }
                }
            }

            #[target_feature(enable = $features)]
            unsafe fn $tile<const H: usize, const N: usize, const LINES: bool>(tile: Tile<'_>) {
                // SAFETY: as the caller says.
                unsafe { tile.compute::<$register, H, N, LINES>() }
            }
        };
    }

    register!(
        __m256,
        8,
        6,
        "avx2,fma",
        _mm256_set1_ps,
        _mm256_fmadd_ps,
        _mm256_mul_ps,
        avx2_tile,
        avx2_mask,
        avx2_load,
        avx2_store
    );
    register!(
        __m512,
        16,
        14,
        "avx512f",
        _mm512_set1_ps,
        _mm512_fmadd_ps,
        _mm512_mul_ps,
        avx512_tile,
        avx512_mask,
        avx512_load,
        avx512_store
    );
}
