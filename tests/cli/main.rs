//! The program as its users meet it: real processes, real files.

mod blended;
mod browser;
mod checks;
mod damage;
mod data;
mod device;
mod diff;
mod disks;
mod failures;
mod heldout;
mod hub;
mod interrupt;
mod layouts;
mod outside;
mod pack;
mod page;
mod robustness;
mod run;
mod score;
mod store;
mod support;
mod surface;
mod videos;
mod weights;
