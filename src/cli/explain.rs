//! `explain`: what an error code means.

use super::args::ExplainArgs;
use super::exit::Exit;
use super::output::Printer;
use crate::lang::{Code, explain as explanation};

/// Explains a code, or lists all of them.
pub fn explain(args: &ExplainArgs, printer: Printer) -> Exit {
    let Some(name) = &args.code else {
        for code in Code::ALL {
            printer.data(&format!("{:<28} {}\n", code.as_str(), explanation(*code).rule));
        }
        return Exit::Ok;
    };
    match name.parse::<Code>() {
        Ok(code) => {
            printer.data(&format!("{}\n", explanation(code)));
            Exit::Ok
        }
        Err(error) => {
            printer.error(&error.to_string(), Some("`proofmark explain` lists all codes"));
            Exit::Usage
        }
    }
}
