//! States that are whole, damaged, or of another course.

use std::cell::RefCell;
use std::fs;

use candle_core::Device;
use proptest::prelude::*;

use super::*;
use crate::optim;
use proofmark_lang::model::Sgd;
use proofmark_model::spec::{Begin, ParamSpec};

const EXTENT: Extent = Extent { epochs: 3, steps: 10 };

fn params(value: f32) -> Params {
    let specs = vec![ParamSpec { name: "w".into(), shape: vec![8, 8], begin: Begin::Matrix }];
    let params = Params::zeros(specs).unwrap();
    let values: Vec<f32> = (0..64).map(|i| value + i as f32).collect();
    let values = Tensor::from_vec(values, (8, 8), &Device::Cpu).unwrap();
    params.set(0, &values).unwrap();
    params
}

fn tensors(params: &Params) -> Tensors<'_> {
    let settings = Sgd { lr: 0.1, momentum: 0.9, weight_decay: 0.0 };
    let optimizer = Stepper::Sgd(optim::Sgd::new(&settings, params).unwrap());
    Tensors { params, optimizer, average: Some(params.copy().unwrap()) }
}

fn log(epoch: u32) -> EpochLog {
    EpochLog {
        epoch,
        lr: 0.1 / f64::from(epoch),
        // Read without care, this is one unit in the last place more or less.
        train_loss: 0.001_913_588_684_913_779_5,
        train_cross_entropy: 0.1 + 0.2,
        active_triplets: vec![],
        val_loss: 1.0 / 3.0,
        val_auc: Some(0.910_337_243_401_759_5),
    }
}

/// After one epoch and four steps.
fn progress() -> Progress {
    Progress {
        epoch: 1,
        step: 4,
        optimizer_steps: 14,
        sums: Sums::default(),
        log: vec![log(1)],
        best: Some((1, 0.5f64.to_bits())),
    }
}

/// Saves a state and spoils it; what is taken up, and what is said.
fn resumed(progress: &Progress, spoil: impl Fn(&Path)) -> (Option<Progress>, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let folder = StateFolder::new(dir.path());
    let trained = params(5.0);
    folder.save(&tensors(&trained), progress).unwrap();
    let best = &trained.snapshot().unwrap();
    checkpoint::write(&folder.best_path(1), best, &serde_json::json!({"epoch": 1})).unwrap();
    spoil(dir.path());
    let fresh = params(1.0);
    let notes = RefCell::new(Vec::new());
    let note = |text: &str| notes.borrow_mut().push(text.to_owned());
    let mut own = tensors(&fresh);
    let taken = folder.resume(&mut own, EXTENT, &note).unwrap();
    let first = fresh.tensor(0).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()[0];
    // What is of no use changes nothing, and is there for who wants to look.
    assert_eq!(first, if taken.is_some() { 5.0 } else { 1.0 });
    assert_eq!(taken.is_none(), dir.path().join("state.safetensors.set-aside").is_file());
    assert_eq!(taken.is_some(), dir.path().join("state.safetensors").is_file());
    (taken, notes.into_inner())
}

#[test]
fn a_whole_state_comes_back_to_the_bit() {
    let (taken, notes) = resumed(&progress(), |_| {});
    assert_eq!((taken, notes), (Some(progress()), vec![]));
    // At the end, too, and before the first epoch.
    let end = Progress {
        epoch: 3,
        step: 0,
        optimizer_steps: 30,
        log: (1..=3).map(log).collect(),
        ..progress()
    };
    assert_eq!(resumed(&end, |_| {}).0, Some(end));
    let begin = Progress { step: 2, optimizer_steps: 2, ..Progress::default() };
    assert_eq!(resumed(&begin, |_| {}).0, Some(begin));
}

#[test]
fn the_log_of_a_fit_that_was_taken_up_has_the_bytes_of_one_that_was_not() {
    let dir = tempfile::tempdir().unwrap();
    let folder = StateFolder::new(dir.path());
    let (trained, all) =
        (params(5.0), Progress { epoch: 3, log: (1..=3).map(log).collect(), ..progress() });
    let finish = |log: &[EpochLog]| {
        folder.save(&tensors(&trained), &all).unwrap();
        let best = &trained.snapshot().unwrap();
        checkpoint::write(&folder.best_path(1), best, &serde_json::json!({})).unwrap();
        folder.finish(1, log).unwrap();
        fs::read(dir.path().join("log.json")).unwrap()
    };
    let never = finish(&all.log);
    let (taken, _) = resumed(&Progress { step: 0, optimizer_steps: 30, ..all.clone() }, |_| {});
    assert_eq!(finish(&taken.unwrap().log), never);
    assert_eq!(folder.finished().unwrap(), all.log);
}

#[test]
fn every_flipped_bit_of_a_state_is_told() {
    let state = |folder: &Path| folder.join("state.safetensors");
    let mut told = 0;
    for share in 0..60 {
        let (taken, notes) = resumed(&progress(), |folder| {
            let mut bytes = fs::read(state(folder)).unwrap();
            let bit = 8 * bytes.len() * share / 60 + share % 8;
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs::write(state(folder), bytes).unwrap();
        });
        // What cannot be told is a bit in the name of the digest, where the rest is whole.
        match taken {
            None => assert!(notes[0].contains("the training begins again"), "{notes:?}"),
            Some(taken) => assert_eq!(taken, progress()),
        }
        told += usize::from(!notes.is_empty());
    }
    assert!(told >= 58, "{told} of 60");
}

#[test]
fn a_state_that_was_cut_off_or_whose_checkpoint_is_damaged_begins_again() {
    let spoils: [fn(&Path); 4] = [
        |folder| fs::write(folder.join("state.safetensors"), b"").unwrap(),
        |folder| {
            let path = folder.join("state.safetensors");
            let bytes = fs::read(&path).unwrap();
            fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        },
        |folder| fs::remove_file(folder.join("best-1.safetensors")).unwrap(),
        |folder| {
            let path = folder.join("best-1.safetensors");
            let mut bytes = fs::read(&path).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(&path, bytes).unwrap();
        },
    ];
    for spoil in spoils {
        let (taken, notes) = resumed(&progress(), spoil);
        assert_eq!(taken, None);
        assert!(notes[0].contains("of no use") && notes[0].contains("set aside"), "{notes:?}");
    }
}

/// Whole files that say what cannot be: each was written with its digest.
#[test]
fn a_state_of_another_course_begins_again() {
    let cases: [(Progress, &str); 9] = [
        (Progress { epoch: u32::MAX, ..progress() }, "4294967295 epochs"),
        (Progress { epoch: 4, ..progress() }, "after 4 epochs"),
        (Progress { step: usize::MAX, ..progress() }, "18446744073709551615 steps"),
        (Progress { step: 10, optimizer_steps: 20, ..progress() }, "10 steps, of 3 epochs of 10"),
        (Progress { optimizer_steps: 1_000_000_000, ..progress() }, "1000000000 steps, not 14"),
        (Progress { optimizer_steps: u64::MAX, ..progress() }, "steps, not 14"),
        (Progress { log: vec![], ..progress() }, "its log"),
        (Progress { best: None, ..progress() }, "no best epoch"),
        (Progress { best: Some((2, 0)), ..progress() }, "its best epoch is 2 of 1"),
    ];
    for (wrong, says) in cases {
        // Saving removes the checkpoints of all other epochs up to this one.
        let epoch = wrong.epoch.min(4);
        let (taken, notes) = resumed(&Progress { epoch, ..wrong.clone() }, |folder| {
            let state = Progress { epoch: wrong.epoch, ..wrong.clone() };
            let params = params(5.0);
            let all = tensors(&params).all().unwrap();
            checkpoint::write(&folder.join("state.safetensors"), &all, &state).unwrap();
        });
        assert_eq!(taken, None, "{says}");
        assert!(notes[0].contains(says), "{notes:?} {says}");
    }
}

/// States of earlier versions have no digest; they are taken up as before.
#[test]
fn a_state_of_an_earlier_version_is_taken_up() {
    let (taken, _) = resumed(&progress(), |folder| {
        let params = params(5.0);
        let card = serde_json::to_string(&progress()).unwrap();
        let metadata = std::collections::HashMap::from([("proofmark".to_owned(), card)]);
        let all = tensors(&params).all().unwrap();
        let bytes = safetensors::serialize(&all, Some(metadata)).unwrap();
        fs::write(folder.join("state.safetensors"), bytes).unwrap();
    });
    assert_eq!(taken, Some(progress()));
}

proptest! {
    #[test]
    fn every_number_of_a_log_comes_back_to_the_bit(bits: u64) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        let text = serde_json::to_string(&EpochLog { lr: value, ..log(1) }).unwrap();
        let back: EpochLog = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(back.lr.to_bits(), bits);
        let tree: serde_json::Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(tree.to_string(), text);
    }
}
