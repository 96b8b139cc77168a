//! Readers of other people's formats, which may panic on bytes that their authors did not expect:
//! a panic of theirs is an error here, and nothing of it is printed.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

thread_local! {
    /// Whether this thread is inside of a guarded reader.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Guarded readers at work.
static GUARDS: AtomicUsize = AtomicUsize::new(0);

/// A reader gave up on what it read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its reader cannot make sense of it: it is damaged, or of a kind that is not supported")]
pub struct GaveUp;

/// Runs a reader.
///
/// # Errors
/// [`GaveUp`] where it panics.
pub fn guarded<T>(read: impl FnOnce() -> T) -> Result<T, GaveUp> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !of_a_reader(panic) {
                before(panic);
            }
        }));
    });
    let outer = INSIDE.replace(true);
    GUARDS.fetch_add(1, Ordering::Relaxed);
    let result = catch_unwind(AssertUnwindSafe(read));
    GUARDS.fetch_sub(1, Ordering::Relaxed);
    INSIDE.set(outer);
    result.map_err(|_| GaveUp)
}

/// Whether a panic will come out of a guarded reader. Polars reads on threads of its own, and
/// hands their panics on to the one that asked.
fn of_a_reader(panic: &PanicHookInfo<'_>) -> bool {
    let at_work = GUARDS.load(Ordering::Relaxed) > 0;
    let of_polars = || {
        let thread = thread::current().name().is_some_and(|name| name.starts_with("polars"));
        thread || panic.location().is_some_and(|place| place.file().contains("polars"))
    };
    INSIDE.get() || at_work && of_polars()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_what_is_right_comes_back() {
        assert_eq!(guarded(|| 5), Ok(5));
        let nested = guarded(|| guarded(|| -> u8 { panic!("hidden") }));
        assert_eq!(nested, Ok(Err(GaveUp)));
        assert!(!INSIDE.get());
    }
}
