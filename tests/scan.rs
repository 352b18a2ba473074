//! `hypprec scan` against arrays made here: what it counts, whose clips it names, and every figure by a slow second way.

use half::f16;
use hypprec::arithmetic::Arithmetic;
use hypprec::formula::Model;
use hypprec::study::Progress;
use hypprec::table::{Embedding, Reading};
use hypprec::verdict::scan::{Question, Scan, scan};
use npyz::WriterBuilder;
use rug::Float;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Silent;
impl Progress for Silent {
    fn finished(&self, _: u64) {}
}

/// A small generator of its own: the point is that nothing here comes from the code under test.
struct Draws(u64);
impl Draws {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
    /// A direction, not quite even over the sphere.
    fn direction(&mut self, dim: usize) -> Vec<f64> {
        let v: Vec<f64> = (0..dim).map(|_| self.uniform() - 0.5).collect();
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        v.iter().map(|x| x / norm).collect()
    }
}

/// n points at depths up to `deepest` (in units of 1/√c).
fn points(n: usize, dim: usize, model: Model, c: f64, deepest: f64) -> Vec<Vec<f64>> {
    let mut draws = Draws(7);
    let one = |_| {
        let rho = deepest * draws.uniform();
        let norm = match model {
            Model::Poincare => (rho / 2.0).tanh(),
            Model::Klein => rho.tanh(),
            _ => rho.sinh(),
        } / c.sqrt();
        let s: Vec<f64> = draws.direction(dim).iter().map(|x| x * norm).collect();
        match model {
            Model::LorentzAmbient => {
                let time = (1.0 / c + s.iter().map(|x| x * x).sum::<f64>()).sqrt();
                std::iter::once(time).chain(s).collect()
            }
            _ => s,
        }
    };
    (0..n).map(one).collect()
}

fn npy<T: npyz::AutoSerialize + Copy>(
    shape: &[u64],
    values: impl IntoIterator<Item = T>,
    order: npyz::Order,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = npyz::WriteOptions::<T>::new().default_dtype().order(order).shape(shape).writer(&mut bytes);
    let mut writer = options.begin_nd().unwrap();
    writer.extend(values).unwrap();
    writer.finish().unwrap();
    bytes
}

fn f64s(rows: &[Vec<f64>]) -> Vec<u8> {
    npy(&[rows.len() as u64, rows[0].len() as u64], rows.iter().flatten().copied(), npyz::Order::C)
}

fn f32s(rows: &[Vec<f32>]) -> Vec<u8> {
    npy(&[rows.len() as u64, rows[0].len() as u64], rows.iter().flatten().copied(), npyz::Order::C)
}

fn narrowed(rows: &[Vec<f64>]) -> Vec<Vec<f32>> {
    rows.iter().map(|row| row.iter().map(|x| *x as f32).collect()).collect()
}

fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn question(model: Model, scalar: Arithmetic, c: f64) -> Question {
    Question { model, scalar, c, c_text: None, pairs: 60, tolerance: 1e-3, seed: 5 }
}

/// The same, with no distance measured.
fn no_pairs(model: Model, scalar: Arithmetic, c: f64) -> Question {
    Question { pairs: 0, ..question(model, scalar, c) }
}

fn scanned(bytes: &[u8], question: Question) -> Scan {
    let folder = tempfile::tempdir().unwrap();
    let embedding = Embedding::read(&file(folder.path(), "e.npy", bytes), &Reading::default()).unwrap();
    hypprec::with_arithmetic!(question.scalar, |proto| scan(&embedding, &question, &proto, &Silent).unwrap())
}

fn hypprec(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hypprec")).args(arguments).output().unwrap()
}

// --------------------------------------------------------------------------------------------------------------- clips

/// What a library does: x, or x·limit/‖x‖ where ‖x‖ is greater, in its own arithmetic.
macro_rules! clipped {
    ($rows:expr, $type:ty, $eps:expr, $c:expr) => {{
        let limit = (1.0 - $eps) as $type / ($c as $type).sqrt();
        let clip = |row: &Vec<f64>| -> (Vec<$type>, bool) {
            let x: Vec<$type> = row.iter().map(|x| *x as $type).collect();
            let norm = x.iter().map(|x| x * x).sum::<$type>().sqrt();
            match norm > limit {
                true => (x.iter().map(|x| x / norm * limit).collect(), true),
                false => (x, false),
            }
        };
        $rows.iter().map(clip).collect::<Vec<_>>()
    }};
}

#[test]
fn clips_are_named_in_f32_and_f64_and_at_every_curvature() {
    for (guard, eps32, eps64, cap32, cap64) in [
        ("geoopt", 4e-3, 1e-5, 6.2126, 12.2061),
        ("hyptorch", 1e-3, 1e-3, 7.6004, 7.6004),
        ("dalab", 1e-5, 1e-5, 12.2061, 12.2061),
    ] {
        for c in [1.0, 0.05, 3.0] {
            for dim in [2, 30] {
                let rows = points(400, dim, Model::Poincare, c, 16.0);
                let clipped32 = clipped!(rows, f32, eps32, c);
                let clipped64 = clipped!(rows, f64, eps64, c);
                let [bytes32, bytes64] = [
                    f32s(&clipped32.iter().map(|x| x.0.clone()).collect::<Vec<_>>()),
                    f64s(&clipped64.iter().map(|x| x.0.clone()).collect::<Vec<_>>()),
                ];
                for (bytes, scalar, cap, count) in [
                    (&bytes32, Arithmetic::F32, cap32, clipped32.iter().filter(|x| x.1).count()),
                    (&bytes64, Arithmetic::F64, cap64, clipped64.iter().filter(|x| x.1).count()),
                    // Whoever made an f32 file did so in f32, whatever it is used in.
                    (&bytes32, Arithmetic::F64, cap32, clipped32.iter().filter(|x| x.1).count()),
                ] {
                    let scan = scanned(bytes, no_pairs(Model::Poincare, scalar, c));
                    let place = format!("{guard} {scalar} c = {c}, dim {dim}: {:?}", scan.ties);
                    assert_eq!(scan.ties.named.len(), 1, "{place}");
                    let tie = &scan.ties.named[0];
                    assert!(tie.guards.iter().any(|name| name.starts_with(guard)), "{place}");
                    assert!((tie.depth / cap - 1.0).abs() < 1e-4, "{place}");
                    assert!((tie.distance * c.sqrt() / tie.depth - 1.0).abs() < 1e-12, "{place}");
                    // A few others may lie there by chance, as many as are told.
                    assert!(tie.count >= count && (tie.count - count) as f64 <= 3.0 * tie.expected, "{place}");
                    assert_eq!((tie.beyond, scan.ties.at_largest.is_none()), (0, true), "{place}");
                    assert_eq!(tie.share, tie.count as f64 / 400.0, "{place}");
                }
            }
        }
    }
}

#[test]
fn points_that_nobody_clipped_are_not_tied() {
    for model in [Model::Poincare, Model::Klein, Model::Lorentz] {
        for deepest in [3.0, 6.5, 8.0] {
            let rows = points(3000, 3, model, 1.0, deepest);
            let scan = scanned(&f32s(&narrowed(&rows)), no_pairs(model, Arithmetic::F32, 1.0));
            assert!(scan.ties.named.is_empty() && scan.ties.at_largest.is_none(), "{model} {deepest}: {:?}", scan.ties);
        }
    }
}

#[test]
fn an_unknown_clip_and_the_clips_of_features_are_seen() {
    let rows = points(300, 4, Model::Poincare, 1.0, 9.0);
    let unknown = clipped!(rows, f64, 0.02, 1.0);
    let count = unknown.iter().filter(|x| x.1).count();
    let rows: Vec<Vec<f64>> = unknown.into_iter().map(|x| x.0).collect();
    let scan = scanned(&f64s(&rows), question(Model::Poincare, Arithmetic::F64, 1.0));
    let tie = scan.ties.at_largest.unwrap();
    assert!(scan.ties.named.is_empty() && tie.count == count && tie.guards.is_empty(), "{tie:?}");
    assert!((tie.norm - 0.98).abs() < 1e-15, "{tie:?}");

    // Features of norm 2.3 and below, put on the hyperboloid by exp₀.
    let mut draws = Draws(3);
    let rows: Vec<Vec<f64>> = (0..200)
        .map(|_| {
            let norm = (4.0 * draws.uniform()).min(2.3);
            draws.direction(5).iter().map(|x| x * norm.sinh()).collect()
        })
        .collect();
    let scan = scanned(&f64s(&rows), question(Model::Lorentz, Arithmetic::F64, 1.0));
    assert_eq!(scan.ties.named.len(), 1, "{:?}", scan.ties);
    assert_eq!(scan.ties.named[0].guards, ["feature-2.3"]);
}

// -------------------------------------------------------------------------------------------------------------- counts

#[test]
fn what_is_not_a_point_is_counted_not_refused() {
    let mut rows = narrowed(&points(50, 3, Model::Poincare, 1.0, 4.0));
    rows[4][1] = f32::NAN;
    rows[9][0] = f32::NEG_INFINITY;
    rows[6] = vec![0.6, 0.8, 0.3];
    rows[30] = rows[2].clone();
    rows[31] = rows[2].clone();
    let scan = scanned(&f32s(&rows), question(Model::Poincare, Arithmetic::F32, 1.0));
    let s = scan.standing;
    assert_eq!((s.inside, s.non_finite.count, s.non_finite.first), (47, 2, Some(4)));
    assert_eq!((s.outside.count, s.outside.first, s.outside_by_rounding.count), (1, Some(6), 0));
    assert_eq!((scan.duplicates.count, scan.duplicates.first, scan.duplicates.by_rounding), (2, Some(30), 0));
    assert_eq!(scan.radius_histogram.unwrap().counts.iter().sum::<u64>(), 47);
}

#[test]
fn an_embedding_without_a_point_or_with_one_has_an_answer() {
    let none = scanned(&f64s(&[vec![2.0, 0.0]]), question(Model::Klein, Arithmetic::F32, 1.0));
    assert!(none.radius.is_empty() && none.nearest.is_none() && none.errors.is_empty(), "{none:?}");
    let one = scanned(&f64s(&[vec![0.0, 0.0]]), question(Model::Lorentz, Arithmetic::F32, 1.0));
    assert!(one.radius.len() == 9 && one.nearest.is_none() && one.errors.is_empty(), "{one:?}");
}

#[test]
fn a_narrower_arithmetic_shows_what_rounding_does() {
    let rows = points(300, 3, Model::Poincare, 1.0, 30.0);
    let scan = scanned(&f64s(&rows), question(Model::Poincare, Arithmetic::F32, 1.0));
    let s = scan.standing;
    assert!(s.outside.count > 30 && s.outside_by_rounding.count == s.outside.count, "{s:?}");
    let storage = &scan.storage[0];
    let (estimate, measured) = (storage.median.unwrap(), storage.measured_median.unwrap());
    assert!(measured > 0.0 && estimate / measured < 30.0 && measured / estimate < 30.0, "{storage:?}");
    // As f64 nothing is rounded, and nothing measured.
    let same = scanned(&f64s(&rows), question(Model::Poincare, Arithmetic::F64, 1.0));
    assert!(same.standing.outside.count == 0 && same.storage[0].measured_median.is_none());

    let beyond = scanned(&f64s(&[vec![1e5, 0.0], vec![1.0, 0.0]]), question(Model::Lorentz, Arithmetic::F16, 1.0));
    assert_eq!((beyond.standing.overflow.count, beyond.standing.inside), (1, 1));
}

#[test]
fn time_is_looked_at_and_left_out() {
    let mut rows = points(40, 3, Model::LorentzAmbient, 0.25, 6.0);
    let space: Vec<Vec<f64>> = rows.iter().map(|row| row[1..].to_vec()).collect();
    rows[11][0] *= 1.001;
    let ambient = scanned(&f64s(&rows), question(Model::LorentzAmbient, Arithmetic::F64, 0.25));
    let lorentz = scanned(&f64s(&space), question(Model::Lorentz, Arithmetic::F64, 0.25));
    let off = ambient.standing.off_hyperboloid;
    assert_eq!((ambient.dim, off.count, off.first, ambient.standing.inside), (3, 1, Some(11), 40));
    let distances = |scan: &Scan| scan.radius.iter().map(|r| r.distance).collect::<Vec<_>>();
    assert_eq!(distances(&ambient), distances(&lorentz));
    let best = |scan: &Scan| scan.errors.iter().find(|row| row.variant == "best").unwrap().max_ulps;
    assert_eq!(best(&ambient), best(&lorentz));
}

// ------------------------------------------------------------------------------------------------------- a second way

const BITS: u32 = 600;

/// d(x, y) from the textbook, in MPFR: the inner product of the hyperboloid.
fn slow_distance(model: Model, c: f64, x: &[f64], y: &[f64]) -> Float {
    let number = |x: f64| Float::with_val(BITS, x);
    let lift = |x: &[f64]| -> (Float, Vec<Float>) {
        let x = if model == Model::LorentzAmbient { &x[1..] } else { x };
        let norm2 = x.iter().fold(number(0.0), |sum, x| sum + number(*x).square()) * c;
        let scale = |factor: Float| x.iter().map(|x| number(*x) * &factor).collect::<Vec<_>>();
        match model {
            Model::Poincare => {
                let gap = Float::with_val(BITS, 1 - &norm2);
                (Float::with_val(BITS, 1 + &norm2) / &gap, scale(number(2.0) / &gap))
            }
            Model::Klein => {
                let gamma = Float::with_val(BITS, 1 - &norm2).recip_sqrt();
                (gamma.clone(), scale(gamma))
            }
            _ => (Float::with_val(BITS, 1 + &norm2).sqrt(), scale(number(1.0))),
        }
    };
    let ((tx, sx), (ty, sy)) = (lift(x), lift(y));
    let dot = sx.iter().zip(&sy).fold(number(0.0), |sum, (a, b)| sum + a.clone() * b) * c;
    (tx * ty - dot).acosh() / number(c).sqrt()
}

#[test]
fn figures_agree_with_a_slow_second_way() {
    for (model, c, deepest) in [
        (Model::Poincare, 1.0, 9.0),
        (Model::Poincare, 0.05, 12.0),
        (Model::Klein, 1.0, 5.0),
        (Model::Lorentz, 1.0, 14.0),
        (Model::LorentzAmbient, 2.0, 8.0),
    ] {
        let rows = points(45, 3, model, c, deepest);
        let scan = scanned(&f64s(&rows), question(model, Arithmetic::F64, c));
        let close = |got: f64, expected: f64, what: &str| {
            assert!((got / expected - 1.0).abs() < 4e-16, "{model}, c = {c}, {what}: {got}, expected {expected}");
        };
        // Quantiles of the radius.
        let origin = if model == Model::LorentzAmbient { vec![1.0 / c.sqrt(), 0.0, 0.0, 0.0] } else { vec![0.0; 3] };
        let mut radii: Vec<f64> = rows.iter().map(|x| slow_distance(model, c, x, &origin).to_f64()).collect();
        radii.sort_by(f64::total_cmp);
        for radius in &scan.radius {
            let rank = (radius.share * 45.0).ceil().max(1.0) as usize;
            close(radius.distance, radii[rank - 1], "radius");
        }
        // Gradient factors at the largest, from g = 1 − c‖x‖² alone.
        let largest = scan.radius.last().unwrap();
        let cosh = Float::with_val(BITS, radii[44] * c.sqrt()).cosh();
        let (along, across) = match model {
            Model::Poincare => {
                let g = Float::with_val(BITS, 2) / (cosh + 1u32);
                ((g.clone().square() / 4u32).to_f64(), (g.square() / 4u32).to_f64())
            }
            Model::Klein => (cosh.clone().square().square().recip().to_f64(), cosh.square().recip().to_f64()),
            _ => (cosh.square().to_f64(), 1.0),
        };
        assert!((largest.gradient_radial / along - 1.0).abs() < 1e-13, "{model}");
        assert!((largest.gradient_tangential / across - 1.0).abs() < 1e-13, "{model}");
        // Nearest others, all of them.
        let nearest = scan.nearest.as_ref().unwrap();
        let nearest_of = |i: usize| {
            let others = (0..45).filter(|j| *j != i).map(|j| slow_distance(model, c, &rows[i], &rows[j]).to_f64());
            others.fold(f64::INFINITY, f64::min)
        };
        let mut separations: Vec<f64> = (0..45).map(nearest_of).collect();
        separations.sort_by(f64::total_cmp);
        assert!(nearest.exact && nearest.points == 45);
        for separation in &nearest.separation {
            let rank = (separation.share * 45.0).ceil().max(1.0) as usize;
            close(separation.distance, separations[rank - 1], "separation");
        }
        // Every measured pair: its truth, and the error of its value.
        assert!(scan.measured.len() > 100);
        for row in &scan.measured {
            let truth = slow_distance(model, c, &rows[row.first], &rows[row.second]);
            let told = Float::with_val(BITS, Float::parse(&row.truth).unwrap());
            let off = (told - &truth).abs() / &truth;
            assert!(off < 1e-24, "{model}: {row:?}");
            let value: f64 = row.value.parse().unwrap();
            let error = (Float::with_val(BITS, value) - &truth).abs() / &truth;
            let told = row.relative_error.unwrap_or(f64::NAN);
            assert!(!value.is_finite() || (told - error.to_f64()).abs() <= 1e-12 * told, "{model}: {row:?}");
        }
        // The summary of them.
        for row in &scan.errors {
            let of = scan.measured.iter().filter(|m| m.pairs == row.pairs && m.variant == row.variant);
            let mut errors: Vec<f64> = of.clone().filter_map(|m| m.relative_error).collect();
            errors.sort_by(f64::total_cmp);
            assert_eq!((row.n, row.max_relative), (of.count(), errors.last().copied()));
            assert_eq!(
                row.median_relative,
                errors.get((0.5 * errors.len() as f64).ceil().max(1.0) as usize - 1).copied()
            );
            let within = errors.iter().filter(|error| **error <= 1e-3).count();
            assert_eq!(row.within_tolerance, within as f64 / row.n as f64);
            if row.variant == "best" {
                assert!(row.max_ulps.unwrap() < 2.0, "{model}: {row:?}");
            }
        }
    }
}

#[test]
fn what_storing_can_cost_is_what_moving_the_coordinates_does() {
    // On a ray, at depth ρ, the distance moves by λ dr: with two points of one coordinate each the estimate has a closed form.
    let (x, y) = (0.9f64, 0.3f64);
    let rows = [vec![x], vec![y]];
    let mut question = question(Model::Poincare, Arithmetic::F64, 1.0);
    question.pairs = 500;
    let scan = scanned(&f64s(&rows), question);
    let row = scan.storage.iter().find(|row| row.pairs == "random").unwrap();
    let distance = 2.0 * (x.atanh() - y.atanh());
    let variance = |x: f64, ulp: f64| (2.0 / (1.0 - x * x) * ulp).powi(2) / 12.0;
    let expected = (variance(x, 2f64.powi(-53)) + variance(y, 2f64.powi(-54))).sqrt() / distance;
    // The root mean square of 8 draws scatters by a fifth; the median of 500 does not.
    assert!((row.median.unwrap() / expected - 1.0).abs() < 0.1, "{row:?}, expected {expected}");
}

// ------------------------------------------------------------------------------------------------------------- readers

#[test]
fn types_orders_and_archives_hold_the_same_points() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<Vec<f64>> = points(70, 3, Model::Poincare, 1.0, 3.0)
        .iter()
        .map(|row| row.iter().map(|x| f16::from_f64(*x).to_f64()).collect())
        .collect();
    let flat: Vec<f64> = rows.iter().flatten().copied().collect();
    let by_column: Vec<f64> = (0..3).flat_map(|j| rows.iter().map(move |row| row[j])).collect();
    let big = {
        let mut bytes = Vec::new();
        let dtype = npyz::DType::new_scalar(">f8".parse().unwrap());
        let options = npyz::WriteOptions::<f64>::new().dtype(dtype).shape(&[70, 3]).writer(&mut bytes);
        let mut writer = options.begin_nd().unwrap();
        writer.extend(flat.iter().copied()).unwrap();
        writer.finish().unwrap();
        bytes
    };
    let halves = npy(&[70, 3], flat.iter().map(|x| f16::from_f64(*x)), npyz::Order::C);
    let columns = npy(&[70, 3], by_column.iter().map(|x| *x as f32), npyz::Order::Fortran);
    let archive = |method: zip::CompressionMethod, arrays: &[(&str, &[u8])]| {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in arrays {
            writer
                .start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default().compression_method(method))
                .unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    };
    let text: String = rows.iter().map(|row| format!("{}, {}, {}\n", row[0], row[1], row[2])).collect();
    let vectors: String = rows.iter().map(|row| format!("a,{} {} {}\n", row[0], row[1], row[2])).collect();
    let files = [
        (file(folder.path(), "a.npy", &f64s(&rows)), None, "f64"),
        (file(folder.path(), "big.npy", &big), None, "f64"),
        (file(folder.path(), "half.npy", &halves), None, "f16"),
        (file(folder.path(), "columns.npy", &columns), None, "f32"),
        (file(folder.path(), "one.npz", &archive(zip::CompressionMethod::Stored, &[("e", &big)])), None, "f64"),
        (
            file(folder.path(), "two.npz", &archive(zip::CompressionMethod::Deflated, &[("e", &halves), ("f", &big)])),
            Some("e"),
            "f16",
        ),
        (file(folder.path(), "t.csv", text.as_bytes()), None, "decimal"),
        (file(folder.path(), "x.csv", format!("label,x\n{vectors}").as_bytes()), None, "decimal"),
    ];
    let read = |(path, array, dtype): &(PathBuf, Option<&str>, &str)| {
        let embedding = Embedding::read(path, &Reading { array: *array, ..Reading::default() }).unwrap();
        assert_eq!(
            (embedding.points, embedding.width, embedding.dtype.to_string().as_str()),
            (70, 3, *dtype),
            "{path:?}"
        );
        let mut row = vec![0.0; 3];
        (0..70)
            .flat_map(|i| {
                embedding.row(i, &mut row);
                row.clone()
            })
            .collect::<Vec<f64>>()
    };
    for file in &files {
        assert_eq!(read(file), flat, "{:?}", file.0);
    }
}

#[test]
fn bad_input_is_one_line_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, bytes: &[u8]| file(folder.path(), name, bytes);
    let good = f64s(&points(20, 2, Model::Poincare, 1.0, 2.0));
    let header = |descr: &str, shape: &str| {
        let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes
    };
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in ["a.npy", "b.npy"] {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(&good).unwrap();
    }
    let archive = archive.finish().unwrap().into_inner();
    let mut damaged = archive.clone();
    damaged[60] ^= 0x55;
    let mut longer = good.clone();
    longer.push(0);
    let empty_archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new())).finish().unwrap().into_inner();
    for (path, extra, expected) in [
        (at("zero.npy", b""), "", "zero.npy: empty file"),
        (at("zero.csv", b""), "", "zero.csv: empty file"),
        (folder.path().join("absent.npy"), "", "absent.npy: No such file"),
        (at("fake.npy", b"0.1,0.2\n"), "", "fake.npy: not a .npy file"),
        (at("fake.npz", b"0.1,0.2\n"), "", "fake.npz: not a .npz archive"),
        (at("object.npy", &header("'|O'", "(2, 3)")), "", "object.npy: dtype '|O': an array of Python objects"),
        (at("int.npy", &header("'<i8'", "(2, 3)")), "", "int.npy: dtype '<i8': not a floating-point type"),
        (at("complex.npy", &header("'<c8'", "(2, 3)")), "", "complex.npy: dtype '<c8'"),
        (at("record.npy", &header("[('a', '<f4')]", "(2, 3)")), "", "record.npy: dtype [('a', '<f4')"),
        (at("one.npy", &header("'<f4'", "(6,)")), "", "one.npy: an array of shape [6]"),
        (at("three.npy", &header("'<f4'", "(1, 2, 3)")), "", "three.npy: an array of shape [1, 2, 3]"),
        (at("none.npy", &header("'<f4'", "(0, 3)")), "", "none.npy: empty: an array of shape [0, 3]"),
        (at("short.npy", &header("'<f4'", "(2, 3)")), "", "short.npy: truncated: 0 of 6 numbers"),
        (at("huge.npy", &header("'<f4'", "(4611686018427387904, 16)")), "", "huge.npy: an array of shape"),
        (at("large.npy", &header("'<f4'", "(1099511627776, 16)")), "", "large.npy: an array of shape"),
        (at("cut.npy", &good[..good.len() - 3]), "", "cut.npy: truncated: 39 of 40 numbers"),
        (at("long.npy", &longer), "", "long.npy: bytes are left"),
        (at("header.npy", &good[..40]), "", "header.npy: header: "),
        (at("many.npz", &archive), "", "many.npz: several arrays, choose one with --array: a, b"),
        (at("many.npz", &archive), "--array=z", "many.npz: no array `z`; there are: a, b"),
        (at("cut.npz", &archive[..archive.len() / 2]), "", "cut.npz: not a whole .npz archive: "),
        (at("damaged.npz", &damaged), "--array=a", "damaged.npz: array `a`: "),
        (at("empty.npz", &empty_archive), "", "empty.npz: an archive without arrays"),
        (at("good.npy", &good), "--array=z", "good.npy: --array is for .npz archives"),
        (at("ragged.csv", b"0.1,0.2\n0.1\n"), "", "ragged.csv: line 2: 1 cells"),
        (at("word.csv", b"a,b\n0.1,z\n"), "", "word.csv: line 2: column `b`: `z` is not a number"),
        (at("names.csv", b"a,b\n"), "", "names.csv: empty: no points"),
        (at("c.csv", b"c,x\n0.5,0.1 0.2\n"), "--curvature=1", "c.csv: column `c` says 0.5, --curvature 1"),
        (at("good.npy", &good), "--curvature=0", "--curvature 0 is not a positive number"),
        (at("good.npy", &good), "--curvature=1e-60", "good.npy: c = 0.000"),
        (at("good.npy", &good), "--tolerance=nan", "--tolerance NaN is not a positive number"),
        (folder.path().to_owned(), "", &format!("{}: ", folder.path().display())),
    ] {
        let out = folder.path().join("out");
        let mut arguments = vec!["scan", path.to_str().unwrap(), "--model", "poincare", "--scalar", "f32", "--out"];
        arguments.push(out.to_str().unwrap());
        arguments.extend((!extra.is_empty()).then_some(extra));
        let output = hypprec(&arguments);
        let line = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{path:?}: {line}");
        assert!(line.contains(expected) && line.lines().count() == 1, "{path:?}: {line}, expected {expected}");
        assert!(output.stdout.is_empty() && !out.exists(), "{path:?}");
    }
    let narrow = at("narrow.npy", &f64s(&[vec![1.0], vec![2.0]]));
    let output = hypprec(&["scan", narrow.to_str().unwrap(), "--model", "lorentz-ambient", "--scalar", "f64"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("lorentz-ambient points have at least 2 coordinates, here is 1")
    );
}

// -------------------------------------------------------------------------------------------------------------- output

fn all_files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(all_files(&path)),
            false => found.push((path.clone(), std::fs::read(&path).unwrap())),
        }
    }
    found.sort();
    found
}

#[test]
fn the_bytes_do_not_depend_on_the_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = narrowed(&points(1500, 4, Model::Poincare, 0.7, 9.0));
    rows[1000] = rows[3].clone();
    rows[77][0] = f32::NAN;
    let path = file(folder.path(), "e.npy", &f32s(&rows));
    let run = |jobs: &str| {
        let out = folder.path().join("out");
        let output = hypprec(&[
            "scan",
            path.to_str().unwrap(),
            "--model",
            "poincare",
            "--scalar",
            "f32",
            "--curvature",
            "0.7",
            "--pairs",
            "50",
            "--jobs",
            jobs,
            "--json",
            "--out",
            out.to_str().unwrap(),
        ]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let files = all_files(&out);
        std::fs::remove_dir_all(&out).unwrap();
        (output.stdout, files)
    };
    let (json, files) = run("1");
    for jobs in ["2", "5"] {
        let other = run(jobs);
        assert!(json == other.0 && files == other.1, "{jobs} threads");
    }
    let names: Vec<_> = files.iter().map(|(path, _)| path.file_name().unwrap().to_str().unwrap()).collect();
    for name in [
        "index.html",
        "README.md",
        "pairs.csv",
        "scan.json",
        "radius.svg",
        "radius.png",
        "nearest.svg",
        "errors-random.svg",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    // What is printed is what is written, and has the keys that the help promises.
    let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(files.iter().find(|(path, _)| path.ends_with("scan.json")).unwrap().1, json);
    for key in ["file", "model", "points", "standing", "radius", "ties", "duplicates", "nearest", "errors", "storage"] {
        assert!(value.get(key).is_some(), "{key}");
    }
    assert_eq!(value["standing"]["non_finite"]["first"], 77);
    assert_eq!(value["duplicates"]["first"], 1000);
    let help = String::from_utf8(hypprec(&["scan", "--help"]).stdout).unwrap();
    for key in value.as_object().unwrap().keys() {
        assert!(help.contains(key.as_str()), "the help does not name {key}");
    }
}

#[test]
fn choose_reads_the_same_need_off_a_file_as_scan() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "e.npy", &f64s(&points(300, 3, Model::Poincare, 0.5, 2.0)));
    let path = path.to_str().unwrap();
    let scan = hypprec(&[
        "scan",
        path,
        "--model",
        "poincare",
        "--scalar",
        "f64",
        "--curvature",
        "0.5",
        "--pairs",
        "3",
        "--json",
    ]);
    let scan: serde_json::Value = serde_json::from_slice(&scan.stdout).unwrap();
    let need = &scan["need"];
    let share = |list: &serde_json::Value, share: f64| {
        list.as_array().unwrap().iter().find(|row| row["share"] == share).unwrap()["depth"].clone()
    };
    assert_eq!(need["radius"], share(&scan["radius"], 0.99));
    assert_eq!(need["separation"], share(&scan["nearest"]["separation"], 0.01));
    let read_off = hypprec(&[
        "choose",
        "--embedding",
        path,
        "--model",
        "poincare",
        "--curvature",
        "0.5",
        "--tolerance",
        "0.01",
        "--json",
    ]);
    let told = hypprec(&[
        "choose",
        "--radius",
        &need["radius"].to_string(),
        "--separation",
        &need["separation"].to_string(),
        "--dim",
        "3",
        "--tolerance",
        "0.01",
        "--json",
    ]);
    assert_eq!(read_off.status.code(), told.status.code());
    if told.status.success() {
        let mut read_off: serde_json::Value = serde_json::from_slice(&read_off.stdout).unwrap();
        assert_eq!(read_off["need"], *need);
        assert_eq!(read_off["left_out"], scan["left_out"]);
        assert_eq!(read_off["columns"], scan["columns"]);
        let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
        // The file's own pairs cost no more than the worst that the need allows.
        let error = |answer: &serde_json::Value, like: &serde_json::Value| {
            let names = |fit: &serde_json::Value| {
                [&fit["model"], &fit["scalar"], &fit["parts"][0]["variant"]].map(Clone::clone)
            };
            let fits = answer["fits"].as_array().unwrap();
            fits.iter().find(|fit| names(fit) == names(like)).map(|fit| fit["error"].as_f64().unwrap())
        };
        for fit in told["fits"].as_array().unwrap() {
            let own = error(&read_off, fit).unwrap_or_else(|| panic!("{fit} is no answer to the file"));
            assert!(own <= error(&told, fit).unwrap(), "{fit}: {own}");
        }
        for about in ["need", "left_out", "columns"] {
            read_off.as_object_mut().unwrap().remove(about);
        }
        assert_eq!(scan["recommended"], read_off);
    } else {
        assert!(scan["recommended"]["none"].is_string());
    }
}

// ------------------------------------------------------------------------------------------- what is left out, and columns

/// What a verb prints as JSON, and its lines on standard error.
fn json(arguments: &[&str]) -> (serde_json::Value, String) {
    let output = hypprec(&[arguments, &["--json"]].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {said}");
    (serde_json::from_slice(&output.stdout).unwrap(), said)
}

fn printed(arguments: &[&str]) -> String {
    let output = hypprec(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn refused(arguments: &[&str]) -> String {
    let output = hypprec(arguments);
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len(), line.matches('\n').count()), (Some(2), 0, 1), "{line}");
    line
}

#[test]
fn points_that_are_left_out_are_counted_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = |text: &str| file(folder.path(), "e.csv", text.as_bytes()).to_str().unwrap().to_owned();
    let five = at("0.1,0.2\nnan,0.1\nnan,nan\ninf,0\n0.3,0.4\n");
    let choose = ["choose", "--embedding", &five, "--model", "poincare", "--tolerance", "1e-2"];
    let scan = ["scan", &five, "--model", "poincare", "--scalar", "f32", "--pairs", "2"];
    let expected = serde_json::json!({"count": 3, "of": 5, "non_finite": 3, "overflow": 0, "outside": 0});
    assert_eq!(json(&choose).0["left_out"], expected);
    assert_eq!(json(&scan).0["left_out"], expected);
    let text = printed(&choose);
    assert!(text.contains("3 of 5 points are left out: 3 not finite"), "{text}");
    assert!(text.contains("99 % of the 2 points that are left of 5 lie within"), "{text}");
    assert!(printed(&scan).contains("3 of 5 points are left out: 3 not finite"));
    let mixed = at("0.1,0.2\n1e300,0\n1,0\n2,2\nnan,0\n0.3,0.4\n");
    let (found, _) = json(&["scan", &mixed, "--model", "klein", "--scalar", "f16", "--pairs", "2"]);
    let expected = serde_json::json!({"count": 4, "of": 6, "non_finite": 1, "overflow": 1, "outside": 2});
    assert_eq!(found["left_out"], expected);
    assert_eq!(found["standing"]["inside"], 2);

    for none in ["nan,0.1\n2,3\n", "1,0\n", "inf,nan\n"] {
        let none = at(none);
        let out = folder.path().join("out");
        let out = out.to_str().unwrap();
        let of_choose = refused(&["choose", "--embedding", &none, "--model", "klein", "--tolerance", "1e-2", "--json"]);
        let of_scan = refused(&["scan", &none, "--model", "klein", "--scalar", "f64", "--out", out]);
        assert!(of_scan.contains("no point of the model is left: ") && of_scan == of_choose, "{of_scan}{of_choose}");
        assert!(!std::path::Path::new(out).exists());
    }
    let one = at("0.1,0.2\nnan,3\n");
    let line = refused(&["choose", "--embedding", &one, "--model", "klein", "--tolerance", "1e-2"]);
    assert!(
        line.contains("fewer than two different points inside the model; 1 of 2 points are left out: 1 not finite")
    );
}

#[test]
fn text_is_read_into_the_arithmetic() {
    let folder = tempfile::tempdir().unwrap();
    let at = |text: &str| file(folder.path(), "e.csv", text.as_bytes()).to_str().unwrap().to_owned();
    // The points' own radius, as MPFR has it: 2 artanh(1 − 10⁻²⁰) and 2 artanh(0.1).
    let deep = at("0.99999999999999999999,0\n0.1,0\n0,0.99999999999999999999\n");
    let radius = |scalar: &str, rest: &[&str]| {
        let scan = ["scan", &deep, "--model", "poincare", "--scalar", scalar, "--pairs", "3"];
        json(&[&scan[..], rest].concat()).0
    };
    let number = |text: &str| Float::with_val(BITS, Float::parse(text).unwrap());
    let expected = (number("0.99999999999999999999").atanh() * 2u32).to_f64();
    for scalar in ["dd", "mpfr:256"] {
        let found = radius(scalar, &[]);
        assert_eq!(found["standing"]["inside"], 3, "{scalar}");
        let radius = found["radius"][8]["distance"].as_f64().unwrap();
        assert!((radius / expected - 1.0).abs() < 1e-15, "{scalar}: {radius}, expected {expected}");
        // What a unit in the last place of 1 − 10⁻²⁰ moves is told there too.
        assert!(found["storage"].as_array().unwrap().iter().all(|row| row["median"].as_f64().unwrap() > 0.0));
        // f64 cannot tell 1 − 10⁻²⁰ from 1, nor the second point from a nearer one.
        assert_eq!(found["nearest"]["points"], 3, "{scalar}");
        assert_eq!(found["dtype"], "decimal");
    }
    let found = radius("f64", &[]);
    assert_eq!(
        (&found["standing"]["outside"]["count"], &found["standing"]["outside_by_rounding"]["count"]),
        (&2.into(), &2.into())
    );
    // What the points need is theirs, whatever f64 makes of them.
    for scalars in [&[][..], &["--scalar", "f32"], &["--scalar", "dd"], &["--scalar", "f64,dd"]] {
        let choose = ["choose", "--embedding", &deep, "--model", "poincare", "--tolerance", "0.1"];
        let output = hypprec(&[&choose[..], scalars, &["--json"]].concat());
        if output.status.success() {
            let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(value["left_out"]["count"], 0);
            assert!((value["need"]["radius"].as_f64().unwrap() / expected - 1.0).abs() < 1e-15);
        } else {
            let line = String::from_utf8(output.stderr).unwrap();
            assert!(line.contains("46.7"), "{line}");
        }
    }

    // Half way between two f32s but for a digit that f64 does not see: rounded once, the point is another.
    let tie = |digit: &str| format!("0.500000029802322387695312500000000000{digit},0.25\n0.1,0.1\n");
    for (digit, expected) in [("", "0.5,"), ("1", "0.50000006,")] {
        let path = at(&tie(digit));
        let out = folder.path().join("out");
        let scan =
            ["scan", &path, "--model", "klein", "--scalar", "f32", "--pairs", "1", "--out", out.to_str().unwrap()];
        printed(&scan);
        let exact = at(&format!("{expected}0.25\n0.1,0.1\n"));
        let of = |path: &str| {
            json(&["scan", path, "--model", "klein", "--scalar", "f32", "--pairs", "1"]).0["radius"].clone()
        };
        assert_eq!(of(&at(&tie(digit))), of(&exact), "{digit}");
        let rows = std::fs::read_to_string(out.join("pairs.csv")).unwrap();
        assert!(rows.contains(",best,"));
        std::fs::remove_dir_all(&out).unwrap();
        assert_eq!(exact, path);
    }
    // The curvature too.
    let thirds = at("0.3,0.1\n0.2,0.5\n");
    let distance = |curvature: &str, scalar: &str| {
        let scan =
            ["scan", &thirds, "--model", "poincare", "--scalar", scalar, "--pairs", "1", "--curvature", curvature];
        let out = folder.path().join("out");
        printed(&[&scan[..], &["--out", out.to_str().unwrap()]].concat());
        let rows = std::fs::read_to_string(out.join("pairs.csv")).unwrap();
        std::fs::remove_dir_all(&out).unwrap();
        rows.lines().find(|line| line.contains(",best,")).unwrap().split(',').nth(6).unwrap().to_owned()
    };
    assert_ne!(distance("0.1", "dd"), distance("0.1000000000000000055511151231257827", "dd"));
    assert_eq!(distance("0.1", "f64"), distance("0.1000000000000000055511151231257827", "f64"));
    // Beyond the range of f64, but not of MPFR.
    let far = at("1e400,0\n1,2\n3,4\n");
    let (found, _) = json(&["scan", &far, "--model", "lorentz", "--scalar", "mpfr:100", "--pairs", "2"]);
    assert_eq!((&found["standing"]["inside"], &found["standing"]["overflow"]["count"]), (&3.into(), &0.into()));
    assert!((found["radius"][8]["distance"].as_f64().unwrap() - 921.727).abs() < 1e-3, "{}", found["radius"][8]);
    let (found, _) = json(&["scan", &far, "--model", "lorentz", "--scalar", "f64", "--pairs", "2"]);
    assert_eq!(
        (&found["standing"]["non_finite"]["count"], &found["standing"]["overflow"]["count"]),
        (&0.into(), &1.into())
    );
}

#[test]
fn columns_are_told_in_text_and_json() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |rows: &[&str]| rows.iter().map(|row| format!("{row}\n")).collect::<String>();
    let points = ["0.1,0.2", "-0.3,0.4", "0.5,-0.1", "0.2,0.3"];
    let with = |header: &str, before: &[&str], after: &[&str]| {
        let pick = |of: &[&str], i: usize, comma: fn(&str) -> String| {
            of.get(i % of.len().max(1)).map_or(String::new(), |cell| comma(cell))
        };
        let lines = points.iter().enumerate().map(|(i, point)| {
            format!(
                "{}{point}{}",
                pick(before, i, |cell| format!("{cell},")),
                pick(after, i, |cell| format!(",{cell}"))
            )
        });
        let header = if header.is_empty() { vec![] } else { vec![header.to_owned()] };
        let all: Vec<String> = header.into_iter().chain(lines).collect();
        rows(&all.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let plain = with("", &[], &[]);
    let radius = |text: &str, rest: &[&str]| {
        let path = file(folder.path(), "e.csv", text.as_bytes());
        let scan = ["scan", path.to_str().unwrap(), "--model", "poincare", "--scalar", "f64", "--pairs", "2"];
        let (value, said) = json(&[&scan[..], rest].concat());
        (value, said, printed(&[&scan[..], rest].concat()))
    };
    let expected = radius(&plain, &[]).0["radius"].clone();
    for (text, coordinates, left_out) in [
        (with("x,y", &[], &[]), "x y", ""),
        (with("x,y,label", &[], &["1", "2"]), "x y", "label"),
        (with("x0,x1,cluster", &[], &["1"]), "x0 x1", "cluster"),
        (with("id,dim_0,dim_1", &["7", "9"], &[]), "dim_0 dim_1", "id"),
        (with(",0,1", &["0", "1"], &[]), "0 1", "1"),
        (with("Unnamed: 0,a,b", &["0", "1"], &[]), "a b", "Unnamed: 0"),
        (with("\"node id\",\"u\",\"v\"", &["\"a,b\"", "c"], &[]), "u v", "node id"),
        (with("u,v,tau", &[], &["0.07", "0.08"]), "u v", "tau"),
        (with("u,v,weight", &[], &["0.5"]), "u v", "weight"),
        (with("emb[0],emb[1],what", &[], &["0.5"]), "emb[0] emb[1]", "what"),
        (with("u,v,what", &[], &["cat", "dog"]), "u v", "what"),
        (with("", &["cat", "dog"], &[]), "2 3", "1"),
        (with("", &[], &["cat", "dog"]), "1 2", "3"),
        (with("c,x1,x2", &["1"], &[]), "x1 x2", "c"),
    ] {
        let (value, _, printed) = radius(&text, &[]);
        assert_eq!(value["radius"], expected, "{text}");
        let names: Vec<&str> =
            value["columns"]["coordinates"].as_array().unwrap().iter().map(|x| x.as_str().unwrap()).collect();
        assert_eq!(names.join(" "), coordinates, "{text}");
        let unused = value["columns"]["left_out"].as_array().unwrap();
        let unused: Vec<&str> = unused.iter().map(|unused| unused["name"].as_str().unwrap()).collect();
        assert_eq!(unused.join(" "), left_out, "{text}");
        assert!(printed.contains(&format!("columns {}", coordinates.replace(' ', ", "))), "{printed}");
        assert!(left_out.is_empty() || printed.contains(&format!("not: {left_out} (")), "{printed}");
    }
    let xyz = radius("x,y,z,w\n0.1,0.2,0.3,5\n0.2,0.1,0.3,6\n", &[]).0;
    assert_eq!(xyz["columns"]["coordinates"], serde_json::json!(["x", "y", "z"]));

    // What is asked for is taken, whatever it is called.
    let text = with("label,alpha,beta", &["7", "9"], &[]);
    assert_eq!(radius(&text, &["--columns", "alpha,beta"]).0["radius"], expected);
    assert_eq!(radius(&text, &["--columns", "alpha..beta"]).0["radius"], expected);
    assert_eq!(radius(&with("", &["7", "9"], &[]), &["--columns", "2,3"]).0["radius"], expected);
    let path = file(folder.path(), "e.csv", text.as_bytes());
    let path = path.to_str().unwrap();
    let scan = ["scan", path, "--model", "poincare", "--scalar", "f64", "--columns"];
    assert!(refused(&[&scan[..], &["gamma"]].concat()).contains("no column `gamma`; there are: label, alpha, beta"));
    let (value, _) =
        json(&["choose", "--embedding", path, "--model", "poincare", "--tolerance", "0.1", "--columns", "beta"]);
    assert_eq!((&value["need"]["dim"], &value["columns"]["coordinates"]), (&1.into(), &serde_json::json!(["beta"])));
    let array = file(
        folder.path(),
        "e.npy",
        &f64s(&[vec![7.0, 0.1, 0.2], vec![8.0, -0.3, 0.4], vec![9.0, 0.5, -0.1], vec![9.0, 0.2, 0.3]]),
    );
    let scan =
        ["scan", array.to_str().unwrap(), "--model", "poincare", "--scalar", "f64", "--pairs", "2", "--columns", "2,3"];
    assert_eq!(json(&scan).0["radius"], expected);

    // Whole numbers and constants are warned about by name.
    for (text, name, what) in [
        (with("u,v,kind_of", &[], &["0", "0.5"]), "", ""),
        (with("u,v,kind1", &[], &["0", "-0"]), "kind1", "has one number in every row"),
        (with("", &["0", "-0"], &[]), "1", "has one number in every row"),
    ] {
        let (value, said, printed) = radius(&text, &[]);
        let warnings = value["columns"]["warnings"].as_array().unwrap();
        assert_eq!(warnings.len(), usize::from(!name.is_empty()), "{warnings:?}");
        assert!(said.contains(&format!("{name} {what}")) && printed.contains(&format!("{name} {what}")), "{said}");
    }
    let ids = file(folder.path(), "e.csv", b"0.5,7\n0.25,8\n0.125,9\n");
    let (value, said) = json(&["scan", ids.to_str().unwrap(), "--model", "lorentz", "--scalar", "f64", "--pairs", "2"]);
    assert!(said.contains("warning: column 2 holds whole numbers alone"), "{said}");
    assert_eq!(value["columns"]["warnings"].as_array().unwrap().len(), 1);
}

#[test]
fn a_time_column_is_recognised_first_or_last() {
    let folder = tempfile::tempdir().unwrap();
    for c in [1.0, 0.25] {
        let ambient = points(60, 3, Model::LorentzAmbient, c, 5.0);
        let last: Vec<Vec<f64>> = ambient.iter().map(|row| [&row[1..], &row[..1]].concat()).collect();
        let space: Vec<Vec<f64>> = ambient.iter().map(|row| row[1..].to_vec()).collect();
        let curvature = c.to_string();
        let scan = |rows: &[Vec<f64>], model: &str| {
            let path = file(folder.path(), "e.npy", &f32s(&narrowed(rows)));
            json(&[
                "scan",
                path.to_str().unwrap(),
                "--model",
                model,
                "--scalar",
                "f32",
                "--pairs",
                "2",
                "--curvature",
                &curvature,
            ])
        };
        let (expected, _) = scan(&ambient, "lorentz-ambient");
        assert_eq!(expected["columns"]["time"], serde_json::json!({"column": "1", "place": "first"}));
        assert_eq!(expected["columns"]["warnings"], serde_json::json!([]));
        let (found, _) = scan(&last, "lorentz-ambient");
        assert_eq!(found["columns"]["time"], serde_json::json!({"column": "4", "place": "last"}));
        assert_eq!((&found["radius"], &found["standing"]), (&expected["radius"], &expected["standing"]));
        // Declared as space coordinates alone: a hint.
        for rows in [&ambient, &last] {
            let (found, said) = scan(rows, "lorentz");
            assert!(said.contains("it is time, these are points of lorentz-ambient, not of lorentz"), "{said}");
            assert!(found["columns"]["time"].is_object());
        }
        let (found, said) = scan(&space, "lorentz");
        assert!(found["columns"]["time"].is_null() && !said.contains("warning"), "{said}");
        assert_eq!(found["radius"], expected["radius"]);
        let path = file(folder.path(), "e.npy", &f32s(&narrowed(&ambient)));
        if c == 1.0 {
            assert!(
                refused(&["scan", path.to_str().unwrap(), "--model", "klein", "--scalar", "f32"])
                    .contains("it is time")
            );
        }
    }
    // At another curvature than was told.
    let path = file(folder.path(), "e.npy", &f64s(&points(60, 3, Model::LorentzAmbient, 0.25, 5.0)));
    for model in ["lorentz", "lorentz-ambient"] {
        let (found, said) =
            json(&["scan", path.to_str().unwrap(), "--model", model, "--scalar", "f64", "--pairs", "2"]);
        assert!(found["columns"]["time"].is_null());
        assert!(
            said.contains("at c = 0.250000, not at 1: points of lorentz-ambient, of another --curvature?"),
            "{said}"
        );
    }
    // In a text with six digits, by name.
    let line = |row: &Vec<f64>| format!("{:.6},{:.6},{:.6}\n", row[0], row[1], row[2]);
    let text: String = points(60, 2, Model::LorentzAmbient, 1.0, 4.0).iter().map(line).collect();
    for header in ["t,x,y", "time,x1,x2", "x0,x1,x2"] {
        let path = file(folder.path(), "e.csv", format!("{header}\n{text}").as_bytes());
        let (found, _) =
            json(&["scan", path.to_str().unwrap(), "--model", "lorentz-ambient", "--scalar", "f32", "--pairs", "2"]);
        assert_eq!(found["columns"]["time"]["column"], header.split(',').next().unwrap());
        assert_eq!(found["dim"], 2, "{header}");
    }
}

#[test]
fn standard_input_is_read_as_a_file_is() {
    use std::process::Stdio;
    let folder = tempfile::tempdir().unwrap();
    let rows = points(30, 2, Model::Poincare, 1.0, 3.0);
    let text: String = rows.iter().map(|row| format!("{},{}\n", row[0], row[1])).collect();
    let run = |bytes: &[u8], verb: &[&str]| {
        let path = file(folder.path(), "e", bytes);
        let on = |input: &str| {
            let verb: Vec<&str> = verb.iter().map(|word| if *word == "FILE" { input } else { *word }).collect();
            let mut command = Command::new(env!("CARGO_BIN_EXE_hypprec"));
            let output = command.args(verb).stdin(Stdio::from(std::fs::File::open(&path).unwrap())).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(on("-"), on(path.to_str().unwrap()));
    };
    for bytes in [text.as_bytes(), &f64s(&rows)] {
        run(bytes, &["scan", "FILE", "--model", "poincare", "--scalar", "f32", "--pairs", "2"]);
        run(bytes, &["choose", "--embedding", "FILE", "--model", "poincare", "--tolerance", "0.01", "--json"]);
    }
}
