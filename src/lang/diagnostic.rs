//! What is wrong with a set of files, as data.

use std::collections::{BTreeMap, HashSet};

use super::span::{FileId, Origin};
use super::suggest::near;
use proofmark_text::show::message;

/// Whether a problem stops a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Nothing can run.
    Error,
    /// Probably not meant.
    Warning,
}

/// A place that a diagnostic points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub origin: Origin,
    /// What is there.
    pub text: String,
    /// Whether this is where the problem is, rather than what it conflicts with.
    pub primary: bool,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether it stops a run.
    pub severity: Severity,
    /// Which kind of problem; `explain` tells more.
    pub code: Code,
    /// The problem in a few words.
    pub title: String,
    /// The rule that is broken, in a sentence or two; may be empty.
    pub text: String,
    /// Places, the primary ones first.
    pub labels: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A name that is declared twice.
    pub(crate) fn duplicate_name(title: String, again: Origin, first: Origin) -> Self {
        Self::error(Code::DuplicateName, title)
            .text("a name stands for one thing")
            .at(again, "again here")
            .and(first, "first here")
            .help("rename or remove one of them")
    }

    /// An error.
    pub(super) fn error(code: Code, title: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            title: title.into(),
            text: String::new(),
            labels: Vec::new(),
            help: None,
        }
    }

    /// A warning.
    pub(super) fn warning(code: Code, title: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, title) }
    }

    /// With the rule that is broken.
    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// With the place of the problem.
    pub(super) fn at(self, origin: Origin, text: impl Into<String>) -> Self {
        self.label(origin, text, true)
    }

    /// With another place that has to do with it.
    pub(super) fn and(self, origin: Origin, text: impl Into<String>) -> Self {
        self.label(origin, text, false)
    }

    /// With the two places that make the problem together. That in the file that
    /// imports the other is where it can be solved: an override, for instance.
    pub(super) fn between(self, one: (Origin, &str), other: (Origin, &str)) -> Self {
        let later = one.0.is_default() || !other.0.is_default() && other.0.file < one.0.file;
        let (first, second) = if later { (other, one) } else { (one, other) };
        self.at(first.0, first.1).and(second.0, second.1)
    }

    fn label(mut self, origin: Origin, text: impl Into<String>, primary: bool) -> Self {
        if !origin.is_default() {
            self.labels.push(Label { origin, text: text.into(), primary });
        }
        self
    }

    /// With what to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With what to do, if that is known.
    pub(super) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// Where the problem is.
    pub fn origin(&self) -> Option<Origin> {
        self.labels.iter().find(|label| label.primary).or(self.labels.first()).map(|l| l.origin)
    }
}

fn show_invisible(text: &mut String) {
    *text = message(text, false);
}

/// Most characters of a text that is shown: what quotes a word of a megabyte is cut.
const LONGEST: usize = 1000;

fn cut_long(text: &mut String) {
    if text.len() > LONGEST
        && let Some((end, _)) = text.char_indices().nth(LONGEST)
    {
        text.truncate(end);
        text.push_str(" …");
    }
}

/// Most errors, and most warnings, that are reported of one file.
pub const PER_FILE: usize = 50;
/// Most of each that are kept, so that those that come first in the file are among them.
const KEPT: usize = 4 * PER_FILE;

/// Diagnostics as they are found: nothing returns early, nothing is said twice.
#[derive(Debug, Default)]
pub(super) struct Sink {
    found: Vec<Diagnostic>,
    said: HashSet<(Code, Option<Origin>, String)>,
    /// How many errors and warnings each file has.
    of_file: BTreeMap<(Option<FileId>, Severity), usize>,
    omitted: usize,
    /// Whether there was an error at all.
    errors: bool,
}

impl Sink {
    /// Reports a problem. Characters that nobody sees are written by their numbers, and what nobody
    /// would read to its end is cut.
    pub fn report(&mut self, mut diagnostic: Diagnostic) {
        let texts = [&mut diagnostic.title, &mut diagnostic.text].into_iter();
        let labels = diagnostic.labels.iter_mut().map(|label| &mut label.text);
        for text in texts.chain(labels).chain(&mut diagnostic.help) {
            show_invisible(text);
            cut_long(text);
        }
        self.errors |= diagnostic.severity == Severity::Error;
        let at = diagnostic.origin();
        if self.said.insert((diagnostic.code, at, diagnostic.title.clone())) {
            let of_file = (at.map(|at| at.file), diagnostic.severity);
            let count = self.of_file.entry(of_file).or_default();
            *count += 1;
            match *count > KEPT {
                true => self.omitted += 1,
                false => self.found.push(diagnostic),
            }
        }
    }

    /// Reports a declaration that came to nothing although no error says why: a word that the
    /// schema has and no reader, which is a mistake of ours. Left out in silence it would be
    /// missing from tables.
    pub fn nothing_vanishes(&mut self, at: Origin, kind: &str) {
        if !self.errors {
            self.report(
                Diagnostic::error(Code::UnknownWord, format!("a `{kind}` that is not understood"))
                    .text("this version checks it and cannot read it")
                    .at(at, "left out")
                    .help("this is a mistake of Proofmark; please report it with the declaration"),
            );
        }
    }

    /// Whether so many errors of a file are known that another one would not be shown; if so it is
    /// counted as omitted, and need not be put into words. Warnings do not count: an error that
    /// only they crowd out would be lost, and what is wrong would run.
    pub fn crowded(&mut self, at: Origin) -> bool {
        let errors = self.of_file.get(&(Some(at.file), Severity::Error));
        let crowded = errors.is_some_and(|count| *count > KEPT);
        self.omitted += usize::from(crowded);
        crowded
    }

    /// Everything by file and place, and how many more there would be.
    pub fn finish(mut self) -> (Vec<Diagnostic>, usize) {
        let place = |d: &Diagnostic| d.origin().map(|o| (o.file, o.start, o.end));
        self.found.sort_by(|a, b| place(a).cmp(&place(b)).then(a.code.cmp(&b.code)));
        let total = self.found.len();
        let mut counts: BTreeMap<(Option<FileId>, Severity), usize> = BTreeMap::new();
        self.found.retain(|d| {
            let count = counts.entry((d.origin().map(|o| o.file), d.severity)).or_default();
            *count += 1;
            *count <= PER_FILE
        });
        let omitted = self.omitted + total - self.found.len();
        (self.found, omitted)
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// Kinds of problems. The kebab-case name of each is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])* $name,)* }

        impl Code {
            /// Every code, in order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

codes! {
    /// A file that does not exist.
    MissingFile = "missing-file",
    /// A file that exists and cannot be read.
    UnreadableFile = "unreadable-file",
    /// A file over the size limit.
    FileTooLarge = "file-too-large",
    /// A file that is not UTF-8 text.
    NotUtf8 = "not-utf8",
    /// Files that import each other in a circle.
    ImportCycle = "import-cycle",
    /// A chain of imports over the depth limit.
    ImportTooDeep = "import-too-deep",
    /// Text that is not KDL.
    Syntax = "syntax",
    /// Blocks nested over the depth limit.
    TooDeep = "nested-too-deep",
    /// A block without its closing brace.
    UnclosedBlock = "unclosed-block",
    /// A string or comment without its end.
    UnclosedString = "unclosed-string",
    /// A unit behind a number.
    UnitAfterNumber = "unit-after-number",
    /// `true`, `false` or `null` without `#`.
    BareKeyword = "bare-keyword",
    /// `=` between a node and its value.
    EqualsAfterNode = "equals-after-node",
    /// A comma between values.
    Comma = "comma",
    /// Brackets around values.
    Bracket = "bracket",
    /// Text in other quotes than straight double ones.
    ForeignQuotes = "foreign-quotes",
    /// A comment as other languages begin it.
    ForeignComment = "foreign-comment",
    /// Sections or lists of another format.
    ForeignFormat = "foreign-format",
    /// A path without quotes.
    UnquotedPath = "unquoted-path",
    /// A colon after a name.
    ColonAfterName = "colon-after-name",
    /// A dash as in a YAML list.
    DashItem = "dash-item",
    /// A comparison sign in a name.
    Comparison = "comparison",
    /// A node that does not belong where it is.
    UnknownNode = "unknown-node",
    /// A property that a node does not have.
    UnknownKey = "unknown-key",
    /// A word that is not among those allowed.
    UnknownWord = "unknown-word",
    /// A name that nothing declares.
    UnknownName = "unknown-name",
    /// A declaration that belongs in another kind of file.
    OtherFile = "other-file",
    /// An argument too many.
    UnexpectedArgument = "unexpected-argument",
    /// A block where none belongs.
    UnexpectedBlock = "unexpected-block",
    /// An argument too few.
    MissingArgument = "missing-argument",
    /// A property that must be there.
    MissingKey = "missing-key",
    /// A node that must be there.
    MissingNode = "missing-node",
    /// The same property twice.
    DuplicateKey = "duplicate-key",
    /// The same node twice where one belongs.
    DuplicateNode = "duplicate-node",
    /// The same name for two things.
    DuplicateName = "duplicate-name",
    /// Settings that exclude each other.
    Conflict = "conflict",
    /// A name that cannot be one.
    InvalidName = "invalid-name",
    /// A value of another type.
    WrongType = "wrong-type",
    /// A unit that does not fit.
    WrongUnit = "wrong-unit",
    /// A value outside its range.
    OutOfRange = "out-of-range",
    /// Infinity, or not a number.
    NotFinite = "not-finite",
    /// Parts that do not make a whole.
    SplitSum = "split-sum",
    /// Sizes that do not divide.
    Indivisible = "indivisible",
    /// A real class with a manipulation, or a family that contradicts the method's.
    Contradiction = "contradiction",
    /// Experiments that extend each other in a circle.
    ExtendsCycle = "extends-cycle",
    /// An experiment that lacks a part.
    IncompleteExperiment = "incomplete-experiment",
    /// Selection that would see a test split.
    SelectsOnTest = "selects-on-test",
    /// Tuning that would see a test split.
    TunesOnTest = "tunes-on-test",
    /// An axis of a matrix that names no value, or several.
    UnknownValue = "unknown-value",
    /// A row of variants of which none is chosen.
    NotChosen = "not-chosen",
    /// What cannot be said to sbatch.
    NotForSbatch = "not-for-sbatch",
    /// Training on a split that a table reports.
    TrainsOnTest = "trains-on-test",
    /// Selection on the faces trained on.
    SelectsOnTrain = "selects-on-train",
    /// A data set trained on, in a column of unseen ones.
    SeenInTraining = "seen-in-training",
    /// A manipulation without a family under attribution by category.
    MissingFamily = "missing-family",
    /// A triplet loss of faces that are mixed.
    MixedTriplets = "mixed-triplets",
    /// A claim about something that its table lacks.
    ClaimOutsideTable = "claim-outside-table",
    /// A value that is valid and hardly meant.
    OddValue = "odd-value",
    /// A setting that changes nothing.
    NoEffect = "no-effect",
    /// A declaration that nothing uses.
    Unused = "unused",
}

impl Code {
    /// The code that was probably meant by a text that is none.
    pub fn near(text: &str) -> Option<Self> {
        let near = near(text, Self::ALL.iter().map(|code| code.as_str()))?;
        near.parse().ok()
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is not the name of a code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no code `{0}`")]
pub struct NoSuchCode(pub String);

impl std::str::FromStr for Code {
    type Err = NoSuchCode;

    fn from_str(text: &str) -> Result<Self, NoSuchCode> {
        let found = Self::ALL.iter().copied().find(|code| code.as_str() == text);
        found.ok_or_else(|| NoSuchCode(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: u32) -> Origin {
        Origin { file: FileId::ROOT, start, end: start + 1 }
    }

    #[test]
    fn no_number_of_warnings_hides_an_error() {
        let mut sink = Sink::default();
        for i in 0..1000 {
            sink.report(Diagnostic::warning(Code::OddValue, "odd").at(at(i), "here"));
        }
        assert!(!sink.crowded(at(2000)), "the error is put into words");
        for i in 0..1000 {
            sink.report(Diagnostic::error(Code::UnknownName, "unknown").at(at(i), "here"));
        }
        assert!(sink.crowded(at(2000)));
    }

    #[test]
    fn what_nobody_would_read_to_its_end_is_cut() {
        let mut sink = Sink::default();
        let word = "é ".repeat(1 << 20);
        sink.report(
            Diagnostic::error(Code::UnknownNode, word.clone()).text(word.clone()).help(word),
        );
        let (found, _) = sink.finish();
        let [Diagnostic { title, text, help, .. }] = &found[..] else { panic!("{found:?}") };
        for text in [title, text, help.as_ref().unwrap()] {
            assert_eq!(text.chars().count(), LONGEST + 2);
        }
    }

    #[test]
    fn a_declaration_does_not_vanish_in_silence() {
        let mut sink = Sink::default();
        sink.nothing_vanishes(at(0), "loss");
        sink.nothing_vanishes(at(1), "experiment");
        let (found, _) = sink.finish();
        let titles: Vec<&str> = found.iter().map(|d| d.title.as_str()).collect();
        assert_eq!(titles, ["a `loss` that is not understood"]);
    }
}
