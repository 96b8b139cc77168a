use proptest::prelude::*;

use super::*;

fn unit(kind: StageKind, needs: &[usize]) -> Unit {
    let needs = needs.iter().map(|need| Awaited::Unit(*need)).collect();
    Unit { kind, group: 0, needs }
}

/// What a unit waits for by its array, as far as units of this submission go.
fn awaited(arrays: &[Array], array: &Array, number: u32) -> BTreeSet<usize> {
    let mut units = BTreeSet::new();
    for after in &array.after {
        match after {
            After::Array(other) => units.extend(arrays[*other].tasks.values()),
            After::Task(other, index) => {
                units.insert(arrays[*other].tasks[index]);
            }
            After::Queued(_) => {}
        }
    }
    if let Some(other) = array.after_same_number {
        units.insert(arrays[other].tasks[&number]);
    }
    units
}

#[test]
fn models_wait_for_their_sample_and_scores_for_their_model() {
    use StageKind::{Faces, Predict, Sample, Train};
    let mut units = vec![unit(Faces, &[]), unit(Faces, &[]), unit(Sample, &[0, 1])];
    let models: Vec<usize> = (0..10).map(|_| units.len()).collect();
    units.extend(models.iter().map(|_| unit(Train, &[0, 1, 2])));
    for model in 0..10 {
        units.extend((0..3).map(|_| unit(Predict, &[0, 3 + model])));
    }
    let arrays = arrange(&units, 1000);
    let shape: Vec<(StageKind, usize)> = arrays.iter().map(|a| (a.kind, a.tasks.len())).collect();
    // Three arrays of scores, one task for each model, rather than ten of three.
    assert_eq!(
        shape,
        [(Faces, 2), (Sample, 1), (Train, 10), (Predict, 10), (Predict, 10), (Predict, 10)]
    );
    assert_eq!(arrays[2].after, BTreeSet::from([After::Array(0), After::Array(1)]));
    assert_eq!((arrays[3].after_same_number, arrays[5].after_same_number), (Some(2), Some(2)));
    assert_eq!(arrays[3].after, BTreeSet::from([After::Task(0, 0)]));
}

#[test]
fn fifteen_hundred_are_split_at_the_limit() {
    let mut units = vec![unit(StageKind::Sample, &[])];
    units.extend((0..1500).map(|_| unit(StageKind::Train, &[0])));
    units.extend((1..=1500).map(|model| unit(StageKind::Predict, &[model])));
    let arrays = arrange(&units, 1000);
    let sizes: Vec<usize> = arrays.iter().map(|array| array.tasks.len()).collect();
    assert_eq!(sizes, [1, 1000, 500, 1000, 500]);
    assert_eq!(arrays[4].after_same_number, Some(2));
}

#[test]
fn what_is_in_the_queue_is_waited_for() {
    let mut units = vec![unit(StageKind::Train, &[]), unit(StageKind::Train, &[])];
    units[1].needs.push(Awaited::Queued("17_3".into()));
    let arrays = arrange(&units, 1000);
    assert_eq!(arrays.len(), 2);
    let queued: Vec<_> = arrays.iter().flat_map(|array| &array.after).collect();
    assert_eq!(queued, [&After::Queued("17_3".into())]);
}

proptest! {
    /// Every unit is in one array, waits for exactly what it needs, and for earlier arrays alone.
    #[test]
    fn every_unit_waits_for_what_it_needs(
        drawn in prop::collection::vec((0..4usize, 0..2usize, prop::collection::vec(0..100usize, 0..4)), 1..60),
        largest in 1..12usize,
    ) {
        let kinds = [StageKind::Faces, StageKind::Sample, StageKind::Train, StageKind::Predict];
        let units: Vec<Unit> = drawn.iter().enumerate().map(|(i, (kind, group, needs))| {
            let needs: BTreeSet<usize> = needs.iter().filter(|_| i > 0).map(|n| n % i.max(1)).collect();
            let needs = needs.into_iter().map(Awaited::Unit).collect();
            Unit { kind: kinds[*kind], group: *group, needs }
        }).collect();
        let arrays = arrange(&units, largest);
        let mut seen = BTreeSet::new();
        for (place, array) in arrays.iter().enumerate() {
            prop_assert!(array.tasks.len() <= largest);
            prop_assert!(array.tasks.keys().all(|number| (*number as usize) < largest));
            for (number, unit) in &array.tasks {
                prop_assert!(seen.insert(*unit));
                prop_assert_eq!(units[*unit].kind, array.kind);
                prop_assert_eq!(units[*unit].group, array.group);
                let needs: BTreeSet<usize> = units[*unit].needs.iter().filter_map(|need| match need {
                    Awaited::Unit(unit) => Some(*unit),
                    Awaited::Queued(_) => None,
                }).collect();
                prop_assert_eq!(awaited(&arrays, array, *number), needs);
            }
            let earlier = array.after.iter().all(|after| match after {
                After::Array(other) | After::Task(other, _) => *other < place,
                After::Queued(_) => true,
            });
            prop_assert!(earlier && array.after_same_number.is_none_or(|other| other < place));
        }
        prop_assert_eq!(seen.len(), units.len());
    }
}
