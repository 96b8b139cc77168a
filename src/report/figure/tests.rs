//! The figure of a made-up data set, and that it is an SVG.

use super::draw::plot;
use super::panels::{Amount, Figure, Panel};
use super::svg;
use crate::plot::chart::Drawing;
use proofmark_base::math::pow;

/// Values around a median, on either side the further away the rarer, up to a long tail.
fn around(count: u32, median: f64, spread: f64) -> Vec<f64> {
    let at = |i: u32| (f64::from(i) + 0.5) / f64::from(count);
    (0..count).map(|i| median * pow(at(i) / (1.0 - at(i)), spread)).collect()
}

fn whole(values: Vec<f64>) -> Vec<f64> {
    values.into_iter().map(f64::round).collect()
}

fn figure() -> Figure {
    Figure {
        title: "ITW <&> co.".into(),
        synthetic: false,
        amounts: [
            Amount { videos: 402, frames: 60_012, faces: 71_003 },
            Amount { videos: 338, frames: 24_100, faces: 25_000 },
        ],
        panels: vec![
            Panel {
                title: "Length of a video",
                axis: "seconds to its last sampled frame",
                unit: "s",
                of: "videos",
                whole: false,
                values: [around(401, 60.0, 0.5), around(337, 24.5, 0.4)],
            },
            Panel {
                title: "Faces in a video",
                axis: "faces in all sampled frames",
                unit: "",
                of: "videos",
                whole: true,
                values: [whole(around(402, 8.0, 0.3)), whole(around(338, 4.0, 0.6))],
            },
            Panel {
                title: "Size of a face",
                axis: "shorter side of its box, in pixels",
                unit: "px",
                of: "faces",
                whole: false,
                values: [around(500, 90.0, 0.3), around(400, 160.0, 0.2)],
            },
        ],
    }
}

/// Checks that tags are closed in order, attributes quoted, and that text has no bare markup.
fn assert_well_formed(text: &str) {
    let mut open = Vec::new();
    for piece in text.split('<').skip(1) {
        let (tag, words) = piece.split_once('>').expect("a closed tag");
        assert!(tag.matches('"').count().is_multiple_of(2), "{tag}");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split_whitespace().next().expect("a name")),
        }
        for entity in piece.split('&').skip(1) {
            let known = ["amp;", "lt;", "gt;", "quot;"].iter().any(|e| entity.starts_with(e));
            assert!(known, "{words}");
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

#[test]
fn a_figure_looks_as_it_should() {
    let text = svg(&figure());
    assert_well_formed(&text);
    insta::assert_snapshot!("figure", text);
}

#[test]
fn a_figure_says_in_words_what_it_shows() {
    let text = svg(&figure());
    for words in [
        "<title id=\"title\">Label-wise statistics of ITW &lt;&amp;&gt; co.</title>",
        "real, above the axis: 402 videos, 60,012 frames, 71,003 faces<",
        "fake, below it: 338 videos, 24,100 frames, 25,000 faces<",
        "real has a median of 60 s, and half of its 401 videos between 34.7 s and 104 s",
        "fake has a median of 24.5 s",
        "role=\"img\" aria-labelledby=\"title desc\"",
        "prefers-color-scheme: dark",
        ">seconds to its last sampled frame</text>",
        ">share of its videos</text>",
        "Medians (dashed): length of a video real 60 s, fake 24.5 s; faces in a video real 8",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert!(!text.contains("synthetic") && !text.contains("<script") && !text.contains("NaN"));
    let mut demo = figure();
    demo.synthetic = true;
    assert!(svg(&demo).contains("(synthetic demo: drawn faces, not real data)"));
}

/// The bars of each label stand for all of its values.
#[test]
fn bars_have_the_height_of_their_share() {
    for panel in plot(&figure()).panels {
        let Drawing::Halves(halves) = panel.drawing else { panic!("{}", panel.title) };
        for shares in &halves.shares {
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{shares:?}");
            assert!(shares.iter().all(|share| *share <= halves.highest), "{shares:?}");
        }
        let inside = |value: f64| (halves.x.low..=halves.x.high).contains(&value);
        assert!(halves.medians.iter().flatten().all(|median| inside(*median)));
        assert!(halves.x.ticks.iter().all(|(value, _)| inside(*value)), "{:?}", halves.x);
        assert!(halves.x.ticks.len() > 3, "{:?}", halves.x);
    }
}

#[test]
fn labels_without_values_leave_their_half_empty() {
    let mut figure = figure();
    figure.panels[0].values = [Vec::new(), Vec::new()];
    figure.panels[1].values[1].clear();
    figure.panels[2].values = [vec![224.0; 3], vec![224.0]];
    let text = svg(&figure);
    assert_well_formed(&text);
    assert!(text.contains("no real videos") && text.contains("fake has none"), "{text}");
    assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    assert!(text.contains("size of a face real 224 px, fake 224 px"), "{text}");
}
