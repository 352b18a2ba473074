//! Double-double: an unevaluated sum of two `f64`, about 104 good bits, with elementary functions good to 2^-96.
//!
//! The project has its own because those at hand do not reach this: twofloat divides to 1e-16 and has tanh to 2e-12 and a
//! small artanh to 6e-5; qd is accurate but has neither hyperbolic functions nor their inverses.

use super::native::SAFE_EXPONENT_F64;
use super::{Real, Scalar, Unbounded, asinh_lag, exact, native};
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// hi + lo with |lo| ≤ ½ ulp(hi).
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Dd {
    hi: f64,
    lo: f64,
}

/// ln 2 to 107 bits.
pub(super) const LN_2: Dd = Dd { hi: std::f64::consts::LN_2, lo: 2.319_046_813_846_299_6e-17 };
/// exp's argument is divided by 2^this, and its result squared as often.
const EXP_HALVINGS: i32 = 9;
/// Bits of a double-double.
pub(super) const DD_BITS: u32 = 106;
/// Terms of the series of exp after the halvings: |r| ≤ ln 2/2^10 makes the next one less than 2^-112 of the first.
const EXP_TERMS: u32 = 9;
/// Below this, x² is less than 2^-110 of x, and two terms of a series are enough.
const TINY: f64 = 1.0 / (1u128 << 110) as f64;
/// Above this, squares come near the end of the range; logarithms take the factor 2^600 out first.
const HUGE: f64 = 1e150;
/// Below n times this a sum of n terms has lost more than the elementary functions lose, and the exact sum is taken.
pub(super) const EXACT_GAP_BELOW: f64 = 1.0 / (1u64 << 8) as f64;
/// e^x overflows beyond this.
const EXP_MAX: f64 = 709.8;
/// e^x is 0 below this.
const EXP_MIN: f64 = -745.2;
/// 1 − tanh x is below half an ulp of a double-double beyond this.
const TANH_ONE: f64 = 38.0;

/// a + b and its rounding error. Knuth; Joldes, Muller & Popescu (2017), Algorithm 2.
#[inline]
pub(crate) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let t = s - a;
    (s, (a - (s - t)) + (b - t))
}

/// a + b and its rounding error for |a| ≥ |b|. Dekker; Joldes et al. (2017), Algorithm 1.
#[inline]
fn quick_two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    (s, b - (s - a))
}

/// a·b and its rounding error. Where the target has no fused multiply-add, Dekker's product with Veltkamp's splitting, which
/// gives the same bits and is many times faster than an emulated one. Joldes et al. (2017), Algorithm 3.
#[inline]
pub(crate) fn two_prod(a: f64, b: f64) -> (f64, f64) {
    let p = a * b;
    if cfg!(target_feature = "fma") {
        return (p, a.mul_add(b, -p));
    }
    let ((ah, al), (bh, bl)) = (split(a), split(b));
    let error = ((ah * bh - p) + ah * bl + al * bh) + al * bl;
    (p, if error.is_finite() { error } else { product_error(a, b, p) })
}

/// a·b − p where splitting overflows: from 2^996 on.
#[cold]
fn product_error(a: f64, b: f64, p: f64) -> f64 {
    a.mul_add(b, -p)
}

/// Veltkamp: x = high + low with 26 bits each.
#[inline]
fn split(x: f64) -> (f64, f64) {
    const SPLITTER: f64 = ((1u64 << 27) + 1) as f64;
    let t = SPLITTER * x;
    let high = t - (t - x);
    (high, x - high)
}

impl From<f64> for Dd {
    #[inline]
    fn from(hi: f64) -> Dd {
        Dd { hi, lo: 0.0 }
    }
}

impl Dd {
    /// a + b.
    #[inline]
    pub fn new(a: f64, b: f64) -> Dd {
        let (hi, lo) = two_sum(a, b);
        Dd::checked(hi, lo)
    }
    /// a·b, exactly.
    #[inline]
    pub fn from_product(a: f64, b: f64) -> Dd {
        let (hi, lo) = two_prod(a, b);
        Dd::checked(hi, lo)
    }
    /// a − b, exactly.
    #[inline]
    pub fn from_difference(a: f64, b: f64) -> Dd {
        Dd::new(a, -b)
    }
    #[inline]
    pub fn hi(self) -> f64 {
        self.hi
    }
    #[inline]
    pub fn lo(self) -> f64 {
        self.lo
    }
    /// The nearest `f64`.
    #[inline]
    pub fn to_f64(self) -> f64 {
        self.hi
    }
    /// Infinities and NaN have no second part.
    #[inline]
    fn checked(hi: f64, lo: f64) -> Dd {
        if hi.is_finite() && lo.is_finite() { Dd { hi, lo } } else { Dd::from(hi) }
    }
    #[inline]
    fn quick(a: f64, b: f64) -> Dd {
        let (hi, lo) = quick_two_sum(a, b);
        Dd::checked(hi, lo)
    }
    #[inline]
    fn is_negative(self) -> bool {
        self.hi < 0.0
    }
    /// f(|x|) with the sign of x: odd to the bit.
    fn odd(self, f: impl Fn(Dd) -> Dd) -> Dd {
        if self.hi == 0.0 || self.hi.is_nan() {
            self
        } else if self.is_negative() {
            -f(-self)
        } else {
            f(self)
        }
    }
    pub(super) fn powi2(self, exponent: i32) -> Dd {
        Dd::checked(libm::ldexp(self.hi, exponent), libm::ldexp(self.lo, exponent))
    }
    /// e^x − 1 for |x| ≤ ½ ln 2, by its series at x/2^9 and p → 2p + p² nine times.
    fn exp_m1_reduced(self) -> Dd {
        let r = self.powi2(-EXP_HALVINGS);
        // Horner on 1 + r/2 (1 + r/3 (1 + …)).
        let mut sum = Dd::from(1.0);
        for n in (2..=EXP_TERMS).rev() {
            sum = Dd::from(1.0) + r * sum / Dd::from(f64::from(n));
        }
        let mut p = r * sum;
        for _ in 0..EXP_HALVINGS {
            p = p + p + p * p;
        }
        p
    }
    /// k and x − k ln 2.
    pub(super) fn reduce(self) -> (i64, Dd) {
        let k = (self.hi / LN_2.hi).round();
        (k as i64, self - LN_2 * Dd::from(k))
    }
}

impl Add for Dd {
    type Output = Dd;
    /// AccurateDWPlusDW: relative error 3u² also where the two cancel. Joldes et al. (2017), Algorithm 6.
    #[inline]
    fn add(self, other: Dd) -> Dd {
        let (sh, sl) = two_sum(self.hi, other.hi);
        if !sh.is_finite() {
            return Dd::from(sh);
        }
        let (th, tl) = two_sum(self.lo, other.lo);
        let (vh, vl) = quick_two_sum(sh, sl + th);
        Dd::quick(vh, tl + vl)
    }
}
impl Sub for Dd {
    type Output = Dd;
    #[inline]
    fn sub(self, other: Dd) -> Dd {
        self + -other
    }
}
impl Mul for Dd {
    type Output = Dd;
    /// DWTimesDW1, which is commutative to the bit. Joldes et al. (2017), Algorithm 10.
    #[inline]
    fn mul(self, other: Dd) -> Dd {
        let (ch, cl) = two_prod(self.hi, other.hi);
        if !ch.is_finite() || ch == 0.0 {
            return Dd::from(ch);
        }
        Dd::quick(ch, cl + (self.hi * other.lo + self.lo * other.hi))
    }
}
impl Div for Dd {
    type Output = Dd;
    /// DWDivDW2 with one more correction. After Joldes et al. (2017), Algorithm 17.
    #[inline]
    fn div(self, other: Dd) -> Dd {
        let first = self.hi / other.hi;
        if !first.is_finite() || first == 0.0 || !other.hi.is_finite() {
            return Dd::from(first);
        }
        let rest = self - other * Dd::from(first);
        let second = rest.hi / other.hi;
        let rest = rest - other * Dd::from(second);
        Dd::quick(first, second) + Dd::from(rest.hi / other.hi)
    }
}
impl Neg for Dd {
    type Output = Dd;
    #[inline]
    fn neg(self) -> Dd {
        Dd { hi: -self.hi, lo: -self.lo }
    }
}
macro_rules! by_reference {
    ($($trait:ident $method:ident),*) => {$(
        impl<'a> $trait<&'a Dd> for Dd {
            type Output = Dd;
            #[inline]
            fn $method(self, other: &'a Dd) -> Dd {
                $trait::$method(self, *other)
            }
        }
    )*};
}
by_reference!(Add add, Sub sub, Mul mul, Div div);

impl Real for Dd {
    type Wide = Dd;
    type Unbounded = Unbounded<Dd>;

    #[inline]
    fn unbounded(&self) -> Unbounded<Dd> {
        Unbounded::from(*self)
    }
    #[inline]
    fn bounded(unbounded: Unbounded<Dd>, _like: &Dd) -> Dd {
        unbounded.bounded()
    }
    #[inline]
    fn is_safe(&self) -> bool {
        native::is_near_one(self.hi, SAFE_EXPONENT_F64)
    }
    #[inline]
    fn is_finite(&self) -> bool {
        self.hi.is_finite()
    }

    #[inline]
    fn lit(&self, value: f64) -> Dd {
        Dd::from(value)
    }
    #[inline]
    fn widen(&self) -> Dd {
        *self
    }
    #[inline]
    fn narrow(wide: Dd, _like: &Dd) -> Dd {
        wide
    }
    #[inline]
    fn asinh_lag(self) -> Dd {
        asinh_lag(self, DD_BITS)
    }
    #[inline]
    fn sqrt(self) -> Dd {
        let root = self.hi.sqrt();
        if root == 0.0 || !root.is_finite() {
            return Dd::from(root);
        }
        let rest = self - Dd::from_product(root, root);
        Dd::quick(root, rest.hi / (2.0 * root))
    }
    fn exp(self) -> Dd {
        if self.hi.is_nan() || self.hi > EXP_MAX || self.hi < EXP_MIN {
            return Dd::from(Real::exp(self.hi));
        }
        let (k, r) = self.reduce();
        (r.exp_m1_reduced() + Dd::from(1.0)).powi2(k as i32)
    }
    fn exp_m1(self) -> Dd {
        if self.hi.abs() < TINY {
            return self + (self * self).times(0.5);
        }
        let (k, r) = self.reduce();
        if k == 0 { r.exp_m1_reduced() } else { Real::exp(self) - Dd::from(1.0) }
    }
    fn ln(self) -> Dd {
        /// Where ln is taken through log1p, so that nothing near its zero is lost.
        const NEAR_ONE: f64 = 0.5;
        let above = self - Dd::from(1.0);
        if above.hi.abs() < NEAR_ONE {
            return above.ln_1p();
        }
        let y = Dd::from(Real::ln(self.hi));
        if self.hi <= 0.0 || !self.hi.is_finite() {
            return y;
        }
        // x = m 2^k, so that Newton's step neither over- nor underflows.
        let k = libm::ilogb(self.hi);
        let m = self.powi2(-k);
        let y = Dd::from(Real::ln(m.hi));
        y + (m * Real::exp(-y) - Dd::from(1.0)) + LN_2 * Dd::from(f64::from(k))
    }
    /// One Newton step on e^y − 1 = x from the `f64` answer.
    fn ln_1p(self) -> Dd {
        if self.hi.abs() < TINY {
            return self - (self * self).times(0.5);
        }
        if self.hi > HUGE {
            return (self + Dd::from(1.0)).ln();
        }
        let y = Dd::from(Real::ln_1p(self.hi));
        if self.hi <= -1.0 || !y.hi.is_finite() {
            return y;
        }
        let e = y.exp_m1();
        y - (e - self) / (e + Dd::from(1.0))
    }
    fn sinh(self) -> Dd {
        self.odd(|x| {
            if x.hi < 1.0 {
                let p = x.exp_m1();
                return (p + p / (p + Dd::from(1.0))).times(0.5);
            }
            let half = Real::exp(x.times(0.5));
            // e^x/2 as two factors, so that it overflows only where sinh does; e^(−x) = 1/half².
            half * (half.times(0.5)) - (half.recip().square()).times(0.5)
        })
    }
    fn cosh(self) -> Dd {
        let half = Real::exp(Real::abs(self).times(0.5));
        half * (half.times(0.5)) + half.recip().square().times(0.5)
    }
    fn tanh(self) -> Dd {
        self.odd(|x| {
            if x.hi > TANH_ONE {
                return Dd::from(1.0);
            }
            let p = x.times(2.0).exp_m1();
            p / (p + Dd::from(2.0))
        })
    }
    /// ln(1 + a + a²/(1 + √(1 + a²))).
    fn asinh(self) -> Dd {
        self.odd(|a| {
            if a.hi > HUGE {
                return a.ln() + LN_2;
            }
            let square = a * a;
            (a + square / ((square + Dd::from(1.0)).sqrt() + Dd::from(1.0))).ln_1p()
        })
    }
    /// ln(1 + t + √(t(t + 2))), t = x − 1.
    fn acosh(self) -> Dd {
        if self.hi > HUGE {
            return self.ln() + LN_2;
        }
        let t = self - Dd::from(1.0);
        (t + (t * (t + Dd::from(2.0))).sqrt()).ln_1p()
    }
    /// ½ ln(1 + 2a/(1 − a)).
    fn atanh(self) -> Dd {
        self.odd(|a| (a.times(2.0) / (Dd::from(1.0) - a)).ln_1p().times(0.5))
    }
    fn is_lt(&self, bound: &Dd) -> Option<bool> {
        Some(self < bound)
    }
    fn select_lt(&self, bound: &Dd, then: Dd, otherwise: Dd) -> Dd {
        if self < bound { then } else { otherwise }
    }
    fn ldexp(self, exponent: i32) -> Dd {
        self.powi2(exponent)
    }
    fn abs(self) -> Dd {
        if self.is_negative() { -self } else { self }
    }
    fn times(self, constant: f64) -> Dd {
        self * Dd::from(constant)
    }
}

impl Scalar for Dd {
    type Endless = Self::Unbounded;
    fn compare(&self, other: &Dd) -> Option<Ordering> {
        self.partial_cmp(other)
    }
    fn cmp_abs(&self, other: &Dd) -> Ordering {
        Real::abs(*self).partial_cmp(&Real::abs(*other)).unwrap_or(Ordering::Equal)
    }
    fn scale_exponent(&self) -> i32 {
        self.hi.scale_exponent()
    }
    fn unit_roundoff(&self) -> Dd {
        /// Below the last bit that every double-double has.
        const BITS: i32 = 105;
        Dd::from(1.0).powi2(-BITS)
    }
    fn outside(c: &Dd, xs: &[Dd]) -> bool {
        exact::outside(*c, xs)
    }
    fn gap(c: &Dd, xs: &[Dd]) -> Dd {
        exact::gap(*c, xs, EXACT_GAP_BELOW)
    }
}

#[cfg(all(test, feature = "truth"))]
mod tests {
    use super::*;
    use crate::arithmetic::{Mp, Number};

    /// Largest relative error allowed to an elementary function.
    const BOUND: f64 = 1.3e-29;
    const BITS: u32 = 400;

    fn check(name: &str, x: Dd, ours: Dd, theirs: Mp) {
        let (got, want) = (Mp::new(BITS, &ours.to_float()), theirs);
        let error = if want.0.is_zero() { got.0.clone().abs() } else { ((got.0.clone() - &want.0) / &want.0).abs() };
        assert!(error < BOUND, "{name}({x:?}) = {ours:?}, relative error {}", error.to_f64());
    }

    #[test]
    fn elementary_functions_are_good_to_2_to_the_minus_96() {
        let mut x = 1.234_567e-30f64;
        let mut state = 1u64;
        while x < 1e30 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let a = Dd::new(x, x * 1e-17 * ((state >> 40) as f64 / (1u64 << 24) as f64 - 0.5));
            let exact = Mp::new(BITS, &a.to_float());
            for (a, exact) in [(a, exact.clone()), (-a, -exact.clone())] {
                check("asinh", a, a.asinh(), exact.clone().asinh());
                check("tanh", a, a.tanh(), exact.clone().tanh());
                if x < 700.0 {
                    check("exp", a, Real::exp(a), exact.clone().exp());
                    check("exp_m1", a, a.exp_m1(), exact.clone().exp_m1());
                    check("sinh", a, a.sinh(), exact.clone().sinh());
                    check("cosh", a, a.cosh(), exact.clone().cosh());
                }
                if x < 0.99 || a.hi > 0.0 {
                    check("ln_1p", a, a.ln_1p(), exact.clone().ln_1p());
                }
                if x < 0.999 {
                    check("atanh", a, a.atanh(), exact.clone().atanh());
                }
                check("div", a, Dd::from(3.0) / a, Mp::new(BITS, 3) / &exact);
            }
            check("ln", a, a.ln(), exact.clone().ln());
            check("sqrt", a, Real::sqrt(a), exact.clone().sqrt());
            let near_one = Dd::from(1.0) + a;
            let exact = Mp::new(BITS, &near_one.to_float());
            check("acosh", near_one, near_one.acosh(), exact.clone().acosh());
            check("ln near 1", near_one, near_one.ln(), exact.ln());
            x *= 1.37;
        }
    }

    #[test]
    fn the_ends_of_the_range_are_right() {
        assert_eq!(Dd::from(1e300).asinh().hi(), 1e300f64.asinh());
        assert_eq!((Dd::from(f64::INFINITY) + Dd::from(1.0)).hi(), f64::INFINITY);
        assert_eq!((Dd::from(1.0) / Dd::from(f64::INFINITY)).hi(), 0.0);
        assert_eq!((Dd::from(1.0) / Dd::from(0.0)).hi(), f64::INFINITY);
        assert!((Dd::from(0.0) * Dd::from(f64::INFINITY)).hi().is_nan());
        assert_eq!(Real::sqrt(Dd::from(0.0)).hi(), 0.0);
        assert_eq!(Dd::from(1e-300).asinh().hi(), 1e-300);
        assert_eq!(Dd::from(1.0).acosh().hi(), 0.0);
        assert_eq!(Dd::from(800.0).sinh().hi(), f64::INFINITY);
    }
}
