//! Brier score.

use super::curve::CompensatedSum;
use super::metric::{Definition, Metric};
use super::replica::{Resampled, error, probable};

/// Mean squared distance of the score from 0 (real) or 1 (fake). One class is enough.
pub const BRIER: Metric = Metric(&Definition {
    word: "brier",
    doc: "Brier score: mean squared distance of P(fake) from 0 or 1",
    method: "the mean squared distance of P(fake) from 0 (real) or 1 (fake)",
    label: |_| "Brier score".to_owned(),
    needs: None,
    range: [0.0, 1.0],
    lower_is_better: true,
    needs_both_classes: false,
    value: |ranking, _| {
        ranking.probabilities()?;
        let mut sum = CompensatedSum::default();
        for score in ranking.real_scores() {
            sum.add(score * score);
        }
        for score in ranking.fake_scores() {
            sum.add((1.0 - score) * (1.0 - score));
        }
        Ok(sum.value() / ranking.rows() as f64)
    },
    varies: |_, _| true,
    resampled: |items, _| match probable(items) {
        true => {
            let squares = items.iter().map(|item| (item.video, error(item) * error(item)));
            Resampled::Mean(squares.collect())
        }
        false => Resampled::Undefined,
    },
});
