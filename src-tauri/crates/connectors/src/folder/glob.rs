//! `*`, `**` and `?` over paths.

/// Whether `path` (with `/` between its parts) fits `pattern`; a pattern without `/` is compared with the file's name.
pub fn fits(pattern: &str, path: &str) -> bool {
    let path = if pattern.contains('/') { path } else { path.rsplit('/').next().unwrap_or(path) };
    let (pattern, path): (Vec<char>, Vec<char>) = (pattern.chars().collect(), path.chars().collect());
    walk(&pattern, &path)
}

/// Each row of the table says which beginnings of the path the beginning of the pattern fits, so that no pattern takes long.
fn walk(pattern: &[char], path: &[char]) -> bool {
    let mut fits = vec![false; path.len() + 1];
    fits[0] = true;
    let mut at = 0;
    while let Some(sign) = pattern.get(at) {
        at += 1;
        let mut next = vec![false; path.len() + 1];
        if *sign == '*' {
            let deep = pattern.get(at) == Some(&'*');
            if deep {
                at += 1;
                // `**/` may stand for no folder at all.
                if pattern.get(at) == Some(&'/') {
                    at += 1;
                    for i in 0..=path.len() {
                        let after = i > 0 && path[i - 1] == '/' && fits[..i].contains(&true);
                        next[i] = fits[i] || after;
                    }
                    fits = next;
                    continue;
                }
            }
            for i in 0..=path.len() {
                next[i] = fits[i] || (i > 0 && next[i - 1] && (deep || path[i - 1] != '/'));
            }
        } else {
            for i in 1..=path.len() {
                next[i] = fits[i - 1] && (*sign == path[i - 1] || (*sign == '?' && path[i - 1] != '/'));
            }
        }
        fits = next;
    }
    fits[path.len()]
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns() {
        for (pattern, path, expect) in [
            ("*.csv", "a.csv", true),
            ("*.csv", "sub/a.csv", true),
            ("*.csv", "a.csv.gz", false),
            ("*.csv*", "a.csv.gz", true),
            ("orders-?.csv", "orders-1.csv", true),
            ("orders-?.csv", "orders-12.csv", false),
            ("sub/*.csv", "sub/a.csv", true),
            ("sub/*.csv", "sub/deep/a.csv", false),
            ("sub/**/*.csv", "sub/deep/er/a.csv", true),
            ("sub/**/*.csv", "sub/a.csv", true),
            ("**/*.csv", "a.csv", true),
            ("**/*.csv", "x/y/a.csv", true),
            ("", "a", false),
            ("*", "a", true),
            ("**", "x/a", true),
        ] {
            assert_eq!(fits(pattern, path), expect, "{pattern} {path}");
        }
        assert!(!fits(&"*a".repeat(200), &"a".repeat(199)));
    }
}
