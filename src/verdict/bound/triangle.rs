//! The triangle of the origin and two points, or a part of all such triangles: its sides, and the angles that it makes.

use super::outward::Outward;

pub(super) const ONE: Outward = Outward { lo: 1.0, hi: 1.0 };
const HALF: Outward = Outward { lo: 0.5, hi: 0.5 };

/// Ranges of the three numbers that say a triangle: √c d(0, x), √c d(x, y), and (√c d(0, y) − √c d(0, x))/√c d(x, y).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    pub radius: Outward,
    pub apart: Outward,
    pub outwards: Outward,
}

/// One of the two points: its radius, and the geodesic's direction from x to y there, by its part along the ray from the origin
/// and the part across.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub sinh: Outward,
    pub cosh: Outward,
    pub tanh: Outward,
    /// tanh(r/2).
    pub half: Outward,
    pub cos: Outward,
    pub sin: Outward,
}

/// Everything about a triangle that condition numbers are made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Triangle {
    pub x: End,
    pub y: End,
    pub apart: Outward,
    pub sinh: Outward,
    pub cosh: Outward,
    /// tanh(d/2).
    pub half: Outward,
    /// sinh d times the sine at x, which is sinh r_y times that at the origin.
    pub across: Outward,
}

impl Part {
    /// The triangles of this part with both points within `most`; `None` where there are none.
    pub fn triangle(&self, most: f64) -> Option<Triangle> {
        let Part { radius: r, apart: d, outwards } = *self;
        let grown = outwards.times(d) + r;
        // By the triangle inequality and the part's own range.
        let least = (d - r).lo.max(grown.lo).max(0.0);
        if least > most || least > grown.hi {
            return None;
        }
        let other = Outward { lo: least, hi: grown.hi.min(most) };
        let sinh = d.sinh();
        let (straight, bent) = (straight(outwards, d), bent(outwards, d));
        let at = |radius: Outward, towards: bool| {
            let (sinh, cosh) = (radius.sinh(), radius.cosh());
            let turn = bent / radius.tanh();
            let cos = if towards { straight - turn } else { straight + turn }.within_one();
            let sin = ((ONE - cos).not_negative() * (ONE + cos).not_negative()).sqrt().min(ONE);
            End { sinh, cosh, tanh: radius.tanh(), half: (radius * HALF).tanh(), cos, sin }
        };
        let (x, y) = (at(r, true), at(other, false));
        let across = (sinh * x.sin).min(y.sinh);
        Some(Triangle { x, y, apart: d, sinh, cosh: d.cosh(), half: (d * HALF).tanh(), across })
    }

    /// The part in two, across the side in which what it holds changes most.
    pub fn halves(&self) -> [Part; 2] {
        let Part { radius, apart, outwards } = *self;
        let over_radius = (radius.hi - radius.lo) / radius.hi.min(1.0);
        let least = if apart.lo > 0.0 { apart.lo } else { apart.hi };
        let over_apart = (apart.hi - apart.lo) / least.min(1.0);
        let over_outwards = (outwards.hi - outwards.lo) * apart.hi.max(1.0);
        let cut = |range: Outward, at: f64| [Outward { hi: at, ..range }, Outward { lo: at, ..range }];
        let middle = |range: Outward| 0.5 * (range.lo + range.hi);
        if over_apart >= over_radius && over_apart >= over_outwards {
            let far = apart.lo > 0.0 && apart.hi > 2.0 * apart.lo;
            cut(apart, if far { (apart.lo * apart.hi).sqrt() } else { middle(apart) })
                .map(|apart| Part { apart, ..*self })
        } else if over_radius >= over_outwards {
            cut(radius, middle(radius)).map(|radius| Part { radius, ..*self })
        } else {
            cut(outwards, middle(outwards)).map(|outwards| Part { outwards, ..*self })
        }
    }

    /// The triangle in its middle.
    pub fn middle(&self) -> Part {
        let at = |range: Outward| Outward::at(0.5 * (range.lo + range.hi));
        Part { radius: at(self.radius), apart: at(self.apart), outwards: at(self.outwards) }
    }
}

/// sinh(δd)/sinh d, which grows in δ, and whose size falls in d.
fn straight(outwards: Outward, apart: Outward) -> Outward {
    let at = |share: f64, d: f64| {
        let d = Outward::at(d);
        let size = (Outward::at(share.abs()) * d).sinh() / d.sinh();
        if share < 0.0 { Outward::at(0.0) - size } else { size }
    };
    let low = at(outwards.lo, if outwards.lo < 0.0 { apart.lo } else { apart.hi });
    let high = at(outwards.hi, if outwards.hi < 0.0 { apart.hi } else { apart.lo });
    Outward { lo: low.lo, hi: high.hi }
}

/// (cosh d − cosh δd)/sinh d = 2/(coth((1+δ)d/2) + coth((1−δ)d/2)), which grows in d and falls in |δ|.
fn bent(outwards: Outward, apart: Outward) -> Outward {
    let at = |share: f64, d: f64| {
        let part = |share: Outward| (share.not_negative() * Outward::at(d) * HALF).tanh();
        let (a, b) = (part(ONE + Outward::at(share)), part(ONE - Outward::at(share)));
        // 1/coth a + …: a product over a sum, so that an end at ±1 is 0.
        Outward::at(2.0) * a * b / (a + b)
    };
    let sizes = [outwards.lo.abs(), outwards.hi.abs()];
    let least = if outwards.lo <= 0.0 && outwards.hi >= 0.0 { 0.0 } else { sizes[0].min(sizes[1]) };
    let (low, high) = (at(sizes[0].max(sizes[1]).min(1.0), apart.lo), at(least.min(1.0), apart.hi));
    Outward { lo: low.lo, hi: high.hi }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_holds_every_triangle_in_it() {
        for (r, d, share) in [(2.0f64, 1.0f64, -0.3), (0.4, 0.7, 0.9), (5.0, 9.0, -0.1), (1.0, 1e-4, 0.2)] {
            let other = r + share * d;
            let cos_x = (other.cosh() - r.cosh() * d.cosh()) / (r.sinh() * d.sinh());
            let cos_y = (other.cosh() * d.cosh() - r.cosh()) / (other.sinh() * d.sinh());
            for width in [0.0, 0.1, 0.5] {
                let about = |x: f64| Outward { lo: x - width * x.abs(), hi: x + width * x.abs() };
                let part = Part { radius: about(r), apart: about(d), outwards: about(share) };
                let triangle = part.triangle(20.0).unwrap();
                let tolerance = 1e-6;
                let holds = |range: Outward, x: f64| range.lo <= x + tolerance && x <= range.hi + tolerance;
                assert!(holds(triangle.x.cos, cos_x) && holds(triangle.y.cos, cos_y), "{part:?} {triangle:?}");
                assert!(holds(triangle.y.sinh, other.sinh()), "{part:?} {triangle:?}");
                assert!(holds(triangle.across, d.sinh() * (1.0 - cos_x * cos_x).sqrt()), "{part:?} {triangle:?}");
                for half in part.halves() {
                    let inside = |a: Outward, b: Outward| a.lo >= b.lo && a.hi <= b.hi;
                    assert!(inside(half.apart, part.apart) && inside(half.radius, part.radius));
                }
            }
        }
    }
}
