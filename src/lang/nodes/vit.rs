//! `vit`: a Vision Transformer.

use super::common::SIDE;
use super::network::{About, Network};
use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::limits;
use crate::node::{Decode, Placed, node};
use crate::schema::Preset::Number;
use crate::schema::{POSITIVE, Type, whole};
use crate::span::Spanned;

const SIZE: Type = whole(&limits::SIZE);

node! {
    /// A Vision Transformer of these sizes.
    pub struct Vit = "vit" {
        properties {
            /// Side of a square patch in pixels.
            patch: usize = SIZE.required(),
            /// Embedding width D.
            width: usize = SIZE.required(),
            /// Number of blocks.
            depth: usize = whole(&limits::DEPTH).required(),
            /// Attention heads; divides the width.
            heads: usize = SIZE.required(),
            /// Side of the square input in pixels; a multiple of the patch.
            image: usize = SIDE.required(),
            /// Hidden width of the MLP over D.
            mlp_ratio: f64 = Type::Number(POSITIVE).or(Number(4.0)),
            /// Initial LayerScale, if the blocks have it.
            layer_scale: Option<f64> = Type::Number(POSITIVE).optional(),
            /// Register tokens (Darcet et al. 2024), if it has any; they are never pooled.
            registers: Option<usize> [since 2] = whole(&limits::REGISTERS).optional(),
        }
    }
    check = sizes_go_together;
}

impl Network for Vit {
    const ABOUT: About = About {
        name: "a Vision Transformer",
        has_tokens: true,
        has_stochastic_depth: true,
        supports_bf16: true,
    };
}

/// Looks at each pair of sizes that is right, whatever the others are.
fn sizes_go_together(
    node: Cursor<'_>,
    read: Option<Placed<Vit>>,
    sink: &mut Sink,
) -> Option<Placed<Vit>> {
    let fields = Vit::FIELDS;
    let [patch, width, heads, image] =
        [fields.patch, fields.width, fields.heads, fields.image].map(|field| node.read(&field));
    if let (Some(heads), Some(width)) = (&heads, &width) {
        divides("heads", heads, "width", width, sink);
    }
    if let (Some(patch), Some(image)) = (&patch, &image) {
        divides("patch", patch, "image", image, sink);
    }
    if let (Some(width), Some(ratio)) = (&width, &node.read_or_default(&fields.mlp_ratio)) {
        whole_mlp(width, ratio, sink);
    }
    read
}

fn whole_mlp(width: &Spanned<usize>, ratio: &Spanned<f64>, sink: &mut Sink) {
    let hidden = width.value as f64 * ratio.value;
    let ends = (*limits::HIDDEN.start() as f64, *limits::HIDDEN.end() as f64);
    if !(ends.0..=ends.1).contains(&hidden) || (hidden - hidden.round()).abs() > 1e-6 {
        sink.report(
            Diagnostic::error(Code::Indivisible, "an MLP of no whole width")
                .text(format!("`width` times `mlp-ratio` is {hidden}"))
                .between((ratio.origin, "the ratio"), (width.origin, "the width"))
                .help("choose a ratio that makes it a whole number up to a million"),
        );
    }
}

fn divides(
    small: &str,
    divisor: &Spanned<usize>,
    large: &str,
    dividend: &Spanned<usize>,
    sink: &mut Sink,
) {
    if !dividend.value.is_multiple_of(divisor.value) {
        let below = dividend.value - dividend.value % divisor.value;
        let below = if below == 0 { divisor.value } else { below };
        sink.report(
            Diagnostic::error(
                Code::Indivisible,
                format!("`{large}` is not a multiple of `{small}`"),
            )
            .text(format!("{} is not divisible by {}", dividend.value, divisor.value))
            .between(
                (dividend.origin, &format!("`{large}`")),
                (divisor.origin, &format!("`{small}`")),
            )
            .help(match nearest_divisor(divisor.value, dividend.value) {
                Some(fits) => format!("`{small}={fits}` or `{large}={below}` would be"),
                None => format!("`{large}={below}` would be"),
            }),
        );
    }
}

/// The divisor of a size that is nearest to a number, if it is more than 1.
fn nearest_divisor(to: usize, of: usize) -> Option<usize> {
    let divisors = (2..=of.min(2 * to)).filter(|divisor| of.is_multiple_of(*divisor));
    divisors.min_by_key(|divisor| divisor.abs_diff(to))
}
