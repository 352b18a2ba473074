//! `hypprec choose`: which representation for a radius, a separation and a tolerance?

use super::Failure;
use super::progress::Reporter;
use super::scan::Asked as AskedOf;
use super::shards::{Asked, PIECES, Sharded, identity, part_of_pieces};
use super::stop::{Stop, stopped};
use crate::arithmetic::Arithmetic;
use crate::formula::Model;
use crate::study::keep_finds;
use crate::table::{Dtype, Shard, writable, write_atomic};
use crate::verdict::choose::measure::{GRID, Grid, Panel};
use crate::verdict::choose::{Entry, Need, ORDER, Of, Part, Ranking, Remedy, Unsearched, choose, in_words};
use crate::verdict::scan::{LeftOut, NeedOf, Scan};
use crate::verdict::search::finds::{SEARCHED, finds};
use crate::verdict::search::{CONFIDENCE, LAW, UNSEEN, unseen_share};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Choose a representation, a variant and an arithmetic for points within a radius, pairs no closer than a separation and
/// an error to keep.
///
/// What storing the points costs, and what the project's own distances add, is proved at the need itself. What other
/// formulas add is looked up at the next place of a search at least as hard, four times the worst found, and marked
/// `found`; medians and 99.9 % are of pairs drawn there. Costs are nanoseconds of a pair of 64 coordinates, all on one machine.
/// That nothing fits is an answer too (exit code 0, `"fit": false` in JSON), and says what would.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hypprec choose --radius 25 --separation 40 --scalar f32 --tolerance 1e-5
  hypprec choose --radius 6 --separation 0.1 --dim 128 --scalar f32 --tolerance 1e-2 --op distance
  hypprec choose --radius 6 --separation 0.1 --dim 16 --scalar f32 --tolerance 1e-2 --op distance --op gradient
  hypprec choose --embedding embedding.csv --model poincare --columns x0,x1 --scalar f32,f64 --tolerance 1e-3
  hypprec choose --radius 30 --separation 1e-3 --scalar f32 --tolerance 1e-6 --json")]
pub struct Choose {
    /// √c d(0, x) of the farthest point
    #[arg(long, allow_negative_numbers = true, required_unless_present_any = ["regenerate", "worst", "embedding"])]
    radius: Option<f64>,
    /// √c d(x, y) of the closest pair
    #[arg(long, allow_negative_numbers = true, default_value_t = 1.0)]
    separation: f64,
    /// Coordinates of a point
    #[arg(long, default_value_t = 16)]
    dim: usize,
    /// The arithmetics to choose from (may be repeated): f16, bf16, f32, f64, dd, mpfr:BITS, or any
    #[arg(long, value_delimiter = ',', default_value = "any")]
    scalar: Vec<String>,
    /// The largest total error to accept: relative; for point-valued operations a distance in units of 1/√c
    #[arg(long, allow_negative_numbers = true, required_unless_present_any = ["regenerate", "worst"])]
    tolerance: Option<f64>,
    /// What must keep it (may be repeated): distance, exp, log, add, mlr, transport, gradient (of the distance)
    #[arg(long, value_delimiter = ',', default_value = "distance")]
    op: Vec<String>,
    /// Read radius, separation and dimension off the points of this file (see `hypprec scan`); what storing costs is then that of
    /// its own pairs, all but those of one point in a hundred
    #[arg(long, value_name = "FILE", requires = "model", conflicts_with_all = ["radius", "separation", "dim"])]
    embedding: Option<PathBuf>,
    /// The model of the embedding's coordinates
    #[arg(long, requires = "embedding")]
    model: Option<Model>,
    /// The embedding's c of curvature −c [default: what the file says, or 1]
    #[arg(long, requires = "embedding", allow_hyphen_values = true)]
    curvature: Option<String>,
    /// Which array of a .npz archive the embedding is
    #[arg(long, requires = "embedding")]
    array: Option<String>,
    /// The embedding's columns of coordinates, as for `hypprec scan`
    #[arg(long, value_delimiter = ',', value_name = "A,B,…", requires = "embedding")]
    columns: Vec<String>,
    /// Which error has to keep the tolerance: that of every pair, or of the median or 99.9 % of the pairs drawn
    #[arg(long, value_enum, default_value_t = OfChoice::Bound)]
    of: OfChoice,
    /// Show this many that fit
    #[arg(long, default_value_t = 8)]
    top: usize,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Draw the table anew, from studies/choose.toml, and write it to this file; goes on where an earlier run stopped
    #[arg(long, value_name = "FILE", conflicts_with_all = ["radius", "tolerance", "json"])]
    regenerate: Option<PathBuf>,
    /// Search every variant in the plane and add the worst inputs found to the files of this folder, which only grow
    #[arg(long, value_name = "DIR", conflicts_with_all = ["radius", "tolerance", "json", "regenerate"])]
    worst: Option<PathBuf>,
    /// With --regenerate --shard: the folder of the shards
    #[arg(long, default_value = "out/choose", requires = "regenerate")]
    out: PathBuf,
    /// With --regenerate --shard: go on where a killed run stopped
    #[arg(long, requires = "regenerate")]
    resume: bool,
    #[command(flatten)]
    sharded: Sharded,
}

/// [`Of`], as a word of the command line.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum OfChoice {
    Bound,
    P999,
    Median,
}

impl From<OfChoice> for Of {
    fn from(of: OfChoice) -> Of {
        match of {
            OfChoice::Bound => Of::Bound,
            OfChoice::P999 => Of::P999,
            OfChoice::Median => Of::Median,
        }
    }
}

impl Choose {
    pub fn run(self) -> Result<ExitCode, Failure> {
        if let Some(path) = &self.regenerate {
            let stop = Stop::listen()?;
            return match self.sharded.get()? {
                Some(shard) => self.part(shard, &stop),
                None => regenerate(path, &stop),
            };
        }
        if let Some(folder) = &self.worst {
            return keep_worst(folder).map(|()| ExitCode::SUCCESS);
        }
        if self.sharded.is_asked() {
            return Err(Failure("--shard divides the panels of --regenerate, and this is one choice".to_owned()));
        }
        self.one().map(|()| ExitCode::SUCCESS)
    }

    /// Draws the panels of a shard.
    fn part(&self, shard: Shard, stop: &Stop) -> Result<ExitCode, Failure> {
        let grid = Grid::parse(GRID)?;
        let panels = grid.panels()?;
        let provenance = super::named::provenance(REGENERATE.to_owned(), grid.seed);
        let asked = Asked {
            out: &self.out,
            identity: identity("choose", "choose", GRID, &provenance),
            text: GRID,
            provenance: &provenance,
            shard,
            file: PIECES,
            total: panels.len() as u64,
            resume: self.resume,
            force: false,
        };
        part_of_pieces(asked, stop, "panels", |i| {
            let panel = &panels[i as usize];
            let rows = grid.rows(panel)?;
            super::say(&format!("{} of {}: {}", i + 1, panels.len(), of(panel)));
            Ok(rows)
        })
    }

    fn one(&self) -> Result<(), Failure> {
        let Some(tolerance) = self.tolerance else { return Err(Failure("choose needs --tolerance".to_owned())) };
        let mut scanned = None;
        let (radius, separation, dim) = match (&self.embedding, self.radius) {
            (None, Some(radius)) => (radius, self.separation, self.dim),
            (None, None) => return Err(Failure("choose needs --radius or --embedding".to_owned())),
            (Some(file), _) => {
                let (found, need) = self.read_off(file)?;
                scanned = Some((found, need));
                (need.radius, need.separation, need.dim)
            }
        };
        let any = self.scalar.iter().any(|scalar| scalar == "any");
        let scalars: &[String] = if any { &[] } else { &self.scalar };
        let points = scanned.as_ref().map_or(&[][..], |(scanned, _)| scanned.spaced.as_slice());
        let need = Need::new(radius, separation, dim, tolerance)?.points(points);
        let need = need.scalars(scalars)?.ops(&self.op)?.of(self.of.into());
        let ranking = choose(&need);
        if self.json {
            let mut value = value(&ranking);
            if let Some((scanned, need)) = &scanned {
                scanned.columns.warnings.iter().for_each(|what| super::say(&format!("warning: {what}")));
                value["need"] = json!(need);
                // Of a file it is the points that are left out; what was not searched keeps a place beside it.
                value["left_out"] = json!(scanned.left_out);
                value["columns"] = json!(scanned.columns);
            }
            return super::print(&format!("{}\n", serde_json::to_string_pretty(&value)?));
        }
        let about = scanned.map_or(String::new(), |(scanned, need)| about(&scanned, &need));
        super::print(&(about + &text(&ranking, self.top)))
    }
}

impl Choose {
    /// What the points of a file need, and what was found of them.
    fn read_off(&self, file: &Path) -> Result<(Scan, NeedOf), Failure> {
        let model = self.model.ok_or_else(|| Failure("--embedding needs --model".to_owned()))?;
        let asked = AskedOf {
            file,
            model,
            scalar: None,
            curvature: self.curvature.as_deref(),
            array: self.array.as_deref(),
            columns: &self.columns,
        };
        // No pair is measured: the need is read off radii and nearest points alone.
        let (embedding, mut question) = asked.read(0, self.tolerance.unwrap_or(1.0), 0)?;
        let decimal = embedding.dtype == Dtype::Decimal;
        let finer = self.scalar.iter().filter_map(|scalar| scalar.parse::<Arithmetic>().ok());
        let finer = finer.filter(|scalar| scalar.bits() > question.scalar.bits()).max_by_key(|scalar| scalar.bits());
        question.scalar = finer.filter(|_| decimal).unwrap_or(question.scalar);
        let place = |error| Failure(format!("{}: {error}", file.display()));
        let silent = Reporter::new(0);
        let mut scanned = super::scan::scanned(&embedding, &question, &silent).map_err(place)?;
        // What points need is theirs: decimals that f64 puts on the rim are read in more digits.
        if decimal && question.scalar == Arithmetic::F64 && scanned.standing.outside_by_rounding.count > 0 {
            question.scalar = Arithmetic::Dd;
            scanned = super::scan::scanned(&embedding, &question, &silent).map_err(place)?;
        }
        match scanned.need {
            Some(need) => Ok((scanned, need)),
            None if scanned.standing.inside == 0 => Err(super::scan::none_left(file.display(), &scanned)),
            None => {
                let what = format!("fewer than two different points inside the model; {}", scanned.left_out);
                Err(Failure(format!("{}: {what}", file.display())))
            }
        }
    }
}

/// What an embedding was taken for, and what it needs.
fn about(scanned: &Scan, need: &NeedOf) -> String {
    let warnings: String = scanned.columns.warnings.iter().map(|what| format!("warning: {what}\n")).collect();
    format!("{}\n{}\n{warnings}{}\n", scanned.columns.in_words(), scanned.left_out, read_off(need, &scanned.left_out))
}

/// The need that points have, in a line.
pub(super) fn read_off(need: &NeedOf, left_out: &LeftOut) -> String {
    let of = match left_out.count {
        0 => format!("{} points", left_out.of),
        count => format!("{} points that are left of {}", left_out.of - count, left_out.of),
    };
    format!(
        "need: 99 % of the {of} lie within radius {:.4}, 99 % of nearest pairs are at least {:.3e} apart (units of 1/√c), {} dimensions",
        need.radius, need.separation, need.dim
    )
}

/// Arithmetics in which every variant is searched.
const SEARCHED_IN: [Arithmetic; 2] = [Arithmetic::F32, Arithmetic::F64];

/// Keeps the worst that a directed search finds of every variant.
fn keep_worst(folder: &Path) -> Result<(), Failure> {
    let mut found = Vec::new();
    for (op, by) in SEARCHED {
        // An ambient gradient is by all coordinates, and another function.
        for model in Model::ALL.iter().filter(|model| by.is_none() || **model != Model::LorentzAmbient) {
            for arithmetic in SEARCHED_IN {
                found.extend(finds(op, by, *model, arithmetic));
                super::say(&format!("{op} {model} {arithmetic}"));
            }
        }
    }
    let added = keep_finds(folder, &found)?;
    super::print(&format!("{added} worst cases added to {}\n", super::shown(folder)))
}

/// The command that draws the table.
const REGENERATE: &str = "hypprec choose --regenerate src/verdict/choose/table.csv";

/// A panel in words.
fn of(panel: &Panel) -> String {
    format!("{} {} {} in {} dimensions", panel.model, panel.arithmetic, panel.op, panel.dim)
}

/// The file's text from the rows of all panels.
pub(super) fn table_of(grid: &Grid, rows: &str) -> Result<String, Failure> {
    let (version, seed) = (env!("CARGO_PKG_VERSION"), grid.seed);
    let head = format!("# command: {REGENERATE}\n# version: {version}\n# seed: {seed}\n# law: {LAW}\n");
    Ok(head + &grid.table(rows)?)
}

/// Draws the table, panel by panel; what is done is kept beside the file until all is, so that a run that was stopped goes on.
fn regenerate(path: &Path, stop: &Stop) -> Result<ExitCode, Failure> {
    let grid = Grid::parse(GRID)?;
    writable(path)?;
    let panels = grid.panels()?;
    let n = panels.len();
    let kept_at = path.with_extension("partial");
    // Rows of another grid or version are not gone on with.
    let mark = format!("# {} {}\n", env!("CARGO_PKG_VERSION"), GRID.replace('\n', " "));
    let mut kept = std::fs::read_to_string(&kept_at).ok().filter(|kept| kept.starts_with(&mark)).unwrap_or(mark);
    for (i, panel) in panels.iter().enumerate() {
        let name = of(panel);
        let done = format!("# done: {name}\n");
        if kept.contains(&done) {
            continue;
        }
        if stop.is_asked() {
            return Ok(stopped(&format!("{}: stopped; the same command goes on", super::shown(&kept_at))));
        }
        kept += &grid.rows(panel)?;
        kept += &done;
        write_atomic(&kept_at, |out| out.write_all(kept.as_bytes()))?;
        super::say(&format!("{} of {n}: {name}", i + 1));
    }
    let table = table_of(&grid, &kept)?;
    write_atomic(path, |out| out.write_all(table.as_bytes()))?;
    std::fs::remove_file(&kept_at).map_err(crate::table::TableError::io(&kept_at))?;
    Ok(ExitCode::SUCCESS)
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

fn line(entry: &Entry, of: Of) -> String {
    let cost = entry.cost().map_or("cost not measured".to_owned(), |cost| format!("{cost:.0} ns"));
    let kind = match of {
        Of::Bound if entry.proved() => "proved".to_owned(),
        Of::Bound => "found, not proved".to_owned(),
        Of::P999 => "99.9 % of pairs".to_owned(),
        Of::Median => "half of the pairs".to_owned(),
    };
    let idle = match entry.idle_guards.as_slice() {
        [] => String::new(),
        guards => format!("; as under {}, which do nothing here", guards.join(", ")),
    };
    let parts: Vec<String> = entry.parts.iter().map(|part| detail(part, entry.parts.len() > 1)).collect();
    let error = in_words(entry.error());
    format!("{}: error ≤ {error} ({kind}), {cost}; {}; {}{idle}", name(entry), parts.join("; "), entry.reason)
}

/// What an error is made of, and what was drawn.
fn detail(part: &Part, named: bool) -> String {
    let op = if named { format!("{}: ", part.op) } else { String::new() };
    // Where all is proved the line says so itself.
    let proved = if part.storing_proved && !part.proved { " (proved)" } else { "" };
    let made = format!("{op}storing {}{proved} + rounding {}", in_words(part.storing), in_words(part.rounding));
    match part.draws {
        0 => made,
        draws => {
            let within =
                |x: Option<f64>| if x.is_none() && part.error.is_some() { "≤ that".to_owned() } else { in_words(x) };
            let [median, p999, worst] = [part.median, part.p999, part.worst].map(within);
            format!("{made}, median {median}, 99.9 % {p999}, worst found {worst} of {draws} pairs")
        }
    }
}

fn remedy(remedy: &Remedy, of: Of) -> String {
    match remedy {
        Remedy::Arithmetic(entry) => format!("another arithmetic: {}", line(entry, of)),
        Remedy::Bits { model, bits } => {
            format!("{bits} bits in {model}, the project's own formula: each halves the bound")
        }
        Remedy::Radius { entry, radius } => format!("points within radius {radius}: {}", name(entry)),
        Remedy::Separation { entry, separation } => format!("pairs at least {separation} apart: {}", name(entry)),
        Remedy::Tolerance { entry, tolerance } => format!("a tolerance of {tolerance:e}: {}", name(entry)),
    }
}

pub(super) fn text(ranking: &Ranking, top: usize) -> String {
    let mut out = String::new();
    if ranking.fits.is_empty() {
        out += "None fits. What would:\n";
        ranking.nearest.iter().for_each(|r| out += &format!("  {}\n", remedy(r, ranking.of)));
    }
    for (i, entry) in ranking.fits.iter().take(top).enumerate() {
        out += &format!("{}. {}\n", i + 1, line(entry, ranking.of));
    }
    if ranking.fits.len() > top {
        out += &format!("and {} more that fit (--top)\n", ranking.fits.len() - top);
    }
    if !ranking.rejected.is_empty() {
        out += "Not:\n";
        ranking.rejected.iter().for_each(|e| out += &format!("  {}: {}\n", name(e), e.reason));
    }
    if !ranking.left_out.is_empty() {
        out += "Left out:\n";
        ranking.left_out.iter().for_each(|left| out += &format!("  {}: {}\n", left.what, left.why));
    }
    out += &format!("Order: {ORDER}. Errors are relative, of points distances in units of 1/√c.\n");
    out += &format!("Proved: no pair exceeds it. Found: {UNSEEN} times the worst of a search.");
    if ranking.of_points {
        out += " Storing: of every pair of the file but those of one point in a hundred.";
    }
    if let Some([radius, separation]) = ranking.drawn_at {
        out += &format!(
            " Pairs were drawn at radius {radius} and separation {separation}; no more than 3/N of all such are "
        );
        out += &format!("worse than the worst of N, with {} % confidence.", 100.0 * CONFIDENCE);
    }
    out + "\n"
}

fn entry_value(entry: &Entry) -> Value {
    let part = |p: &Part| {
        json!({
            "op": p.op, "variant": p.variant, "error": p.error, "storing": p.storing, "rounding": p.rounding,
            "storing_proved": p.storing_proved, "proved": p.proved, "median": p.median, "p999": p.p999, "worst": p.worst, "draws": p.draws,
            "unseen_share": (p.draws > 0).then(|| unseen_share(p.draws)), "cost": p.cost,
        })
    };
    json!({
        "model": entry.model.name(),
        "scalar": entry.scalar,
        "guard": entry.guard,
        "idle_guards": entry.idle_guards,
        "error": entry.error(),
        "proved": entry.proved(),
        "cost": entry.cost(),
        "parts": entry.parts.iter().map(part).collect::<Vec<_>>(),
        "reason": entry.reason,
    })
}

fn remedy_value(remedy: &Remedy, of: Of) -> Value {
    let text = self::remedy(remedy, of);
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
    let left = |left: &Unsearched| json!({"what": left.what, "why": left.why});
    json!({
        "fit": !ranking.fits.is_empty(),
        "fits": ranking.fits.iter().map(entry_value).collect::<Vec<_>>(),
        "rejected": ranking.rejected.iter().map(entry_value).collect::<Vec<_>>(),
        "nearest": ranking.nearest.iter().map(|remedy| remedy_value(remedy, ranking.of)).collect::<Vec<_>>(),
        "not_searched": ranking.left_out.iter().map(left).collect::<Vec<_>>(),
        "order": ORDER,
        "drawn_at": ranking.drawn_at.map(|[radius, separation]| json!({"radius": radius, "separation": separation})),
        "found_margin": UNSEEN,
        "law": LAW,
    })
}
