//! Proofmark's training against PyTorch, timm and pytorch-metric-learning, whose numbers
//! lie in tests/golden/parity with the programs that wrote them.

mod arcface;
mod convolutions;
mod efficientnet;
mod engine;
mod formula;
mod golden;
mod optimizer;
mod training;
mod triplet;
mod vit_b;
mod xception;
