//! How an array becomes packs, and the doubtful rows of each go to the single call.

use super::BatchError;
use crate::arithmetic::Real;
use crate::arithmetic::lanes::{Doubt, Lane, Lanes, Level, Pack};
use crate::formula::Space;
use crate::model::Hyperbolic;

/// Rows of a pack. So many that choosing the instruction set and the loops' ends cost nothing beside the work, and so few that
/// all numbers of a formula stay in the first cache.
pub const ROWS: usize = Doubt::ROWS;

/// Packs that one thread does before it looks for more: about a tenth of a millisecond of work at dim 16, a hundred times what
/// handing it over costs.
#[cfg(feature = "parallel")]
const PACKS_PER_TASK: usize = 128;

/// How many rows `first`, `[rows, dim]`, has, and whether the others, by name, length and numbers of a row, have as many.
pub fn check(dim: usize, first: &[impl Copy], others: &[(&'static str, usize, usize)]) -> Result<usize, BatchError> {
    if dim == 0 {
        return Err(BatchError::NoCoordinates);
    }
    if !first.len().is_multiple_of(dim) {
        return Err(BatchError::Ragged { name: "the first array", len: first.len(), dim });
    }
    let rows = first.len() / dim;
    match others.iter().find(|(_, len, dim)| *len != rows * dim) {
        Some(&(name, len, dim)) => Err(BatchError::Length { name, len, rows, dim }),
        None => Ok(rows),
    }
}

/// A number for each row of the `inputs`: `formula` of packs of them, and `one` of the rows that it doubts.
pub fn numbers<S: Lane, M: Hyperbolic<S> + Sync, const K: usize>(
    (model, level): (&M, Level),
    ordered: bool,
    (inputs, dim): ([&[S]; K], usize),
    out: &mut [S],
    formula: impl for<'a> Fn(&Space<Lanes<S, ROWS>>, [Pack<'a, S, ROWS>; K]) -> Lanes<S, ROWS> + Sync,
    one: impl Fn([&[S]; K]) -> S + Sync,
) {
    let formula = |k: &Space<_>, packs: [Pack<S, ROWS>; K], out: &mut [S]| {
        out.copy_from_slice(&formula(k, packs).rows()[..out.len()]);
    };
    each((model, level), ordered, (inputs, dim), (out, 1), formula, |row, out| out[0] = one(row));
}

/// A vector for each row of the `inputs`, as [`numbers`].
pub fn vectors<S: Lane, M: Hyperbolic<S> + Sync, const K: usize>(
    (model, level): (&M, Level),
    (inputs, dim): ([&[S]; K], usize),
    out: &mut [S],
    formula: impl for<'a> Fn(&Space<Lanes<S, ROWS>>, [Pack<'a, S, ROWS>; K]) -> Pack<'a, S, ROWS> + Sync,
    one: impl Fn([&[S]; K]) -> Vec<S> + Sync,
) {
    let formula = |k: &Space<_>, packs: [Pack<S, ROWS>; K], out: &mut [S]| {
        out.copy_from_slice(formula(k, packs).data());
    };
    each((model, level), false, (inputs, dim), (out, dim), formula, |row, out| out.copy_from_slice(&one(row)));
}

/// `width` numbers for each row: `formula` writes those of a pack, and `one` those of a row that is doubted or has no numbers.
fn each<S: Lane, M: Hyperbolic<S> + Sync, const K: usize>(
    (model, level): (&M, Level),
    ordered: bool,
    (inputs, dim): ([&[S]; K], usize),
    (out, width): (&mut [S], usize),
    formula: impl Fn(&Space<Lanes<S, ROWS>>, [Pack<S, ROWS>; K], &mut [S]) + Sync,
    one: impl Fn([&[S]; K], &mut [S]) + Sync,
) {
    let space = space(model, level);
    packs(out, ROWS * width, |pack, out| {
        let rows = out.len() / width;
        let ours = inputs.map(|x| &x[pack * ROWS * dim..][..rows * dim]);
        let single = |i: usize, out: &mut [S]| one(row_of(ours, i, dim), out);
        let Some(space) = &space else {
            return out.chunks_mut(width).enumerate().for_each(|(i, out)| single(i, out));
        };
        let doubt = Doubt::default();
        formula(space, packed(level, &doubt, ours, dim, ordered), out);
        let mut doubtful = doubt.take();
        if !out.iter().fold(true, |all, x| all & x.is_finite()) {
            doubtful |= bits(out.chunks(width).map(|row| !row.iter().all(Real::is_finite)));
        }
        each_bit(doubtful, rows, |i| single(i, &mut out[i * width..][..width]));
    });
}

/// The model's space in lanes, where those are faster and its curvature leaves formulas their range.
fn space<S: Lane, M: Hyperbolic<S>>(model: &M, level: Level) -> Option<Space<Lanes<S, ROWS>>> {
    let c = model.space().c;
    (S::PAYS && c.is_safe()).then(|| Space::new(Lanes::all(level, c)))
}

/// One row of each of the arrays.
fn row_of<S, const K: usize>(arrays: [&[S]; K], row: usize, dim: usize) -> [&[S]; K] {
    arrays.map(|x| &x[row * dim..][..dim])
}

fn packed<'a, S: Lane, const K: usize>(
    level: Level,
    doubt: &'a Doubt,
    inputs: [&'a [S]; K],
    dim: usize,
    ordered: bool,
) -> [Pack<'a, S, ROWS>; K] {
    let mut packs = inputs.map(|x| Pack::new(level, doubt, x, dim));
    if ordered && K == 2 {
        (packs[0], packs[1]) = Pack::in_order(level, doubt, inputs[0], inputs[1], dim);
    }
    packs
}

/// `f` of every piece of `len` numbers of `out` and its index.
#[cfg(feature = "parallel")]
fn packs<S: Lane>(out: &mut [S], len: usize, f: impl Fn(usize, &mut [S]) + Sync) {
    use rayon::prelude::*;
    let task = PACKS_PER_TASK * len;
    if out.len() <= task {
        return out.chunks_mut(len).enumerate().for_each(|(pack, out)| f(pack, out));
    }
    out.par_chunks_mut(task).enumerate().for_each(|(i, out)| {
        out.chunks_mut(len).enumerate().for_each(|(pack, out)| f(i * PACKS_PER_TASK + pack, out));
    });
}
/// `f` of every piece of `len` numbers of `out` and its index.
#[cfg(not(feature = "parallel"))]
fn packs<S: Lane>(out: &mut [S], len: usize, f: impl Fn(usize, &mut [S]) + Sync) {
    out.chunks_mut(len).enumerate().for_each(|(pack, out)| f(pack, out));
}

fn bits(flags: impl Iterator<Item = bool>) -> u64 {
    flags.enumerate().fold(0, |bits, (i, flag)| bits | u64::from(flag) << i)
}

fn each_bit(bits: u64, rows: usize, mut f: impl FnMut(usize)) {
    (0..rows).filter(|row| (bits >> row) & 1 == 1).for_each(&mut f);
}
