//! The rim of the ball is where exact arithmetic has it, in every arithmetic: who is inside, what pulling inside gives, and
//! what a gradient just inside is.

mod common;

use common::{certified, value};
use hypprec::arithmetic::{Arithmetic, Dd, Mp, Number, Real, Scalar, Vector, number};
use hypprec::formula::{Input, Model, Op, Space, radial};
use hypprec::measure::ulps_of;
use hypprec::oracle::Inputs;
use hypprec::with_arithmetic;
use rug::Float;

fn read<S: Number>(like: &S, text: &str) -> Vec<S> {
    text.split_whitespace().map(|x| number::parse(like, x).unwrap()).collect()
}

fn printed<S: Number>(xs: &[S]) -> String {
    xs.iter().map(|x| number::print(x)).collect::<Vec<_>>().join(" ")
}

fn project<S: Number>(like: &S, c: &str, x: &str) -> Vec<S> {
    radial::ball_project(&Space::new(number::parse(like, c).unwrap()), read(like, x).as_slice())
}

#[test]
fn a_point_however_far_out_is_pulled_to_the_last_one_on_its_ray() {
    for (scalar, x, expected) in [
        ("f16", "256 0", "0.9995117 0.0"),
        ("f16", "65504 0", "0.9995117 0.0"),
        ("f16", "200 200", "0.70703125 0.70703125"),
        ("f16", "65504 65504", "0.70703125 0.70703125"),
        ("bf16", "3e38 0", "0.99609375 0.0"),
        ("bf16", "3e38 -3e38", "0.70703125 -0.70703125"),
        ("f32", "1.9e19 0", "0.99999994 0.0"),
        ("f32", "-3.4028235e38 0 0", "-0.99999994 0.0 0.0"),
        ("f64", "1.4e154", "0.9999999999999999"),
        ("f64", "1e150 0", "0.9999999999999999 0.0"),
        ("f64", "1.3e154 0", "0.9999999999999999 0.0"),
        ("f64", "1.7976931348623157e308 1.7976931348623157e308", "0.7071067811865475 0.7071067811865475"),
        // (0.6, 0.8) as stored lies outside by 4.4e-17.
        ("f64", "3 4", "0.6 0.7999999999999999"),
        ("f64", "30 40", "0.6 0.7999999999999999"),
        ("f64", "3e200 4e200", "0.6 0.7999999999999999"),
        ("f64", "1", "0.9999999999999999"),
        ("f64", "0.5 0.25", "0.5 0.25"),
    ] {
        let scalar: Arithmetic = scalar.parse().unwrap();
        with_arithmetic!(scalar, |proto| {
            let got = project(&proto, "1", x);
            assert_eq!(got, read(&proto, expected), "{scalar} {x}: {}", printed(&got));
            assert!(!Scalar::outside(&proto.lit(1.0), &got), "{scalar} {x}");
        });
    }
}

#[test]
fn exp0_and_clips_do_not_square_what_they_shorten() {
    let like = number::parse(&hypprec::arithmetic::F16::from_f64(0.0), "0").unwrap();
    let space = Space::new(number::parse(&like, "1e-5").unwrap());
    let far = radial::ball_exp0(&space, read(&like, "4e4 4e4").as_slice());
    // The rim is at 223.4551196 twice, between 223.375 and 223.5.
    assert_eq!(printed(&far), "2.234e2 2.234e2");
    for (scalar, x, expected) in [
        ("f16", "300 400", "3.0 4.0"),
        ("f16", "65504 0", "5.0 0.0"),
        ("bf16", "3e30 4e30", "3.0 4.0"),
        ("f32", "3e30 4e30", "3.0 4.0"),
        ("f64", "3e300 4e300", "3.0 4.0"),
        ("f64", "3 3.9", "3.0 3.9"),
    ] {
        let scalar: Arithmetic = scalar.parse().unwrap();
        with_arithmetic!(scalar, |proto| {
            let clipped = read(&proto, x).as_slice().clip_norm(&proto.lit(5.0));
            let exact = |xs: &[_]| xs.iter().map(Number::to_float).collect::<Vec<Float>>();
            assert!(ulps_of(&proto, &exact(&read(&proto, expected)), &exact(&clipped)) <= 2.0, "{scalar} {x}");
        });
    }
}

#[test]
fn double_doubles_and_mpfr_numbers_lie_where_both_their_ends_say() {
    let like = Dd::from(0.0);
    let one = Dd::from(1.0);
    let inside = read(&like, "0.5076923076923076923076923076923076923077 0.8615384615384615384615384615384615384615");
    let outside = read(&like, "0.28 0.96");
    assert!(!Dd::outside(&one, &inside) && Dd::outside(&one, &outside));
    let space = Space::new(one);
    let d = radial::poincare_radius(&space, inside.as_slice()).to_float();
    assert!((d - 76.261_694_048_129_94_f64).abs() < 2e-14);
    for bits in [24, 53, 113, 500] {
        let like = Mp::new(bits, 0);
        let one = Mp::new(bits, 1);
        let exact = |text: &str| {
            let xs = read(&like, text);
            let wide = |x: &Mp| Float::with_val(20_000, x.0.square_ref());
            let sum = xs.iter().fold(Float::new(20_000), |sum, x| sum + wide(x));
            assert_eq!(Mp::outside(&one, &xs), sum >= 1, "{bits}: {text}");
        };
        for text in ["0.6 0.8", "0.28 0.96", "1 1e-1000", "1", "0.99999999999999999999999999999999 1e-1000", "0.1 0.2"]
        {
            exact(text);
        }
    }
}

#[test]
fn gradients_just_inside_the_rim_keep_their_digits() {
    let mut checked = 0;
    for scalar in ["f16", "bf16", "f32", "f64"] {
        let scalar: Arithmetic = scalar.parse().unwrap();
        with_arithmetic!(scalar, |proto| {
            for n in [1usize, 2, 17] {
                for model in [Model::Poincare, Model::Klein] {
                    for (op, by) in [(Op::OriginDistance, Input::X), (Op::Distance, Input::X), (Op::Distance, Input::Y)]
                    {
                        let direction: Vec<_> = (0..n).map(|i| proto.lit(1.0 + (i as f64 * 0.7).sin())).collect();
                        let x = direction.as_slice().pull_inside(&proto.lit(1.0));
                        let mut inputs = Inputs::new(model, proto.lit(1.0));
                        inputs.y = Some(x.iter().rev().cloned().collect());
                        inputs.x = Some(x);
                        if op == Op::Distance && n == 1 {
                            inputs.y = Some(vec![proto.lit(0.25)]);
                        }
                        let truth =
                            certified(op, Some(by), &inputs.map(Number::to_float), 2 * proto.bits() + 60).unwrap();
                        let got: Vec<Float> = value(op, Some(by), &inputs).iter().map(Number::to_float).collect();
                        if got.iter().all(Float::is_finite) {
                            let off = ulps_of(&proto, &truth, &got);
                            assert!(off <= 2.0, "{scalar} {model} {op} by {by}, {n}: {off} ulps");
                            checked += 1;
                        }
                    }
                }
            }
        });
    }
    assert!(checked > 60, "{checked}");
}

/// One row: operation, model, arithmetic, c, and what it takes.
type Case = (Op, Model, &'static str, &'static str, &'static [(Input, &'static str)]);

/// What rounding an answer once, and pulling it inside where that put it on the rim, may cost.
const ANSWER_ULPS: f64 = 2.0;

#[test]
fn answers_of_the_balls_hold_to_the_ends_of_their_ranges() {
    use Input::{A, P, T, V, X, Y};
    let cases: &[Case] = &[
        (Op::Geodesic, Model::Poincare, "f32", "1", &[(X, "0.9999 0"), (Y, "0 0"), (T, "40")]),
        (Op::Geodesic, Model::Poincare, "f64", "1", &[(X, "0.5"), (Y, "0"), (T, "1e9")]),
        (Op::Geodesic, Model::Poincare, "f32", "1", &[(X, "0.5 0.25"), (Y, "-0.25 0.5"), (T, "-3")]),
        (Op::Geodesic, Model::Poincare, "f64", "1", &[(X, "0.9 0.1"), (Y, "0.90000001 0.1"), (T, "1e8")]),
        (Op::Geodesic, Model::Poincare, "f16", "1", &[(X, "0.998"), (Y, "0.9976"), (T, "-38")]),
        (Op::Geodesic, Model::Poincare, "bf16", "1", &[(X, "0.17 -0.91"), (Y, "3.25e-38 -3.75e-37"), (T, "1")]),
        (Op::Geodesic, Model::Klein, "f32", "1", &[(X, "0.9999 0"), (Y, "0 0"), (T, "40")]),
        (Op::Geodesic, Model::Klein, "f64", "1", &[(X, "0.9999999999 0.00001"), (Y, "-0.5 0.5"), (T, "29")]),
        (Op::Geodesic, Model::Klein, "f64", "1", &[(X, "0.25 0.5"), (Y, "0.75 0.125"), (T, "-1e300")]),
        (Op::Exp, Model::Klein, "f64", "1", &[(X, "0.9544008434710973 0.29852810584877565"), (V, "3e285 -3.7e285")]),
        (Op::Exp, Model::Klein, "f16", "1", &[(X, "-0.1615 -0.987"), (V, "0.0003607 0.0009074")]),
        (Op::Exp, Model::Klein, "f64", "1", &[(X, "0.8087962583199897 0.588088949503007"), (V, "-2.3e307 -3.8e307")]),
        (
            Op::Exp,
            Model::Poincare,
            "f64",
            "1",
            &[(X, "0.8087962583199897 0.588088949503007"), (V, "-2.3e307 -3.8e307")],
        ),
        (Op::Exp, Model::Poincare, "f64", "3.39256055871148e300", &[(X, "-5.42920444047e-151"), (V, "4.2e-153")]),
        (Op::Exp0, Model::Poincare, "f64", "1.5e307", &[(V, "1e200 -3e200 2e200")]),
        (Op::Exp0, Model::Klein, "f64", "5e-324", &[(V, "1e300 -3e-300 2e200")]),
        (Op::Add, Model::Poincare, "f64", "4.42e296", &[(X, "-4.75405053348e-149"), (Y, "4.75405053334e-149")]),
        (Op::Distance, Model::Poincare, "f64", "1e299", &[(X, "1e-150 2e-150"), (Y, "-1e-150 2e-150")]),
        (Op::Distance, Model::Klein, "f64", "5e-301", &[(X, "1e150 9e149"), (Y, "1e150 -9e149")]),
        (Op::Distance, Model::Klein, "f64", "1", &[(X, "0.9999999999 5e-324"), (Y, "0.9999999999 1e-323")]),
        (Op::Log, Model::Poincare, "f64", "5.5e304", &[(X, "-1e-153 -2.1e-153"), (Y, "-1.01e-153 -2.1e-153")]),
        (
            Op::Gyration,
            Model::Poincare,
            "f64",
            "3e299",
            &[(X, "1e-150 1e-150"), (Y, "-1e-150 1e-150"), (V, "1e-151 0")],
        ),
        (
            Op::Gyration,
            Model::Klein,
            "f64",
            "1.39e297",
            &[(X, "8e-323 -2.68e-149"), (Y, "-1e-149 2.4e-149"), (V, "-4e-195 1e-235")],
        ),
        (
            Op::Transport,
            Model::Poincare,
            "f64",
            "1",
            &[(X, "0 -0.9999998807907104"), (Y, "-4.86e-5 8e-46"), (V, "2.866e-321 2e-321")],
        ),
        (
            Op::Transport,
            Model::Klein,
            "f64",
            "1",
            &[(X, "0.6267 0.7792"), (Y, "-1.4e-9 -1.7e-9"), (V, "1.5e-323 1.5e-323")],
        ),
        (Op::Transport, Model::Klein, "f64", "1", &[(X, "0.99 0.1"), (Y, "-0.5 0.5"), (V, "1e306 -1e306")]),
        (Op::Mlr, Model::Poincare, "f64", "7.7e-142", &[(X, "1.1e44 2e43"), (P, "2.4e64 2.5e64"), (A, "0 5e-324")]),
        (Op::Mlr, Model::Klein, "f64", "1", &[(X, "-0.9999999999734765"), (P, "4.9e-316"), (A, "-4.3e-316")]),
        (Op::Mlr, Model::Klein, "f64", "1", &[(X, "0.5 0.25"), (P, "0.1 0.2"), (A, "1.7e308 1e308")]),
        (
            Op::Midpoint,
            Model::Poincare,
            "f32",
            "0.0008144002",
            &[(X, "9.851011e-14 -1.9507184e-13"), (Y, "-9.85101e-14 1.9507182e-13"), (T, "0.47311345")],
        ),
        (Op::Midpoint, Model::Klein, "bf16", "1", &[(X, "0.938 0"), (Y, "-0.938 0"), (T, "0.455")]),
    ];
    for (op, model, scalar, c, given) in cases {
        let scalar: Arithmetic = scalar.parse().unwrap();
        with_arithmetic!(scalar, |proto| {
            let mut inputs = Inputs::new(*model, number::parse(&proto, c).unwrap());
            for (input, text) in *given {
                match inputs.vector_mut(*input) {
                    Some(place) => *place = Some(read(&proto, text)),
                    None => inputs.t = number::parse(&proto, text),
                }
            }
            let off = off_by(*op, &proto, &inputs);
            assert!(off <= ANSWER_ULPS, "{op} {model} {scalar} c {c} {given:?}: {off} ulps");
        });
    }
}

/// How many ulps the default's answer is from the nearest one that is a point of the model.
fn off_by<S: Number>(op: Op, like: &S, inputs: &Inputs<S>) -> f64 {
    let truth = certified(op, None, &inputs.map(Number::to_float), 2 * like.bits() + 60).unwrap();
    let got = value(op, None, inputs);
    let exact = |xs: &[S]| xs.iter().map(Number::to_float).collect::<Vec<Float>>();
    let nearest: Vec<S> = truth.iter().map(|x| like.nearest(x)).collect();
    let point = op.kind() == hypprec::formula::Kind::Point;
    let nearest = if point { nearest.as_slice().pull_inside(&inputs.c) } else { nearest };
    assert!(!point || !S::outside(&inputs.c, &got), "{op}: outside");
    ulps_of(like, &truth, &exact(&got)).min(ulps_of(like, &exact(&nearest), &exact(&got)))
}

/// What pulling inside costs a point whose every coordinate is small beside its norm: 4u of the norm.
const PULLED_ULPS: f64 = 4.0;

#[test]
fn long_vectors_lose_no_more_than_short_ones() {
    for n in [17usize, 256, 512] {
        let like = 0f64;
        let wave = |phase: f64| (0..n).map(|i| (i as f64 * phase + 0.3).sin()).collect::<Vec<f64>>();
        let x = wave(0.7).as_slice().pull_inside(&1.0);
        for model in [Model::Poincare, Model::Klein] {
            let mut inputs = Inputs::new(model, 1.0);
            inputs.v = Some(wave(1.3));
            assert!(off_by(Op::Exp0, &like, &inputs) <= PULLED_ULPS, "exp0 {model} {n}");
            for factor in [-1e-15, -3e-16, 1e-16, -1.0, -1e10] {
                let along = |(x, w): (&f64, &f64)| x * factor + w * 1e-12;
                inputs.v = Some(x.iter().zip(&wave(1.9)).map(along).collect());
                inputs.x = Some(x.clone());
                let off = off_by(Op::Exp, &like, &inputs);
                assert!(off <= PULLED_ULPS, "exp {model} {n} {factor}: {off}");
            }
        }
    }
}
