//! `embeddings`: what the classifier sees, written for other programs.

use std::fs::File;
use std::path::Path;

use polars::prelude::*;
use safetensors::SafeTensors;

use crate::support::{Place, folders};

fn table(path: &Path) -> DataFrame {
    ParquetReader::new(File::open(path).unwrap()).finish().unwrap()
}

fn texts(table: &DataFrame, column: &str) -> Vec<String> {
    let column = table.column(column).unwrap().str().unwrap();
    column.iter().map(|text| text.unwrap_or_default().to_owned()).collect()
}

/// The classifier of the only model that has this name, (classes, D) and (classes).
fn head(place: &Place, name: &str) -> (Vec<Vec<f32>>, Vec<f32>) {
    let named = |folder: &&std::path::PathBuf| {
        let record = std::fs::read_to_string(folder.join("stage.json")).unwrap();
        record.contains(&format!("\"name\":\"{name}\""))
            || record.contains(&format!("\"name\": \"{name}\""))
    };
    let models = folders(&place.path("store/objects/train"));
    let folder = models.iter().find(named).expect("a model of that name");
    let bytes = std::fs::read(folder.join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let numbers = |name: &str| -> Vec<f32> {
        let data = file.tensor(name).unwrap().data().to_vec();
        data.chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
    };
    let (weight, bias) = (numbers("head.weight"), numbers("head.bias"));
    (weight.chunks(weight.len() / bias.len()).map(<[f32]>::to_vec).collect(), bias)
}

#[test]
fn the_classifier_makes_the_scores_of_the_embeddings() {
    let place = Place::new();
    place.run(&["run", "x.kdl"]).ends_with(0);
    let ran = place.run(&["embeddings", "x.kdl", "--out", "out"]).ends_with(0);
    let ran = ran.says("/9] embed").says("written: out/ba-unseen-test.parquet");
    assert!(!ran.stderr.contains("predict "), "scores are no part of it: {}", ran.stderr);
    let predictions = place.run(&["export", "predictions", "x.kdl", "--experiment", "ba"]);
    let scores: Vec<f64> = predictions
        .ends_with(0)
        .stdout
        .lines()
        .skip(1)
        .map(|line| line.rsplit(',').next().unwrap().parse().unwrap())
        .collect();
    let (weight, bias) = head(&place, "ba");
    let mut ours = Vec::new();
    for dataset in ["seen", "unseen"] {
        let table = table(&place.path(&format!("out/ba-{dataset}-test.parquet")));
        assert_eq!(texts(&table, "dataset"), vec![dataset; table.height()]);
        let labels = texts(&table, "label");
        assert!(labels.iter().any(|l| l == "real") && labels.iter().any(|l| l == "fake"));
        for embedding in table.column("embedding").unwrap().list().unwrap().amortized_iter() {
            let embedding = embedding.unwrap();
            let values: Vec<f32> = embedding.as_ref().f32().unwrap().into_no_null_iter().collect();
            assert_eq!(values.len(), 16);
            let logits: Vec<f64> = weight
                .iter()
                .zip(&bias)
                .map(|(row, bias)| {
                    let dot = row.iter().zip(&values).map(|(w, v)| f64::from(*w) * f64::from(*v));
                    dot.sum::<f64>() + f64::from(*bias)
                })
                .collect();
            ours.push(1.0 / (1.0 + proofmark_base::math::exp(logits[0] - logits[1])));
        }
    }
    assert_eq!(ours.len(), scores.len());
    for (ours, scores) in ours.iter().zip(&scores) {
        assert!((ours - scores).abs() < 1e-6, "{ours} is not {scores}");
    }
    // All of it is in the store now.
    let again = place.run(&["embeddings", "x.kdl", "--out", "out"]).ends_with(0);
    assert!(!again.stderr.contains("[1/"), "{}", again.stderr);
}

#[test]
fn what_is_wanted_is_chosen_and_what_there_is_not_is_named() {
    let place = Place::new();
    let arguments = ["embeddings", "x.kdl", "--experiment", "base", "--split", "val"];
    place.run(&arguments).ends_with(0).says("written: embeddings/base-seen-val.parquet");
    let files: Vec<String> = folders(&place.path("embeddings"))
        .iter()
        .map(|file| file.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(files, ["base-seen-val.parquet"], "`unseen` has no validation split");
    assert_eq!(place.models().len(), 1, "`ba` is not needed");
    let table = table(&place.path("embeddings/base-seen-val.parquet"));
    assert_eq!(table.height(), 16);
    place
        .run(&["embeddings", "x.kdl", "--experiment", "bas"])
        .ends_with(2)
        .says("there is no experiment `bas`; there are: ba, base");
    place
        .run(&["embeddings", "x.kdl", "--dataset", "unseen", "--split", "train"])
        .ends_with(2)
        .says("the split has no videos");
}
