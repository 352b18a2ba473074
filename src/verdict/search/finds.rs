//! The worst that the directed search finds for every variant, in the plane, where inputs are smallest.

use super::{Law, Subject, inputs, search};
use crate::arithmetic::number::hexadecimal;
use crate::arithmetic::{Arithmetic, Mp, Number};
use crate::formula::{Answer, BEST, Clamps, Input, Model, Op, Variant, variant, variants};
use crate::measure::{Quantity, ulps_of};
use crate::oracle::{Inputs, gradient_of, gradient_truth, truth, value_of};
use crate::study::Find;
use rug::Float;

/// Where is searched: radii, separations, and pairs at each of the places.
const RADII: [f64; 4] = [1.0, 3.0, 6.0, 10.0];
const SEPARATIONS: [f64; 2] = [1.0, 1e-2];
const PAIRS: usize = 192;
const SEED: u64 = 20_261_124;
/// So many of a place's pairs with the largest errors are worked out in ulps against the certified truth.
const LARGEST: usize = 3;
/// Bits of the pairs' exact coordinates beyond twice those of the arithmetic, which are then rounded to it.
const GUARD_BITS: u32 = 60;

/// What is searched: an operation, or the derivative of the distance by a point.
pub const SEARCHED: [(Op, Option<Input>); 7] = [
    (Op::Distance, None),
    (Op::Exp, None),
    (Op::Log, None),
    (Op::Add, None),
    (Op::Mlr, None),
    (Op::Transport, None),
    (Op::Distance, Some(Input::X)),
];

/// The worst find for each variant of an operation in a model and an arithmetic.
pub fn finds(op: Op, gradient: Option<Input>, model: Model, arithmetic: Arithmetic) -> Vec<Find> {
    let quantity = Quantity { op, gradient, to: model };
    let of = |variant: &'static Variant| {
        let (inputs, ulps) = crate::with_arithmetic!(arithmetic, |proto| {
            worst(quantity, model, variant, &proto).map(|(stored, ulps)| (stored.map(hexadecimal), ulps))
        })?;
        Some(Find { quantity, model, arithmetic, variant, inputs, ulps })
    };
    variants(op, model).filter_map(of).collect()
}

fn worst<S: Number>(quantity: Quantity, model: Model, variant: &'static Variant, like: &S) -> Option<(Inputs<S>, f64)> {
    let subject = Subject { quantity, model, variant, clamps: Clamps::NONE, c: 1.0, like };
    let one = Mp::new(2 * like.bits() + GUARD_BITS, 1);
    let mut found: Option<(Inputs<S>, f64)> = None;
    for separation in SEPARATIONS {
        let law = Law { dims: vec![2], separation, pairs: PAIRS, seed: SEED };
        for radius in RADII {
            let mut tried = search(&subject, &law, radius, &[]);
            let size = |errors: &Option<crate::measure::Errors>| errors.map_or(0.0, |errors| errors.formula);
            tried.sort_by(|a, b| size(&b.1).total_cmp(&size(&a.1)));
            for (pair, errors) in tried.into_iter().take(LARGEST) {
                let stored = inputs(&pair, quantity, model, &one).map(|x| like.nearest(&x.0));
                let ulps = errors.and_then(|_| ulps(quantity, variant, &stored));
                if let Some(ulps) = ulps.filter(|ulps| found.as_ref().is_none_or(|(_, most)| ulps > most)) {
                    found = Some((stored, ulps));
                }
            }
        }
    }
    found
}

/// How far a variant's answer is from the certified truth for exactly these inputs.
fn ulps<S: Number>(quantity: Quantity, variant: &'static Variant, stored: &Inputs<S>) -> Option<f64> {
    let Quantity { op, gradient, .. } = quantity;
    let bits = 2 * stored.c.bits() + GUARD_BITS;
    let exact = stored.map(Number::to_float);
    let best = self::variant(op, stored.model, BEST).ok()?;
    let truth = match gradient {
        None => truth(best, &exact, bits).map(Answer::components).ok()?,
        Some(by) => gradient_truth(best, &exact, Some(by), bits).ok()?,
    };
    let value = match gradient {
        None => value_of(variant, Clamps::NONE, stored).components(),
        Some(by) => gradient_of(variant, Clamps::NONE, stored, Some(by), |x| x),
    };
    let value: Vec<Float> = value.iter().map(Number::to_float).collect();
    Some(ulps_of(&stored.c, &truth, &value)).filter(|ulps| ulps.is_finite())
}
