//! The adversary that stays: hostile rows are valid inputs and the same ones everywhere, and the certified truth agrees with a
//! second path that shares no formula with it.

mod common;

use common::cases;
use hypprec::arithmetic::Number;
use hypprec::formula::{Model, Role};
use hypprec::measure::storage_outcome;
use hypprec::oracle::{ARITHMETICS, beyond_the_rim, hostile, requests};
use hypprec::study::Progress;
use hypprec::study::adversary::{SEED, search, written};
use hypprec::with_arithmetic;
use std::process::{Command, Output};

/// Rows in a quick run: three of each operation, model and arithmetic.
const ROWS: u32 = 2_000;

/// Nobody to tell.
struct Deaf;

impl Progress for Deaf {
    fn finished(&self, _cells: u64) {}
}

#[test]
fn hostile_rows_are_valid_inputs_of_every_kind() {
    let (mut seen, mut one, mut large, mut on_axis) = (0, 0, 0, 0);
    for index in 0..u64::from(cases(ROWS)) {
        let row = hostile(SEED, index);
        with_arithmetic!(row.arithmetic, |proto| {
            let inputs = row.inputs(&proto);
            let exact = inputs.map(Number::to_float);
            let text = written(&inputs);
            assert_eq!(storage_outcome(row.request.op, &inputs, &exact), None, "{index}: {text}");
            let ball = matches!(row.request.model, Model::Poincare | Model::Klein);
            for (input, role) in row.request.op.inputs() {
                let Some(x) = exact.vector(*input) else { continue };
                assert!(!(ball && *role == Role::Point && beyond_the_rim(&exact.c, x)), "{index}: {text}");
                one += usize::from(x.len() == 1);
                large += usize::from(x.len() >= 64);
                on_axis += usize::from(x.len() > 1 && x.iter().filter(|x| !x.is_zero()).count() == 1);
            }
            assert_eq!(text, written(&hostile(SEED, index).inputs(&proto)), "{index}");
            seen += 1;
        });
    }
    assert!(seen >= ROWS && one > 100 && large > 5 && on_axis > 100, "{seen} {one} {large} {on_axis}");
}

#[test]
fn every_operation_model_and_arithmetic_is_attacked() {
    let all = (requests().len() * ARITHMETICS.len()) as u64;
    let mut met = std::collections::BTreeSet::new();
    for index in 0..all {
        let row = hostile(SEED, index);
        met.insert((row.request, row.arithmetic));
    }
    assert_eq!(met.len() as u64, all);
}

#[test]
fn the_second_path_finds_no_certified_answer_false() {
    let found = search(SEED, 0..u64::from(cases(ROWS)), &Deaf).unwrap();
    let false_truths: Vec<_> =
        found.finds.iter().filter(|find| !["no answer", "too far off"].contains(&find.fault.as_str())).collect();
    assert!(false_truths.is_empty(), "{false_truths:#?}");
    let rows: usize = found.summary.iter().map(|row| row.n).sum();
    // Rows whose truth no number of the arithmetic holds are few.
    assert!(rows as f64 > 0.9 * f64::from(ROWS), "{rows}");
}

#[test]
fn the_tables_are_the_same_whatever_the_thread_count() {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(|| search(SEED, 0..600, &Deaf).unwrap());
        (found.summary, found.finds)
    };
    assert!(on(1) == on(3));
}

fn hypprec(folder: &std::path::Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hypprec")).args(arguments).current_dir(folder).output().unwrap()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

#[test]
fn a_search_is_compared_with_the_one_that_was_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |rows: &'static str, more: &'static str| {
        hypprec(folder.path(), &["adversary", "--rows", rows, more, "--baseline", "accepted.csv"])
    };
    assert_eq!(code(&rows("300", "--check")), Some(3));
    assert_eq!(code(&rows("300", "--accept")), Some(0));
    assert_eq!(code(&rows("300", "--check")), Some(0));
    assert_eq!(code(&rows("301", "--check")), Some(3));
}

#[test]
fn a_kink_is_told_where_a_derivative_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.csv"), "x,y\n0.5 0.25,0.5 0.25\n0.5 0.25,0.5 0.125\n").unwrap();
    let asked = ["eval", "--op", "distance", "--model", "klein", "--gradient", "y", "--truth", "p.csv"];
    let output = hypprec(folder.path(), &asked);
    let told = String::from_utf8(output.stdout).unwrap();
    let last: Vec<&str> = told.lines().filter_map(|line| line.rsplit(',').next()).collect();
    assert_eq!(last[last.len() - 2..], ["kink", "ok"], "{told}");
}

#[test]
fn a_midpoint_with_a_negative_weight_is_refused_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    for (t, code_of_t) in [("1.5", 2), ("-0.1", 2), ("1", 0), ("0", 0)] {
        std::fs::write(folder.path().join("p.csv"), format!("x,y,t\n0.5 0,0 0.9,{t}\n")).unwrap();
        for model in ["poincare", "klein", "lorentz"] {
            let output = hypprec(folder.path(), &["eval", "--op", "midpoint", "--model", model, "p.csv"]);
            assert_eq!(code(&output), Some(code_of_t), "{model} {t}");
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(code_of_t == 0 || said.contains("p.csv: line 2: column `t`: "), "{said}");
        }
    }
}
