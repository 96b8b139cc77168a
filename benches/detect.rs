//! Times Proofmark's side of the comparison that `benches/detect.py` makes: faces in a
//! photograph, on one core.
//!
//! Prints one line of JSON: milliseconds of processor time a frame, per round.

mod clock;

use clock::processor_time;
use proofmark_prepare::crop::read_image;
use proofmark_prepare::detect::{Detector, Options, Scratch};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Frames of a round.
const FRAMES: u32 = 50;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [photo, rounds] = arguments.as_slice() else {
        return Err("usage: detect PHOTO ROUNDS".into());
    };
    let (image, rounds) = (read_image(photo.as_ref())?, rounds.parse::<u32>()?);
    let (width, height) = image.dimensions();
    let detector = Detector::embedded()?;
    let options = Options { score: 0.5, nms: 0.4, min_side: 0.0, long_side: 0 };
    let mut scratch = Scratch::default();
    let mut milliseconds = Vec::new();
    let mut faces = 0;
    for round in 0..=rounds {
        let begun = processor_time()?;
        for _ in 0..FRAMES {
            faces = detector.detect(&image, width, height, &options, &mut scratch)?.len();
        }
        let took = processor_time()? - begun;
        // The first round warms up.
        if round > 0 {
            milliseconds.push(1e3 * took / f64::from(FRAMES));
        }
    }
    #[expect(clippy::print_stdout, reason = "its output is its purpose")]
    {
        println!("{}", serde_json::json!({ "milliseconds": milliseconds, "faces": faces }));
    }
    Ok(())
}
