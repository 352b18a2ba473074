//! `hypprec scan`: how deep an embedding lies, who clipped it, and what its distances are worth.

use super::Failure;
use super::named::provenance;
use super::progress::Reporter;
use crate::arithmetic::Arithmetic;
use crate::formula::Model;
use crate::report::{self, Section};
use crate::table::{self, Embedding, Provenance, TableError, write_atomic};
use crate::verdict::scan::{self, Kind, Question};
use serde_json::json;
use std::fs;
use std::path::PathBuf;

/// Scan an embedding: depth, clips, separations, and the error of its distances against certified truth.
///
/// FILE is a .npy or .npz array [n, d] of float16, float32 or float64, or a text: CSV with a column `x` whose cells hold a
/// point each (numbers separated by spaces), or with one column a coordinate, with or without a line of names; a column `c`
/// is the curvature, lines that begin with # and columns without a name are skipped. Decimals are read as f64 first.
/// Coordinates are those of --model; each is rounded once to --scalar.
#[derive(clap::Args)]
#[command(after_help = KEYS)]
pub struct Scan {
    /// What the coordinates are (see `hypprec list models`)
    #[arg(long)]
    model: Model,
    /// The arithmetic in which the points are used: f32, f64, bf16, f16, dd, mpfr:BITS, …
    #[arg(long)]
    scalar: Arithmetic,
    /// c > 0 of curvature −c [default: what the file says, or 1]
    #[arg(long)]
    curvature: Option<f64>,
    /// At most this many pairs of either kind (random, nearest) are measured against certified truth
    #[arg(long, default_value_t = 1000)]
    pairs: usize,
    /// The relative error of a distance that is good enough
    #[arg(long, default_value_t = 0.01)]
    tolerance: f64,
    /// What all draws depend on
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which array of a .npz archive
    #[arg(long)]
    array: Option<String>,
    /// Threads [default: one a core]
    #[arg(long)]
    jobs: Option<usize>,
    /// Write a page, its plots, pairs.csv and scan.json into this folder
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The embedding
    file: PathBuf,
}

/// What a script may rely on.
const KEYS: &str = "\
JSON (keys stay, new ones may come; points are numbered from 0; depths are distances times √c):
  file, array, version, model, scalar, dtype, c, tolerance, seed, points, dim
  standing            inside, and {count, first} of non_finite, overflow, outside, outside_by_rounding, off_hyperboloid
  radius              [{share, depth, distance, gradient_radial, gradient_tangential}] at shares 0 to 1
  radius_histogram    {low, high, counts} of depths
  ties                named: [{guards, norm, depth, distance, window, count, share, expected, beyond}]; at_largest: one or null
  duplicates          {count, first, by_rounding}
  nearest             {exact, points, separation: [{share, depth, distance}], log_histogram} or null
  errors              [{pairs, variant, n, ok_share, within_tolerance, median_, p99_ and max_relative, median_, p99_ and
                      max_ulps, witness}] with pairs random or nearest
  storage             [{pairs, n, median, p99, max, measured_median, measured_p99, measured_max}]";

impl Scan {
    pub fn run(self) -> Result<(), Failure> {
        let name = self.file.display();
        if !(self.tolerance > 0.0 && self.tolerance.is_finite()) {
            return Err(Failure(format!("--tolerance {} is not a positive number", self.tolerance)));
        }
        if let Some(c) = self.curvature.filter(|c| !(*c > 0.0 && c.is_finite())) {
            return Err(Failure(format!("--curvature {c} is not a positive number (curvature is −c, c > 0)")));
        }
        let embedding = Embedding::read(&self.file, self.array.as_deref())?;
        let question = Question {
            model: self.model,
            scalar: self.scalar,
            c: self.curvature.or(embedding.c).unwrap_or(1.0),
            pairs: self.pairs,
            tolerance: self.tolerance,
            seed: self.seed,
        };
        let reporter = Reporter::new((Kind::ALL.len() * self.pairs.min(embedding.points)) as u64);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.jobs.unwrap_or(0)).build()?;
        let scanned = pool.install(|| {
            crate::with_arithmetic!(self.scalar, |proto| scan::scan(&embedding, &question, &proto, &reporter))
        });
        reporter.clear();
        let scanned = scanned.map_err(|error| Failure(format!("{name}: {error}")))?;
        let mut value = json!({"file": self.file, "array": embedding.array, "version": env!("CARGO_PKG_VERSION")});
        if let (Some(all), serde_json::Value::Object(found)) = (value.as_object_mut(), serde_json::to_value(&scanned)?)
        {
            all.extend(found);
        }
        let json = format!("{}\n", serde_json::to_string_pretty(&value)?);
        let mut page = None;
        if let Some(folder) = &self.out {
            fs::create_dir_all(folder).map_err(TableError::io(folder))?;
            let provenance = self.provenance(&embedding, question.c);
            table::write(&folder.join("pairs.csv"), &provenance, &scanned.measured)?;
            write_atomic(&folder.join("scan.json"), |out| out.write_all(json.as_bytes()))?;
            page = Some(report::scan(folder, &scanned, &embedding, &provenance)?);
        }
        if self.json {
            return super::print(&json);
        }
        let mut text: String = report::sections(&scanned, &embedding).iter().map(printed).collect();
        if let Some(page) = page {
            text += &format!("\nThe page is {}\n", page.display());
        }
        super::print(&text)
    }

    fn provenance(&self, embedding: &Embedding, c: f64) -> Provenance {
        let array = embedding.array.as_ref().map_or(String::new(), |array| format!(" --array {array}"));
        let command = format!(
            "hypprec scan {} --model {} --scalar {} --curvature {c} --pairs {} --tolerance {}{array}",
            self.file.display(),
            self.model,
            self.scalar,
            self.pairs,
            self.tolerance
        );
        provenance(command, self.seed)
    }
}

/// A section as text: its heading, its sentences, and its table with columns as wide as their widest cell.
fn printed(section: &Section) -> String {
    const WIDTH: usize = 100;
    let mut out = format!("\n{}\n", section.heading);
    let mut line = String::new();
    for word in section.text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            out += &format!("  {line}\n");
            line.clear();
        }
        line += if line.is_empty() { "" } else { " " };
        line += word;
    }
    out += &format!("  {line}\n");
    if section.rows.is_empty() {
        return out;
    }
    let header: Vec<String> = section.header.iter().map(|cell| (*cell).to_owned()).collect();
    let rows: Vec<&Vec<String>> = std::iter::once(&header).chain(&section.rows).collect();
    let width = |i: usize| rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        out += &format!("    {}\n", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    out
}
