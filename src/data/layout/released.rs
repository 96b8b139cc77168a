//! Which file reads which release.

use super::release::Release;
use super::{Listing, celebdf, df40, dfdc, dfeval, fakeavceleb, ffpp, forgerynet, wdf};
use crate::error::DataError;
use crate::root::Env;
use proofmark_lang::model::{Dataset, Placed, Released, ReleasedLayout};

/// Lists the videos of a released data set.
///
/// # Errors
/// Everything that stops reading: parts that are not there, lists that cannot be used.
pub fn read(
    dataset: &Dataset,
    layout: &Placed<ReleasedLayout>,
    env: Env,
) -> Result<Listing, DataError> {
    let mut release = Release::open(dataset, layout, env)?;
    match layout.name {
        Released::Faceforensics => ffpp::read(&mut release),
        Released::Celebdf => celebdf::read(&mut release),
        Released::Dfdc => dfdc::read(&mut release),
        Released::Fakeavceleb => fakeavceleb::read(&mut release),
        Released::Forgerynet => forgerynet::read(&mut release),
        Released::Df40 => df40::read(&mut release, env),
        Released::Wilddeepfake => wdf::read(&mut release),
        Released::DeepfakeEval2024 => dfeval::read(&mut release),
    }?;
    Ok(Listing { files: Some(release.files), ..release.listing })
}

#[cfg(test)]
#[path = "released_tests.rs"]
mod tests;
