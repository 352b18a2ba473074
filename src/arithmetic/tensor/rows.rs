//! A vector per row of a batch.

use super::column::sum;
use super::{ALONG, AXES, Column, carrying, choose, common, host, quotient, repeated, wider};
use crate::arithmetic::{Real, Vector};
use burn_tensor::{Bool, DType, Tensor, TensorData};

/// `[batch, classes, n]` numbers: a vector of n coordinates per row; a batch or a class axis of length 1 is repeated.
#[derive(Clone, Debug)]
pub struct Rows(pub Tensor<AXES>);

impl Rows {
    /// One point per row, `[batch, n]`, to be held against every class.
    pub fn points(x: Tensor<2>) -> Self {
        let [batch, n] = x.dims();
        Rows(x.reshape([batch, 1, n]))
    }
    /// One point per class, `[classes, n]`, to be held against every row.
    pub fn classes(x: Tensor<2>) -> Self {
        let [classes, n] = x.dims();
        Rows(x.reshape([1, classes, n]))
    }
    /// The type of its numbers.
    pub fn dtype(&self) -> DType {
        self.0.dtype()
    }
    fn wide(&self) -> Tensor<AXES> {
        self.0.clone().cast(wider(self.dtype()))
    }
    /// y − x in the wider type.
    fn difference(&self, other: &Self) -> Tensor<AXES> {
        other.wide() - self.wide()
    }
    fn round(&self, wide: Tensor<AXES>) -> Self {
        Rows(wide.cast(self.dtype()))
    }
    /// The largest element of each row in size, 1 where all are 0, as a constant.
    fn largest(&self) -> Column {
        let largest = self.0.clone().detach().abs().max_dim(ALONG);
        let zero = largest.clone().equal_scalar(0.0);
        Column(largest.mask_fill(zero, 1.0))
    }
    /// One coordinate of each row.
    fn coordinate(&self, i: usize) -> Tensor<AXES> {
        self.0.clone().narrow(ALONG, i, 1)
    }
}

impl Vector for Rows {
    type Elem = Column;
    type Owned = Rows;
    type Unbounded = Rows;

    fn unbounded(&self) -> Rows {
        self.clone()
    }
    fn bounded(unbounded: &Rows, _like: &Column) -> Rows {
        unbounded.clone()
    }
    /// Not looked at: true.
    fn is_safe(&self) -> bool {
        true
    }
    /// Not looked at: true.
    fn is_finite(&self) -> bool {
        true
    }

    fn lit(&self, value: f64) -> Column {
        Column(self.coordinate(0)).lit(value)
    }
    fn to_vector(&self) -> Rows {
        self.clone()
    }

    fn dot(&self, other: &Self) -> Column {
        sum(self.0.clone() * other.0.clone())
    }
    fn dist2(&self, other: &Self) -> Column {
        let difference = self.0.clone() - other.0.clone();
        sum(difference.clone() * difference)
    }
    fn scale(&self, a: &Column) -> Rows {
        Rows(self.0.clone() * a.0.clone())
    }
    fn unscale(&self, a: &Column) -> Rows {
        Rows(quotient(self.0.clone(), a.0.clone()))
    }
    fn plus(&self, other: &Self) -> Rows {
        Rows(self.0.clone() + other.0.clone())
    }
    fn minus(&self, other: &Self) -> Rows {
        Rows(self.0.clone() - other.0.clone())
    }
    fn negated(&self) -> Rows {
        Rows(-self.0.clone())
    }
    fn combine(&self, a: &Column, other: &Self, b: &Column) -> Rows {
        Rows(self.0.clone() * a.0.clone() + other.0.clone() * b.0.clone())
    }
    fn wedge2(&self, other: &Self) -> Column {
        let n = self.0.dims()[ALONG];
        let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
        let squares = pairs.map(|(i, j)| {
            let cross = self.coordinate(i) * other.coordinate(j) - self.coordinate(j) * other.coordinate(i);
            cross.clone() * cross
        });
        Column(squares.reduce(|sum, square| sum + square).unwrap_or_else(|| self.lit(0.0).0))
    }
    fn max_abs(&self) -> Column {
        Column(self.0.clone().abs().max_dim(ALONG))
    }
    fn clip_norm(&self, limit: &Column) -> Rows {
        let norm = self.norm2().sqrt();
        if host::has_infinite(&norm.0) {
            // What overflows is the square, not the norm: rows are taken at their largest element.
            let largest = self.largest();
            let direction = self.unscale(&largest);
            let within = limit.clone() / &largest;
            let norm = direction.norm2().sqrt();
            let beyond = within.0.lower(norm.0.clone());
            let shortened = direction.scale(&(limit.clone() / &norm));
            return Rows(choose(beyond, shortened.0, self.0.clone()));
        }
        let beyond = limit.0.clone().lower(norm.0.clone());
        // Rows that stay are divided by 1: 0/0 in the branch not taken would spoil their gradient.
        let divisor = Column(choose(beyond.clone(), norm.0, limit.lit(1.0).0));
        let factor = limit.clone() / &divisor;
        Rows(choose(beyond, self.0.clone() * factor.0, self.0.clone()))
    }

    fn dot_wide(&self, other: &Self) -> Column {
        sum(self.wide() * other.wide())
    }
    fn dist2_wide(&self, other: &Self) -> Column {
        let difference = self.difference(other);
        sum(difference.clone() * difference)
    }
    fn norm2_difference_wide(&self, other: &Self) -> Column {
        sum((self.wide() - other.wide()) * (self.wide() + other.wide()))
    }
    /// As the scalar core has it: ‖x ∧ y‖² = (‖x‖²‖w‖² − ⟨x,w⟩²)/xₖ², w = xₖ y − yₖ x, k the largest element of x.
    fn wedge2_wide(&self, other: &Self) -> Column {
        let shape = common(&[self.0.dims(), other.0.dims()]);
        let (x, y) = (repeated(self.wide(), shape), repeated(other.wide(), shape));
        let k = x.clone().detach().abs().argmax(ALONG);
        let (pivot, other_pivot) = (x.clone().gather(ALONG, k.clone()), y.clone().gather(ALONG, k));
        let w = y * pivot.clone() - x.clone() * other_pivot;
        let (norm_w, x_w, norm_x) = (sum(w.clone() * w.clone()), sum(w * x.clone()), sum(x.clone() * x));
        let pivot2 = Column(pivot.clone() * pivot);
        let zero = pivot2.lit(0.0);
        let wedge2 = (norm_x * &norm_w - &x_w.square()) / &pivot2;
        zero.select_lt(&pivot2, wedge2, zero.clone())
    }
    fn gap_wide(&self, c: &Column) -> Column {
        let plain = (self.norm2_wide() * &c.widen()).one_minus();
        Column(host::gap(&self.0, &c.0, plain.0))
    }
    fn dot_difference_wide(&self, other: &Self, along: &Self) -> Column {
        sum(self.difference(other) * along.wide())
    }
    fn combine_wide(&self, a: &Column, other: &Self, b: &Column) -> Rows {
        self.round(self.wide() * a.0.clone() + other.wide() * b.0.clone())
    }
    fn step_wide(&self, a: &Column, other: &Self, b: &Column) -> Rows {
        self.round(self.wide() * a.0.clone() + self.difference(other) * b.0.clone())
    }
    fn step3_wide(&self, a: &Column, other: &Self, b: &Column, v: &Self, e: &Column) -> Rows {
        let step = self.wide() * a.0.clone() + self.difference(other) * b.0.clone();
        self.round(step + v.wide() * e.0.clone())
    }
    fn sum_wide(vectors: &[&Self], a: &[Column]) -> Rows {
        let terms = vectors.iter().zip(a).map(|(x, a)| x.wide() * a.0.clone());
        let sum = terms.reduce(|sum, term| sum + term).expect("a sum has at least one term");
        vectors[0].round(sum)
    }
    fn pull_inside(&self, c: &Column) -> Rows {
        let Some((outside, inside)) = host::pulled(&self.0, &c.0) else { return self.clone() };
        if !self.0.is_tracked() {
            return Rows(inside);
        }
        let [batch, classes, _] = self.0.dims();
        let mask: Tensor<AXES, Bool> =
            Tensor::from_data(TensorData::new(outside, [batch, classes, 1]), &self.0.device().inner());
        // The values are the scalar core's; the gradient is that of x·limit/‖x‖ where a row was pulled.
        // Both are taken at the row's largest element, so that no square overflows.
        let limit = Rows(inside.clone()).norm2().sqrt();
        let direction = self.unscale(&self.largest());
        let norm = Column(choose(mask.clone(), direction.norm2().sqrt().0, limit.lit(1.0).0));
        let path = choose(mask, direction.scale(&(limit / &norm)).0, self.0.clone());
        Rows(carrying(inside, path))
    }
    fn scale_wide(&self, a: &Column) -> Rows {
        self.round(self.wide() * a.0.clone())
    }

    /// No scaling: 0.
    fn scale_exponent(&self) -> i32 {
        0
    }
    fn precedes(&self, _other: &Self) -> bool {
        false
    }
    fn ldexp(&self, exponent: i32) -> Rows {
        match exponent {
            0 => self.clone(),
            _ => Rows(self.0.clone().mul_scalar(2f64.powi(exponent))),
        }
    }

    fn split_time(&self) -> (Column, Rows) {
        let n = self.0.dims()[ALONG];
        (Column(self.coordinate(0)), Rows(self.0.clone().narrow(ALONG, 1, n - 1)))
    }
    fn with_time(&self, time: Column) -> Rows {
        let [batch, classes, _] = common(&[self.0.dims(), time.0.dims()]);
        let space = repeated(self.0.clone(), [batch, classes, self.0.dims()[ALONG]]);
        Rows(Tensor::cat(vec![repeated(time.0, [batch, classes, 1]), space], ALONG))
    }
}
