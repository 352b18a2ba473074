//! How far a point or a tangent vector is from the exact answer in the geometry itself, for exactly the inputs given.
//!
//! An answer next to a ball's rim cannot be told from the rim by any fixed number of digits, while its distance from another
//! point is an ordinary number. So the exact answer is taken on the hyperboloid, where nothing next to the rim cancels.

use super::legs::{Scale, to_model};
use crate::arithmetic::{Interval, Real, Scalar};
use crate::formula::{Answer, BEST, Clamps, Kind, Model, Op, Role, Space, distance, radial, tangent, variant};
use crate::oracle::{Inputs, value_of};
use rug::Float;

/// Bits to which a distance is certified: those of f64, in which it is told.
const BITS: u32 = f64::MANTISSA_DIGITS;
/// A distance, times √c, that is below 2 to the minus this counts as none: it is 0 or no arithmetic here could tell.
const NONE_BELOW_BITS: i32 = 4096;
/// Precision doubles from the first to the last of these.
const FIRST_BITS: u32 = 256;
const MOST_BITS: u32 = 1 << 16;
/// A distance without a bound at this precision is past any that can be told.
const UNBOUNDED_BITS: u32 = 1 << 12;

/// Of an operation whose answer is a point: √c d(truth, value). Of one that gives a tangent vector: the Riemannian norm of
/// value − truth, relative to that of the truth (infinite where only the truth is 0). `None` for numbers, for a projection
/// to the rim, which is infinitely far from every point, and for a value that is not finite or not a point of the model. Infinite past what
/// MPFR's exponents hold, at about 7e8.
pub fn hyperbolic_error(
    op: Op,
    model: Model,
    to: Model,
    exact: &Inputs<Float>,
    truth: &[Float],
    value: &[Float],
) -> Option<f64> {
    if value.iter().any(|x| !x.is_finite()) || value.len() != truth.len() {
        return None;
    }
    match op.kind() {
        Kind::Scalar => None,
        Kind::Tangent(_) => {
            let scale = Scale::new(op, None, model, to, exact);
            let (error, size) = (scale.leg(truth, value), scale.size(truth));
            let relative = match (error.is_zero(), size.is_zero()) {
                (true, _) => 0.0,
                (false, true) => f64::INFINITY,
                (false, false) => (error / size).to_f64(),
            };
            (!relative.is_nan()).then_some(relative)
        }
        Kind::Point => point_error(op, model, to, exact, value),
    }
}

fn point_error(op: Op, model: Model, to: Model, exact: &Inputs<Float>, value: &[Float]) -> Option<f64> {
    let mut bits = FIRST_BITS.max(2 * value.iter().map(Float::prec).max()?);
    while bits <= MOST_BITS {
        let interval = |x: &Float| Interval::new(bits.max(x.prec()), x);
        let inputs = exact.map(interval);
        let k = Space::new(inputs.c.clone());
        let given: Vec<Interval> = value.iter().map(interval).collect();
        let given = on_hyperboloid(&k, to_model(op, model, to), &given)?;
        let d = distance::lorentz(&k, exact_on_hyperboloid(op, inputs)?.as_slice(), given.as_slice()) * &k.root;
        if let Some(d) = d.certify(BITS) {
            return Some(d.to_f64());
        }
        // Past the exponents that MPFR holds, at about √c d = 7e8.
        if d.hi().is_infinite() && bits >= UNBOUNDED_BITS {
            return Some(f64::INFINITY);
        }
        if d.hi().get_exp().is_none_or(|exponent| exponent < -NONE_BELOW_BITS) && d.hi().is_finite() {
            return Some(0.0);
        }
        bits *= 2;
    }
    None
}

/// The exact answer in the hyperboloid's space coordinates: the operation there, on the same points and tangent vectors.
fn exact_on_hyperboloid(op: Op, inputs: Inputs<Interval>) -> Option<Vec<Interval>> {
    let k = Space::new(inputs.c.clone());
    let model = inputs.model;
    let mut lifted = Inputs::new(Model::Lorentz, inputs.c.clone());
    lifted.t = inputs.t.clone();
    for (input, role) in op.inputs() {
        let Some(vector) = inputs.vector(*input) else { continue };
        let there = match role {
            Role::Point => on_hyperboloid(&k, model, vector)?,
            Role::Tangent { at: Some(at) } => tangent_on_hyperboloid(&k, model, inputs.vector(*at)?, vector),
            // A vector at the origin is half as long in the ball's coordinates as it is.
            Role::Tangent { at: None } if model == Model::Poincare => {
                vector.iter().map(|v| v.clone().times(2.0)).collect()
            }
            Role::Tangent { at: None } => space_of(model, vector).to_vec(),
            Role::Number => continue,
        };
        if let Some(place) = lifted.vector_mut(*input) {
            *place = Some(there);
        }
    }
    // To another model (and back) is the same point.
    if matches!(op, Op::Convert | Op::RoundTrip | Op::Project) {
        return lifted.x;
    }
    match value_of(variant(op, Model::Lorentz, BEST).ok()?, Clamps::NONE, &lifted) {
        Answer::Vector(point) => Some(point),
        Answer::Scalar(_) => None,
    }
}

fn space_of<T>(model: Model, x: &[T]) -> &[T] {
    &x[usize::from(model == Model::LorentzAmbient)..]
}

/// The space coordinates of a point; `None` of one that is not inside its ball.
fn on_hyperboloid(k: &Space<Interval>, model: Model, x: &[Interval]) -> Option<Vec<Interval>> {
    let inside = || Interval::gap(&k.c, x).lo() > &0;
    match model {
        Model::Poincare => inside().then(|| radial::poincare_to_lorentz(k, x)),
        Model::Klein => inside().then(|| radial::klein_to_lorentz(k, x)),
        Model::Lorentz | Model::LorentzAmbient => Some(space_of(model, x).to_vec()),
    }
}

fn tangent_on_hyperboloid(k: &Space<Interval>, model: Model, x: &[Interval], v: &[Interval]) -> Vec<Interval> {
    match model {
        Model::Poincare => tangent::poincare_to_lorentz(k, x, v),
        Model::Klein => tangent::klein_to_lorentz(k, x, v),
        Model::Lorentz | Model::LorentzAmbient => space_of(model, v).to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::{Direction, Sample, truth};

    fn floats(x: &[f64]) -> Vec<Float> {
        x.iter().map(|x| Float::with_val(53, x)).collect()
    }

    fn exp0(model: Model, v: &[f64]) -> Inputs<Float> {
        let mut inputs = Inputs::new(model, Float::with_val(53, 1));
        inputs.v = Some(floats(v));
        inputs
    }

    #[test]
    fn a_value_held_inside_the_rim_is_as_far_off_as_it_is() {
        // d₀ = 2 artanh ‖value‖ of the value, and 2‖v‖ of the truth; Klein's coordinates have no factor 2.
        for (model, factor) in [(Model::Poincare, 2.0), (Model::Klein, 1.0)] {
            for length in [40.0, 4898.979, 6e4, 1e8] {
                let inputs = exp0(model, &[length, 0.0]);
                let value = floats(&[0.875, 0.0]);
                let expected = factor * (length - 0.875f64.atanh());
                let given = hyperbolic_error(Op::Exp0, model, model, &inputs, &floats(&[1.0, 0.0]), &value).unwrap();
                assert!((given / expected - 1.0).abs() < 1e-14, "{model} {length}: {given} {expected}");
            }
            let beyond = exp0(model, &[1e300, 0.0]);
            let (truth, value) = (floats(&[1.0, 0.0]), floats(&[0.875, 0.0]));
            assert_eq!(hyperbolic_error(Op::Exp0, model, model, &beyond, &truth, &value), Some(f64::INFINITY));
        }
    }

    /// Inputs, truth and value of every operation that gives a point, in every model: the truth, rounded, is next to itself.
    #[test]
    fn every_point_is_near_its_own_rounding_and_far_from_another() {
        let sample = Sample { c: 0.5, dim: 3, radius: 3.0, separation: 0.7, direction: Direction::Random, seed: 3 };
        for model in Model::ALL.iter().copied() {
            for op in Op::ALL.iter().copied().filter(|op| op.kind() == Kind::Point) {
                let to = if op.has_target() { Model::Klein } else { model };
                let exact = sample.encode(op, model, to, &0f64).map(|x| Float::with_val(53, x));
                let best = variant(op, model, BEST).unwrap();
                let exact_answer = truth(best, &exact, 200).unwrap().components();
                let value: Vec<Float> = exact_answer.iter().map(|x| Float::with_val(53, x)).collect();
                let error = |value: &[Float]| hyperbolic_error(op, model, to, &exact, &exact_answer, value).unwrap();
                assert!(error(&value) < 1e-13, "{model} {op}: {}", error(&value));
                let other: Vec<Float> = value.iter().map(|x| Float::with_val(53, x * 0.875)).collect();
                assert!(error(&other) > 1e-2, "{model} {op}: {}", error(&other));
            }
        }
    }

    #[test]
    fn tangent_vectors_are_measured_by_their_riemannian_norm() {
        let mut inputs = Inputs::new(Model::Poincare, Float::with_val(53, 1));
        (inputs.x, inputs.y) = (Some(floats(&[0.5, 0.0])), Some(floats(&[0.0, 0.5])));
        let of = |truth: &[f64], value: &[f64]| {
            hyperbolic_error(Op::Log, Model::Poincare, Model::Poincare, &inputs, &floats(truth), &floats(value))
                .unwrap()
        };
        assert_eq!(of(&[1.0, 0.0], &[1.0, 0.25]), 0.25);
        assert_eq!((of(&[0.0, 0.0], &[0.0, 0.0]), of(&[0.0, 0.0], &[0.0, 1.0])), (0.0, f64::INFINITY));
    }
}
