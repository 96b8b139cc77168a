//! Faces of an image or a video, found and cut as those that the model was trained on.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::media::{Medium, Sort};
use super::request::{Faces, Request};
use proofmark_base::work::Failure;
use proofmark_lang::model::{Framing, Interpolation, Take};
use proofmark_picture::resize::resize;
use proofmark_picture::resize::{Filter, Window};
use proofmark_prepare::crop::read_image;
use proofmark_prepare::cut::Cut;
use proofmark_prepare::detect::{Detector, Scratch};
use proofmark_prepare::ffmpeg::{Ffmpeg, VideoFrame};
use proofmark_prepare::run::Search;
use proofmark_prepare::sampling::needs_length;
use proofmark_train::card::{FaceCard, FrameCard, SearchCard};
use proofmark_train::checkpoint::ModelCard;

/// How faces are had.
#[derive(Clone, Debug, PartialEq)]
pub struct Way(FaceCard);

/// What a model without a card for faces is used with when they are to be looked for: what a data
/// set of videos has if it says nothing.
fn usual(size: u32) -> FaceCard {
    let search = SearchCard {
        weights: None,
        score: 0.8,
        nms: 0.4,
        min_face: 20,
        long_side: 1280,
        take: Take::All,
        margin: 0.3,
        framing: Framing::Square,
        filter: Interpolation::Bicubic,
    };
    FaceCard { datasets: Vec::new(), frames: FrameCard::Fps(1.0), search: Some(search), size }
}

impl Way {
    /// The way that the request and the model's card come to, and what has to be said of it.
    pub(super) fn choose(
        card: &ModelCard,
        request: &Request<'_>,
        videos: bool,
    ) -> Result<(Self, Vec<String>), Failure> {
        let (mut way, mut notes) = of_card(card, request, videos)?;
        match request.faces {
            Faces::AsTrained => {}
            Faces::Given => way.search = None,
            Faces::Detect if way.search.is_none() => {
                way.search = usual(way.size).search;
                notes.push(
                    "faces are looked for as in data sets of videos (RetinaFace, 30 % margin): the \
                     model was not trained on faces that were found so"
                        .to_owned(),
                );
            }
            Faces::Detect => {}
        }
        if way.search.is_none() && request.faces == Faces::AsTrained {
            let what = if videos { "images and frames of videos" } else { "images" };
            notes.push(format!(
                "{what} are taken for faces, as when the model was trained; `--faces detect` looks \
                 for faces in them"
            ));
        }
        Ok((Self(way), notes))
    }
}

fn of_card(
    card: &ModelCard,
    request: &Request<'_>,
    videos: bool,
) -> Result<(FaceCard, Vec<String>), Failure> {
    let named = |like: &str| card.faces.iter().find(|c| c.datasets.iter().any(|d| d == like));
    let known = || -> Vec<&str> {
        card.faces.iter().flat_map(|c| c.datasets.iter().map(String::as_str)).collect()
    };
    match (request.like, card.faces.as_slice()) {
        (Some(like), _) => named(like).map(|way| (way.clone(), Vec::new())).ok_or_else(|| {
            Failure::data(format!(
                "the model was not trained on `{like}`; its data sets are: {}",
                known().join(", ")
            ))
        }),
        (None, [only]) => Ok((only.clone(), Vec::new())),
        (None, [first, ..]) => {
            let note = format!(
                "the faces of the model's data sets were cut in {} ways; this is that of {}, and \
                 `--like DATASET` takes another",
                card.faces.len(),
                first.datasets.join(", ")
            );
            Ok((first.clone(), vec![note]))
        }
        (None, []) => match request.faces {
            Faces::AsTrained if videos => Err(Failure::data(
                "the model does not say how its faces were found and cut, so that those of videos \
                 cannot be cut alike; `--faces detect` looks for them in the usual way, `--faces \
                 given` takes every frame for a face",
            )),
            Faces::AsTrained | Faces::Given | Faces::Detect => {
                Ok((FaceCard { search: None, ..usual(card.face_side) }, Vec::new()))
            }
        },
    }
}

/// A face, cut out.
pub(super) struct Crop {
    pub rgb: Vec<u8>,
    pub frame: Option<u32>,
    pub seconds: Option<f64>,
    /// Box and score of the detector, if there was one.
    pub found: Option<([f32; 4], f32)>,
}

/// What was seen of a medium besides its faces.
pub(super) struct Seen {
    /// Images or frames that were looked at.
    pub frames: u32,
    pub error: Option<String>,
}

/// A way with its detector.
pub(super) struct Eyes {
    way: FaceCard,
    search: Option<(Search, Cut)>,
}

impl Eyes {
    /// Loads the detector. One of somebody else's weights is taken from `file`, which must be the
    /// one that the model's faces were found with.
    pub fn open(Way(way): Way, file: Option<&Path>) -> Result<Self, Failure> {
        let Some(card) = &way.search else { return Ok(Self { way, search: None }) };
        if let Some(digest) = &card.weights {
            let Some(file) = file else {
                return Err(Failure::data(
                    "the model's faces were found with a detector of weights of one's own; name \
                     their file with `--detector FILE`",
                ));
            };
            let bytes = std::fs::read(file).map_err(|e| Failure::read(file, &e))?;
            if blake3::hash(&bytes).to_hex()[..32] != **digest {
                return Err(Failure::data(format!(
                    "{} is not the detector that the model's faces were found with; looked for \
                     one with the digest {digest}",
                    file.display()
                )));
            }
        }
        let detector = match file {
            Some(file) => Detector::open(file),
            None => Detector::embedded(),
        };
        let detector = detector.map_err(Failure::data)?;
        let search = Search { detector, options: card.options(), take: card.take };
        let cut = card.cut(way.size);
        Ok(Self { way, search: Some((search, cut)) })
    }

    /// Side of the crops in pixels.
    pub fn side(&self) -> u32 {
        self.way.size
    }

    /// Hands every face of a medium to `each`, in order.
    ///
    /// # Errors
    /// What `each` says, and what concerns more than this medium.
    pub fn look(
        &self,
        medium: &Medium,
        ffmpeg: Option<&Ffmpeg>,
        mut each: impl FnMut(Crop) -> Result<(), Failure>,
    ) -> Result<Seen, Failure> {
        let mut scratch = Scratch::default();
        match (medium.sort, ffmpeg) {
            (Sort::Image, _) => match read_image(&medium.path) {
                Ok(image) => {
                    let size = image.dimensions();
                    self.faces(image.as_raw(), size, (None, None), &mut scratch, &mut each)?;
                    Ok(Seen { frames: 1, error: None })
                }
                Err(why) => Ok(Seen { frames: 0, error: Some(why) }),
            },
            (Sort::Video, None) => Err(Failure::Internal("videos without ffmpeg".to_owned())),
            (Sort::Video, Some(ffmpeg)) => {
                let rule = self.way.frames.rule();
                let stop = AtomicBool::new(false);
                // Frames that may be picked anew are kept until the end.
                let keep = needs_length(&rule);
                let mut kept = Vec::new();
                let decoded = ffmpeg.frames(&medium.path, &rule, &stop, |frame| {
                    let VideoFrame { anew, index, seconds, size, rgb } = frame;
                    if anew {
                        kept.clear();
                    }
                    let at = (Some(index), Some(seconds).filter(|s| s.is_finite()));
                    self.faces(rgb, size, at, &mut scratch, &mut |crop| match keep {
                        true => {
                            kept.push(crop);
                            Ok(())
                        }
                        false => each(crop),
                    })
                })?;
                kept.into_iter().try_for_each(&mut each)?;
                Ok(Seen { frames: decoded.frames, error: decoded.trouble })
            }
        }
    }

    /// The faces of one frame.
    fn faces(
        &self,
        rgb: &[u8],
        size: (u32, u32),
        (frame, seconds): (Option<u32>, Option<f64>),
        scratch: &mut Scratch,
        each: &mut impl FnMut(Crop) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Some((search, cut)) = &self.search else {
            let rgb = whole(rgb, size, self.way.size);
            return each(Crop { rgb, frame, seconds, found: None });
        };
        for face in search.faces(rgb, size, scratch)? {
            if let Some(rgb) = cut.cut(rgb, size, face.bbox) {
                each(Crop { rgb, frame, seconds, found: Some((face.bbox, face.score)) })?;
            }
        }
        Ok(())
    }
}

/// The largest centred square of a frame.
fn whole(rgb: &[u8], (width, height): (u32, u32), side: u32) -> Vec<u8> {
    let window = Window::centre_square(width, height);
    resize(rgb, width, window, side, Filter::Bicubic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_lang::model::{Pool, Pooling, Resize};
    use proofmark_model::vit::VitConfig;

    fn card(faces: Vec<FaceCard>) -> ModelCard {
        let network = VitConfig {
            patch: 4,
            width: 8,
            depth: 1,
            heads: 2,
            image: 8,
            hidden: 16,
            layer_scale: None,
            registers: 0,
            pool: Pool::Cls,
            drop_path: 0.0,
            classes: 2,
        };
        ModelCard {
            experiment: "e".to_owned(),
            key: "k".to_owned(),
            inputs: serde_json::Value::Null,
            epoch: 1,
            classes: vec!["real".to_owned(), "fake".to_owned()],
            network: network.into(),
            mean: [0.5; 3],
            std: [0.5; 3],
            resize: Resize::Straight,
            faces,
            face_side: 32,
        }
    }

    fn of(dataset: &str, size: u32) -> FaceCard {
        FaceCard { datasets: vec![dataset.to_owned()], ..usual(size) }
    }

    fn request(faces: Faces, like: Option<&str>) -> Request<'_> {
        Request { faces, like, detector: None, rule: Pooling::Mean, threshold: 0.5 }
    }

    #[test]
    fn faces_are_cut_as_the_card_says() {
        let two = card(vec![of("a", 64), of("b", 96)]);
        let choose = |faces, like| Way::choose(&two, &request(faces, like), true);
        let (way, notes) = choose(Faces::AsTrained, None).unwrap();
        assert_eq!((way.0.size, notes.len()), (64, 1));
        assert!(notes[0].contains("in 2 ways; this is that of a"), "{notes:?}");
        let (way, notes) = choose(Faces::AsTrained, Some("b")).unwrap();
        assert_eq!((way.0.size, notes.len()), (96, 0));
        let error = choose(Faces::AsTrained, Some("c")).unwrap_err().to_string();
        assert!(error.contains("not trained on `c`; its data sets are: a, b"), "{error}");
        assert!(choose(Faces::Given, Some("b")).unwrap().0.0.search.is_none());
    }

    /// A model of somebody else's, or of an earlier version.
    #[test]
    fn without_a_card_videos_are_no_guess() {
        let none = card(Vec::new());
        let choose = |faces, videos| Way::choose(&none, &request(faces, None), videos);
        let error = choose(Faces::AsTrained, true).unwrap_err().to_string();
        assert!(error.contains("does not say how its faces were found"), "{error}");
        let (way, notes) = choose(Faces::AsTrained, false).unwrap();
        assert!(way.0.search.is_none() && notes[0].contains("are taken for faces"), "{notes:?}");
        let (way, notes) = choose(Faces::Detect, true).unwrap();
        assert!(way.0.search.is_some() && notes[0].contains("30 % margin"), "{notes:?}");
    }

    #[test]
    fn a_detector_of_ones_own_must_be_the_same() {
        let mut card = of("a", 64);
        if let Some(search) = &mut card.search {
            search.weights = Some("0".repeat(32));
        }
        let open =
            |file: Option<&Path>| Eyes::open(Way(card.clone()), file).err().unwrap().to_string();
        assert!(open(None).contains("`--detector FILE`"));
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(open(Some(file.path())).contains("is not the detector that the model's faces"));
    }
}
