//! A few test episodes as they are seen: images, where they lie, and what is said of them.

use super::super::checkpoint::Checkpoint;
use super::super::episode::Shape;
use super::super::pass::{Pass, Statistics};
use super::super::prototype::Place;
use super::super::run::{TrainError, guess, rows_of};
use super::encoder::{Encoder, heads_device, images, tensor};
use super::judge::tests;
use super::methods::PROTOTYPES;
use super::recipe::FewShot;
use super::run::BEST_CHECKPOINT;
use crate::data::Classes;
use crate::formula::{Model, Space};
use burn_tensor::Device;
use std::path::Path;

/// An image of an episode.
#[derive(Clone, Debug)]
pub struct ShownImage {
    /// `[channels, side, side]`.
    pub pixels: Vec<u8>,
    /// Within the episode.
    pub class: usize,
    /// The class that it was given to; of the support none.
    pub guess: Option<usize>,
    pub place: ShownPoint,
}

/// A point and its distance to the origin, times √c (in Euclid's space its length).
#[derive(Clone, Debug)]
pub struct ShownPoint {
    pub d0: f64,
    pub point: Vec<f64>,
}

/// An episode, its images in the order of [`crate::train::Episode`].
#[derive(Clone, Debug)]
pub struct ShownEpisode {
    pub shape: Shape,
    pub side: usize,
    pub channels: usize,
    /// The classes' names.
    pub classes: Vec<String>,
    pub images: Vec<ShownImage>,
    /// One a class; none of a method without them.
    pub prototypes: Vec<ShownPoint>,
    /// The model of the points, and c, of a hyperbolic head.
    pub model: Option<(Model, f64)>,
}

/// The first `count` test episodes of a run's first kind of test, by its best epoch; the folder is the run's.
pub fn show(
    recipe: &FewShot,
    data: &Classes,
    device: &Device,
    folder: &Path,
    count: u32,
) -> Result<Vec<ShownEpisode>, TrainError> {
    let path = folder.join(BEST_CHECKPOINT);
    let checkpoint = Checkpoint::read(&path)?;
    let mut encoder = Encoder::new(recipe, data.channels, checkpoint.classes)?;
    checkpoint.restore(&path, &mut |f| encoder.visit(f))?;
    let place = recipe.head()?.place;
    let model = match place {
        Place::Hyperbolic { formulas, c, .. } => Some((formulas.model, c)),
        _ => None,
    };
    let located = |point: Vec<f64>| {
        let d0 = match place {
            Place::Hyperbolic { formulas, c, .. } => {
                c.sqrt() * formulas.ideal().radius(&Space::new(c), point.as_slice())
            }
            _ => point.iter().map(|x| x * x).sum::<f64>().sqrt(),
        };
        ShownPoint { d0, point }
    };
    let mut shown = Vec::new();
    for episode in recipe.tests().first().map_or(Vec::new(), |shape| tests(data, *shape, count)) {
        let (shape, method) = (episode.shape, &*encoder.method);
        let points = Encoder::points(method, &encoder.embed(data, &episode.items, device)?);
        let rows: Vec<&[f64]> = points.iter().map(Vec::as_slice).collect();
        let heads = heads_device();
        let mut pass = Pass::new(&heads, method.dtype(), Statistics::Running, false);
        let said = method.answer(tensor(&rows, method.dtype()), shape, &mut pass);
        let logits = match method.adaptation() {
            Some(adaptation) => {
                adaptation.adapted(&encoder, images(data, &episode.items, encoder.test, device)?, shape, device)
            }
            None => rows_of(said.logits),
        };
        let prototypes = said.stages.into_iter().find(|(name, _)| *name == PROTOTYPES);
        let support = shape.way * shape.shot;
        let image = |(i, point): (usize, Vec<f64>)| {
            Ok(ShownImage {
                pixels: data.picture(episode.items[i])?,
                class: i % shape.way,
                guess: i.checked_sub(support).and_then(|query| guess(&logits[query])),
                place: located(point),
            })
        };
        shown.push(ShownEpisode {
            shape,
            side: data.side,
            channels: data.channels,
            classes: episode.items[..shape.way].iter().map(|item| data.name(item.class)).collect(),
            images: points.into_iter().enumerate().map(image).collect::<Result<Vec<_>, TrainError>>()?,
            prototypes: prototypes.map_or(Vec::new(), |(_, x)| rows_of(x).into_iter().map(located).collect()),
            model,
        });
    }
    Ok(shown)
}
