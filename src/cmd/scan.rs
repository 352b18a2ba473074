//! `hypprec scan`: how deep an embedding lies, who clipped it, and what its distances are worth.

use super::Failure;
use super::named::provenance;
use super::progress::Reporter;
use crate::arithmetic::Arithmetic;
use crate::formula::Model;
use crate::report::{self, Section};
use crate::table::{self, Embedding, Provenance, TableError, write_atomic};
use crate::verdict::choose::{Need, NeedError, Ranking, choose};
use crate::verdict::scan::{self, NeedOf, Question};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

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
  storage             [{pairs, n, median, p99, max, measured_median, measured_p99, measured_max}]
  need                {radius, separation, dim}: within which, and no closer than which, 99 % lie, as depths; or null
  recommended         the answer of `hypprec choose --json` to that need and --tolerance in any arithmetic; or {none}; or null";

impl Scan {
    pub fn run(self) -> Result<(), Failure> {
        let name = self.file.display();
        if !(self.tolerance > 0.0 && self.tolerance.is_finite()) {
            return Err(Failure(format!("--tolerance {} is not a positive number", self.tolerance)));
        }
        let asked = Asked {
            file: &self.file,
            model: self.model,
            scalar: Some(self.scalar),
            curvature: self.curvature,
            array: self.array.as_deref(),
        };
        let (embedding, question) = asked.read(self.pairs, self.tolerance, self.seed)?;
        // Random pairs may repeat points; of nearest ones there is one a point.
        let reporter = Reporter::of("pairs", (self.pairs + self.pairs.min(embedding.points)) as u64);
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
        let recommended = self.recommended(&scanned);
        value["recommended"] = match &recommended {
            Some(Ok(ranking)) => super::choose::value(ranking),
            Some(Err(error)) => json!({"none": error.to_string()}),
            None => serde_json::Value::Null,
        };
        let advice =
            scanned.need.as_ref().zip(recommended).map(|(need, ranking)| advice(need, ranking, self.tolerance));
        let json = format!("{}\n", serde_json::to_string_pretty(&value)?);
        let mut page = None;
        if let Some(folder) = &self.out {
            fs::create_dir_all(folder).map_err(TableError::io(folder))?;
            let provenance = self.provenance(&embedding, question.c);
            table::write(&folder.join("pairs.csv"), &provenance, &scanned.measured)?;
            write_atomic(&folder.join("scan.json"), |out| out.write_all(json.as_bytes()))?;
            page = Some(report::scan(folder, &scanned, &embedding, advice.as_ref(), &provenance)?);
        }
        if self.json {
            return super::print(&json);
        }
        let mut text: String = report::sections(&scanned, &embedding).iter().chain(&advice).map(printed).collect();
        if let Some(page) = page {
            text += &format!("\nThe page is {}\n", page.display());
        }
        super::print(&text)
    }

    /// What `choose` says to these points; `None` where they state no need.
    fn recommended(&self, scanned: &scan::Scan) -> Option<Result<Ranking, NeedError>> {
        let need = scanned.need?;
        Some(Need::new(need.radius, need.separation, need.dim, self.tolerance).map(|need| choose(&need)))
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

/// An embedding that is asked about.
pub(super) struct Asked<'a> {
    pub file: &'a Path,
    pub model: Model,
    /// `None`: the one that holds the file's numbers.
    pub scalar: Option<Arithmetic>,
    /// `None`: what the file says, or 1.
    pub curvature: Option<f64>,
    pub array: Option<&'a str>,
}

impl Asked<'_> {
    /// The points, and what is to be found out about them.
    pub fn read(&self, pairs: usize, tolerance: f64, seed: u64) -> Result<(Embedding, Question), Failure> {
        if let Some(c) = self.curvature.filter(|c| !(*c > 0.0 && c.is_finite())) {
            return Err(Failure(format!("--curvature {c} is not a positive number (curvature is −c, c > 0)")));
        }
        let embedding = Embedding::read(self.file, self.array)?;
        let question = Question {
            model: self.model,
            scalar: self.scalar.unwrap_or_else(|| scan::own_arithmetic(embedding.dtype)),
            c: self.curvature.or(embedding.c).unwrap_or(1.0),
            pairs,
            tolerance,
            seed,
        };
        Ok((embedding, question))
    }
}

/// What to use for the points, in words.
fn advice(need: &NeedOf, ranking: Result<Ranking, NeedError>, tolerance: f64) -> Section {
    let words = match ranking {
        Ok(ranking) => super::choose::text(&ranking, SHOWN),
        Err(error) => format!("No choice: {error}\n"),
    };
    Section {
        heading: "What to use",
        text: format!(
            "{}; a total error of {tolerance} is accepted. `hypprec choose` says:",
            super::choose::read_off(need)
        ),
        header: vec!["answer"],
        rows: words.lines().map(|line| vec![line.to_owned()]).collect(),
    }
}

/// How many choices that fit are shown.
const SHOWN: usize = 5;

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
