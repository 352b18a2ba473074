//! `hypprec audit`: values that other software made, against certified truth, limits and what was accepted before.

use super::Failure;
use super::annotate::{Added, Faults, Line, annotate, write_to};
use super::asked::{self, Asked, Curved, OnError, Question, joined};
use super::list::in_columns;
use super::named::{provenance, provenance_without_draws};
use super::options::word;
use super::points::{Points, Table, short};
use super::rows::Row;
use crate::arithmetic::number::{decimal, hexadecimal, print};
use crate::arithmetic::{Arithmetic, Mp, Number};
use crate::formula::{Input, Role};
use crate::measure::bits_lost;
use crate::oracle::Inputs;
use crate::report::gate::{self, Finding, Gate, Level};
use crate::table::{TableError, fingerprint, printable, read_text, writable, write_atomic};
use crate::verdict::audit::{
    Accepted, Audit as Tallies, Claim, GroupRow, Judged, Limits, Row as Counted, Spread, Subject, Summary, Verdict,
    compare, exactly_stated, radius_band, relative_error, separation_band, stated,
};
use crate::verdict::check::{self, Fault, FaultKind};
use rug::Float;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Judge values that other software computed: how far each is from the certified answer for exactly its inputs.
///
/// A value is the number of --scalar whose decimal it is, to as many digits as are given; text that no such number prints
/// as counts as exactly what it says. Errors are in that arithmetic's units in the last place. An answered row is one that
/// has a number, or a point of the model; that says nothing of how good it is. Rows whose two points are the same as stored
/// have 0 for an answer and are counted apart.
///
/// Exit codes: 0 no value is past a limit, no group is worse than accepted; 1 one is, or rows had no answer (--on-error);
/// 2 usage, input or file errors; 3 no baseline, or one that cannot be compared (missing, damaged, of other groups, rows or
/// points); 4 groups are better than accepted: accept them.
#[derive(clap::Args)]
#[command(after_help = COLUMNS)]
pub struct Audit {
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    curved: Curved,
    /// The arithmetic that the inputs are in and the values were computed for: f32, f64, bf16, f16, dd, mpfr:BITS, …
    #[arg(long)]
    scalar: Arithmetic,
    /// Exit with 1 if a value is further off than this many units in the last place, or missing
    #[arg(long, value_parser = limit)]
    max_ulps: Option<f64>,
    /// Exit with 1 if a value's relative error is larger than this, or a value is missing
    #[arg(long, value_parser = limit)]
    max_relative: Option<f64>,
    /// Exit with 1 if a point's distance from the truth, times √c, or a tangent vector's relative Riemannian error is larger
    /// than this, or one is missing
    #[arg(long, value_parser = limit)]
    max_hyperbolic: Option<f64>,
    /// Compare every group's figures with those accepted in this file; one file holds any number of operations, models and
    /// arithmetics
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write what was measured into the baseline, instead of comparing
    #[arg(long, requires = "baseline")]
    accept: bool,
    /// By how much of itself a figure may differ from the accepted one, for values that are not the same on every machine
    #[arg(long, requires = "baseline", default_value_t = 0.0, value_parser = limit)]
    slack: f64,
    /// Also the relative error against the numbers of this column (such as `answer` of `hypprec sample`)
    #[arg(long, value_name = "COLUMN")]
    answer: Option<String>,
    /// Columns whose text groups the rows [default: the largest √c d(0, ·) of a row's points, to the nearest integer; with
    /// --baseline also √c d between its two points, by decades]
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    by: Vec<String>,
    /// Significant digits of the truth
    #[arg(long, default_value_t = asked::DIGITS, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    digits: u32,
    /// What is done with a row that cannot be read or whose answer cannot be had
    #[arg(long, value_enum, default_value_t = OnError::Stop)]
    on_error: OnError,
    /// Where to write the rows [default: standard output]
    #[arg(long)]
    out: Option<PathBuf>,
    /// The summary as JSON on standard output; rows are then written only to --out
    #[arg(long)]
    json: bool,
    /// Also write what is past a limit or not as accepted as Markdown, for a pull request
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Also write it as JUnit XML, a test case a group
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Also write it as SARIF 2.1.0, at the lines of the table
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    /// A CSV file with the operation's inputs, a column `value`, and c unless --curvature says it or it is 1 (a column of
    /// that name is always the curvature, never a coordinate); `-` is standard input
    file: String,
}

/// What is added to a table, what a script may rely on, and what runs.
const COLUMNS: &str = "\
Columns added: as `hypprec eval --truth` adds them (outcome is kink where a derivative has none), and with --answer total_error.

JSON (keys stay, new ones may come; infinite numbers are text):
  n, ok_share, answered, saturated, coincident, coincident_off, past, errors
                     rows; the share that is ok; those with a number or point; of these, held back at the last one; whose two
                     points coincide, and of these, whose value is not 0; past a limit; without an answer (not among n)
  ulps, bits, relative_error, hyperbolic_error, total_error
                     {median, p99, max} of rows that are ok and whose points do not coincide; hyperbolic_error of all answered
  worst              {line, outcome, ulps, decimals, cells}: its inputs, value and truth in decimals, and in hexadecimal
  by, groups         the columns that tell groups apart; [{key, worst_line, and the counts and errors as above}]
  subject, verdict, exit_code, faults
                     what was looked at; with --baseline what came of it and [{kind, group, figure, was, is}]

Examples:
  hypprec audit --op distance --model poincare --scalar f32 --max-relative 0.1 --on-error skip --curvature 1 points.csv
  hypprec audit --op distance --model poincare --scalar f32 --baseline limits.csv --accept points.csv && hypprec audit --op distance --model poincare --scalar f32 --baseline limits.csv --slack 0.1 --markdown audit.md --junit audit.xml --sarif audit.sarif points.csv
  hypprec eval --op exp0 --model poincare --scalar f32 points.csv | hypprec audit --op exp0 --model poincare --scalar f32 --max-hyperbolic 1e-6 --json -";

/// A value is past a limit, a group is worse than accepted, or rows had no answer.
const EXIT_PAST: u8 = 1;
/// As for `check`.
const EXIT_INCOMPARABLE: u8 = 3;
const EXIT_IMPROVED: u8 = 4;
/// The most groups that the text shows; all of them are in --json.
const MOST_SHOWN: usize = 60;

fn limit(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(limit) if limit >= 0.0 => Ok(limit),
        _ => Err("not a number from 0 upwards".to_owned()),
    }
}

/// What is told of a row beside its cells.
struct Told {
    key: Box<[Box<str>]>,
    judged: Judged,
    /// The outcome as the rows say it.
    outcome: String,
    coincident: bool,
    total: Option<f64>,
    /// [`fingerprint`] of the inputs, where a baseline asks for it.
    points: Option<String>,
    /// Inputs, value and truth, for the case that the row is the worst: name, in decimals, in hexadecimal.
    witness: Vec<[String; 3]>,
}

/// The worst row.
struct Worst {
    line: u64,
    judged: Judged,
    outcome: String,
    cells: Vec<[String; 3]>,
}

/// What came of the comparison with a baseline.
struct Compared {
    verdict: check::Verdict,
    faults: Vec<Fault>,
    /// Why nothing could be compared.
    reason: Option<String>,
}

impl Audit {
    pub fn run(self) -> Result<ExitCode, Failure> {
        let question = self.asked.question()?;
        let mut points = Points::open(&self.file)?;
        points.table.curvature = self.curved.curvature()?;
        for column in ["value"].into_iter().chain(self.by.iter().chain(&self.answer).map(String::as_str)) {
            points.table.column(column)?;
        }
        // Before the rows are judged, so that what cannot be read or replaced is known at once.
        let before = self.baseline.as_deref().filter(|_| self.accept).map(replaceable).transpose()?.flatten();
        for path in [&self.markdown, &self.junit, &self.sarif].into_iter().flatten() {
            writable(path)?;
        }
        let limits = Limits { ulps: self.max_ulps, relative: self.max_relative, hyperbolic: self.max_hyperbolic };
        let mut tallies = Tallies::new(limits);
        let columns = self.columns(&question);
        let head = self.head(&question);
        let added = Added { head: &head, columns: &columns, on_error: self.on_error };
        let mut seen_points = String::new();
        let seen = |line: u64, told: Told| {
            if let Some(points) = &told.points {
                seen_points = fingerprint(format!("{seen_points}{points}").as_bytes());
            }
            let Told { judged, coincident, total, .. } = told;
            let worst = || Worst { line, judged, outcome: told.outcome, cells: told.witness };
            tallies.add(told.key, Counted { line, judged: &judged, coincident, total }, worst);
        };
        let rows = |out: &mut dyn Write| {
            let mut out = Deaf { out, gone: false };
            crate::with_arithmetic!(self.scalar, |proto| {
                annotate(
                    points,
                    &added,
                    &mut out,
                    |table, row, line| self.row(&question, table, row, line, &proto),
                    seen,
                )
            })
        };
        let faults = if self.json && self.out.is_none() {
            write_to(None, |_| rows(&mut io::sink()))?
        } else {
            write_to(self.out.as_deref(), rows)?
        };
        let mut verdict = tallies.verdict();
        if self.by.is_empty() {
            verdict.groups.sort_by_cached_key(|(key, _)| band_order(key));
        }
        let subject = Subject {
            op: question.op,
            by: question.by,
            model: question.model,
            to: question.to,
            scalar: self.scalar,
            groups: self.group_columns().into_iter().map(str::to_owned).collect(),
            points: seen_points,
        };
        let compared = match &self.baseline {
            None => None,
            Some(path) if self.accept => {
                self.accept(path, before, &subject, &verdict, &faults)?;
                None
            }
            Some(path) => Some(self.compared(path, &subject, &verdict)),
        };
        let code = exit_code(&verdict, &faults, compared.as_ref());
        self.tell(&subject, &verdict, limits, &faults, compared.as_ref(), code)?;
        Ok(ExitCode::from(code))
    }

    /// The columns that are added.
    fn columns(&self, question: &Question) -> Vec<&'static str> {
        let mut columns = vec!["value", "truth", "relative_error", "ulps", "outcome"];
        columns.extend(question.is_geometric().then_some("hyperbolic_error"));
        columns.extend(self.answer.is_some().then_some("total_error"));
        columns
    }

    /// The options that say what is judged.
    fn words(&self, question: &Question) -> String {
        let curvature = self.curved.words();
        let answer = self.answer.as_ref().map_or(String::new(), |column| format!(" --answer {}", word(column)));
        let by: String = self.by.iter().map(|column| format!(" --by {}", word(column))).collect();
        format!(
            "hypprec audit {} --scalar {}{curvature}{answer}{by} --digits {}{}",
            question.words(),
            self.scalar,
            self.digits,
            self.on_error.words()
        )
    }

    /// Where the output comes from.
    fn head(&self, question: &Question) -> Vec<(&'static str, String)> {
        let limit = |name: &str, limit: Option<f64>| limit.map_or(String::new(), |x| format!(" --max-{name} {x}"));
        let limits = limit("ulps", self.max_ulps)
            + &limit("relative", self.max_relative)
            + &limit("hyperbolic", self.max_hyperbolic);
        let mut head = provenance_without_draws(format!("{}{limits} {}", self.words(question), word(&self.file)));
        let values = "the input's column `value`; if hypprec made it, its variant and guard stand below as the input's";
        head.push(("values", values.to_owned()));
        head
    }

    fn row<S: Number>(
        &self,
        question: &Question,
        table: &Table,
        row: &Row,
        line: &mut Line,
        like: &S,
    ) -> Result<Told, Failure> {
        let Question { op, model, to, by, .. } = *question;
        let claim = Claim { op, model, to, gradient: by.is_some() };
        let digits = self.digits as usize;
        let inputs = table.inputs(row, op, model, to, like)?;
        let value = numbers(table, row, "value", |text| stated(like, text))?;
        let truth = question.truth(table, row, &inputs, digits)?;
        let same_width = |column: &str, width: usize| match width == truth.len() {
            true => Ok(()),
            false => Err(table.place(row, column, format!("{width} numbers where the answer has {}", truth.len()))),
        };
        same_width("value", value.len())?;
        let judged = claim.judge(&inputs, &truth, &value);
        let number = |error: Option<f64>| error.map_or(String::new(), |error| print(&error));
        line.push(row.cell(table.column("value")?));
        line.push(&joined(&truth, |x| decimal(x, digits)));
        line.push(&number(judged.errors.map(|errors| errors.relative)));
        line.push(&number(judged.errors.map(|errors| errors.ulps)));
        let outcome = question.told(judged.outcome, &inputs);
        line.push(&outcome);
        if question.is_geometric() {
            line.push(&number(judged.hyperbolic));
        }
        let mut total = None;
        if let Some(column) = &self.answer {
            let answer = numbers(table, row, column, |text| exactly_stated(like.bits(), text))?;
            same_width(column, answer.len())?;
            total = judged.errors.map(|_| relative_error(&answer, &value));
            line.push(&number(total));
        }
        let key = match self.by.as_slice() {
            [] => {
                let radius = radius_band(claim.radius(&inputs, &truth)?);
                match self.baseline {
                    None => vec![radius],
                    Some(_) => vec![radius, separation_band(claim.separation(&inputs)?)],
                }
            }
            columns => columns
                .iter()
                .map(|column| Ok(row.cell(table.column(column)?).to_owned()))
                .collect::<Result<_, Failure>>()?,
        };
        let witness = witness(&inputs, op.inputs(), &value, &truth, digits);
        let points = self.baseline.as_ref().map(|_| {
            let inputs: Vec<&str> =
                witness.iter().map(|[_, decimal, _]| decimal.as_str()).take(op.inputs().len() + 1).collect();
            fingerprint(inputs.join(",").as_bytes())
        });
        let key = key.into_iter().map(String::into_boxed_str).collect();
        let coincident = claim.coincides(&inputs);
        Ok(Told { key, judged, outcome, coincident, total, points, witness })
    }

    fn group_columns(&self) -> Vec<&str> {
        match (self.by.as_slice(), &self.baseline) {
            ([], None) => vec!["radius"],
            ([], Some(_)) => vec!["radius", "separation"],
            (columns, _) => columns.iter().map(String::as_str).collect(),
        }
    }

    /// A group in words.
    fn group_name(&self, key: &[Box<str>]) -> String {
        let named = self.group_columns().into_iter().zip(key).map(|(column, text)| format!("{column} {text}"));
        printable(&named.collect::<Vec<_>>().join(", "))
    }

    fn group_rows(&self, subject: &Subject, verdict: &Verdict<Worst>) -> Vec<GroupRow> {
        verdict.groups.iter().map(|(key, summary)| subject.row(self.group_name(key), summary)).collect()
    }

    /// Writes the groups into the baseline, beside those of other operations, models and arithmetics.
    fn accept(
        &self,
        path: &Path,
        before: Option<Accepted>,
        subject: &Subject,
        verdict: &Verdict<Worst>,
        faults: &Faults,
    ) -> Result<(), Failure> {
        if faults.count > 0 {
            return Err(Failure(format!("{}: nothing accepted: {} rows have no answer", path.display(), faults.count)));
        }
        let command = format!("hypprec audit --baseline {} --accept", word(&path.display().to_string()));
        // Nothing is drawn: the seed is none.
        let empty = Accepted { provenance: provenance(command.clone(), 0), rows: Vec::new() };
        let mut all = before.unwrap_or(empty).with(subject, self.group_rows(subject, verdict));
        all.provenance = provenance(command, 0);
        Ok(write_atomic(path, |out| all.write(out))?)
    }

    fn compared(&self, path: &Path, subject: &Subject, verdict: &Verdict<Worst>) -> Compared {
        let measured = self.group_rows(subject, verdict);
        let incomparable = |reason: String| Compared {
            verdict: check::Verdict::Incomparable,
            faults: Vec::new(),
            reason: Some(printable(&reason)),
        };
        let text = match read_text(path) {
            Ok(text) => text,
            Err(error) => return incomparable(format!("{}: {error}", path.display())),
        };
        let accepted = match Accepted::parse(&text, path) {
            Ok(accepted) => accepted,
            Err(error) => return incomparable(error.to_string()),
        };
        match accepted.of(subject, path) {
            Err(error) => incomparable(error.to_string()),
            Ok(rows) => {
                let faults = compare(&rows, &measured, self.slack);
                Compared { verdict: check::verdict(&faults), faults, reason: None }
            }
        }
    }

    /// The summary, and what is written for machines.
    fn tell(
        &self,
        subject: &Subject,
        verdict: &Verdict<Worst>,
        limits: Limits,
        faults: &Faults,
        compared: Option<&Compared>,
        code: u8,
    ) -> Result<(), Failure> {
        let gate = self.gate(subject, verdict, limits, faults, compared);
        let write = |path: &Option<PathBuf>, text: &dyn Fn() -> Result<String, Failure>| match path {
            None => Ok(()),
            Some(path) => {
                let text = text()?;
                Ok::<(), Failure>(write_atomic(path, |out| out.write_all(text.as_bytes()))?)
            }
        };
        write(&self.markdown, &|| Ok(gate::markdown(&gate)))?;
        write(&self.junit, &|| Ok(gate::junit(&gate)))?;
        write(&self.sarif, &|| Ok(serde_json::to_string_pretty(&gate::sarif(&gate))? + "\n"))?;
        if self.json {
            let told = Json { audit: self, subject, verdict, faults, compared, code, gate: &gate };
            let mut out = Deaf { out: &mut io::stdout().lock(), gone: false };
            let written = serde_json::to_writer_pretty(&mut out, &told).map_err(io::Error::from);
            written.and_then(|()| writeln!(out)).map_err(|error| Failure(format!("standard output: {error}")))
        } else {
            let mut err = io::stderr().lock();
            // A reader that has gone away is no reason for another verdict.
            let _ = err.write_all(self.as_text(verdict, limits, &gate).as_bytes());
            if let Some(line) = faults.line(if self.on_error == OnError::Mark { "marked" } else { "left out" }) {
                super::say(&format!("hypprec: {line}"));
            }
            Ok(())
        }
    }

    fn gate(
        &self,
        subject: &Subject,
        verdict: &Verdict<Worst>,
        limits: Limits,
        faults: &Faults,
        compared: Option<&Compared>,
    ) -> Gate {
        let mut findings = Vec::new();
        if let Some((line, what)) = &faults.first {
            let message = format!("{} rows have no answer; the first: {what}", faults.count);
            let (rule, group) = ("no-answer".to_owned(), String::new());
            findings.push(Finding { level: Level::Error, rule, group, message, line: Some(*line) });
        }
        let past = verdict.groups.iter().filter(|(_, summary)| summary.past > 0).map(|(key, summary)| Finding {
            level: Level::Error,
            rule: "past-limit".to_owned(),
            group: self.group_name(key),
            message: format!("{} of {} rows past {}", summary.past, summary.n, limit_names(limits)),
            line: Some(summary.worst_line),
        });
        findings.extend(past);
        if let Some(Compared { faults, reason, .. }) = compared {
            findings.extend(reason.iter().map(|reason| Finding {
                level: Level::Incomparable,
                rule: "incomparable".to_owned(),
                group: String::new(),
                message: reason.clone(),
                line: None,
            }));
            let lines: HashMap<String, u64> = match faults.is_empty() {
                true => HashMap::new(),
                false => verdict.groups.iter().map(|(key, group)| (self.group_name(key), group.worst_line)).collect(),
            };
            findings.extend(faults.iter().map(|fault| finding(fault, &lines)));
        }
        Gate {
            title: format!("audit {}", subject.name()),
            conclusion: self.conclusion(verdict, limits, faults, compared),
            file: self.file.clone(),
            // Test cases are of the groups; nobody else asks for their names.
            groups: match &self.junit {
                Some(_) => verdict.groups.iter().map(|(key, _)| self.group_name(key)).collect(),
                None => Vec::new(),
            },
            findings,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// What came of it, in one line.
    fn conclusion(
        &self,
        verdict: &Verdict<Worst>,
        limits: Limits,
        faults: &Faults,
        compared: Option<&Compared>,
    ) -> String {
        let Summary { n, answered, past, .. } = verdict.all;
        let mut parts = vec![format!("{n} rows, {answered} answered")];
        if faults.count > 0 {
            parts.push(format!("{} without an answer", faults.count));
        }
        if limits != Limits::default() {
            parts.push(format!("{past} past {}", limit_names(limits)));
        }
        if let Some(path) = self.baseline.as_ref().filter(|_| self.accept) {
            parts.push(format!("{} groups accepted in {}", verdict.groups.len(), path.display()));
        }
        if let Some(Compared { verdict: came_of, faults, reason }) = compared {
            let what = match (reason, came_of) {
                (Some(reason), _) => format!("incomparable: {reason}"),
                (None, check::Verdict::Within) => format!("{} groups within what was accepted", verdict.groups.len()),
                (None, check::Verdict::Improved) => {
                    format!("improved in {} figures: accept it with --accept, so that it stays", faults.len())
                }
                (None, came_of) => format!("{}: {} figures are not as accepted", came_of.name(), faults.len()),
            };
            parts.push(what);
        }
        printable(&parts.join("; "))
    }

    fn as_text(&self, verdict: &Verdict<Worst>, limits: Limits, gate: &Gate) -> String {
        let Summary { n, saturated, coincident, coincident_off, past, .. } = verdict.all;
        let mut out = format!("{}: {n} rows, {}\n", gate.title, answered(&verdict.all));
        if saturated > 0 {
            out += &format!("  {saturated} saturated: held back at the last number or point of the arithmetic\n");
        }
        if coincident > 0 {
            out += &format!(
                "  {coincident} whose two points coincide as stored, not among the errors below; of these {coincident_off} are not 0\n"
            );
        }
        let line = |name: &str, spread: Option<Spread>, f: fn(f64) -> f64| {
            spread.map(|s| {
                let [median, p99, max] = [s.median, s.p99, s.max].map(|x| brief(f(x)));
                [format!("  {name}"), format!("median {median}"), format!("p99 {p99}"), format!("max {max}")].to_vec()
            })
        };
        let all = &verdict.all;
        let lines = [
            line("ulps", all.ulps, |x| x),
            line("bits", all.ulps, bits_lost),
            line("relative error", all.relative, |x| x),
            line("hyperbolic error", all.hyperbolic, |x| x),
            line("total error", all.total, |x| x),
        ];
        out += &in_columns(&lines.into_iter().flatten().collect::<Vec<_>>());
        if limits != Limits::default() {
            out += &format!("{past} rows past the limit\n");
        }
        if let Some(worst) = &verdict.worst {
            let error = worst.judged.errors.map_or(String::new(), |errors| format!(", {} ulps", brief(errors.ulps)));
            out += &format!("worst: line {}, {}{error}\n", worst.line, outcome_in_words(worst));
            for [name, decimal, hexadecimal] in &worst.cells {
                let beside = if hexadecimal.is_empty() { String::new() } else { format!("  ({hexadecimal})") };
                out += &format!("  {name} = {decimal}{beside}\n");
            }
        }
        out += &self.group_table(verdict);
        let shown = gate.findings.iter().filter(|finding| finding.rule != "no-answer").take(MOST_SHOWN);
        for Finding { rule, group, message, .. } in shown {
            let group = if group.is_empty() { String::new() } else { format!("{group}: ") };
            out += &format!("{rule}: {group}{message}\n");
        }
        out + &if self.baseline.is_some() { format!("{}\n", gate.conclusion) } else { String::new() }
    }

    /// A row a group; of many groups the worst.
    fn group_table(&self, verdict: &Verdict<Worst>) -> String {
        let mut shown: Vec<usize> = (0..verdict.groups.len()).collect();
        if shown.len() > MOST_SHOWN {
            let badness = |i: &usize| {
                let summary = &verdict.groups[*i].1;
                let unanswered = (summary.n - summary.answered) as f64;
                (summary.past as f64, unanswered, summary.ulps.map_or(-1.0, |s| s.max))
            };
            shown.sort_by(|a, b| badness(b).partial_cmp(&badness(a)).unwrap_or(std::cmp::Ordering::Equal));
            shown.truncate(MOST_SHOWN);
            shown.sort_unstable();
        }
        let mut rows: Vec<String> = self.group_columns().into_iter().map(short).collect();
        rows.extend(
            ["n", "answered", "coincide", "median ulps", "p99", "max", "bits", "max relative error"].map(str::to_owned),
        );
        let mut rows = vec![rows];
        for (key, summary) in shown.iter().map(|i| &verdict.groups[*i]) {
            let mut row: Vec<String> = key.iter().map(|text| short(text)).collect();
            row.extend([summary.n.to_string(), share(summary), summary.coincident.to_string()]);
            row.extend(
                summary.ulps.map_or([(); 4].map(|()| "-".to_owned()), |s| {
                    [s.median, s.p99, s.max, bits_lost(s.max)].map(brief)
                }),
            );
            row.push(summary.relative.map_or("-".to_owned(), |s| brief(s.max)));
            rows.push(row);
        }
        let left_out = verdict.groups.len() - shown.len();
        let note = if left_out > 0 {
            format!("the {MOST_SHOWN} worst of {} groups; all are in --json\n", verdict.groups.len())
        } else {
            String::new()
        };
        in_columns(&rows) + &note
    }
}

/// A fault of a group, at the line of the table where the group is worst.
fn finding(fault: &Fault, lines: &HashMap<String, u64>) -> Finding {
    let Fault { kind, row, figure, was, is } = fault;
    let level = match kind {
        FaultKind::Regressed => Level::Error,
        FaultKind::Improved => Level::Better,
        FaultKind::Missing | FaultKind::New | FaultKind::Stale => Level::Incomparable,
    };
    let message = format!("{figure} was {was}, is {is}");
    Finding { level, rule: kind.to_string(), group: row.clone(), message, line: lines.get(row).copied() }
}

/// Rows that have a number or a point, in words.
fn answered(summary: &Summary) -> String {
    format!("{} answered ({})", summary.answered, share(summary))
}

fn share(summary: &Summary) -> String {
    percent(if summary.n == 0 { 0.0 } else { summary.answered as f64 / summary.n as f64 })
}

/// An outcome in words: `ok` says that there is a number, not that it is right.
fn outcome_in_words(worst: &Worst) -> &str {
    if worst.outcome == crate::measure::Outcome::Ok.to_string() { "answered" } else { &worst.outcome }
}

fn limit_names(limits: Limits) -> String {
    let named = [("ulps", limits.ulps), ("relative", limits.relative), ("hyperbolic", limits.hyperbolic)];
    let given = named.iter().filter_map(|(name, limit)| limit.map(|limit| format!("--max-{name} {limit}")));
    given.collect::<Vec<_>>().join(", ")
}

fn exit_code(verdict: &Verdict<Worst>, faults: &Faults, compared: Option<&Compared>) -> u8 {
    if verdict.all.past > 0 || faults.count > 0 {
        return EXIT_PAST;
    }
    match compared.map(|compared| compared.verdict) {
        Some(check::Verdict::Regressed) => EXIT_PAST,
        Some(check::Verdict::Incomparable) => EXIT_INCOMPARABLE,
        Some(check::Verdict::Improved) => EXIT_IMPROVED,
        Some(check::Verdict::Within) | None => 0,
    }
}

/// The baseline that is about to be replaced; `None` where there is none yet.
///
/// # Errors
/// If it is not a whole baseline: what hypprec did not write is not replaced.
fn replaceable(path: &Path) -> Result<Option<Accepted>, Failure> {
    let before = match read_text(path) {
        Ok(text) => Some(Accepted::parse(&text, path)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(TableError::io(path)(error).into()),
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(TableError::io(folder))?;
    }
    writable(path)?;
    Ok(before)
}

/// Bands in the order of their numbers: radii, then separations, none and 0 first.
fn band_order(key: &[Box<str>]) -> (u64, i64) {
    let radius = key[0].parse().unwrap_or(u64::MAX);
    /// Decades are told apart by more than this fraction of one.
    const DECADE: f64 = 16.0;
    let separation = match key.get(1).map(|text| &**text) {
        None | Some("none") => i64::MIN,
        Some("0") => i64::MIN + 1,
        Some(band) => {
            let from = band.split(' ').next().and_then(|from| from.parse::<f64>().ok());
            from.map_or(i64::MAX, |from| (pxfm::f_log10(from) * DECADE) as i64)
        }
    };
    (radius, separation)
}

/// The summary as JSON, a group at a time: there may be as many groups as rows.
struct Json<'a> {
    audit: &'a Audit,
    subject: &'a Subject,
    verdict: &'a Verdict<Worst>,
    faults: &'a Faults,
    compared: Option<&'a Compared>,
    code: u8,
    gate: &'a Gate,
}

/// The groups of [`Json`].
struct Groups<'a>(&'a Verdict<Worst>);

impl Serialize for Groups<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.groups.iter().map(|(key, summary)| {
            let mut group = summary_json(summary);
            group.insert("key".into(), json!(key));
            group.insert("worst_line".into(), json!(summary.worst_line));
            Value::Object(group)
        }))
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in summary_json(&self.verdict.all) {
            map.serialize_entry(&key, &value)?;
        }
        map.serialize_entry("errors", &self.faults.count)?;
        map.serialize_entry("subject", &self.subject.name())?;
        if let Some(worst) = &self.verdict.worst {
            let cells = |column: usize| -> Map<String, Value> {
                worst.cells.iter().map(|cell| (cell[0].clone(), json!(cell[column]))).collect()
            };
            let mut exact = cells(2);
            for [name, decimal, hexadecimal] in &worst.cells {
                if hexadecimal.is_empty() {
                    exact.insert(name.clone(), json!(decimal));
                }
            }
            let ulps = worst.judged.errors.map(|errors| number(errors.ulps));
            let outcome = &worst.outcome;
            let told =
                json!({"line": worst.line, "outcome": outcome, "ulps": ulps, "decimals": cells(1), "cells": exact});
            map.serialize_entry("worst", &told)?;
        }
        map.serialize_entry("by", &self.audit.group_columns())?;
        map.serialize_entry("groups", &Groups(self.verdict))?;
        if let Some(Compared { verdict, faults, .. }) = self.compared {
            let fault = |fault: &Fault| json!({"kind": fault.kind.to_string(), "group": fault.row, "figure": fault.figure, "was": fault.was, "is": fault.is});
            map.serialize_entry("verdict", verdict.name())?;
            map.serialize_entry("faults", &faults.iter().map(fault).collect::<Vec<_>>())?;
        }
        map.serialize_entry("conclusion", &self.gate.conclusion)?;
        map.serialize_entry("exit_code", &self.code)?;
        map.end()
    }
}

/// Numbers separated by spaces in one cell.
fn numbers(
    table: &Table,
    row: &Row,
    column: &str,
    read: impl Fn(&str) -> Option<Float>,
) -> Result<Vec<Float>, Failure> {
    let number =
        |text: &str| read(text).ok_or_else(|| table.place(row, column, format!("`{}` is not a number", short(text))));
    row.cell(table.column(column)?).split_whitespace().map(number).collect()
}

/// Inputs, value and truth: name, in decimals, and in hexadecimal where that says more.
fn witness<S: Number>(
    inputs: &Inputs<S>,
    names: &[(Input, Role)],
    value: &[Float],
    truth: &[Float],
    digits: usize,
) -> Vec<[String; 3]> {
    let mut cells = vec![["c".to_owned(), print(&inputs.c), hexadecimal(&inputs.c)]];
    for (input, _) in names {
        let [decimal, exact] = match input {
            Input::T => [inputs.t.as_ref().map(print), inputs.t.as_ref().map(hexadecimal)],
            _ => {
                let vector = inputs.vector(*input);
                [vector.map(|v| joined(v, |x| print(x))), vector.map(|v| joined(v, |x| hexadecimal(x)))]
            }
        };
        cells.push([input.to_string(), decimal.unwrap_or_default(), exact.unwrap_or_default()]);
    }
    // A value need not be a number of the arithmetic; one that is prints shortest there.
    let shortest = |x: &Float| {
        let near = inputs.c.nearest(x);
        if near.to_float() == *x { print(&near) } else { decimal(x, digits) }
    };
    cells.push(["value".to_owned(), joined(value, shortest), joined(value, |x| hexadecimal(&Mp(x.clone())))]);
    cells.push(["truth".to_owned(), joined(truth, |x| decimal(x, digits)), String::new()]);
    cells
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// A number for people.
fn brief(x: f64) -> String {
    const PLAIN: std::ops::Range<f64> = 0.01..1e5;
    if x == 0.0 || PLAIN.contains(&x) { format!("{x:.2}") } else { format!("{x:.2e}") }
}

/// JSON has no infinity: it is text then.
fn number(x: f64) -> Value {
    if x.is_finite() { json!(x) } else { json!(print(&x)) }
}

fn summary_json(summary: &Summary) -> Map<String, Value> {
    let spread = |spread: Option<Spread>, f: fn(f64) -> f64| match spread {
        Some(s) => json!({"median": number(f(s.median)), "p99": number(f(s.p99)), "max": number(f(s.max))}),
        None => Value::Null,
    };
    let mut out = Map::new();
    out.insert("n".into(), json!(summary.n));
    out.insert("ok_share".into(), json!(summary.ok_share));
    for (name, count) in [
        ("answered", summary.answered),
        ("saturated", summary.saturated),
        ("coincident", summary.coincident),
        ("coincident_off", summary.coincident_off),
        ("past", summary.past),
    ] {
        out.insert(name.into(), json!(count));
    }
    out.insert("ulps".into(), spread(summary.ulps, |x| x));
    out.insert("bits".into(), spread(summary.ulps, bits_lost));
    out.insert("relative_error".into(), spread(summary.relative, |x| x));
    out.insert("hyperbolic_error".into(), spread(summary.hyperbolic, |x| x));
    out.insert("total_error".into(), spread(summary.total, |x| x));
    out
}

/// An output that nobody may be listening to any more: the verdict is about all rows, so the work goes on.
struct Deaf<'a> {
    out: &'a mut dyn Write,
    gone: bool,
}

impl Deaf<'_> {
    fn unless_gone<T>(&mut self, done: T, write: impl FnOnce(&mut dyn Write) -> io::Result<T>) -> io::Result<T> {
        if self.gone {
            return Ok(done);
        }
        match write(self.out) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(done)
            }
            result => result,
        }
    }
}

impl Write for Deaf<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unless_gone(bytes.len(), |out| out.write(bytes))
    }
    fn flush(&mut self) -> io::Result<()> {
        self.unless_gone((), |out| out.flush())
    }
}
