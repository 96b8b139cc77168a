//! Compiles the kernels with nvcc, for every GPU that they are meant for, where the feature `cuda` asks for it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a toolkit may be said to lie.
const HOMES: [&str; 2] = ["CUDA_HOME", "CUDA_PATH"];

/// Ampere, Ada, Hopper and Blackwell as they are; what they have in common, and what Hopper and its successors have,
/// for the driver to compile.
const TARGETS: [&str; 6] = [
    "arch=compute_80,code=sm_80",
    "arch=compute_89,code=sm_89",
    "arch=compute_90,code=sm_90",
    "arch=compute_100,code=sm_100",
    "arch=compute_80,code=compute_80",
    "arch=compute_90,code=compute_90",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_CUDA").is_none() {
        return;
    }
    println!("cargo::rerun-if-changed=kernels");
    for variable in HOMES.into_iter().chain(["PATH"]) {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write"));
    if let Err(why) = compile(&out.join("kernels.fatbin")) {
        println!("cargo::error={why}");
    }
}

fn compile(to: &Path) -> Result<(), String> {
    let nvcc = nvcc();
    let mut command = Command::new(&nvcc);
    // As they are written: no flush to zero, no approximate divisions, roots or exponentials.
    command.args(["-fatbin", "-O3", "-std=c++17", "--fmad=true", "-Werror", "all-warnings"]);
    for target in TARGETS {
        command.args(["-gencode", target]);
    }
    // A fifth of the size; the driver unpacks what it loads.
    command.arg("--compress-mode=size");
    // Spills to local memory cost more than anything else in these kernels: they are an error.
    command.args(["-Xptxas", "--warn-on-spills,--warn-on-local-memory-usage"]);
    command.arg("kernels/entries.cu").arg("-o").arg(to);
    let done = command.output().map_err(|e| {
        format!(
            "nvcc, which compiles the kernels of the feature `cuda`, cannot be run as {}: {e}; \
             scripts/cuda/build.sh brings it, or CUDA_HOME says where a toolkit lies",
            nvcc.display()
        )
    })?;
    if done.status.success() {
        return Ok(());
    }
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().replace('\n', " / ");
    Err(format!("{} does not compile kernels/entries.cu: {said}", nvcc.display()))
}

/// The compiler of the toolkit that is named, or that on the PATH.
fn nvcc() -> PathBuf {
    let homes = HOMES.into_iter().filter_map(env::var_os);
    let named = homes.map(|home| Path::new(&home).join("bin/nvcc")).find(|nvcc| nvcc.is_file());
    named.unwrap_or_else(|| PathBuf::from("nvcc"))
}
