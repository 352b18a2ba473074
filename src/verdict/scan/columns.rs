//! Whether the columns that were taken for coordinates look like any: which is time, which hold whole numbers alone, which
//! one number.

use super::Question;
use crate::formula::Model;
use crate::table::{Dtype, Embedding, Unused, listed, short};
use serde::Serialize;

/// The columns of a scan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Taken {
    /// The coordinates' columns, in their order.
    pub coordinates: Vec<String>,
    pub left_out: Vec<Unused>,
    /// The column that holds time, where one does: ⟨x,x⟩ = −1/c.
    pub time: Option<Time>,
    /// What is odd about them, a sentence each.
    pub warnings: Vec<String>,
}

/// A column that holds time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Time {
    pub column: String,
    pub place: Place,
}

/// Where among the coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    First,
    Last,
}

/// Columns that are left out and named in a sentence.
const SHOWN: usize = 8;

impl Taken {
    /// Which columns, in a sentence or two.
    pub fn in_words(&self) -> String {
        let columns = crate::table::Columns { coordinates: self.coordinates.clone(), left_out: Vec::new() };
        let many = if self.coordinates.len() == 1 { "column" } else { "columns" };
        let mut text = format!("Coordinates: {many} {}", columns.in_words());
        if self.left_out.is_empty() {
            return text + ".";
        }
        let unused = self.left_out.iter().take(SHOWN).map(|of| format!("{} ({})", short(&of.name), of.why));
        text += &format!("; not: {}", unused.collect::<Vec<_>>().join(", "));
        if self.left_out.len() > SHOWN {
            text += &format!(" and {} more", self.left_out.len() - SHOWN);
        }
        text + "."
    }
}

/// Time may be off √(1/c + ‖s‖²) by this share of it, for all that is known: 64 units of roundoff of an array's numbers, or
/// what four decimals leave of a number in a text.
fn slack(dtype: Dtype) -> f64 {
    const UNITS: f64 = 64.0;
    const LEAST: f64 = 1e-5;
    const OF_TEXT: f64 = 2e-4;
    match dtype {
        Dtype::Decimal => OF_TEXT,
        dtype => (UNITS * 0.5f64.powi(dtype.bits() as i32)).max(LEAST),
    }
}

/// Time is told from a coordinate near 1/√c only where some point is this many times the slack further out.
const TELLING: f64 = 50.0;
/// The share of rows that may be off: points that training left there, or damage.
const OFF: f64 = 0.01;

/// Which coordinate is the time of points on the hyperboloid ⟨x,x⟩ = −1/c; `None` where the rows do not tell.
pub fn time_of(embedding: &Embedding, c: f64) -> Option<Time> {
    let width = embedding.width;
    if width < 2 {
        return None;
    }
    let (slack, root) = (slack(embedding.dtype), c.sqrt());
    let (mut rows, mut off, mut telling) = (0usize, [0usize; 2], [false; 2]);
    let mut row = vec![0.0; width];
    for point in 0..embedding.points {
        embedding.row(point, &mut row);
        if !row.iter().all(|x| x.is_finite()) {
            continue;
        }
        rows += 1;
        for (side, at) in [0, width - 1].into_iter().enumerate() {
            let time = root * row[at];
            // In units of 1/√c, by the norm of the others, scaled so that squares stay in range.
            let others = || row.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, x)| root * x);
            let largest = others().fold(0.0, |largest: f64, x| largest.max(x.abs()));
            let norm = match largest > 0.0 {
                true => largest * others().map(|x| (x / largest).powi(2)).sum::<f64>().sqrt(),
                false => 0.0,
            };
            let expected = norm.hypot(1.0);
            let is_near = (time - expected).abs() <= slack * expected;
            off[side] += usize::from(!is_near);
            telling[side] |= expected > 1.0 + TELLING * slack;
        }
        // Two rows in a hundred, and more than a few, are enough to know better.
        if off.iter().all(|off| *off > FEW && *off as f64 > 2.0 * OFF * embedding.points as f64) {
            return None;
        }
    }
    let is = |side: usize| rows > 1 && telling[side] && off[side] as f64 <= OFF * rows as f64;
    let time = |place, i| Time { column: embedding.coordinate(i), place };
    match (is(0), is(1)) {
        (true, _) => Some(time(Place::First, 0)),
        (false, true) => Some(time(Place::Last, width - 1)),
        (false, false) => None,
    }
}

/// Time at a curvature that nobody has told: that of the row next to the origin.
fn time_elsewhere(embedding: &Embedding) -> Option<(Time, f64)> {
    let width = embedding.width;
    let mut row = vec![0.0; width];
    let mut at = |at: usize, place: Place| {
        let mut nearest = (f64::INFINITY, 0.0);
        for point in 0..embedding.points {
            embedding.row(point, &mut row);
            if row.iter().all(|x| x.is_finite()) && row[at].abs() < nearest.0 {
                let others = row.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, x)| x * x).sum::<f64>();
                nearest = (row[at].abs(), row[at] * row[at] - others);
            }
        }
        let c = Some(1.0 / nearest.1).filter(|c| *c > 0.0 && c.is_finite())?;
        time_of(embedding, c).filter(|time| time.place == place).map(|time| (time, c))
    };
    at(0, Place::First).or_else(|| at(width - 1, Place::Last))
}

/// Rows after which a coordinate that is no time is known for none.
const FEW: usize = 16;

pub(super) fn taken(embedding: &Embedding, question: &Question) -> Taken {
    let mut warnings = Vec::new();
    let (constant, whole) = odd(embedding);
    let names = |of: &[usize]| of.iter().map(|i| embedding.coordinate(*i)).collect::<Vec<_>>();
    let mut warn = |of: &[usize], one: &str, many: &str| {
        if !of.is_empty() {
            let (noun, verb) = if of.len() == 1 { ("column", one) } else { ("columns", many) };
            warnings.push(format!(
                "{noun} {} {verb}: if that is no coordinate, say which are with --columns",
                listed(&names(of))
            ));
        }
    };
    warn(&constant, "has one number in every row", "have one number each in every row");
    warn(&whole, "holds whole numbers alone", "hold whole numbers alone");
    let mut time = time_of(embedding, question.c);
    if let Some(time) = &mut time
        && embedding.is_last_first()
    {
        time.place = Place::Last;
    }
    if let Some(Time { column, place }) = &time
        && question.model != Model::LorentzAmbient
    {
        let side = if *place == Place::First { "first" } else { "last" };
        let column = short(column);
        warnings.push(format!(
            "the {side} coordinate, {column}, is √(1/c + ‖s‖²) of the others: it is time, these are points of lorentz-ambient, not of {}",
            question.model
        ));
    }
    if time.is_none()
        && let Some((Time { column, place }, c)) = time_elsewhere(embedding)
    {
        let side = if place == Place::First { "first" } else { "last" };
        warnings.push(format!(
            "the {side} coordinate, {}, is √(1/c + ‖s‖²) of the others at c = {c:.6}, not at {}: points of lorentz-ambient, of another --curvature?",
            short(&column),
            question.c
        ));
    }
    Taken {
        coordinates: embedding.columns.coordinates.clone(),
        left_out: embedding.columns.left_out.clone(),
        time,
        warnings,
    }
}

/// The coordinates that are one number in every row, and the others that are whole numbers in every row. Rows that are not
/// finite are not looked at; one row tells nothing.
fn odd(embedding: &Embedding) -> (Vec<usize>, Vec<usize>) {
    let width = embedding.width;
    // From here on every number of the file's type is a whole one.
    let end = 2f64.powi(embedding.dtype.bits() as i32 - 1);
    let (mut row, mut first) = (vec![0.0; width], Vec::new());
    let mut candidates: Vec<(usize, bool, bool)> = (0..width).map(|i| (i, true, true)).collect();
    let mut rows = 0;
    for point in 0..embedding.points {
        embedding.row(point, &mut row);
        if !row.iter().all(|x| x.is_finite()) {
            continue;
        }
        rows += 1;
        if first.is_empty() {
            first.clone_from(&row);
        }
        for (i, constant, whole) in &mut candidates {
            *constant &= row[*i] == first[*i];
            *whole &= row[*i] == row[*i].trunc() && row[*i].abs() < end;
        }
        candidates.retain(|(_, constant, whole)| *constant || *whole);
        if candidates.is_empty() {
            break;
        }
    }
    if rows < 2 {
        return (Vec::new(), Vec::new());
    }
    let constant = candidates.iter().filter(|of| of.1).map(|of| of.0).collect();
    (constant, candidates.iter().filter(|of| !of.1).map(|of| of.0).collect())
}
