//! Codes about nodes, keys and values.

use super::explanation::Explanation;
use crate::diagnostic::Code;

pub(super) const ALL: &[Explanation] = &[
    Explanation {
        code: Code::UnknownNode,
        meaning: "A node has no meaning where it stands. Nothing is ignored in silence: a misspelt setting would otherwise leave its default in force.",
        wrong: "recipe r { epoch 30 }\n",
        right: "recipe r { epochs 30 }\n",
    },
    Explanation {
        code: Code::UnknownKey,
        meaning: "A node has no property of this name. The message says where the key belongs if it belongs elsewhere.",
        wrong: "recipe r { schedule cosine lr=1e-4 }\n",
        right: "recipe r { adamw lr=1e-4; schedule cosine }\n",
    },
    Explanation {
        code: Code::UnknownWord,
        meaning: "A value is one of a few words, and this is none of them.",
        wrong: "backbone b { pool mean }\n",
        right: "backbone b { pool patch-mean }\n",
    },
    Explanation {
        code: Code::UnknownName,
        meaning: "Something is referred to that no file declares: not this one and none that it imports.",
        wrong: "experiment e { recipe papr }\nrecipe paper { epochs 3 }\n",
        right: "experiment e { recipe paper }\nrecipe paper { epochs 3 }\n",
    },
    Explanation {
        code: Code::UnexpectedArgument,
        meaning: "A node has more arguments than it takes. Often a key was forgotten, or a line break.",
        wrong: "recipe r { adamw 1e-4 }\n",
        right: "recipe r { adamw lr=1e-4 }\n",
    },
    Explanation {
        code: Code::UnexpectedBlock,
        meaning: "A node has a block but no children. Its settings are properties, written on its line.",
        wrong: "recipe r { adamw { lr 1e-4 } }\n",
        right: "recipe r { adamw lr=1e-4 }\n",
    },
    Explanation {
        code: Code::MissingArgument,
        meaning: "A node lacks the value that it is there for.",
        wrong: "recipe r { epochs }\n",
        right: "recipe r { epochs 30 }\n",
    },
    Explanation {
        code: Code::MissingKey,
        meaning: "A node lacks a property that has no sensible default, or one of several of which exactly one is needed.",
        wrong: "recipe r { adamw weight-decay=0.05 }\n",
        right: "recipe r { adamw lr=1e-4 weight-decay=0.05 }\n",
    },
    Explanation {
        code: Code::MissingNode,
        meaning: "A block lacks a node that has no sensible default.",
        wrong: "dataset d { title \"D\" }\n",
        right: "dataset d { title \"D\"; layout celebdf root=\"env:D\" }\n",
    },
    Explanation {
        code: Code::DuplicateKey,
        meaning: "A property is given twice. KDL takes the last one; here it is an error, since one of the two values would be lost.",
        wrong: "recipe r { adamw lr=1e-4 lr=1e-3 }\n",
        right: "recipe r { adamw lr=1e-3 }\n",
    },
    Explanation {
        code: Code::DuplicateNode,
        meaning: "A node that may be there once is there twice.",
        wrong: "recipe r { epochs 3; epochs 30 }\n",
        right: "recipe r { epochs 30 }\n",
    },
    Explanation {
        code: Code::DuplicateName,
        meaning: "Two things of a kind have one name, in one file or in several that are imported: two recipes, two columns of a scenario, two sources of an ensemble.",
        wrong: "recipe r { epochs 3 }\nrecipe r { epochs 30 }\n",
        right: "recipe short { epochs 3 }\nrecipe long { epochs 30 }\n",
    },
    Explanation {
        code: Code::Conflict,
        meaning: "Two settings exclude each other, such as an absolute and a base learning rate.",
        wrong: "recipe r { adamw lr=1e-4 base-lr=1e-4 }\n",
        right: "recipe r { adamw base-lr=1e-4 }\n",
    },
    Explanation {
        code: Code::InvalidName,
        meaning: "Names become file names and are typed on command lines, so they are made of letters, digits, `-`, `_` and `.`. Titles and labels may say anything.",
        wrong: "recipe \"my recipe\" { epochs 3 }\n",
        right: "recipe my-recipe { epochs 3 }\n",
    },
    Explanation {
        code: Code::WrongType,
        meaning: "A value is text where a number belongs, a number where text belongs, and so on. Nothing is converted in silence.",
        wrong: "recipe r { epochs \"30\" }\n",
        right: "recipe r { epochs 30 }\n",
    },
    Explanation {
        code: Code::WrongUnit,
        meaning: "A value has a unit that it cannot have. Fractions may be written in `(%)`, a warm-up in `(epoch)`.",
        wrong: "recipe r { schedule cosine warmup=(step)500 }\n",
        right: "recipe r { schedule cosine warmup=(epoch)5 }\n",
    },
    Explanation {
        code: Code::OutOfRange,
        meaning: "A number is outside what makes sense. Fractions are from 0 to 1 unless they have the unit `(%)`.",
        wrong: "dataset d { min-coverage 90 }\n",
        right: "dataset d { min-coverage (%)90 }\n",
    },
    Explanation {
        code: Code::NotFinite,
        meaning: "A number is infinite or no number. `1e400` is larger than any double and would become infinity in silence.",
        wrong: "recipe r { adamw lr=1e400 }\n",
        right: "recipe r { adamw lr=1e-4 }\n",
    },
    Explanation {
        code: Code::NotForSbatch,
        meaning: "Something cannot be said to sbatch: an `option` that does not begin with `--` or that Proofmark sets itself, an account or a partition of several words, a program by a relative path.",
        wrong: "cluster uni { slurm { option \"--array=0-9\" } }\n",
        right: "cluster uni { slurm { option \"--reservation=paper\" } }\n",
    },
    Explanation {
        code: Code::SplitSum,
        meaning: "The parts of `split carve` do not add up to the whole, so videos would be lost or used twice.",
        wrong: "dataset d { split carve train=(%)70 val=(%)20 test=(%)20 }\n",
        right: "dataset d { split carve train=(%)70 val=(%)15 test=(%)15 }\n",
    },
    Explanation {
        code: Code::Indivisible,
        meaning: "Sizes of a backbone do not divide: the width is shared by the heads, the image is cut into patches, the MLP has a whole number of units.",
        wrong: "backbone b { vit patch=16 width=100 depth=2 heads=3 image=224 }\n",
        right: "backbone b { vit patch=16 width=96 depth=2 heads=3 image=224 }\n",
    },
    Explanation {
        code: Code::Contradiction,
        meaning: "Two statements cannot both be true: a real image with a manipulation, a label value that is real and fake, a split that the data set does not have, a row above itself.",
        wrong: "dataset d {\n    layout folder root=\"x\" {\n        class real label=real manipulation=StyleGAN2\n        class fake label=fake\n    }\n}\n",
        right: "dataset d {\n    layout folder root=\"x\" {\n        class real label=real\n        class fake label=fake manipulation=StyleGAN2\n    }\n}\n",
    },
];
