//! Broken and hostile weights: always an error, never a panic, and no more memory than
//! a small multiple of the file.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use candle_core::Device;
use proofmark::lang::model::Pool;
use proofmark::model::architecture::Architecture;
use proofmark::model::params::Params;
use proofmark::model::vit::VitConfig;
use proofmark::model::weights::{Expected, LoadReport, WeightsError, load};
use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// The system's allocator, counting what this thread holds.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // A thread that ends has no counters any more.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(held.get())));
    });
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps to the contract of `GlobalAlloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller keeps to the contract of `GlobalAlloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

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
    let params = Params::zeros(config.parameters(), &Device::Cpu).unwrap();
    let before = HELD.get();
    PEAK.set(before);
    let (architecture, allowed) = (Architecture::from(config), ["*".to_owned()]);
    let result = load(&path, &Expected::new(&architecture, &allowed), &params);
    let used = PEAK.get() - before;
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
