//! A store that several machines share: processes that race for its results, where locks of files do
//! not work, processes die, or stand still for long.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use proofmark_prepare::faces::Faces;
use serde_json::Value;

use crate::interrupt::begun;
use crate::support::{Place, Ran, TINY, folders, signal};

/// Locks of files as other file systems have them; see `locks.c`.
const LOCKS: [&str; 3] = ["posix", "refused", "granted"];

/// What is loaded into the program, built beside the test's place.
fn emulation(place: &Place) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/locks.c");
    let library = place.path("locks.so");
    let mut compiler = Command::new("cc");
    let built = compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
    assert!(
        built.is_ok_and(|status| status.success()),
        "the tests need a C compiler, as the build does"
    );
    library
}

/// The program with locks of that kind.
fn with_locks(place: &Place, library: &Path, locks: &str, arguments: &[&str]) -> Command {
    let mut command = place.command();
    command.args(arguments).env("LD_PRELOAD", library).env("LOCKS", locks);
    command.env("RAYON_NUM_THREADS", "1").stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn ended(child: Child) -> Ran {
    Ran::of(child.wait_with_output().unwrap())
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !is() {
        assert!(Instant::now() < deadline, "never seen: {what}");
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// Every file of the finished results, but for what tells when and by whom it was made.
fn results(place: &Place) -> Vec<(String, Vec<u8>)> {
    let root = place.path("store/objects");
    let mut found = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(folders(&path));
            continue;
        }
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let timed = ["stage.json", "journal.jsonl", "tfevents"];
        let content = match timed.iter().any(|part| name.contains(part)) {
            true => Vec::new(),
            false => std::fs::read(&path).unwrap(),
        };
        found.push((name, content));
    }
    found.sort();
    found
}

/// The file of the latest claim on the only stage of that kind.
fn claim_of(place: &Place, kind: &str, who: &str) -> PathBuf {
    let mut found: Vec<PathBuf> = folders(&place.path("store/locks"))
        .into_iter()
        .filter(|path| {
            path.is_dir() && path.file_name().unwrap().to_string_lossy().starts_with(kind)
        })
        .flat_map(|folder| folders(&folder))
        .filter(|path| path.file_stem().is_some_and(|stem| stem == who))
        .collect();
    found.sort();
    found.pop().expect("there is a claim")
}

/// Makes a claim one of another machine, which gives a heartbeat so often.
fn move_away(path: &Path, every: f64) {
    let mut claim: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    (claim["host"], claim["every"]) = ("elsewhere".into(), every.into());
    std::fs::write(path, claim.to_string()).unwrap();
}

#[test]
fn whatever_locks_are_worth_of_several_processes_one_makes_each_result() {
    let alone = Place::new();
    let mut command = alone.command();
    command.args(["run", "x.kdl", "--jobs", "1"]).env("RAYON_NUM_THREADS", "1");
    Ran::of(command.output().unwrap()).ends_with(0);
    for locks in LOCKS {
        let place = Place::new();
        let library = emulation(&place);
        let run = || with_locks(&place, &library, locks, &["run", "x.kdl", "--jobs", "1"]);
        let all: Vec<Child> = (0..3).map(|_| run().spawn().unwrap()).collect();
        let mut made = 0;
        for child in all {
            let ran = ended(child).ends_with(0);
            made += ran.stderr.lines().filter(|line| line.contains("] train")).count();
        }
        let (own, others) = (results(&place), results(&alone));
        let differ: Vec<&str> = own
            .iter()
            .zip(&others)
            .filter(|(one, other)| one != other)
            .map(|((name, _), _)| name.as_str())
            .collect();
        assert!(own.len() == others.len() && differ.is_empty(), "{locks}: {differ:?} differ");
        assert!(place.models() == alone.models(), "{locks}: other models");
        assert!(folders(&place.path("store/work")).is_empty(), "{locks}");
        assert!(!place.path("store/aside").exists(), "{locks}");
        assert!(made > 0);
    }
}

#[test]
fn shares_do_not_disturb_each_other_whatever_locks_are_worth() {
    let alone = Place::new();
    alone.run(&["prepare", "x.kdl"]).ends_with(0);
    let scores = |place: &Place| {
        place.run(&["run", "x.kdl"]).ends_with(0);
        place.models()
    };
    let models = scores(&alone);
    for locks in LOCKS {
        let place = Place::new();
        let library = emulation(&place);
        // Two want the same share: one has it, and the other says who.
        let shares = ["1/3", "2/3", "2/3", "3/3"];
        let all: Vec<Child> = shares
            .iter()
            .map(|share| {
                let arguments = ["prepare", "x.kdl", "--shard", share];
                with_locks(&place, &library, locks, &arguments).spawn().unwrap()
            })
            .collect();
        for child in all {
            let ran = ended(child);
            assert!(!ran.stderr.contains("panicked"), "{locks}: {}", ran.stderr);
            match ran.code {
                Some(0) => {}
                _ => drop(ran.ends_with(20).says("another process is preparing share")),
            }
        }
        // Whatever was refused is made by now, or is made here.
        for share in ["1/3", "2/3", "3/3"] {
            let arguments = ["prepare", "x.kdl", "--shard", share];
            ended(with_locks(&place, &library, locks, &arguments).spawn().unwrap()).ends_with(0);
        }
        let plan = place.run(&["plan", "x.kdl"]).ends_with(0).stdout;
        assert!(plan.contains("2 to reuse"), "{locks}: {plan}");
        assert!(scores(&place) == models, "{locks}: other faces");
        assert!(!place.path("store/aside").exists(), "{locks}");
    }
}

fn long() -> String {
    TINY.replace("epochs 2", "epochs 60")
}

#[test]
fn what_a_killed_process_made_is_gone_on_with_at_once_without_locks() {
    let whole = Place::with(&long());
    whole.run(&["train", "x.kdl", "--jobs", "1"]).ends_with(0);
    for locks in LOCKS {
        let place = Place::with(&long());
        let library = emulation(&place);
        let train = || with_locks(&place, &library, locks, &["train", "x.kdl", "--jobs", "1"]);
        let mut first = train().spawn().unwrap();
        let state = || {
            let work = folders(&place.path("store/work"));
            work.iter().any(|folder| folder.join("state.safetensors").is_file())
        };
        until("a state", state);
        // Two wait for it when it is killed; one of them goes on.
        let others = [train().spawn().unwrap(), train().spawn().unwrap()];
        std::thread::sleep(Duration::from_millis(200));
        first.kill().unwrap();
        first.wait().unwrap();
        let said: String = others.map(|child| ended(child).ends_with(0).stderr).concat();
        assert!(said.contains("another process is making this: process "), "{locks}: {said}");
        assert!(said.contains("going on from"), "{locks}: {said}");
        assert!(place.models() == whole.models(), "{locks}: other models");
    }
}

#[test]
fn one_that_waits_can_be_stopped() {
    let place = Place::with(&long());
    let mut first = begun(&place);
    let mut command = place.command();
    command.args(["train", "x.kdl", "--jobs", "1"]).stderr(Stdio::piped()).stdout(Stdio::piped());
    let second = command.spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    signal(&first, "-STOP");
    signal(&second, "-INT");
    let ran = ended(second).ends_with(21);
    ran.says(&format!("another process is making this: process {} on ", first.id()));
    first.kill().unwrap();
    first.wait().unwrap();
}

#[test]
fn one_that_stood_still_is_taken_over_and_finds_out() {
    let whole = Place::with(&long());
    whole.run(&["train", "x.kdl", "--jobs", "1"]).ends_with(0);
    let place = Place::with(&long());
    let library = emulation(&place);
    let train = || with_locks(&place, &library, "granted", &["train", "x.kdl", "--jobs", "1"]);
    let first = train().spawn().unwrap();
    let state = || {
        let work = folders(&place.path("store/work"));
        work.iter().any(|folder| folder.join("state.safetensors").is_file())
    };
    until("a state", state);
    signal(&first, "-STOP");
    // To others it is on another machine, of which nothing is heard.
    move_away(&claim_of(&place, "train", "whole"), 0.02);
    let second = train().spawn().unwrap();
    let taken = || {
        let folders = folders(&place.path("store/work"));
        folders.iter().any(|folder| folder.to_string_lossy().ends_with("~2"))
    };
    until("a folder that was taken over", taken);
    // Both go on.
    signal(&first, "-CONT");
    let second = ended(second).ends_with(0);
    second.says("on elsewhere made this and is gone").says("going on from");
    // The first notices, and is content with what the second makes.
    ended(first).ends_with(0).says("took this over, because");
    assert!(place.models() == whole.models(), "other models");
    assert_eq!(place.journals(), whole.journals());
}

/// Faces enough to be interrupted among them.
fn many() -> String {
    TINY.replace(
        "identities=8 videos=2 fakes=2 frames=2",
        "identities=16 videos=4 fakes=4 frames=8",
    )
}

/// Starts a share, and waits until some of its videos are written.
fn share_begun(place: &Place, library: &Path, locks: &str) -> Child {
    let arguments = ["prepare", "x.kdl", "--shard", "1/2"];
    let child = with_locks(place, library, locks, &arguments).spawn().unwrap();
    let journal = |folder: &PathBuf| std::fs::metadata(folder.join("faces-1of2.jsonl"));
    let some = |folder: &PathBuf| journal(folder).is_ok_and(|meta| meta.len() > 2_000);
    until("videos of a share", || folders(&place.path("store/work")).iter().any(some));
    child
}

/// A face: video, frame, number in the frame, pixels.
type Crop = (String, u32, u32, Vec<u8>);

/// All faces of the store, in an order that does not depend on who made them.
fn faces(place: &Place) -> Vec<Crop> {
    let mut crops = Vec::new();
    for folder in folders(&place.path("store/objects/faces")) {
        let Faces { file, videos, .. } = Faces::open(&folder).unwrap();
        let all: usize = videos.values().map(|video| video.faces).sum();
        assert_eq!(all, file.len());
        for index in 0..file.len() {
            let mut rgb = Vec::new();
            file.crop(index, &mut rgb).unwrap();
            let (frame, face) = file.place(index);
            crops.push((file.video_key(index).to_owned(), frame, face, rgb));
        }
    }
    crops.sort();
    crops
}

#[test]
fn a_share_that_died_or_stood_still_is_taken_over_and_nothing_is_made_twice() {
    let whole = Place::with(&many());
    whole.run(&["prepare", "x.kdl"]).ends_with(0);
    for (locks, dies) in [("posix", true), ("refused", true), ("granted", false)] {
        let place = Place::with(&many());
        let library = emulation(&place);
        let share = |share: &str| {
            let arguments = ["prepare", "x.kdl", "--shard", share];
            with_locks(&place, &library, locks, &arguments).spawn().unwrap()
        };
        let mut first = share_begun(&place, &library, locks);
        let other = share("2/2");
        if dies {
            first.kill().unwrap();
            first.wait().unwrap();
            ended(share("1/2")).ends_with(0);
        } else {
            signal(&first, "-STOP");
            move_away(&claim_of(&place, "faces", "faces-1of2"), 0.02);
            let next = ended(share("1/2")).ends_with(0);
            next.says("on elsewhere made this and is gone");
            signal(&first, "-CONT");
            ended(first).ends_with(20).says("took this over, because");
        }
        ended(other).ends_with(0);
        place.run(&["prepare", "x.kdl"]).ends_with(0);
        let ran = place.run(&["prepare", "x.kdl"]).ends_with(0);
        assert!(!ran.stderr.contains("damaged"), "{}", ran.stderr);
        assert!(faces(&place) == faces(&whole), "{locks}: other faces");
    }
}
