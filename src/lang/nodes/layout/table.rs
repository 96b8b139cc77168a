//! `layout table`: one row per image or video file.

use std::collections::BTreeMap;

use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::DataPath;
use crate::node::{Decode, Placed, node, value_of_child};
use crate::schema::Preset::Text;
use crate::schema::{Child, Type};
use crate::span::Origin;

node! {
    /// One row per image or video file in a Parquet (`.parquet`) or CSV file.
    pub struct TableLayout = "layout" {
        properties {
            /// The file.
            file: DataPath = Type::Path.required(),
            /// Folder of the image paths; the file's own if absent.
            root: Option<DataPath> = Type::Path.optional(),
            /// Column of the image path.
            path: String = Type::Text.or(Text("path")),
            /// Column of the label.
            label: String = Type::Text.or(Text("label")),
            /// Column of the video; each image is its own if absent.
            video: Option<String> = Type::Text.optional(),
            /// Column of the manipulation.
            manipulation: Option<String> = Type::Text.optional(),
            /// Column of the split (`train`, `val`, `test`).
            split: Option<String> = Type::Text.optional(),
            /// Column of the group (identity, source) that must not straddle splits.
            group: Option<String> = Type::Text.optional(),
        }
        children {
            /// Values of the label that mean real.
            real: Vec<String> =
                Once (arguments "value", Type::Text.required(), "A value, as text.", repeating),
            /// Values of the label that mean fake.
            fake: Vec<String> =
                Once (arguments "value", Type::Text.required(), "A value, as text.", repeating),
            /// Columns that say more of a video, such as `gender`; `per-value` in a table tells its
            /// numbers apart by one.
            attributes as "attribute": Vec<String> = AtMostOnce (
                arguments "column", Type::Text.required(), "A column.", repeating
            ),
        }
    }
    check = labels;
}

fn labels(
    node: Cursor<'_>,
    read: Option<Placed<TableLayout>>,
    sink: &mut Sink,
) -> Option<Placed<TableLayout>> {
    one_meaning(node, (TableLayout::FIELDS.real, TableLayout::FIELDS.fake), sink);
    read
}

/// Reports values that mean real and fake, whatever else of the layout is wrong.
pub(super) fn one_meaning(
    node: Cursor<'_>,
    (real, fake): (&'static [Child], &'static [Child]),
    sink: &mut Sink,
) {
    let values = |listed| value_of_child::<Vec<String>>(node, listed);
    let (Some((real, real_at)), Some((fake, fake_at))) = (values(real), values(fake)) else {
        return;
    };
    let mut known: BTreeMap<&str, Origin> = BTreeMap::new();
    for (value, at) in real.iter().zip(real_at) {
        known.entry(value).or_insert(at);
    }
    for (value, at) in fake.iter().zip(fake_at) {
        if let Some(other) = known.get(value.as_str()) {
            sink.report(
                Diagnostic::error(Code::Contradiction, format!("`{value}` is real and fake"))
                    .text("a value of the label means one class")
                    .at(at, "fake here")
                    .and(*other, "real here"),
            );
        }
    }
}
