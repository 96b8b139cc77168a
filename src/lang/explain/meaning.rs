//! Codes about experiments and tables that are valid KDL and make no sense.

use super::explanation::Explanation;
use crate::diagnostic::Code;

/// The parts that most examples need; each adds its data and its table.
macro_rules! with_parts {
    ($text:literal) => {
        concat!(
            "backbone b { vit patch=8 width=64 depth=2 heads=4 image=64 }\n",
            "init i { random }\n",
            "recipe r { epochs 3; batch 8; adamw lr=1e-4 }\n",
            $text
        )
    };
}

pub(super) const ALL: &[Explanation] = &[
    Explanation {
        code: Code::ExtendsCycle,
        meaning: "Experiments extend each other in a circle, so none of them states the parts.",
        wrong: "experiment a extends=b { recipe r }\nexperiment b extends=a { recipe r }\nrecipe r { epochs 3 }\n",
        right: "experiment a { recipe r }\nexperiment b extends=a { recipe r }\nrecipe r { epochs 3 }\n",
    },
    Explanation {
        code: Code::IncompleteExperiment,
        meaning: "An experiment needs `data`, `backbone`, `init`, `recipe` and `loss`, its own or those of the experiment it extends. One without `data`, `recipe` and `loss` is scored as its weights file has it, and needs an `init` with a `head`.",
        wrong: "experiment e { loss { cross-entropy } }\n",
        right: with_parts!(
            "ensemble d { source s }\ndataset s { layout demo capture=studio; manipulation swap-seam }\nexperiment e { data d; backbone b; init i; recipe r; loss { cross-entropy } }\n"
        ),
    },
    Explanation {
        code: Code::SelectsOnTest,
        meaning: "A checkpoint would be chosen by what the table reports. Numbers of a test split that took part in the choice are too good; a common mistake in published code. Choose on a validation split.",
        wrong: "recipe r { epochs 3; keep lowest=test.loss }\n",
        right: "recipe r { epochs 3; keep lowest=val.loss }\n",
    },
    Explanation {
        code: Code::TunesOnTest,
        meaning: "A variant of a matrix would be chosen by what the table reports. The best of several on a test split is better there than on any other data, so that the number says nothing; choose on validation, `lowest=val.loss` or `highest=val.auc`.",
        wrong: with_parts!(
            "dataset s { layout demo capture=studio; manipulation swap-seam }\nensemble d { source s }\nexperiment e {\n    data d; backbone b; init i; recipe r; loss { cross-entropy }\n    matrix { axis recipe.epochs 3 6 }\n    choose highest=test.auc\n}\n"
        ),
        right: with_parts!(
            "dataset s { layout demo capture=studio; manipulation swap-seam }\nensemble d { source s }\nexperiment e {\n    data d; backbone b; init i; recipe r; loss { cross-entropy }\n    matrix { axis recipe.epochs 3 6 }\n    choose highest=val.auc\n}\n"
        ),
    },
    Explanation {
        code: Code::UnknownValue,
        meaning: "An axis of a matrix names no value of its experiment, or one of several that end alike. A value is named by the nodes that lead to it, with dots between: `loss.triplet.margin`, `recipe.adamw.lr`, `init` for the init itself. Steps in front may be left out where one value alone ends so.",
        wrong: with_parts!(
            "dataset s { layout demo capture=studio; manipulation swap-seam }\nensemble d { source s }\nexperiment e {\n    data d; backbone b; init i; recipe r; loss { cross-entropy }\n    matrix { axis loss.triplet.margin 0.1 0.3 }\n}\n"
        ),
        right: with_parts!(
            "dataset s { layout demo capture=studio; manipulation swap-seam }\nensemble d { source s }\nexperiment e {\n    data d; backbone b; init i; recipe r; loss { cross-entropy; triplet batch-all margin=0.3 }\n    matrix { axis loss.triplet.margin 0.1 0.3 }\n}\n"
        ),
    },
    Explanation {
        code: Code::NotChosen,
        meaning: "A row names an experiment that is several by its `matrix`, and nothing says which of them it shows. `choose lowest=val.loss` takes the best on validation; a row may also name a variant, `row \"e[epochs=3]\"`.",
        wrong: with_parts!(
            "dataset s { layout demo capture=studio; manipulation swap-seam }\nensemble d { source s }\nexperiment e {\n    data d; backbone b; init i; recipe r; loss { cross-entropy }\n    matrix { axis recipe.epochs 3 6 }\n}\ntable t { row e; scenario \"In-distribution\" { column s }; metric auc }\n"
        ),
        right: with_parts!(
            "dataset s { layout demo capture=studio; manipulation swap-seam }\nensemble d { source s }\nexperiment e {\n    data d; backbone b; init i; recipe r; loss { cross-entropy }\n    matrix { axis recipe.epochs 3 6 }\n    choose lowest=val.loss\n}\ntable t { row e; scenario \"In-distribution\" { column s }; metric auc }\n"
        ),
    },
    Explanation {
        code: Code::TrainsOnTest,
        meaning: "A table reports the split that an experiment trains on, or an experiment trains on a test split.",
        wrong: with_parts!(
            "dataset s { layout demo capture=studio; manipulation swap-seam }\nensemble d { source s train=test }\nexperiment e { data d; backbone b; init i; recipe r; loss { cross-entropy } }\ntable t { row e; scenario \"In-distribution\" { column s }; metric auc }\n"
        ),
        right: with_parts!(
            "dataset s { layout demo capture=studio; manipulation swap-seam }\nensemble d { source s train=train }\nexperiment e { data d; backbone b; init i; recipe r; loss { cross-entropy } }\ntable t { row e; scenario \"In-distribution\" { column s }; metric auc }\n"
        ),
    },
    Explanation {
        code: Code::SelectsOnTrain,
        meaning: "The checkpoint is chosen on the faces that the model is trained on, where a lower loss may mean nothing but memory.",
        wrong: "ensemble d { source s val=train }\ndataset s { layout demo capture=studio; manipulation swap-seam }\n",
        right: "ensemble d { source s val=val }\ndataset s { layout demo capture=studio; manipulation swap-seam }\n",
    },
    Explanation {
        code: Code::SeenInTraining,
        meaning: "A data set is trained on and also a column of a scenario that promises unseen data (`unseen=#true`), where it would flatter the average. In a scenario that promises nothing it is a warning, also where its name speaks of unseen data; `unseen=#false` says that it is meant. In a held-out scenario (`held-out=#true`) the cells of data sets that a row trains on are `–`; a column of nothing else is an error.",
        wrong: with_parts!(
            "dataset s { layout demo capture=studio; manipulation swap-seam }\nensemble d { source s }\nexperiment e { data d; backbone b; init i; recipe r; loss { cross-entropy } }\ntable t { row e; scenario \"Zero-shot\" unseen=#true { column s }; metric auc }\n"
        ),
        right: with_parts!(
            "dataset s { layout demo capture=studio; manipulation swap-seam }\nensemble d { source s }\nexperiment e { data d; backbone b; init i; recipe r; loss { cross-entropy } }\ntable t { row e; scenario \"In-distribution\" { column s }; metric auc }\n"
        ),
    },
    Explanation {
        code: Code::MissingFamily,
        meaning: "Attribution by category makes one class of each family, and a family average needs members. Fakes whose manipulation or family is not declared fit nowhere.",
        wrong: with_parts!(
            "dataset s { layout celebdf root=\"env:S\"; manipulation Celeb-synthesis }\nensemble d { source s }\nexperiment e { data d; backbone b; init i; recipe r; loss { cross-entropy }; attribution by=category }\n"
        ),
        right: with_parts!(
            "dataset s { layout celebdf root=\"env:S\"; manipulation Celeb-synthesis family=face-swap }\nensemble d { source s }\nexperiment e { data d; backbone b; init i; recipe r; loss { cross-entropy }; attribution by=category }\n"
        ),
    },
    Explanation {
        code: Code::MixedTriplets,
        meaning: "A triplet loss needs the class of every face: who shares it is a positive, who does not a negative. A face that is mixed with another (mixup, cutmix) belongs to two classes in part, so neither is defined. With a triplet loss the paper cannot have mixed.",
        wrong: with_parts!(
            "dataset s { layout demo capture=studio; manipulation swap-seam }\nensemble d { source s }\nexperiment e { data d; backbone b; init i; recipe r; override recipe { mix mixup=0.8 }; loss { cross-entropy; triplet batch-all margin=0.3 } }\n"
        ),
        right: with_parts!(
            "dataset s { layout demo capture=studio; manipulation swap-seam }\nensemble d { source s }\nexperiment e { data d; backbone b; init i; recipe r; loss { cross-entropy; triplet batch-all margin=0.3 } }\n"
        ),
    },
    Explanation {
        code: Code::ClaimOutsideTable,
        meaning: "A claim, or a comparison, names a row (by its experiment), scenario, column or metric that its table does not have, so it could never be decided.",
        wrong: "dataset s { layout celebdf root=\"env:S\" }\ntable t { row a; row b; scenario \"Test\" { column s \"S\" }; metric auc\n    claim \"a helps\" row=a above=b scenario=\"Test\" column=\"Avg\" metric=auc\n}\n",
        right: "dataset s { layout celebdf root=\"env:S\" }\ntable t { row a; row b; scenario \"Test\" { column s \"S\" }; metric auc\n    claim \"a helps\" row=a above=b scenario=\"Test\" column=\"S\" metric=auc\n}\n",
    },
    Explanation {
        code: Code::OddValue,
        meaning: "A value is valid and hardly ever meant: a path with `~` or `$NAME`, which are not replaced, a learning rate of 10, a triplet loss in batches of one face, faces of 64 pixels that a network of 224 enlarges.",
        wrong: "dataset s { layout celebdf root=\"~/celebdf\" }\n",
        right: "dataset s { layout celebdf root=\"env:HOME/celebdf\" }\n",
    },
    Explanation {
        code: Code::NoEffect,
        meaning: "A setting is there and changes nothing, so it probably does not do what was meant: a warm-up longer than the training, a term of weight 0, a margin without a detector.",
        wrong: "dataset s { layout demo capture=studio; manipulation swap-seam; faces detector=none margin=(%)30 }\n",
        right: "dataset s { layout demo capture=studio; manipulation swap-seam; faces detector=none }\n",
    },
    Explanation {
        code: Code::Unused,
        meaning: "Something is declared that no experiment or table of the file uses. It may be a leftover, or its user may name another by mistake. Imported files are not asked.",
        wrong: with_parts!(
            "dataset s { layout demo capture=studio; manipulation swap-seam }\nensemble d { source s }\nrecipe old { epochs 1; batch 8; adamw lr=1e-4 }\nexperiment e { data d; backbone b; init i; recipe r; loss { cross-entropy } }\n"
        ),
        right: with_parts!(
            "dataset s { layout demo capture=studio; manipulation swap-seam }\nensemble d { source s }\nexperiment e { data d; backbone b; init i; recipe r; loss { cross-entropy } }\n"
        ),
    },
];
