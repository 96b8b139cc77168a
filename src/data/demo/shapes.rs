//! Edges, hills and noise, of which heads and features are drawn.

/// Fraction of a pixel covered by what lies `depth` inside an edge.
pub fn cover(depth: f32, pixel: f32) -> f32 {
    (depth / pixel + 0.5).clamp(0.0, 1.0)
}

/// A smooth hill: 1 at the origin, 0 from the unit circle on.
pub fn bump(u: f32, v: f32) -> f32 {
    let rest = (1.0 - u * u - v * v).max(0.0);
    rest * rest
}

/// Value noise in 0 to 1 with features of unit size.
pub fn noise(u: f32, v: f32, seed: u32) -> f32 {
    let (column, row) = (u.floor(), v.floor());
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    let (fu, fv) = (smooth(u - column), smooth(v - row));
    let (column, row) = (column as i32, row as i32);
    let at = |du: i32, dv: i32| lattice(column + du, row + dv, seed);
    let top = at(0, 0) + (at(1, 0) - at(0, 0)) * fu;
    let bottom = at(0, 1) + (at(1, 1) - at(0, 1)) * fu;
    top + (bottom - top) * fv
}

/// A well-mixed value in 0 to 1 for each point of the integer lattice.
fn lattice(column: i32, row: i32, seed: u32) -> f32 {
    let mut h =
        seed ^ (column as u32).wrapping_mul(0x85eb_ca6b) ^ (row as u32).wrapping_mul(0xc2b2_ae35);
    h = (h ^ (h >> 15)).wrapping_mul(0x2c1b_3c6d);
    h = (h ^ (h >> 12)).wrapping_mul(0x297a_2d39);
    (h ^ (h >> 15)) as f32 / u32::MAX as f32
}
