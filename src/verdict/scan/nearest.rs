//! The nearest other point of each point, or of a seeded sample of them where all pairs would take too long.
//!
//! Candidates are ranked in f64 by a function of the distance that keeps close pairs apart; the distances themselves are
//! the default variant's in the arithmetic.

use super::pairs::{Kind, Pair, distance, seeded};
use super::points::Facts;
use super::{Histogram, Question, SHARES, ScanError, Stored, histogram};
use crate::arithmetic::Number;
use crate::formula::Model;
use crate::measure::order_statistic;
use rand_chacha::rand_core::RngCore;
use rayon::prelude::*;
use serde::Serialize;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How close the points come.
#[derive(Clone, Debug, Serialize)]
pub struct Nearest {
    /// Whether every point's nearest was looked for; otherwise a sample's.
    pub exact: bool,
    /// Points whose nearest other point was found among all others; points that coincide with them in the arithmetic are
    /// not counted as others.
    pub points: usize,
    /// Quantiles of √c times the distance to it.
    pub separation: Vec<Separation>,
    /// Of log₁₀ of the same.
    pub log_histogram: Option<Histogram>,
    /// Each of these points by its number, with √c times the distance.
    #[serde(skip)]
    pub each: Vec<(usize, f64)>,
}

/// A quantile of the distances to the nearest other point.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Separation {
    /// The share of points whose nearest is no further.
    pub share: f64,
    /// √c d(x, y).
    pub depth: f64,
    /// d(x, y).
    pub distance: f64,
}

/// Differences of coordinates that the search may take: a few seconds on a core.
const BUDGET: u64 = 8_000_000_000;
/// A sample is at least this large, whatever that takes.
const FEWEST: u64 = 64;
/// Points whose coordinates are unpacked at a time.
const BLOCK: usize = 256;

/// A point in the form that is compared.
struct End {
    /// As stored on a ball; a unit vector, or 0, on the hyperboloid.
    x: Vec<f64>,
    /// What f64 leaves of it, where it leaves something.
    rest: Vec<f64>,
    /// Of what the arithmetic stores: the same for points that coincide there.
    hash: u64,
    /// 1 − c‖x‖² on a ball.
    gap: f64,
    /// √c‖s‖ and √c t on the hyperboloid.
    sinh: f64,
    cosh: f64,
}

impl End {
    /// From coordinates and √c d(0, x).
    fn new(model: Model, root: f64, depth: f64, mut x: Vec<f64>, mut rest: Vec<f64>, hash: u64) -> End {
        match model {
            Model::Poincare | Model::Klein => {
                let gap = model.gap_at(depth).expect("a ball has a rim");
                End { x, rest, hash, gap, sinh: 0.0, cosh: 1.0 }
            }
            Model::Lorentz | Model::LorentzAmbient => {
                x.drain(..model.times());
                rest.drain(..model.times().min(rest.len()));
                // Scaled by the largest, so that squares stay in range.
                let largest = x.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
                if largest > 0.0 {
                    x.iter_mut().for_each(|x| *x /= largest);
                    let norm = sum(&x, &x, |x, _| x * x).sqrt();
                    x.iter_mut().for_each(|x| *x /= norm);
                    rest.iter_mut().for_each(|x| *x = *x / largest / norm);
                    let sinh = root * norm * largest;
                    return End { x, rest, hash, gap: 1.0, sinh, cosh: sinh.hypot(1.0) };
                }
                End { x, rest, hash, gap: 1.0, sinh: 0.0, cosh: 1.0 }
            }
        }
    }
}

/// How many are looked at for a point: all, or a seeded sample without repeats, ascending.
fn sample(inside: &[u32], width: usize, seed: u64, budget: u64) -> (Vec<u32>, bool) {
    let n = inside.len() as u64;
    let affordable = (budget / (n * width as u64).max(1)).max(FEWEST);
    if n <= affordable {
        return (inside.to_vec(), true);
    }
    let mut rng = seeded(seed, Kind::Nearest, 0);
    let mut chosen = std::collections::BTreeSet::new();
    while (chosen.len() as u64) < affordable {
        chosen.insert(inside[(rng.next_u64() % n) as usize]);
    }
    (chosen.into_iter().collect(), false)
}

/// The nearest other point of those looked at, and whether all were.
pub(super) fn nearest<S: Number>(
    stored: Stored,
    question: &Question,
    facts: &[Facts],
    inside: &[u32],
    like: &S,
) -> Result<(Vec<(u32, u32)>, bool), ScanError> {
    let width = stored.embedding.width;
    let (queries, exact) = sample(inside, width, question.seed, BUDGET);
    let root = question.c.sqrt();
    let end = |i: &u32| {
        let mut row = vec![0.0; width];
        let mut hasher = DefaultHasher::new();
        stored.key(*i as usize, &mut row).hash(&mut hasher);
        stored.row(*i as usize, &mut row);
        let depth = root * facts[*i as usize].radius;
        End::new(question.model, root, depth, row, stored.rest(*i as usize), hasher.finish())
    };
    let distances = distance(stored, question, like)?;
    // Different points that f64 cannot keep apart are measured in the arithmetic.
    let close = |i: u32, j: u32| of_depth(question.model, root * distances(i as usize, j as usize));
    let queries: Vec<(u32, End)> = queries.par_iter().map(|i| (*i, end(i))).collect();
    let none = || vec![(f64::INFINITY, u32::MAX); queries.len()];
    let nearer = |a: (f64, u32), b: (f64, u32)| if (b.0, b.1) < (a.0, a.1) { b } else { a };
    let over = |mut best: Vec<(f64, u32)>, block: &[u32]| {
        let ends: Vec<End> = block.iter().map(end).collect();
        for ((i, x), best) in queries.iter().zip(&mut best) {
            for (j, y) in block.iter().zip(&ends) {
                if i == j {
                    continue;
                }
                let mut measure = measure(question.model, question.c, x, y);
                if !(measure > 0.0 && measure < f64::INFINITY) && x.hash != y.hash {
                    measure = close(*i, *j);
                }
                // Points that coincide are told as duplicates.
                if measure > 0.0 {
                    *best = nearer(*best, (measure, *j));
                }
            }
        }
        best
    };
    let merge = |a: Vec<(f64, u32)>, b: Vec<(f64, u32)>| a.into_iter().zip(b).map(|(a, b)| nearer(a, b)).collect();
    let best = inside.par_chunks(BLOCK).fold(none, over).reduce(none, merge);
    let found = queries.iter().zip(best).filter(|(_, best)| best.0 < f64::INFINITY);
    Ok((found.map(|((i, _), best)| (*i, best.1)).collect(), exact))
}

/// The measure of points √c d(x, y) apart.
fn of_depth(model: Model, depth: f64) -> f64 {
    match model {
        Model::Poincare => pxfm::f_sinh(0.5 * depth).powi(2),
        Model::Klein => pxfm::f_sinh(depth).powi(2),
        Model::Lorentz | Model::LorentzAmbient => pxfm::f_sinh(0.5 * depth),
    }
}

/// A number that grows with the distance and is 0 only for coinciding points: sinh² of half of √c d on Poincaré's ball, of
/// all of it on Klein's, and sinh of half of it on the hyperboloid, by its haversine form.
fn measure(model: Model, c: f64, x: &End, y: &End) -> f64 {
    let mut apart2 = sum(&x.x, &y.x, |x, y| (x - y) * (x - y));
    if !x.rest.is_empty() {
        let rest = x.rest.iter().zip(&y.rest).map(|(x, y)| x - y);
        apart2 = x.x.iter().zip(&y.x).zip(rest).map(|((x, y), rest)| (x - y + rest) * (x - y + rest)).sum();
    }
    match model {
        Model::Poincare => c * apart2 / (x.gap * y.gap),
        Model::Klein => {
            let along = sum(&x.x, &y.x, |x, y| x * (y - x));
            c * (x.gap * apart2 + c * along * along) / (x.gap * y.gap)
        }
        Model::Lorentz | Model::LorentzAmbient => {
            let stretch = 1.0 + (x.sinh + y.sinh) / (x.cosh + y.cosh);
            let (ux, uy) = ((x.cosh + x.sinh).sqrt(), (y.cosh + y.sinh).sqrt());
            let radial = 0.5 * (x.sinh - y.sinh) * stretch / (ux * uy);
            let across = 0.5 * x.sinh.sqrt() * y.sinh.sqrt() * apart2.sqrt();
            (radial * radial + across * across).sqrt()
        }
    }
}

/// Σ term(xᵢ, yᵢ) in lanes, which a compiler can run side by side, in an order that depends on the length alone.
fn sum(x: &[f64], y: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [0.0; LANES];
    let (xs, ys) = (x.chunks_exact(LANES), y.chunks_exact(LANES));
    let rest: f64 = xs.remainder().iter().zip(ys.remainder()).map(|(x, y)| term(*x, *y)).sum();
    for (x, y) in xs.zip(ys) {
        for lane in 0..LANES {
            lanes[lane] += term(x[lane], y[lane]);
        }
    }
    lanes.iter().sum::<f64>() + rest
}

/// The pairs to be measured, at most as many as are asked for and spread evenly, and what the distances are.
pub(super) fn summary<S: Number>(
    (found, exact): (Vec<(u32, u32)>, bool),
    stored: Stored,
    question: &Question,
    like: &S,
) -> Result<(Vec<Pair>, Option<Nearest>), ScanError> {
    let distances = distance(stored, question, like)?;
    let mut separations: Vec<f64> =
        found.par_iter().map(|(i, j)| distances(*i as usize, *j as usize)).collect::<Vec<f64>>();
    let step = found.len().div_ceil(question.pairs.max(1)).max(1);
    let pair = |(i, j): &(u32, u32)| Pair { kind: Kind::Nearest, first: *i as usize, second: *j as usize };
    let pairs = if question.pairs == 0 { Vec::new() } else { found.iter().step_by(step).map(pair).collect() };
    let root = question.c.sqrt();
    let each = found.iter().zip(&separations).map(|((i, _), distance)| (*i as usize, root * distance)).collect();
    separations.par_sort_unstable_by(f64::total_cmp);
    if separations.is_empty() {
        return Ok((pairs, None));
    }
    let at = |share: &f64| {
        let distance = order_statistic(&separations, *share)?;
        Some(Separation { share: *share, depth: root * distance, distance })
    };
    // Different points whose distance the arithmetic rounds to 0 have no logarithm.
    let logs: Vec<f64> = separations.iter().filter(|d| **d > 0.0).map(|d| pxfm::f_log10(root * d)).collect();
    let nearest = Nearest {
        exact,
        points: separations.len(),
        separation: SHARES.iter().filter_map(at).collect(),
        log_histogram: histogram(&logs, *logs.first().unwrap_or(&0.0)),
        each,
    };
    Ok((pairs, Some(nearest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_drawn_only_where_all_are_too_many() {
        let inside: Vec<u32> = (0..1000).map(|i| 3 * i).collect();
        assert_eq!(sample(&inside, 10, 1, 1000 * 1000 * 10), (inside.clone(), true));
        let (some, exact) = sample(&inside, 10, 1, 100 * 1000 * 10);
        assert!(!exact && some.len() == 100 && some.is_sorted() && some.iter().all(|i| inside.contains(i)));
        assert_ne!(some, sample(&inside, 10, 2, 100 * 1000 * 10).0);
        assert_eq!(sample(&inside, 10, 1, 0).0.len(), FEWEST as usize);
    }

    #[test]
    fn measures_grow_with_the_distance_in_every_model() {
        // On one ray the measure is known in closed form.
        for (model, radius) in [(Model::Poincare, 3.0), (Model::Lorentz, 12.0), (Model::Klein, 2.0)] {
            let at = |rho: f64| End::new(model, 1.0, rho, vec![model.norm_at(rho), 0.0], Vec::new(), 0);
            let x = at(radius);
            for step in [1e-3f64, 0.1, 1.0] {
                let got = measure(model, 1.0, &x, &at(radius + step));
                let expected = match model {
                    Model::Klein => step.sinh().powi(2),
                    Model::Poincare => (0.5 * step).sinh().powi(2),
                    _ => (0.5 * step).sinh(),
                };
                assert!((got / expected - 1.0).abs() < 1e-9, "{model} {step}: {got} {expected}");
            }
        }
    }
}
