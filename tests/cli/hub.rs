//! `hf://` weights against a hub on loopback.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Place, Ran, TINY};

/// A hub that has one file, and counts how often it is asked.
fn hub(content: Vec<u8>) -> (String, Arc<AtomicUsize>) {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let address = format!("http://{}", server.server_addr());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for request in server.incoming_requests() {
            count.fetch_add(1, Ordering::Relaxed);
            let header = |name: &str, value: &str| {
                tiny_http::Header::from_bytes(name.as_bytes(), value.as_bytes()).unwrap()
            };
            let known = request.url().starts_with("/acme/vit/resolve/main/model.safetensors");
            let range = request
                .headers()
                .iter()
                .find(|h| h.field.equiv("range"))
                .and_then(|h| h.value.as_str().strip_prefix("bytes=").map(str::to_owned));
            let response = if known {
                let total = content.len();
                let (from, to) = range.as_deref().map_or((0, total - 1), |range| {
                    let (from, to) = range.split_once('-').unwrap();
                    let to = to.parse().unwrap_or(total - 1);
                    (from.parse().unwrap(), to.min(total - 1))
                });
                let status = if range.is_some() { 206 } else { 200 };
                tiny_http::Response::from_data(content[from..=to].to_vec())
                    .with_status_code(status)
                    .with_header(header(
                        "x-repo-commit",
                        "0123456789012345678901234567890123456789",
                    ))
                    .with_header(header("etag", "\"abc\""))
                    .with_header(header("accept-ranges", "bytes"))
                    .with_header(header("content-range", &format!("bytes {from}-{to}/{total}")))
            } else {
                tiny_http::Response::from_data(b"no such file".to_vec()).with_status_code(404)
            };
            // The client may have gone; the test will say so.
            let _ = request.respond(response);
        }
    });
    (address, asked)
}

fn experiment(file: &str) -> String {
    TINY.replace("random std=0.02", &format!("weights \"hf://acme/vit/{file}\""))
}

fn run(place: &Place, endpoint: &str) -> Ran {
    let mut command = place.command();
    command.args(["train", "x.kdl"]).env("HF_ENDPOINT", endpoint).env("HF_HOME", place.path("hf"));
    Ran::of(command.output().unwrap())
}

#[test]
fn weights_are_downloaded_once_and_loaded() {
    // A trained model has all the tensors that a fresh one needs.
    let source = Place::new();
    source.run(&["train", "x.kdl"]).ends_with(0);
    let (address, asked) = hub(source.models()[0].clone());
    let place = Place::with(&experiment("model.safetensors"));
    run(&place, &address).ends_with(0).says("downloading hf://acme/vit").says("0 missing");
    let before = asked.load(Ordering::Relaxed);
    assert!(before > 0);
    std::fs::remove_dir_all(place.path("store")).unwrap();
    run(&place, &address).ends_with(0);
    assert_eq!(asked.load(Ordering::Relaxed), before, "the cache was used");
}

#[test]
fn hubs_that_do_not_help_are_named() {
    let (address, _) = hub(vec![0]);
    let place = Place::with(&experiment("other.safetensors"));
    run(&place, &address).ends_with(20).says("other.safetensors").says(&address);
    // Nobody listens on the discard port.
    run(&place, "http://127.0.0.1:9").ends_with(20).says("HF_ENDPOINT");
}
