//! Files that are whole, damaged at every place, or of types that are not read.

use super::*;

/// Every type that score files and the store have, and lists.
fn table() -> DataFrame {
    let rows = 300;
    let texts: Vec<Option<String>> =
        (0..rows).map(|i| (i % 7 > 0).then(|| format!("video-{}", i / 10))).collect();
    let lists: Vec<Option<Series>> = (0..rows)
        .map(|i| (i % 5 > 0).then(|| Series::new("".into(), vec![i as f32, 0.5])))
        .collect();
    let mut table = df!(
        "score" => (0..rows).map(|i| f64::from(i) / 300.0).collect::<Vec<_>>(),
        "p" => (0..rows).map(|i| (i % 11 > 0).then_some(i as f32)).collect::<Vec<_>>(),
        "label" => (0..rows).map(|i| i % 2 == 0).collect::<Vec<_>>(),
        "frame" => (0..rows as u32).collect::<Vec<_>>(),
        "count" => (0..rows).map(|i| i64::from(i).pow(5)).collect::<Vec<_>>(),
        "video" => texts,
    )
    .unwrap();
    table.with_column(Series::new("box".into(), lists).into()).unwrap();
    table
}

fn written(folder: &Path, compression: ParquetCompression) -> std::path::PathBuf {
    let path = folder.join("scores.parquet");
    let writer = ParquetWriter::new(File::create(&path).unwrap());
    let writer = writer.with_compression(compression).with_row_group_size(Some(100));
    writer.finish(&mut table()).unwrap();
    path
}

#[test]
fn what_is_written_is_read_whole_and_in_parts() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(dir.path(), ParquetCompression::Snappy);
    let file = ParquetFile::open(&path).unwrap();
    assert_eq!((file.height(), file.groups().collect::<Vec<_>>()), (300, vec![100; 3]));
    assert!(file.read(None, None).unwrap().equals_missing(&table()));
    let part = file.read(Some(&["frame".into()]), Some((150, 100))).unwrap();
    assert_eq!(part["frame"].u32().unwrap().get(99), Some(249));
    assert!(stored(&path).unwrap().equals_missing(&table()));
}

/// Nothing but a table or an error comes out, whatever bit flips: no panic, and no allocation of
/// what a damaged number claims, which would end this process.
#[test]
fn a_flipped_bit_gives_a_table_or_an_error() {
    let dir = tempfile::tempdir().unwrap();
    for compression in [ParquetCompression::Uncompressed, ParquetCompression::Snappy] {
        let path = written(dir.path(), compression);
        let whole = std::fs::read(&path).unwrap();
        let footer = whole.len()
            - 8
            - u32::from_le_bytes(whole[whole.len() - 8..whole.len() - 4].try_into().unwrap())
                as usize;
        // Of the footer every bit of a byte by turns, and some of the pages.
        let bits = (8 * footer..8 * whole.len()).step_by(7).chain((0..8 * footer).step_by(101));
        let mut errors = 0;
        for bit in bits {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, &bytes).unwrap();
            let read = ParquetFile::open(&path).and_then(|file| file.read(None, None));
            errors += usize::from(read.is_err());
        }
        assert!(errors > 100, "{errors}");
    }
}

#[test]
fn what_was_cut_off_or_is_no_parquet_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(dir.path(), ParquetCompression::Snappy);
    let whole = std::fs::read(&path).unwrap();
    for length in [0, 1, 4, 11, 12, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(ParquetFile::open(&path).is_err(), "{length}");
    }
    std::fs::write(&path, b"PAR1PAR1PAR1PAR1PAR1").unwrap();
    assert!(ParquetFile::open(&path).is_err());
}

#[test]
fn types_that_are_not_read_are_errors_with_the_column() {
    let golden = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/types"));
    for name in ["decimal", "float16"] {
        let file = ParquetFile::open(&golden.join(format!("{name}.parquet"))).unwrap();
        assert_eq!(file.columns(), ["label", "score"]);
        let error = file.read(None, None).unwrap_err().to_string();
        assert!(error.contains("column `score` holds"), "{error}");
        assert!(file.unread("score").is_some() && file.unread("label").is_none());
        assert_eq!(file.read(Some(&["label".into()]), None).unwrap().height(), 2);
    }
}

/// Files of pyarrow: pages of both versions, every encoding, every compression that is read.
#[test]
fn files_of_other_programs_pass_the_comparison_and_survive_damage() {
    let golden = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/parquet"));
    let dir = tempfile::tempdir().unwrap();
    for name in ["plain", "dictionary", "delta", "second", "zstd", "nested", "empty", "split"] {
        let whole = std::fs::read(golden.join(format!("{name}.parquet"))).unwrap();
        let path = dir.path().join("x.parquet");
        std::fs::write(&path, &whole).unwrap();
        let file = ParquetFile::open(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        let rows = if name == "empty" { 0 } else { 40 };
        assert_eq!(file.read(None, None).unwrap().height(), rows, "{name}");
        for bit in (0..8 * whole.len()).step_by(61) {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, &bytes).unwrap();
            let _ = ParquetFile::open(&path).and_then(|file| file.read(None, None));
        }
    }
}
