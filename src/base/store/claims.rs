//! Claims on one result: who makes it, or a share of it. They hold on every file system.
//!
//! A claim is a file `WHO.NUMBER` in a folder of the result, published by `link()`, of which one
//! process alone succeeds. Who has the highest number holds the claim. It is given up by saying so
//! in the file, and taken over by publishing the next number, so that the highest is never removed
//! and nobody can take away the claim of another by mistake. The file holds who has it and a
//! heartbeat.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::failure::{Doing, StoreFailure};
use super::identity::{Holder, Identity, Life};
use super::page::{BEAT, Page};
use super::write::readable_temporary;

/// Who makes all of a result; a share has a name of its own.
pub(super) const WHOLE: &str = "whole";
/// How the names of folders of claims end.
pub(super) const CLAIMS: &str = ".claims";
/// So many heartbeats are not seen, and the holder counts as gone.
pub(super) const MISSED: u32 = 8;
/// How often a folder that changes while it is read is read again.
const TRIES: u32 = 100;

/// The latest claim of one name.
#[derive(Debug)]
pub(super) struct Entry {
    who: String,
    number: u64,
    path: PathBuf,
    bytes: Vec<u8>,
    /// None of one that cannot be read.
    page: Option<Page>,
    /// Files of claims before it.
    earlier: Vec<PathBuf>,
}

/// What a process may think of a claim.
#[derive(Debug)]
enum Verdict {
    /// Nobody holds it.
    Free,
    /// Its process ended on this machine without giving it up.
    Ended(Holder),
    /// Its process should be gone, but may come back and write.
    Lost(Holder),
    /// It is held.
    Held(Holder),
}

/// How claims stand in the way of another.
#[derive(Debug)]
pub(super) enum Standing {
    /// Not at all.
    Free,
    /// Those that did so count as gone.
    Lost,
    /// One does.
    Held(Holder),
}

/// What one process saw of the heartbeats of others, by its own clock. Times of files would be those
/// of other machines.
#[derive(Debug, Default)]
pub(super) struct Watch {
    seen: BTreeMap<PathBuf, Seen>,
    /// Whether a holder was seen to be alive.
    pub(super) alive: bool,
}

#[derive(Debug)]
struct Seen {
    bytes: Vec<u8>,
    silent: Duration,
    looked: Instant,
}

/// A claim that was won.
#[derive(Debug)]
pub(super) struct Won {
    pub(super) number: u64,
    pub(super) page: Page,
    /// Those that did not give it up, and whether they may come back.
    pub(super) gone: Vec<(Holder, bool)>,
}

/// The claims on one result.
#[derive(Clone, Debug)]
pub(super) struct Claims {
    folder: PathBuf,
    every: Duration,
}

impl Entry {
    /// Whose claim it is: of the whole or of a share.
    pub(super) fn who(&self) -> &str {
        &self.who
    }

    /// Its number, and whether it is the claim of this token.
    pub(super) fn is(&self, token: &str) -> (u64, bool) {
        (self.number, self.page.as_ref().is_some_and(|page| page.identity.token == token))
    }

    /// Who holds or held it.
    pub(super) fn holder(&self) -> Holder {
        let holder = self.page.as_ref().map(Page::holder).unwrap_or_default();
        Holder { share: Some(self.who.clone()).filter(|who| who != WHOLE), ..holder }
    }

    /// Whether one that had it before may come back.
    fn is_unsettled(&self) -> bool {
        self.page.as_ref().is_some_and(|page| page.unsettled)
    }

    fn verdict(&self, here: &Identity, watch: &mut Watch) -> Verdict {
        let every = self.page.as_ref().map_or(BEAT, Page::every);
        let silent = watch.silent(self, every);
        let life = self.page.as_ref().map_or(Life::Unknown, |page| page.identity.life(here));
        let holder = self.holder();
        match life {
            _ if self.page.as_ref().is_some_and(|page| page.released) => Verdict::Free,
            Life::Ended => Verdict::Ended(holder),
            Life::Replaced => Verdict::Lost(holder),
            Life::Unknown if silent >= every * MISSED => Verdict::Lost(holder),
            Life::Unknown => Verdict::Held(holder),
            Life::Runs => {
                watch.alive = true;
                Verdict::Held(holder)
            }
        }
    }
}

impl Watch {
    /// How long a heartbeat was not seen to move. A look counts for no more than two heartbeats:
    /// where this process itself stood still, or the file system did, nothing could be seen.
    fn silent(&mut self, entry: &Entry, every: Duration) -> Duration {
        let now = Instant::now();
        let fresh = || Seen { bytes: entry.bytes.clone(), silent: Duration::ZERO, looked: now };
        let seen = self.seen.entry(entry.path.clone()).or_insert_with(fresh);
        if seen.bytes == entry.bytes {
            seen.silent += now.duration_since(seen.looked).min(every * 2);
            seen.looked = now;
        } else {
            *seen = fresh();
            self.alive = true;
        }
        seen.silent
    }
}

impl Claims {
    /// Those in a folder, which need not be there. Own claims get a heartbeat `every` so often.
    pub(super) fn of(folder: PathBuf, every: Duration) -> Self {
        Self { folder, every }
    }

    /// The time between two heartbeats of own claims.
    pub(super) fn every(&self) -> Duration {
        self.every
    }

    /// The file of a claim.
    pub(super) fn path(&self, who: &str, number: u64) -> PathBuf {
        self.folder.join(format!("{who}.{number}"))
    }

    /// The latest claim of each name. The folder is read, and every file opened anew: these two
    /// things make a client of NFS ask its server.
    pub(super) fn latest(&self) -> Result<Vec<Entry>, StoreFailure> {
        'again: for _ in 0..TRIES {
            let mut numbers: BTreeMap<String, Vec<u64>> = BTreeMap::new();
            let entries = match fs::read_dir(&self.folder) {
                Ok(entries) => entries,
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                Err(e) => return Err(e).doing("read", &self.folder),
            };
            for entry in entries {
                let name = entry.doing("read", &self.folder)?.file_name();
                let split = name.to_str().and_then(|name| name.rsplit_once('.'));
                if let Some((who, Ok(number))) = split.map(|(who, n)| (who, n.parse()))
                    && !who.is_empty()
                {
                    numbers.entry(who.to_owned()).or_default().push(number);
                }
            }
            let mut latest = Vec::new();
            for (who, mut numbers) in numbers {
                numbers.sort_unstable();
                let number = numbers.pop().unwrap_or_default();
                let path = self.path(&who, number);
                let bytes = match fs::read(&path) {
                    Ok(bytes) => bytes,
                    // There is a higher one by now.
                    Err(e) if is_gone(&e) => continue 'again,
                    Err(e) => return Err(e).doing("read", &path),
                };
                let page = serde_json::from_slice(&bytes).ok();
                let earlier = numbers.iter().map(|number| self.path(&who, *number)).collect();
                latest.push(Entry { who, number, path, bytes, page, earlier });
            }
            return Ok(latest);
        }
        let source = io::Error::other("it changes all the time");
        Err(source).doing("read", &self.folder)
    }

    /// Whether others keep `who` from a claim.
    pub(super) fn standing(&self, who: &str, watch: &mut Watch) -> Result<Standing, StoreFailure> {
        let here = Identity::new();
        let mut standing = Standing::Free;
        for entry in self.latest()?.iter().filter(|entry| excludes(who, &entry.who)) {
            match entry.verdict(&here, watch) {
                Verdict::Free | Verdict::Ended(_) => {}
                Verdict::Lost(_) => standing = Standing::Lost,
                Verdict::Held(holder) => return Ok(Standing::Held(holder)),
            }
        }
        Ok(standing)
    }

    /// Claims, unless another process holds what excludes it.
    pub(super) fn acquire(
        &self,
        who: &str,
        watch: &mut Watch,
    ) -> Result<Result<Won, Holder>, StoreFailure> {
        loop {
            let mut page = Page::new(self.every);
            let mut gone = Vec::new();
            let mut number = 1;
            for entry in self.latest()?.iter().filter(|entry| excludes(who, &entry.who)) {
                match entry.verdict(&page.identity, watch) {
                    Verdict::Held(holder) => return Ok(Err(holder)),
                    _ if entry.who != who => {}
                    Verdict::Free => {
                        number = entry.number + 1;
                        if entry.is_unsettled() {
                            gone.push((entry.holder(), true));
                        }
                    }
                    Verdict::Ended(holder) => {
                        number = entry.number + 1;
                        gone.push((holder, entry.is_unsettled()));
                    }
                    Verdict::Lost(holder) => {
                        number = entry.number + 1;
                        gone.push((holder, true));
                    }
                }
            }
            page.unsettled = gone.iter().any(|(_, may_return)| *may_return);
            if !self.publish(who, number, &page)? {
                continue;
            }
            if let Some(outcome) = self.settle(who, Won { number, page, gone }, watch)? {
                return Ok(outcome);
            }
        }
    }

    /// Looks around once a claim is published: whoever claims at the same time either is seen here,
    /// or sees it. None if it is to be claimed anew.
    fn settle(
        &self,
        who: &str,
        mut won: Won,
        watch: &mut Watch,
    ) -> Result<Option<Result<Won, Holder>>, StoreFailure> {
        let path = self.path(who, won.number);
        let give_up = |mut page: Page| {
            page.release();
            page.overwrite(&path).doing("write", &path)
        };
        let (mut earlier, mut others) = (Vec::new(), Vec::new());
        for entry in self.latest()?.into_iter().filter(|entry| excludes(who, &entry.who)) {
            if entry.who == who {
                // Removed numbers may be given out again by one who read the folder long ago.
                if !entry.is(&won.page.identity.token).1 {
                    match fs::remove_file(&path) {
                        Err(e) if !is_gone(&e) => return Err(e).doing("remove", &path),
                        _ => return Ok(None),
                    }
                }
                earlier.extend(entry.earlier);
                continue;
            }
            match entry.verdict(&won.page.identity, watch) {
                Verdict::Free => {}
                Verdict::Held(holder) => {
                    give_up(won.page)?;
                    return Ok(Some(Err(holder)));
                }
                Verdict::Ended(holder) => {
                    let unsettled = entry.is_unsettled();
                    others.push((entry, holder, unsettled));
                }
                Verdict::Lost(holder) => others.push((entry, holder, true)),
            }
        }
        if others.iter().any(|(.., may_return)| *may_return) {
            won.page.unsettled = true;
            won.page.overwrite(&path).doing("write", &path)?;
        }
        for (entry, holder, may_return) in others {
            // Taken over and given up, so that it finds out.
            let mut next = Page::new(self.every);
            next.release();
            if !self.publish(&entry.who, entry.number + 1, &next)? {
                give_up(won.page)?;
                return Ok(None);
            }
            earlier.push(self.path(&entry.who, entry.number));
            won.gone.push((holder, may_return));
        }
        for path in earlier {
            match fs::remove_file(&path) {
                Err(e) if !is_gone(&e) => return Err(e).doing("remove", &path),
                _ => {}
            }
        }
        Ok(Some(Ok(won)))
    }

    /// Makes a claim's file, unless it is there. Returns whether it is this one.
    pub(super) fn publish(
        &self,
        who: &str,
        number: u64,
        page: &Page,
    ) -> Result<bool, StoreFailure> {
        fs::create_dir_all(&self.folder).doing("create", &self.folder)?;
        let path = self.path(who, number);
        let bytes = page.bytes();
        let link = || -> io::Result<()> {
            let mut file = readable_temporary(&self.folder)?;
            file.write_all(&bytes)?;
            // A server has it before it has its name.
            file.as_file().sync_all()?;
            fs::hard_link(file.path(), &path)
        };
        let made = match link() {
            // Some file systems have no links.
            Err(e) if has_no_links(&e) => {
                File::create_new(&path).and_then(|mut file| file.write_all(&bytes))
            }
            made => made,
        };
        // A reply may be lost: what lies there tells. Whoever had it may have lost it again by now.
        match (fs::read(&path), made) {
            (Ok(found), _) => Ok(found == bytes),
            (Err(e), _) if !is_gone(&e) => Err(e).doing("read", &path),
            (Err(_), Err(e)) if e.kind() != io::ErrorKind::AlreadyExists => {
                Err(e).doing("create", &path)
            }
            (Err(_), Ok(()) | Err(_)) => Ok(false),
        }
    }
}

/// Whether a claim of `other` keeps `who` from one: the whole and its shares exclude each other.
fn excludes(who: &str, other: &str) -> bool {
    who == other || who == WHOLE || other == WHOLE
}

/// Whether a file is not there, or no more.
pub(super) fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::StaleNetworkFileHandle)
}

fn has_no_links(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied)
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;
