//! Choosing a representation: which one, with which variant, arithmetic and guard, keeps an error for a radius, a
//! separation and a dimension, from what was measured.
//!
//! The table behind it holds the worst error of all pairs drawn within a radius and at no less than a separation, so it
//! only grows outwards and inwards; a need between its grid points is answered with the next point at least as hard.

#[cfg(feature = "cli")]
pub mod measure;
mod table;

pub use table::{Place, Row, STORING, Table, cost, table};

use crate::formula::Model;
use crate::guard::NONE;

/// What is needed: points within a radius, pairs no closer than a separation, an error to keep.
///
/// Lengths are √c × distance, so that a need does not depend on the curvature.
///
/// ```
/// use hypprec::{Need, choose};
/// let need = Need::new(25.0, 40.0, 16, 1e-5)?.scalars(&["f32"])?;
/// let ranking = choose(&need);
/// assert_eq!(ranking.fits[0].model.name(), "lorentz");
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
}

/// A need that makes no sense, or that the table does not reach.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NeedError {
    #[error("{what} {value} is not a positive number")]
    NotPositive { what: &'static str, value: f64 },
    #[error("points within radius {radius} are at most {} apart, never {separation}", 2.0 * radius)]
    TooFarApart { radius: f64, separation: f64 },
    #[error("{what} {value} is beyond what was measured, which ends at {limit}")]
    Beyond { what: &'static str, value: f64, limit: f64 },
    #[error("dimension {dim} is beyond what was measured of {op}, which ends at {limit}")]
    Dimension { op: String, dim: usize, limit: usize },
    #[error("{what} `{name}` is not in the measured table; measured: {}", known.join(", "))]
    Unknown { what: &'static str, name: String, known: Vec<&'static str> },
}

impl Need {
    /// Distances of points with √c d(0, x) ≤ `radius` and √c d(x, y) ≥ `separation`, in `dim` dimensions, each with a total
    /// error (storing and formula) of at most `tolerance`, in any arithmetic.
    ///
    /// # Errors
    /// If a number is not positive, if no two such points exist, or if the table does not reach that far.
    pub fn new(radius: f64, separation: f64, dim: usize, tolerance: f64) -> Result<Need, NeedError> {
        for (what, value) in [("radius", radius), ("separation", separation), ("tolerance", tolerance)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(NeedError::NotPositive { what, value });
            }
        }
        if separation > 2.0 * radius {
            return Err(NeedError::TooFarApart { radius, separation });
        }
        let (radii, separations) = (&table().radii, &table().separations);
        let (last, least) = (radii[radii.len() - 1], separations[0]);
        if radius > last {
            return Err(NeedError::Beyond { what: "radius", value: radius, limit: last });
        }
        if separation < least {
            return Err(NeedError::Beyond { what: "separation", value: separation, limit: least });
        }
        let need = Need { radius, separation, dim, tolerance, scalars: Vec::new(), ops: Vec::new() };
        need.ops(&["distance"])
    }

    /// The same in these arithmetics only; none: in any.
    ///
    /// # Errors
    /// If one was not measured.
    pub fn scalars<S: AsRef<str>>(mut self, scalars: &[S]) -> Result<Need, NeedError> {
        let known = scalars_known();
        self.scalars = scalars.iter().map(|s| s.as_ref().to_owned()).collect();
        match self.scalars.iter().find(|s| !known.contains(&s.as_str())) {
            Some(name) => Err(NeedError::Unknown { what: "arithmetic", name: name.clone(), known }),
            None => Ok(self),
        }
    }

    /// The same for these operations, all of which must keep the tolerance: relative errors of numbers, tangent vectors and
    /// gradients; for points √c × distance. `gradient` is that of the distance.
    ///
    /// # Errors
    /// If one was not measured, or not in so many dimensions.
    pub fn ops<S: AsRef<str>>(mut self, ops: &[S]) -> Result<Need, NeedError> {
        self.ops = ops.iter().map(|op| op.as_ref().to_owned()).collect();
        for op in &self.ops {
            let dims = || table().rows.iter().filter(|row| row.op == op).map(|row| row.dim);
            let Some(limit) = dims().max() else {
                return Err(NeedError::Unknown { what: "operation", name: op.clone(), known: ops_known() });
            };
            if self.dim > limit {
                return Err(NeedError::Dimension { op: op.clone(), dim: self.dim, limit });
            }
        }
        Ok(self)
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

/// The arithmetics that were measured.
pub fn scalars_known() -> Vec<&'static str> {
    distinct(table().rows.iter().map(|row| row.scalar))
}

/// The operations that were measured.
pub fn ops_known() -> Vec<&'static str> {
    distinct(table().rows.iter().map(|row| row.op))
}

/// One operation of a choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub op: &'static str,
    pub variant: &'static str,
    /// The worst error measured at a place at least as hard as the need, rounded up; `None`: more than 1, or no answer.
    pub error: Option<f64>,
    /// What storing the inputs alone costs.
    pub storing: Option<f64>,
    /// In Euclidean distances in the same arithmetic.
    pub cost: Option<f64>,
}

/// A representation with everything that goes with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub model: Model,
    pub scalar: &'static str,
    pub guard: &'static str,
    /// One for each operation of the need.
    pub parts: Vec<Part>,
    pub reason: String,
}

/// What would do where nothing fits.
#[derive(Clone, Debug, PartialEq)]
pub enum Remedy {
    /// An arithmetic that was not asked for, with which it would fit.
    Arithmetic(Entry),
    /// About so many bits, by halving the measured error with each.
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

/// The answer to a need.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// Those that keep the tolerance: narrowest arithmetic first, then by decades of error, stored numbers and cost.
    pub fits: Vec<Entry>,
    /// The best of each representation and arithmetic asked for that does not, and why.
    pub rejected: Vec<Entry>,
    /// Where nothing fits: what would.
    pub nearest: Vec<Remedy>,
}

impl Entry {
    /// The worst error of its operations.
    pub fn error(&self) -> Option<f64> {
        self.parts.iter().try_fold(0.0, |worst: f64, part| Some(worst.max(part.error?)))
    }
    /// The sum of the costs of its operations.
    pub fn cost(&self) -> Option<f64> {
        self.parts.iter().map(|part| part.cost).sum()
    }
    fn fits(&self, tolerance: f64) -> bool {
        self.error().is_some_and(|error| error <= tolerance)
    }
    /// Narrow before wide, small before large error (by decades), few numbers before many, cheap before dear.
    fn order(&self) -> (u32, i32, bool, f64, &'static str) {
        let decade = self.error().map_or(i32::MAX, |error| pxfm::f_log10(error.max(f64::MIN_POSITIVE)).ceil() as i32);
        let cost = self.cost().unwrap_or(f64::MAX);
        let variant = self.parts.first().map_or("", |part| part.variant);
        (bits(self.scalar), decade, self.model == Model::LorentzAmbient, cost, variant)
    }
}

fn sorted(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by(|a, b| a.order().partial_cmp(&b.order()).unwrap_or(std::cmp::Ordering::Equal));
    entries
}

/// Ranks what fits a need, from the measured table; where nothing does, says what would.
pub fn choose(need: &Need) -> Ranking {
    let all = entries(need);
    let asked: Vec<&Entry> = all.iter().filter(|entry| need.admits(entry.scalar)).collect();
    let fits: Vec<Entry> = asked.iter().filter(|e| e.fits(need.tolerance)).map(|e| reasoned(e, need)).collect();
    let mut rejected: Vec<Entry> = Vec::new();
    for entry in sorted(asked.iter().filter(|e| e.guard == NONE.id).map(|e| (*e).clone()).collect()) {
        let same = |other: &Entry| other.model == entry.model && other.scalar == entry.scalar;
        if !fits.iter().any(same) && !rejected.iter().any(same) {
            rejected.push(reasoned(&entry, need));
        }
    }
    let nearest = if fits.is_empty() { remedies(need, &all) } else { Vec::new() };
    Ranking { fits: sorted(fits), rejected, nearest }
}

/// Every candidate at the need's place: each variant and guard of a single operation; for several operations the best
/// variant of each, unguarded.
fn entries(need: &Need) -> Vec<Entry> {
    let Some(place) = table().place(need.radius, need.separation) else { return Vec::new() };
    let of_op = |op: &String| -> Vec<Entry> {
        let rows: Vec<&'static Row<'static>> = table().rows_of(op, need.dim);
        let storing = |row: &Row| {
            let same = |r: &&&'static Row| r.variant == STORING && r.model == row.model && r.scalar == row.scalar;
            rows.iter().find(same).and_then(|r| r.error(place))
        };
        let entry = |row: &&'static Row<'static>| {
            let part = Part {
                op: row.op,
                variant: row.variant,
                error: row.error(place),
                storing: storing(row),
                cost: cost(row.model, row.scalar, row.op, row.variant),
            };
            Entry { model: row.model, scalar: row.scalar, guard: row.guard, parts: vec![part], reason: String::new() }
        };
        rows.iter().filter(|row| row.variant != STORING).map(entry).collect()
    };
    let [op] = need.ops.as_slice() else {
        let per_op: Vec<Vec<Entry>> = need.ops.iter().map(|op| sorted(of_op(op))).collect();
        let mut joined: Vec<Entry> = Vec::new();
        for first in per_op.iter().flatten() {
            let same = |e: &&Entry| e.model == first.model && e.scalar == first.scalar && e.guard == NONE.id;
            if joined.iter().any(|e| e.model == first.model && e.scalar == first.scalar) {
                continue;
            }
            // An operation that a representation was not measured for rules the representation out.
            let parts: Option<Vec<Part>> =
                per_op.iter().map(|entries| entries.iter().find(same).map(|e| e.parts[0].clone())).collect();
            if let Some(parts) = parts {
                joined.push(Entry { guard: NONE.id, parts, ..first.clone() });
            }
        }
        return joined;
    };
    of_op(op)
}

/// Significant bits of an arithmetic that was measured.
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

fn short(x: Option<f64>) -> String {
    x.map_or("more than 1".to_owned(), |x| format!("{x:e}"))
}

/// The entry with its reason in one line.
fn reasoned(entry: &Entry, need: &Need) -> Entry {
    let worst = entry.parts.iter().max_by(|a, b| {
        let size = |part: &Part| part.error.unwrap_or(f64::INFINITY);
        size(a).total_cmp(&size(b))
    });
    let storing = worst.and_then(|part| part.storing);
    let rim = rim(entry.model, entry.scalar);
    let op = worst.map_or("", |part| part.op);
    let keeps = |error: Option<f64>| error.is_some_and(|error| error <= need.tolerance);
    let reason = if entry.fits(need.tolerance) {
        let why = match rim {
            Some(rim) => format!("the rim is {:.1} farther out", rim - need.radius),
            None if entry.model == Model::Lorentz => "the exponents of its coordinates carry the radius".to_owned(),
            None => "as lorentz, with one more number a point".to_owned(),
        };
        match entry.error() == storing {
            true => format!("{why}; storing alone sets its error"),
            false => format!("{why}; storing alone costs {}", short(storing)),
        }
    } else if let Some(rim) = rim.filter(|rim| *rim < need.radius) {
        format!(
            "{} ends at radius {rim:.1} on this ball: the margin at the rim is below its spacing near 1",
            entry.scalar
        )
    } else if !keeps(storing) {
        let angle = match entry.model {
            Model::Poincare | Model::Klein => {
                "the margin at the rim and the angle between close pairs have too few bits left"
            }
            Model::Lorentz | Model::LorentzAmbient => "the angle between close pairs has too few bits left",
        };
        format!("{op}: storing alone costs {}, so no formula helps: {angle}", short(storing))
    } else {
        format!("{op}: the formula loses it ({} where storing alone costs {})", short(entry.error()), short(storing))
    };
    Entry { reason, ..entry.clone() }
}

/// What would do, nearest first.
fn remedies(need: &Need, all: &[Entry]) -> Vec<Remedy> {
    let mut found = Vec::new();
    let unguarded = || all.iter().filter(|e| e.guard == NONE.id);
    let other: Vec<Entry> = unguarded().filter(|e| e.fits(need.tolerance)).map(|e| reasoned(e, need)).collect();
    if let Some(entry) = sorted(other).into_iter().next() {
        found.push(Remedy::Arithmetic(entry));
    }
    let widest = unguarded().filter(|e| e.error().is_some_and(|error| error > 0.0)).max_by_key(|e| bits(e.scalar));
    if let Some((entry, error)) = widest.and_then(|e| Some((e, e.error()?))) {
        let more = pxfm::f_log2(error / need.tolerance).ceil();
        let bits = (f64::from(bits(entry.scalar)) + more).max(1.0) as u32;
        found.push(Remedy::Bits { model: entry.model, bits });
    }
    let fit = |radius: f64, separation: f64| {
        let eased = Need { radius, separation, ..need.clone() };
        let candidates = entries(&eased).into_iter().filter(|e| e.guard == NONE.id && need.admits(e.scalar));
        sorted(candidates.filter(|e| e.fits(need.tolerance)).collect()).into_iter().next()
    };
    let radii = table().radii.iter().rev().filter(|r| **r < need.radius && 2.0 * **r >= need.separation);
    if let Some((radius, entry)) = radii.filter_map(|r| Some((*r, fit(*r, need.separation)?))).next() {
        found.push(Remedy::Radius { entry, radius });
    }
    let apart = table().separations.iter().filter(|d| **d > need.separation && **d <= 2.0 * need.radius);
    if let Some((separation, entry)) = apart.filter_map(|d| Some((*d, fit(need.radius, *d)?))).next() {
        found.push(Remedy::Separation { entry, separation });
    }
    let least = unguarded().filter(|e| need.admits(e.scalar)).filter_map(|e| Some((e, e.error()?)));
    if let Some((entry, tolerance)) = least.min_by(|a, b| a.1.total_cmp(&b.1)) {
        found.push(Remedy::Tolerance { entry: entry.clone(), tolerance });
    }
    found
}
