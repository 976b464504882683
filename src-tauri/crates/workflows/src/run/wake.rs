//! The clock: what is due goes on, what took too long fails or goes its own way.

use epoch_model::time::Millis;

use super::turn::Turn;
use super::{Answer, State, WaitOn};

impl Turn<'_> {
    /// Moves all that is due by now, the earliest first.
    pub fn wake(&mut self) {
        match self.run.state {
            State::Compensating => return self.wake_undoing(),
            State::Running | State::Waiting => {}
            _ => return,
        }
        if self.run.lives_until <= self.now {
            let days = (self.run.lives_until - self.run.started_at) / epoch_model::time::DAY;
            return self.quarantine(&format!("it lived for {days} days, the longest it may"));
        }
        let mut due: Vec<(Millis, u32, String)> = Vec::new();
        for token in &self.run.tokens {
            let Some(wait) = &token.wait else { continue };
            if let Some(at) = [wait.due, wait.until].into_iter().flatten().min().filter(|at| *at <= self.now) {
                due.push((at, token.id, wait.key.clone()));
            }
        }
        due.sort();
        for (_, id, key) in due {
            // One that went before may have withdrawn this one.
            let still = self.token(id).and_then(|token| token.wait.as_ref()).is_some_and(|wait| wait.key == key);
            if still && self.is_live() {
                self.wake_token(id);
                self.drive();
            }
        }
    }

    fn wake_token(&mut self, id: u32) {
        let Some(token) = self.token(id) else { return };
        let Some(node) = self.node(&token.node) else { return };
        let Some(wait) = token.wait.clone() else { return };
        let late = wait.until.is_some_and(|until| until <= self.now && wait.due.is_none_or(|due| until < due));
        if late {
            let visit = token.visit;
            if let Some(token) = self.token_mut(id) {
                token.wait = None;
            }
            self.withdraw(&node.key, visit, wait, "it took too long");
            match node.timeout.as_ref().and_then(|timeout| timeout.next.as_ref()) {
                Some(way) => {
                    self.note(Some(&node.key), "it took too long");
                    self.go(id, std::slice::from_ref(way));
                }
                None => self.fail(id, "it took too long"),
            }
            return;
        }
        match wait.on {
            WaitOn::Time => {
                self.outside();
                self.go(id, &node.next);
            }
            WaitOn::Pause => self.again(id),
            WaitOn::Founder => {
                self.withdraw(&node.key, token.visit, wait, "the time to answer is over");
                if let Err(error) = self.chosen(id, node, &Answer::Silence) {
                    self.fail(id, &error.message);
                }
            }
            _ => {}
        }
    }

    fn wake_undoing(&mut self) {
        if let Some(undoing) = &self.run.undoing {
            if undoing.due.is_some_and(|due| due <= self.now) {
                self.ask_undo();
            }
            return;
        }
        let late: Vec<_> = self.run.settling.iter().filter(|s| s.until <= self.now).cloned().collect();
        self.run.settling.retain(|s| s.until > self.now);
        if let Some(ending) = &mut self.run.ending {
            ending.unknown.extend(late.into_iter().map(|settling| settling.node));
        }
        self.undo_next();
    }
}
