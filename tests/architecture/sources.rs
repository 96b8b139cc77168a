//! The modules of a crate, and which of them import which.
//!
//! This reads text, not what the compiler sees: paths that begin with `crate`, `self`, `super`, a
//! child or something that was imported. What a `pub use` of a module without logic hands on is an
//! import of whoever takes it, from the file where it is. Tests may import what they like.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A module by the names on the way to it; none of the crate itself.
pub type Module = Vec<String>;

/// The modules of a crate.
#[derive(Default)]
pub struct Sources {
    texts: BTreeMap<Module, Source>,
}

/// What one file says.
struct Source {
    text: String,
    uses: Vec<Use>,
    /// Whether it only has modules and hands on what is in them.
    is_front: bool,
}

/// Something that a file imports.
struct Use {
    path: Vec<String>,
    name: String,
}

impl Sources {
    /// Those of a folder with a `lib.rs`.
    pub fn of(folder: &Path) -> Self {
        let mut sources = Self::default();
        sources.read(Vec::new(), &folder.join("lib.rs"), folder);
        sources
    }

    /// Those of made-up files, the crate's own first.
    #[cfg(test)]
    pub fn made_up(files: &[(&str, &str)]) -> Self {
        let mut sources = Self::default();
        for (module, text) in files {
            let module: Module = module.split_terminator("::").map(str::to_owned).collect();
            let is_front = module.is_empty();
            sources.add(module, &without_tests(&without_words(text)), is_front);
        }
        sources
    }

    fn read(&mut self, module: Module, file: &Path, below: &Path) {
        let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let text = without_tests(&without_words(&text));
        let is_front = file.ends_with("lib.rs") || file.ends_with("mod.rs");
        for name in declared(&text) {
            let mut child = module.clone();
            child.push(name.clone());
            let folder = below.join(&name);
            let own = below.join(format!("{name}.rs"));
            let file = if own.is_file() { own } else { folder.join("mod.rs") };
            self.read(child, &file, &folder);
        }
        self.add(module, &text, is_front);
    }

    fn add(&mut self, module: Module, text: &str, is_front: bool) {
        let mut uses = Vec::new();
        let mut rest = String::new();
        for (i, part) in text.split(';').enumerate() {
            // The last words before the semicolon are an import, or none.
            let start = part.rfind(" use ").map(|at| at + 1);
            let start = start.or(part.rfind("\nuse ").map(|at| at + 1));
            let start = start.or((i == 0 && part.starts_with("use ")).then_some(0));
            let import = start.map(|at| &part[at + "use ".len()..]);
            match import.filter(|tree| tree.chars().all(|c| is_name(c) || " \n:{},*".contains(c))) {
                Some(tree) => {
                    expand(tree, &mut Vec::new(), &mut uses);
                    rest += &part[..start.unwrap_or_default()];
                }
                None => rest += part,
            }
            rest.push(';');
        }
        self.texts.insert(module, Source { text: rest, uses, is_front });
    }

    /// Names of the modules of this crate.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// For each module those that it imports.
    pub fn imports(&self) -> BTreeMap<&Module, BTreeSet<Module>> {
        let mut imports = BTreeMap::new();
        for (module, source) in &self.texts {
            let mut taken = BTreeSet::new();
            // A front that hands something on needs nothing of it.
            let used = source.uses.iter().filter(|_| !source.is_front).map(|u| u.path.clone());
            for path in used.chain(paths(&source.text)) {
                let imported = source.uses.iter().find(|used| path[0] == used.name);
                let path = match imported {
                    Some(used) if path.len() > 1 => {
                        used.path.iter().chain(&path[1..]).cloned().collect()
                    }
                    _ => path,
                };
                if let Some(path) = self.absolute(module, &path) {
                    taken.insert(self.resolve(path));
                }
            }
            taken.remove(module);
            imports.insert(module, taken);
        }
        imports
    }

    /// The modules that import each other, directly or by way of others.
    pub fn circles(&self) -> Vec<BTreeSet<String>> {
        let imports = self.imports();
        let reached: BTreeMap<&Module, BTreeSet<&Module>> =
            imports.keys().map(|module| (*module, reached(module, &imports))).collect();
        let mut circles: Vec<BTreeSet<String>> = Vec::new();
        for (module, others) in &reached {
            let round: BTreeSet<String> = others
                .iter()
                .filter(|other| reached[*other].contains(module))
                .map(|other| other.join("::"))
                .collect();
            if !round.is_empty() && !circles.contains(&round) {
                circles.push(round);
            }
        }
        circles
    }

    /// A path from the crate's root, if it leads into this crate.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Vec<String>> {
        let mut base = match path.first()?.as_str() {
            "crate" => return Some(path[1..].to_vec()),
            "self" | "super" => module.clone(),
            first => {
                let mut child = module.clone();
                child.push(first.to_owned());
                return self.texts.contains_key(&child).then(|| [module.as_slice(), path].concat());
            }
        };
        let ups = path.iter().take_while(|part| *part == "super").count();
        base.truncate(base.len().checked_sub(ups)?);
        base.extend_from_slice(&path[ups.max(1)..]);
        Some(base)
    }

    /// The file in which a path ends.
    fn resolve(&self, path: Vec<String>) -> Module {
        let mut path = path;
        // As many steps as there are fronts one behind the other, and no circle of them.
        for _ in 0..8 {
            let length = (0..=path.len()).rev().find(|n| self.texts.contains_key(&path[..*n]));
            let (module, rest) = path.split_at(length.unwrap_or_default());
            let Some(name) = rest.first() else { break };
            let Some(source) = self.texts.get(module) else { break };
            let handed = source.uses.iter().find(|used| used.name == *name);
            let next = handed.and_then(|used| self.absolute(&module.to_vec(), &used.path));
            match next {
                Some(next) => path = [next.as_slice(), &rest[1..]].concat(),
                None => break,
            }
        }
        let length = (0..=path.len()).rev().find(|n| self.texts.contains_key(&path[..*n]));
        path.truncate(length.unwrap_or_default());
        path
    }

    /// Folders whose `mod.rs` has more than modules and what it hands on.
    pub fn fronts_with_logic(&self) -> Vec<String> {
        let fronts = self.texts.iter().filter(|(module, file)| file.is_front && !module.is_empty());
        let has_logic = |text: &str| {
            words(text)
                .any(|word| ["fn", "struct", "enum", "impl", "const", "static"].contains(&word))
        };
        let fronts = fronts.filter(|(_, source)| has_logic(&source.text));
        fronts.map(|(module, _)| module.join("/")).collect()
    }

    /// Whether any file of the crate names another crate.
    pub fn names(&self, other: &str) -> bool {
        let ident = other.replace('-', "_");
        self.texts.values().any(|source| {
            source.uses.iter().any(|used| used.path[0] == ident)
                || words(&source.text).any(|word| word == ident)
        })
    }

    /// The modules below one that import something below another.
    pub fn path_between(&self, from: &str, to: &str) -> Vec<String> {
        let imports = self.imports();
        let below = |module: &Module, name: &str| module.first().is_some_and(|first| first == name);
        let wrong = imports.iter().filter(|(module, taken)| {
            below(module, from) && taken.iter().any(|other| below(other, to))
        });
        wrong.map(|(module, _)| module.join("::")).collect()
    }
}

/// All that a module leads to.
fn reached<'a>(
    module: &'a Module,
    imports: &'a BTreeMap<&'a Module, BTreeSet<Module>>,
) -> BTreeSet<&'a Module> {
    let mut found = BTreeSet::new();
    let mut left = vec![module];
    while let Some(next) = left.pop() {
        for other in imports.get(next).into_iter().flatten() {
            if found.insert(other) {
                left.push(other);
            }
        }
    }
    found
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !is_name(c)).filter(|word| !word.is_empty())
}

/// Names of the modules that a text declares in files of their own.
fn declared(text: &str) -> Vec<String> {
    let names = text.split(';').filter_map(|part| {
        let name = part.trim_end().rsplit(|c: char| !is_name(c)).next()?;
        let before = part.trim_end().strip_suffix(name)?.trim_end();
        let is_module = before.ends_with("mod") && !before.strip_suffix("mod")?.ends_with(is_name);
        (is_module && !name.is_empty()).then(|| name.to_owned())
    });
    names.collect()
}

/// Every path of two names or more.
fn paths(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for piece in text.split(|c: char| !is_name(c) && c != ':') {
        let path: Vec<String> = piece.split("::").map(str::to_owned).collect();
        if path.len() > 1 && path.iter().all(|name| !name.is_empty() && !name.contains(':')) {
            found.push(path);
        }
    }
    found
}

/// What an import takes: `a::{b, c as d}` is two paths.
fn expand(tree: &str, before: &mut Vec<String>, uses: &mut Vec<Use>) {
    let tree = tree.trim();
    let (steps, group) = match tree.find('{') {
        Some(open) => (&tree[..open], Some(tree[open + 1..].trim_end().trim_end_matches('}'))),
        None => (tree, None),
    };
    let (steps, renamed) = match steps.split_once(" as ") {
        Some((steps, name)) => (steps, Some(name.trim().to_owned())),
        None => (steps, None),
    };
    let depth = before.len();
    before.extend(steps.split("::").map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned));
    match group {
        Some(group) => {
            let mut open = 0;
            let parts = group.split(|c| {
                open += i32::from(c == '{') - i32::from(c == '}');
                c == ',' && open == 0
            });
            for part in parts.filter(|part| !part.trim().is_empty()) {
                // `trim_end_matches` above may have taken the end of a group inside.
                let lacking = part.matches('{').count() - part.matches('}').count();
                expand(&format!("{part}{}", "}".repeat(lacking)), before, uses);
            }
        }
        None => {
            if before.last().is_some_and(|last| last == "self") {
                before.pop();
            }
            if let Some(last) = before.last() {
                let name = renamed.unwrap_or_else(|| last.clone());
                uses.push(Use { path: before.clone(), name });
            }
        }
    }
    before.truncate(depth);
}

/// A text without comments and without what quotation marks hold.
fn without_words(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let raw = rest.strip_prefix("br").or(rest.strip_prefix('r')).and_then(|after| {
            let marks = after.len() - after.trim_start_matches('#').len();
            let quoted = after[marks..].strip_prefix('"')?;
            let close = format!("\"{}", "#".repeat(marks));
            (!out.ends_with(is_name)).then(|| &quoted[quoted.find(&close).unwrap() + close.len()..])
        });
        let end = |from: &str, close: &str| from.find(close).map_or(from.len(), |at| at);
        if rest.starts_with("//") {
            rest = &rest[end(rest, "\n")..];
        } else if let Some(after) = rest.strip_prefix("/*") {
            rest = after[end(after, "*/")..].trim_start_matches("*/");
        } else if let Some(after) = raw {
            rest = after;
        } else if c == '"' {
            let mut escaped = false;
            let close = rest[1..].find(|c| {
                let closes = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                closes
            });
            rest = &rest[close.expect("a quote is closed") + 2..];
        } else if let Some(after) = character(rest) {
            rest = after;
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// What follows a character in quotation marks, which are also those of lifetimes.
fn character(text: &str) -> Option<&str> {
    let after = text.strip_prefix('\'')?;
    if let Some(escape) = after.strip_prefix('\\') {
        let first = escape.chars().next()?.len_utf8();
        return Some(&escape[first + escape[first..].find('\'')? + 1..]);
    }
    after[after.chars().next()?.len_utf8()..].strip_prefix('\'')
}

/// A text without what is compiled for tests alone.
fn without_tests(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("#[cfg(") {
        let close = rest[at..].find(']').map_or(rest.len(), |n| at + n + 1);
        let for_tests = words(&rest[at..close]).any(|word| word == "test");
        if !for_tests {
            out += &rest[..close];
            rest = &rest[close..];
            continue;
        }
        out += &rest[..at];
        let mut open = 0;
        let end = rest[close..].find(|c| {
            open += i32::from(c == '{') - i32::from(c == '}');
            open == 0 && (c == ';' || c == '}')
        });
        rest = &rest[end.map_or(rest.len(), |n| close + n + 1)..];
    }
    out + rest
}
