//! Regular expressions that JavaScript, Python and RE2 understand alike.

/// The text as a pattern that matches nothing else.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\^$.|?*+()[]{}".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// The pattern with `.` spelt out, and whether it ends in `$`, which some engines let match before a last line's end.
/// An error says what is understood differently from engine to engine.
pub fn portable(text: &str) -> Result<(String, bool), String> {
    let refuse = |what: &str| Err(format!("the pattern “{text}” has {what}, which SDKs understand differently"));
    let mut out = String::with_capacity(text.len());
    let mut chars = text.char_indices().peekable();
    let (mut in_class, mut depth, mut alternatives, mut guarded) = (false, 0_usize, false, false);
    // Whether what stands before may have matched a line's end.
    let mut lines = false;
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, c)| *c);
        if !c.is_ascii() || c.is_ascii_control() {
            return refuse("characters beyond ASCII");
        }
        if in_class {
            match c {
                '\\' if next.is_some_and(|c| c.is_ascii_punctuation()) => {
                    out.push(c);
                    out.extend(chars.next().map(|(_, c)| c));
                    continue;
                }
                '\\' => return refuse("a class of characters by name"),
                '[' | '&' | '~' => return refuse("a class within a class"),
                ']' => in_class = false,
                _ => {}
            }
            out.push(c);
            continue;
        }
        match c {
            '\\' => match next {
                Some(escaped) if escaped.is_ascii_punctuation() && !"<>".contains(escaped) => {
                    out.push(c);
                    out.push(escaped);
                    chars.next();
                    continue;
                }
                _ => return refuse("an escape by letter"),
            },
            '[' => {
                in_class = true;
                out.push(c);
                if next == Some('^') {
                    lines = true;
                    out.push('^');
                    chars.next();
                    // One character here is two units elsewhere.
                    if !repeats_freely(text, at) {
                        return refuse("a single character of almost any kind");
                    }
                }
                if chars.peek().is_some_and(|(_, c)| *c == ']' || *c == '-') {
                    return refuse("a bracket or a dash first in a class");
                }
                continue;
            }
            '.' => {
                if !matches!(next, Some('*' | '+')) {
                    return refuse("a single character of any kind");
                }
                out.push_str("[^\\n]");
                continue;
            }
            '(' if next == Some('?') => return refuse("a group with options"),
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' => alternatives |= depth == 0,
            '^' if at != 0 => return refuse("^ in the middle"),
            '$' if next.is_some() => return refuse("$ in the middle"),
            '$' => guarded = true,
            '*' | '+' | '?' | '}' if next == Some('+') => return refuse("a possessive repetition"),
            '{' if !next.is_some_and(|c| c.is_ascii_digit()) => return refuse("a bare brace"),
            _ => {}
        }
        out.push(c);
    }
    if guarded && (alternatives || lines) {
        return refuse("$ where a line's end may stand before it");
    }
    Ok((out, guarded))
}

/// Whether the class that begins at `at` is followed by `*` or `+`.
fn repeats_freely(text: &str, at: usize) -> bool {
    let class = text.get(at..).unwrap_or_default();
    let mut escaped = false;
    for (i, c) in class.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => return matches!(class.get(i + 1..).and_then(|rest| rest.chars().next()), Some('*' | '+')),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_engines_share_passes() {
        for (text, expect) in [
            ("^a+b?c*$", Some(("^a+b?c*$", true))),
            ("(Mobile|Tablet)", Some(("(Mobile|Tablet)", false))),
            ("^[a-z0-9_]{2,4}@acme\\.com$", Some(("^[a-z0-9_]{2,4}@acme\\.com$", true))),
            ("a.*b", Some(("a[^\\n]*b", false))),
            ("[^@]+@", Some(("[^@]+@", false))),
            ("a.b", None),
            ("[^@]@", None),
            ("\\d+", None),
            ("(?i)a", None),
            ("a|b$", None),
            ("[^@]+$", None),
            ("ä", None),
            ("a$b", None),
            ("[[:alpha:]]", None),
            ("a++", None),
        ] {
            let got = portable(text).ok();
            assert_eq!(got.as_ref().map(|(t, g)| (t.as_str(), *g)), expect, "{text}");
        }
        assert_eq!(escape("a.b(c)/d"), "a\\.b\\(c\\)/d");
    }
}
