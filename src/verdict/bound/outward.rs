//! Intervals of `f64` whose ends are moved outwards after every operation, so that what they hold is proved, not estimated.

use std::ops::{Add, Div, Mul, Sub};

/// All numbers from `lo` to `hi`. An overflow is `hi = ∞`; a function that leaves its domain is everything to ∞.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Outward {
    pub lo: f64,
    pub hi: f64,
}

/// Units in the last place by which an elementary function is widened: pxfm's are correctly rounded or err by less than one.
const FUNCTION_ULPS: u32 = 2;

impl Outward {
    /// Exactly `x`.
    pub fn at(x: f64) -> Outward {
        Outward { lo: x, hi: x }
    }
    /// Both ends one number farther out.
    fn rounded(lo: f64, hi: f64) -> Outward {
        let (lo, hi) = (lo.next_down(), hi.next_up());
        // A number beyond the range is not below its end; what is not a number may be anything.
        Outward {
            lo: if lo.is_nan() { f64::NEG_INFINITY } else { lo.min(f64::MAX) },
            hi: if hi.is_nan() { f64::INFINITY } else { hi },
        }
    }
    /// A function that grows, of a number that is not negative and has f(0) = `least`.
    fn growing(self, f: fn(f64) -> f64, least: f64) -> Outward {
        let (mut lo, mut hi) = (f(self.lo.max(0.0)), f(self.hi.max(0.0)));
        for _ in 0..FUNCTION_ULPS {
            Outward { lo, hi } = Outward::rounded(lo, hi);
        }
        Outward { lo: lo.max(least), hi }
    }
    pub fn sinh(self) -> Outward {
        self.growing(pxfm::f_sinh, 0.0)
    }
    pub fn cosh(self) -> Outward {
        self.growing(pxfm::f_cosh, 1.0)
    }
    pub fn tanh(self) -> Outward {
        let Outward { lo, hi } = self.growing(pxfm::f_tanh, 0.0);
        Outward { lo, hi: hi.min(1.0) }
    }
    pub fn asinh(self) -> Outward {
        self.growing(pxfm::f_asinh, 0.0)
    }
    /// artanh, infinite from 1 upwards.
    pub fn atanh(self) -> Outward {
        let end = |x: f64| if x < 1.0 { x } else { 1.0 };
        Outward { lo: end(self.lo), hi: end(self.hi) }
            .growing(|x| if x < 1.0 { pxfm::f_atanh(x) } else { f64::INFINITY }, 0.0)
    }
    /// √ of the part that is not negative.
    pub fn sqrt(self) -> Outward {
        self.growing(f64::sqrt, 0.0)
    }
    pub fn square(self) -> Outward {
        let inside = self.lo.max(0.0);
        Outward::rounded(inside * inside, self.hi * self.hi).not_negative()
    }
    /// What is known not to be negative.
    pub fn not_negative(self) -> Outward {
        Outward { lo: self.lo.max(0.0), hi: self.hi.max(0.0) }
    }
    pub fn min(self, other: Outward) -> Outward {
        Outward { lo: self.lo.min(other.lo), hi: self.hi.min(other.hi) }
    }
    pub fn max(self, other: Outward) -> Outward {
        Outward { lo: self.lo.max(other.lo), hi: self.hi.max(other.hi) }
    }
    /// The product of numbers of any sign.
    pub fn times(self, other: Outward) -> Outward {
        let exact_zero = |a: f64, b: f64| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
        let ends = [self.lo, self.hi].map(|a| [exact_zero(a, other.lo), exact_zero(a, other.hi)]);
        let all = [ends[0][0], ends[0][1], ends[1][0], ends[1][1]];
        let nan = all.iter().any(|x| x.is_nan());
        let (lo, hi) = all.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), x| (lo.min(*x), hi.max(*x)));
        if nan { Outward { lo: f64::NEG_INFINITY, hi: f64::INFINITY } } else { Outward::rounded(lo, hi) }
    }
    /// |self|.
    pub fn size(self) -> Outward {
        let (a, b) = (self.lo.abs(), self.hi.abs());
        let through_zero = self.lo <= 0.0 && self.hi >= 0.0;
        Outward { lo: if through_zero { 0.0 } else { a.min(b) }, hi: a.max(b) }
    }
    pub fn negated(self) -> Outward {
        Outward { lo: -self.hi, hi: -self.lo }
    }
    /// What is known to be in [−1, 1].
    pub fn within_one(self) -> Outward {
        let end = |x: f64, other: f64| if x.is_nan() { other } else { x.clamp(-1.0, 1.0) };
        Outward { lo: end(self.lo, -1.0), hi: end(self.hi, 1.0) }
    }
    /// e^x − 1 of a number that is not negative.
    pub fn exp_m1(self) -> Outward {
        self.growing(pxfm::f_expm1, 0.0)
    }
    /// |self − other|.
    pub fn apart(self, other: Outward) -> Outward {
        let (a, b) = (self - other, other - self);
        Outward { lo: a.lo.max(b.lo).max(0.0), hi: a.hi.max(b.hi) }
    }
}

impl Add for Outward {
    type Output = Outward;
    fn add(self, other: Outward) -> Outward {
        Outward::rounded(self.lo + other.lo, self.hi + other.hi)
    }
}
impl Sub for Outward {
    type Output = Outward;
    fn sub(self, other: Outward) -> Outward {
        Outward::rounded(self.lo - other.hi, self.hi - other.lo)
    }
}
/// Of numbers that are not negative.
impl Mul for Outward {
    type Output = Outward;
    fn mul(self, other: Outward) -> Outward {
        let exact_zero = |a: f64, b: f64| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
        Outward::rounded(exact_zero(self.lo, other.lo), exact_zero(self.hi, other.hi)).not_negative()
    }
}
/// Of numbers that are not negative; by what may be 0 it is anything up to ∞.
impl Div for Outward {
    type Output = Outward;
    fn div(self, other: Outward) -> Outward {
        let hi = if self.hi == 0.0 {
            0.0
        } else if other.lo <= 0.0 {
            f64::INFINITY
        } else {
            self.hi / other.lo
        };
        Outward::rounded(if other.hi == f64::INFINITY { 0.0 } else { self.lo / other.hi }, hi).not_negative()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_holds_its_exact_value() {
        // Identities whose both sides are exact numbers, so that an end on the wrong side shows.
        for x in [1e-300, 1e-12, 0.3, 1.0, 7.5, 40.0] {
            let a = Outward::at(x);
            let holds =
                |name: &str, there: Outward| assert!(there.lo <= x && x <= there.hi, "{name} of {x}: {there:?}");
            holds("arsinh of sinh", a.sinh().asinh());
            holds("root of the square", if x < 1e-150 { a } else { a.square().sqrt() });
            holds("quotient of the product", a * Outward::at(3.0) / Outward::at(3.0));
            holds("difference of the sum", a + Outward::at(0.7) - Outward::at(0.7));
            if x < 15.0 {
                holds("artanh of tanh", a.tanh().atanh());
            }
            let one = a.cosh().square() - a.sinh().square();
            assert!(one.lo <= 1.0 && one.hi >= 1.0, "{x}: {one:?}");
        }
    }

    #[test]
    fn what_leaves_the_range_or_the_domain_is_infinite() {
        assert_eq!(Outward::at(800.0).cosh().hi, f64::INFINITY);
        assert!(Outward::at(800.0).cosh().lo <= f64::MAX);
        assert_eq!(Outward::at(1.0).atanh().hi, f64::INFINITY);
        assert_eq!((Outward::at(1.0) / Outward { lo: 0.0, hi: 1.0 }).hi, f64::INFINITY);
    }
}
