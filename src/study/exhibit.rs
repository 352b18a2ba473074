//! What a study shows of its cells, as its TOML declares it: which cells, seen along which columns, reduced to which figure.

use super::tables::pairs;
use crate::arithmetic::Arithmetic;
use crate::formula::Model;
use crate::table::CellRow;
use serde::Deserialize;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A plot, a table or a section of text on a study's page.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exhibit {
    pub kind: Kind,
    /// The name of its files; `{column}` stands for the value of a column of `each`, also in title and caption.
    #[serde(default)]
    pub name: String,
    /// Opens a section of the page.
    #[serde(default)]
    pub heading: String,
    /// A paragraph before it.
    #[serde(default)]
    pub text: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub caption: String,
    /// One exhibit for each combination of the values of these columns.
    #[serde(default)]
    pub each: Vec<Column>,
    /// Lines, rows or dots: one for each combination of the values of these.
    #[serde(default)]
    pub series: Vec<Column>,
    /// What they run along.
    #[serde(default)]
    pub x: Vec<Column>,
    #[serde(default)]
    pub value: Value,
    #[serde(default, rename = "where")]
    pub keep: Selection,
    #[serde(default)]
    pub not: Selection,
    /// The ends of the value axis: log₁₀ where the axis is logarithmic.
    pub range: Option<[f64; 2]>,
    /// What the value axis says.
    #[serde(default)]
    pub label: String,
    /// Lines: also what storing alone costs.
    #[serde(default)]
    pub floor: bool,
    /// Lines over the radius: also where the libraries' guards cap it.
    #[serde(default)]
    pub guards: bool,
}

/// How an exhibit is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Lines of a value along a column.
    Lines,
    /// Rows sorted by the 99th percentile of the cells that gave an answer.
    Rank,
    /// Fields: a row for each series, a column for each x.
    Heat,
    /// The shares of each outcome.
    Shares,
    /// Dots of a value against the measured cost of the variant.
    Pareto,
    /// Numbers: a row for each series, a column for each x.
    Table,
    /// How far out each variant of the distance holds, from clip.csv.
    Clips,
    /// A heading and a paragraph.
    Text,
}

/// A figure that a study's texts name in braces: a number, or several ranked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    #[serde(default)]
    pub value: Value,
    #[serde(default, rename = "where")]
    pub keep: Selection,
    #[serde(default)]
    pub not: Selection,
    /// Ranked from the best to the worst, one for each combination of the values of these columns.
    #[serde(default)]
    pub by: Vec<Column>,
    /// How many of the ranked are named, from the best; all without it.
    pub first: Option<usize>,
    /// How many are named, from the worst.
    pub last: Option<usize>,
}

/// One figure of many cells.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Value {
    #[serde(default)]
    pub of: Error,
    #[serde(default)]
    pub take: Take,
    /// What `holds` and `needs` allow.
    #[serde(default = "one_percent")]
    pub tolerance: f64,
    /// What `holds` and `needs` run along.
    #[serde(default = "radius")]
    pub over: Column,
    /// Leaves out cells without an answer, which otherwise count as wrong by any amount.
    #[serde(default)]
    pub skip_missing: bool,
}

fn one_percent() -> f64 {
    0.01
}

fn radius() -> Column {
    Column::Radius
}

impl Default for Value {
    fn default() -> Self {
        Value { of: Error::Total, take: Take::Max, tolerance: one_percent(), over: radius(), skip_missing: false }
    }
}

/// Which error of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Error {
    Representation,
    OffModel,
    Guard,
    Rounding,
    #[default]
    Total,
    Ulps,
}

impl Error {
    pub fn of(self, cell: &CellRow) -> Option<f64> {
        let error = match self {
            Error::Representation => cell.error_representation,
            Error::OffModel => cell.error_off_model,
            Error::Guard => cell.error_guard,
            Error::Rounding => cell.error_rounding,
            Error::Total => cell.error_total,
            Error::Ulps => cell.ulps,
        };
        error.map(f64::abs)
    }
}

/// How many cells come down to one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    #[default]
    Max,
    P99,
    Median,
    /// The largest value of a column up to which every cell keeps the tolerance; 0 if none.
    Holds,
    /// The smallest value of a column from which on every cell keeps the tolerance.
    Needs,
    /// The share of cells that keep the tolerance.
    Share,
}

impl Take {
    /// Whether its numbers are errors, to be seen on a logarithmic axis.
    pub fn is_error(self) -> bool {
        matches!(self, Take::Max | Take::P99 | Take::Median)
    }
    /// Whether more is better.
    pub fn more_is_better(self) -> bool {
        matches!(self, Take::Holds | Take::Share)
    }
}

/// What cells are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    Model,
    Scalar,
    /// Significant bits of the arithmetic.
    ScalarBits,
    Op,
    Variant,
    Guard,
    C,
    Dim,
    Radius,
    Separation,
    Direction,
    /// far, near or other.
    Pairs,
}

/// The value of a column.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Key {
    Number(f64),
    Text(String),
}

/// Numbers from here …
const LEAST_PLAIN: f64 = 1e-3;
/// … to here are written without an exponent.
const MOST_PLAIN: f64 = 1e5;

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Key::Number(x) if *x != 0.0 && !(LEAST_PLAIN..MOST_PLAIN).contains(&x.abs()) => write!(f, "{x:e}"),
            Key::Number(x) => write!(f, "{x}"),
            Key::Text(text) => f.pad(text),
        }
    }
}

impl Column {
    pub fn name(self) -> &'static str {
        match self {
            Column::Model => "model",
            Column::Scalar => "scalar",
            Column::ScalarBits => "scalar_bits",
            Column::Op => "op",
            Column::Variant => "variant",
            Column::Guard => "guard",
            Column::C => "c",
            Column::Dim => "dim",
            Column::Radius => "radius",
            Column::Separation => "separation",
            Column::Direction => "direction",
            Column::Pairs => "pairs",
        }
    }

    fn text(self, cell: &CellRow) -> Option<&str> {
        match self {
            Column::Model => Some(&cell.model),
            Column::Scalar => Some(&cell.scalar),
            Column::Op => Some(&cell.op),
            Column::Variant => Some(&cell.variant),
            Column::Guard => Some(&cell.guard),
            Column::Direction => Some(&cell.direction),
            Column::Pairs => Some(pairs(cell).unwrap_or("other")),
            _ => None,
        }
    }

    fn number(self, cell: &CellRow) -> f64 {
        match self {
            Column::C => cell.c,
            Column::Dim => cell.dim as f64,
            Column::Radius => cell.radius,
            Column::Separation => cell.separation,
            Column::ScalarBits => {
                f64::from(cell.scalar.parse::<Arithmetic>().expect("a cell is of an arithmetic").bits())
            }
            _ => 0.0,
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Column::C | Column::Dim | Column::Radius | Column::Separation | Column::ScalarBits)
    }

    pub fn of(self, cell: &CellRow) -> Key {
        self.text(cell).map_or_else(|| Key::Number(self.number(cell)), |text| Key::Text(text.to_owned()))
    }
}

/// The values that a column may have: one, several, or all from … to ….
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Choice {
    One(Key),
    Many(Vec<Key>),
    Range { from: f64, to: f64 },
}

impl Choice {
    fn keys(&self) -> &[Key] {
        match self {
            Choice::One(key) => std::slice::from_ref(key),
            Choice::Many(keys) => keys,
            Choice::Range { .. } => &[],
        }
    }

    fn admits(&self, column: Column, cell: &CellRow) -> bool {
        match (self, column.text(cell)) {
            (Choice::Range { from, to }, None) => (*from..=*to).contains(&column.number(cell)),
            (_, None) => self.keys().contains(&Key::Number(column.number(cell))),
            (_, Some(text)) => self.keys().iter().any(|key| matches!(key, Key::Text(known) if known == text)),
        }
    }
}

/// Cells by the values of their columns.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Selection(BTreeMap<Column, Choice>);

impl Selection {
    /// Whether a cell has the values of every column.
    pub fn admits(&self, cell: &CellRow) -> bool {
        self.0.iter().all(|(column, choice)| choice.admits(*column, cell))
    }

    /// Whether a cell has the values, and there are any: what `not` takes away.
    pub fn takes_away(&self, cell: &CellRow) -> bool {
        !self.0.is_empty() && self.admits(cell)
    }

    /// The values that a column is held to, in the order in which they were written.
    pub fn values(&self, column: Column) -> &[Key] {
        self.0.get(&column).map_or(&[], Choice::keys)
    }

    /// The order in which two values of a column are shown: as they are written here, numbers by their size.
    pub fn order(&self, column: Column, a: &Key, b: &Key) -> Ordering {
        let place = |key: &Key| self.values(column).iter().position(|known| known == key);
        match (a, b) {
            (Key::Number(a), Key::Number(b)) => a.total_cmp(b),
            _ => place(a).cmp(&place(b)),
        }
    }

    fn check(&self) -> Result<(), String> {
        for (column, choice) in &self.0 {
            let numbers = matches!(choice, Choice::Range { .. });
            let fits = |key: &Key| column.is_number() == matches!(key, Key::Number(_));
            if (numbers && !column.is_number()) || !choice.keys().iter().all(fits) {
                let what = if column.is_number() { "numbers" } else { "names" };
                return Err(format!("`{}` is held to values that are no {what}", column.name()));
            }
            for key in choice.keys() {
                match (column, key) {
                    (Column::Model, Key::Text(name)) => name.parse::<Model>().map(drop).map_err(|e| e.to_string())?,
                    (Column::Scalar, Key::Text(name)) => {
                        name.parse::<Arithmetic>().map(drop).map_err(|e| e.to_string())?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

impl Figure {
    pub(super) fn check(&self) -> Result<(), String> {
        self.keep.check()?;
        self.not.check()
    }
}

impl Exhibit {
    /// What is wrong with the declaration, in one line.
    pub(super) fn check(&self) -> Result<(), String> {
        self.keep.check()?;
        self.not.check()?;
        let needs = |ok: bool, what: &str| if ok { Ok(()) } else { Err(what.to_owned()) };
        let drawn = !matches!(self.kind, Kind::Text | Kind::Clips);
        needs(!drawn || !self.name.is_empty(), "it has no name")?;
        let named = |c: char| c.is_ascii_alphanumeric() || "-_{}".contains(c);
        needs(self.name.chars().all(named), "its name is not one of letters, digits, - and _")?;
        needs(!drawn || !self.series.is_empty(), "it has no series")?;
        match self.kind {
            Kind::Lines | Kind::Heat => {
                needs(self.x.len() == 1, "it runs along one column: x = [\"radius\"]")?;
                needs(self.x[0].is_number(), "it runs along a column of numbers")
            }
            Kind::Table => needs(!self.x.is_empty(), "it has no columns: x = [\"scalar\"]"),
            _ => Ok(()),
        }
    }
}
