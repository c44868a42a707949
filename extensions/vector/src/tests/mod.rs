//! Searches against comparing everything.

mod exact;
mod index;
mod ivf;

use crate::Random;

/// `count` vectors of `dims` floats around `clusters` centres; centres at a distance of
/// about one from each other.
pub(crate) fn clustered(
    random: &mut Random,
    count: usize,
    dims: usize,
    clusters: usize,
) -> Vec<Vec<f32>> {
    let point = |random: &mut Random, scale: f32| -> Vec<f32> {
        (0..dims).map(|_| (random.unit() - 0.5) * scale).collect()
    };
    let centres: Vec<Vec<f32>> = (0..clusters).map(|_| point(random, 1.0)).collect();
    let vector = |random: &mut Random| -> Vec<f32> {
        let near = point(random, 0.6);
        let centre = &centres[random.below(clusters)];
        centre.iter().zip(near).map(|(centre, near)| centre + near).collect()
    };
    (0..count).map(|_| vector(random)).collect()
}
