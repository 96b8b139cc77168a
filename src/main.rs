//! The `proofmark` program.

use std::process::ExitCode;

use clap::Parser;
use proofmark::cli::{self, args::Cli};

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
    match Cli::try_parse() {
        Ok(cli) => cli::main(&cli).into(),
        Err(error) => cli::usage(error).into(),
    }
}
