//! What is written about a run: a row an epoch, a row a run, and the measured error of the head on real embeddings.

use super::head::Formulas;
use crate::arithmetic::{Interval, Number};
use crate::oracle::{Uncertified, certify};
use rug::Float;
use serde::{Deserialize, Serialize};

/// One epoch. Norms and radii are of the test images, in units of 1/√c times √c.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricsRow {
    pub epoch: u32,
    pub train_loss: f64,
    pub train_accuracy: f64,
    pub test_loss: f64,
    pub test_accuracy: f64,
    pub c: f64,
    /// √c‖v‖ of the features before exp₀.
    pub feature_p50: f64,
    pub feature_p90: f64,
    pub feature_p99: f64,
    pub feature_max: f64,
    /// √c times the distance to the origin.
    pub radius_p50: f64,
    pub radius_p99: f64,
    pub radius_max: f64,
    /// The largest √c‖p′‖ of a hyperplane; empty in tables of earlier versions and for the baseline.
    #[serde(default)]
    pub plane_max: Option<f64>,
    /// Share of the points that a clip has moved.
    pub share_at_clip: f64,
    pub nonfinite: u64,
    /// Mean |part| of the error of the logits of a few test images, by certified arithmetic: storing points, the guard, the
    /// formula's own rounding. Empty for the baseline.
    pub error_representation: Option<f64>,
    pub error_guard: Option<f64>,
    pub error_rounding: Option<f64>,
}

/// What an epoch took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct TimingRow {
    pub epoch: u32,
    pub seconds: f64,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultRow {
    pub trained: String,
    pub model: String,
    pub variant: String,
    /// The guard; `+images`: its clip leaves the hyperplanes alone; `+riemannian`: the gradient at a ball point is multiplied by
    /// (1 − c‖x‖²)²/4.
    pub guard: String,
    pub backbone_scalar: String,
    pub head_scalar: String,
    pub c: f64,
    pub dim: usize,
    pub seed: u64,
    pub epochs: u32,
    pub test_accuracy: f64,
    pub share_at_clip: f64,
    pub nonfinite: u64,
    /// Of its epochs, over every call that they took.
    pub seconds: f64,
    pub device: String,
}

/// An epoch of a run in a grid: what tells the run, and what its metrics say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRow {
    pub model: String,
    pub variant: String,
    pub guard: String,
    pub backbone_scalar: String,
    pub head_scalar: String,
    pub c: f64,
    pub dim: usize,
    pub seed: u64,
    pub epoch: u32,
    pub test_accuracy: f64,
    pub feature_p50: f64,
    pub feature_p90: f64,
    pub feature_p99: f64,
    pub feature_max: f64,
    pub radius_max: f64,
    #[serde(default)]
    pub plane_max: Option<f64>,
    pub share_at_clip: f64,
    pub nonfinite: u64,
    pub error_representation: Option<f64>,
    pub error_guard: Option<f64>,
    pub error_rounding: Option<f64>,
}

impl EpochRow {
    /// The row of a run's epoch.
    pub fn new(run: &ResultRow, epoch: &MetricsRow) -> EpochRow {
        EpochRow {
            model: run.model.clone(),
            variant: run.variant.clone(),
            guard: run.guard.clone(),
            backbone_scalar: run.backbone_scalar.clone(),
            head_scalar: run.head_scalar.clone(),
            c: run.c,
            dim: run.dim,
            seed: run.seed,
            epoch: epoch.epoch,
            test_accuracy: epoch.test_accuracy,
            feature_p50: epoch.feature_p50,
            feature_p90: epoch.feature_p90,
            feature_p99: epoch.feature_p99,
            feature_max: epoch.feature_max,
            radius_max: epoch.radius_max,
            plane_max: epoch.plane_max,
            share_at_clip: epoch.share_at_clip,
            nonfinite: epoch.nonfinite,
            error_representation: epoch.error_representation,
            error_guard: epoch.error_guard,
            error_rounding: epoch.error_rounding,
        }
    }
}

/// A run of a grid that ended because numbers ceased to be finite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StopRow {
    pub trained: String,
    pub model: String,
    pub variant: String,
    pub guard: String,
    pub backbone_scalar: String,
    pub head_scalar: String,
    pub c: f64,
    pub dim: usize,
    pub seed: u64,
    /// Which layer, image, radius and formula.
    pub what: String,
}

impl StopRow {
    /// The row of a run and its diagnosis.
    pub fn new(run: &ResultRow, what: String) -> StopRow {
        StopRow {
            trained: run.trained.clone(),
            model: run.model.clone(),
            variant: run.variant.clone(),
            guard: run.guard.clone(),
            backbone_scalar: run.backbone_scalar.clone(),
            head_scalar: run.head_scalar.clone(),
            c: run.c,
            dim: run.dim,
            seed: run.seed,
            what,
        }
    }
}

/// How well a score tells a set from the one that was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OodRow {
    pub model: String,
    pub dim: usize,
    pub seed: u64,
    pub ood_set: String,
    pub ks: f64,
    pub auroc: f64,
    pub fpr95: f64,
    /// `d0` (distance to the origin) or `max-softmax`.
    pub score: String,
}

/// Mean absolute error parts of logits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorParts {
    pub representation: f64,
    pub guard: f64,
    pub rounding: f64,
}

/// Bits to which the exact logits are certified: far beyond f64's 53.
const BITS: u32 = 120;

/// The parts of the error of logits that `head` gave for features, against certified answers.
///
/// T0 is the exact head without guard; T1 the same with point and hyperplane rounded once to the head's arithmetic; T3 with
/// the guard too; the logit itself is T4. `planes` are p′ and a′ as stored; `logits[i][k]` belongs to `features[i]` and
/// class k. Rows whose exact answer is not defined (a feature that is not finite) are left out; `None` where all are.
pub fn error_parts<S: Number>(
    head: &Formulas,
    like: &S,
    c: f64,
    features: &[Vec<f64>],
    planes: (&[Vec<f64>], &[Vec<f64>]),
    logits: &[Vec<f64>],
) -> Option<ErrorParts> {
    let (mut sum, mut n) = ([0.0; 3], 0usize);
    for (v, row) in features.iter().zip(logits) {
        for ((p, a), logit) in planes.0.iter().zip(planes.1).zip(row) {
            let at = |head: &Formulas, rounded: bool| exact_logit(head, like, c, v, p, a, rounded);
            let best = head.ideal();
            let (Ok(t0), Ok(t1), Ok(t3)) = (at(&best, false), at(&best, true), at(head, true)) else { continue };
            let t4 = Float::with_val(BITS, *logit);
            let parts = [Float::with_val(BITS, &t1 - &t0), Float::with_val(BITS, &t3 - &t1), t4 - &t3];
            sum.iter_mut().zip(&parts).for_each(|(sum, part)| *sum += part.to_f64().abs());
            n += 1;
        }
    }
    let mean = |i: usize| sum[i] / n as f64;
    (n > 0).then(|| ErrorParts { representation: mean(0), guard: mean(1), rounding: mean(2) })
}

/// A logit in exact arithmetic; `rounded`: with x, p and a rounded once to `like`'s arithmetic.
fn exact_logit<S: Number>(
    head: &Formulas,
    like: &S,
    c: f64,
    v: &[f64],
    p: &[f64],
    a: &[f64],
    rounded: bool,
) -> Result<Float, Uncertified> {
    let exactly = |bits: u32, x: f64| Interval::new(bits, &Float::with_val(f64::MANTISSA_DIGITS, x));
    let vector = |bits: u32, x: &[f64]| x.iter().map(|x| exactly(bits, *x)).collect::<Vec<Interval>>();
    // What is stored: every coordinate certified, then rounded to the arithmetic.
    let stored = |evaluate: &dyn Fn(u32) -> Vec<Interval>| -> Result<Vec<Float>, Uncertified> {
        let exact = certify(BITS, 2 * BITS, evaluate)?;
        Ok(exact.iter().map(|x| like.nearest(x).to_float()).collect())
    };
    let space = |bits: u32| head.space(exactly(bits, c));
    let point = |bits: u32| head.point(&space(bits), vector(bits, v).as_slice());
    let plane = |bits: u32| head.hyperplane(&space(bits), vector(bits, p).as_slice(), vector(bits, a).as_slice());
    let score = if rounded {
        let x = stored(&|bits| point(bits))?;
        let (p, a) = (stored(&|bits| plane(bits).0)?, stored(&|bits| plane(bits).1)?);
        let as_intervals = |bits: u32, x: &[Float]| x.iter().map(|x| Interval::new(bits, x)).collect::<Vec<_>>();
        certify(BITS, 2 * BITS, |bits| {
            let (x, p, a) = (as_intervals(bits, &x), as_intervals(bits, &p), as_intervals(bits, &a));
            vec![head.score(&space(bits), x.as_slice(), &p, &a)]
        })?
    } else {
        certify(BITS, 2 * BITS, |bits| {
            let (p, a) = plane(bits);
            vec![head.score(&space(bits), point(bits).as_slice(), &p, &a)]
        })?
    };
    Ok(score.into_iter().next().expect("one score"))
}
