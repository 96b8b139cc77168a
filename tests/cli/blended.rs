//! Training on self-blends, with an EfficientNet and SAM: what holds for everything else
//! holds for them.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Place, TINY, folders};

/// One row alone: an EfficientNet on blends of the reals of `seen`.
fn blended(epochs: u32) -> String {
    let recipe = format!(
        "recipe blend {{ epochs {epochs}; batch 8 micro=4; sgd lr=0.05; sam rho=0.05; \
         schedule linear hold=2; augment {{ crop smallest=0.5; flip; blur; erase }}; keep last; seed 3 }}\n"
    );
    let declared = "ensemble blends { pseudo-fake self-blended from=seen }\n\
         backbone net { efficientnet image=32 width-factor=0.25 depth-factor=0.3 momentum=0.1; drop-path 0.2 }\n\
         experiment blended extends=base { data blends; backbone net; recipe blend }\n\
         experiment vit extends=base { data blends }\n";
    TINY.replace(
        "    row base \"Base\"\n    row ba \"Base + BA\"\n",
        "    row blended\n    row vit\n",
    ) + &recipe
        + declared
}

#[test]
fn threads_and_jobs_do_not_change_a_byte_of_blends() {
    let models = [("1", "1"), ("2", "2"), ("3", "1")].map(|(threads, jobs)| {
        let place = Place::with(&blended(3));
        let mut command = place.command();
        command.args(["train", "x.kdl", "--jobs", jobs]).env("RAYON_NUM_THREADS", threads);
        assert!(command.output().unwrap().status.success());
        place.models()
    });
    assert_eq!(models[0].len(), 2);
    assert!(models[0] == models[1], "two threads, two jobs");
    assert!(models[0] == models[2], "three threads");
}

#[test]
fn a_killed_run_on_blends_goes_on_to_the_same_bytes() {
    let whole = Place::with(&blended(12));
    whole.run(&["train", "x.kdl", "--jobs", "1"]).ends_with(0);
    let killed = Place::with(&blended(12));
    let mut command = killed.command();
    command.args(["train", "x.kdl", "--jobs", "1"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let state = || {
        folders(&killed.path("store/work")).iter().any(|f| f.join("state.safetensors").is_file())
    };
    while !state() {
        assert!(Instant::now() < deadline, "no state after a minute");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    killed.run(&["train", "x.kdl", "--jobs", "1"]).ends_with(0).says("going on from");
    assert!(killed.models() == whole.models(), "after a kill");
}

#[test]
fn blends_are_scored_and_drawn() {
    let place = Place::with(&blended(2));
    // What a sheet needs is made for it, and no model is.
    place.run(&["gallery", "x.kdl", "--out", "first.png"]).ends_with(0).says("have landmarks");
    assert!(place.path("first.png").is_file() && place.models().is_empty());
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    assert!(!ran.stderr.contains("landmarks seen"), "made once: {}", ran.stderr);
    let args = ["gallery", "x.kdl", "vit", "--out", "sheet.png", "--columns", "3", "--rows", "2"];
    place.run(&args).ends_with(0);
    let sheet = image::open(place.path("sheet.png")).unwrap();
    assert_eq!((sheet.width(), sheet.height()), (3 * 34 + 2, 2 * 3 * 34 + 2));
    let none = place.run(&["gallery", "x.kdl", "base", "--out", "other.png"]);
    assert_ne!(none.code, Some(0), "`base` has no pseudo-fakes");
    assert!(!place.path("other.png").exists());
}

#[test]
fn landmarks_of_ones_own_are_those_of_the_face() {
    let place = Place::with(&blended(2).replacen(
        "faces size=32\n",
        "faces size=32\n    landmarks \"points.csv\"\n",
        1,
    ));
    let face = proofmark_prepare::landmarks::example(68);
    let row = |video: &str, frame: &str, point: &dyn Fn([f32; 2]) -> [f32; 2]| {
        let values = face.iter().flat_map(|p| point(*p)).map(|v| format!(",{v}"));
        format!("{video},{frame}{}\n", values.collect::<String>())
    };
    let names: String = (0..68).map(|i| format!(",x{i},y{i}")).collect();
    let prepare = |rows: &str| {
        place.write("points.csv", format!("video,frame{names}\n{rows}"));
        place.run(&["gallery", "x.kdl", "vit", "--out", "sheet.png"])
    };
    let in_pixels = |by: f32| move |[x, y]: [f32; 2]| [by * x, by * y];
    // Nobody's points say whose are wanted.
    let ran = prepare(&row("nobody", "0", &in_pixels(40.0))).ends_with(11);
    let (_, rest) = ran.stderr.split_once("a row of its first face has `").unwrap();
    let video = rest.split_once('`').unwrap().0;
    // Of two faces in a frame the one is taken that the crop shows; points elsewhere are told.
    let rows = [
        row(video, "0", &in_pixels(2.0)),
        row(video, "0.0", &in_pixels(40.0)),
        row(video, "777", &in_pixels(40.0)),
    ];
    let ran = prepare(&rows.concat()).says("1 of ");
    ran.says("of 1 frames in the file there is no image, such as frame 777");
    // Points that are no face's, all together.
    for wrong in
        [&|[x, y]: [f32; 2]| [40.0 * y, 40.0 * x], &|[x, y]: [f32; 2]| [40.0 - 40.0 * x, 40.0 * y]]
            as [&dyn Fn([f32; 2]) -> [f32; 2]; 2]
    {
        let ran = prepare(&row(video, "0", wrong)).ends_with(11);
        ran.says("points.csv: jaw and brows of 1 in 1 faces do not go round a face");
    }
}
