//! Roman numerals.

/// The numeral of 1 to 3999.
pub fn numeral(value: i32) -> String {
    const PARTS: [(i32, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let mut rest = value;
    let mut text = String::new();
    for (size, letters) in PARTS {
        while rest >= size {
            text += letters;
            rest -= size;
        }
    }
    text
}

/// The month (1 to 12) whose numeral the text starts with, longest first, and
/// the numeral's length.
pub fn month(text: &str) -> Option<(i32, usize)> {
    (1..=12)
        .map(|month| (month, numeral(month)))
        .filter(|(_, letters)| {
            text.get(..letters.len()).is_some_and(|head| head.eq_ignore_ascii_case(letters))
        })
        .max_by_key(|(_, letters)| letters.len())
        .map(|(month, letters)| (month, letters.len()))
}
