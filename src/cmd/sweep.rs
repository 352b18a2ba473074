//! `hypprec sweep`: runs a study and writes its tables, plots and page.

use super::Failure;
use super::filters::Filters;
use super::named::{Named, place};
use super::options;
use super::progress::Reporter;
use super::report::{CLIP, CURVES, STUDY};
use super::shards::{Asked, Sharded, Task, identity};
use super::stop::{Stop, stopped};
use crate::report;
use crate::study::{CELLS, CellFile, Clips, Curves, Layout, Reduction, Run, RunError, Study, Summaries, Worst, reduce};
use crate::table::{self, CellRow, PAGE, Parts, Provenance, Shard};
use crate::verdict::choose;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// What a sweep writes, beside its plots.
const SUMMARY: &str = "summary.csv";
const FILES: [&str; 7] = [CELLS, SUMMARY, CLIP, CURVES, STUDY, PAGE[0], PAGE[1]];

/// Measure every formula variant and guard of a study against certified truth.
#[derive(clap::Args)]
pub struct Sweep {
    /// A built-in study's name, or a TOML file
    #[arg(default_value = "boundary")]
    study: String,
    /// Where to write [default: out/STUDY]
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    filters: Filters,
    /// Also add the worst case of each operation, model and arithmetic to the files of this folder, which only grow
    #[arg(long, value_name = "DIR")]
    worst: Option<PathBuf>,
    /// Threads [default: one a core]
    #[arg(long, value_parser = options::jobs)]
    jobs: Option<usize>,
    /// Go on where a killed run of the same command stopped
    #[arg(long)]
    resume: bool,
    /// Also replace files that hypprec did not write
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    sharded: Sharded,
}

impl Sweep {
    pub fn run(self) -> Result<ExitCode, Failure> {
        let stop = Stop::listen()?;
        let shard = self.sharded.get()?;
        let named = Named::open(&self.study)?;
        let layout = named.study.layout(&self.filters.filter()?).map_err(|error| place(&self.study, &error))?;
        let folder = self.out.clone().unwrap_or_else(|| PathBuf::from("out").join(&named.name));
        let provenance = named.provenance(self.command());
        match shard {
            Some(_) if self.worst.is_some() => Err(Failure("--worst is for a whole run, not for a shard".to_owned())),
            Some(shard) => {
                let asked = Asked {
                    out: &folder,
                    identity: identity("sweep", &named.name, &named.text, &provenance),
                    text: &named.text,
                    provenance: &provenance,
                    shard,
                    file: CELLS,
                    total: layout.cells(),
                    resume: self.resume,
                    force: self.force,
                };
                part(asked, &layout, self.jobs, stop)
            }
            None => self.whole(&named, &layout, &folder, &provenance, stop),
        }
    }

    fn whole(
        &self,
        named: &Named,
        layout: &Layout,
        folder: &Path,
        provenance: &Provenance,
        stop: Stop,
    ) -> Result<ExitCode, Failure> {
        let started = Instant::now();
        let Provenance { command, version, revision, .. } = &provenance;
        let identity = format!("{command}\n{version}\n{revision}\n{}", named.text);
        let (files, study) = files(folder, &named.text);
        let _claim = table::claim(folder, &files, self.force)?;
        if self.resume && !self.force && !Parts::are_begun(folder, &identity) {
            self.is_of_the_same(folder, command, &named.text)?;
        }
        let parts = Parts::open(folder, &identity, self.resume)?;
        let run = Run { groups: layout, shard: Shard::WHOLE, parts: &parts };
        let reporter = Reporter::stoppable(layout.cells(), stop);
        let pool = options::pool(self.jobs)?;
        let measured = pool.install(|| run.measure(&reporter));
        reporter.clear();
        if let Err(RunError::Stopped) = measured {
            return Ok(stopped(&format!("{}: {}", super::shown(folder), RunError::Stopped)));
        }
        measured?;
        let rows = write_cells(folder, provenance, &run)?;
        let mut worst = Worst::default();
        let mut also: Vec<&mut dyn Reduction> = Vec::new();
        if self.worst.is_some() {
            also.push(&mut worst);
        }
        let page = finish(folder, &named.study, provenance, rows, &mut also)?;
        table::keep_study(&study, &named.text)?;
        if let Some(kept) = &self.worst {
            let added = worst.keep(kept, layout)?;
            super::print(&format!("{added} worst cases added to {}\n", super::shown(kept)))?;
        }
        Parts::forget(folder)?;
        super::print(&format!(
            "{rows} cells in {:.1} s; the page is {}\n",
            started.elapsed().as_secs_f64(),
            super::shown(&page)
        ))?;
        Ok(ExitCode::SUCCESS)
    }

    /// That what a finished sweep left in the folder is not replaced by another that was to go on from it.
    fn is_of_the_same(&self, folder: &Path, command: &str, text: &str) -> Result<(), Failure> {
        let of = |name: &str| fs::read_to_string(folder.join(name)).ok();
        let cells = folder.join(CELLS);
        let Some(finished) = table::provenance_of(&cells) else { return Ok(()) };
        let other = of(STUDY).is_some_and(|found| !found.ends_with(text));
        if finished.command == command && !other {
            return Ok(());
        }
        let what = if finished.command == command { "another study" } else { finished.command.as_str() };
        Err(Failure(format!(
            "{}: a finished sweep ({what}), which --resume does not go on from; run without --resume to replace it",
            super::shown(&cells)
        )))
    }

    /// The command that makes the same rows: without where they go, how fast, from where they go on, and which part.
    fn command(&self) -> String {
        format!("hypprec sweep {}{}", self.study, self.filters.words())
    }
}

/// What a sweep is going to write into a folder, and where its study will be: one that lies there already, as a file of the
/// user's, stays what it is.
pub(super) fn files(folder: &Path, text: &str) -> (Vec<&'static str>, PathBuf) {
    let study = folder.join(STUDY);
    let is_there = fs::read_to_string(&study).is_ok_and(|found| found == text);
    (FILES.iter().copied().filter(|name| !(is_there && *name == STUDY)).collect(), study)
}

/// Measures the cells of a shard and writes them into its folder.
pub(super) fn part(asked: Asked, layout: &Layout, jobs: Option<usize>, stop: Stop) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    let (shard, provenance) = (asked.shard, asked.provenance);
    let Some(task) = Task::begin(asked)? else { return Ok(ExitCode::SUCCESS) };
    let parts = task.parts.clone();
    let run = Run { groups: layout, shard, parts: &parts };
    let reporter = Reporter::stoppable(run.cells(), stop);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.unwrap_or(0)).build()?;
    let measured = pool.install(|| run.measure(&reporter));
    reporter.clear();
    if let Err(RunError::Stopped) = measured {
        return task.interrupt(&RunError::Stopped.to_string());
    }
    measured?;
    let place = task.folder.clone();
    let rows = task.finish(provenance, |out| run.write(out))?;
    super::print(&format!(
        "shard {shard}: {rows} of {} cells in {:.1} s; they are in {}\n",
        layout.cells(),
        started.elapsed().as_secs_f64(),
        super::shown(&place)
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the table of a run's cells, a chunk at a time.
fn write_cells(folder: &Path, provenance: &Provenance, run: &Run<Layout>) -> Result<u64, Failure> {
    let (mut rows, mut fault) = (0, None);
    let written = table::write_atomic(&folder.join(CELLS), |out| {
        provenance.write(out)?;
        match run.write(out) {
            Ok(n) => rows = n,
            Err(error) => {
                fault = Some(error);
                return Err(io::Error::other("stopped"));
            }
        }
        Ok(())
    });
    match fault {
        Some(fault) => Err(fault.into()),
        None => Ok(written.map(|()| rows)?),
    }
}

/// Cells that are read into memory to be reduced; more are read from the disk twice.
const IN_MEMORY: u64 = 500_000;

/// Reduces the cells of a folder to its small tables, and draws its page; says where that is.
pub(super) fn finish(
    folder: &Path,
    study: &Study,
    provenance: &Provenance,
    rows: u64,
    also: &mut [&mut dyn Reduction],
) -> Result<PathBuf, Failure> {
    let cells = folder.join(CELLS);
    let (mut summaries, mut clips, mut curves) = (Summaries::new(), Clips::new(), Curves::new(study, &cost));
    let mut all: Vec<&mut dyn Reduction> = vec![&mut summaries, &mut clips, &mut curves];
    all.extend(also.iter_mut().map(|reduction| &mut **reduction as &mut dyn Reduction));
    match rows <= IN_MEMORY {
        true => reduce(table::read::<CellRow>(&cells)?.as_slice(), &mut all)?,
        false => reduce(&CellFile::new(&cells), &mut all)?,
    }
    let (clip, curves) = (clips.rows(), curves.rows());
    table::write(&folder.join(SUMMARY), provenance, &summaries.rows())?;
    table::write(&folder.join(CLIP), provenance, &clip)?;
    table::write(&folder.join(CURVES), provenance, &curves)?;
    Ok(report::study_page(folder, study, provenance, &curves, &clip)?)
}

/// What a cell's variant costs, as the benchmark measured it.
fn cost(cell: &CellRow) -> Option<f64> {
    choose::cost(cell.model.parse().ok()?, &cell.scalar, &cell.op, &cell.variant)
}
