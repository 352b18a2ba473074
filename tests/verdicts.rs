//! `judge`: the answers move as the measured cells do, and bad questions get one line.

use hypprec::arithmetic::Arithmetic;
use hypprec::formula::{Clamps, Input, Model, Op, variant};
use hypprec::guard::{GUARDS, NONE, guard};
use hypprec::measure::Quantity;
use hypprec::verdict::judge::{
    At, Cut, Judgement, Kind, ONE_BIT, PAIRS, Question, RESOLUTION, SEED, UNSEEN, Verdict, judge, shipped,
};
use hypprec::verdict::search::{Law, Pair, Subject, errors, search};
use hypprec::with_arithmetic;
use rayon::prelude::*;
use serde_json::Value;

mod common;

use common::{hypprec, json};

/// The distance on the ball in f32, one percent, pairs at least 1 apart, in the plane.
fn question() -> Question {
    Question {
        guard: NONE,
        cut: None,
        op: Op::Distance,
        model: Model::Poincare,
        variant: variant(Op::Distance, Model::Poincare, "best").unwrap(),
        arithmetic: Arithmetic::F32,
        c: 1.0,
        dims: vec![2],
        separation: 1.0,
        tolerance: 1e-2,
        pairs: PAIRS / 2,
        seed: SEED,
    }
}

fn judged(question: &Question) -> Judgement {
    judge(question, None)
}

fn eps(value: f64) -> Option<Cut> {
    Some(Cut { kind: Kind::RelativeNorm, value })
}

/// The recommended threshold.
fn recommended(question: &Question) -> f64 {
    judged(question).recommended.unwrap().value
}

#[test]
fn the_caps_of_the_clips_in_use_are_reported() {
    for (eps, cap) in [("4e-3", 6.2126), ("1e-3", 7.6004), ("1e-5", 12.2061)] {
        let words = format!("judge --eps {eps} --scalar f32 --tolerance 1e-2 --dim 2 --json");
        let judgement = &json(&words)[0];
        assert!((judgement["cap"].as_f64().unwrap() - cap).abs() < 5e-5, "{eps}: {judgement}");
        assert!(judgement["recommended"]["value"].as_f64().unwrap() > 0.0);
        let text = String::from_utf8(hypprec(words.strip_suffix("--json").unwrap()).stdout).unwrap();
        assert!(text.contains(&format!("{cap:.4}")) && text.contains("recommended"), "{text}");
    }
}

#[test]
fn the_recommendation_moves_with_the_tolerance() {
    let at = |tolerance| recommended(&Question { tolerance, ..question() });
    assert!(at(1e-1) < at(1e-2) && at(1e-2) < at(1e-4));
}

#[test]
fn the_recommendation_moves_with_the_variant() {
    let at = |id| recommended(&Question { variant: variant(Op::Distance, Model::Poincare, id).unwrap(), ..question() });
    // B1 dies at half the radius that its storage allows: ε^½ instead of ε.
    assert!(at("B1") > 100.0 * at("best"), "{} {}", at("B1"), at("best"));
    assert!(at("B3a") < at("B1") && at("B3a") >= at("best"));
}

#[test]
fn the_recommendation_moves_with_the_arithmetic() {
    let at = |arithmetic| recommended(&Question { arithmetic, tolerance: 1e-1, ..question() });
    assert!(at(Arithmetic::Bf16) > at(Arithmetic::F32) && at(Arithmetic::F32) > at(Arithmetic::F64));
    // Each bit is worth ln 2 of radius, a factor 2 of the margin: 29 bits from f32 to f64.
    let bits = (at(Arithmetic::F32) / at(Arithmetic::F64)).log2();
    assert!((bits - 29.0).abs() < 2.0, "{bits}");
}

#[test]
fn the_recommendation_moves_with_the_curvature() {
    let absolute = |c| {
        let cut = Some(Cut { kind: Kind::AbsoluteNorm, value: 1e-5 });
        judged(&Question { c, cut, ..question() })
    };
    let (one, quarter) = (absolute(1.0), absolute(0.25));
    // An absolute margin has to grow with the ball; its cap is farther out in its own units, and as a distance.
    assert!(quarter.recommended.unwrap().value > 1.5 * one.recommended.unwrap().value);
    assert!(quarter.cap.unwrap() > one.cap.unwrap() + 0.5);
    // A relative one stays, and caps at distances that go as 1/√c.
    let relative = |c| judged(&Question { c, cut: eps(1e-3), ..question() });
    let (one, quarter) = (relative(1.0), relative(0.25));
    assert!((quarter.cap_distance.unwrap() / one.cap_distance.unwrap() - 2.0).abs() < 1e-9);
    assert!((quarter.holds_radius - one.holds_radius).abs() < ONE_BIT);
}

#[test]
fn close_pairs_hold_less_far_out() {
    let at = |separation| judged(&Question { separation, ..question() }).holds_radius;
    assert!(at(1e-2) + 2.0 < at(1.0) && at(1.0) < at(6.0) + RESOLUTION);
}

#[test]
fn what_is_recommended_is_sound() {
    let lorentz = variant(Op::Distance, Model::Lorentz, "L1").unwrap();
    for question in [
        question(),
        Question { tolerance: 1e-4, arithmetic: Arithmetic::F64, ..question() },
        Question { c: 0.05, variant: variant(Op::Distance, Model::Poincare, "B1").unwrap(), ..question() },
        Question { model: Model::Lorentz, variant: lorentz, ..question() },
        Question { op: Op::Log, variant: variant(Op::Log, Model::Poincare, "artanh").unwrap(), ..question() },
    ] {
        let first = judged(&question);
        let again = judged(&Question { cut: first.recommended, ..question });
        assert_eq!(again.verdict, Verdict::Sound, "{first:?}\n{again:?}");
        let [loosest, tightest] = first.sound.unwrap();
        let (low, high) = (loosest.value.min(tightest.value), loosest.value.max(tightest.value));
        assert!((low..=high).contains(&first.recommended.unwrap().value), "{:?}", first.sound);
    }
}

#[test]
fn clips_far_from_what_holds_are_called_so() {
    let verdict = |value| judged(&Question { cut: eps(value), ..question() }).verdict;
    assert_eq!(verdict(0.1), Verdict::TooTight);
    assert_eq!(verdict(1e-7), Verdict::TooLoose);
}

#[test]
fn a_guards_clamps_are_judged_with_it() {
    let of = |id: &str, model| {
        let guard = guard(id).unwrap();
        let variant = shipped(guard, Op::Distance, model).unwrap();
        judged(&Question { guard, model, variant, ..question() })
    };
    let hyptorch = of("hyptorch", Model::Poincare);
    assert_eq!(hyptorch.verdict, Verdict::TooLoose);
    // + 1e-5 in the Möbius denominator: a distance of 1 becomes .314 at ‖x‖ = .999.
    assert!(hyptorch.clamps_change.unwrap() > 0.6 && hyptorch.clamps_change.unwrap() < 0.75);
    assert!(hyptorch.holds_radius + 1.0 < hyptorch.holds_radius_unguarded);
    assert!((hyptorch.ceiling.unwrap() - 12.2061).abs() < 5e-5);
    let hgcn = of("hgcn-lorentz", Model::Lorentz);
    assert!((hgcn.ceiling.unwrap() - 7.0711).abs() < 5e-5 && hgcn.cap.is_none());
    // Two opposite points are as far apart as twice their radius.
    assert!(hgcn.holds_radius < 7.0711 / 2.0 + 2.0 * RESOLUTION);
}

#[test]
fn the_gradient_says_what_is_left_of_it_at_the_cap() {
    let guard = guard("hyptorch").unwrap();
    let variant = shipped(guard, Op::Distance, Model::Poincare).unwrap();
    let judgement = judge(&Question { guard, variant, ..question() }, Some(Input::X));
    assert!((judgement.riemannian_factor.unwrap() / 1e-6 - 1.0).abs() < 0.01);
    let at = judgement.at_cap.unwrap();
    assert!(at.rounding.unwrap() > 1e-3 && at.storage.unwrap() < 1e-3, "{at:?}");
}

/// Tolerances for which verdicts are held to what they say.
const TOLERANCES: [f64; 10] = [1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6, 1e-7];

/// Pairs at a radius where it is not their number that is tested.
const FEW_PAIRS: usize = 32;

/// Every guard in each of its models and in f32 and f64, with the variant that it ships; without a guard, our own.
fn every_guard() -> Vec<Question> {
    let mut questions = Vec::new();
    for guard in GUARDS {
        for model in guard.models.iter().copied() {
            for arithmetic in [Arithmetic::F32, Arithmetic::F64] {
                let variant = shipped(guard, Op::Distance, model).unwrap();
                questions.push(Question { guard, model, variant, arithmetic, dims: vec![2, 16], ..question() });
            }
        }
    }
    questions
}

#[test]
fn no_verdict_contradicts_itself() {
    every_guard().into_par_iter().enumerate().for_each(|(i, question)| {
        // All tolerances where time is given; otherwise one, another for each guard.
        for (j, tolerance) in TOLERANCES.into_iter().enumerate() {
            if common::long() || j == i % TOLERANCES.len() {
                consistent(&Question { tolerance, pairs: FEW_PAIRS, dims: vec![2, 3], ..question.clone() });
            }
        }
    });
}

/// A verdict says what its own profile says.
fn consistent(question: &Question) {
    let (j, tolerance) = (judged(question), question.tolerance);
    let within = |error: Option<f64>| error.is_some_and(|error| error <= tolerance);
    let at = format!("{} {} {} {tolerance}: {}", j.guard, j.model, j.scalar, j.why);
    if let Some(cap) = &j.at_cap {
        assert_eq!(j.verdict != Verdict::TooLoose, within(cap.clamped), "{at}");
    }
    assert_eq!(
        j.verdict == Verdict::TooTight,
        j.verdict != Verdict::TooLoose && j.cap.is_some_and(|cap| cap < j.holds_radius - ONE_BIT),
        "{at}"
    );
    for (radius, error) in [(j.holds_radius, 0), (j.holds_radius_unguarded, 1), (j.floor_radius, 2)] {
        for point in j.profile.iter().filter(|point| point.radius <= radius) {
            let promised = [point.clamped, point.plain, point.storage][error];
            assert!(within(promised), "{at}\n{point:?}");
            assert!(error != 0 || point.pairs == 0 || within(point.worst), "{at}\n{point:?}");
        }
    }
    for pair in j.profile.windows(2) {
        let grows = |f: fn(&At) -> Option<f64>| match (f(&pair[0]), f(&pair[1])) {
            (Some(a), Some(b)) => a <= b,
            (a, b) => a.is_some() || b.is_none(),
        };
        assert!(grows(|at| at.storage) && grows(|at| at.plain) && grows(|at| at.clamped), "{at}\n{pair:?}");
    }
    if let Some(cut) = j.recommended {
        assert!(cut.cap(question.model, 1.0) <= j.holds_radius, "{at}");
    }
}

#[test]
fn no_fresh_pair_contradicts_a_verdict() {
    every_guard().into_par_iter().enumerate().for_each(|(i, question)| {
        // Where time is short, one guard in six: in another model, arithmetic and tolerance each.
        if !common::long() && i % 6 != 1 {
            return;
        }
        let tolerance = TOLERANCES[(3 * i) % TOLERANCES.len()];
        let j = judged(&Question { tolerance, ..question.clone() });
        if j.holds_radius <= question.separation / 2.0 || j.holds_radius > 40.0 {
            return;
        }
        // Of other seeds, in other dimensions, at the very end of what is said to hold.
        let pairs = common::cases(256) as usize;
        let law = Law { dims: question.dims.clone(), separation: question.separation, pairs, seed: 77 };
        let quantity = Quantity::value(question.op, question.model);
        let clamps = Clamps { exp_length_max: None, ..question.guard.clamps };
        let answers = with_arithmetic!(question.arithmetic, |proto| {
            let subject =
                Subject { quantity, model: question.model, variant: question.variant, clamps, c: 1.0, like: &proto };
            search(&subject, &law, j.holds_radius, &[])
        });
        for (pair, errors) in answers {
            let errors = errors.unwrap_or_else(|| panic!("{} {} {}: {pair:?}", j.guard, j.model, j.scalar));
            assert!(errors.total <= tolerance, "{} {} {} {tolerance}: {pair:?} {errors:?}", j.guard, j.model, j.scalar);
        }
    });
}

/// Level pairs at the recommended cap, in each dimension: 10,000 where time is given.
const LEVEL_PAIRS: u32 = 10;
const LEVEL_PAIRS_LONG: u32 = 10_000;

#[test]
fn the_recommended_clip_of_our_own_formula_holds_on_fresh_level_pairs() {
    let long = common::long();
    let seeds = u64::from(if long { LEVEL_PAIRS_LONG } else { LEVEL_PAIRS });
    for arithmetic in [Arithmetic::Bf16, Arithmetic::F32, Arithmetic::F64] {
        for model in [Model::Poincare, Model::Klein, Model::Lorentz] {
            for tolerance in if long { vec![1e-1, 1e-2, 1e-3, 1e-4] } else { vec![1e-2] } {
                let variant = variant(Op::Distance, model, "best").unwrap();
                let question = Question { model, variant, arithmetic, tolerance, pairs: FEW_PAIRS, ..question() };
                let judgement = judged(&question);
                // bf16 has no radius at which 1e-4 could be kept.
                let Some(cut) = judgement.recommended else { continue };
                let radius = cut.cap(model, 1.0);
                let quantity = Quantity::value(Op::Distance, model);
                with_arithmetic!(arithmetic, |proto| {
                    let subject = Subject { quantity, model, variant, clamps: Clamps::NONE, c: 1.0, like: &proto };
                    for dim in [2, 3, 16, 128] {
                        (0..seeds).into_par_iter().for_each(|seed| {
                            let pair = Pair::new(dim, radius, 1.0, 1.0, seed);
                            let errors = errors(&subject, &pair).unwrap();
                            assert!(errors.total <= tolerance, "{arithmetic} {model} {tolerance}: {pair:?} {errors:?}");
                        });
                    }
                });
            }
        }
    }
}

#[test]
fn what_was_not_proved_counts_more_than_once_and_says_so() {
    let found = judged(&Question { variant: variant(Op::Distance, Model::Poincare, "B1").unwrap(), ..question() });
    assert!(!found.proved && found.draws > found.pairs && found.unseen_share > 0.0 && found.unseen_share < 0.1);
    let at = found.profile.iter().find(|at| at.radius == 5.0).unwrap();
    assert!(at.plain.unwrap() >= UNSEEN * (at.worst.unwrap() - at.storage.unwrap()), "{at:?}");
    let text = String::from_utf8(hypprec("judge --guard geoopt --tolerance 1e-2 --pairs 64 --seed 3").stdout).unwrap();
    assert!(text.contains("64 at each radius") && text.contains("seed 3") && text.contains("not proved"), "{text}");
    let more = &json("judge --guard geoopt --pairs 64 --seed 3 --json")[0];
    assert_eq!(
        (&more["pairs"], &more["seed"], &more["proved"]),
        (&Value::from(64), &Value::from(3), &Value::Bool(false))
    );
    assert!(more["law"].as_str().unwrap().contains("directions uniform"));
}

#[test]
fn judging_is_the_same_every_time() {
    assert_eq!(judged(&question()), judged(&question()));
}

#[test]
fn bad_input_is_one_line_and_exit_code_2() {
    for (words, expected) in [
        ("judge --eps 0 --scalar f32 --tolerance 1e-2", "--eps 0"),
        ("judge --eps 2 --scalar f32 --tolerance 1e-2", "--eps 2"),
        ("judge --eps 1e-3 --model lorentz --scalar f32 --tolerance 1e-2", "--max-norm"),
        ("judge --max-norm 5 --scalar f32 --tolerance 1e-2", "--eps"),
        ("judge --guard nobody --scalar f32 --tolerance 1e-2", "unknown guard `nobody`"),
        ("judge --guard meru --scalar f32 --tolerance 1e-2", "not poincare"),
        ("judge --variant B9 --scalar f32 --tolerance 1e-2", "unknown variant `B9`"),
        ("judge --scalar f32 --tolerance nan", "--tolerance NaN"),
        ("judge --scalar f32 --tolerance 1e-2 --curvature -1", "--curvature -1"),
        ("judge --scalar f32 --tolerance 1e-2 --dim 1", "--dim 1"),
        ("judge --scalar f32 --tolerance 1e-2 --op log --gradient", "--gradient"),
        ("choose --radius 1 --separation 3 --tolerance 1e-2", "never 3"),
        ("choose --radius 1e5 --tolerance 1e-2", "radius 100000"),
        ("choose --radius 5 --tolerance 0", "tolerance 0"),
        ("choose --radius 5 --tolerance 1e-2 --scalar f8", "`f8`"),
        ("choose --radius 5 --tolerance 1e-2 --op cuddle", "`cuddle`"),
    ] {
        let output = hypprec(words);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{words}: {error}");
        assert!(error.contains(expected) && error.trim_end().lines().count() == 1, "{words}: {error}");
        assert!(output.stdout.is_empty(), "{words}");
    }
}
