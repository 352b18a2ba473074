//! What the scalar core computes for a tensor: its numbers are read, put through the same code as any scalar, and written
//! back.

use super::{ALONG, AXES, carrying, wider};
use crate::arithmetic::{Bf16, Dual, F16, Scalar, Vector};
use burn_tensor::{DType, Tensor, TensorData};

/// A scalar that a tensor can hold.
pub(super) trait Element: Scalar + Copy {
    const DTYPE: DType;
    fn read(x: &Tensor<AXES>) -> Vec<Self>;
    fn data(values: Vec<Self>, shape: [usize; AXES]) -> TensorData;
    fn to_f64(self) -> f64;
    /// 1 − c‖x‖² from the scalar core, rounded to f64 (f32's and the halves' is exact in it).
    fn gap_f64(c: &Self, x: &[Self]) -> f64;
}

const KIND: &str = "the element type was matched against the tensor's own";

macro_rules! element {
    ($type:ty, $dtype:ident, $inner:ty, |$wrap:ident| $from:expr, |$this:ident| $to:expr, |$value:ident| $f64:expr, |$gap:ident| $gap_f64:expr) => {
        impl Element for $type {
            const DTYPE: DType = DType::$dtype;
            fn read(x: &Tensor<AXES>) -> Vec<Self> {
                let numbers = x.to_data().try_into_vec::<$inner>().expect(KIND);
                numbers.into_iter().map(|$wrap| $from).collect()
            }
            fn data(values: Vec<Self>, shape: [usize; AXES]) -> TensorData {
                TensorData::new(values.into_iter().map(|$this| $to).collect::<Vec<$inner>>(), shape)
            }
            fn to_f64(self) -> f64 {
                let $value = self;
                $f64
            }
            fn gap_f64(c: &Self, x: &[Self]) -> f64 {
                let $gap = <$type as Scalar>::gap(c, x);
                $gap_f64
            }
        }
    };
}

element!(F16, F16, half::f16, |x| F16(x), |x| x.0, |x| F16::to_f64(x), |g| g);
element!(Bf16, BF16, half::bf16, |x| Bf16(x), |x| x.0, |x| Bf16::to_f64(x), |g| g);
element!(f32, F32, f32, |x| x, |x| x, |x| f64::from(x), |g| g);
element!(f64, F64, f64, |x| x, |x| x, |x| x, |g| g.to_f64());

/// Runs an expression with the scalar type that a tensor holds.
macro_rules! with_element {
    ($dtype:expr, |$element:ident| $body:expr) => {{
        use burn_tensor::DType;
        match $dtype {
            DType::F16 => {
                type $element = crate::arithmetic::F16;
                $body
            }
            DType::BF16 => {
                type $element = crate::arithmetic::Bf16;
                $body
            }
            DType::F32 => {
                type $element = f32;
                $body
            }
            DType::F64 => {
                type $element = f64;
                $body
            }
            other => unreachable!("a batch of {other:?} is never made"),
        }
    }};
}
pub(super) use with_element;

/// A tensor of these numbers beside `like`, without gradients.
fn constant<S: Element>(values: Vec<S>, shape: [usize; AXES], like: &Tensor<AXES>) -> Tensor<AXES> {
    Tensor::from_data(S::data(values, shape), (&like.device().inner(), S::DTYPE))
}

/// Whether some number is 0.
pub(super) fn has_zero(x: &Tensor<AXES>) -> bool {
    with_element!(x.dtype(), |S| S::read(x).iter().any(|x| x.to_f64() == 0.0))
}

/// Whether some number is infinite.
pub(super) fn has_infinite(x: &Tensor<AXES>) -> bool {
    with_element!(x.dtype(), |S| S::read(x).iter().any(|x| x.to_f64().is_infinite()))
}

/// A constant as the arithmetic of `dtype` holds it.
pub(super) fn rounded(dtype: DType, value: f64) -> f64 {
    with_element!(dtype, |S| Element::to_f64(S::from_f64_rounded(value)))
}

/// The nearest value of a scalar type.
pub(super) trait FromF64 {
    fn from_f64_rounded(value: f64) -> Self;
}
macro_rules! from_f64 {
    ($($type:ty => |$x:ident| $body:expr),*) => {
        $(impl FromF64 for $type {
            fn from_f64_rounded($x: f64) -> Self {
                $body
            }
        })*
    };
}
from_f64!(F16 => |x| F16::from_f64(x), Bf16 => |x| Bf16::from_f64(x), f32 => |x| x as f32, f64 => |x| x);

/// An elementary function and its derivative, both from the scalar core. Where the slope is not finite (a root at 0) no
/// gradient passes.
pub(super) fn map<S: Element>(x: Tensor<AXES>, f: impl Fn(Dual<S>) -> Dual<S>) -> Tensor<AXES> {
    let shape = x.dims();
    let numbers = S::read(&x);
    let results: Vec<Dual<S>> = numbers.iter().map(|x| f(Dual::variable(*x))).collect();
    let value = constant::<S>(results.iter().map(|r| r.value).collect(), shape, &x);
    if !x.is_tracked() {
        return value;
    }
    let zero = numbers[0].lit(0.0);
    let passes = |x: &S, r: &Dual<S>| x.to_f64().is_finite() && r.derivative.to_f64().is_finite();
    let slopes = numbers.iter().zip(&results).map(|(x, r)| if passes(x, r) { r.derivative } else { zero });
    let slope = constant::<S>(slopes.collect(), shape, &x);
    let path = if numbers.iter().all(|x| x.to_f64().is_finite()) {
        x
    } else {
        // ∞ − ∞ is not 0: rows that are not finite carry nothing.
        let finite = x.clone().is_finite();
        x.mask_fill(finite.bool_not(), 0.0)
    };
    value + (path.clone() - path.detach()) * slope
}

/// 1 − c‖x‖² with every bit that the wider type holds; its gradient is that of `plain`, the same formula on the device.
pub(super) fn gap(x: &Tensor<AXES>, c: &Tensor<AXES>, plain: Tensor<AXES>) -> Tensor<AXES> {
    let [batch, classes, _] = x.dims();
    let wide = wider(x.dtype());
    let gaps: Vec<f64> = with_element!(x.dtype(), |S| {
        let c = S::read(c);
        rows(&S::read(x), x.dims()[ALONG]).enumerate().map(|(i, row)| S::gap_f64(&c[i % c.len()], row)).collect()
    });
    let data = TensorData::new(gaps, [batch, classes, 1]).convert_dtype(wide);
    let value = Tensor::from_data(data, (&x.device().inner(), wide));
    if plain.is_tracked() { carrying(value, plain) } else { value }
}

/// The rows that lie on or outside the rim, pulled inside by the scalar core; `None` where none does.
pub(super) fn pulled(x: &Tensor<AXES>, c: &Tensor<AXES>) -> Option<(Vec<bool>, Tensor<AXES>)> {
    let n = x.dims()[ALONG];
    with_element!(x.dtype(), |S| {
        let (c, numbers) = (S::read(c), S::read(x));
        let at = |i: usize| &c[i % c.len()];
        let outside: Vec<bool> = rows(&numbers, n).enumerate().map(|(i, row)| S::outside(at(i), row)).collect();
        if !outside.contains(&true) {
            return None;
        }
        let inside = rows(&numbers, n).enumerate().flat_map(|(i, row)| row.pull_inside(at(i))).collect();
        Some((outside, constant::<S>(inside, x.dims(), x)))
    })
}

fn rows<S>(numbers: &[S], n: usize) -> impl Iterator<Item = &[S]> {
    numbers.chunks(n)
}
