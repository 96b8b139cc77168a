//! Proofmark's side of what `scripts/cuda/` compares with PyTorch on a GPU: what a network computes and how it trains
//! (`parity`), and how long that takes (`times`); and what it computes there held against our own CPU (`compare`). On
//! the CPU it does the same.
//!
//!     gpu parity DEVICE PRECISION STEPS IN.safetensors OUT.safetensors
//!     gpu times DEVICE PRECISION BATCH [NETWORK]
//!     gpu compare DEVICE NETWORK BATCH
//!
//! DEVICE is `cpu` or `cuda:NUMBER`, PRECISION is `f32`, `tf32` or `bf16`. What they print is JSON, a
//! line each.

mod compare;
mod counted;
mod network;
mod parity;
mod times;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Whatever goes wrong, for people.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["parity", device, precision, steps, from, to] => {
            parity::run(device, precision, steps.parse()?, from.as_ref(), to.as_ref())
        }
        ["times", device, precision, batch] => {
            times::run(device, precision, batch.parse()?, network::VIT_B)
        }
        ["times", device, precision, batch, network] => {
            times::run(device, precision, batch.parse()?, network)
        }
        ["compare", device, network, batch] => compare::run(device, network, batch.parse()?),
        _ => Err("usage: gpu parity DEVICE PRECISION STEPS IN OUT, gpu times DEVICE PRECISION BATCH [NETWORK], or gpu \
                  compare DEVICE NETWORK BATCH"
            .into()),
    }
}

/// Prints a line of JSON.
#[expect(clippy::print_stdout, reason = "its output is its purpose")]
fn tell(value: &serde_json::Value) {
    println!("{value}");
}
