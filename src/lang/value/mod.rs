//! A written value against the type that its place wants.

mod hints;
mod reading;
mod units;

pub(crate) use reading::{Datum, read, wanted};
pub(crate) use units::{measures, time, unit_of};
