//! The space that a formula works in: its curvature −c, and the clamps that a library puts inside its formulas.

use crate::arithmetic::{Real, Vector};

/// Clamps inside formulas, each switched on by one number; a formula that has the place for one asks [`Space`].
///
/// They exist to be studied: [`Clamps::NONE`] is what every variant of this project runs under by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Clamps {
    /// |argument of artanh| ≤ this.
    pub artanh_max: Option<f64>,
    /// |argument of tanh| ≤ this.
    pub tanh_max: Option<f64>,
    /// Euclidean norms ≥ this before a division.
    pub norm_floor: Option<f64>,
    /// Added to the denominator of Möbius addition.
    pub denominator_add: Option<f64>,
    /// arsinh x = ln(max(x + √(1 + x²), this)), in that form.
    pub arsinh_floor: Option<f64>,
    /// arcosh x = ln(x + √(max(x² − 1, this))), in that form.
    pub arcosh_root_floor: Option<f64>,
    /// Squared Riemannian norms of tangent vectors ≥ this before their root.
    pub tangent_norm2_floor: Option<f64>,
    /// Squared Euclidean norms of ball points ≤ this.
    pub norm2_max: Option<f64>,
    /// Squared distances ≤ this.
    pub distance2_max: Option<f64>,
    /// √c · length of a tangent vector ≤ this as an argument of exp's sinh, cosh or tanh.
    pub exp_length_max: Option<f64>,
    /// Added to the denominator of the Lorentz → ball map.
    pub to_ball_denominator_add: Option<f64>,
}

impl Clamps {
    /// No clamp at all.
    pub const NONE: Clamps = Clamps {
        artanh_max: None,
        tanh_max: None,
        norm_floor: None,
        denominator_add: None,
        arsinh_floor: None,
        arcosh_root_floor: None,
        tangent_norm2_floor: None,
        norm2_max: None,
        distance2_max: None,
        exp_length_max: None,
        to_ball_denominator_add: None,
    };
}

/// Curvature −c (c > 0, unit 1/length²) and the clamps in force.
#[derive(Clone, Debug)]
pub struct Space<R: Real> {
    pub c: R,
    /// √c.
    pub root: R,
    /// c and √c in the wide arithmetic.
    pub wide_c: R::Wide,
    pub wide_root: R::Wide,
    pub clamps: Clamps,
}

impl<R: Real> Space<R> {
    /// The space of curvature −c. The caller has checked c > 0.
    pub fn new(c: R) -> Self {
        Self::with_clamps(c, Clamps::NONE)
    }
    pub fn with_clamps(c: R, clamps: Clamps) -> Self {
        let (root, wide_c) = (c.clone().sqrt(), c.widen());
        let wide_root = wide_c.clone().sqrt();
        Space { c, root, wide_c, wide_root, clamps }
    }

    /// The same space over numbers whose exponents have no end.
    pub fn unbounded(&self) -> Space<R::Unbounded> {
        Space::with_clamps(self.c.unbounded(), self.clamps)
    }

    /// A constant.
    pub fn lit(&self, value: f64) -> R {
        self.c.lit(value)
    }
    /// √c · x.
    pub(crate) fn root_times(&self, x: R) -> R {
        x * &self.root
    }
    /// x / √c.
    pub(crate) fn over_root(&self, x: R) -> R {
        x / &self.root
    }
    /// ‖x‖, at least the norm floor.
    pub(crate) fn norm<V: Vector<Elem = R> + ?Sized>(&self, x: &V) -> R {
        floor(x.norm2().sqrt(), self.clamps.norm_floor)
    }
    /// ‖x‖², at most the ceiling on squared norms.
    pub(crate) fn norm2<V: Vector<Elem = R> + ?Sized>(&self, x: &V) -> R {
        ceil(x.norm2(), self.clamps.norm2_max)
    }
    /// 1 − c‖x‖² as it stands.
    pub(crate) fn gap<V: Vector<Elem = R> + ?Sized>(&self, x: &V) -> R {
        (self.norm2(x) * &self.c).one_minus()
    }
    pub(crate) fn artanh(&self, x: R) -> R {
        clamp(x, self.clamps.artanh_max).atanh()
    }
    pub(crate) fn artanh_argument(&self, x: R) -> R {
        clamp(x, self.clamps.artanh_max)
    }
    pub(crate) fn tanh(&self, x: R) -> R {
        clamp(x, self.clamps.tanh_max).tanh()
    }
    pub(crate) fn arsinh(&self, x: R) -> R {
        match self.clamps.arsinh_floor {
            None => x.asinh(),
            floor_at => floor(x.clone().square().plus(1.0).sqrt() + &x, floor_at).ln(),
        }
    }
    pub(crate) fn arcosh(&self, x: R) -> R {
        match self.clamps.arcosh_root_floor {
            None => x.acosh(),
            floor_at => (floor(x.clone().square().plus(-1.0), floor_at).sqrt() + &x).ln(),
        }
    }
    pub(crate) fn mobius_denominator(&self, x: R) -> R {
        match self.clamps.denominator_add {
            None => x,
            Some(addend) => x.plus(addend),
        }
    }
    /// A distance, from what a formula returned: squared distances have a ceiling in some libraries.
    pub(crate) fn distance(&self, d: R) -> R {
        match self.clamps.distance2_max {
            None => d,
            ceiling => ceil(d.square(), ceiling).sqrt(),
        }
    }
    /// √c · length of a tangent vector, from its squared Riemannian norm.
    pub(crate) fn tangent_length(&self, norm2: R) -> R {
        self.root_times(floor(norm2, self.clamps.tangent_norm2_floor).sqrt())
    }
    /// √c · length, at most the ceiling that exp puts on it.
    pub(crate) fn exp_length(&self, length: R) -> R {
        ceil(length, self.clamps.exp_length_max)
    }
}

fn floor<R: Real>(x: R, at: Option<f64>) -> R {
    match at {
        None => x,
        Some(at) => {
            let bound = x.lit(at);
            x.max(&bound)
        }
    }
}

fn ceil<R: Real>(x: R, at: Option<f64>) -> R {
    match at {
        None => x,
        Some(at) => {
            let bound = x.lit(at);
            x.min(&bound)
        }
    }
}

fn clamp<R: Real>(x: R, at: Option<f64>) -> R {
    match at {
        None => x,
        Some(at) => {
            let bound = x.lit(at);
            x.min(&bound).max(&-bound)
        }
    }
}
