//! Broken and hostile weights: always an error, never a panic, and no more memory than
//! a small multiple of the file.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use candle_core::{Device, Tensor};
use proofmark_gpu::device::Device as Place;
use proofmark_lang::model::Pool;
use proofmark_model::architecture::Architecture;
use proofmark_model::backbone::Backbone as _;
use proofmark_model::params::Params;
use proofmark_model::vit::VitConfig;
use proofmark_model::weights::{Expected, LoadReport, WeightsError, load};
use proofmark_train::checkpoint;
use proptest::prelude::*;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::json;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

#[path = "memory/counting.rs"]
mod counting;

use counting::peak;

fn config() -> VitConfig {
    VitConfig {
        patch: 4,
        width: 8,
        depth: 1,
        heads: 2,
        image: 8,
        hidden: 16,
        layer_scale: None,
        registers: 0,
        pool: Pool::PatchMean,
        drop_path: 0.0,
        classes: 5,
    }
}

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/weights");
    std::fs::read(folder.join(name)).unwrap()
}

/// Loads bytes as a file, and asserts that memory stays bounded by their number.
fn try_load(name: &str, bytes: &[u8]) -> Result<LoadReport, WeightsError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let config = config();
    let params = Params::zeros(config.parameters()).unwrap();
    let (architecture, allowed) = (Architecture::from(config), ["*".to_owned()]);
    let (used, result) = peak(|| load(&path, &Expected::new(&architecture, &allowed), &params));
    let bound = (1 << 20) + 128 * bytes.len() as isize;
    assert!(used < bound, "{used} bytes for a file of {}", bytes.len());
    result
}

/// An archive in the form of `torch.save` around a pickle.
fn archive(pickle: &[u8], storage: &[u8]) -> Vec<u8> {
    let files = [("archive/data.pkl", pickle), ("archive/data/0", storage)];
    packed(&files.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())))
}

/// The files of an archive.
fn unpacked(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..zip.len())
        .map(|i| {
            let mut file = zip.by_index(i).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

fn packed(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The pickle of `{"cls_token": tensor}`; `place` has the opcodes of its offset, shape
/// and strides.
fn one_tensor(class: &str, place: &[u8]) -> Vec<u8> {
    let mut pickle =
        b"\x80\x02}X\x09\x00\x00\x00cls_tokenctorch._utils\n_rebuild_tensor_v2\n".to_vec();
    pickle.extend(b"((X\x07\x00\x00\x00storagectorch\n");
    pickle.extend(class.as_bytes());
    pickle.extend(b"\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x08tQ");
    pickle.extend(place);
    pickle.extend(b"tRs.");
    pickle
}

#[test]
fn tensors_outside_their_storage_are_refused() {
    let storage = vec![0u8; 32];
    let whole = b"K\x00K\x01K\x01K\x08\x87K\x08K\x08K\x01\x87";
    let report = try_load("a.pth", &archive(&one_tensor("FloatStorage", whole), &storage));
    assert_eq!(report.unwrap().matched, ["cls_token"]);
    let shape = b"K\x01K\x01K\x08\x87";
    for (offset, strides) in [
        (&b"K\x01"[..], &b"K\x08K\x08K\x01\x87"[..]),
        (b"J\xff\xff\xff\x7f", b"K\x08K\x08K\x01\x87"),
        (b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", b"K\x08K\x08K\x01\x87"),
        (b"K\x00", b"K\x08K\x08K\x02\x87"),
        (b"K\x00", b"K\x08K\x08\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x87"),
        (b"K\x00", b"K\x01\x85"),
    ] {
        let place = [offset, shape, strides].concat();
        let bytes = archive(&one_tensor("FloatStorage", &place), &storage);
        let error = try_load("a.pth", &bytes).unwrap_err().to_string();
        assert!(error.contains("beyond its storage"), "{error}");
    }
    let bytes = archive(&one_tensor("QInt8Storage", whole), &storage);
    let error = try_load("a.pth", &bytes).unwrap_err().to_string();
    assert!(error.contains("`torch.QInt8Storage`"), "{error}");
    // A grid of 65535² patches, which would be 128 GiB.
    let huge = b"K\x00K\x01J\x02\x00\xfe\xffK\x08\x87K\x00K\x00K\x00\x87";
    let mut pickle = one_tensor("FloatStorage", huge);
    pickle.splice(3..17, *b"X\x09\x00\x00\x00pos_embed");
    assert!(try_load("a.pth", &archive(&pickle, &storage)).is_err());
}

/// Whole numbers are what a quantised file has: without its scales they are no weights.
#[test]
fn whole_numbers_are_no_weights() {
    let place = b"K\x00K\x01K\x01K\x08\x87K\x08K\x08K\x01\x87";
    for class in ["LongStorage", "IntStorage", "ByteStorage", "QInt8Storage"] {
        let bytes = archive(&one_tensor(class, place), &[0; 64]);
        let error = try_load("a.pth", &bytes).unwrap_err().to_string();
        let said = format!("the elements of tensor `cls_token` are `torch.{class}`; weights are");
        assert!(error.contains(&said), "{error}");
    }
    for (dtype, size) in [(Dtype::I64, 8), (Dtype::U8, 1), (Dtype::F8_E4M3, 1), (Dtype::BOOL, 1)] {
        let values = vec![0; 8 * size];
        let tensor = TensorView::new(dtype, vec![1, 1, 8], &values).unwrap();
        let bytes = safetensors::serialize([("cls_token", tensor)], None).unwrap();
        let error = try_load("a.safetensors", &bytes).unwrap_err().to_string();
        assert!(error.contains(&format!("are `{dtype:?}`; weights are f32")), "{error}");
    }
}

/// A model of Proofmark's, with a change of its description and of its tensors.
fn try_model(
    change: impl Fn(&mut serde_json::Value, &mut BTreeMap<String, Tensor>),
) -> Result<(), String> {
    let config = config();
    let params = Params::zeros(config.parameters()).unwrap();
    let mut tensors = params.snapshot().unwrap();
    let names = ["real", "a", "b", "c", "d"];
    let mut card = serde_json::json!({
        "experiment": "e", "key": "k", "inputs": null, "epoch": 1, "classes": names,
        "vit": config, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "resize": "straight",
        "face_side": 32,
        "faces": [{
            "datasets": ["d"], "frames": {"fps": 1.0}, "size": 32,
            "search": {
                "score": 0.8, "nms": 0.4, "min_face": 20, "long_side": 1280, "take": "all",
                "margin": 0.3, "framing": "square", "filter": "bicubic",
            },
        }],
    });
    change(&mut card, &mut tensors);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    checkpoint::write(&path, &tensors, &card).unwrap();
    let length = std::fs::metadata(&path).unwrap().len() as isize;
    let (used, result) = peak(|| checkpoint::load_model(&path, |_| Ok(Place::Cpu)));
    let bound = (1 << 20) + 128 * length;
    assert!(used < bound, "{used} bytes for a file of {length}");
    result.map(|_| ()).map_err(|error| error.to_string().replace(&path.display().to_string(), "F"))
}

/// A card is somebody's word: what no network has is refused before anything is made of it.
#[test]
fn what_the_card_of_a_model_says_is_checked() {
    try_model(|_, _| ()).unwrap();
    let huge = 1u64 << 40;
    for (place, value, why) in [
        ("/vit/patch", json!(0), "its patch is 0, which is not from 1 to 65536"),
        ("/vit/patch", json!(3), "its patches, 3, do not divide its image, 8"),
        ("/vit/heads", json!(0), "its number of heads is 0"),
        ("/vit/heads", json!(3), "its heads, 3, do not divide its width, 8"),
        ("/vit/width", json!(0), "its width is 0"),
        ("/vit/hidden", json!(0), "its hidden width is 0"),
        ("/vit/image", json!(0), "its image is 0"),
        ("/vit/image", json!(huge), "its image is 1099511627776, which is not from 1 to 4096"),
        ("/vit/image", json!(16), "has no tensor `pos_embed` of shape [1, 17, 8]"),
        ("/vit/depth", json!(huge), "its depth is 1099511627776"),
        ("/vit/depth", json!(1024), "has no tensor `blocks.1.norm1.weight`"),
        ("/vit/width", json!(65_536), "the network has 1"),
        ("/vit/registers", json!(65), "its number of registers is 65"),
        ("/vit/drop_path", json!(1), "a drop-path rate of 1"),
        ("/vit/classes", json!(0), "its number of classes is 0"),
        ("/vit/classes", json!(6), "it names 5 classes of 6"),
        ("/classes/4", json!("a"), "two of its classes have one name"),
        ("/classes/0", json!("fake"), "its first class is `fake`, not `real`"),
        ("/std/1", json!(0), "by which nothing can be divided"),
        ("/std/1", json!(-0.5), "by which nothing can be divided"),
        ("/std/1", json!(1e-300), "by which nothing can be divided"),
        ("/mean/2", json!(1e300), "the mean of its inputs is [0.5, 0.5, 1e300]"),
        ("/face_side", json!(0), "its side of the faces is 0"),
        ("/face_side", json!(u32::MAX), "its side of the faces is 4294967295"),
        ("/faces/0/size", json!(u32::MAX), "its side of the faces is 4294967295"),
        ("/faces/0/frames", json!({"fps": 0}), "0 frames a second are not up to 1000"),
        ("/faces/0/frames", json!({"every": 0}), "its number of frames is 0"),
        ("/faces/0/search/margin", json!(1e9), "its margin of a face is 1000000000"),
        ("/faces/0/search/nms", json!(-1), "its overlap of two faces is -1"),
        ("/faces/0/search/long_side", json!(u32::MAX), "its longest side of a frame"),
        ("/vit", json!({}), "missing field"),
    ] {
        let error = try_model(|card, _| {
            // Registers are left out where there are none.
            match card.pointer_mut(place) {
                Some(field) => *field = value.clone(),
                None => card["vit"]["registers"] = value.clone(),
            }
        });
        let error = error.unwrap_err();
        assert!(error.starts_with("F ") && error.contains(why), "{place} {value}: {error}");
    }
    let nets = |width: f64, depth: f64| {
        try_model(move |card, _| {
            let fields = card.as_object_mut().unwrap();
            fields.remove("vit");
            let net = json!({
                "width": width, "depth": depth, "image": 64, "dropout": 0.4, "momentum": 0.01,
                "drop_path": 0.2, "classes": 5,
            });
            fields.insert("efficientnet".to_owned(), net);
        })
        .unwrap_err()
    };
    for (field, value, why) in [
        ("image", json!(6), "its image is 6, which is not from 7 to 4096"),
        ("dropout", json!(1.0), "its dropout or its momentum is not in 0 to 1"),
        ("classes", json!(0), "its number of classes is 0"),
        ("image", json!(64), "has no tensor `conv1.weight` of shape [32, 3, 3, 3]"),
    ] {
        let error = try_model(|card, _| {
            let fields = card.as_object_mut().unwrap();
            fields.remove("vit");
            let mut net = json!({"image": 64, "dropout": 0.4, "momentum": 0.1, "classes": 5});
            net[field] = value.clone();
            fields.insert("xception".to_owned(), net);
        });
        assert!(error.as_ref().unwrap_err().contains(why), "{field} {value}: {error:?}");
    }
    assert!(nets(1e300, 1.0).contains("a factor of 1e300 on its width"), "{}", nets(1e300, 1.0));
    assert!(nets(1.0, 0.0).contains("a factor of 0.0 on its depth"));
    assert!(nets(1.0, 1.0).contains("has no tensor `conv_stem.weight`"));
}

#[test]
fn a_model_whose_weights_are_no_numbers_is_refused() {
    for value in [f32::NAN, f32::INFINITY] {
        let error = try_model(|_, tensors| {
            let values = vec![value; 8];
            let tensor = Tensor::from_vec(values, 8, &Device::Cpu).unwrap();
            tensors.insert("blocks.0.norm1.weight".to_owned(), tensor);
        });
        let said = "F: tensor `blocks.0.norm1.weight` contains NaN or infinite values";
        assert_eq!(error.unwrap_err(), said);
    }
    let error = try_model(|_, tensors| drop(tensors.remove("cls_token"))).unwrap_err();
    assert_eq!(error, "F has no tensor `cls_token` of shape [1, 1, 8]");
}

#[test]
fn pickles_that_explode_do_not() {
    let mut deep = b"\x80\x02)".to_vec();
    deep.extend([0x85; 200_000]);
    deep.push(b'.');
    // Each round doubles what the last one holds.
    let mut wide = b"\x80\x02)".to_vec();
    (0..10_000).for_each(|_| wide.extend(b"q\x00h\x00\x86"));
    wide.push(b'.');
    // A text of 4 GiB, and a tuple without a mark.
    let long = b"\x80\x02X\xff\xff\xff\xffabc.".to_vec();
    let unmarked = b"\x80\x02t.".to_vec();
    for pickle in [deep, wide, long, unmarked] {
        assert!(try_load("a.pth", &archive(&pickle, b"")).is_err());
    }
}

/// Changes, removes and repeats bytes.
fn damage(bytes: &mut Vec<u8>, changes: &[(prop::sample::Index, u8, u8)]) {
    for (at, how, value) in changes {
        if bytes.is_empty() {
            return;
        }
        let at = at.index(bytes.len());
        match how % 4 {
            0 => bytes[at] = *value,
            1 => bytes[at] ^= 1 << (value % 8),
            2 => drop(bytes.drain(at..(at + usize::from(*value)).min(bytes.len()))),
            _ => {
                let end = (at + usize::from(*value)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whatever happens to a file, the answer is a report or an error.
    #[test]
    fn damaged_files_are_reports_or_errors(
        name in prop::sample::select(vec![
            "timm.pth", "timm.safetensors", "hostile.pth", "legacy-nested.pth", "whole.pth",
            "protocol4.pth",
        ]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 1..12),
    ) {
        let mut bytes = golden(name);
        damage(&mut bytes, &changes);
        let _ = try_load(name, &bytes);
    }

    /// The same inside an archive whose checksums are right.
    #[test]
    fn damaged_pickles_are_reports_or_errors(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 1..12),
    ) {
        let mut files = unpacked(&golden("timm-views.pth"));
        let pickle = files.iter_mut().find(|(name, _)| name.ends_with("data.pkl")).unwrap();
        damage(&mut pickle.1, &changes);
        let _ = try_load("timm.pth", &packed(&files));
    }
}
