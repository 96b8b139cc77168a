//! `device`: what to compute on.

use std::path::Path;

use crate::device::DeviceChoice;
use crate::node::{Read, values};
use crate::value::Datum;

impl Read for DeviceChoice {
    fn read(datum: Datum, file: Option<&Path>) -> Option<Self> {
        String::read(datum, file)?.parse().ok()
    }
}

values!(DeviceChoice);
