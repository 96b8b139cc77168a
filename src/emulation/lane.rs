//! A way for data to the emulated GPU: they arrive at the last moment.

use std::sync::{Arc, Mutex, PoisonError};

use super::memory::Memory;
use proofmark_gpu::error::Result;
use proofmark_gpu::lane::Lane;

/// Where a lane is in its turn.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Free,
    /// So many bytes are under way to an address.
    UnderWay(u64, usize),
    Arrived,
}

/// What is sent lies here until it is received.
#[derive(Debug)]
pub struct EmulatedLane {
    memory: Arc<Mutex<Memory>>,
    room: Vec<u8>,
    state: State,
}

impl EmulatedLane {
    /// To some memory.
    pub fn new(memory: Arc<Mutex<Memory>>) -> Self {
        Self { memory, room: Vec::new(), state: State::Free }
    }
}

impl Lane for EmulatedLane {
    fn room(&mut self, bytes: usize) -> Result<&mut [u8]> {
        assert_eq!(self.state, State::Free, "what was sent before is released first");
        self.room.resize(self.room.len().max(bytes), 0);
        Ok(&mut self.room)
    }

    unsafe fn send(&mut self, to: u64, bytes: usize) -> Result<()> {
        assert_eq!(self.state, State::Free, "what was sent before is released first");
        self.state = State::UnderWay(to, bytes);
        Ok(())
    }

    fn receive(&mut self) -> Result<()> {
        let State::UnderWay(to, bytes) = self.state else {
            panic!("nothing was sent that could be received")
        };
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.at(to, bytes).copy_from_slice(&self.room[..bytes]);
        self.state = State::Arrived;
        Ok(())
    }

    fn release(&mut self) -> Result<()> {
        assert_eq!(self.state, State::Arrived, "what is released was received");
        self.state = State::Free;
        Ok(())
    }
}
