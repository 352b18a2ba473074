//! The command line of the audit: what it prints, when it fails, and that neither size nor threads change a byte.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const DISTANCE: &[&str] = &["--op", "distance", "--model", "poincare", "--scalar", "f64"];

/// Runs hypprec with `input` on its standard input.
fn hypprec(words: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hypprec"))
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let bytes = input.as_bytes().to_vec();
    // A program that stops at bad input does not read the rest.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&bytes)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn audit(options: &[&str], input: &str) -> Output {
    hypprec(&[&["audit"], DISTANCE, options, &["-"]].concat(), input)
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Columns of a table by name, comments left out.
fn column(table: &str, name: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(table.as_bytes());
    let place = reader.headers().unwrap().iter().position(|x| x == name).unwrap_or_else(|| panic!("{name} in {table}"));
    reader.records().map(|row| row.unwrap()[place].to_owned()).collect()
}

/// d([.5,.5],[.5,−.5]) = arcosh 9 at c = 1, from mpmath at 60 digits.
const TRUTH: &str = "2.88727095035762068498655348054621053881";
/// The f64 next to it, and its neighbour.
const NEAREST: &str = "2.8872709503576206";
const ONE_OFF: &str = "2.887270950357621";

fn table(values: &[&str]) -> String {
    let rows: String = values.iter().map(|value| format!("1,0.5 0.5,0.5 -0.5,{value},kept\n")).collect();
    format!("# made elsewhere\nc,x,y,value,note\n{rows}")
}

#[test]
fn every_row_is_judged_and_what_came_in_is_kept() {
    let output = audit(&[], &table(&[NEAREST, ONE_OFF, "nan", "inf", "2.9"]));
    assert!(output.status.success(), "{}", err(&output));
    let text = out(&output);
    let header = "# made elsewhere\nc,x,y,note,value,truth,relative_error,ulps,outcome\n";
    assert!(text.starts_with(header), "{text}");
    assert_eq!(column(&text, "note"), ["kept"; 5]);
    assert_eq!(column(&text, "value"), [NEAREST, ONE_OFF, "nan", "inf", "2.9"]);
    assert!(column(&text, "truth").iter().all(|truth| truth.starts_with(TRUTH)), "{text}");
    assert_eq!(column(&text, "outcome"), ["ok", "ok", "nan", "overflow", "ok"]);
    let ulps = column(&text, "ulps");
    // From mpmath: between 2 and 4 numbers are 2^-51 apart.
    for (i, expected) in [(0, 0.18576831189415412), (1, 0.8142316881058459), (4, 28663271613099.812)] {
        let got: f64 = ulps[i].parse().unwrap();
        assert!((got / expected - 1.0).abs() < 1e-12, "{ulps:?}");
    }
    assert_eq!((ulps[2].as_str(), ulps[3].as_str()), ("", ""));
    let summary = err(&output);
    assert!(summary.starts_with("5 rows, 60.00 % ok\n"), "{summary}");
    assert!(summary.contains("worst: line 5, nan\n") && summary.contains("x = 0x0.8p0 0x0.8p0"), "{summary}");
    // Both points lie at 2 artanh √½ = 1.76.
    let table = summary.lines().skip_while(|line| !line.trim_start().starts_with("radius")).nth(1).unwrap();
    assert!(table.trim_start().starts_with("2 ") && table.contains("5  60.00 %"), "{summary}");
}

#[test]
fn limits_decide_the_exit_code() {
    for (options, values, code) in [
        (&["--max-ulps", "1"][..], &[NEAREST][..], 0),
        (&["--max-ulps", "1.5"], &[NEAREST, ONE_OFF], 0),
        (&["--max-ulps", "0.5"], &[NEAREST, ONE_OFF], 1),
        (&["--max-relative", "1e-3"], &["2.9"], 1),
        (&["--max-relative", "1e-2"], &["2.9"], 0),
        (&["--max-relative", "1e300"], &["NaN"], 1),
        (&["--max-ulps", "1e300"], &["inf"], 1),
        (&[], &["NaN"], 0),
    ] {
        let output = audit(options, &table(values));
        assert_eq!(output.status.code(), Some(code), "{options:?} {values:?}: {}", err(&output));
        // The rows are there either way.
        assert_eq!(column(&out(&output), "outcome").len(), values.len());
    }
}

#[test]
fn a_point_outside_is_past_any_limit() {
    let rows = "c,x,y,value\n1,0.5 0,0.25 0,1 0\n";
    let words = ["audit", "--op", "add", "--model", "poincare", "--scalar", "f32", "--max-relative", "10", "-"];
    let output = hypprec(&words, rows);
    assert_eq!((output.status.code(), column(&out(&output), "outcome")), (Some(1), vec!["outside".to_owned()]));
}

#[test]
fn gradients_and_vectors_are_judged() {
    // d(0.5, 0)/dx = 2/(1 − x²) on the line.
    let rows = "c,x,y,value\n1,0.5,0,2.6666666666666665\n";
    let output = audit(&["--gradient", "x", "--max-ulps", "0.5"], rows);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    let wrong = audit(&["--gradient", "x", "--max-ulps", "0.5"], &rows.replace("6665", "6675"));
    assert_eq!(wrong.status.code(), Some(1));
}

#[test]
fn f32_values_may_be_printed_short_or_long() {
    // The f32 distance, as f32 and as the same number printed like a double.
    let rows = "c,x,y,value\n1,0.5 0.5,0.5 -0.5,2.887271\n1,0.5 0.5,0.5 -0.5,2.887270927429199\n";
    let words = ["audit", "--op", "distance", "--model", "poincare", "--scalar", "f32", "--max-ulps", "0.5", "-"];
    let output = hypprec(&words, rows);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let ulps = column(&out(&output), "ulps");
    assert_eq!(ulps[0], ulps[1]);
    // A double between two f32 counts as itself.
    let output = hypprec(&words, &rows.replace("2.887271\n", "2.8872709503576206\n"));
    assert!(column(&out(&output), "ulps")[0].parse::<f64>().unwrap() < 1e-8, "{}", out(&output));
}

#[test]
fn bad_input_is_one_line_and_code_2() {
    for (input, options, expected) in [
        ("c,x,y\n1,0.5,0\n", &[][..], "standard input: line 1: no column `value`"),
        ("c,x,y,value\n1,0.5,0,1 2\n", &[], "standard input: line 2: column `value`: 2 numbers where the answer has 1"),
        ("c,x,y,value\n1,0.5,0,\n", &[], "standard input: line 2: column `value`: 0 numbers"),
        ("c,x,y,value\n1,0.5,0,one\n", &[], "standard input: line 2: column `value`: `one` is not a number"),
        ("c,x,y,value\n1,0.5,0\n", &[], "standard input: line 2: 3 cells where the header names 4"),
        ("c,x,y,value\n1,1.5,0,1\n", &[], "standard input: line 2: column `x`: the point is on or outside"),
        ("c,x,y,value\n", &[], "standard input: no rows"),
        ("", &[], "standard input: empty"),
        ("c,x,y,value\n1,0.5,0,1\n", &["--by", "layer"], "standard input: line 1: no column `layer`"),
        ("c,x,y,value\n1,0.5,0,1\n", &["--gradient", "v"], "distance has no input `v`"),
    ] {
        let output = audit(options, input);
        let message = err(&output);
        assert_eq!(output.status.code(), Some(2), "{input:?}: {message}");
        assert!(message.starts_with(&format!("hypprec: {expected}")) && message.lines().count() == 1, "{message}");
    }
    assert_eq!(audit(&["--max-ulps", "-1"], "").status.code(), Some(2));
    assert_eq!(audit(&["--max-ulps", "nan"], "").status.code(), Some(2));
}

#[test]
fn a_bad_row_late_in_the_file_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("rows.csv");
    let place = place.to_str().unwrap();
    let mut input = table(&[NEAREST; 10_000]);
    input += "1,0.5 0.5,0.5 oops,1,kept\n";
    for verb in ["audit", "eval"] {
        let output = hypprec(&[&[verb], DISTANCE, &["--out", place, "-"]].concat(), &input);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(err(&output), "hypprec: standard input: line 10003: column `y`: `oops` is not a number\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn json_is_the_summary_and_rows_go_to_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("rows.csv");
    let options = ["--json", "--by", "note", "--answer", "value", "--out", place.to_str().unwrap()];
    let output = audit(&options, &table(&[NEAREST, ONE_OFF, "inf"]));
    let json: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!((json["n"].as_u64(), json["groups"][0]["key"][0].as_str()), (Some(3), Some("kept")));
    assert_eq!(json["worst"]["outcome"], "overflow");
    // Against its own text, which is the double to within half of its last digit.
    assert!(json["groups"][0]["total_error"]["max"].as_f64().unwrap() < 1e-16);
    assert!((json["groups"][0]["ulps"]["max"].as_f64().unwrap() - 1.0).abs() < 0.5);
    let total = column(&fs::read_to_string(&place).unwrap(), "total_error");
    assert!(total.len() == 3 && total[0].parse::<f64>().unwrap() < 1e-16 && total[2].is_empty(), "{total:?}");
}

/// Rows that no two are alike, their own index in place of a value.
fn many(rows: usize) -> String {
    let mut text = "c,x,y,value\n".to_owned();
    for i in 0..rows {
        let x = (i % 997) as f64 / 1000.0;
        text += &format!("1,{x} 0.01,0.{} -0.02,{}\n", i % 89, i as f64 / 1000.0);
    }
    text
}

fn with_threads(threads: &str, input: &Path) -> (Vec<u8>, Vec<u8>) {
    let output = Command::new(env!("CARGO_BIN_EXE_hypprec"))
        .env("RAYON_NUM_THREADS", threads)
        .arg("audit")
        .args(DISTANCE)
        .arg(input)
        .output()
        .unwrap();
    assert!(output.status.success());
    (output.stdout, output.stderr)
}

#[test]
fn threads_change_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("many.csv");
    fs::write(&input, many(9_000)).unwrap();
    let one = with_threads("1", &input);
    assert_eq!(one, with_threads("3", &input));
    // In the order in which they came.
    let values = column(std::str::from_utf8(&one.0).unwrap(), "value");
    assert!(values.len() == 9_000 && values.iter().enumerate().all(|(i, v)| *v == (i as f64 / 1000.0).to_string()));
}

#[test]
fn a_long_file_takes_little_memory() {
    if std::env::var_os("HYPPREC_LONG").is_none() {
        return;
    }
    /// Cells that only pass through, so that the file is large and its rows are cheap.
    const PADDING: usize = 1000;
    const ROWS: usize = 200_000;
    /// The most kilobytes at its peak: half of the file.
    const MOST_KB: u64 = (ROWS * PADDING / 2000) as u64;
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("long.csv");
    let padding = "x".repeat(PADDING);
    let mut file = std::io::BufWriter::new(fs::File::create(&input).unwrap());
    writeln!(file, "c,x,y,value,note").unwrap();
    for i in 0..ROWS {
        writeln!(file, "1,0.{} 0.01,0.5 -0.5,1.5,{padding}", i % 99_991).unwrap();
    }
    file.into_inner().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_hypprec"))
        .arg("audit")
        .args(DISTANCE)
        .arg(&input)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut rows = 0;
    let mut peak = 0;
    let reader = std::io::BufReader::new(child.stdout.take().unwrap());
    for line in std::io::BufRead::lines(reader) {
        rows += usize::from(line.is_ok());
        // While it still runs: its peak so far, in kilobytes.
        if rows % 10_000 == 0 {
            let text = fs::read_to_string(&status).unwrap_or_default();
            let now = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().split(' ').next()?.parse().ok());
            peak = peak.max(now.unwrap_or(0));
        }
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(rows, ROWS + 1);
    assert!(peak > 0 && peak < MOST_KB, "{peak} KB at the peak, {MOST_KB} KB allowed");
}

#[test]
fn samples_are_what_an_audit_takes() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("study.toml");
    let text = "question = \"?\"\nseed = 1\n[[block]]\nops = [\"distance\"]\nmodels = [\"poincare\"]\nscalars = [\"f32\"]\n\
                radii = [1, 40]\ndirections = [\"random\"]\nseparations = []\ndims = [2]\ncurvatures = [1]\nreplicas = 3\n";
    fs::write(&study, text).unwrap();
    let options = ["--op", "distance", "--model", "poincare", "--scalar", "f32"];
    let sampled = hypprec(&[&["sample", study.to_str().unwrap()], &options[..]].concat(), "");
    assert!(sampled.status.success(), "{}", err(&sampled));
    // At 40 the nearest f32 coordinates of a point may lie outside the ball.
    assert!(err(&sampled).contains("left out 1 of 6 samples"), "{}", err(&sampled));
    assert_eq!(column(&out(&sampled), "radius"), ["1", "1", "1", "40", "40"]);
    let valued = hypprec(&[&["eval"], &options[..], &["-"]].concat(), &out(&sampled));
    let audited = hypprec(
        &[&["audit"], &options[..], &["--answer", "answer", "--max-ulps", "1", "--by", "radius", "-"]].concat(),
        &out(&valued),
    );
    assert_eq!(audited.status.code(), Some(0), "{}", err(&audited));
    let total: Vec<f64> = column(&out(&audited), "total_error").iter().map(|x| x.parse().unwrap()).collect();
    // The formula is good to an ulp everywhere; at 40 the points are not where they were meant to be.
    assert!(total[..3].iter().all(|error| *error < 1e-6) && total[3..].iter().all(|error| *error > 1e-2), "{total:?}");
    let none = hypprec(&["sample", study.to_str().unwrap(), "--op", "exp", "--model", "poincare"], "");
    assert_eq!(none.status.code(), Some(2));
}

#[test]
fn the_study_of_the_peers_asks_what_its_script_asks() {
    use hypprec::formula::{Input, Op};
    use hypprec::study::{Filter, Study};
    let study = Study::parse(include_str!("../studies/peers/points.toml")).unwrap();
    let groups = study.groups(&Filter::default()).unwrap();
    for (op, gradient) in [
        (Op::Distance, None),
        (Op::Distance, Some(Input::X)),
        (Op::Add, None),
        (Op::Exp, None),
        (Op::Log, None),
        (Op::Transport, None),
        (Op::Mlr, None),
    ] {
        let of = groups.iter().filter(|group| group.quantity.op == op && group.quantity.gradient == gradient);
        assert!(of.clone().count() > 0, "{op} {gradient:?}");
        // The script takes the smallest radius for the number of samples at every radius.
        assert!(of.map(|group| group.sample.radius).reduce(f64::min) == Some(0.1), "{op} {gradient:?}");
    }
    // 201 far pairs and 216 near ones.
    let at_one = |far: bool| {
        let of = |group: &&hypprec::study::GroupSpec| {
            group.quantity.op == Op::Distance
                && group.quantity.gradient.is_none()
                && group.sample.radius == 1.0
                && (group.sample.direction == hypprec::oracle::Direction::Random) == far
                && group.model == hypprec::formula::Model::Klein
                && group.arithmetic == hypprec::arithmetic::Arithmetic::F32
        };
        groups.iter().filter(of).count()
    };
    assert_eq!((at_one(true), at_one(false)), (201, 216));
}
