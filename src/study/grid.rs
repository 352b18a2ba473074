//! Studies and the groups of cells that they ask for.

use super::BUILT_IN;
use super::exhibit::{Column, Exhibit, Figure};
use super::layout::{Layout, Samples};
use crate::arithmetic::Arithmetic;
use crate::formula::{Input, Model, Op, Variant, variants};
use crate::guard::{GUARDS, Guard, NONE, Precision, guard};
use crate::measure::{Case, Quantity};
use crate::oracle::{Direction, Sample};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A question, how to read the answer, and the grid that is measured for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    pub question: String,
    #[serde(default)]
    pub analysis: String,
    /// What the cells answer, with figures in braces.
    #[serde(default)]
    pub answer: String,
    #[serde(default = "the_answer")]
    pub answer_heading: String,
    /// Every cell draws from this and its own index alone.
    pub seed: u64,
    #[serde(rename = "block")]
    pub blocks: Vec<Block>,
    /// What its page shows.
    #[serde(default, rename = "exhibit")]
    exhibits: Vec<Exhibit>,
    /// Figures that its texts name in braces.
    #[serde(default, rename = "figure")]
    pub figures: BTreeMap<String, Figure>,
}

fn the_answer() -> String {
    "The answer".to_owned()
}

/// One rectangular grid.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    ops: Vec<String>,
    gradient: Option<String>,
    #[serde(default)]
    variants: Names,
    #[serde(default = "Names::none")]
    guards: Names,
    models: Vec<String>,
    scalars: Vec<String>,
    radii: Vec<f64>,
    directions: Vec<String>,
    separations: Vec<f64>,
    dims: Vec<usize>,
    curvatures: Vec<f64>,
    #[serde(default = "one")]
    replicas: u64,
}

fn one() -> u64 {
    1
}

/// A list of names, or the word "all".
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Names {
    Word(String),
    List(Vec<String>),
}

impl Default for Names {
    fn default() -> Self {
        Names::Word("all".to_owned())
    }
}

impl Names {
    fn none() -> Self {
        Names::List(vec![NONE.id.to_owned()])
    }
    fn admits(&self, name: &str) -> bool {
        match self {
            Names::Word(word) => word == "all" || word == name,
            Names::List(list) => list.iter().any(|x| x == name),
        }
    }
}

/// A study that makes no sense, and where.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StudyError {
    #[error("{0}")]
    Toml(String),
    #[error("block {block}: {message}")]
    Block { block: usize, message: String },
    #[error("{what}: {message}")]
    Page { what: String, message: String },
    #[error("no cells are left: the filters exclude everything that the study asks for")]
    Empty,
}

/// What the command line keeps of a study; an empty list keeps everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    pub models: Vec<Model>,
    pub scalars: Vec<Arithmetic>,
    pub ops: Vec<Op>,
    pub variants: Vec<String>,
    pub guards: Vec<String>,
    pub dims: Vec<usize>,
    pub curvatures: Vec<f64>,
}

pub(super) fn keeps<T: PartialEq>(list: &[T], x: &T) -> bool {
    list.is_empty() || list.contains(x)
}

/// The cells of one sample in one model and arithmetic.
#[derive(Clone, Debug)]
pub struct GroupSpec {
    pub sample: Sample,
    /// The number of the sample within the study: the same points for every model and arithmetic.
    pub sample_index: u64,
    pub quantity: Quantity,
    pub model: Model,
    pub arithmetic: Arithmetic,
    pub cases: Vec<Case<'static>>,
    /// The index of the first case's cell.
    pub first_cell: u64,
}

/// Blocks, samples, … of one study get seeds that no other gets: splitmix64's odd multiplier.
pub(super) const SEED_STEP: u64 = 0x9E37_79B9_7F4A_7C15;
/// Most cells and most samples a study may ask for: beyond them a grid is a mistake, for a cell takes 100 µs and more.
const MOST_CELLS: u64 = 100_000_000;
const MOST_SAMPLES: u64 = 10_000_000;
/// Most operations, models or arithmetics that a block names.
const MOST_NAMES: usize = 100;
/// Most coordinates of a point: what a language model's features have, four times over.
const MOST_DIM: usize = 1 << 14;

impl Study {
    /// Reads a study.
    pub fn parse(text: &str) -> Result<Study, StudyError> {
        let one_line = |error: toml::de::Error| {
            let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
            let line = error.span().map_or(0, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
            StudyError::Toml(format!("line {line}: {message}"))
        };
        let study: Study = toml::from_str(text).map_err(one_line)?;
        study.layout(&Filter::default())?;
        study.check_page()?;
        Ok(study)
    }

    fn check_page(&self) -> Result<(), StudyError> {
        let unknown = |text: &str, each: &[Column]| {
            let is_known =
                |name: &&str| self.figures.contains_key(*name) || each.iter().any(|column| column.name() == *name);
            let name = in_braces(text).find(|name| !is_known(name));
            name.map_or(Ok(()), |name| Err(format!("{{{name}}} is neither a figure nor a column of `each`")))
        };
        let page = |what: &str, message| StudyError::Page { what: what.to_owned(), message };
        unknown(&self.answer, &[]).map_err(|message| page("answer", message))?;
        for (i, exhibit) in self.exhibits.iter().enumerate() {
            let Exhibit { name, title, caption, text, each, .. } = exhibit;
            let texts =
                || [name, title, caption].into_iter().try_for_each(|x| unknown(x, each)).and(unknown(text, &[]));
            let what = format!("exhibit {} `{name}`", i + 1);
            exhibit.check().and_then(|()| texts()).map_err(|message| page(&what, message))?;
        }
        for (name, figure) in &self.figures {
            figure.check().map_err(|message| StudyError::Page { what: format!("figure `{name}`"), message })?;
        }
        Ok(())
    }

    /// What its page shows: what the boundary study shows where it does not say.
    pub fn exhibits(&self) -> &[Exhibit] {
        static BOUNDARY: LazyLock<Vec<Exhibit>> =
            LazyLock::new(|| Study::parse(BUILT_IN[0].1).map(|study| study.exhibits).unwrap_or_default());
        if self.exhibits.is_empty() { &BOUNDARY } else { &self.exhibits }
    }

    /// Every group that the filter keeps, by number.
    pub fn layout(&self, filter: &Filter) -> Result<Layout, StudyError> {
        Layout::new(self.seed, &self.blocks, filter)
    }

    /// Every group that the filter keeps, in the order of the study. Indices are those of the whole study, so that a part of
    /// it holds the same rows as the whole.
    pub fn groups(&self, filter: &Filter) -> Result<Vec<GroupSpec>, StudyError> {
        let layout = self.layout(filter)?;
        Ok((0..layout.groups()).map(|i| layout.group(i)).collect())
    }
}

/// What a block names, read.
pub(super) struct BlockNames {
    pub ops: Vec<Op>,
    pub models: Vec<Model>,
    pub scalars: Vec<Arithmetic>,
    pub gradient: Option<Input>,
}

impl Block {
    /// Its names, once its numbers make sense.
    pub(super) fn names(&self) -> Result<BlockNames, String> {
        let ops = parsed::<Op>(&self.ops)?;
        let models = parsed::<Model>(&self.models)?;
        let scalars = parsed::<Arithmetic>(&self.scalars)?;
        let gradient = self.gradient.as_deref().map(str::parse::<Input>).transpose().map_err(|e| e.to_string())?;
        if gradient.is_some_and(|by| ops != [Op::Distance] || !matches!(by, Input::X | Input::Y)) {
            return Err("a gradient is that of the distance, by x or by y".to_owned());
        }
        self.check()?;
        Ok(BlockNames { ops, models, scalars, gradient })
    }

    fn check(&self) -> Result<(), String> {
        /// The deepest sample: its truth takes thousands of bits.
        const DEEPEST: f64 = 2000.0;
        let length = |name: &str, x: f64| match x.is_finite() && x > 0.0 && x <= DEEPEST {
            true => Ok(()),
            false => Err(format!("{name} {x} is not between 0 and {DEEPEST}")),
        };
        self.radii.iter().try_for_each(|r| length("radius", *r))?;
        self.separations.iter().try_for_each(|d| length("separation", *d))?;
        if let Some(c) = self.curvatures.iter().find(|c| !(c.is_finite() && **c > 0.0)) {
            return Err(format!("curvature {c} is not positive"));
        }
        if let Some(n) = self.dims.iter().find(|n| **n < 2) {
            return Err(format!("dimension {n} is too small for a direction and one across it"));
        }
        match self.dims.iter().find(|n| **n > MOST_DIM) {
            Some(n) => Err(format!("dimension {n} is larger than {MOST_DIM}, the most that is measured")),
            None => Ok(()),
        }
    }

    /// Whether the study stays within its limits with this block, told before anything is made of it.
    pub(super) fn limit(&self, names: &BlockNames, cells: u64, samples: u64) -> Result<(), String> {
        let BlockNames { ops, models, scalars, .. } = names;
        let names = [("ops", ops.len()), ("models", models.len()), ("scalars", scalars.len())];
        if let Some((what, n)) = names.into_iter().find(|(_, n)| *n > MOST_NAMES) {
            return Err(format!("{n} {what}, the most are {MOST_NAMES}"));
        }
        let lengths = [self.curvatures.len(), self.dims.len(), self.radii.len()];
        let apart = |name: &String| match Direction::ALL.iter().find(|d| d.to_string() == *name) {
            Some(direction) if direction.has_separation() => self.separations.len(),
            _ => 1,
        };
        let directions: usize = self.directions.iter().map(apart).sum();
        let drawn = lengths.into_iter().chain([directions]).map(|n| n as u64).chain([self.replicas]);
        // Past any limit where it is past a number.
        let drawn = drawn.fold(1u64, u64::saturating_mul);
        let of_ops = drawn.saturating_mul(ops.len() as u64).saturating_add(samples);
        if of_ops > MOST_SAMPLES {
            return Err(format!("the study asks for {of_ops} samples, the most are {MOST_SAMPLES}"));
        }
        let mut each = 0u64;
        for (op, model) in ops.iter().flat_map(|op| models.iter().map(move |model| (*op, *model))) {
            for _ in targets(op, model, models) {
                for arithmetic in scalars {
                    each += self.cases(op, model, *arithmetic)?.len() as u64;
                }
            }
        }
        let all = drawn.saturating_mul(each).saturating_add(cells);
        if all > MOST_CELLS {
            return Err(format!("the study asks for {all} cells, the most are {MOST_CELLS}"));
        }
        Ok(())
    }

    /// Its samples, and which of them the filter keeps.
    pub(super) fn samples(&self, filter: &Filter) -> Result<Samples, String> {
        let direction = |name: &String| {
            let known = || Direction::ALL.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let found = Direction::ALL.iter().copied().find(|d| d.to_string() == *name);
            found.ok_or_else(|| format!("unknown direction `{name}`; known: {}", known()))
        };
        let directions = self.directions.iter().map(direction).collect::<Result<Vec<_>, _>>()?;
        let mut pairs = Vec::new();
        for direction in directions {
            let fixed = [0.0];
            let separations: &[f64] = if direction.has_separation() { &self.separations } else { &fixed };
            for &separation in separations {
                let level = direction == Direction::Level;
                if let Some(radius) = self.radii.iter().find(|radius| level && separation > 2.0 * **radius) {
                    return Err(format!(
                        "two points at radius {radius} are never {separation} apart: no level pairs there"
                    ));
                }
                pairs.push((direction, separation));
            }
        }
        let curvatures = (0..).zip(self.curvatures.iter().copied()).filter(|(_, c)| keeps(&filter.curvatures, c));
        let dims = (0..).zip(self.dims.iter().copied()).filter(|(_, dim)| keeps(&filter.dims, dim));
        Ok(Samples {
            curvatures: curvatures.collect(),
            dims: dims.collect(),
            of: (self.curvatures.len() as u64, self.dims.len() as u64),
            pairs,
            radii: self.radii.clone(),
            replicas: self.replicas,
        })
    }

    pub(super) fn cases(&self, op: Op, model: Model, arithmetic: Arithmetic) -> Result<Vec<Case<'static>>, String> {
        let precision = Precision { bits: arithmetic.bits() };
        if let Names::List(list) = &self.guards {
            list.iter().try_for_each(|id| guard(id).map(drop)).map_err(|e| e.to_string())?;
        }
        let chosen: Vec<&'static Variant> = variants(op, model).filter(|v| self.variants.admits(v.id)).collect();
        let guards: Vec<&'static Guard> = GUARDS.iter().filter(|g| self.guards.admits(g.id)).collect();
        let pairs = chosen.iter().flat_map(|variant| guards.iter().map(|guard| Case { variant, guard }));
        Ok(pairs.filter(|case| case.guard.id == NONE.id || case.guard.concerns(model, op, precision)).collect())
    }
}

/// The models that an operation goes to.
pub(super) fn targets(op: Op, model: Model, models: &[Model]) -> Vec<Model> {
    match op.has_target() {
        true => models.iter().copied().filter(|to| *to != model).collect(),
        false => vec![model],
    }
}

/// What stands in braces in a text.
fn in_braces(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|after| after.split_once('}')).map(|(name, _)| name)
}

fn parsed<T: std::str::FromStr>(names: &[String]) -> Result<Vec<T>, String>
where
    T::Err: std::fmt::Display,
{
    names.iter().map(|name| name.parse::<T>().map_err(|e| e.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::BUILT_IN;
    use proptest::prelude::*;

    #[test]
    fn the_built_in_studies_parse_and_boundary_has_at_least_100_000_cells() {
        for (name, text) in BUILT_IN {
            let study = Study::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
            let cells: usize = study.groups(&Filter::default()).unwrap().iter().map(|g| g.cases.len()).sum();
            assert!(*name != "boundary" || cells >= 100_000, "{cells}");
        }
    }

    #[test]
    fn a_filter_keeps_the_indices_of_the_whole() {
        let study = Study::parse(BUILT_IN[0].1).unwrap();
        let all = study.groups(&Filter::default()).unwrap();
        let filter = Filter { variants: vec!["B4".into()], scalars: vec![Arithmetic::F32], ..Filter::default() };
        for group in study.groups(&filter).unwrap() {
            let index = all.partition_point(|g| g.first_cell <= group.first_cell) - 1;
            let case = all[index].cases[(group.first_cell - all[index].first_cell) as usize];
            assert_eq!((case.variant.id, all[index].arithmetic), ("B4", Arithmetic::F32));
        }
    }

    #[test]
    fn faults_are_one_line() {
        for (text, expected) in [
            ("question = 3", "line 1: "),
            ("question = \"\"\nseed = 1\nblock = 2\n", "line 3"),
            (&BUILT_IN[0].1.replace("\"f16\"", "\"f17\""), "block 1: unknown scalar `f17`"),
            (&BUILT_IN[0].1.replace("[0.1, 1, 2, 4", "[0, 1, 2, 4"), "radius 0"),
            (&BUILT_IN[0].1.replace("{klein_f32_near}", "{nothing}"), "answer: {nothing} is neither a figure"),
            (
                &BUILT_IN[0].1.replace("series = [\"separation\"]", "series = []"),
                "exhibit 4 `heat-{model}-{scalar}`: it has no series",
            ),
            (&BUILT_IN[0].1.replace("not = { separation = 1e-6 }", "not = { separation = \"a\" }"), "exhibit 3 "),
            (
                &BUILT_IN[0].1.replace("model = \"klein\"", "model = \"kline\""),
                "figure `klein_f32_far`: unknown model `kline`",
            ),
        ] {
            let error = Study::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected) && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_group_is_found_by_the_number_of_any_of_its_cells() {
        let study = Study::parse(BUILT_IN[0].1).unwrap();
        let filter = Filter { variants: vec!["B4".into(), "best".into()], dims: vec![16], ..Filter::default() };
        for filter in [filter, Filter::default()] {
            let layout = study.layout(&filter).unwrap();
            let groups = study.groups(&filter).unwrap();
            assert_eq!(layout.cells(), groups.iter().map(|group| group.cases.len() as u64).sum::<u64>());
            let mut last = None;
            for group in groups.iter().step_by(97) {
                let cell = group.first_cell + group.cases.len() as u64 - 1;
                assert!(last < Some(cell));
                let found = layout.group_of_cell(cell).unwrap();
                assert_eq!((found.first_cell, found.sample.seed), (group.first_cell, group.sample.seed));
                last = Some(cell);
            }
            assert!(layout.group_of_cell(u64::MAX).is_none());
        }
    }

    #[test]
    fn limits_are_told_before_anything_is_made() {
        for (from, to, expected) in [
            ("dims = [2, 16, 128]", "dims = [100000000]", "dimension 100000000 is larger than 16384"),
            ("dims = [2, 16, 128]", "dims = [9223372036854775807]", "dimension 9223372036854775807 is larger than"),
            ("replicas = 1\n", "replicas = 100000000\n", "samples, the most are 10000000"),
            ("replicas = 1\n", "replicas = 9223372036854775807\n", "samples, the most are 10000000"),
            ("replicas = 1\n", "replicas = 9000\n", "cells, the most are 100000000"),
        ] {
            let text = BUILT_IN[0].1.replacen(from, to, 1);
            assert_ne!(text, BUILT_IN[0].1, "{from}");
            let error = Study::parse(&text).unwrap_err().to_string();
            assert!(error.starts_with("block 1: ") && error.contains(expected), "{to}: {error}");
        }
    }

    proptest! {
        #[test]
        fn the_reader_never_panics(text in "\\PC{0,200}") {
            let _ = Study::parse(&text);
        }
    }
}
