//! Reading a release, whichever it is.

use super::Listing;
use super::release::Release;
use crate::error::DataError;
use crate::root::Env;
use proofmark_lang::model::{Dataset, Placed, ReleasedLayout};

/// Lists the videos of a release that is there.
pub(super) type Reader = fn(&mut Release) -> Result<(), DataError>;

/// Lists the videos of a release.
pub(super) fn list(
    dataset: &Dataset,
    layout: &Placed<ReleasedLayout>,
    env: Env,
    read: Reader,
) -> Result<Listing, DataError> {
    let mut release = Release::open(dataset, layout, env)?;
    read(&mut release)?;
    Ok(Listing { files: Some(release.files), ..release.listing })
}

/// Says which file reads which release. One of the language that none reads does not compile.
macro_rules! readers {
    ($($Release:ident: $file:ident,)+) => {
        /// Lists the videos of a released data set.
        ///
        /// # Errors
        /// Everything that stops reading: parts that are not there, lists that cannot be used.
        pub fn read_release(
            dataset: &proofmark_lang::model::Dataset,
            layout: &proofmark_lang::model::Placed<proofmark_lang::model::ReleasedLayout>,
            env: $crate::root::Env,
        ) -> Result<Listing, $crate::error::DataError> {
            use proofmark_lang::model::Released;
            released::list(dataset, layout, env, match layout.name {
                $(Released::$Release => $file::read,)+
            })
        }
    };
}
pub(super) use readers;

#[cfg(test)]
#[path = "released_tests.rs"]
mod tests;
