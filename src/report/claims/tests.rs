//! What is asked of a table, what tests and published numbers say of it, and in which words.

use proptest::prelude::*;

use super::asked::{Asked, Found};
use super::support::{Measured, Support, least};
use super::verdicts::decide;
use crate::fixture;
use crate::lookup::Lookup;
use crate::table::{ClaimResult, Common, Difference, TableData, Test, Untested, Verdict};
use proofmark_evaluate::statistics::interval::Interval;
use proofmark_evaluate::statistics::seeds::Error;
use proofmark_lang::model::{Claim, Intervals, Over, Quantifier, Relation, Sentence, Table};
use proofmark_metrics::EER;

const IN: &str = "In-distribution";

/// A table that declares these claims.
fn declared(claims: Vec<Claim>) -> Table {
    Table {
        name: "t".into(),
        title: None,
        rows: Vec::new(),
        scenarios: Vec::new(),
        metrics: Vec::new(),
        video_score: Default::default(),
        failed: None,
        intervals: Intervals { draws: 100, level: 0.95, seed: 0, shown: false }.into(),
        compare: None,
        separability: None,
        terms: None,
        references: Vec::new(),
        claims: claims.into_iter().map(Into::into).collect(),
        sentences: Vec::new(),
        notes: Vec::new(),
        tolerance: 0.0,
    }
}

fn difference(value: f64, standard: Option<f64>) -> Difference {
    let interval = standard.map(|s| Interval { low: value - 2.0 * s, high: value + 2.0 * s });
    Difference {
        value,
        interval,
        test: standard.map(|_| Test::Bootstrap),
        videos: None,
        error: standard.map(Error::normal),
        compared: 200,
    }
}

/// The claims decided where every comparison has the difference that the table shows, with this
/// standard error.
fn decided(table: &TableData, claims: Vec<Claim>, standard: Option<f64>) -> Vec<ClaimResult> {
    let declared = declared(claims);
    let found = found(table, &declared, standard);
    decide(table, &declared, &found)
}

fn found(table: &TableData, declared: &Table, standard: Option<f64>) -> Found {
    let lookup = Lookup::of(&table.metrics, &table.scenarios);
    let asked = declared.statements().filter_map(|(_, claim)| Asked::of(claim, &lookup).ok());
    let places: Vec<_> = asked.flat_map(|asked| asked.comparisons().collect::<Vec<_>>()).collect();
    let of = |(pair, column): (crate::lookup::Pair, usize)| {
        let value = |row: usize| table.metrics[pair.block].rows[row].cells[column].value;
        let untested = standard.is_none().then_some(Untested::NoVariance);
        Some((
            (pair, column),
            (difference(value(pair.row)? - value(pair.other)?, standard), untested),
        ))
    };
    places.into_iter().filter_map(of).collect()
}

fn above(row: &str, other: &str, column: &str, by: f64) -> Claim {
    fixture::claim(row, other, (IN, column), by)
}

fn with(relation: Relation) -> Claim {
    Claim { relation, ..above("fsfm", "fsfm-ba", "FF++", 0.0) }
}

/// The table with these values in the first column, one a row.
fn valued(values: [f64; 3]) -> TableData {
    let mut table = fixture::table();
    for (row, value) in table.metrics[0].rows.iter_mut().zip(values) {
        (row.cells[0].value, row.cells[0].reason) = (Some(value), None);
    }
    table
}

#[test]
fn a_difference_decides_where_it_is_clear_and_else_says_what_would() {
    let table = valued([0.96, 0.94, 0.9]);
    let one = |claim: Claim, standard| decided(&table, vec![claim], standard).remove(0);
    let clear = one(above("fsfm", "fsfm-ba", "FF++", 0.0), Some(0.002));
    assert_eq!(clear.verdict, Verdict::Holds);
    assert_eq!(
        clear.detail,
        "FSFM 96.0 against FSFM + BA 94.0: +2.00 points [+1.60, +2.40]; p below 0.0001"
    );
    let contrary = one(above("fsfm-ba", "fsfm", "FF++", 0.0), Some(0.002));
    assert_eq!(contrary.verdict, Verdict::Contradicted);
    let open = one(above("fsfm", "fsfm-ba", "FF++", 0.0), Some(0.02));
    assert_eq!(open.verdict, Verdict::CannotTell);
    // z = 1: p = 0.3173. A power of 80 % takes (1.96 + 0.84)² = 7.85 times these 200 videos.
    assert_eq!(
        open.detail,
        "FSFM 96.0 against FSFM + BA 94.0: +2.00 points [-2.00, +6.00]; p 0.32; about 1400 more \
         videos would tell (power 80 %)"
    );
    let p = open.p.unwrap();
    assert!((p - 0.317_310_507_862_914).abs() < 1e-12, "{p}");
    let margin = one(above("fsfm", "fsfm-ba", "FF++", 0.05), Some(0.002));
    assert_eq!(margin.verdict, Verdict::Contradicted, "not by five points");
    assert!(margin.detail.contains("; claimed +5.00;"), "{}", margin.detail);
    let none = one(above("fsfm", "fsfm-ba", "FF++", 0.0), None);
    assert_eq!((none.verdict, none.p), (Verdict::CannotTell, None));
    assert_eq!(none.comparisons[0].untested, Some(Untested::NoVariance));
    assert_eq!(
        none.detail,
        "FSFM 96.0 against FSFM + BA 94.0: +2.00 points, not tested: the same whichever of the videos \
         are drawn"
    );
    let even = one(above("fsfm", "fsfm-ba", "FF++", 0.02), Some(0.002));
    assert!(even.detail.ends_with("no number of such videos would tell at these differences"));
}

#[test]
fn margins_agree_with_statsmodels() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/golden/statistics/golden.json")).unwrap();
    let cases = golden["margins"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let number = |key: &str| case[key].as_f64().unwrap();
        let error = Error { standard: number("standard"), freedom: number("freedom") };
        let measured = Measured { better: number("mean"), error };
        let above = |up_to| Relation::Above { other: String::new(), by: number("low"), up_to };
        let one_sided = Support::of(&above(None), measured, 0.0);
        let within = Support::of(&above(Some(number("high"))), measured, 0.0);
        for (ours, theirs) in [
            (one_sided.holds, number("above_low")),
            (one_sided.contradicted, number("below_low")),
            (within.holds, number("within")),
        ] {
            assert!((ours - theirs).abs() < 1e-11, "{case}: {ours} is not {theirs}");
        }
    }
}

#[test]
fn a_range_and_nearness_hold_by_two_one_sided_tests() {
    let range =
        |by, up_to| with(Relation::Above { other: "fsfm-ba".into(), by, up_to: Some(up_to) });
    let near = |within| with(Relation::Near { other: "fsfm-ba".into(), within });
    let table = valued([0.96, 0.94, 0.9]);
    for (claim, standard, expected) in [
        (range(0.01, 0.03), 0.002, Verdict::Holds),
        (range(0.01, 0.03), 0.008, Verdict::CannotTell),
        (range(0.03, 0.05), 0.002, Verdict::Contradicted),
        (range(0.0, 0.01), 0.002, Verdict::Contradicted),
        (near(0.03), 0.002, Verdict::Holds),
        (near(0.03), 0.01, Verdict::CannotTell),
        (near(0.01), 0.002, Verdict::Contradicted),
    ] {
        let result = decided(&table, vec![claim.clone()], Some(standard)).remove(0);
        assert_eq!(result.verdict, expected, "{:?} {standard}: {}", claim.relation, result.detail);
    }
}

#[test]
fn best_and_lowest_are_above_and_below_every_other_row() {
    let table = valued([0.96, 0.94, 0.9]);
    for (row, relation, expected) in [
        ("fsfm", Relation::Best(Vec::new()), Verdict::Holds),
        ("fsfm-ba", Relation::Best(Vec::new()), Verdict::Contradicted),
        ("fsfm-ba", Relation::Best(vec!["scratch".into()]), Verdict::Holds),
        ("scratch", Relation::Lowest(Vec::new()), Verdict::Holds),
        ("fsfm-ba", Relation::Lowest(Vec::new()), Verdict::Contradicted),
        ("fsfm-ba", Relation::Lowest(vec!["fsfm".into()]), Verdict::Holds),
    ] {
        let claim = Claim { row: row.into(), ..with(relation) };
        let result = decided(&table, vec![claim.clone()], Some(0.002)).remove(0);
        assert_eq!(result.verdict, expected, "{row} {:?}", claim.relation);
        let negated = Claim { negated: true, ..claim };
        let contrary = decided(&table, vec![negated], Some(0.002)).remove(0);
        let of = |verdict| match verdict {
            Verdict::Holds => Verdict::Contradicted,
            Verdict::Contradicted => Verdict::Holds,
            Verdict::CannotTell => Verdict::CannotTell,
        };
        assert_eq!(contrary.verdict, of(expected));
    }
}

#[test]
fn a_lower_error_is_better() {
    let mut table = valued([0.1, 0.2, 0.3]);
    table.metrics[0].metric = EER;
    let claim = |row: &str, other: &str, by| Claim { metric: EER, ..above(row, other, "FF++", by) };
    let verdict = |claim: Claim| decided(&table, vec![claim], Some(0.002)).remove(0);
    assert_eq!(verdict(claim("fsfm", "fsfm-ba", 0.0)).verdict, Verdict::Holds);
    assert_eq!(verdict(claim("fsfm-ba", "fsfm", 0.0)).verdict, Verdict::Contradicted);
    let result = verdict(claim("fsfm", "fsfm-ba", 0.05));
    assert_eq!(result.verdict, Verdict::Holds);
    assert!(result.detail.contains("; claimed -5.00; lower is better"), "{}", result.detail);
}

#[test]
fn claims_are_corrected_together_and_the_same_claim_counts_once() {
    // One claim of p = 0.03 holds alone, and not beside another of the same p.
    let table = valued([0.96, 0.94, 0.9]);
    let standard = 0.02 / 2.170_090_377_584_56;
    let one = above("fsfm", "fsfm-ba", "FF++", 0.0);
    let alone = decided(&table, vec![one.clone()], Some(standard));
    assert_eq!(alone[0].verdict, Verdict::Holds, "{}", alone[0].detail);
    let again = Claim { text: "in other words".into(), ..one.clone() };
    let twice = decided(&table, vec![one.clone(), again], Some(standard));
    assert!(twice.iter().all(|claim| claim.verdict == Verdict::Holds));
    let other = Claim { negated: true, ..one.clone() };
    let both = decided(&table, vec![one, other], Some(standard));
    assert!(both.iter().all(|claim| claim.verdict == Verdict::CannotTell), "{both:?}");
    assert_eq!(both[0].p_adjusted, both[0].p.map(|p| 2.0 * p));
}

#[test]
fn columns_are_all_most_or_any_and_without_names_all_that_are_no_averages() {
    let mut table = fixture::table();
    for (row, values) in [(0, [0.9, 0.8]), (1, [0.8, 0.9])] {
        for (column, value) in values.into_iter().enumerate() {
            table.metrics[0].rows[row].cells[column].value = Some(value);
        }
    }
    let over = |quantifier, columns: &[&str]| Claim {
        over: Over { quantifier, columns: columns.iter().map(ToString::to_string).collect() },
        ..above("fsfm", "fsfm-ba", "FF++", 0.0)
    };
    for (quantifier, expected) in [
        (Quantifier::All, Verdict::Contradicted),
        (Quantifier::Most, Verdict::Contradicted),
        (Quantifier::Any, Verdict::Holds),
    ] {
        let result = decided(&table, vec![over(quantifier, &[])], Some(0.002)).remove(0);
        assert_eq!(result.verdict, expected, "{quantifier:?}: {}", result.detail);
        assert_eq!(result.comparisons.len(), 2, "no average");
        assert!(result.detail.starts_with("FF++: FSFM 90.0 against"), "{}", result.detail);
    }
    // Without a scenario, those of every scenario.
    let everywhere = Claim { scenario: None, ..over(Quantifier::Any, &["FS_avg"]) };
    let result = decided(&table, vec![everywhere], Some(0.002)).remove(0);
    assert_eq!(result.comparisons[0].scenario, "Out-of-distribution");
}

#[test]
fn what_the_table_lacks_is_told() {
    let table = fixture::table();
    let best = |row: &str| Claim { row: row.into(), ..with(Relation::Best(Vec::new())) };
    for (claim, says) in [
        (
            above("fsfm", "fsfm-ba", "Nowhere", 0.0),
            "the table has no column \"Nowhere\" in \"In-distribution\"",
        ),
        (above("fsfm", "other", "FF++", 0.0), "the table has no row \"other\""),
        (above("other", "fsfm", "FF++", 0.0), "the table has no row \"other\""),
        (Claim { metric: EER, ..best("fsfm") }, "the table does not have the claim's metric"),
        (
            above("fsfm", "scratch", "Celeb_DF", 0.0),
            "Scratch & co. is n/a: there is no fake among 3 real",
        ),
    ] {
        let result = decided(&table, vec![claim], Some(0.01)).remove(0);
        assert_eq!((result.verdict, result.detail.as_str()), (Verdict::CannotTell, says));
    }
}

#[test]
fn the_difference_on_common_videos_is_told_beside_that_of_the_numbers() {
    let table = valued([0.96, 0.94, 0.9]);
    let declared = declared(vec![above("fsfm", "fsfm-ba", "FF++", 0.0)]);
    let mut found = found(&table, &declared, Some(0.01));
    for (difference, _) in found.values_mut() {
        (difference.value, difference.videos) = (0.0123, Some(Common { both: 7, either: 9 }));
    }
    let detail = decide(&table, &declared, &found).remove(0).detail;
    let begins = "FSFM 96.0 against FSFM + BA 94.0: +2.00 points, on the 7 of 9 videos that both have \
                  +1.23 [+0.00, +4.00]";
    assert!(detail.starts_with(begins), "{detail}");
}

#[test]
fn published_numbers_have_a_verdict_and_name_what_is_contrary() {
    let mut table = valued([0.96, 0.94, 0.9]);
    let references = [[96.8, 100.0], [96.9, 91.0], [96.8, 90.0]];
    for (row, values) in table.metrics[0].rows.iter_mut().zip(references) {
        for (cell, value) in row.cells.iter_mut().zip(values) {
            cell.reference = Some(value / 100.0);
        }
    }
    let of = |claim: Claim| {
        let published = decided(&table, vec![claim], None).remove(0).published.unwrap();
        (published.verdict, published.detail)
    };
    let told = |text: &str| Some(text.to_owned());
    assert_eq!(of(above("fsfm-ba", "fsfm", "FF++", 0.0)), (Verdict::Holds, None));
    // Equal is not higher; what is claimed to a tenth may be met exactly.
    let tie = told("FSFM 96.8, Scratch & co. 96.8");
    assert_eq!(of(above("fsfm", "scratch", "FF++", 0.0)), (Verdict::Contradicted, tie));
    assert_eq!(of(above("fsfm-ba", "fsfm", "FF++", 0.001)), (Verdict::Holds, None));
    assert_eq!(
        of(with(Relation::Best(Vec::new()))),
        (Verdict::Contradicted, told("FSFM 96.8, FSFM + BA 96.9; FSFM 96.8, Scratch & co. 96.8"))
    );
    let over = Over { quantifier: Quantifier::Any, columns: Vec::new() };
    let any = Claim { over: over.clone(), ..above("fsfm", "fsfm-ba", "FF++", 0.0) };
    assert_eq!(of(any), (Verdict::Holds, None));
    let columns = vec!["FF++".into(), "Celeb_DF".into()];
    let all = Claim {
        over: Over { quantifier: Quantifier::All, columns },
        ..above("fsfm", "fsfm-ba", "", 0.0)
    };
    assert_eq!(of(all), (Verdict::Contradicted, told("FF++: FSFM 96.8, FSFM + BA 96.9")));
    let none = Claim { negated: true, over, ..above("fsfm", "fsfm-ba", "FF++", 0.0) };
    let contrary = told("Celeb_DF: FSFM 100, FSFM + BA 91.0");
    assert_eq!(of(none), (Verdict::Contradicted, contrary));
    table.metrics[0].rows[0].cells[0].reference = None;
    let unpublished = decided(&table, vec![above("fsfm", "fsfm-ba", "FF++", 0.0)], None);
    assert_eq!(unpublished[0].published, None);
}

#[test]
fn claims_of_a_sentence_carry_it() {
    let mut table = declared(vec![above("fsfm", "fsfm-ba", "FF++", 0.0)]);
    let claims = vec![above("fsfm", "scratch", "FF++", 0.0).into()];
    let (text, section) = ("All is well.".to_owned(), "5.1".to_owned());
    table.sentences = vec![Sentence { text, section, claims }.into()];
    let results = decide(&fixture::table(), &table, &Found::new());
    assert_eq!(results.len(), 2);
    assert_eq!(results[0].sentence, None);
    assert_eq!(results[1].sentence.as_ref().unwrap().section, "5.1");
}

fn p_value() -> impl Strategy<Value = Support> {
    (0.0f64..=1.0, 0.0f64..=1.0).prop_map(|(holds, contradicted)| Support { holds, contradicted })
}

proptest! {
    /// All of several is the weakest of them, any of several never less than the best, and what
    /// is claimed of more columns is never easier to show.
    #[test]
    fn a_partial_conjunction_is_harder_the_more_it_asks(
        parts in prop::collection::vec(p_value(), 1..12)
    ) {
        let n = parts.len();
        let all = Support::at_least(n, &parts);
        let largest = parts.iter().map(|part| part.holds).fold(0.0, f64::max);
        let smallest = parts.iter().map(|part| part.holds).fold(1.0, f64::min);
        prop_assert_eq!(all.holds, largest);
        prop_assert_eq!(Support::at_least(1, &parts).holds, (n as f64 * smallest).min(1.0));
        for least in 1..=n {
            let support = Support::at_least(least, &parts);
            prop_assert!((0.0..=1.0).contains(&support.holds));
            prop_assert!(support.holds >= smallest);
            // The contrary is the same question about the contraries.
            let swapped: Vec<Support> = parts
                .iter()
                .map(|part| Support { holds: part.contradicted, contradicted: part.holds })
                .collect();
            let contrary = Support::at_least(n + 1 - least, &swapped);
            prop_assert_eq!(support.contradicted, contrary.holds);
        }
    }

    #[test]
    fn most_is_more_than_half(n in 1usize..50) {
        let most = least(Quantifier::Most, n);
        prop_assert!(2 * most > n && 2 * (most - 1) <= n);
    }

    /// Whatever the margin, a statement and its contrary are never both shown.
    #[test]
    fn no_claim_holds_and_is_contradicted(
        better in -0.5f64..0.5, standard in 1e-4f64..0.5, low in 0.0f64..0.2, width in 1e-3f64..0.3
    ) {
        let measured = Measured { better, error: Error::normal(standard) };
        let other = String::new();
        for relation in [
            Relation::Above { other: other.clone(), by: low, up_to: None },
            Relation::Above { other: other.clone(), by: low, up_to: Some(low + width) },
            Relation::Near { other, within: width },
            Relation::Best(Vec::new()),
            Relation::Lowest(Vec::new()),
        ] {
            let support = Support::of(&relation, measured, 0.0);
            prop_assert!(support.holds.max(support.contradicted) >= 0.5, "{:?}", support);
            // Less clear by a power's quantile speaks less for either.
            let weaker = Support::of(&relation, measured, 0.84);
            prop_assert!(weaker.holds >= support.holds);
            prop_assert!(weaker.contradicted >= support.contradicted);
        }
    }
}
