//! Real or fake, and kinds of fakes.

use crate::node::words;

words! {
    /// Real or fake. Real is class 0 everywhere inside.
    pub enum Label {
        /// pristine
        Real = "real",
        /// manipulated
        Fake = "fake",
    }
}

words! {
    /// Families of manipulation.
    pub enum Family {
        /// another person's face (FS)
        FaceSwap = "face-swap",
        /// the same person, driven (RE)
        Reenactment = "reenactment",
        /// a face that never existed (EFS)
        EntireFace = "entire-face",
        /// edited attributes (FE)
        Editing = "editing",
        /// not known
        Unknown = "unknown",
    }
}
