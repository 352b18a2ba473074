//! Photographs as training sees them, each time another way: a part of the image at the side of the whole, its colours moved,
//! perhaps mirrored; and the middle of it, as tests see them. What becomes of an image is decided by a seed, the episode's
//! number and the image's place in it alone.
//!
//! Ranges and formulas are those of the released code of Khrulkov et al. (2020), which are torchvision's: RandomResizedCrop,
//! ColorJitter(0.4, 0.4, 0.4), RandomHorizontalFlip; Resize(92) and CenterCrop(84). The part is taken of the image at the side
//! of training, where torchvision takes it of the file: the same for miniImageNet, whose files have that side.

use super::resize;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Share of the image's area, and width over height, of a part.
const AREA: (f64, f64) = (0.08, 1.0);
const RATIO: (f64, f64) = (3.0 / 4.0, 4.0 / 3.0);
/// Draws of a part until the whole is taken.
const TRIES: usize = 10;
/// How far brightness, contrast and saturation move from 1.
const JITTER: f64 = 0.4;
/// Shares of red, green and blue in a grey.
const GREY: [f32; 3] = [0.2989, 0.587, 0.114];
/// Side of a test image before its middle is taken, over the side that is taken.
const TEST: (usize, usize) = (92, 84);
/// The brightest pixel.
const WHITE: f32 = 255.0;

/// The randomness of one image.
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// Of the `place`-th image of an episode.
    pub fn new(seed: u64, episode: u64, place: usize) -> Draw {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(episode);
        /// Words of the stream that an image has for itself, more than it draws.
        const WORDS: u128 = 1 << 10;
        random.set_word_pos(WORDS * place as u128);
        Draw(random)
    }
    fn uniform(&mut self, (low, high): (f64, f64)) -> f64 {
        /// Random bits of a draw: those of an f64's fraction.
        const BITS: u32 = 53;
        low + (high - low) * ((self.0.next_u64() >> (64 - BITS)) as f64 / (1u64 << BITS) as f64)
    }
    fn below(&mut self, n: usize) -> usize {
        (self.0.next_u64() % n as u64) as usize
    }
}

/// Left, top, width and height of a part of a square.
fn part(side: usize, draw: &mut Draw) -> [usize; 4] {
    for _ in 0..TRIES {
        let area = (side * side) as f64 * draw.uniform(AREA);
        let ratio = pxfm::f_exp(draw.uniform((pxfm::f_log(RATIO.0), pxfm::f_log(RATIO.1))));
        let (width, height) = ((area * ratio).sqrt().round() as usize, (area / ratio).sqrt().round() as usize);
        if (1..=side).contains(&width) && (1..=side).contains(&height) {
            return [draw.below(side - width + 1), draw.below(side - height + 1), width, height];
        }
    }
    [0, 0, side, side]
}

/// Planes `[channels, side, side]` as training sees them.
pub fn augmented(planes: &[u8], side: usize, draw: &mut Draw) -> Vec<u8> {
    let [left, top, width, height] = part(side, draw);
    let mut seen: Vec<f32> = Vec::with_capacity(planes.len());
    for plane in planes.chunks_exact(side * side) {
        let cut: Vec<f32> = plane[top * side..(top + height) * side]
            .chunks_exact(side)
            .flat_map(|row| row[left..left + width].iter().map(|x| f32::from(*x)))
            .collect();
        seen.extend(resize::plane(&cut, [height, width], side).into_iter().map(f32::from));
    }
    jitter(&mut seen, side * side, draw);
    if draw.below(2) == 1 {
        seen.chunks_exact_mut(side).for_each(<[f32]>::reverse);
    }
    seen.into_iter().map(|x| x.round() as u8).collect()
}

/// Brightness x ← f x, contrast x ← f x + (1 − f) mean grey, saturation x ← f x + (1 − f) grey, in a random order; each
/// between black and white.
fn jitter(planes: &mut [f32], plane: usize, draw: &mut Draw) {
    let factors = [(); 3].map(|()| draw.uniform((1.0 - JITTER, 1.0 + JITTER)) as f32);
    let mut order = [0, 1, 2];
    for i in 0..order.len() {
        let other = i + draw.below(order.len() - i);
        order.swap(i, other);
    }
    for which in order {
        let f = factors[which];
        let greys = greys(planes, plane);
        let mean = greys.iter().sum::<f32>() / plane as f32;
        for (i, x) in planes.iter_mut().enumerate() {
            let to = match which {
                0 => 0.0,
                1 => mean,
                _ => greys[i % plane],
            };
            *x = (f * *x + (1.0 - f) * to).clamp(0.0, WHITE);
        }
    }
}

/// The grey of each pixel; of one channel that channel.
fn greys(planes: &[f32], plane: usize) -> Vec<f32> {
    if planes.len() == plane {
        return planes.to_vec();
    }
    let channels = planes.chunks_exact(plane).zip(GREY);
    let mut greys = vec![0.0; plane];
    channels.for_each(|(channel, share)| greys.iter_mut().zip(channel).for_each(|(grey, x)| *grey += share * x));
    greys
}

/// The middle of planes `[channels, side, side]` at their side, as tests see them.
pub fn middle(planes: &[u8], side: usize) -> Vec<u8> {
    let large = (side * TEST.0).div_ceil(TEST.1);
    let from = (large - side) / 2;
    let cut = |plane: &[u8]| -> Vec<u8> {
        let pixels: Vec<f32> = plane.iter().map(|x| f32::from(*x)).collect();
        let large_plane = resize::plane(&pixels, [side, side], large);
        large_plane.chunks_exact(large).skip(from).take(side).flat_map(|row| row[from..from + side].to_vec()).collect()
    };
    planes.chunks_exact(side * side).flat_map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 84;

    /// A ramp from left to right in red, from top to bottom in green, and a constant blue.
    fn ramps() -> Vec<u8> {
        let pixel = |i: usize| [(i % SIDE) as u8 * 3, (i / SIDE) as u8 * 3, 100];
        (0..3).flat_map(|c| (0..SIDE * SIDE).map(move |i| pixel(i)[c])).collect()
    }

    #[test]
    fn an_image_is_decided_by_seed_episode_and_place_alone_and_each_is_another() {
        let of = |seed, episode, place| augmented(&ramps(), SIDE, &mut Draw::new(seed, episode, place));
        assert_eq!(of(1, 2, 3), of(1, 2, 3));
        let others = [of(2, 2, 3), of(1, 3, 3), of(1, 2, 4)];
        assert!(others.iter().all(|other| *other != of(1, 2, 3) && other.len() == 3 * SIDE * SIDE));
    }

    #[test]
    fn parts_lie_inside_and_have_the_areas_and_ratios_that_were_asked_for() {
        let mut areas = Vec::new();
        for place in 0..2000 {
            let [left, top, width, height] = part(SIDE, &mut Draw::new(5, 0, place));
            assert!(left + width <= SIDE && top + height <= SIDE);
            let (area, ratio) = ((width * height) as f64 / (SIDE * SIDE) as f64, width as f64 / height as f64);
            // Sides are whole pixels.
            assert!(area > 0.07 && (0.72..1.39).contains(&ratio), "{width} × {height}");
            areas.push(area);
        }
        // Uniform from .08 to 1, but for the largest parts that do not fit: the mean is a little below .54.
        let mean = areas.iter().sum::<f64>() / 2000.0;
        assert!((0.46..0.56).contains(&mean), "{mean}");
    }

    #[test]
    fn colours_move_as_the_formulas_say_and_half_the_images_are_mirrored() {
        // A flat grey knows neither contrast nor saturation: brightness alone moves it.
        let flat = vec![100u8; 3 * SIDE * SIDE];
        let mut seen = Vec::new();
        for place in 0..500 {
            let image = augmented(&flat, SIDE, &mut Draw::new(1, 0, place));
            // The grey's shares sum to .9999.
            assert!(image.iter().all(|x| x.abs_diff(image[0]) <= 1) && (59..=141).contains(&image[0]), "{}", image[0]);
            seen.push(f64::from(image[0]));
        }
        let mean = seen.iter().sum::<f64>() / 500.0;
        assert!((mean - 100.0).abs() < 4.0, "{mean}");
        let rising = |image: &[u8]| image[SIDE - 1] > image[0];
        let count = (0..400).filter(|place| rising(&augmented(&ramps(), SIDE, &mut Draw::new(3, 1, *place)))).count();
        // Of 400 fair coins six standard deviations are 60.
        assert!((140..=260).contains(&count), "{count}");
    }

    #[test]
    fn the_middle_is_cut_evenly() {
        let seen = middle(&ramps(), SIDE);
        assert_eq!(seen.len(), 3 * SIDE * SIDE);
        let (first, last) = (f64::from(seen[0]), f64::from(seen[SIDE - 1]));
        // Four of ninety-two pixels are left out on each side: 4 · 84/92 of the image's.
        let lost = 3.0 * 4.0 * 84.0 / 92.0;
        assert!((first - lost).abs() < 2.0 && (last - (3.0 * 83.0 - lost)).abs() < 2.0, "{first} {last}");
        assert!(seen[2 * SIDE * SIDE..].iter().all(|x| *x == 100));
    }
}
