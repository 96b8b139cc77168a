//! A plan as a graph: stages, each after those whose results it reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use super::commit::COMMIT;
use super::cost::{Cost, Costs};
use super::device::Devices;
use super::kind::{Need, SetKeys, StageKind};
use super::results::Results;
use super::world::World;
use proofmark_base::provenance::Provenance;
use proofmark_base::store::Draft;
use proofmark_base::work::{Events, Failure};
use proofmark_data::survey::SetTable;
use proofmark_group::group::Group;
use proofmark_lang::model::{Dataset, Experiment, Placed, Project, Split};
use proofmark_lang::span::Origin;
use proofmark_plan::facts::Facts;
use proofmark_plan::inputs::Inputs;
use proofmark_plan::scope::{Target, datasets, experiments};
use proofmark_prepare::store::Share;

/// Up to which stage a plan is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Until {
    /// Faces only.
    Prepare,
    /// What models train on.
    Sample,
    /// Models.
    Train,
    /// Scores.
    Evaluate,
    /// Embeddings, and what they are made of; no scores.
    Embed,
}

/// What a kind of stage has in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nature {
    /// The kind.
    pub kind: StageKind,
    /// The part of a run that it belongs to.
    pub until: Until,
    /// Whether it goes on from what an interrupted try left.
    pub goes_on: bool,
    /// Whether it leaves cores to others, so that some run at a time. One that does not is made by
    /// as many workers as there are cores.
    pub shares_cores: bool,
    /// Whether several processes may make a share of it each.
    pub divides: bool,
}

/// What a stage does. Each kind is a file of `stages/`, which has its inputs (and so its key), its
/// needs, its cost, and how it is made.
pub trait Work: Debug + Send + Sync {
    /// What its kind has in common.
    fn nature(&self) -> Nature;
    /// What it is called, e.g. the experiment's name.
    fn name(&self) -> String;
    /// All that decides its result, and nothing else.
    fn inputs(&self, project: &Project, facts: &Facts) -> Inputs;
    /// The stages whose results it reads.
    fn needs(&self) -> Vec<Need>;
    /// The declaration that it is about, and what is there, in a few words.
    fn declared(&self) -> (Origin, &'static str);
    /// The experiment that it trains or scores, if it is of one.
    fn experiment(&self) -> Option<&str> {
        None
    }
    /// Whether several processes make it together, where there are several.
    fn takes_ranks(&self) -> bool {
        false
    }
    /// How much work it is.
    ///
    /// # Errors
    /// Data from which it cannot be made.
    fn cost(&self, costs: &mut Costs<'_>) -> Result<Cost, Failure>;
    /// Makes its result.
    ///
    /// # Errors
    /// Whatever keeps it from being made; being stopped.
    fn make(&self, making: &Making<'_>) -> Result<Told, Failure>;
    /// With what it is made.
    ///
    /// # Errors
    /// A device or a program that is not there.
    fn provenance(&self, _making: &Making<'_>) -> Result<Provenance, Failure> {
        Ok(Provenance::of_this_process(COMMIT))
    }
    /// What is still to be done when the result is in its place, in `folder`.
    ///
    /// # Errors
    /// A disk that cannot be written to.
    fn published(&self, _folder: &Path) -> Result<(), Failure> {
        Ok(())
    }
}

/// What a stage is made with.
#[derive(Clone, Copy)]
pub struct Making<'a> {
    /// The stage.
    pub stage: &'a Stage,
    /// The declarations.
    pub project: &'a Project,
    /// Data and weights.
    pub world: &'a World,
    /// What earlier stages made.
    pub results: Results<'a>,
    /// What to compute on.
    pub devices: &'a Devices,
    /// The share that is made, of a stage that divides.
    pub part: Share,
    /// Where the result is written.
    pub folder: &'a Path,
    /// The claim under which it is made: [`Draft::check`] tells whether it is still this process's. None
    /// where another process leads, and has it.
    pub draft: Option<&'a Draft>,
    /// The processes that make it together.
    pub group: &'a dyn Group,
    /// Hears of progress.
    pub events: &'a dyn Events,
    /// Set to stop.
    pub stop: &'a AtomicBool,
}

/// What a stage tells of the result that it made.
#[derive(Clone, Debug)]
pub enum Told {
    /// Nothing.
    Nothing,
    /// A line.
    Line(String),
    /// What an ensemble's sampling took, in the form of the paper's Table 1.
    Sampled(Box<SetTable>),
    /// A share is made; so many videos are left to others.
    Left(usize),
}

/// One stage.
#[derive(Clone, Debug)]
pub struct Stage {
    /// What it is called, e.g. the experiment's name.
    pub name: String,
    /// Key of its result.
    pub key: String,
    /// What the key was computed from.
    pub inputs: Inputs,
    /// Places in the plan of the stages whose results it reads, all before its own.
    pub needs: Vec<usize>,
    /// What it does.
    pub work: Arc<dyn Work>,
}

impl Stage {
    /// What its kind has in common.
    pub fn nature(&self) -> Nature {
        self.work.nature()
    }

    /// The word of its kind.
    pub fn word(&self) -> &'static str {
        self.nature().kind.word()
    }

    /// Its kind and its name, as people are told.
    pub fn title(&self) -> String {
        format!("{} {}", self.word(), self.name)
    }
}

/// Scores and the stage that gives them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scores {
    /// The experiment, or the row of another tool.
    pub of: String,
    /// Whether another tool made them.
    pub outside: bool,
    /// What is scored.
    pub target: Target,
    /// Key of the stage.
    pub key: String,
}

/// How far the embeddings of an experiment lie apart, for a table, and the stage that measures it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Separated {
    /// The table.
    pub table: String,
    /// The experiment.
    pub of: String,
    /// What the embeddings are of.
    pub target: Target,
    /// Key of the stage.
    pub key: String,
}

/// The plan of a file.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Stages, each after those that it needs.
    pub stages: Vec<Stage>,
    /// Keys of what is made of data sets.
    pub sets: SetKeys,
    /// Key of the sample of each ensemble that is trained on, by its name.
    pub samples: BTreeMap<String, String>,
    /// Experiments with the key of their model, in the order of the tables. Those that differ in
    /// name alone have one.
    pub models: Vec<(String, String)>,
    /// Experiments whose scores are calibrated, with the key of the calibration.
    pub calibrations: BTreeMap<String, String>,
    /// Which embeddings are wanted besides the file's tables; none where none are.
    pub wanted: Option<WantedEmbeddings>,
    /// The embeddings that are wanted, with the keys of their stages.
    pub embeddings: Vec<(Target, String, String)>,
    /// The scores that tables need. Several may come from one stage: experiments that differ
    /// in name alone are one model.
    pub scores: Vec<Scores>,
    /// What tables show of how far embeddings lie apart.
    pub separated: Vec<Separated>,
}

impl Plan {
    /// The places of the stages that a part of a run has.
    pub fn part(&self, until: Until) -> Vec<usize> {
        let places = 0..self.stages.len();
        if until != Until::Embed {
            return places.filter(|&place| self.stages[place].nature().until <= until).collect();
        }
        let mut needed = BTreeSet::new();
        for place in places.rev() {
            let stage = &self.stages[place];
            let is_wanted = stage.nature().kind == StageKind::Embed
                && self.embeddings.iter().any(|(.., key)| *key == stage.key);
            if is_wanted || needed.contains(&place) {
                needed.insert(place);
                needed.extend(&stage.needs);
            }
        }
        needed.into_iter().collect()
    }

    /// Whether the stage at a place of each belongs to a part of a run.
    pub fn asked(&self, until: Until) -> Vec<bool> {
        let asked = self.part(until);
        (0..self.stages.len()).map(|place| asked.contains(&place)).collect()
    }
}

/// Which embeddings are wanted; where nothing is said, those of every face that a table scores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantedEmbeddings {
    /// Of this experiment alone.
    pub experiment: Option<String>,
    /// Of this data set alone.
    pub dataset: Option<String>,
    /// Of this split of the data sets that tables score and models train on, rather than of what
    /// tables score.
    pub split: Option<Split>,
    /// Splits of data sets that have no videos.
    pub empty: BTreeSet<(String, Split)>,
}

/// A plan that is being made.
pub struct Planning<'a> {
    /// The declarations.
    pub project: &'a Project,
    /// Digests of the world.
    pub facts: &'a Facts,
    /// The experiments that are planned.
    pub experiments: Vec<Arc<Placed<Experiment>>>,
    /// The data sets that are needed, by name.
    pub datasets: BTreeMap<String, Arc<Placed<Dataset>>>,
    /// The plan so far.
    pub plan: Plan,
    /// Places of its stages.
    places: BTreeMap<Need, usize>,
    /// Its scores.
    scores: BTreeSet<Scores>,
}

impl<'a> Planning<'a> {
    /// A plan without stages.
    pub fn new(project: &'a Project, facts: &'a Facts) -> Self {
        let experiments = experiments(project).into_iter().cloned().map(Arc::new).collect();
        let named = |dataset: &Placed<Dataset>| (dataset.name.clone(), Arc::new(dataset.clone()));
        let datasets = datasets(project).into_iter().map(named).collect();
        let plan = Plan::default();
        let (places, scores) = (BTreeMap::new(), BTreeSet::new());
        Self { project, facts, experiments, datasets, plan, places, scores }
    }

    /// Adds a stage unless one with the same key is there, and gives the key. What it needs has
    /// been added before.
    pub fn add(&mut self, work: impl Work + 'static) -> String {
        let inputs = work.inputs(self.project, self.facts);
        let kind = work.nature().kind;
        let key = inputs.key(kind.word());
        let place = (kind, key.clone());
        if !self.places.contains_key(&place) {
            let needs = work.needs();
            let needs = needs.iter().filter_map(|need| self.places.get(need).copied());
            let needs: BTreeSet<usize> = needs.collect();
            self.places.insert(place, self.plan.stages.len());
            self.plan.stages.push(Stage {
                name: work.name(),
                key: key.clone(),
                inputs,
                needs: needs.into_iter().collect(),
                work: Arc::new(work),
            });
        }
        key
    }

    /// Notes scores that a table needs.
    pub fn scores(&mut self, scores: Scores) {
        if self.scores.insert(scores.clone()) {
            self.plan.scores.push(scores);
        }
    }
}
