//! The hyperboloid in space coordinates; time is √(1/c + ‖s‖²).

use super::{Coordinates, Hyperbolic, PointError, check_finite, in_range, operations, same_length};
use crate::arithmetic::{Scalar, Vector};
use crate::formula::{Space, add, along, distance, exp_log, mlr, radial, tangent};
use std::cmp::Ordering;

/// Time may be this many unit roundoffs, relatively, from what the space coordinates make it.
const TIME_ROUNDOFFS: f64 = 16.0;

/// The hyperboloid −t² + ‖s‖² = −1/c, t > 0, a point being its n space coordinates s. Any finite s is a point: coordinates
/// of 10²⁶⁰ are valid f64. Tangent vectors are their space parts; their time is ⟨s,v⟩/t.
///
/// The hyperboloid has no rim to stop at: what `exp`, `exp0` or `scale` sends past the largest number, at √c r = 11.78 in f16,
/// 89.42 in bf16 and f32, 710.4 in f64 and double-double for c = 1, is infinite, and `check_point` refuses it. The balls'
/// stop at their last number inside the rim instead.
///
/// ```
/// use hypprec::{Hyperbolic, Lorentz};
/// let lorentz = Lorentz::new(1.0)?;
/// let d: f64 = lorentz.distance(&[1e260, 0.0], &[-1e260, 0.0]);
/// assert!((d - 4.0 * (2e260f64).ln() / 2.0).abs() < 1e-9 * d);
/// # Ok::<(), hypprec::model::CurvatureError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lorentz<R: Scalar> {
    space: Space<R>,
}

impl<R: Scalar> Hyperbolic<R> for Lorentz<R> {
    operations! {
        distance distance::lorentz, origin radial::lorentz_radius, add add::lorentz, scale radial::lorentz_scale,
        exp exp_log::lorentz_exp, log exp_log::lorentz_log, exp0 radial::lorentz_exp0, log0 radial::lorentz_log0,
        transport along::lorentz_transport, geodesic along::lorentz_geodesic, midpoint along::lorentz_midpoint,
        gyration along::lorentz_gyration, mlr mlr::lorentz, norm exp_log::lorentz_length
    }
    fn check_point(&self, x: &(impl Coordinates<R> + ?Sized)) -> Result<(), PointError> {
        check_finite(x.coordinates())
    }
    fn project(&self, x: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
        x.coordinates().to_vec()
    }
}

impl<R: Scalar> Lorentz<R> {
    /// √(1/c + ‖s‖²).
    pub fn time(&self, s: &(impl Coordinates<R> + ?Sized)) -> R {
        let s = s.coordinates();
        in_range!(scalar self, [s], [], |k| radial::lorentz_time(k, s))
    }
    /// [time, s...]: n + 1 coordinates.
    pub fn with_time(&self, s: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
        s.coordinates().with_time(self.time(s))
    }
    /// The space coordinates of [time, s...].
    ///
    /// # Errors
    /// If there is no space coordinate, one is not finite, or time is not what space makes it.
    pub fn without_time(&self, x: &(impl Coordinates<R> + ?Sized)) -> Result<Vec<R>, PointError> {
        let Some((stored, s)) = x.coordinates().split_first() else { return Err(PointError::Empty) };
        check_finite(s)?;
        let time = self.time(s);
        let allowed = time.clone() * &self.space.c.unit_roundoff().times(TIME_ROUNDOFFS);
        match (stored.clone() - &time).cmp_abs(&allowed) {
            Ordering::Greater => Err(PointError::OffHyperboloid),
            _ => Ok(s.to_vec()),
        }
    }
    /// The same point on the Poincaré ball: s/(1 + √c t).
    pub fn to_poincare(&self, s: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
        let s = s.coordinates();
        in_range!(inside self, [s], [], |k| radial::lorentz_to_poincare(k, s))
    }
    /// The same point on Klein's ball: s/(√c t).
    pub fn to_klein(&self, s: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
        let s = s.coordinates();
        in_range!(inside self, [s], [], |k| radial::lorentz_to_klein(k, s))
    }
    /// A tangent vector at s, in coordinates of the Poincaré ball.
    pub fn tangent_to_poincare(
        &self,
        s: &(impl Coordinates<R> + ?Sized),
        v: &(impl Coordinates<R> + ?Sized),
    ) -> Vec<R> {
        let (s, v) = (s.coordinates(), v.coordinates());
        same_length(s, v);
        in_range!(vector self, [s v], [], |k| tangent::lorentz_to_poincare(k, s, v))
    }
    /// A tangent vector at s, in Klein's coordinates.
    pub fn tangent_to_klein(&self, s: &(impl Coordinates<R> + ?Sized), v: &(impl Coordinates<R> + ?Sized)) -> Vec<R> {
        let (s, v) = (s.coordinates(), v.coordinates());
        same_length(s, v);
        in_range!(vector self, [s v], [], |k| tangent::lorentz_to_klein(k, s, v))
    }
}
