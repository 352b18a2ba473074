//! Matching networks: a query takes the labels of the support in the share in which it attends to them,
//!
//! P(y|x) = Σ_i a(x, x_i) [y_i = y],  a(x, x_i) = softmax_i(cos(f(x), f(x_i))/T).
//!
//! Vinyals et al. (2016), Eq. 1 and section 2.1.1, with f = g and without full-context embeddings. They have T = 1; Chen et al.
//! (2019) divide by T = 1/100, without which sixty classes cannot be told apart by cosines, all between −1 and 1.

use super::super::super::episode::Shape;
use super::super::super::pass::Pass;
use super::{Method, Said, unit};
use burn_tensor::{DType, Tensor};

#[derive(Clone, Copy, Debug)]
pub struct MatchingNet {
    pub temperature: f64,
    pub dtype: DType,
}

impl Method for MatchingNet {
    fn dtype(&self) -> DType {
        self.dtype
    }
    /// Features at length 1.
    fn place(&self, features: Tensor<2>) -> Tensor<2> {
        unit(features.cast(self.dtype), 1)
    }
    /// log P, up to what is the same for every class: the logarithm of the sum over a class's support.
    fn answer(&self, points: Tensor<2>, shape: Shape, _: &mut Pass) -> Said {
        let support = shape.way * shape.shot;
        let queries = points.dims()[0] - support;
        let (known, asked) = (points.clone().narrow(0, 0, support), points.narrow(0, support, queries));
        let scores = asked.matmul(known.transpose()) / self.temperature;
        let scores = scores.reshape([queries, shape.shot, shape.way]);
        // The largest is taken out, so that no exponential overflows.
        let most = scores.clone().detach().max_dim(2).max_dim(1);
        let sum = (scores - most.clone()).exp().sum_dim(1).reshape([queries, shape.way]);
        let logits = sum.clamp_min(least(self.dtype)).log() + most.reshape([queries, 1]);
        Said { stages: Vec::new(), logits }
    }
    fn boxed(&self) -> Box<dyn Method> {
        Box::new(*self)
    }
}

/// The smallest normal number: a class to which nothing is paid has a finite logarithm.
fn least(dtype: DType) -> f64 {
    if dtype == DType::F64 { f64::MIN_POSITIVE } else { f64::from(f32::MIN_POSITIVE) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{logits, rows};
    use super::*;

    #[test]
    fn attention_is_that_of_the_paper() {
        let shape = Shape { way: 2, shot: 2, queries: 1 };
        // Support of class 0, 1, 0, 1; queries of 0 and 1.
        let x = rows(&[&[2.0, 0.0], &[0.0, 1.0], &[1.0, 1.0], &[0.0, 3.0], &[1.0, 0.0], &[3.0, 4.0]]);
        let found = logits(&MatchingNet { temperature: 0.5, dtype: DType::F64 }, x, shape);
        let softmax = |row: &[f64]| row[0].exp() / (row[0].exp() + row[1].exp());
        let half = 0.5f64.sqrt();
        // Of the first query the cosines are 1, 0, √½, 0; of the second .6, .8, 1.4 √½, .8.
        let share = |cosines: [f64; 4]| {
            let a = cosines.map(|x| (x / 0.5).exp());
            (a[0] + a[2]) / a.iter().sum::<f64>()
        };
        assert!((softmax(&found[0]) - share([1.0, 0.0, half, 0.0])).abs() < 1e-9);
        assert!((softmax(&found[1]) - share([0.6, 0.8, 1.4 * half, 0.8])).abs() < 1e-9);
    }
}
