//! A convolution without bias and the batch normalisation behind it, whose β is the bias.

use super::super::block::{Moments, Then, block, normalise};
use super::super::optimiser::Parameter;
use super::super::pass::{Pass, Statistics};
use super::Draws;
use burn_tensor::Tensor;
use burn_tensor::module::conv2d;
use burn_tensor::ops::ConvOptions;

pub(super) const RUNNING_MEAN: &str = "mean";
pub(super) const RUNNING_VARIANCE: &str = "variance";

/// Batch normalisation: γ, β, and the running statistics.
#[derive(Clone, Debug)]
pub struct Norm {
    name: String,
    gamma: Parameter,
    beta: Parameter,
    mean: Parameter,
    variance: Parameter,
}

impl Norm {
    pub fn new(name: &str, channels: usize, draws: &Draws) -> Norm {
        let parameter = |kind: &str, value: f64| draws.constant(&format!("{name}.{kind}"), channels, value);
        Norm {
            name: name.to_owned(),
            gamma: parameter("weight", 1.0),
            beta: parameter("bias", 0.0),
            mean: parameter(RUNNING_MEAN, 0.0).buffer(),
            variance: parameter(RUNNING_VARIANCE, 1.0).buffer(),
        }
    }
    pub fn visit(&mut self, f: &mut dyn FnMut(&mut Parameter)) {
        [&mut self.gamma, &mut self.beta, &mut self.mean, &mut self.variance].into_iter().for_each(f);
    }
    /// Normalises a map `[batch, channels, height, width]`.
    pub fn forward(&self, map: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        let (gamma, beta) = (pass.leaf(&self.gamma), pass.leaf(&self.beta));
        let (y, seen) = normalise(map, gamma, beta, self.known(pass).as_ref());
        pass.saw(&self.name, seen);
        y
    }
    /// The moments to normalise by, where they are not the batch's.
    fn known(&self, pass: &Pass) -> Option<Moments> {
        (pass.statistics == Statistics::Running).then(|| Moments {
            mean: self.mean.values.to_f64(),
            variance: self.variance.values.to_f64(),
            count: 1,
        })
    }
}

/// A convolution of odd side, its border padded, and its normalisation.
#[derive(Clone, Debug)]
pub struct ConvNorm {
    weight: Parameter,
    norm: Norm,
    stride: usize,
}

impl ConvNorm {
    /// `name.weight` `[outputs, inputs, side, side]` and `name.norm`.
    pub fn new(name: &str, [inputs, outputs]: [usize; 2], side: usize, stride: usize, draws: &mut Draws) -> ConvNorm {
        let weight = draws.uniform(&format!("{name}.weight"), &[outputs, inputs, side, side], inputs * side * side);
        ConvNorm { weight, norm: Norm::new(&format!("{name}.norm"), outputs, draws), stride }
    }
    pub fn visit(&mut self, f: &mut dyn FnMut(&mut Parameter)) {
        f(&mut self.weight);
        self.norm.visit(f);
    }
    /// `[batch, outputs, side/stride/pool, …]`.
    pub fn forward(&self, x: Tensor<4>, then: Then, pass: &mut Pass) -> Tensor<4> {
        let w = pass.leaf(&self.weight);
        if self.stride == 1 {
            let (gamma, beta) = (pass.leaf(&self.norm.gamma), pass.leaf(&self.norm.beta));
            let (y, seen) = block(x, w, gamma, beta, then, self.norm.known(pass).as_ref());
            pass.saw(&self.norm.name, seen);
            return y;
        }
        debug_assert_eq!(then.pool, 1, "a convolution with a stride is its own pool");
        let border = self.weight.shape[2] / 2;
        let map = conv2d(x, w, None, ConvOptions::new([self.stride; 2], [border; 2], [1, 1], 1));
        let y = self.norm.forward(map, pass);
        if then.relu { burn_tensor::activation::relu(y) } else { y }
    }
}
