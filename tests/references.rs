//! Every source that a variant or a guard names is in studies/references.bib.

use hypprec::formula::REGISTRY;
use hypprec::guard::GUARDS;
use std::collections::BTreeSet;

const REFERENCES: &str = include_str!("../studies/references.bib");

fn keys() -> BTreeSet<&'static str> {
    let entries = REFERENCES.lines().filter(|line| line.starts_with('@'));
    entries.filter_map(|line| line.split_once('{')?.1.split_once(',')).map(|(key, _)| key).collect()
}

#[test]
fn every_citation_resolves() {
    let keys = keys();
    assert!(keys.len() > 20);
    for cite in REGISTRY.iter().map(|variant| variant.cite).chain(GUARDS.iter().map(|guard| guard.cite)) {
        assert!(keys.contains(cite), "studies/references.bib has no entry `{cite}`");
    }
}
