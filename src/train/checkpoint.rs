//! Checkpoints: every parameter with its moments, the recipe and the place in the run, in one safetensors file that is there
//! whole or not at all.

use super::optimiser::{Numbers, Parameter};
use crate::table::write_atomic;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A run as it was after a whole number of epochs.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The recipe, as TOML.
    pub recipe: String,
    /// Epochs done.
    pub epoch: u32,
    /// Steps done.
    pub step: u64,
    /// Best test loss so far and the epochs since, for early stopping.
    pub best_loss: f64,
    pub stale: u32,
    pub classes: usize,
    pub parameters: Vec<Parameter>,
}

/// A checkpoint that cannot be written, read or used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{}: {what}", path.display())]
    Fault { path: PathBuf, what: String },
    #[error(transparent)]
    Table(#[from] crate::table::TableError),
}

/// What a network calls for each of its parameters.
pub type Visitor<'a> = &'a mut dyn FnMut(&mut Parameter);

/// What is kept of a parameter: its values and Adam's moments.
const KINDS: [&str; 3] = ["", ".first", ".second"];
/// The entry of the file's metadata that holds the state of the run.
const STATE: &str = "hypprec";
/// The most bytes of a checkpoint; those of this network have 5 MB.
const MOST_BYTES: u64 = 1 << 30;
/// The layout below, so that a later program knows an earlier file.
const FORMAT: &str = "hypprec-checkpoint-1";

impl Checkpoint {
    pub fn write(&self, path: &Path) -> Result<(), CheckpointError> {
        let mut bytes: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
        for parameter in &self.parameters {
            let kept = [&parameter.values, &parameter.first, &parameter.second];
            for (kind, numbers) in KINDS.iter().zip(kept).filter(|(_, numbers)| !numbers.is_empty()) {
                let (dtype, raw) = match numbers {
                    Numbers::F32(x) => (Dtype::F32, x.iter().flat_map(|x| x.to_le_bytes()).collect()),
                    Numbers::F64(x) => (Dtype::F64, x.iter().flat_map(|x| x.to_le_bytes()).collect()),
                };
                bytes.push((format!("{}{kind}", parameter.name), dtype, parameter.shape.clone(), raw));
            }
        }
        let fault = |what: String| CheckpointError::Fault { path: path.to_owned(), what };
        let views = bytes.iter().map(|(name, dtype, shape, raw)| {
            TensorView::new(*dtype, shape.clone(), raw).map(|view| (name.clone(), view))
        });
        let views = views.collect::<Result<Vec<_>, _>>().map_err(|e| fault(e.to_string()))?;
        let metadata = HashMap::from([(STATE.to_owned(), self.state())]);
        let file = serialize(views, Some(metadata)).map_err(|e| fault(e.to_string()))?;
        Ok(write_atomic(path, |out| out.write_all(&file))?)
    }

    /// Everything but the arrays, in one string: a map of several entries would have no fixed order.
    fn state(&self) -> String {
        let state = serde_json::json!({
            "format": FORMAT, "version": env!("CARGO_PKG_VERSION"), "epoch": self.epoch, "step": self.step,
            // JSON has no infinity: the bits.
            "best_loss": self.best_loss.to_bits(), "stale": self.stale, "classes": self.classes, "recipe": self.recipe,
        });
        state.to_string()
    }

    pub fn read(path: &Path) -> Result<Checkpoint, CheckpointError> {
        let fault = |what: String| CheckpointError::Fault { path: path.to_owned(), what };
        let read = || crate::table::read_bytes(std::fs::File::open(path)?, MOST_BYTES);
        let file = read().map_err(|source| CheckpointError::Io { path: path.to_owned(), source })?;
        let bad = |e: safetensors::SafeTensorError| fault(format!("truncated or corrupt: {e}"));
        let (_, header) = SafeTensors::read_metadata(&file).map_err(bad)?;
        let tensors = SafeTensors::deserialize(&file).map_err(bad)?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let state: Option<serde_json::Value> = metadata.get(STATE).and_then(|text| serde_json::from_str(text).ok());
        let state = state.filter(|state| state["format"] == FORMAT);
        let state = state.ok_or_else(|| fault("not a checkpoint of this program".to_owned()))?;
        let number = |name: &str| state[name].as_u64().ok_or_else(|| fault(format!("no `{name}` in its state")));
        let recipe = state["recipe"].as_str().ok_or_else(|| fault("no recipe in it".to_owned()))?.to_owned();
        let numbers = |name: &str| -> Result<(Vec<usize>, Numbers), CheckpointError> {
            let view = tensors.tensor(name).map_err(bad)?;
            let raw = view.data();
            let numbers = match view.dtype() {
                Dtype::F32 => Numbers::F32(raw.chunks_exact(4).map(|b| f32::from_le_bytes(array(b))).collect()),
                Dtype::F64 => Numbers::F64(raw.chunks_exact(8).map(|b| f64::from_le_bytes(array(b))).collect()),
                other => return Err(fault(format!("`{name}` holds {other:?}"))),
            };
            Ok((view.shape().to_vec(), numbers))
        };
        let is_moment = |name: &str| KINDS[1..].iter().any(|kind| name.ends_with(kind));
        let mut names: Vec<String> =
            tensors.names().into_iter().filter(|name| !is_moment(name)).map(Into::into).collect();
        names.sort();
        let mut parameters = Vec::new();
        for name in &names {
            let (shape, values) = numbers(name)?;
            let moments = KINDS[1..].iter().map(|kind| match tensors.tensor(&format!("{name}{kind}")) {
                Ok(_) => Ok(numbers(&format!("{name}{kind}"))?.1),
                // A running statistic has none.
                Err(_) => Ok(Parameter::new(name, &[0], values.clone()).buffer().first),
            });
            let moments = moments.collect::<Result<Vec<_>, CheckpointError>>()?;
            let [first, second]: [Numbers; 2] = moments.try_into().expect("two moments");
            parameters.push(Parameter { name: name.clone(), shape, values, first, second, learns: true });
        }
        Ok(Checkpoint {
            recipe,
            epoch: number("epoch")? as u32,
            step: number("step")?,
            best_loss: f64::from_bits(number("best_loss")?),
            stale: number("stale")? as u32,
            classes: number("classes")? as usize,
            parameters,
        })
    }

    /// Puts the arrays into the parameters that `visit` goes through, which must have the same names and shapes.
    pub fn restore(self, path: &Path, visit: &mut dyn FnMut(Visitor)) -> Result<(), CheckpointError> {
        let mut kept: HashMap<String, Parameter> = self.parameters.into_iter().map(|p| (p.name.clone(), p)).collect();
        let mut faults = Vec::new();
        visit(&mut |parameter| match kept.remove(&parameter.name) {
            Some(kept) if kept.shape == parameter.shape && kept.values.dtype() == parameter.values.dtype() => {
                *parameter = Parameter { learns: parameter.learns, ..kept };
            }
            Some(kept) => {
                faults.push(format!("`{}` is {:?}, the recipe's is {:?}", kept.name, kept.shape, parameter.shape));
            }
            None => faults.push(format!("no `{}` in it", parameter.name)),
        });
        faults.extend(kept.into_keys().min().map(|name| format!("the recipe's network has no `{name}`")));
        match faults.into_iter().next() {
            None => Ok(()),
            Some(what) => Err(CheckpointError::Fault { path: path.to_owned(), what }),
        }
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("chunks of that many bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        let parameter = |name| Parameter::new(name, &[2], Numbers::F32(vec![0.1, f32::MIN_POSITIVE]));
        let mut statistic = parameter("norm.mean").buffer();
        statistic.learns = true;
        Checkpoint {
            recipe: "epochs = 1\n".into(),
            epoch: 3,
            step: 1 << 40,
            best_loss: f64::INFINITY,
            stale: 0,
            classes: 10,
            parameters: vec![parameter("conv.weight"), parameter("fc.bias"), statistic],
        }
    }

    #[test]
    fn a_checkpoint_reads_back_and_its_bytes_are_always_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        checkpoint().write(&a).unwrap();
        checkpoint().write(&b).unwrap();
        assert_eq!(Checkpoint::read(&a).unwrap(), checkpoint());
        assert_eq!(std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
    }

    #[test]
    fn what_does_not_fit_the_network_is_named() {
        let path = Path::new("c.safetensors");
        let restored = |mut into: Vec<Parameter>| {
            let error = checkpoint().restore(path, &mut |f| into.iter_mut().for_each(&mut *f)).err();
            error.map(|e| e.to_string())
        };
        assert_eq!(restored(checkpoint().parameters), None);
        let mut other = checkpoint().parameters;
        other[1].shape = vec![1, 2];
        assert!(restored(other).unwrap().contains("`fc.bias` is [2], the recipe's is [1, 2]"));
        let mut more = checkpoint().parameters;
        more.push(Parameter::new("fc.weight", &[2], Numbers::F32(vec![0.0; 2])));
        assert!(restored(more).unwrap().contains("no `fc.weight` in it"));
        assert!(restored(checkpoint().parameters[..2].to_vec()).unwrap().contains("has no `norm.mean`"));
    }

    #[test]
    fn a_damaged_checkpoint_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.safetensors");
        checkpoint().write(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for end in [0, 7, 100, whole.len() - 1] {
            std::fs::write(&path, &whole[..end]).unwrap();
            let error = Checkpoint::read(&path).unwrap_err().to_string();
            assert!(error.contains("c.safetensors: "), "{error}");
        }
        assert!(Checkpoint::read(&folder.path().join("none")).is_err());
    }
}
