//! What stands in a static list, told apart by its word: metrics, corruptions, operations.

/// Declares a reference to one of the definitions of a list, each of which has a `word` and a `doc`. Two
/// references are the same if their words are, and are ordered as the list is; to serde one is its word.
#[macro_export]
macro_rules! listed {
    ($(#[doc = $doc:literal])+ pub struct $Name:ident of $Definition:ident in $ALL:path, $what:literal) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy)]
        pub struct $Name(pub(crate) &'static $Definition);

        impl ::std::ops::Deref for $Name {
            type Target = $Definition;

            fn deref(&self) -> &$Definition {
                self.0
            }
        }

        impl $Name {
            /// The one of a word.
            pub fn of(word: &str) -> Option<Self> {
                $ALL.iter().copied().find(|listed| listed.word == word)
            }

            /// Its word, and what it is.
            pub const fn words(self) -> (&'static str, &'static str) {
                (self.0.word, self.0.doc)
            }

            /// Its definition, also in constants.
            pub const fn definition(self) -> &'static $Definition {
                self.0
            }

            fn place(self) -> Option<usize> {
                $ALL.iter().position(|listed| listed.word == self.word)
            }
        }

        impl ::std::fmt::Debug for $Name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.word)
            }
        }

        impl PartialEq for $Name {
            fn eq(&self, other: &Self) -> bool {
                self.word == other.word
            }
        }

        impl Eq for $Name {}

        impl PartialOrd for $Name {
            fn partial_cmp(&self, other: &Self) -> Option<::std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $Name {
            fn cmp(&self, other: &Self) -> ::std::cmp::Ordering {
                self.place().cmp(&other.place())
            }
        }

        impl ::std::hash::Hash for $Name {
            fn hash<H: ::std::hash::Hasher>(&self, state: &mut H) {
                self.word.hash(state);
            }
        }

        impl $crate::serde::Serialize for $Name {
            fn serialize<S: $crate::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.word)
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $Name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let word = <String as $crate::serde::Deserialize>::deserialize(from)?;
                let unknown = || $crate::serde::de::Error::custom(format!("no {} `{word}`", $what));
                Self::of(&word).ok_or_else(unknown)
            }
        }
    };
}
