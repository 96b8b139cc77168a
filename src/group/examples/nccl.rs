//! What scripts/cuda/build.sh runs to see that NCCL can be loaded: prints its version and an id, for which
//! it needs no GPU.

use std::io::Write;

use proofmark_group::nccl;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let id: String = nccl::unique_id()?.iter().map(|byte| format!("{byte:02x}")).collect();
    writeln!(std::io::stdout(), "NCCL {}\nid {id}", nccl::version()?)?;
    Ok(())
}
