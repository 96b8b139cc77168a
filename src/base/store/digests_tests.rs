use proptest::prelude::*;

use super::*;
use crate::store::Store;

#[test]
fn digests_follow_the_content() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store")).unwrap();
    let file = dir.path().join("a.jpg");
    fs::write(&file, b"one").unwrap();
    let one = store.digest(&file).unwrap();
    store.save_digests().unwrap();
    assert_eq!(Store::open(&dir.path().join("store")).unwrap().digest(&file).unwrap(), one);
    // A digest with a flipped bit would be that of other data.
    let list = dir.path().join("store/digests.json");
    let whole = fs::read(&list).unwrap();
    let place = String::from_utf8_lossy(&whole).find(&one).unwrap();
    let mut flipped = whole.clone();
    flipped[place] ^= 1;
    fs::write(&list, flipped).unwrap();
    assert_eq!(Store::open(&dir.path().join("store")).unwrap().digest(&file).unwrap(), one);
    fs::write(&file, b"other").unwrap();
    assert_ne!(store.digest(&file).unwrap(), one);
}

#[test]
fn a_fingerprint_reads_the_ends_and_the_middle() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store")).unwrap();
    let mut prints = Vec::new();
    let length = 10 * ENDS as usize;
    let edits: [&[usize]; 5] = [&[], &[0], &[length / 2], &[length - 1], &[length / 3]];
    for (i, edit) in edits.into_iter().enumerate() {
        let mut bytes = vec![7u8; length];
        edit.iter().for_each(|place| bytes[*place] = 8);
        let file = dir.path().join(format!("{i}.mp4"));
        fs::write(&file, bytes).unwrap();
        prints.push(store.fingerprint(&file).unwrap());
        assert_ne!(store.digest(&file).unwrap(), prints[i]);
    }
    // What lies between is not read.
    assert_eq!(prints.pop().as_ref(), Some(&prints[0]));
    prints.sort();
    prints.dedup();
    assert_eq!(prints.len(), 4);
    let short = dir.path().join("short.mp4");
    fs::write(&short, b"x").unwrap();
    assert!(store.fingerprint(&short).is_ok());
}

/// Lists of few files, so that both often know the same one.
fn list() -> impl Strategy<Value = List> {
    let known = (0u64..3, 0u64..3, "[ab]", 0u8..3).prop_map(|(size, modified, digest, seen)| {
        Known { size, modified, digest, seen: f64::from(seen) }
    });
    prop::collection::btree_map("[a-d]", known, 0..6)
}

proptest! {
    #[test]
    fn the_order_in_which_lists_come_together_means_nothing(a in list(), b in list(), c in list()) {
        let (ab, ba) = (union(a.clone(), b.clone()), union(b.clone(), a.clone()));
        prop_assert_eq!(&ab, &ba);
        prop_assert_eq!(union(ab.clone(), c.clone()), union(a.clone(), union(b.clone(), c)));
        prop_assert_eq!(&union(ab.clone(), a.clone()), &ab);
        for (name, known) in a.iter().chain(&b) {
            prop_assert!(ab[name].seen >= known.seen);
        }
        prop_assert!(ab.keys().all(|name| a.contains_key(name) || b.contains_key(name)));
    }
}

fn files(dir: &Path, count: usize) -> Vec<PathBuf> {
    (0..count)
        .map(|i| {
            let path = dir.join(format!("{i}.jpg"));
            fs::write(&path, format!("picture {i}")).unwrap();
            path
        })
        .collect()
}

fn known_to(store: &Path, files: &[PathBuf]) -> usize {
    let digests = Digests::load(store);
    let known = digests.lock();
    files.iter().filter(|file| known.all.contains_key(&*file.to_string_lossy())).count()
}

#[test]
fn of_many_that_write_at_a_time_none_loses_a_digest() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("store");
    let files = files(dir.path(), 48);
    Store::open(&root).unwrap();
    std::thread::scope(|scope| {
        for part in files.chunks(6) {
            let root = &root;
            scope.spawn(move || {
                let store = Store::open(root).unwrap();
                for file in part {
                    store.digest(file).unwrap();
                    store.save_digests().unwrap();
                }
            });
        }
    });
    assert_eq!(known_to(&root, &files), files.len());
}

#[test]
fn digests_are_kept_beside_the_list_while_another_writes_it() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("store");
    let files = files(dir.path(), 2);
    let store = Store::open(&root).unwrap();
    let claims = Claims::of(root.join("locks/digests.claims"), BEAT);
    let mut won = claims.acquire(WHOLE, &mut Watch::default()).unwrap().unwrap();
    store.digest(&files[0]).unwrap();
    store.save_digests().unwrap();
    assert!(!root.join("digests.json").exists());
    assert_eq!(known_to(&root, &files), 1);
    won.page.release();
    won.page.overwrite(&claims.path(WHOLE, won.number)).unwrap();
    // The next that writes puts them together; an unchanged list is not written again.
    store.save_digests().unwrap();
    assert!(!root.join("digests.json").exists());
    store.digest(&files[1]).unwrap();
    store.save_digests().unwrap();
    assert_eq!(fs::read_dir(root.join("digests")).unwrap().count(), 0);
    assert_eq!(known_to(&root, &files), 2);
}

#[test]
fn of_two_digests_of_a_file_the_later_read_counts() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("store");
    let [file] = &files(dir.path(), 1)[..] else { panic!() };
    let (early, late) = (Store::open(&root).unwrap(), Store::open(&root).unwrap());
    early.digest(file).unwrap();
    // Another file took its place, which is older.
    File::options().append(true).open(file).unwrap().set_modified(UNIX_EPOCH).unwrap();
    fs::write(file, "another picture").unwrap();
    let digest = late.digest(file).unwrap();
    late.save_digests().unwrap();
    early.save_digests().unwrap();
    assert_eq!(Digests::load(&root).lock().all[&*file.to_string_lossy()].digest, digest);
}
