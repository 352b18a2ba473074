//! `hypprec eval`: values, gradients and certified truth for the points of a table.

use super::Failure;
use super::annotate::{Added, Line, annotate, write_to};
use super::asked::{self, Asked, Curved, OnError, Question, joined};
use super::named::provenance_without_draws;
use super::options::word;
use super::points::{Points, Table};
use super::rows::Row;
use crate::arithmetic::number::{decimal, print};
use crate::arithmetic::{Arithmetic, Number};
use crate::formula::{BEST, Input, Variant, variant};
use crate::guard::{Guard, NONE, Precision, guard};
use crate::measure::{Outcome, clip, hyperbolic_error, outcome_of};
use crate::oracle::{Inputs, gradient_of, value_of};
use crate::verdict::audit::{Claim, errors};
use rug::Float;
use std::path::PathBuf;
use std::process::ExitCode;

/// Evaluate an operation on every row of a CSV table.
///
/// Exit codes: 0 every row has its answer; 1 some have none (--on-error mark or skip); 2 usage, input or file errors.
#[derive(clap::Args)]
#[command(after_help = COLUMNS)]
pub struct Eval {
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    curved: Curved,
    /// The variant; the default is the library's own choice
    #[arg(long, default_value = BEST)]
    variant: String,
    /// The guard that acts on the points and inside the formula
    #[arg(long, default_value = "none")]
    guard: String,
    /// The arithmetic: f32, f64, bf16, f16, dd, mpfr:BITS, …
    #[arg(long, default_value = "f64")]
    scalar: Arithmetic,
    /// Also the certified answer for exactly these inputs, and how far off the value is
    #[arg(long)]
    truth: bool,
    /// Significant digits of the truth
    #[arg(long, default_value_t = asked::DIGITS, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    digits: u32,
    /// What is done with a row that cannot be read or whose answer cannot be had
    #[arg(long, value_enum, default_value_t = OnError::Stop)]
    on_error: OnError,
    /// Where to write [default: standard output]
    #[arg(long)]
    out: Option<PathBuf>,
    /// A CSV file with columns x, y, v, p, a, t as the operation needs them, and c unless --curvature says it or it is 1
    /// (a column of that name is always the curvature, never a coordinate); `-` is standard input
    file: String,
}

/// What is added to a table, and what it is called.
const COLUMNS: &str = "\
Columns added (those of the input stay; so do its comments, with `input` before what says where it comes from):
  value             numbers separated by spaces, each the shortest decimal that reads back the same
  truth             with --truth: the certified answer for exactly these inputs; of `project`, the point itself where it is
                    inside, else the point of the rim on its ray, which a right value is next to and inside of
  relative_error    ‖value − truth‖/‖truth‖; infinite where only the truth is 0
  ulps              the largest component error, in units in the last place of the truth's largest component
  outcome           ok, saturated (a guard moved a point, or the truth is past the last number or point of the arithmetic and
                    the value is held back there), overflow, nan, outside; with --gradient also kink (x = y, the origin,
                    a = 0: there is no derivative, and the 0 that is given as value and as truth is a convention, the
                    subgradient of least norm); with --on-error mark also error
  hyperbolic_error  with --truth, of points and tangent vectors: √c d(value, truth), or the Riemannian norm of the
                    difference relative to the truth's; empty for a projection to the rim, which is infinitely far
  error             with --on-error mark: why a row has no answer

Examples:
  hypprec eval --op distance --model poincare --scalar f32 --truth points.csv
  hypprec eval --op distance --model poincare --scalar f32 --variant B1-log --guard hyptorch --on-error mark points.csv
  hypprec eval --op distance --model lorentz --gradient x --curvature 1 points.csv
  hypprec sample gate --op exp --model klein --scalar f32 | hypprec eval --op exp --model klein --scalar f32 --truth -";

/// Rows without an answer were marked or left out.
pub const EXIT_WITHOUT_ANSWER: u8 = 1;

/// What is done with every row.
struct Job {
    question: Question,
    variant: &'static Variant,
    guard: &'static Guard,
    /// Digits of the truth, where it is asked for.
    digits: Option<usize>,
    with_outcome: bool,
}

impl Eval {
    pub fn run(self) -> Result<ExitCode, Failure> {
        let question = self.asked.question()?;
        let guard = guard(&self.guard)?;
        if !guard.models.contains(&question.model) {
            let models: Vec<&str> = guard.models.iter().map(|model| model.name()).collect();
            return Err(Failure(format!("guard `{}` is for {}, not {}", guard.id, models.join(", "), question.model)));
        }
        let job = Job {
            variant: variant(question.op, question.model, &self.variant)?,
            guard,
            digits: self.truth.then_some(self.digits as usize),
            with_outcome: self.truth || self.on_error == OnError::Mark,
            question,
        };
        let mut points = Points::open(&self.file)?;
        points.table.curvature = self.curved.curvature()?;
        let head = self.head(&job);
        let added = Added { head: &head, columns: &job.columns(), on_error: self.on_error };
        let faults = write_to(self.out.as_deref(), |out| {
            crate::with_arithmetic!(self.scalar, |proto| {
                annotate(points, &added, out, |table, row, line| job.row(table, row, line, &proto), |_, ()| {})
            })
        })?;
        let done = if self.on_error == OnError::Mark { "marked" } else { "left out" };
        Ok(match faults.line(done) {
            None => ExitCode::SUCCESS,
            Some(line) => {
                super::say(&format!("hypprec: {line}"));
                ExitCode::from(EXIT_WITHOUT_ANSWER)
            }
        })
    }

    /// Where the output comes from.
    fn head(&self, job: &Job) -> Vec<(&'static str, String)> {
        let truth = if self.truth { format!(" --truth --digits {}", self.digits) } else { String::new() };
        let curvature = self.curved.words();
        let command = format!(
            "hypprec eval {} --variant {} --guard {} --scalar {}{curvature}{truth}{} {}",
            job.question.words(),
            job.variant.id,
            job.guard.id,
            self.scalar,
            self.on_error.words(),
            word(&self.file)
        );
        let mut head = provenance_without_draws(command);
        head.push(("variant", format!("{}: {}", job.variant.id, job.variant.formula)));
        head.push(("guard", format!("{}: {}", job.guard.id, job.guard.text)));
        head
    }
}

impl Job {
    fn columns(&self) -> Vec<&'static str> {
        let mut columns = vec!["value"];
        if self.digits.is_some() {
            columns.extend(["truth", "relative_error", "ulps"]);
        }
        columns.extend(self.with_outcome.then_some("outcome"));
        columns.extend((self.digits.is_some() && self.question.is_geometric()).then_some("hyperbolic_error"));
        columns
    }

    /// Adds its cells to a row.
    fn row<S: Number>(&self, table: &Table, row: &Row, line: &mut Line, like: &S) -> Result<(), Failure> {
        let Question { op, model, to, by, .. } = self.question;
        let stored = table.inputs(row, op, model, to, like)?;
        let precision = Precision { bits: like.bits() };
        let guarded = clip(self.guard, precision, op, stored.clone());
        let value = match by {
            None => value_of(self.variant, self.guard.clamps, &guarded).components(),
            Some(by) => gradient_of(self.variant, self.guard.clamps, &guarded, by, |x| x),
        };
        line.vector(&value);
        if !self.with_outcome {
            return Ok(());
        }
        let moved = self.guard.id != NONE.id && printed(&stored) != printed(&guarded);
        let outcome = outcome_of(op, model, to, by.is_some(), &stored.c, &value, moved);
        let told = |outcome: Outcome| self.question.told(outcome, &stored);
        let Some(digits) = self.digits else {
            line.push(&told(outcome));
            return Ok(());
        };
        let truth = self.question.truth(table, row, &stored, digits)?;
        let claim = Claim { op, model, to, gradient: by.is_some() };
        let held_back = outcome == Outcome::Ok && !claim.owed(&stored.c, &truth);
        let outcome = if held_back { Outcome::Saturated } else { outcome };
        line.push(&joined(&truth, |x| decimal(x, digits)));
        let exact: Vec<Float> = value.iter().map(Number::to_float).collect();
        let errors = match outcome {
            Outcome::Ok | Outcome::Saturated | Outcome::Outside => Some(errors(like, &truth, &exact)),
            Outcome::Overflow | Outcome::Nan => None,
        };
        line.push(&errors.map_or(String::new(), |errors| print(&errors.relative)));
        line.push(&errors.map_or(String::new(), |errors| print(&errors.ulps)));
        line.push(&told(outcome));
        if self.question.is_geometric() {
            let error = match outcome.is_a_number() {
                true => hyperbolic_error(op, model, to, &stored.map(Number::to_float), &truth, &exact),
                false => None,
            };
            line.push(&error.map_or(String::new(), |error| print(&error)));
        }
        Ok(())
    }
}

fn printed<S: Number>(inputs: &Inputs<S>) -> Vec<String> {
    [Input::X, Input::Y, Input::V, Input::P, Input::A]
        .iter()
        .filter_map(|input| inputs.vector(*input))
        .map(|vector| joined(vector, |x| print(x)))
        .collect()
}
