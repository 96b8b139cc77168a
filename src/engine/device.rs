//! The devices that models are trained and scored on.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

use super::commit::COMMIT;
use super::gpu;
use proofmark_base::provenance::Provenance;
use proofmark_base::work::Failure;
use proofmark_gpu::device::Device;
use proofmark_lang::model::{DeviceChoice, Experiment, Project};
use proofmark_model::architecture::Architecture;
use proofmark_plan::scope::experiments;

/// The open devices of a run.
#[derive(Debug, Default)]
pub struct Devices {
    stated: Option<DeviceChoice>,
    /// The card that `auto` takes, if the machine has so many: where several processes of a machine train
    /// together, each has one of its own.
    card: usize,
    open: BTreeMap<DeviceChoice, Device>,
    /// Those that are free now, where there are several that stages share.
    free: Mutex<Vec<Lent>>,
}

/// A device that a stage has for itself.
type Lent = (DeviceChoice, Device);

/// The devices of one stage. Where it was lent one of several, that is free again in the end.
pub struct OfStage<'a> {
    all: &'a Devices,
    own: Option<Devices>,
}

impl Deref for OfStage<'_> {
    type Target = Devices;

    fn deref(&self) -> &Devices {
        self.own.as_ref().unwrap_or(self.all)
    }
}

impl Drop for OfStage<'_> {
    fn drop(&mut self) {
        let lent = self.own.take().into_iter().flat_map(|own| own.open);
        self.all.free.lock().unwrap_or_else(PoisonError::into_inner).extend(lent);
    }
}

impl Devices {
    /// None is open yet; `stated` is from the command line.
    pub fn stated(stated: Option<DeviceChoice>) -> Self {
        Self { stated, ..Self::default() }
    }

    /// The same, where `auto` is the card of this number.
    pub fn on_card(self, card: usize) -> Self {
        Self { card, ..self }
    }

    /// Opens the device of every experiment that is planned: `stated`, from the command
    /// line, or else what its recipe says.
    ///
    /// # Errors
    /// A device that this machine or this build does not have.
    pub fn open(stated: Option<DeviceChoice>, project: &Project) -> Result<Self, Failure> {
        let mut devices = Self::stated(stated);
        for experiment in experiments(project) {
            let choice = devices.choice(experiment);
            let asked = |failure: Failure| match stated {
                Some(_) => failure,
                None => failure.at(experiment.recipe.at.device, "asked for here"),
            };
            if let Entry::Vacant(place) = devices.open.entry(choice) {
                let device = place.insert(open(choice, 0).map_err(asked)?);
                let by = if stated.is_some() { "--device" } else { "recipe" };
                tracing::info!(%choice, %by, device = %name(device), "is opened");
            }
            devices.of(experiment).map_err(asked)?;
        }
        Ok(devices)
    }

    /// Opens several devices, of which each stage that uses one has one for itself. The same one may
    /// be named twice: then two stages use it at a time.
    ///
    /// # Errors
    /// A device that this machine or this build does not have.
    pub fn several(choices: &[DeviceChoice]) -> Result<Self, Failure> {
        let opened = choices.iter().rev().map(|choice| Ok((*choice, open(*choice, 0)?)));
        let opened = opened.collect::<Result<Vec<Lent>, Failure>>()?;
        Ok(Self { free: Mutex::new(opened), ..Self::default() })
    }

    /// The devices of a stage that begins, with one of several for itself if it `uses_one`.
    pub fn of_stage(&self, uses_one: bool) -> OfStage<'_> {
        let free = || self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let lent = if uses_one { free() } else { None };
        let own = lent.map(|(choice, device)| Self {
            stated: Some(choice),
            open: BTreeMap::from([(choice, device)]),
            ..Self::default()
        });
        OfStage { all: self, own }
    }

    fn choice(&self, experiment: &Experiment) -> DeviceChoice {
        self.stated.unwrap_or(experiment.recipe.device)
    }

    /// The device of an experiment.
    ///
    /// # Errors
    /// A device that this machine or this build does not have, or that its network cannot be computed on.
    pub fn of(&self, experiment: &Experiment) -> Result<Device, Failure> {
        let choice = self.choice(experiment);
        let opened = self.open.get(&choice).cloned();
        let device = opened.map_or_else(|| open(choice, self.card), Ok)?;
        // How many classes there are does not matter to that.
        let network = Architecture::new(&experiment.backbone, 2);
        suited(device, choice, &network, &format!("experiment `{}`", experiment.name))
    }
}

impl Devices {
    /// With what an experiment is computed.
    ///
    /// # Errors
    /// A device that this machine or this build does not have.
    pub fn provenance(&self, experiment: &Experiment) -> Result<Provenance, Failure> {
        let device = self.of(experiment)?;
        Ok(Provenance { device: device.word().to_owned(), ..Provenance::of_this_process(COMMIT) })
    }
}

/// A device that a network can be computed on: `auto` is the CPU for one that cannot be on a GPU.
///
/// # Errors
/// A GPU that was asked for by its name, and a network that cannot.
pub fn suited(
    device: Device,
    choice: DeviceChoice,
    network: &Architecture,
    what: &str,
) -> Result<Device, Failure> {
    match (network.not_on_gpu().filter(|_| device.gpu().is_some()), choice) {
        (None, _) => Ok(device),
        (Some(_), DeviceChoice::Auto) => Ok(Device::Cpu),
        (Some(why), DeviceChoice::Cpu | DeviceChoice::Cuda(_)) => Err(Failure::run(format!(
            "{what} cannot be computed on device `{choice}`: {why}; `--device cpu` stands above what \
             recipes say"
        ))),
    }
}

/// What a device is, for people.
pub fn name(device: &Device) -> String {
    device.gpu().map_or_else(|| "cpu".to_owned(), |gpu| gpu.name())
}

/// Opens a device: `auto` is a GPU of this number, or else the first, or, where there is none, the CPU.
///
/// # Errors
/// A device that this machine or this build does not have.
pub fn open(choice: DeviceChoice, card: usize) -> Result<Device, Failure> {
    match choice {
        DeviceChoice::Cpu => Ok(Device::Cpu),
        DeviceChoice::Auto => match gpu::count() {
            0 => Ok(Device::Cpu),
            count => gpu::open(if card < count { card } else { 0 }).map(Device::Gpu).map_err(|why| {
                Failure::run(format!(
                    "this machine has a GPU that cannot be used: {why}; `--device cpu` goes without"
                ))
            }),
        },
        DeviceChoice::Cuda(number) => gpu::open(number).map(Device::Gpu).map_err(|why| {
            Failure::run(format!(
                "device `{choice}` cannot be used: {why}; `--device cpu` stands above what recipes \
                 say"
            ))
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use proofmark_emulation::{Emulation, Order};
    use proofmark_lang::model::Pool;
    use proofmark_model::efficientnet::EfficientNetConfig;
    use proofmark_model::vit::VitConfig;
    use proofmark_model::xception::XceptionConfig;

    fn vit(width: usize) -> Architecture {
        Architecture::from(VitConfig {
            patch: 4,
            width,
            depth: 1,
            heads: 2,
            image: 8,
            hidden: 32,
            layer_scale: None,
            registers: 0,
            pool: Pool::Cls,
            drop_path: 0.0,
            classes: 2,
        })
    }

    /// One whose maps have odd sides.
    fn efficientnet() -> Architecture {
        Architecture::from(EfficientNetConfig {
            width: 0.3,
            depth: 1.0,
            image: 65,
            dropout: 0.2,
            momentum: 0.1,
            drop_path: 0.0,
            classes: 2,
        })
    }

    fn xception() -> Architecture {
        let config = XceptionConfig { image: 71, dropout: 0.5, momentum: 0.1, classes: 2 };
        Architecture::from(config)
    }

    #[test]
    fn a_network_that_a_gpu_cannot_compute_goes_to_the_cpu_or_is_refused() {
        let gpu = || Device::Gpu(Arc::new(Emulation::new(Order::Forwards)));
        let on = |choice, network: &Architecture| suited(gpu(), choice, network, "experiment `x`");
        for network in [vit(16), efficientnet(), xception()] {
            assert!(on(DeviceChoice::Auto, &network).unwrap().gpu().is_some());
            assert!(on(DeviceChoice::Cuda(0), &network).unwrap().gpu().is_some());
        }
        assert!(on(DeviceChoice::Auto, &vit(18)).unwrap().gpu().is_none());
        assert_eq!(
            on(DeviceChoice::Cuda(1), &vit(18)).unwrap_err().to_string(),
            "experiment `x` cannot be computed on device `cuda:1`: its width, 18, is no multiple of 4 \
             up to 4096; `--device cpu` stands above what recipes say"
        );
        let cpu = suited(Device::Cpu, DeviceChoice::Cpu, &vit(18), "experiment `x`");
        assert!(cpu.unwrap().gpu().is_none());
    }
}
