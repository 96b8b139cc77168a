//! Frames of a video file, decoded by an ffmpeg process.
//!
//! ffmpeg runs as a program and not as a library: a build needs nothing of it, any version of
//! the last years will do, and a file that breaks or hangs a decoder takes a process of its own
//! down, not ours. One process decodes one video; it writes the chosen frames as PPM images to
//! its standard output and the number and time of each to its standard error.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::ppm;
use super::sampling::{expression, needs_length};
use proofmark_base::work::Failure;
use proofmark_lang::model::FrameRule;

/// The variable that names another ffmpeg than the one on the PATH.
pub const VARIABLE: &str = "PROOFMARK_FFMPEG";

/// How long a video may give nothing before it is given up.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often a running process is looked at.
const GLANCE: Duration = Duration::from_millis(20);
/// Largest number of pixels of a frame; ffmpeg refuses more before it takes memory for them.
const MAX_PIXELS: u32 = 1 << 26;
/// Largest single piece of memory that ffmpeg may take.
const MAX_ALLOC: u32 = 1 << 30;
/// Containers that are opened, by the names of what reads them: .mp4, .mov, .m4v, .3gp and
/// .3g2, .mkv, .webm, .avi, .ts and .m2ts, .mpg, .mpeg and .vob, .flv, .wmv, .ogv. Others,
/// playlists above all, could lead to other files.
const CONTAINERS: &str =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,m4v";

/// An ffmpeg that has been found.
#[derive(Clone, Debug)]
pub struct Ffmpeg {
    program: OsString,
    probe: OsString,
    /// The first line of what `-version` prints.
    pub version: String,
    /// How long a video may give nothing before it is given up.
    pub patience: Duration,
}

/// One decoded frame.
#[derive(Debug)]
pub struct VideoFrame<'a> {
    /// Whether the frames before this one are to be forgotten: there were not as many in all as
    /// the file said, and they are picked anew.
    pub anew: bool,
    /// Number of the frame in order of presentation, from 0.
    pub index: u32,
    /// Seconds after the first frame; not a number if the file does not say.
    pub seconds: f64,
    /// Width and height in pixels, after rotation as the file says.
    pub size: (u32, u32),
    /// RGB, height × width × 3 bytes.
    pub rgb: &'a [u8],
}

/// What became of a video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// How many frames it gave.
    pub frames: u32,
    /// What was wrong, if anything was: all of a video without frames, else a part of it.
    pub trouble: Option<String>,
}

impl Ffmpeg {
    /// The ffmpeg that the variable names, else the one on the PATH.
    ///
    /// # Errors
    /// None that runs; the message says how to install it.
    pub fn find() -> Result<Self, Failure> {
        let named = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
        Self::at(named.unwrap_or_else(|| "ffmpeg".into()))
    }

    /// Its version, e.g. `7.1.3-0+deb13u1`.
    pub fn number(&self) -> &str {
        number(&self.version)
    }

    /// The ffmpeg at a path or of a name; ffprobe is looked for beside it.
    ///
    /// # Errors
    /// Nothing of that name that runs.
    pub fn at(program: OsString) -> Result<Self, Failure> {
        let missing = |why: String| {
            Failure::run(format!(
                "videos need ffmpeg, and `{}` cannot be run: {why}\n  to install it: `apt install \
                 ffmpeg` on Debian and Ubuntu, `brew install ffmpeg` on macOS\n  to say otherwise: \
                 set {VARIABLE} to the program",
                program.display()
            ))
        };
        let output = Command::new(&program).arg("-version").stdin(Stdio::null()).output();
        let output = output.map_err(|e| missing(e.to_string()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text.lines().next().unwrap_or_default();
        if !output.status.success() || !version.starts_with("ffmpeg version ") {
            return Err(missing("it is not an ffmpeg".to_owned()));
        }
        let beside = Path::new(&program).parent().filter(|folder| *folder != Path::new(""));
        let probe = beside.map_or_else(|| "ffprobe".into(), |folder| folder.join("ffprobe").into());
        Ok(Self { version: version.to_owned(), program, probe, patience: PATIENCE })
    }

    /// Decodes a video on one thread and hands the frames that the rule picks to `each`, in
    /// order.
    ///
    /// How many frames there are, where the rule needs it, is first read off the packets, which
    /// takes no decoding. A file that is cut or damaged may have fewer frames than that; it is
    /// then decoded a second time (see [`VideoFrame::anew`]).
    ///
    /// # Errors
    /// Being stopped, a process that cannot be started, and whatever `each` says. What is wrong
    /// with the file is part of the result.
    pub fn frames(
        &self,
        path: &Path,
        rule: &FrameRule,
        stop: &AtomicBool,
        mut each: impl FnMut(VideoFrame<'_>) -> Result<(), Failure>,
    ) -> Result<Decoded, Failure> {
        if !needs_length(rule) {
            return Ok(self.pass(path, &expression(rule, None), stop, &mut each)?.0);
        }
        let picking = match self.length(path, stop)? {
            Length::Frames(length) => expression(rule, Some(length)),
            Length::Unknown(why) => return Ok(Decoded { frames: 0, trouble: Some(why) }),
        };
        let (decoded, length) = self.pass(path, &picking, stop, &mut each)?;
        let otherwise = expression(rule, Some(length));
        if decoded.frames == 0 || otherwise == picking {
            return Ok(decoded);
        }
        let mut first = true;
        let mut each_anew = |frame: VideoFrame<'_>| {
            let anew = std::mem::take(&mut first);
            each(VideoFrame { anew, ..frame })
        };
        Ok(self.pass(path, &otherwise, stop, &mut each_anew)?.0)
    }

    /// Decodes a video once, with the frames that an expression picks. Returns also how many
    /// frames the expression was asked of, if it tells of all.
    fn pass(
        &self,
        path: &Path,
        picking: &str,
        stop: &AtomicBool,
        each: &mut dyn FnMut(VideoFrame<'_>) -> Result<(), Failure>,
    ) -> Result<(Decoded, u64), Failure> {
        let mut command = Command::new(&self.program);
        command.args(["-nostdin", "-hide_banner", "-v", "repeat+error"]);
        command.args(["-filter_threads", "1", "-threads", "1"]);
        command.args(["-max_alloc", &MAX_ALLOC.to_string()]);
        command.args(["-max_pixels", &MAX_PIXELS.to_string()]);
        command.args(["-protocol_whitelist", "file", "-format_whitelist", CONTAINERS]);
        // Frames that change their size are scaled to the first; the filter goes on counting.
        command.args(["-reinit_filter", "0"]);
        command.arg("-i").arg(local(path)).args(["-map", "0:V:0"]);
        command.arg("-vf").arg(format!("select='{picking}'"));
        command.args(passthrough(&self.version));
        command.args(["-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "pipe:1"]);
        let (frames, said) = self.watched(&mut command, stop, |output, picked, clock| {
            let mut rgb = Vec::new();
            let mut frames = 0;
            while let Some(size) = clock.waiting(|| ppm::read(output, &mut rgb))? {
                let lost = || Failure::Internal("ffmpeg gave a frame it did not name".to_owned());
                let (index, seconds) = picked.recv().map_err(|_| lost())?;
                each(VideoFrame { anew: false, index, seconds, size, rgb: &rgb })?;
                frames += 1;
            }
            Ok(frames)
        })?;
        let trouble = match (frames, said.trouble) {
            (0, None) => Some("no frame could be decoded".to_owned()),
            (_, trouble) => trouble,
        };
        Ok((Decoded { frames, trouble }, said.frames))
    }

    /// How many frames a video should have, from its packets, without decoding it. Those that an
    /// edit list leaves out are not counted.
    fn length(&self, path: &Path, stop: &AtomicBool) -> Result<Length, Failure> {
        let mut command = Command::new(&self.probe);
        command.args(["-v", "error", "-select_streams", "V:0"]);
        command.args(["-show_entries", "packet=flags", "-of", "csv=p=0"]);
        command.args(["-protocol_whitelist", "file", "-format_whitelist", CONTAINERS]);
        command.arg("-i").arg(local(path));
        let (length, said) = self.watched(&mut command, stop, |output, _, clock| {
            let mut length = 0;
            let mut line = String::new();
            while clock.waiting(|| output.read_line(&mut line)).map_err(|e| failed(&e))? > 0 {
                // A line per packet: K for a key frame, D for one that is not shown.
                length += u64::from(!line.trim().is_empty() && !line.contains('D'));
                line.clear();
            }
            Ok(length)
        })?;
        Ok(match length {
            0 => {
                let nothing = || "it has no video stream".to_owned();
                Length::Unknown(said.trouble.unwrap_or_else(nothing))
            }
            length => Length::Frames(length),
        })
    }

    /// Runs a process, hands its output to `work`, and ends it if it gives nothing for too long
    /// or is to stop. Returns what `work` made and what the process said.
    fn watched<T>(
        &self,
        command: &mut Command,
        stop: &AtomicBool,
        work: impl FnOnce(&mut dyn BufRead, &Receiver<(u32, f64)>, &Clock) -> Result<T, Failure>,
    ) -> Result<(T, Said), Failure> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C is for us to hear: an ffmpeg that ends by it looks like the end of its video.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        tracing::debug!("runs {command:?}");
        let mut child = command.spawn().map_err(|e| {
            Failure::run(format!("cannot start {}: {e}", command.get_program().display()))
        })?;
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        let process = Process(Mutex::new(child));
        let clock = Clock::new();
        let (named, picked) = channel();
        let (result, said) = thread::scope(|scope| {
            let watcher = scope.spawn(|| process.watch(&clock, stop, self.patience));
            let listener = scope.spawn(|| errors.map(|errors| listen(errors, named)));
            let result = match output {
                Some(output) => work(&mut BufReader::new(output), &picked, &clock),
                None => Err(Failure::Internal("ffmpeg has no output".to_owned())),
            };
            // Its output has ended, or what it still has is not wanted.
            clock.end();
            watcher.thread().unpark();
            process.end();
            (result, listener.join().ok().flatten().unwrap_or_default())
        });
        if stop.load(Ordering::Relaxed) {
            return Err(Failure::Interrupted);
        }
        let given_up = clock.given_up.load(Ordering::Relaxed).then(|| {
            format!("ffmpeg gave nothing for {} s and was given up", self.patience.as_secs_f32())
        });
        Ok((result?, Said { trouble: given_up.or(said.trouble), ..said }))
    }
}

/// How long a video is.
enum Length {
    /// In frames.
    Frames(u64),
    /// It cannot be told, for this reason.
    Unknown(String),
}

/// A path that ffmpeg takes for a file, whatever characters it has.
fn local(path: &Path) -> OsString {
    let path = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
    let mut text = OsString::from("file:");
    text.push(path.as_os_str());
    text
}

/// The number in the first line of what `-version` prints.
fn number(version: &str) -> &str {
    let words = version.trim_start_matches("ffmpeg version ").trim_start_matches('n');
    words.split_whitespace().next().unwrap_or_default()
}

/// The option by which no frame is doubled or dropped; it has a new name since 5.1.
fn passthrough(version: &str) -> [&'static str; 2] {
    let number = number(version);
    let old = ["0.", "1.", "2.", "3.", "4.", "5.0"].iter().any(|old| number.starts_with(old));
    [if old { "-vsync" } else { "-fps_mode" }, "passthrough"]
}

fn failed(error: &io::Error) -> Failure {
    Failure::run(format!("the output of ffmpeg cannot be read: {error}"))
}

/// What a process said.
#[derive(Debug, Default)]
struct Said {
    /// What is wrong, the first of it.
    trouble: Option<String>,
    /// How many frames it came to, if it tells of all.
    frames: u64,
}

/// Hears what ffmpeg says: the number and the time of each frame in a line each, which go to
/// `named`, the number of each frame that is not picked, and what is wrong.
fn listen(errors: ChildStderr, named: Sender<(u32, f64)>) -> Said {
    let mut index = None;
    let mut said = Said::default();
    let mut lines = BufReader::new(errors);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line);
        // Newer versions name who speaks, as in `[Eval @ 0x7ffd]`.
        let text = text.trim().rsplit("] ").next().unwrap_or_default();
        match (text.parse::<f64>(), index) {
            (Ok(passed), None) if passed < 0.0 => said.frames = said.frames.max(-passed as u64),
            (Ok(number), None) => {
                said.frames = said.frames.max(number as u64 + 1);
                index = Some(number as u32);
            }
            (Ok(seconds), Some(number)) => {
                index = None;
                // Nobody listens once the rest of a video is not wanted.
                let _ = named.send((number, seconds));
            }
            (Err(_), _) if said.trouble.is_none() && !text.is_empty() => {
                said.trouble = Some(text.to_owned());
            }
            (Err(_), _) => {}
        }
        line.clear();
    }
    said
}

/// A process that is ended when it is dropped.
struct Process(Mutex<Child>);

impl Process {
    fn child(&self) -> MutexGuard<'_, Child> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the process if it hangs or is to stop; returns when it is no longer read.
    fn watch(&self, clock: &Clock, stop: &AtomicBool, patience: Duration) {
        while !clock.ended() {
            if stop.load(Ordering::Relaxed) {
                return self.end();
            }
            if clock.waited() > patience {
                clock.given_up.store(true, Ordering::Relaxed);
                return self.end();
            }
            thread::park_timeout(GLANCE);
        }
    }

    /// One that has ended already is only waited for.
    fn end(&self) {
        let mut child = self.child();
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// How long a process is waited for.
struct Clock {
    /// Since when, if it is.
    since: Mutex<Option<Instant>>,
    ended: AtomicBool,
    given_up: AtomicBool,
}

impl Clock {
    fn new() -> Self {
        let no = || AtomicBool::new(false);
        Self { since: Mutex::new(None), ended: no(), given_up: no() }
    }

    fn set(&self, since: Option<Instant>) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// Does what waits for the process.
    fn waiting<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.set(Some(Instant::now()));
        let result = wait();
        self.set(None);
        result
    }

    fn waited(&self) -> Duration {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    fn ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
#[path = "ffmpeg_tests.rs"]
mod tests;
