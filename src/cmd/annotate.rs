//! Tables that come in, get columns added and go out, a chunk at a time: larger than memory, in order, on every core.

use super::Failure;
use super::asked::OnError;
use super::points::{Points, Table};
use super::rows::{Chunk, Row, Rows};
use crate::arithmetic::Number;
use crate::arithmetic::number::print_to;
use crate::table::write_atomic;
use std::io::{self, Write};
use std::path::Path;

/// What ends the output before its end.
pub enum Stop {
    /// Something to say.
    Said(Failure),
    /// The output takes no more.
    Io(io::Error),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Stop::Said(failure)
    }
}

impl From<csv::Error> for Stop {
    /// Not by its own conversion, which forgets the kind: a reader that went away is no fault.
    fn from(error: csv::Error) -> Self {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => Stop::Io(error),
            other => Stop::Io(io::Error::other(format!("{other:?}"))),
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Io(error)
    }
}

/// What is written besides the rows as they came.
pub struct Added<'a> {
    /// Lines above the table: `name: value` each.
    pub head: &'a [(&'static str, String)],
    /// Columns, which take the place of any of the same name.
    pub columns: &'a [&'static str],
    pub on_error: OnError,
}

/// Rows that had no answer.
#[derive(Debug, Default)]
pub struct Faults {
    pub count: u64,
    /// The first of them: its line, and what was wrong.
    pub first: Option<(u64, String)>,
}

impl Faults {
    /// A line for the user; `None` where every row has its answer.
    pub fn line(&self, done: &str) -> Option<String> {
        let (line, what) = self.first.as_ref()?;
        let (rows, is) = if self.count == 1 { ("row has", "is") } else { ("rows have", "are") };
        Some(format!("{} {rows} no answer and {is} {done}; the first: line {line}: {what}", self.count))
    }
}

/// Lines of a table under way, one after another in one text.
#[derive(Default)]
pub struct Line {
    text: String,
    /// Where the present one begins, and its cells so far.
    start: usize,
    cells: usize,
}

impl Line {
    /// A cell, in quotes where it needs them.
    pub fn push(&mut self, cell: &str) {
        self.next();
        match cell.contains([',', '"', '\n', '\r']) {
            false => self.text.push_str(cell),
            true => {
                self.text.push('"');
                self.text.push_str(&cell.replace('"', "\"\""));
                self.text.push('"');
            }
        }
    }
    /// A vector in a cell.
    pub fn vector<S: Number>(&mut self, components: &[S]) {
        self.next();
        for (i, x) in components.iter().enumerate() {
            if i > 0 {
                self.text.push(' ');
            }
            print_to(&mut self.text, x);
        }
    }
    fn next(&mut self) {
        if self.cells > 0 {
            self.text.push(',');
        }
        self.cells += 1;
    }
    /// Ends a line; one of a single empty cell would be none.
    fn end(&mut self) {
        if self.text.len() == self.start {
            self.text.push_str("\"\"");
        }
        self.text.push('\n');
        (self.start, self.cells) = (self.text.len(), 0);
    }
    /// Takes back what was written of a line after so many bytes and cells of the text.
    fn back(&mut self, (bytes, cells): (usize, usize)) {
        self.text.truncate(bytes);
        self.cells = cells;
    }
}

/// What came of some rows.
struct Done<T> {
    lines: Line,
    /// The line of each row that has an answer, and what is told of it.
    told: Vec<(u64, T)>,
    faults: Faults,
}

/// The outcome of a row that has no answer.
const ERROR: &str = "error";

/// Writes the table with `added`. `work` writes a row's added cells and gives what `seen` is told of it, in the order of the
/// rows whatever the number of threads; a row that it fails on ends everything, or is marked, or left out.
pub fn annotate<T: Send>(
    points: Points,
    added: &Added,
    out: &mut dyn Write,
    work: impl Fn(&Table, &Row, &mut Line) -> Result<T, Failure> + Sync,
    mut seen: impl FnMut(u64, T),
) -> Result<Faults, Stop> {
    let Points { table, mut rows } = points;
    let mark = added.on_error == OnError::Mark;
    let names: Vec<&str> = added.columns.iter().copied().chain(mark.then_some(ERROR)).collect();
    let kept: Vec<usize> = (0..table.columns.len()).filter(|i| !names.contains(&table.columns[*i].as_str())).collect();
    let one = |row: &Row, done: &mut Done<T>| -> Result<(), Failure> {
        let lines = &mut done.lines;
        kept.iter().for_each(|i| lines.push(row.cell(*i)));
        let after_kept = (lines.text.len(), lines.cells);
        let worked = match &row.fault {
            None => work(&table, row, lines),
            Some(fault) => Err(table.line(row, fault)),
        };
        match (worked, added.on_error) {
            (Ok(told), _) => {
                if mark {
                    lines.push("");
                }
                lines.end();
                done.told.push((row.line, told));
            }
            (Err(failure), OnError::Stop) => return Err(failure),
            (Err(Failure(what)), on_error) => {
                let place = format!("{}: line {}: ", table.name, row.line);
                let what = what.strip_prefix(&place).unwrap_or(&what);
                done.faults.count += 1;
                done.faults.first.get_or_insert_with(|| (row.line, what.to_owned()));
                lines.back(if on_error == OnError::Mark { after_kept } else { (lines.start, 0) });
                if on_error == OnError::Mark {
                    names.iter().for_each(|name| match *name {
                        "outcome" => lines.push(ERROR),
                        ERROR => lines.push(what),
                        _ => lines.push(""),
                    });
                    lines.end();
                }
            }
        }
        Ok(())
    };
    // All results, then the first fault in order: which fault is told must not depend on the threads.
    let worked = |rows: &Rows, chunk: &Chunk| -> Result<Vec<Done<T>>, Failure> {
        let batch = |rows: &mut dyn Iterator<Item = Row>| {
            let mut done = Done { lines: Line::default(), told: Vec::new(), faults: Faults::default() };
            for row in rows {
                one(&row, &mut done)?;
            }
            Ok(done)
        };
        rows.batches(chunk, batch).into_iter().collect()
    };
    // Nothing before the first rows are good: a small table with a fault leaves no output at all.
    let mut chunk = rows.chunk()?;
    let mut done = worked(&rows, &chunk)?;
    for (name, value) in added.head {
        writeln!(out, "# {name}: {value}")?;
    }
    for comment in &table.comments {
        writeln!(out, "{}", of_the_input(comment))?;
    }
    let mut header = Line::default();
    kept.iter().map(|i| table.columns[*i].as_str()).chain(names.iter().copied()).for_each(|name| header.push(name));
    header.end();
    out.write_all(header.text.as_bytes())?;
    let mut faults = Faults::default();
    while !chunk.is_empty() {
        for batch in done {
            out.write_all(batch.lines.text.as_bytes())?;
            batch.told.into_iter().for_each(|(line, told)| seen(line, told));
            faults.count += batch.faults.count;
            faults.first = faults.first.or(batch.faults.first);
        }
        chunk = rows.chunk()?;
        done = worked(&rows, &chunk)?;
    }
    out.flush()?;
    Ok(faults)
}

/// Lines that say where a table comes from, by their names.
const PROVENANCE: &[&str] = &["command", "version", "revision", "seed", "host", "variant", "guard", "values"];

/// A comment of the input as it stands in the output: what says where the input comes from is marked as the input's.
fn of_the_input(comment: &str) -> String {
    let said = comment.strip_prefix("# ").and_then(|said| {
        let bare = said.trim_start_matches("input ");
        PROVENANCE.iter().any(|name| bare.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'))).then_some(said)
    });
    said.map_or_else(|| comment.to_owned(), |said| format!("# input {said}"))
}

/// Runs `body` on where the output goes: a file that is there whole or not at all, or standard output, whose reader may
/// go away.
pub fn write_to<T: Default>(
    out: Option<&Path>,
    body: impl FnOnce(&mut dyn Write) -> Result<T, Stop>,
) -> Result<T, Failure> {
    let Some(path) = out else {
        return match body(&mut io::stdout().lock()) {
            Err(Stop::Said(failure)) => Err(failure),
            Err(Stop::Io(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure(format!("standard output: {error}")))
            }
            Err(Stop::Io(_)) => Ok(T::default()),
            Ok(done) => Ok(done),
        };
    };
    let mut said = None;
    let mut done = T::default();
    let written = write_atomic(path, |file| match body(file) {
        Ok(result) => {
            done = result;
            Ok(())
        }
        Err(Stop::Io(error)) => Err(error),
        Err(Stop::Said(failure)) => {
            said = Some(failure);
            Err(io::Error::other("stopped"))
        }
    });
    match said {
        Some(failure) => Err(failure),
        None => written.map(|()| done).map_err(Failure::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_an_input_comes_from_is_marked_as_the_inputs() {
        for (comment, expected) in [
            ("# command: hypprec sample", "# input command: hypprec sample"),
            ("# input command: hypprec sample", "# input input command: hypprec sample"),
            ("# made elsewhere", "# made elsewhere"),
            ("#command: x", "#command: x"),
            ("# commander: x", "# commander: x"),
        ] {
            assert_eq!(of_the_input(comment), expected);
        }
    }
}
