//! Pairs drawn and drawn again near the worst, all variants on each: points known in the arithmetic one wider, which is the
//! reference too, so that a million pairs take seconds. What is found is found, not proved.

use crate::arithmetic::{Number, Scalar};
use crate::formula::{BEST, Clamps, Input, Kind, Model, Op, Space, distance, exp_log, variant};
use crate::guard::Precision;
use crate::measure::{Case, Quantity, clip};
use crate::oracle::{Inputs, gradient_of, value_of};
use crate::verdict::search::{FIRST_STEP, Law, Pair, SHRINK, inputs};
use rayon::prelude::*;

/// Places from which a variant's error is followed uphill, and steps from each.
const CLIMBS: usize = 3;
const STEPS: u64 = 48;

/// Where pairs are drawn.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub radius: f64,
    pub law: Law,
}

/// Dimensions that the draws of a row go through: the plane, space, and powers of two up to its own.
pub(super) fn dims(dim: usize) -> Vec<usize> {
    let mut dims: Vec<usize> = [2, 3].into_iter().filter(|n| *n < dim).collect();
    dims.extend(std::iter::successors(Some(16), |n| Some(8 * n)).take_while(|n| *n < dim));
    dims.push(dim);
    dims
}

/// An arithmetic under study beside the wider one that knows the points.
pub(super) struct Reference<S, W> {
    pub like: S,
    pub one: W,
    pub store: fn(&W, &S) -> S,
    pub widen: fn(&S, &W) -> W,
    pub number: fn(&W) -> f64,
}

/// What is evaluated on every pair.
pub(super) struct Subject<'a, S, W> {
    pub quantity: Quantity,
    pub model: Model,
    pub cases: &'a [Case<'a>],
    pub reference: &'a Reference<S, W>,
}

/// The errors of one case on one pair, relative to the exact answer's size: of the formula on the stored points, with what
/// coordinates off the model and the guard cost, and of all. Infinite without an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Error {
    pub rounding: f64,
    pub total: f64,
}

const NONE: Error = Error { rounding: f64::INFINITY, total: f64::INFINITY };

/// What was found at a place.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// What storing costs: each pair's own.
    pub storing: Vec<f64>,
    /// By case, each pair's errors as drawn by the law.
    pub drawn: Vec<Vec<Error>>,
    /// By case, the worst of those and of the climbs.
    pub worst: Vec<Error>,
}

/// Draws the law's pairs and evaluates every case on each; then climbs.
pub(super) fn find<S: Number, W: Scalar + Send + Sync>(subject: &Subject<S, W>, place: &Place) -> Found {
    let draw = |index| subject.errors(&place.law.draw(place.radius, index), subject.cases);
    let evaluated: Vec<(f64, Vec<Error>)> = (0..place.law.pairs as u64).into_par_iter().map(draw).collect();
    let storing = evaluated.iter().map(|(storing, _)| *storing).collect();
    let drawn: Vec<Vec<Error>> =
        (0..subject.cases.len()).map(|case| evaluated.iter().map(|(_, errors)| errors[case]).collect()).collect();
    let climb = |(case, errors): (usize, &Vec<Error>)| subject.climb(place, case, errors);
    let worst = drawn.par_iter().enumerate().map(climb).collect();
    Found { storing, drawn, worst }
}

impl<S: Number, W: Scalar> Subject<'_, S, W> {
    fn climb(&self, place: &Place, case: usize, drawn: &[Error]) -> Error {
        let mut order: Vec<usize> = (0..drawn.len()).collect();
        order.sort_by(|a, b| drawn[*b].rounding.total_cmp(&drawn[*a].rounding).then(a.cmp(b)));
        let mut worst = drawn.iter().fold(Error { rounding: 0.0, total: 0.0 }, larger);
        if worst.rounding.is_infinite() {
            return worst;
        }
        let cases = &self.cases[case..=case];
        for start in order.into_iter().take(CLIMBS) {
            let Place { radius, law } = place;
            let mut here = law.draw(*radius, start as u64);
            let mut height = drawn[start].rounding;
            let mut step = FIRST_STEP;
            // Indices that no draw has.
            let first = law.pairs as u64 + STEPS * start as u64;
            for index in first..first + STEPS {
                let next = law.near(&here, *radius, step, index);
                let error = self.errors(&next, cases).1[0];
                worst = larger(worst, &error);
                if error.rounding.is_infinite() {
                    return worst;
                }
                if error.rounding >= height {
                    (here, height) = (next, error.rounding);
                } else {
                    step *= SHRINK;
                }
            }
        }
        worst
    }

    /// What storing a pair costs, and each case's errors on it.
    fn errors(&self, pair: &Pair, cases: &[Case]) -> (f64, Vec<Error>) {
        let lost = || (f64::INFINITY, vec![NONE; cases.len()]);
        let Quantity { op, gradient, .. } = self.quantity;
        let Reference { like, one, store, widen, number } = self.reference;
        let exact = inputs(pair, self.quantity, self.model, one);
        let stored = exact.map(|x| store(x, like));
        let seen = stored.map(|x| widen(x, one));
        let ball = self.model.is_ball();
        let points = [Input::X, Input::Y, Input::P];
        if ball && points.iter().any(|input| stored.vector(*input).is_some_and(|x| S::outside(&stored.c, x))) {
            return lost();
        }
        let Ok(best) = variant(op, self.model, BEST) else { return lost() };
        let answer = |inputs: &Inputs<W>| match gradient {
            None => value_of(best, Clamps::NONE, inputs).components(),
            Some(by) => gradient_of(best, Clamps::NONE, inputs, Some(by), |x| x),
        };
        let (t0, t1) = (answer(&exact), answer(&seen));
        let scale = Scale::new(op, gradient, self.model, one, &seen);
        let size = scale.size(&t0);
        let relative = |error: W| {
            let error = number(&(error / &size));
            if error.is_nan() { f64::INFINITY } else { error.abs() }
        };
        let storing = relative(scale.leg(&t0, &t1));
        let precision = Precision { bits: like.bits() };
        let of = |case: &Case| {
            let guarded = clip(case.guard, precision, op, stored.clone());
            let value = match gradient {
                None => value_of(case.variant, case.guard.clamps, &guarded).components(),
                Some(by) => gradient_of(case.variant, case.guard.clamps, &guarded, Some(by), |x| x),
            };
            let outside = ball && op.kind() == Kind::Point && gradient.is_none() && S::outside(&stored.c, &value);
            let value: Vec<W> = value.iter().map(|x| widen(x, one)).collect();
            if outside || !value.iter().all(|x| number(x).is_finite()) {
                return NONE;
            }
            Error { rounding: relative(scale.leg(&t1, &value)), total: relative(scale.leg(&t0, &value)) }
        };
        (storing, cases.iter().map(of).collect())
    }
}

/// The larger of each.
fn larger(a: Error, b: &Error) -> Error {
    Error { rounding: a.rounding.max(b.rounding), total: a.total.max(b.total) }
}

/// How differences of an answer are measured: as [`crate::measure::Parts`] says.
struct Scale<W: Scalar> {
    unit: Unit<W>,
    model: Model,
    space: Space<W>,
}

enum Unit<W> {
    Number,
    Distance,
    Tangent(Vec<W>),
    Gradient,
}

impl<W: Scalar> Scale<W> {
    fn new(op: Op, gradient: Option<Input>, model: Model, one: &W, seen: &Inputs<W>) -> Scale<W> {
        let unit = match (gradient, op.kind()) {
            (Some(_), _) => Unit::Gradient,
            (None, Kind::Scalar) => Unit::Number,
            (None, Kind::Point) => Unit::Distance,
            (None, Kind::Tangent(at)) => Unit::Tangent(at.and_then(|at| seen.vector(at).cloned()).unwrap_or_default()),
        };
        Scale { unit, model, space: Space::new(one.clone()) }
    }
    /// The coordinates without an ambient point's time.
    fn point<'a>(&self, x: &'a [W]) -> &'a [W] {
        &x[usize::from(self.model == Model::LorentzAmbient)..]
    }
    fn euclidean(v: &[W]) -> W {
        let zero = v[0].lit(0.0);
        v.iter().fold(zero, |sum, x| sum + &x.clone().square()).sqrt()
    }
    fn length(&self, at: &[W], v: &[W]) -> W {
        let (x, v, k) = (self.point(at), self.point(v), &self.space);
        let wide = match self.model {
            Model::Poincare => exp_log::poincare_length(k, x, v),
            Model::Klein => exp_log::klein_length(k, x, v),
            Model::Lorentz | Model::LorentzAmbient => exp_log::lorentz_length(k, x, v),
        };
        W::narrow(wide, &k.c)
    }
    fn size(&self, truth: &[W]) -> W {
        let one = self.space.c.clone();
        let size = match &self.unit {
            Unit::Number => truth[0].clone().abs(),
            Unit::Distance => one.clone(),
            Unit::Tangent(at) => self.length(at, truth),
            Unit::Gradient => Self::euclidean(truth),
        };
        // An exact 0 is measured absolutely.
        one.lit(0.0).select_lt(&size, size.clone(), one)
    }
    fn leg(&self, from: &[W], to: &[W]) -> W {
        let difference = || from.iter().zip(to).map(|(a, b)| b.clone() - a).collect::<Vec<W>>();
        match &self.unit {
            Unit::Number => to[0].clone() - &from[0],
            Unit::Gradient => Self::euclidean(&difference()),
            Unit::Tangent(at) => self.length(at, &difference()),
            Unit::Distance => {
                let (a, b, k) = (self.point(from), self.point(to), &self.space);
                match self.model {
                    Model::Poincare => distance::poincare(k, a, b),
                    Model::Klein => distance::klein(k, a, b),
                    Model::Lorentz | Model::LorentzAmbient => distance::lorentz(k, a, b),
                }
            }
        }
    }
}
