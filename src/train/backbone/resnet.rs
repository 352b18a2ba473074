//! Residual networks of few-shot learning. He et al. (2016); the twelve layers of Oreshkin et al. (2018), the eighteen of
//! Khrulkov et al. (2020), section 5.

use super::super::block::Then;
use super::super::optimiser::Parameter;
use super::super::pass::Pass;
use super::{Backbone, ConvNorm, Draws, Last, Sight};
use burn_tensor::Tensor;
use burn_tensor::activation::{leaky_relu, relu};
use burn_tensor::module::max_pool2d;
use burn_tensor::ops::MaxPoolOptions;

const KERNEL: usize = 3;
const PLAIN: Then = Then { relu: false, pool: 1 };
const RECTIFIED: Then = Then { relu: true, pool: 1 };
/// Channels of the stages before the last.
const STAGES: [usize; 3] = [64, 128, 256];
/// Slope of the leaky rectifier of [`ResNet12`].
const LEAK: f64 = 0.1;
const POOL: usize = 2;

/// Convolutions in a row, and the way around them: a 1×1 convolution where the sizes differ.
#[derive(Clone, Debug)]
struct Residual {
    convolutions: Vec<ConvNorm>,
    around: Option<ConvNorm>,
}

impl Residual {
    fn new(name: &str, [inputs, outputs]: [usize; 2], depth: usize, stride: usize, draws: &mut Draws) -> Residual {
        let convolutions = (0..depth)
            .map(|i| {
                let (inputs, stride) = if i == 0 { (inputs, stride) } else { (outputs, 1) };
                ConvNorm::new(&format!("{name}.conv{}", i + 1), [inputs, outputs], KERNEL, stride, draws)
            })
            .collect();
        let differs = inputs != outputs || stride != 1;
        let around = differs.then(|| ConvNorm::new(&format!("{name}.around"), [inputs, outputs], 1, stride, draws));
        Residual { convolutions, around }
    }
    fn visit(&mut self, f: &mut dyn FnMut(&mut Parameter)) {
        self.convolutions.iter_mut().chain(&mut self.around).for_each(|layer| layer.visit(f));
    }
    /// The sum of both ways; `between` rectifies after every convolution but the last, unless the convolution does.
    fn forward(&self, x: Tensor<4>, pass: &mut Pass, then: Then, between: fn(Tensor<4>) -> Tensor<4>) -> Tensor<4> {
        let around = match &self.around {
            Some(layer) => layer.forward(x.clone(), PLAIN, pass),
            None => x.clone(),
        };
        let (last, before) = self.convolutions.split_last().expect("a residual has convolutions");
        let inner = before.iter().fold(x, |x, layer| between(layer.forward(x, then, pass)));
        last.forward(inner, PLAIN, pass) + around
    }
}

fn leaky(x: Tensor<4>) -> Tensor<4> {
    leaky_relu(x, LEAK)
}

/// Four residuals of three convolutions each, leaky rectifiers, a pool of 2 after each: 64, 128, 256, `dim` channels.
#[derive(Clone, Debug)]
pub struct ResNet12 {
    residuals: Vec<Residual>,
    last: Last,
    map: [usize; 3],
}

impl ResNet12 {
    pub fn new(sight: Sight, draws: &mut Draws) -> ResNet12 {
        /// Convolutions of a residual.
        const DEPTH: usize = 3;
        let widths = [sight.channels, STAGES[0], STAGES[1], STAGES[2], sight.dim];
        let residuals: Vec<Residual> = widths
            .windows(2)
            .enumerate()
            .map(|(i, pair)| Residual::new(&format!("stage{}", i + 1), [pair[0], pair[1]], DEPTH, 1, draws))
            .collect();
        let side = residuals.iter().fold(sight.side, |side, _| side / POOL);
        ResNet12 { residuals, last: sight.last, map: [sight.dim, side, side] }
    }
}

impl Backbone for ResNet12 {
    fn visit(&mut self, f: &mut dyn FnMut(&mut Parameter)) {
        self.residuals.iter_mut().for_each(|residual| residual.visit(f));
    }
    fn forward(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        let map = self.residuals.iter().fold(images.cast(pass.dtype), |x, residual| {
            let y = leaky(residual.forward(x, pass, PLAIN, leaky));
            max_pool2d(y, MaxPoolOptions::new([POOL; 2]))
        });
        self.last.reduce(map)
    }
    fn map(&self) -> [usize; 3] {
        self.map
    }
    fn outputs(&self) -> usize {
        let [channels, side, _] = self.map;
        channels * self.last.each(side)
    }
    fn boxed(&self) -> Box<dyn Backbone> {
        Box::new(self.clone())
    }
}

/// A 3×3 stem without stride or pool, and four stages of two residuals of two convolutions each, the last three stages at half
/// the side of the one before: 64, 128, 256, `dim` channels.
#[derive(Clone, Debug)]
pub struct ResNet18 {
    stem: ConvNorm,
    residuals: Vec<Residual>,
    last: Last,
    map: [usize; 3],
}

impl ResNet18 {
    pub fn new(sight: Sight, draws: &mut Draws) -> ResNet18 {
        /// Convolutions of a residual, and residuals of a stage.
        const DEPTH: usize = 2;
        let stem = ConvNorm::new("stem", [sight.channels, STAGES[0]], KERNEL, 1, draws);
        let widths = [STAGES[0], STAGES[0], STAGES[1], STAGES[2], sight.dim];
        let (mut residuals, mut side) = (Vec::new(), sight.side);
        for (i, pair) in widths.windows(2).enumerate() {
            let stride = if i == 0 { 1 } else { 2 };
            side = side.div_ceil(stride);
            for (j, (inputs, stride)) in [(pair[0], stride), (pair[1], 1)].into_iter().enumerate() {
                let name = format!("stage{}.{}", i + 1, j + 1);
                residuals.push(Residual::new(&name, [inputs, pair[1]], DEPTH, stride, draws));
            }
        }
        ResNet18 { stem, residuals, last: sight.last, map: [sight.dim, side, side] }
    }
}

impl Backbone for ResNet18 {
    fn visit(&mut self, f: &mut dyn FnMut(&mut Parameter)) {
        self.stem.visit(f);
        self.residuals.iter_mut().for_each(|residual| residual.visit(f));
    }
    fn forward(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        let stem = self.stem.forward(images.cast(pass.dtype), RECTIFIED, pass);
        let map = self.residuals.iter().fold(stem, |x, residual| relu(residual.forward(x, pass, RECTIFIED, |x| x)));
        self.last.reduce(map)
    }
    fn map(&self) -> [usize; 3] {
        self.map
    }
    fn outputs(&self) -> usize {
        let [channels, side, _] = self.map;
        channels * self.last.each(side)
    }
    fn boxed(&self) -> Box<dyn Backbone> {
        Box::new(self.clone())
    }
}
