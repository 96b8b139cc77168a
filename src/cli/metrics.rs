//! `metrics`: anybody's file of scores.

use super::args::{Format, MetricsArgs};
use super::exit::Exit;
use super::output::Printer;
use proofmark_evaluate::file::summarise;
use proofmark_evaluate::request::Request;
use proofmark_text::show::json_line;

/// Prints the metrics of a CSV or Parquet file.
pub fn metrics(args: &MetricsArgs, printer: Printer) -> Exit {
    let request = Request {
        path: args.file.clone(),
        score: args.score.clone(),
        label: args.label.clone(),
        video: args.video.clone(),
        fake_is: args.fake_is.clone(),
        by: args.by.clone(),
        threshold: args.threshold,
        fpr: args.fpr,
        bins: args.bins,
        video_score: args.video_score,
        bootstrap: args.bootstrap,
        only_videos: args.only_videos,
    };
    match summarise(&request) {
        Ok(summary) => {
            for note in &summary.notes {
                printer.always(&format!("note: {}: {note}", args.file.display()));
            }
            match args.format {
                Format::Json => {
                    printer.data(&json_line(&summary));
                }
                Format::Text => printer.text(&summary.to_string()),
            }
            Exit::Ok
        }
        Err(error) => {
            printer.error(&error.to_string(), None);
            Exit::Data
        }
    }
}
