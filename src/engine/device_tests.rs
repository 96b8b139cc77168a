//! Which devices stages have: of several each one at a time, and only such as its network can be computed on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::engine::executor::{Executor, Local, Outcome, Task};
use proofmark_emulation::{Emulation, Order};
use proofmark_gpu::gpu::Gpu;
use proofmark_lang::model::Pool;
use proofmark_lang::{MemoryFiles, load};
use proofmark_model::efficientnet::EfficientNetConfig;
use proofmark_model::vit::VitConfig;
use proofmark_model::xception::XceptionConfig;

fn vit(width: usize) -> Architecture {
    Architecture::from(VitConfig {
        patch: 4,
        width,
        depth: 1,
        heads: 2,
        image: 8,
        hidden: 32,
        layer_scale: None,
        registers: 0,
        pool: Pool::Cls,
        drop_path: 0.0,
        classes: 2,
    })
}

/// One whose maps have odd sides.
fn efficientnet() -> Architecture {
    Architecture::from(EfficientNetConfig {
        width: 0.3,
        depth: 1.0,
        image: 65,
        dropout: 0.2,
        momentum: 0.1,
        drop_path: 0.0,
        classes: 2,
    })
}

fn xception() -> Architecture {
    let config = XceptionConfig { image: 71, dropout: 0.5, momentum: 0.1, classes: 2 };
    Architecture::from(config)
}

#[test]
fn a_network_that_a_gpu_cannot_compute_goes_to_the_cpu_or_is_refused() {
    let gpu = || Device::Gpu(Arc::new(Emulation::new(Order::Forwards)));
    let on = |choice, network: &Architecture| suited(gpu(), choice, network, "experiment `x`");
    for network in [vit(16), efficientnet(), xception()] {
        assert!(on(DeviceChoice::Auto, &network).unwrap().gpu().is_some());
        assert!(on(DeviceChoice::Cuda(0), &network).unwrap().gpu().is_some());
    }
    assert!(on(DeviceChoice::Auto, &vit(18)).unwrap().gpu().is_none());
    assert_eq!(
        on(DeviceChoice::Cuda(1), &vit(18)).unwrap_err().to_string(),
        "experiment `x` cannot be computed on device `cuda:1`: its width, 18, is no multiple of 4 \
         up to 4096; `--device cpu` stands above what recipes say"
    );
    let cpu = suited(Device::Cpu, DeviceChoice::Cpu, &vit(18), "experiment `x`");
    assert!(cpu.unwrap().gpu().is_none());
}

/// So many GPUs, which are told apart by their addresses.
fn gpus(count: usize) -> (Vec<Lent>, Vec<Arc<dyn Gpu>>) {
    let gpus: Vec<Arc<dyn Gpu>> =
        (0..count).map(|_| Arc::new(Emulation::new(Order::Forwards)) as Arc<dyn Gpu>).collect();
    let devices = gpus.iter().enumerate();
    let devices = devices.map(|(n, gpu)| (DeviceChoice::Cuda(n), Device::Gpu(Arc::clone(gpu))));
    (devices.collect(), gpus)
}

/// An experiment with this backbone.
fn experiment(backbone: &str) -> Project {
    let text = format!(
        "dataset a {{ layout demo capture=studio seed=1 identities=8 videos=2 fakes=2 frames=2; manipulation \
         swap-seam; split carve train=(%)60 val=(%)20 test=(%)20 seed=0; faces size=32 }}
         ensemble only {{ source a }}
         backbone tiny {{ {backbone} }}
         init scratch {{ random std=0.02 seed=0; normalize half }}
         recipe short {{ epochs 1; batch 8; adamw lr=1e-3 }}
         experiment x {{ data only; backbone tiny; init scratch; recipe short; loss {{ cross-entropy }} }}
         table t {{ row x; scenario S {{ column a A }}; metric auc }}"
    );
    let loaded = load(Path::new("x.kdl"), &MemoryFiles::default().with("x.kdl", text));
    assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
    loaded.project
}

const VIT: &str = "vit patch=8 width=16 depth=2 heads=2 image=32; pool patch-mean";

/// The number of the GPU that an experiment is computed on.
fn number(devices: &Devices, project: &Project, all: &[Arc<dyn Gpu>]) -> Option<usize> {
    let device = devices.of(&project.experiments["x"]).unwrap();
    let gpu = device.gpu()?;
    all.iter().position(|other| Arc::ptr_eq(other, gpu))
}

#[test]
fn of_several_gpus_each_stage_has_one_for_itself() {
    let project = experiment(VIT);
    let (several, all) = gpus(3);
    let devices = Devices::lending(several);
    assert!(devices.are_gpus());
    let mut stages: Vec<OfStage<'_>> = (0..3).map(|_| devices.of_stage(true)).collect();
    let numbers = |stages: &[OfStage<'_>]| -> Vec<Option<usize>> {
        stages.iter().map(|stage| number(stage, &project, &all)).collect()
    };
    assert_eq!(numbers(&stages), [Some(0), Some(1), Some(2)]);
    // One that computes nothing on them waits for none.
    let none = devices.of_stage(false);
    assert_eq!(number(&none, &project, &all), None);
    // What ends gives its own to the next.
    drop(stages.remove(1));
    stages.push(devices.of_stage(true));
    assert_eq!(numbers(&stages), [Some(0), Some(2), Some(1)]);
    assert_eq!(stages[1].choice(&project.experiments["x"]), DeviceChoice::Cuda(2));
}

#[test]
fn stages_run_side_by_side_and_never_two_on_one_gpu() {
    let project = experiment(VIT);
    let (several, all) = gpus(3);
    let devices = Devices::lending(several);
    let (stop, taken) = (AtomicBool::new(false), Mutex::new(BTreeMap::new()));
    let (changed, most) = (Condvar::new(), AtomicUsize::new(0));
    // More at a time than there are GPUs, so that it is not the executor alone that keeps them apart.
    let executor = Local { jobs: 5, memory: None, fail_fast: true, stop: &stop };
    let tasks = vec![Task { shares: true, ..Task::default() }; 12];
    let outcomes = executor.carry_out(&tasks, &|place| {
        let own = devices.of_stage(true);
        let number = number(&own, &project, &all).unwrap();
        let mut now = taken.lock().unwrap();
        if let Some(other) = now.insert(number, place) {
            return Err(Failure::run(format!("{other} and {place} are both on GPU {number}")));
        }
        most.fetch_max(now.len(), Ordering::SeqCst);
        changed.notify_all();
        // The first ones wait until every GPU has a stage.
        let patience = Duration::from_secs(60);
        let full = |_: &mut BTreeMap<usize, usize>| most.load(Ordering::SeqCst) < all.len();
        let (mut now, waited) = changed.wait_timeout_while(now, patience, full).unwrap();
        now.remove(&number);
        if waited.timed_out() { Err(Failure::run("a GPU was left idle")) } else { Ok(()) }
    });
    for outcome in outcomes.unwrap() {
        assert!(matches!(outcome, Outcome::Done), "{outcome:?}");
    }
    assert_eq!(most.into_inner(), 3);
}

#[test]
fn a_device_is_opened_once() {
    let project = experiment(VIT);
    let devices = Devices::stated(Some(Asked::One(DeviceChoice::Cpu)));
    assert!(devices.opened().is_empty());
    devices.provenance(&project.experiments["x"]).unwrap();
    assert_eq!(devices.opened().keys().copied().collect::<Vec<_>>(), [DeviceChoice::Cpu]);
    // What is open is what is given from then on.
    let gpu: Arc<dyn Gpu> = Arc::new(Emulation::new(Order::Forwards));
    let choice = DeviceChoice::Cuda(0);
    let devices = Devices::stated(Some(Asked::Cards));
    devices.opened().insert(choice, Device::Gpu(Arc::clone(&gpu)));
    assert_eq!(number(&devices, &project, &[gpu]), Some(0));
    assert_eq!(devices.opened().len(), 1);
}

#[test]
fn several_devices_have_to_suit_every_experiment() {
    let cpu = [DeviceChoice::Cpu; 2];
    assert!(!Devices::several(&cpu, &experiment(VIT)).unwrap().are_gpus());
    let far = Devices::several(&[DeviceChoice::Cpu, DeviceChoice::Cuda(999)], &experiment(VIT));
    assert!(far.unwrap_err().to_string().starts_with("device `cuda:999` cannot be used"));
    let (mut several, _) = gpus(1);
    let (choice, device) = several.remove(0);
    let project = experiment("vit patch=16 width=18 depth=1 heads=2 image=32; pool patch-mean");
    let refused = of(device, choice, &project.experiments["x"]).unwrap_err().to_string();
    assert!(
        refused.starts_with("experiment `x` cannot be computed on device `cuda:0`"),
        "{refused}"
    );
}
