//! `f32` and `f64`, whose elementary functions come from a correctly rounded library and so never move with the toolchain.

use super::{Dd, Real, Scalar, Unbounded, asinh_lag, exact};
use std::cmp::Ordering;

/// Squares and sixth powers of numbers up to 2^±this stay far inside the range of `f64`.
pub(super) const SAFE_EXPONENT_F64: i32 = 80;
/// The same of `f32`, whose scratch space is `f64`, which has fewer digits to keep.
pub(super) const SAFE_EXPONENT_F32: i32 = 100;

/// Below n times this a sum of n terms in double-doubles has lost more than 2^-56 of 1 − c‖x‖², and the exact sum is taken.
pub(super) const EXACT_GAP_BELOW: f64 = 1.0 / (1u64 << 45) as f64;

macro_rules! elementary {
    ($scalar:ty, $($name:ident => $function:path),* $(,)?) => {
        $(#[inline] fn $name(self) -> $scalar { $function(self) })*
    };
}

impl Real for f64 {
    type Wide = Dd;
    type Unbounded = Unbounded<f64>;

    #[inline]
    fn unbounded(&self) -> Unbounded<f64> {
        Unbounded::from(*self)
    }
    #[inline]
    fn bounded(unbounded: Unbounded<f64>, _like: &f64) -> f64 {
        unbounded.bounded()
    }
    #[inline]
    fn is_safe(&self) -> bool {
        is_near_one(*self, SAFE_EXPONENT_F64)
    }
    #[inline]
    fn is_finite(&self) -> bool {
        f64::is_finite(*self)
    }

    #[inline]
    fn lit(&self, value: f64) -> f64 {
        value
    }
    #[inline]
    fn widen(&self) -> Dd {
        Dd::from(*self)
    }
    #[inline]
    fn narrow(wide: Dd, _like: &f64) -> f64 {
        wide.to_f64()
    }
    #[inline]
    fn mul_wide(&self, other: &f64) -> Dd {
        Dd::from_product(*self, *other)
    }
    #[inline]
    fn sub_wide(&self, other: &f64) -> Dd {
        Dd::from_difference(*self, *other)
    }
    /// arsinh(h + l) = arsinh h + l/√(1 + h²), so that only the rounding of one correctly rounded arsinh is left.
    #[inline]
    fn asinh_wide(wide: Dd) -> Dd {
        let (h, l) = (wide.hi(), wide.lo());
        let slope = if h.abs() < 1.0 {
            (1.0 + h * h).sqrt().recip()
        } else {
            (h.abs() * (1.0 + (1.0 / h).powi(2)).sqrt()).recip()
        };
        Dd::new(pxfm::f_asinh(h), l * slope)
    }
    #[inline]
    fn asinh_lag(self) -> f64 {
        asinh_lag(self, f64::MANTISSA_DIGITS)
    }
    #[inline]
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }
    elementary! { f64,
        exp => pxfm::f_exp, exp_m1 => pxfm::f_expm1, ln => pxfm::f_log, ln_1p => pxfm::f_log1p, sinh => pxfm::f_sinh,
        cosh => pxfm::f_cosh, tanh => pxfm::f_tanh, asinh => pxfm::f_asinh, acosh => pxfm::f_acosh, atanh => pxfm::f_atanh,
    }
    #[inline]
    fn is_lt(&self, bound: &f64) -> Option<bool> {
        Some(self < bound)
    }
    #[inline]
    fn select_lt(&self, bound: &f64, then: f64, otherwise: f64) -> f64 {
        if self < bound { then } else { otherwise }
    }
    #[inline]
    fn ldexp(self, exponent: i32) -> f64 {
        libm::ldexp(self, exponent)
    }
    #[inline]
    fn abs(self) -> f64 {
        f64::abs(self)
    }
}

impl Scalar for f64 {
    type Endless = Self::Unbounded;
    #[inline]
    fn compare(&self, other: &f64) -> Option<Ordering> {
        self.partial_cmp(other)
    }
    #[inline]
    fn cmp_abs(&self, other: &f64) -> Ordering {
        self.abs().partial_cmp(&other.abs()).unwrap_or(Ordering::Equal)
    }
    #[inline]
    fn unit_roundoff(&self) -> f64 {
        f64::EPSILON / 2.0
    }
    #[inline]
    fn outside(c: &f64, xs: &[f64]) -> bool {
        exact::outside(*c, xs)
    }
    #[inline]
    fn scale_exponent(&self) -> i32 {
        scale_exponent(*self)
    }
    #[inline]
    fn gap(c: &f64, xs: &[f64]) -> Dd {
        exact::gap(*c, xs, EXACT_GAP_BELOW)
    }
}

/// Whether `x` is within 2^±`exponent` of 1, or has no exponent: 0, ∞, NaN.
#[inline]
pub(super) fn is_near_one(x: f64, exponent: i32) -> bool {
    /// The bits of the exponent in a `f64`, and where they begin.
    const FIELD: u64 = 0x7ff;
    const SHIFT: u32 = f64::MANTISSA_DIGITS - 1;
    let biased = ((x.to_bits() >> SHIFT) & FIELD) as i32;
    let of_x = biased - (f64::MAX_EXP - 1);
    of_x.abs() <= exponent || biased == FIELD as i32 || x == 0.0
}

/// The exponent of `x` where it is finite, not zero and further than [`SAFE_EXPONENT_F64`] from 1; 0 elsewhere.
#[inline]
fn scale_exponent(x: f64) -> i32 {
    if x == 0.0 || !x.is_finite() {
        return 0;
    }
    let exponent = libm::ilogb(x);
    if exponent.abs() <= SAFE_EXPONENT_F64 { 0 } else { exponent }
}

impl Real for f32 {
    type Wide = f64;
    type Unbounded = Unbounded<f64>;

    #[inline]
    fn unbounded(&self) -> Unbounded<f64> {
        Unbounded::from(f64::from(*self))
    }
    #[inline]
    fn bounded(unbounded: Unbounded<f64>, _like: &f32) -> f32 {
        unbounded.bounded() as f32
    }
    #[inline]
    fn is_safe(&self) -> bool {
        is_near_one(f64::from(*self), SAFE_EXPONENT_F32)
    }
    #[inline]
    fn is_finite(&self) -> bool {
        f32::is_finite(*self)
    }

    #[inline]
    fn lit(&self, value: f64) -> f32 {
        value as f32
    }
    #[inline]
    fn widen(&self) -> f64 {
        f64::from(*self)
    }
    #[inline]
    fn narrow(wide: f64, _like: &f32) -> f32 {
        wide as f32
    }
    #[inline]
    fn asinh_lag(self) -> f32 {
        asinh_lag(f64::from(self), f32::MANTISSA_DIGITS) as f32
    }
    #[inline]
    fn sqrt(self) -> f32 {
        f32::sqrt(self)
    }
    elementary! { f32,
        exp => pxfm::f_expf, exp_m1 => pxfm::f_expm1f, ln => pxfm::f_logf, ln_1p => pxfm::f_log1pf, sinh => pxfm::f_sinhf,
        cosh => pxfm::f_coshf, tanh => pxfm::f_tanhf, asinh => pxfm::f_asinhf, acosh => pxfm::f_acoshf, atanh => pxfm::f_atanhf,
    }
    #[inline]
    fn is_lt(&self, bound: &f32) -> Option<bool> {
        Some(self < bound)
    }
    #[inline]
    fn select_lt(&self, bound: &f32, then: f32, otherwise: f32) -> f32 {
        if self < bound { then } else { otherwise }
    }
    #[inline]
    fn ldexp(self, exponent: i32) -> f32 {
        libm::ldexp(f64::from(self), exponent) as f32
    }
    #[inline]
    fn abs(self) -> f32 {
        f32::abs(self)
    }
}

impl Scalar for f32 {
    type Endless = Self::Unbounded;
    #[inline]
    fn compare(&self, other: &f32) -> Option<Ordering> {
        self.partial_cmp(other)
    }
    #[inline]
    fn cmp_abs(&self, other: &f32) -> Ordering {
        self.abs().partial_cmp(&other.abs()).unwrap_or(Ordering::Equal)
    }
    #[inline]
    fn unit_roundoff(&self) -> f32 {
        f32::EPSILON / 2.0
    }
    #[inline]
    fn outside(c: &f32, xs: &[f32]) -> bool {
        exact::outside(*c, xs)
    }
    #[inline]
    fn gap(c: &f32, xs: &[f32]) -> f64 {
        exact::gap(*c, xs, EXACT_GAP_BELOW).to_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_is_asked_for_only_far_from_one() {
        assert_eq!(1e20f64.scale_exponent(), 0);
        assert_eq!(1e260f64.scale_exponent(), 863);
        assert_eq!(0f64.scale_exponent(), 0);
        assert_eq!(f64::INFINITY.scale_exponent(), 0);
    }
}
