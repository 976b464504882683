//! The console's types can be generated, and none takes a name that belongs to somebody else.

use std::collections::BTreeMap;

use epoch_workflows::graph::Graph;
use epoch_workflows::migrate::Report;
use epoch_workflows::run::{Verdict, Waiting};
use epoch_workflows::words::NodeWords;
use epoch_workflows::{Command, Definition, Event, Run, diff::Diff};
use ts_rs::{Config, TS, TypeVisitor};

/// What belongs to the model and is used here as it is.
const OF_THE_MODEL: [&str; 4] = ["Better", "LeverValue", "Reversibility", "State"];

struct Names<'a>(&'a Config, BTreeMap<String, String>);

impl TypeVisitor for Names<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if T::output_path().is_some() && self.1.insert(T::ident(self.0), T::decl(self.0)).is_none() {
            T::visit_dependencies(self);
        }
    }
}

#[test]
fn every_type_says_that_it_is_of_workflows() {
    let config = Config::new().with_large_int("number");
    let mut names = Names(&config, BTreeMap::new());
    names.visit::<Definition>();
    names.visit::<Run>();
    names.visit::<Event>();
    names.visit::<Command>();
    names.visit::<Diff>();
    names.visit::<Graph>();
    names.visit::<Report>();
    names.visit::<Verdict>();
    names.visit::<Waiting>();
    names.visit::<NodeWords>();
    let others: Vec<&String> = names.1.keys().filter(|name| !name.starts_with("Workflow")).collect();
    assert_eq!(others, OF_THE_MODEL);
    assert!(names.1.len() > 40, "{}", names.1.len());
    assert!(names.1["WorkflowNode"].contains("\"kind\": \"effect\""), "{}", names.1["WorkflowNode"]);
}
