//! One number per row of a batch.

use super::{ALONG, AXES, choose, host, quotient, wider};
use crate::arithmetic::Real;
use burn_tensor::{Bool, DType, Tensor};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// `[batch, classes, 1]` numbers; lengths of 1 are repeated.
#[derive(Clone, Debug)]
pub struct Column(pub Tensor<AXES>);

impl Column {
    /// A number that every row shares, `[1, 1, 1]`, from one tracked or constant value.
    pub fn shared(value: Tensor<1>) -> Self {
        Column(value.reshape([1, 1, 1]))
    }
    /// The type of its numbers.
    pub fn dtype(&self) -> DType {
        self.0.dtype()
    }
    fn below(&self, bound: &Self) -> Tensor<AXES, Bool> {
        self.0.clone().lower(bound.0.clone())
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident |$x:ident, $y:ident| $body:expr;)*) => {$(
        impl<'a> $trait<&'a Column> for Column {
            type Output = Column;
            fn $method(self, other: &'a Column) -> Column {
                self.$method(other.clone())
            }
        }
        impl $trait for Column {
            type Output = Column;
            fn $method(self, other: Column) -> Column {
                let ($x, $y) = (self.0, other.0);
                Column($body)
            }
        }
    )*};
}

operators! {
    Add add |x, y| x + y;
    Sub sub |x, y| x - y;
    Mul mul |x, y| x * y;
    Div div |x, y| quotient(x, y);
}

impl Neg for Column {
    type Output = Column;
    fn neg(self) -> Column {
        Column(-self.0)
    }
}

macro_rules! elementary {
    ($($name:ident)*) => {
        $(fn $name(self) -> Self {
            Column(host::with_element!(self.dtype(), |S| host::map::<S>(self.0, |x| x.$name())))
        })*
    };
}

impl Real for Column {
    /// The same batch in the next wider type; f64 stays f64.
    type Wide = Column;
    type Unbounded = Self;

    fn unbounded(&self) -> Self {
        self.clone()
    }
    fn bounded(unbounded: Self, _like: &Self) -> Self {
        unbounded
    }

    fn lit(&self, value: f64) -> Self {
        let value = host::rounded(self.dtype(), value);
        Column(Tensor::full([1; AXES], value, (&self.0.device().inner(), self.dtype())))
    }
    fn widen(&self) -> Column {
        Column(self.0.clone().cast(wider(self.dtype())))
    }
    fn narrow(wide: Column, like: &Self) -> Self {
        Column(wide.0.cast(like.dtype()))
    }

    elementary! { sqrt exp exp_m1 ln ln_1p sinh cosh tanh asinh acosh atanh }

    fn select_lt(&self, bound: &Self, then: Self, otherwise: Self) -> Self {
        Column(choose(self.below(bound), then.0, otherwise.0))
    }
    /// As every arithmetic has it, but divided by 1 where both are 0: the branch that is not taken passes no gradient on.
    fn hypot(self, other: &Self) -> Self {
        let (zero, one) = (self.lit(0.0), self.lit(1.0));
        let large = self.select_lt(other, other.clone(), self.clone());
        let small = self.select_lt(other, self.clone(), other.clone());
        let ratio = small / &zero.select_lt(&large, large.clone(), one);
        let root = ratio.square().plus(1.0).sqrt() * &large;
        zero.select_lt(&large, root, large.clone().times(0.0))
    }
    fn abs(self) -> Self {
        Column(self.0.abs())
    }
    fn plus(self, constant: f64) -> Self {
        let constant = host::rounded(self.dtype(), constant);
        Column(self.0.add_scalar(constant))
    }
    fn times(self, constant: f64) -> Self {
        let constant = host::rounded(self.dtype(), constant);
        Column(self.0.mul_scalar(constant))
    }
    fn one_minus(self) -> Self {
        Column((-self.0).add_scalar(1.0))
    }
}

/// Sums over the coordinates.
pub(super) fn sum(x: Tensor<AXES>) -> Column {
    Column(x.sum_dim(ALONG))
}
