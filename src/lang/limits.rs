//! How large networks and faces may be, which is the same for what is declared and for what the
//! card of a model says that comes with a file.

use std::ops::RangeInclusive;

/// Side of a patch in pixels, width of a token, attention heads.
pub const SIZE: RangeInclusive<u64> = 1..=65_536;
/// Blocks of a Vision Transformer.
pub const DEPTH: RangeInclusive<u64> = 1..=1024;
/// Register tokens, if there are any.
pub const REGISTERS: RangeInclusive<u64> = 1..=64;
/// Hidden width of an MLP.
pub const HIDDEN: RangeInclusive<u64> = 1..=1_000_000;
/// Side of the input of a network in pixels: no face is stored with more.
pub const IMAGE: RangeInclusive<u64> = 1..=4096;
/// Side of a stored face in pixels.
pub const FACE: RangeInclusive<u64> = 8..=4096;
/// The same in a card: a model that was ready has the side of its input there.
pub const CARD_FACE: RangeInclusive<u64> = 1..=4096;
/// Shorter side of the smallest face, in pixels of the frame.
pub const MIN_FACE: RangeInclusive<u64> = 0..=4096;
/// Longest side of a frame at detection in pixels; 0 for any.
pub const LONG_SIDE: RangeInclusive<u64> = 0..=8192;
/// Every n-th frame, or so many.
pub const COUNT: RangeInclusive<u64> = 1..=1_000_000;
/// Largest factor on the channels, or the blocks, of EfficientNet-B0; the largest published ones
/// are 4.3 and 5.3.
pub const FACTOR: f64 = 16.0;
/// Largest fraction by which the box of a face grows.
pub const MARGIN: f64 = 10.0;
/// Most frames a second.
pub const FPS: f64 = 1000.0;
/// Most parameters of a network: 40 GB as f32.
pub const PARAMETERS: usize = 10_000_000_000;
/// A published number: more than anybody has, and less than sums of it overflow.
pub const PUBLISHED: RangeInclusive<u64> = 0..=1_000_000_000_000;

/// Cores of a job.
pub const CPUS: RangeInclusive<u64> = 1..=4096;
/// Processes of a job.
pub const RANKS: RangeInclusive<u64> = 1..=1024;
/// Shares of a data set.
pub const SHARES: RangeInclusive<u64> = 1..=100_000;
/// Tasks of an array, jobs in a queue.
pub const QUEUE: RangeInclusive<u64> = 1..=4_000_000;
/// Memory of a job in bytes: 1 MiB to 1 PiB.
pub const MEMORY: (u64, u64) = (1 << 20, 1 << 50);
/// Shortest and longest time of a job in seconds: what Slurm counts are minutes.
pub const JOB_TIME: (u64, u64) = (60, 365 * 86_400);
/// The same of how long before its end a job is told: Slurm takes at most 65,535 seconds.
pub const WARNING: (u64, u64) = (60, 18 * 3_600);

/// Largest experiment file in bytes. Lists of files and frames belong in CSV or
/// Parquet.
pub const FILE_LIMIT: usize = 4 << 20;
