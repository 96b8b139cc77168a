//! A node as a plain value with the places of its parts.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::span::Origin;

/// A node as a plain value, and where it and each of its fields were written.
///
/// It derefs to the value; equality ignores the places. It serialises as an object whose values
/// carry their places, from which a plan takes both the key (values alone) and the reasons.
#[derive(Clone, Debug)]
pub struct Placed<T: Plain> {
    pub(crate) value: T,
    /// The place of each field.
    pub at: T::At,
    /// The place of the node itself.
    pub node: Origin,
}

/// A node that is a plain value.
pub trait Plain: Sized {
    /// The place of each field.
    type At: Clone + std::fmt::Debug + Default;

    /// Writes what belongs to keys.
    ///
    /// # Errors
    /// Those of the serialiser.
    fn entries<M: SerializeMap>(placed: &Placed<Self>, map: &mut M) -> Result<(), M::Error>;
}

/// What a field of a node may be: a value, a node, or some of them.
pub trait Part {
    /// The place of a value; nothing for a node, which has its places itself.
    type At: Clone + std::fmt::Debug + Default;

    /// The part together with its place.
    fn placed(&self, at: Self::At) -> impl Serialize;
}

/// A part that may be nothing.
pub(crate) trait Maybe {
    /// Whether it is.
    fn is_nothing(&self) -> bool;
}

impl<P> Maybe for Option<P> {
    fn is_nothing(&self) -> bool {
        self.is_none()
    }
}

impl<P> Maybe for Vec<P> {
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

impl<T: Plain> From<T> for Placed<T> {
    /// A value that nobody wrote.
    fn from(value: T) -> Self {
        Self { value, at: T::At::default(), node: Origin::DEFAULT }
    }
}

impl<T: Plain> Placed<T> {
    /// Writes the node's fields as those of the node around it.
    pub(crate) fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        T::entries(self, map)
    }
}

impl<T: Plain> Deref for Placed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Plain> DerefMut for Placed<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Plain + PartialEq> PartialEq for Placed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Plain> Serialize for Placed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        T::entries(self, &mut map)?;
        map.end()
    }
}

impl<T: Plain> Part for Placed<T> {
    type At = ();

    fn placed(&self, (): ()) -> impl Serialize {
        self
    }
}

impl<P: Part> Part for Option<P> {
    type At = P::At;

    fn placed(&self, at: P::At) -> impl Serialize {
        self.as_ref().map(|part| part.placed(at))
    }
}

impl<P: Part> Part for Vec<P> {
    type At = Vec<P::At>;

    fn placed(&self, at: Vec<P::At>) -> impl Serialize {
        // A list that a program put together has no places.
        let at = at.into_iter().chain(std::iter::repeat_with(P::At::default));
        self.iter().zip(at).map(|(part, at)| part.placed(at)).collect::<Vec<_>>()
    }
}

impl<P: Part> Part for BTreeMap<String, P> {
    type At = BTreeMap<String, P::At>;

    fn placed(&self, at: Self::At) -> impl Serialize {
        let place = |key: &String| at.get(key).cloned().unwrap_or_default();
        self.iter().map(|(key, part)| (key, part.placed(place(key)))).collect::<BTreeMap<_, _>>()
    }
}

/// Ties values to their place.
macro_rules! values {
    ($($type:ty),*) => {
        $(impl $crate::node::Part for $type {
            type At = $crate::span::Origin;

            fn placed(&self, at: $crate::span::Origin) -> impl serde::Serialize {
                $crate::span::Spanned::new(self, at)
            }
        })*
    };
}
pub(crate) use values;

values!(bool, u32, u64, usize, f64, String, (f64, f64), [f64; 3]);
