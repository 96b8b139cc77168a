//! A pickle that was read, and questions about its objects.

use super::machine::Machine;
use super::object::{Id, Object};

/// Longest pickle that is read: that of some 200,000 tensors.
pub(in crate::weights) const LIMIT: u64 = 32 << 20;

/// A pickle that was read.
#[derive(Debug)]
pub(in crate::weights) struct Pickle {
    objects: Vec<Object>,
    root: Id,
    /// Its bytes.
    pub length: usize,
}

impl Pickle {
    /// Reads the pickle that the bytes begin with. The error says what is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut machine = Machine::new(bytes);
        loop {
            if let Some(root) = machine.step()? {
                let length = bytes.len() - machine.left();
                return Ok(Self { objects: machine.objects, root, length });
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
        let Object::Made { global, arguments, .. } = self.get(id) else { return None };
        self.global(*global).map(|name| (name, *arguments))
    }

    /// The full name of a class or function.
    pub fn global(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Object::Global(name) => Some(name),
            _ => None,
        }
    }

    /// The descriptions of everything kept outside.
    pub fn outside(&self) -> impl Iterator<Item = Id> {
        self.objects.iter().filter_map(|object| match object {
            Object::Outside(description) => Some(*description),
            _ => None,
        })
    }

    /// Full names of everything that would make an object.
    pub fn makers(&self) -> impl Iterator<Item = &str> {
        (0..self.objects.len()).filter_map(|i| self.made(Id(i)).map(|(name, _)| name))
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
            b"0.",
            b"1.",
            b"I1x\n.",
            b"\x93.",
            b"NN\x93.",
            b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.",
            b"\xff.",
        ] {
            assert!(Pickle::read(bytes).is_err(), "{bytes:?}");
        }
    }

    /// `{"a": 1}` and a list of its parts by `pickle.dumps` of every protocol.
    #[test]
    fn every_protocol_is_read() {
        for bytes in [
            &b"(dp0\nVa\np1\nI1\ns."[..],
            b"}q\x00X\x01\x00\x00\x00aq\x01K\x01s.",
            b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01K\x01s.",
            b"\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01a\x94K\x01s.",
            b"\x80\x05\x95\x0a\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01a\x94K\x01s.",
            // As Python 2 wrote it.
            b"(dp0\nS'a'\np1\nI1\ns.",
            b"\x80\x02}q\x00U\x01aq\x01K\x01s.",
        ] {
            let pickle = Pickle::read(&[bytes, b"rest"].concat()).unwrap();
            assert_eq!(pickle.length, bytes.len());
            let Object::Dict(entries) = pickle.get(pickle.root()) else { panic!("{pickle:?}") };
            let [(key, value)] = entries[..] else { panic!("{entries:?}") };
            assert_eq!((pickle.text(key), pickle.size(value)), (Some("a"), Some(1)));
        }
    }
}
