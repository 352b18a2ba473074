//! `hypprec eval`: values, gradients and certified truth for the points of a table.

use super::Failure;
use super::annotate::{annotate, write_to};
use super::asked::{self, Asked, Question, joined};
use super::points::{Points, Row, Table};
use crate::arithmetic::number::{decimal, print};
use crate::arithmetic::{Arithmetic, Number};
use crate::formula::{BEST, Input, Variant, variant};
use crate::guard::{Guard, NONE, Precision, guard};
use crate::measure::{Outcome, clip, outcome_of};
use crate::oracle::{Inputs, gradient_of, value_of};
use crate::verdict::audit::errors;
use rug::Float;
use std::path::PathBuf;

/// Evaluate an operation on every row of a CSV table.
#[derive(clap::Args)]
pub struct Eval {
    #[command(flatten)]
    asked: Asked,
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
    /// Where to write [default: standard output]
    #[arg(long)]
    out: Option<PathBuf>,
    /// A CSV file with columns c, x, y, v, p, a, t as the operation needs them; `-` is standard input
    file: String,
}

/// What is done with every row.
struct Job {
    question: Question,
    variant: &'static Variant,
    guard: &'static Guard,
    /// Digits of the truth, where it is asked for.
    digits: Option<usize>,
}

impl Eval {
    pub fn run(self) -> Result<(), Failure> {
        let question = self.asked.question()?;
        let guard = guard(&self.guard)?;
        if !guard.models.contains(&question.model) {
            let models: Vec<&str> = guard.models.iter().map(|model| model.name()).collect();
            return Err(Failure(format!("guard `{}` is for {}, not {}", guard.id, models.join(", "), question.model)));
        }
        let job = Job {
            variant: variant(question.op, question.model, &self.variant)?,
            question,
            guard,
            digits: self.truth.then_some(self.digits as usize),
        };
        let names = ["value", "truth", "relative_error", "ulps", "outcome"];
        let names = &names[..if self.truth { names.len() } else { 1 }];
        let points = Points::open(&self.file)?;
        write_to(self.out.as_deref(), |out| {
            crate::with_arithmetic!(self.scalar, |proto| {
                annotate(points, names, out, |table, row| Ok((job.row(table, row, &proto)?, ())), |_, ()| {})
            })
        })
    }
}

impl Job {
    /// The cells that are added to a row.
    fn row<S: Number>(&self, table: &Table, row: &Row, like: &S) -> Result<Vec<String>, Failure> {
        let Question { op, model, to, by, .. } = self.question;
        let stored = table.inputs(row, op, model, to, like)?;
        let precision = Precision { bits: like.bits() };
        let guarded = clip(self.guard, precision, op, stored.clone());
        let value = match by {
            None => value_of(self.variant, self.guard.clamps, &guarded).components(),
            Some(by) => gradient_of(self.variant, self.guard.clamps, &guarded, by, |x| x),
        };
        let mut cells = vec![joined(&value, |x| print(x))];
        if let Some(digits) = self.digits {
            let moved = self.guard.id != NONE.id && printed(&stored) != printed(&guarded);
            let truth = self.question.truth(table, row, &stored, digits)?;
            let outcome = outcome_of(op, model, to, by.is_some(), &stored.c, &value, moved);
            cells.push(joined(&truth, |x| decimal(x, digits)));
            let exact: Vec<Float> = value.iter().map(Number::to_float).collect();
            let errors = match outcome {
                Outcome::Ok | Outcome::Saturated | Outcome::Outside => Some(errors(like, &truth, &exact)),
                Outcome::Overflow | Outcome::Nan => None,
            };
            cells.push(errors.map_or(String::new(), |errors| print(&errors.relative)));
            cells.push(errors.map_or(String::new(), |errors| print(&errors.ulps)));
            cells.push(outcome.to_string());
        }
        Ok(cells)
    }
}

fn printed<S: Number>(inputs: &Inputs<S>) -> Vec<String> {
    [Input::X, Input::Y, Input::V, Input::P, Input::A]
        .iter()
        .filter_map(|input| inputs.vector(*input))
        .map(|vector| joined(vector, |x| print(x)))
        .collect()
}
