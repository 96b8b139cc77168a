//! An experiment file with its store and the world around it: what programs do with one.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::asked::Asked;
use super::budget::{Matrix, matrices};
use super::cost::Costs;
use super::device::Devices;
use super::graph::{Plan, Stage, Until, WantedEmbeddings};
use super::planners::{plan, with_embeddings};
use super::ranks::lead::Lead;
use super::reason::{Reason, reasons};
use super::run::{Ended, Observer, Run, default_jobs};
use super::tables::{self, Built};
use super::world::{World, look};
use super::{enough, findings, leaks, weights, worst_faces};
use proofmark_base::store::Store;
use proofmark_base::work::{Events, Failure};
use proofmark_lang::Loaded;
use proofmark_lang::model::{DeviceChoice, Project, Split};
use proofmark_lang::render::{Style, text};
use proofmark_prepare::store::Share;
use proofmark_report::findings::Findings;
use proofmark_report::page::content::Content;

/// Characters in a line of what is wrong with a file.
const WIDTH: usize = 100;

/// What a session is opened for.
#[derive(Clone, Copy, Debug)]
pub enum Purpose<'s> {
    /// To show what there is of it.
    Results,
    /// To say what would run: the data must be enough.
    Planning,
    /// To carry it out: the data must be enough, and weights are downloaded, until the flag is set.
    Running(&'s AtomicBool),
    /// To look at what trainings see, which needs neither enough data nor weights of networks; what
    /// it does need is downloaded, until the flag is set.
    Looking(&'s AtomicBool),
}

impl<'s> Purpose<'s> {
    fn checks(self) -> bool {
        match self {
            Self::Planning | Self::Running(_) => true,
            Self::Results | Self::Looking(_) => false,
        }
    }

    fn downloads(self) -> Option<&'s AtomicBool> {
        match self {
            Self::Running(stop) | Self::Looking(stop) => Some(stop),
            Self::Results | Self::Planning => None,
        }
    }
}

/// How a plan is carried out.
#[derive(Clone, Copy, Default)]
pub struct How<'a> {
    /// Models trained and scored at a time; by default one per core if all are small, else one.
    pub jobs: Option<usize>,
    /// Whether the first failure stops everything.
    pub fail_fast: bool,
    /// The share of the videos that are prepared; by default all.
    pub part: Share,
    /// The device, whatever recipes say.
    pub device: Option<Asked>,
    /// Several devices, whatever recipes say: as many models are trained and scored at a time, or fewer by `jobs`,
    /// each on one of its own.
    pub devices: &'a [DeviceChoice],
    /// The other processes that train, if there are any: each model is then trained by all, one after
    /// the other.
    pub lead: Option<&'a Lead<'a>>,
}

/// What a page shows of this store that no pack has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extras {
    /// A face of each video that a row has most wrong.
    pub faces: bool,
    /// How fast each row was scored, which differs from run to run.
    pub speed: bool,
}

/// An experiment file that was checked, the results of its store, and the data and weights that it
/// names as they are now.
pub struct Session<'a> {
    loaded: &'a Loaded,
    store: Store,
    world: World,
    plan: Plan,
}

impl<'a> Session<'a> {
    /// Looks at data, weights and results. What was noticed of the data is told to `events` as
    /// notes, unless results alone are of interest. Data and weights that are not there are listed
    /// in [`World::missing`], and nothing can be carried out then.
    ///
    /// # Errors
    /// A file with errors; data that are not enough or on both sides of a division; a store that
    /// cannot be used.
    pub fn open(
        loaded: &'a Loaded,
        store: &Path,
        purpose: Purpose<'_>,
        events: &dyn Events,
    ) -> Result<Self, Failure> {
        let project = &loaded.project;
        if loaded.has_errors() {
            let style = Style { width: WIDTH, color: false };
            return Err(Failure::data(text(&loaded.diagnostics, &loaded.sources, style)));
        }
        let store = Store::open(store)?;
        let mut world = look(project, &store, events)?;
        if world.missing.is_empty() {
            let notes = leaks::look(project, &world)?;
            world.notes.extend(notes);
            if purpose.checks() {
                world.all_notes().for_each(|note| events.note(&note));
                enough::look(project, &world)?;
            }
            world.find_weights(project, &store, purpose.downloads(), events)?;
            weights::look(project, &mut world)?;
        }
        let plan = plan(project, &world.facts);
        Ok(Self { loaded, store, world, plan })
    }

    /// A session of a plan that was made before, with what was found then of the data sets that are
    /// of interest.
    pub(in crate::engine) fn restored(
        loaded: &'a Loaded,
        store: Store,
        world: World,
        plan: Plan,
    ) -> Self {
        Self { loaded, store, world, plan }
    }

    /// The file.
    pub fn loaded(&self) -> &'a Loaded {
        self.loaded
    }

    /// What the file declares.
    pub fn project(&self) -> &'a Project {
        &self.loaded.project
    }

    /// Data and weights, and what of them is missing.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Plans the embeddings of a file besides, of splits that have videos; they are made by running
    /// until [`Until::Embed`].
    pub fn add_embeddings(&mut self, mut wanted: WantedEmbeddings) {
        for (name, scan) in &self.world.scans {
            let empty = [Split::Train, Split::Val, Split::Test]
                .into_iter()
                .filter(|split| scan.manifest.in_split(*split) == 0);
            wanted.empty.extend(empty.map(|split| (name.clone(), split)));
        }
        self.plan = with_embeddings(&self.loaded.project, &self.world.facts, Some(&wanted));
    }

    /// The stages.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whether each stage would run, and why.
    pub fn reasons(&self) -> Vec<Reason> {
        reasons(&self.plan, &self.store)
    }

    /// What the costs of stages are computed from.
    pub fn costs(&self) -> Costs<'_> {
        Costs::new(self.project(), &self.world)
    }

    /// The stages that have no result yet.
    pub fn unfinished(&self) -> Vec<&Stage> {
        let is_open = |stage: &&Stage| self.store.find(stage.word(), &stage.key).is_none();
        self.plan.stages.iter().filter(is_open).collect()
    }

    /// How many models are trained and scored at a time.
    pub fn jobs(&self, how: How<'_>) -> usize {
        let together = how.lead.map(|_| 1);
        let several = (!how.devices.is_empty()).then_some(how.devices.len());
        let several = several.map(|devices| how.jobs.map_or(devices, |jobs| jobs.min(devices)));
        together.or(several).or(how.jobs).unwrap_or_else(|| default_jobs(self.project()))
    }

    /// What the variants of each matrix cost together.
    ///
    /// # Errors
    /// Data from which a stage cannot be made.
    pub fn matrices(&self) -> Result<Vec<Matrix<'a>>, Failure> {
        // Of a file without variants nothing is looked at.
        if self.project().experiments.values().all(|experiment| experiment.variant.is_none()) {
            return Ok(Vec::new());
        }
        matrices(self.project(), &self.plan, &self.reasons(), &mut self.costs())
    }

    /// Makes every stage that is not in the store, up to a part of the plan.
    ///
    /// # Errors
    /// Data that are missing; variants that are over their budget; a device that is not there; being stopped. What fails in a stage is
    /// in [`Ended`].
    pub fn run(
        &self,
        until: Until,
        how: How<'_>,
        observer: &dyn Observer,
        stop: &AtomicBool,
    ) -> Result<Ended, Failure> {
        if !self.world.missing.is_empty() {
            return Err(self.world.lacks());
        }
        if until > Until::Sample {
            self.matrices()?.iter().try_for_each(Matrix::within)?;
        }
        let devices = match until {
            Until::Prepare | Until::Sample => Devices::default(),
            Until::Train | Until::Evaluate | Until::Embed => match how.devices {
                [] => Devices::open(how.device, self.project())?,
                several => Devices::several(several, self.project())?,
            },
        };
        self.with(&devices, how, observer, stop).until(until)
    }

    /// Makes the stages at these places of the plan that are not in the store. What they read has to
    /// be there, or among them.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn make(
        &self,
        places: &[usize],
        how: How<'_>,
        observer: &dyn Observer,
        stop: &AtomicBool,
    ) -> Result<Ended, Failure> {
        // A device is opened where one is used.
        let devices = Devices::stated(how.device);
        self.with(&devices, how, observer, stop).places(places)
    }

    fn with<'r>(
        &'r self,
        devices: &'r Devices,
        how: How<'r>,
        observer: &'r dyn Observer,
        stop: &'r AtomicBool,
    ) -> Run<'r> {
        Run {
            project: self.project(),
            world: &self.world,
            plan: &self.plan,
            store: &self.store,
            devices,
            observer,
            jobs: self.jobs(how),
            fail_fast: how.fail_fast,
            part: how.part,
            lead: how.lead,
            stop,
        }
    }

    /// What finished stages found. Scores that are not there yet are listed without a file.
    ///
    /// # Errors
    /// A result in the store that cannot be read.
    pub fn findings(&self) -> Result<Findings, Failure> {
        findings::gather(self.project(), &self.world, &self.plan, &self.store)
    }

    /// Adds what a page shows besides: the statistics and the figure of each data set.
    ///
    /// # Errors
    /// A result in the store that cannot be read.
    pub fn describe(
        &mut self,
        findings: &mut Findings,
        events: &dyn Events,
    ) -> Result<(), Failure> {
        let (project, file) = (&self.loaded.project, self.loaded.sources.root());
        let file = file.unwrap_or(Path::new(""));
        findings::describe(findings, project, file, &mut self.world, &self.store, events)
    }

    /// The tables of the file, built from what was found. Scores that are not there make cells n/a.
    ///
    /// # Errors
    /// Scores or published numbers that cannot be read, columns under their minimum coverage.
    pub fn tables<'b>(
        &self,
        findings: &'b Findings,
    ) -> impl Iterator<Item = Result<Built<'a>, Failure>> + use<'a, 'b> {
        tables::all(self.project(), findings)
    }

    /// The page of a table, with what was asked for beyond what a pack has.
    ///
    /// # Errors
    /// Scores that are not finite, a damaged face store.
    pub fn page<'b>(
        &self,
        built: &'b Built<'a>,
        findings: &'b Findings,
        extras: Extras,
    ) -> Result<Content<'b>, Failure> {
        let mut content = built.content(self.loaded, findings)?;
        if extras.faces {
            worst_faces::add(&mut content, &self.plan, &self.store)?;
        }
        if extras.speed {
            built.add_paces(&mut content, findings);
        }
        Ok(content)
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
