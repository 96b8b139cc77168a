//! Embeddings in the plane.

use serde::{Deserialize, Serialize};

use super::points::Points;
use super::space::Space;
use super::{pca, tsne};

/// How embeddings become points of a plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Projection {
    /// The two principal components.
    Pca,
    /// t-SNE, in which only neighbourhoods mean something.
    Tsne,
}

/// Embeddings as points of a plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// How they were projected.
    pub projection: Projection,
    /// The share of the variance along the horizontal and the vertical, of principal components.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explained: Option<[f64; 2]>,
    /// The faces, each a point: across from 0 to [`Picture::SIDE`], and up.
    pub points: Vec<[u32; 2]>,
}

impl Picture {
    /// The side of a picture: so finely are places told apart.
    pub const SIDE: u32 = 1000;

    /// The pictures of all faces that are given, scaled to unit length before if `normalize`. There is
    /// no picture of fewer than two faces, and no t-SNE of fewer than ten.
    pub fn of(points: &Points, normalize: bool) -> Vec<Self> {
        if points.len() < 2 || points.values.is_empty() {
            return Vec::new();
        }
        let space = Space::of(points, normalize);
        let components = pca::project(&space);
        let mut pictures = vec![Self {
            projection: Projection::Pca,
            explained: Some(components.explained),
            points: within(&components.points),
        }];
        if points.len() >= tsne::FEWEST {
            let map = tsne::map(&space, &components.points);
            let points = within(&map);
            pictures.push(Self { projection: Projection::Tsne, explained: None, points });
        }
        pictures
    }
}

/// Points in a square that holds them all, both directions at the same scale.
fn within(points: &[[f64; 2]]) -> Vec<[u32; 2]> {
    let ends = |k: usize| {
        let values = points.iter().map(move |point| point[k]);
        let low = values.clone().fold(f64::INFINITY, f64::min);
        (low, values.fold(f64::NEG_INFINITY, f64::max))
    };
    let ends = [ends(0), ends(1)];
    let widest = (ends[0].1 - ends[0].0).max(ends[1].1 - ends[1].0);
    let side = f64::from(Picture::SIDE);
    let place = |k: usize, value: f64| {
        let middle = (ends[k].0 + ends[k].1) / 2.0;
        let share = if widest > 0.0 { (value - middle) / widest } else { 0.0 };
        ((share + 0.5) * side).round().clamp(0.0, side) as u32
    };
    points.iter().map(|point| [place(0, point[0]), place(1, point[1])]).collect()
}
