//! `-v`: what is decided and why, on stderr alone.

use crate::support::{Place, TINY, folders};

/// The lines of a run that `-v` adds, without the seconds in them.
fn told(stderr: &str) -> Vec<String> {
    let timeless = |line: &str| match line.split_once(" seconds=") {
        Some((before, _)) => before.to_owned(),
        None => line.to_owned(),
    };
    stderr.lines().filter(|line| line.starts_with("· ")).map(timeless).collect()
}

#[test]
fn the_stages_of_a_run_are_told_with_their_keys_and_stdout_is_the_same() {
    let place = Place::new();
    let ran = place.run(&["run", "x.kdl", "-v"]).ends_with(0);
    let lines = told(&ran.stderr);
    let keys = |kind: &str| -> Vec<String> {
        let folders = folders(&place.path("store/objects").join(kind));
        folders.iter().map(|f| f.file_name().unwrap().to_string_lossy().into_owned()).collect()
    };
    let mut stages = 0;
    for kind in ["faces", "sample", "train", "predict"] {
        for key in keys(kind) {
            stages += 1;
            for what in [": begins", ": is made folder=", ": is published folder=", ": ends"] {
                let told = |line: &&String| {
                    line.starts_with(&format!("· stage{{kind={kind} name="))
                        && line.contains(&format!(" key={key}}}{what}"))
                };
                assert_eq!(lines.iter().filter(told).count(), 1, "{kind} {key}{what}: {lines:#?}");
            }
        }
    }
    assert_eq!(stages, 9);
    for told in [
        "· is there dataset=seen files=drawn videos=32 frames=64",
        "· is opened choice=auto by=recipe device=",
        " batch=8 at_a_time=8 faces=32 validation=16",
    ] {
        assert!(lines.iter().any(|line| line.contains(told)), "{told}: {lines:#?}");
    }
    // The second time all of it is there; what goes to stdout is the same with and without.
    let again = place.run(&["run", "x.kdl", "-v"]).ends_with(0);
    let reused =
        told(&again.stderr).iter().filter(|l| l.contains(": is in the store folder=")).count();
    assert_eq!(reused, 9, "{}", again.stderr);
    let silent = place.run(&["run", "x.kdl"]).ends_with(0);
    assert_eq!((&again.stdout, &ran.stdout), (&silent.stdout, &silent.stdout));
    assert!(told(&silent.stderr).is_empty(), "{}", silent.stderr);
}

/// Of each file with `-vv` alone; a name's characters are all seen, and make no line of their own.
#[cfg(unix)]
#[test]
fn files_are_told_with_vv_and_their_names_forge_nothing() {
    let begin = TINY.find("    layout demo capture=phone").unwrap();
    let end = begin + TINY[begin..].find("    split").unwrap();
    let layout =
        "    layout folder root=\"set\" { class real label=real; class fake label=fake }\n";
    let text = format!("{}{layout}{}", &TINY[..begin], &TINY[end..]);
    let place = Place::with(&text.replace(
        "per-manipulation unseen show=#true { average \"FS_avg\" family=face-swap; average \"Avg\" }",
        "column unseen",
    ));
    image::RgbImage::new(40, 40).save(place.path("a.png")).unwrap();
    let picture = std::fs::read(place.path("a.png")).unwrap();
    place.write("set/real/1.png", &picture);
    place.write("set/fake/\u{1b}[2J\n· stage forged.png", &picture);
    let ran = place.run(&["plan", "x.kdl", "-vv"]).ends_with(0);
    let lines = told(&ran.stderr);
    let read = lines.iter().filter(|line| line.contains("is read for its digest")).count();
    assert_eq!(read, 2, "{}", ran.stderr);
    assert!(!ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
    assert!(!ran.stderr.contains("\n· stage forged"), "{}", ran.stderr);
    let again = place.run(&["plan", "x.kdl", "-vv"]).ends_with(0);
    let known = |line: &&String| line.contains("has the size and time of its digest");
    assert_eq!(told(&again.stderr).iter().filter(known).count(), 2, "{}", again.stderr);
    let less = place.run(&["plan", "x.kdl", "-v"]).ends_with(0);
    assert!(!less.stderr.contains("digest"), "{}", less.stderr);
}

#[test]
fn quiet_and_verbose_together_are_a_wrong_command_line() {
    let place = Place::new();
    for arguments in [["-q", "-v", "plan", "x.kdl"], ["-q", "plan", "-v", "x.kdl"]] {
        place.run(&arguments).ends_with(2).says("leave out one of the two");
    }
}
