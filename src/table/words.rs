//! Text from outside as it may be shown: on one line, without what steers a terminal, and no longer than asked.

/// The longest piece of a file or of the command line that a message quotes, in characters.
const LONGEST_QUOTE: usize = 40;
/// Names that a message lists.
const MOST_NAMES: usize = 8;

/// Whether a character moves the cursor, starts an escape, or turns the direction of what follows.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The text with every character that steers a terminal written out (`\n`, `\u{1b}`).
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match steers(c) {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    out
}

/// A cell or a name as it is quoted in a message.
pub fn short(text: &str) -> String {
    let mut characters = text.chars();
    let start: String = characters.by_ref().take(LONGEST_QUOTE).map(|c| if steers(c) { '?' } else { c }).collect();
    if characters.next().is_some() { start + "…" } else { start }
}

/// The first names of many, quoted, and how many more there are.
pub fn listed<S: AsRef<str>>(names: &[S]) -> String {
    let shown: Vec<String> = names.iter().take(MOST_NAMES).map(|name| short(name.as_ref())).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The text on one line of at most `bytes` bytes: what is too long loses its middle, since a place stands first and the
/// reason last.
pub fn line(text: &str, bytes: usize) -> String {
    const GAP: &str = " … ";
    let text = printable(text);
    if text.len() <= bytes {
        return text;
    }
    let half = bytes.saturating_sub(GAP.len()) / 2;
    format!("{}{GAP}{}", &text[..text.floor_char_boundary(half)], &text[text.ceil_char_boundary(text.len() - half)..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_steers_a_terminal_is_written_out() {
        assert_eq!(printable("a\nb\u{1b}[31m\u{202e}é"), "a\\nb\\u{1b}[31m\\u{202e}é");
        assert_eq!(short(&"x\ny".repeat(40)), "x?yx?yx?yx?yx?yx?yx?yx?yx?yx?yx?yx?yx?yx…");
        assert_eq!(listed(&["a"; 10]), "a, a, a, a, a, a, a, a and 2 more");
        assert_eq!(line(&format!("{}end", "é".repeat(40)), 21), "éééé … ééend");
    }

    proptest! {
        #[test]
        fn a_line_is_one_and_no_longer_than_asked(text in any::<String>(), bytes in 10usize..100) {
            let line = line(&text, bytes);
            prop_assert!(line.len() <= bytes && !line.contains(char::is_control));
        }
    }
}
