//! Videos drawn with replacement.

use proofmark_base::rng::{Rng, Stream, number};

/// Draws that are worked on together, one per lane, so that loops over videos run in
/// wide registers.
pub const LANES: usize = 16;

/// How often a video was drawn, in each of [`LANES`] draws. A count has the mean 1: that
/// it passes 255 is less likely than one in 10^500.
pub type Counts = [u8; LANES];

/// Videos that are drawn among themselves: a class of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stratum {
    number: u64,
    videos: usize,
}

impl Stratum {
    /// A stratum of so many videos. Strata of one name and size are drawn alike, others
    /// independently.
    pub fn new(name: &str, videos: usize) -> Self {
        assert!(u32::try_from(videos).is_ok(), "fewer than 2^32 videos");
        Self { number: number(name), videos }
    }

    /// How many videos it has.
    pub fn videos(&self) -> usize {
        self.videos
    }

    /// Appends each video's counts in the draws `first..first + LANES`. What a draw holds
    /// is a function of seed, stratum and the draw's number alone.
    pub fn draw(&self, seed: u64, first: u32, out: &mut Vec<Counts>) {
        let start = out.len();
        out.resize(start + self.videos, [0; LANES]);
        let counts = &mut out[start..];
        let videos = self.videos as u32;
        for (lane, draw) in (first..).take(LANES).enumerate() {
            let mut rng = Rng::new(seed, Stream::Bootstrap, draw, self.number);
            for _ in 0..videos {
                counts[rng.below_u32(videos) as usize][lane] += 1;
            }
        }
    }
}

/// The counts of the sample itself: every video once, in every lane.
pub fn as_it_is(videos: usize) -> Vec<Counts> {
    vec![[1; LANES]; videos]
}
