//! Pages about training: one run, and the comparison with foreign sets.

use super::ReportError;
use super::page::Page;
use super::picture::{Curves, Digits, Disk, Histogram};
use crate::data::{Images, SIDE};
use crate::formula::{Answer, BEST, Model, Op, Query, Space, apply, variant};
use crate::table::Provenance;
use crate::train::{Embedding, MetricsRow, OodRow, Recipe, ResultRow, released_clip};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Points of a disk picture: enough to see the classes, few enough for a page.
const DISK_POINTS: usize = 2000;
/// Images nearest the origin, and as many nearest the rim.
const EXTREMES: usize = 20;
const COLUMNS: usize = 10;

/// The page of one run: figures, curves, the disk at each of `stages` (n = 2; epoch and
/// embedding of the test images), the images nearest origin and rim.
#[allow(clippy::too_many_arguments)]
pub fn training(
    folder: &Path,
    name: &str,
    recipe: &Recipe,
    provenance: &Provenance,
    metrics: &[MetricsRow],
    row: &ResultRow,
    stages: &[(u32, Embedding)],
    images: Option<&Images>,
) -> Result<PathBuf, ReportError> {
    let mut page = Page::new(folder, &format!("Training {name}: {}, n = {}", recipe.model, recipe.dim));
    page.text(&format!(
        "Test accuracy {} after {} epochs in {:.0} s on {}. c = {}, formulas {} under the guard {}, backbone {}, head {}.",
        percent(row.test_accuracy), row.epochs, row.seconds, row.device, row.c, row.variant, row.guard,
        row.backbone_scalar, row.head_scalar
    ));
    let of = |value: fn(&MetricsRow) -> f64| -> Vec<(f64, f64)> {
        metrics.iter().map(|row| (f64::from(row.epoch), value(row))).collect()
    };
    page.heading("Learning");
    let accuracy = Curves {
        title: "Accuracy".to_owned(),
        y: "share right".to_owned(),
        series: vec![("train".to_owned(), of(|r| r.train_accuracy)), ("test".to_owned(), of(|r| r.test_accuracy))],
    };
    page.plot("accuracy", &accuracy, "Accuracy by epoch; the training share is the mean over the epoch.")?;
    if recipe.model != "euclidean" {
        page.heading("How far out the features lie");
        let norms = Curves {
            title: "Feature norms before exp0".to_owned(),
            y: "√c |v|".to_owned(),
            series: vec![
                ("median".to_owned(), of(|r| r.feature_p50)),
                ("90 %".to_owned(), of(|r| r.feature_p90)),
                ("99 %".to_owned(), of(|r| r.feature_p99)),
                ("largest".to_owned(), of(|r| r.feature_max)),
            ],
        };
        let text = format!("Norms of the test features by epoch. The paper's clip acts beyond {:.2}.", released_clip());
        page.plot("features", &norms, &text)?;
        page.text("Mean error of the logits of a few test images, against certified arithmetic:");
        let part = |x: Option<f64>| x.map_or("-".to_owned(), |x| format!("{x:.2e}"));
        let rows = metrics.iter().map(|r| {
            vec![
                r.epoch.to_string(),
                format!("{:.4}", r.feature_p99),
                format!("{:.4}", r.radius_max),
                percent(r.share_at_clip),
                r.nonfinite.to_string(),
                part(r.error_representation),
                part(r.error_guard),
                part(r.error_rounding),
            ]
        });
        let header =
            ["epoch", "√c‖v‖, 99 %", "√c d₀, largest", "at the clip", "not finite", "storing", "guard", "rounding"];
        page.table(&header, rows.collect());
    }
    if let (Some((_, last)), Some(images)) = (stages.last(), images) {
        if let (2, Ok(model)) = (recipe.dim, recipe.model.parse::<Model>()) {
            page.heading("The disk");
            for (epoch, embedding) in stages {
                let disk = disk(format!("After epoch {epoch}"), model, embedding, images.classes);
                let text = format!(
                    "Test images in Poincaré's disk after epoch {epoch}, coloured by class; arcs: hyperplanes."
                );
                page.plot(&format!("disk-{epoch}"), &disk, &text)?;
            }
        }
        page.heading("Near the origin, near the rim");
        let (near, far) = extremes(last, images);
        page.plot("origin", &near, "The test images nearest the origin: label, and what the network says.")?;
        page.plot("rim", &far, "The test images farthest from the origin.")?;
    }
    page.write(provenance)
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

fn disk(title: String, model: Model, embedding: &Embedding, classes: usize) -> Disk {
    let root = embedding.c.sqrt();
    let points = embedding.points.iter().zip(&embedding.labels).take(DISK_POINTS);
    let place = |(point, label): (&Vec<f64>, &u16)| {
        let ball = in_ball(model, embedding.c, point)?;
        Some((root * ball[0], root * ball[1], usize::from(*label)))
    };
    let arcs = embedding.planes.iter().enumerate().map(|(class, (p, a))| (class, geodesic(model, embedding.c, p, a)));
    Disk { title, points: points.filter_map(place).collect(), arcs: arcs.collect(), classes }
}

/// The point's coordinates on the Poincaré ball.
pub(super) fn in_ball(model: Model, c: f64, point: &[f64]) -> Option<Vec<f64>> {
    let space = Space::new(c);
    let mut query = Query::<[f64]>::new(&space, model);
    (query.x, query.to) = (Some(point), Model::Poincare);
    match apply(variant(Op::Convert, model, BEST).ok()?, &query) {
        Answer::Vector(ball) if ball.iter().all(|x| x.is_finite()) => Some(ball),
        _ => None,
    }
}

/// The geodesic of the plane through p with normal a, both in the model's coordinates, drawn on the ball times √c.
///
/// A tangent u at p with ⟨u, a⟩ = 0 in the model's metric, and exp_p(±t u) over the disk.
fn geodesic(model: Model, c: f64, p: &[f64], a: &[f64]) -> Vec<(f64, f64)> {
    /// Length of each half, in units of 1/√c: past it a line of pixels is on the rim.
    const REACH: f64 = 7.0;
    const STEPS: i32 = 60;
    let Some(ball) = in_ball(model, c, p) else { return Vec::new() };
    // On the ball angles are Euclid's, and a normal carried from the origin keeps its direction.
    let (space, root) = (Space::new(c), c.sqrt());
    let norm = (a[0] * a[0] + a[1] * a[1]).sqrt();
    // exp doubles lengths at the origin of the ball: a unit vector times g/2 is one unit long.
    let gap = 1.0 - c * (ball[0] * ball[0] + ball[1] * ball[1]);
    let unit = [-a[1] / norm * gap / 2.0 / root, a[0] / norm * gap / 2.0 / root];
    let at = |step: i32| {
        let t = REACH * f64::from(step) / f64::from(STEPS);
        let v = [unit[0] * t, unit[1] * t];
        let mut query = Query::<[f64]>::new(&space, Model::Poincare);
        (query.x, query.v) = (Some(ball.as_slice()), Some(v.as_slice()));
        match apply(variant(Op::Exp, Model::Poincare, BEST).ok()?, &query) {
            Answer::Vector(x) => Some((root * x[0], root * x[1])),
            Answer::Scalar(_) => None,
        }
    };
    (-STEPS..=STEPS).filter_map(at).collect()
}

fn extremes<'a>(embedding: &Embedding, images: &'a Images) -> (Digits<'a>, Digits<'a>) {
    let mut order: Vec<usize> = (0..embedding.radii.len()).collect();
    order.sort_by(|i, j| embedding.radii[*i].total_cmp(&embedding.radii[*j]));
    let grid = |title: &str, chosen: Vec<usize>| Digits {
        title: title.to_owned(),
        side: SIDE,
        images: chosen
            .iter()
            .map(|i| {
                let said =
                    format!("{} ({})  {:.2}", embedding.labels[*i], embedding.predicted[*i], embedding.radii[*i]);
                (images.image(*i), said)
            })
            .collect(),
        columns: COLUMNS,
    };
    let near = order.iter().take(EXTREMES).copied().collect();
    let far = order.iter().rev().take(EXTREMES).copied().collect();
    (grid("Nearest the origin: label (network)  d0", near), grid("Farthest from the origin: label (network)  d0", far))
}

/// The scores by which sets are told apart: distance to the origin, and the largest softmax probability.
pub const D0: &str = "d0";
pub const MAX_SOFTMAX: &str = "max-softmax";

/// Rows that differ in nothing but the seed: foreign set, n, model, score.
type Compared<'a> = (&'a str, usize, &'a str, &'a str);

/// The page of a comparison with foreign sets, of `networks` by their recipes.
pub fn ood(
    folder: &Path,
    provenance: &Provenance,
    rows: &[OodRow],
    histograms: &[Histogram],
    networks: &[Recipe],
) -> Result<PathBuf, ReportError> {
    let mut page = Page::new(folder, "Distance to the origin as confidence");
    page.text(
        "A known set's test images against foreign ones: Kolmogorov and Smirnov's distance, the area under the ROC curve, and \
         the share of foreign images that pass where 95 % of the known do; means over seeds. d0 is the distance to the \
         origin of a hyperbolic network, max-softmax the largest softmax probability: of the same network, or of its \
         Euclidean twin.",
    );
    let mut groups: BTreeMap<Compared, Vec<&OodRow>> = BTreeMap::new();
    for row in rows {
        groups.entry((&row.ood_set, row.dim, &row.model, &row.score)).or_default().push(row);
    }
    let mean =
        |rows: &[&OodRow], value: fn(&OodRow) -> f64| rows.iter().map(|r| value(r)).sum::<f64>() / rows.len() as f64;
    let mut sets: Vec<&str> = Vec::new();
    rows.iter().for_each(|row| {
        if !sets.contains(&row.ood_set.as_str()) {
            sets.push(&row.ood_set)
        }
    });
    page.heading("The area under the ROC curve");
    for set in &sets {
        let of = |score: &str, euclidean: bool| {
            let rows = groups
                .iter()
                .filter(move |((s, _, model, by), _)| s == set && *by == score && (*model == "euclidean") == euclidean);
            rows.max_by(|a, b| mean(a.1, |r| r.auroc).total_cmp(&mean(b.1, |r| r.auroc)))
        };
        let says = |found: Option<(&Compared, &Vec<&OodRow>)>| {
            found.map_or("not measured".to_owned(), |((_, dim, model, _), rows)| {
                let seeds = if rows.len() == 1 { "one seed".to_owned() } else { format!("{} seeds", rows.len()) };
                format!("{:.4} ({model}, n = {dim}, {seeds})", mean(rows, |r| r.auroc))
            })
        };
        page.text(&format!(
            "{set}: the best by d0 is {}, by the largest softmax of a hyperbolic network {}, of a Euclidean one {}.",
            says(of(D0, false)),
            says(of(MAX_SOFTMAX, false)),
            says(of(MAX_SOFTMAX, true))
        ));
    }
    let columns: BTreeSet<(&str, &str)> = groups.keys().map(|(_, _, model, score)| (*model, *score)).collect();
    let lines: BTreeSet<(&str, usize)> = groups.keys().map(|(set, dim, _, _)| (*set, *dim)).collect();
    let body = lines.iter().map(|(set, dim)| {
        let cell = |(model, score): &(&str, &str)| {
            let found = groups.get(&(*set, *dim, *model, *score));
            found.map_or("-".to_owned(), |rows| format!("{:.4}", mean(rows, |r| r.auroc)))
        };
        [vec![(*set).to_owned(), dim.to_string()], columns.iter().map(cell).collect()].concat()
    });
    let mut header = vec!["foreign set".to_owned(), "n".to_owned()];
    header.extend(columns.iter().map(|(model, score)| format!("{model}, {score}")));
    page.table(&header.iter().map(String::as_str).collect::<Vec<_>>(), body.collect());
    page.heading("Every comparison");
    let body = groups.iter().map(|((set, dim, model, score), rows)| {
        let number = |value: fn(&OodRow) -> f64| format!("{:.4}", mean(rows, value));
        let spread = |value: fn(&OodRow) -> f64| {
            let all = || rows.iter().map(|row| value(row));
            format!("{:.4} to {:.4}", all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max))
        };
        vec![
            (*set).to_owned(),
            dim.to_string(),
            (*model).to_owned(),
            (*score).to_owned(),
            rows.len().to_string(),
            number(|r| r.ks),
            number(|r| r.auroc),
            spread(|r| r.auroc),
            number(|r| r.fpr95),
        ]
    });
    let header = ["foreign set", "n", "model", "score", "seeds", "KS", "AUROC", "over seeds", "FPR95"];
    page.table(&header, body.collect());
    if !histograms.is_empty() {
        page.heading("Distances to the origin");
        page.text(
            "A spike near 17.3 on the Poincaré ball in f32 is arithmetic, not data: it is the distance 2 artanh(1 − 2⁻²⁴) of the \
             last number below 1, and features that reach farther are stored near it. The Lorentz coordinates have no such \
             place before 89.",
        );
    }
    for (i, histogram) in histograms.iter().enumerate() {
        page.plot(&format!("histogram-{i}"), histogram, &histogram.title.clone())?;
    }
    page.heading("The networks");
    let body = networks.iter().map(|recipe| {
        vec![
            recipe.model.clone(),
            recipe.dim.to_string(),
            recipe.seed.to_string(),
            recipe.epochs.to_string(),
            format!("{}+{}", recipe.exp0, recipe.mlr),
            recipe.guard.clone(),
            format!("{}/{}", recipe.backbone_scalar, recipe.head_scalar),
            format!("{}", recipe.curvature),
        ]
    });
    page.table(&["model", "n", "seed", "epochs", "formulas", "guard", "backbone/head", "c"], body.collect());
    page.write(provenance)
}
