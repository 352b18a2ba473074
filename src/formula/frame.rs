//! A point y of the hyperboloid as it is seen from another, x: what of it lies along x's ray and what across it, as sums in
//! which nothing cancels, however far out the two are and however nearly they lie on one line.

use super::{Space, wide};
use crate::arithmetic::{Real, Vector};

/// x, y and the wedge vector w = ℓ(x)y − ℓ(y)x ([`Vector::pivot_wide`]), of which x ∧ y = x ∧ w/ℓ(x): w vanishes where the two
/// lie on one line, its elements are exact but for one rounding, and its angle with x is never small.
pub(super) struct Frame<R> {
    /// ℓ(x), or 1 where x is the origin: then w = 0, and a product with its inverse is 0 too.
    pub form: R,
    /// ‖x‖², and the same or 1 as a divisor.
    pub norm2: R,
    pub divisor: R,
    /// ⟨x, w⟩ and ⟨w, w⟩.
    pub along: R,
    pub size: R,
    /// ⟨x, y⟩ and ‖x ∧ y‖².
    pub dot: R,
    pub wedge2: R,
    /// √c t of the two.
    pub tx: R,
    pub ty: R,
    /// ‖y‖² − ‖x‖², from exact differences.
    further: R,
    c: R,
}

impl<R: Real> Frame<R> {
    pub fn new<V: Vector + ?Sized>(k: &Space<V::Elem>, x: &V, y: &V) -> Self
    where
        V::Elem: Real<Wide = R>,
    {
        let [norm2, along, size] = x.wedge_sums_wide(y);
        let (form, _) = x.pivot_wide(y);
        let (zero, one) = (form.lit(0.0), form.lit(1.0));
        let unless_origin = |there: R| zero.select_lt(&norm2, there, one.clone());
        let (form, divisor) = (unless_origin(form), unless_origin(norm2.clone()));
        let wedge2 = (norm2.clone() * &size - &along.clone().square()) / &form / &form;
        Frame {
            wedge2,
            dot: x.dot_wide(y),
            tx: wide::cosh_of_arsinh(norm2.clone().sqrt() * &k.wide_root),
            ty: wide::cosh_radius(k, y),
            further: y.norm2_difference_wide(x),
            c: k.wide_c.clone(),
            form,
            norm2,
            divisor,
            along,
            size,
        }
    }

    /// `there`, or `here` where x is the origin.
    pub fn unless_origin(&self, there: R, here: R) -> R {
        self.form.lit(0.0).select_lt(&self.norm2, there, here)
    }

    /// T_xT_y − c⟨x,y⟩ = cosh θ, T = √c t, as (T_x² + T_y² − 1 + c²‖x∧y‖²)/(T_xT_y + c⟨x,y⟩) where ⟨x,y⟩ > 0.
    pub fn cosh(&self) -> R {
        self.cosh_of(self.dot.clone() * &self.c)
    }
    /// T_xT_y + c⟨x,y⟩: cosh of the distance between −x and y.
    pub fn cosh_of_sum(&self) -> R {
        self.cosh_of(-(self.dot.clone() * &self.c))
    }
    fn cosh_of(&self, product: R) -> R {
        let times = self.tx.clone() * &self.ty;
        let zero = times.lit(0.0);
        let regrouped = || {
            let whole = self.tx.clone().square() + &self.ty.clone().square().plus(-1.0);
            let whole = whole + &(self.wedge2.clone() * &self.c * &self.c);
            whole / &(times.clone() + &product.clone().max(&zero))
        };
        wide::choose_lt(&zero, &product, regrouped, || times.clone() - &product)
    }

    /// T_x⟨x,y⟩ − ‖x‖²T_y, what log at x has along x but for a factor: negative inwards. Where ⟨x,y⟩ > 0, as
    /// (‖x‖²(‖y‖² − ‖x‖²) − T_x²‖x∧y‖²)/(T_x⟨x,y⟩ + ‖x‖²T_y), unless that cancels more ([`Frame::regrouped`]).
    pub fn outwards(&self) -> R {
        let (a, b) = (self.tx.clone() * &self.dot, self.norm2.clone() * &self.ty);
        let regrouped = || (self.norm2.clone() * &self.further - &self.turned()) / &wide::safe(a.clone() + &b);
        let whole = || a.clone() - &b;
        let sum = a.clone() + &b;
        wide::choose_lt(&a.lit(0.0), &self.dot, || self.regrouped(sum, regrouped, whole), whole)
    }
    /// T_x⟨x,y⟩ + ‖x‖²T_y, what x ⊕ y has along x but for a factor. Where ⟨x,y⟩ < 0, as
    /// (‖x‖²(‖x‖² − ‖y‖²) + T_x²‖x∧y‖²)/(‖x‖²T_y − T_x⟨x,y⟩), unless that cancels more.
    pub fn sum_outwards(&self) -> R {
        let (a, b) = (self.tx.clone() * &self.dot, self.norm2.clone() * &self.ty);
        let regrouped = || (self.turned() - &(self.norm2.clone() * &self.further)) / &wide::safe(b.clone() - &a);
        let whole = || a.clone() + &b;
        let sum = b.clone() - &a;
        wide::choose_lt(&self.dot, &a.lit(0.0), || self.regrouped(sum, regrouped, whole), whole)
    }
    /// The difference of two numbers of one sign whose absolute values have this sum: regrouped, as the difference of their
    /// squares over it, where T_x²‖x∧y‖², the greatest term of those, is less than the sum's square; else as it is. Near the
    /// origin and across its ray the squares' difference would lose everything.
    fn regrouped(&self, sum: R, regrouped: impl Fn() -> R, whole: impl Fn() -> R) -> R {
        wide::choose_lt(&self.turned(), &sum.square(), regrouped, whole)
    }
    /// T_x²‖x∧y‖².
    fn turned(&self) -> R {
        self.tx.clone().square() * &self.wedge2
    }
    /// The coefficients of x and w in along·x + across·y_⊥ with y_⊥ = (w − ⟨x,w⟩x/‖x‖²)/ℓ(x), y's part across x; 0 where x is the
    /// origin.
    pub fn step(&self, along: R, across: R) -> (R, R) {
        let zero = along.lit(0.0);
        let of_w = across / &self.form;
        let of_x = along - &(of_w.clone() * &self.along / &self.divisor);
        (self.unless_origin(of_x, zero.clone()), self.unless_origin(of_w, zero))
    }

    /// ⟨x∧y, x∧v⟩, from ⟨w, w_v⟩ and ⟨x, w_v⟩ with w_v = ℓ(x)v − ℓ(v)x.
    pub fn wedge_product(&self, w_wv: &R, x_wv: &R) -> R {
        (self.norm2.clone() * w_wv - &(self.along.clone() * x_wv)) / &self.form / &self.form
    }

    /// The coefficients of x and w in G u − u for the rotation G of the plane of x and y that a gyration is, from ⟨w, u⟩ and
    /// ⟨x, u⟩ of any u: with Au = x⟨y,u⟩ − y⟨x,u⟩ = (⟨w,u⟩x − ⟨x,u⟩w)/ℓ(x), G = 1 + s c(D A + c A²), s = 1/((1 + T_x)(1 + T_y)(1 + C)),
    /// D = 1 + T_x + T_y + C, and C [`Frame::cosh_of_sum`] for gyr\[x,y\], [`Frame::cosh`] for gyr\[y,−x\]. tan(½ angle) is c‖x∧y‖/D.
    pub fn rotation(&self, cosh: &R, w_u: &R, x_u: &R) -> (R, R) {
        let (a, b) = (self.tx.clone().plus(1.0), self.ty.clone().plus(1.0));
        let d = a.clone() + &self.ty + cosh;
        let s = self.c.clone() / &a / &b / &cosh.clone().plus(1.0);
        let (of_x, of_w) = (w_u.clone() / &self.form, -(x_u.clone() / &self.form));
        let w_a = of_x.clone() * &self.along + &(of_w.clone() * &self.size);
        let x_a = of_x.clone() * &self.norm2 + &(of_w.clone() * &self.along);
        let again = self.c.clone() / &self.form;
        ((of_x * &d + &(w_a * &again)) * &s, (of_w * &d - &(x_a * &again)) * &s)
    }
}
