//! Runs cut into shards, from outside: put together they are the bytes of one run, whatever becomes of the shards on the way.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Enough chunks that each of three shards has several, and that a shard which is stopped after its first has more to do.
const STUDY: &str = r#"
question = "Is it the same?"
answer = "Holds to {holds}."
seed = 3

[[block]]
ops = ["distance", "exp"]
guards = "all"
models = ["poincare", "lorentz", "klein"]
scalars = ["f32", "f64"]
radii = [0.1, 1, 2, 3, 4, 5, 6]
directions = ["radial", "tangential", "random"]
separations = [1e-3]
dims = [2, 16]
curvatures = [1]
replicas = 3

[figure.holds]
by = ["variant"]
value = { take = "holds" }

[[exhibit]]
kind = "table"
name = "table"
series = ["variant"]
x = ["radius"]
value = { of = "ulps", take = "p99" }
"#;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("study.toml"), STUDY).unwrap();
        Place { folder }
    }
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hypprec"));
        command.current_dir(self.folder.path()).args(words.split(' ')).stdin(Stdio::null());
        for name in ["SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_COUNT"] {
            command.env_remove(name);
        }
        command.env_remove("JOB_COMPLETION_INDEX").env_remove("HYPPREC_SHARDS");
        command
    }
    fn run(&self, words: &str) -> Output {
        self.command(words).output().unwrap()
    }
    fn succeed(&self, words: &str) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
    /// The one line of a run that must fail.
    fn complaint(&self, words: &str) -> String {
        let output = self.run(words);
        let line = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && line.lines().count() == 1, "{words}: {line}");
        line
    }
    /// Starts a run and waits until it has kept something more.
    fn started(&self, words: &str, folder: &str) -> Child {
        let before = kept(&self.path(folder));
        let mut child = self.command(words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        while kept(&self.path(folder)) <= before {
            assert!(child.try_wait().unwrap().is_none(), "{words} ended before it was stopped");
            std::thread::sleep(Duration::from_millis(1));
        }
        child
    }
    fn tables(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        for name in ["cells.csv", "summary.csv", "clip.csv", "curves.csv", "study.toml", "README.md", "index.html"] {
            found.insert(name.to_owned(), fs::read(self.path(folder).join(name)).unwrap());
        }
        found
    }
    fn assert_same(&self, a: &str, b: &str) {
        let (a, b) = (self.tables(a), self.tables(b));
        for (name, bytes) in &a {
            assert!(*bytes == b[name], "{name} differs");
        }
    }
}

/// How many chunks lie in a shard's folder.
fn kept(folder: &Path) -> usize {
    let Ok(runs) = fs::read_dir(folder.join(".parts")) else { return 0 };
    let parts = runs.flatten().filter_map(|run| fs::read_dir(run.path()).ok()).flatten().flatten();
    parts.filter(|part| part.path().extension().is_some_and(|x| x == "csv")).count()
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn shards_that_were_killed_stopped_and_run_in_any_order_are_one_run_to_the_byte() {
    let place = Place::new();
    place.succeed("sweep study.toml --out one");
    let shard = |i: u32| format!("sweep study.toml --out parts --shard {i}/3 --jobs 1");
    place.succeed(&shard(3));

    let mut killed = place.started(&shard(1), "parts/shard-1-of-3");
    killed.kill().unwrap();
    killed.wait().unwrap();
    let stopped = place.started(&shard(2), "parts/shard-2-of-3");
    signal(&stopped, "USR1");
    let stopped = stopped.wait_with_output().unwrap();
    let said = String::from_utf8(stopped.stderr).unwrap();
    assert!(stopped.status.code() == Some(75) && said.contains("--resume goes on"), "{said}");

    let status = place.run("status parts");
    let text = String::from_utf8(status.stdout).unwrap();
    assert_eq!(status.status.code(), Some(1), "{text}");
    assert!(text.contains("done         1  3\n") && text.contains("missing      2  1-2\n"), "{text}");
    assert_eq!(String::from_utf8(place.run("status parts --missing").stdout).unwrap(), "1-2\n");
    assert!(place.complaint("merge parts --out all").contains("2 of 3 shards are missing or not done: 1-2"));
    assert!(!place.path("all").exists());
    let manifest = fs::read_to_string(place.path("parts/shard-2-of-3/manifest.json")).unwrap();
    assert!(manifest.contains("\"state\": \"interrupted\""), "{manifest}");

    let before = kept(&place.path("parts/shard-2-of-3"));
    assert!(before > 0);
    place.succeed(&(shard(2) + " --resume"));
    place.succeed(&(shard(1) + " --resume"));
    assert!(place.succeed(&(shard(1) + " --resume")).contains("done already"));
    assert_eq!(place.succeed("status parts --missing"), "");
    place.succeed("merge parts --out all");
    place.assert_same("one", "all");
    // Into the folder of the shards themselves, from each by name, and once more over what is there.
    let each = "merge parts/shard-2-of-3 parts/shard-3-of-3 parts/shard-1-of-3 parts --out parts";
    place.succeed(each);
    place.succeed(each);
    place.assert_same("one", "parts");
}

#[cfg(unix)]
#[test]
fn a_whole_sweep_that_is_stopped_goes_on_and_a_second_signal_ends_it_at_once() {
    let place = Place::new();
    place.succeed("sweep study.toml --out one");
    let words = "sweep study.toml --out cut --jobs 1";
    let stopped = place.started(words, "cut");
    signal(&stopped, "TERM");
    let output = stopped.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!place.path("cut/cells.csv").exists() && !place.path("cut/.hypprec.lock").exists());
    let again = place.started(&format!("{words} --resume"), "cut");
    signal(&again, "TERM");
    signal(&again, "USR1");
    assert_eq!(again.wait_with_output().unwrap().status.code(), Some(75));
    place.succeed(&format!("{words} --resume"));
    place.assert_same("one", "cut");
}

#[test]
fn a_study_with_fewer_chunks_than_shards_has_empty_ones() {
    let place = Place::new();
    let filters = "--op exp --model klein --scalar f64 --dim 2";
    place.succeed(&format!("sweep study.toml {filters} --out one"));
    for i in 1..=5 {
        place.succeed(&format!("sweep study.toml {filters} --out parts --shard {i}/5"));
    }
    place.succeed("merge parts --out all");
    place.assert_same("one", "all");
}

#[test]
fn shards_that_do_not_belong_together_are_refused_in_one_line() {
    let place = Place::new();
    fs::write(place.path("seed.toml"), STUDY.replace("seed = 3", "seed = 4")).unwrap();
    fs::write(place.path("other.toml"), STUDY.replace("Is it", "Was it")).unwrap();
    let filters = "--op exp --model klein";
    let shard = |study: &str, out: &str, of: &str| format!("sweep {study}.toml {filters} --out {out} --shard {of}");
    for (study, out, of) in [
        ("study", "good", "1/2"),
        ("study", "good", "2/2"),
        ("study", "more", "2/3"),
        ("study", "same", "2/2"),
        ("seed", "seed", "2/2"),
        ("other", "other", "2/2"),
    ] {
        place.succeed(&shard(study, out, of));
    }
    place.succeed("sweep study.toml --op exp --out filter --shard 2/2");
    let merge = |other: &str| place.complaint(&format!("merge good/shard-1-of-2 {other} --out all"));
    for (other, expected) in [
        ("more/shard-2-of-3", "shard 2/3 where good/shard-1-of-2 is 1/2"),
        ("seed/shard-2-of-2", "not of the run of good/shard-1-of-2: command"),
        ("other", "command `hypprec sweep other.toml"),
        ("filter", "command `hypprec sweep study.toml --op exp`"),
        ("same good", "shard 2/2 again, after"),
        ("good/shard-1-of-2", "1 of 2 shards is missing or not done: 2"),
        ("nowhere", "nowhere: no manifest.json in it"),
    ] {
        let line = merge(other);
        assert!(line.contains(expected), "{line}");
    }
    // Neither may a shard of another run, or of another number of them, begin beside those of one.
    for words in [shard("other", "good", "2/2"), shard("study", "good", "2/3")] {
        let line = place.complaint(&words);
        assert!(line.contains("a shard of another run: "), "{line}");
    }

    let (cells, manifest) = (place.path("good/shard-2-of-2/cells.csv"), place.path("good/shard-2-of-2/manifest.json"));
    let (text, kept) = (fs::read_to_string(&cells).unwrap(), fs::read_to_string(&manifest).unwrap());
    let damaged = [
        (&cells, text.replacen("ok", "no", 1), "cells.csv: damaged: its SHA-256"),
        (&cells, text[..text.len() - 20].to_owned(), "cells.csv: damaged"),
        (&manifest, kept.replace("\"version\": \"", "\"version\": \"9"), "version `9"),
        (&manifest, kept.replace("\"revision\": \"", "\"revision\": \"9"), "revision `9"),
        (&manifest, kept[..100].to_owned(), "manifest.json: not a manifest"),
        (&manifest, kept.replace("\"state\": \"done\"", "\"state\": \"running\""), "missing or not done: 2"),
    ];
    for (path, bad, expected) in damaged {
        let good = fs::read_to_string(path).unwrap();
        assert_ne!(good, bad);
        fs::write(path, bad).unwrap();
        let line = place.complaint("merge good --out all");
        assert!(line.contains(expected), "{line}, expected {expected}");
        fs::write(path, good).unwrap();
    }
    assert!(!place.path("all").exists());
    // A damaged or lost table is missing, and measured again.
    let resumed = shard("study", "good", "2/2") + " --resume";
    for damage in [Some(text.replacen("ok", "no", 1)), None] {
        match damage {
            Some(bad) => fs::write(&cells, bad).unwrap(),
            None => fs::remove_file(&cells).unwrap(),
        }
        let status = place.run("status good --missing");
        assert_eq!((status.status.code(), status.stdout.as_slice()), (Some(1), b"2\n".as_slice()));
        assert!(String::from_utf8(status.stderr).unwrap().contains("cells.csv"));
        place.succeed(&resumed);
        assert_eq!(fs::read_to_string(&cells).unwrap(), text);
        assert_eq!(place.succeed("status good --missing"), "");
    }
    assert!(place.complaint("merge good --out good/shard-2-of-2").contains("a shard that is to be merged"));
    assert_eq!(fs::read_to_string(&cells).unwrap(), text);
    place.succeed("merge good --out all");
    fs::write(place.path("all/README.md"), "mine\n").unwrap();
    assert!(place.complaint("merge good --out all").contains("README.md: hypprec did not write it"));
    place.succeed("merge good --out all --force");
}

#[test]
fn a_scheduler_says_which_shard_it_is() {
    let place = Place::new();
    let words = "sweep study.toml --op exp --model klein --scalar f32 --out parts";
    let with = |variables: &[(&str, &str)]| {
        let mut command = place.command(words);
        command.envs(variables.iter().copied()).output().unwrap()
    };
    let slurm = |id: &'static str| {
        with(&[
            ("SLURM_ARRAY_TASK_ID", id),
            ("SLURM_ARRAY_TASK_MIN", "0"),
            ("SLURM_ARRAY_TASK_MAX", "2"),
            ("SLURM_ARRAY_TASK_COUNT", "3"),
        ])
    };
    let output = slurm("0");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("shard 1/3, as SLURM_ARRAY_TASK_ID says"), "{said}");
    assert!(slurm("2").status.success());
    assert!(with(&[("JOB_COMPLETION_INDEX", "1"), ("HYPPREC_SHARDS", "3")]).status.success());
    assert_eq!(place.succeed("status parts --missing"), "");
    let output = with(&[("JOB_COMPLETION_INDEX", "1")]);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    // What is given counts.
    place.succeed(&format!("{words} --shard 1/3 --resume"));
}

#[cfg(unix)]
#[test]
fn the_script_for_slurm_runs_its_shard_and_is_one_run_when_merged() {
    let place = Place::new();
    let script = common::repository("studies/cluster/sweep.sbatch");
    place.succeed("sweep study.toml --out one");
    for id in ["2", "3", "1"] {
        let mut command = Command::new("bash");
        command.arg(&script).args(["study.toml", "parts"]).current_dir(place.folder.path()).stdin(Stdio::null());
        command.env("HYPPREC", env!("CARGO_BIN_EXE_hypprec")).env("SLURM_ARRAY_TASK_ID", id);
        command.envs([("SLURM_ARRAY_TASK_MIN", "1"), ("SLURM_ARRAY_TASK_MAX", "3"), ("SLURM_ARRAY_TASK_COUNT", "3")]);
        if id == "3" {
            // Slurm's signal before the end of the time, to the script alone.
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            while kept(&place.path("parts/shard-3-of-3")) == 0 {
                assert!(child.try_wait().unwrap().is_none(), "it ended before it was stopped");
                std::thread::sleep(Duration::from_millis(1));
            }
            signal(&child, "USR1");
            assert_eq!(child.wait().unwrap().code(), Some(75));
            continue;
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(String::from_utf8(place.run("status parts --missing").stdout).unwrap(), "3\n");
    place.succeed("sweep study.toml --out parts --shard 3/3 --resume");
    place.succeed("merge parts --out parts");
    place.assert_same("one", "parts");
}

#[test]
fn a_plan_says_how_many_cells_how_long_and_how_many_shards() {
    let place = Place::new();
    let plan = |words: &str| -> serde_json::Value {
        serde_json::from_str(&place.succeed(&format!("plan study.toml --json {words}"))).unwrap()
    };
    let all = plan("--wall 1s --cores 1 --sample 20");
    let klein = plan("--model klein --sample 20");
    assert!(all["cells"].as_u64() > klein["cells"].as_u64() && klein["cells"].as_u64() > Some(0));
    let (core, error) = (all["core_seconds"].as_f64().unwrap(), all["core_seconds_error"].as_f64().unwrap());
    assert!(core > 0.0 && error > 0.0 && all["shards"].as_f64().unwrap() >= core);
    assert!(klein["shards"].is_null());
    let text = place.succeed("plan study.toml --wall 02:00:00 --sample 5");
    assert!(text.starts_with("cells   ") && text.contains("shards  1, for 2.0 h each"), "{text}");
    assert!(place.complaint("plan study.toml --wall soon").contains("`soon` is no time"));
}

#[test]
fn the_shards_of_a_check_are_the_rows_that_one_check_accepts() {
    let place = Place::new();
    let small = STUDY.replace("[\"distance\", \"exp\"]", "[\"exp\"]").replace("dims = [2, 16]", "dims = [2]");
    fs::write(place.path("study.toml"), small).unwrap();
    place.succeed("check study.toml --accept --baseline one.csv");
    for i in ["2", "1"] {
        place.succeed(&format!("check study.toml --shard {i}/2 --out parts"));
    }
    place.succeed("merge parts --out all");
    assert_eq!(fs::read(place.path("one.csv")).unwrap(), fs::read(place.path("all/measured.csv")).unwrap());
    place.succeed("check study.toml --baseline one.csv --measured all/measured.csv");
    place.succeed("check study.toml --accept --baseline two.csv --measured all/measured.csv");
    assert_eq!(fs::read(place.path("one.csv")).unwrap(), fs::read(place.path("two.csv")).unwrap());
    fs::write(
        place.path("other.csv"),
        fs::read_to_string(place.path("one.csv")).unwrap().replace("# seed: 3", "# seed: 4"),
    )
    .unwrap();
    place.complaint("check study.toml --baseline one.csv --measured other.csv");
}
