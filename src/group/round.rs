//! What a group does together from a beginning to an end, which is common to all, however it ends.
//!
//! A rank that fails would leave the others waiting for what it was to tell next. So every message says
//! whether its rank goes on. A rank that has ended, well or not, tells that as its last message: the others
//! hear it in the exchange that they are in, or come to next, and all are out of the round after the same one.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::group::{Group, why};
use proofmark_base::work::Failure;

/// At the end of a message: there will be more.
const GOES_ON: u8 = 0;
/// At the end of a message: this was the last; before it, why.
const ENDED: u8 = 1;

/// A group for as long as a round takes.
pub struct Round<'a> {
    group: &'a dyn Group,
    state: Mutex<State>,
}

/// How a round stands for this rank.
enum State {
    Open,
    /// All have heard that it has ended.
    Closed,
    /// A rank is lost, and with it the group.
    Lost(String),
}

impl<'a> Round<'a> {
    /// A round begins, for every rank.
    pub fn new(group: &'a dyn Group) -> Self {
        Self { group, state: Mutex::new(State::Open) }
    }

    /// Ends the round for this rank, and waits until it has ended for all.
    ///
    /// # Errors
    /// A group that is lost; another rank that has failed where this one has not.
    pub fn close(self, failure: Option<&Failure>) -> Result<(), Failure> {
        match &*self.state() {
            State::Closed => return Ok(()),
            State::Lost(why) => return Err(Failure::Group(why.clone())),
            State::Open => {}
        }
        let mut last = failure.map_or(Vec::new(), |failure| why(failure).into_bytes());
        last.push(ENDED);
        let heard = self.group.exchange(vec![last; self.size()])?;
        let mut failed = heard.iter().enumerate().filter(|(_, message)| message.len() > 1);
        match (failure, failed.next()) {
            (None, Some((rank, message))) => Err(self.stopped(rank, &message[..message.len() - 1])),
            (Some(_), _) | (None, None) => Ok(()),
        }
    }

    fn stopped(&self, rank: usize, why: &[u8]) -> Failure {
        let why = String::from_utf8_lossy(why);
        Failure::Group(format!("rank {rank} of {} has failed: {why}", self.size()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Group for Round<'_> {
    fn rank(&self) -> usize {
        self.group.rank()
    }

    fn size(&self) -> usize {
        self.group.size()
    }

    fn exchange(&self, mut messages: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Failure> {
        messages.iter_mut().for_each(|message| message.push(GOES_ON));
        let mut heard = self.group.exchange(messages).inspect_err(|failure| {
            *self.state() = State::Lost(why(failure));
        })?;
        let mut ended = None;
        for (rank, message) in heard.iter_mut().enumerate() {
            if message.pop() != Some(GOES_ON) {
                ended = ended.or(Some(rank));
            }
        }
        match ended {
            None => Ok(heard),
            Some(rank) => {
                *self.state() = State::Closed;
                Err(self.stopped(rank, &heard[rank]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{any, gather};
    use crate::threads::{Member, each};

    /// What a round of a rank came to: its own result, and that of closing it.
    fn round(member: &Member, run: impl Fn(&Round<'_>) -> Result<(), Failure>) -> [String; 2] {
        let round = Round::new(member);
        let own = run(&round);
        let closed = round.close(own.as_ref().err());
        [own, closed].map(|result| result.err().as_ref().map_or(String::new(), why))
    }

    #[test]
    fn one_that_fails_ends_the_round_of_all_and_the_next_is_whole() {
        let told = each(3, |member| {
            let first = round(member, |group| {
                any(group, false)?;
                if group.rank() == 1 {
                    return Err(Failure::data("no such file"));
                }
                // The others are on their way to different places of the same work.
                (0..2 + group.rank()).try_for_each(|_| any(group, false).map(drop))
            });
            let second = round(member, |group| {
                let heard = gather(group, vec![group.rank() as u8])?;
                assert_eq!(heard, [[0], [1], [2]]);
                Ok(())
            });
            (first, second)
        });
        let none = || [String::new(), String::new()];
        let others = ["rank 1 of 3 has failed: no such file".to_owned(), String::new()];
        let own = ["no such file".to_owned(), String::new()];
        assert_eq!(told, [(others.clone(), none()), (own, none()), (others, none())]);
    }

    #[test]
    fn all_may_fail_alike_and_one_may_fail_at_the_end() {
        let told = each(2, |member| {
            let alike = round(member, |_| Err(Failure::data("NaN")));
            let late = round(member, |group| match group.rank() {
                0 => Ok(()),
                _ => Err(Failure::data("late")),
            });
            (alike, late)
        });
        let alike = ["NaN".to_owned(), String::new()];
        let heard = [String::new(), "rank 1 of 2 has failed: late".to_owned()];
        let own = ["late".to_owned(), String::new()];
        assert_eq!(told, [(alike.clone(), heard), (alike, own)]);
    }

    #[test]
    fn a_lost_rank_is_lost_for_good() {
        let told = each(2, |member| match member.rank() {
            0 => round(member, |group| any(group, false).map(drop)),
            _ => [String::new(), String::new()],
        });
        let lost = "rank 1 of 2 has ended, or did not answer within 60 s";
        assert_eq!(told[0], [lost, lost]);
    }
}
