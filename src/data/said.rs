//! What is said of videos besides, in words: how many there are of each value of each attribute.

use std::collections::BTreeMap;

use super::video::Video;
use proofmark_lang::model::Label;

/// Most values that are listed of an attribute.
const LISTED: usize = 12;

/// A sentence for each attribute: its values with their real and fake videos.
pub(super) fn told(videos: &[Video]) -> Vec<String> {
    let mut found: BTreeMap<&str, BTreeMap<&str, [u64; 2]>> = BTreeMap::new();
    for video in videos {
        for (name, value) in &video.attributes {
            let counts = found.entry(name).or_default().entry(value).or_default();
            counts[usize::from(video.label == Label::Fake)] += 1;
        }
    }
    let of_attribute = |(name, values): (&&str, &BTreeMap<&str, [u64; 2]>)| {
        let shown = values.iter().take(LISTED).map(|(value, [reals, fakes])| {
            let value = if value.is_empty() { "not said" } else { value };
            format!("{value} {reals} real, {fakes} fake")
        });
        let shown: Vec<String> = shown.collect();
        let more = match values.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!("; and {more} values more"),
        };
        format!("videos by {name}: {}{more}", shown.join("; "))
    };
    found.iter().map(of_attribute).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::MediaKind;

    #[test]
    fn videos_are_counted_by_what_is_said_of_them() {
        let video = |i: usize, label: Label| Video {
            dataset: "d".to_owned(),
            key: i.to_string(),
            label,
            method: None,
            family: None,
            split: None,
            groups: Vec::new(),
            pair: None,
            kind: MediaKind::Video,
            source_line: None,
            attributes: [("age".to_owned(), i.to_string()), ("sex".to_owned(), "f".repeat(i % 2))]
                .into(),
        };
        let labels = [Label::Real, Label::Real, Label::Fake];
        let videos: Vec<Video> = (10..24).map(|i| video(i, labels[i % 3])).collect();
        let told = told(&videos);
        assert!(
            told[0].starts_with("videos by age: 10 1 real, 0 fake; 11 0 real, 1 fake; "),
            "{told:?}"
        );
        assert!(told[0].ends_with("; and 2 values more"), "{told:?}");
        assert_eq!(told[1], "videos by sex: not said 5 real, 2 fake; f 4 real, 3 fake");
    }
}
