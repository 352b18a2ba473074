//! `hypprec sweep`: runs a study and writes its tables, plots and page.

use super::Failure;
use super::named::{Named, place};
use super::progress::Reporter;
use super::report::{CLIP, CURVES, STUDY};
use crate::arithmetic::Arithmetic;
use crate::formula::{Model, Op};
use crate::report;
use crate::study::{Filter, clip_rows, curve_rows, forget_parts, keep_worst, run, summary_rows};
use crate::table::{self, CellRow, TableError};
use crate::verdict::choose;
use std::fs;
use std::path::PathBuf;
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
        let named = Named::open(&self.study)?;
        let groups = named.study.groups(&self.filter()).map_err(|error| place(&self.study, &error))?;
        let cells: u64 = groups.iter().map(|group| group.cases.len() as u64).sum();
        let folder = self.out.clone().unwrap_or_else(|| PathBuf::from("out").join(&named.name));
        fs::create_dir_all(&folder).map_err(TableError::io(&folder))?;

        let provenance = named.provenance(self.command());
        let fingerprint = format!("{}\n{}\n{}", provenance.command, provenance.version, named.text);
        let reporter = Reporter::new(cells);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.jobs.unwrap_or(0)).build()?;
        let rows = pool.install(|| run(&groups, &folder, &fingerprint, self.resume, &reporter))?;
        reporter.clear();

        let (clip, curves) = (clip_rows(&rows), curve_rows(&named.study, &rows, &cost));
        table::write(&folder.join("cells.csv"), &provenance, &rows)?;
        table::write(&folder.join("summary.csv"), &provenance, &summary_rows(&rows))?;
        table::write(&folder.join(CLIP), &provenance, &clip)?;
        table::write(&folder.join(CURVES), &provenance, &curves)?;
        table::write_atomic(&folder.join(STUDY), |out| out.write_all(named.text.as_bytes()))?;
        let page = report::study_page(&folder, &named.study, &provenance, &curves, &clip)?;
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

/// What a cell's variant costs, as the benchmark measured it.
fn cost(cell: &CellRow) -> Option<f64> {
    choose::cost(cell.model.parse().ok()?, &cell.scalar, &cell.op, &cell.variant)
}
