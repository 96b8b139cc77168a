//! `ls`: what the store holds.

use std::fmt::Write;
use std::time::Duration;

use serde_json::json;

use super::args::{Format, LsArgs};
use super::exit::Exit;
use super::output::Printer;
use super::progress::duration;
use super::told::failed;
use proofmark_base::store::{Held, Store};
use proofmark_base::work::Failure;
use proofmark_lang::Sources;
use proofmark_report::numbers::thousands;
use proofmark_text::show;

/// Lists results by kind, and what is unfinished.
pub fn ls(args: &LsArgs, printer: Printer) -> Exit {
    match print(args, printer) {
        Ok(()) => Exit::Ok,
        Err(failure) => failed(&failure, &Sources::default(), printer),
    }
}

fn print(args: &LsArgs, printer: Printer) -> Result<(), Failure> {
    let store = Store::open(&args.store.store)?;
    let mut held = store.results()?;
    held.extend(store.drafts()?);
    if let Some(stage) = &args.stage {
        held.retain(|held| held.stage == *stage);
    }
    if args.format == Format::Json {
        let rows: Vec<_> = held.iter().map(as_json).collect();
        printer.data(&show::json(&rows));
        return Ok(());
    }
    let mut text = String::new();
    held.iter().for_each(|held| text += &line(held));
    let total = held.iter().map(|held| held.bytes).sum();
    let _ = writeln!(text, "{} in {} folders", size(total), thousands(held.len() as u64));
    printer.text(&text);
    Ok(())
}

/// A result in one line.
pub(super) fn line(held: &Held) -> String {
    let name = held.name.as_deref().unwrap_or(if held.finished { "?" } else { "(unfinished)" });
    let took = held.made.as_ref().map(|made| format!("  took {}", duration(made.seconds)));
    let took = took.unwrap_or_default();
    let made = if held.locked { ", being made" } else { "" };
    row(&held.stage, name, (held.bytes, held.age), &format!("{}{took}{made}", held.key))
}

/// A line of a list of what a store holds.
pub(super) fn row(kind: &str, name: &str, (bytes, age): (u64, Duration), rest: &str) -> String {
    let (name, bytes, age) = (show::brief(name), size(bytes), duration(age.as_secs_f64()));
    format!("{kind:<10}{name:<40}{bytes:>10}  {age} old  {rest}\n")
}

fn as_json(held: &Held) -> serde_json::Value {
    json!({
        "stage": held.stage,
        "name": held.name,
        "key": held.key,
        "folder": held.folder.to_string_lossy(),
        "bytes": held.bytes,
        "seconds_old": held.age.as_secs(),
        "seconds": held.made.as_ref().map(|made| made.seconds),
        "made_with": held.made.as_ref().and_then(|made| made.with.as_ref()),
        "finished": held.finished,
        "locked": held.locked,
    })
}

/// Bytes for people.
pub(super) fn size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} B"),
        _ => format!("{value:.1} {}", units[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_read_as_people_say_them() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(5 << 40), "5.0 TiB");
    }
}
