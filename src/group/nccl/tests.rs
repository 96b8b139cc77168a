//! Ranks in threads, each with a GPU of its own: NCCL refuses two ranks on one. scripts/cuda/build.sh runs
//! these with stand-ins for the driver and for NCCL, which show three.

use std::time::Duration;

use cudarc::driver::CudaContext;

use super::link::places;
use super::{Nccl, unique_id};
use crate::group::{Group, any, broadcast, gather_values};

/// Longer than a rank lets the others wait here.
const LONG: Duration = Duration::from_secs(60);

/// What each of as many ranks as there are GPUs returns, three at most.
fn each<T: Send>(run: impl Fn(&mut Nccl) -> T + Sync) -> Vec<T> {
    let size = usize::try_from(CudaContext::device_count().unwrap()).unwrap().min(3);
    assert!(size > 1, "this takes two GPUs, or the stand-ins of scripts/cuda/build.sh");
    let id = unique_id().unwrap();
    std::thread::scope(|scope| {
        let (run, id) = (&run, &id);
        let join = move |rank| run(&mut Nccl::join(rank, rank, size, id, LONG).unwrap());
        let threads: Vec<_> = (0..size).map(|rank| scope.spawn(move || join(rank))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn messages_of_all_lengths_arrive_where_they_shall() {
    // Rank 0 sends itself and rank 1 nothing at all; the longest is longer than a buffer of NCCL.
    let message =
        |from: usize, to: usize| vec![(from * 16 + to) as u8; (from + to / 2) * 10_000_019];
    let right = each(|rank| {
        let (own, size) = (rank.rank(), rank.size());
        let exchange = || {
            let received = rank.exchange((0..size).map(|to| message(own, to)).collect()).unwrap();
            received == (0..size).map(|from| message(from, own)).collect::<Vec<_>>()
        };
        // The second one finds nothing of the first.
        [exchange(), exchange()]
    });
    assert_eq!(right, vec![[true; 2]; right.len()]);
}

#[test]
fn all_hear_the_same_in_order_of_rank() {
    let told = each(|rank| {
        let own = rank.rank();
        let all = gather_values(rank, vec![own as f32; own + 1]).unwrap();
        let first = broadcast(rank, vec![own as u8 + 7]).unwrap();
        (all, first, any(rank, own == 1).unwrap(), any(rank, false).unwrap())
    });
    let all: Vec<f32> = (0..told.len()).flat_map(|rank| vec![rank as f32; rank + 1]).collect();
    assert_eq!(told, vec![(all, vec![7], true, false); told.len()]);
}

#[test]
fn a_rank_that_ends_ends_the_others_with_a_sentence() {
    let told = each(|rank| {
        if rank.rank() == 1 {
            return Vec::new();
        }
        // No answer comes, however long it waits.
        rank.link.get_mut().unwrap().patience = Duration::ZERO;
        [false, true].map(|said| any(rank, said).unwrap_err().to_string()).to_vec()
    });
    for (rank, texts) in told.iter().enumerate().filter(|(rank, _)| *rank != 1) {
        let size = told.len();
        let gone = format!("a rank other than {rank} of {size} has ended, or ");
        assert!(texts[0].starts_with(&gone), "{}", texts[0]);
        let before = format!("rank {rank} of {size} has given up the other ranks before");
        assert!(texts[1].starts_with(&before), "{}", texts[1]);
    }
}

#[test]
fn a_rank_that_never_comes_ends_the_others_with_a_sentence() {
    let id = unique_id().unwrap();
    let text = Nccl::join(0, 0, 2, &id, Duration::ZERO).unwrap_err().to_string();
    let gone = "rank 0 of 2: a rank other than 0 of 2 has ended, or did not answer within 0 s";
    assert!(text.starts_with(gone), "{text}");
}

/// Threads that know each other already, and bring each other together on their GPUs.
#[test]
fn a_group_of_which_each_has_a_gpu_is_joined_by_them_and_no_other() {
    let of_cards = |has_one: fn(usize) -> bool| {
        let members = crate::threads::group(2, LONG);
        std::thread::scope(|scope| {
            let join = |member: crate::threads::Member| {
                let card = Some(member.rank()).filter(|rank| has_one(*rank));
                let joined = crate::cards::joined(&member, card).unwrap();
                joined
                    .map(|group| gather_values(group.as_ref(), vec![member.rank() as f32]).unwrap())
            };
            let threads = members.into_iter().map(|member| scope.spawn(move || join(member)));
            let threads: Vec<_> = threads.collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        })
    };
    assert_eq!(of_cards(|_| true), vec![Some(vec![0.0, 1.0]); 2]);
    assert_eq!(of_cards(|rank| rank == 0), [None, None]);
}

#[test]
fn places_leave_this_rank_out() {
    assert_eq!(places(1, [3, 5, 0, 2].into_iter()), [0..3, 3..3, 3..3, 3..5]);
}
