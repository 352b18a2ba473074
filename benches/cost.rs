//! What every variant costs a pair of points, in nanoseconds and as a multiple of a plain Euclidean distance in the same
//! arithmetic: the data behind `choose`.
//!
//! `cargo bench --bench cost --no-default-features > src/verdict/choose/cost.csv` measures and regenerates it.

use hypprec::arithmetic::{Bf16, Dd, F16, Scalar, Vector};
use hypprec::formula::{Clamps, Model, Op, Query, REGISTRY, Space, Variant, apply};
use hypprec::{Hyperbolic, Klein, Lorentz, PoincareBall};
use std::hint::black_box;
use std::time::Instant;

/// Coordinates of every point: enough that the call by name is a small share.
const DIM: usize = 64;
/// √c d(0, x) of every point.
const RADIUS: f64 = 2.0;
/// Points, so that no branch is learnt by heart.
const POINTS: usize = 32;
/// Passes over the points in one timing, and timings of which the fastest counts: others use the machine too.
const PASSES: usize = 8;
const TIMINGS: usize = 60;
/// Nanoseconds of a second.
const NANOSECONDS: f64 = 1e9;
/// The operations that `choose` knows.
const OPS: &[Op] = &[Op::Distance, Op::Exp, Op::Log, Op::Add, Op::Mlr, Op::Transport];

/// One evaluation's inputs.
struct Inputs<S> {
    x: Vec<S>,
    y: Vec<S>,
    v: Vec<S>,
}

fn main() {
    println!("# command: cargo bench --bench cost --no-default-features");
    println!("# version: {}", env!("CARGO_PKG_VERSION"));
    println!(
        "# ratio: to one Euclidean distance in the same arithmetic; ns: of a pair of {DIM} coordinates; fastest of {TIMINGS} timings"
    );
    println!("model,scalar,op,variant,ratio,ns");
    measure("f16", &F16::from_f64(1.0));
    measure("bf16", &Bf16::from_f64(1.0));
    measure("f32", &1f32);
    measure("f64", &1f64);
    measure("dd", &Dd::from(1.0));
}

fn measure<S: Scalar>(scalar: &str, one: &S) {
    let space = Space::with_clamps(one.clone(), Clamps::NONE);
    let plain = inputs(one, Model::Poincare);
    let euclidean = fastest(&plain, |i| drop(black_box(black_box(&i.x[..]).dist2(black_box(&i.y[..])).sqrt())));
    for variant in REGISTRY.iter().filter(|variant| OPS.contains(&variant.op)) {
        for &model in variant.models {
            let points = inputs(one, model);
            let time = fastest(&points, |i| run(variant, &space, model, i));
            let (op, id, ratio, ns) = (variant.op, variant.id, time / euclidean, NANOSECONDS * time);
            println!("{model},{scalar},{op},{id},{ratio:.1},{ns:.0}");
        }
    }
}

fn run<S: Scalar>(variant: &Variant, space: &Space<S>, model: Model, i: &Inputs<S>) {
    let mut query = Query::new(black_box(space), model);
    (query.x, query.y, query.v) = (Some(&i.x[..]), Some(&i.y[..]), Some(&i.v[..]));
    (query.p, query.a) = (Some(&i.y[..]), Some(&i.v[..]));
    drop(black_box(apply(black_box(variant), &query)));
}

/// Seconds of the fastest pass, per evaluation.
fn fastest<S>(inputs: &[Inputs<S>], evaluate: impl Fn(&Inputs<S>)) -> f64 {
    let pass = || {
        let started = Instant::now();
        (0..PASSES).for_each(|_| inputs.iter().for_each(&evaluate));
        started.elapsed().as_secs_f64() / (PASSES * inputs.len()) as f64
    };
    (0..TIMINGS).map(|_| pass()).fold(f64::INFINITY, f64::min)
}

/// Points at [`RADIUS`] in directions that a fixed recurrence draws, and short tangent vectors there.
fn inputs<S: Scalar>(one: &S, model: Model) -> Vec<Inputs<S>> {
    let ball = PoincareBall::new(1f64).expect("c = 1");
    let (lorentz, klein) = (Lorentz::new(1f64).expect("c = 1"), Klein::new(1f64).expect("c = 1"));
    let mut state = 1u64;
    let mut direction = || -> Vec<f64> {
        let mut draw = || {
            // Knuth's MMIX multiplier.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
        };
        let v: Vec<f64> = (0..DIM).map(|_| draw()).collect();
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        v.iter().map(|x| x * RADIUS / norm).collect()
    };
    let mut next = || {
        let (a, b, v) = (direction(), direction(), direction());
        match model {
            Model::Poincare => [ball.exp0(&halved(&a)), ball.exp0(&halved(&b)), v.iter().map(|x| x * 0.01).collect()],
            Model::Klein => [klein.exp0(&a), klein.exp0(&b), v.iter().map(|x| x * 0.01).collect()],
            Model::Lorentz => [lorentz.exp0(&a), lorentz.exp0(&b), v],
            Model::LorentzAmbient => {
                let (x, y) = (lorentz.exp0(&a), lorentz.exp0(&b));
                let time = x.iter().zip(&v).map(|(x, v)| x * v).sum::<f64>() / lorentz.time(&x);
                [lorentz.with_time(&x), lorentz.with_time(&y), std::iter::once(time).chain(v).collect()]
            }
        }
    };
    (0..POINTS)
        .map(|_| {
            let [x, y, v] = next().map(|x: Vec<f64>| x.iter().map(|x| one.lit(*x)).collect());
            Inputs { x, y, v }
        })
        .collect()
}

/// Tangent vectors at the ball's origin are half as long as what they stand for.
fn halved(v: &[f64]) -> Vec<f64> {
    v.iter().map(|x| x / 2.0).collect()
}
