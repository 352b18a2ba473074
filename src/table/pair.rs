//! A table of distances between two points of an embedding.

use serde::{Deserialize, Serialize};

/// One distance by one variant, against certified truth for the points as stored. Depths are distances times √c.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairRow {
    /// random, or nearest: the second point is the first's nearest.
    pub pairs: String,
    /// Numbers of the points, from 0 in the file's order.
    pub first: usize,
    pub second: usize,
    /// √c d(0, ·) of the one further out.
    pub depth: f64,
    /// √c d of the two.
    pub separation: f64,
    pub variant: String,
    pub truth: String,
    pub value: String,
    pub relative_error: Option<f64>,
    pub ulps: Option<f64>,
    pub outcome: String,
    /// What storing can have cost the distance, relatively.
    pub storage: Option<f64>,
    /// What storing the file's own numbers in the narrower arithmetic did cost.
    pub storage_measured: Option<f64>,
}
