//! Image files against what Pillow and OpenCV read from them, and files that are broken.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use proofmark_picture::jpeg_file::{self, JpegError};
use proofmark_prepare::crop::decode;
use proptest::prelude::*;

const MEMORY: u64 = 1 << 28;

struct Golden(BTreeMap<String, Tensor>);

impl Golden {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/jpeg/jpeg.safetensors");
        Self(candle_core::safetensors::load(path, &Device::Cpu).unwrap().into_iter().collect())
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().filter_map(|name| name.strip_suffix("|file"))
    }

    fn file(&self, name: &str) -> Vec<u8> {
        self.0[&format!("{name}|file")].to_vec1().unwrap()
    }

    /// (width, height) and RGB.
    fn pixels(&self, name: &str) -> ((u32, u32), Vec<u8>) {
        let tensor = &self.0[&format!("{name}|pixels")];
        let (height, width, _) = tensor.dims3().unwrap();
        ((width as u32, height as u32), tensor.flatten_all().unwrap().to_vec1().unwrap())
    }
}

/// Every sampling, scan and marker that people's files have, JPEG, PNG and WebP with each of the
/// eight orientations.
#[test]
fn pixels_are_to_the_byte_those_of_libjpeg_turbo_and_upright_as_opencv_turns_them() {
    let golden = Golden::read();
    let mut count = 0;
    for name in golden.names() {
        let image = decode(&golden.file(name)).unwrap_or_else(|why| panic!("{name}: {why}"));
        let (size, pixels) = golden.pixels(name);
        assert_eq!(image.dimensions(), size, "{name}");
        let different = image.as_raw().iter().zip(&pixels).filter(|(a, b)| a != b).count();
        assert_eq!(different, 0, "{name}: {different} of {} bytes differ", pixels.len());
        count += 1;
    }
    assert_eq!(count, 122);
}

/// What a decoder that goes on would fill with grey.
#[test]
fn a_file_that_is_cut_off_anywhere_is_no_image() {
    let golden = Golden::read();
    for name in ["quality 75 420", "progressive 444", "scans one by one", "restarts 420", "grey"] {
        let file = golden.file(name);
        // Without the last two bytes, which only say that this is the end, it is whole.
        assert!(decode(&file[..file.len() - 2]).is_ok(), "{name}");
        for length in (0..file.len() - 4).step_by(7) {
            let cut = decode(&file[..length]);
            assert!(cut.is_err(), "{name}, {length} of {} bytes", file.len());
        }
    }
    let file = golden.file("quality 75 420");
    let why = decode(&file[..file.len() * 4 / 5]).unwrap_err();
    assert_eq!(why, "the JPEG file is cut off: it ends after 33 % of its rows");
    // The end of a copy that was closed with the marker for it.
    let closed = [&file[..file.len() * 4 / 5], &[0xFF, 0xD9]].concat();
    let why = decode(&closed).unwrap_err();
    assert_eq!(why, "the JPEG file is damaged: its data make no sense after 33 % of its rows");
    let file = golden.file("progressive 444");
    let mut scans = file.windows(2).enumerate().filter(|(_, two)| *two == [0xFF, 0xDA]);
    let (last, _) = scans.next_back().unwrap();
    let why = decode(&file[..last]).unwrap_err();
    assert_eq!(why, "the JPEG file is cut off: it ends between its scans");
    let why = decode(&[&file[..last], &[0xFF, 0xD9]].concat()).unwrap_err();
    assert_eq!(why, "the JPEG file is damaged: scans with its detail are missing");
}

#[test]
fn garbage_in_the_middle_is_noticed() {
    let golden = Golden::read();
    for name in ["quality 95 444", "quality 95 420", "restarts 444", "progressive 420"] {
        let whole = golden.file(name);
        let (mut refused, mut tried) = (0, 0);
        for place in (whole.len() / 2..whole.len() - 40).step_by(23) {
            let mut file = whole.clone();
            for (i, byte) in file[place..place + 24].iter_mut().enumerate() {
                *byte = (place * 7 + i * 13) as u8;
            }
            tried += 1;
            refused += usize::from(decode(&file).is_err());
        }
        // What still has as many blocks as before cannot be known to be damaged.
        assert!(10 * refused >= 9 * tried, "{name}: {refused} of {tried}");
    }
}

#[test]
fn what_some_cameras_leave_before_the_end_does_no_harm() {
    let golden = Golden::read();
    let file = golden.file("quality 75 420");
    let (data, end) = file.split_at(file.len() - 2);
    let (_, pixels) = golden.pixels("quality 75 420");
    for more in [&[0x12, 0x34][..], &[0; 100], &[0xFF; 3], &[]] {
        let file = [data, more, end, b"a preview, or anything"].concat();
        assert_eq!(*decode(&file).unwrap().as_raw(), pixels, "{more:?}");
    }
    let why = decode(&[data, &[1, 2, 3, 4, 5], end].concat()).unwrap_err();
    assert_eq!(why, "the JPEG file is damaged: 5 bytes are left where its last block ends");
}

#[test]
fn forms_that_are_not_read_are_named() {
    let golden = Golden::read();
    let file = golden.file("quality 75 420");
    let frame = file.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
    let with = |changes: &[(usize, u8)]| {
        let mut file = file.clone();
        changes.iter().for_each(|(place, byte)| file[frame + place] = *byte);
        jpeg_file::read(&file, MEMORY).map(|_| ()).unwrap_err()
    };
    for (changes, why) in [
        (&[(1, 0xC9)][..], "in arithmetic codes"),
        (&[(1, 0xC3)], "hardly ever used"),
        (&[(4, 12)], "of 12 bits a value"),
        (&[(9, 2)], "of 2 components"),
        (&[(11, 0x31), (14, 0x21), (17, 0x21)], "a ratio that is no whole number"),
    ] {
        let error = with(changes);
        assert!(matches!(error, JpegError::Unsupported(_)), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
    assert!(matches!(with(&[(5, 0), (6, 0)]), JpegError::Damaged(_)));
    // A small file that says it is huge takes no memory for that.
    let huge = with(&[(5, 0x40), (7, 0x40)]);
    assert!(matches!(huge, JpegError::TooLarge { .. }), "{huge}");
    let long = with(&[(5, 0x20), (7, 0x08)]);
    assert!(matches!(long, JpegError::CutOff(_)), "{long}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Bytes are changed, put in, left out; what comes back is pixels or a reason.
    #[test]
    fn no_file_makes_the_decoder_panic(
        which in 0usize..122,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..8),
    ) {
        thread_local! { static GOLDEN: Golden = Golden::read(); }
        let mut file = GOLDEN.with(|golden| {
            let name = golden.names().nth(which).unwrap().to_owned();
            golden.file(&name)
        });
        for (place, byte, kind) in changes {
            let place = place.index(file.len());
            match kind {
                0 => file[place] = byte,
                1 => file.insert(place, byte),
                2 => file.truncate(place.max(4)),
                _ => drop(file.remove(place)),
            }
            if file.len() < 4 {
                break;
            }
        }
        if let Ok(image) = jpeg_file::read(&file, MEMORY) {
            let (width, height) = (image.pixels.width, image.pixels.height);
            prop_assert_eq!(image.pixels.rgb.len(), 3 * width * height);
        }
    }
}
