//! What an operation is: its words, its parameters, and what it does.

use proofmark_base::rng::Rng;
use proofmark_picture::Pixels;
use proofmark_picture::resize::Filter;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::face::{Face, Patch};

/// All there is to know of an operation.
pub struct Definition {
    /// Its word in the language, as `flip`.
    pub word: &'static str,
    /// What it does, in the language's documentation.
    pub doc: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// Pairs of parameters of which the second is not below the first.
    pub ordered: &'static [(&'static str, &'static str)],
    /// What it does.
    pub does: Does,
}

/// What an operation works on, in the order in which a list has them. What is random is drawn from the
/// numbers of the face.
pub enum Does {
    /// Cuts a window out of the stored face, and brings it to an input's side in pixels.
    Crop(fn(&Operation, Face<'_>, u32, &mut Rng) -> Pixels),
    /// Changes the image of an input's side. The colour is what comes from outside of it.
    Image(fn(&Operation, &mut Pixels, [u8; 3], &mut Rng)),
    /// Whether the image is mirrored: left becomes right.
    Mirror(fn(&Operation, &mut Rng) -> bool),
    /// Puts other values into a rectangle of the normalised input (3, S, S), of this side S.
    Input(fn(&Operation, usize, &mut Rng) -> Option<Patch>),
}

impl Does {
    /// What it works on.
    pub fn phase(&self) -> Phase {
        match self {
            Self::Crop(_) => Phase::Crop,
            Self::Image(_) | Self::Mirror(_) => Phase::Image,
            Self::Input(_) => Phase::Input,
        }
    }
}

/// What operations work on, in the order in which a list has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The stored face.
    Crop,
    /// The image of an input's side.
    Image,
    /// The normalised input.
    Input,
}

/// A parameter of an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name in the language.
    pub name: &'static str,
    /// What it is and its unit, for the documentation.
    pub doc: &'static str,
    /// Which values it may have.
    pub values: Values,
    /// What it is where nobody writes it.
    pub default: Value,
}

/// The values that a parameter may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values {
    /// Whole numbers from the first to the second.
    Whole(u32, u32),
    /// Numbers from the first to the second.
    From(f64, f64),
    /// A share, 0 to 1.
    Share,
    /// One of these words, each with its meaning.
    Words(&'static [(&'static str, &'static str)]),
}

/// A value of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// A word.
    Word(&'static str),
}

/// How pixels between pixels are looked up.
pub(crate) const INTERPOLATION: Parameter = Parameter {
    name: "interpolation",
    doc: "How pixels between pixels are looked up.",
    values: Values::Words(&[("bilinear", "linear"), ("bicubic", "cubic")]),
    default: Value::Word("bilinear"),
};

proofmark_base::listed! {
    /// A kind of operation.
    pub struct OperationKind of Definition in super::ALL, "operation"
}

/// An operation with the values of its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Which one.
    pub kind: OperationKind,
    /// The values, in the order of the parameters.
    values: Vec<Value>,
}

impl OperationKind {
    /// It with the value that `of` has of each parameter.
    pub fn with(self, of: impl FnMut(&Parameter) -> Value) -> Operation {
        Operation { kind: self, values: self.parameters.iter().map(of).collect() }
    }

    /// It with the defaults of its parameters but for these.
    ///
    /// # Panics
    /// If it has no parameter of one of the names.
    pub fn but(self, values: &[(&str, Value)]) -> Operation {
        let mut operation = self.with(|parameter| parameter.default);
        for (name, value) in values {
            let place = operation.place(name);
            operation.values[place] = *value;
        }
        operation
    }
}

impl Operation {
    /// The value of a parameter.
    ///
    /// # Panics
    /// If it has none of that name.
    pub fn value(&self, name: &str) -> Value {
        self.values[self.place(name)]
    }

    /// The number of a parameter.
    ///
    /// # Panics
    /// If it has none of that name, or one of words.
    pub fn number(&self, name: &str) -> f64 {
        match self.value(name) {
            Value::Number(number) => number,
            Value::Word(word) => panic!("`{name}` of {:?} is the word {word}", self.kind),
        }
    }

    /// Two numbers, from the one to the other.
    pub(crate) fn range(&self, low: &str, high: &str) -> (f64, f64) {
        (self.number(low), self.number(high))
    }

    /// Its [`INTERPOLATION`].
    ///
    /// # Panics
    /// If it has none, or one that is none of its words.
    pub(crate) fn filter(&self) -> Filter {
        match self.value(INTERPOLATION.name) {
            Value::Word("bicubic") => Filter::Bicubic,
            Value::Word("bilinear") => Filter::Bilinear,
            other @ (Value::Word(_) | Value::Number(_)) => panic!("{other:?} is no filter"),
        }
    }

    fn place(&self, name: &str) -> usize {
        let place = self.kind.parameters.iter().position(|parameter| parameter.name == name);
        place.unwrap_or_else(|| panic!("{:?} has no parameter `{name}`", self.kind))
    }
}

/// An object of its word and its parameters, as keys see it.
impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(1 + self.values.len()))?;
        map.serialize_entry("operation", &self.kind)?;
        for (parameter, value) in self.kind.parameters.iter().zip(&self.values) {
            match value {
                Value::Number(number) => map.serialize_entry(parameter.name, number)?,
                Value::Word(word) => map.serialize_entry(parameter.name, word)?,
            }
        }
        map.end()
    }
}
