//! Maps along rays from the origin: origin distance, exp0, log0, scalar multiplication and conversion between models, each
//! a factor times its argument.

use super::lifted::{Lifted, LiftedOf};
use super::{Space, wide};
use crate::arithmetic::{Real, Vector, Wide};
use std::borrow::Borrow;

// --------------------------------------------------------------------------------------------------- origin distance

/// (2/√c) artanh(√c‖x‖) on the ball. Ganea et al. (2018). Weak: the rim.
pub fn ball_radius_artanh<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> V::Elem {
    k.distance(k.over_root(k.artanh(k.root_times(k.norm(x))).times(2.0)))
}

/// (2/√c) arsinh(√c‖x‖/√(1 − c‖x‖²)) on the ball.
pub fn ball_radius_arsinh<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> V::Elem {
    let argument = k.root_times(k.norm(x)) / &k.gap(x).sqrt();
    k.over_root(k.arsinh(argument).times(2.0))
}

/// The project's own on the ball: [`ball_radius_arsinh`] with the gap to every bit.
pub fn poincare_radius<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> V::Elem {
    narrow(k, V::Elem::asinh_quotient(ball_chord(k, x), &k.wide_root).times(2.0))
}

/// (1/√c) artanh(√c‖x‖) on Klein's ball. Weak: the rim.
pub fn klein_radius_artanh<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> V::Elem {
    k.distance(k.over_root(k.artanh(k.root_times(k.norm(x)))))
}

/// The project's own on Klein's ball: (1/√c) arsinh(√c‖x‖/√(1 − c‖x‖²)) with the gap to every bit.
pub fn klein_radius<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> V::Elem {
    narrow(k, V::Elem::asinh_quotient(ball_chord(k, x), &k.wide_root))
}

/// (1/√c) arcosh(√c t). Weak: near the origin.
pub fn lorentz_radius_arcosh<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &LiftedOf<V>) -> V::Elem {
    k.distance(k.over_root(k.arcosh(k.root_times(x.t.clone()))))
}

/// The project's own: (1/√c) arsinh(√c‖s‖).
pub fn lorentz_radius<V: Vector + ?Sized>(k: &Space<V::Elem>, s: &V) -> V::Elem {
    narrow(k, V::Elem::asinh_quotient(wide::norm(s), &k.wide_root))
}

/// t = √(1/c + ‖s‖²) of a Lorentz point, rounded once.
pub fn lorentz_time<V: Vector + ?Sized>(k: &Space<V::Elem>, s: &V) -> V::Elem {
    narrow(k, lorentz_time_wide(k, s))
}

/// [`lorentz_time`] in the wide arithmetic.
pub(super) fn lorentz_time_wide<V: Vector + ?Sized>(k: &Space<V::Elem>, s: &V) -> Wide<V> {
    wide::cosh_radius(k, s) / &k.wide_root
}

/// √c‖x‖/√(1 − c‖x‖²): sinh of half the radius on Poincaré's ball, of the whole radius on Klein's.
fn ball_sinh<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> Wide<V> {
    ball_chord(k, x) * &k.wide_root
}

/// ‖x‖/√(1 − c‖x‖²).
fn ball_chord<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> Wide<V> {
    wide::norm(x) / &wide::root_gap(k, x)
}

fn narrow<R: Real>(k: &Space<R>, wide: R::Wide) -> R {
    R::narrow(wide, &k.c)
}

// --------------------------------------------------------------------------------------------------- conformal factor

/// λ_x = 2/(1 − c‖x‖²), the gap as it stands.
pub fn conformal_factor_plain<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> V::Elem {
    k.lit(2.0) / &k.gap(x)
}

/// λ_x = 2/((1 − √c‖x‖)(1 + √c‖x‖)).
pub fn conformal_factor_factored<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> V::Elem {
    let a = k.root_times(k.norm(x));
    k.lit(2.0) / &(a.clone().one_minus() * &a.plus(1.0))
}

/// The project's own: λ_x with the gap to every bit.
pub fn conformal_factor<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> V::Elem {
    narrow(k, x.gap_wide(&k.c).recip().times(2.0))
}

// --------------------------------------------------------------------------------------------------------- exp0, log0

/// exp₀(v) = tanh(√c‖v‖) v/(√c‖v‖) on either ball. Ganea et al. (2018), Eq. 13. Weak: v = 0 without a norm floor.
pub fn ball_exp0_tanh<V: Vector + ?Sized>(k: &Space<V::Elem>, v: &V) -> V::Owned {
    let a = k.root_times(k.norm(v));
    v.scale(&(k.tanh(k.exp_length(a.clone())) / &a))
}

/// The project's own on either ball: [`ball_exp0_tanh`] in the wide arithmetic, v = 0 by its limit, and never on the rim.
pub fn ball_exp0<V: Vector + ?Sized>(k: &Space<V::Elem>, v: &V) -> V::Owned {
    let a = wide::norm(v) * &k.wide_root;
    v.scale_wide(&wide::ratio(a.clone().tanh(), a)).borrow().pull_inside(&k.c)
}

/// log₀(y) = artanh(√c‖y‖) y/(√c‖y‖) on either ball. Ganea et al. (2018), Eq. 13. Weak: the rim.
pub fn ball_log0_artanh<V: Vector + ?Sized>(k: &Space<V::Elem>, y: &V) -> V::Owned {
    let a = k.root_times(k.norm(y));
    y.scale(&(k.artanh(a.clone()) / &a))
}

/// The project's own on either ball: artanh a = arsinh(a/√(1 − a²)) with the gap to every bit.
pub fn ball_log0<V: Vector + ?Sized>(k: &Space<V::Elem>, y: &V) -> V::Owned {
    let a = wide::norm(y) * &k.wide_root;
    y.scale_wide(&wide::ratio(ball_sinh(k, y).asinh(), a))
}

/// exp₀(v) = sinh(√c‖v‖) v/(√c‖v‖) in space, cosh(√c‖v‖)/√c in time. Desai et al. (2023), Eq. 4. A ceiling on lengths caps the
/// arguments of sinh and cosh alone, as MERU and HyperbolicCV have it: a longer v leads to the ceiling, in its own direction.
pub fn lorentz_exp0_sinh<V: Vector + ?Sized>(k: &Space<V::Elem>, v: &V) -> LiftedOf<V> {
    let a = k.root_times(k.norm(v));
    let capped = k.exp_length(a.clone());
    Lifted { t: k.over_root(capped.clone().cosh()), s: v.scale(&(capped.sinh() / &a)) }
}

/// The project's own: [`lorentz_exp0_sinh`]'s space part in the wide arithmetic, v = 0 by its limit.
pub fn lorentz_exp0<V: Vector + ?Sized>(k: &Space<V::Elem>, v: &V) -> V::Owned {
    let a = wide::norm(v) * &k.wide_root;
    v.scale_wide(&wide::ratio(a.clone().sinh(), a))
}

/// log₀(y) = arcosh(√c t) s/√(c t² − 1)/√c·… written as arcosh(√c t)/(√c‖s‖) s. Desai et al. (2023), Eq. 5. Weak: near 0.
pub fn lorentz_log0_arcosh<V: Vector + ?Sized>(k: &Space<V::Elem>, y: &LiftedOf<V>) -> V::Owned {
    let s = y.s.borrow();
    s.scale(&(k.arcosh(k.root_times(y.t.clone())) / &k.root_times(k.norm(s))))
}

/// The project's own: arsinh(√c‖s‖)/(√c‖s‖) s.
pub fn lorentz_log0<V: Vector + ?Sized>(k: &Space<V::Elem>, s: &V) -> V::Owned {
    let a = wide::sinh_radius(k, s);
    s.scale_wide(&wide::ratio(a.clone().asinh(), a))
}

// -------------------------------------------------------------------------------------------------------------- scale

/// t ⊗ x = tanh(t artanh(√c‖x‖)) x/(√c‖x‖) on either ball. Ganea et al. (2018), Eq. 5. Weak: the rim, and x = 0.
pub fn ball_scale_tanh<V: Vector + ?Sized>(k: &Space<V::Elem>, t: &V::Elem, x: &V) -> V::Owned {
    let a = k.root_times(k.norm(x));
    x.scale(&(k.tanh(k.artanh(a.clone()) * t) / &a))
}

/// The project's own on either ball: artanh from the gap to every bit.
pub fn ball_scale<V: Vector + ?Sized>(k: &Space<V::Elem>, t: &V::Elem, x: &V) -> V::Owned {
    let a = wide::norm(x) * &k.wide_root;
    let target = (ball_sinh(k, x).asinh() * &t.widen()).tanh();
    x.scale_wide(&scale_ratio(target, a, t)).borrow().pull_inside(&k.c)
}

/// The project's own on space coordinates: sinh(t arsinh(√c‖s‖)) s/(√c‖s‖).
pub fn lorentz_scale<V: Vector + ?Sized>(k: &Space<V::Elem>, t: &V::Elem, s: &V) -> V::Owned {
    let a = wide::sinh_radius(k, s);
    let target = (a.clone().asinh() * &t.widen()).sinh();
    s.scale_wide(&scale_ratio(target, a, t))
}

/// t ⊗ x as exp₀(t log₀ x) on the hyperboloid: cosh and sinh of t arcosh(√c t_x). Weak: near the origin.
pub fn lorentz_scale_arcosh<V: Vector + ?Sized>(k: &Space<V::Elem>, t: &V::Elem, x: &LiftedOf<V>) -> LiftedOf<V> {
    let s = x.s.borrow();
    let rho = k.arcosh(k.root_times(x.t.clone())) * t;
    Lifted { t: k.over_root(rho.clone().cosh()), s: s.scale(&(rho.sinh() / &k.root_times(k.norm(s)))) }
}

/// target/a, and its limit t at a = 0.
fn scale_ratio<R: Real>(target: R::Wide, a: R::Wide, t: &R) -> R::Wide {
    let zero = a.lit(0.0);
    zero.select_lt(&a, target / &a, t.widen())
}

// -------------------------------------------------------------------------------------------------------- conversions

/// Ball → hyperboloid as it stands: s = 2x/(1 − c‖x‖²), t = (1 + c‖x‖²)/(√c(1 − c‖x‖²)).
pub fn poincare_to_lorentz_plain<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> LiftedOf<V> {
    let gap = k.gap(x);
    let time = k.over_root((k.norm2(x) * &k.c).plus(1.0) / &gap);
    Lifted { t: time, s: x.scale(&(k.lit(2.0) / &gap)) }
}

/// Ball → hyperboloid, the gap to every bit.
pub fn poincare_to_lorentz<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> V::Owned {
    x.scale_wide(&x.gap_wide(&k.c).recip().times(2.0))
}

/// Hyperboloid → ball as it stands: x = s/(1 + √c t).
pub fn lorentz_to_poincare_plain<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &LiftedOf<V>) -> V::Owned {
    let denominator = k.root_times(x.t.clone()).plus(1.0);
    let denominator = match k.clamps.to_ball_denominator_add {
        None => denominator,
        Some(addend) => denominator.plus(addend),
    };
    x.s.borrow().unscale(&denominator)
}

/// Hyperboloid → ball: x = s/(1 + √(1 + c‖s‖²)), and never on the rim.
pub fn lorentz_to_poincare<V: Vector + ?Sized>(k: &Space<V::Elem>, s: &V) -> V::Owned {
    s.scale_wide(&wide::cosh_radius(k, s).plus(1.0).recip()).borrow().pull_inside(&k.c)
}

/// Ball → Klein as it stands: 2x/(1 + c‖x‖²).
pub fn poincare_to_klein_plain<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> V::Owned {
    x.scale(&(k.lit(2.0) / &(k.norm2(x) * &k.c).plus(1.0)))
}

/// Ball → Klein: 2x/(1 + c‖x‖²) in the wide arithmetic, and never on the rim.
pub fn poincare_to_klein<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> V::Owned {
    let factor = (x.norm2_wide() * &k.wide_c).plus(1.0).recip().times(2.0);
    x.scale_wide(&factor).borrow().pull_inside(&k.c)
}

/// Klein → ball as it stands: x/(1 + √(1 − c‖x‖²)).
pub fn klein_to_poincare_plain<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> V::Owned {
    x.unscale(&k.gap(x).sqrt().plus(1.0))
}

/// Klein → ball, the gap to every bit, and never on the rim.
pub fn klein_to_poincare<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> V::Owned {
    x.scale_wide(&wide::root_gap(k, x).plus(1.0).recip()).borrow().pull_inside(&k.c)
}

/// Klein → hyperboloid as it stands: γx in space, γ/√c in time, γ = 1/√(1 − c‖x‖²).
pub fn klein_to_lorentz_plain<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> LiftedOf<V> {
    let gamma = k.gap(x).sqrt().recip();
    Lifted { t: k.over_root(gamma.clone()), s: x.scale(&gamma) }
}

/// Klein → hyperboloid, the gap to every bit.
pub fn klein_to_lorentz<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> V::Owned {
    x.scale_wide(&wide::root_gap(k, x).recip())
}

/// Hyperboloid → Klein as it stands: s/(√c t).
pub fn lorentz_to_klein_plain<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &LiftedOf<V>) -> V::Owned {
    x.s.borrow().unscale(&k.root_times(x.t.clone()))
}

/// Hyperboloid → Klein: s/√(1 + c‖s‖²), and never on the rim.
pub fn lorentz_to_klein<V: Vector + ?Sized>(k: &Space<V::Elem>, s: &V) -> V::Owned {
    s.scale_wide(&wide::cosh_radius(k, s).recip()).borrow().pull_inside(&k.c)
}

// ------------------------------------------------------------------------------------------------------------- project

/// The nearest representable point inside the ball on the ray through x; points inside stay as they are.
pub fn ball_project<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> V::Owned {
    x.pull_inside(&k.c)
}

/// What [`ball_project`] comes to as its arithmetic gets finer: x min(1, 1/(√c‖x‖)). A point that is not inside goes to the
/// rim on its ray, which no stored point inside attains: it is the limit by which they are judged.
pub fn ball_project_limit<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V) -> V::Owned {
    let length = wide::norm(x) * &k.wide_root;
    let one = length.lit(1.0);
    x.scale_wide(&one.select_lt(&length, wide::safe(length.clone()).recip(), one.clone()))
}
