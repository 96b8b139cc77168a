//! A download: a few tries, each of which goes on where the last one ended.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use proofmark_base::work::{Events, Failure};
use ring::digest::{Context, SHA256};

use super::cache::{Shelf, create_folder_of};
use super::client::{About, Client};
use super::error::{BY_HAND, HubError, Trouble, Why};
use super::file::HubFile;
use super::settings::Settings;
use super::wire::Wire;

/// Tries in all, the rest after the first, which doubles, and the longest that a server may ask for.
const TRIES: u32 = 4;
const REST: Duration = Duration::from_millis(250);
const LONGEST_REST: Duration = Duration::from_secs(30);

/// Downloads a file into the cache, and says where it is.
pub(super) fn download(
    file: &HubFile,
    settings: &Settings,
    events: &dyn Events,
    stop: &AtomicBool,
) -> Result<PathBuf, Failure> {
    let failed = |Why { what, advice }: Why| HubError::Download {
        file: file.to_string(),
        server: settings.endpoint.clone(),
        what,
        advice,
    };
    if settings.offline {
        let what = "it is not in the cache, and HF_HUB_OFFLINE forbids to ask for it".to_owned();
        let advice = format!(
            "set HF_HUB_OFFLINE=0, or bring the file into {}, which HF_HOME names",
            settings.cache.display()
        );
        return Err(failed(Why { what, advice }).into());
    }
    let shelf = Shelf::of(file, &settings.cache);
    let client = Client { file, settings, wire: Wire::new(settings.patience, stop) };
    let mut tries = 1;
    loop {
        let trouble = match attempt(&client, &shelf, events, stop) {
            Ok(path) => return Ok(path),
            Err(trouble) => trouble,
        };
        match trouble {
            Trouble::Interrupted => return Err(Failure::Interrupted),
            Trouble::Cache(error) => return Err(error.into()),
            Trouble::Lasting(why) => return Err(failed(why).into()),
            Trouble::Passing(why, asked) => {
                let rest = asked.unwrap_or(REST * 2u32.pow(tries - 1));
                if tries == TRIES {
                    let what = format!("{} (at each of {TRIES} tries)", why.what);
                    return Err(failed(Why { what, ..why }).into());
                }
                if rest > LONGEST_REST {
                    let advice = format!("it asks to wait {} s; {}", rest.as_secs(), why.advice);
                    return Err(failed(Why { advice, ..why }).into());
                }
                events.note(&format!("{}; trying again", why.what));
                match client.wire.rest(rest) {
                    Err(_) => return Err(Failure::Interrupted),
                    Ok(()) => tries += 1,
                }
            }
        }
    }
}

fn attempt(
    client: &Client<'_>,
    shelf: &Shelf,
    events: &dyn Events,
    stop: &AtomicBool,
) -> Result<PathBuf, Trouble> {
    let about = client.about()?;
    let _lock = shelf.lock(&about.etag, stop)?;
    let blob = shelf.blob(&about.etag);
    // Another revision may have the same bytes, and another process may have fetched them.
    if !fs::metadata(&blob).is_ok_and(|blob| blob.len() == about.size) {
        let mut incomplete = blob.clone().into_os_string();
        incomplete.push(".incomplete");
        let incomplete = PathBuf::from(incomplete);
        create_folder_of(&incomplete)?;
        fetch(client, &about, &incomplete, events)?;
        fs::rename(&incomplete, &blob).map_err(Trouble::cache(&blob))?;
    }
    shelf.place(client.file, &about.commit, &about.etag)
}

/// Fetches the bytes, or what lacks of them, into a file.
fn fetch(
    client: &Client<'_>,
    about: &About,
    path: &Path,
    events: &dyn Events,
) -> Result<(), Trouble> {
    let unwritten = || Trouble::cache(path);
    let options = File::options().create(true).truncate(false).read(true).write(true).open(path);
    let mut file = options.map_err(unwritten())?;
    // What an earlier try left is used where the whole can be compared with its digest.
    let left = file.metadata().map_err(unwritten())?.len();
    let left = if about.is_sha256 && left < about.size { left } else { 0 };
    let (from, mut exchange) = client.bytes(about, left)?;
    file.set_len(from).map_err(unwritten())?;
    let mut digest = Context::new(&SHA256);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(unwritten())? {
            0 => break,
            n => digest.update(&buffer[..n]),
        }
    }
    file.seek(SeekFrom::End(0)).map_err(unwritten())?;
    events.begin("bytes", about.size);
    events.resume(from);
    let mut length = from;
    while let Some(bytes) = exchange.read()? {
        length += bytes.len() as u64;
        if length > about.size {
            break;
        }
        file.write_all(&bytes).map_err(unwritten())?;
        digest.update(&bytes);
        events.advance(bytes.len() as u64);
    }
    let trouble = match length.cmp(&about.size) {
        std::cmp::Ordering::Less => {
            let what = format!("the server ended after {length} of {} bytes", about.size);
            return Err(Trouble::passing(what, BY_HAND));
        }
        std::cmp::Ordering::Greater => {
            let what = format!("the server sends more than the {} bytes that it names", about.size);
            Trouble::lasting(what, BY_HAND)
        }
        std::cmp::Ordering::Equal => {
            let found = hex(digest.finish().as_ref());
            if !about.is_sha256 || found == about.etag {
                return file.sync_all().map_err(unwritten());
            }
            let what = format!(
                "the bytes that came are not those that the server names: their SHA-256 is {found}, \
                 not {}",
                about.etag
            );
            // What came now may be right, and what an earlier try left wrong.
            if from > 0 { Trouble::passing(what, BY_HAND) } else { Trouble::lasting(what, BY_HAND) }
        }
    };
    // Nothing is to go on from these bytes.
    fs::remove_file(path).map_err(unwritten())?;
    Err(trouble)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
