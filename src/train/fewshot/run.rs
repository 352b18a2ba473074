//! A few-shot run: epochs of seeded episodes, validation after each, the best kept and tested; the same bytes for the same seed,
//! whatever stopped it on the way.

use super::super::checkpoint::Checkpoint;
use super::super::episode::{Episode, Shape, episode};
use super::super::head::released_clip;
use super::super::optimiser::Schedule;
use super::super::run::{CHECKPOINT, METRICS, TrainError};
use super::encoder::Encoder;
use super::judge::{Embedded, examine, interval, one_shot_runs, tests, validations};
use super::recipe::FewShot;
use super::step::step;
use crate::data::{Cache, Classes, DataError, Part, classes, omniglot_runs};
use crate::measure::order_statistic;
use crate::table::{self, TableError};
use burn_tensor::Device;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Instant;

/// The parts of a few-shot set.
#[derive(Debug)]
pub struct FewShotData {
    pub train: Classes,
    pub validation: Classes,
    pub test: Classes,
    /// Omniglot's one-shot runs, where a recipe asks for them.
    pub runs: Option<Classes>,
}

impl FewShotData {
    /// Finds the images of a recipe, and whether they suffice for its episodes.
    pub fn load(cache: &Cache, recipe: &FewShot) -> Result<FewShotData, DataError> {
        let part = |part| classes(cache, &recipe.dataset, &recipe.split, part, recipe.side);
        let data = FewShotData {
            train: part(Part::Train)?,
            validation: part(Part::Validation)?,
            test: part(Part::Test)?,
            runs: recipe.all_runs.then(|| omniglot_runs(cache, recipe.side)).transpose()?,
        };
        let mut needs =
            vec![("train", &data.train, recipe.training()), ("validation", &data.validation, recipe.validation())];
        needs.extend(recipe.tests().into_iter().map(|shape| ("test", &data.test, shape)));
        for (name, classes, shape) in needs {
            classes.suffices(
                shape.way,
                shape.shot + shape.queries,
                Path::new(&format!("{} ({name})", recipe.dataset)),
            )?;
        }
        Ok(data)
    }
}

/// Told of every episode and every epoch.
pub trait FewShotObserver {
    /// Means over the epoch so far.
    fn episode(&self, epoch: u32, episode: u32, of: u32, loss: f64, accuracy: f64);
    fn epoch(&self, row: &CurveRow);
    fn test(&self, row: &TestRow);
    /// Whether the run is to end before its next epoch.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// One epoch: means over its episodes, and over those of the validation. Lengths are of the validation images, √c‖v‖ before
/// exp₀ (‖v‖ in Euclid's space).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurveRow {
    pub epoch: u32,
    pub learning_rate: f64,
    pub train_loss: f64,
    pub train_accuracy: f64,
    pub valid_accuracy: f64,
    pub valid_ci95: f64,
    pub feature_p50: f64,
    pub feature_p99: f64,
    pub feature_max: f64,
    /// Share of the features that the run's own clip moves, and of those that the released code's would.
    pub share_at_clip: f64,
    pub share_past_released_clip: f64,
    /// Validation queries whose logits are not all finite.
    pub nonfinite: u64,
}

/// One kind of test episodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestRow {
    /// Empty, or [`ALL_RUNS`].
    pub set: String,
    pub way: usize,
    pub shot: usize,
    /// Test episodes.
    pub tests: u32,
    pub accuracy: f64,
    /// 1.96 σ/√n.
    pub ci95: f64,
    /// The epoch whose parameters were tested, and the epochs that were trained.
    pub best_epoch: u32,
    pub epochs: u32,
}

/// Seconds an epoch: apart from the curve, which is the same to the byte every time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct TimingRow {
    epoch: u32,
    seconds: f64,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct FewShotOutcome {
    pub curve: Vec<CurveRow>,
    pub tests: Vec<TestRow>,
    /// Of the epochs in `curve`, over every call that they took.
    pub seconds: f64,
    /// Why it stopped before its last epoch, where numbers ceased to be finite.
    pub stop: Option<String>,
}

/// The checkpoint of the best epoch.
pub const BEST_CHECKPOINT: &str = "best.safetensors";
/// The name of the one-shot runs among the tests.
pub const ALL_RUNS: &str = "all_runs";
const TIMINGS: &str = "timings.csv";

/// Accuracies of each test episode, one line an episode: `episodes-5way-1shot.csv`.
pub(super) fn episodes_file(set: &str, shape: Shape) -> String {
    let set = if set.is_empty() { String::new() } else { format!("-{set}") };
    format!("episodes{set}-{}way-{}shot.csv", shape.way, shape.shot)
}

/// Trains a recipe into a folder, up to the end of epoch `until`; where that is the recipe's last, or `test` is set, the best
/// epoch so far is tested. With `resume`, goes on from the folder's checkpoint where there is one.
#[allow(clippy::too_many_arguments)]
pub fn train(
    recipe: &FewShot,
    data: &FewShotData,
    device: &Device,
    folder: &Path,
    resume: bool,
    until: u32,
    test: bool,
    observer: &dyn FewShotObserver,
) -> Result<FewShotOutcome, TrainError> {
    std::fs::create_dir_all(folder).map_err(TableError::io(folder))?;
    let (path, best_path) = (folder.join(CHECKPOINT), folder.join(BEST_CHECKPOINT));
    let (curve_path, timings_path) = (folder.join(METRICS), folder.join(TIMINGS));
    let mut encoder = Encoder::new(recipe, data.train.channels, data.train.len())?;
    let (mut epoch, mut steps) = (0u32, 0u64);
    let mut best = f64::INFINITY;
    let mut curve: Vec<CurveRow> = Vec::new();
    let mut timings: Vec<TimingRow> = Vec::new();
    if resume && path.exists() {
        let checkpoint = Checkpoint::read(&path)?;
        let kept = FewShot::parse(&checkpoint.recipe, &[])?;
        // More test episodes, and more epochs at rates that do not depend on how many there are, are the same run.
        let constant = recipe.schedule != Schedule::Cosine;
        let epochs = if constant { recipe.epochs } else { kept.epochs };
        let same = FewShot {
            epochs,
            test: recipe.test.clone(),
            test_queries: recipe.test_queries,
            test_episodes: recipe.test_episodes,
            all_runs: recipe.all_runs,
            protocol: recipe.protocol,
            ..kept
        };
        if same != *recipe {
            return Err(TrainError::Foreign(path));
        }
        (epoch, steps, best) = (checkpoint.epoch, checkpoint.step, checkpoint.best_loss);
        checkpoint.restore(&path, &mut |f| encoder.visit(f))?;
        curve = table::read(&curve_path)?;
        // A run that was killed between the two files has a row more than its checkpoint knows of.
        curve.truncate(epoch as usize);
        timings = table::read(&timings_path)?;
        timings.truncate(epoch as usize);
    }
    let counts: Vec<usize> = (0..data.train.len()).map(|class| data.train.count(class)).collect();
    let mut stop = None;
    while epoch < until.min(recipe.epochs) && stop.is_none() {
        let started = Instant::now();
        let rate = recipe.schedule.rate(recipe.learning_rate, epoch + 1, recipe.epochs, recipe.step, recipe.gamma);
        let (mut loss_sum, mut right_sum) = (0.0, 0.0);
        for i in 0..recipe.episodes {
            let number = u64::from(epoch) * u64::from(recipe.episodes) + u64::from(i);
            let drawn = episode(&counts, recipe.training(), recipe.seed, number);
            steps += 1;
            match step(&mut encoder, &data.train, &drawn, recipe, device, rate, steps)? {
                Ok((loss, right)) => {
                    loss_sum += loss;
                    right_sum += right;
                }
                Err(what) => {
                    stop = Some(format!("epoch {}, episode {}: {what}", epoch + 1, i + 1));
                    break;
                }
            }
            let done = f64::from(i + 1);
            observer.episode(epoch + 1, i + 1, recipe.episodes, loss_sum / done, right_sum / done);
        }
        if stop.is_some() {
            break;
        }
        epoch += 1;
        let asked = validations(&data.validation, recipe.validation(), recipe.valid_episodes);
        let embedded = Embedded::of_episodes(&encoder, &data.validation, &asked, device)?;
        let judged = examine(&encoder, &data.validation, &asked, &embedded, device)?;
        let (valid_accuracy, valid_ci95) = interval(&judged.accuracies);
        let lengths = recipe.head()?.lengths(&embedded.features);
        let mut sorted: Vec<f64> = lengths.iter().map(|(length, _)| *length).collect();
        sorted.sort_by(f64::total_cmp);
        let quantile = |share: f64| order_statistic(&sorted, share).unwrap_or(f64::NAN);
        let episodes = f64::from(recipe.episodes);
        curve.push(CurveRow {
            epoch,
            learning_rate: rate,
            train_loss: loss_sum / episodes,
            train_accuracy: right_sum / episodes,
            valid_accuracy,
            valid_ci95,
            feature_p50: quantile(0.5),
            feature_p99: quantile(0.99),
            feature_max: quantile(1.0),
            share_at_clip: lengths.iter().filter(|(_, moved)| *moved).count() as f64 / lengths.len() as f64,
            share_past_released_clip: lengths.iter().filter(|(length, _)| *length > released_clip()).count() as f64
                / lengths.len() as f64,
            nonfinite: judged.nonfinite,
        });
        let improved = 1.0 - valid_accuracy < best;
        best = best.min(1.0 - valid_accuracy);
        timings.push(TimingRow { epoch, seconds: started.elapsed().as_secs_f64() });
        let checkpoint = Checkpoint {
            recipe: recipe.to_toml(),
            epoch,
            step: steps,
            best_loss: best,
            stale: 0,
            classes: data.train.len(),
            parameters: encoder.parameters(),
        };
        // The checkpoint is written last: a run that is killed before does its epoch again, and writes the same.
        if improved {
            checkpoint.write(&best_path)?;
        }
        table::write_atomic(&curve_path, |out| table::write_rows(out, &curve, true))?;
        table::write_atomic(&timings_path, |out| table::write_rows(out, &timings, true))?;
        checkpoint.write(&path)?;
        observer.epoch(curve.last().expect("a row was pushed"));
        if observer.is_stopped() && epoch < until.min(recipe.epochs) {
            return Err(TrainError::Stopped);
        }
    }
    // A sum of nothing is −0.
    let seconds = timings.iter().map(|row| row.seconds).fold(0.0, |sum, x| sum + x);
    let mut tested = Vec::new();
    if best_path.exists() && epoch > 0 && (test || epoch == recipe.epochs || stop.is_some()) {
        let checkpoint = Checkpoint::read(&best_path)?;
        let best_epoch = checkpoint.epoch;
        checkpoint.restore(&best_path, &mut |f| encoder.visit(f))?;
        let mut ask = |set: &str, data: &Classes, shape: Shape, episodes: &[Episode], embedded: &Embedded| {
            let judged = examine(&encoder, data, episodes, embedded, device)?;
            let (accuracy, ci95) = interval(&judged.accuracies);
            table::write_atomic(&folder.join(episodes_file(set, shape)), |out| {
                writeln!(out, "accuracy")?;
                judged.accuracies.iter().try_for_each(|x| writeln!(out, "{x}"))
            })?;
            let (way, shot, tests) = (shape.way, shape.shot, episodes.len() as u32);
            let row = TestRow { set: set.to_owned(), way, shot, tests, accuracy, ci95, best_epoch, epochs: epoch };
            observer.test(&row);
            tested.push(row);
            Ok::<(), TrainError>(())
        };
        let asked: Vec<Vec<Episode>> =
            recipe.tests().into_iter().map(|shape| tests(&data.test, shape, recipe.test_episodes)).collect();
        let embedded = Embedded::of_episodes(&encoder, &data.test, &asked.concat(), device)?;
        for (shape, episodes) in recipe.tests().into_iter().zip(&asked) {
            ask("", &data.test, shape, episodes, &embedded)?;
        }
        if let Some(runs) = &data.runs {
            let episodes = one_shot_runs(runs);
            let embedded = Embedded::of_episodes(&encoder, runs, &episodes, device)?;
            ask(ALL_RUNS, runs, episodes[0].shape, &episodes, &embedded)?;
        }
    }
    Ok(FewShotOutcome { curve, tests: tested, seconds, stop })
}
