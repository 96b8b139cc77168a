//! Runs a plan: looks at the data, makes what is not in the store, builds the tables.

pub mod bits;
pub mod device;
pub mod enough;
pub mod executor;
pub mod export;
pub mod faces;
pub mod figure;
pub mod findings;
pub mod gallery;
pub mod landmarks;
pub mod leaks;
pub mod outside;
pub mod pack;
pub mod page;
mod picks;
pub mod predict;
pub mod ready;
pub mod run;
pub mod sample;
pub mod score;
pub mod speed;
pub mod survey;
pub mod tables;
pub mod train;
pub mod weights;
pub mod world;
pub mod wrong;
