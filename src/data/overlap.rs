//! Identities and originals that are in several splits of what is trained and tested together.

use std::collections::{BTreeSet, HashMap};

use proofmark_lang::model::{Dataset, Overlap, Placed, Split};

use super::error::DataError;
use super::video::Video;

/// How many are named; all are counted.
const NAMED: usize = 10;

/// What a split is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Gradient steps.
    Train,
    /// Selection.
    Val,
    /// Reported numbers.
    Test,
}

impl Role {
    fn word(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
        }
    }
}

/// A split of a data set and what it is used for.
#[derive(Clone, Copy, Debug)]
pub struct SplitPart<'a> {
    /// The data set.
    pub dataset: &'a Placed<Dataset>,
    /// All its videos.
    pub videos: &'a [Video],
    /// The split.
    pub split: Split,
    /// Its use.
    pub role: Role,
    /// Whether the ensemble trains on the data set; what others share with it is only told.
    pub own: bool,
}

/// What may be shared: an identity, whose name in a released data set is the same in every
/// other, or an original of one data set.
type Shared<'a> = (&'static str, &'a str, &'a str);

/// A video that shares something: its part and its key.
type Example<'a> = (&'a SplitPart<'a>, &'a str);

/// Looks for identities and originals in parts of different roles. What data sets accept, and
/// what data sets share that are not trained on, is told in the result.
///
/// # Errors
/// [`DataError::Overlap`] with the first of them and their numbers.
pub fn check(ensemble: &str, parts: &[SplitPart<'_>]) -> Result<Vec<String>, DataError> {
    let mut seen: HashMap<Shared, [Option<Example>; 3]> = HashMap::new();
    for part in parts {
        let name = part.dataset.name.as_str();
        let space = if part.dataset.layout.names_people_alike() { "" } else { name };
        for video in part.videos.iter().filter(|v| v.split == Some(part.split)) {
            let groups = video.groups.iter().map(|g| ("identity", space, g.as_str()));
            let media = [Some(&video.key), video.pair.as_ref()].into_iter().flatten();
            for shared in groups.chain(media.map(|key| ("original", name, key.as_str()))) {
                let examples = seen.entry(shared).or_default();
                examples[part.role as usize].get_or_insert((part, video.key.as_str()));
            }
        }
    }
    let mut refused = Findings::default();
    let mut told = Findings::default();
    let mut seen: Vec<_> = seen.into_iter().collect();
    seen.sort_unstable_by_key(|(shared, _)| *shared);
    for (shared, examples) in seen {
        let examples: Vec<Example> = examples.into_iter().flatten().collect();
        if examples.len() < 2 {
            continue;
        }
        let accepted = |(part, _): &Example| part.dataset.overlap == Overlap::Accept;
        let foreign = examples.iter().any(|(part, _)| !part.own);
        if foreign || examples.iter().all(accepted) {
            told.add(shared, examples);
        } else {
            refused.add(shared, examples);
        }
    }
    if refused.total() > 0 {
        return Err(DataError::Overlap {
            ensemble: ensemble.to_owned(),
            counted: refused.counted(),
            more: refused.total().saturating_sub(NAMED),
            datasets: refused.datasets.iter().map(|d| format!("`{d}`")).collect(),
            origins: (parts.iter().map(|part| part.dataset))
                .filter(|dataset| refused.datasets.contains(dataset.name.as_str()))
                .map(|dataset| dataset.at.name)
                .collect(),
            some: refused.named(),
        });
    }
    let datasets: Vec<&str> = told.datasets.iter().copied().collect();
    Ok((told.total() > 0)
        .then(|| {
            format!(
                "ensemble {ensemble}: {} in several splits of {}",
                told.counted(),
                datasets.join(", ")
            )
        })
        .into_iter()
        .collect())
}

/// What was found, by identities and originals.
#[derive(Default)]
struct Findings<'a> {
    identities: Vec<(Shared<'a>, Vec<Example<'a>>)>,
    originals: Vec<(Shared<'a>, Vec<Example<'a>>)>,
    datasets: BTreeSet<&'a str>,
}

impl<'a> Findings<'a> {
    fn add(&mut self, shared: Shared<'a>, examples: Vec<Example<'a>>) {
        self.datasets.extend(examples.iter().map(|(part, _)| part.dataset.name.as_str()));
        let list = if shared.0 == "identity" { &mut self.identities } else { &mut self.originals };
        list.push((shared, examples));
    }

    fn total(&self) -> usize {
        self.identities.len() + self.originals.len()
    }

    fn counted(&self) -> String {
        let s = |n: usize| if n == 1 { "" } else { "s" };
        let identities = match self.identities.len() {
            1 => "1 identity".to_owned(),
            n => format!("{n} identities"),
        };
        let n = self.originals.len();
        let originals = format!("{n} original{}", s(n));
        match (self.identities.len(), n) {
            (_, 0) => identities,
            (0, _) => originals,
            _ => format!("{identities} and {originals}"),
        }
    }

    /// The first few, by name.
    fn named(self) -> Vec<String> {
        let line = |((what, _, name), examples): (Shared, Vec<Example>)| {
            let places = examples.iter().map(|(part, key)| {
                format!("in {} with {key} of {}", part.role.word(), part.dataset.name)
            });
            format!("{what} {name}: {}", places.collect::<Vec<_>>().join(", "))
        };
        self.identities.into_iter().chain(self.originals).take(NAMED).map(line).collect()
    }
}

#[cfg(test)]
#[path = "overlap_tests.rs"]
mod tests;
