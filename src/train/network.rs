//! A classifier: a backbone, a linear layer to the dimension of the head, and the head.

use super::backbone::{Affine, Backbone, Draws, LeNet, parameters};
use super::head::{Head, Planes, Stages};
use super::optimiser::Parameter;
use super::pass::{Pass, Passed, Statistics};
use super::recipe::{Recipe, RecipeError, Trained};
use crate::data::SIDE;
use burn_tensor::{DType, Device, Tensor};

/// Mean and standard deviation of MNIST's training pixels (0 to 1), by which every input is normalised.
const PIXEL_MEAN: f32 = 0.1307;
const PIXEL_DEVIATION: f32 = 0.3081;
/// The brightest pixel.
const WHITE: f32 = 255.0;

/// The parameters and what they are put through.
#[derive(Clone, Debug)]
pub struct Network {
    backbone: Box<dyn Backbone>,
    last: Affine,
    /// p′ and a′ of the hyperplanes, and ln c.
    base: Parameter,
    normal: Parameter,
    log_c: Parameter,
    pub head: Head,
    dtype: DType,
    riemannian: bool,
    /// c where it is not trained.
    curvature: f64,
}

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
    pub passed: Passed,
}

impl Network {
    /// The network of a recipe, its parameters drawn from its seed.
    pub fn new(recipe: &Recipe, classes: usize) -> Result<Network, RecipeError> {
        let dtype = recipe.backbone_dtype()?;
        let head = recipe.head()?;
        // A head of f64 on any backbone keeps its parameters in f64, too.
        let wide = |dtype: DType| dtype == DType::F64;
        let mut draws = Draws::new(recipe.seed, wide(dtype));
        let mut backbone: Box<dyn Backbone> = Box::new(LeNet::new(&mut draws));
        let hidden = backbone.outputs();
        let last = Affine::new("fc2", &[hidden, recipe.dim], recipe.dim, hidden, &mut draws);
        draws.wide |= wide(head.dtype());
        let baseline = head.formulas.is_none();
        let base = if baseline { [classes, 1] } else { [classes, recipe.dim] };
        let base = draws.uniform("head.base", &base, recipe.dim);
        let normal = draws.uniform("head.normal", &[classes, recipe.dim], recipe.dim);
        let mut log_c = draws.constant("head.log_c", 1, recipe.curvature.ln());
        log_c.learns = recipe.curvature_trained && !baseline;
        if recipe.trained == Trained::Head {
            backbone.visit(&mut |parameter| parameter.learns = false);
        }
        let (riemannian, curvature) = (recipe.riemannian, recipe.curvature);
        Ok(Network { backbone, last, base, normal, log_c, head, dtype, riemannian, curvature })
    }

    /// Calls `f` for every parameter, in a fixed order.
    pub fn visit(&mut self, f: &mut dyn FnMut(&mut Parameter)) {
        self.backbone.visit(f);
        self.last.visit(f);
        [&mut self.base, &mut self.normal, &mut self.log_c].into_iter().for_each(f);
    }
    /// The parameters, copied.
    pub fn parameters(&self) -> Vec<Parameter> {
        let mut all = parameters(&*self.backbone);
        all.extend([&self.last.weight, &self.last.bias, &self.base, &self.normal, &self.log_c].map(Clone::clone));
        all
    }

    /// c of curvature −c.
    pub fn c(&self) -> f64 {
        if self.log_c.learns { pxfm::f_exp(self.log_c.values.to_f64()[0]) } else { self.curvature }
    }
    /// p′ and a′ as they are stored, `[classes][dim]`.
    pub fn planes(&self) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let rows =
            |parameter: &Parameter| parameter.values.to_f64().chunks(parameter.shape[1]).map(<[f64]>::to_vec).collect();
        (rows(&self.base), rows(&self.normal))
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
        let mut pass = Pass::new(device, self.dtype, Statistics::Batch, tracked);
        let hidden = match input {
            Input::Features(features) => features.cast(self.dtype),
            Input::Images(images) => self.backbone.forward(images, &mut pass),
        };
        let features = self.last.rows(hidden.clone(), &mut pass);
        let (base, normal) = (pass.own(&self.base), pass.own(&self.normal));
        let c = if self.log_c.learns {
            pass.own(&self.log_c).exp()
        } else {
            Tensor::full([1], self.curvature, (device, self.log_c.values.dtype()))
        };
        let stages = self.head.forward(features.clone(), Planes { base, normal, c }, self.riemannian);
        Forward { hidden, features, stages, passed: pass.done() }
    }
}
