//! The command line: one file per verb, and the only room that prints or exits.

mod adversary;
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
#[cfg(feature = "train")]
mod fewshot;
mod filters;
mod judge;
mod list;
mod merge;
mod named;
#[cfg(feature = "train")]
mod ood;
mod options;
mod plan;
mod points;
mod progress;
mod report;
mod rows;
#[cfg(feature = "train")]
mod runs;
mod sample;
mod scan;
mod shards;
mod status;
mod stop;
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
    Adversary(adversary::Adversary),
    Report(report::Report),
    Merge(merge::Merge),
    Plan(plan::Plan),
    Status(status::Status),
    List(list::List),
    #[cfg(feature = "train")]
    Data(data::Data),
    #[cfg(feature = "train")]
    Train(train::Train),
    #[cfg(feature = "train")]
    Fewshot(fewshot::Fewshot),
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

/// Runs the command line. A closed standard output ends it at once, before anything is measured that nobody would read.
pub fn main(output_is_closed: bool) -> ExitCode {
    if output_is_closed {
        return fail("standard output: it is closed (send it to /dev/null where it is not wanted)");
    }
    let done = |()| ExitCode::SUCCESS;
    let verb = match Cli::try_parse() {
        Ok(cli) => cli.verb,
        // What was asked for (help, version) goes to standard output.
        Err(answer) if !answer.use_stderr() => answer.exit(),
        Err(error) => return fail(&one_line(&error.to_string())),
    };
    let result = match verb {
        Verb::Sweep(verb) => verb.run(),
        Verb::Eval(verb) => verb.run(),
        Verb::Audit(verb) => verb.run(),
        Verb::Sample(verb) => verb.run().map(done),
        Verb::Scan(verb) => verb.run().map(done),
        Verb::Judge(verb) => verb.run(),
        Verb::Choose(verb) => verb.run(),
        Verb::Check(verb) => verb.run(),
        Verb::Adversary(verb) => verb.run(),
        Verb::Report(verb) => verb.run().map(done),
        Verb::Merge(verb) => verb.run().map(done),
        Verb::Plan(verb) => verb.run().map(done),
        Verb::Status(verb) => verb.run(),
        Verb::List(verb) => verb.run().map(done),
        #[cfg(feature = "train")]
        Verb::Data(verb) => verb.run().map(done),
        #[cfg(feature = "train")]
        Verb::Train(verb) => verb.run(),
        #[cfg(feature = "train")]
        Verb::Fewshot(verb) => verb.run(),
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

/// The longest line that is said, in bytes: it stays in sight, whatever a file or an argument put into it.
const LONGEST_LINE: usize = 295;

/// A line on standard error; a reader that has gone away is no reason to stop.
fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{}", crate::table::line(line, LONGEST_LINE));
}

/// A path as it is printed: on one line, steering no terminal.
fn shown(path: &std::path::Path) -> String {
    crate::table::printable(&path.display().to_string())
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
