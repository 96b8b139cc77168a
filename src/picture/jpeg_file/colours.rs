//! Which colours the components of a file are, and the way from them to red, green and blue.

use super::error::JpegError;
use super::segments::Segments;
use crate::channels::Channels;
use crate::colour::to_rgb;

/// What the components are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// Brightness alone.
    Grey,
    /// Brightness, blueness, redness.
    Chroma,
    /// Red, green, blue.
    Rgb,
    /// How much of cyan, magenta, yellow and black is absent, as Adobe writes it.
    Cmyk,
    /// [`Colours::Cmyk`], its first three as brightness, blueness and redness.
    ChromaAndBlack,
}

impl Colours {
    /// As libjpeg guesses them, which nothing in the format tells for sure.
    pub fn of(file: &Segments<'_>) -> Result<Self, JpegError> {
        let ids: Vec<u8> =
            file.frame.iter().flat_map(|frame| &frame.components).map(|c| c.id).collect();
        Ok(match (ids.as_slice(), file.adobe) {
            ([_], _) => Self::Grey,
            ([_, _, _], _) if file.jfif => Self::Chroma,
            ([_, _, _], Some(0)) | ([b'R', b'G', b'B'], None) => Self::Rgb,
            ([_, _, _], _) => Self::Chroma,
            ([_, _, _, _], None | Some(0)) => Self::Cmyk,
            ([_, _, _, _], Some(_)) => Self::ChromaAndBlack,
            _ => return Err(JpegError::damaged("it has no components")),
        })
    }

    /// A row of pixels from one of each component; `channels` is for what lies between.
    pub fn row(self, parts: &[&[u8]], channels: &mut Channels, out: &mut [[u8; 3]]) {
        match (self, parts) {
            (Self::Grey, &[grey]) => {
                for (pixel, grey) in out.iter_mut().zip(grey) {
                    *pixel = [*grey; 3];
                }
            }
            (Self::Rgb, &[red, green, blue]) => {
                for (channel, part) in channels.0.iter_mut().zip([red, green, blue]) {
                    let length = channel.len();
                    channel.copy_from_slice(&part[..length]);
                }
                channels.get(out);
            }
            (Self::Chroma, &[luma, blue, red]) => {
                to_rgb([luma, blue, red], channels);
                channels.get(out);
            }
            (Self::Cmyk, &[cyan, magenta, yellow, black]) => {
                for (i, pixel) in out.iter_mut().enumerate() {
                    *pixel = [cyan[i], magenta[i], yellow[i]].map(|value| inked(value, black[i]));
                }
            }
            (Self::ChromaAndBlack, &[luma, blue, red, black]) => {
                // What the three stand for is ink that is there.
                to_rgb([luma, blue, red], channels);
                channels.get(out);
                for (pixel, black) in out.iter_mut().zip(black) {
                    *pixel = pixel.map(|value| inked(255 - value, *black));
                }
            }
            // `of` has as many components as the colours need.
            (Self::Grey | Self::Rgb | Self::Chroma | Self::Cmyk | Self::ChromaAndBlack, _) => {}
        }
    }
}

/// What ink leaves of a colour where black leaves this much, as Pillow mixes them.
fn inked(absent: u8, black: u8) -> u8 {
    let covered = u32::from(255 - absent) * u32::from(black) + 128;
    black - (((covered >> 8) + covered) >> 8) as u8
}
