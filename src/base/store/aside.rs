//! What stands in the way of a result, or is damaged: it is set aside, not removed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::failure::{Doing, StoreFailure};

/// The folder in a store for what was set aside.
pub(super) const ASIDE: &str = "aside";
/// What is added to the name of a file of a result in the making.
const ENDING: &str = "set-aside";
/// What the names of clocks begin with.
pub(super) const CLOCK: &str = "clock";
/// How the names of temporary files begin.
const TEMPORARY: &str = ".tmp";

/// Moves what stands where a result or its draft is to be into a folder of its own in the
/// store. Returns that, or nothing if another process did it.
pub(super) fn put_aside(
    store: &Path,
    path: &Path,
    name: &str,
) -> Result<Option<PathBuf>, StoreFailure> {
    let parent = store.join(ASIDE);
    fs::create_dir_all(&parent).doing("create", &parent)?;
    for number in 1u32.. {
        let folder = parent.join(format!("{name}.{number}"));
        match fs::create_dir(&folder) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
            made => made.doing("create", &folder)?,
        }
        let target = folder.join(path.file_name().unwrap_or(path.as_os_str()));
        return match fs::rename(path, &target) {
            Ok(()) => Ok(Some(target)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                fs::remove_dir(&folder).doing("remove", &folder)?;
                Ok(None)
            }
            Err(e) => Err(e).doing("set aside", path),
        };
    }
    Ok(None)
}

/// Gives a damaged file of a result in the making a name under which nothing reads it. It goes
/// when the result is published.
///
/// # Errors
/// What the disk says.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let target = path.with_file_name(format!("{name}.{ENDING}"));
    fs::rename(path, &target)?;
    Ok(target)
}

/// Whether a name is of a file that is written at the moment, or was when its writer was killed.
pub(super) fn is_temporary(name: &str) -> bool {
    name.starts_with(TEMPORARY)
}

/// Removes what writes that were killed left in a folder that nobody else writes into; with
/// `all`, also what is never published: files set aside, and clocks.
pub(super) fn clean(folder: &Path, all: bool) -> Result<(), StoreFailure> {
    for entry in fs::read_dir(folder).doing("read", folder)? {
        let path = entry.doing("read", folder)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let left = is_temporary(name);
        let ours = name.ends_with(ENDING) || name.starts_with(CLOCK);
        if (left || all && ours) && path.is_file() {
            fs::remove_file(&path).doing("remove", &path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::store::{Claim, StageRecord, Store};

    use super::*;

    fn draft(store: &Store) -> crate::store::Draft {
        match store.claim("train", "k1").unwrap() {
            Claim::Make(draft) => draft,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_stands_where_a_result_is_to_be_is_set_aside_before_the_work() {
        let dir = tempfile::tempdir().unwrap();
        let object = dir.path().join("objects/train/k1");
        let makers: [fn(&Path); 4] = [
            |object| fs::create_dir_all(object).unwrap(),
            |object| fs::create_dir_all(object.join("sub")).unwrap(),
            |object| {
                fs::create_dir_all(object).unwrap();
                fs::write(object.join("model.safetensors"), b"weights").unwrap();
            },
            |object| fs::write(object, b"a file").unwrap(),
        ];
        for (number, make) in makers.into_iter().enumerate() {
            let store = Store::open(dir.path()).unwrap();
            fs::create_dir_all(object.parent().unwrap()).unwrap();
            make(&object);
            let draft = draft(&store);
            let aside = dir.path().join(format!("aside/train-k1.{}/k1", number + 1));
            assert!(aside.exists() && !object.exists());
            let [note] = &draft.notes[..] else { panic!("{:?}", draft.notes) };
            assert!(note.contains(&aside.display().to_string()), "{note}");
            draft.commit(&StageRecord::default()).unwrap();
            assert!(store.find("train", "k1").is_some());
            fs::remove_dir_all(&object).unwrap();
        }
        let kept = dir.path().join("aside/train-k1.3/k1/model.safetensors");
        assert_eq!(fs::read(kept).unwrap(), b"weights");
        // It is listed, and removed like what is unfinished.
        let store = Store::open(dir.path()).unwrap();
        let held = store.drafts().unwrap();
        assert_eq!((held.len(), held[0].name.as_deref()), (4, Some("(set aside)")));
        assert!(held.iter().all(|held| store.remove(held, None).unwrap()));
        assert!(store.drafts().unwrap().is_empty());
    }

    #[test]
    fn files_in_the_place_of_folders_do_not_stop_a_run() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        fs::write(dir.path().join("objects/train"), b"x").unwrap();
        fs::write(dir.path().join("work/train-k1"), b"y").unwrap();
        let draft = draft(&store);
        assert_eq!(draft.notes.len(), 2);
        draft.commit(&StageRecord::default()).unwrap();
        assert!(store.find("train", "k1").is_some());
    }

    #[test]
    fn what_killed_writes_left_is_not_published() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let first = draft(&store);
        let state = first.folder.join("state.safetensors");
        fs::write(first.folder.join(".tmpAbC123"), vec![0; 1000]).unwrap();
        fs::write(&state, b"damaged").unwrap();
        set_aside(&state).unwrap();
        drop(first);
        let second = draft(&store);
        assert!(!second.folder.join(".tmpAbC123").exists());
        fs::write(second.folder.join(".tmpDeF456"), vec![0; 1000]).unwrap();
        fs::write(second.folder.join("log.json"), b"[]").unwrap();
        let folder = second.commit(&StageRecord::default()).unwrap();
        let names = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["log.json", "stage.json"]);
    }
}
