//! Files that are broken or hostile: never a panic, never a hang.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proofmark::lang::{self, Code, DiskFiles, Loaded, MemoryFiles};
use proptest::prelude::*;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn load(text: impl Into<Vec<u8>>) -> Loaded {
    lang::load(Path::new("main.kdl"), &MemoryFiles::default().with("main.kdl", text))
}

/// Loads within a time that no hang keeps.
fn quickly(text: String) -> Loaded {
    let start = Instant::now();
    let loaded = load(text);
    assert!(start.elapsed() < Duration::from_secs(20), "took {:?}", start.elapsed());
    loaded
}

fn codes(loaded: &Loaded) -> Vec<Code> {
    loaded.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn depth_is_bounded_before_parsing() {
    let n = 100_000;
    let open = codes(&quickly("a {".repeat(n)));
    assert!(open.contains(&Code::TooDeep) && open.contains(&Code::UnclosedBlock), "{open:?}");
    let loaded = quickly("a {".repeat(n) + &"}".repeat(n));
    assert!(codes(&loaded).contains(&Code::TooDeep));
    for text in [
        "{", "}", ")", "(", "=", ";", "/-", "/*", "\"", "#", "\\", "a{}b", "x(", "/-{", "a /-{",
        "\"\"\"\n", "#\"", "'",
    ] {
        let loaded = quickly(text.repeat(n));
        assert!(loaded.has_errors(), "{text:?}");
        assert!(loaded.diagnostics.len() <= 100, "{text:?}: {}", loaded.diagnostics.len());
    }
}

#[test]
fn chains_of_extends_are_bounded() {
    let mut text = String::from("experiment e0 { loss { cross-entropy } }\n");
    for i in 1..5_000 {
        text += &format!("experiment e{i} extends=e{} {{ }}\n", i - 1);
    }
    let loaded = quickly(text);
    assert!(codes(&loaded).contains(&Code::TooDeep));
    assert!(loaded.omitted > 4_000, "{}", loaded.omitted);
}

#[test]
fn what_is_switched_off_costs_nothing() {
    let n = 12;
    let text = "a /-{ b ".repeat(n) + &"}".repeat(n);
    let loaded = quickly(format!("recipe r {{ epochs 3; batch 8; adamw lr=1; /-x {{ {text} }} }}"));
    assert_eq!(codes(&loaded), []);
}

#[test]
fn files_on_disk_that_are_no_experiments() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    };
    let code = |path: &Path| codes(&lang::load(path, &DiskFiles));
    assert_eq!(code(&folder.path().join("none.kdl")), [Code::MissingFile]);
    assert_eq!(code(folder.path()), [Code::UnreadableFile]);
    assert_eq!(code(&write("huge.kdl", &vec![b' '; (4 << 20) + 1])), [Code::FileTooLarge]);
    assert_eq!(code(&write("binary.kdl", &[0xff, 0xfe, b'a'])), [Code::NotUtf8]);
    assert_eq!(code(&write("nul.kdl", b"recipe\0")), [Code::Syntax]);
    assert_eq!(code(&write("empty.kdl", b"")), []);
    let large = "// a comment of some length to fill the file\n".repeat(90_000);
    assert_eq!(code(&write("large.kdl", large.as_bytes())), []);
    #[cfg(unix)]
    {
        let endless = Path::new("/dev/zero");
        if endless.exists() {
            assert_eq!(code(endless), [Code::UnreadableFile]);
        }
        std::fs::create_dir(folder.path().join("sub")).expect("a folder");
        write("sub/self.kdl", b"import \"link.kdl\"\n");
        std::os::unix::fs::symlink(
            folder.path().join("sub/self.kdl"),
            folder.path().join("sub/link.kdl"),
        )
        .expect("a link");
        assert_eq!(code(&folder.path().join("sub/self.kdl")), [Code::ImportCycle]);
    }
}

#[test]
fn diagnostics_of_one_file_are_capped_and_the_rest_counted() {
    let loaded = load("recipe r { epoch 3 }\n".repeat(300));
    assert_eq!(loaded.diagnostics.len(), lang::diagnostic::PER_FILE);
    assert!(loaded.omitted >= 550, "{}", loaded.omitted);
}

/// Table 3 with everything it imports in one text.
fn table3() -> String {
    let mut text = String::new();
    let mut datasets: Vec<PathBuf> = std::fs::read_dir(root().join("datasets"))
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    datasets.sort();
    for path in datasets {
        text += &std::fs::read_to_string(path).expect("readable");
    }
    let main = std::fs::read_to_string(root().join("experiments/table3.kdl")).expect("readable");
    text += &main.replace("import ", "// import ");
    text
}

#[derive(Clone, Debug)]
enum Edit {
    Delete(usize, usize),
    Insert(usize, &'static str),
    Duplicate(usize, usize),
    Byte(usize, u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = 0..100_000usize;
    let pieces = prop::sample::select(vec![
        "{",
        "}",
        "(",
        ")",
        "=",
        ";",
        "\"",
        "\"\"\"",
        "#\"",
        "/-",
        "/*",
        "*/",
        "//",
        "\\",
        "\n",
        " ",
        "#true",
        "true",
        "1e999",
        "-0",
        "(%)",
        "(epoch)",
        "é",
        "\u{202e}",
        "\0",
        "[",
        ",",
        ":",
        "- ",
        "override recipe { }",
        "extends=fsfm",
        "import \"x\"",
        "\u{feff}",
        "99999999999999999999999",
        "test",
        "loss",
        "source ",
        "/-{",
        "{}}",
        "=\"",
    ]);
    prop_oneof![
        (at.clone(), 1..200usize).prop_map(|(at, n)| Edit::Delete(at, n)),
        (at.clone(), pieces).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        (at.clone(), 1..400usize).prop_map(|(at, n)| Edit::Duplicate(at, n)),
        (at, any::<u8>()).prop_map(|(at, byte)| Edit::Byte(at, byte)),
    ]
}

fn apply(bytes: &mut Vec<u8>, edit: &Edit) {
    let at = |i: usize| i % (bytes.len() + 1);
    match *edit {
        Edit::Delete(i, n) => {
            let start = at(i);
            let end = (start + n).min(bytes.len());
            bytes.drain(start..end);
        }
        Edit::Insert(i, piece) => {
            let start = at(i);
            bytes.splice(start..start, piece.bytes());
        }
        Edit::Duplicate(i, n) => {
            let start = at(i);
            let end = (start + n).min(bytes.len());
            let copy = bytes[start..end].to_vec();
            bytes.splice(end..end, copy);
        }
        Edit::Byte(i, byte) => {
            let start = at(i);
            if let Some(old) = bytes.get_mut(start) {
                *old = byte;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_mutation_of_table3_panics(edits in prop::collection::vec(edit(), 1..8)) {
        let mut bytes = table3().into_bytes();
        for edit in &edits {
            apply(&mut bytes, edit);
        }
        let loaded = load(bytes.clone());
        let style = lang::render::Style { width: 80, color: false };
        let text = lang::render::text(&loaded.diagnostics, &loaded.sources, style);
        prop_assert_eq!(text.is_empty(), loaded.diagnostics.is_empty());
        for row in lang::render::rows(&loaded.diagnostics, &loaded.sources) {
            for label in row.labels {
                prop_assert!((label.line, label.column) <= (label.end_line, label.end_column));
            }
        }
        // What loads without errors formats, and means the same afterwards.
        if let Ok(text) = String::from_utf8(bytes)
            && let Ok(formatted) = lang::format(Path::new("main.kdl"), &text)
        {
            prop_assert_eq!(&load(formatted.as_str()).project, &loaded.project);
            prop_assert_eq!(lang::format(Path::new("main.kdl"), &formatted).expect("sound"), formatted);
        }
    }

    #[test]
    fn no_text_panics(text in r##"([a-z]{1,4}|[0-9.]{1,3}|[ {}()"#=;/*\\\n\r\[\],:-]|é|\PC){0,80}"##) {
        let loaded = load(text);
        prop_assert!(loaded.diagnostics.iter().all(|d| !d.title.is_empty()));
    }
}
