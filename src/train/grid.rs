//! Grids of runs: a recipe some of whose fields are lists, every combination in order.

use super::recipe::{Recipe, RecipeError};
use toml::{Table, Value};

/// A study of runs.
#[derive(Clone, Debug)]
pub struct Grid<R = Recipe> {
    pub cells: Vec<Cell<R>>,
}

/// One run of a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell<R = Recipe> {
    /// Its fields that differ over the grid, as a folder name.
    pub name: String,
    pub recipe: R,
}

/// What a grid can be made of: recipes of one kind.
pub trait Parsed: PartialEq + Sized {
    /// Reads a recipe and puts the overrides (`FIELD=VALUE`) in its place.
    fn parse(text: &str, overrides: &[String]) -> Result<Self, RecipeError>;
}

impl Parsed for Recipe {
    fn parse(text: &str, overrides: &[String]) -> Result<Self, RecipeError> {
        Recipe::parse(text, overrides)
    }
}

/// The table of fields that are lists, and the tables of combinations that replace them.
const GRID: &str = "grid";

impl<R: Parsed> Grid<R> {
    /// Reads a study: the fields of a recipe, and one or more `[[grid]]` tables whose fields are lists. A combination that is
    /// no recipe (a guard that does not concern the model) is left out; a grid none of whose combinations is one is a fault.
    pub fn parse(text: &str, overrides: &[String]) -> Result<Option<Grid<R>>, RecipeError> {
        let table: Result<Table, _> = toml::from_str(text);
        let Ok(mut table) = table else { return Ok(None) };
        let Some(grids) = table.remove(GRID) else { return Ok(None) };
        let fault = |message: &str| RecipeError::Field { field: "grid", message: message.to_owned() };
        let Value::Array(grids) = grids else { return Err(fault("is written [[grid]]")) };
        let mut cells: Vec<Cell<R>> = Vec::new();
        for grid in grids {
            let Value::Table(grid) = grid else { return Err(fault("is a table of lists")) };
            let mut combinations = vec![Table::new()];
            for (field, values) in &grid {
                let Value::Array(values) = values else { return Err(fault("has lists as its fields")) };
                let with = |combination: &Table| {
                    let one = |value: &Value| {
                        let mut combination = combination.clone();
                        combination.insert(field.clone(), value.clone());
                        combination
                    };
                    values.iter().map(one).collect::<Vec<_>>()
                };
                combinations = combinations.iter().flat_map(with).collect();
            }
            let (mut found, mut last) = (0, None);
            for combination in combinations {
                let mut fields = table.clone();
                fields.extend(combination.clone());
                let text = toml::to_string(&fields).map_err(|e| fault(&e.to_string()))?;
                match R::parse(&text, overrides) {
                    Ok(recipe) => {
                        found += 1;
                        let name = name(&combination);
                        if !cells.iter().any(|cell| cell.recipe == recipe) {
                            cells.push(Cell { name, recipe });
                        }
                    }
                    Err(error) => last = Some(error),
                }
            }
            if let (0, Some(error)) = (found, last) {
                return Err(error);
            }
        }
        Ok(Some(Grid { cells }))
    }
}

fn name(combination: &Table) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let parts = combination.iter().map(|(field, value)| format!("{field}-{}", text(value)));
    parts.collect::<Vec<_>>().join("_").replace(['/', ' ', '"'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "dataset = \"sample\"\nepochs = 1\n[[grid]]\nmodel = [\"poincare\", \"klein\"]\nguard = [\"none\", \"hyptorch\"]\ndim = [2, 16]\n";

    #[test]
    fn combinations_come_in_order_and_those_that_are_no_recipe_are_left_out() {
        let grid = Grid::<Recipe>::parse(TEXT, &[]).unwrap().unwrap();
        let names: Vec<&str> = grid.cells.iter().map(|cell| cell.name.as_str()).collect();
        // hyptorch's guard is the ball's.
        assert_eq!(names.len(), 6, "{names:?}");
        assert!(names.contains(&"dim-16_guard-hyptorch_model-poincare"));
    }

    #[test]
    fn a_recipe_is_no_grid_and_a_wrong_field_is_named() {
        assert!(Grid::<Recipe>::parse("dataset = \"sample\"\n", &[]).unwrap().is_none());
        let error = Grid::<Recipe>::parse(&TEXT.replace("dim", "dims"), &[]).unwrap_err().to_string();
        assert!(error.contains("dims"), "{error}");
    }
}
