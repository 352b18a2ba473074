//! Model-agnostic meta-learning of first order, and Reptile: for an episode the whole network, with a linear classifier, takes a
//! few steps of descent on its support; what is learned is where to begin.
//!
//! θ_k = θ_{k−1} − a ∇L_support(θ_{k−1});  MAML:  θ ← step(∇L_queries(θ_K));  Reptile:  θ ← step(θ − θ_K).
//!
//! Finn et al. (2017), Eq. 1 and section 5.2 (first order: the gradient is taken at θ_K as if θ_K did not depend on θ); Nichol
//! et al. (2018), Algorithm 1, whose support are all images of the episode; K = 5 unless a recipe says otherwise. "step" is the
//! recipe's optimiser, one episode at a time where they take several. The classifier begins with the same learned row for each
//! class (Ye & Chao 2022), so that episodes of any number of classes can be asked. Normalisation is by each batch's own moments,
//! in tests too, as in Finn et al.: queries see one another.

use super::super::super::backbone::Draws;
use super::super::super::episode::Shape;
use super::super::super::optimiser::{Numbers, Parameter};
use super::super::super::pass::{Pass, Statistics};
use super::super::super::run::rows_of;
use super::super::encoder::{Encoder, heads_device};
use super::super::step::{Seen, Slopes, descent, leaf};
use super::{Method, Said};
use burn_tensor::{DType, Device, Tensor};

/// What an episode's adaptation teaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lesson {
    /// The gradient of the queries where it ended.
    Gradient,
    /// The way it went.
    Way,
}

/// Steps K and rate a of the descent on a support.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inner {
    pub steps: u32,
    pub rate: f64,
}

#[derive(Clone, Debug)]
pub struct Adaptation {
    lesson: Lesson,
    inner: Inner,
    /// `[n, 1]`: where each class's weights begin.
    row: Parameter,
    dtype: DType,
}

const ROW: &str = "classifier.row";
const WEIGHT: &str = "classifier.weight";
const BIAS: &str = "classifier.bias";

impl Adaptation {
    pub fn first_order_maml(n: usize, inner: Inner, dtype: DType, draws: &mut Draws) -> Adaptation {
        Adaptation { lesson: Lesson::Gradient, inner, row: draws.uniform(ROW, &[n, 1], n), dtype }
    }
    pub fn reptile(n: usize, inner: Inner, dtype: DType, draws: &mut Draws) -> Adaptation {
        Adaptation { lesson: Lesson::Way, ..Adaptation::first_order_maml(n, inner, dtype, draws) }
    }

    /// One episode in training, from its images `[images, channels, side, side]`.
    pub(in super::super) fn episode(
        &self,
        encoder: &Encoder,
        images: Tensor<4>,
        shape: Shape,
        device: &Device,
    ) -> Result<Seen, String> {
        let support = match self.lesson {
            Lesson::Gradient => shape.way * shape.shot,
            Lesson::Way => shape.images(),
        };
        let labels: Vec<u16> = (0..shape.images()).map(|i| (i % shape.way) as u16).collect();
        let mut copy = self.begin(encoder, shape.way);
        let last = copy.descend(self.inner, images.clone().narrow(0, 0, support), &labels[..support], device)?;
        match self.lesson {
            Lesson::Gradient => {
                let queries = images.narrow(0, support, shape.images() - support);
                let mut seen = copy.see(queries, &labels[support..], device)?;
                let of_row = seen.slopes.remove(WEIGHT).map(|slope| over_classes(&slope, shape.way, 1.0));
                seen.slopes.extend(of_row.map(|slope| (ROW.to_owned(), slope)));
                Ok(seen)
            }
            Lesson::Way => {
                let last = last.ok_or_else(|| "no step on the support".to_owned())?;
                Ok(Seen { slopes: self.way_gone(encoder, copy, shape.way), ..last })
            }
        }
    }

    /// The logits of an episode's queries after a copy has adapted to its support; not numbers where that failed.
    pub(in super::super) fn adapted(
        &self,
        encoder: &Encoder,
        images: Tensor<4>,
        shape: Shape,
        device: &Device,
    ) -> Vec<Vec<f64>> {
        let (support, count) = (shape.way * shape.shot, shape.images());
        let labels: Vec<u16> = (0..support).map(|i| (i % shape.way) as u16).collect();
        let mut copy = self.begin(encoder, shape.way);
        if copy.descend(self.inner, images.clone().narrow(0, 0, support), &labels, device).is_err() {
            return vec![vec![f64::NAN; shape.way]; count - support];
        }
        let queries = images.narrow(0, support, count - support);
        let (features, _) = copy.encoder.features(queries, device, Statistics::Batch, false);
        let heads = heads_device();
        let features = Tensor::from_data(features.to_data(), (&heads, features.dtype()));
        rows_of(copy.scores(features, &mut Pass::new(&heads, self.dtype, Statistics::Batch, false)))
    }

    fn begin(&self, encoder: &Encoder, way: usize) -> Copied {
        let row = self.row.values.to_f64();
        let weight: Vec<f64> = row.iter().flat_map(|x| std::iter::repeat_n(*x, way)).collect();
        let like = &self.row.values;
        Copied {
            encoder: encoder.clone(),
            weight: Parameter::new(WEIGHT, &[row.len(), way], like.like(weight)),
            bias: Parameter::new(BIAS, &[way], like.like(vec![0.0; way])),
            dtype: self.dtype,
        }
    }

    /// θ − θ_K of every parameter that learns; of the row, the mean over the classes.
    fn way_gone(&self, encoder: &Encoder, copy: Copied, way: usize) -> Slopes {
        let gone = |before: &Parameter, after: &Parameter| {
            let (before_, after) = (before.values.to_f64(), after.values.to_f64());
            let apart = before_.iter().zip(&after).map(|(a, b)| a - b).collect();
            (before.name.clone(), before.values.like(apart))
        };
        let pairs = encoder.parameters().into_iter().zip(copy.encoder.parameters());
        let mut slopes: Slopes = pairs.filter(|(p, _)| p.learns && p.name != ROW).map(|(a, b)| gone(&a, &b)).collect();
        let (_, of_weight) = gone(&self.begin(encoder, way).weight, &copy.weight);
        slopes.insert(ROW.to_owned(), over_classes(&of_weight, way, (way as f64).recip()));
        slopes
    }
}

/// Sums over the classes of `[n, way]`, times a factor.
fn over_classes(slope: &Numbers, way: usize, factor: f64) -> Numbers {
    slope.like(slope.to_f64().chunks_exact(way).map(|row| factor * row.iter().sum::<f64>()).collect())
}

/// A copy of a network with a classifier of its own.
struct Copied {
    encoder: Encoder,
    weight: Parameter,
    bias: Parameter,
    dtype: DType,
}

impl Copied {
    fn scores(&self, features: Tensor<2>, pass: &mut Pass) -> Tensor<2> {
        let (w, b): (Tensor<2>, Tensor<1>) = (pass.leaf(&self.weight), pass.leaf(&self.bias));
        let way = b.dims()[0];
        features.cast(self.dtype).matmul(w) + b.reshape([1, way])
    }
    /// Loss, share right and gradients on images.
    fn see(&self, images: Tensor<4>, labels: &[u16], device: &Device) -> Result<Seen, String> {
        let (features, passed) = self.encoder.features(images, device, Statistics::Batch, true);
        let (heads, seen) = (heads_device(), leaf(&features));
        let mut pass = Pass::new(&heads, self.dtype, Statistics::Batch, true);
        let logits = self.scores(seen.clone(), &mut pass);
        let loss = super::super::super::run::loss(logits.clone(), labels, &heads);
        let said = Said { stages: Vec::new(), logits };
        descent((features, passed), (seen, pass.done()), (said, labels.to_vec()), loss, device)
    }
    /// Steps on a support; what the last of them saw.
    fn descend(
        &mut self,
        inner: Inner,
        images: Tensor<4>,
        labels: &[u16],
        device: &Device,
    ) -> Result<Option<Seen>, String> {
        let mut last = None;
        for _ in 0..inner.steps {
            let seen = self.see(images.clone(), labels, device)?;
            let mut down = |parameter: &mut Parameter| {
                if let Some(slope) = seen.slopes.get(&parameter.name) {
                    parameter.descend(slope, inner.rate, 0.0);
                }
            };
            self.encoder.backbone.visit(&mut down);
            down(&mut self.weight);
            down(&mut self.bias);
            last = Some(seen);
        }
        Ok(last)
    }
}

impl Method for Adaptation {
    fn visit(&mut self, f: &mut dyn FnMut(&mut Parameter)) {
        f(&mut self.row);
    }
    fn dtype(&self) -> DType {
        self.dtype
    }
    fn place(&self, features: Tensor<2>) -> Tensor<2> {
        features.cast(self.dtype)
    }
    /// What it would say without adapting: the same to every class.
    fn answer(&self, points: Tensor<2>, shape: Shape, pass: &mut Pass) -> Said {
        let queries = points.dims()[0] - shape.way * shape.shot;
        let asked = points.narrow(0, shape.way * shape.shot, queries);
        let logits = asked.matmul(pass.leaf::<2>(&self.row)).repeat_dim(1, shape.way);
        Said { stages: Vec::new(), logits }
    }
    fn adaptation(&self) -> Option<&Adaptation> {
        Some(self)
    }
    fn boxed(&self) -> Box<dyn Method> {
        Box::new(self.clone())
    }
}
