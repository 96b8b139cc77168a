//! The language, by examples in Markdown, snapshots, and files that are shipped.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use proofmark_lang::render::{self, Style};
use proofmark_lang::{self as lang, Code, DiskFiles, Loaded, MemoryFiles, Severity};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn markdown(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join(folder))
        .unwrap_or_else(|error| panic!("{folder}: {error}"))
        .map(|entry| entry.expect("a folder entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    files.sort();
    files
}

/// A fenced `kdl` block of a Markdown file.
struct Block {
    /// What follows `kdl` on the fence.
    marks: Vec<String>,
    /// Line of the file on which the text begins.
    line: usize,
    text: String,
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, Option<Block>)> = None;
    for (i, line) in markdown.lines().enumerate() {
        match &mut open {
            Some((fence, block)) if line.trim_end() == fence => {
                blocks.extend(block.take());
                open = None;
            }
            Some((_, Some(block))) => block.text += &format!("{line}\n"),
            Some((_, None)) => {}
            None if line.starts_with("```") => {
                let info = line.trim_start_matches('`');
                let fence = "`".repeat(line.len() - info.len());
                let mut marks = info.split_whitespace().map(str::to_owned);
                let kdl = marks.next().as_deref() == Some("kdl");
                let block = Block { marks: marks.collect(), line: i + 2, text: String::new() };
                open = Some((fence, kdl.then_some(block)));
            }
            None => {}
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    blocks
}

type Codes = BTreeMap<(String, u32), Vec<String>>;

/// What the comments of a text expect, by file and line.
fn expected(file: &str, text: &str, codes: &mut Codes) {
    for (line, content) in (1..).zip(text.lines()) {
        for severity in ["error", "warning"] {
            let Some((_, list)) = content.split_once(&format!("// {severity}: ")) else { continue };
            let list = list.split("//").next().unwrap_or(list);
            let found = list.split(['[', ']']).map(str::trim).filter(|code| !code.is_empty());
            for code in found {
                assert!(code.parse::<Code>().is_ok(), "{file}:{line}: no code `{code}`");
                let entry = codes.entry((file.to_owned(), line)).or_default();
                entry.push(format!("{severity}: {code}"));
            }
        }
    }
}

fn actual(loaded: &Loaded, codes: &mut Codes) {
    for diagnostic in &loaded.diagnostics {
        let place = diagnostic.origin().and_then(|origin| loaded.sources.place(origin));
        let place = place.unwrap_or_else(|| panic!("without a place: {diagnostic:?}"));
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let entry = codes.entry((place.file.display().to_string(), place.line)).or_default();
        entry.push(format!("{severity}: {}", diagnostic.code));
    }
}

/// What the comments of a text expect to be said of its lines, where anything of that is not.
fn unsaid(file: &str, text: &str, loaded: &Loaded) -> Vec<String> {
    let mut missing = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        let wanted = content.split("// ").filter_map(|part| part.strip_prefix("help: "));
        for wanted in wanted.map(str::trim) {
            let of_line = |d: &&lang::Diagnostic| {
                let place = d.origin().and_then(|origin| loaded.sources.place(origin));
                place.is_some_and(|p| p.line == line && p.file == Path::new(file))
            };
            let said: Vec<String> = (loaded.diagnostics.iter().filter(of_line))
                .map(|d| format!("{}\n{}\n{}", d.title, d.text, d.help.as_deref().unwrap_or("")))
                .collect();
            if !said.iter().any(|said| said.contains(wanted)) {
                missing.push(format!("line {line} of {file}: no {wanted:?} in {said:?}"));
            }
        }
    }
    missing
}

fn sorted(mut codes: Codes) -> Codes {
    codes.values_mut().for_each(|list| list.sort());
    codes
}

#[test]
fn suites_give_the_codes_they_say_and_no_others() {
    let mut wrong = String::new();
    let mut examples = 0;
    for path in markdown("tests/lang") {
        let mut shared: Vec<(String, String)> = Vec::new();
        let mut beside: Vec<(String, String)> = Vec::new();
        for block in blocks(&read(&path)) {
            let mark = |key: &str| {
                block.marks.iter().find_map(|mark| mark.strip_prefix(key).map(str::to_owned))
            };
            if let Some(name) = mark("shared=") {
                shared.push((name, block.text));
                continue;
            }
            if let Some(name) = mark("file=") {
                beside.push((name, block.text));
                continue;
            }
            let mut files = beside.split_off(0);
            files.push(("main.kdl".to_owned(), block.text));
            let mut memory = MemoryFiles::default();
            let mut want = Codes::new();
            for (name, text) in shared.iter().chain(&files) {
                memory = memory.with(name, text.as_str());
                expected(name, text, &mut want);
            }
            examples += want.values().map(Vec::len).sum::<usize>();
            let path_of = Path::new("main.kdl");
            let loaded = match block.marks.iter().any(|mark| mark == "clusters") {
                true => lang::load_clusters(path_of, &memory).1,
                false => lang::load(path_of, &memory),
            };
            let mut got = Codes::new();
            actual(&loaded, &mut got);
            for (name, text) in &files {
                for missing in unsaid(name, text, &loaded) {
                    writeln!(wrong, "{}, block at {}: {missing}", path.display(), block.line)
                        .expect("writing to a string");
                }
            }
            let (want, got) = (sorted(want), sorted(got));
            let places: std::collections::BTreeSet<_> = want.keys().chain(got.keys()).collect();
            for place in places {
                let (want, got) = (want.get(place), got.get(place));
                if want != got {
                    let (file, line) = place;
                    let at = path.file_name().expect("a name").display().to_string();
                    let line_of =
                        if file == "main.kdl" { block.line - 1 } else { 0 } + *line as usize;
                    writeln!(wrong, "{at} ({file}:{line}, line {line_of})\n  expected {want:?}\n  found    {got:?}")
                        .expect("writing to a string");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(examples >= 200, "only {examples} broken examples");
}

#[test]
fn every_code_of_a_file_has_an_example_in_a_suite() {
    let suites: String = markdown("tests/lang").iter().map(|path| read(path)).collect();
    // These need files that no Markdown block can be; the explanations have them.
    let elsewhere = [Code::FileTooLarge, Code::NotUtf8, Code::ImportTooDeep];
    for code in Code::ALL.iter().filter(|code| !elsewhere.contains(code)) {
        assert!(suites.contains(&format!("[{code}]")), "no example of {code}");
    }
}

#[test]
fn kdl_in_the_documentation_is_right() {
    let mut files = markdown("docs");
    files.push(root().join("README.md"));
    for path in files.iter().filter(|path| path.exists()) {
        for block in blocks(&read(path)) {
            let marked = |mark: &str| block.marks.iter().any(|other| other == mark);
            let at = format!("{}:{}", path.display(), block.line);
            let diagnostics = if marked("fragment") {
                lang::check_fragment(Path::new("fragment.kdl"), &block.text).diagnostics
            } else {
                let files = MemoryFiles::default().with("main.kdl", block.text.as_str());
                let path = Path::new("main.kdl");
                match lang::is_clusters_file(path, &files) {
                    true => lang::load_clusters(path, &files).1.diagnostics,
                    false => lang::load(path, &files).diagnostics,
                }
            };
            let errors: Vec<_> =
                diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
            assert_eq!(errors.is_empty(), !marked("must-fail"), "{at}: {errors:#?}");
        }
    }
}

#[test]
fn the_reference_page_is_current() {
    let path = root().join("docs/language.md");
    let page = lang::reference();
    if std::env::var_os("PROOFMARK_UPDATE").is_some() {
        std::fs::write(&path, &page).expect("docs/language.md is written");
    }
    assert!(
        read(&path) == page,
        "docs/language.md is stale; run PROOFMARK_UPDATE=1 cargo test --test lang"
    );
}

#[test]
fn shipped_experiments_are_right_and_formatted() {
    let mut count = 0;
    for folder in ["experiments", "datasets"] {
        for entry in std::fs::read_dir(root().join(folder)).expect("the folder is there") {
            let path = entry.expect("a folder entry").path();
            if path.extension().is_none_or(|extension| extension != "kdl") {
                continue;
            }
            let loaded = lang::load(&path, &DiskFiles);
            let style = Style { width: 100, color: false };
            let text = render::text(&loaded.diagnostics, &loaded.sources, style);
            assert!(loaded.diagnostics.is_empty(), "{}:\n{text}", path.display());
            let source = read(&path);
            let formatted = lang::format(&path, &source).expect("sound syntax");
            assert!(formatted == source, "{} is not formatted", path.display());
            count += 1;
        }
    }
    assert!(count >= 10, "only {count} files");
}
