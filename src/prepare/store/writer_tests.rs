//! Written, killed and read again.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::store::{FaceFile, FoundFace, Look, Recovered, Status, pixels, recover};

const SIDE: u32 = 4;

fn face(key: &str, i: u32) -> Face {
    let found = (i.is_multiple_of(2)).then_some(FoundFace {
        bbox: [1.0, 2.0, 3.0, i as f32],
        score: 0.5,
        landmarks: [i as f32; 10],
    });
    let rgb = [(i % 251) as u8; 3 * (SIDE * SIDE) as usize];
    Face::new(key, (i, Some(f64::from(i)), 0), found, (64, 48), &rgb, SIDE).unwrap()
}

fn video(key: &str, faces: usize) -> PreparedVideo {
    let status = if faces > 0 { Status::Ok } else { Status::NoFace };
    let looks = vec![Look { frame: 0, seconds: None, faces: Some(faces as u32) }];
    let key = key.to_owned();
    PreparedVideo { video_key: key, status, trouble: None, looks, faces, shard: None }
}

fn faces(key: &str, n: usize) -> Vec<Face> {
    (0..n as u32).map(|i| face(key, i)).collect()
}

/// What is done in a folder, and its faces.
fn read(folder: &Path, part: Share) -> (Vec<PreparedVideo>, FaceFile) {
    let videos: Vec<_> = recover(folder, part, SIDE).unwrap().videos.into_values().collect();
    let rows = videos.iter().map(|v| (v.video_key.as_str(), v.faces, v.shard.as_deref()));
    let file = FaceFile::open(folder, rows).unwrap();
    (videos, file)
}

/// Every face is where its video says, with its own pixels.
fn check(videos: &[PreparedVideo], file: &FaceFile) {
    let mut index = 0;
    let mut rgb = Vec::new();
    for video in videos {
        for i in 0..video.faces as u32 {
            assert_eq!(file.video_key(index), video.video_key);
            assert_eq!(file.place(index), (i, 0));
            // Of the box where there is one, else of the frame.
            let side = if i.is_multiple_of(2) { 2f32.min(i as f32 - 2.0) } else { 48.0 };
            assert_eq!(file.shorter_side(index), side);
            file.crop(index, &mut rgb).unwrap();
            assert_eq!(rgb, [(i % 251) as u8; 3 * (SIDE * SIDE) as usize]);
            index += 1;
        }
    }
    assert_eq!(index, file.len());
}

#[test]
fn faces_come_back_by_video_across_batches_and_shards() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = FaceWriter::open(dir.path(), Share::WHOLE, SIDE).unwrap();
    writer.full = 1;
    for (key, n) in [("z", 3), ("a/1", 600), ("none", 0), ("m", 1)] {
        writer.finish_video(video(key, n), faces(key, n), true).unwrap();
    }
    writer.finish().unwrap();
    let (videos, file) = read(dir.path(), Share::WHOLE);
    let keys: Vec<_> = videos.iter().map(|v| (v.video_key.as_str(), v.faces)).collect();
    assert_eq!(keys, [("a/1", 600), ("m", 1), ("none", 0), ("z", 3)]);
    assert_eq!((file.len(), file.side()), (604, SIDE));
    check(&videos, &file);
    assert_eq!(files(dir.path(), SHARD).unwrap().len(), 3);
}

#[test]
fn a_long_video_is_written_in_pieces_and_stays_in_one_shard() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = FaceWriter::open(dir.path(), Share::WHOLE, SIDE).unwrap();
    writer.full = 1;
    let mut long = faces("long", 700);
    writer.begin("long", long.drain(..300).collect()).unwrap();
    writer.finish_video(video("short", 2), faces("short", 2), true).unwrap();
    writer.begin("long", long.drain(..300).collect()).unwrap();
    writer.finish_video(video("long", 700), long, true).unwrap();
    writer.finish().unwrap();
    let (videos, file) = read(dir.path(), Share::WHOLE);
    check(&videos, &file);
    assert_eq!(files(dir.path(), SHARD).unwrap().len(), 1);
}

#[test]
fn what_was_begun_when_the_process_died_is_as_if_it_never_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = FaceWriter::open(dir.path(), Share::WHOLE, SIDE).unwrap();
    writer.finish_video(video("a", 5), faces("a", 5), true).unwrap();
    writer.begin("b", faces("b", 300)).unwrap();
    // Killed: nothing is finished, and the last line is cut off.
    std::mem::forget(writer);
    let journal = dir.path().join("faces.jsonl");
    let mut text = fs::read(&journal).unwrap();
    text.extend(b"{\"video_key\":\"b\",\"sta");
    fs::write(&journal, text).unwrap();
    let (videos, file) = read(dir.path(), Share::WHOLE);
    assert_eq!(videos.len(), 1);
    check(&videos, &file);
    // The next run goes on, and its first line is not lost in the one that was cut off.
    let mut writer = FaceWriter::open(dir.path(), Share::WHOLE, SIDE).unwrap();
    writer.finish_video(video("b", 300), faces("b", 300), true).unwrap();
    writer.finish().unwrap();
    let (videos, file) = read(dir.path(), Share::WHOLE);
    assert_eq!(videos.len(), 2);
    check(&videos, &file);
}

#[test]
fn what_was_begun_when_the_run_was_stopped_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = FaceWriter::open(dir.path(), Share::WHOLE, SIDE).unwrap();
    writer.finish_video(video("a", 5), faces("a", 5), true).unwrap();
    writer.begin("b", faces("b", 300)).unwrap();
    writer.finish().unwrap();
    let (videos, file) = read(dir.path(), Share::WHOLE);
    check(&videos, &file);
    let [(_, path)] = &files(dir.path(), SHARD).unwrap()[..] else { panic!("one shard") };
    let rows: usize =
        super::super::reader::open_shard(path).unwrap().batches.iter().map(|b| b.num_rows()).sum();
    assert_eq!(rows, 5, "no face of a video that is not done");
}

#[test]
fn a_journal_that_knows_more_than_the_disk_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = FaceWriter::open(dir.path(), Share::WHOLE, SIDE).unwrap();
    writer.finish_video(video("a", 5), faces("a", 4), true).unwrap();
    writer.finish_video(video("b", 2), faces("b", 2), true).unwrap();
    writer.finish().unwrap();
    let (videos, file) = read(dir.path(), Share::WHOLE);
    assert_eq!(videos.iter().map(|v| v.video_key.as_str()).collect::<Vec<_>>(), ["b"]);
    check(&videos, &file);
}

#[test]
fn shares_write_beside_each_other_and_leave_each_other_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two): (Share, Share) = ("1/2".parse().unwrap(), "2/2".parse().unwrap());
    let mut first = FaceWriter::open(dir.path(), one, SIDE).unwrap();
    first.finish_video(video("a", 5), faces("a", 5), true).unwrap();
    // The second starts while the first still writes.
    assert_eq!(recover(dir.path(), two, SIDE).unwrap().videos.len(), 1);
    let mut second = FaceWriter::open(dir.path(), two, SIDE).unwrap();
    second.finish_video(video("b", 6), faces("b", 6), true).unwrap();
    first.finish_video(video("c", 7), faces("c", 7), true).unwrap();
    second.finish().unwrap();
    first.finish().unwrap();
    let (videos, file) = read(dir.path(), Share::WHOLE);
    assert_eq!(videos.len(), 3);
    check(&videos, &file);
}

#[test]
fn damaged_shards_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = FaceWriter::open(dir.path(), Share::WHOLE, SIDE).unwrap();
    writer.finish_video(video("a", 300), faces("a", 300), true).unwrap();
    writer.finish().unwrap();
    let path = dir.path().join("faces.00000.arrow");
    let whole = fs::read(&path).unwrap();
    let open = || FaceFile::open(dir.path(), [("a", 300, Some("faces.00000"))].into_iter());
    assert!(open().is_ok());
    for cut in [0, 5, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        assert!(open().is_err(), "cut at {cut}");
    }
    fs::write(&path, vec![7; 4096]).unwrap();
    let error = open().unwrap_err().to_string();
    assert!(error.contains("faces.00000.arrow cannot be read"), "{error}");
    fs::write(&path, &whole).unwrap();
    let other = FaceFile::open(dir.path(), [("a", 299, Some("faces.00000"))].into_iter());
    assert!(other.unwrap_err().to_string().contains("300 faces of a"));
}

/// Flips one bit of a file.
fn flip(path: &Path, bit: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[bit / 8] ^= 1 << (bit % 8);
    fs::write(path, bytes).unwrap();
}

/// Three videos in a shard with an end; their rows for [`FaceFile::open`].
fn finished(folder: &Path) -> PathBuf {
    let mut writer = FaceWriter::open(folder, Share::WHOLE, SIDE).unwrap();
    for key in ["a", "b", "c"] {
        writer.finish_video(video(key, 20), faces(key, 20), true).unwrap();
    }
    writer.finish().unwrap();
    // As in a result that is published.
    fs::write(folder.join("stage.json"), "{}").unwrap();
    folder.join("faces.00000.arrow")
}

#[test]
fn a_flipped_bit_in_a_shard_is_an_error_that_names_it_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let path = finished(dir.path());
    let whole = fs::read(&path).unwrap();
    let rows = || ["a", "b", "c"].map(|key| (key, 20, Some("faces.00000"))).into_iter();
    let good = FaceFile::open(dir.path(), rows()).unwrap();
    let said = |file: &FaceFile| -> Result<Vec<_>, FaceStoreError> {
        let mut rgb = Vec::new();
        let face = |i| {
            file.crop(i, &mut rgb)?;
            let about = (file.video_key(i).to_owned(), file.place(i), file.bbox(i));
            Ok((about, file.source(i), rgb.clone()))
        };
        (0..file.len()).map(face).collect()
    };
    let expected = said(&good).unwrap();
    let (mut told, mut tries) = (0, 0);
    for bit in (0..8 * whole.len()).step_by(61) {
        fs::write(&path, &whole).unwrap();
        flip(&path, bit);
        tries += 1;
        match FaceFile::open(dir.path(), rows()).and_then(|file| said(&file)) {
            // Padding, and names in the footer that nobody reads, mean nothing.
            Ok(read) => assert_eq!(read, expected, "bit {bit}"),
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains("faces.00000.arrow"), "{error}");
                assert!(error.contains("remove the folder"), "{error}");
                told += 1;
            }
        }
    }
    assert!(told * 3 > tries, "{told} of {tries}");
}

#[test]
fn a_crop_that_is_damaged_is_named_by_its_video() {
    let dir = tempfile::tempdir().unwrap();
    let path = finished(dir.path());
    let file = FaceFile::open(dir.path(), [("b", 20, Some("faces.00000"))].into_iter()).unwrap();
    let crop = pixels::pack(&[7; 3 * (SIDE * SIDE) as usize], SIDE).unwrap();
    drop(file);
    let whole = fs::read(&path).unwrap();
    let place = whole.windows(crop.len()).rposition(|window| window == crop).unwrap();
    flip(&path, 8 * (place + crop.len() - 2));
    let rows = || [("c", 20, Some("faces.00000"))].into_iter();
    let file = FaceFile::open(dir.path(), rows()).unwrap();
    let error = file.crop(7, &mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains("the crop of face 0 in frame 7 of c is damaged"), "{error}");
    assert!(file.crop(8, &mut Vec::new()).is_ok(), "the others are as they were");
}

#[test]
fn a_flipped_bit_in_an_open_shard_or_its_journal_costs_videos_and_is_told() {
    let mut lost = [0; 2];
    for (of, name) in ["faces.00000.arrow.part", "faces.jsonl"].into_iter().enumerate() {
        for share in 0..40 {
            let dir = tempfile::tempdir().unwrap();
            let mut writer = FaceWriter::open(dir.path(), Share::WHOLE, SIDE).unwrap();
            for key in ["a", "b", "c"] {
                writer.finish_video(video(key, 20), faces(key, 20), true).unwrap();
            }
            std::mem::forget(writer);
            let path = dir.path().join(name);
            flip(&path, 8 * fs::read(&path).unwrap().len() * share / 40 + share % 8);
            let recovered = recover(dir.path(), Share::WHOLE, SIDE).unwrap();
            let gone = 3 - recovered.videos.len();
            assert_eq!(gone > 0, !recovered.notes.is_empty(), "{:?}", recovered.notes);
            lost[of] += usize::from(gone > 0);
            let videos: Vec<_> = recovered.videos.into_values().collect();
            for found in &videos {
                let shard = Some("faces.00000".to_owned());
                assert_eq!(*found, PreparedVideo { shard, ..video(&found.video_key, 20) });
            }
            let rows = videos.iter().map(|v| (v.video_key.as_str(), v.faces, v.shard.as_deref()));
            check(&videos, &FaceFile::open(dir.path(), rows).unwrap());
        }
    }
    assert!(lost[0] > 10 && lost[1] > 30, "{lost:?}");
}

#[test]
fn a_damaged_shard_of_a_stopped_run_is_set_aside_and_its_videos_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = finished(dir.path());
    fs::write(&path, &fs::read(&path).unwrap()[..100]).unwrap();
    let Recovered { videos, notes } = recover(dir.path(), Share::WHOLE, SIDE).unwrap();
    assert!(videos.is_empty());
    assert!(notes[0].contains("faces.00000.arrow.set-aside"), "{notes:?}");
    assert!(notes[1].contains("of 3 videos, such as a,"), "{notes:?}");
    let path = finished(dir.path());
    assert!(path.is_file());
    let (videos, file) = read(dir.path(), Share::WHOLE);
    assert_eq!(videos.len(), 3);
    check(&videos, &file);
}

/// Shards of earlier versions have a column less, and crops and lines without checksums.
#[test]
fn face_stores_of_earlier_versions_are_read_and_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    let old = |name: &str, key: &str, ended: bool| {
        let rows = batch(&faces(key, 20), SIDE).unwrap();
        let columns: Vec<usize> = (0..10).collect();
        let rows = rows.project(&columns).unwrap();
        let path = dir.path().join(name);
        let mut out = writer(&path, &rows.schema()).unwrap();
        out.write(&rows).unwrap();
        out.flush().unwrap();
        match ended {
            true => end(out, &path, &path).unwrap(),
            false => std::mem::forget(out),
        }
    };
    old("faces.00000.arrow", "a", true);
    old("faces.00001.arrow.part", "b", false);
    let line = |key: &str, shard: &str| {
        let video = PreparedVideo { shard: Some(shard.into()), ..video(key, 20) };
        serde_json::to_string(&video).unwrap() + "\n"
    };
    let journal = line("a", "faces.00000") + &line("b", "faces.00001");
    fs::write(dir.path().join("faces.jsonl"), journal).unwrap();
    let (videos, file) = read(dir.path(), Share::WHOLE);
    assert_eq!(videos.len(), 2);
    check(&videos, &file);
    let mut writer = FaceWriter::open(dir.path(), Share::WHOLE, SIDE).unwrap();
    writer.finish_video(video("c", 20), faces("c", 20), true).unwrap();
    writer.finish().unwrap();
    let (videos, file) = read(dir.path(), Share::WHOLE);
    assert_eq!(videos.len(), 3);
    check(&videos, &file);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_shard_cut_anywhere_gives_back_whole_videos(at in 0.0f64..1.0, sizes in prop::collection::vec(0usize..40, 1..6)) {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = FaceWriter::open(dir.path(), Share::WHOLE, SIDE).unwrap();
        for (i, n) in sizes.iter().enumerate() {
            let key = format!("v{i}");
            writer.finish_video(video(&key, *n), faces(&key, *n), true).unwrap();
        }
        std::mem::forget(writer);
        let open = dir.path().join("faces.00000.arrow.part");
        if let Ok(whole) = fs::read(&open) {
            fs::write(&open, &whole[..(whole.len() as f64 * at) as usize]).unwrap();
        }
        let (videos, file) = read(dir.path(), Share::WHOLE);
        check(&videos, &file);
        // The videos in front of the cut are there, those without a face in any case.
        let done = |i: usize| videos.iter().any(|v| v.video_key == format!("v{i}"));
        let lost = (0..sizes.len()).find(|i| !done(*i)).unwrap_or(sizes.len());
        prop_assert!((lost..sizes.len()).all(|i| done(i) == (sizes[i] == 0)));
    }
}

#[test]
fn a_shard_that_another_writer_has_open_is_never_emptied() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = FaceWriter::open(dir.path(), Share::WHOLE, SIDE).unwrap();
    let mut second = FaceWriter::open(dir.path(), Share::WHOLE, SIDE).unwrap();
    first.finish_video(video("a", 5), faces("a", 5), true).unwrap();
    let error = second.finish_video(video("b", 6), faces("b", 6), true).unwrap_err().to_string();
    assert!(error.contains("faces.00000.arrow.part cannot be written"), "{error}");
    first.finish_video(video("c", 7), faces("c", 7), true).unwrap();
    first.finish().unwrap();
    let (videos, file) = read(dir.path(), Share::WHOLE);
    assert_eq!(videos.iter().map(|v| v.video_key.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    check(&videos, &file);
}

#[test]
fn a_writer_that_was_taken_over_changes_nothing_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let mut slow = FaceWriter::open(dir.path(), Share::WHOLE, SIDE).unwrap();
    slow.finish_video(video("a", 5), faces("a", 5), true).unwrap();
    // Who takes it over finds copies in the place of what it has open: see the store's drafts.
    for name in ["faces.jsonl", "faces.00000.arrow.part"] {
        let (path, copy) = (dir.path().join(name), dir.path().join("copy"));
        fs::copy(&path, &copy).unwrap();
        fs::rename(&copy, &path).unwrap();
    }
    assert_eq!(recover(dir.path(), Share::WHOLE, SIDE).unwrap().videos.len(), 1);
    let mut next = FaceWriter::open(dir.path(), Share::WHOLE, SIDE).unwrap();
    next.finish_video(video("b", 6), faces("b", 6), true).unwrap();
    slow.finish_video(video("c", 7), faces("c", 7), true).unwrap();
    assert!(slow.finish().is_err(), "its shard is not there any more");
    next.finish_video(video("c", 7), faces("c", 7), true).unwrap();
    next.finish().unwrap();
    let (videos, file) = read(dir.path(), Share::WHOLE);
    assert_eq!(videos.iter().map(|v| v.video_key.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    check(&videos, &file);
}
