//! The JSON that DeepfakeBench writes: data set, label, split, perhaps a compression, video.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::lists::Entries;

/// What stands under a name: a video has its frames there, beside a label that repeats the one
/// it is listed under. `val` of DFDC holds a video without a name: its frames stand in the split
/// itself, beside the videos that have names.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Node {
    /// A video, the videos of a compression, or what else has names in it.
    Inside(Entries<Node>),
    /// Paths.
    Frames(Vec<String>),
    /// Anything else.
    Other(IgnoredAny),
}

/// Under what the frames of a video stand.
pub const FRAMES: &str = "frames";

/// The splits of a label.
pub type Splits = Entries<Entries<Node>>;

/// The labels of each data set.
pub type Json = Entries<Entries<Splits>>;

/// Whether what stands under a name are the videos of one compression.
pub fn is_copy(name: &str, node: &Node) -> bool {
    let Node::Inside(Entries(inside)) = node else { return false };
    let holds_videos = inside.iter().any(|(_, node)| matches!(node, Node::Inside(_)));
    let is_video = inside.iter().any(|(part, _)| part == FRAMES);
    ["raw", "c23", "c40"].contains(&name) || (holds_videos && !is_video)
}

/// The first frame of every video, in the order of the file.
pub fn first_frames(labels: &[(String, Splits)]) -> Vec<&str> {
    fn look<'n>(nodes: &'n Entries<Node>, found: &mut Vec<&'n str>) {
        for (name, node) in &nodes.0 {
            match node {
                Node::Inside(inside) => look(inside, found),
                Node::Frames(frames) if name == FRAMES => {
                    found.extend(frames.first().map(String::as_str));
                }
                Node::Frames(_) | Node::Other(_) => {}
            }
        }
    }
    let mut found = Vec::new();
    for (_, Entries(splits)) in labels {
        splits.iter().for_each(|(_, nodes)| look(nodes, &mut found));
    }
    found
}
