//! The four blocks of few-shot learning: convolution 3×3, normalisation, rectifier, pool 2. Vinyals et al. (2016), Snell et
//! al. (2017); with a wide last block, Khrulkov et al. (2020), section 5.

use super::super::block::Then;
use super::super::optimiser::Parameter;
use super::super::pass::Pass;
use super::{Backbone, ConvNorm, Draws, Last, Sight};
use burn_tensor::Tensor;

/// Channels of the blocks before the last.
const WIDTH: usize = 64;
const KERNEL: usize = 3;
const POOL: usize = 2;

/// Four blocks of 64, 64, 64 and `dim` channels.
#[derive(Clone, Debug)]
pub struct Conv4 {
    blocks: [ConvNorm; 4],
    /// Of each block.
    pools: [usize; 4],
    last: Last,
    map: [usize; 3],
}

impl Conv4 {
    pub fn new(sight: Sight, draws: &mut Draws) -> Conv4 {
        let mut block = |i: usize, channels| ConvNorm::new(&format!("block{i}"), channels, KERNEL, 1, draws);
        let blocks = [
            block(1, [sight.channels, WIDTH]),
            block(2, [WIDTH, WIDTH]),
            block(3, [WIDTH, WIDTH]),
            block(4, [WIDTH, sight.dim]),
        ];
        let later = if sight.last == Last::Map { 1 } else { POOL };
        let pools = [POOL, POOL, later, later];
        let side = pools.iter().fold(sight.side, |side, pool| side / pool);
        Conv4 { blocks, pools, last: sight.last, map: [sight.dim, side, side] }
    }
}

impl Backbone for Conv4 {
    fn visit(&mut self, f: &mut dyn FnMut(&mut Parameter)) {
        self.blocks.iter_mut().for_each(|block| block.visit(f));
    }
    fn forward(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        let images = images.cast(pass.dtype);
        let blocks = self.blocks.iter().zip(self.pools);
        let map = blocks.fold(images, |x, (block, pool)| block.forward(x, Then { relu: true, pool }, pass));
        self.last.reduce(map)
    }
    fn map(&self) -> [usize; 3] {
        self.map
    }
    fn outputs(&self) -> usize {
        let [channels, side, _] = self.map;
        channels * self.last.each(side)
    }
    fn boxed(&self) -> Box<dyn Backbone> {
        Box::new(self.clone())
    }
}
