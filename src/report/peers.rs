//! The page of the audit of other libraries: who is how far off where, on the same points.

use super::ReportError;
use super::page::Page;
use super::plot::{COLOURS, Lines, Scale, Series};
use crate::table::{CeilingRow, PeerRow, Provenance};
use plotters::style::RGBColor;
use std::path::{Path, PathBuf};

/// Our own default formula, and the exact answer for the points as stored: what no formula betters.
const OURS: &str = "hypprec";
const FLOOR: &str = "storage floor";
/// A value that is further off than this is no longer a distance.
const TOLERANCE: f64 = 0.01;
const SCALARS: [&str; 2] = ["f32", "f64"];
/// The pairs that are drawn, and what they are.
const PAIRS: [(&str, &str); 2] = [("far", "independent directions"), ("near", "0.001 to 0.1 apart")];
/// The upper end of an axis of log₁₀ errors, which also stands for no answer.
const USELESS: f64 = 1.0;

fn log(x: f64) -> f64 {
    pxfm::f_log10(x.abs().max(f64::MIN_POSITIVE))
}

/// log₁₀ of relative errors on an axis: from half an ulp to useless.
fn error_range(scalar: &str) -> (f64, f64) {
    (if scalar == "f64" { -17.0 } else { -9.0 }, USELESS)
}

/// The distinct values of a column, in order of appearance.
fn distinct<'a>(rows: &[&'a PeerRow], column: fn(&PeerRow) -> &String) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for row in rows {
        let value = column(row).as_str();
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

/// What is left of the rows under conditions.
fn where_<'a>(rows: &[&'a PeerRow], condition: impl Fn(&PeerRow) -> bool) -> Vec<&'a PeerRow> {
    rows.iter().copied().filter(|row| condition(row)).collect()
}

/// The largest radius up to which every sample could be stored, has an answer, and `error` keeps below the tolerance; 0 if
/// none, `None` without rows.
fn holds(rows: &[&PeerRow], error: fn(&PeerRow) -> Option<f64>) -> Option<f64> {
    let mut radii: Vec<f64> = rows.iter().map(|row| row.radius).collect();
    radii.sort_by(f64::total_cmp);
    radii.dedup();
    radii.first()?;
    let passes =
        |row: &&PeerRow| row.unstorable == 0 && row.ok_share == 1.0 && error(row).is_some_and(|e| e <= TOLERANCE);
    let good = |radius: &&f64| rows.iter().filter(|row| row.radius == **radius).all(passes);
    Some(radii.iter().take_while(good).last().copied().unwrap_or(0.0))
}

fn total(row: &PeerRow) -> Option<f64> {
    row.max_total
}

fn relative(row: &PeerRow) -> Option<f64> {
    row.max_relative
}

fn text(radius: Option<f64>) -> String {
    radius.map_or(String::new(), |radius| radius.to_string())
}

/// A library's colour, the same in every plot.
fn colour(library: &str, libraries: &[&str]) -> (RGBColor, u32) {
    match library {
        FLOOR => (RGBColor(0, 0, 0), 3),
        OURS => (COLOURS[0], 3),
        _ => (
            COLOURS
                [1 + libraries.iter().filter(|l| ![OURS, FLOOR].contains(l)).position(|l| *l == library).unwrap_or(0)],
            1,
        ),
    }
}

/// Writes plots, index.html and README.md into the folder and says where the page is.
pub fn peers(
    folder: &Path,
    provenance: &Provenance,
    rows: &[PeerRow],
    ceilings: &[CeilingRow],
) -> Result<PathBuf, ReportError> {
    let rows: Vec<&PeerRow> = rows.iter().collect();
    let mut page = Page::new(folder, "Who is how far off where? The libraries in use, on the same points");
    page.text(&format!(
        "Every library computed from the same stored points, at c = 1, through its public functions, in f32 and in f64; \
         `hypprec audit` judged each value against the certified answer for exactly those inputs. Versions: {}. Total errors \
         are against what the points were meant to give, so they hold the cost of storing too: no formula comes below the \
         storage floor. Radii and separations are in units of 1/√c.",
        versions(&rows)
    ));
    page.heading("The answer");
    page.text(&answer(&rows));
    page.heading("How far out each library holds");
    page.text("The largest radius of the grid up to which the worst of all pairs keeps the total relative error of its distance at or below 1 %; 0 where the smallest radius fails. Far: independent directions; near: 0.001 to 0.1 apart. A missing answer fails, and so does a point that cannot be stored.");
    far_out(&mut page, &rows);
    page.heading("Distances: error against radius");
    distances(&mut page, &rows, ceilings)?;
    page.heading("Silent ceilings");
    page.text("A distance that a library gives for at least five far pairs, to the bit: a clamp inside at work, or the largest number that an artanh of a number below 1 can give. Every far pair from the stated true distance upwards may end there; 0 is what a clamped negative product gives. A clip of single points, such as hyperbolix's, makes no such ties between pairs: it shows as the bend of its line above.");
    silent(&mut page, ceilings);
    page.heading("The other operations");
    page.text("The largest radius up to which the worst relative error against the exact answer for the points as stored keeps at or below 1 % (vectors: norm of the difference over norm of the answer, in coordinates); an empty field: the library has no such function, or one of another meaning. The points are an independent direction apart, or one unit. Mind that coordinates flatter points near the rim (add, exp): a clip that takes a point from radius 15 to 6.2 changes its coordinates by 0.4 %.");
    operations(&mut page, &rows);
    for op in ["add", "exp", "log", "transport", "mlr", "gradient"] {
        by_radius(&mut page, &rows, op)?;
    }
    page.heading("Gradients that vanish or are no numbers");
    page.text("The gradient of the distance by its first point, far pairs: how many of the rows are exactly 0 in every coordinate, and how many are not finite. The true gradient is never 0.");
    gradients(&mut page, &rows);
    page.heading("How it was asked");
    page.text("Points are passed as they are, none is projected first; what is clipped is clipped inside. geoopt's ball is made in the dtype itself (turned from float32 into float64 it keeps c = 0.99999996), HypLL's curvature is given without its default softplus (which makes 1 into 1.3133). hyperbolix runs as jit(vmap(function)), the default version of each function. geoopt's logit is λ_p times its scaled signed distance to the hyperplane. HypLL's and hyperbolix's hyperplanes are those of Shimizu et al. (2021), which fix where p lies, so they are not asked for scores here. geomstats runs on its numpy backend, which has no gradients; some of its functions turn f32 into f64, and are judged on what they give. Its ball gets one row at a time, because one point near the rim makes its projection move every row of a batch. hyptorch and hyperbolix ask for a newer Python for their annotations alone and ran on 3.11 with these taken out. The time coordinate of the ambient model is rounded like the others; what a point means is what its space coordinates mean.");
    page.write(provenance)
}

fn versions(rows: &[&PeerRow]) -> String {
    let mut found: Vec<String> = Vec::new();
    for row in rows.iter().filter(|row| ![OURS, FLOOR].contains(&row.library.as_str())) {
        let text = format!("{} {}", row.library, row.version);
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found.join(", ")
}

fn distance_holds(rows: &[&PeerRow], model: &str, library: &str, scalar: &str, pairs: &str) -> Option<f64> {
    let of = |row: &PeerRow| {
        row.op == "distance"
            && row.model == model
            && row.library == library
            && row.scalar == scalar
            && row.pairs == pairs
    };
    holds(&where_(rows, of), total)
}

fn answer(rows: &[&PeerRow]) -> String {
    let model = "poincare";
    let libraries = distinct(&where_(rows, |row| row.model == model && row.op == "distance"), |row| &row.library);
    let at = |library: &str, scalar: &str, pairs: &str| {
        distance_holds(rows, model, library, scalar, pairs).map_or("?".to_owned(), |radius| radius.to_string())
    };
    let list = |scalar: &str, pairs: &str| {
        let peers = libraries.iter().filter(|library| ![OURS, FLOOR].contains(library));
        peers.map(|library| format!("{library} {}", at(library, scalar, pairs))).collect::<Vec<_>>().join(", ")
    };
    format!(
        "On the Poincaré ball in f32, hypprec's default keeps far pairs within 1 % to radius {}, where storing the points \
         allows no more than {}; the libraries: {}. Close pairs: {} where storing allows {}; {}. In f64, far: {} where storing \
         allows {}; {}. Close: {} where storing allows {}; {}.",
        at(OURS, "f32", "far"),
        at(FLOOR, "f32", "far"),
        list("f32", "far"),
        at(OURS, "f32", "near"),
        at(FLOOR, "f32", "near"),
        list("f32", "near"),
        at(OURS, "f64", "far"),
        at(FLOOR, "f64", "far"),
        list("f64", "far"),
        at(OURS, "f64", "near"),
        at(FLOOR, "f64", "near"),
        list("f64", "near"),
    )
}

fn far_out(page: &mut Page, rows: &[&PeerRow]) {
    let asked = where_(rows, |row| row.op == "distance");
    let mut table = Vec::new();
    for model in distinct(&asked, |row| &row.model) {
        let own = where_(&asked, |row| row.model == model);
        for library in floor_first(distinct(&own, |row| &row.library)) {
            let mut cells = vec![model.to_owned(), library.to_owned()];
            for scalar in SCALARS {
                cells.extend(PAIRS.map(|(pairs, _)| text(distance_holds(rows, model, library, scalar, pairs))));
            }
            table.push(cells);
        }
    }
    page.table(&["model", "library", "f32 far", "f32 near", "f64 far", "f64 near"], table);
}

/// The floor, then us, then the others.
fn floor_first(mut libraries: Vec<&str>) -> Vec<&str> {
    libraries.sort_by_key(|library| match *library {
        FLOOR => 0,
        OURS => 1,
        _ => 2,
    });
    libraries
}

/// One line for each library: the worst error at each radius; a missing answer is drawn at the top.
fn lines(title: String, rows: &[&PeerRow], all: &[&str], scalar: &str, error: fn(&PeerRow) -> Option<f64>) -> Lines {
    let mut chart = Lines {
        title,
        x: "radius √c d(0, x)".to_owned(),
        y: "largest relative error".to_owned(),
        x_range: (0.0, rows.iter().map(|row| row.radius).fold(1.0, f64::max)),
        y_range: error_range(scalar),
        x_scale: Scale::Plain,
        y_scale: Scale::Log,
        series: Vec::new(),
        bars: Vec::new(),
    };
    // The thick lines first, so that what lies on them is seen.
    for library in floor_first(distinct(rows, |row| &row.library)) {
        let mut points: Vec<(f64, f64)> = Vec::new();
        for row in rows.iter().filter(|row| row.library == library) {
            let worst = if row.ok_share < 1.0 { USELESS } else { error(row).map_or(USELESS, log) };
            match points.iter_mut().find(|(radius, _)| *radius == row.radius) {
                Some((_, there)) => *there = there.max(worst),
                None => points.push((row.radius, worst)),
            }
        }
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (colour, width) = colour(library, all);
        chart.series.push(Series { name: library.to_owned(), colour, points, width });
    }
    chart
}

fn distances(page: &mut Page, rows: &[&PeerRow], ceilings: &[CeilingRow]) -> Result<(), ReportError> {
    let all = distinct(rows, |row| &row.library);
    let asked = where_(rows, |row| row.op == "distance");
    for model in distinct(&asked, |row| &row.model) {
        for scalar in SCALARS {
            for (pairs, what) in PAIRS {
                let own = where_(&asked, |row| row.model == model && row.scalar == scalar && row.pairs == pairs);
                if own.is_empty() {
                    continue;
                }
                let title = format!("Total error of the distance, {model}, {scalar}, {pairs} pairs");
                let mut chart = lines(title, &own, &all, scalar, total);
                let mut caption = format!(
                    "{model}, {scalar}, {what}: the worst total relative error of each library at each radius. Black: what storing the points alone costs. A line at the top: an answer that is missing, or as wrong as it can be."
                );
                if pairs == "far" {
                    let of = |row: &&CeilingRow| row.model == model && row.scalar == scalar;
                    chart.bars = ceilings
                        .iter()
                        .filter(of)
                        .map(|row| (format!("{} ≤ {:.4}", row.library, row.ceiling), row.ceiling / 2.0))
                        .filter(|(_, at)| *at > 0.0 && *at <= chart.x_range.1)
                        .collect();
                    chart.bars.sort_by(|a, b| a.1.total_cmp(&b.1));
                    if !chart.bars.is_empty() {
                        caption += " Upright: the radius at which opposite points reach the largest distance that a library gives.";
                    }
                }
                page.plot(&format!("distance-{model}-{scalar}-{pairs}"), &chart, &caption)?;
            }
        }
    }
    Ok(())
}

fn silent(page: &mut Page, ceilings: &[CeilingRow]) {
    let row = |row: &CeilingRow| {
        vec![
            row.library.clone(),
            row.model.clone(),
            row.scalar.clone(),
            format!("{:.6}", row.ceiling),
            format!("{} of {}", row.ties, row.n),
            format!("{:.4}", row.from),
        ]
    };
    page.table(
        &["library", "model", "scalar", "distance given", "far pairs", "least true distance among them"],
        ceilings.iter().map(row).collect(),
    );
}

/// The operations other than the distance.
fn others<'a>(rows: &[&'a PeerRow]) -> Vec<&'a PeerRow> {
    where_(rows, |row| row.op != "distance" && row.library != FLOOR)
}

fn operations(page: &mut Page, rows: &[&PeerRow]) {
    let asked = others(rows);
    let libraries = distinct(&asked, |row| &row.library);
    let mut table = Vec::new();
    for op in distinct(&asked, |row| &row.op) {
        let of_op = where_(&asked, |row| row.op == op);
        for model in distinct(&of_op, |row| &row.model) {
            for scalar in SCALARS {
                let mut cells = vec![op.to_owned(), model.to_owned(), scalar.to_owned()];
                cells.extend(libraries.iter().map(|library| {
                    let own = |row: &PeerRow| row.model == model && row.scalar == scalar && row.library == *library;
                    text(holds(&where_(&of_op, own), relative))
                }));
                table.push(cells);
            }
        }
    }
    let mut header = vec!["operation", "model", "scalar"];
    header.extend(&libraries);
    page.table(&header, table);
}

fn by_radius(page: &mut Page, rows: &[&PeerRow], op: &str) -> Result<(), ReportError> {
    let all = distinct(rows, |row| &row.library);
    let (model, scalar) = ("poincare", "f32");
    let own = where_(&others(rows), |row| row.op == op && row.model == model && row.scalar == scalar);
    if own.is_empty() {
        return Ok(());
    }
    let name = if op == "gradient" { "gradient of the distance" } else { op };
    let chart = lines(format!("Error of {name} on the stored points, {model}, {scalar}"), &own, &all, scalar, relative);
    let caption = format!(
        "{name}, {model}, {scalar}: the worst relative error against the exact answer for the points as stored. A line at the top: an answer that is missing, or as wrong as it can be."
    );
    page.plot(&format!("{op}-{model}-{scalar}"), &chart, &caption)
}

fn gradients(page: &mut Page, rows: &[&PeerRow]) {
    /// Radii that are shown.
    const SHOWN: [f64; 8] = [4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 18.0, 20.0];
    let asked = where_(&others(rows), |row| row.op == "gradient" && row.pairs == "far");
    let mut table = Vec::new();
    for model in distinct(&asked, |row| &row.model) {
        for scalar in SCALARS {
            let own = where_(&asked, |row| row.model == model && row.scalar == scalar);
            for library in distinct(&own, |row| &row.library) {
                let mut cells = vec![model.to_owned(), scalar.to_owned(), library.to_owned()];
                cells.extend(SHOWN.map(|radius| {
                    let at = own.iter().find(|row| row.library == library && row.radius == radius);
                    at.map_or(String::new(), |row| {
                        let missing = (row.n as f64 * (1.0 - row.ok_share)).round();
                        format!("{} / {missing} of {}", row.zeros, row.n)
                    })
                }));
                table.push(cells);
            }
        }
    }
    let radii = SHOWN.map(|radius| format!("r = {radius}"));
    let header: Vec<&str> =
        ["model", "scalar", "library"].into_iter().chain(radii.iter().map(String::as_str)).collect();
    page.table(&header, table);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(library: &str, radius: f64, max_total: Option<f64>, ok_share: f64, unstorable: u64) -> PeerRow {
        PeerRow {
            library: library.into(),
            version: "1".into(),
            op: "distance".into(),
            model: "poincare".into(),
            scalar: "f32".into(),
            pairs: "far".into(),
            radius,
            n: 10,
            unstorable,
            ok_share,
            zeros: 0,
            median_relative: None,
            p99_relative: None,
            max_relative: None,
            median_ulps: None,
            p99_ulps: None,
            max_ulps: None,
            median_total: None,
            max_total,
        }
    }

    #[test]
    fn the_first_radius_that_fails_ends_it() {
        let rows = [
            row("a", 2.0, Some(0.01), 1.0, 0),
            row("a", 1.0, Some(1e-6), 1.0, 0),
            row("a", 4.0, Some(0.02), 1.0, 0),
            row("a", 6.0, Some(1e-3), 1.0, 0),
            row("b", 1.0, Some(1e-3), 0.9, 0),
            row("c", 1.0, Some(1e-3), 1.0, 0),
            row("c", 2.0, Some(1e-3), 1.0, 1),
        ];
        let of = |library: &str| holds(&where_(&rows.iter().collect::<Vec<_>>(), |row| row.library == library), total);
        assert_eq!((of("a"), of("b"), of("c"), of("d")), (Some(2.0), Some(0.0), Some(1.0), None));
    }

    #[test]
    fn the_page_names_everyone() {
        let folder = tempfile::tempdir().unwrap();
        let rows =
            [row(FLOOR, 1.0, Some(1e-9), 1.0, 0), row(OURS, 1.0, Some(1e-8), 1.0, 0), row("geo", 1.0, None, 0.0, 0)];
        let provenance = Provenance {
            command: "make peers".into(),
            version: "1".into(),
            revision: "r".into(),
            seed: 2,
            host: "h".into(),
        };
        let ceiling = CeilingRow {
            library: "geo".into(),
            version: "1".into(),
            model: "poincare".into(),
            scalar: "f32".into(),
            ceiling: 1.5,
            ties: 7,
            from: 1.6,
            n: 10,
        };
        peers(folder.path(), &provenance, &rows, &[ceiling]).unwrap();
        let text = std::fs::read_to_string(folder.path().join("README.md")).unwrap();
        assert!(text.contains("| poincare | geo | 0 |") && text.contains("| poincare | hypprec | 1 |"), "{text}");
        assert!(text.contains("the libraries: geo 0.") && text.contains("| 7 of 10 |"), "{text}");
        assert!(folder.path().join("plots/distance-poincare-f32-far.png").exists());
    }
}
