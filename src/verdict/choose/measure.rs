//! Drawing the table behind `choose` anew, from studies/choose.toml.

use super::draws::{Error, Found, Place, Reference, Subject, dims, find};
use super::table::{Figure, KEYS, RADII, STORING, Table};
use crate::arithmetic::number::UnknownArithmetic;
use crate::arithmetic::{Arithmetic, Bf16, Dd, F16, Mp, Number, Scalar};
use crate::formula::{BEST, Input, Model, Op, UnknownName, variants};
use crate::guard::{GUARDS, NONE, Precision};
use crate::measure::{Case, Quantity, order_statistic};
use crate::verdict::choose::{GRADIENT, rounded_up};
use crate::verdict::judge::shipped;
use crate::verdict::search::Law;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The grid, compiled in.
pub const GRID: &str = include_str!("../../../studies/choose.toml");

/// Errors above this are as good as none.
const USELESS: f64 = 1.0;
/// The share of pairs drawn that `p999` states.
const SHARE: f64 = 0.999;
/// Bits of the reference of a double-double, which none of the arithmetics that are studied is the wide one of.
const DOUBLE_DOUBLE_REFERENCE: u32 = 256;

/// What is drawn.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    pub question: String,
    pub analysis: String,
    pub seed: u64,
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
    /// Whether the libraries' guards are tried too, each on the variant that it comes with.
    #[serde(default)]
    libraries: bool,
    dims: Vec<usize>,
    /// Pairs at a place.
    draws: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Variants {
    All,
    Best,
}

/// Why a table could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum GridError {
    #[error("studies/choose.toml: {0}")]
    Toml(String),
    #[error(transparent)]
    Name(#[from] UnknownName),
    #[error(transparent)]
    Arithmetic(#[from] UnknownArithmetic),
    #[error("{0} is not an arithmetic that has a reference")]
    NoReference(Arithmetic),
    #[error("what was kept of an earlier run is no table")]
    Kept,
}

/// The variant and the guard of a row.
type Way = (String, String);
/// By separation, then radius; infinite: more than [`USELESS`], or no answer, here or where storing alone is so further in.
type Errors = Vec<Vec<f64>>;
/// A row and its figures.
type Figures = (Way, Vec<(Figure, Errors)>);

/// One model, arithmetic, operation and dimension: what is drawn together.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    pub model: Model,
    pub arithmetic: Arithmetic,
    pub op: String,
    pub dim: usize,
    pub draws: usize,
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
                                draws: block.draws,
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

    /// The lines before the rows.
    fn head(&self) -> String {
        format!("{RADII}{}\n{},{}\n", words(&self.radii), KEYS.join(","), words(&self.separations).replace(' ', ","))
    }

    /// The rows of one panel.
    pub fn rows(&self, panel: &Panel) -> Result<String, GridError> {
        let ways = match panel.arithmetic {
            Arithmetic::F16 => {
                self.panel(panel, &doubled(F16::from_f64(0.0), |w, _| F16::from_f64(*w), |s, _| s.to_f64()))
            }
            Arithmetic::Bf16 => {
                self.panel(panel, &doubled(Bf16::from_f64(0.0), |w, _| Bf16::from_f64(*w), |s, _| s.to_f64()))
            }
            Arithmetic::F32 => self.panel(panel, &doubled(0f32, |w, _| *w as f32, |s, _| f64::from(*s))),
            Arithmetic::F64 => self.panel(
                panel,
                &Reference {
                    like: 0f64,
                    one: Dd::from(1.0),
                    store: |w, _| w.to_f64(),
                    widen: |s, _| Dd::from(*s),
                    number: |w| w.to_f64(),
                },
            ),
            Arithmetic::Dd => self.panel(panel, &exact(Dd::from(0.0), DOUBLE_DOUBLE_REFERENCE)),
            other => return Err(GridError::NoReference(other)),
        }?;
        let mut out = String::new();
        for ((variant, guard), figures) in ways {
            for (figure, errors) in figures {
                let cells: Vec<String> = errors.iter().map(|errors| words(&finite(errors))).collect();
                let Panel { model, arithmetic, op, dim, draws, .. } = panel;
                let of = figure.name();
                // Writing to a string cannot fail.
                let _ = write!(out, "{model},{arithmetic},{op},{variant},{guard},{dim},{draws},{of},");
                let _ = writeln!(out, "{}", cells.join(","));
            }
        }
        Ok(out)
    }

    /// The table of the panels' rows: in each dimension no less than in the lower ones.
    pub fn table(&self, rows: &str) -> Result<String, GridError> {
        let text = self.head() + rows;
        let parsed = Table::parse(&text).ok_or(GridError::Kept)?;
        let mut largest: BTreeMap<_, Errors> = BTreeMap::new();
        let mut order: Vec<usize> = (0..parsed.rows.len()).collect();
        // Each way's dimensions side by side, ascending, where the first of them stood.
        let way = |i: usize| {
            let (model, scalar, op, variant, guard, _) = parsed.rows[i].key();
            (model, scalar, op, variant, guard)
        };
        let first: BTreeMap<_, usize> = order.iter().rev().map(|i| (way(*i), *i)).collect();
        order.sort_by_key(|i| (first[&way(*i)], parsed.rows[*i].dim));
        let mut out = self.head();
        for i in order {
            let row = &parsed.rows[i];
            for figure in Figure::ALL {
                let at = |j, i| row.figure(figure, super::Place { radius: i, separation: j }).unwrap_or(f64::INFINITY);
                let mut errors: Errors =
                    (0..self.separations.len()).map(|j| (0..self.radii.len()).map(|i| at(j, i)).collect()).collect();
                if row.variant == STORING && figure == Figure::Rounding {
                    continue;
                }
                let lower = largest.entry((way(i), figure)).or_insert_with(|| errors.clone());
                errors = larger(lower, &errors);
                lower.clone_from(&errors);
                let cells: Vec<String> = errors.iter().map(|errors| words(&finite(errors))).collect();
                let (model, scalar, op, variant, guard, dim) = row.key();
                let (draws, of) = (row.draws, figure.name());
                let _ = write!(out, "{model},{scalar},{op},{variant},{guard},{dim},{draws},{of},");
                let _ = writeln!(out, "{}", cells.join(","));
            }
        }
        Ok(out)
    }

    fn cases(panel: &Panel, op: Op) -> Vec<Case<'static>> {
        let own = variants(op, panel.model).filter(|variant| panel.all || variant.id == BEST);
        let mut cases: Vec<Case<'static>> = own.map(|variant| Case { variant, guard: NONE }).collect();
        if panel.libraries {
            let guards = GUARDS.iter().filter(|guard| guard.id != NONE.id && guard.models.contains(&panel.model));
            let precision = Precision { bits: panel.arithmetic.bits() };
            let concerned = guards.filter(|guard| guard.concerns(panel.model, op, precision));
            cases.extend(concerned.filter_map(|guard| Some(Case { variant: shipped(guard, op, panel.model)?, guard })));
        }
        cases
    }

    fn panel<S: Number, W: Scalar + Send + Sync>(
        &self,
        panel: &Panel,
        reference: &Reference<S, W>,
    ) -> Result<Vec<Figures>, GridError> {
        let (op, gradient) = match panel.op.as_str() {
            GRADIENT => (Op::Distance, Some(Input::X)),
            name => (name.parse::<Op>()?, None),
        };
        let quantity = Quantity { op, gradient, to: panel.model };
        let cases = Self::cases(panel, op);
        let subject = Subject { quantity, model: panel.model, cases: &cases, reference };
        let nothing = vec![vec![0.0f64; self.radii.len()]; self.separations.len()];
        let mut storing = vec![nothing.clone(); Figure::ALL.len()];
        let mut found = vec![storing.clone(); cases.len()];
        for (j, separation) in self.separations.iter().enumerate() {
            for (i, radius) in self.radii.iter().enumerate() {
                if *separation > 2.0 * radius {
                    continue;
                }
                let dims = dims(panel.dim);
                let law = Law { dims, separation: *separation, pairs: panel.draws, seed: self.seed };
                let place = Place { radius: *radius, law };
                let Found { storing: stored, drawn, worst } = find(&subject, &place);
                let set = |errors: &mut Vec<Errors>, figure: Figure, value: f64| {
                    errors[figure as usize][j][i] = if value <= USELESS { value } else { f64::INFINITY };
                };
                let [median, p999, most] = quantiles(stored);
                set(&mut storing, Figure::Median, median);
                set(&mut storing, Figure::P999, p999);
                set(&mut storing, Figure::Total, most);
                for ((errors, drawn), worst) in found.iter_mut().zip(drawn).zip(worst) {
                    let [median, p999, _] = quantiles(drawn.iter().map(|Error { total, .. }| *total).collect());
                    set(errors, Figure::Median, median);
                    set(errors, Figure::P999, p999);
                    set(errors, Figure::Total, worst.total);
                    set(errors, Figure::Rounding, worst.rounding);
                }
                // Where storing alone is useless for most pairs, it is so further out, and nothing is asked there.
                if p999 > USELESS {
                    for errors in found.iter_mut().flatten().chain(storing.iter_mut()) {
                        errors[j][i..].fill(f64::INFINITY);
                    }
                    break;
                }
            }
        }
        let figures = |errors: Vec<Errors>, all: &[Figure]| -> Vec<(Figure, Errors)> {
            all.iter().map(|figure| (*figure, within(errors[*figure as usize].clone()))).collect()
        };
        let way = |variant: &str, guard: &str| -> Way { (variant.to_owned(), guard.to_owned()) };
        let of_cases = cases
            .iter()
            .zip(found)
            .map(|(case, errors)| (way(case.variant.id, case.guard.id), figures(errors, &Figure::ALL)));
        let of_storing = (way(STORING, NONE.id), figures(storing, &[Figure::Total, Figure::P999, Figure::Median]));
        Ok(std::iter::once(of_storing).chain(of_cases).collect())
    }
}

/// An arithmetic that doubles are a reference for.
fn doubled<S>(like: S, store: fn(&f64, &S) -> S, widen: fn(&S, &f64) -> f64) -> Reference<S, f64> {
    Reference { like, one: 1.0, store, widen, number: |w| *w }
}

/// An arithmetic with MPFR for its reference.
fn exact<S: Number>(like: S, bits: u32) -> Reference<S, Mp> {
    Reference {
        like,
        one: Mp::new(bits, 1),
        store: |w, like| like.nearest(&w.0),
        widen: |s, one| Mp::new(one.bits(), &s.to_float()),
        number: |w| w.0.to_f64(),
    }
}

/// The median, the 99.9 % and the largest.
fn quantiles(mut errors: Vec<f64>) -> [f64; 3] {
    errors.sort_by(f64::total_cmp);
    [0.5, SHARE, 1.0].map(|share| order_statistic(&errors, share).unwrap_or(f64::INFINITY))
}

/// The worst of all pairs within a radius and at no less than a separation, from the worst at each.
fn within(mut worst: Errors) -> Errors {
    for j in (0..worst.len()).rev() {
        for i in 0..worst[j].len() {
            let farther = worst.get(j + 1).map_or(0.0, |row| row[i]);
            let inner = if i == 0 { 0.0 } else { worst[j][i - 1] };
            worst[j][i] = worst[j][i].max(farther).max(inner);
        }
    }
    worst
}

fn larger(a: &Errors, b: &Errors) -> Errors {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a.max(*b)).collect()).collect()
}

/// The errors before the first that is useless, rounded up to two digits.
fn finite(errors: &[f64]) -> Vec<f64> {
    errors.iter().take_while(|error| error.is_finite()).map(|error| rounded_up(*error)).collect()
}

/// Numbers in their shortest form.
fn words(numbers: &[f64]) -> String {
    numbers.iter().map(|x| short(*x)).collect::<Vec<_>>().join(" ")
}

fn short(x: f64) -> String {
    let (plain, scientific) = (x.to_string(), format!("{x:e}"));
    if plain.len() <= scientific.len() { plain } else { scientific }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::choose::table;

    /// The rows of some panels, drawn anew.
    fn again(keep: impl Fn(&Panel) -> bool) -> String {
        let grid = Grid::parse(GRID).unwrap();
        let panels: Vec<Panel> = grid.panels().unwrap().into_iter().filter(keep).collect();
        assert!(!panels.is_empty());
        let rows: String = panels.iter().map(|panel| grid.rows(panel).unwrap()).collect();
        grid.table(&rows).unwrap()
    }

    /// Every row drawn anew must be in the committed table, to the last digit.
    fn compare(text: &str) {
        let fresh = Table::parse(text).unwrap();
        assert_eq!((&fresh.radii, &fresh.separations), (&table().radii, &table().separations));
        for row in &fresh.rows {
            let committed = table().rows.iter().find(|other| other.key() == row.key());
            assert_eq!(committed, Some(row), "the table is stale: run hypprec choose --regenerate");
        }
    }

    #[test]
    fn the_committed_table_is_not_stale() {
        // The cheapest panel of each kind: the others are drawn again by a long run.
        let sampled = |panel: &Panel| match (panel.model, panel.arithmetic, panel.op.as_str()) {
            (Model::Klein, Arithmetic::Bf16, GRADIENT) => panel.dim == 16,
            (Model::Poincare, Arithmetic::F16, "exp") => panel.dim == 16,
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
                let key = (panel.model, scalar.as_str(), panel.op.as_str(), variant, guard, panel.dim);
                let found = table().rows.iter().filter(|row| row.key() == key);
                assert_eq!(found.count(), 1, "{panel:?} {variant} {guard}");
                expected += 1;
            }
        }
        assert_eq!(table().rows.len(), expected);
    }
}
