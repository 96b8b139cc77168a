//! Which frames of a video are used, as an expression for ffmpeg's `select` filter.
//!
//! `n` is the number of the frame in order of presentation and `t` its time; `start_t` is the
//! time of the first frame. An expression that is not 0 keeps a frame, and writes its number and
//! its time after the first frame to the log, at the level of errors (16). Where the number of
//! frames matters, the others write theirs, too: -1 minus it.

use proofmark_lang::model::FrameRule;

/// Part of a sampling period by which a frame may be early: times are rounded in containers.
const EARLY: f64 = 1e-4;

/// Whether the rule needs to know how many frames there are.
pub fn needs_length(rule: &FrameRule) -> bool {
    match rule {
        FrameRule::Count { .. } => true,
        FrameRule::All | FrameRule::Fps { .. } | FrameRule::Every { .. } => false,
    }
}

/// The expression of a rule. `length` is the number of frames, where it is needed.
///
/// By time, the frame at k/fps is the first whose time is not before it. A frame is taken once,
/// however many such times it is the first for.
pub fn expression(rule: &FrameRule, length: Option<u64>) -> String {
    let picked = match rule {
        FrameRule::All => "1".to_owned(),
        FrameRule::Every { every } => format!("not(mod(n,{every}))"),
        // Register 0 is the number of the next time that has no frame yet.
        FrameRule::Fps { fps } => {
            let periods = format!("((t-start_t)*{fps}+{EARLY})");
            format!("if(gte({periods},ld(0)),st(0,floor({periods})+1),0)")
        }
        FrameRule::Count { count } => {
            let (count, length) = (u64::from(*count), length.unwrap_or(0));
            match (count, length) {
                _ if count >= length => "1".to_owned(),
                (1, _) => "eq(n,0)".to_owned(),
                // Position k of `count` falls on frame floor(k last / steps); the first k
                // that is not before frame n is ceil(n steps / last).
                _ => {
                    let (steps, last) = (count - 1, length - 1);
                    let k = format!("floor((n*{steps}+{})/{last})", last - 1);
                    format!("eq(floor({k}*{last}/{steps}),n)")
                }
            }
        }
    };
    let passed = if needs_length(rule) { "print(-1-n,16);0" } else { "0" };
    format!("if({picked},print(n,16);print(t-start_t,16);1,{passed})")
}
