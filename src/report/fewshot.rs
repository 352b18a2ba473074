//! The page of few-shot runs: accuracy by head, what the differences are worth, how it was learned, and what others report.

use super::ReportError;
use super::page::Page;
use super::picture::Curves;
use super::training::percent;
use crate::table::Provenance;
use crate::train::{
    DifferenceRow, FIXED_RADIUS, FewShotRow, Geometry, HeadRow, METHODS, NotRunRow, PROTONET, ReportedRow, RunCurveRow,
    released_clip,
};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const EUCLIDEAN: &str = "euclidean";

fn is_hyperbolic(head: &str) -> bool {
    matches!(head.parse(), Ok(Geometry::Hyperbolic(_)))
}

/// The head of a run, or its method where that is not prototypes.
fn named<'a>(method: &'a str, head: &'a str) -> &'a str {
    if method == PROTONET { head } else { method }
}

/// The set, the classes and the shots of a test.
fn test_of(row: &FewShotRow) -> (&str, usize, usize) {
    (&row.dataset, row.way, row.shot)
}

/// What tells a run, its test left out.
fn run_of(row: &FewShotRow) -> (String, u64) {
    (format!("{} {} {}", row.method, row.head, row.variant), row.seed)
}

fn with_interval(accuracy: f64, ci95: f64) -> String {
    format!("{:.2} ± {:.2}", 100.0 * accuracy, 100.0 * ci95)
}

/// The head, or the method, that a difference's run begins with.
fn head_of(run: &str) -> &str {
    run.split(' ').next().unwrap_or_default()
}

/// The page of runs: `rows` a run and kind of test, `curves` an epoch, `differences` two runs on the same test episodes, `heads`
/// another head on the backbone of a run.
#[allow(clippy::too_many_arguments)]
pub fn few_shot(
    folder: &Path,
    name: &str,
    provenance: &Provenance,
    rows: &[FewShotRow],
    curves: &[RunCurveRow],
    differences: &[DifferenceRow],
    heads: &[HeadRow],
    (reported, not_run): (&[ReportedRow], &[NotRunRow]),
) -> Result<PathBuf, ReportError> {
    let mut page = Page::new(
        folder,
        &format!("Is hyperbolic geometry warranted in few-shot learning, and does the model matter? ({name})"),
    );
    page.heading("The answer");
    page.text(&answer(rows, curves, differences));
    budget(&mut page, rows);
    page.heading("Accuracy");
    page.text(
        "In percent, with 1.96 σ/√n over the test episodes; one run each, so that other seeds are not in the interval.",
    );
    let tests: BTreeSet<(&str, usize, usize)> = rows.iter().map(test_of).collect();
    let mut header = vec![
        "method".to_owned(),
        "head".to_owned(),
        "formulas and logit".to_owned(),
        "guard".into(),
        "c".into(),
        "seed".into(),
    ];
    header.extend(tests.iter().map(|(set, way, shot)| format!("{set} {way}-way {shot}-shot")));
    let mut seen = BTreeSet::new();
    let table =
        rows.iter().filter(|row| seen.insert((run_of(row), row.guard.clone(), row.scalar.clone()))).map(|row| {
            let c = if is_hyperbolic(&row.head) { format!("{}", row.c) } else { String::new() };
            let told = [&row.method, &row.head, &row.variant, &row.guard].map(String::clone);
            let mut cells = told.to_vec();
            cells.extend([c, row.seed.to_string()]);
            cells.extend(tests.iter().map(|test| {
                let same = |other: &&FewShotRow| {
                    run_of(other) == run_of(row)
                        && (other.guard == row.guard && other.scalar == row.scalar)
                        && test_of(other) == *test
                };
                rows.iter().find(same).map_or(String::new(), |row| with_interval(row.accuracy, row.ci95))
            }));
            cells
        });
    let table: Vec<Vec<String>> = table.collect();
    page.table(&header.iter().map(String::as_str).collect::<Vec<_>>(), table);
    apart(&mut page, differences);
    learning(&mut page, curves)?;
    under_other_heads(&mut page, heads);
    others(&mut page, rows, reported);
    missing(&mut page, rows, not_run);
    page.write(provenance)
}

/// What was trained and tested, and whether it is what others train.
fn budget(page: &mut Page, rows: &[FewShotRow]) {
    let Some(first) = rows.first() else { return };
    let budgets: BTreeSet<(u64, u64, u32)> = rows.iter().map(|row| (row.episodes, row.images, row.tests)).collect();
    let seconds: f64 = rows.iter().filter(|row| test_of(row) == test_of(first)).map(|row| row.seconds).sum();
    let devices: BTreeSet<&str> = rows.iter().map(|row| row.device.as_str()).collect();
    let protocols: BTreeSet<&str> = rows.iter().map(|row| row.protocol.as_str()).collect();
    for (episodes, images, tests) in &budgets {
        page.text(&format!(
            "{}, {}: {episodes} training episodes, {images} images through the backbone, {tests} test episodes of each kind. The \
             protocol is {}.",
            first.dataset,
            first.backbone,
            protocols.iter().copied().collect::<Vec<_>>().join(" and ")
        ));
    }
    if budgets.len() == 1 {
        page.text("Every run had the same budget, the same training episodes and the same test episodes.");
    }
    page.text(&format!(
        "{:.1} hours of {} in all, beside other work on the same machine.",
        seconds / 3600.0,
        devices.into_iter().collect::<Vec<_>>().join("; ")
    ));
}

/// How many of the differences that a question is about are outside their intervals, and to which side.
fn counted<'a>(differences: impl Iterator<Item = &'a DifferenceRow>) -> (usize, usize, usize) {
    differences.fold((0, 0, 0), |(all, more, less), row| {
        let outside = row.difference.abs() > row.ci95;
        (
            all + 1,
            more + usize::from(outside && row.difference > 0.0),
            less + usize::from(outside && row.difference < 0.0),
        )
    })
}

/// Whether hyperbolic heads are better than flat ones, in one sentence, from how often they are and are not.
fn verdict(euclidean: (usize, usize, usize), fixed: (usize, usize, usize)) -> String {
    let (all, more, less) = (euclidean.0 + fixed.0, euclidean.1 + fixed.1, euclidean.2 + fixed.2);
    let said = match (all, more, less) {
        (0, _, _) => return String::new(),
        (_, 0, 0) => {
            "Hyperbolic geometry is not warranted by these runs: no head is better and none worse than the flat ones."
        }
        (_, 0, _) => {
            "Hyperbolic geometry is not warranted by these runs: where a difference shows, the flat heads are better."
        }
        (_, _, 0) => "Hyperbolic geometry is warranted by these runs where a difference shows.",
        _ if fixed.1 == 0 => {
            "Hyperbolic heads are better than Euclidean prototypes here, but never than a fixed radius."
        }
        _ => "These runs are divided over whether hyperbolic geometry is warranted.",
    };
    format!("{said} ")
}

fn answer(rows: &[FewShotRow], curves: &[RunCurveRow], differences: &[DifferenceRow]) -> String {
    // A difference is told from the side of the hyperbolic run.
    let turned: Vec<DifferenceRow> = differences
        .iter()
        .flat_map(|row| {
            let other = DifferenceRow {
                run: row.against.clone(),
                against: row.run.clone(),
                difference: -row.difference,
                ..row.clone()
            };
            [row.clone(), other]
        })
        .collect();
    let against = |flat: &str| {
        let of = turned.iter().filter(|row| is_hyperbolic(head_of(&row.run)) && head_of(&row.against) == flat);
        counted(of)
    };
    let said = |(all, more, less): (usize, usize, usize), what: &str| match all {
        0 => String::new(),
        _ => format!(
            "Against {what} a hyperbolic head is better in {more} of {all} comparisons, worse in {less}, and the rest are inside of \
             the intervals. "
        ),
    };
    let mut text = verdict(against(EUCLIDEAN), against(FIXED_RADIUS))
        + &said(against(EUCLIDEAN), "the Euclidean prototypes")
        + &said(against(FIXED_RADIUS), "the fixed radius");
    let between =
        differences.iter().filter(|row| is_hyperbolic(head_of(&row.run)) && is_hyperbolic(head_of(&row.against)));
    let (all, more, less) = counted(between);
    if all > 0 {
        text += if more + less == 0 { "The model does not matter: of " } else { "The model matters: of " };
        text +=
            &format!("{all} comparisons between two hyperbolic heads {} are outside of the intervals. ", more + less);
    }
    let of_methods =
        turned.iter().filter(|row| METHODS.contains(&head_of(&row.run)) && head_of(&row.against) == EUCLIDEAN);
    text += &match counted(of_methods) {
        (0, _, _) => String::new(),
        (all, more, less) => format!(
            "Other methods on the same backbone are better than Euclidean prototypes in {more} of {all} comparisons and worse in \
             {less}. "
        ),
    };
    let farthest = curves.iter().filter(|row| is_hyperbolic(&row.head)).map(|row| row.feature_max).fold(0.0, f64::max);
    if farthest > 0.0 {
        text += &format!(
            "The longest feature of any epoch has √c‖v‖ = {farthest:.2}; the released code's clip begins at {:.2}: it {}. ",
            released_clip(),
            if farthest > released_clip() {
                "is reached"
            } else {
                "is never reached, and no guard of that size would act"
            }
        );
    }
    if rows.iter().any(|row| row.protocol == "reduced") {
        text += "The training is a part of the full protocol's, so that these are no answers for heads trained to their end.";
    }
    text
}

fn apart(page: &mut Page, differences: &[DifferenceRow]) {
    page.heading("Differences on the same episodes");
    page.text(
        "In points of accuracy: the mean difference of an episode with 1.96 σ/√n. \"None\" is inside of it. One in twenty true nones \
         looks like a difference.",
    );
    let row = |row: &DifferenceRow| {
        let outside = row.difference.abs() > row.ci95;
        let figure = format!("{:+.2} ± {:.2}", 100.0 * row.difference, 100.0 * row.ci95);
        let said = if outside { figure } else { format!("none ({figure})") };
        vec![format!("{}-way {}-shot", row.way, row.shot), row.run.clone(), row.against.clone(), said]
    };
    page.table(&["test", "run", "against", "difference"], differences.iter().map(row).collect());
}

fn learning(page: &mut Page, curves: &[RunCurveRow]) -> Result<(), ReportError> {
    let runs: BTreeSet<String> = curves.iter().map(told).collect();
    if runs.is_empty() {
        return Ok(());
    }
    page.heading("Learning");
    let series = |value: fn(&RunCurveRow) -> f64| -> Vec<(String, Vec<(f64, f64)>)> {
        let of = |run: &String| {
            let points = curves.iter().filter(|row| told(row) == *run).map(|row| (f64::from(row.epoch), value(row)));
            (run.clone(), points.collect())
        };
        runs.iter().map(of).collect()
    };
    let validation = Curves {
        title: "Validation".to_owned(),
        y: "share right".to_owned(),
        series: series(|row| row.valid_accuracy),
    };
    page.plot("validation", &validation, "Accuracy of the validation episodes by epoch; the best epoch was tested.")?;
    let lengths = Curves {
        title: "Feature norms before exp0".to_owned(),
        y: "√c |v|".to_owned(),
        series: series(|row| row.feature_p99),
    };
    let caption = format!(
        "99 % of the validation images lie below; without a factor in Euclid's space. The paper's clip acts beyond {:.2}.",
        released_clip()
    );
    page.plot("features", &lengths, &caption)?;
    let past: Vec<_> = series(|row| row.share_past_released_clip);
    let hyperbolic = |run: &String| curves.iter().any(|row| told(row) == *run && is_hyperbolic(&row.head));
    let clip = Curves {
        title: "Features past the released clip".to_owned(),
        y: "share of features".to_owned(),
        series: past.into_iter().filter(|(run, _)| hyperbolic(run)).collect(),
    };
    if !clip.series.is_empty() {
        let caption = format!(
            "Share of the validation images with √c‖v‖ beyond {:.2}, where the released code's clip acts, by epoch, whatever clip \
             the run itself has.",
            released_clip()
        );
        page.plot("clip", &clip, &caption)?;
    }
    let clipped = curves.iter().map(|row| row.share_at_clip).fold(0.0, f64::max);
    page.text(&format!(
        "The largest share of features that a run's own guard moved in any epoch: {}.",
        percent(clipped)
    ));
    Ok(())
}

/// What formulas, guards and arithmetics do to the answers of one backbone.
fn under_other_heads(page: &mut Page, heads: &[HeadRow]) {
    if heads.is_empty() {
        return;
    }
    page.heading("Precision: the same backbones under other heads");
    page.text(
        "Nothing is trained again: the features of each backbone go through other formulas, guards and arithmetics, at the \
         curvature of the training and at others, and every head is held against the project's own formulas in f64 without a \
         guard at that curvature. \"Changed\" is the share of queries that go to another class.",
    );
    let mut places: Vec<(f64, f64)> = heads.iter().map(|row| (row.c, row.feature_max)).collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    places.dedup_by_key(|(c, _)| c.to_bits());
    for (c, _) in &places {
        let of: Vec<&HeadRow> = heads.iter().filter(|row| row.c == *c).collect();
        let (low, high) = of
            .iter()
            .fold((f64::INFINITY, 0.0f64), |(low, high), row| (low.min(row.feature_max), high.max(row.feature_max)));
        let same = of.iter().filter(|row| row.changed == 0.0).count();
        let outside = of.iter().filter(|row| row.difference.abs() > row.difference_ci95).count();
        let most = of.iter().map(|row| row.changed).fold(0.0, f64::max);
        page.text(&format!(
            "At c = {c} the longest features have √c‖v‖ = {low:.2} to {high:.2}. Of {} heads {same} change no query, none more than {}; \
             in {outside} the accuracy of an episode differs by more than its interval.",
            of.len(),
            percent(most)
        ));
    }
    let mut moved: Vec<&HeadRow> = heads.iter().filter(|row| row.changed > 0.0).collect();
    moved.sort_by(|a, b| b.changed.total_cmp(&a.changed));
    let row = |row: &&HeadRow| {
        let difference = format!("{:+.2} ± {:.2}", 100.0 * row.difference, 100.0 * row.difference_ci95);
        vec![
            row.model.clone(),
            format!("{}", row.c),
            format!("{}+{}+{}", row.exp0, row.distance, row.midpoint),
            row.guard.clone(),
            row.scalar.clone(),
            percent(row.share_at_clip),
            percent(row.changed),
            difference,
            row.nonfinite.to_string(),
        ]
    };
    let header = [
        "model",
        "c",
        "formulas",
        "guard",
        "scalar",
        "moved by the guard",
        "changed",
        "accuracy, points",
        "not finite",
    ];
    page.table(&header, moved.iter().map(row).collect());
}

fn told(row: &RunCurveRow) -> String {
    let seed = if row.seed == 0 { String::new() } else { format!(" seed {}", row.seed) };
    format!("{}{seed}", named(&row.method, &row.head))
}

/// What has no run in these tables, and what it would take.
fn missing(page: &mut Page, rows: &[FewShotRow], not_run: &[NotRunRow]) {
    let has = |asked: &NotRunRow| {
        let same = |row: &FewShotRow| {
            (&row.dataset, &row.method, &row.protocol) == (&asked.dataset, &asked.method, &asked.protocol)
        };
        rows.iter().any(same)
    };
    let cells = |row: &NotRunRow| {
        let command = if row.command.is_empty() { "none".to_owned() } else { row.command.clone() };
        vec![row.dataset.clone(), row.method.clone(), row.protocol.clone(), row.why.clone(), row.cost.clone(), command]
    };
    let table: Vec<Vec<String>> = not_run.iter().filter(|row| !has(row)).map(cells).collect();
    if !table.is_empty() {
        page.heading("Not run");
        page.table(&["dataset", "method", "protocol", "why", "what it takes", "command"], table);
    }
}

fn others(page: &mut Page, rows: &[FewShotRow], reported: &[ReportedRow]) {
    let datasets: BTreeSet<&str> = rows.iter().map(|row| row.dataset.as_str()).collect();
    let row = |row: &ReportedRow| {
        let interval = row.ci95.map_or(String::new(), |ci95| format!(" ± {:.2}", 100.0 * ci95));
        vec![
            row.dataset.clone(),
            row.backbone.clone(),
            row.method.clone(),
            format!("{}-way {}-shot", row.way, row.shot),
            format!("{:.2}{interval}", 100.0 * row.accuracy),
            row.reported.clone(),
        ]
    };
    let table: Vec<Vec<String>> =
        reported.iter().filter(|row| datasets.contains(row.dataset.as_str())).map(row).collect();
    if !table.is_empty() {
        page.heading("Reported by others");
        page.text("Not measured here; splits and training differ from paper to paper.");
        page.table(&["dataset", "backbone", "method", "test", "accuracy", "reported by"], table);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(run: &str, against: &str, difference: f64) -> DifferenceRow {
        let (run, against) = (run.to_owned(), against.to_owned());
        DifferenceRow { dataset: "x".into(), way: 5, shot: 1, run, against, tests: 10, difference, ci95: 0.01 }
    }

    #[test]
    fn the_answer_follows_from_what_is_outside_of_the_intervals() {
        let of = |rows: &[DifferenceRow]| answer(&[], &[], rows);
        let flat = [difference("klein -d", "euclidean -d²", 0.005), difference("klein -d", "fixed-radius", -0.002)];
        assert!(of(&flat).starts_with("Hyperbolic geometry is not warranted by these runs: no head is better"));
        // Told from either side.
        let worse = [difference("euclidean -d²", "klein -d", 0.05)];
        assert!(of(&worse).starts_with("Hyperbolic geometry is not warranted by these runs: where a difference"));
        let better = [difference("klein -d", "euclidean -d²", 0.05), difference("klein -d", "fixed-radius", 0.02)];
        assert!(of(&better).starts_with("Hyperbolic geometry is warranted"));
        let radius = [difference("klein -d", "euclidean -d²", 0.05), difference("klein -d", "fixed-radius", -0.02)];
        assert!(of(&radius).contains("but never than a fixed radius"));
        let models = [difference("klein -d", "poincare -d", 0.005), difference("klein -d", "lorentz -d", -0.02)];
        assert!(of(&models).contains("The model matters: of 2 comparisons between two hyperbolic heads 1 are outside"));
        let methods = [difference("euclidean -d²", "dn4", -0.05), difference("tpn", "euclidean -d²", -0.05)];
        assert!(of(&methods).contains("better than Euclidean prototypes in 1 of 2 comparisons and worse in 1"));
    }
}
