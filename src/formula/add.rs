//! Gyro-addition x ⊕ y: the translation that takes the origin to x, applied to y. One and the same point in every model.

use super::Space;
use super::frame::Frame;
use super::lifted::{LiftedOf, combine};
use crate::arithmetic::{Real, Vector};
use std::borrow::Borrow;

/// Möbius addition on the ball: ((1 + 2c⟨x,y⟩ + c‖y‖²)x + (1 − c‖x‖²)y) / (1 + 2c⟨x,y⟩ + c²‖x‖²‖y‖²). Ganea et al.
/// (2018), Eq. 4. Weak: x ≈ −y near the rim, where numerator and denominator both cancel.
pub fn mobius<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Owned {
    let (x2, y2) = (k.norm2(x) * &k.c, k.norm2(y) * &k.c);
    let one_2xy = (x.dot(y) * &k.c).times(2.0).plus(1.0);
    let denominator = k.mobius_denominator(one_2xy.clone() + &(x2.clone() * &y2));
    let sum = x.combine(&(one_2xy + &y2), y, &x2.one_minus());
    sum.borrow().unscale(&denominator)
}

/// The project's own on the ball: (g_x(x + y) + c‖x + y‖²x)/(g_x g_y + c‖x + y‖²), g = 1 − c‖x‖². The denominator is
/// [`mobius`]'s, rewritten as a sum of non-negative terms; x + y is exact.
pub fn poincare<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Owned {
    let minus_x = x.negated();
    let minus_x = minus_x.borrow();
    let (gx, gy) = (x.gap_wide(&k.c), y.gap_wide(&k.c));
    let sum2 = minus_x.dist2_wide(y) * &k.wide_c;
    let denominator = gx.clone() * &gy + &sum2;
    minus_x.step_wide(&-(sum2 / &denominator), y, &(gx / &denominator)).borrow().pull_inside(&k.c)
}

/// Einstein addition on Klein's ball: (x + y/γ_x + cγ_x/(1+γ_x)⟨x,y⟩x)/(1 + c⟨x,y⟩), γ_x = 1/√g_x. Ungar (2008).
pub fn einstein<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Owned {
    let gamma = k.gap(x).sqrt().recip();
    let xy = x.dot(y) * &k.c;
    let a = (gamma.clone() / &gamma.clone().plus(1.0) * &xy).plus(1.0);
    x.combine(&a, y, &gamma.recip()).borrow().unscale(&k.mobius_denominator(xy.plus(1.0)))
}

/// Einstein addition regrouped, s = x + y: (√g_x s + c⟨x,s⟩x/(1 + √g_x))/(g_x + c⟨x,s⟩). hyperbolix 1.4.
pub fn einstein_regrouped<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Owned {
    let s = x.plus(y);
    let (gap, along) = (k.gap(x), x.dot(s.borrow()) * &k.c);
    let root = gap.clone().sqrt();
    let a = along.clone() / &root.clone().plus(1.0);
    x.combine(&a, s.borrow(), &root).borrow().unscale(&(gap + &along))
}

/// The project's own on Klein's ball: [`einstein_regrouped`] with s exact and the denominator 1 + c⟨x,y⟩ as
/// ½(g_x + g_y + c‖s‖²), a sum of non-negative terms.
pub fn klein<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Owned {
    let minus_x = x.negated();
    let minus_x = minus_x.borrow();
    let (gx, gy) = (x.gap_wide(&k.c), y.gap_wide(&k.c));
    let denominator = (gx.clone() + &gy + &(minus_x.dist2_wide(y) * &k.wide_c)).times(0.5);
    let along = minus_x.dot_difference_wide(y, x) * &k.wide_c;
    let root = gx.sqrt();
    let a = along / &(root.clone().plus(1.0) * &denominator);
    minus_x.step_wide(&-a, y, &(root / &denominator)).borrow().pull_inside(&k.c)
}

/// The Lorentz boost as it stands: y + (√c t_y + c⟨x,y⟩/(1 + √c t_x)) x in space, and its time. Chen et al. (2022).
pub fn boost<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &LiftedOf<V>, y: &LiftedOf<V>) -> LiftedOf<V> {
    let (gx, gy) = (k.root_times(x.t.clone()), k.root_times(y.t.clone()));
    let xy = x.s.borrow().dot(y.s.borrow()) * &k.c;
    let a = xy.clone() / &gx.clone().plus(1.0) + &gy;
    let sum = combine::<V>(&a, x, &k.lit(1.0), y);
    LiftedOf::<V> { t: k.over_root(gx * &gy + &xy), s: sum.s }
}

/// The project's own on space coordinates: y's part across x as it is, and (T_x⟨x,y⟩ + ‖x‖²T_y)/‖x‖² of x, T = √c t, regrouped
/// inwards, where those two terms cancel (`Frame::sum_outwards`).
pub fn lorentz<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Owned {
    let frame = Frame::new(k, x, y);
    let along = frame.sum_outwards() / &frame.divisor;
    let one = along.lit(1.0);
    let (of_x, of_w) = frame.step(along, one.clone());
    x.wedge_step_wide(&of_x, y, &of_w, &frame.unless_origin(one.lit(0.0), one))
}
