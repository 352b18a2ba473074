//! DN4, image to class by local descriptors: each pixel x_i of a query's last map looks for its k nearest among all pixels of a
//! class's support,
//!
//! Φ(q, c) = Σ_i Σ_{j ≤ k} cos(x_i, x̂_i^j),  x̂_i^j the j-th nearest of class c.
//!
//! Li et al. (2019), Eq. 3 and 4, with k = 3.

use super::super::super::episode::Shape;
use super::super::super::pass::Pass;
use super::{Method, Said, unit};
use burn_tensor::{DType, Tensor, TensorData};

/// Neighbours of a descriptor in each class.
const NEIGHBOURS: usize = 3;

#[derive(Clone, Copy, Debug)]
pub struct Dn4 {
    /// Channels, height and width of the last map.
    pub map: [usize; 3],
    pub dtype: DType,
}

impl Method for Dn4 {
    fn dtype(&self) -> DType {
        self.dtype
    }
    /// The descriptors of an image at length 1, one after the other: `[images, pixels × channels]`.
    fn place(&self, features: Tensor<2>) -> Tensor<2> {
        let ([images, n], [channels, height, width]) = (features.dims(), self.map);
        let descriptors = unit(features.cast(self.dtype).reshape([images, channels, height * width]), 1);
        descriptors.swap_dims(1, 2).reshape([images, n])
    }
    fn answer(&self, points: Tensor<2>, shape: Shape, _: &mut Pass) -> Said {
        let ([images, n], [channels, height, width]) = (points.dims(), self.map);
        let (way, pixels, support) = (shape.way, height * width, shape.way * shape.shot);
        // Class by class: `[way × shot × pixels, channels]`.
        let known = points.clone().narrow(0, 0, support).reshape([shape.shot, way, n]).swap_dims(0, 1);
        let known = known.reshape([support * pixels, channels]).transpose();
        // A few queries at a time, whose cosines are what takes memory.
        let logits = (support..images).step_by(way).map(|from| {
            let asked = points.clone().narrow(0, from, way).reshape([way * pixels, channels]);
            let cosines = asked.matmul(known.clone()).reshape([way * pixels * way, shape.shot * pixels]);
            let chosen = nearest(&cosines);
            (cosines * chosen).sum_dim(1).reshape([way, pixels, way]).sum_dim(1).reshape([way, way])
        });
        Said { stages: Vec::new(), logits: Tensor::cat(logits.collect(), 0) }
    }
    fn boxed(&self) -> Box<dyn Method> {
        Box::new(*self)
    }
}

/// 1 at the [`NEIGHBOURS`] largest of each row (the first of equal ones), 0 elsewhere: a constant.
fn nearest(cosines: &Tensor<2>) -> Tensor<2> {
    let [rows, width] = cosines.dims();
    let device = cosines.device().inner();
    let dtype = cosines.dtype();
    let numbers = cosines.to_data().convert_dtype(DType::F32).try_into_vec::<f32>().expect("converted to f32");
    let mut chosen = vec![0.0f32; rows * width];
    for (numbers, chosen) in numbers.chunks_exact(width).zip(chosen.chunks_exact_mut(width)) {
        for _ in 0..NEIGHBOURS.min(width) {
            let left = (0..width).filter(|i| chosen[*i] == 0.0);
            let best = left.reduce(|best, i| if numbers[i] > numbers[best] { i } else { best });
            chosen[best.expect("fewer were taken than there are")] = 1.0;
        }
    }
    Tensor::from_data(TensorData::new(chosen, [rows, width]).convert_dtype(dtype), (&device, dtype))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{logits, rows};
    use super::*;

    #[test]
    fn the_nearest_descriptors_of_each_class_are_summed() {
        // Two channels of 2 × 2 pixels; one image a class, one query a class.
        let shape = Shape { way: 2, shot: 1, queries: 1 };
        let first = [[1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 2.0]].concat();
        let second = [[0.0, 0.0, 0.0, 0.0], [5.0, 1.0, 1.0, 1.0]].concat();
        let x = rows(&[&first, &second, &first, &second]);
        let found = logits(&Dn4 { map: [2, 2, 2], dtype: DType::F64 }, x, shape);
        // The first image has descriptors x, x, x, y: each x finds three x in class 0 and none in class 1; y finds one y and
        // zeros in class 0, three y in class 1. The second has y four times.
        for (found, expected) in found.iter().flatten().zip([3.0 * 3.0 + 1.0, 3.0, 4.0, 12.0]) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }
}
