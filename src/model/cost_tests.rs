//! Parameters and multiply-adds against timm and PyTorch's counter, by `tests/golden/cost/generate.py`.

use serde_json::{Value, json};

use super::architecture::Architecture;

const GOLDEN: &str = include_str!("../../tests/golden/cost/golden.json");

fn vit(
    patch: usize,
    width: usize,
    heads: usize,
    image: usize,
    scaled: bool,
    registers: usize,
) -> Value {
    json!({ "vit": {
        "patch": patch, "width": width, "depth": 12, "heads": heads, "image": image,
        "hidden": 4 * width, "layer_scale": scaled.then_some(1e-5), "registers": registers,
        "pool": "patch-mean", "drop_path": 0.0, "classes": 2,
    } })
}

fn efficientnet(width: f64, depth: f64, image: usize) -> Value {
    json!({ "efficientnet": {
        "width": width, "depth": depth, "image": image, "dropout": 0.0, "momentum": 0.01,
        "drop_path": 0.0, "classes": 2,
    } })
}

#[test]
fn a_face_costs_what_pytorch_counts() {
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    let xception =
        json!({ "xception": { "image": 299, "dropout": 0.0, "momentum": 0.01, "classes": 2 } });
    // timm's network with registers has no position for its class token.
    let cases = [
        ("vit-b16-224", vit(16, 768, 12, 224, false, 0), 0),
        ("vit-s14-112", vit(14, 384, 6, 112, true, 0), 0),
        ("vit-s14-224-registers", vit(14, 384, 6, 224, true, 4), 384),
        ("efficientnet-b0-224", efficientnet(1.0, 1.0, 224), 0),
        ("efficientnet-b4-380", efficientnet(1.4, 1.8, 380), 0),
        ("xception-299", xception, 0),
    ];
    assert_eq!(cases.len(), golden.as_object().unwrap().len());
    for (name, network, more) in cases {
        let network: Architecture = serde_json::from_value(network).unwrap();
        network.check().unwrap();
        let theirs = &golden[name];
        assert_eq!(network.scalars(), theirs["parameters"].as_u64().unwrap() + more, "{name}");
        assert_eq!(network.multiply_adds(), theirs["multiply_adds"].as_u64().unwrap(), "{name}");
    }
}
