//! What lints and keys ask of every network.

/// A network: a node with the side of its input as `image`.
pub trait Network {
    /// What lints and keys ask of it.
    const ABOUT: About;
}

/// What is known of a network, whatever its sizes.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// What readers call one, with its article.
    pub name: &'static str,
    /// Whether it makes tokens of an image, which `pool` makes an embedding.
    pub has_tokens: bool,
    /// Whether `drop-path` leaves out branches of its blocks.
    pub has_stochastic_depth: bool,
    /// Whether its products can be in bf16.
    pub supports_bf16: bool,
}
