//! `hypprec sample`: the sample points of a study as a table, for other software to compute with.

use super::annotate::{Stop, write_to};
use super::asked::{Asked, Question, joined};
use super::named::{Named, place};
use super::{Failure, asked};
use crate::arithmetic::number::{decimal, print};
use crate::arithmetic::{Arithmetic, Number};
use crate::formula::{Input, Role};
use crate::measure::storage_outcome;
use crate::study::{Filter, GroupSpec, StudyError};
use rayon::prelude::*;
use std::path::PathBuf;

/// Write a study's sample points as a table of inputs, with the exact answer that each sample has by construction.
#[derive(clap::Args)]
pub struct Sample {
    /// A built-in study's name, or a TOML file
    #[arg(default_value = "boundary")]
    study: String,
    #[command(flatten)]
    asked: Asked,
    /// The arithmetic that the points are stored in, one rounding a coordinate
    #[arg(long, default_value = "f64")]
    scalar: Arithmetic,
    /// Significant digits of the answer
    #[arg(long, default_value_t = asked::DIGITS, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    digits: u32,
    /// Where to write [default: standard output]
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Samples whose rows are in memory at once.
const CHUNK: usize = 4096;
/// Columns beside the inputs.
const ABOUT: [&str; 6] = ["sample", "dim", "radius", "separation", "direction", "answer"];

impl Sample {
    pub fn run(self) -> Result<(), Failure> {
        let question = self.asked.question()?;
        let by = match question.by {
            Some(None) => return Err(Failure("samples have no derivative by c".to_owned())),
            Some(Some(by)) => Some(by),
            None => None,
        };
        let named = Named::open(&self.study)?;
        let fault = |error: StudyError| place(&self.study, &error);
        let filter = Filter {
            models: vec![question.model],
            scalars: vec![self.scalar],
            ops: vec![question.op],
            ..Filter::default()
        };
        let mut groups = named.study.groups(&filter).map_err(fault)?;
        groups.retain(|group| group.quantity.gradient == by && group.quantity.to == question.to);
        if groups.is_empty() {
            return Err(fault(StudyError::Empty));
        }
        let mut left_out = 0;
        write_to(self.out.as_deref(), |out| {
            named.provenance(self.command(&question)).write(out)?;
            let mut writer = csv::Writer::from_writer(out);
            let inputs = question.op.inputs().iter().map(|(input, _)| input.name());
            writer.write_record(std::iter::once("c").chain(inputs).chain(ABOUT))?;
            for chunk in groups.chunks(CHUNK) {
                let rows: Vec<Result<Option<Vec<String>>, Failure>> = crate::with_arithmetic!(self.scalar, |proto| {
                    chunk.par_iter().map(|group| self.row(group, &question, &proto)).collect()
                });
                for row in rows {
                    match row? {
                        Some(row) => writer.write_record(row)?,
                        None => left_out += 1,
                    }
                }
            }
            Ok::<(), Stop>(writer.flush()?)
        })?;
        if left_out > 0 {
            eprintln!(
                "hypprec: left out {left_out} of {} samples: {} in {} cannot hold their points",
                groups.len(),
                question.model,
                self.scalar
            );
        }
        Ok(())
    }

    /// A row of inputs and what is known of them; `None` where the arithmetic cannot hold the points.
    fn row<S: Number>(&self, group: &GroupSpec, question: &Question, like: &S) -> Result<Option<Vec<String>>, Failure> {
        let Question { op, model, to, .. } = *question;
        let sample = group.sample.stored_in(like);
        let stored = sample.encode(op, model, to, like);
        if storage_outcome(op, &stored, &stored.map(Number::to_float)).is_some() {
            return Ok(None);
        }
        let digits = self.digits as usize;
        let bits = asked::bits_for(digits);
        let answer = match group.quantity.gradient {
            None => sample.truth(op, model, to, bits),
            Some(by) => sample.gradient_truth(op, by, model, bits),
        }?;
        let mut row = vec![print(&stored.c)];
        for (input, role) in op.inputs() {
            row.push(match (input, role) {
                (Input::T, Role::Number) => stored.t.as_ref().map(print).unwrap_or_default(),
                _ => stored.vector(*input).map(|vector| joined(vector, |x| print(x))).unwrap_or_default(),
            });
        }
        let about = [
            group.sample_index.to_string(),
            sample.dim.to_string(),
            sample.radius.to_string(),
            sample.separation.to_string(),
            sample.direction.to_string(),
            joined(&answer, |x| decimal(x, digits)),
        ];
        row.extend(about);
        Ok(Some(row))
    }

    /// The command that makes the same rows.
    fn command(&self, question: &Question) -> String {
        let to = if question.to == question.model { String::new() } else { format!(" --to {}", question.to) };
        let by = question.by.flatten().map_or(String::new(), |by| format!(" --gradient {by}"));
        format!(
            "hypprec sample {} --op {} --model {}{to}{by} --scalar {} --digits {}",
            self.study, question.op, question.model, self.scalar, self.digits
        )
    }
}
