//! Times Proofmark's side of the comparison that `benches/step.py` makes: the whole
//! training step of a ViT-B/16 (forward, cross-entropy, backward, AdamW), its forward
//! pass alone, and the matrix products of a step alone, which are the floor.
//!
//! Prints one line of JSON: seconds of every round, and the peak memory in bytes.

use std::time::Instant;

use proofmark_base::product::{Mat, Out, Threads, product};
use proofmark_lang::model::{AdamW as Settings, CrossEntropy, Loss, LossTerm, Pool, Precision};
use proofmark_model::backbone::Backbone as _;
use proofmark_model::drop_path::DropPath;
use proofmark_model::gradients::Gradients;
use proofmark_model::init::{Scheme, randomize};
use proofmark_model::losses::Targets;
use proofmark_model::network::Network;
use proofmark_model::params::Params;
use proofmark_model::vit::VitConfig;
use proofmark_train::optim::{AdamW, groups};
use proofmark_train::step::{Batch, gradients};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [what, batch, rounds] = arguments.as_slice() else {
        return Err("usage: step WHAT BATCH ROUNDS, WHAT one of step, forward, products".into());
    };
    let (batch, rounds): (usize, usize) = (batch.parse()?, rounds.parse()?);
    let config = VitConfig {
        patch: 16,
        width: 768,
        depth: 12,
        heads: 12,
        image: 224,
        hidden: 3072,
        layer_scale: None,
        registers: 0,
        pool: Pool::PatchMean,
        drop_path: 0.1,
        classes: 2,
    };
    let seconds = match what.as_str() {
        "products" => products(&config, batch, rounds),
        _ => network(&config, batch, rounds, what == "step")?,
    };
    let memory = peak_memory()?;
    let line = serde_json::json!({ "seconds": seconds, "peak_memory": memory });
    #[expect(clippy::print_stdout, reason = "its output is its purpose")]
    {
        println!("{line}");
    }
    Ok(())
}

/// Seconds of each round after one that is not counted.
fn time(rounds: usize, mut round: impl FnMut()) -> Vec<f64> {
    round();
    let one = |_| {
        let begun = Instant::now();
        round();
        begun.elapsed().as_secs_f64()
    };
    (0..rounds).map(one).collect()
}

fn network(
    config: &VitConfig,
    batch: usize,
    rounds: usize,
    train: bool,
) -> Result<Vec<f64>, Box<dyn std::error::Error>> {
    let params = Params::zeros(config.parameters())?;
    randomize(&params, Scheme::Xavier, 0, |_| true)?;
    let network = Network::new(config.clone(), &params, Precision::F32);
    let pixels = 3 * config.image * config.image;
    let images: Vec<f32> = (0..batch * pixels).map(|i| (i % 251) as f32 / 125.0 - 1.0).collect();
    let classes: Vec<u32> = (0..batch as u32).map(|i| i % 2).collect();
    let cross = LossTerm::from(CrossEntropy { weight: 1.0, smoothing: 0.0 });
    let loss = Loss { terms: vec![cross] };
    let settings = Settings {
        lr: 1e-4,
        weight_decay: 0.05,
        layer_decay: 0.65,
        beta1: 0.9,
        beta2: 0.999,
        eps: 1e-8,
    };
    let mut optimizer =
        AdamW::new(&settings, groups(&settings, &config.clone().into(), &params), &params)?;
    let mut grads = Gradients::new(&params);
    let mut step = 0;
    Ok(time(rounds, || {
        if train {
            grads.clear();
            let drop = DropPath { seed: 0, epoch: 0, step, offset: 0 };
            let targets = Targets { classes: &classes, own: 1.0 };
            let batch_of = Batch { images: (&images).into(), targets };
            gradients(&network, &loss, batch_of, batch, drop, &mut grads)
                .expect("it has gradients");
            optimizer.step(&params, &grads, 1e-4).expect("every parameter has a gradient");
            step += 1;
        } else {
            network.logits(&images).expect("it has logits");
        }
    }))
}

/// The matrix products of a training step, one after the other on all threads, without
/// anything in between. Attention's are on one thread per image, as in the network.
fn products(config: &VitConfig, batch: usize, rounds: usize) -> Vec<f64> {
    let (d, h) = (config.width, config.hidden);
    let (tokens, head) = (config.grid() * config.grid() + 1, config.width / config.heads);
    let rows = batch * tokens;
    let largest = rows * 3 * d.max(h) + 3 * d * h;
    let (a, b) = (vec![0.5f32; largest], vec![0.25f32; largest]);
    let mut out = vec![0f32; largest];
    time(rounds, || {
        let mut layer = |inputs: usize, outputs: usize| {
            for (m, n, k) in
                [(rows, outputs, inputs), (rows, inputs, outputs), (outputs, inputs, rows)]
            {
                one(&a, &b, &mut out, (m, n, k), Threads::All);
            }
        };
        layer(3 * config.patch * config.patch, d);
        for _ in 0..config.depth {
            for (inputs, outputs) in [(d, 3 * d), (d, d), (d, h), (h, d)] {
                layer(inputs, outputs);
            }
        }
        let scores = (tokens, tokens, head);
        let mixed = (tokens, head, tokens);
        use rayon::prelude::*;
        out.par_chunks_mut(out_chunk(largest, batch)).take(batch).for_each(|out| {
            for _ in 0..config.depth * config.heads {
                for shape in [scores, mixed, scores, scores, mixed, mixed, mixed] {
                    one(&a, &b, out, shape, Threads::One);
                }
            }
        });
    })
}

fn out_chunk(largest: usize, batch: usize) -> usize {
    largest / batch
}

fn one(a: &[f32], b: &[f32], out: &mut [f32], (m, n, k): (usize, usize, usize), threads: Threads) {
    let (a, b) = (Mat::new(&a[..m * k], m), Mat::new(&b[..k * n], k));
    product(Out::new(&mut out[..m * n], n), a, b, 1.0, false, threads);
}

/// The most memory that this process has had, in bytes (Linux).
fn peak_memory() -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmHWM")?;
    Ok(kib.parse::<u64>()? * 1024)
}
