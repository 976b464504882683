//! What may be asked of the levers of an open business, and done to them.

use std::sync::Arc;

use epoch_levers::{Book as _, Compiled};
use epoch_model::{Code, Error, Result};

use super::{LeverChange, LeverHealth, Past, Seen, examine};
use crate::clock::machine_now;
use crate::config::{self, Config};
use crate::host::Host;

impl Host {
    /// The levers in force.
    pub fn levers(&self) -> Arc<Compiled> {
        self.inner.published.current()
    }

    /// Who reads levers, last seen first.
    pub fn lever_readers(&self) -> Vec<Seen> {
        self.inner.readers.all()
    }

    /// A lever's changes, newest first.
    pub fn lever_history(&self, key: &str) -> Result<Vec<LeverChange>> {
        self.inner.published.history(key)
    }

    /// How each of these levers fares, in their order.
    pub fn lever_health(&self, levers: &Compiled) -> Vec<LeverHealth> {
        let (seen, past) = (self.lever_readers(), Past(self.inner.published.kept()));
        let now = machine_now();
        levers.flags().iter().map(|flag| examine(flag, &past, &seen, now)).collect()
    }

    /// Switches a lever off (everybody gets the default) or on again, in `business.toml`; in force when this returns. A
    /// mistake elsewhere in the file does not stand in the way, as long as the file is TOML.
    pub fn switch_lever(&self, key: &str, off: bool, actor: &str) -> Result<()> {
        let in_force = self.config();
        if in_force.business.levers.iter().all(|l| l.key != key) {
            let known: Vec<&str> = in_force.business.levers.iter().map(|l| l.key.as_str()).collect();
            let hint = if known.is_empty() { "declare one in business.toml".into() } else { known.join(", ") };
            return Err(Error::new(Code::NotFound, format!("there is no lever “{key}”"), format!("there are: {hint}")));
        }
        let on_disk = config::read_text(&self.inner.folder.toml())?;
        let text = switched(&on_disk, key, off)?;
        config::write_whole(&self.inner.folder.toml(), text.as_bytes())?;
        let config = if let Ok(business) = self.inner.checked(&text) {
            Config { text, business, ..in_force }
        } else {
            // The file is refused for something else: what is in force is switched, and the file was, too, so that mending
            // the mistake does not switch it back.
            let text = switched(&in_force.text, key, off)?;
            in_force.with_text(text).map_err(|p| config::refusal(&p))?
        };
        self.inner.take_config(config, actor)?;
        self.inner.publish_if_alone();
        Ok(())
    }
}

/// The text with one lever's `off` set; everything else, comments included, stays.
fn switched(text: &str, key: &str, off: bool) -> Result<String> {
    let bad = |e: toml_edit::TomlError| Error::new(Code::ConfigInvalid, e.to_string(), "mend business.toml first");
    let mut document: toml_edit::DocumentMut = text.parse().map_err(bad)?;
    let tables = document.get_mut("lever").and_then(toml_edit::Item::as_array_of_tables_mut);
    let is_it = |t: &&mut toml_edit::Table| t.get("key").and_then(toml_edit::Item::as_str) == Some(key);
    let lever = tables.and_then(|tables| tables.iter_mut().find(is_it));
    let Some(lever) = lever else {
        let message = format!("business.toml on disk has no table [[lever]] with the key “{key}”");
        return Err(Error::new(Code::ConfigInvalid, message, "declare levers as [[lever]] tables"));
    };
    match lever.get_mut("off").and_then(toml_edit::Item::as_value_mut) {
        Some(value) => {
            let decor = value.decor().clone();
            *value = off.into();
            *value.decor_mut() = decor;
        }
        None if off => {
            lever.insert("off", toml_edit::value(true));
        }
        None => {}
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_touches_one_line_and_no_comment() {
        let text = "# mine\n[[lever]] # first\nkey = \"a\" # the key\ndefault = false\n\n[[lever.rule]]\nkey = \"r\"\n\n\
                    [[lever]]\nkey = \"b\"\noff = false # until May\n";
        let killed = switched(text, "a", true).expect("a text");
        assert_eq!(killed, text.replace("default = false\n", "default = false\noff = true\n"));
        let killed = switched(text, "b", true).expect("a text");
        assert_eq!(killed, text.replace("off = false # until May", "off = true # until May"));
        assert_eq!(switched(&killed, "b", false).expect("a text"), text);
        assert_eq!(switched(text, "a", false).expect("a text"), text);
        assert_eq!(switched(text, "c", true).map_err(|e| e.code), Err(Code::ConfigInvalid));
        assert_eq!(switched("a = ", "c", true).map_err(|e| e.code), Err(Code::ConfigInvalid));
    }
}
