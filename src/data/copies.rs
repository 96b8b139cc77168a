//! Files that a data set has more than once: as real and as fake, or in several splits.

use std::collections::{BTreeMap, HashMap};

use super::layout::{Finding, Tally};
use super::words::Word;
use proofmark_lang::model::{Label, Split};

/// A file and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    /// What its bytes are known by.
    pub digest: &'a str,
    /// Its path.
    pub path: &'a str,
    /// The label of its video.
    pub label: Label,
    /// The split of its video.
    pub split: Option<Split>,
}

/// Counts the contents that are there under both labels, and those in several splits. The
/// examples name the first file of each.
pub fn find<'a>(files: impl IntoIterator<Item = Content<'a>>) -> BTreeMap<Finding, Tally> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    // Of each content the first file of every label and split, in the order given.
    let mut contents: Vec<Vec<Content>> = Vec::new();
    for file in files {
        let place = *places.entry(file.digest).or_insert_with(|| {
            contents.push(Vec::new());
            contents.len() - 1
        });
        let known = &mut contents[place];
        if !known.iter().any(|k| (k.label, k.split) == (file.label, file.split)) {
            known.push(file);
        }
    }
    let mut findings: BTreeMap<Finding, Tally> = BTreeMap::new();
    for known in contents.iter().filter(|known| known.len() > 1) {
        let [first, rest @ ..] = &known[..] else { continue };
        if let Some(other) = rest.iter().find(|k| k.label != first.label) {
            let named = |file: &Content| format!("{} ({})", file.path, file.label.word());
            let example = format!("{} and {}", named(first), named(other));
            findings.entry(Finding::BothLabels).or_default().add(example);
        }
        let mut divided = known.iter().filter(|k| k.split.is_some());
        if let Some(first) = divided.next()
            && let Some(other) = divided.find(|k| k.split != first.split)
        {
            let named = |file: &Content| format!("{} ({})", file.path, file.split.word());
            let example = format!("{} and {}", named(first), named(other));
            findings.entry(Finding::SeveralSplits).or_default().add(example);
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(
        digest: &'static str,
        path: &'static str,
        label: Label,
        split: Split,
    ) -> Content<'static> {
        Content { digest, path, label, split: Some(split) }
    }

    #[test]
    fn copies_under_both_labels_and_in_several_splits_are_told_apart() {
        let (real, fake) = (Label::Real, Label::Fake);
        let found = find([
            file("1", "r/a", real, Split::Train),
            file("1", "f/a", fake, Split::Train),
            file("2", "r/b", real, Split::Train),
            file("2", "r/c", real, Split::Train),
            file("2", "r/d", real, Split::Test),
            file("3", "r/e", real, Split::Val),
            file("3", "r/f", real, Split::Val),
            file("4", "r/g", real, Split::Train),
            file("4", "f/g", fake, Split::Test),
            Content { split: None, ..file("5", "r/h", real, Split::Val) },
            file("5", "r/i", real, Split::Val),
        ]);
        let told: Vec<_> =
            found.iter().map(|(f, t)| (*f, t.count, t.examples.join("; "))).collect();
        assert_eq!(
            told,
            [
                (
                    Finding::BothLabels,
                    2,
                    "r/a (real) and f/a (fake); r/g (real) and f/g (fake)".into()
                ),
                (
                    Finding::SeveralSplits,
                    2,
                    "r/b (train) and r/d (test); r/g (train) and f/g (test)".into()
                ),
            ]
        );
    }
}
