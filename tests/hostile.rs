//! No file and no argument aborts, panics, runs without end or says more than a short line.

mod common;

use common::{FUZZ_CASES, cases};
use hypprec::study::Study;
use hypprec::table::{CellRow, Embedding, PairRow, Reading, SummaryRow, line, read_rows};
use hypprec::verdict::check::Baseline;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// No message is as long, in bytes.
const LONGEST: usize = 300;
/// What a run that has nothing to do may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn hypprec(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hypprec"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Output of a run that ends.
fn ended(mut command: Command) -> Output {
    let mut child = command.spawn().unwrap();
    let started = Instant::now();
    // Both pipes are read while it runs, so that it never waits for them.
    let (mut out, mut error) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut out, &mut bytes).unwrap();
        bytes
    });
    let said = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut error, &mut bytes).unwrap();
        bytes
    });
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("{command:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    Output { status, stdout: read.join().unwrap(), stderr: said.join().unwrap() }
}

/// Whatever came of a run, it said so: an exit code of its own, and lines that are short and steer no terminal.
fn polite(command: Command) -> (i32, String) {
    let words = line(&format!("{command:?}"), 1000);
    let output = ended(command);
    let said = String::from_utf8(output.stderr).unwrap();
    let code = output.status.code().unwrap_or_else(|| panic!("{words}: {}: {}", output.status, line(&said, 1000)));
    assert!(code <= 4, "{words}: exit code {code}: {said}");
    for line in said.lines() {
        assert!(line.len() < LONGEST && !line.contains(char::is_control), "{words}: {} bytes: {line:?}", line.len());
    }
    (code, said)
}

/// The one line of a run that must end with exit code 2 and write nothing.
fn complaint(command: Command) -> String {
    let words = line(&format!("{command:?}"), 1000);
    let (code, said) = polite(command);
    assert_eq!((code, said.matches('\n').count()), (2, 1), "{words}: {said}");
    said
}

fn written(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A generator of its own; any damage will do, as long as it is the same every time.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

// --------------------------------------------------------------------------------------------------------- damaged files

fn npy(descr: &str, fortran: bool, shape: &str, values: &[u8]) -> Vec<u8> {
    let fortran = if fortran { "True" } else { "False" };
    let text = format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.extend(values);
    bytes
}

fn npz(method: zip::CompressionMethod, arrays: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        writer.start_file(format!("{name}.npy"), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// What reads a file.
#[derive(Clone, Copy, PartialEq)]
enum Reader {
    Points,
    Study,
    Baseline,
    Cells,
    Pairs,
}

impl Reader {
    /// What it says of these bytes, where it refuses them.
    fn refusal(self, bytes: &[u8]) -> Option<String> {
        let path = Path::new("f");
        let text = String::from_utf8_lossy(bytes);
        match self {
            Reader::Points => {
                let read = |time| Embedding::of_bytes(bytes.to_vec(), &Reading { time, ..Reading::default() });
                read(true).and(read(false)).err().map(|error| error.to_string())
            }
            Reader::Study => Study::parse(&text).err().map(|error| error.to_string()),
            Reader::Baseline => Baseline::parse(&text, path).err().map(|error| error.to_string()),
            Reader::Cells => read_rows::<CellRow>(bytes, path).err().map(|error| error.to_string()),
            Reader::Pairs => read_rows::<PairRow>(bytes, path).err().map(|error| error.to_string()),
        }
    }

    /// The command that reads such a file first thing.
    fn command(self, file: &str) -> Option<Command> {
        match self {
            Reader::Points => {
                Some(hypprec(&["scan", file, "--model", "poincare", "--scalar", "f32", "--pairs", "1", "--jobs", "1"]))
            }
            Reader::Study => Some(hypprec(&["sweep", file, "--out", "/dev/null/nowhere"])),
            Reader::Baseline => Some(hypprec(&["check", "--baseline", file])),
            Reader::Cells | Reader::Pairs => None,
        }
    }
}

/// A whole file of each kind.
fn seeds() -> Vec<(Reader, Vec<u8>)> {
    let halves: Vec<u8> = (0..12u16).flat_map(|i| (0x2c00 + 17 * i).to_le_bytes()).collect();
    let singles: Vec<u8> = (0..12).flat_map(|i| (0.05 * i as f32).to_le_bytes()).collect();
    let doubles: Vec<u8> = (0..12).flat_map(|i| (0.05 * i as f64).to_be_bytes()).collect();
    let c = npy("'<f4'", false, "(4, 3)", &singles);
    let summary = SummaryRow {
        model: "klein".into(),
        scalar: "f32".into(),
        op: "distance".into(),
        variant: "best".into(),
        guard: "none".into(),
        n: 3,
        ok_share: 1.0,
        median_ulps: Some(0.25),
        p99_ulps: Some(0.5),
        max_ulps: None,
        max_bits: Some(0.0),
        median_total: Some(1e-7),
        max_total: Some(2.5e-7),
        witness: Some(7),
        witness_value: "0x0.8p1".into(),
    };
    let provenance = hypprec::table::Provenance {
        command: "hypprec check".into(),
        version: "0".into(),
        revision: "none".into(),
        seed: 1,
        host: "here".into(),
    };
    let baseline = Baseline { provenance, study: "s".into(), fingerprint: "0".into(), rows: vec![summary] };
    let mut accepted = Vec::new();
    baseline.write(&mut accepted).unwrap();
    let cells = "index,model,scalar,op,variant,guard,c,dim,radius,separation,direction,sample,truth,value,error_representation,error_off_model,error_guard,error_rounding,error_total,ulps,bits,outcome\n0,klein,f32,distance,K1,none,1.0,2,1.0,0.001,radial,0,1e-3,0.001,,,,1e-9,1e-9,0.5,0.0,ok\n";
    let pairs = "pairs,first,second,depth,separation,variant,truth,value,relative_error,ulps,outcome,storage,storage_measured\nrandom,0,1,1.5,0.2,best,2e-1,0.2,1e-9,0.5,ok,1e-8,\n";
    let tiny = "question = \"Does it run?\"\nseed = 7\n\n[[block]]\nops = [\"distance\"]\nguards = \"all\"\nmodels = [\"poincare\", \"klein\"]\nscalars = [\"f32\"]\nradii = [1, 6]\ndirections = [\"radial\"]\nseparations = [1e-3]\ndims = [2]\ncurvatures = [1, 0.05]\n";
    vec![
        (Reader::Points, npy("'<f2'", false, "(3, 4)", &halves)),
        (Reader::Points, c.clone()),
        (Reader::Points, npy("'>f8'", true, "(6, 2)", &doubles)),
        (Reader::Points, npz(zip::CompressionMethod::Stored, &[("a", &c)])),
        (Reader::Points, npz(zip::CompressionMethod::Deflated, &[("a", &c)])),
        (Reader::Points, b"# a\nid,x0,x1,c,label\n1,0.1,-2e-1,0.5,cat\n2,0.3,0.4,0.5,\"d,og\"\n".to_vec()),
        (Reader::Points, b"0.1,0.2,0.3\n-0.3,4e-1,nan\n".to_vec()),
        (Reader::Points, b"c,x,label\n1,0.1 0.2,a\n1,0.5 -0.25,b\n".to_vec()),
        (Reader::Points, b"cat\t0.1\t0.2\ndog\t0.3\t0.4\n".to_vec()),
        (Reader::Study, tiny.into()),
        (Reader::Baseline, accepted),
        (Reader::Cells, cells.into()),
        (Reader::Pairs, pairs.into()),
    ]
}

/// A few of the accidents and tricks that happen to files.
fn damaged(seed: &[u8], draws: &mut Draws) -> Vec<u8> {
    const SPLICES: [&[u8]; 12] = [
        b"99999999999999999999",
        b"18446744073709551615",
        b"-1",
        b"1e999",
        b"nan",
        b"\"",
        b"\n",
        b"\x1b[31m",
        b"\xff\xfe",
        b"((((((((((((((((((((((((((((((((",
        b"\0\0\0\0\xff\xff\xff\xff",
        b",,,,,,,,",
    ];
    let mut bytes = seed.to_vec();
    for _ in 0..1 + draws.below(3) {
        let at = draws.below(bytes.len());
        match draws.below(7) {
            _ if bytes.is_empty() => {}
            0 => bytes[at] ^= 1 << draws.below(8),
            1 => bytes[at] = draws.below(256) as u8,
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..(at + 1 + draws.below(9)).min(bytes.len()))),
            4 => drop(bytes.splice(at..at, SPLICES[draws.below(SPLICES.len())].iter().copied())),
            5 => {
                let end = (at + 1 + draws.below(40)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let copies = copy.repeat(1 + draws.below(50));
                drop(bytes.splice(at..at, copies));
            }
            // A number among the bytes of a binary header.
            _ => {
                let end = (at + 1 + draws.below(8)).min(bytes.len());
                bytes[at..end].fill(if draws.below(2) == 0 { 0xff } else { 0 });
            }
        }
    }
    bytes
}

/// One in so many of the damaged files is also given to the program in a quick run.
const PROGRAM: usize = 16;

#[test]
fn damaged_files_are_one_short_line() {
    // Ten thousand in a long run.
    let rounds = cases(FUZZ_CASES) / 2;
    let long = rounds > FUZZ_CASES;
    let folder = tempfile::tempdir().unwrap();
    let seeds = seeds();
    for (reader, seed) in &seeds {
        assert_eq!(reader.refusal(seed), None);
    }
    let mut draws = Draws(1);
    let (mut refused, mut read) = (0, 0);
    for i in 0..rounds as usize {
        let (reader, seed) = &seeds[draws.below(seeds.len())];
        let bytes = damaged(seed, &mut draws);
        let Some(refusal) = reader.refusal(&bytes) else {
            read += 1;
            continue;
        };
        refused += 1;
        assert!(!refusal.contains('\n') && refusal.len() < 4 * LONGEST, "{refusal}");
        if !long && i % PROGRAM != 0 {
            continue;
        }
        let file = written(folder.path(), "damaged", &bytes);
        match reader.command(&file) {
            // What the baseline says is a verdict, on standard output.
            Some(command) if *reader == Reader::Baseline => {
                let output = ended(command);
                let said = String::from_utf8(output.stdout).unwrap();
                assert_eq!((output.status.code(), said.matches('\n').count()), (Some(3), 1), "{said}");
                assert!(said.len() < LONGEST && !said.trim_end().contains(char::is_control), "{said:?}");
            }
            Some(command) => drop(complaint(command)),
            None => {}
        }
    }
    assert!(refused > read / 4 && read > 0, "{refused} refused, {read} read");
}

#[test]
fn claims_are_not_believed_before_their_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, bytes: &[u8]| written(folder.path(), name, bytes);
    let scan = |file: &str| hypprec(&["scan", file, "--model", "poincare", "--scalar", "f32"]);
    let one = npy("'<f8'", false, "(4, 2)", &[0; 64]);
    // An archive whose directory says that its array is eighty terabytes long.
    let mut claim =
        npz(zip::CompressionMethod::Stored, &[("a", &npy("'<f8'", false, "(10000000000000, 1)", &[0; 64]))]);
    let directory = claim.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
    claim[directory + 24..directory + 28].fill(0xfe);
    let deep = format!("{}{}", "(".repeat(9000), ")".repeat(9000));
    let mut long = b"\x93NUMPY\x02\x00".to_vec();
    long.extend(u32::MAX.to_le_bytes());
    for (name, bytes, expected) in [
        ("claim.npz", claim, "array `a`: "),
        ("product.npy", npy("'<f8'", false, "(4294967296, 4294967296)", &[]), "is larger than"),
        ("wrap.npy", npy("'<f8'", false, "(9223372036854775808, 2)", &[]), "is larger than"),
        ("sixteen.npy", npy("'<f2'", false, "(1000000000000, 16)", &[0; 64]), "is larger than"),
        ("short.npy", npy("'<f8'", true, "(1000000, 1000)", &[0; 64]), "truncated: 8 of 1000000000 numbers"),
        ("axes.npy", npy("'<f8'", false, &format!("({})", "1, ".repeat(3000)), &[0; 8]), "3000 axes"),
        ("deep.npy", npy("'<f8'", false, &deep, &[]), "header: brackets within brackets"),
        ("descr.npy", npy(&format!("[('{}', '<f4')]", "a".repeat(9000)), false, "(2, 2)", &[]), "an array of records"),
        ("object.npy", npy("'|O'", false, "(2, 2)", &[0; 64]), "an array of Python objects"),
        ("escape.npy", npy("'<f4\x1b[31m'", false, "(2, 2)", &[0; 64]), "header: "),
        ("long.npy", long, "header: 4294967295 bytes long"),
        ("quote.csv", format!("a,b\n\"{}", "0.1,0.2\n".repeat(1000)).into_bytes(), "line "),
        (
            "wide.csv",
            format!("{}\nz\n", "a,".repeat(50_000)).into_bytes(),
            "line 2: 1 cells where the lines above have",
        ),
        ("cell.csv", format!("a,b\n0.1,{}\n", "z".repeat(100_000)).into_bytes(), "line 2: column `b`: `zzz"),
        ("name.csv", format!("{}\u{1b}[31m,b\n0.1,z\n", "a".repeat(100_000)).into_bytes(), "line 2: column `b`"),
    ] {
        let line = complaint(scan(&at(name, &bytes)));
        assert!(line.contains(expected), "{name}: {line}");
        // As it comes on standard input, but for archives.
        let mut piped = hypprec(&["scan", "-", "--model", "poincare", "--scalar", "f32"]);
        piped.stdin(fs::File::open(folder.path().join(name)).unwrap());
        assert!(complaint(piped).starts_with("hypprec: standard input: "), "{name}");
    }
    let many: Vec<String> = (0..3000).map(|i| format!("array\u{1b}[31m\n{i}")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), one.as_slice())).collect();
    let many = at("many.npz", &npz(zip::CompressionMethod::Stored, &many));
    assert!(complaint(scan(&many)).contains("and 2992 more"));
    let asked = "z\n\u{1b}".repeat(30_000);
    complaint(hypprec(&["scan", &many, "--model", "poincare", "--scalar", "f32", "--array", &asked]));
}

#[cfg(target_os = "linux")]
#[test]
fn files_without_an_end_are_refused() {
    for arguments in [
        &["scan", "/dev/zero", "--model", "poincare", "--scalar", "f32"][..],
        &["choose", "--embedding", "/dev/zero", "--model", "klein", "--tolerance", "1e-3"],
        &["eval", "/dev/zero", "--op", "distance", "--model", "poincare"],
        &["sweep", "/dev/zero"],
        &["sample", "/dev/zero", "--op", "distance", "--model", "poincare"],
    ] {
        let line = complaint(hypprec(arguments));
        assert!(line.contains("longer than") || line.contains("not text"), "{arguments:?}: {line}");
    }
}

// -------------------------------------------------------------------------------------------------------------- arguments

/// The flags of a help that take a value.
fn flags(help: &str) -> Vec<String> {
    let flag = |line: &str| {
        let line = line.trim_start();
        let (name, rest) = line.strip_prefix("--").or(line.split_once(", --").map(|(_, of)| of))?.split_once(' ')?;
        rest.starts_with('<').then(|| format!("--{name}"))
    };
    help.lines().filter(|line| line.starts_with("  ")).filter_map(flag).collect()
}

#[test]
fn no_value_of_any_flag_aborts() {
    let folder = tempfile::tempdir().unwrap();
    let points = "c,x,y,v,p,a,t,value\n1,0.1 0.2,0.3 0.4,0.1 0,0.2 0.1,1 2,0.5,0.5\n";
    let points = written(folder.path(), "points.csv", points);
    let embedding = written(folder.path(), "embedding.csv", "0.1,0.2\n0.3,-0.4\n0.5,0.1\n");
    let (_, study) = seeds().into_iter().find(|(reader, _)| *reader == Reader::Study).unwrap();
    let study = written(folder.path(), "study.toml", study);
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    let absent = folder.path().join("absent.csv");
    let absent = absent.to_str().unwrap();
    let quick: &[&str] = &["nan", "18446744073709551615", "-1"];
    let more: &[&str] = &["0", "inf", "1e999", "99999999999999999999", "", "\u{1b}[31m\n", "1e-320", "4294967296"];
    let long = cases(FUZZ_CASES) > FUZZ_CASES;
    for base in [
        &["sweep", &study, "--out", out, "--force"][..],
        &["sweep", &study, "--out", out],
        &["eval", &points, "--op", "distance", "--model", "poincare", "--truth"],
        &["audit", &points, "--op", "distance", "--model", "poincare", "--scalar", "f64"],
        &["sample", &study, "--op", "distance", "--model", "poincare"],
        &["scan", &embedding, "--model", "poincare", "--scalar", "f32", "--pairs", "2"],
        &["choose", "--radius", "5", "--tolerance", "1e-2"],
        &["choose", "--embedding", &embedding, "--model", "poincare", "--tolerance", "1e-2"],
        &["check", &study, "--baseline", absent],
        &["report", out],
        &["list"],
    ] {
        let help = String::from_utf8(ended(hypprec(&[base[0], "--help"])).stdout).unwrap();
        // Judging is measuring, which takes its time.
        for flag in flags(&help).iter().filter(|flag| *flag != "--regenerate") {
            for value in quick.iter().chain(if long { more } else { &[] }) {
                // The last of a flag that is given twice is no fault of the value.
                let mut arguments: Vec<&str> = base.to_vec();
                if let Some(at) = arguments.iter().position(|argument| argument == flag) {
                    arguments.drain(at..at + 2);
                }
                let given = format!("{flag}={value}");
                arguments.push(&given);
                let mut command = hypprec(&arguments);
                command.current_dir(folder.path());
                polite(command);
            }
        }
    }
    let huge = "x\n\u{1b}[31m".repeat(12_000);
    for arguments in [&[huge.as_str()][..], &["sweep", &huge], &["scan", &huge, "--model", "klein", "--scalar", "f32"]]
    {
        complaint(hypprec(arguments));
    }
    let scan = ["scan", &embedding, "--model", "poincare", "--scalar", "f32"];
    assert!(complaint(hypprec(&[&scan[..], &["--pairs", "18446744073709551615"]].concat())).contains("100000"));
    assert!(complaint(hypprec(&[&scan[..], &["--curvature", "-1"]].concat())).contains("curvature −c, here 1"));
}

#[test]
fn names_that_steer_a_terminal_do_not_reach_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), "a\u{1b}[31m\nb.csv", "u,v\n0.1,0.2\n0.3,0.4\n0.5,0.1\n");
    let out = folder.path().join("out");
    let scan =
        ["scan", &file, "--model", "poincare", "--scalar", "f32", "--pairs", "2", "--out", out.to_str().unwrap()];
    let output = ended(hypprec(&scan));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for bytes in [&output.stdout, &output.stderr] {
        assert!(!bytes.contains(&0x1b));
    }
    // Nor do they end the line of a table that says where it comes from.
    let table = fs::read_to_string(out.join("pairs.csv")).unwrap();
    assert!(table.starts_with("# command: hypprec scan ") && table.lines().nth(1).unwrap().starts_with("# version: "));
    for name in ["README.md", "index.html"] {
        assert!(!fs::read_to_string(out.join(name)).unwrap().contains('\u{1b}'), "{name}");
    }
    // A name that is no text at all is shown as well as it can be.
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt;
        let path = folder.path().join(std::ffi::OsStr::from_bytes(b"\xff\xfe.csv"));
        fs::write(&path, "u,v\n0.1,0.2\n0.3,0.4\n0.5,0.1\n").unwrap();
        let mut command = hypprec(&["scan", "--model", "klein", "--scalar", "f32", "--pairs", "2", "--json"]);
        command.arg(&path);
        let output = ended(command);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(serde_json::from_slice::<serde_json::Value>(&output.stdout).is_ok());
    }
    let named = written(folder.path(), "named.csv", "u\u{1b}[31m,v\u{202e}\n1,2\n1,3\n1,4\n");
    let output = ended(hypprec(&["scan", &named, "--model", "lorentz", "--scalar", "f32", "--pairs", "2"]));
    assert!(output.status.success() && !output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b));
}
