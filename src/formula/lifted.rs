//! Points of the hyperboloid with both coordinates at hand: what the published Lorentz formulas are written on.

use super::Space;
use crate::arithmetic::{Real, Vector};

/// A point (or a tangent vector) of the hyperboloid: time t and space coordinates s.
#[derive(Clone, Debug)]
pub struct Lifted<O, R> {
    pub t: R,
    pub s: O,
}

/// [`Lifted`] over a vector type.
pub type LiftedOf<V> = Lifted<<V as Vector>::Owned, <V as Vector>::Elem>;

/// t = √(1/c + ‖s‖²), in the arithmetic of s: how libraries that store space coordinates recompute time.
pub fn lift<V: Vector + ?Sized>(k: &Space<V::Elem>, s: &V) -> LiftedOf<V> {
    Lifted { t: (k.c.clone().recip() + &s.norm2()).sqrt(), s: s.to_vector() }
}

/// The time component ⟨s, v⟩/t that makes v tangent at (t, s).
pub fn lift_tangent<V: Vector + ?Sized>(x: &LiftedOf<V>, v: &V) -> LiftedOf<V> {
    use std::borrow::Borrow;
    Lifted { t: x.s.borrow().dot(v) / &x.t, s: v.to_vector() }
}

/// ⟨x, y⟩_L = ⟨x_s, y_s⟩ − x_t y_t.
pub fn minkowski<V: Vector + ?Sized>(x: &LiftedOf<V>, y: &LiftedOf<V>) -> V::Elem {
    use std::borrow::Borrow;
    x.s.borrow().dot(y.s.borrow()) - &(x.t.clone() * &y.t)
}

/// a·x + b·y.
pub fn combine<V: Vector + ?Sized>(a: &V::Elem, x: &LiftedOf<V>, b: &V::Elem, y: &LiftedOf<V>) -> LiftedOf<V> {
    use std::borrow::Borrow;
    Lifted { t: x.t.clone() * a + &(y.t.clone() * b), s: x.s.borrow().combine(a, y.s.borrow(), b) }
}
