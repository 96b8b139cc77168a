use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

const QUICK: Duration = Duration::from_millis(5);

fn claims(dir: &tempfile::TempDir) -> Claims {
    Claims::of(dir.path().join("x.claims"), QUICK)
}

fn won(claims: &Claims, who: &str) -> Won {
    claims.acquire(who, &mut Watch::default()).unwrap().unwrap()
}

fn busy(claims: &Claims, who: &str) -> bool {
    claims.acquire(who, &mut Watch::default()).unwrap().is_err()
}

fn give_up(claims: &Claims, who: &str, mut won: Won) {
    won.page.release();
    won.page.overwrite(&claims.path(who, won.number)).unwrap();
}

/// The claim as if it were of a process on another machine.
fn elsewhere(claims: &Claims, who: &str, won: &Won) {
    let mut page = won.page.clone();
    page.identity.host = "n9".to_owned();
    page.overwrite(&claims.path(who, won.number)).unwrap();
}

fn names(claims: &Claims) -> Vec<String> {
    let entries = fs::read_dir(&claims.folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_claim_is_held_by_one_until_it_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let claims = claims(&dir);
    let first = won(&claims, WHOLE);
    let here = first.page.identity.clone();
    let holder = claims.acquire(WHOLE, &mut Watch::default()).unwrap().unwrap_err();
    assert_eq!((holder.host, holder.pid), (here.host, here.pid));
    assert!(holder.resident > 0 && holder.peak > 0);
    give_up(&claims, WHOLE, first);
    let second = won(&claims, WHOLE);
    assert!(second.gone.is_empty());
    assert_eq!((second.number, names(&claims)), (2, vec!["whole.2".to_owned()]));
}

#[test]
fn the_whole_excludes_its_shares_and_they_exclude_it() {
    let dir = tempfile::tempdir().unwrap();
    let claims = claims(&dir);
    let shares = [won(&claims, "faces-1of2"), won(&claims, "faces-2of2")];
    assert!(busy(&claims, "faces-1of2") && busy(&claims, WHOLE));
    let [one, two] = shares;
    give_up(&claims, "faces-1of2", one);
    assert!(busy(&claims, WHOLE));
    give_up(&claims, "faces-2of2", two);
    let whole = won(&claims, WHOLE);
    assert!(busy(&claims, "faces-1of2") && busy(&claims, "faces-3of9"));
    give_up(&claims, WHOLE, whole);
    won(&claims, "faces-1of2");
}

#[test]
fn of_many_that_want_a_dead_ones_claim_one_has_it() {
    for _ in 0..30 {
        let dir = tempfile::tempdir().unwrap();
        let claims = claims(&dir);
        let dead = won(&claims, WHOLE);
        let mut page = dead.page.clone();
        page.identity.pid = u32::MAX;
        page.overwrite(&claims.path(WHOLE, dead.number)).unwrap();
        let (winners, shares) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for i in 0..8 {
                let (claims, winners, shares) = (&claims, &winners, &shares);
                scope.spawn(move || {
                    let who = if i % 4 == 3 { "faces-1of2" } else { WHOLE };
                    let count = if i % 4 == 3 { shares } else { winners };
                    let outcome = claims.acquire(who, &mut Watch::default()).unwrap();
                    count.fetch_add(usize::from(outcome.is_ok()), Ordering::SeqCst);
                });
            }
        });
        // Two that see each other may both step back, but never do both go on.
        let won = winners.into_inner() + shares.into_inner();
        assert!(won <= 1, "{won} have it");
    }
}

#[test]
fn the_claim_of_a_silent_machine_is_taken_over_by_ones_own_clock() {
    let dir = tempfile::tempdir().unwrap();
    let claims = claims(&dir);
    let dead = won(&claims, WHOLE);
    elsewhere(&claims, WHOLE, &dead);
    // One look says nothing.
    assert!(busy(&claims, WHOLE));
    let mut watch = Watch::default();
    let begun = Instant::now();
    let next = loop {
        match claims.acquire(WHOLE, &mut watch).unwrap() {
            Ok(won) => break won,
            Err(holder) => assert_eq!(holder.host, "n9"),
        }
        thread::sleep(QUICK / 2);
    };
    assert!(begun.elapsed() >= QUICK * MISSED && !watch.alive);
    assert!(next.gone[0].1, "it may come back");
    assert_eq!(next.number, 2);
}

#[test]
fn one_that_gives_heartbeats_is_not_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let claims = claims(&dir);
    let mut other = won(&claims, WHOLE);
    elsewhere(&claims, WHOLE, &other);
    let mut watch = Watch::default();
    for _ in 0..3 * MISSED {
        assert!(claims.acquire(WHOLE, &mut watch).unwrap().is_err());
        other.page.raise();
        elsewhere(&claims, WHOLE, &other);
        thread::sleep(QUICK);
    }
    assert!(watch.alive);
}

#[test]
fn standing_still_oneself_is_not_the_silence_of_another() {
    let dir = tempfile::tempdir().unwrap();
    let claims = claims(&dir);
    let other = won(&claims, WHOLE);
    elsewhere(&claims, WHOLE, &other);
    let mut watch = Watch::default();
    assert!(claims.acquire(WHOLE, &mut watch).unwrap().is_err());
    thread::sleep(QUICK * MISSED * 2);
    assert!(claims.acquire(WHOLE, &mut watch).unwrap().is_err());
}

#[test]
fn a_share_of_a_dead_process_does_not_keep_the_whole_from_being_made() {
    let dir = tempfile::tempdir().unwrap();
    let claims = claims(&dir);
    let dead = won(&claims, "faces-1of2");
    let mut page = dead.page.clone();
    page.identity.pid = u32::MAX;
    page.overwrite(&claims.path("faces-1of2", dead.number)).unwrap();
    let whole = won(&claims, WHOLE);
    assert_eq!(whole.gone.len(), 1);
    // The dead one's claim has a successor, so that it would find out.
    assert_eq!(names(&claims), ["faces-1of2.2", "whole.1"]);
    assert!(claims.publish(WHOLE, 2, &dead.page).unwrap());
}

#[test]
fn what_is_no_claim_is_waited_for_and_then_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let claims = claims(&dir);
    fs::create_dir_all(&claims.folder).unwrap();
    for (i, text) in ["", "{}", "\0\0\0", "[1]", r#"{"token": 7}"#].into_iter().enumerate() {
        fs::write(claims.path(WHOLE, 10 + i as u64), text).unwrap();
        let holder = claims.acquire(WHOLE, &mut Watch::default()).unwrap().unwrap_err();
        assert_eq!(holder, Holder::default(), "{text}");
        let told = holder.to_string();
        assert_eq!(told, "a process that does not say which it is");
    }
    fs::write(claims.folder.join(".tmpAb.3"), "x").unwrap();
    fs::write(claims.folder.join("whole.x"), "x").unwrap();
    let latest = claims.latest().unwrap();
    assert!(latest.iter().all(|entry| entry.who != "whole.x" && entry.number < 20));
}

#[test]
fn a_number_that_was_free_only_long_ago_is_no_claim() {
    let dir = tempfile::tempdir().unwrap();
    let claims = claims(&dir);
    let other = |name: &str| won(&Claims::of(dir.path().join(name), QUICK), WHOLE);
    let (theirs, late) = (other("y.claims"), other("z.claims"));
    // Between looking and publishing, others came and went, and one has the claim.
    assert!(claims.publish(WHOLE, 5, &theirs.page).unwrap());
    assert!(claims.publish(WHOLE, 3, &late.page).unwrap());
    let settled = claims.settle(WHOLE, Won { number: 3, ..late }, &mut Watch::default());
    assert!(settled.unwrap().is_none(), "it is to be claimed anew");
    assert_eq!(names(&claims), ["whole.5"]);
}

#[test]
fn that_one_may_come_back_is_not_forgotten_by_whoever_gives_up_or_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let claims = claims(&dir);
    let dead = won(&claims, WHOLE);
    elsewhere(&claims, WHOLE, &dead);
    let mut watch = Watch::default();
    let heir = loop {
        match claims.acquire(WHOLE, &mut watch).unwrap() {
            Ok(won) => break won,
            Err(_) => thread::sleep(QUICK),
        }
    };
    give_up(&claims, WHOLE, heir);
    let next = won(&claims, WHOLE);
    assert!(next.gone[0].1, "the first heir did nothing about it");
    // This one is killed before it does.
    let mut page = next.page.clone();
    page.identity.pid = u32::MAX;
    page.overwrite(&claims.path(WHOLE, next.number)).unwrap();
    let last = won(&claims, WHOLE);
    assert!(last.gone[0].1);
    let hold = crate::store::hold::Hold::begin(claims.clone(), WHOLE, last, Vec::new());
    hold.settled().unwrap();
    drop(hold);
    assert!(won(&claims, WHOLE).gone.is_empty());
}
