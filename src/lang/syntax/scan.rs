//! The state machine that finds nodes in tokens.

mod entries;
mod foreign;

use std::ops::Range;

use super::chunk::{Chunk, DEPTH_LIMIT, TOP_LEVEL};
use crate::diagnostic::{Code, Diagnostic};
use crate::lex::{Kind, Token, is_newline};
use crate::span::{FileId, Origin};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A node may begin.
    Start,
    /// After a node's name; whether there was an entry yet.
    Entries { any: bool },
    /// A value must come, after `key=` or a unit.
    Value,
    /// After a block; whether it was a real one rather than one switched off.
    Block { real: bool },
}

struct Frame {
    open: Range<usize>,
    /// Where the `/-` of the block is, if it has one.
    dash: Option<usize>,
    /// Where the `/-` of its node is.
    node_dash: Option<usize>,
    /// The token with the name of its node.
    name: Option<usize>,
}

/// The tokens of a file, gone through once.
pub(super) struct Scan<'a> {
    text: &'a str,
    file: FileId,
    tokens: &'a [Token],
    resync: bool,
    at: usize,
    state: State,
    frames: Vec<Frame>,
    /// A `/-` that waits for what it switches off.
    dash: Option<usize>,
    /// The `/-` of the current value.
    value_dash: Option<usize>,
    /// The `/-` of the current node.
    node_dash: Option<usize>,
    /// What is switched off.
    off: Vec<Range<usize>>,
    /// The token with the name of the current node, and that of the node before it in the block.
    name: Option<usize>,
    before: Option<usize>,
    /// The token with the key whose value comes.
    key: Option<usize>,
    /// The node whose properties go on in the next lines, once that was said.
    going_on: Option<usize>,
    /// Something other than space is directly before the token.
    glued: bool,
    /// An error on this line was reported already.
    muted: bool,
    /// Blocks too deep were reported already.
    too_deep: bool,
    pub unclosed: bool,
    /// Closing braces in text that was taken for a comment or a string.
    swallowed: usize,
    current: Option<Chunk>,
    pub chunks: Vec<Chunk>,
    pub errors: Vec<Diagnostic>,
}

impl<'a> Scan<'a> {
    pub fn new(text: &'a str, file: FileId, tokens: &'a [Token], resync: bool) -> Self {
        Self {
            text,
            file,
            tokens,
            resync,
            at: 0,
            state: State::Start,
            frames: Vec::new(),
            dash: None,
            value_dash: None,
            node_dash: None,
            off: Vec::new(),
            name: None,
            before: None,
            key: None,
            going_on: None,
            glued: false,
            muted: false,
            too_deep: false,
            unclosed: false,
            swallowed: 0,
            current: None,
            chunks: Vec::new(),
            errors: Vec::new(),
        }
    }

    pub fn run(&mut self) {
        while let Some(token) = self.tokens.get(self.at) {
            self.step(token.kind, token.span.clone());
            self.glued = !matches!(
                token.kind,
                Kind::Space | Kind::Newline | Kind::BlockComment | Kind::Continuation
            );
            self.at += 1;
        }
        let end = self.text.len();
        if self.state == State::Value {
            self.missing_value(end..end);
        }
        if !self.frames.is_empty() {
            self.unclosed_block();
        }
        self.end_chunk(end);
    }

    fn origin(&self, span: &Range<usize>) -> Origin {
        Origin { file: self.file, start: span.start as u32, end: span.end as u32 }
    }

    fn fail(&mut self, diagnostic: Diagnostic) {
        if let Some(chunk) = &mut self.current {
            chunk.sound = false;
        }
        if !self.muted {
            self.errors.push(diagnostic);
        }
        self.muted = true;
    }

    fn syntax(&mut self, span: &Range<usize>, title: &str, label: &str, help: &str) {
        let diagnostic =
            Diagnostic::error(Code::Syntax, title).at(self.origin(span), label).help(help);
        self.fail(diagnostic);
    }

    fn step(&mut self, kind: Kind, span: Range<usize>) {
        if self.comment(kind, &span) || self.section(kind, &span) {
            return;
        }
        match kind {
            Kind::Space | Kind::BlockComment | Kind::Continuation => {}
            Kind::Newline | Kind::LineComment => self.line_end(kind, &span),
            Kind::Forbidden => {
                let c = self.text[span.clone()].chars().next().unwrap_or(' ');
                let title = if c == '\\' {
                    "a backslash in front of something".to_owned()
                } else {
                    format!("the invisible character U+{:04X}", c as u32)
                };
                let path = (c == '\\').then(|| self.path_around(&span)).flatten();
                let help =
                    path.unwrap_or_else(|| "remove it, or put the text in quotes".to_owned());
                self.syntax(&span, &title, "not allowed here", &help);
            }
            Kind::UnclosedQuoted | Kind::UnclosedComment => {
                let (title, help) = if kind == Kind::UnclosedQuoted {
                    ("a string without its closing quotes", "close it with `\"` on the same line")
                } else {
                    ("a comment without its end", "close it with `*/`")
                };
                let length = self.text[span.clone()].lines().next().map_or(0, str::len);
                let origin = self.origin(&(span.start..span.start + length));
                self.swallowed += self.text[span.clone()].matches('}').count();
                let curly = self.text[span.clone()].chars().find(|c| "”“‟".contains(*c));
                let help = match curly {
                    Some(curly) => format!("close it with a straight `\"`, which `{curly}` is not"),
                    None => help.to_owned(),
                };
                self.fail(
                    Diagnostic::error(Code::UnclosedString, title)
                        .at(origin, "begins here")
                        .help(help),
                );
                if self.state == State::Value {
                    self.state = State::Entries { any: true };
                }
            }
            Kind::Semicolon => {
                match self.state {
                    State::Start => self.syntax(
                        &span,
                        "`;` without a node before it",
                        "nothing to end here",
                        "remove it; a line break ends a node as well",
                    ),
                    State::Value => self.missing_value(span.clone()),
                    State::Entries { .. } | State::Block { .. } => {}
                }
                self.muted = false;
                self.end_node(span.end);
            }
            Kind::Open => self.open(span),
            Kind::Close => self.close(&span),
            Kind::Slashdash => self.slashdash(&span),
            Kind::Equals => self.equals(&span),
            Kind::OpenParen => self.unit(&span),
            Kind::CloseParen => {
                self.syntax(&span, "`)` without `(`", "nothing to close here", "remove it");
            }
            Kind::Word | Kind::Quoted | Kind::Keyword | Kind::Foreign => self.word(kind, span),
        }
    }

    fn line_end(&mut self, kind: Kind, span: &Range<usize>) {
        if kind == Kind::LineComment && self.glued {
            let word = self.tokens[self.at - 1].clone();
            if word.kind == Kind::Word && self.text[word.span.clone()].ends_with(':') {
                let whole = word.span.start..span.end;
                let diagnostic = Diagnostic::error(Code::UnquotedPath, "an address without quotes")
                    .text("`//` begins a comment, so the rest of the line is lost")
                    .at(self.origin(&whole), "needs quotes")
                    .help("put the address in quotes");
                self.swallowed += self.text[span.clone()].matches('}').count();
                self.fail(diagnostic);
            }
        }
        if self.dash.is_none() {
            if self.state == State::Value {
                self.missing_value(span.clone());
            }
            self.end_node(span.start);
        }
        if kind == Kind::Newline {
            self.muted = false;
        }
    }

    fn missing_value(&mut self, span: Range<usize>) {
        self.syntax(
            &span,
            "a value is missing",
            "a value belongs here",
            "write the value directly after `=` or the unit",
        );
    }

    fn end_node(&mut self, end: usize) {
        self.state = State::Start;
        if let Some(start) = self.node_dash.take() {
            self.off.push(start..end);
        }
        if self.frames.is_empty() {
            self.end_chunk(end);
        }
    }

    fn end_chunk(&mut self, end: usize) {
        let off = std::mem::take(&mut self.off);
        if let Some(mut chunk) = self.current.take() {
            chunk.span.end = end;
            chunk.off = off;
            // Of a declaration that is switched off nothing is left.
            if chunk.off.first().is_none_or(|off| *off != chunk.span) {
                self.chunks.push(chunk);
            }
        }
    }

    fn begin_node(&mut self, start: usize) {
        self.node_dash = self.dash.take().or(self.node_dash);
        if self.frames.is_empty() && self.current.is_none() {
            let start = self.node_dash.unwrap_or(start);
            self.current =
                Some(Chunk { span: start..start, sound: true, head: Vec::new(), off: Vec::new() });
        }
    }

    fn open(&mut self, span: Range<usize>) {
        match self.state {
            State::Start => {
                // A declaration before it has its block here, and lacks nothing.
                if let (true, Some(last)) = (self.frames.is_empty(), self.chunks.last_mut()) {
                    last.sound &= self.text[last.span.clone()].contains('{');
                }
                self.begin_node(span.start);
                self.syntax(
                    &span,
                    "a block without a name",
                    "the name of a node belongs before this",
                    "put the block on the line of its node",
                );
            }
            State::Value if self.key.is_some() => self.syntax(
                &span,
                "`=` in front of a block",
                "a block follows the name of its node",
                "remove the `=`",
            ),
            State::Value => self.missing_value(span.clone()),
            State::Block { real: true } if self.dash.is_none() => {
                self.syntax(&span, "a second block", "a node has one block", "join the two blocks");
            }
            State::Entries { .. } | State::Block { .. } => {}
        }
        self.frames.push(Frame {
            open: span.clone(),
            dash: self.dash.take(),
            node_dash: self.node_dash.take(),
            name: self.name.take(),
        });
        self.state = State::Start;
        if self.frames.len() > DEPTH_LIMIT {
            let diagnostic = Diagnostic::error(Code::TooDeep, "blocks nested too deeply")
                .text(format!("at most {DEPTH_LIMIT} blocks may be inside each other"))
                .at(self.origin(&span), "one level too many")
                .help("the language needs four levels; close the blocks before");
            // One of them says it all.
            if !std::mem::replace(&mut self.too_deep, true) {
                self.muted = false;
                self.fail(diagnostic);
            } else if let Some(chunk) = &mut self.current {
                chunk.sound = false;
            }
        }
    }

    fn close(&mut self, span: &Range<usize>) {
        if self.state == State::Value {
            self.missing_value(span.clone());
        }
        self.dash = None;
        if let Some(start) = self.node_dash.take() {
            self.off.push(start..span.start);
        }
        match self.frames.pop() {
            Some(frame) => {
                self.node_dash = frame.node_dash;
                self.name = frame.name;
                self.state = State::Block { real: frame.dash.is_none() };
                self.off.extend(frame.dash.map(|start| start..span.end));
            }
            None => {
                self.end_node(span.start);
                self.syntax(
                    span,
                    "a closing brace without an opening one",
                    "nothing to close here",
                    "remove it, or look for a block that was closed too early",
                );
            }
        }
    }

    fn after_block(&mut self, span: &Range<usize>) {
        self.syntax(
            span,
            "a line break is missing after `}`",
            "the next node begins here",
            "begin it on a new line, or put `;` in between",
        );
        self.end_node(span.start);
    }

    /// In the second pass, a declaration at the left margin closes what is open.
    fn resync(&mut self, span: &Range<usize>) {
        let at_margin = span.start == 0 || self.text[..span.start].ends_with(is_newline);
        let declares = TOP_LEVEL.contains(&&self.text[span.clone()]);
        if self.resync && !self.frames.is_empty() && at_margin && declares {
            self.unclosed_block();
            self.frames.clear();
            self.end_node(span.start);
        }
    }

    fn unclosed_block(&mut self) {
        self.unclosed = true;
        let Some(frame) = self.frames.last() else { return };
        // It is there, in what was taken for something else.
        if self.swallowed > 0 {
            self.swallowed -= 1;
            if let Some(chunk) = &mut self.current {
                chunk.sound = false;
            }
            return;
        }
        let diagnostic =
            Diagnostic::error(Code::UnclosedBlock, "a block without its closing brace")
                .at(self.origin(&frame.open), "opened here")
                .help("close it with `}`");
        self.muted = false;
        self.fail(diagnostic);
        self.muted = false;
    }
}
