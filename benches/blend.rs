//! Times Proofmark's side of the comparison that `benches/blend.py` makes: pairs of a real
//! and its self-blended fake, from faces in memory with their landmarks.
//!
//! Prints one line of JSON: milliseconds of processor time a pair, per round.

mod clock;

use std::path::PathBuf;

use clock::processor_time;
use proofmark_augmentations::face::Face;
use proofmark_base::rng::{Rng, Stream};
use proofmark_lang::model::{Hull, PseudoFake, PseudoFakeKind, Split};
use proofmark_prepare::crop::read_image;
use proofmark_prepare::landmarks::{FaceMark, LandmarkNet, Points, Square};
use proofmark_train::blend::{Use, pair};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Where the face lies in a photograph of FFHQ, as shares of its side.
const BOX: [f32; 4] = [0.2, 0.2, 0.8, 0.9];
/// Side of a sample in pixels.
const SIDE: u32 = 380;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [folder, rounds, marks] = arguments.as_slice() else {
        return Err("usage: blend FOLDER ROUNDS MARKS, MARKS a file that is written".into());
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    files.sort();
    let rounds: u32 = rounds.parse()?;
    let settings = PseudoFake {
        kind: PseudoFakeKind::SelfBlended,
        from: String::new(),
        train: Split::Train,
        val: Split::Val,
        hull: Hull::Mixed,
        post_augment: true,
    };
    let network = LandmarkNet::embedded()?;
    let mut faces = Vec::new();
    let mut written = Vec::new();
    for file in &files {
        let image = read_image(file)?;
        let side = f64::from(image.width());
        let square = Square::around(BOX.map(|v| f64::from(v) * side));
        let points = network.points(image.as_raw(), image.width() as usize, square)?;
        let points: Vec<[f32; 2]> = points.iter().map(|p| p.map(|v| (v / side) as f32)).collect();
        let Some(points) = Points::new(points) else { continue };
        written.push(serde_json::json!({ "file": file, "points": points.all() }));
        faces.push((image, FaceMark { bbox: BOX, points: Some(points) }));
    }
    std::fs::write(marks, serde_json::to_string(&written)?)?;
    let mut milliseconds = Vec::new();
    for round in 0..=rounds {
        let begun = processor_time()?;
        for (number, (image, mark)) in faces.iter().enumerate() {
            let face = Face { rgb: image.as_raw(), side: image.width() };
            let mut rng = Rng::new(0, Stream::Blend, round, number as u64);
            std::hint::black_box(pair(face, mark, &settings, Use::Training, SIDE, &mut rng));
        }
        let took = processor_time()? - begun;
        // The first round warms up.
        if round > 0 {
            milliseconds.push(1e3 * took / faces.len() as f64);
        }
    }
    #[expect(clippy::print_stdout, reason = "its output is its purpose")]
    {
        println!("{}", serde_json::json!({ "milliseconds": milliseconds }));
    }
    Ok(())
}
