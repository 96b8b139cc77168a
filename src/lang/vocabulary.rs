//! Words that the language shares with the stages behind it.

use super::nodes::Family;

/// The methods that the synthetic demo can draw: name and family.
pub const DEMO_METHODS: &[(&str, Family)] = &[
    ("swap-feather", Family::FaceSwap),
    ("swap-seam", Family::FaceSwap),
    ("swap-lowres", Family::FaceSwap),
    ("swap-poisson", Family::FaceSwap),
    ("swap-smooth", Family::FaceSwap),
    ("swap-warp", Family::FaceSwap),
    ("swap-grid", Family::FaceSwap),
    ("mouth-paste", Family::Reenactment),
    ("mouth-warp", Family::Reenactment),
    ("gaze-shift", Family::Reenactment),
    ("pose-warp", Family::Reenactment),
    ("lipsync-blur", Family::Reenactment),
    ("expression-warp", Family::Reenactment),
];
