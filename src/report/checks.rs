//! The claims of tables, and what a comparison found, for continuous integration: as JUnit XML
//! and as annotations of GitHub's.

use super::markup::escape;
use super::table::{TableData, Verdict};

/// One statement about a table and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The table.
    pub table: String,
    /// The statement.
    pub name: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// The numbers, or why there are none.
    pub detail: String,
    /// File and line that make the statement.
    pub place: Option<(String, usize)>,
}

/// The claims of a table, each with its place in the experiment file.
pub fn of_claims(table: &TableData, places: &[Option<(String, usize)>]) -> Vec<Check> {
    let places = places.iter().cloned().chain(std::iter::repeat(None));
    let check = |(claim, place): (&super::table::ClaimResult, _)| Check {
        table: table.name.clone(),
        name: claim.text.clone(),
        verdict: claim.verdict,
        detail: claim.detail.clone(),
        place,
    };
    table.claims.iter().zip(places).map(check).collect()
}

/// The checks as a JUnit report: one suite a table. What cannot be decided is skipped.
pub fn junit(checks: &[Check]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for suite in checks.chunk_by(|a, b| a.table == b.table) {
        let count = |verdict| suite.iter().filter(|check| check.verdict == verdict).count();
        out += &format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n",
            escaped(&suite[0].table),
            suite.len(),
            count(Verdict::Contradicted),
            count(Verdict::CannotTell)
        );
        for check in suite {
            let (table, name) = (escaped(&check.table), escaped(&check.name));
            out += &format!("    <testcase classname=\"{table}\" name=\"{name}\"");
            let detail = escaped(&check.detail);
            out += &match check.verdict {
                Verdict::Holds => format!("><system-out>{detail}</system-out></testcase>\n"),
                Verdict::Contradicted => format!("><failure message=\"{detail}\"/></testcase>\n"),
                Verdict::CannotTell => format!("><skipped message=\"{detail}\"/></testcase>\n"),
            };
        }
        out += "  </testsuite>\n";
    }
    out + "</testsuites>\n"
}

/// Text for an attribute or element.
fn escaped(text: &str) -> String {
    escape(text).replace('\n', "&#10;")
}

/// What did not hold, as workflow commands that GitHub shows beside the line.
pub fn annotations(checks: &[Check]) -> String {
    let mut out = String::new();
    for check in checks {
        let level = match check.verdict {
            Verdict::Holds => continue,
            Verdict::Contradicted => "error",
            Verdict::CannotTell => "warning",
        };
        let mut properties = Vec::new();
        if let Some((file, line)) = &check.place {
            properties.push(format!("file={}", property(file)));
            properties.push(format!("line={line}"));
        }
        properties.push(format!("title={}", property(&check.name)));
        out += &format!("::{level} {}::{}\n", properties.join(","), message(&check.detail));
    }
    out
}

fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks() -> Vec<Check> {
        let check = |table: &str, name: &str, verdict, detail: &str, place| Check {
            table: table.into(),
            name: name.into(),
            verdict,
            detail: detail.into(),
            place,
        };
        vec![
            check("one", "a > b & \"c\"", Verdict::Holds, "96.4 against 95.0", None),
            check(
                "one",
                "5.1: a, b",
                Verdict::Contradicted,
                "90.0 against 95.0:\n-5 %",
                Some(("x.kdl".into(), 7)),
            ),
            check("two", "later", Verdict::CannotTell, "<n/a>", None),
        ]
    }

    #[test]
    fn junit_has_a_suite_for_each_table() {
        insta::assert_snapshot!(junit(&checks()), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites>
          <testsuite name="one" tests="2" failures="1" skipped="0">
            <testcase classname="one" name="a &gt; b &amp; &quot;c&quot;"><system-out>96.4 against 95.0</system-out></testcase>
            <testcase classname="one" name="5.1: a, b"><failure message="90.0 against 95.0:&#10;-5 %"/></testcase>
          </testsuite>
          <testsuite name="two" tests="1" failures="0" skipped="1">
            <testcase classname="two" name="later"><skipped message="&lt;n/a&gt;"/></testcase>
          </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn annotations_are_for_what_does_not_hold() {
        insta::assert_snapshot!(annotations(&checks()), @"
        ::error file=x.kdl,line=7,title=5.1%3A a%2C b::90.0 against 95.0:%0A-5 %25
        ::warning title=later::<n/a>
        ");
    }
}
