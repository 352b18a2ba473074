//! `hypprec delta`: how nearly a network's features are a tree, and the curvature that this suggests.

use super::Failure;
use super::data::Place;
use super::train::{Name, network_of};
use crate::data::{Split, load, set};
use crate::train::{SHARED_FEATURES, features_of, hyperbolicity};
use serde_json::json;
use std::path::PathBuf;

/// Gromov's relative δ of a network's features before its last layer, and c = (0.144/δ)².
#[derive(clap::Args)]
pub struct Delta {
    /// A checkpoint of `hypprec train`
    checkpoint: PathBuf,
    #[arg(long, default_value = "mnist")]
    dataset: String,
    /// Images in a try
    #[arg(long, default_value_t = 1500, value_parser = clap::value_parser!(u32).range(4..))]
    samples: u32,
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    tries: u64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long)]
    json: bool,
    #[arg(long, default_value = "cpu")]
    device: Name,
    #[command(flatten)]
    place: Place,
}

impl Delta {
    pub fn run(self) -> Result<(), Failure> {
        let (network, _) = network_of(&self.checkpoint)?;
        let images = load(&self.place.cache(), set(&self.dataset)?, Split::Test)?;
        let features = features_of(&network, &images, &self.device.device());
        let found = hyperbolicity(&features, SHARED_FEATURES, self.samples as usize, self.tries, self.seed);
        if self.json {
            let value = json!({"delta_rel": found.relative, "deviation": found.deviation, "c": found.c});
            return super::print(&format!("{value}\n"));
        }
        super::print(&format!("δ_rel = {:.4} ± {:.4}, c = {:.4}\n", found.relative, found.deviation, found.c))
    }
}
