//! `dataset` and everything in it.

use std::collections::BTreeMap;

use crate::cursor::{Cursor, read_words};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{
    BenchLayout, Dataset, DemoCapture, DemoLayout, Detector, Expect, FaceRule, Family, FolderClass,
    FolderLayout, FrameRule, Framing, Label, Layout, Manipulation, Overlap, Released,
    ReleasedLayout, SplitRule, TableLayout, Take,
};
use crate::span::Spanned;
use crate::suggest::{list, nearest};
use crate::tree::Node;
use crate::vocabulary::DEMO_METHODS;

read_words!(DemoCapture {
    "studio" => Studio,
    "webcam" => Webcam,
    "phone" => Phone,
    "broadcast" => Broadcast,
    "archive" => Archive,
    "cinema" => Cinema,
    "social" => Social,
});
read_words!(Overlap { "refuse" => Refuse, "accept" => Accept, });
read_words!(Take { "all" => All, "largest" => Largest, });
read_words!(Framing { "square" => Square, "box" => Box, });
read_words!(Detector { "none" => None, "retinaface" => Retinaface, });
read_words!(Released {
    "faceforensics" => Faceforensics,
    "celebdf" => Celebdf,
    "dfdc" => Dfdc,
    "fakeavceleb" => Fakeavceleb,
    "forgerynet" => Forgerynet,
    "df40" => Df40,
    "wilddeepfake" => Wilddeepfake,
    "deepfake-eval-2024" => DeepfakeEval2024,
});

/// Values of a label.
type Texts = Vec<Spanned<String>>;

/// Margin of a detected face, as in the paper (section 4.1).
const MARGIN: f64 = 0.3;

/// Most frames of a demo.
const DEMO_FRAMES: u64 = 10_000_000;

/// Decodes a `dataset`.
pub(crate) fn dataset(node: Cursor<'_>, sink: &mut Sink) -> Option<Dataset> {
    let name = node.get("name");
    let title = match node.child("title") {
        Some(title) => title.get("text").map(Some),
        None => Some(None),
    };
    let layout = node.child("layout").and_then(|layout| self::layout(layout, sink));
    let demo = layout.as_ref().is_some_and(|layout| layout.demo().is_some());
    let manipulations = all(node.children("manipulation").map(|m| manipulation(m, demo, sink)));
    if let (Some(Layout::Demo(demo)), Some([])) = (&layout, manipulations.as_deref())
        && demo.hidden_methods.is_empty()
    {
        sink.report(
            Diagnostic::error(Code::MissingNode, "a demo without methods")
                .text(
                    "a demo needs at least one `manipulation`, or a `method` in its `layout` block",
                )
                .at(node.origin(), "nothing would be fake")
                .help(format!("the methods are {}", list(DEMO_METHODS.iter().map(|m| m.0), "and"))),
        );
    }
    if let (Some(Layout::Demo(demo)), Some([shown, ..])) = (&layout, manipulations.as_deref())
        && let Some(hidden) = demo.hidden_methods.first()
    {
        sink.report(
            Diagnostic::error(Code::Conflict, "shown and hidden methods")
                .text("a demo's methods are either all shown, as `manipulation`, or all hidden, as `method`")
                .at(hidden.origin, "hidden")
                .and(shown.name.origin, "shown")
                .help("keep one kind"),
        );
    }
    let split = match node.child("split") {
        Some(split) => split_rule(split, sink),
        None => Some(SplitRule::OFFICIAL),
    };
    let overlap = match (node.child("split"), &split) {
        (Some(node), Some(SplitRule::Official { .. })) => node.get("overlap"),
        (None, _) | (Some(_), None | Some(SplitRule::Carve { .. } | SplitRule::Only { .. })) => {
            Some(Spanned::default_of(Overlap::Refuse))
        }
    };
    let frames = match node.child("frames") {
        Some(frames) => frame_rule(frames),
        None => Some(FrameRule::All),
    };
    let faces = face_rule(node, layout.as_ref());
    let landmarks = match node.child("landmarks") {
        Some(landmarks) => landmarks.path("path").map(Some),
        None => Some(None),
    };
    let min_coverage = node.child_value("min-coverage");
    let expect = match node.child("expect") {
        Some(expect) => self::expect(expect).map(Some),
        None => Some(None),
    };
    Some(Dataset {
        name: name?,
        title: title?,
        layout: layout?,
        manipulations: manipulations?,
        split: split?,
        overlap: overlap?,
        frames: frames?,
        faces: faces?,
        landmarks: landmarks?,
        min_coverage: min_coverage?,
        expect: expect?,
    })
}

/// Everything, if everything is right; goes through all of it in any case.
fn all<T>(items: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    items.collect::<Vec<_>>().into_iter().collect()
}

/// The words of `layout`; those of releases are [`Released`].
enum LayoutWord {
    Demo,
    Folder,
    Table,
    Deepfakebench,
}
read_words!(LayoutWord {
    "demo" => Demo,
    "folder" => Folder,
    "table" => Table,
    "deepfakebench" => Deepfakebench,
});

fn layout(node: Cursor<'_>, sink: &mut Sink) -> Option<Layout> {
    let Some(word) = node.get::<LayoutWord>("kind") else {
        return released(node).map(Layout::Released);
    };
    match word.value {
        LayoutWord::Demo => demo(node, sink).map(Layout::Demo),
        LayoutWord::Folder => folder(node, sink).map(Layout::Folder),
        LayoutWord::Table => table(node, sink).map(|layout| Layout::Table(Box::new(layout))),
        LayoutWord::Deepfakebench => bench(node, sink).map(Layout::Deepfakebench),
    }
}

fn demo(node: Cursor<'_>, sink: &mut Sink) -> Option<DemoLayout> {
    let mut method = |method: Cursor<'_>| {
        let name = method.get::<String>("name")?;
        demo_family(&name, sink).map(|_| name)
    };
    let hidden_methods = all(node.children("method").map(&mut method));
    let counts = ["identities", "videos", "fakes", "frames"].map(|name| node.get::<u32>(name));
    if let [Some(identities), Some(videos), Some(fakes), Some(frames)] = counts {
        let each = u64::from(videos.value) + u64::from(fakes.value);
        let drawn = u64::from(identities.value) * each * u64::from(frames.value);
        if drawn > DEMO_FRAMES {
            sink.report(
                Diagnostic::error(Code::OutOfRange, "a demo of too many frames")
                    .text(format!(
                        "identities, videos of each and frames of each make {drawn} frames, of \
                         which a demo has at most {DEMO_FRAMES}"
                    ))
                    .at(node.origin(), "this demo")
                    .help("declare fewer of one of them"),
            );
            return None;
        }
    }
    Some(DemoLayout {
        seed: node.get("seed")?,
        capture: node.get("capture")?,
        identities: node.get("identities")?,
        videos: node.get("videos")?,
        fakes: node.get("fakes")?,
        frames: node.get("frames")?,
        hidden_methods: hidden_methods?,
    })
}

/// The family of a demo method; reports a method that does not exist.
fn demo_family(name: &Spanned<String>, sink: &mut Sink) -> Option<Family> {
    let found = DEMO_METHODS.iter().find(|(method, _)| *method == name.value);
    if found.is_none() {
        let methods = || DEMO_METHODS.iter().map(|(method, _)| *method);
        let near = nearest(&name.value, methods());
        sink.report(
            Diagnostic::error(Code::UnknownWord, format!("unknown demo method `{}`", name.value))
                .text(format!("the methods are {}", list(methods(), "and")))
                .at(name.origin, "not one of them")
                .maybe_help(near.map(|near| format!("did you mean `{near}`?"))),
        );
    }
    found.map(|(_, family)| *family)
}

fn folder(node: Cursor<'_>, sink: &mut Sink) -> Option<FolderLayout> {
    let classes = all(node.children("class").map(|class| folder_class(class, sink)))?;
    for label in [Label::Real, Label::Fake] {
        if !classes.is_empty() && classes.iter().all(|class| class.label.value != label) {
            let word = if label == Label::Real { "real" } else { "fake" };
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
    Some(FolderLayout { root: node.path("root")?, videos: node.get("videos")?, classes })
}

fn folder_class(node: Cursor<'_>, sink: &mut Sink) -> Option<FolderClass> {
    let class = FolderClass {
        folder: node.get("folder")?,
        label: node.get("label")?,
        manipulation: node.maybe("manipulation")?,
        split: node.maybe("split")?,
    };
    if class.label.value == Label::Real
        && let Some(manipulation) = &class.manipulation
    {
        sink.report(
            Diagnostic::error(Code::Contradiction, "a manipulation of real images")
                .text("what is real was not manipulated")
                .at(manipulation.origin, "the manipulation")
                .and(class.label.origin, "declared real")
                .help("remove `manipulation`, or write `label=fake`"),
        );
    }
    Some(class)
}

/// The values that mean real and those that mean fake, none of which is both.
fn polarity(node: Cursor<'_>, sink: &mut Sink) -> Option<(Texts, Texts)> {
    let real = node.child("real")?.texts()?;
    let fake = node.child("fake")?.texts()?;
    let mut known: BTreeMap<&str, &Spanned<String>> = BTreeMap::new();
    for value in &real {
        known.entry(&value.value).or_insert(value);
    }
    for value in &fake {
        if let Some(other) = known.get(&*value.value) {
            sink.report(
                Diagnostic::error(
                    Code::Contradiction,
                    format!("`{}` is real and fake", value.value),
                )
                .text("a value of the label means one class")
                .at(value.origin, "fake here")
                .and(other.origin, "real here"),
            );
        }
    }
    Some((real, fake))
}

fn bench(node: Cursor<'_>, sink: &mut Sink) -> Option<BenchLayout> {
    let (real, fake) = polarity(node, sink)?;
    Some(BenchLayout {
        root: node.path("root")?,
        file: node.path("file")?,
        compression: node.maybe("compression")?,
        real,
        fake,
    })
}

fn table(node: Cursor<'_>, sink: &mut Sink) -> Option<TableLayout> {
    let (real, fake) = polarity(node, sink)?;
    Some(TableLayout {
        file: node.path("file")?,
        root: if node.has("root") { Some(node.path("root")?) } else { None },
        path: node.get("path")?,
        label: node.get("label")?,
        real,
        fake,
        video: node.maybe("video")?,
        manipulation: node.maybe("manipulation")?,
        split: node.maybe("split")?,
        group: node.maybe("group")?,
        attributes: match node.child("attribute") {
            Some(attribute) => attribute.texts()?,
            None => Vec::new(),
        },
    })
}

fn released(node: Cursor<'_>) -> Option<ReleasedLayout> {
    let variant = node.spec.variant(node.variant())?;
    let mut switches = BTreeMap::new();
    for field in variant.properties {
        let given = node.has(field.name) || field.default.is_some();
        if field.name != "root" && given {
            switches.insert(field.name.to_owned(), node.get(field.name)?);
        }
    }
    Some(ReleasedLayout { name: node.get("kind")?, root: node.path("root")?, switches })
}

fn manipulation(node: Cursor<'_>, demo: bool, sink: &mut Sink) -> Option<Manipulation> {
    let name: Spanned<String> = node.get("name")?;
    let mut family: Option<Spanned<Family>> = node.maybe("family")?;
    if demo {
        let own = demo_family(&name, sink)?;
        if let Some(stated) = family.filter(|family| family.value != own) {
            sink.report(
                Diagnostic::error(
                    Code::Contradiction,
                    format!("another family than that of `{}`", name.value),
                )
                .text("a demo method has its family by what it draws")
                .at(stated.origin, "contradicts the method")
                .help("leave `family` out"),
            );
        }
        family = Some(family.unwrap_or(Spanned::default_of(own)));
    }
    Some(Manipulation { name, family, title: node.maybe("title")? })
}

/// The words of `split`.
enum SplitWord {
    Official,
    Carve,
}
read_words!(SplitWord { "official" => Official, "carve" => Carve, });

fn split_rule(node: Cursor<'_>, sink: &mut Sink) -> Option<SplitRule> {
    if node.has("only") {
        return Some(SplitRule::Only { split: node.get("only")? });
    }
    match node.get("rule")?.value {
        SplitWord::Official => {
            Some(SplitRule::Official { val: node.maybe("val")?, seed: node.get("seed")? })
        }
        SplitWord::Carve => carved(node, sink),
    }
}

fn carved(node: Cursor<'_>, sink: &mut Sink) -> Option<SplitRule> {
    let [train, val, test] = ["train", "val", "test"].map(|name| node.get::<f64>(name));
    let (train, val, test) = (train?, val?, test?);
    let sum = train.value + val.value + test.value;
    // Percentages such as 33.3 and 66.7 do not add up exactly.
    if (sum - 1.0).abs() > 1e-9 {
        sink.report(
            Diagnostic::error(Code::SplitSum, "parts that do not make a whole")
                .text(format!("train, val and test add up to {}, not 1", rounded(sum)))
                .at(test.origin, "the last part")
                .and(train.origin, "the first part")
                .and(val.origin, "the second part")
                .help("change one of them so that they add up to `(%)100`"),
        );
    }
    Some(SplitRule::Carve { train, val, test, seed: node.get("seed")? })
}

/// Without the noise of binary fractions.
fn rounded(x: f64) -> f64 {
    (x * 1e9).round() / 1e9
}

fn frame_rule(node: Cursor<'_>) -> Option<FrameRule> {
    if node.has("fps") {
        Some(FrameRule::Fps { fps: node.get("fps")? })
    } else if node.has("every") {
        Some(FrameRule::Every { every: node.get("every")? })
    } else {
        Some(FrameRule::Count { count: node.get("count")? })
    }
}

fn face_rule(dataset: Cursor<'_>, layout: Option<&Layout>) -> Option<FaceRule> {
    // Released sets of face crops need no detector either.
    let videos = match layout {
        Some(Layout::Released(released)) => released.name.value.is_videos(),
        None
        | Some(Layout::Demo(_) | Layout::Folder(_) | Layout::Table(_) | Layout::Deepfakebench(_)) => {
            false
        }
    };
    let usual = if videos { Detector::Retinaface } else { Detector::None };
    let unwritten = Node::empty("faces");
    let node = dataset.child("faces").unwrap_or_else(|| dataset.unwritten(&unwritten));
    let detector = node.maybe("detector")?.unwrap_or(Spanned::default_of(usual));
    let usual = if detector.value == Detector::None { 0.0 } else { MARGIN };
    Some(FaceRule {
        detector,
        weights: if node.has("weights") { Some(node.path("weights")?) } else { None },
        score: node.get("score")?,
        nms: node.get("nms")?,
        min_face: node.get("min-face")?,
        long_side: node.get("long-side")?,
        take: node.get("take")?,
        margin: node.maybe("margin")?.unwrap_or(Spanned::default_of(usual)),
        framing: node.get("framing")?,
        filter: node.get("filter")?,
        size: node.get("size")?,
    })
}

fn expect(node: Cursor<'_>) -> Option<Expect> {
    Some(Expect {
        train: node.maybe("train")?,
        val: node.maybe("val")?,
        test: node.maybe("test")?,
        real: node.maybe("real")?,
        fake: node.maybe("fake")?,
        face_swaps: node.maybe("face-swap")?,
        reenactments: node.maybe("reenactment")?,
        real_samples: node.maybe("real-samples")?,
        fake_samples: node.maybe("fake-samples")?,
        real_frames: node.maybe("real-frames")?,
        fake_frames: node.maybe("fake-frames")?,
    })
}
