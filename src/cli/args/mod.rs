//! The verbs and their options.

mod cluster;
mod score;
mod shared;
mod store;
mod verbs;

pub use cluster::{CancelArgs, LogsArgs, OnArgs, StatusArgs, WorkArgs};
pub use score::{FacesFrom, MetricsArgs, ModelArgs, ScoreArgs, ScoreFormat};
pub use shared::{Format, StoreArgs};
pub use store::{EmbeddingsArgs, ExportArgs, ExportOf, ExportWhat, GcArgs, LsArgs, SplitName};
pub use verbs::{
    AuditArgs, CheckArgs, Cli, DataArgs, DiffArgs, DoctorArgs, ExplainArgs, FmtArgs, GalleryArgs,
    PackArgs, PlanArgs, PrepareArgs, ReplayArgs, ReportArgs, RunArgs, StatisticsFormat, TableArgs,
    TableFormat, Verb,
};
