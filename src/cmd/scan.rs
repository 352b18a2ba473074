//! `hypprec scan`: how deep an embedding lies, who clipped it, and what its distances are worth.

use super::Failure;
use super::named::provenance;
use super::options;
use super::progress::Reporter;
use crate::arithmetic::Arithmetic;
use crate::formula::Model;
use crate::report::{self, Section};
use crate::table::{self, Embedding, PAGE, Provenance, Reading, write_atomic};
use crate::verdict::choose::{Need, NeedError, Ranking, choose};
use crate::verdict::scan::{self, NeedOf, Place, Question, ScanError};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Scan an embedding: depth, clips, separations, and the error of its distances against certified truth.
///
/// FILE is a .npy or .npz array [n, d] of float16, float32 or float64, or a text: CSV (or tabs, or spaces) with one column a
/// coordinate, with or without a line of names, or with a column `x` whose cells hold a point each (numbers separated by
/// spaces). Coordinates are the columns that are numbered on from one prefix (dim_0, dim_1, …), or x, y and z, or all but
/// those whose name or text says that they are none (label, id, weight); which were taken is told, and --columns says
/// otherwise. A column `c` is the curvature; lines that begin with # are comments. Coordinates are those of --model, time
/// first or last; each is rounded once to --scalar. Exit code 2 also where no point of the model is left.
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
    #[arg(long, allow_hyphen_values = true)]
    curvature: Option<String>,
    /// At most this many pairs of either kind (random, nearest) are measured against certified truth
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(..=MOST_PAIRS))]
    pairs: u64,
    /// The relative error of a distance that is good enough
    #[arg(long, allow_negative_numbers = true, default_value_t = 0.01)]
    tolerance: f64,
    /// What all draws depend on
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which array of a .npz archive
    #[arg(long)]
    array: Option<String>,
    /// The columns of the coordinates, by name (FIRST..LAST for a stretch), or by number from 1 where there are no names
    #[arg(long, value_delimiter = ',', value_name = "A,B,…")]
    columns: Vec<String>,
    /// Threads [default: one a core]
    #[arg(long, value_parser = options::jobs)]
    jobs: Option<usize>,
    /// Write a page, its plots, pairs.csv and scan.json into this folder
    #[arg(long)]
    out: Option<PathBuf>,
    /// With --out: also replace files that hypprec did not write
    #[arg(long, requires = "out")]
    force: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The embedding; `-` is standard input
    file: PathBuf,
}

/// What a folder gets beside the page.
const PAIRS: &str = "pairs.csv";
const SCAN: &str = "scan.json";

/// The most pairs of a kind: all that is measured of them is kept in memory.
const MOST_PAIRS: u64 = 100_000;

/// Examples, and what a script may rely on.
const KEYS: &str = "\
Examples:
  hypprec scan embedding.npy --model poincare --scalar f32
  hypprec scan embedding.csv --model poincare --scalar f32 --columns x0..x2 --json
  hypprec scan - --model lorentz --scalar dd --curvature 0.5 --pairs 100 < embedding.csv

JSON (keys stay, new ones may come; points are numbered from 0; depths are distances times √c):
  file, array, version, model, scalar, dtype, c, tolerance, seed, points, dim
  columns             {coordinates, left_out: [{name, why}], time: {column, place} or null, warnings}
  left_out            {count, of, non_finite, overflow, outside}: points of which nothing else is said
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
            curvature: self.curvature.as_deref(),
            array: self.array.as_deref(),
            columns: &self.columns,
        };
        let pairs = self.pairs as usize;
        let (embedding, question) = asked.read(pairs, self.tolerance, self.seed)?;
        let claim = |folder: &Path| table::claim(folder, &[PAIRS, SCAN, PAGE[0], PAGE[1]], self.force);
        let _claim = self.out.as_deref().map(claim).transpose()?;
        // Random pairs may repeat points; of nearest ones there is one a point.
        let reporter = Reporter::of("pairs", (pairs + pairs.min(embedding.points)) as u64);
        let pool = options::pool(self.jobs)?;
        let scanned = pool.install(|| scanned(&embedding, &question, &reporter));
        reporter.clear();
        let scanned = scanned.map_err(|error| Failure(format!("{name}: {error}")))?;
        if scanned.standing.inside == 0 {
            return Err(none_left(&name, &scanned));
        }
        let mut value = json!({"file": self.file.to_string_lossy(), "array": embedding.array, "version": env!("CARGO_PKG_VERSION")});
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
        let advice = scanned
            .need
            .as_ref()
            .zip(recommended)
            .map(|(need, ranking)| advice(need, &scanned, ranking, self.tolerance));
        let json = format!("{}\n", serde_json::to_string_pretty(&value)?);
        let mut page = None;
        if let Some(folder) = &self.out {
            let provenance = self.provenance(&embedding, question.c);
            table::write(&folder.join(PAIRS), &provenance, &scanned.measured)?;
            write_atomic(&folder.join(SCAN), |out| out.write_all(json.as_bytes()))?;
            page = Some(report::scan(folder, &scanned, &embedding, advice.as_ref(), &provenance)?);
        }
        if self.json {
            scanned.columns.warnings.iter().for_each(|what| super::say(&format!("warning: {what}")));
            return super::print(&json);
        }
        let mut text: String = report::sections(&scanned, &embedding).iter().chain(&advice).map(printed).collect();
        if let Some(page) = page {
            text += &format!("\nThe page is {}\n", super::shown(&page));
        }
        super::print(&text)
    }

    /// What `choose` says to these points; `None` where they state no need.
    fn recommended(&self, scanned: &scan::Scan) -> Option<Result<Ranking, NeedError>> {
        let need = scanned.need?;
        let asked = Need::new(need.radius, need.separation, need.dim, self.tolerance);
        Some(asked.map(|need| choose(&need.points(&scanned.spaced))))
    }

    fn provenance(&self, embedding: &Embedding, c: f64) -> Provenance {
        let array = embedding.array.as_ref().map_or(String::new(), |array| format!(" --array {array}"));
        let columns = match self.columns.as_slice() {
            [] => String::new(),
            columns => format!(" --columns {}", columns.join(",")),
        };
        let command = format!(
            "hypprec scan {} --model {} --scalar {} --curvature {c} --pairs {} --tolerance {}{array}{columns}",
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
    /// c as it is written; `None`: what the file says, or 1.
    pub curvature: Option<&'a str>,
    pub array: Option<&'a str>,
    /// `None` of them: those that the names tell.
    pub columns: &'a [String],
}

impl Asked<'_> {
    /// The points, and what is to be found out about them.
    pub fn read(&self, pairs: usize, tolerance: f64, seed: u64) -> Result<(Embedding, Question), Failure> {
        let asked = self.curvature.map(options::curvature_number).transpose()?;
        let time = self.model.times() > 0;
        let reading = Reading { array: self.array, columns: self.columns, time, number: scan::number };
        let embedding = Embedding::read(self.file, &reading)?;
        let c = asked.or(embedding.c).unwrap_or(1.0);
        let is_last = time && scan::time_of(&embedding, c).is_some_and(|time| time.place == Place::Last);
        let embedding = if is_last { embedding.last_first() } else { embedding };
        let question = Question {
            model: self.model,
            scalar: self.scalar.unwrap_or_else(|| scan::own_arithmetic(embedding.dtype)),
            c,
            c_text: self.curvature.map(str::to_owned).or_else(|| embedding.c_text.clone()),
            pairs,
            tolerance,
            seed,
        };
        Ok((embedding, question))
    }
}

/// The scan that a question asks for.
pub(super) fn scanned(
    embedding: &Embedding,
    question: &Question,
    progress: &Reporter,
) -> Result<scan::Scan, ScanError> {
    crate::with_arithmetic!(question.scalar, |proto| scan::scan(embedding, question, &proto, progress))
}

/// That nothing is said of no points, and why there are none.
pub(super) fn none_left(name: impl std::fmt::Display, scanned: &scan::Scan) -> Failure {
    let odd: String = scanned.columns.warnings.iter().rev().take(1).map(|what| format!("; {what}")).collect();
    Failure(format!("{name}: no point of the model is left: {}{odd}", scanned.left_out))
}

/// What to use for the points, in words.
fn advice(need: &NeedOf, scanned: &scan::Scan, ranking: Result<Ranking, NeedError>, tolerance: f64) -> Section {
    let words = match ranking {
        Ok(ranking) => super::choose::text(&ranking, SHOWN),
        Err(error) => format!("No choice: {error}\n"),
    };
    Section {
        heading: "What to use",
        text: format!(
            "{}; a total error of {tolerance} is accepted. `hypprec choose` says:",
            super::choose::read_off(need, &scanned.left_out)
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
