//! Dual numbers: a value and its derivative in one direction, computed together by the chain rule.

use super::{Real, Scalar};
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// v + d·ε with ε² = 0 over any arithmetic `R`: `d` is the derivative of whatever was computed.
///
/// Where a function is not differentiable because it is the root of a sum of squares that vanishes (a norm at 0, a
/// distance at x = y), the derivative is 0: the subgradient of least norm.
#[derive(Clone, Copy, Debug)]
pub struct Dual<R> {
    pub value: R,
    pub derivative: R,
}

impl<R: Real> Dual<R> {
    /// A quantity that does not move.
    pub fn constant(value: R) -> Self {
        let derivative = value.lit(0.0);
        Dual { value, derivative }
    }
    /// The quantity whose motion is asked about: derivative 1.
    pub fn variable(value: R) -> Self {
        let derivative = value.lit(1.0);
        Dual { value, derivative }
    }
    fn chain(self, value: R, slope: R) -> Self {
        Dual { value, derivative: self.derivative * &slope }
    }
    /// value, with derivative `self.derivative / denominator`; 0 where both vanish.
    fn chain_over(self, value: R, denominator: R) -> Self {
        let zero = value.lit(0.0);
        let quotient = self.derivative.clone() / &denominator;
        let at_zero = zero.select_lt(&self.derivative.abs(), quotient.clone(), zero.clone());
        let derivative = zero.select_lt(&denominator, quotient, at_zero);
        Dual { value, derivative }
    }
}

impl<'a, R: Real> Add<&'a Self> for Dual<R> {
    type Output = Self;
    fn add(self, other: &'a Self) -> Self {
        Dual { value: self.value + &other.value, derivative: self.derivative + &other.derivative }
    }
}
impl<'a, R: Real> Sub<&'a Self> for Dual<R> {
    type Output = Self;
    fn sub(self, other: &'a Self) -> Self {
        Dual { value: self.value - &other.value, derivative: self.derivative - &other.derivative }
    }
}
impl<'a, R: Real> Mul<&'a Self> for Dual<R> {
    type Output = Self;
    fn mul(self, other: &'a Self) -> Self {
        let derivative = self.derivative * &other.value + &(self.value.clone() * &other.derivative);
        Dual { value: self.value * &other.value, derivative }
    }
}
impl<'a, R: Real> Div<&'a Self> for Dual<R> {
    type Output = Self;
    fn div(self, other: &'a Self) -> Self {
        let value = self.value / &other.value;
        let derivative = (self.derivative - &(value.clone() * &other.derivative)) / &other.value;
        Dual { value, derivative }
    }
}
macro_rules! by_value {
    ($($trait:ident $method:ident),*) => {$(
        impl<R: Real> $trait for Dual<R> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                $trait::$method(self, &other)
            }
        }
    )*};
}
by_value!(Add add, Sub sub, Mul mul, Div div);

impl<R: Real> Neg for Dual<R> {
    type Output = Self;
    fn neg(self) -> Self {
        Dual { value: -self.value, derivative: -self.derivative }
    }
}

impl<R: Real> Real for Dual<R> {
    type Wide = Dual<R::Wide>;
    type Unbounded = Dual<R::Unbounded>;

    fn unbounded(&self) -> Self::Unbounded {
        Dual { value: self.value.unbounded(), derivative: self.derivative.unbounded() }
    }
    fn bounded(unbounded: Self::Unbounded, like: &Self) -> Self {
        Dual {
            value: R::bounded(unbounded.value, &like.value),
            derivative: R::bounded(unbounded.derivative, &like.value),
        }
    }
    fn is_safe(&self) -> bool {
        self.value.is_safe() && self.derivative.is_safe()
    }
    fn is_finite(&self) -> bool {
        self.value.is_finite() && self.derivative.is_finite()
    }

    fn lit(&self, value: f64) -> Self {
        Dual::constant(self.value.lit(value))
    }
    fn widen(&self) -> Self::Wide {
        Dual { value: self.value.widen(), derivative: self.derivative.widen() }
    }
    fn narrow(wide: Self::Wide, like: &Self) -> Self {
        Dual { value: R::narrow(wide.value, &like.value), derivative: R::narrow(wide.derivative, &like.value) }
    }
    fn mul_wide(&self, other: &Self) -> Self::Wide {
        Dual {
            value: self.value.mul_wide(&other.value),
            derivative: self.derivative.mul_wide(&other.value) + &self.value.mul_wide(&other.derivative),
        }
    }
    fn sub_wide(&self, other: &Self) -> Self::Wide {
        Dual { value: self.value.sub_wide(&other.value), derivative: self.derivative.sub_wide(&other.derivative) }
    }

    fn at_rest(&self) -> Self {
        Dual::constant(self.value.clone())
    }
    fn with_slope(self, by: &Self, slope: impl FnOnce() -> Self) -> Self {
        let zero = by.derivative.lit(0.0);
        // Derivatives by c are asked for less often than those by coordinates, which need no slope.
        if by.derivative.is_lt(&zero) == Some(false) && zero.is_lt(&by.derivative) == Some(false) {
            return self;
        }
        Dual { value: self.value, derivative: self.derivative + &(slope().value * &by.derivative) }
    }
    /// s′/√(1 + x²) + s (root′/root)(1/√(1 + x²) − arsinh(x)/x), x = s·root.
    fn asinh_quotient(s: Self::Wide, root: &Self::Wide) -> Self::Wide {
        let x = s.value.clone() * &root.value;
        let zero = x.lit(0.0);
        let size = x.clone().abs();
        let by_s = s.derivative / &x.lit(1.0).hypot(&size);
        let by_root = size.clone().asinh_lag() * &s.value * &root.derivative / &root.value;
        // At x = 0 the lag is 0/0, and a multiple of x².
        let by_root = zero.select_lt(&size, by_root, zero.clone());
        Dual { value: R::asinh_quotient(s.value, &root.value), derivative: by_s + &by_root }
    }

    fn sqrt(self) -> Self {
        let root = self.value.clone().sqrt();
        let denominator = root.clone().times(2.0);
        self.chain_over(root, denominator)
    }
    fn exp(self) -> Self {
        let value = self.value.clone().exp();
        self.chain(value.clone(), value)
    }
    fn exp_m1(self) -> Self {
        let (value, slope) = (self.value.clone().exp_m1(), self.value.clone().exp());
        self.chain(value, slope)
    }
    fn ln(self) -> Self {
        let (value, denominator) = (self.value.clone().ln(), self.value.clone());
        Dual { value, derivative: self.derivative / &denominator }
    }
    fn ln_1p(self) -> Self {
        let (value, denominator) = (self.value.clone().ln_1p(), self.value.clone().plus(1.0));
        Dual { value, derivative: self.derivative / &denominator }
    }
    fn sinh(self) -> Self {
        let (value, slope) = (self.value.clone().sinh(), self.value.clone().cosh());
        self.chain(value, slope)
    }
    fn cosh(self) -> Self {
        let (value, slope) = (self.value.clone().cosh(), self.value.clone().sinh());
        self.chain(value, slope)
    }
    /// (tanh x)′ = 1/cosh² x, which keeps its bits where 1 − tanh² x has lost them.
    fn tanh(self) -> Self {
        let slope = self.value.clone().cosh().recip().square();
        let value = self.value.clone().tanh();
        self.chain(value, slope)
    }
    /// (arsinh x)′ = 1/√(1 + x²), as 1/(|x| √(1 + 1/x²)) where x² would overflow.
    fn asinh(self) -> Self {
        let one = self.value.lit(1.0);
        let size = self.value.clone().abs();
        let large = {
            let inverse = size.clone().max(&one).recip();
            inverse.square().plus(1.0).sqrt() * &size
        };
        let small = size.clone().min(&one).square().plus(1.0).sqrt();
        let denominator = one.select_lt(&size, large, small);
        let value = self.value.clone().asinh();
        Dual { value, derivative: self.derivative / &denominator }
    }
    /// (arcosh x)′ = 1/√((x − 1)(x + 1)).
    fn acosh(self) -> Self {
        let x = self.value.clone();
        let denominator = (x.clone().plus(-1.0)).sqrt() * &x.clone().plus(1.0).sqrt();
        self.chain_over(x.acosh(), denominator)
    }
    /// (artanh x)′ = 1/((1 − x)(1 + x)).
    fn atanh(self) -> Self {
        let x = self.value.clone();
        let denominator = x.clone().one_minus() * &x.clone().plus(1.0);
        Dual { value: x.atanh(), derivative: self.derivative / &denominator }
    }
    fn is_lt(&self, bound: &Self) -> Option<bool> {
        self.value.is_lt(&bound.value)
    }
    fn select_lt(&self, bound: &Self, then: Self, otherwise: Self) -> Self {
        Dual {
            value: self.value.select_lt(&bound.value, then.value, otherwise.value),
            derivative: self.value.select_lt(&bound.value, then.derivative, otherwise.derivative),
        }
    }
    fn ldexp(self, exponent: i32) -> Self {
        Dual { value: self.value.ldexp(exponent), derivative: self.derivative.ldexp(exponent) }
    }
    /// (√(a² + b²))′ = (a/h)a′ + (b/h)b′, whichever is the larger; 0 where h = 0.
    fn hypot(self, other: &Self) -> Self {
        let value = self.value.clone().hypot(&other.value);
        let sum = self.value / &value * &self.derivative + &(other.value.clone() / &value * &other.derivative);
        let zero = value.lit(0.0);
        let derivative = zero.select_lt(&value, sum, value.clone().times(0.0));
        Dual { value, derivative }
    }
    fn square(self) -> Self {
        let derivative = (self.derivative * &self.value).times(2.0);
        Dual { value: self.value.square(), derivative }
    }
    fn plus(self, constant: f64) -> Self {
        Dual { value: self.value.plus(constant), derivative: self.derivative }
    }
    fn times(self, constant: f64) -> Self {
        Dual { value: self.value.times(constant), derivative: self.derivative.times(constant) }
    }
    fn one_minus(self) -> Self {
        Dual { value: self.value.one_minus(), derivative: -self.derivative }
    }
}

impl<R: Scalar> Scalar for Dual<R> {
    type Endless = Self::Unbounded;
    fn compare(&self, other: &Self) -> Option<Ordering> {
        self.value.compare(&other.value)
    }
    fn cmp_abs(&self, other: &Self) -> Ordering {
        self.value.cmp_abs(&other.value)
    }
    fn unit_roundoff(&self) -> Self {
        Dual::constant(self.value.unit_roundoff())
    }
    fn outside(c: &Self, xs: &[Self]) -> bool {
        let xs: Vec<R> = xs.iter().map(|x| x.value.clone()).collect();
        R::outside(&c.value, &xs)
    }
    /// The value is the arithmetic's own gap; its derivative −(c′ Σ xᵢ² + 2c Σ xᵢxᵢ′) needs no more than exact products.
    fn gap(c: &Self, xs: &[Self]) -> Self::Wide {
        let values: Vec<R> = xs.iter().map(|x| x.value.clone()).collect();
        let zero = c.value.widen().lit(0.0);
        let start = (zero.clone(), zero);
        let (squares, along) = xs.iter().fold(start, |(squares, along), x| {
            (squares + &x.value.mul_wide(&x.value), along + &x.value.mul_wide(&x.derivative))
        });
        let (c_value, c_derivative) = (c.value.widen(), c.derivative.widen());
        let derivative = -(squares * &c_derivative + &(along.times(2.0) * &c_value));
        Dual { value: R::gap(&c.value, &values), derivative }
    }
    fn scale_exponent(&self) -> i32 {
        self.value.scale_exponent()
    }
}
