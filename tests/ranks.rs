//! A training by several ranks, as threads of one process: the same bytes as by one.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use proofmark_base::rng::{Rng, Stream};
use proofmark_base::work::{Events, Failure, Silent};
use proofmark_data::Manifest;
use proofmark_data::testing::video;
use proofmark_group::alone::Alone;
use proofmark_group::group::Group;
use proofmark_group::threads::{Member, group};
use proofmark_lang::load;
use proofmark_lang::model::{Label, Project};
use proofmark_lang::source::MemoryFiles;
use proofmark_model::architecture::Architecture;
use proofmark_model::init::{Scheme, randomize};
use proofmark_model::params::Params;
use proofmark_prepare::faces::{Faces, write_tables};
use proofmark_prepare::store::{Face, FaceWriter, Look, PreparedVideo, Share, Status};
use proofmark_train::batch::{Inputs, Role, Sample};
use proofmark_train::checkpoint::ModelCard;
use proofmark_train::fit::Fit;
use proofmark_train::input::channels;
use proofmark_train::log::EpochLog;

const EXPERIMENTS: &str = r#"
dataset seen {
    layout demo capture=studio seed=1 identities=8 videos=2 fakes=2 frames=2
    manipulation swap-seam
    split carve train=(%)50 val=(%)25 test=(%)25 seed=0
    faces size=16
}
ensemble one { source seen }
backbone tiny { vit patch=8 width=24 depth=2 heads=3 image=16; pool patch-mean; drop-path 0.2 }
backbone net { efficientnet image=32 width-factor=0.25 depth-factor=0.3 }
init scratch { random std=0.2; normalize half }
recipe adamw {
    epochs 3
    batch 11 micro=2
    adamw lr=1e-2 weight-decay=0.05
    augment flip-crop
    keep lowest=val.loss
    clip 1.0
    ema 0.9
    seed 3
}
recipe sam { epochs 2; batch 12 micro=3; sgd lr=0.05; sam rho=0.05; mix mixup=0.8 cutmix=1.0; keep last; seed 3 }
recipe whole { epochs 1; batch 12; sgd lr=0.05; keep last; seed 3 }
experiment triplets {
    data one; backbone tiny; init scratch; recipe adamw
    loss { cross-entropy; triplet hard-positive-hard-negative margin=0.3 weight=0.5 }
}
experiment sharp { data one; backbone tiny; init scratch; recipe sam; loss { cross-entropy } }
experiment plain { data one; backbone tiny; init scratch; recipe whole; loss { cross-entropy } }
experiment normed { data one; backbone net; init scratch; recipe sam; loss { cross-entropy } }
"#;

/// Declared experiments, and a face store with faces of noise.
struct Ground {
    project: Project,
    sets: Vec<Faces>,
    /// A rank that begins with other weights.
    odd: Option<usize>,
    _folder: tempfile::TempDir,
}

const FACES: usize = 150;

impl Ground {
    fn new() -> Self {
        let files = MemoryFiles::default().with("e.kdl", EXPERIMENTS);
        let loaded = load(Path::new("e.kdl"), &files);
        assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
        let folder = tempfile::tempdir().unwrap();
        let mut rng = Rng::new(1, Stream::Demo, 0, 0);
        let face = |face| {
            let rgb: Vec<u8> = (0..16 * 16 * 3).map(|_| rng.below(256) as u8).collect();
            Face::new("a", (0, None, face), None, (16, 16), &rgb, 16).unwrap()
        };
        let faces: Vec<Face> = (0..FACES as u32).map(face).collect();
        let mut prepared = PreparedVideo {
            video_key: "a".to_owned(),
            status: Status::Ok,
            trouble: None,
            looks: vec![Look { frame: 0, seconds: None, faces: Some(FACES as u32) }],
            faces: FACES,
            shard: None,
        };
        let mut writer = FaceWriter::open(folder.path(), Share::WHOLE, 16).unwrap();
        writer.finish_video(prepared.clone(), faces, true).unwrap();
        writer.finish().unwrap();
        let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let shard = names.filter(|path| path.extension().is_some_and(|e| e == "arrow"));
        let shard: Vec<PathBuf> = shard.collect();
        prepared.shard = Some(shard[0].file_stem().unwrap().to_str().unwrap().to_owned());
        let manifest = Manifest::new(vec![video("a", Label::Real)], Vec::new()).unwrap();
        write_tables(folder.path(), &manifest, &[&prepared]).unwrap();
        let sets = vec![Faces::open(folder.path()).unwrap()];
        Self { project: loaded.project, sets, odd: None, _folder: folder }
    }

    /// One rank's part of a training.
    fn fit(
        &self,
        name: &str,
        group: &dyn Group,
        folder: &Path,
        events: &dyn Events,
        stop: &AtomicBool,
    ) -> Result<Vec<EpochLog>, Failure> {
        let experiment = self.project.experiments.get(name).unwrap();
        let config = Architecture::new(&experiment.backbone, 2);
        let params = Params::zeros(config.parameters()).unwrap();
        let seed = if self.odd == Some(group.rank()) { 6 } else { 5 };
        randomize(&params, Scheme::TruncatedNormal(0.2), seed, |_| true).unwrap();
        let sample = |face| Sample {
            set: 0,
            face,
            class: (face % 2) as u32,
            id: face as u64,
            role: Role::Stored,
        };
        let samples: Vec<Sample> = (0..FACES).map(sample).collect();
        let normalize = &experiment.init.normalize;
        let card = ModelCard {
            experiment: name.to_owned(),
            key: "key".to_owned(),
            inputs: serde_json::json!({}),
            epoch: 0,
            classes: vec!["real".to_owned(), "fake".to_owned()],
            network: config.clone(),
            mean: normalize.mean,
            std: normalize.std,
            resize: experiment.recipe.resize,
            faces: Vec::new(),
            face_side: 16,
        };
        let image = config.image();
        let (sets, pseudo) = (self.sets.as_slice(), [None]);
        Fit {
            experiment,
            inputs: Inputs { sets, pseudo: &pseudo, image, channels: channels(normalize) },
            config,
            params: &params,
            train: &samples[..60],
            // More than one chunk.
            val: &samples[20..],
            card,
            folder,
            events,
            stop,
            group,
        }
        .run()
    }

    /// A training by so many ranks, of which one is told to stop after so many steps.
    fn train(&self, name: &str, size: usize, folder: &Path, steps: u64) -> Vec<Outcome> {
        let members = group(size, Duration::from_secs(60));
        std::thread::scope(|scope| {
            let run = |member: Member| {
                scope.spawn(move || {
                    let stop = AtomicBool::new(false);
                    let last = member.rank() + 1 == member.size();
                    let counter = Counter { stop: last.then_some(&stop), left: steps.into() };
                    self.fit(name, &member, folder, &counter, &stop)
                })
            };
            let threads: Vec<_> = members.into_iter().map(run).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }
}

type Outcome = Result<Vec<EpochLog>, Failure>;

/// Stops after so many steps.
struct Counter<'a> {
    stop: Option<&'a AtomicBool>,
    left: AtomicU64,
}

impl Events for Counter<'_> {
    fn begin(&self, _unit: &'static str, _total: u64) {}
    fn advance(&self, done: u64) {
        if self.left.fetch_sub(done, Ordering::Relaxed) == done
            && let Some(stop) = self.stop
        {
            stop.store(true, Ordering::Relaxed);
        }
    }
    fn resume(&self, _done: u64) {}
    fn status(&self, _text: &str) {}
    fn note(&self, _text: &str) {}
}

/// More steps than there are.
const ALL: u64 = 1 << 40;

fn bytes(folder: &Path) -> Vec<Vec<u8>> {
    ["model.safetensors", "log.json"].map(|name| std::fs::read(folder.join(name)).unwrap()).to_vec()
}

#[test]
fn any_number_of_ranks_makes_the_same_bytes() {
    let ground = Ground::new();
    for name in ["triplets", "sharp"] {
        let alone = tempfile::tempdir().unwrap();
        let stop = AtomicBool::new(false);
        let log = ground.fit(name, &Alone, alone.path(), &Silent, &stop).unwrap();
        for size in 1..=4 {
            let folder = tempfile::tempdir().unwrap();
            for outcome in ground.train(name, size, folder.path(), ALL) {
                assert_eq!(outcome.unwrap(), log);
            }
            assert!(bytes(folder.path()) == bytes(alone.path()), "{name} by {size} ranks");
        }
    }
}

/// Stopped by the last of two ranks, then by the last of three, then ended by one; so is the state
/// on the way.
#[test]
fn another_number_of_ranks_goes_on_to_the_same_bytes() {
    let ground = Ground::new();
    let whole = tempfile::tempdir().unwrap();
    ground.train("triplets", 1, whole.path(), ALL).remove(0).unwrap();
    let state = |sizes: [usize; 2]| {
        let folder = tempfile::tempdir().unwrap();
        for (size, steps) in sizes.into_iter().zip([3, 4]) {
            for outcome in ground.train("triplets", size, folder.path(), steps) {
                assert!(matches!(outcome, Err(Failure::Interrupted)), "{outcome:?}");
            }
        }
        let state = std::fs::read(folder.path().join("state.safetensors")).unwrap();
        (folder, state)
    };
    let (folder, parted) = state([2, 3]);
    let (_alone, single) = state([1, 1]);
    assert!(parted == single, "the state of 2, then 3 ranks is that of one");
    ground.train("triplets", 1, folder.path(), ALL).remove(0).unwrap();
    assert!(bytes(folder.path()) == bytes(whole.path()));
}

#[test]
fn more_ranks_than_parts_of_a_batch_are_refused_with_what_to_declare() {
    let ground = Ground::new();
    let folder = tempfile::tempdir().unwrap();
    let refused = |name, size| ground.train(name, size, folder.path(), ALL).remove(0).unwrap_err();
    says(&refused("plain", 3), "declare `batch 12 micro=4`, or begin fewer processes");
    says(&refused("triplets", 7), "in 6 parts of `micro` faces");
    says(&refused("normed", 2), "the batch norm of its network needs the whole batch");
}

fn says(failure: &Failure, words: &str) {
    let text = failure.to_string();
    assert!(text.contains(words), "{text}");
}

/// One rank's machine is faulty: it begins with other weights.
#[test]
fn ranks_with_different_weights_end_with_a_sentence() {
    let ground = Ground::new();
    let folder = tempfile::tempdir().unwrap();
    let other = Ground { odd: Some(2), ..ground };
    for outcome in other.train("triplets", 3, folder.path(), ALL) {
        says(&outcome.unwrap_err(), "after epoch 0 the weights of rank 2 are not those of rank 0");
    }
}
