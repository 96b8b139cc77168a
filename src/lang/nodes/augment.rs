//! `augment` and `mix`: what is done to training faces.

use proofmark_augmentations::{ALL, Operation, Parameter, Phase, Value, Values, lists};

use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::node::{Placed, Words, node, values, words};
use crate::schema::Preset::{Number, Text, Whole};
use crate::schema::{Child, Field, NOT_NEGATIVE, NodeSpec, OR_BLOCK, Range, Times, Type};
use crate::span::Origin;

node! {
    /// Augmentation of training faces: a list of operations that has a name, or a block with the
    /// operations themselves, in the order in which they are applied; none if absent.
    pub struct Augment = "augment" {
        arguments {
            /// A list that has a name.
            recipe: Option<AugmentKind> [key "kind"] = AugmentKind::WORD.optional().group(OR_BLOCK),
        }
        properties {
            /// How `fsfm` looks up pixels, in its crop and in its geometric operations.
            interpolation: Interpolation = Type::Word(LOOKUPS).or(Text("bilinear")),
        }
        children_of OPERATIONS
        made {
            /// The operations of a block.
            operations: Vec<Operation> [since 2] = operations,
        }
    }
    check = in_order;
    unwritten = none;
}

words! {
    /// Lists of operations that have a name.
    pub enum AugmentKind {
        /// FSFM's whole recipe (paper section 4.3)
        Fsfm = "fsfm",
        /// random resized crop and horizontal flip
        FlipCrop = "flip-crop",
        /// none
        None = "none",
    }
}

words! {
    /// How pixels between pixels are looked up.
    pub enum Interpolation {
        /// cubic
        Bicubic = "bicubic",
        /// linear
        Bilinear = "bilinear",
    }
}

/// The same words, as they are told apart in FSFM's code.
const LOOKUPS: &[(&str, &str)] = &[
    (Interpolation::Bilinear.word(), "what FSFM's code comes to, whatever it asks for"),
    (Interpolation::Bicubic.word(), "what it asks for"),
];

values!(Operation);

impl Augment {
    /// No operation.
    pub fn none() -> Self {
        Self {
            recipe: Some(AugmentKind::None),
            interpolation: Interpolation::Bilinear,
            operations: Vec::new(),
        }
    }

    /// What is done to each face, in order.
    pub fn list(&self) -> Vec<Operation> {
        match self.recipe {
            Some(AugmentKind::Fsfm) => lists::fsfm(self.interpolation.word()),
            Some(AugmentKind::FlipCrop) => lists::flip_crop(),
            Some(AugmentKind::None) => Vec::new(),
            None => self.operations.clone(),
        }
    }
}

fn none(_: Cursor<'_>, _: &mut Sink) -> Option<Placed<Augment>> {
    Some(Augment::none().into())
}

/// How many operations there are, and parameters that one may have.
const KINDS: usize = ALL.len();
const MOST: usize = 8;

/// The parameters of each operation, the node that states it, and where such a node stands.
static PARAMETERS: [[Field; MOST]; KINDS] = {
    let mut fields = [[Field::new("", Type::Text, ""); MOST]; KINDS];
    let mut place = 0;
    while place < KINDS {
        let parameters = ALL[place].definition().parameters;
        let mut i = 0;
        while i < parameters.len() {
            fields[place][i] = field(&parameters[i]);
            i += 1;
        }
        place += 1;
    }
    fields
};
static NODES: [NodeSpec; KINDS] = {
    let mut nodes = [NodeSpec::new("", ""); KINDS];
    let mut place = 0;
    while place < KINDS {
        let kind = ALL[place].definition();
        let fields = PARAMETERS[place].split_at(kind.parameters.len()).0;
        nodes[place] = NodeSpec::new(kind.word, kind.doc).properties(fields);
        place += 1;
    }
    nodes
};
static OPERATIONS: [Child; KINDS] = {
    let mut children = [Child::new(&NODES[0], Times::AnyNumber); KINDS];
    let mut place = 0;
    while place < KINDS {
        children[place] = Child::new(&NODES[place], Times::AnyNumber);
        place += 1;
    }
    children
};

const fn field(of: &Parameter) -> Field {
    let ty = match of.values {
        Values::Whole(low, high) => Type::Whole(low as u64, high as u64),
        Values::From(low, high) => Type::Number(Range { low, high, low_in: true, high_in: true }),
        Values::Share => Type::Fraction,
        Values::Words(words) => Type::Word(words),
    };
    let default = match (of.default, of.values) {
        (Value::Number(number), Values::Whole(..)) => Whole(number as u64),
        (Value::Number(number), Values::From(..) | Values::Share | Values::Words(_)) => {
            Number(number)
        }
        (Value::Word(word), _) => Text(word),
    };
    ty.or(default).named(of.name, of.doc)
}

/// Reads the operations of a block.
fn operations(node: Cursor<'_>, sink: &mut Sink) -> Option<(Vec<Operation>, Vec<Origin>)> {
    let read = node.among(&OPERATIONS).map(|node| Some((operation(node, sink)?, node.origin())));
    let read: Vec<Option<(Operation, Origin)>> = read.collect();
    read.into_iter().collect::<Option<Vec<_>>>().map(|read| read.into_iter().unzip())
}

fn operation(node: Cursor<'_>, sink: &mut Sink) -> Option<Operation> {
    let kind = *ALL.iter().find(|kind| kind.word == node.spec.name)?;
    let mut values = Vec::new();
    for (parameter, field) in kind.parameters.iter().zip(node.spec.properties) {
        values.push(match parameter.values {
            Values::Whole(..) => {
                Value::Number(f64::from(node.read_or_default::<u32>(field)?.value))
            }
            Values::From(..) | Values::Share => {
                Value::Number(node.read_or_default::<f64>(field)?.value)
            }
            Values::Words(words) => {
                let word = node.read_or_default::<String>(field)?.value;
                Value::Word(words.iter().find(|(known, _)| *known == word)?.0)
            }
        });
    }
    let mut values = values.into_iter();
    let operation = kind.with(|parameter| values.next().unwrap_or(parameter.default));
    for (low, high) in kind.ordered {
        if operation.number(low) > operation.number(high) {
            let at = |name: &str| {
                let field = node.spec.properties.iter().find(|field| field.name == name)?;
                node.read_or_default::<f64>(field).map(|read| read.origin)
            };
            let written = [at(low), at(high)].into_iter().flatten().find(|at| !at.is_default());
            sink.report(
                Diagnostic::error(Code::OutOfRange, format!("`{low}` above `{high}`"))
                    .text(format!(
                        "`{low}` is {}, and `{high}` is {}",
                        operation.number(low),
                        operation.number(high)
                    ))
                    .at(written.unwrap_or(node.origin()), "of this operation")
                    .help("exchange them, or change one"),
            );
            return None;
        }
    }
    Some(operation)
}

/// A crop comes first, and what works on normalised inputs last.
fn in_order(
    node: Cursor<'_>,
    read: Option<Placed<Augment>>,
    sink: &mut Sink,
) -> Option<Placed<Augment>> {
    let augment = read?;
    if node.node.block && node.node.children.is_empty() {
        sink.report(
            Diagnostic::error(Code::MissingNode, "`augment` with an empty block")
                .text("no operation is listed")
                .at(node.origin(), "lists nothing")
                .help("list operations, or write `augment none`"),
        );
        return None;
    }
    let listed = augment.operations.iter().zip(&augment.at.operations);
    let pairs = listed.clone().zip(listed.skip(1));
    for ((before, before_at), (after, after_at)) in pairs {
        let [first, then] = [before, after].map(|operation| operation.kind.does.phase());
        if first < then || first == then && then != Phase::Crop {
            continue;
        }
        let (after, before) = (after.kind.word, before.kind.word);
        let (about, text) = match first {
            Phase::Crop => (after, "a face is cropped once"),
            Phase::Image => (after, "a crop is made of the stored face, before anything else"),
            Phase::Input => (before, "it works on the normalised input, when the image is done"),
        };
        sink.report(
            Diagnostic::error(Code::Conflict, format!("`{after}` after `{before}`"))
                .text(format!("`{about}`: {text}"))
                .at(*after_at, "comes too late")
                .and(*before_at, "comes first here")
                .help("the order is: a crop, operations on the image, operations on the input"),
        );
        return None;
    }
    Some(augment)
}

node! {
    /// Mixes each face of a batch, and its class, with another face of the batch (mixup, cutmix);
    /// never if absent. Not together with a triplet loss or `arcface`. The paper augments as FSFM
    /// does (section 4.3), whose published command mixes (mixup 0.8, cutmix 1.0) and whose program by
    /// default does not: which it did is not known.
    pub struct Mix = "mix" {
        properties {
            /// Parameter of the Beta distribution of the weights when two faces are blended; 0
            /// for never.
            mixup: f64 = Type::Number(NOT_NEGATIVE).or(Number(0.0)),
            /// Parameter of the Beta distribution of the area that is kept when a box is pasted
            /// from one face into another; 0 for never.
            cutmix: f64 = Type::Number(NOT_NEGATIVE).or(Number(0.0)),
            /// Share of the batches that are mixed.
            probability: f64 = Type::Fraction.or(Number(1.0)),
            /// Share of the mixed batches that are cut, if both are on.
            switch: f64 = Type::Fraction.or(Number(0.5)),
        }
    }
}
