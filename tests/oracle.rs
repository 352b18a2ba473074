//! The oracle checks itself: intervals contain what they should, answers do not depend on the precision with which they were
//! sought, and every operation has a second path that shares nothing with the first.

mod common;

use common::{certified, components, value};
use hypprec::arithmetic::number::decimal;
use hypprec::arithmetic::{Dual, Interval, Mp, Number};
use hypprec::formula::{BEST, Clamps, Input, Kind, Model, Op, Role, variant};
use hypprec::oracle::{
    Direction, Inputs, Sample, Uncertified, gradient_of, hostile, is_kink, least_exponent, textbook, truth, value_of,
};
use hypprec::study::adversary::SEED;
use hypprec::with_arithmetic;
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

/// The published variant that own derivatives of the ambient model are those of.
fn ambient_expression(op: Op) -> &'static str {
    match op {
        Op::Distance => "L1",
        Op::OriginDistance => "arcosh",
        _ => "plain",
    }
}

/// Ambient inputs whose times are what their space coordinates make them, to so many bits.
fn with_times(mut inputs: Inputs<Float>, bits: u32) -> Inputs<Float> {
    let dot = |x: &[Float], y: &[Float]| {
        x.iter().zip(y).skip(1).fold(Float::new(bits), |sum, (x, y)| sum + Float::with_val(bits, x * y))
    };
    let radius2 = Float::with_val(bits, 1) / &inputs.c;
    for point in [Input::X, Input::Y, Input::P] {
        if let Some(Some(x)) = inputs.vector_mut(point) {
            x[0] = (dot(x, x) + &radius2).sqrt();
        }
    }
    if let (Some(p), Some(a)) = (&inputs.p, &mut inputs.a) {
        a[0] = dot(p, a) / &p[0];
    }
    inputs
}

#[test]
fn certified_gradients_are_those_of_differences() {
    /// The step's exponent, and bits that leave more digits of a central difference than are compared.
    const STEP: i32 = -150;
    const DIFFERENCE_BITS: u32 = 600;
    for (op, model, to) in requests() {
        for sample in samples().filter(|sample| sample.direction != Direction::Same) {
            let inputs = stored(&sample, op, model, to);
            // Ambient coordinates move alone, from the point that the space coordinates mean.
            let inputs = if model == Model::LorentzAmbient { with_times(inputs, DIFFERENCE_BITS) } else { inputs };
            for by in derivatives(op) {
                let slopes = match by {
                    Some(_) => certified(op, by, &inputs, BITS).unwrap(),
                    None => {
                        let best = variant(op, model, BEST).unwrap();
                        hypprec::oracle::gradient_truth(best, &inputs, by, BITS).unwrap()
                    }
                };
                let largest = slopes.iter().fold(Float::with_val(BITS, 1e-30), |m, x| m.max(&x.clone().abs()));
                if model == Model::LorentzAmbient {
                    // Its coordinates are independent, so that a moved point is none of the model.
                    for (i, difference) in textbook(op, Some(by), &inputs, DIFFERENCE_BITS).unwrap() {
                        let error = Float::with_val(BITS, &difference - &slopes[i]).abs() / &largest;
                        assert!(error < 1e-30, "{op} {model} by {by:?} [{i}]: {slopes:?} for {difference}: {sample:?}");
                    }
                    continue;
                }
                for (i, slope) in slopes.iter().enumerate() {
                    let at = |sign: i32| {
                        let mut moved = inputs.clone();
                        let place = match by {
                            Some(by) => &mut moved.vector_mut(by).unwrap().as_mut().unwrap()[i],
                            None => &mut moved.c,
                        };
                        let step = Float::with_val(DIFFERENCE_BITS, sign) << STEP;
                        *place = Float::with_val(DIFFERENCE_BITS, &*place) + step;
                        let id = if model == Model::LorentzAmbient { ambient_expression(op) } else { BEST };
                        let formula = variant(op, model, id).unwrap();
                        let value = truth(formula, &moved, DIFFERENCE_BITS);
                        value.unwrap().components().remove(0)
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

/// The inputs of one evaluation at c = 1, each a double.
fn doubles(model: Model, vectors: &[(Input, &[f64])], t: Option<f64>) -> Inputs<Float> {
    let float = |x: f64| Float::with_val(53, x);
    let mut inputs = Inputs::new(model, float(1.0));
    for (input, x) in vectors {
        *inputs.vector_mut(*input).unwrap() = Some(x.iter().copied().map(float).collect());
    }
    inputs.t = t.map(float);
    inputs
}

/// Answers of these inputs to 40 and to 300 digits, as so many digits as there are in `expected`.
fn says(op: Op, by: Option<Input>, inputs: &Inputs<Float>, expected: &[&str]) {
    for bits in [140, 1000] {
        let answer = certified(op, by, inputs, bits).unwrap_or_else(|e| panic!("{op} {inputs:?}: {e}"));
        let mantissa =
            |text: &str| text.split('e').next().unwrap_or_default().trim_start_matches(['-', '0', '.']).len();
        let digits = |text: &str| (mantissa(text) - usize::from(!text.starts_with("0.") && text.contains('.'))).max(2);
        let told: Vec<String> = answer.iter().zip(expected).map(|(x, text)| decimal(x, digits(text))).collect();
        assert_eq!(told, expected, "{op} with {bits} bits");
    }
}

#[test]
fn what_is_small_beside_the_largest_is_not_called_0() {
    let (large, small) = (2f64.powi(1000), 2f64.powi(-400));
    let (x, a) = ([large, small, large], [large, small, -large]);
    let score = doubles(Model::Lorentz, &[(Input::X, &x), (Input::P, &[0.0; 3]), (Input::A, &a)], None);
    says(Op::Mlr, None, &score, &["1.4996968138956309548e-241"]);
    let least = 5e-324;
    let step = doubles(Model::Poincare, &[(Input::X, &[-least, 3.0 * least]), (Input::V, &[least, 0.0])], None);
    says(Op::Exp, None, &step, &["8.0401233488e-971", "1.4821969375e-323"]);
}

#[test]
fn what_is_exactly_0_is_proved_to_be() {
    let between = |x: &[f64], y: &[f64], model| doubles(model, &[(Input::X, x), (Input::Y, y)], None);
    // y = cosh θ x + sinh θ e₂ with cosh θ = 5/4: at right angles to the ray of x.
    says(Op::Log, None, &between(&[0.75, 0.0], &[0.9375, 0.75], Model::Lorentz), &["0.0", "0.69314718055994530942"]);
    for model in [Model::Poincare, Model::Klein, Model::Lorentz] {
        // x ⊕ y along a line, back to the origin; mirror images, half-way.
        says(Op::Add, None, &between(&[0.3, -0.1], &[-0.3, 0.1], model), &["0.0", "0.0"]);
        for op in [Op::Geodesic, Op::Midpoint] {
            let mirrored = doubles(model, &[(Input::X, &[0.3, -0.7]), (Input::Y, &[0.7, 0.3])], Some(0.5));
            assert!(!certified(op, None, &mirrored, 140).unwrap()[0].is_zero());
            let mirrored = doubles(model, &[(Input::X, &[0.3, 0.7, 0.1]), (Input::Y, &[0.7, -0.3, -0.1])], Some(0.5));
            let answer = certified(op, None, &mirrored, 140).unwrap();
            assert!(answer[2].is_zero() && !answer[0].is_zero(), "{op} {model}: {answer:?}");
        }
        // A hyperplane through p and a point on it.
        let on = doubles(model, &[(Input::X, &[0.5, 0.25]), (Input::P, &[0.5, -0.25]), (Input::A, &[0.0, 0.0])], None);
        says(Op::Mlr, None, &on, &["0.0"]);
        let on = doubles(model, &[(Input::X, &[0.0, 0.25]), (Input::P, &[0.0, 0.0]), (Input::A, &[3.0, 0.0])], None);
        says(Op::Mlr, None, &on, &["0.0"]);
        let mirror =
            doubles(model, &[(Input::X, &[0.5, 0.25]), (Input::P, &[0.5, -0.25]), (Input::A, &[1.0, 0.0])], None);
        let answer = certified(Op::Mlr, None, &mirror, 140).unwrap();
        assert_eq!(answer[0].is_zero(), model == Model::Lorentz, "{model}: {answer:?}");
    }
    // Where no bound is known a component that is 0 or tiny is not certified, and said so.
    assert!(Uncertified::Zero(1).to_string().contains("2^-1"));
}

#[test]
fn no_component_is_smaller_than_the_bound_that_proves_zeros() {
    let mut bounded = 0;
    for index in 0..u64::from(common::cases(3000)) {
        let row = hostile(SEED, index);
        with_arithmetic!(row.arithmetic, |proto| {
            let inputs = row.inputs(&proto).map(Number::to_float);
            let Some(least) = least_exponent(row.request.op, row.request.by, &inputs) else { continue };
            let best = variant(row.request.op, row.request.model, BEST).unwrap();
            let answer = match row.request.by {
                None => truth(best, &inputs, BITS).map(components),
                Some(by) => hypprec::oracle::gradient_truth(best, &inputs, by, BITS),
            };
            for x in answer.iter().flatten().filter_map(Float::get_exp) {
                assert!(x > -(least as i32), "{:?} {index}: 2^{x} is below 2^-{least}", row.request);
                bounded += 1;
            }
        });
    }
    assert!(bounded > 2000, "{bounded}");
}

#[test]
fn an_answer_half_way_between_two_numbers_is_given() {
    // T = t² + ‖s‖² = 3 + 2^-139 exactly, by roots that are not: between two numbers of 140 bits.
    let x = [2f64.sqrt(), 1.0, 2f64.powi(-70)];
    let inputs = doubles(Model::LorentzAmbient, &[(Input::X, &x), (Input::Y, &x)], None);
    let exact = Float::with_val(200, 3) + (Float::with_val(200, 1) >> 139u32);
    for bits in [138, 139, 140, 141, 142, 300] {
        let time = certified(Op::Add, None, &inputs, bits).unwrap().swap_remove(0);
        let rounded = Float::with_val(bits, &exact);
        assert!(time == exact || time == rounded, "{bits}: {time}");
    }
    // Every tie, not this one: x ⊕ x = (1 + 2s², 2s√(1 + s²)) has a time of twice the bits of s.
    for k in [7, 26, 40, 69] {
        let s = [0.0, 1.0 + 2f64.powi(-k.min(52)), 2f64.powi(-k)];
        let inputs = doubles(Model::LorentzAmbient, &[(Input::X, &s), (Input::Y, &s)], None);
        let all = (40..180).filter(|bits| certified(Op::Add, None, &inputs, *bits).is_ok()).count();
        assert_eq!(all, 140, "{k}");
    }
}

#[test]
fn a_geodesic_goes_on_past_its_ends() {
    let to = |x: f64, t: f64, model| doubles(model, &[(Input::X, &[x]), (Input::Y, &[0.0])], Some(t));
    for model in [Model::Poincare, Model::Klein] {
        for t in [1e9, 1e300, 2e5] {
            says(Op::Geodesic, None, &to(0.5, t, model), &["-1.0"]);
            says(Op::Geodesic, None, &to(0.5, -t, model), &["1.0"]);
        }
    }
    // tanh((1 − t) artanh x): 2 artanh(3/5) and back to x.
    says(Op::Geodesic, None, &to(0.5, -1.0, Model::Poincare), &["0.8"]);
    says(Op::Geodesic, None, &to(0.5, 2.0, Model::Klein), &["-0.5"]);
    says(Op::Geodesic, None, &to(0.75, 2.0, Model::Lorentz), &["-0.75"]);
    let infinite = certified(Op::Geodesic, None, &to(0.75, 1e300, Model::Lorentz), BITS);
    assert_eq!(infinite, Err(Uncertified::Infinite));
}

#[test]
fn a_midpoint_has_no_negative_weight() {
    for model in Model::ALL {
        for t in [-1e-300, 1.5, 1e300] {
            let point: &[f64] = if *model == Model::LorentzAmbient { &[1.0, 0.0] } else { &[0.0, 0.0] };
            let inputs = doubles(*model, &[(Input::X, point), (Input::Y, point)], Some(t));
            let error = certified(Op::Midpoint, None, &inputs, BITS).unwrap_err();
            assert_eq!(error, Uncertified::Weight(t), "{model}");
        }
    }
}

#[test]
fn a_kink_is_known_where_the_derivative_is_a_convention() {
    let at = |x: &[f64], y: &[f64], model| doubles(model, &[(Input::X, x), (Input::Y, y)], None);
    for (op, x, y, kink) in [
        (Op::Distance, [0.5, 0.25], [0.5, 0.25], true),
        (Op::Distance, [0.0, -0.0], [0.0, 0.0], true),
        (Op::Distance, [0.5, 0.25], [0.5, 0.26], false),
        (Op::OriginDistance, [0.0, 0.0], [0.5, 0.0], true),
        (Op::OriginDistance, [0.0, 5e-324], [0.0, 0.0], false),
    ] {
        for model in [Model::Poincare, Model::Klein, Model::Lorentz] {
            let inputs = at(&x, &y, model);
            assert_eq!(is_kink(op, Some(Input::X), &inputs), kink, "{op} {model} {x:?} {y:?}");
            let zero = certified(op, Some(Input::X), &inputs, BITS).unwrap().iter().all(Float::is_zero);
            assert_eq!(zero, kink, "{op} {model} {x:?} {y:?}");
        }
    }
}
