//! Pickles as plain data: nothing that a pickle names is imported, called or run.
//!
//! Objects lie in one list and refer to each other by index, so that nesting, sharing
//! and cycles cost nothing: time and memory are bounded by the length of the pickle.
//! Understood is protocol 2, which `torch.save` writes; the opcodes are those of
//! Python's `pickletools`.

use std::collections::HashMap;

/// Longest pickle that is read: that of some 50,000 tensors.
pub(super) const LIMIT: u64 = 8 << 20;

/// An object of a pickle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(usize);

/// What an object is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Object {
    /// Something that nobody asks for: a float, `None`, a truth value, bytes, a list.
    Other,
    Whole(i64),
    Text(String),
    Tuple(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A class or function by its full name.
    Global(String),
    /// What a class or function would make of its arguments.
    Made {
        global: Id,
        arguments: Id,
    },
    /// Something kept outside the pickle, by its description.
    Outside(Id),
}

/// A pickle that was read.
#[derive(Debug)]
pub(super) struct Pickle {
    objects: Vec<Object>,
    root: Id,
}

impl Pickle {
    /// Reads a pickle. The error says what is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut machine = Machine { input: bytes, ..Machine::default() };
        loop {
            if let Some(root) = machine.step()? {
                return Ok(Self { objects: machine.objects, root });
            }
        }
    }

    /// The object that was pickled.
    pub fn root(&self) -> Id {
        self.root
    }

    /// What an object is.
    pub fn get(&self, id: Id) -> &Object {
        &self.objects[id.0]
    }

    /// The text that an object is, if it is one.
    pub fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Object::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a tuple, if it is one of `N` or more; the first `N` of them.
    pub fn tuple<const N: usize>(&self, id: Id) -> Option<[Id; N]> {
        match self.get(id) {
            Object::Tuple(items) => items.first_chunk().copied(),
            _ => None,
        }
    }

    /// A tuple of whole numbers, none below zero.
    pub fn sizes(&self, id: Id) -> Option<Vec<usize>> {
        let Object::Tuple(items) = self.get(id) else { return None };
        items.iter().map(|item| self.size(*item)).collect()
    }

    /// A whole number, not below zero.
    pub fn size(&self, id: Id) -> Option<usize> {
        match self.get(id) {
            Object::Whole(number) => usize::try_from(*number).ok(),
            _ => None,
        }
    }

    /// The full name of what would make an object, and its arguments.
    pub fn made(&self, id: Id) -> Option<(&str, Id)> {
        let Object::Made { global, arguments } = self.get(id) else { return None };
        self.global(*global).map(|name| (name, *arguments))
    }

    /// The full name of a class or function.
    pub fn global(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Object::Global(name) => Some(name),
            _ => None,
        }
    }

    /// Full names of everything that would make an object.
    pub fn makers(&self) -> impl Iterator<Item = &str> {
        (0..self.objects.len()).filter_map(|i| self.made(Id(i)).map(|(name, _)| name))
    }
}

/// Dictionaries that are dictionaries here, too.
const DICTIONARIES: [&str; 2] = ["collections.OrderedDict", "collections.defaultdict"];

#[derive(Default)]
struct Machine<'a> {
    input: &'a [u8],
    objects: Vec<Object>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    /// Carries out one opcode; the root when it was the last.
    fn step(&mut self) -> Result<Option<Id>, String> {
        let [opcode] = self.array()?;
        match opcode {
            0x80 => drop(self.take(1)?),
            b'.' => return self.pop().map(Some),
            b'(' => self.marks.push(self.stack.len()),
            b'N' | b']' | 0x88 | 0x89 => self.push(Object::Other),
            b'G' => {
                self.take(8)?;
                self.push(Object::Other);
            }
            b'K' => {
                let [number] = self.array()?;
                self.push(Object::Whole(number.into()));
            }
            b'M' => {
                let number = u16::from_le_bytes(self.array()?);
                self.push(Object::Whole(number.into()));
            }
            b'J' => {
                let number = i32::from_le_bytes(self.array()?);
                self.push(Object::Whole(number.into()));
            }
            0x8a => {
                let [length] = self.array()?;
                let number = long(self.take(length.into())?);
                self.push(number);
            }
            b'X' => {
                let length = u32::from_le_bytes(self.array()?);
                let text = self.take(length as usize)?;
                self.push(Object::Text(String::from_utf8_lossy(text).into_owned()));
            }
            b'U' => {
                let [length] = self.array()?;
                self.take(length.into())?;
                self.push(Object::Other);
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Object::Global(format!("{module}.{name}")));
            }
            b')' => self.push(Object::Tuple(Vec::new())),
            b'}' => self.push(Object::Dict(Vec::new())),
            b't' => {
                let items = self.pop_to_mark()?;
                self.push(Object::Tuple(items));
            }
            0x85..=0x87 => {
                let length = usize::from(opcode - 0x84);
                let at = self.stack.len().checked_sub(length).ok_or_else(empty)?;
                let items = self.stack.split_off(at);
                self.push(Object::Tuple(items));
            }
            b'a' => {
                let item = self.pop()?;
                self.extend(vec![item])?;
            }
            b'e' => {
                let items = self.pop_to_mark()?;
                self.extend(items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.extend(vec![key, value])?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.extend(items)?;
            }
            b'R' | 0x81 => {
                let (arguments, global) = (self.pop()?, self.pop()?);
                let dictionary = matches!(&self.objects[global.0],
                    Object::Global(name) if DICTIONARIES.contains(&name.as_str()));
                self.push(match dictionary {
                    true => Object::Dict(Vec::new()),
                    false => Object::Made { global, arguments },
                });
            }
            // An object's attributes: nobody asks for them.
            b'b' => drop(self.pop()?),
            b'Q' => {
                let description = self.pop()?;
                self.push(Object::Outside(description));
            }
            b'q' => {
                let [key] = self.array()?;
                self.memo.insert(key.into(), self.last()?);
            }
            b'r' => {
                let key = u32::from_le_bytes(self.array()?);
                self.memo.insert(key, self.last()?);
            }
            b'h' => {
                let [key] = self.array()?;
                self.recall(key.into())?;
            }
            b'j' => {
                let key = u32::from_le_bytes(self.array()?);
                self.recall(key)?;
            }
            other => return Err(format!("its opcode {other:#04x} is not one of protocol 2")),
        }
        Ok(None)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.input.split_at_checked(length).ok_or("it is cut short")?;
        self.input = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (taken, rest) = self.input.split_first_chunk().ok_or("it is cut short")?;
        self.input = rest;
        Ok(*taken)
    }

    fn line(&mut self) -> Result<String, String> {
        let length = self.input.iter().position(|b| *b == b'\n').ok_or("it is cut short")?;
        let line = self.take(length + 1)?;
        Ok(String::from_utf8_lossy(&line[..length]).into_owned())
    }

    fn push(&mut self, object: Object) {
        self.stack.push(Id(self.objects.len()));
        self.objects.push(object);
    }

    fn last(&self) -> Result<Id, String> {
        self.stack.last().copied().ok_or_else(empty)
    }

    fn pop(&mut self) -> Result<Id, String> {
        self.stack.pop().ok_or_else(empty)
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self.marks.pop().ok_or("a mark is missing")?;
        if mark > self.stack.len() {
            return Err(empty());
        }
        Ok(self.stack.split_off(mark))
    }

    fn recall(&mut self, key: u32) -> Result<(), String> {
        let id = self.memo.get(&key).ok_or("it refers to what it does not hold")?;
        self.stack.push(*id);
        Ok(())
    }

    /// Adds items to the dictionary on top. What was put into a list or an object of a
    /// foreign class is left out: nobody asks for it.
    fn extend(&mut self, items: Vec<Id>) -> Result<(), String> {
        let top = self.last()?;
        if let Object::Dict(entries) = &mut self.objects[top.0] {
            let (pairs, []) = items.as_chunks::<2>() else {
                return Err("a key has no value".to_owned());
            };
            entries.extend(pairs.iter().map(|[key, value]| (*key, *value)));
        }
        Ok(())
    }
}

fn empty() -> String {
    "it takes more from its stack than was put there".to_owned()
}

/// A whole number of any length; one that is too long is like any other object.
fn long(bytes: &[u8]) -> Object {
    let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
    let mut whole = [if negative { 0xff } else { 0 }; 8];
    match whole.get_mut(..bytes.len()) {
        Some(low) => {
            low.copy_from_slice(bytes);
            Object::Whole(i64::from_le_bytes(whole))
        }
        None => Object::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `pickletools.dis` of `pickle.dumps({"a": (1, 300, -2, 2**40)}, protocol=2)`.
    #[test]
    fn data_are_read_as_python_wrote_them() {
        let bytes = b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01(K\x01M,\x01J\xfe\xff\xff\xff\
            \x8a\x06\x00\x00\x00\x00\x00\x01tq\x02s.";
        let pickle = Pickle::read(bytes).unwrap();
        let Object::Dict(entries) = pickle.get(pickle.root()) else { panic!("{pickle:?}") };
        let [(key, value)] = entries[..] else { panic!("{entries:?}") };
        assert_eq!(pickle.text(key), Some("a"));
        let numbers = pickle.tuple::<4>(value).unwrap().map(|id| pickle.get(id).clone());
        assert_eq!(numbers, [1, 300, -2, 1 << 40].map(Object::Whole));
        assert_eq!(pickle.sizes(value), None, "one is below zero");
    }

    #[test]
    fn calls_are_data() {
        let pickle = Pickle::read(b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R.").unwrap();
        let (name, arguments) = pickle.made(pickle.root()).unwrap();
        assert_eq!(name, "os.system");
        let [command] = pickle.tuple(arguments).unwrap();
        assert_eq!(pickle.text(command), Some("ls"));
        assert_eq!(pickle.makers().collect::<Vec<_>>(), ["os.system"]);
    }

    /// A million nested tuples, and a tuple of a tuple of .. whose expansion would have
    /// 2^200 items.
    #[test]
    fn depth_and_sharing_cost_nothing() {
        let mut deep = vec![b')'];
        deep.extend([0x85; 1_000_000]);
        deep.push(b'.');
        drop(Pickle::read(&deep).unwrap());
        let mut wide = vec![b')'];
        for _ in 0..200 {
            wide.extend(*b"q\x00h\x00\x86");
        }
        wide.push(b'.');
        assert_eq!(Pickle::read(&wide).unwrap().objects.len(), 201);
    }

    #[test]
    fn broken_pickles_are_errors() {
        for bytes in [
            &b""[..],
            b"\x80",
            b".",
            b"\x86.",
            b"t.",
            b"((t",
            b"(N0.",
            b"h\x07.",
            b"X\xff\xff\xff\xffa.",
            b"}K\x01a.",
            b"}K\x01s.",
            b"(}(Nu.",
            b"cos",
            b"N(\x85tt.",
            b"\x8a\x09.",
        ] {
            assert!(Pickle::read(bytes).is_err(), "{bytes:?}");
        }
    }
}
