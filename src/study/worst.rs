//! Worst cases: the inputs on which a sweep found the library's own variants furthest from the truth, and a directed search every
//! variant, in files that only grow.

use super::reduce::Reduction;
use super::{GroupSpec, Layout};
use crate::arithmetic::Arithmetic;
use crate::arithmetic::number::hexadecimal;
use crate::formula::{BEST, Input, Model, Variant};
use crate::guard::NONE;
use crate::measure::Quantity;
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
    /// Whose error it is; empty: the library's own.
    #[serde(default)]
    variant: String,
}

impl WorstRow {
    fn is_of(&self, other: &WorstRow) -> bool {
        WorstRow { ulps: other.ulps, ..self.clone() } == *other
    }
}

/// The inputs, as stored, on which a variant was found farthest from the truth.
#[derive(Clone, Debug)]
pub struct Find {
    pub quantity: Quantity,
    pub model: Model,
    pub arithmetic: Arithmetic,
    pub variant: &'static Variant,
    /// Every number in hexadecimal.
    pub inputs: Inputs<String>,
    /// Units in the last place of the largest component.
    pub ulps: f64,
}

/// The worst case of every operation × model × arithmetic of the own variants without a guard.
#[derive(Default)]
pub struct Worst {
    found: BTreeMap<[String; 3], (f64, u64)>,
}

impl Reduction for Worst {
    fn first(&mut self, cell: &CellRow) {
        let Some(ulps) = cell.ulps.filter(|_| cell.variant == BEST && cell.guard == NONE.id) else { return };
        let key = [&cell.op, &cell.model, &cell.scalar].map(String::clone);
        let place = self.found.entry(key).or_insert((ulps, cell.index));
        if ulps > place.0 {
            *place = (ulps, cell.index);
        }
    }
    fn settle(&mut self) {}
    fn second(&mut self, _cell: &CellRow) {}
}

impl Worst {
    /// Adds to `folder`/OPERATION.csv what is not there yet. Rows are never dropped. Returns how many were added.
    pub fn keep(&self, folder: &Path, layout: &Layout) -> Result<usize, TableError> {
        let found = self.found.values().filter_map(|(ulps, cell)| Some((layout.group_of_cell(*cell)?, *ulps)));
        add(folder, found)
    }
}

fn add(folder: &Path, found: impl Iterator<Item = (GroupSpec, f64)>) -> Result<usize, TableError> {
    add_rows(folder, found.map(|(group, ulps)| (group.quantity.op.name(), case(&group, ulps))))
}

/// Adds what a directed search found of the variants to `folder`/OPERATION.csv, as [`Worst::keep`] does.
pub fn keep_finds(folder: &Path, finds: &[Find]) -> Result<usize, TableError> {
    let row = |find: &Find| {
        let id = if find.variant.id == BEST { String::new() } else { find.variant.id.to_owned() };
        let row = row(&find.quantity, find.model, find.arithmetic, &find.inputs, find.ulps);
        (find.quantity.op.name(), WorstRow { variant: id, ..row })
    };
    add_rows(folder, finds.iter().map(row))
}

fn add_rows(folder: &Path, found: impl Iterator<Item = (&'static str, WorstRow)>) -> Result<usize, TableError> {
    let mut files: BTreeMap<&str, Vec<WorstRow>> = BTreeMap::new();
    for (op, row) in found {
        files.entry(op).or_default().push(row);
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
            writeln!(
                out,
                "# Worst cases that were found; rows are only ever added (hypprec sweep --worst, hypprec choose --worst)."
            )?;
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
    row(quantity, group.model, group.arithmetic, &hex, ulps)
}

fn row(quantity: &Quantity, model: Model, arithmetic: Arithmetic, hex: &Inputs<String>, ulps: f64) -> WorstRow {
    let vector = |input: Input| hex.vector(input).map_or(String::new(), |x| x.join(" "));
    WorstRow {
        model: model.to_string(),
        scalar: arithmetic.to_string(),
        to: if quantity.to == model { String::new() } else { quantity.to.to_string() },
        by: quantity.gradient.map_or(String::new(), |by| by.to_string()),
        c: hex.c.clone(),
        x: vector(Input::X),
        y: vector(Input::Y),
        v: vector(Input::V),
        p: vector(Input::P),
        a: vector(Input::A),
        t: hex.t.clone().unwrap_or_default(),
        ulps,
        variant: String::new(),
    }
}
