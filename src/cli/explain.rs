//! `explain`: what an error code means.

use super::args::ExplainArgs;
use super::exit::Exit;
use super::output::Printer;
use crate::lang::{Code, Explanation, explain as explanation};

/// Explains a code, or lists all of them.
pub fn explain(args: &ExplainArgs, printer: Printer) -> Exit {
    let Some(name) = &args.code else {
        for code in Code::ALL {
            let meaning = explanation(*code).meaning;
            let first = meaning.split_inclusive(". ").next().unwrap_or(meaning).trim_end();
            printer.data(&format!("{:<28} {first}\n", code.as_str()));
        }
        return Exit::Ok;
    };
    match name.parse::<Code>() {
        Ok(code) => {
            let Explanation { meaning, wrong, right, .. } = explanation(code);
            let indented = |text: &str| {
                text.lines()
                    .map(|line| format!("    {line}").trim_end().to_owned() + "\n")
                    .collect()
            };
            let (wrong, right): (String, String) = (indented(wrong), indented(right));
            printer.data(&format!("{code}\n\n{meaning}\n\nwrong:\n{wrong}\nright:\n{right}"));
            Exit::Ok
        }
        Err(error) => {
            printer.error(&error.to_string(), Some("`proofmark explain` lists all codes"));
            Exit::Usage
        }
    }
}
