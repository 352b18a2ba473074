//! The page of grids of training runs: where features lie, what they lose there, which runs stopped, and which differences
//! are larger than the seeds' own.

use super::ReportError;
use super::page::Page;
use super::picture::Curves;
use super::training::percent;
use crate::arithmetic::Arithmetic;
use crate::formula::{BEST, Model};
use crate::table::Provenance;
use crate::train::{EpochRow, Geometry, Head, ResultRow, StopRow, released_clip};
use statrs::distribution::{ContinuousCDF, StudentsT};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Everything that tells a run from another but its seed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Setting {
    trained: String,
    dim: usize,
    epochs: u32,
    model: String,
    variant: String,
    guard: String,
    backbone: String,
    head: String,
    /// As it is printed.
    c: String,
}

const ALL: &str = "all";
const EUCLIDEAN: &str = "euclidean";
const OURS: &str = "best+best";
const UNGUARDED: &str = "none";
const F32: &str = "f32";
const BF16: &str = "bf16";
/// Coverage of every interval.
const CONFIDENCE: f64 = 0.95;
/// Rows of a table of differences.
const MOST: usize = 24;

impl Setting {
    fn of(row: &ResultRow) -> Setting {
        Setting {
            trained: row.trained.clone(),
            dim: row.dim,
            epochs: row.epochs,
            model: row.model.clone(),
            variant: row.variant.clone(),
            guard: row.guard.clone(),
            backbone: row.backbone_scalar.clone(),
            head: row.head_scalar.clone(),
            c: format!("{}", row.c),
        }
    }
    fn arithmetic(&self) -> String {
        if self.backbone == self.head { self.head.clone() } else { format!("{}, head {}", self.backbone, self.head) }
    }
    fn formulas(&self) -> String {
        let formulas = if self.variant == OURS { "ours" } else { &self.variant };
        if self.guard == UNGUARDED { formulas.to_owned() } else { format!("{formulas} under {}", self.guard) }
    }
    fn is_ours(&self) -> bool {
        self.variant == OURS && self.guard == UNGUARDED
    }
}

/// Mean and half-width of its interval over seeds (Student's t); the half is `None` of a single run.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Interval {
    mean: f64,
    half: Option<f64>,
}

/// Student's t that leaves a share of 1 − [`CONFIDENCE`] outside on both sides.
fn student(freedom: f64) -> f64 {
    let t = StudentsT::new(0.0, 1.0, freedom).expect("degrees of freedom are positive");
    t.inverse_cdf(0.5 + CONFIDENCE / 2.0)
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

/// The variance of the mean of a sample of at least two.
fn variance_of_mean(x: &[f64]) -> f64 {
    let m = mean(x);
    x.iter().map(|x| (x - m).powi(2)).sum::<f64>() / ((x.len() - 1) * x.len()) as f64
}

fn interval(x: &[f64]) -> Interval {
    let half = (x.len() > 1).then(|| student((x.len() - 1) as f64) * variance_of_mean(x).sqrt());
    Interval { mean: mean(x), half }
}

/// a − b in the mean, with Welch's interval; no half-width where one of them is a single run.
fn difference(a: &[f64], b: &[f64]) -> Interval {
    let both = a.len() > 1 && b.len() > 1;
    let half = both.then(|| {
        let (u, v) = (variance_of_mean(a), variance_of_mean(b));
        let freedom = (u + v).powi(2) / (u.powi(2) / (a.len() - 1) as f64 + v.powi(2) / (b.len() - 1) as f64);
        // Both without spread: nothing to divide.
        if u + v == 0.0 { 0.0 } else { student(freedom) * (u + v).sqrt() }
    });
    Interval { mean: mean(a) - mean(b), half }
}

fn points(interval: Interval) -> String {
    let half = interval.half.map_or(String::new(), |half| format!(" ± {:.2}", 100.0 * half));
    format!("{:.2}{half}", 100.0 * interval.mean)
}

/// Settings that are compared with another of which they differ in one thing.
struct Comparison {
    question: &'static str,
    /// The setting to compare with; `None` where the question is not about this one.
    with: fn(&Setting) -> Option<Setting>,
}

const COMPARISONS: &[Comparison] = &[
    Comparison {
        question: "Does a hyperbolic head do better than the Euclidean baseline?",
        with: |s| {
            let twin = Setting { model: EUCLIDEAN.to_owned(), c: "1".to_owned(), ..s.clone() };
            (s.model != EUCLIDEAN && s.is_ours()).then_some(twin)
        },
    },
    Comparison {
        question: "Does another model do better than the Poincaré ball?",
        with: |s| {
            let ball = Setting { model: "poincare".to_owned(), ..s.clone() };
            (s.model != "poincare" && s.model != EUCLIDEAN && s.is_ours()).then_some(ball)
        },
    },
    Comparison {
        question: "Do published formulas or guards do better than our formulas without a guard?",
        with: |s| {
            let ours = Setting { variant: OURS.to_owned(), guard: UNGUARDED.to_owned(), ..s.clone() };
            (!s.is_ours()).then_some(ours)
        },
    },
    Comparison {
        question: "Does another arithmetic do better than f32?",
        with: |s| {
            let plain = s.backbone == F32 && s.head == F32;
            let single = Setting { backbone: F32.to_owned(), head: F32.to_owned(), ..s.clone() };
            (!plain).then_some(single)
        },
    },
    Comparison {
        question: "Does a head of f32 help a network in bf16?",
        with: |s| {
            let throughout = Setting { head: BF16.to_owned(), ..s.clone() };
            (s.backbone == BF16 && s.head == F32).then_some(throughout)
        },
    },
];

/// The page of one or several grids: `rows` a run, `epochs` a run and epoch of those that train all layers, `stops` the runs
/// that ended because numbers ceased to be finite.
pub fn training_grid(
    folder: &Path,
    name: &str,
    provenance: &Provenance,
    rows: &[ResultRow],
    epochs: &[EpochRow],
    stops: &[StopRow],
) -> Result<PathBuf, ReportError> {
    let mut settings: BTreeMap<Setting, Vec<f64>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.test_accuracy.is_finite()) {
        settings.entry(Setting::of(row)).or_default().push(row.test_accuracy);
    }
    let mut page = Page::new(folder, &format!("What do model, formula, guard and arithmetic do to training? ({name})"));
    let hours = rows.iter().map(|row| row.seconds).sum::<f64>() / 3600.0;
    let devices: BTreeSet<&str> = rows.iter().map(|row| row.device.as_str()).collect();
    page.text(&format!(
        "{} runs of {} settings, {hours:.1} hours of {}. \"Ours\" are the project's own formulas without any guard. \
         Accuracies are means over seeds with a 95 % interval (Student's t); differences have Welch's interval, and one \
         inside it is called none. Of twenty true nones one is expected to look like a difference.",
        rows.len(),
        settings.len(),
        devices.into_iter().collect::<Vec<_>>().join("; ")
    ));
    where_features_lie(&mut page, epochs)?;
    what_is_lost(&mut page, epochs);
    stopped(&mut page, rows, stops);
    where_the_released_code_breaks(&mut page);
    page.heading("What makes a difference");
    for comparison in COMPARISONS {
        compare(&mut page, comparison, &settings);
    }
    let (deep, wide): (Vec<_>, Vec<_>) = settings.iter().partition(|(setting, _)| setting.trained == ALL);
    every_setting(&mut page, &deep, rows);
    frozen(&mut page, &wide);
    page.write(provenance)
}

/// The last epoch of each run.
fn last_epochs(epochs: &[EpochRow]) -> Vec<&EpochRow> {
    let mut last: BTreeMap<String, &EpochRow> = BTreeMap::new();
    for row in epochs {
        let key = format!(
            "{} {} {} {} {} {} {:?} {}",
            row.model, row.dim, row.variant, row.guard, row.backbone_scalar, row.head_scalar, row.c, row.seed
        );
        match last.get(&key) {
            Some(known) if known.epoch >= row.epoch => {}
            _ => drop(last.insert(key, row)),
        }
    }
    last.into_values().collect()
}

/// Rows by a key, in its order.
fn grouped<'a, K: Ord>(rows: &[&'a EpochRow], key: impl Fn(&EpochRow) -> K) -> BTreeMap<K, Vec<&'a EpochRow>> {
    let mut groups: BTreeMap<K, Vec<&EpochRow>> = BTreeMap::new();
    rows.iter().for_each(|row| groups.entry(key(row)).or_default().push(row));
    groups
}

fn average(rows: &[&EpochRow], value: fn(&EpochRow) -> f64) -> f64 {
    mean(&rows.iter().map(|row| value(row)).collect::<Vec<_>>())
}

fn is_plain(row: &EpochRow) -> bool {
    row.variant == OURS && row.guard == UNGUARDED && row.backbone_scalar == F32 && row.head_scalar == F32
}

fn where_features_lie(page: &mut Page, epochs: &[EpochRow]) -> Result<(), ReportError> {
    let plain: Vec<&EpochRow> = epochs.iter().filter(|row| is_plain(row) && row.c == 1.0).collect();
    let hyperbolic: Vec<&EpochRow> = plain.iter().copied().filter(|row| row.model != EUCLIDEAN).collect();
    if hyperbolic.is_empty() {
        return Ok(());
    }
    page.heading("Do real features reach the clip?");
    let last = grouped(&hyperbolic, |row| (row.dim, row.model.clone()));
    let body = last.iter().map(|((dim, model), rows)| {
        let end = rows.iter().map(|row| row.epoch).max().unwrap_or(0);
        let rows: Vec<&EpochRow> = rows.iter().copied().filter(|row| row.epoch == end).collect();
        let number = |value: fn(&EpochRow) -> f64| format!("{:.2}", average(&rows, value));
        vec![
            dim.to_string(),
            model.clone(),
            end.to_string(),
            rows.len().to_string(),
            number(|row| row.feature_p50),
            number(|row| row.feature_p90),
            number(|row| row.feature_p99),
            number(|row| row.feature_max),
            number(|row| row.radius_max),
        ]
    });
    let body: Vec<Vec<String>> = body.collect();
    let clip = released_clip();
    let beyond = |model: &str, dim: usize| -> Option<(u32, f64)> {
        let rows: Vec<&EpochRow> = hyperbolic.iter().copied().filter(|r| r.model == model && r.dim == dim).collect();
        let by_epoch = grouped(&rows, |row| row.epoch);
        let first = by_epoch.iter().find(|(_, rows)| average(rows, |row| row.feature_p50) > clip)?;
        Some((*first.0, average(first.1, |row| row.feature_p50)))
    };
    let dims: BTreeSet<usize> = hyperbolic.iter().map(|row| row.dim).collect();
    let sentences = dims.iter().map(|dim| match beyond("poincare", *dim) {
        Some((epoch, at)) => {
            format!("at n = {dim} the median image is beyond it from epoch {epoch} on (√c‖v‖ = {at:.2})")
        }
        None => format!("at n = {dim} the median image stays inside"),
    });
    page.text(&format!(
        "On the Poincaré ball the released code's clip moves whatever lies beyond √c‖v‖ = {clip:.2}: {}.",
        sentences.collect::<Vec<_>>().join("; ")
    ));
    page.text(
        "Below, √c‖v‖ of the test features before exp₀ at the end of training, our formulas without a guard, f32, c = 1; the \
         means of the runs' quantiles. (The ball's metric at the origin is four times Euclid's: the same feature lies twice as \
         far out there as in the other models.)",
    );
    page.table(&["n", "model", "epochs", "runs", "median", "90 %", "99 %", "largest", "largest √c d₀"], body);
    for dim in dims {
        let rows: Vec<&EpochRow> = plain.iter().copied().filter(|row| row.dim == dim).collect();
        let curve = |value: fn(&EpochRow) -> f64| -> Vec<(String, Vec<(f64, f64)>)> {
            grouped(&rows, |row| row.model.clone())
                .into_iter()
                .map(|(model, rows)| {
                    let by_epoch = grouped(&rows, |row| row.epoch);
                    (model, by_epoch.iter().map(|(epoch, r)| (f64::from(*epoch), average(r, value))).collect())
                })
                .collect()
        };
        let features = Curves {
            title: format!("Median feature norm, n = {dim}"),
            y: "√c |v|".to_owned(),
            series: curve(|row| row.feature_p50),
        };
        page.plot(
            &format!("features-{dim}"),
            &features,
            "Median √c‖v‖ of the test features by epoch, mean over seeds.",
        )?;
        let accuracy = Curves {
            title: format!("Test accuracy, n = {dim}"),
            y: "share right".to_owned(),
            series: curve(|row| row.test_accuracy),
        };
        page.plot(&format!("accuracy-{dim}"), &accuracy, "Test accuracy by epoch, mean over seeds; f32, ours.")?;
    }
    Ok(())
}

fn what_is_lost(page: &mut Page, epochs: &[EpochRow]) {
    let last: Vec<&EpochRow> = last_epochs(epochs).into_iter().filter(|row| row.error_rounding.is_some()).collect();
    if last.is_empty() {
        return;
    }
    page.heading("What do they lose there?");
    page.text(
        "Mean error of the logits of a few test images at the end of training, against certified arithmetic: storing the \
         point and the hyperplanes in the head's arithmetic, the guard, and all that follows: the formulas' rounding, \
         and on the balls the last place inside the rim that exp₀ gives where the nearest point would lie on it. The features \
         are taken as they are: what a backbone of few bits did to them is not in it. √c‖p′‖ is the farthest hyperplane's \
         parameter.",
    );
    let groups = grouped(&last, |row| {
        let setting = (row.head_scalar.clone(), row.model.clone(), row.variant.clone(), row.guard.clone());
        (row.dim, row.backbone_scalar.clone(), setting, format!("{}", row.c))
    });
    let body = groups.into_iter().map(|((dim, backbone, (head, model, variant, guard), c), rows)| {
        let part = |value: fn(&EpochRow) -> Option<f64>| {
            format!("{:.1e}", mean(&rows.iter().filter_map(|row| value(row)).collect::<Vec<f64>>()))
        };
        let formulas = if variant == OURS { "ours".to_owned() } else { variant };
        vec![
            dim.to_string(),
            model,
            formulas,
            guard,
            format!("{backbone}/{head}"),
            c,
            percent(average(&rows, |row| row.share_at_clip)),
            part(|row| row.error_representation),
            part(|row| row.error_guard),
            part(|row| row.error_rounding),
        ]
    });
    let header = [
        "n",
        "model",
        "formulas",
        "guard",
        "backbone/head",
        "c",
        "at the clip",
        "storing",
        "guard's error",
        "rounding",
    ];
    page.table(&header, body.collect());
}

fn stopped(page: &mut Page, rows: &[ResultRow], stops: &[StopRow]) {
    page.heading("Which runs stopped?");
    if stops.is_empty() {
        page.text(&format!("None: in all {} runs every loss and gradient was finite.", rows.len()));
        return;
    }
    let of_ours = stops.iter().filter(|stop| stop.variant == OURS && stop.guard == UNGUARDED).count();
    page.text(&format!(
        "{} of {} runs ended because a loss or a gradient was not finite; {of_ours} of them ran our formulas without a \
         guard. Runs of one setting are told once, by the first.",
        stops.len(),
        rows.len()
    ));
    let mut groups: BTreeMap<_, Vec<&StopRow>> = BTreeMap::new();
    for stop in stops {
        let key = (&stop.trained, &stop.model, &stop.variant, &stop.guard, &stop.backbone_scalar, &stop.head_scalar);
        groups.entry(key).or_default().push(stop);
    }
    let body = groups.values().map(|stops| {
        let first = stops[0];
        vec![
            first.trained.clone(),
            first.model.clone(),
            first.variant.clone(),
            first.guard.clone(),
            format!("{}/{}", first.backbone_scalar, first.head_scalar),
            stops.len().to_string(),
            format!("n = {}, c = {}: {}", first.dim, first.c, first.what),
        ]
    });
    page.table(&["trained", "model", "formulas", "guard", "backbone/head", "runs", "the first"], body.collect());
}

/// Logits of one image at the released code's clip for hyperplanes farther and farther out, by its formulas, by the same
/// without the floor of its logarithm, and by ours: the head that trains, in f32.
fn where_the_released_code_breaks(page: &mut Page) {
    /// √c‖p′‖ of the hyperplanes.
    const OUT: [f32; 10] = [0.5, 1.0, 2.0, 3.0, 4.0, 4.9, 5.5, 7.0, 9.0, 12.0];
    /// The image's feature, and the direction of the normal: neither along the plane's own.
    const FEATURE: [f32; 2] = [-2.5, 5.5];
    const NORMAL: [f32; 2] = [0.5, 0.7];
    let heads = [("ganea-log", "hyptorch"), ("ganea-log", UNGUARDED), (BEST, UNGUARDED)];
    let logit = |mlr: &str, guard: &str, out: f32| {
        let exp0 = if mlr == BEST { BEST } else { "tanh" };
        let model = Geometry::Hyperbolic(Model::Poincare);
        let head = Head::new(model, exp0, mlr, guard, None, Arithmetic::F32).ok()?;
        // As released: the clip acts on images alone.
        let mut formulas = head.formulas?;
        formulas.clip_planes = false;
        let k = formulas.space(1.0f32);
        let (p, a) = formulas.hyperplane(&k, [out, 0.0].as_slice(), NORMAL.as_slice());
        let x = formulas.point(&k, FEATURE.as_slice());
        Some(formulas.score(&k, x.as_slice(), p.as_slice(), a.as_slice()))
    };
    page.text(&format!(
        "Why can the released code reach NaN at c = 1 and not at c = 0.05? Its clip acts on images, not on the points p of its \
         hyperplanes, and its score is λ_p‖a‖/√c · ln(z + √(1 + z²)) with z over 1 − c‖(−p) ⊕ x‖². The farther out p lies, the \
         nearer that difference comes to 0 in f32. Without a guard ln(z + √(1 + z²)) cancels to ln 0 for large −z, and where z \
         is −∞ it is −∞ + ∞, NaN. As released a floor of 10⁻⁵ under the logarithm makes the logit stand still instead, so that \
         it passes no gradient on, and NaN comes where tanh rounds to 1 (√c‖p′‖ > 9.01): p on the rim, λ_p = 2/0, a normal of \
         length 0, and ∞ · 0. Below, the logit of one image, √c‖v‖ = {:.2}, for hyperplanes at growing √c‖p′‖, c = 1, f32. What \
         counts is √c‖p′‖: at c = 0.05 the same place lies at a ‖p′‖ 4.5 times as large, which steps of the same length take \
         as many times longer to reach. The score with arsinh and a gap of its own, ours, has no such place.",
        FEATURE.iter().map(|x| x * x).sum::<f32>().sqrt()
    ));
    let body = OUT.iter().map(|out| {
        let cells =
            heads.iter().map(|(mlr, guard)| logit(mlr, guard, *out).map_or("-".to_owned(), |x| format!("{x:.4}")));
        [vec![format!("{out}")], cells.collect()].concat()
    });
    page.table(&["√c‖p′‖", "as released (hyptorch)", "its formulas, no guard", "ours, no guard"], body.collect());
}

fn compare(page: &mut Page, comparison: &Comparison, settings: &BTreeMap<Setting, Vec<f64>>) {
    let pairs = settings.iter().filter_map(|(setting, of)| {
        let other = (comparison.with)(setting)?;
        let with = settings.get(&other)?;
        Some((setting, other, difference(of, with)))
    });
    let pairs: Vec<(&Setting, Setting, Interval)> = pairs.collect();
    let judged: Vec<_> = pairs.iter().filter(|(_, _, d)| d.half.is_some()).collect();
    if judged.is_empty() {
        return;
    }
    let beyond = |d: &Interval| d.half.is_some_and(|half| d.mean.abs() > half);
    let (mut better, mut worse) = (0, 0);
    for (_, _, d) in judged.iter().filter(|(_, _, d)| beyond(d)) {
        if d.mean > 0.0 { better += 1 } else { worse += 1 }
    }
    page.text(&format!(
        "{} Of {} settings {} none, {better} better, {worse} worse.",
        comparison.question,
        judged.len(),
        judged.len() - better - worse
    ));
    // Every comparison of whole networks, and of the many on frozen features those that show something.
    let mut shown: Vec<_> = judged.into_iter().filter(|(s, _, d)| s.trained == ALL || beyond(d)).collect();
    shown.sort_by(|a, b| {
        (a.0.trained != ALL).cmp(&(b.0.trained != ALL)).then(b.2.mean.abs().total_cmp(&a.2.mean.abs()))
    });
    let left_out = shown.len().saturating_sub(MOST);
    let body = shown.iter().take(MOST).map(|(s, other, d)| {
        let says = if !beyond(d) {
            "none"
        } else if d.mean > 0.0 {
            "better"
        } else {
            "worse"
        };
        vec![
            s.trained.clone(),
            s.dim.to_string(),
            s.c.clone(),
            s.epochs.to_string(),
            format!("{} {}, {}", s.model, s.formulas(), s.arithmetic()),
            format!("{} {}, {}", other.model, other.formulas(), other.arithmetic()),
            points(*d),
            says.to_owned(),
        ]
    });
    let header = ["trained", "n", "c", "epochs", "this", "against", "difference, points", "says"];
    page.table(&header, body.collect());
    if left_out > 0 {
        page.text(&format!("{left_out} smaller differences are left out; results.csv has every run."));
    }
}

fn every_setting(page: &mut Page, settings: &[(&Setting, &Vec<f64>)], rows: &[ResultRow]) {
    if settings.is_empty() {
        return;
    }
    page.heading("Every setting, trained end to end");
    let body = settings.iter().map(|(setting, accuracies)| {
        let of: Vec<&ResultRow> = rows.iter().filter(|row| Setting::of(row) == **setting).collect();
        let at_clip = mean(&of.iter().map(|row| row.share_at_clip).collect::<Vec<_>>());
        vec![
            setting.model.clone(),
            setting.formulas(),
            setting.arithmetic(),
            setting.c.clone(),
            setting.dim.to_string(),
            setting.epochs.to_string(),
            accuracies.len().to_string(),
            points(interval(accuracies)),
            percent(at_clip),
        ]
    });
    let header = ["model", "formulas", "arithmetic", "c", "n", "epochs", "seeds", "test accuracy, %", "at the clip"];
    page.table(&header, body.collect());
}

/// The head alone on frozen features: a row for model and formulas, a column for arithmetic and c.
fn frozen(page: &mut Page, settings: &[(&Setting, &Vec<f64>)]) {
    let dims: BTreeSet<usize> = settings.iter().map(|(setting, _)| setting.dim).collect();
    for dim in dims {
        let of: Vec<_> = settings.iter().filter(|(setting, _)| setting.dim == dim).collect();
        page.heading(&format!("The head alone on frozen features, n = {dim}"));
        let mut curvatures: Vec<&str> = of.iter().map(|(setting, _)| setting.c.as_str()).collect();
        curvatures.sort_by(|a, b| b.parse::<f64>().unwrap_or(0.0).total_cmp(&a.parse::<f64>().unwrap_or(0.0)));
        curvatures.dedup();
        let scalars: BTreeSet<&str> = of.iter().map(|(setting, _)| setting.head.as_str()).collect();
        let columns: Vec<(&str, &str)> =
            curvatures.iter().flat_map(|c| scalars.iter().map(move |scalar| (*c, *scalar))).collect();
        let line = |setting: &Setting| (setting.epochs, setting.model.clone(), setting.formulas());
        let lines: BTreeSet<(u32, String, String)> = of.iter().map(|(setting, _)| line(setting)).collect();
        let body = lines.into_iter().map(|(epochs, model, formulas)| {
            let cell = |(c, scalar): &(&str, &str)| {
                let found = of.iter().find(|(setting, _)| {
                    line(setting) == (epochs, model.clone(), formulas.clone())
                        && setting.c == *c
                        && setting.head == *scalar
                });
                found.map_or("-".to_owned(), |(_, accuracies)| points(interval(accuracies)))
            };
            let mut row = vec![model.clone(), formulas.clone(), epochs.to_string()];
            row.extend(columns.iter().map(cell));
            row
        });
        let mut header = vec!["model".to_owned(), "formulas".to_owned(), "epochs".to_owned()];
        header.extend(columns.iter().map(|(c, scalar)| format!("c = {c}, {scalar}")));
        page.text("Test accuracy in per cent, mean over the seeds that reached so many epochs; - where none did, or none was run.");
        page.table(&header.iter().map(String::as_str).collect::<Vec<_>>(), body.collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_students_and_welchs() {
        // Three values: t of two degrees of freedom is 4.3027; the standard error of 1, 2, 3 is 1/√3.
        let of = interval(&[1.0, 2.0, 3.0]);
        assert!((of.mean - 2.0).abs() < 1e-12 && (of.half.unwrap() - 4.302_652_7 / 3f64.sqrt()).abs() < 1e-5);
        assert_eq!(interval(&[0.5]), Interval { mean: 0.5, half: None });
        // Equal variances and sizes: Welch has n + m − 2 degrees of freedom, and t of four is 2.7764.
        let d = difference(&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0]);
        assert!((d.mean + 1.0).abs() < 1e-12 && (d.half.unwrap() - 2.776_445_1 * (2f64 / 3.0).sqrt()).abs() < 1e-5);
        assert_eq!(difference(&[1.0, 1.0], &[0.0, 0.0]).half, Some(0.0));
    }

    #[test]
    fn the_papers_clip_is_where_the_released_code_has_it() {
        assert!((released_clip() - (1.0f64 - 1e-3).atanh()).abs() < 1e-12);
    }
}
