//! Real videos, made by ffmpeg itself, and programs that only call themselves so.

use std::fs;
use std::sync::atomic::AtomicBool;

use super::*;

static NO: AtomicBool = AtomicBool::new(false);

fn fps(fps: f64) -> FrameRule {
    FrameRule::Fps { fps }
}

fn every(every: u32) -> FrameRule {
    FrameRule::Every { every }
}

fn count(count: u32) -> FrameRule {
    FrameRule::Count { count }
}

/// Makes a video with ffmpeg's own sources and these arguments.
fn make(folder: &Path, name: &str, arguments: &str) -> PathBuf {
    let path = folder.join(name);
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]).args(arguments.split(' ')).arg(local(&path));
    let output = command.output().expect("the tests need ffmpeg, see README.md");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    path
}

/// A clip of `seconds` at 25 frames a second, in which frame n has the red level 2 n.
fn clip(folder: &Path, name: &str, seconds: u32, more: &str) -> PathBuf {
    let arguments = format!(
        "-f lavfi -i color=s=64x48:r=25:d={seconds},format=gbrp,geq=r='2*N':g=90:b=30 {more}"
    );
    make(folder, name, &arguments)
}

/// Frames (number, milliseconds) and what became of the video.
fn decode(path: &Path, rule: &FrameRule) -> (Vec<(u32, i64)>, Decoded) {
    let mut frames = Vec::new();
    let decoded = Ffmpeg::find()
        .unwrap()
        .frames(path, rule, &NO, |frame| {
            assert_eq!(frame.rgb.len() as u32, 3 * frame.size.0 * frame.size.1);
            if frame.anew {
                frames.clear();
            }
            frames.push((frame.index, (1e3 * frame.seconds).round() as i64));
            Ok(())
        })
        .unwrap();
    assert_eq!(decoded.frames as usize, frames.len());
    (frames, decoded)
}

#[test]
fn rules_pick_frames_by_time_and_number() {
    let dir = tempfile::tempdir().unwrap();
    let path = clip(dir.path(), "a.mp4", 4, "-c:v libx264 -bf 3 -pix_fmt yuv420p");
    let frames = |rule: &FrameRule| decode(&path, rule).0;
    assert_eq!(frames(&fps(1.0)), [(0, 0), (25, 1000), (50, 2000), (75, 3000)]);
    assert_eq!(frames(&fps(0.4)), [(0, 0), (63, 2520)]);
    assert_eq!(frames(&every(40)), [(0, 0), (40, 1600), (80, 3200)]);
    assert_eq!(frames(&count(3)), [(0, 0), (49, 1960), (99, 3960)]);
    assert_eq!(frames(&count(1)), [(0, 0)]);
    assert_eq!(frames(&count(500)).len(), 100);
    assert_eq!(frames(&FrameRule::All).len(), 100);
    assert_eq!(frames(&fps(1000.0)).len(), 100);
}

#[test]
fn the_frame_that_is_named_is_the_frame_that_is_given() {
    let dir = tempfile::tempdir().unwrap();
    let path = clip(dir.path(), "a.mkv", 4, "-c:v ffv1");
    let mut seen = 0;
    let check = |frame: VideoFrame<'_>| {
        assert_eq!(frame.size, (64, 48));
        for pixel in frame.rgb.chunks_exact(3) {
            assert_eq!(pixel, [2 * frame.index as u8, 90, 30]);
        }
        seen += 1;
        Ok(())
    };
    Ffmpeg::find().unwrap().frames(&path, &every(7), &NO, check).unwrap();
    assert_eq!(seen, 15);
}

/// The counts of `count` are those of `data::frames`, which tests them.
#[test]
fn evenly_spaced_frames_are_those_of_image_sequences() {
    let dir = tempfile::tempdir().unwrap();
    let path = clip(dir.path(), "a.mkv", 4, "-c:v ffv1");
    for n in [2, 7, 32, 99, 100] {
        let frames: Vec<u32> = decode(&path, &count(n)).0.iter().map(|frame| frame.0).collect();
        let expected: Vec<u32> =
            (0..n).map(|k| (u64::from(k) * 99 / u64::from(n - 1)) as u32).collect();
        assert_eq!(frames, expected, "{n} of 100");
    }
}

#[test]
fn what_the_data_sets_hold_is_read() {
    let dir = tempfile::tempdir().unwrap();
    for (name, codec) in [
        ("high444.mp4", "-c:v libx264 -profile:v high444 -pix_fmt yuv444p"),
        ("hevc.mp4", "-c:v libx265 -x265-params log-level=none -pix_fmt yuv420p10le"),
        ("vp9.webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8"),
        ("mpeg4.avi", "-c:v mpeg4"),
        ("with sound [1].mov", "-f lavfi -i sine=d=4 -c:v libx264 -c:a aac -pix_fmt yuv420p"),
        ("-dash.mp4", "-c:v libx264 -pix_fmt yuv420p"),
    ] {
        let path = clip(dir.path(), name, 4, codec);
        let (frames, decoded) = decode(&path, &fps(1.0));
        assert_eq!(frames, [(0, 0), (25, 1000), (50, 2000), (75, 3000)], "{name}");
        assert_eq!(decoded.trouble, None, "{name}");
    }
}

/// Cut without encoding again: the packets from the key frame before the cut are there, and a
/// list says which of them are shown.
#[test]
fn frames_that_an_edit_list_hides_are_not_counted() {
    let dir = tempfile::tempdir().unwrap();
    let whole = clip(dir.path(), "whole.mp4", 4, "-c:v libx264 -g 100 -pix_fmt yuv420p");
    let cut = format!("-ss 1.6 -i {} -c copy", whole.display());
    let cut = make(dir.path(), "cut.mp4", &cut);
    let (all, _) = decode(&cut, &FrameRule::All);
    assert_eq!(all.len(), 60);
    let (frames, decoded) = decode(&cut, &count(8));
    let numbers: Vec<u32> = frames.iter().map(|frame| frame.0).collect();
    assert_eq!(numbers, [0, 8, 16, 25, 33, 42, 50, 59]);
    assert_eq!(decoded, Decoded { frames: 8, trouble: None });
}

/// Packets of which no frame can be made: what they refer to is gone.
#[test]
fn frames_that_cannot_be_decoded_are_not_counted() {
    let dir = tempfile::tempdir().unwrap();
    let codec =
        "-c:v libx264 -g 25 -bf 0 -pix_fmt yuv420p -x264-params repeat-headers=1:scenecut=0";
    let whole = clip(dir.path(), "whole.ts", 4, codec);
    let bytes = fs::read(&whole).unwrap();
    let beheaded = dir.path().join("beheaded.ts");
    fs::write(&beheaded, &bytes[188 * (bytes.len() / 188 / 3)..]).unwrap();
    let (all, _) = decode(&beheaded, &FrameRule::All);
    let (frames, decoded) = decode(&beheaded, &count(8));
    let numbers: Vec<usize> = frames.iter().map(|frame| frame.0 as usize).collect();
    let expected: Vec<usize> = (0..8).map(|k| k * (all.len() - 1) / 7).collect();
    assert!(all.len() > 20 && all.len() < 80, "{} frames", all.len());
    assert_eq!(numbers, expected);
    assert!(decoded.trouble.is_some());
}

#[test]
fn containers_of_phones_recorders_and_old_pages_are_read() {
    let dir = tempfile::tempdir().unwrap();
    for (name, codec) in [
        ("phone.3gp", "-c:v h263 -s 176x144"),
        ("disc.mpg", "-c:v mpeg2video"),
        ("disc.vob", "-c:v mpeg2video -f vob"),
        ("stream.mpg", "-c:v mpeg1video -f mpeg1video"),
        ("windows.wmv", "-c:v wmv2"),
        ("page.flv", "-c:v flv1"),
        ("page264.flv", "-c:v libx264 -pix_fmt yuv420p"),
        ("television.ts", "-c:v libx264 -bf 2 -pix_fmt yuv420p"),
        ("camera.m2ts", "-c:v libx264 -pix_fmt yuv420p -f mpegts -mpegts_m2ts_mode 1"),
        ("free.ogv", "-c:v libvpx -f ogg"),
    ] {
        let path = clip(dir.path(), name, 4, codec);
        for (rule, expected) in [(every(25), [0, 25, 50, 75]), (count(4), [0, 33, 66, 99])] {
            let (frames, decoded) = decode(&path, &rule);
            let numbers: Vec<u32> = frames.iter().map(|frame| frame.0).collect();
            assert_eq!(numbers, expected, "{name}");
            assert_eq!(decoded.trouble, None, "{name}");
        }
    }
}

#[test]
fn a_variable_rate_is_sampled_by_time() {
    let dir = tempfile::tempdir().unwrap();
    // Frames at 0.0 to 0.96 s, then none before 3.0 s.
    let path = clip(dir.path(), "vfr.mkv", 4, "-vf select='lt(t,1)+gte(t,3)' -vsync vfr -c:v ffv1");
    let (frames, _) = decode(&path, &fps(1.0));
    // The frame at 3 s is the first at or after 1, 2 and 3 s, and is taken once.
    assert_eq!(frames, [(0, 0), (25, 3000)]);
    assert_eq!(decode(&path, &fps(2.0)).0, [(0, 0), (13, 520), (25, 3000), (38, 3520)]);
}

#[test]
fn a_rotated_video_stands_upright() {
    let dir = tempfile::tempdir().unwrap();
    let flat = clip(dir.path(), "flat.mp4", 1, "-c:v libx264 -pix_fmt yuv420p");
    let turned = dir.path().join("turned.mp4");
    let turn = format!("-i {} -c copy -metadata:s:v rotate=90", flat.display());
    make(dir.path(), "turned.mp4", &turn);
    let mut sizes = Vec::new();
    let note = |frame: VideoFrame<'_>| {
        sizes.push(frame.size);
        Ok(())
    };
    Ffmpeg::find().unwrap().frames(&turned, &fps(1.0), &NO, note).unwrap();
    assert_eq!(sizes, [(48, 64)]);
}

#[test]
fn a_size_that_changes_on_the_way_ends_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let part = "-c:v mpeg2video -f mpegts";
    let small = clip(dir.path(), "small.ts", 1, part);
    let source = "-f lavfi -i testsrc=s=128x96:r=25:d=1 -output_ts_offset 1";
    let large = make(dir.path(), "large.ts", &format!("{source} {part}"));
    let both = dir.path().join("both.ts");
    fs::write(&both, [fs::read(small).unwrap(), fs::read(large).unwrap()].concat()).unwrap();
    let (frames, _) = decode(&both, &every(10));
    assert_eq!(frames, [(0, 0), (10, 400), (20, 800), (30, 1200), (40, 1600)]);
}

#[test]
fn what_cannot_be_decoded_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let sound = make(dir.path(), "sound.mp4", "-f lavfi -i sine=d=1 -c:a aac");
    let empty = dir.path().join("empty.mp4");
    fs::write(&empty, b"").unwrap();
    let text = dir.path().join("text.mp4");
    fs::write(&text, b"this is no video").unwrap();
    let whole = clip(dir.path(), "whole.mp4", 4, "-c:v libx264 -pix_fmt yuv420p");
    let headless = dir.path().join("headless.mp4");
    let bytes = fs::read(&whole).unwrap();
    fs::write(&headless, &bytes[..bytes.len() / 2]).unwrap();
    // A list of files is no video, whatever it is called.
    let list = dir.path().join("list.mp4");
    fs::write(&list, format!("ffconcat version 1.0\nfile {}\n", whole.display())).unwrap();
    let playlist = dir.path().join("playlist.mp4");
    let entries = format!("#EXTM3U\n#EXTINF:4,\n{}\n#EXT-X-ENDLIST\n", whole.display());
    fs::write(&playlist, entries).unwrap();
    for rule in [fps(1.0), count(3)] {
        for path in [&sound, &empty, &text, &headless, &list, &playlist, &dir.path().join("no")] {
            let (frames, decoded) = decode(path, &rule);
            assert_eq!(frames, [], "{}", path.display());
            assert!(decoded.trouble.is_some_and(|why| why.len() > 5), "{}", path.display());
        }
    }
}

#[test]
fn a_file_that_is_cut_off_is_used_as_far_as_it_goes() {
    let dir = tempfile::tempdir().unwrap();
    let whole = clip(dir.path(), "whole.mkv", 4, "-c:v libx264 -pix_fmt yuv420p -g 10");
    let bytes = fs::read(&whole).unwrap();
    let half = dir.path().join("half.mkv");
    fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();
    let (frames, decoded) = decode(&half, &fps(1.0));
    assert!((1..4).contains(&frames.len()), "{frames:?}");
    assert!(decoded.trouble.is_some());
}

#[test]
fn a_frame_too_large_to_hold_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let huge = "-f lavfi -i color=s=12000x12000:r=1:d=1 -c:v mjpeg -pix_fmt yuvj420p";
    let path = make(dir.path(), "huge.avi", huge);
    let (frames, decoded) = decode(&path, &FrameRule::All);
    assert_eq!((frames.len(), decoded.trouble.is_some()), (0, true));
}

#[cfg(unix)]
fn script(folder: &Path, text: &str) -> OsString {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("ffmpeg");
    let text =
        format!("#!/bin/sh\nif [ $1 = -version ]; then echo ffmpeg version 9; exit; fi\n{text}\n");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.into()
}

#[cfg(unix)]
#[test]
fn a_decoder_that_hangs_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let hanging = script(dir.path(), "exec sleep 600");
    let ffmpeg = Ffmpeg { patience: Duration::from_millis(300), ..Ffmpeg::at(hanging).unwrap() };
    let begun = Instant::now();
    let decoded = ffmpeg.frames(Path::new("x.mp4"), &fps(1.0), &NO, |_| Ok(())).unwrap();
    assert!(decoded.trouble.unwrap().contains("given up"));
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[cfg(unix)]
#[test]
fn a_decoder_is_stopped_with_everything_else() {
    let dir = tempfile::tempdir().unwrap();
    let hanging = Ffmpeg::at(script(dir.path(), "exec sleep 600")).unwrap();
    let stop = AtomicBool::new(true);
    let result = hanging.frames(Path::new("x.mp4"), &fps(1.0), &stop, |_| Ok(()));
    assert!(matches!(result, Err(Failure::Interrupted)));
}

#[cfg(unix)]
#[test]
fn nonsense_from_a_decoder_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let babbling = Ffmpeg::at(script(dir.path(), "echo hello; echo hello; echo hello")).unwrap();
    let result = babbling.frames(Path::new("x.mp4"), &fps(1.0), &NO, |_| Ok(()));
    assert!(result.unwrap_err().to_string().contains("not a PPM image"));
}

#[test]
fn without_ffmpeg_the_message_says_how_to_get_it() {
    let error = Ffmpeg::at("/no/such/ffmpeg".into()).unwrap_err().to_string();
    assert!(error.contains("apt install ffmpeg") && error.contains(VARIABLE), "{error}");
    let error = Ffmpeg::at("true".into()).unwrap_err().to_string();
    assert!(error.contains("it is not an ffmpeg"), "{error}");
}

#[test]
fn the_option_against_doubled_frames_follows_the_version() {
    for (version, option) in [
        ("ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright", "-vsync"),
        ("ffmpeg version 5.0.1 Copyright", "-vsync"),
        ("ffmpeg version 5.1.9-0+deb12u1 Copyright", "-fps_mode"),
        ("ffmpeg version n8.0 Copyright", "-fps_mode"),
        ("ffmpeg version N-109542-g1bf1ab3 Copyright", "-fps_mode"),
    ] {
        assert_eq!(passthrough(version)[0], option, "{version}");
    }
}
