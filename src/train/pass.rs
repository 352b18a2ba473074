//! One pass through a network: the tensors that stand for its parameters, and what its normalisations saw on the way.

use super::block::Moments;
use super::optimiser::{Numbers, Parameter};
use burn_tensor::{DType, Device, Gradients, Tensor};
use std::collections::BTreeMap;

/// A parameter's leaf in the graph.
pub enum Leaf {
    One(Tensor<1>),
    Two(Tensor<2>),
    Four(Tensor<4>),
}

macro_rules! leaf {
    ($($axes:literal => $kind:ident),*) => {
        $(impl From<Tensor<$axes>> for Leaf {
            fn from(x: Tensor<$axes>) -> Leaf {
                Leaf::$kind(x)
            }
        })*
    };
}
leaf!(1 => One, 2 => Two, 4 => Four);

/// Whose mean and variance a batch normalisation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistics {
    /// The batch's, in training.
    Batch,
    /// The running ones.
    Running,
}

/// The state of a pass.
pub struct Pass<'a> {
    pub device: &'a Device,
    /// The arithmetic of the backbone.
    pub dtype: DType,
    pub statistics: Statistics,
    /// Whether the graph is kept for a backward pass.
    tracked: bool,
    leaves: BTreeMap<String, Leaf>,
    seen: Vec<(String, Moments)>,
}

/// What a pass leaves behind: the leaves by the names of their parameters, and the moments by those of their layers.
pub struct Passed {
    pub leaves: BTreeMap<String, Leaf>,
    pub seen: Vec<(String, Moments)>,
}

impl<'a> Pass<'a> {
    pub fn new(device: &'a Device, dtype: DType, statistics: Statistics, tracked: bool) -> Pass<'a> {
        Pass { device, dtype, statistics, tracked, leaves: BTreeMap::new(), seen: Vec::new() }
    }
    /// The tensor of a parameter, in its own type.
    pub fn own<const D: usize>(&mut self, parameter: &Parameter) -> Tensor<D>
    where
        Leaf: From<Tensor<D>>,
    {
        let tensor: Tensor<D> = parameter.tensor(self.device, self.tracked);
        self.leaves.insert(parameter.name.clone(), tensor.clone().into());
        tensor
    }
    /// The tensor of a parameter, in the backbone's arithmetic.
    pub fn leaf<const D: usize>(&mut self, parameter: &Parameter) -> Tensor<D>
    where
        Leaf: From<Tensor<D>>,
    {
        let dtype = self.dtype;
        self.own(parameter).cast(dtype)
    }
    /// Notes what a normalisation saw.
    pub fn saw(&mut self, layer: &str, moments: Option<Moments>) {
        self.seen.extend(moments.map(|moments| (layer.to_owned(), moments)));
    }
    pub fn done(self) -> Passed {
        Passed { leaves: self.leaves, seen: self.seen }
    }
}

impl Passed {
    /// The gradients of a loss, divided by the loss scale, in the types of their parameters.
    pub fn gradients(&self, loss: &Tensor<1>, scale: f64) -> BTreeMap<String, Numbers> {
        self.taken(&mut loss.backward(), scale)
    }
    /// The gradients of the leaves, taken out of those of a backward pass.
    pub fn taken(&self, all: &mut Gradients, scale: f64) -> BTreeMap<String, Numbers> {
        let mut numbers = |leaf: &Leaf| {
            let data = match leaf {
                Leaf::One(x) => x.grad_remove(all)?.into_data(),
                Leaf::Two(x) => x.grad_remove(all)?.into_data(),
                Leaf::Four(x) => x.grad_remove(all)?.into_data(),
            };
            let kind = "a gradient has the type of its leaf";
            Some(match data.dtype() {
                DType::F64 => {
                    let g = data.try_into_vec::<f64>().expect(kind);
                    Numbers::F64(if scale == 1.0 { g } else { g.iter().map(|g| g / scale).collect() })
                }
                _ => {
                    let g = data.try_into_vec::<f32>().expect(kind);
                    Numbers::F32(if scale == 1.0 { g } else { g.iter().map(|g| g / scale as f32).collect() })
                }
            })
        };
        self.leaves.iter().filter_map(|(name, leaf)| Some((name.clone(), numbers(leaf)?))).collect()
    }
}
