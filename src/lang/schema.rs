//! The language as a table: every node with its arguments, properties and children.
//!
//! Checking, suggestions and the reference page are all read from it.

use std::ops::RangeInclusive;

/// What can be declared under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Dataset,
    Ensemble,
    Backbone,
    Init,
    Recipe,
    Loss,
    Experiment,
    Table,
}

impl Kind {
    /// Every kind, in the order of the reference page.
    pub const ALL: [Self; 8] = [
        Self::Dataset,
        Self::Ensemble,
        Self::Backbone,
        Self::Init,
        Self::Recipe,
        Self::Loss,
        Self::Experiment,
        Self::Table,
    ];
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Type {
    /// Any text.
    Text,
    /// The name of what is declared: letters, digits, `-`, `_` and `.`.
    Name,
    /// A path relative to the file, or `env:NAME`.
    Path,
    /// `#true` or `#false`.
    Bool,
    /// One of some words, each with its meaning.
    Word(&'static [(&'static str, &'static str)]),
    /// A word that names a split and a quantity; one of a test split is a leak.
    Selection(&'static [(&'static str, &'static str)]),
    /// The same of what chooses between trainings.
    Tuning(&'static [(&'static str, &'static str)]),
    /// A whole number from the first to the second.
    Whole(u64, u64),
    /// A number in a range.
    Number(Range),
    /// 0 to 1, or `(%)0` to `(%)100`.
    Fraction,
    /// The same of what is small: without a unit below 0.5.
    Points,
    /// 0 or more, `(%)` allowed.
    Share,
    /// 0 to 1, or `val`; a test split is a leak.
    Threshold,
    /// Epochs, 0 or more.
    Epochs,
    /// An amount of memory with its unit, in bytes.
    Memory,
    /// A time with its unit, from the first to the second in seconds.
    Time(u64, u64),
    /// Two parts as in `1:1`.
    Ratio,
    /// `auto`, `cpu` or `cuda:N`.
    Device,
    /// The name of something declared.
    Ref(Kind),
    /// Any value; what it may be depends on what else is written.
    Any,
}

impl Type {
    /// A field of it that must be given.
    pub const fn required(self) -> Field {
        self.optional().required()
    }

    /// A field of it that may be left out.
    pub const fn optional(self) -> Field {
        Field::new("", self, "")
    }

    /// A field of it with a default.
    pub const fn or(self, default: Preset) -> Field {
        self.optional().or(default)
    }
}

/// A range of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub low: f64,
    pub high: f64,
    /// Whether the ends belong to it.
    pub low_in: bool,
    pub high_in: bool,
}

/// As far as single precision goes, in which networks compute. Such an end is not said: only what
/// is far beyond any use reaches it.
pub(super) const WIDE: f64 = 1e30;
/// Above 0.
pub(super) const POSITIVE: Range = up_to(WIDE);
/// 0 or more.
pub(super) const NOT_NEGATIVE: Range = Range { low_in: true, ..POSITIVE };
/// 0 up to, without, 1.
pub(super) const BELOW_ONE: Range = Range { low: 0.0, high: 1.0, low_in: true, high_in: false };
/// Above 0 up to 1.
pub(super) const UP_TO_ONE: Range = Range { low: 0.0, high: 1.0, low_in: false, high_in: true };
/// Any number.
pub(super) const FINITE: Range = Range { low: -WIDE, high: WIDE, low_in: true, high_in: true };

/// Above 0, up to a number.
pub(super) const fn up_to(high: f64) -> Range {
    Range { low: 0.0, high, low_in: false, high_in: true }
}

/// The whole numbers of a range.
pub(super) const fn whole(range: &RangeInclusive<u64>) -> Type {
    Type::Whole(*range.start(), *range.end())
}

impl Range {
    /// Whether a finite number is in it.
    pub fn contains(&self, x: f64) -> bool {
        (x > self.low || self.low_in && x == self.low)
            && (x < self.high || self.high_in && x == self.high)
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.low > -WIDE, self.high < WIDE) {
            (true, true) if self.low_in && self.high_in => {
                write!(f, "from {} to {}", self.low, self.high)
            }
            (true, true) if self.low_in => write!(f, "from {}, below {}", self.low, self.high),
            (true, true) => write!(f, "above {}, up to {}", self.low, self.high),
            (true, false) if self.low_in => write!(f, "{} or more", self.low),
            (true, false) => write!(f, "above {}", self.low),
            _ => write!(f, "any number"),
        }
    }
}

/// A default; of what has a unit, as many of the smallest that it is counted in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Preset {
    Whole(u64),
    Number(f64),
    Text(&'static str),
    Bool(bool),
}

/// An argument or a property.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub name: &'static str,
    pub ty: Type,
    pub doc: &'static str,
    pub required: bool,
    pub default: Option<Preset>,
    /// Exactly one field of a group is given; empty for none.
    pub group: &'static str,
    /// A reference is a name of its own where this property is given; empty for none.
    pub unless: &'static str,
}

/// The group of a field to which the block of the node is the alternative.
pub(super) const OR_BLOCK: &str = "block";

impl Field {
    pub const fn new(name: &'static str, ty: Type, doc: &'static str) -> Self {
        Self { name, ty, doc, required: false, default: None, group: "", unless: "" }
    }

    /// With its name and its meaning.
    pub const fn named(self, name: &'static str, doc: &'static str) -> Self {
        Self { name, doc, ..self }
    }

    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub const fn or(self, default: Preset) -> Self {
        Self { default: Some(default), ..self }
    }

    pub const fn group(self, group: &'static str) -> Self {
        Self { group, ..self }
    }

    pub const fn unless(self, unless: &'static str) -> Self {
        Self { unless, ..self }
    }
}

/// How often a child may occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Times {
    Once,
    AtMostOnce,
    AnyNumber,
    AtLeastOnce,
}

/// A child of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Child {
    pub spec: &'static NodeSpec,
    pub times: Times,
    /// Exactly one child of a group is given; empty for none.
    pub group: &'static str,
}

impl Child {
    pub const fn new(spec: &'static NodeSpec, times: Times) -> Self {
        Self { spec, times, group: "" }
    }

    pub const fn group(self, group: &'static str) -> Self {
        Self { group, ..self }
    }
}

/// A child that must be there once.
pub(super) const fn once(spec: &'static NodeSpec) -> Child {
    Child::new(spec, Times::Once)
}

/// A child that may be there once.
pub(super) const fn at_most_once(spec: &'static NodeSpec) -> Child {
    Child::new(spec, Times::AtMostOnce)
}

/// A child that must be there at least once.
pub(super) const fn at_least_once(spec: &'static NodeSpec) -> Child {
    Child::new(spec, Times::AtLeastOnce)
}

/// A child that may be there any number of times.
pub(super) const fn any_number(spec: &'static NodeSpec) -> Child {
    Child::new(spec, Times::AnyNumber)
}

/// Some child, which no list has.
pub(super) const ANY_CHILD: Child = once(&IMPORT);

/// How many items some lists have together.
pub(super) const fn count<T>(lists: &[&[T]]) -> usize {
    let (mut n, mut i) = (0, 0);
    while i < lists.len() {
        n += lists[i].len();
        i += 1;
    }
    n
}

/// The items of some lists, as many as they are together; `any` stands in their places before.
pub(super) const fn flat<T: Copy, const N: usize>(lists: &[&[T]], any: T) -> [T; N] {
    let mut all = [any; N];
    let (mut n, mut i) = (0, 0);
    while i < lists.len() {
        let mut k = 0;
        while k < lists[i].len() {
            all[n] = lists[i][k];
            n += 1;
            k += 1;
        }
        i += 1;
    }
    all
}

/// What a first argument adds to a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variant {
    pub word: &'static str,
    pub doc: &'static str,
    pub properties: &'static [Field],
    pub children: &'static [Child],
}

impl Variant {
    /// The word with which a node is read as another.
    pub const fn of(word: &'static str, spec: &'static NodeSpec) -> Self {
        Self { word, doc: spec.doc, properties: spec.properties, children: spec.children }
    }
}

/// A node.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeSpec {
    pub name: &'static str,
    pub doc: &'static str,
    pub arguments: &'static [Field],
    /// Whether the last argument may be repeated.
    pub repeats: bool,
    pub properties: &'static [Field],
    pub children: &'static [Child],
    pub variants: &'static [Variant],
    /// Whether nodes of this name are told apart by their first argument, so that an
    /// override patches the one it names.
    pub keyed: bool,
}

impl NodeSpec {
    pub const fn new(name: &'static str, doc: &'static str) -> Self {
        Self {
            name,
            doc,
            arguments: &[],
            repeats: false,
            properties: &[],
            children: &[],
            variants: &[],
            keyed: false,
        }
    }

    /// A node with one value.
    pub const fn value(name: &'static str, doc: &'static str, arguments: &'static [Field]) -> Self {
        Self { arguments, ..Self::new(name, doc) }
    }

    /// The one value of a node that has one.
    pub fn only(&self) -> &'static Field {
        self.arguments.first().or(self.properties.first()).expect("a node of one value has it")
    }

    pub const fn arguments(self, arguments: &'static [Field]) -> Self {
        Self { arguments, ..self }
    }

    pub const fn repeating(self) -> Self {
        Self { repeats: true, ..self }
    }

    pub const fn keyed(self) -> Self {
        Self { keyed: true, ..self }
    }

    pub const fn properties(self, properties: &'static [Field]) -> Self {
        Self { properties, ..self }
    }

    pub const fn children(self, children: &'static [Child]) -> Self {
        Self { children, ..self }
    }

    pub const fn variants(self, variants: &'static [Variant]) -> Self {
        Self { variants, ..self }
    }

    /// The variant that a first argument selects.
    pub fn variant(&self, word: Option<&str>) -> Option<&'static Variant> {
        self.variants.iter().find(|variant| Some(variant.word) == word)
    }

    /// Every property under a first argument.
    pub fn all_properties(&self, word: Option<&str>) -> impl Iterator<Item = &'static Field> {
        let more = self.variant(word).map_or(&[][..], |variant| variant.properties);
        self.properties.iter().chain(more)
    }

    /// Every child under a first argument.
    pub fn all_children(&self, word: Option<&str>) -> impl Iterator<Item = &'static Child> {
        let more = self.variant(word).map_or(&[][..], |variant| variant.children);
        self.children.iter().chain(more)
    }
}

/// `import`, the one top-level node that declares nothing.
pub(super) static IMPORT: NodeSpec = NodeSpec::value(
    "import",
    "Makes the declarations of another file known. A file may be imported many times.",
    &[Field::new("path", Type::Text, "The file, relative to the one that imports it.").required()],
);
