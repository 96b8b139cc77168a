//! Sums over the pixels of each image, and what comes of them; see `images.cuh`.

use super::lanes::Lanes;
use super::launch::{at, at_some, expect, grid, int, launch};
use crate::error::Result;
use crate::gpu::{Argument, Gpu};
use crate::kind::Kind;
use crate::memory::Slice;

/// Pixels that one thread adds up, and that one thread multiplies.
const SUMMED: usize = 32;
const GATED: usize = 8;

/// Sizes of maps (B, pixels, C).
#[derive(Clone, Copy, Debug)]
pub struct Images {
    /// Images B.
    pub images: usize,
    /// Pixels of one.
    pub pixels: usize,
    /// Channels C, a multiple of 4.
    pub channels: usize,
}

impl Images {
    fn len(&self) -> usize {
        self.images * self.pixels * self.channels
    }

    /// Numbers of one row of channels for each image.
    fn rows(&self) -> usize {
        self.images * self.channels
    }

    fn each(&self, of_thread: usize) -> usize {
        Lanes::new(self.channels).groups * of_thread
    }

    fn chunks(&self) -> usize {
        self.pixels.div_ceil(self.each(SUMMED))
    }

    /// Numbers of partial sums that [`Images::mean`] and [`Images::of_gate`] need room for.
    pub fn partial(&self) -> usize {
        self.chunks() * self.rows()
    }

    /// Starts a kernel over chunks of pixels.
    fn start(
        &self,
        gpu: &dyn Gpu,
        kernel: &str,
        given: &[Argument],
        of_thread: usize,
        more: &[Argument],
    ) -> Result<()> {
        let lanes = Lanes::new(self.channels);
        let each = self.each(of_thread);
        let sizes = [self.pixels, self.channels, lanes.lanes, each].map(int);
        let grid = lanes.grid(self.images * self.pixels.div_ceil(each));
        launch(gpu, kernel, grid, &[given, &sizes, more].concat())
    }

    fn total(
        &self,
        gpu: &dyn Gpu,
        partial: Slice<'_>,
        e: Option<Slice<'_>>,
        out: Slice<'_>,
        factor: f32,
    ) -> Result<()> {
        let arguments = [
            at(partial),
            at_some(e),
            at(out),
            int(self.images),
            int(self.chunks()),
            int(self.channels),
            Argument::Float(factor),
        ];
        launch(gpu, "image_total", grid(self.rows()), &arguments)
    }

    /// Means over the pixels of x: `out` (B, C).
    pub fn mean(
        &self,
        gpu: &dyn Gpu,
        x: Slice<'_>,
        partial: Slice<'_>,
        out: Slice<'_>,
    ) -> Result<()> {
        let all = [(x, self.len()), (partial, self.partial()), (out, self.rows())];
        expect(Kind::F32, &all);
        let given = [at(x), at_some(None), at(partial)];
        self.start(gpu, "image_sums", &given, SUMMED, &[])?;
        self.total(gpu, partial, None, out, (1.0 / self.pixels as f64) as f32)
    }

    /// The gradient of x, given that of its means (B, C); added to what is in `dx` if `add`.
    pub fn spread(&self, gpu: &dyn Gpu, dmean: Slice<'_>, dx: Slice<'_>, add: bool) -> Result<()> {
        expect(Kind::F32, &[(dmean, self.rows()), (dx, self.len())]);
        let add = [Argument::Int(add.into())];
        self.start(gpu, "image_spread", &[at(dmean), at(dx)], GATED, &add)
    }

    /// x times the sigmoids of e (B, C): `out`.
    pub fn gate(&self, gpu: &dyn Gpu, x: Slice<'_>, e: Slice<'_>, out: Slice<'_>) -> Result<()> {
        expect(Kind::F32, &[(x, self.len()), (e, self.rows()), (out, self.len())]);
        self.start(gpu, "gate", &[at(x), at(e), at(out)], GATED, &[])
    }

    /// The gradient of e (B, C), given that of the result of [`Images::gate`].
    pub fn of_gate(
        &self,
        gpu: &dyn Gpu,
        dout: Slice<'_>,
        x: Slice<'_>,
        e: Slice<'_>,
        partial: Slice<'_>,
        de: Slice<'_>,
    ) -> Result<()> {
        expect(Kind::F32, &[(dout, self.len()), (x, self.len()), (partial, self.partial())]);
        expect(Kind::F32, &[(e, self.rows()), (de, self.rows())]);
        let given = [at(dout), at(x), at(partial)];
        self.start(gpu, "image_sums", &given, SUMMED, &[])?;
        self.total(gpu, partial, Some(e), de, 1.0)
    }

    /// The gradient of x where e are made of its means: by [`Images::gate`], given that of its result, and by the
    /// means, given theirs (B, C). Added to what is in `dx` if `add`.
    pub fn gate_backward(
        &self,
        gpu: &dyn Gpu,
        dout: Slice<'_>,
        [e, dmean]: [Slice<'_>; 2],
        dx: Slice<'_>,
        add: bool,
    ) -> Result<()> {
        expect(Kind::F32, &[(dout, self.len()), (dx, self.len())]);
        expect(Kind::F32, &[(e, self.rows()), (dmean, self.rows())]);
        let given = [at(dout), at(e), at(dmean), at(dx)];
        self.start(gpu, "gate_backward", &given, GATED, &[Argument::Int(add.into())])
    }
}

/// Adds the bias (D) to z (B, D), and fills `out` (B, D) with SiLU(z).
pub fn bias_silu(gpu: &dyn Gpu, z: Slice<'_>, bias: Slice<'_>, out: Slice<'_>) -> Result<()> {
    expect(Kind::F32, &[(z, z.len), (bias, bias.len), (out, z.len)]);
    let arguments = [at(z), at(bias), at(out), int(z.len / bias.len), int(bias.len)];
    launch(gpu, "bias_silu", grid(z.len), &arguments)
}

/// Turns the gradient of SiLU(z) in `d` into that of z.
pub fn silu_backward(gpu: &dyn Gpu, z: Slice<'_>, d: Slice<'_>) -> Result<()> {
    expect(Kind::F32, &[(z, z.len), (d, z.len)]);
    launch(gpu, "silu_backward", grid(z.len), &[at(z), at(d), int(z.len)])
}
