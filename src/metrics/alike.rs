//! When two scores are one: means of the same decimals in another order differ in their last
//! digits, and would otherwise be ranked by their rounding.

/// How far two scores may lie apart, as a share of the larger, and still be one score. Rounding
/// of a mean of faces stays far below, a difference that a network makes in f32 far above.
const AGREE: f64 = 1e-12;

/// Whether two scores are one.
pub fn alike(a: f64, b: f64) -> bool {
    (a - b).abs() <= AGREE * a.abs().max(b.abs())
}

/// Whether a score is at or above a threshold, or one with it.
pub fn reaches(score: f64, threshold: f64) -> bool {
    score >= threshold || alike(score, threshold)
}

/// Gives scores that are one the value of their highest, in place; the order stays.
pub fn unify(scores: &mut [f64]) {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut highest = Highest::default();
    for place in order {
        scores[place] = highest.of(scores[place]);
    }
}

/// The same for two classes, each sorted from the highest down.
pub(super) fn unify_sorted(a: &mut [f64], b: &mut [f64]) {
    let (mut i, mut j) = (0, 0);
    let mut highest = Highest::default();
    loop {
        let score = match (a.get_mut(i), b.get_mut(j)) {
            (Some(a), Some(b)) if *a < *b => {
                j += 1;
                b
            }
            (Some(a), _) => {
                i += 1;
                a
            }
            (None, Some(b)) => {
                j += 1;
                b
            }
            (None, None) => return,
        };
        let one = highest.of(*score);
        // Most scores are one with none, and need not be written.
        if one != *score {
            *score = one;
        }
    }
}

/// The highest of the scores that are one with each other, from the highest of all down.
#[derive(Default)]
struct Highest(Option<f64>);

impl Highest {
    fn of(&mut self, score: f64) -> f64 {
        match self.0 {
            Some(highest) if alike(highest, score) => highest,
            _ => *self.0.insert(score),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_rounding_parts_is_one_score() {
        let mut scores = [(0.1 + 0.2) / 2.0, 0.15, 0.3, 0.15 + 1e-9, -0.15];
        assert_ne!(scores[0], scores[1]);
        unify(&mut scores);
        assert_eq!(scores[0], scores[1]);
        assert_ne!(scores[0], scores[3]);
        assert!(reaches(0.49999999999999994, 0.5) && !reaches(0.4999999, 0.5));
        assert!(alike(0.0, -0.0) && !alike(0.0, 1e-300));
    }

    proptest! {
        #[test]
        fn both_ways_of_unifying_agree(
            mut a in prop::collection::vec((0u8..9, 0u8..3), 0..30),
            mut b in prop::collection::vec((0u8..9, 0u8..3), 0..30),
        ) {
            let score = |(level, off): (u8, u8)| f64::from(level) / 7.0 + f64::from(off) * 4e-17;
            a.sort_unstable();
            b.sort_unstable();
            let sorted = |parts: &[(u8, u8)]| -> Vec<f64> {
                let mut scores: Vec<f64> = parts.iter().map(|&part| score(part)).collect();
                scores.sort_unstable_by(|a, b| b.total_cmp(a));
                scores
            };
            let (mut first, mut second) = (sorted(&a), sorted(&b));
            let mut all = [first.clone(), second.clone()].concat();
            unify(&mut all);
            unify_sorted(&mut first, &mut second);
            prop_assert_eq!(all, [first, second].concat());
        }
    }
}
