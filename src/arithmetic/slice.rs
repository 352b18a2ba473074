//! A slice of scalars is a vector: every reduction is one fused loop, every combination one allocation.

use super::{Real, Scalar, Vector};
use std::cmp::Ordering;

/// Halvings of the step that pulls a point inside the rim: to 2⁻⁵ of a unit roundoff, the granularity at which a rounded ray
/// no longer changes in more than one of a few coordinates.
const PULL_STEPS: usize = 5;

impl<S: Scalar> Vector for [S] {
    type Elem = S;
    type Owned = Vec<S>;
    type Unbounded = [S::Unbounded];

    fn unbounded(&self) -> Vec<S::Unbounded> {
        self.iter().map(Real::unbounded).collect()
    }
    fn bounded(unbounded: &[S::Unbounded], like: &S) -> Vec<S> {
        unbounded.iter().map(|x| S::bounded(x.clone(), like)).collect()
    }
    fn is_safe(&self) -> bool {
        self.iter().all(Real::is_safe)
    }
    fn is_finite(&self) -> bool {
        self.iter().all(Real::is_finite)
    }

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
        let norm2 = self.norm2();
        if is_infinite(&norm2) {
            // As libraries that accumulate in a wider type have it: what overflows is the square, not the norm.
            let largest = self.max_abs();
            let direction = self.unscale(&largest);
            let norm = direction.norm2().sqrt();
            let within = limit.clone() / &largest;
            return match norm.compare(&within) {
                Some(Ordering::Greater) => direction.scale(&(limit.clone() / &norm)),
                _ => self.to_vec(),
            };
        }
        let norm = norm2.sqrt();
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
    fn step_norm2_wide(&self, a: &S::Wide, other: &[S], b: &S::Wide) -> S::Wide {
        sum(self, other, |x, y| (x.widen() * a + &(y.sub_wide(x) * b)).square())
    }
    fn norm2_difference_wide(&self, other: &[S]) -> S::Wide {
        sum(self, other, |x, y| x.sub_wide(y) * &(x.widen() + &y.widen()))
    }
    /// With k the largest element of x, x ∧ y = x ∧ w / xₖ where w = xₖ y − yₖ x has wₖ = 0, so that the angle between x
    /// and w is at least 1/√n and ‖x‖²‖w‖² − ⟨x, w⟩² keeps all but log₂ n of its bits; the elements of w are differences
    /// of two exact products. O(n); the cross product of math.SE 4899272 takes O(n²).
    fn wedge2_wide(&self, other: &[S]) -> S::Wide {
        let zero = self[0].lit(0.0);
        let (_, pivot) = pivot(self);
        if pivot.cmp_abs(&zero) == Ordering::Equal {
            return zero.widen();
        }
        let [norm_x, x_w, norm_w] = self.wedge_sums_wide(other);
        (norm_x * &norm_w - &x_w.square()) / &pivot.mul_wide(pivot)
    }
    fn wedge_sums_wide(&self, other: &[S]) -> [S::Wide; 3] {
        let zero = self[0].lit(0.0).widen();
        let (k, pivot) = pivot(self);
        self.iter().zip(other).fold([zero.clone(), zero.clone(), zero], |[norm_x, x_w, norm_w], (x, y)| {
            let w = pivot.mul_wide(y) - &other[k].mul_wide(x);
            [norm_x + &x.mul_wide(x), x_w + &(w.clone() * &x.widen()), norm_w + &w.square()]
        })
    }
    fn wedge_product_wide(&self, other: &[S], v: &[S]) -> S::Wide {
        let (k, pivot) = pivot(self);
        let terms = self.iter().zip(other).zip(v);
        let term = |((x, y), a): ((&S, &S), &S)| {
            (pivot.mul_wide(y) - &other[k].mul_wide(x)) * &(pivot.mul_wide(a) - &v[k].mul_wide(x))
        };
        terms.map(term).reduce(|sum, term| sum + &term).expect("a vector has at least one element")
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
    fn wedges_step_wide(&self, other: &[S], v: &[S], [a, b, e, f, g]: &[S::Wide; 5]) -> Vec<S> {
        let (k, pivot) = pivot(self);
        let terms = self.iter().zip(other).zip(v);
        let element = |((x, y), v_i): ((&S, &S), &S)| {
            let w = pivot.mul_wide(y) - &other[k].mul_wide(x);
            let w_v = pivot.mul_wide(v_i) - &v[k].mul_wide(x);
            let sum = x.widen() * a + &(w * b) + &(y.widen() * e);
            S::narrow(sum + &(w_v * f) + &(v_i.widen() * g), x)
        };
        terms.map(element).collect()
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
        if !S::outside(c, self) {
            return self.to_vec();
        }
        // Powers of two first, so that no square leaves the range: x = x'·2^k, c = c'·4^h.
        let (k, h) = (self.scale_exponent(), c.scale_exponent().div_euclid(2));
        let direction = self.ldexp(-k);
        let to_rim = (c.clone().ldexp(-2 * h).widen().sqrt() * &direction.norm2_wide().sqrt()).recip();
        let shrunk = |by: &S::Wide| {
            let factor = to_rim.clone() * &by.clone().one_minus();
            let element = |x: &S| S::narrow(x.widen() * &factor, x).ldexp(-h);
            direction.iter().map(element).collect::<Vec<S>>()
        };
        let inside = |point: &Vec<S>| !S::outside(c, point);
        // A larger factor gives no smaller a coordinate: which factors end inside is a matter of their size alone.
        let mut least = to_rim.lit(0.0);
        let mut point = shrunk(&least);
        if inside(&point) {
            return point;
        }
        let mut enough = c.unit_roundoff().widen();
        point = shrunk(&enough);
        while !inside(&point) {
            least = enough.clone();
            enough = enough.times(2.0);
            point = shrunk(&enough);
        }
        for _ in 0..PULL_STEPS {
            let between = (least.clone() + &enough).times(0.5);
            let nearer = shrunk(&between);
            if inside(&nearer) {
                (enough, point) = (between, nearer);
            } else {
                least = between;
            }
        }
        point
    }
    fn scale_wide(&self, a: &S::Wide) -> Vec<S> {
        self.iter().map(|x| S::narrow(x.widen() * a, x)).collect()
    }

    fn scale_exponent(&self) -> i32 {
        self.max_abs().scale_exponent()
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

/// Whether a number is larger than any finite one.
fn is_infinite<S: Scalar>(x: &S) -> bool {
    let half = x.clone().times(0.5);
    x.lit(0.0).compare(x) == Some(Ordering::Less) && half.compare(x) == Some(Ordering::Equal)
}

fn sum<S: Scalar, R: Real>(xs: &[S], ys: &[S], term: impl Fn(&S, &S) -> R) -> R {
    let mut terms = xs.iter().zip(ys).map(|(x, y)| term(x, y));
    let first = terms.next().expect("a vector has at least one element");
    terms.fold(first, |sum, term| sum + &term)
}

fn zip<S: Scalar>(xs: &[S], ys: &[S], element: impl Fn(&S, &S) -> S) -> Vec<S> {
    xs.iter().zip(ys).map(|(x, y)| element(x, y)).collect()
}
