//! The paper's LeNet: conv(1→20,5), pool, conv(20→50,5), pool, fc 800→500, fc 500→n, and the head. PAPER: Khrulkov et al.
//! (2020), section 5.

use super::head::{Head, Planes, Stages};
use super::layer::layer;
use super::optimiser::{Numbers, Parameter};
use super::recipe::{Recipe, RecipeError, Trained};
use crate::data::SIDE;
use burn_tensor::activation::relu;
use burn_tensor::{DType, Device, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Mean and standard deviation of MNIST's training pixels (0 to 1), by which every input is normalised.
const PIXEL_MEAN: f32 = 0.1307;
const PIXEL_DEVIATION: f32 = 0.3081;
/// The brightest pixel.
const WHITE: f32 = 255.0;

/// Outputs of the layer before the last: the features that every head shares.
pub const SHARED_FEATURES: usize = 500;
const KERNEL: usize = 5;
const CHANNELS: [usize; 3] = [1, 20, 50];
/// What is left of [`SIDE`] after two convolutions and two pools, in pixels.
const LEFT: usize = after_layer(after_layer(SIDE));
const fn after_layer(side: usize) -> usize {
    let lost = KERNEL - 1;
    (side - lost) / 2
}
const FLAT: usize = CHANNELS[2] * LEFT * LEFT;

/// The parameters and what they are put through.
#[derive(Clone, Debug)]
pub struct Network {
    pub parameters: Vec<Parameter>,
    pub head: Head,
    backbone: DType,
    riemannian: bool,
    /// c where it is not trained.
    curvature: f64,
}

/// Places in [`Network::parameters`].
const CONV1: usize = 0;
const CONV2: usize = 2;
const HIDDEN: usize = 4;
const LAST: usize = 6;
const BASE: usize = 8;
const NORMAL: usize = 9;
const LOG_C: usize = 10;

/// What goes in.
pub enum Input {
    /// `[batch, 1, SIDE, SIDE]`, normalised.
    Images(Tensor<4>),
    /// `[batch, SHARED_FEATURES]`, frozen.
    Features(Tensor<2>),
}

/// Everything between input and loss, for logs and diagnoses.
pub struct Forward {
    pub hidden: Tensor<2>,
    /// Feature vectors before exp₀, `[batch, dim]`.
    pub features: Tensor<2>,
    pub stages: Stages,
    /// The leaves, in the order of the parameters; `None` where one does not learn.
    pub leaves: Vec<Leaf>,
}

/// A parameter's leaf in the graph.
pub enum Leaf {
    One(Tensor<1>),
    Two(Tensor<2>),
    Four(Tensor<4>),
}

impl Network {
    /// The network of a recipe, its parameters drawn from its seed.
    pub fn new(recipe: &Recipe, classes: usize) -> Result<Network, RecipeError> {
        let backbone = recipe.backbone_dtype()?;
        let head = recipe.head()?;
        // A head of f64 on any backbone keeps its parameters in f64, too.
        let wide = |dtype: DType| dtype == DType::F64;
        let (of_backbone, of_head) = (wide(backbone), wide(backbone) || wide(head.dtype()));
        let baseline = head.formulas.is_none();
        let base = if baseline { [classes, 1] } else { [classes, recipe.dim] };
        // Name, shape and fan-in: values are uniform in ±1/√fan_in, Kaiming's rule with a = √5, for biases too.
        let area = KERNEL * KERNEL;
        let specification: Vec<(&'static str, Vec<usize>, usize, bool)> = vec![
            ("conv1.weight", vec![CHANNELS[1], CHANNELS[0], KERNEL, KERNEL], CHANNELS[0] * area, of_backbone),
            ("conv1.bias", vec![CHANNELS[1]], CHANNELS[0] * area, of_backbone),
            ("conv2.weight", vec![CHANNELS[2], CHANNELS[1], KERNEL, KERNEL], CHANNELS[1] * area, of_backbone),
            ("conv2.bias", vec![CHANNELS[2]], CHANNELS[1] * area, of_backbone),
            ("fc1.weight", vec![FLAT, SHARED_FEATURES], FLAT, of_backbone),
            ("fc1.bias", vec![SHARED_FEATURES], FLAT, of_backbone),
            ("fc2.weight", vec![SHARED_FEATURES, recipe.dim], SHARED_FEATURES, of_backbone),
            ("fc2.bias", vec![recipe.dim], SHARED_FEATURES, of_backbone),
            ("head.base", base.to_vec(), recipe.dim, of_head),
            ("head.normal", vec![classes, recipe.dim], recipe.dim, of_head),
        ];
        let mut parameters: Vec<Parameter> = (0u64..)
            .zip(specification)
            .map(|(stream, (name, shape, fan_in, wide))| {
                Parameter::new(name, &shape, uniform(recipe.seed, stream, shape.iter().product(), fan_in, wide))
            })
            .collect();
        let log_c = recipe.curvature.ln();
        let values = if of_head { Numbers::F64(vec![log_c]) } else { Numbers::F32(vec![log_c as f32]) };
        parameters.push(Parameter::new("head.log_c", &[1], values));
        parameters[LOG_C].learns = recipe.curvature_trained && !baseline;
        if recipe.trained == Trained::Head {
            parameters[..LAST].iter_mut().for_each(|parameter| parameter.learns = false);
        }
        Ok(Network { parameters, head, backbone, riemannian: recipe.riemannian, curvature: recipe.curvature })
    }

    /// c of curvature −c.
    pub fn c(&self) -> f64 {
        let log_c = &self.parameters[LOG_C];
        if log_c.learns { pxfm::f_exp(log_c.values.to_f64()[0]) } else { self.curvature }
    }
    /// p′ and a′ as they are stored, `[classes][dim]`.
    pub fn planes(&self) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let rows = |i: usize| {
            let parameter = &self.parameters[i];
            parameter.values.to_f64().chunks(parameter.shape[1]).map(<[f64]>::to_vec).collect()
        };
        (rows(BASE), rows(NORMAL))
    }

    /// A batch of pixels as the network takes it.
    pub fn images(&self, pixels: &[u8], device: &Device) -> Tensor<4> {
        let normalised: Vec<f32> =
            pixels.iter().map(|p| (f32::from(*p) / WHITE - PIXEL_MEAN) / PIXEL_DEVIATION).collect();
        let batch = pixels.len() / (SIDE * SIDE);
        let data = burn_tensor::TensorData::new(normalised, [batch, 1, SIDE, SIDE]);
        Tensor::from_data(data, (device, DType::F32))
    }

    /// Everything from input to logits; `tracked` keeps the graph for a backward pass.
    pub fn forward(&self, input: Input, device: &Device, tracked: bool) -> Forward {
        let mut leaves = Vec::with_capacity(self.parameters.len());
        let four = |i: usize, leaves: &mut Vec<Leaf>| {
            let leaf: Tensor<4> = self.parameters[i].tensor(device, tracked);
            leaves.push(Leaf::Four(leaf.clone()));
            leaf
        };
        let two = |i: usize, leaves: &mut Vec<Leaf>| {
            let leaf: Tensor<2> = self.parameters[i].tensor(device, tracked);
            leaves.push(Leaf::Two(leaf.clone()));
            leaf
        };
        let one = |i: usize, leaves: &mut Vec<Leaf>| {
            let leaf: Tensor<1> = self.parameters[i].tensor(device, tracked);
            leaves.push(Leaf::One(leaf.clone()));
            leaf
        };
        let backbone = self.backbone;
        let (w1, b1) = (four(CONV1, &mut leaves).cast(backbone), one(CONV1 + 1, &mut leaves).cast(backbone));
        let (w2, b2) = (four(CONV2, &mut leaves).cast(backbone), one(CONV2 + 1, &mut leaves).cast(backbone));
        let (w3, b3) = (two(HIDDEN, &mut leaves).cast(backbone), one(HIDDEN + 1, &mut leaves).cast(backbone));
        let (w4, b4) = (two(LAST, &mut leaves).cast(backbone), one(LAST + 1, &mut leaves).cast(backbone));
        let base = two(BASE, &mut leaves);
        let normal = two(NORMAL, &mut leaves);
        let log_c = one(LOG_C, &mut leaves);

        let hidden = match input {
            Input::Features(features) => features.cast(backbone),
            Input::Images(images) => {
                let x = layer(layer(images.cast(backbone), w1, b1), w2, b2);
                let batch = x.dims()[0];
                relu(x.reshape([batch, FLAT]).matmul(w3) + b3.reshape([1, SHARED_FEATURES]))
            }
        };
        let dim = b4.dims()[0];
        let features = hidden.clone().matmul(w4) + b4.reshape([1, dim]);
        let c = if self.parameters[LOG_C].learns {
            log_c.exp()
        } else {
            Tensor::full([1], self.curvature, (device, self.parameters[LOG_C].values.dtype()))
        };
        let stages = self.head.forward(features.clone(), Planes { base, normal, c }, self.riemannian);
        Forward { hidden, features, stages, leaves }
    }
}

/// `n` numbers uniform in ±1/√fan_in, from the seed and the stream alone.
fn uniform(seed: u64, stream: u64, n: usize, fan_in: usize, wide: bool) -> Numbers {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(stream);
    let bound = (fan_in as f64).sqrt().recip();
    /// Random bits of a draw: those of an f64's fraction.
    const BITS: u32 = 53;
    let mut draw = || bound * (2.0 * ((random.next_u64() >> (64 - BITS)) as f64) / (1u64 << BITS) as f64 - 1.0);
    if wide {
        Numbers::F64((0..n).map(|_| draw()).collect())
    } else {
        Numbers::F32((0..n).map(|_| draw() as f32).collect())
    }
}
