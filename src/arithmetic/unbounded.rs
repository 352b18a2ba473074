//! Numbers whose exponent has no end: where the powers that a formula needs would leave the range of its scratch space.

use super::dd::{DD_BITS, LN_2};
use super::{Dd, Real, Scalar, asinh_lag};
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// m·2^e with ½ ≤ |m| < 1, or a number without exponent (0, ∞, NaN) as m: the digits of `R` and no range to leave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unbounded<R> {
    m: R,
    e: i64,
}

/// Two terms this many powers of two apart do not meet: the lesser is below 2^-90 of the last bit of a double-double.
const APART: i64 = 200;
/// Below 2^-this, f(x) = x for every odd f with slope 1 at 0, to the last bit of a double-double.
const TINY: i64 = 60;
/// From 2^this on, arsinh, arcosh and ln(1 + x) are logarithms to the last bit of a double-double; a square is far from the end
/// of the range of `f64` until there.
const LARGE: i64 = 110;
/// |tanh| is 1 from here on, to the last bit of a double-double.
const TANH_ONE: f64 = 40.0;
/// The largest |x| of which the exponent of e^x is still an integer of 64 bits.
const EXP_MAX: f64 = 1e18;

/// The arithmetics that mantissas come in.
pub trait Mantissa: Scalar + Real<Wide = Dd> + Copy {
    /// The exponent k with ½ ≤ |self|·2^-k < 1; `None` of 0 and of what is not finite.
    fn exponent(self) -> Option<i32>;
    fn to_dd(self) -> Dd;
    fn from_dd(x: Dd) -> Self;
}

impl Mantissa for f64 {
    fn exponent(self) -> Option<i32> {
        (self != 0.0 && self.is_finite()).then(|| libm::ilogb(self) + 1)
    }
    fn to_dd(self) -> Dd {
        Dd::from(self)
    }
    fn from_dd(x: Dd) -> f64 {
        x.to_f64()
    }
}

impl Mantissa for Dd {
    fn exponent(self) -> Option<i32> {
        self.hi().exponent()
    }
    fn to_dd(self) -> Dd {
        self
    }
    fn from_dd(x: Dd) -> Dd {
        x
    }
}

impl<R: Mantissa> Unbounded<R> {
    /// m·2^e of any m.
    fn new(m: R, e: i64) -> Self {
        match m.exponent() {
            Some(0) => Unbounded { m, e },
            Some(k) => Unbounded { m: m.ldexp(-k), e: e + i64::from(k) },
            None => Unbounded { m, e: 0 },
        }
    }
    /// The same number without an exponent of its own: rounded where it is subnormal, ∞ or 0 beyond the range of `R`.
    pub fn bounded(self) -> R {
        /// Past this power of two every number is ∞ or 0 in `f64`.
        const END: i64 = 4000;
        self.m.ldexp(self.e.clamp(-END, END) as i32)
    }
    fn is_zero(self) -> bool {
        self.m.compare(&self.m.lit(0.0)) == Some(Ordering::Equal)
    }
    fn is_negative(self) -> bool {
        self.m.compare(&self.m.lit(0.0)) == Some(Ordering::Less)
    }
    /// e where there is one: the number is at least 2^(e − 1) and less than 2^e.
    fn magnitude(self) -> Option<i64> {
        self.m.exponent().map(|_| self.e)
    }
    fn is_tiny(self) -> bool {
        self.is_zero() || self.magnitude().is_some_and(|e| e < -TINY)
    }
    fn is_large(self) -> bool {
        self.magnitude().is_some_and(|e| e > LARGE)
    }
    /// Both brought to one exponent; the lesser is 0 where the two do not meet.
    fn aligned(self, other: Self) -> (R, R, i64) {
        let (Some(a), Some(b)) = (self.magnitude(), other.magnitude()) else {
            // A 0 takes the other's exponent; what is not finite outweighs it.
            let e = if self.magnitude().is_some() { self.e } else { other.e };
            return (self.m, other.m, e);
        };
        let down = |m: R, by: i64| if by > APART { m.lit(0.0) } else { m.ldexp(-by as i32) };
        if a >= b { (self.m, down(other.m, a - b), a) } else { (down(self.m, b - a), other.m, b) }
    }
    /// A function that is its argument where that is tiny and that a double-double evaluates up to 2^[`LARGE`].
    fn odd(self, f: impl Fn(Dd) -> Dd, large: impl Fn(Unbounded<Dd>) -> Unbounded<Dd>) -> Self {
        if self.is_tiny() {
            return self;
        }
        if !self.is_large() {
            return Self::from_wide(Unbounded::new(f(self.to_wide().bounded()), 0));
        }
        let magnitude = Unbounded { m: Real::abs(self.m), e: self.e };
        let value = Self::from_wide(large(magnitude.to_wide()));
        if self.is_negative() { -value } else { value }
    }
    fn to_wide(self) -> Unbounded<Dd> {
        Unbounded { m: self.m.to_dd(), e: self.e }
    }
    fn from_wide(x: Unbounded<Dd>) -> Self {
        Self::new(R::from_dd(x.m), x.e)
    }
}

impl From<f64> for Unbounded<f64> {
    fn from(x: f64) -> Self {
        Unbounded::new(x, 0)
    }
}
impl From<Dd> for Unbounded<Dd> {
    fn from(x: Dd) -> Self {
        Unbounded::new(x, 0)
    }
}

/// e^x.
fn exp(x: Unbounded<Dd>) -> Unbounded<Dd> {
    if x.is_tiny() {
        return Unbounded::new(Dd::from(1.0) + x.bounded(), 0);
    }
    let x = x.bounded();
    if x.hi().is_nan() || x.hi().abs() > EXP_MAX {
        return Unbounded::new(Real::exp(x), 0);
    }
    let (k, rest) = x.reduce();
    Unbounded::new(Real::exp(rest), k)
}

/// ln x.
fn ln(x: Unbounded<Dd>) -> Unbounded<Dd> {
    match x.magnitude() {
        Some(0 | 1) | None => Unbounded::new(Real::ln(x.bounded()), 0),
        Some(e) => Unbounded::new(Real::ln(x.m) + LN_2 * Dd::from(e as f64), 0),
    }
}

impl<R: Mantissa> Add for Unbounded<R> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (a, b, e) = self.aligned(other);
        Self::new(a + b, e)
    }
}
impl<R: Mantissa> Sub for Unbounded<R> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}
impl<R: Mantissa> Mul for Unbounded<R> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::new(self.m * other.m, self.e + other.e)
    }
}
impl<R: Mantissa> Div for Unbounded<R> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        Self::new(self.m / other.m, self.e - other.e)
    }
}
impl<R: Mantissa> Neg for Unbounded<R> {
    type Output = Self;
    fn neg(self) -> Self {
        Unbounded { m: -self.m, e: self.e }
    }
}
macro_rules! by_reference {
    ($($trait:ident $method:ident),*) => {$(
        impl<'a, R: Mantissa> $trait<&'a Self> for Unbounded<R> {
            type Output = Self;
            fn $method(self, other: &'a Self) -> Self {
                $trait::$method(self, *other)
            }
        }
    )*};
}
by_reference!(Add add, Sub sub, Mul mul, Div div);

impl<R: Mantissa> Real for Unbounded<R> {
    type Wide = Unbounded<Dd>;
    type Unbounded = Self;

    fn unbounded(&self) -> Self {
        *self
    }
    fn bounded(unbounded: Self, _like: &Self) -> Self {
        unbounded
    }

    fn lit(&self, value: f64) -> Self {
        Self::new(self.m.lit(value), 0)
    }
    fn widen(&self) -> Self::Wide {
        Unbounded { m: self.m.widen(), e: self.e }
    }
    fn narrow(wide: Self::Wide, like: &Self) -> Self {
        Self::new(R::narrow(wide.m, &like.m), wide.e)
    }
    fn mul_wide(&self, other: &Self) -> Self::Wide {
        Unbounded::new(self.m.mul_wide(&other.m), self.e + other.e)
    }
    fn sub_wide(&self, other: &Self) -> Self::Wide {
        let (a, b, e) = self.aligned(*other);
        Unbounded::new(a.sub_wide(&b), e)
    }
    fn asinh_wide(wide: Self::Wide) -> Self::Wide {
        if wide.is_tiny() || wide.is_large() {
            return wide.asinh();
        }
        Unbounded::new(R::asinh_wide(wide.bounded()), 0)
    }

    fn asinh_lag(self) -> Self {
        asinh_lag(self, DD_BITS)
    }
    fn sqrt(self) -> Self {
        let odd = self.e.rem_euclid(2);
        Self::new(self.m.ldexp(odd as i32).sqrt(), self.e.div_euclid(2))
    }
    fn exp(self) -> Self {
        Self::from_wide(exp(self.to_wide()))
    }
    fn exp_m1(self) -> Self {
        let x = self.to_wide();
        match x.magnitude() {
            _ if self.is_tiny() => self + self * self * self.lit(0.5),
            Some(e) if e <= 0 => Self::from_wide(Unbounded::new(x.bounded().exp_m1(), 0)),
            _ => Self::from_wide(exp(x) - x.lit(1.0)),
        }
    }
    fn ln(self) -> Self {
        Self::from_wide(ln(self.to_wide()))
    }
    fn ln_1p(self) -> Self {
        if self.is_tiny() {
            return self - self * self * self.lit(0.5);
        }
        let x = self.to_wide();
        Self::from_wide(if self.is_large() { ln(x) } else { Unbounded::new(x.bounded().ln_1p(), 0) })
    }
    fn sinh(self) -> Self {
        let x = self.to_wide();
        match self.magnitude() {
            _ if self.is_tiny() => self,
            Some(e) if e <= 0 => Self::from_wide(Unbounded::new(x.bounded().sinh(), 0)),
            _ => Self::from_wide((exp(x) - exp(-x)) * x.lit(0.5)),
        }
    }
    fn cosh(self) -> Self {
        let x = self.to_wide();
        Self::from_wide((exp(x) + exp(-x)) * x.lit(0.5))
    }
    fn tanh(self) -> Self {
        let saturated = |x: Dd| match x.hi().abs() > TANH_ONE {
            true => Dd::from(x.hi().signum()),
            false => x.tanh(),
        };
        self.odd(saturated, |x| x.lit(1.0))
    }
    fn asinh(self) -> Self {
        self.odd(Real::asinh, |x| ln(x.ldexp(1)))
    }
    fn acosh(self) -> Self {
        let x = self.to_wide();
        Self::from_wide(if self.is_large() { ln(x.ldexp(1)) } else { Unbounded::new(x.bounded().acosh(), 0) })
    }
    fn atanh(self) -> Self {
        self.odd(Real::atanh, |x| Unbounded::new(Real::atanh(x.lit(2.0).bounded()), 0))
    }

    fn is_lt(&self, bound: &Self) -> Option<bool> {
        Some(self.compare(bound) == Some(Ordering::Less))
    }
    fn select_lt(&self, bound: &Self, then: Self, otherwise: Self) -> Self {
        if self.compare(bound) == Some(Ordering::Less) { then } else { otherwise }
    }
    fn ldexp(self, exponent: i32) -> Self {
        Self::new(self.m, self.e + i64::from(exponent))
    }
    fn abs(self) -> Self {
        if self.is_negative() { -self } else { self }
    }
}

impl<R: Mantissa> Scalar for Unbounded<R> {
    type Endless = Self::Unbounded;
    fn compare(&self, other: &Self) -> Option<Ordering> {
        let (a, b, _) = self.aligned(*other);
        a.compare(&b)
    }
    fn cmp_abs(&self, other: &Self) -> Ordering {
        Real::abs(*self).compare(&Real::abs(*other)).unwrap_or(Ordering::Equal)
    }
    fn unit_roundoff(&self) -> Self {
        Self::new(self.m.unit_roundoff(), 0)
    }
    fn outside(c: &Self, xs: &[Self]) -> bool {
        let (c, xs) = near_one(c, xs);
        R::outside(&c, &xs)
    }
    fn gap(c: &Self, xs: &[Self]) -> Self::Wide {
        let (c, xs) = near_one(c, xs);
        Unbounded::new(R::gap(&c, &xs), 0)
    }
}

/// c/4^k and the x·2^k that bring c near 1: points of a ball are then no larger than 1, and what is far smaller does not
/// show in 1 − c Σ xᵢ².
fn near_one<R: Mantissa>(c: &Unbounded<R>, xs: &[Unbounded<R>]) -> (R, Vec<R>) {
    let k = c.e.div_euclid(2);
    let shifted = |x: Unbounded<R>, by: i64| Unbounded { m: x.m, e: x.e + by }.bounded();
    let c = shifted(*c, -2 * k);
    (c, xs.iter().map(|x| shifted(*x, k)).collect())
}

#[cfg(all(test, feature = "truth"))]
mod tests {
    use super::*;
    use crate::arithmetic::Mp;

    /// Largest relative error allowed to an elementary function: a double-double's own.
    const BOUND: f64 = 1.3e-29;
    const BITS: u32 = 400;

    fn exact(x: Unbounded<Dd>) -> Mp {
        let parts = Mp::new(BITS, x.m.hi()) + Mp::new(BITS, x.m.lo());
        parts.ldexp(x.e as i32)
    }

    fn check(name: &str, x: Unbounded<Dd>, ours: Unbounded<Dd>, theirs: Mp) {
        let (got, want) = (exact(ours), theirs);
        let error = if want.0.is_zero() { got.0.clone().abs() } else { ((got.0.clone() - &want.0) / &want.0).abs() };
        assert!(error < BOUND, "{name}({x:?}) = {ours:?}, relative error {}", error.to_f64());
    }

    #[test]
    fn functions_keep_their_digits_far_beyond_the_range_of_f64() {
        for exponent in (-4000..4000).step_by(97).chain(-70..70) {
            let a = Unbounded::new(Dd::new(1.234_567, 1e-17), exponent);
            let (a, x) = (a, exact(a));
            for (a, x) in [(a, x.clone()), (-a, -x)] {
                check("asinh", a, a.asinh(), x.clone().asinh());
                check("tanh", a, a.tanh(), x.clone().tanh());
                check("square", a, a.square(), x.clone().square());
                // Further out the reduction of an argument by ln 2 has lost its digits.
                if exponent < 10 {
                    check("exp", a, a.exp(), x.clone().exp());
                    check("exp_m1", a, a.exp_m1(), x.clone().exp_m1());
                    check("sinh", a, a.sinh(), x.clone().sinh());
                    check("cosh", a, a.cosh(), x.clone().cosh());
                }
                if exponent < -1 {
                    check("atanh", a, a.atanh(), x.clone().atanh());
                    check("ln_1p", a, a.ln_1p(), x.clone().ln_1p());
                }
            }
            let x = exact(a);
            check("sqrt", a, a.sqrt(), x.clone().sqrt());
            check("ln", a, a.ln(), x.clone().ln());
            check("ln_1p", a, a.ln_1p(), x.clone().ln_1p());
            check("recip", a, a.recip(), x.clone().recip());
            check("plus", a, a.plus(1.0), x.clone().plus(1.0));
            if exponent > 1 {
                check("acosh", a, a.acosh(), x.acosh());
            }
        }
    }

    #[test]
    fn what_has_no_exponent_stays_what_it_is() {
        let [zero, one, infinite] = [0.0, 1.0, f64::INFINITY].map(Unbounded::<f64>::from);
        assert_eq!((zero * infinite).bounded().to_string(), "NaN");
        assert_eq!((one / zero).bounded(), f64::INFINITY);
        assert_eq!((one - infinite).bounded(), f64::NEG_INFINITY);
        assert_eq!((one / infinite).bounded(), 0.0);
        assert_eq!(infinite.asinh().bounded(), f64::INFINITY);
        assert_eq!((-infinite).tanh().bounded(), -1.0);
        assert!(Unbounded::from(f64::NAN).sqrt().bounded().is_nan());
        assert!((-one).sqrt().bounded().is_nan() && (-one).ln().bounded().is_nan());
        // A product that f64 does not hold, and back.
        let large = Unbounded::from(f64::MAX);
        assert_eq!((large * large / large).bounded(), f64::MAX);
        assert_eq!((large * large).bounded(), f64::INFINITY);
        assert_eq!(Unbounded::from(5e-324).bounded(), 5e-324);
        assert_eq!((one - zero).compare(&one), Some(Ordering::Equal));
    }
}
