//! The runs of a grid in shards: which are whose, what each has left, and where they lie.

use super::merge::Whole;
use super::shards::{Asked, Task, identity};
use super::stop::stopped;
use super::{Failure, shown};
use crate::table::{self, Provenance, Shard, TableError};
use crate::train::GridCell;
use serde::{Deserialize, Serialize};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The table of a shard of runs.
const DONE: &str = "runs.csv";
/// The folder of a grid's runs beside the shards, and what each is told by.
const RUNS: &str = "runs";
pub const RECIPE: &str = "recipe.toml";

/// A run that is done.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct RunRow {
    /// Its number in the grid, from 0.
    index: u64,
    name: String,
    /// SHA-256 of its rows.
    sha256: String,
}

/// A grid that is trained.
pub struct Asking<'a> {
    pub verb: &'static str,
    pub name: &'a str,
    /// The grid's text.
    pub text: &'a str,
    pub folder: &'a Path,
    pub provenance: &'a Provenance,
    pub runs: usize,
    pub resume: bool,
}

impl Asking<'_> {
    /// Begins the whole, which is no task, or a shard; breaks where that is done already.
    pub fn begin(&self, shard: Option<Shard>) -> Result<ControlFlow<(), Option<Task>>, Failure> {
        let Some(shard) = shard else { return Ok(ControlFlow::Continue(None)) };
        let task = Task::begin(Asked {
            out: self.folder,
            identity: identity(self.verb, self.name, self.text, self.provenance),
            text: self.text,
            provenance: self.provenance,
            shard,
            file: DONE,
            total: self.runs as u64,
            resume: self.resume,
            force: false,
        })?;
        Ok(task.map_or(ControlFlow::Break(()), |task| ControlFlow::Continue(Some(task))))
    }

    /// Says that a signal has stopped a grid, or a shard of it.
    pub fn interrupt(&self, task: Option<Task>) -> Result<ExitCode, Failure> {
        match task {
            Some(task) => task.interrupt(STOPPED),
            None => Ok(stopped_in(self.folder)),
        }
    }

    /// Writes which runs a shard has done, `mine`, by the table `rows` that each has left.
    pub fn finish<R>(&self, task: Task, mine: &[Numbered<R>], rows: &str) -> Result<ExitCode, Failure> {
        let row = |(index, cell): &Numbered<R>| -> Result<RunRow, Failure> {
            let path = place_of(self.folder, cell).join(rows);
            let bytes = fs::read(&path).map_err(TableError::io(&path))?;
            Ok(RunRow { index: *index as u64, name: cell.name.clone(), sha256: table::sha256(&bytes) })
        };
        let done = mine.iter().map(row).collect::<Result<Vec<RunRow>, Failure>>()?;
        let place = task.folder.clone();
        let n = task.finish(self.provenance, |out| -> Result<u64, Failure> {
            table::write_rows(out, &done, true)?;
            Ok(done.len() as u64)
        })?;
        super::print(&format!("{n} of {} runs are of this shard and done; {} says so\n", self.runs, shown(&place)))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Why a training ended before its last epoch.
const STOPPED: &str = "stopped after an epoch; --resume goes on";

/// Says that a signal has stopped what was trained into a folder.
pub fn stopped_in(folder: &Path) -> ExitCode {
    stopped(&format!("{}: {STOPPED}", shown(folder)))
}

/// A run of a grid, and its number there.
pub type Numbered<'a, R> = (usize, &'a GridCell<R>);

/// The runs of a shard, or all.
pub fn share<R>(cells: &[GridCell<R>], shard: Option<Shard>) -> Vec<Numbered<'_, R>> {
    let owned = |(i, _): &Numbered<R>| shard.is_none_or(|shard| shard.owns(*i as u64));
    cells.iter().enumerate().filter(owned).collect()
}

/// The folder of a run below that of its grid.
pub fn place_of<R>(folder: &Path, cell: &GridCell<R>) -> PathBuf {
    folder.join(RUNS).join(&cell.name)
}

/// The runs of a grid and their folders, as tables are gathered from them.
pub fn placed<'a, R>(folder: &Path, cells: &'a [GridCell<R>]) -> Vec<(PathBuf, &'a GridCell<R>)> {
    cells.iter().map(|cell| (place_of(folder, cell), cell)).collect()
}

/// The runs of all shards in the grid's order, and the folder of each, as they were left.
///
/// # Errors
/// If one is not there, or not what its shard says; `rows` is the table that each has left.
pub fn runs_of<R>(
    whole: &Whole,
    rows: &str,
    parse: impl Fn(&str) -> Result<R, crate::train::RecipeError>,
) -> Result<Vec<(PathBuf, GridCell<R>)>, Failure> {
    let mut done: Vec<(PathBuf, RunRow)> = Vec::new();
    for (shard, manifest) in &whole.shards {
        let all = shard.canonicalize()?.parent().map_or_else(PathBuf::new, |out| out.join(RUNS));
        let of_shard: Vec<RunRow> = table::read(&shard.join(&manifest.file))?;
        done.extend(of_shard.into_iter().map(|row| (all.join(&row.name), row)));
    }
    done.sort_by_key(|(_, row)| row.index);
    let cell = |(place, row): (PathBuf, RunRow)| -> Result<(PathBuf, GridCell<R>), Failure> {
        let path = place.join(rows);
        let bytes = fs::read(&path).map_err(TableError::io(&path))?;
        if table::sha256(&bytes) != row.sha256 {
            return Err(Failure(format!("{}: damaged: not the rows that its shard has seen", path.display())));
        }
        let path = place.join(RECIPE);
        let recipe = parse(&table::read_text(&path).map_err(TableError::io(&path))?)
            .map_err(|error| Failure(format!("{}: {error}", path.display())))?;
        Ok((place, GridCell { name: row.name, recipe }))
    };
    done.into_iter().map(cell).collect()
}
