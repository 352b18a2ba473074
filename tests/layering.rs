//! The rooms stand on one another: imports go down only, and only the commands print or exit.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms and the storey of each; a file imports from storeys below its own, or from its own room.
const ROOMS: &[(&str, u32)] = &[
    ("arithmetic", 0),
    ("table", 0),
    ("formula", 1),
    ("guard", 2),
    ("model", 3),
    ("oracle", 4),
    ("measure", 5),
    ("study", 6),
    ("verdict", 7),
    ("report", 8),
    ("cmd", 9),
];

/// What only the commands may do.
const COMMANDS_ONLY: &[&str] = &["println!", "eprintln!", "print!(", "eprint!(", "process::exit"];

fn storey(room: &str) -> Option<u32> {
    ROOMS.iter().find(|(name, _)| *name == room).map(|(_, storey)| *storey)
}

/// What is wrong with a file of a room.
fn faults(room: &str, source: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in source.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        let mut rest = code;
        while let Some(at) = rest.find("crate::") {
            rest = &rest[at + "crate::".len()..];
            let names: Vec<&str> = match rest.strip_prefix('{') {
                Some(list) => list.split(['{', '}', ',']).map(str::trim).collect(),
                None => vec![rest],
            };
            for name in names {
                let other = name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                if let (Some(own), Some(theirs)) = (storey(room), storey(other)) {
                    if other != room && theirs >= own {
                        faults.push(format!("line {}: {room} imports {other}, which is not below it", number + 1));
                    }
                }
            }
        }
        for word in COMMANDS_ONLY {
            if room != "cmd" && code.contains(word) {
                faults.push(format!("line {}: {word} outside the commands", number + 1));
            }
        }
    }
    faults
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn imports_go_down_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&root, &mut found);
    let mut seen = 0;
    for path in found {
        let relative = path.strip_prefix(&root).unwrap();
        let Some(room) = relative.components().next().and_then(|c| c.as_os_str().to_str()) else { continue };
        if relative.components().count() < 2 {
            continue;
        }
        assert!(storey(room).is_some(), "{room} is a room without a storey: add it to ROOMS");
        let faults = faults(room, &fs::read_to_string(&path).unwrap());
        assert!(faults.is_empty(), "{}: {}", relative.display(), faults.join("; "));
        seen += 1;
    }
    assert!(seen > 20);
}

#[test]
fn an_arrow_that_goes_up_is_seen() {
    assert_eq!(faults("formula", "use crate::measure::Cell;").len(), 1);
    assert_eq!(faults("formula", "use crate::{arithmetic::Real, oracle::Sample};").len(), 1);
    assert_eq!(faults("formula", "// use crate::measure::Cell;\nuse crate::arithmetic::Real;").len(), 0);
    assert_eq!(faults("measure", "println!(\"x\");").len(), 1);
}
