//! What storing a number once does to it, in each arithmetic: three numbers.

/// A coordinate x is stored as x(1 + e) + f with |e| ≤ `roundoff` and |f| ≤ `smallest`/2, the one or the other; beyond
/// `largest` it is infinite. Rounding is to nearest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Storage {
    /// The unit roundoff u = 2^−bits.
    pub roundoff: f64,
    /// The smallest number above 0, in units of the coordinates' 1/√c.
    pub smallest: f64,
    /// The largest finite number, in the same units.
    pub largest: f64,
}

/// Bits of an MPFR number beyond which u is below the range of `f64`; the bound is then that of this many.
const MOST_BITS: u32 = 1022;

impl Storage {
    /// Of the IEEE kind: so many significant bits, and numbers from 2^(`least` − bits) to 2^`greatest`(1 − 2^−bits), both
    /// exponents in the sense of a mantissa in [½, 1).
    fn ieee(bits: i32, least: i32, greatest: i32) -> Storage {
        let power = |exponent: i32| 2f64.powi(exponent / 2) * 2f64.powi(exponent - exponent / 2);
        let largest = (2.0 - power(1 - bits)) * power(greatest - 1);
        Storage { roundoff: power(-bits), smallest: power(least - bits), largest }
    }

    /// The arithmetic of a name: f16, bf16, f32, f64, dd, mpfr:BITS, also with a back end (f32-std); `None` of any other.
    pub fn named(scalar: &str) -> Option<Storage> {
        match scalar.split('-').next().unwrap_or(scalar) {
            "f16" => Some(Storage::ieee(11, -13, 16)),
            "bf16" => Some(Storage::ieee(8, -125, 128)),
            "f32" => Some(Storage::ieee(24, f32::MIN_EXP, f32::MAX_EXP)),
            "f64" => Some(Storage::ieee(53, f64::MIN_EXP, f64::MAX_EXP)),
            // The low part is rounded to 53 bits at no more than half a unit of the high part: 2^−107 of the whole.
            "dd" => Some(Storage { roundoff: 2f64.powi(-106), ..Storage::ieee(53, f64::MIN_EXP, f64::MAX_EXP) }),
            name => {
                let bits: u32 = name.strip_prefix("mpfr:")?.parse().ok().filter(|bits| *bits >= 2)?;
                let roundoff = 2f64.powi(-(bits.min(MOST_BITS) as i32));
                Some(Storage { roundoff, smallest: 0.0, largest: f64::INFINITY })
            }
        }
    }

    /// The same arithmetic for coordinates in a space of curvature −c, in units of 1/√c.
    #[must_use]
    pub fn at_curvature(self, c: f64) -> Storage {
        // Up for what harms, so that a bound stays one.
        Storage {
            smallest: (self.smallest * c.sqrt().next_up()).next_up(),
            largest: (self.largest * c.sqrt().next_down()).next_down(),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_arithmetics() {
        let of = |name: &str| Storage::named(name).unwrap();
        assert_eq!(of("f64"), Storage { roundoff: f64::EPSILON / 2.0, smallest: f64::from_bits(1), largest: f64::MAX });
        let f32 = of("f32");
        assert_eq!(f32.roundoff, f64::from(f32::EPSILON) / 2.0);
        assert_eq!((f32.smallest, f32.largest), (f64::from(f32::from_bits(1)), f64::from(f32::MAX)));
        let f16 = of("f16");
        assert_eq!(f16.largest, half::f16::MAX.to_f64());
        assert_eq!(f16.smallest, half::f16::from_bits(1).to_f64());
        let bf16 = of("bf16");
        assert_eq!(bf16.largest, half::bf16::MAX.to_f64());
        assert_eq!(bf16.smallest, half::bf16::from_bits(1).to_f64());
        assert_eq!(of("mpfr:256").roundoff, 2f64.powi(-256));
        assert_eq!(of("f32-std"), f32);
        assert!(of("mpfr:100000").roundoff > 0.0);
        assert!(Storage::named("f8").is_none() && Storage::named("mpfr:1").is_none());
    }
}
