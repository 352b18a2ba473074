//! Square grey images of other sizes brought to the size that training takes; ink is 0 to 1 on the way in, 0 to 255 out.

/// The brightest pixel.
const WHITE: f32 = 255.0;

/// Each new pixel is the mean ink of the old area that it covers: for making images smaller.
pub(super) fn area(ink: &[f32], from: usize, to: usize) -> Vec<u8> {
    let scale = from as f32 / to as f32;
    // How much of old pixel j lies in the new pixel i.
    let overlap = |i: usize, j: usize| {
        let (low, high) = (i as f32 * scale, (i + 1) as f32 * scale);
        ((j + 1) as f32).min(high) - (j as f32).max(low)
    };
    let span = |i: usize| (i as f32 * scale) as usize..(((i + 1) as f32 * scale).ceil() as usize).min(from);
    let pixel = |row: usize, column: usize| {
        let mut sum = 0.0;
        for y in span(row) {
            for x in span(column) {
                sum += ink[y * from + x] * overlap(row, y).max(0.0) * overlap(column, x).max(0.0);
            }
        }
        (sum / (scale * scale) * WHITE).round() as u8
    };
    (0..to * to).map(|i| pixel(i / to, i % to)).collect()
}

/// Interpolation between the centres of the four nearest old pixels: for making images larger.
pub(super) fn bilinear(ink: &[f32], from: usize, to: usize) -> Vec<u8> {
    let scale = from as f32 / to as f32;
    let place = |i: usize| {
        let at = ((i as f32 + 0.5) * scale - 0.5).clamp(0.0, (from - 1) as f32);
        let low = at as usize;
        (low, (low + 1).min(from - 1), at - low as f32)
    };
    let pixel = |row: usize, column: usize| {
        let ((y0, y1, v), (x0, x1, u)) = (place(row), place(column));
        let at = |y: usize, x: usize| ink[y * from + x];
        let above = at(y0, x0) * (1.0 - u) + at(y0, x1) * u;
        let below = at(y1, x0) * (1.0 - u) + at(y1, x1) * u;
        ((above * (1.0 - v) + below * v) * WHITE).round() as u8
    };
    (0..to * to).map(|i| pixel(i / to, i % to)).collect()
}

/// A plane of `[height, width]` numbers from 0 to 255 as a square: along each axis by area where it becomes shorter, between
/// the two nearest centres where it becomes longer, and as it is where it stays.
pub(super) fn plane(pixels: &[f32], [height, width]: [usize; 2], side: usize) -> Vec<u8> {
    let (down, across) = (shares(height, side), shares(width, side));
    let rows: Vec<f32> = pixels
        .chunks_exact(width)
        .flat_map(|row| across.iter().map(|(start, weights)| weighted(&row[*start..], weights)))
        .collect();
    let column = |x: usize, (start, weights): &(usize, Vec<f32>)| -> f32 {
        weights.iter().enumerate().map(|(i, weight)| rows[(start + i) * side + x] * weight).sum()
    };
    down.iter()
        .flat_map(|share| (0..side).map(move |x| (share, x)))
        .map(|(share, x)| column(x, share).round() as u8)
        .collect()
}

fn weighted(numbers: &[f32], weights: &[f32]) -> f32 {
    numbers.iter().zip(weights).map(|(x, weight)| x * weight).sum()
}

/// For each of `to` new pixels along an axis, the first old one and what each from there on contributes.
fn shares(from: usize, to: usize) -> Vec<(usize, Vec<f32>)> {
    let scale = from as f32 / to as f32;
    let share = |i: usize| {
        if from >= to {
            let (low, high) = (i as f32 * scale, (i + 1) as f32 * scale);
            let (first, end) = (low as usize, (high.ceil() as usize).min(from));
            let part = |j: usize| (((j + 1) as f32).min(high) - (j as f32).max(low)).max(0.0) / scale;
            return (first, (first..end).map(part).collect());
        }
        let at = ((i as f32 + 0.5) * scale - 0.5).clamp(0.0, (from - 1) as f32);
        let low = (at as usize).min(from.saturating_sub(2));
        let part = at - low as f32;
        (low, if from == 1 { vec![1.0] } else { vec![1.0 - part, part] })
    };
    (0..to).map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_keeps_its_mean_its_flatness_and_at_its_own_size_its_pixels() {
        let numbers: Vec<f32> = (0..84 * 84).map(|i| (i * 37 % 256) as f32).collect();
        assert!(plane(&numbers, [84, 84], 84).iter().zip(&numbers).all(|(a, b)| f32::from(*a) == *b));
        for size in [[100, 37], [5, 200], [1, 1], [84, 30]] {
            assert!(plane(&vec![77.0; size[0] * size[1]], size, 42).iter().all(|p| *p == 77), "{size:?}");
        }
        let halves = plane(&numbers, [84, 84], 42);
        let mean = |sum: f32, n: usize| sum / n as f32;
        let (old, new) =
            (mean(numbers.iter().sum(), 84 * 84), mean(halves.iter().map(|p| f32::from(*p)).sum(), 42 * 42));
        // Means of four that end in ½ round up, here all of them.
        assert!((old - new).abs() <= 0.5 + 1e-3, "{old} {new}");
    }

    #[test]
    fn an_area_keeps_its_ink() {
        let white = vec![1.0; 105 * 105];
        assert!(area(&white, 105, 28).iter().all(|p| *p == 255));
        let mut dot = vec![0.0; 105 * 105];
        dot[52 * 105 + 52] = 1.0;
        let ink: u32 = area(&dot, 105, 28).iter().map(|p| u32::from(*p)).sum();
        // One of 3.75² pixels.
        assert!((ink as f32 - 255.0 / (3.75 * 3.75)).abs() < 2.0, "{ink}");
    }

    #[test]
    fn enlarging_keeps_flat_images_flat() {
        assert!(bilinear(&[0.5; 64], 8, 28).iter().all(|p| *p == 128));
    }
}
