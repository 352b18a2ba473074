//! The one law by which pairs are drawn, and drawn again near the worst.

use crate::oracle::Seeded;

/// How many pairs the law's cycle of inner points has.
const CYCLE: u64 = 8;
/// The first step from the worst moves lengths and directions by about this share, and each next one by this much less.
pub(crate) const FIRST_STEP: f64 = 0.3;
pub(crate) const SHRINK: f64 = 0.85;

/// A pair of points by their distances to the origin and to each other, in units of 1/√c, and two directions that span its plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// √c d(0, x) of the farther.
    pub outer: f64,
    /// Where the inner radius lies between the least that the triangle inequality allows (0) and `outer` (1).
    pub level: f64,
    /// √c d(x, y).
    pub apart: f64,
    /// Whether the inner point is the first.
    pub inner_first: bool,
    pub directions: [Vec<f64>; 2],
}

impl Pair {
    /// The inner point first, directions from a seed.
    pub fn new(dim: usize, outer: f64, level: f64, apart: f64, seed: u64) -> Pair {
        let directions = directions(&mut Seeded::new(seed, &[]), dim);
        Pair { outer, level, apart, inner_first: true, directions }
    }
    pub fn dim(&self) -> usize {
        self.directions[0].len()
    }
    /// √c d(0, ·) of the farther and of the nearer.
    pub fn radii(&self) -> [f64; 2] {
        let least = (self.outer - self.apart).abs();
        [self.outer, least + self.level * (self.outer - least)]
    }
}

fn directions(seeded: &mut Seeded, dim: usize) -> [Vec<f64>; 2] {
    let mut direction = || (0..dim).map(|_| seeded.uniform()).collect();
    [direction(), direction()]
}

/// What pairs are drawn from.
#[derive(Clone, Debug, PartialEq)]
pub struct Law {
    pub dims: Vec<usize>,
    /// The least √c d(x, y).
    pub separation: f64,
    /// Pairs at a radius.
    pub pairs: usize,
    pub seed: u64,
}

impl Law {
    /// Draws pair `index` at a radius, from (seed, separation, radius, index) alone.
    pub(crate) fn draw(&self, radius: f64, index: u64) -> Pair {
        let mut seeded = self.stream(radius, index);
        let mut share = || 0.5 * (1.0 + seeded.uniform());
        let (where_inner, how_far) = (share(), share());
        let level = match index % CYCLE {
            0..4 => 1.0,
            4..7 => where_inner,
            _ => 0.0,
        };
        let most = 2.0 * radius;
        let apart = match (index / CYCLE) % 2 {
            0 => self.separation,
            _ if level == 0.0 => most,
            _ => self.separation * pxfm::f_pow(most / self.separation, how_far),
        };
        let inner_first = (index / (2 * CYCLE)).is_multiple_of(2);
        let dim = self.dims[(index / (4 * CYCLE)) as usize % self.dims.len()];
        let directions = directions(&mut seeded, dim);
        Pair { outer: radius, level, apart: apart.min(most), inner_first, directions }
    }

    /// Another pair near one, moved by shares of about `step`; a pair of another radius first to this one.
    pub(crate) fn near(&self, pair: &Pair, radius: f64, step: f64, index: u64) -> Pair {
        let mut seeded = self.stream(radius, index);
        let mut pair = pair.clone();
        if pair.apart == 2.0 * pair.outer {
            pair.apart = 2.0 * radius;
        }
        pair.outer = radius;
        let what = seeded.seed() % 4;
        if what == 0 {
            pair.apart *= 1.0 + step * seeded.uniform();
        } else if what == 1 {
            pair.level = (pair.level + step * seeded.uniform()).clamp(0.0, 1.0);
        }
        pair.apart = pair.apart.clamp(self.separation, 2.0 * radius);
        for (i, direction) in pair.directions.iter_mut().enumerate() {
            // Lengths alone would often be moved to where they are: they are at an end.
            if what < 2 || what == 2 + i as u64 {
                direction.iter_mut().for_each(|x| *x += step * seeded.uniform());
            }
        }
        pair
    }

    fn stream(&self, radius: f64, index: u64) -> Seeded {
        Seeded::new(self.seed, &[self.separation.to_bits(), radius.to_bits(), index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_lie_where_the_law_says() {
        let law = Law { dims: vec![2, 3, 16], separation: 1.0, pairs: 64, seed: 3 };
        for radius in [0.75, 3.0, 20.0] {
            let (mut at_least, mut inner_first) = (0, 0);
            for index in 0..64 {
                let pair = law.draw(radius, index);
                let near = law.near(&pair, radius, FIRST_STEP, 64 + index);
                for pair in [&pair, &near] {
                    assert_eq!(pair.outer, radius);
                    assert!(pair.apart >= 1.0 && pair.apart <= 2.0 * radius, "{pair:?}");
                    let [_, inner] = pair.radii();
                    assert!(inner <= radius && inner + radius >= pair.apart - 1e-12, "{pair:?}");
                }
                assert!(near != pair && near.dim() == pair.dim());
                at_least += usize::from(pair.apart == 1.0);
                inner_first += usize::from(pair.inner_first);
            }
            assert_eq!((at_least, inner_first), (32, 32));
        }
    }
}
