//! The command line: one file per verb, and the only room that prints or exits.

mod annotate;
mod asked;
mod audit;
mod check;
mod choose;
#[cfg(feature = "train")]
mod data;
#[cfg(feature = "train")]
mod delta;
#[cfg(feature = "train")]
mod embed;
mod eval;
mod judge;
mod lines;
mod list;
mod named;
#[cfg(feature = "train")]
mod ood;
mod points;
mod progress;
mod report;
mod sample;
mod scan;
mod sweep;
#[cfg(feature = "train")]
mod train;

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
    Audit(audit::Audit),
    Sample(sample::Sample),
    Scan(scan::Scan),
    Judge(judge::Judge),
    Choose(choose::Choose),
    Check(check::Check),
    Report(report::Report),
    List(list::List),
    #[cfg(feature = "train")]
    Data(data::Data),
    #[cfg(feature = "train")]
    Train(train::Train),
    #[cfg(feature = "train")]
    Embed(embed::Embed),
    #[cfg(feature = "train")]
    Ood(ood::Ood),
    #[cfg(feature = "train")]
    Delta(delta::Delta),
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
    let done = |()| ExitCode::SUCCESS;
    let verb = match Cli::try_parse() {
        Ok(cli) => cli.verb,
        // What was asked for (help, version) goes to standard output.
        Err(answer) if !answer.use_stderr() => answer.exit(),
        Err(error) => return fail(&one_line(&error.to_string())),
    };
    let result = match verb {
        Verb::Sweep(verb) => verb.run().map(done),
        Verb::Eval(verb) => verb.run().map(done),
        Verb::Audit(verb) => verb.run(),
        Verb::Sample(verb) => verb.run().map(done),
        Verb::Scan(verb) => verb.run().map(done),
        Verb::Judge(verb) => verb.run().map(done),
        Verb::Choose(verb) => verb.run().map(done),
        Verb::Check(verb) => verb.run(),
        Verb::Report(verb) => verb.run().map(done),
        Verb::List(verb) => verb.run().map(done),
        #[cfg(feature = "train")]
        Verb::Data(verb) => verb.run().map(done),
        #[cfg(feature = "train")]
        Verb::Train(verb) => verb.run().map(done),
        #[cfg(feature = "train")]
        Verb::Embed(verb) => verb.run().map(done),
        #[cfg(feature = "train")]
        Verb::Ood(verb) => verb.run().map(done),
        #[cfg(feature = "train")]
        Verb::Delta(verb) => verb.run().map(done),
    };
    match result {
        Ok(code) => code,
        Err(Failure(line)) => fail(&line),
    }
}

fn fail(line: &str) -> ExitCode {
    say(&format!("hypprec: {line}"));
    ExitCode::from(EXIT_USAGE)
}

/// A line on standard error; a reader that has gone away is no reason to stop.
fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The parser's complaint without its usage text, in one line.
fn one_line(complaint: &str) -> String {
    let told = complaint.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let told = told.filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    let line = told.collect::<Vec<_>>().join(" ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
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
