//! The inputs of one evaluation, in one arithmetic, as owned data.

use crate::arithmetic::{Dual, Scalar};
use crate::formula::{Answer, Clamps, Input, Model, Op, Query, Space, Variant, apply};
use rug::Float;

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

/// Whether c‖x‖² ≥ 1, for exact coordinates in a ball.
pub fn beyond_the_rim(c: &Float, x: &[Float]) -> bool {
    const GUARD_BITS: u32 = 64;
    // Products of three are exact; what their sum rounds is far below the last gap to the rim.
    let bits = 3 * x.iter().map(Float::prec).chain([c.prec()]).max().unwrap_or(0) + GUARD_BITS;
    let norm2 = x.iter().fold(Float::new(bits), |sum, x| sum + Float::with_val(bits, x.square_ref()));
    norm2 * c >= 1
}

/// Whether the derivative by this input is a convention there: a distance at x = y, a distance from the origin at x = 0 and
/// a hyperplane's score at a = 0 have a kink, each a norm at 0, and what is given for it is 0, the subgradient of least norm
/// ([`Dual`]). Of a Lorentz point only the space coordinates count. In the ambient model, whose coordinates are held when c
/// moves, a distance has its kink by c too (`by` is `None`).
pub fn is_kink(op: Op, by: Option<Input>, inputs: &Inputs<Float>) -> bool {
    let by = match (by, op, inputs.model) {
        (Some(by), ..) => by,
        (None, Op::Distance | Op::OriginDistance, Model::LorentzAmbient) => Input::X,
        (None, ..) => return false,
    };
    let skip = usize::from(inputs.model == Model::LorentzAmbient);
    let space = |input: Input| inputs.vector(input).map_or(&[][..], |x| &x[skip..]);
    match (op, by) {
        (Op::Distance, Input::X | Input::Y) => space(Input::X) == space(Input::Y),
        (Op::OriginDistance, Input::X) => space(Input::X).iter().all(Float::is_zero),
        (Op::Mlr, Input::A) => space(Input::A).iter().all(Float::is_zero),
        _ => false,
    }
}
