//! Values that other software made, against certified truth: what each stands for, how far off it is, and all in few numbers.

use crate::arithmetic::number::parse;
use crate::arithmetic::{Mp, Number, Real};
use crate::formula::{Answer, BEST, Clamps, Kind, Model, Op, Role, UnknownName, variant};
use crate::measure::{Outcome, order_statistic, outcome_of, ulps_of};
use crate::oracle::{Inputs, value_of};
use rug::Float;
use rug::ops::Pow;
use std::collections::HashMap;

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

/// How far a value is from the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Errors {
    /// ‖value − truth‖/‖truth‖ of the coordinates; the absolute error where the truth is 0.
    pub relative: f64,
    /// The largest component error, in units in the last place of the largest component of the truth.
    pub ulps: f64,
}

/// The errors of a finite value, with the spacing of `like`'s arithmetic.
pub fn errors<S: Number>(like: &S, truth: &[Float], value: &[Float]) -> Errors {
    Errors { relative: relative_error(truth, value), ulps: ulps_of(like, truth, value) }
}

/// ‖value − truth‖/‖truth‖; the absolute error where the truth is 0.
pub fn relative_error(truth: &[Float], value: &[Float]) -> f64 {
    let bits = truth.iter().chain(value).map(Float::prec).max().unwrap_or(53);
    let norm = |terms: &mut dyn Iterator<Item = Float>| terms.fold(Float::new(bits), |sum, x| sum + x.square()).sqrt();
    let error = norm(&mut truth.iter().zip(value).map(|(t, v)| Float::with_val(bits, v - t)));
    let size = norm(&mut truth.iter().map(|t| Float::with_val(bits, t)));
    if size.is_zero() { error.to_f64() } else { (error / size).to_f64() }
}

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
}

impl Claim {
    /// Judges a value against the truth for curvature −c. Values need not be numbers of the arithmetic; whether they are
    /// points of the model is decided in exact arithmetic.
    pub fn judge<S: Number>(&self, c: &S, truth: &[Float], value: &[Float]) -> Judged {
        let Claim { op, model, to, gradient } = *self;
        // c‖x‖² is then exact but for the carries of its sum.
        let widest = value.iter().map(Float::prec).max().unwrap_or(c.bits());
        let precision = 2 * widest + 2 * c.bits() + 64;
        let exact: Vec<Mp> = value.iter().map(|x| Mp::new(precision, x)).collect();
        let outcome = outcome_of(op, model, to, gradient, &Mp::new(precision, c.to_float()), &exact, false);
        let stored: Vec<S> = truth.iter().map(|x| c.nearest(x)).collect();
        let owed = outcome_of(op, model, to, gradient, c, &stored, false) == Outcome::Ok;
        let finite = !matches!(outcome, Outcome::Nan | Outcome::Overflow);
        Judged { outcome, errors: finite.then(|| errors(c, truth, value)), owed }
    }

    /// √c d(0, ·) of the row's outermost point; of its answer where no input is a point.
    ///
    /// # Errors
    /// If the model has no distance from the origin.
    pub fn radius<S: Number>(&self, inputs: &Inputs<S>, truth: &[Float]) -> Result<f64, UnknownName> {
        const GUARD_BITS: u32 = 64;
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
}

impl Limits {
    /// Whether a value is past a limit. A value that is not finite, or not a point, where the truth is, is past any.
    pub fn passed_by(&self, judged: &Judged) -> bool {
        let past = |limit: Option<f64>, error: fn(&Errors) -> f64| {
            limit.is_some_and(|limit| judged.errors.as_ref().is_some_and(|errors| error(errors) > limit))
        };
        let any = self.ulps.is_some() || self.relative.is_some();
        any && (judged.failed() || past(self.ulps, |e| e.ulps) || past(self.relative, |e| e.relative))
    }
}

/// The distribution of one error: order statistics, exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub p99: f64,
    pub max: f64,
}

impl Spread {
    fn of(mut errors: Vec<f64>) -> Option<Spread> {
        errors.sort_unstable_by(f64::total_cmp);
        let at = |share| order_statistic(&errors, share);
        Some(Spread { median: at(0.5)?, p99: at(0.99)?, max: *errors.last()? })
    }
}

/// Rows in few numbers. Spreads are over the ok rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    pub n: u64,
    pub ok_share: f64,
    pub past: u64,
    pub ulps: Option<Spread>,
    pub relative: Option<Spread>,
    /// Against what the points were meant to give, where that was told.
    pub total: Option<Spread>,
}

/// The rows of one kind: eight bytes a row and an error.
#[derive(Clone, Debug, Default)]
struct Tally {
    n: u64,
    past: u64,
    ulps: Vec<f64>,
    relative: Vec<f64>,
    total: Vec<f64>,
}

impl Tally {
    fn summary(self) -> Summary {
        Summary {
            n: self.n,
            ok_share: if self.n == 0 { 0.0 } else { self.ulps.len() as f64 / self.n as f64 },
            past: self.past,
            ulps: Spread::of(self.ulps),
            relative: Spread::of(self.relative),
            total: Spread::of(self.total),
        }
    }
}

/// An audit under way: rows by their key, in the order of first appearance, and the worst of them.
#[derive(Debug)]
pub struct Audit<W> {
    limits: Limits,
    keys: Vec<Vec<String>>,
    tallies: Vec<Tally>,
    places: HashMap<Vec<String>, usize>,
    worst: Option<(f64, W)>,
}

/// An audit that has ended.
#[derive(Debug)]
pub struct Verdict<W> {
    pub all: Summary,
    pub groups: Vec<(Vec<String>, Summary)>,
    pub worst: Option<W>,
}

impl<W> Audit<W> {
    pub fn new(limits: Limits) -> Self {
        Audit { limits, keys: Vec::new(), tallies: Vec::new(), places: HashMap::new(), worst: None }
    }

    /// Counts a row. Of rows that are equally bad, the first is the witness.
    pub fn add(&mut self, key: Vec<String>, judged: &Judged, total: Option<f64>, witness: impl FnOnce() -> W) {
        let place = *self.places.entry(key).or_insert_with_key(|key| {
            self.keys.push(key.clone());
            self.tallies.push(Tally::default());
            self.tallies.len() - 1
        });
        let tally = &mut self.tallies[place];
        tally.n += 1;
        tally.past += u64::from(self.limits.passed_by(judged));
        if let (Outcome::Ok, Some(errors)) = (judged.outcome, judged.errors) {
            tally.ulps.push(errors.ulps);
            tally.relative.push(errors.relative);
            tally.total.extend(total);
        }
        let severity = judged.severity();
        if self.worst.as_ref().is_none_or(|(worst, _)| severity > *worst) {
            self.worst = Some((severity, witness()));
        }
    }

    /// What the rows come down to.
    pub fn verdict(self) -> Verdict<W> {
        let mut all = Tally::default();
        for tally in &self.tallies {
            all.n += tally.n;
            all.past += tally.past;
            all.ulps.extend(&tally.ulps);
            all.relative.extend(&tally.relative);
            all.total.extend(&tally.total);
        }
        Verdict {
            all: all.summary(),
            groups: self.keys.into_iter().zip(self.tallies.into_iter().map(Tally::summary)).collect(),
            worst: self.worst.map(|(_, witness)| witness),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISTANCE: Claim = Claim { op: Op::Distance, model: Model::Poincare, to: Model::Poincare, gradient: false };

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
        let judged = DISTANCE.judge(&1f32, &truth, &[float(f64::from(0.75f32.next_up()))]);
        assert_eq!((judged.outcome, judged.owed, judged.errors.unwrap().ulps), (Outcome::Ok, true, 1.0));
        let limits = |ulps| Limits { ulps: Some(ulps), relative: None };
        assert!(!limits(1.0).passed_by(&judged) && limits(0.999).passed_by(&judged));
        assert!(!Limits::default().passed_by(&judged));
    }

    #[test]
    fn what_is_owed_and_missing_is_past_any_limit() {
        let limits = Limits { ulps: None, relative: Some(f64::MAX) };
        for bad in [f64::NAN, f64::INFINITY] {
            assert!(limits.passed_by(&DISTANCE.judge(&1f32, &[float(1.0)], &[float(bad)])), "{bad}");
        }
        // An f32 cannot hold this answer.
        assert!(!limits.passed_by(&DISTANCE.judge(&1f32, &[float(1e39)], &[float(f64::INFINITY)])));
        let add = Claim { op: Op::Add, ..DISTANCE };
        let rim = add.judge(&1f32, &[float(0.5), float(0.5)], &[float(1.0), float(0.0)]);
        assert!(rim.outcome == Outcome::Outside && limits.passed_by(&rim));
        // The truth itself rounds onto the rim.
        let close = add.judge(&1f32, &[float(1.0 - 1e-12), float(0.0)], &[float(1.0), float(0.0)]);
        assert!(close.outcome == Outcome::Outside && !limits.passed_by(&close));
    }

    #[test]
    fn groups_and_their_whole() {
        let mut audit = Audit::new(Limits { ulps: Some(90.0), relative: None });
        for i in 1..=100u32 {
            let errors = Errors { relative: 0.0, ulps: f64::from(i) };
            let judged = Judged { outcome: Outcome::Ok, errors: Some(errors), owed: true };
            audit.add(vec![(i % 2).to_string()], &judged, None, || i);
        }
        let nan = Judged { outcome: Outcome::Nan, errors: None, owed: true };
        audit.add(vec!["1".to_owned()], &nan, None, || 101);
        audit.add(vec!["1".to_owned()], &nan, None, || 102);
        let verdict = audit.verdict();
        let spread = verdict.all.ulps.unwrap();
        assert_eq!((verdict.all.n, verdict.all.past, verdict.worst), (102, 12, Some(101)));
        assert_eq!((spread.median, spread.p99, spread.max), (50.0, 99.0, 100.0));
        assert_eq!(
            verdict.groups.iter().map(|(key, s)| (key[0].as_str(), s.n)).collect::<Vec<_>>(),
            [("1", 52), ("0", 50)]
        );
        assert_eq!(verdict.groups[1].1.ulps.unwrap().max, 100.0);
        assert_eq!(verdict.all.total, None);
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
