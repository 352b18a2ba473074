//! What a scan of an embedding found, in words and tables, and its page.

use super::ReportError;
use super::page::Page;
use super::plot::{Bars, COLOURS, Lines, Scale, Series};
use crate::formula::{BEST, Model};
use crate::guard::{GUARDS, Precision};
use crate::table::{Embedding, PairRow, Provenance};
use crate::verdict::scan::{Count, Scan};
use plotters::style::RGBColor;
use std::path::{Path, PathBuf};

/// One subject: a few sentences and a table, which may have no rows.
pub struct Section {
    pub heading: &'static str,
    pub text: String,
    pub header: Vec<&'static str>,
    pub rows: Vec<Vec<String>>,
}

fn small(x: f64) -> String {
    if x == 0.0 || (1e-3..1e6).contains(&x.abs()) { format!("{x:.4}") } else { format!("{x:.2e}") }
}

fn error(x: Option<f64>) -> String {
    x.map_or(String::new(), |x| if x == 0.0 { "0".to_owned() } else { format!("{x:.1e}") })
}

fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    // A share that is not all, or not none, is not printed as if it were.
    match format!("{percent:.2}").as_str() {
        "100.00" if share < 1.0 => "just below 100 %".to_owned(),
        "0.00" if share > 0.0 => "just above 0 %".to_owned(),
        text => format!("{} %", text.trim_end_matches('0').trim_end_matches('.')),
    }
}

fn quantile_name(share: f64) -> String {
    match share {
        0.0 => "least".to_owned(),
        1.0 => "largest".to_owned(),
        share => format!("{} %", 100.0 * share),
    }
}

/// What was found, subject by subject.
pub fn sections(scan: &Scan, embedding: &Embedding) -> Vec<Section> {
    vec![points(scan, embedding), radius(scan), ties(scan), nearest(scan), errors(scan), storage(scan)]
}

fn points(scan: &Scan, embedding: &Embedding) -> Section {
    let standing = &scan.standing;
    let row = |what: String, count: Count| {
        (count.count > 0).then(|| {
            let place = count.first.map_or(String::new(), |first| embedding.place(first));
            vec![what, count.count.to_string(), place]
        })
    };
    let scalar = &scan.scalar;
    let duplicates = Count { count: scan.duplicates.count, first: scan.duplicates.first };
    let merged = Count { count: scan.duplicates.by_rounding, first: None };
    let faults = [
        row("not finite".to_owned(), standing.non_finite),
        row(format!("beyond the range of {scalar}"), standing.overflow),
        row("outside the model".to_owned(), standing.outside),
        row(format!("of these, only once rounded to {scalar}"), standing.outside_by_rounding),
        row(
            "off the hyperboloid (time is not √(1/c + ‖s‖²); taken by their space coordinates)".to_owned(),
            standing.off_hyperboloid,
        ),
        row("equal to an earlier point".to_owned(), duplicates),
        row(format!("equal to an earlier point only once rounded to {scalar}"), merged),
    ];
    let inside = vec!["inside the model".to_owned(), standing.inside.to_string(), String::new()];
    Section {
        heading: "Points",
        text: format!(
            "{} points in {} dimensions, {} in the file, scanned as {scalar} in the model {}, c = {}. {}",
            scan.points,
            scan.dim,
            scan.dtype,
            scan.model,
            scan.c,
            about(scan)
        ),
        header: vec!["", "points", "first"],
        rows: std::iter::once(inside).chain(faults.into_iter().flatten()).collect(),
    }
}

/// Which columns the coordinates are, what is odd about them, and which points are left out.
fn about(scan: &Scan) -> String {
    let mut sentences = vec![scan.columns.in_words()];
    if let Some(time) = scan.columns.time.as_ref().filter(|_| scan.model == Model::LorentzAmbient.name()) {
        sentences.push(format!("Time is column {}.", crate::table::short(&time.column)));
    }
    sentences.extend(scan.columns.warnings.iter().map(|what| format!("Warning: {what}.")));
    if scan.left_out.count > 0 {
        sentences.push(format!("{}: nothing else is said of them.", scan.left_out));
    }
    sentences.join(" ")
}

fn radius(scan: &Scan) -> Section {
    let ball = scan.model == Model::Poincare.name();
    let row = |r: &crate::verdict::scan::Radius| {
        let mut row = vec![quantile_name(r.share), format!("{:.4}", r.depth), small(r.distance)];
        row.push(small(r.gradient_radial));
        row.extend((!ball).then(|| small(r.gradient_tangential)));
        row
    };
    let header = match ball {
        true => vec!["share", "√c d(0, x)", "d(0, x)", "gradient factor there"],
        false => vec!["share", "√c d(0, x)", "d(0, x)", "gradient factor there, along", "across"],
    };
    Section {
        heading: "How far out",
        text: "Distances from the origin, by the default formula. The gradient factor is what a Euclidean gradient in these coordinates is multiplied by to become Riemannian.".to_owned(),
        header,
        rows: scan.radius.iter().map(row).collect(),
    }
}

fn ties(scan: &Scan) -> Section {
    let named = scan.ties.named.iter().map(|tie| (tie.guards.join(", "), tie));
    let unnamed = scan.ties.at_largest.iter().map(|tie| ("no clip that is known".to_owned(), tie));
    let row = |(name, tie): (String, &crate::verdict::scan::Tie)| {
        vec![
            name,
            format!("{}", tie.norm),
            format!("{:.4}", tie.depth),
            tie.count.to_string(),
            percent(tie.share),
            tie.beyond.to_string(),
        ]
    };
    let rows: Vec<_> = named.chain(unnamed).map(row).collect();
    let text = match rows.is_empty() {
        true => "No points lie tied at the clip of a library that is known here, nor at a largest norm of their own.",
        false => {
            "Points that lie at one norm, to a few units in the last place, where chance would not put them: all distances from the origin beyond are lost."
        }
    };
    Section {
        heading: "Clips",
        text: text.to_owned(),
        header: vec!["whose", "‖x‖", "√c d(0, x)", "points", "share", "points beyond"],
        rows,
    }
}

fn nearest(scan: &Scan) -> Section {
    let (text, rows) = match &scan.nearest {
        None => ("Fewer than two different points: no nearest.".to_owned(), Vec::new()),
        Some(nearest) => {
            let of = match nearest.exact {
                true => format!("all {} points that have another", nearest.points),
                false => format!("a seeded sample of {} points, each against all others", nearest.points),
            };
            let row =
                |s: &crate::verdict::scan::Separation| vec![quantile_name(s.share), small(s.depth), small(s.distance)];
            let text = format!("Distances to the nearest other point, of {of}; coinciding points are not others.");
            (text, nearest.separation.iter().map(row).collect())
        }
    };
    Section { heading: "How close", text, header: vec!["share", "√c d(x, y)", "d(x, y)"], rows }
}

fn errors(scan: &Scan) -> Section {
    let row = |e: &crate::verdict::scan::ErrorRow| {
        vec![
            e.pairs.clone(),
            e.variant.clone(),
            e.n.to_string(),
            percent(e.ok_share),
            percent(e.within_tolerance),
            error(e.median_relative),
            error(e.p99_relative),
            error(e.max_relative),
            error(e.median_ulps),
            error(e.max_ulps),
        ]
    };
    Section {
        heading: "What a distance is worth",
        text: format!(
            "Distances between pairs drawn at random, and between points and their nearest, by every published formula in {}, against certified truth for the points as stored there. `{BEST}` is this library's default; `within` is the share of pairs whose relative error is at most {}.",
            scan.scalar, scan.tolerance
        ),
        header: vec![
            "pairs",
            "formula",
            "n",
            "gave a number",
            "within",
            "median error",
            "99 %",
            "largest",
            "median ulps",
            "most ulps",
        ],
        rows: scan.errors.iter().map(row).collect(),
    }
}

fn storage(scan: &Scan) -> Section {
    let measured = scan.storage.iter().any(|row| row.measured_median.is_some());
    let row = |s: &crate::verdict::scan::StorageRow| {
        let mut row = vec![s.pairs.clone(), s.n.to_string(), error(s.median), error(s.p99), error(s.max)];
        row.extend(
            measured.then_some([s.measured_median, s.measured_p99, s.measured_max]).into_iter().flatten().map(error),
        );
        row
    };
    let mut header = vec!["pairs", "n", "median", "99 %", "largest"];
    header.extend(measured.then_some(["measured: median", "99 %", "largest"]).into_iter().flatten());
    let mut text = format!(
        "What storing can have cost those distances, whatever the formula, relative to them. The points as given are all that is known: how far a distance moves, to first order, when every coordinate moves at random within half a unit in its last place of {} (root mean square of {} draws).",
        scan.scalar,
        crate::verdict::scan::DRAWS
    );
    if measured {
        text += " Measured: what rounding the file's own numbers to it did cost, truth against truth.";
    }
    Section { heading: "What storing costs", text, header, rows: scan.storage.iter().map(row).collect() }
}

// ---------------------------------------------------------------------------------------------------------------- page

/// Writes plots, index.html and README.md into the folder and says where the page is; `advice` comes first on it.
pub fn scan(
    folder: &Path,
    scan: &Scan,
    embedding: &Embedding,
    advice: Option<&Section>,
    provenance: &Provenance,
) -> Result<PathBuf, ReportError> {
    let name = match embedding.file.to_str() {
        Some(crate::table::STDIN) => "standard input".to_owned(),
        _ => embedding.file.file_name().map_or(String::new(), |name| crate::table::printable(&name.to_string_lossy())),
    };
    let mut page = Page::new(folder, &format!("How deep is {name}?"));
    for section in advice.into_iter().chain(&sections(scan, embedding)) {
        page.heading(section.heading);
        page.text(&section.text);
        if !section.rows.is_empty() {
            page.table(&section.header, section.rows.clone());
        }
        match section.heading {
            "How far out" => radius_plot(&mut page, scan)?,
            "How close" => nearest_plot(&mut page, scan)?,
            "What storing costs" => error_plots(&mut page, scan)?,
            _ => {}
        }
    }
    page.write(provenance)
}

/// Room to the right of the outermost point.
const ROOM: f64 = 1.06;

fn radius_plot(page: &mut Page, scan: &Scan) -> Result<(), ReportError> {
    let Some(histogram) = &scan.radius_histogram else { return Ok(()) };
    let most = ROOM * histogram.high;
    let bars = Bars {
        title: format!("Distances from the origin, {} in {}", scan.scalar, scan.model),
        x: "√c d(0, x)".to_owned(),
        x_range: (0.0, most),
        log: false,
        steps: (histogram.low, histogram.high),
        counts: histogram.counts.clone(),
        marks: caps(scan, most),
    };
    page.plot("radius", &bars, "How many points lie how far out. Upright: where the clips of the libraries cap the distance from the origin; a bar that ends at one is a clip at work.")
}

/// Where the guards of the model cap √c d(0, x) in the arithmetic, ascending; guards with one cap share a name.
fn caps(scan: &Scan, most: f64) -> Vec<(String, f64)> {
    let Ok(model) = scan.model.parse::<Model>() else { return Vec::new() };
    let bits = scan.scalar.parse::<crate::arithmetic::Arithmetic>().map_or(f64::MANTISSA_DIGITS, |a| a.bits());
    let mut caps: Vec<(String, f64)> = Vec::new();
    for guard in GUARDS.iter().filter(|guard| guard.models.contains(&model)) {
        let Some(clip) = (guard.clip)(Precision { bits }) else { continue };
        let cap = clip.cap(model, scan.c) * scan.c.sqrt();
        match caps.iter_mut().find(|(_, other)| *other == cap) {
            Some((name, _)) => *name += &format!(", {}", guard.id),
            None if cap.is_finite() && cap <= most => caps.push((guard.id.to_owned(), cap)),
            None => {}
        }
    }
    caps.sort_by(|a, b| a.1.total_cmp(&b.1));
    caps
}

fn nearest_plot(page: &mut Page, scan: &Scan) -> Result<(), ReportError> {
    let Some(histogram) = scan.nearest.as_ref().and_then(|nearest| nearest.log_histogram.as_ref()) else {
        return Ok(());
    };
    let bars = Bars {
        title: format!("Distances to the nearest other point, {} in {}", scan.scalar, scan.model),
        x: "√c d(x, y)".to_owned(),
        x_range: (histogram.low.floor(), histogram.high.ceil()),
        log: true,
        steps: (histogram.low, histogram.high),
        counts: histogram.counts.clone(),
        marks: Vec::new(),
    };
    page.plot("nearest", &bars, "How many points have their nearest other point how far away.")
}

/// Steps of the depth over which errors are gathered.
const DEPTHS: usize = 24;
/// What an error of a missing answer is drawn as: at the top.
const NO_ANSWER: f64 = 10.0;

fn error_plots(page: &mut Page, scan: &Scan) -> Result<(), ReportError> {
    for kind in crate::verdict::scan::Kind::ALL {
        let name = kind.to_string();
        let rows: Vec<&PairRow> = scan.measured.iter().filter(|row| row.pairs == name).collect();
        let most = rows.iter().map(|row| row.depth).fold(0.0, f64::max);
        if rows.is_empty() || most == 0.0 {
            continue;
        }
        let mut variants: Vec<&str> = Vec::new();
        for row in &rows {
            if !variants.contains(&row.variant.as_str()) {
                variants.push(&row.variant);
            }
        }
        let line = |name: &str, colour: RGBColor, width: u32, of: &dyn Fn(&PairRow) -> Option<f64>| Series {
            name: name.to_owned(),
            colour,
            width,
            points: worst(&rows, most, of),
        };
        let mut series: Vec<Series> = variants
            .iter()
            .enumerate()
            .map(|(i, variant)| {
                let width = if *variant == BEST { 3 } else { 1 };
                line(variant, COLOURS[i % COLOURS.len()], width, &|row| {
                    (row.variant == *variant).then(|| row.relative_error.unwrap_or(NO_ANSWER))
                })
            })
            .collect();
        series.push(line("storing can cost", RGBColor(0, 0, 0), 3, &|row| row.storage));
        let least = if scan.scalar.starts_with("f64") { -17.0 } else { -9.0 };
        let lines = Lines {
            title: format!("Errors of distances, {name} pairs, {} in {}", scan.scalar, scan.model),
            x: "√c d(0, x) of the point further out".to_owned(),
            y: "largest relative error".to_owned(),
            x_range: (0.0, ROOM * most),
            y_range: (least, 1.0),
            x_scale: Scale::Plain,
            y_scale: Scale::Log,
            series,
            bars: caps(scan, ROOM * most),
        };
        let caption = format!(
            "The worst relative error among the {name} pairs at each depth, by formula; black, what storing the points can have cost. A line at the top: no answer."
        );
        page.plot(&format!("errors-{name}"), &lines, &caption)?;
    }
    Ok(())
}

/// log₁₀ of the largest value in each step of the depth.
fn worst(rows: &[&PairRow], most: f64, of: &dyn Fn(&PairRow) -> Option<f64>) -> Vec<(f64, f64)> {
    let mut steps = [None::<f64>; DEPTHS];
    for row in rows {
        let Some(value) = of(row) else { continue };
        let step = &mut steps[((row.depth / most * DEPTHS as f64) as usize).min(DEPTHS - 1)];
        *step = Some(step.map_or(value, |worst| worst.max(value)));
    }
    let at = |i: usize| most * (i as f64 + 0.5) / DEPTHS as f64;
    let log = |x: f64| pxfm::f_log10(x.max(f64::MIN_POSITIVE));
    steps.iter().enumerate().filter_map(|(i, worst)| worst.map(|worst| (at(i), log(worst)))).collect()
}
