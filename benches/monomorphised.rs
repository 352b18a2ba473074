//! What the one source costs: each formula of the registry's source in `f64` beside the same loops written by hand.
//!
//! `cargo bench --bench monomorphised`; read the ratios generic/by-hand within one run, not the nanoseconds.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use hypprec::formula::{Space, add, distance, lifted, radial};
use std::hint::black_box;

const DIMENSIONS: [usize; 3] = [2, 16, 128];

/// A point of the ball in general position, of norm `norm`.
fn point(n: usize, norm: f64, phase: f64) -> Vec<f64> {
    let raw: Vec<f64> = (0..n).map(|i| (phase + 1.7 * i as f64).sin()).collect();
    let length = raw.iter().map(|x| x * x).sum::<f64>().sqrt();
    raw.iter().map(|x| x * norm / length).collect()
}

fn sum(x: &[f64], y: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
    x.iter().zip(y).map(|(x, y)| term(*x, *y)).sum()
}

/// B4 by hand.
fn distance_by_hand(c: f64, root: f64, x: &[f64], y: &[f64]) -> f64 {
    let gap = |x: &[f64]| 1.0 - sum(x, x, |a, b| a * b) * c;
    let delta = sum(x, y, |a, b| (a - b) * (a - b)) * c / (gap(x) * gap(y));
    2.0 * pxfm::f_asinh(delta.sqrt()) / root
}

/// L1 on space coordinates by hand.
fn lorentz_by_hand(c: f64, root: f64, x: &[f64], y: &[f64]) -> f64 {
    let time = |x: &[f64]| (1.0 / c + sum(x, x, |a, b| a * b)).sqrt();
    let product = sum(x, y, |a, b| a * b) - time(x) * time(y);
    pxfm::f_acosh(-(product * c)) / root
}

/// Möbius addition by hand.
fn mobius_by_hand(c: f64, x: &[f64], y: &[f64]) -> Vec<f64> {
    let (x2, y2) = (sum(x, x, |a, b| a * b) * c, sum(y, y, |a, b| a * b) * c);
    let one_2xy = 2.0 * (sum(x, y, |a, b| a * b) * c) + 1.0;
    let denominator = one_2xy + x2 * y2;
    let (a, b) = (one_2xy + y2, 1.0 - x2);
    x.iter().zip(y).map(|(x, y)| (a * x + b * y) / denominator).collect()
}

/// exp₀ by hand.
fn exp0_by_hand(root: f64, v: &[f64]) -> Vec<f64> {
    let a = root * sum(v, v, |a, b| a * b).sqrt();
    let factor = pxfm::f_tanh(a) / a;
    v.iter().map(|v| v * factor).collect()
}

/// One formula at one dimension: the registry's source, and the loops by hand.
fn beside<T, U>(
    criterion: &mut Criterion,
    name: &str,
    n: usize,
    (x, y): (&[f64], &[f64]),
    generic: impl Fn(&[f64], &[f64]) -> T,
    by_hand: impl Fn(&[f64], &[f64]) -> U,
) {
    let mut group = criterion.benchmark_group(name);
    group.bench_function(BenchmarkId::new("generic", n), |b| b.iter(|| generic(black_box(x), black_box(y))));
    group.bench_function(BenchmarkId::new("by-hand", n), |b| b.iter(|| by_hand(black_box(x), black_box(y))));
    group.finish();
}

fn pairs(criterion: &mut Criterion) {
    let (c, root) = (0.25f64, 0.5f64);
    let k = Space::new(c);
    for n in DIMENSIONS {
        let (x, y) = (point(n, 1.2, 0.1), point(n, 1.4, 2.3));
        let xy = (x.as_slice(), y.as_slice());
        beside(
            criterion,
            "distance-B4",
            n,
            xy,
            |x, y| distance::arsinh(&k, x, y),
            |x, y| distance_by_hand(c, root, x, y),
        );
        beside(
            criterion,
            "distance-L1",
            n,
            xy,
            |x, y| distance::lorentz_arcosh::<[f64]>(&k, &lifted::lift(&k, x), &lifted::lift(&k, y)),
            |x, y| lorentz_by_hand(c, root, x, y),
        );
        beside(criterion, "add-mobius", n, xy, |x, y| add::mobius(&k, x, y), |x, y| mobius_by_hand(c, x, y));
        beside(criterion, "exp0-tanh", n, xy, |x, _| radial::ball_exp0_tanh(&k, x), |x, _| exp0_by_hand(root, x));
    }
}

criterion_group!(benches, pairs);
criterion_main!(benches);
