//! Tells the program which revision it was built from.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=.git/HEAD");
    println!("cargo:rerun-if-changed=.git/index");
    let revision = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    let text = revision.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let revision = if text.trim().is_empty() { "unknown" } else { text.trim() };
    println!("cargo:rustc-env=HYPPREC_REVISION={revision}");
}
