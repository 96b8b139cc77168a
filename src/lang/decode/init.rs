//! `init`: where weights come from, and what they expect.

use std::collections::BTreeSet;

use crate::cursor::{Cursor, read_words};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{Head, Init, Normalize, REAL, Weights};
use crate::span::{Origin, Spanned};

/// Channel statistics of VGGFace2, from the release of FSFM.
const VGGFACE2: ([f64; 3], [f64; 3]) = (
    [0.548_220_753_669_738_8, 0.423_405_349_254_608_15, 0.365_465_164_184_570_3],
    [0.278_917_610_645_294_2, 0.243_854_075_670_242_3, 0.234_938_934_445_381_16],
);
/// Channel statistics of ImageNet.
const IMAGENET: ([f64; 3], [f64; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
/// To [-1, 1].
const HALF: ([f64; 3], [f64; 3]) = ([0.5; 3], [0.5; 3]);

/// Channel statistics that have a name.
enum Preset {
    Vggface2,
    Imagenet,
    Half,
}
read_words!(Preset { "vggface2" => Vggface2, "imagenet" => Imagenet, "half" => Half, });

/// Decodes an `init`.
pub(crate) fn init(node: Cursor<'_>, sink: &mut Sink) -> Option<Init> {
    let weights = match (node.child("weights"), node.child("random")) {
        (Some(weights), _) => {
            Weights::File { path: weights.path("path")?, key: weights.maybe("key")? }
        }
        (None, Some(random)) => {
            Weights::Random { std: random.maybe("std")?, seed: random.get("seed")? }
        }
        (None, None) => return None,
    };
    let normalize = match (node.child("normalize"), &weights) {
        (Some(normalize), _) => self::normalize(normalize)?,
        (None, Weights::Random { .. }) => preset(HALF, Origin::DEFAULT),
        (None, Weights::File { path, .. }) => {
            sink.report(
                Diagnostic::error(Code::MissingNode, "weights without `normalize`")
                    .text("pretrained weights expect the normalisation that they were trained with")
                    .at(path.origin, "these weights")
                    .help("write `normalize vggface2` for FSFM, `normalize half` for timm's ViT, `normalize imagenet` for DINOv2 and most others, or a block with `mean` and `std`"),
            );
            return None;
        }
    };
    let missing = match node.child("missing") {
        Some(missing) => missing.texts()?,
        None => {
            ["head.*", "fc_norm.*"].map(|pattern| Spanned::default_of(pattern.to_owned())).to_vec()
        }
    };
    let head = match node.child("head") {
        Some(head) => Some(self::head(head, &weights, sink)?),
        None => None,
    };
    Some(Init { name: node.get("name")?, weights, normalize, missing, head })
}

fn head(node: Cursor<'_>, weights: &Weights, sink: &mut Sink) -> Option<Head> {
    let outputs = node.texts()?;
    let mut wrong = |text: String, help: &str| {
        sink.report(
            Diagnostic::error(Code::Conflict, "a `head` whose outputs are not clear")
                .text(text)
                .at(node.origin(), "this head")
                .help(help.to_owned()),
        );
        None
    };
    if let Weights::Random { .. } = weights {
        return wrong("weights that are drawn have no classifier".to_owned(), "remove `head`");
    }
    let of = |name: &str| outputs.iter().filter(|output| output.value == name).count();
    let different: BTreeSet<&str> = outputs.iter().map(|output| &*output.value).collect();
    if different.len() < outputs.len() {
        return wrong("an output is named twice".to_owned(), "give each output a name of its own");
    }
    let known = match outputs.as_slice() {
        [only] => only.value == REAL || only.value == "fake",
        _ => of(REAL) == 1,
    };
    match known {
        true => Some(Head { outputs, resize: node.get("resize")? }),
        false => wrong(
            "one of several outputs is `real`, all others are kinds of fakes; a single output is the \
             logit of `real` or of `fake`"
                .to_owned(),
            "write `head real fake`, or `head fake real` if the file has fakes first",
        ),
    }
}

fn normalize(node: Cursor<'_>) -> Option<Normalize> {
    if node.has("preset") {
        let name = node.get::<Preset>("preset")?;
        let values = match name.value {
            Preset::Vggface2 => VGGFACE2,
            Preset::Imagenet => IMAGENET,
            Preset::Half => HALF,
        };
        return Some(preset(values, name.origin));
    }
    let (mean, std) = (node.child("mean")?, node.child("std")?);
    Some(Normalize { mean: channels(mean)?, std: channels(std)? })
}

fn preset((mean, std): ([f64; 3], [f64; 3]), at: Origin) -> Normalize {
    Normalize { mean: Spanned::new(mean, at), std: Spanned::new(std, at) }
}

fn channels(node: Cursor<'_>) -> Option<Spanned<[f64; 3]>> {
    let [red, green, blue] = ["red", "green", "blue"].map(|name| node.get::<f64>(name));
    let (red, green, blue) = (red?, green?, blue?);
    let whole = Origin { end: blue.origin.end, ..red.origin };
    Some(Spanned::new([red.value, green.value, blue.value], whole))
}
