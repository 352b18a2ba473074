//! Prototypes, in any model (Snell et al. 2017; Khrulkov et al. 2020): see [`crate::train::Prototypes`].

use super::super::super::episode::Shape;
use super::super::super::pass::Pass;
use super::super::super::prototype::{Prototypes, Stages};
use super::{Method, PROTOTYPES, Said};
use burn_tensor::{DType, Tensor};

impl Method for Prototypes {
    fn dtype(&self) -> DType {
        Prototypes::dtype(self)
    }
    fn place(&self, features: Tensor<2>) -> Tensor<2> {
        self.points(features)
    }
    fn answer(&self, points: Tensor<2>, shape: Shape, _: &mut Pass) -> Said {
        let Stages { points, prototypes, logits } = self.judge(points, shape);
        Said { stages: vec![("the points", points), (PROTOTYPES, prototypes)], logits }
    }
    fn boxed(&self) -> Box<dyn Method> {
        Box::new(*self)
    }
}
