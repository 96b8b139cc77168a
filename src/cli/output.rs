//! The only place that prints: data on stdout, everything else on stderr. What could not be
//! printed makes the program fail, unless its reader has gone away.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use console::Term;

use super::exit::Exit;
use proofmark_report::lines::Screen;
use proofmark_text::show::message;

/// Lines of fewer characters than this hold no number beside its row.
const NARROWEST: usize = 60;

/// How a command prints.
#[derive(Clone, Copy, Debug)]
pub struct Printer {
    /// Whether only errors and data are printed.
    pub quiet: bool,
    /// What stdout is.
    pub out: Screen,
    /// What stderr is.
    pub err: Screen,
    /// Whether stderr is a terminal that shows progress.
    pub live: bool,
}

impl Printer {
    /// From the process's surroundings: `NO_COLOR`, terminals and their widths.
    pub fn new(quiet: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let screen = |terminal: bool, size: Option<(u16, u16)>| match (terminal, size) {
            (false, _) => Screen::PLAIN,
            (true, size) => Screen {
                width: size
                    .map_or(Screen::PLAIN.width, |(_, columns)| columns.into())
                    .max(NARROWEST),
                color: !plain,
            },
        };
        let terminal = io::stderr().is_terminal();
        Self {
            quiet,
            out: screen(io::stdout().is_terminal(), Term::stdout().size_checked()),
            err: screen(terminal, Term::stderr().size_checked()),
            live: terminal && !quiet,
        }
    }

    /// Data for programs: to stdout as they are.
    pub fn data(&self, text: &str) {
        write(Stream::Out, text);
    }

    /// Data for people: to stdout, with every character seen.
    pub fn text(&self, text: &str) {
        write(Stream::Out, &message(text, self.out.color));
    }

    /// A line about the work, unless `--quiet`.
    pub fn line(&self, text: &str) {
        if !self.quiet {
            self.always(text);
        }
    }

    /// A message that is always shown.
    pub fn always(&self, text: &str) {
        write(Stream::Err, &(message(text, self.err.color) + "\n"));
    }

    /// An error with an optional hint.
    pub fn error(&self, text: &str, hint: Option<&str>) {
        let label = if self.err.color { "\u{1b}[1;31merror:\u{1b}[0m" } else { "error:" };
        self.always(&format!("{label} {text}"));
        if let Some(hint) = hint {
            self.always(&format!("\nhint: {hint}"));
        }
    }

    /// How the program ends, given how its verb did: what could not be printed is a failure.
    pub fn end(&self, exit: Exit) -> Exit {
        let lost =
            [Stream::Out, Stream::Err].map(|stream| (stream, faults()[stream as usize].take()));
        let mut end = exit;
        for (stream, fault) in lost {
            let Some(fault) = fault.filter(|fault| fault.kind() != io::ErrorKind::BrokenPipe)
            else {
                continue;
            };
            let name = match stream {
                Stream::Out => "standard output",
                Stream::Err => "standard error",
            };
            let text = format!("cannot write to {name}: {fault}; what was printed is not whole");
            self.error(&text, disk_hint(&text).as_deref());
            if end == Exit::Ok {
                end = Exit::Failed;
            }
        }
        end
    }
}

/// Where text goes.
#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

/// What each stream of this process said when it could not be written. More written after that
/// would leave a hole.
static FAULTS: Mutex<[Option<io::Error>; 2]> = Mutex::new([None, None]);

fn faults() -> std::sync::MutexGuard<'static, [Option<io::Error>; 2]> {
    FAULTS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write(stream: Stream, text: &str) {
    let fault = &mut faults()[stream as usize];
    if fault.is_some() {
        return;
    }
    let written = match stream {
        Stream::Out => {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        }
        Stream::Err => io::stderr().lock().write_all(text.as_bytes()),
    };
    *fault = written.err();
}

/// Prints what clap says of a command line, help included, and gives the exit code.
pub fn usage(error: &clap::Error) -> Exit {
    let stream = if error.use_stderr() { Stream::Err } else { Stream::Out };
    faults()[stream as usize] = error.print().and_then(|()| io::stdout().flush()).err();
    let exit = u8::try_from(error.exit_code()).ok().and_then(Exit::of).unwrap_or(Exit::Usage);
    Printer::new(false).end(exit)
}

/// What to do where an error says that a disk, or what a user may have of it, is full. Errors
/// come from many libraries; what the system said is in the text of all of them.
pub fn disk_hint(error: &str) -> Option<String> {
    let said = |code: i32| error.contains(&io::Error::from_raw_os_error(code).to_string());
    #[cfg(unix)]
    let (full, large) = (said(libc::ENOSPC) || said(libc::EDQUOT), said(libc::EFBIG));
    // ERROR_DISK_FULL, and a file that is larger than its file system allows.
    #[cfg(not(unix))]
    let (full, large) = (said(112), said(223));
    match (full, large) {
        (true, _) => Some(
            "the disk is full, or your share of it: what was finished is kept. Free some space \
             (`proofmark gc FILE` says what a store needs no more), or choose a folder on another \
             disk with --store, --reports or --out, and run the same command again"
                .to_owned(),
        ),
        (false, true) => Some(
            "a file may not be larger here: what was finished is kept. Raise the limit (`ulimit \
             -f` shows it; a file system may have one of its own), and run the same command again"
                .to_owned(),
        ),
        (false, false) => None,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::path::Path;

    use super::*;
    use proofmark_base::store::StoreFailure;
    use proofmark_prepare::store::FaceStoreError;

    #[test]
    fn a_full_disk_is_known_whoever_tells_of_it() {
        let full = || io::Error::from_raw_os_error(libc::ENOSPC);
        let path = Path::new("store/work/faces-1/faces.00000.arrow.part");
        let store = StoreFailure::Io { doing: "write", path: path.to_owned(), source: full() };
        for text in [
            store.to_string(),
            FaceStoreError::write(path, full()).to_string(),
            polars::error::PolarsError::from(full()).to_string(),
            arrow_schema::ArrowError::from(full()).to_string(),
        ] {
            let hint = disk_hint(&text).unwrap();
            for told in ["the disk is full", "`proofmark gc FILE`", "--store", "same command again"]
            {
                assert!(hint.contains(told), "{text}: {hint}");
            }
        }
        let large = disk_hint(&io::Error::from_raw_os_error(libc::EFBIG).to_string());
        assert!(large.unwrap().contains("`ulimit -f`"));
        assert_eq!(disk_hint("the loss is no number"), None);
    }
}
