//! `score`: images and folders with a trained model.

use serde_json::json;

use super::args::{Format, ScoreArgs};
use super::exit::Exit;
use super::output::Printer;
use super::progress::{StageProgress, bars};
use super::project::failed;
use crate::engine::device::open;
use crate::engine::score::{images, score as score_images};
use crate::work::Failure;

/// Prints a fake probability per image.
pub fn score(args: &ScoreArgs, printer: Printer) -> Exit {
    match print(args, printer) {
        Ok(exit) => exit,
        Err(failure) => failed(&failure, printer),
    }
}

fn print(args: &ScoreArgs, printer: Printer) -> Result<Exit, Failure> {
    let device = open(args.device)?;
    let images = images(&args.paths)?;
    let progress = StageProgress::new(printer, "score".to_owned(), bars(printer));
    let (card, scored) = score_images(&args.checkpoint, &images, &device, &progress)?;
    progress.finish();
    match args.format {
        Format::Json => {
            let all = json!({
                "experiment": card.experiment,
                "model": card.key,
                "images": scored,
            });
            printer.data(&format!("{}\n", serde_json::to_string_pretty(&all).unwrap_or_default()));
        }
        Format::Text => {
            for image in &scored {
                match (image.fake, &image.error) {
                    (Some(fake), _) => {
                        printer.data(&format!("{fake:.4}  {}\n", image.path.display()));
                    }
                    (None, why) => printer.error(
                        &format!(
                            "{} has no score: {}",
                            image.path.display(),
                            why.as_deref().unwrap_or("it cannot be read")
                        ),
                        None,
                    ),
                }
            }
        }
    }
    let unread = scored.iter().filter(|s| s.fake.is_none()).count();
    if unread > 0 {
        printer.always(&format!("{unread} of {} images could not be read", scored.len()));
        return Ok(Exit::Data);
    }
    Ok(Exit::Ok)
}
