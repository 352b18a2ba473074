//! Options that several verbs share: each is read in one way and refused in the same words.

use super::Failure;
use crate::table::short;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// c of a curvature −c, as it was given to --curvature.
///
/// # Errors
/// If it is not a positive number; papers write the curvature itself, −1 where c = 1 is meant.
pub fn curvature(c: f64) -> Result<f64, Failure> {
    curvature_number(&c.to_string())
}

/// [`curvature`] by its text.
pub fn curvature_number(text: &str) -> Result<f64, Failure> {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(c) if c > 0.0 && c.is_finite() => Ok(c),
        Ok(c) if c < 0.0 && c.is_finite() => {
            Err(Failure(format!("--curvature {} is not a positive number: {}", short(text), negative(&short(text)))))
        }
        _ => Err(Failure(format!("--curvature {} is not a positive number (curvature is −c, c > 0)", short(text)))),
    }
}

/// [`curvature`], as the text that an arithmetic reads to its own last digit.
pub fn curvature_text(text: &str) -> Result<&str, Failure> {
    curvature_number(text).map(|_| text.trim())
}

/// What is said of a negative c.
pub fn negative(text: &str) -> String {
    format!("c is that of curvature −c, here {}", text.trim_start_matches('-'))
}

/// The most threads that are started: far more than any machine has cores, far fewer than end one.
const MOST_JOBS: usize = 1024;

/// A number of threads; 0 stands for one a core.
///
/// # Errors
/// If it is not a number up to [`MOST_JOBS`].
pub fn jobs(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(jobs) if jobs <= MOST_JOBS => Ok(jobs),
        _ => Err(format!("not a number of threads from 0 (one a core) to {MOST_JOBS}")),
    }
}

/// As many threads as were asked for, or one a core.
pub fn pool(jobs: Option<usize>) -> Result<ThreadPool, Failure> {
    Ok(ThreadPoolBuilder::new().num_threads(jobs.unwrap_or(0)).build()?)
}

/// A path or another word as a shell takes it, in one line whatever it holds.
pub fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./,:=+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    if text.chars().any(char::is_control) {
        return format!("$'{}'", text.escape_default());
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curvature_as_papers_write_it_is_answered_with_what_to_give() {
        let said = |text: &str| curvature_text(text).err().map(|failure| failure.0);
        let expected = "--curvature -1 is not a positive number: c is that of curvature −c, here 1";
        assert_eq!((said("-1").as_deref(), said(" 0.1")), (Some(expected), None));
        for wrong in ["0", "nan", "inf", "-inf", "one", ""] {
            let said = said(wrong).unwrap_or_default();
            assert!(said.starts_with("--curvature ") && said.contains("curvature is −c, c > 0"), "{wrong}: {said}");
        }
    }

    #[test]
    fn words_are_one_line_that_a_shell_reads_back() {
        for (text, expected) in [
            ("a.csv", "a.csv"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("a\nb\u{1b}", "$'a\\nb\\u{1b}'"),
            ("", "''"),
        ] {
            assert_eq!(word(text), expected);
        }
    }

    #[test]
    fn threads_have_a_limit() {
        assert_eq!((jobs("0"), jobs("1024")), (Ok(0), Ok(1024)));
        assert!(jobs("1025").is_err() && jobs("100000").is_err() && jobs("-1").is_err());
    }
}
