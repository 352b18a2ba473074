//! The page that links all pages of a folder: what each asks and what it found.

use super::ReportError;
use super::page::{escape, marked, shell, unmarked};
use crate::table::{MARKDOWN_MARK, PAGE, TableError, write_atomic};
use std::fs;
use std::path::{Path, PathBuf};

/// One page of a folder of pages.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its folder's name.
    pub name: String,
    pub question: String,
    /// The first sentence of its answer; empty where it gives none.
    pub headline: String,
}

/// Every page of a folder of pages, by name: any folder in it whose README.md has a title. The headline is the first
/// sentence of the first section.
pub fn entries(folder: &Path) -> Result<Vec<Entry>, ReportError> {
    let mut entries = Vec::new();
    for found in fs::read_dir(folder).map_err(TableError::io(folder))? {
        let path = found.map_err(TableError::io(folder))?.path();
        let readme = path.join("README.md");
        if !readme.is_file() {
            continue;
        }
        let text = fs::read_to_string(&readme).map_err(TableError::io(&readme))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(question) = text.lines().find_map(|line| line.strip_prefix("# ")) {
            entries.push(Entry { name, question: unmarked(question), headline: unmarked(&headline(&text)) });
        }
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// The first sentence below the first heading of the second rank.
fn headline(markdown: &str) -> String {
    let below = markdown.lines().skip_while(|line| !line.starts_with("## ")).skip(1);
    let paragraph =
        below.take_while(|line| !line.starts_with("## ")).find(|line| line.starts_with(|c: char| c.is_alphanumeric()));
    let text = paragraph.unwrap_or_default();
    // A sentence ends with a full stop before a capital; "1 % to radius 4. Then" does, "f32 vs. f64" does not.
    let ends = text.match_indices(". ").map(|(at, _)| at).find(|at| text[at + 2..].starts_with(char::is_uppercase));
    ends.map_or(text, |at| &text[..=at]).to_owned()
}

/// Writes the folder's index.html and README.md and says where the page is.
pub fn index(folder: &Path, title: &str, entries: &[Entry]) -> Result<PathBuf, ReportError> {
    let mut html = format!("<h1>{}</h1>\n<dl>\n", escape(title));
    let mut markdown = format!("# {title}\n\n");
    for Entry { name, question, headline } in entries {
        html += &format!(
            "<dt><a href=\"{0}/index.html\">{0}</a>: {1}</dt>\n<dd>{2}</dd>\n",
            escape(name),
            escape(question),
            escape(headline)
        );
        markdown += &format!("- [{}]({}/README.md): {}\n", marked(name), escape(name), marked(question));
        if !headline.is_empty() {
            markdown += &format!("  {}\n", marked(headline));
        }
    }
    markdown += &format!("\n{MARKDOWN_MARK}\n");
    let page = folder.join(PAGE[0]);
    write_atomic(&page, |out| out.write_all(shell(title, &(html + "</dl>\n")).as_bytes()))?;
    write_atomic(&folder.join(PAGE[1]), |out| out.write_all(markdown.as_bytes()))?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headline_is_one_sentence() {
        let page =
            "    command: x\n\n# What?\n\nAnalysis. More.\n\n## The answer\n\nLorentz, to radius 4.5. Then Klein.\n";
        assert_eq!(headline(page), "Lorentz, to radius 4.5.");
        assert_eq!(headline("# What?\n"), "");
    }

    #[test]
    fn every_page_is_linked_once() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("b", "# B?\n"), ("a", "# A?\n\n## The answer\n\nYes.\n"), ("c", "no title\n")] {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("README.md"), text).unwrap();
        }
        let found = entries(folder.path()).unwrap();
        assert_eq!(found.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let page = index(folder.path(), "All", &found).unwrap();
        assert!(fs::read_to_string(page).unwrap().contains("<a href=\"a/index.html\">a</a>: A?</dt>\n<dd>Yes.</dd>"));
        let markdown = fs::read_to_string(folder.path().join("README.md")).unwrap();
        assert_eq!(
            markdown,
            "# All\n\n- [a](a/README.md): A?\n  Yes.\n- [b](b/README.md): B?\n\n<!-- written by hypprec -->\n"
        );
    }
}
