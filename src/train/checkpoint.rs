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

/// What is kept of a parameter: its values and Adam's moments.
const KINDS: [&str; 3] = ["", ".first", ".second"];
/// The entry of the file's metadata that holds the state of the run.
const STATE: &str = "hypprec";
/// The layout below, so that a later program knows an earlier file.
const FORMAT: &str = "hypprec-checkpoint-1";

impl Checkpoint {
    pub fn write(&self, path: &Path) -> Result<(), CheckpointError> {
        let mut bytes: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
        for parameter in &self.parameters {
            let kept = [&parameter.values, &parameter.first, &parameter.second];
            for (kind, numbers) in KINDS.iter().zip(kept) {
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
        let file = std::fs::read(path).map_err(|source| CheckpointError::Io { path: path.to_owned(), source })?;
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
        let mut parameters = Vec::new();
        for name in NAMES {
            let (shape, values) = numbers(name)?;
            let (_, first) = numbers(&format!("{name}{}", KINDS[1]))?;
            let (_, second) = numbers(&format!("{name}{}", KINDS[2]))?;
            parameters.push(Parameter { name, shape, values, first, second, learns: true });
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

    /// Puts the arrays into the parameters of a network, which must be of the same shapes.
    pub fn restore(self, path: &Path, into: &mut [Parameter]) -> Result<(), CheckpointError> {
        for (kept, parameter) in self.parameters.into_iter().zip(into) {
            let same = kept.shape == parameter.shape && kept.values.dtype() == parameter.values.dtype();
            if !same {
                let what = format!("`{}` is {:?}, the recipe's is {:?}", kept.name, kept.shape, parameter.shape);
                return Err(CheckpointError::Fault { path: path.to_owned(), what });
            }
            *parameter = Parameter { learns: parameter.learns, ..kept };
        }
        Ok(())
    }
}

/// The parameters, in the network's order.
const NAMES: [&str; 11] = [
    "conv1.weight",
    "conv1.bias",
    "conv2.weight",
    "conv2.bias",
    "fc1.weight",
    "fc1.bias",
    "fc2.weight",
    "fc2.bias",
    "head.base",
    "head.normal",
    "head.log_c",
];

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("chunks of that many bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        let parameter = |name| Parameter::new(name, &[2], Numbers::F32(vec![0.1, f32::MIN_POSITIVE]));
        Checkpoint {
            recipe: "epochs = 1\n".into(),
            epoch: 3,
            step: 1 << 40,
            best_loss: f64::INFINITY,
            stale: 0,
            classes: 10,
            parameters: NAMES.map(parameter).to_vec(),
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
