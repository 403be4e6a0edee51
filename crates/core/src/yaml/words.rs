//! Lists of words and suggestions in messages.

/// Quotes and joins words: `` `a`, `b` and `c` ``.
pub(crate) fn quoted_list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// The known word that a misspelt one was probably meant to be, whatever its case and separators:
/// `source-version` is `sourceVersion`.
pub(crate) fn closest<'a>(misspelt: &str, known: &[&'a str]) -> Option<&'a str> {
    let letters = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    let misspelt = letters(misspelt);
    let distances = known.iter().map(|word| (strsim::damerau_levenshtein(&misspelt, &letters(word)), *word));
    let (_, word) =
        distances.filter(|(distance, word)| *distance <= 1 + word.len() / 4).min_by_key(|(distance, _)| *distance)?;
    Some(word)
}
