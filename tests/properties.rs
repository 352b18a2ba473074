//! Whatever the points, out to the last representable ones: every default is finite, inside its model and symmetric to the bit
//! where it should be, and the distance is as near to the truth as storing the points allows.

mod common;

use common::{PROPERTY_CASES, certified, property, storage_explains, value};
use hypprec::arithmetic::{Arithmetic, Number, Vector};
use hypprec::formula::{Model, Op};
use hypprec::measure::{Outcome, outcome_of, ulps_of};
use hypprec::oracle::{Inputs, Uncertified};
use proptest::prelude::*;
use rug::Float;

/// Bits of a truth with which an error of a fraction of an ulp is seen in f64.
const TRUTH_BITS: u32 = 120;
/// The distance is nearer to the truth than this, or no further than storing its points cost.
const DISTANCE_ULPS: f64 = 2.0;
/// Magnitudes of Lorentz coordinates, as powers of ten, that both arithmetics under test hold: to both ends.
const LORENTZ_F32: std::ops::Range<f64> = -44.0..38.0;
const LORENTZ_F64: std::ops::Range<f64> = -320.0..308.0;

/// How the second point lies to the first.
#[derive(Clone, Copy, Debug)]
enum Pair {
    Same,
    Neighbours,
    Near,
    Radial,
    Antipodal,
    AlmostAntipodal,
    Random,
}

/// A pair of points before it is stored: directions of unit length, and for each point how far out it lies.
#[derive(Clone, Debug)]
struct Drawn {
    model: Model,
    scalar: Arithmetic,
    c: f64,
    directions: [Vec<f64>; 2],
    /// On a ball the gap is 10^−this of the rim (beyond an arithmetic's digits: the last representable point); on the
    /// hyperboloid the norm is 10^this.
    depths: [f64; 2],
    pair: Pair,
    fraction: f64,
}

fn unit(v: &[f64]) -> Vec<f64> {
    let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
    v.iter().map(|x| x / norm).collect()
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let models = proptest::sample::select(Model::ALL);
    let scalars = proptest::sample::select(&[Arithmetic::F32, Arithmetic::F64][..]);
    let pairs = proptest::sample::select(
        &[Pair::Same, Pair::Neighbours, Pair::Near, Pair::Radial, Pair::Antipodal, Pair::AlmostAntipodal, Pair::Random]
            [..],
    );
    let dims = proptest::sample::select(&[2usize, 3, 8, 64][..]);
    (models, scalars, pairs, dims, -6.0..3.0f64, 0.0..1.0f64).prop_flat_map(
        |(model, scalar, pair, dim, c, fraction)| {
            // Never all zero, and axis-aligned every now and then.
            let coordinate = prop_oneof![1 => Just(0.0), 4 => -1.0..1.0f64];
            let direction = move || {
                proptest::collection::vec(coordinate.clone(), dim - 1).prop_map(|mut v| {
                    v.push(0.7);
                    unit(&v)
                })
            };
            let depth = match (model, scalar) {
                (Model::Poincare | Model::Klein, _) => 0.01..20.0,
                (_, Arithmetic::F32) => LORENTZ_F32,
                _ => LORENTZ_F64,
            };
            ([direction(), direction()], [depth.clone(), depth]).prop_map(move |(directions, depths)| Drawn {
                model,
                scalar,
                c: 10f64.powf(c),
                directions,
                depths,
                pair,
                fraction,
            })
        },
    )
}

impl Drawn {
    /// The coordinates without time of a point at a depth in a direction.
    fn place<S: Number>(&self, depth: f64, direction: &[f64], like: &S) -> Vec<S> {
        let norm = match self.model {
            Model::Poincare | Model::Klein => (1.0 - 10f64.powf(-depth)) / self.c.sqrt(),
            _ => 10f64.powf(depth),
        };
        let point: Vec<S> = direction.iter().map(|u| like.lit(norm * u)).collect();
        self.kept(point, like)
    }

    /// On a ball the nearest point inside it.
    fn kept<S: Number>(&self, point: Vec<S>, like: &S) -> Vec<S> {
        match self.model {
            Model::Poincare | Model::Klein => point.pull_inside(&like.lit(self.c)),
            _ => point,
        }
    }

    fn points<S: Number>(&self, like: &S) -> [Vec<S>; 2] {
        let [u, w] = &self.directions;
        let x = self.place(self.depths[0], u, like);
        let turned = |sign: f64, turn: f64| {
            let direction: Vec<f64> = u.iter().zip(w).map(|(u, w)| sign * u + turn * w).collect();
            unit(&direction)
        };
        let y = match self.pair {
            Pair::Same => x.clone(),
            // The largest coordinate moved by a rounding unit or two.
            Pair::Neighbours => {
                let roundings = like.unit_roundoff().times(-2.0).plus(1.0);
                self.kept(x.iter().map(|x| x.clone() * &roundings).collect(), like)
            }
            Pair::Near => self.place(self.depths[0], &turned(1.0, 1e-5), like),
            Pair::Radial => self.place(self.depths[1], u, like),
            Pair::Antipodal => x.iter().map(|x| -x.clone()).collect(),
            Pair::AlmostAntipodal => self.place(self.depths[1], &turned(-1.0, 1e-6), like),
            Pair::Random => self.place(self.depths[1], w, like),
        };
        [x, y]
    }

    /// A Lorentz point with its time where the model stores it.
    fn stored<S: Number>(&self, x: &[S], c: &S) -> Vec<S> {
        if self.model != Model::LorentzAmbient {
            return x.to_vec();
        }
        let mut inputs = Inputs::new(Model::Lorentz, c.clone());
        inputs.to = Model::LorentzAmbient;
        inputs.x = Some(x.to_vec());
        value(Op::Convert, None, &inputs)
    }

    fn inputs<S: Number>(&self, like: &S) -> Inputs<S> {
        let c = like.lit(self.c);
        let [x, y] = self.points(like).map(|x| self.stored(&x, &c));
        let mut inputs = Inputs::new(self.model, c);
        inputs.t = Some(like.lit(self.fraction));
        (inputs.x, inputs.y) = (Some(x), Some(y));
        inputs
    }
}

fn exact<S: Number>(components: &[S]) -> Vec<Float> {
    components.iter().map(Number::to_float).collect()
}

/// The distance's promises.
fn distance_holds<S: Number>(inputs: &Inputs<S>) -> Result<(), TestCaseError> {
    let distance = |inputs: &Inputs<S>| value(Op::Distance, None, inputs)[0].clone();
    let d = distance(inputs);
    let mut swapped = inputs.clone();
    std::mem::swap(&mut swapped.x, &mut swapped.y);
    prop_assert_eq!(d.to_float(), distance(&swapped).to_float(), "not symmetric");
    prop_assert!(d.to_float().is_finite() && d.to_float() >= 0, "{:?}", d);
    let mut same = inputs.clone();
    same.y.clone_from(&same.x);
    prop_assert!(distance(&same).to_float().is_zero(), "d(x, x) = {:?}", distance(&same));
    prop_assert_eq!(d.to_float().is_zero(), exact(inputs.x.as_ref().unwrap()) == exact(inputs.y.as_ref().unwrap()));

    let truth = certified(Op::Distance, None, &inputs.map(Number::to_float), TRUTH_BITS).unwrap();
    let ulps = ulps_of(&d, &truth, &[d.to_float()]);
    if ulps > DISTANCE_ULPS {
        let error = (d.to_float() - &truth[0]).abs();
        prop_assert!(
            storage_explains(Op::Distance, None, inputs, &[error]),
            "{} ulps off: {:?} for {}",
            ulps,
            d,
            truth[0]
        );
    }
    Ok(())
}

/// Every operation's promise: an answer in range is finite, and a point of the model.
fn answers_hold<S: Number>(inputs: &Inputs<S>) -> Result<(), TestCaseError> {
    let mut inputs = inputs.clone();
    inputs.v = Some(value(Op::Log, None, &inputs));
    (inputs.p, inputs.a) = (inputs.x.clone(), inputs.v.clone());
    for op in Op::ALL {
        let mut inputs = inputs.clone();
        match op {
            // The point is y, the hyperplane passes through x.
            Op::Mlr => inputs.x.clone_from(&inputs.y),
            Op::Gyration => inputs.v.clone_from(&inputs.y),
            Op::Exp0 => inputs.v = Some(value(Op::Log0, None, &inputs)),
            Op::ConformalFactor if inputs.model != Model::Poincare => continue,
            _ => {}
        }
        let targets = if *op == Op::Convert { Model::ALL } else { std::slice::from_ref(&inputs.model) };
        for &to in targets {
            inputs.to = to;
            let answer = value(*op, None, &inputs);
            let outcome = outcome_of(*op, inputs.model, to, false, &inputs.c, &answer, false);
            if outcome == Outcome::Overflow || outcome == Outcome::Nan {
                let truth = certified(*op, None, &inputs.map(Number::to_float), TRUTH_BITS);
                let fits = match &truth {
                    Err(Uncertified::Infinite) => false,
                    Err(error) => return Err(TestCaseError::fail(format!("{op} to {to}: {error}"))),
                    Ok(truth) => truth.iter().all(|x| inputs.c.nearest(x).to_float().is_finite()),
                };
                prop_assert!(!fits, "{} to {}: {:?} for {:?}", op, to, answer, truth);
            } else {
                prop_assert_eq!(outcome, Outcome::Ok, "{} to {}: {:?}", op, to, answer);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(property(PROPERTY_CASES))]

    #[test]
    fn the_distance_is_all_that_storage_allows(drawn in drawn()) {
        match drawn.scalar {
            Arithmetic::F32 => distance_holds(&drawn.inputs(&0f32))?,
            _ => distance_holds(&drawn.inputs(&0f64))?,
        }
    }

    #[test]
    fn every_default_is_finite_and_inside(drawn in drawn()) {
        match drawn.scalar {
            Arithmetic::F32 => answers_hold(&drawn.inputs(&0f32))?,
            _ => answers_hold(&drawn.inputs(&0f64))?,
        }
    }
}

/// Inputs of one operation in f64 at c = 1.
fn at_unit_curvature(model: Model, x: &[f64], y: Option<&[f64]>, v: Option<&[f64]>, t: f64) -> Inputs<f64> {
    let mut inputs = Inputs::new(model, 1.0);
    inputs.t = Some(t);
    (inputs.x, inputs.y, inputs.v) = (Some(x.to_vec()), y.map(<[f64]>::to_vec), v.map(<[f64]>::to_vec));
    inputs
}

#[test]
fn a_midpoint_with_all_the_weight_on_one_point_is_that_point() {
    let (x, y) = ([1e260, 2e259], [1e260, 2.000001e259]);
    for (t, expected) in [(0.0, x), (1.0, y)] {
        let inputs = at_unit_curvature(Model::Lorentz, &x, Some(&y), None, t);
        assert_eq!(value(Op::Midpoint, None, &inputs), expected);
    }
}

#[test]
fn exp_crosses_the_whole_hyperboloid_along_an_axis() {
    const BITS: u32 = 4096;
    let s = 1e260;
    // A velocity of this many radii's worth, of which 599.4 lead to the origin.
    for theta in [1.0, 599.0, 650.0, 1100.0] {
        let v = -theta * s;
        let inputs = at_unit_curvature(Model::Lorentz, &[s, 0.0], None, Some(&[v, 0.0]), 0.0);
        let answer = value(Op::Exp, None, &inputs);
        // On an axis sinh(ρ + v/cosh ρ) is the whole answer.
        let cosh = (Float::with_val(BITS, s).square() + 1u32).sqrt();
        let expected = (Float::with_val(BITS, s).asinh() + Float::with_val(BITS, v) / cosh).sinh();
        let ulps = ulps_of(&0.0, &[expected], &[Float::with_val(53, answer[0])]);
        assert!(ulps <= 1.0 && answer[1] == 0.0, "{theta}: {answer:?}, {ulps} ulps");
    }
}

#[test]
fn exp_inwards_from_the_rim_keeps_its_digits() {
    // The last f32 inside the rim and its like in f64; vectors that cross the middle.
    for (bits, gap) in [(24, 2f64.powi(-24)), (53, 2f64.powi(-53))] {
        for turn in [0.0, 1e-3, 0.3] {
            for length in [4.0, 8.0, 12.0] {
                let x = [1.0 - gap, 0.0];
                let v = [-length * gap, turn * length * gap].map(|v| f64::from(v as f32));
                let inputs = at_unit_curvature(Model::Poincare, &x, None, Some(&v), 0.0);
                let worst = if bits == 24 { exp_ulps(&inputs.map(|x| *x as f32)) } else { exp_ulps(&inputs) };
                assert!(worst <= 2.0, "{bits} bits, turn {turn}, length {length}: {worst} ulps");
            }
        }
    }
}

/// How far exp is from the truth, in units in the last place of the largest component.
fn exp_ulps<S: Number>(inputs: &Inputs<S>) -> f64 {
    let truth = certified(Op::Exp, None, &inputs.map(Number::to_float), TRUTH_BITS).unwrap();
    ulps_of(&inputs.c, &truth, &exact(&value(Op::Exp, None, inputs)))
}

#[test]
fn addition_comes_back_from_far_out_along_an_axis() {
    const BITS: u32 = 4096;
    for (x, y) in [(1e260, -1e100), (1e260, -1e260), (1e100, -1e260), (1e200, -3.0), (-1e30, 1e29), (2.0, 1e150)] {
        let inputs = at_unit_curvature(Model::Lorentz, &[0.0, x], Some(&[0.0, y]), None, 0.0);
        let answer = value(Op::Add, None, &inputs);
        let radius = |x: f64| Float::with_val(BITS, x).asinh();
        let expected = (radius(x) + radius(y)).sinh();
        let ulps = ulps_of(&0.0, &[expected], &[Float::with_val(53, answer[1])]);
        assert!(ulps <= 1.0 && answer[0] == 0.0, "{x} and {y}: {answer:?}, {ulps} ulps");
    }
}

#[test]
fn a_gyration_far_out_keeps_the_length_of_its_vector() {
    let x = [1.5e238, -2e238];
    let y = [1.5001e238, -1.9999e238];
    let mut inputs = at_unit_curvature(Model::Lorentz, &x, Some(&y), Some(&y), 0.0);
    inputs.c = 64.0;
    let answer = value(Op::Gyration, None, &inputs);
    let truth = certified(Op::Gyration, None, &inputs.map(Number::to_float), TRUTH_BITS).unwrap();
    let ulps = ulps_of(&0.0, &truth, &exact(&answer));
    assert!(ulps <= 2.0, "{answer:?}, {ulps} ulps");
}
