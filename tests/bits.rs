//! The same bytes on every machine: digests of each kind of arithmetic against committed ones, in
//! every width that this machine has, on one, two and three threads.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use proofmark_prepare::store::FaceFile;

fn doctor(arguments: &[&str], width: &str) -> (Output, String) {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("proofmark"));
    command.arg("doctor").args(arguments).env("PROOFMARK_SIMD", width);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

#[test]
fn every_width_and_number_of_threads_gives_the_committed_digests() {
    if std::env::var_os("PROOFMARK_UPDATE").is_some() {
        let (_, digests) = doctor(&["--digests"], "portable");
        return std::fs::write("src/engine/bits.txt", digests).unwrap();
    }
    let (output, text) = doctor(&["--bits"], "");
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let same = text.lines().filter(|line| line.ends_with("the same bits as on every machine"));
    // Three numbers of threads for each width, of which every machine has the portable one.
    let same = same.count();
    assert!(same >= 3 && same % 3 == 0, "{text}");
    assert!(text.contains("portable, 3 threads"), "{text}");
    assert!(text.starts_with("processor  "), "{text}");
}

#[test]
fn a_width_that_is_chosen_is_used_and_one_that_is_none_is_a_usage_error() {
    let committed = include_str!("../src/engine/bits.txt");
    let (output, digests) = doctor(&["--digests"], "portable");
    assert_eq!((output.status.code(), digests.as_str()), (Some(0), committed));
    let (_, text) = doctor(&[], "portable");
    assert!(text.contains("computes in portable"), "{text}");
    let (output, _) = doctor(&[], "avx9");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("this machine has"), "{error}");
}

/// Every kind of work at its smallest: faces of videos, photographs and the demo, training with each
/// objective, optimizer and augmentation, scores, tables, pages and plots.
struct Small {
    folder: tempfile::TempDir,
}

impl Small {
    fn run(width: &str, threads: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        for (from, to) in [
            ("bits/bits.kdl", "bits.kdl"),
            ("bits/clip.mp4", "clips/real/0.mp4"),
            ("bits/clip.mp4", "clips/fake/1.mp4"),
            ("retinaface/astronaut.png", "astronaut/real/0.png"),
            ("retinaface/astronaut.png", "astronaut/fake/1.png"),
        ] {
            let to = folder.path().join(to);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(golden.join(from), to).unwrap();
        }
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("proofmark"));
        command.args(["run", "bits.kdl", "-q", "--store", "store", "--jobs", threads]);
        command.current_dir(folder.path()).env_remove("PROOFMARK_DEVICE");
        command.env("PROOFMARK_SIMD", width).env("RAYON_NUM_THREADS", threads);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { folder }
    }

    /// What was made, a line each, in a fixed order: results by name, faces by their pixels and
    /// boxes, reports.
    fn digests(&self) -> String {
        let root = self.folder.path();
        let mut lines = Vec::new();
        for file in files(&root.join("store/objects")) {
            if file.file_name().unwrap() != "stage.json" {
                continue;
            }
            let record = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            let record: serde_json::Value = record;
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            let what = format!("{} {}", text(&record["stage"]), text(&record["name"]));
            if let Some((videos, faces)) = match what.as_str() {
                "faces clips" => Some((["fake/1.mp4", "real/0.mp4"], 4)),
                "faces astronaut" => Some((["fake/1.png", "real/0.png"], 1)),
                _ => None,
            } {
                lines.push(format!("{what} {}", crops(file.parent().unwrap(), videos, faces)));
            }
            // Without what has the time in it, and shards, whose order is the workers'.
            for name in
                ["model.safetensors", "predictions.parquet", "sample.parquet", "frames.parquet"]
            {
                if let Ok(bytes) = std::fs::read(file.with_file_name(name)) {
                    lines.push(format!("{what} {name} {}", &blake3::hash(&bytes).to_hex()[..16]));
                }
            }
        }
        for file in files(&root.join("reports")) {
            let mut bytes = std::fs::read(&file).unwrap();
            if file.extension().unwrap() == "html" {
                bytes = anonymous(&String::from_utf8(bytes).unwrap()).into_bytes();
            }
            let digest = blake3::hash(&bytes).to_hex();
            let name = file.strip_prefix(root).unwrap().display().to_string();
            lines.push(format!("{name} {}", &digest[..16]));
        }
        lines.sort();
        lines.join("\n") + "\n"
    }
}

/// A digest of the crops of some videos of as many faces each, and of the boxes they were cut by.
fn crops(folder: &Path, videos: [&str; 2], faces: usize) -> String {
    let videos = videos.into_iter().map(|key| (key, faces, Some("faces.00000")));
    let file = FaceFile::open(folder, videos).unwrap();
    let (mut hasher, mut rgb) = (blake3::Hasher::new(), Vec::new());
    for index in 0..file.len() {
        file.crop(index, &mut rgb).unwrap();
        hasher.update(&rgb);
        for edge in file.bbox(index).unwrap() {
            hasher.update(&edge.to_bits().to_le_bytes());
        }
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// A page without the machines it names (what made the faces of videos is told, since another
/// ffmpeg may decode other pixels) and without the nonce that is made of its content.
fn anonymous(page: &str) -> String {
    const MADE_ON: &str = r#""made on",""#;
    let nonce = page.split_once("'nonce-").unwrap().1.split_once('\'').unwrap().0;
    let page = page.replace(nonce, "");
    let mut pieces = page.split(MADE_ON);
    let first = pieces.next().unwrap().to_owned();
    pieces.fold(first, |page, piece| page + MADE_ON + piece.split_once('"').unwrap().1)
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The digests that are committed hold for one version of ffmpeg's decoder of H.264 at least; the
/// standard says which pixels a file has, and ffmpeg is asked for exact conversion.
#[test]
fn every_kind_of_work_gives_the_committed_bytes_in_every_width() {
    let narrow = Small::run("portable", "1").digests();
    if std::env::var_os("PROOFMARK_UPDATE").is_some() {
        return std::fs::write("tests/golden/bits/expected.txt", narrow).unwrap();
    }
    let committed = include_str!("golden/bits/expected.txt");
    let differ = |ours: &str| {
        let lines = committed.lines().filter(|line| !ours.lines().any(|own| own == *line));
        lines.map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    for kind in ["faces", "sample", "train", "predict", "reports"] {
        assert!(committed.lines().any(|line| line.starts_with(kind)), "nothing of {kind}");
    }
    assert_eq!(differ(&narrow), Vec::<String>::new(), "in portable width, on one thread");
    for (width, threads) in [("", "3"), ("", "2")] {
        let ours = Small::run(width, threads).digests();
        assert_eq!(differ(&ours), Vec::<String>::new(), "in the widest, on {threads} threads");
        assert_eq!(ours.lines().count(), committed.lines().count());
    }
}
