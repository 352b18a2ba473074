//! The answers in tests/fixtures were computed outside this project for exactly the stored inputs: truth agrees with them to
//! every printed digit, the default comes as near as its allowance says, and guards return the ceilings that the field reports.

mod common;

use common::{Row, certified, components, rows, storage_explains, value};
use hypprec::arithmetic::{Arithmetic, Number, Real};
use hypprec::formula::{Model, Op, variant};
use hypprec::guard::{Precision, guard};
use hypprec::measure::{Outcome, clip, outcome_of, ulps_of};
use hypprec::oracle::value_of;
use hypprec::with_arithmetic;
use rug::Float;
use std::collections::BTreeMap;

/// Files of answers by the operation they are for; `grad_` is a derivative.
const FILES: &[&str] = &[
    "add",
    "conformal_factor",
    "convert",
    "distance",
    "exp",
    "exp0",
    "geodesic",
    "grad_distance",
    "grad_mlr",
    "gyration",
    "log",
    "log0",
    "midpoint",
    "mlr",
    "origin_distance",
    "scale",
    "transport",
];
/// Bits of a truth that is compared with 45 printed digits.
const TRUTH_BITS: u32 = 180;
/// The fixtures print 45 significant digits, correctly rounded; the contract asks for 36.
const AGREE: f64 = 1e-44;

fn fixtures() -> impl Iterator<Item = (&'static str, Row)> {
    let file = |name: &'static str| {
        rows(&format!("tests/fixtures/{name}.csv"), Some(name)).into_iter().map(move |row| (name, row))
    };
    FILES.iter().copied().flat_map(file)
}

fn exact(text: &str) -> Vec<Float> {
    let number = |text: &str| Float::with_val(4 * TRUTH_BITS, Float::parse(text).unwrap());
    text.split(' ').map(number).collect()
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
        let fault = match certified(row.op, row.by, &inputs, TRUTH_BITS) {
            Ok(truth) => disagreement(&truth, &exact(row.cell("value")), AGREE),
            Err(error) => Some(error.to_string()),
        };
        faults.extend(fault.map(|fault| format!("{}: {fault}", row.place)));
        compared += 1;
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(compared > 1600, "{compared}");
}

/// Where a default may be further off than one unit in the last place of the largest component, though storing its inputs did
/// not cost it: operation, model, arithmetic, units, reason.
const ALLOWANCES: &[(&str, Model, Arithmetic, f64, &str)] = &[];
/// Everywhere else: one rounding of a wide result, and what pulling it inside the ball may add.
const ALLOWED: f64 = 1.0;

fn allowance(name: &str, row: &Row) -> f64 {
    let of_row = |(op, model, scalar, ..): &&(&str, Model, Arithmetic, f64, &str)| {
        *op == name && *model == row.model && *scalar == row.scalar
    };
    ALLOWANCES.iter().find(of_row).map_or(ALLOWED, |(.., ulps, _)| *ulps)
}

/// How many ulps the default is off in a row beyond what storing the inputs cost; an error where it is no answer at all.
fn excess<S: Number>(row: &Row, like: &S) -> Result<f64, String> {
    let inputs = row.inputs(like);
    let answer = value(row.op, row.by, &inputs);
    let outcome = outcome_of(row.op, row.model, row.to, row.by.is_some(), &inputs.c, &answer, false);
    if outcome != Outcome::Ok {
        return Err(format!("{}: {outcome}", row.place));
    }
    let (truth, answer) = (exact(row.cell("value")), answer.iter().map(Number::to_float).collect::<Vec<Float>>());
    let ulps = ulps_of(like, &truth, &answer);
    if ulps <= ALLOWED {
        return Ok(ulps);
    }
    let beyond_one = |(a, t): (&Float, &Float)| Float::with_val(4 * TRUTH_BITS, a - t).abs() - like.ulp(t);
    let excess: Vec<Float> = answer.iter().zip(&truth).map(beyond_one).collect();
    Ok(if storage_explains(row.op, row.by, &inputs, &excess) { ALLOWED } else { ulps })
}

#[test]
fn defaults_lose_no_more_than_storing_did() {
    let mut faults = Vec::new();
    let mut needed: BTreeMap<(&str, Model, Arithmetic), f64> = BTreeMap::new();
    for (name, row) in fixtures() {
        match with_arithmetic!(row.scalar, |proto| excess(&row, &proto)) {
            Ok(ulps) if ulps <= allowance(name, &row) => {
                let most = needed.entry((name, row.model, row.scalar)).or_default();
                *most = most.max(ulps);
            }
            Ok(ulps) => faults.push(format!("{}: {ulps} ulps ({})", row.place, row.cell("kind"))),
            Err(fault) => faults.push(fault),
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    for (name, model, scalar, allowed, _) in ALLOWANCES {
        // An allowance of more than twice what is needed hides the next defect.
        let most = needed[&(*name, *model, *scalar)];
        assert!(most * 2.0 > *allowed, "{name} {model} {scalar} needs {most} ulps: lower or delete its allowance");
    }
}

/// The project's name of a guard as the fixtures describe it, and whether its clip acts (the row is about a clamp otherwise).
const EMULATED: &[(&str, &str, bool)] = &[
    ("geoopt artanh 1e-7", "geoopt", false),
    ("geoopt project 4e-3", "geoopt", true),
    ("geoopt project 1e-5", "geoopt", true),
    ("geoopt sqrt floor 1e-15", "geoopt-lorentz", false),
    ("hyptorch artanh 1e-5", "hyptorch", false),
    ("hyptorch project 1e-3", "hyptorch", true),
    ("hyptorch Moebius denominator 1e-5", "hyptorch", false),
    ("hgcn squared distance 50", "hgcn-lorentz", false),
];

/// The published formula that a library runs under its guard.
fn library_formula(op: Op, model: Model) -> &'static str {
    match (op, model) {
        (Op::Distance, Model::Poincare) => "B1",
        (Op::Distance, _) => "L1",
        _ => "artanh",
    }
}

/// geoopt's clip is wider in f32: its row in f64 states it all the same.
fn clip_bits(described: &str, bits: u32) -> u32 {
    if described.ends_with("4e-3") { f32::MANTISSA_DIGITS } else { bits }
}

#[test]
fn the_field_reports_what_we_find() {
    let mut faults = Vec::new();
    let mut emulated = 0;
    for row in rows("tests/fixtures/field.csv", None) {
        let digits: i32 = row.cell("digits").parse().unwrap();
        let expected = exact(row.cell("value"));
        let described = row.cell("guard");
        let got: Vec<Float> = with_arithmetic!(row.scalar, |proto| {
            let inputs = row.inputs(&proto);
            let answer = match EMULATED.iter().find(|(text, ..)| *text == described) {
                None => {
                    assert!(described.is_empty(), "{}: no guard `{described}`", row.place);
                    value(row.op, row.by, &inputs)
                }
                Some((_, id, clips)) => {
                    emulated += 1;
                    let guard = guard(id).unwrap();
                    let precision = Precision { bits: clip_bits(described, proto.bits()) };
                    let clipped = if *clips { clip(guard, precision, row.op, inputs) } else { inputs };
                    let formula = variant(row.op, row.model, library_formula(row.op, row.model)).unwrap();
                    components(value_of(formula, guard.clamps, &clipped))
                }
            };
            let outcome = outcome_of(row.op, row.model, row.to, false, &proto.lit(1.0), &answer, false);
            if row.cell("c") == "1" && outcome != Outcome::Ok {
                faults.push(format!("{}: {outcome}", row.place));
            }
            answer.iter().map(Number::to_float).collect()
        });
        // A unit of the last digit that is reported (others' f64 need not be correctly rounded), or a rounding of the
        // arithmetic where all 45 are known.
        let bits = with_arithmetic!(row.scalar, |proto| proto.bits() as i32);
        let tolerance = 10f64.powi(1 - digits).max(2f64.powi(1 - bits));
        let size = expected.iter().fold(Float::with_val(TRUTH_BITS, 0), |m, x| m.max(&x.clone().abs()));
        for (g, e) in got.iter().zip(&expected) {
            let error = Float::with_val(4 * TRUTH_BITS, g - e).abs();
            let exact_zero = size.is_zero() && !g.is_zero();
            if exact_zero || error > Float::with_val(TRUTH_BITS, &size * tolerance) {
                faults.push(format!("{}: {} for {} ({})", row.place, g.to_f64(), e.to_f64(), row.cell("note")));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(emulated >= 11, "{emulated}");
}
