//! Parameters and what moves them, on the host: one pass over each parameter a step, and nothing that a checkpoint could miss.

use burn_tensor::{DType, Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// Numbers of a parameter: f64 for a network in f64, f32 for all others.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Numbers {
    fn zeros_like(other: &Numbers) -> Numbers {
        match other {
            Numbers::F32(x) => Numbers::F32(vec![0.0; x.len()]),
            Numbers::F64(x) => Numbers::F64(vec![0.0; x.len()]),
        }
    }
    /// Numbers of the same type.
    pub fn like(&self, numbers: Vec<f64>) -> Numbers {
        match self {
            Numbers::F32(_) => Numbers::F32(numbers.into_iter().map(|x| x as f32).collect()),
            Numbers::F64(_) => Numbers::F64(numbers),
        }
    }
    pub fn dtype(&self) -> DType {
        match self {
            Numbers::F32(_) => DType::F32,
            Numbers::F64(_) => DType::F64,
        }
    }
    pub fn len(&self) -> usize {
        match self {
            Numbers::F32(x) => x.len(),
            Numbers::F64(x) => x.len(),
        }
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    pub fn is_finite(&self) -> bool {
        match self {
            Numbers::F32(x) => x.iter().all(|x| x.is_finite()),
            Numbers::F64(x) => x.iter().all(|x| x.is_finite()),
        }
    }
    /// The numbers as f64, exactly.
    pub fn to_f64(&self) -> Vec<f64> {
        match self {
            Numbers::F32(x) => x.iter().map(|x| f64::from(*x)).collect(),
            Numbers::F64(x) => x.clone(),
        }
    }
}

/// An array of a network and the two moments that an optimiser keeps of its gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    pub name: String,
    pub shape: Vec<usize>,
    pub values: Numbers,
    /// Empty where no optimiser ever moves it.
    pub first: Numbers,
    pub second: Numbers,
    /// Whether steps change it.
    pub learns: bool,
}

/// Decay of the two moments and the floor of the divisor: Kingma & Ba (2015)'s defaults, which the paper uses.
const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

impl Parameter {
    pub fn new(name: &str, shape: &[usize], values: Numbers) -> Parameter {
        let (first, second) = (Numbers::zeros_like(&values), Numbers::zeros_like(&values));
        Parameter { name: name.to_owned(), shape: shape.to_vec(), values, first, second, learns: true }
    }
    /// Kept with the network, and moved by no optimiser: a running statistic.
    pub fn buffer(self) -> Parameter {
        let none = match self.values {
            Numbers::F32(_) => Numbers::F32(Vec::new()),
            Numbers::F64(_) => Numbers::F64(Vec::new()),
        };
        Parameter { first: none.clone(), second: none, learns: false, ..self }
    }

    /// The values as a tensor in their own type, a leaf of the graph where `tracked` and the parameter learns.
    pub fn tensor<const D: usize>(&self, device: &Device, tracked: bool) -> Tensor<D> {
        let shape: [usize; D] = self.shape.as_slice().try_into().expect("a parameter is used in its own shape");
        let data = match &self.values {
            Numbers::F32(x) => TensorData::new(x.clone(), shape),
            Numbers::F64(x) => TensorData::new(x.clone(), shape),
        };
        let tensor = Tensor::from_data(data, (device, self.values.dtype()));
        if tracked && self.learns { tensor.autodiff().require_grad() } else { tensor }
    }

    /// One step of Adam (Kingma & Ba 2015, Algorithm 1), the `step`-th, counted from 1.
    pub fn adam(&mut self, gradient: &Numbers, learning_rate: f64, step: u64) {
        let correction = |beta: f64| 1.0 - beta.powi(step.min(i32::MAX as u64) as i32);
        let (c1, c2) = (correction(BETA1), correction(BETA2));
        macro_rules! update {
            ($float:ty, $x:ident, $m:ident, $v:ident, $g:ident) => {{
                let (b1, b2, epsilon) = (BETA1 as $float, BETA2 as $float, EPSILON as $float);
                let (rate, root) = ((learning_rate / c1) as $float, (1.0 / c2.sqrt()) as $float);
                for (((x, m), v), g) in $x.iter_mut().zip($m).zip($v).zip($g) {
                    *m = b1 * *m + (1.0 - b1) * g;
                    *v = b2 * *v + (1.0 - b2) * g * g;
                    *x -= rate * *m / (v.sqrt() * root + epsilon);
                }
            }};
        }
        match (&mut self.values, &mut self.first, &mut self.second, gradient) {
            (Numbers::F32(x), Numbers::F32(m), Numbers::F32(v), Numbers::F32(g)) => update!(f32, x, m, v, g),
            (Numbers::F64(x), Numbers::F64(m), Numbers::F64(v), Numbers::F64(g)) => update!(f64, x, m, v, g),
            _ => unreachable!("a gradient has the type of its parameter"),
        }
    }

    /// One step of gradient descent with momentum μ: m ← μm + g, x ← x − ηm (PyTorch's form of Polyak 1964). m is the first
    /// moment; the second is not used.
    pub fn descend(&mut self, gradient: &Numbers, learning_rate: f64, momentum: f64) {
        macro_rules! update {
            ($float:ty, $x:ident, $m:ident, $g:ident) => {
                for ((x, m), g) in $x.iter_mut().zip($m).zip($g) {
                    *m = momentum as $float * *m + g;
                    *x -= learning_rate as $float * *m;
                }
            };
        }
        match (&mut self.values, &mut self.first, gradient) {
            (Numbers::F32(x), Numbers::F32(m), Numbers::F32(g)) => update!(f32, x, m, g),
            (Numbers::F64(x), Numbers::F64(m), Numbers::F64(g)) => update!(f64, x, m, g),
            _ => unreachable!("a gradient has the type of its parameter"),
        }
    }
}

/// What moves parameters against their gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimiser {
    #[default]
    Adam,
    /// Gradient descent with momentum.
    Sgd,
}

impl Optimiser {
    /// One step, the `step`-th from 1.
    pub fn step(self, parameter: &mut Parameter, gradient: &Numbers, learning_rate: f64, momentum: f64, step: u64) {
        match self {
            Optimiser::Adam => parameter.adam(gradient, learning_rate, step),
            Optimiser::Sgd => parameter.descend(gradient, learning_rate, momentum),
        }
    }
}

/// How the learning rate η goes with the epochs e = 1, 2, …, E.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    #[default]
    Constant,
    /// η γ^⌊e/step⌋, stepped at the start of each epoch as the released code does.
    Step,
    /// η (1 + cos(π (e − 1)/E))/2. Loshchilov & Hutter (2017), Eq. 5, without restarts.
    Cosine,
}

impl Schedule {
    /// The learning rate of epoch `e` of `epochs`.
    pub fn rate(self, learning_rate: f64, e: u32, epochs: u32, step: u32, gamma: f64) -> f64 {
        match self {
            Schedule::Constant => learning_rate,
            Schedule::Step => learning_rate * gamma.powi((e / step) as i32),
            Schedule::Cosine => {
                let part = f64::from(e - 1) / f64::from(epochs);
                0.5 * learning_rate * (1.0 + pxfm::f_cospi(part))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_steps_are_those_of_the_paper() {
        let mut x = Parameter::new("x", &[1], Numbers::F64(vec![1.0]));
        // With bias correction the first step is the learning rate, whatever the gradient.
        x.adam(&Numbers::F64(vec![0.3]), 0.1, 1);
        assert!((x.values.to_f64()[0] - 0.9).abs() < 1e-8);
        x.adam(&Numbers::F64(vec![-0.1]), 0.1, 2);
        let (m, v) = (0.9 * 0.03 - 0.01, 0.999 * 0.00009 + 0.00001);
        let expected = 0.9 - 0.1 * (m / (1.0 - 0.81)) / ((v / (1.0 - 0.998001f64)).sqrt() + 1e-8);
        assert!((x.values.to_f64()[0] - expected).abs() < 1e-7);
    }

    #[test]
    fn momentum_adds_what_went_before() {
        let mut x = Parameter::new("x", &[1], Numbers::F64(vec![1.0]));
        x.descend(&Numbers::F64(vec![0.5]), 0.1, 0.9);
        assert!((x.values.to_f64()[0] - 0.95).abs() < 1e-15);
        x.descend(&Numbers::F64(vec![1.0]), 0.1, 0.9);
        assert!((x.values.to_f64()[0] - (0.95 - 0.1 * 1.45)).abs() < 1e-15);
    }

    #[test]
    fn learning_rates_step_as_the_released_code_does_and_a_cosine_begins_whole() {
        let step = |e| Schedule::Step.rate(0.005, e, 200, 80, 0.5);
        assert_eq!([step(1), step(79), step(80), step(160), step(200)], [0.005, 0.005, 0.0025, 0.00125, 0.00125]);
        let cosine = |e| Schedule::Cosine.rate(1.0, e, 100, 0, 0.0);
        assert_eq!((cosine(1), cosine(51)), (1.0, 0.5));
        assert!(cosine(100) > 0.0 && cosine(100) < 1e-3);
        assert_eq!(Schedule::Constant.rate(0.1, 7, 9, 0, 0.0), 0.1);
    }
}
