//! `hypprec list`: what there is, by name.

use super::Failure;
use crate::arithmetic::Arithmetic;
use crate::formula::{Model, Op, REGISTRY};
use crate::guard::GUARDS;
use crate::study::{BUILT_IN, Study};
use serde_json::{Value, json};

/// List models, operations, variants, guards, arithmetics or studies.
#[derive(clap::Args)]
pub struct List {
    #[arg(value_enum)]
    what: Option<What>,
    /// As JSON
    #[arg(long)]
    json: bool,
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
                        json!({"op": v.op.name(), "model": model.name(), "id": v.id, "formula": v.formula, "weak": v.weak, "cite": v.cite})
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
                .map(|a| json!({"id": a.to_string(), "bits": a.bits(), "text": a.text()}))
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

fn text(model: Model) -> &'static str {
    match model {
        Model::Poincare => "the Poincaré ball: n coordinates, √c‖x‖ < 1",
        Model::Lorentz => "the hyperboloid: n space coordinates, time = √(1/c + ‖s‖²)",
        Model::LorentzAmbient => "the hyperboloid: n + 1 coordinates, time first",
        Model::Klein => "Klein's ball: n coordinates, √c‖x‖ < 1",
    }
}

impl List {
    pub fn run(self) -> Result<(), Failure> {
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

fn aligned(entries: &[Value]) -> String {
    let cell = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
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
