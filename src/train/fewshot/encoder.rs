//! A backbone and the method that judges by its features: the backbone on any device, the method on the CPU.

use super::super::backbone::Backbone;
use super::super::checkpoint::Checkpoint;
use super::super::delta::{Hyperbolicity, distances, hyperbolicity_of};
use super::super::optimiser::Parameter;
use super::super::pass::{Pass, Passed, Statistics};
use super::super::run::{TrainError, rows_of};
use super::methods::Method;
use super::recipe::FewShot;
use crate::data::{Augment, Classes, DataError, Item};
use burn_tensor::{DType, Device, Tensor, TensorData};
use std::path::Path;

/// Images that go through the backbone together when no graph is kept.
const EMBEDDED_TOGETHER: usize = 128;

/// A backbone and a method.
#[derive(Clone, Debug)]
pub struct Encoder {
    pub backbone: Box<dyn Backbone>,
    pub method: Box<dyn Method>,
    dtype: DType,
    /// What images go through in tests.
    pub(super) test: Augment,
}

impl Encoder {
    /// For images of so many channels; `classes` are those of training, of which some methods have a row each.
    pub fn new(recipe: &FewShot, channels: usize, classes: usize) -> Result<Encoder, TrainError> {
        let backbone = recipe.backbone(channels)?;
        let method = recipe.method(&*backbone, classes)?;
        Ok(Encoder { backbone, method, dtype: recipe.backbone_dtype()?, test: recipe.test_augment() })
    }
    /// Calls `f` for every parameter of both, in a fixed order.
    pub fn visit(&mut self, f: &mut dyn FnMut(&mut Parameter)) {
        self.backbone.visit(f);
        self.method.visit(f);
    }
    /// The parameters, copied.
    pub fn parameters(&self) -> Vec<Parameter> {
        let (mut copy, mut all) = (self.clone(), Vec::new());
        copy.visit(&mut |parameter| all.push(parameter.clone()));
        all
    }
    /// Features of images, and what the pass leaves.
    pub(super) fn features(
        &self,
        images: Tensor<4>,
        device: &Device,
        statistics: Statistics,
        tracked: bool,
    ) -> (Tensor<2>, Passed) {
        let mut pass = Pass::new(device, self.dtype, statistics, tracked);
        let features = self.backbone.forward(images, &mut pass);
        (features, pass.done())
    }
    /// Features of images by the running statistics, `[items][n]`.
    pub fn embed(&self, data: &Classes, items: &[Item], device: &Device) -> Result<Vec<Vec<f64>>, DataError> {
        let mut rows = Vec::with_capacity(items.len());
        for items in items.chunks(EMBEDDED_TOGETHER) {
            let images = images(data, items, self.test, device)?;
            rows.extend(rows_of(self.features(images, device, Statistics::Running, false).0));
        }
        Ok(rows)
    }
    /// Their points under a method, `[items][n]`.
    pub(super) fn points(method: &dyn Method, features: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let rows: Vec<&[f64]> = features.iter().map(Vec::as_slice).collect();
        let chunks = rows.chunks(EMBEDDED_TOGETHER);
        chunks.flat_map(|rows| rows_of(method.place(tensor(rows, method.dtype())))).collect()
    }
}

/// `[items, channels, side, side]` normalised pixels.
pub(super) fn images(
    data: &Classes,
    items: &[Item],
    augment: Augment,
    device: &Device,
) -> Result<Tensor<4>, DataError> {
    let shape = [items.len(), data.channels, data.side, data.side];
    Ok(Tensor::from_data(TensorData::new(data.batch_as(items, augment)?, shape), (device, DType::F32)))
}

/// Where heads compute, whatever the backbone's device: the formulas and their scratch arithmetic are those of the scalar core.
pub(super) fn heads_device() -> Device {
    Device::flex()
}

/// `[n][width]` numbers as a tensor of a head; what the arithmetic holds comes back as it was.
pub(super) fn tensor(rows: &[&[f64]], dtype: DType) -> Tensor<2> {
    let shape = [rows.len(), rows.first().map_or(0, |row| row.len())];
    let numbers: Vec<f64> = rows.concat();
    Tensor::from_data(TensorData::new(numbers, shape).convert_dtype(dtype), (&heads_device(), dtype))
}

/// δ_rel of the features that a run's checkpoint gives for images of a set (see [`crate::train::hyperbolicity`]).
pub fn few_shot_hyperbolicity(
    path: &Path,
    recipe: &FewShot,
    data: &Classes,
    device: &Device,
    size: usize,
    tries: u64,
    seed: u64,
) -> Result<Hyperbolicity, TrainError> {
    let checkpoint = Checkpoint::read(path)?;
    let mut encoder = Encoder::new(recipe, data.channels, checkpoint.classes)?;
    checkpoint.restore(path, &mut |f| encoder.visit(f))?;
    let items = data.items().0;
    hyperbolicity_of(items.len(), size, tries, seed, |sample| {
        let drawn: Vec<Item> = sample.iter().map(|i| items[*i]).collect();
        let narrow = |row: Vec<f64>| row.into_iter().map(|x| x as f32).collect::<Vec<f32>>();
        let rows: Vec<Vec<f32>> = encoder.embed(data, &drawn, device)?.into_iter().map(narrow).collect();
        Ok(distances(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>()))
    })
}
