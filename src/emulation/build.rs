//! Compiles the kernels for the CPU.

fn main() {
    println!("cargo::rerun-if-changed=emulate.cpp");
    println!("cargo::rerun-if-changed=emulate.hpp");
    println!("cargo::rerun-if-changed=../gpu/kernels");
    cc::Build::new()
        .cpp(true)
        .std("c++20")
        .opt_level(1)
        .flag("-Wno-unknown-pragmas")
        .warnings_into_errors(true)
        .file("emulate.cpp")
        .compile("emulation");
}
