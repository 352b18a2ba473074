//! `hypprec audit`: values that other software made, against certified truth.

use super::Failure;
use super::annotate::{annotate, write_to};
use super::asked::{self, Asked, Question, joined};
use super::list::in_columns;
use super::points::{Points, Row, Table, short};
use crate::arithmetic::number::{decimal, hexadecimal, print};
use crate::arithmetic::{Arithmetic, Mp, Number};
use crate::formula::{Input, Role};
use crate::measure::bits_lost;
use crate::oracle::Inputs;
use crate::verdict::audit::{
    Audit as Tallies, Claim, Judged, Limits, Spread, Summary, Verdict, exactly_stated, relative_error, stated,
};
use rug::Float;
use serde_json::{Map, Value, json};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Judge values that other software computed: how far each is from the certified answer for exactly its inputs.
///
/// A value is the number of --scalar whose decimal it is, to as many digits as are given; text that no such number prints
/// as counts as exactly what it says. Errors are in that arithmetic's units in the last place.
#[derive(clap::Args)]
pub struct Audit {
    #[command(flatten)]
    asked: Asked,
    /// The arithmetic that the inputs are in and the values were computed for: f32, f64, bf16, f16, dd, mpfr:BITS, …
    #[arg(long)]
    scalar: Arithmetic,
    /// Exit with 1 if a value is further off than this many units in the last place, or missing
    #[arg(long, value_parser = limit)]
    max_ulps: Option<f64>,
    /// Exit with 1 if a value's relative error is larger than this, or a value is missing
    #[arg(long, value_parser = limit)]
    max_relative: Option<f64>,
    /// Also the relative error against the numbers of this column (such as `answer` of `hypprec sample`)
    #[arg(long, value_name = "COLUMN")]
    answer: Option<String>,
    /// Columns whose text groups the rows [default: the largest √c d(0, ·) of a row's points, to the nearest integer]
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    by: Vec<String>,
    /// Significant digits of the truth
    #[arg(long, default_value_t = asked::DIGITS, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    digits: u32,
    /// Where to write the rows [default: standard output]
    #[arg(long)]
    out: Option<PathBuf>,
    /// The summary as JSON on standard output; rows are then written only to --out
    #[arg(long)]
    json: bool,
    /// A CSV file with the operation's inputs and a column `value`; `-` is standard input
    file: String,
}

/// A value is past --max-ulps or --max-relative.
const EXIT_PAST: u8 = 1;

fn limit(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(limit) if limit >= 0.0 => Ok(limit),
        _ => Err("not a number from 0 upwards".to_owned()),
    }
}

/// What is told of a row beside its cells.
struct Told {
    key: Vec<String>,
    judged: Judged,
    total: Option<f64>,
    /// Inputs and value in hexadecimal, for the case that the row is the worst.
    witness: Vec<(String, String)>,
}

/// The worst row.
struct Worst {
    line: u64,
    judged: Judged,
    cells: Vec<(String, String)>,
}

impl Audit {
    pub fn run(self) -> Result<ExitCode, Failure> {
        let question = self.asked.question()?;
        let points = Points::open(&self.file)?;
        for column in ["value"].into_iter().chain(self.by.iter().chain(&self.answer).map(String::as_str)) {
            points.table.column(column)?;
        }
        let limits = Limits { ulps: self.max_ulps, relative: self.max_relative };
        let mut tallies = Tallies::new(limits);
        let names = ["value", "truth", "relative_error", "ulps", "outcome", "total_error"];
        let names = &names[..if self.answer.is_some() { names.len() } else { names.len() - 1 }];
        let seen = |row: &Row, told: Told| {
            let worst = || Worst { line: row.line, judged: told.judged, cells: told.witness };
            tallies.add(told.key, &told.judged, told.total, worst);
        };
        let rows = |out: &mut dyn Write| {
            let mut out = Deaf { out, gone: false };
            crate::with_arithmetic!(self.scalar, |proto| {
                annotate(points, names, &mut out, |table, row| self.row(&question, table, row, &proto), seen)
            })
        };
        if self.json && self.out.is_none() {
            write_to(None, |_| rows(&mut io::sink()))?;
        } else {
            write_to(self.out.as_deref(), rows)?;
        }
        let mut verdict = tallies.verdict();
        if self.by.is_empty() {
            verdict.groups.sort_by_key(|(key, _)| key[0].parse::<u64>().unwrap_or(u64::MAX));
        }
        if self.json {
            super::print(&format!("{}\n", serde_json::to_string_pretty(&self.as_json(&verdict))?))?;
        } else {
            eprint!("{}", self.as_text(&verdict, limits));
        }
        Ok(if verdict.all.past > 0 { ExitCode::from(EXIT_PAST) } else { ExitCode::SUCCESS })
    }

    fn row<S: Number>(
        &self,
        question: &Question,
        table: &Table,
        row: &Row,
        like: &S,
    ) -> Result<(Vec<String>, Told), Failure> {
        let Question { op, model, to, by, .. } = *question;
        let claim = Claim { op, model, to, gradient: by.is_some() };
        let digits = self.digits as usize;
        let inputs = table.inputs(row, op, model, to, like)?;
        let value = numbers(table, row, "value", |text| stated(like, text))?;
        let truth = question.truth(table, row, &inputs, digits)?;
        let same_width = |column: &str, width: usize| match width == truth.len() {
            true => Ok(()),
            false => Err(table.place(row, column, format!("{width} numbers where the answer has {}", truth.len()))),
        };
        same_width("value", value.len())?;
        // The arithmetic, in the precision that it has: that of the inputs.
        let judged = claim.judge(&inputs.c, &truth, &value);
        let text = &row.cells[table.column("value")?];
        let mut cells = vec![text.to_owned(), joined(&truth, |x| decimal(x, digits))];
        cells.push(judged.errors.map_or(String::new(), |errors| print(&errors.relative)));
        cells.push(judged.errors.map_or(String::new(), |errors| print(&errors.ulps)));
        cells.push(judged.outcome.to_string());
        let mut total = None;
        if let Some(column) = &self.answer {
            let answer = numbers(table, row, column, |text| exactly_stated(like.bits(), text))?;
            same_width(column, answer.len())?;
            total = judged.errors.map(|_| relative_error(&answer, &value));
            cells.push(total.map_or(String::new(), |total| print(&total)));
        }
        let key = match self.by.as_slice() {
            [] => vec![format!("{:.0}", claim.radius(&inputs, &truth)?)],
            columns => columns
                .iter()
                .map(|column| Ok(row.cells[table.column(column)?].to_owned()))
                .collect::<Result<_, Failure>>()?,
        };
        Ok((cells, Told { key, judged, total, witness: witness(&inputs, op.inputs(), &value, &truth, digits) }))
    }

    fn group_columns(&self) -> Vec<&str> {
        if self.by.is_empty() { vec!["radius"] } else { self.by.iter().map(String::as_str).collect() }
    }

    fn as_text(&self, verdict: &Verdict<Worst>, limits: Limits) -> String {
        let Summary { n, ok_share, past, ulps, relative, total } = verdict.all;
        let mut out = format!("{n} rows, {} ok\n", percent(ok_share));
        let line = |name: &str, spread: Option<Spread>, f: fn(f64) -> f64| {
            spread.map(|s| {
                let [median, p99, max] = [s.median, s.p99, s.max].map(|x| brief(f(x)));
                [format!("  {name}"), format!("median {median}"), format!("p99 {p99}"), format!("max {max}")].to_vec()
            })
        };
        let lines = [
            line("ulps", ulps, |x| x),
            line("bits", ulps, bits_lost),
            line("relative error", relative, |x| x),
            line("total error", total, |x| x),
        ];
        out += &in_columns(&lines.into_iter().flatten().collect::<Vec<_>>());
        if limits != Limits::default() {
            out += &format!("{past} rows past the limit\n");
        }
        if let Some(worst) = &verdict.worst {
            let error = worst.judged.errors.map_or(String::new(), |errors| format!(", {} ulps", brief(errors.ulps)));
            out += &format!("worst: line {}, {}{error}\n", worst.line, worst.judged.outcome);
            out += &worst.cells.iter().map(|(name, cell)| format!("  {name} = {cell}\n")).collect::<String>();
        }
        let mut rows: Vec<String> = self.group_columns().into_iter().map(str::to_owned).collect();
        rows.extend(["n", "ok", "median ulps", "p99", "max", "bits", "max relative error"].map(str::to_owned));
        let mut rows = vec![rows];
        for (key, summary) in &verdict.groups {
            let mut row = key.clone();
            row.extend([summary.n.to_string(), percent(summary.ok_share)]);
            row.extend(
                summary.ulps.map_or([(); 4].map(|()| "-".to_owned()), |s| {
                    [s.median, s.p99, s.max, bits_lost(s.max)].map(brief)
                }),
            );
            row.push(summary.relative.map_or("-".to_owned(), |s| brief(s.max)));
            rows.push(row);
        }
        out + &in_columns(&rows)
    }

    fn as_json(&self, verdict: &Verdict<Worst>) -> Value {
        let mut out = summary_json(&verdict.all);
        if let Some(worst) = &verdict.worst {
            let cells: Map<String, Value> =
                worst.cells.iter().map(|(name, cell)| (name.clone(), json!(cell))).collect();
            let ulps = worst.judged.errors.map(|errors| number(errors.ulps));
            let outcome = worst.judged.outcome.to_string();
            out.insert("worst".into(), json!({"line": worst.line, "outcome": outcome, "ulps": ulps, "cells": cells}));
        }
        out.insert("by".into(), json!(self.group_columns()));
        let group = |(key, summary): &(Vec<String>, Summary)| {
            let mut group = summary_json(summary);
            group.insert("key".into(), json!(key));
            Value::Object(group)
        };
        out.insert("groups".into(), verdict.groups.iter().map(group).collect());
        Value::Object(out)
    }
}

/// Numbers separated by spaces in one cell.
fn numbers(
    table: &Table,
    row: &Row,
    column: &str,
    read: impl Fn(&str) -> Option<Float>,
) -> Result<Vec<Float>, Failure> {
    let number =
        |text: &str| read(text).ok_or_else(|| table.place(row, column, format!("`{}` is not a number", short(text))));
    row.cells[table.column(column)?].split_whitespace().map(number).collect()
}

/// Inputs and value in hexadecimal, and the truth.
fn witness<S: Number>(
    inputs: &Inputs<S>,
    names: &[(Input, Role)],
    value: &[Float],
    truth: &[Float],
    digits: usize,
) -> Vec<(String, String)> {
    let mut cells = vec![("c".to_owned(), hexadecimal(&inputs.c))];
    for (input, _) in names {
        let cell = match input {
            Input::T => inputs.t.as_ref().map(hexadecimal),
            _ => inputs.vector(*input).map(|vector| joined(vector, |x| hexadecimal(x))),
        };
        cells.push((input.to_string(), cell.unwrap_or_default()));
    }
    cells.push(("value".to_owned(), joined(value, |x| hexadecimal(&Mp(x.clone())))));
    cells.push(("truth".to_owned(), joined(truth, |x| decimal(x, digits))));
    cells
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// A number for people.
fn brief(x: f64) -> String {
    const PLAIN: std::ops::Range<f64> = 0.01..1e5;
    if x == 0.0 || PLAIN.contains(&x) { format!("{x:.2}") } else { format!("{x:.2e}") }
}

/// JSON has no infinity: it is text then.
fn number(x: f64) -> Value {
    if x.is_finite() { json!(x) } else { json!(print(&x)) }
}

fn summary_json(summary: &Summary) -> Map<String, Value> {
    let spread = |spread: Option<Spread>, f: fn(f64) -> f64| match spread {
        Some(s) => json!({"median": number(f(s.median)), "p99": number(f(s.p99)), "max": number(f(s.max))}),
        None => Value::Null,
    };
    let mut out = Map::new();
    out.insert("n".into(), json!(summary.n));
    out.insert("ok_share".into(), json!(summary.ok_share));
    out.insert("past".into(), json!(summary.past));
    out.insert("ulps".into(), spread(summary.ulps, |x| x));
    out.insert("bits".into(), spread(summary.ulps, bits_lost));
    out.insert("relative_error".into(), spread(summary.relative, |x| x));
    out.insert("total_error".into(), spread(summary.total, |x| x));
    out
}

/// An output that nobody may be listening to any more: the verdict is about all rows, so the work goes on.
struct Deaf<'a> {
    out: &'a mut dyn Write,
    gone: bool,
}

impl Deaf<'_> {
    fn unless_gone<T>(&mut self, done: T, write: impl FnOnce(&mut dyn Write) -> io::Result<T>) -> io::Result<T> {
        if self.gone {
            return Ok(done);
        }
        match write(self.out) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(done)
            }
            result => result,
        }
    }
}

impl Write for Deaf<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unless_gone(bytes.len(), |out| out.write(bytes))
    }
    fn flush(&mut self) -> io::Result<()> {
        self.unless_gone((), |out| out.flush())
    }
}
