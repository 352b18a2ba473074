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
    /// Weights are not negative and not all 0; with a negative one the sum may be no point of any model.
    ///
    /// # Panics
    /// If there are no points, not as many weights, or a weight below 0.
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

/// A formula on vectors and numbers as they are, or with exponents that have no end where it could leave the range of its scratch
/// space, or has: as [`crate::formula::apply`] does it. `scalar`, `vector`, `point` or `inside` is
/// what the formula gives.
macro_rules! in_range {
    ($kind:ident $this:ident, [$($x:ident)*], [$($t:ident)*], |$k:ident| $body:expr) => {{
        let space = &$this.space;
        let ordinary = {
            let $k = space;
            let safe = space.c.is_safe() $(&& $crate::arithmetic::Vector::is_safe($x))* $(&& $crate::arithmetic::Real::is_safe($t))*;
            safe.then(|| $body).filter($crate::model::in_range!(@finite $kind))
        };
        ordinary.unwrap_or_else(|| {
            let $k = &space.unbounded();
            $(let $x = &$crate::arithmetic::Vector::unbounded($x)[..];)*
            $(let $t = &$crate::arithmetic::Real::unbounded($t);)*
            $crate::model::in_range!(@bounded $kind $this, $body)
        })
    }};
    (@finite scalar) => { |x| $crate::arithmetic::Real::is_finite(x) };
    (@finite $vector:ident) => { |x| $crate::arithmetic::Vector::is_finite(&x[..]) };
    (@bounded scalar $this:ident, $body:expr) => { $crate::arithmetic::Real::bounded($body, &$this.space.c) };
    (@bounded vector $this:ident, $body:expr) => {
        <[_] as $crate::arithmetic::Vector>::bounded(&$body[..], &$this.space.c)
    };
    // Rounding once more may put a point of a ball on its rim; `inside`: of another model's ball.
    (@bounded inside $this:ident, $body:expr) => {
        $crate::model::in_range!(@bounded vector $this, $body).pull_inside(&$this.space.c)
    };
    (@bounded point $this:ident, $body:expr) => { $this.project(&$crate::model::in_range!(@bounded vector $this, $body)) };
}
use in_range;

/// A centroid is a point for weights that are not negative.
fn no_negative_weight<R: Scalar>(weights: &[R]) {
    let negative = weights.iter().find(|w| w.compare(&w.lit(0.0)) == Some(Ordering::Less));
    assert!(negative.is_none(), "a negative weight, {negative:?}, in a midpoint");
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
            $crate::model::in_range!(scalar self, [x y], [], |k| $distance(k, x, y))
        }
        fn origin_distance(&self, x: &(impl Coordinates<R> + ?Sized)) -> R {
            let x = x.coordinates();
            $crate::model::in_range!(scalar self, [x], [], |k| $origin(k, x))
        }
        fn add(&self, x: &(impl Coordinates<R> + ?Sized), y: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
            let (x, y) = (x.coordinates(), y.coordinates());
            $crate::model::same_length(x, y);
            $crate::model::in_range!(point self, [x y], [], |k| $add(k, x, y))
        }
        fn scale(&self, t: &R, x: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
            let x = x.coordinates();
            $crate::model::in_range!(point self, [x], [t], |k| $scale(k, t, x))
        }
        fn exp(&self, x: &(impl Coordinates<R> + ?Sized), v: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
            let (x, v) = (x.coordinates(), v.coordinates());
            $crate::model::same_length(x, v);
            $crate::model::in_range!(point self, [x v], [], |k| $exp(k, x, v))
        }
        fn log(&self, x: &(impl Coordinates<R> + ?Sized), y: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
            let (x, y) = (x.coordinates(), y.coordinates());
            $crate::model::same_length(x, y);
            $crate::model::in_range!(vector self, [x y], [], |k| $log(k, x, y))
        }
        fn exp0(&self, v: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
            let v = v.coordinates();
            $crate::model::in_range!(point self, [v], [], |k| $exp0(k, v))
        }
        fn log0(&self, y: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
            let y = y.coordinates();
            $crate::model::in_range!(vector self, [y], [], |k| $log0(k, y))
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
            $crate::model::in_range!(vector self, [x y v], [], |k| $transport(k, x, y, v))
        }
        fn geodesic(&self, x: &(impl Coordinates<R> + ?Sized), y: &(impl Coordinates<R> + ?Sized), t: &R) -> Vec<R> {
            let (x, y) = (x.coordinates(), y.coordinates());
            $crate::model::same_length(x, y);
            $crate::model::in_range!(point self, [x y], [t], |k| $geodesic(k, x, y, t))
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
            $crate::model::no_negative_weight(weights);
            use $crate::arithmetic::{Real, Vector};
            let safe = self.space.c.is_safe() && points.iter().all(|x| x.is_safe()) && weights.is_safe();
            let ordinary = || {
                let weights: Vec<R::Wide> = weights.iter().map(R::widen).collect();
                $midpoint(&self.space, &points, &weights)
            };
            let ordinary = safe.then(ordinary).filter(|x| x.is_finite());
            ordinary.unwrap_or_else(|| {
                let space = self.space.unbounded();
                let points: Vec<Vec<R::Unbounded>> = points.iter().map(|x| x.unbounded()).collect();
                let points: Vec<&[R::Unbounded]> = points.iter().map(Vec::as_slice).collect();
                let weights: Vec<_> = weights.iter().map(|w| w.unbounded().widen()).collect();
                let there = $midpoint(&space, &points, &weights);
                self.project(&<[R] as Vector>::bounded(&there, &self.space.c))
            })
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
            $crate::model::in_range!(point self, [x y v], [], |k| $gyration(k, x, y, v))
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
            $crate::model::in_range!(scalar self, [x p a], [], |k| $mlr(k, x, p, a))
        }
        fn norm(&self, x: &(impl Coordinates<R> + ?Sized), v: &(impl Coordinates<R> + ?Sized)) -> R {
            let (x, v) = (x.coordinates(), v.coordinates());
            $crate::model::same_length(x, v);
            $crate::model::in_range!(scalar self, [x v], [], |k| $crate::arithmetic::Real::narrow($norm(k, x, v), &k.c))
        }
    };
}
use operations;
