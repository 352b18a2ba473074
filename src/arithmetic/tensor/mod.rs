//! Batches of numbers on a device, with reverse-mode gradients: the arithmetic that trains.
//!
//! [`Column`] is a [`Real`](super::Real) per row, `[batch, classes, 1]`; [`Rows`] are the vectors, `[batch, classes, n]`.
//! Any of the first two lengths may be 1 and is then repeated as needed, so that one evaluation scores every point
//! against every class.
//!
//! **Arithmetic.** The type of the numbers (f16, bf16, f32, f64) is data. Sums, products and quotients are the device's own
//! and round as it rounds. Elementary functions, the gap 1 − c‖x‖² and the pull inside the rim are those of the scalar
//! core, evaluated on the host: the same bits on every machine, at the price of a copy for devices that are not the host.
//! `Wide` is the next wider type that a device has: f16, bf16 → f32 → f64; **f64 is its own**, so that the project's own
//! variants keep in f64 only what exact gaps give them, where the scalar core has double-doubles.
//!
//! **Gradients** are reverse mode. The local derivative of an elementary function is the one that
//! [`Dual`](super::Dual) has. A root of 0 and a quotient by 0 pass no gradient on, so that the branch of a selection that
//! was not taken cannot spoil the one that was (0 · ∞), and a norm at 0 has the subgradient 0.
//!
//! A batch is not ordered ([`Vector::precedes`](super::Vector::precedes) is false) and is not scaled by powers of two:
//! coordinates whose squares overflow in `Wide` overflow.

mod column;
mod host;
mod rows;

pub use column::Column;
pub use rows::Rows;

use burn_tensor::{Bool, DType, Tensor};

/// Axes of every tensor here: batch, classes, coordinates.
const AXES: usize = 3;
/// The axis of the coordinates.
const ALONG: usize = 2;

/// The next wider type of numbers that a device has.
pub fn wider(dtype: DType) -> DType {
    match dtype {
        DType::F16 | DType::BF16 => DType::F32,
        _ => DType::F64,
    }
}

/// The common shape of tensors that are repeated against each other.
fn common(shapes: &[[usize; AXES]]) -> [usize; AXES] {
    std::array::from_fn(|axis| shapes.iter().map(|shape| shape[axis]).max().unwrap_or(1))
}

fn repeated(x: Tensor<AXES>, shape: [usize; AXES]) -> Tensor<AXES> {
    if x.dims() == shape { x } else { x.expand(shape) }
}

fn repeated_mask(x: Tensor<AXES, Bool>, shape: [usize; AXES]) -> Tensor<AXES, Bool> {
    if x.dims() == shape { x } else { x.expand(shape) }
}

/// `then` where the mask is set, else `otherwise`; gradients go to the chosen side alone.
fn choose(mask: Tensor<AXES, Bool>, then: Tensor<AXES>, otherwise: Tensor<AXES>) -> Tensor<AXES> {
    let shape = common(&[mask.dims(), then.dims(), otherwise.dims()]);
    repeated(otherwise, shape).mask_where(repeated_mask(mask, shape), repeated(then, shape))
}

/// x / y, and no gradient where y is 0.
fn quotient(x: Tensor<AXES>, y: Tensor<AXES>) -> Tensor<AXES> {
    let tracked = x.is_tracked() || y.is_tracked();
    if !tracked || !host::has_zero(&y) {
        return x / y;
    }
    let value = x.clone().detach() / y.clone().detach();
    let zero = y.clone().equal_scalar(0.0);
    choose(zero.clone(), value, x / y.mask_fill(zero, 1.0))
}

/// `value`, whose gradient is that of `path`: exact, since path − path is 0. `path` is finite.
fn carrying(value: Tensor<AXES>, path: Tensor<AXES>) -> Tensor<AXES> {
    value + (path.clone() - path.detach())
}
