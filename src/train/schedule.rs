//! Learning rate at every iteration (recipe 2.7).

use proofmark_base::math::cos;
use proofmark_lang::model::{Schedule, ScheduleKind};

/// Learning rate before layer scales at `t` epochs (a fraction within one) of
/// `epochs`: linear warm-up from 0, then the declared shape down to `min_lr`.
pub fn learning_rate(schedule: &Schedule, peak: f64, epochs: f64, t: f64) -> f64 {
    let (warmup, min) = (schedule.warmup.value, schedule.min_lr.value);
    if t < warmup {
        return peak * t / warmup;
    }
    match schedule.kind.value {
        ScheduleKind::Constant => peak,
        ScheduleKind::Linear => {
            let hold = schedule.hold.map_or(warmup, |hold| hold.value).max(warmup);
            let done = ((t - hold) / (epochs - hold).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
            peak + (min - peak) * done
        }
        ScheduleKind::Cosine => {
            let done = (t - warmup) / (epochs - warmup).max(f64::MIN_POSITIVE);
            min + (peak - min) * 0.5 * (1.0 + cos(std::f64::consts::PI * done.min(1.0)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_lang::span::Spanned;

    #[test]
    fn follows_the_table_of_the_recipe() {
        let schedule = Schedule {
            kind: Spanned::default_of(ScheduleKind::Cosine),
            warmup: Spanned::default_of(5.0),
            min_lr: Spanned::default_of(1e-6),
            hold: None,
        };
        // Recipe 2.7: E = 30, W = 5, LR = 1e-4.
        for (t, expected) in [
            (0.0, 0.0),
            (1.0, 2e-5),
            (2.5, 5e-5),
            (5.0, 1e-4),
            (10.0, 9.055e-5),
            (17.5, 5.05e-5),
            (25.0, 1.045e-5),
            (30.0, 1e-6),
        ] {
            let got = learning_rate(&schedule, 1e-4, 30.0, t);
            assert!((got - expected).abs() < 5e-9, "t = {t}: {got} {expected}");
        }
        let constant =
            Schedule { kind: Spanned::default_of(ScheduleKind::Constant), ..schedule.clone() };
        assert_eq!(learning_rate(&constant, 1e-3, 30.0, 20.0), 1e-3);
        // SBI's: constant for three quarters, then straight down to nothing.
        let held = Schedule {
            kind: Spanned::default_of(ScheduleKind::Linear),
            warmup: Spanned::default_of(0.0),
            min_lr: Spanned::default_of(0.0),
            hold: Some(Spanned::default_of(75.0)),
        };
        for (t, expected) in [(0.0, 1e-3), (75.0, 1e-3), (80.0, 8e-4), (100.0, 0.0)] {
            let got = learning_rate(&held, 1e-3, 100.0, t);
            assert!((got - expected).abs() < 1e-12, "t = {t}: {got} {expected}");
        }
    }
}
