//! The four legs of an error, in a unit that does not depend on the model: relative differences of numbers, hyperbolic
//! distances between points, relative Riemannian norms of tangent vectors.

use crate::arithmetic::{Mp, Number};
use crate::formula::{Input, Kind, Model, Op, Space, distance, exp_log};
use crate::oracle::Inputs;
use rug::Float;
use std::fmt;

/// What came of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    Ok,
    /// A guard moved the stored point; of a value that is compared with the exact answer also: the answer is a point, or a
    /// number, past the last that the arithmetic holds, and the value is held back there.
    Saturated,
    /// A point or an answer beyond the range of the arithmetic.
    Overflow,
    Nan,
    /// Not a point of the model: stored on or beyond the rim, or an answer there.
    Outside,
}

impl Outcome {
    pub const ALL: &'static [Outcome] =
        &[Outcome::Ok, Outcome::Saturated, Outcome::Overflow, Outcome::Nan, Outcome::Outside];

    /// Whether an answer was had whose error can be stated.
    pub fn is_a_number(self) -> bool {
        matches!(self, Outcome::Ok | Outcome::Saturated)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(match self {
            Outcome::Ok => "ok",
            Outcome::Saturated => "saturated",
            Outcome::Overflow => "overflow",
            Outcome::Nan => "nan",
            Outcome::Outside => "outside",
        })
    }
}

/// The error of an answer and whose it is. Of numbers: signed, relative to the sample's answer (absolute where that is 0),
/// and the four sum to the total. Of points: distances times √c. Of tangent vectors and gradients: norms of the differences
/// relative to the norm of the sample's answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parts {
    pub representation: f64,
    pub off_model: f64,
    pub guard: f64,
    pub rounding: f64,
    pub total: f64,
}

/// How differences of one quantity are measured.
pub(super) struct Scale {
    unit: Unit,
    model: Model,
    c: Float,
}

enum Unit {
    Number,
    Distance,
    /// Norm of a tangent vector at this point of the model; at the origin without one.
    Tangent(Option<Vec<Float>>),
    /// Euclidean norm of a vector of derivatives.
    Gradient,
}

impl Scale {
    pub(super) fn new(op: Op, gradient: Option<Input>, model: Model, to: Model, exact: &Inputs<Float>) -> Scale {
        let unit = match (gradient, op.kind()) {
            (Some(_), _) => Unit::Gradient,
            (None, Kind::Scalar) => Unit::Number,
            (None, Kind::Point) => Unit::Distance,
            (None, Kind::Tangent(at)) => Unit::Tangent(at.and_then(|input| exact.vector(input).cloned())),
        };
        Scale { unit, model: to_model(op, model, to), c: exact.c.clone() }
    }

    /// The legs between T0, T1, T2, T3 and T4.
    pub(super) fn parts(&self, truths: &[&Vec<Float>; 5]) -> Option<Parts> {
        let size = self.size(truths[0]);
        let leg = |from: usize, to: usize| -> Option<f64> {
            // Equal answers need no arithmetic, and differ by nothing.
            if truths[from] == truths[to] {
                return Some(0.0);
            }
            let error = self.leg(truths[from], truths[to]);
            let relative = if size.is_zero() { error } else { error / &size };
            Some(relative.to_f64()).filter(|x| !x.is_nan())
        };
        Some(Parts {
            representation: leg(0, 1)?,
            off_model: leg(1, 2)?,
            guard: leg(2, 3)?,
            rounding: leg(3, 4)?,
            total: leg(0, 4)?,
        })
    }

    /// Bits for working out a leg: enough for the differences of two answers of this precision near the rim.
    fn bits(a: &[Float], b: &[Float]) -> u32 {
        const GUARD_BITS: u32 = 64;
        let widest = a.iter().chain(b).map(Float::prec).max().unwrap_or(GUARD_BITS);
        2 * widest + GUARD_BITS
    }

    pub(super) fn leg(&self, from: &[Float], to: &[Float]) -> Float {
        let bits = Self::bits(from, to);
        let difference = || -> Vec<Float> { from.iter().zip(to).map(|(a, b)| Float::with_val(bits, b - a)).collect() };
        match &self.unit {
            Unit::Number => Float::with_val(bits, &to[0] - &from[0]),
            Unit::Gradient => euclidean(&difference()),
            Unit::Tangent(base) => self.norm(base.as_deref(), &difference()),
            Unit::Distance => {
                let k = self.space(bits);
                let (a, b) = (self.point(from, bits), self.point(to, bits));
                let d = match self.model {
                    Model::Poincare => distance::poincare(&k, a.as_slice(), b.as_slice()),
                    Model::Klein => distance::klein(&k, a.as_slice(), b.as_slice()),
                    Model::Lorentz | Model::LorentzAmbient => distance::lorentz(&k, a.as_slice(), b.as_slice()),
                };
                (d * &k.root).0
            }
        }
    }

    pub(super) fn size(&self, truth: &[Float]) -> Float {
        match &self.unit {
            Unit::Number => truth[0].clone().abs(),
            Unit::Gradient => euclidean(truth),
            Unit::Tangent(base) => self.norm(base.as_deref(), truth),
            // Distances are not relative to anything.
            Unit::Distance => Float::with_val(53, 1),
        }
    }

    fn space(&self, bits: u32) -> Space<Mp> {
        Space::new(Mp::new(bits, &self.c))
    }

    /// The coordinates that a point canonically means: without its time.
    fn point(&self, x: &[Float], bits: u32) -> Vec<Mp> {
        let skip = self.model.times();
        x.iter().skip(skip).map(|x| Mp::new(bits, x)).collect()
    }

    fn norm(&self, base: Option<&[Float]>, v: &[Float]) -> Float {
        let bits = Self::bits(v, base.unwrap_or_default());
        let k = self.space(bits);
        let v = self.point(v, bits);
        let Some(base) = base else {
            let plain = euclidean(&v.iter().map(|x| x.0.clone()).collect::<Vec<_>>());
            return plain * self.model.scale_at_origin();
        };
        let x = self.point(base, bits);
        let norm = match self.model {
            Model::Poincare => exp_log::poincare_length(&k, x.as_slice(), v.as_slice()),
            Model::Klein => exp_log::klein_length(&k, x.as_slice(), v.as_slice()),
            Model::Lorentz | Model::LorentzAmbient => exp_log::lorentz_length(&k, x.as_slice(), v.as_slice()),
        };
        norm.0
    }
}

pub(super) fn to_model(op: Op, model: Model, to: Model) -> Model {
    if op == Op::Convert { to } else { model }
}

fn euclidean(v: &[Float]) -> Float {
    let bits = v.iter().map(Float::prec).max().unwrap_or(53);
    v.iter().fold(Float::new(bits), |sum, x| sum + x.clone().square()).sqrt()
}

/// The outcome of an answer.
pub fn outcome<S: Number>(
    op: Op,
    model: Model,
    to: Model,
    gradient: bool,
    c: &S,
    answer: &[S],
    moved: bool,
) -> Outcome {
    let exact = || answer.iter().map(Number::to_float);
    if exact().any(|x| x.is_nan()) {
        return Outcome::Nan;
    }
    if exact().any(|x| x.is_infinite()) {
        return Outcome::Overflow;
    }
    let ball = to_model(op, model, to).is_ball();
    if op.kind() == Kind::Point && !gradient && ball && S::outside(c, answer) {
        return Outcome::Outside;
    }
    if moved { Outcome::Saturated } else { Outcome::Ok }
}

/// The largest component error, in units in the last place of the largest component of the truth.
pub fn ulps<S: Number>(like: &S, truth: &[Float], value: &[Float]) -> f64 {
    let bits = Scale::bits(truth, value);
    let largest = truth.iter().map(|x| x.clone().abs()).reduce(|a, b| a.max(&b)).unwrap_or_else(|| Float::new(bits));
    let ulp = like.ulp(&largest);
    let worst = truth.iter().zip(value).map(|(t, v)| Float::with_val(bits, v - t).abs()).reduce(|a, b| a.max(&b));
    worst.map_or(0.0, |error| if error.is_zero() { 0.0 } else { (error / ulp).to_f64() })
}
