//! Baseline and Baseline++: the backbone learns to tell all training classes apart, and an episode's support trains a new
//! classifier on features that stay as they are,
//!
//! s_c = ⟨w_c, f⟩ + b_c,  or of Baseline++  s_c = g cos(w_c, f);  minimised: the mean negative log-likelihood.
//!
//! Chen et al. (2019), section 3.2. Fine-tuning as in their released code: descent at rate 0.01 with momentum 0.9 and dampening
//! 0.9, decay 0.001, 100 passes over the support by four images; g = 2 for up to 200 classes and 10 for more. Theirs begins at
//! random weights; here b and the linear w begin at 0, since the problem is convex, and the w of a cosine at the class's first
//! example. A length of w_c is not learned apart from w_c. A training step takes the images of the same episode as the other methods', with their labels among all training classes.

use super::super::super::backbone::Draws;
use super::super::super::episode::{Episode, Shape};
use super::super::super::optimiser::Parameter;
use super::super::super::pass::Pass;
use super::super::super::run::rows_of;
use super::super::encoder::tensor;
use super::{Method, Said, unit};
use burn_tensor::{DType, Tensor};

/// Passes over the support, images of a step, rate, momentum, dampening and decay of fine-tuning.
const PASSES: u64 = 100;
const TOGETHER: usize = 4;
const RATE: f64 = 0.01;
const MOMENTUM: f64 = 0.9;
const DAMPENING: f64 = 0.9;
const DECAY: f64 = 0.001;
/// g, and the number of classes beyond which it is the larger.
const SCALES: [f64; 2] = [2.0, 10.0];
const MANY: usize = 200;

fn scale(classes: usize) -> f64 {
    SCALES[usize::from(classes > MANY)]
}

#[derive(Clone, Debug)]
pub struct Baseline {
    /// `[n, classes]`.
    weight: Parameter,
    /// None of the cosine classifier.
    bias: Option<Parameter>,
    dtype: DType,
}

impl Baseline {
    pub fn linear(n: usize, classes: usize, dtype: DType, draws: &mut Draws) -> Baseline {
        let bias = draws.constant("classifier.bias", classes, 0.0);
        Baseline { bias: Some(bias), ..Baseline::cosine(n, classes, dtype, draws) }
    }
    pub fn cosine(n: usize, classes: usize, dtype: DType, draws: &mut Draws) -> Baseline {
        Baseline { weight: draws.uniform("classifier.weight", &[n, classes], n), bias: None, dtype }
    }
}

impl Method for Baseline {
    fn visit(&mut self, f: &mut dyn FnMut(&mut Parameter)) {
        f(&mut self.weight);
        self.bias.iter_mut().for_each(f);
    }
    fn dtype(&self) -> DType {
        self.dtype
    }
    /// Features, of Baseline++ at length 1.
    fn place(&self, features: Tensor<2>) -> Tensor<2> {
        let features = features.cast(self.dtype);
        if self.bias.is_some() { features } else { unit(features, 1) }
    }
    fn learn(&self, points: Tensor<2>, episode: &Episode, pass: &mut Pass) -> (Said, Vec<u16>) {
        let weight: Tensor<2> = pass.leaf(&self.weight);
        let classes = weight.dims()[1];
        let logits = match &self.bias {
            Some(bias) => points.matmul(weight) + pass.leaf::<1>(bias).reshape([1, classes]),
            None => points.matmul(unit(weight, 0)) * scale(classes),
        };
        let labels = episode.items.iter().map(|item| item.class as u16).collect();
        (Said { stages: Vec::new(), logits }, labels)
    }
    fn answer(&self, points: Tensor<2>, shape: Shape, _: &mut Pass) -> Said {
        let rows = rows_of(points);
        let (support, queries) = rows.split_at(shape.way * shape.shot);
        let classifier = Classifier::tuned(support, shape.way, self.bias.is_some());
        let scores: Vec<Vec<f64>> = queries.iter().map(|x| classifier.scores(x)).collect();
        let scores: Vec<&[f64]> = scores.iter().map(Vec::as_slice).collect();
        Said { stages: Vec::new(), logits: tensor(&scores, self.dtype) }
    }
    fn boxed(&self) -> Box<dyn Method> {
        Box::new(self.clone())
    }
}

/// A classifier of an episode, in f64.
struct Classifier {
    /// Of each class, its bias last where it has one.
    weights: Vec<Vec<f64>>,
    linear: bool,
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

impl Classifier {
    /// Before the first step. A cosine has no gradient at 0: its weights begin at the class's first example, the same for all
    /// seeds.
    fn new(support: &[Vec<f64>], way: usize, linear: bool) -> Classifier {
        let n = support[0].len();
        let weights = if linear { vec![vec![0.0; n + 1]; way] } else { support[..way].to_vec() };
        Classifier { weights, linear }
    }
    fn scores(&self, x: &[f64]) -> Vec<f64> {
        let g = scale(self.weights.len());
        let score = |w: &Vec<f64>| match self.linear {
            true => dot(w, x) + w[x.len()],
            false => g * dot(w, x) / length(w),
        };
        self.weights.iter().map(score).collect()
    }
    /// Adds the gradient of x's negative log-likelihood.
    fn slope(&self, x: &[f64], label: usize, slopes: &mut [Vec<f64>]) {
        let scores = self.scores(x);
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = scores.iter().map(|s| (s - most).exp()).sum();
        let g = scale(self.weights.len());
        for (class, ((w, slope), score)) in self.weights.iter().zip(slopes).zip(&scores).enumerate() {
            let d = (score - most).exp() / sum - f64::from(u8::from(class == label));
            if self.linear {
                slope.iter_mut().zip(x.iter().chain(&[1.0])).for_each(|(slope, x)| *slope += d * x);
            } else {
                // d cos/dw = (x − cos(w, x) w/‖w‖)/‖w‖, ‖x‖ = 1.
                let (norm, cosine) = (length(w), score / g);
                let each = slope.iter_mut().zip(x.iter().zip(w));
                each.for_each(|(slope, (x, w))| *slope += d * g * (x - cosine * w / norm) / norm);
            }
        }
    }
    /// Trained on a support whose i-th example is of class i mod `way`.
    fn tuned(support: &[Vec<f64>], way: usize, linear: bool) -> Classifier {
        let mut classifier = Classifier::new(support, way, linear);
        let zeros: Vec<Vec<f64>> = classifier.weights.iter().map(|w| vec![0.0; w.len()]).collect();
        let mut momenta: Option<Vec<Vec<f64>>> = None;
        for pass in 0..PASSES {
            let order = order(support.len(), pass);
            for step in order.chunks(TOGETHER) {
                let mut slopes = zeros.clone();
                step.iter().for_each(|i| classifier.slope(&support[*i], i % way, &mut slopes));
                let decayed = |slopes: Vec<Vec<f64>>| -> Vec<Vec<f64>> {
                    let of = |(s, w): (Vec<f64>, &Vec<f64>)| {
                        s.iter().zip(w).map(|(s, w)| s / step.len() as f64 + DECAY * w).collect()
                    };
                    slopes.into_iter().zip(&classifier.weights).map(of).collect()
                };
                let slopes = decayed(slopes);
                // The first step has no momentum, and no dampening.
                let moved = match momenta.take() {
                    None => slopes,
                    Some(before) => {
                        let mix = |(m, s): (&Vec<f64>, &Vec<f64>)| {
                            m.iter().zip(s).map(|(m, s)| MOMENTUM * m + (1.0 - DAMPENING) * s).collect()
                        };
                        before.iter().zip(&slopes).map(mix).collect()
                    }
                };
                let weights = classifier.weights.iter_mut().flatten();
                weights.zip(moved.iter().flatten()).for_each(|(w, m)| *w -= RATE * m);
                momenta = Some(moved);
            }
        }
        classifier
    }
}

/// The seed of the order of fine-tuning: the same for every run and episode.
const ORDER: u64 = 42;

fn order(n: usize, pass: u64) -> Vec<usize> {
    super::super::super::episode::order(n, ORDER, pass)
}

/// ‖w‖, 1 for a vector of 0, whose cosine is 0.
fn length(w: &[f64]) -> f64 {
    let norm = dot(w, w).sqrt();
    if norm > 0.0 { norm } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likelihood(classifier: &Classifier, x: &[f64], label: usize) -> f64 {
        let scores = classifier.scores(x);
        scores.iter().map(|s| s.exp()).sum::<f64>().ln() - scores[label]
    }

    #[test]
    fn slopes_are_those_of_finite_differences() {
        let x = [0.6, -0.8];
        for linear in [true, false] {
            let weights = if linear {
                vec![vec![0.3, -0.2, 0.1], vec![-0.5, 0.4, 0.0], vec![0.2, 0.9, -0.3]]
            } else {
                vec![vec![0.3, -0.2], vec![-0.5, 0.4], vec![0.2, 0.9]]
            };
            let classifier = Classifier { weights, linear };
            let mut slopes: Vec<Vec<f64>> = classifier.weights.iter().map(|w| vec![0.0; w.len()]).collect();
            classifier.slope(&x, 1, &mut slopes);
            const STEP: f64 = 1e-6;
            for (class, slope) in slopes.iter().enumerate() {
                for (i, found) in slope.iter().enumerate() {
                    let at = |step: f64| {
                        let mut weights = classifier.weights.clone();
                        weights[class][i] += step;
                        likelihood(&Classifier { weights, linear }, &x, 1)
                    };
                    let expected = (at(STEP) - at(-STEP)) / (2.0 * STEP);
                    assert!((found - expected).abs() < 1e-8, "{linear} {class} {i}: {found} {expected}");
                }
            }
        }
    }

    #[test]
    fn fine_tuning_tells_its_support_apart() {
        // Three directions, each twice.
        let support: Vec<Vec<f64>> =
            [[1.0, 0.1], [-0.6, 0.8], [-0.6, -0.8], [1.0, -0.1], [-0.7, 0.7], [-0.7, -0.7]].map(|x| x.to_vec()).into();
        for linear in [true, false] {
            let classifier = Classifier::tuned(&support, 3, linear);
            for (i, x) in support.iter().enumerate() {
                let scores = classifier.scores(x);
                let best = (0..3).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
                assert_eq!(best, i % 3, "{linear}: {scores:?}");
            }
            let loss: f64 = support.iter().enumerate().map(|(i, x)| likelihood(&classifier, x, i % 3)).sum();
            assert!(loss / 6.0 < 0.9 * 3f64.ln(), "{linear}: {loss}");
        }
    }
}
