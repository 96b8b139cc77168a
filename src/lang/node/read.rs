//! What one written value is read as.

use std::path::Path;

use crate::schema::Type;
use crate::value::Datum;

/// A type that one written value can be read as.
pub(crate) trait Read: Sized {
    /// Reads a value of the right type; `file` states it.
    fn read(datum: Datum, file: Option<&Path>) -> Option<Self>;
}

/// A type of few values.
pub trait Every: Sized + 'static {
    /// All of them, in the order of the documentation.
    const ALL: &'static [Self];
}

/// A type whose values are words.
pub(crate) trait Words {
    /// Every word with its meaning.
    const WORDS: &'static [(&'static str, &'static str)];
    /// One of its words.
    const WORD: Type = Type::Word(Self::WORDS);
}

impl Read for String {
    fn read(datum: Datum, _: Option<&Path>) -> Option<Self> {
        match datum {
            Datum::Text(text) => Some(text),
            Datum::Whole(_) | Datum::Number(_) | Datum::Bool(_) | Datum::Ratio(..) | Datum::Any => {
                None
            }
        }
    }
}

impl Read for bool {
    fn read(datum: Datum, _: Option<&Path>) -> Option<Self> {
        match datum {
            Datum::Bool(bool) => Some(bool),
            Datum::Text(_) | Datum::Whole(_) | Datum::Number(_) | Datum::Ratio(..) | Datum::Any => {
                None
            }
        }
    }
}

impl Read for f64 {
    fn read(datum: Datum, _: Option<&Path>) -> Option<Self> {
        match datum {
            Datum::Number(x) => Some(x),
            Datum::Text(_) | Datum::Whole(_) | Datum::Bool(_) | Datum::Ratio(..) | Datum::Any => {
                None
            }
        }
    }
}

impl Read for (f64, f64) {
    fn read(datum: Datum, _: Option<&Path>) -> Option<Self> {
        match datum {
            Datum::Ratio(a, b) => Some((a, b)),
            Datum::Text(_) | Datum::Whole(_) | Datum::Number(_) | Datum::Bool(_) | Datum::Any => {
                None
            }
        }
    }
}

macro_rules! read_whole {
    ($($type:ty),*) => {
        $(impl Read for $type {
            fn read(datum: Datum, _: Option<&Path>) -> Option<Self> {
                match datum {
                    Datum::Whole(number) => Self::try_from(number).ok(),
                    Datum::Text(_)
                    | Datum::Number(_)
                    | Datum::Bool(_)
                    | Datum::Ratio(..)
                    | Datum::Any => None,
                }
            }
        })*
    };
}
read_whole!(u32, u64, usize);
