//! Numbers with an exact value: read from text and rounded once, printed so that they read back the same.

use super::{Bf16, Dd, F16, Interval, Libm, Mp, Scalar, Std};
use rug::Float;
use rug::float::{Round, Special};
use std::fmt;
use std::str::FromStr;

/// A [`Scalar`] whose values are exact binary numbers.
pub trait Number: Scalar + fmt::Debug + Send + Sync + 'static {
    /// The nearest value to `x`, ties to even, in the precision of `self`; infinite where `x` is beyond its range.
    fn nearest(&self, x: &Float) -> Self;
    /// The exact value.
    fn to_float(&self) -> Float;
    /// The nearest value to a decimal, where the standard library reads it to one rounding: to the native types, inside their
    /// range and not to 0. `None` elsewhere.
    fn of_decimal(&self, _text: &str) -> Option<Self> {
        None
    }
    /// The f64 nearest to the exact value.
    fn near_f64(&self) -> f64 {
        self.to_float().to_f64()
    }
    /// Significant bits.
    fn bits(&self) -> u32;
    /// The spacing of numbers of this arithmetic at |x|, never below that of its smallest numbers.
    fn ulp(&self, x: &Float) -> Float {
        let exponent = x.get_exp().unwrap_or(i32::MIN).max(self.least_exponent());
        Float::with_val(PRINT_BITS, 1) << (exponent - self.bits() as i32)
    }
    /// The exponent, in the sense of a mantissa in [½, 1), of the smallest number with full precision.
    fn least_exponent(&self) -> i32;
}

/// Bits that hold any spacing (a power of two).
const PRINT_BITS: u32 = 53;

/// `x` rounded to `bits` significant bits, or to fewer where it is smaller than 2^(least_exponent − 1) (subnormal).
fn round_to(x: &Float, bits: u32, least_exponent: i32) -> Float {
    let Some(exponent) = x.get_exp() else { return Float::with_val(bits, x) };
    if exponent >= least_exponent {
        return Float::with_val(bits, x);
    }
    let quantum = least_exponent - bits as i32;
    let scaled = Float::with_val(x.prec(), x >> quantum);
    Float::with_val(bits.max(2), scaled.round_even() << quantum)
}

macro_rules! native {
    ($type:ty, $bits:expr, $least:expr, |$x:ident| $from:expr, |$this:ident| $to:expr $(, $native:ty => $wrap:expr)?) => {
        impl Number for $type {
            fn nearest(&self, x: &Float) -> Self {
                let $x = round_to(x, $bits, $least);
                $from
            }
            fn to_float(&self) -> Float {
                let $this = self;
                Float::with_val($bits, $to)
            }
            fn near_f64(&self) -> f64 {
                let $this = self;
                f64::from($to)
            }
            $(fn of_decimal(&self, text: &str) -> Option<Self> {
                let read: $native = text.parse().ok()?;
                (read.is_finite() && read != 0.0).then(|| $wrap(read))
            })?
            fn bits(&self) -> u32 {
                $bits
            }
            fn least_exponent(&self) -> i32 {
                $least
            }
        }
    };
}

native!(F16, 11, -13, |x| F16::from_f64(x.to_f64()), |this| this.to_f64());
native!(Bf16, 8, -125, |x| Bf16::from_f64(x.to_f64()), |this| this.to_f64());
native!(f32, 24, f32::MIN_EXP, |x| x.to_f32(), |this| *this, f32 => std::convert::identity);
native!(f64, 53, f64::MIN_EXP, |x| x.to_f64(), |this| *this, f64 => std::convert::identity);
native!(Std<f32>, 24, f32::MIN_EXP, |x| Std(x.to_f32()), |this| this.0, f32 => Std);
native!(Std<f64>, 53, f64::MIN_EXP, |x| Std(x.to_f64()), |this| this.0, f64 => Std);
native!(Libm<f32>, 24, f32::MIN_EXP, |x| Libm(x.to_f32()), |this| this.0, f32 => Libm);
native!(Libm<f64>, 53, f64::MIN_EXP, |x| Libm(x.to_f64()), |this| this.0, f64 => Libm);

/// Bits that hold any double-double exactly: two 53-bit parts as far apart as the range of `f64` allows.
const DD_EXACT_BITS: u32 = 2200;
/// Bits that a double-double is worth.
const DD_BITS: u32 = 106;

impl Number for Dd {
    fn nearest(&self, x: &Float) -> Dd {
        let hi = x.to_f64();
        if !hi.is_finite() {
            return Dd::from(hi);
        }
        Dd::new(hi, Float::with_val(x.prec().max(DD_EXACT_BITS), x - hi).to_f64())
    }
    fn to_float(&self) -> Float {
        Float::with_val(DD_EXACT_BITS, self.hi()) + self.lo()
    }
    fn bits(&self) -> u32 {
        DD_BITS
    }
    fn least_exponent(&self) -> i32 {
        f64::MIN_EXP + f64::MANTISSA_DIGITS as i32
    }
}

impl Number for Mp {
    fn nearest(&self, x: &Float) -> Mp {
        Mp(Float::with_val(self.precision(), x))
    }
    fn to_float(&self) -> Float {
        self.0.clone()
    }
    fn bits(&self) -> u32 {
        self.precision()
    }
    fn least_exponent(&self) -> i32 {
        rug::float::exp_min()
    }
}

/// The arithmetics that can be named on the command line and in tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arithmetic {
    F16,
    Bf16,
    F32,
    F64,
    Dd,
    /// MPFR with this many bits.
    Mpfr(u32),
    F32Std,
    F64Std,
    F32Libm,
    F64Libm,
}

/// The most bits that `mpfr:BITS` takes.
pub const MPFR_MAX_BITS: u32 = 1 << 20;

impl Arithmetic {
    /// The named ones, with quadruple precision to stand for MPFR.
    pub const ALL: &'static [Arithmetic] = &[
        Arithmetic::F16,
        Arithmetic::Bf16,
        Arithmetic::F32,
        Arithmetic::F64,
        Arithmetic::Dd,
        Arithmetic::Mpfr(113),
        Arithmetic::F32Std,
        Arithmetic::F64Std,
        Arithmetic::F32Libm,
        Arithmetic::F64Libm,
    ];

    /// Significant bits.
    pub fn bits(self) -> u32 {
        crate::with_arithmetic!(self, |proto| Number::bits(&proto))
    }

    /// What it is, in one line.
    pub fn text(self) -> &'static str {
        match self {
            Arithmetic::F16 => "IEEE binary16, every operation rounded",
            Arithmetic::Bf16 => "bfloat16, every operation rounded",
            Arithmetic::F32 => "IEEE binary32, elementary functions correctly rounded",
            Arithmetic::F64 => "IEEE binary64, elementary functions correctly rounded",
            Arithmetic::Dd => "double-double, about 104 bits",
            Arithmetic::Mpfr(_) => "MPFR, correctly rounded at the given number of bits (mpfr:BITS)",
            Arithmetic::F32Std => "f32 with the elementary functions of Rust's std",
            Arithmetic::F64Std => "f64 with the elementary functions of Rust's std",
            Arithmetic::F32Libm => "f32 with the elementary functions of the libm crate",
            Arithmetic::F64Libm => "f64 with the elementary functions of the libm crate",
        }
    }
}

impl fmt::Display for Arithmetic {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(&match self {
            Arithmetic::F16 => "f16".to_owned(),
            Arithmetic::Bf16 => "bf16".to_owned(),
            Arithmetic::F32 => "f32".to_owned(),
            Arithmetic::F64 => "f64".to_owned(),
            Arithmetic::Dd => "dd".to_owned(),
            Arithmetic::Mpfr(bits) => format!("mpfr:{bits}"),
            Arithmetic::F32Std => "f32-std".to_owned(),
            Arithmetic::F64Std => "f64-std".to_owned(),
            Arithmetic::F32Libm => "f32-libm".to_owned(),
            Arithmetic::F64Libm => "f64-libm".to_owned(),
        })
    }
}

/// A name that is no arithmetic.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "unknown scalar `{0}`; known: f16, bf16, f32, f64, dd, mpfr:BITS (2 to {MPFR_MAX_BITS}), f32-std, f64-std, f32-libm, f64-libm"
)]
pub struct UnknownArithmetic(pub String);

impl FromStr for Arithmetic {
    type Err = UnknownArithmetic;
    fn from_str(name: &str) -> Result<Self, UnknownArithmetic> {
        let unknown = || UnknownArithmetic(name.to_owned());
        if let Some(bits) = name.strip_prefix("mpfr:") {
            let bits: u32 = bits.parse().map_err(|_| unknown())?;
            return if (2..=MPFR_MAX_BITS).contains(&bits) { Ok(Arithmetic::Mpfr(bits)) } else { Err(unknown()) };
        }
        Arithmetic::ALL.iter().copied().find(|a| a.to_string() == name).ok_or_else(unknown)
    }
}

/// Runs an expression with a prototype value (0) of a named arithmetic: the one place where a name becomes a type.
#[macro_export]
macro_rules! with_arithmetic {
    ($arithmetic:expr, |$proto:ident| $body:expr) => {{
        use $crate::arithmetic::{Arithmetic, Bf16, Dd, F16, Libm, Mp, Std};
        match $arithmetic {
            Arithmetic::F16 => {
                let $proto = F16::from_f64(0.0);
                $body
            }
            Arithmetic::Bf16 => {
                let $proto = Bf16::from_f64(0.0);
                $body
            }
            Arithmetic::F32 => {
                let $proto = 0f32;
                $body
            }
            Arithmetic::F64 => {
                let $proto = 0f64;
                $body
            }
            Arithmetic::Dd => {
                let $proto = Dd::from(0.0);
                $body
            }
            Arithmetic::Mpfr(bits) => {
                let $proto = Mp::new(bits, 0);
                $body
            }
            Arithmetic::F32Std => {
                let $proto = Std(0f32);
                $body
            }
            Arithmetic::F64Std => {
                let $proto = Std(0f64);
                $body
            }
            Arithmetic::F32Libm => {
                let $proto = Libm(0f32);
                $body
            }
            Arithmetic::F64Libm => {
                let $proto = Libm(0f64);
                $body
            }
        }
    }};
}

/// Bits with which a decimal is first read; doubled until its rounding is decided.
const PARSE_BITS: u32 = 192;
/// The longest number that is read, in characters: a guard against files that are not tables.
const LONGEST_NUMBER: usize = 4096;

/// The nearest value of `like`'s arithmetic to a decimal (or hexadecimal, `0x1.8p3`) number.
pub fn parse<S: Number>(like: &S, text: &str) -> Option<S> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST_NUMBER {
        return None;
    }
    if let Some(value) = like.of_decimal(text) {
        return Some(value);
    }
    if let Some(special) = parse_special(text) {
        return Some(like.nearest(&Float::with_val(like.bits().max(2), special)));
    }
    let mut bits = PARSE_BITS.max(2 * like.bits());
    // A decimal is a rational with a power of ten below: past 5 bits a character it is read exactly or decided.
    loop {
        let lo = parse_float(text, bits, Round::Down)?;
        let hi = parse_float(text, bits, Round::Up)?;
        let (low, high) = (like.nearest(&lo), like.nearest(&hi));
        if low.to_float() == high.to_float() || bits as usize > PARSE_BITS as usize + 5 * LONGEST_NUMBER {
            return Some(low);
        }
        bits *= 2;
    }
}

fn parse_special(text: &str) -> Option<Special> {
    match text.to_ascii_lowercase().as_str() {
        "inf" | "+inf" | "infinity" => Some(Special::Infinity),
        "-inf" | "-infinity" => Some(Special::NegInfinity),
        "nan" | "-nan" => Some(Special::Nan),
        _ => None,
    }
}

fn parse_float(text: &str, bits: u32, round: Round) -> Option<Float> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        let (mantissa, exponent) = hex.split_once(['p', 'P']).unwrap_or((hex, "0"));
        let exponent: i32 = exponent.parse().ok()?;
        let parsed = Float::parse_radix(mantissa, 16).ok()?;
        return Some((Float::with_val_round(bits, parsed, round).0 << exponent) * sign);
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || digits.contains(|c: char| c == '_' || c.is_whitespace())
    {
        return None;
    }
    let parsed = Float::parse(text).ok()?;
    Some(Float::with_val_round(bits, parsed, round).0)
}

/// The shortest decimal that reads back as `x`.
pub fn print<S: Number>(x: &S) -> String {
    let mut text = String::new();
    print_to(&mut text, x);
    text
}

/// [`print()`] at the end of a text.
pub fn print_to<S: Number>(out: &mut String, x: &S) {
    use std::fmt::Write;
    // f32 and f64 go through std, which is fast and shortest. A text takes all that is written to it.
    let _ = match x.bits() {
        24 => write!(out, "{:?}", x.near_f64() as f32),
        53 => write!(out, "{:?}", x.near_f64()),
        _ => out.write_str(&print_exact(x)),
    };
}

fn print_exact<S: Number>(x: &S) -> String {
    let exact = x.to_float();
    if exact.is_nan() {
        return "NaN".to_owned();
    }
    if exact.is_infinite() {
        return if exact.is_sign_negative() { "-inf" } else { "inf" }.to_owned();
    }
    if exact.is_zero() {
        return if exact.is_sign_negative() { "-0.0" } else { "0.0" }.to_owned();
    }
    let enough = digits_for(x.bits());
    let fewest = (x.bits() as f64 * std::f64::consts::LOG10_2) as usize;
    (fewest.max(1)..=enough)
        .map(|digits| decimal(&exact, digits))
        .find(|text| parse(x, text).is_some_and(|back| back.to_float() == exact))
        .unwrap_or_else(|| decimal(&exact, enough))
}

/// Decimal digits that tell all numbers of `bits` bits apart, and one more for a double-double's gaps.
fn digits_for(bits: u32) -> usize {
    (f64::from(bits) * std::f64::consts::LOG10_2).ceil() as usize + 2
}

/// Numbers from 10 to this power upwards are written without an exponent.
const SHORTEST_PLAIN: i32 = -4;

/// `x` to `digits` significant digits, as `d.ddde±x` or plain where that is short.
pub fn decimal(x: &Float, digits: usize) -> String {
    if x.is_nan() || x.is_infinite() || x.is_zero() {
        return print(&x.to_f64());
    }
    let (negative, mut mantissa, exponent) = x.to_sign_string_exp(10, Some(digits));
    let exponent = exponent.expect("a finite number other than 0 has an exponent") - 1;
    let trimmed = mantissa.trim_end_matches('0').len().max(1);
    mantissa.truncate(trimmed);
    let sign = if negative { "-" } else { "" };
    let (first, rest) = mantissa.split_at(1);
    let rest = if rest.is_empty() { "0" } else { rest };
    match exponent {
        0 => format!("{sign}{first}.{rest}"),
        SHORTEST_PLAIN..0 => format!("{sign}0.{}{mantissa}", "0".repeat((-exponent - 1) as usize)),
        _ => format!("{sign}{first}.{rest}e{exponent}"),
    }
}

/// A number written in hexadecimal, exactly: what a witness is quoted in.
pub fn hexadecimal<S: Number>(x: &S) -> String {
    let exact = x.to_float();
    if !exact.is_finite() || exact.is_zero() {
        return print(x);
    }
    let (negative, digits, exponent) = exact.to_sign_string_exp(16, None);
    let exponent = exponent.expect("a finite number other than 0 has an exponent");
    let digits = digits.trim_end_matches('0');
    let sign = if negative { "-" } else { "" };
    format!("{sign}0x0.{digits}p{}", 4 * exponent)
}

/// The exact value as an interval of one point, at no less than `precision` bits.
pub fn exactly<S: Number>(x: &S, precision: u32) -> Interval {
    let exact = x.to_float();
    Interval::new(precision.max(exact.prec()), &exact)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `parse` reads by MPFR alone, whatever the arithmetic.
    fn by_mpfr<S: Number>(like: &S, text: &str) -> Option<Float> {
        let exact = parse_float(text, 4096, Round::Nearest)?;
        Some(like.nearest(&exact).to_float())
    }

    #[test]
    fn what_the_standard_library_reads_is_what_mpfr_reads() {
        let mut texts: Vec<String> = [
            "1",
            "+1",
            "-1",
            ".5",
            "1.",
            "1E5",
            "1e+5",
            "-1e-5",
            "0",
            "-0.0",
            "0e9",
            "00.10",
            "1e-45",
            "7e-46",
            "-3e-324",
            "2e-324",
            "1.17549435e-38",
            "3.4028235677973366e38",
            "1e39",
            "1e400",
            "-1e-400",
            "16777217",
            "9007199254740993",
            "1.00000005960464477539062500000000000000000000000000001",
            "0.1000000000000000055511151231257827021181583404541015625",
        ]
        .map(str::to_owned)
        .to_vec();
        let mut bits = 0x9e37_79b9_7f4a_7c15u64;
        for _ in 0..2000 {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            texts.extend([format!("{:e}", f64::from_bits(bits)), format!("{:?}", f32::from_bits(bits as u32))]);
        }
        fn same<S: Number>(like: &S, text: &str) {
            let (got, expected) = (parse(like, text), by_mpfr(like, text));
            let (Some(got), Some(expected)) = (got, expected) else { panic!("{text} is not read") };
            let got = got.to_float();
            assert!(got == expected && got.is_sign_negative() == expected.is_sign_negative(), "{text}: {got}");
        }
        for text in texts.iter().filter(|text| !text.contains("inf") && !text.contains("NaN")) {
            same(&0f32, text);
            same(&0f64, text);
            same(&Std(0f32), text);
            same(&Libm(0f64), text);
        }
        for text in ["", ".", "e5", "1e", "1 2", "1_0", "--1", "+-1", "0x", "one", "1f32"] {
            assert_eq!((parse(&0f32, text), parse(&0f64, text)), (None, None), "{text}");
        }
    }

    #[test]
    fn numbers_read_back_as_they_were_printed() {
        for text in ["0.1", "1e-45", "3.4028235e38", "-2.5", "1e-38", "0.33333334"] {
            let x = parse(&0f32, text).unwrap();
            assert_eq!(x, text.parse::<f32>().unwrap());
            assert_eq!(parse(&0f32, &print(&x)).unwrap(), x);
        }
        for text in ["0.1", "65504", "6e-8", "1e-7", "0.0009765625", "5.96e-8", "1.0009765625"] {
            let x = parse(&F16::from_f64(0.0), text).unwrap();
            assert_eq!(parse(&x, &print(&x)).unwrap(), x, "{text}");
        }
        for bits in [5, 24, 53, 113, 500] {
            let x = Mp::new(bits, 1) / &Mp::new(bits, 3);
            assert_eq!(parse(&x, &print(&x)).unwrap(), x, "{bits}");
            assert_eq!(parse(&x, &hexadecimal(&x)).unwrap(), x, "{bits}");
        }
        let third = Dd::from(1.0) / Dd::from(3.0);
        assert_eq!(parse(&third, &print(&third)).unwrap(), third);
    }

    #[test]
    fn halfway_cases_round_once() {
        // 1 + 2^-11 is halfway between 1 and the next f16; a digit far behind decides it.
        let up = "1.00048828125000000000000000000000000000000000000000000000000000000000000000000000000000000001";
        assert_eq!(parse(&F16::from_f64(0.0), "1.00048828125").unwrap().to_f64(), 1.0);
        assert_eq!(parse(&F16::from_f64(0.0), up).unwrap().to_f64(), 1.0009765625);
        assert_eq!(parse(&0f64, "4.9e-324").unwrap(), f64::from_bits(1));
        assert_eq!(parse(&0f64, "1e400").unwrap(), f64::INFINITY);
        assert_eq!(parse(&F16::from_f64(0.0), "65520").unwrap().to_f64(), f64::INFINITY);
        assert_eq!(parse(&F16::from_f64(0.0), "65519.9").unwrap().to_f64(), 65504.0);
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        for text in ["", "x", "1.2.3", "0x", "1e", "--1", "1_000", "@Inf@", "1 2"] {
            assert!(parse(&0f64, text).is_none(), "{text}");
        }
    }
}
