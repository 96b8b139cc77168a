//! Names made of text, for files and for places in a page: plain, short, and no two alike, even
//! where upper and lower case are one.

use std::collections::BTreeSet;

/// Longest name without its digest. A name of a file has 255 bytes at most.
const LONGEST: usize = 120;

/// Names of letters, digits and dashes, no two of them alike.
#[derive(Debug, Default)]
pub struct Names {
    used: BTreeSet<String>,
}

impl Names {
    /// A name for what these parts tell. A digest of them is in it where it would be too long, or
    /// where another name is the same.
    pub fn of(&mut self, parts: &[&str]) -> String {
        let plain = parts.iter().map(|part| plain(part)).collect::<Vec<_>>().join("-");
        let cut = &plain[..plain.len().min(LONGEST)];
        let told_apart = format!("{}-{}", cut.trim_end_matches('-'), digest(parts));
        let mut name = if cut.len() < plain.len() { told_apart.clone() } else { plain };
        let mut n = 1;
        while !self.used.insert(name.to_lowercase()) {
            // The same parts again have the same digest.
            name = if n == 1 { told_apart.clone() } else { format!("{told_apart}-{n}") };
            n += 1;
        }
        name
    }
}

/// A name of a file for a name that is plain already, beside others. Those that differ in case
/// alone, which some file systems take for one, have a digest each.
pub fn beside<'a>(name: &str, others: impl IntoIterator<Item = &'a str>) -> String {
    let alike = |other: &str| other != name && other.eq_ignore_ascii_case(name);
    match others.into_iter().any(alike) {
        true => format!("{name}-{}", digest(&[name])),
        false => name.to_owned(),
    }
}

fn digest(parts: &[&str]) -> String {
    blake3::hash(parts.join("\0").as_bytes()).to_hex()[..8].to_owned()
}

/// Letters and digits as they are, dashes for everything between them.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => out.push(c),
            _ if out.ends_with('-') || out.is_empty() => {}
            _ => out.push('-'),
        }
    }
    let out = out.trim_end_matches('-');
    if out.is_empty() { "x".to_owned() } else { out.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_differ() {
        let mut names = Names::default();
        assert_eq!(names.of(&["roc", "df40/Sim Swap"]), "roc-df40-Sim-Swap");
        // In case, in characters that no file may have, in where a part ends, in nothing.
        let alike: [&[&str]; 4] = [
            &["roc", "df40", "sim swap"],
            &["roc", "df40", "sim:swap"],
            &["roc-df40", "sim", "swap"],
            &["roc", "df40", "sim swap"],
        ];
        let made = alike.map(|parts| names.of(parts));
        assert!(made.iter().all(|name| name.starts_with("roc-df40-sim-swap-")), "{made:?}");
        let mut apart: Vec<String> = made.iter().map(|name| name.to_lowercase()).collect();
        apart.sort();
        apart.dedup();
        assert_eq!(apart.len(), 4, "{made:?}");
        // Whatever came before them.
        let mut others = Names::default();
        others.of(&["roc", "DF40", "SIM swap"]);
        assert_eq!(others.of(alike[1]), made[1]);
        assert_eq!(names.of(&["../..", "</script>"]), "x-script");
        assert_eq!(names.of(&["深度"]), "x");
    }

    #[test]
    fn long_names_are_cut_and_differ() {
        let mut names = Names::default();
        let (one, other) = ("a".repeat(250), "a".repeat(250) + "b");
        let (one, other) = (names.of(&["roc", &one]), names.of(&["roc", &other]));
        assert!(one.len() < 140 && one.starts_with("roc-aaa"), "{one}");
        assert_ne!(one, other);
    }

    #[test]
    fn names_that_differ_in_case_alone_are_kept_apart() {
        let all = ["Main", "main", "other"];
        let named = all.map(|name| beside(name, all));
        assert_eq!(named[2], "other");
        assert!(named[0].starts_with("Main-") && named[1].starts_with("main-"), "{named:?}");
        assert!(!named[0].eq_ignore_ascii_case(&named[1]), "{named:?}");
    }
}
