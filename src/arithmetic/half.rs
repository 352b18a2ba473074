//! f16 and bf16 as hardware without half units computes them: every operation in a wider type, rounded once.

use super::{Real, Scalar};
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

macro_rules! half {
    ($(#[$doc:meta])* $name:ident, $inner:ty, $safe_exponent:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
        pub struct $name(pub $inner);

        impl $name {
            /// The nearest value to `x`, ties to even.
            pub fn from_f64(x: f64) -> Self {
                Self(<$inner>::from_f64(x))
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
            type Wide = f32;

            fn lit(&self, value: f64) -> Self {
                Self::from_f64(value)
            }
            fn widen(&self) -> f32 {
                self.0.to_f32()
            }
            fn narrow(wide: f32, _like: &Self) -> Self {
                Self(<$inner>::from_f32(wide))
            }
            half!(@functions sqrt exp exp_m1 ln ln_1p sinh cosh tanh asinh acosh atanh);
            fn select_lt(&self, bound: &Self, then: Self, otherwise: Self) -> Self {
                if self < bound { then } else { otherwise }
            }
            fn ldexp(self, exponent: i32) -> Self {
                Self::from_f64(Real::ldexp(self.to_f64(), exponent))
            }
        }

        impl Scalar for $name {
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
                Self::gap(c, xs) <= 0.0
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
    F16, half::f16, 16
}
half! {
    /// bfloat16: 8 significant bits, the exponent range of `f32`.
    Bf16, half::bf16, 15
}
