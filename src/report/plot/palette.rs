//! Colours, dashes and markers: what tells one row from another, also for those who see fewer
//! colours, in print and on a dark page.

use super::chart::Mark;

/// A colour on a light and on a dark page.
#[derive(Clone, Copy, Debug)]
pub struct Colour {
    /// On white.
    pub light: &'static str,
    /// On near-black.
    pub dark: &'static str,
}

const fn colour(light: &'static str, dark: &'static str) -> Colour {
    Colour { light, dark }
}

/// The colours of lines, after Okabe and Ito (2008), darkened or lightened until each has a
/// contrast of 3:1 with its page.
pub const LINES: [Colour; 6] = [
    colour("#0072b2", "#56b4e9"),
    colour("#c84e00", "#ff9248"),
    colour("#008a64", "#2fcf9f"),
    colour("#a8437f", "#e796c4"),
    colour("#8a6d00", "#e6c84a"),
    colour("#4b5563", "#c3cad3"),
];

/// Dashes of lines: the first colours are solid, then they begin again dashed.
const DASHES: [&str; 4] = ["", "7 3", "2 2.5", "9 3 2 3"];
/// Shapes of markers, around their middle.
const MARKERS: [&str; 6] = [
    "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z",
    "m-2.7-2.7h5.4v5.4h-5.4z",
    "m0-3.6l3.4 6h-6.8z",
    "m0-3.8l3.4 3.8l-3.4 3.8l-3.4-3.8z",
    "m0 3.6l3.4-6h-6.8z",
    "m-3.2-1h2.2v-2.2h2v2.2h2.2v2h-2.2v2.2h-2v-2.2h-2.2z",
];

/// Everything else that is drawn: class, property, colour.
const REST: [(&str, &str, Colour); 9] = [
    (".page", "fill", colour("#ffffff", "#14181d")),
    (".plot text", "fill", colour("#1b1f24", "#e6edf3")),
    (".plot .quiet", "fill", colour("#57606a", "#a2abb5")),
    (".plot .grid", "stroke", colour("#dde2e7", "#2c333a")),
    (".plot .axis", "stroke", colour("#57606a", "#a2abb5")),
    (".plot .bar", "fill", colour("#cfd6dd", "#3b444d")),
    (".plot .real", "fill", colour("#0b6bcb", "#58a6ff")),
    (".plot .fake", "fill", colour("#c2410c", "#fb8f5a")),
    (".plot .median", "stroke", colour("#1b1f24", "#e6edf3")),
];

/// What has no colour of its own.
const FORM: &str = "\
.plot text { font: 12px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; }
.plot .head { font-size: 17px; font-weight: 600; }
.plot .name { font-weight: 600; }
.plot .small { font-size: 11px; }
.plot .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.plot .grid, .plot .axis { fill: none; stroke-width: 1; }
.plot .at, .plot .chance { fill: none; stroke-width: 1; stroke-dasharray: 3 3; }
.plot .median { fill: none; stroke-width: 1.5; stroke-dasharray: 4 3; }
";

impl Mark {
    /// The classes of what is drawn so.
    pub fn class(self) -> String {
        match self {
            Self::Row(i) => format!("c{} d{}", i % LINES.len(), i / LINES.len() % DASHES.len()),
            Self::Line(i) => format!("c{} d{}", i % LINES.len(), i % DASHES.len()),
            Self::Real => "real".to_owned(),
            Self::Fake => "fake".to_owned(),
        }
    }

    /// The row.
    pub fn row(self) -> Option<usize> {
        match self {
            Self::Row(row) => Some(row),
            Self::Line(_) | Self::Real | Self::Fake => None,
        }
    }

    /// The shape of its markers, as the path of one around where it begins.
    pub fn marker(self) -> &'static str {
        match self {
            Self::Row(i) | Self::Line(i) => MARKERS[i % MARKERS.len()],
            Self::Real | Self::Fake => MARKERS[0],
        }
    }
}

/// The rules of a page that follows its reader's theme.
pub fn page_style() -> String {
    rules(|colour| format!("light-dark({}, {})", colour.light, colour.dark))
}

/// The rules of a file that is light, or dark where the reader's surroundings are. Converters
/// know neither variables nor conditions, and take the light ones.
pub fn file_style() -> String {
    format!(
        "{}@media (prefers-color-scheme: dark) {{\n{}}}\n",
        light_style(),
        colours(|c| c.dark.to_owned())
    )
}

/// The rules of a picture that is always light.
pub fn light_style() -> String {
    rules(|colour| colour.light.to_owned())
}

fn rules(value: impl Fn(Colour) -> String) -> String {
    let dashes = DASHES.iter().enumerate().filter(|(_, dash)| !dash.is_empty());
    let dashes =
        dashes.map(|(i, dash)| format!(".plot .line.d{i} {{ stroke-dasharray: {dash}; }}\n"));
    FORM.to_owned() + &dashes.collect::<String>() + &colours(value)
}

fn colours(value: impl Fn(Colour) -> String) -> String {
    let mut out = String::new();
    for (class, property, colour) in REST {
        out += &format!("{class} {{ {property}: {}; }}\n", value(colour));
    }
    let quiet = value(REST[4].2);
    out += &format!(".plot .at, .plot .chance {{ stroke: {quiet}; }}\n");
    for (i, colour) in LINES.into_iter().enumerate() {
        let value = value(colour);
        out += &format!(
            ".plot .line.c{i} {{ stroke: {value}; }} .plot .dot.c{i} {{ fill: {value}; }}\n"
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_base::math::pow;

    /// Relative luminance as WCAG 2 defines it.
    fn luminance(colour: &str) -> f64 {
        let channel = |i: usize| {
            let value = u8::from_str_radix(&colour[i..i + 2], 16).unwrap();
            let c = f64::from(value) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { pow((c + 0.055) / 1.055, 2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn what_is_drawn_stands_out_from_its_page() {
        let page = REST[0].2;
        let others =
            REST.iter().filter(|(class, ..)| class.ends_with("real") || class.ends_with("fake"));
        for colour in LINES.into_iter().chain(others.map(|(.., colour)| *colour)) {
            assert!(contrast(colour.light, page.light) >= 3.0, "{}", colour.light);
            assert!(contrast(colour.dark, page.dark) >= 3.0, "{}", colour.dark);
        }
        for text in [REST[1].2, REST[2].2] {
            assert!(contrast(text.light, page.light) >= 4.5, "{}", text.light);
            assert!(contrast(text.dark, page.dark) >= 4.5, "{}", text.dark);
        }
    }

    #[test]
    fn no_two_of_many_rows_look_alike() {
        let looks: std::collections::BTreeSet<String> =
            (0..24).map(|i| Mark::Row(i).class()).collect();
        assert_eq!(looks.len(), 24);
    }
}
