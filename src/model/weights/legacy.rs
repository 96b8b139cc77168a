//! Files as `torch.save` wrote them before PyTorch 1.6: a number that says so, the version, the
//! machine, the objects, the keys of the storages, a pickle each, and then the storages.

use std::collections::BTreeMap;

use super::pickle::{self, Object, Pickle};
use super::source::Source;
use super::tensors::{Stored, bytes};

/// The number 0x1950a86a20f9469cfc6c, with which such files begin, as binary pickles have it.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/// The same in pickles of protocol 0.
const MAGIC_TEXT: &[u8] = b"119547037146038801333356";

/// What such a file holds.
pub(super) struct Legacy {
    /// The objects.
    pub pickle: Pickle,
    /// Where the bytes of each storage are: first and number.
    pub storages: BTreeMap<String, (u64, u64)>,
}

/// Whether a file that begins so is one.
pub(super) fn is_one(start: &[u8]) -> bool {
    let start = &start[..start.len().min(64)];
    let has = |magic: &[u8]| start.windows(magic.len()).any(|window| window == magic);
    has(&MAGIC) || has(MAGIC_TEXT)
}

/// Reads the pickles, and finds the storages. The error says what is wrong.
pub(super) fn read(source: &mut Source) -> Result<Legacy, String> {
    let head = source.read(0, source.length().min(2 * pickle::LIMIT))?;
    let mut at = 0;
    let mut next = |what: &str| -> Result<Pickle, String> {
        let pickle = Pickle::read(&head[at..]).map_err(|why| format!("of its {what}: {why}"))?;
        at += pickle.length;
        Ok(pickle)
    };
    next("first number")?;
    next("version")?;
    let machine = next("machine")?;
    if let Object::Dict(entries) = machine.get(machine.root()) {
        let order = entries.iter().find(|e| machine.text(e.0) == Some("little_endian"));
        if order.is_some_and(|entry| *machine.get(entry.1) == Object::Truth(false)) {
            return Err("it was written on a big-endian machine".to_owned());
        }
    }
    let pickle = next("objects")?;
    let keys = next("list of storages")?;
    let storages = storages(source, &pickle, &keys, at as u64)?;
    Ok(Legacy { pickle, storages })
}

/// Where each storage is: they follow each other from `at`, each after its number of elements.
fn storages(
    source: &mut Source,
    pickle: &Pickle,
    keys: &Pickle,
    mut at: u64,
) -> Result<BTreeMap<String, (u64, u64)>, String> {
    let described = pickle.outside().filter_map(|id| Stored::of(pickle, id));
    let classes: BTreeMap<String, String> = described.map(|s| (s.key, s.class)).collect();
    let Object::List(order) = keys.get(keys.root()) else {
        return Err("its list of storages is none".to_owned());
    };
    let mut storages = BTreeMap::new();
    for key in order {
        let key = match keys.get(*key) {
            Object::Text(text) => text.clone(),
            Object::Whole(number) => number.to_string(),
            _ => return Err("its list of storages has a key that is no text".to_owned()),
        };
        let class =
            classes.get(&key).ok_or_else(|| format!("nothing describes storage `{key}`"))?;
        let size = bytes(class).ok_or_else(|| format!("elements of `{class}` are not read"))?;
        let number = source.read(at, 8)?;
        let number = number.try_into().map_or(u64::MAX, u64::from_le_bytes);
        let length = number.checked_mul(size as u64).ok_or("a storage is too long")?;
        let start = at + 8;
        at = start.checked_add(length).ok_or("a storage is too long")?;
        if at > source.length() {
            return Err("it is cut short".to_owned());
        }
        storages.insert(key, (start, length));
    }
    Ok(storages)
}
