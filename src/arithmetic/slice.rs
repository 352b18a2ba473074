//! A slice of scalars is a vector: every reduction is one fused loop, every combination one allocation.

use super::{Real, Scalar, Vector};
use std::cmp::Ordering;

impl<S: Scalar> Vector for [S] {
    type Elem = S;
    type Owned = Vec<S>;

    fn lit(&self, value: f64) -> S {
        self[0].lit(value)
    }
    fn to_vector(&self) -> Vec<S> {
        self.to_vec()
    }

    fn dot(&self, other: &[S]) -> S {
        sum(self, other, |x, y| x.clone() * y)
    }
    fn dist2(&self, other: &[S]) -> S {
        sum(self, other, |x, y| (x.clone() - y).square())
    }
    fn scale(&self, a: &S) -> Vec<S> {
        self.iter().map(|x| x.clone() * a).collect()
    }
    fn unscale(&self, a: &S) -> Vec<S> {
        self.iter().map(|x| x.clone() / a).collect()
    }
    fn plus(&self, other: &[S]) -> Vec<S> {
        zip(self, other, |x, y| x.clone() + y)
    }
    fn minus(&self, other: &[S]) -> Vec<S> {
        zip(self, other, |x, y| x.clone() - y)
    }
    fn negated(&self) -> Vec<S> {
        self.iter().map(|x| -x.clone()).collect()
    }
    fn combine(&self, a: &S, other: &[S], b: &S) -> Vec<S> {
        zip(self, other, |x, y| x.clone() * a + &(y.clone() * b))
    }
    fn wedge2(&self, other: &[S]) -> S {
        let mut sum = self[0].lit(0.0);
        for i in 0..self.len() {
            for j in i + 1..self.len() {
                let cross = self[i].clone() * &other[j] - &(self[j].clone() * &other[i]);
                sum = sum + &cross.square();
            }
        }
        sum
    }
    fn max_abs(&self) -> S {
        let largest = self.iter().reduce(|m, x| if x.cmp_abs(m) == Ordering::Greater { x } else { m });
        largest.expect("a vector has at least one element").clone().abs()
    }
    fn clip_norm(&self, limit: &S) -> Vec<S> {
        let norm = self.norm2().sqrt();
        let factor = limit.clone() / &norm;
        self.iter().map(|x| limit.select_lt(&norm, x.clone() * &factor, x.clone())).collect()
    }

    fn dot_wide(&self, other: &[S]) -> S::Wide {
        sum(self, other, |x, y| x.mul_wide(y))
    }
    fn dist2_wide(&self, other: &[S]) -> S::Wide {
        sum(self, other, |x, y| x.sub_wide(y).square())
    }
    fn sum_norm2_wide(&self, other: &[S], a: &S::Wide) -> S::Wide {
        sum(self, other, |x, y| (x.widen() + &(y.widen() * a)).square())
    }
    fn norm2_difference_wide(&self, other: &[S]) -> S::Wide {
        sum(self, other, |x, y| x.sub_wide(y) * &(x.widen() + &y.widen()))
    }
    /// With k the largest element of x, x ∧ y = x ∧ w / xₖ where w = xₖ y − yₖ x has wₖ = 0, so that the angle between x
    /// and w is at least 1/√n and ‖x‖²‖w‖² − ⟨x, w⟩² keeps all but log₂ n of its bits; the elements of w are differences
    /// of two exact products. O(n); the cross product of math.SE 4899272 takes O(n²).
    fn wedge2_wide(&self, other: &[S]) -> S::Wide {
        let zero = self[0].lit(0.0);
        let (k, pivot) = pivot(self);
        if pivot.cmp_abs(&zero) == Ordering::Equal {
            return zero.widen();
        }
        let wide_zero = zero.widen();
        let (norm_w, x_w, norm_x) = self.iter().zip(other).fold(
            (wide_zero.clone(), wide_zero.clone(), wide_zero),
            |(norm_w, x_w, norm_x), (x, y)| {
                let w = pivot.mul_wide(y) - &other[k].mul_wide(x);
                (norm_w + &w.clone().square(), x_w + &(w * &x.widen()), norm_x + &x.mul_wide(x))
            },
        );
        (norm_x * &norm_w - &x_w.square()) / &pivot.mul_wide(pivot)
    }
    fn pivot_wide(&self, other: &[S]) -> (S::Wide, S::Wide) {
        let (k, pivot) = pivot(self);
        (pivot.widen(), other[k].widen())
    }
    fn wedge_dot_wide(&self, other: &[S], along: &[S]) -> S::Wide {
        let (k, pivot) = pivot(self);
        let terms = self.iter().zip(other).zip(along);
        let term = |((x, y), a): ((&S, &S), &S)| (pivot.mul_wide(y) - &other[k].mul_wide(x)) * &a.widen();
        terms.map(term).reduce(|sum, term| sum + &term).expect("a vector has at least one element")
    }
    fn gap_wide(&self, c: &S) -> S::Wide {
        S::gap(c, self)
    }
    fn dot_difference_wide(&self, other: &[S], along: &[S]) -> S::Wide {
        let zero = self[0].lit(0.0).widen();
        let terms = self.iter().zip(other).zip(along);
        terms.fold(zero, |sum, ((x, y), a)| sum + &(y.sub_wide(x) * &a.widen()))
    }
    fn combine_wide(&self, a: &S::Wide, other: &[S], b: &S::Wide) -> Vec<S> {
        zip(self, other, |x, y| S::narrow(x.widen() * a + &(y.widen() * b), x))
    }
    fn step_wide(&self, a: &S::Wide, other: &[S], b: &S::Wide) -> Vec<S> {
        zip(self, other, |x, y| S::narrow(x.widen() * a + &(y.sub_wide(x) * b), x))
    }
    fn step3_wide(&self, a: &S::Wide, other: &[S], b: &S::Wide, v: &[S], e: &S::Wide) -> Vec<S> {
        let terms = self.iter().zip(other).zip(v);
        let element =
            |((x, y), v): ((&S, &S), &S)| S::narrow(x.widen() * a + &(y.sub_wide(x) * b) + &(v.widen() * e), x);
        terms.map(element).collect()
    }
    fn wedge_step_wide(&self, a: &S::Wide, other: &[S], b: &S::Wide, e: &S::Wide) -> Vec<S> {
        let (k, pivot) = pivot(self);
        zip(self, other, |x, y| {
            let across = pivot.mul_wide(y) - &other[k].mul_wide(x);
            S::narrow(x.widen() * a + &(across * b) + &(y.widen() * e), x)
        })
    }
    fn sum_step_wide(&self, a: &S::Wide, other: &[S], b: &S::Wide, e: &S::Wide, v: &[S]) -> Vec<S> {
        let terms = self.iter().zip(other).zip(v);
        let element = |((x, y), v): ((&S, &S), &S)| {
            let sum = x.sub_wide(&-y.clone()) * e;
            S::narrow(x.widen() * a + &(y.widen() * b) + &sum + &v.widen(), x)
        };
        terms.map(element).collect()
    }
    fn sum_wide(vectors: &[&[S]], a: &[S::Wide]) -> Vec<S> {
        let element = |i: usize| {
            let mut terms = vectors.iter().zip(a).map(|(x, a)| x[i].widen() * a);
            let first = terms.next().expect("a sum has at least one term");
            S::narrow(terms.fold(first, |sum, term| sum + &term), &vectors[0][i])
        };
        (0..vectors[0].len()).map(element).collect()
    }
    fn pull_inside(&self, c: &S) -> Vec<S> {
        let mut point = self.to_vec();
        let rim = c.clone().sqrt().recip();
        let mut shrink = c.unit_roundoff();
        while S::outside(c, &point) {
            let norm = point.norm2().sqrt();
            let limit = shrink.clone().one_minus() * &rim;
            point = point.scale(&(limit / &norm));
            shrink = shrink.times(2.0);
        }
        point
    }
    fn scale_wide(&self, a: &S::Wide) -> Vec<S> {
        self.iter().map(|x| S::narrow(x.widen() * a, x)).collect()
    }

    fn scale_exponent(&self) -> i32 {
        self.max_abs().scale_exponent()
    }
    fn difference_exponent(&self, other: &[S]) -> i32 {
        let larger = |m: S, d: S| if d.cmp_abs(&m) == Ordering::Greater { d } else { m };
        let differences = self.iter().zip(other).map(|(x, y)| x.clone() - y);
        differences.reduce(larger).expect("a vector has at least one element").scale_exponent()
    }
    fn precedes(&self, other: &[S]) -> bool {
        let mut orders = self.iter().zip(other).map(|(x, y)| x.compare(y));
        orders.find(|order| *order != Some(Ordering::Equal)) == Some(Some(Ordering::Less))
    }
    fn ldexp(&self, exponent: i32) -> Vec<S> {
        self.iter().map(|x| x.clone().ldexp(exponent)).collect()
    }

    fn split_time(&self) -> (S, Vec<S>) {
        let (time, space) = self.split_first().expect("an ambient Lorentz point has a time coordinate");
        (time.clone(), space.to_vec())
    }
    fn with_time(&self, time: S) -> Vec<S> {
        std::iter::once(time).chain(self.iter().cloned()).collect()
    }
}

/// The largest element and its index.
fn pivot<S: Scalar>(x: &[S]) -> (usize, &S) {
    let largest = |m: (usize, _), x: (usize, _)| if S::cmp_abs(x.1, m.1) == Ordering::Greater { x } else { m };
    x.iter().enumerate().reduce(largest).expect("a vector has at least one element")
}

fn sum<S: Scalar, R: Real>(xs: &[S], ys: &[S], term: impl Fn(&S, &S) -> R) -> R {
    let mut terms = xs.iter().zip(ys).map(|(x, y)| term(x, y));
    let first = terms.next().expect("a vector has at least one element");
    terms.fold(first, |sum, term| sum + &term)
}

fn zip<S: Scalar>(xs: &[S], ys: &[S], element: impl Fn(&S, &S) -> S) -> Vec<S> {
    xs.iter().zip(ys).map(|(x, y)| element(x, y)).collect()
}
