//! The forms in which nodes, words and choices are declared.

/// Declares a node: a struct of plain values, whose comments are the documentation of the
/// language, with its schema, its decoder, the place of each field, and what of it keys see.
///
/// ```text
/// node! {
///     /// What the node is.
///     pub struct Name = "name-of-the-node", keyed {
///         arguments {                     // FIELD: TYPE = its type, with a default or without
///             /// What it is.
///             first: usize = SIZE.required(),
///         }
///         also_arguments [..]             // after them, of the schema alone
///         also_properties [..]            // before the others, as also_children
///         children_of LIST                // a list of children, which a function below reads
///         properties {
///             other_name as "key": Option<f64> [since 2] = Type::Share.optional(),
///         }
///         children {                      // nodes; nodes that a function reads; a node of one value
///             part: Placed<Part> = [once(Part::SPEC)],
///             list: Vec<String> = [at_most_once(&LIST)] via list,
///             kind: Kind = (Kind::NODES),    // a list that stands elsewhere
///             /// What the node is.
///             epochs: u32 = Once (arguments "number", EPOCHS.required(), "What the value is."),
///             /// What the node is, which has any number of values.
///             real: Vec<String> =
///                 Once (arguments "value", Type::Text.required(), "What a value is.", repeating),
///         }
///         made {                          // what a function makes of the node
///             lr: f64 = rate,
///         }
///         variants = VARIANTS         // what a first argument adds to the schema
///     }
///     check = CHECK; unwritten = UNWRITTEN;
/// }
/// ```
///
/// A property that is `[by FUNCTION]` is read by it, since its default depends on others.
///
/// A key has a field under its own name, unless it is `[unkeyed]`, has `[key "another"]`, is
/// `[flat]` (its fields are those of this node), or is only there `[when FUNCTION]` says so.
/// `[since 2]` leaves it out where it is the default: what came after the first form of the
/// language must not change the keys of what was run before.
macro_rules! node {
    (
        $(#[doc = $doc:literal])+
        $(#[derive($($derive:path),+)])?
        $vis:vis struct $Node:ident = $name:literal $(, $mark:ident)* {
            $(arguments { $($(#[doc = $adoc:literal])+ $a:ident $(as $akey:literal)? : $aty:ty
                $([ $($amark:tt)+ ])? = $afield:expr,)* })?
            $(also_arguments [ $($also_argument:expr),* $(,)? ])?
            $(also_properties [ $($also_property:expr),* $(,)? ])?
            $(properties { $($(#[doc = $pdoc:literal])+ $p:ident $(as $pkey:literal)? : $pty:ty
                $([ $($pmark:tt)+ ])? = $pfield:expr,)* })?
            $(also_children [ $($also_child:expr),* $(,)? ])?
            $(children_of $list:ident)?
            $(children { $($(#[doc = $cdoc:literal])+ $c:ident $(as $ckey:literal)? : $cty:ty
                $([ $($cmark:tt)+ ])? =
                $($times:ident (
                    $role:ident $vname:literal, $vfield:expr, $vdoc:literal $(, $vmark:ident)?
                ))?
                $([ $($child:expr),+ ])? $(($nodes:path))? $(via $via:path)?,)* })?
            $(made { $($(#[doc = $mdoc:literal])+ $m:ident : $mty:ty
                $([ $($mmark:tt)+ ])? = $make:path,)* })?
            $(variants = $variants:expr)?
        }
        $(check = $check:path;)?
        $(unwritten = $unwritten:path;)?
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq)]
        $(#[derive($($derive),+)])?
        $vis struct $Node {
            $($($(#[doc = $adoc])+ pub $a: $aty,)*)?
            $($($(#[doc = $pdoc])+ pub $p: $pty,)*)?
            $($($(#[doc = $cdoc])+ pub $c: $cty,)*)?
            $($($(#[doc = $mdoc])+ pub $m: $mty,)*)?
        }

        const _: () = {
            use $crate::node::{Decode, Part, Placed, Plain};
            use $crate::schema::{Child, Field, NodeSpec, count, flat};

            #[derive(Clone, Debug, Default)]
            pub struct At {
                $($(pub $a: <$aty as Part>::At,)*)?
                $($(pub $p: <$pty as Part>::At,)*)?
                $($(pub $c: <$cty as Part>::At,)*)?
                $($(pub $m: <$mty as Part>::At,)*)?
            }

            pub struct Fields {
                $($(pub $a: Field,)*)?
                $($(pub $p: Field,)*)?
                $($(pub $c: &'static [Child],)*)?
            }

            const FIELDS: Fields = Fields {
                $($($a: $afield.named($crate::node::declare::key!($a $($akey)?), $crate::node::declare::doc(concat!($($adoc),+))),)*)?
                $($($p: $pfield.named($crate::node::declare::key!($p $($pkey)?), $crate::node::declare::doc(concat!($($pdoc),+))),)*)?
                $($($c: {
                    // The node itself, of a field whose node has one value.
                    const NODE: NodeSpec = NodeSpec::new(
                        $crate::node::declare::key!($c $($ckey)?),
                        $crate::node::declare::doc(concat!($($cdoc),+)),
                    );
                    let _ = NODE;
                    const LISTED: &[Child] = &[
                        $({
                            static VALUE: [Field; 1] = [$vfield.named($vname, $vdoc)];
                            static SPEC: NodeSpec = NODE.$role(&VALUE)$(.$vmark())?;
                            Child::new(&SPEC, $crate::schema::Times::$times)
                        },)?
                        $($($child),+)?
                    ];
                    let listed = LISTED;
                    $(let listed = { let _ = listed; $nodes };)?
                    listed
                },)*)?
            };
            static ARGUMENTS: &[Field] = &[$($(FIELDS.$a,)*)? $($($also_argument,)*)?];
            static PROPERTIES: &[Field] = &[$($($also_property,)*)? $($(FIELDS.$p,)*)?];
            const LISTS: &[&[Child]] = &[$(&[$($also_child),*],)? $(&$list,)? $($(FIELDS.$c,)*)?];
            static CHILDREN: [Child; count(LISTS)] = flat(LISTS, $crate::schema::ANY_CHILD);
            static SPEC: NodeSpec =
                NodeSpec::new($name, $crate::node::declare::doc(concat!($($doc),+)))
                    .arguments(ARGUMENTS)
                    .properties(PROPERTIES)
                    .children(&CHILDREN)
                    $(.variants($variants))?
                    $(.$mark())*;

            impl Plain for $Node {
                type At = At;

                fn entries<M: serde::ser::SerializeMap>(
                    placed: &Placed<Self>,
                    map: &mut M,
                ) -> Result<(), M::Error> {
                    $($($crate::node::declare::entry!(placed, map, $a, (value &FIELDS.$a), [$($($amark)+)?]);)*)?
                    $($($crate::node::declare::entry!(placed, map, $p, (value &FIELDS.$p), [$($($pmark)+)?]);)*)?
                    $($($crate::node::declare::entry!(placed, map, $c, (child FIELDS.$c $(, $role)?), [$($($cmark)+)?]);)*)?
                    $($($crate::node::declare::entry!(placed, map, $m, (made), [$($($mmark)+)?]);)*)?
                    Ok(())
                }
            }

            impl Decode for $Node {
                type Fields = Fields;
                const FIELDS: Fields = FIELDS;
                const SPEC: &'static NodeSpec = &SPEC;

                fn fields(
                    node: $crate::cursor::Cursor<'_>,
                    sink: &mut $crate::diagnostic::Sink,
                ) -> Option<Placed<Self>> {
                    // Values alone have nothing to report.
                    let _ = &sink;
                    $($(let $a = <$aty as $crate::node::Value>::value(node, &FIELDS.$a);)*)?
                    $($(let $p = $crate::node::declare::property!(
                        node, sink, FIELDS.$p, $pty, [$($($pmark)+)?]);)*)?
                    $($(let $c = $crate::node::declare::child!(
                        node, sink, FIELDS.$c, $cty, $($role)? $(via $via)?);)*)?
                    $($(let $m = $make(node, sink);)*)?
                    $($(let $a = $a?;)*)?
                    $($(let $p = $p?;)*)?
                    $($(let $c = $c?;)*)?
                    $($(let $m = $m?;)*)?
                    Some(Placed {
                        at: At { $($($a: $a.1,)*)? $($($p: $p.1,)*)? $($($c: $c.1,)*)? $($($m: $m.1,)*)? },
                        value: Self { $($($a: $a.0,)*)? $($($p: $p.0,)*)? $($($c: $c.0,)*)? $($($m: $m.0,)*)? },
                        node: node.origin(),
                    })
                }

                $(fn check(
                    node: $crate::cursor::Cursor<'_>,
                    read: Option<Placed<Self>>,
                    sink: &mut $crate::diagnostic::Sink,
                ) -> Option<Placed<Self>> {
                    $check(node, read, sink)
                })?

                $(fn unwritten(
                    around: $crate::cursor::Cursor<'_>,
                    sink: &mut $crate::diagnostic::Sink,
                ) -> Option<Placed<Self>> {
                    $unwritten(around, sink)
                })?
            }
        };
    };
}
pub(crate) use node;

/// The key of a field: its name as KDL writes it, or the one that is stated.
macro_rules! key {
    ($field:ident) => {{
        const NAME: &str = stringify!($field);
        const BYTES: [u8; NAME.len()] = $crate::node::declare::kebab(NAME);
        match std::str::from_utf8(&BYTES) {
            Ok(name) => name,
            Err(_) => panic!("a field whose name is not ASCII"),
        }
    }};
    ($field:ident $key:literal) => {
        $key
    };
}
pub(crate) use key;

/// Reads a property.
macro_rules! property {
    ($node:ident, $sink:ident, $field:expr, $type:ty, [by $by:path]) => {
        $by($node, $sink)
    };
    ($node:ident, $sink:ident, $field:expr, $type:ty, [$($mark:tt)*]) => {
        <$type as $crate::node::Value>::value($node, &$field)
    };
}
pub(crate) use property;

/// Reads the nodes of a field.
macro_rules! child {
    ($node:ident, $sink:ident, $listed:expr, $type:ty, via $via:path) => {
        $via($node, $sink)
    };
    ($node:ident, $sink:ident, $listed:expr, $type:ty, ) => {
        <$type as $crate::node::Nodes>::nodes($node, $listed, $sink)
            .map(|part| (part, <$type as Part>::At::default()))
    };
    ($node:ident, $sink:ident, $listed:expr, $type:ty, $role:ident) => {
        $crate::node::value_of_child::<$type>($node, $listed)
    };
}
pub(crate) use child;

/// Writes what keys see of a field.
macro_rules! entry {
    ($placed:ident, $map:ident, $field:ident, $kind:tt, []) => {
        $map.serialize_entry(
            stringify!($field),
            &Part::placed(&$placed.value.$field, Clone::clone(&$placed.at.$field)),
        )?
    };
    ($placed:ident, $map:ident, $field:ident, $kind:tt, [key $name:literal]) => {
        $map.serialize_entry(
            $name,
            &Part::placed(&$placed.value.$field, Clone::clone(&$placed.at.$field)),
        )?
    };
    ($placed:ident, $map:ident, $field:ident, $kind:tt, [by $by:path]) => {
        $crate::node::declare::entry!($placed, $map, $field, $kind, [])
    };
    ($placed:ident, $map:ident, $field:ident, $kind:tt, [unkeyed]) => {};
    ($placed:ident, $map:ident, $field:ident, $kind:tt, [flat]) => {
        $placed.value.$field.entries($map)?
    };
    ($placed:ident, $map:ident, $field:ident, $kind:tt, [when $when:path]) => {
        if $when($placed) {
            $crate::node::declare::entry!($placed, $map, $field, $kind, [])
        }
    };
    ($placed:ident, $map:ident, $field:ident, $kind:tt, [since $form:literal]) => {
        if !$crate::node::declare::is_default!(&$placed.value.$field, $kind) {
            $crate::node::declare::entry!($placed, $map, $field, $kind, [])
        }
    };
}
pub(crate) use entry;

/// Whether a field is what it is where nobody writes it.
macro_rules! is_default {
    ($value:expr, (value $field:expr)) => {
        $crate::node::Value::is_default($value, $field)
    };
    ($value:expr, (child $listed:expr, $role:ident)) => {
        $crate::node::Value::is_default($value, $listed[0].spec.only())
    };
    ($value:expr, (child $listed:expr)) => {
        $crate::node::Maybe::is_nothing($value)
    };
    ($value:expr, (made)) => {
        $crate::node::Maybe::is_nothing($value)
    };
}
pub(crate) use is_default;

/// Declares the words of a value, each with its meaning.
macro_rules! words {
    (
        $(#[doc = $doc:literal])+
        $vis:vis enum $Words:ident {
            $($(#[doc = $wdoc:literal])+ $Variant:ident = $word:literal,)+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "kebab-case")]
        $vis enum $Words {
            $($(#[doc = $wdoc])+ $Variant,)+
        }

        impl $crate::node::Words for $Words {
            const WORDS: &[(&str, &str)] =
                &[$(($word, $crate::node::declare::doc(concat!($($wdoc),+)))),+];
        }

        impl $crate::node::Every for $Words {
            const ALL: &'static [Self] = &[$(Self::$Variant),+];
        }

        impl $Words {
            /// The word for it in files.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$Variant => $word,)+
                }
            }

            /// The one that a word means.
            pub fn of(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$Variant),)+
                    _ => None,
                }
            }
        }

        impl $crate::node::Read for $Words {
            fn read(
                datum: $crate::value::Datum,
                file: Option<&std::path::Path>,
            ) -> Option<Self> {
                Self::of(&String::read(datum, file)?)
            }
        }

        $crate::node::values!($Words);
    };
}
pub(crate) use words;

/// Declares the type of a value that is one of a static list, by its word.
macro_rules! listed {
    ($(#[$meta:meta])+ $vis:vis const $TYPE:ident: $Listed:ident in $ALL:path) => {
        $(#[$meta])+
        $vis const $TYPE: $crate::schema::Type = $crate::schema::Type::Word(&{
            let mut words = [("", ""); $ALL.len()];
            let mut place = 0;
            while place < $ALL.len() {
                words[place] = $ALL[place].words();
                place += 1;
            }
            words
        });

        impl $crate::node::Read for $Listed {
            fn read(
                datum: $crate::value::Datum,
                file: Option<&std::path::Path>,
            ) -> Option<Self> {
                Self::of(&String::read(datum, file)?)
            }
        }

        $crate::node::values!($Listed);
    };
}
pub(crate) use listed;

/// Declares what is one of several nodes.
macro_rules! choice {
    (
        $(#[$meta:meta])+
        $vis:vis enum $Choice:ident as $view:ident: $Trait:ident {
            $($(#[doc = $doc:literal])+ $Variant:ident($Node:ident),)+
        }
    ) => {
        $crate::node::choice! {
            $(#[$meta])+
            $vis enum $Choice {
                $($(#[doc = $doc])+ $Variant($Node),)+
            }
        }

        impl $Choice {
            /// What they have in common.
            pub fn $view(&self) -> &dyn $Trait {
                match self {
                    $(Self::$Variant(node) => node,)+
                }
            }
        }
    };
    (
        $(#[$meta:meta])+
        $vis:vis enum $Choice:ident {
            $($(#[doc = $doc:literal])+ $Variant:ident($Node:ident),)+
        }
    ) => {
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        $(#[$meta])+
        $vis enum $Choice {
            $($(#[doc = $doc])+ $Variant($crate::node::Placed<$Node>),)+
        }

        impl $crate::node::Part for $Choice {
            type At = ();

            fn placed(&self, (): ()) -> impl serde::Serialize {
                self
            }
        }

        $(impl From<$Node> for $Choice {
            fn from(node: $Node) -> Self {
                Self::$Variant(node.into())
            }
        })+

        impl $crate::node::FromNode for $Choice {
            fn from_node(
                node: $crate::cursor::Cursor<'_>,
                sink: &mut $crate::diagnostic::Sink,
            ) -> Option<Self> {
                $(if std::ptr::eq(node.spec, <$Node as $crate::node::Decode>::SPEC) {
                    return <$Node as $crate::node::Decode>::decode(node, sink).map(Self::$Variant);
                })+
                None
            }

            fn unwritten(
                _: $crate::cursor::Cursor<'_>,
                _: &mut $crate::diagnostic::Sink,
            ) -> Option<Self> {
                None
            }
        }
    };
}
pub(crate) use choice;

/// A name of Rust as KDL has it: `-` for `_`.
pub(crate) const fn kebab<const N: usize>(name: &str) -> [u8; N] {
    let (name, mut bytes, mut i) = (name.as_bytes(), [0; N], 0);
    while i < N {
        bytes[i] = if name[i] == b'_' { b'-' } else { name[i] };
        i += 1;
    }
    bytes
}

/// The text of a comment, without the space that stands in front of it.
pub(crate) const fn doc(comment: &'static str) -> &'static str {
    let [b' ', text @ ..] = comment.as_bytes() else { return comment };
    match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(_) => comment,
    }
}
