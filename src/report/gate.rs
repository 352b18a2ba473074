//! What a gate found, for the machines that show it: Markdown for a pull request, JUnit XML for a test report, SARIF for the
//! lines of a file.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How a finding counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something got worse, is past a limit or has no answer.
    Error,
    /// Nothing is known to be worse, but nothing could be compared.
    Incomparable,
    /// Better than accepted.
    Better,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub level: Level,
    /// What kind of thing, in one word or two joined by `-`.
    pub rule: String,
    /// The group that it is about; empty where it is about all.
    pub group: String,
    pub message: String,
    /// The line of the table where it is seen.
    pub line: Option<u64>,
}

/// A gate that has been run.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    /// What was looked at.
    pub title: String,
    /// What came of it, in one line.
    pub conclusion: String,
    /// The table that lines are of.
    pub file: String,
    pub groups: Vec<String>,
    pub findings: Vec<Finding>,
    pub version: String,
}

/// The most findings that Markdown shows: a pull request is read by people.
const MOST_SHOWN: usize = 100;

/// A heading, the conclusion and a row for every finding.
pub fn markdown(gate: &Gate) -> String {
    let cell = |text: &str| text.replace('|', "\\|").replace(['\n', '\r'], " ").replace('<', "&lt;");
    let mut out = format!("### {}\n\n{}\n", cell(&gate.title), cell(&gate.conclusion));
    if gate.findings.is_empty() {
        return out;
    }
    out += "\n| | group | what | line |\n|---|---|---|---|\n";
    for finding in gate.findings.iter().take(MOST_SHOWN) {
        let line = finding.line.map_or(String::new(), |line| line.to_string());
        out += &format!("| {} | {} | {} | {line} |\n", finding.rule, cell(&finding.group), cell(&finding.message));
    }
    if gate.findings.len() > MOST_SHOWN {
        out += &format!("\nand {} more\n", gate.findings.len() - MOST_SHOWN);
    }
    out
}

/// JUnit XML: a test case a group, and one for the whole. What got better fails too: it is to be accepted.
pub fn junit(gate: &Gate) -> String {
    let mut found: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &gate.findings {
        found.entry(&finding.group).or_default().push(finding);
    }
    let failures = found.len();
    // The whole is a case of its own, without a group; groups that are gone come last.
    let known: BTreeSet<&str> = std::iter::once("").chain(gate.groups.iter().map(String::as_str)).collect();
    let gone: Vec<&str> = found.keys().copied().filter(|group| !known.contains(group)).collect();
    let cases: Vec<&str> = std::iter::once("").chain(gate.groups.iter().map(String::as_str)).chain(gone).collect();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    out += &format!(
        "  <testsuite name=\"hypprec {}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\">\n",
        xml(&gate.title),
        cases.len()
    );
    for case in cases {
        let name = if case.is_empty() { "the whole" } else { case };
        out += &format!("    <testcase classname=\"{}\" name=\"{}\"", xml(&gate.title), xml(name));
        let Some(found) = found.get(case) else {
            out += "/>\n";
            continue;
        };
        let text: Vec<String> = found.iter().map(|finding| format!("{}: {}", finding.rule, finding.message)).collect();
        out += &format!(
            ">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n",
            xml(&found[0].rule),
            xml(&text[0]),
            xml(&text.join("\n"))
        );
    }
    out + "  </testsuite>\n</testsuites>\n"
}

/// Text inside XML: control characters have no place there at all.
fn xml(text: &str) -> String {
    let escape = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\n' => "&#10;".to_owned(),
        '\u{fffe}' | '\u{ffff}' => "?".to_owned(),
        c if c.is_control() => "?".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

/// SARIF 2.1.0: a result a finding, at the line of the table where it is worst.
pub fn sarif(gate: &Gate) -> Value {
    let level = |level: Level| match level {
        Level::Error => "error",
        Level::Incomparable => "warning",
        Level::Better => "note",
    };
    let mut rules: Vec<&str> = gate.findings.iter().map(|finding| finding.rule.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    let result = |finding: &Finding| {
        let group = if finding.group.is_empty() { String::new() } else { format!("{}: ", finding.group) };
        let mut place = json!({"artifactLocation": {"uri": uri(&gate.file)}});
        if let Some(line) = finding.line {
            place["region"] = json!({"startLine": line});
        }
        json!({
            "ruleId": finding.rule,
            "level": level(finding.level),
            "message": {"text": format!("{}: {group}{}", gate.title, finding.message)},
            "locations": [{"physicalLocation": place}],
        })
    };
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "hypprec",
                "version": gate.version,
                "rules": rules.iter().map(|rule| json!({"id": rule})).collect::<Vec<_>>(),
            }},
            "results": gate.findings.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

/// A path as a relative reference: what has a meaning in one is percent-encoded.
fn uri(path: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Gate {
        let finding = |level, rule: &str, group: &str, line| Finding {
            level,
            rule: rule.to_owned(),
            group: group.to_owned(),
            message: "max_ulps was 1, is 2 & <more>".to_owned(),
            line,
        };
        Gate {
            title: "audit distance, poincare, f32".to_owned(),
            conclusion: "regressed: 1 regressed in 2 groups".to_owned(),
            file: "ci/my values.csv".to_owned(),
            groups: vec!["radius 1".to_owned(), "radius \"2\"\u{1b}".to_owned()],
            findings: vec![
                finding(Level::Error, "regressed", "radius 1", Some(7)),
                finding(Level::Incomparable, "missing", "radius 3", None),
            ],
            version: "0.1".to_owned(),
        }
    }

    #[test]
    fn junit_has_a_case_for_every_group_and_fails_those_that_do() {
        let text = junit(&gate());
        assert!(text.contains("tests=\"4\" failures=\"2\""), "{text}");
        assert!(text.contains("name=\"radius &quot;2&quot;?\"/>"), "{text}");
        assert!(
            text.contains(
                "<failure type=\"regressed\" message=\"regressed: max_ulps was 1, is 2 &amp; &lt;more&gt;\">"
            )
        );
        assert_eq!(text.matches("<testcase").count(), 4);
    }

    #[test]
    fn sarif_says_where() {
        let value = sarif(&gate());
        let result = &value["runs"][0]["results"][0];
        assert_eq!(result["level"], "error");
        assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 7);
        let uri = &value["runs"][0]["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert_eq!(uri, "ci/my%20values.csv");
        assert_eq!(value["runs"][0]["tool"]["driver"]["rules"][1]["id"], "regressed");
    }

    #[test]
    fn markdown_has_a_row_for_every_finding() {
        let text = markdown(&gate());
        assert!(
            text.starts_with("### audit distance, poincare, f32\n\nregressed: 1 regressed in 2 groups\n"),
            "{text}"
        );
        assert!(text.contains("| regressed | radius 1 | max_ulps was 1, is 2 & &lt;more> | 7 |\n"), "{text}");
    }
}
