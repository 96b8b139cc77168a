//! Capture conditions: what camera and delivery do to a picture.

use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, RgbImage};

use super::canvas::{Canvas, Rgb};
use super::identity::between;
use proofmark_base::rng::Rng;
use proofmark_lang::model::DemoCapture;

/// A range that a video's own value is drawn from.
type Span = (f32, f32);

/// What the videos of one capture condition have in common.
struct Conditions {
    /// Gain of red and of blue, relative to green.
    warmth: [Span; 2],
    exposure: Span,
    contrast: Span,
    saturation: Span,
    /// Sigma of the lens blur, in drawing units.
    lens: Span,
    /// Length of the motion blur, in drawing units.
    shake: Span,
    /// Standard deviation of the sensor's noise.
    grain: Span,
    /// Deliveries one after the other: face size in pixels, JPEG quality.
    passes: &'static [(Span, Span)],
}

/// The conditions by name; one place for all numbers.
const fn conditions(capture: DemoCapture) -> Conditions {
    match capture {
        DemoCapture::Studio => Conditions {
            warmth: [(0.97, 1.03), (0.97, 1.03)],
            exposure: (0.95, 1.05),
            contrast: (0.98, 1.08),
            saturation: (0.95, 1.1),
            lens: (0.0, 0.006),
            shake: (0.0, 0.0),
            grain: (0.015, 0.03),
            passes: &[((80.0, 96.0), (84.0, 95.0))],
        },
        DemoCapture::Webcam => Conditions {
            warmth: [(1.04, 1.14), (0.84, 0.95)],
            exposure: (0.85, 1.02),
            contrast: (0.9, 1.0),
            saturation: (0.85, 1.0),
            lens: (0.004, 0.012),
            shake: (0.0, 0.01),
            grain: (0.03, 0.05),
            passes: &[((60.0, 76.0), (66.0, 84.0))],
        },
        DemoCapture::Phone => Conditions {
            warmth: [(0.95, 1.08), (0.92, 1.06)],
            exposure: (0.92, 1.15),
            contrast: (1.05, 1.2),
            saturation: (1.0, 1.2),
            lens: (0.0, 0.008),
            shake: (0.0, 0.05),
            grain: (0.025, 0.05),
            passes: &[((40.0, 56.0), (36.0, 58.0))],
        },
        DemoCapture::Broadcast => Conditions {
            warmth: [(0.88, 0.96), (1.03, 1.12)],
            exposure: (0.95, 1.06),
            contrast: (1.0, 1.1),
            saturation: (0.9, 1.1),
            lens: (0.0, 0.01),
            shake: (0.0, 0.0),
            grain: (0.015, 0.03),
            passes: &[((70.0, 90.0), (58.0, 76.0))],
        },
        DemoCapture::Archive => Conditions {
            warmth: [(1.0, 1.12), (0.82, 0.95)],
            exposure: (0.9, 1.05),
            contrast: (0.8, 0.95),
            saturation: (0.3, 0.6),
            lens: (0.01, 0.02),
            shake: (0.0, 0.015),
            grain: (0.03, 0.05),
            passes: &[((34.0, 46.0), (34.0, 54.0))],
        },
        DemoCapture::Cinema => Conditions {
            warmth: [(0.94, 1.08), (0.94, 1.1)],
            exposure: (0.72, 0.9),
            contrast: (1.15, 1.35),
            saturation: (0.85, 1.1),
            lens: (0.0, 0.008),
            shake: (0.0, 0.015),
            grain: (0.02, 0.04),
            passes: &[((76.0, 92.0), (74.0, 88.0))],
        },
        DemoCapture::Social => Conditions {
            warmth: [(0.94, 1.12), (0.88, 1.08)],
            exposure: (0.9, 1.15),
            contrast: (1.05, 1.25),
            saturation: (1.1, 1.4),
            lens: (0.0, 0.014),
            shake: (0.0, 0.02),
            grain: (0.02, 0.05),
            passes: &[((48.0, 64.0), (40.0, 60.0)), ((36.0, 48.0), (34.0, 52.0))],
        },
    }
}

/// The camera and the delivery of one video.
#[derive(Clone, Debug, PartialEq)]
pub struct Capture {
    gain: Rgb,
    contrast: f32,
    saturation: f32,
    lens: f32,
    shake: (f32, f32),
    grain: f32,
    /// Side in pixels and JPEG quality of each delivery.
    passes: Vec<(usize, u8)>,
}

impl Capture {
    /// The capture of one video under `condition`, drawn from `rng`.
    pub fn new(condition: DemoCapture, rng: &mut Rng) -> Self {
        let c = conditions(condition);
        let exposure = draw(c.exposure, rng);
        Self {
            gain: [exposure * draw(c.warmth[0], rng), exposure, exposure * draw(c.warmth[1], rng)],
            contrast: draw(c.contrast, rng),
            saturation: draw(c.saturation, rng),
            lens: draw(c.lens, rng),
            shake: (draw(c.shake, rng), draw((0.0, std::f32::consts::PI), rng)),
            grain: draw(c.grain, rng),
            passes: c
                .passes
                .iter()
                .map(|(side, quality)| (draw(*side, rng) as usize, draw(*quality, rng) as u8))
                .collect(),
        }
    }

    /// How vivid its colours are; 1 leaves them alone.
    pub fn saturation(&self) -> f32 {
        self.saturation
    }

    /// What the lens and the picture profile make of a drawn scene.
    pub fn develop(&self, drawn: &Canvas) -> Canvas {
        let mut canvas = drawn.blurred(self.lens).smeared(self.shake.0, self.shake.1);
        for pixel in canvas.pixels_mut() {
            let gained: Rgb = std::array::from_fn(|c| pixel[c] * self.gain[c]);
            let luma = 0.299 * gained[0] + 0.587 * gained[1] + 0.114 * gained[2];
            *pixel = gained.map(|c| {
                let vivid = luma + (c - luma) * self.saturation;
                (0.5 + (vivid - 0.5) * self.contrast).clamp(0.0, 1.0)
            });
        }
        canvas
    }

    /// The sensor's noise for one frame of `pixels` pixels: a common and a coloured part.
    pub fn grain(&self, pixels: usize, rng: &mut Rng) -> Vec<Rgb> {
        // Four bytes add up to something near enough to a normal variable, of
        // standard deviation 1 / sqrt(3) of the full byte's range, in one draw.
        let mut unit = || {
            let sum: u32 = rng.next_u32().to_le_bytes().into_iter().map(u32::from).sum();
            (sum as f32 - 510.0) / 147.8
        };
        let colour = |common: f32, own: f32| self.grain * (common + 0.4 * own);
        (0..pixels)
            .map(|_| {
                let common = unit();
                let (red, blue) = (unit(), unit());
                [colour(common, red), colour(common, -0.5 * (red + blue)), colour(common, blue)]
            })
            .collect()
    }

    /// The picture as it arrives: every delivery's rescaling and compression, then
    /// the crop's own `size`.
    pub fn deliver(&self, canvas: &Canvas, size: u32) -> RgbImage {
        let mut canvas = canvas.clone();
        for (side, quality) in &self.passes {
            canvas = from_image(&recompressed(&to_image(&canvas.resized(*side)), *quality));
        }
        to_image(&canvas.resized(size as usize))
    }
}

fn draw((low, high): Span, rng: &mut Rng) -> f32 {
    between(low, high, rng)
}

/// The image after being written as a JPEG and read again.
fn recompressed(image: &RgbImage, quality: u8) -> RgbImage {
    let mut bytes = Vec::new();
    let written = JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(image);
    written.expect("a small RGB image in memory can be written as JPEG");
    let read = image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg);
    read.expect("the JPEG just written can be read").into_rgb8()
}

fn to_image(canvas: &Canvas) -> RgbImage {
    let byte = |c: f32| (c * 255.0).round().clamp(0.0, 255.0) as u8;
    let bytes = canvas.pixels().iter().flat_map(|pixel| pixel.map(byte)).collect();
    let side = canvas.side() as u32;
    RgbImage::from_raw(side, side, bytes).expect("a canvas is square and has three channels")
}

fn from_image(image: &RgbImage) -> Canvas {
    Canvas::new(
        image.width() as usize,
        image.pixels().map(|p| p.0.map(|c| f32::from(c) / 255.0)).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_base::math::sin_f32 as sin;
    use proofmark_base::rng::Stream;

    fn captures(condition: DemoCapture) -> impl Iterator<Item = Capture> {
        (0..20).map(move |i| Capture::new(condition, &mut Rng::new(3, Stream::Demo, 0, i)))
    }

    /// Fraction of the contrast of stripes, 5 pixels of a 64-pixel crop wide, that is
    /// left by delivery.
    fn detail(condition: DemoCapture) -> f32 {
        let stripes = Canvas::draw(96, |x, _| [0.5 + 0.1 * sin(x * 40.0); 3]);
        let contrast = |canvas: &Canvas| {
            canvas.pixels().iter().map(|p| (p[0] - 0.5).powi(2)).sum::<f32>()
                / canvas.pixels().len() as f32
        };
        let left = |capture: Capture| contrast(&from_image(&capture.deliver(&stripes, 96)));
        captures(condition).map(left).sum::<f32>() / 20.0 / contrast(&stripes)
    }

    #[test]
    fn delivery_in_the_wild_keeps_less_detail() {
        let trained =
            [DemoCapture::Studio, DemoCapture::Cinema, DemoCapture::Broadcast].map(detail);
        let wild = [DemoCapture::Phone, DemoCapture::Archive, DemoCapture::Social].map(detail);
        let worst = trained.into_iter().fold(1.0, f32::min);
        assert!(wild.iter().all(|wild| *wild < worst), "{trained:?}, {wild:?}");
        assert!(wild[2] > 0.02, "social media leave something: {wild:?}");
    }

    #[test]
    fn grain_has_the_deviation_it_says() {
        let capture = captures(DemoCapture::Webcam).next().unwrap();
        let grain = capture.grain(100_000, &mut Rng::new(1, Stream::Demo, 0, 0));
        // The common part of variance 1 and the coloured one of 0.4 squared.
        let variance = grain.iter().map(|g| g[0] * g[0]).sum::<f32>() / 100_000.0;
        let expected = capture.grain * capture.grain * 1.16;
        assert!((variance / expected - 1.0).abs() < 0.05, "{variance} for {expected}");
        let mean = grain.iter().map(|g| g[0]).sum::<f32>() / 100_000.0;
        assert!(mean.abs() < 0.01 * expected.sqrt() + 1e-3, "{mean}");
    }

    #[test]
    fn developing_shifts_colour_as_the_condition_does() {
        let grey = Canvas::draw(16, |_, _| [0.5; 3]);
        for capture in captures(DemoCapture::Webcam) {
            let [red, _, blue] = capture.develop(&grey).pixels()[0];
            assert!(red > blue, "warm light: {red} over {blue}");
        }
        for capture in captures(DemoCapture::Broadcast) {
            let [red, _, blue] = capture.develop(&grey).pixels()[0];
            assert!(red < blue, "cool light: {red} under {blue}");
        }
    }
}
