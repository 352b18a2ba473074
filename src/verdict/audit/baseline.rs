//! What values were worth when they were accepted, by group: a limit for each, since one for all is blind or too strict.

use super::Summary;
use crate::arithmetic::Arithmetic;
use crate::formula::{Input, Model, Op};
use crate::table::Provenance;
use crate::verdict::check::{BaselineError, Fault, FaultKind, TOLERANCE, change, seal, unseal};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

/// The version of the form; another one is foreign.
const FORM: &str = "hypprec audit baseline 1";

/// What an audit is of. A baseline holds the groups of any number of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    pub op: Op,
    /// The input by which it is differentiated, c where that is `Some(None)`.
    pub by: Option<Option<Input>>,
    pub model: Model,
    pub to: Model,
    pub scalar: Arithmetic,
    /// The columns, or bands, that tell the groups apart.
    pub groups: Vec<String>,
    /// [`crate::table::fingerprint`] of the inputs of every row: other points are no comparison.
    pub points: String,
}

/// One group in few numbers. Errors are over its ok rows whose points do not coincide; `max_hyperbolic` over its answered
/// ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupRow {
    pub op: String,
    /// The input by which the operation is differentiated, if any.
    pub gradient: String,
    pub model: String,
    pub to: String,
    pub scalar: String,
    pub points: String,
    pub by: String,
    pub group: String,
    pub n: u64,
    pub answered: u64,
    pub coincident: u64,
    pub coincident_off: u64,
    pub median_ulps: Option<f64>,
    pub p99_ulps: Option<f64>,
    pub max_ulps: Option<f64>,
    pub max_relative: Option<f64>,
    pub max_hyperbolic: Option<f64>,
}

impl Subject {
    /// It in words.
    pub fn name(&self) -> String {
        let op = match self.by {
            Some(by) => format!("d({})/d{}", self.op, input_name(by)),
            None if self.op.has_target() => format!("{} to {}", self.op, self.to),
            None => self.op.to_string(),
        };
        format!("{op}, {}, {}", self.model, self.scalar)
    }

    /// A group as a row of a baseline.
    pub fn row(&self, group: String, summary: &Summary) -> GroupRow {
        GroupRow {
            op: self.op.to_string(),
            gradient: self.by.map_or(String::new(), input_name),
            model: self.model.to_string(),
            to: self.to.to_string(),
            scalar: self.scalar.to_string(),
            points: self.points.clone(),
            by: self.groups.join(","),
            group,
            n: summary.n,
            answered: summary.answered,
            coincident: summary.coincident,
            coincident_off: summary.coincident_off,
            median_ulps: summary.ulps.map(|s| s.median),
            p99_ulps: summary.ulps.map(|s| s.p99),
            max_ulps: summary.ulps.map(|s| s.max),
            max_relative: summary.relative.map(|s| s.max),
            max_hyperbolic: summary.hyperbolic.map(|s| s.max),
        }
    }

    fn is_of(&self, row: &GroupRow) -> bool {
        row.op == self.op.name()
            && row.gradient == self.by.map_or(String::new(), input_name)
            && row.model == self.model.name()
            && row.to == self.to.name()
            && row.scalar == self.scalar.to_string()
    }
}

fn input_name(by: Option<Input>) -> String {
    by.map_or("c".to_owned(), |input| input.to_string())
}

/// The groups that were accepted, of any number of subjects.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    pub provenance: Provenance,
    pub rows: Vec<GroupRow>,
}

impl Accepted {
    /// Reads a baseline; anything but the whole of what [`Accepted::write`] wrote is an error.
    pub fn parse(text: &str, path: &Path) -> Result<Accepted, BaselineError> {
        let (provenance, rows): (Provenance, Vec<GroupRow>) = unseal(text, path, FORM)?;
        let damaged = |what: String| BaselineError::Damaged { path: path.display().to_string(), what };
        let mut seen = BTreeSet::new();
        for row in &rows {
            if !seen.insert([&row.op, &row.gradient, &row.model, &row.to, &row.scalar, &row.group]) {
                return Err(damaged(format!("group {} of {} in {} stands twice", row.group, row.op, row.model)));
            }
        }
        if rows.is_empty() { Err(damaged("it has no rows".to_owned())) } else { Ok(Accepted { provenance, rows }) }
    }

    /// Writes the head, the rows, and a last line without which they are not whole.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        seal(out, &self.provenance, &[("form", FORM)], &self.rows)
    }

    /// The groups of one subject.
    ///
    /// # Errors
    /// If there are none, or they are by other columns or of other points.
    pub fn of(&self, subject: &Subject, path: &Path) -> Result<Vec<&GroupRow>, BaselineError> {
        let rows: Vec<&GroupRow> = self.rows.iter().filter(|row| subject.is_of(row)).collect();
        let foreign = |what: &'static str, found: &str, asked: &str| BaselineError::Foreign {
            path: path.display().to_string(),
            what,
            found: found.to_owned(),
            asked: asked.to_owned(),
        };
        let Some(first) = rows.first() else { return Err(foreign("subject", "others", &subject.name())) };
        let by = subject.groups.join(",");
        if first.by != by {
            return Err(foreign("groups by", &first.by, &by));
        }
        if first.points != subject.points {
            return Err(foreign("points with fingerprint", &first.points, &subject.points));
        }
        Ok(rows)
    }

    /// With the groups of one subject in place of those that it had.
    pub fn with(mut self, subject: &Subject, rows: Vec<GroupRow>) -> Accepted {
        self.rows.retain(|row| !subject.is_of(row));
        self.rows.extend(rows);
        self
    }
}

/// A column that is compared.
struct Figure {
    name: &'static str,
    of: fn(&GroupRow) -> Option<f64>,
    more_is_better: bool,
}

const FIGURES: &[Figure] = &[
    Figure { name: "answered", of: |row| Some(row.answered as f64), more_is_better: true },
    Figure { name: "coincident_off", of: |row| Some(row.coincident_off as f64), more_is_better: false },
    Figure { name: "median_ulps", of: |row| row.median_ulps, more_is_better: false },
    Figure { name: "p99_ulps", of: |row| row.p99_ulps, more_is_better: false },
    Figure { name: "max_ulps", of: |row| row.max_ulps, more_is_better: false },
    Figure { name: "max_relative", of: |row| row.max_relative, more_is_better: false },
    Figure { name: "max_hyperbolic", of: |row| row.max_hyperbolic, more_is_better: false },
];

/// Every figure that is not what was accepted, in the order of the accepted groups, then groups that are new. `slack` is by
/// how much of itself a figure may differ; below [`TOLERANCE`] none is allowed.
pub fn compare(accepted: &[&GroupRow], measured: &[GroupRow], slack: f64) -> Vec<Fault> {
    let presence = |kind: FaultKind, row: &GroupRow| {
        let (rows, nothing) = (format!("{} rows", row.n), "not there".to_owned());
        let (was, is) = if kind == FaultKind::Missing { (rows, nothing) } else { (nothing, rows) };
        Fault { kind, row: row.group.clone(), figure: "group", was, is }
    };
    let mut faults = Vec::new();
    let found: BTreeMap<&str, &GroupRow> = measured.iter().map(|row| (row.group.as_str(), row)).collect();
    for was in accepted {
        match found.get(was.group.as_str()) {
            Some(is) => faults.extend(group_faults(was, is, slack)),
            None => faults.push(presence(FaultKind::Missing, was)),
        }
    }
    let known: BTreeSet<&str> = accepted.iter().map(|row| row.group.as_str()).collect();
    let new = measured.iter().filter(|row| !known.contains(row.group.as_str()));
    faults.extend(new.map(|row| presence(FaultKind::New, row)));
    faults
}

fn group_faults(was: &GroupRow, is: &GroupRow, slack: f64) -> Vec<Fault> {
    for (figure, before, now) in [("n", was.n, is.n), ("coincident", was.coincident, is.coincident)] {
        if before != now {
            let row = was.group.clone();
            return vec![Fault { kind: FaultKind::Stale, row, figure, was: before.to_string(), is: now.to_string() }];
        }
    }
    let text = |x: Option<f64>| x.map_or("none".to_owned(), |x| x.to_string());
    let fault = |figure: &Figure| {
        let (before, now) = ((figure.of)(was), (figure.of)(is));
        let kind = change(slack.max(TOLERANCE), figure.more_is_better, before, now)?;
        Some(Fault { kind, row: was.group.clone(), figure: figure.name, was: text(before), is: text(now) })
    };
    FIGURES.iter().filter_map(fault).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::audit::Spread;
    use crate::verdict::check::{Verdict, verdict};

    const PATH: &str = "audit.csv";

    fn subject(op: Op) -> Subject {
        Subject {
            op,
            by: None,
            model: Model::Poincare,
            to: Model::Poincare,
            scalar: Arithmetic::F32,
            groups: vec!["radius".into(), "separation".into()],
            points: "0".into(),
        }
    }

    fn summary(max: f64) -> Summary {
        let spread = Some(Spread { median: max / 2.0, p99: max, max });
        Summary { n: 3, answered: 3, ulps: spread, relative: spread, ..Summary::default() }
    }

    fn rows(op: Op, max: f64) -> Vec<GroupRow> {
        ["radius 1", "radius 2"].map(|group| subject(op).row(group.to_owned(), &summary(max))).to_vec()
    }

    fn accepted(rows: Vec<GroupRow>) -> Accepted {
        let text = |x: &str| x.to_owned();
        let provenance = Provenance {
            command: text("hypprec audit"),
            version: text("0"),
            revision: text("r"),
            seed: 0,
            host: text("h"),
        };
        Accepted { provenance, rows }
    }

    fn faults(was: f64, is: f64, slack: f64) -> Verdict {
        let was = accepted(rows(Op::Distance, was));
        verdict(&compare(&was.of(&subject(Op::Distance), Path::new(PATH)).unwrap(), &rows(Op::Distance, is), slack))
    }

    #[test]
    fn a_group_is_held_to_its_own_figures() {
        assert_eq!(faults(24.0, 24.0, 0.0), Verdict::Within);
        assert_eq!(faults(24.0, 24.1, 0.0), Verdict::Regressed);
        assert_eq!(faults(24.0, 24.1, 0.1), Verdict::Within);
        assert_eq!(faults(24.0, 1.0, 0.1), Verdict::Improved);
        assert_eq!(faults(f64::INFINITY, 1.0, 0.1), Verdict::Improved);
        let was = accepted(rows(Op::Distance, 1.0));
        let was = was.of(&subject(Op::Distance), Path::new(PATH)).unwrap();
        assert_eq!(verdict(&compare(&was, &rows(Op::Distance, 1.0)[..1], 0.0)), Verdict::Incomparable);
        assert_eq!(verdict(&compare(&was[..1], &rows(Op::Distance, 1.0), 0.0)), Verdict::Incomparable);
    }

    #[test]
    fn subjects_share_a_baseline_and_keep_their_own_rows() {
        let both = accepted(rows(Op::Distance, 1.0)).with(&subject(Op::Log), rows(Op::Log, 2.0));
        let mut out = Vec::new();
        both.write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(Accepted::parse(&text, Path::new(PATH)).unwrap(), both);
        for end in 0..text.len() {
            let cut = String::from_utf8_lossy(&text.as_bytes()[..end]).into_owned();
            assert!(Accepted::parse(&cut, Path::new(PATH)).is_err(), "{end}: {cut}");
        }
        let again = both.clone().with(&subject(Op::Log), rows(Op::Log, 3.0));
        assert_eq!(again.rows.len(), 4);
        assert_eq!(again.of(&subject(Op::Log), Path::new(PATH)).unwrap()[0].max_ulps, Some(3.0));
        let error = |subject: Subject| both.of(&subject, Path::new(PATH)).unwrap_err().to_string();
        assert!(error(subject(Op::Add)).starts_with("audit.csv: foreign: subject"));
        assert!(error(Subject { points: "1".into(), ..subject(Op::Log) }).contains("points with fingerprint"));
        assert!(error(Subject { groups: vec!["layer".into()], ..subject(Op::Log) }).contains("groups by"));
    }
}
