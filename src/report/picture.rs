//! Pictures of trained networks: the disk of embeddings, histograms of scores, digits as image grids, and curves over epochs.

use super::plot::{COLOURS, Draw, INK, LEGEND, Outcome, ROW, TEXT, TITLE, WIDTH, axes, letters, text};
use plotters::coord::Shift;
use plotters::prelude::*;

/// Points of the plane in Poincaré's disk, coloured by class, and each class's hyperplane as the geodesic that it is.
pub struct Disk {
    pub title: String,
    /// Coordinates times √c, and the class.
    pub points: Vec<(f64, f64, usize)>,
    pub arcs: Vec<(usize, Vec<(f64, f64)>)>,
    pub classes: usize,
}

/// Side of the disk, in pixels.
const DISK: u32 = 640;

impl Draw for Disk {
    fn size(&self) -> (u32, u32) {
        (DISK + LEGEND, DISK + 30)
    }
    fn draw<B: DrawingBackend>(&self, root: DrawingArea<B, Shift>) -> Outcome
    where
        B::ErrorType: 'static,
    {
        root.fill(&WHITE).map_err(text)?;
        let root = root.titled(&self.title, letters(TITLE, &INK)).map_err(text)?;
        let half = f64::from(DISK) / 2.0;
        /// Share of the half side that the unit disk takes.
        const FILL: f64 = 0.97;
        let place = |x: f64, y: f64| ((half + FILL * half * x) as i32, (half - FILL * half * y) as i32);
        let rim = (FILL * half) as i32;
        root.draw(&Circle::new(place(0.0, 0.0), rim, INK.stroke_width(1))).map_err(text)?;
        for (class, arc) in &self.arcs {
            let line = arc.iter().map(|(x, y)| place(*x, *y)).collect::<Vec<_>>();
            root.draw(&PathElement::new(line, COLOURS[class % COLOURS.len()].mix(0.7).stroke_width(1)))
                .map_err(text)?;
        }
        for (x, y, class) in &self.points {
            let dot = Circle::new(place(*x, *y), 2, COLOURS[class % COLOURS.len()].mix(0.75).filled());
            root.draw(&dot).map_err(text)?;
        }
        for class in 0..self.classes {
            let y = 24 + class as i32 * ROW as i32;
            let x = DISK as i32 + 20;
            root.draw(&Circle::new((x, y), 6, COLOURS[class % COLOURS.len()].filled())).map_err(text)?;
            root.draw(&Text::new(class.to_string(), (x + 16, y - 8), letters(TEXT, &INK))).map_err(text)?;
        }
        root.present().map_err(text)
    }
}

/// Shares of two sets over the values of a score.
pub struct Histogram {
    pub title: String,
    pub x: String,
    pub sets: [(String, Vec<f64>); 2],
}

/// Bars of a histogram.
const BINS: usize = 60;

impl Histogram {
    pub fn new(title: String, x: &str, sets: [(String, Vec<f64>); 2]) -> Self {
        Histogram { title, x: x.to_owned(), sets }
    }
}

impl Draw for Histogram {
    fn size(&self) -> (u32, u32) {
        (WIDTH, 340)
    }
    fn draw<B: DrawingBackend>(&self, root: DrawingArea<B, Shift>) -> Outcome
    where
        B::ErrorType: 'static,
    {
        root.fill(&WHITE).map_err(text)?;
        let root = root.titled(&self.title, letters(TITLE, &INK)).map_err(text)?;
        let (plot, legend) = root.split_horizontally(WIDTH - LEGEND);
        let finite = || self.sets.iter().flat_map(|(_, x)| x.iter().copied().filter(|x| x.is_finite()));
        let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        let (low, high) = if low < high { (low, high) } else { (low - 0.5, low + 0.5) };
        let width = (high - low) / BINS as f64;
        let shares = |x: &Vec<f64>| {
            let mut bins = [0.0; BINS];
            for value in x.iter().filter(|x| x.is_finite()) {
                bins[(((value - low) / width) as usize).min(BINS - 1)] += 1.0 / x.len() as f64;
            }
            bins
        };
        let bins: Vec<[f64; BINS]> = self.sets.iter().map(|(_, x)| shares(x)).collect();
        let top = bins.iter().flatten().copied().fold(0.0, f64::max) * 1.05;
        let mut chart = ChartBuilder::on(&plot)
            .margin(10)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(low..high, 0.0..top)
            .map_err(text)?;
        axes!(chart).x_desc(&self.x).y_desc("share of the images").draw().map_err(text)?;
        for (i, (bins, (name, _))) in bins.iter().zip(&self.sets).enumerate() {
            let colour = COLOURS[i];
            let bars = bins.iter().enumerate().map(|(j, share)| {
                let x = low + width * j as f64;
                Rectangle::new([(x, 0.0), (x + width, *share)], colour.mix(0.5).filled())
            });
            chart.draw_series(bars).map_err(text)?;
            let y = 24 + i as i32 * ROW as i32;
            legend.draw(&Rectangle::new([(4, y - 6), (20, y + 6)], colour.mix(0.5).filled())).map_err(text)?;
            legend.draw(&Text::new(name.clone(), (28, y - 8), letters(TEXT, &INK))).map_err(text)?;
        }
        root.present().map_err(text)
    }
}

/// Rows of small grey images, each with a line below it.
pub struct Digits<'a> {
    pub title: String,
    pub side: usize,
    /// Pixels, white ink on black, and what is said of the image.
    pub images: Vec<(&'a [u8], String)>,
    pub columns: usize,
}

/// Pixels of the picture for one of the image.
const ZOOM: i32 = 3;
/// Grey steps that are drawn.
const GREYS: u8 = 8;

impl Draw for Digits<'_> {
    fn size(&self) -> (u32, u32) {
        let cell = self.side as u32 * ZOOM as u32 + 8;
        let rows = self.images.len().div_ceil(self.columns) as u32;
        (self.columns as u32 * cell + 16, 40 + rows * (cell + 20))
    }
    fn draw<B: DrawingBackend>(&self, root: DrawingArea<B, Shift>) -> Outcome
    where
        B::ErrorType: 'static,
    {
        root.fill(&WHITE).map_err(text)?;
        let root = root.titled(&self.title, letters(TITLE - 3, &INK)).map_err(text)?;
        let side = self.side as i32;
        let cell = side * ZOOM + 8;
        for (i, (pixels, label)) in self.images.iter().enumerate() {
            let (left, top) = ((i % self.columns) as i32 * cell + 8, (i / self.columns) as i32 * (cell + 20) + 4);
            let end = side * ZOOM;
            root.draw(&Rectangle::new([(left, top), (left + end, top + end)], BLACK.filled())).map_err(text)?;
            for (y, row) in pixels.chunks(self.side).enumerate() {
                let mut x = 0;
                // Equal neighbours are one rectangle.
                for run in row.chunk_by(|a, b| a / (255 / GREYS) == b / (255 / GREYS)) {
                    let grey = (run[0] / (255 / GREYS)).min(GREYS) as f64 / f64::from(GREYS);
                    if grey > 0.0 {
                        let shade = (grey * 255.0) as u8;
                        let y = top + y as i32 * ZOOM;
                        let corners = [(left + x * ZOOM, y), (left + (x + run.len() as i32) * ZOOM, y + ZOOM)];
                        root.draw(&Rectangle::new(corners, RGBColor(shade, shade, shade).filled())).map_err(text)?;
                    }
                    x += run.len() as i32;
                }
            }
            root.draw(&Text::new(label.clone(), (left, top + end + 3), letters(TEXT - 3, &INK))).map_err(text)?;
        }
        root.present().map_err(text)
    }
}

/// Lines over epochs, on a plain axis.
pub struct Curves {
    pub title: String,
    pub y: String,
    pub series: Vec<(String, Vec<(f64, f64)>)>,
}

impl Draw for Curves {
    fn size(&self) -> (u32, u32) {
        (WIDTH, 340)
    }
    fn draw<B: DrawingBackend>(&self, root: DrawingArea<B, Shift>) -> Outcome
    where
        B::ErrorType: 'static,
    {
        root.fill(&WHITE).map_err(text)?;
        let root = root.titled(&self.title, letters(TITLE, &INK)).map_err(text)?;
        let (plot, legend) = root.split_horizontally(WIDTH - LEGEND);
        let all = || self.series.iter().flat_map(|(_, points)| points.iter().filter(|(_, y)| y.is_finite()));
        let span = |value: fn(&(f64, f64)) -> f64| {
            let (low, high) =
                all().map(value).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
            if low < high { (low, high) } else { (low - 0.5, high + 0.5) }
        };
        let (x, y) = (span(|p| p.0), span(|p| p.1));
        let mut chart = ChartBuilder::on(&plot)
            .margin(10)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(x.0..x.1, y.0..y.1)
            .map_err(text)?;
        // Half epochs have no name.
        let whole = |x: &f64| if x.fract() == 0.0 { format!("{x}") } else { String::new() };
        axes!(chart).x_desc("epoch").y_desc(&self.y).x_label_formatter(&whole).draw().map_err(text)?;
        for (i, (name, points)) in self.series.iter().enumerate() {
            let style = COLOURS[i % COLOURS.len()].stroke_width(2);
            let finite = points.iter().copied().filter(|(_, y)| y.is_finite());
            chart.draw_series(LineSeries::new(finite, style)).map_err(text)?;
            let y = 24 + i as i32 * ROW as i32;
            legend.draw(&PathElement::new([(4, y), (28, y)], style)).map_err(text)?;
            legend.draw(&Text::new(name.clone(), (36, y - 8), letters(TEXT, &INK))).map_err(text)?;
        }
        root.present().map_err(text)
    }
}
