//! What counts as the coordinates of a point: slices, arrays, vectors, and nalgebra's.

use nalgebra::{Dim, Matrix, RawStorage, U1};

/// Something whose numbers lie side by side.
pub trait Coordinates<R> {
    /// The numbers.
    fn coordinates(&self) -> &[R];
}

impl<R> Coordinates<R> for [R] {
    fn coordinates(&self) -> &[R] {
        self
    }
}
impl<R> Coordinates<R> for Vec<R> {
    fn coordinates(&self) -> &[R] {
        self
    }
}
impl<R, const N: usize> Coordinates<R> for [R; N] {
    fn coordinates(&self) -> &[R] {
        self
    }
}
/// Column vectors of fixed or run-time length whose storage is contiguous.
impl<R, D: Dim, S: RawStorage<R, D, U1> + nalgebra::IsContiguous> Coordinates<R> for Matrix<R, D, U1, S> {
    fn coordinates(&self) -> &[R] {
        self.as_slice()
    }
}
impl<R, T: Coordinates<R> + ?Sized> Coordinates<R> for &T {
    fn coordinates(&self) -> &[R] {
        (**self).coordinates()
    }
}
