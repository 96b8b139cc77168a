//! RetinaFace against onnxruntime and PyTorch, from files of every kind, on frames of every
//! shape.

#[path = "parity/formula.rs"]
#[expect(dead_code, reason = "only the numbers are used, not the fingerprints")]
mod formula;

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use formula::units;
use image::RgbImage;
use proofmark_prepare::detect::{Detection, Detector, DetectorError, Options, Raw, Scratch};
use zip::write::SimpleFileOptions;

type Tensors = HashMap<String, Tensor>;

const EMBEDDED: &str = "src/prepare/detect/mobilenet025.safetensors";
const OPTIONS: Options = Options { score: 0.5, nms: 0.4, min_side: 0.0, long_side: 0 };

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/retinaface").join(name)
}

fn load(path: PathBuf) -> Tensors {
    candle_core::safetensors::load(path, &Device::Cpu).unwrap()
}

fn embedded() -> Tensors {
    load(Path::new(env!("CARGO_MANIFEST_DIR")).join(EMBEDDED))
}

fn astronaut() -> RgbImage {
    image::open(golden("astronaut.png")).unwrap().into_rgb8()
}

fn part(x: u32, y: u32, width: u32, height: u32) -> RgbImage {
    image::imageops::crop_imm(&astronaut(), x, y, width, height).to_image()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// The outputs of both paths.
fn both(detector: &Detector, image: &RgbImage) -> [Raw; 2] {
    let (width, height) = image.dimensions();
    let fast = detector.raw(image, width, height, &mut Scratch::default()).unwrap();
    [fast, detector.raw_composed(image, width, height, &Device::Cpu).unwrap()]
}

/// The largest difference from a golden file's outputs.
fn distance(raw: &Raw, theirs: &Tensors, prefix: &str) -> f32 {
    let ours = [raw.loc.concat(), raw.conf.concat(), raw.landmarks.concat()];
    let mut worst = 0f32;
    for (ours, name) in ours.iter().zip(["loc", "conf", "lm"]) {
        let theirs = values(&theirs[&format!("{prefix}{name}")]);
        assert_eq!(ours.len(), theirs.len(), "{prefix}{name}");
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert!(ours.is_finite());
            worst = worst.max((ours - theirs).abs());
        }
    }
    worst
}

/// A face against x1, y1, x2, y2 and five points.
fn assert_near(face: &Detection, bbox: &[f32], landmarks: &[f32], pixels: f32) {
    let ours = face.bbox.iter().chain(face.landmarks.as_flattened());
    for (ours, theirs) in ours.zip(bbox.iter().chain(landmarks)) {
        assert!((ours - theirs).abs() < pixels, "{face:?}");
    }
}

#[test]
fn outputs_are_those_of_onnxruntime() {
    let theirs = load(golden("astronaut-raw-outputs.safetensors"));
    for raw in both(&Detector::embedded().unwrap(), &astronaut()) {
        let distance = distance(&raw, &theirs, "");
        assert!(distance < 1e-4, "{distance}");
    }
}

/// The face that onnxruntime's outputs were decoded to.
fn published() -> (f32, Vec<f32>, Vec<f32>) {
    let text = std::fs::read_to_string(golden("astronaut-detections.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let face = json["astronaut.png"]["dets"][0].clone();
    let list = |name: &str| serde_json::from_value(face[name].clone()).unwrap();
    (face["score"].as_f64().unwrap() as f32, list("box"), list("landmarks"))
}

#[test]
fn the_face_is_where_it_is() {
    let (detector, image) = (Detector::embedded().unwrap(), astronaut());
    let (score, bbox, landmarks) = published();
    let mut scratch = Scratch::default();
    let mut find =
        |options: Options| detector.detect(&image, 512, 512, &options, &mut scratch).unwrap();
    let faces = find(OPTIONS);
    assert_eq!(faces.len(), 1);
    assert!((faces[0].score - score).abs() < 1e-4);
    assert_near(&faces[0], &bbox, &landmarks, 0.5);

    // A smaller input costs some precision, and places are still the frame's.
    let shrunk = find(Options { long_side: 256, ..OPTIONS });
    assert_eq!(shrunk.len(), 1);
    assert_near(&shrunk[0], &bbox, &landmarks, 10.0);
    assert_ne!(shrunk, faces);
    assert_eq!(find(Options { long_side: 512, ..OPTIONS }), faces);

    // A frame of another shape, with the photograph on its right.
    let mut wide = RgbImage::from_pixel(768, 512, image::Rgb([90, 90, 90]));
    image::imageops::replace(&mut wide, &image, 256, 0);
    let moved = |values: &[f32]| -> Vec<f32> {
        values.iter().zip([256.0, 0.0].into_iter().cycle()).map(|(v, by)| v + by).collect()
    };
    let mut scratch = Scratch::default();
    let options = Options { long_side: 400, ..OPTIONS };
    let faces_of_wide = detector.detect(&wide, 768, 512, &options, &mut scratch).unwrap();
    assert_eq!(faces_of_wide.len(), 1);
    assert_near(&faces_of_wide[0], &moved(&bbox), &moved(&landmarks), 10.0);

    // The shorter side of the box is 95 pixels.
    assert_eq!(find(Options { min_side: 94.0, ..OPTIONS }), faces);
    assert_eq!(find(Options { min_side: 97.0, ..OPTIONS }), []);
    assert_eq!(find(Options { score: 0.9999, ..OPTIONS }), []);
    let many = find(Options { score: 0.02, nms: 0.9, ..OPTIONS });
    assert!(many.len() > 1 && many[0] == faces[0]);
    assert!(many.windows(2).all(|pair| pair[0].score >= pair[1].score));
}

#[test]
fn frames_of_odd_shapes_are_those_of_pytorch() {
    let (detector, theirs) = (Detector::embedded().unwrap(), load(golden("odd.safetensors")));
    for (width, height) in [(101, 67), (1, 1), (7, 130), (130, 5)] {
        for raw in both(&detector, &part(170, 60, width, height)) {
            let distance = distance(&raw, &theirs, &format!("{width}x{height}."));
            assert!(distance < 1e-4, "{width}x{height}: {distance}");
        }
    }
}

/// The formula of generate.py.
fn weight(name: &str, shape: &[usize]) -> Tensor {
    let values = units(name, shape.iter().product());
    let values: Vec<f32> = match (shape.len(), name.rsplit('.').next()) {
        (4, _) => {
            let inputs: usize = shape[1..].iter().product();
            let bound = (6.0 / inputs as f64).sqrt() as f32;
            values.map(|v| v * bound).collect()
        }
        (_, Some("running_var")) => values.map(|v| (1.0 + v / 2.0) / 1024.0).collect(),
        (_, Some("weight")) => values.map(|v| (1.0 + v / 2.0) / 64.0).collect(),
        _ => values.map(|v| v / 8.0).collect(),
    };
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

#[test]
fn a_resnet_50_from_a_file_is_that_of_pytorch() {
    let text = std::fs::read_to_string(golden("resnet50-tensors.json")).unwrap();
    let shapes: BTreeMap<String, Vec<usize>> = serde_json::from_str(&text).unwrap();
    let tensors: Tensors = shapes
        .iter()
        .map(|(name, shape)| (format!("module.{name}"), weight(name, shape)))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("resnet50.safetensors");
    candle_core::safetensors::save(&tensors, &path).unwrap();
    let detector = Detector::open(&path).unwrap();
    let theirs = load(golden("resnet50.safetensors"));
    for raw in both(&detector, &part(170, 50, 93, 75)) {
        let distance = distance(&raw, &theirs, "");
        assert!(distance < 1e-4, "{distance}");
    }
}

/// The pickle of a dictionary of f32 tensors with text before their names, as `torch.save` writes
/// it, and the bytes of each, by the number of its storage.
fn pickled(tensors: &Tensors, front: &str) -> (Vec<u8>, Vec<Vec<u8>>) {
    let text = |pickle: &mut Vec<u8>, text: &str| {
        pickle.push(b'X');
        pickle.extend((text.len() as u32).to_le_bytes());
        pickle.extend(text.as_bytes());
    };
    let sizes = |pickle: &mut Vec<u8>, sizes: &[usize]| {
        pickle.push(b'(');
        for size in sizes {
            pickle.push(b'J');
            pickle.extend((*size as i32).to_le_bytes());
        }
        pickle.push(b't');
    };
    let mut pickle = b"\x80\x02}(".to_vec();
    let mut storages = Vec::new();
    for (number, (name, tensor)) in tensors.iter().enumerate() {
        text(&mut pickle, &format!("{front}{name}"));
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut pickle, "storage");
        pickle.extend(b"ctorch\nFloatStorage\n");
        text(&mut pickle, &number.to_string());
        text(&mut pickle, "cpu");
        pickle.extend(b"K\x00NtQK\x00");
        sizes(&mut pickle, tensor.dims());
        sizes(&mut pickle, tensor.stride());
        pickle.extend(b"tR");
        storages.push(values(tensor).iter().flat_map(|v| v.to_le_bytes()).collect());
    }
    pickle.extend(b"u.");
    (pickle, storages)
}

/// A zip `.pth`.
fn pth(tensors: &Tensors) -> Vec<u8> {
    let (pickle, storages) = pickled(tensors, "");
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (number, bytes) in storages.iter().enumerate() {
        zip.start_file(format!("archive/data/{number}"), SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.start_file("archive/data.pkl", SimpleFileOptions::default()).unwrap();
    zip.write_all(&pickle).unwrap();
    zip.finish().unwrap().into_inner()
}

/// A file from before PyTorch 1.6, of a network in `DataParallel`: as those of RetinaFace are.
fn legacy(tensors: &Tensors) -> Vec<u8> {
    let (pickle, storages) = pickled(tensors, "module.");
    // A number that says what it is, the version, the machine.
    let mut file = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.".to_vec();
    file.extend(pickle);
    file.extend(b"\x80\x02](");
    for number in 0..storages.len() {
        let key = number.to_string();
        file.push(b'X');
        file.extend((key.len() as u32).to_le_bytes());
        file.extend(key.as_bytes());
    }
    file.extend(b"e.");
    for bytes in storages {
        file.extend((bytes.len() as u64 / 4).to_le_bytes());
        file.extend(bytes);
    }
    file
}

#[test]
fn a_pth_file_gives_the_same_detector() {
    let folder = tempfile::tempdir().unwrap();
    let image = part(170, 60, 64, 48);
    let raw = |detector: Detector| detector.raw(&image, 64, 48, &mut Scratch::default()).unwrap();
    for (name, bytes) in [("zip.pth", pth(&embedded())), ("legacy.pth", legacy(&embedded()))] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Detector::check(&path).unwrap();
        assert_eq!(raw(Detector::open(&path).unwrap()), raw(Detector::embedded().unwrap()));
    }
}

/// What opening the embedded tensors says after a change.
fn error_after(change: impl FnOnce(&mut Tensors)) -> String {
    let mut tensors = embedded();
    change(&mut tensors);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    candle_core::safetensors::save(&tensors, &path).unwrap();
    let error = Detector::open(&path).unwrap_err().to_string();
    error.replace(&folder.path().display().to_string(), "FOLDER")
}

#[test]
fn files_that_are_no_retinaface_say_so() {
    let ones = |shape: &[usize]| Tensor::ones(shape, candle_core::DType::F32, &Device::Cpu);
    let errors = [
        error_after(|tensors| tensors.retain(|name, _| name.starts_with("fpn.merge"))),
        error_after(|tensors| drop(tensors.remove("ssh2.conv7X7_2.1.running_mean"))),
        error_after(|tensors| {
            let wide = ones(&[16, 3, 3, 3]).unwrap();
            tensors.insert("body.stage1.0.0.weight".to_owned(), wide);
        }),
        error_after(|tensors| {
            let negative = ones(&[64]).unwrap().neg().unwrap();
            tensors.insert("fpn.merge1.1.running_var".to_owned(), negative);
        }),
        error_after(|tensors| {
            let nan = (ones(&[4]).unwrap() * f64::NAN).unwrap();
            tensors.insert("ClassHead.1.conv1x1.bias".to_owned(), nan);
        }),
        Detector::open(Path::new("nowhere.safetensors")).unwrap_err().to_string(),
    ];
    insta::assert_snapshot!(errors.join("\n\n"));
}

#[test]
fn frames_that_are_not_what_they_say_are_refused() {
    let detector = Detector::embedded().unwrap();
    let mut scratch = Scratch::default();
    for (bytes, width, height) in [(0, 0, 0), (0, 0, 5), (11, 2, 2), (12, 4, 4), (3, u32::MAX, 1)] {
        let frame = vec![0; bytes];
        let error = detector.detect(&frame, width, height, &OPTIONS, &mut scratch).unwrap_err();
        assert!(matches!(error, DetectorError::Frame { .. }), "{error}");
        assert!(detector.raw(&frame, width, height, &mut scratch).is_err());
        assert!(detector.raw_composed(&frame, width, height, &Device::Cpu).is_err());
    }
    insta::assert_snapshot!(
        detector.detect(&[0; 11], 2, 2, &OPTIONS, &mut scratch).unwrap_err(),
        @"a frame of 2x2 pixels needs width x height x 3 bytes, at least 3, but has 11"
    );
}

/// Weights may make numbers too large for f32; pictures without faces look otherwise.
#[test]
fn outputs_that_are_not_finite_are_an_error() {
    let mut tensors = embedded();
    for name in ["fpn.output1.0.weight", "ssh2.conv3X3.0.weight", "BboxHead.2.conv1x1.weight"] {
        tensors.insert(name.to_owned(), (&tensors[name] * 1e38).unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.safetensors");
    candle_core::safetensors::save(&tensors, &path).unwrap();
    let detector = Detector::open(&path).unwrap();
    let mut scratch = Scratch::default();
    let raw = detector.raw(&astronaut(), 512, 512, &mut scratch).unwrap();
    assert!(raw.loc.as_flattened().iter().any(|v| !v.is_finite()));
    let error = detector.detect(&astronaut(), 512, 512, &OPTIONS, &mut scratch).unwrap_err();
    let said = format!("the face detector of {} gives NaN or infinite outputs", path.display());
    assert!(error.to_string().starts_with(&said), "{error}");
}

/// Threads share a detector; a scratch serves frames of any size, one after the other.
#[test]
fn threads_and_earlier_frames_change_nothing() {
    let detector = Detector::embedded().unwrap();
    let sizes = [(200, 120), (33, 250), (200, 120), (64, 64)];
    let run = || {
        let mut scratch = Scratch::default();
        let outputs = sizes.map(|(width, height)| {
            let image = part(150, 40, width, height);
            detector.raw(&image, width, height, &mut scratch).unwrap()
        });
        assert_eq!(outputs[0], outputs[2]);
        outputs
    };
    let alone = run();
    std::thread::scope(|scope| {
        let threads = [(); 3].map(|()| scope.spawn(run));
        for thread in threads {
            assert_eq!(thread.join().unwrap(), alone);
        }
    });
}
