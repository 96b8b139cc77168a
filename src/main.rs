//! The `proofmark` program.

use std::process::ExitCode;

use clap::Parser;
use proofmark::cli::{self, args::Cli};

// Training allocates and frees large buffers at every step; the system's allocator
// gives their pages back each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main(&Cli::parse()).into()
}
