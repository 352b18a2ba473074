//! Derivatives of the hyperboloid's operations by all n + 1 coordinates of their points, each coordinate moving alone: what
//! reverse mode gives for the formula written on ambient coordinates, closed and without its cancellation.
//!
//! A derivative off the hyperboloid is that of an expression, not of the operation; the expressions are
//!
//! - distance: arcosh(−c⟨x,y⟩_L)/√c,
//! - origin_distance: arcosh(√c t)/√c,
//! - mlr: ‖a‖_L/√c arsinh(√c⟨x,a⟩_L/‖a‖_L), where p does not stand, so that the derivative by it is 0,
//!
//! by c with all coordinates held. Other expressions that agree with these on the hyperboloid have derivatives that differ
//! by a multiple of the normal Jx. They are taken at the point that the space coordinates mean. Where the hyperboloid itself
//! has a kink (x = y, the origin, a = 0) the derivative is 0 by convention.

use super::along::lorentz_product;
use super::exp_log::lorentz_length;
use super::{Input, Op, Query, Space, distance, radial, wide};
use crate::arithmetic::{Real, Scalar, Vector};

/// The derivative of the query's operation by one input, or by c where `by` is `None`.
///
/// # Panics
/// If the operation is not one of the three above, or an input that it lists is missing.
pub fn gradient<S: Scalar>(op: Op, query: &Query<[S]>, by: Option<Input>) -> Vec<S> {
    if query.is_safe() {
        let gradient = as_it_stands(op, query, by);
        if gradient.iter().all(Real::is_finite) {
            return gradient;
        }
    }
    // As [`super::apply`] has it: with exponents that have no end.
    let far = query.unbounded(|query| as_it_stands(op, query, by));
    far.into_iter().map(|x| S::bounded(x, &query.space.c)).collect()
}

fn as_it_stands<S: Scalar>(op: Op, query: &Query<[S]>, by: Option<Input>) -> Vec<S> {
    const LISTED: &str = "the inputs of an operation are those that it lists";
    let k = query.space;
    let space = |x: Option<&[S]>| -> Vec<S> { x.expect(LISTED)[1..].to_vec() };
    let x = space(query.x);
    match op {
        Op::Distance => {
            let y = space(query.y);
            match by {
                Some(Input::Y) => of_distance(k, &y, &x),
                Some(_) => of_distance(k, &x, &y),
                None => vec![of_distance_by_c(k, &x, &y)],
            }
        }
        Op::OriginDistance => of_radius(k, &x, by),
        Op::Mlr => of_mlr(k, &x, &space(query.p), &space(query.a), by),
        op => unreachable!("{op} is no scalar operation of the hyperboloid"),
    }
}

/// `there` where `size` > 0, else 0.
fn unless_zero<R: Real>(size: &R, there: R) -> R {
    let zero = size.lit(0.0);
    zero.select_lt(size, there, zero.clone())
}

/// √c(t_y, −s_y)/sinh θ, θ = √c d, sinh θ = 2h√(1 + h²).
fn of_distance<S: Scalar>(k: &Space<S>, x: &[S], y: &[S]) -> Vec<S> {
    let h = distance::lorentz_half_chord(k, x, y) * &k.wide_root;
    let (divisor, cosh) = (wide::safe(h.clone()), wide::cosh_of_arsinh(h.clone()));
    // One division after the other: the product of the two may be the square of the largest number.
    let part = |scaled: S::Wide| {
        let part = scaled / &divisor / &cosh;
        S::narrow(unless_zero(&h, part.times(0.5)), &k.c)
    };
    let time = part(wide::cosh_radius(k, y));
    std::iter::once(time).chain(y.iter().map(|s| part(-(s.widen() * &k.wide_root)))).collect()
}

/// (coth θ − θ/2)/c^(3/2).
fn of_distance_by_c<S: Scalar>(k: &Space<S>, x: &[S], y: &[S]) -> S {
    let h = distance::lorentz_half_chord(k, x, y) * &k.wide_root;
    let safe = wide::safe(h.clone());
    let cosh = wide::cosh_of_arsinh(h.clone());
    // coth θ = (1 + 2h²)/(2h√(1 + h²)) = h/√(1 + h²) + 1/(2h√(1 + h²)).
    let coth = h.clone() / &cosh + &(safe.recip().times(0.5) / &cosh);
    S::narrow(unless_zero(&h, over_c_root(k, coth - &h.clone().asinh())), &k.c)
}

/// x/c^(3/2).
fn over_c_root<S: Real>(k: &Space<S>, x: S::Wide) -> S::Wide {
    x / &k.wide_c / &k.wide_root
}

/// (1/(√c‖s‖), 0, …); by c (coth ρ − ρ)/(2c^(3/2)).
fn of_radius<S: Scalar>(k: &Space<S>, s: &[S], by: Option<Input>) -> Vec<S> {
    let sinh = wide::sinh_radius(k, s);
    let safe = wide::safe(sinh.clone());
    let answer = |x: S::Wide| S::narrow(unless_zero(&sinh, x), &k.c);
    if by.is_none() {
        let coth = wide::cosh_of_arsinh(sinh.clone()) / &safe;
        return vec![answer(over_c_root(k, coth - &sinh.clone().asinh()).times(0.5))];
    }
    std::iter::once(answer(safe.recip())).chain(s.iter().map(|_| k.lit(0.0))).collect()
}

/// With u = √c⟨x,a⟩_L/‖a‖_L: by x Ja/√(1 + u²); by a Jx/√(1 + u²) + Ja(arsinh u − u/√(1 + u²))/(√c‖a‖_L);
/// by c −‖a‖_L(arsinh u − u/√(1 + u²))/(2c^(3/2)); by p 0. J turns the sign of time.
fn of_mlr<S: Scalar>(k: &Space<S>, x: &[S], p: &[S], a: &[S], by: Option<Input>) -> Vec<S> {
    if by == Some(Input::P) {
        return vec![k.lit(0.0); p.len() + 1];
    }
    let norm = lorentz_length(k, p, a);
    let length = wide::safe(norm.clone()) * &k.wide_root;
    let u = lorentz_product(k, p, x, a) * &k.wide_c / &length;
    let cosh = u.lit(1.0).hypot(&u.clone().abs());
    let answer = |x: S::Wide| S::narrow(unless_zero(&norm, x), &k.c);
    if by.is_none() {
        return vec![answer(-(over_c_root(k, norm.clone() * &bend(&u)).times(0.5)))];
    }
    // Parts of Jx and Ja, one coordinate after the other; a's time is ⟨p,a⟩/t_p.
    let time_of_a = p.dot_wide(a) * &k.wide_root / &wide::cosh_radius(k, p);
    let of_a = std::iter::once(-time_of_a).chain(a.iter().map(Real::widen));
    if by == Some(Input::X) {
        return of_a.map(|a| answer(a / &cosh)).collect();
    }
    let time_of_x = radial::lorentz_time_wide(k, x);
    let of_x = std::iter::once(-time_of_x).chain(x.iter().map(Real::widen));
    let bend = bend(&u);
    of_x.zip(of_a).map(|(x, a)| answer(x / &cosh + &(a / &length * &bend))).collect()
}

/// arsinh u − u/√(1 + u²) = u³/3 − 3u⁵/10 + …: −u [`Real::asinh_lag`].
fn bend<R: Real>(u: &R) -> R {
    let size = u.clone().abs();
    unless_zero(&size, -(size.clone().asinh_lag() * u))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::Model;

    const C: f64 = 0.5;

    fn lift(s: &[f64]) -> Vec<f64> {
        let norm2: f64 = s.iter().map(|s| s * s).sum();
        std::iter::once((1.0 / C + norm2).sqrt()).chain(s.iter().copied()).collect()
    }

    fn minkowski(x: &[f64], y: &[f64]) -> f64 {
        x[1..].iter().zip(&y[1..]).map(|(x, y)| x * y).sum::<f64>() - x[0] * y[0]
    }

    /// The expressions as they stand, to be differentiated by differences.
    fn expression(op: Op, c: f64, v: [&[f64]; 3]) -> f64 {
        let [x, y, a] = v;
        match op {
            Op::Distance => (-c * minkowski(x, y)).acosh() / c.sqrt(),
            Op::OriginDistance => (c.sqrt() * x[0]).acosh() / c.sqrt(),
            _ => {
                let norm = minkowski(a, a).sqrt();
                norm / c.sqrt() * (c.sqrt() * minkowski(x, a) / norm).asinh()
            }
        }
    }

    #[test]
    fn closed_forms_are_the_derivatives_of_their_expressions() {
        /// A step of a central difference, and what its quotient is good to.
        const STEP: f64 = 1e-5;
        const TOLERANCE: f64 = 1e-7;
        let (x, y) = (lift(&[0.7, -1.1, 0.2]), lift(&[-0.3, 0.4, 2.0]));
        let a: Vec<f64> = {
            let space = [0.5, -0.25, 1.5];
            let along: f64 = y[1..].iter().zip(&space).map(|(p, a)| p * a).sum();
            std::iter::once(along / y[0]).chain(space).collect()
        };
        let k = Space::new(C);
        for (op, by) in [
            (Op::Distance, Some(Input::X)),
            (Op::Distance, Some(Input::Y)),
            (Op::Distance, None),
            (Op::OriginDistance, Some(Input::X)),
            (Op::OriginDistance, None),
            (Op::Mlr, Some(Input::X)),
            (Op::Mlr, Some(Input::A)),
            (Op::Mlr, Some(Input::P)),
            (Op::Mlr, None),
        ] {
            let mut query: Query<[f64]> = Query::new(&k, Model::LorentzAmbient);
            (query.x, query.y) = (Some(x.as_slice()), Some(y.as_slice()));
            (query.p, query.a) = (Some(y.as_slice()), Some(a.as_slice()));
            let given = gradient(op, &query, by);
            let difference = |i: usize| {
                let at = |step: f64| {
                    let (mut x, mut y, mut a, mut c) = (x.clone(), y.clone(), a.clone(), C);
                    match by {
                        None => c += step,
                        Some(Input::X) => x[i] += step,
                        Some(Input::A) => a[i] += step,
                        Some(_) => y[i] += step,
                    }
                    expression(op, c, [&x, &y, &a])
                };
                (at(STEP) - at(-STEP)) / (2.0 * STEP)
            };
            for (i, given) in given.iter().enumerate() {
                let expected = difference(i);
                assert!(
                    (given - expected).abs() < TOLERANCE * (1.0 + expected.abs()),
                    "{op} {by:?} {i}: {given} {expected}"
                );
            }
        }
    }

    #[test]
    fn the_bend_is_its_power_series() {
        for u in [-1e-9, 1.22e-4f64, 3e-3] {
            let bend = bend(&crate::arithmetic::Dd::from(u));
            let series = u.powi(3) / 3.0 - 0.3 * u.powi(5) + 15.0 / 56.0 * u.powi(7);
            assert!((bend.hi() / series - 1.0).abs() < 1e-14, "{u}");
        }
    }
}
