//! What somebody probably meant by a word that is none of those that there are.

/// The option nearest to a word in spelling: one that differs in case, spaces around it or `_` for `-` alone,
/// or else the one of the fewest slips of the pen (Damerau-Levenshtein), if those are at most a third of the
/// word's letters, and at least one is allowed.
pub fn near<'a>(word: &str, options: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.trim().to_lowercase().replace('_', "-");
    let word = plain(word);
    // Words much longer than any option are not worth the time.
    let limit = (word.chars().count() / 3).clamp(1, 8);
    let distance = |option: &&'a str| {
        let option = plain(option);
        match option == word {
            true => Some(0),
            false if option.len().abs_diff(word.len()) > 4 * limit => None,
            // Of a single letter, any other is as near.
            false if word.chars().count() < 2 => None,
            false => Some(strsim::damerau_levenshtein(&option, &word)).filter(|d| *d <= limit),
        }
    };
    let near = options.into_iter().filter_map(|option| Some((distance(&option)?, option)));
    near.min().map(|(_, option)| option)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_comes_before_slips_of_the_pen() {
        assert_eq!(near("WARMUP", ["warmup", "min-lr"]), Some("warmup"));
        assert_eq!(near("weight_decay", ["weight-decay", "layer-decay"]), Some("weight-decay"));
        assert_eq!(near(" Label", ["labels", "label"]), Some("label"));
        assert_eq!(near("bacth", ["batch", "epochs"]), Some("batch"));
        assert_eq!(near("rnu", ["runs", "run"]), Some("run"));
        // One slip is allowed in any word of two letters or more.
        assert_eq!(near("lt", ["lr", "epochs"]), Some("lr"));
        assert_eq!(near("zzz", ["batch", "epochs"]), None);
        assert_eq!(near("a", ["b", "c"]), None);
        assert_eq!(near("x", []), None);
        assert_eq!(near(&"x".repeat(100_000), ["batch"]), None);
    }
}
