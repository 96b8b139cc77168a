//! `job`: what the jobs of a cluster ask for.

use super::texts::is_word;
use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::limits;
use crate::node::{Placed, Words, node, words};
use crate::schema::{Field, Type, Variant, whole};
use crate::span::Origin;

node! {
    /// What jobs ask for: all of them, those of a kind, those of an experiment, or those of a kind
    /// of an experiment. What is said of fewer stands above what is said of more, in this order.
    pub struct Job = "job" {
        arguments {
            /// Of which kind; all if absent.
            kind: Option<JobKind> = JobKind::WORD.optional(),
        }
        properties {
            /// Of which experiment; all if absent.
            experiment: Option<String> = Type::Text.optional(),
            /// Processor cores; of each process, where there are several. Where nothing says how many,
            /// Slurm decides.
            cpus: Option<u32> = whole(&limits::CPUS).optional(),
            /// Memory; of each process, where there are several.
            memory: Option<u64> = Type::Memory.optional(),
            /// Longest time. A training that needs more saves what it has and begins again.
            time: Option<u64> = Type::Time(limits::JOB_TIME.0, limits::JOB_TIME.1).optional(),
            /// GPUs; of each process, where there are several.
            gpus: Option<u32> = Type::Whole(0, 1024).optional(),
            /// Model of the GPUs, as the cluster calls it.
            gpu: Option<String> = Type::Text.optional(),
            /// Partition.
            partition: Option<String> = Type::Text.optional(),
        }
        made {
            /// Jobs that prepare the faces of a data set together; of `job faces`.
            shares: Option<u32> = shares,
            /// Processes that train together; of `job train`.
            ranks: Option<u32> = ranks,
        }
        variants = &OF_KIND
    }
    check = check;
}

static OF_KIND: [Variant; 2] = [
    Variant {
        word: "faces",
        doc: "Preparing the faces of a data set has one more.",
        properties: &[SHARES],
        children: &[],
    },
    Variant { word: "train", doc: "Training has one more.", properties: &[RANKS], children: &[] },
];

const SHARES: Field = whole(&limits::SHARES).optional().named(
    "shares",
    "In how many jobs the faces of a data set are prepared, each a share of its videos; in one if absent.",
);
const RANKS: Field = whole(&limits::RANKS).optional().named(
    "ranks",
    "Processes that train one model together; one if absent. They need a proofmark that is built with `--features mpi`, and a recipe with as many parts (`micro`).",
);

words! {
    /// Kinds of jobs: those of stages, and the one that writes tables.
    pub enum JobKind {
        /// faces of a data set
        Faces = "faces",
        /// points of faces, for pseudo-fakes
        Landmarks = "landmarks",
        /// the sample of an ensemble
        Sample = "sample",
        /// a model
        Train = "train",
        /// scores of a split
        Predict = "predict",
        /// what makes scores probabilities
        Calibrate = "calibrate",
        /// embeddings of a split
        Embed = "embed",
        /// how far the classes of embeddings lie apart
        Separate = "separate",
        /// tables and the page
        Report = "report",
    }
}

impl JobKind {
    /// Whether each such job is of one experiment.
    fn is_of_an_experiment(self) -> bool {
        match self {
            Self::Train | Self::Predict | Self::Calibrate | Self::Embed | Self::Separate => true,
            Self::Faces | Self::Landmarks | Self::Sample | Self::Report => false,
        }
    }
}

fn optional(node: Cursor<'_>, field: &Field) -> Option<(Option<u32>, Origin)> {
    match node.given(field) {
        true => node.read::<u32>(field).map(|read| (Some(read.value), read.origin)),
        false => Some((None, Origin::DEFAULT)),
    }
}

fn shares(node: Cursor<'_>, _: &mut Sink) -> Option<(Option<u32>, Origin)> {
    optional(node, &SHARES)
}

fn ranks(node: Cursor<'_>, _: &mut Sink) -> Option<(Option<u32>, Origin)> {
    optional(node, &RANKS)
}

impl Job {
    /// For whom it is, as it is written: `train experiment=base`.
    pub(super) fn whose(&self) -> String {
        let kind = self.kind.map(|kind| format!(" {}", kind.word()));
        let experiment = self.experiment.as_ref().map(|name| format!(" experiment={name}"));
        format!("job{}{}", kind.unwrap_or_default(), experiment.unwrap_or_default())
    }

    /// Whether it is about jobs of a kind, of an experiment if they are of one.
    pub(super) fn is_about(&self, kind: &str, experiment: Option<&str>) -> bool {
        self.kind.is_none_or(|own| own.word() == kind)
            && self.experiment.as_deref().is_none_or(|own| Some(own) == experiment)
    }

    /// How much it is about: what is said of fewer jobs stands above what is said of more.
    pub(super) fn rank(&self) -> (bool, bool) {
        (self.experiment.is_some(), self.kind.is_some())
    }
}

fn check(node: Cursor<'_>, read: Option<Placed<Job>>, sink: &mut Sink) -> Option<Placed<Job>> {
    let job = read?;
    for (what, text, at) in
        [("gpu", &job.gpu, job.at.gpu), ("partition", &job.partition, job.at.partition)]
    {
        if let Some(text) = text {
            is_word(text, what, at, sink);
        }
    }
    if let Some(kind) =
        job.kind.filter(|kind| job.experiment.is_some() && !kind.is_of_an_experiment())
    {
        sink.report(
            Diagnostic::error(
                Code::Contradiction,
                format!("`{}` jobs of an experiment", kind.word()),
            )
            .text(format!("`{}` jobs are made for all experiments together", kind.word()))
            .at(job.at.experiment, "is not asked for by one")
            .help("remove `experiment=`"),
        );
    }
    let says_nothing =
        node.node.properties.iter().all(|(key, _)| key.value == "experiment") && !node.node.block;
    if says_nothing {
        sink.report(
            Diagnostic::error(Code::MissingKey, format!("`{}` asks for nothing", job.whose()))
                .at(node.origin(), "needs `cpus=..`, `memory=..`, `time=..` or others"),
        );
    }
    Some(job)
}
