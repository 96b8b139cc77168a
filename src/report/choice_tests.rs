use super::*;

fn choice(by: Keep, variants: &[&str]) -> Choice {
    Choice { by, variants: variants.iter().map(|name| format!("x[{name}]")).collect() }
}

fn chosen(choice: &Choice, values: &[f64]) -> Chosen {
    let candidate =
        |(i, &value): (usize, &f64)| Candidate { key: format!("key-{i}"), epoch: 1, value };
    Chosen::among(choice, values.iter().enumerate().map(candidate).collect()).unwrap()
}

#[test]
fn the_lowest_or_highest_is_taken_and_of_equal_ones_the_first() {
    let lowest = choice(Keep::LowestValLoss, &["a=1", "a=2", "a=3"]);
    assert_eq!(chosen(&lowest, &[0.5, 0.25, 0.75]).place, 1);
    assert_eq!(chosen(&lowest, &[0.5, 0.25, 0.25]).place, 1);
    let highest = choice(Keep::HighestValAuc, &["a=1", "a=2", "a=3"]);
    assert_eq!(chosen(&highest, &[0.5, 0.25, 0.75]).place, 2);
    assert_eq!(chosen(&highest, &[0.75, 0.25, 0.75]).place, 0);
    assert_eq!(Chosen::among(&lowest, Vec::new()), None);
}

#[test]
fn words_say_which_among_how_many_and_how_flat() {
    let of = choice(Keep::LowestValLoss, &["a=1,b=2", "a=2,b=2", "a=3,b=2"]);
    assert_eq!(
        chosen(&of, &[0.5, 0.25, 0.75]).words(&of),
        "a=2, b=2, chosen among 3 by the lowest val.loss: 0.2500; next a=1, b=2, 0.2500 from it; all \
         are between 0.2500 and 0.7500"
    );
    assert_eq!(
        chosen(&of, &[0.5, 0.25, 0.25]).words(&of),
        "a=2, b=2, chosen among 3 by the lowest val.loss: 0.2500; as good, and later in the file: \
         a=3, b=2; all are between 0.2500 and 0.5000"
    );
    assert!(chosen(&of, &[0.5, 0.25, 0.250001]).words(&of).contains("1.0e-6 from it"));
    let only = choice(Keep::HighestValAuc, &["a=1"]);
    assert_eq!(
        chosen(&only, &[0.5]).words(&only),
        "a=1, chosen among 1 by the highest val.auc: 0.5000"
    );
}

#[test]
fn what_counts_is_the_kept_checkpoint_of_each() {
    let epoch = |epoch, val_loss, kept| EpochRecord {
        epoch,
        val_loss,
        val_auc: None,
        kept,
        ..EpochRecord::default()
    };
    let epochs = [epoch(1, Some(0.5), true), epoch(2, Some(0.3), true), epoch(3, Some(0.4), false)];
    let of = |by| Candidate::of(by, "k", &epochs).map(|of| (of.epoch, of.value));
    assert_eq!(of(Keep::LowestValLoss), Some((2, 0.3)));
    assert_eq!(of(Keep::HighestValAuc), None, "without both classes there is none");
    assert_eq!(Candidate::of(Keep::LowestValLoss, "k", &[]), None);
}

#[test]
fn a_record_of_another_choice_names_nothing() {
    let of = choice(Keep::LowestValLoss, &["a=1", "a=2"]);
    let right = chosen(&of, &[0.5, 0.25]);
    assert_eq!(right.variant_of(&of), Some("x[a=2]"));
    let other = Chosen { place: 0, ..right.clone() };
    assert_eq!(other.variant_of(&of), None, "not the best");
    let outside = Chosen { place: 7, ..right.clone() };
    assert_eq!(outside.variant_of(&of), None);
    assert_eq!(right.variant_of(&choice(Keep::LowestValLoss, &["a=1"])), None);
}
