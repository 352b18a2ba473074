//! One hostile row: what the own variant gives, how far that is from the certified truth, and what a second path, which shares
//! no formula with it, says of the truth.

use super::legs::{Outcome, outcome, ulps};
use crate::arithmetic::Number;
use crate::formula::{Answer, BEST, Clamps, Kind, Model, UnknownName, variant};
use crate::oracle::{Inputs, Request, Uncertified, gradient_of, gradient_truth, is_kink, textbook, truth, value_of};
use rug::Float;

/// What the second path says of a certified answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Second {
    /// Every component is what the truth claims, to the digits that it claims.
    Agrees,
    /// It settled on something else: the truth, or it, is wrong.
    Differs(Vec<Float>),
    /// It did not settle with `MOST_BITS` bits, or left the exponents of MPFR.
    Undecided,
}

/// What came of one hostile row.
#[derive(Clone, Debug)]
pub struct Attack {
    pub truth: Result<Vec<Float>, Uncertified>,
    /// What the own variant gave, as exact numbers.
    pub value: Vec<Float>,
    pub outcome: Outcome,
    /// Whether the arithmetic can hold the truth, so that nothing excuses an answer that is none.
    pub owed: bool,
    /// How far off the value is where it is a number: `error`.
    pub error: Option<f64>,
    /// Where there is a truth.
    pub second: Option<Second>,
}

impl Attack {
    /// A number was owed and none, or no point of the model, was given.
    pub fn no_answer(&self) -> bool {
        self.owed && !self.outcome.is_a_number()
    }
}

/// Bits of the truth beyond those of the arithmetic: errors are then exact to nine digits.
const TRUTH_GUARD_BITS: u32 = 32;
/// Bits with which the second path gives up.
const MOST_BITS: u32 = 1 << 16;
/// Bits beyond those of the truth with which the second path begins.
const SECOND_GUARD_BITS: u32 = 64;
/// A truth correctly rounded is within half a unit; the second path's own error takes this share of one at most.
const SHARE_OF_UNIT: f64 = 1e-3;

/// Attacks the own variant with these inputs.
pub fn attack<S: Number>(request: &Request, inputs: &Inputs<S>) -> Result<Attack, UnknownName> {
    let Request { op, by, model, to } = *request;
    let best = variant(op, model, BEST)?;
    let like = &inputs.c;
    let bits = like.bits() + TRUTH_GUARD_BITS;
    let exact = inputs.map(Number::to_float);
    let truth = match by {
        None => truth(best, &exact, bits).map(Answer::components),
        Some(by) => gradient_truth(best, &exact, by, bits),
    };
    let answer = match by {
        None => value_of(best, Clamps::NONE, inputs).components(),
        Some(by) => gradient_of(best, Clamps::NONE, inputs, by, |x| x),
    };
    let judged = |answer: &[S]| outcome(op, model, to, by.is_some(), like, answer, false);
    let outcome = judged(&answer);
    let value: Vec<Float> = answer.iter().map(Number::to_float).collect();
    let held = |truth: &Vec<Float>| judged(&truth.iter().map(|x| like.nearest(x)).collect::<Vec<S>>());
    let owed = truth.as_ref().is_ok_and(|truth| !matches!(held(truth), Outcome::Nan | Outcome::Overflow));
    let kink = by.is_some_and(|by| is_kink(op, by, &exact));
    let second = truth.as_ref().ok().map(|truth| match kink {
        // A central difference knows nothing of the convention.
        true if truth.iter().all(Float::is_zero) => Second::Agrees,
        true => Second::Differs(truth.iter().map(|x| Float::new(x.prec())).collect()),
        false => second(request, &exact, truth, bits),
    });
    let error = match (&truth, outcome) {
        (Ok(truth), Outcome::Ok | Outcome::Outside) => Some(error(request, like, truth, &value)),
        _ => None,
    };
    Ok(Attack { truth, value, outcome, owed, error, second })
}

/// How far a value is from the truth: of a number in units in its last place; of points, vectors and gradients the largest
/// error of a component in units of u times the largest component, or of half the spacing where numbers are subnormal. The
/// nearest value that can be stored is within .5 of the first and 1 of the second.
pub fn error<S: Number>(request: &Request, like: &S, truth: &[Float], value: &[Float]) -> f64 {
    let ulps = ulps(like, truth, value);
    if !request.in_units() || ulps == 0.0 {
        return ulps;
    }
    let largest = truth.iter().map(|x| x.clone().abs()).reduce(|a, b| a.max(&b)).unwrap_or_else(|| Float::new(53));
    let u_largest = Float::with_val(53, &largest >> like.bits());
    let half_ulp = like.ulp(&largest) / 2u32;
    let smallest = like.ulp(&Float::new(53)) / 2u32;
    let unit = if u_largest > smallest { u_largest } else { smallest };
    ulps * (half_ulp / unit).to_f64() * 2.0
}

impl Request {
    /// Whether `error` is in units of u rather than in ulps.
    pub fn in_units(&self) -> bool {
        self.by.is_some() || self.op.kind() != Kind::Scalar
    }
    /// The model of its answer.
    pub fn answer_model(&self) -> Model {
        if self.op == crate::formula::Op::Convert { self.to } else { self.model }
    }
}

/// Puts a certified answer of `bits` bits before the second path.
fn second(request: &Request, exact: &Inputs<Float>, truth: &[Float], bits: u32) -> Second {
    let mut precision = 2 * bits + SECOND_GUARD_BITS + spread(exact, bits);
    let mut before: Option<Vec<(usize, Float)>> = None;
    while precision <= MOST_BITS {
        let found = textbook(request.op, request.by, exact, precision);
        if let Some(found) = &found {
            let faults = || found.iter().filter(|(i, x)| !is_what(&truth[*i], x, bits));
            if faults().next().is_none() {
                return Second::Agrees;
            }
            // Settled: what it says against the truth it has said before, to as many bits, or it is 0 and shrinks on.
            if let Some(before) = &before {
                let settled = |(i, x): &(usize, Float)| {
                    before.iter().any(|(j, y)| i == j && Float::with_val(bits, x) == Float::with_val(bits, y))
                };
                let vanishing = |(i, x): &(usize, Float)| {
                    let was = before.iter().find(|(j, _)| i == j).and_then(|(_, y)| y.get_exp());
                    truth[*i].is_zero() && x.get_exp() < was.map(|e| e - (precision / 8) as i32)
                };
                if faults().all(vanishing) {
                    return Second::Agrees;
                }
                if faults().any(settled) {
                    return Second::Differs(found.iter().map(|(_, x)| x.clone()).collect());
                }
            }
        }
        before = found;
        precision *= 2;
    }
    Second::Undecided
}

/// Whether `x` rounds to the certified `truth`, an error of its own allowed for.
fn is_what(truth: &Float, x: &Float, bits: u32) -> bool {
    let Some(exponent) = truth.get_exp() else { return x.is_zero() };
    let off = Float::with_val(x.prec().max(bits), x - truth).abs();
    let half = (Float::with_val(53, 0.5 + SHARE_OF_UNIT)) << (exponent - bits as i32);
    off <= half
}

/// How far apart the exponents of the inputs are: about the bits that textbooks' forms cancel.
fn spread(exact: &Inputs<Float>, bits: u32) -> u32 {
    use crate::formula::Input;
    let root = exact.c.get_exp().unwrap_or(0) / 2;
    let inputs = [Input::X, Input::Y, Input::V, Input::P, Input::A];
    let coordinates = inputs.iter().filter_map(|input| exact.vector(*input)).flatten();
    let exponents = coordinates.filter_map(Float::get_exp).map(|e| (e + root).unsigned_abs());
    2 * exponents.max().unwrap_or(0) + 2 * bits
}
