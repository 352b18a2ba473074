//! `hypprec embed`: the points that a trained network gives to a set, for other programs.

use super::Failure;
use super::data::Place;
use super::train::{Name, network_of};
use crate::data::{Split, load, set};
use crate::table::TableError;
use crate::train::{embeddings, write_csv, write_npy};
use std::path::PathBuf;

/// Write the embeddings of a set's test images as CSV and npy.
#[derive(clap::Args)]
pub struct Embed {
    /// A checkpoint of `hypprec train`
    checkpoint: PathBuf,
    /// The set (see `hypprec list datasets`)
    #[arg(long, default_value = "mnist")]
    dataset: String,
    /// Only the first so many images
    #[arg(long)]
    limit: Option<usize>,
    /// The folder to write embeddings.csv and embeddings.npy to [default: beside the checkpoint]
    #[arg(long)]
    out: Option<PathBuf>,
    #[arg(long, default_value = "cpu")]
    device: Name,
    #[command(flatten)]
    place: Place,
}

impl Embed {
    pub fn run(self) -> Result<(), Failure> {
        let (network, _) = network_of(&self.checkpoint)?;
        let images = load(&self.place.cache(), set(&self.dataset)?, Split::Test)?;
        let images = match self.limit {
            Some(n) => images.first(n),
            None => images,
        };
        let embedding = embeddings(&network, &images, &self.device.device());
        let beside = self.checkpoint.parent().map(PathBuf::from).unwrap_or_default();
        let folder = self.out.unwrap_or(beside);
        std::fs::create_dir_all(&folder).map_err(TableError::io(&folder))?;
        write_csv(&folder.join("embeddings.csv"), &embedding)?;
        write_npy(&folder.join("embeddings.npy"), &embedding.points)?;
        super::print(&format!("{} points in {}\n", embedding.points.len(), folder.join("embeddings.csv").display()))
    }
}
