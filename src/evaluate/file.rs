//! Metrics of anybody's file of scores: CSV or Parquet.

use super::read_rows::read;
use super::request::{FileError, LEVEL, Request, THRESHOLD};
use super::rows::Rows;
use super::statistics::bootstrap::{Item, Replica, Stratum, Unit};
use super::statistics::interval::Interval;
use super::summary::{Entry, LevelSummary, Levels, Summary};
use proofmark_metrics::Ranking;

/// The metrics of a file.
///
/// Rows whose score is missing (null, or empty in CSV) are left out and counted; any
/// other flaw is an error. Parquet is read some row groups at a time; thirteen bytes are
/// kept of a row.
///
/// # Errors
/// [`FileError`] names the file, column and row.
pub fn summarise(request: &Request) -> Result<Summary, FileError> {
    if let Some(threshold) = request.threshold.filter(|threshold| !threshold.is_finite()) {
        return Err(FileError::Threshold(threshold));
    }
    let (rows, mut notes) = read(request)?;
    notes.extend(no_probabilities(request, &rows));
    let groups = match &rows.groups {
        None => Vec::new(),
        Some(ids) => (0..ids.names.len() as u32)
            .map(|id| Ok((ids.names[id as usize].to_string(), levels(request, rows.group(id))?)))
            .collect::<Result<_, FileError>>()?,
    };
    let dropped = rows.dropped;
    let all = levels(request, rows)?;
    Ok(Summary { all, groups, by: request.by.clone(), dropped, notes })
}

/// That a threshold of probabilities says nothing of scores that are none.
fn no_probabilities(request: &Request, rows: &Rows) -> Option<String> {
    let low = rows.scores.iter().copied().fold(f64::INFINITY, f64::min);
    let high = rows.scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let outside = !rows.scores.is_empty() && (low < 0.0 || high > 1.0);
    (outside && request.threshold.is_none()).then(|| {
        format!(
            "the scores of \"{}\" lie between {low:.4} and {high:.4} and are no probabilities, so \
             that accuracies at the threshold {THRESHOLD} mean nothing; give the score from which \
             a row is called fake by `--threshold`, which is 0 for logits",
            request.score
        )
    })
}

/// The metrics of rows and of their videos.
fn levels(request: &Request, mut rows: Rows) -> Result<Levels, FileError> {
    let videos = match &rows.videos {
        None => None,
        Some(_) => {
            let videos = rows.by_video(request.video_score);
            let items = request.bootstrap.map(|_| numbered(videos.iter().copied()));
            let ranking = Ranking::new(videos).expect(FINITE);
            Some(level(request, ranking, items.as_deref()))
        }
    };
    let frames = if request.only_videos && videos.is_some() {
        None
    } else {
        let items = request.bootstrap.map(|_| rows.items());
        // Only the scores are left in memory when they are sorted.
        rows.videos = None;
        rows.groups = None;
        let (reals, fakes) = rows.classes();
        Some(level(request, Ranking::of_classes(reals, fakes), items.as_deref()))
    };
    Ok(Levels { frame: frames, video: videos })
}

/// Items that are videos of their own, reals first.
fn numbered(videos: impl Iterator<Item = (bool, f64)> + Clone) -> Vec<Item> {
    let of = |class| videos.clone().filter(move |(fake, _)| *fake == class);
    let both = of(false).chain(of(true)).enumerate();
    both.map(|(i, (fake, score))| Item { video: i as u32, fake, score }).collect()
}

/// What reading has checked.
const FINITE: &str = "scores were checked when they were read";

/// The metrics of a ranking, with intervals from the same as items.
fn level(request: &Request, ranking: Ranking, items: Option<&[Item]>) -> LevelSummary {
    let measures = request.measures();
    let intervals = match items.zip(request.bootstrap) {
        None => vec![None; measures.len()],
        Some((items, draws)) => {
            let videos = |fake| {
                let places = items.iter().filter(|item| item.fake == fake).map(|item| item.video);
                places.max().map(|last| last as usize + 1)
            };
            let reals = videos(false).unwrap_or(0);
            let fakes = videos(true).map_or(0, |end| end - reals);
            let unit = Unit {
                reals: Stratum::new("real", reals),
                fakes: Stratum::new("fake", fakes),
                replicas: measures.iter().map(|m| Replica::new(items, m.2)).collect(),
            };
            let draws = unit.draws(draws, 0);
            // A single video of a class says nothing of others.
            let few = reals == 1 || fakes == 1;
            let interval = |draws: &Vec<f64>| Interval::of_draws(draws, LEVEL).filter(|_| !few);
            draws.iter().map(interval).collect()
        }
    };
    let entries = measures.into_iter().zip(intervals).map(|((key, name, measure), interval)| {
        let value = ranking.measure(measure);
        Entry { key, name, interval: interval.filter(|_| value.is_ok()), value }
    });
    let resampled = items.is_some();
    LevelSummary { n: ranking.rows(), entries: entries.collect(), resampled }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "file_golden_tests.rs"]
mod golden_tests;
