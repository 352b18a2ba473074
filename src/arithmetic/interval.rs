//! Intervals over MPFR, rounded outwards: the exact result of a formula lies inside, always.

use super::{Real, Scalar};
use rug::float::{Round, Special};
use rug::ops::{AddAssignRound, DivAssignRound, DivFromRound, MulAssignRound, SubAssignRound, SubFromRound};
use rug::{Assign, Float};
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A closed interval [lo, hi] that contains the exact value, if there is one. Endpoints that are NaN mean that there is none.
/// An argument that leaves a function's domain in part counts with the part inside: at the domain's edge that leaves an
/// interval with the edge's value at one end, which certifies nothing; at a pole it is the whole line.
#[derive(Clone, Debug)]
pub struct Interval {
    lo: Float,
    hi: Float,
}

impl Interval {
    /// [value, value], which `precision` bits must hold exactly, else the two neighbours around it.
    pub fn new<T: Copy>(precision: u32, value: T) -> Interval
    where
        Float: rug::ops::AssignRound<T, Round = Round, Ordering = Ordering>,
    {
        Interval {
            lo: Float::with_val_round(precision, value, Round::Down).0,
            hi: Float::with_val_round(precision, value, Round::Up).0,
        }
    }
    /// [lo, hi].
    pub fn from_bounds(lo: Float, hi: Float) -> Interval {
        Interval { lo, hi }
    }
    pub fn lo(&self) -> &Float {
        &self.lo
    }
    pub fn hi(&self) -> &Float {
        &self.hi
    }
    /// Bits of the endpoints.
    pub fn precision(&self) -> u32 {
        self.lo.prec()
    }
    /// The nearest number of `precision` bits to the exact value, if the interval is narrow enough to say which it is.
    pub fn certify(&self, precision: u32) -> Option<Float> {
        let lo = Float::with_val(precision, &self.lo);
        let hi = Float::with_val(precision, &self.hi);
        // An exact zero, or both ends round to the same number.
        (lo.is_finite() && lo == hi).then_some(lo)
    }
    /// Whether `x` lies inside.
    pub fn contains(&self, x: &Float) -> bool {
        self.lo <= *x && *x <= self.hi
    }
    /// A point of the interval near its middle.
    pub fn midpoint(&self) -> Float {
        Float::with_val(self.precision() + 1, &self.lo + &self.hi) / 2
    }
    /// Whether the exact value is known not to exist.
    pub fn is_nan(&self) -> bool {
        self.lo.is_nan() || self.hi.is_nan()
    }
    fn whole(precision: u32) -> Interval {
        Interval {
            lo: Float::with_val(precision, Special::NegInfinity),
            hi: Float::with_val(precision, Special::Infinity),
        }
    }
    fn nan(precision: u32) -> Interval {
        Interval { lo: Float::with_val(precision, Special::Nan), hi: Float::with_val(precision, Special::Nan) }
    }
    /// f of both ends, f increasing on the whole line or wherever it does not return NaN.
    fn increasing(mut self, f: impl Fn(&mut Float, Round) -> Ordering) -> Interval {
        let input_is_nan = self.is_nan();
        f(&mut self.lo, Round::Down);
        f(&mut self.hi, Round::Up);
        let precision = self.precision();
        match (self.lo.is_nan(), self.hi.is_nan()) {
            (false, false) => self,
            (true, true) => Interval::nan(precision),
            _ if input_is_nan => Interval::nan(precision),
            _ => Interval::whole(precision),
        }
    }
    /// The part from `edge` upwards; all of it where there is no such part.
    fn no_less_than(mut self, edge: u32) -> Interval {
        if self.lo < edge && self.hi >= edge {
            self.lo.assign(edge);
        }
        self
    }
    fn hull(self, other: Interval) -> Interval {
        if self.is_nan() || other.is_nan() {
            let precision = self.precision();
            return Interval::whole(precision);
        }
        Interval {
            lo: if other.lo < self.lo { other.lo } else { self.lo },
            hi: if other.hi > self.hi { other.hi } else { self.hi },
        }
    }
    fn is_positive(&self) -> bool {
        self.lo.cmp0() == Some(Ordering::Greater)
    }
    fn is_negative(&self) -> bool {
        self.hi.cmp0() == Some(Ordering::Less)
    }
    fn is_non_negative(&self) -> bool {
        matches!(self.lo.cmp0(), Some(Ordering::Greater | Ordering::Equal))
    }
    fn is_non_positive(&self) -> bool {
        matches!(self.hi.cmp0(), Some(Ordering::Less | Ordering::Equal))
    }
    fn is_zero(&self) -> bool {
        self.lo.is_zero() && self.hi.is_zero()
    }
    fn multiply(mut self, other: &Interval) -> Interval {
        let precision = self.precision();
        if self.is_nan() || other.is_nan() {
            return Interval::nan(precision);
        }
        // Derivatives by one of many coordinates are nearly all exactly 0.
        if self.is_zero() || other.is_zero() {
            return Interval { lo: Float::new(precision), hi: Float::new(precision) };
        }
        // Where no sign is in doubt the ends of the product are products of two known ends.
        let ends = match (self.is_non_negative(), other.is_non_negative()) {
            (true, true) => Some((false, &other.lo, &other.hi)),
            (true, false) if other.is_non_positive() => Some((true, &other.lo, &other.hi)),
            (false, true) if self.is_non_positive() => Some((false, &other.hi, &other.lo)),
            (false, false) if self.is_non_positive() && other.is_non_positive() => Some((true, &other.hi, &other.lo)),
            _ => None,
        };
        if let Some((swapped, of_lo, of_hi)) = ends {
            if swapped {
                std::mem::swap(&mut self.lo, &mut self.hi);
            }
            self.lo.mul_assign_round(of_lo, Round::Down);
            self.hi.mul_assign_round(of_hi, Round::Up);
            return self.settle();
        }
        let product = |a: &Float, b: &Float, round| {
            let (product, _) = Float::with_val_round(precision, a * b, round);
            // 0 · ∞ inside an interval product is 0: the infinite end stands for arbitrarily large finite numbers.
            if product.is_nan() { Float::new(precision) } else { product }
        };
        let ends = [(&self.lo, &other.lo), (&self.lo, &other.hi), (&self.hi, &other.lo), (&self.hi, &other.hi)];
        let lo = ends.iter().map(|(a, b)| product(a, b, Round::Down)).reduce(|a, b| if b < a { b } else { a });
        let hi = ends.iter().map(|(a, b)| product(a, b, Round::Up)).reduce(|a, b| if b > a { b } else { a });
        Interval { lo: lo.expect("four ends"), hi: hi.expect("four ends") }
    }
    fn divide(mut self, other: &Interval) -> Interval {
        let precision = self.precision();
        if self.is_nan() || other.is_nan() {
            return Interval::nan(precision);
        }
        if self.is_non_negative() && other.is_positive() {
            self.lo.div_assign_round(&other.hi, Round::Down);
            self.hi.div_assign_round(&other.lo, Round::Up);
            return self.settle();
        }
        if other.is_positive() || other.is_negative() {
            let mut inverse = other.clone();
            std::mem::swap(&mut inverse.lo, &mut inverse.hi);
            inverse.lo.div_from_round(1, Round::Down);
            inverse.hi.div_from_round(1, Round::Up);
            return self.multiply(&inverse);
        }
        if other.lo.is_zero() && other.hi.is_zero() { Interval::nan(precision) } else { Interval::whole(precision) }
    }
    /// An endpoint that became NaN (∞ − ∞, 0 · ∞) says that nothing is known.
    fn settle(self) -> Interval {
        if self.is_nan() { Interval::whole(self.precision()) } else { self }
    }
}

impl Add<&Interval> for Interval {
    type Output = Interval;
    fn add(mut self, other: &Interval) -> Interval {
        let defined = !(self.is_nan() || other.is_nan());
        self.lo.add_assign_round(&other.lo, Round::Down);
        self.hi.add_assign_round(&other.hi, Round::Up);
        // ∞ − ∞ of numbers beyond MPFR's range.
        if defined { self.settle() } else { self }
    }
}
impl Sub<&Interval> for Interval {
    type Output = Interval;
    fn sub(mut self, other: &Interval) -> Interval {
        let defined = !(self.is_nan() || other.is_nan());
        self.lo.sub_assign_round(&other.hi, Round::Down);
        self.hi.sub_assign_round(&other.lo, Round::Up);
        if defined { self.settle() } else { self }
    }
}
impl Mul<&Interval> for Interval {
    type Output = Interval;
    fn mul(self, other: &Interval) -> Interval {
        self.multiply(other)
    }
}
impl Div<&Interval> for Interval {
    type Output = Interval;
    fn div(self, other: &Interval) -> Interval {
        self.divide(other)
    }
}
macro_rules! by_value {
    ($($trait:ident $method:ident),*) => {$(
        impl $trait for Interval {
            type Output = Interval;
            fn $method(self, other: Interval) -> Interval {
                $trait::$method(self, &other)
            }
        }
    )*};
}
by_value!(Add add, Sub sub, Mul mul, Div div);

impl Neg for Interval {
    type Output = Interval;
    fn neg(self) -> Interval {
        Interval { lo: -self.hi, hi: -self.lo }
    }
}

impl Real for Interval {
    type Wide = Interval;
    type Unbounded = Self;

    fn unbounded(&self) -> Self {
        self.clone()
    }
    fn bounded(unbounded: Self, _like: &Self) -> Self {
        unbounded
    }

    fn lit(&self, value: f64) -> Interval {
        Interval::new(self.precision(), value)
    }
    fn widen(&self) -> Interval {
        self.clone()
    }
    fn narrow(wide: Interval, _like: &Interval) -> Interval {
        wide
    }
    fn sqrt(self) -> Interval {
        self.no_less_than(0).increasing(Float::sqrt_round)
    }
    fn exp(self) -> Interval {
        self.increasing(Float::exp_round)
    }
    fn exp_m1(self) -> Interval {
        self.increasing(Float::exp_m1_round)
    }
    fn ln(self) -> Interval {
        self.increasing(Float::ln_round)
    }
    fn ln_1p(self) -> Interval {
        self.increasing(Float::ln_1p_round)
    }
    fn sinh(self) -> Interval {
        self.increasing(Float::sinh_round)
    }
    fn cosh(self) -> Interval {
        self.abs().increasing(Float::cosh_round)
    }
    fn tanh(self) -> Interval {
        self.increasing(Float::tanh_round)
    }
    fn asinh(self) -> Interval {
        self.increasing(Float::asinh_round)
    }
    fn acosh(self) -> Interval {
        self.no_less_than(1).increasing(Float::acosh_round)
    }
    fn atanh(self) -> Interval {
        self.increasing(Float::atanh_round)
    }
    fn is_lt(&self, bound: &Interval) -> Option<bool> {
        match (self.hi < bound.lo, self.lo >= bound.hi) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }
    fn select_lt(&self, bound: &Interval, then: Interval, otherwise: Interval) -> Interval {
        if self.is_nan() || bound.is_nan() || self.lo >= bound.hi {
            otherwise
        } else if self.hi < bound.lo {
            then
        } else {
            then.hull(otherwise)
        }
    }
    fn ldexp(self, exponent: i32) -> Interval {
        Interval { lo: self.lo << exponent, hi: self.hi << exponent }
    }
    fn abs(self) -> Interval {
        if self.is_non_negative() {
            self
        } else if self.is_negative() {
            -self
        } else {
            let precision = self.precision();
            let lo = -self.lo;
            let hi = if lo > self.hi { lo } else { self.hi };
            Interval { lo: Float::new(precision), hi }
        }
    }
    /// The range of MPFR needs no scaling, and a choice of the larger would widen what it cannot decide.
    fn hypot(self, other: &Interval) -> Interval {
        (self.square() + &other.clone().square()).sqrt()
    }
    fn square(self) -> Interval {
        let mut ends = self.abs();
        ends.lo.square_round(Round::Down);
        ends.hi.square_round(Round::Up);
        ends
    }
    fn one_minus(mut self) -> Interval {
        std::mem::swap(&mut self.lo, &mut self.hi);
        self.lo.sub_from_round(1, Round::Down);
        self.hi.sub_from_round(1, Round::Up);
        self
    }
}

impl Scalar for Interval {
    type Endless = Self::Unbounded;
    fn compare(&self, other: &Interval) -> Option<Ordering> {
        self.midpoint().partial_cmp(&other.midpoint())
    }
    fn cmp_abs(&self, other: &Interval) -> Ordering {
        self.midpoint().cmp_abs(&other.midpoint()).unwrap_or(Ordering::Equal)
    }
    fn unit_roundoff(&self) -> Interval {
        Interval::new(self.precision(), 1).ldexp(-(self.precision() as i32))
    }
    fn outside(_c: &Interval, _xs: &[Interval]) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(lo: f64, hi: f64) -> Interval {
        Interval::from_bounds(Float::with_val(64, lo), Float::with_val(64, hi))
    }

    #[test]
    fn products_and_quotients_contain_every_pair_of_ends() {
        let ends = [-3.0, -0.5, 0.0, 0.25, 7.0];
        for (i, a) in ends.iter().enumerate() {
            for b in &ends[i..] {
                for (j, c) in ends.iter().enumerate() {
                    for d in &ends[j..] {
                        let product = interval(*a, *b) * &interval(*c, *d);
                        let quotient = interval(*a, *b) / &interval(*c, *d);
                        for x in [a, b] {
                            for y in [c, d] {
                                // Far more bits than the interval's, so that the reference is as good as exact.
                                let (x, y) = (Float::with_val(300, *x), Float::with_val(300, *y));
                                assert!(product.contains(&(x.clone() * &y)), "{x} · {y}");
                                if !y.is_zero() {
                                    assert!(quotient.contains(&(x.clone() / &y)), "{x} / {y}");
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn leaving_the_domain_is_never_certified() {
        assert!(interval(-1.0, 4.0).sqrt().certify(10).is_none());
        assert!(interval(-2.0, -1.0).sqrt().certify(10).is_none());
        assert!(interval(0.5, 2.0).acosh().certify(10).is_none());
        assert!((interval(1.0, 1.0) / &interval(-1.0, 1.0)).certify(10).is_none());
    }

    #[test]
    fn an_undecided_choice_contains_both_branches() {
        let chosen = interval(0.0, 2.0).select_lt(&interval(1.0, 1.0), interval(5.0, 5.0), interval(-5.0, -5.0));
        assert!(chosen.contains(&Float::with_val(64, 5)) && chosen.contains(&Float::with_val(64, -5)));
    }
}
