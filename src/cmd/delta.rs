//! `hypprec delta`: how nearly distances are those of a tree, and the curvature that this suggests.

use super::Failure;
use super::data::Place;
use super::train::{Name, network_of};
use crate::data::{Part, Split, classes, load, set};
use crate::formula::{BEST, Model, Op, Space, variant};
use crate::table::{Embedding, Reading};
use crate::train::{
    Checkpoint, FewShot, Hyperbolicity, SAMPLES, SHARED_FEATURES, TRIES, features_of, few_shot_hyperbolicity,
    hyperbolicity, hyperbolicity_in, hyperbolicity_of_images, hyperbolicity_of_matrix,
};
use crate::verdict::scan;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Gromov's relative δ of features, of embeddings, of distances or of images, and c = (0.144/δ)².
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hypprec delta out/fast/checkpoint.safetensors
  hypprec delta out/fast/checkpoint.safetensors --dataset sample --samples 100 --tries 3 --json
  hypprec delta embedding.npy --model poincare --samples 100")]
pub struct Delta {
    /// A checkpoint of `hypprec train` or `fewshot` (.safetensors), or an embedding that `scan` reads
    #[arg(required_unless_present = "images", conflicts_with = "images")]
    file: Option<PathBuf>,
    /// Instead of a file, the training images of a few-shot set, by their normalised pixels
    #[arg(long, value_name = "SET")]
    images: Option<String>,
    /// Side of these images, in pixels
    #[arg(long, default_value_t = 28)]
    side: usize,
    /// The set (see `hypprec list datasets`) [default: the one that the network was trained on]
    #[arg(long)]
    dataset: Option<String>,
    /// The model of an embedding's points [default: Euclid's space]
    #[arg(long, conflicts_with = "distances")]
    model: Option<Model>,
    /// c of the model [default: what the file says, or 1]
    #[arg(long)]
    curvature: Option<String>,
    /// The file holds distances, n rows of n numbers
    #[arg(long)]
    distances: bool,
    /// Points in a try
    #[arg(long, default_value_t = SAMPLES, value_parser = clap::value_parser!(u32).range(4..))]
    samples: u32,
    #[arg(long, default_value_t = TRIES, value_parser = clap::value_parser!(u64).range(1..=MOST_TRIES))]
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

/// The most tries: each takes seconds.
const MOST_TRIES: u64 = 10_000;
/// How the names of checkpoints end.
const CHECKPOINT: &str = "safetensors";

impl Delta {
    pub fn run(self) -> Result<(), Failure> {
        let (name, found) = match (&self.images, &self.file) {
            (Some(set), _) => (set.clone(), self.of_images(set)?),
            (None, Some(file)) if file.extension().is_some_and(|end| end == CHECKPOINT) => self.of_network(file)?,
            (None, Some(file)) => (file.display().to_string(), self.of_embedding(file)?),
            (None, None) => return Err(Failure("a file or --images".to_owned())),
        };
        if self.json {
            let value = json!({
                "dataset": name, "delta_rel": found.relative, "deviation": found.deviation, "least": found.least,
                "most": found.most, "tries": self.tries, "samples": self.samples, "c": found.c
            });
            return super::print(&format!("{value}\n"));
        }
        super::print(&format!(
            "{name}: δ_rel = {:.4} ± {:.4} ({:.4} to {:.4} in {} draws of {}), c = {:.4}\n",
            found.relative, found.deviation, found.least, found.most, self.tries, self.samples, found.c
        ))
    }

    fn of_images(&self, set: &str) -> Result<Hyperbolicity, Failure> {
        let images = classes(&self.place.cache(), set, crate::data::OMNIGLOT_SPLITS[0], Part::Train, self.side)?;
        Ok(hyperbolicity_of_images(&images, self.samples as usize, self.tries, self.seed)?)
    }

    /// The name of the set, and δ of a network's features of its test images.
    fn of_network(&self, file: &Path) -> Result<(String, Hyperbolicity), Failure> {
        let (samples, device) = (self.samples as usize, self.device.device());
        if let Ok(mut recipe) = FewShot::parse(&Checkpoint::read(file)?.recipe, &[]) {
            recipe.dataset = self.dataset.clone().unwrap_or(recipe.dataset);
            let images = classes(&self.place.cache(), &recipe.dataset, &recipe.split, Part::Test, recipe.side)?;
            let found = few_shot_hyperbolicity(file, &recipe, &images, &device, samples, self.tries, self.seed)?;
            return Ok((recipe.dataset, found));
        }
        let (network, recipe) = network_of(file)?;
        let dataset = self.dataset.clone().unwrap_or(recipe.dataset);
        let images = load(&self.place.cache(), set(&dataset)?, Split::Test)?;
        let features = features_of(&network, &images, &device);
        let found = hyperbolicity(&features, SHARED_FEATURES, samples, self.tries, self.seed);
        Ok((dataset, found))
    }

    fn of_embedding(&self, file: &Path) -> Result<Hyperbolicity, Failure> {
        let reading = Reading { number: scan::number, ..Reading::default() };
        let embedding = Embedding::read(file, &reading)?;
        let (n, width, samples) = (embedding.points, embedding.width, self.samples as usize);
        let mut rows = vec![vec![0.0; width]; n];
        rows.iter_mut().enumerate().for_each(|(i, row)| embedding.row(i, row));
        if let Some(i) = rows.iter().position(|row| row.iter().any(|x| !x.is_finite())) {
            return Err(Failure(format!("{}: {}: not finite", file.display(), embedding.place(i))));
        }
        if self.distances {
            if n != width {
                return Err(Failure(format!("{}: {n} rows of {width} numbers are no distances", file.display())));
            }
            return Ok(hyperbolicity_of_matrix(&rows, samples, self.tries, self.seed));
        }
        let Some(model) = self.model else {
            let numbers: Vec<f32> = rows.concat().into_iter().map(|x| x as f32).collect();
            return Ok(hyperbolicity(&numbers, width, samples, self.tries, self.seed));
        };
        let asked = self.curvature.as_deref().map(super::options::curvature_number).transpose()?;
        let space = Space::new(asked.or(embedding.c).unwrap_or(1.0));
        let distance = variant(Op::Distance, model, BEST)?;
        Ok(hyperbolicity_in(distance, &space, model, &rows, samples, self.tries, self.seed))
    }
}
