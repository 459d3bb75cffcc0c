//! The salts of versioned nonces.

use std::collections::BTreeMap;

use crate::verifier::Salt;

/// Which salts the Verifier takes: the current one, and each earlier one until it is invalidated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salts {
    current: Salt,
    /// Whether each is still taken.
    earlier: BTreeMap<Salt, bool>,
}

/// Why salts stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SaltRefused {
    /// A salt is never used a second time.
    #[error("the salt has been used before")]
    Used,
    /// There always is a current one: another one comes first.
    #[error("the current salt cannot be invalidated")]
    Current,
    /// There has been no such salt.
    #[error("there is no such salt")]
    Unknown,
}

impl Salts {
    /// One salt, and none before it.
    #[must_use]
    pub const fn new(current: Salt) -> Self {
        Self {
            current,
            earlier: BTreeMap::new(),
        }
    }

    /// The salt for new nonces.
    #[must_use]
    pub const fn current(&self) -> Salt {
        self.current
    }

    /// Whether nonces with `salt` are taken.
    #[must_use]
    pub fn takes(&self, salt: Salt) -> bool {
        salt == self.current || self.earlier.get(&salt).is_some_and(|valid| *valid)
    }

    /// Makes `salt` the current one. The one before stays valid.
    ///
    /// # Errors
    /// [`SaltRefused::Used`].
    pub fn rotate(&mut self, salt: Salt) -> Result<(), SaltRefused> {
        if salt == self.current || self.earlier.contains_key(&salt) {
            return Err(SaltRefused::Used);
        }
        self.earlier.insert(self.current, true);
        self.current = salt;
        Ok(())
    }

    /// Takes no nonces with `salt` any more.
    ///
    /// # Errors
    /// [`SaltRefused::Current`], [`SaltRefused::Unknown`].
    pub fn invalidate(&mut self, salt: Salt) -> Result<(), SaltRefused> {
        if salt == self.current {
            return Err(SaltRefused::Current);
        }
        *self.earlier.get_mut(&salt).ok_or(SaltRefused::Unknown)? = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_salts_are_taken_until_they_are_invalidated_and_never_come_back() {
        let (first, second) = ([1; 4], [2; 4]);
        let mut salts = Salts::new(first);
        assert_eq!(salts.invalidate(first), Err(SaltRefused::Current));
        assert_eq!(salts.invalidate(second), Err(SaltRefused::Unknown));
        salts.rotate(second).unwrap();
        assert_eq!(salts.current(), second);
        assert!(salts.takes(first) && salts.takes(second) && !salts.takes([3; 4]));
        salts.invalidate(first).unwrap();
        assert!(!salts.takes(first) && salts.takes(second));
        for used in [first, second] {
            assert_eq!(salts.rotate(used), Err(SaltRefused::Used));
        }
    }
}
