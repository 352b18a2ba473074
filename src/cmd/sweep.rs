//! `hypprec sweep`: runs a study and writes its tables, plots and page.

use super::Failure;
use crate::arithmetic::Arithmetic;
use crate::formula::{Model, Op};
use crate::report;
use crate::study::{BUILT_IN, Filter, Progress, Study, clip_rows, forget_parts, keep_worst, run, summary_rows};
use crate::table::{self, Provenance, TableError};
use indicatif::{ProgressBar, ProgressStyle};
use std::fs;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Measure every formula variant and guard of a study against certified truth.
#[derive(clap::Args)]
pub struct Sweep {
    /// A built-in study's name, or a TOML file
    #[arg(default_value = "boundary")]
    study: String,
    /// Where to write [default: out/STUDY]
    #[arg(long)]
    out: Option<PathBuf>,
    /// Keep only these models (may be repeated, as may the other filters)
    #[arg(long, value_delimiter = ',')]
    model: Vec<Model>,
    /// Keep only these arithmetics
    #[arg(long, value_delimiter = ',')]
    scalar: Vec<Arithmetic>,
    /// Keep only these operations
    #[arg(long, value_delimiter = ',')]
    op: Vec<Op>,
    /// Keep only these variants
    #[arg(long, value_delimiter = ',')]
    variant: Vec<String>,
    /// Keep only these guards
    #[arg(long, value_delimiter = ',')]
    guard: Vec<String>,
    /// Keep only these dimensions
    #[arg(long, value_delimiter = ',')]
    dim: Vec<usize>,
    /// Keep only these curvatures (c > 0 of curvature −c)
    #[arg(long, value_delimiter = ',')]
    curvature: Vec<f64>,
    /// Also add the worst case of each operation, model and arithmetic to the files of this folder, which only grow
    #[arg(long, value_name = "DIR")]
    worst: Option<PathBuf>,
    /// Threads [default: one a core]
    #[arg(long)]
    jobs: Option<usize>,
    /// Go on where a killed run of the same command stopped
    #[arg(long)]
    resume: bool,
}

impl Sweep {
    pub fn run(self) -> Result<(), Failure> {
        let started = Instant::now();
        let (name, text) = self.text()?;
        let place = |error: crate::study::StudyError| Failure(format!("{}: {error}", self.study));
        let study = Study::parse(&text).map_err(place)?;
        let groups = study.groups(&self.filter()).map_err(place)?;
        let cells: u64 = groups.iter().map(|group| group.cases.len() as u64).sum();
        let folder = self.out.clone().unwrap_or_else(|| PathBuf::from("out").join(&name));
        fs::create_dir_all(&folder).map_err(TableError::io(&folder))?;

        let provenance = Provenance {
            command: self.command(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            revision: env!("HYPPREC_REVISION").to_owned(),
            seed: study.seed,
            host: host(),
        };
        let fingerprint = format!("{}\n{}\n{text}", provenance.command, provenance.version);
        let reporter = Reporter::new(cells);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.jobs.unwrap_or(0)).build()?;
        let rows = pool.install(|| run(&groups, &folder, &fingerprint, self.resume, &reporter))?;
        reporter.bar.finish_and_clear();

        let (summary, clip) = (summary_rows(&rows), clip_rows(&rows));
        table::write(&folder.join("cells.csv"), &provenance, &rows)?;
        table::write(&folder.join("summary.csv"), &provenance, &summary)?;
        table::write(&folder.join("clip.csv"), &provenance, &clip)?;
        let page = report::boundary(&folder, &name, &study, &provenance, &rows, &summary, &clip)?;
        if let Some(kept) = &self.worst {
            let added = keep_worst(kept, &groups, &rows)?;
            super::print(&format!("{added} worst cases added to {}\n", kept.display()))?;
        }
        forget_parts(&folder)?;
        super::print(&format!(
            "{} cells in {:.1} s; the page is {}\n",
            rows.len(),
            started.elapsed().as_secs_f64(),
            page.display()
        ))
    }

    fn text(&self) -> Result<(String, String), Failure> {
        if let Some((name, text)) = BUILT_IN.iter().find(|(name, _)| *name == self.study) {
            return Ok(((*name).to_owned(), (*text).to_owned()));
        }
        let path = PathBuf::from(&self.study);
        if !path.exists() {
            let known: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
            let known = known.join(", ");
            return Err(Failure(format!("no study `{}`: neither a file nor one of: {known}", self.study)));
        }
        let text = fs::read_to_string(&path).map_err(TableError::io(&path))?;
        let name = path.file_stem().map_or("study".to_owned(), |stem| stem.to_string_lossy().into_owned());
        Ok((name, text))
    }

    fn filter(&self) -> Filter {
        Filter {
            models: self.model.clone(),
            scalars: self.scalar.clone(),
            ops: self.op.clone(),
            variants: self.variant.clone(),
            guards: self.guard.clone(),
            dims: self.dim.clone(),
            curvatures: self.curvature.clone(),
        }
    }

    /// The command that makes the same rows: without where they go, how fast, and from where they go on.
    fn command(&self) -> String {
        let mut words = vec!["hypprec sweep".to_owned(), self.study.clone()];
        let mut option = |name: &str, values: Vec<String>| {
            if !values.is_empty() {
                words.push(format!("--{name} {}", values.join(",")));
            }
        };
        fn texts<T: ToString>(list: &[T]) -> Vec<String> {
            list.iter().map(ToString::to_string).collect()
        }
        option("model", texts(&self.model));
        option("scalar", texts(&self.scalar));
        option("op", texts(&self.op));
        option("variant", self.variant.clone());
        option("guard", self.guard.clone());
        option("dim", texts(&self.dim));
        option("curvature", texts(&self.curvature));
        words.join(" ")
    }
}

/// What the figures were made on, as far as it could matter.
fn host() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{} {}, {cores} cores", std::env::consts::OS, std::env::consts::ARCH)
}

/// A bar on a terminal, a line every tenth elsewhere.
struct Reporter {
    bar: ProgressBar,
    plain: bool,
    cells: u64,
    done: AtomicU64,
}

/// Plain progress lines over a run.
const LINES: u64 = 10;

impl Reporter {
    fn new(cells: u64) -> Self {
        let plain = !std::io::stderr().is_terminal();
        let bar = if plain { ProgressBar::hidden() } else { ProgressBar::new(cells) };
        let template = "{wide_bar} {pos}/{len} cells, {per_sec}, {eta} left";
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Reporter { bar, plain, cells, done: AtomicU64::new(0) }
    }
}

impl Progress for Reporter {
    fn finished(&self, cells: u64) {
        self.bar.inc(cells);
        let before = self.done.fetch_add(cells, Ordering::Relaxed);
        let line = |done: u64| done * LINES / self.cells.max(1);
        if self.plain && line(before + cells) > line(before) {
            super::say(&format!("{} of {} cells", before + cells, self.cells));
        }
    }
}
