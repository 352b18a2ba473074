//! `hypprec eval`: values, gradients and certified truth for the points of a table.

use super::Failure;
use super::points::Points;
use crate::arithmetic::number::{decimal, print};
use crate::arithmetic::{Arithmetic, Number};
use crate::formula::{Answer, BEST, Clamps, Input, Kind, Model, Op, Variant, variant};
use crate::guard::{Guard, NONE, Precision, guard};
use crate::measure::{Outcome, clip, outcome_of};
use crate::oracle::{Inputs, gradient_of, gradient_truth, truth, value_of};
use crate::table::write_atomic;
use rayon::prelude::*;
use rug::Float;
use std::path::PathBuf;

/// Evaluate an operation on every row of a CSV table.
#[derive(clap::Args)]
pub struct Eval {
    /// The operation (see `hypprec list ops`)
    #[arg(long)]
    op: Op,
    /// The model of the points
    #[arg(long)]
    model: Model,
    /// The model that `convert` goes to, or `round_trip` by way of
    #[arg(long)]
    to: Option<Model>,
    /// The variant; the default is the library's own choice
    #[arg(long, default_value = BEST)]
    variant: String,
    /// The guard that acts on the points and inside the formula
    #[arg(long, default_value = "none")]
    guard: String,
    /// The arithmetic: f32, f64, bf16, f16, dd, mpfr:BITS, …
    #[arg(long, default_value = "f64")]
    scalar: Arithmetic,
    /// The derivative of a scalar operation by this input: x, y, v, p, a, t or c
    #[arg(long)]
    gradient: Option<String>,
    /// Also the certified answer for exactly these inputs, and how far off the value is
    #[arg(long)]
    truth: bool,
    /// Significant digits of the truth
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    digits: u32,
    /// Where to write [default: standard output]
    #[arg(long)]
    out: Option<PathBuf>,
    /// A CSV file with columns c, x, y, v, p, a, t as the operation needs them; `-` is standard input
    file: String,
}

/// What is asked of every row.
struct Job {
    op: Op,
    model: Model,
    to: Model,
    variant: &'static Variant,
    best: &'static Variant,
    guard: &'static Guard,
    by: Option<Option<Input>>,
    /// Digits of the truth, where it is asked for.
    digits: Option<usize>,
}

impl Eval {
    pub fn run(self) -> Result<(), Failure> {
        let guard = guard(&self.guard)?;
        let by = self.by()?;
        if self.op.has_target() && self.to.is_none() {
            return Err(Failure(format!("{} needs --to MODEL", self.op)));
        }
        if !guard.models.contains(&self.model) {
            let models: Vec<&str> = guard.models.iter().map(|model| model.name()).collect();
            return Err(Failure(format!("guard `{}` is for {}, not {}", guard.id, models.join(", "), self.model)));
        }
        let job = Job {
            op: self.op,
            model: self.model,
            to: self.to.unwrap_or(self.model),
            variant: variant(self.op, self.model, &self.variant)?,
            best: variant(self.op, self.model, BEST)?,
            guard,
            by,
            digits: self.truth.then_some(self.digits as usize),
        };
        let points = Points::read(&self.file)?;
        let added: Vec<Vec<String>> = crate::with_arithmetic!(self.scalar, |proto| {
            (0..points.rows.len()).into_par_iter().map(|row| job.row(&points, row, &proto)).collect::<Result<_, _>>()
        })?;
        let text = job.table(&points, added)?;
        match &self.out {
            None => super::print(&text),
            Some(path) => Ok(write_atomic(path, |out| out.write_all(text.as_bytes()))?),
        }
    }

    fn by(&self) -> Result<Option<Option<Input>>, Failure> {
        let Some(name) = self.gradient.as_deref() else { return Ok(None) };
        if self.op.kind() != Kind::Scalar {
            return Err(Failure(format!("--gradient is for operations that give a number; {} does not", self.op)));
        }
        if name == "c" {
            return Ok(Some(None));
        }
        let input: Input = name.parse()?;
        match self.op.inputs().iter().any(|(i, _)| *i == input) {
            true => Ok(Some(Some(input))),
            false => Err(Failure(format!("{} has no input `{input}`", self.op))),
        }
    }
}

/// Decimal digits to bits, and a few to spare.
fn bits_for(digits: usize) -> u32 {
    (digits as f64 * std::f64::consts::LOG2_10) as u32 + 8
}

impl Job {
    /// The cells that are added to a row.
    fn row<S: Number>(&self, points: &Points, row: usize, like: &S) -> Result<Vec<String>, Failure> {
        let stored = points.inputs(row, self.op, self.model, self.to, like)?;
        let precision = Precision { bits: like.bits() };
        let guarded = clip(self.guard, precision, self.op, stored.clone());
        let value = match self.by {
            None => components(value_of(self.variant, self.guard.clamps, &guarded)),
            Some(by) => gradient_of(self.variant, self.guard.clamps, &guarded, by, |x| x),
        };
        let mut cells = vec![joined(&value, |x| print(x))];
        if let Some(digits) = self.digits {
            let moved = self.guard.id != NONE.id && printed(&stored) != printed(&guarded);
            let truth = self
                .truth(&stored, like.bits(), digits)
                .map_err(|error| Failure(format!("{}: line {}: {error}", points.name, points.rows[row].0)))?;
            let outcome = outcome_of(self.op, self.model, self.to, self.by.is_some(), &stored.c, &value, moved);
            let exact: Vec<Float> = value.iter().map(Number::to_float).collect();
            cells.push(joined(&truth, |x| decimal(x, digits)));
            let (relative, ulps) = if matches!(outcome, Outcome::Ok | Outcome::Saturated | Outcome::Outside) {
                (print(&relative_error(&truth, &exact)), print(&crate::measure::ulps_of(like, &truth, &exact)))
            } else {
                (String::new(), String::new())
            };
            cells.extend([relative, ulps, outcome.to_string()]);
        }
        Ok(cells)
    }

    fn truth<S: Number>(
        &self,
        stored: &Inputs<S>,
        bits: u32,
        digits: usize,
    ) -> Result<Vec<Float>, crate::oracle::Uncertified> {
        let exact = stored.map(Number::to_float);
        // Enough for the digits asked for, and to tell errors of the arithmetic from none.
        let bits = bits_for(digits).max(bits + bits_for(4));
        match self.by {
            None => truth(self.best, Clamps::NONE, &exact, bits, |x| x).map(components),
            Some(by) => gradient_truth(self.best, Clamps::NONE, &exact, by, bits, |x| x),
        }
    }

    fn table(&self, points: &Points, added: Vec<Vec<String>>) -> Result<String, Failure> {
        let names = ["value", "truth", "relative_error", "ulps", "outcome"];
        let names = &names[..if self.digits.is_some() { names.len() } else { 1 }];
        let kept: Vec<usize> =
            (0..points.columns.len()).filter(|i| !names.contains(&points.columns[*i].as_str())).collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = kept.iter().map(|i| points.columns[*i].as_str()).chain(names.iter().copied());
        writer.write_record(header)?;
        for ((_, cells), added) in points.rows.iter().zip(&added) {
            writer.write_record(kept.iter().map(|i| &cells[*i]).chain(added))?;
        }
        let rows = String::from_utf8(writer.into_inner()?)?;
        let comments = points.comments.iter().map(|line| format!("{line}\n")).collect::<String>();
        Ok(comments + &rows)
    }
}

fn components<S>(answer: Answer<Vec<S>, S>) -> Vec<S> {
    match answer {
        Answer::Scalar(x) => vec![x],
        Answer::Vector(x) => x,
    }
}

fn joined<S>(components: &[S], print: impl Fn(&S) -> String) -> String {
    components.iter().map(print).collect::<Vec<_>>().join(" ")
}

fn printed<S: Number>(inputs: &Inputs<S>) -> Vec<String> {
    [Input::X, Input::Y, Input::V, Input::P, Input::A]
        .iter()
        .filter_map(|input| inputs.vector(*input))
        .map(|vector| joined(vector, |x| print(x)))
        .collect()
}

/// ‖value − truth‖/‖truth‖; the absolute error where the truth is 0.
fn relative_error(truth: &[Float], value: &[Float]) -> f64 {
    let bits = truth.iter().chain(value).map(Float::prec).max().unwrap_or(53);
    let norm = |terms: &mut dyn Iterator<Item = Float>| terms.fold(Float::new(bits), |sum, x| sum + x.square()).sqrt();
    let error = norm(&mut truth.iter().zip(value).map(|(t, v)| Float::with_val(bits, v - t)));
    let size = norm(&mut truth.iter().map(|t| Float::with_val(bits, t)));
    if size.is_zero() { error.to_f64() } else { (error / size).to_f64() }
}
