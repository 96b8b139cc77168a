//! Files that are broken or hostile: never a panic, never a hang.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proofmark_lang::render::Style;
use proofmark_lang::{self as lang, Code, DiskFiles, Loaded, MemoryFiles};
use proofmark_model::architecture::Architecture;
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

/// miette lays out in columns, of which it has 65,535; a line that is longer is shown in part.
#[test]
fn lines_of_any_length_are_shown_in_part() {
    let n = 16_500;
    let long = "x".repeat(300_000);
    for text in [
        "a {".to_owned() + &"b {".repeat(n) + &"}".repeat(n + 1),
        "a { ".to_owned() + &"b { ".repeat(n),
        format!("recipe r {{ epochs \"{long}\" }}"),
        format!("recipe {long} {{ epochs 1; {long} 3 }}"),
        format!("recipe r {{ epochs 3; batch 8; adamw lr=1 }} // {long}\nrecipe r {{ epochs 1 }}"),
        format!("dataset d {{ layout demo; layout {} demo }}", " ".repeat(200_000)),
        format!("x \"{long}"),
        format!("/* {long}"),
        format!("recipe r {{ {} epoch 3 }}", "é".repeat(100_000)),
        format!("recipe r {{\n epochs 3 {}\n epochs 4 }}", "é ".repeat(100_000)),
    ] {
        let loaded = quickly(text);
        assert!(loaded.has_errors());
        for width in [20, 80, 1000] {
            let style = Style { width, color: false };
            let shown = lang::render::text(&loaded.diagnostics, &loaded.sources, style);
            let longest = shown.lines().map(|line| line.chars().count()).max().unwrap_or(0);
            assert!(longest < 1700, "{longest} columns");
        }
    }
}

/// Where it is is said all the same, also beside a line that is too long.
#[test]
fn a_place_in_a_long_line_is_said() {
    let text = format!("recipe r {{ {}epoch 3 }}", " ".repeat(70_000));
    let loaded = load(text);
    let style = Style { width: 80, color: false };
    let shown = lang::render::text(&loaded.diagnostics, &loaded.sources, style);
    assert!(shown.contains("main.kdl:1:70012]"), "{shown}");
    assert!(shown.contains("epoch 3 }"), "{shown}");
}

/// A project with every number that the language has.
const NUMBERS: &str = r#"
dataset d {
    layout demo capture=studio seed=1 identities=8 videos=2 fakes=2 frames=2
    manipulation swap-seam
    manipulation mouth-paste
    split carve train=(%)50 val=(%)25 test=(%)25 seed=0
    frames count=2
    faces detector=retinaface size=32 score=0.8 nms=0.4 min-face=20 long-side=1280 margin=0.3
    min-coverage 0.5
    expect train=1 val=2 test=3 real=4 fake=5 face-swap=1 reenactment=1 real-samples=1 fake-samples=1 real-frames=1 fake-frames=1
}
dataset e {
    layout demo capture=phone seed=2 identities=4 videos=1 fakes=2 frames=2
    manipulation swap-warp
    split official val=0.5 seed=3
    frames fps=1
    faces size=32
}
dataset f {
    layout demo capture=phone seed=2 identities=4 videos=1 fakes=2 frames=2
    manipulation swap-warp
    split only=test
    frames every=1
    faces size=32
}
ensemble one { source d; source e; sample real-to-fake="1:1" at-least=1 seed=5 }
backbone v { vit patch=8 width=16 depth=2 heads=2 image=32 mlp-ratio=4.0 layer-scale=0.1 registers=4; drop-path 0.1 }
backbone n { efficientnet image=64 width-factor=1.0 depth-factor=1.1 dropout=0.4 momentum=0.01; drop-path 0.2 }
init s { random std=0.02 seed=7; normalize { mean 0.4 0.5 0.6; std 0.2 0.3 0.4 } }
recipe a {
    epochs 2
    batch 8 micro=4
    adamw lr=1e-3 weight-decay=0.05 layer-decay=0.9 beta1=0.8 beta2=0.99 eps=1e-7
    sam rho=0.05
    schedule cosine warmup=(epoch)1 min-lr=1e-6
    clip 1.0
    ema 0.9
    mix mixup=0.8 cutmix=1.0 probability=0.9 switch=0.4
    seed 9
}
recipe b {
    epochs 2
    batch 8
    sgd base-lr=1e-3 momentum=0.9 weight-decay=0.05
    schedule linear hold=(epoch)1
    seed 9
}
experiment x { data one; backbone v; init s; recipe a; loss { cross-entropy weight=1.0 smoothing=0.1 } }
experiment y { data one; backbone n; init s; recipe b; loss { cross-entropy; triplet batch-all margin=0.3 weight=0.5 } }
table t {
    row x "X"
    row y "Y"
    row o "O" predictions="o.csv" min-coverage=0.5 { columns video="video" score="score" dataset="dataset" }
    scenario "S" {
        column d "D"
        column f "F"
        corrupted jpeg dataset=d { quality 50 }
        corrupted resize dataset=d { side 0.5 }
        corrupted blur dataset=d { sigma 1.0 }
        corrupted noise dataset=d { deviation 8.0 }
    }
    metric auc
    metric accuracy threshold=0.5
    metric tpr fpr=0.01
    metric ece bins=15
    video-score frame-max area=0.5 failed=0.5
    intervals draws=200 level=0.95 seed=1
    tolerance 0.005
    claim "c" row=x above=y column="D" scenario="S" metric=auc by=0.01
}
"#;

/// The places of the numbers in a text.
fn numbers(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut rest = 0;
    while let Some(start) = text[rest..].find(|c: char| c.is_ascii_digit()).map(|at| rest + at) {
        let length = text[start..]
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | 'e' | '-')))
            .unwrap_or(text.len() - start);
        rest = start + length;
        // `beta1` is a key.
        if text[..start].ends_with(['=', ' ', ')', '"', ':']) {
            found.push(start..rest);
        }
    }
    found
}

/// Whatever number stands anywhere: an error, or a project that can be planned.
#[test]
fn no_number_is_too_much() {
    let whole = load(NUMBERS);
    assert!(!whole.has_errors(), "{:?}", whole.diagnostics);
    let places = numbers(NUMBERS);
    assert!(places.len() > 110, "{}", places.len());
    for place in places {
        for number in [
            "0",
            "-1",
            "1e300",
            "1e-300",
            "1e400",
            "9007199254740992",
            "9223372036854775808",
            "18446744073709551616",
            "#nan",
            "#inf",
            "170141183460469231731687303715884105728",
        ] {
            let mut text = NUMBERS.to_owned();
            text.replace_range(place.clone(), number);
            let loaded = load(text);
            let style = Style { width: 80, color: false };
            let _ = lang::render::text(&loaded.diagnostics, &loaded.sources, style);
            let _ = lang::render::rows(&loaded.diagnostics, &loaded.sources);
            for experiment in loaded.project.experiments.values() {
                let network = Architecture::new(&experiment.backbone, 2);
                if network.check().is_ok() {
                    assert!(network.flops().is_finite());
                }
            }
        }
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
        let style = Style { width: 80, color: false };
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
