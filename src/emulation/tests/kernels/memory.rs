//! What is copied to a GPU and from it, in more pieces than are under way at a time.

use std::sync::Arc;

use crate::bench::gpu;
use proofmark_emulation::Order;
use proofmark_gpu::kernels::steps::multiply;
use proofmark_gpu::kind::Kind;
use proofmark_gpu::memory::Buffer;

/// More than all pinned memory, and no multiple of a piece.
const MANY: usize = (100 << 20) / 4 + 3;

#[test]
fn what_was_written_is_read() {
    let gpu = gpu(Order::Forwards);
    let values: Vec<f32> = (0..MANY).map(|at| (at % 8191) as f32).collect();
    let buffer = Buffer::of(&gpu, &values).unwrap();
    assert!(buffer.all().get(&*gpu).unwrap() == values);
    // A part of it, to a place that is no multiple of anything.
    let part = buffer.all().part(1001..1001 + MANY / 3);
    part.set(&*gpu, &values[..MANY / 3]).unwrap();
    let read = buffer.all().get(&*gpu).unwrap();
    assert!(read[..1001] == values[..1001] && read[1001..1001 + MANY / 3] == values[..MANY / 3]);
    assert!(read[1001 + MANY / 3..] == values[1001 + MANY / 3..]);
}

#[test]
#[cfg(feature = "cuda")]
fn what_is_more_than_there_is_says_how_much_that_is() {
    let error = Buffer::new(&gpu(Order::Forwards), Kind::F32, 1 << 40).unwrap_err();
    assert!(error.lacks_memory, "{error}");
    let text = error.to_string();
    assert!(text.starts_with("the GPU cannot allocate 4096.0 GiB: CUDA says: "), "{text}");
    assert!(
        text.contains("OUT_OF_MEMORY") && text.contains("; of ") && text.ends_with(" are free"),
        "{text}"
    );
}

#[test]
fn what_is_written_next_does_not_reach_what_is_under_way() {
    let gpu = gpu(Order::Forwards);
    let buffers: Vec<Buffer> =
        (0..20).map(|i| Buffer::of(&gpu, &vec![i as f32; 1000]).unwrap()).collect();
    for buffer in &buffers {
        multiply(&*gpu, buffer.all(), 2.0).unwrap();
    }
    for (i, buffer) in buffers.iter().enumerate() {
        assert!(buffer.all().get(&*gpu).unwrap() == vec![2.0 * i as f32; 1000], "buffer {i}");
    }
}

#[test]
fn threads_use_it_in_turn() {
    let gpu = gpu(Order::Forwards);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let gpu = Arc::clone(&gpu);
            scope.spawn(move || {
                let mut buffer = Buffer::new(&gpu, Kind::F32, 10).unwrap();
                for i in 0..50 {
                    let value = (100 * thread + i) as f32;
                    buffer.fit(10 + i).unwrap();
                    buffer.first(10).set(&*gpu, &[value; 10]).unwrap();
                    multiply(&*gpu, buffer.first(10), 0.5).unwrap();
                    assert_eq!(buffer.first(10).get(&*gpu).unwrap(), [0.5 * value; 10]);
                }
            });
        }
    });
}
