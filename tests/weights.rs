//! Weights from files that PyTorch, timm and safetensors wrote.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use proofmark::lang::model::Pool;
use proofmark::model::params::Params;
use proofmark::model::vit::VitConfig;
use proofmark::model::weights::{LoadReport, WeightsError, load};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/weights").join(name)
}

/// The network of `fsfm.pth`.
fn fsfm() -> VitConfig {
    VitConfig {
        patch: 8,
        width: 8,
        depth: 12,
        heads: 2,
        image: 16,
        hidden: 16,
        layer_scale: None,
        registers: 0,
        pool: Pool::PatchMean,
        drop_path: 0.0,
        classes: 2,
    }
}

/// The network of `timm*`.
fn timm() -> VitConfig {
    VitConfig { patch: 4, depth: 1, image: 8, ..fsfm() }
}

fn try_load(path: &Path, config: &VitConfig) -> (Params, Result<LoadReport, WeightsError>) {
    let params = Params::zeros(config.parameters(), &Device::Cpu).unwrap();
    let allowed = ["head.*".to_owned(), "fc_norm.*".to_owned()];
    let result = load(path, &config.clone().into(), &params, &allowed);
    (params, result)
}

fn reference(name: &str) -> BTreeMap<String, Tensor> {
    candle_core::safetensors::load(golden(name), &Device::Cpu).unwrap().into_iter().collect()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Every parameter against the reference, relative to 0.1, the size of the weights.
fn compare(params: &Params, reference: &BTreeMap<String, Tensor>, tolerance: f32) {
    let mut compared = 0;
    for (name, tensor) in reference {
        let Some(ours) = params.var(name) else { continue };
        if ours.dims() != tensor.dims() {
            continue;
        }
        compared += 1;
        for (ours, theirs) in values(ours).iter().zip(values(tensor)) {
            assert!((ours - theirs).abs() <= tolerance * 0.1f32.max(theirs.abs()), "{name}");
        }
    }
    assert!(compared > 10, "only {compared} tensors were compared");
}

const MISSING: [&str; 4] = ["fc_norm.weight", "fc_norm.bias", "head.weight", "head.bias"];

/// Recipe section 8: exactly the head and `fc_norm` are missing, 149 are unexpected,
/// positions are MAE's table.
#[test]
fn an_fsfm_checkpoint_gives_exactly_the_encoder() {
    let (params, report) = try_load(&golden("fsfm.pth"), &fsfm());
    let report = report.unwrap();
    assert_eq!(report.missing, MISSING);
    assert_eq!((report.matched.len(), report.unexpected.len()), (148, 149));
    for name in ["norm.weight", "mask_token", "decoder_blocks.7.mlp.fc2.bias"] {
        assert!(report.unexpected.iter().any(|n| n == name), "{name}");
    }
    assert_eq!((report.interpolated, report.dropped.len()), (None, 0));
    assert!(report.sincos_deviation.unwrap() < 1e-7, "{:?}", report.sincos_deviation);
    assert!(report.summary().ends_with("positions are sin-cos"), "{}", report.summary());
    compare(&params, &reference("fsfm-encoder.safetensors"), 0.0);
}

/// Every form in which training scripts save one model.
#[test]
fn timm_models_are_found_in_every_form() {
    let reference = reference("timm.safetensors");
    for (name, tolerance) in [
        ("timm.safetensors", 0.0),
        ("timm.pth", 0.0),
        ("timm-model.pth", 0.0),
        ("timm-state-dict.pth", 0.0),
        ("timm-parameters.pth", 0.0),
        ("timm-parallel.pth", 0.0),
        ("timm-views.pth", 0.0),
        ("timm-double.pth", 0.0),
        ("timm-half.pth", 1.0 / 2048.0),
        ("timm-bfloat16.safetensors", 1.0 / 256.0),
    ] {
        let (params, report) = try_load(&golden(name), &timm());
        let report = report.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(report.dropped, ["head.weight", "head.bias"], "{name}");
        assert_eq!(report.missing, MISSING, "{name}");
        assert_eq!(report.unexpected, ["norm.bias", "norm.weight"], "{name}");
        compare(&params, &reference, tolerance);
        let five = VitConfig { classes: 5, ..timm() };
        let report = try_load(&golden(name), &five).1.unwrap();
        assert_eq!(report.missing, MISSING[..2], "{name}");
    }
    let report = try_load(&golden("timm.pth"), &timm()).1.unwrap();
    assert!(report.sincos_deviation.unwrap() > 0.5, "{:?}", report.sincos_deviation);
    let summary = report.summary();
    assert!(summary.contains("dropped for another class count: head.weight"), "{summary}");
    assert!(summary.contains("positions are learned"), "{summary}");
}

/// PyTorch's bicubic interpolation of position tables, from tests/golden/vit.
#[test]
fn positions_are_interpolated_as_pytorch_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/vit/vit.safetensors");
    let tables = candle_core::safetensors::load(path, &Device::Cpu).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut tensors = reference("fsfm-encoder.safetensors");
    tensors.insert("pos_embed".to_owned(), tables["grid.from6"].clone());
    let file = dir.path().join("six.safetensors");
    let tensors: HashMap<String, Tensor> = tensors.into_iter().collect();
    candle_core::safetensors::save(&tensors, &file).unwrap();
    for side in [4, 6, 9] {
        let config = VitConfig { image: 8 * side, ..fsfm() };
        let (params, report) = try_load(&file, &config);
        let expected = if side == 6 { None } else { Some((6, side)) };
        assert_eq!(report.unwrap().interpolated, expected);
        let ours = values(params.get("pos_embed"));
        let theirs = values(&tables[&format!("grid.to{side}")]);
        let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(ours.len() == theirs.len() && worst < 1e-5, "{side}: {worst}");
    }
}

#[test]
fn what_cannot_be_loaded_says_why() {
    let refused = |path: &Path, config: &VitConfig, words: &str| {
        let error = try_load(path, config).1.unwrap_err().to_string();
        assert!(error.contains(words), "`{words}` is not in: {error}");
        assert!(error.contains(&*path.file_name().unwrap().to_string_lossy()), "{error}");
    };
    refused(&golden("nan.safetensors"), &timm(), "`cls_token` contains NaN");
    refused(&golden("broadcast.pth"), &timm(), "`cls_token`: it reaches beyond its storage");
    let wide = VitConfig { width: 16, ..fsfm() };
    refused(&golden("fsfm.pth"), &wide, "do patch, width, depth and heads match");
    let deep = VitConfig { depth: 13, ..fsfm() };
    refused(&golden("fsfm.pth"), &deep, "lacks 12 of the model's tensors");
    refused(Path::new("nowhere.pth"), &fsfm(), "No such file");
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    refused(&write("text.pth", b"hello, I am no weights"), &timm(), "neither safetensors nor");
    refused(&write("empty.pth", b""), &timm(), "neither safetensors nor");
    for name in ["timm.pth", "timm.safetensors"] {
        let whole = std::fs::read(golden(name)).unwrap();
        for part in [3, 2] {
            let cut = write(&format!("cut-{name}"), &whole[..whole.len() / part * (part - 1)]);
            refused(&cut, &timm(), "cannot read the weights");
        }
    }
}

/// Such files are not read, and the error holds the Python that converts them.
#[test]
fn files_of_python_objects_say_how_to_convert_them() {
    for (name, words) in [
        ("legacy.pth", "a legacy PyTorch file (a bare pickle)"),
        ("module.pth", "only Python's `torch.nn.modules.linear.Linear` can make"),
        ("hostile.pth", "only Python's `posix.system` can make"),
    ] {
        let error = try_load(&golden(name), &timm()).1.unwrap_err().to_string();
        let new = golden(name).with_extension("safetensors");
        for words in [words, "torch.load(", "save_file(s, ", &*new.to_string_lossy()] {
            assert!(error.contains(words), "`{words}` is not in: {error}");
        }
    }
    assert!(!Path::new("PWNED").exists() && !golden("PWNED").exists());
}
