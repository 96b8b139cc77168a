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

/// Diagnostics as text, each with the lines it points at.
pub fn text(diagnostics: &[Diagnostic], sources: &Sources, style: Style) -> String {
    let theme =
        if style.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        .with_links(false)
        .with_context_lines(1);
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
        Some(Box::new(self.diagnostic.labels.iter().filter_map(|label| {
            let span = self.sources.global(label.origin)?;
            let text = Some(label.text.clone());
            Some(if label.primary {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            })
        })))
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
