//! Which columns of a text are coordinates: told by their names and by the first row, or by the user; never guessed.

use crate::table::words::{listed, short};
use serde::Serialize;

/// The columns of a file, as they were taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Columns {
    /// Those of the coordinates, in their order. Columns without a line of names are numbered from 1.
    pub coordinates: Vec<String>,
    pub left_out: Vec<Unused>,
}

/// A column that is no coordinate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unused {
    pub name: String,
    /// How that was told.
    pub why: String,
}

impl Columns {
    /// Of an array or a text without names: all, numbered from 1.
    pub fn numbered(width: usize) -> Columns {
        Columns { coordinates: (1..=width).map(|i| i.to_string()).collect(), left_out: Vec::new() }
    }

    /// The coordinates' names in a few words.
    pub fn in_words(&self) -> String {
        in_words(&self.coordinates)
    }
}

/// Names, or the first and the last of many.
fn in_words(names: &[String]) -> String {
    const FEW: usize = 4;
    match names {
        [first, .., last] if names.len() > FEW => format!("{} … {}", short(first), short(last)),
        few => listed(few),
    }
}

/// Which cells of a line are what.
pub(super) struct Layout {
    /// Of the coordinates.
    pub cells: Vec<usize>,
    pub c: Option<usize>,
    /// Columns that were left out because the first row holds text there: so must all others.
    pub texts: Vec<usize>,
    /// The names of all.
    pub names: Vec<String>,
    pub columns: Columns,
}

/// Words of which one in a column's name says that it is no coordinate. Time is one where the model's points have it.
const NO_COORDINATES: &[&str] = &[
    "batch",
    "category",
    "class",
    "classes",
    "cluster",
    "clusters",
    "color",
    "colour",
    "community",
    "count",
    "curvature",
    "date",
    "degree",
    "depth",
    "entity",
    "epoch",
    "fold",
    "freq",
    "frequency",
    "group",
    "id",
    "ids",
    "idx",
    "index",
    "item",
    "key",
    "kind",
    "label",
    "labels",
    "level",
    "name",
    "node",
    "nodes",
    "norm",
    "parent",
    "prob",
    "radius",
    "rank",
    "row",
    "score",
    "seed",
    "size",
    "species",
    "split",
    "step",
    "target",
    "targets",
    "tau",
    "temperature",
    "text",
    "time",
    "timestamp",
    "title",
    "token",
    "type",
    "unnamed",
    "user",
    "uuid",
    "vertex",
    "weight",
    "weights",
    "word",
    "year",
];
/// Names of a time column.
const TIME: &[&str] = &["t", "time"];
/// The coordinates of points in two or three dimensions.
const AXES: [&str; 3] = ["x", "y", "z"];

/// Whether a name says that its column is no coordinate.
fn is_no_coordinate(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).any(|word| NO_COORDINATES.contains(&word))
}

fn is_time(name: &str) -> bool {
    TIME.contains(&name.to_lowercase().as_str())
}

/// A name that ends in a number, in two parts: `dim_3`, `x3`, `emb[3]`, `3`.
fn numbered(name: &str) -> Option<(&str, u64)> {
    let name = name.trim_end_matches([']', ')']);
    let prefix = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = name[prefix.len()..].parse().ok()?;
    Some((prefix.trim_end_matches([' ', '_', '-', '.', '[', '(', ':']), number))
}

/// Columns of one prefix that are numbered on, in the file's order.
struct Family<'a> {
    prefix: &'a str,
    members: Vec<usize>,
}

fn families(names: &[String]) -> Vec<Family<'_>> {
    let mut found: Vec<Family> = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let Some((prefix, _)) = numbered(name).filter(|(prefix, _)| !is_no_coordinate(prefix)) else { continue };
        match found.iter_mut().find(|family| family.prefix == prefix) {
            Some(family) => family.members.push(i),
            None => found.push(Family { prefix, members: vec![i] }),
        }
    }
    found.retain(|family| family.members.len() > 1);
    found
}

/// Whether the first line of a text names the columns.
///
/// # Errors
/// If its numbers could be names as well as coordinates.
pub(super) fn is_header(first: &csv::StringRecord, is_number: impl Fn(&str) -> bool) -> Result<bool, String> {
    let filled: Vec<&str> = first.iter().filter(|cell| !cell.is_empty()).collect();
    let numbers: Vec<&str> = filled.iter().copied().filter(|cell| is_number(cell)).collect();
    let counts_from = |start: usize| numbers.iter().enumerate().all(|(i, cell)| *cell == (start + i).to_string());
    if numbers.len() == filled.len() {
        // A column without a name beside them is an index.
        return Ok(numbers.len() > 1 && (counts_from(0) || (filled.len() < first.len() && counts_from(1))));
    }
    if counts_from(0) || counts_from(1) {
        return Ok(true);
    }
    let whole: Vec<Option<u64>> = numbers.iter().map(|cell| cell.parse().ok()).collect();
    match whole.iter().all(Option::is_some) && whole.is_sorted_by(|a, b| a < b) {
        true => Err("its numbers could be names or coordinates: name every column, or none".to_owned()),
        false => Ok(false),
    }
}

/// The columns that are asked for: by name, or `FIRST..LAST` for a stretch of them.
pub(super) fn chosen(asked: &[String], names: &[String]) -> Result<Vec<usize>, String> {
    let position = |name: &str| {
        let mut of = names.iter().enumerate().filter(|(_, known)| *known == name).map(|(i, _)| i);
        match (of.next(), of.next()) {
            (Some(_), Some(_)) => Err(format!("column `{}` appears twice", short(name))),
            (found, _) => Ok(found),
        }
    };
    let mut found = Vec::new();
    for name in asked.iter().map(|name| name.trim()) {
        let missing = || format!("no column `{}`; there are: {}", short(name), listed(names));
        if let Some(i) = position(name)? {
            found.push(i);
            continue;
        }
        let (first, last) = name.split_once("..").ok_or_else(missing)?;
        match (position(first)?, position(last)?) {
            (Some(first), Some(last)) if first <= last => found.extend(first..=last),
            _ => return Err(missing()),
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    match found.iter().find(|i| !seen.insert(**i)) {
        Some(twice) => Err(format!("column `{}` is asked for twice", short(&names[*twice]))),
        None if found.is_empty() => Err("no column is asked for".to_owned()),
        None => Ok(found),
    }
}

impl Layout {
    /// From the line of names, where there is one, and the first row. `time` says whether points of the model have it.
    pub fn new(
        header: Option<&csv::StringRecord>,
        row: &csv::StringRecord,
        asked: &[String],
        time: bool,
        is_number: impl Fn(&str) -> bool,
    ) -> Result<Layout, String> {
        let names: Vec<String> = match header {
            Some(header) => header.iter().map(str::to_owned).collect(),
            None => (1..=row.len()).map(|i| i.to_string()).collect(),
        };
        let column = |name: &str| {
            let mut of = names.iter().enumerate().filter(|(_, known)| *known == name).map(|(i, _)| i);
            match (of.next(), of.next()) {
                (_, Some(_)) => Err(format!("column `{name}` appears twice")),
                (found, None) => Ok(found),
            }
        };
        let c = if header.is_some() { column("c")? } else { None };
        let is_text = |i: usize| row.get(i).is_some_and(|cell| !cell.is_empty() && !is_number(cell));
        let one_number = |i: usize| row.get(i).is_some_and(|cell| cell.split_whitespace().count() == 1);
        let mut why: Vec<Option<String>> = vec![None; names.len()];
        let leave = |why: &mut Vec<Option<String>>, reason: &str, keep: &dyn Fn(usize) -> bool| {
            (0..names.len()).filter(|i| !keep(*i)).for_each(|i| _ = why[i].get_or_insert_with(|| reason.to_owned()));
        };
        if let Some(c) = c {
            why[c] = Some("the curvature".to_owned());
        }
        let mut texts = Vec::new();
        let mut cells: Option<Vec<usize>> = None;
        if !asked.is_empty() {
            cells = Some(chosen(asked, &names)?);
            leave(&mut why, "not asked for", &|i| cells.as_ref().is_some_and(|cells| cells.contains(&i)));
        } else if header.is_some() {
            leave(&mut why, "it has no name", &|i| !names[i].is_empty());
            let families = families(&names);
            let timely = |i: usize| time && is_time(&names[i]);
            match (column("x")?, column("y")?) {
                (Some(x), Some(y)) if one_number(x) && one_number(y) => {
                    let axes = |i: usize| AXES.contains(&names[i].as_str()) || timely(i);
                    leave(&mut why, "not one of x, y, z", &axes);
                    column("z")?;
                }
                (Some(_), Some(_)) => {
                    let what =
                        "columns `x` and `y` hold whole points: to scan pairs, keep one of them, or say --columns x";
                    return Err(what.to_owned());
                }
                (Some(x), None) => leave(&mut why, "`x` holds the points", &|i| i == x),
                (None, _) if families.len() == 1 => {
                    let members = &families[0].members;
                    let of: Vec<String> = members.iter().map(|i| names[*i].clone()).collect();
                    leave(&mut why, &format!("not one of {}", in_words(&of)), &|i| members.contains(&i) || timely(i));
                }
                (None, _) if families.len() > 1 => {
                    let first = |family: &Family| names[family.members[0]].clone();
                    let of: Vec<String> = families.iter().map(first).collect();
                    return Err(format!(
                        "columns are numbered on from each of {}: say which with --columns",
                        listed(&of)
                    ));
                }
                (None, _) => {
                    leave(&mut why, "time, by its name", &|i| timely(i) || !is_time(&names[i]));
                    leave(&mut why, "named as no coordinate is", &|i| !is_no_coordinate(&names[i]) || timely(i));
                    texts = (0..names.len()).filter(|i| why[*i].is_none() && is_text(*i)).collect();
                }
            }
        } else {
            texts = (0..names.len()).filter(|i| is_text(*i)).collect();
        }
        leave(&mut why, "it holds text", &|i| !texts.contains(&i));
        let cells = cells.unwrap_or_else(|| (0..names.len()).filter(|i| why[*i].is_none()).collect());
        if cells.is_empty() {
            return Err("no column of coordinates".to_owned());
        }
        let mut seen = std::collections::BTreeSet::new();
        if let Some(twice) = cells.iter().find(|i| !seen.insert(&names[**i])) {
            return Err(format!("column `{}` appears twice", short(&names[*twice])));
        }
        let left_out = names.iter().zip(why).enumerate().filter_map(|(i, (name, why))| {
            let name = if name.is_empty() { (i + 1).to_string() } else { name.clone() };
            Some(Unused { name, why: why? })
        });
        let columns =
            Columns { coordinates: cells.iter().map(|i| names[*i].clone()).collect(), left_out: left_out.collect() };
        Ok(Layout { cells, c, texts, names, columns })
    }
}
