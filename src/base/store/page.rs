//! What is in the file of a claim: who has it, and a heartbeat.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::identity::{Holder, Identity, memory, now};

/// How often a holder gives a heartbeat.
pub(super) const BEAT: Duration = Duration::from_secs(15);
/// Bytes of a claim, always the same, so that it is overwritten in place.
const LENGTH: usize = 1024;

/// What is in the file of a claim.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Page {
    #[serde(flatten)]
    pub(super) identity: Identity,
    /// Seconds between heartbeats.
    every: f64,
    began: f64,
    beat: u64,
    beat_at: f64,
    resident: u64,
    peak: u64,
    /// Whether one that had it before may come back and write, and nothing was done about that yet.
    #[serde(default)]
    pub(super) unsettled: bool,
    /// Whether it was given up.
    pub(super) released: bool,
}

impl Page {
    /// Of a claim that is made now.
    pub(super) fn new(every: Duration) -> Self {
        let (resident, peak) = memory();
        let (identity, every, now) = (Identity::new(), every.as_secs_f64(), now());
        let (began, beat_at) = (now, now);
        Self {
            identity,
            every,
            began,
            beat: 0,
            beat_at,
            resident,
            peak,
            unsettled: false,
            released: false,
        }
    }

    /// The next heartbeat.
    pub(super) fn raise(&mut self) {
        (self.resident, self.peak) = memory();
        (self.beat, self.beat_at) = (self.beat + 1, now());
    }

    /// Gives the claim up.
    pub(super) fn release(&mut self) {
        self.released = true;
    }

    /// Overwrites the file, which has to be there.
    pub(super) fn overwrite(&self, path: &Path) -> io::Result<()> {
        File::options().write(true).open(path)?.write_all(&self.bytes())
    }

    /// Between heartbeats. What makes no sense is taken for the usual time.
    pub(super) fn every(&self) -> Duration {
        let sound = self.every.is_finite() && (1e-3..=3600.0).contains(&self.every);
        if sound { Duration::from_secs_f64(self.every) } else { BEAT }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.resize(LENGTH.max(bytes.len() + 1), b' ');
        if let Some(last) = bytes.last_mut() {
            *last = b'\n';
        }
        bytes
    }

    /// Who holds it, of all of a result.
    pub(super) fn holder(&self) -> Holder {
        let Identity { host, pid, job, restarts, .. } = self.identity.clone();
        let Self { began, beat, beat_at, resident, peak, .. } = *self;
        Holder { share: None, host, pid, job, restarts, began, beat, beat_at, resident, peak }
    }
}
