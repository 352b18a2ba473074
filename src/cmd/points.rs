//! Tables of inputs: read by column name a chunk at a time, every number exact, every fault one line that names file, row and column.

use super::Failure;
use super::options::negative;
use super::rows::{Row, Rows};
use crate::arithmetic::number::parse;
use crate::arithmetic::{Number, Scalar};
use crate::formula::{Input, Model, Op, Role};
use crate::oracle::Inputs;
use crate::table::Lines;
use crate::table::printable;
pub use crate::table::short;
use rug::Float;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::fs::File;
use std::io::Read;

/// A table under way: what stands above its rows, and the rows to come.
pub struct Points {
    pub table: Table,
    pub rows: Rows,
}

/// What stands above the rows: lines of comment, names of columns.
pub struct Table {
    pub name: String,
    pub comments: Vec<String>,
    pub columns: Vec<String>,
    /// c of every row of a table without a column `c`, and what such a column must agree with; 1 where it is not given.
    pub curvature: Option<String>,
    /// The line of the column names.
    header: u64,
}

/// Time may differ from √(1/c + ‖s‖²) by this many units in the last place: what storing time and space separately costs.
const TIME_ULPS: f64 = 8.0;
impl Points {
    /// Opens `path`, or standard input where it is `-`.
    pub fn open(path: &str) -> Result<Points, Failure> {
        if path == "-" {
            return Points::new("standard input", std::io::stdin());
        }
        let name = printable(path);
        let file = File::open(path).map_err(|error| Failure(format!("{name}: {error}")))?;
        Points::new(&name, file)
    }

    /// Reads what stands above the rows.
    pub fn new(name: &str, input: impl Read + Send + 'static) -> Result<Points, Failure> {
        let fault = |error: std::io::Error| Failure(format!("{name}: {error}"));
        let mut lines = Lines::new(input).map_err(fault)?;
        let comments = lines.comments().map_err(fault)?;
        let not_text = |line: usize| Failure(format!("{name}: line {line}: not text in UTF-8"));
        let comments: Vec<String> = (1..)
            .zip(comments)
            .map(|(line, comment)| String::from_utf8(comment).map_err(|_| not_text(line)))
            .collect::<Result<_, _>>()?;
        let (columns, header, rows) = Rows::new(name, lines, comments.len() as u64)?;
        if columns.iter().all(String::is_empty) {
            return Err(Failure(format!("{name}: empty: no line of column names")));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = columns.iter().find(|column| !seen.insert(column.as_str())) {
            return Err(Failure(format!("{name}: line {header}: column `{}` appears twice", short(twice))));
        }
        Ok(Points { table: Table { name: name.to_owned(), comments, columns, curvature: None, header }, rows })
    }
}

impl Table {
    /// The position of a column.
    pub fn column(&self, column: &str) -> Result<usize, Failure> {
        let missing = || Failure(format!("{}: line {}: no column `{}`", self.name, self.header, short(column)));
        self.columns.iter().position(|name| name == column).ok_or_else(missing)
    }

    /// A fault of a row, with its place.
    pub fn line(&self, row: &Row, what: impl std::fmt::Display) -> Failure {
        Failure(format!("{}: line {}: {what}", self.name, row.line))
    }

    /// A fault of a cell, with its place.
    pub fn place(&self, row: &Row, column: &str, what: impl std::fmt::Display) -> Failure {
        self.line(row, format!("column `{}`: {what}", short(column)))
    }

    /// The inputs of an operation from one row, each number rounded once to `like`'s arithmetic and checked.
    pub fn inputs<S: Number>(
        &self,
        row: &Row,
        op: Op,
        model: Model,
        to: Model,
        like: &S,
    ) -> Result<Inputs<S>, Failure> {
        let place = |column: &str, what: String| self.place(row, column, what);
        let number = |column: &str, text: &str| {
            let value = parse(like, text).ok_or_else(|| place(column, format!("`{}` is not a number", short(text))))?;
            match value.is_finite() {
                true => Ok(value),
                false => Err(place(column, format!("`{}` is not finite", short(text)))),
            }
        };
        let c = self.curvature_of(row, like, number)?;
        let mut inputs = Inputs::new(model, c);
        inputs.to = to;
        let mut width: Option<(usize, Input)> = None;
        for (input, role) in op.inputs() {
            let name = input.name();
            let cell = row.cell(self.column(name)?);
            if *role == Role::Number {
                let t = number(name, cell)?;
                let within = matches!(t.compare(&like.lit(0.0)), Some(Ordering::Greater | Ordering::Equal))
                    && matches!(t.compare(&like.lit(1.0)), Some(Ordering::Less | Ordering::Equal));
                if op == Op::Midpoint && !within {
                    let what = "is not a weight between 0 and 1, and with a negative one the sum may be no point";
                    return Err(place(name, format!("`{}` {what}", short(cell))));
                }
                inputs.t = Some(t);
                continue;
            }
            let mut vector = Vec::with_capacity(width.map_or(0, |(n, _)| n));
            for text in cell.split_whitespace() {
                vector.push(number(name, text)?);
            }
            let least = model.width(1);
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

impl Table {
    /// c of a row: of its column `c`, with which --curvature must agree; else --curvature, or 1.
    fn curvature_of<S: Number>(
        &self,
        row: &Row,
        like: &S,
        number: impl Fn(&str, &str) -> Result<S, Failure>,
    ) -> Result<S, Failure> {
        let zero = like.lit(0.0);
        let asked =
            |text: &str| parse(like, text).filter(|c| c.is_finite() && c.compare(&zero) == Some(Ordering::Greater));
        let outside = |text: &str| Failure(format!("--curvature {text} is beyond the range of this arithmetic"));
        let Ok(column) = self.column("c") else {
            let text = self.curvature.as_deref().unwrap_or("1");
            return asked(text).ok_or_else(|| outside(text));
        };
        let text = row.cell(column);
        let c = number("c", text)?;
        if c.compare(&zero) == Some(Ordering::Less) {
            return Err(self.place(row, "c", format!("`{}` is not positive: {}", short(text), negative(&short(text)))));
        }
        if c.compare(&zero) == Some(Ordering::Equal) {
            return Err(self.place(row, "c", format!("`{}` is not positive (curvature is −c, c > 0)", short(text))));
        }
        match &self.curvature {
            Some(asked_for) if asked(asked_for).ok_or_else(|| outside(asked_for))?.to_float() != c.to_float() => {
                Err(self.place(row, "c", format!("`{}`, where --curvature says {asked_for}", short(text))))
            }
            _ => Ok(c),
        }
    }
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
    use std::io::Cursor;

    fn message(text: &[u8], op: Op, model: Model) -> String {
        let read = || -> Result<(), Failure> {
            let mut points = Points::new("f.csv", Cursor::new(text.to_vec()))?;
            let chunk = points.rows.chunk()?;
            let table = &points.table;
            let first = |rows: &mut dyn Iterator<Item = Row>| {
                let done = rows.map(|row| match &row.fault {
                    Some(fault) => Err(table.line(&row, fault)),
                    None => table.inputs(&row, op, model, model, &0f64).map(drop),
                });
                done.collect::<Result<(), Failure>>()
            };
            points.rows.batches(&chunk, first).into_iter().collect()
        };
        read().err().map_or(String::new(), |failure| failure.0)
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
            ("# a\n\n# b\nc,x,y\n\n# d\r\n1,0,0\n\n1,2\n", Poincare, "f.csv: line 9: 2 cells where"),
            ("# a\nc,x,y\n\n# d\r\n1,0.1,\"0.1\n0.2\"\n", Poincare, "f.csv: line 5: column `y`: 2 numbers"),
            ("# a\nc,x\n1,0\n", Poincare, "f.csv: line 2: no column `y`"),
            ("c,x,c\n1,2,3\n", Poincare, "f.csv: line 1: column `c` appears twice"),
            ("c,x,y\n1,9 1,1.4142135623730951 1\n", LorentzAmbient, "f.csv: line 2: column `x`: time 9.0 is not"),
        ] {
            let got = message(text.as_bytes(), Op::Distance, model);
            assert!(got.starts_with(expected), "{text:?}: {got}");
            assert!(!got.contains('\n'));
        }
        assert!(message(b"c,x\n1,\xff", Op::OriginDistance, Poincare).starts_with("f.csv: line 2: not text"));
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
