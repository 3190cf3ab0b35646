//! Vectors, and how the database keeps them.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

/// The inner product: for vectors of unit length, the cosine of their angle.
pub fn dot(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// Scales to unit length; leaves zero as it is.
pub fn normalize(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
}

/// Little-endian floats in base64.
pub fn encode(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
    STANDARD_NO_PAD.encode(bytes)
}

/// What [`encode`] wrote; `None` for anything else.
pub fn decode(text: &str) -> Option<Vec<f32>> {
    let bytes = STANDARD_NO_PAD.decode(text).ok()?;
    let (floats, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| floats.iter().map(|four| f32::from_le_bytes(*four)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_comes_back() {
        let vector = vec![0.25, -1.5, f32::MIN_POSITIVE, 0.0];
        assert_eq!(decode(&encode(&vector)), Some(vector));
        assert_eq!(decode("abc"), None);
        assert_eq!(decode("not base64"), None);
    }
}
