//! Convolution and pooling as matrix products and elementwise operations, for devices whose own kernels for them are slow: with burn's WGSL
//! kernels an episode of 360 Omniglot images takes 0.26 s on an H100, with these 0.10 s.

use burn_tensor::Tensor;
use burn_tensor::ops::PadMode;

/// w ∗ x of x `[batch, in, height, width]` and w `[out, in, k, k]`, k odd, with stride 1 and k/2 pixels of border: one product of
/// the k² shifted images, stacked, with the weights. `[batch, out, height, width]`.
pub(super) fn convolution(x: Tensor<4>, w: Tensor<4>) -> Tensor<4> {
    let ([batch, channels, height, width], [out, _, k, _]) = (x.dims(), w.dims());
    let flat = |x: Tensor<4>| x.reshape([batch, channels, height * width]);
    let stacked: Tensor<3> = if k == 1 {
        flat(x)
    } else {
        let border = k / 2;
        let padded = x.pad((border, border, border, border), PadMode::Constant(0.0));
        let shifts = (0..k).flat_map(|down| (0..k).map(move |right| (down, right)));
        let shifted = |(down, right): (usize, usize)| {
            flat(padded.clone().slice([0..batch, 0..channels, down..down + height, right..right + width]))
        };
        Tensor::cat(shifts.map(shifted).collect(), 1)
    };
    // The stack runs over shifts first, then channels.
    let weights: Tensor<3> = w.permute([0, 2, 3, 1]).reshape([1, out, k * k * channels]);
    weights.matmul(stacked).reshape([batch, out, height, width])
}

/// The largest of each 2×2 window, an odd border left out; of equal ones the first passes the gradient on.
pub(super) fn max_of_squares(x: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let (h, w) = (height / 2, width / 2);
    let even = x.slice([0..batch, 0..channels, 0..2 * h, 0..2 * w]).reshape([batch * channels * h, 2, w, 2]);
    let corner = |down: usize, right: usize| {
        even.clone().slice([0..batch * channels * h, down..down + 1, 0..w, right..right + 1])
    };
    let most = corner(0, 0).max_pair(corner(0, 1)).max_pair(corner(1, 0).max_pair(corner(1, 1)));
    most.reshape([batch, channels, h, w])
}
