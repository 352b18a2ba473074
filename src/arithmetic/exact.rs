//! 1 − c Σ xᵢ² and its sign without one rounding, whatever cancels and whatever the exponents: in integers where the sum in
//! double-doubles cannot tell.

use super::Dd;
use std::cmp::Ordering;

/// A number that is the sum of two `f64` (of one, mostly).
pub(super) trait Parts: Copy {
    fn parts(self) -> [f64; 2];
    /// x²·4^exponent, exactly or to the bits that a double-double has; nothing is lost but what vanishes beside 1.
    fn square(self, exponent: i32) -> Dd;
}

impl Parts for f64 {
    fn parts(self) -> [f64; 2] {
        [self, 0.0]
    }
    fn square(self, exponent: i32) -> Dd {
        let x = if exponent == 0 { self } else { libm::ldexp(self, exponent) };
        Dd::from_product(x, x)
    }
}

impl Parts for Dd {
    fn parts(self) -> [f64; 2] {
        [self.hi(), self.lo()]
    }
    fn square(self, exponent: i32) -> Dd {
        let x = if exponent == 0 { self } else { self.powi2(exponent) };
        x * x
    }
}

macro_rules! exact_in_f64 {
    ($($type:ty => |$x:ident| $to:expr),*) => {$(
        /// Its square is an `f64`, and so is every power of two that could be put into it.
        impl Parts for $type {
            fn parts(self) -> [f64; 2] {
                let $x = self;
                [$to, 0.0]
            }
            fn square(self, exponent: i32) -> Dd {
                let [x, _] = self.parts();
                let x = if exponent == 0 { x } else { libm::ldexp(x, exponent) };
                Dd::from(x * x)
            }
        }
    )*};
}
exact_in_f64!(f32 => |x| f64::from(x), super::F16 => |x| x.to_f64(), super::Bf16 => |x| x.to_f64());

/// Curvatures and coordinates that are between 2^±this are squared and multiplied as they are.
const SAFE_EXPONENT: i32 = 80;
/// A sum of n terms in double-doubles is off by less than n times this.
const SUM_ERROR: f64 = 1.0 / (1u128 << 98) as f64;

/// 1 − c Σ xᵢ² in double-doubles, off by less than n·[`SUM_ERROR`] where it is below 1 in size.
fn summed<S: Parts>(c: S, xs: &[S]) -> Dd {
    let exponent = match c.parts()[0] {
        0.0 => 0,
        c if c.is_finite() => libm::ilogb(c),
        _ => 0,
    };
    // c = c'·4^half with c' near 1, and the half goes to x.
    let half = if exponent.abs() <= SAFE_EXPONENT { 0 } else { exponent.div_euclid(2) };
    let [hi, lo] = c.parts();
    let c = if half == 0 { Dd::new(hi, lo) } else { Dd::new(hi, lo).powi2(-2 * half) };
    let sum = xs.iter().fold(Dd::from(0.0), |sum, x| sum + x.square(half));
    Dd::from(1.0) - sum * c
}

/// 1 − c Σ xᵢ², to every bit of a double-double where it is below n times `exact_below`, and nearly so elsewhere; −∞ or not a
/// number where a coordinate is.
pub(super) fn gap<S: Parts>(c: S, xs: &[S], exact_below: f64) -> Dd {
    let gap = summed(c, xs);
    // What is not a number compares with nothing.
    if gap.hi().abs() < xs.len() as f64 * exact_below { integer(c, xs).value() } else { gap }
}

/// Whether 1 − c Σ xᵢ² ≤ 0; not where a coordinate is not a number.
pub(super) fn outside<S: Parts>(c: S, xs: &[S]) -> bool {
    let gap = summed(c, xs).hi();
    if gap.abs() < xs.len() as f64 * SUM_ERROR { integer(c, xs).sign() != Ordering::Greater } else { gap <= 0.0 }
}

fn integer<S: Parts>(c: S, xs: &[S]) -> Integer {
    let mut sum = Integer::zero();
    sum.add([1.0; 3]);
    for c in c.parts() {
        for [hi, lo] in xs.iter().map(|x| x.parts()) {
            sum.add([-c, hi, hi]);
            sum.add([-2.0 * c, hi, lo]);
            sum.add([-c, lo, lo]);
        }
    }
    sum
}

/// An integer multiple of 2^[`LEAST`] in digits of 32 bits, the lowest first; carries wait until they are asked for.
struct Integer {
    digits: [i64; DIGITS],
}

/// The exponent of the last bit of the product of the three smallest `f64`.
const LEAST: i32 = 3 * (f64::MIN_EXP - f64::MANTISSA_DIGITS as i32);
const DIGIT_BITS: i32 = 32;
/// From there to the product of the three largest, twice, and room for 2^30 of them.
const DIGITS: usize = ((3 * f64::MAX_EXP + 1 - LEAST) / DIGIT_BITS + 2) as usize;
const LOW_DIGIT: i64 = (1 << DIGIT_BITS) - 1;

impl Integer {
    fn zero() -> Integer {
        Integer { digits: [0; DIGITS] }
    }

    /// Adds the product of three finite numbers.
    fn add(&mut self, factors: [f64; 3]) {
        if factors.contains(&0.0) {
            return;
        }
        let [(a, i), (b, j), (c, k)] = factors.map(mantissa);
        let ab = u128::from(a) * u128::from(b);
        let low = u128::from(ab as u64) * u128::from(c);
        let high = (ab >> 64) * u128::from(c) + (low >> 64);
        let offset = i + j + k - LEAST;
        let (place, shift) = ((offset / DIGIT_BITS) as usize, offset % DIGIT_BITS);
        let negative = factors.iter().filter(|x| x.is_sign_negative()).count() % 2 == 1;
        let words = [low as u64, high as u64, (high >> 64) as u64];
        let digits = words.iter().flat_map(|word| [word & LOW_DIGIT as u64, word >> DIGIT_BITS]);
        for (i, digit) in digits.enumerate() {
            let shifted = digit << shift;
            for (i, digit) in [(i, shifted as i64 & LOW_DIGIT), (i + 1, (shifted >> DIGIT_BITS) as i64)] {
                if digit != 0 {
                    self.digits[place + i] += if negative { -digit } else { digit };
                }
            }
        }
    }

    /// Carries, so that all digits but the last lie in [0, 2^32) and the last has the sign of the number.
    fn carry(&mut self) {
        for i in 1..DIGITS {
            self.digits[i] += self.digits[i - 1] >> DIGIT_BITS;
            self.digits[i - 1] &= LOW_DIGIT;
        }
    }

    fn sign(mut self) -> Ordering {
        self.carry();
        match self.digits[DIGITS - 1].cmp(&0) {
            Ordering::Equal if self.digits.iter().any(|digit| *digit != 0) => Ordering::Greater,
            sign => sign,
        }
    }

    /// The nearest `f64`; its digits have been carried then.
    fn leading(&mut self) -> f64 {
        self.carry();
        let negative = self.digits[DIGITS - 1] < 0;
        if negative {
            self.digits.iter_mut().for_each(|digit| *digit = -*digit);
            self.carry();
        }
        let size = match self.digits.iter().rposition(|digit| *digit != 0) {
            None => 0.0,
            Some(top) => {
                // Three digits have at least 65 bits; a last one that stands for all below them decides a tie.
                let at = |i: usize| u128::from(top.checked_sub(i).map_or(0, |i| self.digits[i] as u64));
                let leading = (at(0) << (2 * DIGIT_BITS)) | (at(1) << DIGIT_BITS) | at(2);
                let rest = self.digits[..top.saturating_sub(2)].iter().any(|digit| *digit != 0);
                libm::ldexp((leading | u128::from(rest)) as f64, (top as i32 - 2) * DIGIT_BITS + LEAST)
            }
        };
        if negative {
            self.digits.iter_mut().for_each(|digit| *digit = -*digit);
            return -size;
        }
        size
    }

    /// The nearest double-double.
    fn value(mut self) -> Dd {
        let hi = self.leading();
        if !hi.is_finite() {
            return Dd::from(hi);
        }
        self.add([-hi, 1.0, 1.0]);
        Dd::new(hi, self.leading())
    }
}

/// m and e of |x| = m·2^e, x finite.
fn mantissa(x: f64) -> (u64, i32) {
    const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
    let bits = x.abs().to_bits();
    let (biased, fraction) = ((bits >> FRACTION_BITS) as i32, bits & ((1 << FRACTION_BITS) - 1));
    let hidden = u64::from(biased != 0) << FRACTION_BITS;
    (fraction | hidden, biased.max(1) + f64::MIN_EXP - 1 - f64::MANTISSA_DIGITS as i32)
}

#[cfg(all(test, feature = "truth"))]
mod tests {
    use super::*;
    use crate::arithmetic::{Number, Scalar};
    use rug::Float;

    /// Holds 1 − c Σ xᵢ² of any double-doubles exactly.
    const BITS: u32 = 14_000;

    fn reference<S: Number>(c: &S, xs: &[S]) -> Float {
        let square = |x: &S| Float::with_val(BITS, x.to_float().square_ref());
        let sum = xs.iter().fold(Float::new(BITS), |sum, x| sum + square(x));
        1 - sum * c.to_float()
    }

    /// `kept` is the relative error that a gap may have.
    fn check<S: Number + Parts>(c: S, xs: &[S], exact_below: f64, kept: f64) {
        let exact = reference(&c, xs);
        assert_eq!(S::outside(&c, xs), exact <= 0, "{c:?} {xs:?}");
        if exact < -f64::MAX {
            // Far outside, and as far as the arithmetic goes.
            return;
        }
        assert_eq!(integer(c, xs).value(), Dd::from(0.0).nearest(&exact), "{c:?} {xs:?}");
        let error = Float::with_val(BITS, gap(c, xs, exact_below).to_float() - &exact).abs();
        let least = Float::with_val(BITS, f64::from_bits(1));
        assert!(error <= exact.clone().abs() * kept + least, "{c:?} {xs:?}: off by {}", error.to_f64());
    }

    const F64_KEPT: f64 = 1.0 / (1u64 << 55) as f64;
    const DD_KEPT: f64 = 1.0 / (1u128 << 92) as f64;

    fn check_f64(c: f64, xs: &[f64]) {
        check(c, xs, crate::arithmetic::native::EXACT_GAP_BELOW, F64_KEPT);
        let narrow: Vec<f32> = xs.iter().map(|x| *x as f32).collect();
        if c as f32 > 0.0 && (c as f32).is_finite() && narrow.iter().all(|x| x.is_finite()) {
            check(c as f32, &narrow, crate::arithmetic::native::EXACT_GAP_BELOW, F64_KEPT);
        }
    }

    #[test]
    fn signs_and_gaps_are_exact_whatever_cancels() {
        let last = 1.0 - f64::EPSILON / 2.0;
        for (c, xs) in [
            (1.0, vec![0.6, 0.8]),
            (1.0, vec![0.28, 0.96]),
            (1.0, vec![1.0]),
            (1.0, vec![last, 5e-324]),
            // 1 − x₀² = 2⁻⁵² − 2⁻¹⁰⁶, all but a little of which the second takes.
            (1.0, vec![last, (f64::EPSILON).sqrt()]),
            (1.0, vec![last, 1.490_116_119_384_765_5e-8, 1e-170]),
            (1.0, vec![1.0, 5e-324]),
            (1.0, vec![0.5; 4]),
            (0.25, vec![2.0, 1e-320]),
            (0.25, vec![1.0, 1.0, 1.0, 1.0 - f64::EPSILON]),
            (f64::MAX, vec![7.458_340_731_200_207e-155, 5e-324]),
            (f64::MAX, vec![7.458_340_731_200_206e-155]),
            (5e-324, vec![4.498_913e161]),
            (5e-324, vec![f64::MAX]),
            (1e-300, vec![6e149, 8e149]),
            (1.0, vec![1e150, 0.0]),
            (1.0, vec![1.3e154]),
            (1e300, vec![1e308, 1e308]),
            (1e300, vec![5e-324; 3]),
        ] {
            check_f64(c, &xs);
        }
    }

    #[test]
    fn a_double_double_is_told_from_the_rim_by_both_its_parts() {
        let ratio = |p: f64, q: f64| Dd::from(p) / Dd::from(q);
        let like = Dd::from(0.0);
        let read = |text: &str| crate::arithmetic::number::parse(&like, text).unwrap();
        let rows = [
            vec![ratio(33.0, 65.0), ratio(56.0, 65.0)],
            vec![
                read("0.5076923076923076923076923076923076923077"),
                read("0.8615384615384615384615384615384615384615"),
            ],
            vec![read("0.28"), read("0.96")],
            vec![read("0.6"), read("0.8")],
            vec![Dd::new(1.0, -1e-40)],
            vec![Dd::new(1.0, -5e-324)],
            vec![Dd::new(1.0, -1e-40), Dd::from(1e-20)],
            vec![Dd::new(1.0, 1e-300)],
            vec![Dd::from(0.5), Dd::new(0.5, 1e-320)],
        ];
        for xs in rows {
            for c in [Dd::from(1.0), Dd::new(1.0, 1e-33), Dd::new(1.0, -1e-200), Dd::from(4.0)] {
                check(c, &xs, crate::arithmetic::dd::EXACT_GAP_BELOW, DD_KEPT);
            }
        }
    }

    #[test]
    fn nothing_that_is_not_a_number_is_inside_or_outside() {
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(f64::outside(&1.0, &[0.1, x]), x.is_infinite());
            assert_eq!(Dd::outside(&Dd::from(1.0), &[Dd::from(x)]), x.is_infinite());
            assert_eq!(f32::outside(&1.0, &[0.1, x as f32]), x.is_infinite());
        }
        assert!(!f64::outside(&1.0, &[f64::INFINITY, f64::NAN]));
    }
}
