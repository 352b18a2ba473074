//! Gromov's δ of a set of feature vectors: how nearly their Euclidean distances are those of a tree, and the curvature that
//! the paper reads from it.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hyperbolicity {
    /// Mean and standard deviation over the tries of δ_rel = 2δ/diam: 0 for a tree, at most 1.
    pub relative: f64,
    pub deviation: f64,
    /// c = (0.144/δ_rel)², Khrulkov et al. (2020), section 3.
    pub c: f64,
}

/// δ_rel of the Poincaré disk of curvature −1 in the paper's experiment, by which theirs scales c.
const OF_THE_DISK: f64 = 0.144;

/// δ_rel of `tries` samples of `size` rows of `numbers` (`[n][width]`), each drawn from the seed without repetition, with the
/// sample's first row as the fixed base point (the four-point δ is at most twice it).
pub fn hyperbolicity(numbers: &[f32], width: usize, size: usize, tries: u64, seed: u64) -> Hyperbolicity {
    let n = numbers.len() / width;
    let relative: Vec<f64> = (0..tries)
        .map(|stream| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(stream);
            let mut order: Vec<usize> = (0..n).collect();
            let size = size.min(n);
            for i in 0..size {
                order.swap(i, i + (random.next_u64() % (n - i) as u64) as usize);
            }
            let rows: Vec<&[f32]> = order[..size].iter().map(|i| &numbers[i * width..(i + 1) * width]).collect();
            relative_delta(&distances(&rows), size)
        })
        .collect();
    let mean = relative.iter().sum::<f64>() / tries as f64;
    let variance = relative.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / tries as f64;
    Hyperbolicity { relative: mean, deviation: variance.sqrt(), c: (OF_THE_DISK / mean).powi(2) }
}

fn distances(rows: &[&[f32]]) -> Vec<f32> {
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
