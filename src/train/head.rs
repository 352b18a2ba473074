//! The head: exp₀ → guard → hyperplane scores, written once over any arithmetic, so that what trains is what is measured.

use super::recipe::dtype;
use crate::arithmetic::tensor::{Column, Rows};
use crate::arithmetic::{Arithmetic, Real, Vector};
use crate::formula::{Answer, BEST, Clamps, Model, Op, Query, Space, UnknownName, Variant, apply, variant};
use crate::guard::{Guard, Precision, guard};
use burn_tensor::{DType, Tensor};
use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

/// Where the features go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Geometry {
    Hyperbolic(Model),
    /// The baseline: the features themselves, and a linear layer.
    Euclidean,
}

const EUCLIDEAN: &str = "euclidean";

impl FromStr for Geometry {
    type Err = UnknownName;
    fn from_str(name: &str) -> Result<Self, UnknownName> {
        if name == EUCLIDEAN {
            return Ok(Geometry::Euclidean);
        }
        let known = || vec!["poincare", "lorentz", "klein", EUCLIDEAN];
        match name.parse() {
            Ok(model) if model != Model::LorentzAmbient => Ok(Geometry::Hyperbolic(model)),
            _ => Err(UnknownName { what: "model", name: name.to_owned(), known: known() }),
        }
    }
}

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Geometry::Hyperbolic(model) => model.fmt(f),
            Geometry::Euclidean => f.pad(EUCLIDEAN),
        }
    }
}

/// The formulas of the head, by name.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    pub geometry: Geometry,
    pub scalar: Arithmetic,
    /// `None` for the Euclidean baseline.
    pub formulas: Option<Formulas>,
}

/// What a hyperbolic head is made of.
#[derive(Clone, Copy, Debug)]
pub struct Formulas {
    pub model: Model,
    pub exp0: &'static Variant,
    pub mlr: &'static Variant,
    pub guard: &'static Guard,
    pub feature_clip: Option<f64>,
    /// Whether the guard's clip acts on the points of the hyperplanes too.
    pub clip_planes: bool,
    pub precision: Precision,
    transport: &'static Variant,
    radius: &'static Variant,
}

/// A head that makes no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum HeadError {
    #[error(transparent)]
    Name(#[from] UnknownName),
    #[error("the guard {guard} does not concern {model}")]
    Guard { guard: &'static str, model: Model },
    #[error("the guard {guard} acts inside published formulas alone, and all of these are `best`")]
    Idle { guard: &'static str },
    #[error("the Euclidean baseline has no variants, guards or feature clips")]
    Baseline,
}

impl Head {
    pub fn new(
        geometry: Geometry,
        exp0: &str,
        mlr: &str,
        guard_id: &str,
        feature_clip: Option<f64>,
        scalar: Arithmetic,
    ) -> Result<Head, HeadError> {
        let Geometry::Hyperbolic(model) = geometry else {
            let plain = exp0 == BEST && mlr == BEST && guard_id == crate::guard::NONE.id && feature_clip.is_none();
            return if plain { Ok(Head { geometry, scalar, formulas: None }) } else { Err(HeadError::Baseline) };
        };
        let formulas = Formulas::new(model, exp0, mlr, mlr != BEST, guard_id, feature_clip, scalar)?;
        Ok(Head { geometry, scalar, formulas: Some(formulas) })
    }
    /// The tensor type of its numbers.
    pub fn dtype(&self) -> DType {
        dtype(self.scalar).expect("a recipe's arithmetics were checked")
    }
}

impl Formulas {
    /// The formulas of these names; `published`: whether a formula other than exp₀ is a published one, whose clamps are the
    /// guard's.
    pub fn new(
        model: Model,
        exp0: &str,
        mlr: &str,
        published: bool,
        guard_id: &str,
        feature_clip: Option<f64>,
        scalar: Arithmetic,
    ) -> Result<Formulas, HeadError> {
        let guard = guard(guard_id)?;
        if !guard.models.contains(&model) {
            return Err(HeadError::Guard { guard: guard.id, model });
        }
        let precision = Precision { bits: scalar.bits() };
        let published = exp0 != BEST || published;
        if guard.clamps != Clamps::NONE && !published && (guard.clip)(precision).is_none() {
            return Err(HeadError::Idle { guard: guard.id });
        }
        Ok(Formulas {
            model,
            exp0: variant(Op::Exp0, model, exp0)?,
            mlr: variant(Op::Mlr, model, mlr)?,
            guard,
            feature_clip,
            clip_planes: true,
            precision,
            transport: variant(Op::Transport, model, BEST)?,
            radius: variant(Op::OriginDistance, model, BEST)?,
        })
    }
    /// The space of curvature −c under the guard's clamps.
    pub fn space<R: Real>(&self, c: R) -> Space<R> {
        self.guard.space(c)
    }
    /// What the head means: without guard or feature clip, in the variants that need the fewest bits to say it exactly.
    pub fn ideal(&self) -> Formulas {
        let best =
            |own: &Variant| variant(own.op, self.model, BEST).expect("every operation of a model has its own variant");
        let (exp0, mlr) = (best(self.exp0), best(self.mlr));
        Formulas { exp0, mlr, guard: crate::guard::NONE, feature_clip: None, ..*self }
    }

    /// The point of a feature vector: clips on features, exp₀, the clip on points.
    pub fn point<V: Vector + ?Sized>(&self, k: &Space<V::Elem>, v: &V) -> V::Owned {
        let v = match self.feature_clip {
            Some(norm) => v.clip_norm(&k.lit(norm)),
            None => v.to_vector(),
        };
        let v = self.guard.clip_feature(self.precision, k, v.borrow());
        let mut query = Query::<V>::new(k, self.model);
        query.v = Some(v.borrow());
        let x = vector::<V>(apply(self.exp0, &query));
        self.guard.clip_point(self.precision, k, self.model, x.borrow())
    }

    /// The hyperplane of two plain parameter vectors p′ and a′: through exp₀(p′), with the normal a′ carried there from the
    /// origin (on the Poincaré ball: a′(1 − c‖p‖²), as the released code has it).
    pub fn hyperplane<V: Vector + ?Sized>(&self, k: &Space<V::Elem>, p: &V, a: &V) -> (V::Owned, V::Owned) {
        let mut query = Query::<V>::new(k, self.model);
        query.v = Some(p);
        let p = vector::<V>(apply(self.exp0, &query));
        let p = if self.clip_planes { self.guard.clip_point(self.precision, k, self.model, p.borrow()) } else { p };
        let origin = a.scale(&k.lit(0.0));
        let mut query = Query::<V>::new(k, self.model);
        (query.x, query.y, query.v) = (Some(origin.borrow()), Some(p.borrow()), Some(a));
        let a = vector::<V>(apply(self.transport, &query));
        (p, a)
    }

    /// The score of x for the hyperplane through p with normal a.
    pub fn score<V: Vector + ?Sized>(&self, k: &Space<V::Elem>, x: &V, p: &V, a: &V) -> V::Elem {
        let mut query = Query::<V>::new(k, self.model);
        (query.x, query.p, query.a) = (Some(x), Some(p), Some(a));
        scalar::<V>(apply(self.mlr, &query))
    }

    /// The distance of x to the origin.
    pub fn radius<V: Vector + ?Sized>(&self, k: &Space<V::Elem>, x: &V) -> V::Elem {
        let mut query = Query::<V>::new(k, self.model);
        query.x = Some(x);
        scalar::<V>(apply(self.radius, &query))
    }

    /// The distance of exp₀(v) to the origin over ‖v‖.
    pub fn stretch(&self) -> f64 {
        self.model.scale_at_origin()
    }

    /// The largest radius that the guard's clip lets through; `None` without one.
    pub fn cap(&self, c: f64) -> Option<f64> {
        let clip = (self.guard.clip)(self.precision)?;
        Some(clip.cap(self.model, c))
    }
}

fn vector<V: Vector + ?Sized>(answer: Answer<V::Owned, V::Elem>) -> V::Owned {
    match answer {
        Answer::Vector(x) => x,
        Answer::Scalar(_) => unreachable!("exp0 and transport give vectors"),
    }
}

fn scalar<V: Vector + ?Sized>(answer: Answer<V::Owned, V::Elem>) -> V::Elem {
    match answer {
        Answer::Scalar(x) => x,
        Answer::Vector(_) => unreachable!("mlr and origin_distance give numbers"),
    }
}

/// √c‖v‖ beyond which the released code's clip moves a point of the Poincaré ball.
pub fn released_clip() -> f64 {
    let precision = Precision { bits: Arithmetic::F32.bits() };
    let clip = guard(RELEASED).ok().and_then(|guard| (guard.clip)(precision));
    // The ball's distance to the origin is twice the feature's length.
    clip.map_or(f64::INFINITY, |clip| clip.cap(Model::Poincare, 1.0) / 2.0)
}

/// The guard of the released code of Khrulkov et al. (2020).
const RELEASED: &str = "hyptorch";

/// Every stage of a head on a batch.
pub struct Stages {
    pub points: Tensor<2>,
    /// `[batch, classes]`.
    pub logits: Tensor<2>,
}

/// The tensors of a head's parameters: p′ and a′ `[classes, dim]` and c `[1]`; for the baseline the bias `[classes]` stands
/// in place of p′.
pub struct Planes {
    pub base: Tensor<2>,
    pub normal: Tensor<2>,
    pub c: Tensor<1>,
}

impl Head {
    /// Scores `[batch, classes]` of features `[batch, dim]`, in the head's arithmetic.
    pub fn forward(&self, features: Tensor<2>, planes: Planes, riemannian: bool) -> Stages {
        let dtype = self.dtype();
        let (features, normal) = (features.cast(dtype), planes.normal.cast(dtype));
        let base = planes.base.cast(dtype);
        let [batch, dim] = features.dims();
        let Some(formulas) = self.formulas else {
            let logits = features.clone().matmul(normal.transpose()) + base.transpose();
            return Stages { points: features, logits };
        };
        let k = formulas.space(Column::shared(planes.c.cast(dtype)));
        let mut x = formulas.point(&k, &Rows::points(features));
        if riemannian {
            x = with_metric(&k, x);
        }
        let (p, a) = formulas.hyperplane(&k, &Rows::classes(base), &Rows::classes(normal));
        let scores = formulas.score(&k, &x, &p, &a).0;
        let classes = scores.dims()[1];
        Stages { points: x.0.reshape([batch, dim]), logits: scores.reshape([batch, classes]) }
    }
}

/// x, its gradient multiplied by (1 − c‖x‖²)²/4: the inverse metric of the ball.
pub(super) fn with_metric(k: &Space<Column>, x: Rows) -> Rows {
    let gap = (x.norm2() * &k.c).one_minus();
    let factor = gap.square().times(0.25).0.detach();
    let x = x.0;
    Rows(x.clone().detach() + (x.clone() - x.detach()) * factor)
}
