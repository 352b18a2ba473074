//! One suite for every model in every arithmetic: what a model of hyperbolic space owes its user, to what storing costs.
//!
//! The tolerance of a comparison is K·u·cosh(ρ)^g: u the arithmetic's unit roundoff, ρ the largest radius (times √c) of any
//! point that was stored on the way, g = 2 on Klein's ball (whose gap is 1/cosh² ρ) and 1 elsewhere, and K the number of
//! stored coordinates and vectors that a comparison may have rounded.

mod common;

use common::value;
use hypprec::arithmetic::{Bf16, Dd, Dual, F16, Mp, Number, Real, Scalar, Vector};
use hypprec::formula::{Model, Op};
use hypprec::model::{CurvatureError, PointError};
use hypprec::oracle::{Direction, Inputs, Sample};
use hypprec::{Hyperbolic, Klein, Lorentz, PoincareBall};
use std::fmt::Debug;

/// K above: every comparison here stores at most four points or vectors, each coordinate to half a unit in the last place.
const ROUNDINGS: f64 = 64.0;
/// c of the suite's space and of its smallest curvature, a power of four so that scaling by √c is exact: 9·10⁻¹³.
const CURVATURES: [f64; 2] = [1.0, 0.0625];
const SMALLEST: i32 = -40;

/// An arithmetic of the suite, and the numbers that its inputs are stored as.
trait Tested: Scalar {
    type Stored: Number;
    fn take(stored: &Self::Stored) -> Self;
    fn stored(&self) -> &Self::Stored;
    fn get(&self) -> f64 {
        self.stored().to_float().to_f64()
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Tested for $number {
            type Stored = $number;
            fn take(stored: &$number) -> $number {
                stored.clone()
            }
            fn stored(&self) -> &$number {
                self
            }
        }
    )*};
}
numbers!(F16, Bf16, f32, f64, Dd, Mp);

impl Tested for Dual<f64> {
    type Stored = f64;
    fn take(stored: &f64) -> Self {
        Dual::constant(*stored)
    }
    fn stored(&self) -> &f64 {
        &self.value
    }
}

fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    for c in CURVATURES {
        for dim in [2, 5] {
            for &direction in Direction::ALL {
                for radius in [0.3, 1.2] {
                    samples.push(Sample { c, dim, radius, separation: 0.4, direction, seed: samples.len() as u64 });
                }
            }
        }
    }
    samples
}

fn to_vec<S: Tested>(x: &[S::Stored]) -> Vec<S> {
    x.iter().map(S::take).collect()
}

fn negated<S: Scalar>(x: &[S]) -> Vec<S> {
    x.iter().map(|x| -x.clone()).collect()
}

/// The suite for one model in one arithmetic.
fn suite<S: Tested, M: Hyperbolic<S>>(model: Model, like: &S::Stored) {
    let u = 2f64.powi(-(like.bits() as i32));
    let growth = if model == Model::Klein { 2 } else { 1 };
    for sample in samples() {
        let c = S::take(&like.lit(sample.c));
        let space = M::new(c.clone()).unwrap();
        let inputs = sample.encode(Op::Transport, model, model, like);
        let [x, y, v] = [inputs.x, inputs.y, inputs.v].map(|x| to_vec::<S>(&x.unwrap()));
        let (x, y, v) = (&x, &y, &v);
        let root = sample.c.sqrt();
        let far = sample.radius + sample.separation;
        // Comparisons of distances are in units of 1/√c.
        let tolerance = |rho: f64| ROUNDINGS * u * rho.cosh().powi(growth);
        let close = |what: &str, error: f64, rho: f64| {
            assert!(error <= tolerance(rho), "{model} {what}: {error:e} > {:e}: {sample:?}", tolerance(rho));
        };
        let apart = |a: &Vec<S>, b: &Vec<S>| space.distance(a, b).get() * root;

        // Distance.
        let d = space.distance(x, y);
        assert_eq!(space.distance(x, x).get(), 0.0, "{model} {sample:?}");
        assert_eq!(d.get(), space.distance(y, x).get(), "{model} {sample:?}");
        assert!(d.get() >= 0.0 && (d.get() == 0.0) == (sample.direction == Direction::Same));
        close("origin distance", (space.origin_distance(x).get() * root - sample.radius).abs(), far);

        // exp and log.
        let log = space.log(x, y);
        close("exp after log", apart(&space.exp(x, &log), y), far);
        close("length of log", (space.norm(x, &log).get() - d.get()).abs() * root, far);
        let there = space.exp(x, v);
        let difference = space.log(x, &there).minus(v.as_slice());
        close("log after exp", space.norm(x, &difference).get() * root, far + 1.0);
        close("exp0 after log0", apart(&space.exp0(&space.log0(x)), x), far);

        // Along the geodesic.
        let at = |t: f64| space.geodesic(x, y, &c.lit(t));
        close("start", apart(&at(0.0), x), far);
        close("end", apart(&at(1.0), y), far);
        close("midpoint", apart(&space.midpoint(&[x, y], &[c.lit(0.5), c.lit(0.5)]), &at(0.5)), far);
        close("double", apart(&space.scale(&c.lit(2.0), &space.scale(&c.lit(0.5), x)), x), far);
        let carried = space.transport(x, y, v);
        close("carried length", (space.norm(y, &carried).get() - space.norm(x, v).get()).abs() * root, far);
        let back = space.transport(y, x, &carried).minus(v.as_slice());
        close("carried back", space.norm(x, &back).get() * root, far + 1.0);

        // Gyrogroup. The sum is stored at up to twice the radius.
        let sum = space.add(x, y);
        close("left cancellation", apart(&space.add(&negated(x), &sum), y), 2.0 * far);
        let turned = space.gyration(x, y, &log);
        // A gyration is linear: of vectors as small as this it is the same rotation.
        let small = |v: &[S]| v.iter().map(|v| v.clone().ldexp(-3)).collect::<Vec<S>>();
        let (w, turned_w) = (small(&log), small(&turned));
        let lengths = space.origin_distance(&w).get() - space.origin_distance(&turned_w).get();
        close("gyration keeps lengths", lengths.abs() * root, far);
        let angles = w.as_slice().dot(x).get() - turned_w.as_slice().dot(&space.gyration(x, y, x)).get();
        let size = (w.as_slice().norm2().get() * x.as_slice().norm2().get()).sqrt();
        close("gyration keeps angles", angles.abs() / (size + u), far);
        let (one, other) = (space.add(x, &space.add(y, &w)), space.add(&sum, &space.gyration(x, y, &w)));
        close("gyroassociativity", apart(&one, &other), 3.0 * far);

        // A hyperplane's score at exp_p(a) is ‖a‖².
        let (score, norm) = (space.mlr(&there, x, v).get(), space.norm(x, v).get());
        close("score", (score - norm * norm).abs() * sample.c, far + 2.0);

        // What is a point stays as it is.
        space.check_point(x).unwrap();
        let projected = space.project(x);
        assert!(projected.iter().zip(x).all(|(a, b)| a.get() == b.get()), "{model} {sample:?}");
    }
}

/// Coordinates and c scaled by powers of two give the same distance, scaled, to the bit.
fn scale_covariance<S: Tested, M: Hyperbolic<S>>(model: Model, like: &S::Stored) {
    for direction in [Direction::Radial, Direction::Tangential, Direction::Random] {
        let sample = Sample { c: 1.0, dim: 3, radius: 1.5, separation: 0.1, direction, seed: 1 };
        let inputs = sample.encode(Op::Distance, model, model, like);
        let [x, y] = [inputs.x, inputs.y].map(|x| to_vec::<S>(&x.unwrap()));
        let d = M::new(S::take(&like.lit(1.0))).unwrap().distance(&x, &y);
        for exponent in [SMALLEST, -4, 6] {
            let c = S::take(&like.lit(1.0)).ldexp(exponent);
            let scaled = |x: &[S]| x.ldexp(-exponent / 2);
            let there = M::new(c).unwrap().distance(&scaled(&x), &scaled(&y));
            assert_eq!(there.ldexp(exponent / 2).get(), d.get(), "{model} c = 2^{exponent}");
        }
    }
}

/// Points and tangent vectors there and back between any two models.
fn round_trips<S: Tested<Stored = S> + Number>(like: &S) {
    let u = 2f64.powi(-(like.bits() as i32));
    for sample in samples() {
        let size = |to: Model| if to == Model::Klein { 2 } else { 1 };
        for from in Model::ALL {
            for to in Model::ALL {
                let convert = |x: &Vec<S>, from: Model, to: Model| {
                    let mut inputs = Inputs::new(from, like.lit(sample.c));
                    inputs.to = to;
                    inputs.x = Some(x.clone());
                    value(Op::Convert, None, &inputs)
                };
                let x = sample.encode(Op::Convert, *from, *to, like).x.unwrap();
                let back = convert(&convert(&x, *from, *to), *to, *from);
                let mut inputs = Inputs::new(*from, like.lit(sample.c));
                (inputs.x, inputs.y) = (Some(x), Some(back));
                let apart = value(Op::Distance, None, &inputs)[0].get() * sample.c.sqrt();
                let tolerance = ROUNDINGS * u * sample.radius.cosh().powi(size(*from).max(size(*to)));
                assert!(apart <= tolerance, "{from} to {to} and back: {apart:e} > {tolerance:e}: {sample:?}");
            }
        }
        let c = like.lit(sample.c);
        let (ball, klein) = (PoincareBall::new(c.clone()).unwrap(), Klein::new(c.clone()).unwrap());
        let lorentz = Lorentz::new(c).unwrap();
        let inputs = sample.encode(Op::Transport, Model::Poincare, Model::Poincare, like);
        let (x, v) = (inputs.x.unwrap(), inputs.v.unwrap());
        let (s, k) = (ball.to_lorentz(&x), ball.to_klein(&x));
        assert!(lorentz.without_time(&lorentz.with_time(&s)).unwrap().iter().zip(&s).all(|(a, b)| a.get() == b.get()));
        let (in_lorentz, in_klein) = (ball.tangent_to_lorentz(&x, &v), ball.tangent_to_klein(&x, &v));
        let length = ball.norm(&x, &v).get();
        let tolerance = ROUNDINGS * u * sample.radius.cosh().powi(2) * length;
        for (what, there) in [("lorentz", lorentz.norm(&s, &in_lorentz)), ("klein", klein.norm(&k, &in_klein))] {
            assert!((there.get() - length).abs() <= tolerance, "{what}: {} for {length}: {sample:?}", there.get());
        }
        for (what, back) in [
            ("ball and back by lorentz", lorentz.tangent_to_poincare(&s, &in_lorentz)),
            ("ball and back by klein", klein.tangent_to_poincare(&k, &in_klein)),
            ("ball and back by both", klein.tangent_to_poincare(&k, &lorentz.tangent_to_klein(&s, &in_lorentz))),
            ("ball and back by both", lorentz.tangent_to_poincare(&s, &klein.tangent_to_lorentz(&k, &in_klein))),
        ] {
            let error = ball.norm(&x, &back.minus(v.as_slice())).get();
            assert!(error <= tolerance, "{what}: {error:e} > {tolerance:e}: {sample:?}");
        }
    }
}

/// What is no point, or no curvature, is told apart.
fn refusals<S: Tested, M: Hyperbolic<S> + Debug>(model: Model, like: &S::Stored) {
    let number = |x: f64| S::take(&like.lit(x));
    for c in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let refused: Result<M, CurvatureError> = M::new(number(c));
        assert!(refused.unwrap_err().to_string().contains("not a positive finite number"));
    }
    let space = M::new(number(4.0)).unwrap();
    let check = |x: &[f64]| space.check_point(&x.iter().map(|x| number(*x)).collect::<Vec<S>>());
    assert_eq!(check(&[]), Err(PointError::Empty));
    assert_eq!(check(&[0.25, f64::NAN]), Err(PointError::NotFinite(1)));
    assert_eq!(check(&[f64::NEG_INFINITY, 0.0]), Err(PointError::NotFinite(0)));
    assert_eq!(check(&[0.25, 0.25]), Ok(()));
    if model == Model::Lorentz {
        assert_eq!(check(&[8.0, 8.0]), Ok(()));
        return;
    }
    for outside in [[0.5, 0.0], [0.375, 0.375], [8.0, 8.0]] {
        assert_eq!(check(&outside), Err(PointError::Outside), "{model} {outside:?}");
        let once = space.project(&outside.map(number).to_vec());
        assert_eq!(space.check_point(&once), Ok(()), "{model} {outside:?}");
        let twice = space.project(&once);
        assert!(once.iter().zip(&twice).all(|(a, b)| a.get() == b.get()), "{model} {outside:?}");
    }
}

/// Bits of the suite's MPFR.
const MPFR_BITS: u32 = 256;

macro_rules! conformance {
    ($($name:ident: $scalar:ty, $like:expr;)*) => {$(
        #[test]
        fn $name() {
            let like = $like;
            suite::<$scalar, PoincareBall<$scalar>>(Model::Poincare, &like);
            suite::<$scalar, Lorentz<$scalar>>(Model::Lorentz, &like);
            suite::<$scalar, Klein<$scalar>>(Model::Klein, &like);
            refusals::<$scalar, PoincareBall<$scalar>>(Model::Poincare, &like);
            refusals::<$scalar, Lorentz<$scalar>>(Model::Lorentz, &like);
            refusals::<$scalar, Klein<$scalar>>(Model::Klein, &like);
        }
    )*};
}
conformance! {
    f16: F16, F16::from_f64(0.0);
    bf16: Bf16, Bf16::from_f64(0.0);
    f32: f32, 0f32;
    f64: f64, 0f64;
    double_double: Dd, Dd::from(0.0);
    mpfr: Mp, Mp::new(MPFR_BITS, 0);
    duals: Dual<f64>, 0f64;
}

macro_rules! covariant {
    ($($scalar:ty, $like:expr;)*) => {$(
        scale_covariance::<$scalar, PoincareBall<$scalar>>(Model::Poincare, &$like);
        scale_covariance::<$scalar, Lorentz<$scalar>>(Model::Lorentz, &$like);
        scale_covariance::<$scalar, Klein<$scalar>>(Model::Klein, &$like);
    )*};
}

#[test]
fn distances_scale_with_the_curvature_to_the_bit() {
    covariant! { Bf16, Bf16::from_f64(0.0); f32, 0f32; f64, 0f64; Dd, Dd::from(0.0); Mp, Mp::new(MPFR_BITS, 0); }
}

#[test]
fn points_and_vectors_survive_conversions() {
    round_trips(&F16::from_f64(0.0));
    round_trips(&Bf16::from_f64(0.0));
    round_trips(&0f32);
    round_trips(&0f64);
    round_trips(&Dd::from(0.0));
    round_trips(&Mp::new(MPFR_BITS, 0));
}
