//! MPFR numbers whose precision is chosen at run time and travels with every value.

use super::{Real, Scalar};
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
        Mp::gap(c, xs).0.cmp0().is_some_and(Ordering::is_le)
    }
}
