//! A study's page: what its TOML declares, drawn from the small tables that a sweep reduced its cells to.

use super::ReportError;
use super::dots::Dots;
use super::page::Page;
use super::plot::{COLOURS, Heat, Lines, Rank, Scale, Series, Shares};
use crate::arithmetic::Arithmetic;
use crate::formula::Model;
use crate::guard::{GUARDS, Precision};
use crate::measure::Outcome;
use crate::study::{Column, Error, Exhibit, FIGURE, FLOOR, JOINT, Key, Kind, MAX, P99, Study, Take, Value};
use crate::table::{ClipRow, CurveRow, Provenance};
use plotters::style::RGBColor;
use std::path::{Path, PathBuf};

/// log₁₀ of ulps on an axis.
const ULPS_RANGE: (f64, f64) = (-1.0, 9.0);
/// log₁₀ of relative errors: what no answer is drawn beyond.
const USELESS: f64 = 1.0;
/// Significant bits of the arithmetic whose errors an axis reaches down to, where none is named.
const FINEST: u32 = f64::MANTISSA_DIGITS;
/// Lines that are drawn thin, because there are this many of them or more.
const MANY: usize = 5;
/// What a table says where the cells gave no answer.
const NOTHING: &str = "no answer";
/// What a text says of a figure that the chosen cells do not give.
const UNKNOWN: &str = "?";

fn log(x: f64) -> f64 {
    Scale::Log.at(x)
}

/// Writes plots, index.html and README.md into the folder and says where the page is.
pub fn study_page(
    folder: &Path,
    study: &Study,
    provenance: &Provenance,
    curves: &[CurveRow],
    clip: &[ClipRow],
) -> Result<PathBuf, ReportError> {
    let mut page = Page::new(folder, &study.question);
    page.text(&study.analysis);
    if !study.answer.is_empty() {
        page.heading(&study.answer_heading);
        page.text(&answer(study, curves));
    }
    for exhibit in study.exhibits() {
        if !exhibit.heading.is_empty() {
            page.heading(&exhibit.heading);
        }
        if !exhibit.text.is_empty() {
            page.text(&filled(&exhibit.text, |name| figure(study, curves, name)));
        }
        match exhibit.kind {
            Kind::Text => {}
            Kind::Clips => clips(&mut page, clip),
            _ => facets(&mut page, study, exhibit, curves)?,
        }
    }
    page.write(provenance)
}

/// What a study's cells answer, its figures filled in.
pub fn answer(study: &Study, curves: &[CurveRow]) -> String {
    let text = study.answer.split_whitespace().collect::<Vec<_>>().join(" ");
    filled(&text, |name| figure(study, curves, name))
}

/// A text with what stands in braces replaced.
fn filled(text: &str, by: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out += before;
        match after.split_once('}') {
            Some((name, after)) => {
                out += &by(name).unwrap_or_else(|| UNKNOWN.to_owned());
                rest = after;
            }
            None => rest = after,
        }
    }
    out + rest
}

/// A figure as a text names it: a number, or the ranked, each with its number.
fn figure(study: &Study, curves: &[CurveRow], name: &str) -> Option<String> {
    let figure = study.figures.get(name)?;
    let wanted = format!("{FIGURE}{name}");
    let rows = curves.iter().filter(|row| row.exhibit == wanted);
    let text = |row: &CurveRow| match figure.by.is_empty() {
        true => number(&figure.value, row.value),
        false => format!("{} ({})", row.series.replace(JOINT, " "), number(&figure.value, row.value)),
    };
    Some(rows.map(text).collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
}

/// A number of two significant digits for errors, as it stands for places on an axis.
fn number(value: &Value, x: Option<f64>) -> String {
    let Some(x) = x else { return NOTHING.to_owned() };
    match (value.take, value.of) {
        (Take::Holds | Take::Needs, _) => Key::Number(x).to_string(),
        (Take::Share, _) => format!("{:.0} %", 100.0 * x),
        _ if x == 0.0 => "0".to_owned(),
        (_, Error::Ulps) if (0.01..1000.0).contains(&x) => format!("{x:.2}"),
        _ => format!("{x:.1e}"),
    }
}

/// One exhibit and one combination of the values of its `each`.
struct Facet<'a> {
    exhibit: &'a Exhibit,
    values: Vec<&'a str>,
    rows: Vec<&'a CurveRow>,
}

fn facets(page: &mut Page, study: &Study, exhibit: &Exhibit, curves: &[CurveRow]) -> Result<(), ReportError> {
    let mut found: Vec<Facet> = Vec::new();
    for row in curves.iter().filter(|row| row.exhibit == exhibit.name) {
        let values: Vec<&str> = row.facet.split(JOINT).collect();
        match found.iter_mut().find(|facet| facet.values == values) {
            Some(facet) => facet.rows.push(row),
            None => found.push(Facet { exhibit, values, rows: vec![row] }),
        }
    }
    for facet in found {
        let slug = |name: &str| facet.value(name).map(file_name);
        let name = filled(&exhibit.name, slug);
        let words = |text: &str| {
            filled(text, |name| facet.value(name).map(str::to_owned).or_else(|| figure(study, curves, name)))
        };
        let (title, caption) = (words(&exhibit.title), words(&exhibit.caption));
        match exhibit.kind {
            Kind::Lines => page.plot(&name, &facet.lines(title), &caption)?,
            Kind::Heat => page.plot(&name, &facet.heat(title), &caption)?,
            Kind::Shares => page.plot(&name, &facet.shares(title), &caption)?,
            Kind::Rank => {
                let rank = facet.rank(title);
                if !rank.rows.is_empty() {
                    page.plot(&name, &rank, &caption)?;
                }
            }
            Kind::Table => facet.table(page, &title),
            Kind::Pareto => page.plot(&name, &facet.pareto(title), &caption)?,
            Kind::Text | Kind::Clips => {}
        }
    }
    Ok(())
}

fn file_name(value: &str) -> String {
    value.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect()
}

/// The distinct values, in order.
fn distinct<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for value in values {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

impl<'a> Facet<'a> {
    /// What a column of `each` is here.
    fn value(&self, column: &str) -> Option<&'a str> {
        let place = self.exhibit.each.iter().position(|known| known.name() == column)?;
        self.values.get(place).copied()
    }

    /// The values that a column is held to, by the facet or by the whole exhibit.
    fn held(&self, column: Column) -> Vec<String> {
        match self.value(column.name()) {
            Some(value) => vec![value.to_owned()],
            None => self.exhibit.keep.values(column).iter().map(ToString::to_string).collect(),
        }
    }

    fn series(&self) -> Vec<&'a str> {
        distinct(self.rows.iter().map(|row| row.series.as_str()))
    }

    fn of(&self, series: &str) -> impl Iterator<Item = &'a CurveRow> {
        self.rows.iter().copied().filter(move |row| row.series == series)
    }

    fn xs(&self) -> Vec<&'a str> {
        let mut xs = distinct(self.rows.iter().map(|row| row.x.as_str()));
        if self.exhibit.x.len() == 1 && xs.iter().all(|x| x.parse::<f64>().is_ok()) {
            xs.sort_by(|a, b| place(a).total_cmp(&place(b)));
        }
        xs
    }

    /// The ends of an axis of log₁₀ errors: from half an ulp of the finest arithmetic to useless.
    fn error_range(&self) -> (f64, f64) {
        if let Some([low, high]) = self.exhibit.range {
            return (low, high);
        }
        if self.exhibit.value.of == Error::Ulps {
            return ULPS_RANGE;
        }
        let bits = self.held(Column::Scalar).iter().filter_map(|name| name.parse().ok()).map(Arithmetic::bits).max();
        let half_ulp = -f64::from(bits.unwrap_or(FINEST)) * std::f64::consts::LOG10_2;
        (half_ulp.floor() - 1.0, USELESS)
    }

    fn label(&self, otherwise: String) -> String {
        if self.exhibit.label.is_empty() { otherwise } else { self.exhibit.label.clone() }
    }

    fn value_label(&self) -> String {
        let value = &self.exhibit.value;
        let what = match value.of {
            Error::Ulps => "error in ulps",
            _ => "relative error",
        };
        self.label(match value.take {
            Take::Max => format!("largest {what}"),
            Take::P99 => format!("99th percentile of the {what}"),
            Take::Median => format!("median {what}"),
            Take::Holds => format!("holds up to this {}", value.over.name()),
            Take::Needs => format!("least {}", axis(value.over)),
            Take::Share => format!("share of cells within {}", value.tolerance),
        })
    }

    /// Colour and width of a series: with two columns the first chooses the colour and the second the stroke.
    fn strokes(&self) -> Vec<(&'a str, RGBColor, u32)> {
        let names: Vec<&str> = self.series().into_iter().filter(|name| *name != FLOOR).collect();
        let halves = || names.iter().map(|name| name.split_once(JOINT).unwrap_or((name, "")));
        let (firsts, seconds) = (distinct(halves().map(|half| half.0)), distinct(halves().map(|half| half.1)));
        let place = |list: &[&str], value: &str| list.iter().position(|known| *known == value).unwrap_or(0);
        let stroke = |(name, (first, second)): (&&'a str, (&str, &str))| {
            let (i, j) = (place(&firsts, first), place(&seconds, second));
            let thin = if seconds.len() > 1 { j > 0 } else { names.len() >= MANY };
            let width = if seconds.len() > 1 { 3 } else { 2 };
            (*name, COLOURS[(i + j * firsts.len()) % COLOURS.len()], if thin { 1 } else { width })
        };
        names.iter().zip(halves()).map(stroke).collect()
    }

    fn lines(&self, title: String) -> Lines {
        let column = self.exhibit.x[0];
        let x_scale = scale(column);
        let y_scale = if self.exhibit.value.take.is_error() { Scale::Log } else { Scale::Plain };
        let xs = || self.rows.iter().map(|row| x_scale.at(place(&row.x)));
        // A radius is seen from the origin.
        let least = if x_scale == Scale::Plain { 0.0 } else { xs().fold(f64::INFINITY, f64::min) };
        let x_range = (least, xs().fold(least + 1.0, f64::max));
        let y_range = if y_scale == Scale::Log { self.error_range() } else { self.plain_range() };
        let height = |row: &CurveRow| row.value.map_or(f64::INFINITY, |value| y_scale.at(value));
        let points = |name: &str| -> Vec<(f64, f64)> {
            let mut points: Vec<(f64, f64)> =
                self.of(name).map(|row| (x_scale.at(place(&row.x)), height(row))).collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            points
        };
        let line = |(name, colour, width): (&str, RGBColor, u32)| Series {
            name: name.to_owned(),
            colour,
            points: points(name),
            width,
        };
        let mut series: Vec<Series> = self.strokes().into_iter().map(line).collect();
        if self.exhibit.floor {
            series.push(line((FLOOR, RGBColor(0, 0, 0), 3)));
        }
        let bars = if self.exhibit.guards { self.guard_bars(x_range.1) } else { Vec::new() };
        Lines { title, x: axis(column), y: self.value_label(), x_range, y_range, x_scale, y_scale, series, bars }
    }

    /// From 0 to the largest number that is drawn.
    fn plain_range(&self) -> (f64, f64) {
        if let Some([low, high]) = self.exhibit.range {
            return (low, high);
        }
        let most = self.rows.iter().filter_map(|row| row.value).fold(0.0, f64::max);
        (0.0, if most > 0.0 { most * HEADROOM } else { 1.0 })
    }

    /// The radii at which the guards cap, in units of 1/√c, ascending.
    fn guard_bars(&self, most: f64) -> Vec<(String, f64)> {
        let (models, scalars) = (self.held(Column::Model), self.held(Column::Scalar));
        let (Some(Ok(model)), Some(Ok(scalar))) =
            (models.first().map(|m| m.parse::<Model>()), scalars.first().map(|s| s.parse::<Arithmetic>()))
        else {
            return Vec::new();
        };
        let precision = Precision { bits: scalar.bits() };
        let mut bars: Vec<(String, f64)> = GUARDS
            .iter()
            .filter(|guard| guard.models.contains(&model))
            .filter_map(|guard| Some((guard.id.to_owned(), (guard.clip)(precision)?)))
            .filter(|(_, clip)| !clip.on_features())
            .map(|(id, clip)| (id, clip.cap(model, 1.0)))
            .filter(|(_, cap)| cap.is_finite() && *cap <= most)
            .collect();
        bars.sort_by(|a, b| a.1.total_cmp(&b.1));
        bars
    }

    fn heat(&self, title: String) -> Heat {
        let mut rows = self.series();
        if rows.iter().all(|row| row.parse::<f64>().is_ok()) {
            rows.sort_by(|a, b| place(a).total_cmp(&place(b)));
        }
        let columns = self.xs();
        let (low, high) = self.error_range();
        // An error of 0 is one decade below the scale.
        let shown = |x: f64| log(x).max(low - 1.0);
        let value = |row: &str, x: &str| self.of(row).find(|r| r.x == x).and_then(|r| r.value).map(shown);
        Heat {
            title,
            x: self.exhibit.x[0].name().to_owned(),
            y: self.exhibit.series.iter().map(|column| column.name()).collect::<Vec<_>>().join(JOINT),
            columns: columns.iter().map(|x| (*x).to_owned()).collect(),
            rows: rows.iter().map(|row| (*row).to_owned()).collect(),
            values: rows.iter().map(|row| columns.iter().map(|x| value(row, x)).collect()).collect(),
            range: (low, high),
        }
    }

    fn rank(&self, title: String) -> Rank {
        let at = |series: &str, x: &str| self.of(series).find(|row| row.x == x).and_then(|row| row.value);
        // Rows of one first column stay together, in its colour.
        let group = |series: &'a str| series.split_once(JOINT).map_or("", |(first, _)| first);
        let groups = distinct(self.series().into_iter().map(group));
        let mut rows = Vec::new();
        for (i, name) in groups.iter().enumerate() {
            let of = self.series().into_iter().filter(|series| group(series) == *name);
            let mut own: Vec<(&str, f64, f64)> =
                of.filter_map(|series| Some((series, at(series, P99)?, at(series, MAX)?))).collect();
            own.sort_by(|a, b| a.1.total_cmp(&b.1));
            let row = |(series, p99, max): (&str, f64, f64)| {
                (series.replace(JOINT, " "), COLOURS[i % COLOURS.len()], log(p99), log(max))
            };
            rows.extend(own.into_iter().map(row));
        }
        let what = if self.exhibit.value.of == Error::Ulps { "ulps" } else { "relative error" };
        let x = self.label(format!("{what} (dot: 99 % of cells below; bar: the worst)"));
        Rank { title, x, x_range: self.error_range(), rows }
    }

    fn pareto(&self, title: String) -> Dots {
        let firsts = distinct(self.series().into_iter().map(|name| name.split(JOINT).next().unwrap_or(name)));
        let dot = |row: &&CurveRow| {
            let colour = firsts.iter().position(|first| row.series.split(JOINT).next() == Some(first)).unwrap_or(0);
            let at = (log(place(&row.x)), row.value.map_or(f64::INFINITY, log));
            (row.series.replace(JOINT, " "), COLOURS[colour % COLOURS.len()], at)
        };
        let dots: Vec<(String, RGBColor, (f64, f64))> = self.rows.iter().map(dot).collect();
        let costs = || dots.iter().map(|dot| dot.2.0);
        let x_range = (costs().fold(0.0, f64::min), costs().fold(1.0, f64::max) + 0.1);
        let x = "cost: one plain Euclidean distance in the same arithmetic is 1".to_owned();
        Dots { title, x, y: self.value_label(), x_range, y_range: self.error_range(), dots }
    }

    fn shares(&self, title: String) -> Shares {
        let colour = |outcome: &Outcome| match outcome {
            Outcome::Ok => COLOURS[2],
            Outcome::Saturated => COLOURS[5],
            Outcome::Overflow => COLOURS[4],
            Outcome::Nan => COLOURS[1],
            Outcome::Outside => COLOURS[6],
        };
        let share = |series: &str, outcome: &Outcome| {
            let name = outcome.to_string();
            self.of(series).find(|row| row.x == name).and_then(|row| row.value).unwrap_or(0.0)
        };
        let occurs = |outcome: &&Outcome| self.series().iter().any(|series| share(series, outcome) > 0.0);
        let outcomes: Vec<&Outcome> = Outcome::ALL.iter().filter(occurs).collect();
        let row = |series: &str| (series.replace(JOINT, " "), outcomes.iter().map(|o| share(series, o)).collect());
        Shares {
            title,
            parts: outcomes.iter().map(|outcome| (outcome.to_string(), colour(outcome))).collect(),
            rows: self.series().into_iter().map(row).collect(),
        }
    }

    fn table(&self, page: &mut Page, title: &str) {
        if !title.is_empty() {
            page.text(title);
        }
        let xs = self.xs();
        let names = self.exhibit.series.iter().map(|column| column.name().to_owned());
        let header: Vec<String> = names.chain(xs.iter().map(|x| x.replace(JOINT, " "))).collect();
        let cell = |series: &str, x: &str| {
            self.of(series).find(|row| row.x == x).map_or(String::new(), |row| number(&self.exhibit.value, row.value))
        };
        let row = |series: &str| {
            let values = xs.iter().map(|x| cell(series, x));
            series.split(JOINT).map(str::to_owned).chain(values).collect::<Vec<String>>()
        };
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        page.table(&header, self.series().into_iter().map(row).collect());
    }
}

/// What is left above the highest line of a plain axis.
const HEADROOM: f64 = 1.05;

fn place(x: &str) -> f64 {
    x.parse().unwrap_or(0.0)
}

/// Whether a column spans orders of magnitude.
fn scale(column: Column) -> Scale {
    match column {
        Column::C | Column::Separation => Scale::Log,
        Column::Dim => Scale::Log2,
        _ => Scale::Plain,
    }
}

fn axis(column: Column) -> String {
    match column {
        Column::Radius => "radius √c d(0, x)",
        Column::Separation => "separation √c d(x, y)",
        Column::C => "c of curvature −c",
        Column::Dim => "dimension",
        Column::ScalarBits => "significant bits of the arithmetic",
        other => other.name(),
    }
    .to_owned()
}

/// The tolerance and the guard of the rows of clip.csv that a page shows.
const SHOWN_TOLERANCE: f64 = 0.01;
const SHOWN_GUARD: &str = "none";
const SHOWN_SCALARS: [&str; 2] = ["f32", "f64"];

fn clips(page: &mut Page, clip: &[ClipRow]) {
    let shown = |row: &&ClipRow| {
        row.tolerance == SHOWN_TOLERANCE && row.guard == SHOWN_GUARD && SHOWN_SCALARS.contains(&row.scalar.as_str())
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_are_filled_in_and_what_is_not_known_is_asked() {
        let by = |name: &str| (name == "a").then(|| "1".to_owned());
        assert_eq!(filled("x {a} y {b} z", by), "x 1 y ? z");
        assert_eq!(filled("plain", by), "plain");
    }

    #[test]
    fn numbers_are_short() {
        let value = |take, of| Value { take, of, ..Value::default() };
        assert_eq!(number(&value(Take::Holds, Error::Total), Some(36.0)), "36");
        assert_eq!(number(&value(Take::Max, Error::Total), Some(1.234e-7)), "1.2e-7");
        assert_eq!(number(&value(Take::Max, Error::Ulps), Some(0.512)), "0.51");
        assert_eq!(number(&value(Take::Share, Error::Total), Some(0.25)), "25 %");
        assert_eq!(number(&value(Take::Max, Error::Total), None), NOTHING);
    }
}
