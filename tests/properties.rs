//! Whatever the points, out to the last representable ones: every default is finite, inside its model and symmetric to the bit
//! where it should be, and the distance is as near to the truth as storing the points allows.

mod common;

use common::{PROPERTY_CASES, cases, certified, storage_cost, value};
use hypprec::arithmetic::{Arithmetic, Number, Vector};
use hypprec::formula::{Model, Op};
use hypprec::measure::{Outcome, outcome_of, ulps_of};
use hypprec::oracle::Inputs;
use proptest::prelude::*;
use rug::Float;

/// Bits of a truth with which an error of a fraction of an ulp is seen in f64.
const TRUTH_BITS: u32 = 120;
/// The distance is nearer to the truth than this, or no further than storing its points cost.
const DISTANCE_ULPS: f64 = 2.0;
/// Magnitudes of Lorentz coordinates, as powers of ten, that both arithmetics under test hold.
const LORENTZ_F32: std::ops::Range<f64> = -3.0..30.0;
const LORENTZ_F64: std::ops::Range<f64> = -3.0..260.0;

/// cosh of more than this overflows f64.
const LARGEST_THETA: f64 = 709.0;

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
        let cost = storage_cost(Op::Distance, None, inputs, TRUTH_BITS).remove(0);
        let error = (d.to_float() - &truth[0]).abs();
        prop_assert!(error <= cost, "{} ulps off: {:?} for {}", ulps, d, truth[0]);
    }
    Ok(())
}

/// √c d(x, y).
fn theta<S: Number>(inputs: &Inputs<S>) -> f64 {
    value(Op::Distance, None, inputs)[0].to_float().to_f64() * inputs.c.to_float().to_f64().sqrt()
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
            // A known weak spot: cosh θ of the whole way is beyond f64 although both ends are in range.
            Op::Exp if theta(&inputs) > LARGEST_THETA => continue,
            _ => {}
        }
        let targets = if *op == Op::Convert { Model::ALL } else { std::slice::from_ref(&inputs.model) };
        for &to in targets {
            inputs.to = to;
            let answer = value(*op, None, &inputs);
            let outcome = outcome_of(*op, inputs.model, to, false, &inputs.c, &answer, false);
            if outcome == Outcome::Overflow || outcome == Outcome::Nan {
                let truth = certified(*op, None, &inputs.map(Number::to_float), TRUTH_BITS).unwrap();
                let fits = truth.iter().all(|x| inputs.c.nearest(x).to_float().is_finite());
                prop_assert!(!fits, "{} to {}: {:?} for {:?}", op, to, answer, truth);
            } else {
                prop_assert_eq!(outcome, Outcome::Ok, "{} to {}: {:?}", op, to, answer);
            }
        }
    }
    Ok(())
}

fn configuration() -> ProptestConfig {
    ProptestConfig { cases: cases(PROPERTY_CASES), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(configuration())]

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
