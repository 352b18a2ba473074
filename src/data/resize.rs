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

#[cfg(test)]
mod tests {
    use super::*;

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
