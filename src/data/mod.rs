//! Data sets: manifests, layouts, splits, sampling and the synthetic demo.

pub mod demo;
