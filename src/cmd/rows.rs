//! The rows of a table under way: lines cut at their commas where no quote stands in them, records of the csv reader from the
//! first quote on. A chunk is cut on every core and in memory at a time.

use super::Failure;
use crate::table::Lines;
use rayon::prelude::*;
use std::borrow::Cow;
use std::io::{Chain, Cursor, Read};
use std::ops::Range;

/// Most rows that are in memory at once, and most bytes of them: enough work for every core.
const CHUNK_ROWS: usize = 4096;
const CHUNK_BYTES: usize = 16 << 20;
/// Bytes that are asked for at a time.
const READ_BYTES: usize = 1 << 18;
/// Rows that a core takes at a time.
const BATCH: usize = 64;

/// One row: the number of its line, and a cell for every column.
pub struct Row<'a> {
    pub line: u64,
    /// What is wrong with the row as such: its cells are then as far as they could be read.
    pub fault: Option<String>,
    text: Cow<'a, str>,
    cells: Vec<Range<usize>>,
}

impl Row<'_> {
    /// The text of a column, without the space around it.
    pub fn cell(&self, column: usize) -> &str {
        &self.text[self.cells[column].clone()]
    }
}

/// The rows to come.
pub struct Rows {
    name: String,
    columns: usize,
    source: Source,
    any: bool,
}

enum Source {
    /// Bytes that were read from `lines` and belong to no row yet; the first of them begins this line.
    Cut { lines: Lines, rest: Vec<u8>, line: u64 },
    /// A quoted cell may go on over lines: they are the csv reader's, which has not seen those above.
    Quoted { reader: Box<csv::Reader<Chain<Cursor<Vec<u8>>, Lines>>>, above: u64 },
}

/// Rows that are worked on at once.
pub enum Chunk {
    /// Each row is a line of the text: its number, and where it stands.
    Lines(Vec<u8>, Vec<(u64, Range<usize>)>),
    Records(Vec<(u64, csv::ByteRecord)>),
}

impl Rows {
    /// The names of the columns and the line that they stand in, and the rows below; `above` lines of comment were read.
    pub fn new(name: &str, lines: Lines, above: u64) -> Result<(Vec<String>, u64, Rows), Failure> {
        let source = Source::Cut { lines, rest: Vec::new(), line: above + 1 };
        let mut rows = Rows { name: name.to_owned(), columns: 0, source, any: false };
        let (names, line) = rows.names()?;
        rows.columns = names.len();
        Ok((names, line, rows))
    }

    fn names(&mut self) -> Result<(Vec<String>, u64), Failure> {
        while let Source::Cut { rest, line, .. } = &mut self.source {
            let Some(end) = memchr::memchr(b'\n', rest) else {
                if self.fill(1)? {
                    continue;
                }
                return Ok((Vec::new(), 0));
            };
            if memchr::memchr(b'"', &rest[..end]).is_some() {
                self.quoted();
                break;
            }
            let header: Vec<u8> = rest.drain(..=end).collect();
            let found = *line;
            *line += 1;
            if is_row(&header[..end]) {
                let text = String::from_utf8(header).map_err(|_| self.not_text(found))?;
                return Ok((cut(&text).into_iter().map(|cell| text[cell].to_owned()).collect(), found));
            }
        }
        let Source::Quoted { reader, above } = &mut self.source else { return Ok((Vec::new(), 0)) };
        let mut record = csv::ByteRecord::new();
        let read = reader.read_byte_record(&mut record);
        let line = last_line(reader, *above);
        read.map_err(|error| fault(&self.name, &error, line))?;
        let names = record.iter().map(|name| String::from_utf8(name.to_owned())).collect::<Result<_, _>>();
        Ok((names.map_err(|_| self.not_text(line))?, line))
    }

    /// The next rows, as many as are worked on at once; none at the end. A row with the wrong number of cells, or that is not
    /// text, says so itself.
    ///
    /// # Errors
    /// If the table cannot be read, or has no row at all.
    pub fn chunk(&mut self) -> Result<Chunk, Failure> {
        let chunk = loop {
            match &self.source {
                Source::Quoted { .. } => break self.records()?,
                Source::Cut { .. } => {
                    let more = self.fill(CHUNK_ROWS)?;
                    let found = self.lines();
                    // Lines of nothing but comments are not the end.
                    if let Some(found) = found.filter(|found| !more || !found.is_empty()) {
                        break found;
                    }
                }
            }
        };
        self.any |= !chunk.is_empty();
        if self.any { Ok(chunk) } else { Err(Failure(format!("{}: no rows below the column names", self.name))) }
    }

    /// Reads until that many lines are whole or their bytes are many; whether there is anything.
    fn fill(&mut self, wanted: usize) -> Result<bool, Failure> {
        let Source::Cut { lines, rest, .. } = &mut self.source else { return Ok(false) };
        let mut whole = memchr::memchr_iter(b'\n', rest).count();
        while whole < wanted && (whole == 0 || rest.len() < CHUNK_BYTES) {
            let start = rest.len();
            rest.resize(start + READ_BYTES, 0);
            let read = loop {
                match lines.read(&mut rest[start..]) {
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    read => break read,
                }
            };
            let read = read.map_err(|error| Failure(format!("{}: {error}", self.name)))?;
            lines.record_done();
            rest.truncate(start + read);
            if read == 0 {
                break;
            }
            whole += memchr::memchr_iter(b'\n', &rest[start..]).count();
        }
        Ok(whole > 0)
    }

    /// The whole lines that were read; `None`, and the csv reader's turn, where a quote stands among them.
    fn lines(&mut self) -> Option<Chunk> {
        let Source::Cut { rest, line, .. } = &mut self.source else { return None };
        let (mut rows, mut start, mut next) = (Vec::new(), 0, *line);
        for end in memchr::memchr_iter(b'\n', rest) {
            if is_row(&rest[start..end]) {
                rows.push((next, start..end));
            }
            (start, next) = (end + 1, next + 1);
            if rows.len() == CHUNK_ROWS {
                break;
            }
        }
        if memchr::memchr(b'"', &rest[..start]).is_some() {
            self.quoted();
            return None;
        }
        *line = next;
        let after = rest.split_off(start);
        Some(Chunk::Lines(std::mem::replace(rest, after), rows))
    }

    /// From here on the csv reader reads.
    fn quoted(&mut self) {
        let empty =
            Source::Quoted { reader: Box::new(reader(Cursor::new(Vec::new()).chain(Lines::empty()))), above: 0 };
        self.source = match std::mem::replace(&mut self.source, empty) {
            Source::Cut { lines, rest, line } => {
                Source::Quoted { reader: Box::new(reader(Cursor::new(rest).chain(lines))), above: line - 1 }
            }
            quoted => quoted,
        };
    }

    fn records(&mut self) -> Result<Chunk, Failure> {
        let Source::Quoted { reader, above } = &mut self.source else { return Ok(Chunk::Records(Vec::new())) };
        let (mut records, mut bytes) = (Vec::new(), 0);
        while records.len() < CHUNK_ROWS && bytes < CHUNK_BYTES {
            let mut record = csv::ByteRecord::new();
            let read = reader.read_byte_record(&mut record);
            let line = last_line(reader, *above);
            if !read.map_err(|error| fault(&self.name, &error, line))? {
                break;
            }
            reader.get_mut().get_mut().1.record_done();
            bytes += record.as_slice().len();
            let inner = memchr::memchr_iter(b'\n', record.as_slice()).count() as u64;
            records.push((line.saturating_sub(inner), record));
        }
        Ok(Chunk::Records(records))
    }

    /// Gives runs of the rows of a chunk to `work`, on every core; what it gives is in their order.
    pub fn batches<T: Send>(&self, chunk: &Chunk, work: impl Fn(&mut dyn Iterator<Item = Row>) -> T + Sync) -> Vec<T> {
        let columns = self.columns;
        match chunk {
            Chunk::Lines(text, rows) => rows
                .par_chunks(BATCH)
                .map(|rows| work(&mut rows.iter().map(|(line, place)| of_line(*line, &text[place.clone()], columns))))
                .collect(),
            Chunk::Records(rows) => rows
                .par_chunks(BATCH)
                .map(|rows| work(&mut rows.iter().map(|(line, record)| of_record(*line, record, columns))))
                .collect(),
        }
    }

    fn not_text(&self, line: u64) -> Failure {
        Failure(format!("{}: line {line}: {NOT_TEXT}", self.name))
    }
}

impl Chunk {
    pub fn is_empty(&self) -> bool {
        match self {
            Chunk::Lines(_, rows) => rows.is_empty(),
            Chunk::Records(rows) => rows.is_empty(),
        }
    }
}

const NOT_TEXT: &str = "not text in UTF-8";

fn reader<R: Read>(input: R) -> csv::Reader<R> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(input)
}

/// Whether a line is one of the table: neither empty nor a comment.
fn is_row(line: &[u8]) -> bool {
    line.first().is_some_and(|byte| *byte != b'#')
}

/// Where the cells of a line stand, without the space around them.
fn cut(line: &str) -> Vec<Range<usize>> {
    let bytes = line.as_bytes();
    let trimmed = |cell: Range<usize>| {
        let whole = &bytes[cell.clone()];
        let start = cell.start + (whole.len() - whole.trim_ascii_start().len());
        start..start + whole.trim_ascii().len()
    };
    let mut start = 0;
    let ends = memchr::memchr_iter(b',', bytes).chain([bytes.len()]);
    ends.map(|end| trimmed(std::mem::replace(&mut start, end + 1)..end)).collect()
}

fn of_line(line: u64, bytes: &[u8], columns: usize) -> Row<'_> {
    let text = String::from_utf8_lossy(bytes);
    let is_text = matches!(text, Cow::Borrowed(_));
    let cells = cut(&text);
    Row::new(line, text, cells, is_text, columns)
}

fn of_record(line: u64, record: &csv::ByteRecord, columns: usize) -> Row<'_> {
    let is_text = std::str::from_utf8(record.as_slice()).is_ok();
    let mut text = String::new();
    let cells = record.iter().map(|cell| {
        let start = text.len();
        text.push_str(&String::from_utf8_lossy(cell));
        start..text.len()
    });
    let cells = cells.collect();
    Row::new(line, Cow::Owned(text), cells, is_text, columns)
}

impl<'a> Row<'a> {
    fn new(line: u64, text: Cow<'a, str>, mut cells: Vec<Range<usize>>, is_text: bool, columns: usize) -> Row<'a> {
        let fault = match cells.len() {
            found if found != columns => Some(format!("{found} cells where the header names {columns}")),
            _ if !is_text => Some(NOT_TEXT.to_owned()),
            _ => None,
        };
        cells.resize(columns, 0..0);
        Row { line, fault, text, cells }
    }
}

/// The line that was read last: each has an end, and the reader counts those.
fn last_line<R: Read>(reader: &csv::Reader<R>, above: u64) -> u64 {
    above + reader.position().line() - 1
}

fn fault(name: &str, error: &csv::Error, line: u64) -> Failure {
    match error.kind() {
        // Its message names the line where that is at fault.
        csv::ErrorKind::Io(error) => Failure(format!("{name}: {error}")),
        _ => Failure(format!("{name}: line {line}: not a row of a table")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the rows of a text are: line, cells and fault of each.
    fn read(text: String) -> Vec<(u64, Vec<String>, Option<String>)> {
        let (names, _, mut rows) = Rows::new("t.csv", Lines::new(Cursor::new(text)).unwrap(), 0).ok().unwrap();
        let mut found = Vec::new();
        loop {
            let chunk = rows.chunk().ok().unwrap();
            if chunk.is_empty() {
                return found;
            }
            let cells = |row: &Row| (0..names.len()).map(|i| row.cell(i).to_owned()).collect();
            let all = |rows: &mut dyn Iterator<Item = Row>| {
                rows.map(|row| (row.line, cells(&row), row.fault.clone())).collect::<Vec<_>>()
            };
            found.extend(rows.batches(&chunk, all).into_iter().flatten());
        }
    }

    #[test]
    fn lines_and_records_are_the_same_rows_whatever_chunk_they_fall_into() {
        let mut plain = "a, b\n".to_owned();
        for i in 0..2 * CHUNK_ROWS + 10 {
            plain += &match i % 7 {
                0 => format!(" {i} ,\u{a0}x \n# aside\n"),
                1 => format!("{i}\n\n"),
                2 => format!("{i},1,2\r\n"),
                _ => format!("{i},{}\n", "y ".repeat(i % 50)),
            };
        }
        let cut = read(plain.clone());
        assert_eq!(cut.len(), 2 * CHUNK_ROWS + 10);
        // A header in quotes makes all of it the csv reader's.
        assert_eq!(cut, read(plain.replacen("a, b", "\"a\",b", 1)));
        // A quote in the last chunk, over two lines.
        let mut both = read(plain.clone() + "\"1\n2\",\"\"\"\"\n3,4");
        let last = both.split_off(cut.len());
        assert_eq!(both, cut);
        let line = plain.matches('\n').count() as u64 + 1;
        let row = |line, a: &str, b: &str| (line, vec![a.to_owned(), b.to_owned()], None);
        assert_eq!(last, [row(line, "1\n2", "\""), row(line + 2, "3", "4")]);
    }
}
