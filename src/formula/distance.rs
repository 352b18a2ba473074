//! Geodesic distance d(x, y) ≥ 0, in units of 1/√c times √c: every published form, and one that storage alone limits.

use super::lifted::{LiftedOf, minkowski};
use super::{Space, add, wide};
use crate::arithmetic::{Real, Vector, Wide};
use std::borrow::Borrow;

// ---------------------------------------------------------------------------------------------------- Poincaré ball

/// B1: d = (2/√c) artanh(√c ‖(−x) ⊕ y‖), through the full Möbius vector. Ganea et al. (2018), Eq. 6.
///
/// Weak: artanh near 1 doubles the digits that the norm has lost; dies at half the radius that storage allows.
pub fn mobius<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    let argument = mobius_argument(k, x, y);
    k.distance(k.over_root(k.artanh(argument).times(2.0)))
}

/// B1 with artanh a = ½(ln(1 + a) − ln(1 − a)).
pub fn mobius_log<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    let a = k.artanh_argument(mobius_argument(k, x, y));
    k.distance(k.over_root(a.clone().plus(1.0).ln() - &a.one_minus().ln()))
}

/// B1 with artanh a = ½ log1p(2a/(1 − a)).
pub fn mobius_log1p<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    let a = k.artanh_argument(mobius_argument(k, x, y));
    k.distance(k.over_root((a.clone().times(2.0) / &a.one_minus()).ln_1p()))
}

fn mobius_argument<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    let m = add::mobius(k, x.negated().borrow(), y);
    k.root_times(k.norm(m.borrow()))
}

/// B2: d = (2/√c) artanh(√c ‖x − y‖ / √(1 − 2c⟨x,y⟩ + c²‖x‖²‖y‖²)). Shimizu et al. (2021).
pub fn mobius_norm<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    let products = x.norm2() * &k.c * &(y.norm2() * &k.c);
    let denominator = (x.dot(y) * &k.c).times(-2.0).plus(1.0) + &products;
    let argument = k.root_times(x.dist2(y).sqrt()) / &denominator.sqrt();
    k.distance(k.over_root(k.artanh(argument).times(2.0)))
}

/// t = 2δ = 2c‖x − y‖²/((1 − c‖x‖²)(1 − c‖y‖²)).
fn twice_delta<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    (x.dist2(y) * &k.c).times(2.0) / &(k.gap(x) * &k.gap(y))
}

/// B3a: d = (1/√c) ln(a + √(a² − 1)), a = 1 + t. Nickel & Kiela (2017), Eq. 1. Weak: close pairs.
pub fn arcosh_log<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    let a = twice_delta(k, x, y).plus(1.0);
    let root = a.clone().square().plus(-1.0).sqrt();
    k.distance(k.over_root((a + &root).ln()))
}

/// B3b: d = (1/√c) arcosh(1 + t). Weak: close pairs, where 1 + t has lost t.
pub fn arcosh<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    k.distance(k.over_root(k.arcosh(twice_delta(k, x, y).plus(1.0))))
}

/// B3c: d = (1/√c) log1p(t + √(t(t + 2))). Good at both ends.
pub fn arcosh_log1p<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    k.distance(k.over_root(arcosh1p(twice_delta(k, x, y))))
}

/// arcosh(1 + t) = log1p(t + √(t(t + 2))).
fn arcosh1p<R: Real>(t: R) -> R {
    let root = (t.clone() * &t.clone().plus(2.0)).sqrt();
    (t + &root).ln_1p()
}

/// B4: d = (2/√c) arsinh(√δ). Good at both ends.
pub fn arsinh<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    let delta = x.dist2(y) * &k.c / &(k.gap(x) * &k.gap(y));
    k.distance(k.over_root(k.arsinh(delta.sqrt()).times(2.0)))
}

/// B4 with 1 − c‖x‖² = (1 − √c‖x‖)(1 + √c‖x‖).
pub fn arsinh_factored<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    let gap = |x: &V| {
        let a = k.root_times(k.norm(x));
        a.clone().one_minus() * &a.plus(1.0)
    };
    let delta = x.dist2(y) * &k.c / &(gap(x) * &gap(y));
    k.distance(k.over_root(k.arsinh(delta.sqrt()).times(2.0)))
}

/// B4 with ‖x − y‖² = ‖x‖² − 2⟨x,y⟩ + ‖y‖², as a matrix product gives it for all pairs at once. Weak: close pairs.
pub fn arsinh_gram<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    let zero = k.lit(0.0);
    let dist2 = (x.norm2() - &x.dot(y).times(2.0) + &y.norm2()).max(&zero);
    let delta = dist2 * &k.c / &(k.gap(x) * &k.gap(y));
    k.distance(k.over_root(k.arsinh(delta.sqrt()).times(2.0)))
}

/// B4 with 1 − c‖x‖² from error-free transformations (Ogita, Rump & Oishi 2005, Dot2), everything else as it stands.
pub fn arsinh_compensated<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    let gap = |x: &V| V::Elem::narrow(x.gap_wide(&k.c), &k.c);
    let delta = x.dist2(y) * &k.c / &(gap(x) * &gap(y));
    k.over_root(delta.sqrt().asinh().times(2.0))
}

/// B5: lift both points to the hyperboloid, then (1/√c) arcosh(−c⟨X, Y⟩). Weak: close pairs, and far ones.
pub fn through_lorentz<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    let lift = |x: &V| {
        let (n, gap) = (k.norm2(x) * &k.c, k.gap(x));
        (n.plus(1.0) / &gap, x.scale(&(k.lit(2.0) / &gap)))
    };
    let ((tx, sx), (ty, sy)) = (lift(x), lift(y));
    let product = tx * &ty - &(sx.borrow().dot(sy.borrow()) * &k.c);
    k.distance(k.over_root(k.arcosh(product)))
}

/// The project's own: d = (2/√c) arsinh(√c‖x − y‖ / √((1 − c‖x‖²)(1 − c‖y‖²))), with the differences exact and the two
/// gaps to every bit that the wide arithmetic holds.
pub fn poincare<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    in_order(x, y, |x, y| from_half_chord(k, poincare_half_chord(k, x, y)))
}

/// √δ = sinh(√c d/2).
pub(super) fn poincare_half_sinh<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> Wide<V> {
    poincare_half_chord(k, x, y) * &k.wide_root
}

/// √(δ/c).
fn poincare_half_chord<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> Wide<V> {
    let [gap_x, gap_y, dist2] = x.gaps_and_dist2_wide(y, &k.c);
    dist2.sqrt() / &(gap_x * &gap_y).sqrt()
}

// ---------------------------------------------------------------------------------------------------------- Lorentz

/// L1: d = (1/√c) arcosh(−c⟨x, y⟩_L). Nickel & Kiela (2018), Eq. 5. Weak: close pairs at any radius.
pub fn lorentz_arcosh<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &LiftedOf<V>, y: &LiftedOf<V>) -> V::Elem {
    k.distance(k.over_root(k.arcosh(-(minkowski::<V>(x, y) * &k.c))))
}

/// L2: d = (2/√c) arsinh(½√(c⟨x − y, x − y⟩_L)). Weak: radial pairs, whose differences cancel in the Minkowski product.
pub fn lorentz_chord<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &LiftedOf<V>, y: &LiftedOf<V>) -> V::Elem {
    let time = x.t.clone() - &y.t;
    let chord2 = x.s.borrow().dist2(y.s.borrow()) - &time.square();
    let half = (chord2 * &k.c).max(&k.lit(0.0)).sqrt().times(0.5);
    k.distance(k.over_root(k.arsinh(half).times(2.0)))
}

/// Below this value of −c⟨x,y⟩_L − 1, [`lorentz_taylor`] takes √(2δ) for arcosh(1 + δ).
const TAYLOR_BELOW: f64 = 1e-6;

/// L3: L1, with √(2δ) for arcosh(1 + δ) where δ < 10⁻⁶.
pub fn lorentz_taylor<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &LiftedOf<V>, y: &LiftedOf<V>) -> V::Elem {
    let a = -(minkowski::<V>(x, y) * &k.c);
    let zero = k.lit(0.0);
    let delta = a.clone().plus(-1.0).max(&zero);
    let near = delta.clone().times(2.0).sqrt();
    let far = k.arcosh(a.max(&k.lit(1.0)));
    k.distance(k.over_root(delta.select_lt(&k.lit(TAYLOR_BELOW), near, far)))
}

/// L4: d = (1/√c) arcosh(−⟨x,y⟩/√|⟨x,x⟩⟨y,y⟩|): normalised, so that points off the hyperboloid are pulled back to it.
pub fn lorentz_normalised<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &LiftedOf<V>, y: &LiftedOf<V>) -> V::Elem {
    let norms = (minkowski::<V>(x, x) * &minkowski::<V>(y, y)).abs().sqrt();
    k.distance(k.over_root(k.arcosh(-(minkowski::<V>(x, y) / &norms))))
}

/// L5: log1p(v + √(v(v + 2)))/√c, v = (c²‖x∧y‖² + c‖x−y‖²)/(c(t_x t_y + ⟨x,y⟩) + 1), ‖x∧y‖² summed over all pairs of
/// coordinates. After math.SE 4899272, where c = 1. Weak: O(n²), and pairs on opposite sides, whose denominator cancels.
pub fn lorentz_cross<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &LiftedOf<V>, y: &LiftedOf<V>) -> V::Elem {
    let (sx, sy) = (x.s.borrow(), y.s.borrow());
    let numerator = sx.wedge2(sy) * &k.c.clone().square() + &(sx.dist2(sy) * &k.c);
    let denominator = ((x.t.clone() * &y.t + &sx.dot(sy)) * &k.c).plus(1.0);
    k.distance(k.over_root(arcosh1p(numerator / &denominator)))
}

/// L5': d = 2 arsinh(√m/2)/√c, m = (4‖Δ‖² + c(‖Δ‖²‖Σ‖² − ⟨Δ,Σ⟩²))·c/(c(t_x+t_y)² − c‖Δ‖²), Δ = x − y, Σ = x + y.
/// With ‖Δ‖²‖Σ‖² − ⟨Δ,Σ⟩² as it stands.
pub fn lorentz_sum_difference<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &LiftedOf<V>, y: &LiftedOf<V>) -> V::Elem {
    let (difference, sum) = (x.s.borrow().minus(y.s.borrow()), x.s.borrow().plus(y.s.borrow()));
    let (difference, sum) = (difference.borrow(), sum.borrow());
    let norm2 = difference.norm2();
    let cross = norm2.clone() * &sum.norm2() - &difference.dot(sum).square();
    let numerator = norm2.clone().times(4.0) + &(cross.max(&k.lit(0.0)) * &k.c);
    let denominator = (x.t.clone() + &y.t).square() - &norm2;
    let m = numerator / &denominator;
    k.distance(k.over_root(k.arsinh(m.sqrt().times(0.5)).times(2.0)))
}

/// L5h, hyperbolic haversine: sinh²(θ/2) = P² + (c/4) r_x r_y ‖x̂ − ŷ‖², P = ½(u_x − u_y)/(√u_x √u_y), u = √c(t + r),
/// u_x − u_y = √c(r_x − r_y)(1 + (r_x + r_y)/(t_x + t_y)), r = ‖s‖. Sums of non-negative terms only. hyperbolix 1.4.
/// Weak: close pairs far out, where r_x − r_y and x̂ − ŷ are differences of rounded numbers.
pub fn lorentz_haversine<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &LiftedOf<V>, y: &LiftedOf<V>) -> V::Elem {
    let (sx, sy) = (x.s.borrow(), y.s.borrow());
    let (rx, ry) = (sx.norm2().sqrt(), sy.norm2().sqrt());
    let (ux, uy) = (k.root_times(x.t.clone() + &rx), k.root_times(y.t.clone() + &ry));
    let stretch = ((rx.clone() + &ry) / &(x.t.clone() + &y.t)).plus(1.0);
    let p = k.root_times(rx.clone() - &ry) * &stretch / &(ux.sqrt() * &uy.sqrt()).times(2.0);
    let unit = |s: &V, r: &V::Elem| {
        // The direction of the origin is immaterial: its radius multiplies it.
        let divisor = k.lit(0.0).select_lt(r, r.clone(), k.lit(1.0));
        s.unscale(&divisor)
    };
    let chord2 = unit(sx, &rx).borrow().dist2(unit(sy, &ry).borrow());
    let q2 = chord2 * &(rx * &k.c).times(0.25) * &ry;
    k.distance(k.over_root(k.arsinh((p.square() + &q2).sqrt()).times(2.0)))
}

/// L6, polar: m = 2 sinh²(Δρ/2) + ½ sinh ρ_x sinh ρ_y ‖u_x − u_y‖², d = log1p(m + √(m(m + 2)))/√c, ρ = arsinh(√c‖s‖).
pub fn lorentz_polar<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &LiftedOf<V>, y: &LiftedOf<V>) -> V::Elem {
    let (sx, sy) = (x.s.borrow(), y.s.borrow());
    let (rx, ry) = (sx.norm2().sqrt(), sy.norm2().sqrt());
    let (ax, ay) = (k.root_times(rx.clone()), k.root_times(ry.clone()));
    let divisor = |r: V::Elem| k.lit(0.0).select_lt(&r, r.clone(), k.lit(1.0));
    let chord2 = sx.unscale(&divisor(rx)).borrow().dist2(sy.unscale(&divisor(ry)).borrow());
    let radial = (ax.clone().asinh() - &ay.clone().asinh()).times(0.5).sinh().square().times(2.0);
    let m = radial + &(chord2 * &ax * &ay).times(0.5);
    k.distance(k.over_root(arcosh1p(m)))
}

/// The project's own, on space coordinates alone: d = (2/√c) arsinh h, h² = ½(cosh θ − 1) as a sum of non-negative terms:
/// 2h² = (c‖x−y‖² + c²‖x∧y‖²)/(T_xT_y + c⟨x,y⟩ + 1) where ⟨x,y⟩ ≥ 0, after math.SE 4899272, its wedge without cancellation
/// ([`Vector::wedge2_wide`]), and (X² + Y² + X²Y²)/(T_xT_y + 1) + c|⟨x,y⟩| elsewhere; X = √c‖x‖, T_x = √(1 + X²).
pub fn lorentz<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    in_order(x, y, |x, y| from_half_chord(k, lorentz_half_chord(k, x, y)))
}

/// h/√c, h = sinh(√c d/2), from space coordinates: half the length of the chord. Differentiable wherever the distance is, also
/// where x or y is the origin.
///
/// Its derivative by c is −⟨x − y, x + y⟩²/(8(T_x + T_y)²T_xT_y) over itself: of two near points what the sums below have by c
/// cancels.
pub(super) fn lorentz_half_chord<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> Wide<V> {
    let (c, c_root) = (k.wide_c.at_rest(), k.wide_root.at_rest());
    let (nx, ny) = (wide::norm(x), wide::norm(y));
    let (tx, ty) = (wide::cosh_of_arsinh(nx.clone() * &c_root), wide::cosh_of_arsinh(ny.clone() * &c_root));
    let times = tx.clone() * &ty;
    let dot = x.dot_wide(y);
    let zero = dot.lit(0.0);
    let root = |x: Wide<V>| x.times(2.0).sqrt();
    let together = || {
        let over = root((dot.clone() * &c).max(&zero) + &times.clone().plus(1.0));
        let across = x.wedge2_wide(y).sqrt() * &c_root / &over;
        (wide::dist(x, y) / &over).hypot(&across)
    };
    let opposite = || {
        let over = root(times.clone().plus(1.0));
        let product = nx.clone() * &ny * &c_root / &over;
        let along = (-dot.clone()).max(&zero).times(0.5).sqrt();
        (nx.clone().hypot(&ny) / &over).hypot(&product).hypot(&along)
    };
    let chord = wide::choose_lt(&dot, &zero, opposite, together);
    let by_c = || {
        let squares = x.norm2_difference_wide(y) / &(tx.clone() + &ty);
        -(squares.square() / &wide::safe(chord.clone()) / &times).times(0.125)
    };
    chord.clone().with_slope(&k.wide_c, by_c)
}

// ------------------------------------------------------------------------------------------------------------ Klein

/// K1: d = (1/√c) arcosh((1 − c⟨x,y⟩)/√(g_x g_y)), g = 1 − c‖x‖². Mao et al. (2024). Weak: close pairs, and the rim.
pub fn klein_arcosh<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    let numerator = (x.dot(y) * &k.c).one_minus();
    k.distance(k.over_root(k.arcosh(numerator / &(k.gap(x) * &k.gap(y)).sqrt())))
}

/// K2: d = (1/√c) arsinh √(cN/(g_x g_y)), w = y − x, N = g_x‖w‖² + c⟨x,w⟩². hyperbolix 1.4.
pub fn klein_arsinh<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    let w = y.minus(x);
    let along = x.dot(w.borrow()).square() * &k.c;
    let (gx, gy) = (k.gap(x), k.gap(y));
    let n = gx.clone() * &w.borrow().norm2() + &along;
    k.distance(k.over_root(k.arsinh((n * &k.c / &(gx * &gy)).sqrt())))
}

/// KP: to the ball by x/(1 + √(1 − c‖x‖²)), then B4.
pub fn klein_through_poincare<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    let ball = |x: &V| x.unscale(&k.gap(x).sqrt().plus(1.0));
    arsinh(k, ball(x).borrow(), ball(y).borrow())
}

/// The project's own: K2 with w and ⟨x,w⟩ from exact differences and the gaps to every bit.
pub fn klein<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> V::Elem {
    in_order(x, y, |x, y| V::Elem::narrow(V::Elem::asinh_quotient(klein_chord(k, x, y), &k.wide_root), &k.c))
}

/// sinh(√c d).
pub(super) fn klein_sinh<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> Wide<V> {
    klein_chord(k, x, y) * &k.wide_root
}

/// sinh(√c d)/√c.
fn klein_chord<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> Wide<V> {
    let (gx, gy) = (x.gap_wide(&k.c), y.gap_wide(&k.c));
    // Each part over its own divisor: a tiny difference is divided before it is multiplied.
    let across = wide::dist(x, y) / &gy.clone().sqrt();
    let along = (x.dot_difference_wide(y, x) * &k.wide_root).abs() / &(gx * &gy).sqrt();
    across.hypot(&along)
}

// ----------------------------------------------------------------------------------------------------------- shared

/// d = (2/√c) arsinh h from h/√c.
fn from_half_chord<R: Real>(k: &Space<R>, chord: R::Wide) -> R {
    R::narrow(R::asinh_quotient(chord, &k.wide_root).times(2.0), &k.c)
}

/// f(x, y) in an order of the two points that does not depend on which came first: symmetric to the bit.
fn in_order<V: Vector + ?Sized, T>(x: &V, y: &V, f: impl Fn(&V, &V) -> T) -> T {
    if y.precedes(x) { f(y, x) } else { f(x, y) }
}
