//! Embeddings of a set, written for other programs: CSV by column name, and npy.

use super::network::Network;
use super::run::{Evaluated, Features, evaluate};
use crate::arithmetic::number::print;
use crate::data::Images;
use crate::table::{TableError, write_atomic};
use burn_tensor::Device;
use std::path::Path;

/// Points of a model and what belongs to them.
pub struct Embedding {
    pub c: f64,
    pub labels: Vec<u16>,
    /// `[n][dim]`, exactly as the head's arithmetic holds them.
    pub points: Vec<Vec<f64>>,
    /// Distances to the origin.
    pub radii: Vec<f64>,
    /// Largest softmax probabilities.
    pub confidence: Vec<f64>,
    pub predicted: Vec<u16>,
    /// Each class's hyperplane as a point of the model and a normal as it was at the origin; none for the baseline.
    pub planes: Vec<(Vec<f64>, Vec<f64>)>,
}

/// The embeddings of a set by a network.
pub fn embeddings(network: &Network, images: &Images, device: &Device) -> Embedding {
    let Evaluated { points, radii, logits, .. } = evaluate(network, &Features::Images(images), device, false);
    let best = |row: &Vec<f64>| {
        let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = row.iter().map(|x| pxfm::f_exp(x - most)).sum();
        (row.iter().position(|x| *x == most).unwrap_or(0) as u16, 1.0 / sum)
    };
    let (predicted, confidence) = logits.iter().map(best).unzip();
    let (c, labels) = (network.c(), images.labels.clone());
    Embedding { c, labels, points, radii, confidence, predicted, planes: planes(network) }
}

fn planes(network: &Network) -> Vec<(Vec<f64>, Vec<f64>)> {
    let Some(formulas) = network.head.formulas else { return Vec::new() };
    let (base, normal) = network.planes();
    let space = formulas.space(network.c());
    let plane = |(p, a): (Vec<f64>, Vec<f64>)| (formulas.hyperplane(&space, p.as_slice(), &a).0, a);
    base.into_iter().zip(normal).map(plane).collect()
}

/// Columns c, x (numbers separated by spaces), label, predicted, d0 and confidence.
pub fn write_csv(path: &Path, embedding: &Embedding) -> Result<(), TableError> {
    write_atomic(path, |out| {
        writeln!(out, "c,x,label,predicted,d0,confidence")?;
        for i in 0..embedding.points.len() {
            let x: Vec<String> = embedding.points[i].iter().map(print).collect();
            let (label, predicted) = (embedding.labels[i], embedding.predicted[i]);
            let (d0, confidence) = (print(&embedding.radii[i]), print(&embedding.confidence[i]));
            writeln!(out, "{},{},{label},{predicted},{d0},{confidence}", print(&embedding.c), x.join(" "))?;
        }
        Ok(())
    })
}

/// `[n, dim]` numbers of f64, row by row, as NumPy's npy.
pub fn write_npy(path: &Path, rows: &[Vec<f64>]) -> Result<(), TableError> {
    use npyz::WriterBuilder;
    let shape = [rows.len() as u64, rows.first().map_or(0, Vec::len) as u64];
    write_atomic(path, |out| {
        let mut npy = npyz::WriteOptions::new().default_dtype().shape(&shape).writer(out).begin_nd()?;
        npy.extend(rows.iter().flatten())?;
        npy.finish()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_npy_file_says_its_shape_and_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        write_npy(&path, &[vec![1.0, 2.0], vec![3.0, 4.0], vec![5.0, 6.5]]).unwrap();
        let npy = npyz::NpyFile::new(std::fs::File::open(&path).unwrap()).unwrap();
        assert_eq!(npy.shape(), [3, 2]);
        assert_eq!(npy.into_vec::<f64>().unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.5]);
    }
}
