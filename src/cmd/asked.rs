//! What a command asks of every row: an operation or its derivative, in a model, and the certified answer.

use super::Failure;
use super::points::{Row, Table};
use crate::arithmetic::Number;
use crate::formula::{Answer, BEST, Clamps, Input, Kind, Model, Op, Variant, variant};
use crate::oracle::{Inputs, gradient_truth, truth};
use rug::Float;

/// Significant digits of a truth, unless asked otherwise.
pub const DIGITS: u32 = 40;

/// The options that say what is asked.
#[derive(clap::Args)]
pub struct Asked {
    /// The operation (see `hypprec list ops`)
    #[arg(long)]
    pub op: Op,
    /// The model of the points
    #[arg(long)]
    pub model: Model,
    /// The model that `convert` goes to, or `round_trip` by way of
    #[arg(long)]
    to: Option<Model>,
    /// The derivative of a scalar operation by this input: x, y, v, p, a, t or c
    #[arg(long)]
    gradient: Option<String>,
}

/// What is asked of every row.
pub struct Question {
    pub op: Op,
    pub model: Model,
    pub to: Model,
    /// Differentiated by this input, or by c where it is `Some(None)`.
    pub by: Option<Option<Input>>,
    best: &'static Variant,
}

impl Asked {
    /// The question, if it makes sense.
    pub fn question(&self) -> Result<Question, Failure> {
        if self.op.has_target() && self.to.is_none() {
            return Err(Failure(format!("{} needs --to MODEL", self.op)));
        }
        Ok(Question {
            op: self.op,
            model: self.model,
            to: self.to.unwrap_or(self.model),
            by: self.by()?,
            best: variant(self.op, self.model, BEST)?,
        })
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

impl Question {
    /// The certified answer for exactly these inputs, to `digits` digits and to more than their arithmetic's.
    pub fn truth<S: Number>(
        &self,
        table: &Table,
        row: &Row,
        stored: &Inputs<S>,
        digits: usize,
    ) -> Result<Vec<Float>, Failure> {
        let exact = stored.map(Number::to_float);
        // Enough for the digits asked for, and to tell errors of the arithmetic from none.
        let bits = bits_for(digits).max(stored.c.bits() + bits_for(4));
        let answer = match self.by {
            None => truth(self.best, Clamps::NONE, &exact, bits, |x| x).map(Answer::components),
            Some(by) => gradient_truth(self.best, Clamps::NONE, &exact, by, bits, |x| x),
        };
        answer.map_err(|error| Failure(format!("{}: line {}: {error}", table.name, row.line)))
    }
}

/// Decimal digits to bits, and a few to spare.
pub fn bits_for(digits: usize) -> u32 {
    (digits as f64 * std::f64::consts::LOG2_10) as u32 + 8
}

/// A vector as it stands in one cell.
pub fn joined<S>(components: &[S], print: impl Fn(&S) -> String) -> String {
    components.iter().map(print).collect::<Vec<_>>().join(" ")
}
