//! Transductive propagation: labels flow from the support to all queries at once along a graph of their likeness,
//!
//! F = (I − αS)⁻¹ Y,  S = D^−½ W D^−½,  W_ij = exp(−½ d(f_i/σ_i, f_j/σ_j)).
//!
//! Liu et al. (2019), Eq. 2 to 4: α = 0.99, of each row of W the 20 largest are kept (and their mirror images), d is the mean
//! square over the coordinates, as in the released code. σ_i is learned, one number an example: two linear layers of 8 and 1 on
//! the features, under an exponential so that it is positive, where theirs are two convolutions and the same layers. The loss is
//! of the queries alone; theirs is of the support too.

use super::super::super::backbone::{Affine, Draws};
use super::super::super::episode::Shape;
use super::super::super::optimiser::Parameter;
use super::super::super::pass::Pass;
use super::{Method, Said, heads_device};
use burn_tensor::activation::relu;
use burn_tensor::{DType, Tensor, TensorData};
use nalgebra::DMatrix;

/// How far labels flow: 0 not at all, 1 without end.
const ALPHA: f64 = 0.99;
/// Neighbours of an example in the graph, itself among them.
const NEIGHBOURS: usize = 20;
const HIDDEN: usize = 8;

#[derive(Clone, Debug)]
pub struct Tpn {
    hidden: Affine,
    width: Affine,
    dtype: DType,
}

impl Tpn {
    /// For features of n coordinates.
    pub fn new(n: usize, dtype: DType, draws: &mut Draws) -> Tpn {
        Tpn {
            hidden: Affine::new("tpn.fc1", &[n, HIDDEN], HIDDEN, n, draws),
            width: Affine::new("tpn.fc2", &[HIDDEN, 1], 1, HIDDEN, draws),
            dtype,
        }
    }
}

impl Method for Tpn {
    fn visit(&mut self, f: &mut dyn FnMut(&mut Parameter)) {
        self.hidden.visit(f);
        self.width.visit(f);
    }
    fn dtype(&self) -> DType {
        self.dtype
    }
    fn place(&self, features: Tensor<2>) -> Tensor<2> {
        features.cast(self.dtype)
    }
    fn answer(&self, points: Tensor<2>, shape: Shape, pass: &mut Pass) -> Said {
        let support = shape.way * shape.shot;
        let sigma = self.width.rows(relu(self.hidden.rows(points.clone(), pass)), pass).exp();
        let likeness = likeness(points / sigma);
        let flow = propagated(likeness.clone(), support, shape.way);
        let queries = flow.dims()[0] - support;
        Said { stages: vec![("the graph", likeness)], logits: flow.narrow(0, support, queries) }
    }
    fn boxed(&self) -> Box<dyn Method> {
        Box::new(self.clone())
    }
}

/// W `[examples, examples]` of x `[examples, n]`, its largest entries kept.
fn likeness(x: Tensor<2>) -> Tensor<2> {
    let [examples, n] = x.dims();
    let square = (x.clone() * x.clone()).sum_dim(1);
    let product = x.clone().matmul(x.transpose());
    let apart = square.clone() + square.reshape([1, examples]) - product * 2.0;
    let w = (apart.clamp_min(0.0) * (-0.5 / n as f64)).exp();
    let kept = kept(&w);
    w * kept
}

/// 1 where an entry is among the [`NEIGHBOURS`] largest of its row or of its column, 0 elsewhere: a constant.
fn kept(w: &Tensor<2>) -> Tensor<2> {
    let [n, _] = w.dims();
    let numbers = w.to_data().convert_dtype(DType::F64).try_into_vec::<f64>().expect("converted to f64");
    let mut kept = vec![0.0; n * n];
    for (i, row) in numbers.chunks_exact(n).enumerate() {
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|a, b| row[*b].total_cmp(&row[*a]));
        for j in &order[..NEIGHBOURS.min(n)] {
            (kept[i * n + j], kept[j * n + i]) = (1.0, 1.0);
        }
    }
    constant(kept, [n, n], w.dtype())
}

/// F `[examples, way]`; the first `support` examples are labelled, the i-th as class i mod `way`.
fn propagated(w: Tensor<2>, support: usize, way: usize) -> Tensor<2> {
    let ([n, _], dtype) = (w.dims(), w.dtype());
    let degree = w.clone().sum_dim(1).sqrt();
    let s = w / degree.clone() / degree.reshape([1, n]);
    let eye: Vec<f64> = (0..n * n).map(|i| f64::from(u8::from(i / n == i % n))).collect();
    let a = constant(eye, [n, n], dtype) - s * ALPHA;
    let labels: Vec<f64> =
        (0..n * way).map(|i| f64::from(u8::from(i / way < support && i / way % way == i % way))).collect();
    let y = constant(labels, [n, way], dtype);
    // With the inverse M of A as a constant, M (2I − A M) is A⁻¹ and has its derivative, −A⁻¹ dA A⁻¹.
    let m = inverse(&a);
    m.clone().matmul(y.clone() * 2.0 - a.matmul(m.matmul(y)))
}

/// A⁻¹ of a symmetric positive definite A, as a constant; not a number where it is not definite.
fn inverse(a: &Tensor<2>) -> Tensor<2> {
    let [n, _] = a.dims();
    let numbers = a.to_data().convert_dtype(DType::F64).try_into_vec::<f64>().expect("converted to f64");
    let inverse = DMatrix::from_row_slice(n, n, &numbers).cholesky().map(|root| root.inverse());
    // Symmetric: rows and columns are the same.
    let numbers = inverse.map_or(vec![f64::NAN; n * n], |m| m.as_slice().to_vec());
    constant(numbers, [n, n], a.dtype())
}

fn constant(numbers: Vec<f64>, shape: [usize; 2], dtype: DType) -> Tensor<2> {
    Tensor::from_data(TensorData::new(numbers, shape).convert_dtype(dtype), (&heads_device(), dtype))
}

#[cfg(test)]
mod tests {
    use super::super::tests::rows;
    use super::*;
    use crate::train::run::rows_of;

    #[test]
    fn labels_flow_as_the_closed_form_says_and_so_does_their_gradient() {
        // Two labelled examples and one that is three times as like the first.
        let (a, b) = (0.75, 0.25);
        let w = [[1.0, 0.0, a], [0.0, 1.0, b], [a, b, 1.0]];
        let flow = |w: &[[f64; 3]; 3]| {
            let numbers: Vec<&[f64]> = w.iter().map(|row| row.as_slice()).collect();
            rows_of(propagated(rows(&numbers), 2, 2))
        };
        let found = flow(&w);
        // By the series Σ (αS)^k Y.
        let degree = w.map(|row| row.iter().sum::<f64>().sqrt());
        let s: Vec<Vec<f64>> =
            (0..3).map(|i| (0..3).map(|j| ALPHA * w[i][j] / (degree[i] * degree[j])).collect()).collect();
        let (mut term, mut sum) = (vec![[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], vec![[0.0; 2]; 3]);
        for _ in 0..10_000 {
            sum.iter_mut().zip(&term).for_each(|(sum, term)| (0..2).for_each(|c| sum[c] += term[c]));
            term = s.iter().map(|row| [0, 1].map(|c| (0..3).map(|j| row[j] * term[j][c]).sum())).collect();
        }
        assert!(found.iter().flatten().zip(sum.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-9 * b.abs().max(1.0)));
        assert!(found[2][0] > found[2][1]);

        let numbers: Vec<&[f64]> = w.iter().map(|row| row.as_slice()).collect();
        let leaf = rows(&numbers).autodiff().require_grad();
        let out = propagated(leaf.clone(), 2, 2).narrow(0, 2, 1).narrow(1, 0, 1).sum();
        let gradient = rows_of(leaf.grad(&out.backward()).unwrap());
        const STEP: f64 = 1e-6;
        let at = |step: f64| {
            let mut moved = w;
            (moved[0][2], moved[2][0]) = (a + step, a + step);
            flow(&moved)[2][0]
        };
        let slope = (at(STEP) - at(-STEP)) / (2.0 * STEP);
        let found = gradient[0][2] + gradient[2][0];
        assert!((slope - found).abs() < 1e-5 * slope.abs(), "{slope} {found}");
    }

    /// Two lines, each labelled at an end, the one at the left and the other at the right: the far end of each is nearer to the
    /// other's label than to its own, and belongs to its own all the same.
    #[test]
    fn labels_flow_along_what_hangs_together() {
        const LENGTH: usize = 20;
        const APART: f64 = 8.0;
        let line = |class: usize| (0..LENGTH).map(move |t| if class == 0 { t } else { LENGTH - 1 - t });
        // In the order of an episode: the i-th is of class i mod 2.
        let examples: Vec<[f64; 2]> =
            line(0).zip(line(1)).flat_map(|(a, b)| [[a as f64, 0.0], [b as f64, APART]]).collect();
        let x = rows(&examples.iter().map(<[f64; 2]>::as_slice).collect::<Vec<_>>());
        let flow = rows_of(propagated(likeness(x), 2, 2));
        assert!(flow.iter().enumerate().all(|(i, f)| f[i % 2] > f[1 - i % 2]), "{flow:?}");
    }

    #[test]
    fn likeness_is_symmetric_and_keeps_the_neighbours() {
        let numbers: Vec<Vec<f64>> = (0..30).map(|i| vec![f64::from(i), 0.0]).collect();
        let w = rows_of(likeness(rows(&numbers.iter().map(Vec::as_slice).collect::<Vec<_>>())));
        assert!((w[3][5] - (-0.5f64 * 4.0 / 2.0).exp()).abs() < 1e-12 && w[3][3] == 1.0);
        // The first has its nearest twenty; the eleventh has the last of all because it is among the last's.
        assert!(w[0][19] > 0.0 && w[0][20] == 0.0 && w[10][29] > 0.0 && w[9][29] == 0.0);
        assert!((0..30).all(|i| (0..30).all(|j| w[i][j] == w[j][i])));
    }
}
