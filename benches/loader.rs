//! Times Proofmark's side of the comparison that `benches/loader.py` makes: faces from
//! JPEG files, or as they lie in a face store, to augmented, normalised inputs.
//!
//! Without Python it times the loader of a training alone: `planes` makes batches of 64 as for a CPU, of the faces of a
//! store (a folder `objects/faces/KEY`), `bytes` as they are sent to a GPU.
//!
//! Prints one line of JSON: milliseconds of processor time a face, per round.

mod clock;

use std::path::{Path, PathBuf};

use clock::processor_time;
use proofmark_augmentations::face::{Channels, Face};
use proofmark_augmentations::lists::fsfm;
use proofmark_augmentations::training;
use proofmark_base::rng::{Rng, Stream};
use proofmark_prepare::crop::read_image;
use proofmark_prepare::faces::Faces;
use proofmark_train::batch::{Inputs, Role, Sample};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// FSFM's.
const CHANNELS: Channels = Channels { mean: [0.548, 0.423, 0.365], std: [0.279, 0.244, 0.235] };

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [what, folder, rounds] = arguments.as_slice() else {
        return Err(
            "usage: loader WHAT FOLDER ROUNDS, WHAT one of jpeg, store, decode, planes, bytes"
                .into(),
        );
    };
    let rounds: u32 = rounds.parse()?;
    if ["planes", "bytes"].contains(&what.as_str()) {
        return print(&of_store(what == "bytes", folder.as_ref(), rounds)?);
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    files.sort();
    let augment = fsfm("bilinear");
    let by = CHANNELS;
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
    print(&milliseconds)
}

/// Milliseconds of processor time for each face of a store, in every round.
fn of_store(
    bytes: bool,
    folder: &Path,
    rounds: u32,
) -> Result<Vec<f64>, Box<dyn std::error::Error>> {
    let sets = [Faces::open(folder)?];
    let inputs = Inputs { sets: &sets, pseudo: &[None], image: 224, channels: CHANNELS };
    let sample = |face| Sample { set: 0, face, class: 0, id: face as u64, role: Role::Stored };
    let samples: Vec<Sample> = (0..sets[0].file.len()).map(sample).collect();
    let augment = fsfm("bilinear");
    let mut milliseconds = Vec::new();
    for epoch in 0..=rounds {
        let begun = processor_time()?;
        for batch in samples.chunks(64) {
            if bytes {
                drop(inputs.training_bytes(batch, &augment, 0, epoch)?);
            } else {
                drop(inputs.training(batch, &augment, 0, epoch)?);
            }
        }
        // The first round warms up.
        if epoch > 0 {
            milliseconds.push(1e3 * (processor_time()? - begun) / samples.len() as f64);
        }
    }
    Ok(milliseconds)
}

#[expect(clippy::print_stdout, reason = "its output is its purpose")]
fn print(milliseconds: &[f64]) -> Result<(), Box<dyn std::error::Error>> {
    println!("{}", serde_json::json!({ "milliseconds": milliseconds }));
    Ok(())
}
