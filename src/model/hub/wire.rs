//! One request and its answer. A thread of its own waits for the server, so that Ctrl-C need not,
//! and what comes is counted, so that no server can keep the program waiting.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SendError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::http::Request;
use ureq::http::response::Parts;

use super::error::{NO_HUB, Trouble, UNREACHED};

/// How often Ctrl-C is looked for.
pub(super) const TICK: Duration = Duration::from_millis(50);

/// Bytes a second below which a server is taken for silent.
const SLOWEST: u64 = 1 << 10;

/// Bytes that are read at once, and how many times as many may wait to be written.
const CHUNK: usize = 1 << 16;
const AHEAD: usize = 8;

/// A way to servers.
pub(super) struct Wire<'a> {
    agent: Agent,
    patience: Duration,
    stop: &'a AtomicBool,
}

/// What a server says.
enum Said {
    Answer(Box<Parts>),
    Bytes(Vec<u8>),
    Over(Result<(), ureq::Error>),
}

/// An answer whose bytes are still to come.
pub(super) struct Exchange<'a> {
    heard: Receiver<Said>,
    wire: &'a Wire<'a>,
    /// Since when so many bytes have come.
    since: Instant,
    bytes: u64,
}

impl<'a> Wire<'a> {
    /// A way to servers that may be silent for so long, until `stop` is set.
    pub fn new(patience: Duration, stop: &'a AtomicBool) -> Self {
        // Redirects and statuses are judged by the client. The thread of a request that was given up
        // ends with the time of its last read.
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(patience))
            .timeout_per_read(Some(2 * patience))
            .user_agent(concat!("proofmark/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.new_agent(), patience, stop }
    }

    /// Sends a request and waits for the head of its answer.
    pub fn send(&'a self, request: Request<()>) -> Result<(Parts, Exchange<'a>), Trouble> {
        let (say, heard) = sync_channel(AHEAD);
        let agent = self.agent.clone();
        let spawned = std::thread::Builder::new().name("download".to_owned()).spawn(move || {
            // Nobody listens any more to what was given up.
            let _ = converse(&agent, request, &say);
        });
        spawned
            .map_err(|e| Trouble::passing(format!("no thread can be started: {e}"), "try again"))?;
        let mut exchange = Exchange { heard, wire: self, since: Instant::now(), bytes: 0 };
        match exchange.hear()? {
            Said::Answer(parts) => {
                exchange.since = Instant::now();
                Ok((*parts, exchange))
            }
            Said::Over(Err(error)) => Err(told(&error)),
            Said::Bytes(_) | Said::Over(Ok(())) => {
                Err(Trouble::passing("the connection ended without an answer", UNREACHED))
            }
        }
    }

    /// Waits.
    pub fn rest(&self, time: Duration) -> Result<(), Trouble> {
        let begun = Instant::now();
        while begun.elapsed() < time {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Trouble::Interrupted);
            }
            std::thread::sleep(TICK.min(time));
        }
        Ok(())
    }
}

impl Exchange<'_> {
    /// The next bytes; none at the end.
    pub fn read(&mut self) -> Result<Option<Vec<u8>>, Trouble> {
        match self.hear()? {
            Said::Bytes(bytes) => Ok(Some(bytes)),
            Said::Over(Ok(())) => Ok(None),
            Said::Over(Err(error)) => Err(told(&error)),
            Said::Answer(_) => Err(Trouble::passing("the server answers twice", UNREACHED)),
        }
    }

    fn hear(&mut self) -> Result<Said, Trouble> {
        let patience = self.wire.patience;
        loop {
            if self.wire.stop.load(Ordering::Relaxed) {
                return Err(Trouble::Interrupted);
            }
            let said = match self.heard.recv_timeout(TICK) {
                Ok(Said::Bytes(bytes)) => {
                    self.bytes += bytes.len() as u64;
                    if self.bytes >= SLOWEST * patience.as_secs() {
                        (self.since, self.bytes) = (Instant::now(), 0);
                    }
                    Some(Said::Bytes(bytes))
                }
                Ok(said) => return Ok(said),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Trouble::passing("the connection broke off", UNREACHED));
                }
            };
            if self.since.elapsed() > patience {
                let silent =
                    format!("the server sent {} bytes in {} s", self.bytes, patience.as_secs());
                let advice = format!(
                    "HF_HUB_DOWNLOAD_TIMEOUT={} waits longer; {UNREACHED}",
                    6 * patience.as_secs()
                );
                return Err(Trouble::passing(silent, advice));
            }
            if let Some(said) = said {
                return Ok(said);
            }
        }
    }
}

/// Carries a request out and says what comes.
fn converse(
    agent: &Agent,
    request: Request<()>,
    say: &SyncSender<Said>,
) -> Result<(), SendError<Said>> {
    let response = match agent.run(request) {
        Ok(response) => response,
        Err(error) => return say.send(Said::Over(Err(error))),
    };
    let (parts, body) = response.into_parts();
    say.send(Said::Answer(Box::new(parts)))?;
    let mut body = body.into_reader();
    let mut buffer = vec![0; CHUNK];
    loop {
        match body.read(&mut buffer) {
            Ok(0) => return say.send(Said::Over(Ok(()))),
            Ok(n) => say.send(Said::Bytes(buffer[..n].to_vec()))?,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return say.send(Said::Over(Err(e.into()))),
        }
    }
}

/// What went wrong on the way, in words.
fn told(error: &ureq::Error) -> Trouble {
    match error {
        ureq::Error::HostNotFound => Trouble::passing("no such server is known", UNREACHED),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => Trouble::lasting(
            format!("there is no secure connection ({error})"),
            "does a proxy stand in between? download the file by hand and declare its path",
        ),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::InvalidProxyUrl => {
            Trouble::lasting(
                error.to_string(),
                "HF_ENDPOINT and HTTPS_PROXY are addresses such as https://huggingface.co",
            )
        }
        ureq::Error::Protocol(_) => Trouble::passing(
            format!("the server does not speak HTTP as it should ({error})"),
            NO_HUB,
        ),
        other => Trouble::passing(other.to_string(), UNREACHED),
    }
}
