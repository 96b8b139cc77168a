//! What is measured of embeddings and their classes, exact over the faces that are given: O(N² D) time
//! and, for the triplets, which are N³, O(N² log N).

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::points::Points;
use super::space::Space;

/// A number, or why there is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// The number.
    pub value: Option<f64>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Quantity {
    /// A number.
    pub fn of(value: f64) -> Self {
        Self { value: Some(value), reason: None }
    }

    /// None, for a reason.
    pub fn not(reason: impl Into<String>) -> Self {
        Self { value: None, reason: Some(reason.into()) }
    }
}

/// How far the classes lie apart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    /// Share of the triplets that give no loss: the negative is at least the margin farther from the
    /// anchor than the positive.
    pub easy: Quantity,
    /// Share of those whose negative is farther than the positive, or as far, but by less than the
    /// margin.
    pub semi_hard: Quantity,
    /// Share of those whose negative is nearer than the positive.
    pub hard: Quantity,
    /// Mean silhouette over the faces (Rousseeuw 1987), -1 to 1.
    pub silhouette: Quantity,
    /// Share of the faces whose nearest face of another video has their class.
    pub nearest: Quantity,
    /// The mean of that share over classes, each weighing the same.
    pub nearest_balanced: Quantity,
}

/// What one face says.
struct OfFace {
    triplets: [u64; 3],
    silhouette: f64,
    nearest: bool,
}

impl Numbers {
    /// Measures embeddings, scaled to unit length if `normalize`. Without a margin nothing says which
    /// triplets are easy.
    pub fn of(points: &Points, margin: Option<f64>, normalize: bool) -> Self {
        if let Err(reason) = two_classes(points) {
            let not = || Quantity::not(reason.clone());
            return Self {
                easy: not(),
                semi_hard: not(),
                hard: not(),
                silhouette: not(),
                nearest: not(),
                nearest_balanced: not(),
            };
        }
        let space = Space::of(points, normalize);
        let counts = points.counts();
        let faces = (0..points.len()).into_par_iter();
        let faces: Vec<OfFace> =
            faces.map(|face| of_face(points, &counts, &space, face, margin)).collect();
        let [easy, semi_hard, hard] = triplets(&faces, margin);
        let [nearest, nearest_balanced] = nearest(points, &counts, &faces);
        let silhouette = if counts.iter().all(|count| *count == 1) {
            Quantity::not("every class has a single face")
        } else {
            let sum: f64 = faces.iter().map(|face| face.silhouette).sum();
            Quantity::of(sum / faces.len() as f64)
        };
        Self { easy, semi_hard, hard, silhouette, nearest, nearest_balanced }
    }
}

/// That there are two classes to tell apart.
fn two_classes(points: &Points) -> Result<(), String> {
    match &points.names[..] {
        [] => Err("there is no face".to_owned()),
        [one] => Err(format!("all faces are of one class, {one}")),
        [..] => Ok(()),
    }
}

fn of_face(
    points: &Points,
    counts: &[u64],
    space: &Space,
    face: usize,
    margin: Option<f64>,
) -> OfFace {
    let distances = space.distances(face);
    let own = points.classes[face];
    let (mut positives, mut negatives) = (Vec::new(), Vec::new());
    let mut sums = vec![0.0; counts.len()];
    let mut nearest = (f64::INFINITY, own);
    for (other, &distance) in distances.iter().enumerate() {
        let class = points.classes[other];
        if other == face {
            continue;
        }
        sums[class as usize] += distance;
        if class == own { &mut positives } else { &mut negatives }.push(distance);
        if points.videos[other] != points.videos[face] && distance < nearest.0 {
            nearest = (distance, class);
        }
    }
    negatives.sort_unstable_by(f64::total_cmp);
    let mut triplets = [0; 3];
    for positive in positives {
        let nearer = |limit: f64| negatives.partition_point(|negative| *negative < limit) as u64;
        let hard = nearer(positive);
        let active = margin.map_or(hard, |margin| nearer(positive + margin));
        triplets[0] += negatives.len() as u64 - active;
        triplets[1] += active - hard;
        triplets[2] += hard;
    }
    OfFace {
        triplets,
        silhouette: silhouette(own as usize, counts, &sums),
        nearest: nearest.0.is_finite() && nearest.1 == own,
    }
}

/// The silhouette of a face from its summed distances to each class; 0 where it is alone in its own.
fn silhouette(own: usize, counts: &[u64], sums: &[f64]) -> f64 {
    if counts[own] == 1 {
        return 0.0;
    }
    let within = sums[own] / (counts[own] - 1) as f64;
    let others = (0..counts.len()).filter(|class| *class != own);
    let nearest = others.map(|class| sums[class] / counts[class] as f64);
    let nearest = nearest.fold(f64::INFINITY, f64::min);
    let most = within.max(nearest);
    if most > 0.0 { (nearest - within) / most } else { 0.0 }
}

/// The shares of easy, semi-hard and hard triplets.
fn triplets(faces: &[OfFace], margin: Option<f64>) -> [Quantity; 3] {
    let count = |kind: usize| faces.iter().map(|face| face.triplets[kind]).sum::<u64>();
    let counts = [count(0), count(1), count(2)];
    let all: u64 = counts.iter().sum();
    if all == 0 {
        return std::array::from_fn(|_| Quantity::not("no class has two faces"));
    }
    let mut shares = counts.map(|count| Quantity::of(count as f64 / all as f64));
    if margin.is_none() {
        let reason = "the row has no triplet term whose margin says which triplets are easy; \
                      `separability margin=..` gives one to all rows";
        shares[0] = Quantity::not(reason);
        shares[1] = Quantity::not(reason);
    }
    shares
}

/// The accuracy of the nearest neighbour of another video, over faces and over classes.
fn nearest(points: &Points, counts: &[u64], faces: &[OfFace]) -> [Quantity; 2] {
    // A class with one video has no neighbour that could be right.
    let mut videos: Vec<Option<u32>> = vec![None; counts.len()];
    let mut several = vec![false; counts.len()];
    for (class, video) in points.classes.iter().zip(&points.videos) {
        let first = videos[*class as usize].get_or_insert(*video);
        several[*class as usize] |= first != video;
    }
    if let Some(class) = several.iter().position(|several| !several) {
        let reason = format!("the class {} has a single video", points.names[class]);
        return std::array::from_fn(|_| Quantity::not(reason.clone()));
    }
    let mut right = vec![0u64; counts.len()];
    for (class, face) in points.classes.iter().zip(faces) {
        right[*class as usize] += u64::from(face.nearest);
    }
    let share = right.iter().sum::<u64>() as f64 / faces.len() as f64;
    let shares = right.iter().zip(counts).map(|(right, count)| *right as f64 / *count as f64);
    [Quantity::of(share), Quantity::of(shares.sum::<f64>() / counts.len() as f64)]
}
