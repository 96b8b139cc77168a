//! The `proofmark` program.

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use proofmark::cli::{self, args::Cli};
use proofmark_base::width::Width;

// Training allocates and frees large buffers at every step; the system's allocator
// gives their pages back each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // candle's own pool for element-wise operations spins while it waits, and takes the
    // cores from the rayon pool that everything else runs on.
    if std::env::var_os("CANDLE_NUM_THREADS").is_none() {
        // SAFETY: no other thread has been started yet.
        unsafe { std::env::set_var("CANDLE_NUM_THREADS", "1") };
    }
    // A file that grows beyond `ulimit -f` is to be an error of writing, which has a sentence, and
    // not the end of the process.
    #[cfg(unix)]
    // SAFETY: ignoring a signal runs no code of ours, and no other thread has been started yet.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
    match Cli::try_parse().and_then(with_registers) {
        Ok(cli) => cli::main(&cli).into(),
        Err(error) => cli::usage(error).into(),
    }
}

/// Refuses a width of registers that is none, or that this machine lacks.
fn with_registers(cli: Cli) -> Result<Cli, clap::Error> {
    match Width::asked() {
        Ok(_) => Ok(cli),
        Err(text) => Err(Cli::command().error(ErrorKind::InvalidValue, text)),
    }
}
