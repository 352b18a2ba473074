//! A training run as a user meets it: the same bytes for the same seed, the same end after a stop, and a clear word where
//! numbers cease to be finite.

use hypprec::data::{Cache, Images, Split, load, set};
use hypprec::train::{Features, MetricsRow, Observer, Outcome, Recipe, embeddings, run};
use std::path::Path;

struct Quiet;
impl Observer for Quiet {
    fn step(&self, _: u32, _: usize, _: usize, _: f64, _: f64) {}
    fn epoch(&self, _: &MetricsRow) {}
}

fn sample(split: Split) -> Images {
    load(&Cache::new(None), set("sample").unwrap(), split).unwrap()
}

fn recipe(given: &[&str]) -> Recipe {
    let text = "dataset = \"sample\"\nmodel = \"poincare\"\ndim = 2\nepochs = 2\nbatch = 20\nseed = 3\ntrain_limit = 100\ntest_limit = 40\n";
    Recipe::parse(text, &given.iter().map(|x| (*x).to_owned()).collect::<Vec<_>>()).unwrap()
}

fn train(recipe: &Recipe, folder: &Path, resume: bool) -> Outcome {
    let (train, test) = (sample(Split::Train).first(100), sample(Split::Test).first(40));
    let device = burn_tensor::Device::flex();
    run(recipe, &Features::Images(&train), &Features::Images(&test), &device, folder, resume, &Quiet).unwrap()
}

fn bytes(folder: &Path, file: &str) -> Vec<u8> {
    std::fs::read(folder.join(file)).unwrap()
}

#[test]
fn a_stopped_run_ends_as_one_that_was_not() {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    train(&recipe(&[]), whole.path(), false);
    train(&recipe(&["epochs=1"]), parts.path(), false);
    // What a kill between two writes leaves: a file of the next epoch that is not whole is never under its name.
    std::fs::write(parts.path().join("checkpoint.safetensors.1.tmp"), b"half").unwrap();
    train(&recipe(&[]), parts.path(), true);
    for file in ["metrics.csv", "checkpoint.safetensors"] {
        assert_eq!(bytes(whole.path(), file), bytes(parts.path(), file), "{file}");
    }
}

#[test]
fn every_model_and_arithmetic_takes_a_step_and_learns_something() {
    for model in ["poincare", "lorentz", "klein", "euclidean"] {
        for (backbone, head) in [("f32", "f32"), ("f32", "f64"), ("bf16", "f32"), ("f32", "bf16"), ("f64", "f64")] {
            let folder = tempfile::tempdir().unwrap();
            let fields = [
                format!("model={model}"),
                format!("backbone_scalar={backbone}"),
                format!("head_scalar={head}"),
                "dim=4".to_owned(),
                "epochs=1".to_owned(),
            ];
            let recipe = recipe(&fields.iter().map(String::as_str).collect::<Vec<_>>());
            let outcome = train(&recipe, folder.path(), false);
            assert_eq!(outcome.diagnosis, None, "{model} {backbone} {head}");
            let row = &outcome.metrics[0];
            // Ten classes: knowing nothing costs ln 10 = 2.303.
            assert!(row.train_loss < 2.6 && row.nonfinite == 0, "{model} {backbone} {head}: {row:?}");
            assert_eq!(row.error_rounding.is_some(), model != "euclidean");
        }
    }
}

#[test]
fn curvature_learns_where_it_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = train(&recipe(&["curvature_trained=true", "epochs=1"]), folder.path(), false);
    assert!(outcome.network.c() != 1.0 && (outcome.network.c() - 1.0).abs() < 0.1, "{}", outcome.network.c());
    let fixed = train(&recipe(&["epochs=1"]), tempfile::tempdir().unwrap().path(), false);
    assert_eq!(fixed.network.c(), 1.0);
}

#[test]
fn numbers_that_cease_to_be_finite_stop_the_run_and_say_where() {
    // Features far beyond the radius at which tanh is 1: the plain formula puts points on the rim.
    let folder = tempfile::tempdir().unwrap();
    let given = ["exp0=tanh", "mlr=ganea", "curvature=40000", "epochs=3"];
    let outcome = train(&recipe(&given), folder.path(), false);
    let diagnosis = outcome.diagnosis.expect("a run that cannot go on");
    let text = diagnosis.to_string();
    assert!(text.contains("not finite in epoch 1") && text.contains("√c‖v‖") && text.contains("mlr ganea"), "{text}");
    // The project's own formulas go on where the published ones stop.
    let own = train(&recipe(&["curvature=40000", "epochs=1"]), tempfile::tempdir().unwrap().path(), false);
    assert_eq!(own.diagnosis, None);
}

#[test]
fn another_recipe_is_not_resumed() {
    let folder = tempfile::tempdir().unwrap();
    train(&recipe(&["epochs=1"]), folder.path(), false);
    let (a, b) = (sample(Split::Train).first(100), sample(Split::Test).first(40));
    let device = burn_tensor::Device::flex();
    let other = recipe(&["dim=3"]);
    let result = run(&other, &Features::Images(&a), &Features::Images(&b), &device, folder.path(), true, &Quiet);
    assert!(result.unwrap_err().to_string().contains("another recipe"));
}

#[test]
fn embeddings_lie_in_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = train(&recipe(&["epochs=1"]), folder.path(), false);
    let embedding = embeddings(&outcome.network, &sample(Split::Test), &burn_tensor::Device::flex());
    assert_eq!(embedding.points.len(), 200);
    for (point, radius) in embedding.points.iter().zip(&embedding.radii) {
        let norm = point.iter().map(|x| x * x).sum::<f64>().sqrt();
        assert!(norm < 1.0 && (radius - 2.0 * norm.atanh()).abs() < 1e-9 * (1.0 + radius));
    }
}

#[test]
fn a_foreign_set_with_more_classes_than_the_network_is_embedded_too() {
    let outcome = train(&recipe(&["epochs=1"]), tempfile::tempdir().unwrap().path(), false);
    let mut foreign = sample(Split::Test).first(30);
    (foreign.labels[0], foreign.classes) = (658, 659);
    let embedding = embeddings(&outcome.network, &foreign, &burn_tensor::Device::flex());
    assert_eq!(embedding.radii.len(), 30);
}

/// `hypprec train` on the embedded sample into a folder.
fn command(folder: &Path) -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hypprec"));
    command.args(["train", "--demo", "--resume", "--epochs", "4", "--jobs", "1", "--out"]).arg(folder);
    command.args(["--set", "train_limit=200", "--set", "test_limit=40"]);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    command
}

#[test]
fn a_run_that_is_killed_at_any_moment_ends_as_one_that_was_not() {
    let (whole, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert!(command(whole.path()).status().unwrap().success());
    let mut kills = 0;
    // Every call lives a little longer than the one before, so that the kills fall on steps, on writes and between.
    let ended = (1u64..).any(|call| {
        let mut child = command(killed.path()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50 * call));
        match child.try_wait().unwrap() {
            Some(status) => {
                assert!(status.success());
                true
            }
            None => {
                // SIGKILL on Unix.
                child.kill().unwrap();
                child.wait().unwrap();
                kills += 1;
                false
            }
        }
    });
    assert!(ended && kills > 0);
    for file in ["metrics.csv", "checkpoint.safetensors", "halfway.safetensors"] {
        assert_eq!(bytes(whole.path(), file), bytes(killed.path(), file), "{file} after {kills} kills");
    }
}

#[test]
fn shards_of_a_grid_are_put_together_as_one_call_would_have_it() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("small.toml");
    let text = "dataset = \"sample\"\nepochs = 1\nbatch = 50\ntrain_limit = 100\ntest_limit = 20\n[[grid]]\n\
                model = [\"poincare\", \"euclidean\"]\ndim = [2, 3]\n";
    std::fs::write(&study, text).unwrap();
    let run = |out: &str, more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hypprec"));
        command.arg("train").arg(&study).arg("--out").arg(folder.path().join(out)).args(more);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run("one", &[]).starts_with("4 of 4 runs"));
    assert!(run("parts", &["--shard", "1/2"]).starts_with("2 of 4 runs"));
    run("parts", &["--shard", "2/2"]);
    let hypprec = |words: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hypprec"));
        command.args(words).current_dir(folder.path()).output().unwrap()
    };
    assert_eq!(hypprec(&["status", "parts"]).status.code(), Some(0));
    let merged = hypprec(&["merge", "parts", "--out", "merged"]);
    assert!(merged.status.success(), "{}", String::from_utf8_lossy(&merged.stderr));
    // What is left is to gather: no run is trained again.
    let before = std::fs::metadata(folder.path().join("parts/runs/dim-2_model-poincare/metrics.csv")).unwrap();
    assert!(run("parts", &["--resume"]).starts_with("4 of 4 runs"));
    let after = std::fs::metadata(folder.path().join("parts/runs/dim-2_model-poincare/metrics.csv")).unwrap();
    assert_eq!(before.modified().unwrap(), after.modified().unwrap());
    // Everything but where it comes from and how long it took.
    let table = |out: &str| {
        let text = std::fs::read_to_string(folder.path().join(out).join("epochs.csv")).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(table("one"), table("parts"));
    assert_eq!(table("one").len(), 5);
    let bytes = |out: &str| std::fs::read(folder.path().join(out).join("epochs.csv")).unwrap();
    assert_eq!(bytes("one"), bytes("merged"));
    // A run that has changed since its shard was done is not put together.
    let results = folder.path().join("parts/runs/dim-2_model-poincare/results.csv");
    let text = std::fs::read_to_string(&results).unwrap();
    std::fs::write(&results, text.replace("poincare", "poincarE")).unwrap();
    let refused = hypprec(&["merge", "parts", "--out", "again"]);
    assert!(refused.status.code() == Some(2) && String::from_utf8_lossy(&refused.stderr).contains("damaged"));
    std::fs::write(&results, text).unwrap();

    // Tables of several grids make one page, and `report` draws it again to the byte.
    let report = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hypprec"));
        let output = command.arg("report").args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    report(&["all", "--runs", "one,parts"]);
    let page = std::fs::read(folder.path().join("all/README.md")).unwrap();
    assert!(String::from_utf8_lossy(&page).contains("8 runs of 4 settings"));
    report(&["all"]);
    assert_eq!(page, std::fs::read(folder.path().join("all/README.md")).unwrap());
}

#[cfg(unix)]
#[test]
fn a_grid_of_six_runs_that_was_stopped_and_killed_is_the_grid_of_one_call() {
    let folder = tempfile::tempdir().unwrap();
    let text = "dataset = \"sample\"\nepochs = 2\nbatch = 50\ntrain_limit = 150\ntest_limit = 20\n[[grid]]\n\
                model = [\"poincare\", \"lorentz\", \"euclidean\"]\ndim = [2, 3]\n";
    std::fs::write(folder.path().join("six.toml"), text).unwrap();
    let command = |words: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hypprec"));
        command.args(words.split(' ')).current_dir(folder.path()).stdout(std::process::Stdio::piped());
        command.stderr(std::process::Stdio::piped());
        command
    };
    let run = |words: &str| {
        let output = command(words).output().unwrap();
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
    };
    run("train six.toml --out one");
    run("train six.toml --out parts --shard 3/3");
    let checkpoints = || {
        let runs = std::fs::read_dir(folder.path().join("parts/runs")).unwrap();
        runs.flatten().filter(|run| run.path().join("checkpoint.safetensors").exists()).count()
    };
    // Started, and through with its first epoch.
    let first = |words: &str| {
        let before = checkpoints();
        let mut child = command(words).spawn().unwrap();
        while checkpoints() <= before {
            assert!(child.try_wait().unwrap().is_none(), "{words} ended before it was stopped");
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        child
    };
    let mut killed = first("train six.toml --out parts --shard 1/3");
    killed.kill().unwrap();
    killed.wait().unwrap();
    let stopped = first("train six.toml --out parts --shard 2/3");
    let id = stopped.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let stopped = stopped.wait_with_output().unwrap();
    assert_eq!(stopped.status.code(), Some(75), "{}", String::from_utf8_lossy(&stopped.stderr));
    let missing = command("status parts --missing").output().unwrap();
    assert_eq!(String::from_utf8(missing.stdout).unwrap(), "1-2\n");
    assert_eq!(command("merge parts --out all").output().unwrap().status.code(), Some(2));
    run("train six.toml --out parts --shard 2/3 --resume");
    run("train six.toml --out parts --shard 1/3 --resume");
    run("merge parts --out all");
    let epochs = |out: &str| std::fs::read(folder.path().join(out).join("epochs.csv")).unwrap();
    assert_eq!(epochs("one"), epochs("all"));
    // How long a run took is its own.
    let results = |out: &str| -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(folder.path().join(out).join("results.csv")).unwrap();
        let mut rows: Vec<Vec<String>> = text.lines().map(|row| row.split(',').map(str::to_owned).collect()).collect();
        let header = rows.iter().position(|row| row.contains(&"seconds".to_owned())).unwrap();
        let seconds = rows[header].iter().position(|name| name == "seconds").unwrap();
        rows.iter_mut().skip(header).for_each(|row| row[seconds].clear());
        rows
    };
    assert_eq!(results("one"), results("all"));
}

// ------------------------------------------------------------------------------------------------------------- the program

/// Exit code and what was said of a run with its own, empty folder of sets.
fn program(cache: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hypprec"));
    let output = command.args(arguments).env("HYPPREC_DATA", cache).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_source_that_is_none_is_refused_before_anything_is_tried() {
    let folder = tempfile::tempdir().unwrap();
    for from in ["no/such/folder", "htps://example.org/mnist", "https://", "file:///tmp", "example.org/mnist"] {
        for set in ["mnist", "kmnist", "sample"] {
            let (code, out, said) = program(folder.path(), &["data", "fetch", set, "--from", from]);
            assert_eq!((code, out.as_str()), (Some(2), ""), "{from}: {said}");
            assert!(said.contains("no such file or folder") && said.matches('\n').count() == 1, "{from}: {said}");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let (code, _, said) = program(folder.path(), &["embed", "absent", "--dataset", "notmnist"]);
    assert_eq!(code, Some(2), "{said}");
}

#[test]
fn files_of_others_are_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (verb, name) in
        [("train", "README.md"), ("train", "results.csv"), ("train", "metrics.csv"), ("fewshot", "curves.csv")]
    {
        let out = at(&format!("{verb}-{name}"));
        std::fs::create_dir(&out).unwrap();
        std::fs::write(format!("{out}/{name}"), "mine\n").unwrap();
        let (code, _, said) = program(folder.path(), &[verb, "--out", &out]);
        assert!(code == Some(2) && said.contains(name) && said.contains("--force"), "{verb} {name}: {said}");
        assert_eq!(std::fs::read_to_string(format!("{out}/{name}")).unwrap(), "mine\n");
    }
    let out = at("ood");
    std::fs::create_dir(&out).unwrap();
    std::fs::write(format!("{out}/results.csv"), "mine\n").unwrap();
    let (code, _, said) = program(folder.path(), &["ood", "none.safetensors", "--out", &out]);
    assert!(code == Some(2) && said.contains("--force"), "{said}");
}

#[test]
fn nothing_to_verify_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, said) = program(folder.path(), &["data", "verify"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("files are missing") && out.contains("mnist: missing: "), "{said}");
    assert_eq!(program(folder.path(), &["data", "verify", "mnist"]).0, Some(2));
    assert_eq!(program(folder.path(), &["data", "verify", "sample"]).0, Some(0));
}

#[test]
fn a_network_is_looked_at_through_the_set_it_was_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    train(&recipe(&["epochs=1"]), folder.path(), false);
    let checkpoint = folder.path().join("checkpoint.safetensors");
    let checkpoint = checkpoint.to_str().unwrap();
    // MNIST is not there: its name would be an error.
    let (code, out, said) = program(folder.path(), &["embed", checkpoint, "--limit", "7"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(out.starts_with("7 points of sample in "), "{out}");
    let (code, out, said) = program(folder.path(), &["delta", checkpoint, "--samples", "20", "--tries", "2"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(out.starts_with("sample: δ_rel = "), "{out}");
    let (code, _, said) = program(folder.path(), &["embed", checkpoint, "--dataset", "mnist"]);
    assert!(code == Some(2) && said.contains("mnist: "), "{said}");
}
