//! Convolution, pooling and rectification as one operation of the graph: relu(max₂ₓ₂(w ∗ x + b)), stride 1, no padding.
//!
//! On the CPU a few images at a time go through all three, so that what one writes the next finds in the cache: the windows
//! of the images as the columns of a matrix, one product, the largest of every four. In f16 and bf16 the sums are kept in f32
//! and rounded once, as the CPU backend does in its own convolutions. Other devices get the three operations one by one.

use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::NoCheckpointing;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};
use burn_backend::ops::FloatTensorOps;
use burn_backend::tensor::FloatTensor;
use burn_backend::{Element, TensorMetadata};
use burn_flex::{Flex, FlexTensor};
use burn_tensor::activation::relu;
use burn_tensor::module::{conv2d, max_pool2d};
use burn_tensor::ops::{ConvOptions, MaxPoolOptions};
use burn_tensor::{DType, Shape, Tensor, TensorData};
use rayon::prelude::*;
use std::sync::Arc;

/// Side of a pool's window, and its stride.
const POOL: usize = 2;
/// Images that go through the layer together: few, so that their columns stay in the cache; a constant, so that sums do not
/// depend on the number of threads.
const TOGETHER: usize = 2;
/// Stands for a pool's winner where the rectifier lets nothing through.
pub(super) const DEAD: u8 = (POOL * POOL) as u8;

/// relu(max₂ₓ₂(w ∗ x + b)) of x `[batch, in, height, width]`, w `[out, in, k, k]` and b `[out]`: `[batch, out, (height − k +
/// 1)/2, (width − k + 1)/2]`, rounded down.
pub(super) fn layer(x: Tensor<4>, w: Tensor<4>, b: Tensor<1>) -> Tensor<4> {
    let dtype = x.dtype();
    if matches!(dtype, DType::F16 | DType::BF16) && fused(&x) {
        return layer(x.cast(DType::F32), w.cast(DType::F32), b.cast(DType::F32)).cast(dtype);
    }
    match (dtype, fused(&x)) {
        (DType::F32, true) => on_flex::<f32>(x, w, b),
        (DType::F64, true) => on_flex::<f64>(x, w, b),
        _ => one_by_one(x, w, b),
    }
}

/// The three operations as the backend has them.
fn one_by_one(x: Tensor<4>, w: Tensor<4>, b: Tensor<1>) -> Tensor<4> {
    let x = conv2d(x, w, Some(b), ConvOptions::new([1, 1], [0, 0], [1, 1], 1));
    // max(relu(x)) = relu(max(x)): the smaller map is rectified.
    relu(max_pool2d(x, MaxPoolOptions::new([POOL, POOL])))
}

/// Whether x is on the backend that the fused operation is for.
pub(super) fn fused(x: &Tensor<4>) -> bool {
    x.device() == burn_tensor::Device::flex()
}

fn on_flex<T: Number>(x: Tensor<4>, w: Tensor<4>, b: Tensor<1>) -> Tensor<4> {
    let kind = "a tensor on the CPU backend";
    if !(x.is_autodiff() || w.is_autodiff() || b.is_autodiff()) {
        let primitive = |x: Tensor<4>| x.try_into_primitive::<Flex>().expect(kind);
        let (y, _) = forward::<T>(&primitive(x), &primitive(w), &b.try_into_primitive::<Flex>().expect(kind));
        return Tensor::from_primitive::<Flex>(y);
    }
    let primitive = |x: Tensor<4>| -> FloatTensor<Autodiff<Flex>> {
        x.autodiff().try_into_primitive::<Autodiff<Flex>>().expect(kind)
    };
    let (x, w) = (primitive(x), primitive(w));
    let b = b.autodiff().try_into_primitive::<Autodiff<Flex>>().expect(kind);
    let nodes = [x.node(), w.node(), b.node()];
    let (y, winners) = forward::<T>(x.primitive(), w.primitive(), b.primitive());
    let y = match Layer::<T>::default().prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(graph) => graph.finish((x.into_primitive(), w.into_primitive(), winners), y),
        OpsKind::UnTracked(graph) => graph.finish(y),
    };
    Tensor::from_primitive::<Autodiff<Flex>>(y)
}

/// The arithmetics of the fused operation.
pub(super) trait Number:
    Element + bytemuck::Pod + num_traits::Float + std::iter::Sum + std::ops::AddAssign + Default
{
}
impl Number for f32 {}
impl Number for f64 {}

#[derive(Clone, Copy, Debug, Default)]
struct Layer<T>(std::marker::PhantomData<T>);

impl<T: Number> Backward<Flex, 3> for Layer<T> {
    /// x, w and which of every four won.
    type State = (FlexTensor, FlexTensor, Arc<Vec<u8>>);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let (x, w, winners) = ops.state;
        let [of_x, of_w, of_b] = ops.parents;
        let (dx, dw, db) = backward::<T>(&x, &w, &winners, &gradient, of_x.is_some());
        for (node, gradient) in [(of_x, dx), (of_w, Some(dw)), (of_b, Some(db))] {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                gradients.register::<Flex>(node.id, gradient);
            }
        }
    }
}

/// The sizes of a layer.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    batch: usize,
    channels: usize,
    height: usize,
    width: usize,
    outputs: usize,
    kernel: usize,
}

impl Sizes {
    fn of(x: &FlexTensor, w: &FlexTensor) -> Sizes {
        let [batch, channels, height, width] = x.shape().dims();
        let [outputs, _, kernel, _] = w.shape().dims();
        Sizes { batch, channels, height, width, outputs, kernel }
    }
    /// Of the map that the convolution gives.
    fn map(&self) -> [usize; 2] {
        [self.height + 1 - self.kernel, self.width + 1 - self.kernel]
    }
    /// Of what the pool leaves of it.
    fn pooled(&self) -> [usize; 2] {
        self.map().map(|side| side / POOL)
    }
    /// Numbers of an image, of its answer, and of one window.
    fn image(&self) -> usize {
        self.channels * self.height * self.width
    }
    fn answer(&self) -> usize {
        self.outputs * self.pooled().iter().product::<usize>()
    }
    fn window(&self) -> usize {
        self.channels * self.kernel * self.kernel
    }
}

/// Numbers that are moved at once: rows are so short that a call for each would cost more than the copy.
const LANES: usize = 8;
const ROWS: &str = "a row of each window";

pub(super) fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    match (<&mut [T; LANES]>::try_from(&mut *to), <&[T; LANES]>::try_from(from)) {
        (Ok(to), Ok(from)) => *to = *from,
        _ => to.copy_from_slice(from),
    }
}

pub(super) fn add<T: Copy + std::ops::AddAssign>(to: &mut [T], from: &[T]) {
    let ((to, end), (from, rest)) = (to.as_chunks_mut::<LANES>(), from.as_chunks::<LANES>());
    for (to, from) in to.iter_mut().zip(from) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to += *from);
    }
    end.iter_mut().zip(rest).for_each(|(to, from)| *to += *from);
}

/// The windows of `images`, one a column: `[channels·k·k, images·map]`.
fn columns<T: Number>(s: &Sizes, images: &[T]) -> FlexTensor {
    let count = images.len() / s.image();
    let [map_height, map_width] = s.map();
    let mut columns = vec![T::default(); s.window() * count * map_height * map_width];
    let mut rows = columns.chunks_exact_mut(map_width);
    for channel in 0..s.channels {
        for (down, right) in (0..s.kernel).flat_map(|down| (0..s.kernel).map(move |right| (down, right))) {
            for image in images.chunks_exact(s.image()) {
                let plane = &image[channel * s.height * s.width..];
                for y in 0..map_height {
                    let from = (y + down) * s.width + right;
                    copy(rows.next().expect(ROWS), &plane[from..from + map_width]);
                }
            }
        }
    }
    tensor(columns, [s.window(), count * map_height * map_width])
}

/// Adds every column back to the window that it came from.
fn add_columns<T: Number>(s: &Sizes, columns: &[T], images: &mut [T]) {
    let [map_height, map_width] = s.map();
    let mut rows = columns.chunks_exact(map_width);
    for channel in 0..s.channels {
        for (down, right) in (0..s.kernel).flat_map(|down| (0..s.kernel).map(move |right| (down, right))) {
            for image in images.chunks_exact_mut(s.image()) {
                let plane = &mut image[channel * s.height * s.width..];
                for y in 0..map_height {
                    let from = (y + down) * s.width + right;
                    add(&mut plane[from..from + map_width], rows.next().expect(ROWS));
                }
            }
        }
    }
}

pub(super) fn tensor<T: Number, const D: usize>(numbers: Vec<T>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(numbers, shape))
}

/// A contiguous tensor's numbers.
pub(super) fn slice<T: Number>(x: &FlexTensor) -> &[T] {
    x.as_slice().expect("contiguous")
}

/// w as a matrix `[out, in·k·k]`.
fn matrix(w: &FlexTensor, s: &Sizes) -> FlexTensor {
    w.to_contiguous().reshape(Shape::new([s.outputs, s.window()]))
}

fn forward<T: Number>(x: &FlexTensor, w: &FlexTensor, b: &FlexTensor) -> (FlexTensor, Arc<Vec<u8>>) {
    let s = Sizes::of(x, w);
    let (x, b, w) = (x.to_contiguous(), b.to_contiguous(), matrix(w, &s));
    let bias: &[T] = slice(&b);
    let mut y = vec![T::default(); s.batch * s.answer()];
    let mut winners = vec![DEAD; y.len()];
    let images = slice::<T>(&x).par_chunks(TOGETHER * s.image());
    let answers = y.par_chunks_mut(TOGETHER * s.answer()).zip(winners.par_chunks_mut(TOGETHER * s.answer()));
    images.zip(answers).for_each(|(images, (y, winners))| {
        let maps = Flex::float_matmul(w.clone(), columns(&s, images));
        pool(&s, slice(&maps), bias, y, winners);
    });
    let [height, width] = s.pooled();
    (tensor(y, [s.batch, s.outputs, height, width]), Arc::new(winners))
}

/// The largest of every four of `maps` `[out, images, map]` plus the bias, rectified, image by image; and which it was.
fn pool<T: Number>(s: &Sizes, maps: &[T], bias: &[T], y: &mut [T], winners: &mut [u8]) {
    let [map_height, map_width] = s.map();
    let [height, width] = s.pooled();
    let count = y.len() / s.answer();
    for (i, map) in maps.chunks_exact(map_height * map_width).enumerate() {
        let (output, image) = (i / count, i % count);
        let at = image * s.answer() + output * height * width;
        let (y, winners) = (&mut y[at..at + height * width], &mut winners[at..at + height * width]);
        let bands = map.chunks_exact(POOL * map_width);
        for ((y, winners), band) in y.chunks_exact_mut(width).zip(winners.chunks_exact_mut(width)).zip(bands) {
            let (upper, lower) = band.split_at(map_width);
            let pairs = upper.chunks_exact(POOL).zip(lower.chunks_exact(POOL));
            for ((y, winner), (upper, lower)) in y.iter_mut().zip(winners).zip(pairs) {
                let (top, above) = larger((upper[0], 0), (upper[1], 1));
                let (low, below) = larger((lower[0], 2), (lower[1], 3));
                let (most, which) = larger((top, above), (low, below));
                let value = most + bias[output];
                // A NaN passes, so that it is seen.
                let dead = value <= T::zero();
                *y = if dead { T::zero() } else { value };
                *winner = if dead { DEAD } else { which };
            }
        }
    }
}

/// The first where they are equal; a NaN where there is one.
pub(super) fn larger<T: Number>(a: (T, u8), b: (T, u8)) -> (T, u8) {
    if b.0 > a.0 || b.0.is_nan() { b } else { a }
}

/// Gradients of x (where wanted), w and b.
fn backward<T: Number>(
    x: &FlexTensor,
    w: &FlexTensor,
    winners: &[u8],
    gradient: &FlexTensor,
    wants_x: bool,
) -> (Option<FlexTensor>, FlexTensor, FlexTensor) {
    let s = Sizes::of(x, w);
    let (x, w, gradient) = (x.to_contiguous(), matrix(w, &s), gradient.to_contiguous());
    let back = w.transpose(0, 1);
    let mut dx = vec![T::default(); if wants_x { s.batch * s.image() } else { 0 }];
    // No chunk of dx where none is wanted.
    let mut of_images: Vec<Option<&mut [T]>> = if wants_x {
        dx.chunks_mut(TOGETHER * s.image()).map(Some).collect()
    } else {
        (0..s.batch.div_ceil(TOGETHER)).map(|_| None).collect()
    };
    let images = slice::<T>(&x).par_chunks(TOGETHER * s.image());
    let answers =
        slice::<T>(&gradient).par_chunks(TOGETHER * s.answer()).zip(winners.par_chunks(TOGETHER * s.answer()));
    let parts: Vec<(FlexTensor, Vec<T>)> = images
        .zip(answers)
        .zip(of_images.par_iter_mut())
        .map(|((images, (gradient, winners)), dx)| {
            let (maps, db) = unpool(&s, gradient, winners);
            if let Some(dx) = dx {
                let columns = Flex::float_matmul(back.clone(), maps.clone());
                add_columns(&s, slice(&columns), dx);
            }
            (Flex::float_matmul(maps, columns(&s, images).transpose(0, 1)), db)
        })
        .collect();
    // In the order of the images, whoever was done first.
    let (mut dw, mut db) = (vec![T::default(); s.outputs * s.window()], vec![T::default(); s.outputs]);
    for (w, b) in &parts {
        dw.iter_mut().zip(slice::<T>(w)).for_each(|(sum, part)| *sum += *part);
        db.iter_mut().zip(b).for_each(|(sum, part)| *sum += *part);
    }
    let dx = wants_x.then(|| tensor(dx, [s.batch, s.channels, s.height, s.width]));
    (dx, tensor(dw, [s.outputs, s.channels, s.kernel, s.kernel]), tensor(db, [s.outputs]))
}

/// The gradient of the maps `[out, images·map]`, zero but where a pool's winner stands, and its sums over each output.
fn unpool<T: Number>(s: &Sizes, gradient: &[T], winners: &[u8]) -> (FlexTensor, Vec<T>) {
    let [map_height, map_width] = s.map();
    let [height, width] = s.pooled();
    let count = gradient.len() / s.answer();
    let mut maps = vec![T::default(); s.outputs * count * map_height * map_width];
    let mut sums = vec![T::default(); s.outputs];
    for (i, map) in maps.chunks_exact_mut(map_height * map_width).enumerate() {
        let (output, image) = (i / count, i % count);
        let at = image * s.answer() + output * height * width;
        for y in 0..height {
            for x in 0..width {
                let (d, winner) = (gradient[at + y * width + x], usize::from(winners[at + y * width + x]));
                if winner < usize::from(DEAD) {
                    map[(POOL * y + winner / POOL) * map_width + POOL * x + winner % POOL] = d;
                    sums[output] += d;
                }
            }
        }
    }
    (tensor(maps, [s.outputs, count * map_height * map_width]), sums)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_tensor::Device;

    /// Numbers in (−1, 1) that repeat nowhere soon.
    fn numbers(n: usize, seed: f64) -> Vec<f64> {
        (0..n).map(|i| ((i as f64 + seed) * 12.9898).sin()).collect()
    }

    fn leaf<const D: usize>(shape: [usize; D], seed: f64, dtype: DType) -> Tensor<D> {
        let data = TensorData::new(numbers(shape.iter().product(), seed), shape);
        Tensor::from_data(data, (&Device::flex(), dtype)).autodiff().require_grad()
    }

    fn vector<const D: usize>(x: Tensor<D>) -> Vec<f64> {
        x.into_data().convert_dtype(DType::F64).try_into_vec().expect("converted to f64")
    }

    /// Value and gradients of a layer on odd sizes: 6 images are no multiple of [`TOGETHER`], 9 × 8 maps none of [`POOL`].
    fn all(how: impl Fn(Tensor<4>, Tensor<4>, Tensor<1>) -> Tensor<4>, dtype: DType) -> [Vec<f64>; 4] {
        let (x, w, b) = (leaf([6, 3, 13, 12], 0.1, dtype), leaf([5, 3, 5, 5], 0.7, dtype), leaf([5], 0.3, dtype));
        let y = how(x.clone(), w.clone(), b.clone());
        assert_eq!((y.dims(), y.dtype()), ([6, 5, 4, 4], dtype));
        let weights = leaf([6, 5, 4, 4], 2.0, dtype);
        let mut gradients = (y.clone() * weights.detach()).sum().backward();
        let mut gradient = |x: Tensor<4>| vector(x.grad_remove(&mut gradients).expect("it learns"));
        let (dx, dw) = (gradient(x), gradient(w));
        [vector(y), dx, dw, vector(b.grad_remove(&mut gradients).expect("it learns"))]
    }

    #[test]
    fn fused_and_one_by_one_agree_in_values_and_gradients() {
        // The halves against the three operations in f32, rounded at the end: the backend's own f16 sums in f16.
        let in_f32 = |x: Tensor<4>, w: Tensor<4>, b: Tensor<1>| {
            let dtype = x.dtype();
            one_by_one(x.cast(DType::F32), w.cast(DType::F32), b.cast(DType::F32)).cast(dtype)
        };
        for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 1e-5), (DType::BF16, 8e-3), (DType::F16, 1e-3)] {
            let single = if dtype == DType::F64 { all(one_by_one, dtype) } else { all(in_f32, dtype) };
            for (fused, single) in all(layer, dtype).iter().zip(single) {
                assert_eq!(fused.len(), single.len());
                let scale = single.iter().fold(0.0f64, |most, x| most.max(x.abs()));
                let error = fused.iter().zip(&single).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(scale > 0.0 && error <= tolerance * scale, "{dtype:?}: {error} of {scale}");
            }
        }
    }

    #[test]
    fn without_a_graph_the_values_are_the_same_to_the_bit() {
        let plain = |x: Tensor<4>, w: Tensor<4>, b: Tensor<1>| {
            let values = |x: Vec<f64>, like: [usize; 4]| -> Tensor<4> {
                Tensor::from_data(TensorData::new(x, like), (&Device::flex(), DType::F32))
            };
            let (x, w) = (values(vector(x), [6, 3, 13, 12]), values(vector(w), [5, 3, 5, 5]));
            layer(x, w, Tensor::from_data(TensorData::new(vector(b), [5]), (&Device::flex(), DType::F32)))
        };
        let (x, w, b) =
            (leaf([6, 3, 13, 12], 0.1, DType::F32), leaf([5, 3, 5, 5], 0.7, DType::F32), leaf([5], 0.3, DType::F32));
        assert_eq!(vector(plain(x.clone(), w.clone(), b.clone())), vector(layer(x, w, b)));
    }

    #[test]
    fn a_nan_passes_through() {
        let mut x = numbers(36, 0.0);
        x[7] = f64::NAN;
        let x: Tensor<4> = Tensor::from_data(TensorData::new(x, [1, 1, 6, 6]), (&Device::flex(), DType::F32));
        let y = layer(x, leaf([1, 1, 5, 5], 0.7, DType::F32), leaf([1], 0.3, DType::F32));
        assert!(vector(y).iter().any(|y| y.is_nan()));
    }
}
