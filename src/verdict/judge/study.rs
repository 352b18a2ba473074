//! The clip study: every guard in use judged, thresholds against their cost, and the paper's own clip.

use super::{Cut, Judgement, Kind, Question, judge, number, points, shipped};
use crate::arithmetic::Arithmetic;
use crate::arithmetic::number::UnknownArithmetic;
use crate::formula::{BEST, Input, Model, Op, UnknownName, variant};
use crate::guard::{GUARDS, NONE, guard};
use crate::measure::MeasureError;
use serde::{Deserialize, Serialize};

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
    #[error(transparent)]
    Measure(#[from] MeasureError),
}

/// A judgement in one row. Radii are √c d(0, x); an empty error: a pair without an answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    /// The worst errors at the cap: under the guard's clamps, without any guard, of storing alone, of rounding alone.
    pub error_at_cap: Option<f64>,
    pub error_at_cap_unguarded: Option<f64>,
    pub error_at_cap_storing: Option<f64>,
    pub error_at_cap_rounding: Option<f64>,
    pub clamps_change: Option<f64>,
    pub ceiling: Option<f64>,
    pub riemannian_factor: Option<f64>,
    pub sound_loosest: Option<f64>,
    pub sound_tightest: Option<f64>,
    pub recommended: String,
}

/// A threshold on the Poincaré ball, what it lets through and what it costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CurveRow {
    pub scalar: String,
    pub variant: String,
    pub eps: f64,
    pub cap: f64,
    /// The worst error at the cap, and that of storing alone; empty: a pair without an answer.
    pub error: Option<f64>,
    pub storing: Option<f64>,
    /// Usable radius that is given away, at the study's tolerance.
    pub lost_radius: f64,
}

/// What the study finds.
#[derive(Clone, Debug)]
pub struct ClipTables {
    pub verdicts: Vec<VerdictRow>,
    pub curve: Vec<CurveRow>,
    /// The paper's guard, then its clip alone on the project's own variant, each with its gradient, by curvature.
    pub paper: Vec<VerdictRow>,
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
            error_at_cap: j.at_cap.and_then(|at| at.clamped),
            error_at_cap_unguarded: j.at_cap.and_then(|at| at.plain),
            error_at_cap_storing: j.at_cap.and_then(|at| at.storage),
            error_at_cap_rounding: j.at_cap.and_then(|at| at.rounding),
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
        })
    }

    /// Judges everything, and says what after each.
    ///
    /// # Errors
    /// If a name is unknown, or a truth could not be certified.
    pub fn run(&self, done: impl Fn(&str)) -> Result<ClipTables, ClipError> {
        let scalars = self.scalars.iter().map(|s| s.parse()).collect::<Result<Vec<Arithmetic>, _>>()?;
        let mut verdicts = Vec::new();
        for &tolerance in &self.tolerances {
            for guard in GUARDS.iter().filter(|guard| guard.id != NONE.id) {
                for &model in guard.models {
                    for &arithmetic in &scalars {
                        let plain = self.question(model, arithmetic, tolerance, 1.0)?;
                        let variant = shipped(guard, Op::Distance, model).unwrap_or(plain.variant);
                        verdicts.push(VerdictRow::from(&judge(&Question { guard, variant, ..plain }, None)?));
                    }
                }
                done(&format!("{} at {}", guard.id, number(tolerance)));
            }
        }
        let mut curve = Vec::new();
        for &arithmetic in &scalars {
            for id in &self.curve.variants {
                curve.extend(self.curve_of(arithmetic, id)?);
                done(&format!("thresholds for {id} in {arithmetic}"));
            }
        }
        Ok(ClipTables { verdicts, curve, paper: self.paper(&done)? })
    }

    fn curve_of(&self, arithmetic: Arithmetic, id: &str) -> Result<Vec<CurveRow>, ClipError> {
        let plain = self.question(Model::Poincare, arithmetic, self.curve.tolerance, 1.0)?;
        let question = Question { variant: variant(Op::Distance, Model::Poincare, id)?, ..plain };
        let cuts: Vec<Cut> = self.curve.eps.iter().map(|eps| Cut { kind: Kind::RelativeNorm, value: *eps }).collect();
        let (holds, points) = points(&question, &cuts)?;
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

    fn paper(&self, done: &impl Fn(&str)) -> Result<Vec<VerdictRow>, ClipError> {
        let Paper { guard: id, scalar, tolerance, curvatures } = &self.paper;
        let (guard, arithmetic) = (guard(id)?, scalar.parse()?);
        let mut rows = Vec::new();
        for &c in curvatures {
            let own = self.question(Model::Poincare, arithmetic, *tolerance, c)?;
            let variant = shipped(guard, Op::Distance, Model::Poincare).unwrap_or(own.variant);
            let shipped = Question { guard, variant, ..own.clone() };
            let clip = Question { cut: Cut::of(guard, arithmetic), ..own };
            for question in [&shipped, &clip] {
                for by in [None, Some(Input::X)] {
                    rows.push(VerdictRow::from(&judge(question, by)?));
                }
            }
            done(&format!("{id} at c = {c}"));
        }
        Ok(rows)
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
}
