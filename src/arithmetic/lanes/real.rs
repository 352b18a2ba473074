//! One number per row.

use super::{Level, functions};
use crate::arithmetic::{Dd, Real, Scalar};
use pulp::{Simd, WithSimd};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A scalar whose rows stand side by side.
pub trait Lane: Scalar<Wide = Self::WideLane> + Copy + Send + Sync + 'static {
    /// [`Real::Wide`], which is one too.
    type WideLane: Lane;
    /// Sums of squares between `LEAST_SQUARE` and `MOST_SQUARE` keep every digit, and so do the powers of them that formulas take.
    const LEAST_SQUARE: f64;
    const MOST_SQUARE: f64;
    /// n times this is the least 1 − c‖x‖² that a sum of n + 2 terms in [`Real::Wide`] knows as well as one rounding to `Self` asks
    /// for: to 2⁻³⁴ of itself in f32, whose sums are off by (n + 2)·2⁻⁵³, so that a rounding is off by .501 ulp.
    const LEAST_GAP: f64;

    /// Whether lanes are faster than one row after another.
    const PAYS: bool;

    /// The value, to compare sizes with.
    fn size(self) -> f64;
    /// As [`Real::asinh`] and so on, within an ulp and without a branch.
    #[inline(always)]
    fn asinh_lane(self) -> Self {
        self.asinh()
    }
    #[inline(always)]
    fn ln_1p_lane(self) -> Self {
        self.ln_1p()
    }
    #[inline(always)]
    fn tanh_lane(self) -> Self {
        self.tanh()
    }
    #[inline(always)]
    fn sinh_lane(self) -> Self {
        self.sinh()
    }
    #[inline(always)]
    fn cosh_lane(self) -> Self {
        self.cosh()
    }
    #[inline(always)]
    fn exp_lane(self) -> Self {
        self.exp()
    }
    #[inline(always)]
    fn exp_m1_lane(self) -> Self {
        self.exp_m1()
    }
    #[inline(always)]
    fn ln_lane(self) -> Self {
        self.ln()
    }
    #[inline(always)]
    fn acosh_lane(self) -> Self {
        self.acosh()
    }
    #[inline(always)]
    fn atanh_lane(self) -> Self {
        self.atanh()
    }
    /// As [`Real::asinh_wide`].
    #[inline(always)]
    fn asinh_wide_lane(wide: Self::WideLane) -> Self::WideLane {
        Self::asinh_wide(wide)
    }
}

impl Lane for f32 {
    type WideLane = f64;
    const PAYS: bool = true;
    const LEAST_SQUARE: f64 = 0.0;
    const MOST_SQUARE: f64 = f64::from_bits((1023 + 200) << 52);
    const LEAST_GAP: f64 = 1.0 / (1u64 << 19) as f64;
    #[inline(always)]
    fn size(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn asinh_wide_lane(wide: f64) -> f64 {
        functions::asinh(wide)
    }
}

impl Lane for f64 {
    type WideLane = Dd;
    /// Not yet: double-doubles branch.
    const PAYS: bool = false;
    const LEAST_SQUARE: f64 = f64::from_bits((1023 - 160) << 52);
    const MOST_SQUARE: f64 = f64::from_bits((1023 + 160) << 52);
    const LEAST_GAP: f64 = crate::arithmetic::native::EXACT_GAP_BELOW;
    #[inline(always)]
    fn size(self) -> f64 {
        self
    }
}

impl Lane for Dd {
    type WideLane = Dd;
    /// Not yet: double-doubles branch.
    const PAYS: bool = false;
    const LEAST_SQUARE: f64 = f64::LEAST_SQUARE;
    const MOST_SQUARE: f64 = f64::MOST_SQUARE;
    const LEAST_GAP: f64 = 1.0 / (1u64 << 8) as f64;
    #[inline(always)]
    fn size(self) -> f64 {
        self.hi()
    }
}

/// N numbers, one per row.
#[derive(Clone, Copy, Debug)]
pub struct Lanes<S, const N: usize> {
    pub(super) level: Level,
    pub(super) rows: [S; N],
}

impl<S: Lane, const N: usize> Lanes<S, N> {
    /// The same number in every row.
    pub fn all(level: Level, value: S) -> Self {
        Lanes { level, rows: [value; N] }
    }
    /// The numbers.
    pub fn rows(&self) -> &[S; N] {
        &self.rows
    }

    #[inline(always)]
    pub(super) fn each<T: Lane>(&self, blank: T, f: impl Fn(S) -> T) -> Lanes<T, N> {
        let rows = &self.rows;
        Lanes { level: self.level, rows: self.level.each(blank, |i| f(rows[i])) }
    }
    #[inline(always)]
    fn with<T: Lane, U: Lane>(&self, other: &Lanes<T, N>, blank: U, f: impl Fn(S, T) -> U) -> Lanes<U, N> {
        let (rows, others) = (&self.rows, &other.rows);
        Lanes { level: self.level, rows: self.level.each(blank, |i| f(rows[i], others[i])) }
    }
    /// By a function that is inlined whatever its size: an item, not a closure.
    #[inline(always)]
    fn map(mut self, f: impl Fn(S) -> S) -> Self {
        self.level.0.dispatch(Map { rows: &mut self.rows, f });
        self
    }
}

struct Map<'a, S, F, const N: usize> {
    rows: &'a mut [S; N],
    f: F,
}

impl<S: Copy, F: Fn(S) -> S, const N: usize> WithSimd for Map<'_, S, F, N> {
    type Output = ();
    #[inline(always)]
    fn with_simd<P: Simd>(self, _: P) {
        for x in self.rows.iter_mut() {
            *x = (self.f)(*x);
        }
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $op:tt),*) => {$(
        impl<S: Lane, const N: usize> $trait<&Self> for Lanes<S, N> {
            type Output = Self;
            fn $method(self, other: &Self) -> Self {
                self.with(other, self.rows[0], |x, y| x $op y)
            }
        }
        impl<S: Lane, const N: usize> $trait for Lanes<S, N> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                self.with(&other, self.rows[0], |x, y| x $op y)
            }
        }
    )*};
}
operators!(Add add +, Sub sub -, Mul mul *, Div div /);

impl<S: Lane, const N: usize> Neg for Lanes<S, N> {
    type Output = Self;
    fn neg(self) -> Self {
        self.each(self.rows[0], |x| -x)
    }
}

macro_rules! elementary {
    ($($name:ident $lane:ident),* $(,)?) => {
        $(fn $name(self) -> Self { self.map(S::$lane) })*
    };
}

impl<S: Lane, const N: usize> Real for Lanes<S, N> {
    type Wide = Lanes<S::WideLane, N>;
    type Unbounded = Self;

    fn unbounded(&self) -> Self {
        *self
    }
    fn bounded(unbounded: Self, _like: &Self) -> Self {
        unbounded
    }
    /// Whether it is in every row.
    fn is_safe(&self) -> bool {
        self.rows.iter().all(Real::is_safe)
    }
    /// Whether it is in every row.
    fn is_finite(&self) -> bool {
        self.rows.iter().all(Real::is_finite)
    }

    fn lit(&self, value: f64) -> Self {
        Lanes { level: self.level, rows: [self.rows[0].lit(value); N] }
    }
    fn widen(&self) -> Self::Wide {
        self.each(self.rows[0].widen(), |x| x.widen())
    }
    fn narrow(wide: Self::Wide, like: &Self) -> Self {
        wide.with(like, like.rows[0], |wide, like| S::narrow(wide, &like))
    }
    fn mul_wide(&self, other: &Self) -> Self::Wide {
        self.with(other, self.rows[0].widen(), |x, y| x.mul_wide(&y))
    }
    fn sub_wide(&self, other: &Self) -> Self::Wide {
        self.with(other, self.rows[0].widen(), |x, y| x.sub_wide(&y))
    }
    fn asinh_wide(wide: Self::Wide) -> Self::Wide {
        wide.map(S::asinh_wide_lane)
    }

    fn sqrt(self) -> Self {
        self.each(self.rows[0], |x| x.sqrt())
    }
    elementary! {
        exp exp_lane, exp_m1 exp_m1_lane, ln ln_lane, ln_1p ln_1p_lane, sinh sinh_lane, cosh cosh_lane,
        tanh tanh_lane, asinh asinh_lane, acosh acosh_lane, atanh atanh_lane,
    }

    fn select_lt(&self, bound: &Self, then: Self, otherwise: Self) -> Self {
        let (x, bound, then, otherwise) = (&self.rows, &bound.rows, &then.rows, &otherwise.rows);
        let rows = self.level.each(x[0], |i| x[i].select_lt(&bound[i], then[i], otherwise[i]));
        Lanes { level: self.level, rows }
    }
    /// Where all rows agree.
    fn is_lt(&self, bound: &Self) -> Option<bool> {
        let below = |i: usize| self.rows[i].is_lt(&bound.rows[i]);
        let first = below(0);
        (1..N).all(|i| below(i) == first).then_some(first).flatten()
    }
    fn ldexp(self, exponent: i32) -> Self {
        self.each(self.rows[0], |x| x.ldexp(exponent))
    }
    fn abs(self) -> Self {
        self.each(self.rows[0], |x| x.abs())
    }
    fn min(self, other: &Self) -> Self {
        self.with(other, self.rows[0], |x, y| x.min(&y))
    }
    fn max(self, other: &Self) -> Self {
        self.with(other, self.rows[0], |x, y| x.max(&y))
    }
    fn square(self) -> Self {
        self.each(self.rows[0], |x| x * x)
    }
    fn hypot(self, other: &Self) -> Self {
        self.with(other, self.rows[0], |x, y| x.hypot(&y))
    }
    fn recip(self) -> Self {
        self.each(self.rows[0], |x| x.recip())
    }
    fn plus(self, constant: f64) -> Self {
        let constant = self.rows[0].lit(constant);
        self.each(self.rows[0], |x| x + constant)
    }
    fn times(self, constant: f64) -> Self {
        let constant = self.rows[0].lit(constant);
        self.each(self.rows[0], |x| x * constant)
    }
    fn one_minus(self) -> Self {
        let one = self.rows[0].lit(1.0);
        self.each(self.rows[0], |x| one - x)
    }
}
