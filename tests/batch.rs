//! Batches: as accurate as the single call, and the same bytes whatever runs them.

mod common;

use common::property;
use hypprec::batch::{AtLevel, BatchError, Kernel, Lane, Level};
use hypprec::{Batch, Hyperbolic, Klein, Lorentz, PoincareBall};
use proptest::prelude::*;

/// Rows of a pack and a few more, so that there is a whole one and a part of one.
const ROWS: usize = 70;

/// Points of a ball of curvature −c: some in its middle, some near the rim, some at its centre, some of tiny coordinates, and
/// some twice in the two arrays.
fn points(seed: u64, rows: usize, dim: usize, c: f64) -> Vec<f32> {
    let mut state = seed | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1u64 << 31) as f64
    };
    let mut all = Vec::new();
    for row in 0..rows {
        let x: Vec<f64> = (0..dim).map(|_| 2.0 * next() - 1.0).collect();
        let length = x.iter().map(|x| x * x).sum::<f64>().sqrt().max(1e-3);
        let norm = match row % 7 {
            0 => 1.0 - 1e-7 * next(),
            1 => 0.0,
            2 => 1e-30 * next(),
            3 => 1.0 - 1e-4 * next(),
            _ => next(),
        } / c.sqrt();
        all.extend(x.iter().map(|x| (x * norm / length) as f32));
    }
    all
}

/// Points of the model: those of a ball inside it, those of the hyperboloid further out.
fn pair<M: Hyperbolic<f32>>(model: &M, far: f32, seed: u64, rows: usize, dim: usize, c: f64) -> (Vec<f32>, Vec<f32>) {
    let project = |x: Vec<f32>| -> Vec<f32> { x.chunks(dim).flat_map(|x| model.project(x)).map(|x| x * far).collect() };
    let x = project(points(seed, rows, dim, c));
    let mut y = project(points(seed ^ 0x5555, rows, dim, c));
    // Every ninth pair is one point, every eleventh two neighbours.
    for row in 0..rows {
        let at = row * dim..(row + 1) * dim;
        if row % 9 == 4 {
            y[at.clone()].copy_from_slice(&x[at.clone()]);
        }
        if row % 11 == 5 {
            y[at.clone()].copy_from_slice(&x[at.clone()]);
            y[at.start] = x[at.start] * (1.0 - f32::EPSILON);
        }
    }
    (x, y)
}

/// Whether two results of f32 differ by one rounding at most, both being within .501 ulp of one number.
fn neighbours(x: f32, y: f32) -> bool {
    x == y || (x.to_bits() as i64 - y.to_bits() as i64).abs() <= 1
}

fn bits<S: Copy + Into<f64>>(x: &[S]) -> Vec<u64> {
    x.iter().map(|x| (*x).into().to_bits()).collect()
}

/// All operations of one batch, after one another.
fn everything<S: Lane + Default, B: Batch<S>>(batch: &B, x: &[S], y: &[S], dim: usize) -> Vec<S> {
    let rows = x.len() / dim;
    let mut out = vec![S::default(); rows * 2 + 6 * rows * dim];
    let (numbers, vectors) = out.split_at_mut(2 * rows);
    let (d, origin) = numbers.split_at_mut(rows);
    batch.distance_rows(x, y, dim, d).unwrap();
    batch.origin_distance_rows(x, dim, origin).unwrap();
    let mut vectors = vectors.chunks_mut((rows * dim).max(1));
    let mut next = || vectors.next().unwrap_or_default();
    batch.add_rows(x, y, dim, next()).unwrap();
    batch.exp_rows(x, y, dim, next()).unwrap();
    batch.log_rows(x, y, dim, next()).unwrap();
    batch.exp0_rows(x, dim, next()).unwrap();
    batch.log0_rows(x, dim, next()).unwrap();
    batch.transport_rows(x, y, x, dim, next()).unwrap();
    out
}

/// Distances are those of the single call but for a rounding of one in a thousand; vectors are as near.
fn as_the_single_call<M: Kernel<f32> + Batch<f32> + Sync>(model: &M, far: f32, seed: u64, dim: usize, c: f64) {
    let (x, y) = pair(model, far, seed, ROWS, dim, c);
    let mut d = vec![0.0; ROWS];
    model.distance_rows(&x, &y, dim, &mut d).unwrap();
    let mut back = vec![0.0; ROWS];
    model.distance_rows(&y, &x, dim, &mut back).unwrap();
    assert_eq!(bits(&d), bits(&back), "d(x, y) and d(y, x)");
    for (row, d) in d.iter().enumerate() {
        let (x, y) = (&x[row * dim..][..dim], &y[row * dim..][..dim]);
        let single = model.distance(x, y);
        assert!(neighbours(*d, single), "d({x:?}, {y:?}): {d} and {single}");
        assert!(x != y || *d == 0.0, "d({x:?}, itself) = {d}");
    }
    let all = everything(model, &x, &y, dim);
    let vectors = &all[2 * ROWS..];
    for row in 0..ROWS {
        let (a, b) = (&x[row * dim..][..dim], &y[row * dim..][..dim]);
        assert!(neighbours(all[ROWS + row], model.origin_distance(a)), "d(0, {a:?})");
        let singles =
            [model.add(a, b), model.exp(a, b), model.log(a, b), model.exp0(a), model.log0(a), model.transport(a, b, a)];
        for (op, single) in singles.iter().enumerate() {
            let batch = &vectors[op * ROWS * dim + row * dim..][..dim];
            let size = single.iter().fold(0f32, |size, x| size.max(x.abs()));
            for (x, y) in batch.iter().zip(single) {
                let near = x == y || x.is_nan() && y.is_nan() || (x - y).abs() <= f32::EPSILON * size;
                assert!(near, "operation {op} of {a:?} and {b:?}: {batch:?} and {single:?}");
            }
        }
    }
}

/// Whatever runs it: instruction set, rows beside a row.
fn the_same_bytes<S: Lane + Default + Into<f64>, M>(model: &M, x: &[S], y: &[S], dim: usize)
where
    M: Kernel<S> + Batch<S> + Clone + Sync,
{
    let best = everything(model, x, y, dim);
    for level in Level::all() {
        let there = everything(&AtLevel { model: model.clone(), level }, x, y, dim);
        assert_eq!(bits(&there), bits(&best), "{level:?}");
    }
    let rows = x.len() / dim;
    let mut whole = vec![S::default(); rows];
    model.distance_rows(x, y, dim, &mut whole).unwrap();
    for size in [1, 7, 40] {
        let mut parts = vec![S::default(); rows];
        let pieces = x.chunks(size * dim).zip(y.chunks(size * dim)).zip(parts.chunks_mut(size));
        pieces.for_each(|((x, y), out)| model.distance_rows(x, y, dim, out).unwrap());
        assert_eq!(bits(&parts), bits(&whole), "{size} rows at a time");
    }
}

proptest! {
    #![proptest_config(property(common::PROPERTY_CASES))]

    #[test]
    fn a_batch_is_as_accurate_as_the_single_call(seed in any::<u64>(), dim in 1usize..70, c in 0.1f32..4.0) {
        let wide = f64::from(c);
        as_the_single_call(&PoincareBall::new(c).unwrap(), 1.0, seed, dim, wide);
        as_the_single_call(&Lorentz::new(c).unwrap(), 1.0, seed, dim, wide);
        as_the_single_call(&Lorentz::new(c).unwrap(), 1e3, seed, dim, wide);
        as_the_single_call(&Klein::new(c).unwrap(), 1.0, seed, dim, wide);
    }

    #[test]
    fn the_instruction_set_and_the_rows_beside_change_no_byte(seed in any::<u64>(), dim in 1usize..70, rows in 1usize..200) {
        let ball = PoincareBall::new(1f32).unwrap();
        let (x, y) = pair(&ball, 1.0, seed, rows, dim, 1.0);
        the_same_bytes(&ball, &x, &y, dim);
        the_same_bytes(&Lorentz::new(1f32).unwrap(), &x, &y, dim);
        the_same_bytes(&Klein::new(1f32).unwrap(), &x, &y, dim);
        let wide = |x: &[f32]| x.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
        the_same_bytes(&PoincareBall::new(1f64).unwrap(), &wide(&x), &wide(&y), dim);
    }
}

#[test]
fn threads_change_no_byte() {
    let ball = PoincareBall::new(1f32).unwrap();
    let (dim, rows) = (3, 40_000);
    let (x, y) = pair(&ball, 1.0, 9, rows, dim, 1.0);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| bits(&everything(&ball, &x, &y, dim)))
    };
    let one = with(1);
    assert!(one == with(2) && one == with(5));
}

#[test]
fn the_ends_of_the_range_are_the_single_calls() {
    let lorentz = Lorentz::new(1f32).unwrap();
    for (a, b) in [(3e38, -3e38), (1e30, 1e-30), (1e-45, -1e-45), (1e-30, 0.0), (1e20, 1.000_001e20)] {
        let (x, y) = ([a, a, 0.0], [b, a, 1e-40]);
        let mut d = [0.0];
        lorentz.distance_rows(&x, &y, 3, &mut d).unwrap();
        assert!(neighbours(d[0], lorentz.distance(&x, &y)), "{x:?} {y:?}: {}", d[0]);
    }
    // A curvature whose powers leave the range.
    for c in [1e-38f32, 1e36] {
        let ball = PoincareBall::new(c).unwrap();
        let (x, y) = ([0.3 / c.sqrt(), 0.0], [0.0, 0.4 / c.sqrt()]);
        let mut d = [0.0];
        ball.distance_rows(&x, &y, 2, &mut d).unwrap();
        assert!(neighbours(d[0], ball.distance(&x, &y)), "{c}");
    }
}

#[test]
fn a_row_that_is_no_point_spoils_no_other() {
    let ball = PoincareBall::new(1f32).unwrap();
    let dim = 9;
    let (x, y) = pair(&ball, 1.0, 5, ROWS, dim, 1.0);
    let sound = everything(&ball, &x, &y, dim);
    for bad in [f32::NAN, f32::INFINITY, 2.0] {
        let mut spoilt = x.clone();
        spoilt[17 * dim + 3] = bad;
        let all = everything(&ball, &spoilt, &y, dim);
        for row in (0..ROWS).filter(|row| *row != 17) {
            assert_eq!(all[row].to_bits(), sound[row].to_bits(), "{bad}: distance of row {row}");
            for op in 0..6 {
                let at = 2 * ROWS + op * ROWS * dim + row * dim;
                assert_eq!(bits(&all[at..at + dim]), bits(&sound[at..at + dim]), "{bad}: operation {op} of row {row}");
            }
        }
    }
}

#[test]
fn a_matrix_is_its_rows() {
    let klein = Klein::new(1f32).unwrap();
    let dim = 5;
    let (x, y) = pair(&klein, 1.0, 11, 13, dim, 1.0);
    let mut matrix = vec![0.0; 13 * 12];
    klein.distance_matrix(&x, &y[..12 * dim], dim, &mut matrix).unwrap();
    for (i, x) in x.chunks(dim).enumerate() {
        for (j, y) in y[..12 * dim].chunks(dim).enumerate() {
            let mut d = [0.0];
            klein.distance_rows(x, y, dim, &mut d).unwrap();
            assert_eq!(matrix[i * 12 + j].to_bits(), d[0].to_bits());
        }
    }
    klein.distance_matrix(&x, &[], dim, &mut []).unwrap();
}

#[test]
fn lengths_that_do_not_fit_are_said_and_nothing_is_written() {
    let ball = PoincareBall::new(1f64).unwrap();
    let (x, mut out) = ([0.1; 6], [7.0; 3]);
    let length = |name, len, rows, dim| Err(BatchError::Length { name, len, rows, dim });
    assert_eq!(ball.distance_rows(&x, &x, 0, &mut out), Err(BatchError::NoCoordinates));
    assert!(matches!(ball.distance_rows(&x, &x, 4, &mut out), Err(BatchError::Ragged { len: 6, dim: 4, .. })));
    assert_eq!(ball.distance_rows(&x, &x[..4], 2, &mut out), length("y", 4, 3, 2));
    assert_eq!(ball.distance_rows(&x, &x, 2, &mut out[..2]), length("out", 2, 3, 1));
    assert_eq!(ball.add_rows(&x, &x, 2, &mut out), length("out", 3, 3, 2));
    assert_eq!(ball.transport_rows(&x, &x, &x[..5], 2, &mut out), length("v", 5, 3, 2));
    assert_eq!(ball.distance_matrix(&x, &x, 2, &mut out), length("out", 3, 3, 3));
    assert_eq!(out, [7.0; 3]);
    let message = ball.distance_rows(&x, &x[..4], 2, &mut out).unwrap_err().to_string();
    assert_eq!(message, "y has 4 numbers, where 3 rows of 2 are 6");
    assert_eq!(ball.distance_rows(&[], &[], 2, &mut []), Ok(()));
}

/// Scores, neighbours and matrices of f32 and f64, each against the single call.
fn matrices_are_the_single_call<S: Lane + Default + Into<f64>, M>(model: &M, x: &[S], y: &[S], dim: usize)
where
    M: Kernel<S> + Batch<S> + Sync,
{
    const K: usize = 5;
    let (n, m) = (x.len() / dim, y.len() / dim);
    let mut scores = vec![S::default(); n * m];
    model.mlr_rows(x, y, x, dim, &mut scores).unwrap_or_else(|_| panic!("{n} rows of {m} classes"));
    let (numbers, distances) = model.nearest(x, y, dim, K).unwrap();
    let near = |a: f64, b: f64, size: f64| {
        a == b || (a - b).abs() <= f64::from(f32::EPSILON) * size || a.is_nan() && b.is_nan()
    };
    for (i, query) in x.chunks(dim).enumerate() {
        for (class, (p, a)) in y.chunks(dim).zip(x.chunks(dim)).enumerate() {
            let (score, single): (f64, f64) = (scores[i * m + class].into(), model.mlr(query, p, a).into());
            assert!(near(score, single, single.abs()), "score {class} of row {i}: {score} and {single}");
        }
        let single: Vec<f64> = y.chunks(dim).map(|y| model.distance(query, y).into()).collect();
        let found = &numbers[i * K..][..K];
        assert!(found.iter().enumerate().all(|(at, j)| !found[..at].contains(j)), "{found:?}");
        for (j, d) in found.iter().zip(&distances[i * K..][..K]) {
            assert!(near((*d).into(), single[*j], single[*j]), "d({i}, {j})");
        }
        let d = |j: usize| single[j];
        assert!(found.windows(2).all(|pair| d(pair[0]) <= d(pair[1]) * (1.0 + f64::from(f32::EPSILON))), "{found:?}");
        let last = d(found[K - 1]);
        let nearer = (0..m).filter(|j| !found.contains(j) && d(*j) < last * (1.0 - f64::from(f32::EPSILON)));
        assert_eq!(nearer.count(), 0, "row {i} has nearer neighbours than {found:?}");
    }
}

#[test]
fn scores_and_neighbours_are_those_of_the_single_call() {
    const ROWS: usize = 70;
    const DIM: usize = 3;
    let (ball, klein, hyperboloid) =
        (PoincareBall::new(0.7f32).unwrap(), Klein::new(0.7f32).unwrap(), Lorentz::new(0.7f32).unwrap());
    let (x, y) = pair(&ball, 1.0, 3, ROWS, DIM, 0.7);
    matrices_are_the_single_call(&ball, &x, &y, DIM);
    let (x, y) = pair(&klein, 1.0, 4, ROWS, DIM, 0.7);
    matrices_are_the_single_call(&klein, &x, &y, DIM);
    let (x, y) = pair(&hyperboloid, 8.0, 5, ROWS, DIM, 0.7);
    matrices_are_the_single_call(&hyperboloid, &x, &y, DIM);
    let wide = |x: &[f32]| x.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
    matrices_are_the_single_call(&Lorentz::new(0.7f64).unwrap(), &wide(&x), &wide(&y), DIM);
}

#[test]
fn neighbours_of_one_distance_are_told_apart_beyond_it_and_then_by_number() {
    let ball = PoincareBall::new(1.0f32).unwrap();
    // Rows 0 and 3 are one point; 1 is nearer than 2 by less than f32 tells of a distance.
    let (near, far) = (0.9f32, 0.9f32.next_up());
    let x = [-0.9f32];
    let y = [0.95, near, far, 0.95, near, f32::NAN];
    let mut d = [0.0; 6];
    ball.distance_matrix(&x, &y, 1, &mut d).unwrap();
    let (numbers, distances) = ball.nearest(&x, &y, 1, 6).unwrap();
    assert_eq!(numbers, [1, 4, 2, 0, 3, 5]);
    assert!(distances[5].is_nan() && distances[..5].iter().zip(&numbers).all(|(x, i)| x.to_bits() == d[*i].to_bits()));
    assert_eq!(ball.nearest(&x, &y, 1, 7).unwrap_err(), BatchError::TooFew { k: 7, rows: 6 });
    assert_eq!(ball.nearest(&x, &y, 1, 0).unwrap(), (vec![], vec![]));
}
