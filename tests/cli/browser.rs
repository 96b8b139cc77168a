//! Chromium without a window, driven by its DevTools protocol over pipes.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser with one page. It ends with this value.
pub struct Browser {
    process: Child,
    /// Commands, each with a zero byte at its end, and what Chromium says.
    commands: ChildStdin,
    said: Receiver<Vec<u8>>,
    session: String,
    sent: u64,
    /// What was told besides answers: (method, parameters).
    events: Vec<(String, Value)>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts it. `PROOFMARK_CHROMIUM` names another program than `chromium`.
    pub fn start() -> Self {
        let program = std::env::var("PROOFMARK_CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
        let profile = tempfile::tempdir().unwrap();
        // Chromium reads commands from descriptor 3 and writes to 4.
        let mut process = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null", "sh", &program])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
            .args(["--disable-background-networking", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (commands, answers) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let (say, said) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(answers).split(0) {
                // The test may have ended.
                let _ = say.send(message.unwrap());
            }
        });
        let mut browser = Self {
            process,
            commands,
            said,
            session: String::new(),
            sent: 0,
            events: Vec::new(),
            _profile: profile,
        };
        let target = browser.send("Target.createTarget", json!({ "url": "about:blank" }));
        let id = &target["targetId"];
        let attached =
            browser.send("Target.attachToTarget", json!({ "targetId": id, "flatten": true }));
        attached["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
            browser.send(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Sends a command and waits for its answer.
    pub fn send(&mut self, method: &str, parameters: Value) -> Value {
        self.sent += 1;
        let id = self.sent;
        let mut command = json!({ "id": id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        // If there is no Chromium, the answer that lacks says so.
        let _ = self.commands.write_all(format!("{command}\0").as_bytes());
        loop {
            let message = self.receive();
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    /// The next message; an event is kept.
    fn receive(&mut self) -> Value {
        let text = self.said.recv_timeout(PATIENCE).expect(
            "the report's page is tested in Chromium, which does not answer: `apt install chromium`, \
             or name another in PROOFMARK_CHROMIUM",
        );
        let message: Value = serde_json::from_slice(&text).unwrap();
        if let Some(method) = message["method"].as_str() {
            self.events.push((method.to_owned(), message["params"].clone()));
        }
        message
    }

    /// Opens an address and waits until it is loaded.
    pub fn open(&mut self, address: &str) {
        // The same page with another place in it would not be loaded again.
        for address in ["about:blank", address] {
            self.events.clear();
            self.send("Page.navigate", json!({ "url": address }));
            let loaded = |(method, _): &(String, Value)| method == "Page.loadEventFired";
            let begun = Instant::now();
            while !self.events.iter().any(loaded) {
                assert!(begun.elapsed() < PATIENCE, "{address} is not loaded");
                self.receive();
            }
        }
    }

    /// The value of an expression in the page.
    pub fn eval(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true });
        let answer = self.send("Runtime.evaluate", parameters);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// The text that an expression gives.
    pub fn text(&mut self, expression: &str) -> String {
        self.eval(expression).as_str().unwrap_or_default().to_owned()
    }

    /// Presses a key.
    pub fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            "Tab" => (9, ""),
            "Escape" => (27, ""),
            "ArrowLeft" => (37, ""),
            "ArrowUp" => (38, ""),
            "ArrowRight" => (39, ""),
            "ArrowDown" => (40, ""),
            key => panic!("no code for {key}"),
        };
        let mut event =
            json!({ "type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code });
        if !text.is_empty() {
            event["text"] = json!(text);
        }
        self.send("Input.dispatchKeyEvent", event.clone());
        event["type"] = json!("keyUp");
        self.send("Input.dispatchKeyEvent", event);
    }

    /// Sets the size of the window, and whether the surroundings are dark.
    pub fn look(&mut self, (width, height): (u32, u32), dark: bool) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.send("Emulation.setDeviceMetricsOverride", size);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.send("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// Writes what is to be seen to a file, or all of the page.
    pub fn screenshot(&mut self, path: &Path, whole: bool) {
        let mut parameters = json!({ "format": "png" });
        if whole {
            let size = self.send("Page.getLayoutMetrics", json!({}))["cssContentSize"].clone();
            let (width, height) = (&size["width"], &size["height"]);
            let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
            parameters["clip"] = clip;
            parameters["captureBeyondViewport"] = json!(true);
        }
        let shot = self.send("Page.captureScreenshot", parameters);
        let data = shot["data"].as_str().unwrap().as_bytes();
        std::fs::write(path, BASE64_STANDARD.decode(data).unwrap()).unwrap();
    }

    /// What a screen reader is told of the page: roles and names.
    pub fn accessible(&mut self) -> Vec<(String, String)> {
        let begun = Instant::now();
        loop {
            let tree = self.send("Accessibility.getFullAXTree", json!({}));
            let nodes = tree["nodes"].as_array().unwrap().iter();
            let nodes = nodes.filter(|node| node["ignored"] == false).map(|node| {
                let value =
                    |name: &str| node[name]["value"].as_str().unwrap_or_default().to_owned();
                (value("role"), value("name"))
            });
            let nodes: Vec<(String, String)> = nodes.collect();
            // Right after loading there may be less than all of it.
            if nodes.iter().any(|(role, _)| role == "rowheader") {
                return nodes;
            }
            assert!(begun.elapsed() < PATIENCE, "screen readers are told of no table: {nodes:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Errors and warnings since the page was opened.
    pub fn problems(&self) -> Vec<&Value> {
        let told = self.events.iter().filter(|(method, event)| match method.as_str() {
            "Runtime.exceptionThrown" => true,
            "Runtime.consoleAPICalled" => event["type"] == "error" || event["type"] == "warning",
            "Log.entryAdded" => event["entry"]["level"] != "verbose",
            _ => false,
        });
        told.map(|(_, event)| event).collect()
    }

    /// Addresses that were asked for since the page was opened, other than those that hold
    /// their data themselves.
    pub fn requests(&self) -> Vec<&str> {
        let sent = self.events.iter().filter(|(method, _)| method == "Network.requestWillBeSent");
        let addresses = sent.filter_map(|(_, event)| event["request"]["url"].as_str());
        addresses.filter(|address| !address.starts_with("data:")).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
