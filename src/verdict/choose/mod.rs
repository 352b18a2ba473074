//! Choosing a representation: which one, with which variant, arithmetic and guard, keeps an error for a radius, a
//! separation and a dimension. What is promised is proved where there is a proof, and says so where there is none.
//!
//! Storing the points is bounded at the need itself ([`super::bound`]), and so is what the project's own formulas lose. What
//! published formulas lose is looked up in a table of what a search found, at the next place at least as hard; and so are the
//! median and the 99.9 % of what pairs drawn by a stated law lose in all.

#[cfg(feature = "cli")]
mod draws;
#[cfg(feature = "cli")]
pub mod measure;
mod table;

pub use table::{Figure, Place, Row, STORING, Table, cost, nanoseconds, table};

use super::bound::{self, Storage, Within};
use super::search::UNSEEN;
use crate::formula::{BEST, Input, Model, Op};
use crate::guard::NONE;
use std::collections::BTreeMap;

/// Errors above this are as good as none.
const USELESS: f64 = 1.0;
/// Beyond this radius no arithmetic but MPFR holds a point: sinh of it is the largest `f64`.
const FARTHEST: f64 = 710.0;
/// The only operation whose formulas have proofs.
const DISTANCE: &str = "distance";
/// The name of the derivative of the distance by its first point.
pub const GRADIENT: &str = "gradient";
/// Arithmetics that come first where none is asked for: a processor has them.
const NATIVE: [&str; 2] = ["f32", "f64"];
/// Steps of radius, and of the logarithm of a distance, in which known points are counted together, by the harder end.
const RADIUS_BIN: f64 = 1.0 / 32.0;
const APART_BIN: f64 = 1.0 / 16.0;
/// The share of known points that a choice may do without: a few strays would set everything.
const SPARED: f64 = 0.01;
/// Significant bits that MPFR is tried with where nothing else would do.
const BITS: std::ops::RangeInclusive<u32> = 8..=1000;

/// What is needed: points within a radius, pairs no closer than a separation, an error to keep.
///
/// Lengths are √c × distance, so that a need does not depend on the curvature.
///
/// ```
/// use hypprec::{Need, choose};
/// let need = Need::new(25.0, 40.0, 16, 1e-5)?.scalars(&["f32"])?;
/// let ranking = choose(&need);
/// assert_eq!(ranking.fits[0].model.name(), "lorentz");
/// assert!(ranking.fits[0].proved());
/// // The ball cannot: its radius ends at the spacing of numbers near 1.
/// assert!(ranking.fits.iter().all(|entry| entry.model.name() != "poincare"));
/// # Ok::<(), hypprec::verdict::choose::NeedError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Need {
    radius: f64,
    separation: f64,
    dim: usize,
    tolerance: f64,
    scalars: Vec<String>,
    ops: Vec<String>,
    of: Of,
    /// Points that are known: radius, distance to the nearest other, and how many are like that.
    points: Vec<(f64, f64, usize)>,
}

/// Which error has to keep the tolerance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Of {
    /// Of every pair: proved, or [`UNSEEN`] times the worst found.
    #[default]
    Bound,
    /// Of 99.9 % of the pairs drawn.
    P999,
    /// Of half of them.
    Median,
}

/// A need that makes no sense, or that nothing is known of.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NeedError {
    #[error("{what} {value} is not a positive number")]
    NotPositive { what: &'static str, value: f64 },
    #[error("points within radius {radius} are at most {} apart, never {separation}", 2.0 * radius)]
    TooFarApart { radius: f64, separation: f64 },
    #[error("{what} {value} is beyond what any number holds: {limit}")]
    Beyond { what: &'static str, value: f64, limit: f64 },
    #[error("dimension {dim} is beyond what was searched of {op}, which ends at {limit}")]
    Dimension { op: String, dim: usize, limit: usize },
    #[error("dimension 0 has no points")]
    NoDimension,
    #[error("{what} `{name}` is not known here; known: {}", known.join(", "))]
    Unknown { what: &'static str, name: String, known: Vec<&'static str> },
}

impl Need {
    /// Distances of points with √c d(0, x) ≤ `radius` and √c d(x, y) ≥ `separation`, in `dim` dimensions, each with a total
    /// error (storing and formula) of at most `tolerance`, in any arithmetic.
    ///
    /// # Errors
    /// If a number is not positive, if no two such points exist, or if no number holds such a point.
    pub fn new(radius: f64, separation: f64, dim: usize, tolerance: f64) -> Result<Need, NeedError> {
        for (what, value) in [("radius", radius), ("separation", separation), ("tolerance", tolerance)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(NeedError::NotPositive { what, value });
            }
        }
        if dim == 0 {
            return Err(NeedError::NoDimension);
        }
        if radius > FARTHEST {
            return Err(NeedError::Beyond { what: "radius", value: radius, limit: FARTHEST });
        }
        if separation > 2.0 * radius {
            return Err(NeedError::TooFarApart { radius, separation });
        }
        let need = Need {
            radius,
            separation,
            dim,
            tolerance,
            scalars: Vec::new(),
            ops: Vec::new(),
            of: Of::default(),
            points: Vec::new(),
        };
        need.ops(&[DISTANCE])
    }

    /// The same in these arithmetics only; none: in any.
    ///
    /// # Errors
    /// If nothing is known of one.
    pub fn scalars<S: AsRef<str>>(mut self, scalars: &[S]) -> Result<Need, NeedError> {
        let known = scalars_known();
        self.scalars = scalars.iter().map(|s| s.as_ref().to_owned()).collect();
        let is_known =
            |s: &String| known.contains(&s.as_str()) || s.starts_with("mpfr:") && Storage::named(s).is_some();
        match self.scalars.iter().find(|s| !is_known(s)) {
            Some(name) => Err(NeedError::Unknown { what: "arithmetic", name: name.clone(), known }),
            None => Ok(self),
        }
    }

    /// The same for these operations, all of which must keep the tolerance: relative errors of numbers, tangent vectors and
    /// gradients; for points √c × distance. `gradient` is that of the distance.
    ///
    /// # Errors
    /// If nothing is known of one, or not in so many dimensions.
    pub fn ops<S: AsRef<str>>(mut self, ops: &[S]) -> Result<Need, NeedError> {
        self.ops = ops.iter().map(|op| op.as_ref().to_owned()).collect();
        for op in &self.ops {
            let dims = || table().rows.iter().filter(|row| row.op == op).map(|row| row.dim);
            let Some(limit) = dims().max() else {
                return Err(NeedError::Unknown { what: "operation", name: op.clone(), known: ops_known() });
            };
            if self.dim > limit && op != DISTANCE {
                return Err(NeedError::Dimension { op: op.clone(), dim: self.dim, limit });
            }
        }
        Ok(self)
    }

    /// The same where another error than every pair's has to keep the tolerance.
    #[must_use]
    pub fn of(mut self, of: Of) -> Need {
        self.of = of;
        self
    }

    /// The same for points that are known, each by √c d(0, x) and √c times the distance to its nearest other: storing is then
    /// bounded for every pair of them but those whose farther point is one of the worst hundredth.
    ///
    /// A pair is no closer than its farther point's nearest, so that the bound of all pairs within that radius and no closer than
    /// that is one of this pair.
    #[must_use]
    pub fn points(mut self, points: &[[f64; 2]]) -> Need {
        let mut bins: BTreeMap<(i64, i64), usize> = std::collections::BTreeMap::new();
        let (radius_bin, apart_bin) = (|r: f64| (r / RADIUS_BIN).ceil(), |d: f64| (pxfm::f_log(d) / APART_BIN).floor());
        for [radius, apart] in points.iter().filter(|[radius, apart]| *radius > 0.0 && *apart > 0.0) {
            *bins.entry((radius_bin(*radius) as i64, apart_bin(*apart) as i64)).or_default() += 1;
        }
        let point = |((r, d), count): ((i64, i64), usize)| {
            let radius = r as f64 * RADIUS_BIN;
            (radius, pxfm::f_exp(d as f64 * APART_BIN).next_down().min(2.0 * radius), count)
        };
        self.points = bins.into_iter().map(point).collect();
        self
    }

    pub fn radius(&self) -> f64 {
        self.radius
    }
    pub fn separation(&self) -> f64 {
        self.separation
    }
    pub fn dim(&self) -> usize {
        self.dim
    }
    pub fn tolerance(&self) -> f64 {
        self.tolerance
    }

    fn admits(&self, scalar: &str) -> bool {
        self.scalars.is_empty() || self.scalars.iter().any(|s| s == scalar)
    }
    fn within(&self) -> Within {
        Within { radius: self.radius, separation: self.separation, dim: self.dim }
    }
    /// What storing costs a distance at most.
    fn storing(&self, model: Model, storage: &Storage) -> f64 {
        if self.points.is_empty() {
            return bound::distance(model, storage, self.within());
        }
        let at = |(radius, separation, count): &(f64, f64, usize)| {
            (
                bound::distance(model, storage, Within { radius: *radius, separation: *separation, dim: self.dim }),
                *count,
            )
        };
        let mut bounds: Vec<(f64, usize)> = self.points.iter().map(at).collect();
        bounds.sort_by(|a, b| b.0.total_cmp(&a.0));
        let spared = (self.points.iter().map(|point| point.2).sum::<usize>() as f64 * SPARED) as usize;
        let mut worse = 0;
        let kept = bounds.iter().find(|(_, count)| {
            worse += count;
            worse > spared
        });
        kept.map_or(f64::INFINITY, |(bound, _)| *bound)
    }
    /// Arithmetics that are known, and MPFR with the bits that are asked for.
    fn candidates(&self) -> Vec<String> {
        let mut all: Vec<String> = scalars_known().into_iter().map(str::to_owned).collect();
        all.extend(self.scalars.iter().filter(|s| !scalars_known().contains(&s.as_str())).cloned());
        all
    }
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// The arithmetics that something is known of; mpfr:BITS has bounds with any number of bits.
pub fn scalars_known() -> Vec<&'static str> {
    distinct(table().rows.iter().map(|row| row.scalar).chain(["dd", "mpfr:256"]))
}

/// The operations that something is known of.
pub fn ops_known() -> Vec<&'static str> {
    distinct(table().rows.iter().map(|row| row.op))
}

/// One operation of a choice. Errors of `None` are more than 1, or no answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub op: &'static str,
    pub variant: &'static str,
    /// What is promised: no more than this, of every pair or of those that [`Of`] says. Never below `storing` where it is of
    /// every pair.
    pub error: Option<f64>,
    /// What storing the inputs alone costs at most.
    pub storing: Option<f64>,
    /// What formula, guard and coordinates off the model add at most.
    pub rounding: Option<f64>,
    /// Whether what storing costs is proved; otherwise it is what was found, times [`UNSEEN`].
    pub storing_proved: bool,
    /// Whether storing and rounding are proved; otherwise the table's are what was found, times [`UNSEEN`].
    pub proved: bool,
    /// No more than this is what a half, and 99.9 %, of the pairs drawn lose in all; and the worst found of them. Where the need
    /// is between the table's places, at the next one at least as hard. `None` also where nothing was drawn.
    pub median: Option<f64>,
    pub p999: Option<f64>,
    pub worst: Option<f64>,
    /// How many pairs were drawn there; 0: none.
    pub draws: usize,
    /// Nanoseconds of one pair of 64 coordinates on the machine that all were measured on.
    pub cost: Option<f64>,
}

/// A representation with everything that goes with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub model: Model,
    pub scalar: String,
    pub guard: &'static str,
    /// Guards under which every figure is the same: they do nothing here.
    pub idle_guards: Vec<&'static str>,
    /// One for each operation of the need.
    pub parts: Vec<Part>,
    pub reason: String,
}

/// What would do where nothing fits.
#[derive(Clone, Debug, PartialEq)]
pub enum Remedy {
    /// An arithmetic that was not asked for, with which it would fit.
    Arithmetic(Entry),
    /// So many bits at least, by the bound.
    Bits {
        model: Model,
        bits: u32,
    },
    /// What the arithmetics asked for keep of the rest: the radius, the separation, or the tolerance.
    Radius {
        entry: Entry,
        radius: f64,
    },
    Separation {
        entry: Entry,
        separation: f64,
    },
    Tolerance {
        entry: Entry,
        tolerance: f64,
    },
}

/// What could not be ranked, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsearched {
    pub what: String,
    pub why: String,
}

/// The answer to a need.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// Those that keep the tolerance, in the order of [`ORDER`].
    pub fits: Vec<Entry>,
    /// The best of each representation and arithmetic asked for that does not, and why.
    pub rejected: Vec<Entry>,
    /// Where nothing fits: what would.
    pub nearest: Vec<Remedy>,
    /// What nothing is known of at this need.
    pub left_out: Vec<Unsearched>,
    /// Which error was asked to keep the tolerance.
    pub of: Of,
    /// Whether storing is bounded for points that are known rather than for all within the radius.
    pub of_points: bool,
    /// The place of the table that medians, quantiles and what was found are of: radius and separation.
    pub drawn_at: Option<[f64; 2]>,
}

/// The order of what fits, in words.
pub const ORDER: &str =
    "f32 and f64 first where no --scalar is given; proved before found; fewer numbers a point; then the cheaper";

impl Entry {
    /// The worst error of its operations.
    pub fn error(&self) -> Option<f64> {
        self.parts.iter().try_fold(0.0, |worst: f64, part| Some(worst.max(part.error?)))
    }
    /// The sum of the costs of its operations.
    pub fn cost(&self) -> Option<f64> {
        self.parts.iter().map(|part| part.cost).sum()
    }
    /// Whether every promise is proved.
    pub fn proved(&self) -> bool {
        self.parts.iter().all(|part| part.proved)
    }
    fn fits(&self, tolerance: f64) -> bool {
        self.error().is_some_and(|error| error <= tolerance)
    }
    /// [`ORDER`]; last the narrower arithmetic and the name, so that there is no tie.
    fn order(&self, need: &Need) -> (bool, bool, bool, f64, u32, &'static str, &'static str) {
        let exotic = need.scalars.is_empty() && !NATIVE.contains(&self.scalar.as_str());
        let ambient = self.model == Model::LorentzAmbient;
        let variant = self.parts.first().map_or("", |part| part.variant);
        (exotic, !self.proved(), ambient, self.cost().unwrap_or(f64::MAX), bits(&self.scalar), variant, self.guard)
    }
}

fn ranked(mut entries: Vec<Entry>, need: &Need) -> Vec<Entry> {
    entries.sort_by(|a, b| a.order(need).partial_cmp(&b.order(need)).unwrap_or(std::cmp::Ordering::Equal));
    entries
}

/// The least error first.
fn by_error(mut entries: Vec<Entry>) -> Vec<Entry> {
    let error = |entry: &Entry| entry.error().unwrap_or(f64::INFINITY);
    entries.sort_by(|a, b| error(a).total_cmp(&error(b)));
    entries
}

/// Ranks what fits a need, from bounds and what was found; where nothing does, says what would.
pub fn choose(need: &Need) -> Ranking {
    let (all, left_out) = entries(need, true);
    let asked: Vec<&Entry> = all.iter().filter(|entry| need.admits(&entry.scalar)).collect();
    let fits: Vec<Entry> = asked.iter().filter(|e| e.fits(need.tolerance)).map(|e| reasoned(e, need)).collect();
    let mut rejected: Vec<Entry> = Vec::new();
    for entry in by_error(asked.iter().filter(|e| e.guard == NONE.id).map(|e| (*e).clone()).collect()) {
        let same = |other: &Entry| other.model == entry.model && other.scalar == entry.scalar;
        if !fits.iter().any(same) && !rejected.iter().any(same) {
            rejected.push(reasoned(&entry, need));
        }
    }
    let nearest = if fits.is_empty() { remedies(need, &all) } else { Vec::new() };
    let place = table().place(need.radius, need.separation);
    let drawn_at = place.map(|place| [table().radii[place.radius], table().separations[place.separation]]);
    Ranking {
        fits: ranked(fits, need),
        rejected,
        nearest,
        left_out,
        of: need.of,
        of_points: !need.points.is_empty(),
        drawn_at,
    }
}

/// Every candidate at the need: each variant and guard of a single operation; for several operations the best of each
/// variant's, unguarded. And what nothing is known of. In all arithmetics, or in those that are asked for.
fn entries(need: &Need, all: bool) -> (Vec<Entry>, Vec<Unsearched>) {
    let (mut per_op, mut left_out) = (Vec::new(), Vec::new());
    for op in &need.ops {
        let (entries, missing) = entries_of(op, need, all);
        per_op.push(entries);
        left_out.extend(missing);
    }
    if let [entries] = per_op.as_mut_slice() {
        return (std::mem::take(entries), left_out);
    }
    let preferred = |entries: &[Entry]| -> Vec<Entry> {
        let (fit, other): (Vec<Entry>, Vec<Entry>) = entries.iter().cloned().partition(|e| e.fits(need.tolerance));
        ranked(fit, need).into_iter().chain(by_error(other)).collect()
    };
    let per_op: Vec<Vec<Entry>> = per_op.iter().map(|entries| preferred(entries)).collect();
    let mut joined: Vec<Entry> = Vec::new();
    for first in per_op.iter().flatten() {
        let same = |e: &&Entry| e.model == first.model && e.scalar == first.scalar && e.guard == NONE.id;
        if joined.iter().any(|e| e.model == first.model && e.scalar == first.scalar) {
            continue;
        }
        // An operation that nothing is known of in a representation rules the representation out.
        let parts: Option<Vec<Part>> =
            per_op.iter().map(|entries| entries.iter().find(same).map(|e| e.parts[0].clone())).collect();
        if let Some(parts) = parts {
            joined.push(Entry { guard: NONE.id, idle_guards: Vec::new(), parts, ..first.clone() });
        }
    }
    (joined, left_out)
}

/// The candidates for one operation.
fn entries_of(op: &str, need: &Need, all: bool) -> (Vec<Entry>, Vec<Unsearched>) {
    let place = table().place(need.radius, need.separation);
    let admitted = |scalar: &str| all || need.admits(scalar);
    let rows: Vec<&'static Row<'static>> =
        table().rows_of(op, need.dim).into_iter().filter(|row| admitted(row.scalar)).collect();
    let mut entries: Vec<Entry> = Vec::new();
    let mut missing = 0;
    let mut storing: BTreeMap<(Model, String), f64> = BTreeMap::new();
    if op != DISTANCE {
        for row in &rows {
            let bound = storing_of(op, row, need);
            storing.extend(bound.map(|bound| ((row.model, row.scalar.to_owned()), bound)));
        }
    } else {
        for scalar in need.candidates().into_iter().filter(|scalar| admitted(scalar)) {
            let Some(storage) = Storage::named(&scalar) else { continue };
            for model in Model::ALL {
                let bound = need.storing(*model, &storage);
                storing.insert((*model, scalar.clone()), bound);
                entries.extend(proved(*model, &scalar, bound, &rows, place, need));
            }
        }
    }
    // Unguarded rows first, so that a guard that does nothing finds what it does nothing to.
    let guarded = |row: &&&'static Row<'static>| row.guard != NONE.id;
    for row in rows.iter().filter(|row| !guarded(row)).chain(rows.iter().filter(guarded)) {
        let known = |e: &Entry| e.model == row.model && e.scalar == row.scalar && e.parts[0].variant == row.variant;
        if row.variant == STORING || row.guard == NONE.id && entries.iter().any(|e| known(e) && e.guard == NONE.id) {
            continue;
        }
        let Some(place) = place else {
            missing += 1;
            continue;
        };
        let bound = storing.get(&(row.model, row.scalar.to_owned())).copied();
        let entry = found(row, bound, &rows, place, need.of);
        let plain = rows.iter().find(|other| {
            let same = (other.model, other.scalar, other.variant) == (row.model, row.scalar, row.variant);
            same && other.guard == NONE.id
        });
        let idle = row.guard != NONE.id && plain.is_some_and(|plain| does_nothing(plain, row, place));
        match entries.iter_mut().find(|e| idle && known(e) && e.guard == NONE.id) {
            Some(plain) => {
                plain.idle_guards.push(row.guard);
                // Both searched the same formula: what either found counts.
                let found = |part: &Part| part.rounding.unwrap_or(f64::INFINITY);
                if !plain.proved() && found(&plain.parts[0]) < found(&entry.parts[0]) {
                    plain.parts = entry.parts;
                }
            }
            None => entries.push(entry),
        }
    }
    let beyond = table().rows.iter().filter(|row| row.op == op && row.variant != STORING);
    let lower =
        distinct_ways(beyond).saturating_sub(distinct_ways(rows.iter().copied().filter(|r| r.variant != STORING)));
    let mut left_out = Vec::new();
    if missing > 0 {
        let (radius, separation) = (table().radii.last(), table().separations.first());
        let limits =
            radius.zip(separation).map_or(String::new(), |(r, s)| format!("beyond radius {r} or closer than {s}"));
        left_out
            .push(Unsearched { what: format!("{missing} variants of {op}"), why: format!("not searched {limits}") });
    }
    if lower > 0 {
        let why = format!("not searched in {} dimensions or more", need.dim);
        left_out.push(Unsearched { what: format!("{lower} variants of {op}"), why });
    }
    (entries, left_out)
}

/// What storing the inputs of another operation costs in a row's representation at most, where that is proved.
fn storing_of(op: &str, row: &Row, need: &Need) -> Option<f64> {
    let (op, by) = match op {
        GRADIENT => (Op::Distance, Some(Input::X)),
        name => (name.parse().ok()?, None),
    };
    bound::storing(op, by, row.model, &Storage::named(row.scalar)?, need.within())
}

/// Whether a guard changed nothing of the pairs drawn, nor what was found by following the worst of them uphill, which is
/// another path for each row and so another find.
fn does_nothing(plain: &Row, guarded: &Row, place: Place) -> bool {
    let same = |figure| plain.figure(figure, place) == guarded.figure(figure, place);
    let finds = [plain, guarded].map(|row| row.figure(Figure::Rounding, place));
    let alike = match finds {
        [Some(a), Some(b)] => a <= b * UNSEEN && b <= a * UNSEEN,
        [a, b] => a == b,
    };
    same(Figure::Median) && same(Figure::P999) && alike
}

fn distinct_ways<'a>(rows: impl Iterator<Item = &'a Row<'static>>) -> usize {
    rows.map(|row| (row.model, row.scalar, row.variant, row.guard)).collect::<std::collections::BTreeSet<_>>().len()
}

/// The larger of what an error of every pair is made of: storing, and then the rounding of what was stored.
fn promise(storing: f64, rounding: f64) -> Option<f64> {
    let error = (storing + rounding * (1.0 + storing)).next_up();
    Some(error).filter(|error| *error <= USELESS)
}

fn small(x: f64) -> Option<f64> {
    Some(x).filter(|x| *x <= USELESS)
}

/// What was drawn of a row, where that says more than what is promised of every pair: pairs of the table may lie closer together
/// and farther out than those asked about.
fn drawn(part: &mut Part, row: Option<&Row>, place: Option<Place>, of: Of) {
    let bound = part.error;
    let figure = |figure| row?.figure(figure, place?).filter(|x| bound.is_none_or(|bound| *x < bound));
    let (median, p999, worst) = (figure(Figure::Median), figure(Figure::P999), figure(Figure::Total));
    (part.median, part.p999, part.worst) = (median, p999, worst);
    part.draws = if place.is_some() { row.map_or(0, |row| row.draws) } else { 0 };
    let asked = match of {
        Of::Bound => None,
        Of::P999 => p999,
        Of::Median => median,
    };
    // What holds of every pair holds of most.
    if asked.is_some() {
        (part.error, part.proved) = (asked, false);
    }
}

/// The project's own variant of the distance, which is proved.
fn proved(
    model: Model,
    scalar: &str,
    storing: f64,
    rows: &[&'static Row<'static>],
    place: Option<Place>,
    need: &Need,
) -> Option<Entry> {
    let rounding = bound::rounding(Op::Distance, model, scalar, need.within())?;
    let row = rows.iter().find(|r| (r.model, r.scalar, r.variant, r.guard) == (model, scalar, BEST, NONE.id)).copied();
    let mut part = Part {
        op: DISTANCE,
        variant: BEST,
        error: promise(storing, rounding),
        storing: small(storing),
        rounding: small(rounding),
        storing_proved: true,
        proved: true,
        median: None,
        p999: None,
        worst: None,
        draws: 0,
        cost: nanoseconds(model, scalar, DISTANCE, BEST),
    };
    drawn(&mut part, row, place, need.of);
    Some(entry(model, scalar, NONE.id, part))
}

fn entry(model: Model, scalar: &str, guard: &'static str, part: Part) -> Entry {
    let scalar = scalar.to_owned();
    Entry { model, scalar, guard, idle_guards: Vec::new(), parts: vec![part], reason: String::new() }
}

/// What was found of a row: the worst of its formula beside what storing costs, which is proved of the distance.
fn found(
    row: &'static Row<'static>,
    proved: Option<f64>,
    rows: &[&'static Row<'static>],
    place: Place,
    of: Of,
) -> Entry {
    let same = |r: &&&Row| r.variant == STORING && r.model == row.model && r.scalar == row.scalar;
    let searched = || rows.iter().find(same)?.figure(Figure::Total, place).map(|found| found * UNSEEN);
    let proved = proved.and_then(small);
    let storing = proved.or_else(searched).and_then(small);
    let rounding = row.figure(Figure::Rounding, place).and_then(|found| small(found * UNSEEN));
    let mut part = Part {
        op: row.op,
        variant: row.variant,
        error: storing.zip(rounding).and_then(|(storing, rounding)| promise(storing, rounding)),
        storing,
        rounding,
        storing_proved: proved.is_some(),
        proved: false,
        median: None,
        p999: None,
        worst: None,
        draws: 0,
        cost: nanoseconds(row.model, row.scalar, row.op, row.variant),
    };
    drawn(&mut part, Some(row), Some(place), of);
    entry(row.model, row.scalar, row.guard, part)
}

/// Significant bits of an arithmetic.
fn bits(scalar: &str) -> u32 {
    match scalar {
        "bf16" => 8,
        "f16" => 11,
        "f32" => 24,
        "f64" => 53,
        "dd" => 106,
        _ => scalar.strip_prefix("mpfr:").and_then(|bits| bits.parse().ok()).unwrap_or(0),
    }
}

/// The radius of the last point inside a ball: the margin 1 − √c‖x‖ is half a spacing of the numbers below 1 at least. The
/// hyperboloid has none.
fn rim(model: Model, scalar: &str) -> Option<f64> {
    let to_poincare = f64::from(bits(scalar) + 1) * std::f64::consts::LN_2;
    match model {
        Model::Poincare => Some(to_poincare),
        Model::Klein => Some(to_poincare / 2.0),
        Model::Lorentz | Model::LorentzAmbient => None,
    }
}

/// An error in words, to two digits, rounded up.
pub fn in_words(x: Option<f64>) -> String {
    x.map_or("more than 1".to_owned(), |x| format!("{:e}", rounded_up(x)))
}

/// Two significant digits, no less than `x`.
pub(crate) fn rounded_up(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let exponent = pxfm::f_log10(x).floor() as i32 - 1;
    let digits = (x / pxfm::f_exp10(f64::from(exponent))).ceil();
    let text = |digits: f64| format!("{digits}e{exponent}").parse().unwrap_or(x);
    let up: f64 = text(digits);
    if up >= x { up } else { text(digits + 1.0) }
}

/// The entry with its reason in one line.
fn reasoned(entry: &Entry, need: &Need) -> Entry {
    let worst = entry.parts.iter().max_by(|a, b| {
        let size = |part: &Part| part.error.unwrap_or(f64::INFINITY);
        size(a).total_cmp(&size(b))
    });
    let storing = worst.and_then(|part| part.storing);
    let rounding = worst.and_then(|part| part.rounding);
    let rim = rim(entry.model, &entry.scalar);
    let op = worst.map_or("", |part| part.op);
    let keeps = |error: Option<f64>| error.is_some_and(|error| error <= need.tolerance);
    let reason = if entry.fits(need.tolerance) {
        match rim {
            Some(rim) => format!("the rim is {:.1} farther out", rim - need.radius),
            None if entry.model == Model::Lorentz => "the exponents of its coordinates carry the radius".to_owned(),
            None => "as lorentz, with one more number a point".to_owned(),
        }
    } else if let Some(rim) = rim.filter(|rim| *rim < need.radius) {
        let scalar = &entry.scalar;
        format!("{scalar} ends at radius {rim:.1} on this ball: the margin at the rim is below its spacing near 1")
    } else if need.of != Of::Bound {
        format!("{op}: {} of the pairs drawn", in_words(worst.and_then(|part| part.error)))
    } else if !keeps(storing) {
        let angle = match entry.model {
            Model::Poincare | Model::Klein => {
                "the margin at the rim and the angle between close pairs have too few bits left"
            }
            Model::Lorentz | Model::LorentzAmbient => "the angle between close pairs has too few bits left",
        };
        format!("{op}: storing alone costs {}, so no formula helps: {angle}", in_words(storing))
    } else {
        format!("{op}: the formula loses it ({} where storing alone costs {})", in_words(rounding), in_words(storing))
    };
    Entry { reason, ..entry.clone() }
}

/// Most steps of a bisection: a radius or a separation to four digits.
const BISECTIONS: u32 = 20;

/// What would do, nearest first.
fn remedies(need: &Need, all: &[Entry]) -> Vec<Remedy> {
    let mut found = Vec::new();
    let unguarded = || all.iter().filter(|e| e.guard == NONE.id);
    let other: Vec<Entry> = unguarded().filter(|e| e.fits(need.tolerance)).map(|e| reasoned(e, need)).collect();
    // The narrowest that does: it was asked for little.
    let mut other = ranked(other, need);
    other.sort_by_key(|entry| bits(&entry.scalar));
    found.extend(other.into_iter().next().map(Remedy::Arithmetic));
    found.extend(fewest_bits(need));
    let fit = |radius: f64, separation: f64| -> Option<Entry> {
        let eased = Need { radius, separation, points: Vec::new(), ..need.clone() };
        let (candidates, _) = entries(&eased, false);
        let fits = |e: &Entry| e.guard == NONE.id && e.fits(need.tolerance);
        ranked(candidates.into_iter().filter(fits).collect(), need).into_iter().next()
    };
    // The farthest radius, and the least separation, that keeps it: between one that does and the need, which does not.
    let bisect = |good: f64, bad: f64, fit: &dyn Fn(f64) -> Option<Entry>| -> Option<(f64, Entry)> {
        let (mut best, mut bad) = ((good, fit(good)?), bad);
        for _ in 0..BISECTIONS {
            let Some(middle) = short_between(best.0, bad) else { break };
            match fit(middle) {
                Some(entry) => best = (middle, entry),
                None => bad = middle,
            }
        }
        Some(best)
    };
    let inwards = |radius| fit(radius, need.separation);
    if let Some((radius, entry)) = bisect(0.5 * need.separation, need.radius, &inwards) {
        found.push(Remedy::Radius { entry, radius });
    }
    let apart = |separation| fit(need.radius, separation);
    if let Some((separation, entry)) = bisect(2.0 * need.radius, need.separation, &apart) {
        found.push(Remedy::Separation { entry, separation });
    }
    let least = unguarded().filter(|e| need.admits(&e.scalar)).filter_map(|e| Some((e, e.error()?)));
    if let Some((entry, tolerance)) = least.min_by(|a, b| a.1.total_cmp(&b.1)) {
        found.push(Remedy::Tolerance { entry: reasoned(entry, need), tolerance: rounded_up(tolerance) });
    }
    found
}

/// The middle, geometric where the two are decades apart, to four digits; `None` where no such number lies between.
fn short_between(a: f64, b: f64) -> Option<f64> {
    let middle = if a.max(b) > 2.0 * a.min(b) { (a * b).sqrt() } else { 0.5 * (a + b) };
    let short: f64 = format!("{middle:.3e}").parse().ok()?;
    (short > a.min(b) && short < a.max(b)).then_some(short)
}

/// The fewest bits with which the project's own distance keeps the tolerance, and in which model; of other operations nothing
/// is known but at the bits that were searched.
fn fewest_bits(need: &Need) -> Option<Remedy> {
    if need.ops.iter().any(|op| op != DISTANCE) || need.of != Of::Bound {
        return None;
    }
    let keeps = |model: Model, bits: u32| {
        let scalar = format!("mpfr:{bits}");
        let rounding = bound::rounding(Op::Distance, model, &scalar, need.within());
        let storing = Storage::named(&scalar).map(|storage| need.storing(model, &storage));
        let error = storing.zip(rounding).and_then(|(storing, rounding)| promise(storing, rounding));
        error.is_some_and(|error| error <= need.tolerance)
    };
    let fewest = |model: Model| {
        let (mut low, mut high) = (*BITS.start(), *BITS.end());
        if !keeps(model, high) {
            return None;
        }
        while low < high {
            let middle = low.midpoint(high);
            if keeps(model, middle) { high = middle } else { low = middle + 1 }
        }
        Some((model, low))
    };
    let models = [Model::Poincare, Model::Lorentz, Model::Klein];
    let (model, bits) = models.into_iter().filter_map(fewest).min_by_key(|(_, bits)| *bits)?;
    Some(Remedy::Bits { model, bits })
}
