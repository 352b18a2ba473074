//! Hostile rows: inputs on which formulas break, for every operation in every model and arithmetic, each drawn from (seed,
//! index) alone.
//!
//! What public reports and searches have found breaks formulas in few ways, and a row mixes them: points on one line, powers
//! of two far apart, points next to the rim, both ends of an arithmetic's range, kinks (x = y, x = 0) and their nearest
//! neighbours, curvatures from 1e-300 to 1e300, 1 to 512 dimensions, t outside [0, 1].

use super::Inputs;
use super::inputs::beyond_the_rim;
use crate::arithmetic::{Arithmetic, Number};
use crate::formula::{BEST, Input, Kind, Model, Op, Role, variant};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rug::Float;
use std::sync::LazyLock;

/// What is asked of a row: an operation in a model, or its derivative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Request {
    pub op: Op,
    /// Differentiated by this input, or by c where it is `Some(None)`.
    pub by: Option<Option<Input>>,
    pub model: Model,
    /// The model that a conversion goes to.
    pub to: Model,
}

impl std::fmt::Display for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self.by {
            Some(Some(by)) => write!(f, "d({})/d{by}", self.op),
            Some(None) => write!(f, "d({})/dc", self.op),
            None if self.op == Op::Convert => write!(f, "convert to {}", self.to),
            None => self.op.fmt(f),
        }
    }
}

/// The arithmetics that are attacked: each with elementary functions of its own accuracy. The backends of std and libm, whose
/// functions are off by themselves, are the precision study's.
pub const ARITHMETICS: [Arithmetic; 6] =
    [Arithmetic::F16, Arithmetic::Bf16, Arithmetic::F32, Arithmetic::F64, Arithmetic::Dd, Arithmetic::Mpfr(113)];

/// Every operation in every model, and every derivative of those that give a number. A round trip is two conversions, which
/// are attacked each; what lies between them costs what storing it costs.
pub fn requests() -> &'static [Request] {
    static REQUESTS: LazyLock<Vec<Request>> = LazyLock::new(|| {
        let mut requests = Vec::new();
        let pairs = Op::ALL.iter().flat_map(|op| Model::ALL.iter().map(move |model| (*op, *model)));
        for (op, model) in pairs.filter(|(op, model)| *op != Op::RoundTrip && variant(*op, *model, BEST).is_ok()) {
            let targets =
                Model::ALL.iter().copied().filter(|to| if op.has_target() { *to != model } else { *to == model });
            requests.extend(targets.map(|to| Request { op, by: None, model, to }));
            if op.kind() == Kind::Scalar {
                let inputs = op.inputs().iter().map(|(input, _)| Some(*input)).chain([None]);
                requests.extend(inputs.map(|by| Request { op, by: Some(by), model, to: model }));
            }
        }
        requests
    });
    &REQUESTS
}

/// One row: what is asked, and the arithmetic and place of the stream that its inputs are drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Hostile {
    pub request: Request,
    pub arithmetic: Arithmetic,
    seed: u64,
    index: u64,
}

/// The row with this index: requests take turns, and then arithmetics.
pub fn hostile(seed: u64, index: u64) -> Hostile {
    let all = requests().len() as u64;
    let request = requests()[(index % all) as usize];
    let arithmetic = ARITHMETICS[(index / all % ARITHMETICS.len() as u64) as usize];
    Hostile { request, arithmetic, seed, index }
}

/// A row is drawn anew so often at most, where its numbers leave the arithmetic; then at c = 1 and in ordinary sizes.
const ATTEMPTS: u32 = 20;

impl Hostile {
    /// Its inputs, which lie in the model: finite numbers of the arithmetic of `like`, c > 0, points inside the rim.
    pub fn inputs<S: Number>(&self, like: &S) -> Inputs<S> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(self.index);
        let mut draw = Draw { rng, bits: like.bits(), range: range(self.arithmetic), tame: false };
        for attempt in 0.. {
            draw.tame = attempt >= ATTEMPTS;
            if let Some(inputs) = draw.inputs(&self.request, like) {
                return inputs;
            }
        }
        unreachable!("ordinary inputs are finite and inside the rim")
    }
}

/// The exponents, in the sense of a mantissa in [1, 2), of an arithmetic's smallest number, of its smallest with full precision and
/// of its largest.
#[derive(Clone, Copy)]
struct Range {
    least: i32,
    normal: i32,
    most: i32,
}

fn range(arithmetic: Arithmetic) -> Range {
    let (least, normal, most) = match arithmetic {
        Arithmetic::F16 => (-24, -14, 15),
        Arithmetic::Bf16 => (-133, -126, 127),
        Arithmetic::F32 | Arithmetic::F32Std | Arithmetic::F32Libm => (-149, -126, 127),
        Arithmetic::Dd => (-1074, -969, 1023),
        // MPFR has no ends that a row could reach: those of f64 stand for hostile sizes.
        _ => (-1074, -1022, 1023),
    };
    Range { least, normal, most }
}

/// Bits of intermediate numbers beyond twice those of the arithmetic.
const GUARD_BITS: u32 = 64;
/// The most extreme curvature, as a power of two: 1e300.
const MOST_CURVATURE: i32 = 996;
/// A line's direction has whole coordinates up to this, so that its multiples are exact.
const LINE_UNITS: u64 = 4;
/// Bits of each of the two draws that make a full mantissa, and of a coarse share.
const HALF_BITS: u32 = 52;
const SHARE_BITS: u32 = 30;
/// Hyperbolic lengths of ordinary vectors are below 2 to this.
const LONGEST_STEP: i32 = 5;

struct Draw {
    rng: ChaCha8Rng,
    bits: u32,
    range: Range,
    /// Ordinary sizes at c = 1 only.
    tame: bool,
}

/// How a row's vectors hang together.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// Multiples of one vector.
    Line,
    /// Signed powers of two, each of its own size.
    Powers,
    /// Random directions.
    Free,
    /// Along one axis, others 0.
    Axis,
}

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.rng.next_u64() % n
    }
    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
    /// A whole number of [lo, hi].
    fn between(&mut self, lo: i32, hi: i32) -> i32 {
        lo + self.below((hi.max(lo) - lo) as u64 + 1) as i32
    }
    fn sign(&mut self) -> i32 {
        if self.one_in(2) { 1 } else { -1 }
    }
    fn float(&self, x: f64) -> Float {
        Float::with_val(2 * self.bits + GUARD_BITS, x)
    }
    /// A mantissa of [1, 2]: a power of two, one next to it, one of few bits, or any.
    fn mantissa(&mut self) -> Float {
        let bits = self.bits as i32;
        let one = self.float(1.0);
        match self.below(6) {
            0 => one,
            1 => one.clone() + (one >> (bits - 1)),
            2 => self.float(2.0) - (one >> (bits - 1)),
            3 => one + self.share(3),
            _ => {
                let (high, low) = (self.share(HALF_BITS), self.share(HALF_BITS));
                one + high + (low >> HALF_BITS)
            }
        }
    }
    /// A number of [0, 1) of so many bits.
    fn share(&mut self, bits: u32) -> Float {
        let share = self.rng.next_u64() >> (64 - bits);
        self.float(share as f64) >> bits
    }
    fn power(&mut self, lo: i32, hi: i32) -> Float {
        let mantissa = self.mantissa();
        mantissa << self.between(lo, hi)
    }

    fn dim(&mut self, gradient: bool) -> usize {
        // Truth of a gradient takes n evaluations of n coordinates: the largest are rare.
        let large = if gradient { 2000 } else { 100 };
        if self.one_in(large) {
            return [64, 128, 256, 512][self.below(4) as usize];
        }
        match self.below(20) {
            0..=2 => 1,
            3..=10 => 2,
            11..=14 => 3,
            15..=17 => self.between(4, 8) as usize,
            18 => self.between(9, 16) as usize,
            _ => {
                if gradient {
                    5
                } else {
                    self.between(17, 40) as usize
                }
            }
        }
    }

    fn curvature(&mut self) -> Float {
        let (lo, hi) = (self.range.normal.max(-MOST_CURVATURE), self.range.most.min(MOST_CURVATURE));
        if self.tame {
            return self.float(1.0);
        }
        match self.below(10) {
            0..=4 => self.float(1.0),
            5 => self.power(-6, 6),
            6 => {
                let exponent = (2 * self.between(-8, 8)).clamp(lo, hi);
                self.float(1.0) << exponent
            }
            7 => self.power(lo / 2, hi / 2),
            8 => self.power(lo, hi - 1),
            _ => {
                let end = if self.one_in(2) { lo } else { hi - 1 };
                self.power((end - 3).max(lo), (end + 3).min(hi - 1))
            }
        }
    }

    /// The norm of a point at curvature −1: of a ball below 1.
    fn size(&mut self, ball: bool) -> Float {
        let bits = self.bits as i32;
        let range = self.range;
        if self.tame {
            return self.power(-3, -2);
        }
        match (self.below(8), ball) {
            (0..=1, true) => -self.power(-bits - 2, -2) + 1u32,
            (2, true) => -self.power(-bits - 2, -bits + 4) + 1u32,
            (0, false) => self.power(range.most / 2 - 4, range.most - 1),
            (1, false) => self.power(0, bits),
            (2, false) => self.power(0, range.most - 1),
            (3, _) => self.power(range.least, -bits),
            (4, _) => self.power(-bits, -2),
            (_, true) => self.share(30),
            (_, false) => self.power(-3, 5),
        }
    }

    /// A direction of the shape, its largest coordinate of about 1.
    fn direction(&mut self, shape: Shape, line: &[Float]) -> Vec<Float> {
        let n = line.len();
        match shape {
            Shape::Line => {
                let sign = self.sign();
                line.iter().map(|x| x.clone() * sign).collect()
            }
            Shape::Axis => {
                let axis = self.below(n as u64) as usize;
                let sign = self.sign();
                (0..n).map(|i| self.float(if i == axis { f64::from(sign) } else { 0.0 })).collect()
            }
            Shape::Powers => {
                let deepest = if self.one_in(2) { -self.range.most } else { -2 * self.bits as i32 };
                let first = self.below(n as u64) as usize;
                (0..n)
                    .map(|i| {
                        let exponent = if i == first { 0 } else { self.between(deepest, 0) };
                        (self.float(1.0) << exponent) * self.sign()
                    })
                    .collect()
            }
            // Never 0, so that no direction vanishes.
            Shape::Free => {
                (0..n).map(|_| (self.share(SHARE_BITS) + (self.float(1.0) >> SHARE_BITS)) * self.sign()).collect()
            }
        }
    }

    /// A vector of this norm along a direction.
    fn along(&self, direction: &[Float], size: &Float) -> Vec<Float> {
        let largest =
            direction.iter().map(|x| x.clone().abs()).reduce(|a, b| a.max(&b)).expect("a direction has coordinates");
        let unit: Vec<Float> = direction.iter().map(|x| x.clone() / &largest).collect();
        let norm = unit.iter().fold(self.float(0.0), |sum, x| sum + x.clone().square()).sqrt();
        let factor = size.clone() / &norm;
        unit.into_iter().map(|x| x * &factor).collect()
    }

    /// All inputs; `None` where the arithmetic cannot hold them.
    fn inputs<S: Number>(&mut self, request: &Request, like: &S) -> Option<Inputs<S>> {
        let Request { op, model, to, by } = *request;
        let c = like.nearest(&self.curvature());
        let exact_c = c.to_float();
        if !exact_c.is_normal() {
            return None;
        }
        let root = self.float(0.0) + exact_c.clone().sqrt();
        let n = self.dim(by.is_some());
        let ball = model.is_ball();
        let line: Vec<Float> = match self.one_in(3) {
            true => (0..n).map(|i| self.float(if i == 0 { 1.0 } else { 0.0 })).collect(),
            false => {
                let units: Vec<i32> = (0..n).map(|_| self.below(LINE_UNITS + 1) as i32 * self.sign()).collect();
                let zero = units.iter().all(|x| *x == 0);
                units
                    .into_iter()
                    .enumerate()
                    .map(|(i, x)| self.float(if zero && i == 0 { 1.0 } else { f64::from(x) }))
                    .collect()
            }
        };
        let shapes = [Shape::Line, Shape::Powers, Shape::Free, Shape::Axis];
        let shape = shapes[self.below(shapes.len() as u64) as usize];
        let mut inputs = Inputs::new(model, c.clone());
        inputs.to = to;
        for (input, role) in op.inputs() {
            if *role == Role::Number {
                inputs.t = Some(like.nearest(&self.fraction(op)));
                continue;
            }
            let shape = if self.one_in(5) { shapes[self.below(4) as usize] } else { shape };
            let direction = self.direction(shape, &line);
            let size = match role {
                Role::Point => self.size(ball),
                Role::Tangent { at } => {
                    let base = at.and_then(|at| inputs.vector(at).cloned()).unwrap_or_default();
                    self.tangent_size(&base, &root, ball)
                }
                Role::Number => continue,
            };
            let exact: Vec<Float> = self.along(&direction, &size).into_iter().map(|x| x / &root).collect();
            let mut stored: Vec<S> = exact.iter().map(|x| like.nearest(x)).collect();
            self.kink(*input, *role, &inputs, &mut stored);
            if model == Model::LorentzAmbient {
                // A kink may have copied a time.
                stored.drain(..stored.len() - n);
                let time = self.time(*role, &inputs, &exact_c, &stored);
                stored.insert(0, like.nearest(&time));
            }
            let floats: Vec<Float> = stored.iter().map(Number::to_float).collect();
            if floats.iter().any(|x| !x.is_finite()) {
                return None;
            }
            if ball && *role == Role::Point && (beyond_the_rim(&exact_c, &floats) || S::outside(&c, &stored)) {
                return None;
            }
            *inputs.vector_mut(*input)? = Some(stored);
        }
        Some(inputs)
    }

    /// A kink now and then: the point or vector before, its opposite, a mirror image, nothing, or a neighbour of one of these.
    fn kink<S: Number>(&mut self, input: Input, role: Role, inputs: &Inputs<S>, stored: &mut Vec<S>) {
        if self.tame || !self.one_in(5) {
            return;
        }
        let before = [Input::X, Input::Y, Input::P].into_iter().filter(|other| *other != input);
        let before: Vec<&Vec<S>> = before.filter_map(|other| inputs.vector(other)).collect();
        let zero = || stored[0].lit(0.0);
        let choice = self.below(6);
        if choice == 0 || before.is_empty() || matches!(role, Role::Tangent { .. }) && choice == 1 {
            *stored = stored.iter().map(|_| zero()).collect();
        } else {
            let mut other = before[self.below(before.len() as u64) as usize].clone();
            match choice {
                1 => other = other.into_iter().map(|x| -x).collect(),
                // A mirror image: sums and products that cancel to nothing, or all but nothing.
                2 => other = other.into_iter().map(|x| if self.one_in(2) { -x } else { x }).collect(),
                3 => other.reverse(),
                _ => {}
            }
            *stored = other;
        }
        if self.one_in(2) {
            let i = self.below(stored.len() as u64) as usize;
            let x = stored[i].to_float();
            let step = stored[i].ulp(&x) * self.sign();
            stored[i] = stored[i].nearest(&(Float::with_val(2 * self.bits + 2 * GUARD_BITS, &x) + step));
        }
    }

    /// The norm of a tangent vector at curvature −1, in the model's coordinates at a point.
    fn tangent_size<S: Number>(&mut self, base: &[S], root: &Float, ball: bool) -> Float {
        let range = self.range;
        if self.tame {
            return self.power(-6, -5);
        }
        if self.one_in(5) {
            let size = self.power(range.least, range.most - 1);
            return size * root;
        }
        let length = self.power(-(self.bits as i32), LONGEST_STEP);
        let norm2 = base.iter().fold(self.float(0.0), |sum, x| sum + (x.to_float() * root).square());
        if ball { (self.float(1.0) - norm2).abs() * length } else { (norm2 + 1u32).sqrt() * length }
    }

    /// The time of a point, or of a tangent vector at its base, from the stored space coordinates.
    fn time<S: Number>(&self, role: Role, inputs: &Inputs<S>, c: &Float, space: &[S]) -> Float {
        let dot = |x: &[S], y: &[S]| {
            let wide = |x: &S| Float::with_val(4 * self.bits + GUARD_BITS, x.to_float());
            x.iter().zip(y).fold(self.float(0.0), |sum, (x, y)| sum + wide(x) * wide(y))
        };
        match role {
            Role::Tangent { at: Some(at) } => {
                let base = inputs.vector(at).expect("a base comes before its tangent vectors");
                dot(&base[1..], space) / base[0].to_float()
            }
            Role::Tangent { at: None } => self.float(0.0),
            _ => (self.float(1.0) / c + dot(space, space)).sqrt(),
        }
    }

    /// A fraction of a geodesic, or a factor; the weight of a midpoint is never outside [0, 1].
    fn fraction(&mut self, op: Op) -> Float {
        let inside = op == Op::Midpoint || self.tame;
        match self.below(if inside { 5 } else { 9 }) {
            0 => {
                let share = self.below(3);
                self.float(share as f64) / 2
            }
            1 | 2 => self.share(SHARE_BITS),
            3 => self.power(-self.range.most, -1).min(&self.float(1.0)),
            4 => 1u32 - self.power(-(self.bits as i32), -1),
            5 => self.power(0, 6) * self.sign(),
            6 => -self.power(-self.range.most, 0),
            7 => 1u32 + self.power(-(self.bits as i32), 0),
            _ => self.power(6, self.range.most - 1) * self.sign(),
        }
    }
}
