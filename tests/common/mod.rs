//! What the tests share: how many random cases there are, and rows of inputs that every arithmetic can read.
//!
//! Every test is a crate of its own and takes from here what it needs.
#![allow(dead_code)]

use hypprec::arithmetic::number::parse;
use hypprec::arithmetic::{Arithmetic, Number, Scalar};
use hypprec::formula::{Answer, BEST, Clamps, Input, Model, Op, Role, variant};
use hypprec::oracle::{Inputs, Uncertified, gradient_of, gradient_truth, truth, value_of};
use proptest::test_runner::{Config as ProptestConfig, RngSeed};
use rug::Float;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};

/// What `HYPPREC_LONG=1` multiplies every number of random cases by: minutes instead of seconds.
const LONG_FACTOR: u32 = 50;

/// Random cases of each property in a quick run.
pub const PROPERTY_CASES: u32 = 24;
/// Damaged files that a reader is given in a quick run.
pub const FUZZ_CASES: u32 = 400;

/// Where quick runs draw their cases from: a change is judged on the same ones each time.
const QUICK_SEED: u64 = 20_261_124;

/// The number of random cases to run: `quick`, or many more behind `HYPPREC_LONG=1`.
pub fn cases(quick: u32) -> u32 {
    if long() { LONG_FACTOR * quick } else { quick }
}

pub fn long() -> bool {
    std::env::var("HYPPREC_LONG").is_ok_and(|value| value == "1")
}

/// The runner of a property: quick runs draw the same cases each time, long ones new cases.
pub fn property(quick: u32) -> ProptestConfig {
    let rng_seed = if long() { RngSeed::Random } else { RngSeed::Fixed(QUICK_SEED) };
    ProptestConfig { cases: cases(quick), failure_persistence: None, rng_seed, ..ProptestConfig::default() }
}

/// A path below the root of the repository.
pub fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// One row of inputs as text, and what is asked of it.
#[derive(Clone, Debug)]
pub struct Row {
    /// File and line, for messages.
    pub place: String,
    pub op: Op,
    /// The input by which the operation is differentiated, where it is.
    pub by: Option<Input>,
    pub model: Model,
    pub to: Model,
    pub scalar: Arithmetic,
    pub cells: BTreeMap<String, String>,
}

impl Row {
    /// A cell; empty where there is no such column.
    pub fn cell(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }

    /// The inputs, each number rounded once to `like`'s arithmetic.
    pub fn inputs<S: Number>(&self, like: &S) -> Inputs<S> {
        let number = |text: &str| parse(like, text).unwrap_or_else(|| panic!("{}: `{text}`", self.place));
        let mut inputs = Inputs::new(self.model, number(self.cell("c")));
        inputs.to = self.to;
        for (input, role) in self.op.inputs() {
            let cell = self.cell(input.name());
            if *role == Role::Number {
                inputs.t = Some(number(cell));
            } else if let Some(place) = inputs.vector_mut(*input) {
                *place = Some(cell.split(' ').map(number).collect());
            }
        }
        inputs
    }
}

/// What the library's default gives for an operation, or for its derivative, in the inputs' own arithmetic.
pub fn value<S: Scalar>(op: Op, by: Option<Input>, inputs: &Inputs<S>) -> Vec<S> {
    let best = variant(op, inputs.model, BEST).unwrap();
    match by {
        None => components(value_of(best, Clamps::NONE, inputs)),
        Some(by) => gradient_of(best, Clamps::NONE, inputs, Some(by), |x| x),
    }
}

/// The certified answer for exactly these inputs.
pub fn certified(op: Op, by: Option<Input>, inputs: &Inputs<Float>, bits: u32) -> Result<Vec<Float>, Uncertified> {
    let best = variant(op, inputs.model, BEST)?;
    match by {
        None => truth(best, inputs, bits).map(components),
        Some(by) => gradient_truth(best, inputs, Some(by), bits),
    }
}

/// Bits beyond the arithmetic's own with which a shift by half a unit in the last place is seen.
const SHIFT_BITS: u32 = 40;

/// Whether storing the inputs may have cost each component at least as much as `excess`: Σ over all coordinates of |answer
/// with this coordinate half a unit in the last place further out (or in, where out is outside) − answer|.
pub fn storage_explains<S: Number>(op: Op, by: Option<Input>, inputs: &Inputs<S>, excess: &[Float]) -> bool {
    let bits = inputs.c.bits() + SHIFT_BITS;
    let exact = inputs.map(Number::to_float);
    let answer = certified(op, by, &exact, bits).unwrap();
    let mut left = excess.to_vec();
    for (input, role) in op.inputs() {
        let n = exact.vector(*input).map_or(0, Vec::len);
        for i in (0..n).filter(|_| *role != Role::Number) {
            // One coordinate is usually enough.
            if left.iter().all(|left| *left <= 0) {
                return true;
            }
            let moved = |sign: i32| {
                let mut moved = exact.clone();
                let place = &mut moved.vector_mut(*input).unwrap().as_mut().unwrap()[i];
                let half_ulp = inputs.c.ulp(place) / 2;
                let wide = Float::with_val(4 * bits, &*place);
                *place = if place.is_sign_negative() == (sign > 0) { wide - half_ulp } else { wide + half_ulp };
                certified(op, by, &moved, bits)
            };
            let Ok(moved) = moved(1).or_else(|_| moved(-1)) else { continue };
            for ((left, moved), answer) in left.iter_mut().zip(moved).zip(&answer) {
                *left -= (moved - answer).abs();
            }
        }
    }
    left.iter().all(|left| *left <= 0)
}

/// The components of an answer.
pub fn components<S>(answer: Answer<Vec<S>, S>) -> Vec<S> {
    match answer {
        Answer::Scalar(x) => vec![x],
        Answer::Vector(x) => x,
    }
}

/// The rows of a CSV file of inputs. `op` and `by` are columns, or come with `default_op` from the file's name.
pub fn rows(path: &str, default_op: Option<&str>) -> Vec<Row> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_path(repository(path)).unwrap();
    let columns: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let row = |record: csv::StringRecord| {
        let line = record.position().map_or(0, csv::Position::line);
        let cells: BTreeMap<String, String> = columns.iter().cloned().zip(record.iter().map(str::to_owned)).collect();
        let cell = |column: &str| cells.get(column).map_or("", String::as_str);
        let name = default_op.unwrap_or(cell("op"));
        let (op, by) = match name.strip_prefix("grad_") {
            Some(op) => (op, Some(if cell("by").is_empty() { "x" } else { cell("by") })),
            None => (name, Some(cell("by")).filter(|by| !by.is_empty())),
        };
        let model: Model = cell("model").parse().unwrap();
        Row {
            place: format!("{path}: line {line}"),
            op: op.parse().unwrap(),
            by: by.map(|by| by.parse().unwrap()),
            model,
            to: if cell("to").is_empty() { model } else { cell("to").parse().unwrap() },
            scalar: cell("scalar").parse().unwrap(),
            cells,
        }
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

/// What the program says to words that hold no spaces of their own.
pub fn hypprec(words: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hypprec")).args(words.split_whitespace()).output().unwrap()
}

/// What it says as JSON.
pub fn json(words: &str) -> serde_json::Value {
    let output = hypprec(words);
    assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
