//! The tensors in a pickle, wherever it has them: in dictionaries within dictionaries, in
//! lists, in modules that were saved whole.

use std::collections::{BTreeMap, BTreeSet};

use candle_core::DType;

use super::pickle::{Id, Object, Pickle};

/// How deep dictionaries are looked into.
const DEPTH: usize = 12;
/// Longest name, with the keys of all dictionaries around it, in bytes.
const NAME: usize = 256;
/// Longest key and class of a storage.
const KEY: usize = 64;
/// Most dimensions of a tensor.
const DIMENSIONS: usize = 16;
/// What a PyTorch module keeps its tensors and its parts in.
const OF_MODULE: [&str; 3] = ["_parameters", "_buffers", "_modules"];

/// Where the elements of a tensor lie.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
    /// Key of the storage.
    pub storage: String,
    /// Class of the storage, which says the type of its elements.
    pub class: String,
    /// First element of the storage.
    pub offset: usize,
    pub shape: Vec<usize>,
    /// Elements from one index of a dimension to the next.
    pub strides: Vec<usize>,
}

/// A tensor and what it is called.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Named {
    /// Keys of the dictionaries around its own, joined by dots; empty at the top.
    pub dict: String,
    pub name: String,
    pub place: Place,
}

/// Where the walk is.
struct At {
    id: Id,
    dict: String,
    /// What stands before names within a module.
    within: Option<String>,
    depth: usize,
}

/// All tensors of a pickle, in the order in which they are met. Each dictionary is looked
/// into once, however many lead to it.
pub(super) fn all(pickle: &Pickle) -> Vec<Named> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let root = pickle.root();
    let mut todo =
        vec![At { id: root, dict: String::new(), within: object(pickle, root), depth: 0 }];
    while let Some(at) = todo.pop() {
        if at.depth > DEPTH || !seen.insert(at.id) {
            continue;
        }
        let mut below = Vec::new();
        for (key, value) in parts(pickle, at.id) {
            if at.dict.len() + at.within.as_ref().map_or(0, String::len) + key.len() > NAME {
                continue;
            }
            let joined = |front: &str| match front {
                "" => key.clone(),
                _ => format!("{front}.{key}"),
            };
            let hidden = at.within.is_some() && OF_MODULE.contains(&key.as_str());
            let (dict, within) = match &at.within {
                Some(front) if hidden => (at.dict.clone(), Some(front.clone())),
                Some(front) => (at.dict.clone(), Some(joined(front))),
                None => (joined(&at.dict), None),
            };
            if let Some(place) = tensor(pickle, value) {
                let (dict, name) = match within {
                    Some(name) => (dict, name),
                    None => (at.dict.clone(), key),
                };
                found.push(Named { dict, name, place });
                continue;
            }
            let within = within.or_else(|| object(pickle, value));
            below.push(At { id: value, dict, within, depth: at.depth + 1 });
        }
        todo.extend(below.into_iter().rev());
    }
    found
}

/// Names within an object are names of its own parts: nothing stands before them.
fn object(pickle: &Pickle, id: Id) -> Option<String> {
    matches!(pickle.get(id), Object::Made { .. }).then(String::new)
}

/// What an object holds, by its keys; of equal keys the last, as in Python.
fn parts(pickle: &Pickle, id: Id) -> BTreeMap<String, Id> {
    let named = |(key, value): &(Id, Id)| -> Option<(String, Id)> {
        match pickle.get(*key) {
            // Long keys are no names, and may be shared by many.
            Object::Text(text) => (text.len() <= NAME).then(|| (text.clone(), *value)),
            Object::Whole(number) => Some((number.to_string(), *value)),
            _ => None,
        }
    };
    match pickle.get(id) {
        Object::Dict(entries) => entries.iter().filter_map(named).collect(),
        Object::List(items) | Object::Tuple(items) => {
            items.iter().enumerate().map(|(i, item)| (i.to_string(), *item)).collect()
        }
        Object::Made { state, items, .. } => {
            // Attributes in slots come second in a pair.
            let states = match state.map(|state| (state, pickle.get(state))) {
                Some((_, Object::Tuple(pair))) => pair.clone(),
                Some((state, _)) => vec![state],
                None => Vec::new(),
            };
            let entries = states.into_iter().flat_map(|state| match pickle.get(state) {
                Object::Dict(entries) => entries.as_slice(),
                _ => &[],
            });
            entries.chain(items).filter_map(named).collect()
        }
        Object::Other
        | Object::Truth(_)
        | Object::Whole(_)
        | Object::Text(_)
        | Object::Global(_)
        | Object::Outside(_) => BTreeMap::new(),
    }
}

/// The tensor that an object is, plain or as a parameter.
fn tensor(pickle: &Pickle, id: Id) -> Option<Place> {
    let (mut name, mut arguments) = pickle.made(id)?;
    if name.starts_with("torch._utils._rebuild_parameter") {
        let [tensor] = pickle.tuple(arguments)?;
        (name, arguments) = pickle.made(tensor)?;
    } else if name == "torch._tensor._rebuild_from_type_v2" {
        let [function, _class, inner] = pickle.tuple(arguments)?;
        (name, arguments) = (pickle.global(function)?, inner);
    }
    if !matches!(name, "torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor") {
        return None;
    }
    let [storage, offset, shape, strides] = pickle.tuple(arguments)?;
    let Object::Outside(description) = pickle.get(storage) else { return None };
    let stored = Stored::of(pickle, *description)?;
    let sizes = |id: Id| pickle.sizes(id).filter(|sizes| sizes.len() <= DIMENSIONS);
    Some(Place {
        offset: stored.start.checked_add(pickle.size(offset)?)?,
        storage: stored.key,
        class: stored.class,
        shape: sizes(shape)?,
        strides: sizes(strides)?,
    })
}

/// A storage by its description: (kind, class, key, device, elements, view).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stored {
    pub key: String,
    pub class: String,
    /// First of its elements, if it is a part of another, as old files have it.
    start: usize,
}

impl Stored {
    /// The storage that a description is of.
    pub fn of(pickle: &Pickle, description: Id) -> Option<Self> {
        let [kind, class, key] = pickle.tuple(description)?;
        // Old files keep the source of a class outside, too.
        pickle.text(kind).filter(|kind| *kind == "storage")?;
        let start = match pickle.tuple(description) {
            Some([_, _, _, _, _, view]) => match pickle.tuple(view) {
                Some([_key, offset]) => pickle.size(offset)?,
                None => 0,
            },
            None => 0,
        };
        let key = match pickle.get(key) {
            Object::Text(text) => (text.len() <= KEY).then(|| text.clone())?,
            Object::Whole(number) => number.to_string(),
            _ => return None,
        };
        let class = pickle.global(class).filter(|class| class.len() <= KEY)?.to_owned();
        Some(Self { key, class, start })
    }
}

/// Bytes of an element of a storage.
pub(super) fn bytes(class: &str) -> Option<usize> {
    Some(match class.strip_prefix("torch.cuda.").or_else(|| class.strip_prefix("torch."))? {
        "ByteStorage" | "CharStorage" | "BoolStorage" | "QInt8Storage" | "QUInt8Storage"
        | "UntypedStorage" => 1,
        "HalfStorage" | "BFloat16Storage" | "ShortStorage" => 2,
        "FloatStorage" | "IntStorage" | "QInt32Storage" => 4,
        "DoubleStorage" | "LongStorage" | "ComplexFloatStorage" => 8,
        "ComplexDoubleStorage" => 16,
        _ => return None,
    })
}

/// Type of the elements of a storage.
pub(super) fn dtype(class: &str) -> Option<DType> {
    Some(match class.strip_prefix("torch.cuda.").or_else(|| class.strip_prefix("torch."))? {
        "FloatStorage" => DType::F32,
        "DoubleStorage" => DType::F64,
        "HalfStorage" => DType::F16,
        "BFloat16Storage" => DType::BF16,
        // Whole numbers are no weights.
        _ => return None,
    })
}

impl Place {
    /// The elements in row-major order, of a storage whose elements have `size` bytes. None
    /// if the tensor reaches beyond its storage or has more elements than that, as
    /// broadcasting views have.
    pub fn gather(&self, storage: &[u8], size: usize) -> Option<Vec<u8>> {
        let elements = storage.len() / size;
        let count = self.shape.iter().try_fold(1usize, |n, dim| n.checked_mul(*dim))?;
        if count > elements || self.strides.len() != self.shape.len() {
            return None;
        }
        if self.contiguous() {
            let start = self.offset.checked_mul(size)?;
            return Some(storage.get(start..)?.get(..count * size)?.to_vec());
        }
        let mut bytes = Vec::with_capacity(count * size);
        let mut index = vec![0usize; self.shape.len()];
        for _ in 0..count {
            let mut steps = index.iter().zip(&self.strides);
            let at = steps
                .try_fold(self.offset, |at, (i, stride)| at.checked_add(i.checked_mul(*stride)?))?;
            bytes.extend_from_slice(storage.get(at.checked_mul(size)?..)?.get(..size)?);
            for (i, dim) in index.iter_mut().zip(&self.shape).rev() {
                *i += 1;
                if *i < *dim {
                    break;
                }
                *i = 0;
            }
        }
        Some(bytes)
    }

    /// Whether it lies in its storage as it is read, row by row.
    fn contiguous(&self) -> bool {
        let mut step = 1usize;
        self.shape.iter().zip(&self.strides).rev().all(|(dim, stride)| {
            let follows = *dim == 1 || *stride == step;
            step *= dim;
            follows
        })
    }
}
