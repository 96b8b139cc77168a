//! Times Proofmark's side of the comparison that `benches/loader.py` makes: faces from
//! JPEG files, or as they lie in a face store, to augmented, normalised inputs.
//!
//! Prints one line of JSON: milliseconds of processor time a face, per round.

mod clock;

use std::path::PathBuf;

use clock::processor_time;
use proofmark_augmentations::face::{Channels, Face};
use proofmark_augmentations::lists::fsfm;
use proofmark_augmentations::training;
use proofmark_base::rng::{Rng, Stream};
use proofmark_prepare::crop::read_image;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [what, folder, rounds] = arguments.as_slice() else {
        return Err("usage: loader WHAT FOLDER ROUNDS, WHAT one of jpeg, store, decode".into());
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    files.sort();
    let rounds: u32 = rounds.parse()?;
    let augment = fsfm("bilinear");
    let by = Channels { mean: [0.548, 0.423, 0.365], std: [0.279, 0.244, 0.235] };
    let mut input = vec![0f32; 3 * 224 * 224];
    let mut prepare = |rgb: &[u8], side: u32, epoch: u32, number: usize| {
        let mut rng = Rng::new(0, Stream::Augment, epoch, number as u64);
        training(Face { rgb, side }, &augment, &by, &mut rng, &mut input);
    };
    let stored: Vec<Vec<u8>> = match what.as_str() {
        "store" => {
            files.iter().map(|f| Ok(read_image(f)?.into_raw())).collect::<Result<_, String>>()?
        }
        _ => Vec::new(),
    };
    let mut milliseconds = Vec::new();
    for round in 0..=rounds {
        let begun = processor_time()?;
        for (number, file) in files.iter().enumerate() {
            match what.as_str() {
                "store" => prepare(&stored[number], 256, round, number),
                _ => {
                    let image = read_image(file)?;
                    if what == "jpeg" {
                        prepare(image.as_raw(), image.width(), round, number);
                    }
                }
            }
        }
        let took = processor_time()? - begun;
        // The first round warms up.
        if round > 0 {
            milliseconds.push(1e3 * took / files.len() as f64);
        }
    }
    #[expect(clippy::print_stdout, reason = "its output is its purpose")]
    {
        println!("{}", serde_json::json!({ "milliseconds": milliseconds }));
    }
    Ok(())
}
