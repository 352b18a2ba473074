//! Distances between points of an embedding against certified truth for the points as stored, and what storing them can have
//! cost.

use super::points::Facts;
use super::{Question, ScanError, Stored};
use crate::arithmetic::number::{decimal, print};
use crate::arithmetic::{Dual, Number, Scalar};
use crate::formula::{Answer, BEST, Clamps, Op, Variant, variant, variants};
use crate::measure::{Outcome, Summary, outcome_of, summarise, ulps_of};
use crate::oracle::{Inputs, truth, value_of};
use crate::study::Progress;
use crate::table::PairRow;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;
use rug::Float;
use serde::Serialize;
use std::fmt;

/// How a pair was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Two different points drawn at random.
    Random,
    /// A point and its nearest.
    Nearest,
}

impl Kind {
    pub const ALL: &'static [Kind] = &[Kind::Random, Kind::Nearest];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(match self {
            Kind::Random => "random",
            Kind::Nearest => "nearest",
        })
    }
}

/// What a variant of the distance is off by on the pairs of a kind. Errors are of the pairs that gave a number.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorRow {
    /// random or nearest.
    pub pairs: String,
    pub variant: String,
    pub n: usize,
    /// The share of pairs that gave a number.
    pub ok_share: f64,
    /// The share of all pairs whose relative error is within the tolerance.
    pub within_tolerance: f64,
    pub median_relative: Option<f64>,
    pub p99_relative: Option<f64>,
    pub max_relative: Option<f64>,
    pub median_ulps: Option<f64>,
    pub p99_ulps: Option<f64>,
    pub max_ulps: Option<f64>,
    /// The two points of the largest relative error.
    pub witness: Option<[usize; 2]>,
}

/// What storing the coordinates can have cost the distances of a kind of pair, relative to them. The points as given are all
/// that is known of them, so this is how far the distance moves, to first order, when every coordinate moves at random
/// within half a unit in its last place: the root mean square over [`DRAWS`] draws, by dual numbers.
#[derive(Clone, Debug, Serialize)]
pub struct StorageRow {
    /// random or nearest.
    pub pairs: String,
    pub n: usize,
    pub median: Option<f64>,
    pub p99: Option<f64>,
    pub max: Option<f64>,
    /// Where the file is wider than the arithmetic: what rounding its numbers did cost, truth against truth.
    pub measured_median: Option<f64>,
    pub measured_p99: Option<f64>,
    pub measured_max: Option<f64>,
}

/// Two points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub kind: Kind,
    pub first: usize,
    pub second: usize,
}

/// A pair and what was found of it.
pub(super) struct Measured {
    pair: Pair,
    /// By variant: outcome, relative error, ulps.
    cells: Vec<(&'static Variant, Outcome, f64, f64)>,
    storage: Option<f64>,
    storage_measured: Option<f64>,
    pub rows: Vec<PairRow>,
}

/// Random movements of the coordinates by which storage is estimated.
pub const DRAWS: usize = 8;
/// Bits of every truth above twice the arithmetic's own: errors are then told apart from none.
const TRUTH_GUARD_BITS: u32 = 40;
/// Significant digits of a truth in tables.
const TRUTH_DIGITS: usize = 25;

/// A generator that depends on nothing but the seed, the kind of pair and an index.
pub(super) fn seeded(seed: u64, kind: Kind, index: u64) -> ChaCha8Rng {
    const KINDS: u64 = 1 << 62;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(kind as u64 * KINDS + index);
    rng
}

/// Pairs of different points, drawn with repeats.
pub(super) fn random(inside: &[u32], question: &Question) -> Vec<Pair> {
    let n = inside.len() as u64;
    if n < 2 {
        return Vec::new();
    }
    let draw = |index: usize| {
        let mut rng = seeded(question.seed, Kind::Random, index as u64);
        let first = rng.next_u64() % n;
        let other = rng.next_u64() % (n - 1);
        let second = other + u64::from(other >= first);
        Pair { kind: Kind::Random, first: inside[first as usize] as usize, second: inside[second as usize] as usize }
    };
    (0..question.pairs).map(draw).collect()
}

/// The default variant's distance between two points, as f64.
pub(super) fn distance<'a, S: Number>(
    stored: Stored<'a>,
    question: &Question,
    like: &'a S,
) -> Result<impl Fn(usize, usize) -> f64 + Sync + 'a, ScanError> {
    let Question { model, .. } = *question;
    let best = variant(Op::Distance, model, BEST)?;
    let c = question.curvature(like);
    Ok(move |i: usize, j: usize| {
        let mut inputs = Inputs::new(model, c.clone());
        (inputs.x, inputs.y) = (Some(stored.vector(i, like)), Some(stored.vector(j, like)));
        number(value_of(best, Clamps::NONE, &inputs)).to_float().to_f64()
    })
}

fn number<S>(answer: Answer<Vec<S>, S>) -> S {
    match answer {
        Answer::Scalar(x) => x,
        Answer::Vector(_) => unreachable!("a distance is a number"),
    }
}

/// Measures every pair with every variant; pairs of points that coincide in the arithmetic are left out.
pub(super) fn measure<S: Number>(
    stored: Stored,
    question: &Question,
    facts: &[Facts],
    pairs: &[Pair],
    like: &S,
    progress: &dyn Progress,
) -> Result<Vec<Measured>, ScanError> {
    let best = variant(Op::Distance, question.model, BEST)?;
    let one = |(index, pair): (usize, &Pair)| {
        let measured = measure_pair(stored, question, facts, index, pair, best, like);
        progress.finished(1);
        measured.transpose()
    };
    pairs.par_iter().enumerate().filter_map(one).collect()
}

fn measure_pair<S: Number>(
    stored: Stored,
    question: &Question,
    facts: &[Facts],
    index: usize,
    pair: &Pair,
    best: &'static Variant,
    like: &S,
) -> Result<Option<Measured>, ScanError> {
    let Question { model, c, .. } = *question;
    let Pair { kind, first, second } = *pair;
    let wrap = |source| ScanError::Truth(first, second, source);
    let mut inputs = Inputs::new(model, question.curvature(like));
    (inputs.x, inputs.y) = (Some(stored.vector(first, like)), Some(stored.vector(second, like)));
    let exact = inputs.map(Number::to_float);
    let skip = model.times();
    let same = |inputs: &Inputs<Float>| match (&inputs.x, &inputs.y) {
        (Some(x), Some(y)) => x[skip..] == y[skip..],
        _ => true,
    };
    if same(&exact) {
        return Ok(None);
    }
    let bits = 2 * like.bits() + TRUTH_GUARD_BITS;
    let answer = |exact: &Inputs<Float>| truth(best, exact, bits).map(number).map_err(wrap);
    let true_distance = answer(&exact)?;
    let storage = storage_estimate(question, pair, index, &inputs, best, &true_distance);
    let storage_measured = match stored.rounds() {
        false => None,
        true => match in_file(stored, question, pair, &exact) {
            Some(file) if !same(&file) => Some(relative(&answer(&file)?, &true_distance)),
            _ => None,
        },
    };
    let root = c.sqrt();
    let depth = root * facts[first].radius.max(facts[second].radius);
    let (mut cells, mut rows) = (Vec::new(), Vec::new());
    for variant in variants(Op::Distance, model) {
        let value = number(value_of(variant, Clamps::NONE, &inputs));
        let outcome = outcome_of(Op::Distance, model, model, false, &inputs.c, std::slice::from_ref(&value), false);
        let float = value.to_float();
        let (error, ulps) = match outcome {
            Outcome::Ok => (
                relative(&true_distance, &float),
                ulps_of(like, std::slice::from_ref(&true_distance), std::slice::from_ref(&float)),
            ),
            _ => (f64::NAN, f64::NAN),
        };
        let is_number = |x: f64| (outcome == Outcome::Ok).then_some(x);
        rows.push(PairRow {
            pairs: kind.to_string(),
            first,
            second,
            depth,
            separation: root * true_distance.to_f64(),
            variant: variant.id.to_owned(),
            truth: decimal(&true_distance, TRUTH_DIGITS),
            value: print(&value),
            relative_error: is_number(error),
            ulps: is_number(ulps),
            outcome: outcome.to_string(),
            storage,
            storage_measured,
        });
        cells.push((variant, outcome, error, ulps));
    }
    Ok(Some(Measured { pair: *pair, cells, storage, storage_measured, rows }))
}

/// |value − truth|/truth.
fn relative(truth: &Float, value: &Float) -> f64 {
    let bits = 2 * truth.prec().max(value.prec());
    (Float::with_val(bits, value - truth).abs() / truth).to_f64()
}

/// The file's own numbers, where they are points of the model too.
fn in_file(stored: Stored, question: &Question, pair: &Pair, exact: &Inputs<Float>) -> Option<Inputs<Float>> {
    let row = |point: usize| {
        let mut row = vec![0.0; stored.embedding.width];
        stored.embedding.row(point, &mut row);
        row
    };
    let (x, y) = (row(pair.first), row(pair.second));
    let ball = question.model.is_ball();
    let c = exact.c.to_f64();
    if ball && (f64::outside(&c, &x) || f64::outside(&c, &y)) {
        return None;
    }
    let floats = |row: Vec<f64>| row.into_iter().map(|x| Float::with_val(f64::MANTISSA_DIGITS, x)).collect();
    let mut file = Inputs::new(question.model, exact.c.clone());
    (file.x, file.y) = (Some(floats(x)), Some(floats(y)));
    Some(file)
}

/// See [`StorageRow`]. `None` where a derivative is not a number.
fn storage_estimate<S: Number>(
    question: &Question,
    pair: &Pair,
    index: usize,
    inputs: &Inputs<S>,
    best: &Variant,
    true_distance: &Float,
) -> Option<f64> {
    // A finer arithmetic holds points that f64 does not keep apart, or inside.
    let square = match inputs.c.bits() > f64::MANTISSA_DIGITS {
        true => square_of_moves(question, pair, index, inputs, best, S::clone),
        false => square_of_moves(question, pair, index, inputs, best, |x| x.to_float().to_f64()),
    };
    let estimate = (square / DRAWS as f64).sqrt() / true_distance.to_f64();
    estimate.is_finite().then_some(estimate)
}

/// The sum of the squares of what the distance moves by, over the draws, in an arithmetic that `convert` leads to.
fn square_of_moves<S: Number, R: Number>(
    question: &Question,
    pair: &Pair,
    index: usize,
    inputs: &Inputs<S>,
    best: &Variant,
    convert: impl Fn(&S) -> R,
) -> f64 {
    let mut rng = seeded(question.seed, pair.kind, (1 << 32) + index as u64);
    let mut square = 0.0;
    for _ in 0..DRAWS {
        let mut nudge = |x: &S| {
            let value = convert(x);
            // A multiple of 2^-53 in [0, 1), less a half.
            let step = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
            let derivative = value.lit(step * x.ulp(&x.to_float()).to_f64());
            Dual { value, derivative }
        };
        let mut moved = Inputs::new(question.model, Dual::constant(convert(&inputs.c)));
        moved.x = inputs.x.as_ref().map(|x| x.iter().map(&mut nudge).collect());
        moved.y = inputs.y.as_ref().map(|y| y.iter().map(&mut nudge).collect());
        square += number(value_of(best, Clamps::NONE, &moved)).derivative.to_float().to_f64().powi(2);
    }
    square
}

fn by_kind(measured: &[Measured], kind: Kind) -> impl Iterator<Item = &Measured> + Clone {
    measured.iter().filter(move |measured| measured.pair.kind == kind)
}

pub(super) fn errors(question: &Question, measured: &[Measured]) -> Vec<ErrorRow> {
    let row = |kind: Kind, index: usize, variant: &Variant| {
        let cells = || by_kind(measured, kind).map(|pair| (&pair.pair, &pair.cells[index]));
        let relative = summarise(cells().map(|(_, cell)| (cell.1, Some(cell.2))));
        let ulps = summarise(cells().map(|(_, cell)| (cell.1, Some(cell.3))));
        let within = cells().filter(|(_, cell)| cell.2 <= question.tolerance).count();
        ErrorRow {
            pairs: kind.to_string(),
            variant: variant.id.to_owned(),
            n: relative.n,
            ok_share: relative.ok_share,
            within_tolerance: within as f64 / relative.n.max(1) as f64,
            median_relative: relative.median,
            p99_relative: relative.p99,
            max_relative: relative.max,
            median_ulps: ulps.median,
            p99_ulps: ulps.p99,
            max_ulps: ulps.max,
            witness: relative.witness.and_then(|i| cells().nth(i)).map(|(pair, _)| [pair.first, pair.second]),
        }
    };
    let rows_of = |kind: &Kind| {
        let any = by_kind(measured, *kind).next();
        let variants = any.map_or(Vec::new(), |pair| pair.cells.iter().map(|cell| cell.0).collect());
        variants.into_iter().enumerate().map(|(i, variant)| row(*kind, i, variant)).collect::<Vec<_>>()
    };
    Kind::ALL.iter().flat_map(rows_of).collect()
}

pub(super) fn storage(measured: &[Measured]) -> Vec<StorageRow> {
    let summary = |kind: Kind, part: fn(&Measured) -> Option<f64>| -> Summary {
        summarise(by_kind(measured, kind).filter_map(part).map(|x| (Outcome::Ok, Some(x))))
    };
    let row = |kind: &Kind| {
        let (estimate, rounded) = (summary(*kind, |m| m.storage), summary(*kind, |m| m.storage_measured));
        (estimate.n > 0).then(|| StorageRow {
            pairs: kind.to_string(),
            n: estimate.n,
            median: estimate.median,
            p99: estimate.p99,
            max: estimate.max,
            measured_median: rounded.median,
            measured_p99: rounded.p99,
            measured_max: rounded.max,
        })
    };
    Kind::ALL.iter().filter_map(row).collect()
}
