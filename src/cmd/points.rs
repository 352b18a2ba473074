//! Tables of inputs: read by column name, every number exact, every fault one line that names file, row and column.

use super::Failure;
use crate::arithmetic::number::parse;
use crate::arithmetic::{Number, Scalar};
use crate::formula::{Input, Model, Op, Role};
use crate::oracle::Inputs;
use rug::Float;
use std::fs::File;
use std::io::Read;

/// A table as it stands: lines of comment, names of columns, rows of cells with their line numbers.
pub struct Points {
    pub name: String,
    pub comments: Vec<String>,
    pub columns: Vec<String>,
    pub rows: Vec<(u64, Vec<String>)>,
}

/// Time may differ from √(1/c + ‖s‖²) by this many units in the last place: what storing time and space separately costs.
const TIME_ULPS: f64 = 8.0;
/// The largest input that is read whole.
const LARGEST: u64 = 1 << 32;

impl Points {
    /// Reads `path`, or standard input where it is `-`.
    pub fn read(path: &str) -> Result<Points, Failure> {
        let name = if path == "-" { "standard input" } else { path };
        let mut bytes = Vec::new();
        let read = match path {
            "-" => std::io::stdin().lock().take(LARGEST).read_to_end(&mut bytes),
            _ => File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes)),
        };
        read.map_err(|error| Failure(format!("{name}: {error}")))?;
        Points::parse(name, &bytes)
    }

    /// Reads a table from bytes.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Points, Failure> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = 1 + bytes[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count();
            Failure(format!("{name}: line {line}: not text in UTF-8"))
        })?;
        let comments = text.lines().take_while(|line| line.starts_with('#')).map(str::to_owned).collect();
        let mut reader =
            csv::ReaderBuilder::new().comment(Some(b'#')).trim(csv::Trim::All).from_reader(text.as_bytes());
        let fault = |error: csv::Error| {
            let line = error.position().map_or(1, csv::Position::line);
            let kind = match error.kind() {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("{len} cells where the header names {expected_len}")
                }
                _ => "not a row of a table".to_owned(),
            };
            Failure(format!("{name}: line {line}: {kind}"))
        };
        let columns: Vec<String> = reader.headers().map_err(fault)?.iter().map(str::to_owned).collect();
        if columns.iter().all(String::is_empty) {
            return Err(Failure(format!("{name}: empty: no line of column names")));
        }
        for (i, column) in columns.iter().enumerate() {
            if columns[..i].contains(column) {
                return Err(Failure(format!("{name}: line 1: column `{column}` appears twice")));
            }
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(fault)?;
            let line = record.position().map_or(0, csv::Position::line);
            rows.push((line, record.iter().map(str::to_owned).collect()));
        }
        if rows.is_empty() {
            return Err(Failure(format!("{name}: no rows below the column names")));
        }
        Ok(Points { name: name.to_owned(), comments, columns, rows })
    }

    fn column(&self, column: &str) -> Result<usize, Failure> {
        let missing = || Failure(format!("{}: line 1: no column `{column}`", self.name));
        self.columns.iter().position(|name| name == column).ok_or_else(missing)
    }

    /// The inputs of an operation from one row, each number rounded once to `like`'s arithmetic and checked.
    pub fn inputs<S: Number>(
        &self,
        row: usize,
        op: Op,
        model: Model,
        to: Model,
        like: &S,
    ) -> Result<Inputs<S>, Failure> {
        let (line, cells) = &self.rows[row];
        let place =
            |column: &str, what: String| Failure(format!("{}: line {line}: column `{column}`: {what}", self.name));
        let number = |column: &str, text: &str| {
            let value = parse(like, text).ok_or_else(|| place(column, format!("`{}` is not a number", short(text))))?;
            match value.to_float().is_finite() {
                true => Ok(value),
                false => Err(place(column, format!("`{}` is not finite", short(text)))),
            }
        };
        let c = number("c", &cells[self.column("c")?])?;
        if c.to_float() <= 0 {
            return Err(place("c", format!("`{}` is not positive (curvature is −c, c > 0)", cells[self.column("c")?])));
        }
        let mut inputs = Inputs::new(model, c);
        inputs.to = to;
        let mut width: Option<(usize, Input)> = None;
        for (input, role) in op.inputs() {
            let name = input.name();
            let cell = &cells[self.column(name)?];
            if *role == Role::Number {
                inputs.t = Some(number(name, cell)?);
                continue;
            }
            let vector = cell.split_whitespace().map(|text| number(name, text)).collect::<Result<Vec<S>, _>>()?;
            let least = if model == Model::LorentzAmbient { 2 } else { 1 };
            if vector.len() < least {
                return Err(place(name, format!("{} numbers, at least {least} are needed", vector.len())));
            }
            match width {
                Some((n, first)) if n != vector.len() => {
                    let what = format!("{} numbers where `{first}` has {n}", vector.len());
                    return Err(place(name, what));
                }
                _ => width = Some((vector.len(), *input)),
            }
            if *role == Role::Point && op != Op::Project {
                check_point(model, &inputs.c, &vector).map_err(|what| place(name, what))?;
            }
            if let Some(slot) = inputs.vector_mut(*input) {
                *slot = Some(vector);
            }
        }
        Ok(inputs)
    }
}

/// A cell as it is quoted in a message.
fn short(text: &str) -> String {
    const LONGEST: usize = 40;
    let clean: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).take(LONGEST).collect();
    if text.chars().count() > LONGEST { clean + "…" } else { clean }
}

/// Whether the numbers are a point of the model.
fn check_point<S: Number + Scalar>(model: Model, c: &S, x: &[S]) -> Result<(), String> {
    match model {
        Model::Poincare | Model::Klein => match S::outside(c, x) {
            true => Err("the point is on or outside the rim: c‖x‖² ≥ 1".to_owned()),
            false => Ok(()),
        },
        Model::Lorentz => Ok(()),
        Model::LorentzAmbient => {
            const BITS: u32 = 512;
            let norm2 = x[1..].iter().fold(Float::new(BITS), |sum, s| sum + s.to_float().square());
            let time = (Float::with_val(BITS, 1) / c.to_float() + norm2).sqrt();
            let stored = x[0].to_float();
            let off = Float::with_val(BITS, &stored - &time).abs();
            let allowed = x[0].ulp(&time) * TIME_ULPS;
            match off <= allowed {
                true => Ok(()),
                false => Err(format!(
                    "time {} is not √(1/c + ‖s‖²) = {:.6e}",
                    crate::arithmetic::number::print(&x[0]),
                    time.to_f64()
                )),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(text: &[u8], op: Op, model: Model) -> String {
        let result =
            Points::parse("f.csv", text).and_then(|points| points.inputs(0, op, model, model, &0f64).map(drop));
        result.err().map_or(String::new(), |failure| failure.0)
    }

    #[test]
    fn faults_name_file_line_and_column() {
        use Model::{Klein, LorentzAmbient, Poincare};
        for (text, model, expected) in [
            ("c,x,y\n1,0.1 0.2,0.3 z\n", Poincare, "f.csv: line 2: column `y`: `z` is not a number"),
            ("c,x,y\n1,0.1 0.2,0.3\n", Poincare, "f.csv: line 2: column `y`: 1 numbers where `x` has 2"),
            ("c,x,y\n1,0.6 0.8,0.3 0\n", Klein, "f.csv: line 2: column `x`: the point is on or outside the rim"),
            ("c,x,y\n0,0.1,0.3\n", Poincare, "f.csv: line 2: column `c`: `0` is not positive"),
            ("c,x,y\n1,nan,0.3\n", Poincare, "f.csv: line 2: column `x`: `nan` is not finite"),
            ("c,x\n1,0.1\n", Poincare, "f.csv: line 1: no column `y`"),
            ("c,x,y\n1,,0.3\n", Poincare, "f.csv: line 2: column `x`: 0 numbers"),
            ("c,x,y\n1,2\n", Poincare, "f.csv: line 2: 2 cells where the header names 3"),
            ("c,x,y\n", Poincare, "f.csv: no rows"),
            ("", Poincare, "f.csv: empty"),
            ("c,x,c\n1,2,3\n", Poincare, "f.csv: line 1: column `c` appears twice"),
            ("c,x,y\n1,9 1,1.4142135623730951 1\n", LorentzAmbient, "f.csv: line 2: column `x`: time 9.0 is not"),
        ] {
            let got = message(text.as_bytes(), Op::Distance, model);
            assert!(got.starts_with(expected), "{text:?}: {got}");
            assert!(!got.contains('\n'));
        }
        assert!(message(b"c,x\n\xff", Op::OriginDistance, Poincare).starts_with("f.csv: line 2: not text"));
    }

    #[test]
    fn byte_order_marks_and_carriage_returns_are_read() {
        assert_eq!(
            message(
                "\u{feff}# a comment\nc,x,extra\r\n1,\"0.5 0.5\",anything\r\n".as_bytes(),
                Op::OriginDistance,
                Model::Poincare
            ),
            ""
        );
    }

    proptest! {
        #[test]
        fn the_reader_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            message(&bytes, Op::Distance, Model::Poincare);
        }

        #[test]
        fn nor_on_a_damaged_table(at in 0usize..40, byte in any::<u8>()) {
            let mut bytes = b"c,x,y\n1,0.1 0.2,0.3 0.4\n0.25,-1e-3 1,0 0\n".to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            message(&bytes, Op::Distance, Model::Poincare);
        }
    }
}
