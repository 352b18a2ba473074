//! `hypprec list`: what there is, by name.

use super::Failure;
use crate::arithmetic::Arithmetic;
use crate::formula::{BEST, Model, Op, REGISTRY, Variant};
use crate::guard::GUARDS;
use crate::measure::ends::{self, Ends};
use crate::study::{BUILT_IN, Study};
use crate::table::{writable, write_atomic, write_rows};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// List models, operations, variants, guards, arithmetics or studies.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hypprec list ops
  hypprec list variants --json")]
pub struct List {
    #[arg(value_enum)]
    what: Option<What>,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Measure anew from where to where the own formulas hold in each arithmetic, and write that table to this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["what", "json"])]
    regenerate: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum What {
    Models,
    Ops,
    Variants,
    Guards,
    Scalars,
    Studies,
    #[cfg(feature = "train")]
    Datasets,
}

const ALL: &[What] = &[
    What::Models,
    What::Ops,
    What::Variants,
    What::Guards,
    What::Scalars,
    What::Studies,
    #[cfg(feature = "train")]
    What::Datasets,
];

impl What {
    fn name(self) -> &'static str {
        match self {
            What::Models => "models",
            What::Ops => "ops",
            What::Variants => "variants",
            What::Guards => "guards",
            What::Scalars => "scalars",
            What::Studies => "studies",
            #[cfg(feature = "train")]
            What::Datasets => "datasets",
        }
    }

    fn entries(self) -> Vec<Value> {
        match self {
            What::Models => Model::ALL.iter().map(|model| json!({"id": model.name(), "text": text(*model)})).collect(),
            What::Ops => {
                let inputs = |op: &Op| op.inputs().iter().map(|(input, _)| input.name()).collect::<Vec<_>>().join(",");
                Op::ALL.iter().map(|op| json!({"id": op.name(), "inputs": inputs(op)})).collect()
            }
            What::Variants => REGISTRY
                .iter()
                .flat_map(|v| {
                    v.models.iter().map(move |model| {
                        json!({"op": v.op.name(), "model": model.name(), "id": v.id, "formula": v.formula, "weak": v.weak, "cite": v.cite, "holds": holds(v, *model)})
                    })
                })
                .collect(),
            What::Guards => {
                let models = |models: &[Model]| models.iter().map(|m| m.name()).collect::<Vec<_>>().join(",");
                let entry = |g: &crate::guard::Guard| json!({"id": g.id, "models": models(g.models), "text": g.text, "cite": g.cite});
                GUARDS.iter().map(entry).collect()
            }
            What::Scalars => Arithmetic::ALL
                .iter()
                .map(|a| json!({"id": a.to_string(), "bits": a.bits(), "text": a.text(), "holds": holds_in(*a)}))
                .collect(),
            What::Studies => {
                let question = |text| Study::parse(text).map(|study| study.question).unwrap_or_default();
                BUILT_IN.iter().map(|(name, text)| json!({"id": name, "question": question(text)})).collect()
            }
            #[cfg(feature = "train")]
            What::Datasets => {
                let sets = crate::data::SETS.iter();
                sets.map(|set| json!({"id": set.id, "text": set.text, "licence": set.licence})).collect()
            }
        }
    }
}

/// From where to where an own variant holds in each arithmetic, its values and its derivatives; nothing of other variants.
fn holds(variant: &Variant, model: Model) -> Value {
    if variant.id != BEST {
        return json!([]);
    }
    // The ambient model has Lorentz's formulas.
    let model = if model == Model::LorentzAmbient { Model::Lorentz } else { model };
    let ends = ends::all().unwrap_or_default().into_iter();
    ends.filter(|ends| ends.op == variant.op.name() && ends.model == model.name()).map(|ends| json!(ends)).collect()
}

/// From where to where every own formula of a model that takes points holds in an arithmetic: the narrowest of [`holds`].
fn holds_in(arithmetic: Arithmetic) -> Value {
    let table = ends::all().unwrap_or_default();
    let of_model = |model: &Model| {
        let of_points = |ends: &&Ends| ends.model == model.name() && ends.op != Op::Exp0.name();
        let rows = table.iter().filter(|ends| ends.scalar == arithmetic.to_string()).filter(of_points);
        rows.cloned().reduce(|a, b| Ends {
            op: String::new(),
            to: String::new(),
            by: String::new(),
            least: a.least.max(b.least),
            most: a.most.min(b.most),
            least_c: a.least_c.max(b.least_c),
            most_c: a.most_c.min(b.most_c),
            ..a
        })
    };
    Model::ALL.iter().filter_map(of_model).map(|ends| json!(ends)).collect()
}

/// Ranges as they are read: those of values, a semicolon between arithmetics.
fn ranges(rows: &[Value]) -> String {
    let ends = rows.iter().filter_map(|row| serde_json::from_value::<Ends>(row.clone()).ok());
    let line = |ends: Ends| {
        let what = if ends.op.is_empty() { format!("{} ", ends.model) } else { format!("{} ", ends.scalar) };
        let to = if ends.to.is_empty() { String::new() } else { format!("to {} ", ends.to) };
        format!("{what}{to}{}", ends.text())
    };
    ends.filter(|ends| ends.by.is_empty()).map(line).collect::<Vec<_>>().join("; ")
}

fn text(model: Model) -> &'static str {
    match model {
        Model::Poincare => "the Poincaré ball: n coordinates, √c‖x‖ < 1",
        Model::Lorentz => "the hyperboloid: n space coordinates, time = √(1/c + ‖s‖²), in gradients too",
        Model::LorentzAmbient => "the hyperboloid: n + 1 coordinates, time first; gradients by each of them, alone",
        Model::Klein => "Klein's ball: n coordinates, √c‖x‖ < 1",
    }
}

impl List {
    pub fn run(self) -> Result<(), Failure> {
        if let Some(path) = &self.regenerate {
            return regenerate(path);
        }
        let chosen: Vec<What> = self.what.map_or(ALL.to_vec(), |what| vec![what]);
        if self.json {
            let value = match self.what {
                Some(what) => Value::Array(what.entries()),
                None => chosen.iter().map(|what| (what.name().to_owned(), Value::Array(what.entries()))).collect(),
            };
            return super::print(&format!("{}\n", serde_json::to_string_pretty(&value)?));
        }
        let mut out = String::new();
        for what in chosen {
            if self.what.is_none() {
                out += &format!("{}:\n", what.name());
            }
            out += &aligned(&what.entries());
        }
        super::print(&out)
    }
}

fn regenerate(path: &Path) -> Result<(), Failure> {
    writable(path)?;
    let table = ends::measured();
    Ok(write_atomic(path, |out| {
        writeln!(out, "# From where to where the own formulas hold, measured (hypprec list --regenerate).")?;
        write_rows(out, &table, true)
    })?)
}

fn aligned(entries: &[Value]) -> String {
    let cell = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(rows) => ranges(rows),
        other => other.to_string(),
    };
    let rows: Vec<Vec<String>> =
        entries.iter().filter_map(Value::as_object).map(|entry| entry.values().map(cell).collect()).collect();
    in_columns(&rows)
}

/// Columns, each as wide as its widest cell but the last.
pub fn in_columns(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> =
        (0..columns).map(|i| rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("  {}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}
