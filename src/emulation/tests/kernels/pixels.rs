//! Images as bytes: normalised, mirrored and erased in part where they are read.

use std::ops::Range;
use std::sync::Arc;

use crate::bench::{everywhere, gpu, numbers};
use proofmark_emulation::Order;
use proofmark_gpu::gpu::Gpu;
use proofmark_gpu::kernels::pixels::Pixels;
use proofmark_gpu::kernels::steps::add_scaled;
use proofmark_gpu::kind::Kind;
use proofmark_gpu::memory::{Buffer, Slice};
use proofmark_gpu::slot::Slot;

const SIDE: usize = 12;
const SCALE: [f32; 3] = [0.012_345, 0.019_9, 0.003_3];
const SHIFT: [f32; 3] = [1.7, 0.123, 2.5];
/// Whether an image is mirrored, and its regions: x, y, width, height.
const IMAGES: [(bool, &[[usize; 4]]); 4] = [
    (false, &[]),
    (true, &[[3, 0, 5, 7]]),
    (false, &[[1, 2, 6, 6], [4, 4, 8, 8], [0, 11, 12, 1]]),
    (true, &[]),
];

/// Bytes on a GPU.
fn bytes(gpu: &Arc<dyn Gpu>, bytes: &[u8]) -> Buffer {
    let buffer = Buffer::new(gpu, Kind::Byte, bytes.len()).unwrap();
    buffer.all().set_bytes(&**gpu, bytes).unwrap();
    buffer
}

fn words(numbers: impl IntoIterator<Item = u32>) -> Vec<u8> {
    numbers.into_iter().flat_map(u32::to_ne_bytes).collect()
}

/// What is expected of a pixel's channel.
fn expected(rgb: &[u8], values: &[f32], image: usize, [c, y, x]: [usize; 3]) -> f32 {
    let size = |region: &[usize; 4]| 3 * region[2] * region[3];
    let before: usize = IMAGES[..image].iter().flat_map(|(_, regions)| *regions).map(size).sum();
    let (mirrored, regions) = IMAGES[image];
    let (mut found, mut at) = (None, before);
    for region @ [left, top, width, height] in regions {
        if (*left..left + width).contains(&x) && (*top..top + height).contains(&y) {
            found = Some(values[at + (c * height + y - top) * width + x - left]);
        }
        at += size(region);
    }
    found.unwrap_or_else(|| {
        let x = if mirrored { SIDE - 1 - x } else { x };
        f32::from(rgb[((image * SIDE + y) * SIDE + x) * 3 + c]) * SCALE[c] - SHIFT[c]
    })
}

fn all_of(images: Range<usize>) -> impl Iterator<Item = (usize, [usize; 3])> {
    let places = |image| {
        (0..3 * SIDE * SIDE).map(move |i| (image, [i / SIDE / SIDE, i / SIDE % SIDE, i % SIDE]))
    };
    images.flat_map(places)
}

#[test]
fn bytes_become_the_numbers_of_the_cpu_to_the_bit() {
    let rgb: Vec<u8> =
        (0..IMAGES.len() * SIDE * SIDE * 3).map(|i| (i * 7 + i / 91) as u8).collect();
    let regions: Vec<[usize; 4]> =
        IMAGES.iter().flat_map(|(_, regions)| *regions).copied().collect();
    let size = |region: &[usize; 4]| 3 * region[2] * region[3];
    let values = numbers(60, regions.iter().map(size).sum());
    let (mut marks, mut lines, mut first, mut at) = (Vec::new(), Vec::new(), 0, 0);
    for (mirrored, regions) in IMAGES {
        marks.extend([u32::from(mirrored), first, first + regions.len() as u32]);
        first += regions.len() as u32;
        for region in regions {
            lines.extend(region.map(|number| number as u32));
            lines.push(at as u32);
            at += size(region);
        }
    }
    everywhere(|bench| {
        let [rgb_there, marks, lines, values_there] = [
            rgb.clone(),
            words(marks.clone()),
            words(lines.clone()),
            words(values.iter().map(|value| value.to_bits())),
        ]
        .map(|part| bytes(&bench.gpu, &part));
        let pixels = Pixels {
            rgb: rgb_there.all(),
            marks: marks.all(),
            regions: lines.all(),
            values: values_there.all(),
            side: SIDE,
            scale: SCALE,
            shift: SHIFT,
        };
        let mut results = Vec::new();
        for images in [0..IMAGES.len(), 1..3] {
            let planes = bench.wide(3 * SIDE * SIDE * images.len());
            pixels.planes(&*bench.gpu, images.clone(), planes.all()).unwrap();
            let wide: Vec<f32> = all_of(images.clone())
                .map(|(image, place)| expected(&rgb, &values, image, place))
                .collect();
            assert_eq!(bench.read(&planes), wide);
            for patch in [4, 6, 12] {
                let out = bench.room(3 * SIDE * SIDE * images.len());
                pixels.patches(&*bench.gpu, images.clone(), patch, out.all()).unwrap();
                // As patches of the planes.
                let gathered = bench.room(wide.len());
                let planes = bench.of(&wide);
                proofmark_gpu::kernels::ends::patches(
                    &*bench.gpu,
                    planes.all(),
                    gathered.all(),
                    SIDE,
                    patch,
                )
                .unwrap();
                assert_eq!(bench.read(&out), bench.read(&gathered));
                results.push(bench.read(&out));
            }
        }
        results
    });
}

/// The f32 numbers that were sent.
fn sent<'a>(gpu: &dyn Gpu, slot: &'a Slot, count: usize, room: &'a Buffer) -> Slice<'a> {
    let pixels = Pixels {
        rgb: slot.first(3 * count),
        marks: slot.first(3 * count + 12).part(3 * count..3 * count + 12),
        regions: slot.first(0),
        values: slot.first(0),
        side: 4,
        scale: [1.0; 3],
        shift: [0.0; 3],
    };
    pixels.planes(gpu, 0..1, room.all()).unwrap();
    room.all()
}

/// Two slots in turn, filled by a thread of its own: what the work reads is what was sent for it, though the next is
/// sent before that work is done.
#[test]
fn what_is_sent_beside_the_work_is_there_when_it_is_read_and_as_long() {
    const PIXELS: usize = 16;
    let gpu = gpu(Order::Forwards);
    let sums = Buffer::of(&gpu, &[0.0; 3 * PIXELS]).unwrap();
    let room = Buffer::new(&gpu, Kind::F32, 3 * PIXELS).unwrap();
    let (to_work, from_loader) = std::sync::mpsc::sync_channel::<Slot>(1);
    let (to_loader, from_work) = std::sync::mpsc::channel();
    for _ in 0..2 {
        to_loader.send(Slot::new(&gpu).unwrap()).unwrap();
    }
    // A slot that is dropped waits for what was sent: the last ones are kept.
    let mut kept = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for round in 0..20u8 {
                let mut slot = from_work.recv().unwrap();
                // Of another size each time; memory is made once, so that nothing waits for that.
                slot.send(3 * PIXELS + 12 + 100 * usize::from(19 - round), |to| {
                    to[..3 * PIXELS].fill(round);
                    to[3 * PIXELS..].fill(0);
                })
                .unwrap();
                to_work.send(slot).unwrap();
            }
        });
        for round in 0..20 {
            let mut slot = from_loader.recv().unwrap();
            slot.receive().unwrap();
            let values = sent(&*gpu, &slot, PIXELS, &room);
            // Twice what was there, and this: nothing is lost, and nothing comes too late.
            add_scaled(&*gpu, sums.all(), values, 1.0).unwrap();
            slot.release().unwrap();
            if round < 18 {
                to_loader.send(slot).unwrap();
            } else {
                kept.push(slot);
            }
        }
    });
    assert_eq!(sums.all().get(&*gpu).unwrap(), vec![(0..20).sum::<i32>() as f32; 3 * PIXELS]);
}
