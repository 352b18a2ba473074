//! The command line: one file per verb, and the only room that prints or exits.

mod choose;
mod eval;
mod judge;
mod list;
mod points;
mod progress;
mod scan;
mod sweep;

use clap::{Parser, Subcommand};
use std::fmt;
use std::process::ExitCode;

/// The precision laboratory for hyperbolic geometry in machine learning.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Sweep(sweep::Sweep),
    Eval(eval::Eval),
    List(list::List),
    Judge(judge::Judge),
    Choose(choose::Choose),
    Scan(scan::Scan),
}

/// A line for the user; the exit code is 2.
struct Failure(String);

impl<E: fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure(error.to_string())
    }
}

/// Usage, input or file errors.
const EXIT_USAGE: u8 = 2;

/// Runs the command line.
pub fn main() -> ExitCode {
    let result = match Cli::parse().verb {
        Verb::Sweep(verb) => verb.run(),
        Verb::Eval(verb) => verb.run(),
        Verb::List(verb) => verb.run(),
        Verb::Judge(verb) => verb.run(),
        Verb::Choose(verb) => verb.run(),
        Verb::Scan(verb) => verb.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(line)) => {
            eprintln!("hypprec: {line}");
            ExitCode::from(EXIT_USAGE)
        }
    }
}

/// Writes to standard output; a reader that has gone away is no error.
fn print(text: &str) -> Result<(), Failure> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
