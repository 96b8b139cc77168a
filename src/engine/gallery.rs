//! A contact sheet of what an experiment trains on, to look at.

use image::RgbImage;

use super::kind::StageKind;
use super::results::Results;
use super::session::Session;
use super::training_sets;
use proofmark_augmentations::face::Face;
use proofmark_base::work::Failure;
use proofmark_lang::model::{Experiment, Placed};
use proofmark_train::batch::{Inputs, Role, Sample};
use proofmark_train::blend::Use;
use proofmark_train::input::channels;

/// White between the pictures, in pixels.
const GAP: u32 = 2;

/// What a sheet shows.
#[derive(Clone, Copy, Debug)]
pub struct Sheet {
    /// Pairs in a row.
    pub columns: u32,
    /// Rows of pairs.
    pub rows: u32,
    /// The epoch that samples are drawn for, from 0.
    pub epoch: u32,
}

/// Draws pairs of an experiment as training sees them: in a row of the sheet the real, its
/// fake below, and how far they are apart, four times as much.
///
/// # Errors
/// An experiment without pseudo-fakes, or one that was not sampled.
pub fn sheet(
    session: &Session<'_>,
    experiment: &Placed<Experiment>,
    sheet: Sheet,
) -> Result<RgbImage, Failure> {
    let (name, ensemble) = (&experiment.name, &experiment.data);
    let (project, plan, results) = (session.project(), session.plan(), Results(session.store()));
    let sample = plan.samples.get(&ensemble.name);
    let sample =
        sample.ok_or_else(|| Failure::run(format!("experiment `{name}` is not trained")))?;
    let sampled = results.folder(StageKind::Sample, sample)?;
    let faces = results.marked(project, ensemble, &plan.sets.of(ensemble))?;
    let sets = training_sets::read(project, experiment, session.world(), &sampled, faces)?;
    let reals: Vec<&Sample> = sets.train.iter().filter(|s| s.role == Role::Target).collect();
    if reals.is_empty() {
        return Err(Failure::run(format!("experiment `{name}` trains on no pseudo-fakes")));
    }
    let side = experiment.backbone.image();
    let inputs = Inputs {
        sets: &sets.sets,
        pseudo: &sets.pseudo,
        image: side,
        channels: channels(&experiment.init.normalize),
    };
    let side = side as u32;
    let step = side + GAP;
    let mut picture = RgbImage::from_pixel(
        sheet.columns * step + GAP,
        sheet.rows * 3 * step + GAP,
        image::Rgb([255; 3]),
    );
    let count = (sheet.columns * sheet.rows) as usize;
    let mut rgb = Vec::new();
    // Spread over all of them.
    let chosen = (0..count.min(reals.len())).map(|i| reals[i * reals.len() / count.max(1)]);
    for (i, sample) in chosen.enumerate() {
        let file = &sets.sets[sample.set].file;
        file.crop(sample.face, &mut rgb)?;
        let face = Face { rgb: &rgb, side: file.side() };
        let pair = inputs.pair(sample, face, (Use::Training, sheet.epoch));
        let apart = pair.real.rgb.iter().zip(&pair.fake.rgb);
        let apart: Vec<u8> = apart.map(|(a, b)| a.abs_diff(*b).saturating_mul(4)).collect();
        let (column, row) = (i as u32 % sheet.columns, i as u32 / sheet.columns);
        for (line, rgb) in [&pair.real.rgb, &pair.fake.rgb, &apart].into_iter().enumerate() {
            let shown = RgbImage::from_raw(side, side, rgb.clone());
            let shown = shown.ok_or_else(|| Failure::Internal("a pair of another size".into()))?;
            let (x, y) = (GAP + column * step, GAP + (row * 3 + line as u32) * step);
            image::imageops::replace(&mut picture, &shown, i64::from(x), i64::from(y));
        }
    }
    Ok(picture)
}
