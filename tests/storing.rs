//! What storing its inputs costs an operation: the bounds under a directed search are never exceeded, and more than half of each is
//! found.

mod common;

use common::long;
use hypprec::arithmetic::{Bf16, Mp, Number};
use hypprec::formula::{BEST, Clamps, Input, Model, Op, variant};
use hypprec::measure::{Precise, Quantity};
use hypprec::oracle::{Inputs, Seeded};
use hypprec::verdict::bound::{Storage, Within, storing};
use hypprec::verdict::search::{Pair, inputs};
use rayon::prelude::*;
use rug::Float;
use std::cell::Cell;

/// Bits of every exact answer: a point of radius 6 in Klein's ball leaves a gap of 2^−16, and an ulp of `f32` is 2^−24.
const PRECISE: Precise = Precise { bits: 200 };
/// Half a unit in the last place, less this share of it: the exact coordinate is still stored as it is.
const NEARLY: f64 = 1.0 - 1.0 / 1024.0;

const OPS: [(Op, Option<Input>); 6] = [
    (Op::Exp, None),
    (Op::Log, None),
    (Op::Add, None),
    (Op::Transport, None),
    (Op::Mlr, None),
    (Op::Distance, Some(Input::X)),
];
const MODELS: [Model; 3] = [Model::Poincare, Model::Lorentz, Model::Klein];

/// One operation in one model and arithmetic, for pairs within a radius and no closer than a separation.
#[derive(Clone, Copy)]
struct Place<'a, S> {
    quantity: Quantity,
    model: Model,
    like: &'a S,
    need: (f64, f64),
}

impl<S: Number> Place<'_, S> {
    /// What storing costs inputs that are stored as the pair's are, each coordinate half a unit to the side that its sign says.
    fn error(&self, stored: &Inputs<S>, sides: &[bool]) -> Option<f64> {
        let turn = Cell::new(0);
        let exact = stored.map(|x| {
            let at = x.to_float();
            let half = Float::with_val(PRECISE.bits, self.like.ulp(&at)) * (0.5 * NEARLY);
            let side = sides[turn.replace(turn.get() + 1) % sides.len()];
            let moved = Float::with_val(PRECISE.bits, &at) + if side { half } else { -half };
            // Below a power of two the units are half as long: there it is stored as another number.
            if self.like.nearest(&moved).to_float() == at { Mp(moved) } else { PRECISE.number(&at) }
        });
        let exact = Inputs { c: PRECISE.number(&stored.c.to_float()), ..exact };
        let best = variant(self.quantity.op, self.model, BEST).unwrap();
        Some(PRECISE.errors(&exact, self.quantity, self.like, best, Clamps::NONE)?.storing)
    }

    fn stored(&self, pair: &Pair) -> Inputs<S> {
        let one = Mp::new(PRECISE.bits, 1);
        inputs(pair, self.quantity, self.model, &one).map(|x| self.like.nearest(&x.0))
    }

    /// The worst found from one start: signs turned one by one, then the pair moved.
    fn climb(&self, dim: usize, start: u64, steps: usize) -> f64 {
        let mut seeded = Seeded::new(start, &[dim as u64]);
        let (radius, separation) = (self.need.0 * (1.0 - 1e-5), self.need.1 * (1.0 + 1e-5));
        let most = 2.0 * radius;
        // Level and close, level and opposite, on a line, at right angles at the origin, or anything.
        let square = radius.cosh().powi(2).acosh().clamp(separation, most);
        let (level, apart) = match start % 5 {
            0 => (1.0, separation),
            1 => (1.0, most),
            2 => (0.0, separation),
            3 => (1.0, square),
            _ => (0.5 * (1.0 + seeded.uniform()), separation * (most / separation).powf(seeded.uniform().abs())),
        };
        let mut best = Pair::new(dim, radius, level, apart.min(most), seeded.seed());
        best.inner_first = (start / 5).is_multiple_of(2);
        let mut sides: Vec<bool> = (0..3 * dim + 1).map(|_| seeded.uniform() > 0.0).collect();
        let mut score = self.error(&self.stored(&best), &sides).unwrap_or(0.0);
        for step in 0..steps {
            let (mut next, mut turned) = (best.clone(), sides.clone());
            if step % 3 < 2 {
                let which = (seeded.seed() % turned.len() as u64) as usize;
                turned[which] = !turned[which];
            } else {
                let size = 0.5 * 0.01f64.powf(step as f64 / steps as f64);
                next.directions.iter_mut().flatten().for_each(|x| *x += size * seeded.uniform());
            }
            let here = self.error(&self.stored(&next), &turned).unwrap_or(0.0);
            if here >= score {
                (best, sides, score) = (next, turned, here);
            }
        }
        score
    }
}

/// Needs from close and shallow to far and deep, as far as a thousandth is left of an answer in `f32`.
const NEEDS: [(f64, f64); 5] = [(0.5, 0.1), (1.0, 1.9), (2.0, 0.5), (3.0, 1.0), (4.0, 0.01)];
/// A bound is compared where it says something: past this its margins count.
const MEANINGFUL: f64 = 1e-3;
/// The share of a bound that a search finds where time is given, and where it is short.
const FOUND: f64 = 0.5;
const FOUND_SOON: f64 = 0.25;

fn searched<S: Number>(like: &S, name: &str, starts: u64, steps: usize) -> Vec<String> {
    let storage = Storage::named(name).unwrap();
    let mut places = Vec::new();
    for (op, gradient) in OPS {
        for model in MODELS {
            for need in NEEDS {
                places.push(Place { quantity: Quantity { op, gradient, to: model }, model, like, need });
            }
        }
    }
    let share = if long() { FOUND } else { FOUND_SOON };
    let missed = places.into_par_iter().flat_map(|place| {
        let Place { quantity, model, need, .. } = place;
        let bound = |dim| {
            let within = Within { radius: need.0, separation: need.1, dim };
            storing(quantity.op, quantity.gradient, model, &storage, within).unwrap()
        };
        let found: Vec<(usize, f64)> = (0..starts)
            .into_par_iter()
            .flat_map(|start| [2, 3].map(|dim| (dim, place.climb(dim, start, steps))))
            .collect();
        for (dim, worst) in &found {
            assert!(*worst <= bound(*dim), "{quantity} {model} {name} {dim} {need:?}: {worst:e} > {:e}", bound(*dim));
        }
        let (worst, whole) = (found.iter().map(|x| x.1).fold(0.0, f64::max), bound(3));
        let line = format!("{quantity} {model} {name} {need:?}: {:.3} of {whole:e}", worst / whole);
        println!("{line}");
        (whole <= MEANINGFUL && worst < share * whole).then_some(line)
    });
    missed.collect()
}

#[test]
fn no_operation_loses_more_by_storing_than_is_proved_and_half_of_it_is_found() {
    let [starts, steps] = if long() { [100, 300] } else { [5, 24] };
    let missed = searched(&0f32, "f32", starts, steps as usize);
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    searched(&Bf16::from_f64(0.0), "bf16", starts, steps as usize / 2);
}
