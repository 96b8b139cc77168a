//! A weights file of any format: which tensors it has, and each of them.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use safetensors::tensor::Metadata;

use super::archive::Archive;
use super::error::WeightsError;
use super::legacy::{self, Legacy};
use super::pickle::{self, Pickle};
use super::source::Source;
use super::tensors::{Named, Place, all, bytes, dtype};

/// Longest header of safetensors that is read, in bytes.
const HEADER: u64 = 100_000_000;

/// A tensor of a file, by its name and shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Keys of the dictionaries around its own, joined by dots; empty at the top.
    pub dict: String,
    /// Its name there.
    pub name: String,
    /// Its sizes, outermost first.
    pub shape: Vec<usize>,
}

impl Entry {
    /// The name with the keys of the dictionaries around it.
    pub fn full(&self) -> String {
        match self.dict.as_str() {
            "" => self.name.clone(),
            dict => format!("{dict}.{}", self.name),
        }
    }
}

/// An opened weights file.
#[derive(Debug)]
pub struct WeightsFile {
    path: PathBuf,
    entries: Vec<Entry>,
    content: Content,
    /// What the file says of itself, which only safetensors do.
    metadata: HashMap<String, String>,
    /// The storage that was read last, by its key: tensors may be views of one.
    last: RefCell<Option<(String, Vec<u8>)>>,
}

/// Where the elements of the entries are.
#[derive(Debug)]
enum Content {
    Safetensors { source: RefCell<Source>, places: Vec<Flat> },
    Zip { archive: Archive, folder: String, places: Vec<Place> },
    Legacy { source: RefCell<Source>, storages: BTreeMap<String, (u64, u64)>, places: Vec<Place> },
}

/// A tensor of safetensors: where its bytes are, and their type.
#[derive(Clone, Copy, Debug)]
struct Flat {
    start: u64,
    length: u64,
    dtype: safetensors::Dtype,
}

impl WeightsFile {
    /// Opens a file by its content, not its name. Only headers are read.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let source = Source::open(path).map_err(|e| WeightsError::read(path, &e))?;
        Self::new(path, source)
    }

    /// A file in memory; `path` is for messages.
    pub fn from_memory(path: &Path, bytes: Vec<u8>) -> Result<Self, WeightsError> {
        Self::new(path, Source::memory(bytes))
    }

    fn new(path: &Path, mut source: Source) -> Result<Self, WeightsError> {
        let read = |why: String| WeightsError::Read { path: path.to_owned(), why };
        let start = source.read(0, source.length().min(512)).map_err(read)?;
        if start.starts_with(b"PK\x03\x04") {
            Self::zip(path, source)
        } else if start.get(8) == Some(&b'{') {
            Self::safetensors(path, source)
        } else if legacy::is_one(&start) {
            Self::legacy(path, source)
        } else {
            Err(WeightsError::unknown(path, &start))
        }
    }

    fn safetensors(path: &Path, mut source: Source) -> Result<Self, WeightsError> {
        let broken = |why: String| WeightsError::Read { path: path.to_owned(), why };
        let length = source.read(0, 8).map_err(broken)?;
        let length = length.try_into().map_or(u64::MAX, u64::from_le_bytes);
        if length > HEADER {
            return Err(broken(format!("its header would have {length} bytes")));
        }
        let header = source.read(8, length).map_err(broken)?;
        let header: Metadata =
            serde_json::from_slice(&header).map_err(|e| broken(format!("of its header: {e}")))?;
        if (8 + length).checked_add(header.data_len() as u64) != Some(source.length()) {
            return Err(broken("it is cut short, or has more than its header says".to_owned()));
        }
        let mut names = header.offset_keys();
        names.sort_unstable();
        let (mut entries, mut places) = (Vec::new(), Vec::new());
        for name in names {
            let Some(info) = header.info(&name) else { continue };
            let (begin, end) = info.data_offsets;
            let start = 8 + length + begin as u64;
            places.push(Flat { start, length: (end - begin) as u64, dtype: info.dtype });
            entries.push(Entry { dict: String::new(), name, shape: info.shape.clone() });
        }
        let content = Content::Safetensors { source: RefCell::new(source), places };
        let metadata = header.metadata().clone().unwrap_or_default();
        Ok(Self { metadata, ..Self::of(path, entries, content) })
    }

    fn zip(path: &Path, source: Source) -> Result<Self, WeightsError> {
        let broken = |why: String| WeightsError::Broken { path: path.to_owned(), why };
        let archive = Archive::open(source).map_err(broken)?;
        let folders = archive.names().filter_map(|name| name.strip_suffix("/data.pkl"));
        let folder = folders.min_by_key(|folder| folder.len()).map(str::to_owned);
        let folder = folder.ok_or_else(|| WeightsError::NotTorch { path: path.to_owned() })?;
        let order = archive.read(&format!("{folder}/byteorder"), 16).unwrap_or_default();
        if order.starts_with(b"big") {
            return Err(broken("it was written on a big-endian machine".to_owned()));
        }
        let bytes = archive.read(&format!("{folder}/data.pkl"), pickle::LIMIT).map_err(broken)?;
        let pickle =
            Pickle::read(&bytes).map_err(|why| broken(format!("of the pickle inside: {why}")))?;
        let (entries, places) = named(path, &pickle)?;
        Ok(Self::of(path, entries, Content::Zip { archive, folder, places }))
    }

    fn legacy(path: &Path, mut source: Source) -> Result<Self, WeightsError> {
        let broken = |why: String| WeightsError::Broken { path: path.to_owned(), why };
        let Legacy { pickle, storages } = legacy::read(&mut source).map_err(broken)?;
        let (entries, places) = named(path, &pickle)?;
        let content = Content::Legacy { source: RefCell::new(source), storages, places };
        Ok(Self::of(path, entries, content))
    }

    fn of(path: &Path, entries: Vec<Entry>, content: Content) -> Self {
        let (metadata, last) = (HashMap::new(), RefCell::default());
        Self { path: path.to_owned(), entries, content, metadata, last }
    }

    /// The tensors that there are.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What the file says of itself under a key.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// Whether a tensor's elements are of a type in which networks have their weights. Whole
    /// numbers are what a quantised file has, whose scales stand elsewhere.
    pub fn check_type(&self, index: usize) -> Result<(), WeightsError> {
        let (dtype, elements) = match &self.content {
            Content::Safetensors { places, .. } => {
                let dtype = places[index].dtype;
                (DType::try_from(dtype).ok(), format!("{dtype:?}"))
            }
            Content::Zip { places, .. } | Content::Legacy { places, .. } => {
                let class = &places[index].class;
                (dtype(class), class.clone())
            }
        };
        match dtype {
            Some(DType::F16 | DType::BF16 | DType::F32 | DType::F64) => Ok(()),
            _ => Err(WeightsError::Elements {
                path: self.path.clone(),
                name: self.entries[index].full(),
                elements,
            }),
        }
    }

    /// A tensor, by its place among the entries, as f32 on the CPU with finite values.
    pub fn tensor(&self, index: usize) -> Result<Tensor, WeightsError> {
        self.check_type(index)?;
        let entry = &self.entries[index];
        let broken = |why: String| WeightsError::Broken {
            path: self.path.clone(),
            why: format!("of tensor `{}`: {why}", entry.full()),
        };
        let (dtype, bytes) = match &self.content {
            Content::Safetensors { source, places } => {
                let place = places[index];
                let dtype = DType::try_from(place.dtype)
                    .map_err(|_| broken(format!("elements of {:?} are not read", place.dtype)))?;
                let bytes = source.borrow_mut().read(place.start, place.length);
                (dtype, bytes.map_err(broken)?)
            }
            Content::Zip { archive, folder, places } => {
                let place = &places[index];
                let file = format!("{folder}/data/{}", place.storage);
                self.gathered(place, || archive.read(&file, u64::MAX)).map_err(broken)?
            }
            Content::Legacy { source, storages, places } => {
                let place = &places[index];
                let lost = || format!("storage `{}` is not there", place.storage);
                let read = || {
                    let (start, length) = *storages.get(&place.storage).ok_or_else(lost)?;
                    source.borrow_mut().read(start, length)
                };
                self.gathered(place, read).map_err(broken)?
            }
        };
        let tensor = Tensor::from_raw_buffer(&bytes, dtype, &entry.shape, &Device::Cpu)?;
        let tensor = tensor.to_dtype(DType::F32)?;
        let values: Vec<f32> = tensor.flatten_all()?.to_vec1()?;
        match values.iter().all(|v| v.is_finite()) {
            true => Ok(tensor),
            false => Err(WeightsError::NotFinite { path: self.path.clone(), name: entry.full() }),
        }
    }

    /// The elements of a tensor and their type.
    fn gathered(
        &self,
        place: &Place,
        read: impl FnOnce() -> Result<Vec<u8>, String>,
    ) -> Result<(DType, Vec<u8>), String> {
        let (Some(dtype), Some(size)) = (dtype(&place.class), bytes(&place.class)) else {
            return Err(format!("elements of `{}` are not read", place.class));
        };
        let mut last = self.last.borrow_mut();
        let storage = match &mut *last {
            Some((key, storage)) if *key == place.storage => storage,
            // The one before is given up before the next takes memory.
            other => {
                *other = None;
                &mut other.insert((place.storage.clone(), read()?)).1
            }
        };
        let gathered = place.gather(storage, size);
        Ok((dtype, gathered.ok_or("it reaches beyond its storage")?))
    }
}

/// The tensors of a pickle; that there are none says what it holds instead.
fn named(path: &Path, pickle: &Pickle) -> Result<(Vec<Entry>, Vec<Place>), WeightsError> {
    let found = all(pickle);
    if found.is_empty() {
        // The class of the whole says more than those of its parts.
        let foreign = |name: &&str| !name.starts_with("torch._");
        let whole = pickle.made(pickle.root()).map(|(name, _)| name);
        return Err(match whole.or_else(|| pickle.makers().find(foreign)) {
            Some(class) => WeightsError::Foreign { path: path.to_owned(), class: class.to_owned() },
            None => WeightsError::NoTensors { path: path.to_owned() },
        });
    }
    let entry = |Named { dict, name, place }: Named| {
        (Entry { dict, name, shape: place.shape.clone() }, place)
    };
    Ok(found.into_iter().map(entry).unzip())
}
