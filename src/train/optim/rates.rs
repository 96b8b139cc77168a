//! What optimisers give the kernels that step all parameters of a GPU at once.

use proofmark_gpu::kernels::steps::PIECE;
use proofmark_model::params::Params;

/// For each piece of the parameters on a GPU the two numbers of its parameter; zeros, which leave it alone, of one that
/// is not trained.
pub fn rates(params: &Params, each: &[[f64; 2]]) -> Vec<f32> {
    let len = params.resident().map_or(0, |resident| resident.places().len());
    let mut rates = vec![0f32; 2 * (len / PIECE)];
    for (i, numbers) in each.iter().enumerate() {
        let Some((_, place)) = params.on_gpu(i).filter(|_| params.specs()[i].trained()) else {
            continue;
        };
        let pieces = place.start / PIECE..place.end.div_ceil(PIECE);
        for piece in pieces {
            rates[2 * piece..2 * piece + 2].copy_from_slice(&numbers.map(|number| number as f32));
        }
    }
    rates
}
