//! Quantities that several operations of the project's own variants share, in the wide arithmetic of their inputs.

use super::Space;
use crate::arithmetic::{Real, Vector, Wide};

/// ‖x‖.
pub(super) fn norm<V: Vector + ?Sized>(x: &V) -> Wide<V> {
    x.norm2_wide().sqrt()
}

/// ‖x − y‖.
pub(super) fn dist<V: Vector + ?Sized>(x: &V, y: &V) -> Wide<V> {
    x.dist2_wide(y).sqrt()
}

/// √(1 + a²), a ≥ 0: cosh of arsinh a.
pub(super) fn cosh_of_arsinh<R: Real>(a: R) -> R {
    let one = a.lit(1.0);
    one.hypot(&a)
}

/// √(1 − c‖x‖²).
pub(super) fn root_gap<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> Wide<V> {
    x.gap_wide(&k.c).sqrt()
}

/// √c‖s‖ = sinh(√c r) of a Lorentz point.
pub(super) fn sinh_radius<V: Vector + ?Sized>(k: &Space<V::Elem>, s: &V) -> Wide<V> {
    norm(s) * &k.wide_root
}

/// √c t = cosh(√c r) of a Lorentz point.
pub(super) fn cosh_radius<V: Vector + ?Sized>(k: &Space<V::Elem>, s: &V) -> Wide<V> {
    cosh_of_arsinh(sinh_radius(k, s))
}

/// `then` where a < bound, else `otherwise`, and of a single number only that one is computed.
pub(super) fn choose_lt<R: Real>(a: &R, bound: &R, then: impl FnOnce() -> R, otherwise: impl FnOnce() -> R) -> R {
    match a.is_lt(bound) {
        Some(true) => then(),
        Some(false) => otherwise(),
        None => a.select_lt(bound, then(), otherwise()),
    }
}

/// a where a > 0, else 1: a divisor for the branch of a selection that is not taken.
pub(super) fn safe<R: Real>(a: R) -> R {
    let (zero, one) = (a.lit(0.0), a.lit(1.0));
    zero.select_lt(&a, a.clone(), one)
}

/// along·s + across·(v − ⟨s,v⟩s/‖s‖²), v's part across s without cancellation; at s = 0 `at_origin`·v. With
/// w = ℓ(s)v − ℓ(v)s ([`Vector::pivot_wide`]) that part is (w − ⟨s,w⟩s/‖s‖²)/ℓ(s), and w is never nearly parallel to s.
pub(super) fn along_and_across<V: Vector + ?Sized>(
    s: &V,
    along: &Wide<V>,
    v: &V,
    across: &Wide<V>,
    at_origin: Wide<V>,
) -> V::Owned {
    let norm2 = s.norm2_wide();
    let zero = norm2.lit(0.0);
    let (form, _) = s.pivot_wide(v);
    let unless_origin = |there: Wide<V>, here: Wide<V>| zero.select_lt(&norm2, there, here);
    // At the origin the branch not taken divides by 1: reverse mode would carry its 0/0 into the gradient.
    let divisor = |there: Wide<V>| unless_origin(there, norm2.lit(1.0));
    let across = across.clone() / &divisor(form);
    let along = along.clone() - &(across.clone() * &s.wedge_dot_wide(v, s) / &divisor(norm2.clone()));
    let (along, across) = (unless_origin(along, zero.clone()), unless_origin(across, zero.clone()));
    s.wedge_step_wide(&along, v, &across, &unless_origin(zero.clone(), at_origin))
}

/// 1 − tanh²(a) = 4E/(1 + E)², E = e^(−2a), a ≥ 0.
pub(super) fn sech2<R: Real>(a: R) -> R {
    let e = a.times(-2.0).exp();
    e.clone().times(4.0) / &e.plus(1.0).square()
}

/// f(a)/a, and its limit 1 at a = 0; `numerator` is f(a).
pub(super) fn ratio<R: Real>(numerator: R, a: R) -> R {
    let zero = a.lit(0.0);
    let one = a.lit(1.0);
    let quotient = numerator / &safe(a.clone());
    zero.select_lt(&a, quotient, one)
}

/// sinh((1 − t)θ)/sinh θ and sinh(tθ)/sinh θ, the weights of a geodesic's ends; 1 − t and t where θ = 0.
pub(super) fn geodesic_weights<R: Real>(theta: &R, t: &R) -> (R, R) {
    let [a, b, unit] = geodesic_shares(theta, t);
    (a / &unit, b / &unit)
}

/// The weights of a geodesic's ends and the unit that they are in, so that nothing overflows however far past the ends t
/// goes: sinh((1 − t)θ) : sinh(tθ) : sinh θ, all times e^(−oθ)/sinh θ with o = max(t − 1, −t, 0). sinh(zθ)/sinh θ is
/// ±e^((|z|−1)θ) (1 − e^(−2|z|θ))/(1 − e^(−2θ)), which does not cancel, and |z| − 1 − o is −t or t − 1, no less than −1 and
/// no more than 0.
pub(super) fn geodesic_shares<R: Real>(theta: &R, t: &R) -> [R; 3] {
    let (zero, one) = (theta.lit(0.0), theta.lit(1.0));
    let weight = |near: R, far: R| {
        let size = (near.clone().abs() * theta).times(-2.0).exp_m1();
        let numerator = near.select_lt(&zero, -size.clone(), size) * &(-(far.max(&zero).min(&one) * theta)).exp();
        let quotient = numerator / &theta.clone().times(-2.0).exp_m1();
        zero.select_lt(theta, quotient, near)
    };
    let rest = t.clone().one_minus();
    let past = (-t.clone()).max(&-rest.clone()).max(&zero);
    let unit = (-(past * theta)).exp();
    [weight(rest.clone(), t.clone()), weight(t.clone(), rest), unit]
}
