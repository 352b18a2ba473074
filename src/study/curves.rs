//! The small table that a study's page is drawn from: every exhibit and figure, reduced from the cells.

use super::Study;
use super::exhibit::{Column, Error, Exhibit, Figure, Key, Kind, Selection, Take, Value};
use super::tables::{largest, outcome};
use crate::formula::BEST;
use crate::measure::{Outcome, summarise};
use crate::table::{CellRow, CurveRow};
use std::collections::HashMap;

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

/// The rows of every exhibit and figure, in the order of the study.
pub fn curve_rows(study: &Study, cells: &[CellRow], cost: &Cost) -> Vec<CurveRow> {
    let mut rows = Vec::new();
    for exhibit in study.exhibits() {
        let chosen = choose(cells, &exhibit.keep, &exhibit.not);
        for (facet, cells) in groups(&chosen, &exhibit.each, &exhibit.keep) {
            exhibit_rows(exhibit, &facet, &cells, cost, &mut rows);
        }
    }
    for (name, figure) in &study.figures {
        figure_rows(name, figure, &choose(cells, &figure.keep, &figure.not), &mut rows);
    }
    rows
}

fn choose<'a>(cells: &'a [CellRow], keep: &Selection, not: &Selection) -> Vec<&'a CellRow> {
    cells.iter().filter(|cell| keep.admits(cell) && !not.takes_away(cell)).collect()
}

fn joined(keys: &[Key]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(JOINT)
}

/// Cells by the values of columns, in the order of the selection's lists; what is in no list keeps its order of appearance.
fn groups<'a>(cells: &[&'a CellRow], columns: &[Column], order: &Selection) -> Vec<(String, Vec<&'a CellRow>)> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut found: Vec<(Vec<Key>, Vec<&CellRow>)> = Vec::new();
    for cell in cells {
        let keys: Vec<Key> = columns.iter().map(|column| column.of(cell)).collect();
        let place = *places.entry(joined(&keys)).or_insert_with(|| {
            found.push((keys, Vec::new()));
            found.len() - 1
        });
        found[place].1.push(cell);
    }
    found.sort_by(|(a, _), (b, _)| {
        let mut by_column = columns.iter().zip(a.iter().zip(b)).map(|(column, (a, b))| order.order(*column, a, b));
        by_column.find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
    found.into_iter().map(|(keys, cells)| (joined(&keys), cells)).collect()
}

fn exhibit_rows(exhibit: &Exhibit, facet: &str, cells: &[&CellRow], cost: &Cost, rows: &mut Vec<CurveRow>) {
    let mut push = |series: &str, x: &str, n: usize, value: Option<f64>| {
        let (exhibit, facet) = (exhibit.name.clone(), facet.to_owned());
        rows.push(CurveRow { exhibit, facet, series: series.to_owned(), x: x.to_owned(), n, value });
    };
    if matches!(exhibit.kind, Kind::Text | Kind::Clips) {
        return;
    }
    for (series, cells) in groups(cells, &exhibit.series, &exhibit.keep) {
        match exhibit.kind {
            Kind::Rank => {
                let summary = summarise(cells.iter().map(|cell| (outcome(cell), exhibit.value.of.of(cell))));
                push(&series, P99, summary.n, summary.p99);
                push(&series, MAX, summary.n, summary.max);
            }
            Kind::Shares => {
                for kind in Outcome::ALL {
                    let n = cells.iter().filter(|cell| outcome(cell) == *kind).count();
                    push(&series, &kind.to_string(), cells.len(), Some(n as f64 / cells.len() as f64));
                }
            }
            Kind::Pareto => {
                if let Some(cost) = cells.first().and_then(|cell| cost(cell)) {
                    push(&series, &cost.to_string(), cells.len(), reduced(&exhibit.value, &cells));
                }
            }
            _ => {
                for (x, cells) in groups(&cells, &exhibit.x, &exhibit.keep) {
                    push(&series, &x, cells.len(), reduced(&exhibit.value, &cells));
                }
            }
        }
    }
    if exhibit.floor {
        let own: Vec<&CellRow> = cells.iter().copied().filter(|cell| cell.variant == BEST).collect();
        let storing = Value { of: Error::Representation, skip_missing: true, ..exhibit.value.clone() };
        for (x, cells) in groups(&own, &exhibit.x, &exhibit.keep) {
            if let Some(value) = reduced(&storing, &cells) {
                push(FLOOR, &x, cells.len(), Some(value));
            }
        }
    }
}

fn figure_rows(name: &str, figure: &Figure, cells: &[&CellRow], rows: &mut Vec<CurveRow>) {
    let mut ranked: Vec<(String, usize, Option<f64>)> = groups(cells, &figure.by, &figure.keep)
        .into_iter()
        .map(|(series, cells)| (series, cells.len(), reduced(&figure.value, &cells)))
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

/// Cells in one number; `None` where that is no answer.
fn reduced(value: &Value, cells: &[&CellRow]) -> Option<f64> {
    let kept: Vec<&CellRow> =
        cells.iter().copied().filter(|cell| !value.skip_missing || value.of.of(cell).is_some()).collect();
    let passes = |cell: &CellRow| value.of.of(cell).is_some_and(|error| error <= value.tolerance);
    let along = |cell: &CellRow| match value.over.of(cell) {
        Key::Number(x) => x,
        Key::Text(_) => 0.0,
    };
    match value.take {
        Take::Holds => Some(largest(&kept, along, passes)),
        // The same from the other end.
        Take::Needs => {
            let from = -largest(&kept, |cell| -along(cell), passes);
            (from > 0.0).then_some(from)
        }
        Take::Share => {
            let passing = kept.iter().filter(|cell| passes(cell)).count();
            (!kept.is_empty()).then(|| passing as f64 / kept.len() as f64)
        }
        Take::Max | Take::P99 | Take::Median => {
            let errors = kept.iter().map(|cell| (Outcome::Ok, Some(value.of.of(cell).unwrap_or(f64::INFINITY))));
            let summary = summarise(errors);
            let statistic = match value.take {
                Take::Median => summary.median,
                Take::P99 => summary.p99,
                _ => summary.max,
            };
            statistic.filter(|error| error.is_finite())
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
