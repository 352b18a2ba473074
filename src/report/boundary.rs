//! The page of a boundary sweep.

use super::ReportError;
use super::page::Page;
use super::plot::{COLOURS, Heat, Lines, Rank, Series, Shares};
use crate::formula::{BEST, Model};
use crate::guard::{GUARDS, Precision};
use crate::study::Study;
use crate::table::{CellRow, ClipRow, Provenance, SummaryRow};
use plotters::style::RGBColor;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// log₁₀ of relative errors on an axis: from half an ulp to useless.
fn error_range(scalar: &str) -> (f64, f64) {
    (if scalar == "f64" { -17.0 } else { -9.0 }, 1.0)
}
/// log₁₀ of ulps on an axis.
const ULPS_RANGE: (f64, f64) = (-1.0, 9.0);
/// The models that are drawn.
const MODELS: [&str; 3] = ["poincare", "lorentz", "klein"];
/// The arithmetics that are drawn in every plot.
const SCALARS: [&str; 2] = ["f32", "f64"];
const NONE: &str = "none";

fn log(x: f64) -> f64 {
    x.abs().max(f64::MIN_POSITIVE).log10()
}

/// Grid keys are sorted as numbers.
#[derive(Clone, Copy, PartialEq)]
struct Key(f64);
impl Eq for Key {}
impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// The largest |error| at each radius; an evaluation without an answer counts as an error of 10.
fn worst<'a>(
    cells: impl Iterator<Item = &'a CellRow>,
    error: impl Fn(&CellRow) -> Option<f64>,
    missing: Option<f64>,
) -> Vec<(f64, f64)> {
    let mut at: BTreeMap<Key, f64> = BTreeMap::new();
    for cell in cells {
        let Some(error) = error(cell).or(missing) else { continue };
        let entry = at.entry(Key(cell.radius)).or_insert(0.0);
        *entry = entry.max(error.abs());
    }
    at.into_iter().map(|(radius, error)| (radius.0, log(error))).collect()
}

/// What an error of a missing answer is drawn as: beyond the axis.
const NO_ANSWER: f64 = 100.0;

fn distances(cells: &[CellRow]) -> impl Iterator<Item = &CellRow> {
    cells.iter().filter(|cell| cell.op == "distance" && cell.direction != "self")
}

fn far(cell: &CellRow) -> bool {
    cell.direction == "random"
}

/// Writes plots, index.html and README.md into the folder and says where the page is.
pub fn boundary(
    folder: &Path,
    name: &str,
    study: &Study,
    provenance: &Provenance,
    cells: &[CellRow],
    summary: &[SummaryRow],
    clip: &[ClipRow],
) -> Result<PathBuf, ReportError> {
    let mut page = Page::new(folder, &study.question);
    page.text(&study.analysis);
    if name == "boundary" {
        page.heading("Which model to use when");
        page.text(&advice(clip));
    }
    floors(&mut page, clip);
    page.heading("The same points in three models");
    for scalar in SCALARS {
        side_by_side(&mut page, cells, scalar)?;
    }
    page.heading("Every variant of the distance");
    for model in MODELS {
        for scalar in SCALARS {
            by_radius(&mut page, cells, model, scalar)?;
        }
    }
    page.heading("Where the default loses what");
    for model in MODELS {
        heat(&mut page, cells, model, "f32")?;
    }
    page.heading("Variants ranked");
    rankings(&mut page, summary)?;
    page.heading("Cells without a good answer");
    shares(&mut page, cells, "f32")?;
    page.heading("How far out each variant holds");
    page.text("The largest radius of the grid, in units of 1/√c, up to which every cell keeps the total relative error of the distance below the tolerance; the clip that keeps points there is 1 − √c‖x‖ on a ball and √c‖s‖ on the hyperboloid. All rows are in clip.csv.");
    clips(&mut page, clip);
    page.write(provenance)
}

/// What clip.csv says of the project's own variant at one percent.
fn holds(clip: &[ClipRow], model: &str, scalar: &str, pairs: &str) -> Option<f64> {
    let row = |row: &&ClipRow| {
        row.model == model
            && row.scalar == scalar
            && row.pairs == pairs
            && row.variant == BEST
            && row.guard == NONE
            && row.tolerance == 0.01
    };
    clip.iter().find(row).map(|row| row.radius_floor)
}

fn advice(clip: &[ClipRow]) -> String {
    let at = |model: &str, scalar: &str, pairs: &str| {
        holds(clip, model, scalar, pairs).map_or("?".to_owned(), |radius| radius.to_string())
    };
    format!(
        "For points that are far apart, store Lorentz space coordinates: they keep relative errors below 1 % at every radius of \
         the grid, in f32 (to {}) and in f64 (to {}), because their exponent carries the radius. The Poincaré ball loses its \
         radius to the rim: below 1 % to radius {} in f32 and {} in f64; Klein's ball at about half of that, {} and {}. For \
         points that are close together (0.001 to 0.1 apart) Lorentz and Poincaré have the same floor, {} and {} in f32, {} \
         and {} in f64, and no formula goes past it: move the origin, or store more digits. Klein's reaches {} and {}. \
         Within the floor the formula decides: an artanh of a Möbius norm (B1) or an arcosh of a Minkowski product (L1, B3b, \
         K1) gives away half of these radii or all close pairs; forms in arsinh or log1p of differences keep them.",
        at("lorentz", "f32", "far"),
        at("lorentz", "f64", "far"),
        at("poincare", "f32", "far"),
        at("poincare", "f64", "far"),
        at("klein", "f32", "far"),
        at("klein", "f64", "far"),
        at("lorentz", "f32", "near"),
        at("poincare", "f32", "near"),
        at("lorentz", "f64", "near"),
        at("poincare", "f64", "near"),
        at("klein", "f32", "near"),
        at("klein", "f64", "near"),
    )
}

fn floors(page: &mut Page, clip: &[ClipRow]) {
    let cell = |model: &str, scalar: &str, pairs: &str| {
        holds(clip, model, scalar, pairs).map_or(String::new(), |radius| radius.to_string())
    };
    let row = |model: &&str| {
        let mut row = vec![(*model).to_owned()];
        for scalar in SCALARS {
            row.extend(["far", "near"].map(|pairs| cell(model, scalar, pairs)));
        }
        row
    };
    page.text("The floor: the largest radius of the grid at which storing alone keeps every distance within 1 %.");
    page.table(&["model", "f32 far", "f32 near", "f64 far", "f64 near"], MODELS.iter().map(row).collect());
}

fn chart(title: String, cells: &[&CellRow], y: &str) -> Lines {
    let most = cells.iter().map(|cell| cell.radius).fold(1.0, f64::max);
    Lines {
        title,
        x: "radius √c d(0, x)".to_owned(),
        y: y.to_owned(),
        x_range: (0.0, most),
        y_range: error_range(cells.first().map_or("", |cell| &cell.scalar)),
        series: Vec::new(),
        bars: Vec::new(),
    }
}

fn side_by_side(page: &mut Page, cells: &[CellRow], scalar: &str) -> Result<(), ReportError> {
    let chosen: Vec<&CellRow> =
        distances(cells).filter(|cell| cell.scalar == scalar && cell.variant == BEST && cell.guard == NONE).collect();
    if chosen.is_empty() {
        return Ok(());
    }
    let mut lines =
        chart(format!("Total error of the distance, default variant, {scalar}"), &chosen, "largest relative error");
    for (i, model) in MODELS.iter().enumerate() {
        for (pairs, width, shade) in [("far", 3, 0), ("near", 1, 3)] {
            let of = chosen.iter().copied().filter(|cell| cell.model == *model && far(cell) == (pairs == "far"));
            let near = of.filter(|cell| far(cell) || (cell.separation >= 1e-3 && cell.separation <= 0.1));
            let points = worst(near, |cell| cell.error_total, Some(NO_ANSWER));
            lines.series.push(Series { name: format!("{model}, {pairs}"), colour: COLOURS[i + shade], points, width });
        }
    }
    page.plot(
        &format!("models-{scalar}"),
        &lines,
        &format!("{scalar}: the worst total relative error over all samples at each radius; far pairs lie in independent directions, near pairs 0.001 to 0.1 apart. A line at the top: no answer."),
    )
}

fn by_radius(page: &mut Page, cells: &[CellRow], model: &str, scalar: &str) -> Result<(), ReportError> {
    let chosen: Vec<&CellRow> = distances(cells)
        .filter(|cell| cell.model == model && cell.scalar == scalar && cell.guard == NONE && cell.separation != 1e-6)
        .collect();
    if chosen.is_empty() {
        return Ok(());
    }
    let mut lines = chart(format!("Distance variants, {model}, {scalar}"), &chosen, "largest relative error");
    let mut variants: Vec<&str> = Vec::new();
    for cell in &chosen {
        if !variants.contains(&cell.variant.as_str()) {
            variants.push(&cell.variant);
        }
    }
    for (i, variant) in variants.iter().enumerate() {
        let of = chosen.iter().copied().filter(|cell| cell.variant == *variant);
        let points = worst(of, |cell| cell.error_total, Some(NO_ANSWER));
        let colour = COLOURS[i % COLOURS.len()];
        lines.series.push(Series { name: (*variant).to_owned(), colour, points, width: 1 });
    }
    let best = chosen.iter().copied().filter(|cell| cell.variant == BEST);
    let floor = worst(best, |cell| cell.error_representation, None);
    lines.series.push(Series { name: "storing alone".to_owned(), colour: RGBColor(0, 0, 0), points: floor, width: 3 });
    lines.bars = guard_bars(model, scalar, lines.x_range.1);
    page.plot(
        &format!("distance-{model}-{scalar}"),
        &lines,
        &format!("{model}, {scalar}: the worst total relative error of each variant over all directions and separations ≥ 0.001; black, what storing the points alone costs. Upright: where the libraries' guards cap the radius."),
    )
}

/// The radii at which the guards cap, in units of 1/√c, ascending.
fn guard_bars(model: &str, scalar: &str, most: f64) -> Vec<(String, f64)> {
    let Ok(model) = model.parse::<Model>() else { return Vec::new() };
    let bits = if scalar == "f64" { f64::MANTISSA_DIGITS } else { f32::MANTISSA_DIGITS };
    let mut bars: Vec<(String, f64)> = GUARDS
        .iter()
        .filter(|guard| guard.models.contains(&model))
        .filter_map(|guard| Some((guard.id.to_owned(), (guard.clip)(Precision { bits })?, guard)))
        .filter(|(_, clip, _)| !clip.on_features())
        .map(|(id, clip, _)| (id, clip.cap(model, 1.0)))
        .filter(|(_, cap)| cap.is_finite() && *cap <= most)
        .collect();
    bars.sort_by(|a, b| a.1.total_cmp(&b.1));
    bars
}

fn heat(page: &mut Page, cells: &[CellRow], model: &str, scalar: &str) -> Result<(), ReportError> {
    let chosen: Vec<&CellRow> = distances(cells)
        .filter(|c| {
            c.model == model && c.scalar == scalar && c.variant == BEST && c.guard == NONE && c.direction != "random"
        })
        .filter(|c| c.direction == "radial" || c.direction == "tangential")
        .collect();
    if chosen.is_empty() {
        return Ok(());
    }
    let radii: BTreeSet<Key> = chosen.iter().map(|c| Key(c.radius)).collect();
    let separations: BTreeSet<Key> = chosen.iter().map(|c| Key(c.separation)).collect();
    let value = |separation: f64, radius: f64| {
        let at = chosen.iter().filter(|c| c.separation == separation && c.radius == radius);
        at.filter_map(|c| c.error_total).map(f64::abs).reduce(f64::max).map(|x| log(x).max(error_range(scalar).0))
    };
    let heat = Heat {
        title: format!("log₁₀ of the worst relative error, default variant, {model}, {scalar}"),
        x: "radius".to_owned(),
        y: "separation".to_owned(),
        columns: radii.iter().map(|r| r.0.to_string()).collect(),
        rows: separations.iter().map(|s| format!("{:e}", s.0)).collect(),
        values: separations.iter().map(|s| radii.iter().map(|r| value(s.0, r.0)).collect()).collect(),
        range: (-8.0, 1.0),
    };
    page.plot(
        &format!("heat-{model}-{scalar}"),
        &heat,
        &format!("{model}, {scalar}: what is left of a distance between two points at a radius (across) and a separation (down)."),
    )
}

fn rankings(page: &mut Page, summary: &[SummaryRow]) -> Result<(), ReportError> {
    let mut ops: Vec<&str> = Vec::new();
    for row in summary {
        if !ops.contains(&row.op.as_str()) {
            ops.push(&row.op);
        }
    }
    for op in ops {
        let mut rows: Vec<(String, RGBColor, f64, f64)> = Vec::new();
        for (i, model) in MODELS.iter().enumerate() {
            let of =
                |row: &&SummaryRow| row.op == op && row.model == *model && row.scalar == "f32" && row.guard == NONE;
            let mut own: Vec<&SummaryRow> = summary.iter().filter(of).collect();
            own.sort_by(|a, b| a.p99_ulps.unwrap_or(f64::MAX).total_cmp(&b.p99_ulps.unwrap_or(f64::MAX)));
            rows.extend(own.iter().filter_map(|row| {
                Some((format!("{model} {}", row.variant), COLOURS[i], log(row.p99_ulps?), log(row.max_ulps?)))
            }));
        }
        if rows.is_empty() {
            continue;
        }
        let rank = Rank {
            title: format!("{op}, f32: error on the stored points"),
            x: "ulps (dot: 99 % of cells below; bar: the worst)".to_owned(),
            x_range: ULPS_RANGE,
            rows,
        };
        let file: String = op.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
        page.plot(
            &format!("rank-{file}"),
            &rank,
            &format!("{op}: how far each variant is, in units in the last place, from the exact answer for the points as stored (cells that gave an answer)."),
        )?;
    }
    Ok(())
}

fn shares(page: &mut Page, cells: &[CellRow], scalar: &str) -> Result<(), ReportError> {
    let outcomes = ["ok", "overflow", "nan", "outside"];
    let colours = [COLOURS[2], COLOURS[4], COLOURS[1], COLOURS[6]];
    let mut counts: BTreeMap<(usize, String), Vec<f64>> = BTreeMap::new();
    for cell in cells.iter().filter(|c| c.op == "distance" && c.scalar == scalar && c.guard == NONE) {
        let Some(model) = MODELS.iter().position(|model| *model == cell.model) else { continue };
        let entry = counts.entry((model, cell.variant.clone())).or_insert_with(|| vec![0.0; outcomes.len()]);
        if let Some(i) = outcomes.iter().position(|outcome| *outcome == cell.outcome) {
            entry[i] += 1.0;
        }
    }
    if counts.is_empty() {
        return Ok(());
    }
    let row = |((model, variant), counts): (&(usize, String), &Vec<f64>)| {
        let sum: f64 = counts.iter().sum();
        (format!("{} {variant}", MODELS[*model]), counts.iter().map(|n| n / sum.max(1.0)).collect())
    };
    let shares = Shares {
        title: format!("Outcomes of the distance, {scalar}"),
        parts: outcomes.iter().zip(colours).map(|(name, colour)| ((*name).to_owned(), colour)).collect(),
        rows: counts.iter().map(row).collect(),
    };
    page.plot(
        &format!("outcomes-{scalar}"),
        &shares,
        &format!("{scalar}: the share of cells of each outcome, over the whole grid of radii. Outside: the point could not be stored as a point of the model."),
    )
}

fn clips(page: &mut Page, clip: &[ClipRow]) {
    let shown = |row: &&ClipRow| row.tolerance == 0.01 && row.guard == NONE && SCALARS.contains(&row.scalar.as_str());
    let text = |row: &ClipRow| {
        vec![
            row.model.clone(),
            row.scalar.clone(),
            row.variant.clone(),
            row.pairs.clone(),
            row.radius_holds.to_string(),
            row.radius_floor.to_string(),
            row.clip.map_or(String::new(), |clip| format!("{clip:.2e}")),
        ]
    };
    let header = ["model", "scalar", "variant", "pairs", "holds to 1 % up to", "storing alone", "clip there"];
    page.table(&header, clip.iter().filter(shown).map(text).collect());
}
