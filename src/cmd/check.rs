//! `hypprec check`: a study's errors against the committed baseline; anything that cannot be compared is not a pass.

use super::Failure;
use super::named::{Named, place};
use super::options;
use super::progress::Reporter;
use super::shards::{Asked, Sharded, identity};
use super::stop::Stop;
use crate::study::{CELLS, Filter, measure_all, summary_rows};
use crate::table::{Provenance, Shard, SummaryRow, TableError, fingerprint, line, read_text, writable, write_atomic};
use crate::verdict::check::{Baseline, Fault, FaultKind, Verdict, compare, verdict};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Measure a study and compare its errors with a committed baseline.
///
/// Exit codes: 0 within tolerance; 1 a row regressed; 2 usage; 3 no baseline, or one that cannot be compared (missing,
/// truncated, damaged, of another study, or of other rows than were measured: new and missing rows); 4 improved: accept it.
#[derive(clap::Args)]
pub struct Check {
    /// A built-in study's name, or a TOML file
    #[arg(default_value = "gate")]
    study: String,
    /// The accepted rows [default: studies/baselines/STUDY.csv, or for `gate` without that file the one compiled in]
    #[arg(long)]
    baseline: Option<PathBuf>,
    /// Write what was measured as the baseline, instead of comparing
    #[arg(long)]
    accept: bool,
    /// Also write the differences as Markdown, for a pull request
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// Threads [default: one a core]
    #[arg(long, value_parser = options::jobs)]
    jobs: Option<usize>,
    /// The verdict as JSON
    #[arg(long)]
    json: bool,
    /// Take these rows, which `hypprec merge` has made of shards, instead of measuring
    #[arg(long, value_name = "FILE")]
    measured: Option<PathBuf>,
    #[command(flatten)]
    sharded: Sharded,
    /// Where a shard writes [default: out/check/STUDY]
    #[arg(long)]
    out: Option<PathBuf>,
    /// A shard: go on where a killed one stopped
    #[arg(long)]
    resume: bool,
}

/// What `merge` makes of shards.
pub const MEASURED: &str = "measured.csv";

/// Exit codes of the verdicts.
const EXIT_REGRESSED: u8 = 1;
pub(super) const EXIT_INCOMPARABLE: u8 = 3;
const EXIT_IMPROVED: u8 = 4;

/// The gate's own baseline, for a run outside the project's tree.
const GATE: (&str, &str) = ("gate", include_str!("../../studies/baselines/gate.csv"));

impl Check {
    pub fn run(self) -> Result<ExitCode, Failure> {
        let named = Named::open(&self.study)?;
        let path = self.path(&named.name);
        let asked = self.asked(&named);
        if self.measured.is_none()
            && let Some(shard) = self.sharded.get()?
        {
            return self.part(&named, &asked.provenance, shard, Stop::listen()?);
        }
        // Before the measurement, so that what cannot be written or compared is known at once.
        self.markdown.as_deref().map_or(Ok(()), writable)?;
        if self.accept {
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                fs::create_dir_all(folder).map_err(TableError::io(folder))?;
            }
            writable(&path)?;
            let measured = Baseline { rows: self.measure(&named)?, ..asked };
            write_atomic(&path, |out| measured.write(out))?;
            super::print(&format!("{}: {} rows accepted\n", super::shown(&path), measured.rows.len()))?;
            return Ok(ExitCode::SUCCESS);
        }
        let accepted = match self.accepted(&named, &path, &asked) {
            Ok(accepted) => accepted,
            Err(Failure(line)) => {
                self.say(&named, Verdict::Incomparable, &[], 0, Some(&line))?;
                return Ok(ExitCode::from(EXIT_INCOMPARABLE));
            }
        };
        let rows = self.measure(&named)?;
        let faults = compare(&accepted.rows, &rows);
        let verdict = verdict(&faults);
        self.say(&named, verdict, &faults, rows.len(), None)?;
        Ok(ExitCode::from(exit_code(verdict)))
    }

    fn path(&self, name: &str) -> PathBuf {
        let own = || PathBuf::from("studies").join("baselines").join(format!("{name}.csv"));
        self.baseline.clone().unwrap_or_else(own)
    }

    /// What a baseline of this study says before its rows.
    fn asked(&self, named: &Named) -> Baseline {
        Baseline {
            provenance: named.provenance(format!("hypprec check {} --accept", self.study)),
            study: named.name.clone(),
            fingerprint: fingerprint(named.text.as_bytes()),
            rows: Vec::new(),
        }
    }

    /// Measures the cells of a shard.
    fn part(&self, named: &Named, provenance: &Provenance, shard: Shard, stop: Stop) -> Result<ExitCode, Failure> {
        let layout = named.study.layout(&Filter::default()).map_err(|error| place(&self.study, &error))?;
        let out = self.out.clone().unwrap_or_else(|| PathBuf::from("out").join("check").join(&named.name));
        super::sweep::part(
            Asked {
                out: &out,
                identity: identity("check", &named.name, &named.text, provenance),
                text: &named.text,
                provenance,
                shard,
                file: CELLS,
                total: layout.cells(),
                resume: self.resume,
                force: false,
            },
            &layout,
            self.jobs,
            stop,
        )
    }

    fn measure(&self, named: &Named) -> Result<Vec<SummaryRow>, Failure> {
        if let Some(path) = &self.measured {
            let asked = self.asked(named);
            let measured = Baseline::parse(&read_text(path)?, path)?;
            measured.belongs_to(&asked, path)?;
            let of = |provenance: &Provenance| (provenance.version.clone(), provenance.revision.clone());
            if of(&measured.provenance) != of(&asked.provenance) {
                return Err(Failure(format!("{}: measured by another version or revision", path.display())));
            }
            return Ok(measured.rows);
        }
        let groups = named.study.groups(&Filter::default()).map_err(|error| place(&self.study, &error))?;
        let reporter = Reporter::new(groups.iter().map(|group| group.cases.len() as u64).sum());
        let pool = options::pool(self.jobs)?;
        let cells = pool.install(|| measure_all(&groups, &reporter))?;
        reporter.clear();
        Ok(summary_rows(&cells))
    }

    /// The accepted rows, if they are whole and of the study that is asked for.
    fn accepted(&self, named: &Named, path: &Path, asked: &Baseline) -> Result<Baseline, Failure> {
        let (name, compiled_in) = GATE;
        let text = match self.baseline.is_none() && named.name == name && named.text_is_built_in() && !path.exists() {
            true => compiled_in.to_owned(),
            false => read_text(path).map_err(TableError::io(path))?,
        };
        let accepted = Baseline::parse(&text, path)?;
        accepted.belongs_to(asked, path)?;
        Ok(accepted)
    }

    /// The verdict on standard output and, where it is asked for, as Markdown.
    fn say(
        &self,
        named: &Named,
        verdict: Verdict,
        faults: &[Fault],
        rows: usize,
        reason: Option<&str>,
    ) -> Result<(), Failure> {
        if let Some(path) = &self.markdown {
            let text = markdown(&named.name, verdict, faults, rows, reason);
            write_atomic(path, |out| out.write_all(text.as_bytes()))?;
        }
        if self.json {
            let fault = |fault: &Fault| json!({"kind": fault.kind.to_string(), "row": fault.row, "figure": fault.figure, "was": fault.was, "is": fault.is});
            let value = json!({
                "study": named.name,
                "verdict": verdict.name(),
                "exit_code": exit_code(verdict),
                "rows": rows,
                "reason": reason,
                "faults": faults.iter().map(fault).collect::<Vec<_>>(),
            });
            return super::print(&format!("{}\n", serde_json::to_string_pretty(&value)?));
        }
        let lines: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
        super::print(&(lines + &format!("{}: {}\n", named.name, conclusion(verdict, faults, rows, reason))))
    }
}

pub(super) fn exit_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Within => 0,
        Verdict::Regressed => EXIT_REGRESSED,
        Verdict::Incomparable => EXIT_INCOMPARABLE,
        Verdict::Improved => EXIT_IMPROVED,
    }
}

/// The longest reason that is told, in bytes: with the study and the verdict before it, a line that stays in sight.
const LONGEST_REASON: usize = 230;

/// The verdict in one line.
pub(super) fn conclusion(verdict: Verdict, faults: &[Fault], rows: usize, reason: Option<&str>) -> String {
    let count = |kind: FaultKind| faults.iter().filter(|fault| fault.kind == kind).count();
    let counts: Vec<String> =
        [FaultKind::Regressed, FaultKind::Missing, FaultKind::New, FaultKind::Stale, FaultKind::Improved]
            .into_iter()
            .filter(|kind| count(*kind) > 0)
            .map(|kind| format!("{} {kind}", count(kind)))
            .collect();
    match (verdict, reason) {
        (_, Some(reason)) => format!("{}: {}", verdict.name(), line(reason, LONGEST_REASON)),
        (Verdict::Within, _) => format!("{rows} rows {}", verdict.name()),
        (Verdict::Improved, _) => {
            format!(
                "{}: {} in {rows} rows; accept it with --accept, so that it stays",
                verdict.name(),
                counts.join(", ")
            )
        }
        _ => format!("{}: {} in {rows} rows", verdict.name(), counts.join(", ")),
    }
}

fn markdown(name: &str, verdict: Verdict, faults: &[Fault], rows: usize, reason: Option<&str>) -> String {
    let mut out = format!("### hypprec check {name}\n\n{}\n", conclusion(verdict, faults, rows, reason));
    if !faults.is_empty() {
        out += "\n| | row | figure | was | is |\n|---|---|---|---|---|\n";
    }
    for Fault { kind, row, figure, was, is } in faults {
        out += &format!("| {kind} | {} | {figure} | {was} | {is} |\n", row.replace('|', "\\|"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_markdown_has_a_row_for_every_fault() {
        let fault = Fault {
            kind: FaultKind::Regressed,
            row: "poincare f32 distance best none".into(),
            figure: "max_ulps",
            was: "0.5".into(),
            is: "1.5".into(),
        };
        let text = markdown("gate", Verdict::Regressed, &[fault], 7, None);
        assert_eq!(
            text,
            "### hypprec check gate\n\nregressed: 1 regressed in 7 rows\n\n| | row | figure | was | is |\n\
             |---|---|---|---|---|\n| regressed | poincare f32 distance best none | max_ulps | 0.5 | 1.5 |\n"
        );
    }
}
