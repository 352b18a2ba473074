//! What happens along a geodesic from x to y: parallel transport, the point at a fraction of it, weighted midpoints, and
//! gyrations.

use super::distance::{klein_sinh, lorentz_half_chord, poincare_half_sinh};
use super::frame::Frame;
use super::lifted::{LiftedOf, combine, minkowski};
use super::{Space, add, exp_log, radial, wide};
use crate::arithmetic::{Real, Vector, Wide};
use std::borrow::Borrow;

// ---------------------------------------------------------------------------------------------------------- transport

/// P_{x→y}(v) = gyr[y, −x]v · λ_x/λ_y, the gyration by four Möbius additions' closed form as it stands. Ganea et al. (2018).
pub fn poincare_transport_gyration<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V, v: &V) -> V::Owned {
    let rotated = poincare_gyration_closed(k, y, x.negated().borrow(), v);
    rotated.borrow().scale(&(k.gap(y) / &k.gap(x)))
}

/// The project's own on the ball: [`poincare_gyration`]'s rearrangement with w = y − x exact, times g_y/g_x.
pub fn poincare_transport<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V, v: &V) -> V::Owned {
    let (gx, gy) = (x.gap_wide(&k.c), y.gap_wide(&k.c));
    let stretch = gy.clone() / &gx;
    let (a, b) = gyration_terms(k, x, y, v, gx, gy);
    x.step3_wide(&(a * &stretch), y, &(b * &stretch), v, &stretch)
}

/// v + c⟨y,v⟩_L/(1 − c⟨x,y⟩_L) (x + y). Chami et al. (2019). Weak: radial vectors far out.
pub fn lorentz_transport_plain<V: Vector + ?Sized>(
    k: &Space<V::Elem>,
    x: &LiftedOf<V>,
    y: &LiftedOf<V>,
    v: &LiftedOf<V>,
) -> LiftedOf<V> {
    let one = k.lit(1.0);
    let factor = minkowski::<V>(y, v) * &k.c / &(minkowski::<V>(x, y) * &k.c).one_minus();
    combine::<V>(&one, v, &factor, &combine::<V>(&one, x, &one, y))
}

/// v − ⟨log_x y, v⟩_L/d² (log_x y + log_y x). geoopt. Weak: 0/0 as y → x.
pub fn lorentz_transport_log<V: Vector + ?Sized>(
    k: &Space<V::Elem>,
    x: &LiftedOf<V>,
    y: &LiftedOf<V>,
    v: &LiftedOf<V>,
) -> LiftedOf<V> {
    let one = k.lit(1.0);
    let (there, back) = (exp_log::lorentz_log_projected::<V>(k, x, y), exp_log::lorentz_log_projected::<V>(k, y, x));
    let factor = minkowski::<V>(&there, v) / &minkowski::<V>(&there, &there);
    combine::<V>(&one, v, &-factor, &combine::<V>(&one, &there, &one, &back))
}

/// The project's own on space coordinates: to the origin along x's ray, where v is v₀ = v_⊥ + ⟨x,v⟩x/(‖x‖²T_x), turned there by
/// gyr\[y,−x\], and from the origin along y's ray, u ↦ u + c⟨y,u⟩y/(1 + T_y), T = √c t.
///
/// ⟨y,u⟩ = ((⟨x,y⟩ − c‖x∧y‖²/(1 + C))⟨x,v⟩/T_x + (T_x + T_y)⟨x∧y,x∧v⟩/(1 + C))/‖x‖², C = cosh θ, is as exact as its
/// terms: the factor 1 + T_y would stretch what u itself has lost.
pub fn lorentz_transport<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V, v: &V) -> V::Owned {
    let frame = Frame::new(k, x, y);
    let cosh = frame.cosh();
    let (radial, x_wv) = (x.dot_wide(v) / &frame.tx, x.wedge_dot_wide(v, x));
    let w_wv = x.wedge_product_wide(y, v);
    // v₀ = of_wv w_v + of_x x.
    let zero = cosh.lit(0.0);
    let of_wv = frame.unless_origin(frame.form.clone().recip(), zero.clone());
    let of_x = (radial.clone() - &(x_wv.clone() * &of_wv)) / &frame.divisor;
    let w_v0 = w_wv.clone() * &of_wv + &(of_x.clone() * &frame.along);
    let (turned_x, turned_w) = frame.rotation(&cosh, &w_v0, &radial);

    let nearer = cosh.plus(1.0).recip();
    let in_plane = frame.dot.clone() - &(frame.wedge2.clone() * &k.wide_c * &nearer);
    let across = frame.wedge_product(&w_wv, &x_wv) * &(frame.tx.clone() + &frame.ty) * &nearer;
    let along_y = (in_plane * &radial + &across) / &frame.divisor;
    let along_y = frame.unless_origin(along_y, y.dot_wide(v));
    let of_y = along_y * &k.wide_c / &frame.ty.clone().plus(1.0);
    let (there, here) = (zero.lit(1.0), zero.clone());
    let as_it_is = frame.unless_origin(here, there);
    x.wedges_step_wide(y, v, &[of_x + &turned_x, turned_w, of_y, of_wv, as_it_is])
}

/// ⟨x, a⟩_L for a tangent at p, all in space coordinates. Near the origin, where √c‖p‖ < 1, and across it, where ⟨p,x⟩ < 0 and
/// ‖p‖ < 2‖x‖, as ⟨x − p, a⟩ − c⟨x − p, x + p⟩⟨p,a⟩/(T_p(T_x + T_p)), T = √c t, x − p exact; elsewhere, where those two terms
/// may cancel, (O⟨p,a⟩/T_p + ⟨p∧x,p∧a⟩)/‖p‖² with O = T_p⟨p,x⟩ − ‖p‖²T_x ([`Frame::outwards`]).
pub(super) fn lorentz_product<V: Vector + ?Sized>(k: &Space<V::Elem>, p: &V, x: &V, a: &V) -> Wide<V> {
    let radial = p.dot_wide(a);
    let p2 = p.norm2_wide() * &k.wide_c;
    let near = || {
        let (tp, tx) = (wide::cosh_radius(k, p), wide::cosh_radius(k, x));
        let further = x.norm2_difference_wide(p) * &k.wide_c;
        p.dot_difference_wide(x, a) - &(further * &radial / &((tx + &tp) * &tp))
    };
    let far = || {
        let frame = Frame::new(k, p, x);
        let across = frame.wedge_product(&p.wedge_product_wide(x, a), &p.wedge_dot_wide(a, p));
        (frame.outwards() * &radial / &frame.tx + &across) / &frame.divisor
    };
    let (zero, one) = (p2.lit(0.0), p2.lit(1.0));
    let across = (x.norm2_wide() * &k.wide_c).times(4.0).max(&one);
    let limit = p.dot_wide(x).select_lt(&zero, across, one);
    wide::choose_lt(&p2, &limit, near, far)
}

/// Transport on Klein's ball through the hyperboloid: √(g_y/g_x)(v − (c⟨x,v⟩/g_x + κ)w), w = y − x,
/// κ = cγ_xγ_y(⟨w,v⟩ + c⟨x,v⟩⟨x,w⟩/g_x)/(1 + γ_xγ_y(1 − c⟨x,y⟩)), 1 − c⟨x,y⟩ = ½(g_x + g_y + c‖w‖²).
pub fn klein_transport<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V, v: &V) -> V::Owned {
    let (gx, gy) = (x.gap_wide(&k.c), y.gap_wide(&k.c));
    let roots = (gx.clone() * &gy).sqrt();
    let along = x.dot_wide(v) * &k.wide_c / &gx;
    let product = x.dot_difference_wide(y, v) + &(along.clone() * &x.dot_difference_wide(y, x));
    let cross = (gx.clone() + &gy + &(x.dist2_wide(y) * &k.wide_c)).times(0.5);
    let kappa = product * &k.wide_c / &(roots + &cross);
    let stretch = (gy / &gx).sqrt();
    x.step3_wide(&along.lit(0.0), y, &-((along + &kappa) * &stretch), v, &stretch)
}

// ----------------------------------------------------------------------------------------------------------- gyration

/// gyr\[x,y\]v = −(x ⊕ y) ⊕ (x ⊕ (y ⊕ v)), the definition. Ungar (2008). Weak: everywhere near the rim.
pub fn poincare_gyration_definition<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V, v: &V) -> V::Owned {
    let there = add::mobius(k, x, add::mobius(k, y, v).borrow());
    add::mobius(k, add::mobius(k, x, y).borrow().negated().borrow(), there.borrow())
}

/// gyr\[x,y\]v = v + 2(Ax + By)/D, A = −c²⟨x,v⟩‖y‖² + c⟨y,v⟩ + 2c²⟨x,y⟩⟨y,v⟩, B = −c²⟨y,v⟩‖x‖² − c⟨x,v⟩,
/// D = 1 + 2c⟨x,y⟩ + c²‖x‖²‖y‖². Ungar (2008), Eq. 3.144; geoopt.
pub fn poincare_gyration_closed<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V, v: &V) -> V::Owned {
    let (x2, y2, xy) = (k.norm2(x) * &k.c, k.norm2(y) * &k.c, x.dot(y) * &k.c);
    let (xv, yv) = (x.dot(v) * &k.c, y.dot(v) * &k.c);
    let a = yv.clone() - &(xv.clone() * &y2) + &(xy.clone() * &yv).times(2.0);
    let b = -(yv * &x2 + &xv);
    let denominator = k.mobius_denominator(xy.times(2.0).plus(1.0) + &(x2 * &y2));
    let two = k.lit(2.0) / &denominator;
    x.combine(&(a * &two), y, &(b * &two)).borrow().plus(v)
}

/// The project's own on the ball: gyr\[a,b\]v = v + 2c((g_bβ − Wα)x + (2pα − g_bα − Xβ)w)/(g_a g_b + W) with x = −b,
/// w = a + b exact, α = ⟨x,v⟩, β = ⟨w,v⟩, X = c‖x‖², p = c⟨x,w⟩, W = c‖w‖²: every term shrinks with w.
pub fn poincare_gyration<V: Vector + ?Sized>(k: &Space<V::Elem>, a: &V, b: &V, v: &V) -> V::Owned {
    let x = b.negated();
    let x = x.borrow();
    let (p, q) = gyration_terms(k, x, a, v, b.gap_wide(&k.c), a.gap_wide(&k.c));
    let one = p.lit(1.0);
    x.step3_wide(&p, a, &q, v, &one).borrow().pull_inside(&k.c)
}

/// The coefficients of x and of w = y − x in gyr[y, −x]v − v.
fn gyration_terms<V: Vector + ?Sized>(
    k: &Space<V::Elem>,
    x: &V,
    y: &V,
    v: &V,
    gx: Wide<V>,
    gy: Wide<V>,
) -> (Wide<V>, Wide<V>) {
    let (alpha, beta) = (x.dot_wide(v), x.dot_difference_wide(y, v));
    let (x2, w2) = (x.norm2_wide() * &k.wide_c, x.dist2_wide(y) * &k.wide_c);
    let p = x.dot_difference_wide(y, x) * &k.wide_c;
    let factor = k.wide_c.clone().times(2.0) / &(gx.clone() * &gy + &w2);
    let of_x = gx.clone() * &beta - &(w2 * &alpha);
    let of_w = alpha * &(p.times(2.0) - &gx) - &(x2 * &beta);
    (of_x * &factor, of_w * &factor)
}

/// What a gyration of two points of another model needs of their images α_x x and α_y y on the ball.
struct OnBall<R> {
    alpha_x: R,
    /// α_y and α_y − α_x.
    alpha_y: R,
    change: R,
    /// The gaps 1 − c‖α_x x‖² and 1 − c‖α_y y‖².
    gap_x: R,
    gap_y: R,
    /// sinh(½√c d(−x, y)).
    half_sinh: R,
}

/// The same rotation in another model, a gyration being linear: [`poincare_gyration`]'s rearrangement with
/// a + b = m(x + y) + (α_x − m)x + (α_y − m)y, m the lesser α, x + y exact, so that no term is larger than a or b, and
/// c‖a + b‖² = g_a g_b sinh²(½√c d(−x, y)).
fn gyration_through_ball<V: Vector + ?Sized>(
    k: &Space<V::Elem>,
    x: &V,
    y: &V,
    v: &V,
    ball: OnBall<Wide<V>>,
) -> V::Owned {
    let minus_x = x.negated();
    let minus_x = minus_x.borrow();
    let (ax, ay, change) = (ball.alpha_x, ball.alpha_y, ball.change);
    let zero = change.lit(0.0);
    let lesser = zero.select_lt(&change, ax, ay.clone());
    let (more_x, more_y) = ((-change.clone()).max(&zero), change.max(&zero));
    // From ⟨x + y, ·⟩, ⟨x, ·⟩ and ⟨y, ·⟩.
    let with_w = |s: Wide<V>, x: Wide<V>, y: &Wide<V>| s * &lesser + &(x * &more_x) + &(y.clone() * &more_y);
    let yv = y.dot_wide(v);
    let beta = with_w(minus_x.dot_difference_wide(y, v), x.dot_wide(v), &yv);
    let alpha = -(yv * &ay);
    let y2 = y.norm2_wide();
    let p = -(with_w(minus_x.dot_difference_wide(y, y), x.dot_wide(y), &y2) * &ay * &k.wide_c);
    let b2 = y2 * &ay * &ay * &k.wide_c;
    // Over g_a g_b(1 + h²) = (g_a q)(g_b q), which is at most 5 and may vanish: the larger factor first. g_a q² is in range.
    let q = wide::cosh_of_arsinh(ball.half_sinh.clone());
    let curvature = k.wide_c.clone().times(2.0);
    let (from_x, from_y) = (ball.gap_x * &q, ball.gap_y.clone() * &q);
    let of_b = beta.clone() / &(from_x.clone() * &q) - &((ball.half_sinh / &q).square() * &alpha);
    let of_w = alpha * &(p.times(2.0) - &ball.gap_y) - &(b2 * &beta);
    let of_w = of_w / &from_x.clone().max(&from_y) / &from_x.min(&from_y) * &curvature;
    let of_b = of_b * &curvature;
    let of_x = of_w.clone() * &more_x;
    let of_y = of_w.clone() * &more_y - &(of_b * &ay);
    x.sum_step_wide(&of_x, y, &of_y, &(of_w * &lesser), v)
}

/// gyr\[x,y\]v of Einstein addition: the rotation of the same two points on the ball, where 1/α = 1 + √g and g_ball = 2√g α.
pub fn klein_gyration<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V, v: &V) -> V::Owned {
    let (rx, ry) = (wide::root_gap(k, x), wide::root_gap(k, y));
    let (ax, ay) = (rx.clone().plus(1.0).recip(), ry.clone().plus(1.0).recip());
    // √g_x − √g_y = c(‖y‖² − ‖x‖²)/(√g_x + √g_y).
    let roots = y.norm2_difference_wide(x) * &k.wide_c / &(rx.clone() + &ry);
    let sinh = klein_sinh(k, x.negated().borrow(), y);
    let cosh = wide::cosh_of_arsinh(sinh.clone());
    let ball = OnBall {
        change: roots * &ax * &ay,
        gap_x: rx.times(2.0) * &ax,
        gap_y: ry.times(2.0) * &ay,
        half_sinh: sinh / &cosh.plus(1.0).times(2.0).sqrt(),
        alpha_x: ax,
        alpha_y: ay,
    };
    gyration_through_ball(k, x, y, v, ball).borrow().pull_inside(&k.c)
}

/// gyr\[x,y\]v of the boosts, the Wigner rotation of v's space part in the plane of x and y (`Frame::rotation`).
pub fn lorentz_gyration<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V, v: &V) -> V::Owned {
    let frame = Frame::new(k, x, y);
    let (of_x, of_w) = frame.rotation(&frame.cosh_of_sum(), &x.wedge_dot_wide(y, v), &x.dot_wide(v));
    let (zero, one) = (of_x.lit(0.0), of_x.lit(1.0));
    x.wedges_step_wide(y, v, &[of_x, of_w, zero.clone(), zero, one])
}

// ----------------------------------------------------------------------------------------------------------- geodesic

/// γ(t) = x ⊕ (t ⊗ ((−x) ⊕ y)). Ganea et al. (2018), Eq. 9. Weak: the rim.
pub fn poincare_geodesic_gyro<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V, t: &V::Elem) -> V::Owned {
    let m = add::mobius(k, x.negated().borrow(), y);
    add::mobius(k, x, radial::ball_scale_tanh(k, t, m.borrow()).borrow())
}

/// The project's own on the ball: for t from 0 to 1 the hyperboloid's (sinh((1−t)θ)X + sinh(tθ)Y)/sinh θ mapped back,
/// (2a x/g_x + 2b y/g_y)/(1 + a(2/g_x − 1) + b(2/g_y − 1)), from the nearer end; beyond an end, where one weight is negative
/// and the sum cancels, from that end away from the other.
pub fn poincare_geodesic<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V, t: &V::Elem) -> V::Owned {
    from_nearer_end(k, x, y, t, poincare_between, poincare_beyond)
}

/// γ(t) by `between` for the fraction t ≤ ½ of the way from the first end, or by `beyond` that fraction of it away from the
/// first end, in the direction that leads from the second.
fn from_nearer_end<V: Vector + ?Sized>(
    k: &Space<V::Elem>,
    x: &V,
    y: &V,
    t: &V::Elem,
    between: impl Fn(&Space<V::Elem>, &V, &V, Wide<V>) -> V::Owned,
    beyond: impl Fn(&Space<V::Elem>, &V, &V, Wide<V>) -> V::Owned,
) -> V::Owned {
    let t = t.widen();
    let rest = t.clone().one_minus();
    let (zero, half) = (t.lit(0.0), t.lit(0.5));
    match (t.is_lt(&zero), rest.is_lt(&zero), half.is_lt(&t)) {
        (Some(true), ..) => beyond(k, x, y, -t),
        (_, Some(true), _) => beyond(k, y, x, -rest),
        (.., Some(true)) => between(k, y, x, rest),
        _ => between(k, x, y, t),
    }
}

/// x ⊕ (−r m) with m = (−x) ⊕ y, r = tanh(tθ/2)/tanh(θ/2): ((g_x + S)z + …)/(g_x g + S), z = x − r m, S = c‖z‖² and
/// g = 1 − tanh²(tθ/2). With w = y − x exact, L = √c‖w‖, D = g_x g_y + L² and R = tanh(tθ/2)/(L√D), −r m = R(L²x − g_x w).
fn poincare_beyond<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V, t: Wide<V>) -> V::Owned {
    let (gx, gy) = (x.gap_wide(&k.c), y.gap_wide(&k.c));
    let length = wide::dist(x, y) * &k.wide_root;
    let gaps = gx.clone() * &gy;
    let half = (length.clone() / &gaps.clone().sqrt()).asinh();
    let root = (gaps + &length.clone().square()).sqrt();
    let there = half * &t;
    let zero = length.lit(0.0);
    let step = zero.select_lt(&length, there.clone().tanh() / &wide::safe(length.clone()), zero.clone()) / &root;
    let (of_x, of_w) = (length.square() * &step, -(gx.clone() * &step));
    let size = x.step_norm2_wide(&of_x.clone().plus(1.0), y, &of_w) * &k.wide_c;
    let denominator = gx.clone() * &wide::sech2(there) + &size;
    let a = (size + &gx + &(gx.clone() * &of_x)) / &denominator;
    x.step_wide(&a, y, &(gx * &of_w / &denominator)).borrow().pull_inside(&k.c)
}

fn poincare_between<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V, t: Wide<V>) -> V::Owned {
    let theta = poincare_half_sinh(k, x, y).asinh().times(2.0);
    let [a, b, unit] = wide::geodesic_shares(&theta, &t);
    let (sx, sy) = (x.gap_wide(&k.c).recip().times(2.0), y.gap_wide(&k.c).recip().times(2.0));
    let (cosh_x, cosh_y) = (sx.clone().plus(-1.0), sy.clone().plus(-1.0));
    let denominator = a.clone() * &cosh_x + &(b.clone() * &cosh_y) + &unit;
    let (a, b) = (a * &sx / &denominator, b * &sy / &denominator);
    x.step_wide(&(a + &b), y, &b).borrow().pull_inside(&k.c)
}

/// γ(t) = exp_x(t log_x y) on the hyperboloid, as it stands.
pub fn lorentz_geodesic_exp<V: Vector + ?Sized>(
    k: &Space<V::Elem>,
    x: &LiftedOf<V>,
    y: &LiftedOf<V>,
    t: &V::Elem,
) -> LiftedOf<V> {
    let log = exp_log::lorentz_log_arcosh::<V>(k, x, y);
    exp_log::lorentz_exp_plain::<V>(k, x, &combine::<V>(&k.lit(0.0), x, t, &log))
}

/// The project's own on space coordinates: (sinh((1−t)θ)x + sinh(tθ)y)/sinh θ between x and y. Beyond them, where those two
/// terms cancel, exp at x of t log_x y from the parts of log along x's ray and across it, without the rounding between.
pub fn lorentz_geodesic<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V, t: &V::Elem) -> V::Owned {
    let sinh_half = lorentz_half_chord(k, x, y) * &k.wide_root;
    let theta = sinh_half.clone().asinh().times(2.0);
    let t = t.widen();
    let (zero, one) = (t.lit(0.0), t.lit(1.0));
    // Coefficients of x, w and y.
    let between = || {
        let (of_x, of_y) = wide::geodesic_weights(&theta, &t);
        [of_x, zero.clone(), of_y]
    };
    let beyond = || lorentz_beyond(k, x, y, &t, &sinh_half, &theta);
    let [of_x, of_w, of_y] = match (t.is_lt(&zero), one.is_lt(&t)) {
        (Some(false), Some(false)) => between(),
        (Some(_), Some(_)) => beyond(),
        _ => {
            let choose = |between: Wide<V>, beyond: Wide<V>| {
                t.select_lt(&zero, beyond.clone(), one.select_lt(&t, beyond, between))
            };
            let ([a, b, c], [d, e, f]) = (between(), beyond());
            [choose(a, d), choose(b, e), choose(c, f)]
        }
    };
    x.wedge_step_wide(&of_x, y, &of_w, &of_y)
}

/// The coefficients of x, w and y ([`Frame`]) in exp_x(t log_x y).
fn lorentz_beyond<V: Vector + ?Sized>(
    k: &Space<V::Elem>,
    x: &V,
    y: &V,
    t: &Wide<V>,
    sinh_half: &Wide<V>,
    theta: &Wide<V>,
) -> [Wide<V>; 3] {
    let frame = Frame::new(k, x, y);
    let sinh = wide::cosh_of_arsinh(sinh_half.clone()) * &sinh_half.clone().times(2.0);
    // tθ/sinh θ.
    let slope = wide::ratio(sinh, theta.clone()).recip() * t;
    let norm = frame.divisor.clone().sqrt();
    let in_units = |length: Wide<V>| length * &k.wide_root * &slope / &norm;
    let (p, q) = (in_units(frame.outwards()), in_units(frame.wedge2.clone().sqrt()).abs());
    let sinh_rho = frame.norm2.clone().sqrt() * &k.wide_root;
    let (along, stretch) = exp_log::lorentz_ride(sinh_rho, frame.tx.clone(), p, q);
    let (of_x, of_w) = frame.step(along / &k.wide_root / &norm, stretch * &slope);
    let (_, from_origin) = wide::geodesic_weights(theta, t);
    [of_x, of_w, frame.unless_origin(theta.lit(0.0), from_origin)]
}

/// The project's own on Klein's ball: x + q(y − x), q = b√g_x/(a√g_y + b√g_x), the geodesic being straight, from the nearer
/// end; beyond an end from that end away from the other.
pub fn klein_geodesic<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V, t: &V::Elem) -> V::Owned {
    from_nearer_end(k, x, y, t, klein_between, klein_beyond)
}

/// exp of what leads away from y: x − q(y − x), q of the length tθ ([`exp_log::klein_share`]).
fn klein_beyond<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V, t: Wide<V>) -> V::Owned {
    let gap = x.gap_wide(&k.c);
    let there = klein_sinh(k, x, y).asinh() * &t;
    let p = -(x.dot_difference_wide(y, x) * &k.wide_c / &gap);
    let n = wide::dist(x, y) * &k.wide_root / &gap.clone().sqrt();
    let q = exp_log::klein_share(p, n, |_| there.clone());
    x.step_wide(&gap.lit(1.0), y, &-q).borrow().pull_inside(&k.c)
}

fn klein_between<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V, t: Wide<V>) -> V::Owned {
    let theta = klein_sinh(k, x, y).asinh();
    let [a, b, _] = wide::geodesic_shares(&theta, &t);
    let (near, far) = (a * &wide::root_gap(k, y), b * &wide::root_gap(k, x));
    let q = far.clone() / &(near + &far);
    x.step_wide(&q.lit(1.0), y, &q).borrow().pull_inside(&k.c)
}

// ----------------------------------------------------------------------------------------------------------- midpoint

/// Σ wᵢ fᵢ xᵢ and Σ wᵢ hᵢ over the points, fᵢ and hᵢ from `factors(xᵢ)`.
fn weighted<V: Vector + ?Sized>(
    points: &[&V],
    weights: &[V::Elem],
    factors: impl Fn(&V) -> (V::Elem, V::Elem),
) -> (V::Owned, V::Elem) {
    let zero = weights[0].lit(0.0);
    let start = (points[0].scale(&zero), zero.clone());
    let one = zero.lit(1.0);
    points.iter().zip(weights).fold(start, |(sum, total), (x, w)| {
        let (f, h) = factors(x);
        (sum.borrow().combine(&one, x, &(f * w)), total + &(h * w))
    })
}

/// Einstein midpoint of ball points through Klein's ball: Σ wᵢγᵢkᵢ/Σ wᵢγᵢ with k = 2x/(1 + c‖x‖²), γ = 1/√(1 − c‖k‖²), and
/// back by k/(1 + √(1 − c‖k‖²)). Khrulkov et al. (2020), Sec. 4. Weak: γ squares what is left of the gap.
pub fn poincare_midpoint_einstein<V: Vector + ?Sized>(
    k: &Space<V::Elem>,
    points: &[&V],
    weights: &[V::Elem],
) -> V::Owned {
    let klein: Vec<V::Owned> = points.iter().map(|x| radial::poincare_to_klein_plain(k, *x)).collect();
    let klein: Vec<&V> = klein.iter().map(Borrow::borrow).collect();
    radial::klein_to_poincare_plain(k, klein_midpoint_plain(k, &klein, weights).borrow())
}

/// Gyromidpoint ½ ⊗ (Σ wᵢλᵢxᵢ/Σ wᵢ(λᵢ − 1)). Ungar (2008); geoopt. Weak: the rim.
pub fn poincare_midpoint_gyro<V: Vector + ?Sized>(k: &Space<V::Elem>, points: &[&V], weights: &[V::Elem]) -> V::Owned {
    let (sum, total) = weighted(points, weights, |x| {
        let lambda = radial::conformal_factor_plain(k, x);
        (lambda.clone(), lambda.plus(-1.0))
    });
    radial::ball_scale_tanh(k, &k.lit(0.5), sum.borrow().unscale(&total).borrow())
}

/// Gyromidpoint in closed form, m/(1 + √(1 − c‖m‖²)) with m = Σ wᵢλᵢxᵢ/Σ wᵢ(λᵢ − 1). van Spengler et al. (2023), HypLL.
pub fn poincare_midpoint_closed<V: Vector + ?Sized>(
    k: &Space<V::Elem>,
    points: &[&V],
    weights: &[V::Elem],
) -> V::Owned {
    let (sum, total) = weighted(points, weights, |x| {
        let lambda = radial::conformal_factor_plain(k, x);
        (lambda.clone(), lambda.plus(-1.0))
    });
    let m = sum.borrow().unscale(&total);
    m.borrow().unscale(&k.gap(m.borrow()).sqrt().plus(1.0))
}

/// Einstein midpoint on Klein's ball as it stands: Σ wᵢγᵢxᵢ/Σ wᵢγᵢ.
pub fn klein_midpoint_plain<V: Vector + ?Sized>(k: &Space<V::Elem>, points: &[&V], weights: &[V::Elem]) -> V::Owned {
    let (sum, total) = weighted(points, weights, |x| {
        let gamma = k.gap(x).sqrt().recip();
        (gamma.clone(), gamma)
    });
    sum.borrow().unscale(&total)
}

/// Lorentz centroid as it stands: Σ wᵢXᵢ/(√c √|⟨ΣwX, ΣwX⟩_L|). Law et al. (2019), Eq. 9. Weak: the Minkowski norm cancels.
pub fn lorentz_midpoint_plain<V: Vector + ?Sized>(
    k: &Space<V::Elem>,
    points: &[LiftedOf<V>],
    weights: &[V::Elem],
) -> LiftedOf<V> {
    let zero = k.lit(0.0);
    let start = combine::<V>(&zero, &points[0], &zero, &points[0]);
    let one = k.lit(1.0);
    let sum = points.iter().zip(weights).fold(start, |sum, (x, w)| combine::<V>(&one, &sum, w, x));
    let norm = k.root_times(minkowski::<V>(&sum, &sum).abs().sqrt());
    combine::<V>(&norm.clone().recip(), &sum, &zero, &sum)
}

/// √(−c⟨M,M⟩_L) of M = Σ wᵢXᵢ: (Σw)² + Σ_{i<j} 4wᵢwⱼ sinh²(θᵢⱼ/2), non-negative terms for non-negative weights. The largest
/// root of a term is taken out, so that no square overflows and not all of them vanish. O(n²) pairs.
fn centroid_norm<V: Vector + ?Sized>(
    points: &[&V],
    weights: &[Wide<V>],
    half_sinh: impl Fn(&V, &V) -> Wide<V>,
) -> Wide<V> {
    let zero = weights[0].lit(0.0);
    let roots: Vec<Wide<V>> = weights.iter().map(|w| w.clone().abs().sqrt()).collect();
    let mut terms = Vec::with_capacity(points.len() * points.len().saturating_sub(1) / 2);
    for i in 0..points.len() {
        for j in i + 1..points.len() {
            let root = half_sinh(points[i], points[j]) * &roots[i] * &roots[j];
            terms.push((root.times(2.0), weights[i].clone() * &weights[j]));
        }
    }
    let sum = weights[1..].iter().fold(weights[0].clone(), |sum, w| sum + w);
    let largest = terms.iter().fold(sum.clone().abs(), |largest, (root, _)| largest.max(root));
    let signed = |(root, sign): (Wide<V>, Wide<V>)| {
        let square = (root / &largest).square();
        sign.select_lt(&zero, -square.clone(), square)
    };
    let square = (sum / &largest).square();
    terms.into_iter().map(signed).fold(square, |sum, term| sum + &term).sqrt() * &largest
}

/// The project's own on the ball: S/(|M| + T) with S = Σ wᵢ2xᵢ/gᵢ, T = Σ wᵢ(2/gᵢ − 1), |M| from the pairwise distances.
pub fn poincare_midpoint<V: Vector + ?Sized>(k: &Space<V::Elem>, points: &[&V], weights: &[Wide<V>]) -> V::Owned {
    let norm = centroid_norm(points, weights, |x, y| poincare_half_sinh(k, x, y));
    let lambdas: Vec<Wide<V>> = points.iter().map(|x| x.gap_wide(&k.c).recip().times(2.0)).collect();
    let total = weights.iter().zip(&lambdas).fold(norm, |sum, (w, l)| sum + &(l.clone().plus(-1.0) * w));
    let factors: Vec<Wide<V>> = weights.iter().zip(lambdas).map(|(w, l)| l * w / &total).collect();
    V::sum_wide(points, &factors).borrow().pull_inside(&k.c)
}

/// The project's own on space coordinates: Σ wᵢsᵢ/|M|, |M| from the pairwise distances.
pub fn lorentz_midpoint<V: Vector + ?Sized>(k: &Space<V::Elem>, points: &[&V], weights: &[Wide<V>]) -> V::Owned {
    let norm = centroid_norm(points, weights, |x, y| lorentz_half_chord(k, x, y) * &k.wide_root);
    let factors: Vec<Wide<V>> = weights.iter().map(|w| w.clone() / &norm).collect();
    V::sum_wide(points, &factors)
}

/// The project's own on Klein's ball: Σ wᵢγᵢxᵢ/Σ wᵢγᵢ, the gaps to every bit.
pub fn klein_midpoint<V: Vector + ?Sized>(k: &Space<V::Elem>, points: &[&V], weights: &[Wide<V>]) -> V::Owned {
    let gammas = points.iter().zip(weights).map(|(x, w)| w.clone() / &wide::root_gap(k, *x));
    let gammas: Vec<Wide<V>> = gammas.collect();
    let total = gammas[1..].iter().fold(gammas[0].clone(), |sum, g| sum + g);
    let factors: Vec<Wide<V>> = gammas.into_iter().map(|g| g / &total).collect();
    V::sum_wide(points, &factors).borrow().pull_inside(&k.c)
}
