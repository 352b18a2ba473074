//! Values that other software made, against certified truth: what each stands for, how far off it is, and all in few numbers.

mod baseline;
mod tally;

pub use baseline::{Accepted, GroupRow, Subject, compare};
pub use tally::{Audit, Row, Spread, Summary, Verdict};

use crate::arithmetic::number::parse;
use crate::arithmetic::{Mp, Number, Real};
use crate::formula::{Answer, BEST, Clamps, Input, Kind, Model, Op, Role, UnknownName, variant};
use crate::measure::{self, Outcome, outcome_of, ulps_of};
use crate::oracle::{Inputs, value_of};
use rug::Float;
use rug::ops::Pow;

/// The number that a printed value stands for in `like`'s arithmetic; `None` if it is not a number.
///
/// It is the number z of the arithmetic whose decimal to as many digits it is: |text − z| ≤ half a unit of its last digit.
/// Then it is worth z exactly, however few digits tell z apart. Text that no number of the arithmetic prints as (f64 values
/// audited as f32, say) counts as exactly what it says: rounding it here would hide an error.
pub fn stated<S: Number>(like: &S, text: &str) -> Option<Float> {
    let z = parse(like, text)?.to_float();
    let exact = exactly_stated(like.bits(), text)?;
    if !exact.is_finite() {
        return Some(exact);
    }
    let prints = z.is_finite()
        && half_unit(text, exact.prec()).is_some_and(|half| Float::with_val(exact.prec(), &exact - &z).abs() <= half);
    Some(if prints { z } else { exact })
}

/// A printed number as it stands, to far more than `bits` bits and than its own digits.
pub fn exactly_stated(bits: u32, text: &str) -> Option<Float> {
    const GUARD_BITS: usize = 64;
    // No digit, hexadecimal or decimal, holds more than four bits.
    let precision = 4 * (bits as usize + text.len()) + GUARD_BITS;
    parse(&Mp::new(u32::try_from(precision).ok()?, 0), text).map(|x| x.0)
}

/// Half a unit of the last digit of a decimal; `None` of a hexadecimal number, which says what it means.
fn half_unit(text: &str, precision: u32) -> Option<Float> {
    let text = text.trim().to_ascii_lowercase();
    if text.contains('x') {
        return None;
    }
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let fraction = mantissa.split_once('.').map_or(0, |(_, digits)| digits.len());
    let exponent = exponent.parse::<i32>().ok()?.checked_sub(i32::try_from(fraction).ok()?)?;
    Some(Float::with_val(precision, 10).pow(exponent) / 2)
}

/// How far a value is from the truth. Both are infinite where the truth is 0 and the value is not: no size is there to
/// compare with, and no limit may let it pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Errors {
    /// ‖value − truth‖/‖truth‖ of the coordinates.
    pub relative: f64,
    /// The largest component error, in units in the last place of the largest component of the truth.
    pub ulps: f64,
}

/// The errors of a finite value, with the spacing of `like`'s arithmetic.
pub fn errors<S: Number>(like: &S, truth: &[Float], value: &[Float]) -> Errors {
    let relative = relative_error(truth, value);
    Errors { relative, ulps: if relative.is_infinite() { relative } else { ulps_of(like, truth, value) } }
}

/// ‖value − truth‖/‖truth‖; where the truth is 0, infinite unless the value is 0 too.
pub fn relative_error(truth: &[Float], value: &[Float]) -> f64 {
    let bits = truth.iter().chain(value).map(Float::prec).max().unwrap_or(53);
    let norm = |terms: &mut dyn Iterator<Item = Float>| terms.fold(Float::new(bits), |sum, x| sum + x.square()).sqrt();
    let error = norm(&mut truth.iter().zip(value).map(|(t, v)| Float::with_val(bits, v - t)));
    let size = norm(&mut truth.iter().map(|t| Float::with_val(bits, t)));
    match (error.is_zero(), size.is_zero()) {
        (true, _) => 0.0,
        (false, true) => f64::INFINITY,
        (false, false) => (error / size).to_f64(),
    }
}

/// Bits beyond those of the inputs in which radii and separations are worked out.
const GUARD_BITS: u32 = 64;

/// What values claim to be.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    pub op: Op,
    pub model: Model,
    /// The model that a conversion goes to.
    pub to: Model,
    /// A derivative rather than the operation's value.
    pub gradient: bool,
}

/// What came of one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    pub outcome: Outcome,
    /// `None` where the value is not finite.
    pub errors: Option<Errors>,
    /// Of points and tangent vectors ([`measure::hyperbolic_error`]); `None` otherwise.
    pub hyperbolic: Option<f64>,
    /// Whether the arithmetic can hold the truth, so that nothing excuses a value that is not finite or not a point.
    pub owed: bool,
}

impl Judged {
    /// Whether a number was owed and none, or no point of the model, was given.
    pub fn failed(&self) -> bool {
        self.owed && !self.outcome.is_a_number()
    }
    /// How bad it is, for the choice of a witness: a failure is worse than any error.
    fn severity(&self) -> f64 {
        match self.errors {
            _ if self.failed() => f64::INFINITY,
            Some(errors) => errors.ulps,
            None => -1.0,
        }
    }
    /// Whether a number, or a point of the model, was given: nothing is said of how good it is.
    pub fn answered(&self) -> bool {
        self.outcome.is_a_number()
    }
}

impl Claim {
    /// Judges a value against the truth for these inputs. Values need not be numbers of the arithmetic; whether they are
    /// points of the model is decided in exact arithmetic.
    pub fn judge<S: Number>(&self, inputs: &Inputs<S>, truth: &[Float], value: &[Float]) -> Judged {
        let Claim { op, model, to, gradient } = *self;
        let c = &inputs.c;
        // c‖x‖² is then exact but for the carries of its sum.
        let widest = value.iter().map(Float::prec).max().unwrap_or(c.bits());
        let precision = 2 * widest + 2 * c.bits() + 64;
        let exact: Vec<Mp> = value.iter().map(|x| Mp::new(precision, x)).collect();
        let given = outcome_of(op, model, to, gradient, &Mp::new(precision, c.to_float()), &exact, false);
        let owed = self.owed(c, truth);
        let outcome = if given == Outcome::Ok && !owed { Outcome::Saturated } else { given };
        let finite = !matches!(outcome, Outcome::Nan | Outcome::Overflow);
        let hyperbolic = (outcome.is_a_number() && !gradient)
            .then(|| measure::hyperbolic_error(op, model, to, &inputs.map(Number::to_float), truth, value))
            .flatten();
        Judged { outcome, errors: finite.then(|| errors(c, truth, value)), hyperbolic, owed }
    }

    /// Whether c's arithmetic can hold the truth, as a point of the model where it is one. Pulling inside the rim is what a
    /// projection is for: whatever it is asked, a point is owed.
    pub fn owed<S: Number>(&self, c: &S, truth: &[Float]) -> bool {
        let stored: Vec<S> = truth.iter().map(|x| c.nearest(x)).collect();
        match outcome_of(self.op, self.model, self.to, self.gradient, c, &stored, false) {
            Outcome::Outside => self.op == Op::Project,
            outcome => outcome == Outcome::Ok,
        }
    }

    /// The two points between which something is measured: x and y, or x and p.
    fn pair<'a, S: Clone>(&self, inputs: &'a Inputs<S>) -> Option<[&'a [S]; 2]> {
        let points = |(input, role): &(Input, Role)| match role {
            Role::Point if *input != Input::V => inputs.vector(*input),
            _ => None,
        };
        let mut points = self.op.inputs().iter().filter_map(points);
        Some([points.next()?.as_slice(), points.next()?.as_slice()])
    }

    /// Whether the answer is 0 because the two points are the same as stored: a distance, its gradient, a logarithm, a score
    /// on its hyperplane. What was meant to be apart is gone before any formula begins.
    pub fn coincides<S: Number>(&self, inputs: &Inputs<S>) -> bool {
        let skip = usize::from(self.model == Model::LorentzAmbient);
        let same = |[x, y]: [&[S]; 2]| x.iter().zip(y).skip(skip).all(|(x, y)| x.to_float() == y.to_float());
        matches!(self.op, Op::Distance | Op::Log | Op::Mlr) && self.pair(inputs).is_some_and(same)
    }

    /// √c d between the two points of a row, for operations on two.
    ///
    /// # Errors
    /// If the model has no distance.
    pub fn separation<S: Number>(&self, inputs: &Inputs<S>) -> Result<Option<f64>, UnknownName> {
        let Some(pair) = self.pair(inputs) else { return Ok(None) };
        let precision = 2 * pair[0].iter().map(|x| x.to_float().prec()).max().unwrap_or(0) + GUARD_BITS;
        let mut at = Inputs::new(self.model, Mp::new(precision, inputs.c.to_float()));
        let wide = |x: &[S]| Some(x.iter().map(|x| Mp::new(precision, x.to_float())).collect());
        (at.x, at.y) = (wide(pair[0]), wide(pair[1]));
        let root = at.c.clone().sqrt();
        match value_of(variant(Op::Distance, self.model, BEST)?, Clamps::NONE, &at) {
            Answer::Scalar(d) => Ok(Some((d * &root).0.to_f64())),
            Answer::Vector(_) => Ok(None),
        }
    }

    /// √c d(0, ·) of the row's outermost point; of its answer where no input is a point.
    ///
    /// # Errors
    /// If the model has no distance from the origin.
    pub fn radius<S: Number>(&self, inputs: &Inputs<S>, truth: &[Float]) -> Result<f64, UnknownName> {
        let precision = truth.iter().map(Float::prec).max().unwrap_or(0).max(inputs.c.bits()) + GUARD_BITS;
        let wide = |x: &Float| Mp::new(precision, x);
        let points = self.op.inputs().iter().filter(|(_, role)| *role == Role::Point);
        let mut points: Vec<Vec<Mp>> = points
            .filter_map(|(input, _)| inputs.vector(*input))
            .map(|point| point.iter().map(|x| wide(&x.to_float())).collect())
            .collect();
        let mut model = self.model;
        if points.is_empty() && self.op.kind() == Kind::Point && !self.gradient {
            model = if self.op == Op::Convert { self.to } else { model };
            points.push(truth.iter().map(wide).collect());
        }
        let best = variant(Op::OriginDistance, model, BEST)?;
        let c = wide(&inputs.c.to_float());
        let mut largest: f64 = 0.0;
        for point in points {
            let mut at = Inputs::new(model, c.clone());
            at.x = Some(point);
            if let Answer::Scalar(d) = value_of(best, Clamps::NONE, &at) {
                largest = largest.max((d * &c.clone().sqrt()).0.to_f64());
            }
        }
        Ok(largest)
    }
}

/// The most that a value may be off.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    pub ulps: Option<f64>,
    pub relative: Option<f64>,
    /// Of points as √c d, of tangent vectors relative.
    pub hyperbolic: Option<f64>,
}

impl Limits {
    /// Whether a value is past a limit. A value that is not finite, or not a point, where the truth is, is past any.
    pub fn passed_by(&self, judged: &Judged) -> bool {
        let past = |limit: Option<f64>, error: Option<f64>| limit.is_some_and(|l| error.is_some_and(|error| error > l));
        let any = *self != Limits::default();
        let errors = judged.errors.as_ref();
        any && (judged.failed()
            || past(self.ulps, errors.map(|errors| errors.ulps))
            || past(self.relative, errors.map(|errors| errors.relative))
            || past(self.hyperbolic, judged.hyperbolic))
    }
}

/// The band of a radius √c d(0, ·): the nearest integer.
pub fn radius_band(radius: f64) -> String {
    format!("{radius:.0}")
}

/// The band of a separation √c d: its decade, or 0.
pub fn separation_band(separation: Option<f64>) -> String {
    /// Powers of ten that are written out.
    const PLAIN: std::ops::RangeInclusive<i32> = -2..=2;
    let power = |k: i32| match PLAIN.contains(&k) {
        true => format!("{}", 10f64.powi(k)),
        false => format!("1e{k}"),
    };
    match separation {
        None => "none".to_owned(),
        Some(0.0) => "0".to_owned(),
        Some(d) => {
            let decade = pxfm::f_log10(d).floor() as i32;
            format!("{} to {}", power(decade), power(decade + 1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISTANCE: Claim = Claim { op: Op::Distance, model: Model::Poincare, to: Model::Poincare, gradient: false };

    fn at<S: Number>(c: S) -> Inputs<S> {
        Inputs::new(Model::Poincare, c)
    }

    fn float(x: f64) -> Float {
        Float::with_val(200, x)
    }

    #[test]
    fn a_print_of_a_number_is_that_number_and_other_text_is_itself() {
        let third = 1f32 / 3.0;
        for text in ["0.33333334", "0.333333343", "0.3333333432674407958984375", "3.3333334e-1", "+0.33333334"] {
            assert_eq!(stated(&0f32, text).unwrap(), third, "{text}");
        }
        // A double near a third is no print of an f32.
        let double = stated(&0f32, "0.3333333333333333").unwrap();
        assert!(double != third && double.to_f64() == 1.0 / 3.0);
        assert_eq!(stated(&0f64, "5e-324").unwrap(), f64::from_bits(1));
        assert_eq!(stated(&0f32, "0x1.8p-1").unwrap(), 0.75);
        // Beyond the range of f32, and still a number.
        assert_eq!(stated(&0f32, "1e39").unwrap().to_f64(), 1e39);
        assert!(stated(&0f32, "-inf").unwrap().is_infinite() && stated(&0f64, "nan").unwrap().is_nan());
        assert!(stated(&0f64, "1e99999999999").is_none() || stated(&0f64, "1e99999999999").unwrap() > 1);
        assert!(stated(&0f64, "one").is_none() && stated(&0f64, "").is_none());
    }

    #[test]
    fn one_ulp_is_one_ulp() {
        let truth = [float(0.75)];
        let judged = DISTANCE.judge(&at(1f32), &truth, &[float(f64::from(0.75f32.next_up()))]);
        assert_eq!((judged.outcome, judged.owed, judged.errors.unwrap().ulps), (Outcome::Ok, true, 1.0));
        let limits = |ulps| Limits { ulps: Some(ulps), ..Limits::default() };
        assert!(!limits(1.0).passed_by(&judged) && limits(0.999).passed_by(&judged));
        assert!(!Limits::default().passed_by(&judged));
    }

    #[test]
    fn what_is_owed_and_missing_is_past_any_limit() {
        let limits = Limits { relative: Some(f64::MAX), ..Limits::default() };
        for bad in [f64::NAN, f64::INFINITY] {
            assert!(limits.passed_by(&DISTANCE.judge(&at(1f32), &[float(1.0)], &[float(bad)])), "{bad}");
        }
        // An f32 cannot hold this answer.
        assert!(!limits.passed_by(&DISTANCE.judge(&at(1f32), &[float(1e39)], &[float(f64::INFINITY)])));
        let add = Claim { op: Op::Add, ..DISTANCE };
        let rim = add.judge(&at(1f32), &[float(0.5), float(0.5)], &[float(1.0), float(0.0)]);
        assert!(rim.outcome == Outcome::Outside && limits.passed_by(&rim));
        // The truth itself rounds onto the rim.
        let close = add.judge(&at(1f32), &[float(1.0 - 1e-12), float(0.0)], &[float(1.0), float(0.0)]);
        assert!(close.outcome == Outcome::Outside && !limits.passed_by(&close));
    }

    #[test]
    fn nothing_passes_for_a_zero_but_zero() {
        let limits = Limits { ulps: Some(f64::MAX), relative: Some(f64::MAX), hyperbolic: None };
        for value in [4.7e-8, -1e-300] {
            let judged = DISTANCE.judge(&at(1f32), &[float(0.0)], &[float(value)]);
            assert_eq!(judged.errors.unwrap().relative, f64::INFINITY);
            assert!(limits.passed_by(&judged), "{value}");
        }
        assert!(!limits.passed_by(&DISTANCE.judge(&at(1f32), &[float(0.0)], &[float(-0.0)])));
    }

    #[test]
    fn a_projection_owes_a_point_and_is_held_to_the_rim_that_it_stops_at() {
        let project = Claim { op: Op::Project, ..DISTANCE };
        let mut inputs = at(1f32);
        inputs.x = Some(vec![30.0, 40.0]);
        let truth = [float(0.6), float(0.8)];
        let judge = |value: [f32; 2]| project.judge(&inputs, &truth, &value.map(|x| float(x.into())));
        let limits = Limits { ulps: Some(1.0), ..Limits::default() };
        let right = judge([0.6, 0.79999995]);
        assert!(right.outcome == Outcome::Ok && !limits.passed_by(&right), "{right:?}");
        for wrong in [[0.599, 0.8], [30.0, 40.0], [0.6, 0.8000001], [0.8, 0.6]] {
            assert!(limits.passed_by(&judge(wrong)), "{wrong:?} {:?}", judge(wrong));
        }
    }

    #[test]
    fn bands_are_integers_and_decades() {
        assert_eq!(radius_band(2.4), "2");
        let bands = [None, Some(0.0), Some(0.1), Some(0.0999), Some(3e-7), Some(1.0), Some(250.0), Some(1e4)];
        let expected = ["none", "0", "0.1 to 1", "0.01 to 0.1", "1e-7 to 1e-6", "1 to 10", "100 to 1e3", "1e4 to 1e5"];
        assert_eq!(bands.map(separation_band), expected);
    }

    #[test]
    fn the_radius_is_that_of_the_outermost_point() {
        let mut inputs = Inputs::new(Model::Poincare, 4f64);
        (inputs.x, inputs.y) = (Some(vec![0.25, 0.0]), Some(vec![0.0, 0.45]));
        let radius = DISTANCE.radius(&inputs, &[float(1.0)]).unwrap();
        assert!((radius - 2.0 * 0.9f64.atanh()).abs() < 1e-14, "{radius}");
        let exp0 = Claim { op: Op::Exp0, ..DISTANCE };
        let mut inputs = Inputs::new(Model::Poincare, 1f64);
        inputs.v = Some(vec![1.0]);
        let radius = exp0.radius(&inputs, &[Float::with_val(200, 1).tanh()]).unwrap();
        assert!((radius - 2.0).abs() < 1e-14, "{radius}");
    }
}
