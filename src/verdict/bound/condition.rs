//! Condition numbers: how far the answer of an operation moves at most, to first order, when every coordinate of its inputs moves
//! by a share of itself; for one triangle, and the largest over all triangles of a need.
//!
//! **Moves.** In the orthonormal frame of the ray from the origin (∂_r) and across it, coordinates of radius q(r) that move by no
//! more than q, in the Euclidean sense, move a point within an ellipse of half-axes (A, sinh r), A = sinh r on Poincaré's ball,
//! tanh r on the hyperboloid, sinh r cosh r on Klein's. A vector v whose coordinates move by no more than |v|_E moves within
//! (|v|, |v|) on Poincaré's ball, (V/cosh r, V), V² = |v|² + sinh² r v_r², on the hyperboloid, and (W, W/cosh r),
//! W² = |v|² + sinh² r v_θ², on Klein's. Where a moves the point alone, a vector whose coordinates stay has the covariant derivative
//!
//! | model | Γ(a, v) |
//! |---|---|
//! | Poincaré's ball | tanh(r/2)(a_r v + v_r a − ⟨a, v⟩∂_r) |
//! | hyperboloid, space coordinates | −tanh r ⟨a, v⟩∂_r |
//! | Klein's ball | tanh r (a_r v + v_r a) |
//!
//! from λ = 1 + cosh r, from the hyperboloid's second fundamental form, and from straight lines being geodesics.
//!
//! **Answers.** With t the direction from x to y, n at right angles to it in the triangle's plane and on the outer side, o out of
//! the plane, d the distance, a and b the moves of x and y, and Jacobi's fields along the geodesic:
//!
//! - *exp_x v*, v = dt: y moves by a_t + w_t along and cosh d a_n + (sinh d/d) w_n across, w = δv + Γ(a, v).
//! - *log_x y*, relative to d: (b_t − a_t)/d along, b_n/sinh d − coth d a_n across, less Γ(a, t).
//! - *transport* of a unit vector w at a 3-4-5 angle to t: δw + Γ(a, w) carried on, turned by tanh(d/2)(a_n + b_n), the area
//!   that the geodesic sweeps, less Γ(b, w) at y.
//! - *gradient of the distance by x*, −t as a covector in coordinates: t turns by b_n/sinh d − coth d a_n, and the coordinates'
//!   directions by Γ(a, ·).
//! - *mlr*, |a|·D for the hyperplane through x with its normal at a 3-4-5 angle to t, sinh D = 3/5 sinh d: relative to itself
//!   ⟨w, ν⟩ + (⟨b, ∇D⟩ − cosh ρ a_ν + sinh ρ w_m)/D for w = δν + Γ(a, ν), ρ the way in the hyperplane from x to the foot of y.
//!
//! On Poincaré's ball and on Klein's cosh d + tanh(r/2) sinh d cos α = (cosh d + cosh r_y)/(1 + cosh r) and cosh d + tanh r sinh d cos α
//! = cosh r_y/cosh r, without which nothing would be left of them far out.
//!
//! - *add*, x ⊕ y, is y carried by the translation along the ray of x: an isometry, so that b counts as it is. A move of x along its
//!   ray carries the answer by cosh of the distance of y from that ray's line; one across, at right angles to the plane, by
//!   sinh r cosh r_y + tanh(r/2)(cosh r cosh r_y − cosh d), divided by sinh r. Both grow in the radii and fall in d.
//!
//! **The largest** over all triangles with both points within R and at least s apart is found by subdivision: a part of them has an
//! upper bound by intervals, the part with the largest is halved until the largest is known to a quarter. A norm of a 2×2 matrix
//! is exact, |conformal part| + |anticonformal part|; norms of inputs are added, since their moves are free of each other.

use super::outward::Outward;
use super::triangle::{End, ONE, Part, Triangle};
use crate::formula::{Input, Model, Op};
use std::collections::BinaryHeap;

/// The subdivision ends where the largest value is known to this share.
const KNOWN_TO: f64 = 0.25;
/// What subnormal coordinates add is a share of next to nothing, and known well enough to this.
const SUBNORMAL_KNOWN_TO: f64 = 3.0;
/// Or after so many parts, with what is then known.
const PARTS: usize = 4000;
/// 3-4-5: the cosine between the geodesic and the vectors that are transported and the normals of hyperplanes.
const TILT: f64 = 0.6;

/// By how much coordinates move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Moves {
    /// By their own radius.
    Relative,
    /// By 1, in units of 1/√c.
    Absolute,
}

/// What moves, in which coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Condition {
    pub op: Op,
    pub by: Option<Input>,
    pub model: Model,
    pub moves: Moves,
    /// How far the tilt of vectors may be from 3-4-5.
    pub slack: f64,
}

/// Signed parts along the ray, along the geodesic, and across the geodesic.
#[derive(Clone, Copy, Debug)]
struct Vector {
    r: Outward,
    t: Outward,
    n: Outward,
}

/// What a move of half-axes in the plane gives, two columns, and one out of the plane.
#[derive(Clone, Copy, Debug)]
struct Map {
    columns: [[Outward; 2]; 2],
    out: Outward,
}

const ZERO: Outward = Outward { lo: 0.0, hi: 0.0 };

impl Map {
    /// The largest length of what an ellipsoid of moves gives.
    fn norm(&self) -> Outward {
        let [[p, r], [q, s]] = self.columns;
        let length = |a: Outward, b: Outward| (a.size().square() + b.size().square()).sqrt();
        let sum = length(p + s, q - r) + length(p - s, q + r);
        (sum * Outward::at(0.5)).max(self.out.size())
    }
}

impl End {
    /// The half-axes of a point's moves.
    fn point_axes(&self, model: Model, moves: Moves) -> [Outward; 2] {
        match (moves, model) {
            (Moves::Relative, Model::Poincare) => [self.sinh, self.sinh],
            (Moves::Relative, Model::Lorentz | Model::LorentzAmbient) => [self.tanh, self.sinh],
            (Moves::Relative, Model::Klein) => [self.sinh * self.cosh, self.sinh],
            (Moves::Absolute, _) => self.units(model),
        }
    }
    /// Lengths of the coordinates' unit vectors, along the ray and across.
    fn units(&self, model: Model) -> [Outward; 2] {
        match model {
            Model::Poincare => [ONE + self.cosh; 2],
            Model::Lorentz | Model::LorentzAmbient => [ONE / self.cosh, ONE],
            Model::Klein => [self.cosh.square(), self.cosh],
        }
    }
    /// The half-axes of the moves of a unit vector with these parts along the ray and across.
    fn vector_axes(&self, model: Model, moves: Moves, along: Outward, across: Outward) -> [Outward; 2] {
        let stretched = |part: Outward| (ONE + (self.sinh * part.size()).square()).sqrt();
        match (moves, model) {
            (Moves::Relative, Model::Poincare) => [ONE; 2],
            (Moves::Relative, Model::Lorentz | Model::LorentzAmbient) => {
                let v = stretched(along).min(self.cosh);
                [v / self.cosh, v]
            }
            (Moves::Relative, Model::Klein) => {
                let w = stretched(across).min(self.cosh);
                [w, w / self.cosh]
            }
            (Moves::Absolute, _) => self.units(model),
        }
    }
    /// A vector by its parts along the ray and across it.
    fn vector(&self, along: Outward, across: Outward) -> Vector {
        let t = along.times(self.cos) - across.times(self.sin);
        let n = along.times(self.sin) + across.times(self.cos);
        Vector { r: along, t, n }
    }
    /// The two half-axes.
    fn columns(&self, axes: [Outward; 2]) -> [Vector; 2] {
        [self.vector(axes[0], ZERO), self.vector(ZERO, axes[1])]
    }
    /// Γ(a, v) in the plane, along and across the geodesic.
    fn turned(&self, model: Model, a: &Vector, v: [Outward; 2]) -> [Outward; 2] {
        let v_r = v[0].times(self.cos) + v[1].times(self.sin);
        let inner = a.t.times(v[0]) + a.n.times(v[1]);
        match model {
            Model::Poincare => {
                // ν_r a − ⟨a, ν⟩∂_r is ν turned by a's part across the ray.
                let across = a.n.times(self.cos) - a.t.times(self.sin);
                let t = a.r.times(v[0]) - across.times(v[1]);
                let n = a.r.times(v[1]) + across.times(v[0]);
                [self.half.times(t), self.half.times(n)]
            }
            Model::Lorentz | Model::LorentzAmbient => {
                let along = self.tanh.times(inner).negated();
                [along.times(self.cos), along.times(self.sin)]
            }
            Model::Klein => {
                let of = |v: Outward, a_v: Outward| self.tanh.times(a.r.times(v) + v_r.times(a_v));
                [of(v[0], a.t), of(v[1], a.n)]
            }
        }
    }
    /// Γ(o, v) for o out of the plane: so much out of it.
    fn turned_out(&self, model: Model, v: [Outward; 2]) -> Outward {
        let v_r = v[0].times(self.cos) + v[1].times(self.sin);
        match model {
            Model::Poincare => self.half.times(v_r),
            Model::Lorentz | Model::LorentzAmbient => ZERO,
            Model::Klein => self.tanh.times(v_r),
        }
    }
}

impl Condition {
    /// The condition number of a triangle: an upper bound where it is a part of many.
    fn at(&self, triangle: &Triangle) -> f64 {
        let sum = |maps: &[Map]| maps.iter().fold(ZERO, |sum, map| sum + map.norm()).hi;
        match (self.op, self.by) {
            (Op::Exp, None) => sum(&self.exp(triangle)),
            (Op::Log, None) => sum(&self.log(triangle)),
            (Op::Distance, Some(_)) => sum(&self.gradient(triangle)),
            (Op::Transport, None) => {
                self.tilts().iter().map(|v| sum(&self.transport(triangle, *v))).fold(0.0, f64::max)
            }
            (Op::Mlr, None) => self.tilts().iter().map(|v| sum(&self.mlr(triangle, *v))).fold(0.0, f64::max),
            _ => f64::INFINITY,
        }
    }

    /// cosh d + tanh r′ sinh d cos α, r′ half the radius on Poincaré's ball and nothing on the hyperboloid: what Γ makes of cosh d.
    fn folded(&self, t: &Triangle) -> Outward {
        match self.model {
            Model::Poincare => (t.cosh + t.y.cosh) / (ONE + t.x.cosh),
            Model::Lorentz | Model::LorentzAmbient => t.cosh,
            Model::Klein => t.y.cosh / t.x.cosh,
        }
    }
    /// The part of Γ's answer across the geodesic that a's part along makes, times sinh d.
    fn aside(&self, t: &Triangle) -> Outward {
        match self.model {
            Model::Poincare => (t.x.half * t.across).negated(),
            Model::Lorentz | Model::LorentzAmbient => (t.x.tanh * t.across).negated(),
            Model::Klein => ZERO,
        }
    }

    fn exp(&self, t: &Triangle) -> [Map; 2] {
        let (x, model) = (&t.x, self.model);
        let axes = x.point_axes(model, self.moves);
        let of = |a: Vector| {
            let along = x.turned(model, &a, [ONE, ZERO])[0];
            [a.t + t.apart.times(along), self.folded(t).times(a.n) + self.aside(t).times(a.t)]
        };
        let point = Map { columns: x.columns(axes).map(of), out: self.folded(t) * axes[1] };
        let axes = x.vector_axes(model, self.moves, x.cos, x.sin);
        // Of v = d t, which moves by d times as much where its coordinates move by their own radius.
        let times = if self.moves == Moves::Relative { t.apart } else { ONE };
        let across = (t.sinh / t.apart).min(t.cosh);
        let of = |w: Vector| [times.times(w.t), (times * across).times(w.n)];
        let vector = Map { columns: x.columns(axes).map(of), out: times * across * axes[1] };
        [point, vector]
    }

    fn log(&self, t: &Triangle) -> [Map; 2] {
        let (x, y, model) = (&t.x, &t.y, self.model);
        let axes = x.point_axes(model, self.moves);
        let (inverse, folded, aside) = (ONE / t.apart, self.folded(t) / t.sinh, self.aside(t).negated() / t.sinh);
        let of = |a: Vector| {
            let along = x.turned(model, &a, [ONE, ZERO])[0];
            [inverse.times(a.t) + along, folded.times(a.n) - aside.times(a.t)]
        };
        let first = Map { columns: x.columns(axes).map(of), out: folded * axes[1] };
        let axes = y.point_axes(model, self.moves);
        let of = |b: Vector| [inverse.times(b.t), (ONE / t.sinh).times(b.n)];
        let second = Map { columns: y.columns(axes).map(of), out: axes[1] / t.sinh };
        [first, second]
    }

    fn gradient(&self, t: &Triangle) -> [Map; 2] {
        let (x, y, model) = (&t.x, &t.y, self.model);
        // A covector's components by the coordinates' unit vectors, relative to the length of −t's.
        let unit = x.units(model);
        let length = ((unit[0] * x.cos.size()).square() + (unit[1] * x.sin).square()).sqrt();
        let share = match model {
            Model::Poincare => [ONE; 2],
            // 1/√(c² + s² cosh² r) and its likes, which stay below cosh r.
            _ => [(unit[0] / length).min(x.cosh), (unit[1] / length).min(x.cosh)],
        };
        let inverse = ONE / t.sinh;
        let (folded, aside) = (self.folded_back(t) / t.sinh, self.aside_back(t));
        let to_axes = |[along, across]: [Outward; 2]| {
            let r = along.times(x.cos) + across.times(x.sin);
            let theta = across.times(x.cos) - along.times(x.sin);
            [r.times(share[0]), theta.times(share[1])]
        };
        let of = |a: Vector| {
            let along = match model {
                Model::Poincare => x.half.times(a.r).negated(),
                Model::Lorentz | Model::LorentzAmbient => x.tanh.times(x.cos).times(a.t),
                Model::Klein => x.tanh.times(a.r + x.cos.times(a.t)).negated(),
            };
            to_axes([along, folded.times(a.n) - aside.times(a.t)])
        };
        let axes = x.point_axes(model, self.moves);
        let first = Map { columns: x.columns(axes).map(of), out: folded * axes[1] * share[1] };
        let axes = y.point_axes(model, self.moves);
        let of = |b: Vector| to_axes([ZERO, inverse.times(b.n)]);
        [first, Map { columns: y.columns(axes).map(of), out: inverse * axes[1] * share[1] }]
    }
    /// [`Self::folded`] for a covector: Klein's and the hyperboloid's change places.
    fn folded_back(&self, t: &Triangle) -> Outward {
        match self.model {
            Model::Poincare => self.folded(t),
            Model::Lorentz | Model::LorentzAmbient => t.y.cosh / t.x.cosh,
            Model::Klein => t.cosh,
        }
    }
    fn aside_back(&self, t: &Triangle) -> Outward {
        match self.model {
            Model::Poincare => t.x.half * t.x.sin,
            Model::Lorentz | Model::LorentzAmbient => ZERO,
            Model::Klein => t.x.tanh * t.x.sin,
        }
    }

    /// Unit vectors of the plane at the tilt, to either side.
    fn tilts(&self) -> [[Outward; 2]; 2] {
        let along = Outward { lo: TILT - self.slack, hi: (TILT + self.slack).min(1.0) };
        let across = (ONE - along.size().square()).not_negative().sqrt();
        [[along, across], [along, across.negated()]]
    }

    /// The moves of a unit vector at x: by itself.
    fn vector_columns(&self, x: &End, v: [Outward; 2]) -> ([Vector; 2], Outward) {
        let along = v[0].times(x.cos) + v[1].times(x.sin);
        let across = v[1].times(x.cos) - v[0].times(x.sin);
        let axes = x.vector_axes(self.model, self.moves, along.within_one(), across.within_one());
        (x.columns(axes), axes[1])
    }

    fn transport(&self, t: &Triangle, v: [Outward; 2]) -> [Map; 3] {
        let (x, y, model) = (&t.x, &t.y, self.model);
        let swept = |n: Outward| {
            let angle = t.half.times(n);
            [angle.times(v[1]).negated(), angle.times(v[0])]
        };
        let of = |a: Vector| {
            let (turned, swept) = (x.turned(model, &a, v), swept(a.n));
            [turned[0] + swept[0], turned[1] + swept[1]]
        };
        let axes = x.point_axes(model, self.moves);
        let out = (x.turned_out(model, v) + t.half.times(v[0])).times(axes[1]);
        let first = Map { columns: x.columns(axes).map(of), out };
        let of = |b: Vector| {
            let (turned, swept) = (y.turned(model, &b, v), swept(b.n));
            [swept[0] - turned[0], swept[1] - turned[1]]
        };
        let axes = y.point_axes(model, self.moves);
        let out = (t.half.times(v[0]) - y.turned_out(model, v)).times(axes[1]);
        let second = Map { columns: y.columns(axes).map(of), out };
        let (columns, out) = self.vector_columns(x, v);
        [first, second, Map { columns: columns.map(|w| [w.t, w.n]), out }]
    }

    fn mlr(&self, t: &Triangle, v: [Outward; 2]) -> [Map; 3] {
        let (x, y, model) = (&t.x, &t.y, self.model);
        // The hyperplane's direction to the foot, at right angles to ν: t = cos ν + sin m.
        let (cos, sin) = (v[0], v[1].size());
        let m = if v[1].lo < 0.0 { [sin, cos] } else { [sin, cos.negated()] };
        let sinh = cos * t.sinh;
        let (cosh, score) = ((ONE + sinh.square()).sqrt(), sinh.asinh());
        let (cosh_foot, sinh_foot) = (t.cosh / cosh, sin * t.sinh / cosh);
        let inner = |a: [Outward; 2], b: [Outward; 2]| a[0].times(b[0]) + a[1].times(b[1]);
        let inverse = ONE / score;
        let of = |w: [Outward; 2]| inner(w, v) + (inverse * sinh_foot).times(inner(w, m));
        let point = |a: Vector| {
            let direct = (inverse * cosh_foot).times(inner([a.t, a.n], v));
            [of(x.turned(model, &a, v)) - direct, ZERO]
        };
        let first = Map { columns: x.columns(x.point_axes(model, self.moves)).map(point), out: ZERO };
        let slope = [cos * t.cosh / cosh, v[1].times(ONE / cosh)];
        let second = |b: Vector| [inverse.times(inner([b.t, b.n], slope)), ZERO];
        let second = Map { columns: y.columns(y.point_axes(model, self.moves)).map(second), out: ZERO };
        let (columns, _) = self.vector_columns(x, v);
        [first, second, Map { columns: columns.map(|w| [of([w.t, w.n]), ZERO]), out: ZERO }]
    }

    /// The largest over all triangles within `radius` whose points are at least `separation` apart: an upper bound.
    pub fn largest(&self, radius: f64, separation: f64) -> f64 {
        if (self.op, self.by) == (Op::Add, None) {
            return self.add(radius, separation);
        }
        let range = |lo: f64, hi: f64| Outward { lo, hi: hi.max(lo) };
        let all =
            Part { radius: range(0.0, radius), apart: range(separation, 2.0 * radius), outwards: range(-1.0, 1.0) };
        let value = |part: &Part| part.triangle(radius).map(|triangle| self.at(&triangle));
        let known_to = if self.moves == Moves::Relative { KNOWN_TO } else { SUBNORMAL_KNOWN_TO };
        let mut parts = BinaryHeap::new();
        let (mut known, mut settled) = (0.0f64, 0.0f64);
        parts.extend(value(&all).map(|most| Ranked { most, part: all }));
        for _ in 0..PARTS {
            let Some(Ranked { most, part }) = parts.pop() else { break };
            if most <= known * (1.0 + known_to) {
                settled = most;
                break;
            }
            for half in part.halves() {
                known = known.max(value(&half.middle()).filter(|x| x.is_finite()).unwrap_or(0.0));
                parts.extend(value(&half).map(|most| Ranked { most, part: half }));
            }
        }
        parts.peek().map_or(0.0, |ranked| ranked.most).max(settled)
    }

    /// The largest of the sum's, in closed form.
    fn add(&self, radius: f64, separation: f64) -> f64 {
        let (r, s) = (Outward::at(radius), Outward::at(separation));
        let half = r * Outward::at(0.5);
        let end = End { sinh: r.sinh(), cosh: r.cosh(), tanh: r.tanh(), half: half.tanh(), cos: ONE, sin: ZERO };
        let [along, across] = end.point_axes(self.model, self.moves);
        // Units of the hyperboloid are longest at the origin.
        let along = if self.moves == Moves::Absolute { along.max(across) } else { along };
        // cos at the origin is at most this; where it is negative, y is not beside the ray of x but behind it.
        let left = end.cosh.square() - s.cosh();
        let behind = left.negated().not_negative() / end.sinh.square();
        let beside = (ONE - behind.square()).not_negative().min(ONE);
        let by_radius = along * (ONE + end.sinh.square() * beside).sqrt();
        let turned = (end.sinh * end.cosh + end.half.times(left)).not_negative();
        let by_turn = match self.moves {
            Moves::Relative => turned,
            // Divided by sinh r, the same grows in r; across is at most the coordinates' unit.
            Moves::Absolute => across * turned / end.sinh,
        };
        ((by_radius.square() + by_turn.square()).sqrt() + along.max(across)).hi
    }
}

/// A part of all triangles by the most that it may hold.
struct Ranked {
    most: f64,
    part: Part,
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Ranked) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Ranked {}
impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Ranked) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Ranked {
    fn cmp(&self, other: &Ranked) -> std::cmp::Ordering {
        self.most.total_cmp(&other.most)
    }
}
