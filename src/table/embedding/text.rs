//! Points in a text: every number kept as it is written, so that any arithmetic can round it once.

use super::columns::{Layout, is_header};
use super::{Columns, Reading};
use crate::table::Lines;
use crate::table::words::short;

/// Points as they are written.
pub struct Decimals {
    /// The nearest f64 of each number, row after row.
    pub near: Vec<f64>,
    /// The numbers one after another, and where each ends.
    text: String,
    ends: Vec<u32>,
}

/// A text that was read.
pub struct Text {
    pub decimals: Decimals,
    pub width: usize,
    pub columns: Columns,
    /// The curvature of a column `c`, and as it is written.
    pub c: Option<(f64, String)>,
    /// The line of each point.
    pub lines: Vec<u64>,
}

/// The most numbers that are read from a text: as many take a gigabyte as f64 alone, and are no text that anyone reads.
const MOST_DECIMALS: usize = 1 << 27;

/// The f64 nearest to a number that a text holds.
pub type Number = fn(&str) -> Option<f64>;

fn are_numbers(number: Number) -> impl Fn(&str) -> bool {
    move |cell: &str| !cell.is_empty() && cell.split_whitespace().all(|text| number(text).is_some())
}

impl Decimals {
    fn new() -> Decimals {
        Decimals { near: Vec::new(), text: String::new(), ends: Vec::new() }
    }

    /// A number as it is written.
    pub fn text(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.text[start..self.ends[index] as usize]
    }

    fn push(&mut self, near: f64, text: &str) -> Result<(), String> {
        let end = u32::try_from(self.text.len() + text.len()).ok().filter(|_| self.near.len() < MOST_DECIMALS);
        let end = end.ok_or_else(|| format!("more than {MOST_DECIMALS} numbers: save them as .npy"))?;
        let room = self.near.try_reserve(1).and_then(|()| self.ends.try_reserve(1));
        room.map_err(|_| "its numbers are larger than memory".to_owned())?;
        self.text.try_reserve(text.len()).map_err(|_| "its numbers are larger than memory".to_owned())?;
        self.near.push(near);
        self.text.push_str(text);
        self.ends.push(end);
        Ok(())
    }
}

/// What stands between cells, by the first two lines: commas; tabs or spaces where names or text stand among numbers. Numbers
/// alone are one cell, whatever space is between them.
fn delimiter(lines: &[Vec<u8>], are_numbers: impl Fn(&str) -> bool) -> u8 {
    let text = |i: usize| lines.get(i).and_then(|line| std::str::from_utf8(line).ok()).unwrap_or_default();
    let (first, second) = (text(0), text(1));
    if first.contains(',') || are_numbers(first) {
        return b',';
    }
    let cells = |line: &str| line.split(' ').filter(|cell| !cell.trim().is_empty()).count();
    match first.contains('\t') {
        true => b'\t',
        false if cells(first) > 1 && cells(first) == cells(second) => b' ',
        false => b',',
    }
}

/// Reads points from CSV, or from numbers separated by tabs or spaces.
pub fn text(mut lines: Lines, reading: &Reading) -> Result<Text, String> {
    let io = |error: std::io::Error| crate::table::one_line(&error.to_string());
    let above = lines.comments().map_err(io)?.len() as u64;
    let number = reading.number;
    let are_numbers = are_numbers(number);
    let delimiter = delimiter(&lines.peek(2).map_err(io)?, &are_numbers);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(lines);
    let mut record = csv::StringRecord::new();
    let (mut header, mut layout): (Option<(csv::StringRecord, u64)>, Option<Layout>) = (None, None);
    let (mut decimals, mut of_points, mut width) = (Decimals::new(), Vec::<u64>::new(), 0);
    let mut curvature: Option<(f64, String)> = None;
    let mut first_text = None;
    loop {
        let more = reader.read_record(&mut record);
        // Each line has an end, and the reader counts those.
        let last_line = above + reader.position().line() - 1;
        if !more.map_err(|error| row_fault(&error, last_line))? {
            break;
        }
        reader.get_mut().record_done();
        let inner = record.as_slice().bytes().filter(|byte| *byte == b'\n').count() as u64;
        let line = last_line.saturating_sub(inner);
        let layout = match &mut layout {
            Some(layout) => layout,
            none => {
                if header.is_none()
                    && is_header(&record, &are_numbers).map_err(|what| format!("line {line}: {what}"))?
                {
                    header = Some((record.clone(), line));
                    continue;
                }
                let at = header.as_ref().map_or(line, |(_, line)| *line);
                let names = header.as_ref().map(|(names, _)| names);
                let found = Layout::new(names, &record, reading.columns, reading.time, &are_numbers);
                none.insert(found.map_err(|what| format!("line {at}: {what}"))?)
            }
        };
        let fault = |cell: usize, what: String| format!("line {line}: column `{}`: {what}", short(&layout.names[cell]));
        let not_a_number = |cell: usize, text: &str| fault(cell, format!("`{}` is not a number", short(text)));
        for cell in &layout.texts {
            let text = &record[*cell];
            if first_text.is_none() {
                first_text = Some((not_a_number(*cell, text), line));
            }
            if are_numbers(text)
                && let Some((_, above)) = &first_text
            {
                let what = format!("`{}` is a number where line {above} has text: say --columns", short(text));
                return Err(fault(*cell, what));
            }
        }
        let before = decimals.near.len();
        for cell in &layout.cells {
            let text = &record[*cell];
            if text.is_empty() {
                return Err(fault(*cell, "an empty cell where a number is needed".to_owned()));
            }
            for text in text.split_whitespace() {
                let near = number(text).ok_or_else(|| not_a_number(*cell, text))?;
                decimals.push(near, text)?;
            }
        }
        let found = decimals.near.len() - before;
        if of_points.is_empty() {
            width = found;
        } else if found != width {
            return Err(format!("line {line}: {found} coordinates where line {} has {width}", of_points[0]));
        }
        if let Some(cell) = layout.c {
            let text = &record[cell];
            let c = number(text).unwrap_or(f64::NAN);
            if !(c > 0.0 && c.is_finite()) {
                let what = format!("`{}` is not a positive number (curvature is −c, c > 0)", short(text));
                return Err(fault(cell, what));
            }
            match &curvature {
                Some((first, _)) if *first != c => {
                    let what = format!("{c} where line {} has another: one curvature is scanned", of_points[0]);
                    return Err(fault(cell, what));
                }
                Some(_) => {}
                None => curvature = Some((c, text.to_owned())),
            }
        }
        of_points.try_reserve(1).map_err(|_| "its points are larger than memory".to_owned())?;
        of_points.push(line);
    }
    let Some(layout) = layout else { return Err("empty: no points".to_owned()) };
    // One row of names and one of points: that a cell is text, not a mistake, is not told by one.
    if let (Some((what, _)), 1, true) = (first_text, of_points.len(), header.is_some()) {
        return Err(what);
    }
    Ok(Text { decimals, width, columns: layout.columns, c: curvature, lines: of_points })
}

fn row_fault(error: &csv::Error, line: u64) -> String {
    match error.kind() {
        // Its message names the line where that is at fault.
        csv::ErrorKind::Io(error) => crate::table::one_line(&error.to_string()),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("line {line}: {len} cells where the lines above have {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => format!("line {line}: not text in UTF-8"),
        _ => format!("line {line}: not a row of a table"),
    }
}
