//! The machine that reads a pickle, opcode by opcode: those of Python's `pickletools`, of
//! every protocol.

use std::collections::HashMap;

use super::object::{Id, Object};

/// Dictionaries that are dictionaries here, too.
const DICTIONARIES: [&str; 2] = ["collections.OrderedDict", "collections.defaultdict"];

/// Longest name of a class that is put together from parts, in bytes.
const NAME: usize = 1024;

/// The state of reading.
pub(super) struct Machine<'a> {
    input: &'a [u8],
    /// Everything made so far.
    pub objects: Vec<Object>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
}

impl<'a> Machine<'a> {
    pub fn new(input: &'a [u8]) -> Self {
        let (objects, stack, marks) = (Vec::new(), Vec::new(), Vec::new());
        Self { input, objects, stack, marks, memo: HashMap::new() }
    }

    /// Bytes that are not read yet.
    pub fn left(&self) -> usize {
        self.input.len()
    }

    /// Carries out one opcode; the root when it was the last.
    pub fn step(&mut self) -> Result<Option<Id>, String> {
        let [opcode] = self.array()?;
        match opcode {
            b'.' => return self.pop().map(Some),
            // The protocol, and how long a frame is.
            0x80 => drop(self.take(1)?),
            0x95 => drop(self.take(8)?),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_to_mark()?),
            b'2' => self.stack.push(self.last()?),
            b'N' | 0x8f | 0x97 => self.push(Object::Other),
            0x98 => {}
            0x88 | 0x89 => self.push(Object::Truth(opcode == 0x88)),
            b'I' | b'L' | b'F' | b'S' | b'V' | b'P' | b'c' | b'i' | b'p' | b'g' => {
                self.in_lines(opcode)?;
            }
            b'K' | b'M' | b'J' | 0x8a | 0x8b | b'G' => self.number(opcode)?,
            b'X' | b'U' | b'T' | 0x8c | 0x8d | b'C' | b'B' | 0x8e | 0x96 => self.bytes(opcode)?,
            b')' => self.push(Object::Tuple(Vec::new())),
            b']' => self.push(Object::List(Vec::new())),
            b'}' => self.push(Object::Dict(Vec::new())),
            b't' | b'l' | b'd' | 0x91 => {
                let items = self.pop_to_mark()?;
                self.push(match opcode {
                    b't' => Object::Tuple(items),
                    b'l' => Object::List(items),
                    b'd' => Object::Dict(pairs(&items)?),
                    _ => Object::Other,
                });
            }
            0x85..=0x87 => {
                let length = usize::from(opcode - 0x84);
                let at = self.stack.len().checked_sub(length).ok_or_else(empty)?;
                let items = self.stack.split_off(at);
                self.push(Object::Tuple(items));
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' | 0x90 => {
                let items = self.pop_to_mark()?;
                self.append(items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set(&items)?;
            }
            b'R' | 0x81 | 0x92 => {
                // Arguments by name come last, and no tensor has any.
                if opcode == 0x92 {
                    self.pop()?;
                }
                let (arguments, global) = (self.pop()?, self.pop()?);
                self.make(global, arguments);
            }
            b'o' => {
                let mut arguments = self.pop_to_mark()?;
                if arguments.is_empty() {
                    return Err(empty());
                }
                let global = arguments.remove(0);
                let arguments = self.add(Object::Tuple(arguments));
                self.make(global, arguments);
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Object::Text(module), Object::Text(name)) =
                    (&self.objects[module.0], &self.objects[name.0])
                else {
                    return Err("it names a class by what is no text".to_owned());
                };
                // A name can be used again and again, and each use is a copy.
                if module.len() + name.len() > NAME {
                    return Err("it names a class by a text that is too long".to_owned());
                }
                self.push(Object::Global(format!("{module}.{name}")));
            }
            0x82..=0x84 => {
                self.take(1 << (opcode - 0x82))?;
                self.push(Object::Other);
            }
            b'b' => {
                let given = self.pop()?;
                let top = self.last()?;
                // A dictionary's attributes are nothing that anybody asks for.
                if let Object::Made { state, .. } = &mut self.objects[top.0] {
                    *state = Some(given);
                }
            }
            b'Q' => {
                let description = self.pop()?;
                self.push(Object::Outside(description));
            }
            b'q' | b'r' | 0x94 => {
                let key = match opcode {
                    b'q' => self.array::<1>()?[0].into(),
                    b'r' => u32::from_le_bytes(self.array()?).into(),
                    _ => self.memo.len() as u64,
                };
                self.memorise(key)?;
            }
            b'h' => {
                let [key] = self.array()?;
                self.recall(key.into())?;
            }
            b'j' => {
                let key = u32::from_le_bytes(self.array()?);
                self.recall(key.into())?;
            }
            other => return Err(format!("{other:#04x} is no opcode of a pickle")),
        }
        Ok(None)
    }

    /// Opcodes whose argument is a line of text, mostly of protocol 0.
    fn in_lines(&mut self, opcode: u8) -> Result<(), String> {
        let line = self.line()?;
        let number = |what: &str| {
            what.trim_end_matches('L').parse().map_err(|_| format!("`{what}` is no number in it"))
        };
        match opcode {
            b'I' if line == "00" || line == "01" => self.push(Object::Truth(line == "01")),
            b'I' => {
                let number = number(&line)?;
                self.push(Object::Whole(number));
            }
            // A long number is like any other object.
            b'L' => {
                let object = number(&line).map_or(Object::Other, Object::Whole);
                self.push(object);
            }
            b'F' => self.push(Object::Other),
            b'S' => self.push(Object::Text(line.trim_matches(['\'', '"']).to_owned())),
            b'V' => self.push(Object::Text(line)),
            b'P' => {
                let description = self.add(Object::Text(line));
                self.push(Object::Outside(description));
            }
            b'c' => {
                let name = self.line()?;
                self.push(Object::Global(format!("{line}.{name}")));
            }
            b'i' => {
                let name = self.line()?;
                let arguments = self.pop_to_mark()?;
                let global = self.add(Object::Global(format!("{line}.{name}")));
                let arguments = self.add(Object::Tuple(arguments));
                self.make(global, arguments);
            }
            b'p' => {
                let key = number(&line)?;
                self.memorise(key as u64)?;
            }
            _ => {
                let key = number(&line)?;
                self.recall(key as u64)?;
            }
        }
        Ok(())
    }

    fn number(&mut self, opcode: u8) -> Result<(), String> {
        let object = match opcode {
            b'K' => Object::Whole(self.array::<1>()?[0].into()),
            b'M' => Object::Whole(u16::from_le_bytes(self.array()?).into()),
            b'J' => Object::Whole(i32::from_le_bytes(self.array()?).into()),
            0x8a => {
                let [length] = self.array()?;
                long(self.take(length.into())?)
            }
            0x8b => {
                let length = u32::from_le_bytes(self.array()?);
                long(self.take(length as usize)?)
            }
            _ => {
                self.take(8)?;
                Object::Other
            }
        };
        self.push(object);
        Ok(())
    }

    /// Text and bytes, whose length stands before them in one, four or eight bytes.
    fn bytes(&mut self, opcode: u8) -> Result<(), String> {
        let length = match opcode {
            b'U' | b'C' | 0x8c => self.array::<1>()?[0].into(),
            b'X' | b'T' | b'B' => u64::from(u32::from_le_bytes(self.array()?)),
            _ => u64::from_le_bytes(self.array()?),
        };
        let bytes = self.take(usize::try_from(length).map_err(|_| CUT)?)?;
        self.push(match opcode {
            // What Python 2 calls text are bytes.
            b'X' | b'U' | b'T' | 0x8c | 0x8d => {
                Object::Text(String::from_utf8_lossy(bytes).into_owned())
            }
            _ => Object::Other,
        });
        Ok(())
    }

    fn make(&mut self, global: Id, arguments: Id) {
        let dictionary = matches!(&self.objects[global.0],
            Object::Global(name) if DICTIONARIES.contains(&name.as_str()));
        self.push(match dictionary {
            true => Object::Dict(Vec::new()),
            false => Object::Made { global, arguments, state: None, items: Vec::new() },
        });
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.input.split_at_checked(length).ok_or(CUT)?;
        self.input = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (taken, rest) = self.input.split_first_chunk().ok_or(CUT)?;
        self.input = rest;
        Ok(*taken)
    }

    fn line(&mut self) -> Result<String, String> {
        let length = self.input.iter().position(|b| *b == b'\n').ok_or(CUT)?;
        let line = self.take(length + 1)?;
        Ok(String::from_utf8_lossy(&line[..length]).trim_end_matches('\r').to_owned())
    }

    fn add(&mut self, object: Object) -> Id {
        self.objects.push(object);
        Id(self.objects.len() - 1)
    }

    fn push(&mut self, object: Object) {
        let id = self.add(object);
        self.stack.push(id);
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

    fn memorise(&mut self, key: u64) -> Result<(), String> {
        self.memo.insert(key, self.last()?);
        Ok(())
    }

    fn recall(&mut self, key: u64) -> Result<(), String> {
        let id = self.memo.get(&key).ok_or("it refers to what it does not hold")?;
        self.stack.push(*id);
        Ok(())
    }

    /// Adds items to the list on top. What is put into a set, or a list of a foreign class, is
    /// left out.
    fn append(&mut self, added: Vec<Id>) -> Result<(), String> {
        let top = self.last()?;
        match &mut self.objects[top.0] {
            Object::List(items) => items.extend(added),
            Object::Other | Object::Made { .. } => {}
            _ => return Err("it adds items to what is no list".to_owned()),
        }
        Ok(())
    }

    /// Adds keys and values, one after the other, to the dictionary on top.
    fn set(&mut self, added: &[Id]) -> Result<(), String> {
        let added = pairs(added)?;
        let top = self.last()?;
        match &mut self.objects[top.0] {
            Object::Dict(items) | Object::Made { items, .. } => items.extend(added),
            _ => return Err("it adds keys to what is no dictionary".to_owned()),
        }
        Ok(())
    }
}

/// Why a pickle ends too early.
const CUT: &str = "it is cut short";

fn empty() -> String {
    "it takes more from its stack than was put there".to_owned()
}

fn pairs(items: &[Id]) -> Result<Vec<(Id, Id)>, String> {
    let (pairs, rest) = items.as_chunks::<2>();
    match rest.is_empty() {
        true => Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect()),
        false => Err("a key has no value".to_owned()),
    }
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
