//! Measuring the table behind `choose` anew, from studies/choose.toml.

use super::table::{KEYS, RADII, STORING};
use crate::arithmetic::{Arithmetic, Number};
use crate::formula::{BEST, Input, Model, Op, UnknownName, variants};
use crate::guard::{GUARDS, NONE};
use crate::measure::{Case, MeasureError, Quantity, measure};
use crate::oracle::Sample;
use crate::verdict::judge::{rounded, shipped};
use crate::verdict::pairs::Draw;
use rayon::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The grid, compiled in.
pub const GRID: &str = include_str!("../../../studies/choose.toml");

/// Lengths do not depend on the curvature, so one is enough.
const CURVATURE: f64 = 1.0;
/// Significant digits of an error in the table.
const DIGITS: i32 = 2;
/// Errors above this are as good as none.
const USELESS: f64 = 1.0;
/// The name of the derivative of the distance by its first point.
pub const GRADIENT: &str = "gradient";

/// What is measured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    pub question: String,
    pub analysis: String,
    pub seed: u64,
    replicas: u64,
    pub radii: Vec<f64>,
    pub separations: Vec<f64>,
    #[serde(rename = "block")]
    blocks: Vec<Block>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    ops: Vec<String>,
    models: Vec<String>,
    scalars: Vec<String>,
    variants: Variants,
    /// Whether the libraries' guards are measured too, each on the variant that it comes with.
    #[serde(default)]
    libraries: bool,
    dims: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Variants {
    All,
    Best,
}

/// Why a table could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum GridError {
    #[error("studies/choose.toml: {0}")]
    Toml(String),
    #[error(transparent)]
    Name(#[from] UnknownName),
    #[error(transparent)]
    Arithmetic(#[from] crate::arithmetic::number::UnknownArithmetic),
    #[error(transparent)]
    Measure(#[from] MeasureError),
}

/// The keys of a row, without its dimension.
type Key = (Model, String, String, String, String);
/// By separation, then radius; infinite: more than [`USELESS`], or no answer.
type Errors = Vec<Vec<f64>>;

/// One model, arithmetic, operation and dimension: what is measured together.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    pub model: Model,
    pub arithmetic: Arithmetic,
    pub op: String,
    pub dim: usize,
    all: bool,
    libraries: bool,
}

impl Grid {
    /// Reads the grid.
    ///
    /// # Errors
    /// If it is not one.
    pub fn parse(text: &str) -> Result<Grid, GridError> {
        toml::from_str(text).map_err(|e: toml::de::Error| GridError::Toml(e.message().replace('\n', " ")))
    }

    /// What it asks for, in order.
    pub fn panels(&self) -> Result<Vec<Panel>, GridError> {
        let mut panels = Vec::new();
        for block in &self.blocks {
            for op in &block.ops {
                for model in &block.models {
                    for scalar in &block.scalars {
                        for dim in &block.dims {
                            panels.push(Panel {
                                model: model.parse()?,
                                arithmetic: scalar.parse()?,
                                op: op.clone(),
                                dim: *dim,
                                all: block.variants == Variants::All,
                                libraries: block.libraries,
                            });
                        }
                    }
                }
            }
        }
        Ok(panels)
    }

    /// Measures panels, and says how many are done after each.
    pub fn measure(&self, panels: &[Panel], done: impl Fn(usize)) -> Result<String, GridError> {
        let mut order: Vec<Key> = Vec::new();
        let mut rows: BTreeMap<Key, BTreeMap<usize, Errors>> = BTreeMap::new();
        for (i, panel) in panels.iter().enumerate() {
            for (key, errors) in crate::with_arithmetic!(panel.arithmetic, |proto| self.panel(panel, &proto))? {
                if !order.contains(&key) {
                    order.push(key.clone());
                }
                rows.entry(key).or_default().insert(panel.dim, errors);
            }
            done(i + 1);
        }
        Ok(self.table(&order, rows))
    }

    fn cases(panel: &Panel, op: Op) -> Vec<Case> {
        let own = variants(op, panel.model).filter(|variant| panel.all || variant.id == BEST);
        let mut cases: Vec<Case> = own.map(|variant| Case { variant, guard: NONE }).collect();
        if panel.libraries {
            let guards = GUARDS.iter().filter(|guard| guard.id != NONE.id && guard.models.contains(&panel.model));
            let precision = crate::guard::Precision { bits: panel.arithmetic.bits() };
            let concerned = guards.filter(|guard| guard.concerns(panel.model, op, precision));
            cases.extend(concerned.filter_map(|guard| Some(Case { variant: shipped(guard, op, panel.model)?, guard })));
        }
        cases
    }

    fn panel<S: Number>(&self, panel: &Panel, like: &S) -> Result<Vec<(Key, Errors)>, GridError> {
        let (op, gradient) = match panel.op.as_str() {
            GRADIENT => (Op::Distance, Some(Input::X)),
            name => (name.parse::<Op>()?, None),
        };
        let quantity = Quantity { op, gradient, to: panel.model };
        let cases = Self::cases(panel, op);
        let samples = self.samples(panel.dim);
        let measured: Result<Vec<Vec<[Option<f64>; 2]>>, MeasureError> = samples
            .par_iter()
            .map(|(_, _, sample)| {
                let cells = measure(sample, quantity, panel.model, like, &cases)?.cells;
                Ok(cells
                    .iter()
                    .map(|c| [c.parts.map(|p| p.total.abs()), c.parts.map(|p| p.representation.abs())])
                    .collect())
            })
            .collect();
        let measured = measured?;
        let errors = |case: usize, leg: usize| {
            let at = samples.iter().zip(&measured).map(|((i, j, _), cells)| (*i, *j, cells[case][leg]));
            self.within(at)
        };
        let key = |variant: &str, guard: &str| -> Key {
            (panel.model, panel.arithmetic.to_string(), panel.op.clone(), variant.to_owned(), guard.to_owned())
        };
        // Storing does not depend on the formula: the own variant's cells show it.
        let mut rows = vec![(key(STORING, NONE.id), errors(0, 1))];
        rows.extend(cases.iter().enumerate().map(|(i, case)| (key(case.variant.id, case.guard.id), errors(i, 0))));
        Ok(rows)
    }

    /// Every pair, with the places of its separation and radius in the grid.
    fn samples(&self, dim: usize) -> Vec<(usize, usize, Sample)> {
        let draw = Draw { c: CURVATURE, dim, replicas: self.replicas, seed: self.seed };
        let mut samples = Vec::new();
        for (i, radius) in self.radii.iter().enumerate() {
            for (j, separation) in self.separations.iter().enumerate() {
                samples.extend(draw.at(*radius, *separation).into_iter().map(|sample| (j, i, sample)));
            }
            for sample in draw.across(*radius, self.separations[0]) {
                let distance = crate::verdict::pairs::separation(&sample);
                let j = self.separations.iter().rposition(|d| *d <= distance).unwrap_or(0);
                samples.push((j, i, sample));
            }
        }
        samples
    }

    /// The worst of all pairs within a radius and at no less than a separation.
    fn within(&self, at: impl Iterator<Item = (usize, usize, Option<f64>)>) -> Errors {
        let mut worst = vec![vec![0.0f64; self.radii.len()]; self.separations.len()];
        for (j, i, error) in at {
            let error = error.filter(|error| *error <= USELESS).unwrap_or(f64::INFINITY);
            worst[j][i] = worst[j][i].max(error);
        }
        for j in (0..self.separations.len()).rev() {
            for i in 0..self.radii.len() {
                let farther = worst.get(j + 1).map_or(0.0, |row| row[i]);
                let inner = if i == 0 { 0.0 } else { worst[j][i - 1] };
                worst[j][i] = worst[j][i].max(farther).max(inner);
            }
        }
        worst
    }

    fn table(&self, order: &[Key], mut rows: BTreeMap<Key, BTreeMap<usize, Errors>>) -> String {
        let words = |numbers: &[f64]| numbers.iter().map(|x| short(*x)).collect::<Vec<_>>();
        let mut out = format!(
            "{RADII}{}\n{},{}\n",
            words(&self.radii).join(" "),
            KEYS.join(","),
            words(&self.separations).join(",")
        );
        for key in order {
            let mut lower: Option<Errors> = None;
            for (dim, errors) in rows.remove(key).unwrap_or_default() {
                let worst = match &lower {
                    None => errors,
                    Some(lower) => larger(lower, &errors),
                };
                let (model, scalar, op, variant, guard) = key;
                let cell = |errors: &Vec<f64>| words(&finite(errors)).join(" ");
                // Writing to a string cannot fail.
                let _ = write!(out, "{model},{scalar},{op},{variant},{guard},{dim},");
                let _ = writeln!(out, "{}", worst.iter().map(cell).collect::<Vec<_>>().join(","));
                lower = Some(worst);
            }
        }
        out
    }
}

fn larger(a: &Errors, b: &Errors) -> Errors {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a.max(*b)).collect()).collect()
}

/// The errors before the first that is useless, rounded up.
fn finite(errors: &[f64]) -> Vec<f64> {
    errors.iter().take_while(|error| error.is_finite()).map(|error| rounded(*error, DIGITS, true)).collect()
}

/// A number in its shortest form.
fn short(x: f64) -> String {
    let (plain, scientific) = (x.to_string(), format!("{x:e}"));
    if plain.len() <= scientific.len() { plain } else { scientific }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::choose::{Table, table};

    /// The rows of some panels, measured anew.
    fn again(keep: impl Fn(&Panel) -> bool) -> String {
        let grid = Grid::parse(GRID).unwrap();
        let panels: Vec<Panel> = grid.panels().unwrap().into_iter().filter(keep).collect();
        assert!(!panels.is_empty());
        grid.measure(&panels, |_| ()).unwrap()
    }

    /// Every row measured anew must be in the committed table, to the last digit.
    fn compare(text: &str) {
        let fresh = Table::parse(text).unwrap();
        assert_eq!((&fresh.radii, &fresh.separations), (&table().radii, &table().separations));
        for row in &fresh.rows {
            let same = |r: &&crate::verdict::choose::Row| {
                (r.model, r.scalar, r.op, r.variant, r.guard, r.dim)
                    == (row.model, row.scalar, row.op, row.variant, row.guard, row.dim)
            };
            let committed = table().rows.iter().find(same);
            assert_eq!(committed, Some(row), "the table is stale: run hypprec choose --regenerate");
        }
    }

    #[test]
    fn the_committed_table_is_not_stale() {
        let sampled = |panel: &Panel| match (panel.model, panel.arithmetic, panel.op.as_str()) {
            (Model::Poincare, Arithmetic::F32, "distance") => panel.dim <= 16,
            (Model::Lorentz, Arithmetic::F32, "exp" | "distance") => panel.dim == 2,
            (Model::Klein, Arithmetic::F64, "mlr" | GRADIENT) => panel.dim == 2,
            (Model::LorentzAmbient, Arithmetic::F64, "log") => panel.dim == 2,
            (Model::Poincare, Arithmetic::Dd, "transport") => panel.dim == 2,
            _ => false,
        };
        compare(&again(sampled));
    }

    #[test]
    fn all_of_the_committed_table_is_not_stale() {
        if std::env::var_os("HYPPREC_LONG").is_some() {
            compare(&again(|_| true));
        }
    }

    #[test]
    fn the_table_has_every_row_of_the_grid_and_no_other() {
        let grid = Grid::parse(GRID).unwrap();
        let mut expected = 0;
        for panel in grid.panels().unwrap() {
            let op = if panel.op == GRADIENT { Op::Distance } else { panel.op.parse().unwrap() };
            let scalar = panel.arithmetic.to_string();
            let cases = Grid::cases(&panel, op);
            for (variant, guard) in cases.iter().map(|c| (c.variant.id, c.guard.id)).chain([(STORING, NONE.id)]) {
                let found = table().rows.iter().filter(|r| {
                    (r.model, r.scalar, r.op, r.variant, r.guard, r.dim)
                        == (panel.model, scalar.as_str(), panel.op.as_str(), variant, guard, panel.dim)
                });
                assert_eq!(found.count(), 1, "{panel:?} {variant} {guard}");
                expected += 1;
            }
        }
        assert_eq!(table().rows.len(), expected);
    }
}
