//! Diagnostics for people (text) and for programs (rows to serialise).

use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};
use serde::Serialize;

use super::diagnostic::{Diagnostic, Severity};
use super::source::Sources;
use super::span::Origin;

/// How text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns available.
    pub width: usize,
    /// Whether to use colours.
    pub color: bool,
}

fn handler(style: Style) -> GraphicalReportHandler {
    let theme =
        if style.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        .with_links(false)
        .with_context_lines(1)
}

/// Lines of the sources with places marked in them, the first of which the problem is at: what is
/// drawn below the words of a diagnostic, for those who have words of their own. Empty where no
/// place is in the sources.
pub fn drawing<'a>(
    places: impl IntoIterator<Item = (Origin, &'a str)>,
    sources: &Sources,
    style: Style,
) -> String {
    let labels: Vec<LabeledSpan> = (places.into_iter().enumerate())
        .filter_map(|(i, (origin, text))| label(sources, origin, text, i == 0))
        .collect();
    let draw = |labels| {
        let mut out = String::new();
        let drawn = handler(style).render_report(&mut out, &Drawing { labels, sources });
        // Writing to a string does not fail; on places that are in no file nothing is drawn.
        drawn.map_or_else(|_| String::new(), |()| out)
    };
    let (wordless, drawn) = (draw(Vec::new()), draw(labels));
    drawn.strip_prefix(&wordless).unwrap_or_default().to_owned()
}

/// A place as miette wants it, if it is in the sources.
fn label(sources: &Sources, origin: Origin, text: &str, primary: bool) -> Option<LabeledSpan> {
    let (span, text) = (sources.global(origin)?, Some(text.to_owned()));
    Some(match primary {
        true => LabeledSpan::new_primary_with_span(text, span),
        false => LabeledSpan::new_with_span(text, span),
    })
}

/// Places without words above them.
struct Drawing<'a> {
    labels: Vec<LabeledSpan>,
    sources: &'a Sources,
}

impl fmt::Debug for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.labels.fmt(f)
    }
}

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Drawing<'_> {}

impl miette::Diagnostic for Drawing<'_> {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.sources)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// Diagnostics as text, each with the lines it points at.
pub fn text(diagnostics: &[Diagnostic], sources: &Sources, style: Style) -> String {
    let handler = handler(style);
    let mut out = String::new();
    for diagnostic in diagnostics {
        let report = Report { diagnostic, sources };
        // Writing to a string does not fail; the handler fails on labels that are in
        // no file, in which case the words alone are left.
        let before = out.len();
        if handler.render_report(&mut out, &report).is_err() {
            out.truncate(before);
            out.push_str(&format!("{}: {}\n", diagnostic.code, diagnostic.title));
        }
        out.push('\n');
    }
    out
}

/// A diagnostic as miette wants it.
struct Report<'a> {
    diagnostic: &'a Diagnostic,
    sources: &'a Sources,
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnostic.fmt(f)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.title)?;
        if !self.diagnostic.text.is_empty() {
            write!(f, "\n{}", self.diagnostic.text)?;
        }
        Ok(())
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.diagnostic.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.sources)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if self.diagnostic.labels.is_empty() {
            return None;
        }
        let labels = self.diagnostic.labels.iter();
        Some(Box::new(labels.filter_map(|l| label(self.sources, l.origin, &l.text, l.primary))))
    }
}

/// A diagnostic for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// `error` or `warning`.
    pub severity: Severity,
    /// The stable code.
    pub code: &'static str,
    /// The problem in a few words.
    pub title: String,
    /// The rule that is broken; may be empty.
    pub text: String,
    /// What to do.
    pub help: Option<String>,
    /// Places.
    pub labels: Vec<RowLabel>,
}

/// A place for programs: lines and columns from 1, columns in characters, the end
/// after the last character.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowLabel {
    /// The file.
    pub file: String,
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last.
    pub end_column: u32,
    /// What is there.
    pub text: String,
    /// Whether this is where the problem is.
    pub primary: bool,
}

/// Diagnostics as rows, for JSON.
pub fn rows(diagnostics: &[Diagnostic], sources: &Sources) -> Vec<Row> {
    let label = |origin: Origin, text: &str, primary: bool| {
        let (start, end) = (sources.place(origin)?, sources.end_place(origin)?);
        Some(RowLabel {
            file: start.file.to_string_lossy().into_owned(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            text: text.to_owned(),
            primary,
        })
    };
    diagnostics
        .iter()
        .map(|diagnostic| Row {
            severity: diagnostic.severity,
            code: diagnostic.code.as_str(),
            title: diagnostic.title.clone(),
            text: diagnostic.text.clone(),
            help: diagnostic.help.clone(),
            labels: diagnostic
                .labels
                .iter()
                .filter_map(|l| label(l.origin, &l.text, l.primary))
                .collect(),
        })
        .collect()
}
