//! A store against a map in memory.

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_store_is_a_map_that_survives(
        sessions in prop::collection::vec(prop::collection::vec(some_writes(), 0..4), 1..4),
        from in prop::collection::vec(0..3u8, 0..3),
        limit in 0..4usize,
    ) {
        let (_directory, path) = place();
        let mut model = Model::new();
        for session in sessions {
            let store = Store::open(&path, identity()).unwrap();
            prop_assert_eq!(&content(&store).unwrap(), &model);
            for writes in session {
                store.commit(&writes).unwrap();
                apply(&mut model, &writes);
            }
            prop_assert_eq!(&content(&store).unwrap(), &model);
            for table in Table::ALL {
                let expected: Vec<_> = model
                    .range((table, from.clone())..)
                    .take_while(|((of, _), _)| *of == table)
                    .take(limit)
                    .map(|((_, key), value)| (key.clone(), value.clone()))
                    .collect();
                prop_assert_eq!(store.range(table, &from, limit).unwrap(), expected);
            }
        }
    }
}
