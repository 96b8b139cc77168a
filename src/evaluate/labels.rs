//! Which values of a label column mean fake.

use thiserror::Error;

use proofmark_text::show::brief;

/// Most values that a message lists.
const LISTED: usize = 8;

/// Why labels could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LabelError {
    /// A row without a label.
    #[error("row {row} has no label")]
    Missing {
        /// Row, counted from 1.
        row: usize,
    },
    /// Values whose meaning is not certain.
    #[error(
        "the labels are {values}; only 0 and 1, true and false, or real and fake explain \
         themselves: say which value means fake with --fake-is"
    )]
    Unclear {
        /// The values, listed.
        values: String,
    },
    /// No row has the value that means fake.
    #[error("no label is \"{value}\" (from --fake-is); the labels are {values}")]
    Unseen {
        /// The value given.
        value: String,
        /// The values there are, listed.
        values: String,
    },
}

/// Pairs of words that explain themselves. One file uses one pair.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Vocabulary {
    Digits,
    Booleans,
    Words,
}

/// Reads labels, row by row: true for fake.
///
/// Without `fake_is` the values must be 0 and 1, true and false, or real and fake, in
/// any case. With it, that value is fake and every other is real.
pub(super) struct LabelReader<'a> {
    fake_is: Option<&'a str>,
    vocabulary: Option<Vocabulary>,
    /// Values met so far, as far as messages list them.
    values: Vec<(String, bool)>,
    fake_seen: bool,
}

impl<'a> LabelReader<'a> {
    pub(super) fn new(fake_is: Option<&'a str>) -> Self {
        Self { fake_is, vocabulary: None, values: Vec::new(), fake_seen: false }
    }

    /// The label of a row, counted from 0. `later` are the texts that follow it, for the
    /// message that lists the values there are.
    pub(super) fn read<'t>(
        &mut self,
        row: usize,
        text: Option<&str>,
        later: impl FnOnce() -> Vec<Option<&'t str>>,
    ) -> Result<bool, LabelError> {
        let text = text.map(str::trim).filter(|text| !text.is_empty());
        let text = text.ok_or(LabelError::Missing { row: row + 1 })?;
        // A few values repeat over millions of rows.
        if let Some((_, fake)) = self.values.iter().find(|(known, _)| known == text) {
            return Ok(*fake);
        }
        let fake = match self.fake_is {
            Some(value) => same(text, value),
            None => match recognise(text) {
                Some((words, fake)) if *self.vocabulary.get_or_insert(words) == words => fake,
                _ => {
                    self.meet(text, false);
                    for text in later().into_iter().flatten().map(str::trim) {
                        self.meet(text, false);
                    }
                    return Err(LabelError::Unclear { values: self.list() });
                }
            },
        };
        self.fake_seen |= fake;
        self.meet(text, fake);
        Ok(fake)
    }

    /// Checks that the value that means fake was met, if any label was.
    pub(super) fn finish(&self) -> Result<(), LabelError> {
        match self.fake_is {
            Some(value) if !self.fake_seen && !self.values.is_empty() => {
                Err(LabelError::Unseen { value: value.to_owned(), values: self.list() })
            }
            _ => Ok(()),
        }
    }

    /// That values count as real which nobody named, where there are several.
    pub(super) fn note(&self) -> Option<String> {
        let real: Vec<&str> =
            self.values.iter().filter(|(_, fake)| !fake).map(|(value, _)| value.as_str()).collect();
        (self.fake_is.is_some() && real.len() > 1).then(|| {
            let more = if self.values.len() > LISTED { " and more" } else { "" };
            let quoted: Vec<String> =
                real.iter().map(|value| format!("\"{}\"", brief(value))).collect();
            format!("the labels {}{more} count as real", quoted.join(", "))
        })
    }

    fn meet(&mut self, text: &str, fake: bool) {
        let new = !text.is_empty() && !self.values.iter().any(|(known, _)| known == text);
        if new && self.values.len() <= LISTED {
            self.values.push((text.to_owned(), fake));
        }
    }

    /// The values met, sorted, the first few of them.
    fn list(&self) -> String {
        let mut values: Vec<&str> = self.values.iter().map(|(value, _)| value.as_str()).collect();
        let more = values.len() > LISTED;
        values.truncate(LISTED);
        values.sort_unstable();
        let quoted: Vec<String> =
            values.iter().map(|value| format!("\"{}\"", brief(value))).collect();
        format!("{}{}", quoted.join(", "), if more { " and more" } else { "" })
    }
}

fn recognise(text: &str) -> Option<(Vocabulary, bool)> {
    const KNOWN: [(&str, Vocabulary, bool); 8] = [
        ("0", Vocabulary::Digits, false),
        ("1", Vocabulary::Digits, true),
        ("0.0", Vocabulary::Digits, false),
        ("1.0", Vocabulary::Digits, true),
        ("false", Vocabulary::Booleans, false),
        ("true", Vocabulary::Booleans, true),
        ("real", Vocabulary::Words, false),
        ("fake", Vocabulary::Words, true),
    ];
    let known = KNOWN.iter().find(|(word, ..)| text.eq_ignore_ascii_case(word))?;
    Some((known.1, known.2))
}

/// Whether two labels are the same text or the same number.
fn same(a: &str, b: &str) -> bool {
    a == b || matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(texts: &[&str], fake_is: Option<&str>) -> Result<Vec<bool>, LabelError> {
        let mut reader = LabelReader::new(fake_is);
        let read = texts.iter().enumerate().map(|(row, text)| {
            reader.read(row, Some(text), || texts[row..].iter().map(|text| Some(*text)).collect())
        });
        let labels = read.collect::<Result<_, _>>()?;
        reader.finish().map(|()| labels)
    }

    #[test]
    fn values_that_explain_themselves() {
        for texts in [["0", "1", "1"], ["0.0", "1.0", "1"], ["False", "TRUE", "true"]] {
            assert_eq!(labels(&texts, None), Ok(vec![false, true, true]), "{texts:?}");
        }
        assert_eq!(labels(&["REAL", " Fake", "fake"], None), Ok(vec![false, true, true]));
    }

    #[test]
    fn a_named_value_is_fake_and_the_rest_real() {
        assert_eq!(labels(&["orig", "df", "f2f"], Some("df")), Ok(vec![false, true, false]));
        assert_eq!(labels(&["0", "2.0", "1"], Some("2")), Ok(vec![false, true, false]));
        // It also turns a file round whose 0 means fake.
        assert_eq!(labels(&["0", "1"], Some("0")), Ok(vec![true, false]));
    }

    #[test]
    fn what_counts_as_real_unnamed_is_told() {
        let mut reader = LabelReader::new(Some("1"));
        for (row, text) in ["0", "1", "-1"].into_iter().enumerate() {
            reader.read(row, Some(text), Vec::new).unwrap();
        }
        assert_eq!(reader.note().as_deref(), Some("the labels \"0\", \"-1\" count as real"));
        let mut reader = LabelReader::new(Some("1"));
        reader.read(0, Some("0"), Vec::new).unwrap();
        assert_eq!(reader.note(), None);
    }

    #[test]
    fn what_is_not_certain_is_not_guessed() {
        for texts in [&["0", "1", "2"][..], &["live", "spoof"], &["real", "false"], &["-1", "1"]] {
            let error = labels(texts, None).unwrap_err();
            assert!(matches!(error, LabelError::Unclear { .. }), "{texts:?}: {error}");
        }
        assert_eq!(
            labels(&["0", "2", "1"], None).unwrap_err().to_string(),
            "the labels are \"0\", \"1\", \"2\"; only 0 and 1, true and false, or real and \
             fake explain themselves: say which value means fake with --fake-is"
        );
    }

    #[test]
    fn a_value_that_is_nowhere_is_an_error() {
        assert_eq!(
            labels(&["real", "Fake"], Some("fake")).unwrap_err().to_string(),
            "no label is \"fake\" (from --fake-is); the labels are \"Fake\", \"real\""
        );
    }

    #[test]
    fn a_missing_label_names_its_row() {
        assert_eq!(labels(&["0", " "], None), Err(LabelError::Missing { row: 2 }));
        assert_eq!(labels(&["0", ""], Some("0")), Err(LabelError::Missing { row: 2 }));
    }
}
