//! Scored samples as plain vectors: what the metrics of a table are computed from.

use std::collections::BTreeMap;
use std::sync::Arc;

use proofmark_lang::model::Family;
use proofmark_metrics::{BadScore, Ranking};

/// One scored face or video.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Key of the video, unique within its data set.
    pub video: Arc<str>,
    /// Whether it is fake.
    pub fake: bool,
    /// P(fake).
    pub score: f64,
    /// The manipulation, where it is a fake and known.
    pub method: Option<Arc<str>>,
    /// The manipulation's family, where known.
    pub family: Option<Family>,
}

/// The scored faces or videos of one data set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// The samples, in any order.
    pub rows: Vec<Sample>,
}

impl Samples {
    /// All samples, ranked.
    ///
    /// # Errors
    /// A score that is not finite.
    pub fn ranking(&self) -> Result<Ranking, BadScore> {
        self.against_reals(|_| true)
    }

    /// The fakes of one manipulation against all reals.
    ///
    /// # Errors
    /// A score that is not finite.
    pub fn of_method(&self, method: &str) -> Result<Ranking, BadScore> {
        self.against_reals(|fake| fake.method.as_deref() == Some(method))
    }

    /// All reals, and the fakes of one manipulation or all of them.
    pub fn part(&self, method: Option<&str>) -> impl Iterator<Item = &Sample> {
        let wanted = move |row: &&Sample| {
            !row.fake || method.is_none_or(|method| row.method.as_deref() == Some(method))
        };
        self.rows.iter().filter(wanted)
    }

    /// The fakes of one family against all reals.
    ///
    /// # Errors
    /// A score that is not finite.
    pub fn of_family(&self, family: Family) -> Result<Ranking, BadScore> {
        self.against_reals(|fake| fake.family == Some(family))
    }

    /// The manipulations that fakes are attributed to, by name, with their family.
    pub fn methods(&self) -> BTreeMap<Arc<str>, Option<Family>> {
        let mut methods = BTreeMap::new();
        for row in self.rows.iter().filter(|row| row.fake) {
            if let Some(method) = &row.method {
                let family = methods.entry(Arc::clone(method)).or_insert(row.family);
                *family = family.or(row.family);
            }
        }
        methods
    }

    /// Number of fakes that no manipulation is known for.
    pub fn unattributed(&self) -> usize {
        self.rows.iter().filter(|row| row.fake && row.method.is_none()).count()
    }

    fn against_reals(&self, keep: impl Fn(&Sample) -> bool) -> Result<Ranking, BadScore> {
        Ranking::new(
            self.rows.iter().filter(|row| !row.fake || keep(row)).map(|row| (row.fake, row.score)),
        )
    }
}

#[cfg(test)]
mod tests {
    use proofmark_metrics::AUC;

    use super::*;

    fn sample(fake: bool, score: f64, method: Option<&str>, family: Option<Family>) -> Sample {
        Sample { video: "v".into(), fake, score, method: method.map(Arc::from), family }
    }

    fn samples() -> Samples {
        let swap = Some(Family::FaceSwap);
        Samples {
            rows: vec![
                sample(false, 0.2, None, None),
                sample(false, 0.6, None, None),
                sample(true, 0.9, Some("swap"), swap),
                sample(true, 0.4, Some("mouth"), Some(Family::Reenactment)),
                sample(true, 0.1, Some("grid"), swap),
                sample(true, 0.3, None, None),
            ],
        }
    }

    #[test]
    fn a_manipulation_is_compared_with_all_reals() {
        let swap = samples().of_method("swap").unwrap();
        assert_eq!((swap.reals(), swap.fakes()), (2, 1));
        assert_eq!(swap.measure(AUC), Ok(1.0));
        assert_eq!(samples().of_method("mouth").unwrap().measure(AUC), Ok(0.5));
    }

    #[test]
    fn a_family_is_compared_with_all_reals() {
        let swaps = samples().of_family(Family::FaceSwap).unwrap();
        assert_eq!((swaps.reals(), swaps.fakes()), (2, 2));
        assert_eq!(swaps.measure(AUC), Ok(0.5));
    }

    #[test]
    fn methods_are_those_of_the_fakes() {
        let names: Vec<_> = samples().methods().into_keys().collect();
        assert_eq!(names, ["grid", "mouth", "swap"].map(Arc::from));
        assert_eq!(samples().unattributed(), 1);
        assert_eq!(samples().ranking().unwrap().fakes(), 4);
    }
}
