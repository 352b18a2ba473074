//! MPFR numbers whose precision is chosen at run time and travels with every value.

use super::{Real, Scalar, asinh_lag_as_it_stands};
use rug::Float;
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A correctly rounded number of p significant bits, p chosen at run time. Operations take p from the left side.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub struct Mp(pub Float);

impl Mp {
    /// `value` rounded to `precision` bits.
    pub fn new<T>(precision: u32, value: T) -> Mp
    where
        Float: rug::Assign<T>,
    {
        Mp(Float::with_val(precision, value))
    }
    /// p, in bits.
    pub fn precision(&self) -> u32 {
        self.0.prec()
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $op:tt) => {
        impl $trait for Mp {
            type Output = Mp;
            fn $method(self, other: Mp) -> Mp {
                Mp(self.0 $op &other.0)
            }
        }
        impl<'a> $trait<&'a Mp> for Mp {
            type Output = Mp;
            fn $method(self, other: &'a Mp) -> Mp {
                Mp(self.0 $op &other.0)
            }
        }
    };
}
operator!(Add, add, +);
operator!(Sub, sub, -);
operator!(Mul, mul, *);
operator!(Div, div, /);

impl Neg for Mp {
    type Output = Mp;
    fn neg(self) -> Mp {
        Mp(-self.0)
    }
}

impl Real for Mp {
    type Wide = Mp;
    type Unbounded = Self;

    fn unbounded(&self) -> Self {
        self.clone()
    }
    fn bounded(unbounded: Self, _like: &Self) -> Self {
        unbounded
    }

    fn lit(&self, value: f64) -> Mp {
        Mp::new(self.precision(), value)
    }
    fn widen(&self) -> Mp {
        Mp::new(2 * self.precision(), &self.0)
    }
    fn narrow(wide: Mp, like: &Mp) -> Mp {
        Mp::new(like.precision(), &wide.0)
    }
    fn mul_wide(&self, other: &Mp) -> Mp {
        Mp::new(2 * self.precision(), &self.0 * &other.0)
    }
    fn sub_wide(&self, other: &Mp) -> Mp {
        Mp::new(2 * self.precision(), &self.0 - &other.0)
    }
    /// −x²/3 + 3x⁴/10 − …: with as many bits more as the two terms have in common, unless the first is all of it.
    fn asinh_lag(self) -> Mp {
        let precision = self.precision();
        let lost = self.0.get_exp().map_or(0, |e| -2 * e.min(0)) as u32;
        if lost / 2 > precision {
            return Mp(self.0.square() / -3);
        }
        const GUARD_BITS: u32 = 8;
        let value = asinh_lag_as_it_stands(Mp::new(precision + lost + GUARD_BITS, &self.0));
        Mp::new(precision, &value.0)
    }
    fn sqrt(self) -> Mp {
        Mp(self.0.sqrt())
    }
    fn exp(self) -> Mp {
        Mp(self.0.exp())
    }
    fn exp_m1(self) -> Mp {
        Mp(self.0.exp_m1())
    }
    fn ln(self) -> Mp {
        Mp(self.0.ln())
    }
    fn ln_1p(self) -> Mp {
        Mp(self.0.ln_1p())
    }
    fn sinh(self) -> Mp {
        Mp(self.0.sinh())
    }
    fn cosh(self) -> Mp {
        Mp(self.0.cosh())
    }
    fn tanh(self) -> Mp {
        Mp(self.0.tanh())
    }
    fn asinh(self) -> Mp {
        Mp(self.0.asinh())
    }
    fn acosh(self) -> Mp {
        Mp(self.0.acosh())
    }
    fn atanh(self) -> Mp {
        Mp(self.0.atanh())
    }
    fn is_lt(&self, bound: &Mp) -> Option<bool> {
        Some(self.0 < bound.0)
    }
    fn select_lt(&self, bound: &Mp, then: Mp, otherwise: Mp) -> Mp {
        if self.0 < bound.0 { then } else { otherwise }
    }
    fn ldexp(self, exponent: i32) -> Mp {
        Mp(self.0 << exponent)
    }
    fn abs(self) -> Mp {
        Mp(self.0.abs())
    }
    fn square(self) -> Mp {
        Mp(self.0.square())
    }
    fn recip(self) -> Mp {
        Mp(self.0.recip())
    }
    fn plus(self, constant: f64) -> Mp {
        Mp(self.0 + constant)
    }
    fn times(self, constant: f64) -> Mp {
        Mp(self.0 * constant)
    }
    fn one_minus(self) -> Mp {
        Mp(1 - self.0)
    }
}

impl Scalar for Mp {
    type Endless = Self::Unbounded;
    fn compare(&self, other: &Mp) -> Option<Ordering> {
        self.partial_cmp(other)
    }
    fn cmp_abs(&self, other: &Mp) -> Ordering {
        self.0.cmp_abs(&other.0).unwrap_or(Ordering::Equal)
    }
    fn unit_roundoff(&self) -> Mp {
        Mp(Float::with_val(self.precision(), 1) >> self.precision())
    }
    fn outside(c: &Mp, xs: &[Mp]) -> bool {
        exact_gap(c, xs).cmp0().is_some_and(Ordering::is_le)
    }
    fn gap(c: &Mp, xs: &[Mp]) -> Mp {
        Mp::new(2 * c.precision(), exact_gap(c, xs))
    }
}

/// Squares below 2^-this are left out of a gap unless it is 0 without them: more bits than any table of numbers spells out.
const LEAST_SQUARE: i64 = 1 << 26;

/// 1 − c Σ xᵢ² at as many bits as the exact value has; not a number where a coordinate is not, −∞ where one is infinite.
fn exact_gap(c: &Mp, xs: &[Mp]) -> Float {
    let bits = |x: &Mp| i64::from(x.precision());
    let exponent = |x: &Mp| x.0.get_exp().map(i64::from);
    let of_c = exponent(c).unwrap_or(0);
    // Of c x²: below 2^high, and a multiple of 2^low.
    let high = |x: &Mp| exponent(x).map(|e| of_c + 2 * e);
    let counts = |x: &&Mp| high(x).is_none_or(|high| high > -LEAST_SQUARE);
    let (mut most, mut least) = (1, 0);
    for x in xs.iter().filter(counts) {
        let Some(high) = high(x) else { continue };
        (most, least) = (most.max(high), least.min(high - 2 * bits(x) - bits(c)));
    }
    let carries = i64::from(usize::BITS - xs.len().leading_zeros());
    // Past any precision that MPFR has, the sum is that of far more than the ball holds, whatever is rounded off.
    let precision = (most - least + carries + 2).clamp(1, 4 * LEAST_SQUARE) as u32;
    let mut sum = Float::with_val(precision, 0);
    let mut left_out = false;
    for x in xs {
        match counts(&x) {
            true => sum += Float::with_val(precision, x.0.square_ref()) * &c.0,
            false => left_out = true,
        }
    }
    let gap: Float = 1 - sum;
    if left_out && gap.is_zero() { -Float::with_val(precision, f64::MIN_POSITIVE) } else { gap }
}
