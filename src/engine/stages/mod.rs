//! The kinds of stage, one file each: what it reads, what it costs, how it is made.

pub mod calibrate;
pub mod choose;
pub mod embed;
pub mod faces;
pub mod landmarks;
mod model_pass;
mod models;
pub mod outside;
pub mod predict;
pub mod ready;
mod room;
pub mod sample;
pub mod scores;
pub mod separate;
pub mod train;
