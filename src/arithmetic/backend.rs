//! `f32` and `f64` with the elementary functions that most software uses: Rust's std, and libm. For study only.

use super::{Real, Scalar};
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

macro_rules! backend {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
        pub struct $name<T>(pub T);

        backend!(@operator $name, Add, add, +);
        backend!(@operator $name, Sub, sub, -);
        backend!(@operator $name, Mul, mul, *);
        backend!(@operator $name, Div, div, /);

        impl<T: Neg<Output = T>> Neg for $name<T> {
            type Output = Self;
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }
    };
    (@operator $name:ident, $trait:ident, $method:ident, $op:tt) => {
        impl<T: $trait<Output = T>> $trait for $name<T> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Self(self.0 $op other.0)
            }
        }
        impl<'a, T: Copy + $trait<Output = T>> $trait<&'a Self> for $name<T> {
            type Output = Self;
            fn $method(self, other: &'a Self) -> Self {
                Self(self.0 $op other.0)
            }
        }
    };
    (@real $name:ident, $scalar:ty, $($function:ident => $path:path),* $(,)?) => {
        impl Real for $name<$scalar> {
            type Wide = <$scalar as Real>::Wide;
            type Unbounded = <$scalar as Real>::Unbounded;

            fn unbounded(&self) -> Self::Unbounded {
                self.0.unbounded()
            }
            fn bounded(unbounded: Self::Unbounded, like: &Self) -> Self {
                Self(<$scalar>::bounded(unbounded, &like.0))
            }
            fn is_safe(&self) -> bool {
                self.0.is_safe()
            }
            fn is_finite(&self) -> bool {
                self.0.is_finite()
            }

            fn lit(&self, value: f64) -> Self {
                Self(self.0.lit(value))
            }
            fn widen(&self) -> Self::Wide {
                self.0.widen()
            }
            fn narrow(wide: Self::Wide, like: &Self) -> Self {
                Self(<$scalar>::narrow(wide, &like.0))
            }
            fn mul_wide(&self, other: &Self) -> Self::Wide {
                self.0.mul_wide(&other.0)
            }
            fn sub_wide(&self, other: &Self) -> Self::Wide {
                self.0.sub_wide(&other.0)
            }
            $(fn $function(self) -> Self { Self($path(self.0)) })*
            fn is_lt(&self, bound: &Self) -> Option<bool> {
                Some(self < bound)
            }
            fn select_lt(&self, bound: &Self, then: Self, otherwise: Self) -> Self {
                if self < bound { then } else { otherwise }
            }
            fn ldexp(self, exponent: i32) -> Self {
                Self(self.0.ldexp(exponent))
            }
        }
        impl Scalar for $name<$scalar> {
            type Endless = Self::Unbounded;
            fn compare(&self, other: &Self) -> Option<Ordering> {
                self.partial_cmp(other)
            }
            fn cmp_abs(&self, other: &Self) -> Ordering {
                self.0.cmp_abs(&other.0)
            }
            fn unit_roundoff(&self) -> Self {
                Self(self.0.unit_roundoff())
            }
            fn outside(c: &Self, xs: &[Self]) -> bool {
                let xs: Vec<$scalar> = xs.iter().map(|x| x.0).collect();
                <$scalar>::outside(&c.0, &xs)
            }
            fn gap(c: &Self, xs: &[Self]) -> Self::Wide {
                let xs: Vec<$scalar> = xs.iter().map(|x| x.0).collect();
                <$scalar>::gap(&c.0, &xs)
            }
            fn scale_exponent(&self) -> i32 {
                self.0.scale_exponent()
            }
        }
    };
}

backend! {
    /// Elementary functions of Rust's standard library, which are the platform's and change with the toolchain.
    Std
}
backend! {
    /// Elementary functions of the `libm` crate (musl's, in Rust).
    Libm
}

backend!(@real Std, f32, sqrt => f32::sqrt, exp => f32::exp, exp_m1 => f32::exp_m1, ln => f32::ln, ln_1p => f32::ln_1p,
    sinh => f32::sinh, cosh => f32::cosh, tanh => f32::tanh, asinh => f32::asinh, acosh => f32::acosh, atanh => f32::atanh);
backend!(@real Std, f64, sqrt => f64::sqrt, exp => f64::exp, exp_m1 => f64::exp_m1, ln => f64::ln, ln_1p => f64::ln_1p,
    sinh => f64::sinh, cosh => f64::cosh, tanh => f64::tanh, asinh => f64::asinh, acosh => f64::acosh, atanh => f64::atanh);
backend!(@real Libm, f32, sqrt => libm::sqrtf, exp => libm::expf, exp_m1 => libm::expm1f, ln => libm::logf, ln_1p => libm::log1pf,
    sinh => libm::sinhf, cosh => libm::coshf, tanh => libm::tanhf, asinh => libm::asinhf, acosh => libm::acoshf, atanh => libm::atanhf);
backend!(@real Libm, f64, sqrt => libm::sqrt, exp => libm::exp, exp_m1 => libm::expm1, ln => libm::log, ln_1p => libm::log1p,
    sinh => libm::sinh, cosh => libm::cosh, tanh => libm::tanh, asinh => libm::asinh, acosh => libm::acosh, atanh => libm::atanh);
