//! Ids, assets, amounts, time, envelopes, terms, fills and their encoding.
