//! `hypprec adversary`: hostile rows against every own formula, and a second path against the truth.

use super::Failure;
use super::check::{EXIT_INCOMPARABLE, conclusion, exit_code};
use super::named::provenance;
use super::options;
use super::progress::Reporter;
use crate::study::adversary::{GATE_ROWS, SEED, Search, search};
use crate::table::{self, TableError, fingerprint, write_atomic};
use crate::verdict::check::{Baseline, Verdict, compare, verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Attack every own formula in every arithmetic with hostile inputs, and the certified truth with a second path.
///
/// Rows are points on a line, powers of two far apart, points next to the rim, both ends of each arithmetic's range, kinks,
/// curvatures from 1e-300 to 1e300, 1 to 512 dimensions, t outside [0, 1]; each is drawn from the seed and its own index.
/// Exit codes: 0 no fault; 1 a fault was found: a truth that is false or could not be certified, no answer, a number more
/// than 2 ulps, a point more than 4 u or a gradient more than 8 u off. With --check those of `hypprec check`: 0 within
/// tolerance of the baseline; 1 a row regressed; 3 no baseline, or of other rows; 4 improved.
#[derive(clap::Args)]
#[command(after_help = TABLES)]
pub struct Adversary {
    /// Rows to attack
    #[arg(long, default_value_t = GATE_ROWS)]
    rows: u64,
    /// The index of the first row
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// What the rows are drawn from, together with their indices
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// Where to write summary.csv and finds.csv [default: out/adversary]
    #[arg(long)]
    out: Option<PathBuf>,
    /// Compare each operation, model and arithmetic with the accepted baseline
    #[arg(long, conflicts_with = "accept")]
    check: bool,
    /// Write what was found as the baseline
    #[arg(long)]
    accept: bool,
    /// The accepted rows
    #[arg(long, default_value = "studies/baselines/adversary.csv")]
    baseline: PathBuf,
    /// Threads [default: one a core]
    #[arg(long)]
    jobs: Option<usize>,
    /// Also replace files that hypprec did not write
    #[arg(long)]
    force: bool,
}

const SUMMARY: &str = "summary.csv";
const FINDS: &str = "finds.csv";

/// What is in the tables.
const TABLES: &str = "\
summary.csv  a row for each operation (d(f)/dz is --gradient z), model and arithmetic: rows with an answer that is owed, the
             share that has one, errors in ulps of numbers and in u (half an ulp of the largest component) of points,
             vectors and gradients, and the index of the worst
finds.csv    the three worst rows of each kind of fault, their inputs in hexadecimal, what was given and what is right

Examples:
  hypprec adversary --rows 300 --accept --baseline accepted.csv
  hypprec adversary --rows 300 --accept --baseline accepted.csv && hypprec adversary --rows 300 --check --baseline accepted.csv";

impl Adversary {
    pub fn run(self) -> Result<ExitCode, Failure> {
        let started = Instant::now();
        let folder = self.out.clone().unwrap_or_else(|| PathBuf::from("out").join("adversary"));
        table::own(&folder, &[SUMMARY, FINDS], self.force)?;
        let end = self.from.checked_add(self.rows).ok_or("more rows than there are indices")?;
        let accepted = if self.check { Some(self.accepted()) } else { None };
        if let Some(Err(Failure(line))) = &accepted {
            super::print(&format!("adversary: {}: {line}\n", Verdict::Incomparable.name()))?;
            return Ok(ExitCode::from(EXIT_INCOMPARABLE));
        }
        let reporter = Reporter::of("rows", self.rows);
        let pool = options::pool(self.jobs)?;
        let found = pool.install(|| search(self.seed, self.from..end, &reporter))?;
        reporter.clear();
        let asked = self.asked();
        table::write(&folder.join(SUMMARY), &asked.provenance, &found.summary)?;
        table::write(&folder.join(FINDS), &asked.provenance, &found.finds)?;
        super::print(&self.told(&found, &folder, started))?;
        if self.accept {
            let rows = found.summary;
            write_atomic(&self.baseline, |out| Baseline { rows, ..asked }.write(out))?;
            super::print(&format!("{}: accepted\n", super::shown(&self.baseline)))?;
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(Ok(accepted)) = accepted {
            let faults = compare(&accepted.rows, &found.summary);
            let verdict = verdict(&faults);
            let lines: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
            let conclusion = conclusion(verdict, &faults, found.summary.len(), None);
            super::print(&format!("{lines}adversary: {conclusion}\n"))?;
            return Ok(ExitCode::from(exit_code(verdict)));
        }
        Ok(ExitCode::from(u8::from(!found.finds.is_empty())))
    }

    /// What a baseline of these rows says before them.
    fn asked(&self) -> Baseline {
        let command = format!("hypprec adversary --rows {} --from {} --seed {}", self.rows, self.from, self.seed);
        let fingerprint = fingerprint(command.as_bytes());
        Baseline {
            provenance: provenance(command, self.seed),
            study: "adversary".into(),
            fingerprint,
            rows: Vec::new(),
        }
    }

    fn accepted(&self) -> Result<Baseline, Failure> {
        let text = fs::read_to_string(&self.baseline).map_err(TableError::io(&self.baseline))?;
        let accepted = Baseline::parse(&text, &self.baseline)?;
        accepted.belongs_to(&self.asked(), &self.baseline)?;
        Ok(accepted)
    }

    /// How many rows have which fault.
    fn told(&self, found: &Search, folder: &Path, started: Instant) -> String {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        let mut kinds = BTreeSet::new();
        for find in &found.finds {
            if kinds.insert((&find.op, &find.model, &find.scalar, &find.fault)) {
                *counts.entry(&find.fault).or_default() += find.rows;
            }
        }
        let lines: String = counts.iter().map(|(fault, rows)| format!("{rows} rows: {fault}\n")).collect();
        let owed: usize = found.summary.iter().map(|row| row.n).sum();
        let (rows, seconds) = (self.rows, started.elapsed().as_secs_f64());
        let path = folder.join(FINDS);
        format!(
            "{lines}{rows} rows in {seconds:.1} s, {owed} of them with an answer that is owed; {}\n",
            super::shown(&path)
        )
    }
}
