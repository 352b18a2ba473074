//! The page of the clip study.

use super::ReportError;
use super::intervals::{Interval, Intervals};
use super::page::Page;
use super::plot::{COLOURS, Lines, Scale, Series};
use crate::table::Provenance;
use crate::verdict::judge::study::{ClipStudy, ClipTables, CurveRow, VerdictRow};
use crate::verdict::judge::{Kind, ONE_BIT, RESOLUTION, UNSEEN, number};
use plotters::style::RGBColor;
use std::path::{Path, PathBuf};

/// log₁₀ of relative errors on an axis: from half an ulp to useless.
fn error_range(scalar: &str) -> (f64, f64) {
    (if scalar == "f64" { -17.0 } else { -9.0 }, 1.0)
}
/// What a pair without an answer is drawn as: beyond the axis.
const NO_ANSWER: f64 = 100.0;
/// Thresholds of a scalar are drawn down to its spacing near 1 (−log₁₀).
fn eps_range(scalar: &str) -> (f64, f64) {
    (0.0, if scalar == "f64" { 15.5 } else { 7.5 })
}

/// Writes plots, index.html and README.md into the folder and says where the page is.
pub fn clip(
    folder: &Path,
    study: &ClipStudy,
    provenance: &Provenance,
    tables: &ClipTables,
) -> Result<PathBuf, ReportError> {
    let mut page = Page::new(folder, &study.question);
    for tolerance in &study.tolerances {
        let rows: Vec<&VerdictRow> = tables.verdicts.iter().filter(|row| row.tolerance == *tolerance).collect();
        page.heading(&format!("Every guard judged, relative error {}", number(*tolerance)));
        page.text(&counts(&rows));
        for scalar in &study.scalars {
            let of_scalar: Vec<&VerdictRow> = rows.iter().copied().filter(|row| row.scalar == *scalar).collect();
            let (chart, caption) = intervals(&of_scalar, scalar, *tolerance);
            page.plot(&format!("guards-{scalar}-{tolerance:e}"), &chart, &caption)?;
        }
        verdicts(&mut page, &rows);
    }
    page.heading("How to read this");
    page.text(&study.analysis);
    page.text(&format!(
        "Radii are √c d(0, x), bisected to {RESOLUTION}. Holds: the largest radius whose promise is within the tolerance, under the \
         guard's clamps; unguarded: without them; storing: what storing the points alone allows, which is proved. What the \
         formula and the clamps add was found among {} pairs at each radius (the law is in `hypprec judge`) and counts {UNSEEN} \
         times. Pairs are at least {} apart. All rows are in verdicts.csv, curve.csv and paper.csv.",
        tables.verdicts.first().map_or(0, |row| row.pairs),
        study.separation
    ));
    for tolerance in &study.tolerances {
        let rows: Vec<&VerdictRow> = tables.verdicts.iter().filter(|row| row.tolerance == *tolerance).collect();
        page.heading(&format!("In figures, relative error {}", number(*tolerance)));
        figures(&mut page, &rows);
    }
    page.heading("Threshold against error and against lost radius");
    for scalar in &study.scalars {
        curves(&mut page, study, tables, scalar)?;
    }
    page.heading(&format!("The paper's 10⁻³ ({} in {})", study.paper.guard, study.paper.scalar));
    paper(&mut page, study, tables);
    page.write(provenance)
}

fn optional(x: Option<f64>) -> String {
    x.map_or("no answer".to_owned(), number)
}

fn radius(x: f64) -> String {
    format!("{x:.2}")
}

fn counts(rows: &[&VerdictRow]) -> String {
    let count = |verdict: &str| rows.iter().filter(|row| row.verdict == verdict).count();
    let spoiled = rows.iter().filter(|row| row.holds_radius < row.holds_radius_unguarded - ONE_BIT).count();
    format!(
        "Of {} guards as shipped (guard × model × arithmetic) {} are too loose, {} sound and {} too tight. In {spoiled} the \
         clamps inside the formula cost more than one bit of the radius that the same formula holds without them.",
        rows.len(),
        count("too loose"),
        count("sound"),
        count("too tight")
    )
}

/// What a verdict is drawn in.
fn colour(verdict: &str) -> RGBColor {
    match verdict {
        "too loose" => COLOURS[1],
        "too tight" => COLOURS[0],
        _ => COLOURS[2],
    }
}

/// Axes of radii end here: farther than any clip in use caps in f32, or in f64.
fn deepest(scalar: &str) -> f64 {
    if scalar == "f64" { 38.0 } else { 18.0 }
}

fn intervals(rows: &[&VerdictRow], scalar: &str, tolerance: f64) -> (Intervals, String) {
    let row = |row: &&VerdictRow| Interval {
        name: format!("{} · {}", row.guard, row.model),
        colour: colour(&row.verdict),
        holds: row.holds_radius,
        sound: row.sound_loosest.map(|_| ((row.holds_radius - ONE_BIT).max(0.0), row.holds_radius)),
        cut: row.cap,
    };
    let legend = ["too loose", "sound", "too tight"].map(|verdict| (format!("{verdict}: cap"), colour(verdict)));
    let chart = Intervals {
        title: format!("Where each guard caps, and where it should: {scalar}, {}", number(tolerance)),
        x: "√c d(0, x)".to_owned(),
        end: deepest(scalar),
        rows: rows.iter().map(row).collect(),
        legend: legend.to_vec(),
    };
    let caption = format!(
        "{scalar}, relative error {}: how far the formula that each library ships holds (pale), where a clip would be sound \
         (green) and where the guard really caps (upright; an arrow: past the end of the axis, or nowhere).",
        number(tolerance)
    );
    (chart, caption)
}

fn capped(row: &VerdictRow) -> String {
    row.cap.map_or("nowhere".to_owned(), |cap| format!("{cap:.4}"))
}

fn verdicts(page: &mut Page, rows: &[&VerdictRow]) {
    let row = |row: &&VerdictRow| {
        vec![
            row.verdict.clone(),
            format!("{} · {} · {}", row.guard, row.model, row.scalar),
            row.recommended.clone(),
            capped(row),
            radius(row.holds_radius),
        ]
    };
    let mut rows = rows.to_vec();
    rows.sort_by_key(|row| match row.verdict.as_str() {
        "too loose" => 0,
        "too tight" => 1,
        _ => 2,
    });
    page.table(&["verdict", "guard", "recommended", "caps at", "holds to"], rows.iter().map(row).collect());
}

fn figures(page: &mut Page, rows: &[&VerdictRow]) {
    let header = [
        "guard",
        "variant",
        "threshold",
        "unguarded",
        "storing",
        "error at the cap ≤",
        "of it storing ≤",
        "worst found",
        "99.9 % found",
    ];
    let row = |row: &&VerdictRow| {
        let at_cap = |x: Option<f64>| if row.cap.is_some() { optional(x) } else { "–".to_owned() };
        vec![
            format!("{} · {} · {}", row.guard, row.model, row.scalar),
            row.variant.clone(),
            row.threshold.clone(),
            radius(row.holds_radius_unguarded),
            radius(row.floor_radius),
            at_cap(row.error_at_cap),
            at_cap(row.error_at_cap_storing),
            at_cap(row.worst_at_cap),
            at_cap(row.p999_at_cap),
        ]
    };
    page.table(&header, rows.iter().map(row).collect());
}

fn minus_log(eps: f64) -> f64 {
    -pxfm::f_log10(eps)
}

fn curves(page: &mut Page, study: &ClipStudy, tables: &ClipTables, scalar: &str) -> Result<(), ReportError> {
    let x_range = eps_range(scalar);
    let rows: Vec<&CurveRow> =
        tables.curve.iter().filter(|row| row.scalar == scalar && minus_log(row.eps) <= x_range.1).collect();
    let bars = bars(tables, scalar, x_range.1);
    let lines = |title: String, y: &str, y_range: (f64, f64), y_scale: Scale, point: &dyn Fn(&CurveRow) -> f64| {
        let series = |(i, variant): (usize, &String)| Series {
            name: variant.clone(),
            colour: COLOURS[i % COLOURS.len()],
            points: rows.iter().filter(|r| r.variant == *variant).map(|r| (minus_log(r.eps), point(r))).collect(),
            width: 2,
        };
        Lines {
            title,
            x: "−log₁₀ eps in ‖x‖ ≤ (1 − eps)/√c".to_owned(),
            y: y.to_owned(),
            x_range,
            y_range,
            x_scale: Scale::Plain,
            y_scale,
            series: study.curve.variants.iter().enumerate().map(series).collect(),
            bars: bars.clone(),
        }
    };
    let log = |x: f64| pxfm::f_log10(x.max(f64::MIN_POSITIVE));
    let error = lines(
        format!("What a threshold lets through, Poincaré, {scalar}"),
        "worst relative error at the cap",
        error_range(scalar),
        Scale::Log,
        &|row| log(row.error.unwrap_or(NO_ANSWER)),
    );
    page.plot(
        &format!("error-{scalar}"),
        &error,
        &format!("{scalar}: the worst total error of the distance between points at the cap, by threshold and variant; a dot at the top: no answer. Upright: the libraries' thresholds."),
    )?;
    let most = rows.iter().map(|row| row.lost_radius).fold(1.0, f64::max);
    let lost = lines(
        format!("What a threshold gives away, Poincaré, {scalar}"),
        "usable radius lost",
        (0.0, most),
        Scale::Plain,
        &|row| row.lost_radius,
    );
    page.plot(
        &format!("lost-{scalar}"),
        &lost,
        &format!(
            "{scalar}: how much of the radius to which each variant keeps {} the threshold cuts off.",
            number(study.curve.tolerance)
        ),
    )
}

/// The libraries' relative thresholds on the Poincaré ball, loosest last.
fn bars(tables: &ClipTables, scalar: &str, most: f64) -> Vec<(String, f64)> {
    let mut bars: Vec<(String, f64)> = Vec::new();
    for row in tables.verdicts.iter().filter(|row| row.model == "poincare" && row.scalar == scalar) {
        let Some(cap) = row.cap else { continue };
        let at = minus_log(Kind::RelativeNorm.at(cap, crate::formula::Model::Poincare, 1.0).value);
        let known = bars.iter().any(|(name, _)| *name == row.guard);
        if at <= most && !known && row.threshold.starts_with("‖x‖") {
            bars.push((row.guard.clone(), at));
        }
    }
    bars.sort_by(|a, b| a.1.total_cmp(&b.1));
    bars
}

fn paper(page: &mut Page, study: &ClipStudy, tables: &ClipTables) {
    let guard = &study.paper.guard;
    page.text(&format!(
        "Khrulkov et al. (2020) keep ‖x‖ ≤ (1 − 10⁻³)/√c. The cap is one radius in units of 1/√c, so what it costs in error does \
         not depend much on c; as a distance, and as the norm of a feature before exp₀, it moves as 1/√c: at small c few \
         features reach it. Holds and error at the cap: with the library's own variant and clamps, then with the clip alone \
         and the project's variant. Tolerance {}.",
        number(study.paper.tolerance)
    ));
    let of = |c: f64, guarded: bool, gradient: bool| {
        tables
            .paper
            .iter()
            .find(|row| row.c == c && (row.guard == *guard) == guarded && row.op.starts_with("d(") == gradient)
    };
    let mut rows = Vec::new();
    for &c in &study.paper.curvatures {
        for guarded in [true, false] {
            let (Some(value), Some(slope)) = (of(c, guarded, false), of(c, guarded, true)) else { continue };
            let cap = value.cap.unwrap_or(f64::NAN);
            rows.push(vec![
                c.to_string(),
                format!("{} {}", if guarded { guard.as_str() } else { "clip alone," }, value.variant),
                radius(value.cap_distance.unwrap_or(f64::NAN)),
                radius(Kind::FeatureNorm.at(cap, crate::formula::Model::Poincare, c).value),
                radius(value.holds_radius / c.sqrt()),
                optional(value.error_at_cap),
                optional(value.error_at_cap_storing),
                optional(slope.error_at_cap),
                slope.error_at_cap_rounding.map_or("all".to_owned(), |x| format!("{} %", number(100.0 * x))),
                optional(value.riemannian_factor),
                value.verdict.clone(),
                value.recommended.clone(),
            ]);
        }
    }
    let header = [
        "c",
        "judged",
        "caps at d₀",
        "acts from feature norm",
        "holds to d₀",
        "error at the cap",
        "of it storing",
        "gradient's error there",
        "rounding's share of the gradient",
        "Riemannian factor",
        "verdict",
        "recommended",
    ];
    page.table(&header, rows);
}
