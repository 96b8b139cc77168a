//! Settings that change nothing.

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{
    Attribution, AugmentKind, Dataset, Detector, Experiment, FaceRule, FrameRule, Init, Layout,
    Level, Placed, Precision, Project, Recipe, ScheduleKind, SplitRule, Table, Weights,
};
use crate::span::Origin;

/// Reports settings without effect.
pub(super) fn effects(project: &Project, sink: &mut Sink) {
    for dataset in project.datasets.values() {
        dataset_effects(dataset, sink);
    }
    for experiment in project.experiments.values() {
        recipe_effects(&experiment.recipe, sink);
        init_effects(&experiment.init, sink);
        let network = experiment.backbone.kind.about();
        if experiment.recipe.precision == Precision::Bf16 && !network.supports_bf16 {
            report(
                sink,
                &format!("bf16 of {}", network.name),
                "its products are f32 on every device, or TF32 on a GPU",
                experiment.recipe.at.precision,
                "remove `precision`",
            );
        }
        loss_effects(experiment, sink);
        if experiment.attribution.is_some() && experiment.ready().is_some() {
            report(
                sink,
                "attribution of a model that is ready",
                "its classes are the outputs of its `head`",
                experiment.at.attribution,
                "remove `attribution`",
            );
        }
        if experiment.attribution == Some(Attribution::Dataset)
            && experiment.data.sources.len() == 1
        {
            report(
                sink,
                "attribution with one class",
                "by one data set there are real and fake, as without attribution",
                experiment.at.attribution,
                "add a data set, or remove `attribution`",
            );
        }
    }
    for table in &project.tables {
        table_effects(table, sink);
    }
}

/// Reports a setting, unless nobody wrote it.
fn report(sink: &mut Sink, title: &str, text: &str, at: Origin, help: &str) {
    if !at.is_default() {
        sink.report(
            Diagnostic::warning(Code::NoEffect, title)
                .text(text)
                .at(at, "has no effect")
                .help(help),
        );
    }
}

/// What is said of a detector that there is not.
fn detector_effects(faces: &Placed<FaceRule>, sink: &mut Sink) {
    let at = &faces.at;
    for (name, origin) in [
        ("weights", at.weights),
        ("score", at.score),
        ("nms", at.nms),
        ("min-face", at.min_face),
        ("long-side", at.long_side),
        ("take", at.take),
        ("margin", at.margin),
        ("framing", at.framing),
        ("filter", at.filter),
    ] {
        report(
            sink,
            &format!("a {name} without a detector"),
            "without a detector the image already is the face, and there is no box",
            origin,
            &format!("remove `{name}`, or name a detector"),
        );
    }
}

fn dataset_effects(dataset: &Placed<Dataset>, sink: &mut Sink) {
    if dataset.faces.detector == Detector::None {
        detector_effects(&dataset.faces, sink);
    }
    if matches!(dataset.frames, FrameRule::Fps { .. }) && dataset.layout.is_images() {
        report(
            sink,
            "frames per second without times",
            "images have no presentation time; all of them are used",
            dataset.at.frames,
            "use `every` or `count`",
        );
    }
    let carved = !dataset.split.is_official();
    match &dataset.layout {
        Layout::Folder(folder) if carved => {
            for class in &folder.classes {
                report(
                    sink,
                    "a folder's split that is divided again",
                    "`split` divides the data set whatever its folders say",
                    class.at.split,
                    "remove `split` from the `class`, or the `split` of the data set",
                );
            }
        }
        Layout::Folder(_) | Layout::Demo(_) | Layout::Released(_) | Layout::Deepfakebench(_) => {}
        Layout::Table(table) => {
            if carved {
                report(
                    sink,
                    "a column of splits that is not used",
                    "`split` divides the data set whatever its table says",
                    table.at.split,
                    "remove one of the two",
                );
            }
            if matches!(dataset.split, SplitRule::Only(_)) {
                report(
                    sink,
                    "a column of groups that is not used",
                    "groups matter where there are several splits",
                    table.at.group,
                    "write `split carve ..`, or remove `group`",
                );
            }
        }
    }
}

fn recipe_effects(recipe: &Placed<Recipe>, sink: &mut Sink) {
    if recipe.augment.recipe != Some(AugmentKind::Fsfm) {
        report(
            sink,
            "`interpolation` without `fsfm`",
            "only FSFM's augmentation has two readings",
            recipe.augment.at.interpolation,
            "remove `interpolation`, or write `augment fsfm`",
        );
    }
    if recipe.batch.micro.is_some_and(|micro| micro >= recipe.batch.size) {
        report(
            sink,
            "a micro-batch as large as the batch",
            "the whole batch is in memory at a time, as without `micro`",
            recipe.batch.at.micro,
            "choose a smaller `micro`, or remove it",
        );
    }
    let schedule = &recipe.schedule;
    if schedule.kind != ScheduleKind::Linear {
        report(
            sink,
            "`hold` of a schedule that is not linear",
            "only a linear one waits before it falls",
            schedule.at.hold,
            "remove `hold`, or write `schedule linear`",
        );
    }
    if schedule.warmup >= f64::from(recipe.epochs) && !schedule.at.warmup.is_default() {
        sink.report(
            Diagnostic::warning(Code::NoEffect, "a warm-up as long as the training")
                .text("the learning rate never reaches its peak, and its schedule never begins")
                .between((schedule.at.warmup, "the warm-up"), (recipe.at.epochs, "the training"))
                .help("shorten the warm-up"),
        );
    }
    if schedule.kind == ScheduleKind::Constant {
        report(
            sink,
            "`min-lr` of a constant schedule",
            "a constant learning rate does not fall",
            schedule.at.min_lr,
            "remove `min-lr`, or write `schedule cosine`",
        );
    } else if schedule.min_lr >= recipe.optimizer.lr() {
        sink.report(
            Diagnostic::warning(Code::NoEffect, "a schedule that does not fall")
                .text("`min-lr` is not below the peak learning rate")
                .between((schedule.at.min_lr, "the end"), (recipe.optimizer.lr_at(), "the peak"))
                .help("choose a smaller `min-lr`"),
        );
    }
}

fn init_effects(init: &Placed<Init>, sink: &mut Sink) {
    if let Weights::Random(_) = init.weights
        && let Some(pattern) = init.at.missing.first()
    {
        report(
            sink,
            "`missing` of random weights",
            "without a file no tensor is missing from it",
            *pattern,
            "remove `missing`",
        );
    }
}

fn loss_effects(experiment: &Experiment, sink: &mut Sink) {
    for term in &experiment.loss.terms {
        if term.term().weight() == 0.0 {
            report(
                sink,
                &format!("`{}` of weight 0", term.term().word()),
                "a term of weight 0 adds nothing to the loss",
                term.term().weight_at(),
                "remove the term, or give it a weight",
            );
        }
    }
}

fn table_effects(table: &Placed<Table>, sink: &mut Sink) {
    let level = |wanted| table.metrics.iter().any(|metric| metric.level == wanted);
    if !level(Level::Video) {
        let rows = table.rows.iter().map(|row| row.at.video_score);
        for at in rows.chain([table.at.video_score]) {
            report(
                sink,
                "`video-score` in a table of faces",
                "every metric of the table is of faces",
                at,
                "remove it, or give a metric `level=video`",
            );
        }
    }
    if let (Some(compare), 1) = (&table.compare, table.rows.len()) {
        report(
            sink,
            "a comparison in a table of one row",
            "there is no other row to compare with",
            compare.at.against,
            "add a row, or remove `compare`",
        );
    }
}
