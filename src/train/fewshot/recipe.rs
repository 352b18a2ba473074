//! Few-shot recipes: everything that a run depends on, in one TOML table whose every field the command line can override.

use super::super::backbone::{self, Backbone, Draws, Last, Sight};
use super::super::delta::{SAMPLES, TRIES, hyperbolicity_of_images};
use super::super::episode::Shape;
use super::super::grid::Parsed;
use super::super::optimiser::{Optimiser, Schedule};
use super::super::prototype::{FIXED_RADIUS, Names, Place, Prototypes};
use super::super::recipe::{RecipeError, best, dtype, f32_name, field, literal, none, one, one_line, scalar};
use super::methods::{self, Inner, Method};
use crate::data::{Augment, Classes, DataError};
use crate::formula::{BEST, Model};
use crate::train::Geometry;
use burn_tensor::DType;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// Whether a run has the budget of the paper that it is held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    Full,
    #[default]
    Reduced,
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.pad(match self {
            Protocol::Full => "full",
            Protocol::Reduced => "reduced",
        })
    }
}

/// c, or where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "c is a number, or \"delta\"")]
pub enum Curvature {
    Is(f64),
    From(Source),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Delta,
}

impl Default for Curvature {
    fn default() -> Self {
        Curvature::Is(one())
    }
}

/// The seed of the samples that c is read from: the same for every run.
const DELTA_SEED: u64 = 1;

/// One run. c > 0 is minus the curvature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FewShot {
    /// omniglot, mini-imagenet, cub, or a folder of classes.
    pub dataset: String,
    /// Of Omniglot: `shuffled` (1,200 and 423 characters of both halves) or `background` (the published halves).
    #[serde(default = "shuffled")]
    pub split: String,
    /// Side of the images, in pixels.
    #[serde(default = "side")]
    pub side: usize,
    #[serde(default = "conv4")]
    pub backbone: String,
    /// Channels of the backbone's last layer.
    #[serde(default = "dim")]
    pub dim: usize,
    /// What becomes of its last map.
    #[serde(default = "flat")]
    pub last: Last,
    /// protonet (prototypes in any model), or a system beside it, in Euclid's space: matchingnet, relationnet, dn4, tpn,
    /// baseline, baseline++, maml (of first order), reptile.
    #[serde(default = "protonet")]
    pub method: String,
    /// Steps and rate of the descent on the support, of maml and reptile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inner_steps: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inner_rate: Option<f64>,
    /// poincare, lorentz, klein, euclidean, or fixed-radius: Euclid's distance between features of one length.
    pub model: String,
    /// The variants of the three formulas of a hyperbolic head.
    #[serde(default = "best")]
    pub exp0: String,
    #[serde(default = "best")]
    pub distance: String,
    #[serde(default = "best")]
    pub midpoint: String,
    #[serde(default = "none")]
    pub guard: String,
    /// c, or `"delta"`: (0.144/δ_rel)² of the training images as the backbone sees them (see `hypprec delta`).
    #[serde(default)]
    pub curvature: Curvature,
    /// Whether the gradient at a ball point is multiplied by (1 − c‖x‖²)²/4, as the released code does.
    #[serde(default)]
    pub riemannian: bool,
    /// Features are cut to this Euclidean norm before exp₀.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_clip: Option<f64>,
    /// The length of the features of `fixed-radius`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub radius: Option<f64>,
    /// Whether logits are −d²/T rather than −d/T; without it, d² in Euclid's space and d in hyperbolic space, as the papers have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub squared: Option<bool>,
    #[serde(default = "one")]
    pub temperature: f64,
    #[serde(default = "f32_name")]
    pub backbone_scalar: String,
    #[serde(default = "f32_name")]
    pub head_scalar: String,
    /// The episodes of training.
    pub way: usize,
    pub shot: usize,
    pub queries: usize,
    pub epochs: u32,
    /// Episodes of an epoch.
    pub episodes: u32,
    #[serde(default)]
    pub optimiser: Optimiser,
    #[serde(default = "momentum")]
    pub momentum: f64,
    #[serde(default = "learning_rate")]
    pub learning_rate: f64,
    #[serde(default)]
    pub schedule: Schedule,
    /// Epochs between two steps of the learning rate, and its factor.
    #[serde(default = "step")]
    pub step: u32,
    #[serde(default = "gamma")]
    pub gamma: f64,
    #[serde(default)]
    pub seed: u64,
    /// The episodes by which the best epoch is chosen.
    #[serde(default = "five")]
    pub valid_way: usize,
    #[serde(default = "valid_shot")]
    pub valid_shot: usize,
    #[serde(default = "fifteen")]
    pub valid_queries: usize,
    #[serde(default = "valid_episodes")]
    pub valid_episodes: u32,
    /// The episodes of the test: pairs of way and shot.
    pub test: Vec<[usize; 2]>,
    #[serde(default = "fifteen")]
    pub test_queries: usize,
    #[serde(default = "test_episodes")]
    pub test_episodes: u32,
    /// Whether training sees another part of each image every time, in other colours, perhaps mirrored, and tests see the
    /// middle, as the released code has it for photographs.
    #[serde(default)]
    pub augment: bool,
    /// Whether Omniglot's twenty published one-shot runs are asked too, 20 queries each.
    #[serde(default)]
    pub all_runs: bool,
    #[serde(default)]
    pub protocol: Protocol,
}

/// The split whose test characters are those of the one-shot runs.
const BACKGROUND: &str = crate::data::OMNIGLOT_SPLITS[1];

fn shuffled() -> String {
    crate::data::OMNIGLOT_SPLITS[0].to_owned()
}
/// Side of Omniglot's images in few-shot learning, as in Vinyals et al. (2016).
fn side() -> usize {
    28
}
fn protonet() -> String {
    methods::PROTONET.to_owned()
}
/// Steps on a support: those of Finn et al. (2017) and Nichol et al. (2018) for miniImageNet.
const INNER_STEPS: u32 = 5;
fn conv4() -> String {
    "conv4".to_owned()
}
fn dim() -> usize {
    64
}
fn flat() -> Last {
    Last::Flat
}
fn momentum() -> f64 {
    0.9
}
/// Adam's step in Snell et al. (2017).
fn learning_rate() -> f64 {
    1e-3
}
/// Snell et al. (2017) halve the rate every 2,000 episodes: 20 epochs of 100.
fn step() -> u32 {
    20
}
fn gamma() -> f64 {
    0.5
}
fn five() -> usize {
    5
}
fn valid_shot() -> usize {
    1
}
fn fifteen() -> usize {
    15
}
fn valid_episodes() -> u32 {
    500
}
/// As in Khrulkov et al. (2020).
fn test_episodes() -> u32 {
    10_000
}

impl Parsed for FewShot {
    fn parse(text: &str, overrides: &[String]) -> Result<Self, RecipeError> {
        FewShot::parse(text, overrides)
    }
}

impl FewShot {
    /// Reads a recipe and puts the overrides (`FIELD=VALUE`) in its place.
    pub fn parse(text: &str, overrides: &[String]) -> Result<FewShot, RecipeError> {
        let mut table: Table = toml::from_str(text).map_err(|e| one_line(text, &e))?;
        for given in overrides {
            let (name, value) = given.split_once('=').ok_or_else(|| RecipeError::Override(given.clone()))?;
            table.insert(name.trim().to_owned(), literal(value.trim()));
        }
        let recipe: FewShot = Value::Table(table).try_into().map_err(|e: toml::de::Error| one_line("", &e))?;
        recipe.check()?;
        Ok(recipe)
    }

    fn check(&self) -> Result<(), RecipeError> {
        let fault = |field, message: &str| Err(RecipeError::Field { field, message: message.to_owned() });
        let positive = |x: f64| x.is_finite() && x > 0.0;
        self.backbone_dtype()?;
        FewShot { curvature: self.checked_curvature()?, ..self.clone() }.head()?;
        self.check_method()?;
        if !backbone::NAMES.contains(&self.backbone.as_str()) {
            let known = backbone::NAMES.join(", ");
            return Err(field("backbone", format!("unknown backbone `{}`; known: {known}", self.backbone)));
        }
        /// Conv4 and ResNet12 halve an image four times.
        const LEAST_SIDE: usize = 16;
        if self.side < LEAST_SIDE {
            return fault("side", "four pools leave nothing of images smaller than 16 pixels");
        }
        if self.dim == 0 {
            return fault("dim", "is at least 1");
        }
        let shapes = [self.training(), self.validation()].into_iter().chain(self.tests());
        if shapes.into_iter().any(|shape| shape.way < 2 || shape.shot == 0 || shape.queries == 0) {
            return fault("way", "an episode has at least 2 classes, 1 shot and 1 query");
        }
        if self.test.is_empty() {
            return fault("test", "lists at least one pair of way and shot");
        }
        if [self.epochs, self.episodes, self.valid_episodes, self.test_episodes, self.step].contains(&0) {
            return fault("episodes", "epochs, episodes and steps are at least 1");
        }
        for (name, value) in
            [("temperature", self.temperature), ("learning_rate", self.learning_rate), ("gamma", self.gamma)]
        {
            if !positive(value) {
                return fault(name, "is a positive number");
            }
        }
        if !(0.0..1.0).contains(&self.momentum) {
            return fault("momentum", "is at least 0 and less than 1");
        }
        if self.feature_clip.is_some_and(|clip| !positive(clip)) || self.radius.is_some_and(|r| !positive(r)) {
            return fault("radius", "a length is a positive number");
        }
        if self.radius.is_some() != (self.model == FIXED_RADIUS) {
            return fault("radius", "is given exactly where model = \"fixed-radius\"");
        }
        if self.all_runs && (self.dataset.as_str(), self.split.as_str()) != ("omniglot", BACKGROUND) {
            return fault(
                "all_runs",
                "its characters are trained on unless dataset = \"omniglot\" and split = \"background\"",
            );
        }
        if self.riemannian && self.model != Model::Poincare.name() {
            return fault("riemannian", "the factor (1 − c‖x‖²)²/4 is that of the Poincaré ball");
        }
        Ok(())
    }

    /// The number, or 1 in the place of one that is still to be measured.
    fn checked_curvature(&self) -> Result<Curvature, RecipeError> {
        match self.curvature {
            Curvature::Is(c) if c.is_finite() && c > 0.0 => Ok(self.curvature),
            Curvature::From(Source::Delta) if self.is_hyperbolic() => Ok(Curvature::default()),
            Curvature::From(Source::Delta) => Err(field("curvature", "only hyperbolic models have one")),
            Curvature::Is(_) => Err(field("curvature", "is a positive number, or \"delta\"")),
        }
    }
    fn is_hyperbolic(&self) -> bool {
        matches!(self.model.parse(), Ok(Geometry::Hyperbolic(_)))
    }
    /// c; not a number before it was measured.
    pub fn c(&self) -> f64 {
        match self.curvature {
            Curvature::Is(c) => c,
            Curvature::From(_) => f64::NAN,
        }
    }
    /// The recipe with c in the place of `"delta"`, measured on training images; otherwise as it is.
    pub fn settled(self, train: &Classes) -> Result<FewShot, DataError> {
        match self.curvature {
            Curvature::Is(_) => Ok(self),
            Curvature::From(Source::Delta) => {
                let found = hyperbolicity_of_images(train, SAMPLES as usize, TRIES, DELTA_SEED)?;
                Ok(FewShot { curvature: Curvature::Is(found.c), ..self })
            }
        }
    }
    fn check_method(&self) -> Result<(), RecipeError> {
        let fault = |field, message: &str| Err(RecipeError::Field { field, message: message.to_owned() });
        let method = self.method.as_str();
        if !methods::NAMES.contains(&method) {
            let known = methods::NAMES.join(", ");
            return Err(field("method", format!("unknown method `{method}`; known: {known}")));
        }
        let adapts = matches!(method, methods::MAML | methods::REPTILE);
        if adapts != self.inner_rate.is_some() || (!adapts && self.inner_steps.is_some()) {
            return fault("inner_rate", "is given exactly where method = \"maml\" or \"reptile\"");
        }
        if self.inner_rate.is_some_and(|rate| !rate.is_finite() || rate <= 0.0) || self.inner_steps == Some(0) {
            return fault("inner_rate", "rate and steps are positive");
        }
        if method == methods::PROTONET {
            return Ok(());
        }
        if self.model != Geometry::Euclidean.to_string() || self.squared.is_some() {
            return fault("method", "only protonet has other models than euclidean, or a choice of d and d²");
        }
        if method != methods::MATCHING && self.temperature != one() {
            return fault("temperature", "only protonet and matchingnet have one");
        }
        if matches!(method, methods::RELATION | methods::DN4) && !self.last.keeps_the_map() {
            return fault("last", "relationnet and dn4 compare maps: last = \"flat\" or \"map\"");
        }
        match self.head_dtype()? {
            DType::F32 | DType::F64 => Ok(()),
            _ => fault("head_scalar", "only protonet runs in f16 and bf16"),
        }
    }
    /// What becomes of the images of a training episode, and of a test.
    pub(super) fn training_augment(&self, episode: u64) -> Augment {
        if self.augment { Augment::Training { seed: self.seed, episode } } else { Augment::Nothing }
    }
    pub(super) fn test_augment(&self) -> Augment {
        if self.augment { Augment::Test } else { Augment::Nothing }
    }
    /// The tensor type of what follows the backbone.
    pub(super) fn head_dtype(&self) -> Result<DType, RecipeError> {
        dtype(scalar("head_scalar", &self.head_scalar)?).map_err(|e| field("head_scalar", e))
    }
    /// The method, for a backbone and so many training classes, its parameters drawn from the seed.
    pub(super) fn method(&self, backbone: &dyn Backbone, classes: usize) -> Result<Box<dyn Method>, RecipeError> {
        methods::method(self, backbone, classes)
    }
    /// The descent on a support.
    pub(super) fn inner(&self) -> Result<Inner, RecipeError> {
        let rate = self.inner_rate.ok_or_else(|| field("inner_rate", "is needed to adapt"))?;
        Ok(Inner { steps: self.inner_steps.unwrap_or(INNER_STEPS), rate })
    }
    /// The head that the recipe asks for.
    pub fn head(&self) -> Result<Prototypes, RecipeError> {
        let arithmetic = scalar("head_scalar", &self.head_scalar)?;
        let plain = [&self.exp0, &self.distance, &self.midpoint].iter().all(|name| *name == BEST)
            && self.guard == none()
            && self.feature_clip.is_none();
        let flat = |place| match plain {
            true => Ok(place),
            false => Err(field("model", "Euclid's space has no variants, guards or feature clips")),
        };
        let place = match self.model.as_str() {
            FIXED_RADIUS => flat(Place::FixedRadius(self.radius.unwrap_or(1.0)))?,
            name => match name.parse::<Geometry>() {
                Ok(Geometry::Euclidean) => flat(Place::Euclidean)?,
                Ok(Geometry::Hyperbolic(model)) => {
                    let names = Names {
                        exp0: &self.exp0,
                        distance: &self.distance,
                        midpoint: &self.midpoint,
                        guard: &self.guard,
                    };
                    let Curvature::Is(c) = self.curvature else {
                        return Err(field("curvature", "is known once the training images are"));
                    };
                    Place::hyperbolic(model, names, self.feature_clip, arithmetic, c, self.riemannian)
                        .map_err(|e| field("variant", e))?
                }
                Err(mut e) => {
                    e.known.push(FIXED_RADIUS);
                    return Err(field("model", e));
                }
            },
        };
        let hyperbolic = matches!(place, Place::Hyperbolic { .. });
        let squared = self.squared.unwrap_or(!hyperbolic);
        Ok(Prototypes { place, scalar: arithmetic, squared, temperature: self.temperature })
    }
    /// The arithmetic of the backbone.
    pub fn backbone_dtype(&self) -> Result<DType, RecipeError> {
        dtype(scalar("backbone_scalar", &self.backbone_scalar)?).map_err(|e| field("backbone_scalar", e))
    }
    /// The backbone, for images of so many channels, its parameters drawn from the seed.
    pub fn backbone(&self, channels: usize) -> Result<Box<dyn Backbone>, RecipeError> {
        let sight = Sight { channels, side: self.side, dim: self.dim, last: self.last };
        let mut draws = Draws::new(self.seed, self.backbone_dtype()? == DType::F64);
        backbone::backbone(&self.backbone, sight, &mut draws).map_err(|e| field("backbone", e))
    }

    pub fn training(&self) -> Shape {
        Shape { way: self.way, shot: self.shot, queries: self.queries }
    }
    pub fn validation(&self) -> Shape {
        Shape { way: self.valid_way, shot: self.valid_shot, queries: self.valid_queries }
    }
    pub fn tests(&self) -> Vec<Shape> {
        self.test.iter().map(|[way, shot]| Shape { way: *way, shot: *shot, queries: self.test_queries }).collect()
    }
    /// The formulas of the head, the logit (of other methods, what sets them apart), and whether the gradient is the ball's own.
    pub fn variant(&self) -> String {
        match self.method.as_str() {
            methods::PROTONET => {}
            methods::MATCHING => return format!("cos/{:?}", self.temperature),
            methods::MAML | methods::REPTILE => {
                return self
                    .inner()
                    .map_or(String::new(), |inner| format!("{} steps of {:?}", inner.steps, inner.rate));
            }
            _ => return String::new(),
        }
        let Ok(head) = self.head() else { return String::new() };
        let logit = format!("-d{}/{:?}", if head.squared { "²" } else { "" }, self.temperature);
        let riemannian = if self.riemannian { " riemannian" } else { "" };
        match head.place {
            Place::Hyperbolic { .. } => {
                format!("{}+{}+{} {logit}{riemannian}", self.exp0, self.distance, self.midpoint)
            }
            Place::Euclidean => logit,
            Place::FixedRadius(radius) => format!("radius {radius:?} {logit}"),
        }
    }
    /// The recipe as it is kept beside a checkpoint.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a recipe is a flat table")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "dataset = \"omniglot\"\nmodel = \"klein\"\nway = 5\nshot = 1\nqueries = 5\nepochs = 1\nepisodes = 2\n\
                        test = [[5, 1]]\n";

    #[test]
    fn every_field_can_be_overridden_and_a_recipe_reads_back() {
        let given = ["model=fixed-radius", "radius=4.0", "schedule=cosine", "optimiser=sgd", "test=[[5,1],[20,5]]"];
        let recipe = FewShot::parse(TEXT, &given.map(str::to_owned)).unwrap();
        assert_eq!((recipe.schedule, recipe.optimiser, recipe.tests().len()), (Schedule::Cosine, Optimiser::Sgd, 2));
        assert_eq!(recipe.variant(), "radius 4.0 -d²/1.0");
        assert_eq!(FewShot::parse(&recipe.to_toml(), &[]).unwrap(), recipe);
        assert_eq!(FewShot::parse(TEXT, &[]).unwrap().variant(), "best+best+best -d/1.0");
        let measured = FewShot::parse(TEXT, &["curvature=delta".to_owned()]).unwrap();
        assert_eq!(measured.curvature, Curvature::From(Source::Delta));
        assert_eq!(FewShot::parse(&measured.to_toml(), &[]).unwrap(), measured);
    }

    #[test]
    fn faults_are_one_line_and_name_the_field() {
        for (given, expected) in [
            ("curvature=0", "`curvature`: is a positive number"),
            ("curvature=gamma", "c is a number, or \"delta\""),
            ("curvature=delta model=euclidean", "`curvature`: only hyperbolic"),
            ("all_runs=true", "`all_runs`: its characters are trained on"),
            ("way=1", "`way`: an episode has at least 2"),
            ("model=torus", "`model`: unknown"),
            ("midpoint=gyro", "`variant`: unknown variant"),
            ("guard=hyptorch", "`variant`: the guard hyptorch does not concern klein"),
            ("model=fixed-radius", "`radius`: is given exactly"),
            ("radius=2", "`radius`: is given exactly"),
            ("model=euclidean guard=feature-1.0", "`model`: Euclid's space has no variants"),
            ("method=protonets", "`method`: unknown method"),
            ("method=dn4", "`method`: only protonet has other models"),
            ("method=dn4 model=euclidean last=max", "`last`: relationnet and dn4 compare maps"),
            ("method=maml model=euclidean", "`inner_rate`: is given exactly"),
            ("inner_rate=0.1", "`inner_rate`: is given exactly"),
            ("method=maml model=euclidean inner_rate=-1", "`inner_rate`: rate and steps"),
            ("method=tpn model=euclidean temperature=2", "`temperature`: only protonet and"),
            ("method=tpn model=euclidean head_scalar=bf16", "`head_scalar`: only protonet"),
            ("backbone=conv5", "`backbone`: unknown backbone `conv5`"),
            ("side=8", "`side`: four pools"),
            ("riemannian=true", "`riemannian`: the factor"),
            ("schedule=linear", "unknown variant `linear`"),
            ("colour=1", "unknown field `colour`"),
        ] {
            let given: Vec<String> = given.split(' ').map(str::to_owned).collect();
            let error = FewShot::parse(TEXT, &given).unwrap_err().to_string();
            assert!(error.starts_with(expected) && !error.contains('\n'), "{given:?}: {error}");
        }
    }
}
