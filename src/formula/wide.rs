//! Quantities that several operations of the project's own variants share, in the wide arithmetic of their inputs.

use super::Space;
use crate::arithmetic::{Real, Vector, Wide};
use std::borrow::Borrow;

/// ‖x‖, whatever the exponents.
pub(super) fn norm<V: Vector + ?Sized>(x: &V) -> Wide<V> {
    match x.scale_exponent() {
        0 => x.norm2_wide().sqrt(),
        k => x.ldexp(-k).borrow().norm2_wide().sqrt().ldexp(k),
    }
}

/// ‖x − y‖, whatever the exponents.
pub(super) fn dist<V: Vector + ?Sized>(x: &V, y: &V) -> Wide<V> {
    match x.difference_exponent(y) {
        0 => x.dist2_wide(y).sqrt(),
        // Scaled up by the difference's exponent a point that is not tiny itself could overflow; where it is not, a tiny
        // difference is exact as it is (Sterbenz), or rounded once.
        k if k < 0 && x.scale_exponent().max(y.scale_exponent()) >= 0 => norm(x.minus(y).borrow()),
        k => x.ldexp(-k).borrow().dist2_wide(y.ldexp(-k).borrow()).sqrt().ldexp(k),
    }
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

/// √c(t_x − t_y) of two Lorentz points from their √c t: c⟨x − y, x + y⟩/(√c t_x + √c t_y), which does not cancel.
pub(super) fn cosh_difference<V: Vector + ?Sized>(
    k: &Space<V::Elem>,
    x: &V,
    y: &V,
    tx: &Wide<V>,
    ty: &Wide<V>,
) -> Wide<V> {
    let (kx, ky) = (x.scale_exponent(), y.scale_exponent());
    let common = if kx.abs() >= ky.abs() { kx } else { ky };
    let squares = x.ldexp(-common).borrow().norm2_difference_wide(y.ldexp(-common).borrow());
    (squares * &k.wide_c / &(tx.clone() + ty).ldexp(-common)).ldexp(common)
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

/// f(a)/a, and its limit 1 at a = 0; `numerator` is f(a).
pub(super) fn ratio<R: Real>(numerator: R, a: R) -> R {
    let zero = a.lit(0.0);
    let one = a.lit(1.0);
    let quotient = numerator / &safe(a.clone());
    zero.select_lt(&a, quotient, one)
}

/// sinh((1 − t)θ)/sinh θ and sinh(tθ)/sinh θ, the weights of a geodesic's ends; 1 − t and t where θ = 0.
/// As e^(−tθ) (1 − e^(−2(1−t)θ))/(1 − e^(−2θ)), which neither overflows nor cancels for 0 ≤ t ≤ 1.
pub(super) fn geodesic_weights<R: Real>(theta: &R, t: &R) -> (R, R) {
    let zero = theta.lit(0.0);
    let weight = |near: R, far: R| {
        let numerator = (near.clone() * theta).times(-2.0).exp_m1() * &(-(far * theta)).exp();
        let quotient = numerator / &theta.clone().times(-2.0).exp_m1();
        zero.select_lt(theta, quotient, near)
    };
    let rest = t.clone().one_minus();
    (weight(rest.clone(), t.clone()), weight(t.clone(), rest))
}
