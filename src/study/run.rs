//! Running a study: groups in chunks over all cores, every finished chunk kept on disk, the rows in the study's order.

use super::{GroupSpec, StudyError};
use crate::arithmetic::Number;
use crate::arithmetic::number::{decimal, print};
use crate::measure::{Cell, MeasureError, measure};
use crate::table::{CellRow, TableError, write_atomic, write_rows};
use rayon::prelude::*;
use rug::Float;
use std::fs;
use std::path::{Path, PathBuf};

/// Groups in a chunk: what a killed run loses at most, a core.
const CHUNK_GROUPS: usize = 64;
/// Significant digits of a truth in cells.csv.
const TRUTH_DIGITS: usize = 25;
/// Coordinates of a vector that a cell shows.
const SHOWN: usize = 2;
/// The folder of finished chunks, inside the output folder.
const PARTS: &str = ".parts";

/// Called with the number of cells of each chunk as it is finished.
pub trait Progress: Sync {
    fn finished(&self, cells: u64);
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
    #[error("{}: the parts kept there belong to another study, version or choice of cells; run without --resume to start anew", .0.display())]
    Foreign(PathBuf),
}

/// Measures every group and returns the rows in order. `fingerprint` says what the parts on disk must belong to.
pub fn run(
    groups: &[GroupSpec],
    folder: &Path,
    fingerprint: &str,
    resume: bool,
    progress: &dyn Progress,
) -> Result<Vec<CellRow>, RunError> {
    let parts = folder.join(PARTS);
    prepare(&parts, fingerprint, resume)?;
    let chunks: Vec<&[GroupSpec]> = groups.chunks(CHUNK_GROUPS).collect();
    let rows: Result<Vec<Vec<CellRow>>, RunError> = chunks
        .par_iter()
        .enumerate()
        .map(|(i, chunk)| {
            let path = parts.join(format!("{i:06}.csv"));
            let rows = match path.exists() {
                true => crate::table::read::<CellRow>(&path)?,
                false => {
                    let rows = measure_chunk(chunk)?;
                    write_atomic(&path, |out| write_rows(out, &rows, true))?;
                    rows
                }
            };
            progress.finished(rows.len() as u64);
            Ok(rows)
        })
        .collect();
    Ok(rows?.into_iter().flatten().collect())
}

/// Measures every group and returns the rows in order, keeping nothing on disk.
pub fn measure_all(groups: &[GroupSpec], progress: &dyn Progress) -> Result<Vec<CellRow>, RunError> {
    let chunks: Vec<&[GroupSpec]> = groups.chunks(CHUNK_GROUPS).collect();
    let measured = |chunk: &&[GroupSpec]| {
        let rows = measure_chunk(chunk)?;
        progress.finished(rows.len() as u64);
        Ok(rows)
    };
    let rows: Result<Vec<Vec<CellRow>>, RunError> = chunks.par_iter().map(measured).collect();
    Ok(rows?.into_iter().flatten().collect())
}

/// Forgets the parts of a run whose tables have been written.
pub(super) fn forget(folder: &Path) -> Result<(), TableError> {
    let parts = folder.join(PARTS);
    fs::remove_dir_all(&parts).map_err(TableError::io(&parts))
}

fn prepare(parts: &Path, fingerprint: &str, resume: bool) -> Result<(), RunError> {
    let key = parts.join("fingerprint");
    if parts.exists() {
        // Parts without a fingerprint are those of a run that was killed before it had measured anything.
        if resume && key.exists() {
            return match fs::read_to_string(&key) {
                Ok(found) if found == fingerprint => Ok(()),
                _ => Err(RunError::Foreign(parts.to_owned())),
            };
        }
        fs::remove_dir_all(parts).map_err(TableError::io(parts))?;
    }
    fs::create_dir_all(parts).map_err(TableError::io(parts))?;
    write_atomic(&key, |out| out.write_all(fingerprint.as_bytes()))?;
    Ok(())
}

fn measure_chunk(chunk: &[GroupSpec]) -> Result<Vec<CellRow>, MeasureError> {
    let mut rows = Vec::new();
    for group in chunk {
        crate::with_arithmetic!(group.arithmetic, |proto| {
            let measured = measure(&group.sample, group.quantity, group.model, &proto, &group.cases)?;
            let truth = shown(&measured.truth, |x| decimal(x, TRUTH_DIGITS));
            for (i, cell) in measured.cells.iter().enumerate() {
                rows.push(row(group, i, cell, &truth, shown(&cell.value, |x| print(&proto.nearest(x)))));
            }
        });
    }
    Ok(rows)
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
