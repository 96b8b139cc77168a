//! A claim that this process holds: its heartbeat, and whether it is still its own.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use super::claims::{Claims, MISSED, Won, is_gone};
use super::failure::{Doing, StoreFailure};
use super::identity::Holder;
use super::page::Page;

/// A claim that is held until this is dropped.
#[derive(Debug)]
pub(super) struct Hold {
    claim: Arc<Held>,
    heart: Option<(Sender<()>, JoinHandle<()>)>,
    /// Those who held it before and did not give it up, and whether they may come back.
    pub(super) gone: Vec<(Holder, bool)>,
    _locks: Vec<File>,
}

/// What the heart shares.
#[derive(Debug)]
struct Held {
    claims: Claims,
    who: String,
    number: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    page: Page,
    /// Of the last heartbeat. A clock that stands still while the machine sleeps, and one that may be
    /// set.
    beaten: (Instant, SystemTime),
    /// Who took it over.
    lost: Option<Holder>,
}

/// What the lock of a file says.
#[derive(Debug)]
pub(super) enum Lock {
    /// It is held by this process.
    Held(File),
    /// It is held by another.
    Busy,
    /// There are no locks here.
    Unknown,
}

impl Lock {
    /// Tries to lock a file: quick where processes share a machine, and what earlier versions of
    /// Proofmark go by. Nothing relies on it: file systems refuse locks, or grant them to all.
    pub(super) fn try_of(path: &Path, shared: bool) -> Result<Self, StoreFailure> {
        // NFS locks for reading only what is open for reading.
        let file = File::options().create(true).read(true).append(true).open(path);
        let file = file.doing("create", path)?;
        let locked = if shared { file.try_lock_shared() } else { file.try_lock() };
        Ok(match locked {
            Ok(()) => Self::Held(file),
            Err(TryLockError::WouldBlock) => Self::Busy,
            Err(TryLockError::Error(error)) => {
                tracing::debug!(lock = %path.display(), %error, "there are no locks");
                Self::Unknown
            }
        })
    }

    /// The same, where nobody claims what is locked: a program that another thread is just starting
    /// has the locks of its parent for a moment.
    pub(super) fn try_for_a_moment(path: &Path, shared: bool) -> Result<Self, StoreFailure> {
        for _ in 0..10 {
            match Self::try_of(path, shared)? {
                Self::Busy => thread::sleep(Duration::from_millis(20)),
                known => return Ok(known),
            }
        }
        Ok(Self::Busy)
    }
}

impl Hold {
    /// Begins to give heartbeats.
    pub(super) fn begin(claims: Claims, who: &str, won: Won, locks: Vec<File>) -> Self {
        let Won { number, page, gone } = won;
        let every = claims.every();
        let beaten = (Instant::now(), SystemTime::now());
        let state = Mutex::new(State { page, beaten, lost: None });
        let claim = Arc::new(Held { claims, who: who.to_owned(), number, state });
        let (stop, stopped) = mpsc::channel();
        let beating = Arc::clone(&claim);
        let beat = move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                // What fails here is tried again, and found out before anything is published.
                if let Err(error) = beating.beat() {
                    tracing::warn!(%error, "no heartbeat");
                }
            }
        };
        // Without a thread, others take it over in the end, and this process notices.
        let heart = thread::Builder::new().name("heartbeat".to_owned()).spawn(beat);
        Self { claim, heart: heart.ok().map(|heart| (stop, heart)), gone, _locks: locks }
    }

    /// The number of the claim: each that takes it over has a higher one.
    pub(super) fn number(&self) -> u64 {
        self.claim.number
    }

    /// That what others may still write does no harm any more, who had the claim before.
    pub(super) fn settled(&self) -> Result<(), StoreFailure> {
        let mut state = self.claim.lock();
        if !state.page.unsettled {
            return Ok(());
        }
        state.page.unsettled = false;
        let path = self.claim.claims.path(&self.claim.who, self.claim.number);
        state.page.overwrite(&path).doing("write", &path)
    }

    /// That nobody took the claim over, as far as is known without asking the disk; it is asked
    /// where the last heartbeat was so long ago that others may have.
    pub(super) fn check(&self) -> Result<(), StoreFailure> {
        let (since, wall) = self.claim.lock().beaten;
        let since = since.elapsed().max(wall.elapsed().unwrap_or(Duration::ZERO));
        match since > self.claim.claims.every() * MISSED / 2 {
            true => self.claim.beat().and_then(|()| self.verify()),
            false => self.claim.lost(),
        }
    }

    /// That nobody took the claim over.
    pub(super) fn verify(&self) -> Result<(), StoreFailure> {
        self.claim.verify()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some((stop, heart)) = self.heart.take() {
            drop(stop);
            // It ends at once, and has nothing to tell.
            let _ = heart.join();
        }
        let claim = &self.claim;
        let mut state = claim.lock();
        if state.lost.is_none() {
            state.page.release();
            // If this fails, others see that the process ended, or no heartbeat.
            let _ = state.page.overwrite(&claim.claims.path(&claim.who, claim.number));
        }
    }
}

impl Held {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn beat(&self) -> Result<(), StoreFailure> {
        self.lost()?;
        let path = self.claims.path(&self.who, self.number);
        let written = {
            let mut state = self.lock();
            state.page.raise();
            let written = state.page.overwrite(&path);
            if written.is_ok() {
                state.beaten = (Instant::now(), SystemTime::now());
            }
            written
        };
        match written {
            // Who takes it over removes the file.
            Err(e) if is_gone(&e) => self.verify(),
            written => written.doing("write", &path),
        }
    }

    fn lost(&self) -> Result<(), StoreFailure> {
        match &self.lock().lost {
            None => Ok(()),
            Some(by) => Err(StoreFailure::Taken { by: Box::new(by.clone()) }),
        }
    }

    fn verify(&self) -> Result<(), StoreFailure> {
        self.lost()?;
        let mut state = self.lock();
        let latest = self.claims.latest()?.into_iter().find(|entry| entry.who() == self.who);
        let by = match latest.as_ref().map(|entry| entry.is(&state.page.identity.token)) {
            Some((_, true)) => return Ok(()),
            Some((number, false)) if number >= self.number => latest.map(|entry| entry.holder()),
            // Somebody emptied the folder.
            Some(_) | None => match self.claims.publish(&self.who, self.number, &state.page)? {
                true => return Ok(()),
                false => None,
            },
        };
        let by = Box::new(by.unwrap_or_default());
        state.lost = Some((*by).clone());
        Err(StoreFailure::Taken { by })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::claims::{WHOLE, Watch};

    fn claims(dir: &tempfile::TempDir) -> Claims {
        Claims::of(dir.path().join("x.claims"), Duration::from_millis(5))
    }

    fn hold(claims: &Claims) -> Hold {
        let won = claims.acquire(WHOLE, &mut Watch::default()).unwrap().unwrap();
        Hold::begin(claims.clone(), WHOLE, won, Vec::new())
    }

    fn beats(claims: &Claims) -> u64 {
        claims.latest().unwrap()[0].holder().beat
    }

    #[test]
    fn a_heart_beats_until_the_claim_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let claims = claims(&dir);
        let held = hold(&claims);
        while beats(&claims) < 3 {
            thread::yield_now();
        }
        held.check().unwrap();
        drop(held);
        let beat = beats(&claims);
        let next = hold(&claims);
        assert!(next.gone.is_empty() && next.number() == 2 && beat >= 3);
    }

    #[test]
    fn one_that_was_taken_over_notices_by_its_heartbeat() {
        let dir = tempfile::tempdir().unwrap();
        let claims = claims(&dir);
        let (held, path) = (hold(&claims), claims.path(WHOLE, 1));
        // Another process publishes the next number, and removes this one.
        let other = Claims::of(dir.path().join("y.claims"), Duration::from_secs(60));
        let theirs = other.acquire(WHOLE, &mut Watch::default()).unwrap().unwrap();
        assert!(claims.publish(WHOLE, 2, &theirs.page).unwrap());
        std::fs::remove_file(&path).unwrap();
        while held.check().is_ok() {
            thread::yield_now();
        }
        assert!(matches!(held.check(), Err(StoreFailure::Taken { .. })));
        drop(held);
        assert!(!path.exists());
        assert!(matches!(claims.standing(WHOLE, &mut Watch::default()), Ok(standing)
            if matches!(standing, crate::store::claims::Standing::Held(_))));
    }
}
