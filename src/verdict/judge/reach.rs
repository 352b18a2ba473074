//! How far out a variant holds: what is promised of all pairs within a radius.
//!
//! A promise is storing + formula + clamps. Storing is bounded ([`crate::verdict::bound`]) where there is a bound; what has
//! none is searched for ([`crate::verdict::search`]) on a grid of radii that no question changes, and counts [`UNSEEN`] times.
//! A promise takes the largest of everything found within the next radius of the grid, so that it never falls outwards and no
//! two promises can contradict each other, whatever the threshold or the tolerance.

use crate::arithmetic::{Arithmetic, Number};
use crate::formula::{BEST, Clamps};
use crate::measure::{Errors, order_statistic};
use crate::verdict::bound::{self, Storage, Within};
use crate::verdict::search::{Law, Pair, Subject, Tried, UNSEEN, explored, search, worst_places};
use serde::Serialize;

/// The step of the grid of radii near the origin, in units of 1/√c: errors that grow as e^2r grow by a quarter in it.
pub const STEP: f64 = 1.0 / 8.0;
/// Steps grow with the radius, to this share of it, from [`STEP`]·8 on …
const STEP_SHARE: f64 = 1.0 / 128.0;
/// The end of every grid: beyond it only MPFR's exponents go on.
pub const DEEPEST: f64 = 720.0;
/// Radii are bisected to this between those of the grid, in units of 1/√c.
pub const RESOLUTION: f64 = 1.0 / 64.0;
/// The share of pairs whose errors are shown beside the worst: 99.9 %.
const MOST_PAIRS: f64 = 0.999;

/// What is promised at one radius, and what was found there. Errors are those of [`crate::measure::Parts`]; `None`: no bound,
/// or a pair without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct At {
    /// √c d(0, x) of the outer point.
    pub radius: f64,
    /// Pairs tried at this radius.
    pub pairs: usize,
    /// What storing the points costs at most, whatever the formula.
    pub storage: Option<f64>,
    /// The variant's total error at most without any guard, and the share of it that is its own.
    pub plain: Option<f64>,
    pub rounding: Option<f64>,
    /// The total error at most under the guard's clamps, and what they change in exact arithmetic.
    pub clamped: Option<f64>,
    pub clamps_change: Option<f64>,
    /// The share of pairs for which the variant without any guard gave a number.
    pub answered: f64,
    /// The worst, the 99.9th percentile and the median total error of the pairs tried at this radius, under the clamps.
    pub worst: Option<f64>,
    pub p999: Option<f64>,
    pub median: Option<f64>,
}

/// What the pairs within a radius gave: the largest of each error; `None`: a pair without an answer.
#[derive(Clone, Copy, Debug)]
struct Largest {
    storing: Option<f64>,
    formula: Option<f64>,
    clamped_formula: Option<f64>,
    clamps_change: Option<f64>,
}

/// Nothing found that is wrong.
const NOTHING: Largest =
    Largest { storing: Some(0.0), formula: Some(0.0), clamped_formula: Some(0.0), clamps_change: Some(0.0) };

/// Beyond the last radius that says anything.
const NO_ANSWER: Largest = Largest { storing: None, formula: None, clamped_formula: None, clamps_change: None };
const UNKNOWN: Found = Found { largest: NO_ANSWER, pairs: 0, answered: 0.0, worst: None, p999: None, median: None };

impl Largest {
    /// Whether farther radii can add nothing: pairs without an answer of every kind were found.
    fn says_nothing(&self) -> bool {
        self.storing.is_none() && self.formula.is_none() && self.clamped_formula.is_none()
    }

    fn of(plain: &[Tried], clamped: &[Tried]) -> Largest {
        let most = |tried: &[Tried], part: fn(&Errors) -> f64| {
            tried.iter().try_fold(0.0, |most: f64, (_, errors)| Some(most.max(part(errors.as_ref()?))))
        };
        Largest {
            storing: most(plain, |e| e.storing),
            formula: most(plain, |e| e.formula),
            clamped_formula: most(clamped, |e| e.formula),
            clamps_change: most(clamped, |e| e.guard),
        }
    }

    fn and(self, other: Largest) -> Largest {
        let worse = |a: Option<f64>, b: Option<f64>| Some(a?.max(b?));
        Largest {
            storing: worse(self.storing, other.storing),
            formula: worse(self.formula, other.formula),
            clamped_formula: worse(self.clamped_formula, other.clamped_formula),
            clamps_change: worse(self.clamps_change, other.clamps_change),
        }
    }
}

/// What was found at one radius.
#[derive(Clone, Copy, Debug)]
struct Found {
    largest: Largest,
    pairs: usize,
    answered: f64,
    worst: Option<f64>,
    p999: Option<f64>,
    median: Option<f64>,
}

/// What is judged at every radius.
pub struct Probe<'a, S> {
    pub subject: Subject<'a, S>,
    pub arithmetic: Arithmetic,
    pub law: &'a Law,
}

/// Which error of [`At`] is held below a tolerance.
pub type ErrorOf = fn(&At) -> Option<f64>;

impl<S: Number> Probe<'_, S> {
    /// What is found at a radius, and the hardest pairs there; `hard` are those of the radius before.
    fn found(&self, radius: f64, hard: &[Pair]) -> (Found, Vec<Pair>) {
        let plain = search(&Subject { clamps: Clamps::NONE, ..self.subject }, self.law, radius, hard);
        let clamped = match self.subject.clamps == Clamps::NONE {
            true => plain.clone(),
            false => search(&self.subject, self.law, radius, hard),
        };
        let hard = worst_places(&clamped);
        let answered = plain.iter().filter(|(_, errors)| errors.is_some()).count();
        let total = |(_, errors): &Tried| errors.map_or(f64::INFINITY, |errors| errors.total);
        let finite = |error: Option<f64>| error.filter(|error| error.is_finite());
        // Shares are those of the law alone: what was drawn again near the worst is worse than most.
        let mut totals: Vec<f64> = clamped.iter().take(explored(self.law.pairs)).map(total).collect();
        totals.sort_by(f64::total_cmp);
        let found = Found {
            largest: Largest::of(&plain, &clamped),
            pairs: clamped.len(),
            answered: if plain.is_empty() { 1.0 } else { answered as f64 / plain.len() as f64 },
            worst: finite(clamped.iter().map(total).reduce(f64::max)),
            p999: finite(order_statistic(&totals, MOST_PAIRS)),
            median: finite(order_statistic(&totals, 0.5)),
        };
        (found, hard)
    }

    /// All pairs within a radius, in the largest of the dimensions: bounds grow with it.
    fn within(&self, radius: f64) -> Within {
        Within { radius, separation: self.law.separation, dim: self.law.dims.iter().copied().max().unwrap_or(1) }
    }

    fn storing(&self, radius: f64) -> Option<f64> {
        let storage = Storage::named(&self.arithmetic.to_string())?.at_curvature(self.subject.c);
        proved_storing(&self.subject, &storage, self.within(radius))
    }

    /// The same at a radius of the grid, given that of the radius before: a bound that is known to a share of itself may fall
    /// outwards; what is promised may not.
    fn storing_after(&self, before: Option<f64>, radius: f64) -> Option<f64> {
        self.storing(radius).map(|bound| before.map_or(bound, |before| bound.max(before)))
    }

    fn rounding(&self, radius: f64) -> Option<f64> {
        proved_rounding(&self.subject, self.arithmetic, self.within(radius))
    }

    /// Whether promises are bounds: of storing and of the formula, without clamps that could change the answer.
    pub fn is_proved(&self) -> bool {
        let rounding = self.rounding(self.law.separation);
        rounding.is_some() && self.subject.clamps == Clamps::NONE && self.bounds_storing()
    }

    /// Whether what storing costs is proved.
    pub fn bounds_storing(&self) -> bool {
        self.storing(self.law.separation).is_some()
    }

    fn promise(&self, radius: f64, storing: Option<f64>, found: &Found, within: Largest) -> At {
        let finite = |x: f64| Some(x).filter(|x| x.is_finite());
        let storage = match storing {
            Some(bound) => finite(bound),
            None => within.storing.map(|found| UNSEEN * found),
        };
        let proved = self.rounding(radius);
        let formula = |found: Option<f64>| match (proved, storage) {
            // Of the answer for the stored points, which is itself off by what storing cost.
            (Some(bound), Some(storage)) => finite(bound * (1.0 + storage)),
            _ => found.map(|found| UNSEEN * found),
        };
        let sum = |parts: &[Option<f64>]| parts.iter().try_fold(0.0, |sum, part| Some(sum + (*part)?));
        let rounding = formula(within.formula);
        At {
            radius,
            pairs: found.pairs,
            storage,
            plain: sum(&[storage, rounding]),
            rounding,
            clamped: sum(&[storage, formula(within.clamped_formula), within.clamps_change]),
            clamps_change: within.clamps_change,
            answered: found.answered,
            worst: found.worst,
            p999: found.p999,
            median: found.median,
        }
    }
}

/// The bound on storing that is proved of an operation, if one is.
fn proved_storing<S>(subject: &Subject<S>, storage: &Storage, within: Within) -> Option<f64> {
    bound::storing(subject.quantity.op, subject.quantity.gradient, subject.model, storage, within)
}

/// The bound on the formula's own error that is proved of a variant on stored points, relative to its answer there, if one is.
fn proved_rounding<S>(subject: &Subject<S>, arithmetic: Arithmetic, within: Within) -> Option<f64> {
    let Subject { quantity, model, variant, .. } = *subject;
    let own = quantity.gradient.is_none() && variant.id == BEST;
    own.then(|| bound::rounding(quantity.op, model, &arithmetic.to_string(), within)).flatten()
}

/// One radius of the grid.
struct Step {
    radius: f64,
    /// What storing costs all pairs within it at most, if that is proved.
    storing: Option<f64>,
    found: Found,
    /// The largest of everything found within it.
    within: Largest,
}

/// What was found on the grid of radii, outwards, and what follows for every radius.
pub struct Scan<'a, S> {
    probe: Probe<'a, S>,
    seen: Vec<Step>,
    hard: Vec<Pair>,
}

impl<'a, S: Number> Scan<'a, S> {
    /// Measures until every one of `errors` has passed the tolerance.
    pub fn outwards(probe: Probe<'a, S>, tolerance: f64, errors: &[ErrorOf]) -> Self {
        let mut scan = Scan { probe, seen: Vec::new(), hard: Vec::new() };
        let mut failed = vec![false; errors.len()];
        while failed.contains(&false) && scan.extend() {
            let at = scan.at(scan.end());
            for (failed, error) in failed.iter_mut().zip(errors) {
                *failed |= !holds(&at, *error, tolerance);
            }
        }
        scan
    }

    /// The last radius of the grid that was measured.
    fn end(&self) -> f64 {
        self.seen.last().map_or(0.0, |step| step.radius)
    }

    /// Measures the next radius of the grid, if there is one and if it can say anything new.
    fn extend(&mut self) -> bool {
        let radius = after(self.end());
        let within = self.seen.last().map_or(NOTHING, |step| step.within);
        // What is proved of storing goes on where nothing that was searched for has an answer.
        let bounded = self.seen.last().is_none_or(|step| step.storing.is_some_and(f64::is_finite));
        if radius > DEEPEST || (within.says_nothing() && !bounded) {
            return false;
        }
        let (found, hard) = self.probe.found(radius, &self.hard);
        let within = within.and(found.largest);
        self.hard = hard;
        let storing = self.probe.storing_after(self.seen.last().and_then(|step| step.storing), radius);
        self.seen.push(Step { radius, storing, found, within });
        true
    }

    /// Measures as far as a radius.
    pub fn reach_for(&mut self, radius: f64) {
        while self.end() < radius && self.extend() {}
    }

    /// What is promised of all pairs within a radius, and what was found at the next radius of the grid.
    pub fn at(&self, radius: f64) -> At {
        let place = self.seen.iter().position(|step| step.radius >= radius);
        let step = place.map(|i| &self.seen[i]);
        match step {
            Some(step) if step.radius == radius => self.promise_at(step),
            _ => {
                let (found, within) = step.map_or((&UNKNOWN, NO_ANSWER), |step| (&step.found, step.within));
                // Between the radii of the grid it is between their bounds.
                let of = |step: Option<&Step>| step.and_then(|step| step.storing);
                let inner = place.map_or(self.seen.last(), |i| i.checked_sub(1).map(|before| &self.seen[before]));
                let least = of(inner).unwrap_or(0.0);
                let most = of(step).unwrap_or(f64::INFINITY);
                let storing = self.probe.storing(radius).map(|bound| bound.max(least).min(most));
                self.probe.promise(radius, storing, found, within)
            }
        }
    }

    fn promise_at(&self, step: &Step) -> At {
        self.probe.promise(step.radius, step.storing, &step.found, step.within)
    }

    /// What is promised at every radius of the grid, outwards.
    pub fn profile(&self) -> Vec<At> {
        self.seen.iter().map(|step| self.promise_at(step)).collect()
    }

    /// [`Scan::reach`] of what storing alone costs. Where that is proved nothing needs to be searched for so far out.
    pub fn floor(&self, tolerance: f64) -> f64 {
        if !self.probe.bounds_storing() {
            return self.reach(|at| at.storage, tolerance);
        }
        let (mut passes, mut least) = (0.0, None);
        let mut seen = self.seen.iter();
        loop {
            let fails = after(passes);
            if fails > DEEPEST {
                return DEEPEST;
            }
            // What the scan has bounded already is not bounded again.
            let most = seen.next().map_or_else(|| self.probe.storing_after(least, fails), |step| step.storing);
            if most.is_some_and(|bound| bound <= tolerance) {
                (passes, least) = (fails, most);
                continue;
            }
            let between = |radius: f64| {
                let bound = self.probe.storing(radius)?;
                Some(bound.max(least.unwrap_or(0.0)).min(most.unwrap_or(f64::INFINITY)))
            };
            return self.bisected(passes, fails, |radius| between(radius).is_some_and(|bound| bound <= tolerance));
        }
    }

    /// The largest radius up to which an error stays within the tolerance, to [`RESOLUTION`]: 0 where none does, [`DEEPEST`]
    /// where all do.
    pub fn reach(&self, error: ErrorOf, tolerance: f64) -> f64 {
        let within = |radius: f64| holds(&self.at(radius), error, tolerance);
        let Some(failed) = self.seen.iter().position(|step| !within(step.radius)) else {
            return self.end().max(DEEPEST);
        };
        let passes = failed.checked_sub(1).map_or(0.0, |before| self.seen[before].radius);
        self.bisected(passes, self.seen[failed].radius, within)
    }

    /// The largest radius between these that is found to pass, to [`RESOLUTION`].
    fn bisected(&self, mut passes: f64, mut fails: f64, within: impl Fn(f64) -> bool) -> f64 {
        while fails - passes > RESOLUTION {
            let middle = (fails + passes) / 2.0;
            if within(middle) {
                passes = middle;
            } else {
                fails = middle;
            }
        }
        // A radius within which no two points are far enough apart holds nothing.
        if 2.0 * passes < self.probe.law.separation { 0.0 } else { passes }
    }
}

/// The radius of the grid that comes next.
fn after(radius: f64) -> f64 {
    radius + STEP.max(radius * STEP_SHARE)
}

/// Whether an error is within a tolerance.
pub fn holds(at: &At, error: ErrorOf, tolerance: f64) -> bool {
    error(at).is_some_and(|error| error <= tolerance)
}
