//! The tables that `choose` reads beside the bounds: what was found, not proved. Compiled in as text; a cell is parsed when it
//! is asked for.

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
pub const KEYS: [&str; 8] = ["model", "scalar", "op", "variant", "guard", "dim", "draws", "of"];

/// What a row of the file says of a way of doing an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    /// The worst found of what the formula, the guard and coordinates off the model cost.
    Rounding,
    /// The worst found of all, storing too.
    Total,
    /// What 99.9 % and a half of the pairs drawn do not exceed in all.
    P999,
    Median,
}

impl Figure {
    pub const ALL: [Figure; 4] = [Figure::Rounding, Figure::Total, Figure::P999, Figure::Median];

    pub fn name(self) -> &'static str {
        match self {
            Figure::Rounding => "rounding",
            Figure::Total => "total",
            Figure::P999 => "p999",
            Figure::Median => "median",
        }
    }
}

/// What was found of one way of doing one operation, in one dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    pub model: Model,
    pub scalar: &'a str,
    /// An operation, or `gradient`: that of the distance by its first point.
    pub op: &'a str,
    pub variant: &'a str,
    pub guard: &'a str,
    pub dim: usize,
    /// Pairs drawn at each place.
    pub draws: usize,
    /// By figure: by separation, then radius, over all pairs drawn within that radius and at no less than that separation, in
    /// this dimension and the lower ones. Cells end before the first radius at which it, or storing alone, is more than 1 or a
    /// pair has no answer; the first cells, where no two points are that far apart, are 0.
    cells: [&'a str; 4],
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

impl<'a> Row<'a> {
    /// A figure at a place; `None` if it is more than 1 or a pair has no answer.
    pub fn figure(&self, figure: Figure, place: Place) -> Option<f64> {
        self.cells[figure as usize].split(',').nth(place.separation)?.split(' ').nth(place.radius)?.parse().ok()
    }
    /// Whether another row has the same figures everywhere.
    pub fn same_figures(&self, other: &Row) -> bool {
        self.cells == other.cells
    }
    /// What tells it from every other row.
    pub fn key(&self) -> (Model, &'a str, &'a str, &'a str, &'a str, usize) {
        (self.model, self.scalar, self.op, self.variant, self.guard, self.dim)
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
        let mut rows: Vec<Row<'a>> = Vec::new();
        for line in lines {
            let mut parts = line.splitn(KEYS.len() + 1, ',');
            let keys: Vec<&'a str> = parts.by_ref().take(KEYS.len()).collect();
            let [model, scalar, op, variant, guard, dim, draws, of] = keys.try_into().ok()?;
            let figure = Figure::ALL.into_iter().find(|figure| figure.name() == of)?;
            let (model, dim, draws) = (model.parse().ok()?, dim.parse().ok()?, draws.parse().ok()?);
            let cells = parts.next()?;
            // Figures of one key stand together.
            match rows.last_mut().filter(|row| row.key() == (model, scalar, op, variant, guard, dim)) {
                Some(row) => row.cells[figure as usize] = cells,
                None => {
                    let mut row = Row { model, scalar, op, variant, guard, dim, draws, cells: [""; 4] };
                    row.cells[figure as usize] = cells;
                    rows.push(row);
                }
            }
        }
        Some(Table { radii, separations, rows })
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

/// The columns after the keys.
fn costs(model: Model, scalar: &str, op: &str, variant: &str) -> Option<impl Iterator<Item = f64>> {
    let key = format!("{model},{scalar},{op},{variant},");
    let columns = COSTS.lines().find_map(|line| line.strip_prefix(&key))?;
    Some(columns.split(',').filter_map(|column| column.parse().ok()))
}

/// How many Euclidean distances in the same arithmetic a variant costs; `None` where it was not measured.
pub fn cost(model: Model, scalar: &str, op: &str, variant: &str) -> Option<f64> {
    costs(model, scalar, op, variant)?.next()
}

/// What a variant costs a pair of 64 coordinates on the machine that all costs were measured on, in nanoseconds: comparable
/// between arithmetics. `None` where it was not measured.
pub fn nanoseconds(model: Model, scalar: &str, op: &str, variant: &str) -> Option<f64> {
    costs(model, scalar, op, variant)?.nth(1)
}
