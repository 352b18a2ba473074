//! The paper's LeNet: conv(1→20,5), pool, conv(20→50,5), pool, fc 800→500. PAPER: Khrulkov et al. (2020), section 5.

use super::super::layer::layer;
use super::super::optimiser::Parameter;
use super::super::pass::Pass;
use super::{Backbone, Draws};
use crate::data::SIDE;
use burn_tensor::Tensor;
use burn_tensor::activation::relu;

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

/// A linear map and what is added to it.
#[derive(Clone, Debug)]
pub struct Affine {
    pub weight: Parameter,
    pub bias: Parameter,
}

impl Affine {
    pub fn new(name: &str, shape: &[usize], outputs: usize, fan_in: usize, draws: &mut Draws) -> Affine {
        Affine {
            weight: draws.uniform(&format!("{name}.weight"), shape, fan_in),
            bias: draws.uniform(&format!("{name}.bias"), &[outputs], fan_in),
        }
    }
    pub fn visit(&mut self, f: &mut dyn FnMut(&mut Parameter)) {
        f(&mut self.weight);
        f(&mut self.bias);
    }
    /// x W + b of x `[batch, inputs]`, W `[inputs, outputs]`.
    pub fn rows(&self, x: Tensor<2>, pass: &mut Pass) -> Tensor<2> {
        let (w, b): (Tensor<2>, Tensor<1>) = (pass.leaf(&self.weight), pass.leaf(&self.bias));
        let outputs = b.dims()[0];
        x.matmul(w) + b.reshape([1, outputs])
    }
    fn layer(&self, x: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        let (w, b) = (pass.leaf(&self.weight), pass.leaf(&self.bias));
        layer(x, w, b)
    }
}

/// Two convolutions and a linear layer, for grey images of [`SIDE`].
#[derive(Clone, Debug)]
pub struct LeNet {
    conv1: Affine,
    conv2: Affine,
    fc1: Affine,
}

impl LeNet {
    pub fn new(draws: &mut Draws) -> LeNet {
        let mut convolution = |name: &str, inputs: usize, outputs: usize| {
            Affine::new(name, &[outputs, inputs, KERNEL, KERNEL], outputs, inputs * KERNEL * KERNEL, draws)
        };
        let conv1 = convolution("conv1", CHANNELS[0], CHANNELS[1]);
        let conv2 = convolution("conv2", CHANNELS[1], CHANNELS[2]);
        let fc1 = Affine::new("fc1", &[FLAT, SHARED_FEATURES], SHARED_FEATURES, FLAT, draws);
        LeNet { conv1, conv2, fc1 }
    }
}

impl Backbone for LeNet {
    fn visit(&mut self, f: &mut dyn FnMut(&mut Parameter)) {
        [&mut self.conv1, &mut self.conv2, &mut self.fc1].into_iter().for_each(|layer| layer.visit(f));
    }
    fn forward(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        let x = self.conv1.layer(images.cast(pass.dtype), pass);
        let x = self.conv2.layer(x, pass);
        let batch = x.dims()[0];
        relu(self.fc1.rows(x.reshape([batch, FLAT]), pass))
    }
    fn map(&self) -> [usize; 3] {
        [CHANNELS[2], LEFT, LEFT]
    }
    fn outputs(&self) -> usize {
        SHARED_FEATURES
    }
    fn boxed(&self) -> Box<dyn Backbone> {
        Box::new(self.clone())
    }
}
