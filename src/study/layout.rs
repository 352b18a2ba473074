//! The groups of a study by number: each is made when it is asked for, so that a study of any size takes no memory.

use super::GroupSpec;
use super::grid::{Block, SEED_STEP, keeps, targets};
use super::{Filter, StudyError};
use crate::arithmetic::Arithmetic;
use crate::formula::{Input, Model, Op};
use crate::measure::{Case, Quantity};
use crate::oracle::{Direction, Sample};

/// Every group that a filter keeps of a study, in the order of the study. Indices are those of the whole study, so that a
/// part of it holds the same rows as the whole.
#[derive(Clone, Debug)]
pub struct Layout {
    seed: u64,
    parts: Vec<Part>,
    groups: u64,
    cells: u64,
}

/// The samples of a block: every combination of its lists, the last running fastest, each list with what a filter keeps of
/// it and how long it is without.
#[derive(Clone, Debug)]
pub(super) struct Samples {
    /// With their places in the block's lists.
    pub curvatures: Vec<(u64, f64)>,
    pub dims: Vec<(u64, usize)>,
    /// How many of each the block has.
    pub of: (u64, u64),
    pub pairs: Vec<(Direction, f64)>,
    pub radii: Vec<f64>,
    pub replicas: u64,
}

impl Samples {
    /// Of one curvature and dimension.
    fn inner(&self) -> u64 {
        self.pairs.len() as u64 * self.radii.len() as u64 * self.replicas
    }
    /// Those that the filter keeps.
    fn kept(&self) -> u64 {
        (self.curvatures.len() * self.dims.len()) as u64 * self.inner()
    }
    /// Those of the block.
    fn all(&self) -> u64 {
        self.of.0 * self.of.1 * self.inner()
    }
    /// The `i`-th that is kept: its number in the block, and all but its seed.
    fn get(&self, i: u64) -> (u64, Sample) {
        let (outer, inner) = (i / self.inner(), i % self.inner());
        let (place_c, c) = self.curvatures[(outer / self.dims.len() as u64) as usize];
        let (place_dim, dim) = self.dims[(outer % self.dims.len() as u64) as usize];
        let of_pair = inner / self.replicas;
        let (direction, separation) = self.pairs[(of_pair / self.radii.len() as u64) as usize];
        let radius = self.radii[(of_pair % self.radii.len() as u64) as usize];
        let number = (place_c * self.of.1 + place_dim) * self.inner() + inner;
        (number, Sample { c, dim, radius, separation, direction, seed: 0 })
    }
}

/// One operation of a block: the same runs of cases for each of its samples.
#[derive(Clone, Debug)]
struct Part {
    op: Op,
    gradient: Option<Input>,
    samples: Samples,
    first_sample: u64,
    first_cell: u64,
    /// Of the whole study, whatever the filter keeps.
    cells_per_sample: u64,
    runs: Vec<Run>,
    first_group: u64,
}

/// Cases that follow one another, in one model and arithmetic. Those that a filter has thinned out are runs of their own, so
/// that indices stay.
#[derive(Clone, Debug)]
struct Run {
    model: Model,
    to: Model,
    arithmetic: Arithmetic,
    /// The place of the first among the cells of a sample.
    first: u64,
    cases: Vec<Case<'static>>,
}

impl Layout {
    pub(super) fn new(seed: u64, blocks: &[Block], filter: &Filter) -> Result<Layout, StudyError> {
        let mut layout = Layout { seed, parts: Vec::new(), groups: 0, cells: 0 };
        let (mut sample, mut cell) = (0, 0);
        for (i, block) in blocks.iter().enumerate() {
            let fault = |message: String| StudyError::Block { block: i + 1, message };
            layout.add(block, filter, &mut sample, &mut cell).map_err(fault)?;
        }
        if layout.groups == 0 { Err(StudyError::Empty) } else { Ok(layout) }
    }

    fn add(&mut self, block: &Block, filter: &Filter, sample: &mut u64, cell: &mut u64) -> Result<(), String> {
        let names = block.names()?;
        block.limit(&names, *cell, *sample)?;
        let samples = block.samples(filter)?;
        for &op in &names.ops {
            let (mut runs, mut cells_per_sample) = (Vec::new(), 0);
            for &model in &names.models {
                for to in targets(op, model, &names.models) {
                    for &arithmetic in &names.scalars {
                        let cases = block.cases(op, model, arithmetic)?;
                        let first = cells_per_sample;
                        cells_per_sample += cases.len() as u64;
                        let keep = keeps(&filter.models, &model)
                            && keeps(&filter.scalars, &arithmetic)
                            && keeps(&filter.ops, &op);
                        let kept: Vec<(u64, Case)> = (first..)
                            .zip(cases)
                            .filter(|(_, case)| {
                                keep && keeps(&filter.variants, &case.variant.id.to_owned())
                                    && keeps(&filter.guards, &case.guard.id.to_owned())
                            })
                            .collect();
                        runs.extend(kept.chunk_by(|a, b| a.0 + 1 == b.0).map(|run| Run {
                            model,
                            to,
                            arithmetic,
                            first: run[0].0,
                            cases: run.iter().map(|(_, case)| *case).collect(),
                        }));
                    }
                }
            }
            let (first_sample, first_cell, first_group) = (*sample, *cell, self.groups);
            *sample += samples.all();
            *cell += samples.all() * cells_per_sample;
            let cases: u64 = runs.iter().map(|run| run.cases.len() as u64).sum();
            self.cells += samples.kept() * cases;
            self.groups += samples.kept() * runs.len() as u64;
            let gradient = names.gradient;
            let samples = samples.clone();
            self.parts.push(Part {
                op,
                gradient,
                samples,
                first_sample,
                first_cell,
                cells_per_sample,
                runs,
                first_group,
            });
        }
        Ok(())
    }

    /// How many groups there are.
    pub fn groups(&self) -> u64 {
        self.groups
    }

    /// How many cells there are.
    pub fn cells(&self) -> u64 {
        self.cells
    }

    /// The `i`-th group.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn group(&self, i: u64) -> GroupSpec {
        let at = self.parts.partition_point(|of| of.first_group <= i) - 1;
        self.parts[at].group(self.seed, i - self.parts[at].first_group)
    }

    /// The group that a cell is of, if any that is kept is.
    pub fn group_of_cell(&self, cell: u64) -> Option<GroupSpec> {
        let (mut low, mut high) = (0, self.groups);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.group(middle).first_cell <= cell { low = middle + 1 } else { high = middle }
        }
        let group = self.group(low.checked_sub(1)?);
        (cell < group.first_cell + group.cases.len() as u64).then_some(group)
    }
}

impl Part {
    fn group(&self, seed: u64, i: u64) -> GroupSpec {
        let (number, sample) = self.samples.get(i / self.runs.len() as u64);
        let run = &self.runs[(i % self.runs.len() as u64) as usize];
        let sample_index = self.first_sample + number;
        let seed = seed.wrapping_add((sample_index + 1).wrapping_mul(SEED_STEP));
        GroupSpec {
            sample: Sample { seed, ..sample },
            sample_index,
            quantity: Quantity { op: self.op, gradient: self.gradient, to: run.to },
            model: run.model,
            arithmetic: run.arithmetic,
            cases: run.cases.clone(),
            first_cell: self.first_cell + number * self.cells_per_sample + run.first,
        }
    }
}
