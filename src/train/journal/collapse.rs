//! A watch for collapse: triplet losses can send every face to one point, where the
//! loss stays at its margin and nothing is learnt (recipe 5.5).

use super::record::{StepRecord, Triplets, term_names};
use proofmark_lang::model::{Loss, LossTerm};

/// Steps in a row that look collapsed before it is said: a run may begin like that.
const PATIENCE: u64 = 200;
/// Nearly all triplets are active.
const ACTIVE: f64 = 0.99;
/// The loss is the margin up to this fraction of it.
const NEAR_MARGIN: f64 = 0.05;
/// Distances vanish below this fraction of the embeddings' norm.
const VANISHED: f64 = 0.01;

/// Watches the triplet terms of a loss.
#[derive(Clone, Debug)]
pub struct Watch {
    terms: Vec<Term>,
}

#[derive(Clone, Debug)]
struct Term {
    name: String,
    margin: f64,
    normalize: bool,
    /// Collapsed steps in a row.
    run: u64,
}

impl Watch {
    /// A watch of the loss's triplet terms.
    pub fn new(loss: &Loss) -> Self {
        let named = loss.terms.iter().zip(term_names(loss));
        let term = |(term, name): (&LossTerm, String)| match term {
            LossTerm::CrossEntropy(_) => None,
            LossTerm::Triplet(triplet) => {
                Some(Term { name, margin: triplet.margin, normalize: triplet.normalize, run: 0 })
            }
        };
        Self { terms: named.filter_map(term).collect() }
    }

    /// Looks at the next step. A warning, once for each time that a term has looked
    /// collapsed for many steps in a row.
    pub fn see(&mut self, step: &StepRecord) -> Option<String> {
        let mut warning = None;
        for term in &mut self.terms {
            let Some(seen) = step.triplets.iter().find(|t| t.term == term.name) else { continue };
            // Batches without a triplet say nothing.
            let Some(active) = seen.active_fraction() else { continue };
            let norm = if term.normalize { 1.0 } else { step.embedding_norm };
            term.run = if term.collapsed(seen, active, norm) { term.run + 1 } else { 0 };
            if term.run == PATIENCE {
                warning = Some(term.warning(seen, active, norm));
            }
        }
        warning
    }
}

impl Term {
    fn collapsed(&self, seen: &Triplets, active: f64, norm: f64) -> bool {
        let at_margin = (seen.loss - self.margin).abs() <= NEAR_MARGIN * self.margin;
        let farthest = seen.positive_distance.max(seen.negative_distance);
        active >= ACTIVE && at_margin || farthest < VANISHED * norm
    }

    fn warning(&self, seen: &Triplets, active: f64, norm: f64) -> String {
        format!(
            "the embeddings seem to collapse to one point: for {PATIENCE} steps, {:.0} % of the \
             triplets of `{}` have been active, its loss is {:.4} with a margin of {}, and mean \
             distances are {:.4} (positive) and {:.4} (negative) beside embeddings of norm {:.2}; \
             try a lower learning rate, a longer warm-up, a smaller weight of the term, or \
             `batch-all` where the hardest triplets are mined",
            active * 100.0,
            self.name,
            seen.loss,
            self.margin,
            seen.positive_distance,
            seen.negative_distance,
            norm
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_lang::model::{CrossEntropy, Mining, Triplet};

    fn watch(normalize: bool) -> Watch {
        let terms = vec![
            LossTerm::from(CrossEntropy { weight: 1.0, smoothing: 0.0 }),
            LossTerm::from(Triplet {
                mining: Mining::HardPositiveHardNegative,
                margin: 0.3,
                weight: 1.0,
                normalize,
            }),
        ];
        Watch::new(&Loss { terms })
    }

    fn step(loss: f64, active: u64, positive: f64, negative: f64) -> StepRecord {
        let triplets = Triplets {
            term: "hard-positive-hard-negative".to_owned(),
            loss,
            considered: 64,
            active,
            positive_distance: positive,
            negative_distance: negative,
        };
        StepRecord { triplets: vec![triplets], embedding_norm: 27.7, ..StepRecord::default() }
    }

    /// Warnings in so many equal steps.
    fn warnings(watch: &mut Watch, step: &StepRecord, steps: u64) -> Vec<String> {
        (0..steps).filter_map(|_| watch.see(step)).collect()
    }

    #[test]
    fn a_loss_that_stays_at_its_margin_is_warned_about_once() {
        let collapsed = step(0.301, 64, 0.012, 0.011);
        let found = warnings(&mut watch(false), &collapsed, 1000);
        assert_eq!(found.len(), 1, "{found:?}");
        for words in ["100 % of the triplets of `hard-positive-hard-negative`", "lower learning"] {
            assert!(found[0].contains(words), "{}", found[0]);
        }
        // A step between that is well starts the count again.
        let mut watch = watch(false);
        for _ in 0..10 {
            assert!(warnings(&mut watch, &collapsed, PATIENCE - 1).is_empty());
            assert!(watch.see(&step(0.8, 64, 9.0, 8.5)).is_none());
        }
    }

    #[test]
    fn distances_that_vanish_beside_the_norm_are_collapse_too() {
        let vanished = step(0.1, 12, 0.25, 0.26);
        assert_eq!(warnings(&mut watch(false), &vanished, PATIENCE).len(), 1);
        // On the unit sphere these are fair distances.
        assert!(warnings(&mut watch(true), &vanished, PATIENCE).is_empty());
    }

    #[test]
    fn healthy_steps_are_left_alone() {
        for healthy in [
            step(0.0, 0, 2.0, 9.0),
            step(0.3, 30, 5.0, 5.1),
            step(4.0, 64, 9.0, 5.3),
            StepRecord { triplets: Vec::new(), ..step(0.3, 64, 0.0, 0.0) },
        ] {
            assert!(warnings(&mut watch(false), &healthy, 3 * PATIENCE).is_empty());
        }
        let mut nothing = step(0.0, 0, 0.0, 0.0);
        nothing.triplets[0].considered = 0;
        assert!(warnings(&mut watch(false), &nothing, 3 * PATIENCE).is_empty());
    }
}
