//! `diff`: what two experiment files mean differently.

use serde_json::json;

use super::args::{DiffArgs, Format};
use super::exit::Exit;
use super::output::Printer;
use super::project::checked;
use crate::lang::Loaded;
use crate::lang::span::Origin;
use crate::plan::meaning::{Difference, What, differences, said};

/// Prints what two files mean differently.
pub fn diff(args: &DiffArgs, printer: Printer) -> Exit {
    let (Some(first), Some(second)) =
        (checked(&args.first, printer), checked(&args.second, printer))
    else {
        return Exit::Invalid;
    };
    let found = differences(&first.project, &second.project);
    match args.format {
        Format::Text => {
            let names = [&args.first, &args.second].map(|path| path.display().to_string());
            let line = |difference| line(difference, &first, &second, &names);
            let text: String = found.iter().map(line).collect();
            let none = "no difference in meaning\n".to_owned();
            printer.data(if found.is_empty() { &none } else { &text });
        }
        Format::Json => {
            let rows: Vec<_> = found.iter().map(record).collect();
            printer.data(&format!("{}\n", serde_json::to_string_pretty(&rows).unwrap_or_default()));
        }
    }
    if found.is_empty() { Exit::Ok } else { Exit::Differs }
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
        What::Value { change, first: origin } => format!(
            "{of}: {} is {}{} and {}{}\n",
            change.path,
            said(&change.before),
            place(first, *origin),
            said(&change.after),
            place(second, change.origin)
        ),
    }
}

fn record(difference: &Difference) -> serde_json::Value {
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
