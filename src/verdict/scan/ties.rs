//! Points that lie at the largest norm that some library's clip lets through, and at a largest norm that nobody has named.

use super::Question;
use super::points::Facts;
use crate::arithmetic::{Bf16, F16, Real};
use crate::formula::Space;
use crate::guard::{Clip, GUARDS, Precision};
use crate::table::Embedding;
use rayon::slice::ParallelSliceMut;
use serde::Serialize;

/// Points at one norm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tie {
    /// The guards that leave points there; empty where it is none that is known. A guard whose clip depends on the number
    /// type is named with that type.
    pub guards: Vec<String>,
    /// ‖x‖; of the space coordinates on the hyperboloid.
    pub norm: f64,
    /// √c d(0, x).
    pub depth: f64,
    /// d(0, x): what distances from the origin saturate at.
    pub distance: f64,
    /// Norms this far from `norm`, either way, count as tied: what roundings of the clip can do.
    pub window: f64,
    pub count: usize,
    /// Of the points inside the model.
    pub share: f64,
    /// How many would lie there if nothing had been clipped, from how many lie around.
    pub expected: f64,
    /// Points further out than the tie.
    pub beyond: usize,
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ties {
    /// At the clips of known guards, outermost first.
    pub named: Vec<Tie>,
    /// At the largest norm of all, where that is no known clip.
    pub at_largest: Option<Tie>,
}

/// What puts points at one norm.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Source {
    Clip(Clip),
    /// √c times the length of tangent vectors has this ceiling before exp.
    ExpLength(f64),
}

struct Candidate {
    guards: Vec<String>,
    source: Source,
    norm: f64,
    depth: f64,
    /// Significant bits of what the clip was computed and stored in.
    bits: u32,
    window: f64,
}

/// A count is no accident when one as large had at most this probability: e^−9 is one in ten thousand.
const LOG_PROBABILITY: f64 = -9.0;
/// A clip at which only the outermost point lies is no tie.
const FEWEST_AT_LARGEST: usize = 3;

pub(super) fn ties(facts: &[Facts], inside: &[u32], embedding: &Embedding, question: &Question, bits: u32) -> Ties {
    let mut norms: Vec<f64> = inside.iter().map(|i| facts[*i as usize].norm).collect();
    norms.par_sort_unstable_by(f64::total_cmp);
    let candidates = candidates(question, embedding, bits);
    // Each norm belongs to the clip of the finest arithmetic whose window it is in; among equals, to the nearest.
    let owner = |norm: f64| {
        let of = candidates.iter().enumerate().filter(|(_, c)| (norm - c.norm).abs() <= c.window);
        of.min_by(|(_, a), (_, b)| b.bits.cmp(&a.bits).then((norm - a.norm).abs().total_cmp(&(norm - b.norm).abs())))
            .map(|(i, _)| i)
    };
    let mut counts = vec![0usize; candidates.len()];
    let free: Vec<f64> = norms
        .iter()
        .copied()
        .filter(|norm| match owner(*norm) {
            Some(i) => {
                counts[i] += 1;
                false
            }
            None => true,
        })
        .collect();
    let rim = rim(question);
    let tie = |candidate: &Candidate, count: usize, free: &[f64]| {
        let expected = expected(free, candidate, rim);
        let tie = Tie {
            guards: candidate.guards.clone(),
            norm: candidate.norm,
            depth: candidate.depth,
            distance: candidate.depth / question.c.sqrt(),
            window: candidate.window,
            count,
            share: count as f64 / norms.len().max(1) as f64,
            expected,
            beyond: norms.len() - norms.partition_point(|norm| *norm <= candidate.norm + candidate.window),
        };
        is_no_accident(count, expected).then_some(tie)
    };
    let mut named: Vec<Tie> =
        candidates.iter().zip(&counts).filter_map(|(candidate, count)| tie(candidate, *count, &free)).collect();
    named.sort_by(|a, b| b.norm.total_cmp(&a.norm));
    let at_largest = norms.last().filter(|largest| owner(**largest).is_none()).and_then(|largest| {
        let bits = embedding.dtype.bits();
        let candidate = Candidate {
            guards: Vec::new(),
            source: Source::ExpLength(0.0),
            norm: *largest,
            depth: depth_of(question, *largest),
            bits,
            window: match rim {
                Some(rim) => (largest * roundings(embedding.width) * unit(bits)).min(0.25 * (rim - largest)),
                None => largest * roundings(embedding.width) * unit(bits),
            },
        };
        let below = free.partition_point(|norm| *norm < largest - candidate.window);
        let count = norms.len() - norms.partition_point(|norm| *norm < largest - candidate.window);
        (count >= FEWEST_AT_LARGEST).then(|| tie(&candidate, count, &free[..below])).flatten()
    });
    Ties { named, at_largest }
}

/// The norm of the rim; `None` on the hyperboloid.
fn rim(question: &Question) -> Option<f64> {
    question.model.is_ball().then(|| 1.0 / question.c.sqrt())
}

/// The spacing of numbers at 1, halved.
fn unit(bits: u32) -> f64 {
    Precision { bits }.epsilon() / 2.0
}

/// Units of roundoff by which the norm of a clipped point can be off its clip: the coordinates' own roundings, and those of
/// a sum of squares, which grow like the root of its length.
fn roundings(width: usize) -> f64 {
    const OF_COORDINATES: f64 = 4.0;
    OF_COORDINATES + 2.0 * (width as f64).sqrt()
}

/// All clips that could have acted: of every guard of the model, computed in the arithmetic that is asked about, in f32 or in
/// f64, and seen through the roundings of the file.
fn candidates(question: &Question, embedding: &Embedding, bits: u32) -> Vec<Candidate> {
    let mut precisions = vec![bits];
    precisions.extend([f32::MANTISSA_DIGITS, f64::MANTISSA_DIGITS].into_iter().filter(|other| *other != bits));
    let mut found: Vec<Candidate> = Vec::new();
    for precision in precisions {
        for guard in GUARDS.iter().filter(|guard| guard.models.contains(&question.model)) {
            let clip = (guard.clip)(Precision { bits: precision });
            let name = match clip == (guard.clip)(Precision { bits: f32::MANTISSA_DIGITS })
                && clip == (guard.clip)(Precision { bits: f64::MANTISSA_DIGITS })
            {
                true => guard.id.to_owned(),
                false => format!("{} ({precision} bits)", guard.id),
            };
            let ceiling = guard.clamps.exp_length_max.map(Source::ExpLength);
            for source in clip.map(Source::Clip).into_iter().chain(ceiling) {
                add(&mut found, candidate(source, name.clone(), precision, question, embedding));
            }
        }
    }
    found
}

/// Joins a candidate that no norm could tell from an earlier one to that one.
fn add(found: &mut Vec<Candidate>, new: Candidate) {
    // Clips within a rounding of one another: 1 − 10⁻⁵ computed in f32 and in f64, seen through f32.
    let near = |old: &Candidate| (old.norm - new.norm).abs() <= 2.0 * unit(new.bits) * new.norm;
    let same = |old: &&mut Candidate| old.bits == new.bits && (old.source == new.source || near(old));
    match found.iter_mut().find(same) {
        Some(old) => {
            let names = new.guards.into_iter().filter(|name| !old.guards.contains(name)).collect::<Vec<_>>();
            old.guards.extend(names);
        }
        None => found.push(new),
    }
}

fn candidate(source: Source, name: String, precision: u32, question: &Question, embedding: &Embedding) -> Candidate {
    let root = question.c.sqrt();
    let depth = match source {
        Source::Clip(clip) => clip.cap(question.model, question.c) * root,
        Source::ExpLength(most) => most,
    };
    let norm = match source {
        Source::Clip(clip) if !clip.on_features() => limit(clip, precision, question.c),
        _ => question.model.norm_at(depth) / root,
    };
    let bits = precision.min(embedding.dtype.bits());
    // An error of a length, relative to it, is multiplied by the length where a hyperbolic function of it is taken.
    let relative = (roundings(embedding.width) + depth) * unit(bits);
    let mut window = norm * relative;
    if let Some(rim) = rim(question) {
        window = window.min(0.25 * (rim - norm).max(0.0));
    }
    Candidate { guards: vec![name], source, norm, depth, bits, window }
}

/// The largest norm that a clip passes, as an arithmetic of this precision computes it.
fn limit(clip: Clip, precision: u32, c: f64) -> f64 {
    fn rounded<R: Real>(clip: Clip, c: R) -> R {
        clip.limit(&Space::new(c))
    }
    match precision {
        8 => rounded(clip, Bf16::from_f64(c)).to_f64(),
        11 => rounded(clip, F16::from_f64(c)).to_f64(),
        f32::MANTISSA_DIGITS => f64::from(rounded(clip, c as f32)),
        _ => rounded(clip, c),
    }
}

fn depth_of(question: &Question, norm: f64) -> f64 {
    question.model.depth_of(norm * question.c.sqrt())
}

/// How many of the points that no clip claims lie in as wide a window around the candidate: their density from half to twice
/// its distance from the rim, or from half to twice its norm where there is no rim. Densities are over the logarithm of that
/// distance or norm, along which depth is even.
fn expected(free: &[f64], candidate: &Candidate, rim: Option<f64>) -> f64 {
    let (at, to) = match rim {
        Some(rim) => (rim - candidate.norm, (|gap, rim| rim - gap) as fn(f64, f64) -> f64),
        None => (candidate.norm, (|norm, _| norm) as fn(f64, f64) -> f64),
    };
    let ends = [to(0.5 * at, rim.unwrap_or(0.0)), to(2.0 * at, rim.unwrap_or(0.0))];
    let (low, high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
    let around = free.partition_point(|norm| *norm <= high) - free.partition_point(|norm| *norm < low);
    let window = pxfm::f_log((at + candidate.window) / (at - candidate.window).max(f64::MIN_POSITIVE));
    // What is around, with the window itself left out; half of it where the points end.
    let whole = 2.0 * std::f64::consts::LN_2;
    // One more than were seen: where there are none, the density is unknown, not 0.
    (around + 1) as f64 * window / (whole - window).max(window)
}

/// Whether `count` or more are far less likely than not where `expected` are: Chernoff's bound for Poisson's law.
fn is_no_accident(count: usize, expected: f64) -> bool {
    let k = count as f64;
    if count == 0 || k <= expected {
        return false;
    }
    k - expected + k * (pxfm::f_log(expected) - pxfm::f_log(k)) < LOG_PROBABILITY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accidents_are_told_from_ties() {
        assert!(is_no_accident(5, 0.01) && is_no_accident(1, 1e-10) && is_no_accident(200, 50.0));
        assert!(!is_no_accident(0, 1e-10) && !is_no_accident(1, 0.1) && !is_no_accident(60, 50.0));
    }
}
