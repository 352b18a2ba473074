//! The measured tables that `choose` reads: compiled in as text, parsed once.

use crate::formula::Model;
use std::sync::OnceLock;

/// Errors by representation, arithmetic, operation, variant, guard and dimension, over separations and radii:
/// `hypprec choose --regenerate src/verdict/choose/table.csv` measures them anew from studies/choose.toml.
const ERRORS: &str = include_str!("table.csv");
/// Costs of variants: `cargo bench --bench cost --no-default-features` measures them anew.
const COSTS: &str = include_str!("cost.csv");

/// In place of a variant: what storing the inputs costs, whatever the formula.
pub const STORING: &str = "storing";
/// The line that says which radii the errors of a cell belong to.
pub const RADII: &str = "# radii: ";
/// Columns before those of the separations.
pub const KEYS: [&str; 6] = ["model", "scalar", "op", "variant", "guard", "dim"];

/// The measured errors of one way of doing one operation, in one dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    pub model: Model,
    pub scalar: &'a str,
    /// An operation, or `gradient`: that of the distance by its first point.
    pub op: &'a str,
    pub variant: &'a str,
    pub guard: &'a str,
    pub dim: usize,
    /// By separation, then radius: the worst error of all pairs drawn within that radius and at no less than that
    /// separation, in this dimension and the lower ones. Cells end before the first radius at which it is more than 1 or a
    /// pair has no answer; the first cells, where no two points are that far apart, are 0.
    errors: Vec<Vec<f64>>,
}

/// A parsed table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table<'a> {
    /// √c d(0, x), ascending.
    pub radii: Vec<f64>,
    /// √c d(x, y), ascending.
    pub separations: Vec<f64>,
    pub rows: Vec<Row<'a>>,
}

/// A place in the grid at least as hard as a need: the next radius outwards, the next separation inwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub radius: usize,
    pub separation: usize,
}

impl Row<'_> {
    /// The error at a place; `None` if it is more than 1 or a pair has no answer.
    pub fn error(&self, place: Place) -> Option<f64> {
        self.errors.get(place.separation)?.get(place.radius).copied()
    }
}

impl<'a> Table<'a> {
    /// Reads a table; `None` where it is not one.
    pub fn parse(text: &'a str) -> Option<Self> {
        let numbers = |text: &str| text.split(' ').map(|x| x.parse().ok()).collect::<Option<Vec<f64>>>();
        let radii = numbers(text.lines().find_map(|line| line.strip_prefix(RADII))?)?;
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let header: Vec<&str> = lines.next()?.split(',').collect();
        let separations: Vec<f64> =
            header.strip_prefix(&KEYS)?.iter().map(|x| x.parse().ok()).collect::<Option<_>>()?;
        let row = |line: &'a str| {
            let cells: Vec<&str> = line.split(',').collect();
            let (keys, errors) = cells.split_at_checked(KEYS.len())?;
            let cell = |cell: &&str| if cell.is_empty() { Some(Vec::new()) } else { numbers(cell) };
            Some(Row {
                model: keys[0].parse().ok()?,
                scalar: keys[1],
                op: keys[2],
                variant: keys[3],
                guard: keys[4],
                dim: keys[5].parse().ok()?,
                errors: errors.iter().map(cell).collect::<Option<_>>()?,
            })
        };
        Some(Table { radii, separations, rows: lines.map(row).collect::<Option<_>>()? })
    }

    /// The place for a radius and a separation within the grid.
    pub fn place(&self, radius: f64, separation: f64) -> Option<Place> {
        Some(Place {
            radius: self.radii.iter().position(|r| *r >= radius)?,
            separation: self.separations.iter().rposition(|d| *d <= separation)?,
        })
    }

    /// The rows of an operation, each in the lowest dimension measured of it that is no lower than `dim`.
    pub fn rows_of(&self, op: &str, dim: usize) -> Vec<&Row<'a>> {
        let mut lowest: Vec<&Row> = Vec::new();
        for row in self.rows.iter().filter(|row| row.op == op && row.dim >= dim) {
            let same = |other: &&mut &Row| {
                (other.model, other.scalar, other.variant, other.guard)
                    == (row.model, row.scalar, row.variant, row.guard)
            };
            match lowest.iter_mut().find(same) {
                None => lowest.push(row),
                Some(other) if row.dim < other.dim => *other = row,
                Some(_) => (),
            }
        }
        lowest
    }
}

/// The committed table.
pub fn table() -> &'static Table<'static> {
    static TABLE: OnceLock<Table<'static>> = OnceLock::new();
    TABLE.get_or_init(|| Table::parse(ERRORS).expect("the committed table is well formed; a test reads it"))
}

/// How many Euclidean distances in the same arithmetic a variant costs; `None` where it was not measured.
pub fn cost(model: Model, scalar: &str, op: &str, variant: &str) -> Option<f64> {
    let key = format!("{model},{scalar},{op},{variant},");
    COSTS.lines().find_map(|line| line.strip_prefix(&key))?.parse().ok()
}
