//! The legs of an error worked out by MPFR at a stated precision: not certified, and fast enough to search with.

use super::legs::{Outcome, Scale, outcome};
use super::{Quantity, storage_outcome};
use crate::arithmetic::{Mp, Number};
use crate::formula::{BEST, Clamps, Input, Variant};
use crate::oracle::{Inputs, gradient_of, value_of};
use rug::Float;

/// Bits of the exact answers; the caller's choice must leave room for what the inputs make cancel.
#[derive(Clone, Copy, Debug)]
pub struct Precise {
    pub bits: u32,
}

/// The errors of one variant on one set of inputs, without signs, in the units of [`super::Parts`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Errors {
    /// What storing the inputs costs.
    pub storing: f64,
    /// What the variant loses on what was stored: its rounding, and coordinates that are not quite on the model.
    pub formula: f64,
    /// What clamps change in exact arithmetic.
    pub guard: f64,
    /// All of it.
    pub total: f64,
}

impl Precise {
    /// A number at this precision, or exactly where it has more bits.
    pub fn number(self, x: &Float) -> Mp {
        Mp::new(self.bits.max(x.prec()), x)
    }

    fn answer(self, variant: &Variant, clamps: Clamps, inputs: &Inputs<Mp>, by: Option<Input>) -> Vec<Float> {
        let components = match by {
            None => value_of(variant, clamps, inputs).components(),
            Some(by) => gradient_of(variant, clamps, inputs, Some(by), |x| x),
        };
        components.into_iter().map(|x| x.0).collect()
    }

    /// The errors of a variant under clamps in the arithmetic of `like`; none where something could not be stored, or the
    /// variant has no answer.
    pub fn errors<S: Number>(
        self,
        exact: &Inputs<Mp>,
        quantity: Quantity,
        like: &S,
        variant: &'static Variant,
        clamps: Clamps,
    ) -> Option<Errors> {
        let Quantity { op, gradient, to } = quantity;
        let model = exact.model;
        let stored = exact.map(|x| like.nearest(&x.0));
        let rounded = stored.map(Number::to_float);
        if storage_outcome(op, &stored, &rounded).is_some() {
            return None;
        }
        let value: Vec<S> = match gradient {
            None => value_of(variant, clamps, &stored).components(),
            Some(by) => gradient_of(variant, clamps, &stored, Some(by), |x| x),
        };
        if outcome(op, model, to, gradient.is_some(), &stored.c, &value, false) != Outcome::Ok {
            return None;
        }
        let best = crate::formula::variant(op, model, BEST).ok()?;
        let kept = rounded.map(|x| self.number(x));
        let t0 = self.answer(best, Clamps::NONE, exact, gradient);
        let t1 = self.answer(best, Clamps::NONE, &kept, gradient);
        let t2 = match super::reads_time(model, variant) {
            true => self.answer(variant, Clamps::NONE, &kept, gradient),
            false => t1.clone(),
        };
        let t3 = match clamps == Clamps::NONE {
            true => t2.clone(),
            false => self.answer(variant, clamps, &kept, gradient),
        };
        let t4: Vec<Float> = value.iter().map(Number::to_float).collect();
        let parts = Scale::new(op, gradient, model, to, &rounded).parts(&[&t0, &t1, &t2, &t3, &t4])?;
        let size = |x: f64| x.abs();
        Some(Errors {
            storing: size(parts.representation),
            formula: size(parts.off_model) + size(parts.rounding),
            guard: size(parts.guard),
            total: size(parts.total),
        })
    }
}
