//! Far out on the hyperboloid, near its origin, and at both ends of an arithmetic's range every default gives the right value:
//! points on one line and nearly on one, the largest coordinates and the smallest, beside one another.

mod common;

use common::{certified, value};
use hypprec::arithmetic::{Number, Real, Scalar};
use hypprec::formula::{BEST, Clamps, Input, Model, Op, variant};
use hypprec::guard::guard;
use hypprec::measure::ulps_of;
use hypprec::oracle::{Inputs, gradient_of, gradient_truth, value_of};
use hypprec::with_arithmetic;
use hypprec::{Hyperbolic, Lorentz};
use rug::Float;

/// Bits of a truth beyond twice those of the arithmetic.
const GUARD_BITS: u32 = 60;
/// The bar: own numbers, own points, own gradients, in units in the last place of the largest component.
const NUMBER_ULPS: f64 = 2.0;
const POINT_ULPS: f64 = 2.0;
const GRADIENT_ULPS: f64 = 4.0;

/// A row: operation, what by (`-`: the value, `c`: by the curvature), scalar, `name numbers; …` and the right value to as many
/// digits as stand here, empty where only the certified truth says.
type Row = (Op, &'static str, &'static str, &'static str, &'static str);

/// Found by a hostile search against an independent computation in Arb.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Points on one line.
    (Op::Gyration, "-", "f64", "c 1; x 2e50; y -8e50; v 1", "1"),
    (Op::Gyration, "-", "f32", "c 1; x 9e20; y -2e20; v 1", "1"),
    (Op::Gyration, "-", "f64", "c 1; x 2e50 4e50; y -8e50 -16e50; v 1 3", "1 3"),
    (Op::Gyration, "-", "f64", "c 1; x 3e300; y -8e299; v -1e-300", "-1e-300"),
    (Op::Gyration, "-", "f64", "c 1; x 1 0; y 0.5 1e-200; v 1 1", "1 1"),
    (Op::Gyration, "-", "f64", "c 256; x 327680 0; y -3.348642328713775e257 7.680400685325304e258; v -8.78094865708349e-134 0", "3.8248283074682915e-135 8.7726145590992558e-134"),
    (Op::Transport, "-", "f32", "c 1; x 1e12; y .1; v .4", "4.0200e-13"),
    (Op::Transport, "-", "f32", "c 1; x 5.3e20; y .041; v 2.3", "4.34e-21"),
    (Op::Transport, "-", "f64", "c 1; x 5.3e120; y -1e90; v 2.3", ""),
    (Op::Transport, "-", "f64", "c 1; x 5.3e120 1e104; y -1e90 3; v 2.3 1e-100", ""),
    (Op::Transport, "-", "f32", "c 1; x 3e30 -3e30; y 1e-20 1e-20; v 1e10 -1e10", ""),
    (Op::Transport, "-", "f64", "c 1; x 0; y 3; v 1", ""),
    (Op::Geodesic, "-", "f32", "c 1; x 4e16; y 1; t 1", "1"),
    (Op::Geodesic, "-", "f64", "c 1; x 4e160; y 1 ; t 1", "1"),
    (Op::Geodesic, "-", "f64", "c 1; x 4e160 1; y 1 1e-30; t 1", "1 1e-30"),
    (Op::Geodesic, "-", "f32", "c 1; x 1e12; y 1e6; t 2", ""),
    (Op::Geodesic, "-", "f64", "c 1; x 1e200; y 1e100; t 2", ""),
    (Op::Geodesic, "-", "f64", "c 1; x 1e100; y 1e120; t -5", ""),
    (Op::Geodesic, "-", "f64", "c 1; x 0 0; y 0 -2.8557558266143336e159; t -1.1282464849155184e-277", "0 4.1502943358436074e-275"),
    (Op::Add, "-", "f64", "c 1; x -8e159; y 7e159", "-.13393"),
    (Op::Add, "-", "f64", "c 1; x -8e159 0; y 7e159 0", "-.13393 0"),
    (Op::Add, "-", "f64", "c 1; x 7.614730809189194e307; y -0.1876949472639355", "6.3184545063469717e307"),
    (Op::Exp, "-", "f64", "c 1; x 1e307; v -7e307", ""),
    (Op::Log, "-", "f64", "c 1; x 2.9103830456733704e-11 0; y -1.1235582092889474e307 0", "-7.0770327135173326e2 0"),
    (Op::Midpoint, "-", "f64", "c 1; x 9e300 1e300; y -9e300 -9.9e299; t .5", ""),
    // A coordinate past 1.3e300, and one of 1e-300 beside an ordinary one.
    (Op::Distance, "-", "f64", "c 1; x 5e300; y 5e300", "0"),
    (Op::Distance, "-", "f64", "c 1; x 1.7e308 1.7e308; y -1.7e308 1e-308", ""),
    (Op::Distance, "-", "dd", "c 1; x 1.7e308 1.7e308; y -1.7e308 1e-300", ""),
    (Op::OriginDistance, "-", "f64", "c 1e-300; x 5e-324", ""),
    (Op::Gyration, "-", "f64", "c 1; x 1 1e-160; y .5 .5; v 1 1e-200", ""),
    (Op::Distance, "y", "f64", "c 1; x -1 0; y -1 -4e-236", ""),
    (Op::Distance, "x", "f64", "c 1; x 26.082437298364468 0; y 26.082437298364468 -5e-324", "9.4573304742479329e-326 1"),
    (Op::Distance, "y", "f64", "c .4375; x 0; y 5e-324", "1"),
    // Gradients near the origin.
    (Op::Distance, "x", "f16", "c 1; x 1e-5 0; y .5 .25", "-.894423086504453 -.447221804307024"),
    (Op::Distance, "x", "f64", "c 1; x 1e-300 0; y .5 .25", ""),
    (Op::Distance, "x", "bf16", "c 1; x 1e-38 0; y .5 .25", ""),
    (Op::Mlr, "p", "f16", "c 1; x .5 .25; p 1e-5 0; a 1 -.5", ""),
    (Op::Mlr, "a", "f16", "c 1; x .5 .25; p 0 6e-8; a 1 -.5", ""),
    (Op::Mlr, "x", "f64", "c 1; x .5 .25; p 1e-300 0; a 1 -.5", ""),
    (Op::Mlr, "-", "bf16", "c 1; x .5 .25; p 1e-38 0; a 1 -.5", ""),
    (Op::Distance, "x", "f16", "c 10256; x 0 0; y 2.384185791015625e-6 0", "-1 0"),
    // The derivative by c, where d is a power series in c.
    (Op::Distance, "c", "f32", "c 1e-7; x 1e-3 0; y 0 1e-3", "-1.17851146990638368609882e-10"),
    (Op::Distance, "c", "f64", "c 1e-7; x 1e-3 0; y 0 1e-3", ""),
    (Op::Distance, "c", "f64", "c 1; x .1 0; y 0 .1", ""),
    (Op::Distance, "c", "bf16", "c 1e-7; x 1e-3 0; y 0 1e-3", ""),
    (Op::Distance, "c", "f16", "c .01; x .1 0; y 0 .1", ""),
    (Op::Distance, "c", "f64", "c 1e-200; x 1e-3 0; y 0 1e-3", ""),
    (Op::OriginDistance, "c", "f32", "c 1e-7; x 1e-3 0", ""),
    (Op::Mlr, "c", "f32", "c 1e-7; x 1e-3 0; p 0 1e-3; a 1 1", ""),
];

fn inputs<S: Number>(model: Model, text: &str, like: &S) -> Inputs<S> {
    let number = |text: &str| like.nearest(&Float::with_val(400, Float::parse(text).unwrap()));
    let mut inputs = Inputs::new(model, like.lit(1.0));
    for part in text.split(';') {
        let (name, numbers) = part.trim().split_once(' ').unwrap();
        let numbers: Vec<S> = numbers.split_whitespace().map(number).collect();
        match name {
            "c" => inputs.c = numbers[0].clone(),
            "t" => inputs.t = Some(numbers[0].clone()),
            name => *inputs.vector_mut(name.parse().unwrap()).unwrap() = Some(numbers),
        }
    }
    inputs
}

/// The derivative by this input's name, `None` by the curvature.
fn by(name: &str) -> Option<Input> {
    (name != "c").then(|| name.parse().unwrap())
}

fn own<S: Scalar>(op: Op, name: &str, inputs: &Inputs<S>) -> Vec<S> {
    if name == "-" {
        return value(op, None, inputs);
    }
    gradient_of(variant(op, inputs.model, BEST).unwrap(), Clamps::NONE, inputs, by(name), |x| x)
}

fn truth(op: Op, name: &str, inputs: &Inputs<Float>, bits: u32) -> Vec<Float> {
    if name == "-" {
        return certified(op, None, inputs, bits).unwrap();
    }
    let best = variant(op, inputs.model, BEST).unwrap();
    gradient_truth(best, inputs, by(name), bits).unwrap()
}

/// How far the default is off, in units in the last place; infinite where it is not a number.
fn off<S: Number>(op: Op, name: &str, inputs: &Inputs<S>) -> (f64, Vec<Float>, Vec<Float>) {
    let value: Vec<Float> = own(op, name, inputs).iter().map(Number::to_float).collect();
    let truth = truth(op, name, &inputs.map(Number::to_float), 2 * inputs.c.bits() + GUARD_BITS);
    let ulps = if value.iter().all(Float::is_finite) { ulps_of(&inputs.c, &truth, &value) } else { f64::INFINITY };
    (ulps, value, truth)
}

fn allowed(op: Op, name: &str) -> f64 {
    match (name, op) {
        ("-", Op::Distance | Op::OriginDistance | Op::Mlr) => NUMBER_ULPS,
        ("-", _) => POINT_ULPS,
        _ => GRADIENT_ULPS,
    }
}

#[test]
fn every_input_that_was_wrong_has_its_right_value() {
    let mut wrong = Vec::new();
    for (op, name, scalar, text, right) in ROWS {
        with_arithmetic!(scalar.parse().unwrap(), |proto| {
            let inputs = inputs(Model::Lorentz, text, &proto);
            let (ulps, value, truth) = off(*op, name, &inputs);
            if ulps > allowed(*op, name) {
                wrong.push(format!("{op} by {name} in {scalar}, {text}: {ulps} ulps, {value:?} for {truth:?}"));
            }
            for (got, right) in truth.iter().zip(right.split_whitespace()) {
                // As many digits as stand there, of inputs that the arithmetic rounded first.
                let digits = right.trim_start_matches(['-', '.', '0']).chars().take_while(|c| *c != 'e');
                let digits = digits.filter(char::is_ascii_digit).count() as i32;
                let right = Float::with_val(400, Float::parse(right).unwrap());
                let rounding = Float::with_val(60, 1) >> (proto.bits() as i32 - 3);
                let slack = Float::with_val(60, 10f64.powi(1 - digits)) + rounding;
                let error = Float::with_val(400, got - &right).abs();
                assert!(error <= right.clone().abs() * slack, "{op} {text}: {got} is not {right}");
            }
        });
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_library_gives_the_same_at_the_ends_of_the_range() {
    let lorentz = Lorentz::new(1.0f64).unwrap();
    assert_eq!(lorentz.distance(&[5e300], &[5e300]), 0.0);
    assert_eq!(lorentz.gyration(&[2e50], &[-8e50], &[1.0]), [1.0]);
    assert_eq!(lorentz.geodesic(&[4e160], &[1.0], &1.0), [1.0]);
    assert_eq!(lorentz.midpoint(&[[1e300, 0.0], [-1e300, 0.0]], &[0.5, 0.5]), [0.0, 0.0]);
    assert_eq!(lorentz.time(&[1.7e308]), 1.7e308);
    assert_eq!(lorentz.to_klein(&[1e-310]), [1e-310]);
    let there = lorentz.to_poincare(&[1.7e308, 1.7e308]);
    assert!(there.iter().all(|x| (x - 0.5f64.sqrt()).abs() < 1e-15), "{there:?}");
    assert!(Lorentz::new(1e-300f64).unwrap().distance(&[1e-5], &[-1e-5]) == 2e-5);
}

#[test]
fn past_the_largest_number_exp_is_infinite_and_says_so() {
    let lorentz = Lorentz::new(1.0f64).unwrap();
    // sinh 710.4 is the last that f64 holds.
    assert!(lorentz.exp0(&[710.4, 0.0])[0].is_finite());
    let beyond = lorentz.exp0(&[711.0, 0.0]);
    assert_eq!(beyond, [f64::INFINITY, 0.0]);
    assert!(lorentz.check_point(&beyond).is_err());
}

#[test]
fn a_ceiling_on_lengths_caps_the_argument_of_sinh_alone() {
    // MERU divides by the length itself: a vector past arsinh 2¹⁵ leads to radius arsinh 2¹⁵ in its own direction, at 2¹⁵.
    let meru = guard("meru").unwrap();
    for (v, right) in [([300.0, 400.0], [19660.8, 26214.4]), ([3.0, -4.0], [0.6 * 5f64.sinh(), -0.8 * 5f64.sinh()])] {
        let mut inputs = Inputs::new(Model::Lorentz, 1.0);
        inputs.v = Some(v.to_vec());
        let sinh = variant(Op::Exp0, Model::Lorentz, "sinh").unwrap();
        let value = value_of(sinh, meru.clamps, &inputs).components();
        let near = value.iter().zip(right).all(|(x, y)| (x - y).abs() < 1e-9 * y.abs());
        assert!(near, "{value:?} for {right:?}");
        (inputs.x, inputs.v) = (Some(vec![0.0, 0.0]), Some(v.to_vec()));
        let plain = value_of(variant(Op::Exp, Model::Lorentz, "plain").unwrap(), meru.clamps, &inputs).components();
        assert!(plain.iter().zip(right).all(|(x, y)| (x - y).abs() < 1e-9 * y.abs()), "{plain:?} for {right:?}");
    }
}

/// Whole numbers from a fixed recurrence (Knuth's MMIX multiplier).
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Rows that are drawn of every arithmetic.
const DRAWN: u32 = 12;

#[test]
fn on_a_line_every_operation_keeps_its_digits_however_far_out() {
    let ops = [Op::Distance, Op::Add, Op::Exp, Op::Log, Op::Transport, Op::Geodesic, Op::Gyration, Op::Mlr];
    let mut wrong = Vec::new();
    for (scalar, reach) in [("f16", 15), ("bf16", 120), ("f32", 120), ("f64", 1000)] {
        with_arithmetic!(scalar.parse().unwrap(), |proto| {
            let mut draws = Draws(7);
            for _ in 0..common::cases(DRAWN) {
                // Powers of two far apart along one direction, most of them outwards of 1.
                let mut power = |direction: [f64; 2]| {
                    let exponent = draws.below(4 * reach / 3) as i32 - reach as i32 / 3;
                    let sign = if draws.below(2) == 0 { 1.0 } else { -1.0 };
                    direction.map(|u| proto.nearest(&(Float::with_val(200, sign * u) << exponent))).to_vec()
                };
                let direction = [1.0, 0.75];
                let mut row = Inputs::new(Model::Lorentz, proto.lit(1.0));
                (row.x, row.y, row.v) = (Some(power(direction)), Some(power(direction)), Some(power(direction)));
                (row.p, row.a) = (row.y.clone(), row.v.clone());
                row.t = Some(proto.lit(draws.below(9) as f64 / 8.0));
                for op in ops {
                    // A vector that leads past the largest number is asked of exp elsewhere.
                    let exact = row.map(Number::to_float);
                    let Ok(truth) = certified(op, None, &exact, 2 * proto.bits() + GUARD_BITS) else { continue };
                    if truth.iter().any(|x| !proto.nearest(x).to_float().is_finite()) {
                        continue;
                    }
                    let (ulps, value, truth) = off(op, "-", &row);
                    if ulps > allowed(op, "-") {
                        wrong.push(format!("{op} in {scalar}, {row:?}: {ulps} ulps, {value:?} for {truth:?}"));
                    }
                }
            }
        });
    }
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_derivative_by_c_keeps_its_digits_in_every_model_as_the_curvature_vanishes() {
    let mut wrong = Vec::new();
    for model in [Model::Poincare, Model::Klein, Model::Lorentz] {
        for scalar in ["f16", "bf16", "f32", "f64", "dd", "mpfr:113"] {
            with_arithmetic!(scalar.parse().unwrap(), |proto| {
                for op in [Op::Distance, Op::OriginDistance, Op::Mlr] {
                    for exponent in [-1, -4, -7] {
                        let c = format!("1e{exponent}");
                        let row = format!("c {c}; x .3 0; y 0 .1; p .2 -.1; a 1 .7");
                        let (ulps, value, truth) = off(op, "c", &inputs(model, &row, &proto));
                        // A double-double's functions are good to 2^-96, ten bits less than its ulps.
                        let most = if scalar == "dd" { 4096.0 } else { GRADIENT_ULPS };
                        if ulps > most {
                            wrong
                                .push(format!("{model} {op} in {scalar}, {row}: {ulps} ulps, {value:?} for {truth:?}"));
                        }
                    }
                }
            });
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
