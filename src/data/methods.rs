//! The manipulations that a data set declares, and their families.

use proofmark_lang::model::{Dataset, Family};

use proofmark_text::near::near;

/// The declared manipulations of one data set.
#[derive(Clone, Debug)]
pub struct Methods<'a> {
    declared: Vec<(&'a str, Family)>,
}

/// A manipulation that its data set does not declare, and the declared one most like it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undeclared {
    /// The declared name most like it.
    pub nearest: Option<String>,
}

impl<'a> Methods<'a> {
    /// Those of `dataset`.
    pub fn of(dataset: &'a Dataset) -> Self {
        let family = |f: Option<Family>| f.unwrap_or(Family::Unknown);
        let declared = dataset.manipulations.iter();
        Self { declared: declared.map(|m| (m.name.as_str(), family(m.family))).collect() }
    }

    /// The family of a fake. A data set without declarations accepts any name, of unknown
    /// family; one with declarations knows only those, so that a slip of the pen cannot
    /// quietly leave an average.
    pub fn family(&self, method: Option<&str>) -> Result<Family, Undeclared> {
        let Some(method) = method else { return Ok(self.common_family()) };
        match self.declared.iter().find(|(name, _)| *name == method) {
            Some((_, family)) => Ok(*family),
            None if self.declared.is_empty() => Ok(Family::Unknown),
            None => Err(Undeclared {
                nearest: near(method, self.declared.iter().map(|d| d.0)).map(str::to_owned),
            }),
        }
    }

    /// The family that all declared manipulations share: that of a fake whose method is not
    /// told, as in DFDC, which is face swaps only.
    fn common_family(&self) -> Family {
        match self.declared.split_first() {
            Some(((_, first), rest)) if rest.iter().all(|(_, f)| f == first) => *first,
            _ => Family::Unknown,
        }
    }
}
