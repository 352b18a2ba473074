//! `hypprec embed`: the points that a trained network gives to a set, for other programs.

use super::Failure;
use super::data::Place;
use super::train::{Name, network_of};
use crate::data::{Split, load, set};
use crate::table;
use crate::train::{embeddings, write_csv, write_npy};
use std::path::PathBuf;

/// Write the embeddings of a set's test images as CSV and npy.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hypprec embed out/fast/checkpoint.safetensors
  hypprec embed out/fast/checkpoint.safetensors --dataset sample --limit 100 --out points")]
pub struct Embed {
    /// A checkpoint of `hypprec train`
    checkpoint: PathBuf,
    /// The set (see `hypprec list datasets`) [default: the one that the network was trained on]
    #[arg(long)]
    dataset: Option<String>,
    /// Only the first so many images
    #[arg(long)]
    limit: Option<usize>,
    /// The folder to write embeddings.csv and embeddings.npy to [default: beside the checkpoint]
    #[arg(long)]
    out: Option<PathBuf>,
    #[arg(long, default_value = "cpu")]
    device: Name,
    /// Also replace files that hypprec did not write
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    place: Place,
}

/// The tables of an embedding.
const CSV: &str = "embeddings.csv";
const NPY: &str = "embeddings.npy";

impl Embed {
    pub fn run(self) -> Result<(), Failure> {
        let (network, recipe) = network_of(&self.checkpoint)?;
        let beside = self.checkpoint.parent().map(PathBuf::from).unwrap_or_default();
        let folder = self.out.unwrap_or(beside);
        table::own(&folder, &[CSV, NPY], self.force)?;
        let dataset = self.dataset.as_ref().unwrap_or(&recipe.dataset);
        let images = load(&self.place.cache(), set(dataset)?, Split::Test)?;
        let images = match self.limit {
            Some(n) => images.first(n),
            None => images,
        };
        let embedding = embeddings(&network, &images, &self.device.device());
        write_csv(&folder.join(CSV), &embedding)?;
        write_npy(&folder.join(NPY), &embedding.points)?;
        super::print(&format!(
            "{} points of {dataset} in {}\n",
            embedding.points.len(),
            super::shown(&folder.join(CSV))
        ))
    }
}
