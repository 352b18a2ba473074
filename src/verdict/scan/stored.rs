//! The points as the arithmetic stores them: every number of the file rounded to it once.

use crate::arithmetic::number::parse;
use crate::arithmetic::{Arithmetic, Bf16, F16, Mp, Number, Scalar};
use crate::table::Embedding;
use rug::Float;

/// The f64 nearest to a number in a text: decimal or hexadecimal, as every arithmetic here reads it.
pub fn number(text: &str) -> Option<f64> {
    /// Longer ones are rare, and not read faster by this.
    const SHORT: usize = 64;
    let plain = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    match text.len() <= SHORT && text.bytes().all(plain) {
        true => text.parse().ok(),
        false => parse(&0f64, text),
    }
}

/// An embedding in an arithmetic.
#[derive(Clone, Copy)]
pub(super) struct Stored<'a> {
    pub embedding: &'a Embedding,
    pub scalar: Arithmetic,
}

impl Stored<'_> {
    /// A number rounded to the arithmetic; every result is an f64, as the file's own numbers are.
    fn round(&self, x: f64) -> f64 {
        match self.scalar {
            Arithmetic::F16 => F16::from_f64(x).to_f64(),
            Arithmetic::Bf16 => Bf16::from_f64(x).to_f64(),
            Arithmetic::F32 | Arithmetic::F32Std | Arithmetic::F32Libm => f64::from(x as f32),
            Arithmetic::Mpfr(bits) if bits < f64::MANTISSA_DIGITS => Float::with_val(bits, x).to_f64(),
            Arithmetic::Mpfr(_) | Arithmetic::F64 | Arithmetic::Dd | Arithmetic::F64Std | Arithmetic::F64Libm => x,
        }
    }

    /// Whether rounding to the arithmetic can change a coordinate of the file, or the f64 nearest to it.
    pub fn rounds(&self) -> bool {
        self.scalar.bits() < self.embedding.dtype.bits()
    }

    /// Whether f64 may not hold the points: decimals in an arithmetic that is finer, or has a wider range.
    pub fn is_finer(&self) -> bool {
        matches!(self.scalar, Arithmetic::Dd | Arithmetic::Mpfr(_)) && self.embedding.written(0, 0).is_some()
    }

    /// Whether the file's numbers are: `row` is what f64 makes of them.
    pub fn is_finite_in_file(&self, point: usize, row: &[f64]) -> bool {
        let is_finite = |(i, near): (usize, &f64)| {
            let beyond = |text| parse(&Mp::new(f64::MANTISSA_DIGITS, 0), text).is_some_and(|x| x.0.is_finite());
            near.is_finite() || self.embedding.written(point, i).is_some_and(beyond)
        };
        row.iter().enumerate().all(is_finite)
    }

    /// The coordinates of a point as f64s: rounded to the arithmetic where that is narrower, else the nearest.
    pub fn row(&self, point: usize, out: &mut [f64]) {
        self.embedding.row(point, out);
        if !self.rounds() {
            return;
        }
        for (i, x) in out.iter_mut().enumerate() {
            let near = *x;
            *x = self.round(near);
            // The f64 nearest to a decimal lies on another side of a tie than the decimal at most where its neighbours do.
            if let Some(text) = self.embedding.written(point, i)
                && self.round(near.next_down()) != self.round(near.next_up())
            {
                let exact = crate::with_arithmetic!(self.scalar, |proto| parse(&proto, text).map(|x| x.to_float()));
                *x = exact.map_or(*x, |exact| exact.to_f64());
            }
        }
    }

    /// A point in its arithmetic.
    pub fn vector<S: Number>(&self, point: usize, like: &S) -> Vec<S> {
        let mut vector = Vec::with_capacity(self.embedding.width);
        self.vector_into(point, like, &mut vec![0.0; self.embedding.width], &mut vector);
        vector
    }

    /// The same into room that is there; `row` holds the f64s of it.
    pub fn vector_into<S: Number>(&self, point: usize, like: &S, row: &mut [f64], out: &mut Vec<S>) {
        out.clear();
        if !self.is_finer() {
            self.row(point, row);
            out.extend(row.iter().map(|x| like.lit(*x)));
            return;
        }
        self.embedding.row(point, row);
        let exact = |(i, near): (usize, &f64)| {
            let text = self.embedding.written(point, i);
            text.and_then(|text| parse(like, text)).unwrap_or_else(|| like.lit(*near))
        };
        out.extend(row.iter().enumerate().map(exact));
        // What f64 cannot hold, this arithmetic may.
        for (near, x) in row.iter_mut().zip(out.iter()).filter(|(near, _)| !near.is_finite()) {
            if x.to_float().is_finite() {
                *near = f64::MAX.copysign(*near);
            }
        }
    }

    /// What f64 leaves of each coordinate; nothing where the row is exact.
    pub fn rest(&self, point: usize) -> Vec<f64> {
        if !self.is_finer() {
            return Vec::new();
        }
        crate::with_arithmetic!(self.scalar, |proto| {
            let rest = |x: &_| {
                let exact = Number::to_float(x);
                let near = exact.to_f64();
                // Infinite where f64 ends: nothing is told then.
                if near.is_finite() { Float::with_val(exact.prec(), &exact - near).to_f64() } else { 0.0 }
            };
            self.vector(point, &proto).iter().map(rest).collect()
        })
    }

    /// What tells a point from every other in the arithmetic: the bits of its coordinates, each as a sum of f64s.
    pub fn key(&self, point: usize, row: &mut [f64]) -> Vec<u64> {
        // 0 and −0 are one number.
        let bits = |x: f64| (x + 0.0).to_bits();
        if !self.is_finer() {
            self.row(point, row);
            return row.iter().map(|x| bits(*x)).collect();
        }
        crate::with_arithmetic!(self.scalar, |proto| {
            let mut key = Vec::new();
            for x in self.vector(point, &proto) {
                let mut left = x.to_float();
                let start = key.len();
                loop {
                    let near = left.to_f64();
                    key.push(bits(near));
                    left -= near;
                    if near == 0.0 || left.is_zero() || !left.is_finite() {
                        break;
                    }
                }
                // How many parts there are, so that those of two coordinates are not taken for one another's.
                key.push((key.len() - start) as u64);
            }
            key
        })
    }

    /// Whether a point that the arithmetic puts on the rim or beyond lies inside as the file has it.
    pub fn is_inside_in_file(&self, point: usize, c: &Float) -> bool {
        if self.embedding.written(point, 0).is_none() {
            let mut row = vec![0.0; self.embedding.width];
            self.embedding.row(point, &mut row);
            return self.rounds() && !f64::outside(&c.to_f64(), &row);
        }
        let like = Mp::new(DECIMAL_BITS, 0);
        let exact = Stored { scalar: Arithmetic::Mpfr(DECIMAL_BITS), ..*self }.vector(point, &like);
        !Mp::outside(&Mp::new(DECIMAL_BITS, c), &exact)
    }
}

/// Bits in which decimals are looked at as they are written: three hundred digits.
const DECIMAL_BITS: u32 = 1024;
