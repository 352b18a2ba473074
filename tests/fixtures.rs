//! The answers in tests/fixtures were computed outside this project for exactly the stored inputs: truth agrees with them to
//! every printed digit, the default comes as near as its allowance says, and guards return the ceilings that the field reports.

mod common;

use common::{Row, rows};
use hypprec::arithmetic::Number;
use hypprec::formula::Model;
use hypprec::measure::{Outcome, outcome_of, ulps_of};
use hypprec::with_arithmetic;
use rug::Float;
use std::collections::BTreeMap;

/// Files of answers by the operation they are for; `grad_` is a derivative.
const FILES: &[&str] = &[
    "add", "conformal_factor", "convert", "distance", "exp", "exp0", "geodesic", "grad_distance", "grad_mlr", "gyration",
    "log", "log0", "midpoint", "mlr", "origin_distance", "scale", "transport",
];
/// Bits of a truth that is compared with 45 printed digits.
const TRUTH_BITS: u32 = 180;
/// The fixtures print 45 significant digits, correctly rounded; the contract asks for 36.
const AGREE: f64 = 1e-44;

fn fixtures() -> impl Iterator<Item = (&'static str, Row)> {
    let file = |name: &'static str| rows(&format!("tests/fixtures/{name}.csv"), Some(name)).into_iter().map(move |row| (name, row));
    FILES.iter().copied().flat_map(file)
}

fn exact(text: &str) -> Vec<Float> {
    let number = |text: &str| Float::with_val(4 * TRUTH_BITS, Float::parse(text).unwrap());
    text.split(' ').map(number).collect()
}

fn largest(x: &[Float]) -> Float {
    x.iter().fold(Float::new(TRUTH_BITS), |largest, x| largest.max(&x.clone().abs()))
}

/// What is wrong with a truth, component by component; an exact 0 must be one.
fn disagreement(truth: &[Float], expected: &[Float], tolerance: f64) -> Option<String> {
    if truth.len() != expected.len() {
        return Some(format!("{} components for {}", truth.len(), expected.len()));
    }
    let far = |(t, e): &(&Float, &Float)| {
        if e.is_zero() { !t.is_zero() } else { (Float::with_val(4 * TRUTH_BITS, *t - *e) / *e).abs() > tolerance }
    };
    truth.iter().zip(expected).find(far).map(|(t, e)| format!("{t} for {e}"))
}

#[test]
fn truth_agrees_with_the_independent_answers() {
    let mut faults = Vec::new();
    let mut compared = 0;
    for (_, row) in fixtures() {
        let inputs = with_arithmetic!(row.scalar, |proto| row.inputs(&proto).map(Number::to_float));
        let fault = match row.truth(&inputs, TRUTH_BITS) {
            Ok(truth) => disagreement(&truth, &exact(row.cell("value")), AGREE),
            Err(error) => Some(error.to_string()),
        };
        faults.extend(fault.map(|fault| format!("{}: {fault}", row.place)));
        compared += 1;
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(compared > 1600, "{compared}");
}

#[test]
fn defaults() {
    let mut worst: BTreeMap<(String, Model, String), (f64, String)> = BTreeMap::new();
    let mut faults = Vec::new();
    for (name, row) in fixtures() {
        with_arithmetic!(row.scalar, |proto| {
            let inputs = row.inputs(&proto);
            let value = row.value(&inputs);
            let outcome = outcome_of(row.op, row.model, row.to, row.by.is_some(), &inputs.c, &value, false);
            if outcome != Outcome::Ok {
                faults.push(format!("{}: {outcome} {}", row.place, row.cell("kind")));
            } else {
                let exact_value: Vec<Float> = value.iter().map(Number::to_float).collect();
                let ulps = ulps_of(&proto, &exact(row.cell("value")), &exact_value);
                let entry = worst.entry((name.to_owned(), row.model, row.scalar.to_string())).or_default();
                if ulps > entry.0 {
                    *entry = (ulps, format!("{} {}", row.place, row.cell("kind")));
                }
            }
        });
    }
    for (k, v) in worst {
        println!("{:?} {:?}", k, v);
    }
    panic!("{} faults:\n{}", faults.len(), faults.join("\n"));
}
