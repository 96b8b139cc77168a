//! Codes about text that is not KDL, or not what was meant by it.

use super::explanation::Explanation;
use crate::diagnostic::Code;

pub(super) const ALL: &[Explanation] = &[
    Explanation {
        code: Code::Syntax,
        meaning: "The text is not KDL 2. The declaration it stands in is skipped; the others are checked all the same.",
        wrong: "recipe paper { epochs 3 ) }\n",
        right: "recipe paper { epochs 3 }\n",
    },
    Explanation {
        code: Code::TooDeep,
        meaning: "Something is nested or chained too deeply: blocks inside blocks, or `extends` after `extends`. The limits are far above what experiments need and keep hostile files from exhausting the machine.",
        wrong: "a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{}}}}}}}}}}}}}}}}}\n",
        right: "recipe r { /-a { a { a { a { } } } } }\n",
    },
    Explanation {
        code: Code::UnclosedBlock,
        meaning: "A `{` has no `}`. Where the next declaration begins at the left margin, the block is taken to end before it.",
        wrong: "recipe paper {\n    epochs 3\n\nbackbone vit {\n    pool cls\n}\n",
        right: "recipe paper {\n    epochs 3\n}\n\nbackbone vit {\n    pool cls\n}\n",
    },
    Explanation {
        code: Code::UnclosedString,
        meaning: "A string or a comment has a beginning and no end. A string in single quotation marks ends on its line; one over several lines stands between `\"\"\"`.",
        wrong: "table t { title \"Results }\n",
        right: "table t { title \"Results\" }\n",
    },
    Explanation {
        code: Code::UnitAfterNumber,
        meaning: "A number is followed by its unit, or by another number, without a space. KDL writes units in parentheses in front: `(%)30`, `(epoch)5`.",
        wrong: "dataset d { min-coverage 90% }\n",
        right: "dataset d { min-coverage (%)90 }\n",
    },
    Explanation {
        code: Code::BareKeyword,
        meaning: "KDL 2 writes `#true`, `#false` and `#null` with a `#`. Without it they would be words.",
        wrong: "dataset d { layout folder root=\"faces\" videos=true }\n",
        right: "dataset d { layout folder root=\"faces\" videos=#true }\n",
    },
    Explanation {
        code: Code::EqualsAfterNode,
        meaning: "A node is followed by its value after a space. `=` stands only between the key and the value of a property.",
        wrong: "recipe paper { epochs = 30 }\n",
        right: "recipe paper { epochs 30 }\n",
    },
    Explanation {
        code: Code::Comma,
        meaning: "Values are separated by spaces. A comma would silently become part of a word.",
        wrong: "init i { normalize { mean 0.5, 0.5, 0.5 } }\n",
        right: "init i { normalize { mean 0.5 0.5 0.5 } }\n",
    },
    Explanation {
        code: Code::Bracket,
        meaning: "KDL has no lists in brackets. Several values follow each other with spaces between them.",
        wrong: "init i { missing [head fc_norm] }\n",
        right: "init i { missing \"head.*\" \"fc_norm.*\" }\n",
    },
    Explanation {
        code: Code::ForeignQuotes,
        meaning: "Text of several words, or with signs, stands between straight double quotes. Single and curly quotes, as word processors make them, and the `r\"..\"` of KDL 1 would become part of the text.",
        wrong: "table t { title 'Own images' }\n",
        right: "table t { title \"Own images\" }\n",
    },
    Explanation {
        code: Code::ForeignComment,
        meaning: "A comment begins with `//`, or stands between `/*` and `*/`; `/-` switches a node off. `#` begins keywords such as `#true`.",
        wrong: "# my recipe\nrecipe paper { epochs 30 }\n",
        right: "// my recipe\nrecipe paper { epochs 30 }\n",
    },
    Explanation {
        code: Code::ForeignFormat,
        meaning: "A section as TOML, YAML or JSON write it. In KDL a declaration is a node with a name, and its settings stand in its block, between braces.",
        wrong: "[recipe.paper]\nepochs = 30\n",
        right: "recipe paper {\n    epochs 30\n}\n",
    },
    Explanation {
        code: Code::UnquotedPath,
        meaning: "A bare word cannot contain a slash, and `//` begins a comment, so paths and addresses need quotes.",
        wrong: "init i { weights ./vit.safetensors }\n",
        right: "init i { weights \"./vit.safetensors\" }\n",
    },
    Explanation {
        code: Code::ColonAfterName,
        meaning: "A colon after a name, as in YAML, becomes part of the name in KDL.",
        wrong: "recipe paper { epochs: 30 }\n",
        right: "recipe paper { epochs 30 }\n",
    },
    Explanation {
        code: Code::DashItem,
        meaning: "A dash before an item, as in a YAML list, is read as a node named `-`. What repeats is a node of its own each time.",
        wrong: "ensemble e {\n    - ffpp\n}\n",
        right: "ensemble e {\n    source ffpp\n}\n",
    },
    Explanation {
        code: Code::Comparison,
        meaning: "There are no comparisons in the language: `auc>=0.75` is read as a property named `auc>`. A claim compares two rows and says by how much with `by`.",
        wrong: "table t { claim \"better\" auc>=0.75 }\n",
        right: "table t { claim \"better\" by=0.01 }\n",
    },
];
