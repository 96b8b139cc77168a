//! What is said of a code.

use crate::diagnostic::Code;

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The code.
    pub code: Code,
    /// The rule and the reason for it, in a few sentences.
    pub meaning: &'static str,
    /// A file that gives the code.
    pub wrong: &'static str,
    /// The same without the mistake.
    pub right: &'static str,
}
