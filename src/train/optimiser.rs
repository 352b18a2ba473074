//! Parameters and Adam, on the host: one pass over each parameter a step, and nothing that a checkpoint could miss.

use burn_tensor::{DType, Device, Tensor, TensorData};

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
    /// The numbers as f64, exactly.
    pub fn to_f64(&self) -> Vec<f64> {
        match self {
            Numbers::F32(x) => x.iter().map(|x| f64::from(*x)).collect(),
            Numbers::F64(x) => x.clone(),
        }
    }
}

/// A learned array and the two moments that Adam keeps of its gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    pub name: &'static str,
    pub shape: Vec<usize>,
    pub values: Numbers,
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
    pub fn new(name: &'static str, shape: &[usize], values: Numbers) -> Parameter {
        let (first, second) = (Numbers::zeros_like(&values), Numbers::zeros_like(&values));
        Parameter { name, shape: shape.to_vec(), values, first, second, learns: true }
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
}
