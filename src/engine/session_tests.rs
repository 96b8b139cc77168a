//! Several GPUs of one machine make what one of them makes.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use proofmark_base::work::Silent;
use proofmark_emulation::{Emulation, Order};
use proofmark_gpu::device::Device;
use proofmark_gpu::error::Result as OfGpu;
use proofmark_gpu::gpu::{Argument, Gpu, Grid};
use proofmark_gpu::lane::Lane;
use proofmark_gpu::product::Product;
use proofmark_lang::{MemoryFiles, load};

/// An emulated GPU that counts its products.
#[derive(Debug)]
struct Counted {
    gpu: Emulation,
    products: AtomicUsize,
}

impl Gpu for Counted {
    fn name(&self) -> String {
        self.gpu.name()
    }

    fn number(&self) -> Option<usize> {
        self.gpu.number()
    }

    fn allocate(&self, bytes: usize) -> OfGpu<u64> {
        self.gpu.allocate(bytes)
    }

    unsafe fn free(&self, address: u64) {
        // SAFETY: the caller's.
        unsafe { self.gpu.free(address) }
    }

    unsafe fn upload(&self, to: u64, bytes: &[u8]) -> OfGpu<()> {
        // SAFETY: the caller's.
        unsafe { self.gpu.upload(to, bytes) }
    }

    fn lane(&self) -> OfGpu<Box<dyn Lane>> {
        self.gpu.lane()
    }

    unsafe fn download(&self, from: u64, bytes: &mut [u8]) -> OfGpu<()> {
        // SAFETY: the caller's.
        unsafe { self.gpu.download(from, bytes) }
    }

    unsafe fn launch(&self, kernel: &str, grid: Grid, arguments: &[Argument]) -> OfGpu<()> {
        // SAFETY: the caller's.
        unsafe { self.gpu.launch(kernel, grid, arguments) }
    }

    unsafe fn product(&self, product: &Product) -> OfGpu<()> {
        self.products.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's.
        unsafe { self.gpu.product(product) }
    }
}

/// Carries a file out on so many GPUs. What it made, by stage, and the products of each GPU.
fn made(text: &str, count: usize) -> (BTreeMap<String, Vec<u8>>, Vec<usize>) {
    let loaded = load(Path::new("x.kdl"), &MemoryFiles::default().with("x.kdl", text));
    assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
    let (folder, stop) = (tempfile::tempdir().unwrap(), AtomicBool::new(false));
    let purpose = Purpose::Running(&stop);
    let session = Session::open(&loaded, folder.path(), purpose, &Silent).unwrap();
    let gpus: Vec<Arc<Counted>> = (0..count)
        .map(|_| Emulation::new(Order::Forwards))
        .map(|gpu| Arc::new(Counted { gpu, products: AtomicUsize::new(0) }))
        .collect();
    let choices: Vec<DeviceChoice> = (0..count).map(DeviceChoice::Cuda).collect();
    let open = choices.iter().zip(&gpus);
    let open = open.map(|(choice, gpu)| (*choice, Device::Gpu(Arc::clone(gpu) as Arc<dyn Gpu>)));
    let devices = Devices::lending(open.collect());
    let how = How { devices: &choices, ..How::default() };
    assert_eq!(session.jobs(how), count);
    assert_eq!(session.jobs(How { jobs: Some(1), ..how }), 1);
    let ended = session.with(&devices, how, &Silent, &stop).until(Until::Evaluate).unwrap();
    assert!(ended.failed.is_empty(), "{:?}", ended.failed);
    let mut files = BTreeMap::new();
    for stage in &session.plan().stages {
        let folder = session.store().find(stage.word(), &stage.key).unwrap();
        for name in ["model.safetensors", "predictions.parquet"] {
            let bytes = fs::read(folder.join(name));
            files.extend(bytes.map(|bytes| (format!("{} {}", stage.title(), stage.key), bytes)));
        }
    }
    let products = gpus.iter().map(|gpu| gpu.products.load(Ordering::Relaxed)).collect();
    (files, products)
}

#[test]
fn several_gpus_make_the_bytes_of_one() {
    let text = "dataset a { layout demo capture=studio seed=1 identities=8 videos=2 fakes=2 frames=2; \
                manipulation swap-seam; split carve train=(%)60 val=(%)20 test=(%)20 seed=0; faces size=32 }
        ensemble only { source a }
        backbone tiny { vit patch=16 width=16 depth=1 heads=2 image=32; pool patch-mean }
        init scratch { random std=0.02 seed=0; normalize half }
        recipe short { epochs 1; batch 8; adamw lr=1e-3; seed 0 }
        experiment a { data only; backbone tiny; init scratch; recipe short; loss { cross-entropy } }
        experiment b extends=a { override recipe { precision tf32 } }
        experiment c extends=a { override recipe { precision bf16 } }
        experiment d extends=a { override recipe { seed 1 } }
        table t { row a; row b; row c; row d; scenario S { column a A }; metric auc }";
    let ((one, _), (several, products)) = (made(text, 1), made(text, 3));
    assert_eq!(one.len(), 8, "{:?}", one.keys());
    assert!(one == several, "one GPU and several differ");
    assert!(products.iter().filter(|products| **products > 0).count() > 1, "{products:?}");
    // Nor is one precision another.
    let models: Vec<&Vec<u8>> =
        one.iter().filter(|(name, _)| name.starts_with("train")).map(|(_, model)| model).collect();
    assert!((1..models.len()).all(|i| !models[..i].contains(&models[i])));
}
