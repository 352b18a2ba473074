//! Gromov's δ of a set of feature vectors: how nearly their Euclidean distances are those of a tree, and the curvature that
//! the paper reads from it.

use crate::data::{Classes, DataError, Item};
use crate::formula::{Answer, Model, Query, Space, Variant, apply};
use rayon::prelude::*;
use std::convert::Infallible;

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hyperbolicity {
    /// Mean and standard deviation over the tries of δ_rel = 2δ/diam: 0 for a tree, at most 1.
    pub relative: f64,
    pub deviation: f64,
    /// The least and the most of a try.
    pub least: f64,
    pub most: f64,
    /// c = (0.144/δ_rel)², Khrulkov et al. (2020), section 3.
    pub c: f64,
}

/// Things of a sample, and samples: those of Khrulkov et al. (2020).
pub const SAMPLES: u32 = 1500;
pub const TRIES: u64 = 10;

/// δ_rel of the Poincaré disk of curvature −1 in the paper's experiment, by which theirs scales c.
const OF_THE_DISK: f64 = 0.144;

/// δ_rel of `tries` samples of `size` of n things, each drawn from the seed without repetition, with the sample's first as the
/// fixed base point (the four-point δ is at most twice it); `distances`: all of a sample's, `[size][size]`.
pub fn hyperbolicity_of<E>(
    n: usize,
    size: usize,
    tries: u64,
    seed: u64,
    distances: impl Fn(&[usize]) -> Result<Vec<f32>, E>,
) -> Result<Hyperbolicity, E> {
    let size = size.min(n);
    let of = |stream| {
        let sample = &super::episode::order(n, seed, stream)[..size];
        Ok(relative_delta(&distances(sample)?, size))
    };
    let relative = (0..tries).map(of).collect::<Result<Vec<f64>, E>>()?;
    let mean = relative.iter().sum::<f64>() / tries as f64;
    let variance = relative.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / tries as f64;
    let least = relative.iter().copied().fold(f64::INFINITY, f64::min);
    let most = relative.iter().copied().fold(0.0, f64::max);
    Ok(Hyperbolicity { relative: mean, deviation: variance.sqrt(), least, most, c: (OF_THE_DISK / mean).powi(2) })
}

/// δ_rel of rows of `numbers` (`[n][width]`) in Euclid's distance.
pub fn hyperbolicity(numbers: &[f32], width: usize, size: usize, tries: u64, seed: u64) -> Hyperbolicity {
    let of = |sample: &[usize]| -> Result<Vec<f32>, Infallible> {
        Ok(distances(&sample.iter().map(|i| &numbers[i * width..(i + 1) * width]).collect::<Vec<_>>()))
    };
    let Ok(found) = hyperbolicity_of(numbers.len() / width, size, tries, seed, of);
    found
}

/// δ_rel of the images of few-shot classes, by the normalised pixels that a backbone sees.
pub fn hyperbolicity_of_images(data: &Classes, size: usize, tries: u64, seed: u64) -> Result<Hyperbolicity, DataError> {
    let items = data.items().0;
    hyperbolicity_of(items.len(), size, tries, seed, |sample| {
        let drawn: Vec<Item> = sample.iter().map(|i| items[*i]).collect();
        Ok(distances(&data.batch(&drawn)?.chunks_exact(data.area()).collect::<Vec<_>>()))
    })
}

/// δ_rel of distances, `[n][n]`.
pub fn hyperbolicity_of_matrix(distances: &[Vec<f64>], size: usize, tries: u64, seed: u64) -> Hyperbolicity {
    let of = |sample: &[usize]| -> Result<Vec<f32>, Infallible> {
        Ok(sample.iter().flat_map(|i| sample.iter().map(|j| distances[*i][*j] as f32)).collect())
    };
    let Ok(found) = hyperbolicity_of(distances.len(), size, tries, seed, of);
    found
}

/// δ_rel of points of a model by one of its distances.
pub fn hyperbolicity_in(
    distance: &Variant,
    space: &Space<f64>,
    model: Model,
    points: &[Vec<f64>],
    size: usize,
    tries: u64,
    seed: u64,
) -> Hyperbolicity {
    let apart = |i: usize, j: usize| {
        let mut query = Query::<[f64]>::new(space, model);
        (query.x, query.y) = (Some(points[i].as_slice()), Some(points[j].as_slice()));
        match apply(distance, &query) {
            Answer::Scalar(d) => d as f32,
            Answer::Vector(_) => unreachable!("a distance is a number"),
        }
    };
    let of = |sample: &[usize]| -> Result<Vec<f32>, Infallible> {
        let row = |i: &usize| sample.iter().map(|j| apart(*i, *j)).collect::<Vec<f32>>();
        Ok(sample.par_iter().flat_map_iter(row).collect())
    };
    let Ok(found) = hyperbolicity_of(points.len(), size, tries, seed, of);
    found
}

pub(super) fn distances(rows: &[&[f32]]) -> Vec<f32> {
    let row = |x: &&[f32]| -> Vec<f32> {
        let to = |y: &&[f32]| x.iter().zip(*y).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt();
        rows.iter().map(to).collect()
    };
    rows.par_iter().flat_map_iter(row).collect()
}

/// 2δ/diam from distances `[n][n]`: δ = max over i, j of (max over k of min((i|k), (k|j))) − (i|j), (i|j) Gromov's product
/// at row 0: ½(d(i,0) + d(j,0) − d(i,j)).
fn relative_delta(d: &[f32], n: usize) -> f64 {
    let product = |i: usize, j: usize| 0.5 * (d[i * n] + d[j * n] - d[i * n + j]);
    let products: Vec<f32> = (0..n * n).map(|at| product(at / n, at % n)).collect();
    let worst = |i: usize| {
        let mut best = vec![f32::NEG_INFINITY; n];
        for (k, ik) in products[i * n..(i + 1) * n].iter().enumerate() {
            for (best, kj) in best.iter_mut().zip(&products[k * n..(k + 1) * n]) {
                *best = best.max(ik.min(*kj));
            }
        }
        best.iter().zip(&products[i * n..]).map(|(best, ij)| best - ij).fold(0.0, f32::max)
    };
    let delta = (0..n).into_par_iter().map(worst).reduce(|| 0.0, f32::max);
    let diameter = d.iter().copied().fold(0.0, f32::max);
    if diameter == 0.0 { 0.0 } else { f64::from(2.0 * delta / diameter) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_and_a_model_are_asked_as_rows_are() {
        // A star as distances, and points on one geodesic through the origin: trees both.
        let lengths = [1.0, 2.0, 0.5, 3.0, 1.5];
        let star = |i: usize| (0..5).map(|j| if i == j { 0.0 } else { lengths[i] + lengths[j] }).collect::<Vec<f64>>();
        let matrix: Vec<Vec<f64>> = (0..5).map(star).collect();
        assert!(hyperbolicity_of_matrix(&matrix, 5, 2, 1).most < 1e-6);
        let line: Vec<Vec<f64>> = [-0.9, -0.3, 0.1, 0.6, 0.95].map(|x| vec![x, 0.0]).into();
        let best =
            crate::formula::variant(crate::formula::Op::Distance, Model::Poincare, crate::formula::BEST).unwrap();
        assert!(hyperbolicity_in(best, &Space::new(1.0), Model::Poincare, &line, 5, 2, 1).most < 1e-6);
        // A far triangle is thinner than a near one.
        let triangle = |r: f64| -> Vec<Vec<f64>> {
            (0..12)
                .map(|i| f64::from(i) * std::f64::consts::TAU / 12.0)
                .map(|t| vec![r * t.cos(), r * t.sin()])
                .collect()
        };
        let of = |r| hyperbolicity_in(best, &Space::new(1.0), Model::Poincare, &triangle(r), 12, 1, 1).relative;
        assert!(of(0.999) < 0.5 * of(0.1), "{} {}", of(0.999), of(0.1));
    }

    /// Distances of a star: every pair of leaves through the centre.
    #[test]
    fn a_tree_has_delta_0_and_a_square_has_not() {
        let lengths = [1.0f32, 2.0, 0.5, 3.0, 1.5];
        let n = lengths.len();
        let star = |at: usize| if at / n == at % n { 0.0 } else { lengths[at / n] + lengths[at % n] };
        let d: Vec<f32> = (0..n * n).map(star).collect();
        assert!(relative_delta(&d, n) < 1e-6);
        // The corners of a unit square: δ at a corner is √2 − 1, the diameter √2.
        let corners: [&[f32]; 4] = [&[0.0, 0.0], &[1.0, 0.0], &[1.0, 1.0], &[0.0, 1.0]];
        let expected = 2.0 * (2f64.sqrt() - 1.0) / 2f64.sqrt();
        assert!((relative_delta(&distances(&corners), 4) - expected).abs() < 1e-6);
    }

    #[test]
    fn the_same_seed_gives_the_same_answer() {
        let numbers: Vec<f32> = (0..300).map(|i| (i * 7919 % 101) as f32).collect();
        assert_eq!(hyperbolicity(&numbers, 3, 20, 2, 1), hyperbolicity(&numbers, 3, 20, 2, 1));
    }
}
