//! Why numbers ceased to be finite: which layer, which row, at which radius, in which formula.

use super::network::{Input, Network};
use super::optimiser::Numbers;
use super::recipe::Recipe;
use super::run::{loss, rows_of};
use burn_tensor::Device;
use std::fmt;

/// Where a loss or a gradient ceased to be finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    pub epoch: u32,
    /// Step within the epoch, from 1.
    pub step: usize,
    /// The first stage whose numbers are not finite; for a gradient, the parameter nearest the loss.
    pub stage: String,
    /// The image of the training set.
    pub row: Option<usize>,
    /// √c‖v‖ of its features.
    pub feature: Option<f64>,
    pub formula: Option<String>,
    pub backward: bool,
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let what = if self.backward { "the gradient" } else { "the loss" };
        write!(f, "{what} is not finite in epoch {}, step {}: first in {}", self.epoch, self.step, self.stage)?;
        if let Some(row) = self.row {
            write!(f, ", training image {row}")?;
        }
        if let Some(feature) = self.feature {
            write!(f, ", √c‖v‖ = {feature:.6}")?;
        }
        if let Some(formula) = &self.formula {
            write!(f, ", {formula}")?;
        }
        Ok(())
    }
}

/// Repeats a bad step and looks for its first bad number.
#[allow(clippy::too_many_arguments)]
pub(super) fn diagnose(
    network: &Network,
    input: &dyn Fn(&[usize]) -> Input,
    batch: &[usize],
    labels: &[u16],
    recipe: &Recipe,
    device: &Device,
    epoch: u32,
    step: usize,
) -> Diagnosis {
    let forward = network.forward(input(batch), device, false);
    let formulas = network.head.formulas;
    let root = network.c().sqrt();
    let features = rows_of(forward.features);
    let length = |v: &[f64]| root * v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let at = |stage: &str, row: Option<usize>, formula: Option<String>, backward: bool| Diagnosis {
        epoch,
        step,
        stage: stage.to_owned(),
        row: row.map(|i| batch[i]),
        feature: row.map(|i| length(&features[i])),
        formula,
        backward,
    };
    let bad = |rows: &[Vec<f64>]| rows.iter().position(|row| row.iter().any(|x| !x.is_finite()));
    let exp0 = || formulas.map(|f| format!("exp0 {} under {}", f.exp0.id, f.guard.id));
    let mlr = || formulas.map(|f| format!("mlr {} under {}: {}", f.mlr.id, f.guard.id, f.mlr.formula));
    if let Some(row) = bad(&rows_of(forward.hidden)) {
        return at("the backbone", Some(row), None, false);
    }
    if let Some(row) = bad(&features) {
        return at("the features", Some(row), None, false);
    }
    if let Some(row) = bad(&rows_of(forward.stages.points)) {
        return at("the points", Some(row), exp0(), false);
    }
    if let Some(row) = bad(&rows_of(forward.stages.logits)) {
        return at("the scores", Some(row), mlr(), false);
    }
    // The forward pass is sound: each row's gradient by itself.
    for (i, image) in batch.iter().enumerate() {
        let forward = network.forward(input(&[*image]), device, true);
        let loss = loss(forward.stages.logits.clone(), &labels[*image..=*image], device).mul_scalar(recipe.loss_scale);
        let gradients = forward.passed.gradients(&loss, recipe.loss_scale);
        let is_broken = |name: &str| gradients.get(name).is_some_and(|g: &Numbers| !g.is_finite());
        if let Some(parameter) = network.parameters().iter().rev().find(|parameter| is_broken(&parameter.name)) {
            return at(&parameter.name, Some(i), mlr(), true);
        }
    }
    at("a sum over the batch, every row by itself being finite", None, mlr(), true)
}
