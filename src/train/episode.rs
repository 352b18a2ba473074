//! Episodes: classes that were never seen together, a few labelled images of each (support), and others to be told apart
//! (queries); drawn from a seed and the episode's number alone.

use crate::data::Item;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The shape of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Classes.
    pub way: usize,
    /// Support images of a class.
    pub shot: usize,
    /// Queries of a class.
    pub queries: usize,
}

impl Shape {
    /// Images of an episode.
    pub fn images(&self) -> usize {
        self.way * (self.shot + self.queries)
    }
    /// The class, within the episode, of each query.
    pub fn labels(&self) -> Vec<u16> {
        (0..self.way * self.queries).map(|i| (i % self.way) as u16).collect()
    }
}

/// The images of one episode: first the support, then the queries; the i-th of either is of class i mod `way`.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    pub shape: Shape,
    pub items: Vec<Item>,
}

/// Draws the `number`-th episode of a seed and a stream of episodes: classes without repetition, each with the same chance, and
/// of each its images without repetition. `counts` are the images of each class, at least `shot + queries`.
pub fn episode(counts: &[usize], shape: Shape, seed: u64, number: u64) -> Episode {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(number);
    let classes = some(counts.len(), shape.way, &mut random);
    let each = shape.shot + shape.queries;
    let members: Vec<Vec<usize>> = classes.iter().map(|class| some(counts[*class], each, &mut random)).collect();
    let item = |i: usize| Item { class: classes[i % shape.way], member: members[i % shape.way][i / shape.way] };
    Episode { shape, items: (0..shape.images()).map(item).collect() }
}

/// The numbers below `n` in a random order of a seed and a stream.
pub fn order(n: usize, seed: u64, stream: u64) -> Vec<usize> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(stream);
    some(n, n, &mut random)
}

/// `k` of the numbers below `n` in a random order: the beginning of Fisher and Yates's shuffle.
fn some(n: usize, k: usize, random: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in 0..k {
        // Of 2⁶⁴ draws the remainder favours none by more than n/2⁶⁴.
        order.swap(i, i + (random.next_u64() % (n - i) as u64) as usize);
    }
    order.truncate(k);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { way: 3, shot: 2, queries: 2 };

    #[test]
    fn an_episode_repeats_no_class_and_no_image_and_its_number_alone_decides_it() {
        for number in 0..50 {
            let drawn = episode(&[4, 5, 6, 9, 4], SHAPE, 7, number);
            assert_eq!(drawn, episode(&[4, 5, 6, 9, 4], SHAPE, 7, number));
            assert_eq!(drawn.items.len(), 12);
            let mut items = drawn.items.clone();
            items.sort();
            items.dedup();
            assert_eq!(items.len(), 12);
            let classes: Vec<usize> = drawn.items[..3].iter().map(|item| item.class).collect();
            assert!(drawn.items.iter().enumerate().all(|(i, item)| item.class == classes[i % 3]));
            assert!(classes[0] != classes[1] && classes[1] != classes[2] && classes[0] != classes[2]);
        }
        assert_ne!(episode(&[9; 20], SHAPE, 7, 0), episode(&[9; 20], SHAPE, 7, 1));
        assert_ne!(episode(&[9; 20], SHAPE, 7, 0), episode(&[9; 20], SHAPE, 8, 0));
    }

    /// χ² of how often each class, and each image of each place, is drawn, against equal chances.
    #[test]
    fn every_class_and_every_image_has_the_same_chance_in_every_place() {
        const EPISODES: u64 = 4000;
        let (mut classes, mut first, mut query) = ([0u32; 8], [0u32; 5], [0u32; 5]);
        for number in 0..EPISODES {
            let drawn = episode(&[5; 8], Shape { way: 2, shot: 1, queries: 1 }, 3, number);
            drawn.items[..2].iter().for_each(|item| classes[item.class] += 1);
            first[drawn.items[0].member] += 1;
            query[drawn.items[3].member] += 1;
        }
        let chi2 = |seen: &[u32]| {
            let mean = f64::from(seen.iter().sum::<u32>()) / seen.len() as f64;
            seen.iter().map(|n| (f64::from(*n) - mean).powi(2) / mean).sum::<f64>()
        };
        // One in a thousand even chances is beyond 24.3 (7 degrees of freedom) and 18.5 (4).
        assert!(chi2(&classes) < 24.3, "{classes:?}");
        assert!(chi2(&first) < 18.5 && chi2(&query) < 18.5, "{first:?} {query:?}");
    }
}
