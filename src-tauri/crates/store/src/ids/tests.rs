use std::collections::HashSet;

use rusqlite::Connection;

use super::Ids;

fn database() -> Connection {
    let db = Connection::open_in_memory().unwrap();
    for tables in [super::TABLES, crate::checkpoint::TABLES, crate::log::TABLES] {
        db.execute_batch(tables).unwrap();
    }
    db
}

/// Ids on a small grid, so that duplicates are common; xorshift, seeded.
fn id(state: &mut u64, of: u64) -> [u8; 16] {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    let mut id = [7; 16];
    id[..8].copy_from_slice(&(*state % of).to_be_bytes());
    id
}

#[test]
fn says_the_same_as_a_set_through_merges_and_rollbacks() {
    let db = database();
    let mut ids = Ids::load(&db, 50).unwrap();
    let mut oracle = HashSet::new();
    let (mut state, mut known, mut position) = (42, Vec::new(), 0);
    for round in 0..600 {
        let batch: Vec<_> = (0..round % 37).map(|_| id(&mut state, 30_000)).collect();
        let tx = db.unchecked_transaction().unwrap();
        ids.add(&tx, &batch, &mut known).unwrap();
        let mut trial = oracle.clone();
        let expected: Vec<bool> = batch.iter().map(|id| !trial.insert(*id)).collect();
        assert_eq!(known, expected, "round {round}");
        ids.write(&tx, position, 300).unwrap();
        if round % 23 == 10 {
            drop(tx);
            ids.rolled_back();
        } else {
            tx.commit().unwrap();
            ids.committed();
            position += known.iter().filter(|k| !**k).count() as u64;
            oracle = trial;
        }
        assert_eq!(ids.len(), oracle.len() as u64, "round {round}");
    }
    assert!(ids.runs.iter().any(|r| r.level > 1), "no second level was reached");
    assert!(ids.runs.len() < 30, "{} runs are left", ids.runs.len());
}
