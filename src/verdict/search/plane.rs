//! From a pair's polar data to the inputs of an operation, in any arithmetic.

use super::pair::Pair;
use crate::arithmetic::Scalar;
use crate::formula::{Input, Model, Op};
use crate::oracle::{FRACTION, Inputs};

/// 3-4-5: the parts along and across the geodesic of the vectors that are transported and of the normals of hyperplanes.
const TILT: [f64; 2] = [0.6, 0.8];

/// A pair's plane: the first point on the ray of u, the second at an angle to it towards e.
pub(crate) struct Plane<W> {
    model: Model,
    c: W,
    u: Vec<W>,
    e: Vec<W>,
    radius: W,
    sinh: [W; 2],
    cosh: [W; 2],
    cos: W,
    sin: W,
    /// √c d(x, y), and the direction at the first point towards the second: outwards and across.
    apart: W,
    outwards: W,
    across: W,
}

impl<W: Scalar> Plane<W> {
    pub fn new(pair: &Pair, model: Model, c: &W) -> Plane<W> {
        let (outer, apart) = (c.lit(pair.outer), c.lit(pair.apart));
        let least = (outer.clone() - &apart).abs();
        let inner = least.clone() + &((outer.clone() - &least) * &c.lit(pair.level));
        let [first, second] = if pair.inner_first { [inner, outer] } else { [outer, inner] };
        let half = |x: W| x.times(0.5).sinh().square();
        let sinh = [first.clone().sinh(), second.clone().sinh()];
        let cosh = [first.clone().cosh(), second.clone().cosh()];
        let step = second - &first;
        // sinh²(d/2) = sinh²(Δr/2) + sinh r₁ sinh r₂ sin²(ω/2); a point at the origin sees no angle.
        let (zero, one) = (c.lit(0.0), c.lit(1.0));
        let product = sinh[0].clone() * &sinh[1];
        let squared = (half(apart.clone()) - &half(step.clone())) / &product;
        let squared = if squared.compare(&zero).is_some() { squared.max(&zero).min(&one) } else { zero };
        let sin = (squared.clone() * &squared.clone().one_minus()).sqrt().times(2.0);
        let turned = squared.times(2.0);
        let sinh_apart = apart.clone().sinh();
        let outwards = (step.sinh() - &(sinh[1].clone() * &cosh[0] * &turned)) / &sinh_apart;
        let across = sinh[1].clone() * &sin / &sinh_apart;
        let [u, e] = orthonormal(&pair.directions, c);
        let cos = turned.one_minus();
        Plane { model, c: c.clone(), u, e, radius: first, sinh, cosh, cos, sin, apart, outwards, across }
    }

    /// along·u + across·e in units of 1/√c, with its time where the model has one.
    fn combine(&self, along: &W, across: &W, time: W) -> Vec<W> {
        let root = self.c.clone().sqrt();
        let space = self.u.iter().zip(&self.e).map(|(u, e)| u.clone() * along + &(e.clone() * across));
        let time = (self.model == Model::LorentzAmbient).then_some(time);
        time.into_iter().chain(space).map(|x| x / &root).collect()
    }

    fn point(&self, which: usize, cos: &W, sin: &W) -> Vec<W> {
        let (sinh, cosh) = (&self.sinh[which], &self.cosh[which]);
        let radius = match self.model {
            Model::Poincare => sinh.clone() / &cosh.clone().plus(1.0),
            Model::Klein => sinh.clone() / cosh,
            Model::Lorentz | Model::LorentzAmbient => sinh.clone(),
        };
        self.combine(&(radius.clone() * cos), &(radius * sin), cosh.clone())
    }
    fn first(&self) -> Vec<W> {
        self.point(0, &self.cos.lit(1.0), &self.cos.lit(0.0))
    }
    fn second(&self) -> Vec<W> {
        self.point(1, &self.cos, &self.sin)
    }

    /// The tangent vector at the first point with these parts outwards and across.
    fn tangent(&self, outwards: &W, across: &W) -> Vec<W> {
        let (sinh, cosh) = (&self.sinh[0], &self.cosh[0]);
        match self.model {
            Model::Poincare => {
                let factor = cosh.clone().plus(1.0);
                self.combine(&(outwards.clone() / &factor), &(across.clone() / &factor), cosh.lit(0.0))
            }
            Model::Klein => {
                let along = outwards.clone() / &cosh.clone().square();
                self.combine(&along, &(across.clone() / cosh), cosh.lit(0.0))
            }
            Model::Lorentz | Model::LorentzAmbient => {
                self.combine(&(outwards.clone() * cosh), across, outwards.clone() * sinh)
            }
        }
    }
    /// log of the second point.
    fn towards(&self) -> Vec<W> {
        self.tangent(&(self.outwards.clone() * &self.apart), &(self.across.clone() * &self.apart))
    }
    /// A unit vector at a 3-4-5 angle to it.
    fn tilted(&self) -> Vec<W> {
        let turn = |a: &W, b: &W| a.clone().times(TILT[0]) + &b.clone().times(TILT[1]);
        self.tangent(&turn(&self.outwards, &-self.across.clone()), &turn(&self.across, &self.outwards))
    }
    /// The vector at the origin that leads to the first point.
    fn at_origin(&self) -> Vec<W> {
        let length = if self.model == Model::Poincare { self.radius.clone().times(0.5) } else { self.radius.clone() };
        self.combine(&length, &length.lit(0.0), length.lit(0.0))
    }

    /// The inputs of an operation: its points the first and the second, a vector that leads to the second, or a tilted one.
    pub fn inputs(&self, op: Op, to: Model) -> Inputs<W> {
        let mut inputs = Inputs::new(self.model, self.c.clone());
        inputs.to = to;
        if op == Op::Mlr {
            (inputs.p, inputs.x, inputs.a) = (Some(self.first()), Some(self.second()), Some(self.tilted()));
            return inputs;
        }
        for (input, _) in op.inputs() {
            match input {
                Input::X => inputs.x = Some(self.first()),
                Input::Y if op == Op::Log0 => inputs.y = Some(self.first()),
                Input::Y => inputs.y = Some(self.second()),
                Input::V if op == Op::Transport => inputs.v = Some(self.tilted()),
                Input::V if op == Op::Exp => inputs.v = Some(self.towards()),
                Input::V if op == Op::Exp0 => inputs.v = Some(self.at_origin()),
                Input::V => inputs.v = Some(self.second()),
                Input::T => inputs.t = Some(self.c.lit(FRACTION)),
                Input::P | Input::A => unreachable!("{op} has no input {input}"),
            }
        }
        inputs
    }
}

fn orthonormal<W: Scalar>([g, h]: &[Vec<f64>; 2], like: &W) -> [Vec<W>; 2] {
    let wide = |v: &[f64]| -> Vec<W> { v.iter().map(|x| like.lit(*x)).collect() };
    let dot = |a: &[W], b: &[W]| a.iter().zip(b).fold(like.lit(0.0), |sum, (a, b)| sum + &(a.clone() * b));
    let unit = |v: Vec<W>| {
        let norm = dot(&v, &v).sqrt();
        v.into_iter().map(|x| x / &norm).collect::<Vec<W>>()
    };
    let (u, h) = (unit(wide(g)), wide(h));
    let along = dot(&u, &h);
    let across = h.iter().zip(&u).map(|(h, u)| h.clone() - &(u.clone() * &along)).collect();
    [u, unit(across)]
}
