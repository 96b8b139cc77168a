//! STUB until the detector's branch is merged.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Detection {
    pub bbox: [f32; 4],
    pub score: f32,
    pub landmarks: [[f32; 2]; 5],
}
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Options {
    pub score: f32,
    pub nms: f32,
    pub min_side: f32,
    pub long_side: u32,
}
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Detector;
#[derive(Debug, Default)]
#[allow(missing_docs)]
pub struct Scratch;
#[derive(Debug, thiserror::Error)]
#[error("stub")]
#[allow(missing_docs)]
pub struct DetectorError;
#[allow(missing_docs)]
impl Detector {
    pub fn embedded() -> Result<Self, DetectorError> {
        Ok(Self)
    }
    pub fn open(_path: &std::path::Path) -> Result<Self, DetectorError> {
        Ok(Self)
    }
    pub fn detect(
        &self,
        _rgb: &[u8],
        w: u32,
        h: u32,
        _o: &Options,
        _s: &mut Scratch,
    ) -> Result<Vec<Detection>, DetectorError> {
        let (w, h) = (w as f32, h as f32);
        Ok(vec![Detection {
            bbox: [w * 0.3, h * 0.3, w * 0.6, h * 0.7],
            score: 0.9,
            landmarks: [[0.0; 2]; 5],
        }])
    }
}
