//! Recipes: everything that a run depends on, in one TOML table whose every field the command line can override.

use super::head::{Geometry, Head};
use crate::arithmetic::Arithmetic;
use burn_tensor::DType;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// One run. Lengths are in units of 1/√c times √c; c > 0 is minus the curvature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The set that is trained on (`hypprec list datasets`).
    pub dataset: String,
    /// `all`: end to end; `head`: the last layers on frozen features of a trained backbone.
    #[serde(default)]
    pub trained: Trained,
    /// The checkpoint whose backbone gives the frozen features; for `trained = "head"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backbone: Option<String>,
    /// poincare, lorentz, klein or euclidean.
    pub model: String,
    /// The variant that maps features to points.
    #[serde(default = "best")]
    pub exp0: String,
    /// The variant that scores points.
    #[serde(default = "best")]
    pub mlr: String,
    #[serde(default = "none")]
    pub guard: String,
    #[serde(default = "one")]
    pub curvature: f64,
    /// Whether c is trained too, from `curvature` on.
    #[serde(default)]
    pub curvature_trained: bool,
    /// Coordinates of a point.
    pub dim: usize,
    /// Whether the gradient at a ball point is multiplied by (1 − c‖x‖²)²/4, as the released code does.
    #[serde(default)]
    pub riemannian: bool,
    /// Whether the guard's clip acts on the points of the hyperplanes too; the released code clips images alone.
    #[serde(default = "yes")]
    pub clip_planes: bool,
    /// Features are cut to this Euclidean norm before exp₀.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_clip: Option<f64>,
    /// The arithmetic of the layers before the head: f16, bf16, f32 or f64. Weights are kept in f32 (f64 for f64).
    #[serde(default = "f32_name")]
    pub backbone_scalar: String,
    #[serde(default = "f32_name")]
    pub head_scalar: String,
    pub epochs: u32,
    #[serde(default = "batch")]
    pub batch: usize,
    #[serde(default = "learning_rate")]
    pub learning_rate: f64,
    #[serde(default)]
    pub seed: u64,
    /// The loss is multiplied by this before the backward pass and the gradients divided by it: keeps f16 from underflow.
    #[serde(default = "one")]
    pub loss_scale: f64,
    /// Stop after this many epochs without a better test loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<u32>,
    /// Only the first so many images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_limit: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_limit: Option<usize>,
}

/// Which layers learn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trained {
    #[default]
    All,
    Head,
}

impl std::fmt::Display for Trained {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.pad(match self {
            Trained::All => "all",
            Trained::Head => "head",
        })
    }
}

pub(super) fn best() -> String {
    crate::formula::BEST.to_owned()
}
pub(super) fn none() -> String {
    crate::guard::NONE.id.to_owned()
}
pub(super) fn f32_name() -> String {
    "f32".to_owned()
}
fn yes() -> bool {
    true
}
pub(super) fn one() -> f64 {
    1.0
}
/// Images in a step, as in the paper.
fn batch() -> usize {
    64
}
/// Adam's step, as in the paper.
fn learning_rate() -> f64 {
    1e-3
}

/// A recipe that makes no sense, and where.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RecipeError {
    #[error("{0}")]
    Toml(String),
    #[error("`{field}`: {message}")]
    Field { field: &'static str, message: String },
    #[error("`{0}`: an override is FIELD=VALUE")]
    Override(String),
}

impl Recipe {
    /// Reads a recipe and puts the overrides (`FIELD=VALUE`) in its place.
    pub fn parse(text: &str, overrides: &[String]) -> Result<Recipe, RecipeError> {
        let mut table: Table = toml::from_str(text).map_err(|e| one_line(text, &e))?;
        for given in overrides {
            let (field, value) = given.split_once('=').ok_or_else(|| RecipeError::Override(given.clone()))?;
            table.insert(field.trim().to_owned(), literal(value.trim()));
        }
        Self::from_table(table)
    }

    /// Reads a recipe from a table that is in memory.
    pub fn from_table(table: Table) -> Result<Recipe, RecipeError> {
        let recipe: Recipe = Value::Table(table).try_into().map_err(|e: toml::de::Error| one_line("", &e))?;
        recipe.check()?;
        Ok(recipe)
    }

    fn check(&self) -> Result<(), RecipeError> {
        let fault = |field, message: &str| Err(RecipeError::Field { field, message: message.to_owned() });
        let positive = |x: f64| x.is_finite() && x > 0.0;
        crate::data::set(&self.dataset).map_err(|e| field("dataset", e))?;
        self.head()?;
        self.backbone_dtype()?;
        if !positive(self.curvature) {
            return fault("curvature", "c is a positive number (curvature is −c)");
        }
        if self.dim == 0 || self.epochs == 0 || self.batch == 0 {
            return fault("dim", "dim, epochs and batch are at least 1");
        }
        if !positive(self.learning_rate) || !positive(self.loss_scale) {
            return fault("learning_rate", "learning_rate and loss_scale are positive numbers");
        }
        if self.feature_clip.is_some_and(|r| !positive(r)) {
            return fault("feature_clip", "a norm is a positive number");
        }
        if self.train_limit == Some(0) || self.test_limit == Some(0) {
            return fault("train_limit", "a limit is at least 1");
        }
        if (self.trained == Trained::Head) != self.backbone.is_some() {
            return fault("backbone", "names a checkpoint exactly where trained = \"head\"");
        }
        if self.riemannian && self.geometry()? != Geometry::Hyperbolic(crate::formula::Model::Poincare) {
            return fault("riemannian", "the factor (1 − c‖x‖²)²/4 is that of the Poincaré ball");
        }
        Ok(())
    }

    fn geometry(&self) -> Result<Geometry, RecipeError> {
        self.model.parse().map_err(|e| field("model", e))
    }
    /// The head that the recipe asks for.
    pub fn head(&self) -> Result<Head, RecipeError> {
        let scalar = scalar("head_scalar", &self.head_scalar)?;
        let mut head = Head::new(self.geometry()?, &self.exp0, &self.mlr, &self.guard, self.feature_clip, scalar)
            .map_err(|e| field("variant", e))?;
        if let Some(formulas) = &mut head.formulas {
            formulas.clip_planes = self.clip_planes;
        }
        Ok(head)
    }
    /// The arithmetic of the layers before the head.
    pub fn backbone_dtype(&self) -> Result<DType, RecipeError> {
        dtype(scalar("backbone_scalar", &self.backbone_scalar)?).map_err(|e| field("backbone_scalar", e))
    }
    /// The recipe as it is kept beside a checkpoint.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a recipe is a flat table")
    }
}

pub(super) fn field(field: &'static str, e: impl std::fmt::Display) -> RecipeError {
    RecipeError::Field { field, message: e.to_string() }
}

pub(super) fn scalar(name: &'static str, text: &str) -> Result<Arithmetic, RecipeError> {
    let arithmetic: Arithmetic = text.parse().map_err(|e| field(name, e))?;
    dtype(arithmetic).map_err(|e| field(name, e)).map(|_| arithmetic)
}

/// The tensor type of an arithmetic.
pub(super) fn dtype(arithmetic: Arithmetic) -> Result<DType, String> {
    match arithmetic {
        Arithmetic::F16 => Ok(DType::F16),
        Arithmetic::Bf16 => Ok(DType::BF16),
        Arithmetic::F32 => Ok(DType::F32),
        Arithmetic::F64 => Ok(DType::F64),
        other => Err(format!("no device computes in {other}; training runs in f16, bf16, f32 and f64")),
    }
}

/// A value as TOML would read it, or else a string.
pub(super) fn literal(text: &str) -> Value {
    let table: Result<Table, _> = toml::from_str(&format!("x = {text}"));
    table.ok().and_then(|mut table| table.remove("x")).unwrap_or_else(|| Value::String(text.to_owned()))
}

pub(super) fn one_line(text: &str, error: &toml::de::Error) -> RecipeError {
    let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
    let place = error.span().filter(|_| !text.is_empty());
    let line = place.map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
    RecipeError::Toml(line.map_or(message.clone(), |line| format!("line {line}: {message}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::BUILT_IN;
    use proptest::prelude::*;

    const TEXT: &str = "dataset = \"sample\"\nmodel = \"klein\"\ndim = 2\nepochs = 1\n";

    #[test]
    fn every_field_can_be_overridden() {
        let given =
            ["dim=16", "model = lorentz", "curvature=0.05", "guard=none", "riemannian=false", "feature_clip=2.3"];
        let recipe = Recipe::parse(TEXT, &given.map(str::to_owned)).unwrap();
        assert_eq!((recipe.dim, recipe.model.as_str(), recipe.curvature), (16, "lorentz", 0.05));
        assert_eq!(Recipe::parse(&recipe.to_toml(), &[]).unwrap(), recipe);
    }

    #[test]
    fn faults_are_one_line_and_name_the_field() {
        for (given, expected) in [
            ("curvature=0", "`curvature`: c is a positive"),
            ("model=torus", "`model`: unknown"),
            ("mlr=B4", "`variant`: unknown variant"),
            ("guard=hyptorch", "`variant`: the guard hyptorch does not concern klein"),
            ("colour=1", "unknown field `colour`"),
            ("model=lorentz guard=meru", "`variant`: the guard meru acts inside published formulas"),
            ("dataset=cifar", "`dataset`: unknown data set `cifar`"),
            ("head_scalar=dd", "`head_scalar`: no device computes in dd"),
            ("trained=head", "`backbone`: names a checkpoint"),
            ("riemannian=true", "`riemannian`: the factor"),
            ("dim", "`dim`: an override is FIELD=VALUE"),
        ] {
            let given: Vec<String> = given.split(' ').map(str::to_owned).collect();
            let error = Recipe::parse(TEXT, &given).unwrap_err().to_string();
            assert!(error.starts_with(expected) && !error.contains('\n'), "{given:?}: {error}");
        }
        assert!(Recipe::parse("dim = \n", &[]).unwrap_err().to_string().starts_with("line 1"));
    }

    #[test]
    fn the_built_in_recipes_begin_with_what_to_expect() {
        for (name, text) in BUILT_IN {
            assert!(text.starts_with("# "), "{name}");
        }
    }

    proptest! {
        #[test]
        fn the_reader_never_panics(text in "\\PC{0,200}", given in "\\PC{0,20}") {
            let _ = Recipe::parse(&text, std::slice::from_ref(&given));
            let _ = Recipe::parse(TEXT, &[given]);
        }
    }
}
