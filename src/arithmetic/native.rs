//! `f32` and `f64`, whose elementary functions come from a correctly rounded library and so never move with the toolchain.

use super::{Dd, Real, Scalar, dd};
use std::cmp::Ordering;

/// Squares and sixth powers of numbers up to 2^±this stay far inside the range of `f64`.
const SAFE_EXPONENT_F64: i32 = 80;

/// Below this value of 1 − c‖x‖² a double-double sum has lost more than 2^-52 of it, and the exact sum is taken.
const EXACT_GAP_BELOW: f64 = 1.0 / (1u64 << 50) as f64;

macro_rules! elementary {
    ($scalar:ty, $($name:ident => $function:path),* $(,)?) => {
        $(fn $name(self) -> $scalar { $function(self) })*
    };
}

impl Real for f64 {
    type Wide = Dd;

    fn lit(&self, value: f64) -> f64 {
        value
    }
    fn widen(&self) -> Dd {
        Dd::from(*self)
    }
    fn narrow(wide: Dd, _like: &f64) -> f64 {
        wide.to_f64()
    }
    fn mul_wide(&self, other: &f64) -> Dd {
        Dd::from_product(*self, *other)
    }
    fn sub_wide(&self, other: &f64) -> Dd {
        Dd::from_difference(*self, *other)
    }
    /// arsinh(h + l) = arsinh h + l/√(1 + h²), so that only the rounding of one correctly rounded arsinh is left.
    fn asinh_wide(wide: Dd) -> Dd {
        let (h, l) = (wide.hi(), wide.lo());
        let slope = if h.abs() < 1.0 {
            (1.0 + h * h).sqrt().recip()
        } else {
            (h.abs() * (1.0 + (1.0 / h).powi(2)).sqrt()).recip()
        };
        Dd::new(pxfm::f_asinh(h), l * slope)
    }
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }
    elementary! { f64,
        exp => pxfm::f_exp, exp_m1 => pxfm::f_expm1, ln => pxfm::f_log, ln_1p => pxfm::f_log1p, sinh => pxfm::f_sinh,
        cosh => pxfm::f_cosh, tanh => pxfm::f_tanh, asinh => pxfm::f_asinh, acosh => pxfm::f_acosh, atanh => pxfm::f_atanh,
    }
    fn select_lt(&self, bound: &f64, then: f64, otherwise: f64) -> f64 {
        if self < bound { then } else { otherwise }
    }
    fn ldexp(self, exponent: i32) -> f64 {
        libm::ldexp(self, exponent)
    }
    fn abs(self) -> f64 {
        f64::abs(self)
    }
}

impl Scalar for f64 {
    fn compare(&self, other: &f64) -> Option<Ordering> {
        self.partial_cmp(other)
    }
    fn cmp_abs(&self, other: &f64) -> Ordering {
        self.abs().partial_cmp(&other.abs()).unwrap_or(Ordering::Equal)
    }
    fn unit_roundoff(&self) -> f64 {
        f64::EPSILON / 2.0
    }
    fn outside(c: &f64, xs: &[f64]) -> bool {
        f64::gap(c, xs) <= Dd::from(0.0)
    }
    fn scale_exponent(&self) -> i32 {
        scale_exponent(*self)
    }
    fn gap(c: &f64, xs: &[f64]) -> Dd {
        let sum = xs.iter().fold(Dd::from(0.0), |sum, x| sum + Dd::from_product(*x, *x));
        let gap = Dd::from(1.0) - sum * Dd::from(*c);
        if gap.hi().abs() < EXACT_GAP_BELOW { exact_gap(*c, xs) } else { gap }
    }
}

/// The exponent of `x` where it is finite, not zero and further than [`SAFE_EXPONENT_F64`] from 1; 0 elsewhere.
fn scale_exponent(x: f64) -> i32 {
    if x == 0.0 || !x.is_finite() {
        return 0;
    }
    let exponent = libm::ilogb(x);
    if exponent.abs() <= SAFE_EXPONENT_F64 { 0 } else { exponent }
}

/// 1 − c Σ xᵢ², exact before the final rounding: a nonoverlapping expansion grown term by term.
/// Shewchuk (1997), Adaptive Precision Floating-Point Arithmetic, GROW-EXPANSION and SCALE-EXPANSION.
fn exact_gap(c: f64, xs: &[f64]) -> Dd {
    let mut expansion = vec![1.0];
    for x in xs {
        let square = Dd::from_product(*x, *x);
        for part in [square.hi(), square.lo()] {
            let scaled = Dd::from_product(-c, part);
            grow(&mut expansion, scaled.lo());
            grow(&mut expansion, scaled.hi());
        }
    }
    // Components increase in magnitude: adding from the smallest keeps all that a double-double can hold.
    expansion.iter().fold(Dd::from(0.0), |sum, part| sum + Dd::from(*part))
}

fn grow(expansion: &mut Vec<f64>, term: f64) {
    let mut carry = term;
    expansion.retain_mut(|part| {
        let (sum, error) = dd::two_sum(carry, *part);
        carry = sum;
        *part = error;
        error != 0.0
    });
    expansion.push(carry);
}

impl Real for f32 {
    type Wide = f64;

    fn lit(&self, value: f64) -> f32 {
        value as f32
    }
    fn widen(&self) -> f64 {
        f64::from(*self)
    }
    fn narrow(wide: f64, _like: &f32) -> f32 {
        wide as f32
    }
    fn sqrt(self) -> f32 {
        f32::sqrt(self)
    }
    elementary! { f32,
        exp => pxfm::f_expf, exp_m1 => pxfm::f_expm1f, ln => pxfm::f_logf, ln_1p => pxfm::f_log1pf, sinh => pxfm::f_sinhf,
        cosh => pxfm::f_coshf, tanh => pxfm::f_tanhf, asinh => pxfm::f_asinhf, acosh => pxfm::f_acoshf, atanh => pxfm::f_atanhf,
    }
    fn select_lt(&self, bound: &f32, then: f32, otherwise: f32) -> f32 {
        if self < bound { then } else { otherwise }
    }
    fn ldexp(self, exponent: i32) -> f32 {
        libm::ldexp(f64::from(self), exponent) as f32
    }
    fn abs(self) -> f32 {
        f32::abs(self)
    }
}

impl Scalar for f32 {
    fn compare(&self, other: &f32) -> Option<Ordering> {
        self.partial_cmp(other)
    }
    fn cmp_abs(&self, other: &f32) -> Ordering {
        self.abs().partial_cmp(&other.abs()).unwrap_or(Ordering::Equal)
    }
    fn unit_roundoff(&self) -> f32 {
        f32::EPSILON / 2.0
    }
    fn outside(c: &f32, xs: &[f32]) -> bool {
        f32::gap(c, xs) <= 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_gap_survives_total_cancellation() {
        // 0.6 and 0.8 as stored: 0.6² + 0.8² = 1 − gap with gap of the order of 2^-54.
        let gap = f64::gap(&1.0, &[0.6, 0.8]);
        let (p, e) = dd::two_prod(0.6, 0.6);
        let (q, f) = dd::two_prod(0.8, 0.8);
        // p + q is exact near 1 (Sterbenz on 1 − p − q), so the reference below is exact too.
        let reference = ((1.0 - p) - q) - e - f;
        assert_eq!(gap.to_f64(), reference);
        assert!(gap.to_f64().abs() < EXACT_GAP_BELOW);
    }

    #[test]
    fn scaling_is_asked_for_only_far_from_one() {
        assert_eq!(1e20f64.scale_exponent(), 0);
        assert_eq!(1e260f64.scale_exponent(), 863);
        assert_eq!(0f64.scale_exponent(), 0);
        assert_eq!(f64::INFINITY.scale_exponent(), 0);
    }
}
