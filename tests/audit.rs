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
    let header = "\n# made elsewhere\nc,x,y,note,value,truth,relative_error,ulps,outcome\n";
    assert!(text.starts_with("# command: hypprec audit --op distance") && text.contains(header), "{text}");
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
    let first = "audit distance, poincare, f64: 5 rows, 3 answered (60.00 %)\n";
    assert!(summary.starts_with(first), "{summary}");
    let worst = "  x = 0.5 0.5  (0x0.8p0 0x0.8p0)\n";
    assert!(summary.contains("worst: line 5, nan\n") && summary.contains(worst), "{summary}");
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
        (
            "c,x,y,value\n-1,0.5,0,1\n",
            &[],
            "standard input: line 2: column `c`: `-1` is not positive: c is that of curvature −c, here 1",
        ),
        (
            "c,x,y,value\n1,0.5,0,1\n",
            &["--curvature", "2"],
            "standard input: line 2: column `c`: `1`, where --curvature",
        ),
        (
            "x,y,value\n0.5,0,1\n",
            &["--curvature", "-1"],
            "--curvature -1 is not a positive number: c is that of curvature −c, here 1",
        ),
        ("x,y,value\n0.5,0,1\n", &["--curvature", "one"], "--curvature one is not a positive number"),
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

/// Runs the audit of an operation in a model and an arithmetic.
fn judged(asked: &str, options: &[&str], input: &str) -> Output {
    let asked: Vec<&str> = asked.split(' ').collect();
    let words = ["--op", asked[0], "--model", asked[1], "--scalar", asked[2]];
    hypprec(&[&["audit"], &words[..], options, &["-"]].concat(), input)
}

fn evaluated(asked: &str, options: &[&str], input: &str) -> Output {
    let asked: Vec<&str> = asked.split(' ').collect();
    let words = ["--op", asked[0], "--model", asked[1], "--scalar", asked[2]];
    hypprec(&[&["eval"], &words[..], options, &["-"]].concat(), input)
}

#[test]
fn a_projection_is_judged_by_the_rim_and_not_by_its_input() {
    for (scalar, x, value, code) in [
        ("f32", "30 40", "0.6 0.79999995", 0),
        ("f32", "30 40", "30 40", 1),
        ("f32", "30 40", "0.6 0.8000001", 1),
        ("f32", "30 40", "0.3 0.4", 1),
        ("f32", "3 -4", "0.6 0.79999995", 1),
        ("f32", "0.3 0.4", "0.3 0.4", 0),
        ("f32", "0.3 0.4", "0.6 0.79999995", 1),
        ("f16", "256 0", "0.99951171875 0", 0),
        ("f16", "200 200", "0.70703125 0.70703125", 0),
        ("f16", "200 200", "0 0", 1),
        ("f64", "1e200 0", "0.9999999999999999 0", 0),
        ("f64", "1e200 0", "0.99999 0", 1),
    ] {
        for model in ["poincare", "klein"] {
            let input = format!("x,value\n{x},{value}\n");
            let output = judged(&format!("project {model} {scalar}"), &["--max-ulps", "1"], &input);
            assert_eq!(
                output.status.code(),
                Some(code),
                "{model} {scalar} {x} {value}: {}{}",
                out(&output),
                err(&output)
            );
        }
    }
    // √c scales the rim; the hyperboloid's projection is its time.
    let output = judged("project poincare f64", &["--curvature", "0.25", "--max-ulps", "1"], "x,value\n3 4,1.2 1.6\n");
    assert_eq!(column(&out(&output), "truth"), ["1.2 1.6"], "{}", err(&output));
    let output = judged("project lorentz-ambient f64", &["--max-ulps", "1"], "x,value\n9 0.75 0,1.25 0.75 0\n");
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
}

#[test]
fn where_the_truth_is_zero_only_zero_passes() {
    for (asked, input) in [
        ("distance poincare f32", "x,y,value\n0.5 0,0.5 0,V\n"),
        ("distance lorentz f64", "x,y,value\n0.5 0,0.5 0,V\n"),
        ("log klein f64", "x,y,value\n0.5 0,0.5 0,V 0\n"),
        ("add poincare f64", "x,y,value\n0.5 0,-0.5 0,0 V\n"),
    ] {
        for limit in ["--max-relative", "--max-ulps"] {
            for (value, code) in [("4.7e-8", 1), ("0", 0), ("-0.0", 0)] {
                let output = judged(asked, &[limit, "1e300"], &input.replace('V', value));
                assert_eq!(output.status.code(), Some(code), "{asked} {limit} {value}: {}", err(&output));
                let expected = if code == 1 { "inf" } else { "0.0" };
                assert_eq!(column(&out(&output), "relative_error"), [expected]);
            }
        }
    }
}

#[test]
fn points_are_measured_in_the_geometry_too_and_are_saturated_where_they_are_held_back() {
    // d₀ of the f32 next to the rim is 17.8; of the truth 2·1000·√6.
    let input = "v\n1000 1000 1000 1000 1000 1000\n";
    let output = evaluated("exp0 poincare f32", &["--truth"], input);
    let text = out(&output);
    assert_eq!(column(&text, "outcome"), ["saturated"]);
    assert!(column(&text, "ulps")[0].parse::<f64>().unwrap() < 1.0, "{text}");
    let error: f64 = column(&text, "hyperbolic_error")[0].parse().unwrap();
    assert!((error - (4898.979485566356 - 17.816)).abs() < 0.01, "{text}");
    let audited = judged("exp0 poincare f32", &["--max-ulps", "1", "--max-hyperbolic", "1"], &text);
    assert_eq!((audited.status.code(), column(&out(&audited), "outcome")), (Some(1), vec!["saturated".to_owned()]));
    assert_eq!(column(&out(&audited), "hyperbolic_error"), column(&text, "hyperbolic_error"));
    assert!(err(&audited).contains("1 saturated"), "{}", err(&audited));
    // Near the origin nothing is held back, and a Klein point is as far off as a Poincaré point.
    for (asked, input) in [("exp0 klein f16", "v\n60000\n"), ("exp0 poincare f16", "v\n60000\n")] {
        let text = out(&evaluated(asked, &["--truth"], input));
        assert_eq!(column(&text, "outcome"), ["saturated"], "{text}");
        assert!(column(&text, "hyperbolic_error")[0].parse::<f64>().unwrap() > 59_000.0, "{text}");
    }
    let near = out(&evaluated("exp poincare f64", &["--truth"], "x,v\n0.1 0.2,0.3 -0.1\n"));
    assert_eq!(column(&near, "outcome"), ["ok"]);
    assert!(column(&near, "hyperbolic_error")[0].parse::<f64>().unwrap() < 1e-15, "{near}");
    // Numbers have no such column.
    assert!(!out(&evaluated("distance poincare f64", &["--truth"], "x,y\n0.1,0.2\n")).contains("hyperbolic_error"));
}

/// Derivatives of arcosh(−c⟨x,y⟩_L)/√c, arcosh(√c t)/√c and ‖a‖_L/√c arsinh(√c⟨x,a⟩_L/‖a‖_L) by all coordinates, from mpmath
/// at 60 digits.
#[test]
fn ambient_gradients_are_by_all_coordinates_and_reduced_ones_by_space() {
    // x = (1.25, .75, 0), y = (1.25, 0, .75): cosh θ = 25/16, sinh θ = √369/16.
    let input = "x,y\n1.25 0.75 0,1.25 0 0.75\n";
    let by = |by: &str, scalar: &str| {
        let output = evaluated(&format!("distance lorentz-ambient {scalar}"), &["--gradient", by, "--truth"], input);
        assert!(output.status.success(), "{}", err(&output));
        let value = column(&out(&output), "value")[0].clone();
        let ulps: f64 = column(&out(&output), "ulps")[0].parse().unwrap();
        assert!(ulps <= 1.0, "{by} {scalar}: {}", out(&output));
        value.split(' ').map(|x| x.parse().unwrap()).collect::<Vec<f64>>()
    };
    let sinh = 369f64.sqrt() / 16.0;
    for (input, expected) in [("x", [1.25, 0.0, -0.75]), ("y", [1.25, -0.75, 0.0])] {
        for (given, expected) in by(input, "f64").iter().zip(expected) {
            assert!((given - expected / sinh).abs() < 1e-15, "{input}");
        }
        for (given, expected) in by(input, "f32").iter().zip(expected) {
            assert!((given - expected / sinh).abs() < 1e-7, "{input}");
        }
    }
    let cosh = 25.0f64 / 16.0;
    assert!((by("c", "f64")[0] - (cosh / sinh - cosh.acosh() / 2.0)).abs() < 1e-15);
    // What reverse mode gives for L1 passes an audit; time as a function of space does not.
    let of = |value: String| {
        let table = format!("x,y,value\n1.25 0.75 0,1.25 0 0.75,{value}\n");
        judged("distance lorentz-ambient f64", &["--gradient", "x", "--max-ulps", "4"], &table).status.code()
    };
    assert_eq!(of(format!("{} 0 {}", 1.25 / sinh, -0.75 / sinh)), Some(0));
    let reduced = out(&evaluated("distance lorentz f64", &["--gradient", "x"], "x,y\n0.75 0,0 0.75\n"));
    assert_eq!(of(format!("0 {}", column(&reduced, "value")[0])), Some(1));
    let reduced: Vec<f64> = column(&reduced, "value")[0].split(' ').map(|x| x.parse().unwrap()).collect();
    // By the chain rule: ∂d/∂s + ∂d/∂t · s/t.
    for (given, expected) in reduced.iter().zip([0.75 / sinh, -0.75 / sinh]) {
        assert!((given - expected).abs() < 1e-15, "{reduced:?}");
    }
    // The other scalar operations: (1/(√c‖s‖), 0, 0), and Ja/√(1 + u²), Jx/√(1 + u²) + …, 0 by p.
    let radius = out(&evaluated("origin_distance lorentz-ambient f64", &["--gradient", "x"], "x\n1.25 0.75 0\n"));
    assert_eq!(column(&radius, "value"), ["1.3333333333333333 0.0 0.0"]);
    let mlr = |by: &str| {
        let table = "x,p,a\n1.25 0.75 0,1 0 0,0 1 0\n";
        column(&out(&evaluated("mlr lorentz-ambient f64", &["--gradient", by], table)), "value")[0].clone()
    };
    // u = .75: 1/√(1 + u²) = .8; arsinh u = ln 2, so that along a ln 2 − .6 is added to .6.
    assert_eq!((mlr("x").as_str(), mlr("p").as_str()), ("-0.0 0.8 0.0", "0.0 0.0 0.0"));
    let by_a: Vec<f64> = mlr("a").split(' ').map(|x| x.parse().unwrap()).collect();
    let expected = [-1.0, 2f64.ln(), 0.0];
    assert!(by_a.iter().zip(expected).all(|(given, expected)| (given - expected).abs() < 1e-15), "{by_a:?}");
    // x = y is a kink.
    let kink =
        out(&evaluated("distance lorentz-ambient f64", &["--gradient", "x", "--truth"], "x,y\n1.25 0.75,1.25 0.75\n"));
    assert_eq!((column(&kink, "value"), column(&kink, "truth")), (vec!["0.0 0.0".into()], vec!["0.0 0.0".into()]));
    assert_eq!(column(&kink, "outcome"), ["kink"]);
    let judged = ["audit", "--op", "distance", "--model", "poincare", "--gradient", "x", "--scalar", "f32", "-"];
    let rows = out(&hypprec(&judged, "x,y,value\n.25 .5,.25 .5,0 0\n.25 .5,.5 .5,0 0\n"));
    assert_eq!(column(&rows, "outcome"), ["kink", "ok"]);
}

#[test]
fn the_curvature_is_one_unless_the_table_or_the_option_says_it() {
    let distance =
        |options: &[&str], input: &str| column(&out(&evaluated("distance poincare f64", options, input)), "value");
    let table = "x,y\n0.5 0.5,0.5 -0.5\n";
    assert_eq!(distance(&[], table), [NEAREST]);
    assert_eq!(distance(&["--curvature", "1"], table), [NEAREST]);
    assert_eq!(distance(&["--curvature", "1.0"], "c,x,y\n1,0.5 0.5,0.5 -0.5\n"), [NEAREST]);
    assert_eq!(distance(&["--curvature", "0.25"], "x,y\n1 1,1 -1\n"), distance(&[], "c,x,y\n0.25,1 1,1 -1\n"));
    // To the last digit of the arithmetic.
    let dd = |options: &[&str], input: &str| column(&out(&evaluated("distance poincare dd", options, input)), "value");
    assert_eq!(dd(&["--curvature", "0.1"], table), dd(&[], "c,x,y\n0.1,0.5 0.5,0.5 -0.5\n"));
    for verb in [
        "judge --scalar f32 --tolerance 1e-2 --curvature -1",
        "sweep --curvature -1",
        "sweep --curvature 1,-2",
        "scan --model poincare --scalar f32 --curvature -1 x.npy",
        "choose --tolerance 1e-2 --embedding x.npy --model poincare --curvature -1",
        "eval --op distance --model poincare --curvature -1 tests/audit.rs",
    ] {
        let output = hypprec(&verb.split(' ').collect::<Vec<_>>(), "");
        let line = err(&output);
        assert_eq!(output.status.code(), Some(2), "{verb}: {line}");
        assert!(line.contains("c is that of curvature −c, here ") && line.lines().count() == 1, "{verb}: {line}");
    }
}

#[test]
fn bad_rows_are_marked_or_left_out_where_that_is_asked_for() {
    let rows = format!(
        "x,y,value,note\n0.5 0.5,0.5 -0.5,{NEAREST},a\n0.5 oops,0 0,1,b\n0.5 0.5\n2 0,0 0,1,d\n0.5 0.5,0.5 -0.5,{ONE_OFF},e\n\
         0.1 0,0.2 0,0.3 0.4,f\n1 2,3 4,5,g,h,i\n"
    );
    for verb in [evaluated, judged] {
        let stop = verb("distance poincare f64", &[], &rows);
        assert_eq!((stop.status.code(), out(&stop).as_str()), (Some(2), ""));
        let marked = verb("distance poincare f64", &["--on-error", "mark"], &rows);
        let text = out(&marked);
        assert_eq!(marked.status.code(), Some(1), "{}", err(&marked));
        assert_eq!(column(&text, "note"), ["a", "b", "", "d", "e", "f", "g"], "{text}");
        let outcome = column(&text, "outcome");
        assert_eq!((outcome[0].as_str(), outcome[1].as_str(), outcome[4].as_str()), ("ok", "error", "ok"));
        let why = column(&text, "error");
        assert_eq!((why[0].as_str(), why[2].as_str()), ("", "1 cells where the header names 4"));
        assert!(
            why[1] == "column `x`: `oops` is not a number" && why[3].starts_with("column `x`: the point"),
            "{why:?}"
        );
        let skipped = verb("distance poincare f64", &["--on-error", "skip"], &rows);
        assert_eq!(skipped.status.code(), Some(1));
        let notes = column(&out(&skipped), "note");
        assert!(notes.starts_with(&["a".to_owned(), "e".to_owned()]) && notes.len() <= 3, "{notes:?}");
        let said = err(&skipped);
        let line = said.lines().find(|line| line.contains("no answer")).unwrap_or_else(|| panic!("{said}"));
        assert!(line.contains("left out; the first: line 3: column `x`: `oops` is not a number"), "{line}");
    }
    // Rows that are good are 0 either way.
    let good = evaluated("distance poincare f64", &["--on-error", "mark"], "x,y\n0.5,0\n");
    assert_eq!((good.status.code(), err(&good).as_str()), (Some(0), ""));
    let json = judged("distance poincare f64", &["--on-error", "skip", "--json"], &rows);
    let json: serde_json::Value = serde_json::from_str(&out(&json)).unwrap();
    assert_eq!((json["n"].as_u64(), json["errors"].as_u64(), json["exit_code"].as_u64()), (Some(2), Some(5), Some(1)));
}

#[test]
fn the_output_says_what_made_it_and_what_made_its_input() {
    let input = "# command: hypprec sample gate\n# seed: 7\n# mine\nx,y\n0.5 0.1,0 0.1\n";
    let valued = evaluated("distance poincare f32", &["--variant", "B1-log", "--guard", "hyptorch", "--truth"], input);
    let text = out(&valued);
    let command =
        "# command: hypprec eval --op distance --model poincare --variant B1-log --guard hyptorch --scalar f32 --truth";
    assert!(text.starts_with(command), "{text}");
    for line in [
        "\n# variant: B1-log: ",
        "\n# guard: hyptorch: ",
        "\n# input command: hypprec sample gate\n",
        "\n# input seed: 7\n",
        "\n# mine\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let audited = out(&judged("distance poincare f32", &["--max-ulps", "10"], &text));
    for line in [
        "# command: hypprec audit --op distance",
        "--max-ulps 10 -\n",
        "\n# input variant: B1-log: ",
        "\n# input input command: ",
    ] {
        assert!(audited.contains(line), "{line}: {audited}");
    }
}

#[test]
fn pairs_that_coincide_are_counted_apart() {
    let rows = "x,y,value\n0.5,0.5,0\n0.5,0.5,0\n0.5,0.5,1e-9\n0.5,0,1.2\n";
    let output = judged("distance poincare f64", &["--json"], rows);
    let json: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!((json["coincident"].as_u64(), json["coincident_off"].as_u64()), (Some(3), Some(1)));
    assert!(json["ulps"]["median"].as_f64().unwrap() > 1e10, "{json}");
    assert_eq!(json["worst"]["decimals"]["x"], "0.5");
    assert_eq!(json["worst"]["cells"]["x"], "0x0.8p0");
    let text = err(&judged("distance poincare f64", &[], rows));
    assert!(
        text.contains("  3 whose two points coincide as stored") && text.contains("of these 1 are not 0"),
        "{text}"
    );
}

/// Pairs at two radii and of two separations, their values off by `ulps` units in the last place at the second radius.
fn pairs(far_value: &str) -> String {
    format!("x,y,value\n0.5 0.5,0.5 -0.5,{NEAREST}\n0.1 0,0.1 0.001,0.002\n0.9 0,0 0.9,{far_value}\n0.9 0,0.9 0,0\n")
}

#[test]
fn a_baseline_holds_every_group_to_its_own_figures() {
    let folder = tempfile::tempdir().unwrap();
    let baseline = folder.path().join("deep/limits.csv");
    let file = baseline.to_str().unwrap();
    let run =
        |asked: &str, options: &[&str], input: &str| judged(asked, &[&["--baseline", file], options].concat(), input);
    let asked = "distance poincare f64";
    // mpmath: d([.9,0],[0,.9]) = 5.2012…
    let (good, worse) = ("5.19", "5.1");
    assert_eq!(run(asked, &[], &pairs(good)).status.code(), Some(3), "no baseline is no pass");
    let accepted = run(asked, &["--accept"], &pairs(good));
    assert_eq!(accepted.status.code(), Some(0), "{}", err(&accepted));
    assert!(err(&accepted).contains("4 groups accepted in "), "{}", err(&accepted));
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains("\"radius 2, separation 1 to 10\"") && text.contains("\"radius 3, separation 0\""), "{text}");
    assert_eq!(run(asked, &[], &pairs(good)).status.code(), Some(0));
    let fails = run(asked, &[], &pairs(worse));
    assert_eq!(fails.status.code(), Some(1), "{}", err(&fails));
    assert!(err(&fails).contains("regressed: radius 3, separation 1 to 10: max_ulps was "), "{}", err(&fails));
    assert_eq!(run(asked, &["--slack", "20"], &pairs(worse)).status.code(), Some(0));
    let better = run(asked, &[], &pairs("5.2"));
    assert_eq!(better.status.code(), Some(4), "{}", err(&better));
    // A zero that is none any more.
    assert_eq!(run(asked, &[], &pairs(good).replace("0.9 0,0.9 0,0", "0.9 0,0.9 0,1e-9")).status.code(), Some(1));
    // Other points, other groups, fewer rows, another operation: no comparison.
    for (options, input) in [
        (&[][..], pairs(good).replace("0.1 0,0.1 0.001", "0.1 0,0.1 0.002")),
        (&["--by", "value"], pairs(good)),
        (&[], pairs(good).lines().take(4).map(|line| format!("{line}\n")).collect()),
    ] {
        let output = run(asked, options, &input);
        assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    }
    assert_eq!(run("distance poincare f32", &[], &pairs(good)).status.code(), Some(3));
    // One file for several questions.
    assert_eq!(run("distance klein f64", &["--accept"], &pairs(good)).status.code(), Some(0));
    assert_eq!(run(asked, &[], &pairs(good)).status.code(), Some(0));
    assert_eq!(run("distance klein f64", &[], &pairs(good)).status.code(), Some(0));
    // Damage is no pass, and is not replaced.
    let whole = fs::read_to_string(file).unwrap();
    for damaged in
        [whole.replacen("0,", "1,", 1), whole[..whole.len() - 1].to_owned(), "mine\n".to_owned(), String::new()]
    {
        fs::write(file, &damaged).unwrap();
        assert_eq!(run(asked, &[], &pairs(good)).status.code(), Some(3), "{damaged}");
        let output = run(asked, &["--accept"], &pairs(good));
        assert_eq!((output.status.code(), fs::read_to_string(file).unwrap()), (Some(2), damaged));
        assert_eq!(err(&output).lines().count(), 1, "{}", err(&output));
    }
    assert_eq!(judged(asked, &["--accept"], &pairs(good)).status.code(), Some(2), "--accept needs --baseline");
}

#[test]
fn findings_are_written_for_the_machines_that_show_them() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (baseline, markdown, junit, sarif) = (place("b.csv"), place("a.md"), place("a.xml"), place("a.sarif"));
    let machines = ["--baseline", &baseline, "--markdown", &markdown, "--junit", &junit, "--sarif", &sarif];
    let asked = "distance poincare f64";
    assert_eq!(judged(asked, &["--baseline", &baseline, "--accept"], &pairs("5.2")).status.code(), Some(0));
    assert_eq!(judged(asked, &machines, &pairs("5.2")).status.code(), Some(0));
    assert!(fs::read_to_string(&junit).unwrap().contains("tests=\"5\" failures=\"0\""));
    let none: serde_json::Value = serde_json::from_str(&fs::read_to_string(&sarif).unwrap()).unwrap();
    assert_eq!(none["runs"][0]["results"].as_array().map(Vec::len), Some(0));
    let options = [&machines[..], &["--max-relative", "1e-3", "--json"]].concat();
    let output = judged(asked, &options, &pairs("5.1"));
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    let json: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!((json["verdict"].as_str(), json["exit_code"].as_u64()), (Some("regressed"), Some(1)));
    assert!(json["faults"].as_array().unwrap().iter().any(|fault| fault["figure"] == "max_ulps"), "{json}");
    let text = fs::read_to_string(&markdown).unwrap();
    assert!(
        text.starts_with("### audit distance, poincare, f64\n") && text.contains("| regressed | radius 3"),
        "{text}"
    );
    let text = fs::read_to_string(&junit).unwrap();
    assert!(text.contains("failures=\"2\"") && text.contains("<failure type=\"past-limit\""), "{text}");
    let some: serde_json::Value = serde_json::from_str(&fs::read_to_string(&sarif).unwrap()).unwrap();
    let results = some["runs"][0]["results"].as_array().unwrap();
    assert_eq!(some["version"], "2.1.0");
    let at_line_4 = |result: &serde_json::Value| result["locations"][0]["physicalLocation"]["region"]["startLine"] == 4;
    assert!(results.iter().any(|result| result["ruleId"] == "regressed" && at_line_4(result)), "{some}");
}

#[test]
fn many_groups_are_told_in_few_lines_and_little_memory() {
    const GROUPS: usize = 20_000;
    let rows: String = (0..GROUPS).map(|i| format!("0.5,0,1.09861228866811,g{i}\n")).collect();
    let text = err(&judged("distance poincare f64", &["--by", "id"], &format!("x,y,value,id\n{rows}")));
    assert!(text.contains("worst of 20000 groups; all are in --json") && text.lines().count() < 100, "{text}");
    let json = out(&judged("distance poincare f64", &["--by", "id", "--json"], &format!("x,y,value,id\n{rows}")));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["groups"].as_array().map(Vec::len), Some(GROUPS));
    assert_eq!(json["groups"][GROUPS - 1]["key"][0], "g19999");
}

#[test]
fn what_is_said_is_one_short_line_of_printable_characters() {
    let long = "x".repeat(100_000);
    let odd = "no\nsuch\u{1b}[31mfile";
    for words in [
        vec!["eval", "--op", "distance", "--model", "poincare", odd],
        vec!["audit", "--op", "distance", "--model", "poincare", "--scalar", "f64", odd],
        vec!["eval", "--op", "distance", "--model", "poincare", long.as_str()],
        vec!["eval", "--op", long.as_str(), "--model", "poincare", "-"],
        vec!["audit", "--op", "distance", "--model", "poincare", "--scalar", "f64", "--by", long.as_str(), "-"],
        vec!["check", "--jobs", "100000"],
        vec!["sweep", "--jobs", "100000"],
        vec!["scan", "--model", "poincare", "--scalar", "f32", "--jobs", "100000", "x.npy"],
    ] {
        let output = hypprec(&words, &format!("{long},{long}\n1,2\n"));
        let line = err(&output);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {line}");
        assert!(line.len() < 300 && line.lines().count() == 1 && !line.contains('\u{1b}'), "{line:?}");
    }
    let output =
        evaluated("distance poincare f64", &["--on-error", "mark"], &format!("x,y,{long}\n\u{1b}[31m,{long},1\n"));
    assert!(err(&output).len() < 300 && !err(&output).contains('\u{1b}'), "{}", err(&output));
}

/// A shell's `>&-`: what is written is lost, which is no success.
#[cfg(target_os = "linux")]
#[test]
fn an_output_that_was_closed_is_an_error_and_a_reader_that_went_away_is_none() {
    let run = |line: &str| {
        let mut child = Command::new("sh");
        child.arg("-c").arg(line).env("HYPPREC", env!("CARGO_BIN_EXE_hypprec"));
        child.stdin(Stdio::piped()).output().unwrap()
    };
    let asked = "\"$HYPPREC\" eval --op distance --model poincare -";
    let closed = run(&format!("printf 'x,y\\n0.5,0\\n' | {asked} >&-"));
    assert_eq!(closed.status.code(), Some(2));
    assert!(err(&closed).starts_with("hypprec: standard output: it is closed"), "{}", err(&closed));
    assert_eq!(run(&format!("printf 'x,y\\n0.5,0\\n' | {asked} >/dev/null")).status.code(), Some(0));
    let gone = run(&format!("(printf 'x,y\\n0.5,0\\n' | {asked}; echo $? >&2) | true"));
    assert_eq!(err(&gone), "0\n");
}

/// The last step of the composite action, as a job runs it.
#[cfg(target_os = "linux")]
#[test]
fn the_action_accepts_a_baseline_and_then_holds_to_it() {
    let action = include_str!("../.github/actions/audit/action.yml");
    let (_, step) = action.rsplit_once("      run: |\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let binary = Path::new(env!("CARGO_BIN_EXE_hypprec")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    let run = |variant: &str, accept: &str, limit: &str| {
        let fill = format!(
            "hypprec eval --op distance --model poincare --scalar f32 --variant {variant} --out $HYPPREC_VALUES $HYPPREC_POINTS"
        );
        let mut child = Command::new("bash");
        child.args(["-eo", "pipefail", "-c", step]).env("PATH", &path).env("RUNNER_TEMP", folder.path());
        child.env("GITHUB_OUTPUT", at("output")).env("GITHUB_STEP_SUMMARY", at("summary")).env("COMMAND", fill);
        for (name, value) in [("OP", "distance"), ("MODEL", "poincare"), ("SCALAR", "f32"), ("STUDY", "gate")] {
            child.env(name, value);
        }
        let baseline = at("limits.csv");
        let given = [("BASELINE", baseline.as_str()), ("ACCEPT", accept), ("ON_ERROR", "stop"), ("MAX_ULPS", limit)];
        child.envs(given).envs([("SLACK", ""), ("MAX_RELATIVE", ""), ("MAX_HYPERBOLIC", "")]);
        let output = child.output().unwrap();
        (output.status.code(), out(&output) + &err(&output))
    };
    let (code, said) = run("B4", "false", "");
    assert_eq!(code, Some(3), "{said}");
    let (code, said) = run("B4", "true", "");
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run("B4", "false", "");
    assert_eq!(code, Some(0), "{said}");
    // One limit for all is blind to what a group loses; the baseline is not.
    let (code, said) = run("B3b", "false", "1e9");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("regressed: radius "), "{said}");
    let summary = fs::read_to_string(at("summary")).unwrap();
    assert!(summary.contains("| regressed | radius "), "{summary}");
    let (code, said) = run("best", "false", "");
    assert_eq!(code, Some(4), "{said}");
    let outputs = fs::read_to_string(at("output")).unwrap();
    let sarif = outputs.lines().find_map(|line| line.strip_prefix("sarif=")).unwrap();
    let sarif: serde_json::Value = serde_json::from_str(&fs::read_to_string(sarif).unwrap()).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "improved");
}
