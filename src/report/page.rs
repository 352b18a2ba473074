//! A page of blocks, written as HTML that stands alone and as Markdown.

use super::ReportError;
use super::plot::{Draw, png, svg};
use crate::table::{Provenance, write_atomic};
use std::path::{Path, PathBuf};

enum Block {
    Heading(String),
    Text(String),
    Table { header: Vec<String>, rows: Vec<Vec<String>> },
    Plot { name: String, svg: String, caption: String },
}

/// A page under construction.
pub struct Page {
    folder: PathBuf,
    title: String,
    blocks: Vec<Block>,
}

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1d2430; --paper: #fdfdfc; --line: #d5d8de; --soft: #f1f2f4 }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e6ea; --paper: #16191f; --line: #3a4150; --soft: #20252e } }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1020px; margin: 2rem auto; padding: 0 1rem }
pre { background: var(--soft); padding: .8rem 1rem; border-radius: 6px; overflow-x: auto; font-size: 14px }
figure { margin: 1.5rem 0 } figure svg { background: #fff; border-radius: 8px; max-width: 100%; height: auto; display: block }
figcaption { font-size: 14px; opacity: .85; margin-top: .4rem }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: 14px; margin: 1rem 0 }
th, td { text-align: left; padding: .25rem .7rem; border-bottom: 1px solid var(--line); white-space: nowrap }
";

impl Page {
    pub fn new(folder: &Path, title: &str) -> Self {
        Page { folder: folder.to_owned(), title: title.to_owned(), blocks: Vec::new() }
    }
    pub fn heading(&mut self, text: &str) {
        self.blocks.push(Block::Heading(text.to_owned()));
    }
    pub fn text(&mut self, text: &str) {
        self.blocks.push(Block::Text(text.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    pub fn table(&mut self, header: &[&str], rows: Vec<Vec<String>>) {
        self.blocks.push(Block::Table { header: header.iter().map(|x| (*x).to_owned()).collect(), rows });
    }

    /// Draws the chart into plots/NAME.svg and plots/NAME.png and shows it here.
    pub fn plot(&mut self, name: &str, chart: &impl Draw, caption: &str) -> Result<(), ReportError> {
        let plots = self.folder.join("plots");
        std::fs::create_dir_all(&plots).map_err(crate::table::TableError::io(&plots))?;
        let path = plots.join(format!("{name}.png"));
        let fault = |message| ReportError::Plot { path: path.clone(), message };
        let svg = svg(chart).map_err(fault)?;
        png(chart, &path).map_err(fault)?;
        write_atomic(&plots.join(format!("{name}.svg")), |out| out.write_all(svg.as_bytes()))?;
        self.blocks.push(Block::Plot { name: name.to_owned(), svg, caption: caption.to_owned() });
        Ok(())
    }

    /// Writes index.html and README.md and says where the page is.
    pub fn write(&self, provenance: &Provenance) -> Result<PathBuf, ReportError> {
        let index = self.folder.join("index.html");
        write_atomic(&index, |out| out.write_all(self.html(provenance).as_bytes()))?;
        write_atomic(&self.folder.join("README.md"), |out| out.write_all(self.markdown(provenance).as_bytes()))?;
        Ok(index)
    }

    fn html(&self, provenance: &Provenance) -> String {
        let lines: String = provenance.lines().iter().map(|(n, v)| format!("{n}: {}\n", escape(v))).collect();
        let title = escape(&self.title);
        let mut out = format!("<pre>{lines}</pre>\n<h1>{title}</h1>\n");
        for block in &self.blocks {
            out += &match block {
                Block::Heading(text) => format!("<h2>{}</h2>\n", escape(text)),
                Block::Text(text) => format!("<p>{}</p>\n", escape(text)),
                Block::Table { header, rows } => {
                    let row = |cells: &[String], tag: &str| {
                        let cells = cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell)));
                        format!("<tr>{}</tr>\n", cells.collect::<String>())
                    };
                    let body: String = rows.iter().map(|cells| row(cells, "td")).collect();
                    format!("<div class=\"wide\"><table>{}{body}</table></div>\n", row(header, "th"))
                }
                Block::Plot { svg, caption, .. } => {
                    format!("<figure>{svg}<figcaption>{}</figcaption></figure>\n", escape(caption))
                }
            };
        }
        shell(&self.title, &out)
    }

    fn markdown(&self, provenance: &Provenance) -> String {
        let lines: String = provenance.lines().iter().map(|(n, v)| format!("    {n}: {v}\n")).collect();
        let mut out = format!("{lines}\n# {}\n\n", self.title);
        for block in &self.blocks {
            out += &match block {
                Block::Heading(text) => format!("## {text}\n\n"),
                Block::Text(text) => format!("{text}\n\n"),
                Block::Table { header, rows } => {
                    let row = |cells: &[String]| {
                        format!("| {} |\n", cells.iter().map(|c| c.replace('|', "\\|")).collect::<Vec<_>>().join(" | "))
                    };
                    let rule = format!("|{}\n", "---|".repeat(header.len()));
                    format!("{}{rule}{}\n", row(header), rows.iter().map(|cells| row(cells)).collect::<String>())
                }
                Block::Plot { name, caption, .. } => format!("![{caption}](plots/{name}.png)\n\n{caption}\n\n"),
            };
        }
        out
    }
}

/// A whole HTML file with this title and body.
pub fn shell(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>{}</title><style>{STYLE}</style></head><body>\n{body}</body></html>\n",
        escape(title)
    )
}

pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_the_provenance_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let mut page = Page::new(folder.path(), "a < b");
        page.table(&["x|y"], vec![vec!["<1>".into()]]);
        let provenance = Provenance {
            command: "hypprec".into(),
            version: "1".into(),
            revision: "r".into(),
            seed: 2,
            host: "h".into(),
        };
        let html = page.html(&provenance);
        assert!(html.contains("<h1>a &lt; b</h1>") && html.contains("<td>&lt;1&gt;</td>"));
        assert!(html.find("command: hypprec").unwrap() < html.find("<h1>").unwrap());
        assert!(page.markdown(&provenance).contains("| x\\|y |"));
    }
}
