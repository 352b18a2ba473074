//! A second path to every answer, which shares no formula with the first: the textbooks' forms on the hyperboloid, in plain
//! MPFR numbers of so many bits that what they cancel does not matter. Nothing here is certified; it holds the certified
//! truth to account.
//!
//! All of it is at curvature −1, coordinates multiplied by √c: points lifted to the hyperboloid (time, space), one formula
//! an operation whatever the model (Ratcliffe 2019, ch. 3; Ungar 2008), and the answer mapped back. Derivatives are central
//! differences, no duals.

use super::Inputs;
use crate::arithmetic::{Mp, Real, Scalar};
use crate::formula::{Input, Model, Op, Role};
use rug::Float;
use std::cmp::Ordering;

/// A point of the hyperboloid, or a tangent vector at one.
#[derive(Clone)]
struct Ambient {
    t: Mp,
    s: Vec<Mp>,
}

/// The differentiated coordinates of a long vector at most: its ends, where hostile rows differ, and its middle.
const MOST_DERIVATIVES: usize = 6;
/// A central difference with step h loses h² of its truth and 1/h of its bits: h = 2^(−bits/4) leaves half of them.
const STEP_SHARE: u32 = 4;
/// From this length of a step on (e^θ is then beyond MPFR's exponents) a ball's answer is found on the ball itself.
const LONGEST: u32 = 1 << 28;

/// The components of the answer that were asked for, by their place.
pub type Places = Vec<(usize, Float)>;

/// What the textbook gives for an operation on exactly these inputs, or for its derivative by an input (by c where that is
/// `None`), with `bits` bits of which an unknown number is right. `None` where an answer is not finite.
pub fn textbook(op: Op, by: Option<Option<Input>>, inputs: &Inputs<Float>, bits: u32) -> Option<Places> {
    let at = inputs.map(|x| Mp::new(bits.max(x.prec()), x));
    let answer: Places = match by {
        None => value(op, &at, bits).into_iter().map(|x| x.0).enumerate().collect(),
        Some(by) => {
            let n = by.map_or(1, |input| at.vector(input).map_or(1, Vec::len));
            let places: Vec<usize> = match n > MOST_DERIVATIVES {
                true => vec![0, 1, n / 2, n - 2, n - 1],
                false => (0..n).collect(),
            };
            places.into_iter().map(|i| (i, derivative(op, by, i, &at, bits))).collect()
        }
    };
    answer.iter().all(|(_, x)| x.is_finite()).then_some(answer)
}

/// (f(z + h) − f(z − h))/2h for one coordinate z of an input. In the ambient model f is an expression of all coordinates.
fn derivative(op: Op, by: Option<Input>, i: usize, at: &Inputs<Mp>, bits: u32) -> Float {
    let ambient = at.model == Model::LorentzAmbient;
    let lifted = if ambient { Some(on_hyperboloid(at, 2 * bits)) } else { None };
    let at = lifted.as_ref().unwrap_or(at);
    // A step is small against what the derivative changes with: c itself, the normal, 1/√c of a point.
    let exponent = |x: &Mp| x.0.get_exp();
    let unit = match by {
        None => exponent(&at.c).unwrap_or(0),
        Some(Input::A) => at.a.iter().flatten().filter_map(exponent).max().unwrap_or(0),
        Some(_) => -exponent(&at.c).unwrap_or(0) / 2,
    };
    let shift = (bits / STEP_SHARE) as i32 - unit;
    let moved = |sign: i32| {
        let mut moved = at.clone();
        let place = match by {
            None => &mut moved.c,
            Some(Input::T) => moved.t.as_mut().expect("a number that an operation lists"),
            Some(input) => {
                &mut moved.vector_mut(input).and_then(Option::as_mut).expect("a vector that an operation lists")[i]
            }
        };
        let step = Float::with_val(bits, sign) << -shift;
        *place = Mp(Float::with_val(2 * bits.max(place.precision()), &place.0 + &step));
        if ambient { expression(op, &moved, 2 * bits).0 } else { value(op, &moved, 2 * bits).swap_remove(0).0 }
    };
    (moved(1) - moved(-1)) << (shift - 1)
}

/// The ambient points and tangent vectors that the space coordinates mean, their times to `bits` bits.
fn on_hyperboloid(at: &Inputs<Mp>, bits: u32) -> Inputs<Mp> {
    let wide = |x: &Mp| Mp::new(bits.max(x.precision()), &x.0);
    let mut at = at.map(wide);
    let time = |x: &[Mp], c: &Mp| (c.clone().recip() + &dot(&x[1..], &x[1..])).sqrt();
    for input in [Input::X, Input::Y, Input::P] {
        let c = at.c.clone();
        if let Some(Some(x)) = at.vector_mut(input) {
            x[0] = time(x, &c);
        }
    }
    if let (Some(p), Some(a)) = (&at.p, &mut at.a) {
        a[0] = dot(&p[1..], &a[1..]) / &p[0];
    }
    at
}

/// A scalar operation as an expression of ambient coordinates, which need not lie on the hyperboloid: arcosh(−c⟨x,y⟩_L)/√c,
/// arcosh(√c t)/√c, ‖a‖_L/√c arsinh(√c⟨x,a⟩_L/‖a‖_L).
fn expression(op: Op, at: &Inputs<Mp>, bits: u32) -> Mp {
    let c = Mp::new(bits, &at.c.0);
    let root = c.clone().sqrt();
    let vector = |input: Input| {
        let x = at.vector(input).expect("a vector that an operation lists");
        let wide = |x: &Mp| Mp::new(bits, &x.0);
        Ambient { t: wide(&x[0]), s: x[1..].iter().map(wide).collect() }
    };
    match op {
        Op::Distance => {
            let product = -(minkowski(&vector(Input::X), &vector(Input::Y)) * &c);
            product.acosh() / &root
        }
        Op::OriginDistance => (vector(Input::X).t * &root).acosh() / &root,
        _ => {
            let a = vector(Input::A);
            let norm = norm(&a);
            if norm.0.is_zero() {
                return norm;
            }
            (minkowski(&vector(Input::X), &a) * &root / &norm).asinh() * &norm / &root
        }
    }
}

/// The answer, with every intermediate number of `bits` bits.
fn value(op: Op, at: &Inputs<Mp>, bits: u32) -> Vec<Mp> {
    let c = Mp::new(bits, &at.c.0);
    let root = c.clone().sqrt();
    let book = Book { model: at.model, root: root.clone() };
    let role = |input: Input| op.inputs().iter().find(|(known, _)| *known == input).map(|(_, role)| *role);
    let vector = |input: Input| book.scaled(at.vector(input).expect("a vector that an operation lists"), bits);
    let point = |input: Input| book.lift(&vector(input));
    let tangent = |input: Input| match role(input) {
        Some(Role::Tangent { at: Some(base) }) => book.lift_tangent(&vector(base), &vector(input)),
        _ => book.lift_tangent(&book.origin(vector(input).len()), &vector(input)),
    };
    let t = || Mp::new(bits, &at.t.as_ref().expect("a number that an operation lists").0);
    let to = if op == Op::Convert { Book { model: at.to, root: root.clone() } } else { book.clone() };
    let back = |x: &Ambient| to.unscaled(to.drop(x));
    let tangent_back = |x: &Ambient, v: &Ambient| book.unscaled(book.drop_tangent(x, v));
    match op {
        Op::Distance => vec![distance(&point(Input::X), &point(Input::Y)) / &root],
        Op::OriginDistance => vec![distance(&point(Input::X).origin(), &point(Input::X)) / &root],
        Op::ConformalFactor => vec![point(Input::X).t.plus(1.0)],
        Op::Add => back(&boost(&point(Input::X), &point(Input::Y))),
        Op::Scale => {
            let (x, t) = (point(Input::X), t());
            let length = distance(&x.origin(), &x) * &t;
            let velocity = log(&x.origin(), &x).times(&t);
            match book.on_ball(&length) {
                true => book.unscaled(book.far(&x.origin(), &velocity, &length.abs())),
                false => back(&exp(&x.origin(), &velocity)),
            }
        }
        Op::Exp | Op::Exp0 => {
            let (x, v) = match op {
                Op::Exp => (point(Input::X), tangent(Input::V)),
                _ => (tangent(Input::V).origin(), tangent(Input::V)),
            };
            let length = norm(&v);
            match book.on_ball(&length) {
                true => book.unscaled(book.far(&x, &v, &length)),
                false => back(&exp(&x, &v)),
            }
        }
        Op::Log => tangent_back(&point(Input::X), &log(&point(Input::X), &point(Input::Y))),
        Op::Log0 => tangent_back(&point(Input::Y).origin(), &log(&point(Input::Y).origin(), &point(Input::Y))),
        Op::Transport => {
            let (x, y, v) = (point(Input::X), point(Input::Y), tangent(Input::V));
            let factor = minkowski(&y, &v) / &minkowski(&x, &y).one_minus();
            tangent_back(&y, &v.plus(&x.plus(&y).times(&factor)))
        }
        Op::Geodesic => {
            let (x, y, t) = (point(Input::X), point(Input::Y), t());
            let velocity = log(&x, &y).times(&t);
            let length = norm(&velocity);
            match book.on_ball(&length) {
                true => book.unscaled(book.far(&x, &velocity, &length)),
                false => {
                    let theta = distance(&x, &y);
                    let sinh = theta.clone().sinh();
                    let weight = |share: Mp| (share * &theta).sinh() / &sinh;
                    match theta.0.is_zero() {
                        true => back(&x),
                        false => back(&x.times(&weight(t.clone().one_minus())).plus(&y.times(&weight(t)))),
                    }
                }
            }
        }
        Op::Midpoint => {
            let (x, y, t) = (point(Input::X), point(Input::Y), t());
            let sum = x.times(&t.clone().one_minus()).plus(&y.times(&t));
            let size = (-minkowski(&sum, &sum)).sqrt();
            back(&sum.times(&size.recip()))
        }
        // −(x ⊕ y) ⊕ (x ⊕ (y ⊕ v)).
        Op::Gyration => {
            let (x, y, v) = (point(Input::X), point(Input::Y), point(Input::V));
            let there = boost(&x, &boost(&y, &v));
            let sum = boost(&x, &y);
            let opposite = Ambient { t: sum.t, s: sum.s.into_iter().map(|s| -s).collect() };
            back(&boost(&opposite, &there))
        }
        // ‖a‖ times the signed distance of x to the hyperplane of points orthogonal to a.
        Op::Mlr => {
            let (x, a) = (point(Input::X), tangent(Input::A));
            let size = norm(&a);
            let score = match size.0.is_zero() {
                true => size,
                false => (minkowski(&x, &a) / &size).asinh() * &size,
            };
            vec![score / &c]
        }
        Op::Convert => back(&point(Input::X)),
        Op::RoundTrip | Op::Project => back(&point(Input::X)),
    }
}

/// A model's coordinates at curvature −1.
#[derive(Clone)]
struct Book {
    model: Model,
    root: Mp,
}

impl Book {
    /// √c times the model's coordinates, without the time of an ambient point: what it means is what its space means.
    fn scaled(&self, x: &[Mp], bits: u32) -> Vec<Mp> {
        let skip = usize::from(self.model == Model::LorentzAmbient);
        x.iter().skip(skip).map(|x| Mp(Float::with_val(bits, &x.0 * &self.root.0))).collect()
    }
    fn unscaled(&self, x: Vec<Mp>) -> Vec<Mp> {
        x.into_iter().map(|x| x / &self.root).collect()
    }
    fn origin(&self, n: usize) -> Vec<Mp> {
        vec![Mp::new(self.root.precision(), 0); n]
    }
    fn gap(x: &[Mp]) -> Mp {
        dot(x, x).one_minus()
    }
    fn lift(&self, x: &[Mp]) -> Ambient {
        match self.model {
            Model::Poincare => {
                let gap = Book::gap(x);
                Ambient { t: dot(x, x).plus(1.0) / &gap, s: scale(x, &(gap.recip().times(2.0))) }
            }
            Model::Klein => {
                let t = Book::gap(x).sqrt().recip();
                Ambient { s: scale(x, &t), t }
            }
            Model::Lorentz | Model::LorentzAmbient => Ambient { t: dot(x, x).plus(1.0).sqrt(), s: x.to_vec() },
        }
    }
    /// The differential of [`Book::lift`] at x, applied to v.
    fn lift_tangent(&self, x: &[Mp], v: &[Mp]) -> Ambient {
        let xv = dot(x, v);
        match self.model {
            Model::Poincare => {
                let gap = Book::gap(x);
                let t = xv.times(4.0) / &gap.clone().square();
                let s = add(&scale(v, &gap.recip().times(2.0)), &scale(x, &t));
                Ambient { t, s }
            }
            Model::Klein => {
                let gamma = Book::gap(x).sqrt().recip();
                let t = xv * &gamma.clone().square() * &gamma;
                Ambient { s: add(&scale(v, &gamma), &scale(x, &t)), t }
            }
            Model::Lorentz | Model::LorentzAmbient => Ambient { t: xv / &dot(x, x).plus(1.0).sqrt(), s: v.to_vec() },
        }
    }
    fn drop(&self, x: &Ambient) -> Vec<Mp> {
        match self.model {
            Model::Poincare => scale(&x.s, &x.t.clone().plus(1.0).recip()),
            Model::Klein => scale(&x.s, &x.t.clone().recip()),
            Model::Lorentz => x.s.clone(),
            Model::LorentzAmbient => std::iter::once(x.t.clone()).chain(x.s.iter().cloned()).collect(),
        }
    }
    /// The differential of [`Book::drop`] at x, applied to v: (s/h)′ = v_s/h − s v_t/h² with h = 1 + t or t.
    fn drop_tangent(&self, x: &Ambient, v: &Ambient) -> Vec<Mp> {
        let quotient = |h: Mp| {
            let along = -(v.t.clone() / &h.clone().square());
            add(&scale(&v.s, &h.recip()), &scale(&x.s, &along))
        };
        match self.model {
            Model::Poincare => quotient(x.t.clone().plus(1.0)),
            Model::Klein => quotient(x.t.clone()),
            Model::Lorentz => v.s.clone(),
            Model::LorentzAmbient => std::iter::once(v.t.clone()).chain(v.s.iter().cloned()).collect(),
        }
    }
    /// Whether a step of this length leaves the exponents of a hyperboloid's coordinates, and the model is a ball.
    fn on_ball(&self, length: &Mp) -> bool {
        matches!(self.model, Model::Poincare | Model::Klein) && length.0.is_finite() && length.0.clone().abs() > LONGEST
    }
    /// exp_x(v) on a ball by Möbius addition, x ⊕ tanh(‖v‖_x/2) v/‖v‖ (Ganea et al. 2018), for ‖v‖_x past all exponents.
    fn far(&self, x: &Ambient, v: &Ambient, length: &Mp) -> Vec<Mp> {
        let ball = Book { model: Model::Poincare, root: self.root.clone() };
        let (p, w) = (ball.drop(x), ball.drop_tangent(x, v));
        let size = dot(&w, &w).sqrt();
        let y = scale(&w, &(length.clone().times(0.5).tanh() / &size));
        let (p2, y2, py) = (dot(&p, &p), dot(&y, &y), dot(&p, &y).times(2.0).plus(1.0));
        let sum = add(&scale(&p, &(py.clone() + &y2)), &scale(&y, &p2.clone().one_minus()));
        self.of_ball(scale(&sum, &(p2 * &y2 + &py).recip()))
    }
    /// The model's coordinates of a point of the Poincaré ball, which may round onto its rim.
    fn of_ball(&self, x: Vec<Mp>) -> Vec<Mp> {
        match self.model {
            Model::Klein => scale(&x, &(dot(&x, &x).plus(1.0).recip().times(2.0))),
            _ => x,
        }
    }
}

impl Ambient {
    fn origin(&self) -> Ambient {
        let zero = Mp::new(self.t.precision(), 0);
        Ambient { t: zero.clone().plus(1.0), s: vec![zero; self.s.len()] }
    }
    fn plus(&self, other: &Ambient) -> Ambient {
        Ambient { t: self.t.clone() + &other.t, s: add(&self.s, &other.s) }
    }
    fn times(&self, a: &Mp) -> Ambient {
        Ambient { t: self.t.clone() * a, s: scale(&self.s, a) }
    }
}

fn dot(x: &[Mp], y: &[Mp]) -> Mp {
    let zero = Mp::new(x[0].precision(), 0);
    x.iter().zip(y).fold(zero, |sum, (x, y)| sum + &(x.clone() * y))
}

fn scale(x: &[Mp], a: &Mp) -> Vec<Mp> {
    x.iter().map(|x| x.clone() * a).collect()
}

fn add(x: &[Mp], y: &[Mp]) -> Vec<Mp> {
    x.iter().zip(y).map(|(x, y)| x.clone() + y).collect()
}

/// ⟨x, y⟩_L = ⟨x_s, y_s⟩ − x_t y_t.
fn minkowski(x: &Ambient, y: &Ambient) -> Mp {
    dot(&x.s, &y.s) - &(x.t.clone() * &y.t)
}

/// √⟨v, v⟩_L, 0 where rounding has made it negative.
fn norm(v: &Ambient) -> Mp {
    let square = minkowski(v, v);
    let zero = square.lit(0.0);
    if square.compare(&zero) == Some(Ordering::Less) { zero } else { square.sqrt() }
}

/// −⟨x, y⟩_L, at least 1.
fn cosh(x: &Ambient, y: &Ambient) -> Mp {
    let product = -minkowski(x, y);
    let one = product.lit(1.0);
    if product.compare(&one) == Some(Ordering::Less) { one } else { product }
}

fn distance(x: &Ambient, y: &Ambient) -> Mp {
    cosh(x, y).acosh()
}

/// cosh(θ)x + sinh(θ)v/θ, θ = ‖v‖_L.
fn exp(x: &Ambient, v: &Ambient) -> Ambient {
    let theta = norm(v);
    let stretch = if theta.0.is_zero() { theta.lit(1.0) } else { theta.clone().sinh() / &theta };
    x.times(&theta.cosh()).plus(&v.times(&stretch))
}

/// θ(y − cosh(θ)x)/sinh θ.
fn log(x: &Ambient, y: &Ambient) -> Ambient {
    let cosh = cosh(x, y);
    let sinh = (cosh.clone().square().plus(-1.0)).sqrt();
    let stretch = if sinh.0.is_zero() { sinh } else { cosh.clone().acosh() / &sinh };
    y.plus(&x.times(&-cosh)).times(&stretch)
}

/// The boost that takes the origin to x, applied to y.
fn boost(x: &Ambient, y: &Ambient) -> Ambient {
    let xy = dot(&x.s, &y.s);
    let along = xy.clone() / &x.t.clone().plus(1.0) + &y.t;
    Ambient { t: x.t.clone() * &y.t + &xy, s: add(&y.s, &scale(&x.s, &along)) }
}
