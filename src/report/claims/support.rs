//! What tests say for and against a claim.

use super::asked::Asked;
use crate::lookup::Pair;
use proofmark_evaluate::statistics::seeds::Error;
use proofmark_lang::model::{Quantifier, Relation};

/// One-sided p-values of a statement and of its contrary: how likely the numbers look as they do
/// where the contrary is true, and where the statement is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Support {
    /// Small where the statement holds.
    pub holds: f64,
    /// Small where it is contradicted.
    pub contradicted: f64,
}

/// The difference of two rows as it was measured, positive where the first is better.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    /// The difference.
    pub better: f64,
    /// How far it may be off.
    pub error: Error,
}

impl Measured {
    /// The same difference, measured on `times` as many videos: its error falls with their root.
    pub fn on(self, times: f64) -> Self {
        let standard = self.error.standard / times.sqrt();
        Self { error: Error { standard, ..self.error }, ..self }
    }

    /// The p-value that speaks for more than `margin`, where the difference came out by `quantile`
    /// standard errors less clear.
    fn exceeds(self, margin: f64, quantile: f64) -> f64 {
        self.error.above(self.better - margin - quantile * self.error.standard)
    }

    /// Likewise for less than `margin`.
    fn falls_short(self, margin: f64, quantile: f64) -> f64 {
        self.error.above(margin - self.better - quantile * self.error.standard)
    }
}

impl Support {
    /// No test was made.
    pub const NONE: Self = Self { holds: 1.0, contradicted: 1.0 };

    /// What one comparison says of a relation, where it came out by `quantile` standard errors
    /// less clear than measured.
    ///
    /// Being in a range, as equivalence is, holds by two one-sided tests (Schuirmann 1987), of which
    /// the worse counts; it is contradicted by either, with Bonferroni's correction.
    pub fn of(relation: &Relation, measured: Measured, quantile: f64) -> Self {
        let exceeds = |margin| measured.exceeds(margin, quantile);
        let falls_short = |margin| measured.falls_short(margin, quantile);
        let range = |low: f64, high: f64| Self {
            holds: exceeds(low).max(falls_short(high)),
            contradicted: (2.0 * falls_short(low).min(exceeds(high))).min(1.0),
        };
        match relation {
            Relation::Above { by, up_to: None, .. } => {
                Self { holds: exceeds(*by), contradicted: falls_short(*by) }
            }
            Relation::Above { by, up_to: Some(up_to), .. } => range(*by, *up_to),
            Relation::Near { within, .. } => range(-within, *within),
            Relation::Best(_) => Self { holds: exceeds(0.0), contradicted: falls_short(0.0) },
            Relation::Lowest(_) => Self { holds: falls_short(0.0), contradicted: exceeds(0.0) },
        }
    }

    /// That at least `least` of some statements hold: a partial conjunction, by Bonferroni's method
    /// (Benjamini and Heller 2008, "Screening for partial conjunction hypotheses"),
    /// which needs nothing of how they depend on each other. With all of them it is the largest
    /// p-value. Its contrary is that enough of them are contradicted to leave less than `least`.
    pub fn at_least(least: usize, parts: &[Self]) -> Self {
        let sorted = |p: fn(&Self) -> f64| {
            let mut all: Vec<f64> = parts.iter().map(p).collect();
            all.sort_by(f64::total_cmp);
            all
        };
        let n = parts.len();
        let conjunction = |of: usize, sorted: &[f64]| match (1..=n).contains(&of) {
            true => ((n - of + 1) as f64 * sorted[of - 1]).min(1.0),
            false => 1.0,
        };
        Self {
            holds: conjunction(least, &sorted(|part| part.holds)),
            contradicted: conjunction(n + 1 - least, &sorted(|part| part.contradicted)),
        }
    }

    /// Two-sided p-value: that of the nearer of the two, doubled since either could have been.
    pub fn p(self) -> f64 {
        (2.0 * self.holds.min(self.contradicted)).min(1.0)
    }
}

/// What is known of a claim. `measured` gives the difference of two rows in a column, if it was
/// tested.
pub(super) fn support(
    asked: &Asked<'_>,
    quantile: f64,
    measured: impl Fn(Pair, usize) -> Option<Measured>,
) -> Support {
    let columns: Vec<Support> = asked
        .columns
        .iter()
        .map(|(column, pairs)| {
            let others: Vec<Support> = pairs
                .iter()
                .map(|pair| {
                    measured(*pair, *column).map_or(Support::NONE, |measured| {
                        Support::of(asked.relation, measured, quantile)
                    })
                })
                .collect();
            Support::at_least(others.len(), &others)
        })
        .collect();
    let all = Support::at_least(least(asked.quantifier, columns.len()), &columns);
    match asked.negated {
        false => all,
        true => Support { holds: all.contradicted, contradicted: all.holds },
    }
}

/// In how many of `n` columns a claim is to hold.
pub(super) fn least(quantifier: Quantifier, n: usize) -> usize {
    match quantifier {
        Quantifier::All => n,
        Quantifier::Most => n / 2 + 1,
        Quantifier::Any => 1,
    }
}
