//! The small tables that a sweep's cells come down to.

use super::reduce::{Reduction, Statistics, reduce};
use crate::formula::{BEST, Model};
use crate::measure::Outcome;
use crate::table::{CellRow, ClipRow, SummaryRow};
use std::collections::{BTreeMap, HashMap};

/// The tolerances for which the largest radius is stated.
const TOLERANCES: &[f64] = &[1e-6, 1e-4, 1e-2];
/// Separations of close pairs.
const NEAR: std::ops::RangeInclusive<f64> = 1e-3..=0.1;

/// What became of a cell.
pub(super) fn outcome(row: &CellRow) -> Outcome {
    Outcome::ALL.iter().copied().find(|o| o.to_string() == row.outcome).expect("a cell has an outcome")
}

/// far: independent directions; near: separations of 0.001 to 0.1.
pub(super) fn pairs(cell: &CellRow) -> Option<&'static str> {
    match cell.direction.as_str() {
        "random" => Some("far"),
        "radial" | "tangential" if NEAR.contains(&cell.separation) => Some("near"),
        _ => None,
    }
}

/// What cells are told apart by, in their order of appearance.
pub(super) struct Places<K, T> {
    places: HashMap<K, usize>,
    pub found: Vec<(K, T)>,
}

impl<K: Clone + Eq + std::hash::Hash, T> Places<K, T> {
    pub fn new() -> Self {
        Places { places: HashMap::new(), found: Vec::new() }
    }
    /// What is kept of cells with this key.
    pub fn at<Q>(&mut self, key: &Q, make: impl FnOnce() -> T) -> &mut T
    where
        K: std::borrow::Borrow<Q>,
        Q: ?Sized + ToOwned<Owned = K> + Eq + std::hash::Hash,
    {
        let place = match self.places.get(key) {
            Some(place) => *place,
            None => {
                let place = self.found.len();
                self.places.insert(key.to_owned(), place);
                self.found.push((key.to_owned(), make()));
                place
            }
        };
        &mut self.found[place].1
    }
    /// What is kept under a key, if anything is.
    pub fn get<Q>(&self, key: &Q) -> Option<&T>
    where
        K: std::borrow::Borrow<Q>,
        Q: ?Sized + Eq + std::hash::Hash,
    {
        self.places.get(key).map(|place| &self.found[*place].1)
    }
}

/// Between the parts of a key.
const BETWEEN: char = '\n';

fn key(parts: [&str; 5], buffer: &mut String) {
    buffer.clear();
    for part in parts {
        buffer.push_str(part);
        buffer.push(BETWEEN);
    }
}

fn parts(key: &str) -> [String; 5] {
    let mut parts = key.split(BETWEEN).map(str::to_owned);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// One row for each model, arithmetic, operation, variant and guard, in their order of appearance.
pub fn summary_rows(cells: &[CellRow]) -> Vec<SummaryRow> {
    let mut summaries = Summaries::new();
    let done = reduce(cells, &mut [&mut summaries]);
    debug_assert!(done.is_ok(), "cells in memory can be read");
    summaries.rows()
}

/// [`summary_rows`] of cells that pass by.
pub struct Summaries {
    groups: Places<String, Group>,
    key: String,
}

struct Group {
    n: usize,
    ok: usize,
    ulps: Statistics,
    /// Of the cell with the most ulps: these, and of it its bits, its index and its value.
    witness: Option<(f64, Option<f64>, u64, String)>,
    total: Statistics,
    max_total: Option<f64>,
}

/// The shares of the statistics of a summary's row.
const MEDIAN_AND_P99: &[f64] = &[0.5, 0.99];

impl Summaries {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Summaries { groups: Places::new(), key: String::new() }
    }

    fn group(&mut self, cell: &CellRow) -> &mut Group {
        key([&cell.model, &cell.scalar, &cell.op, &cell.variant, &cell.guard], &mut self.key);
        let new = || Group {
            n: 0,
            ok: 0,
            ulps: Statistics::new(MEDIAN_AND_P99),
            witness: None,
            total: Statistics::new(MEDIAN_AND_P99),
            max_total: None,
        };
        self.groups.at(self.key.as_str(), new)
    }

    pub fn rows(&self) -> Vec<SummaryRow> {
        let row = |(key, group): &(String, Group)| {
            let [model, scalar, op, variant, guard] = parts(key);
            let witness = group.witness.as_ref();
            SummaryRow {
                model,
                scalar,
                op,
                variant,
                guard,
                n: group.n,
                ok_share: if group.n == 0 { 0.0 } else { group.ok as f64 / group.n as f64 },
                median_ulps: group.ulps.get(0),
                p99_ulps: group.ulps.get(1),
                max_ulps: witness.map(|witness| witness.0),
                max_bits: witness.and_then(|witness| witness.1),
                median_total: group.total.get(0),
                max_total: group.max_total,
                witness: witness.map(|witness| witness.2),
                witness_value: witness.map(|witness| hexadecimal(&witness.3)).unwrap_or_default(),
            }
        };
        self.groups.found.iter().map(row).collect()
    }
}

/// Whether a size comes after the largest so far: the first of equals stays.
pub(super) fn is_larger(size: f64, largest: Option<f64>) -> bool {
    largest.is_none_or(|largest| size.total_cmp(&largest).is_gt())
}

impl Reduction for Summaries {
    fn first(&mut self, cell: &CellRow) {
        let is_ok = outcome(cell) == Outcome::Ok;
        let group = self.group(cell);
        group.n += 1;
        if let (true, Some(ulps)) = (is_ok, cell.ulps.map(f64::abs)) {
            group.ok += 1;
            group.ulps.first(ulps);
            if is_larger(ulps, group.witness.as_ref().map(|witness| witness.0)) {
                group.witness = Some((ulps, cell.bits, cell.index, cell.value.clone()));
            }
        }
        if let (true, Some(total)) = (is_ok, cell.error_total.map(f64::abs)) {
            group.total.first(total);
            if is_larger(total, group.max_total) {
                group.max_total = Some(total);
            }
        }
    }

    fn settle(&mut self) {
        for (_, group) in &mut self.groups.found {
            group.ulps.settle();
            group.total.settle();
        }
    }

    fn second(&mut self, cell: &CellRow) {
        if outcome(cell) == Outcome::Ok {
            let group = self.group(cell);
            cell.ulps.into_iter().for_each(|ulps| group.ulps.second(ulps));
            cell.error_total.into_iter().for_each(|total| group.total.second(total));
        }
    }
}

/// The first number of a cell's value in hexadecimal, where it is an f64 or narrower.
fn hexadecimal(value: &str) -> String {
    let first = value.split(' ').next().unwrap_or_default();
    first.parse::<f64>().map(|x| crate::arithmetic::number::hexadecimal(&x)).unwrap_or_default()
}

/// For each model × arithmetic × variant × guard × kind of pair × tolerance: how far out the total error keeps below it.
pub struct Clips {
    groups: Places<String, Held>,
    key: String,
}

/// For each tolerance, how far every cell's total error keeps below it, and what storing alone costs.
struct Held {
    total: Vec<Along>,
    storing: Vec<Along>,
}

impl Clips {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Clips { groups: Places::new(), key: String::new() }
    }

    pub fn rows(&self) -> Vec<ClipRow> {
        let row = |name: &str, held: &Held, i: usize| {
            let [model, scalar, variant, guard, pairs] = parts(name);
            let radius_holds = held.total[i].largest();
            // What storing costs does not depend on the formula: the own variant's cells show it.
            let mut floor = String::new();
            key([&model, &scalar, BEST, "none", &pairs], &mut floor);
            let floor = self.groups.get(floor.as_str()).unwrap_or(held);
            let clip = (radius_holds > 0.0).then(|| clip_at(&model, radius_holds)).flatten();
            let radius_floor = floor.storing[i].largest();
            ClipRow { model, scalar, variant, guard, pairs, tolerance: TOLERANCES[i], radius_holds, radius_floor, clip }
        };
        let of = |(name, held): &(String, Held)| (0..TOLERANCES.len()).map(|i| row(name, held, i)).collect::<Vec<_>>();
        self.groups.found.iter().flat_map(of).collect()
    }
}

impl Reduction for Clips {
    fn first(&mut self, cell: &CellRow) {
        let Some(pairs) = pairs(cell).filter(|_| cell.op == "distance") else { return };
        key([&cell.model, &cell.scalar, &cell.variant, &cell.guard, pairs], &mut self.key);
        let new = || Held {
            total: vec![Along::default(); TOLERANCES.len()],
            storing: vec![Along::default(); TOLERANCES.len()],
        };
        let held = self.groups.at(self.key.as_str(), new);
        for (i, tolerance) in TOLERANCES.iter().enumerate() {
            let passes = |error: Option<f64>| error.is_some_and(|error| error.abs() <= *tolerance);
            held.total[i].add(cell.radius, passes(cell.error_total));
            held.storing[i].add(cell.radius, passes(cell.error_representation));
        }
    }
    fn settle(&mut self) {}
    fn second(&mut self, _cell: &CellRow) {}
}

/// The clip that keeps points within a radius; `None` where no double says it, past depth 709 to 745.
fn clip_at(model: &str, radius: f64) -> Option<f64> {
    let model: Model = model.parse().expect("a cell is of a model");
    let clip = model.margin_at(radius).unwrap_or_else(|| model.norm_at(radius));
    (clip > 0.0 && clip.is_finite()).then_some(clip)
}

/// Which values of an axis of the grid every cell passes at.
#[derive(Clone, Debug, Default)]
pub(super) struct Along {
    /// By a number that is ordered as the values are.
    values: BTreeMap<i64, (f64, bool)>,
}

impl Along {
    pub fn add(&mut self, value: f64, passes: bool) {
        // The order of `total_cmp`.
        let bits = value.to_bits() as i64;
        let order = bits ^ (((bits >> 63) as u64) >> 1) as i64;
        self.values.entry(order).or_insert((value, true)).1 &= passes;
    }
    /// The largest value up to which every cell passes; 0 if the first does not.
    pub fn largest(&self) -> f64 {
        self.values.values().take_while(|(_, passes)| *passes).last().map_or(0.0, |(value, _)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clip_far_out_keeps_its_digits_and_one_that_no_double_says_is_none() {
        assert_eq!(clip_at("poincare", 36.0), Model::Poincare.margin_at(36.0));
        assert!((clip_at("poincare", 36.0).unwrap() / 4.639_045_660_487_138e-16 - 1.0).abs() < 1e-15);
        assert!((clip_at("klein", 256.0).unwrap() / 8.754_982_074_106_129e-223 - 1.0).abs() < 1e-12);
        assert_eq!(clip_at("poincare", 1000.0), None);
        assert_eq!(clip_at("lorentz", 1000.0), None);
        assert_eq!(clip_at("lorentz", 2.0), Some(pxfm::f_sinh(2.0)));
    }
}
