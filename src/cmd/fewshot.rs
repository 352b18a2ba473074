//! `hypprec fewshot`: trains few-shot recipes, or every run of a grid of them, in pieces, and puts their tables together.

use super::data::Place;
use super::named::provenance;
use super::runs::{Asking, RECIPE, place_of, placed, share};
use super::shards::Sharded;
use super::stop::Stop;
use super::train::{Name, RESULTS, remove, text_of};
use super::{Failure, say};
use crate::report;
use crate::table::{self, PAGE, Provenance, TableError};
use crate::train::{
    BEST_CHECKPOINT, Curvature, CurveRow, DifferenceRow, FEW_SHOT_STUDIES, FewShot, FewShotData, FewShotObserver,
    FewShotOutcome, FewShotRow, Grid, GridCell, HeadRow, METRICS, NOT_RUN, NotRunRow, Place as Where, REPORTED,
    ReportedRow, RunCurveRow, TestRow, TrainError, accuracies, difference, heads, show, told, train,
};
use indicatif::{ProgressBar, ProgressStyle};
use std::borrow::Borrow;
use std::cell::Cell;
use std::fs;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Train and test few-shot recipes: prototype heads in every geometry, by episodes.
#[derive(clap::Args)]
pub struct Fewshot {
    /// A built-in study's name, or a TOML file
    #[arg(default_value = "omniglot-reduced")]
    recipe: String,
    /// Any field of the recipe, as FIELD=VALUE; may be repeated
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    fields: Vec<String>,
    /// Go on from the checkpoints in the output folder
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    sharded: Sharded,
    /// Stop every run after this epoch
    #[arg(long)]
    until: Option<u32>,
    /// Take turns: advance each run by so many epochs before the next, so that all have the same budget whenever it stops
    #[arg(long, value_name = "EPOCHS")]
    piece: Option<u32>,
    /// Test the best epoch so far, also of runs that are not at their end
    #[arg(long)]
    test: bool,
    /// Instead of training, judge the test by the backbones of the runs under other heads: a TOML file whose fields replace those
    /// of each recipe
    #[arg(long, value_name = "FILE")]
    heads: Option<PathBuf>,
    /// Instead of training, draw so many test episodes of each run as its best epoch sees them: support, queries, prototypes
    #[arg(long, value_name = "N")]
    show: Option<u32>,
    /// Only decode every image of the sets that the recipes take, name those that cannot be used, and count them
    #[arg(long)]
    check: bool,
    #[arg(long, default_value = "cpu")]
    device: Name,
    /// Threads [default: one a core]
    #[arg(long)]
    jobs: Option<usize>,
    /// Where to write [default: out/fewshot/RECIPE]
    #[arg(long)]
    out: Option<PathBuf>,
    /// Also replace files that hypprec did not write
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    place: Place,
}

/// The table of the runs' curves.
const CURVES: &str = "curves.csv";
/// The tables of differences between runs, and of other heads on their backbones.
pub const DIFFERENCES: &str = "differences.csv";
/// The tables of a grid.
pub const TABLES: [&str; 3] = [RESULTS, CURVES, DIFFERENCES];
const HEADS: &str = "heads.csv";
/// The folder of a run's shown episodes.
const SHOWN: &str = "episodes";
/// How the recipe of a run that stopped begins.
const STOPPED: &str = "# stopped: ";
/// The name of a run that is no part of a grid.
const SINGLE: &str = "run";
/// Bad images that are named; all are counted.
const NAMED: usize = 10;

impl Fewshot {
    pub fn run(self) -> Result<ExitCode, Failure> {
        let stop = Stop::listen()?;
        if let Some(jobs) = self.jobs {
            rayon::ThreadPoolBuilder::new().num_threads(jobs).build_global()?;
        }
        let (name, text) = text_of(&self.recipe, FEW_SHOT_STUDIES)?;
        let place = |error: crate::train::RecipeError| Failure(format!("{name}: {error}"));
        let mut cells = match Grid::<FewShot>::parse(&text, &self.fields).map_err(place)? {
            Some(grid) => grid.cells,
            None => {
                let recipe = FewShot::parse(&text, &self.fields).map_err(place)?;
                vec![GridCell { name: SINGLE.to_owned(), recipe }]
            }
        };
        for cell in &mut cells {
            self.settle(cell)?;
        }
        if self.check {
            return self.check(&cells).map(|()| ExitCode::SUCCESS);
        }
        let folder = self.out.clone().unwrap_or_else(|| PathBuf::from("out").join("fewshot").join(&name));
        let files = [&[RESULTS, CURVES, DIFFERENCES, HEADS][..], &PAGE].concat();
        table::own(&folder, &files, self.force)?;
        let provenance = self.provenance(&name);
        let asking = Asking {
            verb: "fewshot",
            name: &name,
            text: &text,
            folder: &folder,
            provenance: &provenance,
            runs: cells.len(),
            resume: self.resume,
        };
        let shard = self.sharded.get()?;
        let mine = share(&cells, shard);
        let own: Vec<&GridCell<FewShot>> = mine.iter().map(|(_, cell)| *cell).collect();
        if let Some(count) = self.show {
            return self.show(count, &own, &folder, &name).map(|()| ExitCode::SUCCESS);
        }
        if let Some(file) = &self.heads {
            let rows = self.heads(file, &own, &folder)?;
            table::write(&folder.join(HEADS), &provenance, &rows)?;
        } else {
            let ControlFlow::Continue(task) = asking.begin(shard)? else { return Ok(ExitCode::SUCCESS) };
            if self.train(&name, &own, &folder, &stop)?.is_break() {
                return asking.interrupt(task);
            }
            if let Some(task) = task {
                // --until ends runs before their test.
                let all = mine.iter().all(|(_, cell)| place_of(&folder, cell).join(RESULTS).exists());
                return if all { asking.finish(task, &mine, RESULTS) } else { asking.interrupt(Some(task)) };
            }
        }
        let tables = Tables::gather(&placed(&folder, &cells), &folder)?;
        tables.write(&folder, &provenance)?;
        let page = tables.page(&folder, &name, &provenance)?;
        let tested = cells.iter().filter(|cell| place_of(&folder, cell).join(RESULTS).exists()).count();
        super::print(&format!("{tested} of {} runs tested; the page is {}\n", cells.len(), super::shown(&page)))?;
        Ok(ExitCode::SUCCESS)
    }

    /// Puts c in the place of `"delta"`, where a recipe has it.
    fn settle(&self, cell: &mut GridCell<FewShot>) -> Result<(), Failure> {
        if !matches!(cell.recipe.curvature, Curvature::Is(_)) {
            let data = FewShotData::load(&self.place.cache(), &cell.recipe)?;
            cell.recipe = cell.recipe.clone().settled(&data.train)?;
            say(&format!("{}: c = {} by δ of the training images", cell.name, cell.recipe.c()));
        }
        Ok(())
    }

    /// Every run's backbone under the heads that a file asks for and that its model has.
    fn heads(&self, file: &Path, cells: &[&GridCell<FewShot>], folder: &Path) -> Result<Vec<HeadRow>, Failure> {
        let text = table::read_text(file).map_err(TableError::io(file))?;
        let place = |error: &dyn std::fmt::Display| Failure(format!("{}: {error}", file.display()));
        let fields: toml::Table = toml::from_str(&text).map_err(|e| place(&e.message()))?;
        let device = self.device.device();
        let mut rows = Vec::new();
        for cell in cells {
            let run = place_of(folder, cell);
            let hyperbolic = matches!(cell.recipe.head()?.place, Where::Hyperbolic { .. });
            if !hyperbolic || !run.join(BEST_CHECKPOINT).exists() {
                continue;
            }
            let mut asked: toml::Table = toml::from_str(&cell.recipe.to_toml())?;
            asked.extend(fields.clone());
            let grid = Grid::<FewShot>::parse(&toml::to_string(&asked)?, &self.fields).map_err(|e| place(&e))?;
            let grid = grid.ok_or_else(|| place(&"no [[grid]] of heads in it"))?;
            let asked: Vec<FewShot> = grid.cells.into_iter().map(|cell| cell.recipe).collect();
            let data = FewShotData::load(&self.place.cache(), asked.first().unwrap_or(&cell.recipe))?;
            let found = heads(&cell.recipe, &asked, &data.test, &device, &run)?;
            say(&format!("{}: {} rows of {} heads", cell.name, found.len(), asked.len()));
            rows.extend(found);
        }
        Ok(rows)
    }

    /// Pages of a few test episodes of every run that has a best epoch.
    fn show(&self, count: u32, cells: &[&GridCell<FewShot>], folder: &Path, name: &str) -> Result<(), Failure> {
        let device = self.device.device();
        let mut pages = 0;
        for cell in cells {
            let run = place_of(folder, cell);
            if !run.join(BEST_CHECKPOINT).exists() {
                continue;
            }
            let data = FewShotData::load(&self.place.cache(), &cell.recipe)?;
            let shown = show(&cell.recipe, &data.test, &device, &run, count)?;
            let place = run.join(SHOWN);
            fs::create_dir_all(&place).map_err(TableError::io(&place))?;
            let page = report::episodes(&place, &told(&cell.recipe), &self.provenance(name), &shown)?;
            super::print(&format!("{}\n", super::shown(&page)))?;
            pages += 1;
        }
        match pages {
            0 => Err(Failure(format!("{}: no run has been trained yet", super::shown(folder)))),
            _ => Ok(()),
        }
    }

    fn provenance(&self, name: &str) -> Provenance {
        let given: String = self.fields.iter().map(|field| format!(" --set '{field}'")).collect();
        let piece = self.piece.map_or(String::new(), |n| format!(" --piece {n}"));
        let until = self.until.map_or(String::new(), |n| format!(" --until {n}"));
        let test = if self.test { " --test" } else { "" };
        provenance(format!("hypprec fewshot {name}{given}{piece}{until}{test}"), 0)
    }

    /// Every run, or in turns a piece of every run until all are done; breaks where a signal has stopped it.
    fn train(
        &self,
        name: &str,
        cells: &[&GridCell<FewShot>],
        folder: &Path,
        stop: &Stop,
    ) -> Result<ControlFlow<()>, Failure> {
        let device = self.device.device();
        let last = cells.iter().map(|cell| cell.recipe.epochs).max().unwrap_or(0);
        let last = self.until.map_or(last, |until| until.min(last));
        let mut loaded: Option<(String, FewShotData)> = None;
        let mut resume = self.resume;
        let mut until = 0;
        while until < last {
            until = self.piece.map_or(last, |piece| (until + piece.max(1)).min(last));
            for cell in cells {
                let place = place_of(folder, cell);
                if resume && done(&place, cell, until) {
                    continue;
                }
                if stop.is_asked() {
                    return Ok(ControlFlow::Break(()));
                }
                table::own(&place, &[RESULTS], self.force)?;
                remove(&place.join(RESULTS))?;
                let key = format!(
                    "{} {} {} {}",
                    cell.recipe.dataset, cell.recipe.split, cell.recipe.side, cell.recipe.all_runs
                );
                let data = match loaded.take().filter(|(of, _)| *of == key) {
                    Some((_, data)) => data,
                    None => FewShotData::load(&self.place.cache(), &cell.recipe)?,
                };
                let reporter = Reporter::new(&cell.name, cell.recipe.epochs.min(last), stop.clone());
                // A test before the end is of the last piece alone.
                let test = self.test && until == last;
                let outcome = train(&cell.recipe, &data, &device, &place, resume, until, test, &reporter);
                reporter.bar.finish_and_clear();
                let outcome = match outcome {
                    Err(TrainError::Stopped) => return Ok(ControlFlow::Break(())),
                    outcome => outcome?,
                };
                loaded = Some((key, data));
                self.keep(name, cell, &place, &outcome)?;
            }
            // What a first piece began, the next goes on with.
            resume = true;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Writes what tells a run: its recipe, and where it was tested the rows of its test.
    fn keep(
        &self,
        name: &str,
        cell: &GridCell<FewShot>,
        place: &Path,
        outcome: &FewShotOutcome,
    ) -> Result<(), Failure> {
        let stop = outcome.stop.as_ref().map_or(String::new(), |what| format!("{STOPPED}{what}\n"));
        if !stop.is_empty() {
            say(&format!("{}: {}", cell.name, stop.trim_start_matches("# ").trim_end()));
        }
        let recipe = stop + &cell.recipe.to_toml();
        table::write_atomic(&place.join(RECIPE), |out| out.write_all(recipe.as_bytes()))?;
        if !outcome.tests.is_empty() {
            let row = |test: &TestRow| FewShotRow::new(&cell.recipe, test, outcome.seconds, self.device.text());
            let rows: Vec<FewShotRow> = outcome.tests.iter().map(row).collect();
            table::write(&place.join(RESULTS), &self.provenance(name), &rows)?;
        }
        Ok(())
    }

    fn check(&self, cells: &[GridCell<FewShot>]) -> Result<(), Failure> {
        let mut keys = Vec::new();
        let mut faults = Vec::new();
        for recipe in cells.iter().map(|cell| &cell.recipe) {
            let key = (&recipe.dataset, &recipe.split, recipe.side);
            if keys.contains(&key) {
                continue;
            }
            keys.push(key);
            let data = FewShotData::load(&self.place.cache(), recipe)?;
            for (part, classes) in [("train", &data.train), ("validation", &data.validation), ("test", &data.test)] {
                let bad = classes.check();
                let (classes, images) = (classes.len(), classes.items().0.len());
                super::print(&format!(
                    "{} ({part}): {classes} classes, {images} images, {} bad\n",
                    recipe.dataset,
                    bad.len()
                ))?;
                faults.extend(bad);
            }
        }
        faults.iter().take(NAMED).for_each(|fault| say(&fault.to_string()));
        match faults.first() {
            None => Ok(()),
            Some(first) => Err(Failure(format!("{} bad images; first: {first}", faults.len()))),
        }
    }
}

/// Whether a run of the same recipe has been tested and has nothing to do before the end of an epoch.
fn done(place: &Path, cell: &GridCell<FewShot>, until: u32) -> bool {
    let rows = rows_of(place, cell).unwrap_or_default();
    rows.first()
        .is_some_and(|row| row.epochs >= until.min(cell.recipe.epochs) && row.tests == cell.recipe.test_episodes)
}

/// The rows that a run has left, where its recipe is still the same.
fn rows_of(place: &Path, cell: &GridCell<FewShot>) -> Option<Vec<FewShotRow>> {
    let recipe = table::read_text(&place.join(RECIPE)).ok()?;
    let same = FewShot::parse(&recipe, &[]).is_ok_and(|recipe| recipe == cell.recipe);
    table::read(&place.join(RESULTS)).ok().filter(|_| same)
}

/// The tables of few-shot runs, from which their page is drawn.
#[derive(Default)]
pub struct Tables {
    rows: Vec<FewShotRow>,
    curves: Vec<RunCurveRow>,
    differences: Vec<DifferenceRow>,
    heads: Vec<HeadRow>,
}

impl Tables {
    /// What the runs have left in their folders, in the grid's order; `folder` is that of the table of other heads.
    pub fn gather<C: Borrow<GridCell<FewShot>>>(runs: &[(PathBuf, C)], folder: &Path) -> Result<Tables, Failure> {
        let mut tables = Tables::default();
        let mut tested = Vec::new();
        for (place, cell) in runs {
            let recipe = &cell.borrow().recipe;
            if let Some(rows) = rows_of(place, cell.borrow()) {
                tables.rows.extend(rows);
                tested.push((place, recipe));
            }
            if place.join(METRICS).exists() {
                let curve: Vec<CurveRow> = table::read(&place.join(METRICS))?;
                tables.curves.extend(curve.iter().map(|row| RunCurveRow::new(recipe, row)));
            }
        }
        for shape in tested.first().map_or(Vec::new(), |(_, recipe)| recipe.tests()) {
            let of: Vec<Vec<f64>> =
                tested.iter().map(|(place, _)| accuracies(place, shape)).collect::<Result<_, _>>()?;
            let pairs = (0..tested.len()).flat_map(|i| (i + 1..tested.len()).map(move |j| (i, j)));
            let rows = pairs.filter_map(|(i, j)| difference((tested[i].1, &of[i]), (tested[j].1, &of[j]), shape));
            tables.differences.extend(rows);
        }
        let heads = folder.join(HEADS);
        if heads.exists() {
            tables.heads = table::read(&heads)?;
        }
        Ok(tables)
    }
    /// What a folder's tables hold.
    pub fn read(folder: &Path) -> Result<Tables, Failure> {
        let heads = folder.join(HEADS);
        Ok(Tables {
            rows: table::read(&folder.join(RESULTS))?,
            curves: table::read(&folder.join(CURVES))?,
            differences: table::read(&folder.join(DIFFERENCES))?,
            heads: if heads.exists() { table::read(&heads)? } else { Vec::new() },
        })
    }
    pub fn write(&self, folder: &Path, provenance: &Provenance) -> Result<(), Failure> {
        table::write(&folder.join(RESULTS), provenance, &self.rows)?;
        table::write(&folder.join(CURVES), provenance, &self.curves)?;
        Ok(table::write(&folder.join(DIFFERENCES), provenance, &self.differences)?)
    }
    pub fn page(&self, folder: &Path, name: &str, provenance: &Provenance) -> Result<PathBuf, Failure> {
        let reported: Vec<ReportedRow> =
            table::read_rows(REPORTED.as_bytes(), Path::new("studies/fewshot/reported.csv"))?;
        let not_run: Vec<NotRunRow> = table::read_rows(NOT_RUN.as_bytes(), Path::new("studies/fewshot/not-run.csv"))?;
        Ok(report::few_shot(
            folder,
            name,
            provenance,
            &self.rows,
            &self.curves,
            &self.differences,
            &self.heads,
            (&reported, &not_run),
        )?)
    }
}

/// A bar on a terminal, a line an epoch elsewhere.
struct Reporter {
    bar: ProgressBar,
    plain: bool,
    name: String,
    epochs: u32,
    started: Instant,
    /// Episodes since the start, for the rate.
    episodes: Cell<u64>,
    stop: Stop,
}

impl Reporter {
    fn new(name: &str, epochs: u32, stop: Stop) -> Self {
        let plain = !std::io::stderr().is_terminal();
        let bar = if plain { ProgressBar::hidden() } else { ProgressBar::new(0) };
        let template = "{msg} {wide_bar} {pos}/{len} episodes, {per_sec}, {eta} left";
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        let (name, started) = (name.to_owned(), Instant::now());
        Reporter { bar, plain, name, epochs, started, episodes: Cell::new(0), stop }
    }
    fn line(&self, line: &str) {
        if self.plain { say(line) } else { self.bar.println(line) }
    }
}

impl FewShotObserver for Reporter {
    fn is_stopped(&self) -> bool {
        self.stop.is_asked()
    }
    fn episode(&self, epoch: u32, episode: u32, of: u32, loss: f64, accuracy: f64) {
        self.episodes.set(self.episodes.get() + 1);
        self.bar.set_length(u64::from(of) * u64::from(self.epochs));
        self.bar.set_position(u64::from(epoch - 1) * u64::from(of) + u64::from(episode));
        self.bar.set_message(format!("{}: epoch {epoch}: loss {loss:.4}, accuracy {accuracy:.4}", self.name));
    }
    fn epoch(&self, row: &CurveRow) {
        let rate = self.started.elapsed().as_secs_f64() / self.episodes.get().max(1) as f64;
        self.line(&format!(
            "{}: epoch {} of {}: loss {:.4}, accuracy {:.4}, validation {:.4} ± {:.4}, ‖v‖ {:.3} to {:.3}, at the clip {:.4}, \
             {rate:.3} s an episode",
            self.name,
            row.epoch,
            self.epochs,
            row.train_loss,
            row.train_accuracy,
            row.valid_accuracy,
            row.valid_ci95,
            row.feature_p50,
            row.feature_max,
            row.share_at_clip,
        ));
    }
    fn test(&self, row: &TestRow) {
        self.line(&format!(
            "{}: {}{}-way {}-shot: {:.4} ± {:.4} on {} episodes, epoch {} of {}",
            self.name,
            if row.set.is_empty() { String::new() } else { format!("{} ", row.set) },
            row.way,
            row.shot,
            row.accuracy,
            row.ci95,
            row.tests,
            row.best_epoch,
            row.epochs
        ));
    }
}
