//! Plots, each drawn once and written as SVG and as PNG, with a font that travels with the program.

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::colors::colormaps::{ColorMap, ViridisRGB};
use std::path::Path;
use std::sync::Once;

/// Okabe and Ito's colours, which the colour-blind tell apart.
pub const COLOURS: &[RGBColor] = &[
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(120, 120, 120),
    RGBColor(150, 90, 40),
    RGBColor(90, 60, 160),
    RGBColor(170, 30, 60),
    RGBColor(60, 110, 40),
    RGBColor(20, 160, 170),
    RGBColor(190, 170, 0),
];

/// One line, or one set of dots.
pub struct Series {
    pub name: String,
    pub colour: RGBColor,
    /// (x, y) in the scales of the chart; what is beyond the axis is drawn at its end.
    pub points: Vec<(f64, f64)>,
    pub width: u32,
}

/// What the numbers along an axis are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Plain,
    /// log₁₀ of what the labels say.
    Log,
    /// log₂ of what the labels say.
    Log2,
}

impl Scale {
    /// Where a number is on the axis.
    pub fn at(self, x: f64) -> f64 {
        let positive = x.abs().max(f64::MIN_POSITIVE);
        match self {
            Scale::Plain => x,
            Scale::Log => pxfm::f_log10(positive),
            Scale::Log2 => pxfm::f_log2(positive),
        }
    }
    pub(super) fn label(self, at: f64) -> String {
        match self {
            Scale::Plain => format!("{}", (at * 1e6).round() / 1e6),
            Scale::Log if at.fract() == 0.0 => power(at),
            // Between two decades, two digits.
            Scale::Log if (-3.0..3.0).contains(&at) => {
                let decimals = (1.0 - at.floor()).max(0.0) as usize;
                format!("{:.decimals$}", pxfm::f_exp10(at))
            }
            Scale::Log => format!("{:.1e}", pxfm::f_exp10(at)),
            Scale::Log2 => format!("{}", pxfm::f_exp2(at).round()),
        }
    }
}

/// A chart of lines, its legend beside it, and named upright bars.
pub struct Lines {
    pub title: String,
    pub x: String,
    pub y: String,
    pub x_range: (f64, f64),
    pub y_range: (f64, f64),
    pub x_scale: Scale,
    pub y_scale: Scale,
    pub series: Vec<Series>,
    pub bars: Vec<(String, f64)>,
}

/// A chart of counts in equal steps along an axis, as shares of them all, and named upright marks.
pub struct Bars {
    pub title: String,
    pub x: String,
    pub x_range: (f64, f64),
    /// Whether x is log₁₀ of what the labels say.
    pub log: bool,
    /// From where to where the steps go, and the count in each.
    pub steps: (f64, f64),
    pub counts: Vec<u64>,
    pub marks: Vec<(String, f64)>,
}

/// A chart of named rows with one dot or bar each, on a log₁₀ axis.
pub struct Rank {
    pub title: String,
    pub x: String,
    pub x_range: (f64, f64),
    /// Name, colour, p99 and max (log₁₀).
    pub rows: Vec<(String, RGBColor, f64, f64)>,
}

/// A chart of named rows, each cut into shares that sum to one.
pub struct Shares {
    pub title: String,
    pub parts: Vec<(String, RGBColor)>,
    pub rows: Vec<(String, Vec<f64>)>,
}

/// A table of coloured fields with log₁₀ values.
pub struct Heat {
    pub title: String,
    pub x: String,
    pub y: String,
    pub columns: Vec<String>,
    pub rows: Vec<String>,
    /// By row, then column; `None` where there is nothing.
    pub values: Vec<Vec<Option<f64>>>,
    pub range: (f64, f64),
}

pub(super) const WIDTH: u32 = 980;
pub(super) const HEIGHT: u32 = 520;
pub(super) const LEGEND: u32 = 190;
pub(super) const ROW: u32 = 24;
/// The mean width of a letter, a little over.
pub(super) const LETTER: u32 = 9;
pub(super) const TEXT: u32 = 15;
pub(super) const TITLE: u32 = 20;
const FONT: &str = "DejaVu Sans, sans-serif";
pub(super) const INK: RGBColor = RGBColor(40, 40, 40);
pub(super) const PALE: RGBColor = RGBColor(225, 225, 225);

pub(super) type Outcome = Result<(), String>;

/// What can be drawn on any backend.
pub trait Draw {
    fn size(&self) -> (u32, u32);
    fn draw<B: DrawingBackend>(&self, root: DrawingArea<B, Shift>) -> Outcome
    where
        B::ErrorType: 'static;
}

pub(super) fn text(e: impl std::fmt::Display) -> String {
    e.to_string()
}

/// Text of a size and a colour.
pub(super) fn letters(size: u32, colour: &RGBColor) -> TextStyle<'static> {
    (FONT, size).into_font().color(colour)
}

fn register_font() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let font = include_bytes!("font/DejaVuSans-subset.ttf");
        let _ = plotters::style::register_font(FONT, FontStyle::Normal, font);
    });
}

/// The mesh of every chart, to be given its names and drawn.
macro_rules! axes {
    ($chart:expr) => {
        $chart
            .configure_mesh()
            .axis_desc_style(crate::report::plot::letters(crate::report::plot::TEXT, &crate::report::plot::INK))
            .label_style(crate::report::plot::letters(crate::report::plot::TEXT - 1, &crate::report::plot::INK))
            .light_line_style(plotters::style::WHITE)
            .bold_line_style(crate::report::plot::PALE)
    };
}
pub(super) use axes;

/// The chart as SVG text.
pub fn svg(chart: &impl Draw) -> Result<String, String> {
    register_font();
    let mut out = String::new();
    chart.draw(SVGBackend::with_string(&mut out, chart.size()).into_drawing_area())?;
    Ok(out)
}

/// The chart as a PNG file.
pub fn png(chart: &impl Draw, path: &Path) -> Outcome {
    register_font();
    chart.draw(BitMapBackend::new(path, chart.size()).into_drawing_area())
}

fn power(y: f64) -> String {
    let digits: String = format!("{}", y.round() as i64).chars().map(superscript).collect();
    format!("10{digits}")
}

fn superscript(c: char) -> char {
    match c {
        '-' => '⁻',
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        d => char::from_u32('⁴' as u32 + (d as u32 - '4' as u32)).unwrap_or(d),
    }
}

impl Draw for Lines {
    fn size(&self) -> (u32, u32) {
        (WIDTH, HEIGHT)
    }
    fn draw<B: DrawingBackend>(&self, root: DrawingArea<B, Shift>) -> Outcome
    where
        B::ErrorType: 'static,
    {
        root.fill(&WHITE).map_err(text)?;
        let root = root.titled(&self.title, letters(TITLE, &INK)).map_err(text)?;
        let longest = self.series.iter().map(|series| series.name.chars().count()).max().unwrap_or(0) as u32;
        let (plot, legend) = root.split_horizontally(WIDTH - LEGEND.max(44 + LETTER * longest));
        let (low, high) = self.y_range;
        let mut chart = ChartBuilder::on(&plot)
            .margin(10)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(self.x_range.0..self.x_range.1, low..high)
            .map_err(text)?;
        axes!(chart)
            .x_desc(&self.x)
            .y_desc(&self.y)
            .x_label_formatter(&|x| self.x_scale.label(*x))
            .y_label_formatter(&|y| self.y_scale.label(*y))
            .draw()
            .map_err(text)?;
        upright(&mut chart, &self.bars, (low, high))?;
        for series in &self.series {
            let inside = series.points.iter().map(|(x, y)| (*x, y.clamp(low, high)));
            let style = series.colour.stroke_width(series.width);
            chart.draw_series(LineSeries::new(inside.clone(), style)).map_err(text)?;
            let dots = inside.map(|point| Circle::new(point, series.width + 1, series.colour.filled()));
            chart.draw_series(dots).map_err(text)?;
        }
        for (i, series) in self.series.iter().enumerate() {
            let y = 24 + i as i32 * ROW as i32;
            let style = series.colour.stroke_width(series.width + 1);
            legend.draw(&PathElement::new([(4, y), (28, y)], style)).map_err(text)?;
            legend.draw(&Text::new(series.name.clone(), (36, y - 8), letters(TEXT, &INK))).map_err(text)?;
        }
        root.present().map_err(text)
    }
}

/// A chart with plain axes.
type Axes<'a, B> = ChartContext<'a, B, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Named upright lines over the whole height of a chart.
fn upright<B: DrawingBackend>(chart: &mut Axes<B>, marks: &[(String, f64)], (low, high): (f64, f64)) -> Outcome
where
    B::ErrorType: 'static,
{
    for (i, (name, x)) in marks.iter().enumerate() {
        let line = PathElement::new([(*x, low), (*x, high)], BLACK.mix(0.45));
        let at = low + (high - low) * (0.985 - 0.045 * (i % 6) as f64);
        let label = Text::new(name.clone(), (*x, at), letters(TEXT - 3, &INK));
        chart.draw_series(std::iter::once(line)).map_err(text)?;
        chart.draw_series(std::iter::once(label)).map_err(text)?;
    }
    Ok(())
}

impl Draw for Bars {
    fn size(&self) -> (u32, u32) {
        (WIDTH, HEIGHT)
    }
    fn draw<B: DrawingBackend>(&self, root: DrawingArea<B, Shift>) -> Outcome
    where
        B::ErrorType: 'static,
    {
        root.fill(&WHITE).map_err(text)?;
        let root = root.titled(&self.title, letters(TITLE, &INK)).map_err(text)?;
        let whole = self.counts.iter().sum::<u64>().max(1) as f64;
        let most = self.counts.iter().max().map_or(1.0, |most| *most as f64 / whole);
        // Room above the tallest bar for the marks' names.
        let high = 1.15 * most.max(1.0 / whole);
        let mut chart = ChartBuilder::on(&root)
            .margin(10)
            .margin_right(30)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(self.x_range.0..self.x_range.1, 0.0..high)
            .map_err(text)?;
        let log = self.log;
        axes!(chart)
            .disable_x_mesh()
            .x_desc(&self.x)
            .y_desc("share of points")
            .x_label_formatter(&|x| {
                if !log {
                    format!("{x}")
                } else if x.fract() == 0.0 {
                    power(*x)
                } else {
                    String::new()
                }
            })
            .y_label_formatter(&|y| format!("{:.3} %", 100.0 * y).replace(".000", ""))
            .draw()
            .map_err(text)?;
        let step = (self.steps.1 - self.steps.0) / self.counts.len().max(1) as f64;
        let bars = self.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(i, count)| {
            let left = self.steps.0 + step * i as f64;
            Rectangle::new([(left, 0.0), (left + 0.92 * step, *count as f64 / whole)], COLOURS[0].filled())
        });
        chart.draw_series(bars).map_err(text)?;
        upright(&mut chart, &self.marks, (0.0, high))?;
        root.present().map_err(text)
    }
}

impl Draw for Rank {
    fn size(&self) -> (u32, u32) {
        (WIDTH, 110 + ROW * self.rows.len() as u32)
    }
    fn draw<B: DrawingBackend>(&self, root: DrawingArea<B, Shift>) -> Outcome
    where
        B::ErrorType: 'static,
    {
        root.fill(&WHITE).map_err(text)?;
        let root = root.titled(&self.title, letters(TITLE, &INK)).map_err(text)?;
        let n = self.rows.len() as f64;
        let (low, high) = self.x_range;
        let name = |y: &f64| {
            let i = (n - y - 0.5).round();
            let row = (i >= 0.0 && (n - y - 0.5 - i).abs() < 1e-9).then(|| self.rows.get(i as usize)).flatten();
            row.map_or(String::new(), |row| row.0.clone())
        };
        let mut chart = ChartBuilder::on(&root)
            .margin(10)
            .x_label_area_size(44)
            .y_label_area_size(230)
            .build_cartesian_2d(low..high, 0.0..n)
            .map_err(text)?;
        axes!(chart)
            .disable_y_mesh()
            .y_labels(0)
            .x_desc(&self.x)
            .x_label_formatter(&|x| power(*x))
            .draw()
            .map_err(text)?;
        for (i, (_, colour, p99, max)) in self.rows.iter().enumerate() {
            let y = n - i as f64 - 0.5;
            let (p99, max) = (p99.clamp(low, high), max.clamp(low, high));
            let bar = Rectangle::new([(low, y - 0.3), (max, y + 0.3)], colour.mix(0.35).filled());
            let dot = Circle::new((p99, y), 5, colour.filled());
            chart.draw_series(std::iter::once(bar)).map_err(text)?;
            chart.draw_series(std::iter::once(dot)).map_err(text)?;
            let (x, y) = chart.backend_coord(&(low, y));
            let (left, top) = root.get_base_pixel();
            let label = name(&(n - i as f64 - 0.5));
            let at = (x - left - 222, y - top - 8);
            root.draw(&Text::new(label, at, letters(TEXT, &INK))).map_err(text)?;
        }
        root.present().map_err(text)
    }
}

impl Draw for Shares {
    fn size(&self) -> (u32, u32) {
        (WIDTH, 110 + ROW * self.rows.len() as u32)
    }
    fn draw<B: DrawingBackend>(&self, root: DrawingArea<B, Shift>) -> Outcome
    where
        B::ErrorType: 'static,
    {
        root.fill(&WHITE).map_err(text)?;
        let root = root.titled(&self.title, letters(TITLE, &INK)).map_err(text)?;
        let (left, right) = (240i32, WIDTH as i32 - 20);
        let x = |share: f64| left + (share * f64::from(right - left)).round() as i32;
        for (i, (name, colour)) in self.parts.iter().enumerate() {
            let at = left + i as i32 * 130;
            root.draw(&Rectangle::new([(at, 8), (at + 16, 24)], colour.filled())).map_err(text)?;
            root.draw(&Text::new(name.clone(), (at + 22, 8), letters(TEXT, &INK))).map_err(text)?;
        }
        for (i, (name, shares)) in self.rows.iter().enumerate() {
            let top = 38 + i as i32 * ROW as i32;
            root.draw(&Text::new(name.clone(), (12, top + 2), letters(TEXT, &INK))).map_err(text)?;
            let mut from = 0.0;
            for (share, (_, colour)) in shares.iter().zip(&self.parts) {
                let field = Rectangle::new([(x(from), top), (x(from + share), top + ROW as i32 - 5)], colour.filled());
                root.draw(&field).map_err(text)?;
                from += share;
            }
        }
        root.present().map_err(text)
    }
}

impl Draw for Heat {
    fn size(&self) -> (u32, u32) {
        (WIDTH, 130 + 44 * self.rows.len() as u32)
    }
    fn draw<B: DrawingBackend>(&self, root: DrawingArea<B, Shift>) -> Outcome
    where
        B::ErrorType: 'static,
    {
        root.fill(&WHITE).map_err(text)?;
        let root = root.titled(&self.title, letters(TITLE, &INK)).map_err(text)?;
        let (left, top, high) = (150i32, 12i32, 44i32);
        let wide = (WIDTH as i32 - left - 20) / self.columns.len().max(1) as i32;
        for (i, row) in self.values.iter().enumerate() {
            let y = top + i as i32 * high;
            root.draw(&Text::new(self.rows[i].clone(), (12, y + 14), letters(TEXT, &INK))).map_err(text)?;
            for (j, value) in row.iter().enumerate() {
                let x = left + j as i32 * wide;
                let corners = [(x, y), (x + wide - 2, y + high - 2)];
                let Some(value) = value else {
                    root.draw(&Rectangle::new(corners, PALE.filled())).map_err(text)?;
                    continue;
                };
                let depth = ((value - self.range.0) / (self.range.1 - self.range.0)).clamp(0.0, 1.0);
                root.draw(&Rectangle::new(corners, viridis(depth).filled())).map_err(text)?;
                let ink = if depth > 0.6 { BLACK } else { WHITE };
                let label = format!("{value:.1}");
                let at = (x + wide / 2 - 4 * label.len() as i32, y + 14);
                root.draw(&Text::new(label, at, letters(TEXT - 1, &ink))).map_err(text)?;
            }
        }
        let below = top + self.rows.len() as i32 * high + 4;
        for (j, column) in self.columns.iter().enumerate() {
            let at = (left + j as i32 * wide + wide / 2 - 4 * column.len() as i32, below);
            root.draw(&Text::new(column.clone(), at, letters(TEXT - 1, &INK))).map_err(text)?;
        }
        let legend = format!("{} across, {} down; grey: no answer", self.x, self.y);
        root.draw(&Text::new(legend, (left, below + 24), letters(TEXT, &INK))).map_err(text)?;
        root.present().map_err(text)
    }
}

/// A scale from dark to light that is even to the eye, also to a colour-blind one.
fn viridis(depth: f64) -> RGBColor {
    ViridisRGB.get_color(depth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_say_powers_and_what_lies_between() {
        for (scale, at, label) in [
            (Scale::Log, -3.0, "10⁻³"),
            (Scale::Log, 0.5, "3.2"),
            (Scale::Log, -1.5, "0.032"),
            (Scale::Log, 2.5, "316"),
            (Scale::Log, -7.5, "3.2e-8"),
            (Scale::Log2, 12.0, "4096"),
            (Scale::Plain, 0.1 + 0.2, "0.3"),
            (Scale::Plain, 40.0, "40"),
        ] {
            assert_eq!(scale.label(at), label);
        }
    }
}
