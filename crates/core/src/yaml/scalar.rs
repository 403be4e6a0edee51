//! Values as people write them, and the words for those that are wrong.

/// A value that is one text of a file.
pub(crate) trait Written: Sized {
    /// What would be right, as the end of a fault: a sentence's part, without a full stop.
    const RIGHT: &'static str;

    /// The value, or what is wrong with the text, as the rest of a sentence that starts with it.
    fn read(text: &str) -> Result<Self, String>;
}

impl Written for String {
    const RIGHT: &'static str = "a text";

    fn read(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() { Err("says nothing".into()) } else { Ok(text.to_owned()) }
    }
}

/// `a`, `b` and `c`.
pub(crate) fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// The word that was probably meant.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase().replace('_', "-");
    let distances = known.iter().map(|word| (strsim::damerau_levenshtein(&name, word), *word));
    let (_, word) =
        distances.filter(|(distance, word)| *distance <= 1 + word.len() / 4).min_by_key(|(distance, _)| *distance)?;
    Some(word)
}
