//! Every kernel against the formula it stands for, computed in f64 on the same inputs: odd numbers of rows,
//! narrow and wide rows, both kinds, and blocks and threads in both orders, with equal bytes.

mod attention;
mod batch;
mod bench;
mod columns;
mod depthwise;
mod ends;
mod flash;
mod images;
mod maps;
mod memory;
mod pixels;
mod products;
mod rows;
mod steps;
