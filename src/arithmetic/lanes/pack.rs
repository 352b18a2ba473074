//! One vector per row, read where it lies.
//!
//! Rows are slices of row-major arrays, and sums run along each of them: eight partial sums of every eighth coordinate, added
//! as a tree, and then what is past the last eight in its order. That is the order on every instruction set.

use super::{Lane, Lanes, Level};
use crate::arithmetic::{Real, Vector, Wide};
use pulp::{Simd, WithSimd};
use std::borrow::Cow;
use std::cell::Cell;

/// Partial sums of a row: two registers of AVX2, one of AVX-512, four of SSE2.
const PARTS: usize = 8;

/// The rows of a pack that lanes could not do as the scalar core would, a bit each: what is to be asked of it instead.
#[derive(Debug, Default)]
pub struct Doubt(Cell<u64>);

impl Doubt {
    /// The most rows of a pack.
    pub const ROWS: usize = u64::BITS as usize;

    /// The doubtful rows so far, which are then no longer.
    pub fn take(&self) -> u64 {
        self.0.take()
    }
    fn of(&self, row: usize) {
        self.0.set(self.0.get() | 1 << row);
    }
}

/// N vectors of one length. In the last pack of an array, the rows past its end are the last one again.
#[derive(Clone, Debug)]
pub struct Pack<'a, S: Lane, const N: usize> {
    level: Level,
    doubt: &'a Doubt,
    dim: usize,
    data: Cow<'a, [S]>,
    /// Where the rows lie whose bit is set in `swapped`.
    other: &'a [S],
    swapped: u64,
}

impl<'a, S: Lane, const N: usize> Pack<'a, S, N> {
    /// The rows of `data`, `[rows, dim]` with 1 to N rows.
    ///
    /// # Panics
    /// If there are none, or more than [`Doubt::ROWS`].
    pub fn new(level: Level, doubt: &'a Doubt, data: &'a [S], dim: usize) -> Self {
        assert!(dim > 0 && data.len() >= dim && N <= Doubt::ROWS, "a pack has rows, of at least one coordinate");
        Pack { level, doubt, dim, data: Cow::Borrowed(data), other: data, swapped: 0 }
    }

    /// Two packs as [`Vector::precedes`] has each pair of rows in order, so that what is computed of a pair is symmetric to the
    /// bit.
    pub fn in_order(level: Level, doubt: &'a Doubt, x: &'a [S], y: &'a [S], dim: usize) -> (Self, Self) {
        let (mut first, mut second) = (Self::new(level, doubt, x, dim), Self::new(level, doubt, y, dim));
        let (mut swapped, mut equal) = (0, 0);
        for (row, (x, y)) in x.chunks(dim).zip(y.chunks(dim)).enumerate() {
            swapped |= u64::from(y[0].size() < x[0].size()) << row;
            equal |= u64::from(y[0].size() == x[0].size()) << row;
        }
        // What begins alike is compared to its end.
        for (row, (x, y)) in x.chunks(dim).zip(y.chunks(dim)).enumerate() {
            if equal == 0 {
                break;
            }
            swapped |= u64::from(equal & 1 == 1 && y.precedes(x)) << row;
            equal >>= 1;
        }
        (first.other, first.swapped, second.other, second.swapped) = (y, swapped, x, swapped);
        (first, second)
    }

    /// The numbers, row by row.
    pub fn data(&self) -> &[S] {
        &self.data
    }

    #[inline(always)]
    fn row(&self, row: usize) -> &[S] {
        let data = if (self.swapped >> row) & 1 == 1 { self.other } else { &self.data };
        let at = row.min(data.len() / self.dim - 1) * self.dim;
        &data[at..at + self.dim]
    }

    fn lanes<T: Lane>(&self, rows: [T; N]) -> Lanes<T, N> {
        Lanes { level: self.level, rows }
    }
    fn zero(&self) -> S {
        self.data[0].lit(0.0)
    }

    /// K sums over the coordinates of each row and of `other`'s: `head` sees the rows, `term` what it said and one coordinate each.
    #[inline(always)]
    fn sums<T: Lane, H, const K: usize>(
        &self,
        other: &Self,
        zero: T,
        head: impl Fn(usize, &[S], &[S]) -> H,
        term: impl Fn(&H, S, S) -> [T; K],
    ) -> [Lanes<T, N>; K] {
        let mut out = [[zero; N]; K];
        self.level.0.dispatch(Sums { x: self, y: other, out: &mut out, zero, head, term });
        out.map(|rows| self.lanes(rows))
    }
    #[inline(always)]
    fn sum<T: Lane>(&self, other: &Self, zero: T, term: impl Fn(S, S) -> T) -> Lanes<T, N> {
        let [sum] = self.sums(other, zero, |_, _, _| (), |(), x, y| [term(x, y)]);
        sum
    }
    #[inline(always)]
    fn sum_wide(&self, other: &Self, term: impl Fn(S, S) -> S::WideLane) -> Lanes<S::WideLane, N> {
        self.sum(other, self.zero().widen(), term)
    }

    /// A new pack: `element` of the row, of its coordinate and of those of `others`.
    #[inline(always)]
    fn vectors<const M: usize>(&self, others: [&Self; M], element: impl Fn(usize, S, [S; M]) -> S) -> Self {
        let rows = others.iter().fold(self.rows(), |rows, other| rows.max(other.rows()));
        let mut data = vec![self.zero(); rows * self.dim];
        self.level.0.dispatch(Vectors { x: self, others, data: &mut data, element });
        Pack { data: Cow::Owned(data), swapped: 0, ..self.clone_empty() }
    }
    fn clone_empty(&self) -> Self {
        Pack { data: Cow::Borrowed(&[]), other: &[], ..*self }
    }
    /// As many as there are, at most N.
    fn rows(&self) -> usize {
        (self.data.len() / self.dim).min(N)
    }

    /// Doubts the rows whose `squares`, sums of terms that are not negative, leave the range in which lanes keep every digit.
    /// `is_zero` says of a row whether a sum of 0 is one of nothing but zeros.
    fn check(&self, squares: &Lanes<S::WideLane, N>, is_zero: impl Fn(usize) -> bool) {
        let within = |x: &S::WideLane| x.size() >= S::LEAST_SQUARE && x.size() <= S::MOST_SQUARE;
        if squares.rows.iter().fold(true, |all, x| all & within(x)) {
            return;
        }
        for (row, square) in squares.rows.iter().enumerate() {
            if !(within(square) || square.size() == 0.0 && is_zero(row)) {
                self.doubt.of(row);
            }
        }
    }
    fn check_norms(&self, squares: &Lanes<S::WideLane, N>) {
        self.check(squares, |row| self.row(row).iter().all(|x| x.size() == 0.0));
    }
    fn check_distances(&self, other: &Self, squares: &Lanes<S::WideLane, N>) {
        let same = |(x, y): (&S, &S)| x.size() == y.size();
        self.check(squares, |row| self.row(row).iter().zip(other.row(row)).all(same));
    }

    /// 1 − c‖x‖² from the squares: where those say too little, as the scalar core has it.
    fn gaps(&self, c: &Lanes<S, N>, norm2: Lanes<S::WideLane, N>) -> Lanes<S::WideLane, N> {
        let wide_c = c.rows[0].widen();
        let one = wide_c.lit(1.0);
        let mut gaps = norm2.each(one, |norm2| one - norm2 * wide_c);
        let least = self.dim as f64 * S::LEAST_GAP;
        if gaps.rows.iter().fold(true, |all, gap| all & (gap.size() >= least)) {
            return gaps;
        }
        for (row, gap) in gaps.rows.iter_mut().enumerate() {
            // What is not a number is below every bound, too.
            let known = gap.size() >= least;
            if !known {
                *gap = S::gap(&c.rows[0], self.row(row));
            }
        }
        gaps
    }
}

/// [`Pack::sums`].
struct Sums<'a, 'b, S: Lane, T, H, F, const K: usize, const N: usize> {
    x: &'a Pack<'b, S, N>,
    y: &'a Pack<'b, S, N>,
    out: &'a mut [[T; N]; K],
    zero: T,
    head: H,
    term: F,
}

impl<S: Lane, T: Lane, U, H, F, const K: usize, const N: usize> WithSimd for Sums<'_, '_, S, T, H, F, K, N>
where
    H: Fn(usize, &[S], &[S]) -> U,
    F: Fn(&U, S, S) -> [T; K],
{
    type Output = ();
    #[inline(always)]
    fn with_simd<P: Simd>(self, _: P) {
        // By way of memory, and rows before sums: so both loops become loops in lanes.
        let mut parts = [[[self.zero; PARTS]; N]; K];
        for row in 0..N {
            let (x, y) = (self.x.row(row), self.y.row(row));
            let head = (self.head)(row, x, y);
            add_up(x.as_chunks().0, y.as_chunks().0, row, &mut parts, |x, y| (self.term)(&head, x, y));
        }
        for (out, parts) in self.out.iter_mut().zip(&parts) {
            for (out, p) in out.iter_mut().zip(parts) {
                *out = ((p[0] + p[4]) + (p[2] + p[6])) + ((p[1] + p[5]) + (p[3] + p[7]));
            }
        }
        let whole = self.x.dim / PARTS * PARTS;
        if whole == self.x.dim {
            return;
        }
        for row in 0..N {
            let (x, y) = (self.x.row(row), self.y.row(row));
            let head = (self.head)(row, x, y);
            for (x, y) in x[whole..].iter().zip(&y[whole..]) {
                let terms = (self.term)(&head, *x, *y);
                for (out, term) in self.out.iter_mut().zip(terms) {
                    out[row] = out[row] + term;
                }
            }
        }
    }
}

/// The partial sums of one row.
#[inline(always)]
fn add_up<S: Lane, T: Lane, const K: usize, const N: usize>(
    x: &[[S; PARTS]],
    y: &[[S; PARTS]],
    row: usize,
    parts: &mut [[[T; PARTS]; N]; K],
    term: impl Fn(S, S) -> [T; K],
) {
    let mut sums = [[parts[0][row][0]; PARTS]; K];
    for (x, y) in x.iter().zip(y) {
        for i in 0..PARTS {
            let terms = term(x[i], y[i]);
            for k in 0..K {
                sums[k][i] = sums[k][i] + terms[k];
            }
        }
    }
    for k in 0..K {
        parts[k][row] = sums[k];
    }
}

/// [`Pack::vectors`].
struct Vectors<'a, 'b, S: Lane, F, const M: usize, const N: usize> {
    x: &'a Pack<'b, S, N>,
    others: [&'a Pack<'b, S, N>; M],
    data: &'a mut [S],
    element: F,
}

impl<S: Lane, F: Fn(usize, S, [S; M]) -> S, const M: usize, const N: usize> WithSimd for Vectors<'_, '_, S, F, M, N> {
    type Output = ();
    #[inline(always)]
    fn with_simd<P: Simd>(self, _: P) {
        for (row, out) in self.data.chunks_exact_mut(self.x.dim).enumerate() {
            let x = &self.x.row(row)[..out.len()];
            let others = self.others.map(|other| &other.row(row)[..x.len()]);
            for i in 0..out.len() {
                out[i] = (self.element)(row, x[i], others.map(|other| other[i]));
            }
        }
    }
}

impl<'a, S: Lane, const N: usize> Vector for Pack<'a, S, N> {
    type Elem = Lanes<S, N>;
    type Owned = Self;
    type Unbounded = Self;

    fn unbounded(&self) -> Self {
        self.clone()
    }
    fn bounded(unbounded: &Self, _like: &Lanes<S, N>) -> Self {
        unbounded.clone()
    }
    /// Not looked at: sums that leave the range say so.
    fn is_safe(&self) -> bool {
        true
    }
    /// Whether every row is.
    fn is_finite(&self) -> bool {
        (0..N).all(|row| self.row(row).is_finite())
    }

    fn lit(&self, value: f64) -> Lanes<S, N> {
        Lanes::all(self.level, self.data[0].lit(value))
    }
    fn to_vector(&self) -> Self {
        self.clone()
    }

    fn dot(&self, other: &Self) -> Lanes<S, N> {
        self.sum(other, self.zero(), |x, y| x * y)
    }
    fn dist2(&self, other: &Self) -> Lanes<S, N> {
        self.sum(other, self.zero(), |x, y| (x - y) * (x - y))
    }
    fn scale(&self, a: &Lanes<S, N>) -> Self {
        self.vectors([], |row, x, []| x * a.rows[row])
    }
    fn unscale(&self, a: &Lanes<S, N>) -> Self {
        self.vectors([], |row, x, []| x / a.rows[row])
    }
    fn plus(&self, other: &Self) -> Self {
        self.vectors([other], |_, x, [y]| x + y)
    }
    fn minus(&self, other: &Self) -> Self {
        self.vectors([other], |_, x, [y]| x - y)
    }
    fn negated(&self) -> Self {
        self.vectors([], |_, x, []| -x)
    }
    fn combine(&self, a: &Lanes<S, N>, other: &Self, b: &Lanes<S, N>) -> Self {
        self.vectors([other], |row, x, [y]| x * a.rows[row] + y * b.rows[row])
    }
    fn wedge2(&self, other: &Self) -> Lanes<S, N> {
        self.lanes(std::array::from_fn(|row| self.row(row).wedge2(other.row(row))))
    }
    fn max_abs(&self) -> Lanes<S, N> {
        self.lanes(std::array::from_fn(|row| self.row(row).max_abs()))
    }
    fn clip_norm(&self, limit: &Lanes<S, N>) -> Self {
        self.by_rows(|row, x| x.clip_norm(&limit.rows[row]))
    }

    fn dot_wide(&self, other: &Self) -> Wide<Self> {
        self.sum_wide(other, |x, y| x.mul_wide(&y))
    }
    fn norm2_wide(&self) -> Wide<Self> {
        let squares = self.sum_wide(self, |x, _| x.mul_wide(&x));
        self.check_norms(&squares);
        squares
    }
    fn dist2_wide(&self, other: &Self) -> Wide<Self> {
        let squares = self.sum_wide(other, |x, y| x.sub_wide(&y).square());
        self.check_distances(other, &squares);
        squares
    }
    fn gaps_and_dist2_wide(&self, other: &Self, c: &Lanes<S, N>) -> [Wide<Self>; 3] {
        let zero = self.zero().widen();
        let term = |(): &(), x: S, y: S| [x.mul_wide(&x), y.mul_wide(&y), x.sub_wide(&y).square()];
        let [x2, y2, dist2] = self.sums(other, zero, |_, _, _| (), term);
        self.check_distances(other, &dist2);
        [self.gaps(c, x2), other.gaps(c, y2), dist2]
    }
    fn step_norm2_wide(&self, a: &Wide<Self>, other: &Self, b: &Wide<Self>) -> Wide<Self> {
        let factors = |row: usize, _: &[S], _: &[S]| (a.rows[row], b.rows[row]);
        let term = |(a, b): &(S::WideLane, S::WideLane), x: S, y: S| [(x.widen() * *a + y.sub_wide(&x) * *b).square()];
        let [sum] = self.sums(other, self.zero().widen(), factors, term);
        sum
    }
    fn sum_norm2_wide(&self, other: &Self, a: &Wide<Self>) -> Wide<Self> {
        let factor = |row: usize, _: &[S], _: &[S]| a.rows[row];
        let term = |a: &S::WideLane, x: S, y: S| [(x.widen() + y.widen() * *a).square()];
        let [sum] = self.sums(other, self.zero().widen(), factor, term);
        sum
    }
    fn norm2_difference_wide(&self, other: &Self) -> Wide<Self> {
        self.sum_wide(other, |x, y| x.sub_wide(&y) * (x.widen() + y.widen()))
    }
    /// As the scalar core has it.
    fn wedge2_wide(&self, other: &Self) -> Wide<Self> {
        let [norm_x, x_w, norm_w] = self.wedge_sums_wide(other);
        let pivot = self.pivots().widen().square();
        let zero = pivot.lit(0.0);
        zero.select_lt(&pivot, (norm_x * norm_w - x_w.square()) / pivot, zero)
    }
    fn wedge_sums_wide(&self, other: &Self) -> [Wide<Self>; 3] {
        let term = |(p, q): &(S, S), x: S, y: S| {
            let w = p.mul_wide(&y) - q.mul_wide(&x);
            [x.mul_wide(&x), w * x.widen(), w.square()]
        };
        let sums = self.sums(other, self.zero().widen(), |_, x, y| pivots(x, y), term);
        self.check_norms(&sums[0]);
        sums
    }
    fn wedge_product_wide(&self, other: &Self, v: &Self) -> Wide<Self> {
        self.lanes(std::array::from_fn(|row| self.row(row).wedge_product_wide(other.row(row), v.row(row))))
    }
    fn pivot_wide(&self, other: &Self) -> (Wide<Self>, Wide<Self>) {
        let forms: [(S, S); N] = std::array::from_fn(|row| pivots(self.row(row), other.row(row)));
        (self.lanes(forms.map(|(p, _)| p.widen())), self.lanes(forms.map(|(_, q)| q.widen())))
    }
    fn wedge_dot_wide(&self, other: &Self, along: &Self) -> Wide<Self> {
        self.lanes(std::array::from_fn(|row| self.row(row).wedge_dot_wide(other.row(row), along.row(row))))
    }
    fn gap_wide(&self, c: &Lanes<S, N>) -> Wide<Self> {
        self.gaps(c, self.sum_wide(self, |x, _| x.mul_wide(&x)))
    }
    fn dot_difference_wide(&self, other: &Self, along: &Self) -> Wide<Self> {
        if std::ptr::eq(self, along) {
            return self.sum_wide(other, |x, y| y.sub_wide(&x) * x.widen());
        }
        if std::ptr::eq(other, along) {
            return self.sum_wide(other, |x, y| y.sub_wide(&x) * y.widen());
        }
        self.lanes(std::array::from_fn(|row| self.row(row).dot_difference_wide(other.row(row), along.row(row))))
    }
    fn combine_wide(&self, a: &Wide<Self>, other: &Self, b: &Wide<Self>) -> Self {
        self.vectors([other], |row, x, [y]| S::narrow(x.widen() * a.rows[row] + y.widen() * b.rows[row], &x))
    }
    fn step_wide(&self, a: &Wide<Self>, other: &Self, b: &Wide<Self>) -> Self {
        self.vectors([other], |row, x, [y]| S::narrow(x.widen() * a.rows[row] + y.sub_wide(&x) * b.rows[row], &x))
    }
    fn step3_wide(&self, a: &Wide<Self>, other: &Self, b: &Wide<Self>, v: &Self, e: &Wide<Self>) -> Self {
        self.vectors([other, v], |row, x, [y, v]| {
            S::narrow(x.widen() * a.rows[row] + y.sub_wide(&x) * b.rows[row] + v.widen() * e.rows[row], &x)
        })
    }
    fn wedge_step_wide(&self, a: &Wide<Self>, other: &Self, b: &Wide<Self>, e: &Wide<Self>) -> Self {
        let forms: [(S, S); N] = std::array::from_fn(|row| pivots(self.row(row), other.row(row)));
        self.vectors([other], |row, x, [y]| {
            let across = forms[row].0.mul_wide(&y) - forms[row].1.mul_wide(&x);
            S::narrow(x.widen() * a.rows[row] + across * b.rows[row] + y.widen() * e.rows[row], &x)
        })
    }
    fn wedges_step_wide(&self, other: &Self, v: &Self, factors: &[Wide<Self>; 5]) -> Self {
        self.by_rows(|row, x| {
            let factors = std::array::from_fn(|i| factors[i].rows[row]);
            x.wedges_step_wide(other.row(row), v.row(row), &factors)
        })
    }
    fn sum_step_wide(&self, a: &Wide<Self>, other: &Self, b: &Wide<Self>, e: &Wide<Self>, v: &Self) -> Self {
        self.vectors([other, v], |row, x, [y, v]| {
            let sum = x.sub_wide(&-y) * e.rows[row];
            S::narrow(x.widen() * a.rows[row] + y.widen() * b.rows[row] + sum + v.widen(), &x)
        })
    }
    fn sum_wide(vectors: &[&Self], a: &[Wide<Self>]) -> Self {
        vectors[0].by_rows(|row, _| {
            let rows: Vec<&[S]> = vectors.iter().map(|x| x.row(row)).collect();
            let factors: Vec<S::WideLane> = a.iter().map(|a| a.rows[row]).collect();
            <[S] as Vector>::sum_wide(&rows, &factors)
        })
    }
    /// The rows that a sum in lanes cannot tell to be inside are the scalar core's to pull.
    fn pull_inside(&self, c: &Lanes<S, N>) -> Self {
        let (wide_c, least) = (c.rows[0].widen(), self.dim as f64 * S::LEAST_GAP);
        let norm2 = self.sum_wide(self, |x, _| x.mul_wide(&x));
        let one = wide_c.lit(1.0);
        let gaps = norm2.each(one, |norm2| one - norm2 * wide_c);
        if gaps.rows.iter().fold(true, |all, gap| all & (gap.size() >= least)) {
            return self.clone();
        }
        let mut data = self.data.to_vec();
        for (row, out) in data.chunks_exact_mut(self.dim).enumerate() {
            let known = gaps.rows[row].size() >= least;
            if !known {
                out.copy_from_slice(&self.row(row).pull_inside(&c.rows[0]));
            }
        }
        Pack { data: Cow::Owned(data), swapped: 0, ..self.clone_empty() }
    }
    fn scale_wide(&self, a: &Wide<Self>) -> Self {
        self.vectors([], |row, x, []| S::narrow(x.widen() * a.rows[row], &x))
    }

    /// No scaling: 0.
    fn scale_exponent(&self) -> i32 {
        0
    }
    /// Rows are put in order before they are packed ([`Pack::in_order`]).
    fn precedes(&self, _other: &Self) -> bool {
        false
    }
    fn ldexp(&self, exponent: i32) -> Self {
        self.vectors([], |_, x, []| x.ldexp(exponent))
    }

    fn split_time(&self) -> (Lanes<S, N>, Self) {
        let times = self.lanes(std::array::from_fn(|row| self.row(row)[0]));
        let data = (0..self.rows()).flat_map(|row| self.row(row)[1..].iter().copied()).collect();
        (times, Pack { data: Cow::Owned(data), swapped: 0, dim: self.dim - 1, ..self.clone_empty() })
    }
    fn with_time(&self, time: Lanes<S, N>) -> Self {
        let row = |row: usize| std::iter::once(time.rows[row]).chain(self.row(row).iter().copied());
        let data = (0..self.rows()).flat_map(row).collect();
        Pack { data: Cow::Owned(data), swapped: 0, dim: self.dim + 1, ..self.clone_empty() }
    }
}

impl<S: Lane, const N: usize> Pack<'_, S, N> {
    /// A new pack, by the scalar core: `f` of the row and its vector.
    fn by_rows(&self, f: impl Fn(usize, &[S]) -> Vec<S>) -> Self {
        let data = (0..self.rows()).flat_map(|row| f(row, self.row(row))).collect();
        Pack { data: Cow::Owned(data), swapped: 0, ..self.clone_empty() }
    }
    /// The largest coordinate of each row.
    fn pivots(&self) -> Lanes<S, N> {
        self.lanes(std::array::from_fn(|row| pivots(self.row(row), self.row(row)).0))
    }
}

/// The coordinate of x that is largest in size, the first of equals, and that of y beside it.
#[inline(always)]
fn pivots<S: Lane>(x: &[S], y: &[S]) -> (S, S) {
    let mut pivot = (x[0], y[0]);
    for (x, y) in x.iter().zip(y) {
        if x.size().abs() > pivot.0.size().abs() {
            pivot = (*x, *y);
        }
    }
    pivot
}
