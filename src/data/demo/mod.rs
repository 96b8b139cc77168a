//! Stand-in for the synthetic demo, whose own branch replaces this file.

use crate::lang::model::{DemoLayout, Family, Label};
use crate::lang::vocabulary::DEMO_METHODS;

/// One drawn video.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoVideo {
    /// Unique within the data set.
    pub key: String,
    /// Real or fake.
    pub label: Label,
    /// The demo method of a fake.
    pub method: Option<&'static str>,
    /// Family of the method.
    pub family: Option<Family>,
    /// Identity that must not straddle splits.
    pub group: String,
    /// Key of the original of a fake.
    pub pair: Option<String>,
    /// Number of frames.
    pub frames: u32,
}

/// What is wrong with a demo.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DemoError {
    /// A method that is not in the vocabulary.
    #[error("the demo has no method `{name}`")]
    UnknownMethod {
        /// Its name.
        name: String,
    },
}

/// The videos of a demo data set, by identity.
pub fn videos(layout: &DemoLayout, methods: &[&str]) -> Result<Vec<DemoVideo>, DemoError> {
    let mut out = Vec::new();
    for id in 0..layout.identities.value {
        let group = format!("id{id:03}");
        for v in 0..layout.videos.value {
            out.push(DemoVideo {
                key: format!("real/{group}-{v}"),
                label: Label::Real,
                method: None,
                family: None,
                group: group.clone(),
                pair: None,
                frames: layout.frames.value,
            });
        }
        let fakes = if methods.is_empty() { 0 } else { layout.fakes.value };
        for f in 0..fakes {
            let name = methods[(id + f) as usize % methods.len()];
            let (method, family) = *DEMO_METHODS
                .iter()
                .find(|m| m.0 == name)
                .ok_or_else(|| DemoError::UnknownMethod { name: name.to_owned() })?;
            out.push(DemoVideo {
                key: format!("{method}/{group}-{f}"),
                label: Label::Fake,
                method: Some(method),
                family: Some(family),
                group: group.clone(),
                pair: Some(format!("real/{group}-0")),
                frames: layout.frames.value,
            });
        }
    }
    Ok(out)
}
