//! Casts among the types and from arrays. Each checks the dimensions of the result, then
//! the type modifier (-1 for none), then the elements.

use super::*;

impl Value {
    /// The value as another type.
    pub fn cast(&self, to: Kind, typmod: i32) -> Result<Value> {
        check_dims(to, self.dims())?;
        check_expected(typmod, self.dims())?;
        match (self, to) {
            (Value::Vector(_), Kind::Vector)
            | (Value::Half(_), Kind::Half)
            | (Value::Sparse(_), Kind::Sparse) => Ok(self.clone()),
            (_, Kind::Vector) => Ok(Value::Vector(self.to_floats().into())),
            (_, Kind::Half) => half_of(&self.to_floats()),
            (_, Kind::Sparse) => sparse_of(&self.to_floats()),
        }
    }

    /// Every element as f32. A sparse vector must have no more than a dense one may.
    pub fn to_floats(&self) -> Vec<f32> {
        match self {
            Value::Vector(elements) => elements.to_vec(),
            Value::Half(elements) => elements.iter().map(|bits| widen(*bits)).collect(),
            Value::Sparse(sparse) => {
                let mut elements = vec![0.0; sparse.dims as usize];
                for (index, value) in sparse.pairs.indices.iter().zip(&sparse.pairs.values) {
                    elements[*index as usize] = *value;
                }
                elements
            }
        }
    }

    /// A value of an array's elements.
    pub fn from_floats(kind: Kind, elements: Vec<f32>, typmod: i32) -> Result<Value> {
        let dims = i32::try_from(elements.len()).unwrap_or(i32::MAX);
        check_dims(kind, dims)?;
        check_expected(typmod, dims)?;
        match kind {
            Kind::Vector => Value::vector(elements),
            Kind::Half => half_of(&elements),
            Kind::Sparse => sparse_of(&elements),
        }
    }
}

fn half_of(elements: &[f32]) -> Result<Value> {
    let narrowed = |value: &f32| {
        let bits = narrow(*value);
        if widen(bits).is_infinite() && value.is_finite() {
            let message = format!("\"{}\" is out of range for type halfvec", shortest(*value));
            return error(Class::OutOfRange, message);
        }
        Ok(bits)
    };
    Value::half(elements.iter().map(narrowed).collect::<Result<_>>()?)
}

fn sparse_of(elements: &[f32]) -> Result<Value> {
    let pairs = elements.iter().enumerate().filter(|(_, value)| **value != 0.0);
    let (indices, values): (Vec<i32>, Vec<f32>) =
        pairs.map(|(index, value)| (index as i32, *value)).unzip();
    Value::sparse(elements.len() as i32, indices, values)
}
