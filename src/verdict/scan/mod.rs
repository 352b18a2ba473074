//! What an embedding asks of its arithmetic: how deep its points lie, who clipped them, how close they come, what their
//! distances are worth. The points studied are the file's, each coordinate rounded once to the arithmetic.

mod columns;
mod nearest;
mod pairs;
mod points;
mod stored;
mod ties;

pub use columns::{Place, Taken, Time, time_of};
pub use nearest::{Nearest, Separation};
pub use pairs::{DRAWS, ErrorRow, Kind, StorageRow};
pub use points::{Count, LeftOut, Standing};
pub use stored::number;
pub use ties::{Tie, Ties};

use crate::arithmetic::number::parse;
use crate::arithmetic::{Arithmetic, Number};
use crate::formula::{Model, UnknownName};
use crate::measure::order_statistic;
use crate::oracle::Uncertified;
use crate::study::Progress;
use crate::table::{Dtype, Embedding, PairRow};
use pairs::Pair;
use rayon::slice::ParallelSliceMut;
use serde::Serialize;
use stored::Stored;

/// What is asked of an embedding.
#[derive(Clone, Debug)]
pub struct Question {
    pub model: Model,
    pub scalar: Arithmetic,
    /// c of curvature −c.
    pub c: f64,
    /// c as it was written, where it was: it is rounded once to the arithmetic, as coordinates are.
    pub c_text: Option<String>,
    /// At most this many pairs of either kind are measured against certified truth.
    pub pairs: usize,
    /// The relative error of a distance that is still good enough.
    pub tolerance: f64,
    pub seed: u64,
}

impl Question {
    /// c in the arithmetic.
    fn curvature<S: Number>(&self, like: &S) -> S {
        self.c_text.as_deref().and_then(|text| parse(like, text)).unwrap_or_else(|| like.lit(self.c))
    }
}

/// What a scan found. Serialised, it is what `hypprec scan --json` prints: keys stay, new ones may come. Distances are in
/// the file's own unit; depths are distances times √c, which say the same at every curvature. Counts are of points, and
/// points are numbered from 0 in the file's order.
#[derive(Clone, Debug, Serialize)]
pub struct Scan {
    pub model: String,
    pub scalar: String,
    /// The number type of the file.
    pub dtype: String,
    pub c: f64,
    pub tolerance: f64,
    pub seed: u64,
    pub points: usize,
    /// Which columns of the file are coordinates, and what is odd about them.
    pub columns: Taken,
    /// Of the hyperbolic space: one less than the coordinates where time is one of them.
    pub dim: usize,
    pub standing: Standing,
    /// The points of which nothing else is said, and why.
    pub left_out: LeftOut,
    /// Shares 0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1 of the points inside the model; empty without any.
    pub radius: Vec<Radius>,
    pub radius_histogram: Option<Histogram>,
    pub ties: Ties,
    pub duplicates: Duplicates,
    pub nearest: Option<Nearest>,
    /// Distances between sampled points against certified truth for the stored points, by kind of pair and variant.
    pub errors: Vec<ErrorRow>,
    /// What storing the coordinates in the arithmetic can have cost those distances, by kind of pair.
    pub storage: Vec<StorageRow>,
    /// What a choice of representation has to serve; `None` without two different points.
    pub need: Option<NeedOf>,
    /// √c d(0, x) of each point whose nearest other was looked for, and √c times the distance to that.
    #[serde(skip)]
    pub spaced: Vec<[f64; 2]>,
    /// Every measured distance.
    #[serde(skip)]
    pub measured: Vec<PairRow>,
}

/// A quantile of the distances from the origin, and what becomes of a gradient there.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Radius {
    /// The share of points that lie no further out.
    pub share: f64,
    /// √c d(0, x).
    pub depth: f64,
    /// d(0, x).
    pub distance: f64,
    /// What a Euclidean gradient in the stored coordinates is multiplied by to become Riemannian, along the ray and across
    /// it: (1−c‖x‖²)²/4 both on Poincaré's ball; (1−c‖x‖²)² and 1−c‖x‖² on Klein's; 1+c‖s‖² and 1 on space coordinates.
    pub gradient_radial: f64,
    pub gradient_tangential: f64,
}

/// Counts in equal steps from `low` to `high`, the last step with its end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Histogram {
    pub low: f64,
    pub high: f64,
    pub counts: Vec<u64>,
}

/// Points that coincide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Duplicates {
    /// Points equal to an earlier one in the file.
    pub count: usize,
    /// The first such point.
    pub first: Option<usize>,
    /// Points that become equal to an earlier one only where the arithmetic rounds them.
    pub by_rounding: usize,
}

/// A need read off points: 99 % of them lie within `radius`, and 99 % of their nearest pairs are no closer than `separation`;
/// the last percent would set both by a few strays. In units of 1/√c.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NeedOf {
    pub radius: f64,
    pub separation: f64,
    pub dim: usize,
}

/// What the points of a scan need.
pub fn need_of(scan: &Scan) -> Option<NeedOf> {
    let radius = scan.radius.iter().find(|r| r.share == 0.99)?.depth;
    let separation = scan.nearest.as_ref()?.separation.iter().find(|s| s.share == 0.01)?.depth;
    // Two points within a radius are no further apart than twice that.
    Some(NeedOf { radius, separation: separation.min(2.0 * radius), dim: scan.dim })
}

/// Why a scan found no answer.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    #[error("column `c` says {found}, --curvature {asked}")]
    Curvature { found: f64, asked: f64 },
    #[error("c = {0} is not a positive number in {1} (curvature is −c, c > 0)")]
    NotACurvature(f64, Arithmetic),
    #[error("{model} points have at least {least} coordinates, here is {width}")]
    Width { model: Model, least: usize, width: usize },
    #[error("the distance between points {0} and {1}: {2}")]
    Truth(usize, usize, Uncertified),
    #[error(transparent)]
    Name(#[from] UnknownName),
}

/// The arithmetic that holds every number of a file: what a scan without one asks about.
pub fn own_arithmetic(dtype: Dtype) -> Arithmetic {
    match dtype {
        Dtype::F16 => Arithmetic::F16,
        Dtype::F32 => Arithmetic::F32,
        Dtype::F64 | Dtype::Decimal => Arithmetic::F64,
    }
}

/// The shares at which quantiles are told.
pub const SHARES: [f64; 9] = [0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0];

/// Scans an embedding in the arithmetic of `like`, over all cores of the present pool; the answer does not depend on their
/// number.
///
/// # Errors
/// If the curvature or the width is none of the model's, or a truth cannot be certified. Points that are not finite or not
/// in the model are counted, not refused.
pub fn scan<S: Number>(
    embedding: &Embedding,
    question: &Question,
    like: &S,
    progress: &dyn Progress,
) -> Result<Scan, ScanError> {
    let Question { model, scalar, c, .. } = *question;
    if let Some(found) = embedding.c.filter(|found| *found != c) {
        return Err(ScanError::Curvature { found, asked: c });
    }
    let curvature = question.curvature(like).to_float();
    if !(c > 0.0 && curvature.is_finite() && curvature > 0) {
        return Err(ScanError::NotACurvature(c, scalar));
    }
    let time = model.times();
    if embedding.width < time + 1 {
        return Err(ScanError::Width { model, least: time + 1, width: embedding.width });
    }
    let stored = Stored { embedding, scalar };
    let facts = points::facts(stored, question, like)?;
    let standing = points::standing(&facts);
    let inside: Vec<u32> = (0..facts.len() as u32).filter(|i| facts[*i as usize].is_inside()).collect();
    let mut radii: Vec<f64> = inside.iter().map(|i| facts[*i as usize].radius).collect();
    radii.par_sort_unstable_by(f64::total_cmp);

    let ties = ties::ties(&facts, &inside, embedding, question, like.bits());
    let duplicates = points::duplicates(stored, &facts);
    let found = nearest::nearest(stored, question, &facts, &inside, like)?;
    let root = c.sqrt();
    let (near_pairs, nearest) = nearest::summary(found, stored, question, like)?;
    let spacing = |(i, apart): &(usize, f64)| [root * facts[*i].radius, *apart];
    let spaced = nearest.iter().flat_map(|nearest| nearest.each.iter().map(spacing)).collect();
    let random_pairs = pairs::random(&inside, question);
    let chosen: Vec<Pair> = random_pairs.into_iter().chain(near_pairs).collect();
    let measured = pairs::measure(stored, question, &facts, &chosen, like, progress)?;
    let mut scan = Scan {
        model: model.to_string(),
        scalar: scalar.to_string(),
        dtype: embedding.dtype.to_string(),
        c,
        tolerance: question.tolerance,
        seed: question.seed,
        points: embedding.points,
        columns: columns::taken(embedding, question),
        dim: embedding.width - time,
        standing,
        left_out: LeftOut::of(&standing, embedding.points),
        radius: SHARES
            .iter()
            .filter_map(|share| Some(radius(*share, order_statistic(&radii, *share)?, root, model)))
            .collect(),
        radius_histogram: histogram(&radii.iter().map(|r| r * root).collect::<Vec<_>>(), 0.0),
        ties,
        duplicates,
        nearest,
        errors: pairs::errors(question, &measured),
        storage: pairs::storage(&measured),
        need: None,
        spaced,
        measured: measured.into_iter().flat_map(|pair| pair.rows).collect(),
    };
    scan.need = need_of(&scan);
    Ok(scan)
}

fn radius(share: f64, distance: f64, root: f64, model: Model) -> Radius {
    let depth = root * distance;
    let (cosh, half) = (pxfm::f_cosh(depth), pxfm::f_cosh(0.5 * depth));
    let (gradient_radial, gradient_tangential) = match model {
        Model::Poincare => (0.25 / half.powi(4), 0.25 / half.powi(4)),
        Model::Klein => (1.0 / cosh.powi(4), 1.0 / cosh.powi(2)),
        Model::Lorentz | Model::LorentzAmbient => (cosh.powi(2), 1.0),
    };
    Radius { share, depth, distance, gradient_radial, gradient_tangential }
}

/// Steps of a histogram: fine enough that a clip stands out, coarse enough to be seen.
const STEPS: usize = 60;

/// The histogram of ascending values from `low`; `None` without any.
pub(super) fn histogram(sorted: &[f64], low: f64) -> Option<Histogram> {
    let high = *sorted.last()?;
    let width = if high > low { (high - low) / STEPS as f64 } else { 1.0 };
    let mut counts = vec![0; STEPS];
    for value in sorted {
        counts[(((value - low) / width) as usize).min(STEPS - 1)] += 1;
    }
    Some(Histogram { low, high: low + width * STEPS as f64, counts })
}
