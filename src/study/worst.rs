//! Worst cases: the inputs on which a sweep found the library's own variants furthest from the truth, in files that only grow.

use super::GroupSpec;
use crate::arithmetic::number::hexadecimal;
use crate::formula::{BEST, Input};
use crate::guard::NONE;
use crate::oracle::Inputs;
use crate::table::{self, CellRow, TableError, write_atomic, write_rows};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The inputs of one evaluation, every number in hexadecimal, and how far from the truth it was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct WorstRow {
    model: String,
    scalar: String,
    /// The model that a conversion goes to, and the input that a derivative is by; empty elsewhere.
    to: String,
    by: String,
    c: String,
    x: String,
    y: String,
    v: String,
    p: String,
    a: String,
    t: String,
    /// Units in the last place of the largest component, when the row was added.
    ulps: f64,
}

impl WorstRow {
    fn is_of(&self, other: &WorstRow) -> bool {
        WorstRow { ulps: other.ulps, ..self.clone() } == *other
    }
}

/// Adds to `folder`/OPERATION.csv the worst case of every operation × model × arithmetic of the own variants without a guard
/// that is not there yet. Rows are never dropped. Returns how many were added.
pub fn keep_worst(folder: &Path, groups: &[GroupSpec], rows: &[CellRow]) -> Result<usize, TableError> {
    let own = rows.iter().filter(|row| row.variant == BEST && row.guard == NONE.id);
    let mut worst: BTreeMap<[&str; 3], (f64, u64)> = BTreeMap::new();
    for row in own {
        let Some(ulps) = row.ulps else { continue };
        let place = worst.entry([&row.op, &row.model, &row.scalar]).or_insert((ulps, row.index));
        if ulps > place.0 {
            *place = (ulps, row.index);
        }
    }
    let mut files: BTreeMap<&str, Vec<WorstRow>> = BTreeMap::new();
    for (ulps, cell) in worst.into_values() {
        let index = groups.partition_point(|group| group.first_cell <= cell) - 1;
        files.entry(groups[index].quantity.op.name()).or_default().push(case(&groups[index], ulps));
    }
    fs::create_dir_all(folder).map_err(TableError::io(folder))?;
    let mut added = 0;
    for (op, found) in files {
        let path = folder.join(format!("{op}.csv"));
        let mut kept: Vec<WorstRow> = if path.exists() { table::read(&path)? } else { Vec::new() };
        let before = kept.len();
        for row in found {
            if !kept.iter().any(|known| known.is_of(&row)) {
                kept.push(row);
            }
        }
        added += kept.len() - before;
        write_atomic(&path, |out| {
            writeln!(out, "# Worst cases that sweeps have found; rows are only ever added (hypprec sweep --worst).")?;
            write_rows(out, &kept, true)
        })?;
    }
    Ok(added)
}

fn case(group: &GroupSpec, ulps: f64) -> WorstRow {
    let quantity = &group.quantity;
    let hex: Inputs<String> = crate::with_arithmetic!(group.arithmetic, |proto| {
        group.sample.encode(quantity.op, group.model, quantity.to, &proto).map(hexadecimal)
    });
    let vector = |input: Input| hex.vector(input).map_or(String::new(), |x| x.join(" "));
    WorstRow {
        model: group.model.to_string(),
        scalar: group.arithmetic.to_string(),
        to: if quantity.to == group.model { String::new() } else { quantity.to.to_string() },
        by: quantity.gradient.map_or(String::new(), |by| by.to_string()),
        c: hex.c.clone(),
        x: vector(Input::X),
        y: vector(Input::Y),
        v: vector(Input::V),
        p: vector(Input::P),
        a: vector(Input::A),
        t: hex.t.clone().unwrap_or_default(),
        ulps,
    }
}
