//! How small an answer can be that is not 0: the bound below which a component is proved to be exactly 0.
//!
//! Inputs are binary fractions, so a polynomial in them with whole coefficients is a multiple of a power of two that their
//! last bits give, and is 0 or at least that. An answer is 0 exactly where an algebraic number N is: a polynomial in the
//! inputs and in at most two of the roots √(1 ± c‖x‖²) (the transcendental factor beside it, θ/sinh θ or arsinh, is never 0
//! alone). The product of N with its conjugates, the roots' signs turned, is such a polynomial (its degree that of N times 4,
//! 2 or 1), and none of them is larger than the inputs' sizes allow. That gives |answer| ≥ 2^−(weight · height) or answer = 0,
//! where height is how many bits the inputs have below and above the point together, and weight the degrees of N with its
//! conjugates and of its divisor together, rounded up. (The norm argument of root separation: Mignotte 1982.)

use super::Inputs;
use crate::formula::{Input, Model, Op};
use rug::Float;

/// Bits of a sum of n products: log₂ n and this many for whole coefficients.
const COEFFICIENT_BITS: u32 = 3;

/// Z such that no component of the answer (of the derivative by an input or by c, where it is asked for) that is not 0 is
/// smaller than 2^−Z. `None` where no such bound is known: components there are 0 only together with their inputs, which
/// intervals show by themselves, or their least size is not an algebraic question.
pub fn least_exponent(op: Op, by: Option<Option<Input>>, inputs: &Inputs<Float>) -> Option<u32> {
    Some(weight(op, by, inputs)? * height(inputs))
}

/// Bits of the inputs below the point, above it, and of the number of their terms.
fn height(inputs: &Inputs<Float>) -> u32 {
    let vectors = [Input::X, Input::Y, Input::V, Input::P, Input::A].map(|input| inputs.vector(input));
    let n = vectors.iter().flatten().map(|x| x.len()).max().unwrap_or(1);
    let numbers = || vectors.into_iter().flatten().flatten().chain([&inputs.c]).chain(&inputs.t);
    let above = numbers().filter_map(Float::get_exp).max().unwrap_or(0).max(0);
    let lowest = |x: &Float| Some(x.get_exp()? - significant_bits(x) as i32);
    let below = -numbers().filter_map(lowest).min().unwrap_or(0).min(0);
    (above + below) as u32 + n.next_power_of_two().ilog2() + COEFFICIENT_BITS
}

/// The bits that a number has, whatever its precision could hold.
pub(super) fn significant_bits(x: &Float) -> u32 {
    x.get_significand().map_or(0, |s| s.significant_bits() - s.find_one(0).unwrap_or(0))
}

/// Degree of N and its conjugates, and of N's divisor, each c, coordinate and weight of degree 1 and each root of 1½.
fn weight(op: Op, by: Option<Option<Input>>, inputs: &Inputs<Float>) -> Option<u32> {
    let ball = inputs.model == Model::Poincare;
    let weight = match (op, by) {
        // (1+2c⟨x,y⟩+c‖y‖²)xᵢ + g_x yᵢ; yᵢ(1+T_x) + (T_y(1+T_x)+c⟨x,y⟩)xᵢ; Einstein's likewise with one root.
        (Op::Add, None) => {
            if ball {
                8
            } else {
                20
            }
        }
        // yᵢ − cosh θ xᵢ, and T_y − cosh θ T_x; on balls polynomials.
        (Op::Log, None) => {
            if ball {
                12
            } else {
                28
            }
        }
        // T_x(1+T_xT_y−c⟨x,y⟩)vᵢ + c(T_x⟨y,v⟩−T_y⟨x,v⟩)(xᵢ+yᵢ), and its time; on the ball of degree 8.
        (Op::Transport, None) => {
            if ball {
                24
            } else {
                36
            }
        }
        (Op::Midpoint, None) => {
            if ball {
                20
            } else {
                28
            }
        }
        // Three boosts: degree 16 in two roots.
        (Op::Gyration, None) => {
            if ball {
                16
            } else {
                80
            }
        }
        // Weights sinh((1−t)θ) : sinh(tθ) are algebraic of low degree in cosh θ at these t alone.
        (Op::Geodesic, None) => {
            let t = inputs.t.as_ref()?;
            [-1.0, 0.0, 0.5, 1.0, 2.0].iter().any(|low| t == low).then_some(40)?
        }
        // T_p⟨x,a⟩ − T_x⟨p,a⟩, over ‖a‖_p at worst.
        (Op::Mlr, None) => 32,
        // xᵢT_y − yᵢT_x; −c yᵢ g_x + c xᵢ(1−c⟨x,y⟩).
        (Op::Distance, Some(Some(_))) => 28,
        // T_xT_p aᵢ − c xᵢ⟨p,a⟩, over √(1+s²).
        (Op::Mlr, Some(Some(Input::X))) => 48,
        _ => return None,
    };
    Some(weight)
}
