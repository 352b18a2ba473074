//! A page of blocks, written as HTML that stands alone and as Markdown.

use super::ReportError;
use super::plot::{Draw, png, svg};
use crate::table::{GENERATOR, PAGE, Provenance, make_atomic, write_atomic};
use std::path::{Path, PathBuf};

enum Block {
    Heading(String),
    Text(String),
    Table {
        header: Vec<String>,
        rows: Vec<Vec<String>>,
    },
    Plot {
        name: String,
        svg: String,
        caption: String,
    },
    #[cfg(feature = "train")]
    Pictures {
        caption: String,
        pictures: Vec<Picture>,
    },
}

/// A small picture with a line below it.
#[cfg(feature = "train")]
pub struct Picture {
    pub png: Vec<u8>,
    pub said: String,
    /// Whether it is set apart from the others.
    pub marked: bool,
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
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top }
th { position: sticky; top: 0; background: var(--paper) }
@media (max-width: 640px) {
  thead { display: none } table, tbody, tr, td { display: block; width: 100% }
  tr { border-bottom: 2px solid var(--line); padding: .4rem 0 } td { border: 0; padding: .1rem 0; overflow-wrap: anywhere }
  td::before { content: attr(data-name); display: inline-block; min-width: 9rem; padding-right: .6rem; opacity: .65 }
}
";

/// How pictures are set: as many in a row as there is room for.
#[cfg(feature = "train")]
const SHELF: &str = "display:flex;flex-wrap:wrap;gap:.5rem;margin-top:.4rem";

#[cfg(feature = "train")]
impl Picture {
    fn html(&self) -> String {
        use base64::Engine;
        let data = base64::engine::general_purpose::STANDARD.encode(&self.png);
        let frame = if self.marked { "3px solid #d55e00" } else { "3px solid transparent" };
        let said = escape(&self.said);
        format!(
            "<div style=\"width:5rem;font-size:12px;line-height:1.3\"><img alt=\"{said}\" src=\"data:image/png;base64,{data}\" \
             style=\"width:100%;box-sizing:border-box;border:{frame};image-rendering:pixelated\"><br>{said}</div>"
        )
    }
}

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

    /// Small pictures beside one another, inside of the page itself.
    #[cfg(feature = "train")]
    pub fn pictures(&mut self, caption: &str, pictures: Vec<Picture>) {
        self.blocks.push(Block::Pictures { caption: caption.to_owned(), pictures });
    }

    /// Draws the chart into plots/NAME.svg and plots/NAME.png and shows it here.
    pub fn plot(&mut self, name: &str, chart: &impl Draw, caption: &str) -> Result<(), ReportError> {
        let plots = self.folder.join("plots");
        std::fs::create_dir_all(&plots).map_err(crate::table::TableError::io(&plots))?;
        let path = plots.join(format!("{name}.png"));
        let fault = |message| ReportError::Plot { path: path.clone(), message };
        let svg = svg(chart).map_err(fault)?;
        make_atomic(&path, |beside| png(chart, beside).map_err(fault))?;
        write_atomic(&plots.join(format!("{name}.svg")), |out| out.write_all(svg.as_bytes()))?;
        self.blocks.push(Block::Plot { name: name.to_owned(), svg, caption: caption.to_owned() });
        Ok(())
    }

    /// Writes index.html and README.md and says where the page is.
    pub fn write(&self, provenance: &Provenance) -> Result<PathBuf, ReportError> {
        let index = self.folder.join(PAGE[0]);
        write_atomic(&index, |out| out.write_all(self.html(provenance).as_bytes()))?;
        write_atomic(&self.folder.join(PAGE[1]), |out| out.write_all(self.markdown(provenance).as_bytes()))?;
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
                    let names: String = header.iter().map(|name| format!("<th>{}</th>", escape(name))).collect();
                    let row = |cells: &Vec<String>| {
                        let cell = |(name, cell): (&String, &String)| {
                            format!("<td data-name=\"{}\">{}</td>", escape(name), escape(cell))
                        };
                        format!("<tr>{}</tr>\n", header.iter().zip(cells).map(cell).collect::<String>())
                    };
                    let body: String = rows.iter().map(row).collect();
                    format!(
                        "<div class=\"wide\"><table><thead><tr>{names}</tr></thead>\n<tbody>{body}</tbody></table></div>\n"
                    )
                }
                Block::Plot { svg, caption, .. } => {
                    format!("<figure>{svg}<figcaption>{}</figcaption></figure>\n", escape(caption))
                }
                #[cfg(feature = "train")]
                Block::Pictures { caption, pictures } => {
                    let pictures: String = pictures.iter().map(Picture::html).collect();
                    format!(
                        "<figure><figcaption>{}</figcaption>\n<div style=\"{SHELF}\">{pictures}</div></figure>\n",
                        escape(caption)
                    )
                }
            };
        }
        shell(&self.title, &out)
    }

    fn markdown(&self, provenance: &Provenance) -> String {
        let lines: String = provenance.lines().iter().map(|(n, v)| format!("    {n}: {v}\n")).collect();
        let mut out = format!("{lines}\n# {}\n\n", marked(&self.title));
        for block in &self.blocks {
            out += &match block {
                Block::Heading(text) => format!("## {}\n\n", marked(text)),
                Block::Text(text) => format!("{}\n\n", marked(text)),
                Block::Table { header, rows } => {
                    let row = |cells: &[String]| {
                        format!("| {} |\n", cells.iter().map(|cell| marked(cell)).collect::<Vec<_>>().join(" | "))
                    };
                    let rule = format!("|{}\n", "---|".repeat(header.len()));
                    format!("{}{rule}{}\n", row(header), rows.iter().map(|cells| row(cells)).collect::<String>())
                }
                Block::Plot { name, caption, .. } => {
                    let caption = marked(caption);
                    format!("![{caption}](plots/{name}.png)\n\n{caption}\n\n")
                }
                // Markdown has no pictures of its own: what is said of each.
                #[cfg(feature = "train")]
                Block::Pictures { caption, pictures } => {
                    let said: Vec<String> = pictures.iter().map(|picture| marked(&picture.said)).collect();
                    format!("- {}: {}\n\n", marked(caption), said.join("; "))
                }
            };
        }
        out
    }
}

/// A whole HTML file with this title and body.
pub fn shell(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\">{GENERATOR}\n<title>{}</title><style>{STYLE}</style></head><body>\n{body}</body></html>\n",
        escape(title)
    )
}

pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text as Markdown that shows just that, on one line: what Markdown would take for its own is escaped.
pub fn marked(text: &str) -> String {
    let chars: Vec<char> = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect();
    let is_word = |i: Option<usize>| i.and_then(|i| chars.get(i)).is_some_and(|c| c.is_alphanumeric());
    // A list's number, or what begins a heading, a list, a quotation, a rule or a table.
    let digits = chars.iter().take_while(|c| c.is_ascii_digit()).count();
    let first = if digits > 0 && matches!(chars.get(digits), Some('.' | ')')) { digits } else { 0 };
    let mut out = String::with_capacity(text.len());
    for (i, c) in chars.iter().enumerate() {
        match c {
            '<' => out += "&lt;",
            '&' => out += "&amp;",
            '\\' | '`' | '*' | '[' | ']' | '|' => out.extend(['\\', *c]),
            '_' if !(is_word(i.checked_sub(1)) && is_word(Some(i + 1))) => out.extend(['\\', *c]),
            '#' | '>' | '-' | '+' | '=' | '~' | '.' | ')' if i == first => out.extend(['\\', *c]),
            c => out.push(*c),
        }
    }
    out
}

/// The text that Markdown made by [`marked`] shows.
pub fn unmarked(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut chars = markdown.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next) if c == '\\' && next.is_ascii_punctuation() => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out.replace("&lt;", "<").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_shows_the_text_and_nothing_else() {
        for (text, expected) in [
            ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
            ("![x](http://y) [z](w)", "!\\[x\\](http://y) \\[z\\](w)"),
            ("# no heading", "\\# no heading"),
            ("- no list", "\\- no list"),
            ("12. no list", "12\\. no list"),
            ("1 % to radius 4. Then", "1 % to radius 4. Then"),
            ("two\n\n# lines\r\nin one", "two # lines in one"),
            ("round_trip of ‖a‖_L *and* `x` a|b \\", "round_trip of ‖a‖\\_L \\*and\\* \\`x\\` a\\|b \\\\"),
            ("a & b &lt;", "a &amp; b &amp;lt;"),
        ] {
            assert_eq!(marked(text), expected);
            assert_eq!(unmarked(&marked(text)), text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }

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
        assert!(html.contains("<h1>a &lt; b</h1>") && html.contains("<td data-name=\"x|y\">&lt;1&gt;</td>"));
        assert!(html.find("command: hypprec").unwrap() < html.find("<h1>").unwrap());
        assert!(page.markdown(&provenance).contains("| x\\|y |"));
    }
}
