//! What a training step costs (batch 64, LeNet 20-50-500-n), and which share of it is the head.
//!
//! `cargo bench --features train --bench train_step`; the shares hold across machines, the milliseconds do not.

use burn_tensor::Device;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use hypprec::data::{Images, SIDE};
use hypprec::train::{Features, Input, Network, Recipe, SHARED_FEATURES, step};
use std::hint::black_box;

const BATCH: usize = 64;
/// Steps of a sample: one takes tens of milliseconds.
const SAMPLES: usize = 20;

fn recipe(model: &str, dim: usize) -> Recipe {
    let text = format!("dataset = \"sample\"\nmodel = \"{model}\"\ndim = {dim}\nepochs = 1\n");
    Recipe::parse(&text, &[]).expect("a valid recipe")
}

fn images() -> Images {
    let pixels = (0..BATCH * SIDE * SIDE).map(|i| (i * 7919 % 256) as u8).collect();
    Images { pixels, labels: (0..BATCH).map(|i| (i % 10) as u16).collect(), classes: 10 }
}

fn steps(c: &mut Criterion) {
    let device = Device::flex();
    let images = images();
    let indices: Vec<usize> = (0..BATCH).collect();
    let mut group = c.benchmark_group("step");
    group.sample_size(SAMPLES);
    for model in ["euclidean", "poincare", "lorentz", "klein"] {
        for dim in [2, 16] {
            let recipe = recipe(model, dim);
            let mut network = Network::new(&recipe, images.classes).expect("a valid recipe");
            let data = Features::Images(&images);
            let mut number = 0;
            group.bench_function(BenchmarkId::new(model, dim), |b| {
                b.iter(|| {
                    number += 1;
                    black_box(step(&mut network, &data, &indices, &images.labels, &recipe, &device, number)).is_ok()
                });
            });
        }
    }
    group.finish();
    let mut group = c.benchmark_group("last-layers-on-frozen-features");
    group.sample_size(SAMPLES);
    for model in ["euclidean", "poincare", "lorentz", "klein"] {
        let recipe = recipe(model, 16);
        let mut network = Network::new(&recipe, images.classes).expect("a valid recipe");
        let numbers: Vec<f32> = (0..BATCH * SHARED_FEATURES).map(|i| (i * 7919 % 256) as f32 / 256.0).collect();
        let data = Features::Frozen { numbers: &numbers, labels: &images.labels, classes: images.classes };
        let mut number = 0;
        group.bench_function(BenchmarkId::new(model, 16), |b| {
            b.iter(|| {
                number += 1;
                black_box(step(&mut network, &data, &indices, &images.labels, &recipe, &device, number)).is_ok()
            });
        });
    }
    group.finish();
    let network = Network::new(&recipe("poincare", 16), images.classes).expect("a valid recipe");
    c.bench_function("forward-alone", |b| {
        b.iter(|| {
            let input = Input::Images(network.images(&images.pixels, &device));
            black_box(network.forward(input, &device, false).stages.logits.into_data())
        });
    });
}

criterion_group!(benches, steps);
criterion_main!(benches);
