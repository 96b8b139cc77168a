//! `ensemble`: data sets trained on together (paper section 3.1).

use super::common::SEED;
use super::dataset::Expect;
use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::limits;
use crate::model::Split;
use crate::node::{Decode, Placed, Words, node, words};
use crate::schema::Preset::{Bool, Text, Whole};
use crate::schema::{Kind, Type, any_number, at_most_once, whole};

node! {
    /// Data sets trained on together (paper section 3.1).
    pub struct Ensemble = "ensemble" {
        arguments {
            /// Name by which everything else refers to it.
            name: String = Type::Name.required(),
        }
        children {
            /// Its data sets, and then those that pseudo-fakes are made of, in order.
            sources: Vec<Placed<Source>> =
                [any_number(Source::SPEC), any_number(PseudoFake::SPEC)] via sources,
            /// How faces are sampled; all faces if absent.
            sample: Option<Placed<SampleRule>> = [at_most_once(SampleRule::SPEC)],
            /// Published totals over its data sets, which `proofmark audit` computes again.
            expect: Option<Placed<Expect>> [unkeyed] = [at_most_once(Expect::SPEC)],
        }
    }
    check = has_sources;
}

node! {
    /// One data set of the ensemble; at least one, or a `pseudo-fake`.
    pub struct Source = "source", keyed {
        arguments {
            /// The data set.
            dataset: String = Type::Ref(Kind::Dataset).required(),
        }
        properties {
            /// Split trained on.
            train: Split = Split::WORD.or(Text("train")),
            /// Split that selects the checkpoint; never `test`.
            val: Split = Split::WORD.or(Text("val")),
        }
        made {
            /// Only its reals are used, and each has a fake that is made of it while training.
            pseudo_fake: Option<Placed<PseudoFake>> [since 2] = nothing_made,
        }
    }
    check = selects;
}

node! {
    /// Fakes that are made of a data set's reals while training. Each real is in a batch together
    /// with its own fake; all reals with landmarks are used.
    pub struct PseudoFake = "pseudo-fake" {
        arguments {
            /// How they are made.
            kind: PseudoFakeKind = PseudoFakeKind::WORD.required(),
        }
        properties {
            /// The data set with the reals.
            from: String [unkeyed] = Type::Ref(Kind::Dataset).required(),
            /// Split trained on.
            train: Split [unkeyed] = Split::WORD.or(Text("train")),
            /// Split that selects the checkpoint; never `test`.
            val: Split [unkeyed] = Split::WORD.or(Text("val")),
            /// The part of the face that is blended in.
            hull: Hull = Hull::WORD.or(Text("mixed")),
            /// Whether colours and JPEG of real and fake are then augmented, both in the same way.
            post_augment: bool = Type::Bool.or(Bool(true)),
        }
    }
}

words! {
    /// Kinds of pseudo-fake.
    pub enum PseudoFakeKind {
        /// a face blended into itself (Shiohara and Yamasaki 2022)
        SelfBlended = "self-blended",
    }
}

words! {
    /// The part of a face that is blended in.
    pub enum Hull {
        /// one of `face`, `full`, `components` and `extended`, each as often
        Mixed = "mixed",
        /// the hull of all points with a soft edge, with the forehead if there are 81
        Face = "face",
        /// jaw and mouth, nose, brows: three hulls
        Full = "full",
        /// hulls around cheeks, forehead and nose
        Components = "components",
        /// the same with the brows pushed up
        Extended = "extended",
        /// the hull of all points
        Convex = "convex",
    }
}

node! {
    /// Balanced sampling of training faces, equal over videos (paper section 4.1); all faces if
    /// absent.
    pub struct SampleRule = "sample" {
        properties {
            /// Aimed ratio of real to fake faces.
            real_to_fake: (f64, f64) = Type::Ratio.or(Text("1:1")),
            /// Faces taken from every video, if it has them.
            at_least: u32 = whole(&limits::SIZE).or(Whole(1)),
            /// How many faces each video gives of the class that has more than the ratio asks for.
            quota: Quota [since 2] = Quota::WORD.or(Text("exact")),
            /// Seed.
            seed: u64 = SEED.or(Whole(0)),
        }
    }
}

words! {
    /// How many faces each video gives.
    pub enum Quota {
        /// as many together as the ratio asks for: some videos give one more than others
        Exact = "exact",
        /// every fake video the same whole number, the least that reaches the ratio, and all reals: what Table 1 of the paper comes to
        Whole = "whole",
    }
}

impl Ensemble {
    /// Whether anything of a data set is trained on.
    pub fn trains_on(&self, dataset: &str) -> bool {
        self.sources.iter().any(|source| source.dataset == dataset)
    }

    /// The data sets and splits that validate.
    pub fn validation(&self) -> impl Iterator<Item = (String, Split)> {
        self.sources.iter().map(|source| (source.dataset.clone(), source.val))
    }

    /// Its pseudo-fakes, by the data set that they are made of.
    pub fn pseudo_fakes(&self) -> impl Iterator<Item = (&Placed<Source>, &Placed<PseudoFake>)> {
        self.sources.iter().filter_map(|source| Some((source, source.pseudo_fake.as_ref()?)))
    }
}

/// A `source`, of whose media no fakes are made.
fn nothing_made(_: Cursor<'_>, _: &mut Sink) -> Option<(Option<Placed<PseudoFake>>, ())> {
    Some((None, ()))
}

fn sources(node: Cursor<'_>, sink: &mut Sink) -> Option<(Vec<Placed<Source>>, Vec<()>)> {
    let of = |spec| [any_number(spec)];
    let mut sources: Vec<Option<Placed<Source>>> =
        node.among(&of(Source::SPEC)).map(|source| Source::decode(source, sink)).collect();
    sources.extend(node.among(&of(PseudoFake::SPEC)).map(|node| {
        let made = PseudoFake::decode(node, sink)?;
        let (dataset, train, val) = (made.from.clone(), made.train, made.val);
        let mut source =
            Placed::from(Source { dataset, train, val, pseudo_fake: Some(made.clone()) });
        source.node = made.node;
        (source.at.dataset, source.at.train, source.at.val) =
            (made.at.from, made.at.train, made.at.val);
        selects(node, Some(source), sink)
    }));
    Some((sources.into_iter().collect::<Option<_>>()?, Vec::new()))
}

fn has_sources(
    node: Cursor<'_>,
    read: Option<Placed<Ensemble>>,
    sink: &mut Sink,
) -> Option<Placed<Ensemble>> {
    let none = |child: &crate::tree::Node| child.name.value == SampleRule::SPEC.name;
    if node.node.children.iter().all(none) {
        sink.report(
            Diagnostic::error(Code::MissingNode, "`ensemble` without `source`")
                .at(node.origin(), "needs a `source` or a `pseudo-fake` in its block"),
        );
    }
    read.filter(|ensemble| !ensemble.sources.is_empty())
}

/// What selects the checkpoint of a training is not what it is trained or tested on.
fn selects(_: Cursor<'_>, read: Option<Placed<Source>>, sink: &mut Sink) -> Option<Placed<Source>> {
    let source = read?;
    if source.val == Split::Test {
        sink.report(
            Diagnostic::error(Code::SelectsOnTest, "selection on a test split")
                .text("a checkpoint chosen on the test split makes its reported numbers worthless")
                .at(source.at.val, "would see the test split")
                .help("select on `val`; carve one out of train if the release has none"),
        );
    } else if source.val == source.train {
        let stated = if source.at.val.is_default() { source.at.train } else { source.at.val };
        sink.report(
            Diagnostic::warning(Code::SelectsOnTrain, "selection on the faces trained on")
                .text("the training loss falls whatever the model learns, so the last epoch wins")
                .at(stated, "trains and selects on one split")
                .help("select on another split"),
        );
    }
    Some(source)
}
