//! The small table that a study's page is drawn from: every exhibit and figure, reduced from the cells.

use super::Study;
use super::exhibit::{Column, Error, Exhibit, Figure, Key, Kind, Selection, Take, Value};
use super::reduce::{Reduction, Statistics, reduce};
use super::tables::{Along, Places, is_larger, outcome};
use crate::formula::BEST;
use crate::measure::Outcome;
use crate::table::{CellRow, CurveRow};

/// Between the values of several columns that name one series.
pub const JOINT: &str = ", ";
/// The series that shows what storing alone costs.
pub const FLOOR: &str = "storing alone";
/// The two figures of a ranked row.
pub const P99: &str = "p99";
pub const MAX: &str = "max";
/// What a figure's rows are filed under, before its name.
pub const FIGURE: &str = "figure ";

/// What one evaluation of a cell's variant costs, where that was measured.
pub type Cost = dyn Fn(&CellRow) -> Option<f64>;

/// The rows of every exhibit and figure, in the order of the study, of cells that pass by.
pub struct Curves<'a> {
    exhibits: Vec<(&'a Exhibit, Drawn<'a>)>,
    figures: Vec<(&'a str, &'a Figure, Level<Reduced<'a>>)>,
    cost: &'a Cost,
}

/// The rows of every exhibit and figure of cells in memory.
pub fn curve_rows(study: &Study, cells: &[CellRow], cost: &Cost) -> Vec<CurveRow> {
    let mut curves = Curves::new(study, cost);
    let done = reduce(cells, &mut [&mut curves]);
    debug_assert!(done.is_ok(), "cells in memory can be read");
    curves.rows()
}

fn joined(keys: &[Key]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(JOINT)
}

/// Cells by the values of columns, in their order of appearance.
struct Level<T> {
    columns: Vec<Column>,
    found: Places<String, (Vec<Key>, T)>,
}

impl<T> Level<T> {
    fn new(columns: &[Column]) -> Self {
        Level { columns: columns.to_vec(), found: Places::new() }
    }
    fn at(&mut self, cell: &CellRow, make: impl FnOnce() -> T) -> &mut T {
        let keys: Vec<Key> = self.columns.iter().map(|column| column.of(cell)).collect();
        let name = joined(&keys);
        &mut self.found.at(name.as_str(), || (keys, make())).1
    }
    fn each(&mut self, mut with: impl FnMut(&mut T)) {
        self.found.found.iter_mut().for_each(|(_, (_, kept))| with(kept));
    }
    /// In the order of the selection's lists; what is in no list keeps its order of appearance.
    fn sorted(&self, order: &Selection) -> Vec<(&str, &T)> {
        let mut found: Vec<&(String, (Vec<Key>, T))> = self.found.found.iter().collect();
        found.sort_by(|(_, (a, _)), (_, (b, _))| {
            let mut by_column =
                self.columns.iter().zip(a.iter().zip(b)).map(|(column, (a, b))| order.order(*column, a, b));
            by_column.find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
        found.into_iter().map(|(name, (_, kept))| (name.as_str(), kept)).collect()
    }
}

/// What is kept of the cells of an exhibit: by facet, then by series, then by x.
type Drawn<'a> = Level<Facet<'a>>;

struct Facet<'a> {
    series: Level<Series<'a>>,
    /// What storing alone costs, by x.
    floor: Level<Reduced<'a>>,
}

/// One series.
struct Series<'a> {
    n: usize,
    cost: Option<f64>,
    /// Of all its cells, where it is one number.
    whole: Reduced<'a>,
    /// What its cells that are ok are off, and the largest of them.
    errors: Statistics,
    largest: Option<f64>,
    outcomes: [usize; Outcome::ALL.len()],
    xs: Level<Reduced<'a>>,
}

/// The share of a ranked row's first figure.
const RANKED: &[f64] = &[0.99];

impl<'a> Curves<'a> {
    pub fn new(study: &'a Study, cost: &'a Cost) -> Self {
        let exhibits = study.exhibits().iter().map(|exhibit| (exhibit, Level::new(&exhibit.each))).collect();
        let figures =
            study.figures.iter().map(|(name, figure)| (name.as_str(), figure, Level::new(&figure.by))).collect();
        Curves { exhibits, figures, cost }
    }

    pub fn rows(&self) -> Vec<CurveRow> {
        let mut rows = Vec::new();
        for (exhibit, drawn) in &self.exhibits {
            for (name, facet) in drawn.sorted(&exhibit.keep) {
                exhibit_rows(exhibit, name, facet, &mut rows);
            }
        }
        for (name, figure, found) in &self.figures {
            figure_rows(name, figure, found, &mut rows);
        }
        rows
    }
}

impl Reduction for Curves<'_> {
    fn first(&mut self, cell: &CellRow) {
        for (exhibit, drawn) in &mut self.exhibits {
            if exhibit.is_drawn() && exhibit.keep.admits(cell) && !exhibit.not.takes_away(cell) {
                exhibit.facet(drawn, cell).first(exhibit, cell, self.cost);
            }
        }
        for (_, figure, found) in &mut self.figures {
            if figure.keep.admits(cell) && !figure.not.takes_away(cell) {
                found.at(cell, || Reduced::new(&figure.value)).first(cell);
            }
        }
    }

    fn settle(&mut self) {
        for (_, drawn) in &mut self.exhibits {
            drawn.each(Facet::settle);
        }
        self.figures.iter_mut().for_each(|(_, _, found)| found.each(Reduced::settle));
    }

    fn second(&mut self, cell: &CellRow) {
        for (exhibit, drawn) in &mut self.exhibits {
            if exhibit.is_drawn() && exhibit.keep.admits(cell) && !exhibit.not.takes_away(cell) {
                exhibit.facet(drawn, cell).second(exhibit, cell);
            }
        }
        for (_, figure, found) in &mut self.figures {
            if figure.keep.admits(cell) && !figure.not.takes_away(cell) {
                found.at(cell, || Reduced::new(&figure.value)).second(cell);
            }
        }
    }
}

impl Exhibit {
    /// Whether it shows cells.
    fn is_drawn(&self) -> bool {
        !matches!(self.kind, Kind::Text | Kind::Clips)
    }

    fn facet<'a, 'b>(&'a self, drawn: &'b mut Drawn<'a>, cell: &CellRow) -> &'b mut Facet<'a> {
        drawn.at(cell, || Facet { series: Level::new(&self.series), floor: Level::new(&self.x) })
    }
}

impl<'a> Facet<'a> {
    fn series(&mut self, exhibit: &'a Exhibit, cell: &CellRow, cost: &Cost) -> &mut Series<'a> {
        self.series.at(cell, || Series {
            n: 0,
            cost: (exhibit.kind == Kind::Pareto).then(|| cost(cell)).flatten(),
            whole: Reduced::new(&exhibit.value),
            errors: Statistics::new(RANKED),
            largest: None,
            outcomes: [0; Outcome::ALL.len()],
            xs: Level::new(&exhibit.x),
        })
    }

    fn first(&mut self, exhibit: &'a Exhibit, cell: &CellRow, cost: &Cost) {
        let outcome = outcome(cell);
        let series = self.series(exhibit, cell, cost);
        series.n += 1;
        match exhibit.kind {
            Kind::Rank => {
                if let (Outcome::Ok, Some(error)) = (outcome, exhibit.value.of.of(cell)) {
                    series.errors.first(error);
                    if is_larger(error, series.largest) {
                        series.largest = Some(error);
                    }
                }
            }
            Kind::Shares => {
                Outcome::ALL.iter().zip(&mut series.outcomes).for_each(|(kind, n)| *n += usize::from(*kind == outcome));
            }
            Kind::Pareto => series.whole.first(cell),
            _ => series.xs.at(cell, || Reduced::new(&exhibit.value)).first(cell),
        }
        if exhibit.floor && cell.variant == BEST {
            self.floor.at(cell, || Reduced::storing(&exhibit.value)).first(cell);
        }
    }

    fn settle(&mut self) {
        self.series.each(|series| {
            series.whole.settle();
            series.errors.settle();
            series.xs.each(Reduced::settle);
        });
        self.floor.each(Reduced::settle);
    }

    fn second(&mut self, exhibit: &'a Exhibit, cell: &CellRow) {
        let series = self.series(exhibit, cell, &|_| None);
        match exhibit.kind {
            Kind::Rank => {
                if let (Outcome::Ok, Some(error)) = (outcome(cell), exhibit.value.of.of(cell)) {
                    series.errors.second(error);
                }
            }
            Kind::Shares => {}
            Kind::Pareto => series.whole.second(cell),
            _ => series.xs.at(cell, || Reduced::new(&exhibit.value)).second(cell),
        }
        if exhibit.floor && cell.variant == BEST {
            self.floor.at(cell, || Reduced::storing(&exhibit.value)).second(cell);
        }
    }
}

fn exhibit_rows(exhibit: &Exhibit, facet: &str, kept: &Facet, rows: &mut Vec<CurveRow>) {
    let mut push = |series: &str, x: &str, n: usize, value: Option<f64>| {
        let (exhibit, facet) = (exhibit.name.clone(), facet.to_owned());
        rows.push(CurveRow { exhibit, facet, series: series.to_owned(), x: x.to_owned(), n, value });
    };
    for (name, series) in kept.series.sorted(&exhibit.keep) {
        match exhibit.kind {
            Kind::Rank => {
                push(name, P99, series.n, series.errors.get(0));
                push(name, MAX, series.n, series.largest);
            }
            Kind::Shares => {
                for (kind, n) in Outcome::ALL.iter().zip(series.outcomes) {
                    push(name, &kind.to_string(), series.n, Some(n as f64 / series.n as f64));
                }
            }
            Kind::Pareto => {
                if let Some(cost) = series.cost {
                    push(name, &cost.to_string(), series.n, series.whole.value());
                }
            }
            _ => {
                for (x, reduced) in series.xs.sorted(&exhibit.keep) {
                    push(name, x, reduced.n, reduced.value());
                }
            }
        }
    }
    for (x, reduced) in kept.floor.sorted(&exhibit.keep) {
        if let Some(value) = reduced.value() {
            push(FLOOR, x, reduced.n, Some(value));
        }
    }
}

fn figure_rows(name: &str, figure: &Figure, found: &Level<Reduced>, rows: &mut Vec<CurveRow>) {
    let mut ranked: Vec<(String, usize, Option<f64>)> = found
        .sorted(&figure.keep)
        .into_iter()
        .map(|(series, reduced)| (series.to_owned(), reduced.n, reduced.value()))
        .collect();
    // No answer is the worst of all, whether more is better or less.
    let badness = |value: &Option<f64>| match (value, figure.value.take.more_is_better()) {
        (None, _) => f64::INFINITY,
        (Some(value), true) => -value,
        (Some(value), false) => *value,
    };
    ranked.sort_by(|a, b| badness(&a.2).total_cmp(&badness(&b.2)));
    ranked.truncate(figure.first.unwrap_or(usize::MAX));
    if let Some(last) = figure.last {
        ranked.drain(..ranked.len().saturating_sub(last));
        ranked.reverse();
    }
    for (series, n, value) in ranked {
        let exhibit = format!("{FIGURE}{name}");
        rows.push(CurveRow { exhibit, facet: String::new(), series, x: String::new(), n, value });
    }
}

/// Cells in one number.
struct Reduced<'a> {
    spec: &'a Value,
    of: Error,
    skip_missing: bool,
    /// All cells, those that count, and those of them that keep the tolerance.
    n: usize,
    kept: usize,
    passing: usize,
    along: Along,
    errors: Statistics,
    largest: Option<f64>,
}

/// The shares of the order statistics that are taken.
const TAKEN: &[f64] = &[0.5, 0.99];

impl<'a> Reduced<'a> {
    fn new(spec: &'a Value) -> Self {
        Reduced {
            spec,
            of: spec.of,
            skip_missing: spec.skip_missing,
            n: 0,
            kept: 0,
            passing: 0,
            along: Along::default(),
            errors: Statistics::new(TAKEN),
            largest: None,
        }
    }

    /// The same of storing alone, of the cells that could be stored.
    fn storing(spec: &'a Value) -> Self {
        Reduced { of: Error::Representation, skip_missing: true, ..Reduced::new(spec) }
    }

    /// The error of a cell that counts; infinite where it gave no answer.
    fn error(&self, cell: &CellRow) -> Option<f64> {
        match self.of.of(cell) {
            None if self.skip_missing => None,
            error => Some(error.unwrap_or(f64::INFINITY)),
        }
    }

    fn is_of_order(&self) -> bool {
        matches!(self.spec.take, Take::P99 | Take::Median)
    }

    fn first(&mut self, cell: &CellRow) {
        self.n += 1;
        let Some(error) = self.error(cell) else { return };
        self.kept += 1;
        let passes = self.of.of(cell).is_some_and(|error| error <= self.spec.tolerance);
        let over = || match self.spec.over.of(cell) {
            Key::Number(x) => x,
            Key::Text(_) => 0.0,
        };
        match self.spec.take {
            Take::Holds => self.along.add(over(), passes),
            // The same from the other end.
            Take::Needs => self.along.add(-over(), passes),
            Take::Share => self.passing += usize::from(passes),
            Take::Max => {
                if is_larger(error, self.largest) {
                    self.largest = Some(error);
                }
            }
            Take::P99 | Take::Median => self.errors.first(error),
        }
    }

    fn settle(&mut self) {
        self.errors.settle();
    }

    fn second(&mut self, cell: &CellRow) {
        if let Some(error) = self.error(cell).filter(|_| self.is_of_order()) {
            self.errors.second(error);
        }
    }

    /// `None` where that is no answer.
    fn value(&self) -> Option<f64> {
        match self.spec.take {
            Take::Holds => Some(self.along.largest()),
            Take::Needs => {
                let from = -self.along.largest();
                (from > 0.0).then_some(from)
            }
            Take::Share => (self.kept > 0).then(|| self.passing as f64 / self.kept as f64),
            Take::Max => self.largest.filter(|error| error.is_finite()),
            Take::Median => self.errors.get(0).filter(|error| error.is_finite()),
            Take::P99 => self.errors.get(1).filter(|error| error.is_finite()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two models; the error grows tenfold with each unit of radius, and the ball's last cell has no answer.
    fn cells() -> Vec<CellRow> {
        let mut cells = Vec::new();
        for (model, scale) in [("poincare", 1e-4), ("lorentz", 1e-6)] {
            for (index, error) in [1e-1, 1.0, 10.0, 100.0].into_iter().enumerate() {
                let total = (model == "lorentz" || index < 3).then_some(-scale * error);
                cells.push(CellRow {
                    index: index as u64,
                    model: model.into(),
                    scalar: "f32".into(),
                    op: "distance".into(),
                    variant: "best".into(),
                    guard: "none".into(),
                    c: 1.0,
                    dim: 2,
                    radius: index as f64 + 1.0,
                    separation: 0.0,
                    direction: "random".into(),
                    sample: 0,
                    truth: String::new(),
                    value: String::new(),
                    error_representation: total,
                    error_off_model: total,
                    error_guard: total,
                    error_rounding: total,
                    error_total: total,
                    ulps: total,
                    bits: None,
                    outcome: if total.is_some() { "ok" } else { "nan" }.into(),
                });
            }
        }
        cells
    }

    fn study(tail: &str) -> Study {
        let block = "[[block]]\nops = [\"distance\"]\nmodels = [\"poincare\"]\nscalars = [\"f32\"]\nradii = [1]\n\
                     directions = [\"random\"]\nseparations = []\ndims = [2]\ncurvatures = [1]\n";
        Study::parse(&format!("question = \"?\"\nseed = 1\n{tail}\n{block}")).unwrap()
    }

    fn rows(tail: &str) -> Vec<(String, String, Option<f64>)> {
        curve_rows(&study(tail), &cells(), &|cell| (cell.model == "lorentz").then_some(2.5))
            .into_iter()
            .map(|row| (row.series, row.x, row.value))
            .collect()
    }

    fn row(series: &str, x: &str, value: impl Into<Option<f64>>) -> (String, String, Option<f64>) {
        (series.to_owned(), x.to_owned(), value.into())
    }

    #[test]
    fn lines_keep_the_order_of_the_selection_and_an_answer_that_is_missing() {
        let lines = "[[exhibit]]\nkind = \"lines\"\nname = \"a\"\nseries = [\"model\"]\nx = [\"radius\"]\n\
                     where = { model = [\"lorentz\", \"poincare\"], radius = { from = 3, to = 4 } }\n";
        let expected = [
            row("lorentz", "3", 1e-6 * 10.0),
            row("lorentz", "4", 1e-6 * 100.0),
            row("poincare", "3", 1e-4 * 10.0),
            row("poincare", "4", None),
        ];
        assert_eq!(rows(lines), expected);
    }

    #[test]
    fn a_figure_ranks_from_the_best_to_the_worst() {
        let figure = |value: &str| {
            format!("[[exhibit]]\nkind = \"text\"\n[figure.f]\nby = [\"model\"]\nvalue = {{ {value} }}\n")
        };
        let held = rows(&figure("take = \"holds\", tolerance = 1e-5"));
        assert_eq!(held, [row("lorentz", "", 3.0), row("poincare", "", 1.0)]);
        let needed = rows(&figure("take = \"needs\", tolerance = 1e-3, over = \"radius\""));
        assert_eq!(needed, [row("lorentz", "", 1.0), row("poincare", "", None)]);
        let last = figure("take = \"holds\", tolerance = 1e-5").replace("by = ", "last = 1\nby = ");
        assert_eq!(rows(&last), [row("poincare", "", 1.0)]);
        assert_eq!(rows(&figure("take = \"share\", tolerance = 1e-4"))[1], row("poincare", "", 0.5));
        assert_eq!(rows(&figure("take = \"median\""))[0], row("lorentz", "", 1e-6 * 1.0));
    }

    #[test]
    fn a_variant_without_a_cost_is_not_weighed() {
        let rows = rows("[[exhibit]]\nkind = \"pareto\"\nname = \"a\"\nseries = [\"model\"]\n");
        assert_eq!(rows, [row("lorentz", "2.5", 1e-6 * 100.0)]);
    }

    #[test]
    fn not_takes_cells_away() {
        let rows = rows(
            "[[exhibit]]\nkind = \"shares\"\nname = \"a\"\nseries = [\"model\"]\nnot = { model = \"lorentz\", dim = 2 }\n",
        );
        assert!(rows.contains(&row("poincare", "nan", 0.25)) && !rows.iter().any(|row| row.0 == "lorentz"), "{rows:?}");
    }
}
