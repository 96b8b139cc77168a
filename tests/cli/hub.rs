//! `hf://` weights against a hub on loopback.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::stand_in::{Answer, Asked, StandIn, answer};
use crate::support::{Place, Ran, TINY, signal};

/// The SHA-256 of [`content`].
const SHA256: &str = "aca9e593cc629cbaa94cd5a07dc029424aad93e5129e5d11f8dcd2f139c16cc0";
const COMMIT: &str = "0123456789012345678901234567890123456789";
const MAIN: &str = "/acme/vit/resolve/main/model.safetensors";

/// A file that is no model, so that the program ends once it is there.
pub fn content() -> Vec<u8> {
    b"0123456789".repeat(10_000)
}

/// What a hub says of [`content`], with some headers instead of its own.
pub fn about<'a>(instead: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut headers = BTreeMap::from([
        ("x-repo-commit", COMMIT),
        ("x-linked-etag", SHA256),
        ("x-linked-size", "100000"),
        ("content-length", "100000"),
    ]);
    headers.extend(instead.iter().copied());
    headers.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// The answer of a hub that is well.
pub fn good(asked: &Asked) -> Vec<u8> {
    let (from, all) = (asked.from(), content());
    let body = if asked.method == "GET" { &all[from..] } else { &[] };
    let length = (all.len() - from).to_string();
    match from {
        0 => answer("200 OK", &about(&[]), body),
        _ => {
            let range = format!("bytes {from}-99999/100000");
            let headers = about(&[("content-length", &length), ("content-range", &range)]);
            answer("206 Partial Content", &headers, body)
        }
    }
}

/// A hub that tells of a file well, and answers GET otherwise.
pub fn hub(get: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> StandIn {
    StandIn::new(move |asked, before| match asked.method.as_str() {
        "HEAD" => Answer::Bytes(good(asked)),
        _ => get(asked, before),
    })
}

pub fn experiment(location: &str) -> String {
    TINY.replace("random std=0.02", &format!("weights \"{location}\""))
}

pub fn place() -> Place {
    Place::with(&experiment("hf://acme/vit/model.safetensors"))
}

pub fn command(place: &Place, endpoint: &str) -> Command {
    let mut command = place.command();
    command.args(["train", "x.kdl"]).env("HF_ENDPOINT", endpoint).env("HF_HOME", place.path("hf"));
    command.env("HF_HUB_DOWNLOAD_TIMEOUT", "20");
    command
}

pub fn run(place: &Place, endpoint: &str) -> Ran {
    Ran::of(command(place, endpoint).output().unwrap())
}

/// What lies in a cache: links, short texts, lengths of other files.
pub fn listing(cache: &Path) -> String {
    let (mut folders, mut lines) = (vec![cache.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(cache).unwrap().display();
            let length = path.symlink_metadata().unwrap().len();
            if let Ok(to) = path.read_link() {
                lines.push(format!("{name} -> {}", to.display()));
            } else if path.is_dir() {
                folders.push(path);
            } else if length <= 40 {
                let text = std::fs::read_to_string(&path).unwrap();
                lines.push(format!("{name} = {text}").trim().to_owned());
            } else {
                lines.push(format!("{name} : {length}"));
            }
        }
    }
    lines.sort();
    lines.join("\n")
}

/// Nothing was taken for the file.
#[track_caller]
fn has_nothing(place: &Place) {
    let found = listing(&place.path("hf/hub"));
    assert!(!found.contains("snapshots") && !found.contains("refs"), "{found}");
}

/// The file is there, whole.
#[track_caller]
fn has_all(place: &Place) {
    let path = format!("hf/hub/models--acme--vit/snapshots/{COMMIT}/model.safetensors");
    assert_eq!(std::fs::read(place.path(&path)).unwrap(), content());
    let found = listing(&place.path("hf/hub"));
    assert!(!found.contains("incomplete"), "{found}");
}

/// A download that is whole and then found to be no model.
#[track_caller]
pub fn arrives(place: &Place, server: &StandIn) {
    run(place, &server.address).ends_with(11).says("holds no weights");
    has_all(place);
}

#[test]
fn weights_are_downloaded_once_and_loaded() {
    // A trained model has all the tensors that a fresh one needs.
    let source = Place::new();
    source.run(&["train", "x.kdl"]).ends_with(0);
    let model = source.models()[0].clone();
    let server = StandIn::new(move |asked, _| {
        assert_eq!(asked.path, MAIN);
        let length = model.len().to_string();
        let headers = [("x-repo-commit", COMMIT), ("etag", "\"abc\""), ("content-length", &length)];
        Answer::Bytes(answer("200 OK", &headers, if asked.method == "GET" { &model } else { &[] }))
    });
    let place = place();
    let ran = run(&place, &server.address).ends_with(0);
    ran.says("downloading hf://acme/vit/model.safetensors").says("0 missing");
    let before = server.asked().len();
    assert_eq!(before, 2);
    std::fs::remove_dir_all(place.path("store")).unwrap();
    run(&place, &server.address).ends_with(0);
    assert_eq!(server.asked().len(), before, "the cache was used");
}

#[test]
fn hubs_that_do_not_help_are_named() {
    // Nobody listens on the discard port.
    let ran = run(&place(), "http://127.0.0.1:9").ends_with(20).says("HF_ENDPOINT");
    ran.says("hf://acme/vit/model.safetensors")
        .says("http://127.0.0.1:9")
        .says("at each of 4 tries");
    for wrong in ["huggingface.co", "file:///etc", "ftp://a", "http://", "https:///x", "a b", "\\"]
    {
        run(&place(), wrong).ends_with(20).says("HF_ENDPOINT is an address");
    }
}

#[test]
fn every_status_has_a_sentence() {
    for (status, headers, log_in, sentences) in [
        ("401 Unauthorized", &[][..], false, &["not everybody's", "HF_TOKEN"][..]),
        ("401 Unauthorized", &[], true, &["the token may not read it"]),
        ("403 Forbidden", &[("x-error-code", "GatedRepo")], true, &["owners", "/acme/vit, then"]),
        ("403 Forbidden", &[("x-error-message", "Ask her")], false, &["403 (forbidden): Ask her"]),
        ("404 Not Found", &[("x-error-code", "EntryNotFound")], false, &["no such file", "`main`"]),
        ("404 Not Found", &[("x-error-code", "RevisionNotFound")], false, &["no revision `main`"]),
        ("404 Not Found", &[("x-error-code", "RepoNotFound")], false, &["no such repository"]),
        ("407 Proxy Authentication Required", &[], false, &["HTTPS_PROXY"]),
        ("418 I'm a teapot", &[], false, &["418", "in a browser"]),
        ("429 Too Many Requests", &[("retry-after", "3600")], false, &["wait 3600 s", "too often"]),
        ("503 Service Unavailable", &[("retry-after", "0")], false, &["not well", "of 4 tries"]),
        ("799 What", &[], false, &["799"]),
        ("300 Multiple Choices", &[], false, &["redirects to nowhere"]),
    ] {
        let server = StandIn::new(move |_, _| Answer::Bytes(answer(status, headers, b"why")));
        let place = place();
        let mut command = command(&place, &server.address);
        if log_in {
            command.env("HF_TOKEN", "hf_secret");
        }
        let mut ran = Ran::of(command.output().unwrap()).ends_with(20).says(&server.address);
        for sentence in sentences {
            ran = ran.says(sentence);
        }
        assert!(!ran.stderr.contains("hf_secret"), "{}", ran.stderr);
        has_nothing(&place);
    }
}

#[test]
fn redirects_are_followed_so_far_and_no_further() {
    let moved = |to: &str| Answer::Bytes(answer("302 Found", &[("location", to)], b""));
    // A repository that moved, and bytes that lie elsewhere, where the token is nobody's.
    let bytes = StandIn::new(|asked, _| Answer::Bytes(good(asked)));
    let there = bytes.address.clone();
    let server = StandIn::new(move |asked, _| match asked.path.as_str() {
        MAIN => moved("/acme/new/resolve/main/model.safetensors"),
        _ => {
            let to = format!("{there}/bytes");
            let headers = about(&[("location", &to), ("content-length", "0")]);
            Answer::Bytes(answer("302 Found", &headers, b""))
        }
    });
    let place = place();
    let output = command(&place, &server.address).env("HF_TOKEN", "hf_secret").output().unwrap();
    Ran::of(output).ends_with(11);
    has_all(&place);
    let tokens = |server: &StandIn| -> Vec<Option<String>> {
        server.asked().iter().map(|a| a.header("authorization").map(str::to_owned)).collect()
    };
    assert_eq!(tokens(&server), vec![Some("Bearer hf_secret".to_owned()); 4]);
    assert_eq!(tokens(&bytes), [None]);
    for to in ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x", "//", "http://"] {
        let server = StandIn::new(move |_, _| moved(to));
        let place = self::place();
        run(&place, &server.address).ends_with(20).says("the server redirects to");
        has_nothing(&place);
        assert_eq!(server.asked().len(), 1, "{to}");
    }
    for get in [false, true] {
        let circle = StandIn::new(move |asked, _| match asked.method.as_str() {
            "HEAD" if get => Answer::Bytes(good(asked)),
            _ => moved(MAIN),
        });
        let place = self::place();
        run(&place, &circle.address).ends_with(20).says("in a circle");
        has_nothing(&place);
        assert_eq!(circle.asked().len(), 6 + usize::from(get));
    }
}

#[test]
fn servers_that_are_no_hub_are_told_apart() {
    for (headers, sentence) in [
        (about(&[("x-repo-commit", ""), ("content-type", "text/html")]), "but text/html"),
        (about(&[("x-linked-etag", "")]), "no ETag"),
        (about(&[("x-linked-size", ""), ("content-length", "")]), "no length"),
        (about(&[("x-linked-size", "-1")]), "no length"),
        (about(&[("x-repo-commit", "../../x")]), "no name"),
        (about(&[("x-linked-etag", "\"../../x\"")]), "no name"),
    ] {
        let said = answer("200 OK", &headers, b"");
        let server = StandIn::new(move |_, _| Answer::Bytes(said.clone()));
        let place = place();
        run(&place, &server.address).ends_with(20).says(sentence);
        has_nothing(&place);
    }
    for (headers, sentence) in [
        (about(&[("content-type", "text/html; charset=utf-8")]), "a web page instead of the file"),
        (about(&[("content-encoding", "gzip")]), "packed (gzip)"),
        (about(&[("content-length", "99999")]), "two lengths, 100000 bytes and 99999"),
        (about(&[("content-length", "100001")]), "two lengths"),
    ] {
        let said = answer("200 OK", &headers, &content());
        let server = hub(move |_, _| Answer::Bytes(said.clone()));
        let place = place();
        run(&place, &server.address).ends_with(20).says(sentence);
        has_nothing(&place);
    }
    for nonsense in [&b""[..], b"nonsense\r\n\r\n", b"HTTP/1.1 200", b"\x16\x03\x01\x02\0\x01"] {
        let server = StandIn::new(move |_, _| Answer::Bytes(nonsense.to_vec()));
        run(&place(), &server.address).ends_with(20).says("at each of 4 tries");
    }
}

#[test]
fn bytes_that_are_not_those_promised_are_refused() {
    let mut flipped = content();
    flipped[54_321] ^= 1;
    let server = hub(move |_, _| Answer::Bytes(answer("200 OK", &about(&[]), &flipped)));
    let place = place();
    run(&place, &server.address).ends_with(20).says("their SHA-256 is").says(SHA256);
    has_nothing(&place);
    assert!(!listing(&place.path("hf/hub")).contains("incomplete"));

    // Without a length nothing but the count says where it ends.
    let endless = about(&[("content-length", "")]);
    let said = answer("200 OK", &endless, &[content(), vec![0; 1 << 20]].concat());
    let server = hub(move |_, _| Answer::Bytes(said.clone()));
    let place = self::place();
    run(&place, &server.address).ends_with(20).says("more than the 100000 bytes");
    has_nothing(&place);

    let short = answer("200 OK", &endless, &content()[..60_000]);
    let server = hub(move |_, _| Answer::Bytes(short.clone()));
    let place = self::place();
    run(&place, &server.address).ends_with(20).says("ended after 60000 of 100000 bytes");
    has_nothing(&place);

    // Parts that were not asked for, or of another file.
    for range in ["bytes 0-99999/100000", "bytes 50000-99998/99999", "", "nonsense"] {
        let server = hub(move |asked, _| {
            Answer::Bytes(match asked.from() {
                0 => answer("200 OK", &about(&[]), &content()[..50_000]),
                _ => answer("206 Partial Content", &about(&[("content-range", range)]), b""),
            })
        });
        run(&self::place(), &server.address).ends_with(20).says("another part of the file");
    }
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_was() {
    let server = hub(|asked, _| {
        let mut said = good(asked);
        // Each try brings a part.
        let end = said.len() - (100_000 - asked.from()) + 40_000;
        said.truncate(end.min(said.len()));
        Answer::Bytes(said)
    });
    arrives(&place(), &server);
    let from = |server: &StandIn| -> Vec<usize> {
        server.asked().iter().filter(|a| a.method == "GET").map(Asked::from).collect()
    };
    assert_eq!(from(&server), [0, 40_000, 80_000]);

    // A server that knows no parts sends all of it again.
    let server = hub(|asked, before| {
        let said = answer("200 OK", &about(&[]), &content());
        let keep = if before < 2 { said.len() - 60_000 } else { said.len() };
        assert!(before < 2 || asked.from() > 0);
        Answer::Bytes(said[..keep].to_vec())
    });
    arrives(&place(), &server);

    // What an earlier process left is compared, too, and not used where it is wrong.
    for (left, rest) in
        [(content()[..70_000].to_vec(), vec![70_000]), (vec![7; 70_000], vec![70_000, 0])]
    {
        let place = place();
        let incomplete = format!("hf/hub/models--acme--vit/blobs/{SHA256}.incomplete");
        place.write(&incomplete, left);
        let server = hub(|asked, _| Answer::Bytes(good(asked)));
        arrives(&place, &server);
        assert_eq!(from(&server), rest);
    }
}

#[test]
fn what_cannot_be_compared_is_fetched_anew() {
    let headers = || about(&[("x-linked-etag", ""), ("etag", "W/\"abc\"")]);
    let server = StandIn::new(move |asked, _| {
        let body = if asked.method == "GET" { content() } else { Vec::new() };
        Answer::Bytes(answer("200 OK", &headers(), &body))
    });
    let place = place();
    place.write("hf/hub/models--acme--vit/blobs/abc.incomplete", [7; 70_000]);
    arrives(&place, &server);
    assert!(server.asked().iter().all(|asked| asked.from() == 0));
}

#[test]
fn a_repository_that_changes_meanwhile_is_asked_again() {
    let server = StandIn::new(|asked, before| {
        let other = "9".repeat(40);
        Answer::Bytes(match before {
            1 => answer("200 OK", &about(&[("x-repo-commit", &other)]), &content()),
            _ => good(asked),
        })
    });
    arrives(&place(), &server);
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn silence_is_not_waited_for_for_ever() {
    fn dots() -> Vec<u8> {
        answer("200 OK", &about(&[("content-length", "")]), b"")
    }
    let said = |case: usize, asked: &Asked| match case {
        0 => Answer::Silence(Vec::new()),
        1 => Answer::Silence(b"HTTP/1.1 200 OK\r\n".to_vec()),
        _ if asked.method == "HEAD" => Answer::Bytes(good(asked)),
        2 => Answer::Silence(dots()),
        _ => Answer::Drops(dots()),
    };
    std::thread::scope(|scope| {
        for case in 0..4 {
            scope.spawn(move || {
                let server = StandIn::new(move |asked, _| said(case, asked));
                let place = place();
                let mut command = command(&place, &server.address);
                command.env("HF_HUB_DOWNLOAD_TIMEOUT", "1");
                let ran = Ran::of(command.output().unwrap()).ends_with(20);
                ran.says("bytes in 1 s (at each of 4 tries)").says("HF_HUB_DOWNLOAD_TIMEOUT=6");
                has_nothing(&place);
            });
        }
    });
}

#[test]
fn ctrl_c_ends_a_download_and_the_next_one_goes_on() {
    let server = hub(|asked, _| {
        let said = good(asked);
        Answer::Silence(said[..said.len() - 60_000].to_vec())
    });
    let place = place();
    let mut command = command(&place, &server.address);
    // Longer than any test.
    command.env("HF_HUB_DOWNLOAD_TIMEOUT", "3600");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let incomplete = place.path(&format!("hf/hub/models--acme--vit/blobs/{SHA256}.incomplete"));
    while std::fs::metadata(&incomplete).map_or(0, |file| file.len()) < 40_000 {
        std::thread::sleep(Duration::from_millis(10));
    }
    signal(&child, "-INT");
    Ran::of(child.wait_with_output().unwrap()).ends_with(21).says("run the same command again");
    has_nothing(&place);
    let server = hub(|asked, _| Answer::Bytes(good(asked)));
    arrives(&place, &server);
    assert_eq!(server.asked()[1].from(), 40_000);
}
