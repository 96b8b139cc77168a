//! `layout folder`: class folders.

use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{DataPath, Label, Split};
use crate::node::{Placed, Words, node};
use crate::schema::Preset::Bool;
use crate::schema::{Type, at_least_once};

node! {
    /// Images or video files in class folders, optionally one level of video folders inside.
    pub struct FolderLayout = "layout" {
        properties {
            /// The folder that holds the class folders.
            root: DataPath = Type::Path.required(),
            /// Whether a class folder holds one folder per video.
            videos: bool = Type::Bool.or(Bool(false)),
        }
        children {
            /// The class folders.
            classes: Vec<Placed<FolderClass>> = [at_least_once(FolderClass::SPEC)],
        }
    }
    check = both_classes;
}

node! {
    /// A class folder.
    pub struct FolderClass = "class", keyed {
        arguments {
            /// Path relative to the root.
            folder: String = Type::Text.required(),
        }
        properties {
            /// Real or fake.
            label: Label = Label::WORD.required(),
            /// For fakes, the manipulation, if known.
            manipulation: Option<String> = Type::Text.optional(),
            /// The split all of it belongs to, if the folder decides that.
            split: Option<Split> = Split::WORD.optional(),
        }
    }
    check = reals_are_not_manipulated;
}

fn both_classes(
    node: Cursor<'_>,
    read: Option<Placed<FolderLayout>>,
    sink: &mut Sink,
) -> Option<Placed<FolderLayout>> {
    let layout = read?;
    for label in [Label::Real, Label::Fake] {
        if !layout.classes.is_empty() && layout.classes.iter().all(|class| class.label != label) {
            let word = label.word();
            sink.report(
                Diagnostic::error(
                    Code::MissingNode,
                    format!("`layout folder` without a {word} class"),
                )
                .text("a detector needs real and fake images")
                .at(node.origin(), format!("needs a `class` with `label={word}`")),
            );
        }
    }
    Some(layout)
}

fn reals_are_not_manipulated(
    _: Cursor<'_>,
    read: Option<Placed<FolderClass>>,
    sink: &mut Sink,
) -> Option<Placed<FolderClass>> {
    let class = read?;
    if class.label == Label::Real && class.manipulation.is_some() {
        sink.report(
            Diagnostic::error(Code::Contradiction, "a manipulation of real images")
                .text("what is real was not manipulated")
                .at(class.at.manipulation, "the manipulation")
                .and(class.at.label, "declared real")
                .help("remove `manipulation`, or write `label=fake`"),
        );
    }
    Some(class)
}
