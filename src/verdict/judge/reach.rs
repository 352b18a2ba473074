//! How far out a variant holds: the worst errors of the pairs drawn at a radius, scanned outwards and bisected.

use crate::arithmetic::Number;
use crate::formula::{BEST, Clamps, Model, Variant, variant};
use crate::guard::{GUARDS, Guard, NONE};
use crate::measure::{Case, Cell, MeasureError, Quantity, measure};
use crate::oracle::Sample;
use crate::verdict::pairs::Draw;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The radius of the first step of a scan, and the length of every step near the origin, in units of 1/√c.
const STEP: f64 = 1.0;
/// Steps grow with the radius, to this share of it: a scan to the end of f64's range (709) then takes 40 steps.
const STEP_SHARE: f64 = 0.125;
/// The end of every scan: beyond it only MPFR's exponents go on.
pub const DEEPEST: f64 = 720.0;
/// Where a bisection begins that no radius has passed yet, in units of 1/√c.
const SMALLEST: f64 = 1e-3;
/// Radii are bisected to this, in units of 1/√c: a tenth of what one bit of the coordinates is worth.
pub const RESOLUTION: f64 = 1.0 / 16.0;
/// Separations that are tried at a radius: the least, and equal ratios of it towards the diameter.
const SEPARATIONS: i32 = 4;

/// A draw in each dimension.
#[derive(Clone, Debug)]
pub struct Pairs {
    pub draws: Vec<Draw>,
    /// The least √c d(x, y).
    pub separation: f64,
}

impl Pairs {
    /// Every pair that is tried with its outer point at a radius.
    pub fn within(&self, radius: f64) -> Vec<Sample> {
        let (least, most) = (self.separation, 2.0 * radius);
        if least > most {
            return Vec::new();
        }
        let ratio = most / least;
        let separations: Vec<f64> = (0..SEPARATIONS)
            .map(|k| least * pxfm::f_pow(ratio, f64::from(k) / f64::from(SEPARATIONS)))
            .filter(|separation| *separation < most)
            .collect();
        let of = |draw: &Draw| {
            let at = separations.iter().flat_map(|separation| draw.at(radius, *separation)).collect::<Vec<_>>();
            at.into_iter().chain(draw.across(radius, least))
        };
        self.draws.iter().flat_map(of).collect()
    }
}

/// The worst of all pairs drawn at one radius. Errors are those of [`crate::measure::Parts`]; `None`: a pair without an
/// answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct At {
    /// √c d(0, x) of the outer point.
    pub radius: f64,
    pub pairs: usize,
    /// What storing the points costs, whatever the formula.
    pub storage: Option<f64>,
    /// The variant's total error without any guard, and the share of it that is its own rounding.
    pub plain: Option<f64>,
    pub rounding: Option<f64>,
    /// The total error under the guard's clamps, and what they change in exact arithmetic.
    pub clamped: Option<f64>,
    pub clamps_change: Option<f64>,
    /// The share of pairs for which the variant without any guard gave a number.
    pub answered: f64,
}

/// The guards without their clips: what their clamps alone do.
static CLAMPS_ONLY: LazyLock<Vec<Guard>> =
    LazyLock::new(|| GUARDS.iter().map(|guard| Guard { clip: |_| None, ..*guard }).collect());

fn clamps_only(clamps: Clamps) -> &'static Guard {
    CLAMPS_ONLY.iter().find(|guard| guard.clamps == clamps).unwrap_or(NONE)
}

/// What is measured at every radius.
pub struct Probe<'a, S> {
    pub quantity: Quantity,
    pub model: Model,
    pub variant: &'static Variant,
    pub clamps: Clamps,
    pub pairs: &'a Pairs,
    pub like: S,
}

/// Which error of [`At`] is held below a tolerance.
pub type Error = fn(&At) -> Option<f64>;

/// The larger; no answer is worse than any error.
fn worse(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    Some(a?.max(b?))
}

impl<S: Number> Probe<'_, S> {
    /// Measures the pairs at a radius.
    pub fn at(&self, radius: f64) -> Result<At, MeasureError> {
        let best = variant(self.quantity.op, self.model, BEST).unwrap_or(self.variant);
        let guard = clamps_only(self.clamps);
        let cases = [
            Case { variant: best, guard: NONE },
            Case { variant: self.variant, guard: NONE },
            Case { variant: self.variant, guard },
        ];
        let samples = self.pairs.within(radius);
        let groups: Result<Vec<Vec<Cell>>, MeasureError> = samples
            .par_iter()
            .map(|sample| Ok(measure(sample, self.quantity, self.model, &self.like, &cases)?.cells))
            .collect();
        let nothing = Some(0.0);
        let mut at = At {
            radius,
            pairs: samples.len(),
            storage: nothing,
            plain: nothing,
            rounding: nothing,
            clamped: nothing,
            clamps_change: nothing,
            answered: 1.0,
        };
        let mut answered = 0;
        for cells in groups? {
            let part = |i: usize, f: fn(&crate::measure::Parts) -> f64| cells[i].parts.map(|parts| f(&parts).abs());
            at.storage = worse(at.storage, part(0, |p| p.representation));
            at.plain = worse(at.plain, part(1, |p| p.total));
            at.rounding = worse(at.rounding, part(1, |p| p.rounding));
            at.clamped = worse(at.clamped, part(2, |p| p.total));
            at.clamps_change = worse(at.clamps_change, part(2, |p| p.guard));
            answered += usize::from(cells[1].parts.is_some());
        }
        if !samples.is_empty() {
            at.answered = answered as f64 / samples.len() as f64;
        }
        Ok(at)
    }
}

/// A scan outwards: every radius that was measured.
pub struct Scan<'a, S> {
    probe: Probe<'a, S>,
    seen: BTreeMap<u64, At>,
}

impl<'a, S: Number> Scan<'a, S> {
    /// Scans until every one of `errors` has passed the tolerance.
    pub fn outwards(probe: Probe<'a, S>, tolerance: f64, errors: &[Error]) -> Result<Self, MeasureError> {
        let mut scan = Scan { probe, seen: BTreeMap::new() };
        let mut radius = STEP;
        let mut failed = vec![false; errors.len()];
        while radius < DEEPEST && failed.contains(&false) {
            let at = scan.at(radius)?;
            for (failed, error) in failed.iter_mut().zip(errors) {
                *failed |= !holds(&at, *error, tolerance);
            }
            radius += STEP.max(radius * STEP_SHARE);
        }
        Ok(scan)
    }

    /// The worst at a radius.
    pub fn at(&mut self, radius: f64) -> Result<At, MeasureError> {
        // Positive doubles are ordered as their bits are.
        let key = radius.to_bits();
        if let Some(at) = self.seen.get(&key) {
            return Ok(*at);
        }
        let at = self.probe.at(radius)?;
        self.seen.insert(key, at);
        Ok(at)
    }

    /// The largest radius up to which an error stays within the tolerance, to [`RESOLUTION`]; [`DEEPEST`] where no scan went
    /// past it.
    pub fn reach(&mut self, error: Error, tolerance: f64) -> Result<f64, MeasureError> {
        let first_failure = self.seen.values().find(|at| !holds(at, error, tolerance)).map(|at| at.radius);
        let Some(mut fails) = first_failure else { return Ok(DEEPEST) };
        let mut passes = self.seen.values().map(|at| at.radius).take_while(|r| *r < fails).last().unwrap_or(SMALLEST);
        while fails - passes > RESOLUTION {
            let middle = (fails + passes) / 2.0;
            if holds(&self.at(middle)?, error, tolerance) {
                passes = middle;
            } else {
                fails = middle;
            }
        }
        // A radius within which no two points are far enough apart holds nothing.
        let at = self.at(passes)?;
        Ok(if at.pairs > 0 && holds(&at, error, tolerance) { passes } else { 0.0 })
    }

    /// The radii measured so far, outwards.
    pub fn seen(&self) -> impl Iterator<Item = &At> {
        self.seen.values()
    }
}

fn holds(at: &At, error: Error, tolerance: f64) -> bool {
    error(at).is_some_and(|error| error <= tolerance)
}
