//! The commit of this program.

/// The commit that was built, if its sources were in a repository.
pub const COMMIT: Option<&str> = option_env!("PROOFMARK_COMMIT");
