//! The devices that models are trained and scored on.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

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
            if let Entry::Vacant(place) = devices.open.entry(choice) {
                let device = open(choice, 0).map_err(|failure| match stated {
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
    /// A device that this machine or this build does not have.
    pub fn of(&self, experiment: &Experiment) -> Result<Device, Failure> {
        let choice = self.choice(experiment);
        let opened = self.open.get(&choice).cloned();
        opened.map_or_else(|| open(choice, self.card), Ok)
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

/// Opens a device: `auto` is a card of this number, or else the first.
///
/// # Errors
/// A device that this machine or this build does not have.
pub fn open(choice: DeviceChoice, card: usize) -> Result<Device, Failure> {
    match choice {
        DeviceChoice::Cpu => Ok(Device::Cpu),
        DeviceChoice::Auto => {
            let cards = [card, 0].into_iter();
            let mut found = cards.filter_map(|card| Device::new_cuda(card).ok());
            Ok(found.next().unwrap_or(Device::Cpu))
        }
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
