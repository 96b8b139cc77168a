//! What this machine computes, by digests that are the same on every machine: each kind of arithmetic
//! that decides a result, small enough for a second or two.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;

use candle_core::{Result, Tensor};
use proofmark_augmentations::face::{Channels, Face};
use proofmark_augmentations::lists::fsfm;
use proofmark_augmentations::training;
use proofmark_base::approx;
use proofmark_base::math;
use proofmark_base::product::{Mat, Out, Threads, product};
use proofmark_base::rng::{Rng, Stream};
use proofmark_data::demo::{render, videos};
use proofmark_evaluate::statistics::delong::Area;
use proofmark_evaluate::statistics::seeds::{Error, Seeds};
use proofmark_lang::model::{
    AdamW as AdamWSettings, CrossEntropy, Loss, LossTerm, Mining, Pool, Precision,
    Sgd as SgdSettings, Triplet,
};
use proofmark_lang::{MemoryFiles, load};
use proofmark_model::architecture::Architecture;
use proofmark_model::drop_path::DropPath;
use proofmark_model::efficientnet::EfficientNetConfig;
use proofmark_model::gradients::Gradients;
use proofmark_model::init::{Scheme, randomize};
use proofmark_model::losses::Targets;
use proofmark_model::network::Network;
use proofmark_model::params::Params;
use proofmark_model::vit::VitConfig;
use proofmark_prepare::detect::{Detector, Scratch};
use proofmark_prepare::landmarks::{LandmarkNet, SIDE};
use proofmark_train::optim::{AdamW, Sgd, ascend, descend, groups};
use proofmark_train::step::{Batch, StepReport, gradients};

/// The digests that every machine gives, a line each: what was computed, and its digest.
pub const EXPECTED: &str = include_str!("bits.txt");

/// This machine's lines, as [`EXPECTED`] has them.
///
/// # Errors
/// What candle or a built-in network says; nothing that a user could have caused.
pub fn digests() -> Result<String> {
    let mut lines = Lines::default();
    lines.add("products", products());
    lines.add("functions", functions());
    lines.add("noise", noise());
    lines.add("statistics", statistics());
    let picture = drawn(200);
    lines.add("demo", Digest::default().bytes(&picture));
    lines.add("detector", detected(&picture)?);
    let face = drawn(SIDE as u32);
    lines.add("landmarks", landmarks(&face)?);
    lines.add("augmentation", augmented(&drawn(96)));
    for (name, terms) in losses() {
        vit(&Loss { terms }, &format!("ViT, {name}"), &mut lines)?;
    }
    efficientnet("EfficientNet", &mut lines)?;
    Ok(lines.0)
}

/// What `ours` has otherwise than [`EXPECTED`]; of each training the first that differs, with which
/// everything after it differs.
pub fn unlike(ours: &str) -> Vec<&str> {
    let ours: HashSet<&str> = ours.lines().collect();
    let mut trainings = HashSet::new();
    let differ = EXPECTED.lines().filter(|line| !ours.contains(line));
    let names = differ.map(|line| line.rsplit_once(' ').map_or(line, |(name, _)| name));
    names.filter(|name| trainings.insert(name.split(':').next())).collect()
}

/// Digests with what they are of, a line each.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, what: &str, digest: Digest) {
        let _ = writeln!(self.0, "{what} {}", &digest.0.finalize().to_hex()[..16]);
    }
}

/// A digest of numbers, by their bits.
#[derive(Default)]
struct Digest(blake3::Hasher);

impl Digest {
    fn bytes(mut self, values: &[u8]) -> Self {
        self.0.update(values);
        self
    }

    fn of(mut self, values: impl IntoIterator<Item = f32>) -> Self {
        for value in values {
            self.0.update(&value.to_bits().to_le_bytes());
        }
        self
    }

    fn of_doubles(mut self, values: impl IntoIterator<Item = f64>) -> Self {
        for value in values {
            self.0.update(&value.to_bits().to_le_bytes());
        }
        self
    }
}

fn random(count: usize, sample: u64) -> Vec<f32> {
    let mut rng = Rng::new(17, Stream::Demo, 0, sample);
    (0..count).map(|_| rng.uniform() as f32 * 2.0 - 1.0).collect()
}

fn products() -> Digest {
    let mut digest = Digest::default();
    for (m, n, k) in [(1, 5, 900), (13, 33, 65), (90, 70, 400), (200, 210, 800), (30, 600, 90)] {
        let (a, b) = (random(m * k, 1), random(k * n, 2));
        let mut out = vec![0f32; m * n];
        for (turned, add) in [(false, false), (true, true)] {
            let (left, right) = match turned {
                false => (Mat::new(&a, m), Mat::new(&b, k)),
                true => (Mat::new(&a, k).t(), Mat::new(&b, n).t()),
            };
            product(Out::new(&mut out, n), left, right, 0.3, add, Threads::All);
        }
        digest = digest.of(out);
    }
    digest
}

fn functions() -> Digest {
    let grid: Vec<f64> = (-3000..3000).map(|i| f64::from(i) * 0.0131).collect();
    let positive = || grid.iter().map(|x| math::exp(x * 0.5));
    let digest = Digest::default()
        .of_doubles(grid.iter().map(|x| math::exp(*x)))
        .of_doubles(positive().map(math::ln))
        .of_doubles(positive().map(|x| math::pow(x, 0.37)))
        .of_doubles(positive().map(math::log10))
        .of_doubles(positive().map(math::ln_1p))
        .of_doubles(grid.iter().map(|x| math::hypot(*x, 1.7)))
        .of_doubles(grid.iter().flat_map(|x| <[f64; 2]>::from(math::sin_cos(*x))));
    let small = || grid.iter().map(|x| *x as f32);
    digest
        .of(small().map(approx::exp))
        .of(small().map(approx::erf))
        .of(positive().map(|x| approx::ln(x as f32)))
        .of(small().map(math::cbrt_f32))
}

fn noise() -> Digest {
    let mut rng = Rng::new(5, Stream::Augment, 1, 2);
    let mut normals = vec![0f32; 3001];
    rng.fill_normal(&mut normals);
    let doubles: Vec<f64> =
        (0..500).flat_map(|_| [rng.normal(), rng.gamma(0.7), rng.beta(0.4)]).collect();
    Digest::default().of(normals).of_doubles(doubles)
}

fn statistics() -> Digest {
    let scores = |sample| random(60, sample).into_iter().map(f64::from).collect::<Vec<_>>();
    let areas = [4, 6].map(|s| Area::new(&scores(s), &scores(s + 1)));
    let mut values = Vec::new();
    if let [Some(one), Some(two)] = &areas {
        let interval = one.interval(0.95);
        values.extend([interval.low, interval.high, one.covariance(two)]);
        values.extend(one.test(two).map(|test| test.p));
    }
    let seeds = [8, 9].map(|sample| Seeds::of(&scores(sample)[..5]));
    let seeds: Vec<&Seeds> = seeds.iter().flatten().collect();
    if let Some(error) = Error::of(&seeds, 0.0) {
        values.push(error.half_width(0.95));
        values.extend(error.p_value(0.1));
    }
    Digest::default().of_doubles(values)
}

/// A face of the demo, RGB.
fn drawn(side: u32) -> Vec<u8> {
    let text = "dataset d { layout demo capture=phone seed=3 identities=2 videos=1 fakes=1 frames=1; \
                manipulation swap-warp; split only=test; faces size=32 }";
    let files = MemoryFiles::default().with("d.kdl", text);
    let project = load(Path::new("d.kdl"), &files).project;
    let layout = project.datasets["d"].layout.demo().expect("a demo was declared");
    let list = videos(layout, &["swap-warp"]).expect("the demo has the method");
    list.iter()
        .flat_map(|video| render(layout, video, 0, side).into_raw())
        .take(3 * (side * side) as usize)
        .collect()
}

fn detected(rgb: &[u8]) -> Result<Digest> {
    let detector = Detector::embedded().map_err(candle_core::Error::wrap)?;
    let raw = detector.raw(rgb, 200, 200, &mut Scratch::default());
    let raw = raw.map_err(candle_core::Error::wrap)?;
    let digest = Digest::default().of(raw.loc.into_iter().flatten());
    Ok(digest.of(raw.conf.into_iter().flatten()).of(raw.landmarks.into_iter().flatten()))
}

fn landmarks(rgb: &[u8]) -> Result<Digest> {
    let points = LandmarkNet::embedded().map_err(candle_core::Error::wrap)?.run(rgb)?;
    Ok(Digest::default().of(points.into_iter().flatten()))
}

fn augmented(rgb: &[u8]) -> Digest {
    let augment = fsfm("bicubic");
    let by = Channels { mean: [0.5, 0.4, 0.3], std: [0.25, 0.26, 0.27] };
    let mut digest = Digest::default();
    let mut input = vec![0f32; 3 * 64 * 64];
    for sample in 0..40 {
        let mut rng = Rng::new(0, Stream::Augment, 1, sample);
        training(Face { rgb, side: 96 }, &augment, &by, &mut rng, &mut input);
        digest = digest.of(input.iter().copied());
    }
    digest
}

/// Objectives of each kind.
fn losses() -> [(&'static str, Vec<LossTerm>); 4] {
    let cross = |smoothing| LossTerm::from(CrossEntropy { weight: 1.0, smoothing });
    let triplet =
        |mining, normalize| LossTerm::from(Triplet { mining, margin: 0.3, weight: 0.5, normalize });
    [
        ("cross-entropy", vec![cross(0.0)]),
        ("batch-all", vec![cross(0.1), triplet(Mining::BatchAll, false)]),
        ("hard positives", vec![cross(0.0), triplet(Mining::HardPositiveHardNegative, true)]),
        ("easy positives", vec![cross(0.0), triplet(Mining::EasyPositiveHardNegative, false)]),
    ]
}

/// Images, classes, and the losses and parameters after some steps.
struct Training {
    images: Vec<f32>,
    classes: Vec<u32>,
    params: Params,
}

impl Training {
    fn of(architecture: &Architecture, batch: usize) -> Result<Self> {
        let params = Params::zeros(architecture.parameters())?;
        randomize(&params, Scheme::TruncatedNormal(0.05), 3, |_| true)?;
        let side = architecture.image();
        let images = random(batch * 3 * side * side, 11);
        let classes = (0..batch as u32).map(|i| i % 3).collect();
        Ok(Self { images, classes, params })
    }

    fn batch(&self) -> Batch<'_> {
        let targets = Targets { classes: &self.classes, own: 1.0 };
        Batch { images: (&self.images).into(), targets }
    }

    /// What a step came to: its embeddings and objective, and its gradient in the order in which
    /// it is computed, a block at a time.
    fn step(
        &self,
        what: &str,
        network: &Network<'_>,
        report: &StepReport,
        grads: &Gradients<'_>,
        lines: &mut Lines,
    ) -> Result<()> {
        let embeddings = network.embed(&self.images, None)?.flatten_all()?.to_vec1::<f32>()?;
        lines.add(&format!("{what}, embeddings"), Digest::default().of(embeddings));
        let numbers = [report.total, report.embedding_norm, grads.norm()?];
        lines.add(&format!("{what}, objective"), Digest::default().of_doubles(numbers));
        let specs = self.params.specs().iter().enumerate();
        let named: Vec<(&str, Tensor)> = specs
            .filter(|(_, spec)| spec.trained())
            .map(|(index, spec)| Ok((block(&spec.name), grads.tensor(index)?)))
            .collect::<Result<_>>()?;
        for of_block in named.chunk_by(|one, two| one.0 == two.0).rev() {
            let mut digest = Digest::default();
            for (_, gradient) in of_block {
                digest = digest.of(gradient.flatten_all()?.to_vec1::<f32>()?);
            }
            lines.add(&format!("{what}, gradient of {}", of_block[0].0), digest);
        }
        Ok(())
    }

    fn parameters(&self) -> Result<Digest> {
        (0..self.params.specs().len()).try_fold(Digest::default(), |digest, index| {
            Ok(digest.of(self.params.tensor(index)?.flatten_all()?.to_vec1::<f32>()?))
        })
    }

    fn probabilities(&self, network: &Network<'_>) -> Result<Digest> {
        Ok(Digest::default().of(network.probabilities(&self.images)?.into_iter().flatten()))
    }
}

/// The block of a parameter, as `blocks.3`.
fn block(name: &str) -> &str {
    let end = name.match_indices('.').map(|(at, _)| at).take(2).last();
    &name[..end.unwrap_or(name.len())]
}

/// Steps of AdamW, the last in micro-batches.
fn vit(loss: &Loss, what: &str, lines: &mut Lines) -> Result<()> {
    let config = VitConfig {
        patch: 8,
        width: 48,
        depth: 2,
        heads: 3,
        image: 48,
        hidden: 96,
        layer_scale: Some(0.1),
        registers: 1,
        pool: Pool::PatchMean,
        drop_path: 0.2,
        classes: 3,
    };
    let architecture = Architecture::from(config);
    let training = Training::of(&architecture, 6)?;
    let network = Network::new(architecture.clone(), &training.params, Precision::F32);
    let settings = AdamWSettings {
        lr: 1e-2,
        weight_decay: 0.05,
        layer_decay: 0.65,
        beta1: 0.9,
        beta2: 0.999,
        eps: 1e-8,
    };
    let groups = groups(&settings, &architecture, &training.params);
    let mut optimizer = AdamW::new(&settings, groups, &training.params)?;
    let mut grads = Gradients::new(&training.params);
    for step in 0..3 {
        grads.clear();
        let drop = DropPath { seed: 0, epoch: 0, step, offset: 0 };
        let micro = if step == 2 { 4 } else { 6 };
        let report = gradients(&network, loss, training.batch(), micro, drop, &mut grads)?;
        let what = format!("{what}: step {}", step + 1);
        training.step(&what, &network, &report, &grads, lines)?;
        optimizer.step(&training.params, &grads, 1e-2)?;
        lines.add(&format!("{what}, parameters"), training.parameters()?);
    }
    lines.add(&format!("{what}: probabilities"), training.probabilities(&network)?);
    Ok(())
}

/// Steps of SGD with sharpness-aware minimisation.
fn efficientnet(what: &str, lines: &mut Lines) -> Result<()> {
    let config = EfficientNetConfig {
        width: 0.5,
        depth: 0.5,
        image: 48,
        dropout: 0.2,
        momentum: 0.1,
        drop_path: 0.2,
        classes: 3,
    };
    let architecture = Architecture::from(config);
    let training = Training::of(&architecture, 4)?;
    let network = Network::new(architecture, &training.params, Precision::F32);
    let settings = SgdSettings { lr: 0.05, momentum: 0.9, weight_decay: 1e-4 };
    let mut optimizer = Sgd::new(&settings, &training.params)?;
    let mut grads = Gradients::new(&training.params);
    let [(_, terms), ..] = losses();
    let loss = Loss { terms };
    for step in 0..2 {
        let drop = DropPath { seed: 0, epoch: 0, step, offset: 0 };
        grads.clear();
        let report = gradients(&network, &loss, training.batch(), 4, drop, &mut grads)?;
        let what = format!("{what}: step {}", step + 1);
        training.step(&what, &network, &report, &grads, lines)?;
        let before = ascend(&training.params, &grads, 0.05, grads.norm()?)?;
        grads.clear();
        gradients(&network, &loss, training.batch(), 4, drop, &mut grads)?;
        descend(&training.params, &before)?;
        network.update_running_statistics()?;
        optimizer.step(&training.params, &grads, 0.05)?;
        lines.add(&format!("{what}, parameters"), training.parameters()?);
    }
    lines.add(&format!("{what}: probabilities"), training.probabilities(&network)?);
    Ok(())
}
