//! Validation and test: the same questions for every run, put to a method whose backbone has seen each image once.

use super::super::episode::{Episode, Shape, episode};
use super::super::pass::{Pass, Statistics};
use super::super::run::{guess, hits, rows_of};
use super::encoder::{Encoder, heads_device, images, tensor};
use super::methods::Method;
use crate::data::{Classes, DataError, Item};
use burn_tensor::Device;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// The seed of validation and test episodes: the same ones for every run, so that runs are compared on the same questions.
const QUESTIONS: u64 = 2020;
/// Where the episodes of each purpose begin among the numbers of their seed.
const VALIDATION: u64 = 1 << 40;
const TEST: u64 = 2 << 40;
/// z of a 95 % interval.
const Z95: f64 = 1.96;

/// What a method said to episodes.
pub(super) struct Judged {
    /// Of each episode.
    pub accuracies: Vec<f64>,
    /// The class within its episode that each query was given to; `None` where no logit is a number.
    pub guesses: Vec<Option<usize>>,
    /// Queries whose logits are not all finite.
    pub nonfinite: u64,
}

/// The `count` episodes of a set from number `first` on that every run is asked.
fn questions(data: &Classes, shape: Shape, count: u32, first: u64) -> Vec<Episode> {
    let counts: Vec<usize> = (0..data.len()).map(|class| data.count(class)).collect();
    (0..u64::from(count)).map(|i| episode(&counts, shape, QUESTIONS, first + i)).collect()
}

/// The validation episodes of a set.
pub(super) fn validations(data: &Classes, shape: Shape, count: u32) -> Vec<Episode> {
    questions(data, shape, count, VALIDATION)
}

/// The test episodes of a set.
pub(super) fn tests(data: &Classes, shape: Shape, count: u32) -> Vec<Episode> {
    questions(data, shape, count, TEST)
}

/// The episode of each of the one-shot runs, whose classes are named `RUN/CLASS`.
pub(super) fn one_shot_runs(data: &Classes) -> Vec<Episode> {
    let mut runs: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for class in 0..data.len() {
        let run = data.name(class).split('/').next().unwrap_or_default().to_owned();
        runs.entry(run).or_default().push(class);
    }
    let episode = |classes: Vec<usize>| {
        let shape = Shape { way: classes.len(), shot: 1, queries: 1 };
        let item = |i: usize| Item { class: classes[i % shape.way], member: i / shape.way };
        Episode { shape, items: (0..shape.images()).map(item).collect() }
    };
    runs.into_values().map(episode).collect()
}

impl Judged {
    /// Of the logits `[queries][way]` of each episode.
    fn of(episodes: Vec<(Shape, Vec<Vec<f64>>)>) -> Judged {
        let mut judged = Judged { accuracies: Vec::new(), guesses: Vec::new(), nonfinite: 0 };
        for (shape, logits) in episodes {
            judged.nonfinite += logits.iter().filter(|row| row.iter().any(|x| !x.is_finite())).count() as u64;
            judged.accuracies.push(hits(&logits, &shape.labels()) as f64 / logits.len() as f64);
            judged.guesses.extend(logits.iter().map(|row| guess(row)));
        }
        judged
    }
}

/// Puts episodes to a method; the images of all of them have been through the backbone.
pub(super) fn judge(method: &dyn Method, episodes: &[Episode], embedded: &Embedded) -> Judged {
    let points = embedded.under(method);
    let logits = |episode: &Episode| {
        let row = |item: &Item| points[embedded.places[item]].as_slice();
        let rows: Vec<&[f64]> = episode.items.iter().map(row).collect();
        let device = heads_device();
        let mut pass = Pass::new(&device, method.dtype(), Statistics::Running, false);
        let said = method.answer(tensor(&rows, method.dtype()), episode.shape, &mut pass);
        (episode.shape, rows_of(said.logits))
    };
    Judged::of(episodes.par_iter().map(logits).collect())
}

/// Puts episodes to an encoder: to its method, or to a copy of the whole that first adapts to the support.
pub(super) fn examine(
    encoder: &Encoder,
    data: &Classes,
    episodes: &[Episode],
    embedded: &Embedded,
    device: &Device,
) -> Result<Judged, DataError> {
    let Some(adaptation) = encoder.method.adaptation() else {
        return Ok(judge(&*encoder.method, episodes, embedded));
    };
    let logits = |episode: &Episode| {
        let images = images(data, &episode.items, encoder.test, device)?;
        Ok((episode.shape, adaptation.adapted(encoder, images, episode.shape, device)))
    };
    Ok(Judged::of(episodes.par_iter().map(logits).collect::<Result<Vec<_>, DataError>>()?))
}

/// Features of images of a set, each of which went through the backbone once, however many episodes it is in.
pub(super) struct Embedded {
    pub places: BTreeMap<Item, usize>,
    pub features: Vec<Vec<f64>>,
}

impl Embedded {
    pub fn of(encoder: &Encoder, data: &Classes, items: Vec<Item>, device: &Device) -> Result<Embedded, DataError> {
        let features = encoder.embed(data, &items, device)?;
        Ok(Embedded { places: items.into_iter().enumerate().map(|(i, item)| (item, i)).collect(), features })
    }
    /// Of the images of episodes alone.
    pub fn of_episodes(
        encoder: &Encoder,
        data: &Classes,
        episodes: &[Episode],
        device: &Device,
    ) -> Result<Embedded, DataError> {
        let mut items: Vec<Item> = episodes.iter().flat_map(|episode| episode.items.iter().copied()).collect();
        items.sort();
        items.dedup();
        Embedded::of(encoder, data, items, device)
    }
    /// Their points under a method.
    fn under(&self, method: &dyn Method) -> Vec<Vec<f64>> {
        Encoder::points(method, &self.features)
    }
}

/// Mean of accuracies and 1.96 σ/√n, σ the standard deviation of a sample.
pub(super) fn interval(accuracies: &[f64]) -> (f64, f64) {
    let n = accuracies.len() as f64;
    let mean = accuracies.iter().sum::<f64>() / n;
    let squares: f64 = accuracies.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, Z95 * (squares / (n - 1.0).max(1.0)).sqrt() / n.sqrt())
}
