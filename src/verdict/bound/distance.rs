//! What storing two points costs their distance: for one pair, and at most for all pairs within a radius that are no closer
//! than a separation.
//!
//! Each function bounds |d(x̂, ŷ) − d(x, y)|/d(x, y), x̂ being x with every coordinate rounded once, with the remainder: no
//! order of u is dropped. They rest on three facts, ε = u q(r) + √n·η/2 being how far a stored point can be from its own
//! (η the smallest number, which subnormal coordinates are multiples of).
//!
//! 1. *The hyperbolic length of the move.* By the triangle inequality |Δd| ≤ ρ₁ + ρ₂, ρ the length of the move. On the balls
//!    it is longest straight outwards, ρ = m artanh(ε/(1 − q² − qε)), m = 2 on Poincaré's and 1 on Klein's; on the hyperboloid
//!    cosh ρ = 1 + ½(‖δ‖² − (Δt)²), so sinh(ρ/2) ≤ ε/2. A point that may land on the rim has ρ = ∞.
//! 2. *The mean value along the straight segments* from x to x̂ and from y to ŷ: |Δd| is at most what the theorem of
//!    [`super`] says of some pair on the way, whose radii and distance are hardly others. On the hyperboloid it says
//!    |f′| ≤ 2τ cosh R′/cosh(f/2) for f the distance on the way, R′ the largest radius there and τ = (u tanh R′ + √n·η/2)/(1 − u):
//!    the chord 2 sinh(d/2) changes by no more than 2κ, κ = τ cosh R′. What that leaves of |Δd|/d falls in d, so that the
//!    largest is that of the closest pair.
//! 3. *The largest of the theorem's on Klein's ball.* At a distance h of geodesic and origin and at a place a along it,
//!    cosh r = cosh h cosh a, a point contributes f(a) = sinh r √(1 + cosh² h sinh² a) = √(m² − k²) with m = ½cosh² h cosh 2a and
//!    k = ½cosh² h − 1. f is even and convex: (f³f″)/4 = m⁴ − 2k²m² + ¼k²cosh⁴ h, whose discriminant in m² is
//!    k²(k² − ¼cosh⁴ h) ≤ 0. So one end is at R, the sum over d is largest at the least or the largest d, and what is left is
//!    a function of h alone, which is subdivided until its largest value is known.

use super::outward::Outward;
use super::storage::Storage;
use crate::formula::Model;

/// Two points by the three sides of their triangle with the origin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// √c d(0, x) and √c d(0, y).
    pub radii: [f64; 2],
    /// √c d(x, y).
    pub distance: f64,
}

/// All pairs of points within a radius and no closer than a separation, in so many dimensions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Within {
    /// √c d(0, x) of the farthest.
    pub radius: f64,
    /// √c d(x, y) of the closest.
    pub separation: f64,
    pub dim: usize,
}

/// One point: where it may be after it was stored.
pub(super) struct Stored {
    /// How far its coordinates may move: u q + √n·η/2.
    move_by: Outward,
    /// The radius of its coordinates, before.
    q: Outward,
    /// sinh, cosh and tanh of the farthest radius on the way.
    sinh_out: Outward,
    cosh_out: Outward,
    tanh_out: Outward,
    /// sinh of the least.
    sinh_in: Outward,
    /// Hyperbolic length of the move.
    pub(super) length: Outward,
}

const ONE: Outward = Outward { lo: 1.0, hi: 1.0 };
const NOTHING: Outward = Outward { lo: 0.0, hi: 0.0 };

fn has_no_rim(model: Model) -> bool {
    matches!(model, Model::Lorentz | Model::LorentzAmbient)
}

/// √n·η/2, how far subnormal coordinates can be off together.
pub(super) fn subnormal(storage: &Storage, dim: usize) -> Outward {
    Outward::at(dim as f64).sqrt() * Outward::at(storage.smallest) * Outward::at(0.5)
}

impl Stored {
    /// `None` where the point may land on the rim, or its coordinates are beyond the largest number.
    pub(super) fn new(model: Model, storage: &Storage, dim: usize, radius: f64) -> Option<Stored> {
        let (r, u) = (Outward::at(radius), Outward::at(storage.roundoff));
        let q = match model {
            Model::Poincare => (r * Outward::at(0.5)).tanh(),
            Model::Klein => r.tanh(),
            Model::Lorentz | Model::LorentzAmbient => r.sinh(),
        };
        let move_by = u * q + subnormal(storage, dim);
        let (out, inner) = (q + move_by, (q - move_by).not_negative());
        // sinh and cosh at the radius whose coordinates have this radius, the gap of a ball to the rim being known.
        let at_gap = |model: Model, q: Outward, gap: Outward| match model {
            Model::Poincare => (q * Outward::at(2.0) / gap, (ONE + q.square()) / gap),
            Model::Klein => (q / gap.sqrt(), ONE / gap.sqrt()),
            Model::Lorentz | Model::LorentzAmbient => (q, (ONE + q.square()).sqrt()),
        };
        let ball = |halves: f64, sheets: f64| {
            // 1 − q² does not cancel as a function of the radius.
            let gap = ONE / (r * Outward::at(halves)).cosh().square();
            let gap_out = gap - q * move_by * Outward::at(2.0) - move_by.square();
            let ratio = move_by / (gap - q * move_by).not_negative();
            (gap + q * move_by * Outward::at(2.0), gap_out, ratio.atanh() * Outward::at(sheets))
        };
        let (gap_in, gap_out, length) = match model {
            Model::Poincare => ball(0.5, 2.0),
            Model::Klein => ball(1.0, 1.0),
            Model::Lorentz | Model::LorentzAmbient => {
                (ONE, ONE, (move_by * Outward::at(0.5)).asinh() * Outward::at(2.0))
            }
        };
        // Also on the hyperboloid the time of an ambient point has to be a number.
        let (sinh_out, cosh_out) = at_gap(model, out, gap_out.not_negative());
        if gap_out.lo <= 0.0 || (has_no_rim(model) && cosh_out.hi > storage.largest) || !length.hi.is_finite() {
            return None;
        }
        let (sinh_in, _) = at_gap(model, inner, gap_in);
        Some(Stored { move_by, q, sinh_out, cosh_out, tanh_out: sinh_out / cosh_out, sinh_in, length })
    }

    /// At most so large an angle between the point and itself as stored, seen from the origin: arcsin x ≤ πx/2.
    fn angle(&self) -> Outward {
        Outward::at(std::f64::consts::FRAC_PI_2) * (self.move_by / self.q).min(ONE)
    }
}

/// A bound on |Δd|/d for one pair, in a model, an arithmetic and a dimension; infinite where there is none.
pub fn distance_of_pair(model: Model, storage: &Storage, dim: usize, pair: Pair) -> f64 {
    let [Some(x), Some(y)] = pair.radii.map(|r| Stored::new(model, storage, dim, r)) else { return f64::INFINITY };
    let d = Outward::at(pair.distance);
    let triangle = x.length + y.length;
    if model == Model::Poincare {
        return (triangle / d).hi;
    }
    // d at most so much changed, in rounds: each takes the one before for where the pair may be on the way.
    let product = Turned::new(pair, &x, &y);
    let mut most = triangle;
    for _ in 0..ROUNDS {
        let (nearest, farthest) = ((d - most).not_negative(), d + most);
        let now = match model {
            Model::Klein => klein_change(storage, dim, [&x, &y], &product, farthest),
            _ => hyperboloid_change(storage, dim, [&x, &y], &product, nearest),
        };
        most = most.min(now);
    }
    (most / d).hi
}

/// Rounds after which a bound on a pair has settled to a share of u.
const ROUNDS: usize = 4;

/// sinh r₁ sinh r₂ sin θ = sinh h sinh d of a pair on the way from where it was to where it is stored, θ the angle at the
/// origin.
struct Turned {
    least: Outward,
    most: Outward,
}

impl Turned {
    fn new(pair: Pair, x: &Stored, y: &Stored) -> Turned {
        let [a, b, d] = [pair.radii[0], pair.radii[1], pair.distance].map(Outward::at);
        let half = |x: Outward| x * Outward::at(0.5);
        // Heron's formula on the hyperbolic plane.
        let whole = half(a + b + d).sinh();
        let less = |longer: Outward, other: Outward, side: Outward| half((longer + other - side).not_negative()).sinh();
        let exact = (whole * less(a, b, d) * less(a, d, b) * less(b, d, a)).sqrt() * Outward::at(2.0);
        let there = x.sinh_out * y.sinh_out;
        let turned = there * (x.angle() + y.angle());
        let before = a.sinh() * b.sinh();
        let grown = (exact * (there / before) + turned).min(there);
        let most = if before.lo > 0.0 { grown } else { there };
        let shrunk = x.sinh_in * y.sinh_in / before;
        let least = if before.lo > 0.0 { (exact * shrunk - turned).not_negative() } else { NOTHING };
        Turned { least, most }
    }
}

/// (u tanh r + √n·η/2)/(1 − u), what a point contributes for cosh h = 1.
fn share(storage: &Storage, dim: usize, point: &Stored) -> Outward {
    let u = Outward::at(storage.roundoff);
    (u * point.tanh_out + subnormal(storage, dim)) / (ONE - u)
}

/// |f′| ≤ (τ₁ + τ₂) cosh h on the way, and cosh h is that of the triangle or the largest of a chord.
fn hyperboloid_change(
    storage: &Storage,
    dim: usize,
    points: [&Stored; 2],
    turned: &Turned,
    nearest: Outward,
) -> Outward {
    let shares = share(storage, dim, points[0]) + share(storage, dim, points[1]);
    let by_triangle = (ONE + (turned.most / nearest.sinh()).square()).sqrt();
    let by_chord = points[0].cosh_out.max(points[1].cosh_out) / (nearest * Outward::at(0.5)).cosh();
    shares * by_triangle.min(by_chord)
}

/// |f′| ≤ Σ ε cosh r √(cosh² r − sinh² h) on the way.
fn klein_change(storage: &Storage, dim: usize, points: [&Stored; 2], turned: &Turned, farthest: Outward) -> Outward {
    let u = Outward::at(storage.roundoff);
    let foot = turned.least / farthest.sinh();
    let of = |point: &Stored| {
        let along = (point.cosh_out.square() - foot.square()).not_negative().max(ONE).sqrt();
        (u * point.sinh_out + subnormal(storage, dim) * point.cosh_out) * along / (ONE - u)
    };
    of(points[0]) + of(points[1])
}

/// A bound on |Δd|/d over all pairs within a radius and at no less than a separation; infinite where there is none: a point at
/// the radius may land on the rim, or has coordinates beyond the largest number.
///
/// Where no two points are that far apart there is nothing to bound, and it is 0.
pub fn distance(model: Model, storage: &Storage, within: Within) -> f64 {
    let Within { radius, separation, dim } = within;
    if separation > 2.0 * radius {
        return 0.0;
    }
    let Some(point) = Stored::new(model, storage, dim, radius) else { return f64::INFINITY };
    let s = Outward::at(separation);
    let triangle = point.length * Outward::at(2.0) / s;
    match model {
        Model::Poincare => triangle.hi,
        Model::Lorentz | Model::LorentzAmbient => {
            let kappa = share(storage, dim, &point) * point.cosh_out;
            chord_change(s, kappa).min(triangle).hi
        }
        Model::Klein => klein(storage, within, &point, triangle).hi,
    }
}

/// The larger change of d, relative to it, that changing sinh(d/2) by κ makes. Inwards to d′ ≥ 0, and outwards:
/// 4 arsinh(κ/(2 cosh((d + d′)/4))), which does not cancel.
fn chord_change(d: Outward, kappa: Outward) -> Outward {
    let half = Outward::at(0.5);
    let sinh = (d * half).sinh();
    let change = |cosh: Outward| (kappa * half / cosh).asinh() * Outward::at(4.0) / d;
    let nearer = (sinh - kappa).not_negative().asinh() * Outward::at(2.0);
    // Not below 0: then nothing is left of d.
    let inwards = change(((d + nearer) * Outward::at(0.25)).cosh()).min(ONE);
    let outwards = change((d * half).cosh());
    if sinh.hi <= kappa.lo { ONE.max(outwards) } else { inwards.max(outwards) }
}

/// On Klein's ball: the theorem's largest at a slightly larger radius and a slightly smaller separation.
fn klein(storage: &Storage, within: Within, point: &Stored, triangle: Outward) -> Outward {
    let u = Outward::at(storage.roundoff);
    let s = Outward::at(within.separation);
    let out = point.sinh_out.asinh().hi;
    let subnormal = subnormal(storage, within.dim) * point.cosh_out.square() * Outward::at(2.0) / s;
    let mut bound = triangle;
    for _ in 0..ROUNDS {
        if bound.hi >= 1.0 {
            break;
        }
        // On the way every distance is within this share of its own.
        let nearest = s * (ONE - bound);
        let most = Outward::at(klein_condition(out, nearest.lo));
        let now = (u * most * (ONE + bound) + subnormal) / (ONE - u);
        let before = bound.hi;
        bound = Outward::at(bound.hi.min(now.hi));
        // What another round could take off is a share of what this one began with.
        if before <= KNOWN_TO {
            break;
        }
    }
    bound
}

/// The subdivision ends where the largest value is known to this share.
const KNOWN_TO: f64 = 1.0 / 128.0;
/// Or after so many parts, with what is then known.
const PARTS: usize = 4096;

/// The largest of (f(a₁) + f(a₂))/d over all chords within `radius` no shorter than `separation`: the condition number of the
/// distance on Klein's ball. An upper bound.
fn klein_condition(radius: f64, separation: f64) -> f64 {
    let (r, s) = (Outward::at(radius), Outward::at(separation));
    let half = s * Outward::at(0.5);
    // sinh R and, of the geodesic at h: sinh² R − sinh² h, and the place a of a point at R.
    let level = |h: Outward| (r + h).sinh() * (r - h).not_negative().sinh();
    let place = |h: Outward| (level(h).sqrt() / h.cosh()).asinh();
    let at_rim = |h: Outward| r.sinh() * (ONE + level(h)).sqrt();
    // √(cosh² h cosh² a − 1) √(1 + cosh² h sinh² a).
    let inside = |h: Outward, a: Outward| {
        let first = (h.sinh() * a.cosh()).square() + a.sinh().square();
        first.sqrt() * (ONE + (h.cosh() * a.sinh()).square()).sqrt()
    };
    // The same by the other point's radius, cosh r = cosh R cosh(a − s)/cosh a, which falls in a: sinh r √(1 + cosh² r − cosh² h).
    let by_radius = |h: Outward, a: Outward| {
        let cosh2 = (r.cosh() * s.apart(a).cosh() / a.cosh()).square();
        let along = ONE + (cosh2 - h.cosh().square()).not_negative();
        ((cosh2 - ONE).not_negative() * along).sqrt()
    };
    // Largest h: the level chord of length s.
    let top = ((r + half).sinh() * (r - half).not_negative().sinh()).sqrt() / half.cosh();
    let top = top.asinh().hi.min(radius);
    // Everything falls or grows in h and in |s − a|, so that the ends of a part bound it.
    let most = |low: f64, high: f64| {
        let (low, high) = (Outward::at(low), Outward::at(high));
        let (far, near) = (place(low), place(high).max(half));
        let offset = s.apart(far).max(s.apart(near));
        let closest = (at_rim(low) + inside(high, offset).min(by_radius(low, near))) / s;
        let opposite = at_rim(low) / near;
        closest.hi.max(opposite.hi)
    };
    let some = |h: f64| {
        let h = Outward::at(h);
        let a = place(h);
        let closest = (at_rim(h) + inside(h, s.apart(a))) / s;
        closest.lo.max((at_rim(h) / a).lo)
    };
    let mut parts = vec![(0.0, top, most(0.0, top))];
    let mut known = some(0.0).max(some(top));
    for _ in 0..PARTS {
        let Some(worst) = (0..parts.len()).max_by(|i, j| parts[*i].2.total_cmp(&parts[*j].2)) else { break };
        let (low, high, value) = parts[worst];
        let middle = 0.5 * (low + high);
        if value <= known * (1.0 + KNOWN_TO) || middle <= low || middle >= high {
            break;
        }
        known = known.max(some(middle));
        parts[worst] = (low, middle, most(low, middle));
        parts.push((middle, high, most(middle, high)));
    }
    parts.iter().fold(0.0, |largest, part| largest.max(part.2))
}

/// The largest radius at which [`distance`] keeps a tolerance, to a share of 2^−40 of it; `None` where no radius does that
/// holds two points so far apart.
pub fn reach(model: Model, storage: &Storage, separation: f64, dim: usize, tolerance: f64) -> Option<f64> {
    let keeps = |radius: f64| distance(model, storage, Within { radius, separation, dim }) <= tolerance;
    let mut holds = 0.5 * separation;
    if !keeps(holds) {
        return None;
    }
    let mut fails = 2.0 * holds.max(1.0);
    while keeps(fails) {
        if fails > MOST_RADIUS {
            return Some(fails);
        }
        (holds, fails) = (fails, 2.0 * fails);
    }
    while fails - holds > holds * RESOLUTION {
        let middle = 0.5 * (holds + fails);
        if keeps(middle) { holds = middle } else { fails = middle }
    }
    Some(holds)
}

/// A radius at which every bound has ended: sinh of it is beyond `f64`.
const MOST_RADIUS: f64 = 1024.0;
/// The share of a radius to which [`reach`] knows it.
const RESOLUTION: f64 = 1.0 / (1u64 << 40) as f64;

/// The margin 1 − √c‖x‖ of a point of a ball at a radius, rounded up: 2/(e^R + 1) on Poincaré's, 1 − tanh R on Klein's. The
/// hyperboloid has none.
pub fn margin(model: Model, radius: f64) -> Option<f64> {
    let at = |r: f64| (Outward::at(2.0) / (Outward::at(pxfm::f_exp(r).next_down()) + ONE)).hi;
    match model {
        Model::Poincare => Some(at(radius)),
        Model::Klein => Some(at(2.0 * radius)),
        Model::Lorentz | Model::LorentzAmbient => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODELS: [Model; 3] = [Model::Poincare, Model::Lorentz, Model::Klein];

    fn f32() -> Storage {
        Storage::named("f32").unwrap()
    }
    fn largest(model: Model, radius: f64, separation: f64) -> f64 {
        distance(model, &f32(), Within { radius, separation, dim: 16 })
    }
    fn close(a: f64, b: f64, share: f64) -> bool {
        (a / b - 1.0).abs() <= share
    }

    #[test]
    fn the_largest_is_the_closed_form_of_the_theorem() {
        let u = f32().roundoff;
        for (radius, separation) in [(1.0, 0.1f64), (6.0, 1.0), (3.0, 0.1), (4.0, 8.0), (8.0, 2.5)] {
            let plain = 2.0 * u * f64::sinh(radius) / separation;
            // The remainder is of the order of u times e^R.
            let share = 4.0 * u * f64::exp(radius) * (1.0 + 1.0 / separation);
            assert!(close(largest(Model::Poincare, radius, separation), plain, share), "{radius} {separation}");
            let far = plain / (separation / 2.0).cosh();
            assert!(close(largest(Model::Lorentz, radius, separation), far, share), "{radius} {separation}");
            let klein = largest(Model::Klein, radius, separation) / (u * f64::sinh(2.0 * radius) / 2.0 / separation);
            // Its remainder grows with the square of that.
            let most = 2.02 * (1.0 + u * f64::exp(2.0 * radius));
            assert!((1.0..most).contains(&klein), "{radius} {separation}: {klein}");
        }
        assert!(close(largest(Model::Poincare, 6.0, 1.0), 2.40e-5, 5e-3));
        assert!(close(largest(Model::Lorentz, 6.0, 1.0), 2.13e-5, 5e-3));
        assert!(close(largest(Model::Poincare, 10.0, 12.0), 1.09e-4, 5e-3));
        assert!(close(largest(Model::Lorentz, 10.0, 12.0), 5.42e-7, 5e-3));
    }

    #[test]
    fn the_three_models_are_in_order() {
        for radius in [0.3, 1.0, 3.0, 6.0, 8.0] {
            for separation in [1e-3, 0.1, 0.5, 1.0, 4.0, 12.0] {
                if separation > 2.0 * radius {
                    continue;
                }
                let [ball, lorentz, klein] = MODELS.map(|model| largest(model, radius, separation));
                // Below 1: then the words lose their meaning, as no digit is left.
                if ball < 0.1 {
                    assert!(
                        lorentz <= ball * 1.001 && ball <= klein * 1.001,
                        "{radius} {separation}: {ball} {lorentz} {klein}"
                    );
                }
            }
        }
    }

    #[test]
    fn no_pair_is_above_the_largest() {
        for model in MODELS {
            for (radius, separation) in [(2.0, 0.5), (6.0, 1.0), (5.0, 7.0), (0.5, 0.9)] {
                let whole = largest(model, radius, separation);
                let mut highest: f64 = 0.0;
                for i in 0..=24 {
                    for j in 0..=24 {
                        let d = separation + (2.0 * radius - separation) * f64::from(j) / 24.0;
                        // The inner end anywhere that the triangle leaves it.
                        let least = (d - radius).abs().min(radius);
                        let other = least + (radius - least) * f64::from(i) / 24.0;
                        let pair = Pair { radii: [radius, other], distance: d };
                        let here = distance_of_pair(model, &f32(), 16, pair);
                        assert!(here <= whole * 1.01, "{model} {pair:?}: {here:e} > {whole:e}");
                        highest = highest.max(here);
                    }
                }
                assert!(highest > 0.95 * whole, "{model} {radius} {separation}: {highest:e} of {whole:e}");
            }
        }
    }

    #[test]
    fn a_point_that_may_round_onto_the_rim_or_overflow_has_no_bound() {
        // 1 − tanh(R/2) = u at R = ln(2/u) − u: 17.33 in f32.
        assert!(largest(Model::Poincare, 17.3, 1.0).is_finite());
        assert!(largest(Model::Poincare, 17.4, 1.0).is_infinite());
        assert!(largest(Model::Klein, 8.6, 1.0).is_finite());
        assert!(largest(Model::Klein, 8.7, 1.0).is_infinite());
        assert!(largest(Model::Lorentz, 80.0, 155.0).is_finite());
        assert!(largest(Model::Lorentz, 89.5, 155.0).is_infinite());
        let f16 = Storage::named("f16").unwrap();
        assert!(distance(Model::Lorentz, &f16, Within { radius: 11.8, separation: 20.0, dim: 2 }).is_infinite());
    }

    #[test]
    fn the_reach_is_the_clip_of_the_theorem() {
        for tolerance in [1e-1, 1e-2, 1e-3, 1e-4] {
            let radius = reach(Model::Poincare, &f32(), 1.0, 2, tolerance).unwrap();
            let plain = (tolerance / (2.0 * f32().roundoff)).asinh();
            // The remainder takes a tenth of the radius's unit at a tolerance of a tenth.
            assert!(radius <= plain && plain - radius < tolerance, "{tolerance}: {radius} {plain}");
            let margin = margin(Model::Poincare, radius).unwrap();
            assert!(close(margin, 2.0 * f32().roundoff / tolerance, 0.2), "{margin:e}");
        }
        assert_eq!(reach(Model::Poincare, &f32(), 1.0, 2, 1e-9), None);
    }

    #[test]
    fn subnormal_numbers_count() {
        // f16's smallest number is 2^−24: points of this size lose all their bits.
        let f16 = Storage::named("f16").unwrap();
        let tiny = Within { radius: 1e-7, separation: 1e-7, dim: 4 };
        assert!(MODELS.iter().all(|model| distance(*model, &f16, tiny) > 0.5));
        assert!(MODELS.iter().all(|model| distance(*model, &f32(), tiny) < 1e-6));
    }
}
