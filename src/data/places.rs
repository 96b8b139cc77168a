//! Where the declarations are that an error about data is about.

use super::error::DataError;
use proofmark_base::work::Failure;
use proofmark_lang::span::Origin;

impl DataError {
    /// The places, each with what is there; none of what files alone say.
    pub fn places(&self) -> Vec<(Origin, &'static str)> {
        match self {
            Self::NotFound { origin, .. } => vec![(*origin, "declared here")],
            Self::Incomplete { origin, .. } => vec![(*origin, "not all of it is there")],
            Self::NoColumn { origin, .. } => vec![(*origin, "no such column")],
            Self::UnknownValue { origin, .. } => vec![(*origin, "not in the file")],
            Self::TwoFacedLabel { origin, .. } => vec![(*origin, "declared as real, too")],
            Self::ClassOutsideRoot { origin, .. } => vec![(*origin, "not below the root")],
            Self::RepeatedClass { origin, .. } => vec![(*origin, "the same folder again")],
            Self::EmptyClass { origin, .. } => vec![(*origin, "nothing to read in this folder")],
            Self::UndeclaredManipulation { origin, .. } => vec![(*origin, "not declared")],
            Self::DemoWithoutMethods { origin, .. } => vec![(*origin, "drawn with which method?")],
            Self::HasValidation { origin, .. } => vec![(*origin, "it has one of its own")],
            Self::Fractions { origin, .. } => vec![(*origin, "these do not add up to 1")],
            Self::NoTimes { origin, .. } => vec![(*origin, "images have no times")],
            Self::Rule { origin, .. } => vec![(*origin, "this number")],
            Self::Overlap { origins, .. } => {
                origins.iter().map(|origin| (*origin, "has some of them")).collect()
            }
            Self::Unreadable { .. }
            | Self::Unwritable { .. }
            | Self::Csv { .. }
            | Self::Parquet { .. }
            | Self::Json { .. }
            | Self::Archive { .. }
            | Self::RepeatedColumn { .. }
            | Self::ColumnType { .. }
            | Self::EmptyTable { .. }
            | Self::Rows { .. }
            | Self::Demo { .. }
            | Self::NoSplits { .. }
            | Self::TooFewGroups { .. }
            | Self::RepeatedVideo { .. }
            | Self::Unattributed { .. }
            | Self::Manifest { .. } => Vec::new(),
        }
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        let places = error.places();
        places
            .into_iter()
            .fold(Self::data(error), |failure, (origin, text)| failure.at(origin, text))
    }
}
