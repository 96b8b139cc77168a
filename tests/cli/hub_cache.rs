//! The cache of `hf://` files and the variables that lead to it, as huggingface_hub has them.

use crate::hub::{about, arrives, command, content, experiment, good, hub, listing, place, run};
use crate::stand_in::{Answer, StandIn, answer};
use crate::support::{Place, Ran};

#[test]
fn the_cache_is_laid_out_as_huggingface_hub_lays_it_out() {
    let golden = include_str!("../golden/hub/layout.txt").trim();
    let server = StandIn::new(|asked, _| {
        let commit = match asked.path.split('/').nth(4).unwrap() {
            "main" => "1".repeat(40),
            "refs%2Fpr%2F1" => "2".repeat(40),
            commit => commit.to_owned(),
        };
        assert!(asked.path.ends_with("/deep/model%20file.bin"), "{}", asked.path);
        let body = if asked.method == "GET" { content() } else { Vec::new() };
        Answer::Bytes(answer("200 OK", &about(&[("x-repo-commit", &commit)]), &body))
    });
    let revisions = [String::new(), "@refs%2Fpr%2F1".to_owned(), format!("@{}", "3".repeat(40))];
    let experiments =
        revisions.map(|at| experiment(&format!("hf://acme/vit{at}/deep/model file.bin")));
    let place = Place::new();
    for text in &experiments {
        place.write("x.kdl", text);
        run(&place, &server.address).ends_with(11).says("holds no weights");
    }
    assert_eq!(listing(&place.path("hf/hub")), golden);
    // The bytes are the same, and come once.
    assert_eq!(server.asked().iter().filter(|asked| asked.method == "GET").count(), 1);

    // What huggingface_hub downloaded is found without a server.
    let place = Place::new();
    for line in golden.lines() {
        let at = |name: &str| format!("hf/hub/{name}");
        if let Some((name, to)) = line.split_once(" -> ") {
            place.write(&at(name), "");
            std::fs::remove_file(place.path(&at(name))).unwrap();
            #[cfg(unix)]
            std::os::unix::fs::symlink(to, place.path(&at(name))).unwrap();
        } else if let Some((name, text)) = line.split_once(" = ") {
            place.write(&at(name), text);
        } else if let Some((name, _)) = line.split_once(" : ") {
            place.write(&at(name), content());
        }
    }
    for text in &experiments {
        place.write("x.kdl", text);
        let mut command = command(&place, "http://127.0.0.1:9");
        command.env("HF_HUB_OFFLINE", "1");
        Ran::of(command.output().unwrap()).ends_with(11).says("holds no weights");
    }
}

#[test]
fn variables_of_huggingface_hub_hold() {
    let server = hub(|asked, _| Answer::Bytes(good(asked)));
    let place = place();
    let mut offline = command(&place, &server.address);
    offline.env("HF_HUB_OFFLINE", "yes");
    Ran::of(offline.output().unwrap()).ends_with(20).says("HF_HUB_OFFLINE").says("hf/hub");
    assert!(server.asked().is_empty());

    let mut elsewhere = command(&place, &server.address);
    elsewhere.env("HF_HUB_CACHE", place.path("cache"));
    Ran::of(elsewhere.output().unwrap()).ends_with(11);
    assert!(place.path("cache/models--acme--vit/refs/main").is_file());
    assert!(!place.path("hf").exists());

    place.write("hf/token", "hf_of_file\n");
    arrives(&place, &server);
    let last = server.asked().pop().unwrap();
    assert_eq!(last.header("authorization"), Some("Bearer hf_of_file"));

    let place = crate::hub::place();
    let mut odd = command(&place, &server.address);
    odd.env("HF_TOKEN", "hf_ä\u{1}");
    Ran::of(odd.output().unwrap()).ends_with(20).says("the token has characters");
    place.write("hf", "a file");
    run(&place, &server.address).ends_with(20).says("HF_HOME or HF_HUB_CACHE names another folder");
}
