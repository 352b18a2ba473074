//! Pairs that are hard for a variant, searched for: drawn by a stated law, then drawn again near the worst of them.
//!
//! What is found is found, not proved. Errors here are those of [`crate::measure`], with every exact answer worked out by
//! MPFR at more bits than the pair can lose rather than certified, so that thousands of pairs take a second.

use super::{FIRST_STEP, Law, Pair, Plane, SHRINK};
use crate::arithmetic::{Number, Scalar};
use crate::formula::{Clamps, Model, Variant};
use crate::measure::{Errors, Precise, Quantity};
use crate::oracle::Inputs;
use rayon::prelude::*;

/// Places near which pairs are drawn again.
const WORST_PLACES: usize = 4;
/// Rounds in which they are.
const ROUNDS: usize = 4;

/// What is evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a, S> {
    pub quantity: Quantity,
    pub model: Model,
    pub variant: &'static Variant,
    pub clamps: Clamps,
    /// Curvature −c.
    pub c: f64,
    pub like: &'a S,
}

/// A pair and its errors; none where it has no answer.
pub type Tried = (Pair, Option<Errors>);

/// Every pair tried at a radius, in the order in which they were drawn. `hard` are pairs of another radius near which pairs
/// are drawn too, if they are among the worst.
///
/// Without a pair where no two points within the radius are so far apart.
pub fn search<S: Number>(subject: &Subject<S>, law: &Law, radius: f64, hard: &[Pair]) -> Vec<Tried> {
    if law.separation > 2.0 * radius || law.dims.is_empty() {
        return Vec::new();
    }
    let attempt = |pair: Pair| {
        let errors = errors(subject, &pair);
        (pair, errors)
    };
    let explored = explored(law.pairs);
    let mut tried: Vec<Tried> =
        (0..explored as u64).into_par_iter().map(|index| attempt(law.draw(radius, index))).collect();
    let round = (law.pairs - explored) / (ROUNDS * WORST_PLACES);
    let mut step = FIRST_STEP;
    for turn in 0..ROUNDS {
        let worst = if turn == 0 && !hard.is_empty() { hard.to_vec() } else { worst_places(&tried) };
        let again = (0..WORST_PLACES * round).into_par_iter().map(|i| {
            let index = explored as u64 + (turn * WORST_PLACES * round + i) as u64;
            attempt(law.near(&worst[i % worst.len()], radius, step, index))
        });
        let again: Vec<Tried> = again.collect();
        tried.extend(again);
        step *= SHRINK;
    }
    tried
}

/// How many of the pairs of a search are drawn by the law alone, each independent of all others.
pub fn explored(pairs: usize) -> usize {
    pairs.div_ceil(2)
}

/// The pairs with the largest errors of the formula, no answer above all.
pub fn worst_places(tried: &[Tried]) -> Vec<Pair> {
    let size = |tried: &Tried| tried.1.map_or(f64::INFINITY, |errors| errors.formula.max(errors.guard));
    let mut order: Vec<usize> = (0..tried.len()).collect();
    order.sort_by(|a, b| size(&tried[*b]).total_cmp(&size(&tried[*a])).then(a.cmp(b)));
    order.into_iter().take(WORST_PLACES).map(|i| tried[i].0.clone()).collect()
}

/// The errors of a variant on one pair, if it has an answer.
pub fn errors<S: Number>(subject: &Subject<S>, pair: &Pair) -> Option<Errors> {
    let Subject { quantity, model, like, .. } = *subject;
    let precise = Precise { bits: bits(pair, model, like) };
    let c = precise.number(&like.lit(subject.c).to_float());
    let exact = inputs(pair, quantity, model, &c);
    precise.errors(&exact, quantity, like, subject.variant, subject.clamps)
}

/// The exact inputs that a pair gives an operation, in the arithmetic of c.
pub fn inputs<W: Scalar>(pair: &Pair, quantity: Quantity, model: Model, c: &W) -> Inputs<W> {
    Plane::new(pair, model, c).inputs(quantity.op, quantity.to)
}

/// Bits that hold every coordinate of a pair to far below an ulp of the arithmetic, whatever cancels.
fn bits<S: Number>(pair: &Pair, model: Model, like: &S) -> u32 {
    /// Below the ulps that errors are compared in.
    const GUARD_BITS: u32 = 64;
    // The gap to a ball's rim is e^−2r at most, squared in a dual's derivative; on the hyperboloid the angle is e^−r.
    let folds = if model.is_ball() { 3.0 } else { 1.5 };
    let lost = (folds * pair.outer - pxfm::f_log(pair.apart.min(1.0))) / std::f64::consts::LN_2;
    2 * like.bits() + GUARD_BITS + lost as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::{BEST, Input, Op, variant};
    use crate::guard::NONE;
    use crate::measure::{Case, measure};
    use crate::oracle::{Direction, Sample};

    fn law(pairs: usize) -> Law {
        Law { dims: vec![2, 3, 16], separation: 1.0, pairs, seed: 3 }
    }

    fn subject(op: Op, gradient: Option<Input>, model: Model, id: &str) -> Subject<'static, f32> {
        let quantity = Quantity { op, gradient, to: model };
        let variant = variant(op, model, id).unwrap();
        Subject { quantity, model, variant, clamps: Clamps::NONE, c: 1.0, like: &0f32 }
    }

    #[test]
    fn a_search_finds_no_less_than_the_samples_of_a_study_and_is_the_same_every_time() {
        for (model, id) in [(Model::Poincare, "B1"), (Model::Klein, "K1"), (Model::Lorentz, "L1")] {
            let subject = subject(Op::Distance, None, model, id);
            let found = search(&subject, &law(512), 4.0, &[]);
            assert_eq!(found, search(&subject, &law(512), 4.0, &[]));
            let worst = |part: fn(&Errors) -> f64| {
                found
                    .iter()
                    .map(|(pair, errors)| part(errors.as_ref().unwrap_or_else(|| panic!("{pair:?}"))))
                    .fold(0.0, f64::max)
            };
            for direction in [Direction::Level, Direction::Random, Direction::Antipodal] {
                for seed in 0..4 {
                    let sample = Sample { c: 1.0, dim: 2, radius: 4.0, separation: 1.0, direction, seed };
                    let cases = [Case { variant: subject.variant, guard: NONE }];
                    let cell = measure(&sample, subject.quantity, model, &0f32, &cases).unwrap().cells.remove(0);
                    let parts = cell.parts.unwrap();
                    assert!(
                        parts.rounding.abs() <= worst(|e| e.formula),
                        "{model}: {parts:?} {}",
                        worst(|e| e.formula)
                    );
                    assert!(parts.representation.abs() <= worst(|e| e.storing), "{model}: {parts:?}");
                }
            }
        }
    }

    #[test]
    fn every_operation_and_gradient_can_be_searched() {
        for model in Model::ALL.iter().copied() {
            for op in
                [Op::Distance, Op::Exp, Op::Log, Op::Add, Op::Mlr, Op::Transport, Op::Geodesic, Op::Midpoint, Op::Exp0]
            {
                let found = search(&subject(op, None, model, BEST), &law(32), 2.0, &[]);
                for (pair, errors) in &found {
                    let errors = errors.unwrap_or_else(|| panic!("{model} {op} {pair:?}"));
                    // A rounding of a point of radius 4 in Klein's ball is u sinh 4 cosh 4 of distance.
                    assert!(errors.formula < 1e-4 && errors.total < 1e-3, "{model} {op} {pair:?} {errors:?}");
                }
            }
            if model != Model::LorentzAmbient {
                let found = search(&subject(Op::Distance, Some(Input::X), model, BEST), &law(16), 2.0, &[]);
                assert!(found.iter().all(|(_, errors)| errors.is_some_and(|e| e.formula < 1e-5)), "{model}");
            }
        }
    }
}
