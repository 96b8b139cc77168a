//! A frame of a demo video, from its key to its pixels.

use image::RgbImage;

use super::canvas::Canvas;
use super::capture::Capture;
use super::identity::Identity;
use super::manipulate::{Edit, Frame};
use super::method::Method;
use super::portrait::Portrait;
use super::scene::Scene;
use super::video::DemoVideo;
use proofmark_base::rng::{Rng, Stream};
use proofmark_lang::model::DemoLayout;

/// Changes with every change of the pixels that the demo draws, so that stored faces
/// of an older generator are not taken for this one's.
pub const GENERATOR_VERSION: u32 = 2;

/// Side of the picture that is drawn and manipulated, in pixels. Edges are drawn with
/// their exact coverage of a pixel, so that no finer one is needed.
const DRAWN_SIDE: usize = 96;

/// The face crop of frame `frame` of `video`: `size` x `size` pixels, 32 to 224.
///
/// A pure function of (layout, key, frame, size). Everything happens on a canvas of
/// one resolution and only the last rescaling knows `size`, so a face is the same
/// picture at each size. A fake has the scene, movement, noise and delivery of the
/// real video it was made from.
pub fn render(layout: &DemoLayout, video: &DemoVideo, frame: u32, size: u32) -> RgbImage {
    let shot = Shot::new(layout, video, frame);
    shot.capture.deliver(&shot.taken(), size)
}

/// Everything that decides one frame.
struct Shot<'a> {
    layout: &'a DemoLayout,
    video: &'a DemoVideo,
    /// Whose head it is, and whose face a swap puts in.
    target: Identity,
    donor: Identity,
    scene: Scene,
    capture: Capture,
    frame: u32,
    /// Key of the real video, which names all that real and fake share.
    origin: &'a str,
}

impl<'a> Shot<'a> {
    fn new(layout: &'a DemoLayout, video: &'a DemoVideo, frame: u32) -> Self {
        let seed = layout.seed;
        let capture = layout.capture;
        let origin = video.pair.as_deref().unwrap_or(&video.key);
        let draw = |what: &str| Rng::named(seed, Stream::Demo, &format!("{what}/{origin}"));
        let person =
            |id: u32| Identity::new(&mut Rng::named(seed, Stream::Demo, &format!("identity/{id}")));
        Self {
            layout,
            video,
            target: person(video.target),
            donor: person(video.donor),
            scene: Scene::new(capture, &mut draw("scene")),
            capture: Capture::new(capture, &mut draw("capture")),
            frame,
            origin,
        }
    }

    fn rng(&self, what: &str) -> Rng {
        let name = format!("{what}/{}/{}", self.origin, self.frame);
        Rng::named(self.layout.seed, Stream::Demo, &name)
    }

    fn portrait(&self) -> Portrait<'_> {
        Portrait {
            outer: &self.target.outer,
            inner: &self.target.inner,
            scene: &self.scene,
            moment: self.scene.moment(self.frame, &mut self.rng("moment")),
        }
    }

    /// The frame as camera and manipulation leave it, before delivery.
    fn taken(&self) -> Canvas {
        let portrait = self.portrait();
        let pixel = 2.0 / DRAWN_SIDE as f32;
        let drawn = Canvas::draw(DRAWN_SIDE, |x, y| portrait.colour(x, y, pixel));
        let mut taken = self.capture.develop(&drawn);
        let grain = self.capture.grain(DRAWN_SIDE * DRAWN_SIDE, &mut self.rng("grain"));
        for (pixel, noise) in taken.pixels_mut().iter_mut().zip(&grain) {
            *pixel = std::array::from_fn(|c| pixel[c] + noise[c]);
        }
        let Some(method) = self.video.method.and_then(Method::named) else { return taken };
        let name = format!("edit/{}", self.video.key);
        let edit = Edit::new(method, &mut Rng::named(self.layout.seed, Stream::Demo, &name));
        let frame = Frame {
            portrait: &portrait,
            drawn: &drawn,
            taken: &taken,
            grain: &grain,
            capture: &self.capture,
        };
        edit.apply(&frame, &self.donor.inner)
    }
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::super::manipulate::radius;
    use super::super::method::{METHODS, Region};
    use super::super::{test_layout, videos};
    use super::*;
    use proofmark_lang::model::{DemoCapture, Label};

    const CAPTURES: [DemoCapture; 7] = [
        DemoCapture::Studio,
        DemoCapture::Webcam,
        DemoCapture::Phone,
        DemoCapture::Broadcast,
        DemoCapture::Archive,
        DemoCapture::Cinema,
        DemoCapture::Social,
    ];

    fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
        assert_eq!(a.len(), b.len());
        let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        sum as f64 / a.len() as f64
    }

    #[test]
    fn neither_order_nor_threads_change_a_byte() {
        let layout = test_layout(4, 1, 2);
        let list = videos(&layout, &["swap-feather", "gaze-shift"]).unwrap();
        let forwards: Vec<_> =
            list.par_iter().map(|video| render(&layout, video, 1, 48).into_raw()).collect();
        for (video, bytes) in list.iter().zip(&forwards).rev() {
            assert_eq!(&render(&layout, video, 1, 48).into_raw(), bytes, "{}", video.key);
        }
    }

    #[test]
    fn every_method_changes_the_inner_face_and_nothing_else() {
        let layout = test_layout(8, 1, 1);
        for method in &METHODS {
            let list = videos(&layout, &[method.name]).unwrap();
            let (mut inside, mut pixels) = (0.0, 0);
            for pair in list.chunks(2) {
                let [real, fake] = [&pair[0], &pair[1]].map(|video| Shot::new(&layout, video, 1));
                let portrait = real.portrait();
                let (before, after) = (real.taken(), fake.taken());
                for (i, (a, b)) in before.pixels().iter().zip(after.pixels()).enumerate() {
                    let unit = |i: usize| (i as f32 + 0.5) * 2.0 / DRAWN_SIDE as f32 - 1.0;
                    let place = portrait.place(unit(i % DRAWN_SIDE), unit(i / DRAWN_SIDE));
                    if radius(Region::Inner, place.face) >= 1.0 {
                        assert_eq!(a, b, "{} at pixel {i}", method.name);
                    } else {
                        inside += (0..3).map(|c| (a[c] - b[c]).abs()).sum::<f32>() / 3.0;
                        pixels += 1;
                    }
                }
            }
            let change = inside / pixels as f32;
            assert!((0.003..0.2).contains(&change), "{} changes {change}", method.name);
        }
    }

    #[test]
    fn a_fake_has_the_circumstances_of_its_real_video() {
        for capture in CAPTURES {
            let layout = DemoLayout { capture, ..test_layout(4, 2, 3) };
            let list = videos(&layout, &["swap-seam", "mouth-warp"]).unwrap();
            for fake in list.iter().filter(|video| video.label == Label::Fake) {
                let real =
                    list.iter().find(|video| Some(&video.key) == fake.pair.as_ref()).unwrap();
                let [real, fake] = [real, fake].map(|video| Shot::new(&layout, video, 2));
                assert_eq!(real.scene, fake.scene);
                assert_eq!(real.capture, fake.capture);
                assert_eq!(real.portrait().moment, fake.portrait().moment);
                assert_eq!(real.target, fake.target);
            }
            let shots: Vec<_> = list.iter().map(|video| Shot::new(&layout, video, 0)).collect();
            assert_ne!(shots[0].capture, shots[1].capture, "each real video has its own");
        }
    }

    #[test]
    fn a_face_is_the_same_picture_at_each_size() {
        let layout = test_layout(2, 1, 0);
        let video = &videos(&layout, &[]).unwrap()[0];
        let small = render(&layout, video, 0, 32);
        for size in [32, 48, 64, 100, 224] {
            let image = render(&layout, video, 0, size);
            assert_eq!(image.dimensions(), (size, size));
            let again =
                image::imageops::resize(&image, 32, 32, image::imageops::FilterType::Triangle);
            let difference = mean_difference(&again, &small);
            assert!(difference < 3.0, "size {size}: {difference}");
        }
    }

    #[test]
    fn frames_of_a_video_are_nearer_to_each_other_than_to_another_video() {
        let layout = test_layout(8, 2, 0);
        let list = videos(&layout, &[]).unwrap();
        let (mut within, mut between) = (0.0, 0.0);
        for pair in list.chunks(2) {
            let face = render(&layout, &pair[0], 0, 64);
            let later = render(&layout, &pair[0], 1, 64);
            assert_ne!(face, later, "a face moves");
            within += mean_difference(&face, &later);
            between += mean_difference(&face, &render(&layout, &pair[1], 0, 64));
        }
        assert!(within < 0.5 * between, "{within} within, {between} between");
    }

    #[test]
    fn the_generator_is_the_one_of_its_version() {
        // When this fails and the change is meant, raise GENERATOR_VERSION with it.
        assert_eq!(GENERATOR_VERSION, 2);
        let layout = test_layout(2, 1, 1);
        let list = videos(&layout, &["swap-seam"]).unwrap();
        let drawn = [0, 1].map(|i| {
            let image = render(&layout, &list[i], 0, 64);
            [(4, 4), (32, 12), (32, 34), (24, 30), (32, 46), (60, 60)]
                .map(|(x, y)| image.get_pixel(x, y).0)
        });
        assert_eq!(drawn, PINNED);
    }

    const PINNED: [[[u8; 3]; 6]; 2] = [
        [
            [57, 64, 90],
            [81, 50, 34],
            [204, 156, 121],
            [186, 171, 168],
            [182, 132, 101],
            [75, 66, 98],
        ],
        [
            [57, 64, 90],
            [83, 50, 35],
            [205, 171, 127],
            [200, 166, 125],
            [211, 170, 126],
            [75, 66, 98],
        ],
    ];
}
