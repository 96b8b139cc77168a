//! A value with where it came from: a byte range of one source file.

use serde::Serialize;
use serde::ser::SerializeMap;

pub use proofmark_text::origin::{FileId, Origin};

/// A value and where it was written.
///
/// Equality ignores the origin: two files that say the same are equal. It
/// serialises as `{"$value": .., "$origin": [file, start, end]}`, from which the
/// plan takes both the key (values alone) and the reasons (places).
#[derive(Clone, Copy, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub origin: Origin,
}

/// The values of a list, each with its place. A list that a program put together has no places.
pub fn each<'a, T>(values: &'a [T], places: &'a [Origin]) -> impl Iterator<Item = (&'a T, Origin)> {
    values.iter().zip(places.iter().copied().chain(std::iter::repeat(Origin::DEFAULT)))
}

impl<T> Spanned<T> {
    /// A value written at `origin`.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// A documented default.
    pub fn default_of(value: T) -> Self {
        Self { value, origin: Origin::DEFAULT }
    }

    /// The same place with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: f(self.value), origin: self.origin }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Serialize> Serialize for Spanned<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("$value", &self.value)?;
        let o = self.origin;
        map.serialize_entry("$origin", &[o.file.0, o.start, o.end])?;
        map.end()
    }
}
