//! Certified answers: intervals at ever higher precision until they say what the correctly rounded answer is.

use super::{Inputs, value_of};
use crate::arithmetic::{Dual, Interval};
use crate::formula::{Answer, Clamps, Input, UnknownName, Variant};
use rug::Float;

/// Precision doubles up to this many bits before an answer counts as not certifiable.
const MOST_BITS: u32 = 1 << 16;
/// A component that is still unbounded at this precision is infinite: more digits than any exponent of f64 can hide.
const UNBOUNDED_BITS: u32 = 1 << 13;
/// A coordinate whose interval contains 0 at this precision and is narrower than 2^-quarter of it relative to the largest
/// coordinate (or to 1) is 0: an exact 0 that came out of inexact steps can never be certified relative to itself, and a
/// root halves the exponent of what is left of it.
const ZERO_BITS: u32 = 1 << 11;
/// Bits above those asked for with which the first attempt is made.
const GUARD_BITS: u32 = 64;

/// An exact answer, correctly rounded.
pub type Value = Answer<Vec<Float>, Float>;

/// An answer that intervals could not pin down.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Uncertified {
    #[error("the truth could not be certified with {MOST_BITS} bits: the inputs may lie outside the model")]
    Precision,
    /// Infinite, or beyond the largest number of MPFR, 2^(2^62): exp of a vector that storing has turned can be.
    #[error("the answer is infinite, or larger than any number that MPFR holds")]
    Infinite,
    #[error("the formula is not defined for these inputs")]
    Undefined,
    #[error(transparent)]
    Name(#[from] UnknownName),
}

/// Runs `evaluate` with doubling precision until every component of its answer rounds to one number of `bits` bits.
pub fn certify(
    bits: u32,
    first_attempt: u32,
    mut evaluate: impl FnMut(u32) -> Vec<Interval>,
) -> Result<Vec<Float>, Uncertified> {
    let mut precision = first_attempt.max(bits + GUARD_BITS);
    loop {
        let intervals = evaluate(precision);
        if let Some(values) = intervals.iter().map(|x| x.certify(bits).map(unsigned_zero)).collect() {
            return Ok(values);
        }
        if precision >= ZERO_BITS
            && let Some(values) = with_zeros(&intervals, bits)
        {
            return Ok(values);
        }
        if intervals.iter().any(Interval::is_nan) {
            return Err(Uncertified::Undefined);
        }
        let unbounded = intervals.iter().any(|x| x.lo().is_infinite() || x.hi().is_infinite());
        if unbounded && precision >= UNBOUNDED_BITS {
            return Err(Uncertified::Infinite);
        }
        precision *= 2;
        if precision > MOST_BITS {
            return Err(Uncertified::Precision);
        }
    }
}

/// An exact 0 has no sign.
fn unsigned_zero(x: Float) -> Float {
    if x.is_zero() { x.abs() } else { x }
}

/// The components, those that are 0 for all that [`ZERO_BITS`] can tell as 0; `None` while another is undecided.
fn with_zeros(intervals: &[Interval], bits: u32) -> Option<Vec<Float>> {
    let largest = intervals.iter().filter_map(|x| x.hi().get_exp().max(x.lo().get_exp())).max()?;
    let zero = Float::new(bits);
    let component = |x: &Interval| {
        let width = Float::with_val(bits, x.hi() - x.lo());
        let is_zero = x.contains(&zero)
            && width.is_finite()
            && width.get_exp().is_none_or(|e| e < largest.max(0) - (ZERO_BITS / 4) as i32);
        x.certify(bits).map(unsigned_zero).or_else(|| is_zero.then(|| zero.clone()))
    };
    intervals.iter().map(component).collect()
}

/// The exact inputs as intervals of one point.
fn exactly(inputs: &Inputs<Float>, precision: u32) -> Inputs<Interval> {
    inputs.map(|x| Interval::new(precision.max(x.prec()), x))
}

fn first_attempt(bits: u32) -> u32 {
    2 * bits + GUARD_BITS
}

/// What `variant` gives under `clamps` in exact arithmetic for exactly these inputs, each component correctly rounded to
/// `bits` bits. `guard` may move the inputs first.
pub fn truth(
    variant: &Variant,
    clamps: Clamps,
    inputs: &Inputs<Float>,
    bits: u32,
    guard: impl Fn(Inputs<Interval>) -> Inputs<Interval>,
) -> Result<Value, Uncertified> {
    let mut scalar = false;
    let values = certify(bits, first_attempt(bits), |precision| {
        match value_of(variant, clamps, &guard(exactly(inputs, precision))) {
            Answer::Scalar(x) => {
                scalar = true;
                vec![x]
            }
            Answer::Vector(x) => x,
        }
    })?;
    Ok(if scalar { Answer::Scalar(values.into_iter().next().expect("one scalar")) } else { Answer::Vector(values) })
}

/// The derivative of a scalar operation's exact value by each coordinate of one input (or by c), likewise certified.
pub fn gradient_truth(
    variant: &Variant,
    clamps: Clamps,
    inputs: &Inputs<Float>,
    by: Option<Input>,
    bits: u32,
    guard: impl Fn(Inputs<Dual<Interval>>) -> Inputs<Dual<Interval>>,
) -> Result<Vec<Float>, Uncertified> {
    certify(bits, first_attempt(bits), |precision| {
        gradient_of(variant, clamps, &exactly(inputs, precision), by, &guard)
    })
}

/// The derivative of a scalar operation by each coordinate of one input (by c where `by` is `None`), in the inputs' own
/// arithmetic, one forward pass a coordinate.
pub fn gradient_of<S: crate::arithmetic::Scalar>(
    variant: &Variant,
    clamps: Clamps,
    inputs: &Inputs<S>,
    by: Option<Input>,
    guard: impl Fn(Inputs<Dual<S>>) -> Inputs<Dual<S>>,
) -> Vec<S> {
    let at_rest = inputs.at_rest();
    let derivative = |moved: Inputs<Dual<S>>| match value_of(variant, clamps, &guard(moved)) {
        Answer::Scalar(x) => x.derivative,
        Answer::Vector(_) => unreachable!("gradients are asked of scalar operations only"),
    };
    match by {
        None => {
            let mut moved = at_rest;
            moved.c = Dual::variable(moved.c.value);
            vec![derivative(moved)]
        }
        Some(Input::T) => {
            let mut moved = at_rest;
            moved.t = moved.t.map(|t| Dual::variable(t.value));
            vec![derivative(moved)]
        }
        Some(input) => {
            let n = inputs.vector(input).map_or(0, Vec::len);
            let coordinate = |i: usize| {
                let mut moved = at_rest.clone();
                if let Some(Some(vector)) = moved.vector_mut(input) {
                    vector[i] = Dual::variable(vector[i].value.clone());
                }
                derivative(moved)
            };
            (0..n).map(coordinate).collect()
        }
    }
}
