//! Weights from files that PyTorch, timm and safetensors wrote.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use proofmark_base::math::exp;
use proofmark_lang::model::{Pool, Precision};
use proofmark_model::architecture::Architecture;
use proofmark_model::backbone::Backbone as _;
use proofmark_model::network::Network;
use proofmark_model::params::Params;
use proofmark_model::vit::{Composed, VitConfig};
use proofmark_model::weights::{Expected, LoadReport, WeightsError, check, load};

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
    try_under(path, config, None)
}

/// The same with a declared key.
fn try_under(
    path: &Path,
    config: &VitConfig,
    key: Option<&str>,
) -> (Params, Result<LoadReport, WeightsError>) {
    let params = Params::zeros(config.parameters()).unwrap();
    let allowed = ["head.*".to_owned(), "fc_norm.*".to_owned()];
    let architecture = Architecture::from(config.clone());
    let expected = Expected { key, ..Expected::new(&architecture, &allowed) };
    let result = load(path, &expected, &params);
    // Headers alone tell the same, but for values.
    match (&result, check(path, &expected)) {
        (Ok(loaded), Ok(checked)) => assert_eq!(loaded.matched, checked.matched),
        (Err(loaded), Err(checked)) => assert_eq!(loaded.to_string(), checked.to_string()),
        (Err(WeightsError::NotFinite { .. } | WeightsError::Broken { .. }), Ok(_)) => {}
        (loaded, checked) => panic!("{loaded:?} but {checked:?}"),
    }
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
        let Some(at) = params.specs().iter().position(|spec| spec.name == *name) else { continue };
        let ours = params.tensor(at).unwrap();
        if ours.dims() != tensor.dims() {
            continue;
        }
        compared += 1;
        for (ours, theirs) in values(&ours).iter().zip(values(tensor)) {
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
    refused(&write("empty.pth", b""), &timm(), "it is empty");
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 343\n";
    refused(&write("lfs.pth", pointer), &timm(), "a pointer of Git LFS");
    refused(&write("page.pth", b"\n<!DOCTYPE html><html>"), &timm(), "it is a web page");
    refused(&write("numbers.pkl", b"\x80\x04K\x01."), &timm(), "a pickle that torch.save did not");
    for name in ["timm.pth", "timm.safetensors"] {
        let whole = std::fs::read(golden(name)).unwrap();
        for part in [3, 2] {
            let cut = write(&format!("cut-{name}"), &whole[..whole.len() / part * (part - 1)]);
            refused(&cut, &timm(), "cannot read the weights");
        }
    }
}

/// What is no dictionary of tensors is not made; the error holds the Python that converts it.
#[test]
fn files_of_python_objects_say_how_to_convert_them() {
    let error = try_load(&golden("hostile.pth"), &timm()).1.unwrap_err().to_string();
    let new = golden("hostile.pth").with_extension("safetensors");
    let only = "only Python's `posix.system` can make";
    for words in [only, "torch.load(", "save_file(s, ", &*new.to_string_lossy()] {
        assert!(error.contains(words), "`{words}` is not in: {error}");
    }
    assert!(!Path::new("PWNED").exists() && !golden("PWNED").exists());
}

/// Wrappers and keys in any order, old files, whole modules, averages: one model.
#[test]
fn what_stands_around_a_model_does_not_matter() {
    let reference = reference("timm.safetensors");
    for (name, prefix, average) in [
        ("wrap-compile.pth", "_orig_mod", false),
        ("wrap-both.pth", "state_dict.module._orig_mod", false),
        ("wrap-backbone.pth", "net.model.backbone", false),
        ("wrap-head-beside.pth", "backbone", false),
        ("wrap-averaged.pth", "module", true),
        ("nested.pth", "trainer.networks.0.module", false),
        ("protocol4.pth", "model", false),
        ("whole.pth", "model", false),
        ("no-checksums.pth", "", false),
        ("ema.pth", "state_dict_ema", true),
        ("teacher.pth", "teacher.backbone", true),
        ("legacy-nested.pth", "state_dict.module", false),
        ("legacy-views.pth", "", false),
    ] {
        let five = VitConfig { classes: 5, ..timm() };
        let (params, report) = try_load(&golden(name), &five);
        let report = report.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!((report.prefix.as_str(), report.average), (prefix, average), "{name}");
        assert_eq!(report.missing, MISSING[..2], "{name}");
        compare(&params, &reference, 0.0);
        // Tensors that are not the network's own are told.
        let norms = report.unexpected.iter().filter(|n| n.starts_with("norm."));
        assert_eq!(norms.count(), 2, "{name}: {:?}", report.unexpected);
    }
    let report = try_load(&golden("wrap-averaged.pth"), &timm()).1.unwrap();
    assert_eq!(report.unexpected, ["n_averaged", "norm.bias", "norm.weight"]);
}

#[test]
fn averages_are_told_and_another_can_be_taken() {
    let five = VitConfig { classes: 5, ..timm() };
    let report = try_load(&golden("ema.pth"), &five).1.unwrap();
    assert_eq!(report.others, ["`state_dict`"]);
    let words = "taken from `state_dict_ema`, an average over steps of training, not from \
                 `state_dict` (`weights .. key=..` takes another)";
    assert!(report.summary().contains(words), "{}", report.summary());
    for (name, key) in [("ema.pth", "state_dict"), ("teacher.pth", "student")] {
        let (params, report) = try_under(&golden(name), &five, Some(key));
        let report = report.unwrap();
        assert!(!report.average && report.prefix.starts_with(key), "{report:?}");
        let average = reference("timm.safetensors");
        let ours = values(params.get("cls_token"));
        let one_more: Vec<f32> = values(&average["cls_token"]).iter().map(|v| v + 1.0).collect();
        assert_eq!(ours, one_more, "{name}");
    }
    let error = try_load(&golden("two.pth"), &five).1.unwrap_err().to_string();
    assert!(error.contains("several networks that fit: `one`, `two`; say which"), "{error}");
    assert!(try_under(&golden("two.pth"), &five, Some("one")).1.is_ok());
    let error = try_under(&golden("two.pth"), &five, Some("three")).1.unwrap_err().to_string();
    assert!(error.contains("under `key=three`; it has some under `one`, `two`"), "{error}");
}

/// An archive of 462 files as PyTorch writes it.
#[test]
fn large_archives_are_opened() {
    let packed = std::fs::read(golden("many.pth.zst")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("many.pth");
    std::fs::write(&path, zstd::decode_all(&packed[..]).unwrap()).unwrap();
    let error = try_load(&path, &timm()).1.unwrap_err().to_string();
    assert!(error.contains("its tensors are k0, k1, k10,"), "{error}");
}

/// The network of `timm-*.safetensors`.
fn sixteen() -> VitConfig {
    VitConfig { depth: 2, image: 16, ..timm() }
}

/// What networks make of images, as timm's make it.
#[test]
fn networks_written_in_other_ways_compute_the_same() {
    let results = reference("results.safetensors");
    let images = values(&results["images"]);
    for (name, pool, registers) in [
        ("timm-cls", Pool::Cls, 0),
        ("timm-no-embed-class", Pool::PatchMean, 0),
        ("timm-registers", Pool::PatchMean, 3),
        ("timm-registers-cls", Pool::Cls, 3),
        ("timm-registers-embedded", Pool::PatchMean, 3),
        ("dinov2", Pool::Cls, 3),
    ] {
        let config = VitConfig { pool, registers, ..sixteen() };
        let architecture = Architecture::from(config.clone());
        let params = Params::zeros(config.parameters()).unwrap();
        let whole = Expected { whole: true, ..Expected::new(&architecture, &[]) };
        let file = golden(&format!("{name}.safetensors"));
        let report = load(&file, &whole, &params).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!((report.missing.len(), report.unexpected.len()), (0, 0), "{name}");
        let theirs = values(&results[name.strip_prefix("timm-").unwrap_or(name)]);
        let fused = Network::new(config.clone(), &params, Precision::F32);
        let composed = Composed::new(config.clone(), DType::F32);
        for network in [fused, Network::with_trunk(config, &params, composed)] {
            let ours = values(&network.logits(&images).unwrap());
            for (ours, theirs) in ours.iter().zip(&theirs) {
                assert!((ours - theirs).abs() < 2e-5, "{name}: {ours} and {theirs}");
            }
        }
    }
}

/// What would compute something else is refused, with what to declare.
#[test]
fn other_networks_are_refused() {
    let refused = |name: &str, config: &VitConfig, words: &str| {
        let error = try_load(&golden(name), config).1.unwrap_err().to_string();
        assert!(error.contains(words), "{name}: `{words}` is not in: {error}");
    };
    refused("timm-registers.safetensors", &sixteen(), "declare `registers=3` in `vit`");
    let two = VitConfig { registers: 2, ..sixteen() };
    refused("timm-registers.safetensors", &two, "has shape [1, 3, 8]");
    refused("timm-no-embed-class.safetensors", &two, "`reg_token` [1, 2, 8]: nothing like it");
    refused("module.pth", &timm(), "its tensors are bias, weight");
    refused("shorter.pth", &timm(), "it has more blocks than `depth=1`; it has blocks.1.attn");
    let dir = tempfile::tempdir().unwrap();
    let mut tensors: HashMap<String, Tensor> = reference("timm.safetensors").into_iter().collect();
    let ones = Tensor::ones(8, DType::F32, &Device::Cpu).unwrap();
    let mut with = |name: &str, words: &str| {
        tensors.insert(name.to_owned(), ones.clone());
        let file = dir.path().join("more.safetensors");
        candle_core::safetensors::save(&tensors, &file).unwrap();
        let error = try_load(&file, &timm()).1.unwrap_err().to_string();
        assert!(error.contains(words), "`{words}` is not in: {error}");
        tensors.remove(name);
    };
    with("blocks.0.ls1.gamma", "declare `layer-scale=1e-5` in `vit`");
    with("blocks.0.attn.q_norm.weight", "its blocks compute what a `vit` does not");
    with("norm_pre.weight", "it normalises the tokens before the blocks");
    with("dist_token", "it has a distillation token");
}

/// What is missing stands beside what the file has in its place.
#[test]
fn missing_names_are_told_with_the_nearest_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let renamed = reference("timm.safetensors");
    let renamed = renamed.into_iter().map(|(n, t)| (n.replace("attn.qkv", "attention.in"), t));
    let file = dir.path().join("renamed.safetensors");
    let tensors: HashMap<String, Tensor> = renamed.collect();
    candle_core::safetensors::save(&tensors, &file).unwrap();
    let error = try_load(&file, &timm()).1.unwrap_err().to_string();
    let line = "`blocks.0.attn.qkv.weight` [24, 8]: the file has `blocks.0.attention.in.weight` \
                [24, 8]";
    assert!(error.contains(line) && error.contains("lacks 2 of"), "{error}");
}

/// A classifier of somebody else's: its outputs in their order, or one.
#[test]
fn outputs_of_a_classifier_are_put_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let config = VitConfig { pool: Pool::Cls, ..sixteen() };
    let architecture = Architecture::from(config.clone());
    let results = reference("results.safetensors");
    let theirs = values(&results["cls"]);
    let fake = |logits: &[f32]| 1.0 / (1.0 + exp(f64::from(logits[0] - logits[1])));
    let score = |file: &Path, head: &[&str]| -> Result<f64, WeightsError> {
        let head: Vec<String> = head.iter().map(|name| (*name).to_owned()).collect();
        let params = Params::zeros(config.parameters()).unwrap();
        let expected =
            Expected { whole: true, head: Some(&head), ..Expected::new(&architecture, &[]) };
        load(file, &expected, &params)?;
        let network = Network::new(config.clone(), &params, Precision::F32);
        let logits = network.logits(&values(&results["images"])).unwrap();
        Ok(fake(&values(&logits)[..2]))
    };
    let file = golden("timm-cls.safetensors");
    let straight = fake(&theirs[..2]);
    assert!((score(&file, &["real", "fake"]).unwrap() - straight).abs() < 1e-5);
    assert!((score(&file, &["fake", "real"]).unwrap() - (1.0 - straight)).abs() < 1e-5);
    let error = score(&file, &["fake"]).unwrap_err().to_string();
    assert!(error.contains("all of which are needed where nothing is trained"), "{error}");
    let mut tensors: HashMap<String, Tensor> =
        reference("timm-cls.safetensors").into_iter().collect();
    // A second stream would be left out where the network is used as it is.
    let ones = Tensor::ones(8, DType::F32, &Device::Cpu).unwrap();
    tensors.insert("srm.fusion.weight".into(), ones);
    let two_streams = dir.path().join("two-streams.safetensors");
    candle_core::safetensors::save(&tensors, &two_streams).unwrap();
    let error = score(&two_streams, &["real", "fake"]).unwrap_err().to_string();
    assert!(error.contains("whose work would be left out; it has srm.fusion.weight"), "{error}");
    tensors.remove("srm.fusion.weight");
    // One output, a logit: the difference of the two.
    for name in ["head.weight", "head.bias"] {
        let (real, fake) = (tensors[name].get(0).unwrap(), tensors[name].get(1).unwrap());
        let one = (fake - real).unwrap().unsqueeze(0).unwrap();
        let one = if name == "head.bias" { one.reshape(1).unwrap() } else { one };
        tensors.insert(name.to_owned(), one);
    }
    let one = dir.path().join("one.safetensors");
    candle_core::safetensors::save(&tensors, &one).unwrap();
    assert!((score(&one, &["fake"]).unwrap() - straight).abs() < 1e-5);
    assert!((score(&one, &["real"]).unwrap() - (1.0 - straight)).abs() < 1e-5);
}
