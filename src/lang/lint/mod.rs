//! Beyond validity: leaks, settings without effect, claims about nothing.

mod all;
mod calibration;
mod claims;
mod effects;
mod families;
mod leaks;
mod mixing;
mod odd;
mod outside;
mod paths;
mod pseudo;
mod separability;
mod unused;

pub(crate) use all::lint;
