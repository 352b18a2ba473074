//! Networks with a hyperbolic head, trained on the formulas that are measured: recipe, data, backbone, head, step.

mod checkpoint;
mod confidence;
mod delta;
mod diagnose;
mod embed;
mod grid;
mod head;
mod layer;
mod network;
mod observe;
mod optimiser;
mod recipe;
mod run;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use confidence::{Confidence, confidence};
pub use delta::{Hyperbolicity, hyperbolicity};
pub use embed::{Embedding, embeddings, write_csv, write_npy};
pub use grid::{Cell as GridCell, Grid};
pub use head::{Geometry, Head};
pub use network::{Input, Network, SHARED_FEATURES};
pub use observe::{EpochRow, MetricsRow, OodRow, ResultRow, StopRow};
pub use optimiser::{Numbers, Parameter};
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
