//! Certified answers: intervals at ever higher precision until they say what the correctly rounded answer is.

use super::zero::{least_exponent, significant_bits};
use super::{Inputs, is_kink, value_of};
use crate::arithmetic::{Dual, Interval, Real};
use crate::formula::{
    Answer, BEST, Clamps, Input, Model, Op, Query, Space, UnknownName, Variant, ambient, radial, variant,
};
use rug::Float;

/// Precision doubles up to this many bits before an answer counts as not certifiable.
const MOST_BITS: u32 = 1 << 16;
/// Where all that is left to decide is whether components are 0, up to this many: what the bound of [`zero`] asks of the
/// ends of f64 in the operations of the highest degree.
const MOST_ZERO_BITS: u32 = 1 << 18;
/// A component that is still unbounded at this precision is infinite: more digits than any exponent of f64 can hide.
const UNBOUNDED_BITS: u32 = 1 << 13;
/// A leg's or a sample's coordinate whose interval contains 0 at this precision and is narrower than 2^-quarter of it
/// relative to the largest coordinate (or to 1) counts as 0: it is printed to seventeen digits beside the others.
const NEGLIGIBLE_BITS: u32 = 1 << 11;
/// A component that at this precision still lies half-way between two numbers of the bits asked for, as far as can be
/// told, is given to [`TIE_BITS`] more. Most such are exactly half-way: a root of a square of binary fractions.
const TIE_PRECISION: u32 = 1 << 12;
const TIE_BITS: u32 = 64;
/// Bits above those asked for with which the first attempt is made.
const GUARD_BITS: u32 = 64;

/// An exact answer, correctly rounded.
pub type Value = Answer<Vec<Float>, Float>;

/// An answer that intervals could not pin down.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Uncertified {
    #[error("the truth could not be certified with {MOST_BITS} bits: the inputs may lie outside the model")]
    Precision,
    /// A component that is as small as stated or 0.
    #[error("the truth could not be certified: a component is 0 or smaller than 2^-{0}, and no bound tells which")]
    Zero(u32),
    /// Infinite, or beyond the largest number of MPFR, 2^(2^30): exp of a vector that storing has turned can be.
    #[error("the answer is infinite, or larger than any number that MPFR holds")]
    Infinite,
    #[error("the formula is not defined for these inputs")]
    Undefined,
    #[error(
        "the weight t = {0} of a midpoint is not between 0 and 1: a sum of points with a negative weight may be no point"
    )]
    Weight(f64),
    #[error(transparent)]
    Name(#[from] UnknownName),
}

/// When a component whose interval contains 0 is 0.
#[derive(Clone, Copy)]
enum Zero {
    /// Where its size is below 2^-Z, a bound that no other value has; never where there is no bound.
    Proved(Option<u32>),
    /// Where it cannot be told from 0 beside the largest component ([`NEGLIGIBLE_BITS`]).
    Negligible,
}

/// Runs `evaluate` with doubling precision until every component of its answer rounds to one number of `bits` bits; one that
/// lies half-way between two is given to `TIE_BITS` more, one that is negligible beside the others is 0. The answer for
/// stored inputs, where 0 is proved, is [`truth`]'s.
pub fn certify(
    bits: u32,
    first_attempt: u32,
    evaluate: impl FnMut(u32) -> Vec<Interval>,
) -> Result<Vec<Float>, Uncertified> {
    certify_with(Zero::Negligible, bits, first_attempt, evaluate)
}

fn certify_with(
    zero: Zero,
    bits: u32,
    first_attempt: u32,
    mut evaluate: impl FnMut(u32) -> Vec<Interval>,
) -> Result<Vec<Float>, Uncertified> {
    let mut precision = first_attempt.max(bits + GUARD_BITS);
    loop {
        let intervals = evaluate(precision);
        let largest = intervals.iter().filter_map(|x| x.hi().get_exp().max(x.lo().get_exp())).max();
        let decide = |x: &Interval| {
            let rounded = |bits: u32| x.certify(bits).map(unsigned_zero);
            let zero = || is_zero(x, zero, precision, largest.unwrap_or(0)).then(|| Float::new(bits));
            let tie = || if precision >= TIE_PRECISION { rounded(bits + TIE_BITS) } else { None };
            rounded(bits).or_else(zero).or_else(tie)
        };
        let decided: Vec<Option<Float>> = intervals.iter().map(decide).collect();
        let open: Vec<&Interval> =
            intervals.iter().zip(&decided).filter(|(_, x)| x.is_none()).map(|(x, _)| x).collect();
        if open.is_empty() {
            return Ok(decided.into_iter().flatten().collect());
        }
        if intervals.iter().any(Interval::is_nan) {
            return Err(Uncertified::Undefined);
        }
        let unbounded = intervals.iter().any(|x| x.lo().is_infinite() || x.hi().is_infinite());
        if unbounded && precision >= UNBOUNDED_BITS {
            return Err(Uncertified::Infinite);
        }
        precision *= 2;
        let nothing = Float::new(bits);
        let only_zeros = !unbounded && open.iter().all(|x| x.contains(&nothing));
        match only_zeros {
            true if precision > MOST_ZERO_BITS => {
                let size = open.iter().filter_map(|x| exponent(x)).max().unwrap_or(0);
                return Err(Uncertified::Zero(size.unsigned_abs()));
            }
            false if precision > MOST_BITS => return Err(Uncertified::Precision),
            _ => {}
        }
    }
}

/// An exact 0 has no sign.
fn unsigned_zero(x: Float) -> Float {
    if x.is_zero() { x.abs() } else { x }
}

/// The exponent of the larger end; `None` of [0, 0].
fn exponent(x: &Interval) -> Option<i32> {
    x.hi().get_exp().max(x.lo().get_exp())
}

/// Whether a component is 0, by the rule that is asked for; `largest` is the largest exponent of all of them.
fn is_zero(x: &Interval, zero: Zero, precision: u32, largest: i32) -> bool {
    if !x.contains(&Float::new(2)) || x.lo().is_infinite() || x.hi().is_infinite() {
        return false;
    }
    let Some(exponent) = exponent(x) else { return true };
    match zero {
        Zero::Proved(bound) => bound.is_some_and(|bound| i64::from(exponent) < -i64::from(bound)),
        Zero::Negligible => {
            let least = largest.max(0) - (NEGLIGIBLE_BITS / 4) as i32;
            precision >= NEGLIGIBLE_BITS && exponent < least
        }
    }
}

/// The exact inputs as intervals of one point.
fn exactly(inputs: &Inputs<Float>, precision: u32) -> Inputs<Interval> {
    inputs.map(|x| Interval::new(precision.max(significant_bits(x)), x))
}

fn first_attempt(bits: u32) -> u32 {
    2 * bits + GUARD_BITS
}

/// What the own `variant` gives in exact arithmetic for exactly these inputs, each component correctly rounded to `bits` bits,
/// or to `TIE_BITS` more where it lies half-way between two numbers of so many. A component is 0 where that is proved: its
/// interval is [0, 0], or narrower than the least size that another value could have (`zero`). The own
/// projection into a ball counts as its limit ([`radial::ball_project_limit`]): an interval cannot say which point inside is
/// the last of an arithmetic.
pub fn truth(variant: &Variant, inputs: &Inputs<Float>, bits: u32) -> Result<Value, Uncertified> {
    if let (Op::Midpoint, Some(t)) = (variant.op, &inputs.t)
        && !(*t >= 0 && *t <= 1)
    {
        return Err(Uncertified::Weight(t.to_f64()));
    }
    let zero = Zero::Proved(least_exponent(variant.op, None, inputs));
    exact_value(zero, variant, Clamps::NONE, inputs, bits, |x| x)
}

/// What any `variant` gives under `clamps` in exact arithmetic, `guard` having moved the inputs: a leg of an error, in which
/// a component that is negligible beside the others counts as 0.
pub fn leg(
    variant: &Variant,
    clamps: Clamps,
    inputs: &Inputs<Float>,
    bits: u32,
    guard: impl Fn(Inputs<Interval>) -> Inputs<Interval>,
) -> Result<Value, Uncertified> {
    exact_value(Zero::Negligible, variant, clamps, inputs, bits, guard)
}

fn exact_value(
    zero: Zero,
    variant: &Variant,
    clamps: Clamps,
    inputs: &Inputs<Float>,
    bits: u32,
    guard: impl Fn(Inputs<Interval>) -> Inputs<Interval>,
) -> Result<Value, Uncertified> {
    let mut scalar = false;
    let into_ball = variant.op == Op::Project && inputs.model.is_ball();
    let values = certify_with(zero, bits, first_attempt(bits), |precision| {
        let inputs = guard(exactly(inputs, precision));
        if let (true, Some(x)) = (into_ball, &inputs.x) {
            return radial::ball_project_limit(&Space::new(inputs.c.clone()), x.as_slice());
        }
        match value_of(variant, clamps, &inputs) {
            Answer::Scalar(x) => {
                scalar = true;
                vec![x]
            }
            Answer::Vector(x) => x,
        }
    })?;
    Ok(if scalar { Answer::Scalar(values.into_iter().next().expect("one scalar")) } else { Answer::Vector(values) })
}

/// The derivative of a scalar operation's exact value by each coordinate of one input (or by c), certified like [`truth`].
/// In the ambient model coordinates are independent, as [`ambient`] says. At a kink ([`is_kink`]) it is 0 by convention.
pub fn gradient_truth(
    variant: &Variant,
    inputs: &Inputs<Float>,
    by: Option<Input>,
    bits: u32,
) -> Result<Vec<Float>, Uncertified> {
    let zero = Zero::Proved(least_exponent(variant.op, Some(by), inputs));
    exact_gradient(zero, variant, Clamps::NONE, inputs, by, bits, |x| x)
}

/// [`leg`] of a derivative.
pub fn gradient_leg(
    variant: &Variant,
    clamps: Clamps,
    inputs: &Inputs<Float>,
    by: Option<Input>,
    bits: u32,
    guard: impl Fn(Inputs<Dual<Interval>>) -> Inputs<Dual<Interval>>,
) -> Result<Vec<Float>, Uncertified> {
    exact_gradient(Zero::Negligible, variant, clamps, inputs, by, bits, guard)
}

fn exact_gradient(
    zero: Zero,
    variant: &Variant,
    clamps: Clamps,
    inputs: &Inputs<Float>,
    by: Option<Input>,
    bits: u32,
    guard: impl Fn(Inputs<Dual<Interval>>) -> Inputs<Dual<Interval>>,
) -> Result<Vec<Float>, Uncertified> {
    if by_ambient_coordinates(variant, inputs.model) {
        return ambient_truth(zero, variant.op, inputs, by, bits, guard);
    }
    certify_with(zero, bits, first_attempt(bits), |precision| {
        gradient_of(variant, clamps, &exactly(inputs, precision), by, &guard)
    })
}

/// Whether a gradient is the closed one of [`ambient`]. Published variants are differentiated as they are written.
fn by_ambient_coordinates(variant: &Variant, model: Model) -> bool {
    model == Model::LorentzAmbient && variant.id == BEST
}

/// [`gradient_truth`] of the own variant in the ambient model: the derivative of [`ambient`]'s expression, by dual intervals
/// through the published variant that is written so, at the point that the space coordinates mean.
fn ambient_truth(
    zero: Zero,
    op: Op,
    inputs: &Inputs<Float>,
    by: Option<Input>,
    bits: u32,
    guard: impl Fn(Inputs<Dual<Interval>>) -> Inputs<Dual<Interval>>,
) -> Result<Vec<Float>, Uncertified> {
    let expression = variant(op, Model::LorentzAmbient, ambient_id(op))?;
    let zeros = || vec![Float::new(bits); by.and_then(|input| inputs.vector(input)).map_or(1, Vec::len)];
    // 0 at a kink is a convention; p does not stand in a score, nothing does where a = 0, and on its hyperplane at p itself
    // a score is 0 whatever c is.
    let space = |input: Input| inputs.vector(input).map_or(&[][..], |x| &x[1..]);
    let at_rest = || by == Some(Input::P) || (by.is_none() && space(Input::X) == space(Input::P));
    let score_of_nothing = || op == Op::Mlr && (at_rest() || space(Input::A).iter().all(Float::is_zero));
    if is_kink(op, by, inputs) || score_of_nothing() {
        return Ok(zeros());
    }
    let on_the_hyperboloid = |moved: Inputs<Dual<Interval>>| with_times_of_space(guard(moved));
    certify_with(zero, bits, first_attempt(bits), |precision| {
        gradient_of_expression(expression, Clamps::NONE, &exactly(inputs, precision), by, on_the_hyperboloid)
    })
}

/// The published variant that is written as [`ambient`]'s expression.
fn ambient_id(op: Op) -> &'static str {
    match op {
        Op::Distance => "L1",
        Op::OriginDistance => "arcosh",
        _ => "plain",
    }
}

/// The same motion at the points and tangent vectors that the space coordinates mean: times are replaced, their motion is
/// kept.
fn with_times_of_space(mut inputs: Inputs<Dual<Interval>>) -> Inputs<Dual<Interval>> {
    let c = inputs.c.value.clone();
    let values = |x: &[Dual<Interval>]| -> Vec<Interval> { x.iter().map(|x| x.value.clone()).collect() };
    let dot = |x: &[Interval], y: &[Interval]| -> Interval {
        x.iter().zip(y).fold(c.lit(0.0), |sum, (x, y)| sum + &(x.clone() * y))
    };
    let time =
        |s: &[Interval]| (c.clone().recip() + &s.iter().fold(c.lit(0.0), |sum, s| sum + &s.clone().square())).sqrt();
    for input in [Input::X, Input::Y, Input::P] {
        if let Some(Some(x)) = inputs.vector_mut(input) {
            x[0].value = time(&values(&x[1..]));
        }
    }
    if let (Some(p), Some(a)) = (&inputs.p, &mut inputs.a) {
        a[0].value = dot(&values(&p[1..]), &values(&a[1..])) / &p[0].value;
    }
    inputs
}

/// The derivative of a scalar operation by each coordinate of one input (by c where `by` is `None`), in the inputs' own
/// arithmetic: one forward pass a coordinate; in the ambient model the own variant's is closed, by coordinates that are
/// independent, for inputs that a guard has moved already.
pub fn gradient_of<S: crate::arithmetic::Scalar>(
    variant: &Variant,
    clamps: Clamps,
    inputs: &Inputs<S>,
    by: Option<Input>,
    guard: impl Fn(Inputs<Dual<S>>) -> Inputs<Dual<S>>,
) -> Vec<S> {
    if by_ambient_coordinates(variant, inputs.model) {
        let space = Space::new(inputs.c.clone());
        let mut query = Query::new(&space, inputs.model);
        (query.x, query.y) = (inputs.x.as_deref(), inputs.y.as_deref());
        (query.p, query.a) = (inputs.p.as_deref(), inputs.a.as_deref());
        return ambient::gradient(variant.op, &query, by);
    }
    gradient_of_expression(variant, clamps, inputs, by, guard)
}

/// [`gradient_of`] by dual numbers through the variant as it is written.
fn gradient_of_expression<S: crate::arithmetic::Scalar>(
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
