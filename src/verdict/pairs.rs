//! Pairs of points to try: every kind that fits within a radius at no less than a separation.

use crate::oracle::{Direction, Sample};

/// What all pairs of a verdict have in common.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// Curvature −c.
    pub c: f64,
    pub dim: usize,
    /// Pairs of each kind, in independent directions.
    pub replicas: u64,
    pub seed: u64,
}

/// splitmix64's odd multiplier: kinds and replicas get seeds that no other gets.
const SEED_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Precision, in bits, with which the separation of a random pair is compared.
const COMPARE_BITS: u32 = 64;

impl Draw {
    fn sample(&self, direction: Direction, radius: f64, separation: f64) -> impl Iterator<Item = Sample> {
        let Draw { c, dim, replicas, seed } = *self;
        let kind = Direction::ALL.iter().position(|d| *d == direction).unwrap_or(0) as u64;
        // The same directions at every radius and separation, so that an error grows with the radius and not with luck.
        let seed = move |replica: u64| {
            seed.wrapping_add((replica * Direction::ALL.len() as u64 + kind + 1).wrapping_mul(SEED_STEP))
        };
        (0..replicas).map(move |replica| Sample { c, dim, radius, separation, direction, seed: seed(replica) })
    }

    /// Pairs exactly `separation` apart whose outer point is at `radius` (both in units of 1/√c): level, radial and at
    /// right angles to the ray, as far as they exist.
    pub fn at(&self, radius: f64, separation: f64) -> Vec<Sample> {
        let mut samples = Vec::new();
        if separation < 2.0 * radius {
            samples.extend(self.sample(Direction::Level, radius, separation));
        }
        if separation < radius {
            samples.extend(self.sample(Direction::Radial, radius - separation, separation));
            samples.extend(self.sample(Direction::Tangential, foot(radius, separation), separation));
        }
        samples
    }

    /// Pairs at `radius` across the origin: in opposite and in independent directions, where they are far enough apart.
    pub fn across(&self, radius: f64, separation: f64) -> Vec<Sample> {
        let apart = |pair: &Sample| self::separation(pair) >= separation;
        let random = self.sample(Direction::Random, radius, 0.0).filter(apart);
        let antipodal = self.sample(Direction::Antipodal, radius, 0.0).take(1).filter(|_| 2.0 * radius >= separation);
        random.chain(antipodal).collect()
    }
}

/// √c d(x, y) of a pair.
pub fn separation(pair: &Sample) -> f64 {
    pair.geometry(COMPARE_BITS + pair.bits_lost()).distance().lo().to_f64()
}

/// The radius of the right angle's corner in a right-angled triangle with hypotenuse `radius` and other leg `leg`:
/// arcosh(cosh radius/cosh leg), written so that nothing overflows.
fn foot(radius: f64, leg: f64) -> f64 {
    let tail = |x: f64| 1.0 + pxfm::f_exp(-2.0 * x);
    pxfm::f_acosh(pxfm::f_exp(radius - leg) * (tail(radius) / tail(leg)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAW: Draw = Draw { c: 1.0, dim: 3, replicas: 2, seed: 5 };

    /// √c d(0, y) from the distance of y to the origin: cosh law through the sample's own geometry is not needed, since
    /// each kind says where y is.
    fn outer(sample: &Sample) -> f64 {
        let (r, d) = (sample.radius, sample.separation);
        match sample.direction {
            Direction::Radial => r + d,
            Direction::Tangential => (r.cosh() * d.cosh()).acosh(),
            _ => r,
        }
    }

    #[test]
    fn the_outer_point_is_at_the_radius() {
        for radius in [0.5, 3.0, 12.0, 30.0] {
            for separation in [1e-3, 0.4, 2.0, 20.0] {
                for sample in DRAW.at(radius, separation) {
                    assert!((outer(&sample) - radius).abs() < 1e-9, "{sample:?}");
                }
            }
        }
        assert!(DRAW.at(1.0, 3.0).is_empty());
        assert_eq!(DRAW.at(2.0, 3.0).len(), 2);
        assert_eq!(DRAW.at(3.0, 2.0).len(), 6);
    }

    #[test]
    fn pairs_across_the_origin_are_as_far_apart_as_asked() {
        assert_eq!(DRAW.across(2.0, 4.5).len(), 0);
        assert_eq!(DRAW.across(2.0, 4.0).len(), 1);
        assert_eq!(DRAW.across(2.0, 1e-9).len(), 3);
    }
}
