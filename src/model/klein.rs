//! Klein's (Beltrami's) ball {x : c‖x‖² < 1}, whose geodesics are straight.

use super::{Coordinates, Hyperbolic, PointError, check_ball, operations, same_length};
use crate::arithmetic::Scalar;
use crate::formula::{Space, add, along, distance, exp_log, mlr, radial, tangent};

/// Klein's ball with metric ‖dx‖²/g + c⟨x,dx⟩²/g², g = 1 − c‖x‖².
///
/// ```
/// use hypprec::{Hyperbolic, Klein};
/// let klein = Klein::new(0.25f64)?;
/// // Halfway along a geodesic is on the straight line between its ends.
/// let middle = klein.geodesic(&[0.5, 0.5], &[0.5, -0.5], &0.5);
/// assert!((middle[0] - 0.5).abs() < 1e-16 && middle[1].abs() < 1e-16);
/// # Ok::<(), hypprec::model::CurvatureError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Klein<R: Scalar> {
    space: Space<R>,
}

impl<R: Scalar> Hyperbolic<R> for Klein<R> {
    operations! {
        distance distance::klein, origin radial::klein_radius, add add::klein, scale radial::ball_scale,
        exp exp_log::klein_exp, log exp_log::klein_log, exp0 radial::ball_exp0, log0 radial::ball_log0,
        transport along::klein_transport, geodesic along::klein_geodesic, midpoint along::klein_midpoint,
        gyration along::klein_gyration, mlr mlr::klein, norm exp_log::klein_length
    }
    fn check_point(&self, x: &(impl Coordinates<R> + ?Sized)) -> Result<(), PointError> {
        check_ball(&self.space, x.coordinates())
    }
    fn project(&self, x: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
        radial::ball_project(&self.space, x.coordinates())
    }
}

impl<R: Scalar> Klein<R> {
    /// The same point on the Poincaré ball: x/(1 + √(1 − c‖x‖²)).
    pub fn to_poincare(&self, x: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
        radial::klein_to_poincare(&self.space, x.coordinates())
    }
    /// The same point in space coordinates of the hyperboloid: x/√(1 − c‖x‖²).
    pub fn to_lorentz(&self, x: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
        radial::klein_to_lorentz(&self.space, x.coordinates())
    }
    /// A tangent vector at x, in coordinates of the Poincaré ball.
    pub fn tangent_to_poincare(
        &self,
        x: &(impl Coordinates<R> + ?Sized),
        v: &(impl Coordinates<R> + ?Sized),
    ) -> Vec<R> {
        same_length(x.coordinates(), v.coordinates());
        tangent::klein_to_poincare(&self.space, x.coordinates(), v.coordinates())
    }
    /// A tangent vector at x, in space coordinates of the hyperboloid.
    pub fn tangent_to_lorentz(&self, x: &(impl Coordinates<R> + ?Sized), v: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
        same_length(x.coordinates(), v.coordinates());
        tangent::klein_to_lorentz(&self.space, x.coordinates(), v.coordinates())
    }
}
