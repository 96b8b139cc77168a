//! What `node!` makes of a declaration: schema, reading, places, and what keys see.

use serde_json::{Value as Json, json};

use super::*;
use crate::cursor::Cursor;
use crate::diagnostic::Sink;
use crate::schema::Preset::{Bool, Number, Text, Whole};
use crate::schema::{Type, any_number, at_most_once, once};
use crate::source::Sources;
use crate::span::{FileId, Origin};
use crate::tree::parse;

node! {
    /// A box of things, whose comment
    /// has two lines.
    struct Crate = "crate", keyed {
        arguments {
            /// What it is called.
            label as "name": String = Type::Name.required(),
        }
        properties {
            /// Its sides.
            side_length: usize [key "side"] = Type::Whole(1, 9).or(Whole(3)),
            /// How full it is.
            filled: f64 [since 2] = Type::Fraction.or(Number(0.5)),
            /// Where it goes.
            goes: Option<Way> [since 2] = Way::WORD.optional(),
            /// Seen by nobody.
            hidden: bool [unkeyed] = Type::Bool.or(Bool(false)),
        }
        children {
            /// Its lid.
            lid: Placed<Lid> [flat] = [once(Lid::SPEC)],
            /// What is in it.
            things: Vec<Thing> = [any_number(Ball::SPEC), any_number(Brick::SPEC)],
            /// How often it was moved.
            moves: u32 [since 2] =
                AtMostOnce (arguments "number", Type::Whole(0, 99).or(Whole(0)), "The number."),
            /// Its stamp.
            stamp: Option<Placed<Brick>> [when is_stamped] = [at_most_once(&STAMP)] via nothing,
        }
    }
}

static STAMP: crate::schema::NodeSpec = crate::schema::NodeSpec::new("stamp", "A stamp.");

fn nothing(_: Cursor<'_>, _: &mut Sink) -> Option<(Option<Placed<Brick>>, ())> {
    Some((None, ()))
}

fn is_stamped(of: &Placed<Crate>) -> bool {
    of.stamp.is_some()
}

words! {
    /// Ways.
    enum Way {
        /// to the top
        Up = "up",
        /// to the bottom
        Down = "down-there",
    }
}

node! {
    /// A lid.
    struct Lid = "lid" {
        properties {
            /// Its colour.
            colour: String = Type::Text.or(Text("red")),
        }
    }
}

choice! {
    /// A thing.
    #[serde(tag = "thing", rename_all = "kebab-case")]
    enum Thing {
        /// A ball.
        Ball(Ball),
        /// A brick.
        Brick(Brick),
    }
}

node! {
    /// A ball.
    struct Ball = "ball" {
        properties {
            /// Its radius.
            radius: f64 = Type::Fraction.or(Number(0.1)),
        }
    }
}

node! {
    /// A brick.
    struct Brick = "brick" {
        arguments {
            /// Names of its makers.
            makers: Vec<String> = Type::Text.required(),
        }
    }
}

fn read(text: &str) -> Option<Placed<Crate>> {
    let mut sources = Sources::default();
    let file = sources.add("a.kdl".into(), text.into());
    let parsed = parse(text, file);
    Crate::decode(Cursor::new(&parsed.nodes[0], Crate::SPEC, &sources), &mut Sink::default())
}

/// What a key sees: values alone.
fn keyed(node: &Placed<Crate>) -> Json {
    fn plain(value: Json) -> Json {
        match value {
            Json::Object(mut map) if map.contains_key("$value") => {
                plain(map.remove("$value").unwrap())
            }
            Json::Object(map) => map.into_iter().map(|(k, v)| (k, plain(v))).collect(),
            Json::Array(items) => items.into_iter().map(plain).collect(),
            other => other,
        }
    }
    plain(serde_json::to_value(node).unwrap())
}

#[test]
fn a_declaration_gives_its_schema() {
    let spec = Crate::SPEC;
    assert_eq!((spec.name, spec.keyed), ("crate", true));
    assert_eq!(spec.doc, "A box of things, whose comment has two lines.");
    let names: Vec<_> = spec.properties.iter().map(|field| (field.name, field.doc)).collect();
    assert_eq!(names[0], ("side-length", "Its sides."));
    assert_eq!(names.len(), 4);
    let children: Vec<_> = spec.children.iter().map(|child| child.spec.name).collect();
    assert_eq!(children, ["lid", "ball", "brick", "moves", "stamp"]);
    let moves = spec.children[3].spec;
    assert_eq!((moves.doc, moves.only().name), ("How often it was moved.", "number"));
    assert_eq!(Way::WORDS, [("up", "to the top"), ("down-there", "to the bottom")]);
}

#[test]
fn values_are_plain_and_places_stand_beside_them() {
    let text = "crate a side-length=4 goes=down-there { lid; brick x y; ball radius=(%)20 }";
    let read = read(text).unwrap();
    assert_eq!((read.label.as_str(), read.side_length, read.filled), ("a", 4, 0.5));
    assert_eq!((read.goes.map(Way::word), read.moves), (Some("down-there"), 0));
    let at = |origin: Origin| &text[origin.start as usize..origin.end as usize];
    assert_eq!((at(read.node), at(read.at.label), at(read.at.side_length)), ("crate", "a", "4"));
    assert!(read.at.filled.is_default() && read.at.hidden.is_default());
    // A node has its places in itself.
    let () = read.at.lid;
    assert!(read.lid.at.colour.is_default() && at(read.lid.node) == "lid");
    // Nodes of several names keep the order of the file.
    let [Thing::Brick(brick), Thing::Ball(ball)] = &read.things[..] else { panic!("{read:?}") };
    assert_eq!((brick.makers.len(), at(brick.at.makers[1]), ball.radius), (2, "y", 0.2));
    assert_eq!(read.at.goes.file, FileId::ROOT);
}

#[test]
fn a_part_that_is_wrong_makes_the_whole_nothing() {
    assert!(read("crate a { lid }").is_some());
    for wrong in ["crate a", "crate a side-length=0 { lid }", "crate a { lid; brick 3 }", "crate"] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
}

#[test]
fn keys_see_what_is_not_the_default_of_a_later_form() {
    let key = |text| keyed(&read(text).unwrap());
    let plain = json!({ "label": "a", "side": 3, "colour": "red", "things": [] });
    assert_eq!(key("crate a { lid }"), plain);
    // Written or not, the same value is the same key.
    assert_eq!(key("crate a side-length=3 filled=0.5 hidden=#true { lid; moves 0 }"), plain);
    let all = key("crate a filled=0.75 goes=up { lid colour=blue; moves 2; brick x; ball }");
    let things = json!([{ "thing": "brick", "makers": ["x"] }, { "thing": "ball", "radius": 0.1 }]);
    assert_eq!(
        all,
        json!({
            "label": "a", "side": 3, "filled": 0.75, "goes": "up", "colour": "blue",
            "moves": 2, "things": things,
        })
    );
}

#[test]
fn what_a_program_puts_together_has_no_places_and_the_same_key() {
    let brick = |maker: &str| Thing::from(Brick { makers: vec![maker.to_owned()] });
    let made: Placed<Crate> = Crate {
        label: "a".to_owned(),
        side_length: 3,
        filled: 0.5,
        goes: None,
        hidden: false,
        lid: Lid { colour: "red".to_owned() }.into(),
        things: vec![brick("x"), brick("y")],
        moves: 0,
        stamp: None,
    }
    .into();
    let read = read("crate a { lid; brick x; brick y }").unwrap();
    assert_eq!(keyed(&made), keyed(&read));
    assert_eq!(made, read);
    assert!(made.at.label.is_default());
}
