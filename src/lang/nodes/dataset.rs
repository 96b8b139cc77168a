//! `dataset`: where media lie and what they mean.

use super::faces::{Frames, frames};
use super::label::Family;
use super::layout::{LAYOUT, demo_family};
use super::split::{SPLIT, overlap};
use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::limits;
use crate::model::{DataPath, DemoLayout, FaceRule, FrameRule, Layout, Overlap, SplitRule};
use crate::node::{Decode, Nodes, Placed, Words, node};
use crate::schema::Preset::Number;
use crate::schema::{Type, any_number, at_most_once, once, whole};
use crate::suggest::list;
use crate::vocabulary::DEMO_METHODS;

node! {
    /// A data set: where its media lie and what they mean. It is declared once.
    pub struct Dataset = "dataset" {
        arguments {
            /// Name by which everything else refers to it.
            name: String = Type::Name.required(),
        }
        children {
            /// The name for readers.
            title: Option<String> =
                AtMostOnce (arguments "text", Type::Text.required(), "The name."),
            /// How the files lie on disk.
            layout: Layout = [once(&LAYOUT)],
            /// Declared manipulations, in order.
            manipulations: Vec<Placed<Manipulation>> =
                [any_number(Manipulation::SPEC)] via manipulations,
            /// How videos are divided into train, val and test.
            split: SplitRule = [at_most_once(&SPLIT)],
            /// Which frames of a video are used.
            frames: FrameRule = [at_most_once(Frames::SPEC)] via frames,
            /// How a face is cut from a frame.
            faces: Placed<FaceRule> = [at_most_once(FaceRule::SPEC)],
            /// Points of the faces, for pseudo-fakes: CSV or Parquet with the columns `video`,
            /// `frame`, `x0`, `y0` to `x67`, `y67` (or `x80`, `y80`, with the forehead) in pixels of
            /// the frame, a row for each face. `video` is the video's key; `frame` is the frame of a
            /// video file, or of a folder of images the position from 0, the number in the file's
            /// name or that name. A network that Proofmark carries finds 68 points if absent.
            landmarks: Option<DataPath> [since 2] =
                AtMostOnce (arguments "path", Type::Path.required(), "The file."),
            /// Smallest fraction of videos with a usable face; below it a column is an error.
            min_coverage: f64 = AtMostOnce (
                arguments "fraction", Type::Fraction.required().or(Number(0.9)), "The fraction."
            ),
            /// Published numbers.
            expect: Option<Placed<Expect>> = [at_most_once(Expect::SPEC)],
        }
        made {
            /// What to do about identities and originals that an official division has in several
            /// splits. It changes no result, only whether there is one.
            overlap: Overlap = overlap,
        }
    }
    check = check_demo;
}

node! {
    /// A manipulation method of the data set.
    pub struct Manipulation = "manipulation", keyed {
        arguments {
            /// Name as the data set spells it.
            name: String = Type::Text.required(),
        }
        properties {
            /// Family, for attribution by category and family averages; a demo method has its own.
            family: Option<Family> = Family::WORD.optional(),
            /// Name for readers.
            title: Option<String> = Type::Text.optional(),
        }
    }
}

const PUBLISHED: Type = whole(&limits::PUBLISHED);

node! {
    /// Published numbers, for comparison only; `proofmark data` prints them beside what is found,
    /// and `proofmark audit` compares them with each other.
    /// Samples and frames that are a multiple of 1,000 count as rounded to thousands.
    #[derive(Default)]
    pub struct Expect = "expect" {
        properties {
            /// Videos in train.
            train: Option<u64> = PUBLISHED.optional(),
            /// Videos in val.
            val: Option<u64> = PUBLISHED.optional(),
            /// Videos in test.
            test: Option<u64> = PUBLISHED.optional(),
            /// Real videos, of all splits.
            real: Option<u64> = PUBLISHED.optional(),
            /// Fake videos, of all splits.
            fake: Option<u64> = PUBLISHED.optional(),
            /// Manipulations that are face swaps.
            face_swaps as "face-swap": Option<u64> = PUBLISHED.optional(),
            /// Manipulations that are reenactments.
            reenactments as "reenactment": Option<u64> = PUBLISHED.optional(),
            /// Real faces sampled for training.
            real_samples: Option<u64> = PUBLISHED.optional(),
            /// Fake faces sampled for training.
            fake_samples: Option<u64> = PUBLISHED.optional(),
            /// Frames of the real videos, after `frames`.
            real_frames: Option<u64> = PUBLISHED.optional(),
            /// Frames of the fake videos, after `frames`.
            fake_frames: Option<u64> = PUBLISHED.optional(),
            /// Frames of all videos, after `frames`.
            frames: Option<u64> = PUBLISHED.optional(),
        }
    }
}

/// Reads the manipulations, of which those of a demo have their families by what they draw.
fn manipulations(
    dataset: Cursor<'_>,
    sink: &mut Sink,
) -> Option<(Vec<Placed<Manipulation>>, Vec<()>)> {
    let demo = demo_of(dataset).is_some();
    let mut read = |node| {
        let mut method = Manipulation::decode(node, sink)?;
        if !demo {
            return Some(method);
        }
        let own = demo_family((&method.name, method.at.name), sink)?;
        if method.family.is_some_and(|family| family != own) {
            sink.report(
                Diagnostic::error(
                    Code::Contradiction,
                    format!("another family than that of `{}`", method.name),
                )
                .text("a demo method has its family by what it draws")
                .at(method.at.family, "contradicts the method")
                .help("leave `family` out"),
            );
        }
        method.family.get_or_insert(own);
        Some(method)
    };
    let read: Vec<_> = dataset.among(Dataset::FIELDS.manipulations).map(&mut read).collect();
    Some((read.into_iter().collect::<Option<_>>()?, Vec::new()))
}

/// The demo that a data set declares, if it is one.
fn demo_of(dataset: Cursor<'_>) -> Option<Placed<DemoLayout>> {
    match Layout::nodes(dataset, Dataset::FIELDS.layout, &mut Sink::default())? {
        Layout::Demo(demo) => Some(demo),
        Layout::Folder(_) | Layout::Table(_) | Layout::Released(_) | Layout::Deepfakebench(_) => {
            None
        }
    }
}

/// Reports a demo that has no methods, or some that are shown and some that are hidden, whatever
/// else of the data set is wrong.
fn check_demo(
    dataset: Cursor<'_>,
    read: Option<Placed<Dataset>>,
    sink: &mut Sink,
) -> Option<Placed<Dataset>> {
    let Some(demo) = demo_of(dataset) else { return read };
    let shown = dataset.among(Dataset::FIELDS.manipulations).next();
    let hidden = demo.at.hidden_methods.first();
    match (shown, hidden) {
        (None, None) => sink.report(
            Diagnostic::error(Code::MissingNode, "a demo without methods")
                .text(
                    "a demo needs at least one `manipulation`, or a `method` in its `layout` block",
                )
                .at(dataset.origin(), "nothing would be fake")
                .help(format!("the methods are {}", list(DEMO_METHODS.iter().map(|m| m.0), "and"))),
        ),
        (Some(shown), Some(hidden)) => {
            let at = shown.node.label().map_or(shown.origin(), |name| name.origin);
            sink.report(
                Diagnostic::error(Code::Conflict, "shown and hidden methods")
                    .text("a demo's methods are either all shown, as `manipulation`, or all hidden, as `method`")
                    .at(*hidden, "hidden")
                    .and(at, "shown")
                    .help("keep one kind"),
            );
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    read
}
