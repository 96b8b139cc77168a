//! Weights from files that PyTorch wrote, and from files that nobody should have.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use proofmark::lang::model::Pool;
use proofmark::model::params::Params;
use proofmark::model::vit::VitConfig;
use proofmark::model::weights::{LoadReport, WeightsError, load};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/weights").join(name)
}

fn config() -> VitConfig {
    VitConfig {
        patch: 8,
        width: 8,
        depth: 2,
        heads: 2,
        image: 16,
        hidden: 16,
        layer_scale: None,
        pool: Pool::PatchMean,
        drop_path: 0.0,
        classes: 2,
    }
}

fn try_load(path: &Path, config: &VitConfig) -> (Params, Result<LoadReport, WeightsError>) {
    let params = Params::zeros(config.parameters(), &Device::Cpu).unwrap();
    let allowed = ["head.*".to_owned(), "fc_norm.*".to_owned()];
    let result = load(path, config, &params, &allowed);
    (params, result)
}

fn reference() -> BTreeMap<String, Tensor> {
    let file = golden("fsfm.safetensors");
    candle_core::safetensors::load(file, &Device::Cpu).unwrap().into_iter().collect()
}

const MISSING: [&str; 4] = ["fc_norm.weight", "fc_norm.bias", "head.weight", "head.bias"];

#[test]
fn an_fsfm_checkpoint_gives_exactly_the_encoder() {
    for name in ["fsfm.pth", "fsfm.safetensors"] {
        let (params, report) = try_load(&golden(name), &config());
        let report = report.unwrap();
        assert_eq!(report.missing, MISSING, "{name}");
        assert_eq!(report.matched.len(), 28, "{name}");
        let unexpected = ["decoder_embed.weight", "mask_token", "norm.bias", "norm.weight"];
        assert_eq!(report.unexpected, unexpected, "{name}");
        assert_eq!((report.interpolated, report.dropped.len()), (None, 0));
        for (name, tensor) in reference() {
            if let Some(ours) = params.var(&name) {
                let ours: Vec<f32> = ours.flatten_all().unwrap().to_vec1().unwrap();
                let theirs: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
                assert_eq!(ours, theirs, "{name}");
            }
        }
    }
}

#[test]
fn a_head_of_another_class_count_is_dropped() {
    let (_, report) = try_load(&golden("timm.pth"), &config());
    let report = report.unwrap();
    assert_eq!(report.dropped, ["head.weight", "head.bias"]);
    assert!(report.summary().contains("dropped for another class count"), "{}", report.summary());
    let five = VitConfig { classes: 5, ..config() };
    let (_, report) = try_load(&golden("timm.pth"), &five);
    assert_eq!(report.unwrap().missing, ["fc_norm.weight", "fc_norm.bias"]);
}

/// PyTorch's bicubic interpolation of position tables, from tests/golden/vit.
#[test]
fn positions_are_interpolated_as_pytorch_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/vit/vit.safetensors");
    let tables = candle_core::safetensors::load(path, &Device::Cpu).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut tensors = reference();
    tensors.insert("pos_embed".to_owned(), tables["grid.from6"].clone());
    let file = dir.path().join("six.safetensors");
    let tensors: std::collections::HashMap<String, Tensor> = tensors.into_iter().collect();
    candle_core::safetensors::save(&tensors, &file).unwrap();
    for side in [4, 6, 9] {
        let config = VitConfig { image: 8 * side, ..config() };
        let (params, report) = try_load(&file, &config);
        let expected = if side == 6 { None } else { Some((6, side)) };
        assert_eq!(report.unwrap().interpolated, expected);
        let ours = params.get("pos_embed");
        let difference = (ours - &tables[&format!("grid.to{side}")]).unwrap().abs().unwrap();
        let worst: f32 = difference.flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap();
        assert!(worst < 1e-5, "{side}: {worst}");
    }
}

#[test]
fn what_cannot_be_loaded_says_why() {
    let refused = |path: &Path, config: &VitConfig, words: &str| {
        let error = try_load(path, config).1.unwrap_err().to_string();
        assert!(error.contains(words), "`{words}` is not in: {error}");
        assert!(error.contains(&*path.file_name().unwrap().to_string_lossy()), "{error}");
    };
    refused(&golden("legacy.pth"), &config(), "torch.save(torch.load(path), new_path)");
    refused(&golden("nan.safetensors"), &config(), "`cls_token` contains NaN");
    let wide = VitConfig { width: 16, ..config() };
    refused(&golden("fsfm.pth"), &wide, "do patch, width, depth and heads match");
    let deep = VitConfig { depth: 3, ..config() };
    refused(&golden("fsfm.safetensors"), &deep, "lacks 12 of the model's tensors");
    refused(Path::new("nowhere.pth"), &config(), "No such file");
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    refused(&write("text.pth", b"hello, I am no weights"), &config(), "neither safetensors nor");
    refused(&write("empty.pth", b""), &config(), "neither safetensors nor");
    for name in ["fsfm.pth", "fsfm.safetensors"] {
        let whole = std::fs::read(golden(name)).unwrap();
        for part in [3, 2] {
            let cut = write(&format!("cut-{name}"), &whole[..whole.len() / part * (part - 1)]);
            refused(&cut, &config(), "cannot read the weights");
        }
    }
}

#[test]
fn nothing_in_a_pickle_is_executed() {
    let (_, result) = try_load(&golden("hostile.pth"), &config());
    let error = result.unwrap_err().to_string();
    assert!(error.contains("hostile.pth"), "{error}");
    assert!(!Path::new("PWNED").exists() && !golden("PWNED").exists());
}
