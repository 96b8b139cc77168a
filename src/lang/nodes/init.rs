//! `init`: where weights come from, and what they expect.

use std::collections::BTreeSet;

use super::common::SEED;
use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{DataPath, Resize};
use crate::node::{Decode, Placed, Value, Words, choice, node, words};
use crate::schema::Preset::{Text, Whole};
use crate::schema::{FINITE, Field, NodeSpec, OR_BLOCK, POSITIVE, Type, at_most_once};
use crate::span::Origin;

node! {
    /// How the backbone's weights begin: `weights` or `random`.
    pub struct Init = "init" {
        arguments {
            /// Name by which everything else refers to it.
            name: String = Type::Name.required(),
        }
        children {
            /// Where the weights come from.
            weights: Weights = [
                at_most_once(WeightsFile::SPEC).group("origin"),
                at_most_once(RandomWeights::SPEC).group("origin")
            ],
            /// Mean and standard deviation of the input, RGB in [0, 1].
            normalize: Placed<Normalize> = [at_most_once(Normalize::SPEC)],
            /// Patterns (`*` matches anything) of tensors that the file need not have.
            missing: Vec<String> = [at_most_once(&MISSING)] via missing,
            /// What the file's classifier gives, if that is declared.
            head: Option<Placed<Head>> [since 2] = [at_most_once(Head::SPEC)],
        }
    }
    check = head_of_a_file;
}

choice! {
    /// Where the weights come from.
    #[serde(tag = "kind", rename_all = "kebab-case")]
    pub enum Weights {
        /// Read from a file.
        File(WeightsFile),
        /// Drawn from Proofmark's own generator.
        Random(RandomWeights),
    }
}

node! {
    /// A safetensors file, or one that `torch.save` wrote.
    pub struct WeightsFile = "weights" {
        arguments {
            /// The file, or `hf://OWNER/REPO/PATH` on the hub.
            path: DataPath = Type::Path.required(),
        }
        properties {
            /// The key in the file, or the beginning of names, under which its tensors are, such
            /// as `state_dict`. Found if absent: an average (`state_dict_ema`, `teacher`) before
            /// what it is an average of, as timm does.
            key: Option<String> [since 2] = Type::Text.optional(),
        }
    }
}

node! {
    /// Weights from Proofmark's own generator.
    pub struct RandomWeights = "random" {
        properties {
            /// Standard deviation of the truncated normal of the matrices; Xavier uniform if
            /// absent.
            std: Option<f64> = Type::Number(POSITIVE).optional(),
            /// Seed, besides the recipe's.
            seed: u64 = SEED.or(Whole(0)),
        }
    }
}

node! {
    /// Mean and standard deviation of the input (RGB in 0 to 1): a preset, or a block. Required
    /// with `weights`; `half` if absent with `random`.
    pub struct Normalize = "normalize" {
        also_arguments [PRESET]
        children {
            /// Per channel, RGB, inputs in [0, 1].
            mean: [f64; 3] = [at_most_once(Mean::SPEC)] via mean,
            /// Per channel.
            std: [f64; 3] = [at_most_once(Deviation::SPEC)] via deviation,
        }
    }
    unwritten = usual;
}

const PRESET: Field = Statistics::WORD.optional().named("preset", "A preset.").group(OR_BLOCK);

words! {
    /// Channel statistics that have a name.
    pub enum Statistics {
        /// of VGGFace2, for FSFM
        Vggface2 = "vggface2",
        /// 0.485 0.456 0.406 and 0.229 0.224 0.225
        Imagenet = "imagenet",
        /// 0.5 for all
        Half = "half",
    }
}

impl Statistics {
    /// Mean and standard deviation; of VGGFace2 from the release of FSFM.
    fn values(self) -> ([f64; 3], [f64; 3]) {
        match self {
            Self::Vggface2 => (
                [0.548_220_753_669_738_8, 0.423_405_349_254_608_15, 0.365_465_164_184_570_3],
                [0.278_917_610_645_294_2, 0.243_854_075_670_242_3, 0.234_938_934_445_381_16],
            ),
            Self::Imagenet => ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
            Self::Half => ([0.5; 3], [0.5; 3]),
        }
    }
}

node! {
    /// Mean per channel.
    pub(crate) struct Mean = "mean" {
        arguments {
            /// Red.
            red: f64 = Type::Number(FINITE).required(),
            /// Green.
            green: f64 = Type::Number(FINITE).required(),
            /// Blue.
            blue: f64 = Type::Number(FINITE).required(),
        }
    }
}

node! {
    /// Standard deviation per channel.
    pub(crate) struct Deviation = "std" {
        arguments {
            /// Red.
            red: f64 = Type::Number(POSITIVE).required(),
            /// Green.
            green: f64 = Type::Number(POSITIVE).required(),
            /// Blue.
            blue: f64 = Type::Number(POSITIVE).required(),
        }
    }
}

static MISSING: NodeSpec = NodeSpec::value(
    "missing",
    "Patterns (`*` matches anything) of tensors that the file need not have; `head.*` and `fc_norm.*` if absent.",
    &[PATTERN],
)
.repeating();

const PATTERN: Field = Type::Text.required().named("pattern", "A pattern.");

node! {
    /// What the outputs of the file's classifier mean, in order: `real`, and a name for each kind
    /// of fake. A single one is the logit of `real` or of `fake`. An experiment with it needs no
    /// `recipe`: it is scored as it is.
    pub struct Head = "head", repeating {
        arguments {
            /// An output.
            outputs: Vec<String> = Type::Text.required(),
        }
        properties {
            /// How faces reach the input size where nothing is trained; a recipe has its own.
            resize: Resize = Resize::WORD.or(Text("straight")),
        }
    }
}

/// What the class of reals is called.
pub const REAL: &str = "real";

impl Head {
    /// Names of the classes, `real` first.
    pub fn classes(&self) -> Vec<String> {
        let fakes = self.outputs.iter().filter(|name| *name != REAL).cloned();
        let mut classes: Vec<String> = std::iter::once(REAL.to_owned()).chain(fakes).collect();
        if classes.len() == 1 {
            classes.push("fake".to_owned());
        }
        classes
    }
}

fn mean(node: Cursor<'_>, sink: &mut Sink) -> Option<([f64; 3], Origin)> {
    if let Some(preset) = node.read::<Statistics>(&PRESET) {
        return Some((preset.value.values().0, preset.origin));
    }
    let mean = Mean::decode(node.among(Normalize::FIELDS.mean).next()?, sink)?;
    Some(([mean.red, mean.green, mean.blue], across(mean.at.red, mean.at.blue)))
}

fn deviation(node: Cursor<'_>, sink: &mut Sink) -> Option<([f64; 3], Origin)> {
    if let Some(preset) = node.read::<Statistics>(&PRESET) {
        return Some((preset.value.values().1, preset.origin));
    }
    let std = Deviation::decode(node.among(Normalize::FIELDS.std).next()?, sink)?;
    Some(([std.red, std.green, std.blue], across(std.at.red, std.at.blue)))
}

fn across(first: Origin, last: Origin) -> Origin {
    Origin { end: last.end, ..first }
}

/// Of an `init` without `normalize`: only weights that are drawn expect nothing.
fn usual(init: Cursor<'_>, sink: &mut Sink) -> Option<Placed<Normalize>> {
    let Some(file) = init.among(&[at_most_once(WeightsFile::SPEC)]).next() else {
        init.among(&[at_most_once(RandomWeights::SPEC)]).next()?;
        let (mean, std) = Statistics::Half.values();
        return Some(Normalize { mean, std }.into());
    };
    let path = file.read::<DataPath>(&WeightsFile::FIELDS.path)?;
    sink.report(
        Diagnostic::error(Code::MissingNode, "weights without `normalize`")
            .text("pretrained weights expect the normalisation that they were trained with")
            .at(path.origin, "these weights")
            .help("write `normalize vggface2` for FSFM, `normalize half` for timm's ViT, `normalize imagenet` for DINOv2 and most others, or a block with `mean` and `std`"),
    );
    None
}

fn missing(init: Cursor<'_>, _: &mut Sink) -> Option<(Vec<String>, Vec<Origin>)> {
    match init.among(Init::FIELDS.missing).next() {
        Some(missing) => Value::value(missing, &PATTERN),
        None => Some((["head.*", "fc_norm.*"].map(str::to_owned).to_vec(), Vec::new())),
    }
}

fn head_of_a_file(
    _: Cursor<'_>,
    read: Option<Placed<Init>>,
    sink: &mut Sink,
) -> Option<Placed<Init>> {
    let init = read?;
    let Some(head) = &init.head else { return Some(init) };
    let mut wrong = |text: String, help: &str| {
        sink.report(
            Diagnostic::error(Code::Conflict, "a `head` whose outputs are not clear")
                .text(text)
                .at(head.node, "this head")
                .help(help.to_owned()),
        );
        None
    };
    if let Weights::Random(_) = init.weights {
        return wrong("weights that are drawn have no classifier".to_owned(), "remove `head`");
    }
    let different: BTreeSet<&String> = head.outputs.iter().collect();
    if different.len() < head.outputs.len() {
        return wrong("an output is named twice".to_owned(), "give each output a name of its own");
    }
    let known = match head.outputs.as_slice() {
        [only] => only == REAL || only == "fake",
        several => several.iter().any(|output| output == REAL),
    };
    match known {
        true => Some(init),
        false => wrong(
            "one of several outputs is `real`, all others are kinds of fakes; a single output is the \
             logit of `real` or of `fake`"
                .to_owned(),
            "write `head real fake`, or `head fake real` if the file has fakes first",
        ),
    }
}
