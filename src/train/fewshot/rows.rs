//! The tables of few-shot runs: what tells a run, and what it measured.

use super::recipe::FewShot;
use super::run::{CurveRow, TestRow};
use crate::train::Shape;
use serde::{Deserialize, Serialize};

/// One run on one kind of test episodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FewShotRow {
    /// `omniglot all_runs` for its one-shot runs.
    pub dataset: String,
    pub backbone: String,
    pub method: String,
    /// poincare, lorentz, klein, euclidean or fixed-radius.
    pub head: String,
    pub way: usize,
    pub shot: usize,
    /// Of the backbone and of the head.
    pub scalar: String,
    pub guard: String,
    /// exp0+distance+midpoint, and the logit.
    pub variant: String,
    pub c: f64,
    pub seed: u64,
    /// That were trained, and the one that validation chose.
    pub epochs: u32,
    pub best_epoch: u32,
    /// Training episodes, and the images in them.
    pub episodes: u64,
    pub images: u64,
    /// Test episodes.
    pub tests: u32,
    pub accuracy: f64,
    /// 1.96 σ/√n over the test episodes.
    pub ci95: f64,
    /// Whose figure it is, where it was not measured here.
    pub reported: String,
    pub device: String,
    pub protocol: String,
    /// Of training and validation, over every call that they took.
    pub seconds: f64,
}

pub(super) fn scalar(recipe: &FewShot) -> String {
    if recipe.backbone_scalar == recipe.head_scalar {
        recipe.head_scalar.clone()
    } else {
        format!("{}+{}", recipe.backbone_scalar, recipe.head_scalar)
    }
}

impl FewShotRow {
    pub fn new(recipe: &FewShot, test: &TestRow, seconds: f64, device: String) -> FewShotRow {
        let episodes = u64::from(test.epochs) * u64::from(recipe.episodes);
        let shape: Shape = recipe.training();
        FewShotRow {
            dataset: [recipe.dataset.as_str(), &test.set].join(" ").trim_end().to_owned(),
            backbone: recipe.backbone.clone(),
            method: recipe.method.clone(),
            head: recipe.model.clone(),
            way: test.way,
            shot: test.shot,
            scalar: scalar(recipe),
            guard: recipe.guard.clone(),
            variant: recipe.variant(),
            c: recipe.c(),
            seed: recipe.seed,
            epochs: test.epochs,
            best_epoch: test.best_epoch,
            episodes,
            images: episodes * shape.images() as u64,
            tests: test.tests,
            accuracy: test.accuracy,
            ci95: test.ci95,
            reported: String::new(),
            device,
            protocol: recipe.protocol.to_string(),
            seconds,
        }
    }
}

/// An epoch of a run: what tells the run, and its row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunCurveRow {
    pub dataset: String,
    pub method: String,
    pub head: String,
    pub scalar: String,
    pub guard: String,
    pub variant: String,
    pub c: f64,
    pub seed: u64,
    pub epoch: u32,
    pub train_loss: f64,
    pub train_accuracy: f64,
    pub valid_accuracy: f64,
    pub valid_ci95: f64,
    pub feature_p50: f64,
    pub feature_p99: f64,
    pub feature_max: f64,
    pub share_at_clip: f64,
    pub share_past_released_clip: f64,
    pub nonfinite: u64,
}

impl RunCurveRow {
    pub fn new(recipe: &FewShot, row: &CurveRow) -> RunCurveRow {
        RunCurveRow {
            dataset: recipe.dataset.clone(),
            method: recipe.method.clone(),
            head: recipe.model.clone(),
            scalar: scalar(recipe),
            guard: recipe.guard.clone(),
            variant: recipe.variant(),
            c: recipe.c(),
            seed: recipe.seed,
            epoch: row.epoch,
            train_loss: row.train_loss,
            train_accuracy: row.train_accuracy,
            valid_accuracy: row.valid_accuracy,
            valid_ci95: row.valid_ci95,
            feature_p50: row.feature_p50,
            feature_p99: row.feature_p99,
            feature_max: row.feature_max,
            share_at_clip: row.share_at_clip,
            share_past_released_clip: row.share_past_released_clip,
            nonfinite: row.nonfinite,
        }
    }
}

/// A row of the tables that needs a run which may not have been done, and what it would take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NotRunRow {
    pub dataset: String,
    pub method: String,
    /// `full` or `reduced`; empty of what cannot run here at all.
    pub protocol: String,
    pub why: String,
    pub cost: String,
    /// Empty of what cannot run here at all.
    pub command: String,
}

/// A figure that others report for the same tables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportedRow {
    pub dataset: String,
    pub backbone: String,
    pub method: String,
    pub way: usize,
    pub shot: usize,
    pub accuracy: f64,
    pub ci95: Option<f64>,
    /// By whom.
    pub reported: String,
}
