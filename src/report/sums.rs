//! Published counts against each other: the splits and classes of a data set, and the totals of an
//! ensemble over its data sets.

use std::collections::BTreeMap;

use proofmark_lang::model::{Ensemble, Expect, Project};

/// Counts that are a multiple of this are taken as rounded to it.
const THOUSAND: u64 = 1000;

/// What came of the sums.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Totals that could be computed again.
    pub totals: usize,
    /// Those among them that are not the sum of their parts, in words.
    pub wrong: Vec<String>,
}

/// Computes published totals of a project again: a data set's videos by split and by class, its
/// frames, and every count of an ensemble.
///
/// Counts of samples and frames are printed in thousands, so that each is off by half a thousand at
/// most.
pub fn sums(project: &Project) -> Sums {
    let mut sums = Sums::default();
    for (name, dataset) in &project.datasets {
        let Some(expect) = &dataset.expect else { continue };
        let splits = [expect.train, expect.val, expect.test];
        let splits = splits.iter().flatten().sum::<u64>();
        let all = Some(splits).filter(|splits| *splits > 0);
        sums.compare(&format!("videos of {name} by split"), all, &[expect.real, expect.fake]);
        let frames = [expect.real_frames, expect.fake_frames];
        sums.compare(&format!("frames of {name}"), expect.frames, &frames);
    }
    let ensembles: BTreeMap<&str, &Ensemble> =
        project.experiments.values().map(|e| (e.data.name.as_str(), &*e.data)).collect();
    for (name, ensemble) in ensembles {
        let Some(total) = &ensemble.expect else { continue };
        let of: Vec<&Expect> = ensemble
            .sources
            .iter()
            .filter_map(|source| Some(&**project.datasets.get(&source.dataset)?.expect.as_ref()?))
            .collect();
        for (what, count) in COUNTS {
            // A set that does not have a split or a kind has nothing printed there.
            let parts: Vec<_> = of.iter().map(|set| Some(count(set).unwrap_or(0))).collect();
            sums.compare(&format!("{what} of {name}"), count(total), &parts);
        }
    }
    sums
}

type Count = fn(&Expect) -> Option<u64>;

/// The counts of an ensemble, each with its name.
const COUNTS: [(&str, Count); 12] = [
    ("videos in train", |of| of.train),
    ("videos in val", |of| of.val),
    ("videos in test", |of| of.test),
    ("real videos", |of| of.real),
    ("fake videos", |of| of.fake),
    ("face swaps", |of| of.face_swaps),
    ("reenactments", |of| of.reenactments),
    ("real samples", |of| of.real_samples),
    ("fake samples", |of| of.fake_samples),
    ("frames of reals", |of| of.real_frames),
    ("frames of fakes", |of| of.fake_frames),
    ("frames", |of| of.frames),
];

impl Sums {
    /// Compares a total with the sum of its parts, if all of them are published.
    fn compare(&mut self, what: &str, total: Option<u64>, parts: &[Option<u64>]) {
        let (Some(total), Some(parts)) = (total, parts.iter().copied().collect::<Option<Vec<_>>>())
        else {
            return;
        };
        let sum: u64 = parts.iter().sum();
        let rounded = parts.iter().chain([&total]);
        let rounded = rounded.filter(|count| **count > 0 && **count % THOUSAND == 0).count() as u64;
        self.totals += 1;
        if sum.abs_diff(total) > rounded * THOUSAND / 2 {
            self.wrong.push(format!("{what}: printed {total}, the parts give {sum}"));
        }
    }

    /// What came of it, in a sentence; none if there was nothing to compute.
    pub fn sentence(&self) -> Option<String> {
        if self.totals == 0 {
            return None;
        }
        let right = self.totals - self.wrong.len();
        let mut text = format!(
            "Of the published totals, {right} of {} are the sums of their parts.",
            self.totals
        );
        for wrong in &self.wrong {
            text += &format!(" {wrong}.");
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_sums_within_rounding() {
        let mut sums = Sums::default();
        sums.compare("exact", Some(6000), &[Some(1000), Some(5000)]);
        sums.compare("thousands", Some(304_000), &[Some(12_400), Some(291_000)]);
        sums.compare("unknown", Some(1), &[None]);
        sums.compare("unpublished", None, &[Some(1)]);
        assert_eq!((sums.totals, sums.wrong.len()), (2, 0));
        sums.compare("videos of x", Some(7314), &[Some(3805), Some(3508)]);
        assert_eq!(
            sums.sentence().unwrap(),
            "Of the published totals, 2 of 3 are the sums of their parts. videos of x: printed 7314, \
             the parts give 7313."
        );
        assert_eq!(Sums::default().sentence(), None);
    }
}
