//! 2,000 paired draws of 10 rows by 24 columns over 20,000 videos each: AUC and balanced
//! accuracy of every cell.
//!
//! Prints seconds of the clock and of the processor's cores.
#![expect(clippy::print_stdout, reason = "a benchmark prints its times")]

use std::time::Instant;

use proofmark_base::math::exp;
use proofmark_base::rng::{Rng, Stream};
use proofmark_evaluate::statistics::bootstrap::{Item, Replica, Stratum, Unit};
use proofmark_evaluate::statistics::interval::Interval;
use proofmark_metrics::{AUC, BALANCED_ACCURACY};

const ROWS: u64 = 10;
const COLUMNS: u32 = 24;
const VIDEOS: u32 = 20_000;
const DRAWS: u32 = 2000;

/// One row's scores of one column's videos, half of them real.
fn items(column: u32, row: u64) -> Vec<Item> {
    let mut rng = Rng::new(0, Stream::Simulation, column, row);
    (0..VIDEOS)
        .map(|video| {
            let fake = video >= VIDEOS / 2;
            let score = 1.0 / (1.0 + exp(-rng.normal() - f64::from(u8::from(fake))));
            Item { video, fake, score }
        })
        .collect()
}

fn main() {
    let data: Vec<Vec<Vec<Item>>> =
        (0..COLUMNS).map(|column| (0..ROWS).map(|row| items(column, row)).collect()).collect();
    let start = Instant::now();
    let mut width = 0.0;
    for (column, rows) in data.iter().enumerate() {
        let measures = [AUC.into(), BALANCED_ACCURACY.at(0.5)];
        let unit = Unit {
            reals: Stratum::new(&format!("{column} real"), VIDEOS as usize / 2),
            fakes: Stratum::new(&format!("{column} fake"), VIDEOS as usize / 2),
            replicas: rows
                .iter()
                .flat_map(|items| measures.map(|measure| Replica::new(items, measure)))
                .collect(),
        };
        for draws in unit.draws(DRAWS, 0) {
            width += Interval::of_draws(&draws, 0.95).map_or(0.0, |i| i.high - i.low);
        }
    }
    let cells = f64::from(COLUMNS) * ROWS as f64 * 2.0;
    println!(
        "{DRAWS} draws of {ROWS} rows by {COLUMNS} columns over {VIDEOS} videos: {:.2} s; \
         mean width of an interval {:.4}",
        start.elapsed().as_secs_f64(),
        width / cells
    );
}
