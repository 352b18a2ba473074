//! One trained backbone under many heads: what formula, guard, arithmetic and curvature do to the answers when nothing else
//! differs.

use super::super::checkpoint::Checkpoint;
use super::super::run::TrainError;
use super::encoder::Encoder;
use super::judge::{Embedded, Judged, interval, judge, tests};
use super::recipe::FewShot;
use super::run::BEST_CHECKPOINT;
use crate::data::Classes;
use burn_tensor::Device;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A head on one kind of test episodes, against the project's own formulas in f64 without a guard on the same features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeadRow {
    pub dataset: String,
    /// The head that the backbone was trained with.
    pub trained: String,
    pub model: String,
    pub c: f64,
    pub exp0: String,
    pub distance: String,
    pub midpoint: String,
    pub guard: String,
    pub scalar: String,
    pub way: usize,
    pub shot: usize,
    pub tests: u32,
    /// The longest √c‖v‖ of a test image, and the share of them that the guard moves.
    pub feature_max: f64,
    pub share_at_clip: f64,
    pub accuracy: f64,
    pub ci95: f64,
    /// Accuracy less that of the reference: the mean of an episode, and 1.96 σ/√n.
    pub difference: f64,
    pub difference_ci95: f64,
    /// Share of the queries that are given to another class than by the reference.
    pub changed: f64,
    /// Queries whose logits are not all finite.
    pub nonfinite: u64,
}

/// Judges the test episodes of the first asked head by all of them, which differ in nothing but the head; the folder is the run's.
pub fn heads(
    recipe: &FewShot,
    asked: &[FewShot],
    data: &Classes,
    device: &Device,
    folder: &Path,
) -> Result<Vec<HeadRow>, TrainError> {
    let path = folder.join(BEST_CHECKPOINT);
    let checkpoint = Checkpoint::read(&path)?;
    let mut encoder = Encoder::new(recipe, data.channels, checkpoint.classes)?;
    checkpoint.restore(&path, &mut |f| encoder.visit(f))?;
    let features = Embedded::of(&encoder, data, data.items().0, device)?;
    let mut rows = Vec::new();
    let Some(first) = asked.first() else { return Ok(rows) };
    for shape in first.tests() {
        let episodes = tests(data, shape, first.test_episodes);
        let mut references: Vec<(FewShot, Judged)> = Vec::new();
        for head in asked {
            let by =
                |recipe: &FewShot| -> Result<Judged, TrainError> { Ok(judge(&recipe.head()?, &episodes, &features)) };
            let plain = reference(head);
            if !references.iter().any(|(of, _)| *of == plain) {
                references.push((plain.clone(), by(&plain)?));
            }
            let known = &references.iter().find(|(of, _)| *of == plain).expect("it was just put there").1;
            let judged = by(head)?;
            let (accuracy, ci95) = interval(&judged.accuracies);
            let apart: Vec<f64> = judged.accuracies.iter().zip(&known.accuracies).map(|(a, b)| a - b).collect();
            let (difference, difference_ci95) = interval(&apart);
            let changed = judged.guesses.iter().zip(&known.guesses).filter(|(a, b)| a != b).count();
            let lengths = head.head()?.lengths(&features.features);
            rows.push(HeadRow {
                dataset: recipe.dataset.clone(),
                trained: recipe.model.clone(),
                model: head.model.clone(),
                c: head.c(),
                exp0: head.exp0.clone(),
                distance: head.distance.clone(),
                midpoint: head.midpoint.clone(),
                guard: head.guard.clone(),
                scalar: head.head_scalar.clone(),
                way: shape.way,
                shot: shape.shot,
                tests: episodes.len() as u32,
                feature_max: lengths.iter().map(|(length, _)| *length).fold(0.0, f64::max),
                share_at_clip: lengths.iter().filter(|(_, moved)| *moved).count() as f64 / lengths.len() as f64,
                accuracy,
                ci95,
                difference,
                difference_ci95,
                changed: changed as f64 / judged.guesses.len() as f64,
                nonfinite: judged.nonfinite,
            });
        }
    }
    Ok(rows)
}

/// The project's own formulas in f64, without a guard.
fn reference(head: &FewShot) -> FewShot {
    let best = || crate::formula::BEST.to_owned();
    FewShot {
        exp0: best(),
        distance: best(),
        midpoint: best(),
        guard: crate::guard::NONE.id.to_owned(),
        head_scalar: "f64".to_owned(),
        riemannian: false,
        ..head.clone()
    }
}
