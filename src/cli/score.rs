//! `score`: photographs, videos and face crops with a trained model.

use std::fmt::Write as _;

use serde_json::json;

use super::args::{FacesFrom, ScoreArgs, ScoreFormat};
use super::exit::Exit;
use super::output::Printer;
use super::progress::{StageProgress, bars};
use super::told::failed;
use crate::engine::device::open;
use crate::engine::score::media::{Sort, media};
use crate::engine::score::{Faces, Outcome, Request, Scored, find, score as score_media};
use proofmark_base::store::Store;
use proofmark_base::width::Width;
use proofmark_base::work::Failure;
use proofmark_lang::Sources;
use proofmark_lang::model::Pooling;
use proofmark_text::csv::write;
use proofmark_text::show;

/// Prints a fake probability per photograph, video or crop, and what it is made of.
pub fn score(args: &ScoreArgs, printer: Printer) -> Exit {
    match print(args, printer) {
        Ok(exit) => exit,
        Err(failure) => failed(&failure, &Sources::default(), printer),
    }
}

fn print(args: &ScoreArgs, printer: Printer) -> Result<Exit, Failure> {
    // One model takes no more than one device.
    let choice = args.device.one(0);
    let device = open(choice, 0)?;
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
    if let Some(slowness) = Width::slowness() {
        printer.line(slowness);
    }
    let progress = StageProgress::new(printer, "score".to_owned(), bars(printer));
    let outcome = score_media(&checkpoint, &media, &request, (device, choice), &progress)?;
    progress.finish();
    outcome.notes.iter().for_each(|note| printer.line(note));
    let text = match args.format {
        ScoreFormat::Json => as_json(&outcome, args),
        ScoreFormat::Csv => as_csv(&outcome.scored),
        ScoreFormat::Text => as_text(&outcome.scored),
    };
    match args.format {
        ScoreFormat::Text => printer.text(&text),
        ScoreFormat::Csv | ScoreFormat::Json => printer.data(&text),
    }
    let lossy = outcome.scored.iter().filter(|s| s.path.to_str().is_none()).count();
    if lossy > 0 {
        printer.always(&format!(
            "{lossy} of {} files have names that are not UTF-8; U+FFFD stands for what is not",
            outcome.scored.len()
        ));
    }
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
    let path = scored.path.to_string_lossy();
    let path = show::shown(&path);
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
        let path = file.path.to_string_lossy();
        let _ = write!(text, "{fake:.4}  {called}  {}", show::shown(&path));
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
    let mut text = String::new();
    write(&mut text, COLUMNS);
    let shown = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for file in scored {
        let (path, whole) = (file.path.display().to_string(), shown(file.fake));
        let (called, error) = (file.called.unwrap_or_default(), file.error.as_deref());
        let mut row = |middle: [String; 8]| {
            let middle = middle.iter().map(String::as_str);
            let end = [whole.as_str(), called, error.unwrap_or_default()];
            write(&mut text, std::iter::once(path.as_str()).chain(middle).chain(end));
        };
        if file.faces.is_empty() {
            let mut middle = [const { String::new() }; 8];
            middle[7] = shown(file.fake);
            row(middle);
        }
        for face in &file.faces {
            let corner = |i: usize| shown(face.bbox.map(|corners| corners[i].into()));
            let frame = face.frame.map(f64::from);
            row([
                shown(frame),
                shown(face.seconds),
                corner(0),
                corner(1),
                corner(2),
                corner(3),
                shown(face.detector.map(f64::from)),
                shown(Some(face.fake)),
            ]);
        }
    }
    text
}

const COLUMNS: [&str; 12] = [
    "path",
    "frame",
    "seconds",
    "left",
    "top",
    "right",
    "bottom",
    "detector",
    "fake",
    "file_fake",
    "called",
    "error",
];

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
    show::json(&all)
}
