//! Nearest neighbours by accurate distances, ties decided in the wide arithmetic.

use super::run::check;
use super::{Batch, BatchError, Kernel, Lane, repeat};
use crate::arithmetic::Scalar;
use std::cmp::Ordering;

/// Distances that differ by no more than this many units in the last place may be in the wrong order: either is within 1 ulp.
const DOUBTFUL_ULPS: f64 = 4.0;

/// [`Batch::nearest`].
pub fn nearest<S: Lane, B: Batch<S> + ?Sized>(
    batch: &B,
    x: &[S],
    y: &[S],
    dim: usize,
    k: usize,
) -> Result<(Vec<usize>, Vec<S>), BatchError> {
    let rows = check(dim, y, &[])?;
    check(dim, x, &[])?;
    if k > rows {
        return Err(BatchError::TooFew { k, rows });
    }
    let queries = x.len() / dim;
    let (mut numbers, mut distances) = (Vec::with_capacity(queries * k), Vec::with_capacity(queries * k));
    if k == 0 {
        return Ok((numbers, distances));
    }
    let (mut d, mut repeated) = (y[..rows].to_vec(), Vec::with_capacity(y.len()));
    for query in x.chunks(dim) {
        repeat(query, rows, &mut repeated);
        batch.distance_rows(&repeated, y, dim, &mut d)?;
        let mut order: Vec<usize> = (0..rows).collect();
        let near = |a: &usize, b: &usize| by_distance(&d, *a, *b);
        order.select_nth_unstable_by(k - 1, near);
        let farthest = d[order[k - 1]];
        // All that may be among the k.
        let mut candidates: Vec<usize> = (0..rows).filter(|i| !is_beyond(farthest, d[*i])).collect();
        candidates.sort_by(near);
        decide(batch.model(), (query, y, dim), &d, &mut candidates);
        numbers.extend_from_slice(&candidates[..k]);
        distances.extend(candidates[..k].iter().map(|i| d[*i]));
    }
    Ok((numbers, distances))
}

/// NaN last, then the lower number first.
fn by_distance<S: Lane>(d: &[S], a: usize, b: usize) -> Ordering {
    let (x, y) = (d[a].size(), d[b].size());
    x.is_nan().cmp(&y.is_nan()).then(x.partial_cmp(&y).unwrap_or(Ordering::Equal)).then(a.cmp(&b))
}

/// Whether the second distance is the larger one, beyond doubt.
fn is_beyond<S: Lane>(first: S, second: S) -> bool {
    let (x, y) = (first.size(), second.size());
    y - x > DOUBTFUL_ULPS * 2.0 * first.unit_roundoff().size() * x || (y.is_nan() && !x.is_nan())
}

/// Puts runs of distances that cannot be told apart in `S` into their order.
fn decide<S: Lane, M: Kernel<S>>(model: &M, (query, y, dim): (&[S], &[S], usize), d: &[S], sorted: &mut [usize]) {
    for run in sorted.chunk_by_mut(|a, b| !is_beyond(d[*a], d[*b])) {
        if run.len() < 2 || d[run[0]].size().is_nan() {
            continue;
        }
        let mut wide: Vec<(S::Wide, usize)> =
            run.iter().map(|i| (model.wide_distance(query, &y[i * dim..][..dim]), *i)).collect();
        wide.sort_by(|(x, i), (y, j)| x.compare(y).unwrap_or(Ordering::Equal).then(i.cmp(j)));
        run.iter_mut().zip(wide).for_each(|(place, (_, i))| *place = i);
    }
}
