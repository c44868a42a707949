//! How deeply a parse tree is nested, measured on its encoded form.
//!
//! Decoding, binding and dropping a tree recurse, so a tree that is too deep
//! must be refused before any of that. The encoded bytes are walked with an
//! explicit stack: a length-delimited field is entered as if it were a message
//! and, when its bytes are not one (a string), left again. A string can look
//! like a message by accident for a few levels, so the result may be slightly
//! more than the true depth and is never less.

/// Nested messages; one node of the tree is about two of them.
pub(super) fn nesting(bytes: &[u8]) -> usize {
    let mut ends = vec![bytes.len()];
    let mut position = 0;
    let mut deepest = 0;
    while let Some(&end) = ends.last() {
        if position >= end {
            ends.pop();
            continue;
        }
        match field(bytes, position, end) {
            Some(Field::Skip(next)) => position = next,
            Some(Field::Enter(start, inner_end)) => {
                position = start;
                ends.push(inner_end);
                deepest = deepest.max(ends.len() - 1);
            }
            None => {
                position = end;
                ends.pop();
            }
        }
    }
    deepest
}

enum Field {
    /// A scalar: go on at this position.
    Skip(usize),
    /// Length-delimited: its contents.
    Enter(usize, usize),
}

/// The field at `position`, or `None` when the bytes up to `end` are no message.
fn field(bytes: &[u8], position: usize, end: usize) -> Option<Field> {
    let (tag, position) = varint(bytes, position, end)?;
    if tag >> 3 == 0 {
        return None;
    }
    let next = match tag & 7 {
        0 => varint(bytes, position, end)?.1,
        1 => position + 8,
        5 => position + 4,
        2 => {
            let (length, start) = varint(bytes, position, end)?;
            let inner_end = start.checked_add(usize::try_from(length).ok()?)?;
            return (inner_end <= end).then_some(Field::Enter(start, inner_end));
        }
        _ => return None,
    };
    (next <= end).then_some(Field::Skip(next))
}

fn varint(bytes: &[u8], mut position: usize, end: usize) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        if position >= end {
            return None;
        }
        let byte = bytes[position];
        position += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value, position));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::nesting;

    #[test]
    fn nesting_counts_messages_within_messages() {
        assert_eq!(nesting(&[]), 0);
        assert_eq!(nesting(&[0x08, 0x01]), 0);
        assert_eq!(nesting(&[0x0a, 0x02, 0x08, 0x01]), 1);
        assert_eq!(nesting(&[0x0a, 0x04, 0x0a, 0x02, 0x08, 0x01]), 2);
    }

    #[test]
    fn bytes_that_are_no_message_count_one_level() {
        assert_eq!(nesting(&[0x0a, 0x03, 0xff, 0xff, 0xff]), 1);
    }
}
