//! The oracle checks itself: intervals contain what they should, answers do not depend on the precision with which they were
//! sought, and every operation has a second path that shares nothing with the first.

mod common;

use common::{certified, components, value};
use hypprec::arithmetic::{Dual, Interval, Mp, Number};
use hypprec::formula::{BEST, Clamps, Input, Kind, Model, Op, Role, variant};
use hypprec::oracle::{Direction, Inputs, Sample, gradient_of, value_of};
use rug::Float;

/// Bits of the answers that are compared, and of the second look at them.
const BITS: u32 = 130;
const MORE_BITS: u32 = BITS + 64;

fn samples() -> impl Iterator<Item = Sample> {
    let directions = Direction::ALL.iter().copied();
    directions.enumerate().flat_map(|(i, direction)| {
        [(1.0, 0.2), (0.0625, 5.0), (4.0, 12.0)].map(|(c, radius)| {
            let dim = 2 + (i % 2);
            Sample { c, dim, radius, separation: 0.01, direction, seed: i as u64 }
        })
    })
}

/// Every operation in every model, with the model that a conversion goes to.
fn requests() -> Vec<(Op, Model, Model)> {
    let mut requests = Vec::new();
    for &op in Op::ALL {
        for &model in Model::ALL {
            if variant(op, model, BEST).is_err() {
                continue;
            }
            match op {
                Op::Convert => {
                    requests.extend(Model::ALL.iter().filter(|to| **to != model).map(|to| (op, model, *to)));
                }
                _ => requests.push((op, model, model)),
            }
        }
    }
    requests
}

fn stored(sample: &Sample, op: Op, model: Model, to: Model) -> Inputs<Float> {
    sample.encode(op, model, to, &0f64).map(Number::to_float)
}

fn intervals(inputs: &Inputs<Float>, bits: u32) -> Inputs<Interval> {
    inputs.map(|x| Interval::new(bits.max(x.prec()), x))
}

/// What an operation may be differentiated by, `None` being c.
fn derivatives(op: Op) -> Vec<Option<Input>> {
    match op.kind() {
        Kind::Scalar => op.inputs().iter().map(|(input, _)| Some(*input)).chain([None]).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn wide_intervals_contain_the_narrow_ones() {
    const COARSE: u32 = 60;
    const FINE: u32 = 600;
    let mut bounded = 0;
    for (op, model, to) in requests() {
        let best = variant(op, model, BEST).unwrap();
        for sample in samples() {
            let inputs = stored(&sample, op, model, to);
            let mut answers =
                vec![[COARSE, FINE].map(|bits| components(value_of(best, Clamps::NONE, &intervals(&inputs, bits))))];
            for by in derivatives(op) {
                let slopes =
                    |bits| gradient_of(best, Clamps::NONE, &intervals(&inputs, bits), by, |x: Inputs<Dual<_>>| x);
                answers.push([slopes(COARSE), slopes(FINE)]);
            }
            for (coarse, fine) in answers.iter().flat_map(|[coarse, fine]| coarse.iter().zip(fine)) {
                if !coarse.is_nan() && !fine.is_nan() {
                    let inside = coarse.lo() <= fine.hi() && fine.lo() <= coarse.hi();
                    assert!(inside, "{op} {model}: {coarse:?} and {fine:?} share nothing: {sample:?}");
                    bounded += usize::from(coarse.lo().is_finite() && coarse.hi().is_finite());
                }
            }
        }
    }
    assert!(bounded > 2000, "{bounded}");
}

#[test]
fn answers_do_not_depend_on_the_precision() {
    for (op, model, to) in requests() {
        for sample in samples() {
            let inputs = stored(&sample, op, model, to);
            for by in [None].into_iter().chain(derivatives(op).into_iter().flatten().map(Some)) {
                let [fewer, more] = [BITS, MORE_BITS].map(|bits| certified(op, by, &inputs, bits).unwrap());
                let rounded: Vec<Float> = more.iter().map(|x| Float::with_val(BITS, x)).collect();
                assert_eq!(fewer, rounded, "{op} {model} by {by:?}: {sample:?}");
            }
        }
    }
}

#[test]
fn certified_answers_are_those_of_the_sample() {
    /// Inputs with so many bits that the answers for them are the sample's own to more than is compared.
    const STORED: u32 = 700;
    for (op, model, to) in requests() {
        for sample in samples() {
            let inputs = sample.encode(op, model, to, &Mp::new(STORED, 0)).map(Number::to_float);
            let (truth, own) =
                (certified(op, None, &inputs, BITS).unwrap(), sample.truth(op, model, to, BITS).unwrap());
            let largest = own.iter().fold(Float::with_val(BITS, 1e-30), |m, x| m.max(&x.clone().abs()));
            for (a, b) in truth.iter().zip(&own) {
                let error = Float::with_val(BITS, a - b).abs() / &largest;
                assert!(error < 1e-36, "{op} {model}→{to}: {a} for {b}: {sample:?}");
            }
        }
    }
}

#[test]
fn certified_gradients_are_those_of_differences() {
    /// The step's exponent, and bits that leave more digits of a central difference than are compared.
    const STEP: i32 = -150;
    const DIFFERENCE_BITS: u32 = 600;
    for (op, model, to) in requests() {
        for sample in samples().filter(|sample| sample.direction != Direction::Same) {
            let inputs = stored(&sample, op, model, to);
            for by in derivatives(op) {
                let slopes = match by {
                    Some(_) => certified(op, by, &inputs, BITS).unwrap(),
                    None => {
                        let best = variant(op, model, BEST).unwrap();
                        hypprec::oracle::gradient_truth(best, Clamps::NONE, &inputs, by, BITS, |x| x).unwrap()
                    }
                };
                let largest = slopes.iter().fold(Float::with_val(BITS, 1e-30), |m, x| m.max(&x.clone().abs()));
                for (i, slope) in slopes.iter().enumerate() {
                    let at = |sign: i32| {
                        let mut moved = inputs.clone();
                        let place = match by {
                            Some(by) => &mut moved.vector_mut(by).unwrap().as_mut().unwrap()[i],
                            None => &mut moved.c,
                        };
                        let step = Float::with_val(DIFFERENCE_BITS, sign) << STEP;
                        *place = Float::with_val(DIFFERENCE_BITS, &*place) + step;
                        certified(op, None, &moved, DIFFERENCE_BITS).unwrap().remove(0)
                    };
                    let difference = (at(1) - at(-1)) >> (STEP + 1);
                    let error = Float::with_val(BITS, &difference - slope).abs() / &largest;
                    assert!(error < 1e-30, "{op} {model} by {by:?} [{i}]: {slope} for {difference}: {sample:?}");
                }
            }
        }
    }
}

/// Where the distance has a corner its derivative is the subgradient of least norm; where only a norm in it has one, at the
/// origin, the derivative is as good as anywhere.
#[test]
fn gradients_at_equal_points_are_zero_and_at_the_origin_they_exist() {
    for model in [Model::Poincare, Model::Lorentz, Model::Klein] {
        for (x, y) in
            [([0.25, 0.5], [0.25, 0.5]), ([0.0, 0.0], [0.25, 0.5]), ([0.25, 0.5], [0.0, 0.0]), ([0.0; 2], [0.0; 2])]
        {
            for by in [Input::X, Input::Y] {
                let mut inputs = Inputs::new(model, 1f64);
                (inputs.x, inputs.y) = (Some(x.to_vec()), Some(y.to_vec()));
                let truth = certified(Op::Distance, Some(by), &inputs.map(Number::to_float), BITS).unwrap();
                let slope = value(Op::Distance, Some(by), &inputs);
                for (a, b) in slope.iter().zip(&truth) {
                    assert!((a - b.to_f64()).abs() < 1e-15, "{model} {x:?} {y:?} by {by}: {a} for {b}");
                }
                let flat = truth.iter().all(Float::is_zero);
                assert_eq!(flat, x == y, "{model} {x:?} {y:?} by {by}: {truth:?}");
                // The origin's metric is λ² = 4 on Poincaré's ball, 1 elsewhere: a unit speed has this gradient.
                let at = if by == Input::X { x } else { y };
                if !flat && at == [0.0, 0.0] {
                    let norm = truth.iter().fold(Float::new(BITS), |sum, x| sum + x.clone().square()).sqrt();
                    let expected = if model == Model::Poincare { 2.0 } else { 1.0 };
                    assert!((norm.to_f64() - expected).abs() < 1e-15, "{model}: {norm}");
                }
            }
        }
    }
}

#[test]
fn no_operation_is_missing() {
    let of_points: Vec<&Op> = Op::ALL.iter().filter(|op| requests().iter().any(|(known, ..)| known == *op)).collect();
    assert_eq!(of_points.len(), Op::ALL.len());
    assert!(Op::ALL.iter().all(|op| op.inputs().iter().any(|(_, role)| *role != Role::Number)));
}
