//! Running a study: groups in chunks over all cores, every finished chunk kept on disk, the rows in the study's order.

use super::{GroupSpec, Layout, StudyError};
use crate::arithmetic::Number;
use crate::arithmetic::number::{decimal, print};
use crate::measure::{Cell, MeasureError, measure};
use crate::table::{CellRow, Parts, PartsError, Shard, TableError, read_rows, write_rows};
use rayon::prelude::*;
use rug::Float;
use std::borrow::Cow;
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

/// Groups in a chunk: what a killed run loses at most, a core.
pub const CHUNK_GROUPS: u64 = 64;
/// The table of cells.
pub const CELLS: &str = "cells.csv";
/// Significant digits of a truth in cells.csv.
const TRUTH_DIGITS: usize = 25;
/// Coordinates of a vector that a cell shows.
const SHOWN: usize = 2;

/// Called with the number of cells of each chunk as it is finished, and asked whether to go on.
pub trait Progress: Sync {
    fn finished(&self, cells: u64);
    /// Whether to stop after the cells that are being measured, and to keep them.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// What can stop a run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Study(#[from] StudyError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Measure(#[from] MeasureError),
    #[error(transparent)]
    Parts(#[from] PartsError),
    #[error("stopped by a signal; what was measured is kept, and --resume goes on from there")]
    Stopped,
}

/// Groups by number, in memory or made when they are asked for.
pub trait Groups: Sync {
    fn count(&self) -> u64;
    fn get(&self, range: Range<u64>) -> Cow<'_, [GroupSpec]>;
}

impl Groups for [GroupSpec] {
    fn count(&self) -> u64 {
        self.len() as u64
    }
    fn get(&self, range: Range<u64>) -> Cow<'_, [GroupSpec]> {
        Cow::Borrowed(&self[range.start as usize..range.end as usize])
    }
}

impl Groups for Layout {
    fn count(&self) -> u64 {
        self.groups()
    }
    fn get(&self, range: Range<u64>) -> Cow<'_, [GroupSpec]> {
        Cow::Owned(range.map(|i| self.group(i)).collect())
    }
}

/// The chunks of a shard of a study, and what is kept of them.
pub struct Run<'a, G: Groups + ?Sized> {
    pub groups: &'a G,
    pub shard: Shard,
    pub parts: &'a Parts,
}

impl<G: Groups + ?Sized> Run<'_, G> {
    fn chunks(&self) -> u64 {
        self.groups.count().div_ceil(CHUNK_GROUPS)
    }

    fn chunk(&self, number: u64) -> Cow<'_, [GroupSpec]> {
        let first = number * CHUNK_GROUPS;
        self.groups.get(first..self.groups.count().min(first + CHUNK_GROUPS))
    }

    /// How many cells the shard has: every chunk is looked at.
    pub fn cells(&self) -> u64 {
        let own = (0..self.shard.share(self.chunks())).map(|i| self.chunk(self.shard.piece(i)));
        own.map(|chunk| chunk.iter().map(|group| group.cases.len() as u64).sum::<u64>()).sum()
    }

    /// Measures what is not kept yet.
    ///
    /// # Errors
    /// If a truth cannot be certified, a chunk cannot be written, or it was told to stop.
    pub fn measure(&self, progress: &dyn Progress) -> Result<(), RunError> {
        (0..self.shard.share(self.chunks())).into_par_iter().try_for_each(|i| {
            let number = self.shard.piece(i);
            self.rows(number, &self.chunk(number), progress).map(drop)
        })
    }

    /// The rows of a chunk: those that are kept, and those of the groups after them, which are measured and kept now.
    fn rows(&self, number: u64, chunk: &[GroupSpec], progress: &dyn Progress) -> Result<String, RunError> {
        if progress.is_stopped() {
            return Err(RunError::Stopped);
        }
        let kept = self.parts.read(number).and_then(|rows| Some((groups_of(&rows, chunk)?, rows)));
        let (done, mut rows) = kept.unwrap_or_default();
        if done < chunk.len() {
            for group in &chunk[done..] {
                // The cells that were begun are finished, and kept with those before them.
                if progress.is_stopped() {
                    self.parts.write(number, &rows)?;
                    return Err(RunError::Stopped);
                }
                let mut bytes = Vec::new();
                write_rows(&mut bytes, &measure_group(group)?, false).map_err(TableError::io(Path::new(CELLS)))?;
                rows += &String::from_utf8_lossy(&bytes);
            }
            self.parts.write(number, &rows)?;
        }
        progress.finished(rows.matches('\n').count() as u64);
        Ok(rows)
    }

    /// Writes the rows of the shard in order, and says how many they are. A chunk that is not there any more is measured
    /// again.
    pub fn write(&self, out: &mut dyn Write) -> Result<u64, RunError> {
        struct Silent;
        impl Progress for Silent {
            fn finished(&self, _cells: u64) {}
        }
        let mut write = |text: &str| out.write_all(text.as_bytes()).map_err(TableError::io(Path::new(CELLS)));
        write(&cell_header())?;
        let mut count = 0;
        for i in 0..self.shard.share(self.chunks()) {
            let number = self.shard.piece(i);
            let rows = self.rows(number, &self.chunk(number), &Silent)?;
            count += rows.matches('\n').count() as u64;
            write(&rows)?;
        }
        Ok(count)
    }
}

/// The line of column names of a table of cells.
pub fn cell_header() -> String {
    let mut bytes = Vec::new();
    let written: io::Result<()> = write_rows(&mut bytes, &[CellRow::default()], true);
    debug_assert!(written.is_ok(), "memory can be written to");
    String::from_utf8_lossy(&bytes).split_inclusive('\n').next().unwrap_or_default().to_owned()
}

/// How many groups from a chunk's first on the rows are those of; `None` where they are not of whole groups.
fn groups_of(rows: &str, chunk: &[GroupSpec]) -> Option<usize> {
    let mut indices = rows.lines().map(|row| row.split_once(',').and_then(|(index, _)| index.parse::<u64>().ok()));
    for (i, group) in chunk.iter().enumerate() {
        for (case, cell) in (group.first_cell..).take(group.cases.len()).enumerate() {
            match indices.next() {
                Some(index) if index == Some(cell) => {}
                None if case == 0 => return Some(i),
                _ => return None,
            }
        }
    }
    indices.next().is_none().then_some(chunk.len())
}

/// Measures every group and returns the rows in order. `identity` says what the parts on disk must belong to: they are kept
/// under its fingerprint, read by no run but one that resumes, and measured again where they are not whole.
pub fn run(
    groups: &[GroupSpec],
    folder: &Path,
    identity: &str,
    resume: bool,
    progress: &dyn Progress,
) -> Result<Vec<CellRow>, RunError> {
    let parts = Parts::open(folder, identity, resume)?;
    let run = Run { groups, shard: Shard::WHOLE, parts: &parts };
    run.measure(progress)?;
    let mut table = Vec::new();
    run.write(&mut table)?;
    Ok(read_rows(table.as_slice(), folder)?)
}

/// Measures every group and returns the rows in order, keeping nothing on disk.
pub fn measure_all(groups: &[GroupSpec], progress: &dyn Progress) -> Result<Vec<CellRow>, RunError> {
    let chunks: Vec<&[GroupSpec]> = groups.chunks(CHUNK_GROUPS as usize).collect();
    let measured = |chunk: &&[GroupSpec]| {
        let mut rows = Vec::new();
        for group in *chunk {
            rows.extend(measure_group(group)?);
        }
        progress.finished(rows.len() as u64);
        Ok(rows)
    };
    let rows: Result<Vec<Vec<CellRow>>, RunError> = chunks.par_iter().map(measured).collect();
    Ok(rows?.into_iter().flatten().collect())
}

fn measure_group(group: &GroupSpec) -> Result<Vec<CellRow>, MeasureError> {
    crate::with_arithmetic!(group.arithmetic, |proto| {
        let measured = measure(&group.sample, group.quantity, group.model, &proto, &group.cases)?;
        let truth = shown(&measured.truth, |x| decimal(x, TRUTH_DIGITS));
        let value = |cell: &Cell| shown(&cell.value, |x| print(&proto.nearest(x)));
        let rows = measured.cells.iter().enumerate().map(|(i, cell)| row(group, i, cell, &truth, value(cell)));
        Ok(rows.collect())
    })
}

fn shown(components: &[Float], print: impl Fn(&Float) -> String) -> String {
    components.iter().take(SHOWN).map(print).collect::<Vec<_>>().join(" ")
}

fn row(group: &GroupSpec, case: usize, cell: &Cell, truth: &str, value: String) -> CellRow {
    let part = |f: fn(&crate::measure::Parts) -> f64| cell.parts.as_ref().map(f);
    CellRow {
        index: group.first_cell + case as u64,
        model: group.model.to_string(),
        scalar: group.arithmetic.to_string(),
        op: group.quantity.to_string(),
        variant: group.cases[case].variant.id.to_owned(),
        guard: group.cases[case].guard.id.to_owned(),
        c: group.sample.c,
        dim: group.sample.dim,
        radius: group.sample.radius,
        separation: group.sample.separation,
        direction: group.sample.direction.to_string(),
        sample: group.sample_index,
        truth: truth.to_owned(),
        value,
        error_representation: part(|p| p.representation),
        error_off_model: part(|p| p.off_model),
        error_guard: part(|p| p.guard),
        error_rounding: part(|p| p.rounding),
        error_total: part(|p| p.total),
        ulps: cell.ulps,
        bits: cell.ulps.map(crate::measure::bits_lost),
        outcome: cell.outcome.to_string(),
    }
}
