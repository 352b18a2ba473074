//! Samples: pairs of points given in polar form, so that every answer about them is known without any formula under test.

use super::Inputs;
use crate::arithmetic::{Interval, Number, Real};
use crate::formula::{Input, Model, Op};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rug::Float;
use std::fmt;

/// Where the second point lies, seen from the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// Further out on the same ray.
    Radial,
    /// At right angles to the ray.
    Tangential,
    /// At the same radius, as far off as the separation says: no more than twice the radius.
    Level,
    /// In an independent direction from the origin, at the same radius.
    Random,
    /// On the opposite ray, at the same radius.
    Antipodal,
    /// The same point.
    Same,
}

impl Direction {
    pub const ALL: &'static [Direction] = &[
        Direction::Radial,
        Direction::Tangential,
        Direction::Level,
        Direction::Random,
        Direction::Antipodal,
        Direction::Same,
    ];

    /// Whether the separation can be chosen.
    pub fn has_separation(self) -> bool {
        matches!(self, Direction::Radial | Direction::Tangential | Direction::Level)
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(match self {
            Direction::Radial => "radial",
            Direction::Tangential => "tangential",
            Direction::Level => "level",
            Direction::Random => "random",
            Direction::Antipodal => "antipodal",
            Direction::Same => "self",
        })
    }
}

/// A pair of points, exact by construction: x at radius ρ on a ray, y where `direction` and `separation` say. Lengths are in
/// units of 1/√c, so that a sample lies equally deep at every curvature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    pub c: f64,
    pub dim: usize,
    /// √c d(0, x).
    pub radius: f64,
    /// √c d(x, y), where the direction leaves it free.
    pub separation: f64,
    pub direction: Direction,
    /// Directions are drawn from this alone.
    pub seed: u64,
}

/// The fraction of a geodesic, and the factor of a multiplication, that samples ask for: exact in every arithmetic.
pub const FRACTION: f64 = 0.25;

/// The parts along and across the geodesic of the vectors that are transported and of the normals of hyperplanes: 3-4-5.
const ALONG: f64 = 3.0;
const ACROSS: f64 = 4.0;
const WHOLE: f64 = 5.0;

/// The exact answer that a sample has for an operation.
#[derive(Clone, Debug)]
pub enum SampleValue {
    Scalar(Interval),
    Vector(Vec<Interval>),
}

/// A point, or a tangent vector, of the plane that x and y span: time, along x's ray and across it, all times √c.
#[derive(Clone, Debug)]
struct Plane {
    time: Interval,
    along: Interval,
    across: Interval,
}

impl Plane {
    /// a·self + b·other.
    fn combine(&self, a: &Interval, other: &Plane, b: &Interval) -> Plane {
        let part = |x: &Interval, y: &Interval| x.clone() * a + &(y.clone() * b);
        Plane {
            time: part(&self.time, &other.time),
            along: part(&self.along, &other.along),
            across: part(&self.across, &other.across),
        }
    }
}

/// A sample worked out to a precision.
pub struct Geometry {
    u: Vec<Interval>,
    e: Vec<Interval>,
    root: Interval,
    x: Plane,
    y: Plane,
    /// √c d(x, y).
    distance: Interval,
    /// Unit vectors at x: towards y, and at right angles to it.
    towards: Plane,
    sideways: Plane,
    radius: Interval,
}

impl Sample {
    /// Works the sample out with `precision` bits.
    pub fn geometry(&self, precision: u32) -> Geometry {
        let number = |x: f64| Interval::new(precision, x);
        let (u, e, omega) = self.directions(precision);
        let radius = number(self.radius);
        let (cosh, sinh) = (radius.clone().cosh(), radius.clone().sinh());
        let zero = number(0.0);
        let x = Plane { time: cosh.clone(), along: sinh.clone(), across: zero.clone() };
        let radial = Plane { time: sinh.clone(), along: cosh.clone(), across: zero.clone() };
        let tangential = Plane { time: zero.clone(), along: zero.clone(), across: number(1.0) };

        let step = number(self.separation);
        let from_x = |velocity: &Plane| x.combine(&step.clone().cosh(), velocity, &step.clone().sinh());
        // At the same radius, in a direction with these cosine and sine; the unit tangent at x towards it.
        let around = |cos: Interval, sin: Interval, distance: Interval| {
            let y = Plane { time: cosh.clone(), along: sinh.clone() * &cos, across: sinh.clone() * &sin };
            let coth = distance.clone().cosh() / &distance.clone().sinh();
            let towards = y.combine(&distance.clone().sinh().recip(), &x, &-coth);
            (y, distance, towards)
        };
        let (y, distance, towards) = match self.direction {
            Direction::Radial => (from_x(&radial), step.clone(), radial.clone()),
            Direction::Tangential => (from_x(&tangential), step.clone(), tangential.clone()),
            Direction::Same => (x.clone(), zero.clone(), radial.clone()),
            Direction::Antipodal => {
                let y = Plane { time: cosh.clone(), along: -sinh.clone(), across: zero.clone() };
                let back = Plane { time: -sinh.clone(), along: -cosh.clone(), across: zero.clone() };
                (y, radius.clone().times(2.0), back)
            }
            // sinh(D/2) = sinh ρ sin(ω/2), in both.
            Direction::Level => {
                let half = step.clone().times(0.5).sinh() / &sinh;
                let cos = half.clone().square().times(2.0).one_minus();
                let sin = half.clone() * &half.square().one_minus().sqrt();
                around(cos, sin.times(2.0), step.clone())
            }
            Direction::Random => {
                let (cos, sin) = omega;
                let half = cos.clone().one_minus().times(0.5).sqrt() * &sinh;
                around(cos, sin, half.asinh().times(2.0))
            }
        };
        // Towards = cos φ radial + sin φ tangential; sideways = −sin φ radial + cos φ tangential.
        let cos = towards.along.clone() * &cosh - &(towards.time.clone() * &sinh);
        let sin = towards.across.clone();
        let sideways = radial.combine(&-sin, &tangential, &cos);
        Geometry { u, e, root: number(self.c).sqrt(), x, y, distance, towards, sideways, radius }
    }

    /// Orthonormal u and e from the seed, and cos ω and sin ω of a third direction in their plane.
    fn directions(&self, precision: u32) -> (Vec<Interval>, Vec<Interval>, (Interval, Interval)) {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut draw =
            || -> Vec<Interval> { (0..self.dim).map(|_| Interval::new(precision, uniform(&mut rng))).collect() };
        let (g, h) = (draw(), draw());
        let dot = |a: &[Interval], b: &[Interval]| {
            a.iter().zip(b).fold(Interval::new(precision, 0), |sum, (a, b)| sum + &(a.clone() * b))
        };
        let unit = |v: Vec<Interval>| {
            let norm = dot(&v, &v).sqrt();
            v.into_iter().map(|x| x / &norm).collect::<Vec<_>>()
        };
        let (u, h) = (unit(g), unit(h));
        let cos = dot(&u, &h);
        let across: Vec<Interval> = h.iter().zip(&u).map(|(h, u)| h.clone() - &(u.clone() * &cos)).collect();
        let sin = dot(&across, &across).sqrt();
        (u, unit(across), (cos, sin))
    }

    /// Bits that the plane's coordinates lose to cancellation at most, so that a first attempt usually suffices.
    pub fn bits_lost(&self) -> u32 {
        (4.0 * (self.radius + self.separation) / std::f64::consts::LN_2) as u32
    }

    /// The same sample at the curvature that `like`'s arithmetic stores for it: its points lie in the ball in which they are
    /// stored, as deep as before. Unchanged where that curvature is 0 or infinite, which is no space at all.
    pub fn stored_in<S: Number>(&self, like: &S) -> Sample {
        let c = like.lit(self.c).to_float().to_f64();
        if c > 0.0 && c.is_finite() { Sample { c, ..*self } } else { *self }
    }

    /// Inputs of an operation, each coordinate of [`Sample::stored_in`]'s points rounded once to `like`'s arithmetic.
    pub fn encode<S: Number>(&self, op: Op, model: Model, to: Model, like: &S) -> Inputs<S> {
        let stored = self.stored_in(like);
        let mut inputs = Inputs::new(model, like.lit(self.c));
        inputs.to = to;
        let mut precision = 2 * like.bits() + 64 + self.bits_lost();
        'precision: loop {
            let geometry = stored.geometry(precision);
            for (input, _) in op.inputs() {
                if *input == Input::T {
                    inputs.t = Some(like.lit(FRACTION));
                    continue;
                }
                let exact = geometry.input(op, *input, model);
                let rounded: Option<Vec<S>> = exact.iter().map(|x| round(x, like)).collect();
                let Some(rounded) = rounded else {
                    precision *= 2;
                    continue 'precision;
                };
                if let Some(place) = inputs.vector_mut(*input) {
                    *place = Some(rounded);
                }
            }
            return inputs;
        }
    }
}

/// The nearest value to whatever the interval holds, if both of its ends agree on it. An interval around 0 that is far below
/// the smallest number of the arithmetic is 0.
fn round<S: Number>(x: &Interval, like: &S) -> Option<S> {
    let (lo, hi) = (like.nearest(x.lo()), like.nearest(x.hi()));
    (lo.to_float() == hi.to_float()).then_some(lo)
}

/// A number in (−1, 1), a multiple of 2^-52.
pub(super) fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    const BITS: u32 = 52;
    let draw = (rng.next_u64() >> (63 - BITS)) as i64 - (1i64 << BITS);
    // Never 0, so that no direction vanishes.
    (draw | 1) as f64 / (1u64 << BITS) as f64
}

impl Geometry {
    /// √c d(x, y).
    pub fn distance(&self) -> &Interval {
        &self.distance
    }

    /// The exact coordinates of an input of an operation. For a hyperplane score the point is y, the hyperplane passes
    /// through x; the vector that is transported, and the hyperplane's normal, make a 3-4-5 angle with the geodesic.
    fn input(&self, op: Op, input: Input, model: Model) -> Vec<Interval> {
        let unit = self.root.clone().recip();
        match (op, input) {
            (Op::Mlr, Input::X) => self.point(&self.y, model),
            (Op::Mlr, Input::P) => self.point(&self.x, model),
            (Op::Mlr, Input::A) => self.tangent(&self.x, &self.tilted(&self.towards), &unit, model),
            (Op::Transport, Input::V) => self.tangent(&self.x, &self.tilted(&self.towards), &unit, model),
            (Op::Exp, Input::V) => self.tangent(&self.x, &self.towards, &(self.distance.clone() * &unit), model),
            (Op::Exp0, Input::V) => self.at_origin(model),
            (Op::Log0, Input::Y) => self.point(&self.x, model),
            (Op::Gyration, Input::V) => self.point(&self.y, model),
            (_, Input::X) => self.point(&self.x, model),
            (_, Input::Y) => self.point(&self.y, model),
            (op, input) => unreachable!("{op} has no input {input}"),
        }
    }

    /// (3·velocity + 4·sideways)/5: sideways is the same along the whole geodesic.
    fn tilted(&self, velocity: &Plane) -> Plane {
        let part = |x: f64| self.root.lit(x) / &self.root.lit(WHOLE);
        velocity.combine(&part(ALONG), &self.sideways, &part(ACROSS))
    }

    /// Σ over the plane's two directions, divided by √c.
    fn space(&self, along: &Interval, across: &Interval) -> Vec<Interval> {
        let (a, b) = (along.clone() / &self.root, across.clone() / &self.root);
        self.u.iter().zip(&self.e).map(|(u, e)| u.clone() * &a + &(e.clone() * &b)).collect()
    }

    fn point(&self, p: &Plane, model: Model) -> Vec<Interval> {
        match model {
            Model::Lorentz => self.space(&p.along, &p.across),
            Model::LorentzAmbient => with_time(&(p.time.clone() / &self.root), self.space(&p.along, &p.across)),
            Model::Poincare => self.divided(p, &p.time.clone().plus(1.0)),
            Model::Klein => self.divided(p, &p.time),
        }
    }

    fn divided(&self, p: &Plane, by: &Interval) -> Vec<Interval> {
        self.space(&(p.along.clone() / by), &(p.across.clone() / by))
    }

    /// The tangent vector at p in the direction of the unit vector `d`, of hyperbolic length `length`.
    fn tangent(&self, p: &Plane, d: &Plane, length: &Interval, model: Model) -> Vec<Interval> {
        let scaled = length.clone() * &self.root;
        // d(S/h) = (dS·h − S·dT)/h² with h = 1 + T on the ball, T on Klein's.
        let quotient = |h: &Interval| {
            let part =
                |s: &Interval, ds: &Interval| (ds.clone() * h - &(s.clone() * &d.time)) * &scaled / &h.clone().square();
            self.space(&part(&p.along, &d.along), &part(&p.across, &d.across))
        };
        let lifted = || self.space(&(d.along.clone() * &scaled), &(d.across.clone() * &scaled));
        match model {
            Model::Lorentz => lifted(),
            Model::LorentzAmbient => with_time(&(d.time.clone() * length), lifted()),
            Model::Poincare => quotient(&p.time.clone().plus(1.0)),
            Model::Klein => quotient(&p.time),
        }
    }

    /// log₀ x: ρ along the ray, half of that in the ball's coordinates.
    fn at_origin(&self, model: Model) -> Vec<Interval> {
        let zero = self.root.lit(0.0);
        match model {
            Model::Poincare => self.space(&self.radius.clone().times(0.5), &zero),
            Model::Klein | Model::Lorentz => self.space(&self.radius, &zero),
            Model::LorentzAmbient => with_time(&zero, self.space(&self.radius, &zero)),
        }
    }

    /// The exact answer, from the polar data alone.
    pub fn answer(&self, op: Op, model: Model, to: Model) -> SampleValue {
        let number = |x: f64| self.root.lit(x);
        let in_units = |x: Interval| SampleValue::Scalar(x / &self.root);
        let point = |p: &Plane| SampleValue::Vector(self.point(p, model));
        let at = |fraction: f64| {
            let step = self.distance.clone().times(fraction);
            self.x.combine(&step.clone().cosh(), &self.towards, &step.sinh())
        };
        let unit = self.root.clone().recip();
        match op {
            Op::Distance => in_units(self.distance.clone()),
            Op::OriginDistance => in_units(self.radius.clone()),
            // 2/(1 − tanh²(ρ/2)) = 1 + cosh ρ.
            Op::ConformalFactor => SampleValue::Scalar(self.x.time.clone().plus(1.0)),
            // The boost along the ray by ρ.
            Op::Add => {
                let (cosh, sinh) = (&self.x.time, &self.x.along);
                point(&Plane {
                    time: self.y.time.clone() * cosh + &(self.y.along.clone() * sinh),
                    along: self.y.along.clone() * cosh + &(self.y.time.clone() * sinh),
                    across: self.y.across.clone(),
                })
            }
            Op::Scale => {
                let rho = self.radius.clone().times(FRACTION);
                point(&Plane { time: rho.clone().cosh(), along: rho.sinh(), across: number(0.0) })
            }
            Op::Exp => point(&self.y),
            Op::Log => {
                let length = self.distance.clone() * &unit;
                SampleValue::Vector(self.tangent(&self.x, &self.towards, &length, model))
            }
            Op::Exp0 | Op::Project | Op::RoundTrip => point(&self.x),
            Op::Log0 => SampleValue::Vector(self.at_origin(model)),
            Op::Transport => {
                let tilted = self.tilted(&self.velocity_at_y());
                SampleValue::Vector(self.tangent(&self.y, &tilted, &unit, model))
            }
            Op::Geodesic => point(&at(FRACTION)),
            Op::Midpoint => {
                let sum = self.x.combine(&number(1.0 - FRACTION), &self.y, &number(FRACTION));
                // (1−w)² + w² + 2w(1−w) cosh D.
                let weights = 2.0 * FRACTION * (1.0 - FRACTION);
                let norm2 = self.distance.clone().cosh().times(weights).plus(1.0 - weights);
                point(&sum.combine(&norm2.sqrt().recip(), &self.x, &number(0.0)))
            }
            // arsinh(sinh D cos ψ)/√c · ‖a‖, ‖a‖ = 1/√c.
            Op::Mlr => {
                let cos = number(ALONG) / &number(WHOLE);
                SampleValue::Scalar((self.distance.clone().sinh() * &cos).asinh() / &self.root / &self.root)
            }
            Op::Convert => SampleValue::Vector(self.point(&self.x, to)),
            Op::Gyration => self.gyrated(model),
        }
    }

    /// ∂d/∂x as a vector in the model's coordinates. With h(S) the map from √c·space to coordinates the chain rule gives
    /// ∂d/∂(coordinate i) = −⟨towards, ∂X/∂(coordinate i)⟩_L, the metric times the unit tangent.
    fn distance_gradient(&self, op: Op, by: Input, model: Model) -> Vec<Interval> {
        assert!(op == Op::Distance, "samples know the gradient of the distance only");
        let (at, away) = match by {
            Input::X => (&self.x, self.negated(&self.towards)),
            Input::Y => (&self.y, self.velocity_at_y()),
            _ => unreachable!("a distance has two inputs"),
        };
        let zero = self.root.lit(0.0);
        let away = match self.distance.hi().is_zero() {
            true => Plane { time: zero.clone(), along: zero.clone(), across: zero.clone() },
            false => away,
        };
        // The metric takes the unit vector's coordinate parts to covector parts; parts are in the plane's basis, with
        // lengths in units of 1/√c, and a derivative of a length by a length has no unit.
        let (s, t) = ([&at.along, &at.across], &at.time);
        let d = [&away.along, &away.across];
        let part = |f: &dyn Fn(&Interval, &Interval) -> Interval| [f(s[0], d[0]), f(s[1], d[1])];
        let unscaled = |[a, b]: [Interval; 2]| self.space(&(a * &self.root), &(b * &self.root));
        // d(S/h) = (dS·h − S·dT)/h².
        let projected = |h: &Interval| part(&|s, d| (d.clone() * h - &(s.clone() * &away.time)) / &h.clone().square());
        // −⟨·⟩_L on the hyperboloid, time depending on space: dS − S dT/T.
        let lorentz = || unscaled(part(&|s, d| d.clone() - &(s.clone() * &away.time / t)));
        match model {
            Model::Lorentz => lorentz(),
            // By coordinates that are independent ([`ambient`](crate::formula::ambient)): (T, −S)/sinh D of the other point.
            Model::LorentzAmbient => {
                let other = if by == Input::X { &self.y } else { &self.x };
                let sinh = self.distance.clone().sinh();
                let over = |x: &Interval| match self.distance.hi().is_zero() {
                    true => zero.clone(),
                    false => x.clone() / &sinh,
                };
                with_time(&over(&other.time), unscaled([-over(&other.along), -over(&other.across)]))
            }
            // λ² times the vector's coordinates, λ = 1 + T.
            Model::Poincare => {
                let h = t.clone().plus(1.0);
                unscaled(projected(&h).map(|part| part * &h.clone().square()))
            }
            // v/g + k⟨k,v⟩/g² with 1/g = T², k = S/T.
            Model::Klein => {
                let v = projected(t);
                let k = part(&|s, _| s.clone() / t);
                let t2 = t.clone().square();
                let along = (k[0].clone() * &v[0] + &(k[1].clone() * &v[1])) * &t2;
                let covector = |i: usize| (v[i].clone() + &(k[i].clone() * &along)) * &t2;
                unscaled([covector(0), covector(1)])
            }
        }
    }

    fn negated(&self, p: &Plane) -> Plane {
        Plane { time: -p.time.clone(), along: -p.along.clone(), across: -p.across.clone() }
    }

    /// The unit velocity with which the geodesic from x arrives at y.
    fn velocity_at_y(&self) -> Plane {
        let (cosh, sinh) = (self.distance.clone().cosh(), self.distance.clone().sinh());
        self.x.combine(&sinh, &self.towards, &cosh)
    }

    /// gyr[x,y]y = −(x ⊕ y) ⊕ (x ⊕ (y ⊕ y)): boosts of the plane one after the other.
    fn gyrated(&self, model: Model) -> SampleValue {
        let twice = boost(&self.y, &self.y);
        let there = boost(&self.x, &twice);
        let sum = boost(&self.x, &self.y);
        let back = Plane { time: sum.time, along: -sum.along, across: -sum.across };
        SampleValue::Vector(self.point(&boost(&back, &there), model))
    }
}

/// The boost that takes the origin to p, applied to q: q + (q_t + ⟨p,q⟩/(1 + p_t)) p in space.
fn boost(p: &Plane, q: &Plane) -> Plane {
    let dot = p.along.clone() * &q.along + &(p.across.clone() * &q.across);
    let a = dot.clone() / &p.time.clone().plus(1.0) + &q.time;
    Plane {
        time: p.time.clone() * &q.time + &dot,
        along: p.along.clone() * &a + &q.along,
        across: p.across.clone() * &a + &q.across,
    }
}

fn with_time(time: &Interval, space: Vec<Interval>) -> Vec<Interval> {
    std::iter::once(time.clone()).chain(space).collect()
}

impl SampleValue {
    /// The components.
    pub fn components(&self) -> &[Interval] {
        match self {
            SampleValue::Scalar(x) => std::slice::from_ref(x),
            SampleValue::Vector(x) => x,
        }
    }
}

impl Sample {
    /// The certified derivative of the distance by x or y, to `bits` bits: the metric applied to the unit vector away from
    /// the other point. At equal points it is 0, the subgradient of least norm.
    pub fn gradient_truth(&self, op: Op, by: Input, model: Model, bits: u32) -> Result<Vec<Float>, super::Uncertified> {
        super::certify(bits, 2 * bits + self.bits_lost(), |precision| {
            self.geometry(precision).distance_gradient(op, by, model)
        })
    }

    /// The certified answer for an operation, to `bits` bits.
    pub fn truth(&self, op: Op, model: Model, to: Model, bits: u32) -> Result<Vec<Float>, super::Uncertified> {
        super::certify(bits, 2 * bits + self.bits_lost(), |precision| {
            self.geometry(precision).answer(op, model, to).components().to_vec()
        })
    }
}
