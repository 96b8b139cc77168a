//! Batch-all triplets, forward and backward, of B embeddings of width 768 in two classes.
//! `benches/triplet.py` times pytorch-metric-learning on the same task, and both in turn.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use proofmark_base::rng::{Rng, Stream};
use proofmark_lang::model::Mining;
use proofmark_model::triplet::loss_and_gradient;

/// ViT-B's.
const WIDTH: usize = 768;

fn batch_all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("batch-all");
    group.sample_size(10);
    for batch in [64, 512, 4096] {
        let mut rng = Rng::new(0, Stream::Init, 0, batch as u64);
        let embedding: Vec<f32> = (0..batch * WIDTH).map(|_| rng.normal() as f32).collect();
        let classes: Vec<u32> = (0..batch as u32).map(|i| i % 2).collect();
        group.bench_function(BenchmarkId::from_parameter(batch), |bencher| {
            bencher.iter(|| {
                loss_and_gradient(black_box(&embedding), WIDTH, &classes, Mining::BatchAll, 0.3)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, batch_all);
criterion_main!(benches);
