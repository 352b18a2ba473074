//! Elementary functions of `f64` without a branch, of sums and products alone: a loop over them is a loop in lanes, and the bits
//! are the same on every instruction set.

/// The bits of √½: significands are taken from here to √2.
const ROOT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
const ONE: u64 = 0x3ff0_0000_0000_0000;
const FRACTION: u64 = 0x000f_ffff_ffff_ffff;
/// 2⁵² with an integer below it in its last bits is the sum of the two.
const TWO_52: u64 = 0x4330_0000_0000_0000;
/// ln 2 in two parts; the first has so few bits that its multiples up to 2¹⁰ are exact.
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// ln((1 + s)/(1 − s))/s − 2 as a polynomial in s², |s| ≤ 3 − √8: off by less than 2⁻⁵⁸·⁴⁵. FDLIBM 5.3, e_log.c.
const LN: [f64; 7] = [
    0.666_666_666_666_673_5,
    0.399_999_999_994_094_2,
    0.285_714_287_436_623_9,
    0.222_221_984_321_497_84,
    0.181_835_721_616_180_5,
    0.153_138_376_992_093_73,
    0.147_981_986_051_165_86,
];

/// ln(1 + x) for x ≥ 0, to 2⁻⁵¹ of itself: with 1 + x rounded to 2ᵏ(1 + f) and what the rounding lost put back to first order.
#[inline(always)]
pub(super) fn ln_1p(x: f64) -> f64 {
    let sum = 1.0 + x;
    let lost = if x < 1.0 { x - (sum - 1.0) } else { 1.0 - (sum - x) };
    let bits = sum.to_bits().wrapping_add(ONE - ROOT_HALF);
    let k = f64::from_bits(TWO_52 | (bits >> 52)) - (f64::from_bits(TWO_52) + 1023.0);
    let f = f64::from_bits((bits & FRACTION) + ROOT_HALF) - 1.0;
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let odd = s2 * (LN[0] + s4 * (LN[2] + s4 * (LN[4] + s4 * LN[6])));
    let even = s4 * (LN[1] + s4 * (LN[3] + s4 * LN[5]));
    let half = 0.5 * f * f;
    let low = k * LN_2_LOW + lost / sum;
    k * LN_2_HIGH + (f - (half - (s * (half + odd + even) + low)))
}

/// arsinh x = ln(1 + (|x| + x²/(1 + √(1 + x²)))) with the sign of x, to 2⁻⁵⁰ of itself where x² is a number.
#[inline(always)]
pub(super) fn asinh(x: f64) -> f64 {
    let size = x.abs();
    let square = size * size;
    ln_1p(size + square / (1.0 + (1.0 + square).sqrt())).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Arguments from 2⁻¹⁰⁰ to 2¹⁰⁰, as many in each octave.
    const ARGUMENTS: u32 = 200_000;

    #[test]
    fn they_are_as_near_as_they_say() {
        let worst = |f: fn(f64) -> f64, truth: fn(f64) -> f64| {
            let off = |i: u32| {
                let x = (200.0 * f64::from(i) / f64::from(ARGUMENTS) - 100.0).exp2();
                (f(x) / truth(x) - 1.0).abs()
            };
            (0..ARGUMENTS).map(off).fold(0.0, f64::max)
        };
        let (ln_1p_off, asinh_off) = (worst(ln_1p, pxfm::f_log1p), worst(asinh, pxfm::f_asinh));
        assert!(ln_1p_off <= 2.0 * f64::EPSILON, "{ln_1p_off:e}");
        assert!(asinh_off <= 4.0 * f64::EPSILON, "{asinh_off:e}");
    }

    #[test]
    fn zeros_signs_and_what_is_no_number_pass() {
        assert_eq!(asinh(-0.0).to_bits(), (-0.0f64).to_bits());
        assert_eq!(asinh(-0.3), -asinh(0.3));
        assert!(asinh(f64::NAN).is_nan());
        assert!(!asinh(f64::INFINITY).is_finite());
    }
}
