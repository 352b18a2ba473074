//! exp and log at a point: geodesics from x with initial velocity v, and the velocity that reaches y at time 1.

use super::distance::{klein_sinh, lorentz_half_chord, poincare_half_sinh};
use super::lifted::{Lifted, LiftedOf, combine, minkowski};
use super::{Space, add, wide};
use crate::arithmetic::{Real, Vector, Wide};
use std::borrow::Borrow;

// ---------------------------------------------------------------------------------------------------- Poincaré ball

/// exp_x(v) = x ⊕ (tanh(√c λ_x‖v‖/2) v/(√c‖v‖)). Ganea et al. (2018), Eq. 12. Weak: v = 0 without a norm floor; the rim.
pub fn poincare_exp_tanh<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, v: &V) -> V::Owned {
    let a = k.root_times(k.norm(v));
    let half_length = k.exp_length(a.clone() / &k.gap(x));
    let y = v.scale(&(k.tanh(half_length) / &a));
    add::mobius(k, x, y.borrow())
}

/// The project's own: with q = tanh(√c‖v‖/g_x)/(√c‖v‖), y = qv and g_y = 1 − c‖y‖² from e^(−2√c‖v‖/g_x),
/// ((g_x + c‖x+y‖²)x + g_x y)/(g_x g_y + c‖x+y‖²) in the wide arithmetic, rounded once, never on the rim. Inwards from the
/// rim 1 + 2c⟨x,y⟩ + c²‖x‖²‖y‖², the same divisor, cancels to the square of the gap.
pub fn poincare_exp<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, v: &V) -> V::Owned {
    let gap = x.gap_wide(&k.c);
    let a = wide::norm(v) * &k.wide_root;
    let half = a.clone() / &gap;
    let zero = a.lit(0.0);
    let q = zero.select_lt(&a, half.clone().tanh() / &a, gap.clone().recip());
    // 1 − tanh² = 4E/(1 + E)², E = e^(−2·half).
    let e = half.times(-2.0).exp();
    let gap_y = e.clone().times(4.0) / &e.plus(1.0).square();
    let sum2 = x.sum_norm2_wide(v, &q) * &k.wide_c;
    let denominator = gap.clone() * &gap_y + &sum2;
    let (a, b) = ((sum2 + &gap) / &denominator, gap * &q / &denominator);
    x.combine_wide(&a, v, &b).borrow().pull_inside(&k.c)
}

/// log_x(y) = (2/(√c λ_x)) artanh(√c‖m‖) m/‖m‖, m = (−x) ⊕ y. Ganea et al. (2018), Eq. 12. Weak: the rim; x = y.
pub fn poincare_log_artanh<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Owned {
    let m = add::mobius(k, x.negated().borrow(), y);
    let a = k.root_times(k.norm(m.borrow()));
    m.borrow().scale(&(k.artanh(a.clone()) * &k.gap(x) / &a))
}

/// ‖v‖_x = λ_x‖v‖ of a tangent vector of the ball.
pub fn poincare_length<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, v: &V) -> Wide<V> {
    wide::norm(v).times(2.0) / &x.gap_wide(&k.c)
}

/// The project's own: g_x (A/tanh A)(g_x w − c‖w‖²x)/(g_x g_y + c‖w‖²), w = y − x exact, A = arsinh √δ.
pub fn poincare_log<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Owned {
    let (gx, gy) = (x.gap_wide(&k.c), y.gap_wide(&k.c));
    let w2 = x.dist2_wide(y) * &k.wide_c;
    let half = poincare_half_sinh(k, x, y).asinh();
    let stretch = wide::ratio(half.clone().tanh(), half).recip();
    let factor = gx.clone() * &stretch / &(gx.clone() * &gy + &w2);
    x.step_wide(&-(factor.clone() * &w2), y, &(factor * &gx))
}

// ---------------------------------------------------------------------------------------------------------- Lorentz

/// exp_x(v) = cosh(θ)x + sinh(θ)v/θ, θ = √c‖v‖_L. Nickel & Kiela (2018), Eq. 9. Weak: ‖v‖_L of radial vectors cancels.
pub fn lorentz_exp_plain<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &LiftedOf<V>, v: &LiftedOf<V>) -> LiftedOf<V> {
    let theta = k.tangent_length(minkowski::<V>(v, v));
    let capped = k.exp_length(theta.clone());
    combine::<V>(&capped.clone().cosh(), x, &(capped.sinh() / &theta), v)
}

/// The project's own on space coordinates, along the ray through s and across it. With sinh ρ = √c‖s‖, P = √c⟨s,v⟩/(‖s‖ cosh ρ)
/// and Q = √c‖s∧v‖/‖s‖, θ = √(P² + Q²): across it v's part times sinh(θ)/θ, along it
/// (sinh ρ cosh θ + P cosh ρ sinh(θ)/θ)/√c outwards, and inwards, where those two cancel,
/// (sinh(ρ − θ) + (1 + P/θ) cosh ρ sinh θ)/√c with 1 + P/θ = Q²/(θ(θ − P)).
pub fn lorentz_exp<V: Vector + ?Sized>(k: &Space<V::Elem>, s: &V, v: &V) -> V::Owned {
    let (sinh_rho, cosh_rho) = (wide::sinh_radius(k, s), wide::cosh_radius(k, s));
    let norm = wide::safe(wide::norm(s));
    let p = s.dot_wide(v) / &norm * &k.wide_root / &cosh_rho;
    let q = s.wedge2_wide(v).sqrt() / &norm * &k.wide_root;
    let (along, stretch) = lorentz_ride(sinh_rho, cosh_rho, p, q);
    let along = along / &k.wide_root / &norm;
    wide::along_and_across(s, &along, v, &stretch, stretch_at_origin(k, v))
}

/// Where a ride of length θ = √(P² + Q²) from radius ρ ends along its first ray, times √c, and sinh(θ)/θ: P of θ leads along the
/// ray, Q across it.
pub(super) fn lorentz_ride<R: Real>(sinh_rho: R, cosh_rho: R, p: R, q: R) -> (R, R) {
    let zero = p.lit(0.0);
    let theta = p.clone().abs().hypot(&q);
    let stretch = wide::ratio(theta.clone().sinh(), theta.clone());
    let out = || sinh_rho.clone() * &theta.clone().cosh() + &(p.clone() * &cosh_rho * &stretch);
    let back = || {
        // sinh θ as two equal factors and what is left: it may overflow where it meets an exact 0.
        let grown = theta.clone().times(0.5).exp();
        let left = theta.clone().times(-2.0).exp_m1().times(-0.5);
        let turned =
            (q.clone() / &wide::safe(theta.clone()) * &grown) * &(q.clone() / &wide::safe(theta.clone() - &p) * &grown);
        (sinh_rho.clone().asinh() - &theta).sinh() + &(turned * &cosh_rho * &left)
    };
    (wide::choose_lt(&p, &zero, back, out), stretch)
}

/// sinh(a)/a with a = √c‖v‖: what exp at the origin multiplies v by.
fn stretch_at_origin<V: Vector + ?Sized>(k: &Space<V::Elem>, v: &V) -> Wide<V> {
    let a = wide::norm(v) * &k.wide_root;
    wide::ratio(a.clone().sinh(), a)
}

/// ‖v‖_L of a tangent vector at s, both in space coordinates: √((‖v‖² + c‖s∧v‖²)/(1 + c‖s‖²)).
pub fn lorentz_length<V: Vector + ?Sized>(k: &Space<V::Elem>, s: &V, v: &V) -> Wide<V> {
    let across = s.wedge2_wide(v).sqrt() * &k.wide_root;
    wide::norm(v).hypot(&across) / &wide::cosh_radius(k, s)
}

/// log_x(y) = (d/‖u‖_L) u, u = y + c⟨x,y⟩_L x, d = arcosh(−c⟨x,y⟩_L)/√c. Nickel & Kiela (2018); geoopt. Weak: close pairs.
pub fn lorentz_log_projected<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &LiftedOf<V>, y: &LiftedOf<V>) -> LiftedOf<V> {
    let product = minkowski::<V>(x, y) * &k.c;
    let u = combine::<V>(&product, x, &k.lit(1.0), y);
    let theta = k.arcosh(-product);
    let factor = theta / &k.tangent_length(minkowski::<V>(&u, &u));
    combine::<V>(&k.lit(0.0), x, &factor, &u)
}

/// log_x(y) = arcosh(α)/√(α² − 1) (y − αx), α = −c⟨x,y⟩_L. Weak: close pairs.
pub fn lorentz_log_arcosh<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &LiftedOf<V>, y: &LiftedOf<V>) -> LiftedOf<V> {
    let alpha = -(minkowski::<V>(x, y) * &k.c);
    let factor = k.arcosh(alpha.clone()) / &alpha.clone().square().plus(-1.0).sqrt();
    combine::<V>(&-(factor.clone() * &alpha), x, &factor, y)
}

/// log_x(y) = (θ/sinh θ) y − (θ/tanh θ) x, θ = arcosh(−c⟨x,y⟩_L). Weak: close pairs, whose two terms cancel.
pub fn lorentz_log_two_terms<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &LiftedOf<V>, y: &LiftedOf<V>) -> LiftedOf<V> {
    let theta = k.arcosh(-(minkowski::<V>(x, y) * &k.c));
    let (a, b) = (theta.clone() / &theta.clone().tanh(), theta.clone() / &theta.sinh());
    combine::<V>(&-a, x, &b, y)
}

/// The project's own on space coordinates: (θ/sinh θ)(y − x) − θ tanh(θ/2) x, y − x exact.
pub fn lorentz_log<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Owned {
    let half = (lorentz_half_chord(k, x, y) * &k.wide_root).asinh();
    let theta = half.clone().times(2.0);
    let along = theta.clone() * &half.tanh();
    let away = wide::ratio(theta.clone().sinh(), theta).recip();
    x.step_wide(&-along, y, &away)
}

// ------------------------------------------------------------------------------------------------------------ Klein

/// exp_x(v) = x + qv, q = T/(1 + cT⟨x,v⟩/g), T = tanh(θ)/θ, θ = √c‖v‖_x, ‖v‖_x² = ‖v‖²/g + c⟨x,v⟩²/g², as it stands:
/// Klein geodesics are straight. Weak: the rim; v = 0.
pub fn klein_exp_plain<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, v: &V) -> V::Owned {
    let (gap, along) = (k.gap(x), x.dot(v) * &k.c);
    let theta2 = v.norm2() * &k.c / &gap + &(along.clone() / &gap).square();
    let theta = theta2.sqrt();
    let t = k.tanh(k.exp_length(theta.clone())) / &theta;
    let q = t.clone() / &(along * &t / &gap).plus(1.0);
    x.combine(&k.lit(1.0), v, &q)
}

/// The project's own: [`klein_exp_plain`] in the wide arithmetic, rounded once, never on the rim. Inwards, where 1 + cT⟨x,v⟩/g
/// cancels, with P = c⟨x,v⟩/g, N² = c‖v‖²/g and θ² = N² + P² that is (1 − tanh θ) + tanh(θ) N²/(θ(θ − P)).
pub fn klein_exp<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, v: &V) -> V::Owned {
    let gap = x.gap_wide(&k.c);
    let p = x.dot_wide(v) * &k.wide_c / &gap;
    let n = wide::norm(v) * &k.wide_root / &gap.clone().sqrt();
    let q = klein_share(p, n, |theta| theta);
    x.combine_wide(&gap.lit(1.0), v, &q).borrow().pull_inside(&k.c)
}

/// The q of x + qu that lies at the distance θ/√c from x, from P = c⟨x,u⟩/g and N = √c‖u‖/√g, `theta` being given √(N² + P²).
pub(super) fn klein_share<R: Real>(p: R, n: R, theta: impl Fn(R) -> R) -> R {
    let size = n.clone().hypot(&p.clone().abs());
    let theta = theta(size.clone());
    let (zero, tanh) = (p.lit(0.0), theta.clone().tanh());
    let divisor = wide::safe(size.clone());
    let out = (p.clone() / &divisor * &tanh).plus(1.0);
    let back = {
        let e = theta.times(-2.0).exp();
        let turned = (n.clone() / &divisor) * &(n / &wide::safe(size.clone() - &p));
        e.clone().times(2.0) / &e.plus(1.0) + &(turned * &tanh)
    };
    wide::ratio(tanh, size) / &p.select_lt(&zero, back, out)
}

/// ‖v‖_x of a tangent vector of Klein's ball: √(‖v‖²/g + c⟨x,v⟩²/g²).
pub fn klein_length<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, v: &V) -> Wide<V> {
    let gap = x.gap_wide(&k.c);
    let along = (x.dot_wide(v) * &k.wide_root).abs() / &gap;
    (wide::norm(v) / &gap.sqrt()).hypot(&along)
}

/// log_x(y) = (θ/sinh θ) √(g_x/g_y) (y − x), θ from K1, as it stands. Weak: close pairs, and the rim.
pub fn klein_log_plain<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Owned {
    let (gx, gy) = (k.gap(x), k.gap(y));
    let theta = k.arcosh((x.dot(y) * &k.c).one_minus() / &(gx.clone() * &gy).sqrt());
    let factor = theta.clone() / &theta.sinh() * &(gx / &gy).sqrt();
    y.minus(x).borrow().scale(&factor)
}

/// The project's own: [`klein_log_plain`] with y − x exact and θ from its arsinh form.
pub fn klein_log<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Owned {
    let sinh = klein_sinh(k, x, y);
    let theta = sinh.clone().asinh();
    let stretch = wide::ratio(sinh, theta).recip();
    let factor = stretch * &(x.gap_wide(&k.c) / &y.gap_wide(&k.c)).sqrt();
    x.step_wide(&factor.lit(0.0), y, &factor)
}

// -------------------------------------------------------------------------------------- through the hyperboloid (ball)

/// exp on the ball by lifting point and vector to the hyperboloid and mapping back, as it stands.
pub fn poincare_exp_through_lorentz<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, v: &V) -> V::Owned {
    let gap = k.gap(x);
    let along = x.dot(v) * &k.c;
    let lifted = super::radial::poincare_to_lorentz_plain(k, x);
    let stretch = along.clone().times(4.0) / &gap.clone().square();
    let tangent = Lifted { t: k.over_root(stretch.clone()), s: v.combine(&(k.lit(2.0) / &gap), x, &stretch) };
    super::radial::lorentz_to_poincare_plain::<V>(k, &lorentz_exp_plain::<V>(k, &lifted, &tangent))
}
