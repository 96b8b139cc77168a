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
use crate::lang::model::DemoLayout;
use crate::rng::{Rng, Stream};

/// Changes with every change of the pixels that the demo draws, so that stored faces
/// of an older generator are not taken for this one's.
pub const GENERATOR_VERSION: u32 = 1;

/// Side of the picture that is drawn and manipulated, in pixels: about twice that of
/// the delivered face.
const DRAWN_SIDE: usize = 128;

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
        let seed = layout.seed.value;
        let capture = layout.capture.value;
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
        Rng::named(self.layout.seed.value, Stream::Demo, &name)
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
        let edit = Edit::new(method, &mut Rng::named(self.layout.seed.value, Stream::Demo, &name));
        let frame =
            Frame { portrait: &portrait, taken: &taken, grain: &grain, capture: &self.capture };
        edit.apply(&frame, &self.donor.inner)
    }
}
