//! What a library user imports: three models of hyperbolic space over any arithmetic and any curvature −c, c > 0.
//!
//! Operations assume points of the model; [`Hyperbolic::check_point`] says whether they are. All run the project's own
//! variants, `best` in the registry: nothing but the storage of the coordinates limits them.

mod coordinates;
mod klein;
mod lorentz;
mod poincare;

pub use coordinates::Coordinates;
pub use klein::Klein;
pub use lorentz::Lorentz;
pub use poincare::PoincareBall;

use crate::arithmetic::Scalar;
use crate::formula::Space;
use std::cmp::Ordering;

/// A curvature that is none.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("c = {0} is not a positive finite number (curvature is −c, c > 0)")]
pub struct CurvatureError(pub String);

/// Why coordinates are not a point.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PointError {
    #[error("a point has at least one coordinate")]
    Empty,
    #[error("coordinate {0} is not finite")]
    NotFinite(usize),
    #[error("the point is on or outside the rim: c‖x‖² ≥ 1")]
    Outside,
    #[error("the time coordinate is not √(1/c + ‖s‖²)")]
    OffHyperboloid,
}

/// A model of hyperbolic space of curvature −c: what is common to all. Points and tangent vectors are `[n]`.
///
/// ```
/// use hypprec::model::{Hyperbolic, Lorentz, PoincareBall};
/// let (ball, lorentz) = (PoincareBall::new(1.0f64)?, Lorentz::new(1.0)?);
/// let (x, y) = ([0.3, 0.4], [-0.2, 0.5]);
/// let d = ball.distance(&x, &y);
/// let there = lorentz.distance(&ball.to_lorentz(&x), &ball.to_lorentz(&y));
/// assert!((d - there).abs() < 1e-15);
/// # Ok::<(), hypprec::model::CurvatureError>(())
/// ```
pub trait Hyperbolic<R: Scalar>: Sized {
    /// The model of curvature −c.
    ///
    /// # Errors
    /// If c is not positive and finite.
    fn new(c: R) -> Result<Self, CurvatureError>;
    /// c and √c.
    fn space(&self) -> &Space<R>;

    /// Whether the coordinates are a point of the model.
    ///
    /// # Errors
    /// If there are none, if one is not finite, or if they lie outside.
    fn check_point(&self, x: &(impl Coordinates<R> + ?Sized)) -> Result<(), PointError>;

    /// Geodesic distance d(x, y) ≥ 0: exactly 0 for equal points, symmetric to the bit.
    fn distance(&self, x: &(impl Coordinates<R> + ?Sized), y: &(impl Coordinates<R> + ?Sized)) -> R;
    /// d(0, x).
    fn origin_distance(&self, x: &(impl Coordinates<R> + ?Sized)) -> R;
    /// Gyro-addition x ⊕ y: the translation that takes the origin to x, applied to y.
    fn add(&self, x: &(impl Coordinates<R> + ?Sized), y: &(impl Coordinates<R> + ?Sized)) -> Vec<R>;
    /// t ⊗ x: the point at t times x's distance from the origin, on its ray.
    fn scale(&self, t: &R, x: &(impl Coordinates<R> + ?Sized)) -> Vec<R>;
    /// exp_x(v): where the geodesic from x with velocity v is at time 1.
    fn exp(&self, x: &(impl Coordinates<R> + ?Sized), v: &(impl Coordinates<R> + ?Sized)) -> Vec<R>;
    /// log_x(y): the velocity at x of the geodesic that is at y at time 1.
    fn log(&self, x: &(impl Coordinates<R> + ?Sized), y: &(impl Coordinates<R> + ?Sized)) -> Vec<R>;
    /// exp at the origin.
    fn exp0(&self, v: &(impl Coordinates<R> + ?Sized)) -> Vec<R>;
    /// log at the origin.
    fn log0(&self, y: &(impl Coordinates<R> + ?Sized)) -> Vec<R>;
    /// Parallel transport of v along the geodesic from x to y.
    fn transport(
        &self,
        x: &(impl Coordinates<R> + ?Sized),
        y: &(impl Coordinates<R> + ?Sized),
        v: &(impl Coordinates<R> + ?Sized),
    ) -> Vec<R>;
    /// The point at the fraction t of the geodesic from x to y.
    fn geodesic(&self, x: &(impl Coordinates<R> + ?Sized), y: &(impl Coordinates<R> + ?Sized), t: &R) -> Vec<R>;
    /// The weighted centroid of n ≥ 1 points: Lorentz centroid, Einstein midpoint and gyromidpoint are this one point.
    fn midpoint<C: Coordinates<R>>(&self, points: &[C], weights: &[R]) -> Vec<R>;
    /// gyr[x, y]v = −(x ⊕ y) ⊕ (x ⊕ (y ⊕ v)).
    fn gyration(
        &self,
        x: &(impl Coordinates<R> + ?Sized),
        y: &(impl Coordinates<R> + ?Sized),
        v: &(impl Coordinates<R> + ?Sized),
    ) -> Vec<R>;
    /// ‖a‖_p times the signed distance of x to the hyperplane through p with normal a.
    fn mlr(
        &self,
        x: &(impl Coordinates<R> + ?Sized),
        p: &(impl Coordinates<R> + ?Sized),
        a: &(impl Coordinates<R> + ?Sized),
    ) -> R;
    /// The nearest stored point of the model on the ray through x; x itself where it is one.
    fn project(&self, x: &(impl Coordinates<R> + ?Sized)) -> Vec<R>;
    /// ‖v‖_x, the Riemannian norm of a tangent vector.
    fn norm(&self, x: &(impl Coordinates<R> + ?Sized), v: &(impl Coordinates<R> + ?Sized)) -> R;
}

/// The space of a curvature that has been checked.
fn space<R: Scalar>(c: R) -> Result<Space<R>, CurvatureError> {
    let positive = c.lit(0.0).compare(&c) == Some(Ordering::Less);
    if positive && is_finite(&c) { Ok(Space::new(c)) } else { Err(CurvatureError(format!("{c:?}"))) }
}

/// x − x is 0 of every finite number and of no other.
fn is_finite<R: Scalar>(x: &R) -> bool {
    let difference = x.clone() - x;
    difference.compare(&x.lit(0.0)) == Some(Ordering::Equal)
}

fn check_finite<R: Scalar>(x: &[R]) -> Result<(), PointError> {
    match (x.is_empty(), x.iter().position(|x| !is_finite(x))) {
        (true, _) => Err(PointError::Empty),
        (_, Some(i)) => Err(PointError::NotFinite(i)),
        _ => Ok(()),
    }
}

fn check_ball<R: Scalar>(space: &Space<R>, x: &[R]) -> Result<(), PointError> {
    check_finite(x)?;
    if R::outside(&space.c, x) { Err(PointError::Outside) } else { Ok(()) }
}

/// Two vectors of one operation, of one length.
fn same_length<R>(x: &[R], y: &[R]) {
    assert!(x.len() == y.len(), "vectors of {} and of {} coordinates do not lie in one space", x.len(), y.len());
}

/// What every model does the same way: take slices, check their lengths, call the model's formula.
macro_rules! operations {
    (distance $distance:path, origin $origin:path, add $add:path, scale $scale:path, exp $exp:path, log $log:path,
     exp0 $exp0:path, log0 $log0:path, transport $transport:path, geodesic $geodesic:path, midpoint $midpoint:path,
     gyration $gyration:path, mlr $mlr:path, norm $norm:path) => {
        fn new(c: R) -> Result<Self, $crate::model::CurvatureError> {
            Ok(Self { space: $crate::model::space(c)? })
        }
        fn space(&self) -> &$crate::formula::Space<R> {
            &self.space
        }
        fn distance(&self, x: &(impl Coordinates<R> + ?Sized), y: &(impl Coordinates<R> + ?Sized)) -> R {
            let (x, y) = (x.coordinates(), y.coordinates());
            $crate::model::same_length(x, y);
            $distance(&self.space, x, y)
        }
        fn origin_distance(&self, x: &(impl Coordinates<R> + ?Sized)) -> R {
            $origin(&self.space, x.coordinates())
        }
        fn add(&self, x: &(impl Coordinates<R> + ?Sized), y: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
            let (x, y) = (x.coordinates(), y.coordinates());
            $crate::model::same_length(x, y);
            $add(&self.space, x, y)
        }
        fn scale(&self, t: &R, x: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
            $scale(&self.space, t, x.coordinates())
        }
        fn exp(&self, x: &(impl Coordinates<R> + ?Sized), v: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
            let (x, v) = (x.coordinates(), v.coordinates());
            $crate::model::same_length(x, v);
            $exp(&self.space, x, v)
        }
        fn log(&self, x: &(impl Coordinates<R> + ?Sized), y: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
            let (x, y) = (x.coordinates(), y.coordinates());
            $crate::model::same_length(x, y);
            $log(&self.space, x, y)
        }
        fn exp0(&self, v: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
            $exp0(&self.space, v.coordinates())
        }
        fn log0(&self, y: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
            $log0(&self.space, y.coordinates())
        }
        fn transport(
            &self,
            x: &(impl Coordinates<R> + ?Sized),
            y: &(impl Coordinates<R> + ?Sized),
            v: &(impl Coordinates<R> + ?Sized),
        ) -> Vec<R> {
            let (x, y, v) = (x.coordinates(), y.coordinates(), v.coordinates());
            $crate::model::same_length(x, y);
            $crate::model::same_length(x, v);
            $transport(&self.space, x, y, v)
        }
        fn geodesic(&self, x: &(impl Coordinates<R> + ?Sized), y: &(impl Coordinates<R> + ?Sized), t: &R) -> Vec<R> {
            let (x, y) = (x.coordinates(), y.coordinates());
            $crate::model::same_length(x, y);
            $geodesic(&self.space, x, y, t)
        }
        fn midpoint<C: Coordinates<R>>(&self, points: &[C], weights: &[R]) -> Vec<R> {
            assert!(
                !points.is_empty() && points.len() == weights.len(),
                "{} points with {} weights",
                points.len(),
                weights.len()
            );
            let points: Vec<&[R]> = points.iter().map(C::coordinates).collect();
            points.iter().for_each(|x| $crate::model::same_length(points[0], x));
            $midpoint(&self.space, &points, weights)
        }
        fn gyration(
            &self,
            x: &(impl Coordinates<R> + ?Sized),
            y: &(impl Coordinates<R> + ?Sized),
            v: &(impl Coordinates<R> + ?Sized),
        ) -> Vec<R> {
            let (x, y, v) = (x.coordinates(), y.coordinates(), v.coordinates());
            $crate::model::same_length(x, y);
            $crate::model::same_length(x, v);
            $gyration(&self.space, x, y, v)
        }
        fn mlr(
            &self,
            x: &(impl Coordinates<R> + ?Sized),
            p: &(impl Coordinates<R> + ?Sized),
            a: &(impl Coordinates<R> + ?Sized),
        ) -> R {
            let (x, p, a) = (x.coordinates(), p.coordinates(), a.coordinates());
            $crate::model::same_length(x, p);
            $crate::model::same_length(x, a);
            $mlr(&self.space, x, p, a)
        }
        fn norm(&self, x: &(impl Coordinates<R> + ?Sized), v: &(impl Coordinates<R> + ?Sized)) -> R {
            let (x, v) = (x.coordinates(), v.coordinates());
            $crate::model::same_length(x, v);
            R::narrow($norm(&self.space, x, v), &self.space.c)
        }
    };
}
use operations;
