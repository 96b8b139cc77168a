//! Video files from folders to faces and tables: real decoders, real processes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use proofmark_prepare::faces::Faces;
use proofmark_prepare::store::Status;

use crate::support::{Place, Ran, folders, signal};

/// One face, from NASA, in the public domain.
pub fn astronaut() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/retinaface/astronaut.png")
}

fn ffmpeg(arguments: &str, input: Option<&Path>, output: &Path) {
    std::fs::create_dir_all(output.parent().unwrap()).unwrap();
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]);
    if let Some(input) = input {
        command.args(["-loop", "1", "-i"]).arg(input);
    }
    let name = format!("file:{}", output.display());
    let ran = command.args(arguments.split(' ')).arg(name).output();
    let ran = ran.expect("the tests need ffmpeg, see README.md");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

/// A clip of the astronaut, who moves about; `look` changes what she looks like.
pub fn clip(place: &Place, name: &str, number: usize, seconds: u32, look: &str) {
    let filter =
        format!("crop=320:320:60+40*sin(t+{number}):20+15*cos(t*2+{number}),scale=240:240,{look}");
    let arguments = format!("-t {seconds} -r 10 -vf {filter} -c:v libx264 -preset ultrafast");
    ffmpeg(&arguments, Some(&astronaut()), &place.path(name));
}

pub const REAL: &str = "eq=brightness=0.02,format=yuv420p";
pub const FAKE: &str = "hue=h=40,gblur=1,format=yuv420p";

/// An experiment on videos below `clips`.
pub fn experiment() -> String {
    r#"
dataset set {
    layout folder root="clips" {
        class real label=real
        class fake label=fake manipulation=Swap
    }
    manipulation Swap family=face-swap
    split carve train=(%)50 val=(%)25 test=(%)25 seed=0
    frames fps=1
    faces detector=retinaface margin=(%)30 size=32 long-side=240
    min-coverage 0.5
}
ensemble one { source set; sample real-to-fake="1:1" at-least=1 }
backbone tiny { vit patch=8 width=16 depth=1 heads=2 image=32; pool patch-mean }
init scratch { random std=0.02; normalize half }
recipe short { epochs 2; batch 4; adamw lr=1e-3; keep last; seed 0 }
experiment base { data one; backbone tiny; init scratch; recipe short; loss { cross-entropy } }
table tiny {
    title "Clips"
    row base "Base"
    scenario "In-distribution" { column set "Set" }
    metric auc
}
"#
    .to_owned()
}

/// The face store of the one data set.
fn faces(place: &Place) -> (PathBuf, Faces) {
    let folders = folders(&place.path("store/objects/faces"));
    let [folder] = &folders[..] else { panic!("{folders:?}") };
    (folder.clone(), Faces::open(folder).unwrap())
}

/// Frame, face within it, and pixels.
type Crop = (u32, u32, Vec<u8>);

/// All that a face store says, wherever it says it.
fn content(place: &Place) -> BTreeMap<String, (Status, Vec<Crop>)> {
    let (_, faces) = faces(place);
    let of = |first: usize, n: usize| {
        let face = |index: usize| {
            let (frame, face) = faces.file.place(index);
            let mut rgb = Vec::new();
            faces.file.crop(index, &mut rgb).unwrap();
            (frame, face, rgb)
        };
        (first..first + n).map(face).collect()
    };
    let videos = faces.videos.iter();
    videos.map(|(key, v)| (key.clone(), (v.status.clone(), of(v.first_face, v.faces)))).collect()
}

#[test]
fn a_folder_of_clips_becomes_a_table() {
    let place = Place::with(&experiment());
    for i in 0..6 {
        clip(&place, &format!("clips/real/{i} (a).mp4"), i, 2, REAL);
        clip(&place, &format!("clips/fake/-{i}.mp4"), i, 2, FAKE);
    }
    let nobody = "-f lavfi -i testsrc=s=160x120:r=10:d=2 -c:v libx264 -pix_fmt yuv420p";
    ffmpeg(nobody, None, &place.path("clips/real/nobody.mp4"));
    ffmpeg("-f lavfi -i sine=d=1 -c:a aac", None, &place.path("clips/fake/sound.mp4"));
    place.write("clips/fake/empty.mp4", "");
    place.write("clips/fake/text.mp4", "no video");

    let plan = place.run(&["plan", "x.kdl"]).ends_with(0);
    assert!(plan.stdout.contains("16 videos, whose frames are counted"), "{}", plan.stdout);
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    let ran = ran.says("16 videos, 24 faces; 1 no-face (real/nobody.mp4)");
    let ran = ran.says("3 unreadable (clips/fake/empty.mp4: the file is empty)");
    assert!(ran.stdout.contains("Base"), "{}", ran.stdout);

    let (folder, faces) = faces(&place);
    let status = |key: &str| faces.videos[key].status.word();
    assert_eq!(status("real/0 (a).mp4"), "ok");
    assert_eq!(status("fake/-3.mp4"), "ok");
    assert_eq!(status("real/nobody.mp4"), "no-face");
    for key in ["fake/sound.mp4", "fake/empty.mp4", "fake/text.mp4"] {
        assert_eq!(status(key), "unreadable");
        assert!(faces.videos[key].status.why().unwrap().contains(key), "{key}");
    }
    assert!(folder.join("videos.parquet").is_file() && folder.join("frames.parquet").is_file());
    assert!(!folder.join("faces.jsonl").exists());
    // Nothing is done twice.
    let again = place.run(&["run", "x.kdl"]).ends_with(0);
    assert_eq!(again.stdout, ran.stdout);
    assert!(!again.stderr.contains("faces set"), "{}", again.stderr);
}

/// FaceForensics++ as it is downloaded: H.264 High 4:4:4, swaps and reenactments in folders of
/// their own, splits in lists of pairs.
#[test]
fn a_release_goes_from_its_folders_to_a_table() {
    let dataset = r#"
dataset set {
    title "FF++"
    layout faceforensics root="FF" compression=c23
    manipulation Deepfakes family=face-swap
    manipulation Face2Face family=reenactment
    frames fps=1
    faces detector=retinaface margin=(%)30 size=32 long-side=240
    expect train=4320 val=840 test=840 face-swap=3 reenactment=2
}
"#;
    let text = experiment();
    let (_, rest) = text.split_once("ensemble one").unwrap();
    let rest = rest.replace(
        "column set \"Set\"",
        "per-manipulation set show=#true { average \"FS\" family=face-swap; average \"RE\" family=reenactment }",
    );
    let place = Place::with(&format!("{dataset}ensemble one{rest}"));
    let c23 = |folder: &str, name: &str, number: usize, look: &str| {
        let path = format!("FF/{folder}/c23/videos/{name}.mp4");
        clip(&place, &path, number, 2, &format!("{look},format=yuv444p"));
    };
    for (i, split) in ["train", "val", "test"].into_iter().enumerate() {
        let (a, b) = (format!("{:03}", 2 * i), format!("{:03}", 2 * i + 1));
        place.write(&format!("FF/{split}.json"), format!("[[\"{a}\", \"{b}\"]]"));
        for (target, source) in [(&a, &b), (&b, &a)] {
            let number = target.parse().unwrap();
            c23("original_sequences/youtube", target, number, "eq=brightness=0.02");
            let name = format!("{target}_{source}");
            c23("manipulated_sequences/Deepfakes", &name, number, "hue=h=40");
            c23("manipulated_sequences/Face2Face", &name, number, "gblur=2");
        }
    }
    place.run(&["prepare", "x.kdl"]).ends_with(0).says("18 videos, 36 faces");
    place.run(&["train", "x.kdl"]).ends_with(0);
    let data = place.run(&["data", "x.kdl"]).ends_with(0).stdout;
    for said in ["1 of 3", "1 of 2", "6 of 4,320", "6 of 840"] {
        assert!(data.contains(said), "{said} is not in:\n{data}");
    }
    place.run(&["run", "x.kdl"]).ends_with(0);
    let table = place.run(&["table", "x.kdl"]).ends_with(0).stdout;
    assert!(table.contains("Deepfakes  Face2Face"), "{table}");
    assert!(table.contains("Videos scored: set 6/6."), "{table}");
}

/// An ffmpeg that notes in `decoded` which file it is to decode.
#[cfg(unix)]
fn noting(place: &Place) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let (script, log) = (place.path("bin/ffmpeg"), place.path("decoded"));
    let text = format!(
        "#!/bin/sh\nfor a in \"$@\"; do case \"$a\" in file:*) echo \"$a\" >> '{}';; esac; done\nexec ffmpeg \"$@\"\n",
        log.display()
    );
    place.write("bin/ffmpeg", text);
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    script
}

#[cfg(unix)]
fn decoded(place: &Place) -> usize {
    std::fs::read_to_string(place.path("decoded")).map_or(0, |text| text.lines().count())
}

#[cfg(unix)]
#[test]
fn killed_again_and_again_no_video_is_decoded_twice_but_those_in_hand() {
    const CLIPS: usize = 24;
    let place = Place::with(&experiment());
    for i in 0..CLIPS / 2 {
        clip(&place, &format!("clips/real/{i}.mp4"), i, 3, REAL);
        clip(&place, &format!("clips/fake/{i}.mp4"), i, 3, FAKE);
    }
    let whole = Place::with(&experiment());
    std::fs::rename(place.path("clips"), whole.path("clips")).unwrap();
    std::os::unix::fs::symlink(whole.path("clips"), place.path("clips")).unwrap();
    whole.run(&["prepare", "x.kdl"]).ends_with(0);

    let program = noting(&place);
    let prepare = || {
        let mut command = place.command();
        command.args(["prepare", "x.kdl"]).env("PROOFMARK_FFMPEG", &program);
        command.env("RAYON_NUM_THREADS", "2").stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let mut kills = 0;
    let deadline = Instant::now() + Duration::from_secs(120);
    // Each try is killed a few videos after the last, at no particular place.
    for target in [2, 6, 7, 11, 14] {
        let mut child = prepare();
        while decoded(&place) < target && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(3));
        }
        // The first is stopped by Ctrl-C, and ends by itself.
        if kills == 0 {
            signal(&child, "-INT");
            let ran = Ran::of(child.wait_with_output().unwrap());
            ran.ends_with(21).says("run the same command again");
        } else {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        kills += 1;
        assert!(!place.path("store/objects/faces").exists(), "it was faster than it was killed");
    }
    let plan = place.run(&["plan", "x.kdl"]).ends_with(0);
    assert!(plan.stdout.contains("it was interrupted; it goes on from there"), "{}", plan.stdout);
    Ran::of(prepare().wait_with_output().unwrap()).ends_with(0);
    assert!(content(&place) == content(&whole), "the faces differ");
    // Two workers had a video in hand each time.
    let decodes = decoded(&place);
    assert!((CLIPS..=CLIPS + 2 * kills).contains(&decodes), "{decodes} with {kills} kills");
}

#[cfg(unix)]
#[test]
fn shares_of_several_processes_make_one_store() {
    let whole = Place::with(&experiment());
    for i in 0..6 {
        clip(&whole, &format!("clips/real/{i}.mp4"), i, 2, REAL);
        clip(&whole, &format!("clips/fake/{i}.mp4"), i, 2, FAKE);
    }
    whole.run(&["prepare", "x.kdl"]).ends_with(0);
    let place = Place::with(&experiment());
    std::os::unix::fs::symlink(whole.path("clips"), place.path("clips")).unwrap();
    let program = noting(&place);
    let share = |share: &str| {
        let mut command = place.command();
        command.args(["prepare", "x.kdl", "--shard", share]);
        command.env("PROOFMARK_FFMPEG", &program);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let first = Ran::of(share("1/3").wait_with_output().unwrap()).ends_with(0);
    first.says("share 1/3 is done; 8 videos are left to others");
    assert!(!place.path("store/objects/faces").exists());
    let others = [share("2/3"), share("3/3")];
    for child in others {
        Ran::of(child.wait_with_output().unwrap()).ends_with(0);
    }
    assert!(content(&place) == content(&whole), "the faces differ");
    assert_eq!(decoded(&place), 12);
    // It is all there: nothing is left for anybody.
    Ran::of(share("2/3").wait_with_output().unwrap()).ends_with(0);
    assert_eq!(decoded(&place), 12);
    place.run(&["prepare", "x.kdl", "--shard", "4/3"]).ends_with(2).says("3/8");
}

#[test]
fn without_ffmpeg_only_what_needs_it_fails() {
    let place = Place::with(&experiment());
    for i in 0..4 {
        place.write(&format!("clips/real/{i}.mp4"), "x");
        place.write(&format!("clips/fake/{i}.mp4"), "x");
    }
    let run = |place: &Place| {
        let mut command = place.command();
        command.args(["prepare", "x.kdl"]).env("PROOFMARK_FFMPEG", "/no/such/ffmpeg");
        Ran::of(command.output().unwrap())
    };
    run(&place).ends_with(20).says("videos need ffmpeg").says("apt install ffmpeg");
    place.run(&["check", "x.kdl"]).ends_with(0);
    let images = Place::with(&experiment());
    for i in 0..4 {
        for class in ["real", "fake"] {
            images.write(&format!("clips/{class}/{i}.png"), std::fs::read(astronaut()).unwrap());
        }
    }
    let text = experiment().replace("frames fps=1", "");
    images.write("x.kdl", text);
    run(&images).ends_with(0).says("8 videos, 8 faces");
}
