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
    ("batch", 4),
    ("oracle", 4),
    ("measure", 5),
    ("study", 6),
    ("data", 6),
    ("train", 6),
    ("verdict", 7),
    ("report", 8),
    ("cmd", 9),
];

/// The arrows allowed between neighbours on one storey.
const NEIGHBOURS: &[(&str, &str)] = &[("train", "data")];

/// What only the commands and `main` may do.
const COMMANDS_ONLY: &[&str] = &["println!", "eprintln!", "print!", "eprint!", "dbg!"];

fn storey(room: &str) -> Option<u32> {
    ROOMS.iter().find(|(name, _)| *name == room).map(|(_, storey)| *storey)
}

fn may_import(from: &str, to: &str) -> bool {
    from == to || NEIGHBOURS.contains(&(from, to)) || storey(from) > storey(to)
}

/// The code of a source with comments and the insides of literals blanked; line breaks stay.
fn code_only(source: &str) -> String {
    let s: Vec<char> = source.chars().collect();
    let at = |i: usize| s.get(i).copied().unwrap_or('\0');
    let mut code = String::with_capacity(source.len());
    let mut i = 0;
    while i < s.len() {
        let end = match (s[i], at(i + 1)) {
            ('/', '/') => (i..s.len()).find(|&j| s[j] == '\n').unwrap_or(s.len()),
            ('/', '*') => block_comment_end(&s, i),
            ('"', _) => string_end(&s, i),
            ('r', '"' | '#') if i == 0 || !is_word(s[i - 1]) || s[i - 1] == 'b' => raw_string_end(&s, i),
            ('\'', '\\') => (i + 3..s.len()).find(|&j| s[j] == '\'').map_or(s.len(), |j| j + 1),
            ('\'', _) if at(i + 2) == '\'' => i + 3,
            _ => {
                code.push(s[i]);
                i += 1;
                continue;
            }
        };
        code.extend(s[i..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
        i = end;
    }
    code
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn block_comment_end(s: &[char], start: usize) -> usize {
    let (mut depth, mut i) = (0, start);
    while i < s.len() {
        match (s[i], s.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
            ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            return i;
        }
    }
    s.len()
}

fn string_end(s: &[char], start: usize) -> usize {
    let mut i = start + 1;
    while i < s.len() && s[i] != '"' {
        i += if s[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(s.len())
}

/// The end of the raw string at `start`, or just past the `r` where there is none (`r#type`).
fn raw_string_end(s: &[char], start: usize) -> usize {
    let hashes = s[start + 1..].iter().take_while(|&&c| c == '#').count();
    let open = start + 1 + hashes;
    if s.get(open) != Some(&'"') {
        return start + 1;
    }
    let closes = |&j: &usize| s[j] == '"' && s[j + 1..].iter().take_while(|&&c| c == '#').count() >= hashes;
    (open + 1..s.len()).find(closes).map_or(s.len(), |j| j + 1 + hashes)
}

/// Each place where `prefix` begins a path segment, and the first names that follow it, also inside braces.
fn paths<'a>(code: &'a str, prefix: &str) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices(prefix) {
        if code[..start].chars().next_back().is_some_and(is_word) {
            continue;
        }
        let rest = &code[start + prefix.len()..];
        let Some(list) = rest.trim_start().strip_prefix('{') else {
            found.push((start, first_name(rest)));
            continue;
        };
        let (mut depth, mut item) = (0u32, 0);
        for (j, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    found.push((start, first_name(&list[item..j])));
                    item = j + 1;
                    if c == '}' {
                        break;
                    }
                }
                _ => {}
            }
        }
    }
    found
}

fn first_name(text: &str) -> &str {
    let text = text.trim_start();
    &text[..text.find(|c| !is_word(c)).unwrap_or(text.len())]
}

/// What is wrong with a file of a room (`""` for `lib.rs`); `depth` is that of its module, 1 for `src/room/mod.rs`.
fn faults(room: &str, depth: usize, source: &str) -> Vec<String> {
    let code = code_only(source);
    let line = |at: usize| code[..at].matches('\n').count() + 1;
    let mut faults = Vec::new();
    // As many `super::` as the module is deep reach the root of the crate.
    for prefix in ["crate::".to_owned(), "super::".repeat(depth.max(1))] {
        for (at, other) in paths(&code, &prefix) {
            if storey(room).is_some() && storey(other).is_some() && !may_import(room, other) {
                faults.push(format!("line {}: {room} imports {other}, which is not below it", line(at)));
            }
        }
    }
    if room == "cmd" {
        return faults;
    }
    for word in COMMANDS_ONLY {
        for (at, _) in code.match_indices(word) {
            if !code[..at].chars().next_back().is_some_and(is_word) {
                faults.push(format!("line {}: {word} outside the commands", line(at)));
            }
        }
    }
    for (at, name) in paths(&code, "process::") {
        if ["exit", "abort"].contains(&name) {
            faults.push(format!("line {}: process::{name} outside the commands", line(at)));
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
    found.sort();
    let mut all = Vec::new();
    let mut seen = 0;
    for path in &found {
        let relative = path.strip_prefix(&root).unwrap().with_extension("");
        let mut module: Vec<&str> = relative.iter().map(|part| part.to_str().unwrap()).collect();
        // `main.rs` is a command of its own; `lib.rs` names the rooms.
        if module == ["main"] {
            continue;
        }
        if module.last() == Some(&"mod") || module == ["lib"] {
            module.pop();
        }
        let room = module.first().copied().unwrap_or_default();
        if !room.is_empty() && storey(room).is_none() {
            all.push(format!("{}: {room} is a room without a storey: add it to ROOMS", relative.display()));
        }
        let source = fs::read_to_string(path).unwrap();
        all.extend(faults(room, module.len(), &source).iter().map(|fault| format!("{}: {fault}", relative.display())));
        seen += 1;
    }
    assert!(all.is_empty(), "\n{}", all.join("\n"));
    assert!(seen > 20, "only {seen} files read");
}

#[test]
fn an_arrow_that_goes_up_is_seen() {
    for (room, source) in [
        ("formula", "use crate::measure::Cell;"),
        ("formula", "use crate::{arithmetic::Real, oracle::{Sample, Truth}};"),
        ("formula", "use crate::{\n    arithmetic::Real,\n    oracle,\n};"),
        ("formula", "fn f() -> crate::guard::Guard { todo!() }"),
        ("formula", "let url = \"http://x\"; use crate::measure::Cell;"),
        ("formula", "use super::super::measure::Cell;"),
        ("table", "use crate::arithmetic::Real;"),
        ("study", "use crate::train::Recipe;"),
        ("data", "use crate::train::Recipe;"),
        ("report", "use crate::cmd;"),
    ] {
        assert_eq!(faults(room, 2, source).len(), 1, "{room}: {source}");
    }
}

#[test]
fn a_print_or_an_exit_outside_the_commands_is_seen() {
    for source in ["println!(\"x\");", "eprint!(\"x\")", "std::process::exit(1)", "use std::process::{Command, exit};"]
    {
        assert_eq!(faults("measure", 2, source).len(), 1, "{source}");
        assert_eq!(faults("", 0, source).len(), 1, "lib.rs: {source}");
        assert!(faults("cmd", 2, source).is_empty(), "cmd: {source}");
    }
}

#[test]
fn what_is_allowed_or_is_not_code_passes() {
    for (room, source) in [
        ("formula", "use crate::arithmetic::Real;\nuse crate::formula::Op;"),
        (
            "formula",
            "// use crate::measure::Cell;\n/// println!(\"x\")\n/* crate::oracle /* nested */ crate::cmd */ fn f() {}",
        ),
        (
            "formula",
            "const A: &str = \"crate::measure::Cell println!\"; const Q: char = '\"'; const B: &str = r#\"\"crate::cmd::\"#;",
        ),
        ("formula", "use other_crate::measure::Cell; fn f<'a>(x: &'a str) {}"),
        ("train", "use crate::data::Images;"),
        ("verdict", "use crate::{study, measure::{Cell, Outcome}};"),
        ("report", "writeln!(out, \"x\")?;"),
    ] {
        assert_eq!(faults(room, 2, source), Vec::<String>::new(), "{room}: {source}");
    }
}
