//! Studies and the groups of cells that they ask for.

use super::BUILT_IN;
use super::exhibit::{Column, Exhibit, Figure};
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

fn keeps<T: PartialEq>(list: &[T], x: &T) -> bool {
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
    pub cases: Vec<Case>,
    /// The index of the first case's cell.
    pub first_cell: u64,
}

/// Blocks, samples, … of one study get seeds that no other gets: splitmix64's odd multiplier.
const SEED_STEP: u64 = 0x9E37_79B9_7F4A_7C15;
/// Most cells a study may ask for: beyond it a grid is a mistake.
const MOST_CELLS: u64 = 100_000_000;

impl Study {
    /// Reads a study.
    pub fn parse(text: &str) -> Result<Study, StudyError> {
        let one_line = |error: toml::de::Error| {
            let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
            let line = error.span().map_or(0, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
            StudyError::Toml(format!("line {line}: {message}"))
        };
        let study: Study = toml::from_str(text).map_err(one_line)?;
        study.groups(&Filter::default())?;
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

    /// Every group that the filter keeps, in the order of the study. Indices are those of the whole study, so that a part of
    /// it holds the same rows as the whole.
    pub fn groups(&self, filter: &Filter) -> Result<Vec<GroupSpec>, StudyError> {
        let (mut groups, mut cell, mut sample) = (Vec::new(), 0, 0);
        for (i, block) in self.blocks.iter().enumerate() {
            let fault = |message: String| StudyError::Block { block: i + 1, message };
            block.expand(self.seed, filter, &mut groups, &mut cell, &mut sample).map_err(fault)?;
        }
        if groups.is_empty() { Err(StudyError::Empty) } else { Ok(groups) }
    }
}

impl Block {
    fn expand(
        &self,
        seed: u64,
        filter: &Filter,
        groups: &mut Vec<GroupSpec>,
        cell: &mut u64,
        sample_index: &mut u64,
    ) -> Result<(), String> {
        let ops = parsed::<Op>(&self.ops)?;
        let models = parsed::<Model>(&self.models)?;
        let scalars = parsed::<Arithmetic>(&self.scalars)?;
        let gradient = self.gradient.as_deref().map(str::parse::<Input>).transpose().map_err(|e| e.to_string())?;
        if gradient.is_some_and(|by| ops != [Op::Distance] || !matches!(by, Input::X | Input::Y)) {
            return Err("a gradient is that of the distance, by x or by y".to_owned());
        }
        self.check()?;
        for op in ops {
            for sample in self.samples(seed, sample_index)? {
                for &model in &models {
                    let targets: Vec<Model> = match op {
                        op if op.has_target() => models.iter().copied().filter(|to| *to != model).collect(),
                        _ => vec![model],
                    };
                    for to in targets {
                        for &arithmetic in &scalars {
                            let cases = self.cases(op, model, arithmetic)?;
                            let first_cell = *cell;
                            *cell += cases.len() as u64;
                            if *cell > MOST_CELLS {
                                return Err(format!("the study asks for more than {MOST_CELLS} cells"));
                            }
                            let kept: Vec<(u64, Case)> = (first_cell..)
                                .zip(cases)
                                .filter(|(_, case)| {
                                    keeps(&filter.variants, &case.variant.id.to_owned())
                                        && keeps(&filter.guards, &case.guard.id.to_owned())
                                })
                                .collect();
                            let keep = keeps(&filter.models, &model)
                                && keeps(&filter.scalars, &arithmetic)
                                && keeps(&filter.ops, &op)
                                && keeps(&filter.dims, &sample.1.dim)
                                && keeps(&filter.curvatures, &sample.1.c);
                            if !keep {
                                continue;
                            }
                            // Cases that a filter has thinned out are groups of their own, so that indices stay.
                            for run in kept.chunk_by(|a, b| a.0 + 1 == b.0) {
                                groups.push(GroupSpec {
                                    sample: sample.1,
                                    sample_index: sample.0,
                                    quantity: Quantity { op, gradient, to },
                                    model,
                                    arithmetic,
                                    cases: run.iter().map(|(_, case)| *case).collect(),
                                    first_cell: run[0].0,
                                });
                            }
                        }
                    }
                }
            }
        }
        Ok(())
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
        Ok(())
    }

    fn samples(&self, seed: u64, next: &mut u64) -> Result<Vec<(u64, Sample)>, String> {
        let direction = |name: &String| {
            let known = || Direction::ALL.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let found = Direction::ALL.iter().copied().find(|d| d.to_string() == *name);
            found.ok_or_else(|| format!("unknown direction `{name}`; known: {}", known()))
        };
        let directions = self.directions.iter().map(direction).collect::<Result<Vec<_>, _>>()?;
        let mut samples = Vec::new();
        for &c in &self.curvatures {
            for &dim in &self.dims {
                for &direction in &directions {
                    let fixed = [0.0];
                    let separations: &[f64] = if direction.has_separation() { &self.separations } else { &fixed };
                    for &separation in separations {
                        for &radius in &self.radii {
                            if direction == Direction::Level && separation > 2.0 * radius {
                                return Err(format!(
                                    "two points at radius {radius} are never {separation} apart: no level pairs there"
                                ));
                            }
                            for _ in 0..self.replicas {
                                let seed = seed.wrapping_add((*next + 1).wrapping_mul(SEED_STEP));
                                samples.push((*next, Sample { c, dim, radius, separation, direction, seed }));
                                *next += 1;
                            }
                        }
                    }
                }
            }
        }
        Ok(samples)
    }

    fn cases(&self, op: Op, model: Model, arithmetic: Arithmetic) -> Result<Vec<Case>, String> {
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

    proptest! {
        #[test]
        fn the_reader_never_panics(text in "\\PC{0,200}") {
            let _ = Study::parse(&text);
        }
    }
}
