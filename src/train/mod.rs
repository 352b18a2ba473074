//! Networks with a hyperbolic head, trained on the formulas that are measured: recipe, data, backbone, head, step.

mod backbone;
mod block;
mod checkpoint;
mod confidence;
mod delta;
mod diagnose;
mod embed;
mod episode;
mod fewshot;
mod grid;
mod head;
mod layer;
mod network;
mod observe;
mod optimiser;
mod pass;
mod product;
mod prototype;
mod recipe;
mod run;

pub use backbone::{Backbone, Last, SHARED_FEATURES};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use confidence::{Confidence, confidence};
pub use delta::{
    Hyperbolicity, SAMPLES, TRIES, hyperbolicity, hyperbolicity_in, hyperbolicity_of_images, hyperbolicity_of_matrix,
};
pub use embed::{Embedding, embeddings, write_csv, write_npy};
pub use episode::{Episode, Shape, episode};
pub use fewshot::*;
pub use grid::{Cell as GridCell, Grid, Parsed};
pub use head::{Geometry, Head, released_clip};
pub use network::{Input, Network};
pub use observe::{EpochRow, MetricsRow, OodRow, ResultRow, StopRow};
pub use optimiser::{Numbers, Optimiser, Parameter, Schedule};
pub use prototype::{FIXED_RADIUS, Place, Prototypes, midpoint};
pub use recipe::{Recipe, RecipeError, Trained};
pub use run::{
    CHECKPOINT, Features, HALFWAY, METRICS, NotFinite, Observer, Outcome, TrainError, evaluate, features_of, run, step,
};

/// The recipes that are compiled in, by name.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("mnist", include_str!("../../studies/train/mnist.toml")),
    ("demo", include_str!("../../studies/train/demo.toml")),
    ("wide", include_str!("../../studies/train/wide.toml")),
    ("deep", include_str!("../../studies/train/deep.toml")),
    ("arithmetic", include_str!("../../studies/train/arithmetic.toml")),
    ("released", include_str!("../../studies/train/released.toml")),
];
