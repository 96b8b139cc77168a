//! What other tools, the field and the paper call things that have another name here.

/// Names of nodes, keys and words elsewhere, and here. Letters are lower case, `-` stands for `_`.
const NAMES: &[(&str, &[&str])] = &[
    // Recipes.
    ("lr", &["learning-rate", "learningrate", "max-lr", "peak-lr", "lr0", "init-lr", "rate"]),
    ("base-lr", &["blr", "base-learning-rate"]),
    ("min-lr", &["eta-min", "lr-min", "final-lr", "end-lr", "min-learning-rate"]),
    ("weight-decay", &["wd", "weightdecay", "l2", "decay"]),
    ("layer-decay", &["llrd", "layerwise-decay", "layer-lr-decay", "lr-decay"]),
    ("batch", &["batch-size", "batchsize", "bs", "train-batch-size", "minibatch"]),
    ("micro", &["micro-batch", "micro-batch-size", "microbatch"]),
    ("epochs", &["epoch", "num-epochs", "n-epochs", "max-epochs", "nepochs", "num-train-epochs"]),
    ("warmup", &["warmup-epochs", "warm-up", "warmup-steps", "num-warmup-steps"]),
    ("schedule", &["scheduler", "lr-scheduler", "lr-schedule", "sched", "lr-policy"]),
    (
        "clip",
        &["grad-clip", "clip-grad", "max-norm", "gradient-clipping", "clip-norm", "max-grad-norm"],
    ),
    ("ema", &["ema-decay", "model-ema", "weight-averaging", "swa"]),
    ("precision", &["amp", "mixed-precision", "dtype", "fp16"]),
    ("augment", &["augmentation", "augmentations", "aug", "transforms", "transform"]),
    ("mix", &["mixup-alpha", "cutmix-alpha"]),
    (
        "keep",
        &["monitor", "checkpoint", "save-best", "select", "selection", "metric-for-best-model"],
    ),
    ("seed", &["random-seed", "manual-seed", "random-state", "rng"]),
    ("smoothing", &["label-smoothing", "label-smooth"]),
    ("adamw", &["adam", "adam-w"]),
    ("beta1", &["betas", "b1"]),
    ("eps", &["epsilon", "adam-epsilon"]),
    ("constant", &["const", "fixed", "flat", "none"]),
    (
        "cosine",
        &["cos", "cosine-annealing", "cosineannealing", "cosineannealinglr", "cosine-decay"],
    ),
    ("linear", &["linear-decay", "poly", "polynomial"]),
    (
        "flip-crop",
        &[
            "flip",
            "crop",
            "hflip",
            "horizontal-flip",
            "random-crop",
            "random-resized-crop",
            "flipcrop",
        ],
    ),
    ("bf16", &["bfloat16", "half-precision", "half"]),
    ("tf32", &["tensorfloat32", "tensor-float", "tensorfloat", "tensor-float-32"]),
    ("f32", &["fp32", "float32", "float", "full"]),
    ("last", &["final", "latest"]),
    // Networks and their first weights.
    ("backbone", &["model", "network", "net", "arch", "architecture", "encoder", "extractor"]),
    (
        "vit",
        &[
            "transformer",
            "vision-transformer",
            "vit-b",
            "vit-l",
            "vit-s",
            "vit-base",
            "vit-b16",
            "vit-b-16",
            "vit-base-patch16-224",
        ],
    ),
    ("efficientnet", &["effnet", "efficientnet-b4", "efficientnet-b0", "efficient-net"]),
    ("width", &["dim", "embed-dim", "hidden-size", "hidden-dim", "embedding-dim", "channels", "d"]),
    ("depth", &["layers", "num-layers", "n-layers", "blocks", "num-hidden-layers"]),
    ("heads", &["num-heads", "n-heads", "nhead", "num-attention-heads"]),
    ("patch", &["patch-size", "patchsize"]),
    ("image", &["img-size", "image-size", "input-size", "imgsize", "resolution", "img"]),
    ("drop-path", &["drop-path-rate", "stochastic-depth", "droppath"]),
    ("layer-scale", &["init-values", "layerscale", "ls-init-value"]),
    ("pool", &["pooling", "global-pool"]),
    ("patch-mean", &["mean", "avg", "average", "gap", "global-average"]),
    ("cls", &["cls-token", "class-token", "token"]),
    (
        "init",
        &["weights-from", "pretraining", "initialisation", "initialization", "starting-weights"],
    ),
    ("weights", &["pretrained", "ckpt", "checkpoint-path", "weights-path", "model-path", "resume"]),
    ("normalize", &["normalise", "normalization", "normalisation", "norm"]),
    ("std", &["stdev", "sigma", "standard-deviation"]),
    ("random", &["scratch", "from-scratch", "xavier", "kaiming"]),
    ("imagenet", &["imagenet-1k", "imagenet1k", "in1k", "imagenet-default"]),
    ("vggface2", &["vggface", "fsfm", "vgg"]),
    ("half", &["inception", "minus-one-one"]),
    // Losses and attribution.
    ("loss", &["objective", "criterion", "losses", "loss-fn"]),
    ("cross-entropy", &["ce", "crossentropy", "bce", "softmax", "xent", "nll"]),
    ("triplet", &["triplet-loss", "metric-learning", "tripletloss"]),
    ("batch-all", &["ba", "all"]),
    ("hard-positive-hard-negative", &["hp-hn", "hphn", "batch-hard", "bh", "hard"]),
    ("easy-positive-hard-negative", &["ep-hn", "ephn", "easy"]),
    ("weight", &["w", "lambda", "coefficient", "factor"]),
    ("margin", &["m", "alpha"]),
    ("attribution", &["multiclass", "multi-class", "classes"]),
    ("category", &["categories", "categ", "att-categ", "family", "families"]),
    ("manipulation", &["method", "methods", "forgery", "manipulations", "technique"]),
    // Data.
    ("dataset", &["data", "data-set", "datasets", "set"]),
    ("data", &["dataset", "datasets", "train-data", "ensemble"]),
    ("ensemble", &["mixture", "combination", "trainset", "train-set", "training-set"]),
    ("source", &["sources", "from", "include"]),
    ("layout", &["format", "kind", "type", "structure"]),
    ("root", &["path", "dir", "folder", "data-dir", "data-path", "root-dir", "data-root", "base"]),
    ("file", &["csv", "list", "json", "table", "annotations"]),
    ("class", &["classes", "label", "category"]),
    ("faces", &["face", "crop", "crops", "detector", "detection"]),
    ("frames", &["frame", "num-frames", "sampling", "n-frames"]),
    ("fps", &["frames-per-second", "rate", "frame-rate"]),
    ("count", &["number", "num", "n", "total"]),
    ("every", &["stride", "step", "interval"]),
    ("size", &["crop-size", "face-size", "resolution", "side"]),
    ("split", &["splits", "partition"]),
    ("carve", &["random", "ratio", "holdout", "split"]),
    ("official", &["default", "original", "standard"]),
    ("val", &["validation", "valid", "dev", "eval"]),
    ("train", &["training"]),
    ("test", &["testing", "test-set"]),
    ("real", &["genuine", "original", "pristine", "bonafide", "live", "authentic"]),
    ("fake", &["forged", "manipulated", "deepfake", "synthetic", "spoof"]),
    ("faceforensics", &["ffpp", "ff++", "faceforensics++", "ff", "ffplusplus"]),
    ("celebdf", &["celeb-df", "celebdfv2", "celeb-df-v2", "cdf", "cdfv2"]),
    (
        "celebdf-plus-plus",
        &["celeb-df++", "celebdf++", "celeb-df-pp", "celebdf-pp", "celebdfpp", "cdf++", "cdfpp"],
    ),
    ("wilddeepfake", &["wdf", "wild-deepfake"]),
    ("deepfake-eval-2024", &["dfeval", "dfe", "deepfake-eval"]),
    ("folder", &["images", "imagefolder", "image-folder", "directory", "folders"]),
    ("table", &["csv", "parquet", "list"]),
    ("retinaface", &["retina", "retina-face"]),
    ("face-swap", &["fs", "swap", "faceswap", "face-swapping", "identity-swap"]),
    ("reenactment", &["re", "fr", "face-reenactment", "expression-swap", "lip-sync", "lipsync"]),
    (
        "entire-face",
        &["efs", "entire-face-synthesis", "synthesis", "gan", "generated", "diffusion"],
    ),
    ("editing", &["fe", "face-editing", "attribute", "attribute-editing"]),
    ("real-to-fake", &["ratio", "balance", "real-fake", "real-fake-ratio"]),
    ("self-blended", &["sbi", "self-blend", "blended", "self-blended-images"]),
    // Experiments and tables.
    ("experiment", &["run", "exp", "trial", "job"]),
    ("recipe", &["training", "train", "hyperparameters", "hparams", "hyper", "trainer", "config"]),
    ("extends", &["from", "base", "parent", "inherits", "extend", "based-on"]),
    ("override", &["overrides", "set", "change", "patch", "with"]),
    ("import", &["include", "use", "load", "require", "imports"]),
    ("table", &["results", "report", "tables"]),
    ("row", &["rows", "model", "experiment"]),
    ("column", &["columns", "dataset", "col"]),
    ("scenario", &["group", "section", "setting", "protocol"]),
    ("per-manipulation", &["per-method", "by-manipulation", "by-method"]),
    ("average", &["mean", "avg"]),
    ("metric", &["metrics", "measure", "score"]),
    ("auc", &["roc-auc", "auroc", "rocauc", "auc-roc", "roc"]),
    ("accuracy", &["acc", "top1"]),
    ("balanced-accuracy", &["bacc", "b-acc", "bal-acc", "balanced-acc", "bacc@0.5", "ba"]),
    ("average-precision", &["ap", "map", "pr-auc", "auprc"]),
    ("tpr", &["recall", "sensitivity", "tpr-at-fpr", "tar"]),
    ("eer", &["equal-error-rate"]),
    ("fpr", &["far", "false-positive-rate"]),
    ("threshold", &["thresh", "cutoff", "tau"]),
    ("above", &["over", "than", "better-than", "baseline"]),
    ("by", &["at-least", "margin", "delta", "difference"]),
    ("reference", &["published", "paper", "baseline"]),
    ("against", &["with", "baseline", "to"]),
    ("mean", &["average", "avg"]),
    ("max", &["maximum", "highest"]),
    ("title", &["caption", "name", "description"]),
];

/// What there is to say about names for which there is nothing of another name.
const ADVICE: &[(&[&str], &str)] = &[
    (
        &["optimizer", "optimiser", "optim", "opt"],
        "the optimiser is a node of its own name: `adamw lr=1e-4` or `sgd lr=1e-3`",
    ),
    (
        &["early-stopping", "early-stop", "patience"],
        "all epochs are trained; `keep lowest=val.loss` or `keep highest=val.auc` chooses among them",
    ),
    (
        &[
            "accumulate",
            "accum-iter",
            "grad-accum",
            "gradient-accumulation",
            "gradient-accumulation-steps",
            "accumulation",
        ],
        "write `batch 64 micro=16`: the batch as a whole, and how many faces are in memory at a time",
    ),
    (
        &["num-workers", "workers", "threads", "gpus", "num-gpus"],
        "how it runs is said on the command line, as `--jobs`",
    ),
    (
        &["steps", "iterations", "max-steps", "num-steps", "iters"],
        "training is counted in `epochs`; `proofmark plan` tells how many steps that is",
    ),
    (&["best"], "write `highest=val.auc` or `lowest=val.loss`"),
    (
        &["fp16", "float16", "f16", "amp"],
        "half precision is `bf16` here; without `precision` everything is f32",
    ),
    (&["from"], "a file is imported whole: `import \"FILE\"`"),
    (
        &["dropout"],
        "networks of convolutions have `dropout=`, as `efficientnet`; a `vit` has `drop-path`",
    ),
    (
        &["f1", "f1-score", "precision-score", "log-loss", "logloss", "mcc"],
        "this metric is not computed; `proofmark metrics` and the predictions in the store let another tool do it",
    ),
    (
        &["resnet", "resnet50", "clip", "swin", "convnext", "resnet-50"],
        "this network is not among those of a `backbone` (docs/language.md); scores of another tool can be a row: `row NAME predictions=\"scores.csv\"`",
    ),
    (
        &["output", "output-dir", "log-dir", "save-dir", "out-dir"],
        "where results go is said on the command line: `--store` and `--reports`",
    ),
    (
        &["variables", "vars", "let", "define", "const"],
        "there are no variables: what is shared is declared under a name, `extends` and `override` change it",
    ),
    (
        &["matrix", "sweep", "grid", "for", "foreach"],
        "there are no loops: an experiment that `extends` another is one line for each value",
    ),
];

fn plain(word: &str) -> String {
    word.trim_end_matches(':').to_lowercase().replace(['_', ' '], "-")
}

/// The names here of what is called so elsewhere.
pub(super) fn here(word: &str) -> impl Iterator<Item = &'static str> {
    let word = plain(word);
    NAMES.iter().filter(move |(_, elsewhere)| elsewhere.contains(&&*word)).map(|(here, _)| *here)
}

/// A sentence about a name that nothing here corresponds to.
pub(super) fn advice(word: &str) -> Option<&'static str> {
    let word = plain(word);
    ADVICE.iter().find(|(words, _)| words.contains(&&*word)).map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_field_are_known() {
        assert_eq!(here("learning_rate").next(), Some("lr"));
        assert_eq!(here("Batch-Size").collect::<Vec<_>>(), ["batch"]);
        assert!(here("BA").any(|word| word == "batch-all"));
        assert!(here("lr").next().is_none());
        assert!(advice("optimizer").is_some_and(|advice| advice.contains("adamw")));
        assert!(advice("epochs").is_none());
    }

    #[test]
    fn no_name_is_its_own_synonym() {
        for (here, elsewhere) in NAMES {
            assert!(!elsewhere.contains(here), "{here}");
            for word in *elsewhere {
                assert_eq!(plain(word), *word, "{here}");
            }
        }
    }
}
