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

/// The known word of [`closest`], if no other one is nearly as close.
pub(crate) fn only_close<'a>(misspelt: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = closest(misspelt, known)?;
    let distance = |word: &str| strsim::damerau_levenshtein(misspelt, word);
    let others = known.iter().filter(|other| **other != word);
    others.map(|other| distance(other)).all(|other| other > distance(word) + 1).then_some(word)
}

/// Returns the known word that a misspelt one probably means. Case and separators do not count: `source-version`
/// is `sourceVersion`.
pub(crate) fn closest<'a>(misspelt: &str, known: &[&'a str]) -> Option<&'a str> {
    let letters = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    let misspelt = letters(misspelt);
    let distances = known.iter().map(|word| (strsim::damerau_levenshtein(&misspelt, &letters(word)), *word));
    let (_, word) =
        distances.filter(|(distance, word)| *distance <= 1 + word.len() / 4).min_by_key(|(distance, _)| *distance)?;
    Some(word)
}
