//! `judge` and `choose`: the answers move as the measured cells do, and bad questions get one line.

use hypprec::arithmetic::Arithmetic;
use hypprec::formula::{Input, Model, Op, variant};
use hypprec::guard::{NONE, guard};
use hypprec::verdict::choose::{NeedError, Remedy, table};
use hypprec::verdict::judge::{Cut, Judgement, Kind, ONE_BIT, Question, RESOLUTION, Verdict, judge, shipped};
use hypprec::{Need, choose};
use serde_json::Value;
use std::process::{Command, Output};

fn hypprec(words: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hypprec")).args(words.split_whitespace()).output().unwrap()
}

fn json(words: &str) -> Value {
    let output = hypprec(words);
    assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

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
    }
}

fn judged(question: &Question) -> Judgement {
    judge(question, None).unwrap()
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
    let at = |arithmetic| recommended(&Question { arithmetic, ..question() });
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
    let judgement = judge(&Question { guard, variant, ..question() }, Some(Input::X)).unwrap();
    assert!((judgement.riemannian_factor.unwrap() / 1e-6 - 1.0).abs() < 0.01);
    let at = judgement.at_cap.unwrap();
    assert!(at.rounding.unwrap() > 1e-3 && at.storage.unwrap() < 1e-3, "{at:?}");
}

#[test]
fn judging_is_the_same_every_time() {
    assert_eq!(judged(&question()), judged(&question()));
}

#[test]
fn far_points_in_f32_go_into_lorentz_space_coordinates() {
    let ranking = json("choose --radius 25 --separation 40 --scalar f32 --tolerance 1e-5 --json");
    assert_eq!((&ranking["fit"], &ranking["fits"][0]["model"]), (&Value::Bool(true), &Value::from("lorentz")));
    let text =
        String::from_utf8(hypprec("choose --radius 25 --separation 40 --scalar f32 --tolerance 1e-5").stdout).unwrap();
    assert!(text.starts_with("1. lorentz in f32"), "{text}");
    let ball = text.lines().find(|line| line.trim().starts_with("poincare in f32")).unwrap();
    assert!(ball.contains("ends at radius 17.3"), "{ball}");
}

#[test]
fn an_impossible_need_says_so_and_what_would_do() {
    let words = "choose --radius 30 --separation 1e-3 --scalar f32 --tolerance 1e-6";
    let output = hypprec(words);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.starts_with("None fits"), "{text}");
    let ranking = json(&format!("{words} --json"));
    assert_eq!(ranking["fit"], Value::Bool(false));
    let kinds: Vec<&str> = ranking["nearest"].as_array().unwrap().iter().map(|r| r["kind"].as_str().unwrap()).collect();
    assert!(["arithmetic", "bits", "separation"].iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
    let need = Need::new(30.0, 1e-3, 16, 1e-6).unwrap().scalars(&["f32"]).unwrap();
    let ranking = choose(&need);
    assert!(ranking.fits.is_empty() && !ranking.rejected.is_empty());
    for remedy in ranking.nearest {
        match remedy {
            Remedy::Arithmetic(entry) => assert!(entry.error().unwrap() <= 1e-6 && entry.scalar == "dd"),
            // ε e^R/D = 1e-6 at ε = 2^−b.
            Remedy::Bits { bits, .. } => assert!((65..80).contains(&bits), "{bits}"),
            Remedy::Radius { entry, radius } => assert!(entry.scalar == "f32" && radius < 30.0),
            Remedy::Separation { entry, separation } => assert!(entry.scalar == "f32" && separation > 1e-3),
            Remedy::Tolerance { tolerance, .. } => assert!(tolerance > 1e-6),
        }
    }
}

#[test]
fn a_need_between_grid_points_gets_the_next_harder_one() {
    let error = |radius, separation, dim| {
        let ranking = choose(&Need::new(radius, separation, dim, 1.0).unwrap().scalars(&["f32"]).unwrap());
        let best = |e: &&hypprec::verdict::choose::Entry| {
            e.model == Model::Poincare && e.parts[0].variant == "best" && e.guard == "none"
        };
        ranking.fits.iter().find(best).unwrap().error().unwrap()
    };
    assert_eq!(error(7.0, 0.5, 10), error(8.0, 0.1, 16));
    assert!(error(7.0, 0.5, 10) > error(6.0, 1.0, 10));
}

#[test]
fn errors_grow_outwards_inwards_and_with_the_dimension() {
    let table = table();
    assert!(table.rows.len() > 500);
    let places = |i: usize, j: usize| hypprec::verdict::choose::Place { radius: i, separation: j };
    let size = |error: Option<f64>| error.unwrap_or(f64::INFINITY);
    for row in &table.rows {
        for j in 0..table.separations.len() {
            for i in 0..table.radii.len() {
                let here = size(row.error(places(i, j)));
                assert!(i == 0 || size(row.error(places(i - 1, j))) <= here, "{row:?}");
                assert!(j == 0 || size(row.error(places(i, j - 1))) >= here, "{row:?}");
            }
        }
    }
}

#[test]
fn several_operations_must_all_keep_the_tolerance() {
    let single = |op| {
        let need = Need::new(4.0, 0.1, 16, 1e-2).unwrap().scalars(&["f32"]).unwrap().ops(&[op]).unwrap();
        choose(&need).fits.into_iter().map(|entry| entry.model).collect::<Vec<_>>()
    };
    let need = Need::new(4.0, 0.1, 16, 1e-2).unwrap().scalars(&["f32"]).unwrap();
    let both = choose(&need.ops(&["distance", "log", "gradient"]).unwrap());
    assert!(!both.fits.is_empty());
    for entry in &both.fits {
        assert_eq!(entry.parts.len(), 3);
        assert!(entry.parts.iter().all(|part| part.error.unwrap() <= 1e-2));
        assert!(["distance", "log", "gradient"].iter().all(|op| single(op).contains(&entry.model)));
    }
}

#[test]
fn needs_that_make_no_sense_are_refused() {
    assert!(matches!(Need::new(1.0, 3.0, 2, 0.1), Err(NeedError::TooFarApart { .. })));
    assert!(matches!(Need::new(f64::NAN, 1.0, 2, 0.1), Err(NeedError::NotPositive { .. })));
    assert!(matches!(Need::new(1e4, 1.0, 2, 0.1), Err(NeedError::Beyond { .. })));
    assert!(matches!(Need::new(5.0, 1.0, 1 << 20, 0.1), Err(NeedError::Dimension { .. })));
    let need = Need::new(5.0, 1.0, 2, 0.1).unwrap();
    assert!(matches!(need.clone().scalars(&["f8"]), Err(NeedError::Unknown { .. })));
    assert!(matches!(need.ops(&["cuddle"]), Err(NeedError::Unknown { .. })));
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
