//! Thresholds: the number a library writes down, the radius that it lets through, and the way back.

use crate::arithmetic::Arithmetic;
use crate::formula::Model;
use crate::guard::{Clip, Guard, Precision};
use serde::Serialize;
use std::fmt;

/// What a threshold is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// eps in ‖x‖ ≤ (1 − eps)/√c.
    RelativeNorm,
    /// eps in ‖x‖ ≤ 1/√c − eps.
    AbsoluteNorm,
    /// The largest norm of Lorentz space coordinates.
    SpaceNorm,
    /// The largest norm of a feature before exp₀.
    FeatureNorm,
    /// The largest √c‖v‖ in exp.
    ExpLength,
}

/// A threshold of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cut {
    pub kind: Kind,
    pub value: f64,
}

/// Significant digits of a threshold that people write down.
const SHORT_DIGITS: i32 = 2;
/// Of one that is itself a length: two digits of 11.09 would give away too much.
const SHORT_LENGTH_DIGITS: i32 = 3;

impl Kind {
    /// The kind that suits a model, where nothing else says which.
    pub fn of(model: Model) -> Kind {
        if model.is_ball() { Kind::RelativeNorm } else { Kind::SpaceNorm }
    }

    /// Whether a smaller threshold lets more through.
    pub fn is_a_margin(self) -> bool {
        matches!(self, Kind::RelativeNorm | Kind::AbsoluteNorm)
    }

    /// The threshold that caps at √c d(0, x) = `rho`: [`Cut::cap`] the other way round.
    pub fn at(self, rho: f64, model: Model, c: f64) -> Cut {
        let root = c.sqrt();
        // On the hyperboloid no norm is too large: a margin there is none.
        let margin = || model.margin_at(rho).unwrap_or(0.0);
        let value = match self {
            Kind::RelativeNorm => margin(),
            Kind::AbsoluteNorm => margin() / root,
            Kind::SpaceNorm => model.norm_at(rho) / root,
            Kind::FeatureNorm => rho / model.scale_at_origin() / root,
            Kind::ExpLength => rho,
        };
        Cut { kind: self, value }
    }
}

impl Cut {
    /// The threshold of a guard, if it has one: its clip, or its ceiling on lengths in exp.
    pub fn of(guard: &Guard, arithmetic: Arithmetic) -> Option<Cut> {
        let cut = |kind, value| Some(Cut { kind, value });
        match ((guard.clip)(Precision { bits: arithmetic.bits() }), guard.clamps.exp_length_max) {
            (Some(Clip::RelativeNorm { eps }), _) => cut(Kind::RelativeNorm, eps),
            (Some(Clip::AbsoluteNorm { eps }), _) => cut(Kind::AbsoluteNorm, eps),
            (Some(Clip::SpaceNorm { max }), _) => cut(Kind::SpaceNorm, max),
            (Some(Clip::FeatureNorm { max }), _) => cut(Kind::FeatureNorm, max),
            (None, Some(max)) => cut(Kind::ExpLength, max),
            (None, None) => None,
        }
    }

    /// √c d(0, x) of the farthest point that passes.
    pub fn cap(&self, model: Model, c: f64) -> f64 {
        let root = c.sqrt();
        let of = |clip: Clip| clip.cap(model, c) * root;
        match self.kind {
            Kind::RelativeNorm => of(Clip::RelativeNorm { eps: self.value }),
            Kind::AbsoluteNorm => of(Clip::AbsoluteNorm { eps: self.value }),
            Kind::SpaceNorm => of(Clip::SpaceNorm { max: self.value }),
            Kind::FeatureNorm => of(Clip::FeatureNorm { max: self.value }),
            Kind::ExpLength => self.value,
        }
    }

    /// The nearest short number that lets nothing more through, also where `bits` significant bits hold the limit and the
    /// norms of vectors `[dim]` that are compared with it.
    pub fn short(&self, model: Model, c: f64, bits: u32, dim: usize) -> Cut {
        let digits = match self.kind {
            Kind::FeatureNorm | Kind::ExpLength => SHORT_LENGTH_DIGITS,
            _ => SHORT_DIGITS,
        };
        let most = self.cap(model, c);
        let mut cut = Cut { value: rounded(self.value, digits, self.kind.is_a_margin()), ..*self };
        while cut.value > 0.0 && cut.value.is_finite() && cut.cap_when_rounded(model, c, bits, dim) > most {
            let next = if self.kind.is_a_margin() { cut.value.next_up() } else { cut.value.next_down() };
            cut.value = rounded(next, digits, self.kind.is_a_margin());
        }
        cut
    }

    /// The cap of a clip whose limit is rounded once and compared with a norm of relative error (dim/2 + 2)u: of a sum of
    /// `dim` rounded squares, and of its root.
    fn cap_when_rounded(&self, model: Model, c: f64, bits: u32, dim: usize) -> f64 {
        let roundoff = 0.5 * Precision { bits }.epsilon();
        let grown = 1.0 + (dim as f64 / 2.0 + 3.0) * roundoff;
        let root = c.sqrt();
        let norm = match self.kind {
            Kind::RelativeNorm => 1.0 - self.value,
            Kind::AbsoluteNorm => 1.0 - self.value * root,
            // Growing by a few u moves these by as little: nothing to a short number.
            Kind::SpaceNorm | Kind::FeatureNorm | Kind::ExpLength => return self.cap(model, c),
        };
        let margin = 1.0 - norm * grown;
        if margin <= 0.0 {
            return f64::INFINITY;
        }
        Cut { kind: Kind::RelativeNorm, value: margin }.cap(model, c)
    }
}

/// x > 0 to a number of significant digits, up or down.
pub(crate) fn rounded(x: f64, digits: i32, up: bool) -> f64 {
    if !(x.is_finite() && x > 0.0) {
        return x;
    }
    // Through text, so that the result is the double nearest to a short decimal.
    let text = format!("{:.*e}", digits as usize - 1, x);
    let near: f64 = text.parse().unwrap_or(x);
    if (up && near >= x) || (!up && near <= x) {
        return near;
    }
    let exponent: i32 = text.split('e').next_back().and_then(|e| e.parse().ok()).unwrap_or(0);
    let step: f64 = format!("1e{}", exponent - digits + 1).parse().unwrap_or(0.0);
    let moved = if up { near + step } else { near - step };
    format!("{:.*e}", digits as usize - 1, moved).parse().unwrap_or(moved)
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let x = number(self.value);
        match self.kind {
            Kind::RelativeNorm => write!(f, "‖x‖ ≤ (1 − {x})/√c"),
            Kind::AbsoluteNorm => write!(f, "‖x‖ ≤ 1/√c − {x}"),
            Kind::SpaceNorm => write!(f, "‖s‖ ≤ {x}"),
            Kind::FeatureNorm => write!(f, "‖v‖ ≤ {x} before exp₀"),
            Kind::ExpLength => write!(f, "√c‖v‖ ≤ {x} in exp"),
        }
    }
}

/// A number as people write it: three digits, with an exponent where it is small or large.
pub fn number(x: f64) -> String {
    /// Numbers from here …
    const SMALL: f64 = 1e-3;
    /// … to here are written without an exponent.
    const LARGE: f64 = 1e5;
    if !x.is_finite() || x == 0.0 {
        return x.to_string();
    }
    let text = format!("{x:.2e}");
    let short: f64 = text.parse().unwrap_or(x);
    if (SMALL..LARGE).contains(&short.abs()) { short.to_string() } else { format!("{short:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_and_its_cap_are_inverse() {
        for (kind, model) in [
            (Kind::RelativeNorm, Model::Poincare),
            (Kind::RelativeNorm, Model::Klein),
            (Kind::AbsoluteNorm, Model::Poincare),
            (Kind::SpaceNorm, Model::Lorentz),
            (Kind::FeatureNorm, Model::Poincare),
            (Kind::FeatureNorm, Model::Lorentz),
            (Kind::ExpLength, Model::Lorentz),
        ] {
            for c in [1.0, 0.05] {
                for rho in [0.5, 3.0, 8.0] {
                    let cap = kind.at(rho, model, c).cap(model, c);
                    assert!((cap / rho - 1.0).abs() < 1e-7, "{kind:?} {model} {c}: {rho} became {cap}");
                }
            }
        }
    }

    #[test]
    fn short_numbers_are_short_and_let_nothing_more_through() {
        assert_eq!(rounded(1.234e-4, 2, true), 1.3e-4);
        assert_eq!(rounded(9.99e-4, 2, true), 1e-3);
        assert_eq!(rounded(1.0e-4, 2, true), 1.0e-4);
        assert_eq!(rounded(1234.0, 2, false), 1200.0);
        assert_eq!(rounded(11.0999, 3, false), 11.0);
        for rho in [0.7, 2.31, 9.4, 15.0] {
            for kind in [Kind::RelativeNorm, Kind::AbsoluteNorm, Kind::FeatureNorm] {
                let short = kind.at(rho, Model::Poincare, 0.3).short(Model::Poincare, 0.3, 53, 16);
                assert!(short.cap(Model::Poincare, 0.3) <= rho + 1e-9, "{short}");
            }
        }
    }

    #[test]
    fn a_threshold_that_the_arithmetic_would_round_outwards_is_smaller() {
        // 1 − 3.3e-6 is half a spacing of f32 off, and a norm of 128 coordinates many: what passes must not pass the cap.
        let wished = Kind::RelativeNorm.at(13.3, Model::Poincare, 1.0);
        let (fine, coarse) = (wished.short(Model::Poincare, 1.0, 53, 2), wished.short(Model::Poincare, 1.0, 24, 128));
        assert!(coarse.value > fine.value && coarse.value < 4.0 * fine.value, "{coarse} {fine}");
        let limit = f64::from(1f32 - coarse.value as f32);
        assert!(2.0 * limit.atanh() < 13.3);
    }
}
