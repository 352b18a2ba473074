//! `hypprec ood`: does the distance to the origin tell foreign images from known ones?

use super::data::Place;
use super::named::provenance;
use super::train::{Name, RESULTS, network_of};
use super::{Failure, say};
use crate::data::{Images, SETS, Split, load, set};
use crate::report::{self, D0, MAX_SOFTMAX};
use crate::table::{self, PAGE};
use crate::train::{Network, OodRow, confidence, embeddings};
use burn_tensor::Device;
use std::path::PathBuf;

/// Compare a known set with foreign ones by distance to the origin, beside the maximum softmax of a Euclidean twin.
#[derive(clap::Args)]
pub struct Ood {
    /// Checkpoints of `hypprec train`; Euclidean ones are twins, judged by their maximum softmax probability
    #[arg(required = true)]
    checkpoints: Vec<PathBuf>,
    /// The foreign sets
    #[arg(long, value_delimiter = ',', default_value = "omniglot,kmnist,notmnist,fashion-mnist")]
    against: Vec<String>,
    /// Skip foreign sets that are not on this machine instead of failing
    #[arg(long)]
    skip_missing: bool,
    #[arg(long, default_value = "out/ood")]
    out: PathBuf,
    #[arg(long, default_value = "cpu")]
    device: Name,
    /// Also replace files that hypprec did not write
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    place: Place,
}

impl Ood {
    pub fn run(self) -> Result<(), Failure> {
        table::own(&self.out, &[&[RESULTS][..], &PAGE].concat(), self.force)?;
        let cache = self.place.cache();
        let mut foreign: Vec<(String, Images)> = Vec::new();
        for name in &self.against {
            match load(&cache, set(name)?, Split::Test) {
                Ok(images) => foreign.push((name.clone(), images)),
                Err(error) if self.skip_missing => say(&format!("skipped: {error}")),
                Err(error) => return Err(error.into()),
            }
        }
        if foreign.is_empty() {
            let known: Vec<&str> = SETS.iter().map(|set| set.id).collect();
            return Err(Failure(format!("no foreign set is left; known: {}", known.join(", "))));
        }
        let device = self.device.device();
        let (mut rows, mut histograms, mut networks) = (Vec::new(), Vec::new(), Vec::new());
        for path in &self.checkpoints {
            let (network, recipe) = network_of(path)?;
            networks.push(recipe.clone());
            let known = load(&cache, set(&recipe.dataset)?, Split::Test)?;
            let of_known = scores(&network, &known, &device);
            for (name, images) in &foreign {
                let of_foreign = scores(&network, images, &device);
                for ((score, known), (_, foreign)) in of_known.iter().zip(&of_foreign) {
                    let figures = confidence(known, foreign);
                    say(&format!(
                        "{}: {name} by {score}: KS {:.4}, AUROC {:.4}",
                        path.display(),
                        figures.ks,
                        figures.auroc
                    ));
                    rows.push(OodRow {
                        model: recipe.model.clone(),
                        dim: recipe.dim,
                        seed: recipe.seed,
                        ood_set: name.clone(),
                        ks: figures.ks,
                        auroc: figures.auroc,
                        fpr95: figures.fpr95,
                        score: (*score).to_owned(),
                    });
                    // One picture a model and dimension: the first seed against the first foreign set.
                    if *score == D0 && recipe.seed == rows[0].seed && Some(name) == self.against.first() {
                        let title = format!("{} n = {}: {} and {name}", recipe.model, recipe.dim, recipe.dataset);
                        histograms.push(report::Histogram::new(
                            title,
                            "distance to the origin, d₀",
                            [(recipe.dataset.clone(), known.clone()), (name.clone(), foreign.clone())],
                        ));
                    }
                }
            }
        }
        let words = self.checkpoints.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        let command = format!("hypprec ood {} --against {}", words.join(" "), self.against.join(","));
        let provenance = provenance(command, rows.first().map_or(0, |row: &OodRow| row.seed));
        table::write(&self.out.join(RESULTS), &provenance, &rows)?;
        let page = report::ood(&self.out, &provenance, &rows, &histograms, &networks)?;
        super::print(&format!("{} comparisons; the page is {}\n", rows.len(), super::shown(&page)))
    }
}

/// The scores by which a network is judged: distance to the origin where it has one, and maximum softmax.
fn scores(network: &Network, images: &Images, device: &Device) -> Vec<(&'static str, Vec<f64>)> {
    let embedding = embeddings(network, images, device);
    let mut scores = Vec::new();
    if network.head.formulas.is_some() {
        scores.push((D0, embedding.radii));
    }
    scores.push((MAX_SOFTMAX, embedding.confidence));
    scores
}
