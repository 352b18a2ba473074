//! The signed hyperplane score of multinomial logistic regression: ‖a‖_p times the signed distance of x to the hyperplane
//! through p with normal a, positive on a's side.

use super::along::lorentz_product;
use super::exp_log::{klein_length, lorentz_length};
use super::lifted::{LiftedOf, minkowski};
use super::{Space, add, wide};
use crate::arithmetic::{Real, Vector};
use std::borrow::Borrow;

/// λ_p‖a‖/√c · arsinh(2√c⟨m,a⟩/((1 − c‖m‖²)‖a‖)), m = (−p) ⊕ x, as it stands. Ganea et al. (2018), Eq. 25. Weak: 1 − c‖m‖².
pub fn ganea<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, p: &V, a: &V) -> V::Elem {
    let m = add::mobius(k, p.negated().borrow(), x);
    let norm = k.norm(a);
    let argument = k.root_times(m.borrow().dot(a).times(2.0)) / &(k.gap(m.borrow()) * &norm);
    k.over_root(k.arsinh(argument) * &norm * &(k.lit(2.0) / &k.gap(p)))
}

/// [`ganea`] with arsinh z = ln(z + √(1 + z²)), as hyptorch and geoopt write it. Weak: negative z, where the sum cancels.
pub fn ganea_log<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, p: &V, a: &V) -> V::Elem {
    let m = add::mobius(k, p.negated().borrow(), x);
    let norm = k.norm(a);
    let z = k.root_times(m.borrow().dot(a).times(2.0)) / &(k.gap(m.borrow()) * &norm);
    let root = z.clone().square().plus(1.0).sqrt();
    let arsinh = match k.clamps.arsinh_floor {
        None => (z + &root).ln(),
        Some(_) => k.arsinh(z),
    };
    k.over_root(arsinh * &norm * &(k.lit(2.0) / &k.gap(p)))
}

/// [`ganea`] with 1 − c‖m‖² from the complement identity g_p g_x/(1 − 2c⟨p,x⟩ + c²‖p‖²‖x‖²). FIELD: a further 15×.
pub fn ganea_complement<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, p: &V, a: &V) -> V::Elem {
    let minus_p = p.negated();
    let m = add::mobius(k, minus_p.borrow(), x);
    let norm = k.norm(a);
    let products = (k.norm2(p) * &k.c) * &(k.norm2(x) * &k.c);
    let denominator = (p.dot(x) * &k.c).times(-2.0).plus(1.0) + &products;
    let complement = k.gap(p) * &k.gap(x) / &denominator;
    let argument = k.root_times(m.borrow().dot(a).times(2.0)) / &(complement * &norm);
    k.over_root(k.arsinh(argument) * &norm * &(k.lit(2.0) / &k.gap(p)))
}

/// λ_p‖a‖/√c · arsinh(√cλ_x(⟨x,a⟩ − (1 − 2c⟨p,x⟩ + c‖x‖²)⟨p,a⟩/g_p)/‖a‖), with no Möbius sum. Where p lies along a, at distance
/// 2r from the origin, it is Shimizu et al. (2021), Eq. 6: λ_x⟨√c x, â⟩ cosh 2√c r − (λ_x − 1) sinh 2√c r inside the arsinh.
/// Weak: near the hyperplane, where the two products cancel.
pub fn shimizu<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, p: &V, a: &V) -> V::Elem {
    let (gp, norm) = (k.gap(p), k.norm(a));
    let hoisted = (p.dot(x) * &k.c).times(-2.0).plus(1.0) + &(k.norm2(x) * &k.c);
    let product = x.dot(a) - &(hoisted * &p.dot(a) / &gp);
    let argument = k.root_times(product).times(2.0) / &(k.gap(x) * &norm);
    k.over_root(k.arsinh(argument) * &norm * &(k.lit(2.0) / &gp))
}

/// The project's own on the ball: arsinh of 2√c(g_p⟨w,a⟩ − c‖w‖²⟨p,a⟩)/(g_p g_x‖a‖), w = x − p exact.
pub fn poincare<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, p: &V, a: &V) -> V::Elem {
    let (gx, gp) = (x.gap_wide(&k.c), p.gap_wide(&k.c));
    let along = p.dot_difference_wide(x, a) * &gp - &(p.dist2_wide(x) * &k.wide_c * &p.dot_wide(a));
    score(k, along.times(4.0) / &(gp.clone().square() * &gx), wide::norm(a).times(2.0) / &gp)
}

/// ‖a‖_L/√c · arsinh(√c⟨x,a⟩_L/‖a‖_L) as it stands. Bdeir et al. (2024), Eq. 7. Weak: the Minkowski products cancel.
pub fn lorentz_plain<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &LiftedOf<V>, a: &LiftedOf<V>) -> V::Elem {
    let norm = minkowski::<V>(a, a).sqrt();
    let argument = k.root_times(minkowski::<V>(x, a)) / &norm;
    k.over_root(k.arsinh(argument) * &norm)
}

/// The project's own on space coordinates: ‖a‖_L/√c · arsinh(√c⟨x,a⟩_L/‖a‖_L), neither product cancelling.
pub fn lorentz<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, p: &V, a: &V) -> V::Elem {
    let norm = lorentz_length(k, p, a);
    score(k, lorentz_product(k, p, x, a), norm)
}

/// On Klein's ball as it stands: arsinh of √c(⟨x − p, a⟩ + c⟨p,a⟩⟨p, x − p⟩/g_p)/(√(g_x g_p)‖a‖_p).
pub fn klein_plain<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, p: &V, a: &V) -> V::Elem {
    let w = x.minus(p);
    let (gp, along) = (k.gap(p), p.dot(a));
    let norm2 = a.norm2() / &gp + &((along.clone() / &gp).square() * &k.c);
    let product = w.borrow().dot(a) + &(along * &p.dot(w.borrow()) * &k.c / &gp);
    let norm = norm2.sqrt();
    let argument = k.root_times(product) / &((k.gap(x) * &gp).sqrt() * &norm);
    k.over_root(k.arsinh(argument) * &norm)
}

/// The project's own on Klein's ball: [`klein_plain`] with x − p exact and the gaps to every bit.
pub fn klein<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, p: &V, a: &V) -> V::Elem {
    let (gx, gp) = (x.gap_wide(&k.c), p.gap_wide(&k.c));
    let along = p.dot_wide(a) * &k.wide_c * &p.dot_difference_wide(x, p) / &gp;
    let norm = klein_length(k, p, a);
    let product = p.dot_difference_wide(x, a) + &along;
    score(k, product / &(gx * &gp).sqrt(), norm)
}

/// ‖a‖_p/√c · arsinh(√c product/‖a‖_p), as arsinh(product·r)/r with r = √c/‖a‖_p; 0 where a is.
fn score<R: Real>(k: &Space<R>, product: R::Wide, norm: R::Wide) -> R {
    let zero = norm.lit(0.0);
    let rate = k.wide_root.clone() / &wide::safe(norm.clone());
    let score = R::asinh_quotient(product, &rate);
    R::narrow(zero.select_lt(&norm, score, zero.clone()), &k.c)
}
