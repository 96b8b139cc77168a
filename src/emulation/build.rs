//! Compiles the kernels for the CPU.

fn main() {
    println!("cargo::rerun-if-changed=emulate.cpp");
    println!("cargo::rerun-if-changed=emulate.hpp");
    println!("cargo::rerun-if-changed=../gpu/kernels");
    cc::Build::new()
        .cpp(true)
        .std("c++20")
        .opt_level(2)
        .flag("-Wno-unknown-pragmas")
        // What a GPU would stop at, four numbers that are read at no multiple of their size for one, stops here.
        .flag("-fsanitize=alignment,bounds,null,shift")
        .flag("-fsanitize-undefined-trap-on-error")
        .file("emulate.cpp")
        .compile("emulation");
}
