//! Every example that `--help` shows runs as it stands there.

#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Points and values that every verb's examples can read.
const POINTS: &str = "c,x,y,v,p,a,t,value\n1,0.1 0.2,0.3 0.4,0.1 0,0.2 0.1,1 2,0.5,0.6268763525460413\n";
/// An embedding with a column that is none of its coordinates.
const EMBEDDING: &str = "x0,x1,x2,label\n0.1,0.2,0.05,1\n-0.3,0.4,0.1,2\n0.5,0.1,-0.2,1\n0.2,-0.6,0.3,0\n";

/// Examples that take minutes: they run behind `HYPPREC_LONG=1`.
const LONG: &[&str] = &["hypprec judge --all", "hypprec sweep", "hypprec check", "hypprec train", "hypprec ood"];
/// What an example reads that only training makes.
const TRAINED: &str = "checkpoint.safetensors";

fn hypprec(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hypprec")).args(arguments).env("COLUMNS", "400").output().unwrap()
}

fn help(verb: &[&str]) -> String {
    let output = hypprec(&[verb, &["--help"]].concat());
    assert!(output.status.success(), "{verb:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The names below `Commands:`.
fn verbs(help: &str) -> Vec<String> {
    let below = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = below.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

/// The lines of a help's examples; a line that was wrapped goes on.
fn examples(help: &str) -> Vec<String> {
    let below = help.lines().skip_while(|line| !line.starts_with("Examples:")).skip(1);
    let mut found: Vec<String> = Vec::new();
    for line in below.take_while(|line| line.starts_with("  ")) {
        match (line.trim().split_once(' '), found.last_mut()) {
            (Some((program, _)), _) if program.ends_with("hypprec") || program == "cat" => {
                found.push(line.trim().to_owned())
            }
            (_, Some(last)) => *last += &format!(" {}", line.trim()),
            (_, None) => panic!("an example does not begin with hypprec: {line}"),
        }
    }
    found
}

fn files(folder: &Path) {
    fs::write(folder.join("points.csv"), POINTS).unwrap();
    fs::write(folder.join("embedding.csv"), EMBEDDING).unwrap();
    let values: Vec<u8> = (0..16).flat_map(|i| (0.03 * i as f32 - 0.2).to_le_bytes()).collect();
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 4), }";
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((text.len() as u16).to_le_bytes());
    npy.extend([text.as_bytes(), &values].concat());
    fs::write(folder.join("embedding.npy"), npy).unwrap();
}

#[test]
fn every_example_of_every_help_runs() {
    let long = std::env::var("HYPPREC_LONG").is_ok_and(|value| value == "1");
    let all = verbs(&help(&[]));
    assert!(all.len() >= 10, "{all:?}");
    let mut seen = 0;
    for verb in &all {
        let text = help(&[verb]);
        for example in examples(&text) {
            seen += 1;
            let is_long = LONG.iter().any(|start| example.starts_with(start));
            if example.contains(TRAINED) || (is_long && !long) {
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            files(folder.path());
            let binary = Path::new(env!("CARGO_BIN_EXE_hypprec")).parent().unwrap();
            let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
            let output = Command::new("sh")
                .args(["-c", &example])
                .current_dir(folder.path())
                .env("PATH", path)
                .env("HYPPREC_DATA", folder.path())
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{example}: {said}");
        }
    }
    assert!(seen >= 8, "{seen} examples");
}

#[test]
fn new_flags_stand_in_a_help_with_an_example() {
    for (verb, flag) in [
        ("scan", "--columns"),
        ("choose", "--columns"),
        ("scan", "--curvature"),
        ("eval", "--curvature"),
        ("eval", "--on-error"),
        ("audit", "--curvature"),
        ("audit", "--on-error"),
        ("audit", "--max-hyperbolic"),
        ("audit", "--baseline"),
        ("audit", "--accept"),
        ("audit", "--slack"),
        ("audit", "--markdown"),
        ("audit", "--junit"),
        ("audit", "--sarif"),
    ] {
        let text = help(&[verb]);
        assert!(text.contains(flag), "{verb} {flag}");
        assert!(examples(&text).iter().any(|example| example.contains(flag)), "{verb} {flag}");
    }
}
