//! What the project's own formulas lose at most on stored points, from counting their roundings: proved, as storing is.
//!
//! A formula of the project's own is evaluated in the arithmetic one wider, w its unit roundoff, as sums of terms that are not
//! negative, and rounded once. Below, n is the dimension and R the radius; every first-order count is taken a hundredth larger,
//! which is more than the orders that are dropped while n²w is below 1/100.
//!
//! *The gap 1 − q².* Products of two stored numbers are exact in w; they are summed one step wider still (w₂), and their sum is
//! off by (n + 2)w₂ at most, which the gap itself magnifies: γ = w + (n + 2)w₂/(1 − q²).
//!
//! *The distance.* d = 2 arsinh h or arsinh h, and d ln d/d ln h ≤ 1 in both; arsinh and the division by √c lose 4w, the last
//! rounding u (twice u in f64, whose arsinh is its own and correctly rounded).
//! - Poincaré's ball, h = √c‖x − y‖/√(g_x g_y): the difference w, its square and n terms' sum (n + 3)w, roots halve:
//!   h is off by (n/2 + 8)w + γ.
//! - Hyperboloid: with the pivot's w_k = 0, x and w are at an angle of at least 1/√n, so that ‖x‖²‖w‖² − ⟨x,w⟩² keeps all
//!   but n(4n + 14)w; times, and ⟨x,y⟩ beside T_xT_y ≥ XY or T_xT_y − 1 ≥ XY, n + 20 more: (2n² + 8n + 30)w.
//! - Klein's ball, sinh d = √(g_x‖w‖² + c⟨x,w⟩²)√c/√(g_xg_y): ⟨x,w⟩ is off by (n + 2)w‖x‖‖w‖, and the root is ‖w‖/cosh r at
//!   least: (n/2 + 10)w + (n + 2)w cosh R + γ.
//!
//! An answer below the smallest number with full precision is off by η/2 as well.

use super::storage::Storage;
use super::{Within, outward::Outward};
use crate::formula::{Model, Op};

/// Units w of one operation in double-double, which is good to 2^−104 in a sum or product and 2^−102 in a quotient or root.
const DOUBLE_DOUBLE: f64 = 1.0 / (1u128 << 102) as f64;
/// The elementary functions of double-double.
const DOUBLE_DOUBLE_FUNCTIONS: f64 = 1.0 / (1u128 << 96) as f64;
/// What the orders that are dropped may add to what is counted.
const DROPPED: f64 = 1.01;
/// Counts of n²w up to this are the first order of what they count.
const FIRST_ORDER: f64 = 0.01;

/// How an arithmetic evaluates the project's own formulas.
struct Evaluation {
    /// The unit roundoff of the wide arithmetic, and of the one wider still that gaps are summed in.
    wide: f64,
    wider: f64,
    /// Roundings to the arithmetic itself, in units of u; and what its elementary function loses beside them.
    last: f64,
    function: f64,
}

fn evaluation(scalar: &str, u: f64) -> Option<Evaluation> {
    let single = 2f64.powi(-24);
    let double = 2f64.powi(-53);
    let of = |wide: f64, wider: f64| Evaluation { wide, wider, last: 1.0, function: 0.0 };
    match scalar {
        "f16" | "bf16" => Some(of(single, double)),
        "f32" => Some(of(double, DOUBLE_DOUBLE)),
        "f64" => Some(Evaluation { last: 2.0, ..of(DOUBLE_DOUBLE, DOUBLE_DOUBLE) }),
        "dd" => Some(Evaluation { last: 0.0, function: DOUBLE_DOUBLE_FUNCTIONS, ..of(DOUBLE_DOUBLE, DOUBLE_DOUBLE) }),
        // 2p and 4p bits.
        _ => scalar.starts_with("mpfr:").then(|| of(u * u, u * u * u * u)),
    }
}

/// A bound on what the project's own variant of an operation loses on stored points, relative to its answer for them, over all
/// pairs within a radius and at no less than a separation; `None` where none is proved: for another operation than the
/// distance, or an arithmetic with other elementary functions than the project's.
pub fn rounding(op: Op, model: Model, scalar: &str, within: Within) -> Option<f64> {
    let storage = Storage::named(scalar)?;
    if op != Op::Distance {
        return None;
    }
    let Evaluation { wide, wider, last, function } = evaluation(scalar, storage.roundoff)?;
    let n = within.dim as f64;
    if n * n * wide > FIRST_ORDER {
        return None;
    }
    // 1/(1 − q²), which rounding to the stored point moves by a share of u e^R: within a factor 2 where anything holds.
    let inverse_gap = |halves: f64| {
        let cosh = (Outward::at(within.radius) * Outward::at(halves)).cosh().hi;
        2.0 * cosh * cosh
    };
    let gap = |halves: f64| wide + (n + 2.0) * wider * inverse_gap(halves);
    let roundings = match model {
        Model::Poincare => (0.5 * n + 8.0) * wide + gap(0.5),
        Model::Lorentz | Model::LorentzAmbient => (2.0 * n * n + 8.0 * n + 30.0) * wide,
        Model::Klein => {
            let cosh = 2.0 * Outward::at(within.radius).cosh().hi;
            (0.5 * n + 10.0 + (n + 2.0) * cosh) * wide + gap(1.0)
        }
    };
    let counted = DROPPED * (roundings + 4.0 * wide + 2.0 * function) + last * storage.roundoff;
    let subnormal = storage.smallest / within.separation;
    Some((counted * (1.0 + counted) + subnormal).next_up())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(model: Model, scalar: &str, dim: usize) -> Option<f64> {
        rounding(Op::Distance, model, scalar, Within { radius: 6.0, separation: 1.0, dim })
    }

    #[test]
    fn it_is_hardly_more_than_the_last_rounding() {
        for (scalar, units) in [("f32", 1.0), ("f64", 2.0), ("mpfr:100", 1.0)] {
            let u = Storage::named(scalar).unwrap().roundoff;
            for model in [Model::Poincare, Model::Lorentz, Model::LorentzAmbient, Model::Klein] {
                let bound = at(model, scalar, 16).unwrap() / u;
                assert!(bound >= units && bound < units * 1.001, "{model} {scalar}: {bound}");
            }
        }
        let half = Storage::named("f16").unwrap().roundoff;
        assert!(at(Model::Poincare, "f16", 16).unwrap() < 1.01 * half);
    }

    #[test]
    fn what_is_not_proved_has_none() {
        assert_eq!(at(Model::Poincare, "f32-std", 16), None);
        assert_eq!(at(Model::Lorentz, "bf16", 1 << 20), None);
        assert_eq!(rounding(Op::Exp, Model::Klein, "f32", Within { radius: 1.0, separation: 1.0, dim: 2 }), None);
    }
}
