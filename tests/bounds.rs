//! The proved bounds under a directed search: never exceeded, and more than half of each is found.

mod common;

use common::{cases, long};
use hypprec::arithmetic::{Bf16, F16};
use hypprec::formula::Model;
use hypprec::verdict::bound::{Pair, Storage, Within, distance, distance_of_pair};
use hypprec::{Hyperbolic, Klein, Lorentz, PoincareBall};
use rayon::prelude::*;

const MODELS: [Model; 3] = [Model::Poincare, Model::Lorentz, Model::Klein];

/// What the distances of `f64` may themselves be off by, relatively: a few of its units, and the conditioning of the exact
/// points, which are `f64` themselves and so known.
const REFERENCE: f64 = 4.0 * f64::EPSILON;

/// splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    /// In [0, 1).
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
    fn sign(&mut self) -> f64 {
        2.0 * self.unit() - 1.0
    }
    /// A unit vector; now and then with equal or few coordinates.
    fn direction(&mut self, dim: usize) -> Vec<f64> {
        let few = self.next().is_multiple_of(4);
        let v: Vec<f64> = (0..dim)
            .map(|_| if few && self.next().is_multiple_of(2) { 1e-3 * self.sign() } else { self.sign() })
            .collect();
        unit(&v)
    }
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

fn unit(v: &[f64]) -> Vec<f64> {
    let norm = dot(v, v).sqrt();
    v.iter().map(|x| x / norm).collect()
}

/// Geometry of one model, in `f64`.
struct Space {
    model: Model,
    ball: PoincareBall<f64>,
    lorentz: Lorentz<f64>,
    klein: Klein<f64>,
}

impl Space {
    fn new(model: Model) -> Space {
        Space {
            model,
            ball: PoincareBall::new(1.0).unwrap(),
            lorentz: Lorentz::new(1.0).unwrap(),
            klein: Klein::new(1.0).unwrap(),
        }
    }
    fn distance(&self, x: &[f64], y: &[f64]) -> f64 {
        match self.model {
            Model::Poincare => self.ball.distance(x, y),
            Model::Klein => self.klein.distance(x, y),
            _ => self.lorentz.distance(x, y),
        }
    }
    fn radius(&self, x: &[f64]) -> f64 {
        match self.model {
            Model::Poincare => self.ball.origin_distance(x),
            Model::Klein => self.klein.origin_distance(x),
            _ => self.lorentz.origin_distance(x),
        }
    }
    fn outside(&self, x: &[f64]) -> bool {
        match self.model {
            Model::Poincare => self.ball.check_point(x).is_err(),
            Model::Klein => self.klein.check_point(x).is_err(),
            _ => self.lorentz.check_point(x).is_err(),
        }
    }
    /// The point at a radius in a direction.
    fn at(&self, radius: f64, direction: &[f64]) -> Vec<f64> {
        let q = match self.model {
            Model::Poincare => (radius / 2.0).tanh(),
            Model::Klein => radius.tanh(),
            _ => radius.sinh(),
        };
        direction.iter().map(|x| x * q).collect()
    }
    /// ∂d/∂x up to a factor: −log_x y with the metric, by differences of the distance along each coordinate.
    fn away(&self, x: &[f64], y: &[f64]) -> Vec<f64> {
        let step = 1e-6 * if self.model == Model::Lorentz { dot(x, x).sqrt() } else { 1.0 - dot(x, x).sqrt() };
        (0..x.len())
            .map(|i| {
                let moved = |by: f64| {
                    let mut x = x.to_vec();
                    x[i] += by;
                    self.distance(&x, y)
                };
                moved(step) - moved(-step)
            })
            .collect()
    }
}

/// An arithmetic by what it stores for a double.
struct Stores {
    name: &'static str,
    store: fn(f64) -> f64,
}

const ARITHMETICS: [Stores; 3] = [
    Stores { name: "f32", store: |x| f64::from(x as f32) },
    Stores { name: "bf16", store: |x| Bf16::from_f64(x).to_f64() },
    Stores { name: "f16", store: |x| F16::from_f64(x).to_f64() },
];

impl Stores {
    fn points(&self, x: &[f64]) -> Vec<f64> {
        x.iter().map(|x| (self.store)(*x)).collect()
    }
    /// The number farthest from x̂ in a direction that is still stored as x̂: as near the midpoint as doubles tell.
    fn farthest(&self, stored: f64, towards: f64) -> f64 {
        let roundoff = Storage::named(self.name).unwrap().roundoff;
        let step = 4.0 * roundoff * stored.abs().max(f64::MIN_POSITIVE);
        let (mut inside, mut outside) = (stored, stored + step * towards.signum());
        for _ in 0..40 {
            let middle = 0.5 * (inside + outside);
            if (self.store)(middle) == stored { inside = middle } else { outside = middle }
        }
        inside
    }
}

/// A pair of points to try: directions, radii and the angle between them.
#[derive(Clone)]
struct Tried {
    axis: Vec<f64>,
    other: Vec<f64>,
    radii: [f64; 2],
    angle: f64,
}

impl Tried {
    fn points(&self, space: &Space) -> [Vec<f64>; 2] {
        let along = dot(&self.axis, &self.other);
        let across: Vec<f64> = self.other.iter().zip(&self.axis).map(|(o, a)| o - along * a).collect();
        let across = unit(&across);
        let turned: Vec<f64> =
            self.axis.iter().zip(&across).map(|(a, b)| a * self.angle.cos() + b * self.angle.sin()).collect();
        [space.at(self.radii[0], &self.axis), space.at(self.radii[1], &unit(&turned))]
    }
}

/// The angle at which two points at these radii are so far apart; `None` where none is.
fn angle(radii: [f64; 2], distance: f64) -> Option<f64> {
    let [a, b] = radii;
    let square = ((distance / 2.0).sinh().powi(2) - ((a - b) / 2.0).sinh().powi(2)) / (a.sinh() * b.sinh());
    (0.0..=1.0).contains(&square).then(|| 2.0 * square.sqrt().asin())
}

/// Of so many pairs one is compared with the bound on all pairs like it, which on Klein's ball is a search of its own.
const EVERY: usize = 64;

struct Found {
    cells: usize,
    share: f64,
}

/// Searches pairs within a radius and at no less than a separation: their exact points as far from the stored ones as
/// rounding to nearest allows, where that moves the distance most. Every pair is compared with its own bound and with that
/// of all pairs like it. Starts go on until half of the bound is found, and end at a number of them.
fn search(
    model: Model,
    stores: &Stores,
    dim: usize,
    need: (f64, f64),
    [starts, most_starts, steps]: [usize; 3],
    seed: u64,
) -> Found {
    let space = Space::new(model);
    let storage = Storage::named(stores.name).unwrap();
    let (radius, separation) = need;
    let mut random = Random(seed);
    let mut found = Found { cells: 0, share: 0.0 };
    let whole = distance(model, &storage, Within { radius, separation, dim });
    let cell = |tried: &Tried, found: &mut Found| -> f64 {
        let [x, y] = tried.points(&space).map(|p| stores.points(&p));
        if space.outside(&x) || space.outside(&y) {
            return 0.0;
        }
        let stored = space.distance(&x, &y);
        let mut best: f64 = 0.0;
        let gradients = [space.away(&x, &y), space.away(&y, &x)];
        for sign in [1.0, -1.0] {
            let exact = |point: &[f64], gradient: &[f64]| -> Vec<f64> {
                point.iter().zip(gradient).map(|(p, g)| stores.farthest(*p, sign * g)).collect()
            };
            let (ex, ey) = (exact(&x, &gradients[0]), exact(&y, &gradients[1]));
            let d = space.distance(&ex, &ey);
            let radii = [space.radius(&ex), space.radius(&ey)];
            if space.outside(&ex) || space.outside(&ey) || d == 0.0 {
                continue;
            }
            found.cells += 1;
            let error = (stored - d).abs() / d;
            // The reference's own error, through radii that are read off the exact points.
            let own = distance_of_pair(model, &storage, dim, Pair { radii, distance: d });
            let allowance = own * 1e-6 + REFERENCE * (1.0 + radii[0].max(radii[1]).cosh().powi(2) * 1e-3);
            assert!(error <= own + allowance, "{model} {} {dim} {radii:?} {d}: {error:e} > {own:e}", stores.name);
            let farthest = radii[0].max(radii[1]);
            if model != Model::Klein || found.cells % EVERY == 1 {
                let all = Within { radius: farthest, separation: d.min(2.0 * farthest), dim };
                let all = distance(model, &storage, all);
                assert!(error <= all + allowance, "{model} {} {dim} {radii:?} {d}: {error:e} > {all:e}", stores.name);
                if (0.9 * radius..1.1 * radius).contains(&farthest) && (0.9 * separation..1.1 * separation).contains(&d)
                {
                    best = best.max(error / all);
                }
            }
            if d >= separation && farthest <= radius {
                best = best.max(error / whole);
            }
        }
        best
    };
    for start in 0..most_starts {
        if start >= starts && found.share > 0.5 {
            break;
        }
        let inside = radius * (1.0 - 4.0 * storage.roundoff.min(1e-3));
        let apart = (separation * (1.0 + 1e-3)).min(0.5 * separation + inside);
        // Level, straight outwards, across the origin, or anything.
        let radii = match start % 4 {
            0 => [inside, inside],
            1 => [inside, (inside - apart).abs().max(1e-3 * radius)],
            2 => [inside, (apart - inside).abs().clamp(1e-3 * radius, inside)],
            _ => [inside * random.unit().max(1e-3), inside * random.unit().max(1e-3)],
        };
        let wanted = if start % 4 == 3 { radii[0] + radii[1] } else { apart };
        let mut best = Tried {
            axis: random.direction(dim),
            other: random.direction(dim),
            radii,
            angle: angle(radii, wanted).unwrap_or(std::f64::consts::PI * random.unit()),
        };
        let mut score = cell(&best, &mut found);
        for step in 0..steps {
            let size = 10f64.powf(-4.0 * step as f64 / steps as f64) * random.unit();
            let mut next = best.clone();
            let nudge =
                |v: &[f64], random: &mut Random| unit(&v.iter().map(|x| x + size * random.sign()).collect::<Vec<_>>());
            match random.next() % 4 {
                0 => next.axis = nudge(&next.axis, &mut random),
                1 => next.other = nudge(&next.other, &mut random),
                2 => {
                    let i = (random.next() % 2) as usize;
                    next.radii[i] = (next.radii[i] * (1.0 + 0.3 * size * random.sign())).min(inside);
                }
                _ => next.angle = (next.angle * (1.0 + size * random.sign())).min(std::f64::consts::PI),
            }
            let here = cell(&next, &mut found);
            if here >= score {
                (best, score) = (next, here);
            }
        }
        found.share = found.share.max(score);
    }
    found
}

/// Needs from close and deep to far and shallow, as far as an arithmetic goes.
const NEEDS: [(f64, f64); 8] =
    [(0.5, 0.3), (1.0, 0.01), (2.0, 3.9), (3.0, 0.1), (4.0, 1.0), (6.0, 1.0), (6.0, 11.9), (10.0, 12.0)];
/// A bound is compared where there is one that says something.
const MEANINGFUL: f64 = 0.5;
/// Cells of a long run, at least.
const LONG_CELLS: usize = 10_000_000;

#[test]
fn no_pair_costs_more_to_store_than_is_proved_and_half_of_it_is_found() {
    let effort = [if cases(1) > 1 { 24 } else { 4 }, 100, cases(20) as usize];
    let mut places = Vec::new();
    for model in MODELS {
        for stores in &ARITHMETICS {
            for dim in [2, 3, 16] {
                places.extend(NEEDS.map(|need| (model, stores, dim, need)));
            }
        }
    }
    let searched = places.into_par_iter().enumerate().map(|(seed, (model, stores, dim, need))| {
        let storage = Storage::named(stores.name).unwrap();
        let whole = distance(model, &storage, Within { radius: need.0, separation: need.1, dim });
        let found = search(model, stores, dim, need, effort, seed as u64 + 1);
        let half = whole > MEANINGFUL || (found.share > 0.5 && found.share <= 1.0 + 1e-6);
        let what = || format!("{model} {} {dim} {need:?}: {:.3} of {whole:e}", stores.name, found.share);
        (found.cells, (!half).then(what))
    });
    let searched: Vec<(usize, Option<String>)> = searched.collect();
    let cells: usize = searched.iter().map(|(cells, _)| cells).sum();
    let missed: Vec<String> = searched.into_iter().filter_map(|(_, missed)| missed).collect();
    println!("{cells} cells");
    assert!(!long() || cells >= LONG_CELLS, "{cells}");
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
