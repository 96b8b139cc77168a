//! Xception against timm's `legacy_xception`.

use std::collections::BTreeMap;
use std::io::Write as _;

use proofmark_model::architecture::Architecture;
use proofmark_model::params::Params;
use proofmark_model::spec::ParamSpec;
use proofmark_model::weights::{Expected, LoadReport, WeightsError, load};
use proofmark_model::xception::XceptionConfig;
use serde::Deserialize;

use crate::convolutions::{Golden, hold, hold_on_a_gpu};
use crate::golden::read;

/// What timm says of the whole network.
#[derive(Deserialize)]
struct Whole {
    trained_of_two_classes: usize,
    parameters: BTreeMap<String, Vec<usize>>,
    layers: BTreeMap<String, usize>,
}

fn xception(image: usize, classes: usize) -> Architecture {
    XceptionConfig { image, dropout: 0.0, momentum: 0.1, classes }.into()
}

#[test]
fn names_shapes_and_layers_of_parameters_are_timms() {
    let timm: Whole = read("xception.json");
    let network = xception(299, 3);
    let specs = network.parameters();
    let shapes = specs.iter().map(|spec| (spec.name.clone(), spec.shape.clone()));
    assert_eq!(shapes.collect::<BTreeMap<_, _>>(), timm.parameters);
    assert_eq!(specs.len(), timm.parameters.len());
    let trained = specs.iter().filter(|spec| spec.trained());
    let layers = trained.map(|spec| (spec.name.clone(), network.layer_of(&spec.name)));
    assert_eq!(layers.collect::<BTreeMap<_, _>>(), timm.layers);
    assert_eq!(timm.layers.values().max(), Some(&network.top_layer()));
    let two = xception(299, 2).parameters();
    let count: usize = two.iter().filter(|spec| spec.trained()).map(ParamSpec::count).sum();
    assert_eq!((count, timm.trained_of_two_classes), (20_811_050, 20_811_050));
}

#[test]
fn logits_embeddings_gradients_and_statistics_are_timms() {
    let golden: Golden = read("xception.json");
    hold(&xception(golden.image, 3), &golden);
}

#[test]
fn on_a_gpu_too() {
    let golden: Golden = read("xception.json");
    hold_on_a_gpu(&xception(golden.image, 3), &golden);
}

/// A safetensors file of zeros, which takes no room on disk.
fn zeros(shapes: &[(String, Vec<usize>)]) -> tempfile::NamedTempFile {
    let (mut header, mut end) = (serde_json::Map::new(), 0);
    for (name, shape) in shapes {
        let start = end;
        end += 4 * shape.iter().product::<usize>();
        let tensor = serde_json::json!({
            "dtype": "F32", "shape": shape, "data_offsets": [start, end],
        });
        header.insert(name.clone(), tensor);
    }
    let header = serde_json::to_vec(&header).unwrap();
    let mut file = tempfile::Builder::new().suffix(".safetensors").tempfile().unwrap();
    file.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
    file.write_all(&header).unwrap();
    file.as_file().set_len((8 + header.len() + end) as u64).unwrap();
    file
}

/// timm's whole network for ImageNet, with what `change` makes of names and shapes.
fn loaded(change: impl Fn(&str, Vec<usize>) -> Vec<(String, Vec<usize>)>) -> Loaded {
    let timm: Whole = read("xception.json");
    let mut shapes = Vec::new();
    for (name, shape) in timm.parameters {
        // The golden network has three classes.
        let shape = match name.as_str() {
            "fc.weight" => vec![1000, 2048],
            "fc.bias" => vec![1000],
            _ => shape,
        };
        if let Some(norm) = name.strip_suffix(".running_var") {
            shapes.extend(change(&format!("{norm}.num_batches_tracked"), vec![]));
        }
        shapes.extend(change(&name, shape));
    }
    let file = zeros(&shapes);
    let architecture = xception(299, 2);
    let params = Params::zeros(architecture.parameters()).unwrap();
    load(file.path(), &Expected::new(&architecture, &[]), &params)
}

type Loaded = Result<LoadReport, WeightsError>;

#[test]
fn files_in_timms_names_and_those_of_the_field_are_loaded() {
    let report = loaded(|name, shape| vec![(name.to_owned(), shape)]).unwrap();
    assert_eq!((report.matched.len(), report.dropped.len()), (234, 2), "{}", report.summary());
    assert_eq!(report.dropped, ["fc.weight", "fc.bias"]);
    // Of two classes, behind a dropout, in a wrapper: its classifier is taken.
    let field = |name: &str, mut shape: Vec<usize>| {
        if name.starts_with("fc.") {
            shape[0] = 2;
        }
        vec![(format!("model.{}", name.replace("fc.", "last_linear.1.")), shape)]
    };
    let report = loaded(field).unwrap();
    assert_eq!((report.matched.len(), report.prefix.as_str()), (236, "model"));
    assert!(report.missing.is_empty() && report.dropped.is_empty(), "{}", report.summary());
}

#[test]
fn files_of_other_networks_are_refused() {
    let deeper = |name: &str, shape: Vec<usize>| {
        let more = name.replace("block11.", "block13.");
        let more = (more != name).then(|| (more, shape.clone()));
        std::iter::once((name.to_owned(), shape)).chain(more).collect()
    };
    let error = loaded(deeper).unwrap_err().to_string();
    assert!(error.contains("its blocks have parts that those of an `xception`"), "{error}");
    let shallower = |name: &str, shape| match name.starts_with("block11.") {
        true => vec![],
        false => vec![(name.to_owned(), shape)],
    };
    let error = loaded(shallower).unwrap_err().to_string();
    assert!(error.contains("`block11.rep.1.conv1.weight`"), "{error}");
}
