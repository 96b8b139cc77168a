//! Values of fields, and what is said of those that the schema alone cannot judge.

use super::checker::Checker;
use crate::diagnostic::{Code, Diagnostic};
use crate::nodes::OVERRIDE;
use crate::schema::{Field, NodeSpec, Type};
use crate::search::overridden;
use crate::span::Origin;
use crate::tree::{Scalar, Value};
use crate::value::{self, Datum};
use crate::words::windows_path;

impl Checker<'_> {
    /// A value of a field; `spec` and `word` are those of its node.
    pub(super) fn value(
        &mut self,
        value: &Value,
        field: &Field,
        spec: &'static NodeSpec,
        word: Option<&str>,
    ) {
        match value::read(value, field) {
            Err(mut diagnostic) => {
                // A word that another property takes says which one was meant.
                if let (Code::UnknownWord | Code::WrongType, Scalar::Text(text)) =
                    (diagnostic.code, &value.scalar)
                    && let Some(other) = property_with(spec, word, text)
                {
                    diagnostic.help = Some(format!("write `{other}={text}`"));
                }
                self.sink.report(diagnostic);
            }
            Ok(Datum::Text(name)) => match field.ty {
                Type::Ref(kind) => self.reference(kind, name, value.origin),
                Type::Path => self.path(value),
                _ if spec.name == "import" => self.path(value),
                _ => {}
            },
            Ok(_) => {}
        }
    }

    /// Backslashes of a path that were read as escapes.
    fn path(&mut self, value: &Value) {
        let Some(raw) = self.sources.excerpt(value.origin) else { return };
        let mut rest = raw.chars();
        let mut escaped = None;
        while let (true, Some(c)) = (raw.starts_with('"'), rest.next()) {
            if c == '\\' {
                escaped = escaped.or(rest.next().filter(|c| "nrtbfs".contains(*c)));
            }
        }
        let Some(escape) = escaped else { return };
        let what = match escape {
            'n' | 'r' => "a line break",
            't' => "a tab",
            's' => "a space",
            _ => "a control character",
        };
        let plain = || Some(format!("write `{}`", raw.replace('\\', "/")));
        self.sink.report(
            Diagnostic::error(Code::Syntax, "a path with escapes in it")
                .text(format!("in quotes `\\{escape}` is {what}"))
                .at(value.origin, "not the path it looks like")
                .maybe_help(windows_path(raw).or_else(plain)),
        );
    }

    /// A first word that is none of those allowed, but would be together with those that follow,
    /// or is something that the node patches.
    pub(super) fn several_words(
        &mut self,
        spec: &'static NodeSpec,
        field: &Field,
        own: &[&Value],
    ) -> bool {
        let Type::Word(words) = field.ty else { return false };
        let texts = own.iter().map_while(|value| match &value.scalar {
            Scalar::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let texts: Vec<&str> = texts.collect();
        let Some(first) = texts.first().filter(|text| words.iter().all(|(word, _)| word != *text))
        else {
            return false;
        };
        let whole = texts.join("-");
        let joined = words.iter().find(|(word, _)| texts.len() > 1 && *word == whole);
        // `recipe.epochs` as well.
        let inner = first.split_once('.').map_or(*first, |(_, inner)| inner);
        let patched = overridden(inner).filter(|_| spec.name == OVERRIDE.name);
        let help = match (joined, patched) {
            (Some((word, _)), _) => format!("write `{word}`"),
            (None, Some(patched)) => {
                let end = own.last().map_or(own[0].origin.end, |value| value.origin.end);
                let rest = self.sources.excerpt(Origin { end, ..own[0].origin });
                let rest = rest.unwrap_or(first);
                let rest =
                    rest.split_once('.').filter(|_| inner != *first).map_or(rest, |(_, r)| r);
                format!("write `override {patched} {{ {rest} }}`")
            }
            (None, None) => return false,
        };
        self.sink.report(
            Diagnostic::error(
                Code::UnknownWord,
                format!("unknown word `{first}` for `{}`", spec.name),
            )
            .text(format!("`{}` is {}", spec.name, value::wanted(field.ty)))
            .at(own[0].origin, "not one of them")
            .help(help),
        );
        true
    }
}

/// The one property of a node that takes a word.
pub(super) fn property_with(
    spec: &'static NodeSpec,
    word: Option<&str>,
    text: &str,
) -> Option<&'static str> {
    let mut fields = spec.all_properties(word).filter(|field| match field.ty {
        Type::Word(words) | Type::Selection(words) | Type::Tuning(words) => {
            words.iter().any(|(word, _)| *word == text)
        }
        _ => false,
    });
    fields.next().filter(|_| fields.next().is_none()).map(|field| field.name)
}
