//! What `docs/architecture.md` says of the rooms, held against their manifests and imports.

mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use sources::Sources;

/// Libraries that the table names where a room uses them: what it is called there, and the crate.
/// Those that are not here are small, or used everywhere.
const LIBRARIES: [(&str, &str); 8] = [
    ("Arrow", "arrow-array"),
    ("candle", "candle-core"),
    ("image", "image"),
    ("kdl", "kdl"),
    ("miette", "miette"),
    ("Polars", "polars"),
    ("resvg", "resvg"),
    ("ureq", "ureq"),
];

/// Lines of tests that a file may end with.
const LONGEST: usize = 150;

/// The file that still lies beside the folder of its modules, to which its fields are private.
const OLD_STYLE: [&str; 1] = ["src/lang/syntax/scan.rs"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folders below `src` that are crates.
fn rooms() -> Vec<String> {
    let entries = fs::read_dir(root().join("src")).unwrap();
    let names = entries.map(|entry| entry.unwrap().path());
    let mut rooms: Vec<String> = names
        .filter(|path| path.join("Cargo.toml").is_file())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    rooms.sort();
    rooms
}

/// The dependencies of a manifest, but for those of tests.
fn dependencies(manifest: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(manifest).unwrap();
    let mut found = BTreeSet::new();
    let mut inside = false;
    for line in text.lines() {
        match line.strip_prefix('[') {
            Some(head) => {
                inside = head == "dependencies]"
                    || (head.starts_with("target.") && head.ends_with(".dependencies]"));
            }
            None if inside => {
                let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
                if !name.is_empty() && !name.starts_with('#') {
                    found.insert(name.to_owned());
                }
            }
            None => {}
        }
    }
    found
}

/// The last column of the table of folders, by folder: names without what parentheses say.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let lines = text.lines().skip_while(|line| !line.ends_with("| may use |")).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|')).map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let folder = cells[0].trim_matches('`').trim_start_matches("src/").trim_end_matches('/');
        let mut plain = String::new();
        let mut open = 0;
        for c in cells[2].chars() {
            open += i32::from(c == '(') - i32::from(c == ')');
            if open == 0 && c != ')' {
                plain.push(c);
            }
        }
        let names = plain.split(',').map(|name| name.trim().to_owned());
        (folder.to_owned(), names.filter(|name| !name.is_empty()).collect())
    });
    rows.collect()
}

#[test]
fn no_two_files_of_a_room_import_each_other() {
    let mut wrong = Vec::new();
    for room in rooms().iter().map(String::as_str).chain([""]) {
        let sources = Sources::of(&root().join("src").join(room));
        assert!(sources.len() > 1, "{room} has files");
        for circle in sources.circles() {
            wrong.push(format!("src/{room}: a circle of imports: {circle:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rooms_use_what_the_table_says() {
    let table = table();
    let mut wrong = Vec::new();
    for room in rooms() {
        let folder = root().join("src").join(&room);
        let manifest = dependencies(&folder.join("Cargo.toml"));
        let rooms = manifest.iter().filter_map(|name| name.strip_prefix("proofmark-"));
        let mut used: BTreeSet<String> = rooms.map(str::to_owned).collect();
        let libraries = LIBRARIES.iter().filter(|(_, library)| manifest.contains(*library));
        used.extend(libraries.map(|(name, _)| (*name).to_owned()));
        match table.get(&room) {
            Some(said) if *said == used => {}
            said => wrong.push(format!("src/{room} uses {used:?}, and the table says {said:?}")),
        }
    }
    assert!(wrong.is_empty(), "docs/architecture.md:\n{}", wrong.join("\n"));
    // The rest is the program's own crate, whose rooms stand below all others.
    let folders: BTreeSet<&str> = table.keys().map(String::as_str).collect();
    let rooms = rooms();
    let known = rooms.iter().map(String::as_str).chain(["engine", "cli"]).collect();
    assert_eq!(folders, known, "docs/architecture.md has a row for each folder of src");
    let program = Sources::of(&root().join("src"));
    assert_eq!(program.path_between("engine", "cli"), [""; 0], "engine is not to know cli");
}

#[test]
fn what_a_manifest_names_is_used() {
    let mut unused = Vec::new();
    for room in rooms().iter().map(String::as_str).chain([""]) {
        let folder = root().join("src").join(room);
        let manifest = if room.is_empty() { root() } else { folder.clone() }.join("Cargo.toml");
        let sources = Sources::of(&folder);
        // `main.rs` is a crate of its own.
        let main = fs::read_to_string(folder.join("main.rs")).unwrap_or_default();
        for name in dependencies(&manifest) {
            let named = sources.names(&name) || main.contains(&name.replace('-', "_"));
            if !named {
                unused
                    .push(format!("no file of src/{room} uses {name}: not to be in its manifest"));
            }
        }
    }
    assert!(unused.is_empty(), "{}", unused.join("\n"));
}

/// Every file of the sources, with its text.
fn files() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut left = vec![root().join("src")];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn tests_lie_where_they_are_looked_for() {
    let mut wrong = Vec::new();
    for (file, text) in files() {
        let name = file.rsplit('/').next().unwrap();
        let stem = name.trim_end_matches(".rs");
        for path in text.split("#[path = \"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            if !(path.starts_with(&format!("{stem}_")) && path.ends_with("tests.rs")) {
                wrong.push(format!("{file} has tests in {path}, not in {stem}_tests.rs"));
            }
        }
        // A room may have tests of its whole in a folder of its own.
        if name.ends_with("tests.rs") || file.contains("/tests/") {
            continue;
        }
        let Some((_, inside)) = text.split_once("\nmod tests {\n") else {
            if text.contains("#[test]") {
                wrong.push(format!("{file} has tests outside of a module `tests`"));
            }
            continue;
        };
        let lines = inside.split("\n}\n").next().unwrap().lines().count();
        if lines > LONGEST {
            wrong.push(format!("{file} has {lines} lines of tests: put them into {stem}_tests.rs"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_front_only_hands_on() {
    let mut wrong = Vec::new();
    for room in rooms().iter().map(String::as_str).chain([""]) {
        for front in Sources::of(&root().join("src").join(room)).fronts_with_logic() {
            wrong.push(format!("src/{room}: {front}/mod.rs has functions or types of its own"));
        }
    }
    for (file, _) in files() {
        let has_folder = root().join(file.trim_end_matches(".rs")).is_dir();
        if has_folder && !OLD_STYLE.contains(&file.as_str()) {
            wrong.push(format!("{file} lies beside its folder: move it to mod.rs in there"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn paths_that_documents_name_are_there() {
    let mut wrong = Vec::new();
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let others = ["README.md", "CONTRIBUTING.md"].map(|name| root().join(name));
    let files = docs.chain(others).filter(|path| path.extension().is_some_and(|e| e == "md"));
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        // What is between backticks; names in capitals stand for others.
        let named = text.split('`').skip(1).step_by(2);
        let paths = named.filter(|name| {
            ["src/", "tests/", "benches/", "scripts/"].iter().any(|folder| name.starts_with(folder))
                && !name.contains(|c: char| c.is_ascii_uppercase() || " *\n".contains(c))
        });
        for path in paths.filter(|path| !root().join(path).exists()) {
            wrong.push(format!("{} names {path}, which is not there", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn circles_are_found_however_the_import_is_written() {
    let round = |a: &str, b: &str| {
        let front = "pub mod a; mod b; mod c; pub use b::B; pub use a::{A, A as Other};";
        let c = "use crate::B; pub struct C(B);";
        !Sources::made_up(&[("", front), ("a", a), ("b", b), ("c", c)]).circles().is_empty()
    };
    let b = "use super::a::A; pub struct B(A);";
    for a in [
        "use crate::b::B; pub struct A(B);",
        "use super::b; pub struct A(b::B);",
        "use crate::B; pub struct A(B);",
        "pub struct A(super::B);",
        "use super::b::{self as other}; pub struct A(other::B);",
        "use std::{fmt, io}; use crate::{c::C, b::{B}}; pub struct A(B);",
        "use super::c::C; pub struct A(C);",
        "fn a() { let x = 'a'; let y = '\\''; crate::b::f(x, y); }",
    ] {
        assert!(round(a, b), "{a}");
    }
    for a in [
        "pub struct A;",
        "// use crate::b::B;\n/* crate::b::B */ pub struct A;",
        "pub const A: &str = \"crate::b::B\"; const C: &str = r#\"crate::b::B\"#;",
        "pub struct A; #[cfg(test)] mod tests { use crate::b::B; fn f() { g(); } }",
        "pub struct A; #[cfg(all(test, unix))] use crate::b::B;",
        "use std::b::B; pub struct A(B);",
    ] {
        assert!(!round(a, b), "{a}");
    }
    // By way of a third file, and of what a front hands on under another name.
    assert!(round("use super::c::C; pub struct A;", "use super::Other; pub struct B;"));
}
