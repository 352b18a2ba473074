//! Random numbers that depend on a seed and on places alone, so that any part of a search can be drawn by itself.

use super::sample::uniform;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A stream of random numbers of its own for every seed and place.
pub struct Seeded(ChaCha8Rng);

impl Seeded {
    /// The stream of a seed at a place.
    pub fn new(seed: u64, place: &[u64]) -> Seeded {
        // Each number is drawn into the next seed, so that places which differ anywhere have streams that share nothing.
        let step = |seed: u64, part: &u64| ChaCha8Rng::seed_from_u64(seed).next_u64() ^ part;
        Seeded(ChaCha8Rng::seed_from_u64(place.iter().fold(seed, step)))
    }
    /// A number in (−1, 1), a multiple of 2^-52, never 0.
    pub fn uniform(&mut self) -> f64 {
        uniform(&mut self.0)
    }
    /// A seed for another stream.
    pub fn seed(&mut self) -> u64 {
        self.0.next_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_streams_of_their_own() {
        let first = |seed, place: &[u64]| Seeded::new(seed, place).seed();
        let seen =
            [first(1, &[]), first(1, &[0]), first(1, &[1]), first(1, &[0, 0]), first(2, &[0]), first(1, &[0, 1])];
        for (i, a) in seen.iter().enumerate() {
            assert!(seen[..i].iter().all(|b| a != b), "{seen:?}");
        }
        assert_eq!(first(7, &[3, 4]), first(7, &[3, 4]));
    }
}
