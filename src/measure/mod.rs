//! One cell: what a variant gives for a sample in an arithmetic, and which part of its error is whose.
//!
//! The sample is encoded exactly at the curvature that the arithmetic stores, and rounded once; then a guard may act, then the variant runs. With
//! T0 the sample's own answer, T1 the exact answer for the points that the stored coordinates canonically mean, T2 the same
//! variant in exact arithmetic on the raw coordinates, T3 the same with the guard and T4 what the arithmetic gave:
//! representation = T1−T0, off-model = T2−T1, guard = T3−T2, rounding = T4−T3.

mod adversary;
#[cfg(feature = "cli")]
pub mod ends;
mod hyperbolic;
mod legs;
mod precise;
mod summary;

pub use adversary::{Attack, Second, attack};
pub use hyperbolic::hyperbolic_error;
pub use legs::{Outcome, Parts, outcome as outcome_of, ulps as ulps_of};
pub use precise::{Errors, Precise};
pub use summary::{Summary, bits_lost, order_statistic, summarise};

use crate::arithmetic::{Dual, Interval, Number, Scalar};
use crate::formula::{Answer, BEST, Clamps, Input, Kind, Model, Op, Role, Variant, variant};
use crate::guard::{Guard, Precision};
use crate::oracle::{Inputs, Sample, beyond_the_rim, gradient_leg, gradient_of, gradient_truth, leg, truth, value_of};
use rug::Float;

/// What is measured of an operation: its value, or its derivative by one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Quantity {
    pub op: Op,
    /// The input by which the (scalar) operation is differentiated.
    pub gradient: Option<Input>,
    /// The model that a conversion goes to or a round trip comes back from; the model itself otherwise.
    pub to: Model,
}

impl std::fmt::Display for Quantity {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self.gradient {
            Some(by) => write!(f, "d({})/d{by}", self.op),
            None if self.op == Op::Convert => write!(f, "convert to {}", self.to),
            None if self.op == Op::RoundTrip => write!(f, "round_trip by {}", self.to),
            None => self.op.fmt(f),
        }
    }
}

/// A variant under a guard.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    pub variant: &'static Variant,
    pub guard: &'a Guard,
}

/// The result of one cell.
#[derive(Clone, Debug)]
pub struct Cell {
    pub outcome: Outcome,
    /// What the arithmetic gave, as exact numbers; empty where nothing was computed.
    pub value: Vec<Float>,
    /// `None` where a leg has no meaning (nothing was computed, or not a number, or not a point).
    pub parts: Option<Parts>,
    /// Largest component error against T1, in units in the last place.
    pub ulps: Option<f64>,
    /// Whether the variant was evaluated at all, so that a missing part is the variant's failure, not the storage's.
    pub evaluated: bool,
}

/// The cells of one sample in one model and arithmetic, and the answer that they share.
#[derive(Clone, Debug)]
pub struct Group {
    pub truth: Vec<Float>,
    pub cells: Vec<Cell>,
}

/// A truth that could not be had, and where.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{quantity} in {model} at radius {}, separation {}, {} direction, dimension {}, c = {}: {source}", sample.radius, sample.separation, sample.direction, sample.dim, sample.c)]
pub struct MeasureError {
    quantity: Quantity,
    model: Model,
    sample: Sample,
    source: crate::oracle::Uncertified,
}

/// Bits of every truth above twice the arithmetic's own: legs are then exact to far more digits than they are printed with.
const TRUTH_GUARD_BITS: u32 = 40;

/// Measures every case on one sample in one model and in the arithmetic of `like`.
pub fn measure<S: Number>(
    sample: &Sample,
    quantity: Quantity,
    model: Model,
    like: &S,
    cases: &[Case],
) -> Result<Group, MeasureError> {
    let wrap = |source| MeasureError { quantity, model, sample: *sample, source };
    let Quantity { op, gradient, to } = quantity;
    let bits = 2 * like.bits() + TRUTH_GUARD_BITS;
    let precision = Precision { bits: like.bits() };
    let stored = sample.encode(op, model, to, like);
    let exact = stored.map(Number::to_float);
    let t0 = sample_truth(&sample.stored_in(like), quantity, model, bits).map_err(wrap)?;
    let best = variant(op, model, BEST).map_err(|name| wrap(name.into()))?;

    let storage = storage_outcome(op, &stored, &exact);
    let t1 = match storage {
        None => Some(match gradient {
            None => truth(best, &exact, bits).map(Answer::components).map_err(wrap)?,
            Some(by) => gradient_truth(best, &exact, Some(by), bits).map_err(wrap)?,
        }),
        Some(_) => None,
    };
    let scale = legs::Scale::new(op, gradient, model, to, &exact);
    let mut cells = Vec::with_capacity(cases.len());
    for case in cases {
        let guarded = clip(case.guard, precision, op, stored.clone());
        let moved = differs(&guarded, &stored);
        if let (Some(outcome), false) = (storage, moved) {
            cells.push(Cell { outcome, value: Vec::new(), parts: None, ulps: None, evaluated: false });
            continue;
        }
        let t4 = arithmetic_answer(case, &guarded, gradient);
        let value: Vec<Float> = t4.iter().map(Number::to_float).collect();
        let outcome = legs::outcome(op, model, to, gradient.is_some(), &stored.c, &t4, moved);
        let (mut parts, mut ulps) = (None, None);
        if let (Some(t1), true) = (&t1, outcome.is_a_number()) {
            let t2 = match reads_time(model, case.variant) {
                true => exact_answer(case.variant, Clamps::NONE, &exact, gradient, bits, None).ok(),
                // On coordinates that lie in the model all unclamped variants are the same function.
                false => Some(t1.clone()),
            };
            let t3 = match case.guard.concerns(model, op, precision) {
                true => {
                    let guard = Some((case.guard, precision, op));
                    exact_answer(case.variant, case.guard.clamps, &exact, gradient, bits, guard).ok()
                }
                false => t2.clone(),
            };
            if let (Some(t2), Some(t3)) = (t2, t3) {
                parts = scale.parts(&[&t0, t1, &t2, &t3, &value]);
                ulps = Some(legs::ulps(like, t1, &value));
            }
        }
        cells.push(Cell { outcome, value, parts, ulps, evaluated: true });
    }
    Ok(Group { truth: t0, cells })
}

fn sample_truth(
    sample: &Sample,
    quantity: Quantity,
    model: Model,
    bits: u32,
) -> Result<Vec<Float>, crate::oracle::Uncertified> {
    match quantity.gradient {
        None => sample.truth(quantity.op, model, quantity.to, bits),
        Some(by) => sample.gradient_truth(quantity.op, by, model, bits),
    }
}

/// Whether a variant reads the stored time of an ambient Lorentz point, so that being off the hyperboloid matters.
fn reads_time(model: Model, variant: &Variant) -> bool {
    model == Model::LorentzAmbient && variant.id != BEST
}

fn arithmetic_answer<S: Number>(case: &Case, inputs: &Inputs<S>, gradient: Option<Input>) -> Vec<S> {
    match gradient {
        None => value_of(case.variant, case.guard.clamps, inputs).components(),
        Some(by) => gradient_of(case.variant, case.guard.clamps, inputs, Some(by), |x| x),
    }
}

/// The exact answer of a variant for exactly these inputs, with a guard's clip in exact arithmetic where one is given.
fn exact_answer(
    variant: &Variant,
    clamps: Clamps,
    exact: &Inputs<Float>,
    gradient: Option<Input>,
    bits: u32,
    guard: Option<(&Guard, Precision, Op)>,
) -> Result<Vec<Float>, crate::oracle::Uncertified> {
    match gradient {
        None => {
            let act = |inputs: Inputs<Interval>| match guard {
                Some((guard, precision, op)) => clip(guard, precision, op, inputs),
                None => inputs,
            };
            leg(variant, clamps, exact, bits, act).map(Answer::components)
        }
        Some(by) => {
            let act = |inputs: Inputs<Dual<Interval>>| match guard {
                Some((guard, precision, op)) => clip(guard, precision, op, inputs),
                None => inputs,
            };
            gradient_leg(variant, clamps, exact, Some(by), bits, act)
        }
    }
}

/// The inputs after a guard's clip, in their own arithmetic.
pub fn clip<S: Scalar>(guard: &Guard, precision: Precision, op: Op, mut inputs: Inputs<S>) -> Inputs<S> {
    if (guard.clip)(precision).is_none() {
        return inputs;
    }
    let space = guard.space(inputs.c.clone());
    let model = inputs.model;
    for (input, role) in op.inputs() {
        let Some(place) = inputs.vector_mut(*input) else { continue };
        if let Some(vector) = place.take() {
            *place = Some(match role {
                Role::Point => guard.clip_point(precision, &space, model, vector.as_slice()),
                Role::Tangent { at: None } => guard.clip_feature(precision, &space, vector.as_slice()),
                _ => vector,
            });
        }
    }
    inputs
}

fn differs<S: Number>(a: &Inputs<S>, b: &Inputs<S>) -> bool {
    let same = |x: Option<&Vec<S>>, y: Option<&Vec<S>>| match (x, y) {
        (Some(x), Some(y)) => x.iter().zip(y).all(|(x, y)| x.to_float() == y.to_float()),
        _ => true,
    };
    [Input::X, Input::Y, Input::V, Input::P, Input::A].iter().any(|i| !same(a.vector(*i), b.vector(*i)))
}

/// What became of the points when they were stored: `None` if all of them are points of the model still.
pub fn storage_outcome<S: Number>(op: Op, stored: &Inputs<S>, exact: &Inputs<Float>) -> Option<Outcome> {
    let points = op.inputs().iter().filter(|(_, role)| *role == Role::Point).map(|(input, _)| *input);
    let finite = |input: Input| exact.vector(input).is_none_or(|v| v.iter().all(Float::is_finite));
    // A curvature that the arithmetic can only hold as 0 or ∞ is beyond its range too.
    let curved = exact.c.is_normal();
    if !curved || !op.inputs().iter().all(|(input, _)| finite(*input)) {
        return Some(Outcome::Overflow);
    }
    let ball = stored.model.is_ball();
    // A double-double cannot tell its last numbers inside the rim from the first beyond it; exact coordinates can.
    let is_outside = |input: Input| {
        stored.vector(input).is_some_and(|x| S::outside(&stored.c, x))
            || exact.vector(input).is_some_and(|x| beyond_the_rim(&exact.c, x))
    };
    (ball && points.into_iter().any(is_outside)).then_some(Outcome::Outside)
}

impl Quantity {
    /// The value of an operation, without gradient or conversion.
    pub fn value(op: Op, model: Model) -> Self {
        Quantity { op, gradient: None, to: model }
    }
    /// Whether its error legs are signed differences of one number (rather than distances or norms).
    pub fn is_scalar(&self) -> bool {
        self.op.kind() == Kind::Scalar && self.gradient.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::variants;
    use crate::guard::{GUARDS, NONE};
    use crate::oracle::Direction;

    fn sample(radius: f64, separation: f64, direction: Direction) -> Sample {
        Sample { c: 1.0, dim: 3, radius, separation, direction, seed: 7 }
    }

    fn cases(op: Op, model: Model) -> Vec<Case<'static>> {
        variants(op, model)
            .flat_map(|variant| GUARDS.iter().map(move |guard| Case { variant, guard }))
            .filter(|case| case.guard.id == "none" || case.guard.concerns(model, op, Precision { bits: 24 }))
            .collect()
    }

    /// How far the printed (f64) parts may be from summing exactly: a few roundings of the largest of them.
    const SUM_TOLERANCE: f64 = 1e-14;

    #[test]
    fn the_four_parts_sum_to_the_total() {
        let mut cells = 0;
        for model in Model::ALL.iter().copied() {
            for op in [Op::Distance, Op::Mlr, Op::OriginDistance] {
                for direction in Direction::ALL.iter().copied() {
                    for radius in [0.1, 2.0, 5.0, 7.5, 9.0] {
                        let sample = sample(radius, 0.01, direction);
                        let group =
                            measure(&sample, Quantity::value(op, model), model, &0f32, &cases(op, model)).unwrap();
                        for cell in group.cells {
                            let Some(p) = cell.parts else { continue };
                            let sum = p.representation + p.off_model + p.guard + p.rounding;
                            let largest = [p.representation, p.off_model, p.guard, p.rounding, p.total]
                                .into_iter()
                                .fold(0.0, |a: f64, b| a.max(b.abs()));
                            assert!((sum - p.total).abs() <= SUM_TOLERANCE * largest, "{model} {op} {sample:?} {p:?}");
                            cells += 1;
                        }
                    }
                }
            }
        }
        assert!(cells > 500, "{cells}");
    }

    #[test]
    fn the_parts_of_points_obey_the_triangle_inequality() {
        for model in Model::ALL.iter().copied() {
            for op in [Op::Exp, Op::Add, Op::Log, Op::Geodesic, Op::Transport, Op::Scale] {
                let sample = sample(4.0, 0.5, Direction::Tangential);
                let group = measure(&sample, Quantity::value(op, model), model, &0f32, &cases(op, model)).unwrap();
                for p in group.cells.iter().filter_map(|cell| cell.parts) {
                    let sum = p.representation + p.off_model + p.guard + p.rounding;
                    assert!(p.total <= sum * (1.0 + SUM_TOLERANCE) && p.total >= 0.0, "{model} {op} {p:?}");
                }
            }
        }
    }

    #[test]
    fn the_own_variant_rounds_less_than_storing_costs() {
        for model in Model::ALL.iter().copied() {
            for direction in [Direction::Radial, Direction::Tangential, Direction::Random] {
                for radius in [1.0, 3.0, 6.0] {
                    let sample = sample(radius, 1e-3, direction);
                    let best = variant(Op::Distance, model, BEST).unwrap();
                    let case = [Case { variant: best, guard: NONE }];
                    let quantity = Quantity::value(Op::Distance, model);
                    let group = measure(&sample, quantity, model, &0f32, &case).unwrap();
                    let cell = &group.cells[0];
                    assert!(cell.ulps.unwrap() <= 2.0, "{model} {direction} {radius}: {cell:?}");
                }
            }
        }
    }

    #[test]
    fn gradients_of_all_models_have_their_truth() {
        for model in [Model::Poincare, Model::Lorentz, Model::Klein] {
            for by in [Input::X, Input::Y] {
                for direction in Direction::ALL.iter().copied().filter(|direction| *direction != Direction::Same) {
                    let sample = sample(2.0, 0.5, direction);
                    let quantity = Quantity { op: Op::Distance, gradient: Some(by), to: model };
                    let case = [Case { variant: variant(Op::Distance, model, BEST).unwrap(), guard: NONE }];
                    let group = measure(&sample, quantity, model, &0f64, &case).unwrap();
                    let parts = group.cells[0].parts.unwrap();
                    assert!(parts.total < 1e-13, "{model} {by} {direction}: {parts:?}");
                }
            }
        }
    }

    #[test]
    fn a_point_that_double_double_takes_for_the_last_inside_is_outside() {
        let case = [Case { variant: variant(Op::Distance, Model::Klein, BEST).unwrap(), guard: NONE }];
        for direction in Direction::ALL.iter().copied() {
            let sample = Sample { c: 1.0, dim: 16, radius: 40.0, separation: 0.01, direction, seed: 7 };
            let quantity = Quantity::value(Op::Distance, Model::Klein);
            let group = measure(&sample, quantity, Model::Klein, &crate::arithmetic::Dd::from(0.0), &case).unwrap();
            assert_ne!(group.cells[0].outcome, Outcome::Nan, "{direction}");
        }
    }

    #[test]
    fn points_past_the_last_representable_are_outside() {
        let case = [Case { variant: variant(Op::Distance, Model::Poincare, BEST).unwrap(), guard: NONE }];
        let sample = sample(40.0, 1.0, Direction::Random);
        let group = measure(&sample, Quantity::value(Op::Distance, Model::Poincare), Model::Poincare, &0f32, &case);
        assert_eq!(group.unwrap().cells[0].outcome, Outcome::Outside);
    }
}
