//! `diff`: what two experiment files, or packs of them, mean differently.

use std::path::Path;

use serde_json::{Value, json};

use super::args::{DiffArgs, Format};
use super::exit::Exit;
use super::output::Printer;
use super::project::{checked, print};
use super::told::failed;
use crate::engine::pack::{self, Pack, is_pack};
use proofmark_lang::span::Origin;
use proofmark_lang::{Loaded, Sources};
use proofmark_plan::meaning::{Difference, What, differences, said};
use proofmark_text::show;

/// One of the two: an experiment file, or a pack of one.
enum Side {
    File(Box<Loaded>),
    Pack(Box<Pack>),
}

impl Side {
    fn open(path: &Path, printer: Printer) -> Result<Self, Exit> {
        if !is_pack(path) {
            let loaded = checked(path, printer).ok_or(Exit::Invalid)?;
            return Ok(Self::File(Box::new(loaded)));
        }
        let pack =
            Pack::open(path).map_err(|failure| failed(&failure, &Sources::default(), printer))?;
        if pack.loaded.has_errors() {
            print(&pack.loaded, printer);
            return Err(Exit::Invalid);
        }
        Ok(Self::Pack(Box::new(pack)))
    }

    fn loaded(&self) -> &Loaded {
        match self {
            Self::File(loaded) => loaded,
            Self::Pack(pack) => &pack.loaded,
        }
    }
}

/// Prints what two files or packs mean differently; of two packs, also what they found
/// differently.
pub fn diff(args: &DiffArgs, printer: Printer) -> Exit {
    match compare(args, printer) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn compare(args: &DiffArgs, printer: Printer) -> Result<Exit, Exit> {
    let (first, second) = (Side::open(&args.first, printer)?, Side::open(&args.second, printer)?);
    let found = differences(&first.loaded().project, &second.loaded().project);
    let beyond = match (&first, &second) {
        (Side::Pack(first), Side::Pack(second)) => {
            pack::differences(first, second).map_err(|failure| {
                failed(&second.named(first.named(failure)), &Sources::default(), printer)
            })?
        }
        _ => Vec::new(),
    };
    match args.format {
        Format::Text => {
            let names = [&args.first, &args.second].map(|path| path.display().to_string());
            let line = |difference| line(difference, first.loaded(), second.loaded(), &names);
            let more = beyond.iter().map(|f| format!("{} {}: {}\n", f.kind, f.name, f.text));
            let text: String = found.iter().map(line).chain(more).collect();
            let none = "no difference in meaning\n".to_owned();
            printer.text(if text.is_empty() { &none } else { &text });
        }
        Format::Json => {
            let more = beyond.iter();
            let more = more.map(|f| json!({ "kind": f.kind, "names": [f.name], "text": f.text }));
            let rows: Vec<_> = found.iter().map(record).chain(more).collect();
            printer.data(&show::json(&rows));
        }
    }
    Ok(if found.is_empty() && beyond.is_empty() { Exit::Ok } else { Exit::Differs })
}

fn line(
    difference: &Difference,
    first: &Loaded,
    second: &Loaded,
    [one, other]: &[String; 2],
) -> String {
    let s = if difference.names.len() > 1 { "s" } else { "" };
    let of = format!("{}{s} {}", difference.kind, difference.names.join(", "));
    let place = |loaded: &Loaded, origin: Option<Origin>| {
        let place = origin.and_then(|origin| loaded.sources.place(origin));
        place.map_or(String::new(), |p| format!(" ({}:{})", p.file.display(), p.line))
    };
    match &difference.what {
        What::OnlyFirst => format!("{of}: only in {one}\n"),
        What::OnlySecond => format!("{of}: only in {other}\n"),
        What::Value { change, first: origin } => {
            let (path, here, there) =
                (&change.path, place(first, *origin), place(second, change.origin));
            match (&change.before, &change.after) {
                (None, Some(Value::Object(_))) => format!("{of}: {path} only in {other}{there}\n"),
                (Some(Value::Object(_)), None) => format!("{of}: {path} only in {one}{here}\n"),
                (before, after) => {
                    format!("{of}: {path} is {}{here} and {}{there}\n", said(before), said(after))
                }
            }
        }
    }
}

fn record(difference: &Difference) -> Value {
    let (kind, names) = (difference.kind, &difference.names);
    match &difference.what {
        What::OnlyFirst => json!({ "kind": kind, "names": names, "only": "first" }),
        What::OnlySecond => json!({ "kind": kind, "names": names, "only": "second" }),
        What::Value { change, .. } => json!({
            "kind": kind,
            "names": names,
            "path": change.path,
            "first": change.before,
            "second": change.after,
        }),
    }
}
