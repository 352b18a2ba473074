//! Convolution 3×3 (or 1×1) with its borders padded, batch normalisation, rectification and pooling as one operation of the
//! graph: max_{s×s} relu(γ (w ∗ x − μ)/√(σ² + ε) + β).
//!
//! In training μ and σ² are the batch's; they are gathered while the convolution is written, a few images at a time. What is
//! kept for the way back is the convolution's map and which pixel won each window: the columns are made again, which costs
//! less than keeping nine copies of every image. Sums go by constant chunks of images, so that they are the same whatever the
//! number of threads. In f16 and bf16 all is kept in f32 and rounded at the end. Other devices get products of matrices.
//!
//! Ioffe & Szegedy (2015), Algorithms 1 and 2.

use super::layer::{DEAD, Number, add, copy, fused, larger, slice, tensor};
use super::product::{convolution, max_of_squares};
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::NoCheckpointing;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};
use burn_backend::TensorMetadata;
use burn_backend::ops::FloatTensorOps;
use burn_backend::tensor::FloatTensor;
use burn_flex::{Flex, FlexTensor};
use burn_tensor::activation::relu;
use burn_tensor::module::{conv2d, max_pool2d};
use burn_tensor::ops::{ConvOptions, MaxPoolOptions};
use burn_tensor::{DType, Shape, Tensor};
use rayon::prelude::*;
use std::sync::Arc;

/// ε, added to a variance: PyTorch's default, which the released code keeps.
pub const EPSILON: f64 = 1e-5;
/// Pixels whose columns go through a product together: their columns (at 64 channels about a megabyte) stay in the cache.
const PIXELS: usize = 512;

/// What follows the normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Then {
    pub relu: bool,
    /// Side and stride of the pool's window: 1 (none) or 2.
    pub pool: usize,
}

/// Mean and variance of each channel, in f64.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    pub mean: Vec<f64>,
    /// Mean square of the distance from the mean.
    pub variance: Vec<f64>,
    /// How many numbers of a channel they are of.
    pub count: usize,
}

/// The operation on x `[batch, in, height, width]`, w `[out, in, k, k]` (k odd, stride 1, k/2 pixels of border), γ and β `[out]`:
/// `[batch, out, height/s, width/s]`, rounded down. `known`: the moments to normalise by; without them, the batch's, which come
/// back.
pub fn block(
    x: Tensor<4>,
    w: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    then: Then,
    known: Option<&Moments>,
) -> (Tensor<4>, Option<Moments>) {
    let dtype = x.dtype();
    if matches!(dtype, DType::F16 | DType::BF16) && fused(&x) {
        let wide = DType::F32;
        let (y, moments) = block(x.cast(wide), w.cast(wide), gamma.cast(wide), beta.cast(wide), then, known);
        return (y.cast(dtype), moments);
    }
    // A known moment is a constant: its own way back would be another operation, which no run takes.
    let tracked = x.is_autodiff() || w.is_autodiff();
    match (dtype, fused(&x), tracked, known) {
        (_, true, true, Some(_)) => one_by_one(x, w, gamma, beta, then, known),
        (_, false, _, _) => by_products(x, w, gamma, beta, then, known),
        (DType::F32, true, _, _) => on_flex::<f32>(x, w, gamma, beta, then, known),
        (DType::F64, true, _, _) => on_flex::<f64>(x, w, gamma, beta, then, known),
        _ => one_by_one(x, w, gamma, beta, then, known),
    }
}

/// The operations as the backend has them.
pub fn one_by_one(
    x: Tensor<4>,
    w: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    then: Then,
    known: Option<&Moments>,
) -> (Tensor<4>, Option<Moments>) {
    let border = w.dims()[2] / 2;
    let map = conv2d(x, w, None, ConvOptions::new([1, 1], [border, border], [1, 1], 1));
    after(map, gamma, beta, then, known, |y| max_pool2d(y, MaxPoolOptions::new([then.pool; 2])))
}

/// The operations as products of matrices.
fn by_products(
    x: Tensor<4>,
    w: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    then: Then,
    known: Option<&Moments>,
) -> (Tensor<4>, Option<Moments>) {
    after(convolution(x, w), gamma, beta, then, known, max_of_squares)
}

/// What follows the convolution.
fn after(
    map: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    then: Then,
    known: Option<&Moments>,
    pool: impl FnOnce(Tensor<4>) -> Tensor<4>,
) -> (Tensor<4>, Option<Moments>) {
    let (y, moments) = normalise(map, gamma, beta, known);
    let y = if then.relu { relu(y) } else { y };
    (if then.pool > 1 { pool(y) } else { y }, moments)
}

/// γ (x − μ)/√(σ² + ε) + β, channel by channel, and the batch's moments where none are known.
pub fn normalise(
    x: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    known: Option<&Moments>,
) -> (Tensor<4>, Option<Moments>) {
    let [batch, channels, height, width] = x.dims();
    let (device, dtype) = (x.device().inner(), x.dtype());
    let shape = [1, channels, 1, 1];
    let constant = |numbers: &[f64]| -> Tensor<4> {
        let data = burn_tensor::TensorData::new(numbers.to_vec(), shape).convert_dtype(dtype);
        Tensor::from_data(data, (&device, dtype))
    };
    let (mean, variance, found) = match known {
        Some(known) => (constant(&known.mean), constant(&known.variance), None),
        None => {
            let count = batch * height * width;
            // `[1, channels, 1, 1]` of `[batch, channels, height, width]`.
            let over = |x: Tensor<4>| x.mean_dim(3).mean_dim(2).mean_dim(0);
            let mean = over(x.clone());
            let centred = x.clone() - mean.clone();
            let variance = over(centred.clone() * centred);
            let numbers = |x: &Tensor<4>| -> Vec<f64> {
                x.to_data().convert_dtype(DType::F64).try_into_vec().expect("converted to f64")
            };
            let moments = Moments { mean: numbers(&mean), variance: numbers(&variance), count };
            (mean, variance, Some(moments))
        }
    };
    let scale = gamma.reshape(shape) / variance.add_scalar(EPSILON).sqrt();
    ((x - mean) * scale + beta.reshape(shape), found)
}

fn on_flex<T: Number>(
    x: Tensor<4>,
    w: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    then: Then,
    known: Option<&Moments>,
) -> (Tensor<4>, Option<Moments>) {
    let kind = "a tensor on the CPU backend";
    if !(x.is_autodiff() || w.is_autodiff() || gamma.is_autodiff() || beta.is_autodiff()) {
        let four = |x: Tensor<4>| x.try_into_primitive::<Flex>().expect(kind);
        let one = |x: Tensor<1>| x.try_into_primitive::<Flex>().expect(kind);
        let (y, _, moments) = forward::<T>(&four(x), &four(w), &one(gamma), &one(beta), then, known);
        return (Tensor::from_primitive::<Flex>(y), known.is_none().then_some(moments));
    }
    let four = |x: Tensor<4>| -> FloatTensor<Autodiff<Flex>> {
        x.autodiff().try_into_primitive::<Autodiff<Flex>>().expect(kind)
    };
    let one = |x: Tensor<1>| -> FloatTensor<Autodiff<Flex>> {
        x.autodiff().try_into_primitive::<Autodiff<Flex>>().expect(kind)
    };
    let (x, w, gamma, beta) = (four(x), four(w), one(gamma), one(beta));
    let nodes = [x.node(), w.node(), gamma.node(), beta.node()];
    let (y, kept, moments) =
        forward::<T>(x.primitive(), w.primitive(), gamma.primitive(), beta.primitive(), then, None);
    let y = match Block::<T>::default().prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(graph) => {
            graph.finish((x.into_primitive(), w.into_primitive(), gamma.into_primitive(), kept), y)
        }
        OpsKind::UnTracked(graph) => graph.finish(y),
    };
    (Tensor::from_primitive::<Autodiff<Flex>>(y), Some(moments))
}

#[derive(Clone, Copy, Debug, Default)]
struct Block<T>(std::marker::PhantomData<T>);

/// What the way back needs.
#[derive(Clone, Debug)]
struct Kept {
    /// The convolution's map by chunks of images, `[out, images·height·width]` each.
    maps: Arc<Vec<FlexTensor>>,
    /// Which pixel of each window won, or [`DEAD`].
    winners: Arc<Vec<u8>>,
    /// μ and 1/√(σ² + ε).
    mean: Vec<f64>,
    inverse: Vec<f64>,
    pool: usize,
}

impl<T: Number> Backward<Flex, 4> for Block<T> {
    /// x, w, γ and the rest.
    type State = (FlexTensor, FlexTensor, FlexTensor, Kept);

    fn backward(self, ops: Ops<Self::State, 4>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let (x, w, gamma, kept) = ops.state;
        let [of_x, of_w, of_gamma, of_beta] = ops.parents;
        let answer = backward::<T>(&x, &w, &gamma, &kept, &gradient, of_x.is_some());
        let Back { x, w, gamma, beta } = answer;
        for (node, gradient) in [(of_x, x), (of_w, Some(w)), (of_gamma, Some(gamma)), (of_beta, Some(beta))] {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                gradients.register::<Flex>(node.id, gradient);
            }
        }
    }
}

/// The sizes of a block.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    batch: usize,
    channels: usize,
    height: usize,
    width: usize,
    outputs: usize,
    kernel: usize,
    pool: usize,
}

impl Sizes {
    fn of(x: &FlexTensor, w: &FlexTensor, pool: usize) -> Sizes {
        let [batch, channels, height, width] = x.shape().dims();
        let [outputs, _, kernel, _] = w.shape().dims();
        Sizes { batch, channels, height, width, outputs, kernel, pool }
    }
    fn pooled(&self) -> [usize; 2] {
        [self.height / self.pool, self.width / self.pool]
    }
    /// Pixels of a map, numbers of an image and of its answer, and of one window.
    fn map(&self) -> usize {
        self.height * self.width
    }
    fn image(&self) -> usize {
        self.channels * self.map()
    }
    fn answer(&self) -> usize {
        self.outputs * self.pooled().iter().product::<usize>()
    }
    fn window(&self) -> usize {
        self.channels * self.kernel * self.kernel
    }
    /// Images that go through together.
    fn together(&self) -> usize {
        (PIXELS / self.map()).max(1)
    }
    /// The rows y of the map that a shift by `down` rows reads inside of the image, as they are in the map.
    fn inside(&self, length: usize, shift: usize) -> std::ops::Range<usize> {
        let border = self.kernel / 2;
        border.saturating_sub(shift)..length.min(length + border - shift)
    }
}

/// The windows of `images`, one a column: `[channels·k·k, images·height·width]`; the border is 0.
fn columns<T: Number>(s: &Sizes, images: &[T]) -> FlexTensor {
    let count = images.len() / s.image();
    let (border, map) = (s.kernel / 2, s.map());
    let mut columns = vec![T::default(); s.window() * count * map];
    let mut rows = columns.chunks_exact_mut(count * map);
    for channel in 0..s.channels {
        for (down, right) in shifts(s) {
            let row = rows.next().expect("a row of each window");
            let (ys, xs) = (s.inside(s.height, down), s.inside(s.width, right));
            for (row, image) in row.chunks_exact_mut(map).zip(images.chunks_exact(s.image())) {
                let plane = &image[channel * map..(channel + 1) * map];
                for y in ys.clone() {
                    let from = (y + down - border) * s.width + xs.start + right - border;
                    copy(&mut row[y * s.width + xs.start..y * s.width + xs.end], &plane[from..from + xs.len()]);
                }
            }
        }
    }
    tensor(columns, [s.window(), count * map])
}

/// Adds every column back to the window that it came from.
fn add_columns<T: Number>(s: &Sizes, columns: &[T], images: &mut [T]) {
    let count = images.len() / s.image();
    let (border, map) = (s.kernel / 2, s.map());
    let mut rows = columns.chunks_exact(count * map);
    for channel in 0..s.channels {
        for (down, right) in shifts(s) {
            let row = rows.next().expect("a row of each window");
            let (ys, xs) = (s.inside(s.height, down), s.inside(s.width, right));
            for (row, image) in row.chunks_exact(map).zip(images.chunks_exact_mut(s.image())) {
                let plane = &mut image[channel * map..(channel + 1) * map];
                for y in ys.clone() {
                    let from = (y + down - border) * s.width + xs.start + right - border;
                    add(&mut plane[from..from + xs.len()], &row[y * s.width + xs.start..y * s.width + xs.end]);
                }
            }
        }
    }
}

fn shifts(s: &Sizes) -> impl Iterator<Item = (usize, usize)> + use<> {
    let kernel = s.kernel;
    (0..kernel).flat_map(move |down| (0..kernel).map(move |right| (down, right)))
}

/// w as a matrix `[out, in·k·k]`.
fn matrix(w: &FlexTensor, s: &Sizes) -> FlexTensor {
    w.to_contiguous().reshape(Shape::new([s.outputs, s.window()]))
}

/// Numbers that are summed side by side.
const LANES: usize = 16;

/// Sum of `f(x)` in [`LANES`] partial sums.
fn sum<T: Number>(numbers: &[T], f: impl Fn(T) -> T) -> f64 {
    let mut lanes = [T::default(); LANES];
    let (whole, rest) = numbers.as_chunks::<LANES>();
    for chunk in whole {
        lanes.iter_mut().zip(chunk).for_each(|(lane, x)| *lane += f(*x));
    }
    let end: T = rest.iter().map(|x| f(*x)).sum();
    lanes.iter().map(|x| f64_of(*x)).sum::<f64>() + f64_of(end)
}

fn f64_of<T: Number>(x: T) -> f64 {
    num_traits::ToPrimitive::to_f64(&x).expect("f32 and f64 are")
}
fn of_f64<T: Number>(x: f64) -> T {
    T::from(x).expect("an f64 rounds to either")
}

/// Of each row of a map: its mean, and the sum of squared distances from it.
type RowMoments = Vec<(f64, f64)>;

/// Mean and sum of squared distances from it of each row of a map, by two passes over what the cache still holds.
fn row_moments<T: Number>(map: &[T], outputs: usize) -> RowMoments {
    let n = map.len() / outputs;
    let moments = |row: &[T]| {
        let mean = sum(row, |x| x) / n as f64;
        let about: T = of_f64(mean);
        (mean, sum(row, |x| (x - about) * (x - about)))
    };
    map.chunks_exact(n).map(moments).collect()
}

/// The moments of the whole from those of its parts, in the order of the parts. Chan, Golub & LeVeque (1983).
fn together(parts: &[(usize, RowMoments)], outputs: usize) -> Moments {
    let (mut mean, mut squares, mut count) = (vec![0.0; outputs], vec![0.0; outputs], 0usize);
    for (n, part) in parts {
        let (a, b) = (count as f64, *n as f64);
        for ((mean, squares), (other, others)) in mean.iter_mut().zip(&mut squares).zip(part) {
            let apart = other - *mean;
            *mean += apart * b / (a + b);
            *squares += others + apart * apart * a * b / (a + b);
        }
        count += n;
    }
    let variance = squares.iter().map(|sum| sum / count as f64).collect();
    Moments { mean, variance, count }
}

fn forward<T: Number>(
    x: &FlexTensor,
    w: &FlexTensor,
    gamma: &FlexTensor,
    beta: &FlexTensor,
    then: Then,
    known: Option<&Moments>,
) -> (FlexTensor, Kept, Moments) {
    let s = Sizes::of(x, w, then.pool);
    let (x, w) = (x.to_contiguous(), matrix(w, &s));
    let (gamma, beta) = (gamma.to_contiguous(), beta.to_contiguous());
    let factors = |moments: &Moments| -> (Vec<f64>, Vec<T>, Vec<T>) {
        let inverse: Vec<f64> = moments.variance.iter().map(|v| (v + EPSILON).sqrt().recip()).collect();
        let a: Vec<f64> = slice::<T>(&gamma).iter().zip(&inverse).map(|(g, i)| f64_of(*g) * i).collect();
        let b = slice::<T>(&beta).iter().zip(&a).zip(&moments.mean).map(|((b, a), m)| of_f64(f64_of(*b) - a * m));
        let b = b.collect();
        (inverse, a.into_iter().map(of_f64).collect(), b)
    };
    let chunk = s.together();
    let mut y = vec![T::default(); s.batch * s.answer()];
    let images = slice::<T>(&x).par_chunks(chunk * s.image());
    let product = |images: &[T]| Flex::float_matmul(w.clone(), columns(&s, images));
    let [height, width] = s.pooled();
    let shape = [s.batch, s.outputs, height, width];
    if let Some(known) = known {
        let (inverse, a, b) = factors(known);
        images.zip(y.par_chunks_mut(chunk * s.answer())).for_each(|(images, y)| {
            let map = product(images);
            let mut winners = vec![DEAD; y.len()];
            finish(&s, then, slice(&map), (&a, &b), y, &mut winners);
        });
        let kept =
            Kept { maps: Arc::default(), winners: Arc::default(), mean: known.mean.clone(), inverse, pool: then.pool };
        return (tensor(y, shape), kept, known.clone());
    }
    let (maps, parts): (Vec<FlexTensor>, Vec<(usize, RowMoments)>) = images
        .map(|images| {
            let map = product(images);
            let moments = row_moments::<T>(slice(&map), s.outputs);
            (map, (images.len() / s.image() * s.map(), moments))
        })
        .unzip();
    let moments = together(&parts, s.outputs);
    let (inverse, a, b) = factors(&moments);
    let mut winners = vec![DEAD; y.len()];
    let answers = y.par_chunks_mut(chunk * s.answer()).zip(winners.par_chunks_mut(chunk * s.answer()));
    maps.par_iter().zip(answers).for_each(|(map, (y, winners))| finish(&s, then, slice(map), (&a, &b), y, winners));
    let kept =
        Kept { maps: Arc::new(maps), winners: Arc::new(winners), mean: moments.mean.clone(), inverse, pool: then.pool };
    (tensor(y, shape), kept, moments)
}

/// a·map + b of each channel, the largest of each window, rectified; and which pixel it was.
fn finish<T: Number>(s: &Sizes, then: Then, map: &[T], (a, b): (&[T], &[T]), y: &mut [T], winners: &mut [u8]) {
    let [height, width] = s.pooled();
    let count = y.len() / s.answer();
    // A NaN is alive.
    let dead = |value: T| then.relu && value <= T::zero();
    for (i, map) in map.chunks_exact(s.map()).enumerate() {
        let (output, image) = (i / count, i % count);
        let at = image * s.answer() + output * height * width;
        let (y, winners) = (&mut y[at..at + height * width], &mut winners[at..at + height * width]);
        let (a, b) = (a[output], b[output]);
        if s.pool == 1 {
            for ((y, winner), x) in y.iter_mut().zip(winners).zip(map) {
                let value = a * *x + b;
                (*y, *winner) = if dead(value) { (T::zero(), DEAD) } else { (value, 0) };
            }
            continue;
        }
        let bands = map.chunks_exact(2 * s.width);
        for ((y, winners), band) in y.chunks_exact_mut(width).zip(winners.chunks_exact_mut(width)).zip(bands) {
            let (upper, lower) = band.split_at(s.width);
            let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
            for ((y, winner), (upper, lower)) in y.iter_mut().zip(winners).zip(pairs) {
                let (top, above) = larger((a * upper[0] + b, 0), (a * upper[1] + b, 1));
                let (low, below) = larger((a * lower[0] + b, 2), (a * lower[1] + b, 3));
                let (value, which) = larger((top, above), (low, below));
                // A NaN passes, so that it is seen.
                (*y, *winner) = if dead(value) { (T::zero(), DEAD) } else { (value, which) };
            }
        }
    }
}

/// The gradients of the inputs, x's where it is wanted.
struct Back {
    x: Option<FlexTensor>,
    w: FlexTensor,
    gamma: FlexTensor,
    beta: FlexTensor,
}

/// The pixel of a map that window `(y, x)`'s winner is.
fn place(s: &Sizes, y: usize, x: usize, winner: u8) -> usize {
    let winner = usize::from(winner);
    (s.pool * y + winner / s.pool) * s.width + s.pool * x + winner % s.pool
}

/// Calls `f(output, pixel of the map's row, gradient)` for every winner of a chunk.
fn winners_of<T: Number>(s: &Sizes, gradient: &[T], winners: &[u8], mut f: impl FnMut(usize, usize, T)) {
    let [height, width] = s.pooled();
    let count = gradient.len() / s.answer();
    for i in 0..s.outputs * count {
        let (output, image) = (i / count, i % count);
        let at = image * s.answer() + output * height * width;
        for y in 0..height {
            let row = at + y * width..at + (y + 1) * width;
            for (x, (d, winner)) in gradient[row.clone()].iter().zip(&winners[row]).enumerate() {
                if *winner < DEAD {
                    f(output, i * s.map() + place(s, y, x, *winner), *d);
                }
            }
        }
    }
}

fn backward<T: Number>(
    x: &FlexTensor,
    w: &FlexTensor,
    gamma: &FlexTensor,
    kept: &Kept,
    gradient: &FlexTensor,
    wants_x: bool,
) -> Back {
    let s = Sizes::of(x, w, kept.pool);
    let (x, w, gradient, gamma) = (x.to_contiguous(), matrix(w, &s), gradient.to_contiguous(), gamma.to_contiguous());
    let back = w.transpose(0, 1);
    let chunk = s.together();
    let answers =
        || slice::<T>(&gradient).par_chunks(chunk * s.answer()).zip(kept.winners.par_chunks(chunk * s.answer()));
    let constants: Vec<(T, T)> =
        kept.mean.iter().zip(&kept.inverse).map(|(mean, inverse)| (of_f64(*mean), of_f64(*inverse))).collect();

    // Sums over the batch: of the gradient, and of the gradient times the normalised map.
    let sums: Vec<(Vec<T>, Vec<T>)> = kept
        .maps
        .par_iter()
        .zip(answers())
        .map(|(map, (gradient, winners))| {
            let map = slice::<T>(map);
            let (mut beta, mut gamma) = (vec![T::default(); s.outputs], vec![T::default(); s.outputs]);
            winners_of(&s, gradient, winners, |output, pixel, d| {
                let (mean, inverse) = constants[output];
                beta[output] += d;
                gamma[output] += d * ((map[pixel] - mean) * inverse);
            });
            (beta, gamma)
        })
        .collect();
    let (mut beta_sum, mut gamma_sum) = (vec![0.0f64; s.outputs], vec![0.0f64; s.outputs]);
    for (beta, gamma) in &sums {
        beta_sum.iter_mut().zip(beta).for_each(|(sum, x)| *sum += f64_of(*x));
        gamma_sum.iter_mut().zip(gamma).for_each(|(sum, x)| *sum += f64_of(*x));
    }
    // d map = a (d − (Σd + x̂ Σd x̂)/n) = a d + p + q map, with a = γ/σ.
    let n = (s.batch * s.map()) as f64;
    let lines: Vec<(T, T, T)> = (0..s.outputs)
        .map(|o| {
            let (mean, inverse) = (kept.mean[o], kept.inverse[o]);
            let a = f64_of(slice::<T>(&gamma)[o]) * inverse;
            let q = -a * inverse * gamma_sum[o] / n;
            (of_f64(a), of_f64(-a * beta_sum[o] / n - q * mean), of_f64(q))
        })
        .collect();

    let mut dx = vec![T::default(); if wants_x { s.batch * s.image() } else { 0 }];
    // No chunk of dx where none is wanted.
    let mut of_images: Vec<Option<&mut [T]>> = if wants_x {
        dx.chunks_mut(chunk * s.image()).map(Some).collect()
    } else {
        (0..s.batch.div_ceil(chunk)).map(|_| None).collect()
    };
    let parts: Vec<FlexTensor> = slice::<T>(&x)
        .par_chunks(chunk * s.image())
        .zip(kept.maps.par_iter())
        .zip(answers())
        .zip(of_images.par_iter_mut())
        .map(|(((images, map), (gradient, winners)), dx)| {
            let width = map.shape().num_elements() / s.outputs;
            let mut maps: Vec<T> = Vec::with_capacity(s.outputs * width);
            for (row, (_, p, q)) in slice::<T>(map).chunks_exact(width).zip(&lines) {
                maps.extend(row.iter().map(|x| *p + *q * *x));
            }
            winners_of(&s, gradient, winners, |output, pixel, d| maps[pixel] += lines[output].0 * d);
            let maps = tensor(maps, [s.outputs, width]);
            if let Some(dx) = dx {
                let columns = Flex::float_matmul(back.clone(), maps.clone());
                add_columns(&s, slice(&columns), dx);
            }
            Flex::float_matmul(maps, columns(&s, images).transpose(0, 1))
        })
        .collect();
    // In the order of the images, whoever was done first.
    let mut dw = vec![T::default(); s.outputs * s.window()];
    for part in &parts {
        add(&mut dw, slice::<T>(part));
    }
    let vector = |sums: &[f64]| tensor(sums.iter().map(|x| of_f64::<T>(*x)).collect(), [s.outputs]);
    Back {
        x: wants_x.then(|| tensor(dx, [s.batch, s.channels, s.height, s.width])),
        w: tensor(dw, [s.outputs, s.channels, s.kernel, s.kernel]),
        gamma: vector(&gamma_sum),
        beta: vector(&beta_sum),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_tensor::{Device, TensorData};

    /// Numbers in (−1, 1) that repeat nowhere soon.
    fn leaf<const D: usize>(shape: [usize; D], seed: f64, dtype: DType) -> Tensor<D> {
        let n = shape.iter().product::<usize>();
        let numbers: Vec<f64> = (0..n).map(|i| ((i as f64 + seed) * 12.9898).sin()).collect();
        Tensor::from_data(TensorData::new(numbers, shape), (&Device::flex(), dtype)).autodiff().require_grad()
    }

    fn vector<const D: usize>(x: Tensor<D>) -> Vec<f64> {
        x.into_data().convert_dtype(DType::F64).try_into_vec().expect("converted to f64")
    }

    type How = fn(Tensor<4>, Tensor<4>, Tensor<1>, Tensor<1>, Then, Option<&Moments>) -> (Tensor<4>, Option<Moments>);

    /// Value, moments and gradients on odd sizes: maps of 9 × 7 are no multiple of 2, 11 images none of a chunk of 8.
    fn all(how: How, then: Then, kernel: usize, dtype: DType) -> Vec<Vec<f64>> {
        let x = leaf([11, 3, 9, 7], 0.1, dtype);
        let w = leaf([5, 3, kernel, kernel], 0.7, dtype);
        // γ of both signs.
        let (gamma, beta) = (leaf([5], 0.3, dtype), leaf([5], 0.9, dtype));
        let (y, moments) = how(x.clone(), w.clone(), gamma.clone(), beta.clone(), then, None);
        let moments = moments.expect("the batch's");
        assert_eq!((y.dtype(), moments.count), (dtype, 11 * 63));
        let weights = leaf(y.dims(), 2.0, dtype);
        let mut gradients = (y.clone() * weights.detach()).sum().backward();
        let mut four = |x: Tensor<4>| vector(x.grad_remove(&mut gradients).expect("it learns"));
        let (dx, dw) = (four(x), four(w));
        let mut one = |x: Tensor<1>| vector(x.grad_remove(&mut gradients).expect("it learns"));
        let (dgamma, dbeta) = (one(gamma), one(beta));
        vec![vector(y), moments.mean, moments.variance, dx, dw, dgamma, dbeta]
    }

    #[test]
    fn fused_one_by_one_and_by_products_agree_in_values_moments_and_gradients() {
        for (dtype, tolerance) in [(DType::F64, 1e-11), (DType::F32, 1e-4)] {
            for then in [Then { relu: true, pool: 2 }, Then { relu: true, pool: 1 }, Then { relu: false, pool: 1 }] {
                for kernel in [1, 3] {
                    let single = all(one_by_one, then, kernel, DType::F64);
                    let (fused, products) = (all(block, then, kernel, dtype), all(by_products, then, kernel, dtype));
                    for (i, (found, single)) in
                        fused.iter().zip(&single).chain(products.iter().zip(&single)).enumerate()
                    {
                        assert_eq!(found.len(), single.len());
                        let scale = single.iter().fold(0.0f64, |most, x| most.max(x.abs()));
                        let error = found.iter().zip(single).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                        assert!(error <= tolerance * scale, "{dtype:?} {then:?} {kernel} part {i}: {error} of {scale}");
                    }
                }
            }
        }
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let then = Then { relu: true, pool: 2 };
        let shapes: [(&str, usize); 4] = [("x", 2 * 2 * 16), ("w", 3 * 2 * 9), ("gamma", 3), ("beta", 3)];
        let numbers = |n: usize, seed: f64| -> Vec<f64> { (0..n).map(|i| ((i as f64 + seed) * 7.13).sin()).collect() };
        let given: Vec<Vec<f64>> = shapes.iter().enumerate().map(|(i, (_, n))| numbers(*n, i as f64 + 0.2)).collect();
        let make = |given: &[Vec<f64>]| {
            let on = |i: usize| TensorData::new(given[i].clone(), [given[i].len()]);
            let one = |i: usize| -> Tensor<1> { Tensor::from_data(on(i), (&Device::flex(), DType::F64)) };
            (one(0).reshape([2, 2, 4, 4]), one(1).reshape([3, 2, 3, 3]), one(2), one(3))
        };
        let weights = numbers(2 * 3 * 4, 5.5);
        let value = |given: &[Vec<f64>]| -> f64 {
            let (x, w, gamma, beta) = make(given);
            vector(block(x, w, gamma, beta, then, None).0).iter().zip(&weights).map(|(y, w)| y * w).sum()
        };
        let (x, w, gamma, beta) = make(&given);
        let (x, w) = (x.autodiff().require_grad(), w.autodiff().require_grad());
        let (gamma, beta) = (gamma.autodiff().require_grad(), beta.autodiff().require_grad());
        let (y, _) = block(x.clone(), w.clone(), gamma.clone(), beta.clone(), then, None);
        let of_y: Tensor<4> =
            Tensor::from_data(TensorData::new(weights.clone(), [2, 3, 2, 2]), (&Device::flex(), DType::F64));
        let mut all = (y * of_y).sum().backward();
        let found = [
            vector(x.grad_remove(&mut all).unwrap()),
            vector(w.grad_remove(&mut all).unwrap()),
            vector(gamma.grad_remove(&mut all).unwrap()),
            vector(beta.grad_remove(&mut all).unwrap()),
        ];
        // A step small beside the distance to the next winner, large beside f64's rounding of the sum.
        const STEP: f64 = 1e-6;
        for (i, (name, n)) in shapes.iter().enumerate() {
            for j in 0..*n {
                let at = |step: f64| {
                    let mut moved = given.clone();
                    moved[i][j] += step;
                    value(&moved)
                };
                let slope = (at(STEP) - at(-STEP)) / (2.0 * STEP);
                assert!((slope - found[i][j]).abs() < 1e-6, "{name}[{j}]: {slope} and {}", found[i][j]);
            }
        }
    }

    #[test]
    fn with_known_moments_the_values_are_those_of_the_single_operations() {
        let known = Moments { mean: vec![0.3, -0.2], variance: vec![0.5, 2.0], count: 1 };
        let plain = |shape: [usize; 4], seed| leaf(shape, seed, DType::F64).inner();
        let (x, w) = (plain([3, 1, 6, 6], 0.4), plain([2, 1, 3, 3], 0.6));
        let (gamma, beta) = (leaf([2], 0.1, DType::F64).inner(), leaf([2], 0.8, DType::F64).inner());
        let then = Then { relu: true, pool: 2 };
        let run = |how: How| {
            let (y, found) = how(x.clone(), w.clone(), gamma.clone(), beta.clone(), then, Some(&known));
            assert!(found.is_none());
            vector(y)
        };
        for (a, b) in run(block).iter().zip(run(one_by_one)) {
            assert!((a - b).abs() < 1e-13, "{a} {b}");
        }
    }
}
