//! Backbones: from images to feature vectors. Each is a struct whose fields are its parameters.

mod conv4;
mod lenet;
mod norm;
mod resnet;

pub use conv4::Conv4;
pub use lenet::{Affine, LeNet, SHARED_FEATURES};
pub use norm::{ConvNorm, Norm};
pub use resnet::{ResNet12, ResNet18};

use super::block::Moments;
use super::checkpoint::Visitor;
use super::optimiser::{Numbers, Parameter};
use super::pass::Pass;
use crate::formula::UnknownName;
use burn_tensor::Tensor;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A network from images to feature vectors.
pub trait Backbone: std::fmt::Debug + Send + Sync {
    /// Calls `f` for every parameter, in a fixed order; running statistics are parameters that do not learn.
    fn visit(&mut self, f: &mut dyn FnMut(&mut Parameter));
    /// Features `[batch, outputs]` of images `[batch, channels, side, side]`.
    fn forward(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<2>;
    /// Channels, height and width of the last map, whose numbers the features are in this order where nothing reduces it.
    fn map(&self) -> [usize; 3];
    /// Coordinates of a feature vector.
    fn outputs(&self) -> usize;
    fn boxed(&self) -> Box<dyn Backbone>;
}

impl Clone for Box<dyn Backbone> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}

/// What a backbone is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    pub channels: usize,
    pub side: usize,
    /// Channels of the last layer.
    pub dim: usize,
    /// What becomes of the last map.
    pub last: Last,
}

/// What becomes of the last map: kept as it is, kept larger, or reduced to one number a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Last {
    Flat,
    /// Kept, and of [`Conv4`] without its last two pools: four times as high and wide, as Sung et al. (2018) and Li et al. (2019)
    /// have it where they compare maps.
    Map,
    Max,
    Mean,
}

impl Last {
    /// Whether features are the numbers of the last map.
    pub fn keeps_the_map(self) -> bool {
        matches!(self, Last::Flat | Last::Map)
    }
    /// Coordinates for each channel of a last map of `side` × `side`.
    fn each(self, side: usize) -> usize {
        if self.keeps_the_map() { side * side } else { 1 }
    }
    /// `[batch, outputs]` of the last map.
    fn reduce(self, x: Tensor<4>) -> Tensor<2> {
        let [batch, channels, height, width] = x.dims();
        let flat = x.reshape([batch, channels, height * width]);
        match self {
            Last::Flat | Last::Map => flat.reshape([batch, channels * height * width]),
            _ if height * width == 1 => flat.reshape([batch, channels]),
            Last::Max => flat.max_dim(2).reshape([batch, channels]),
            Last::Mean => flat.mean_dim(2).reshape([batch, channels]),
        }
    }
}

/// Backbones that a recipe can name.
pub const NAMES: &[&str] = &["conv4", "resnet12", "resnet18"];

/// The backbone of a name, its parameters drawn from the seed.
pub fn backbone(name: &str, sight: Sight, draws: &mut Draws) -> Result<Box<dyn Backbone>, UnknownName> {
    match name {
        "conv4" => Ok(Box::new(Conv4::new(sight, draws))),
        "resnet12" => Ok(Box::new(ResNet12::new(sight, draws))),
        "resnet18" => Ok(Box::new(ResNet18::new(sight, draws))),
        _ => Err(UnknownName { what: "backbone", name: name.to_owned(), known: NAMES.to_vec() }),
    }
}

/// First values, from a seed alone: each parameter has a stream of its own, in the order in which they are asked for.
#[derive(Clone, Debug)]
pub struct Draws {
    seed: u64,
    stream: u64,
    /// Whether parameters are kept in f64.
    pub wide: bool,
}

impl Draws {
    pub fn new(seed: u64, wide: bool) -> Draws {
        Draws { seed, stream: 0, wide }
    }
    /// The draws of the same seed from a stream on.
    pub fn starting_at(self, stream: u64) -> Draws {
        Draws { stream, ..self }
    }
    /// Numbers uniform in ±1/√fan_in: Kaiming's rule with a = √5, as PyTorch has it, for biases too.
    pub fn uniform(&mut self, name: &str, shape: &[usize], fan_in: usize) -> Parameter {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(self.stream);
        self.stream += 1;
        let bound = (fan_in as f64).sqrt().recip();
        /// Random bits of a draw: those of an f64's fraction.
        const BITS: u32 = 53;
        let draw = |_| bound * (2.0 * ((random.next_u64() >> (64 - BITS)) as f64) / (1u64 << BITS) as f64 - 1.0);
        let values: Vec<f64> = (0..shape.iter().product()).map(draw).collect();
        Parameter::new(name, shape, self.numbers(values))
    }
    /// The same number everywhere.
    pub fn constant(&self, name: &str, n: usize, value: f64) -> Parameter {
        Parameter::new(name, &[n], self.numbers(vec![value; n]))
    }
    pub fn numbers(&self, values: Vec<f64>) -> Numbers {
        if self.wide { Numbers::F64(values) } else { Numbers::F32(values.into_iter().map(|x| x as f32).collect()) }
    }
}

/// How much of a running statistic a step replaces: PyTorch's default.
const MOMENTUM: f64 = 0.1;

/// Takes what the normalisations of a step saw into their running statistics, among the parameters that `visit` goes through; the variance as the estimate without bias.
pub fn absorb(visit: &mut dyn FnMut(Visitor), seen: &[(String, Moments)]) {
    visit(&mut |parameter| {
        let Some((layer, kind)) = parameter.name.rsplit_once('.') else { return };
        let Some((_, moments)) = seen.iter().find(|(name, _)| name == layer) else { return };
        let n = moments.count as f64;
        let new: Vec<f64> = match kind {
            norm::RUNNING_MEAN => moments.mean.clone(),
            norm::RUNNING_VARIANCE => moments.variance.iter().map(|v| v * n / (n - 1.0).max(1.0)).collect(),
            _ => return,
        };
        let mix = |old: f64, new: f64| old + MOMENTUM * (new - old);
        match &mut parameter.values {
            Numbers::F32(x) => x.iter_mut().zip(new).for_each(|(x, new)| *x = mix(f64::from(*x), new) as f32),
            Numbers::F64(x) => x.iter_mut().zip(new).for_each(|(x, new)| *x = mix(*x, new)),
        }
    });
}

/// The parameters of a backbone, copied.
pub fn parameters(backbone: &dyn Backbone) -> Vec<Parameter> {
    let (mut copy, mut all) = (backbone.boxed(), Vec::new());
    copy.visit(&mut |parameter| all.push(parameter.clone()));
    all
}

#[cfg(test)]
mod tests {
    use super::super::pass::Statistics;
    use super::*;
    use burn_tensor::{DType, Device, TensorData};

    fn images(side: usize, channels: usize, batch: usize) -> Tensor<4> {
        let n = batch * channels * side * side;
        let numbers: Vec<f32> = (0..n).map(|i| ((i as f32 + 0.3) * 12.9898).sin()).collect();
        Tensor::from_data(TensorData::new(numbers, [batch, channels, side, side]), (&Device::flex(), DType::F32))
    }

    #[test]
    fn every_backbone_gives_the_features_it_promises_and_a_gradient_to_every_parameter_that_learns() {
        let device = Device::flex();
        for (name, last) in [
            ("conv4", Last::Flat),
            ("conv4", Last::Map),
            ("conv4", Last::Max),
            ("resnet12", Last::Mean),
            ("resnet18", Last::Max),
        ] {
            let sight = Sight { channels: 3, side: 32, dim: 16, last };
            let net = backbone(name, sight, &mut Draws::new(1, false)).unwrap();
            let mut pass = Pass::new(&device, DType::F32, Statistics::Batch, true);
            let features = net.forward(images(32, 3, 4), &mut pass);
            assert_eq!(features.dims(), [4, net.outputs()], "{name} {last:?}");
            if last.keeps_the_map() {
                assert_eq!(net.map().iter().product::<usize>(), net.outputs(), "{name} {last:?}");
            }
            let passed = pass.done();
            let gradients = passed.gradients(&(features.clone() * features).sum(), 1.0);
            for parameter in parameters(&*net) {
                assert_eq!(gradients.contains_key(&parameter.name), parameter.learns, "{name} {}", parameter.name);
                if let Some(gradient) = gradients.get(&parameter.name) {
                    assert_eq!(gradient.len(), parameter.values.len());
                    assert!(gradient.to_f64().iter().any(|g| *g != 0.0), "{name} {}", parameter.name);
                }
            }
        }
    }

    #[test]
    fn running_statistics_follow_the_batches_and_normalise_when_asked() {
        let device = Device::flex();
        let sight = Sight { channels: 1, side: 16, dim: 4, last: Last::Flat };
        let mut net = backbone("conv4", sight, &mut Draws::new(1, true)).unwrap();
        let batch = images(16, 1, 6).cast(DType::F64);
        let run = |net: &dyn Backbone, statistics| {
            let mut pass = Pass::new(&device, DType::F64, statistics, false);
            let y = net.forward(batch.clone(), &mut pass);
            (y.into_data().try_into_vec::<f64>().unwrap(), pass.done().seen)
        };
        let (by_batch, seen) = run(&*net, Statistics::Batch);
        assert_eq!(seen.len(), 4);
        // The running statistics come as near as one likes: of one batch again and again they become its own.
        let apart = |net: &dyn Backbone| {
            let (y, seen) = run(net, Statistics::Running);
            assert!(seen.is_empty());
            y.iter().zip(&by_batch).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        };
        let at_first = apart(&*net);
        (0..200).for_each(|_| absorb(&mut |f| net.visit(f), &seen));
        // The unbiased variance of the last map's few pixels remains.
        assert!(apart(&*net) < 0.3 * at_first, "{} of {at_first}", apart(&*net));
        let mean = parameters(&*net).into_iter().find(|p| p.name == "block1.norm.mean").unwrap().values.to_f64();
        assert!(mean.iter().zip(&seen[0].1.mean).all(|(a, b)| (a - b).abs() < 1e-8), "{mean:?}");
    }
}
