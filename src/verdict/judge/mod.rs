//! Judging a clip: where it caps, what it costs below its cap, what goes wrong above it, and what it should be.
//!
//! At every radius a promise is made of all pairs within it that are no closer than a separation: what storing them costs
//! at most, which is proved ([`crate::verdict::bound`]), and what the variant and the guard's clamps were found to add, which
//! counts [`UNSEEN`] times where it is not proved. A promise never falls outwards. Then
//! - the *holds radius* is the largest radius whose promise is within the tolerance;
//! - the *floor radius* is the same for storing the points alone, which no formula can undo;
//! - a clip is *too loose* when the promise at its cap, for the variant under the guard's own clamps, is past the tolerance;
//! - it is *too tight* when it gives away more than [`ONE_BIT`] of usable radius;
//! - the *recommended* threshold caps at the holds radius, rounded to a short number that lets nothing more through, in the
//!   arithmetic's own way of comparing norms.
//!
//! All radii are √c d(0, x) unless said otherwise, and are bisected to [`RESOLUTION`].

mod cut;
mod reach;
mod shipped;
pub mod study;
mod words;

pub use crate::verdict::search::UNSEEN;
pub use cut::{Cut, Kind, number};
pub use reach::{At, DEEPEST, RESOLUTION, STEP};
pub use shipped::shipped;

use crate::arithmetic::{Arithmetic, Number};
use crate::formula::{Clamps, Input, Model, Op, Variant};
use crate::guard::{Guard, NONE};
use crate::measure::Quantity;
use crate::verdict::search::{LAW, Law, Subject, explored, unseen_share};
use reach::{ErrorOf, Probe, Scan, holds};
use serde::Serialize;

/// The usable radius that a clip may give away, in units of 1/√c: ln 2. Twice the margin at the rim is one bit of the
/// coordinates and ln 2 of radius; a clip within that is as good as a number that people write down can be.
pub const ONE_BIT: f64 = std::f64::consts::LN_2;
/// How far past the cap the error is shown.
const BEYOND: f64 = 1.0;
/// Pairs tried at each radius where nobody says how many.
pub const PAIRS: usize = 192;
/// Pairs are drawn from this where nobody says from what.
pub const SEED: u64 = 20_261_124;
/// A derivative is worked out a coordinate at a time, so that many fewer pairs take as long.
const GRADIENT_COST: usize = 8;

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
    /// Pairs to try at each radius, and the seed that they are drawn from.
    pub pairs: usize,
    pub seed: u64,
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
    /// The law that pairs are drawn by, how many at each radius, how many in all, and the seed.
    pub law: String,
    pub pairs: usize,
    pub draws: usize,
    pub seed: u64,
    /// Whether what storing costs is proved.
    pub storing_proved: bool,
    /// Whether the promises are proved: storing and formula both, and no clamps.
    pub proved: bool,
    /// At most this share of the pairs at a radius that the law draws is worse than the worst found there, with 95 %
    /// confidence.
    pub unseen_share: f64,
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
    /// What is promised and what was found at the cap, and just beyond it.
    pub at_cap: Option<At>,
    pub beyond_cap: Option<At>,
    /// The largest change that the guard's clamps make to any pair within the cap, as far as was searched; none where one has no
    /// answer.
    pub clamps_change: Option<f64>,
    /// The first radius searched at which a pair gets no number from the variant without a guard.
    pub unanswered_from: Option<f64>,
    /// (1 − c‖x‖²)²/4 at the cap, on the Poincaré ball: what a Euclidean gradient is multiplied by there.
    pub riemannian_factor: Option<f64>,
    pub why: String,
    /// Every radius that was measured, outwards.
    pub profile: Vec<At>,
}

const STORAGE: ErrorOf = |at| at.storage;
const PLAIN: ErrorOf = |at| at.plain;
const CLAMPED: ErrorOf = |at| at.clamped;

impl Question {
    /// The threshold that is judged.
    pub fn threshold(&self) -> Option<Cut> {
        self.cut.or_else(|| Cut::of(self.guard, self.arithmetic))
    }

    fn law(&self) -> Law {
        Law { dims: self.dims.clone(), separation: self.separation, pairs: self.pairs, seed: self.seed }
    }

    /// The clamps inside formulas; those of exp are the threshold itself where it is of that kind.
    fn clamps(&self) -> Clamps {
        Clamps { exp_length_max: None, ..self.guard.clamps }
    }
}

/// Judges a threshold, of the value of an operation or of its derivative by `by`.
///
/// ```
/// use hypprec::arithmetic::Arithmetic;
/// use hypprec::formula::{Model, Op};
/// use hypprec::guard::guard;
/// use hypprec::verdict::judge::{PAIRS, Question, SEED, Verdict, judge, shipped};
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
///     pairs: PAIRS,
///     seed: SEED,
/// };
/// let judgement = judge(&question, None);
/// assert_eq!(judgement.verdict, Verdict::TooLoose);
/// assert!((judgement.cap.unwrap() - 7.6004).abs() < 1e-4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn judge(question: &Question, by: Option<Input>) -> Judgement {
    crate::with_arithmetic!(question.arithmetic, |proto| judge_in(question, by, &proto))
}

fn judge_in<S: Number>(question: &Question, by: Option<Input>, like: &S) -> Judgement {
    let Question { model, c, tolerance, arithmetic, .. } = *question;
    let quantity = Quantity { op: question.op, gradient: by, to: model };
    let (mut law, clamps) = (question.law(), question.clamps());
    if by.is_some() {
        law.pairs = law.pairs.div_ceil(GRADIENT_COST);
    }
    let subject = Subject { quantity, model, variant: question.variant, clamps, c, like };
    let probe = Probe { subject, arithmetic, law: &law };
    let (proved, storing_proved) = (probe.is_proved(), probe.bounds_storing());
    let threshold = question.threshold();
    let cap = threshold.map(|cut| cut.cap(model, c));
    let within_reach = cap.filter(|cap| *cap > 0.0 && *cap + BEYOND < DEEPEST);
    // What storing costs is not searched for where it is proved: nothing is learnt beyond the last radius that holds.
    let searched: &[ErrorOf] = if storing_proved { &[PLAIN, CLAMPED] } else { &[STORAGE, PLAIN, CLAMPED] };
    let mut scan = Scan::outwards(probe, tolerance, searched);
    scan.reach_for(within_reach.map_or(0.0, |cap| cap + BEYOND));
    let [holds_radius_unguarded, holds_radius] = [PLAIN, CLAMPED].map(|error| scan.reach(error, tolerance));
    let floor_radius = scan.floor(tolerance);
    let kind = threshold.map_or(Kind::of(model), |cut| cut.kind);
    // A variant that holds to the end of the scan needs no clip, and one that holds nowhere is saved by none.
    let curable = holds_radius > 0.0 && holds_radius < DEEPEST;
    let widest = question.dims.iter().copied().max().unwrap_or(1);
    let recommended = curable.then(|| kind.at(holds_radius, model, c).short(model, c, arithmetic.bits(), widest));
    let sound = curable.then(|| [holds_radius, (holds_radius - ONE_BIT).max(0.0)].map(|rho| kind.at(rho, model, c)));
    let profile = scan.profile();
    let at_cap = within_reach.map(|cap| scan.at(cap));
    let reached = cap.unwrap_or(f64::INFINITY);
    let holds_at_the_cap = match &at_cap {
        Some(at) => holds(at, CLAMPED, tolerance),
        None => holds_radius >= DEEPEST || reached <= 0.0,
    };
    let inside = profile.iter().filter(|at| at.radius <= reached);
    let clamps_change = inside.map(|at| at.clamps_change).try_fold(0.0, |worst: f64, x| Some(worst.max(x?)));

    let mut judgement = Judgement {
        model: model.to_string(),
        scalar: arithmetic.to_string(),
        op: quantity.to_string(),
        variant: question.variant.id.to_owned(),
        guard: if question.cut.is_some() && question.guard.id == NONE.id { "clip" } else { question.guard.id }
            .to_owned(),
        c,
        dims: question.dims.clone(),
        separation: question.separation,
        tolerance,
        law: LAW.to_owned(),
        pairs: law.pairs,
        draws: profile.iter().map(|at| at.pairs).sum(),
        seed: law.seed,
        storing_proved,
        proved,
        unseen_share: unseen_share(explored(law.pairs)),
        threshold,
        cap,
        cap_distance: cap.map(|cap| cap / c.sqrt()),
        ceiling: ceiling(question.guard, c),
        verdict: verdict(reached, holds_at_the_cap, holds_radius),
        holds_radius,
        holds_radius_unguarded,
        floor_radius,
        lost_radius: (holds_radius_unguarded - reached).max(0.0),
        sound,
        recommended,
        at_cap,
        beyond_cap: within_reach.map(|cap| scan.at(cap + BEYOND)),
        clamps_change,
        unanswered_from: profile.iter().find(|at| at.answered < 1.0).map(|at| at.radius),
        riemannian_factor: cap.filter(|_| model == Model::Poincare).map(riemannian_factor),
        why: String::new(),
        profile,
    };
    judgement.why = words::why(&judgement);
    judgement
}

/// How far out the variant holds without any guard, and what is promised at the cap of each threshold: points beyond the end
/// of a scan have no answer.
pub fn points(question: &Question, cuts: &[Cut]) -> (f64, Vec<At>) {
    let Question { model, c, tolerance, arithmetic, .. } = *question;
    let quantity = Quantity { op: question.op, gradient: None, to: model };
    let law = question.law();
    crate::with_arithmetic!(arithmetic, |proto| {
        let subject = Subject { quantity, model, variant: question.variant, clamps: Clamps::NONE, c, like: &proto };
        let mut scan = Scan::outwards(Probe { subject, arithmetic, law: &law }, tolerance, &[PLAIN]);
        let caps: Vec<f64> = cuts.iter().map(|cut| cut.cap(model, c)).collect();
        scan.reach_for(caps.iter().copied().filter(|cap| *cap < DEEPEST).fold(0.0, f64::max));
        (scan.reach(PLAIN, tolerance), caps.iter().map(|cap| scan.at(*cap)).collect())
    })
}

/// Whether a cap lets more through than holds, or gives usable radius away.
fn verdict(cap: f64, holds_at_the_cap: bool, holds: f64) -> Verdict {
    if !holds_at_the_cap {
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
