//! The report's page in a browser: what it shows, by keyboard, with and without its script.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::support::{Place, TINY};

/// A label that would break a page which takes it for markup.
const HOSTILE: &str = "Base </script><img src=x onerror=alert(1)> 'q' & co.";

/// A report with everything that a page may have, and the browser that shows it.
fn report() -> (Place, Browser, String) {
    let more = "reference paper from=\"paper.csv\" unit=percent\n    \
                claim \"triplets help\" row=ba above=base column=Seen scenario=In-distribution metric=auc by=(%)90\n    \
                intervals draws=200\n    \
                compare against=base\n    \
                scenario Robust { column seen; corrupted jpeg dataset=seen { quality 50; quality 10; average Mean } }\n";
    let text = TINY.replace("row base \"Base\"", &format!("row base {HOSTILE:?}"));
    let text = text.replace("    metric auc\n", &format!("    {more}    metric auc\n"));
    let place = Place::with(&text);
    place
        .write("paper.csv", "metric,row,scenario,column,value\nauc,ba,In-distribution,Seen,12.5\n");
    place.run(&["run", "x.kdl"]).ends_with(31);
    let address = format!("file://{}", place.path("reports/tiny.html").display());
    (place, Browser::start(), address)
}

fn rows(browser: &mut Browser) -> Vec<String> {
    let labels = "[...document.querySelectorAll('#table\\\\.auc tbody th')].map(th => th.textContent.trim())";
    let labels = browser.eval(labels);
    labels.as_array().unwrap().iter().map(|l| l.as_str().unwrap().to_owned()).collect()
}

fn focused(browser: &mut Browser) -> String {
    browser.text("document.activeElement.closest('[id]')?.id")
}

/// Presses Tab until the place with this id has the focus.
fn tab_to(browser: &mut Browser, id: &str) {
    for _ in 0..150 {
        browser.press("Tab");
        if focused(browser) == id {
            return;
        }
    }
    panic!("Tab does not reach {id}");
}

#[test]
fn a_page_is_driven_by_keyboard() {
    let (place, mut browser, address) = report();
    browser.look((1280, 900), false);
    browser.open(&address);
    assert_eq!(browser.requests(), [address.as_str()]);
    assert_eq!(browser.problems(), Vec::<&Value>::new());
    let screenshots = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    std::fs::create_dir_all(&screenshots).unwrap();
    browser.screenshot(&screenshots.join("light.png"), true);

    // A label is text, whatever it says.
    assert_eq!(rows(&mut browser), [HOSTILE, "Base + BA"]);
    assert_eq!(browser.eval("document.querySelectorAll('img[src=x]').length"), json!(0));
    assert!(browser.text("document.querySelector('.demo').textContent").contains("Synthetic demo"));
    let claims = browser.text("document.querySelector('#claims').textContent");
    assert!(claims.contains("contradicted") && claims.contains("triplets help"), "{claims}");

    // Sorting by the keyboard: best first, worst first, as it was.
    let value = "Number(document.querySelector('#table\\\\.auc tbody tr td').dataset.value)";
    let column = "column.auc.In-distribution-seen";
    let sorted = format!("document.getElementById('{column}').ariaSort");
    tab_to(&mut browser, column);
    browser.press("Enter");
    let best = browser.eval(value).as_f64().unwrap();
    assert_eq!(browser.text(&sorted), "descending");
    let first = rows(&mut browser);
    browser.press("Enter");
    assert_eq!(browser.text(&sorted), "ascending");
    assert!(browser.eval(value).as_f64().unwrap() < best);
    assert_ne!(rows(&mut browser), first);
    assert!(
        browser.text("document.querySelector('[role=status]').textContent").contains("worst first")
    );
    browser.press("Enter");
    assert_eq!(browser.eval(&sorted), Value::Null);
    assert_eq!(rows(&mut browser), [HOSTILE, "Base + BA"]);

    // A legend entry makes its row stand out, in the table and in plots.
    let hot = "[...document.querySelectorAll('.hot')].map(e => e.tagName).sort()";
    browser.eval("document.querySelector('#scores .legend button').focus()");
    let marked = browser.eval(hot).to_string();
    assert!(marked.contains("\"TR\"") && marked.contains("\"g\""), "{marked}");
    browser.press("Enter");
    browser.eval("document.activeElement.blur()");
    assert_eq!(browser.eval(hot).to_string(), marked);
    browser.eval("document.querySelector('#scores .legend button').focus()");
    browser.press("Enter");
    browser.eval("document.activeElement.blur(); scrollTo(0, 0)");
    assert_eq!(browser.eval(hot), json!([]));

    // Arrows go from cell to cell, Enter says where a number comes from, Escape goes back.
    let cell = "auc.ba.In-distribution-seen";
    tab_to(&mut browser, "auc.base.In-distribution-seen");
    browser.press("ArrowRight");
    browser.press("ArrowDown");
    browser.press("ArrowLeft");
    assert_eq!(focused(&mut browser), cell);
    browser.eval(&format!(
        "document.getElementById('{cell}').dispatchEvent(new Event('pointerover', {{ bubbles: true }}))"
    ));
    let preview = browser.text(&format!("document.getElementById('{cell}').title"));
    assert!(preview.contains("published: 12.50 %") && preview.contains("seed: 0"), "{preview}");
    browser.press("Enter");
    let panel = browser.text("document.querySelector('#panel').innerText");
    let plan = place.run(&["plan", "x.kdl", "--format", "json"]).ends_with(0).stdout;
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let stages = plan["stages"].as_array().unwrap();
    let key = |kind: &str, name: &str| {
        let stage = stages.iter().find(|s| s["kind"] == kind && s["name"] == name).unwrap();
        stage["key"].as_str().unwrap().to_owned()
    };
    for part in [
        "Base + BA on Seen",
        "published",
        "12.50 %",
        "published within our interval",
        "8 of 8 videos (100 %)",
        "seed",
        "experiment ba extends=base",
        "recipe short",
        &key("train", "ba"),
        &key("predict", "ba on seen"),
        &key("faces", "seen"),
    ] {
        assert!(panel.contains(part), "{part}: {panel}");
    }
    assert_eq!(browser.text("location.hash"), format!("#{cell}"));
    assert_eq!(focused(&mut browser), "panel-title");
    browser.screenshot(&screenshots.join("panel.png"), false);
    browser.press("Escape");
    assert_eq!(focused(&mut browser), cell);
    assert_eq!(browser.eval("document.querySelector('#panel').hidden"), json!(true));

    // A link leads to a cell, and to what is closed.
    browser.open(&format!("{address}#{cell}"));
    assert!(
        browser.text("document.querySelector('#panel').innerText").contains("Base + BA on Seen")
    );
    browser.open(&format!("{address}#run.ba"));
    assert_eq!(browser.eval("document.getElementById('run.ba').open"), json!(true));

    // The theme: as the surroundings are, then light, then dark, and kept.
    let page = "getComputedStyle(document.body).backgroundColor";
    let (light, dark) = ("rgb(255, 255, 255)", "rgb(20, 24, 29)");
    assert_eq!(browser.text(page), light);
    browser.look((1280, 900), true);
    assert_eq!(browser.text(page), dark);
    browser.screenshot(&screenshots.join("dark.png"), true);
    tab_to(&mut browser, "theme");
    browser.press("Enter");
    assert_eq!(browser.text(page), light);
    browser.open(&address);
    assert_eq!(browser.text(page), light, "the theme is not kept");
    assert_eq!(browser.problems(), Vec::<&Value>::new());

    // On a telephone only what is wide scrolls, and its first column stays.
    browser.look((390, 844), false);
    browser.open(&address);
    assert_eq!(browser.eval("document.documentElement.scrollWidth"), json!(390));
    let left = "document.querySelector('#table\\\\.auc').parentElement.scrollLeft = 200; \
                document.querySelector('#table\\\\.auc tbody th').getBoundingClientRect().left";
    let left = browser.eval(left).as_f64().unwrap();
    assert!((0.0..30.0).contains(&left), "{left}");
    browser.screenshot(&screenshots.join("narrow.png"), true);
}

#[test]
fn a_page_says_everything_without_its_script_and_to_screen_readers() {
    let (_place, mut browser, address) = report();
    browser.send("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    browser.open(&address);
    let nodes = browser.accessible();
    let named = |role: &str| -> Vec<&str> {
        nodes.iter().filter(|node| node.0 == role).map(|node| node.1.as_str()).collect()
    };
    // No script has run: it alone makes buttons.
    assert_eq!(named("button"), Vec::<&str>::new());
    assert!(named("rowheader").contains(&HOSTILE), "{:?}", named("rowheader"));
    assert!(named("columnheader").contains(&"Seen"));
    let images = [named("image"), named("img")].concat();
    assert!(images.len() > 8 && images.iter().all(|name| !name.is_empty()), "{images:?}");
    assert!(images.contains(&"ROC on Seen"), "{images:?}");
    let summaries = named("DisclosureTriangle");
    for part in [HOSTILE, "Base + BA"] {
        assert!(summaries.contains(&part), "{part}: {summaries:?}");
    }
    let headings = named("heading");
    for heading in [
        "Results",
        "Notes",
        "Claims",
        "Robustness",
        "Scores by data set",
        "Learning curves",
        "Load reports",
        "Data",
        "Provenance",
        "How it was computed",
    ] {
        assert!(headings.contains(&heading), "{heading}: {headings:?}");
    }
    assert_eq!(browser.requests(), [address.as_str()]);
}

#[test]
fn plots_are_files_too() {
    let place = Place::new();
    place.run(&["run", "x.kdl"]).ends_with(0).says("tiny-plots");
    for name in ["roc-In-distribution-seen", "scores-In-distribution-seen", "learning", "losses"] {
        let svg = std::fs::read_to_string(place.path(&format!("reports/tiny-plots/{name}.svg")));
        let svg = svg.unwrap();
        assert!(svg.contains("synthetic demo") && svg.contains("prefers-color-scheme"), "{name}");
        let png = place.path(&format!("reports/tiny-plots/{name}.png"));
        let png = image::open(png).unwrap().into_rgb8();
        // Text is drawn: the title's line has dark pixels on white.
        let dark = (0..png.width()).any(|x| (20..70).any(|y| png.get_pixel(x, y).0[1] < 90));
        assert!(dark && png.get_pixel(2, 2).0 == [255; 3], "{name}");
    }
}

#[test]
fn faces_are_on_a_page_that_was_asked_for_them() {
    let place = Place::new();
    place.run(&["run", "x.kdl", "--faces"]).ends_with(0);
    let page = std::fs::read_to_string(place.path("reports/tiny.html")).unwrap();
    let faces = page.matches("<img class=\"face\" alt=\"\" src=\"data:image/jpeg;base64,").count();
    assert!(faces > 0 && faces == page.matches("<span class=\"wrong\">").count(), "{faces}");
    let printed = place.run(&["table", "x.kdl", "--format", "html", "--faces"]).ends_with(0).stdout;
    assert_eq!(printed.matches("class=\"face\"").count(), faces);
    let without = place.run(&["table", "x.kdl", "--format", "html"]).ends_with(0).stdout;
    assert_eq!(without.matches("class=\"face\"").count(), 0);
    place.run(&["table", "x.kdl", "--faces"]).ends_with(2);
}
