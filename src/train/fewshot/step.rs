//! One step of training: an episode through the backbone and the method, and every parameter moved.
//!
//! The graph has two halves, which meet in the features: the backbone's on its device, and the method's on the CPU.

use super::super::backbone::absorb;
use super::super::block::Moments;
use super::super::episode::Episode;
use super::super::optimiser::Numbers;
use super::super::pass::{Pass, Passed, Statistics};
use super::super::run::{hits, rows_of};
use super::encoder::{Encoder, heads_device, images};
use super::methods::Said;
use super::recipe::FewShot;
use crate::data::{Classes, DataError};
use burn_tensor::{Device, Tensor};
use std::collections::BTreeMap;

/// Gradients by the names of their parameters.
pub(super) type Slopes = BTreeMap<String, Numbers>;

/// What a step saw: its loss, the share of what it was asked that was right, and which way is down.
pub(super) struct Seen {
    pub loss: f64,
    pub right: f64,
    pub slopes: Slopes,
    pub moments: Vec<(String, Moments)>,
}

/// An episode's step: its loss and the share of its queries that were right, or what is not finite.
pub(super) fn step(
    encoder: &mut Encoder,
    data: &Classes,
    drawn: &Episode,
    recipe: &FewShot,
    device: &Device,
    rate: f64,
    number: u64,
) -> Result<Result<(f64, f64), String>, DataError> {
    let images = images(data, &drawn.items, recipe.training_augment(number), device)?;
    let seen = match encoder.method.adaptation() {
        Some(adaptation) => adaptation.episode(encoder, images, drawn.shape, device),
        None => {
            let (features, passed) = encoder.features(images, device, Statistics::Batch, true);
            let heads = heads_device();
            let mut pass = Pass::new(&heads, encoder.method.dtype(), Statistics::Batch, true);
            let seen = leaf(&features);
            let (said, labels) = encoder.method.learn(encoder.method.place(seen.clone()), drawn, &mut pass);
            let loss = encoder.method.loss(said.logits.clone(), &labels);
            let head = pass.done();
            descent((features, passed), (seen, head), (said, labels), loss, device)
        }
    };
    let seen = match seen {
        Ok(seen) => seen,
        Err(what) => return Ok(Err(what)),
    };
    let parameters = encoder.parameters();
    let broken = parameters.iter().rev().find(|p| seen.slopes.get(&p.name).is_some_and(|g| !g.is_finite()));
    if let Some(parameter) = broken {
        return Ok(Err(format!("the gradient is not finite: first in {}", parameter.name)));
    }
    encoder.visit(&mut |parameter| {
        if let (true, Some(gradient)) = (parameter.learns, seen.slopes.get(&parameter.name)) {
            recipe.optimiser.step(parameter, gradient, rate, recipe.momentum, number);
        }
    });
    absorb(&mut |f| encoder.visit(f), &seen.moments);
    Ok(Ok((seen.loss, seen.right)))
}

/// Features as a leaf on the CPU.
pub(super) fn leaf(features: &Tensor<2>) -> Tensor<2> {
    Tensor::from_data(features.to_data(), (&heads_device(), features.dtype())).autodiff().require_grad()
}

/// The gradients of a loss through both halves, or the first stage that is not finite.
pub(super) fn descent(
    (features, backbone): (Tensor<2>, Passed),
    (seen, head): (Tensor<2>, Passed),
    (said, labels): (Said, Vec<u16>),
    loss: Tensor<1>,
    device: &Device,
) -> Result<Seen, String> {
    let value: f64 = loss.clone().into_scalar();
    if !value.is_finite() {
        let stages = [("the features", seen)].into_iter().chain(said.stages).chain([("the logits", said.logits)]);
        let mut bad = stages.into_iter().filter(|(_, x)| rows_of(x.clone()).iter().flatten().any(|x| !x.is_finite()));
        return Err(format!("the loss is not finite: first in {}", bad.next().map_or("itself", |(name, _)| name)));
    }
    let mut all = loss.backward();
    let mut slopes = head.taken(&mut all, 1.0);
    let upstream = seen.grad_remove(&mut all).expect("the loss depends on every feature");
    let upstream = Tensor::from_data(upstream.into_data(), (device, features.dtype()));
    slopes.extend(backbone.gradients(&(features * upstream).sum(), 1.0));
    let right = hits(&rows_of(said.logits), &labels) as f64 / labels.len() as f64;
    let moments = backbone.seen.into_iter().chain(head.seen).collect();
    Ok(Seen { loss: value, right, slopes, moments })
}
