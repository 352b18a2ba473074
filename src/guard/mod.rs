//! Guards: the clips and clamps of the libraries in use, as data with a name and a source, to be judged.

use crate::arithmetic::{Real, Vector};
use crate::formula::{Clamps, Model, Op, Space, UnknownName};
use std::borrow::Borrow;

/// A clip on stored points (or on features), applied before a formula runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clip {
    /// Ball norms ≤ (1 − eps)/√c.
    RelativeNorm { eps: f64 },
    /// Ball norms ≤ 1/√c − eps: not covariant under a change of scale.
    AbsoluteNorm { eps: f64 },
    /// Norms of Lorentz space coordinates ≤ max.
    SpaceNorm { max: f64 },
    /// Euclidean norms of features ≤ max before exp₀.
    FeatureNorm { max: f64 },
}

impl Clip {
    /// The largest norm that passes.
    pub fn limit<R: Real>(&self, k: &Space<R>) -> R {
        match *self {
            Clip::RelativeNorm { eps } => k.lit(1.0 - eps) / &k.root,
            Clip::AbsoluteNorm { eps } => k.root.clone().recip().plus(-eps),
            Clip::SpaceNorm { max } | Clip::FeatureNorm { max } => k.lit(max),
        }
    }
    /// Whether it acts on tangent vectors at the origin rather than on points.
    pub fn on_features(&self) -> bool {
        matches!(self, Clip::FeatureNorm { .. })
    }
    /// The largest distance from the origin that passes, for curvature −c.
    pub fn cap(&self, model: Model, c: f64) -> f64 {
        let root = c.sqrt();
        let limit = self.limit(&Space::new(c));
        let rho = match self {
            Clip::FeatureNorm { .. } => model.scale_at_origin() * root * limit,
            Clip::RelativeNorm { .. } | Clip::AbsoluteNorm { .. } | Clip::SpaceNorm { .. } => {
                model.depth_of(root * limit)
            }
        };
        rho / root
    }
}

/// What a guard needs to know of the arithmetic that it runs in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Precision {
    /// Significant bits p; the spacing of numbers at 1 is 2^(1−p).
    pub bits: u32,
}

impl Precision {
    /// The spacing of numbers at 1.
    pub fn epsilon(self) -> f64 {
        2f64.powi(1 - self.bits.min(1000) as i32)
    }
    /// Whether a library would call it double.
    fn is_double(self) -> bool {
        self.bits >= f64::MANTISSA_DIGITS
    }
}

/// A library's set of clips and clamps.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    pub id: &'static str,
    /// A key of studies/references.bib.
    pub cite: &'static str,
    /// What it does, in one line.
    pub text: &'static str,
    pub models: &'static [Model],
    /// The clip, which may depend on the arithmetic.
    pub clip: fn(Precision) -> Option<Clip>,
    /// The clamps inside formulas.
    pub clamps: Clamps,
}

impl Guard {
    /// The space in which a formula runs under this guard.
    pub fn space<R: Real>(&self, c: R) -> Space<R> {
        Space::with_clamps(c, self.clamps)
    }
    /// x after the clip on points.
    pub fn clip_point<V: Vector + ?Sized>(
        &self,
        precision: Precision,
        k: &Space<V::Elem>,
        model: Model,
        x: &V,
    ) -> V::Owned {
        match (self.clip)(precision) {
            Some(clip) if !clip.on_features() => match model {
                Model::LorentzAmbient => {
                    let clipped = x.split_time().1.borrow().clip_norm(&clip.limit(k));
                    let time = (k.c.clone().recip() + &clipped.borrow().norm2()).sqrt();
                    clipped.borrow().with_time(time)
                }
                _ => x.clip_norm(&clip.limit(k)),
            },
            _ => x.to_vector(),
        }
    }
    /// v, a tangent vector at the origin, after the clip on features.
    pub fn clip_feature<V: Vector + ?Sized>(&self, precision: Precision, k: &Space<V::Elem>, v: &V) -> V::Owned {
        match (self.clip)(precision) {
            Some(clip) if clip.on_features() => v.clip_norm(&clip.limit(k)),
            _ => v.to_vector(),
        }
    }
    /// Whether it can change the answer of an operation in a model.
    pub fn concerns(&self, model: Model, op: Op, precision: Precision) -> bool {
        let on_features = op == Op::Exp0;
        let clips = (self.clip)(precision).is_some_and(|clip| clip.on_features() == on_features);
        self.models.contains(&model) && (clips || self.clamps != Clamps::NONE)
    }
}

const BALL: &[Model] = &[Model::Poincare];
const BALLS: &[Model] = &[Model::Poincare, Model::Klein];
const HYPERBOLOID: &[Model] = &[Model::Lorentz, Model::LorentzAmbient];
const ALL: &[Model] = Model::ALL;

/// tanh arguments beyond this give 1 in f32 and f64 alike; the libraries clamp there.
const TANH_MAX: Option<f64> = Some(15.0);

/// Every guard; the first is none at all.
pub const GUARDS: &[Guard] = &[
    Guard { id: "none", cite: "hypprec", text: "no clip, no clamp", models: ALL, clip: |_| None, clamps: Clamps::NONE },
    Guard {
        id: "geoopt",
        cite: "geoopt",
        text: "‖x‖ ≤ (1−4·10⁻³)/√c in f32, (1−10⁻⁵)/√c in f64; artanh ≤ 1−10⁻⁷; norms ≥ 10⁻¹⁵; |tanh| at 15. HypLL, hgcn and hyperlib share the clip",
        models: BALL,
        clip: |p| Some(Clip::RelativeNorm { eps: if p.is_double() { 1e-5 } else { 4e-3 } }),
        clamps: Clamps {
            artanh_max: Some(1.0 - 1e-7),
            norm_floor: Some(1e-15),
            tanh_max: TANH_MAX,
            arsinh_floor: Some(1e-15),
            ..Clamps::NONE
        },
    },
    Guard {
        id: "hyptorch",
        cite: "hyptorch",
        text: "‖x‖ ≤ (1−10⁻³)/√c in every dtype; artanh ≤ 1−10⁻⁵; Möbius denominator + 10⁻⁵; norms ≥ 10⁻⁵; |tanh| at 15; arsinh floor 10⁻⁵",
        models: BALL,
        clip: |_| Some(Clip::RelativeNorm { eps: 1e-3 }),
        clamps: Clamps {
            artanh_max: Some(1.0 - 1e-5),
            denominator_add: Some(1e-5),
            norm_floor: Some(1e-5),
            tanh_max: TANH_MAX,
            arsinh_floor: Some(1e-5),
            ..Clamps::NONE
        },
    },
    Guard {
        id: "dalab",
        cite: "dalab",
        text: "‖x‖ ≤ (1−10⁻⁵)/√c in every dtype",
        models: BALL,
        clip: |_| Some(Clip::RelativeNorm { eps: 1e-5 }),
        clamps: Clamps::NONE,
    },
    Guard {
        id: "poincare-embeddings",
        cite: "poincare-embeddings",
        text: "‖x‖ ≤ (1−10⁻⁵)/√c and ‖x‖² ≤ 1−10⁻⁵ inside the distance",
        models: BALL,
        clip: |_| Some(Clip::RelativeNorm { eps: 1e-5 }),
        clamps: Clamps { norm2_max: Some(1.0 - 1e-5), ..Clamps::NONE },
    },
    Guard {
        id: "hyperbolix",
        cite: "hyperbolix",
        text: "‖x‖ ≤ 1/√c − ε^0.75, ε the spacing at 1",
        models: BALLS,
        clip: |p| Some(Clip::AbsoluteNorm { eps: p.epsilon().powf(0.75) }),
        clamps: Clamps::NONE,
    },
    Guard {
        id: "htorch",
        cite: "htorch",
        text: "‖x‖ ≤ (1−10⁻⁷)/√c in f32, (1−10⁻¹⁵)/√c in f64",
        models: BALL,
        clip: |p| Some(Clip::RelativeNorm { eps: if p.is_double() { 1e-15 } else { 1e-7 } }),
        clamps: Clamps::NONE,
    },
    Guard {
        id: "hyperball",
        cite: "hyperball",
        text: "‖x‖ ≤ 1/√c − 10⁻⁵ in every type",
        models: BALL,
        clip: |_| Some(Clip::AbsoluteNorm { eps: 1e-5 }),
        clamps: Clamps::NONE,
    },
    Guard {
        id: "keras",
        cite: "keras-poincare",
        text: "‖x‖ ≤ (1 − max(10⁻⁴, 4 ulp))/√c",
        models: BALL,
        clip: |p| Some(Clip::RelativeNorm { eps: (4.0 * p.epsilon()).max(1e-4) }),
        clamps: Clamps::NONE,
    },
    Guard {
        id: "feature-1.0",
        cite: "guo2022",
        text: "feature norm ≤ 1 before exp₀",
        models: ALL,
        clip: |_| Some(Clip::FeatureNorm { max: 1.0 }),
        clamps: Clamps::NONE,
    },
    Guard {
        id: "feature-2.3",
        cite: "hyp_metric",
        text: "feature norm ≤ 2.3 before exp₀",
        models: ALL,
        clip: |_| Some(Clip::FeatureNorm { max: 2.3 }),
        clamps: Clamps::NONE,
    },
    Guard {
        id: "geoopt-lorentz",
        cite: "geoopt",
        text: "arcosh root ≥ 10⁻¹⁵, so d(x,x) ≥ 3.2·10⁻⁸; ⟨u,u⟩ ≥ 10⁻⁸ in tangent norms; 10⁻⁶ added on the way to the ball",
        models: HYPERBOLOID,
        clip: |_| None,
        clamps: Clamps {
            arcosh_root_floor: Some(1e-15),
            tangent_norm2_floor: Some(1e-8),
            to_ball_denominator_add: Some(1e-6),
            ..Clamps::NONE
        },
    },
    Guard {
        id: "hgcn-lorentz",
        cite: "chami2019",
        text: "d² ≤ 50: every distance saturates at 7.0711. HTorch has the same",
        models: HYPERBOLOID,
        clip: |_| None,
        clamps: Clamps { distance2_max: Some(50.0), ..Clamps::NONE },
    },
    Guard {
        id: "hyperboliccv",
        cite: "hyperboliccv",
        text: "√c‖v‖ ≤ 10 in exp",
        models: HYPERBOLOID,
        clip: |_| None,
        clamps: Clamps { exp_length_max: Some(10.0), ..Clamps::NONE },
    },
    Guard {
        id: "meru",
        cite: "desai2023",
        text: "√c‖v‖ ≤ arsinh 2¹⁵ = 11.09 in exp₀",
        models: HYPERBOLOID,
        clip: |_| None,
        clamps: Clamps { exp_length_max: Some(ASINH_2_15), ..Clamps::NONE },
    },
    Guard {
        id: "poincare-embeddings-lorentz",
        cite: "poincare-embeddings",
        text: "‖s‖ ≤ 10⁶ in space coordinates",
        models: HYPERBOLOID,
        clip: |_| Some(Clip::SpaceNorm { max: 1e6 }),
        clamps: Clamps::NONE,
    },
];

/// arsinh 2¹⁵, MERU's ceiling.
const ASINH_2_15: f64 = 11.090_354_889_191_455;

/// No guard at all.
pub const NONE: &Guard = &GUARDS[0];

/// The guard with an id.
pub fn guard(id: &str) -> Result<&'static Guard, UnknownName> {
    GUARDS.iter().find(|guard| guard.id == id).ok_or_else(|| UnknownName {
        what: "guard",
        name: id.to_owned(),
        known: GUARDS.iter().map(|guard| guard.id).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_are_those_that_the_field_reports() {
        let cap = |id: &str, bits: u32, model| (guard(id).unwrap().clip)(Precision { bits }).unwrap().cap(model, 1.0);
        for (id, bits, model, expected) in [
            ("geoopt", 24, Model::Poincare, 6.2126),
            ("geoopt", 53, Model::Poincare, 12.2061),
            ("hyptorch", 24, Model::Poincare, 7.6004),
            ("hyperbolix", 24, Model::Poincare, 12.65),
            ("hyperbolix", 53, Model::Poincare, 27.73),
            ("hyperbolix", 24, Model::Klein, 6.32),
            ("htorch", 24, Model::Poincare, 16.81),
            ("htorch", 53, Model::Poincare, 35.2),
            ("poincare-embeddings-lorentz", 53, Model::Lorentz, 14.51),
        ] {
            let got = cap(id, bits, model);
            // Reported to three or more digits.
            assert!((got / expected - 1.0).abs() < 1e-3, "{id} at {bits} bits: {got}, reported {expected}");
        }
    }

    #[test]
    fn a_cap_scales_with_the_curvature() {
        let clip = Clip::RelativeNorm { eps: 1e-3 };
        let (one, hundredth) = (clip.cap(Model::Poincare, 1.0), clip.cap(Model::Poincare, 0.01));
        assert!((hundredth / (10.0 * one) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn ids_are_unique() {
        for (i, guard) in GUARDS.iter().enumerate() {
            assert!(GUARDS[..i].iter().all(|other| other.id != guard.id), "{}", guard.id);
        }
    }
}
