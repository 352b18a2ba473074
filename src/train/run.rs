//! A run: epochs of seeded batches, a checkpoint and a row of metrics after each, the same bytes for the same seed.

use super::backbone::SHARED_FEATURES;
use super::checkpoint::{Checkpoint, CheckpointError};
use super::diagnose::{Diagnosis, diagnose};
use super::network::{Input, Network};
use super::observe::{MetricsRow, TimingRow, error_parts};
use super::optimiser::Numbers;
use super::recipe::{Recipe, RecipeError, Trained};
use crate::arithmetic::tensor::{Column, Rows};
use crate::data::{Images, SIDE};
use crate::measure::order_statistic;
use crate::table::{self, TableError};
use burn_tensor::activation::log_softmax;
use burn_tensor::{DType, Device, Int, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Told of every step and every epoch.
pub trait Observer {
    /// Means over the epoch so far.
    fn step(&self, epoch: u32, step: usize, of: usize, loss: f64, accuracy: f64);
    fn epoch(&self, row: &MetricsRow);
    /// Whether the run is to end before its next epoch.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// What can stop a run.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Data(#[from] crate::data::DataError),
    #[error("{}: it belongs to another recipe; run without --resume to start anew", .0.display())]
    Foreign(PathBuf),
    #[error("the data set has no images")]
    Empty,
    #[error("stopped after an epoch; its checkpoint goes on")]
    Stopped,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub metrics: Vec<MetricsRow>,
    /// Of the epochs in `metrics`, over every call that they took.
    pub seconds: f64,
    pub network: Network,
    /// Why it stopped before its last epoch, where numbers ceased to be finite.
    pub diagnosis: Option<Diagnosis>,
}

/// The inputs of a network and their labels.
pub enum Features<'a> {
    Images(&'a Images),
    /// `[n, SHARED_FEATURES]` numbers of a frozen backbone.
    Frozen {
        numbers: &'a [f32],
        labels: &'a [u16],
        classes: usize,
    },
}

impl Features<'_> {
    pub fn labels(&self) -> &[u16] {
        match self {
            Features::Images(images) => &images.labels,
            Features::Frozen { labels, .. } => labels,
        }
    }
    pub fn classes(&self) -> usize {
        match self {
            Features::Images(images) => images.classes,
            Features::Frozen { classes, .. } => *classes,
        }
    }
    /// The inputs with these numbers.
    pub fn batch(&self, network: &Network, indices: &[usize], device: &Device) -> Input {
        match self {
            Features::Images(images) => {
                let mut pixels = Vec::with_capacity(indices.len() * SIDE * SIDE);
                indices.iter().for_each(|i| pixels.extend_from_slice(images.image(*i)));
                Input::Images(network.images(&pixels, device))
            }
            Features::Frozen { numbers, .. } => {
                let mut rows = Vec::with_capacity(indices.len() * SHARED_FEATURES);
                indices
                    .iter()
                    .for_each(|i| rows.extend_from_slice(&numbers[i * SHARED_FEATURES..(i + 1) * SHARED_FEATURES]));
                let data = TensorData::new(rows, [indices.len(), SHARED_FEATURES]);
                Input::Features(Tensor::from_data(data, (device, DType::F32)))
            }
        }
    }
}

/// Images in a step that keeps no graph.
pub(super) const EVALUATION_BATCH: usize = 500;
/// The files of a run.
pub const CHECKPOINT: &str = "checkpoint.safetensors";
pub const METRICS: &str = "metrics.csv";
/// The checkpoint after half of the epochs.
pub const HALFWAY: &str = "halfway.safetensors";
/// Seconds an epoch: apart from the metrics, which are the same to the byte every time.
const TIMINGS: &str = "timings.csv";
/// Test images whose logits are held against certified answers after each epoch: 10 classes each, some milliseconds each.
const MEASURED_IMAGES: usize = 4;
/// Streams of random numbers above those of the parameters: one an epoch.
const SHUFFLES: u64 = 1 << 32;

/// Trains a recipe into a folder. With `resume`, goes on from the folder's checkpoint where there is one.
pub fn run(
    recipe: &Recipe,
    train: &Features,
    test: &Features,
    device: &Device,
    folder: &Path,
    resume: bool,
    observer: &dyn Observer,
) -> Result<Outcome, TrainError> {
    if train.labels().is_empty() || test.labels().is_empty() {
        return Err(TrainError::Empty);
    }
    std::fs::create_dir_all(folder).map_err(TableError::io(folder))?;
    let mut network = Network::new(recipe, train.classes())?;
    let (path, metrics_path, timings_path) = (folder.join(CHECKPOINT), folder.join(METRICS), folder.join(TIMINGS));
    let (mut epoch, mut steps_done, mut best_loss, mut stale) = (0, 0, f64::INFINITY, 0);
    let mut metrics: Vec<MetricsRow> = Vec::new();
    let mut timings: Vec<TimingRow> = Vec::new();
    if resume && path.exists() {
        let checkpoint = Checkpoint::read(&path)?;
        let kept = Recipe::parse(&checkpoint.recipe, &[])?;
        // More epochs of the same run are the same run.
        if (Recipe { epochs: recipe.epochs, ..kept }) != *recipe || checkpoint.classes != train.classes() {
            return Err(TrainError::Foreign(path));
        }
        (epoch, steps_done, best_loss, stale) =
            (checkpoint.epoch, checkpoint.step, checkpoint.best_loss, checkpoint.stale);
        checkpoint.restore(&path, &mut |f| network.visit(f))?;
        metrics = table::read(&metrics_path)?;
        // A run that was killed between the two files has a row more than its checkpoint knows of.
        metrics.truncate(epoch as usize);
        timings = table::read(&timings_path)?;
        timings.truncate(epoch as usize);
    }
    let mut diagnosis = None;
    while epoch < recipe.epochs && recipe.patience.is_none_or(|patience| stale < patience) {
        let started = Instant::now();
        let order = shuffled(train.labels().len(), recipe.seed, SHUFFLES + u64::from(epoch));
        let steps = order.len().div_ceil(recipe.batch);
        let (mut loss_sum, mut correct, mut seen) = (0.0, 0usize, 0usize);
        for (i, batch) in order.chunks(recipe.batch).enumerate() {
            steps_done += 1;
            let labels: Vec<u16> = batch.iter().map(|i| train.labels()[*i]).collect();
            match step(&mut network, train, batch, &labels, recipe, device, steps_done) {
                Ok((loss, hits)) => {
                    loss_sum += loss * batch.len() as f64;
                    correct += hits;
                    seen += batch.len();
                }
                Err(NotFinite) => {
                    let input = |rows: &[usize]| train.batch(&network, rows, device);
                    diagnosis =
                        Some(diagnose(&network, &input, batch, train.labels(), recipe, device, epoch + 1, i + 1));
                    break;
                }
            }
            observer.step(epoch + 1, i + 1, steps, loss_sum / seen as f64, correct as f64 / seen as f64);
        }
        if diagnosis.is_some() {
            break;
        }
        epoch += 1;
        let row = epoch_row(epoch, &network, test, loss_sum / seen as f64, correct as f64 / seen as f64, device);
        (best_loss, stale) = if row.test_loss < best_loss { (row.test_loss, 0) } else { (best_loss, stale + 1) };
        metrics.push(row);
        table::write_atomic(&metrics_path, |out| table::write_rows(out, &metrics, true))?;
        timings.push(TimingRow { epoch, seconds: started.elapsed().as_secs_f64() });
        table::write_atomic(&timings_path, |out| table::write_rows(out, &timings, true))?;
        let checkpoint = Checkpoint {
            recipe: recipe.to_toml(),
            epoch,
            step: steps_done,
            best_loss,
            stale,
            classes: train.classes(),
            parameters: network.parameters(),
        };
        // Before the checkpoint, which a killed run goes on from: it would never come by here again.
        if epoch == recipe.epochs / 2 && recipe.trained == Trained::All {
            checkpoint.write(&folder.join(HALFWAY))?;
        }
        checkpoint.write(&path)?;
        observer.epoch(metrics.last().expect("a row was pushed"));
        if observer.is_stopped() && epoch < recipe.epochs {
            return Err(TrainError::Stopped);
        }
    }
    // A sum of nothing is −0.
    let seconds = timings.iter().map(|row| row.seconds).fold(0.0, |sum, x| sum + x);
    Ok(Outcome { metrics, seconds, network, diagnosis })
}

/// 0 to n − 1 in an order that depends on the seed and the stream alone: Fisher and Yates's.
fn shuffled(n: usize, seed: u64, stream: u64) -> Vec<usize> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(stream);
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        // Of 2⁶⁴ draws the remainder favours none by more than n/2⁶⁴.
        order.swap(i, (random.next_u64() % (i as u64 + 1)) as usize);
    }
    order
}

/// Mean negative log-likelihood, in f32 or wider.
pub(super) fn loss(logits: Tensor<2>, labels: &[u16], device: &Device) -> Tensor<1> {
    let logits = match logits.dtype() {
        DType::F64 => logits,
        _ => logits.cast(DType::F32),
    };
    let labels: Vec<i64> = labels.iter().map(|label| i64::from(*label)).collect();
    let n = labels.len();
    let targets: Tensor<2, Int> = Tensor::from_data(TensorData::new(labels, [n, 1]), (device, DType::I64));
    -log_softmax(logits, 1).gather(1, targets).mean()
}

/// A step whose loss or gradient is not finite; nothing has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotFinite;

/// One step, the `number`-th from 1: its loss and how many images it had right.
pub fn step(
    network: &mut Network,
    data: &Features,
    batch: &[usize],
    labels: &[u16],
    recipe: &Recipe,
    device: &Device,
    number: u64,
) -> Result<(f64, usize), NotFinite> {
    let forward = network.forward(data.batch(network, batch, device), device, true);
    let loss = loss(forward.stages.logits.clone(), labels, device);
    let value: f64 = loss.clone().into_scalar();
    if !value.is_finite() {
        return Err(NotFinite);
    }
    let scaled = if recipe.loss_scale == 1.0 { loss } else { loss.mul_scalar(recipe.loss_scale) };
    let gradients = forward.passed.gradients(&scaled, recipe.loss_scale);
    if !gradients.values().all(Numbers::is_finite) {
        return Err(NotFinite);
    }
    let hits = hits(&rows_of(forward.stages.logits), labels);
    network.visit(&mut |parameter| {
        if let (true, Some(gradient)) = (parameter.learns, gradients.get(&parameter.name)) {
            parameter.adam(gradient, recipe.learning_rate, number);
        }
    });
    Ok((value, hits))
}

/// The place of a row's largest number; a NaN is never the largest.
pub(super) fn guess(row: &[f64]) -> Option<usize> {
    let numbers = row.iter().enumerate().filter(|(_, x)| !x.is_nan());
    let best = numbers.fold(None, |best: Option<(usize, f64)>, (i, x)| match best {
        Some((_, most)) if *x <= most => best,
        _ => Some((i, *x)),
    });
    best.map(|(i, _)| i)
}

/// Rows whose largest number is the label's.
pub(super) fn hits(logits: &[Vec<f64>], labels: &[u16]) -> usize {
    logits.iter().zip(labels).filter(|(row, label)| guess(row) == Some(usize::from(**label))).count()
}

/// The numbers of a tensor, row by row.
pub(super) fn rows_of(x: Tensor<2>) -> Vec<Vec<f64>> {
    let width = x.dims()[1];
    let numbers = x.into_data().convert_dtype(DType::F64).try_into_vec::<f64>().expect("converted to f64");
    numbers.chunks(width).map(<[f64]>::to_vec).collect()
}

/// What a network gives for every input of a set, `[n][..]`.
pub struct Evaluated {
    pub hidden: Vec<f32>,
    pub features: Vec<Vec<f64>>,
    pub points: Vec<Vec<f64>>,
    /// Distance to the origin; for the baseline the Euclidean norm.
    pub radii: Vec<f64>,
    pub logits: Vec<Vec<f64>>,
    pub loss: f64,
    pub accuracy: f64,
}

/// Puts a whole set through a network.
pub fn evaluate(network: &Network, data: &Features, device: &Device, keep_hidden: bool) -> Evaluated {
    let n = data.labels().len();
    let mut all = Evaluated {
        hidden: Vec::new(),
        features: Vec::with_capacity(n),
        points: Vec::with_capacity(n),
        radii: Vec::with_capacity(n),
        logits: Vec::with_capacity(n),
        loss: 0.0,
        accuracy: 0.0,
    };
    let indices: Vec<usize> = (0..n).collect();
    for batch in indices.chunks(EVALUATION_BATCH) {
        let forward = network.forward(data.batch(network, batch, device), device, false);
        let labels: Vec<u16> = batch.iter().map(|i| data.labels()[*i]).collect();
        // A foreign set's labels are not the network's: there is no loss.
        let known = data.classes() <= forward.stages.logits.dims()[1];
        let value = if known { loss(forward.stages.logits.clone(), &labels, device).into_scalar() } else { f64::NAN };
        all.loss += value * batch.len() as f64 / n as f64;
        if keep_hidden {
            let hidden = forward.hidden.into_data().convert_dtype(DType::F32).try_into_vec::<f32>();
            all.hidden.extend(hidden.expect("converted to f32"));
        }
        all.radii.extend(radii(network, forward.stages.points.clone(), device));
        all.features.extend(rows_of(forward.features));
        all.points.extend(rows_of(forward.stages.points));
        all.logits.extend(rows_of(forward.stages.logits));
    }
    all.accuracy = hits(&all.logits, data.labels()) as f64 / n as f64;
    all
}

/// The frozen features of a set.
pub fn features_of(network: &Network, images: &Images, device: &Device) -> Vec<f32> {
    evaluate(network, &Features::Images(images), device, true).hidden
}

fn radii(network: &Network, points: Tensor<2>, device: &Device) -> Vec<f64> {
    // In f64, so that the radius of the stored point is told, not an error of telling it.
    let points = points.cast(DType::F64);
    let column = match network.head.formulas {
        Some(formulas) => {
            let c = Column::shared(Tensor::full([1], network.c(), (device, DType::F64)));
            formulas.ideal().radius(&formulas.ideal().space(c), &Rows::points(points)).0
        }
        None => {
            use crate::arithmetic::{Real, Vector};
            Rows::points(points).norm2().sqrt().0
        }
    };
    column.into_data().try_into_vec::<f64>().expect("radii are in f64")
}

fn sorted(mut x: Vec<f64>) -> Vec<f64> {
    x.sort_by(f64::total_cmp);
    x
}

fn norm(v: &[f64]) -> f64 {
    v.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn epoch_row(
    epoch: u32,
    network: &Network,
    test: &Features,
    train_loss: f64,
    train_accuracy: f64,
    device: &Device,
) -> MetricsRow {
    let evaluated = evaluate(network, test, device, false);
    let (c, n) = (network.c(), evaluated.logits.len() as f64);
    let root = c.sqrt();
    let features = sorted(evaluated.features.iter().map(|v| root * norm(v)).collect());
    let radius = sorted(evaluated.radii.iter().map(|r| root * r).collect());
    let at_clip = |formulas: super::head::Formulas| {
        let beyond = |cap: f64| evaluated.features.iter().filter(|v| formulas.stretch() * norm(v) > cap).count();
        let clipped = formulas.cap(c).map_or(0, beyond);
        let cut = formulas.feature_clip.map_or(0, |most| evaluated.features.iter().filter(|v| norm(v) > most).count());
        clipped.max(cut) as f64 / n
    };
    let finite = |x: &[f64]| x.iter().all(|x| x.is_finite());
    let quantile = |sorted: &[f64], share: f64| order_statistic(sorted, share).unwrap_or(f64::NAN);
    let parts = network.head.formulas.and_then(|formulas| {
        let (base, normal) = network.planes();
        let k = MEASURED_IMAGES.min(evaluated.logits.len());
        crate::with_arithmetic!(network.head.scalar, |like| error_parts(
            &formulas,
            &like,
            c,
            &evaluated.features[..k],
            (&base, &normal),
            &evaluated.logits[..k]
        ))
    });
    MetricsRow {
        epoch,
        train_loss,
        train_accuracy,
        test_loss: evaluated.loss,
        test_accuracy: evaluated.accuracy,
        c,
        feature_p50: quantile(&features, 0.5),
        feature_p90: quantile(&features, 0.9),
        feature_p99: quantile(&features, 0.99),
        feature_max: quantile(&features, 1.0),
        radius_p50: quantile(&radius, 0.5),
        radius_p99: quantile(&radius, 0.99),
        radius_max: quantile(&radius, 1.0),
        plane_max: network.head.formulas.map(|_| network.planes().0.iter().map(|p| root * norm(p)).fold(0.0, f64::max)),
        share_at_clip: network.head.formulas.map_or(0.0, at_clip),
        nonfinite: evaluated.logits.iter().filter(|row| !finite(row)).count() as u64,
        error_representation: parts.map(|p| p.representation),
        error_guard: parts.map(|p| p.guard),
        error_rounding: parts.map(|p| p.rounding),
    }
}
