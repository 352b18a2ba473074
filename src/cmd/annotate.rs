//! Tables that come in, get columns added and go out, a chunk at a time: larger than memory, in order, on every core.

use super::Failure;
use super::points::{Points, Row, Table};
use crate::table::write_atomic;
use rayon::prelude::*;
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

/// Writes the table with the columns `names` added, which take the place of any of the same name. `work` gives a row's
/// added cells and what `seen` is told of it, in the order of the rows whatever the number of threads.
pub fn annotate<T: Send>(
    points: Points,
    names: &[&str],
    out: &mut dyn Write,
    work: impl Fn(&Table, &Row) -> Result<(Vec<String>, T), Failure> + Sync,
    mut seen: impl FnMut(&Row, T),
) -> Result<(), Stop> {
    let Points { table, mut rows } = points;
    let kept: Vec<usize> = (0..table.columns.len()).filter(|i| !names.contains(&table.columns[*i].as_str())).collect();
    // All results, then the first fault in order: which fault is told must not depend on the threads.
    let worked = |chunk: &[Row]| -> Result<Vec<(Vec<String>, T)>, Failure> {
        let done: Vec<Result<_, Failure>> = chunk.par_iter().map(|row| work(&table, row)).collect();
        done.into_iter().collect()
    };
    // Nothing before the first rows are good: a small table with a fault leaves no output at all.
    let mut chunk = rows.chunk()?;
    let mut done = worked(&chunk)?;
    for comment in &table.comments {
        writeln!(out, "{comment}")?;
    }
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(kept.iter().map(|i| table.columns[*i].as_str()).chain(names.iter().copied()))?;
    while !chunk.is_empty() {
        for (row, (added, told)) in chunk.iter().zip(done) {
            writer.write_record(kept.iter().map(|i| &row.cells[*i]).chain(added.iter().map(String::as_str)))?;
            seen(row, told);
        }
        chunk = rows.chunk()?;
        done = worked(&chunk)?;
    }
    Ok(writer.flush()?)
}

/// Runs `body` on where the output goes: a file that is there whole or not at all, or standard output, whose reader may
/// go away.
pub fn write_to(out: Option<&Path>, body: impl FnOnce(&mut dyn Write) -> Result<(), Stop>) -> Result<(), Failure> {
    let Some(path) = out else {
        return match body(&mut io::stdout().lock()) {
            Err(Stop::Said(failure)) => Err(failure),
            Err(Stop::Io(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure(format!("standard output: {error}")))
            }
            _ => Ok(()),
        };
    };
    let mut said = None;
    let written = write_atomic(path, |file| {
        body(file).map_err(|stop| match stop {
            Stop::Io(error) => error,
            Stop::Said(failure) => {
                said = Some(failure);
                io::Error::other("stopped")
            }
        })
    });
    match said {
        Some(failure) => Err(failure),
        None => Ok(written?),
    }
}
