use super::*;

/// Longer than a rank lets the others wait here.
const LONG: Duration = Duration::from_secs(60);

fn word(variables: &[(&str, &str)]) -> Result<String, String> {
    let value = |name: &str| variables.iter().find(|(known, _)| *known == name);
    attempt(|name| value(name).map(|(_, value)| (*value).to_owned())).map_err(|e| e.to_string())
}

#[test]
fn a_start_has_a_word_of_its_own() {
    let step = [("SLURM_JOB_ID", "17"), ("SLURM_STEP_ID", "0")];
    let words = [
        word(&step).unwrap(),
        word(&[("SLURM_JOB_ID", "17"), ("SLURM_STEP_ID", "1")]).unwrap(),
        word(&[step[0], step[1], ("SLURM_RESTART_COUNT", "1")]).unwrap(),
        word(&[step[0], step[1], ("PMIX_NAMESPACE", "prterun-a-12@1")]).unwrap(),
        word(&[("PMIX_NAMESPACE", "50528257")]).unwrap(),
        word(&[step[0], step[1], ("PROOFMARK_ATTEMPT", "third/try")]).unwrap(),
    ];
    assert_eq!(
        words,
        [
            "job-17-0-step-0",
            "job-17-0-step-1",
            "job-17-1-step-0",
            "job-17-0-pmix-prterun-a-12_1",
            "pmix-50528257",
            "third_try",
        ]
    );
}

#[test]
fn ranks_that_nothing_has_started_are_told_what_to_set() {
    // A batch script without srun has a job and no step.
    for alone in [&[][..], &[("SLURM_JOB_ID", "17")], &[("SLURM_STEP_ID", "0")]] {
        let text = word(alone).unwrap_err();
        assert!(text.contains("set PROOFMARK_ATTEMPT to a word"), "{text}");
    }
}

#[test]
fn all_hear_what_the_first_tells_and_the_file_goes() {
    let folder = tempfile::tempdir().unwrap();
    let at = Rendezvous::new(folder.path(), "job-17-0-step-0", 3);
    let message: Vec<u8> = (0..=255).collect();
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..3).map(|_| scope.spawn(|| at.hear(LONG).unwrap())).collect();
        let told = at.tell(&message).unwrap();
        for other in others {
            assert_eq!(other.join().unwrap(), message);
        }
        drop(told);
    });
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn one_that_nobody_tells_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let at = Rendezvous::new(folder.path(), "job-17-0-step-0", 3);
    let text = at.hear(Duration::ZERO).unwrap_err().to_string();
    assert!(text.starts_with("rank 0 of 3 has ended, or did not write "), "{text}");
    assert!(text.contains("rendezvous-job-17-0-step-0 within 0 s"), "{text}");
}

#[test]
fn what_another_start_has_left_is_not_heard() {
    let folder = tempfile::tempdir().unwrap();
    let at = |word| Rendezvous::new(folder.path(), word, 2);
    let _left = at("job-17-0-step-0").tell(b"old").unwrap();
    // Of the requeued job.
    let text = at("job-17-1-step-0").hear(Duration::ZERO).unwrap_err().to_string();
    assert!(text.contains("did not write"), "{text}");
    // Of the same word.
    let text = at("job-17-0-step-0").tell(b"new").unwrap_err().to_string();
    assert!(text.contains("is there already, from an earlier start"), "{text}");
}

#[test]
fn a_file_of_others_and_one_for_another_number_of_ranks_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |size| Rendezvous::new(folder.path(), "a", size);
    let told = at(2).tell(b"id").unwrap();
    let text = at(3).hear(Duration::ZERO).unwrap_err().to_string();
    assert!(text.starts_with("rank 0 is one of 2 ranks, says "), "{text}");
    drop(told);
    for other in
        ["", "\n2\n6964\n", "proofmark rendezvous 1\n2\n696\n", "proofmark rendezvous 1\n2\n69é\n"]
    {
        fs::write(at(2).path(), other).unwrap();
        let text = at(2).hear(Duration::ZERO).unwrap_err().to_string();
        assert!(text.contains("is not a file in which ranks of this version meet"), "{text}");
    }
}
