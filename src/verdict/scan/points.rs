//! Each point by itself: whether it is one, and how far out it lies.

use super::{Duplicates, Question, ScanError, Stored};
use crate::arithmetic::{Arithmetic, Number, Real, Vector};
use crate::formula::{Answer, BEST, Model, Op, Query, Space, apply, variant};
use crate::model::{Hyperbolic, Lorentz, PointError};
use crate::table::Dtype;
use rayon::prelude::*;
use serde::Serialize;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many points something is true of, and the first of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    pub count: usize,
    pub first: Option<usize>,
}

/// What the rows are; the first four sum to the number of points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Points of the model as the arithmetic stores them: all else is said of these.
    pub inside: usize,
    /// A coordinate is NaN or infinite in the file.
    pub non_finite: Count,
    /// A coordinate is beyond the range of the arithmetic.
    pub overflow: Count,
    /// On or beyond the rim: c‖x‖² ≥ 1.
    pub outside: Count,
    /// Of those, the ones that only rounding to the arithmetic has put there.
    pub outside_by_rounding: Count,
    /// Inside, but time is not √(1/c + ‖s‖²) to 16 units of roundoff; what is said of them is said of their space coordinates.
    pub off_hyperboloid: Count,
}

/// The points that are not in the model as the arithmetic stores them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    pub count: usize,
    /// Of so many.
    pub of: usize,
    pub non_finite: usize,
    pub overflow: usize,
    pub outside: usize,
}

impl LeftOut {
    pub(super) fn of(standing: &Standing, points: usize) -> LeftOut {
        let Standing { non_finite, overflow, outside, .. } = standing;
        LeftOut {
            count: points - standing.inside,
            of: points,
            non_finite: non_finite.count,
            overflow: overflow.count,
            outside: outside.count,
        }
    }
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let reasons = [
            (self.non_finite, "not finite"),
            (self.overflow, "beyond the range of the arithmetic"),
            (self.outside, "outside the model"),
        ];
        let told: Vec<String> =
            reasons.iter().filter(|(count, _)| *count > 0).map(|(count, why)| format!("{count} {why}")).collect();
        match self.count {
            0 => write!(f, "none of {} points is left out", self.of),
            count => write!(f, "{count} of {} points are left out: {}", self.of, told.join(", ")),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Inside,
    OffHyperboloid,
    NonFinite,
    Overflow,
    Outside,
    OutsideByRounding,
}

/// What is kept of each point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    state: State,
    /// d(0, x) by the default variant; NaN where it is not inside.
    pub radius: f64,
    /// ‖x‖ (of the space coordinates) in the file.
    pub norm: f64,
}

impl Facts {
    pub fn is_inside(&self) -> bool {
        matches!(self.state, State::Inside | State::OffHyperboloid)
    }
}

/// Points worked on at a time by one thread.
const BLOCK: usize = 256;

pub(super) fn facts<S: Number>(stored: Stored, question: &Question, like: &S) -> Result<Vec<Facts>, ScanError> {
    let model = question.model;
    let embedding = stored.embedding;
    let radius = variant(Op::OriginDistance, model, BEST)?;
    let skip = model.times();
    let block = |start: usize| {
        let space = Space::new(question.curvature(like));
        let exact_c = space.c.to_float();
        let lorentz = Lorentz::new(space.c.clone()).ok();
        let mut row = vec![0.0; embedding.width];
        let mut point: Vec<S> = Vec::with_capacity(embedding.width);
        let mut one = |i: usize| {
            embedding.row(i, &mut row);
            let norm = norm(&row[skip..], embedding.dtype);
            let none = |state| Facts { state, radius: f64::NAN, norm };
            if !row.iter().all(|x| x.is_finite()) && !stored.is_finite_in_file(i, &row) {
                return none(State::NonFinite);
            }
            stored.vector_into(i, like, &mut row, &mut point);
            if !row.iter().all(|x| x.is_finite()) {
                return none(State::Overflow);
            }
            if model.is_ball() && S::outside(&space.c, &point) {
                let inside = stored.is_inside_in_file(i, &exact_c);
                return none(if inside { State::OutsideByRounding } else { State::Outside });
            }
            let mut query = Query::new(&space, model);
            query.x = Some(point.as_slice());
            let Answer::Scalar(distance) = apply(radius, &query) else { unreachable!("a distance is a number") };
            let off = model == Model::LorentzAmbient
                && lorentz.as_ref().is_some_and(|l| matches!(l.without_time(&point), Err(PointError::OffHyperboloid)));
            let state = if off { State::OffHyperboloid } else { State::Inside };
            Facts { state, radius: distance.to_float().to_f64(), norm }
        };
        (start..(start + BLOCK).min(embedding.points)).map(&mut one).collect::<Vec<_>>()
    };
    let starts: Vec<usize> = (0..embedding.points).step_by(BLOCK).collect();
    Ok(starts.into_par_iter().flat_map_iter(block).collect())
}

/// ‖x‖ to well below a unit of the file's own type in the last place.
fn norm(x: &[f64], dtype: Dtype) -> f64 {
    match dtype {
        // Products of two are exact in f64.
        Dtype::F16 | Dtype::F32 => Real::sqrt(x.norm2()),
        Dtype::F64 | Dtype::Decimal => Real::sqrt(x.norm2_wide()).to_f64(),
    }
}

pub(super) fn standing(facts: &[Facts]) -> Standing {
    let count = |states: &[State]| {
        let mut of = facts.iter().enumerate().filter(|(_, facts)| states.contains(&facts.state)).map(|(i, _)| i);
        let first = of.next();
        Count { count: usize::from(first.is_some()) + of.count(), first }
    };
    Standing {
        inside: count(&[State::Inside, State::OffHyperboloid]).count,
        non_finite: count(&[State::NonFinite]),
        overflow: count(&[State::Overflow]),
        outside: count(&[State::Outside, State::OutsideByRounding]),
        outside_by_rounding: count(&[State::OutsideByRounding]),
        off_hyperboloid: count(&[State::OffHyperboloid]),
    }
}

/// Points that coincide, in the file and as the arithmetic stores them; rows that are not finite are not compared.
pub(super) fn duplicates(stored: Stored, facts: &[Facts]) -> Duplicates {
    // Decimals are compared in the finer of f64 and the arithmetic.
    let finer = stored.scalar.bits() > f64::MANTISSA_DIGITS;
    let scalar = if finer { stored.scalar } else { Arithmetic::F64 };
    let file = equal_to_an_earlier(Stored { scalar, ..stored }, facts);
    let stored = if stored.rounds() { equal_to_an_earlier(stored, facts).count } else { file.count };
    Duplicates { count: file.count, first: file.first, by_rounding: stored - file.count }
}

fn equal_to_an_earlier(points: Stored, facts: &[Facts]) -> Count {
    let width = points.embedding.width;
    let compared = |i: &u32| !matches!(facts[*i as usize].state, State::NonFinite | State::Overflow);
    let indices: Vec<u32> = (0..facts.len() as u32).filter(compared).collect();
    let hash = |row: &mut Vec<f64>, i: u32| {
        let mut hasher = DefaultHasher::new();
        points.row(i as usize, row);
        row.iter().for_each(|x| (x + 0.0).to_bits().hash(&mut hasher));
        (hasher.finish(), i)
    };
    let mut hashes: Vec<(u64, u32)> =
        indices.into_par_iter().with_min_len(BLOCK).map_init(|| vec![0.0; width], |row, i| hash(row, i)).collect();
    hashes.par_sort_unstable();
    let mut found: Vec<usize> = Vec::new();
    let mut row = vec![0.0; width];
    for group in hashes.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        // Equal hashes are made sure of.
        let mut keys: Vec<(Vec<u64>, usize)> =
            group.iter().map(|(_, i)| (points.key(*i as usize, &mut row), *i as usize)).collect();
        keys.sort_unstable();
        for same in keys.chunk_by(|a, b| a.0 == b.0) {
            found.extend(same[1..].iter().map(|(_, i)| *i));
        }
    }
    Count { count: found.len(), first: found.into_iter().min() }
}
