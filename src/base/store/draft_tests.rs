use std::sync::atomic::AtomicBool;

use super::*;
use crate::store::{Claim, Store};

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store")).unwrap();
    (dir, store)
}

fn draft(store: &Store) -> Draft {
    match store.claim("train", "k").unwrap() {
        Claim::Make(draft) => draft,
        other => panic!("{other:?}"),
    }
}

fn record(name: &str) -> StageRecord {
    let (stage, key) = ("train".to_owned(), "k".to_owned());
    StageRecord { stage, key, name: name.to_owned(), ..StageRecord::default() }
}

/// Rewrites the claim of a stage: its process is on another machine, and gives a heartbeat so often.
fn elsewhere(store: &Store, name: &str, who: &str) {
    let folder = store.root().join(format!("locks/{name}.claims"));
    let number = (1..).take_while(|n| folder.join(format!("{who}.{n}")).is_file()).last();
    let path = folder.join(format!("{who}.{}", number.unwrap()));
    let mut page: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    (page["host"], page["every"]) = ("n9".into(), 0.005.into());
    fs::write(&path, page.to_string()).unwrap();
    // The lock of a file is not what this is about.
    let _ = fs::remove_file(store.root().join(format!("locks/{name}")));
}

fn taken_over(store: &Store) -> Draft {
    match store.wait("train", "k", &AtomicBool::new(false)).unwrap() {
        Claim::Make(draft) => draft,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_result_that_is_there_is_as_good_as_ones_own() {
    let (_dir, store) = store();
    let second = draft(&store);
    fs::write(second.folder.join("model"), "b").unwrap();
    // Another host published it, and this one's claim did not keep it from that.
    let object = store.root().join("objects/train/k");
    fs::create_dir_all(&object).unwrap();
    fs::write(object.join("model"), "a").unwrap();
    record("first").write(&object).unwrap();
    let folder = second.commit(&record("second")).unwrap();
    assert_eq!(fs::read(folder.join("model")).unwrap(), b"a");
    assert_eq!(StageRecord::read(&folder).unwrap().unwrap().name, "first");
    assert!(store.drafts().unwrap().is_empty(), "the draft is gone");
}

#[test]
fn a_rename_whose_reply_was_lost_is_done() {
    let (_dir, store) = store();
    let lost = draft(&store);
    record("x").write(&lost.folder).unwrap();
    fs::create_dir_all(lost.target.parent().unwrap()).unwrap();
    fs::rename(&lost.folder, &lost.target).unwrap();
    // The second try of the system finds nothing to rename.
    lost.publish(&record("x")).unwrap();
    assert!(store.find("train", "k").is_some());
}

#[test]
fn what_appears_in_the_place_of_a_result_while_it_is_made_is_set_aside() {
    let (_dir, store) = store();
    let own = draft(&store);
    fs::write(own.folder.join("model"), "b").unwrap();
    let object = store.root().join("objects/train/k");
    fs::create_dir_all(&object).unwrap();
    fs::write(object.join("part"), "x").unwrap();
    let folder = own.commit(&record("own")).unwrap();
    assert_eq!(fs::read(folder.join("model")).unwrap(), b"b");
    assert!(store.root().join("aside/train-k.1/k/part").is_file());
}

#[test]
fn one_that_stood_still_finds_out_and_changes_nothing() {
    let (_dir, store) = store();
    let slow = draft(&store);
    fs::write(slow.folder.join("state.safetensors"), "epoch 1").unwrap();
    let mut journal = File::create(slow.folder.join("journal.jsonl")).unwrap();
    io::Write::write_all(&mut journal, b"1\n").unwrap();
    elsewhere(&store, "train-k", "whole");
    let next = taken_over(&store);
    let [note] = &next.notes[..] else { panic!("{:?}", next.notes) };
    assert!(note.contains("on n9 made this and is gone"), "{note}");
    assert_ne!(next.folder, slow.folder);
    assert!(store.has_state("train", "k"));
    assert_eq!(store.drafts().unwrap()[0].key, "k");
    // It wakes up, and goes on writing for a while.
    io::Write::write_all(&mut journal, b"2\n").unwrap();
    assert!(fs::write(slow.folder.join("state.safetensors"), "epoch 2").is_err());
    assert_eq!(fs::read(next.folder.join("state.safetensors")).unwrap(), b"epoch 1");
    assert_eq!(fs::read(next.folder.join("journal.jsonl")).unwrap(), b"1\n");
    let failure = slow.commit(&record("slow")).unwrap_err();
    assert!(matches!(failure, StoreFailure::Taken { .. }), "{failure}");
    let said = failure.to_string();
    assert!(said.contains("took this over"), "{said}");
    // The other is not disturbed, by its end either.
    next.check().unwrap();
    assert!(matches!(store.claim("train", "k").unwrap(), Claim::Busy(_)));
    next.commit(&record("next")).unwrap();
    assert!(store.drafts().unwrap().is_empty());
}

#[test]
fn one_that_was_taken_over_and_is_late_is_done() {
    let (_dir, store) = store();
    let slow = draft(&store);
    elsewhere(&store, "train-k", "whole");
    taken_over(&store).commit(&record("next")).unwrap();
    let folder = slow.commit(&record("slow")).unwrap();
    assert_eq!(StageRecord::read(&folder).unwrap().unwrap().name, "next");
}

#[test]
fn work_of_a_process_that_was_killed_goes_on_in_its_folder() {
    let (_dir, store) = store();
    let killed = draft(&store);
    let folder = killed.folder.clone();
    fs::write(folder.join("state.safetensors"), "epoch 1").unwrap();
    drop(killed);
    let path = store.root().join("locks/train-k.claims/whole.1");
    let mut page: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    (page["released"], page["pid"]) = (false.into(), u32::MAX.into());
    fs::write(&path, page.to_string()).unwrap();
    assert_eq!(store.holder("train", "k"), None);
    let next = draft(&store);
    assert_eq!((&next.folder, next.notes.len()), (&folder, 0));
    assert_eq!(fs::read(folder.join("state.safetensors")).unwrap(), b"epoch 1");
    assert_eq!(store.holder("train", "k").unwrap().pid, std::process::id());
}

#[test]
fn a_job_that_was_started_again_goes_on_at_once() {
    let (_dir, store) = store();
    let before = draft(&store);
    elsewhere(&store, "train-k", "whole");
    let path = store.root().join("locks/train-k.claims/whole.1");
    let mut page: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    (page["every"], page["boot"]) = (3600.into(), "before".into());
    page["host"] = fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().into();
    fs::write(&path, page.to_string()).unwrap();
    let after = draft(&store);
    assert_ne!(after.folder.exists(), before.folder.exists());
}

#[test]
fn a_share_is_taken_over_without_a_change_to_the_others() {
    let (_dir, store) = store();
    let share = |name: &str| match store.claim_share("faces", "k", name).unwrap() {
        Claim::Make(draft) => draft,
        other => panic!("{other:?}"),
    };
    let (slow, other) = (share("faces-1of2"), share("faces-2of2"));
    let mut open = Vec::new();
    for name in ["faces-1of2.jsonl", "faces-2of2.jsonl", "faces-1of2.00000.arrow"] {
        let mut file = File::create(slow.folder.join(name)).unwrap();
        io::Write::write_all(&mut file, b"1\n").unwrap();
        open.push(file);
    }
    elsewhere(&store, "faces-k", "faces-1of2");
    let _ = fs::remove_file(store.root().join("locks/faces-k-faces-1of2"));
    let stop = AtomicBool::new(false);
    let Claim::Make(next) = store.wait_share("faces", "k", "faces-1of2", &stop).unwrap() else {
        panic!()
    };
    assert_eq!(next.folder, other.folder);
    open.iter_mut().for_each(|file| io::Write::write_all(file, b"2\n").unwrap());
    let read = |name: &str| fs::read(next.folder.join(name)).unwrap();
    assert_eq!(read("faces-1of2.jsonl"), b"1\n", "what it wrote afterwards is lost");
    assert_eq!(read("faces-2of2.jsonl"), b"1\n2\n");
    assert!(slow.hold.verify().is_err() && other.check().is_ok() && next.check().is_ok());
}

#[test]
fn waiting_ends_when_it_is_stopped_and_names_the_holder() {
    let (_dir, store) = store();
    let held = draft(&store);
    let stop = AtomicBool::new(true);
    let Claim::Busy(holder) = store.wait("train", "k", &stop).unwrap() else { panic!() };
    assert_eq!(holder.pid, std::process::id());
    let told = holder.to_string();
    assert!(told.starts_with(&format!("process {} on ", holder.pid)), "{told}");
    // Who wants a share waits for the whole.
    let Claim::Busy(holder) = store.claim_share("train", "k", "faces-1of2").unwrap() else {
        panic!()
    };
    assert_eq!(holder.share, None);
    let until_stopped = store.wait_share("train", "k", "faces-1of2", &stop).unwrap();
    assert!(matches!(until_stopped, Claim::Busy(_)));
    // A live process of this machine is not waited for by one that wants its share.
    drop(held);
    let Claim::Make(_share) = store.claim_share("faces", "k", "faces-1of2").unwrap() else {
        panic!()
    };
    let claim = store.wait_share("faces", "k", "faces-1of2", &AtomicBool::new(false)).unwrap();
    let Claim::Busy(holder) = claim else { panic!() };
    assert_eq!(holder.share.as_deref(), Some("faces-1of2"));
}

#[test]
fn files_that_a_live_writer_has_open_are_not_cleaned_by_another() {
    let (_dir, store) = store();
    let Claim::Make(share) = store.claim_share("faces", "k", "faces-1of2").unwrap() else {
        panic!()
    };
    let open = share.folder.join(".tmpAbC");
    fs::write(&open, "x").unwrap();
    assert!(matches!(store.claim("faces", "k").unwrap(), Claim::Busy(_)));
    let Claim::Make(_other) = store.claim_share("faces", "k", "faces-2of2").unwrap() else {
        panic!()
    };
    assert!(open.is_file());
}

#[test]
fn an_emptied_folder_of_locks_loses_no_work() {
    let (_dir, store) = store();
    let own = draft(&store);
    fs::remove_dir_all(store.root().join("locks")).unwrap();
    own.commit(&record("own")).unwrap();
}
