//! Codes about files and imports.

use super::explanation::Explanation;
use crate::diagnostic::Code;

pub(super) const ALL: &[Explanation] = &[
    Explanation {
        code: Code::MissingFile,
        meaning: "A file was named that does not exist. An import is looked for relative to the file that imports it, not to the folder one works in.",
        wrong: "import \"dataset/ffpp.kdl\"\n",
        right: "import \"datasets/ffpp.kdl\"\n",
    },
    Explanation {
        code: Code::UnreadableFile,
        meaning: "A file is there but cannot be read: it is a folder, or the system does not allow it. Imports name one file each.",
        wrong: "import \"datasets\"\n",
        right: "import \"datasets/ffpp.kdl\"\n",
    },
    Explanation {
        code: Code::FileTooLarge,
        meaning: "An experiment file has at most 4 MiB. It holds rules; lists of files, frames or scores belong in a CSV or Parquet file that `layout table` names.",
        wrong: "import \"huge.kdl\"\n",
        right: "import \"shared.kdl\"\n",
    },
    Explanation {
        code: Code::NotUtf8,
        meaning: "A file holds bytes that are not UTF-8 text. It was saved in another encoding, or is no text at all.",
        wrong: "import \"latin1.kdl\"\n",
        right: "import \"shared.kdl\"\n",
    },
    Explanation {
        code: Code::ImportCycle,
        meaning: "Files import each other in a circle, so none of them can be read first. The message lists the circle. Importing one file from several others is fine.",
        wrong: "import \"circle.kdl\"\n",
        right: "import \"shared.kdl\"\nimport \"shared.kdl\"\n",
    },
    Explanation {
        code: Code::OtherFile,
        meaning: "A declaration belongs in another kind of file. Clusters are declared in a clusters file of the user's own, and nothing else is; experiment files say what is made, wherever that is done.",
        wrong: "cluster uni { slurm }\n",
        right: "dataset d { layout celebdf root=\"env:D\" }\n",
    },
    Explanation {
        code: Code::ImportTooDeep,
        meaning: "A chain of imports is longer than 32 files. No experiment needs that; something generated it.",
        wrong: "import \"chain-0.kdl\"\n",
        right: "import \"chain-20.kdl\"\n",
    },
];
