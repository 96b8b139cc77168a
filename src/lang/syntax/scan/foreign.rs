//! What other notations write, recognised where it stands so that one mistake is told once.

use std::ops::Range;

use super::{Scan, State};
use crate::diagnostic::{Code, Diagnostic};
use crate::lex::{Kind, Token};
use crate::schema::Type;
use crate::search::{field, has_child, has_property, one_for_each};
use crate::synonyms;
use crate::syntax::chunk::{Chunk, TOP_LEVEL};
use crate::value::{unit_of, wanted};
use crate::words::number::{is_number, number, unit_after};
use crate::words::{self, Position};

/// Bytes in which the rest of something is looked for: a line longer than that is no line that
/// somebody wrote.
const NEAR: usize = 300;

fn near_after(text: &str) -> &str {
    &text[..text.floor_char_boundary(NEAR)]
}

fn near_before(text: &str) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(NEAR))..]
}

impl Scan<'_> {
    fn text_of(&self, span: &Range<usize>) -> &str {
        &self.text[span.clone()]
    }

    fn text_at(&self, token: usize) -> &str {
        self.text_of(&self.tokens[token].span)
    }

    /// The token before the current one, spaces aside.
    fn solid_before(&self) -> Option<&Token> {
        let mut before = self.tokens[..self.at].iter().rev();
        before.find(|token| token.kind != Kind::Space)
    }

    /// Where the line ends that the current token is on.
    fn line_end_at(&self) -> usize {
        let mut rest = self.tokens[self.at..].iter();
        rest.find(|token| token.kind == Kind::Newline).map_or(self.text.len(), |t| t.span.start)
    }

    /// Goes to the last token before a place.
    fn skip_to(&mut self, end: usize) {
        while self.tokens.get(self.at + 1).is_some_and(|token| token.span.end <= end) {
            self.at += 1;
        }
    }

    /// A comment as other languages begin it: said once, and left out.
    pub(super) fn comment(&mut self, kind: Kind, span: &Range<usize>) -> bool {
        let text = self.text_of(span);
        let begins = matches!(self.state, State::Start | State::Block { .. });
        let comment = match kind {
            Kind::Keyword => {
                let signs = text.trim_matches('#').is_empty();
                signs && self.state != State::Value
                    || begins && words::check_keyword(text, self.origin(span)).is_some()
            }
            Kind::Word => begins && (matches!(text, "--" | "%" | "%%") || text.starts_with("<!--")),
            _ => false,
        };
        if !comment || self.dash.is_some() {
            return false;
        }
        let whole = span.start..self.line_end_at();
        let said = self.text_of(&whole).trim_start_matches(['#', '%', '-', '<', '!']);
        let said = said.trim().trim_end_matches("-->").trim_end();
        let diagnostic = Diagnostic::error(Code::ForeignComment, "a comment of another language")
            .text("a comment begins with `//`, or stands between `/*` and `*/`")
            .at(self.origin(span), "does not begin a comment here")
            .help(format!("write `// {said}`").replace(" `", " `").trim_end().to_owned());
        if !self.muted {
            self.errors.push(diagnostic);
        }
        if self.current.is_some() {
            self.off.push(whole.clone());
        }
        self.skip_to(whole.end);
        true
    }

    /// A section as TOML or YAML write it at the top of a file: said once, and left out.
    pub(super) fn section(&mut self, kind: Kind, span: &Range<usize>) -> bool {
        if kind != Kind::Word || !self.frames.is_empty() || self.dash.is_some() {
            return false;
        }
        let text = self.text_of(span);
        let (toml, head) = match (self.state, text.strip_prefix('[')) {
            (State::Start, Some(inside)) => {
                let line = inside.trim_matches(['[', ']']);
                (true, line.split('.').map(|part| part.trim_matches('"').to_owned()).collect())
            }
            (State::Start, None) if text.len() > 1 && text.ends_with(':') => {
                (false, vec![text.trim_end_matches(':').to_owned()])
            }
            (State::Entries { any: false }, None) if text.len() > 1 && text.ends_with(':') => {
                let name = self.name.map_or("", |name| self.text_at(name)).to_owned();
                (false, vec![name, text.trim_end_matches(':').to_owned()])
            }
            _ => return false,
        };
        let head: Vec<String> = head;
        let begins = toml || TOP_LEVEL.contains(&head[0].as_str()) && self.rest_of_line_is_empty();
        if !begins {
            return false;
        }
        let format = if toml { "TOML" } else { "YAML" };
        let diagnostic =
            Diagnostic::error(Code::ForeignFormat, format!("a section as {format} writes it"))
                .text("a declaration and its settings stand between braces")
                .at(self.origin(span), "begins no block here")
                .help(format!("write `{} {{ .. }}`", head.join(" ")));
        self.fail(diagnostic);
        let end = self.section_end(toml);
        self.skip_to(end);
        self.state = State::Start;
        self.current = None;
        self.off.clear();
        let start = span.start;
        self.chunks.push(Chunk { span: start..end, sound: false, head, off: Vec::new() });
        true
    }

    /// Whether nothing but a comment follows on the line.
    fn rest_of_line_is_empty(&self) -> bool {
        let mut rest = self.tokens[self.at + 1..].iter();
        rest.find(|token| token.kind != Kind::Space)
            .is_none_or(|token| matches!(token.kind, Kind::Newline | Kind::LineComment))
    }

    /// Where a section ends: before a line that begins another, or that is no longer indented.
    fn section_end(&self, toml: bool) -> usize {
        let mut at = self.line_end_at();
        while at < self.text.len() {
            let line = self.text[at..].trim_start_matches(['\r', '\n']);
            let start = self.text.len() - line.len();
            let this = line.lines().next().unwrap_or_default();
            let mut words = this.split_whitespace();
            let first = words.next().unwrap_or_default();
            let assigns = words.next().is_some_and(|next| next.starts_with('='));
            let margin = !this.starts_with([' ', '\t']);
            let code = this.split("//").next().unwrap_or_default();
            let block = code.trim_end().ends_with('{');
            let declares = TOP_LEVEL.contains(&first) && margin && (!assigns || block);
            let goes_on = match toml {
                true => !(first.starts_with('[') || declares),
                false => line.starts_with([' ', '\t', '-']),
            };
            if !goes_on || line.is_empty() {
                break;
            }
            at = start + line.find('\n').unwrap_or(line.len());
        }
        at
    }

    /// A property on a line of its own, which begins a new node.
    pub(super) fn continued(&mut self, equals: &Range<usize>) -> bool {
        let (Some(before), Some(name)) = (self.before, self.name) else { return false };
        let key = self.text_at(name).to_owned();
        let node = self.text_at(before).to_owned();
        let around = self.frames.last().and_then(|frame| frame.name);
        let around = around.map_or("", |around| self.text_at(around));
        if has_child(around, &key) || !has_property(&node, &key) {
            return false;
        }
        let whole = self.tokens[name].span.start..equals.end;
        // The lines that follow go on with the same node, which need not be said of each.
        self.name = Some(before);
        self.muted |= self.going_on == Some(before);
        self.going_on = Some(before);
        let diagnostic =
            Diagnostic::error(Code::EqualsAfterNode, "a property on a line of its own")
                .text(format!("a node ends with its line, so that `{key}` begins a new one"))
                .at(self.origin(&whole), format!("belongs to `{node}`"))
                .help(format!("put it on the line of `{node}`, or end that line with `\\`"));
        self.fail(diagnostic);
        true
    }

    /// What `name = value` should be.
    pub(super) fn without_equals(&self) -> String {
        let mut rest = self.tokens[self.at + 1..].iter().filter(|token| token.kind != Kind::Space);
        let value =
            rest.next().filter(|t| matches!(t.kind, Kind::Word | Kind::Quoted | Kind::Keyword));
        let around = self.frames.last().and_then(|frame| frame.name);
        if let (Some(name), Some(around), Some(value)) = (self.name, around, value) {
            let (name, around) = (self.text_at(name), self.text_at(around));
            if has_property(around, name) && !has_child(around, name) {
                let value = self.text_of(&value.span);
                return format!(
                    "`{name}` is a property: write `{name}={value}` on the line of `{around}`"
                );
            }
        }
        let advice = self.name.and_then(|name| synonyms::advice(self.text_at(name)));
        match (self.name, value) {
            _ if advice.is_some() => advice.unwrap_or_default().to_owned(),
            (Some(name), Some(value)) => {
                format!("write `{} {}`", self.text_at(name), self.text_of(&value.span))
            }
            _ => "remove the `=`".to_owned(),
        }
    }

    /// A unit behind its number, as in `30(%)`; `open` is its parenthesis, `last` the token of the
    /// closing one.
    pub(super) fn unit_behind(
        &mut self,
        open: &Range<usize>,
        unit: &Range<usize>,
        last: usize,
    ) -> bool {
        let Some(number) = self.number_before() else { return false };
        let glued = number.end == open.start;
        let mut rest = self.tokens[last + 1..].iter().filter(|token| token.kind != Kind::Space);
        let value = rest.next().is_some_and(|token| {
            matches!(token.kind, Kind::Word | Kind::Quoted | Kind::Keyword | Kind::Foreign)
        });
        if !glued && value {
            return false;
        }
        let origin = self.origin(&(number.start..self.tokens[last].span.end));
        self.fail(unit_after(self.text_of(&number), self.text_of(unit), origin));
        self.at = last;
        true
    }

    /// `50 %`: the unit as a word of its own.
    pub(super) fn percent(&mut self, span: &Range<usize>) -> bool {
        if self.text_of(span) != "%" || self.state != (State::Entries { any: true }) {
            return false;
        }
        let Some(number) = self.number_before() else { return false };
        let origin = self.origin(&(number.start..span.end));
        self.fail(unit_after(self.text_of(&number), "%", origin));
        true
    }

    /// The number before the current token, if one is there.
    fn number_before(&self) -> Option<Range<usize>> {
        let before = self.solid_before()?;
        (before.kind == Kind::Word && is_number(self.text_of(&before.span)))
            .then(|| before.span.clone())
    }

    /// Something directly behind a value.
    pub(super) fn glued_to_value(&mut self, kind: Kind, span: &Range<usize>) {
        let text = self.text_of(span).to_owned();
        let origin = self.origin(span);
        let before = self.tokens[self.at - 1].clone();
        let prefix = self.text_of(&before.span).to_owned();
        let diagnostic = if text.starts_with(',') {
            Diagnostic::error(Code::Comma, "a comma between values")
                .text("values are separated by spaces alone")
                .at(origin, "belongs nowhere")
                .help("remove the comma")
        } else if text.starts_with(':') {
            Diagnostic::error(Code::ColonAfterName, "a colon after a name")
                .text("a name and its value are separated by a space")
                .at(origin, "not allowed here")
                .help(format!("write `{}` without the colon", prefix.trim_matches('"')))
        } else if let Some((inner, _)) =
            prefix.split_once(['”', '“']).filter(|_| before.kind == Kind::Quoted)
        {
            Diagnostic::error(Code::ForeignQuotes, "a string that ends in another quotation mark")
                .text("text stands between straight double quotes")
                .at(self.origin(&before.span), "goes on to the next `\"`")
                .help(format!("write `{inner}\"`"))
        } else if kind == Kind::Quoted && before.kind == Kind::Word && prefix.len() <= 2 {
            Diagnostic::error(Code::ForeignQuotes, format!("`{prefix}` in front of a string"))
                .text("strings have no prefixes")
                .at(self.origin(&before.span), "not allowed here")
                .help("remove it; text without escapes stands between `#\"` and `\"#`")
        } else {
            Diagnostic::error(Code::Syntax, "two values without a space between them")
                .at(origin, "a space belongs before this")
                .help("separate them, or put the whole in quotes")
        };
        self.fail(diagnostic);
    }

    /// How to write a path with backslashes of which one is at `span`.
    pub(super) fn path_around(&self, span: &Range<usize>) -> Option<String> {
        let ends = |c: char| c.is_whitespace() || ";{}=".contains(c);
        let before = near_before(&self.text[..span.start]);
        let begins = |at: usize| at + before[at..].chars().next().map_or(1, char::len_utf8);
        let start = span.start - before.len() + before.rfind(ends).map_or(0, begins);
        let rest = near_after(&self.text[span.start..]);
        let end = span.start + rest.find(ends).unwrap_or(rest.len());
        let path = &self.text[start..end];
        (path.len() < 300).then(|| format!("write `\"{}\"`", path.replace('\\', "/")))
    }

    /// Arguments in parentheses, as of a function.
    pub(super) fn call(&mut self, open: &Range<usize>) -> bool {
        let line = near_after(&self.text[open.end..]);
        let line = line.lines().next().unwrap_or_default();
        let Some(inside) = line.find(')').map(|close| &line[..close]) else { return false };
        let glued = self.solid_before().is_some_and(|before| before.span.end == open.start);
        let help = match self.name {
            Some(name) if self.key.is_none() && glued && inside.contains('=') => {
                let plain = inside.replace(',', "").replace(": ", "=");
                format!("write `{} {}`", self.text_at(name), plain.trim())
            }
            _ if self.key.is_some() && inside.contains(',') => {
                "a property has one value".to_owned()
            }
            _ => return false,
        };
        self.syntax(open, "parentheses around values", "not allowed here", &help);
        self.skip_to(open.end + inside.len() + 1);
        true
    }

    /// What to write where the kind of value is known that belongs here.
    pub(super) fn typed_help(
        &self,
        diagnostic: &Diagnostic,
        word: &str,
        position: Position,
    ) -> Option<String> {
        if position != Position::Value {
            return None;
        }
        let node = self.text_at(self.name?);
        let key = self.key.map(|key| self.text_at(key));
        // As in `1fps`.
        let unit = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        if diagnostic.code == Code::UnitAfterNumber && key.is_none() && has_property(node, unit) {
            return Some(format!("write `{unit}={}`", &word[..word.len() - unit.len()]));
        }
        let field = field(node, key)?;
        let name = key.unwrap_or(node);
        match (diagnostic.code, field.ty) {
            (Code::BareKeyword, Type::Bool) => None,
            (Code::BareKeyword, ty) => Some(format!("`{name}` takes {}", wanted(ty))),
            (Code::UnitAfterNumber, _) if key.is_some() && word.contains(['x', '×']) => {
                let (first, _) = word.split_once(['x', '×'])?;
                is_number(first).then(|| format!("a property has one value: write `{first}`"))
            }
            (Code::UnitAfterNumber, ty) => {
                let amount = word.strip_suffix('%').filter(|_| unit_of(ty) != Some("%"))?;
                let fraction = amount.parse::<f64>().ok()? / 100.0;
                Some(format!("write `{}`", number(fraction)))
            }
            _ => None,
        }
    }

    /// What to say of a list as the value of a property; nothing if it is one value with a comma.
    fn one_value(&self) -> Option<String> {
        let word = self.text_at(self.at);
        let mut rest = self.tokens[self.at + 1..].iter().filter(|token| token.kind != Kind::Space);
        let value = |token: &Token| matches!(token.kind, Kind::Word | Kind::Quoted);
        let next = rest.next().is_some_and(value);
        let key = rest.next().is_some_and(|token| token.kind == Kind::Equals);
        let several = word.starts_with('[') || word.trim_matches(',').contains(',') || next && !key;
        several.then(|| "a property has one value".to_owned())
    }

    /// How to write a list that has commas or brackets, where the node is known.
    pub(super) fn list_help(&self, position: Position) -> Option<String> {
        let from = self.name?;
        let name = self.text_at(from).to_owned();
        let bracket =
            self.tokens.get(self.at).is_some_and(|token| self.text_of(&token.span) == "[");
        if bracket && TOP_LEVEL.contains(&name.as_str()) {
            return Some("a block stands between `{` and `}`".to_owned());
        }
        if position != Position::Value {
            return None;
        }
        if self.key.is_some() {
            return self.one_value();
        }
        // The node's values so far, and those that follow on the line.
        let mut items = Vec::new();
        for token in &self.tokens[from + 1..] {
            match token.kind {
                Kind::Word | Kind::Quoted | Kind::Foreign => {
                    let text = self.text_of(&token.span);
                    let parts = text.split([',', '[', ']']).filter(|part| !part.is_empty());
                    items.extend(parts.map(str::to_owned));
                }
                Kind::Space => {}
                Kind::Equals | Kind::OpenParen => return None,
                _ => break,
            }
            if items.len() > 20 {
                return None;
            }
        }
        if items.is_empty() {
            return None;
        }
        if items.len() > 1 && one_for_each(&name) {
            let each: Vec<String> = items.iter().map(|item| format!("{name} {item}")).collect();
            return Some(format!("write one `{name}` for each: `{}`", each.join("; ")));
        }
        Some(format!("write `{name} {}`", items.join(" ")))
    }
}
