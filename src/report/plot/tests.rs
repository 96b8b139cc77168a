//! A plot as a file: its form, its words, its PNG.

use super::chart::*;
use super::svg::{Theme, file, inline};
use super::{Axis, png};

fn plot() -> Plot {
    let series = |row: usize, points: &[(f64, f64)]| Series {
        mark: Mark::Row(row),
        points: points.to_vec(),
        dots: true,
    };
    let lines = Lines {
        x: Axis::share("x <&>"),
        y: Axis::of("y", [0.25, 0.5].into_iter()),
        diagonal: true,
        bars: vec![(0.0, 0.5, 1.0)],
        at: Some(0.5),
        series: vec![
            series(0, &[(0.0, 0.25), (1.0, 0.5)]),
            series(7, &[(0.5, 0.5)]),
            series(8, &[(0.5, f64::NAN), (f64::INFINITY, 0.4)]),
        ],
    };
    let panel = |title: &str, drawing| Panel {
        title: title.into(),
        description: format!("{title} in words"),
        row: None,
        size: (120.0, 100.0),
        drawing,
    };
    let scores = Halves {
        x: Axis::share("P(fake) of a video"),
        of: "videos".to_owned(),
        shares: [vec![0.5, 0.0, 0.5], Vec::new()],
        highest: 0.5,
        medians: [None, None],
    };
    Plot {
        name: "p".into(),
        title: "A plot of \"everything\" & more".into(),
        notes: vec!["a note".into()],
        legend: vec![
            Key { mark: Mark::Row(0), label: "one".into() },
            Key { mark: Mark::Row(7), label: "w".repeat(300) },
            Key { mark: Mark::Fake, label: "fake".into() },
        ],
        panels: vec![
            panel("lines", Drawing::Lines(lines)),
            panel("scores", Drawing::Halves(scores)),
        ],
        columns: 5,
    }
}

#[test]
fn a_plot_looks_as_it_should() {
    let svg = file(&plot(), Theme::Light);
    let drawn = svg.split_once("</style>").unwrap().1;
    insta::assert_snapshot!("plot", drawn);
}

#[test]
fn a_file_is_whole_and_says_what_it_shows() {
    let svg = file(&plot(), Theme::Both);
    for words in [
        "<title id=\"title\">A plot of &quot;everything&quot; &amp; more</title>",
        "lines: lines in words",
        "role=\"img\" aria-labelledby=\"title desc\"",
        "prefers-color-scheme: dark",
        ">no fake videos</text>",
        ">a note</text>",
        "wwww…</text>",
    ] {
        assert!(svg.contains(words), "{words}\n{svg}");
    }
    assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("var("), "{svg}");
    let inline = inline(&plot().panels[0], true, "here");
    assert!(inline.contains("aria-labelledby=\"here-t\" aria-describedby=\"here-d\""));
    assert!(!inline.contains("<style"));
}

#[test]
fn a_png_is_twice_as_large_and_has_text() {
    let svg = file(&plot(), Theme::Light);
    let bytes = png::render(&svg).unwrap();
    let image = image::load_from_memory(&bytes).unwrap().into_rgb8();
    let width = svg.split(" width=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(image.width(), width.parse::<u32>().unwrap() * 2);
    // The title's line, which has nothing else: some of it is dark.
    let dark =
        |y: u32| (0..image.width()).any(|x| image.get_pixel(x, y).0.iter().all(|c| *c < 100));
    assert!((30..62).any(dark), "the font does not draw");
    assert!(!dark(4));
    assert_eq!(png::render("no svg"), None);
}
