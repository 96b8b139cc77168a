//! The devices that models are trained and scored on.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use candle_core::Device;

use super::commit::COMMIT;
use proofmark_base::provenance::Provenance;
use proofmark_base::work::Failure;
use proofmark_lang::model::{DeviceChoice, Experiment, Project};
use proofmark_plan::scope::experiments;

/// The open devices of a run.
#[derive(Debug, Default)]
pub struct Devices {
    stated: Option<DeviceChoice>,
    open: BTreeMap<DeviceChoice, Device>,
}

impl Devices {
    /// Opens the device of every experiment that is planned: `stated`, from the command
    /// line, or else what its recipe says.
    ///
    /// # Errors
    /// A device that this machine or this build does not have.
    pub fn open(stated: Option<DeviceChoice>, project: &Project) -> Result<Self, Failure> {
        let mut devices = Self { stated, open: BTreeMap::new() };
        for experiment in experiments(project) {
            let choice = devices.choice(experiment);
            if let Entry::Vacant(place) = devices.open.entry(choice) {
                let device = open(choice).map_err(|failure| match stated {
                    Some(_) => failure,
                    None => failure.at(experiment.recipe.at.device, "asked for here"),
                });
                let device = place.insert(device?).location();
                let by = if stated.is_some() { "--device" } else { "recipe" };
                tracing::info!(%choice, %by, ?device, "is opened");
            }
        }
        Ok(devices)
    }

    fn choice(&self, experiment: &Experiment) -> DeviceChoice {
        self.stated.unwrap_or(experiment.recipe.device)
    }

    /// The device of an experiment.
    ///
    /// # Errors
    /// A device that this machine or this build does not have.
    pub fn of(&self, experiment: &Experiment) -> Result<Device, Failure> {
        let choice = self.choice(experiment);
        self.open.get(&choice).map_or_else(|| open(choice), |device| Ok(device.clone()))
    }
}

impl Devices {
    /// With what an experiment is computed.
    ///
    /// # Errors
    /// A device that this machine or this build does not have.
    pub fn provenance(&self, experiment: &Experiment) -> Result<Provenance, Failure> {
        let device = self.of(experiment)?;
        let name = if device.is_cpu() { "cpu" } else { "cuda" };
        Ok(Provenance { device: name.to_owned(), ..Provenance::of_this_process(COMMIT) })
    }
}

/// Opens a device.
///
/// # Errors
/// A device that this machine or this build does not have.
pub fn open(choice: DeviceChoice) -> Result<Device, Failure> {
    match choice {
        DeviceChoice::Cpu => Ok(Device::Cpu),
        DeviceChoice::Auto => Ok(Device::new_cuda(0).unwrap_or(Device::Cpu)),
        DeviceChoice::Cuda(number) => Device::new_cuda(number).map_err(|why| {
            let why = match cfg!(feature = "cuda") {
                true => why.to_string(),
                false => "this proofmark was built without `--features cuda`".to_owned(),
            };
            Failure::run(format!(
                "device `{choice}` cannot be used: {why}; `--device cpu` stands above what recipes \
                 say"
            ))
        }),
    }
}
