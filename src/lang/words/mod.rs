//! Bare words that KDL rejects, or accepts as something else than was meant, and
//! what their writer probably meant.

mod bare;
pub(crate) mod number;

pub(crate) use bare::{
    Position, check, check_escapes, check_keyword, check_quotes, is_list, windows_path,
};
