//! stub
use super::{Real, Scalar};
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Dd { hi: f64, lo: f64 }
pub(crate) fn two_sum(a: f64, b: f64) -> (f64, f64) { let s = a + b; let bb = s - a; (s, (a - (s - bb)) + (b - bb)) }
pub(crate) fn two_prod(a: f64, b: f64) -> (f64, f64) { let p = a * b; (p, f64::mul_add(a, b, -p)) }
impl From<f64> for Dd { fn from(hi: f64) -> Dd { Dd { hi, lo: 0.0 } } }
impl Dd {
    pub fn new(a: f64, b: f64) -> Dd { let (hi, lo) = two_sum(a, b); if hi.is_finite() { Dd { hi, lo } } else { Dd { hi, lo: 0.0 } } }
    pub fn hi(self) -> f64 { self.hi }
    pub fn lo(self) -> f64 { self.lo }
    pub fn to_f64(self) -> f64 { self.hi }
    pub fn from_product(a: f64, b: f64) -> Dd { let (p, e) = two_prod(a, b); Dd { hi: p, lo: if p.is_finite() { e } else { 0.0 } } }
    pub fn from_difference(a: f64, b: f64) -> Dd { Dd::new(a, -b) }
}
impl Add for Dd { type Output = Dd; fn add(self, o: Dd) -> Dd { let (s, e) = two_sum(self.hi, o.hi); let (t, f) = two_sum(self.lo, o.lo); let a = Dd::new(s, e + t); Dd::new(a.hi, a.lo + f) } }
impl Sub for Dd { type Output = Dd; fn sub(self, o: Dd) -> Dd { self + -o } }
impl Mul for Dd { type Output = Dd; fn mul(self, o: Dd) -> Dd { let (p, e) = two_prod(self.hi, o.hi); Dd::new(p, e + (self.hi * o.lo + self.lo * o.hi)) } }
impl Div for Dd { type Output = Dd; fn div(self, o: Dd) -> Dd { let q = self.hi / o.hi; let r = self - o * Dd::from(q); Dd::new(q, r.hi / o.hi) } }
impl Neg for Dd { type Output = Dd; fn neg(self) -> Dd { Dd { hi: -self.hi, lo: -self.lo } } }
macro_rules! r { ($($t:ident $m:ident),*) => {$(impl<'a> $t<&'a Dd> for Dd { type Output = Dd; fn $m(self, o: &'a Dd) -> Dd { $t::$m(self, *o) } })*} }
r!(Add add, Sub sub, Mul mul, Div div);
macro_rules! f { ($($n:ident)*) => {$(fn $n(self) -> Dd { Dd::from(Real::$n(self.hi)) })*} }
impl Real for Dd {
    type Wide = Dd;
    fn lit(&self, v: f64) -> Dd { Dd::from(v) }
    fn widen(&self) -> Dd { *self }
    fn narrow(w: Dd, _: &Dd) -> Dd { w }
    f!(exp exp_m1 ln ln_1p sinh cosh tanh asinh acosh atanh);
    fn sqrt(self) -> Dd { let s = self.hi.sqrt(); if s == 0.0 || !s.is_finite() { return Dd::from(s) } let r = self - Dd::from_product(s, s); Dd::new(s, r.hi / (2.0 * s)) }
    fn select_lt(&self, b: &Dd, t: Dd, o: Dd) -> Dd { if self < b { t } else { o } }
}
impl Scalar for Dd {
    fn compare(&self, o: &Dd) -> Option<Ordering> { self.partial_cmp(o) }
    fn cmp_abs(&self, o: &Dd) -> Ordering { self.hi.cmp_abs(&o.hi) }
    fn unit_roundoff(&self) -> Dd { Dd::from(2f64.powi(-105)) }
    fn outside(c: &Dd, xs: &[Dd]) -> bool { Dd::gap(c, xs) <= Dd::from(0.0) }
}
