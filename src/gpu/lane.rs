//! A way for data to a GPU beside its work.

use std::fmt::Debug;

use super::error::Result;

/// Memory of the host from which a GPU fetches data by itself while it works, so that nobody waits. It is used in
/// turns: put into [`Lane::room`], [`Lane::send`], [`Lane::receive`], work that reads what came, [`Lane::release`].
/// The first two may be done by another thread than the rest.
pub trait Lane: Debug + Send {
    /// Memory for at least so many bytes, which are unspecified. Waits until what was sent from it has arrived.
    ///
    /// # Errors
    /// There is not so much memory, and those of the driver.
    fn room(&mut self, bytes: usize) -> Result<&mut [u8]>;

    /// Begins to copy the first bytes of the room to the GPU, beside all work but that which was asked for before
    /// the last [`Lane::release`].
    ///
    /// # Safety
    /// So many bytes are allocated there, and in the room; nothing else is asked of that memory before
    /// [`Lane::receive`].
    ///
    /// # Errors
    /// Those of the driver.
    unsafe fn send(&mut self, to: u64, bytes: usize) -> Result<()>;

    /// Has all that is asked of the GPU from now on wait until what was sent has arrived.
    ///
    /// # Errors
    /// Those of the driver.
    fn receive(&mut self) -> Result<()>;

    /// Says that nothing asked of the GPU from now on reads what was sent.
    ///
    /// # Errors
    /// Those of the driver.
    fn release(&mut self) -> Result<()>;
}
