//! Whole arrays at once: the operations of a model on rows of one length, as accurate as one call a row and many times as fast.
//!
//! Arrays are row-major, `[rows, dim]`, in the coordinates that the model takes one by one; results go to `out`. The formulas are
//! those of the single call, run on [packs of rows](crate::arithmetic::lanes); rows that a pack cannot do as exactly are asked of
//! the single call. In f32 a distance is within .501 ulp, as there; f64 runs the single call row by row. A distance is 0 of equal rows,
//! symmetric to the bit, and a row that is no point spoils no other. The same bytes come out whatever the number of threads, the
//! instruction set, and the rows beside a row.
//!
//! ```
//! use hypprec::{Batch, Hyperbolic, PoincareBall};
//! let ball = PoincareBall::new(1.0f32)?;
//! let (x, y) = ([0.3, 0.4, -0.5, 0.1, 0.0, 0.2], [-0.2, 0.5, 0.1, 0.6, 0.0, 0.2]);
//! let mut distances = [0.0; 3];
//! ball.distance_rows(&x, &y, 2, &mut distances)?;
//! assert_eq!(distances[0], ball.distance(&x[..2], &y[..2]));
//! let mut sums = [0.0; 6];
//! ball.add_rows(&x, &y, 2, &mut sums)?;
//! assert_eq!(sums[4..], ball.add(&x[4..], &y[4..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod kernel;
mod nearest;
mod run;

pub use crate::arithmetic::lanes::{Lane, Level};
pub use kernel::Kernel;

use crate::model::Hyperbolic;
use run::{check, numbers, vectors};

/// Arrays whose lengths do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Rows have at least one coordinate.
    #[error("dim is 0: a row has at least one coordinate")]
    NoCoordinates,
    /// An array is not as long as its rows.
    #[error("{name} has {len} numbers, where {rows} rows of {dim} are {}", rows * dim)]
    Length {
        /// Which array.
        name: &'static str,
        /// How long it is.
        len: usize,
        /// How many rows it should have.
        rows: usize,
        /// Of how many numbers.
        dim: usize,
    },
    /// An array ends within a row.
    #[error("{name} has {len} numbers, which are no whole number of rows of {dim}")]
    Ragged {
        /// Which array.
        name: &'static str,
        /// How long it is.
        len: usize,
        /// Of how many numbers a row is.
        dim: usize,
    },
    /// More neighbours are asked for than there are rows.
    #[error("k is {k}: y has {rows} rows")]
    TooFew {
        /// How many are asked for.
        k: usize,
        /// How many rows there are.
        rows: usize,
    },
}

/// Operations of a model on rows of `dim` coordinates.
///
/// # Errors
/// Each of them if `dim` is 0, if the first array ends within a row, or if another does not have as many rows.
pub trait Batch<S: Lane>: Sync {
    /// What knows the formulas.
    type Model: Kernel<S> + Sync;

    /// The model.
    fn model(&self) -> &Self::Model;
    /// The instruction set that is used: it changes no result.
    fn level(&self) -> Level {
        Level::best()
    }

    /// d(xᵢ, yᵢ), `[rows]`.
    fn distance_rows(&self, x: &[S], y: &[S], dim: usize, out: &mut [S]) -> Result<(), BatchError> {
        check(dim, x, &[("y", y.len(), dim), ("out", out.len(), 1)])?;
        let (model, one) = (self.model(), |[x, y]: [&[S]; 2]| self.model().distance(x, y));
        numbers((model, self.level()), Self::Model::ORDERED, ([x, y], dim), out, Self::Model::distance_lanes, one);
        Ok(())
    }
    /// d(0, xᵢ), `[rows]`.
    fn origin_distance_rows(&self, x: &[S], dim: usize, out: &mut [S]) -> Result<(), BatchError> {
        check(dim, x, &[("out", out.len(), 1)])?;
        let (model, one) = (self.model(), |[x]: [&[S]; 1]| self.model().origin_distance(x));
        numbers((model, self.level()), false, ([x], dim), out, Self::Model::origin_lanes, one);
        Ok(())
    }
    /// xᵢ ⊕ yᵢ, `[rows, dim]`.
    fn add_rows(&self, x: &[S], y: &[S], dim: usize, out: &mut [S]) -> Result<(), BatchError> {
        check(dim, x, &[("y", y.len(), dim), ("out", out.len(), dim)])?;
        let one = |[x, y]: [&[S]; 2]| self.model().add(x, y);
        vectors((self.model(), self.level()), ([x, y], dim), out, Self::Model::add_lanes, one);
        Ok(())
    }
    /// exp of vᵢ at xᵢ, `[rows, dim]`.
    fn exp_rows(&self, x: &[S], v: &[S], dim: usize, out: &mut [S]) -> Result<(), BatchError> {
        check(dim, x, &[("v", v.len(), dim), ("out", out.len(), dim)])?;
        let one = |[x, v]: [&[S]; 2]| self.model().exp(x, v);
        vectors((self.model(), self.level()), ([x, v], dim), out, Self::Model::exp_lanes, one);
        Ok(())
    }
    /// log of yᵢ at xᵢ, `[rows, dim]`.
    fn log_rows(&self, x: &[S], y: &[S], dim: usize, out: &mut [S]) -> Result<(), BatchError> {
        check(dim, x, &[("y", y.len(), dim), ("out", out.len(), dim)])?;
        let one = |[x, y]: [&[S]; 2]| self.model().log(x, y);
        vectors((self.model(), self.level()), ([x, y], dim), out, Self::Model::log_lanes, one);
        Ok(())
    }
    /// exp of vᵢ at the origin, `[rows, dim]`.
    fn exp0_rows(&self, v: &[S], dim: usize, out: &mut [S]) -> Result<(), BatchError> {
        check(dim, v, &[("out", out.len(), dim)])?;
        let one = |[v]: [&[S]; 1]| self.model().exp0(v);
        vectors((self.model(), self.level()), ([v], dim), out, Self::Model::exp0_lanes, one);
        Ok(())
    }
    /// log of yᵢ at the origin, `[rows, dim]`.
    fn log0_rows(&self, y: &[S], dim: usize, out: &mut [S]) -> Result<(), BatchError> {
        check(dim, y, &[("out", out.len(), dim)])?;
        let one = |[y]: [&[S]; 1]| self.model().log0(y);
        vectors((self.model(), self.level()), ([y], dim), out, Self::Model::log0_lanes, one);
        Ok(())
    }
    /// vᵢ carried along the geodesic from xᵢ to yᵢ, `[rows, dim]`.
    fn transport_rows(&self, x: &[S], y: &[S], v: &[S], dim: usize, out: &mut [S]) -> Result<(), BatchError> {
        check(dim, x, &[("y", y.len(), dim), ("v", v.len(), dim), ("out", out.len(), dim)])?;
        let one = |[x, y, v]: [&[S]; 3]| self.model().transport(x, y, v);
        vectors((self.model(), self.level()), ([x, y, v], dim), out, Self::Model::transport_lanes, one);
        Ok(())
    }
    /// The hyperplane score of [`Hyperbolic::mlr`] of every xᵢ for the class of pⱼ and aⱼ, `[rows of x, classes]`.
    fn mlr_rows(&self, x: &[S], p: &[S], a: &[S], dim: usize, out: &mut [S]) -> Result<(), BatchError> {
        let classes = check(dim, p, &[("a", a.len(), dim)])?;
        let rows = check(dim, x, &[("out", out.len(), classes)])?;
        let one = |[x, p, a]: [&[S]; 3]| self.model().mlr(x, p, a);
        let (mut ps, mut normals, mut scores) = (Vec::new(), Vec::new(), out[..rows.min(out.len())].to_vec());
        for (class, (p, a)) in p.chunks(dim).zip(a.chunks(dim)).enumerate() {
            repeat(p, rows, &mut ps);
            repeat(a, rows, &mut normals);
            let arrays = ([x, ps.as_slice(), normals.as_slice()], dim);
            numbers((self.model(), self.level()), false, arrays, &mut scores, Self::Model::mlr_lanes, one);
            out.chunks_mut(classes).zip(&scores).for_each(|(out, score)| out[class] = *score);
        }
        Ok(())
    }
    /// d(xᵢ, yⱼ), `[rows of x, rows of y]`.
    fn distance_matrix(&self, x: &[S], y: &[S], dim: usize, out: &mut [S]) -> Result<(), BatchError> {
        let columns = check(dim, y, &[])?;
        check(dim, x, &[("out", out.len(), columns)])?;
        if columns == 0 {
            return Ok(());
        }
        let mut repeated = Vec::with_capacity(y.len());
        for (x, out) in x.chunks(dim).zip(out.chunks_mut(columns)) {
            repeat(x, columns, &mut repeated);
            self.distance_rows(&repeated, y, dim, out)?;
        }
        Ok(())
    }
    /// The `k` rows of y that are nearest to each row of x, nearest first: their numbers and distances, both `[rows of x, k]`.
    ///
    /// Where distances in `S` are the same or could be in the wrong order, the wide arithmetic decides: f64 for f32, double-double
    /// for f64. Of two that it does not tell apart either, the one of the lower number comes first. A row that is no point is farther
    /// than all that are.
    ///
    /// # Errors
    /// Also if y has fewer than `k` rows.
    fn nearest(&self, x: &[S], y: &[S], dim: usize, k: usize) -> Result<(Vec<usize>, Vec<S>), BatchError> {
        nearest::nearest(self, x, y, dim, k)
    }
}

/// `count` times the same row.
fn repeat<S: Copy>(row: &[S], count: usize, out: &mut Vec<S>) {
    out.clear();
    (0..count).for_each(|_| out.extend_from_slice(row));
}

/// A model whose batches use this instruction set: for tests and measurements.
#[derive(Clone, Debug)]
pub struct AtLevel<M> {
    /// The model.
    pub model: M,
    /// The instruction set.
    pub level: Level,
}

impl<S: Lane, M: Kernel<S> + Sync> Batch<S> for AtLevel<M> {
    type Model = M;
    fn model(&self) -> &M {
        &self.model
    }
    fn level(&self) -> Level {
        self.level
    }
}
