//! `explain`: what an error code, or an exit code, means.

use super::args::ExplainArgs;
use super::exit::Exit;
use super::output::Printer;
use proofmark_lang::{Code, Explanation, explain as explanation};

/// Explains a code, or lists all of them.
pub fn explain(args: &ExplainArgs, printer: Printer) -> Exit {
    let Some(name) = &args.code else {
        for code in Code::ALL {
            let meaning = explanation(*code).meaning;
            let first = meaning.split_inclusive(". ").next().unwrap_or(meaning).trim_end();
            printer.text(&format!("{:<28} {first}\n", code.as_str()));
        }
        for exit in Exit::ALL {
            let first = exit.meaning().split_inclusive(". ").next().unwrap_or_default().trim_end();
            printer.text(&format!("{:<28} {first}\n", format!("exit code {}", exit as u8)));
        }
        return Exit::Ok;
    };
    if let Some(exit) = name.parse().ok().and_then(Exit::of) {
        printer.text(&format!("exit code {name}\n\n{}\n", exit.meaning()));
        return Exit::Ok;
    }
    match name.parse::<Code>() {
        Ok(code) => {
            let Explanation { meaning, wrong, right, .. } = explanation(code);
            let indented = |text: &str| {
                text.lines()
                    .map(|line| format!("    {line}").trim_end().to_owned() + "\n")
                    .collect()
            };
            let (wrong, right): (String, String) = (indented(wrong), indented(right));
            printer.text(&format!("{code}\n\n{meaning}\n\nwrong:\n{wrong}\nright:\n{right}"));
            Exit::Ok
        }
        Err(error) => {
            let all = "`proofmark explain` lists all codes".to_owned();
            let hint = match Code::near(name) {
                Some(near) => format!("did you mean `{near}`? {all}"),
                None => all,
            };
            printer.error(&error.to_string(), Some(&hint));
            Exit::Usage
        }
    }
}
