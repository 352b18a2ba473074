//! Relation networks: a small network g scores how well a query's last map goes with the sum of a class's maps,
//!
//! r(c, q) = σ(g([Σ_s f(x_s), f(q)])),  minimised: Σ (r − [q is of c])².
//!
//! Sung et al. (2018), Eq. 1 and 2: two blocks of convolution 3×3 with 64 filters, normalisation, rectifier and pool 2, then
//! linear layers of 8 and 1. The first convolution of a concatenation is the sum of the convolutions of its halves, so that it
//! is taken once an image, not once a pair: the same function, at less cost. Convolutions keep their borders.

use super::super::super::backbone::{Affine, ConvNorm, Draws, Norm};
use super::super::super::block::Then;
use super::super::super::episode::Shape;
use super::super::super::optimiser::Parameter;
use super::super::super::pass::Pass;
use super::{Method, Said, heads_device};
use burn_tensor::activation::{relu, sigmoid};
use burn_tensor::module::{conv2d, max_pool2d};
use burn_tensor::ops::{ConvOptions, MaxPoolOptions};
use burn_tensor::{DType, Tensor, TensorData};

const FILTERS: usize = 64;
const HIDDEN: usize = 8;
const KERNEL: usize = 3;
const POOL: usize = 2;

#[derive(Clone, Debug)]
pub struct RelationNet {
    map: [usize; 3],
    /// The halves of the first convolution.
    of_class: Parameter,
    of_query: Parameter,
    norm: Norm,
    second: ConvNorm,
    hidden: Affine,
    score: Affine,
    dtype: DType,
}

impl RelationNet {
    /// For last maps of channels × height × width.
    pub fn new(map: [usize; 3], dtype: DType, draws: &mut Draws) -> Result<RelationNet, String> {
        let [channels, height, width] = map;
        let flat = FILTERS * (height / POOL / POOL) * (width / POOL / POOL);
        if flat == 0 {
            return Err(format!("the relation module's two pools leave nothing of a last map of {height} × {width}"));
        }
        let mut half = |name: &str| {
            let shape = [FILTERS, channels, KERNEL, KERNEL];
            draws.uniform(name, &shape, 2 * channels * KERNEL * KERNEL)
        };
        let (of_class, of_query) = (half("relation.conv1.class"), half("relation.conv1.query"));
        Ok(RelationNet {
            map,
            of_class,
            of_query,
            norm: Norm::new("relation.conv1.norm", FILTERS, draws),
            second: ConvNorm::new("relation.conv2", [FILTERS, FILTERS], KERNEL, 1, draws),
            hidden: Affine::new("relation.fc1", &[flat, HIDDEN], HIDDEN, flat, draws),
            score: Affine::new("relation.fc2", &[HIDDEN, 1], 1, HIDDEN, draws),
            dtype,
        })
    }
}

impl Method for RelationNet {
    fn visit(&mut self, f: &mut dyn FnMut(&mut Parameter)) {
        f(&mut self.of_class);
        f(&mut self.of_query);
        self.norm.visit(f);
        self.second.visit(f);
        self.hidden.visit(f);
        self.score.visit(f);
    }
    fn dtype(&self) -> DType {
        self.dtype
    }
    fn place(&self, features: Tensor<2>) -> Tensor<2> {
        features.cast(self.dtype)
    }
    /// Scores before the sigmoid, which changes no order.
    fn answer(&self, points: Tensor<2>, shape: Shape, pass: &mut Pass) -> Said {
        let ([images, n], [channels, height, width]) = (points.dims(), self.map);
        let (way, support) = (shape.way, shape.way * shape.shot);
        let queries = images - support;
        let classes = points.clone().narrow(0, 0, support).reshape([shape.shot, way, n]).sum_dim(0);
        let convolved = |x: Tensor<4>, w: Tensor<4>| {
            conv2d(x, w, None, ConvOptions::new([1, 1], [KERNEL / 2, KERNEL / 2], [1, 1], 1))
        };
        let of_class = convolved(classes.reshape([way, channels, height, width]), pass.leaf(&self.of_class));
        let asked = points.narrow(0, support, queries).reshape([queries, channels, height, width]);
        let of_query = convolved(asked, pass.leaf(&self.of_query));
        let area = FILTERS * height * width;
        let pairs = of_query.reshape([queries, 1, area]) + of_class.reshape([1, way, area]);
        let pairs = self.norm.forward(pairs.reshape([queries * way, FILTERS, height, width]), pass);
        let first = max_pool2d(relu(pairs), MaxPoolOptions::new([POOL; 2]));
        let second = self.second.forward(first, Then { relu: true, pool: POOL }, pass);
        let flat = second.dims()[1..].iter().product();
        let hidden = relu(self.hidden.rows(second.reshape([queries * way, flat]), pass));
        let logits = self.score.rows(hidden, pass).reshape([queries, way]);
        Said { stages: Vec::new(), logits }
    }
    /// The mean square over queries and classes.
    fn loss(&self, logits: Tensor<2>, labels: &[u16]) -> Tensor<1> {
        let [queries, way] = logits.dims();
        let mut wanted = vec![0.0f32; queries * way];
        labels.iter().enumerate().for_each(|(query, class)| wanted[query * way + usize::from(*class)] = 1.0);
        let dtype = logits.dtype();
        let wanted = TensorData::new(wanted, [queries, way]).convert_dtype(dtype);
        let apart = sigmoid(logits) - Tensor::from_data(wanted, (&heads_device(), dtype));
        (apart.clone() * apart).mean()
    }
    fn boxed(&self) -> Box<dyn Method> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::pass::Statistics;
    use super::super::tests::rows;
    use super::*;
    use crate::train::run::rows_of;
    use burn_tensor::Device;

    /// By one convolution of the concatenation, as the paper draws it.
    fn concatenated(net: &RelationNet, x: Tensor<2>, shape: Shape) -> Vec<Vec<f64>> {
        let device = Device::flex();
        let mut pass = Pass::new(&device, DType::F64, Statistics::Batch, false);
        let [c, h, w] = net.map;
        let maps = x.reshape([shape.images(), c, h, w]);
        let weight = Tensor::cat(vec![pass.leaf(&net.of_class), pass.leaf(&net.of_query)], 1);
        let support = shape.way * shape.shot;
        let one = |i: usize| maps.clone().narrow(0, i, 1);
        let class = |k: usize| (1..shape.shot).fold(one(k), |sum, s| sum + one(s * shape.way + k));
        let pairs = (support..shape.images()).flat_map(|q| (0..shape.way).map(move |k| (q, k)));
        let pairs = Tensor::cat(pairs.map(|(q, k)| Tensor::cat(vec![class(k), one(q)], 1)).collect(), 0);
        let map = conv2d(pairs, weight, None, ConvOptions::new([1, 1], [1, 1], [1, 1], 1));
        let first = max_pool2d(relu(net.norm.forward(map, &mut pass)), MaxPoolOptions::new([POOL; 2]));
        let second = net.second.forward(first, Then { relu: true, pool: POOL }, &mut pass);
        let [n, a, b, d] = second.dims();
        let hidden = relu(net.hidden.rows(second.reshape([n, a * b * d]), &mut pass));
        rows_of(net.score.rows(hidden, &mut pass).reshape([shape.images() - support, shape.way]))
    }

    #[test]
    fn scores_are_those_of_the_concatenated_maps_and_the_loss_is_the_square() {
        let shape = Shape { way: 2, shot: 2, queries: 2 };
        let net = RelationNet::new([3, 5, 4], DType::F64, &mut Draws::new(1, true)).unwrap();
        let numbers: Vec<Vec<f64>> =
            (0..shape.images()).map(|i| (0..60).map(|j| ((i * 60 + j) as f64 * 12.9898).sin()).collect()).collect();
        let x = rows(&numbers.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let found = super::super::tests::logits(&net, x.clone(), shape);
        let expected = concatenated(&net, x, shape);
        assert!(found.iter().flatten().zip(expected.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-9));
        // σ(0) = ½, σ(ln 3) = ¾.
        let logits = rows(&[&[0.0, 3f64.ln()]]);
        let loss: f64 = net.loss(logits, &[1]).into_scalar();
        assert!((loss - (0.25 + 0.0625) / 2.0).abs() < 1e-12, "{loss}");
        assert!(RelationNet::new([3, 3, 3], DType::F64, &mut Draws::new(1, true)).is_err());
    }
}
