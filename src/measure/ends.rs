//! The ends of the range in which each own formula holds in each arithmetic: data that is measured, and measured again by a
//! test.

use super::{Outcome, outcome_of, ulps_of};
use crate::arithmetic::{Arithmetic, Number, Vector};
use crate::formula::{Answer, BEST, Clamps, Input, Kind, Model, Op, Role, variant};
use crate::oracle::{Inputs, gradient_of, gradient_truth, truth, value_of};
use rug::Float;
use serde::{Deserialize, Serialize};

/// From where to where the own variant of an operation holds in an arithmetic, as exponents of powers of two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ends {
    pub op: String,
    pub model: String,
    /// The model that a conversion goes to, and the input that a derivative is by; empty elsewhere.
    pub to: String,
    pub by: String,
    pub scalar: String,
    /// Points (at the origin: tangent vectors) from √c‖x‖ = 2^least …
    pub least: i32,
    /// … to √c‖x‖ = 2^most; on a ball to 1 − 2^−most.
    pub most: i32,
    /// c from 2^least_c to 2^most_c, for points with √c‖x‖ = ½.
    pub least_c: i32,
    pub most_c: i32,
}

/// The committed table, by [`measured`].
const TABLE: &str = include_str!("ends.csv");

/// The arithmetics that have a range of their own; the others share one of theirs.
pub const ARITHMETICS: &[Arithmetic] =
    &[Arithmetic::F16, Arithmetic::Bf16, Arithmetic::F32, Arithmetic::F64, Arithmetic::Dd];

/// An answer holds that is within this many ulps of the certified one, …
const HOLDS_ULPS: f64 = 2.0;
/// … or this many for a derivative, …
const GRADIENT_ULPS: f64 = 4.0;
/// … times this for double-doubles, whose elementary functions are good to 2⁻⁹⁶.
const DD_ULPS: f64 = 1024.0;
/// Bits of the truth beyond twice those of the arithmetic.
const GUARD_BITS: u32 = 60;

/// Every end that was measured.
///
/// # Errors
/// If the table is no table, which a test rules out.
pub fn all() -> Result<Vec<Ends>, csv::Error> {
    csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(TABLE.as_bytes()).deserialize().collect()
}

/// An operation of a model whose range is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    pub op: Op,
    pub model: Model,
    pub to: Model,
    pub by: Option<Input>,
}

/// Every own formula, and the derivative of every scalar one by x. Round trips are two conversions; what the ambient model
/// has are Lorentz's formulas.
pub fn asked() -> Vec<Asked> {
    let mut asked = Vec::new();
    for model in [Model::Poincare, Model::Lorentz, Model::Klein] {
        let ops = Op::ALL.iter().copied().filter(|op| *op != Op::RoundTrip && variant(*op, model, BEST).is_ok());
        for op in ops {
            let to: &[Model] = match (op, model) {
                (Op::Convert, Model::Poincare) => &[Model::Lorentz, Model::Klein],
                (Op::Convert, Model::Lorentz) => &[Model::Poincare, Model::Klein],
                (Op::Convert, _) => &[Model::Poincare, Model::Lorentz],
                (_, Model::Poincare) => &[Model::Poincare],
                (_, Model::Lorentz) => &[Model::Lorentz],
                _ => &[Model::Klein],
            };
            for to in to {
                asked.push(Asked { op, model, to: *to, by: None });
                if op.kind() == Kind::Scalar {
                    asked.push(Asked { op, model, to: *to, by: Some(Input::X) });
                }
            }
        }
    }
    asked
}

/// What is moved away from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Along {
    /// √c‖x‖ = 2^e, e < 0.
    Inwards,
    /// √c‖x‖ = 2^e, or 1 − 2^−e on a ball.
    Outwards,
    /// c = 2^e.
    Curvature,
}

/// Directions of x and of the other vectors, of length 1, neither along an axis.
const DIRECTIONS: [[f64; 3]; 2] = [[2.0 / 3.0, -1.0 / 3.0, 2.0 / 3.0], [3.0 / 7.0, 6.0 / 7.0, -2.0 / 7.0]];
/// t of every row.
const FRACTION: f64 = 0.25;

impl Asked {
    fn is_ball(&self) -> bool {
        matches!(self.model, Model::Poincare | Model::Klein)
    }

    /// The row at an exponent; `None` where the arithmetic has no such row.
    fn row<S: Number>(&self, like: &S, along: Along, e: i32) -> Option<Inputs<S>> {
        const BITS: u32 = 256;
        let one = Float::with_val(BITS, 1);
        if along == Along::Outwards && self.is_ball() && self.op != Op::Exp0 && e > like.bits() as i32 {
            // No nearer to the rim than its last point.
            return None;
        }
        let c = if along == Along::Curvature { one.clone() << e } else { one.clone() };
        let size = match along {
            Along::Inwards => one << e,
            Along::Outwards if self.is_ball() && self.op != Op::Exp0 => one.clone() - (one >> e),
            Along::Outwards => one << e,
            Along::Curvature => one / 2,
        };
        // A tangent vector as long as the gap, or ½, is of length 1, more or less.
        let gap =
            if self.is_ball() { 1 - Float::with_val(BITS, size.square_ref()) } else { Float::with_val(BITS, 0.5) };
        let stored = |x: Float| Some(like.nearest(&x)).filter(|x| x.to_float().is_finite());
        let c = stored(c).filter(|c| c.to_float() > 0)?;
        let unit = Float::with_val(BITS, c.to_float()).sqrt().recip();
        let vector = |which: usize, size: &Float| -> Option<Vec<S>> {
            DIRECTIONS[which].iter().map(|x| stored(Float::with_val(BITS, size * *x) * &unit)).collect()
        };
        let mut inputs = Inputs::new(self.model, c);
        inputs.to = self.to;
        for (input, role) in self.op.inputs() {
            let which = usize::from(!matches!(input, Input::X));
            let value = match role {
                Role::Number => {
                    inputs.t = Some(like.lit(FRACTION));
                    continue;
                }
                Role::Point if self.is_ball() => vector(which, &size)?.as_slice().pull_inside(&inputs.c),
                Role::Point | Role::Tangent { at: None } => vector(which, &size)?,
                // Of the points' own size where they are small.
                Role::Tangent { .. } if along == Along::Inwards => vector(which, &size)?,
                Role::Tangent { .. } => vector(which, &gap)?,
            };
            if value.iter().all(|x| x.to_float().is_zero()) {
                return None;
            }
            if let Some(place) = inputs.vector_mut(*input) {
                *place = Some(value);
            }
        }
        Some(inputs)
    }

    /// Whether the own answer holds in the row at an exponent; not where the arithmetic has no such row.
    pub fn holds<S: Number>(&self, like: &S, dd: bool, along: Along, e: i32) -> bool {
        let Some(inputs) = self.row(like, along, e) else { return false };
        let Ok(best) = variant(self.op, self.model, BEST) else { return false };
        let (exact, bits) = (inputs.map(Number::to_float), 2 * like.bits() + GUARD_BITS);
        let (value, right) = match self.by {
            None => {
                let right = truth(best, &exact, bits).map(Answer::components);
                (value_of(best, Clamps::NONE, &inputs).components(), right)
            }
            Some(_) => {
                let right = gradient_truth(best, &exact, self.by, bits);
                (gradient_of(best, Clamps::NONE, &inputs, self.by, |x| x), right)
            }
        };
        let Ok(right) = right else { return false };
        if outcome_of(self.op, self.model, self.to, self.by.is_some(), &inputs.c, &value, false) != Outcome::Ok {
            return false;
        }
        let value: Vec<Float> = value.iter().map(Number::to_float).collect();
        let allowed = if self.by.is_some() { GRADIENT_ULPS } else { HOLDS_ULPS } * if dd { DD_ULPS } else { 1.0 };
        if ulps_of(like, &right, &value) <= allowed {
            return true;
        }
        // The nearest number may lie on the rim: the last point inside is then the nearest.
        let ball = self.op.kind() == Kind::Point && matches!(self.to, Model::Poincare | Model::Klein);
        let nearest: Vec<S> = right.iter().map(|x| like.nearest(x)).collect();
        let inside: Vec<Float> =
            if ball { nearest.as_slice().pull_inside(&inputs.c).iter().map(Number::to_float).collect() } else { right };
        ulps_of(like, &inside, &value) <= allowed
    }

    /// How far the formula holds, from 0 on: the last exponent that holds before one that is probed does not.
    fn end<S: Number>(&self, like: &S, dd: bool, along: Along, sign: i32) -> i32 {
        let at = |steps: i32| self.holds(like, dd, along, sign * steps);
        let (mut holds, mut fails) = (1, 2);
        while at(fails) {
            (holds, fails) = (fails, fails * 2);
        }
        while fails - holds > 1 {
            let between = (holds + fails) / 2;
            if at(between) { holds = between } else { fails = between }
        }
        sign * holds
    }

    /// The ends of its range in an arithmetic.
    pub fn ends(&self, arithmetic: Arithmetic) -> Ends {
        let dd = arithmetic == Arithmetic::Dd;
        crate::with_arithmetic!(arithmetic, |proto| Ends {
            op: self.op.to_string(),
            model: self.model.to_string(),
            to: if self.to == self.model { String::new() } else { self.to.to_string() },
            by: self.by.map_or(String::new(), |by| by.to_string()),
            scalar: arithmetic.to_string(),
            least: self.end(&proto, dd, Along::Inwards, -1),
            most: self.end(&proto, dd, Along::Outwards, 1),
            least_c: self.end(&proto, dd, Along::Curvature, -1),
            most_c: self.end(&proto, dd, Along::Curvature, 1),
        })
    }
}

/// The whole table, measured.
pub fn measured() -> Vec<Ends> {
    let asked = asked();
    let each = |asked: &Asked| ARITHMETICS.iter().map(|arithmetic| asked.ends(*arithmetic)).collect::<Vec<_>>();
    asked.iter().flat_map(each).collect()
}

impl Ends {
    /// In words: from where to where.
    pub fn text(&self) -> String {
        let ball = self.model != Model::Lorentz.name() && self.op != Op::Exp0.name();
        let most = if ball { format!("1−2^−{}", self.most) } else { format!("2^{}", self.most) };
        format!("√c‖x‖ 2^{} … {most}, c 2^{} … 2^{}", self.least, self.least_c, self.most_c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_own_formula_holds_as_far_as_the_table_says() {
        let table = all().unwrap();
        assert_eq!(table.len(), asked().len() * ARITHMETICS.len());
        let mut rows = table.iter();
        let mut short = Vec::new();
        for asked in asked() {
            for arithmetic in ARITHMETICS {
                let row = rows.next().unwrap();
                let names = (row.op.as_str(), row.model.as_str(), row.scalar.as_str());
                assert_eq!(names, (asked.op.name(), asked.model.name(), arithmetic.to_string().as_str()));
                let dd = *arithmetic == Arithmetic::Dd;
                crate::with_arithmetic!(*arithmetic, |proto| {
                    for (along, end) in [
                        (Along::Inwards, row.least),
                        (Along::Outwards, row.most),
                        (Along::Curvature, row.least_c),
                        (Along::Curvature, row.most_c),
                    ] {
                        if !asked.holds(&proto, dd, along, end) {
                            short.push(format!("{row:?}: not {along:?} to {end}"));
                        }
                    }
                });
            }
        }
        assert!(short.is_empty(), "{}", short.join("\n"));
    }
}
