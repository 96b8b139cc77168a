//! The devices that models are trained and scored on.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Deref;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::asked::Asked;
use super::commit::COMMIT;
use super::gpu;
use proofmark_base::provenance::Provenance;
use proofmark_base::work::Failure;
use proofmark_gpu::device::Device;
use proofmark_lang::model::{DeviceChoice, Experiment, Project};
use proofmark_model::architecture::Architecture;
use proofmark_plan::scope::experiments;

/// The devices of a run.
#[derive(Debug, Default)]
pub struct Devices {
    stated: Option<Asked>,
    /// The card that `auto` and `cuda` take, if the machine has so many: where several processes of a machine train
    /// together, each has one of its own.
    card: usize,
    /// Those that were opened, each once.
    open: Mutex<BTreeMap<DeviceChoice, Device>>,
    /// Several that stages share, if it is several.
    several: Option<Several>,
}

/// Several devices, each of which one stage has at a time.
#[derive(Debug)]
struct Several {
    free: Mutex<Vec<Lent>>,
    returned: Condvar,
    /// Whether all are GPUs.
    gpus: bool,
}

/// A device that a stage has for itself.
type Lent = (DeviceChoice, Device);

/// The devices of one stage. Where it was lent one of several, that is free again in the end.
pub struct OfStage<'a> {
    all: &'a Devices,
    own: Option<(Devices, Lent)>,
}

impl Deref for OfStage<'_> {
    type Target = Devices;

    fn deref(&self) -> &Devices {
        self.own.as_ref().map_or(self.all, |(own, _)| own)
    }
}

impl Drop for OfStage<'_> {
    fn drop(&mut self) {
        if let (Some((_, lent)), Some(several)) = (self.own.take(), &self.all.several) {
            several.free().push(lent);
            several.returned.notify_one();
        }
    }
}

impl Several {
    fn free(&self) -> MutexGuard<'_, Vec<Lent>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One that is free, when there is one.
    fn lend(&self) -> Lent {
        let mut free = self.free();
        loop {
            if let Some(lent) = free.pop() {
                return lent;
            }
            free = self.returned.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Devices {
    /// None is open yet; `stated` is from the command line.
    pub fn stated(stated: Option<Asked>) -> Self {
        Self { stated, ..Self::default() }
    }

    /// The same, where `auto` and `cuda` are the card of this number.
    pub fn on_card(self, card: usize) -> Self {
        Self { card, ..self }
    }

    /// Opens the device of every experiment that is planned: `stated`, from the command
    /// line, or else what its recipe says.
    ///
    /// # Errors
    /// A device that this machine or this build does not have, or that a network cannot be computed on.
    pub fn open(stated: Option<Asked>, project: &Project) -> Result<Self, Failure> {
        let devices = Self::stated(stated);
        for experiment in experiments(project) {
            devices.of(experiment).map_err(|failure| match stated {
                Some(_) => failure,
                None => failure.at(experiment.recipe.at.device, "asked for here"),
            })?;
        }
        Ok(devices)
    }

    /// Opens several devices, of which each stage that uses one has one for itself. The same one may
    /// be named twice: then two stages use it at a time.
    ///
    /// # Errors
    /// A device that this machine or this build does not have, or that a network which is planned cannot be
    /// computed on.
    pub fn several(choices: &[DeviceChoice], project: &Project) -> Result<Self, Failure> {
        let mut opened = Vec::new();
        for choice in choices {
            let device = open(*choice, 0)?;
            for experiment in experiments(project) {
                of(device.clone(), *choice, experiment)?;
            }
            tracing::info!(%choice, device = %name(&device), "is opened");
            opened.push((*choice, device));
        }
        Ok(Self::lending(opened))
    }

    /// The same of devices that are open.
    pub fn lending(mut devices: Vec<(DeviceChoice, Device)>) -> Self {
        let gpus = devices.iter().all(|(_, device)| device.gpu().is_some());
        // The first is lent first.
        devices.reverse();
        let several = Several { free: Mutex::new(devices), returned: Condvar::new(), gpus };
        Self { several: Some(several), ..Self::default() }
    }

    /// Whether every stage that uses one of several has a GPU.
    pub fn are_gpus(&self) -> bool {
        self.several.as_ref().is_some_and(|several| several.gpus)
    }

    /// The devices of a stage that begins, with one of several for itself if it `uses_one`: it waits until one is
    /// free.
    pub fn of_stage(&self, uses_one: bool) -> OfStage<'_> {
        let lent = self.several.as_ref().filter(|_| uses_one).map(Several::lend);
        let own = lent.map(|(choice, device)| {
            tracing::info!(%choice, device = %name(&device), "is lent");
            let open = Mutex::new(BTreeMap::from([(choice, device.clone())]));
            let own = Self { stated: Some(Asked::One(choice)), open, ..Self::default() };
            (own, (choice, device))
        });
        OfStage { all: self, own }
    }

    fn choice(&self, experiment: &Experiment) -> DeviceChoice {
        self.stated.map_or(experiment.recipe.device, |asked| asked.one(self.card))
    }

    /// The device of an experiment, which is opened if it is not open yet.
    ///
    /// # Errors
    /// A device that this machine or this build does not have, or that its network cannot be computed on.
    pub fn of(&self, experiment: &Experiment) -> Result<Device, Failure> {
        let choice = self.choice(experiment);
        let device = match self.opened().entry(choice) {
            Entry::Occupied(device) => device.get().clone(),
            Entry::Vacant(place) => {
                let device = place.insert(open(choice, self.card)?);
                let by = if self.stated.is_some() { "--device" } else { "recipe" };
                tracing::info!(%choice, %by, device = %name(device), "is opened");
                device.clone()
            }
        };
        of(device, choice, experiment)
    }

    fn opened(&self) -> MutexGuard<'_, BTreeMap<DeviceChoice, Device>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// With what an experiment is computed.
    ///
    /// # Errors
    /// A device that this machine or this build does not have.
    pub fn provenance(&self, experiment: &Experiment) -> Result<Provenance, Failure> {
        let device = self.of(experiment)?;
        Ok(Provenance { device: device.word().to_owned(), ..Provenance::of_this_process(COMMIT) })
    }
}

/// [`suited`] of an experiment's network.
fn of(device: Device, choice: DeviceChoice, experiment: &Experiment) -> Result<Device, Failure> {
    // How many classes there are does not matter to that.
    let network = Architecture::new(&experiment.backbone, 2);
    suited(device, choice, &network, &format!("experiment `{}`", experiment.name))
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
#[path = "device_tests.rs"]
mod tests;
