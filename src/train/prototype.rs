//! Prototype heads: every class is the midpoint of its support, every query belongs to the nearest; in any model, formula, guard
//! and arithmetic, and in Euclid's space beside them.
//!
//! Snell et al. (2017), Eq. 1 and 2; Khrulkov et al. (2020), section 4.2; Moreira et al. (2023), arXiv 2309.10013.

use super::episode::Shape;
use super::head::{Formulas, Geometry, Head, HeadError, with_metric};
use crate::arithmetic::tensor::{Column, Rows};
use crate::arithmetic::{Arithmetic, Real, Vector};
use crate::formula::lifted::{LiftedOf, lift};
use crate::formula::{Answer, BEST, Model, Op, Query, Space, Variant, along, apply, variant};
use burn_tensor::{DType, Device, Tensor};
use std::borrow::Borrow;

/// Where features go, and how far apart they are there.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// exp₀ of the features.
    Hyperbolic { formulas: Formulas, distance: &'static Variant, midpoint: &'static Variant, c: f64, riemannian: bool },
    /// The features themselves, and their mean.
    Euclidean,
    /// The features at one length: the encoder that Moreira et al. set against the hyperbolic ones. The prototype is the mean of
    /// the scaled support, as it falls inside of the sphere.
    FixedRadius(f64),
}

/// A prototype head.
#[derive(Clone, Copy, Debug)]
pub struct Prototypes {
    pub place: Place,
    pub scalar: Arithmetic,
    /// Logits are −d/T, or −d²/T.
    pub squared: bool,
    pub temperature: f64,
}

/// The name of the fixed-radius encoder in recipes and tables.
pub const FIXED_RADIUS: &str = "fixed-radius";

/// The formulas of a hyperbolic head, by name.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    pub exp0: &'a str,
    pub distance: &'a str,
    pub midpoint: &'a str,
    pub guard: &'a str,
}

impl Place {
    /// A hyperbolic place; the guard must concern the model and one of its formulas.
    pub fn hyperbolic(
        model: Model,
        names: Names,
        feature_clip: Option<f64>,
        scalar: Arithmetic,
        c: f64,
        riemannian: bool,
    ) -> Result<Place, HeadError> {
        // A published distance or midpoint has the guard's clamps, as a published hyperplane score has.
        let published = names.distance != BEST || names.midpoint != BEST;
        let formulas = Formulas::new(model, names.exp0, BEST, published, names.guard, feature_clip, scalar)?;
        let distance = variant(Op::Distance, model, names.distance)?;
        let midpoint = variant(Op::Midpoint, model, names.midpoint)?;
        Ok(Place::Hyperbolic { formulas, distance, midpoint, c, riemannian })
    }
}

/// The weighted midpoint of n ≥ 1 points by a variant; the registry's own query knows two points alone.
pub fn midpoint<V: Vector + ?Sized>(
    variant: &Variant,
    k: &Space<V::Elem>,
    model: Model,
    points: &[&V],
    weights: &[V::Elem],
) -> V::Owned {
    let wide: Vec<_> = weights.iter().map(Real::widen).collect();
    match (model, variant.id) {
        (Model::Poincare, "einstein") => along::poincare_midpoint_einstein(k, points, weights),
        (Model::Poincare, "gyro") => along::poincare_midpoint_gyro(k, points, weights),
        (Model::Poincare, "closed") => along::poincare_midpoint_closed(k, points, weights),
        (Model::Poincare, BEST) => along::poincare_midpoint(k, points, &wide),
        (Model::Klein, "einstein") => along::klein_midpoint_plain(k, points, weights),
        (Model::Klein, BEST) => along::klein_midpoint(k, points, &wide),
        (Model::Lorentz, BEST) => along::lorentz_midpoint(k, points, &wide),
        (Model::Lorentz, "centroid") => {
            let lifted: Vec<LiftedOf<V>> = points.iter().map(|x| lift::<V>(k, *x)).collect();
            along::lorentz_midpoint_plain::<V>(k, &lifted, weights).s
        }
        (model, id) => unreachable!("no midpoint {id} of n points in {model}"),
    }
}

/// Every stage of a head on an episode.
pub struct Stages {
    /// `[images, n]`.
    pub points: Tensor<2>,
    /// `[way, n]`.
    pub prototypes: Tensor<2>,
    /// `[way·queries, way]`.
    pub logits: Tensor<2>,
}

impl Prototypes {
    /// The tensor type of its numbers.
    pub fn dtype(&self) -> DType {
        Head { geometry: Geometry::Euclidean, scalar: self.scalar, formulas: None }.dtype()
    }

    /// Features `[images, n]` as points of the head's place.
    pub fn points(&self, features: Tensor<2>) -> Tensor<2> {
        let features = features.cast(self.dtype());
        let dims = features.dims();
        match self.place {
            Place::Euclidean => features,
            Place::FixedRadius(radius) => {
                let v = Rows::points(features);
                let norm = v.norm2().sqrt();
                // A feature of length 0 has no direction: it stays where it is.
                let zero = norm.lit(0.0);
                let factor = norm.lit(radius) / &zero.select_lt(&norm, norm.clone(), norm.lit(1.0));
                v.scale(&factor).0.reshape(dims)
            }
            Place::Hyperbolic { formulas, c, riemannian, .. } => {
                let k = self.space(&formulas, c, &features.device().inner());
                let x = formulas.point(&k, &Rows::points(features));
                (if riemannian { with_metric(&k, x) } else { x }).0.reshape(dims)
            }
        }
    }

    fn space(&self, formulas: &Formulas, c: f64, device: &Device) -> Space<Column> {
        formulas.space(Column::shared(Tensor::full([1], c, (device, self.dtype()))))
    }

    /// Prototypes and logits of an episode from its points `[images, n]`, in the order of [`super::episode::Episode`].
    pub fn judge(&self, points: Tensor<2>, shape: Shape) -> Stages {
        let [images, n] = points.dims();
        let device = points.device().inner();
        let (way, support) = (shape.way, shape.way * shape.shot);
        let shots: Vec<Rows> = (0..shape.shot).map(|s| Rows::classes(points.clone().narrow(0, s * way, way))).collect();
        let queries = Rows::points(points.clone().narrow(0, support, images - support));
        let (prototypes, distance) = match self.place {
            Place::Euclidean | Place::FixedRadius(_) => {
                let sum = shots[1..].iter().fold(shots[0].clone(), |sum, x| sum.plus(x));
                let mean = sum.scale(&sum.lit((shape.shot as f64).recip()));
                let d2 = queries.dist2(&mean);
                (mean, if self.squared { d2 } else { d2.sqrt() })
            }
            Place::Hyperbolic { formulas, distance, midpoint: by, c, .. } => {
                let k = self.space(&formulas, c, &device);
                let of_shots: Vec<&Rows> = shots.iter().collect();
                let weights = vec![k.lit(1.0); shape.shot];
                let prototypes = midpoint::<Rows>(by, &k, formulas.model, &of_shots, &weights);
                let mut query = Query::<Rows>::new(&k, formulas.model);
                (query.x, query.y) = (Some(&queries), Some(&prototypes));
                let d = match apply(distance, &query) {
                    Answer::Scalar(d) => d,
                    Answer::Vector(_) => unreachable!("a distance is a number"),
                };
                (prototypes, if self.squared { d.square() } else { d })
            }
        };
        let logits = (-distance).times(self.temperature.recip()).0;
        let prototypes: &Rows = prototypes.borrow();
        Stages {
            points,
            prototypes: prototypes.0.clone().reshape([way, n]),
            logits: logits.reshape([images - support, way]),
        }
    }

    /// √c‖v‖ (‖v‖ outside of hyperbolic space) of features, and which of them a clip moves.
    pub fn lengths(&self, features: &[Vec<f64>]) -> Vec<(f64, bool)> {
        let norm = |v: &Vec<f64>| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let Place::Hyperbolic { formulas, c, .. } = self.place else {
            return features.iter().map(|v| (norm(v), false)).collect();
        };
        let cap = formulas.cap(c).map(|radius| radius / formulas.stretch());
        let most = [cap, formulas.feature_clip].into_iter().flatten().fold(f64::INFINITY, f64::min);
        features.iter().map(|v| (c.sqrt() * norm(v), norm(v) > most)).collect()
    }
}
