//! `hypprec train`: trains a recipe, or every run of a grid of recipes, and writes its tables, checkpoint and page.

use super::data::Place;
use super::named::provenance;
use super::runs::{Asking, RECIPE, place_of, placed, share, stopped_in};
use super::shards::Sharded;
use super::stop::Stop;
use super::{Failure, options, say};
use crate::data::{Cache, Images, Split, load, set};
use crate::report;
use crate::table::{self, PAGE, Provenance, TableError};
use crate::train::{
    BUILT_IN, CHECKPOINT, Checkpoint, EpochRow, Features, Grid, GridCell, HALFWAY, METRICS, MetricsRow, Network,
    Observer, Outcome, Recipe, ResultRow, StopRow, TrainError, Trained, embeddings, features_of, run,
};
use burn_tensor::Device;
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};
use std::borrow::Borrow;
use std::cell::Cell;
use std::fs;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Train a recipe, or a grid of recipes.
#[derive(clap::Args)]
pub struct Train {
    /// A built-in recipe's name, or a TOML file
    #[arg(default_value = "mnist")]
    recipe: String,
    /// The embedded sample, offline, in under a minute: the recipe `demo`
    #[arg(long, conflicts_with = "recipe")]
    demo: bool,
    /// poincare, lorentz, klein or euclidean
    #[arg(long)]
    model: Option<String>,
    /// The variant that scores points
    #[arg(long)]
    variant: Option<String>,
    /// The variant that maps features to points
    #[arg(long)]
    exp0: Option<String>,
    #[arg(long)]
    guard: Option<String>,
    /// The arithmetic of backbone and head: f16, bf16, f32 or f64 (apart with --set head_scalar=… and backbone_scalar=…)
    #[arg(long)]
    scalar: Option<String>,
    /// c > 0 of curvature −c
    #[arg(long, allow_hyphen_values = true)]
    curvature: Option<f64>,
    #[arg(long)]
    dim: Option<usize>,
    #[arg(long)]
    epochs: Option<u32>,
    #[arg(long)]
    seed: Option<u64>,
    /// Any other field of the recipe, as FIELD=VALUE; may be repeated
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    fields: Vec<String>,
    /// Where to compute; builds with the features `cuda` or `wgpu` have those too
    #[arg(long, default_value = "cpu")]
    device: Name,
    /// Threads [default: one a core]
    #[arg(long, value_parser = options::jobs)]
    jobs: Option<usize>,
    /// Go on from the checkpoint in the output folder
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    sharded: Sharded,
    /// Where to write [default: out/train/RECIPE]
    #[arg(long)]
    out: Option<PathBuf>,
    /// Also replace files that hypprec did not write
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    place: Place,
}

/// The devices of this build.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Name {
    Cpu,
    #[cfg(feature = "cuda")]
    Cuda,
    #[cfg(feature = "wgpu")]
    Wgpu,
}

impl Name {
    pub fn device(self) -> Device {
        match self {
            Name::Cpu => Device::flex(),
            #[cfg(feature = "cuda")]
            Name::Cuda => Device::cuda(burn_tensor::DeviceIndex::Default),
            #[cfg(feature = "wgpu")]
            Name::Wgpu => Device::wgpu(burn_tensor::DeviceKind::DefaultDevice),
        }
    }
    /// As a results row says it.
    pub fn text(self) -> String {
        match self {
            Name::Cpu => match rayon::current_num_threads() {
                1 => "cpu, 1 thread".to_owned(),
                n => format!("cpu, {n} threads"),
            },
            #[cfg(feature = "cuda")]
            Name::Cuda => "cuda".to_owned(),
            #[cfg(feature = "wgpu")]
            Name::Wgpu => "wgpu".to_owned(),
        }
    }
}

/// The tables of runs, of their epochs, and of those that stopped.
pub const RESULTS: &str = "results.csv";
pub const EPOCHS: &str = "epochs.csv";
const STOPS: &str = "stopped.csv";
pub const TABLES: [&str; 3] = [RESULTS, EPOCHS, STOPS];
/// How the recipe of a run that stopped begins.
const STOPPED: &str = "# stopped: ";
/// Bytes of a backbone's SHA-256 in the name of its features.
const DIGEST: usize = 8;
/// Coordinates of points that a picture shows.
const DISK: usize = 2;

/// The name and the text of a recipe that is built in, or that a file holds.
pub fn text_of(asked: &str, built_in: &[(&str, &str)]) -> Result<(String, String), Failure> {
    if let Some((name, text)) = built_in.iter().find(|(name, _)| *name == asked) {
        return Ok(((*name).to_owned(), (*text).to_owned()));
    }
    let path = PathBuf::from(asked);
    if !path.exists() {
        let known: Vec<&str> = built_in.iter().map(|(name, _)| *name).collect();
        return Err(Failure(format!("no recipe `{asked}`: neither a file nor one of: {}", known.join(", "))));
    }
    let text = table::read_text(&path).map_err(TableError::io(&path))?;
    let name = path.file_stem().map_or("recipe".to_owned(), |stem| stem.to_string_lossy().into_owned());
    Ok((name, text))
}

impl Train {
    pub fn run(self) -> Result<ExitCode, Failure> {
        let stop = Stop::listen()?;
        self.curvature.map(options::curvature).transpose()?;
        if let Some(jobs) = self.jobs {
            rayon::ThreadPoolBuilder::new().num_threads(jobs).build_global()?;
        }
        let (name, text) = text_of(if self.demo { "demo" } else { &self.recipe }, BUILT_IN)?;
        let overrides = self.overrides();
        let place = |error: crate::train::RecipeError| Failure(format!("{name}: {error}"));
        let folder = self.out.clone().unwrap_or_else(|| PathBuf::from("out").join("train").join(&name));
        self.own(&folder, &[&[EPOCHS, STOPS][..], &PAGE].concat())?;
        match Grid::parse(&text, &overrides).map_err(place)? {
            Some(grid) => self.grid(&name, &text, &grid, &folder, &stop),
            None => self.single(&name, &Recipe::parse(&text, &overrides).map_err(place)?, &folder, stop),
        }
    }

    /// Makes a folder in which nothing but what hypprec wrote is replaced by these files and those of a run, unless asked for.
    fn own(&self, folder: &Path, files: &[&str]) -> Result<(), Failure> {
        let of_runs = [RESULTS, METRICS, CHECKPOINT, HALFWAY];
        Ok(table::own(folder, &[files, &of_runs].concat(), self.force)?)
    }

    fn overrides(&self) -> Vec<String> {
        let quoted = |field: &str, value: &Option<String>| value.as_ref().map(|value| format!("{field}=\"{value}\""));
        let mut all: Vec<String> = Vec::new();
        all.extend(quoted("model", &self.model));
        all.extend(quoted("mlr", &self.variant));
        all.extend(quoted("exp0", &self.exp0));
        all.extend(quoted("guard", &self.guard));
        all.extend(quoted("backbone_scalar", &self.scalar));
        all.extend(quoted("head_scalar", &self.scalar));
        all.extend(self.curvature.map(|c| format!("curvature={c:?}")));
        all.extend(self.dim.map(|n| format!("dim={n}")));
        all.extend(self.epochs.map(|n| format!("epochs={n}")));
        all.extend(self.seed.map(|n| format!("seed={n}")));
        all.extend(self.fields.iter().cloned());
        all
    }

    fn provenance(&self, name: &str, seed: u64) -> Provenance {
        let overrides = self.overrides();
        let given: String = overrides.iter().map(|field| format!(" --set '{field}'")).collect();
        provenance(format!("hypprec train {name}{given}"), seed)
    }

    fn single(&self, name: &str, recipe: &Recipe, folder: &Path, stop: Stop) -> Result<ExitCode, Failure> {
        if self.sharded.is_asked() {
            return Err(Failure(format!("{name}: --shard divides a grid of runs, and this is one run")));
        }
        let data = Data::load(&self.place.cache(), recipe)?;
        data.fit(recipe)?;
        let device = self.device.device();
        let reporter = Reporter::new(recipe.epochs, stop.clone());
        let outcome = data.run(recipe, &device, folder, self.resume, &reporter);
        reporter.bar.finish_and_clear();
        let outcome = match outcome {
            Err(TrainError::Stopped) => return Ok(stopped_in(folder)),
            outcome => outcome?,
        };
        let provenance = self.provenance(name, recipe.seed);
        let row = result_row(recipe, &outcome, self.device);
        table::write(&folder.join(RESULTS), &provenance, std::slice::from_ref(&row))?;
        if let Some(diagnosis) = &outcome.diagnosis {
            return Err(Failure(format!("{name}: {diagnosis}; the last sound epoch is in {}", super::shown(folder))));
        }
        let mut stages = Vec::new();
        if let Some(test) = data.test_images() {
            let halfway = folder.join(HALFWAY);
            if recipe.dim == DISK && halfway.exists() {
                let (network, _) = network_of(&halfway)?;
                stages.push((recipe.epochs / 2, embeddings(&network, test, &device)));
            }
            stages.push((row.epochs, embeddings(&outcome.network, test, &device)));
        }
        let page =
            report::training(folder, name, recipe, &provenance, &outcome.metrics, &row, &stages, data.test_images())?;
        super::print(&format!(
            "test accuracy {:.4} after {} epochs, {:.1} s; the page is {}\n",
            row.test_accuracy,
            row.epochs,
            row.seconds,
            super::shown(&page)
        ))?;
        Ok(ExitCode::SUCCESS)
    }

    /// Every run of a grid that is not done yet, or those of a shard; each leaves its row in a folder of its own, and the
    /// table of all is put together from those.
    fn grid(&self, name: &str, text: &str, grid: &Grid, folder: &Path, stop: &Stop) -> Result<ExitCode, Failure> {
        let (device, cache) = (self.device.device(), self.place.cache());
        let mut loaded: Option<(String, Data)> = None;
        let provenance = self.provenance(name, 0);
        let (runs, resume) = (grid.cells.len(), self.resume);
        let asking = Asking { verb: "train", name, text, folder, provenance: &provenance, runs, resume };
        let shard = self.sharded.get()?;
        let ControlFlow::Continue(task) = asking.begin(shard)? else { return Ok(ExitCode::SUCCESS) };
        let (mine, places) = (share(&grid.cells, shard), placed(folder, &grid.cells));
        for &(i, cell) in &mine {
            if stop.is_asked() {
                return asking.interrupt(task);
            }
            let runs = place_of(folder, cell);
            if self.resume && row_of(&runs, cell).is_some() {
                continue;
            }
            self.own(&runs, &[])?;
            remove(&runs.join(RESULTS))?;
            let key = format!(
                "{} {:?} {:?} {:?}",
                cell.recipe.dataset, cell.recipe.backbone, cell.recipe.train_limit, cell.recipe.test_limit
            );
            let data = match loaded.take().filter(|(of, _)| *of == key) {
                Some((_, data)) => data,
                None => {
                    let mut data = Data::load(&cache, &cell.recipe)?;
                    if let Some(backbone) = &cell.recipe.backbone {
                        data.freeze(Path::new(backbone), folder, &device)?;
                    }
                    data
                }
            };
            data.fit(&cell.recipe)?;
            let outcome = data.run(&cell.recipe, &device, &runs, self.resume, &Silent(stop.clone()));
            let outcome = match outcome {
                Err(TrainError::Stopped) => return asking.interrupt(task),
                outcome => outcome?,
            };
            loaded = Some((key, data));
            let row = result_row(&cell.recipe, &outcome, self.device);
            say(&format!(
                "{} of {}: {}: test accuracy {:.4}, {:.1} s{}",
                i + 1,
                grid.cells.len(),
                cell.name,
                row.test_accuracy,
                row.seconds,
                outcome.diagnosis.as_ref().map_or(String::new(), |d| format!("; {d}"))
            ));
            let diagnosis = outcome.diagnosis.map_or(String::new(), |d| format!("{STOPPED}{d}\n"));
            let recipe = diagnosis + &cell.recipe.to_toml();
            table::write_atomic(&runs.join(RECIPE), |out| out.write_all(recipe.as_bytes()))?;
            table::write(&runs.join(RESULTS), &self.provenance(name, cell.recipe.seed), std::slice::from_ref(&row))?;
            if cell.recipe.trained == Trained::Head {
                // The backbone is in its own checkpoint, and the head takes seconds to train again.
                remove(&runs.join(CHECKPOINT))?;
            }
            if shard.is_none() {
                Tables::gather(&places)?.write(folder, &provenance)?;
            }
        }
        if let Some(task) = task {
            return asking.finish(task, &mine, RESULTS);
        }
        let tables = Tables::gather(&places)?;
        tables.write(folder, &provenance)?;
        let page = tables.page(folder, name, &provenance)?;
        super::print(&format!("{} of {runs} runs; the page is {}\n", tables.rows.len(), super::shown(&page)))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The tables of grids of runs, from which their page is drawn.
#[derive(Default)]
pub struct Tables {
    pub rows: Vec<ResultRow>,
    pub epochs: Vec<EpochRow>,
    pub stops: Vec<StopRow>,
}

impl Tables {
    /// What the runs that are done have left in their folders, in the grid's order.
    pub fn gather<C: Borrow<GridCell>>(runs: &[(PathBuf, C)]) -> Result<Tables, Failure> {
        let mut tables = Tables::default();
        for (place, cell) in runs {
            let cell = cell.borrow();
            let Some(row) = row_of(place, cell) else { continue };
            if cell.recipe.trained == Trained::All && place.join(METRICS).exists() {
                let metrics: Vec<MetricsRow> = table::read(&place.join(METRICS))?;
                tables.epochs.extend(metrics.iter().map(|epoch| EpochRow::new(&row, epoch)));
            }
            let recipe = fs::read_to_string(place.join(RECIPE)).unwrap_or_default();
            let stop = recipe.lines().next().and_then(|line| line.strip_prefix(STOPPED));
            tables.stops.extend(stop.map(|what| StopRow::new(&row, what.to_owned())));
            tables.rows.push(row);
        }
        Ok(tables)
    }
    /// Adds what a folder's tables hold.
    pub fn read(&mut self, folder: &Path) -> Result<(), Failure> {
        self.rows.extend(table::read::<ResultRow>(&folder.join(RESULTS))?);
        self.epochs.extend(table::read::<EpochRow>(&folder.join(EPOCHS))?);
        self.stops.extend(table::read::<StopRow>(&folder.join(STOPS))?);
        Ok(())
    }
    pub fn write(&self, folder: &Path, provenance: &Provenance) -> Result<(), Failure> {
        table::write(&folder.join(RESULTS), provenance, &self.rows)?;
        table::write(&folder.join(EPOCHS), provenance, &self.epochs)?;
        Ok(table::write(&folder.join(STOPS), provenance, &self.stops)?)
    }
    pub fn page(&self, folder: &Path, name: &str, provenance: &Provenance) -> Result<PathBuf, Failure> {
        Ok(report::training_grid(folder, name, provenance, &self.rows, &self.epochs, &self.stops)?)
    }
}

/// Removes a file that may not be there.
pub fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(TableError::io(path)(error).into()),
        _ => Ok(()),
    }
}

/// The row that a finished run of a grid has left, where its recipe is still the same.
fn row_of(folder: &Path, cell: &GridCell) -> Option<ResultRow> {
    let recipe = fs::read_to_string(folder.join(RECIPE)).ok()?;
    let rows: Vec<ResultRow> = table::read(&folder.join(RESULTS)).ok()?;
    let same = Recipe::parse(&recipe, &[]).is_ok_and(|recipe| recipe == cell.recipe);
    rows.into_iter().next().filter(|_| same)
}

/// The guard's name, `+images` where its clip leaves the hyperplanes alone, `+riemannian` with the gradient factor.
fn guard_of(recipe: &Recipe) -> String {
    let images = if recipe.clip_planes { "" } else { "+images" };
    let riemannian = if recipe.riemannian { "+riemannian" } else { "" };
    format!("{}{images}{riemannian}", recipe.guard)
}

/// A run that ended before its first epoch has measured nothing.
fn result_row(recipe: &Recipe, outcome: &Outcome, device: Name) -> ResultRow {
    let last = outcome.metrics.last();
    ResultRow {
        trained: recipe.trained.to_string(),
        model: recipe.model.clone(),
        variant: format!("{}+{}", recipe.exp0, recipe.mlr),
        guard: guard_of(recipe),
        backbone_scalar: recipe.backbone_scalar.clone(),
        head_scalar: recipe.head_scalar.clone(),
        c: outcome.network.c(),
        dim: recipe.dim,
        seed: recipe.seed,
        epochs: outcome.metrics.len() as u32,
        test_accuracy: last.map_or(f64::NAN, |row| row.test_accuracy),
        share_at_clip: last.map_or(f64::NAN, |row| row.share_at_clip),
        nonfinite: last.map_or(0, |row| row.nonfinite) + u64::from(outcome.diagnosis.is_some()),
        seconds: outcome.seconds,
        device: device.text(),
    }
}

/// What a recipe is trained and tested on.
struct Data {
    train: Images,
    test: Images,
    /// Frozen features of both.
    frozen: Option<(Vec<f32>, Vec<f32>)>,
}

impl Data {
    fn load(cache: &Cache, recipe: &Recipe) -> Result<Data, Failure> {
        let set = set(&recipe.dataset)?;
        let mut data =
            Data { train: load(cache, set, Split::Train)?, test: load(cache, set, Split::Test)?, frozen: None };
        if let Some(n) = recipe.train_limit {
            data.train = data.train.first(n);
        }
        if let Some(n) = recipe.test_limit {
            data.test = data.test.first(n);
        }
        Ok(data)
    }

    /// Puts both splits through a trained backbone, once: the features are kept in the folder, named after the backbone's bytes.
    fn freeze(&mut self, backbone: &Path, folder: &Path, device: &Device) -> Result<(), Failure> {
        let (network, _) = network_of(backbone)?;
        let bytes = fs::read(backbone).map_err(TableError::io(backbone))?;
        let digest: String = Sha256::digest(&bytes).iter().take(DIGEST).map(|byte| format!("{byte:02x}")).collect();
        let features = |name: &str, images: &Images| -> Result<Vec<f32>, Failure> {
            let path = folder.join(format!("features-{digest}-{name}-{}.f32", images.len()));
            if let Ok(bytes) = fs::read(&path) {
                let numbers = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
                return Ok(numbers.collect());
            }
            say(&format!("{name}: {} images through {}", images.len(), backbone.display()));
            let numbers = features_of(&network, images, device);
            table::write_atomic(&path, |out| numbers.iter().try_for_each(|x| out.write_all(&x.to_le_bytes())))?;
            Ok(numbers)
        };
        self.frozen = Some((features("train", &self.train)?, features("test", &self.test)?));
        Ok(())
    }

    /// The images, where the network sees images.
    fn test_images(&self) -> Option<&Images> {
        self.frozen.is_none().then_some(&self.test)
    }

    /// Trains a recipe that these data are [fit for](Self::fit).
    fn run(
        &self,
        recipe: &Recipe,
        device: &Device,
        folder: &Path,
        resume: bool,
        observer: &dyn Observer,
    ) -> Result<Outcome, TrainError> {
        match (&self.frozen, recipe.trained) {
            (Some((train, test)), Trained::Head) => {
                let classes = self.train.classes;
                let train = Features::Frozen { numbers: train, labels: &self.train.labels, classes };
                let test = Features::Frozen { numbers: test, labels: &self.test.labels, classes };
                run(recipe, &train, &test, device, folder, resume, observer)
            }
            _ => {
                let (train, test) = (Features::Images(&self.train), Features::Images(&self.test));
                run(recipe, &train, &test, device, folder, resume, observer)
            }
        }
    }

    /// That a head is trained on frozen features.
    fn fit(&self, recipe: &Recipe) -> Result<(), Failure> {
        match (&self.frozen, recipe.trained) {
            (None, Trained::Head) => {
                Err(Failure("`trained = \"head\"` is for grids: it needs frozen features".to_owned()))
            }
            _ => Ok(()),
        }
    }
}

/// The network of a checkpoint, and its recipe.
pub fn network_of(path: &Path) -> Result<(Network, Recipe), Failure> {
    let checkpoint = Checkpoint::read(path)?;
    let recipe = Recipe::parse(&checkpoint.recipe, &[])?;
    let mut network = Network::new(&recipe, checkpoint.classes)?;
    checkpoint.restore(path, &mut |f| network.visit(f))?;
    Ok((network, recipe))
}

/// Nothing is shown of the steps of a grid's runs.
struct Silent(Stop);

impl Observer for Silent {
    fn step(&self, _epoch: u32, _step: usize, _of: usize, _loss: f64, _accuracy: f64) {}
    fn epoch(&self, _row: &MetricsRow) {}
    fn is_stopped(&self) -> bool {
        self.0.is_asked()
    }
}

/// A bar on a terminal, a line an epoch elsewhere.
struct Reporter {
    bar: ProgressBar,
    plain: bool,
    epochs: u32,
    started: Instant,
    /// Steps taken since the start, for the rate.
    steps: Cell<u64>,
    stop: Stop,
}

impl Reporter {
    fn new(epochs: u32, stop: Stop) -> Self {
        let plain = !std::io::stderr().is_terminal();
        let bar = if plain { ProgressBar::hidden() } else { ProgressBar::new(0) };
        let template = "{msg} {wide_bar} {pos}/{len} steps, {per_sec}, {eta} left";
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Reporter { bar, plain, epochs, started: Instant::now(), steps: Cell::new(0), stop }
    }
}

impl Observer for Reporter {
    fn is_stopped(&self) -> bool {
        self.stop.is_asked()
    }
    fn step(&self, epoch: u32, step: usize, of: usize, loss: f64, accuracy: f64) {
        self.steps.set(self.steps.get() + 1);
        self.bar.set_length(of as u64 * u64::from(self.epochs));
        self.bar.set_position((u64::from(epoch) - 1) * of as u64 + step as u64);
        self.bar.set_message(format!("epoch {epoch}: loss {loss:.4}, accuracy {accuracy:.4}"));
    }
    fn epoch(&self, row: &MetricsRow) {
        let rate = self.steps.get() as f64 / self.started.elapsed().as_secs_f64();
        let line = format!(
            "epoch {} of {}: loss {:.4}, accuracy {:.4}, test loss {:.4}, test accuracy {:.4}, c {:.4}, √c‖v‖ ≤ {:.3}, at the clip {:.4}, {rate:.1} steps/s",
            row.epoch,
            self.epochs,
            row.train_loss,
            row.train_accuracy,
            row.test_loss,
            row.test_accuracy,
            row.c,
            row.feature_max,
            row.share_at_clip
        );
        if self.plain { say(&line) } else { self.bar.println(line) }
    }
}
