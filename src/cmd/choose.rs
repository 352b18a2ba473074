//! `hypprec choose`: which representation for a radius, a separation and a tolerance?

use super::Failure;
use super::progress::Reporter;
use super::scan::Asked;
use crate::formula::Model;
use crate::table::write_atomic;
use crate::verdict::choose::measure::{GRID, Grid};
use crate::verdict::choose::{Entry, Need, Part, Ranking, Remedy, choose};
use crate::verdict::scan::{NeedOf, scan};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Choose a representation, a variant and an arithmetic for points within a radius, pairs no closer than a separation and
/// an error to keep.
///
/// The answer comes from a table measured by this project: the worst total error of every kind of pair within the next
/// radius outwards and the next separation inwards, rounded up. Costs are multiples of a plain Euclidean distance in the
/// same arithmetic. That nothing fits is an answer too (exit code 0, `"fit": false` in JSON), and says what would.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hypprec choose --radius 25 --separation 40 --scalar f32 --tolerance 1e-5
  hypprec choose --radius 6 --separation 0.1 --dim 128 --scalar f32 --tolerance 1e-2 --op distance --op gradient
  hypprec choose --radius 30 --separation 1e-3 --scalar f32 --tolerance 1e-6 --json")]
pub struct Choose {
    /// √c d(0, x) of the farthest point
    #[arg(long, allow_negative_numbers = true, required_unless_present_any = ["regenerate", "embedding"])]
    radius: Option<f64>,
    /// √c d(x, y) of the closest pair
    #[arg(long, allow_negative_numbers = true, default_value_t = 1.0)]
    separation: f64,
    /// Coordinates of a point
    #[arg(long, default_value_t = 16)]
    dim: usize,
    /// The arithmetics to choose from (may be repeated): f16, bf16, f32, f64, dd, mpfr:256, or any
    #[arg(long, value_delimiter = ',', default_value = "any")]
    scalar: Vec<String>,
    /// The largest total error to accept: relative; for point-valued operations a distance in units of 1/√c
    #[arg(long, allow_negative_numbers = true, required_unless_present = "regenerate")]
    tolerance: Option<f64>,
    /// What must keep it (may be repeated): distance, exp, log, add, mlr, transport, gradient (of the distance)
    #[arg(long, value_delimiter = ',', default_value = "distance")]
    op: Vec<String>,
    /// Read radius, separation and dimension off the points of this file (see `hypprec scan`)
    #[arg(long, value_name = "FILE", requires = "model", conflicts_with_all = ["radius", "separation", "dim"])]
    embedding: Option<PathBuf>,
    /// The model of the embedding's coordinates
    #[arg(long, requires = "embedding")]
    model: Option<Model>,
    /// The embedding's c of curvature −c [default: what the file says, or 1]
    #[arg(long, requires = "embedding")]
    curvature: Option<f64>,
    /// Which array of a .npz archive the embedding is
    #[arg(long, requires = "embedding")]
    array: Option<String>,
    /// Show this many that fit
    #[arg(long, default_value_t = 8)]
    top: usize,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Measure the table anew, from studies/choose.toml, and write it to this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["radius", "tolerance", "json"])]
    regenerate: Option<PathBuf>,
}

impl Choose {
    pub fn run(self) -> Result<(), Failure> {
        if let Some(path) = &self.regenerate {
            return regenerate(path);
        }
        let Some(tolerance) = self.tolerance else { return Err(Failure("choose needs --tolerance".to_owned())) };
        let (radius, separation, dim) = match (&self.embedding, self.radius) {
            (None, Some(radius)) => (radius, self.separation, self.dim),
            (None, None) => return Err(Failure("choose needs --radius or --embedding".to_owned())),
            (Some(file), _) => {
                let need = self.read_off(file)?;
                (need.radius, need.separation, need.dim)
            }
        };
        let any = self.scalar.iter().any(|scalar| scalar == "any");
        let scalars: &[String] = if any { &[] } else { &self.scalar };
        let need = Need::new(radius, separation, dim, tolerance)?.scalars(scalars)?.ops(&self.op)?;
        let ranking = choose(&need);
        match self.json {
            true => super::print(&format!("{}\n", serde_json::to_string_pretty(&value(&ranking))?)),
            false => super::print(&text(&ranking, self.top)),
        }
    }
}

impl Choose {
    /// What the points of a file need.
    fn read_off(&self, file: &Path) -> Result<NeedOf, Failure> {
        let model = self.model.ok_or_else(|| Failure("--embedding needs --model".to_owned()))?;
        let asked = Asked { file, model, scalar: None, curvature: self.curvature, array: self.array.as_deref() };
        // No pair is measured: the need is read off radii and nearest points alone.
        let (embedding, question) = asked.read(0, self.tolerance.unwrap_or(1.0), 0)?;
        let silent = Reporter::new(0);
        let scanned = crate::with_arithmetic!(question.scalar, |proto| scan(&embedding, &question, &proto, &silent));
        let scanned = scanned.map_err(|error| Failure(format!("{}: {error}", file.display())))?;
        let none = || Failure(format!("{}: fewer than two different points inside the model", file.display()));
        let need = scanned.need.ok_or_else(none)?;
        super::say(&read_off(&need));
        Ok(need)
    }
}

/// The need that points have, in a line.
pub(super) fn read_off(need: &NeedOf) -> String {
    format!(
        "need: 99 % of the points lie within radius {:.4}, 99 % of nearest pairs are at least {:.3e} apart (units of 1/√c), {} dimensions",
        need.radius, need.separation, need.dim
    )
}

fn regenerate(path: &Path) -> Result<(), Failure> {
    let grid = Grid::parse(GRID)?;
    let panels = grid.panels()?;
    let n = panels.len();
    let done = |i: usize| {
        let panel = &panels[i - 1];
        eprintln!("{i} of {n}: {} {} {} in {} dimensions", panel.model, panel.arithmetic, panel.op, panel.dim);
    };
    let table = grid.measure(&panels, done)?;
    let head = format!(
        "# command: hypprec choose --regenerate src/verdict/choose/table.csv\n# version: {}\n# seed: {}\n",
        env!("CARGO_PKG_VERSION"),
        grid.seed
    );
    Ok(write_atomic(path, |out| out.write_all((head + &table).as_bytes()))?)
}

fn number(x: Option<f64>) -> String {
    x.map_or("more than 1".to_owned(), |x| format!("{x:e}"))
}

/// Model, arithmetic, variants and guard.
fn name(entry: &Entry) -> String {
    let variants: Vec<String> = match entry.parts.as_slice() {
        [part] => vec![part.variant.to_owned()],
        parts => parts.iter().map(|part| format!("{} {}", part.op, part.variant)).collect(),
    };
    let guard = if entry.guard == "none" { String::new() } else { format!(", guard {}", entry.guard) };
    format!("{} in {}, {}{guard}", entry.model, entry.scalar, variants.join(" + "))
}

fn line(entry: &Entry) -> String {
    let cost = entry.cost().map_or("cost not measured".to_owned(), |cost| format!("cost {cost:.0}×"));
    format!("{}: error ≤ {}, {cost}; {}", name(entry), number(entry.error()), entry.reason)
}

fn remedy(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Arithmetic(entry) => format!("another arithmetic: {}", line(entry)),
        Remedy::Bits { model, bits } => format!("about {bits} bits in {model}: each bit halves the measured error"),
        Remedy::Radius { entry, radius } => format!("points within radius {radius}: {}", name(entry)),
        Remedy::Separation { entry, separation } => format!("pairs at least {separation} apart: {}", name(entry)),
        Remedy::Tolerance { entry, tolerance } => format!("a tolerance of {tolerance:e}: {}", name(entry)),
    }
}

pub(super) fn text(ranking: &Ranking, top: usize) -> String {
    let mut out = String::new();
    if ranking.fits.is_empty() {
        out += "None fits. What would:\n";
        ranking.nearest.iter().for_each(|r| out += &format!("  {}\n", remedy(r)));
    }
    for (i, entry) in ranking.fits.iter().take(top).enumerate() {
        out += &format!("{}. {}\n", i + 1, line(entry));
    }
    if ranking.fits.len() > top {
        out += &format!("and {} more that fit (--top)\n", ranking.fits.len() - top);
    }
    if !ranking.rejected.is_empty() {
        out += "Not:\n";
        ranking.rejected.iter().for_each(|e| out += &format!("  {}: {}\n", name(e), e.reason));
    }
    out + "Measured: all pairs drawn at the next radius outwards and the next separation inwards, in units of 1/√c.\n"
}

fn entry_value(entry: &Entry) -> Value {
    let part =
        |p: &Part| json!({"op": p.op, "variant": p.variant, "error": p.error, "storing": p.storing, "cost": p.cost});
    json!({
        "model": entry.model.name(),
        "scalar": entry.scalar,
        "guard": entry.guard,
        "error": entry.error(),
        "cost": entry.cost(),
        "parts": entry.parts.iter().map(part).collect::<Vec<_>>(),
        "reason": entry.reason,
    })
}

fn remedy_value(remedy: &Remedy) -> Value {
    let text = self::remedy(remedy);
    match remedy {
        Remedy::Arithmetic(entry) => json!({"kind": "arithmetic", "entry": entry_value(entry), "text": text}),
        Remedy::Bits { model, bits } => json!({"kind": "bits", "model": model.name(), "bits": bits, "text": text}),
        Remedy::Radius { entry, radius } => {
            json!({"kind": "radius", "radius": radius, "entry": entry_value(entry), "text": text})
        }
        Remedy::Separation { entry, separation } => {
            json!({"kind": "separation", "separation": separation, "entry": entry_value(entry), "text": text})
        }
        Remedy::Tolerance { entry, tolerance } => {
            json!({"kind": "tolerance", "tolerance": tolerance, "entry": entry_value(entry), "text": text})
        }
    }
}

/// The ranking as JSON.
pub(super) fn value(ranking: &Ranking) -> Value {
    json!({
        "fit": !ranking.fits.is_empty(),
        "fits": ranking.fits.iter().map(entry_value).collect::<Vec<_>>(),
        "rejected": ranking.rejected.iter().map(entry_value).collect::<Vec<_>>(),
        "nearest": ranking.nearest.iter().map(remedy_value).collect::<Vec<_>>(),
    })
}
