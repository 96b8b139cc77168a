//! Several seeds of one experiment.

use serde::Serialize;

use super::distributions::{student_quantile, student_two_sided};

/// What several seeds gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Seeds {
    /// How many.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, over n - 1; a single seed has none.
    pub deviation: Option<f64>,
    /// What each of them gave, in the order of the experiments.
    pub values: Vec<f64>,
}

impl Seeds {
    /// The mean and standard deviation of values, one per seed; none without values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        if n == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (n > 1).then(|| (squares / (n - 1) as f64).sqrt());
        Some(Self { n, mean, deviation, values: values.to_vec() })
    }

    /// The variance of the mean that comes from the seeds; none of a single one.
    fn of_mean(&self) -> Option<f64> {
        self.deviation.map(|deviation| deviation * deviation / self.n as f64)
    }
}

/// How far a number may be off: by which videos were drawn and, of a mean over seeds, which seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Error {
    /// Its standard error.
    pub standard: f64,
    /// Degrees of freedom: those of the seeds alone, after Welch and Satterthwaite. Counting the
    /// videos, too, could call a difference more certain for being measured on fewer of them.
    /// Infinite without seeds, where the error is normal.
    pub freedom: f64,
}

impl Error {
    /// The error of a mean over seeds, or of the difference of two, from the variance that
    /// drawing other videos gives it. None where one has a single seed, whose variance is
    /// unknown.
    pub fn of(means: &[&Seeds], videos: f64) -> Option<Self> {
        let parts: Option<Vec<(f64, f64)>> =
            means.iter().map(|seeds| Some((seeds.of_mean()?, (seeds.n - 1) as f64))).collect();
        let parts = parts?;
        let seeds: f64 = parts.iter().map(|(variance, _)| variance).sum();
        let divisor: f64 = parts.iter().map(|(variance, n)| variance * variance / n).sum();
        let freedom = if divisor > 0.0 {
            seeds * seeds / divisor
        } else {
            parts.iter().map(|(_, freedom)| freedom).sum()
        };
        Some(Self { standard: (seeds + videos).sqrt(), freedom })
    }

    /// The normal error of a number that has no seeds.
    pub fn normal(standard: f64) -> Self {
        Self { standard, freedom: f64::INFINITY }
    }

    /// One-sided p-value: how likely a difference of zero looks at least this large.
    pub fn above(self, difference: f64) -> f64 {
        let outside = student_two_sided(difference / self.standard, self.freedom);
        if difference > 0.0 { outside / 2.0 } else { 1.0 - outside / 2.0 }
    }

    /// Half the width of the interval that holds the true value in a share of cases.
    pub fn half_width(self, level: f64) -> f64 {
        self.standard * student_quantile(1.0 - level, self.freedom)
    }

    /// Two-sided p-value of a difference with this error: Welch's test, where the videos have no
    /// variance. None without any variance.
    pub fn p_value(self, difference: f64) -> Option<f64> {
        (self.standard > 1e-12).then(|| student_two_sided(difference / self.standard, self.freedom))
    }
}
