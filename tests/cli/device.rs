//! What is computed where: the command line over the environment over the recipe.

use crate::support::{Place, Ran, TINY};

/// A recipe that asks for a GPU which no machine has.
fn far_gpu() -> Place {
    Place::with(
        &TINY.replace("seed 0\n}\nexperiment", "seed 0\n    device cuda:999\n}\nexperiment"),
    )
}

#[test]
fn a_device_that_is_not_there_is_refused_before_any_work() {
    let place = far_gpu();
    place.run(&["check", "x.kdl"]).ends_with(0);
    let ran = place.run(&["run", "x.kdl"]).ends_with(20).says("device `cuda:999` cannot be used");
    assert!(!ran.stderr.contains("[1/"), "a stage began: {}", ran.stderr);
    if cfg!(not(feature = "cuda")) {
        ran.says("built without `--features cuda`").says("`--device cpu`");
    }
    // Faces need none.
    place.run(&["prepare", "x.kdl"]).ends_with(0);
}

#[test]
fn the_command_line_stands_above_the_environment_and_that_above_the_recipe() {
    let place = far_gpu();
    let with = |variable: &str, arguments: &[&str]| {
        let mut command = place.command();
        command.env("PROOFMARK_DEVICE", variable).args(arguments);
        Ran::of(command.output().unwrap())
    };
    with("cuda:998", &["run", "x.kdl"]).ends_with(20).says("`cuda:998`");
    with("cuda:998", &["run", "x.kdl", "--device", "cuda:997"]).ends_with(20).says("`cuda:997`");
    with("cpu", &["run", "x.kdl"]).ends_with(0);
    // The device is in no key: all of it is reused under any other.
    place.write("x.kdl", TINY);
    let plan = place.run(&["plan", "x.kdl"]).ends_with(0);
    assert!(plan.stdout.contains("0 to run"), "{}", plan.stdout);
}

#[test]
fn words_that_are_no_device_are_usage_errors() {
    for word in ["gpu", "cuda:", "cuda:-1", "cuda:+1", "CPU", ""] {
        Place::new().run(&["run", "x.kdl", "--device", word]).ends_with(2).says("cuda:0");
    }
}

#[test]
#[cfg(not(feature = "cuda"))]
fn all_gpus_of_a_machine_without_any_are_refused_as_the_first_is() {
    let place = Place::new();
    for word in ["cuda", "cuda:0"] {
        let ran = place.run(&["run", "x.kdl", "--device", word]).ends_with(20);
        ran.says("device `cuda:0` cannot be used: this proofmark was built without");
    }
    // It is a device of the command line: a recipe names one.
    let device = TINY.replace("seed 0\n}\nexperiment", "seed 0\n    device cuda\n}\nexperiment");
    let ran = Place::with(&device).run(&["check", "x.kdl"]).ends_with(10);
    ran.says("unknown device `cuda`").says("--device cuda");
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_processor_without_fused_multiply_add_is_told_that_it_is_slow_and_no_other() {
    let place = Place::new();
    let with = |width: &str| {
        let mut command = place.command();
        command.env("PROOFMARK_SIMD", width).args(["prepare", "x.kdl"]);
        Ran::of(command.output().unwrap())
    };
    let sentence = "computing without AVX2 and FMA: results are the same to the last bit";
    with("portable").ends_with(0).says(sentence);
    let fast = std::arch::is_x86_feature_detected!("avx2");
    assert_eq!(with("").ends_with(0).stderr.contains(sentence), !fast);
}
