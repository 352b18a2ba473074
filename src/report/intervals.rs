//! A chart of named rows, each with how far something holds, what of that is right to use, and where it is cut off.

use super::plot::{Draw, INK, Outcome, ROW, TEXT, TITLE, axes, letters, text};
use plotters::coord::Shift;
use plotters::prelude::*;

/// Room for the names of rows, in pixels.
const NAMES: u32 = 360;
/// The width of the whole chart: narrow, so that its letters can be read on a telephone.
const WIDTH: u32 = 820;
/// Room for title, axis and legend.
const FRAME: u32 = 130;

/// One row of [`Intervals`].
pub struct Interval {
    pub name: String,
    /// What is said of it, in the colour of the name's mark.
    pub colour: RGBColor,
    /// How far it holds.
    pub holds: f64,
    /// From where to where a cut is right.
    pub sound: Option<(f64, f64)>,
    /// Where it is cut off; `None`: nowhere.
    pub cut: Option<f64>,
}

/// Named rows on one axis that begins at 0.
pub struct Intervals {
    pub title: String,
    pub x: String,
    /// The end of the axis; what lies beyond is drawn at its end, as an arrow.
    pub end: f64,
    pub rows: Vec<Interval>,
    /// What the colours of the marks say.
    pub legend: Vec<(String, RGBColor)>,
}

/// The colour of the part of a row that holds, and of the part that is right to cut in.
const HOLDS: RGBColor = RGBColor(196, 208, 222);
const SOUND: RGBColor = RGBColor(0, 158, 115);

impl Draw for Intervals {
    fn size(&self) -> (u32, u32) {
        (WIDTH, FRAME + ROW * self.rows.len() as u32)
    }
    fn draw<B: DrawingBackend>(&self, root: DrawingArea<B, Shift>) -> Outcome
    where
        B::ErrorType: 'static,
    {
        root.fill(&WHITE).map_err(text)?;
        let root = root.titled(&self.title, letters(TITLE, &INK)).map_err(text)?;
        let n = self.rows.len() as f64;
        let mut chart = ChartBuilder::on(&root)
            .margin(10)
            .margin_bottom(34)
            .x_label_area_size(44)
            .y_label_area_size(NAMES)
            .build_cartesian_2d(0.0..self.end, 0.0..n)
            .map_err(text)?;
        axes!(chart).disable_y_mesh().y_labels(0).x_desc(&self.x).draw().map_err(text)?;
        let (left, top) = root.get_base_pixel();
        for (i, row) in self.rows.iter().enumerate() {
            let y = n - i as f64 - 0.5;
            let inside = |x: f64| x.clamp(0.0, self.end);
            let bar = |from: f64, to: f64, colour: &RGBColor| {
                Rectangle::new([(inside(from), y - 0.28), (inside(to), y + 0.28)], colour.filled())
            };
            chart.draw_series(std::iter::once(bar(0.0, row.holds, &HOLDS))).map_err(text)?;
            if let Some((from, to)) = row.sound {
                chart.draw_series(std::iter::once(bar(from, to, &SOUND))).map_err(text)?;
            }
            let (x, middle) = chart.backend_coord(&(0.0, y));
            let (x, middle) = (x - left, middle - top);
            let mark = |at: i32| Rectangle::new([(at - 2, middle - 10), (at + 2, middle + 10)], row.colour.filled());
            match row.cut {
                Some(cut) if cut <= self.end => {
                    root.draw(&mark(chart.backend_coord(&(cut, y)).0 - left)).map_err(text)?;
                }
                // Beyond the axis, or no cut at all.
                _ => {
                    let end = chart.backend_coord(&(self.end, y)).0 - left;
                    let arrow = [(end - 9, middle - 7), (end - 9, middle + 7), (end, middle)];
                    root.draw(&Polygon::new(arrow, row.colour.filled())).map_err(text)?;
                }
            }
            root.draw(&Text::new(row.name.clone(), (x - NAMES as i32 + 22, middle - 8), letters(TEXT, &INK)))
                .map_err(text)?;
            root.draw(&Circle::new((x - NAMES as i32 + 10, middle), 5, row.colour.filled())).map_err(text)?;
        }
        let (_, height) = root.dim_in_pixel();
        let mut x = 12;
        let entry = |colour: RGBColor, name: &str, x: &mut i32| -> Outcome {
            let y = height as i32 - 24;
            root.draw(&Rectangle::new([(*x, y), (*x + 14, y + 14)], colour.filled())).map_err(text)?;
            root.draw(&Text::new(name.to_owned(), (*x + 20, y), letters(TEXT - 1, &INK))).map_err(text)?;
            *x += 34 + name.chars().count() as i32 * 8;
            Ok(())
        };
        for (name, colour) in &self.legend {
            entry(*colour, name, &mut x)?;
        }
        entry(HOLDS, "holds", &mut x)?;
        entry(SOUND, "where a clip is sound", &mut x)?;
        root.present().map_err(text)
    }
}
