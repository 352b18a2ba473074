//! A chart of named dots, and where their names find room.

use super::plot::{Draw, HEIGHT, INK, LEGEND, LETTER, Outcome, Scale, TEXT, TITLE, WIDTH, axes, letters, text};
use plotters::coord::Shift;
use plotters::prelude::*;

/// A chart of named dots: what is to the left and below is better.
pub struct Dots {
    pub title: String,
    pub x: String,
    pub y: String,
    /// log₁₀ on both axes.
    pub x_range: (f64, f64),
    pub y_range: (f64, f64),
    /// Name, colour, and place.
    pub dots: Vec<(String, RGBColor, (f64, f64))>,
}

impl Dots {
    /// The dots that no other dot is left of and below, from the left.
    pub fn front(&self) -> Vec<(f64, f64)> {
        let mut places: Vec<(f64, f64)> = self.dots.iter().map(|dot| dot.2).collect();
        places.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut lowest = f64::INFINITY;
        places.retain(|(_, y)| {
            *y < lowest && {
                lowest = *y;
                true
            }
        });
        places
    }
}

/// A box in pixels: left, top, right, bottom.
type Field = [i32; 4];

fn overlap(a: &Field, b: &Field) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

/// Half the width of the field that a dot takes.
const DOT: i32 = 6;
/// The height of a line of text.
const LINE: i32 = 15;
/// Lines of text that a name may be moved up or down.
const MOVES: i32 = 12;

/// Where a name of `letters` letters stands beside its dot: on the nearest line, to the right or to the left, that is free and
/// inside. Without any it stands on its own line, whatever is there.
fn free_field(dot: (i32, i32), letters: usize, inside: &Field, taken: &[Field]) -> Field {
    let width = LETTER as i32 * letters as i32;
    let field = |left: i32, lines: i32| {
        let top = dot.1 - LINE / 2 + lines * LINE;
        [left, top, left + width, top + LINE]
    };
    let (right, left) = (dot.0 + DOT + 3, dot.0 - DOT - 3 - width);
    let lines = (0..=MOVES).flat_map(|moved| [-moved, moved]);
    let mut fields = lines.flat_map(|lines| [field(right, lines), field(left, lines)]);
    let is_inside = |f: &Field| f[0] >= inside[0] && f[1] >= inside[1] && f[2] <= inside[2] && f[3] <= inside[3];
    fields.find(|f| is_inside(f) && !taken.iter().any(|other| overlap(f, other))).unwrap_or_else(|| field(right, 0))
}

impl Draw for Dots {
    fn size(&self) -> (u32, u32) {
        (WIDTH, HEIGHT)
    }
    fn draw<B: DrawingBackend>(&self, root: DrawingArea<B, Shift>) -> Outcome
    where
        B::ErrorType: 'static,
    {
        root.fill(&WHITE).map_err(text)?;
        let root = root.titled(&self.title, letters(TITLE, &INK)).map_err(text)?;
        let mut chart = ChartBuilder::on(&root)
            .margin(10)
            .margin_right(LEGEND)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(self.x_range.0..self.x_range.1, self.y_range.0..self.y_range.1)
            .map_err(text)?;
        axes!(chart)
            .x_desc(&self.x)
            .y_desc(&self.y)
            .x_label_formatter(&|x| Scale::Log.label(*x))
            .y_label_formatter(&|y| Scale::Log.label(*y))
            .draw()
            .map_err(text)?;
        let inside =
            |(x, y): (f64, f64)| (x.clamp(self.x_range.0, self.x_range.1), y.clamp(self.y_range.0, self.y_range.1));
        // A front is a staircase: nothing measured lies below and to the left of it.
        let front: Vec<(f64, f64)> = self.front().into_iter().map(inside).collect();
        let corners = front.windows(2).flat_map(|pair| [pair[0], (pair[1].0, pair[0].1)]);
        let stairs: Vec<(f64, f64)> = corners.chain(front.last().copied()).collect();
        chart.draw_series(LineSeries::new(stairs, BLACK.mix(0.4))).map_err(text)?;
        let (left, top) = root.get_base_pixel();
        let pixel = |at: (f64, f64)| {
            let (x, y) = chart.backend_coord(&inside(at));
            (x - left, y - top)
        };
        let (corner, other) = (pixel((self.x_range.0, self.y_range.1)), pixel((self.x_range.1, self.y_range.0)));
        let area = [corner.0, corner.1 - LINE, WIDTH as i32, other.1];
        let around = |(x, y): (i32, i32)| [x - DOT, y - DOT, x + DOT, y + DOT];
        let mut taken: Vec<Field> = self.dots.iter().map(|dot| around(pixel(dot.2))).collect();
        for (name, colour, at) in &self.dots {
            let dot = pixel(*at);
            let field = free_field(dot, name.chars().count(), &area, &taken);
            let near = if field[0] > dot.0 { field[0] } else { field[2] };
            if (field[1] + LINE / 2 - dot.1).abs() > LINE {
                let lead = PathElement::new([dot, (near, field[1] + LINE / 2)], colour.mix(0.4));
                root.draw(&lead).map_err(text)?;
            }
            root.draw(&Text::new(name.clone(), (field[0], field[1]), letters(TEXT - 2, colour))).map_err(text)?;
            taken.push(field);
        }
        for (_, colour, at) in &self.dots {
            root.draw(&Circle::new(pixel(*at), 5, colour.filled())).map_err(text)?;
        }
        root.present().map_err(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_front_is_what_nothing_is_better_than() {
        let dot = |x: f64, y: f64| (String::new(), BLACK, (x, y));
        let dots = vec![dot(1.0, 3.0), dot(2.0, 3.5), dot(3.0, 1.0), dot(2.0, 2.0), dot(2.0, 2.5)];
        let chart = Dots {
            title: String::new(),
            x: String::new(),
            y: String::new(),
            x_range: (0.0, 4.0),
            y_range: (0.0, 4.0),
            dots,
        };
        assert_eq!(chart.front(), [(1.0, 3.0), (2.0, 2.0), (3.0, 1.0)]);
    }

    #[test]
    fn names_do_not_cover_one_another() {
        let inside = [0, 0, 500, 300];
        let mut taken = Vec::new();
        for _ in 0..8 {
            let field = free_field((100, 100), 10, &inside, &taken);
            assert!(!taken.iter().any(|other| overlap(&field, other)), "{field:?} on one of {taken:?}");
            taken.push(field);
        }
    }
}
