//! `layout deepfakebench`: a data set prepared by DeepfakeBench.

use super::table::one_meaning;
use crate::cursor::Cursor;
use crate::diagnostic::Sink;
use crate::model::DataPath;
use crate::node::{Decode, Placed, node};
use crate::schema::{Field, Type};

node! {
    /// A data set prepared by DeepfakeBench: its JSON of labels, splits and frames, and the frames.
    /// A video that is listed in several splits is tested on, or else selects: it is counted, told
    /// and not trained on.
    pub struct BenchLayout = "layout" {
        properties {
            /// The folder below which the frames lie.
            root: DataPath = Type::Path.required(),
            /// The JSON.
            file: DataPath = Type::Path.required(),
            /// Which copy, where the JSON has several.
            compression: Option<String> = COMPRESSION,
        }
        children {
            /// Values of the label that mean real.
            real: Vec<String> =
                Once (arguments "value", Type::Text.required(), "A value, as text.", repeating),
            /// Values of the label that mean fake.
            fake: Vec<String> =
                Once (arguments "value", Type::Text.required(), "A value, as text.", repeating),
        }
    }
    check = labels;
}

/// The copies of FaceForensics++.
pub(super) const COMPRESSION: Field =
    Type::Word(&[("raw", "none"), ("c23", "light"), ("c40", "strong")]).optional();

fn labels(
    node: Cursor<'_>,
    read: Option<Placed<BenchLayout>>,
    sink: &mut Sink,
) -> Option<Placed<BenchLayout>> {
    one_meaning(node, (BenchLayout::FIELDS.real, BenchLayout::FIELDS.fake), sink);
    read
}
