//! Counter-based random numbers: every draw is a function of what it is for
//! (seed, stream, epoch, sample), never of the order in which it is asked for.
//!
//! The generator is Philox4x32-10 (Salmon et al., SC 2011).

use crate::approx::{self, sin_cos_of_turn};
use crate::math::{cos, ln, pow, powi};
use crate::wide::wide;

/// What a stream of random numbers is used for. Streams never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Stream {
    /// Initial weights.
    Init = 1,
    /// Order of the training faces.
    Shuffle = 2,
    /// Augmentation of a face.
    Augment = 3,
    /// Stochastic depth.
    DropPath = 4,
    /// Sampling of faces from videos.
    Sample = 5,
    /// Carving of splits.
    Split = 6,
    /// The synthetic demo.
    Demo = 7,
    /// Mixing of the faces of a batch.
    Mix = 8,
    /// Noise of corrupted faces.
    Corruption = 9,
    /// Self-blending of a training face.
    Blend = 10,
    /// Self-blending of a face that selects.
    BlendSelection = 11,
    /// Dropout of embeddings.
    Dropout = 12,
    /// Resampling of videos for intervals.
    Bootstrap = 16,
    /// Data of simulations.
    Simulation = 17,
}

/// A reproducible sequence of random numbers.
#[derive(Clone, Debug)]
pub struct Rng {
    key: [u32; 2],
    counter: [u32; 4],
    block: [u32; 4],
    used: usize,
}

impl Rng {
    /// The sequence of `(seed, stream, epoch, sample)`.
    pub fn new(seed: u64, stream: Stream, epoch: u32, sample: u64) -> Self {
        // The high word of the sample shares a counter word with the stream, which is
        // small; the position within the sequence has the first word to itself.
        let stream = (stream as u32) << 24;
        debug_assert!(sample >> 56 == 0, "sample numbers have 56 bits");
        Self {
            key: [seed as u32, (seed >> 32) as u32],
            counter: [0, sample as u32, stream ^ (sample >> 32) as u32, epoch],
            block: [0; 4],
            used: 4,
        }
    }

    /// The sequence of a name, e.g. a tensor or a video key.
    pub fn named(seed: u64, stream: Stream, name: &str) -> Self {
        Self::new(seed, stream, 0, number(name))
    }

    /// 32 uniform bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.used == 4 {
            self.block = philox(self.counter, self.key);
            self.counter[0] = self.counter[0].checked_add(1).expect("2^34 draws from one sequence");
            self.used = 0;
        }
        self.used += 1;
        self.block[self.used - 1]
    }

    /// 64 uniform bits.
    pub fn next_u64(&mut self) -> u64 {
        u64::from(self.next_u32()) | u64::from(self.next_u32()) << 32
    }

    /// Uniform in `[0, 1)`, 53 bits.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `[low, high)`.
    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Uniform integer in `0..n` (n > 0), without bias.
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "an integer below zero was asked for");
        let zone = u64::MAX - (u64::MAX % n + 1) % n;
        loop {
            let x = self.next_u64();
            if x <= zone {
                return x % n;
            }
        }
    }

    /// Uniform integer in `0..n` (n > 0), without bias and without a division (Lemire 2019).
    #[inline]
    pub fn below_u32(&mut self, n: u32) -> u32 {
        debug_assert!(n > 0, "an integer below zero was asked for");
        let mut product = u64::from(self.next_u32()) * u64::from(n);
        if (product as u32) < n {
            let rejected = n.wrapping_neg() % n;
            while (product as u32) < rejected {
                product = u64::from(self.next_u32()) * u64::from(n);
            }
        }
        (product >> 32) as u32
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// Standard normal (Box-Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * ln(1.0 - self.uniform())).sqrt();
        radius * cos(std::f64::consts::TAU * self.uniform())
    }

    /// Fills with what [`Self::next_u32`] would give one by one.
    pub fn fill_u32(&mut self, out: &mut [u32]) {
        let left = self.block.len() - self.used;
        let (begun, rest) = out.split_at_mut(left.min(out.len()));
        begun.fill_with(|| self.next_u32());
        let (blocks, end) = rest.as_chunks_mut();
        let ([number, b, c, d], key) = (self.counter, self.key);
        let after = u32::try_from(blocks.len()).ok().and_then(|n| number.checked_add(n));
        self.counter[0] = after.expect("2^34 draws from one sequence");
        wide(
            #[inline(always)]
            || {
                for (i, block) in blocks.iter_mut().enumerate() {
                    *block = philox([number.wrapping_add(i as u32), b, c, d], key);
                }
            },
        );
        end.fill_with(|| self.next_u32());
    }

    /// Standard normals in f32, two at a time (Box-Muller): within ±5.8.
    pub fn fill_normal(&mut self, out: &mut [f32]) {
        const MOST: usize = 256;
        let (mut bits, mut normals) = ([[0; 2]; MOST], [[0.0; 2]; MOST]);
        for out in out.chunks_mut(2 * MOST) {
            let pairs = out.len().div_ceil(2);
            self.fill_u32(bits[..pairs].as_flattened_mut());
            wide(
                #[inline(always)]
                || {
                    for (normals, [unit, angle]) in normals.iter_mut().zip(bits) {
                        *normals = pair_of_normals(unit, angle);
                    }
                },
            );
            out.copy_from_slice(&normals.as_flattened()[..out.len()]);
        }
    }

    /// Standard normal conditioned on `[-2, 2]`, by rejection.
    pub fn truncated_normal(&mut self) -> f64 {
        loop {
            let x = self.normal();
            if x.abs() <= 2.0 {
                return x;
            }
        }
    }

    /// Gamma of the given shape and scale 1 (Marsaglia and Tsang 2000).
    pub fn gamma(&mut self, shape: f64) -> f64 {
        assert!(shape > 0.0, "a gamma distribution has a positive shape");
        if shape < 1.0 {
            // Below 1 the method starts from the shape above, scaled down.
            let above = self.gamma(shape + 1.0);
            return above * pow(1.0 - self.uniform(), 1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = powi(1.0 + c * x, 3);
            if v > 0.0 && ln(1.0 - self.uniform()) < 0.5 * x * x + d - d * v + d * ln(v) {
                return d * v;
            }
        }
    }

    /// Beta with both parameters `a`.
    pub fn beta(&mut self, a: f64) -> f64 {
        let (x, y) = (self.gamma(a), self.gamma(a));
        // Both vanish only for tiny parameters, where the distribution is 0 or 1.
        if x + y > 0.0 { x / (x + y) } else { f64::from(u8::from(self.chance(0.5))) }
    }

    /// Shuffles in place (Fisher-Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

/// Two standard normals from 24 bits each of two words.
#[inline(always)]
fn pair_of_normals(unit: u32, angle: u32) -> [f32; 2] {
    // Never 0.
    let unit = ((unit >> 8) + 1) as f32 / (1 << 24) as f32;
    let radius = (-2.0 * approx::ln(unit)).sqrt();
    let (sin, cos) = sin_cos_of_turn(angle >> 8);
    [radius * cos, radius * sin]
}

/// The number of a name, for the sample of a sequence: 56 bits of its digest.
pub fn number(name: &str) -> u64 {
    let hash = blake3::hash(name.as_bytes());
    let mut bytes = [0; 8];
    bytes[..7].copy_from_slice(&hash.as_bytes()[..7]);
    u64::from_le_bytes(bytes)
}

/// One block of Philox4x32-10.
#[inline(always)]
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let a = u64::from(counter[0]) * 0xD251_1F53;
        let b = u64::from(counter[2]) * 0xCD9E_8D57;
        counter = [
            (b >> 32) as u32 ^ counter[1] ^ key[0],
            b as u32,
            (a >> 32) as u32 ^ counter[3] ^ key[1],
            a as u32,
        ];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers of the Random123 distribution.
    #[test]
    fn philox_gives_the_published_blocks() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn sequences_differ_by_every_part_of_their_name() {
        let first = |seed, stream, epoch, sample| Rng::new(seed, stream, epoch, sample).next_u64();
        let base = first(1, Stream::Init, 0, 0);
        assert_eq!(base, first(1, Stream::Init, 0, 0));
        for other in [
            first(2, Stream::Init, 0, 0),
            first(1, Stream::Shuffle, 0, 0),
            first(1, Stream::Init, 1, 0),
            first(1, Stream::Init, 0, 1),
            first(1, Stream::Init, 0, 1 << 32),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn many_at_once_are_those_one_by_one() {
        for before in 0..6 {
            for n in [0, 1, 2, 3, 4, 5, 8, 9, 100, 1031] {
                let mut one_by_one = Rng::new(5, Stream::Demo, 2, 7);
                let mut at_once = one_by_one.clone();
                for _ in 0..before {
                    assert_eq!(one_by_one.next_u32(), at_once.next_u32());
                }
                let mut plain = one_by_one.clone();
                let (mut bits, mut normals) = (vec![0; n], vec![0.0; n]);
                at_once.fill_u32(&mut bits);
                assert!(bits.into_iter().all(|bits| bits == one_by_one.next_u32()));
                assert_eq!(at_once.next_u32(), one_by_one.next_u32());
                let mut at_once = plain.clone();
                at_once.fill_normal(&mut normals);
                for pair in normals.chunks(2) {
                    let expected = pair_of_normals(plain.next_u32(), plain.next_u32());
                    assert_eq!(pair, &expected[..pair.len()]);
                }
                assert_eq!(at_once.next_u32(), plain.next_u32());
            }
        }
    }

    #[test]
    fn beta_has_its_moments() {
        for a in [0.2, 0.8, 1.0, 4.0] {
            let mut rng = Rng::new(3, Stream::Demo, 0, 0);
            let (mut sum, mut squares) = (0.0, 0.0);
            let n = 50_000;
            for _ in 0..n {
                let x = rng.beta(a);
                assert!((0.0..=1.0).contains(&x));
                sum += x;
                squares += (x - 0.5) * (x - 0.5);
            }
            let (mean, variance) = (sum / f64::from(n), squares / f64::from(n));
            let expected = 1.0 / (4.0 * (2.0 * a + 1.0));
            assert!((mean - 0.5).abs() < 0.01, "mean of beta {a}: {mean}");
            assert!((variance / expected - 1.0).abs() < 0.03, "variance of beta {a}: {variance}");
        }
        let mut rng = Rng::new(3, Stream::Demo, 0, 1);
        assert!((0.0..=1.0).contains(&rng.beta(1e-9)));
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut rng = Rng::new(7, Stream::Demo, 0, 0);
        let n = 100_000;
        let (mut u, mut z, mut z2, mut t2) = (0.0, 0.0, 0.0, 0.0);
        for _ in 0..n {
            u += rng.uniform();
            let x = rng.normal();
            z += x;
            z2 += x * x;
            let t = rng.truncated_normal();
            assert!(t.abs() <= 2.0);
            t2 += t * t;
        }
        let n = f64::from(n);
        assert!((u / n - 0.5).abs() < 0.005, "mean of uniform {}", u / n);
        assert!((z / n).abs() < 0.02, "mean of normal {}", z / n);
        assert!((z2 / n - 1.0).abs() < 0.02, "variance of normal {}", z2 / n);
        // Variance of a standard normal cut at two standard deviations.
        assert!((t2 / n - 0.7737).abs() < 0.02, "variance of truncated normal {}", t2 / n);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[rng.below(7) as usize] += 1;
        }
        assert!(counts.iter().all(|c| c.abs_diff(10_000) < 500), "{counts:?}");
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[rng.below_u32(7) as usize] += 1;
        }
        assert!(counts.iter().all(|c| c.abs_diff(10_000) < 500), "{counts:?}");
        // Three quarters of all words would fall on the lower half without rejection.
        let n = 3 << 30;
        let low = (0..40_000).filter(|_| rng.below_u32(n) < n / 2).count();
        assert!(low.abs_diff(20_000) < 600, "{low}");
    }
}
