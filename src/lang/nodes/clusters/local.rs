//! `local`: the devices of this machine as a cluster.

use crate::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::DeviceChoice;
use crate::node::{Placed, node};
use crate::schema::{Type, at_least_once};

node! {
    /// This machine, with several devices: each trains or scores one model at a time. One that is
    /// named twice has two at a time.
    pub struct Local = "local" {
        children {
            /// Its devices.
            devices: Vec<Placed<LocalDevice>> = [at_least_once(LocalDevice::SPEC)],
        }
    }
    check = devices;
}

node! {
    /// A device that makes stages.
    pub struct LocalDevice = "device" {
        arguments {
            /// Which.
            device: DeviceChoice = Type::Device.required(),
        }
    }
}

fn devices(_: Cursor<'_>, read: Option<Placed<Local>>, sink: &mut Sink) -> Option<Placed<Local>> {
    let read = read?;
    for device in &read.devices {
        let at = device.at.device;
        if device.device == DeviceChoice::Auto {
            sink.report(
                Diagnostic::error(Code::UnknownWord, "`auto` among the devices of a cluster")
                    .text("a list of devices names each of them")
                    .at(at, "not one device")
                    .help("write `cpu`, or `cuda:0`, `cuda:1` and so on"),
            );
        }
    }
    Some(read)
}
