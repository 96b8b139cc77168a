//! Axes: from values to pixels, and which values have a tick.

use crate::figure::bins::nice;

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it shows.
    pub title: String,
    /// Where it begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// Values with a tick, and what is written at it.
    pub ticks: Vec<(f64, String)>,
}

impl Axis {
    /// A share, from 0 to 1.
    pub fn share(title: &str) -> Self {
        let tick = |i: u32| f64::from(i) / 4.0;
        let ticks = (0..=4).map(|i| (tick(i), number(tick(i)))).collect();
        Self { title: title.to_owned(), low: 0.0, high: 1.0, ticks }
    }

    /// An axis that holds all values, with ticks at round ones. It ends at most a quarter of the
    /// distance between ticks beyond them.
    pub fn of(title: &str, values: impl Iterator<Item = f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite()) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        if high - low < 1e-9 * high.abs().max(1.0) {
            let room = (high.abs() / 10.0).max(0.05);
            (low, high) = (low - room, high + room);
        }
        let step = nice((high - low) / 4.0);
        let end = step / 4.0;
        let (low, high) = ((low / end).floor() * end, (high / end).ceil() * end);
        // What is a tick but for rounding is one.
        let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
        let count = (last - first) as i32;
        let ticks = (0..=count).map(|i| (first + f64::from(i)) * step + 0.0);
        Self {
            title: title.to_owned(),
            low,
            high,
            ticks: ticks.map(|value| (value, number(value))).collect(),
        }
    }

    /// Where a value lies, from 0 at the beginning to 1 at the end.
    pub fn place(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

/// Ticks at whole numbers from 1, not more than fit.
pub fn ticks(last: u32) -> Vec<(f64, String)> {
    let step = nice(f64::from(last) / 8.0).max(1.0) as u32;
    let first = if step == 1 { 1 } else { step };
    (first..=last).step_by(step as usize).map(|i| (f64::from(i), i.to_string())).collect()
}

/// A number with as many decimals as it needs, three at most.
pub fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_hold_their_values_and_little_more() {
        for values in [vec![0.61, 0.93], vec![5.0], vec![0.0, 0.0], vec![-3.0, 1e4], vec![]] {
            let axis = Axis::of("", values.iter().copied());
            assert!(values.iter().all(|v| (0.0..=1.0).contains(&axis.place(*v))), "{axis:?}");
            assert!((2..=7).contains(&axis.ticks.len()), "{axis:?}");
            let step = axis.ticks[1].0 - axis.ticks[0].0;
            let ends = (axis.ticks[0].0, axis.ticks[axis.ticks.len() - 1].0);
            assert!(axis.low <= ends.0 && ends.0 < axis.low + step, "{axis:?}");
            assert!(ends.1 <= axis.high && axis.high < ends.1 + step, "{axis:?}");
            if let [low, .., high] = values[..]
                && low < high
            {
                assert!(low - axis.low < 0.26 * step && axis.high - high < 0.26 * step, "{axis:?}");
            }
        }
        let axis = Axis::of("", [0.61, 0.93, f64::NAN].into_iter());
        let labels: Vec<&str> = axis.ticks.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, ["0.6", "0.7", "0.8", "0.9"]);
        assert!((axis.low - 0.6).abs() < 1e-9 && (axis.high - 0.95).abs() < 1e-9, "{axis:?}");
    }

    #[test]
    fn epochs_have_few_ticks() {
        let labels = |last| ticks(last).into_iter().map(|t| t.1).collect::<Vec<_>>().join(" ");
        assert_eq!(labels(8), "1 2 3 4 5 6 7 8");
        assert_eq!(labels(30), "5 10 15 20 25 30");
        assert_eq!(labels(1), "1");
    }
}
