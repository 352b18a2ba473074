//! Every source that a variant or a guard names is in studies/references.bib, and is there once.

use hypprec::formula::REGISTRY;
use hypprec::guard::GUARDS;
use std::collections::BTreeSet;

const REFERENCES: &str = include_str!("../studies/references.bib");

/// The keys of a bibliography, in order: an entry begins its line with `@kind{key,`.
fn keys(bibliography: &str) -> Vec<&str> {
    let entries = bibliography.lines().filter(|line| line.starts_with('@'));
    entries.filter_map(|line| line.split_once('{')?.1.split_once(',')).map(|(key, _)| key.trim()).collect()
}

/// Who cites, and which key.
fn cited() -> Vec<(String, &'static str)> {
    let variants = REGISTRY.iter().map(|v| (format!("variant {} {}", v.op, v.id), v.cite));
    variants.chain(GUARDS.iter().map(|g| (format!("guard {}", g.id), g.cite))).collect()
}

fn unresolved(keys: &[&str], cited: &[(String, &str)]) -> Vec<String> {
    let missing = cited.iter().filter(|(_, key)| !keys.contains(key));
    missing.map(|(who, key)| format!("{who} cites `{key}`, which studies/references.bib has not")).collect()
}

#[test]
fn every_citation_resolves() {
    let missing = unresolved(&keys(REFERENCES), &cited());
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
    assert!(cited().len() > 100, "only {} citations read", cited().len());
}

#[test]
fn no_key_stands_twice() {
    let keys = keys(REFERENCES);
    let distinct: BTreeSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len());
    assert_eq!(keys.len(), REFERENCES.lines().filter(|line| line.starts_with('@')).count());
}

#[test]
fn a_citation_without_an_entry_is_seen() {
    let keys = keys("@misc{known,\n  year = {2018}\n}\n");
    let cited = [("variant a".to_owned(), "known"), ("variant b".to_owned(), "unknown")];
    assert_eq!(unresolved(&keys, &cited).len(), 1);
}
