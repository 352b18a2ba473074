//! The worst cases that were found stay found: on every row of studies/worst the default, or the variant that the row names, is no
//! further from the truth than when the row was added.

mod common;

use common::{Row, certified, components, repository, rows, value};
use hypprec::arithmetic::{Number, Scalar};
use hypprec::formula::{Clamps, variant};
use hypprec::measure::ulps_of;
use hypprec::oracle::{Inputs, gradient_of, value_of};
use hypprec::with_arithmetic;
use rug::Float;
use std::fs;

/// Bits of the truth beyond twice those of the arithmetic under test.
const GUARD_BITS: u32 = 60;
/// The recorded ulps are printed in full: nothing but the last bit of their own computation may differ.
const SAME: f64 = 1.0 + 1e-12;

/// What the row's variant gives.
fn answer<S: Scalar>(row: &Row, inputs: &Inputs<S>) -> Vec<S> {
    let variant = match row.cell("variant") {
        "" => return value(row.op, row.by, inputs),
        id => variant(row.op, row.model, id).unwrap(),
    };
    match row.by {
        None => components(value_of(variant, Clamps::NONE, inputs)),
        Some(by) => gradient_of(variant, Clamps::NONE, inputs, Some(by), |x| x),
    }
}

#[test]
fn no_worst_case_has_become_worse() {
    let mut checked = 0;
    let mut worse = Vec::new();
    for entry in fs::read_dir(repository("studies/worst")).unwrap() {
        let path = entry.unwrap().path();
        let op = path.file_stem().unwrap().to_str().unwrap().to_owned();
        for row in rows(&format!("studies/worst/{op}.csv"), Some(&op)) {
            with_arithmetic!(row.scalar, |proto| {
                let inputs = row.inputs(&proto);
                let bits = 2 * proto.bits() + GUARD_BITS;
                let truth = certified(row.op, row.by, &inputs.map(Number::to_float), bits).unwrap();
                let value = answer(&row, &inputs);
                let value: Vec<Float> = value.iter().map(Number::to_float).collect();
                let (ulps, allowed) = (ulps_of(&proto, &truth, &value), row.cell("ulps").parse::<f64>().unwrap());
                if ulps.is_nan() || ulps > allowed * SAME {
                    worse.push(format!(
                        "{} {} {}: {ulps} ulps, {allowed} when it was added",
                        row.place, row.model, row.scalar
                    ));
                }
                checked += 1;
            });
        }
    }
    assert!(worse.is_empty(), "{} of {checked}:\n{}", worse.len(), worse.join("\n"));
    assert!(checked > 100, "only {checked} rows");
}
