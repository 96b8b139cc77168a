//! What the videos of a unit give in each draw of the bootstrap: for each row on its own, and for
//! two rows on the videos that both have.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::measured::{Measured, Measures, mean};
use crate::columns::Unit;
use crate::evidence::Evidence;
use crate::lookup::Pair;
use crate::table::{Common, MetricBlock};
use proofmark_evaluate::samples::Sample;
use proofmark_evaluate::statistics::bootstrap::{self, Item, Replica, Stratum};
use proofmark_evaluate::statistics::delong::Area;
use proofmark_lang::model::{Level, Table};
use proofmark_metrics::{AUC, Measure, Ranking};

/// What is asked of a unit's draws.
pub(super) struct Wanted {
    /// Rows that are compared on it.
    pub pairs: BTreeSet<Pair>,
    /// Whether every row has an interval.
    pub intervals: bool,
}

/// Two rows on the videos of a unit that both have.
pub(super) struct Compared {
    /// The values of the row's seeds.
    pub ours: Vec<f64>,
    /// Those of the other row's seeds.
    pub theirs: Vec<f64>,
    /// The difference of the means over the seeds in each draw.
    pub draws: Vec<f64>,
    /// The areas of both, where DeLong's test applies.
    pub areas: Option<[Arc<Area>; 2]>,
    /// How many videos both rows have.
    pub videos: Common,
}

/// What the videos of a unit gave.
pub(super) struct UnitDraws {
    /// Draws by block and row, means over the row's seeds.
    own: BTreeMap<(usize, usize), Vec<f64>>,
    /// Two rows on common videos, where both have values there.
    compared: BTreeMap<Pair, Compared>,
}

/// A row's samples as items, of one level.
struct RowItems {
    /// Of each seed.
    seeds: Vec<Vec<Item>>,
    /// By the place of a video, whether every seed has it.
    all_have: Vec<bool>,
    /// Whether any seed has it.
    any_has: Vec<bool>,
}

impl UnitDraws {
    /// Draws the unit of a place in the plan.
    pub(super) fn new(
        (place, unit): (usize, &Unit),
        wanted: Wanted,
        blocks: &[MetricBlock],
        measures: &[Measures],
        table: &Table,
        evidence: &Evidence,
    ) -> Self {
        if wanted.pairs.is_empty() && !wanted.intervals {
            return Self { own: BTreeMap::new(), compared: BTreeMap::new() };
        }
        let (rows, [reals, fakes]) = items(unit, table, evidence);
        let items = |block: usize, row: usize| match blocks[block].level {
            Level::Video => &rows[row][0],
            Level::Frame => &rows[row][1],
        };
        let mut drawn = Drawn::default();
        let own_of = |block: usize, row: usize, drawn: &mut Drawn| -> Option<Vec<usize>> {
            if let Some(known) = drawn.own.get(&(block, row)) {
                return known.clone();
            }
            let seeds = items(block, row).seeds.iter().zip(&measures[block][row]);
            let places =
                seeds.map(|(items, measured)| drawn.add(items, measured.as_ref()?.measure));
            let places: Option<Vec<usize>> = places.collect();
            drawn.own.insert((block, row), places.clone());
            places
        };
        if wanted.intervals {
            for (block, row) in (0..blocks.len()).flat_map(|b| (0..rows.len()).map(move |r| (b, r)))
            {
                own_of(block, row, &mut drawn);
            }
        }
        // Areas of whole rows, each computed once.
        let mut areas: BTreeMap<usize, Option<Arc<Area>>> = BTreeMap::new();
        let mut pairs: Vec<(Pair, Compared, [Vec<usize>; 2])> = Vec::new();
        for pair in wanted.pairs {
            let Pair { block, row, other } = pair;
            let sides = [row, other];
            let [ours, theirs] = sides.map(|row| items(block, row));
            let both = |i: usize| ours.all_have[i] && theirs.all_have[i];
            let places = || 0..reals.videos() + fakes.videos();
            let videos = Common {
                both: places().filter(|&i| both(i)).count() as u64,
                either: places().filter(|&i| ours.any_has[i] || theirs.any_has[i]).count() as u64,
            };
            let common_reals = (0..reals.videos()).filter(|&i| both(i)).count() as u64;
            if common_reals == 1 || videos.both - common_reals == 1 {
                continue;
            }
            let by_area = blocks[block].metric == AUC && blocks[block].level == Level::Video;
            let by_area = by_area && ours.seeds.len() == 1 && theirs.seeds.len() == 1;
            let measured = sides.map(|row| &measures[block][row]);
            let (values, at, of_areas);
            if videos.both == videos.either {
                values = measured.map(|seeds| {
                    let value = |seed: &Option<Measured>| seed.as_ref()?.values[place];
                    seeds.iter().map(value).collect::<Option<Vec<f64>>>()
                });
                at = sides.map(|row| own_of(block, row, &mut drawn));
                of_areas = sides.map(|row| {
                    let seed = &items(block, row).seeds[0];
                    let area = || area(seed).map(Arc::new);
                    if by_area { areas.entry(row).or_insert_with(area).clone() } else { None }
                });
            } else {
                let kept = [ours, theirs].map(|row| {
                    let common = |items: &Vec<Item>| -> Vec<Item> {
                        items.iter().filter(|item| both(item.video as usize)).copied().collect()
                    };
                    row.seeds.iter().map(common).collect::<Vec<_>>()
                });
                let each = |side: usize| kept[side].iter().zip(measured[side]);
                values = [0, 1].map(|side| {
                    let seeds = each(side);
                    seeds.map(|(items, seed)| value(items, seed.as_ref()?.measure)).collect()
                });
                at = [0, 1].map(|side| {
                    let seeds = each(side);
                    seeds.map(|(items, seed)| drawn.add(items, seed.as_ref()?.measure)).collect()
                });
                of_areas =
                    kept.map(|seeds| if by_area { area(&seeds[0]).map(Arc::new) } else { None });
            }
            let ([Some(ours), Some(theirs)], [Some(ours_at), Some(theirs_at)]) = (values, at)
            else {
                continue;
            };
            let [a, b] = of_areas;
            let areas = a.zip(b).map(|(a, b)| [a, b]);
            let compared = Compared { ours, theirs, draws: Vec::new(), areas, videos };
            pairs.push((pair, compared, [ours_at, theirs_at]));
        }
        let Drawn { own, replicas } = drawn;
        let unit = bootstrap::Unit { reals, fakes, replicas };
        let draws = unit.draws(table.intervals.draws, table.intervals.seed);
        let mean = |places: &[usize]| mean(&places.iter().map(|&i| &draws[i]).collect::<Vec<_>>());
        let compared = pairs.into_iter().map(|(pair, compared, [ours, theirs])| {
            let both = mean(&ours).into_iter().zip(mean(&theirs));
            let draws = both.map(|(ours, theirs)| ours - theirs).collect();
            (pair, Compared { draws, ..compared })
        });
        Self {
            compared: compared.collect(),
            own: own.iter().filter_map(|(key, at)| Some((*key, mean(at.as_ref()?)))).collect(),
        }
    }

    /// A row's draws in a block, means over its seeds; none where it was not scored.
    pub(super) fn own(&self, block: usize, row: usize) -> Option<&Vec<f64>> {
        self.own.get(&(block, row))
    }

    /// Two rows on common videos; none where there are too few, or no values.
    pub(super) fn compared(&self, pair: Pair) -> Option<&Compared> {
        self.compared.get(&pair)
    }
}

/// Metrics of items whose draws are needed.
#[derive(Default)]
struct Drawn {
    replicas: Vec<Replica>,
    /// Places of the replicas of a block's row, one per seed; none where it was not scored.
    own: BTreeMap<(usize, usize), Option<Vec<usize>>>,
}

impl Drawn {
    /// Adds a metric of some items, and gives its place; none where there is nothing to measure.
    fn add(&mut self, items: &[Item], measure: Measure) -> Option<usize> {
        if items.is_empty() {
            return None;
        }
        self.replicas.push(Replica::new(items, measure));
        Some(self.replicas.len() - 1)
    }
}

/// The items of every row, of videos and of faces, and the strata of the videos of all rows
/// together, so that a draw means the same videos for each of them.
fn items(unit: &Unit, table: &Table, evidence: &Evidence) -> (Vec<[RowItems; 2]>, [Stratum; 2]) {
    let rows: Vec<Vec<[Vec<&Sample>; 2]>> = table
        .rows
        .iter()
        .map(|row| {
            let seeds = row.experiments().map(|experiment| {
                [Level::Video, Level::Frame].map(|level| samples(unit, experiment, level, evidence))
            });
            seeds.collect()
        })
        .collect();
    let keys = |fake| -> Vec<&str> {
        let all = rows.iter().flatten().flatten().flatten();
        let of_class = all.filter(|sample| sample.fake == fake);
        of_class.map(|sample| &*sample.video).collect::<BTreeSet<_>>().into_iter().collect()
    };
    let (reals, fakes) = (keys(false), keys(true));
    let item = |sample: &&Sample| {
        let (keys, first) = if sample.fake { (&fakes, reals.len()) } else { (&reals, 0) };
        let place = keys.binary_search(&&*sample.video).expect("the keys are those of the rows");
        Item { video: (first + place) as u32, fake: sample.fake, score: sample.score }
    };
    let number = reals.len() + fakes.len();
    let items = rows.iter().map(|seeds| {
        [0, 1].map(|level| {
            let seeds = seeds.iter().map(|levels| levels[level].iter().map(item).collect());
            RowItems::new(seeds.collect(), number)
        })
    });
    let items = items.collect();
    let split = unit.split.word();
    let method = unit.method.as_deref().unwrap_or_default();
    let value = unit.value.as_ref().map(|(by, value)| format!("/{by}={value}"));
    let value = value.unwrap_or_default();
    let name = |class: &str| format!("{}/{split}/{class}{value}", unit.dataset);
    let strata = [
        Stratum::new(&name("real"), reals.len()),
        Stratum::new(&name(&format!("fake/{method}")), fakes.len()),
    ];
    (items, strata)
}

/// The scored samples of a unit for a row; none where it was not scored.
fn samples<'a>(
    unit: &'a Unit,
    experiment: &str,
    level: Level,
    evidence: &'a Evidence,
) -> Vec<&'a Sample> {
    match evidence.scores.get(&unit.key_of(experiment)) {
        _ if unit.hidden.contains(experiment) => Vec::new(),
        Some(Ok(scored)) => unit.select(scored.at(level), evidence).collect(),
        Some(Err(_)) | None => Vec::new(),
    }
}

impl RowItems {
    fn new(seeds: Vec<Vec<Item>>, videos: usize) -> Self {
        let mut row =
            Self { seeds: Vec::new(), all_have: vec![true; videos], any_has: vec![false; videos] };
        for items in &seeds {
            let mut has = vec![false; videos];
            for item in items {
                has[item.video as usize] = true;
            }
            for (place, has) in has.into_iter().enumerate() {
                row.all_have[place] &= has;
                row.any_has[place] |= has;
            }
        }
        Self { seeds, ..row }
    }
}

/// A metric of some items.
fn value(items: &[Item], measure: Measure) -> Option<f64> {
    let ranking = Ranking::new(items.iter().map(|item| (item.fake, item.score))).ok()?;
    ranking.measure(measure).ok()
}

/// The area of videos, each class in the order of its places.
fn area(videos: &[Item]) -> Option<Area> {
    let mut sorted: Vec<&Item> = videos.iter().collect();
    sorted.sort_unstable_by_key(|item| item.video);
    let of = |fake| -> Vec<f64> {
        sorted.iter().filter(|item| item.fake == fake).map(|item| item.score).collect()
    };
    Area::new(&of(false), &of(true))
}
