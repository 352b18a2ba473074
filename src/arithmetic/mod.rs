//! Everything a formula may ask of a number or of a vector, and every arithmetic that answers.
//!
//! A formula is written once, against [`Real`] (one value, or one value per row of a batch) and [`Vector`]
//! (`[n]`, or `[batch, n]`), and runs unchanged in every type of this room: the arithmetics under study
//! ([`F16`], [`Bf16`], `f32`, `f64`, [`Dd`], [`Mp`]), the certified truth ([`Interval`]), the gradient of any of them
//! ([`Dual`]).
//!
//! Constants enter through a value that is already there (`x.lit(2.0)`), so precision is data and there is no global.

mod backend;
mod dd;
mod dual;
mod exact;
mod half;
pub mod lanes;
mod native;
mod slice;
mod unbounded;

#[cfg(feature = "truth")]
mod interval;
#[cfg(feature = "truth")]
mod mp;
#[cfg(feature = "truth")]
pub mod number;
#[cfg(feature = "train")]
pub mod tensor;

pub use self::half::{Bf16, F16};
pub use backend::{Libm, Std};
pub use dd::Dd;
pub use dual::Dual;
#[cfg(feature = "truth")]
pub use interval::Interval;
#[cfg(feature = "truth")]
pub use mp::Mp;
#[cfg(feature = "truth")]
pub use number::{Arithmetic, Number};
pub use unbounded::Unbounded;

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// An elementwise real number: one value, or one value per row of a batch.
///
/// Operators take the left side by value, so that arithmetics which own memory reuse it. Every operation and every
/// function rounds once, in the arithmetic of `self`.
pub trait Real:
    Clone
    + fmt::Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + for<'a> Add<&'a Self, Output = Self>
    + for<'a> Sub<&'a Self, Output = Self>
    + for<'a> Mul<&'a Self, Output = Self>
    + for<'a> Div<&'a Self, Output = Self>
{
    /// An arithmetic in which the product and the difference of two `Self` are exact (or the widest there is): the
    /// scratch space of the project's own variants. f16, bf16, f32 → f64 → double-double; MPFR at p bits → 2p bits.
    type Wide: Real;

    /// An arithmetic with the digits of `Self` (or more) whose exponents have no end; `Self` where there is none, or where
    /// its own are far enough.
    type Unbounded: Real;

    /// `self`, exactly, with an exponent that has no end.
    fn unbounded(&self) -> Self::Unbounded;
    /// `unbounded`, rounded to the arithmetic and precision of `like`.
    fn bounded(unbounded: Self::Unbounded, like: &Self) -> Self;
    /// Whether the powers of `self` that formulas take stay inside the range of [`Real::Wide`], where that has one. A batch
    /// does not look.
    fn is_safe(&self) -> bool {
        true
    }
    /// Whether `self` is a finite number, where [`Real::Unbounded`] could tell better.
    fn is_finite(&self) -> bool {
        true
    }

    /// The constant `value`, rounded once to the arithmetic, precision and shape of `self`.
    fn lit(&self, value: f64) -> Self;

    /// `self`, exactly.
    fn widen(&self) -> Self::Wide;
    /// `wide`, rounded once to the arithmetic and precision of `like`.
    fn narrow(wide: Self::Wide, like: &Self) -> Self;
    /// `self · other`, exact where `Wide` can hold it.
    fn mul_wide(&self, other: &Self) -> Self::Wide {
        self.widen() * &other.widen()
    }
    /// `self − other`, exact where `Wide` can hold it.
    fn sub_wide(&self, other: &Self) -> Self::Wide {
        self.widen() - &other.widen()
    }

    /// arsinh of a wide number, to the accuracy that one rounding to `Self` needs.
    fn asinh_wide(wide: Self::Wide) -> Self::Wide {
        wide.asinh()
    }

    /// arsinh(s·root)/root, to the accuracy that one rounding to `Self` needs, and in duals with every digit of the derivative
    /// also where s·root is small: it is a power series in root².
    fn asinh_quotient(s: Self::Wide, root: &Self::Wide) -> Self::Wide {
        Self::asinh_wide(s * root) / root
    }
    /// The same number, at rest: without a derivative where there is one. A batch keeps its own.
    fn at_rest(&self) -> Self {
        self.clone()
    }
    /// The same number, and `slope` the derivative by `by` that it has besides its own; [`Real::at_rest`]'s other half.
    fn with_slope(self, _by: &Self, _slope: impl FnOnce() -> Self) -> Self {
        self
    }
    /// 1/√(1 + x²) − arsinh(x)/x for x ≥ 0: the slope of [`Real::asinh_quotient`] by ln root, over s.
    fn asinh_lag(self) -> Self {
        asinh_lag_as_it_stands(self)
    }

    fn sqrt(self) -> Self;
    fn exp(self) -> Self;
    fn exp_m1(self) -> Self;
    fn ln(self) -> Self;
    fn ln_1p(self) -> Self;
    fn sinh(self) -> Self;
    fn cosh(self) -> Self;
    fn tanh(self) -> Self;
    fn asinh(self) -> Self;
    fn acosh(self) -> Self;
    fn atanh(self) -> Self;

    /// `then` where `self < bound`, else `otherwise` (also where either side is not a number), row by row.
    fn select_lt(&self, bound: &Self, then: Self, otherwise: Self) -> Self;

    /// Whether `self < bound` where that is one answer, so that a costly branch not taken need not be computed; `None` of a
    /// batch, and of intervals that overlap.
    fn is_lt(&self, _bound: &Self) -> Option<bool> {
        None
    }

    /// `self · 2^exponent`, exactly unless it leaves the range of the arithmetic.
    fn ldexp(self, exponent: i32) -> Self {
        self.times(2f64.powi(exponent))
    }

    /// |self|.
    fn abs(self) -> Self {
        let negative = -self.clone();
        self.select_lt(&self.lit(0.0), negative, self.clone())
    }
    /// The lesser of the two; `self` where they cannot be compared, so that a NaN in `self` stays.
    fn min(self, other: &Self) -> Self {
        other.select_lt(&self, other.clone(), self.clone())
    }
    /// The greater of the two; `self` where they cannot be compared, so that a NaN in `self` stays.
    fn max(self, other: &Self) -> Self {
        self.select_lt(other, other.clone(), self.clone())
    }
    /// `self²`.
    fn square(self) -> Self {
        let copy = self.clone();
        self * &copy
    }
    /// √(self² + other²) for numbers that are not negative, without overflow where the answer is finite.
    fn hypot(self, other: &Self) -> Self {
        let zero = self.lit(0.0);
        let large = self.select_lt(other, other.clone(), self.clone());
        let small = self.select_lt(other, self.clone(), other.clone());
        let ratio = small / &large;
        let root = ratio.square().plus(1.0).sqrt() * &large;
        // 0/0: the root of nothing is nothing, and a NaN stays one.
        zero.select_lt(&large, root, large.clone().times(0.0))
    }
    /// `1 / self`.
    fn recip(self) -> Self {
        self.lit(1.0) / &self
    }
    /// `self + constant`.
    fn plus(self, constant: f64) -> Self {
        let constant = self.lit(constant);
        self + &constant
    }
    /// `self · constant`.
    fn times(self, constant: f64) -> Self {
        let constant = self.lit(constant);
        self * &constant
    }
    /// `1 − self`.
    fn one_minus(self) -> Self {
        self.lit(1.0) - &self
    }
}

fn asinh_lag_as_it_stands<R: Real>(x: R) -> R {
    let far = x.lit(1.0).hypot(&x).recip();
    far - &(x.clone().asinh() / &x)
}

/// Below this x the two terms of [`Real::asinh_lag`] lose more than two bits to each other, and its power series has the sum:
/// −√(1 − v²) Σ v²ᵏ/(2k + 1) over k ≥ 1, v² = x²/(1 + x²), four bits in three terms or more.
const LAG_SERIES_BELOW: f64 = 0.75;

/// [`Real::asinh_lag`] of an arithmetic of `bits` bits.
fn asinh_lag<S: Scalar>(x: S, bits: u32) -> S {
    if x.compare(&x.lit(LAG_SERIES_BELOW)) != Some(Ordering::Less) {
        return asinh_lag_as_it_stands(x);
    }
    let square = x.square();
    let cosh2 = square.clone().plus(1.0);
    let v2 = square / &cosh2;
    let (mut sum, mut power) = (v2.lit(0.0), v2.lit(1.0));
    for k in 1..=(3 * bits).div_ceil(4) {
        power = power * &v2;
        sum = sum + &(power.clone() / &v2.lit(f64::from(2 * k + 1)));
    }
    -(sum / &cosh2.sqrt())
}

/// A [`Real`] that is one value, so that it can be compared, and slices of it are vectors.
pub trait Scalar: Real<Unbounded = <Self as Scalar>::Endless> {
    /// [`Real::Unbounded`], which is one value too.
    type Endless: Scalar;

    /// Compares the two; `None` where one is not a number.
    fn compare(&self, other: &Self) -> Option<Ordering>;
    /// Compares |self| with |other|; what cannot be compared counts as equal.
    fn cmp_abs(&self, other: &Self) -> Ordering;

    /// The exponent k of a factor 2⁻ᵏ that brings `self` near 1 where sixth powers of it would leave the range of
    /// [`Real::Wide`]; 0 where no scaling is needed.
    fn scale_exponent(&self) -> i32 {
        0
    }

    /// The unit roundoff u of the arithmetic: a rounded result is the exact one times (1 + e), |e| ≤ u.
    fn unit_roundoff(&self) -> Self;

    /// Whether 1 − c Σ xᵢ² ≤ 0, exactly. An interval never says so of a point that is inside by construction; a vector with
    /// elements that are not numbers is neither inside nor outside.
    fn outside(c: &Self, xs: &[Self]) -> bool;

    /// 1 − c Σ xᵢ² with every bit that [`Real::Wide`] holds, however much cancels.
    fn gap(c: &Self, xs: &[Self]) -> Self::Wide {
        // Products of two `Self` are exact in `Wide`; their sum is taken one step wider still.
        let wide_c = c.widen();
        let one = wide_c.widen().lit(1.0);
        let sum = xs.iter().fold(one.lit(0.0), |sum, x| sum + &x.mul_wide(x).widen());
        <Self::Wide as Real>::narrow(one - &(sum * &wide_c.widen()), &wide_c)
    }
}

/// A vector `[n]` of [`Real`]s, or a batch of them `[batch, n]` whose [`Real`]s are `[batch, 1]`.
///
/// The methods are the reductions and combinations that hyperbolic formulas are made of, fused, so that a formula costs
/// what the loop written by hand costs. Those that end in `_wide` keep [`Real::Wide`] throughout.
pub trait Vector {
    type Elem: Real;
    type Owned: Borrow<Self> + Clone;
    /// The same vectors over [`Real::Unbounded`].
    type Unbounded: Vector<Elem = <Self::Elem as Real>::Unbounded> + ?Sized;

    /// Every element by [`Real::unbounded`].
    fn unbounded(&self) -> <Self::Unbounded as Vector>::Owned;
    /// Every element by [`Real::bounded`].
    fn bounded(unbounded: &Self::Unbounded, like: &Self::Elem) -> Self::Owned;
    /// Whether every element [`Real::is_safe`].
    fn is_safe(&self) -> bool;
    /// Whether every element [`Real::is_finite`].
    fn is_finite(&self) -> bool;

    /// A constant in the arithmetic of the elements.
    fn lit(&self, value: f64) -> Self::Elem;
    fn to_vector(&self) -> Self::Owned;

    /// ⟨x, y⟩.
    fn dot(&self, other: &Self) -> Self::Elem;
    /// ‖x‖².
    fn norm2(&self) -> Self::Elem {
        self.dot(self)
    }
    /// ‖x − y‖², from the differences.
    fn dist2(&self, other: &Self) -> Self::Elem;
    /// a·x.
    fn scale(&self, a: &Self::Elem) -> Self::Owned;
    /// x / a.
    fn unscale(&self, a: &Self::Elem) -> Self::Owned;
    /// x + y.
    fn plus(&self, other: &Self) -> Self::Owned;
    /// x − y.
    fn minus(&self, other: &Self) -> Self::Owned;
    /// −x.
    fn negated(&self) -> Self::Owned;
    /// a·x + b·y.
    fn combine(&self, a: &Self::Elem, other: &Self, b: &Self::Elem) -> Self::Owned;
    /// ‖x ∧ y‖² = Σ_{i<j} (xᵢyⱼ − xⱼyᵢ)², the sum as it stands: O(n²) for one pair of points.
    fn wedge2(&self, other: &Self) -> Self::Elem;
    /// max |xᵢ|.
    fn max_abs(&self) -> Self::Elem;
    /// x where ‖x‖ ≤ limit, else x·limit/‖x‖: what libraries call projection or clipping.
    fn clip_norm(&self, limit: &Self::Elem) -> Self::Owned;

    /// ⟨x, y⟩ with exact products.
    fn dot_wide(&self, other: &Self) -> Wide<Self>;
    /// ‖x‖² with exact products.
    fn norm2_wide(&self) -> Wide<Self> {
        self.dot_wide(self)
    }
    /// ‖x − y‖² from exact differences.
    fn dist2_wide(&self, other: &Self) -> Wide<Self>;
    /// ‖a·x + b·(y − x)‖², from the differences where vectors are single.
    fn step_norm2_wide(&self, a: &Wide<Self>, other: &Self, b: &Wide<Self>) -> Wide<Self> {
        let along = self.dot_difference_wide(other, self).times(2.0) * a * b;
        self.norm2_wide() * a * a + &along + &(self.dist2_wide(other) * b * b)
    }
    /// ‖x + a·y‖², from the sums where vectors are single.
    fn sum_norm2_wide(&self, other: &Self, a: &Wide<Self>) -> Wide<Self> {
        self.norm2_wide() + &((self.dot_wide(other).times(2.0) + &(other.norm2_wide() * a)) * a)
    }
    /// 1 − c‖x‖², 1 − c‖y‖² and ‖x − y‖²: [`Vector::gap_wide`] and [`Vector::dist2_wide`], in one pass where that is faster.
    fn gaps_and_dist2_wide(&self, other: &Self, c: &Self::Elem) -> [Wide<Self>; 3] {
        [self.gap_wide(c), other.gap_wide(c), self.dist2_wide(other)]
    }
    /// ⟨x − y, x + y⟩ = ‖x‖² − ‖y‖², from exact differences and sums.
    fn norm2_difference_wide(&self, other: &Self) -> Wide<Self>;
    /// ‖x ∧ y‖² = ‖x‖²‖y‖² − ⟨x, y⟩², without the cancellation of that formula.
    fn wedge2_wide(&self, other: &Self) -> Wide<Self>;
    /// ⟨x,x⟩, ⟨x,w⟩ and ⟨w,w⟩ of the wedge vector w = ℓ(x)y − ℓ(y)x with [`Vector::pivot_wide`]'s ℓ.
    fn wedge_sums_wide(&self, other: &Self) -> [Wide<Self>; 3] {
        let norm2 = self.norm2_wide();
        [norm2.clone(), norm2.lit(0.0), self.wedge2_wide(other) * &norm2]
    }
    /// ⟨ℓ(x)y − ℓ(y)x, ℓ(x)v − ℓ(v)x⟩ with [`Vector::pivot_wide`]'s ℓ.
    fn wedge_product_wide(&self, other: &Self, v: &Self) -> Wide<Self> {
        self.wedge_dot_wide(other, v) * &self.norm2_wide()
    }
    /// 1 − c‖x‖², however much cancels.
    fn gap_wide(&self, c: &Self::Elem) -> Wide<Self>;
    /// ℓ(x) and ℓ(y) of a linear form ℓ that vanishes at x only where x = 0: ⟨x, ·⟩, or where vectors are single the one
    /// coordinate in which x is largest, so that ℓ(x)y − ℓ(y)x is a difference of exact products.
    fn pivot_wide(&self, other: &Self) -> (Wide<Self>, Wide<Self>) {
        (self.norm2_wide(), self.dot_wide(other))
    }
    /// ⟨ℓ(x)y − ℓ(y)x, a⟩ with [`Vector::pivot_wide`]'s ℓ.
    fn wedge_dot_wide(&self, other: &Self, along: &Self) -> Wide<Self> {
        self.norm2_wide() * &other.dot_wide(along) - &(self.dot_wide(other) * &self.dot_wide(along))
    }
    /// ⟨y − x, a⟩, from exact differences.
    fn dot_difference_wide(&self, other: &Self, along: &Self) -> Wide<Self>;
    /// a·x + b·y, rounded once.
    fn combine_wide(&self, a: &Wide<Self>, other: &Self, b: &Wide<Self>) -> Self::Owned;
    /// a·x + b·(y − x), from exact differences, rounded once.
    fn step_wide(&self, a: &Wide<Self>, other: &Self, b: &Wide<Self>) -> Self::Owned;
    /// a·x + b·(y − x) + e·v, from exact differences, rounded once.
    fn step3_wide(&self, a: &Wide<Self>, other: &Self, b: &Wide<Self>, v: &Self, e: &Wide<Self>) -> Self::Owned;
    /// a·x + b·(ℓ(x)y − ℓ(y)x) + e·y with [`Vector::pivot_wide`]'s ℓ, rounded once.
    fn wedge_step_wide(&self, a: &Wide<Self>, other: &Self, b: &Wide<Self>, e: &Wide<Self>) -> Self::Owned {
        let (of_x, of_y) = self.pivot_wide(other);
        self.combine_wide(&(a.clone() - &(of_y * b)), other, &(of_x * b + e))
    }
    /// a·x + b·(ℓ(x)y − ℓ(y)x) + e·y + f·(ℓ(x)v − ℓ(v)x) + g·v with [`Vector::pivot_wide`]'s ℓ, rounded once.
    fn wedges_step_wide(&self, other: &Self, v: &Self, [a, b, e, f, g]: &[Wide<Self>; 5]) -> Self::Owned {
        let ((of_x, of_y), (_, of_v)) = (self.pivot_wide(other), self.pivot_wide(v));
        let of_self = a.clone() - &(of_y * b) - &(of_v * f);
        Self::sum_wide(&[self, other, v], &[of_self, of_x.clone() * b + e, of_x * f + g])
    }
    /// a·x + b·y + e·(x + y) + v, from exact sums where vectors are single, rounded once.
    fn sum_step_wide(&self, a: &Wide<Self>, other: &Self, b: &Wide<Self>, e: &Wide<Self>, v: &Self) -> Self::Owned {
        let factors = [a.clone() + e, b.clone() + e, e.lit(1.0)];
        Self::sum_wide(&[self, other, v], &factors)
    }
    /// Σ aᵢxᵢ over several vectors, rounded once.
    fn sum_wide(vectors: &[&Self], a: &[Wide<Self>]) -> Self::Owned;
    /// x, moved towards the origin by as few roundings as it takes to have 1 − c‖x‖² > 0: a result that rounding has put
    /// on or outside the rim of the ball.
    fn pull_inside(&self, c: &Self::Elem) -> Self::Owned;
    /// a·x, rounded once.
    fn scale_wide(&self, a: &Wide<Self>) -> Self::Owned;

    /// The exponent k of a factor 2⁻ᵏ that brings the largest element near 1 where its sixth power would leave the range
    /// of the arithmetic; 0 where none is needed.
    fn scale_exponent(&self) -> i32;
    /// Whether x comes before y in an order of all vectors: what is computed for a pair in this order is symmetric to the
    /// bit. A batch is not ordered.
    fn precedes(&self, other: &Self) -> bool;
    /// x·2^exponent, exactly where it stays in range.
    fn ldexp(&self, exponent: i32) -> Self::Owned;

    /// The first element, and the rest: the time coordinate and the space coordinates of an ambient Lorentz point.
    fn split_time(&self) -> (Self::Elem, Self::Owned);
    /// [time, x...]: the inverse of [`Vector::split_time`].
    fn with_time(&self, time: Self::Elem) -> Self::Owned;
}

/// The wide arithmetic of a vector's elements.
pub type Wide<V> = <<V as Vector>::Elem as Real>::Wide;
