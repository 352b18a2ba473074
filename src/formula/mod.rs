//! Every formula of hyperbolic geometry that the field uses, written once for all arithmetics, its variants side by side.
//!
//! Curvature is −c, c > 0; g_x = 1 − c‖x‖². Shapes: a point is `[n]` or `[batch, n]`, a scalar one number or `[batch, 1]`.
//! Functions assume points of the model and do not check: the [`model`](crate::model) room does.

pub mod add;
pub mod along;
pub mod ambient;
mod chart;
pub mod distance;
pub mod exp_log;
mod frame;
pub mod lifted;
pub mod mlr;
pub mod radial;
mod registry;
mod space;
pub mod tangent;
mod wide;

pub use registry::{
    Answer, AnswerOf, BEST, Input, Kind, Model, Op, Query, REGISTRY, Role, UnknownName, Variant, apply, variant,
    variants,
};
pub use space::{Clamps, Space};
