//! What a command asks of every row: an operation or its derivative, in a model, and the certified answer.

use super::Failure;
use super::options::curvature_text;
use super::points::Table;
use super::rows::Row;
use crate::arithmetic::Number;
use crate::formula::{Answer, BEST, Input, Kind, Model, Op, Variant, variant};
use crate::measure::Outcome;
use crate::oracle::{Inputs, gradient_truth, is_kink, truth};
use rug::Float;

/// Significant digits of a truth, unless asked otherwise.
pub const DIGITS: u32 = 40;

/// The outcome of a derivative where there is none.
const KINK: &str = "kink";

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
    ///
    /// By each of the model's own coordinates. In `lorentz` time is a function of the n space coordinates (and of c), and
    /// the derivative has n of them. In `lorentz-ambient` all n + 1 coordinates are independent of one another and of c, as
    /// for reverse mode through arcosh(−c⟨x,y⟩_L)/√c, arcosh(√c t)/√c or ‖a‖_L/√c arsinh(√c⟨x,a⟩_L/‖a‖_L), in which p does
    /// not stand; a published variant gives the derivative of its own formula. At a kink (x = y, the origin) it is 0.
    #[arg(long)]
    gradient: Option<String>,
}

/// The curvature of a table that does not say it.
#[derive(clap::Args)]
pub struct Curved {
    /// c > 0 of curvature −c, for a table without a column `c`; one that has it must agree [default: 1]
    #[arg(long, value_name = "C", allow_hyphen_values = true)]
    curvature: Option<String>,
}

impl Curved {
    /// What was given, if it is a curvature.
    pub fn curvature(&self) -> Result<Option<String>, Failure> {
        Ok(self.curvature.as_deref().map(curvature_text).transpose()?.map(str::to_owned))
    }
    /// The option, where it was given.
    pub fn words(&self) -> String {
        self.curvature.as_ref().map_or(String::new(), |c| format!(" --curvature {}", c.trim()))
    }
}

/// What is done with a row that cannot be read or whose answer cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OnError {
    /// Nothing is written, and the exit code is 2
    Stop,
    /// It stays, with the outcome `error` and the reason in a column `error`; the exit code is 1
    Mark,
    /// It is left out; the exit code is 1
    Skip,
}

impl OnError {
    /// The option, where it is not the default.
    pub fn words(self) -> &'static str {
        match self {
            OnError::Stop => "",
            OnError::Mark => " --on-error mark",
            OnError::Skip => " --on-error skip",
        }
    }
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
    /// Whether its answer is a point or a tangent vector, so that its error has a size in the geometry itself.
    pub fn is_geometric(&self) -> bool {
        self.by.is_none() && self.op.kind() != Kind::Scalar
    }

    /// An outcome as the tables say it: where there is no derivative, the 0 that is given, and called the truth, is a
    /// convention.
    pub fn told<S: Number>(&self, outcome: Outcome, stored: &Inputs<S>) -> String {
        let kink = || self.by.is_some_and(|by| is_kink(self.op, by, &stored.map(Number::to_float)));
        if outcome == Outcome::Ok && kink() { KINK.to_owned() } else { outcome.to_string() }
    }

    /// The options that ask it.
    pub fn words(&self) -> String {
        let to = if self.op.has_target() { format!(" --to {}", self.to) } else { String::new() };
        let by = self.by.map_or(String::new(), |by| {
            format!(" --gradient {}", by.map_or("c".to_owned(), |input| input.to_string()))
        });
        format!("--op {} --model {}{to}{by}", self.op, self.model)
    }

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
            None => truth(self.best, &exact, bits).map(Answer::components),
            Some(by) => gradient_truth(self.best, &exact, by, bits),
        };
        answer.map_err(|error| table.line(row, error))
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
