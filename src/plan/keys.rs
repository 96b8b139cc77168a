//! What the key of a stage is computed from: all that decides its result, and nothing else.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::graph::{Facts, Kind};
use super::inputs::{Found, Inputs};
use proofmark_lang::model::{Attribution, Dataset, Ensemble, Experiment, Loss, Project, Weights};

/// Raised whenever the same declaration gives other bytes than before.
const PREPARE_VERSION: u32 = 2;
/// Of data sets in JPEG files alone: raised whenever these give other pixels than before.
const JPEG_VERSION: u32 = 2;
/// Since 2 the arithmetic is the same on every machine.
const LANDMARKS_VERSION: u32 = 2;
/// Of files with landmarks: since 2 a frame's number may be that in its file's name.
const GIVEN_VERSION: u32 = 2;
const SAMPLE_VERSION: u32 = 1;
/// Since 2 the arithmetic is the same on every machine, here and below.
const TRAIN_VERSION: u32 = 2;
const READY_VERSION: u32 = 1;
pub(super) const PREDICT_VERSION: u32 = 3;
const BLEND_VERSION: u32 = 3;
pub(super) const CORRUPTION_VERSION: u32 = 2;

/// Key of a data set's faces.
pub fn faces_key(dataset: &Dataset, facts: &Facts) -> String {
    faces_inputs(dataset, facts).key(Kind::Faces.word())
}

/// Key of an ensemble's sample.
pub fn sample_key(project: &Project, ensemble: &Ensemble, facts: &Facts) -> String {
    let sources = ensemble.sources.iter().filter_map(|s| project.datasets.get(&s.dataset.value));
    let faces = sources.map(|d| (d.name.value.clone(), faces_key(d, facts))).collect();
    sample_inputs(project, ensemble, &faces, facts).key(Kind::Sample.word())
}

/// Of faces: for files, their content; for the demo, what draws it.
pub(super) fn faces_inputs(dataset: &Dataset, facts: &Facts) -> Inputs {
    let name = &dataset.name.value;
    let mut faces = Inputs::of(&dataset.faces);
    if dataset.faces.weights.is_some() {
        let digest = facts.detectors.get(name);
        let weights = Inputs::empty().finding("digest", Found::Detector, digest);
        faces = faces.nested("weights", weights);
    }
    let inputs = Inputs::empty()
        .finding("version", Found::Version, PREPARE_VERSION)
        .finding("pixels", Found::Pixels, facts.datasets.get(name).map(|d| &d.pixels))
        .with("frames", &dataset.frames)
        .nested("faces", faces);
    let jpeg = facts.datasets.get(name).is_some_and(|d| d.jpeg);
    let inputs = match jpeg {
        true => inputs.finding("jpeg-version", Found::Version, JPEG_VERSION),
        false => inputs,
    };
    match dataset.layout.demo() {
        Some(layout) => inputs
            .finding("demo-version", Found::Version, facts.demo_version)
            .with("layout", layout),
        None => inputs,
    }
}

/// Of landmarks: the network, or the content of a declared file.
pub(super) fn landmark_inputs(dataset: &str, faces: &str, facts: &Facts) -> Inputs {
    let inputs = Inputs::empty().finding("version", Found::Version, LANDMARKS_VERSION).finding(
        "faces",
        Found::Faces,
        faces,
    );
    match facts.landmarks.get(dataset) {
        Some(digest) => inputs.finding("file", Found::GivenLandmarks, digest).finding(
            "file-version",
            Found::Version,
            GIVEN_VERSION,
        ),
        None => inputs,
    }
}

/// Of a sample: faces, splits and the rule that samples.
pub(super) fn sample_inputs(
    project: &Project,
    ensemble: &Ensemble,
    faces: &BTreeMap<String, String>,
    facts: &Facts,
) -> Inputs {
    let mut sources: Vec<_> = ensemble.sources.iter().collect();
    // The order in which sources are declared means nothing.
    sources.sort_by(|a, b| a.dataset.value.cmp(&b.dataset.value));
    let mut inputs = Inputs::empty()
        .finding("version", Found::Version, SAMPLE_VERSION)
        .with("sample", &ensemble.sample);
    for source in sources {
        let name = &source.dataset.value;
        let mut entry = Inputs::empty()
            .finding("faces", Found::Faces, faces.get(name))
            .finding("manifest", Found::Manifest, facts.manifest(name))
            .with("split-rule", project.datasets.get(name).map(|d| &d.split))
            .with("train", source.train)
            .with("val", source.val);
        let kind = match &source.pseudo_fake {
            Some(_) => {
                let faces = faces.get(name).map_or("", String::as_str);
                let landmarks = landmark_inputs(name, faces, facts);
                let key = landmarks.key(Kind::Landmarks.word());
                entry = entry.finding("landmarks", Found::Landmarks, key);
                "pseudo-fake"
            }
            None => "source",
        };
        inputs = inputs.nested(&format!("{kind} {name}"), entry);
    }
    inputs
}

/// Of a model: its sample, and all of its experiment that decides it.
pub(super) fn train_inputs(
    project: &Project,
    experiment: &Experiment,
    sample: &str,
    facts: &Facts,
) -> Inputs {
    let loss = canonical_loss(&experiment.loss);
    let init = init_inputs(experiment, facts);
    let inputs = Inputs::empty()
        .finding("version", Found::Version, TRAIN_VERSION)
        .finding("sample", Found::Sample, sample)
        .with("backbone", &experiment.backbone)
        .with("recipe", &experiment.recipe)
        .with("loss", &loss)
        .with("attribution", experiment.attribution)
        .nested("init", init);
    let pseudo: BTreeMap<_, _> = experiment
        .data
        .pseudo_fakes()
        .map(|(source, pseudo)| (source.dataset.value.as_str(), pseudo))
        .collect();
    let inputs = match pseudo.is_empty() {
        true => inputs,
        false => inputs.with("pseudo-fakes", pseudo).finding(
            "blend-version",
            Found::Version,
            BLEND_VERSION,
        ),
    };
    match experiment.attribution.map(|a| a.value) {
        Some(Attribution::Category) => inputs.with("families", families(project, experiment)),
        None | Some(Attribution::Dataset | Attribution::Manipulation) => inputs,
    }
}

/// Of a model that is ready: its file, and how that is read.
pub(super) fn ready_inputs(experiment: &Experiment, facts: &Facts) -> Inputs {
    Inputs::empty()
        .finding("version", Found::Version, READY_VERSION)
        .with("backbone", &experiment.backbone)
        .nested("init", init_inputs(experiment, facts))
}

/// Of first weights: for a file its content, where in it they are, and how it is read where that
/// was not always so.
fn init_inputs(experiment: &Experiment, facts: &Facts) -> Inputs {
    let init = Inputs::of(&experiment.init);
    let Weights::File { key, .. } = &experiment.init.weights else { return init };
    let digest = facts.weights.get(&experiment.name.value);
    let mut weights = Inputs::empty().finding("digest", Found::Weights, digest);
    if let Some(key) = key {
        weights = weights.with("key", key);
    }
    if let Some(read) = facts.read.get(&experiment.name.value) {
        weights = weights.finding("read", Found::Reading, read);
    }
    init.nested("weights", weights)
}

/// The terms in an order of their own: a sum does not depend on it, but rounding does.
pub fn canonical_loss(loss: &Loss) -> Loss {
    let mut loss = loss.clone();
    loss.terms.sort_by_key(|term| Inputs::of(term).values.to_string());
    loss
}

/// Family of each manipulation of the sources: it decides the classes.
fn families(project: &Project, experiment: &Experiment) -> Value {
    let mut families = BTreeMap::new();
    for source in &experiment.data.sources {
        let Some(dataset) = project.datasets.get(&source.dataset.value) else { continue };
        let of: BTreeMap<&str, Value> = dataset
            .manipulations
            .iter()
            .map(|m| (m.name.value.as_str(), json!(m.family.map(|f| f.value))))
            .collect();
        families.insert(source.dataset.value.as_str(), of);
    }
    json!(families)
}
