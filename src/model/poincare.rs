//! The Poincaré ball {x : c‖x‖² < 1}.

use super::{Coordinates, Hyperbolic, PointError, check_ball, operations, same_length};
use crate::arithmetic::Scalar;
use crate::formula::{Space, add, along, distance, exp_log, mlr, radial, tangent};

/// The Poincaré ball {x : c‖x‖² < 1} with metric 4‖dx‖²/(1 − c‖x‖²)². Tangent vectors are in ball coordinates, so that
/// exp₀(v) lies at distance 2‖v‖ from the origin.
///
/// ```
/// use hypprec::{Hyperbolic, PoincareBall};
/// let ball = PoincareBall::new(1.0f64)?;
/// let (x, y) = ([0.3, 0.4], [-0.2, 0.5]);
/// let v = ball.log(&x, &y);
/// let z = ball.exp(&x, &v);
/// assert!(ball.distance(&y, &z) < 1e-15);
/// assert!((ball.norm(&x, &v) - ball.distance(&x, &y)).abs() < 1e-15);
/// # Ok::<(), hypprec::model::CurvatureError>(())
/// ```
#[derive(Clone, Debug)]
pub struct PoincareBall<R: Scalar> {
    space: Space<R>,
}

impl<R: Scalar> Hyperbolic<R> for PoincareBall<R> {
    operations! {
        distance distance::poincare, origin radial::poincare_radius, add add::poincare, scale radial::ball_scale,
        exp exp_log::poincare_exp, log exp_log::poincare_log, exp0 radial::ball_exp0, log0 radial::ball_log0,
        transport along::poincare_transport, geodesic along::poincare_geodesic, midpoint along::poincare_midpoint,
        gyration along::poincare_gyration, mlr mlr::poincare, norm exp_log::poincare_length
    }
    fn check_point(&self, x: &(impl Coordinates<R> + ?Sized)) -> Result<(), PointError> {
        check_ball(&self.space, x.coordinates())
    }
    fn project(&self, x: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
        radial::ball_project(&self.space, x.coordinates())
    }
}

impl<R: Scalar> PoincareBall<R> {
    /// λ_x = 2/(1 − c‖x‖²).
    pub fn conformal_factor(&self, x: &(impl Coordinates<R> + ?Sized)) -> R {
        radial::conformal_factor(&self.space, x.coordinates())
    }
    /// The same point in space coordinates of the hyperboloid: 2x/(1 − c‖x‖²).
    pub fn to_lorentz(&self, x: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
        radial::poincare_to_lorentz(&self.space, x.coordinates())
    }
    /// The same point on Klein's ball: 2x/(1 + c‖x‖²).
    pub fn to_klein(&self, x: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
        radial::poincare_to_klein(&self.space, x.coordinates())
    }
    /// A tangent vector at x, in space coordinates of the hyperboloid.
    pub fn tangent_to_lorentz(&self, x: &(impl Coordinates<R> + ?Sized), v: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
        same_length(x.coordinates(), v.coordinates());
        tangent::poincare_to_lorentz(&self.space, x.coordinates(), v.coordinates())
    }
    /// A tangent vector at x, in Klein's coordinates.
    pub fn tangent_to_klein(&self, x: &(impl Coordinates<R> + ?Sized), v: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
        same_length(x.coordinates(), v.coordinates());
        tangent::poincare_to_klein(&self.space, x.coordinates(), v.coordinates())
    }
}
