//! A group of processes that MPI connects.
//!
//! One thread of each process makes all of its calls of MPI. While the others compute it tells every
//! second that this process is alive, and hears it of theirs. So a rank that computes for hours is told
//! from one that has ended.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mpi::Threading;
use mpi::request::{Request, Scope, scope};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, Destination, Source};

use super::group::{Group, lost, why};
use super::launch::Launch;
use proofmark_base::work::Failure;

/// How often a rank tells that it is alive.
const BEAT: Duration = Duration::from_secs(1);
/// How long a rank may be silent.
const PATIENCE: Duration = Duration::from_secs(20);
/// Time between two looks while nothing is exchanged.
const IDLE: Duration = Duration::from_millis(20);
/// How long an exchange is looked at without a pause after something has come.
const BUSY: Duration = Duration::from_millis(2);
/// Time between two looks at an exchange in which nothing comes.
const PAUSE: Duration = Duration::from_micros(200);
/// Bytes that MPI gets at a time. It counts them in 31 bits, and a piece that has come is a sign of life: on a
/// slow network one has to take less than the patience.
const PIECE: usize = 1 << 24;

/// Tags of messages.
const ALIVE: i32 = 1;
const DATA: i32 = 2;

/// This process in the group of all that its launcher began.
#[derive(Debug)]
pub struct Mpi {
    rank: usize,
    size: usize,
    /// To the thread that talks; none when the group ends.
    talk: Option<Sender<Exchange>>,
    talker: Option<JoinHandle<()>>,
    /// Why there is no group any more.
    lost: Mutex<Option<String>>,
}

/// What is to be exchanged, and where to answer.
struct Exchange {
    messages: Vec<Vec<u8>>,
    reply: Reply,
}

type Reply = Sender<Result<Vec<Vec<u8>>, Failure>>;

impl Mpi {
    /// Connects this process with the others of its launch.
    ///
    /// # Errors
    /// An MPI that was not told of them by the launcher.
    pub fn begin(launch: Launch) -> Result<Self, Failure> {
        let Launch { by, rank, size, .. } = launch;
        let (hello, connected) = channel();
        let (talk, orders) = channel();
        let talker = std::thread::Builder::new()
            .name("mpi".to_owned())
            .spawn(move || talks(&hello, &orders))
            .map_err(|e| Failure::Internal(e.to_string()))?;
        let mut group =
            Self { rank, size, talk: Some(talk), talker: Some(talker), lost: Mutex::new(None) };
        match connected.recv() {
            Ok(found) if found == (rank, size) => Ok(group),
            Ok((_, found)) => {
                // A launcher of another kind of MPI: each process believes that it is alone.
                group.talker = None;
                Err(Failure::run(format!(
                    "{by} began {size} processes, and the MPI that this proofmark was built with connects \
                     {found}; begin them by the mpirun of that MPI, or by `srun --mpi=pmix`"
                )))
            }
            Err(_) => Err(Failure::Internal("MPI could not be begun".to_owned())),
        }
    }

    fn lost(&self) -> Option<Failure> {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.clone().map(Failure::Group)
    }
}

impl Group for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn exchange(&self, messages: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Failure> {
        if let Some(lost) = self.lost() {
            return Err(lost);
        }
        let ended = || Failure::Internal("the thread that talks to MPI has ended".to_owned());
        let (reply, heard) = channel();
        let talk = self.talk.as_ref().ok_or_else(ended)?;
        talk.send(Exchange { messages, reply }).map_err(|_| ended())?;
        heard.recv().map_err(|_| ended())?.inspect_err(|failure| {
            *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(why(failure));
        })
    }
}

impl Drop for Mpi {
    fn drop(&mut self) {
        self.talk = None;
        // With a rank that is lost there is no orderly end of MPI; the process ends without.
        if let Some(talker) = self.talker.take().filter(|_| self.lost().is_none()) {
            let _ended = talker.join();
        }
    }
}

/// What the thread that talks does.
fn talks(hello: &Sender<(usize, usize)>, orders: &Receiver<Exchange>) {
    let Some((universe, _)) = mpi::initialize_with_threading(Threading::Funneled) else {
        return;
    };
    let world = universe.world();
    let (rank, size) = (world.rank() as usize, world.size() as usize);
    if hello.send((rank, size)).is_err() {
        return;
    }
    let mut talk =
        Talk { world, rank, size, next: Instant::now(), heard: vec![Instant::now(); size] };
    loop {
        match orders.recv_timeout(IDLE) {
            Ok(Exchange { messages, reply }) => {
                let heard = talk.exchange(messages, &reply);
                // Nobody waits for the answer in a process that ends.
                let _unheard = reply.send(Ok(heard));
            }
            Err(RecvTimeoutError::Timeout) => talk.beat(),
            // The end of `universe` is that of MPI.
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Tells that a rank is lost. MPI still holds messages of the exchange with it, which may not be given
/// back: this thread stays with them until the process ends.
fn give_up(reply: &Reply, failure: Failure) -> ! {
    let _unheard = reply.send(Err(failure));
    loop {
        std::thread::park();
    }
}

struct Talk {
    world: SimpleCommunicator,
    rank: usize,
    size: usize,
    /// When to tell the next time that this process is alive.
    next: Instant,
    /// When it was last heard of each rank.
    heard: Vec<Instant>,
}

impl Talk {
    fn exchange(&mut self, mut messages: Vec<Vec<u8>>, reply: &Reply) -> Vec<Vec<u8>> {
        let world = SimpleCommunicator::world();
        let rank_of = |rank: usize| world.process_at_rank(rank as i32);
        let others: Vec<usize> = (0..self.size).filter(|rank| *rank != self.rank).collect();
        let own: Vec<[u64; 1]> = messages.iter().map(|message| [message.len() as u64]).collect();
        let mut theirs = vec![[0u64; 1]; self.size];
        scope(|scope| {
            let mut open = Vec::new();
            for (rank, length) in theirs.iter_mut().enumerate().filter(|(r, _)| *r != self.rank) {
                let of = rank_of(rank);
                open.push((rank, of.immediate_receive_into_with_tag(scope, length, DATA)));
            }
            for &rank in &others {
                let to = rank_of(rank);
                open.push((rank, to.immediate_send_with_tag(scope, &own[rank], DATA)));
            }
            self.wait(open, reply);
        });
        let mut heard: Vec<Vec<u8>> =
            theirs.iter().map(|length| vec![0; length[0] as usize]).collect();
        heard[self.rank] = std::mem::take(&mut messages[self.rank]);
        scope(|scope| {
            let mut open = Vec::new();
            for (rank, message) in heard.iter_mut().enumerate().filter(|(r, _)| *r != self.rank) {
                for piece in message.chunks_mut(PIECE) {
                    let of = rank_of(rank);
                    open.push((rank, of.immediate_receive_into_with_tag(scope, piece, DATA)));
                }
            }
            for &rank in &others {
                for piece in messages[rank].chunks(PIECE) {
                    open.push((rank, rank_of(rank).immediate_send_with_tag(scope, piece, DATA)));
                }
            }
            self.wait(open, reply);
        });
        heard
    }

    /// Waits until all that is open has come and gone.
    fn wait<'a, D: ?Sized, S: Scope<'a>>(
        &mut self,
        mut open: Vec<(usize, Request<'a, D, S>)>,
        reply: &Reply,
    ) {
        let mut moved = Instant::now();
        while !open.is_empty() {
            let (before, now) = (open.len(), Instant::now());
            let test = |(rank, request): (usize, Request<'a, D, S>)| match request.test() {
                Ok(_) => {
                    self.heard[rank] = now;
                    None
                }
                Err(request) => Some((rank, request)),
            };
            open = open.into_iter().filter_map(test).collect();
            self.beat();
            if open.len() < before {
                moved = now;
            } else if moved.elapsed() < BUSY {
                std::thread::yield_now();
            } else {
                std::thread::sleep(PAUSE);
            }
            let silent = open.iter().find(|(rank, _)| self.heard[*rank].elapsed() > PATIENCE);
            if let Some((rank, _)) = silent {
                give_up(reply, lost(*rank, self.size, PATIENCE));
            }
        }
    }

    /// Hears who is alive, and tells, if it is time to, that this process is.
    fn beat(&mut self) {
        let now = Instant::now();
        while let Some((message, status)) =
            self.world.any_process().immediate_matched_probe_with_tag(ALIVE)
        {
            let (_, _): (u8, _) = message.matched_receive();
            self.heard[status.source_rank() as usize] = now;
        }
        if now >= self.next {
            self.next = now + BEAT;
            for rank in (0..self.size).filter(|rank| *rank != self.rank) {
                self.world.process_at_rank(rank as i32).send_with_tag(&0u8, ALIVE);
            }
        }
    }
}
