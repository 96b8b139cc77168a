//! What follows the name of a node: values, properties, units.

use std::ops::Range;

use super::{Scan, State};
use crate::diagnostic::{Code, Diagnostic};
use crate::lex::{Kind, Token};
use crate::words::{self, Position};

impl Scan<'_> {
    pub(super) fn slashdash(&mut self, span: &Range<usize>) {
        if self.dash.is_some() || self.state == State::Value {
            self.syntax(span, "`/-` in front of nothing", "nothing to switch off", "remove it");
        }
        self.dash = Some(span.start);
    }

    pub(super) fn equals(&mut self, span: &Range<usize>) {
        if self.state != (State::Entries { any: false }) {
            self.syntax(
                span,
                "`=` without a key",
                "a key belongs directly before this",
                "write properties as `key=value`",
            );
        } else if !self.continued(span) {
            let diagnostic =
                Diagnostic::error(Code::EqualsAfterNode, "`=` after the name of a node")
                    .text(
                        "a node and its value are separated by a space; `=` belongs to properties",
                    )
                    .at(self.origin(span), "not allowed here")
                    .help(self.without_equals());
            self.fail(diagnostic);
        }
    }

    /// A unit: `(`, a word, `)`.
    pub(super) fn unit(&mut self, span: &Range<usize>) {
        let rest = &self.tokens[self.at + 1..];
        let solid: Vec<&Token> = rest
            .iter()
            .filter(|token| !matches!(token.kind, Kind::Space | Kind::BlockComment))
            .take(2)
            .collect();
        let right = matches!(
            solid.as_slice(),
            [inner, close] if matches!(inner.kind, Kind::Word | Kind::Quoted) && close.kind == Kind::CloseParen
        );
        if !right && self.call(span) {
            return;
        }
        if !right {
            self.syntax(
                span,
                "parentheses that are not a unit",
                "a unit is one word in parentheses",
                "write units as in `(epoch)5` or `(%)30`",
            );
            return;
        }
        let (unit, end) = (solid[0].span.clone(), solid[1].span.end);
        let last = self.at + self.tokens[self.at..].partition_point(|t| t.span.end < end);
        if self.state == (State::Entries { any: true }) && self.unit_behind(span, &unit, last) {
            return;
        }
        self.at = last;
        match self.state {
            State::Start => self.begin_node(span.start),
            State::Value => {}
            State::Entries { .. } => {
                self.value_dash = self.dash.take();
                self.state = State::Value;
            }
            State::Block { .. } => self.after_block(span),
        }
    }

    pub(super) fn word(&mut self, kind: Kind, span: Range<usize>) {
        if matches!(self.state, State::Block { .. }) {
            self.after_block(&span);
        }
        if self.percent(&span) {
            return;
        }
        let is_key = {
            let next = self.tokens[self.at + 1..].iter().find(|token| {
                !matches!(token.kind, Kind::Space | Kind::BlockComment | Kind::Continuation)
            });
            next.is_some_and(|token| token.kind == Kind::Equals)
        };
        match self.state {
            State::Start => {
                self.resync(&span);
                self.begin_node(span.start);
                self.before = self.name.replace(self.at);
                self.check(kind, &span, Position::Name);
                self.state = State::Entries { any: false };
            }
            State::Value => {
                self.check(kind, &span, Position::Value);
                self.key = None;
                self.end_value(span.end);
            }
            State::Entries { .. } | State::Block { .. } => {
                if self.glued && self.dash.is_none() {
                    self.glued_to_value(kind, &span);
                }
                self.value_dash = self.dash.take();
                self.key = is_key.then_some(self.at);
                if is_key {
                    self.check(kind, &span, Position::Key);
                    while self.tokens[self.at].kind != Kind::Equals {
                        self.at += 1;
                    }
                    self.state = State::Value;
                } else {
                    self.check(kind, &span, Position::Value);
                    self.end_value(span.end);
                }
            }
        }
        let text = self.text[span].trim_matches('"').to_owned();
        // The name of a node counts even where `=` follows it by mistake.
        if self.frames.is_empty()
            && let Some(chunk) = &mut self.current
            && chunk.head.len() < 2
            && (!is_key || chunk.head.is_empty())
        {
            chunk.head.push(text);
        }
    }

    fn end_value(&mut self, end: usize) {
        self.state = State::Entries { any: true };
        self.off.extend(self.value_dash.take().map(|start| start..end));
    }

    fn check(&mut self, kind: Kind, span: &Range<usize>, position: Position) {
        let text = &self.text[span.clone()];
        let origin = self.origin(span);
        let found = match kind {
            Kind::Keyword if position != Position::Value => Some(
                Diagnostic::error(Code::Syntax, "a keyword in place of a name")
                    .at(origin, "not a name")
                    .help("a node begins with its name; a comment begins with `//`"),
            ),
            Kind::Keyword => words::check_keyword(text, origin),
            Kind::Word => words::check(text, position, origin).map(|diagnostic| {
                // What is not said needs no help, for which the line would be read again.
                if self.muted {
                    return diagnostic;
                }
                let list = words::is_list(text).then(|| self.list_help(position)).flatten();
                let typed = self.typed_help(&diagnostic, text, position);
                diagnostic.maybe_help(list.or(typed))
            }),
            Kind::Quoted => words::check_escapes(text, origin),
            Kind::Foreign => Some(words::check_quotes(text, origin)),
            _ => None,
        };
        if let Some(diagnostic) = found {
            self.fail(diagnostic);
        }
    }
}
