//! Learning rate at every iteration (recipe 2.7).

use proofmark_base::math::cos;
use proofmark_lang::model::{Schedule, ScheduleKind};

/// Learning rate before layer scales at `t` epochs (a fraction within one) of
/// `epochs`: linear warm-up from 0, then the declared shape down to `min_lr`.
pub fn learning_rate(schedule: &Schedule, peak: f64, epochs: f64, t: f64) -> f64 {
    let (warmup, min) = (schedule.warmup, schedule.min_lr);
    if t < warmup {
        return peak * t / warmup;
    }
    match schedule.kind {
        ScheduleKind::Constant => peak,
        ScheduleKind::Linear => {
            let hold = schedule.hold.unwrap_or(warmup).max(warmup);
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

    #[test]
    fn follows_the_table_of_the_recipe() {
        let schedule =
            Schedule { kind: ScheduleKind::Cosine, warmup: 5.0, min_lr: 1e-6, hold: None };
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
        let constant = Schedule { kind: ScheduleKind::Constant, ..schedule.clone() };
        assert_eq!(learning_rate(&constant, 1e-3, 30.0, 20.0), 1e-3);
        // SBI's: constant for three quarters, then straight down to nothing.
        let held =
            Schedule { kind: ScheduleKind::Linear, warmup: 0.0, min_lr: 0.0, hold: Some(75.0) };
        for (t, expected) in [(0.0, 1e-3), (75.0, 1e-3), (80.0, 8e-4), (100.0, 0.0)] {
            let got = learning_rate(&held, 1e-3, 100.0, t);
            assert!((got - expected).abs() < 1e-12, "t = {t}: {got} {expected}");
        }
    }
}
