//! `fmt`: experiment files in the standard style.

use super::args::FmtArgs;
use super::exit::Exit;
use super::output::Printer;
use super::told::failed;
use proofmark_base::store::write_whole;
use proofmark_lang::render::{Style, text as text_of};
use proofmark_lang::{Sources, format};

/// Lays files out, or with `--check` says which are not.
pub fn fmt(args: &FmtArgs, printer: Printer) -> Exit {
    let mut exit = Exit::Ok;
    for file in &args.files {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => {
                printer.error(&format!("cannot read {}: {error}", file.display()), None);
                exit = Exit::Invalid;
                continue;
            }
        };
        match format(file, &text) {
            Ok(formatted) if formatted == text => {}
            Ok(_) if args.check => {
                printer
                    .always(&format!("{} is not laid out in the standard style", file.display()));
                exit = Exit::Invalid;
            }
            Ok(formatted) => match write_whole(file, formatted.as_bytes()) {
                Ok(()) => printer.line(&format!("{} laid out", file.display())),
                Err(error) => exit = failed(&error.into(), &Sources::default(), printer),
            },
            Err(error) => {
                let style = Style { width: printer.err.width, color: printer.err.color };
                printer.always(text_of(&error.diagnostics, &error.sources, style).trim_end());
                printer.error(&format!("{}: {error}", file.display()), None);
                exit = Exit::Invalid;
            }
        }
    }
    exit
}
