//! `score`: photographs, videos and face crops with a trained model.

use std::fmt::Write;

use serde_json::json;

use super::args::{FacesFrom, ScoreArgs, ScoreFormat};
use super::exit::Exit;
use super::output::Printer;
use super::progress::{StageProgress, bars};
use super::project::failed;
use crate::engine::device::open;
use crate::engine::score::media::{Sort, media};
use crate::engine::score::{Faces, Outcome, Request, Scored, find, score as score_media};
use crate::lang::model::Pooling;
use crate::store::Store;
use crate::work::Failure;

/// Prints a fake probability per photograph, video or crop, and what it is made of.
pub fn score(args: &ScoreArgs, printer: Printer) -> Exit {
    match print(args, printer) {
        Ok(exit) => exit,
        Err(failure) => failed(&failure, printer),
    }
}

fn print(args: &ScoreArgs, printer: Printer) -> Result<Exit, Failure> {
    let device = open(args.device)?;
    let checkpoint = match (&args.model.checkpoint, &args.model.experiment) {
        (Some(file), _) => file.clone(),
        (None, Some(name)) => find::model(&Store::open(&args.store.store)?, name)?,
        (None, None) => return Err(Failure::Internal("no model is named".to_owned())),
    };
    let media = media(&args.paths)?;
    let request = Request {
        faces: match args.faces {
            FacesFrom::AsTrained => Faces::AsTrained,
            FacesFrom::Given => Faces::Given,
            FacesFrom::Detect => Faces::Detect,
        },
        like: args.like.as_deref(),
        detector: args.detector.as_deref(),
        rule: args.video_score,
        threshold: args.threshold,
    };
    let progress = StageProgress::new(printer, "score".to_owned(), bars(printer));
    let outcome = score_media(&checkpoint, &media, &request, &device, &progress)?;
    progress.finish();
    outcome.notes.iter().for_each(|note| printer.line(note));
    let text = match args.format {
        ScoreFormat::Json => as_json(&outcome, args),
        ScoreFormat::Csv => as_csv(&outcome.scored),
        ScoreFormat::Text => as_text(&outcome.scored),
    };
    printer.data(&text);
    if args.format == ScoreFormat::Text && outcome.scored.iter().any(|s| !s.faces.is_empty()) {
        printer.line(&format!(
            "a file's score is {} of those of its faces; from {} it is called fake",
            rule(args.video_score),
            args.threshold
        ));
    }
    for scored in &outcome.scored {
        told(scored, printer);
    }
    let unread = outcome.scored.iter().filter(|s| s.fake.is_none() && !s.faceless).count();
    let faceless = outcome.scored.iter().filter(|s| s.faceless).count();
    let of = outcome.scored.len();
    if faceless > 0 {
        printer.always(&format!("{faceless} of {of} files have no face"));
    }
    if unread > 0 {
        printer.always(&format!("{unread} of {of} files could not be read"));
    }
    // Photographs without people are nothing wrong, unless there are no others.
    let failed = unread > 0 || faceless == of;
    Ok(if failed { Exit::Data } else { Exit::Ok })
}

/// What is wrong with a file, or with a part of it.
fn told(scored: &Scored, printer: Printer) {
    let path = scored.path.display();
    match (&scored.error, scored.fake) {
        (Some(why), Some(_)) => printer.line(&format!("{path} was used as far as it goes: {why}")),
        (Some(why), None) => printer.error(&format!("{path} has no score: {why}"), None),
        (None, Some(_)) => {}
        (None, None) => printer.line(&format!("{path} has no score: no face was found")),
    }
}

fn rule(rule: Pooling) -> String {
    match rule {
        Pooling::Mean => "the mean".to_owned(),
        Pooling::Max => "the highest".to_owned(),
        Pooling::Top(n) => format!("the mean of the {n} highest"),
    }
}

/// A line for each file, and beneath it one for each face that was found.
fn as_text(scored: &[Scored]) -> String {
    let mut text = String::new();
    for file in scored {
        let (Some(fake), Some(called)) = (file.fake, file.called) else { continue };
        let _ = write!(text, "{fake:.4}  {called}  {}", file.path.display());
        if let Some(frames) = file.frames {
            let _ = write!(text, "  ({} faces in {frames} frames)", file.faces.len());
        }
        text.push('\n');
        for face in &file.faces {
            let _ = write!(text, "  {:.4}", face.fake);
            if let Some(frame) = face.frame {
                let _ = write!(text, "  frame {frame}");
            }
            if let Some(seconds) = face.seconds {
                let _ = write!(text, " at {seconds:.2} s");
            }
            if let Some([left, top, right, bottom]) = face.bbox {
                let _ = write!(text, "  box {left:.0} {top:.0} {right:.0} {bottom:.0}");
            }
            text.push('\n');
        }
    }
    text
}

/// A row for each face, with its file's score; one without a face for a file that has none.
fn as_csv(scored: &[Scored]) -> String {
    let mut text = "path,frame,seconds,left,top,right,bottom,detector,fake,file_fake,called,error\n"
        .to_owned();
    for file in scored {
        let path = quoted(&file.path.display().to_string());
        let whole = number(file.fake.map(|fake| fake.to_string()));
        let called = file.called.unwrap_or_default();
        let error = quoted(file.error.as_deref().unwrap_or_default());
        let mut row = |middle: &str| {
            let _ = writeln!(text, "{path},{middle},{whole},{called},{error}");
        };
        if file.faces.is_empty() {
            row(&format!(",,,,,,,{whole}"));
        }
        for face in &file.faces {
            let corners = match face.bbox {
                Some(corners) => corners.map(|c| c.to_string()).join(","),
                None => ",,,".to_owned(),
            };
            row(&format!(
                "{},{},{corners},{},{}",
                number(face.frame.map(|f| f.to_string())),
                number(face.seconds.map(|s| s.to_string())),
                number(face.detector.map(|d| d.to_string())),
                face.fake
            ));
        }
    }
    text
}

fn number(text: Option<String>) -> String {
    text.unwrap_or_default()
}

/// A field of a CSV file.
pub(super) fn quoted(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

fn as_json(outcome: &Outcome, args: &ScoreArgs) -> String {
    let of = |sort: Sort| outcome.scored.iter().filter(|s| s.kind == sort).collect::<Vec<_>>();
    let all = json!({
        "experiment": outcome.card.experiment,
        "model": outcome.card.key,
        "video_score": rule(args.video_score),
        "threshold": args.threshold,
        "images": of(Sort::Image),
        "videos": of(Sort::Video),
    });
    format!("{}\n", serde_json::to_string_pretty(&all).unwrap_or_default())
}
