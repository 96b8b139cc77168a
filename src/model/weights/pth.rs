//! Zip `.pth` files, as `torch.save` has written them since PyTorch 1.6: a pickle that
//! describes the tensors, and one stored file per storage.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use zip::ZipArchive;

use super::WeightsError;
use super::pickle::{self, Id, Object, Pickle};

/// Keys under which training scripts put the model.
const MODEL_KEYS: [&str; 3] = ["model", "state_dict", "model_state_dict"];

/// Where a tensor lies.
#[derive(Clone, Debug, PartialEq)]
struct Place {
    /// Name of the storage's file.
    storage: String,
    /// Class of the storage, which says the type of its elements.
    class: String,
    /// First element of the storage.
    offset: usize,
    shape: Vec<usize>,
    /// Elements from one index of a dimension to the next.
    strides: Vec<usize>,
}

/// An opened file.
#[derive(Debug)]
pub(crate) struct Pth {
    path: PathBuf,
    archive: RefCell<ZipArchive<BufReader<File>>>,
    /// The folder inside the archive that holds everything.
    folder: String,
    tensors: BTreeMap<String, Place>,
}

impl Pth {
    /// Opens a file and finds the model's tensors in it: at the top level, or one level
    /// down under a key that training scripts use.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let broken = |why: String| WeightsError::Broken { path: path.to_owned(), why };
        let file = File::open(path).map_err(|e| WeightsError::read(path, &e))?;
        let mut archive =
            ZipArchive::new(BufReader::new(file)).map_err(|e| broken(e.to_string()))?;
        let folder = archive
            .file_names()
            .filter_map(|name| name.ok()?.strip_suffix("/data.pkl").map(str::to_owned))
            .next()
            .ok_or_else(|| broken("no `data.pkl` is in the archive".to_owned()))?;
        let order = entry(&mut archive, &format!("{folder}/byteorder"), 16).unwrap_or_default();
        if order.starts_with(b"big") {
            return Err(broken("it was written on a big-endian machine".to_owned()));
        }
        let bytes =
            entry(&mut archive, &format!("{folder}/data.pkl"), pickle::LIMIT).map_err(broken)?;
        let pickle =
            Pickle::read(&bytes).map_err(|why| broken(format!("of the pickle inside: {why}")))?;
        let tensors = model(&pickle);
        if tensors.is_empty() {
            // The class of the whole says more than those of its parts.
            let foreign = |name: &&str| !name.starts_with("torch._");
            let whole = pickle.made(pickle.root()).map(|(name, _)| name);
            return Err(match whole.or_else(|| pickle.makers().find(foreign)) {
                Some(class) => {
                    WeightsError::Foreign { path: path.to_owned(), class: class.to_owned() }
                }
                None => WeightsError::NoTensors { path: path.to_owned() },
            });
        }
        Ok(Self { path: path.to_owned(), archive: RefCell::new(archive), folder, tensors })
    }

    /// Shape of each tensor.
    pub fn shapes(&self) -> BTreeMap<String, Vec<usize>> {
        self.tensors.iter().map(|(name, place)| (name.clone(), place.shape.clone())).collect()
    }

    /// A tensor on the CPU, in the type that the file has.
    pub fn tensor(&self, name: &str) -> Result<Tensor, WeightsError> {
        let broken = |why: String| WeightsError::Broken {
            path: self.path.clone(),
            why: format!("of tensor `{name}`: {why}"),
        };
        let place = self.tensors.get(name).ok_or_else(|| broken("it is not there".to_owned()))?;
        let dtype = dtype(&place.class)
            .ok_or_else(|| broken(format!("elements of `{}` are not read", place.class)))?;
        let file = format!("{}/data/{}", self.folder, place.storage);
        let storage = entry(&mut self.archive.borrow_mut(), &file, u64::MAX).map_err(broken)?;
        let bytes = gather(place, &storage, dtype.size_in_bytes())
            .ok_or_else(|| broken("it reaches beyond its storage".to_owned()))?;
        Ok(Tensor::from_raw_buffer(&bytes, dtype, &place.shape, &Device::Cpu)?)
    }
}

/// A file of the archive, which must be stored without compression, so that it is no
/// longer than the archive.
fn entry(
    archive: &mut ZipArchive<BufReader<File>>,
    name: &str,
    limit: u64,
) -> Result<Vec<u8>, String> {
    let failed = |e: &dyn std::fmt::Display| format!("`{name}` in the archive: {e}");
    let file = archive.by_name(name).map_err(|e| failed(&e))?;
    if file.size() > limit {
        return Err(failed(&format!("{} bytes are more than the {limit} expected", file.size())));
    }
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).map_err(|e| failed(&e))?;
    Ok(bytes)
}

/// Type of the elements of a storage.
fn dtype(class: &str) -> Option<DType> {
    Some(match class {
        "torch.FloatStorage" => DType::F32,
        "torch.DoubleStorage" => DType::F64,
        "torch.HalfStorage" => DType::F16,
        "torch.BFloat16Storage" => DType::BF16,
        "torch.LongStorage" => DType::I64,
        "torch.ByteStorage" => DType::U8,
        _ => return None,
    })
}

/// The elements of a tensor in row-major order. None if it reaches beyond its storage or
/// has more elements than that, as broadcasting views have.
fn gather(place: &Place, storage: &[u8], size: usize) -> Option<Vec<u8>> {
    let elements = storage.len() / size;
    let count = place.shape.iter().try_fold(1usize, |n, dim| n.checked_mul(*dim))?;
    if count > elements || place.strides.len() != place.shape.len() {
        return None;
    }
    if contiguous(place) {
        let start = place.offset.checked_mul(size)?;
        return Some(storage.get(start..)?.get(..count * size)?.to_vec());
    }
    let mut bytes = Vec::with_capacity(count * size);
    let mut index = vec![0usize; place.shape.len()];
    for _ in 0..count {
        let mut steps = index.iter().zip(&place.strides);
        let at = steps
            .try_fold(place.offset, |at, (i, stride)| at.checked_add(i.checked_mul(*stride)?))?;
        bytes.extend_from_slice(storage.get(at.checked_mul(size)?..)?.get(..size)?);
        for (i, dim) in index.iter_mut().zip(&place.shape).rev() {
            *i += 1;
            if *i < *dim {
                break;
            }
            *i = 0;
        }
    }
    Some(bytes)
}

/// Whether a tensor lies in its storage as it is read, row by row.
fn contiguous(place: &Place) -> bool {
    let mut step = 1usize;
    place.shape.iter().zip(&place.strides).rev().all(|(dim, stride)| {
        let follows = *dim == 1 || *stride == step;
        step *= dim;
        follows
    })
}

/// The tensors of the model in a pickle.
fn model(pickle: &Pickle) -> BTreeMap<String, Place> {
    let root = tensors(pickle, pickle.root());
    let Object::Dict(entries) = pickle.get(pickle.root()) else { return root };
    let under = |key: &str| entries.iter().find(|entry| pickle.text(entry.0) == Some(key));
    let nested = MODEL_KEYS.into_iter().filter_map(under).map(|entry| tensors(pickle, entry.1));
    // Beside a model there may be other tensors.
    nested.into_iter().find(|tensors| !tensors.is_empty()).unwrap_or(root)
}

/// The tensors that a dictionary has.
fn tensors(pickle: &Pickle, dictionary: Id) -> BTreeMap<String, Place> {
    let Object::Dict(entries) = pickle.get(dictionary) else { return BTreeMap::new() };
    let read =
        |(key, value): &(Id, Id)| Some((pickle.text(*key)?.to_owned(), tensor(pickle, *value)?));
    entries.iter().filter_map(read).collect()
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
    if name != "torch._utils._rebuild_tensor_v2" {
        return None;
    }
    let [storage, offset, shape, strides] = pickle.tuple(arguments)?;
    let Object::Outside(description) = pickle.get(storage) else { return None };
    let [_kind, class, key] = pickle.tuple(*description)?;
    Some(Place {
        storage: pickle.text(key)?.to_owned(),
        class: pickle.global(class)?.to_owned(),
        offset: pickle.size(offset)?,
        shape: pickle.sizes(shape)?,
        strides: pickle.sizes(strides)?,
    })
}
