//! The adversary that stays: hostile rows for every operation, model and arithmetic, each against the certified truth and the
//! truth against its second path, reduced to the worst of each and to every row that is a fault.

use super::Progress;
use crate::arithmetic::Number;
use crate::arithmetic::number::{decimal, hexadecimal, print};
use crate::formula::{BEST, Input, UnknownName};
use crate::guard::NONE;
use crate::measure::{Attack, Outcome, Second, attack, summarise};
use crate::oracle::{Hostile, Inputs, Uncertified, hostile};
use crate::table::{FindRow, SummaryRow};
use rayon::prelude::*;
use rug::Float;
use std::collections::BTreeMap;

/// What every row of the study draws from, with its own index.
pub const SEED: u64 = 20_261_126;
/// Rows that the gate attacks: seven of each operation, model and arithmetic.
pub const GATE_ROWS: u64 = 5_000;

/// Most an own number, point and gradient may be off: 2 ulps, 4 u, 8 u.
pub const MOST_ULPS: f64 = 2.0;
pub const MOST_UNITS: f64 = 4.0;
pub const MOST_GRADIENT_UNITS: f64 = 8.0;
/// Rows that a thread takes at a time: few, for one that is slow to certify takes as long as ten thousand others.
const TURN: u64 = 16;
/// Faults of one kind of one operation, model and arithmetic that are told in full; all are counted.
const TOLD: usize = 3;
/// Significant digits of the truth in a find.
const TRUTH_DIGITS: usize = 20;
/// Coordinates of a vector that a find shows.
const SHOWN: usize = 8;

/// What a search came to.
#[derive(Clone, Debug)]
pub struct Search {
    /// One row for each operation, model and arithmetic: errors in ulps of numbers, in u of points, vectors and gradients.
    pub summary: Vec<SummaryRow>,
    /// The faults by operation, model, arithmetic and kind, the worst of each first.
    pub finds: Vec<FindRow>,
}

/// What is left of an attacked row.
struct Told {
    index: u64,
    outcome: Outcome,
    error: Option<f64>,
    /// The truth is a number that the arithmetic holds, or the answer is one.
    counted: bool,
    fault: Option<&'static str>,
}

/// Attacks the rows with these indices.
pub fn search(seed: u64, rows: std::ops::Range<u64>, progress: &dyn Progress) -> Result<Search, UnknownName> {
    let turns: Vec<u64> = rows.clone().step_by(TURN as usize).collect();
    let turn = |start: u64| {
        let end = (start + TURN).min(rows.end);
        let told: Result<Vec<Told>, UnknownName> = (start..end).map(|index| tell(seed, index)).collect();
        progress.finished(end - start);
        told
    };
    let told: Vec<Vec<Told>> = turns.into_par_iter().with_max_len(1).map(turn).collect::<Result<_, _>>()?;
    let mut groups: BTreeMap<(String, String, String), Vec<Told>> = BTreeMap::new();
    for told in told.into_iter().flatten() {
        let Hostile { request, arithmetic, .. } = hostile(seed, told.index);
        let key = (request.to_string(), request.model.to_string(), arithmetic.to_string());
        groups.entry(key).or_default().push(told);
    }
    let (mut summary, mut faults) = (Vec::new(), Vec::new());
    for ((op, model, scalar), mut rows) in groups {
        summary.push(reduced(&op, &model, &scalar, &rows));
        // The worst first; of those without an error the first.
        rows.sort_by(|a, b| b.error.unwrap_or(0.0).total_cmp(&a.error.unwrap_or(0.0)).then(a.index.cmp(&b.index)));
        let mut of_kind: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for row in &rows {
            if let Some(fault) = row.fault {
                of_kind.entry(fault).or_default().push(row.index);
            }
        }
        for (fault, indices) in of_kind {
            faults.extend(indices.iter().take(TOLD).map(|index| (*index, fault, indices.len() as u64)));
        }
    }
    // Those that are slow to certify come again: side by side.
    let found = faults.into_par_iter().with_max_len(1).map(|(index, fault, rows)| find(seed, index, fault, rows));
    Ok(Search { summary, finds: found.collect::<Result<_, _>>()? })
}

fn tell(seed: u64, index: u64) -> Result<Told, UnknownName> {
    let row = hostile(seed, index);
    crate::with_arithmetic!(row.arithmetic, |proto| {
        let attack = attack(&row.request, &row.inputs(&proto))?;
        let fault = fault(&row, &attack);
        let counted = attack.owed || attack.error.is_some();
        Ok(Told { index, outcome: attack.outcome, error: attack.error, counted, fault })
    })
}

/// What is wrong with a row, if anything is: the truth before the answer.
fn fault(row: &Hostile, attack: &Attack) -> Option<&'static str> {
    let most = match (row.request.by, row.request.in_units()) {
        (Some(_), _) => MOST_GRADIENT_UNITS,
        (None, true) => MOST_UNITS,
        (None, false) => MOST_ULPS,
    };
    match (&attack.truth, &attack.second) {
        (Err(Uncertified::Infinite), _) => None,
        (Err(_), _) => Some("uncertified"),
        (_, Some(Second::Differs(_))) => Some("truth false"),
        (_, Some(Second::Undecided)) => Some("second path undecided"),
        _ if attack.no_answer() => Some("no answer"),
        // An answer is owed no closer than the arithmetic can hold the truth.
        _ if attack.owed && attack.error.is_some_and(|error| error > most) => Some("too far off"),
        _ => None,
    }
}

fn reduced(op: &str, model: &str, scalar: &str, rows: &[Told]) -> SummaryRow {
    let counted: Vec<&Told> = rows.iter().filter(|row| row.counted).collect();
    // A point rounded onto the rim is an answer whose error counts; it is a fault only where it was owed.
    let all = summarise(counted.iter().map(|row| {
        let ok = row.fault != Some("no answer") && row.error.is_some();
        (if ok { Outcome::Ok } else { row.outcome }, row.error)
    }));
    SummaryRow {
        model: model.to_owned(),
        scalar: scalar.to_owned(),
        op: op.to_owned(),
        variant: BEST.to_owned(),
        guard: NONE.id.to_owned(),
        n: all.n,
        ok_share: all.ok_share,
        median_ulps: all.median,
        p99_ulps: all.p99,
        max_ulps: all.max,
        max_bits: None,
        median_total: None,
        max_total: None,
        witness: all.witness.map(|place| counted[place].index),
        witness_value: String::new(),
    }
}

/// A fault with its inputs, drawn and attacked again, and how many rows have one of its kind.
fn find(seed: u64, index: u64, fault: &str, rows: u64) -> Result<FindRow, UnknownName> {
    let row = hostile(seed, index);
    crate::with_arithmetic!(row.arithmetic, |proto| {
        let inputs = row.inputs(&proto);
        let attack = attack(&row.request, &inputs)?;
        let right = match (&attack.truth, &attack.second) {
            (Err(error), _) => error.to_string(),
            (Ok(truth), Some(Second::Differs(second))) => {
                format!(
                    "{} or {}",
                    shown(truth, |x| decimal(x, TRUTH_DIGITS)),
                    shown(second, |x| decimal(x, TRUTH_DIGITS))
                )
            }
            (Ok(truth), _) => shown(truth, |x| decimal(x, TRUTH_DIGITS)),
        };
        Ok(FindRow {
            index,
            fault: fault.to_owned(),
            rows,
            op: row.request.to_string(),
            model: row.request.model.to_string(),
            scalar: row.arithmetic.to_string(),
            inputs: written(&inputs),
            error: attack.error,
            got: shown(&attack.value, |x| print(&proto.nearest(x))),
            right,
        })
    })
}

fn shown(components: &[Float], print: impl Fn(&Float) -> String) -> String {
    let mut text = components.iter().take(SHOWN).map(print).collect::<Vec<_>>().join(" ");
    if components.len() > SHOWN {
        text += " …";
    }
    text
}

/// Inputs in hexadecimal, `name number…; …`.
pub fn written<S: Number>(inputs: &Inputs<S>) -> String {
    let mut text = format!("c {}", hexadecimal(&inputs.c));
    for input in [Input::X, Input::Y, Input::V, Input::P, Input::A] {
        if let Some(vector) = inputs.vector(input) {
            text += &format!("; {input} {}", vector.iter().map(hexadecimal).collect::<Vec<_>>().join(" "));
        }
    }
    if let Some(t) = &inputs.t {
        text += &format!("; t {}", hexadecimal(t));
    }
    text
}
