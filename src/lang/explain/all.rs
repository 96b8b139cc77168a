//! The explanations of all codes.

use super::explanation::Explanation;
use super::{files, meaning, shape, values};
use crate::diagnostic::Code;

/// What a code means.
pub fn explain(code: Code) -> &'static Explanation {
    let mut all = [files::ALL, shape::ALL, values::ALL, meaning::ALL].into_iter().flatten();
    all.find(|explanation| explanation.code == code).expect("every code has its explanation")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::limits::FILE_LIMIT;
    use crate::{MemoryFiles, is_clusters_file, load, load_clusters};

    /// The files that examples import.
    fn world(example: &str) -> MemoryFiles {
        let mut files = MemoryFiles::default()
            .with("main.kdl", example)
            .with("datasets/ffpp.kdl", "")
            .with("shared.kdl", "")
            .with("circle.kdl", "import \"main.kdl\"")
            .with("huge.kdl", vec![b' '; FILE_LIMIT + 1])
            .with("latin1.kdl", b"// \xe9t\xe9".to_vec());
        for i in 0..40 {
            files = files.with(format!("chain-{i}.kdl"), format!("import \"chain-{}.kdl\"", i + 1));
        }
        files.with("chain-40.kdl", "")
    }

    fn codes(example: &str) -> Vec<Code> {
        let (path, files) = (Path::new("main.kdl"), world(example));
        // `cluster uni` alone is an example of what an experiment file cannot have.
        let loaded = match example.contains("option") && is_clusters_file(path, &files) {
            true => load_clusters(path, &files).1,
            false => load(path, &files),
        };
        loaded.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
    }

    #[test]
    fn wrong_examples_give_their_code_and_right_ones_do_not() {
        for &code in Code::ALL {
            let explanation = explain(code);
            assert!(explanation.meaning.ends_with('.'), "{code}");
            assert!(
                codes(explanation.wrong).contains(&code),
                "{code}: the wrong example gives {:?}",
                codes(explanation.wrong)
            );
            assert!(
                !codes(explanation.right).contains(&code),
                "{code}: the right example gives it too"
            );
        }
    }

    #[test]
    fn right_examples_have_no_syntax_errors() {
        for &code in Code::ALL {
            for found in codes(explain(code).right) {
                assert!(!(Code::Syntax..=Code::Comparison).contains(&found), "{code}: {found}");
            }
        }
    }

    #[test]
    fn names_of_codes_are_read_back() {
        for &code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(code));
        }
        assert!("no-such-code".parse::<Code>().is_err());
    }
}
