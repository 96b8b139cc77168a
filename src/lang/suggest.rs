//! What somebody probably meant.

/// The option nearest to a word: the only one, one that differs in case alone, or one
/// within a third of the word's length in Damerau-Levenshtein distance.
pub(super) fn nearest<'a>(
    word: &str,
    options: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let mut options: Vec<&str> = options.into_iter().collect();
    options.sort_unstable();
    options.dedup();
    if let [only] = options[..] {
        return Some(only);
    }
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let word = plain(word);
    if let Some(same) = options.iter().find(|option| plain(option) == word) {
        return Some(same);
    }
    // A typing mistake; words much longer than any option are not worth the time.
    let limit = (word.chars().count() / 3).min(8);
    options
        .into_iter()
        .filter(|option| option.len().abs_diff(word.len()) <= 4 * limit)
        .map(|option| (strsim::damerau_levenshtein(&plain(option), &word), option))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, option)| option)
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
    }

    #[test]
    fn lists_read_as_prose() {
        assert_eq!(list(["a", "b", "c"], "or"), "`a`, `b` or `c`");
        assert_eq!(list(["a"], "or"), "`a`");
    }
}
