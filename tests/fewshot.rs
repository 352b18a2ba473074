//! Few-shot runs as a user meets them: the same bytes after any stop, heads that compute what the scalar core computes, and one
//! clear line for data that cannot be used.

use burn_tensor::{DType, Device, Tensor, TensorData};
use hypprec::arithmetic::Vector;
use hypprec::data::{Cache, Part, classes, omniglot_runs};
use hypprec::formula::{Answer, Model, Op, Query, Space, apply, variant};
use hypprec::train::{
    Curvature, CurveRow, FewShot, FewShotData, FewShotObserver, METHODS, Place, Shape, TestRow, TrainError,
    hyperbolicity_of_images, midpoint, train,
};
use std::fs;
use std::path::Path;

struct Quiet;
impl FewShotObserver for Quiet {
    fn episode(&self, _: u32, _: u32, _: u32, _: f64, _: f64) {}
    fn epoch(&self, _: &CurveRow) {}
    fn test(&self, _: &TestRow) {}
}

/// Side of the drawn images.
const SIDE: usize = 16;

fn png(grey: impl Fn(usize, usize) -> u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, SIDE as u32, SIDE as u32);
    encoder.set_color(png::ColorType::Grayscale);
    let pixels: Vec<u8> = (0..SIDE * SIDE).map(|i| grey(i % SIDE, i / SIDE)).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

/// Classes of stripes: every class has its own slope and width, every image its own shift.
fn stripes(root: &Path) {
    for (part, first, count) in [("train", 0, 6), ("val", 6, 3), ("test", 9, 3)] {
        for class in first..first + count {
            let folder = root.join(part).join(format!("class{class:02}"));
            fs::create_dir_all(&folder).unwrap();
            for image in 0..4 {
                let stripe = |x: usize, y: usize| {
                    let phase = x * (class % 4) + y * (class / 4 + 1) + image;
                    if phase.is_multiple_of(3 + class % 3) { 255 } else { 0 }
                };
                fs::write(folder.join(format!("{image}.png")), png(stripe)).unwrap();
            }
        }
    }
}

fn recipe(root: &Path, given: &[&str]) -> FewShot {
    let text = format!(
        "dataset = {:?}\nside = {SIDE}\ndim = 4\nmodel = \"poincare\"\nway = 3\nshot = 2\nqueries = 2\nepochs = 3\n\
         episodes = 2\nschedule = \"step\"\nstep = 2\nvalid_way = 2\nvalid_queries = 2\nvalid_episodes = 4\n\
         test = [[2, 1], [3, 2]]\ntest_queries = 2\ntest_episodes = 5\n",
        root.display().to_string()
    );
    FewShot::parse(&text, &given.iter().map(|x| (*x).to_owned()).collect::<Vec<_>>()).unwrap()
}

fn run(
    recipe: &FewShot,
    folder: &Path,
    resume: bool,
    until: u32,
) -> Result<hypprec::train::FewShotOutcome, TrainError> {
    let data = FewShotData::load(&Cache::new(None), recipe)?;
    train(recipe, &data, &Device::flex(), folder, resume, until, false, &Quiet)
}

#[test]
fn a_stopped_run_ends_as_one_that_was_not() {
    let data = tempfile::tempdir().unwrap();
    stripes(data.path());
    let recipe = recipe(data.path(), &[]);
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let once = run(&recipe, whole.path(), false, 3).unwrap();
    for until in 1..=3 {
        run(&recipe, parts.path(), true, until).unwrap();
        // What a kill between the curve and the checkpoint leaves: a row too many.
        if until < 3 {
            let curve = parts.path().join("metrics.csv");
            let text = fs::read_to_string(&curve).unwrap();
            let last = text.lines().last().unwrap().to_owned();
            fs::write(&curve, format!("{text}{last}\n")).unwrap();
        }
    }
    for file in [
        "metrics.csv",
        "checkpoint.safetensors",
        "best.safetensors",
        "episodes-2way-1shot.csv",
        "episodes-3way-2shot.csv",
    ] {
        assert_eq!(fs::read(whole.path().join(file)).unwrap(), fs::read(parts.path().join(file)).unwrap(), "{file}");
    }
    assert_eq!(once.tests.len(), 2);
    assert!(once.stop.is_none() && once.tests.iter().all(|test| test.tests == 5 && test.epochs == 3));
    let other = FewShot { dim: 5, ..recipe };
    assert!(run(&other, parts.path(), true, 3).unwrap_err().to_string().contains("another recipe"));
}

#[test]
fn every_head_and_arithmetic_takes_an_episode() {
    let data = tempfile::tempdir().unwrap();
    stripes(data.path());
    for given in [
        &["model=lorentz", "midpoint=centroid"][..],
        &["model=klein", "squared=true", "temperature=2"],
        &["model=poincare", "midpoint=einstein", "guard=hyptorch", "riemannian=true"],
        &["model=euclidean", "optimiser=sgd", "schedule=cosine"],
        &["model=fixed-radius", "radius=3", "head_scalar=f64"],
        &["model=poincare", "head_scalar=bf16"],
        &["model=lorentz", "backbone_scalar=f64", "head_scalar=f64"],
        &["backbone=resnet12", "last=mean"],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let recipe = recipe(data.path(), &[given, &["epochs=1", "episodes=1"]].concat());
        let outcome = run(&recipe, folder.path(), false, 1).unwrap();
        assert!(outcome.stop.is_none(), "{given:?}: {:?}", outcome.stop);
        assert_eq!(outcome.curve[0].nonfinite, 0, "{given:?}");
    }
}

/// What each method needs beside its name.
const METHOD_FIELDS: &[(&str, &[&str])] = &[
    ("matchingnet", &["temperature=0.1"]),
    ("relationnet", &["last=map", "learning_rate=0.01", "episodes=12"]),
    ("dn4", &["last=map"]),
    ("tpn", &[]),
    ("baseline", &[]),
    ("baseline++", &[]),
    ("maml", &["inner_rate=0.1", "inner_steps=2"]),
    ("reptile", &["inner_rate=0.1", "inner_steps=2", "optimiser=sgd", "momentum=0", "learning_rate=0.5"]),
];

/// Classes that were never trained on are told apart, and a run that was stopped ends as one that was not.
#[test]
fn every_method_learns_to_tell_stripes_apart_and_goes_on_where_it_stopped() {
    let data = tempfile::tempdir().unwrap();
    stripes(data.path());
    let named: Vec<&str> = METHOD_FIELDS.iter().map(|(name, _)| *name).chain(["protonet"]).collect();
    assert!(METHODS.iter().all(|method| named.contains(method)));
    let mut found = Vec::new();
    for (method, fields) in METHOD_FIELDS {
        let method = format!("method={method}");
        let given = [&[method.as_str(), "model=euclidean", "dim=16", "epochs=4", "episodes=6"], *fields].concat();
        let recipe =
            recipe(data.path(), &[&given[..], &["test=[[3,1]]", "test_episodes=40", "test_queries=3"]].concat());
        let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let once = run(&recipe, whole.path(), false, 4).unwrap();
        assert!(once.stop.is_none(), "{method}: {:?}", once.stop);
        assert!(once.curve.iter().all(|row| row.nonfinite == 0), "{method}");
        run(&recipe, parts.path(), true, 2).unwrap();
        run(&recipe, parts.path(), true, 4).unwrap();
        for file in ["metrics.csv", "checkpoint.safetensors", "best.safetensors", "episodes-3way-1shot.csv"] {
            let read = |folder: &tempfile::TempDir| fs::read(folder.path().join(file)).unwrap();
            assert_eq!(read(&whole), read(&parts), "{method}: {file}");
        }
        found.push((method, once.tests[0].accuracy));
    }
    // A graph of twelve examples, each the neighbour of all others, keeps none apart: tpn is asked on larger ones, in its own
    // tests. Of 360 queries, a third is right by chance, with a standard deviation of 2.5 %.
    let mut learned = found.iter().filter(|(method, _)| *method != "method=tpn");
    assert!(learned.all(|(_, accuracy)| *accuracy > 1.0 / 3.0 + 0.15), "{found:?}");
}

/// Prototypes and distances of a head in f64 against the scalar core's, formula by formula.
#[test]
fn prototypes_and_logits_are_those_of_the_scalar_core() {
    let shape = Shape { way: 3, shot: 2, queries: 1 };
    let (n, c) = (4, 0.7);
    let features: Vec<Vec<f64>> =
        (0..shape.images()).map(|i| (0..n).map(|j| ((i * n + j) as f64 * 12.9898).sin()).collect()).collect();
    for (model, name) in [(Model::Poincare, "poincare"), (Model::Lorentz, "lorentz"), (Model::Klein, "klein")] {
        let given = [format!("model={name}"), format!("curvature={c}"), "head_scalar=f64".to_owned()];
        let given: Vec<&str> = given.iter().map(String::as_str).collect();
        let head = recipe(Path::new("."), &given).head().unwrap();
        let Place::Hyperbolic { formulas, .. } = head.place else { panic!("{name} is hyperbolic") };
        let numbers: Vec<f64> = features.iter().flatten().copied().collect();
        let tensor: Tensor<2> =
            Tensor::from_data(TensorData::new(numbers, [shape.images(), n]), (&Device::flex(), DType::F64));
        let stages = head.judge(head.points(tensor), shape);
        let rows = |x: Tensor<2>| x.into_data().try_into_vec::<f64>().unwrap();
        let (prototypes, logits) = (rows(stages.prototypes), rows(stages.logits));

        let k = Space::new(c);
        let points: Vec<Vec<f64>> = features.iter().map(|v| formulas.point(&k, v.as_slice())).collect();
        for class in 0..shape.way {
            let support: Vec<&[f64]> = (0..shape.shot).map(|s| points[s * shape.way + class].as_slice()).collect();
            let by = variant(Op::Midpoint, model, "best").unwrap();
            let prototype = midpoint::<[f64]>(by, &k, model, &support, &vec![1.0; shape.shot]);
            let found = &prototypes[class * n..(class + 1) * n];
            assert!(found.dist2(&prototype).sqrt() < 1e-14, "{name}: {found:?} {prototype:?}");
            for query in 0..shape.way {
                let mut asked = Query::<[f64]>::new(&k, model);
                let point = &points[shape.way * shape.shot + query];
                (asked.x, asked.y) = (Some(point.as_slice()), Some(prototype.as_slice()));
                let Answer::Scalar(d) = apply(variant(Op::Distance, model, "best").unwrap(), &asked) else {
                    panic!("a distance is a number")
                };
                let logit = logits[query * shape.way + class];
                assert!((logit + d).abs() < 1e-12 * (1.0 + d), "{name}: {logit} {d}");
            }
        }
    }
}

/// c is (0.144/δ_rel)² of the training images, and the recipe that is trained has the number.
#[test]
fn c_comes_from_the_images_where_a_recipe_says_so() {
    let data = tempfile::tempdir().unwrap();
    stripes(data.path());
    let asked = recipe(data.path(), &["curvature=delta"]);
    let loaded = FewShotData::load(&Cache::new(None), &asked).unwrap();
    assert!(run(&asked, data.path(), false, 1).unwrap_err().to_string().contains("`curvature`: is known once"));
    let settled = asked.clone().settled(&loaded.train).unwrap();
    // All 24 images are in every try.
    let found = hyperbolicity_of_images(&loaded.train, 1500, 1, 1).unwrap();
    assert!(found.relative > 0.0 && found.relative <= 1.0 && found.deviation == 0.0);
    assert_eq!(found.c, (0.144 / found.relative).powi(2));
    // Whichever of them is the base point.
    assert!((settled.c() / found.c).ln().abs() < 2.0, "{} {}", settled.c(), found.c);
    assert_eq!(FewShot { curvature: Curvature::Is(settled.c()), ..asked }, settled);
}

/// Omniglot's one-shot runs in their layout, made small.
#[test]
fn one_shot_runs_are_read_and_what_is_wrong_with_them_is_named() {
    const DRAWING: usize = 105;
    let drawing = |ink: usize| {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, DRAWING as u32, DRAWING as u32);
        encoder.set_color(png::ColorType::Grayscale);
        let pixels: Vec<u8> = (0..DRAWING * DRAWING).map(|i| if i / DRAWING < ink { 0 } else { 255 }).collect();
        encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        bytes
    };
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("omniglot")).unwrap();
    let write = |labels: &str| {
        let mut writer = zip::ZipWriter::new(fs::File::create(root.path().join("omniglot/all_runs.zip")).unwrap());
        let mut add = |name: &str, bytes: &[u8]| {
            writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            std::io::Write::write_all(&mut writer, bytes).unwrap();
        };
        add("run01/class_labels.txt", labels.as_bytes());
        for (name, ink) in
            [("training/class01", 105), ("training/class02", 0), ("test/item01", 0), ("test/item02", 105)]
        {
            add(&format!("run01/{name}.png"), &drawing(ink));
        }
        writer.finish().unwrap();
        omniglot_runs(&Cache::new(Some(root.path())), SIDE)
    };
    let line = |item: u8, class: u8| format!("run01/test/item{item:02}.png run01/training/class{class:02}.png\n");
    let runs = write(&(line(1, 2) + &line(2, 1))).unwrap();
    assert_eq!((runs.len(), runs.count(0), runs.name(0).as_str()), (2, 2, "run01/class01"));
    // What is learned from comes first, what is asked after it: both black in class 1, white in class 2.
    let numbers = runs.batch(&runs.items().0).unwrap();
    let ink = |image: usize| numbers[image * SIDE * SIDE..(image + 1) * SIDE * SIDE].iter().sum::<f32>();
    assert!(ink(0) > 200.0 && ink(1) > 200.0 && ink(2) == 0.0 && ink(3) == 0.0);
    let error = |labels: &str| write(labels).unwrap_err().to_string();
    assert!(error(&line(7, 1)).ends_with("class_labels.txt: line 1: no `run01/test/item07.png` in the archive"));
    assert!(error("run01/test/item01.png\n").contains("line 1: `run01/test/item01.png` is not `TEST TRAINING`"));
    assert!(error("").ends_with("all_runs.zip: no `runNN/class_labels.txt` in it"));
}

#[test]
fn data_that_cannot_be_used_gets_one_clear_line() {
    let root = tempfile::tempdir().unwrap();
    let loaded = |part| classes(&Cache::new(None), &root.path().display().to_string(), "shuffled", part, SIDE);
    let error = |part| loaded(part).unwrap_err().to_string();
    let write = |name: &str, text: &str| fs::write(root.path().join(name), text).unwrap();

    assert!(error(Part::Train).contains("train.csv"), "{}", error(Part::Train));
    write("train.csv", "filename,label\na.png,x\nb.png\n");
    assert!(error(Part::Train).ends_with("train.csv: line 3: `b.png` is not `filename,label`"));
    write("train.csv", "filename,label\na.png,x\nb.png,x\n");
    assert!(error(Part::Train).ends_with("train.csv: line 2: no image `a.png` beside it"));
    fs::create_dir_all(root.path().join("images")).unwrap();
    fs::write(root.path().join("images/a.png"), png(|_, _| 9)).unwrap();
    write("images/b.png", "not a picture");
    let found = loaded(Part::Train).unwrap();
    assert_eq!((found.len(), found.count(0)), (1, 2));
    // The image that cannot be decoded is named, and counted.
    let bad = found.check();
    assert_eq!(bad.len(), 1);
    assert!(bad[0].to_string().contains("b.png: neither JPEG nor a sound PNG"), "{}", bad[0]);
    let items = found.items().0;
    assert!(found.batch(&items).unwrap_err().to_string().contains("b.png"));
    assert_eq!(found.batch(&items[..1]).unwrap().len(), 3 * SIDE * SIDE);
    let short = found.suffices(1, 5, Path::new("set")).unwrap_err().to_string();
    assert_eq!(short, "set: 1 of 1 classes have fewer than the 5 images that an episode takes: first `x` has 2");
    assert_eq!(
        found.suffices(2, 1, Path::new("set")).unwrap_err().to_string(),
        "set: 1 classes where an episode has 2"
    );
    // A zip that was cut off.
    write("val.csv", "filename,label\na.png,x\n");
    write("val.zip", "PK\u{3}\u{4} and no more");
    assert!(error(Part::Validation).contains("val.zip: truncated or corrupt zip"));
    let none = classes(&Cache::new(None), "no-such-set", "shuffled", Part::Train, SIDE).unwrap_err().to_string();
    assert_eq!(none, "no few-shot set `no-such-set`: neither a folder nor one of omniglot, mini-imagenet, cub");
}

/// CUB's official layout, made small: boxes cut, classes from the split files.
#[test]
fn cub_is_read_in_its_official_layout() {
    let root = tempfile::tempdir().unwrap();
    let (cub, splits) = (root.path().join("cub-200-2011"), root.path().join("splits"));
    fs::create_dir_all(cub.join("images/001.Albatross")).unwrap();
    fs::create_dir_all(cub.join("images/002.Auk")).unwrap();
    fs::create_dir_all(&splits).unwrap();
    // White on the left half.
    let half = png(|x, _| if x < SIDE / 2 { 255 } else { 0 });
    for name in ["001.Albatross/a.jpg", "002.Auk/b.jpg"] {
        fs::write(cub.join("images").join(name), &half).unwrap();
    }
    fs::write(cub.join("images.txt"), "1 001.Albatross/a.jpg\n2 002.Auk/b.jpg\n").unwrap();
    fs::write(cub.join("bounding_boxes.txt"), "1 0.0 0.0 8.0 16.0\n2 8.0 0.0 8.0 16.0\n").unwrap();
    fs::write(splits.join("cub_train.csv"), "filename, label\nx.jpg,001.Albatross,3\n").unwrap();
    fs::write(splits.join("cub_test.csv"), "filename, label\nx.jpg,002.auk,3\n").unwrap();
    fs::write(splits.join("cub_val.csv"), "filename, label\nx.jpg,003.Owl\n").unwrap();
    let cache = Cache::new(Some(root.path()));
    let brightness = |part| {
        let found = classes(&cache, "cub", "", part, SIDE).unwrap();
        assert_eq!(found.len(), 1);
        let numbers = found.batch(&found.items().0).unwrap();
        // The first channel's mean and deviation are ImageNet's.
        numbers[..SIDE * SIDE].iter().map(|x| x * 0.229 + 0.485).sum::<f32>() / (SIDE * SIDE) as f32
    };
    assert!((brightness(Part::Train) - 1.0).abs() < 1e-5 && brightness(Part::Test).abs() < 1e-5);
    let missing = classes(&cache, "cub", "", Part::Validation, SIDE).unwrap_err().to_string();
    assert!(missing.contains("cub_val.csv: class `003.owl` is not in images.txt"), "{missing}");
}

fn hypprec(arguments: &[&str]) -> (bool, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_hypprec")).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// A recipe of two coordinates from the command line: trained, its episodes drawn with the disk, and δ of its features.
#[test]
fn a_run_is_shown_and_its_features_have_a_delta() {
    let data = tempfile::tempdir().unwrap();
    stripes(data.path());
    let place = |name: &str| data.path().join(name).display().to_string();
    let (file, out) = (place("plane.toml"), place("out"));
    fs::write(&file, recipe(data.path(), &["dim=2", "epochs=1", "curvature=delta"]).to_toml()).unwrap();
    let (sound, said) = hypprec(&["fewshot", &file, "--out", &out, "--show", "1"]);
    assert!(!sound && said.contains("no run has been trained yet"), "{said}");
    let (sound, said) = hypprec(&["fewshot", &file, "--out", &out]);
    assert!(sound && said.contains("c = "), "{said}");
    let (sound, said) = hypprec(&["fewshot", &file, "--out", &out, "--show", "2"]);
    assert!(sound, "{said}");
    let episodes = data.path().join("out/runs/run/episodes");
    let page = fs::read_to_string(episodes.join("index.html")).unwrap();
    // Two episodes of two classes, one shot and two queries each.
    assert_eq!(page.matches("data:image/png;base64,").count(), 2 * 2 * (1 + 2));
    assert_eq!(page.matches("prototype at d₀ = ").count(), 4);
    assert!(episodes.join("plots/disk-2.png").is_file());
    let best = place("out/runs/run/best.safetensors");
    let (sound, said) = hypprec(&["delta", &best, "--samples", "6", "--tries", "3"]);
    assert!(sound && said.contains("in 3 draws of 6), c = "), "{said}");
    let (sound, said) = hypprec(&["delta", "--images", &data.path().display().to_string(), "--side", "16", "--json"]);
    assert!(sound && said.contains("\"delta_rel\":"), "{said}");
}
