//! How often claims are decided, and rightly, on simulated videos whose truth is known.

use super::asked::Asked;
use super::needed;
use super::support::Measured;
use crate::build::build;
use crate::build::tests::{project, table};
use crate::evidence::{Evidence, ScoreKey, Scored};
use crate::fixture;
use crate::lookup::Lookup;
use crate::table::{ClaimResult, Verdict};
use proofmark_base::rng::{Rng, Stream};
use proofmark_evaluate::samples::{Sample, Samples};
use proofmark_evaluate::statistics::seeds::Error;
use proofmark_lang::model::{Claim, Over, Placed, Quantifier, Relation, Row, Split, Table};

const REPETITIONS: u64 = 400;
/// Videos of each class.
const VIDEOS: usize = 60;
/// Of 400 tests at a level of 5 %, 20 decide by chance; this is three deviations more.
const BY_CHANCE: usize = 33;

/// Scores of three rows on two sets. A fake is `shift` of its row above the reals; half of the
/// variance of a score is the video's, which all rows share.
fn evidence(repetition: u64, shifts: [f64; 3], videos: usize) -> Evidence {
    let mut evidence = Evidence::default();
    for dataset in ["a", "b"] {
        let mut rng = Rng::named(repetition, Stream::Simulation, dataset);
        let mut rows: [Vec<Sample>; 3] = Default::default();
        for i in 0..2 * videos {
            let (fake, shared) = (i >= videos, rng.normal());
            for (row, shift) in rows.iter_mut().zip(shifts) {
                let score = shared + rng.normal() + if fake { shift } else { 0.0 };
                let video = format!("{i}").into();
                row.push(Sample { video, fake, score, method: None, family: None });
            }
        }
        for (experiment, rows) in ["x", "y", "z"].into_iter().zip(rows) {
            let (experiment, dataset) = (experiment.to_owned(), dataset.to_owned());
            let key = ScoreKey { experiment, dataset, split: Split::Test, corruption: None };
            let scored =
                Scored { frames: Samples { rows: rows.clone() }, videos: Samples { rows } };
            evidence.scores.insert(key, Ok(scored));
        }
    }
    evidence
}

/// A table of the three rows and two sets, with these claims.
fn declared(claims: Vec<Claim>) -> Placed<Table> {
    let mut table = table();
    let third = Row { experiment: "z".into(), label: "Row z".into(), ..(*table.rows[0]).clone() };
    table.rows.push(third.into());
    table.scenarios.truncate(1);
    table.intervals.draws = 100;
    table.claims = claims.into_iter().map(Into::into).collect();
    table
}

/// One claim in every repetition, in a table of its own.
fn decided(claim: &Claim, shifts: [f64; 3]) -> Vec<ClaimResult> {
    decided_on(claim, shifts, VIDEOS)
}

/// The same with so many videos of each class.
fn decided_on(claim: &Claim, shifts: [f64; 3], videos: usize) -> Vec<ClaimResult> {
    let (project, table) = (project(), declared(vec![claim.clone()]));
    let one = |repetition| {
        build(&project, &table, &evidence(repetition, shifts, videos), &[])
            .unwrap()
            .claims
            .remove(0)
    };
    (0..REPETITIONS).map(one).collect()
}

fn count(results: &[ClaimResult], verdict: Verdict) -> usize {
    results.iter().filter(|result| result.verdict == verdict).count()
}

fn claim(relation: Relation, quantifier: Quantifier, columns: &[&str]) -> Claim {
    let columns = columns.iter().map(ToString::to_string).collect();
    let over = Over { quantifier, columns };
    Claim { relation, over, ..fixture::claim("x", "y", ("In", "a"), 0.0) }
}

fn above(by: f64, up_to: Option<f64>) -> Relation {
    Relation::Above { other: "y".into(), by, up_to }
}

fn near(within: f64) -> Relation {
    Relation::Near { other: "y".into(), within }
}

/// The area under the curve of a row, of scores whose variance is 2.
fn area(shift: f64) -> f64 {
    // P(Z < shift / 2), from a table of the normal distribution.
    [(1.0, 0.691_462_461_274_013), (1.4, 0.758_036_347_776_927), (2.0, 0.841_344_746_068_543)]
        .into_iter()
        .find(|(known, _)| *known == shift)
        .expect("a shift of the table")
        .1
}

#[test]
fn of_equal_rows_about_one_in_twenty_is_said_to_differ() {
    let results = decided(&claim(above(0.0, None), Quantifier::All, &["a"]), [1.5; 3]);
    let differ = REPETITIONS as usize - count(&results, Verdict::CannotTell);
    assert!((7..=BY_CHANCE).contains(&differ), "{differ} of {REPETITIONS}");
}

#[test]
fn no_form_of_claim_is_decided_more_often_by_chance() {
    let (all, most, any) = (Quantifier::All, Quantifier::Most, Quantifier::Any);
    for (what, claim) in [
        ("best", claim(Relation::Best(Vec::new()), all, &["a"])),
        ("lowest", claim(Relation::Lowest(Vec::new()), all, &["a"])),
        ("all", claim(above(0.0, None), all, &["a", "b"])),
        ("most", claim(above(0.0, None), most, &["a", "Avg", "b"])),
        ("any", claim(above(0.0, None), any, &["a", "b"])),
        ("none", Claim { negated: true, ..claim(above(0.0, None), any, &["a", "b"]) }),
        ("range", claim(above(0.0, Some(0.1)), all, &["a"])),
    ] {
        let results = decided(&claim, [1.5; 3]);
        let decided = REPETITIONS as usize - count(&results, Verdict::CannotTell);
        assert!(decided <= BY_CHANCE, "{what}: {decided} of {REPETITIONS}");
    }
}

#[test]
fn equivalence_holds_with_the_power_that_its_margin_has() {
    let narrow = decided(&claim(near(0.01), Quantifier::All, &["a"]), [1.5; 3]);
    assert_eq!(count(&narrow, Verdict::Holds), 0, "60 videos do not show a point");
    let errors =
        narrow.iter().filter_map(|claim| Some(claim.comparisons[0].difference.error?.standard));
    let error = errors.sum::<f64>() / REPETITIONS as f64;
    // Both one-sided tests at 2.5 % hold where the difference is within the margin less 1.96
    // errors, in 80 % of cases for a margin of 1.96 + 1.2816 errors.
    let results = decided(&claim(near((1.96 + 1.2816) * error), Quantifier::All, &["a"]), [1.5; 3]);
    let holds = count(&results, Verdict::Holds);
    assert!((296..=344).contains(&holds), "{holds} of {REPETITIONS}");
    assert_eq!(count(&results, Verdict::Contradicted), 0);
}

#[test]
fn rows_that_are_a_margin_apart_are_rarely_called_near_or_far() {
    let margin = area(2.0) - area(1.0);
    let results = decided(&claim(near(margin), Quantifier::All, &["a"]), [2.0, 1.0, 1.0]);
    let decided = REPETITIONS as usize - count(&results, Verdict::CannotTell);
    assert!(decided <= BY_CHANCE, "{decided} of {REPETITIONS}");
}

#[test]
fn what_is_true_is_found_and_its_contrary_never() {
    let all = Quantifier::All;
    for claim in [
        claim(above(0.0, None), all, &["a", "b"]),
        claim(above(0.0, None), Quantifier::Most, &["a", "Avg", "b"]),
        claim(Relation::Best(Vec::new()), all, &["Avg"]),
        Claim { negated: true, ..claim(near(0.02), all, &["a"]) },
    ] {
        let results = decided(&claim, [2.6, 1.0, 1.0]);
        assert!(count(&results, Verdict::Holds) > 360, "{:?}", claim.relation);
        assert_eq!(count(&results, Verdict::Contradicted), 0, "{:?}", claim.relation);
    }
}

#[test]
fn as_many_videos_as_it_would_take_decide_in_four_of_five_cases() {
    let claim = claim(above(0.0, None), Quantifier::All, &["a"]);
    let shifts = [1.4, 1.0, 1.0];
    let few = decided(&claim, shifts);
    let errors =
        few.iter().filter_map(|claim| Some(claim.comparisons[0].difference.error?.standard));
    let error = Error::normal(errors.sum::<f64>() / REPETITIONS as f64);
    let better = area(1.4) - area(1.0);
    let data =
        build(&project(), &declared(vec![claim.clone()]), &evidence(0, shifts, 2), &[]).unwrap();
    let lookup = Lookup::of(&data.metrics, &data.scenarios);
    let asked = Asked::of(&claim, &lookup).unwrap();
    let times = needed::times(&asked, 0.05, |_, _| Some(Measured { better, error })).unwrap();
    assert!(times > 2.0, "{times}");
    let videos = (VIDEOS as f64 * times).ceil() as usize;
    let holds = count(&decided_on(&claim, shifts, videos), Verdict::Holds);
    assert!((296..=344).contains(&holds), "{holds} of {REPETITIONS} with {times} times the videos");
}
