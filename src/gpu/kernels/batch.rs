//! Batch normalisation over rows, with the activation behind it; see `batch.cuh`.

use super::lanes::Lanes;
use super::launch::{WARP, at, expect, grid, int, launch};
use crate::error::Result;
use crate::gpu::{Argument, Gpu, Grid};
use crate::kind::Kind;
use crate::memory::Slice;

/// Rows that one thread adds up, and that one thread normalises.
const SUMMED: usize = 32;
const NORMALIZED: usize = 8;
/// The most rows of partial results that a block of totals looks at at a time; see `batch.cuh`.
const TOTALS: usize = 16;

/// What is behind a norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    Identity,
    /// x times its sigmoid.
    Silu,
    /// x where it is above 0, else 0.
    Relu,
}

/// Gamma and beta of a norm (C), and what is behind it.
#[derive(Clone, Copy, Debug)]
pub struct Affine<'b> {
    /// Factors.
    pub gamma: Slice<'b>,
    /// Terms.
    pub beta: Slice<'b>,
    /// What is behind.
    pub activation: Activation,
}

/// Moments of rows (R, C): `moments` (3, C), of which the third is one over the root of variance and eps.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// Rows R.
    pub rows: usize,
    /// Channels C, a multiple of 4.
    pub channels: usize,
}

impl Batch {
    fn len(&self) -> usize {
        self.rows * self.channels
    }

    /// Rows of a chunk of which each thread has so many.
    fn each(&self, of_thread: usize) -> usize {
        Lanes::new(self.channels).groups * of_thread
    }

    fn chunks(&self) -> usize {
        self.rows.div_ceil(self.each(SUMMED))
    }

    /// Numbers of partial sums that [`Batch::moments`] and [`Batch::backward`] need room for.
    pub fn partial(&self) -> usize {
        2 * self.chunks() * self.channels
    }

    /// The sizes that kernels over chunks take.
    fn sizes(&self, of_thread: usize) -> [Argument; 4] {
        let lanes = Lanes::new(self.channels).lanes;
        [int(self.rows), int(self.channels), int(lanes), int(self.each(of_thread))]
    }

    fn grid(&self, of_thread: usize) -> Grid {
        Lanes::new(self.channels).grid(self.rows.div_ceil(self.each(of_thread)))
    }

    fn totals(&self) -> Grid {
        let blocks = [self.channels.div_ceil(WARP as usize) as u32, 1];
        Grid { blocks, threads: self.chunks().min(TOTALS) as u32 * WARP }
    }

    /// Moments of x (R, C).
    pub fn moments(
        &self,
        gpu: &dyn Gpu,
        x: Slice<'_>,
        partial: Slice<'_>,
        moments: Slice<'_>,
        eps: f32,
    ) -> Result<()> {
        let (rows, channels) = (self.rows, self.channels);
        let all = [(x, self.len()), (partial, self.partial()), (moments, 3 * channels)];
        expect(Kind::F32, &all);
        let arguments = [[at(x), at(partial)].as_slice(), &self.sizes(SUMMED)].concat();
        launch(gpu, "batch_moments", self.grid(SUMMED), &arguments)?;
        let arguments = [
            at(partial),
            at(moments),
            int(self.chunks()),
            int(rows),
            int(channels),
            int(self.each(SUMMED)),
            Argument::Float(eps),
        ];
        launch(gpu, "batch_total", self.totals(), &arguments)
    }

    /// Moments of which mean and variance (C) are known.
    pub fn known(
        &self,
        gpu: &dyn Gpu,
        [mean, variance]: [Slice<'_>; 2],
        moments: Slice<'_>,
        eps: f32,
    ) -> Result<()> {
        let channels = self.channels;
        expect(Kind::F32, &[(mean, channels), (variance, channels), (moments, 3 * channels)]);
        let arguments = [at(mean), at(variance), at(moments), int(channels), Argument::Float(eps)];
        launch(gpu, "batch_known", grid(channels), &arguments)
    }

    /// Moves the running mean and variance (C) by a share towards moments.
    pub fn move_towards(
        &self,
        gpu: &dyn Gpu,
        moments: Slice<'_>,
        [mean, variance]: [Slice<'_>; 2],
        share: f32,
    ) -> Result<()> {
        let channels = self.channels;
        expect(Kind::F32, &[(mean, channels), (variance, channels), (moments, 3 * channels)]);
        // Running variances are unbiased.
        let correction = self.rows as f64 / (self.rows as f64 - 1.0).max(1.0);
        let arguments = [
            at(moments),
            at(mean),
            at(variance),
            Argument::Float(share),
            Argument::Float(correction as f32),
            int(channels),
        ];
        launch(gpu, "batch_move", grid(channels), &arguments)
    }

    /// x (R, C) by moments, and what is behind: `out` (R, C).
    pub fn forward(
        &self,
        gpu: &dyn Gpu,
        x: Slice<'_>,
        moments: Slice<'_>,
        affine: Affine<'_>,
        out: Slice<'_>,
    ) -> Result<()> {
        self.expect(moments, affine);
        expect(Kind::F32, &[(x, self.len()), (out, self.len())]);
        let given = [at(x), at(moments), at(affine.gamma), at(affine.beta), at(out)];
        let activation = [affine.activation.number()];
        let arguments = [given.as_slice(), &self.sizes(NORMALIZED), &activation].concat();
        launch(gpu, "batch_norm", self.grid(NORMALIZED), &arguments)
    }

    fn expect(&self, moments: Slice<'_>, affine: Affine<'_>) {
        let channels = self.channels;
        let all = [(moments, 3 * channels), (affine.gamma, channels), (affine.beta, channels)];
        expect(Kind::F32, &all);
    }

    /// Backward of [`Batch::forward`]: the gradients of gamma and beta (C), and that of x (R, C), given that of the
    /// result. `own` says whether moments are those of x. `room` is for partial sums, and for two numbers a channel.
    pub fn backward(&self, gpu: &dyn Gpu, of: Backward<'_>) -> Result<()> {
        let (channels, sums) = (self.channels, of.sums);
        let [partial, means] = of.room;
        self.expect(of.moments, of.affine);
        let all = [of.dout, of.x, of.dx].map(|slice| (slice, self.len()));
        expect(Kind::F32, &all);
        expect(Kind::F32, &[(partial, self.partial()), (means, 2 * channels)]);
        expect(Kind::F32, &sums.map(|slice| (slice, channels)));
        let affine = of.affine;
        let given = [of.dout, of.x, of.moments, affine.gamma, affine.beta].map(at);
        let activation = affine.activation.number();
        let arguments =
            [given.as_slice(), &[at(partial)], &self.sizes(SUMMED), &[activation]].concat();
        launch(gpu, "batch_sums", self.grid(SUMMED), &arguments)?;
        let arguments = [
            at(partial),
            at(sums[1]),
            at(sums[0]),
            at(means),
            int(self.chunks()),
            int(if of.own { self.rows } else { 0 }),
            int(channels),
            Argument::Int(of.add_sums.into()),
        ];
        launch(gpu, "batch_sums_total", self.totals(), &arguments)?;
        let last = [activation, Argument::Int(of.add.into())];
        let to = [at(means), at(of.dx)];
        let arguments = [given.as_slice(), &to, &self.sizes(NORMALIZED), &last].concat();
        launch(gpu, "batch_backward", self.grid(NORMALIZED), &arguments)
    }
}

/// What [`Batch::backward`] is given.
#[derive(Clone, Copy, Debug)]
pub struct Backward<'b> {
    /// Gradient of the result (R, C).
    pub dout: Slice<'b>,
    /// What was normalised (R, C).
    pub x: Slice<'b>,
    /// See [`Batch`].
    pub moments: Slice<'b>,
    /// The norm's.
    pub affine: Affine<'b>,
    /// Whether the moments are those of x.
    pub own: bool,
    /// Room for [`Batch::partial`] numbers, and for two a channel.
    pub room: [Slice<'b>; 2],
    /// Gradients of gamma and beta (C).
    pub sums: [Slice<'b>; 2],
    /// Whether those are added to.
    pub add_sums: bool,
    /// Gradient of x (R, C).
    pub dx: Slice<'b>,
    /// Whether that is added to.
    pub add: bool,
}

impl Activation {
    /// As `batch.cuh` has it.
    fn number(self) -> Argument {
        Argument::Int(match self {
            Self::Identity => 0,
            Self::Silu => 1,
            Self::Relu => 2,
        })
    }
}
