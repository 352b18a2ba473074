//! Rows in few numbers: counts and order statistics of each group, with room that grows by bytes a row and not by vectors.

use super::{Judged, Limits};
use crate::measure::{Outcome, order_statistic};
use std::collections::HashMap;

/// The distribution of one error: order statistics, exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub p99: f64,
    pub max: f64,
}

impl Spread {
    fn of(sorted: &[f64]) -> Option<Spread> {
        let at = |share| order_statistic(sorted, share);
        Some(Spread { median: at(0.5)?, p99: at(0.99)?, max: *sorted.last()? })
    }
}

/// Rows in few numbers. Spreads of ulps, relative and total error are over the ok rows whose points do not coincide, that of
/// the hyperbolic error over all answered ones.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    pub n: u64,
    pub ok_share: f64,
    /// Rows that were given a number, or a point of the model, however good.
    pub answered: u64,
    /// Answered rows that were held back at the last number or point of the arithmetic.
    pub saturated: u64,
    /// Rows whose two points are the same as stored, so that the answer is 0.
    pub coincident: u64,
    /// Of these, the ones whose value is not 0.
    pub coincident_off: u64,
    pub past: u64,
    /// The line of the worst row.
    pub worst_line: u64,
    pub ulps: Option<Spread>,
    pub relative: Option<Spread>,
    pub hyperbolic: Option<Spread>,
    /// Against what the points were meant to give, where that was told.
    pub total: Option<Spread>,
}

/// The counts of one group.
#[derive(Clone, Copy, Debug)]
struct Counts {
    n: u64,
    ok: u64,
    answered: u64,
    saturated: u64,
    coincident: u64,
    coincident_off: u64,
    past: u64,
    worst: (f64, u64),
}

/// Below any severity.
const NONE_YET: f64 = f64::NEG_INFINITY;

impl Counts {
    const NONE: Counts = Counts {
        n: 0,
        ok: 0,
        answered: 0,
        saturated: 0,
        coincident: 0,
        coincident_off: 0,
        past: 0,
        worst: (NONE_YET, 0),
    };

    fn add(&mut self, other: &Counts) {
        self.n += other.n;
        self.ok += other.ok;
        self.answered += other.answered;
        self.saturated += other.saturated;
        self.coincident += other.coincident;
        self.coincident_off += other.coincident_off;
        self.past += other.past;
        if other.worst.0 > self.worst.0 {
            self.worst = other.worst;
        }
    }

    fn summary(&self, [ulps, relative, hyperbolic, total]: [Option<Spread>; 4]) -> Summary {
        Summary {
            n: self.n,
            ok_share: if self.n == 0 { 0.0 } else { self.ok as f64 / self.n as f64 },
            answered: self.answered,
            saturated: self.saturated,
            coincident: self.coincident,
            coincident_off: self.coincident_off,
            past: self.past,
            worst_line: self.worst.1,
            ulps,
            relative,
            hyperbolic,
            total,
        }
    }
}

/// One error of many rows, each with its group: sixteen bytes a row.
#[derive(Debug, Default)]
struct Series(Vec<(u32, f64)>);

impl Series {
    /// The spread of every group, and of all.
    fn spreads(mut self, groups: usize) -> (Vec<Option<Spread>>, Option<Spread>) {
        self.0.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut values: Vec<f64> = self.0.iter().map(|(_, error)| *error).collect();
        let mut spreads = vec![None; groups];
        let mut start = 0;
        for run in self.0.chunk_by(|a, b| a.0 == b.0) {
            spreads[run[0].0 as usize] = Spread::of(&values[start..start + run.len()]);
            start += run.len();
        }
        values.sort_unstable_by(f64::total_cmp);
        let all = Spread::of(&values);
        (spreads, all)
    }
}

/// An audit under way: rows by their key, in the order of first appearance, and the worst of them.
#[derive(Debug)]
pub struct Audit<W> {
    limits: Limits,
    places: HashMap<Box<[Box<str>]>, u32>,
    counts: Vec<Counts>,
    ulps: Series,
    relative: Series,
    hyperbolic: Series,
    total: Series,
    worst: Option<(f64, W)>,
}

/// An audit that has ended.
#[derive(Debug)]
pub struct Verdict<W> {
    pub all: Summary,
    pub groups: Vec<(Box<[Box<str>]>, Summary)>,
    pub worst: Option<W>,
}

/// What is counted of a row.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    pub line: u64,
    pub judged: &'a Judged,
    /// Whether its two points are the same as stored ([`super::Claim::coincides`]).
    pub coincident: bool,
    pub total: Option<f64>,
}

impl<W> Audit<W> {
    pub fn new(limits: Limits) -> Self {
        Audit {
            limits,
            places: HashMap::new(),
            counts: Vec::new(),
            ulps: Series::default(),
            relative: Series::default(),
            hyperbolic: Series::default(),
            total: Series::default(),
            worst: None,
        }
    }

    /// Counts a row. Of rows that are equally bad, the first is the witness.
    pub fn add(&mut self, key: Box<[Box<str>]>, row: Row, witness: impl FnOnce() -> W) {
        let Row { line, judged, coincident, total } = row;
        let counts = &mut self.counts;
        let group = *self.places.entry(key).or_insert_with(|| {
            counts.push(Counts::NONE);
            u32::try_from(counts.len() - 1).expect("fewer than 2³² groups")
        });
        let severity = judged.severity();
        let off = judged.errors.is_some_and(|errors| errors.ulps > 0.0);
        self.counts[group as usize].add(&Counts {
            n: 1,
            ok: u64::from(judged.outcome == Outcome::Ok),
            answered: u64::from(judged.answered()),
            saturated: u64::from(judged.outcome == Outcome::Saturated),
            coincident: u64::from(coincident),
            coincident_off: u64::from(coincident && off),
            past: u64::from(self.limits.passed_by(judged)),
            worst: (severity, line),
        });
        if let (Outcome::Ok, Some(errors), false) = (judged.outcome, judged.errors, coincident) {
            self.ulps.0.push((group, errors.ulps));
            self.relative.0.push((group, errors.relative));
            self.total.0.extend(total.map(|total| (group, total)));
        }
        if !coincident {
            self.hyperbolic.0.extend(judged.hyperbolic.map(|error| (group, error)));
        }
        if self.worst.as_ref().is_none_or(|(worst, _)| severity > *worst) {
            self.worst = Some((severity, witness()));
        }
    }

    /// What the rows come down to.
    pub fn verdict(self) -> Verdict<W> {
        let groups = self.counts.len();
        let mut all = Counts::NONE;
        self.counts.iter().for_each(|counts| all.add(counts));
        let [ulps, relative, hyperbolic, total] =
            [self.ulps, self.relative, self.hyperbolic, self.total].map(|series| series.spreads(groups));
        let mut keys: Vec<(u32, Box<[Box<str>]>)> = self.places.into_iter().map(|(key, place)| (place, key)).collect();
        keys.sort_unstable_by_key(|(place, _)| *place);
        let summary = |(place, key): (u32, Box<[Box<str>]>)| {
            let at = place as usize;
            (key, self.counts[at].summary([ulps.0[at], relative.0[at], hyperbolic.0[at], total.0[at]]))
        };
        Verdict {
            all: all.summary([ulps.1, relative.1, hyperbolic.1, total.1]),
            groups: keys.into_iter().map(summary).collect(),
            worst: self.worst.map(|(_, witness)| witness),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Errors;
    use super::*;

    fn key(text: &str) -> Box<[Box<str>]> {
        Box::new([text.into()])
    }

    fn row(line: u64, judged: &Judged) -> Row<'_> {
        Row { line, judged, coincident: false, total: None }
    }

    #[test]
    fn groups_and_their_whole() {
        let mut audit = Audit::new(Limits { ulps: Some(90.0), ..Limits::default() });
        for i in 1..=100u32 {
            let errors = Errors { relative: 0.0, ulps: f64::from(i) };
            let judged = Judged { outcome: Outcome::Ok, errors: Some(errors), hyperbolic: None, owed: true };
            audit.add(key(&(i % 2).to_string()), row(i.into(), &judged), || i);
        }
        let nan = Judged { outcome: Outcome::Nan, errors: None, hyperbolic: None, owed: true };
        audit.add(key("1"), row(101, &nan), || 101);
        audit.add(key("1"), row(102, &nan), || 102);
        let verdict = audit.verdict();
        let spread = verdict.all.ulps.unwrap();
        assert_eq!((verdict.all.n, verdict.all.past, verdict.worst), (102, 12, Some(101)));
        assert_eq!((verdict.all.answered, verdict.all.worst_line), (100, 101));
        assert_eq!((spread.median, spread.p99, spread.max), (50.0, 99.0, 100.0));
        let groups: Vec<(&str, u64)> = verdict.groups.iter().map(|(key, s)| (&*key[0], s.n)).collect();
        assert_eq!(groups, [("1", 52), ("0", 50)]);
        assert_eq!(verdict.groups[1].1.ulps.unwrap().max, 100.0);
        assert_eq!(verdict.groups[0].1.worst_line, 101);
        assert_eq!(verdict.all.total, None);
    }

    #[test]
    fn points_that_coincide_are_counted_and_hide_nothing() {
        let mut audit = Audit::new(Limits { relative: Some(1e300), ..Limits::default() });
        let judged = |ulps, relative| Judged {
            outcome: Outcome::Ok,
            errors: Some(Errors { relative, ulps }),
            hyperbolic: None,
            owed: true,
        };
        for (coincident, ulps, relative) in [(true, 0.0, 0.0), (true, f64::INFINITY, f64::INFINITY), (false, 3.0, 1e-7)]
        {
            audit.add(key(""), Row { coincident, ..row(2, &judged(ulps, relative)) }, || ());
        }
        let all = audit.verdict().all;
        assert_eq!((all.n, all.coincident, all.coincident_off, all.past), (3, 2, 1, 1));
        assert_eq!(all.ulps.unwrap(), Spread { median: 3.0, p99: 3.0, max: 3.0 });
    }
}
