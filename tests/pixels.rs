//! Faces that go to a GPU as bytes: the same numbers as the planes of the CPU, and a training of the same bytes. The GPU
//! is the emulated one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use proofmark_augmentations::lists::{flip_crop, fsfm};
use proofmark_augmentations::{BLUR, ERASE, FLIP, Operation};
use proofmark_base::rng::{Rng, Stream};
use proofmark_base::work::Silent;
use proofmark_corruptions::NOISE;
use proofmark_data::Manifest;
use proofmark_data::testing::video;
use proofmark_emulation::{Emulation, Order};
use proofmark_gpu::device::Device;
use proofmark_group::alone::Alone;
use proofmark_lang::load;
use proofmark_lang::model::{Corruption, Label, Project, Resize};
use proofmark_lang::source::MemoryFiles;
use proofmark_model::architecture::Architecture;
use proofmark_model::init::{Scheme, randomize};
use proofmark_prepare::faces::{Faces, write_tables};
use proofmark_prepare::store::{Face, FaceWriter, Look, PreparedVideo, Share, Status};
use proofmark_train::batch::{Form, Inputs, Role, Sample};
use proofmark_train::checkpoint::ModelCard;
use proofmark_train::fit::Fit;
use proofmark_train::input::channels;

/// What mixes with probability 0 takes the way of planes, and changes none.
const EXPERIMENTS: &str = r#"
dataset seen {
    layout demo capture=studio seed=1 identities=8 videos=2 fakes=2 frames=2
    manipulation swap-seam
    split carve train=(%)50 val=(%)25 test=(%)25 seed=0
    faces size=20
}
ensemble one { source seen }
backbone tiny { vit patch=4 width=12 depth=1 heads=3 image=16; pool patch-mean; drop-path 0.2 }
init scratch { random std=0.2; normalize vggface2 }
recipe bytes { epochs 2; batch 10 micro=4; sgd lr=0.05; sam rho=0.05; augment fsfm; seed 3 }
recipe planes { epochs 2; batch 10 micro=4; sgd lr=0.05; sam rho=0.05; augment fsfm; seed 3; mix mixup=0.8 probability=0 }
recipe whole { epochs 2; batch 10; sgd lr=0.05; augment flip-crop; seed 3 }
recipe whole-planes { epochs 2; batch 10; sgd lr=0.05; augment flip-crop; seed 3; mix mixup=0.8 probability=0 }
experiment bytes { data one; backbone tiny; init scratch; recipe bytes; loss { cross-entropy } }
experiment planes extends=bytes { recipe planes }
experiment whole extends=bytes { recipe whole }
experiment whole-planes extends=bytes { recipe whole-planes }
"#;

const FACES: usize = 36;
const CROP: u32 = 20;

/// Declared experiments, and a face store with faces of noise.
struct Ground {
    project: Project,
    sets: Vec<Faces>,
    _folder: tempfile::TempDir,
}

impl Ground {
    fn new() -> Self {
        let files = MemoryFiles::default().with("e.kdl", EXPERIMENTS);
        let loaded = load(Path::new("e.kdl"), &files);
        assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
        let folder = tempfile::tempdir().unwrap();
        let mut rng = Rng::new(1, Stream::Demo, 0, 0);
        let face = |face| {
            let rgb: Vec<u8> = (0..CROP * CROP * 3).map(|_| rng.below(256) as u8).collect();
            Face::new("a", (0, None, face), None, (CROP, CROP), &rgb, CROP).unwrap()
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
        let mut writer = FaceWriter::open(folder.path(), Share::WHOLE, CROP).unwrap();
        writer.finish_video(prepared.clone(), faces, true).unwrap();
        writer.finish().unwrap();
        let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let shard = names.filter(|path| path.extension().is_some_and(|e| e == "arrow"));
        let shard: Vec<PathBuf> = shard.collect();
        prepared.shard = Some(shard[0].file_stem().unwrap().to_str().unwrap().to_owned());
        let manifest = Manifest::new(vec![video("a", Label::Real)], Vec::new()).unwrap();
        write_tables(folder.path(), &manifest, &[&prepared]).unwrap();
        let sets = vec![Faces::open(folder.path()).unwrap()];
        Self { project: loaded.project, sets, _folder: folder }
    }

    fn inputs(&self) -> Inputs<'_> {
        let normalize = &self.project.experiments["bytes"].init.normalize;
        Inputs { sets: &self.sets, pseudo: &[None], image: 16, channels: channels(normalize) }
    }

    fn samples() -> Vec<Sample> {
        let sample = |face| Sample {
            set: 0,
            face,
            class: (face % 2) as u32,
            id: face as u64,
            role: Role::Stored,
        };
        (0..FACES).map(sample).collect()
    }

    /// The model's file that an experiment leaves, trained on the GPU.
    fn train(&self, name: &str) -> Vec<u8> {
        let experiment = &self.project.experiments[name];
        let config = Architecture::new(&experiment.backbone, 2);
        let gpu = Device::Gpu(Arc::new(Emulation::new(Order::Forwards)));
        let params = config.params(&gpu).unwrap();
        randomize(&params, Scheme::TruncatedNormal(0.2), 5, |_| true).unwrap();
        let normalize = &experiment.init.normalize;
        let samples = Self::samples();
        let folder = tempfile::tempdir().unwrap();
        let card = ModelCard {
            experiment: "same".to_owned(),
            key: "key".to_owned(),
            inputs: serde_json::json!({}),
            epoch: 0,
            classes: vec!["real".to_owned(), "fake".to_owned()],
            network: config.clone(),
            mean: normalize.mean,
            std: normalize.std,
            resize: experiment.recipe.resize,
            faces: Vec::new(),
            face_side: CROP,
        };
        let fit = Fit {
            experiment,
            inputs: self.inputs(),
            config,
            params: &params,
            train: &samples[..24],
            val: &samples[24..],
            card,
            folder: folder.path(),
            events: &Silent,
            stop: &AtomicBool::new(false),
            group: &Alone,
        };
        fit.run().unwrap();
        std::fs::read(folder.path().join("model.safetensors")).unwrap()
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn bytes_are_the_inputs_of_the_cpu_to_the_bit() {
    let ground = Ground::new();
    let (inputs, samples) = (ground.inputs(), Ground::samples());
    let lists: [Vec<Operation>; 5] = [
        Vec::new(),
        fsfm("bilinear"),
        flip_crop(),
        // What comes after a flip sees the image mirrored.
        vec![FLIP.but(&[]), BLUR.but(&[]), FLIP.but(&[]), ERASE.but(&[]), ERASE.but(&[])],
        vec![ERASE.but(&[])],
    ];
    for augment in lists {
        for epoch in 0..3 {
            let planes = inputs.training(&samples, &augment, 7, epoch).unwrap();
            let bytes = inputs.training_bytes(&samples, &augment, 7, epoch).unwrap();
            assert_eq!(bits(&bytes.planes(0..FACES)), bits(&planes), "{augment:?}");
        }
    }
    let corrupted = Corruption { kind: NOISE, at: 20.0 };
    for resize in [Resize::Straight, Resize::CenterCrop] {
        for corruption in [None, Some(corrupted)] {
            let [planes, bytes] = [Form::Planes, Form::Bytes].map(|form| {
                let prepared = inputs.evaluation(&samples, resize, corruption, form).unwrap();
                bits(&prepared.images().planes().unwrap())
            });
            assert_eq!(planes, bytes);
        }
    }
}

#[test]
fn a_training_by_bytes_is_one_by_planes() {
    let ground = Ground::new();
    let bytes = ground.train("bytes");
    assert!(bytes == ground.train("planes"), "in micro-batches");
    let whole = ground.train("whole");
    assert!(whole == ground.train("whole-planes"), "in whole batches");
    assert!(bytes != whole, "another recipe gives another model");
}
