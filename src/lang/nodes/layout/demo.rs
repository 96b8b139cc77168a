//! `layout demo`: drawn faces, generated from a seed.

use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::Family;
use crate::node::{Placed, Words, node, words};
use crate::nodes::common::{COUNT, SEED};
use crate::schema::Preset::Whole;
use crate::schema::{Field, NodeSpec, Type, any_number};
use crate::span::Origin;
use crate::suggest::{list, nearest};
use crate::vocabulary::DEMO_METHODS;

node! {
    /// The synthetic demo, drawn by Proofmark itself from a seed.
    pub struct DemoLayout = "layout" {
        properties {
            /// Capture conditions.
            capture: DemoCapture = DemoCapture::WORD.required(),
            /// Seed; another one has other identities.
            seed: u64 = SEED.or(Whole(0)),
            /// Number of identities.
            identities: u32 = COUNT.or(Whole(24)),
            /// Real videos per identity.
            videos: u32 = COUNT.or(Whole(2)),
            /// Fake videos per identity, spread over the methods.
            fakes: u32 = COUNT.or(Whole(4)),
            /// Frames (faces) per video.
            frames: u32 = COUNT.or(Whole(3)),
        }
        children {
            /// Methods that are hidden from the manifest; those of the data set's own `manipulation`
            /// nodes are used if there are none.
            hidden_methods: Vec<String> = [any_number(&METHOD)] via methods,
        }
    }
    check = few_frames;
}

static METHOD: NodeSpec = NodeSpec::value(
    "method",
    "A demo method that is used but hidden, as in material of unknown origin.",
    &[METHOD_NAME],
)
.keyed();

const METHOD_NAME: Field = Type::Text.required().named("name", "Name of the demo method.");

words! {
    /// Capture conditions of a demo data set.
    pub enum DemoCapture {
        /// even light, plain background, light compression
        Studio = "studio",
        /// low resolution, noise, warm light
        Webcam = "webcam",
        /// hard light, motion blur
        Phone = "phone",
        /// cool light, medium compression
        Broadcast = "broadcast",
        /// faded colours, blur
        Archive = "archive",
        /// dark, high contrast
        Cinema = "cinema",
        /// recompressed, rescaled and filtered
        Social = "social",
    }
}

/// Most frames of a demo.
const MOST_FRAMES: u64 = 10_000_000;

fn few_frames(
    node: Cursor<'_>,
    read: Option<Placed<DemoLayout>>,
    sink: &mut Sink,
) -> Option<Placed<DemoLayout>> {
    let demo = read?;
    let each = u64::from(demo.videos) + u64::from(demo.fakes);
    let drawn = u64::from(demo.identities) * each * u64::from(demo.frames);
    if drawn <= MOST_FRAMES {
        return Some(demo);
    }
    sink.report(
        Diagnostic::error(Code::OutOfRange, "a demo of too many frames")
            .text(format!(
                "identities, videos of each and frames of each make {drawn} frames, of which a \
                 demo has at most {MOST_FRAMES}"
            ))
            .at(node.origin(), "this demo")
            .help("declare fewer of one of them"),
    );
    None
}

fn methods(layout: Cursor<'_>, sink: &mut Sink) -> Option<(Vec<String>, Vec<Origin>)> {
    let listed = [any_number(&METHOD)];
    let read = layout.among(&listed).map(|method| {
        let name = method.read::<String>(&METHOD_NAME)?;
        demo_family((&name.value, name.origin), sink).map(|_| (name.value, name.origin))
    });
    let read: Vec<Option<(String, Origin)>> = read.collect();
    Some(read.into_iter().collect::<Option<Vec<_>>>()?.into_iter().unzip())
}

/// The family of a demo method; reports a method that does not exist.
pub(crate) fn demo_family((name, at): (&str, Origin), sink: &mut Sink) -> Option<Family> {
    let found = DEMO_METHODS.iter().find(|(method, _)| *method == name);
    if found.is_none() {
        let methods = || DEMO_METHODS.iter().map(|(method, _)| *method);
        let near = nearest(name, methods());
        sink.report(
            Diagnostic::error(Code::UnknownWord, format!("unknown demo method `{name}`"))
                .text(format!("the methods are {}", list(methods(), "and")))
                .at(at, "not one of them")
                .maybe_help(near.map(|near| format!("did you mean `{near}`?"))),
        );
    }
    found.map(|(_, family)| *family)
}
