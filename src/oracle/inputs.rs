//! The inputs of one evaluation, in one arithmetic, as owned data.

use crate::arithmetic::{Dual, Scalar};
use crate::formula::{Answer, Clamps, Input, Model, Query, Space, Variant, apply};

/// Curvature and inputs of one evaluation. Vectors have the model's number of coordinates.
#[derive(Clone, Debug)]
pub struct Inputs<S> {
    pub model: Model,
    /// The model that a conversion goes to.
    pub to: Model,
    pub c: S,
    pub x: Option<Vec<S>>,
    pub y: Option<Vec<S>>,
    pub v: Option<Vec<S>>,
    pub p: Option<Vec<S>>,
    pub a: Option<Vec<S>>,
    pub t: Option<S>,
}

impl<S: Clone> Inputs<S> {
    /// No inputs but the curvature.
    pub fn new(model: Model, c: S) -> Self {
        Inputs { model, to: model, c, x: None, y: None, v: None, p: None, a: None, t: None }
    }
    /// The vector of this name.
    pub fn vector(&self, input: Input) -> Option<&Vec<S>> {
        match input {
            Input::X => self.x.as_ref(),
            Input::Y => self.y.as_ref(),
            Input::V => self.v.as_ref(),
            Input::P => self.p.as_ref(),
            Input::A => self.a.as_ref(),
            Input::T => None,
        }
    }
    /// The place of the vector of this name; `None` for a number.
    pub fn vector_mut(&mut self, input: Input) -> Option<&mut Option<Vec<S>>> {
        match input {
            Input::X => Some(&mut self.x),
            Input::Y => Some(&mut self.y),
            Input::V => Some(&mut self.v),
            Input::P => Some(&mut self.p),
            Input::A => Some(&mut self.a),
            Input::T => None,
        }
    }
    /// The same inputs in another arithmetic.
    pub fn map<T>(&self, f: impl Fn(&S) -> T) -> Inputs<T> {
        let vector = |x: &Option<Vec<S>>| x.as_ref().map(|x| x.iter().map(&f).collect());
        Inputs {
            model: self.model,
            to: self.to,
            c: f(&self.c),
            x: vector(&self.x),
            y: vector(&self.y),
            v: vector(&self.v),
            p: vector(&self.p),
            a: vector(&self.a),
            t: self.t.as_ref().map(&f),
        }
    }
}

impl<S: Scalar> Inputs<S> {
    /// Every input as a dual number at rest.
    pub fn at_rest(&self) -> Inputs<Dual<S>> {
        self.map(|x| Dual::constant(x.clone()))
    }
}

/// What a variant gives for these inputs, in their arithmetic, under clamps.
pub fn value_of<S: Scalar>(variant: &Variant, clamps: Clamps, inputs: &Inputs<S>) -> Answer<Vec<S>, S> {
    let space = Space::with_clamps(inputs.c.clone(), clamps);
    let query = Query {
        space: &space,
        model: inputs.model,
        to: inputs.to,
        x: inputs.x.as_deref(),
        y: inputs.y.as_deref(),
        v: inputs.v.as_deref(),
        p: inputs.p.as_deref(),
        a: inputs.a.as_deref(),
        t: inputs.t.as_ref(),
    };
    apply(variant, &query)
}
