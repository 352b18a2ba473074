//! The small tables that a sweep's cells come down to.

use crate::formula::BEST;
use crate::measure::{Outcome, Summary, summarise};
use crate::table::{CellRow, ClipRow, SummaryRow};
use std::collections::BTreeMap;

/// The tolerances for which the largest radius is stated.
const TOLERANCES: &[f64] = &[1e-6, 1e-4, 1e-2];
/// Separations of close pairs.
const NEAR: std::ops::RangeInclusive<f64> = 1e-3..=0.1;

/// What became of a cell.
pub(super) fn outcome(row: &CellRow) -> Outcome {
    Outcome::ALL.iter().copied().find(|o| o.to_string() == row.outcome).unwrap_or(Outcome::Nan)
}

/// far: independent directions; near: separations of 0.001 to 0.1.
pub(super) fn pairs(cell: &CellRow) -> Option<&'static str> {
    match cell.direction.as_str() {
        "random" => Some("far"),
        "radial" | "tangential" if NEAR.contains(&cell.separation) => Some("near"),
        _ => None,
    }
}

/// One row for each model, arithmetic, operation, variant and guard, in their order of appearance.
pub fn summary_rows(cells: &[CellRow]) -> Vec<SummaryRow> {
    let mut order = Vec::new();
    let mut groups: BTreeMap<[&str; 5], Vec<&CellRow>> = BTreeMap::new();
    for cell in cells {
        let key = [cell.model.as_str(), &cell.scalar, &cell.op, &cell.variant, &cell.guard];
        let group = groups.entry(key).or_default();
        if group.is_empty() {
            order.push(key);
        }
        group.push(cell);
    }
    order.iter().map(|key| summary_row(key, &groups[key])).collect()
}

fn summary_row(key: &[&str; 5], cells: &[&CellRow]) -> SummaryRow {
    let ulps: Summary = summarise(cells.iter().map(|cell| (outcome(cell), cell.ulps)));
    let total = summarise(cells.iter().map(|cell| (outcome(cell), cell.error_total)));
    let witness = ulps.witness.map(|i| cells[i]);
    let [model, scalar, op, variant, guard] = key.map(str::to_owned);
    SummaryRow {
        model,
        scalar,
        op,
        variant,
        guard,
        n: ulps.n,
        ok_share: ulps.ok_share,
        median_ulps: ulps.median,
        p99_ulps: ulps.p99,
        max_ulps: ulps.max,
        max_bits: witness.and_then(|cell| cell.bits),
        median_total: total.median,
        max_total: total.max,
        witness: witness.map(|cell| cell.index),
        witness_value: witness.map(|cell| hexadecimal(&cell.value)).unwrap_or_default(),
    }
}

/// The first number of a cell's value in hexadecimal, where it is an f64 or narrower.
fn hexadecimal(value: &str) -> String {
    let first = value.split(' ').next().unwrap_or_default();
    first.parse::<f64>().map(|x| crate::arithmetic::number::hexadecimal(&x)).unwrap_or_default()
}

/// For each model × arithmetic × variant × guard × kind of pair × tolerance: how far out the total error keeps below it.
pub fn clip_rows(cells: &[CellRow]) -> Vec<ClipRow> {
    let mut order = Vec::new();
    let mut groups: BTreeMap<[&str; 5], Vec<&CellRow>> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| cell.op == "distance") {
        let Some(pairs) = pairs(cell) else { continue };
        let key = [cell.model.as_str(), &cell.scalar, &cell.variant, &cell.guard, pairs];
        let group = groups.entry(key).or_default();
        if group.is_empty() {
            order.push(key);
        }
        group.push(cell);
    }
    let row = |key: &[&str; 5], tolerance: f64| {
        let cells = &groups[key];
        let holds = |error: fn(&CellRow) -> Option<f64>| {
            largest(cells, |cell| cell.radius, |cell| error(cell).is_some_and(|error| error.abs() <= tolerance))
        };
        let [model, scalar, variant, guard, pairs] = key.map(str::to_owned);
        let radius_holds = holds(|cell| cell.error_total);
        let clip = (radius_holds > 0.0).then(|| match model.as_str() {
            "poincare" => 1.0 - pxfm::f_tanh(radius_holds / 2.0),
            "klein" => 1.0 - pxfm::f_tanh(radius_holds),
            _ => pxfm::f_sinh(radius_holds),
        });
        // What storing costs does not depend on the formula: the own variant's cells show it.
        let floor_key = [key[0], key[1], BEST, "none", key[4]];
        let floor_cells = groups.get(&floor_key).unwrap_or(cells);
        let floor = |cell: &CellRow| cell.error_representation.is_some_and(|error| error.abs() <= tolerance);
        let radius_floor = largest(floor_cells, |cell| cell.radius, floor);
        ClipRow { model, scalar, variant, guard, pairs, tolerance, radius_holds, radius_floor, clip }
    };
    order.iter().flat_map(|key| TOLERANCES.iter().map(|tolerance| row(key, *tolerance)).collect::<Vec<_>>()).collect()
}

/// The largest value of an axis of the grid up to which every cell passes; 0 if the first does not.
pub(super) fn largest(cells: &[&CellRow], along: impl Fn(&CellRow) -> f64, passes: impl Fn(&CellRow) -> bool) -> f64 {
    let mut values: Vec<(f64, bool)> = cells.iter().map(|cell| (along(cell), passes(cell))).collect();
    values.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    // Where one cell of a value fails, it comes first.
    let held = values.iter().take_while(|(_, passes)| *passes);
    held.last().map_or(0.0, |(value, _)| *value)
}
