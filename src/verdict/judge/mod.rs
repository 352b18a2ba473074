//! Judging a clip: where it caps, what it costs below its cap, what goes wrong above it, and what it should be.
//!
//! With every pair drawn that lies within a radius at no less than a separation (level, radial, at right angles, in
//! independent and in opposite directions):
//! - the *holds radius* is the largest radius to which every drawn pair keeps its total error within the tolerance;
//! - the *floor radius* is the same for storing the points alone, which no formula can undo;
//! - a clip is *too loose* when it lets radii through that the variant, under the guard's own clamps, does not hold;
//! - it is *too tight* when it gives away more than [`ONE_BIT`] of usable radius;
//! - the *recommended* threshold caps at the holds radius, rounded to a short number that lets nothing more through.
//!
//! All radii are √c d(0, x) unless said otherwise, and are found to [`RESOLUTION`].

mod cut;
mod reach;
mod shipped;
mod words;

pub(crate) use cut::rounded;
pub use cut::{Cut, Kind, number};
pub use reach::{At, DEEPEST, RESOLUTION};
pub use shipped::shipped;

use crate::arithmetic::{Arithmetic, Number};
use crate::formula::{Clamps, Input, Model, Op, Variant};
use crate::guard::{Guard, NONE};
use crate::measure::{MeasureError, Quantity};
use crate::verdict::pairs::Draw;
use reach::{Error, Pairs, Probe, Scan};
use serde::Serialize;

/// The usable radius that a clip may give away, in units of 1/√c: ln 2. Twice the margin at the rim is one bit of the
/// coordinates and ln 2 of radius; a clip within that is as good as a number that people write down can be.
pub const ONE_BIT: f64 = std::f64::consts::LN_2;
/// How far past the cap the error is shown.
const BEYOND: f64 = 1.0;
/// Pairs of each kind at each radius, separation and dimension.
const REPLICAS: u64 = 2;
/// Every pair is drawn from this.
const SEED: u64 = 20_261_124;

/// What is judged.
#[derive(Clone, Debug)]
pub struct Question {
    pub guard: &'static Guard,
    /// A threshold to judge in place of the guard's own.
    pub cut: Option<Cut>,
    pub op: Op,
    pub model: Model,
    pub variant: &'static Variant,
    pub arithmetic: Arithmetic,
    /// Curvature −c.
    pub c: f64,
    pub dims: Vec<usize>,
    /// The least √c d(x, y) for which the answer is to hold.
    pub separation: f64,
    /// On the total error: relative for numbers and tangent vectors, √c × distance for points.
    pub tolerance: f64,
}

/// What is said of a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    TooLoose,
    Sound,
    TooTight,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.pad(match self {
            Verdict::TooLoose => "too loose",
            Verdict::Sound => "sound",
            Verdict::TooTight => "too tight",
        })
    }
}

/// A verdict and the measurements behind it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    pub model: String,
    pub scalar: String,
    /// The operation, or its derivative.
    pub op: String,
    pub variant: String,
    pub guard: String,
    pub c: f64,
    pub dims: Vec<usize>,
    pub separation: f64,
    pub tolerance: f64,
    /// The threshold that is judged; none where the guard has none.
    pub threshold: Option<Cut>,
    /// √c d(0, x) of the farthest point that passes, and the same as a distance; none without a threshold.
    pub cap: Option<f64>,
    pub cap_distance: Option<f64>,
    /// The largest distance, times √c, that the guard's clamps let any pair have.
    pub ceiling: Option<f64>,
    pub verdict: Verdict,
    /// Of the variant under the guard's clamps.
    pub holds_radius: f64,
    /// Of the variant without any guard.
    pub holds_radius_unguarded: f64,
    pub floor_radius: f64,
    /// Usable radius that the threshold gives away.
    pub lost_radius: f64,
    /// The thresholds that would be sound, loosest first; none where nothing would.
    pub sound: Option<[Cut; 2]>,
    pub recommended: Option<Cut>,
    /// The worst pairs at the cap, just beyond it, and at the holds radius.
    pub at_cap: Option<At>,
    pub beyond_cap: Option<At>,
    /// The largest change that the guard's clamps make to any pair within the cap; none where one has no answer.
    pub clamps_change: Option<f64>,
    /// The first radius scanned at which a pair gets no number from the variant without a guard.
    pub unanswered_from: Option<f64>,
    /// (1 − c‖x‖²)²/4 at the cap, on the Poincaré ball: what a Euclidean gradient is multiplied by there.
    pub riemannian_factor: Option<f64>,
    pub why: String,
    /// Every radius that was measured, outwards.
    pub profile: Vec<At>,
}

const STORAGE: Error = |at| at.storage;
const PLAIN: Error = |at| at.plain;
const CLAMPED: Error = |at| at.clamped;

impl Question {
    /// The threshold that is judged.
    pub fn threshold(&self) -> Option<Cut> {
        self.cut.or_else(|| Cut::of(self.guard, self.arithmetic))
    }

    fn pairs(&self) -> Pairs {
        let draw = |dim: &usize| Draw { c: self.c, dim: *dim, replicas: REPLICAS, seed: SEED };
        Pairs { draws: self.dims.iter().map(draw).collect(), separation: self.separation }
    }

    /// The clamps inside formulas; those of exp are the threshold itself where it is of that kind.
    fn clamps(&self) -> Clamps {
        Clamps { exp_length_max: None, ..self.guard.clamps }
    }
}

/// Judges a threshold by measuring, of the value of an operation or of its derivative by `by`.
///
/// # Errors
/// If a truth could not be certified.
///
/// ```
/// use hypprec::arithmetic::Arithmetic;
/// use hypprec::formula::{Model, Op};
/// use hypprec::guard::guard;
/// use hypprec::verdict::judge::{Question, Verdict, judge, shipped};
/// let guard = guard("hyptorch")?;
/// let question = Question {
///     guard,
///     cut: None,
///     op: Op::Distance,
///     model: Model::Poincare,
///     variant: shipped(guard, Op::Distance, Model::Poincare).unwrap(),
///     arithmetic: Arithmetic::F32,
///     c: 1.0,
///     dims: vec![2],
///     separation: 1.0,
///     tolerance: 1e-2,
/// };
/// let judgement = judge(&question, None)?;
/// assert_eq!(judgement.verdict, Verdict::TooLoose);
/// assert!((judgement.cap.unwrap() - 7.6004).abs() < 1e-4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn judge(question: &Question, by: Option<Input>) -> Result<Judgement, MeasureError> {
    crate::with_arithmetic!(question.arithmetic, |proto| judge_in(question, by, proto))
}

fn judge_in<S: Number>(question: &Question, by: Option<Input>, like: S) -> Result<Judgement, MeasureError> {
    let Question { model, c, tolerance, .. } = *question;
    let quantity = Quantity { op: question.op, gradient: by, to: model };
    let pairs = question.pairs();
    let clamps = question.clamps();
    let probe = Probe { quantity, model, variant: question.variant, clamps, pairs: &pairs, like };
    let mut scan = Scan::outwards(probe, tolerance, &[STORAGE, PLAIN, CLAMPED])?;
    let floor_radius = scan.reach(STORAGE, tolerance)?;
    let holds_radius_unguarded = scan.reach(PLAIN, tolerance)?;
    let holds_radius = match clamps == Clamps::NONE {
        true => holds_radius_unguarded,
        false => scan.reach(CLAMPED, tolerance)?,
    };

    let threshold = question.threshold();
    let cap = threshold.map(|cut| cut.cap(model, c));
    let within_reach = cap.filter(|cap| *cap > 0.0 && *cap + BEYOND < DEEPEST);
    let at_cap = within_reach.map(|cap| scan.at(cap)).transpose()?;
    let beyond_cap = within_reach.map(|cap| scan.at(cap + BEYOND)).transpose()?;
    let kind = threshold.map_or(Kind::of(model), |cut| cut.kind);
    // A variant that holds to the end of the scan needs no clip, and one that holds nowhere is saved by none.
    let curable = holds_radius > 0.0 && holds_radius < DEEPEST;
    let recommended = curable.then(|| kind.at(holds_radius, model, c).short());
    let sound = curable.then(|| [holds_radius, (holds_radius - ONE_BIT).max(0.0)].map(|rho| kind.at(rho, model, c)));
    let reached = cap.unwrap_or(f64::INFINITY);
    let inside = scan.seen().filter(|at| at.radius <= reached);
    let clamps_change = inside.map(|at| at.clamps_change).try_fold(0.0, |worst: f64, x| Some(worst.max(x?)));

    let mut judgement = Judgement {
        model: model.to_string(),
        scalar: question.arithmetic.to_string(),
        op: quantity.to_string(),
        variant: question.variant.id.to_owned(),
        guard: if question.cut.is_some() && question.guard.id == NONE.id { "clip" } else { question.guard.id }
            .to_owned(),
        c,
        dims: question.dims.clone(),
        separation: question.separation,
        tolerance,
        threshold,
        cap,
        cap_distance: cap.map(|cap| cap / c.sqrt()),
        ceiling: ceiling(question.guard, c),
        verdict: verdict(reached, holds_radius),
        holds_radius,
        holds_radius_unguarded,
        floor_radius,
        lost_radius: (holds_radius_unguarded - reached).max(0.0),
        sound,
        recommended,
        at_cap,
        beyond_cap,
        clamps_change,
        unanswered_from: scan.seen().find(|at| at.answered < 1.0).map(|at| at.radius),
        riemannian_factor: cap.filter(|_| model == Model::Poincare).map(riemannian_factor),
        why: String::new(),
        profile: scan.seen().copied().collect(),
    };
    judgement.why = words::why(&judgement);
    Ok(judgement)
}

/// Whether a cap lets more through than holds, or gives usable radius away.
fn verdict(cap: f64, holds: f64) -> Verdict {
    if cap > holds + RESOLUTION && holds < DEEPEST {
        Verdict::TooLoose
    } else if cap < holds - ONE_BIT {
        Verdict::TooTight
    } else {
        Verdict::Sound
    }
}

/// √c times the largest distance that clamps let any pair have.
fn ceiling(guard: &Guard, c: f64) -> Option<f64> {
    let artanh = guard.clamps.artanh_max.map(|a| 2.0 * pxfm::f_atanh(a));
    let squared = guard.clamps.distance2_max.map(|d2| (c * d2).sqrt());
    [artanh, squared].into_iter().flatten().reduce(f64::min)
}

/// (1 − c‖x‖²)²/4 = sech⁴(ρ/2)/4 on the Poincaré ball.
fn riemannian_factor(rho: f64) -> f64 {
    let cosh = pxfm::f_cosh(rho / 2.0);
    0.25 / (cosh * cosh * cosh * cosh)
}
