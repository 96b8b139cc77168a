//! What cannot be written: full disks, closed pipes, files that may not grow.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Place, Ran};

/// A device on which there is no room.
fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

/// A place in which everything was run, with a pack, a photograph and a file of scores.
fn ready() -> Place {
    let place = Place::new();
    place.run(&["run", "x.kdl"]).ends_with(0);
    place.run(&["pack", "x.kdl", "--out", "x.tar.zst"]).ends_with(0);
    place.run(&["export", "predictions", "x.kdl", "--out", "scores.csv"]).ends_with(0);
    place.write("y.kdl", crate::support::TINY.replace("epochs 2", "epochs 3"));
    let image = image::RgbImage::from_fn(32, 32, |x, y| image::Rgb([x as u8 * 7, y as u8, 90]));
    image.save(place.path("face.png")).unwrap();
    place
}

const SCORE: [&str; 6] = ["score", "--experiment", "base", "--faces", "given", "face.png"];

/// Every verb that prints data, with what it prints on an empty disk.
fn printing() -> Vec<Vec<&'static str>> {
    let mut all: Vec<Vec<&str>> = vec![
        vec!["--help"],
        vec!["help", "table"],
        vec!["--version"],
        vec!["check", "x.kdl", "--format", "json"],
        vec!["plan", "x.kdl"],
        vec!["plan", "x.kdl", "--format", "json"],
        vec!["data", "x.kdl", "--figure", "seen"],
        vec!["run", "x.kdl"],
        vec!["table", "x.kdl", "--check"],
        vec!["audit", "x.kdl"],
        vec!["export", "keys", "x.kdl"],
        vec!["export", "predictions", "x.kdl"],
        vec!["ls"],
        vec!["ls", "--format", "json"],
        vec!["gc", "y.kdl"],
        vec!["metrics", "scores.csv", "--score", "score", "--label", "label"],
        vec!["metrics", "scores.csv", "--score", "score", "--label", "label", "--format", "json"],
        vec!["replay", "x.tar.zst"],
        vec!["diff", "x.kdl", "x.kdl"],
        vec!["diff", "x.kdl", "y.kdl", "--format", "json"],
        vec!["explain"],
        vec!["explain", "20"],
        vec!["explain", "syntax"],
    ];
    for format in ["text", "markdown", "latex", "csv", "json", "html"] {
        all.push(vec!["table", "x.kdl", "--format", format]);
        if format != "html" {
            all.push(vec!["data", "x.kdl", "--format", format]);
        }
    }
    for format in ["text", "csv", "json"] {
        all.push([&SCORE[..], &["--format", format]].concat());
    }
    all
}

#[test]
fn no_verb_ends_well_where_its_output_is_lost() {
    let place = ready();
    for arguments in printing() {
        let whole = place.run(&arguments);
        assert!(!whole.stdout.is_empty() && matches!(whole.code, Some(0 | 30)), "{arguments:?}");
        let mut command = place.command();
        let ran = Ran::of(command.args(&arguments).stdout(full()).output().unwrap());
        let code = if whole.code == Some(0) { 20 } else { 30 };
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.stderr);
        ran.says("error: cannot write to standard output: No space left on device")
            .says("hint: the disk is full");
    }
}

#[test]
fn messages_that_are_lost_are_a_failure_too() {
    let place = ready();
    let lost = |arguments: &[&str]| {
        Ran::of(place.command().args(arguments).stderr(full()).output().unwrap())
    };
    // The work is done and printed all the same.
    let ran = lost(&["run", "x.kdl"]).ends_with(20);
    assert_eq!(ran.stdout, place.run(&["run", "x.kdl"]).ends_with(0).stdout);
    lost(&["check", "x.kdl"]).ends_with(20);
    lost(&["check", "x.kdl", "--quiet"]).ends_with(0);
    lost(&["nonsense"]).ends_with(2);
    lost(&["check", "gone.kdl"]).ends_with(10);
}

#[test]
fn a_reader_that_has_gone_away_is_no_failure() {
    let place = ready();
    for arguments in [&["table", "x.kdl"][..], &["explain"], &["--help"]] {
        let mut command = place.command();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = command.args(arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        Ran::of(ran).ends_with(0);
    }
}

/// A command with files that may hold so many times 512 bytes.
pub fn limited(program: &Command, blocks: u32) -> Ran {
    let mut shell = Command::new("/bin/sh");
    shell.current_dir(program.get_current_dir().unwrap());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let script = format!("ulimit -f {blocks} && exec \"$0\" \"$@\"");
    shell.args(["-c", &script]).arg(program.get_program()).args(program.get_args());
    Ran::of(shell.output().unwrap())
}

/// Names of the files of a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = crate::support::folders(folder)
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_that_may_not_grow_is_an_error_with_a_sentence() {
    let place = Place::new();
    // The faces, then the state of a training, are larger than that.
    for blocks in [8, 64] {
        let ran = limited(place.command().args(["run", "x.kdl"]), blocks).ends_with(20);
        ran.says("File too large").says("hint: a file may not be larger here");
    }
    // What was finished is kept, and the rest is as if nothing had happened.
    place.run(&["run", "x.kdl"]).ends_with(0);
    let undisturbed = Place::new();
    undisturbed.run(&["run", "x.kdl"]).ends_with(0);
    assert_eq!(place.models(), undisturbed.models());
    assert_eq!(names(&place.path("reports")), names(&undisturbed.path("reports")));
}

#[test]
fn a_report_that_does_not_fit_leaves_nothing_half_written() {
    let place = ready();
    std::fs::remove_dir_all(place.path("reports")).unwrap();
    let ran = limited(place.command().args(["run", "x.kdl"]), 64).ends_with(20);
    ran.says("cannot write reports/tiny.html: File too large");
    assert_eq!(names(&place.path("reports")), ["tiny.csv", "tiny.json", "tiny.md", "tiny.tex"]);
    // What was there before stays as it was.
    place.run(&["run", "x.kdl"]).ends_with(0);
    let page = std::fs::read(place.path("reports/tiny.html")).unwrap();
    limited(place.command().args(["run", "x.kdl"]), 64).ends_with(20);
    assert_eq!(std::fs::read(place.path("reports/tiny.html")).unwrap(), page);
}

#[test]
fn devices_are_written_to_and_not_replaced() {
    let place = Place::new();
    std::os::unix::fs::symlink("/dev/full", place.path("out")).unwrap();
    let ran = place.run(&["data", "x.kdl", "--format", "csv", "--out", "out"]).ends_with(20);
    ran.says("cannot write out: No space left on device").says("hint: the disk is full");
    assert!(std::fs::symlink_metadata(place.path("out")).unwrap().is_symlink());
    let ran = place.run(&["data", "x.kdl", "--format", "csv", "--out", "/dev/stdout"]).ends_with(0);
    assert!(ran.stdout.starts_with("table,"), "{}", ran.stdout);
}
