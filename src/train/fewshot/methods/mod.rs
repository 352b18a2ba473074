//! Few-shot systems on one backbone: each file is one system, whose module says its equation, its source, and where it differs.

mod adapt;
mod baseline;
mod dn4;
mod matching;
mod protonet;
mod relation;
mod tpn;

pub use adapt::{Adaptation, Inner};

use super::super::backbone::{Backbone, Draws};
use super::super::episode::{Episode, Shape};
use super::super::optimiser::Parameter;
use super::super::pass::Pass;
use super::super::recipe::{RecipeError, field};
use super::encoder::heads_device;
use super::recipe::FewShot;
use burn_tensor::{DType, Tensor};

/// What a method said to an episode.
pub struct Said {
    /// Its stages in their order, so that a fault can be told by its first place.
    pub stages: Vec<(&'static str, Tensor<2>)>,
    /// `[queries, way]`: a row a query.
    pub logits: Tensor<2>,
}

/// The stage of prototypes.
pub const PROTOTYPES: &str = "the prototypes";

/// How a system learns and judges from the features of a backbone.
pub trait Method: std::fmt::Debug + Send + Sync {
    /// Calls `f` for every parameter of its own, in a fixed order.
    fn visit(&mut self, _f: &mut dyn FnMut(&mut Parameter)) {}
    /// The tensor type of its numbers.
    fn dtype(&self) -> DType;
    /// What it makes of each image apart from all others: features `[images, n]` to points `[images, m]`.
    fn place(&self, features: Tensor<2>) -> Tensor<2>;
    /// Its logits for an episode of points `[images, m]`, in the order of [`Episode`].
    fn answer(&self, points: Tensor<2>, shape: Shape, pass: &mut Pass) -> Said;
    /// What it is asked in training, and the labels: the episode's queries, unless it learns otherwise.
    fn learn(&self, points: Tensor<2>, episode: &Episode, pass: &mut Pass) -> (Said, Vec<u16>) {
        (self.answer(points, episode.shape, pass), episode.shape.labels())
    }
    /// What it minimises: the mean negative log-likelihood, unless it says otherwise.
    fn loss(&self, logits: Tensor<2>, labels: &[u16]) -> Tensor<1> {
        super::super::run::loss(logits, labels, &heads_device())
    }
    /// How it changes the backbone itself for an episode, where it does.
    fn adaptation(&self) -> Option<&Adaptation> {
        None
    }
    fn boxed(&self) -> Box<dyn Method>;
}

impl Clone for Box<dyn Method> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}

pub const PROTONET: &str = "protonet";
pub const MATCHING: &str = "matchingnet";
pub const RELATION: &str = "relationnet";
pub const DN4: &str = "dn4";
pub const TPN: &str = "tpn";
pub const BASELINE: &str = "baseline";
pub const BASELINE_COSINE: &str = "baseline++";
pub const MAML: &str = "maml";
pub const REPTILE: &str = "reptile";

/// Methods that a recipe can name.
pub const NAMES: &[&str] = &[PROTONET, MATCHING, RELATION, DN4, TPN, BASELINE, BASELINE_COSINE, MAML, REPTILE];

/// The numbers of a seed that are a method's own: the backbone has the first, whichever the method.
const STREAM: u64 = 1 << 32;

/// The method of a recipe for a backbone; `classes` are those of training.
pub fn method(recipe: &FewShot, backbone: &dyn Backbone, classes: usize) -> Result<Box<dyn Method>, RecipeError> {
    let dtype = recipe.head_dtype()?;
    let (n, map) = (backbone.outputs(), backbone.map());
    let mut draws = Draws::new(recipe.seed, dtype == DType::F64).starting_at(STREAM);
    Ok(match recipe.method.as_str() {
        MATCHING => Box::new(matching::MatchingNet { temperature: recipe.temperature, dtype }),
        RELATION => Box::new(relation::RelationNet::new(map, dtype, &mut draws).map_err(|e| field("side", e))?),
        DN4 => Box::new(dn4::Dn4 { map, dtype }),
        TPN => Box::new(tpn::Tpn::new(n, dtype, &mut draws)),
        BASELINE => Box::new(baseline::Baseline::linear(n, classes, dtype, &mut draws)),
        BASELINE_COSINE => Box::new(baseline::Baseline::cosine(n, classes, dtype, &mut draws)),
        MAML => Box::new(Adaptation::first_order_maml(n, recipe.inner()?, dtype, &mut draws)),
        REPTILE => Box::new(Adaptation::reptile(n, recipe.inner()?, dtype, &mut draws)),
        _ => Box::new(recipe.head()?),
    })
}

/// Added to a squared length before its root: a feature of length 0 stays 0, and its gradient finite.
const LEAST_SQUARE: f64 = 1e-12;

/// x/‖x‖ along a dimension.
fn unit<const D: usize>(x: Tensor<D>, dim: usize) -> Tensor<D> {
    let square = (x.clone() * x.clone()).sum_dim(dim);
    x / (square + LEAST_SQUARE).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::pass::Statistics;
    use burn_tensor::{Device, TensorData};

    pub fn rows(numbers: &[&[f64]]) -> Tensor<2> {
        super::super::encoder::tensor(numbers, DType::F64)
    }

    /// The logits of a method in f64.
    pub fn logits(method: &dyn Method, features: Tensor<2>, shape: Shape) -> Vec<Vec<f64>> {
        let device = Device::flex();
        let mut pass = Pass::new(&device, DType::F64, Statistics::Batch, false);
        super::super::super::run::rows_of(method.answer(method.place(features), shape, &mut pass).logits)
    }

    #[test]
    fn unit_rows_have_length_1_and_a_row_of_0_stays_0() {
        let x = unit(rows(&[&[3.0, 4.0], &[0.0, 0.0]]), 1);
        let found = super::super::super::run::rows_of(x);
        assert!((found[0][0] - 0.6).abs() < 1e-12 && (found[0][1] - 0.8).abs() < 1e-12);
        assert_eq!(found[1], [0.0, 0.0]);
        let x: Tensor<2> = Tensor::from_data(TensorData::new(vec![0.0f64; 2], [1, 2]), (&Device::flex(), DType::F64));
        let x = x.autodiff().require_grad();
        let gradient = x.grad(&unit(x.clone(), 1).sum().backward()).unwrap();
        assert!(gradient.into_data().try_into_vec::<f64>().unwrap().iter().all(|g| g.is_finite()));
    }
}
