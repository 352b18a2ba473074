//! What batches cost: million rows a second of each operation, beside a loop of Euclidean distances in the same run.
//!
//! `cargo run --release --no-default-features --example batch`; read the ratios, not the rates.

use hypprec::batch::{AtLevel, Level};
use hypprec::{Batch, Hyperbolic, Klein, Lorentz, PoincareBall};
use std::hint::black_box;
use std::time::Instant;

const ROWS: usize = 16_384;
const DIM: usize = 16;
/// The best of so many runs counts: the machine is shared.
const RUNS: usize = 40;

/// `n` numbers in ±scale, by a fixed law.
fn numbers(n: usize, phase: f64, scale: f64) -> Vec<f64> {
    (0..n).map(|i| (phase + 1.7 * i as f64).sin() * scale).collect()
}

/// Million rows a second.
fn rate(mut f: impl FnMut()) -> f64 {
    let seconds = (0..RUNS).map(|_| {
        let start = Instant::now();
        f();
        start.elapsed().as_secs_f64()
    });
    ROWS as f64 / seconds.fold(f64::INFINITY, f64::min) / 1e6
}

macro_rules! measure {
    ($type:ty, $level:expr) => {{
        let of = |phase, scale| numbers(ROWS * DIM, phase, scale).iter().map(|x| *x as $type).collect::<Vec<$type>>();
        let (x, y) = (of(0.3, 0.2), of(1.1, 0.22));
        let (mut d, mut z) = (vec![0.0; ROWS], vec![0.0; ROWS * DIM]);
        let euclid = rate(|| {
            for (i, out) in d.iter_mut().enumerate() {
                let (x, y) = (&x[i * DIM..][..DIM], &y[i * DIM..][..DIM]);
                *out = x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)).sum::<$type>().sqrt();
            }
            black_box(&d);
        });
        println!("{} {:?}\n  Euclidean loop {euclid:.1}", stringify!($type), $level);
        measure!(@model PoincareBall, $type, $level, x, y, d, z, euclid);
        measure!(@model Lorentz, $type, $level, x, y, d, z, euclid);
        measure!(@model Klein, $type, $level, x, y, d, z, euclid);
    }};
    (@model $model:ident, $type:ty, $level:expr, $x:ident, $y:ident, $d:ident, $z:ident, $euclid:ident) => {{
        let model = AtLevel { model: $model::<$type>::new(1.0).unwrap(), level: $level };
        let say = |name: &str, rate: f64| println!("  {:13} {name:9} {rate:7.1}  {:.2}", stringify!($model), rate / $euclid);
        let one = rate(|| $d.iter_mut().enumerate().take(ROWS / 16).for_each(|(i, d)| *d = model.model.distance(&$x[i * DIM..][..DIM], &$y[i * DIM..][..DIM])));
        say("d, single", one / 16.0);
        say("distance", rate(|| { model.distance_rows(&$x, &$y, DIM, &mut $d).unwrap(); black_box(&$d); }));
        say("origin d", rate(|| { model.origin_distance_rows(&$x, DIM, &mut $d).unwrap(); black_box(&$d); }));
        say("add", rate(|| { model.add_rows(&$x, &$y, DIM, &mut $z).unwrap(); black_box(&$z); }));
        say("exp0", rate(|| { model.exp0_rows(&$x, DIM, &mut $z).unwrap(); black_box(&$z); }));
        say("log0", rate(|| { model.log0_rows(&$x, DIM, &mut $z).unwrap(); black_box(&$z); }));
    }};
}

fn main() {
    for level in Level::all() {
        measure!(f32, level);
    }
    measure!(f64, Level::best());
}
