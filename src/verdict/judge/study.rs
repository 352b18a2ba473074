//! The clip study: every guard in use judged, thresholds against their cost, and the paper's own clip.

use super::{Cut, Judgement, Kind, PAIRS, Question, SEED, judge, number, points, shipped};
use crate::arithmetic::Arithmetic;
use crate::arithmetic::number::UnknownArithmetic;
use crate::formula::{BEST, Input, Model, Op, UnknownName, variant};
use crate::guard::{GUARDS, Guard, NONE, guard};
use crate::table::{TableError, row_lines, rows_of_lines};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::path::Path;

/// The study, compiled in.
pub const STUDY: &str = include_str!("../../../studies/clip.toml");

/// What is judged.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipStudy {
    pub question: String,
    pub analysis: String,
    pub separation: f64,
    pub dims: Vec<usize>,
    pub scalars: Vec<String>,
    pub tolerances: Vec<f64>,
    pub curve: Curve,
    pub paper: Paper,
}

/// Thresholds to draw.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curve {
    pub variants: Vec<String>,
    pub tolerance: f64,
    pub eps: Vec<f64>,
}

/// One library's guard at several curvatures.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    pub guard: String,
    pub scalar: String,
    pub tolerance: f64,
    pub curvatures: Vec<f64>,
}

/// A study that cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ClipError {
    #[error("studies/clip.toml: {0}")]
    Toml(String),
    #[error(transparent)]
    Name(#[from] UnknownName),
    #[error(transparent)]
    Arithmetic(#[from] UnknownArithmetic),
}

/// A judgement in one row. Radii are √c d(0, x); an empty error: a pair without an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerdictRow {
    pub guard: String,
    pub model: String,
    pub scalar: String,
    pub op: String,
    pub variant: String,
    pub c: f64,
    pub separation: f64,
    pub tolerance: f64,
    pub threshold: String,
    pub cap: Option<f64>,
    pub cap_distance: Option<f64>,
    pub holds_radius: f64,
    pub holds_radius_unguarded: f64,
    pub floor_radius: f64,
    pub lost_radius: f64,
    pub verdict: String,
    /// Pairs tried at each radius, and whether what is promised of all others is proved.
    pub pairs: usize,
    pub proved: bool,
    /// The errors promised at the cap: under the guard's clamps, without any guard, of storing alone, of the formula alone.
    pub error_at_cap: Option<f64>,
    pub error_at_cap_unguarded: Option<f64>,
    pub error_at_cap_storing: Option<f64>,
    pub error_at_cap_rounding: Option<f64>,
    /// The worst total error found at the cap, and that of 99.9 % of the pairs there.
    pub worst_at_cap: Option<f64>,
    pub p999_at_cap: Option<f64>,
    pub clamps_change: Option<f64>,
    pub ceiling: Option<f64>,
    pub riemannian_factor: Option<f64>,
    pub sound_loosest: Option<f64>,
    pub sound_tightest: Option<f64>,
    pub recommended: String,
}

/// A threshold on the Poincaré ball, what it lets through and what it costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurveRow {
    pub scalar: String,
    pub variant: String,
    pub eps: f64,
    pub cap: f64,
    /// The error promised at the cap, and that of storing alone; empty: a pair without an answer, or no bound.
    pub error: Option<f64>,
    pub storing: Option<f64>,
    /// Usable radius that is given away, at the study's tolerance.
    pub lost_radius: f64,
}

/// What the study finds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClipTables {
    pub verdicts: Vec<VerdictRow>,
    pub curve: Vec<CurveRow>,
    /// The paper's guard, then its clip alone on the project's own variant, each with its gradient, by curvature.
    pub paper: Vec<VerdictRow>,
}

/// The tables' names, which a line of [`ClipTables::lines`] begins with.
const TABLES: [&str; 3] = ["verdicts", "curve", "paper"];

impl ClipTables {
    /// Every row as a line: the name of its table, and what stands there.
    ///
    /// # Errors
    /// If a row cannot be written as CSV.
    pub fn lines(&self) -> io::Result<String> {
        let texts = [row_lines(&self.verdicts)?, row_lines(&self.curve)?, row_lines(&self.paper)?];
        let named = |(table, text): (&str, &String)| -> String {
            text.lines().map(|line| format!("{table},{line}\n")).collect()
        };
        Ok(TABLES.into_iter().zip(&texts).map(named).collect())
    }

    /// The tables of [`ClipTables::lines`], of one piece or of all.
    ///
    /// # Errors
    /// If a line is none of them; `path` is what the fault names.
    pub fn of_lines(lines: &str, path: &Path) -> Result<ClipTables, TableError> {
        let of = |table: &str| -> String {
            let rows = lines.lines().filter_map(|line| line.strip_prefix(table)?.strip_prefix(','));
            rows.map(|row| format!("{row}\n")).collect()
        };
        let [verdicts, curve, paper] = TABLES.map(of);
        Ok(ClipTables {
            verdicts: rows_of_lines(&verdicts, path)?,
            curve: rows_of_lines(&curve, path)?,
            paper: rows_of_lines(&paper, path)?,
        })
    }

    fn extend(&mut self, other: ClipTables) {
        self.verdicts.extend(other.verdicts);
        self.curve.extend(other.curve);
        self.paper.extend(other.paper);
    }
}

/// A part of the study that is judged by itself.
#[derive(Clone, Copy, Debug)]
pub enum Piece<'a> {
    /// A guard on its models in every arithmetic, at a tolerance.
    Guard(&'static Guard, f64),
    /// Thresholds on a variant in an arithmetic.
    Curve(Arithmetic, &'a str),
    /// The paper's guard at a curvature.
    Paper(&'a str, f64),
}

impl fmt::Display for Piece<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Piece::Guard(guard, tolerance) => write!(f, "{} at {}", guard.id, number(*tolerance)),
            Piece::Curve(arithmetic, id) => write!(f, "thresholds for {id} in {arithmetic}"),
            Piece::Paper(id, c) => write!(f, "{id} at c = {c}"),
        }
    }
}

impl From<&Judgement> for VerdictRow {
    fn from(j: &Judgement) -> Self {
        let cut = |cut: Option<Cut>| cut.map_or("none".to_owned(), |cut| cut.to_string());
        VerdictRow {
            guard: j.guard.clone(),
            model: j.model.clone(),
            scalar: j.scalar.clone(),
            op: j.op.clone(),
            variant: j.variant.clone(),
            c: j.c,
            separation: j.separation,
            tolerance: j.tolerance,
            threshold: cut(j.threshold),
            cap: j.cap,
            cap_distance: j.cap_distance,
            holds_radius: j.holds_radius,
            holds_radius_unguarded: j.holds_radius_unguarded,
            floor_radius: j.floor_radius,
            lost_radius: j.lost_radius,
            verdict: j.verdict.to_string(),
            pairs: j.pairs,
            proved: j.proved,
            error_at_cap: j.at_cap.and_then(|at| at.clamped),
            error_at_cap_unguarded: j.at_cap.and_then(|at| at.plain),
            error_at_cap_storing: j.at_cap.and_then(|at| at.storage),
            error_at_cap_rounding: j.at_cap.and_then(|at| at.rounding),
            worst_at_cap: j.at_cap.and_then(|at| at.worst),
            p999_at_cap: j.at_cap.and_then(|at| at.p999),
            clamps_change: j.clamps_change,
            ceiling: j.ceiling,
            riemannian_factor: j.riemannian_factor,
            sound_loosest: j.sound.map(|[loosest, _]| loosest.value),
            sound_tightest: j.sound.map(|[_, tightest]| tightest.value),
            recommended: cut(j.recommended),
        }
    }
}

impl ClipStudy {
    /// Reads the study.
    ///
    /// # Errors
    /// If it is not one.
    pub fn parse(text: &str) -> Result<ClipStudy, ClipError> {
        toml::from_str(text).map_err(|e: toml::de::Error| ClipError::Toml(e.message().replace('\n', " ")))
    }

    fn question(&self, model: Model, arithmetic: Arithmetic, tolerance: f64, c: f64) -> Result<Question, ClipError> {
        Ok(Question {
            guard: NONE,
            cut: None,
            op: Op::Distance,
            model,
            variant: variant(Op::Distance, model, BEST)?,
            arithmetic,
            c,
            dims: self.dims.clone(),
            separation: self.separation,
            tolerance,
            pairs: PAIRS,
            seed: SEED,
        })
    }

    /// Its pieces, in the order of their rows.
    ///
    /// # Errors
    /// If a name is unknown.
    pub fn pieces(&self) -> Result<Vec<Piece<'_>>, ClipError> {
        let mut pieces = Vec::new();
        for &tolerance in &self.tolerances {
            let guards = GUARDS.iter().filter(|guard| guard.id != NONE.id);
            pieces.extend(guards.map(|guard| Piece::Guard(guard, tolerance)));
        }
        for arithmetic in self.arithmetics()? {
            pieces.extend(self.curve.variants.iter().map(|id| Piece::Curve(arithmetic, id)));
        }
        pieces.extend(self.paper.curvatures.iter().map(|&c| Piece::Paper(&self.paper.guard, c)));
        Ok(pieces)
    }

    /// Judges a piece.
    ///
    /// # Errors
    /// If a name is unknown.
    pub fn judge(&self, piece: Piece) -> Result<ClipTables, ClipError> {
        let none = ClipTables::default();
        Ok(match piece {
            Piece::Guard(guard, tolerance) => ClipTables { verdicts: self.verdicts_of(guard, tolerance)?, ..none },
            Piece::Curve(arithmetic, id) => ClipTables { curve: self.curve_of(arithmetic, id)?, ..none },
            Piece::Paper(_, c) => ClipTables { paper: self.paper_at(c)?, ..none },
        })
    }

    /// Judges everything, and says what after each piece.
    ///
    /// # Errors
    /// If a name is unknown.
    pub fn run(&self, done: impl Fn(&str)) -> Result<ClipTables, ClipError> {
        let mut tables = ClipTables::default();
        for piece in self.pieces()? {
            tables.extend(self.judge(piece)?);
            done(&piece.to_string());
        }
        Ok(tables)
    }

    fn arithmetics(&self) -> Result<Vec<Arithmetic>, ClipError> {
        Ok(self.scalars.iter().map(|s| s.parse()).collect::<Result<_, _>>()?)
    }

    fn verdicts_of(&self, guard: &'static Guard, tolerance: f64) -> Result<Vec<VerdictRow>, ClipError> {
        let mut verdicts = Vec::new();
        for &model in guard.models {
            for arithmetic in self.arithmetics()? {
                let plain = self.question(model, arithmetic, tolerance, 1.0)?;
                let variant = shipped(guard, Op::Distance, model).unwrap_or(plain.variant);
                verdicts.push(VerdictRow::from(&judge(&Question { guard, variant, ..plain }, None)));
            }
        }
        Ok(verdicts)
    }

    fn curve_of(&self, arithmetic: Arithmetic, id: &str) -> Result<Vec<CurveRow>, ClipError> {
        let plain = self.question(Model::Poincare, arithmetic, self.curve.tolerance, 1.0)?;
        let question = Question { variant: variant(Op::Distance, Model::Poincare, id)?, ..plain };
        let cuts: Vec<Cut> = self.curve.eps.iter().map(|eps| Cut { kind: Kind::RelativeNorm, value: *eps }).collect();
        let (holds, points) = points(&question, &cuts);
        let row = |(cut, at): (&Cut, &super::At)| CurveRow {
            scalar: arithmetic.to_string(),
            variant: id.to_owned(),
            eps: cut.value,
            cap: at.radius,
            error: at.plain,
            storing: at.storage,
            lost_radius: (holds - at.radius).max(0.0),
        };
        Ok(cuts.iter().zip(&points).map(row).collect())
    }

    fn paper_at(&self, c: f64) -> Result<Vec<VerdictRow>, ClipError> {
        let Paper { guard: id, scalar, tolerance, .. } = &self.paper;
        let (guard, arithmetic) = (guard(id)?, scalar.parse()?);
        let own = self.question(Model::Poincare, arithmetic, *tolerance, c)?;
        let variant = shipped(guard, Op::Distance, Model::Poincare).unwrap_or(own.variant);
        let shipped = Question { guard, variant, ..own.clone() };
        let clip = Question { cut: Cut::of(guard, arithmetic), ..own };
        let questions =
            [&shipped, &clip].into_iter().flat_map(|question| [None, Some(Input::X)].map(|by| (question, by)));
        Ok(questions.map(|(question, by)| VerdictRow::from(&judge(question, by))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_study_parses_and_its_names_are_known() {
        let study = ClipStudy::parse(STUDY).unwrap();
        assert!(study.scalars.iter().all(|s| s.parse::<Arithmetic>().is_ok()));
        assert!(study.curve.variants.iter().all(|id| variant(Op::Distance, Model::Poincare, id).is_ok()));
        assert!(guard(&study.paper.guard).is_ok());
    }

    const SMALL: &str = r#"
question = "?"
analysis = "."
separation = 1
dims = [2]
scalars = ["f32"]
tolerances = [1e-2]

[curve]
variants = ["B4"]
tolerance = 1e-2
eps = [1e-3, 1e-5]

[paper]
guard = "hyptorch"
scalar = "f32"
tolerance = 1e-2
curvatures = [1]
"#;

    #[test]
    fn pieces_judged_apart_and_read_back_are_the_tables_of_one_run() {
        let study = ClipStudy::parse(SMALL).unwrap();
        let pieces = study.pieces().unwrap();
        let some = [pieces[0], pieces[pieces.len() - 2], pieces[pieces.len() - 1]];
        let (mut lines, mut tables) = (String::new(), ClipTables::default());
        for piece in some {
            let of_piece = study.judge(piece).unwrap();
            lines += &of_piece.lines().unwrap();
            tables.extend(of_piece);
        }
        assert!(!tables.verdicts.is_empty() && tables.curve.len() == 2 && tables.paper.len() == 4);
        assert_eq!(ClipTables::of_lines(&lines, Path::new("pieces.csv")).unwrap(), tables);
        let error = ClipTables::of_lines("verdicts,1,2\n", Path::new("pieces.csv")).unwrap_err();
        assert!(error.to_string().starts_with("pieces.csv"), "{error}");
    }
}
