//! Tangent vectors carried from one model's coordinates to another's: the differentials of the conversions.

use super::{Space, wide};
use crate::arithmetic::{Real, Vector};

/// Ball → hyperboloid (space part): 2v/g + 4c⟨x,v⟩x/g².
pub fn poincare_to_lorentz<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, v: &V) -> V::Owned {
    let two_over_gap = x.gap_wide(&k.c).recip().times(2.0);
    let along = x.dot_wide(v) * &k.wide_c * &two_over_gap.clone().square();
    x.combine_wide(&along, v, &two_over_gap)
}

/// Hyperboloid → ball: v/(1 + γ) − c⟨s,v⟩s/(γ(1 + γ)²), γ = √c t.
pub fn lorentz_to_poincare<V: Vector + ?Sized>(k: &Space<V::Elem>, s: &V, v: &V) -> V::Owned {
    let gamma = wide::cosh_radius(k, s);
    let one_over = gamma.clone().plus(1.0).recip();
    let along = s.dot_wide(v) * &k.wide_c / &gamma * &one_over.clone().square();
    s.combine_wide(&-along, v, &one_over)
}

/// Ball → Klein: 2v/q − 4c⟨x,v⟩x/q², q = 1 + c‖x‖².
pub fn poincare_to_klein<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, v: &V) -> V::Owned {
    let two_over = (x.norm2_wide() * &k.wide_c).plus(1.0).recip().times(2.0);
    let along = x.dot_wide(v) * &k.wide_c * &two_over.clone().square();
    x.combine_wide(&-along, v, &two_over)
}

/// Klein → ball: v/(1 + √g) + c⟨x,v⟩x/(√g(1 + √g)²).
pub fn klein_to_poincare<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, v: &V) -> V::Owned {
    let root = wide::root_gap(k, x);
    let one_over = root.clone().plus(1.0).recip();
    let along = x.dot_wide(v) * &k.wide_c / &root * &one_over.clone().square();
    x.combine_wide(&along, v, &one_over)
}

/// Klein → hyperboloid (space part): γv + γ³c⟨x,v⟩x, γ = 1/√g.
pub fn klein_to_lorentz<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, v: &V) -> V::Owned {
    let gap = x.gap_wide(&k.c);
    let gamma = gap.clone().sqrt().recip();
    let along = x.dot_wide(v) * &k.wide_c * &gamma / &gap;
    x.combine_wide(&along, v, &gamma)
}

/// Hyperboloid → Klein: v/γ − c⟨s,v⟩s/γ³.
pub fn lorentz_to_klein<V: Vector + ?Sized>(k: &Space<V::Elem>, s: &V, v: &V) -> V::Owned {
    let gamma = wide::cosh_radius(k, s);
    let along = s.dot_wide(v) * &k.wide_c / &gamma.clone().square() / &gamma;
    s.combine_wide(&-along, v, &gamma.recip())
}
