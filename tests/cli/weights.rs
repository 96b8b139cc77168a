//! Checkpoints of other people: looked into before any work, and scored as they are.

use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::support::{Place, folders};

fn golden(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/weights");
    folder.join(name).display().to_string()
}

/// One experiment on weights of timm's tiny network, trained for an epoch at a rate of nothing.
fn trained(weights: &str, more: &str) -> String {
    format!(
        r#"
dataset set {{
    layout demo capture=studio seed=1 identities=6 videos=1 fakes=2 frames=1
    manipulation swap-feather family=face-swap
    split carve train=(%)50 val=(%)25 test=(%)25 seed=0
    faces size=32
}}
ensemble all {{ source set }}
backbone net {{ vit patch=4 width=8 depth=1 heads=2 image=8 mlp-ratio=2{more}; pool patch-mean }}
init w {{ weights {weights}; normalize imagenet }}
recipe r {{ epochs 1; batch 4; adamw lr=1e-9; keep last }}
experiment e {{ data all; backbone net; init w; recipe r; loss {{ cross-entropy }} }}
"#
    )
}

#[test]
fn a_plan_looks_into_weights_files() {
    let quoted = |name: &str| format!("{:?}", golden(name));
    for (weights, more, words) in [
        (quoted("shorter.pth"), "", "it has more blocks than `depth=1`"),
        (quoted("timm.pth"), " layer-scale=1e-5", "`blocks.0.ls1.gamma` [8]: "),
        (quoted("two.pth"), "", "several networks that fit: `one`, `two`"),
        (format!("{} key=three", quoted("two.pth")), "", "it has some under `one`, `two`"),
        ("\"lfs.pth\"".to_owned(), "", "a pointer of Git LFS"),
    ] {
        let place = Place::with(&trained(&weights, more));
        place.write("lfs.pth", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
        let ran = place.run(&["plan", "x.kdl"]).ends_with(11).says(words);
        ran.says("of experiment `e`").says("nothing was run");
        place.run(&["run", "x.kdl"]).ends_with(11).says(words);
        assert!(!place.path("store/objects/faces").exists(), "{words}");
    }
    let place = Place::with(&trained(&quoted("legacy-nested.pth"), ""));
    place.run(&["plan", "x.kdl"]).ends_with(0);
    let ran = place.run(&["train", "x.kdl"]).ends_with(0);
    ran.says("taken from `state_dict.module`");
}

/// An average is another model than what it is an average of, also in the store.
#[test]
fn averages_have_keys_of_their_own() {
    let key = |weights: String| {
        let place = Place::with(&trained(&weights, ""));
        let ran = place.run(&["plan", "x.kdl", "--format", "json"]).ends_with(0);
        let plan: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let stages = plan["stages"].as_array().unwrap();
        let train = stages.iter().find(|s| s["kind"] == "train").unwrap();
        train["key"].as_str().unwrap().to_owned()
    };
    let file = golden("ema.pth");
    let (average, plain) = (key(format!("{file:?}")), key(format!("{file:?} key=state_dict")));
    assert_ne!(average, plain);
    assert_ne!(average, key(format!("{file:?} key=state_dict_ema")));
}

/// Two rows of one file, whose outputs are declared in either order.
const READY: &str = r#"
dataset set {
    layout demo capture=studio seed=1 identities=12 videos=1 fakes=2 frames=2
    manipulation swap-feather family=face-swap
    split only=test
    faces size=32
}
backbone net { vit patch=4 width=8 depth=2 heads=2 image=16 mlp-ratio=2; pool cls }
init one { weights "FILE"; normalize imagenet; head real fake }
init other { weights "FILE"; normalize imagenet; head fake real }
experiment straight { backbone net; init one }
experiment turned { backbone net; init other }
table t { row straight; row turned; scenario "In-the-wild" { column set "S" }; metric auc }
"#;

#[test]
fn a_model_that_is_ready_is_scored_without_training() {
    let place = Place::with(&READY.replace("FILE", &golden("timm-cls.safetensors")));
    let plan = place.run(&["plan", "x.kdl"]).ends_with(0).stdout;
    assert!(plan.contains("parameters, ready in the file"), "{plan}");
    assert!(!plan.contains("sample"), "{plan}");
    place.run(&["run", "x.kdl"]).ends_with(0).says("weights: 32 matched, 0 missing, 0 unexpected");
    let csv = std::fs::read_to_string(place.path("reports/t.csv")).unwrap();
    let auc = |row: &str| -> f64 {
        let start = format!("auc,{row},In-the-wild,S,");
        let line = csv.lines().find(|line| line.starts_with(&start)).unwrap();
        line[start.len()..].split(',').next().unwrap().parse().unwrap()
    };
    // What is real in one is fake in the other.
    assert!((auc("straight") + auc("turned") - 1.0).abs() < 1e-12 && auc("turned") != 0.5, "{csv}");
    // Its model is one like any other, and a face is scored by its name.
    let face = image::RgbImage::from_fn(32, 32, |x, y| image::Rgb([x as u8 * 7, y as u8 * 7, 9]));
    face.save(place.path("face.png")).unwrap();
    let score = |name: &str| -> f64 {
        let ran = place.run(&["score", "--experiment", name, "face.png"]).ends_with(0);
        ran.stdout.split_whitespace().next().unwrap().parse().unwrap()
    };
    assert!((score("straight") + score("turned") - 1.0).abs() < 2e-4);
    let ran = place.run(&["score", "--experiment", "nobody", "face.png"]).ends_with(11);
    ran.says("no model of an experiment `nobody`: it has models of straight, turned");
}

#[test]
fn what_is_not_ready_says_what_it_lacks() {
    let text = READY.replace("FILE", &golden("timm-cls.safetensors"));
    for (from, to, exit, words) in [
        ("; head real fake", "", 10, "lacks `data`, `recipe` and `loss`"),
        ("head real fake", "head fake", 11, "all of which are needed where nothing is trained"),
        ("head real fake", "head left right", 10, "one of several outputs is `real`"),
        ("head real fake", "head real real", 10, "an output is named twice"),
        ("pool cls", "pool patch-mean", 11, "it normalises the tokens before they are pooled"),
        ("depth=2", "depth=1", 11, "it has more blocks than `depth=1`"),
    ] {
        let place = Place::with(&text.replacen(from, to, 1));
        place.run(&["plan", "x.kdl"]).ends_with(exit).says(words);
    }
}

/// The tensors of a safetensors file, each changed, and what stands beside them.
fn rewritten(
    from: &Path,
    to: &Path,
    describe: impl Fn(String) -> String,
    change: impl Fn(&str, f32) -> f32,
) {
    let bytes = std::fs::read(from).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = file
        .tensors()
        .into_iter()
        .map(|(name, tensor)| {
            let values = tensor.data().as_chunks().0.iter().map(|v| f32::from_le_bytes(*v));
            let values = values.flat_map(|value| change(&name, value).to_le_bytes()).collect();
            (name, tensor.shape().to_vec(), values)
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, values)| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), values).unwrap())
    });
    let metadata = header.metadata().clone().unwrap_or_default();
    // Without the digest of the file that it was.
    let undigested = |text: String| match serde_json::from_str(&text) {
        Ok(serde_json::Value::Object(mut card)) => {
            card.shift_remove("file_blake3");
            serde_json::Value::Object(card).to_string()
        }
        _ => text,
    };
    let described = |(key, text)| (key, describe(undigested(text)));
    let metadata = metadata.into_iter().map(described).collect();
    std::fs::write(to, safetensors::serialize(views, Some(metadata)).unwrap()).unwrap();
}

/// What is no number is never printed, and no table is made of it.
#[test]
fn a_model_that_gives_no_numbers_is_an_error() {
    let place = Place::with(&READY.replace("FILE", "large.safetensors"));
    let golden = golden("timm-cls.safetensors");
    rewritten(Path::new(&golden), &place.path("large.safetensors"), |t| t, |_, v| v * 1e30);
    let ran =
        place.run(&["run", "x.kdl"]).ends_with(11).says("gives no number for face 0 in frame");
    let ran = ran.says("model.safetensors").says("too large together");
    assert!(!ran.stdout.contains("NaN"), "{}", ran.stdout);
    place.run(&["export", "predictions", "x.kdl"]).ends_with(11);

    // The same of a file that is scored with.
    let place = Place::with(&READY.replace("FILE", &golden));
    place.run(&["evaluate", "x.kdl"]).ends_with(0);
    let models = folders(&place.path("store/objects/train"));
    let model = models[0].join("model.safetensors");
    image::RgbImage::new(32, 32).save(place.path("face.png")).unwrap();
    let score = |format: &str| {
        let arguments = ["score", "--checkpoint", "m.safetensors", "--format", format, "face.png"];
        place.run(&arguments)
    };
    let to = place.path("m.safetensors");
    rewritten(&model, &to, |card| card, |_, value| value);
    score("json").ends_with(0);
    for format in ["text", "csv", "json"] {
        rewritten(&model, &to, |card| card, |_, value| value * 1e30);
        let ran = score(format).ends_with(11);
        assert_eq!(ran.stdout, "");
        ran.says("the model m.safetensors gives no number for face.png").says("too large together");
        rewritten(
            &model,
            &to,
            |card| card,
            |name, value| match name {
                "blocks.1.norm2.bias" => f32::NAN,
                _ => value,
            },
        );
        let ran = score(format).ends_with(11);
        assert_eq!(ran.stdout, "");
        ran.says("m.safetensors: tensor `blocks.1.norm2.bias` contains NaN");
        let flat = |card: String| {
            let mut card: serde_json::Value = serde_json::from_str(&card).unwrap();
            card["std"] = serde_json::json!([0.2, 0.0, 0.2]);
            card.to_string()
        };
        rewritten(&model, &to, flat, |_, value| value);
        let ran = score(format).ends_with(11);
        assert_eq!(ran.stdout, "");
        ran.says("standard deviation of its inputs is [0.2, 0.0, 0.2], by which nothing can be");
    }
}
