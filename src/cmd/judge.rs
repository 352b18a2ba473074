//! `hypprec judge`: is a clip too loose, sound or too tight?

use super::shards::{Asked, PIECES, Sharded, identity, measure_pieces, part_of_pieces, unnumbered};
use super::stop::{Stop, stopped};
use super::{Failure, options};
use crate::arithmetic::Arithmetic;
use crate::formula::{BEST, Input, Model, Op, Variant, variant};
use crate::guard::{Guard, NONE, guard};
use crate::report;
use crate::table::{self, PAGE, Parts, Provenance};
use crate::verdict::judge::study::{ClipStudy, ClipTables, STUDY};
use crate::verdict::judge::{
    At, Cut, DEEPEST, Judgement, Kind, PAIRS, Question, RESOLUTION, SEED, UNSEEN, judge, number, shipped,
};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Judge a clip: where it caps, what it costs below the cap, what goes wrong above it, and the threshold it should be.
///
/// At every radius an error is promised of all pairs within it that are no closer than the separation: what storing them
/// costs at most, which is proved, and what the formula and the guard's clamps add, which is searched for now
/// among --pairs pairs a radius (what was found counts four times where it is not proved). "Holds" means that the promise is within the
/// tolerance. A threshold is too loose when the promise at its cap is not, too tight when it gives away more than one
/// bit of the coordinates (ln 2 of radius), and sound in between.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hypprec judge --eps 1e-3 --model poincare --scalar f32 --tolerance 1e-2
  hypprec judge --guard hyptorch --model poincare --scalar f32 --tolerance 1e-2 --gradient
  hypprec judge --guard meru --model lorentz --scalar f32 --tolerance 1e-3 --separation 5
  hypprec judge --all --out reports/clip")]
pub struct Judge {
    /// A library's guard, judged on the variant it comes with (see `hypprec list guards`) [default: none]
    #[arg(long, conflicts_with_all = ["eps", "max_norm"])]
    guard: Option<String>,
    /// The clip ‖x‖ ≤ (1 − EPS)/√c on a ball
    #[arg(long, allow_negative_numbers = true, conflicts_with = "max_norm")]
    eps: Option<f64>,
    /// The clip ‖s‖ ≤ MAX_NORM on Lorentz space coordinates
    #[arg(long, allow_negative_numbers = true)]
    max_norm: Option<f64>,
    /// The arithmetic: f32, f64, bf16, f16, dd, mpfr:BITS
    #[arg(long, default_value = "f32")]
    scalar: Arithmetic,
    /// The model
    #[arg(long, default_value = "poincare")]
    model: Model,
    /// The largest total error to accept: relative; for point-valued operations a distance in units of 1/√c
    #[arg(long, allow_negative_numbers = true, default_value_t = 1e-2)]
    tolerance: f64,
    /// The operation
    #[arg(long, default_value = "distance")]
    op: Op,
    /// The variant [default: the one the guard comes with; the library's own without a guard]
    #[arg(long)]
    variant: Option<String>,
    /// c of curvature −c
    #[arg(long, allow_hyphen_values = true, default_value_t = 1.0)]
    curvature: f64,
    /// Dimensions to draw in
    #[arg(long, value_delimiter = ',', default_values_t = [2, 16])]
    dim: Vec<usize>,
    /// The least separation √c d(x, y) of the pairs for which the answer is to hold: closer pairs hold less far out
    #[arg(long, allow_negative_numbers = true, default_value_t = 1.0)]
    separation: f64,
    /// Pairs to try at each radius: more find worse ones, and take longer
    #[arg(long, default_value_t = PAIRS)]
    pairs: usize,
    /// What pairs are drawn from
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// Also judge the gradient of the distance by x
    #[arg(long)]
    gradient: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Judge every guard in use instead, by studies/clip.toml, and write tables, plots and a page
    #[arg(long, conflicts_with_all = ["guard", "eps", "max_norm", "scalar", "tolerance", "gradient", "json"])]
    all: bool,
    /// Where --all writes
    #[arg(long, default_value = "out/clip", requires = "all")]
    out: PathBuf,
    /// With --all: also replace files that hypprec did not write
    #[arg(long, requires = "all")]
    force: bool,
    /// With --all: go on where a killed run stopped
    #[arg(long, requires = "all")]
    resume: bool,
    #[command(flatten)]
    sharded: Sharded,
}

impl Judge {
    pub fn run(self) -> Result<ExitCode, Failure> {
        if self.all {
            return self.every();
        }
        if self.sharded.is_asked() {
            return Err(Failure("--shard divides the guards of --all, and this is one judgement".to_owned()));
        }
        self.one().map(|()| ExitCode::SUCCESS)
    }

    fn one(&self) -> Result<(), Failure> {
        let question = self.question()?;
        let mut judgements = vec![judge(&question, None)];
        if self.gradient {
            judgements.push(judge(&question, Some(Input::X)));
        }
        if self.json {
            return super::print(&format!("{}\n", serde_json::to_string_pretty(&judgements)?));
        }
        super::print(&judgements.iter().map(text).collect::<Vec<_>>().join("\n"))
    }

    fn question(&self) -> Result<Question, Failure> {
        let Judge { model, op, .. } = *self;
        positive("tolerance", self.tolerance)?;
        options::curvature(self.curvature)?;
        positive("separation", self.separation)?;
        if self.separation > DEEPEST {
            return Err(Failure(format!("--separation {} is beyond {DEEPEST}, where scans end", self.separation)));
        }
        if let Some(dim) = self.dim.iter().find(|dim| !DIMS.contains(*dim)) {
            return Err(Failure(format!("--dim {dim} is not between {} and {}", DIMS.start(), DIMS.end())));
        }
        if !PAIRS_ASKED.contains(&self.pairs) {
            let (least, most) = (PAIRS_ASKED.start(), PAIRS_ASKED.end());
            return Err(Failure(format!("--pairs {} is not between {least} and {most}", self.pairs)));
        }
        if op.has_target() || op == Op::Project {
            return Err(Failure(format!("{op} has no answer that a clip could spoil")));
        }
        if self.gradient && op != Op::Distance {
            return Err(Failure("--gradient is that of the distance".to_owned()));
        }
        let guard = self.guard()?;
        Ok(Question {
            guard,
            cut: self.cut()?,
            op,
            model,
            variant: self.variant(guard)?,
            arithmetic: self.scalar,
            c: self.curvature,
            dims: self.dim.clone(),
            separation: self.separation,
            tolerance: self.tolerance,
            pairs: self.pairs,
            seed: self.seed,
        })
    }

    fn guard(&self) -> Result<&'static Guard, Failure> {
        let guard = self.guard.as_deref().map_or(Ok(NONE), guard)?;
        if !guard.models.contains(&self.model) {
            let models: Vec<&str> = guard.models.iter().map(|model| model.name()).collect();
            return Err(Failure(format!("guard `{}` is for {}, not {}", guard.id, models.join(", "), self.model)));
        }
        Ok(guard)
    }

    fn cut(&self) -> Result<Option<Cut>, Failure> {
        let ball = self.model.is_ball();
        match (self.eps, self.max_norm) {
            (Some(eps), _) if !(eps > 0.0 && eps < 1.0) => Err(Failure(format!("--eps {eps} is not between 0 and 1"))),
            (Some(eps), _) if ball => Ok(Some(Cut { kind: Kind::RelativeNorm, value: eps })),
            (None, Some(max)) if !ball => {
                positive("max-norm", max)?;
                Ok(Some(Cut { kind: Kind::SpaceNorm, value: max }))
            }
            (None, None) => Ok(None),
            (Some(_), _) => Err(Failure("--eps is for the balls; on the hyperboloid give --max-norm".to_owned())),
            (None, Some(_)) => Err(Failure("--max-norm is for the hyperboloid; on a ball give --eps".to_owned())),
        }
    }

    fn variant(&self, guard: &Guard) -> Result<&'static Variant, Failure> {
        match &self.variant {
            Some(id) => Ok(variant(self.op, self.model, id)?),
            None => match shipped(guard, self.op, self.model) {
                Some(variant) => Ok(variant),
                None => Ok(variant(self.op, self.model, BEST)?),
            },
        }
    }
}

/// The tables of the clip study.
const TABLES: [&str; 3] = ["verdicts.csv", "curve.csv", "paper.csv"];
/// All that it writes, beside its plots.
pub(super) const FILES: [&str; 5] = [TABLES[0], TABLES[1], TABLES[2], PAGE[0], PAGE[1]];

impl Judge {
    /// Runs the clip study, or a shard of it.
    fn every(&self) -> Result<ExitCode, Failure> {
        let stop = Stop::listen()?;
        let study = ClipStudy::parse(STUDY)?;
        let pieces = study.pieces()?;
        let total = pieces.len() as u64;
        let measure = |i: u64| -> Result<String, Failure> {
            let piece = pieces[i as usize];
            let lines = study.judge(piece)?.lines()?;
            super::say(&format!("judged {piece}"));
            Ok(lines)
        };
        let provenance = provenance();
        if let Some(shard) = self.sharded.get()? {
            let asked = Asked {
                out: &self.out,
                identity: identity("judge", "clip", STUDY, &provenance),
                text: STUDY,
                provenance: &provenance,
                shard,
                file: PIECES,
                total,
                resume: self.resume,
                force: self.force,
            };
            return part_of_pieces(asked, &stop, "pieces", measure);
        }
        let _claim = table::claim(&self.out, &FILES, self.force)?;
        let key = format!("{}\n{}\n{}\n{STUDY}", provenance.command, provenance.version, provenance.revision);
        let parts = Parts::open(&self.out, &key, self.resume)?;
        if measure_pieces(&parts, 0..total, &stop, measure)? {
            let what = "stopped; what was judged is kept: go on with --resume";
            return Ok(stopped(&format!("{}: {what}", super::shown(&self.out))));
        }
        let lines: String = (0..total).filter_map(|i| parts.read(i)).collect();
        finish(&self.out, &study, &provenance, &lines)?;
        Parts::forget(&self.out)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Where the tables of the clip study come from.
fn provenance() -> Provenance {
    super::named::provenance("hypprec judge --all --out reports/clip".to_owned(), SEED)
}

/// Writes the tables and the page of the clip study from the lines of its pieces, each after its number.
pub(super) fn finish(folder: &Path, study: &ClipStudy, provenance: &Provenance, lines: &str) -> Result<(), Failure> {
    let tables = ClipTables::of_lines(&unnumbered(lines), &folder.join(PIECES))?;
    let [verdicts, curve, paper] = TABLES;
    table::write(&folder.join(verdicts), provenance, &tables.verdicts)?;
    table::write(&folder.join(curve), provenance, &tables.curve)?;
    table::write(&folder.join(paper), provenance, &tables.paper)?;
    let page = report::clip(folder, study, provenance, &tables)?;
    super::print(&format!("{} guards judged; the page is {}\n", tables.verdicts.len(), super::shown(&page)))
}

/// Dimensions that pairs can be drawn in, and that answer in seconds.
const DIMS: std::ops::RangeInclusive<usize> = 2..=4096;

/// Pairs a radius that a search can be made of: enough for its rounds, and few enough for an answer today.
const PAIRS_ASKED: std::ops::RangeInclusive<usize> = 32..=10_000_000;

fn positive(name: &str, x: f64) -> Result<(), Failure> {
    match x.is_finite() && x > 0.0 {
        true => Ok(()),
        false => Err(Failure(format!("--{name} {x} is not a positive number"))),
    }
}

/// A judgement as people read it.
fn text(j: &Judgement) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{name:<13}{value}");
    };
    let dims: Vec<String> = j.dims.iter().map(ToString::to_string).collect();
    let threshold = j.threshold.map_or("no threshold".to_owned(), |cut| cut.to_string());
    line("verdict", j.verdict.to_string().to_uppercase());
    line(
        "judged",
        format!("{} · {} · {} {} · guard {} ({threshold}) · c = {}", j.model, j.scalar, j.op, j.variant, j.guard, j.c),
    );
    line(
        "pairs",
        format!(
            "at least {} apart (× 1/√c), dimensions {}; {} at each radius, {} in all, seed {}",
            number(j.separation),
            dims.join(", "),
            j.pairs,
            j.draws,
            j.seed
        ),
    );
    line("law", j.law.clone());
    line("promises", if j.proved { PROVED.to_owned() } else { found(j) });
    line("caps at", j.cap.map_or("nothing".to_owned(), |cap| length(cap, j.c)));
    line(
        "holds to",
        format!(
            "{} within {} (without clamps {}; storing alone {})",
            length(j.holds_radius, j.c),
            number(j.tolerance),
            radius(j.holds_radius_unguarded),
            radius(j.floor_radius)
        ),
    );
    if let Some(change) = j.clamps_change.filter(|change| *change > 0.0) {
        line("below it", format!("the guard's clamps change answers by up to {}", number(change)));
    }
    if let Some(at) = &j.at_cap {
        line("at the cap", errors(at));
    }
    if let Some(at) = &j.beyond_cap {
        line("1 beyond", format!("{}, if nothing stopped it", errors(at)));
    }
    if let Some(from) = j.unanswered_from {
        line("no answer", format!("for some pairs from radius {from:.2} on, without a guard"));
    }
    if j.op.starts_with("d(") {
        let share = j.at_cap.and_then(|at| at.rounding).map_or("all".to_owned(), |x| format!("{:.2} %", 100.0 * x));
        line("gradient", format!("{share} of it is rounding at the cap, in the worst pair"));
        if let Some(factor) = j.riemannian_factor {
            line("", format!("the Riemannian factor (1 − c‖x‖²)²/4 is {} there (0.25 at the origin)", number(factor)));
        }
    }
    if let Some([loosest, tightest]) = &j.sound {
        line("sound", format!("from {loosest} to {tightest}"));
    }
    line("recommended", j.recommended.map_or("none".to_owned(), |cut| cut.to_string()));
    let _ = writeln!(out, "\n{}\nRadii are √c d(0, x), bisected to {RESOLUTION}.", j.why);
    out
}

/// What is said of promises that are bounds.
const PROVED: &str = "proved: storing and the formula's own rounding are bounded for every pair";

/// What is said of promises that rest on a search.
fn found(j: &Judgement) -> String {
    let storing = if j.storing_proved { "storing is proved; the rest" } else { "all of it" };
    format!(
        "{storing} was found, not proved, and counts {UNSEEN} times: with 95 % confidence at most \
         {:.2} % of pairs drawn by this law at a radius are worse than the worst found there",
        100.0 * j.unseen_share
    )
}

fn radius(rho: f64) -> String {
    if rho >= DEEPEST { format!("beyond {DEEPEST}") } else { format!("{rho:.4}") }
}

/// A radius in units of 1/√c, and as a distance where that differs.
fn length(rho: f64, c: f64) -> String {
    if c == 1.0 || rho >= DEEPEST {
        return radius(rho);
    }
    format!("{} (d₀ = {:.4} at c = {c})", radius(rho), rho / c.sqrt())
}

fn errors(at: &At) -> String {
    let error = |x: Option<f64>| x.map_or("no bound".to_owned(), number);
    let unclamped =
        if at.clamped == at.plain { String::new() } else { format!("; without clamps {}", error(at.plain)) };
    let (storing, rounding) = (error(at.storage), error(at.rounding));
    let found = |x: Option<f64>| x.map_or("no answer".to_owned(), number);
    format!(
        "error ≤ {} (storing {storing}, formula {rounding}{unclamped}); found: worst {}, 99.9 % {}, median {}",
        error(at.clamped),
        found(at.worst),
        found(at.p999),
        found(at.median)
    )
}
