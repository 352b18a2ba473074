//! Which formula each model's batches run: the one of its single call.

use super::{Batch, run::ROWS};
use crate::arithmetic::Real;
use crate::arithmetic::lanes::{Lane, Lanes, Pack};
use crate::formula::{Space, add, along, distance, exp_log, mlr, radial};
use crate::model::{Hyperbolic, Klein, Lorentz, PoincareBall};

type Numbers<S> = Lanes<S, ROWS>;
type Vectors<'a, S> = Pack<'a, S, ROWS>;

macro_rules! kernels {
    ($($(#[$doc:meta])* $name:ident, [$($x:ident)*], $($origin:ident)? -> $out:ty;)*) => {
        /// The formulas of a model in packs of rows.
        pub trait Kernel<S: Lane>: Hyperbolic<S> {
            /// Whether a distance has to be taken in one order of its points to be symmetric to the bit.
            const ORDERED: bool;
            /// d(x, y) in the wide arithmetic, to tell apart what has the same distance in `S`.
            #[doc(hidden)]
            fn wide_distance(&self, x: &[S], y: &[S]) -> S::Wide;
            $($(#[$doc])* #[doc(hidden)] fn $name<'a>(k: &Space<Numbers<S>>, xs: [Vectors<'a, S>; kernels!(@count $($x)*)]) -> $out;)*
        }
    };
    (@count $a:ident) => { 1 };
    (@count $a:ident $b:ident) => { 2 };
    (@count $a:ident $b:ident $c:ident) => { 3 };
}

kernels! {
    distance_lanes, [x y], -> Numbers<S>;
    origin_lanes, [x], -> Numbers<S>;
    add_lanes, [x y], -> Vectors<'a, S>;
    exp_lanes, [x v], -> Vectors<'a, S>;
    log_lanes, [x y], -> Vectors<'a, S>;
    exp0_lanes, [v], -> Vectors<'a, S>;
    log0_lanes, [y], -> Vectors<'a, S>;
    transport_lanes, [x y v], -> Vectors<'a, S>;
    mlr_lanes, [x p a], -> Numbers<S>;
}

macro_rules! kernel {
    ($model:ident, ordered $ordered:expr, wide $wide:path, $($name:ident [$($x:ident)*] $path:path => $out:ty;)*) => {
        impl<S: Lane> Kernel<S> for $model<S> {
            const ORDERED: bool = $ordered;
            fn wide_distance(&self, x: &[S], y: &[S]) -> S::Wide {
                let wide = |x: &[S]| -> Vec<S::Wide> { x.iter().map(Real::widen).collect() };
                $wide(&Space::new(self.space().c.widen()), wide(x).as_slice(), wide(y).as_slice())
            }
            $(fn $name<'a>(k: &Space<Numbers<S>>, [$($x),*]: [Vectors<'a, S>; kernels!(@count $($x)*)]) -> $out {
                $path(k, $(&$x),*)
            })*
        }
        impl<S: Lane> Batch<S> for $model<S> {
            type Model = Self;
            fn model(&self) -> &Self {
                self
            }
        }
    };
}

// Gaps and ‖x − y‖ are symmetric to the bit.
kernel! { PoincareBall, ordered false, wide distance::poincare,
    distance_lanes [x y] distance::poincare => Numbers<S>;
    origin_lanes [x] radial::poincare_radius => Numbers<S>;
    add_lanes [x y] add::poincare => Vectors<'a, S>;
    exp_lanes [x v] exp_log::poincare_exp => Vectors<'a, S>;
    log_lanes [x y] exp_log::poincare_log => Vectors<'a, S>;
    exp0_lanes [v] radial::ball_exp0 => Vectors<'a, S>;
    log0_lanes [y] radial::ball_log0 => Vectors<'a, S>;
    transport_lanes [x y v] along::poincare_transport => Vectors<'a, S>;
    mlr_lanes [x p a] mlr::poincare => Numbers<S>;
}
kernel! { Lorentz, ordered true, wide distance::lorentz,
    distance_lanes [x y] distance::lorentz => Numbers<S>;
    origin_lanes [x] radial::lorentz_radius => Numbers<S>;
    add_lanes [x y] add::lorentz => Vectors<'a, S>;
    exp_lanes [x v] exp_log::lorentz_exp => Vectors<'a, S>;
    log_lanes [x y] exp_log::lorentz_log => Vectors<'a, S>;
    exp0_lanes [v] radial::lorentz_exp0 => Vectors<'a, S>;
    log0_lanes [y] radial::lorentz_log0 => Vectors<'a, S>;
    transport_lanes [x y v] along::lorentz_transport => Vectors<'a, S>;
    mlr_lanes [x p a] mlr::lorentz => Numbers<S>;
}
kernel! { Klein, ordered true, wide distance::klein,
    distance_lanes [x y] distance::klein => Numbers<S>;
    origin_lanes [x] radial::klein_radius => Numbers<S>;
    add_lanes [x y] add::klein => Vectors<'a, S>;
    exp_lanes [x v] exp_log::klein_exp => Vectors<'a, S>;
    log_lanes [x y] exp_log::klein_log => Vectors<'a, S>;
    exp0_lanes [v] radial::ball_exp0 => Vectors<'a, S>;
    log0_lanes [y] radial::ball_log0 => Vectors<'a, S>;
    transport_lanes [x y v] along::klein_transport => Vectors<'a, S>;
    mlr_lanes [x p a] mlr::klein => Numbers<S>;
}
