//! Text to tokens: a lossless partition of a KDL file, comments and spaces included.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Spaces and tabs; also a byte-order mark at the very beginning.
    Space,
    /// One newline of any convention.
    Newline,
    /// `// ...` up to the newline.
    LineComment,
    /// `/* ... */`, nested ones inside.
    BlockComment,
    /// `\` that continues a node on the next line, that newline included.
    Continuation,
    /// `/-`.
    Slashdash,
    /// `{`.
    Open,
    /// `}`.
    Close,
    /// `(`.
    OpenParen,
    /// `)`.
    CloseParen,
    /// `=`.
    Equals,
    /// `;`.
    Semicolon,
    /// Characters without a delimiter: an identifier, a number, or a mistake.
    Word,
    /// `#true` and its like.
    Keyword,
    /// A string in any quotes.
    Quoted,
    /// Text in the quotes of another notation: `'..'`, `“..”`, `r".."`.
    Foreign,
    /// A string without its closing quotes.
    UnclosedQuoted,
    /// A block comment without its end.
    UnclosedComment,
    /// A character that KDL does not allow.
    Forbidden,
}

/// A piece of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    pub span: Range<usize>,
}

/// Splits a text. The spans are adjacent and cover it.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    while lexer.at < text.len() {
        let start = lexer.at;
        let kind = lexer.next(tokens.is_empty());
        debug_assert!(lexer.at > start, "every token has a length");
        tokens.push(Token { kind, span: start..lexer.at });
    }
    tokens
}

/// Opening quotes that KDL does not have, each with what closes it.
pub(super) const FOREIGN_QUOTES: &[(char, &[char])] = &[
    ('\'', &['\'']),
    ('`', &['`', '\'']),
    ('‘', &['’', '‘']),
    ('’', &['’']),
    ('‚', &['‘', '’']),
    ('“', &['”', '“', '"']),
    ('”', &['”', '"']),
    ('„', &['“', '”', '"']),
    ('«', &['»']),
    ('»', &['«', '»']),
    ('‹', &['›']),
    ('＂', &['＂']),
    ('「', &['」']),
];

/// Characters in which the end of such a text is looked for.
const FOREIGN_LIMIT: usize = 1000;

/// Whether a character is a KDL newline.
pub(super) fn is_newline(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{b}' | '\u{c}' | '\u{2028}' | '\u{2029}')
}

fn is_space(c: char) -> bool {
    matches!(
        c,
        '\t' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// Control characters and direction marks, which KDL forbids everywhere: they make a
/// text read otherwise than it is.
fn is_forbidden(c: char) -> bool {
    (c.is_control() && !is_newline(c) && c != '\t')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_while(&mut self, keep: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !keep(c)).unwrap_or(rest.len());
    }

    fn take(&mut self, length: usize, kind: Kind) -> Kind {
        self.at += length;
        kind
    }

    fn next(&mut self, first: bool) -> Kind {
        let rest = self.rest();
        let Some(c) = self.peek() else { return Kind::Space };
        match c {
            '\u{feff}' if first => self.take(c.len_utf8(), Kind::Space),
            _ if is_forbidden(c) => self.take(c.len_utf8(), Kind::Forbidden),
            _ if is_space(c) => {
                self.skip_while(is_space);
                Kind::Space
            }
            '\r' if rest.starts_with("\r\n") => self.take(2, Kind::Newline),
            _ if is_newline(c) => self.take(c.len_utf8(), Kind::Newline),
            '/' if rest.starts_with("//") => {
                self.skip_while(|c| !is_newline(c));
                Kind::LineComment
            }
            '/' if rest.starts_with("/*") => self.block_comment(),
            '/' if rest.starts_with("/-") => self.take(2, Kind::Slashdash),
            '\\' => self.continuation(),
            '{' => self.take(1, Kind::Open),
            '}' => self.take(1, Kind::Close),
            '(' => self.take(1, Kind::OpenParen),
            ')' => self.take(1, Kind::CloseParen),
            '=' => self.take(1, Kind::Equals),
            ';' => self.take(1, Kind::Semicolon),
            '"' => self.quoted(0),
            '#' => self.hash(),
            _ => match self.foreign(c) {
                Some(length) => self.take(length, Kind::Foreign),
                None => self.word(Kind::Word),
            },
        }
    }

    /// The length of a text that begins here in quotes which KDL 2 does not have, if it ends on
    /// this line. Without an end it is a word, as `'` may stand in one.
    fn foreign(&self, first: char) -> Option<usize> {
        let rest = self.rest();
        let quotes = FOREIGN_QUOTES.iter().find(|(open, _)| *open == first);
        if quotes.is_none() && !(first == 'r' && rest[1..].starts_with(['"', '#'])) {
            return None;
        }
        let end = rest.char_indices().take(FOREIGN_LIMIT).find(|(_, c)| is_newline(*c));
        let end =
            end.or_else(|| rest.char_indices().nth(FOREIGN_LIMIT)).map_or(rest.len(), |e| e.0);
        let line = &rest[..end];
        let Some((_, close)) = quotes else {
            let raw = &line[1..];
            let hashes = raw.bytes().take_while(|&b| b == b'#').count();
            let body = raw[hashes..].strip_prefix('"')?;
            let close = format!("\"{}", "#".repeat(hashes));
            return body.find(&close).map(|at| hashes + 2 + at + close.len());
        };
        let ends = |rest: &str| {
            rest.chars().next().is_none_or(|c| is_space(c) || "{};,()[]=:/".contains(c))
        };
        let start = first.len_utf8();
        let mut ends = line[start..]
            .char_indices()
            .map(|(i, c)| (start + i + c.len_utf8(), c))
            .filter(|&(after, c)| close.contains(&c) && ends(&line[after..]));
        ends.next().map(|(after, _)| after)
    }

    /// Everything up to a delimiter. Slashes and brackets, which KDL does not allow
    /// here, stay inside so that a path or a list is one token to complain about.
    fn word(&mut self, kind: Kind) -> Kind {
        let rest = self.rest();
        let mut end = rest.len();
        for (i, c) in rest.char_indices() {
            let comment = c == '/' && (rest[i..].starts_with("//") || rest[i..].starts_with("/*"));
            let delimiter = matches!(c, '{' | '}' | '(' | ')' | ';' | '=' | '"' | '\\');
            if i > 0 && (comment || delimiter) || is_space(c) || is_newline(c) || is_forbidden(c) {
                end = i;
                break;
            }
        }
        self.take(end, kind)
    }

    fn block_comment(&mut self) -> Kind {
        let mut depth = 0usize;
        let bytes = self.text.as_bytes();
        while self.at < bytes.len() {
            match &bytes[self.at..] {
                [b'/', b'*', ..] => {
                    depth += 1;
                    self.at += 2;
                }
                [b'*', b'/', ..] => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return Kind::BlockComment;
                    }
                }
                _ => self.at += 1,
            }
        }
        Kind::UnclosedComment
    }

    /// A backslash continues a line only if nothing but spaces or a comment follow.
    fn continuation(&mut self) -> Kind {
        let start = self.at;
        self.at += 1;
        self.skip_while(is_space);
        if self.rest().starts_with("//") {
            self.skip_while(|c| !is_newline(c));
        }
        match self.peek() {
            Some('\r') if self.rest().starts_with("\r\n") => self.take(2, Kind::Continuation),
            Some(c) if is_newline(c) => self.take(c.len_utf8(), Kind::Continuation),
            None => Kind::Continuation,
            Some(_) => {
                self.at = start + 1;
                Kind::Forbidden
            }
        }
    }

    fn hash(&mut self) -> Kind {
        let hashes = self.rest().bytes().take_while(|&b| b == b'#').count();
        if self.rest()[hashes..].starts_with('"') {
            self.at += hashes;
            self.quoted(hashes)
        } else {
            self.word(Kind::Keyword)
        }
    }

    /// A string, from its opening quote on; `hashes` were before it.
    fn quoted(&mut self, hashes: usize) -> Kind {
        let multiline = self.rest().starts_with("\"\"\"");
        let quote = if multiline { "\"\"\"" } else { "\"" };
        let close = format!("{quote}{}", "#".repeat(hashes));
        let body = self.at + quote.len();
        let mut chars = self.text[body..].char_indices();
        let mut in_escape = false;
        while let Some((i, c)) = chars.next() {
            if self.text[body + i..].starts_with(&close) {
                self.at = body + i + close.len();
                return Kind::Quoted;
            }
            if c == '\\' && hashes == 0 {
                // An escaped newline joins lines, also after spaces.
                in_escape = true;
                if chars.clone().next().is_some_and(|(_, c)| !is_space(c) && !is_newline(c)) {
                    chars.next();
                    in_escape = false;
                }
            } else if is_newline(c) && !multiline && !in_escape {
                self.at = body + i;
                return Kind::UnclosedQuoted;
            } else if !is_space(c) && !is_newline(c) {
                in_escape = false;
            }
        }
        self.at = self.text.len();
        Kind::UnclosedQuoted
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Kind::*;
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        tokens(text).into_iter().map(|t| t.kind).filter(|k| *k != Space).collect()
    }

    #[test]
    fn one_of_each() {
        assert_eq!(kinds("a b=1;"), [Word, Word, Equals, Word, Semicolon]);
        assert_eq!(
            kinds("/-a { /* { /* } */ */ } // x\n"),
            [Slashdash, Word, Open, BlockComment, Close, LineComment, Newline]
        );
        assert_eq!(
            kinds("a \\ // why\n  (u)\"x\\\"}\" #true #\"a\"b\"#"),
            [Word, Continuation, OpenParen, Word, CloseParen, Quoted, Keyword, Quoted]
        );
        assert_eq!(
            kinds("root ./data/x [1 2] a/b//c"),
            [Word, Word, Word, Word, Word, LineComment]
        );
        assert_eq!(kinds("a \"\"\"\n  x \" y\n  \"\"\"\nb"), [Word, Quoted, Newline, Word]);
        assert_eq!(kinds("a \"open\nb"), [Word, UnclosedQuoted, Newline, Word]);
        assert_eq!(kinds("a \"x\\\n   y\" b"), [Word, Quoted, Word]);
        assert_eq!(kinds("/* /* */"), [UnclosedComment]);
        assert_eq!(kinds("a\u{202e}b"), [Word, Forbidden, Word]);
        assert_eq!(kinds("a 'b c' “d // {” d'e 'f"), [Word, Foreign, Foreign, Word, Word]);
        assert_eq!(kinds("'Peter's faces' r"), [Foreign, Word]);
        assert_eq!(kinds("r\"C:\\a\\\" r#\"a\"b\"# root"), [Foreign, Foreign, Word]);
    }

    proptest! {
        #[test]
        fn tokens_cover_any_text(text in r##"([a-z0-9 {}()"#=;/*\\\n\r.'“”-]|é|\PC){0,60}"##) {
            let mut at = 0;
            for token in tokens(&text) {
                prop_assert_eq!(token.span.start, at);
                prop_assert!(token.span.end > at);
                at = token.span.end;
            }
            prop_assert_eq!(at, text.len());
        }
    }
}
