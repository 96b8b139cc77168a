//! The objects of a pickle.

/// An object of a pickle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::weights) struct Id(pub(super) usize);

/// What an object is.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::weights) enum Object {
    /// Something that nobody asks for: a float, `None`, bytes, a set, a long number.
    Other,
    Truth(bool),
    Whole(i64),
    Text(String),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A class or function by its full name.
    Global(String),
    /// What a class or function would make of its arguments.
    Made {
        global: Id,
        arguments: Id,
        /// Its attributes, if it was given any.
        state: Option<Id>,
        /// What was put into it, if it is a kind of dictionary.
        items: Vec<(Id, Id)>,
    },
    /// Something kept outside the pickle, by its description.
    Outside(Id),
}
