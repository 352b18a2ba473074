//! `hypprec check` and `hypprec report` from outside: exit codes, files and bytes.

use hypprec::verdict::check::Baseline;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// Few cells, of a formula that is exact to an ulp and one that is not.
const STUDY: &str = r#"
question = "Small?"
answer = "Holds to {holds}. And more."
seed = 3

[[block]]
ops = ["distance"]
variants = ["best", "B1"]
models = ["poincare"]
scalars = ["f32"]
radii = [1, 4]
directions = ["radial", "random"]
separations = [0.1]
dims = [2]
curvatures = [1]

[[exhibit]]
kind = "lines"
name = "lines-{scalar}"
title = "{scalar}"
caption = "{scalar}: {holds}"
each = ["scalar"]
series = ["variant"]
x = ["radius"]

[[exhibit]]
kind = "table"
name = "table"
series = ["variant"]
x = ["radius"]

[figure.holds]
by = ["variant"]
value = { take = "holds" }
"#;

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("small.toml"), STUDY).unwrap();
        Place { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hypprec"));
        command.current_dir(self.folder.path()).args(words).output().unwrap()
    }

    /// The exit code of a check, and what it printed.
    fn check(&self, words: &[&str]) -> (i32, String) {
        let output = self.run(&[&["check", "small.toml", "--baseline", "base.csv"], words].concat());
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    }

    fn accepted() -> Place {
        let place = Place::new();
        assert_eq!(place.check(&["--accept"]).0, 0);
        place
    }

    /// Changes the accepted rows, with a checksum that fits.
    fn change(&self, change: impl FnOnce(&mut Baseline)) {
        let path = self.path("base.csv");
        let mut baseline = Baseline::parse(&fs::read_to_string(&path).unwrap(), &path).unwrap();
        change(&mut baseline);
        let mut out = Vec::new();
        baseline.write(&mut out).unwrap();
        fs::write(path, out).unwrap();
    }
}

#[test]
fn what_was_accepted_passes_and_is_the_same_bytes_on_any_number_of_threads() {
    let place = Place::accepted();
    let (code, out) = place.check(&["--jobs", "3"]);
    assert_eq!((code, out.as_str()), (0, "small: 2 rows within tolerance\n"));
    let once = fs::read(place.path("base.csv")).unwrap();
    assert_eq!(place.check(&["--accept", "--jobs", "1"]).0, 0);
    assert_eq!(fs::read(place.path("base.csv")).unwrap(), once);
    // Nothing else was left behind.
    assert_eq!(fs::read_dir(place.folder.path()).unwrap().count(), 2);
}

#[test]
fn a_row_that_was_better_is_1_and_is_named_in_every_form() {
    let place = Place::accepted();
    place.change(|baseline| baseline.rows[0].max_ulps = baseline.rows[0].max_ulps.map(|ulps| ulps / 2.0));
    let (code, out) = place.check(&["--markdown", "diff.md"]);
    let was = "regressed: poincare f32 distance best none: max_ulps was ";
    assert!(code == 1 && out.starts_with(was) && out.ends_with("small: regressed: 1 regressed in 2 rows\n"), "{out}");
    let markdown = fs::read_to_string(place.path("diff.md")).unwrap();
    assert!(markdown.contains("| regressed | poincare f32 distance best none | max_ulps | "), "{markdown}");
    let (code, json) = place.check(&["--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &json["exit_code"], &json["faults"][0]["figure"]), (1, &1.into(), &"max_ulps".into()));
}

#[test]
fn a_row_that_was_worse_is_4_until_it_is_accepted() {
    let place = Place::accepted();
    place.change(|baseline| baseline.rows[1].median_ulps = Some(1e30));
    let (code, out) = place.check(&[]);
    assert!(code == 4 && out.contains("improved: poincare f32 distance B1 none: median_ulps was "), "{out}");
    assert_eq!((place.check(&["--accept"]).0, place.check(&[]).0), (0, 0));
}

#[test]
fn what_cannot_be_compared_is_3() {
    let place = Place::new();
    let incomparable = |what: &str, expected: &str| {
        let (code, out) = place.check(&[]);
        assert!(code == 3 && out.contains(expected), "{what}: {code}: {out}");
    };
    incomparable("missing", "base.csv: ");
    let base = place.path("base.csv");
    let accept = || assert_eq!(place.check(&["--accept"]).0, 0);
    for (what, bytes) in
        [("empty", &b""[..]), ("blank", b"\n"), ("not text", b"\xff\xfe"), ("not a table", b"a,b\n1,2\n")]
    {
        fs::write(&base, bytes).unwrap();
        incomparable(what, "small: incomparable: ");
    }
    accept();
    let whole = fs::read_to_string(&base).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    for kept in 0..lines.len() {
        fs::write(&base, lines[..kept].concat()).unwrap();
        incomparable("truncated at the end of a line", "small: incomparable: ");
    }
    fs::write(&base, lines[..lines.len() - 2].concat() + lines[lines.len() - 1]).unwrap();
    incomparable("a row taken out", "truncated or damaged");
    fs::write(&base, &whole).unwrap();
    place.change(|baseline| drop(baseline.rows.pop()));
    incomparable("a row that is new", "new: poincare f32 distance B1 none: row was not there, is 4 cells");
    fs::write(&base, &whole).unwrap();
    place.change(|baseline| {
        let mut row = baseline.rows[0].clone();
        row.variant = "B0".into();
        baseline.rows.push(row);
    });
    incomparable("a row that is missing", "missing: poincare f32 distance B0 none: row was 4 cells, is not there");
    fs::write(&base, &whole).unwrap();
    place.change(|baseline| baseline.rows[0].n = 3);
    incomparable("stale", "stale: poincare f32 distance best none: n was 3, is 4");
    for (from, to) in [("seed = 3", "seed = 4"), ("radii = [1, 4]", "radii = [1, 5]")] {
        fs::write(&base, &whole).unwrap();
        fs::write(place.path("small.toml"), STUDY.replace(from, to)).unwrap();
        incomparable("foreign", "base.csv: foreign: ");
    }
}

#[test]
fn usage_is_2_and_writes_nothing() {
    let place = Place::new();
    for words in [&["check", "nothing"][..], &["check", "small.toml", "--nothing"], &["report"], &["report", "nowhere"]]
    {
        let output = place.run(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
    fs::write(place.path("small.toml"), STUDY.replace("[1, 4]", "[-1]")).unwrap();
    assert_eq!(place.check(&["--accept"]).0, 2);
    assert_eq!(fs::read_dir(place.folder.path()).unwrap().count(), 1);
}

/// Every file of a folder, by name, with its bytes.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(contents(&path)),
            false => found.push((path.clone(), fs::read(&path).unwrap())),
        }
    }
    found.sort();
    found
}

#[test]
fn a_page_is_rebuilt_to_the_same_bytes_from_its_small_tables() {
    let place = Place::new();
    let sweep = place.run(&["sweep", "small.toml", "--out", "reports/small"]);
    assert!(sweep.status.success(), "{sweep:?}");
    let folder = place.path("reports/small");
    for name in [
        "cells.csv",
        "summary.csv",
        "clip.csv",
        "curves.csv",
        "study.toml",
        "plots/lines-f32.svg",
        "plots/lines-f32.png",
    ] {
        assert!(folder.join(name).is_file(), "{name}");
    }
    fs::remove_file(folder.join("cells.csv")).unwrap();
    let before = contents(&folder);
    let page = fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(page.contains("## The answer\n\nHolds to best (4), B1 ("), "{page}");
    fs::remove_dir_all(folder.join("plots")).unwrap();
    fs::remove_file(folder.join("index.html")).unwrap();
    fs::remove_file(folder.join("README.md")).unwrap();
    assert!(place.run(&["report", "reports/small"]).status.success());
    assert_eq!(contents(&folder), before);
    // A folder of pages: the same bytes again, and a page that links them.
    assert!(place.run(&["report", "reports"]).status.success());
    assert_eq!(contents(&folder), before);
    let index = fs::read_to_string(place.path("reports/README.md")).unwrap();
    assert!(index.contains("- [small](small/README.md): Small?\n  Holds to best (4), B1 ("), "{index}");
    assert!(place.path("reports/index.html").is_file());
}

#[test]
fn a_damaged_table_is_one_line() {
    let place = Place::new();
    assert!(place.run(&["sweep", "small.toml", "--out", "small"]).status.success());
    let curves = place.path("small/curves.csv");
    let whole = fs::read_to_string(&curves).unwrap();
    for bad in [whole.replace("# seed: ", "# sand: "), whole.trim_end().to_owned() + ",x,y\n"] {
        fs::write(&curves, bad).unwrap();
        let output = place.run(&["report", "small"]);
        let line = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.code() == Some(2) && line.contains("curves.csv: ") && line.lines().count() == 1,
            "{line}"
        );
    }
}

/// The gate's committed baseline belongs to the gate's study: what the gate itself takes some time to find out.
#[test]
fn the_committed_baseline_is_whole_and_of_the_committed_study() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("studies/baselines/gate.csv");
    let baseline = Baseline::parse(&fs::read_to_string(&path).unwrap(), &path).unwrap();
    let text = fs::read(root.join("studies/gate.toml")).unwrap();
    assert_eq!(baseline.fingerprint, hypprec::table::fingerprint(&text));
    assert!(baseline.rows.len() > 300, "{} rows", baseline.rows.len());
}
