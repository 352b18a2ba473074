//! A study's summary against the one that was accepted before: no row may lose digits, and none may go unnoticed.

use crate::table::{Provenance, SummaryRow, TableError, fingerprint, read_rows, short, write_rows};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;

/// How far a figure may be from the accepted one, relative to it. The same study gives the same bytes everywhere, so nothing
/// is allowed for noise: this covers the last digits of a printed quotient (2^-52), which a truth certified to more bits may
/// move, and is far below what one rounding more in one cell does to a figure of fewer than 10⁹ ulps.
pub const TOLERANCE: f64 = 1e-9;

/// The version of a baseline's form; another one is foreign.
const FORM: &str = "hypprec baseline 1";

/// A summary that was accepted, and the study that it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    pub provenance: Provenance,
    pub study: String,
    /// [`fingerprint`] of the study's text.
    pub fingerprint: String,
    pub rows: Vec<SummaryRow>,
}

/// A baseline that nothing can be compared with, and why.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    #[error("{0}: empty")]
    Empty(String),
    #[error("{path}: not a baseline: its head is not that of `{form}`")]
    NotABaseline { path: String, form: String },
    #[error("{path}: truncated or damaged: {what}")]
    Damaged { path: String, what: String },
    #[error("{path}: foreign: {what} `{found}`, asked for `{asked}`")]
    Foreign { path: String, what: &'static str, found: String, asked: String },
    #[error(transparent)]
    Table(#[from] TableError),
}

impl Baseline {
    /// Reads a baseline; anything but the whole of what [`Baseline::write`] wrote is an error.
    pub fn parse(text: &str, path: &Path) -> Result<Baseline, BaselineError> {
        let name = || path.display().to_string();
        let (provenance, rows) = unseal(text, path, FORM)?;
        let field = |key: &str| {
            field(text, key).ok_or_else(|| BaselineError::NotABaseline { path: name(), form: FORM.to_owned() })
        };
        let baseline = Baseline { provenance, study: field("study")?, fingerprint: field("fingerprint")?, rows };
        let damaged = |what: String| BaselineError::Damaged { path: name(), what };
        match duplicate(&baseline.rows) {
            Some(row) => Err(damaged(format!("row {} stands twice", short(&row)))),
            None if baseline.rows.is_empty() => Err(damaged("it has no rows".to_owned())),
            None => Ok(baseline),
        }
    }

    /// Writes the head, the rows, and a last line without which they are not whole.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let fields = [("form", FORM), ("study", &self.study), ("fingerprint", &self.fingerprint)];
        seal(out, &self.provenance, &fields, &self.rows)
    }

    /// Whether it belongs to the study that is asked for.
    pub fn belongs_to(&self, other: &Baseline, path: &Path) -> Result<(), BaselineError> {
        let same = |what: &'static str, found: &str, asked: &str| match found == asked {
            true => Ok(()),
            false => {
                let (path, found, asked) = (path.display().to_string(), short(found), short(asked));
                Err(BaselineError::Foreign { path, what, found, asked })
            }
        };
        same("study", &self.study, &other.study)?;
        same("seed", &self.provenance.seed.to_string(), &other.provenance.seed.to_string())?;
        same("study text with fingerprint", &self.fingerprint, &other.fingerprint)
    }
}

/// Writes a head with `fields`, rows, and a last line without which they are not whole. [`unseal`] reads it.
pub(super) fn seal<R: Serialize>(
    out: &mut dyn Write,
    provenance: &Provenance,
    fields: &[(&str, &str)],
    rows: &[R],
) -> io::Result<()> {
    let mut body = Vec::new();
    provenance.write(&mut body)?;
    for (key, value) in fields {
        writeln!(body, "# {key}: {value}")?;
    }
    write_rows(&mut body, rows, true)?;
    out.write_all(&body)?;
    writeln!(out, "{}", trailer(rows.len(), &String::from_utf8_lossy(&body)))
}

/// Reads the head and the rows of what [`seal`] wrote with the field `form`; anything but the whole of it is an error.
pub(super) fn unseal<R: DeserializeOwned>(
    text: &str,
    path: &Path,
    form: &str,
) -> Result<(Provenance, Vec<R>), BaselineError> {
    let name = || path.display().to_string();
    if text.trim().is_empty() {
        return Err(BaselineError::Empty(name()));
    }
    let not_a_baseline = || BaselineError::NotABaseline { path: name(), form: form.to_owned() };
    let damaged = |what: String| BaselineError::Damaged { path: name(), what };
    let provenance = Provenance::read(text).ok_or_else(not_a_baseline)?;
    let found = field(text, "form").ok_or_else(not_a_baseline)?;
    if found != form {
        let (found, asked) = (short(&found), form.to_owned());
        return Err(BaselineError::Foreign { path: name(), what: "form", found, asked });
    }
    let whole = text.strip_suffix('\n').ok_or_else(|| damaged("its last line does not end".to_owned()))?;
    let (body, last) = whole.rsplit_once('\n').ok_or_else(|| damaged("it has one line".to_owned()))?;
    let body = format!("{body}\n");
    let rows: Vec<R> = read_rows(body.as_bytes(), path)?;
    let expected = trailer(rows.len(), &body);
    if last != expected {
        return Err(damaged(format!("its last line is not `{expected}`")));
    }
    Ok((provenance, rows))
}

/// The value of a `# key: value` line.
fn field(text: &str, key: &str) -> Option<String> {
    let start = format!("# {key}: ");
    text.lines().find_map(|line| line.strip_prefix(&start)).map(str::to_owned)
}

fn trailer(rows: usize, body: &str) -> String {
    format!("# end: {rows} rows, checksum {}", fingerprint(body.as_bytes()))
}

/// What a row is told by.
fn key(row: &SummaryRow) -> [&str; 5] {
    [&row.model, &row.scalar, &row.op, &row.variant, &row.guard]
}

fn duplicate(rows: &[SummaryRow]) -> Option<String> {
    let mut seen = std::collections::BTreeSet::new();
    rows.iter().find(|row| !seen.insert(key(row))).map(|row| key(row).join(" "))
}

/// What can be wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// Worse than accepted.
    Regressed,
    /// The baseline has it, the study no longer.
    Missing,
    /// The study has it, the baseline does not.
    New,
    /// Over another number of cells.
    Stale,
    /// Better than accepted: accept it, so that it stays.
    Improved,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(match self {
            FaultKind::Regressed => "regressed",
            FaultKind::Missing => "missing",
            FaultKind::New => "new",
            FaultKind::Stale => "stale",
            FaultKind::Improved => "improved",
        })
    }
}

/// One figure of one row that is not what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub kind: FaultKind,
    /// Model, arithmetic, operation, variant and guard.
    pub row: String,
    pub figure: &'static str,
    pub was: String,
    pub is: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: {}: {} was {}, is {}", self.kind, self.row, self.figure, self.was, self.is)
    }
}

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Within,
    Regressed,
    /// The baseline is about other rows than were measured.
    Incomparable,
    Improved,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Within => "within tolerance",
            Verdict::Regressed => "regressed",
            Verdict::Incomparable => "incomparable",
            Verdict::Improved => "improved",
        }
    }
}

/// The verdict on faults: a row that lost digits outweighs rows that cannot be compared, and these a row that gained some.
pub fn verdict(faults: &[Fault]) -> Verdict {
    let any = |kinds: &[FaultKind]| faults.iter().any(|fault| kinds.contains(&fault.kind));
    if any(&[FaultKind::Regressed]) {
        Verdict::Regressed
    } else if any(&[FaultKind::Missing, FaultKind::New, FaultKind::Stale]) {
        Verdict::Incomparable
    } else if any(&[FaultKind::Improved]) {
        Verdict::Improved
    } else {
        Verdict::Within
    }
}

/// A column that is compared.
struct Figure {
    name: &'static str,
    of: fn(&SummaryRow) -> Option<f64>,
    more_is_better: bool,
}

const FIGURES: &[Figure] = &[
    Figure { name: "ok_share", of: |row| Some(row.ok_share), more_is_better: true },
    Figure { name: "median_ulps", of: |row| row.median_ulps, more_is_better: false },
    Figure { name: "p99_ulps", of: |row| row.p99_ulps, more_is_better: false },
    Figure { name: "max_ulps", of: |row| row.max_ulps, more_is_better: false },
    Figure { name: "median_total", of: |row| row.median_total, more_is_better: false },
    Figure { name: "max_total", of: |row| row.max_total, more_is_better: false },
];

/// Every figure that is not what the baseline says, in the baseline's order, then rows that it does not have.
pub fn compare(accepted: &[SummaryRow], measured: &[SummaryRow]) -> Vec<Fault> {
    let known: BTreeMap<[&str; 5], &SummaryRow> = measured.iter().map(|row| (key(row), row)).collect();
    let before: BTreeMap<[&str; 5], &SummaryRow> = accepted.iter().map(|row| (key(row), row)).collect();
    let mut faults = Vec::new();
    for was in accepted {
        match known.get(&key(was)) {
            Some(is) => faults.extend(row_faults(was, is)),
            None => faults.push(presence(FaultKind::Missing, was)),
        }
    }
    faults
        .extend(measured.iter().filter(|row| !before.contains_key(&key(row))).map(|row| presence(FaultKind::New, row)));
    faults
}

fn presence(kind: FaultKind, row: &SummaryRow) -> Fault {
    let cells = format!("{} cells", row.n);
    let nothing = "not there".to_owned();
    let (was, is) = if kind == FaultKind::Missing { (cells, nothing) } else { (nothing, cells) };
    Fault { kind, row: key(row).join(" "), figure: "row", was, is }
}

fn row_faults(was: &SummaryRow, is: &SummaryRow) -> Vec<Fault> {
    let row = key(was).join(" ");
    if was.n != is.n {
        let (was, is) = (was.n.to_string(), is.n.to_string());
        return vec![Fault { kind: FaultKind::Stale, row, figure: "n", was, is }];
    }
    let text = |x: Option<f64>| x.map_or("none".to_owned(), |x| x.to_string());
    let fault = |figure: &Figure| {
        let (before, now) = ((figure.of)(was), (figure.of)(is));
        let kind = change(TOLERANCE, figure.more_is_better, before, now)?;
        Some(Fault { kind, row: row.clone(), figure: figure.name, was: text(before), is: text(now) })
    };
    FIGURES.iter().filter_map(fault).collect()
}

/// Whether a figure is worse or better than it was by more than the tolerance. No figure (no cell was ok) is worse than any;
/// not a number is worse too, whichever side it is on.
pub(super) fn change(tolerance: f64, more_is_better: bool, was: Option<f64>, is: Option<f64>) -> Option<FaultKind> {
    let (was, is) = match (was, is) {
        (None, None) => return None,
        (Some(_), None) => return Some(FaultKind::Regressed),
        (None, Some(_)) => return Some(FaultKind::Improved),
        (Some(was), Some(is)) => (was, is),
    };
    if was.is_nan() || is.is_nan() {
        return Some(FaultKind::Regressed);
    }
    // An infinite figure is within no tolerance of a finite one.
    let near = was.is_finite() && (was - is).abs() <= tolerance * was.abs();
    if was == is || near {
        return None;
    }
    Some(if (is > was) == more_is_better { FaultKind::Improved } else { FaultKind::Regressed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::summary_rows;
    use crate::table::CellRow;
    use proptest::prelude::*;

    /// Cells of the distance in f32 whose errors are these, in ulps.
    fn cells(ulps: &[f64]) -> Vec<CellRow> {
        let cell = |(index, ulps): (usize, &f64)| CellRow {
            index: index as u64,
            model: "poincare".into(),
            scalar: "f32".into(),
            op: "distance".into(),
            variant: "best".into(),
            guard: "none".into(),
            c: 1.0,
            dim: 2,
            radius: 1.0,
            separation: 0.1,
            direction: "radial".into(),
            sample: index as u64,
            truth: "1.0".into(),
            value: "1.0".into(),
            error_representation: Some(0.0),
            error_off_model: Some(0.0),
            error_guard: Some(0.0),
            error_rounding: Some(ulps * f64::from(f32::EPSILON)),
            error_total: Some(ulps * f64::from(f32::EPSILON)),
            ulps: Some(*ulps),
            bits: Some(0.0),
            outcome: "ok".into(),
        };
        ulps.iter().enumerate().map(cell).collect()
    }

    fn rows(ulps: &[f64]) -> Vec<SummaryRow> {
        summary_rows(&cells(ulps))
    }

    fn baseline(rows: Vec<SummaryRow>) -> Baseline {
        let text = |x: &str| x.to_owned();
        let provenance = Provenance {
            command: text("hypprec check gate --accept"),
            version: text("0"),
            revision: text("r"),
            seed: 1,
            host: text("h"),
        };
        Baseline { provenance, study: text("gate"), fingerprint: fingerprint(b"study"), rows }
    }

    fn written(baseline: &Baseline) -> String {
        let mut out = Vec::new();
        baseline.write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    const PATH: &str = "gate.csv";

    #[test]
    fn a_formula_that_is_one_ulp_worse_regresses_and_is_named() {
        let ulps = [0.1, 0.49, 0.3, 0.0];
        let worse: Vec<f64> = ulps.iter().map(|x| x + 1.0).collect();
        let faults = compare(&rows(&ulps), &rows(&worse));
        assert_eq!(verdict(&faults), Verdict::Regressed);
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(lines[0], "regressed: poincare f32 distance best none: median_ulps was 0.1, is 1.1");
        assert_eq!(verdict(&compare(&rows(&worse), &rows(&ulps))), Verdict::Improved);
        assert!(compare(&rows(&ulps), &rows(&ulps)).is_empty());
    }

    #[test]
    fn one_cell_among_large_errors_is_enough() {
        let faults = compare(&rows(&[1.0, 1e6]), &rows(&[1.0, 1e6 + 1.0]));
        assert_eq!(verdict(&faults), Verdict::Regressed);
        assert!(faults.iter().any(|fault| fault.figure == "max_ulps"));
    }

    #[test]
    fn rows_that_come_or_go_or_count_other_cells_are_incomparable() {
        let one = rows(&[1.0]);
        let mut other = one.clone();
        other[0].variant = "B4".into();
        for (was, is, kind) in [
            (vec![], one.clone(), FaultKind::New),
            (one.clone(), vec![], FaultKind::Missing),
            (one.clone(), rows(&[1.0, 1.0]), FaultKind::Stale),
        ] {
            let faults = compare(&was, &is);
            assert_eq!((faults.len(), faults[0].kind, verdict(&faults)), (1, kind, Verdict::Incomparable));
        }
        // A regression is not hidden by a row that is new.
        let mut worse = rows(&[2.0]);
        worse.extend(other);
        assert_eq!(verdict(&compare(&one, &worse)), Verdict::Regressed);
    }

    #[test]
    fn what_is_no_number_is_never_a_pass() {
        assert_eq!(change(TOLERANCE, false, Some(1.0), Some(f64::NAN)), Some(FaultKind::Regressed));
        assert_eq!(change(TOLERANCE, false, Some(f64::NAN), Some(1.0)), Some(FaultKind::Regressed));
        assert_eq!(change(TOLERANCE, false, Some(1.0), None), Some(FaultKind::Regressed));
        assert_eq!(change(TOLERANCE, true, Some(1.0), Some(0.5)), Some(FaultKind::Regressed));
        assert_eq!(change(TOLERANCE, false, Some(f64::INFINITY), Some(f64::INFINITY)), None);
        assert_eq!(change(TOLERANCE, false, Some(f64::INFINITY), Some(1.0)), Some(FaultKind::Improved));
        assert_eq!(change(TOLERANCE, false, Some(1.0), Some(f64::INFINITY)), Some(FaultKind::Regressed));
    }

    #[test]
    fn a_baseline_reads_back_and_not_without_its_last_line() {
        let whole = baseline(rows(&[1.0, 2.0]));
        let text = written(&whole);
        assert_eq!(Baseline::parse(&text, Path::new(PATH)).unwrap(), whole);
        // Cut anywhere, at the end of a row too.
        for end in 0..text.len() {
            let cut = String::from_utf8_lossy(&text.as_bytes()[..end]).into_owned();
            assert!(Baseline::parse(&cut, Path::new(PATH)).is_err(), "{end}: {cut}");
        }
        let twice = written(&baseline([rows(&[1.0]), rows(&[1.0])].concat()));
        assert!(Baseline::parse(&twice, Path::new(PATH)).unwrap_err().to_string().contains("stands twice"));
        assert!(Baseline::parse(&written(&baseline(vec![])), Path::new(PATH)).is_err());
    }

    #[test]
    fn a_baseline_of_another_study_is_foreign() {
        let own = baseline(rows(&[1.0]));
        let mut others = vec![own.clone(), own.clone(), own.clone()];
        others[0].study = "boundary".into();
        others[1].fingerprint = fingerprint(b"another text");
        others[2].provenance.seed = 2;
        for other in others {
            let error = other.belongs_to(&own, Path::new(PATH)).unwrap_err().to_string();
            assert!(error.starts_with("gate.csv: foreign: "), "{error}");
        }
        let form = written(&own).replace(FORM, "hypprec baseline 0");
        assert!(Baseline::parse(&form, Path::new(PATH)).unwrap_err().to_string().contains("foreign: form"));
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_never_the_same_baseline(at in 0usize..10_000, byte in 32u8..127) {
            let whole = baseline(rows(&[1.0, 2.0]));
            let mut bytes = written(&whole).into_bytes();
            let at = at % bytes.len();
            prop_assume!(bytes[at] != byte);
            bytes[at] = byte;
            prop_assert!(Baseline::parse(&String::from_utf8(bytes).unwrap(), Path::new(PATH)).is_err());
        }
    }
}
