//! f16 and bf16 as hardware without half units computes them: every operation in a wider type, rounded once.

use super::native::{EXACT_GAP_BELOW, SAFE_EXPONENT_F32, is_near_one};
use super::{Real, Scalar, Unbounded, exact};
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// Sixth powers of numbers up to 2^±this, and squares of a curvature's, keep all their digits inside the range of `f32`.
const SAFE_EXPONENT_IN_F32: i32 = 12;

/// `x` as an `f32` whose last bit is 1 where anything was cut off: 24 ≥ 11 + 2 bits make a second rounding the same as one of
/// `x` itself (Boldo & Melquiond 2008), which the `half` crate's own, from the upper half of the bits of `x`, is not.
fn to_odd(x: f64) -> f32 {
    let nearest = x as f32;
    let back = f64::from(nearest);
    if back == x || !nearest.is_finite() || nearest.to_bits() % 2 == 1 {
        return nearest;
    }
    let towards = if x.abs() > back.abs() { nearest.to_bits() + 1 } else { nearest.to_bits() - 1 };
    f32::from_bits(towards)
}

macro_rules! half {
    ($(#[$doc:meta])* $name:ident, $inner:ty, $wide:ty, $safe_exponent:expr, $near_one:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
        pub struct $name(pub $inner);

        impl $name {
            /// The nearest value to `x`, ties to even.
            pub fn from_f64(x: f64) -> Self {
                Self(<$inner>::from_f32(to_odd(x)))
            }
            /// The same value.
            pub fn to_f64(self) -> f64 {
                self.0.to_f64()
            }
        }

        half!(@operator $name, Add, add, +);
        half!(@operator $name, Sub, sub, -);
        half!(@operator $name, Mul, mul, *);
        half!(@operator $name, Div, div, /);

        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }

        impl Real for $name {
            type Wide = $wide;
            type Unbounded = Unbounded<f64>;

            fn unbounded(&self) -> Unbounded<f64> {
                Unbounded::from(self.to_f64())
            }
            fn bounded(unbounded: Unbounded<f64>, _like: &Self) -> Self {
                Self::from_f64(unbounded.bounded())
            }
            fn is_safe(&self) -> bool {
                is_near_one(self.to_f64(), $near_one)
            }
            fn is_finite(&self) -> bool {
                self.to_f64().is_finite()
            }

            fn lit(&self, value: f64) -> Self {
                Self::from_f64(value)
            }
            fn widen(&self) -> $wide {
                <$wide>::from(self.0)
            }
            fn narrow(wide: $wide, _like: &Self) -> Self {
                Self::from_f64(f64::from(wide))
            }
            half!(@functions sqrt exp exp_m1 ln ln_1p sinh cosh tanh asinh acosh atanh);
            fn is_lt(&self, bound: &Self) -> Option<bool> {
                Some(self < bound)
            }
            fn select_lt(&self, bound: &Self, then: Self, otherwise: Self) -> Self {
                if self < bound { then } else { otherwise }
            }
            fn ldexp(self, exponent: i32) -> Self {
                Self::from_f64(Real::ldexp(self.to_f64(), exponent))
            }
        }

        impl Scalar for $name {
            type Endless = Self::Unbounded;
            fn compare(&self, other: &Self) -> Option<Ordering> {
                self.partial_cmp(other)
            }
            fn cmp_abs(&self, other: &Self) -> Ordering {
                self.to_f64().cmp_abs(&other.to_f64())
            }
            fn unit_roundoff(&self) -> Self {
                Self(<$inner>::EPSILON / <$inner>::from_f32(2.0))
            }
            fn outside(c: &Self, xs: &[Self]) -> bool {
                exact::outside(*c, xs)
            }
            fn gap(c: &Self, xs: &[Self]) -> $wide {
                exact::gap(*c, xs, EXACT_GAP_BELOW).to_f64() as $wide
            }
            fn scale_exponent(&self) -> i32 {
                let x = self.to_f64();
                if x == 0.0 || !x.is_finite() {
                    return 0;
                }
                let exponent = libm::ilogb(x);
                if exponent.abs() <= $safe_exponent { 0 } else { exponent }
            }
        }
    };
    (@operator $name:ident, $trait:ident, $method:ident, $op:tt) => {
        impl $trait for $name {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                // One operation on two half values in f64, then one rounding: 53 ≥ 2·11 + 2 bits make it the same as
                // rounding the exact result (Figueroa 1995).
                Self::from_f64(self.to_f64() $op other.to_f64())
            }
        }
        impl<'a> $trait<&'a Self> for $name {
            type Output = Self;
            fn $method(self, other: &'a Self) -> Self {
                self $op *other
            }
        }
    };
    (@functions $($function:ident)*) => {
        $(fn $function(self) -> Self { Self::from_f64(Real::$function(self.to_f64())) })*
    };
}

half! {
    /// IEEE binary16: 11 significant bits, largest value 65504.
    F16, half::f16, f64, 16, SAFE_EXPONENT_IN_F32
}
half! {
    /// bfloat16: 8 significant bits, the exponent range of `f32`, whose squares only `f64` holds; sixth powers of any fit there.
    Bf16, half::bf16, f64, 133, SAFE_EXPONENT_F32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_just_off_a_tie_is_not_rounded_as_one() {
        let ulp = |bits: i32| 2f64.powi(-bits);
        for (x, expected) in [
            (1.0 + ulp(11), 1.0),
            (1.0 + ulp(11) + ulp(50), 1.0 + ulp(10)),
            (1.0 + 3.0 * ulp(11) - ulp(50), 1.0 + ulp(10)),
            (65519.999, 65504.0),
            (65520.0, f64::INFINITY),
            (ulp(25), 0.0),
            (ulp(25) * (1.0 + ulp(40)), ulp(24)),
            (f64::MIN_POSITIVE, 0.0),
        ] {
            assert_eq!(F16::from_f64(x).to_f64(), expected, "{x}");
            assert_eq!(F16::from_f64(-x).to_f64(), -expected, "-{x}");
        }
        for (x, expected) in
            [(1.0 + ulp(8), 1.0), (1.0 + ulp(8) + ulp(52), 1.0 + ulp(7)), (1e39, f64::INFINITY), (ulp(134), 0.0)]
        {
            assert_eq!(Bf16::from_f64(x).to_f64(), expected, "{x}");
        }
        assert!(F16::from_f64(f64::NAN).to_f64().is_nan());
    }
}
