//! A group of threads in one process: what tests hold against one rank.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::group::{Group, lost};
use proofmark_base::work::Failure;

/// A thread of the group.
#[derive(Debug)]
pub struct Member {
    rank: usize,
    /// To each rank.
    senders: Vec<Sender<Vec<u8>>>,
    /// From each rank.
    receivers: Mutex<Vec<Receiver<Vec<u8>>>>,
    patience: Duration,
}

/// A group of so many threads, each of which waits so long for another.
pub fn group(size: usize, patience: Duration) -> Vec<Member> {
    let mut senders: Vec<Vec<Sender<Vec<u8>>>> = vec![Vec::new(); size];
    let mut receivers: Vec<Vec<Receiver<Vec<u8>>>> = (0..size).map(|_| Vec::new()).collect();
    for from in &mut senders {
        for to in &mut receivers {
            let (sender, receiver) = channel();
            from.push(sender);
            to.push(receiver);
        }
    }
    let members = senders.into_iter().zip(receivers).enumerate();
    let member = |(rank, (senders, receivers))| Member {
        rank,
        senders,
        receivers: Mutex::new(receivers),
        patience,
    };
    members.map(member).collect()
}

impl Group for Member {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.senders.len()
    }

    fn exchange(&self, messages: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Failure> {
        for (sender, message) in self.senders.iter().zip(messages) {
            // One who is gone is told of below.
            let _gone = sender.send(message);
        }
        let receivers = self.receivers.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let receive = |(rank, receiver): (usize, &Receiver<Vec<u8>>)| {
            let heard = receiver.recv_timeout(self.patience);
            heard.map_err(|_| lost(rank, self.size(), self.patience))
        };
        receivers.iter().enumerate().map(receive).collect()
    }
}

/// What each of so many threads returns.
#[cfg(test)]
pub(crate) fn each<T: Send>(size: usize, run: impl Fn(&Member) -> T + Sync) -> Vec<T> {
    let members = group(size, Duration::from_secs(60));
    std::thread::scope(|scope| {
        let run = &run;
        let threads = members.into_iter().map(|member| scope.spawn(move || run(&member)));
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{any, broadcast, gather_values};

    #[test]
    fn all_hear_the_same_in_order_of_rank() {
        let told = each(3, |member| {
            let rank = member.rank();
            let all = gather_values(member, vec![rank as f32; rank + 1]).unwrap();
            let first = broadcast(member, vec![rank as u8 + 7]).unwrap();
            (all, first, any(member, rank == 2).unwrap(), any(member, false).unwrap())
        });
        let all = vec![0.0, 1.0, 1.0, 2.0, 2.0, 2.0];
        assert_eq!(told, vec![(all, vec![7], true, false); 3]);
    }

    #[test]
    fn a_rank_that_ends_ends_the_others_with_a_sentence() {
        let told = each(3, |member| match member.rank() {
            1 => String::new(),
            _ => any(member, false).unwrap_err().to_string(),
        });
        for text in [&told[0], &told[2]] {
            assert!(text.starts_with("rank 1 of 3 has ended"), "{text}");
        }
    }
}
