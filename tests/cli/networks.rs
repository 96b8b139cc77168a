//! Networks beside the ViT of all other tests: declared, planned, trained and scored.

use crate::support::{Place, TINY, folders};

/// The tiny experiment on another backbone, one row alone.
fn on(backbone: &str) -> String {
    let start = TINY.find("backbone tiny").unwrap();
    let end = start + TINY[start..].find('\n').unwrap();
    let second = TINY.lines().find(|line| line.starts_with("experiment ba ")).unwrap();
    TINY.replacen(&TINY[start..end], &format!("backbone tiny {{ {backbone} }}"), 1)
        .replace(second, "")
        .replace("    row ba \"Base + BA\"\n", "")
        .replace("epochs 2", "epochs 1")
        .replace("warmup=(epoch)1 ", "")
}

#[test]
fn an_xception_is_trained_and_scored_with_the_same_bytes_in_every_width() {
    let text = on("xception image=16 dropout=0.2");
    let mut models = Vec::new();
    for (width, threads) in [("portable", "1"), ("", "3")] {
        let place = Place::with(&text);
        let checked = place.run(&["check", "x.kdl"]).ends_with(0);
        assert!(!checked.stderr.contains("warning"), "{}", checked.stderr);
        let mut command = place.command();
        command.args(["run", "x.kdl", "--jobs", "1"]).env("RAYON_NUM_THREADS", threads);
        command.env("PROOFMARK_SIMD", width);
        assert!(command.output().unwrap().status.success());
        models.push(place.models());
        let [model] = &folders(&place.path("store/objects/train"))[..] else { panic!("one model") };
        let model = model.join("model.safetensors").display().to_string();
        let scored = place.run(&["score", "--checkpoint", &model, "--format", "json", "x.kdl"]);
        // What is no picture is told, and the model is read all the same.
        scored.ends_with(11).says("x.kdl");
    }
    assert_eq!(models[0].len(), 1);
    assert!(models[0] == models[1], "on one thread in portable width, and on three in the widest");
    let header = String::from_utf8_lossy(&models[0][0][..20_000]).into_owned();
    assert!(
        header.contains(r#"\"xception\":{\"image\":16,\"dropout\":0.2,\"momentum\":0.1,"#),
        "{header}"
    );
}

#[test]
fn what_no_xception_can_be_is_refused() {
    let place = Place::with(&on("xception image=6"));
    place.run(&["plan", "x.kdl"]).ends_with(10).says("`image`").says("7 to 4096");
    let place = Place::with(&on("xception image=4096"));
    place.run(&["plan", "x.kdl"]).ends_with(0);
    let place = Place::with(&on("xception image=32; drop-path 0.2"));
    place.run(&["check", "x.kdl"]).says("`drop-path` of an Xception").says("no stochastic depth");
}
