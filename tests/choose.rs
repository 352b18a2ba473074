//! `choose`: what is promised holds on fresh pairs, is never below what storing costs, and is ordered as it says.

mod common;

use common::{cases, hypprec, json, long};
use hypprec::arithmetic::Arithmetic;
use hypprec::formula::{Input, Model, Op, variant};
use hypprec::guard::{Precision, guard};
use hypprec::measure::{Case, Quantity, measure};
use hypprec::oracle::{Direction, Sample, Seeded};
use hypprec::verdict::bound::{Storage, Within, distance, rounding, storing};
use hypprec::verdict::choose::{Entry, Figure, NeedError, Of, Place, Ranking, Remedy, table};
use hypprec::verdict::search::{Pair, Subject, errors};
use hypprec::{Need, choose};
use rayon::prelude::*;
use serde_json::Value;

fn need(radius: f64, separation: f64, dim: usize, scalar: &str, tolerance: f64) -> Need {
    Need::new(radius, separation, dim, tolerance).unwrap().scalars(&[scalar]).unwrap()
}

/// Needs that were promised what fresh pairs did not keep, needs between the table's places and beyond them.
const NEEDS: [(f64, f64, usize, &str, f64); 12] = [
    (6.0, 1.0, 16, "f32", 1e-4),
    (10.0, 12.0, 16, "f32", 1e-6),
    (3.0, 0.1, 2, "f32", 1e-4),
    (12.0, 1.0, 16, "f32", 2e-2),
    (4.0, 1.0, 16, "bf16", 3e-1),
    (7.3, 0.7, 3, "f32", 1e-3),
    (2.5, 4.9, 2, "f16", 1e-1),
    (5.5, 1e-4, 16, "f64", 1e-3),
    (20.0, 3.0, 5, "f64", 1e-2),
    (0.3, 2e-7, 2, "f64", 1e-3),
    (45.0, 80.0, 3, "f32", 1e-3),
    (6.2, 11.0, 8, "f32", 1e-5),
];

/// A number in (0, 1) of its own for each index.
fn share(index: u64) -> f64 {
    let mut z = index.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Pairs within a radius and at no less than a separation, half of them as far out and as close as that.
fn fresh(radius: f64, separation: f64, dim: usize, n: u64) -> Vec<Sample> {
    let sample = |i: u64| {
        let draw = |k: u64| share(8 * i + k);
        let (inside, apart) = match i % 2 {
            0 => (radius, separation),
            _ => {
                let inside = 0.5 * separation + (radius - 0.5 * separation) * draw(0);
                (inside, separation * (2.0 * inside / separation).powf(draw(1)))
            }
        };
        let direction = Direction::ALL[(i / 2 % 5) as usize];
        let inner = match direction {
            Direction::Radial => inside - apart,
            Direction::Tangential => (inside.cosh() / apart.cosh()).max(1.0).acosh(),
            _ => inside,
        };
        let sample = Sample { c: 1.0, dim, radius: inner, separation: apart, direction, seed: i };
        let exists = match direction {
            Direction::Radial | Direction::Tangential => apart < inside && inner > 0.0,
            Direction::Level => apart < 2.0 * inside,
            _ => sample.geometry(256 + sample.bits_lost()).distance().lo().to_f64() >= separation,
        };
        exists.then_some(sample)
    };
    (0..n).filter_map(sample).collect()
}

/// The largest total error of an entry's distance on pairs; infinite where one has no answer.
fn worst(entry: &Entry, pairs: &[Sample]) -> (f64, Option<Sample>) {
    let arithmetic: Arithmetic = entry.scalar.parse().unwrap();
    let variant = variant(Op::Distance, entry.model, entry.parts[0].variant).unwrap();
    let case = [Case { variant, guard: guard(entry.guard).unwrap() }];
    let quantity = Quantity::value(Op::Distance, entry.model);
    let error = |sample: &Sample| {
        let group =
            hypprec::with_arithmetic!(arithmetic, |proto| measure(sample, quantity, entry.model, &proto, &case));
        group.unwrap().cells[0].parts.map_or(f64::INFINITY, |parts| parts.total.abs())
    };
    pairs.iter().map(|sample| (error(sample), Some(*sample))).fold((0.0, None), |a, b| if b.0 > a.0 { b } else { a })
}

#[test]
fn fresh_pairs_keep_what_is_promised() {
    let n = u64::from(cases(40));
    let (mut promised, mut measured) = (0, 0);
    for (radius, separation, dim, scalar, tolerance) in NEEDS {
        let ranking = choose(&need(radius, separation, dim, scalar, tolerance));
        assert!(!ranking.fits.is_empty(), "{radius} {separation} {scalar} {tolerance}");
        let pairs = fresh(radius, separation, dim, n);
        for entry in &ranking.fits {
            let (error, pair) = worst(entry, &pairs);
            let promise = entry.error().unwrap();
            assert!(error <= promise, "{radius} {separation} {dim}: {entry:?} {error:e} {pair:?}");
            (promised, measured) = (promised + 1, measured + pairs.len());
        }
    }
    println!("{promised} promises, {measured} cells");
    assert!(promised > 50, "{promised}");
}

/// Needs drawn at random, pairs to each, and what they come to where time is given: 100,000 fresh pairs.
const RANDOM_NEEDS: u64 = 12;
const RANDOM_NEEDS_LONG: u64 = 2000;
const PAIRS_OF_A_NEED: u64 = 50;
/// Every so many-th need is of another operation than the distance.
const OTHER_OPS: u64 = 4;

/// The most dimensions in which derivatives were drawn.
const GRADIENT_DIM: usize = 16;

/// A need between the table's places or beyond them, from its index alone.
fn random_need(index: u64) -> Need {
    let mut seeded = Seeded::new(index, &[10]);
    let mut draw = || 0.5 * (1.0 + seeded.uniform());
    let pick = |from: &[&'static str], share: f64| from[(share * from.len() as f64) as usize];
    let scalar = pick(&["f32", "f64", "bf16"], draw());
    let dim = [2, 3, 16, 128][(draw() * 4.0) as usize];
    let radius = 0.3 * 130f64.powf(draw());
    let closest: f64 = if scalar == "f64" { 1e-7 } else { 1e-3 };
    let separation = 2.0 * radius * (closest / radius).min(0.5).powf(draw());
    let op = pick(&["exp", "log", "add", "mlr", "transport", "gradient"], draw());
    let op = if index.is_multiple_of(OTHER_OPS) { op } else { "distance" };
    let dim = if op == "gradient" { dim.min(GRADIENT_DIM) } else { dim };
    // Promises are compared, so that any tolerance is as good: all that promise something fit.
    need(radius, separation, dim, scalar, 1.0).ops(&[op]).unwrap()
}

/// Pairs of a need that no table has seen: level, on a line, or anywhere; half of them as close and as far out as it allows.
fn random_pairs(need: &Need, index: u64) -> Vec<Pair> {
    let pair = |i: u64| {
        let mut seeded = Seeded::new(index, &[11, i]);
        let mut draw = || 0.5 * (1.0 + seeded.uniform());
        let most = need.separation().max(2.0 * need.radius() * draw());
        let (outer, apart) = match i % 2 {
            0 => (need.radius(), need.separation()),
            _ => (need.radius().min(0.5 * most * (1.0 + draw())), most),
        };
        let outer = outer.max(0.5 * apart).min(need.radius());
        let level = [1.0, 0.0, draw()][(i / 2 % 3) as usize];
        let inner_first = draw() < 0.5;
        Pair { inner_first, ..Pair::new(need.dim(), outer, level, apart.min(2.0 * outer), seeded.seed()) }
    };
    (0..PAIRS_OF_A_NEED).map(pair).collect()
}

/// What an entry's operation loses on a pair; infinite without an answer.
fn loses(entry: &Entry, pair: &Pair) -> f64 {
    let arithmetic: Arithmetic = entry.scalar.parse().unwrap();
    let part = &entry.parts[0];
    let (op, gradient) =
        if part.op == "gradient" { (Op::Distance, Some(Input::X)) } else { (part.op.parse().unwrap(), None) };
    let (model, quantity) = (entry.model, Quantity { op, gradient, to: entry.model });
    let variant = variant(op, model, part.variant).unwrap();
    let clamps = guard(entry.guard).unwrap().clamps;
    let errors = hypprec::with_arithmetic!(arithmetic, |proto| {
        errors(&Subject { quantity, model, variant, clamps, c: 1.0, like: &proto }, pair)
    });
    errors.map_or(f64::INFINITY, |errors| errors.total)
}

#[test]
fn fresh_pairs_of_random_needs_keep_what_is_promised() {
    let needs = if long() { RANDOM_NEEDS_LONG } else { RANDOM_NEEDS };
    let compared = (0..needs).into_par_iter().map(|index| {
        let need = random_need(index);
        let pairs = random_pairs(&need, index);
        // A clip that moves points is compared in another test.
        let clips = |entry: &&Entry| (guard(entry.guard).unwrap().clip)(Precision { bits: 24 }).is_none();
        let (mut cells, mut broken) = (0, Vec::new());
        for entry in choose(&need).fits.iter().filter(clips) {
            let worst = pairs.iter().map(|pair| (loses(entry, pair), pair)).max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
            if worst.0 > entry.error().unwrap() {
                broken.push(format!("{need:?}\n{entry:?}\n{worst:?}"));
            }
            cells += pairs.len();
        }
        (pairs.len(), cells, broken)
    });
    let compared: Vec<(usize, usize, Vec<String>)> = compared.collect();
    let sum = |of: fn(&(usize, usize, Vec<String>)) -> usize| compared.iter().map(of).sum::<usize>();
    println!("{needs} needs, {} pairs, {} cells", sum(|x| x.0), sum(|x| x.1));
    let broken: Vec<&String> = compared.iter().flat_map(|x| &x.2).collect();
    assert!(broken.is_empty(), "{} promises broken, the first of them:\n{}", broken.len(), broken[0]);
    assert!(sum(|x| x.1) > 1000);
}

#[test]
fn no_promise_is_below_what_storing_costs() {
    for (radius, separation, dim, _, _) in NEEDS {
        let ranking = choose(&Need::new(radius, separation, dim, 1.0).unwrap());
        for entry in ranking.fits.iter().chain(&ranking.rejected) {
            let part = &entry.parts[0];
            if let (Some(error), Some(storing)) = (part.error, part.storing) {
                let storage = Storage::named(&entry.scalar).unwrap();
                let bound = distance(entry.model, &storage, Within { radius, separation, dim });
                assert!(error >= storing && storing == bound, "{entry:?}");
                let drawn = [part.median, part.p999, part.worst].into_iter().flatten();
                assert!(drawn.into_iter().all(|x| x <= error), "{entry:?}");
            }
        }
    }
}

/// Two digits, rounded up, may be a tenth above what was found.
const DIGITS: f64 = 1.1;
/// Where storing leaves less than a tenth of an answer, a share of it says little.
const LEFT: f64 = 0.1;

#[test]
fn what_was_found_of_the_own_distance_is_within_what_is_proved() {
    let (mut compared, table) = (0, table());
    for row in table.rows.iter().filter(|row| (row.op, row.guard) == ("distance", "none")) {
        let storage = Storage::named(row.scalar).unwrap();
        for (i, radius) in table.radii.iter().enumerate() {
            for (j, separation) in table.separations.iter().enumerate() {
                let within = Within { radius: *radius, separation: *separation, dim: row.dim };
                let storing = distance(row.model, &storage, within);
                let place = Place { radius: i, separation: j };
                if *separation > 2.0 * radius || storing > LEFT {
                    continue;
                }
                let found = |figure| row.figure(figure, place).unwrap();
                if row.variant == "storing" {
                    assert!(found(Figure::Total) <= DIGITS * storing, "{row:?} {within:?}: {storing:e}");
                    compared += 1;
                } else if row.variant == "best" {
                    let proved = rounding(Op::Distance, row.model, row.scalar, within).unwrap();
                    assert!(
                        found(Figure::Rounding) <= DIGITS * proved * (1.0 + storing),
                        "{row:?} {within:?}: {proved:e}"
                    );
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 1000, "{compared}");
}

/// Of the table's places one in so many is compared where time is short.
const SOME_PLACES: usize = 7;

#[test]
fn what_storing_was_found_to_cost_other_operations_is_within_what_is_proved() {
    let (mut compared, table) = (0, table());
    let places = |i: usize, j: usize| long() || (i + 3 * j).is_multiple_of(SOME_PLACES);
    for row in table.rows.iter().filter(|row| row.op != "distance" && row.variant == "storing") {
        let arithmetic = Storage::named(row.scalar).unwrap();
        let (op, by) = match row.op {
            "gradient" => (Op::Distance, Some(Input::X)),
            op => (op.parse().unwrap(), None),
        };
        for (i, radius) in table.radii.iter().enumerate() {
            for (j, separation) in table.separations.iter().enumerate().filter(|(j, _)| places(i, *j)) {
                if *separation > 2.0 * radius {
                    continue;
                }
                let within = Within { radius: *radius, separation: *separation, dim: row.dim };
                let bound = storing(op, by, row.model, &arithmetic, within).unwrap();
                if bound > LEFT {
                    continue;
                }
                let found = row.figure(Figure::Total, Place { radius: i, separation: j }).unwrap();
                assert!(found <= DIGITS * bound, "{row:?} {within:?}: {bound:e}");
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn six_from_the_origin_and_one_apart_at_a_millionth_is_not_for_f32() {
    let words = "choose --radius 6 --separation 1 --dim 16 --scalar f32 --tolerance 1e-6";
    let ranking = json(&format!("{words} --json"));
    assert_eq!(ranking["fit"], Value::Bool(false));
    let kind = |kind: &str| ranking["nearest"].as_array().unwrap().iter().find(|r| r["kind"] == kind).unwrap().clone();
    assert_eq!(kind("arithmetic")["entry"]["scalar"], "f64");
    // 2u sinh 6 ≤ 1e-6 at u = 2^−29.
    assert_eq!(kind("bits")["bits"], 29);
    let tolerance = kind("tolerance")["tolerance"].as_f64().unwrap();
    assert!(tolerance > 2.13e-5 && tolerance < 2.3e-5, "{tolerance}");
    let radius = kind("radius")["radius"].as_f64().unwrap();
    // sinh R = ½ · 1e-6 · cosh ½/u − …: the last rounding takes u of the tolerance.
    assert!(radius > 2.8 && radius < 3.0, "{radius}");
    let text = String::from_utf8(hypprec(words).stdout).unwrap();
    assert!(
        text.starts_with("None fits") && text.contains("f64") && text.contains("storing alone costs 2.2e-5"),
        "{text}"
    );
}

#[test]
fn the_order_is_native_then_proved_then_cheap() {
    let order = |entry: &Entry, any: bool| {
        let native = !any || ["f32", "f64"].contains(&entry.scalar.as_str());
        (!native, !entry.proved(), entry.model == Model::LorentzAmbient, entry.cost().unwrap_or(f64::MAX))
    };
    let any = choose(&Need::new(3.0, 0.5, 16, 1e-2).unwrap());
    let one = choose(&need(3.0, 0.5, 16, "f32", 1e-2));
    for (ranking, any) in [(&any, true), (&one, false)] {
        assert!(ranking.fits.len() > 5);
        assert!(ranking.fits.is_sorted_by(|a, b| order(a, any) <= order(b, any)));
        assert!(ranking.fits[0].proved());
    }
    assert!(any.fits.iter().any(|entry| entry.scalar == "dd"));
    let text =
        String::from_utf8(hypprec("choose --radius 3 --separation 0.5 --tolerance 1e-2 --top 30").stdout).unwrap();
    assert!(text.contains("Order:") && text.contains("proved") && text.contains("found, not proved"), "{text}");
}

#[test]
fn a_guard_that_does_nothing_is_no_row_of_its_own() {
    let ranking = choose(&need(2.0, 0.5, 16, "f64", 1e-3));
    let same =
        |a: &Entry, b: &Entry| (a.model, &a.scalar, a.parts[0].variant) == (b.model, &b.scalar, b.parts[0].variant);
    for (i, entry) in ranking.fits.iter().enumerate() {
        for other in &ranking.fits[..i] {
            let figures = |e: &Entry| (e.parts[0].median, e.parts[0].p999, e.parts[0].rounding);
            assert!(!same(entry, other) || figures(entry) != figures(other), "{entry:?} {other:?}");
        }
    }
    assert!(ranking.fits.iter().any(|entry| !entry.idle_guards.is_empty()));
}

#[test]
fn of_says_which_error_has_to_keep_the_tolerance() {
    let error = |of: Of| {
        let ranking = choose(&need(6.0, 1.0, 16, "f32", 1.0).of(of));
        let best = |e: &&Entry| e.model == Model::Poincare && e.parts[0].variant == "best" && e.guard == "none";
        let entry = ranking.fits.iter().find(best).unwrap().clone();
        assert_eq!(entry.proved(), of == Of::Bound);
        entry.error().unwrap()
    };
    assert!(error(Of::Median) < error(Of::P999) && error(Of::P999) < error(Of::Bound));
    let words = "choose --radius 6 --separation 1 --scalar f32 --tolerance 1e-5 --json";
    assert_eq!(json(words)["fit"], Value::Bool(false));
    assert_eq!(json(&format!("{words} --of median"))["fit"], Value::Bool(true));
}

#[test]
fn what_was_not_searched_is_left_out_and_said() {
    let Ranking { fits, left_out, drawn_at, .. } = choose(&Need::new(60.0, 1e-9, 16, 1.0).unwrap());
    assert!(drawn_at.is_none() && fits.iter().all(|entry| entry.proved() && entry.parts[0].draws == 0));
    assert!(left_out.iter().any(|left| left.why.contains("not searched beyond radius")), "{left_out:?}");
    let wide = choose(&Need::new(2.0, 1.0, 100_000, 1e-2).unwrap());
    assert!(!wide.fits.is_empty() && wide.left_out.iter().any(|left| left.why.contains("100000 dimensions")));
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
    let ranking = choose(&need(30.0, 1e-3, 16, "f32", 1e-6));
    assert!(ranking.fits.is_empty() && !ranking.rejected.is_empty());
    for remedy in ranking.nearest {
        match remedy {
            Remedy::Arithmetic(entry) => assert!(entry.error().unwrap() <= 1e-6 && entry.scalar == "dd"),
            // 2u sinh R/D = 1e-6 at u = 2^−b.
            Remedy::Bits { bits, .. } => assert!((65..80).contains(&bits), "{bits}"),
            Remedy::Radius { entry, radius } => assert!(entry.scalar == "f32" && radius < 30.0),
            Remedy::Separation { entry, separation } => assert!(entry.scalar == "f32" && separation > 1e-3),
            Remedy::Tolerance { tolerance, .. } => assert!(tolerance > 1e-6),
        }
    }
}

#[test]
fn a_need_between_the_places_of_the_table_gets_its_own_bound() {
    let best = |radius, separation, dim| {
        let ranking = choose(&need(radius, separation, dim, "f32", 1.0));
        let best = |e: &&Entry| e.model == Model::Poincare && e.parts[0].variant == "best" && e.guard == "none";
        ranking.fits.iter().find(best).unwrap().error().unwrap()
    };
    let between = best(7.0, 0.7, 10);
    assert!(between > 1.1 * best(6.8, 0.75, 10) && between < 0.9 * best(7.2, 0.65, 10));
}

#[test]
fn what_was_found_grows_outwards_inwards_and_with_the_dimension() {
    let table = table();
    assert!(table.rows.len() > 300);
    let size = |error: Option<f64>| error.unwrap_or(f64::INFINITY);
    for row in &table.rows {
        let figures = Figure::ALL.into_iter().filter(|f| row.variant != "storing" || *f != Figure::Rounding);
        for figure in figures {
            for separation in 0..table.separations.len() {
                for radius in 0..table.radii.len() {
                    let here = size(row.figure(figure, Place { radius, separation }));
                    let inner = radius.checked_sub(1).map(|radius| Place { radius, separation });
                    assert!(inner.is_none_or(|inner| size(row.figure(figure, inner)) <= here), "{row:?}");
                    let closer = separation.checked_sub(1).map(|separation| Place { radius, separation });
                    assert!(closer.is_none_or(|closer| size(row.figure(figure, closer)) >= here), "{row:?}");
                }
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
    let need = Need::new(5.0, 1.0, 2, 0.1).unwrap();
    assert!(matches!(need.clone().scalars(&["f8"]), Err(NeedError::Unknown { .. })));
    assert!(matches!(need.clone().ops(&["cuddle"]), Err(NeedError::Unknown { .. })));
    let wide = Need::new(5.0, 1.0, 1 << 20, 0.1).unwrap();
    assert!(matches!(wide.ops(&["exp"]), Err(NeedError::Dimension { .. })));
    assert!(matches!(Need::new(5.0, 1.0, 0, 0.1), Err(NeedError::NoDimension)));
}

#[test]
fn what_holds_of_every_pair_holds_of_most() {
    // The table's pairs there have no answer, or lie closer together: what is proved is no worse for it.
    let hard = [(0.165, 0.2413, 3, "f16", 0.0150726), (6.0, 1e-3, 16, "f32", 1e-2), (12.0, 3.0, 128, "f64", 1e-6)];
    for (radius, separation, dim, scalar, tolerance) in hard {
        let fits = |of| choose(&need(radius, separation, dim, scalar, tolerance).of(of)).fits;
        let bound = fits(Of::Bound);
        for of in [Of::P999, Of::Median] {
            let shares = fits(of);
            for entry in &bound {
                let same = |other: &&Entry| {
                    (other.model, other.guard) == (entry.model, entry.guard)
                        && other.parts[0].variant == entry.parts[0].variant
                };
                let share = shares.iter().find(same).and_then(Entry::error);
                assert!(share.is_some_and(|share| Some(share) <= entry.error()), "{of:?}: {entry:?}: {share:?}");
            }
        }
        // Nothing was found that is as large as what is promised of all.
        let drawn = |entry: &Entry| [entry.parts[0].median, entry.parts[0].p999, entry.parts[0].worst];
        assert!(bound.iter().all(|entry| drawn(entry).into_iter().flatten().all(|x| Some(x) < entry.error())));
    }
}
