//! The scored rows of anybody's file, kept in few bytes.

use polars::prelude::PlHashMap;
use rayon::prelude::*;

use super::aggregate;
use super::statistics::bootstrap::Item;
use proofmark_lang::model::Pooling;

/// Rows whose scores are gathered by video together.
const GATHERED: usize = 1 << 24;
/// Texts that a thread looks up at a time.
const LOOKED_UP: usize = 1 << 14;
/// The group of a row that has none.
const NONE: u32 = u32::MAX;

/// The scored rows of a file.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Score of each.
    pub scores: Vec<f64>,
    /// Whether it is fake.
    pub fakes: Vec<bool>,
    /// Its video, where the file names videos.
    pub videos: Option<Ids>,
    /// Its group, where groups are asked for.
    pub groups: Option<Ids>,
    /// Rows without a score.
    pub dropped: usize,
}

/// A column of text as numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    /// Number of each row's text, or [`NONE`].
    pub of: Vec<u32>,
    /// The texts, in order of first appearance.
    pub names: Vec<Box<str>>,
    known: PlHashMap<Box<str>, u32>,
}

impl Ids {
    /// Adds rows.
    pub(super) fn extend(&mut self, texts: &[Option<&str>]) {
        // Most texts of a batch are known; looking them up is most of the work.
        let known = |text: &Option<&str>| match text {
            None => Some(NONE),
            Some(text) => self.known.get(*text).copied(),
        };
        let found: Vec<Option<u32>> = texts.par_iter().with_min_len(LOOKED_UP).map(known).collect();
        for (text, found) in texts.iter().zip(found) {
            let id = found.unwrap_or_else(|| self.id(text.unwrap_or_default()));
            self.of.push(id);
        }
    }

    fn id(&mut self, text: &str) -> u32 {
        // Rows of one video often follow each other.
        if let Some(&last) = self.of.last()
            && last != NONE
            && *self.names[last as usize] == *text
        {
            return last;
        }
        if let Some(&id) = self.known.get(text) {
            return id;
        }
        let id = self.names.len() as u32;
        assert!(id < NONE, "fewer than 2^32 different texts");
        self.names.push(text.into());
        self.known.insert(text.into(), id);
        id
    }
}

impl Rows {
    pub(super) fn reserve(&mut self, rows: usize) {
        self.scores.reserve_exact(rows);
        self.fakes.reserve_exact(rows);
        for ids in [&mut self.videos, &mut self.groups].into_iter().flatten() {
            ids.of.reserve_exact(rows);
        }
    }

    /// (is fake, score) of each video.
    ///
    /// A mean is summed in ascending order of the scores, so that the order of rows
    /// changes no bit.
    pub(super) fn by_video(&self, rule: Pooling) -> Vec<(bool, f64)> {
        let Some(ids) = &self.videos else { return Vec::new() };
        // Where each video's scores end, if all stood in order of their videos.
        let mut ends = vec![0usize; ids.names.len()];
        let mut fakes = vec![false; ids.names.len()];
        for (&id, &fake) in ids.of.iter().zip(&self.fakes) {
            ends[id as usize] += 1;
            fakes[id as usize] = fake;
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum;
        }
        let mut videos = Vec::with_capacity(ends.len());
        let mut begin = 0;
        while begin < ends.len() {
            let start = if begin == 0 { 0 } else { ends[begin - 1] };
            // At least one video, then as many as fit.
            let fit = ends[begin..].partition_point(|end| end - start <= GATHERED).max(1);
            let block = begin..begin + fit;
            let mut gathered = vec![0.0; ends[block.end - 1] - start];
            let mut next: Vec<usize> =
                block.clone().map(|i| if i == 0 { 0 } else { ends[i - 1] } - start).collect();
            for (&id, &score) in ids.of.iter().zip(&self.scores) {
                if block.contains(&(id as usize)) {
                    let place = &mut next[id as usize - block.start];
                    gathered[*place] = score;
                    *place += 1;
                }
            }
            let mut rest = gathered.as_mut_slice();
            let mut slices = Vec::with_capacity(fit);
            for i in block.clone() {
                let len = ends[i] - if i == 0 { 0 } else { ends[i - 1] };
                let (slice, after) = rest.split_at_mut(len);
                slices.push((fakes[i], slice));
                rest = after;
            }
            // A group of rows has none of some videos.
            videos.par_extend(slices.into_par_iter().filter(|(_, s)| !s.is_empty()).map(
                |(fake, scores)| {
                    scores.sort_unstable_by(f64::total_cmp);
                    (fake, aggregate::pooled(scores, rule))
                },
            ));
            begin = block.end;
        }
        videos
    }

    /// The rows as items of their videos, reals first; where the file names none, each row
    /// is one.
    pub(super) fn items(&self) -> Vec<Item> {
        let mut places = PlHashMap::default();
        let mut items = Vec::with_capacity(self.scores.len());
        for class in [false, true] {
            for (row, (&fake, &score)) in self.fakes.iter().zip(&self.scores).enumerate() {
                if fake == class {
                    let id = self.videos.as_ref().map_or(row as u32, |ids| ids.of[row]);
                    let next = places.len() as u32;
                    let video = *places.entry(id).or_insert(next);
                    items.push(Item { video, fake, score });
                }
            }
        }
        items
    }

    /// The scores of reals and of fakes, parted in place; in no order.
    pub(super) fn classes(self) -> (Vec<f64>, Vec<f64>) {
        let Self { mut scores, mut fakes, .. } = self;
        let mut reals = 0;
        for row in 0..scores.len() {
            if !fakes[row] {
                scores.swap(row, reals);
                fakes.swap(row, reals);
                reals += 1;
            }
        }
        drop(fakes);
        let fakes = scores.split_off(reals);
        (scores, fakes)
    }

    /// The rows of a group. One without reals is compared with all reals of the file.
    pub(super) fn group(&self, group: u32) -> Self {
        let Some(groups) = &self.groups else { return Self::default() };
        let rows = || groups.of.iter().zip(&self.fakes).enumerate();
        let has_reals = rows().any(|(_, (&of, &fake))| of == group && !fake);
        let members: Vec<usize> = rows()
            .filter(|(_, (of, fake))| **of == group || !has_reals && !**fake)
            .map(|(row, _)| row)
            .collect();
        Self {
            scores: members.iter().map(|&row| self.scores[row]).collect(),
            fakes: members.iter().map(|&row| self.fakes[row]).collect(),
            videos: self.videos.as_ref().map(|ids| Ids {
                of: members.iter().map(|&row| ids.of[row]).collect(),
                names: ids.names.clone(),
                known: PlHashMap::default(),
            }),
            groups: None,
            dropped: 0,
        }
    }
}
