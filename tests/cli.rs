//! The built binary, run as users and scripts run it: same bytes from any number of threads and after a kill, every fault one
//! line and exit code 2, and nothing half-written.

mod common;

use common::{FUZZ_CASES, Row, cases, repository, rows};
use hypprec::formula::{Model, Op};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// A study of every kind of block that takes less than a second.
const TINY: &str = r#"
question = "Does it run?"
analysis = "It does."
seed = 7

[[block]]
ops = ["distance"]
guards = "all"
models = ["poincare", "lorentz", "lorentz-ambient", "klein"]
scalars = ["f32", "f64"]
radii = [1, 6]
directions = ["radial", "random", "self"]
separations = [1e-3]
dims = [2]
curvatures = [1, 0.05]

[[block]]
ops = ["exp", "convert"]
variants = ["best"]
models = ["poincare", "lorentz"]
scalars = ["f32"]
radii = [2]
directions = ["random"]
separations = [1]
dims = [3]
curvatures = [1]
"#;

/// Enough chunks that a run which is stopped after its first has most of its work still to do.
const MANY_CHUNKS: &str = r#"
question = "Does it go on?"
seed = 3

[[block]]
ops = ["distance", "exp"]
variants = ["best"]
models = ["poincare", "lorentz", "klein"]
scalars = ["f32", "f64"]
radii = [0.1, 1, 2, 3, 4, 5, 6]
directions = ["radial", "tangential", "random"]
separations = [1e-3]
dims = [2, 64]
curvatures = [1]
replicas = 4
"#;

/// Three pairs of points of the ball, and vectors, that every verb of these tests can read.
const POINTS: &str = "c,x,y,v,p,a,t\n1,0.1 0.2,0.3 0.4,0.1 0,0.2 0.1,1 2,0.5\n0.25,-1e-3 1,0 0,0 1,0.5 0.5,0 1,0.75\n";

fn hypprec(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hypprec"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    hypprec(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Output of a run that must succeed.
fn succeed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

/// A table without the lines that say where it comes from.
fn below_comments(table: &str) -> String {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect()
}

/// The one line of a run that must fail as usage and input faults do: exit code 2, one line on stderr, nothing on stdout.
fn complaint(arguments: &[&str]) -> String {
    let output = run(arguments);
    let line = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {line}");
    assert_eq!(line.matches('\n').count(), 1, "{arguments:?}: {line}");
    assert!(line.starts_with("hypprec: ") && line.ends_with('\n'), "{arguments:?}: {line}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {}", text(&output.stdout));
    line.to_owned()
}

/// Every file below a folder by its relative path.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn assert_same_files(a: &Path, b: &Path) {
    let (a, b) = (files(a), files(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (name, bytes) in &a {
        assert!(*bytes == b[name], "{name} differs");
    }
    for name in ["cells.csv", "summary.csv", "clip.csv", "index.html", "README.md"] {
        assert!(a.contains_key(name), "no {name}");
    }
}

fn written(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The rows of a table without the lines of its provenance and of its column names.
fn data(path: &Path) -> Vec<String> {
    let table = fs::read_to_string(path).unwrap();
    table.lines().filter(|line| !line.starts_with('#')).skip(1).map(str::to_owned).collect()
}

/// The rows of CSV text by column name.
fn table(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let study = written(folder.path(), "tiny.toml", TINY);
    let out = |jobs: &str| folder.path().join(jobs);
    for jobs in ["1", "2", "5"] {
        succeed(&["sweep", &study, "--jobs", jobs, "--out", out(jobs).to_str().unwrap()]);
    }
    assert_same_files(&out("1"), &out("2"));
    assert_same_files(&out("1"), &out("5"));
}

#[test]
fn a_killed_sweep_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let study = written(folder.path(), "many.toml", MANY_CHUNKS);
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    succeed(&["sweep", &study, "--out", whole.to_str().unwrap()]);

    let arguments = ["sweep", &study, "--out", cut.to_str().unwrap(), "--jobs", "1"];
    let mut child = hypprec(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while parts(&cut).is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was stopped");
        std::thread::sleep(Duration::from_millis(1));
    }
    // SIGKILL: nothing can be tidied up.
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!cut.join("cells.csv").exists(), "it was stopped too late to show anything");

    // Another study must not go on from there.
    let other = written(folder.path(), "other.toml", MANY_CHUNKS.replace("seed = 3", "seed = 4"));
    assert!(complaint(&["sweep", &other, "--out", cut.to_str().unwrap(), "--resume"]).contains("another study"));
    // One that was emptied, one cut at a line's end, one with another digit, one in another's place: measured again.
    let jobs = ["sweep", &study, "--out", cut.to_str().unwrap(), "--jobs", "1", "--resume"];
    let mut child = hypprec(&jobs).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while parts(&cut).len() < 5 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was stopped");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let found = parts(&cut);
    let text = fs::read_to_string(&found[1]).unwrap();
    fs::write(&found[0], "").unwrap();
    fs::write(&found[1], &text[..=text[..text.len() - 1].rfind('\n').unwrap()]).unwrap();
    let other = fs::read_to_string(&found[2]).unwrap();
    fs::write(&found[2], other.replacen("ok", "no", 1)).unwrap();
    fs::write(&found[3], &text).unwrap();
    // What was being written, and what is left of the tables themselves.
    fs::write(cut.join("cells.csv.99.tmp"), "cut").unwrap();
    succeed(&["sweep", &study, "--out", cut.to_str().unwrap(), "--resume"]);
    assert_same_files(&whole, &cut);

    // Neither other filters nor another study may take the place of what is finished by going on.
    for arguments in [
        ["sweep", &study, "--model", "klein"],
        ["sweep", &written(folder.path(), "many.toml", MANY_CHUNKS.replace("seed = 3", "seed = 5")), "--jobs", "2"],
    ] {
        let line = complaint(&[&arguments[..], &["--out", cut.to_str().unwrap(), "--resume"]].concat());
        assert!(line.contains("cells.csv: a finished sweep (") && line.contains("--resume"), "{line}");
    }
    assert_same_files(&whole, &cut);
}

/// The finished parts of a sweep in a folder, by name.
fn parts(folder: &Path) -> Vec<PathBuf> {
    let Ok(runs) = fs::read_dir(folder.join(".parts")) else { return Vec::new() };
    let inside = runs.flatten().filter_map(|run| fs::read_dir(run.path()).ok()).flatten().flatten();
    let mut found: Vec<PathBuf> =
        inside.map(|part| part.path()).filter(|path| path.extension().is_some_and(|x| x == "csv")).collect();
    found.sort();
    found
}

#[test]
fn two_sweeps_into_one_folder_never_mix() {
    let folder = tempfile::tempdir().unwrap();
    let study = written(folder.path(), "many.toml", MANY_CHUNKS);
    let mut refused = 0;
    for try_ in 0..cases(4) {
        let out = folder.path().join(try_.to_string());
        let spawn = |scalar: &str| {
            let words = ["sweep", &study, "--op", "distance", "--dim", "2", "--scalar", scalar, "--out"];
            let mut command = hypprec(&words);
            command.arg(&out).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let runs = [spawn("f32"), spawn("f64")].map(|child| child.wait_with_output().unwrap());
        let codes = [0, 1].map(|i| runs[i].status.code());
        for output in &runs {
            let said = text(&output.stderr);
            let line = said.lines().last().unwrap_or_default();
            match output.status.code() {
                Some(2) => {
                    assert!(said.lines().count() == 1 && line.contains("is writing there"), "{said}");
                    refused += 1;
                }
                code => assert_eq!(code, Some(0), "{said}"),
            }
        }
        let scalars: std::collections::BTreeSet<String> =
            data(&out.join("cells.csv")).iter().map(|row| row.split(',').nth(2).unwrap().to_owned()).collect();
        assert_eq!(scalars.len(), 1, "{scalars:?} {codes:?}");
        let command = fs::read_to_string(out.join("cells.csv")).unwrap();
        assert!(command.contains(&format!("--scalar {}", scalars.first().unwrap())), "{scalars:?}");
        assert!(!out.join(".hypprec.lock").exists() && !out.join(".parts").exists());
    }
    assert!(refused > 0, "no two of them ran at once");
}

#[test]
fn a_folder_whose_run_was_killed_can_be_taken_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let study = written(folder.path(), "many.toml", MANY_CHUNKS);
    let out = folder.path().join("out");
    let arguments = ["sweep", &study, "--jobs", "1", "--out", out.to_str().unwrap()];
    let mut child = hypprec(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while parts(&out).is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let line = complaint(&["sweep", &study, "--out", out.to_str().unwrap()]);
    assert!(line.contains(&format!("(process {}) is writing there", child.id())), "{line}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(out.join(".hypprec.lock").exists());
    succeed(&["sweep", &study, "--model", "klein", "--out", out.to_str().unwrap()]);
    assert!(!out.join(".hypprec.lock").exists());
}

#[test]
fn what_others_wrote_is_replaced_only_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let study = written(folder.path(), "tiny.toml", TINY);
    let points = written(folder.path(), "points.csv", "x\n0.1 0.2\n0.3 0.4\n-0.5 0.1\n");
    let out = folder.path().join("out");
    let place = out.to_str().unwrap();
    let sweep: &[&str] = &["sweep", &study, "--model", "klein", "--out", place];
    let scan: &[&str] = &["scan", &points, "--model", "poincare", "--scalar", "f32", "--out", place];
    let judge: &[&str] = &["judge", "--all", "--out", place];
    for (arguments, names) in [
        (sweep, &["cells.csv", "summary.csv", "clip.csv", "curves.csv", "study.toml", "README.md", "index.html"][..]),
        (scan, &["pairs.csv", "scan.json", "README.md", "index.html", "plots/radius.svg"]),
        (judge, &["verdicts.csv", "curve.csv", "paper.csv", "README.md", "index.html"]),
    ] {
        for name in names {
            let file = out.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "mine\n").unwrap();
            let line = complaint(arguments);
            assert!(line.contains(&format!("{}: hypprec did not write it", file.display())), "{line}");
            assert_eq!(fs::read_to_string(&file).unwrap(), "mine\n");
            // Nothing was begun.
            assert_eq!(files(&out).len(), 1, "{:?}", files(&out).keys());
            fs::remove_dir_all(&out).unwrap();
        }
    }
    fs::create_dir_all(&out).unwrap();
    fs::write(out.join("README.md"), "mine\n").unwrap();
    fs::write(out.join("notes.md"), "mine\n").unwrap();
    succeed(&[sweep, &["--force"]].concat());
    assert!(fs::read_to_string(out.join("README.md")).unwrap().starts_with("    command: hypprec sweep"));
    assert_eq!(fs::read_to_string(out.join("notes.md")).unwrap(), "mine\n");
    // What is ours may be replaced; a study of the user's own, which lies there, stays.
    fs::write(out.join("study.toml"), TINY).unwrap();
    let own = out.join("study.toml");
    succeed(&["sweep", own.to_str().unwrap(), "--model", "klein", "--out", place]);
    assert_eq!(fs::read_to_string(&own).unwrap(), TINY);
    fs::write(&own, TINY.replace("seed = 7", "seed = 8")).unwrap();
    assert!(complaint(sweep).contains("study.toml: hypprec did not write it"));
    fs::write(&own, TINY).unwrap();

    fs::write(out.join("index.html"), "mine\n").unwrap();
    assert!(complaint(&["report", place]).contains("index.html: hypprec did not write it"));
    succeed(&["report", place, "--force"]);
    // The page that links pages is one too, and those that it links are left as they are.
    let before = files(&out);
    fs::write(out.join("README.md"), "    command: hypprec\n\n# Mine\n").unwrap();
    let all = folder.path().to_str().unwrap();
    succeed(&["report", all]);
    assert_eq!(fs::read_to_string(out.join("README.md")).unwrap(), "    command: hypprec\n\n# Mine\n");
    fs::write(folder.path().join("README.md"), "mine\n").unwrap();
    assert!(complaint(&["report", all]).contains("README.md: hypprec did not write it"));
    assert_eq!(files(&out).len(), before.len());
}

#[test]
fn a_study_says_nothing_to_markdown() {
    let folder = tempfile::tempdir().unwrap();
    let question = "question = \"<b>What?</b> [x](http://y)\\n\\n# Heading\"";
    let study = written(folder.path(), "tiny.toml", TINY.replace("question = \"Does it run?\"", question));
    let out = folder.path().join("out");
    succeed(&["sweep", &study, "--model", "klein", "--out", out.to_str().unwrap()]);
    let page = fs::read_to_string(out.join("README.md")).unwrap();
    assert!(page.contains("\n# &lt;b>What?&lt;/b> \\[x\\](http://y) # Heading\n"), "{page}");
    succeed(&["report", folder.path().to_str().unwrap()]);
    let index = fs::read_to_string(folder.path().join("README.md")).unwrap();
    assert!(index.contains("- [out](out/README.md): &lt;b>What?&lt;/b> \\[x\\](http://y) # Heading\n"), "{index}");
    let html = fs::read_to_string(folder.path().join("index.html")).unwrap();
    assert!(html.contains(": &lt;b&gt;What?&lt;/b&gt; [x](http://y) # Heading</dt>"), "{html}");
}

#[cfg(unix)]
#[test]
fn what_cannot_be_written_is_known_before_anything_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let points = written(folder.path(), "points.csv", "x\n0.1 0.2\n0.3 0.4\n");
    let file = written(folder.path(), "file", "");
    let inside = format!("{file}/x.csv");
    let started = std::time::Instant::now();
    for arguments in [
        &["check", "--accept", "--baseline", &inside][..],
        &["check", "--accept", "--baseline", folder.path().to_str().unwrap()],
        &["check", "--markdown", &inside],
        &["scan", &points, "--model", "poincare", "--scalar", "f32", "--pairs", "100000", "--out", &file],
        &["sweep", "--out", &file],
        &["judge", "--all", "--out", &file],
        &["choose", "--regenerate", &inside],
    ] {
        let line = complaint(arguments);
        assert!(line.contains(folder.path().to_str().unwrap()), "{line}");
    }
    // Each of them measures for minutes.
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    // A link that leads nowhere yet stays one.
    let link = folder.path().join("link.csv");
    std::os::unix::fs::symlink("new.csv", &link).unwrap();
    let rows = written(folder.path(), "rows.csv", POINTS);
    let eval = ["eval", "--op", "distance", "--model", "poincare", &rows, "--out", link.to_str().unwrap()];
    succeed(&eval);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink() && folder.path().join("new.csv").is_file());
}

#[cfg(target_os = "linux")]
#[test]
fn a_closed_standard_output_is_a_fault_and_a_reader_that_goes_away_is_none() {
    let shell = |redirection: &str| {
        let line = format!("{} list models {redirection}", env!("CARGO_BIN_EXE_hypprec"));
        Command::new("sh").args(["-c", &line]).stdin(Stdio::null()).output().unwrap()
    };
    let output = shell(">&-");
    let line = text(&output.stderr);
    assert!(
        output.status.code() == Some(2) && line.starts_with("hypprec: standard output: ") && line.lines().count() == 1,
        "{line}"
    );
    for redirection in ["> /dev/null", "| true", "<&- | cat"] {
        assert!(shell(redirection).status.success(), "{redirection}");
    }
    // As other programs give it, which open it for reading too.
    let null = fs::File::options().read(true).write(true).open("/dev/null").unwrap();
    assert!(hypprec(&["list", "models"]).stdout(null).output().unwrap().status.success());
}

#[test]
fn a_sweep_killed_before_its_first_cell_can_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let study = written(folder.path(), "tiny.toml", TINY);
    fs::create_dir_all(folder.path().join("out/.parts")).unwrap();
    succeed(&["sweep", &study, "--variant", "B4", "--out", folder.path().join("out").to_str().unwrap(), "--resume"]);
}

#[test]
fn a_filter_keeps_rows_of_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let study = written(folder.path(), "tiny.toml", TINY);
    let sweep = |name: &str, filters: &[&str]| {
        let out = folder.path().join(name);
        succeed(&[&["sweep", &study, "--out", out.to_str().unwrap()][..], filters].concat());
        data(&out.join("cells.csv"))
    };
    let whole = sweep("whole", &[]);
    for (name, filters, keeps) in [
        (
            "variant",
            ["--variant", "B4,L1"].as_slice(),
            &(|row: &[&str]| ["B4", "L1"].contains(&row[4])) as &dyn Fn(&[&str]) -> bool,
        ),
        ("model", &["--model", "klein"], &|row| row[1] == "klein"),
        ("scalar", &["--scalar", "f64"], &|row| row[2] == "f64"),
        ("op", &["--op", "exp"], &|row| row[3] == "exp"),
        ("guard", &["--guard", "hyptorch"], &|row| row[5] == "hyptorch"),
        ("curvature", &["--curvature", "0.05"], &|row| row[6] == "0.05"),
        ("dim", &["--dim", "3"], &|row| row[7] == "3"),
    ] {
        let expected: Vec<String> =
            whole.iter().filter(|row| keeps(&row.split(',').collect::<Vec<_>>())).cloned().collect();
        assert!(!expected.is_empty() && expected.len() < whole.len(), "{name}");
        assert_eq!(sweep(name, filters), expected, "{name}");
    }
}

#[test]
fn a_curvature_beyond_the_arithmetic_is_an_outcome_not_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let study = TINY.replace("\"f32\", \"f64\"", "\"f16\"").replace("[1, 0.05]", "[1e-12]");
    let study = written(folder.path(), "small.toml", study);
    let out = folder.path().join("out");
    succeed(&["sweep", &study, "--op", "distance", "--out", out.to_str().unwrap()]);
    assert!(data(&out.join("cells.csv")).iter().all(|row| row.ends_with(",overflow")));
}

#[test]
fn faulty_tables_are_one_line_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.csv");
    for (model, table, expected) in [
        ("poincare", "c,x,y\n1,0.1 0.2,0.3 z\n", "line 2: column `y`: `z` is not a number"),
        ("poincare", "c,x,y\n1,0.1 0.2,0.3 0.1\n1,0.1 0.2,0.3 inf\n", "line 3: column `y`: `inf` is not finite"),
        ("poincare", "c,x,y\n1,nan 0,0.3 0\n", "line 2: column `x`: `nan` is not finite"),
        ("poincare", "c,x,y\n1,1e400 0,0.3 0\n", "line 2: column `x`: `1e400` is not finite"),
        ("poincare", "c,x,y\n1,0.1 0.2,0.3\n", "line 2: column `y`: 1 numbers where `x` has 2"),
        ("lorentz-ambient", "c,x,y\n1,1,1\n", "line 2: column `x`: 1 numbers, at least 2"),
        ("poincare", "c,x,y\n1,0.5 0.8,0.3 0\n1,1 0,0 0\n", "line 3: column `x`: the point is on or outside the rim"),
        ("klein", "c,x,y\n4,0.1 0.2,0.4 0.4\n", "line 2: column `y`: the point is on or outside the rim"),
        ("lorentz-ambient", "c,x,y\n1,2 1 0,1 0 0\n", "line 2: column `x`: time 2.0 is not"),
        ("poincare", "c,x,y\n0,0.1,0.3\n", "line 2: column `c`: `0` is not positive"),
        ("poincare", "c,x,y\n-1,0.1,0.3\n", "line 2: column `c`: `-1` is not positive"),
        ("poincare", "c,x\n1,0.1\n", "line 1: no column `y`"),
        ("poincare", "c,x,y\n1,0.1 0.2,0.3 0.4\n1,0.1 0.2\n", "line 3: 2 cells where the header names 3"),
        ("poincare", "c,x,x\n1,0.1,0.3\n", "line 1: column `x` appears twice"),
        ("poincare", "c,x,y\n", "no rows below the column names"),
        ("poincare", "", "empty"),
    ] {
        let file = written(folder.path(), "in.csv", table);
        let evaluate = ["eval", "--op", "distance", "--model", model, "--truth", &file];
        let line = complaint(&[&evaluate[..], &["--out", out.to_str().unwrap()]].concat());
        assert!(line.starts_with(&format!("hypprec: {file}: {expected}")), "{table:?}: {line}");
        assert_eq!(complaint(&evaluate), line);
        fs::remove_file(file).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{table:?} left something");
    }
    let file = written(folder.path(), "in.csv", b"c,x,y\n1,\xff,0\n");
    assert!(complaint(&["eval", "--op", "distance", "--model", "klein", &file]).contains("line 2: not text in UTF-8"));
    let missing = folder.path().join("missing.csv");
    assert!(
        complaint(&["eval", "--op", "distance", "--model", "klein", missing.to_str().unwrap()]).contains("missing.csv")
    );
}

#[test]
fn faulty_requests_are_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), "in.csv", POINTS);
    let evaluate = |rest: &[&str]| complaint(&[&["eval", file.as_str()][..], rest].concat());
    let distance = ["--op", "distance", "--model", "poincare"];
    let requests: &[(&[&str], &str)] = &[
        (&["--op", "nothing", "--model", "poincare"], "unknown operation `nothing`"),
        (&["--op", "distance", "--model", "nowhere"], "unknown model `nowhere`"),
        (&["--op", "distance"], "--model"),
        (&[&distance[..], &["--scalar", "f17"]].concat(), "unknown scalar `f17`"),
        (&[&distance[..], &["--scalar", "mpfr:1"]].concat(), "unknown scalar `mpfr:1`"),
        (&[&distance[..], &["--variant", "L1"]].concat(), "unknown variant `L1`"),
        (&[&distance[..], &["--guard", "none-such"]].concat(), "unknown guard `none-such`"),
        (&[&distance[..], &["--guard", "meru"]].concat(), "guard `meru` is for lorentz"),
        (&[&distance[..], &["--gradient", "z"]].concat(), "unknown input `z`"),
        (&[&distance[..], &["--gradient", "t"]].concat(), "distance has no input `t`"),
        (&[&distance[..], &["--gradient", "v"]].concat(), "distance has no input `v`"),
        (&["--op", "scale", "--model", "klein", "--gradient", "t"], "scale does not"),
        (&["--op", "convert", "--model", "klein"], "convert needs --to"),
        (&[&distance[..], &["--digits", "0"]].concat(), "--digits"),
        (&[&distance[..], &["--no-such-flag"]].concat(), "--no-such-flag"),
        (&[&distance[..], &["--out", "no/such/folder/x.csv"]].concat(), "no/such/folder/x.csv"),
        (&[&distance[..], &["--out", folder.path().to_str().unwrap()]].concat(), folder.path().to_str().unwrap()),
    ];
    for (rest, expected) in requests {
        let line = evaluate(rest);
        assert!(line.contains(expected), "{rest:?}: {line}");
    }
    assert!(complaint(&["list", "everything"]).contains("everything"));
    assert!(complaint(&["no-such-verb"]).contains("no-such-verb"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the input is there");
    assert!(succeed(&["--version"]).starts_with("hypprec "));
    assert!(succeed(&["eval", "--help"]).contains("--gradient"));
}

#[test]
fn faulty_studies_are_one_line_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    for (study, expected) in [
        ("question = 3".to_owned(), "line 1: "),
        ("not toml at all".to_owned(), "line 1: "),
        (TINY.replace("seed = 7", "sead = 7"), "line "),
        (TINY.replace("\"klein\"", "\"clean\""), "block 1: unknown model `clean`"),
        (TINY.replace("\"convert\"", "\"divert\""), "block 2: unknown operation `divert`"),
        (TINY.replace("\"f64\"", "\"f17\""), "block 1: unknown scalar `f17`"),
        (TINY.replace("\"self\"", "\"north\""), "block 1: unknown direction `north`"),
        (TINY.replace("radii = [1, 6]", "radii = [0]"), "block 1: radius 0"),
        (TINY.replace("curvatures = [1, 0.05]", "curvatures = [-1]"), "block 1: curvature -1"),
        (TINY.replace("dims = [2]", "dims = [1]"), "block 1: dimension 1"),
    ] {
        let file = written(folder.path(), "study.toml", &study);
        let line = complaint(&["sweep", &file, "--out", out.to_str().unwrap()]);
        assert!(line.starts_with(&format!("hypprec: {file}: ")) && line.contains(expected), "{expected}: {line}");
        assert!(!out.exists(), "{expected}");
    }
    let file = written(folder.path(), "study.toml", TINY);
    let requests: &[(&[&str], &str)] = &[
        (&["sweep", &file, "--variant", "none-such"], "no cells are left"),
        (&["sweep", "no-such-study"], "no study `no-such-study`"),
        (&["sweep", folder.path().to_str().unwrap()], "irectory"),
        (&["sweep", &file, "--jobs", "many"], "--jobs"),
    ];
    for (arguments, expected) in requests {
        let line = complaint(&[*arguments, &["--out", out.to_str().unwrap()]].concat());
        assert!(line.contains(expected), "{arguments:?}: {line}");
        assert!(!out.exists(), "{arguments:?}");
    }
    let line = complaint(&["sweep", &file, "--out", &file]);
    assert!(line.contains(&file), "{line}");
}

#[test]
fn damaged_files_never_break_a_reader() {
    use hypprec::study::Study;
    let mut state = 1u64;
    let mut draw = move |below: usize| {
        // PCG's multiplier: any damage will do, as long as it is the same every time.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let boundary = fs::read(repository("studies/boundary.toml")).unwrap();
    for _ in 0..cases(FUZZ_CASES) {
        let mut bytes = if draw(2) == 0 { boundary.clone() } else { TINY.as_bytes().to_vec() };
        for _ in 0..1 + draw(3) {
            let at = draw(bytes.len());
            match draw(3) {
                0 => bytes[at] = draw(256) as u8,
                1 => drop(bytes.remove(at)),
                _ => bytes.truncate(at + 1),
            }
        }
        if let Err(error) = Study::parse(&String::from_utf8_lossy(&bytes)) {
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_device_is_written_to_and_stays_a_device() {
    use std::os::unix::fs::FileTypeExt;
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), "in.csv", POINTS);
    let evaluate = ["eval", "--op", "distance", "--model", "poincare", &file, "--out"];
    let full = Path::new("/dev/full");
    if full.exists() {
        assert!(complaint(&[&evaluate[..], &["/dev/full"]].concat()).contains("/dev/full: "));
        assert!(fs::metadata(full).unwrap().file_type().is_char_device());
        let output =
            hypprec(&evaluate[..6]).stdout(fs::File::options().write(true).open(full).unwrap()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).starts_with("hypprec: standard output: "));
    }
    succeed(&[&evaluate[..], &["/dev/null"]].concat());
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    assert!(below_comments(&succeed(&[&evaluate[..], &["/dev/stdout"]].concat())).starts_with("c,x,y,"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut many = String::from("c,x,y\n");
    (0..20_000).for_each(|_| many += "1,0.1 0.2,0.3 0.4\n");
    let file = written(folder.path(), "many.csv", many);
    let requests: &[&[&str]] = &[&["eval", "--op", "distance", "--model", "klein", &file], &["list", "--json"]];
    for arguments in requests {
        let mut child = hypprec(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{arguments:?}");
    }
    // Nor is one that does not want to see how far a sweep has come.
    let study = written(folder.path(), "tiny.toml", TINY);
    let out = folder.path().join("out");
    let sweep = ["sweep", &study, "--variant", "B4", "--out", out.to_str().unwrap()];
    let mut child = hypprec(&sweep).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    assert!(child.wait_with_output().unwrap().status.success());
}

#[test]
fn standard_input_reads_like_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), "in.csv", POINTS);
    let evaluate = ["eval", "--op", "distance", "--model", "poincare", "--truth"];
    let mut child =
        hypprec(&[&evaluate[..], &["-"]].concat()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(POINTS.as_bytes()).unwrap();
    let mut piped = String::new();
    child.stdout.take().unwrap().read_to_string(&mut piped).unwrap();
    assert!(child.wait().unwrap().success());
    // The command at the top names the file.
    assert_eq!(below_comments(&piped), below_comments(&succeed(&[&evaluate[..], &[&file]].concat())));
}

#[test]
fn conversions_go_to_every_model() {
    let folder = tempfile::tempdir().unwrap();
    let cells = ["0.3 0.4", "0.3 0.4", "1.118033988749895 0.3 0.4", "0.3 0.4"];
    for (from, x) in Model::ALL.iter().zip(cells) {
        let file = written(folder.path(), "in.csv", format!("c,x\n1,{x}\n"));
        for to in Model::ALL {
            let arguments = ["eval", "--op", "convert", "--model", from.name(), "--to", to.name(), "--truth", &file];
            let row = &table(&succeed(&arguments))[0];
            assert_eq!(row["outcome"], "ok", "{from} to {to}");
            assert!(row["ulps"].parse::<f64>().unwrap() <= 1.0, "{from} to {to}: {row:?}");
            let width = if *to == Model::LorentzAmbient { 3 } else { 2 };
            assert_eq!(row["value"].split(' ').count(), width, "{from} to {to}");
        }
    }
}

#[test]
fn gradients_have_their_certified_truth() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), "in.csv", POINTS);
    for (op, inputs) in
        [(Op::Distance, "x y c"), (Op::OriginDistance, "x c"), (Op::ConformalFactor, "x c"), (Op::Mlr, "x p a c")]
    {
        for by in inputs.split(' ') {
            let models: &[&str] =
                if op == Op::ConformalFactor { &["poincare"] } else { &["poincare", "lorentz", "klein"] };
            for model in models {
                let arguments = ["eval", "--op", op.name(), "--model", model, "--gradient", by, "--truth", &file];
                for row in table(&succeed(&arguments)) {
                    assert_eq!(row["outcome"], "ok", "{op} {model} by {by}");
                    assert_eq!(row["value"].split(' ').count(), if by == "c" { 1 } else { 2 });
                    // A few roundings of f64 at points that are nowhere near the rim.
                    assert!(row["ulps"].parse::<f64>().unwrap() <= 8.0, "{op} {model} by {by}: {row:?}");
                }
            }
        }
    }
}

#[test]
fn truth_has_the_digits_that_were_asked_for() {
    let row: Row = rows("tests/fixtures/distance.csv", Some("distance")).remove(0);
    let folder = tempfile::tempdir().unwrap();
    let input = format!("c,x,y\n{},{},{}\n", row.cell("c"), row.cell("x"), row.cell("y"));
    let file = written(folder.path(), "in.csv", input);
    let scalar = row.scalar.to_string();
    for digits in [5, 36, 44] {
        let digits_text = digits.to_string();
        let arguments = ["eval", "--op", "distance", "--model", row.model.name(), "--scalar", &scalar, "--truth"];
        let output = succeed(&[&arguments[..], &["--digits", &digits_text, &file]].concat());
        let truth = table(&output)[0]["truth"].clone();
        let number = |text: &str| rug::Float::with_val(200, rug::Float::parse(text).unwrap());
        let (found, expected) = (number(&truth), number(row.cell("value")));
        // Half a unit of the last digit that was asked for, however the first digit falls.
        let error = ((found - &expected) / &expected).abs().to_f64();
        assert!(error <= 5.0 * 10f64.powi(-digits), "{truth} for {expected} to {digits} digits");
    }
}
