//! What somebody probably meant.

use super::synonyms;
use proofmark_text::near as spelling;

/// The option nearest to a word: the only one, or as [`near`].
pub(super) fn nearest<'a>(
    word: &str,
    options: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let mut options: Vec<&str> = options.into_iter().collect();
    options.sort_unstable();
    options.dedup();
    match options[..] {
        [only] => Some(only),
        _ => near(word, options),
    }
}

/// The option near to a word: one that differs in case alone, one that is called so elsewhere, or
/// one that is near in spelling.
pub fn near<'a>(word: &str, options: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let options: Vec<&str> = options.into_iter().collect();
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    if let Some(same) = options.iter().find(|option| plain(option) == plain(word)) {
        return Some(same);
    }
    let here = synonyms::here(word).find_map(|here| options.iter().find(|o| **o == here));
    here.copied().or_else(|| spelling::near(word, options))
}

/// The declared name near to one that is not declared: as [`near`], or the only one that begins
/// with it, those that nothing uses yet first.
pub(super) fn near_name<'a>(
    word: &str,
    options: impl IntoIterator<Item = (&'a str, bool)>,
) -> Option<&'a str> {
    let options: Vec<(&str, bool)> = options.into_iter().collect();
    if let Some(near) = near(word, options.iter().map(|(option, _)| *option)) {
        return Some(near);
    }
    let begins = |used: bool| {
        let of = options.iter().filter(move |(_, other)| *other == used);
        let mut of = of.filter(|(option, _)| option.starts_with(word) || word.starts_with(option));
        of.next().filter(|_| of.next().is_none()).map(|(option, _)| *option)
    };
    if word.is_empty() { None } else { begins(false).or_else(|| begins(true)) }
}

/// The question whether another word was meant. Letters that only look like those of the other
/// word are named.
pub(super) fn did_you_mean(word: &str, meant: &str) -> String {
    let foreign = word.chars().find(|c| !c.is_ascii() && c.is_alphabetic());
    match foreign.filter(|_| meant.is_ascii()) {
        Some(letter) => format!(
            "did you mean `{meant}`? `{letter}` is the letter U+{:04X}, not one of a to z",
            letter as u32
        ),
        None => format!("did you mean `{meant}`?"),
    }
}

/// `` `a`, `b` and `c` ``.
pub(super) fn list<'a>(words: impl IntoIterator<Item = &'a str>, last: &str) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_prefers_case_then_distance() {
        assert_eq!(nearest("lr", ["learning"]), Some("learning"));
        assert_eq!(nearest("WARMUP", ["warmup", "min-lr"]), Some("warmup"));
        assert_eq!(nearest("weight_decay", ["weight-decay", "layer-decay"]), Some("weight-decay"));
        assert_eq!(nearest("bacth", ["batch", "epochs"]), Some("batch"));
        assert_eq!(nearest("zzz", ["batch", "epochs"]), None);
        assert_eq!(nearest("x", []), None);
        assert_eq!(nearest("learning_rate", ["lr", "weight-decay"]), Some("lr"));
    }

    #[test]
    fn names_are_suggested_where_something_speaks_for_them() {
        assert_eq!(near_name("demo-wdf", [("mine", false)]), None);
        assert_eq!(near_name("b", [("ba", false), ("base", true)]), Some("ba"));
        assert_eq!(near_name("b", [("ba", false), ("base", false)]), None);
        assert_eq!(near_name("bse", [("base", true), ("more", false)]), Some("base"));
        assert_eq!(near_name("", [("base", true)]), None);
    }

    #[test]
    fn letters_that_only_look_right_are_named() {
        assert_eq!(did_you_mean("bacth", "batch"), "did you mean `batch`?");
        assert!(did_you_mean("b\u{430}tch", "batch").contains("U+0430"));
    }

    #[test]
    fn lists_read_as_prose() {
        assert_eq!(list(["a", "b", "c"], "or"), "`a`, `b` or `c`");
        assert_eq!(list(["a"], "or"), "`a`");
    }
}
