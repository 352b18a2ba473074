//! What storing the inputs of an operation costs its answer at most, for every operation whose condition number is known.
//!
//! Let every coordinate go straight from where it is to where it is stored. On the way it moves by no more than u/(1 − u) of
//! where it then is, and √n·η/2 for what is subnormal, so that the answer moves by no more than the [condition
//! number](super::condition) of the triangle that it has come to. No point has moved by more than ρ, the length of [`super::distance`],
//! so that all triangles on the way are within R + m and no closer than s(1 − m) where 2ρ ≤ ms, and ρ ≤ m; the answers of exp and
//! add do not leave R + m where the bound itself is within m. With K the largest condition number there the answer has moved by
//! no more than (u/(1 − u))K: no order of u is dropped. The margin m costs the bound a few hundredths; where it does not suffice, a
//! wider one is tried, and last there is no bound.
//!
//! Errors are those of [`crate::measure`]: of points their distance; of others relative to the answer, of which e^k − 1 is left
//! after a way on which they change by k of what they then are. Lengths of tangent vectors are taken at the stored point, where
//! they are within e^±2ρ of what they are on the way.

use super::condition::{Condition, Moves};
use super::distance::{Stored, Within, distance, subnormal};
use super::outward::Outward;
use super::storage::Storage;
use super::triangle::ONE;
use crate::formula::{Input, Kind, Model, Op};
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

/// Margins that are tried, in units of 1/√c and as a share of the separation.
const MARGINS: [f64; 3] = [1.0 / 64.0, 1.0 / 8.0, 1.0 / 2.0];

/// A bound on what storing its inputs once costs an operation, or the derivative of the distance by one of its points: of numbers,
/// tangent vectors and derivatives relative to the answer, of points √c × distance. Over all pairs of points within a radius and no
/// closer than a separation; a vector that is transported and the normal of a hyperplane are at a 3-4-5 angle to the geodesic.
///
/// Infinite where there is no bound; `None` of an operation that none is derived for.
///
/// ```
/// use hypprec::formula::{Model, Op};
/// use hypprec::verdict::bound::{Storage, Within, storing};
/// let f32 = Storage::named("f32").unwrap();
/// let within = Within { radius: 3.0, separation: 1.0, dim: 16 };
/// // Two points three from the origin: their sum is up to six from it, where a step of x is as many as sinh 6 there.
/// let sum = storing(Op::Add, None, Model::Poincare, &f32, within).unwrap();
/// assert!(sum > f32.roundoff * 6f64.sinh() && sum < 2.0 * f32.roundoff * 6f64.sinh());
/// ```
pub fn storing(op: Op, by: Option<Input>, model: Model, storage: &Storage, within: Within) -> Option<f64> {
    match (op, by) {
        (Op::Distance, None) => return Some(distance(model, storage, within)),
        (Op::Exp | Op::Log | Op::Add | Op::Transport | Op::Mlr, None) => (),
        // By all n + 1 coordinates it is another function.
        (Op::Distance, Some(Input::X | Input::Y)) if model != Model::LorentzAmbient => (),
        _ => return None,
    }
    if within.separation > 2.0 * within.radius {
        return Some(0.0);
    }
    // The least margin that suffices has the least bound.
    let bound = MARGINS.into_iter().find_map(|margin| bounded(op, by, model, storage, within, margin));
    Some(bound.unwrap_or(f64::INFINITY))
}

/// The bound, if the margin suffices.
fn bounded(op: Op, by: Option<Input>, model: Model, storage: &Storage, within: Within, margin: f64) -> Option<f64> {
    let Within { radius, separation, dim } = within;
    let moved = Stored::new(model, storage, dim, radius)?.length;
    let wide = Outward::at(radius) + Outward::at(margin);
    let point = op.kind() == Kind::Point;
    // What a point's answer moves counts in units of length, not of the separation.
    let (close, room) = match point {
        true => ((Outward::at(separation) - Outward::at(2.0 * margin)).not_negative(), 2.0 * margin),
        false => (Outward::at(separation) * Outward::at(1.0 - margin), margin * separation),
    };
    if moved.hi > margin || 2.0 * moved.hi > room {
        return None;
    }
    let u = Outward::at(storage.roundoff);
    let (share, fixed) = (u / (ONE - u), subnormal(storage, dim) / (ONE - u));
    if matches!(op, Op::Transport | Op::Mlr) {
        // The vector turns by Γ and by its own move, the geodesic by both of its ends.
        let two = Outward::at(2.0);
        let own = (share + fixed * wide.cosh()) * wide.cosh();
        let turns = two * moved + own + two * moved * close.cosh() / close.sinh();
        if turns.hi > margin {
            return None;
        }
    }
    let number = |moves: Moves| {
        let condition = Condition { op, by, model, moves, slack: margin };
        Outward { lo: 0.0, hi: largest(condition, wide.hi, close.lo) }
    };
    let fixed =
        if fixed.hi > 0.0 && storage.smallest > 0.0 { fixed * number(Moves::Absolute) } else { Outward::at(0.0) };
    let all = share * number(Moves::Relative) + fixed;
    let bound = match op.kind() {
        Kind::Point if all.hi + moved.hi > margin => return None,
        Kind::Point => all,
        Kind::Tangent(_) => {
            let lengths = ONE + (moved * Outward::at(4.0)).exp_m1();
            (all * lengths).exp_m1()
        }
        Kind::Scalar => all.exp_m1(),
    };
    Some(bound.hi).filter(|bound| bound.is_finite())
}

type Key = (Op, Option<Input>, Model, bool, [u64; 3]);

/// [`Condition::largest`], each worked out once: all arithmetics of a choice ask for the same.
fn largest(condition: Condition, radius: f64, separation: f64) -> f64 {
    static KNOWN: OnceLock<Mutex<HashMap<Key, f64>>> = OnceLock::new();
    let Condition { op, by, model, moves, slack } = condition;
    let key = (op, by, model, moves == Moves::Absolute, [slack, radius, separation].map(f64::to_bits));
    let known = KNOWN.get_or_init(Mutex::default);
    let lock = || known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(value) = lock().get(&key) {
        return *value;
    }
    let value = condition.largest(radius, separation);
    lock().insert(key, value);
    value
}
