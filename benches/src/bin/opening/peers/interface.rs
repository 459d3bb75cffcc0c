//! The interface of `threshold_crypto`, which `blsttc` took over: both are used by the same code.
//!
//! It is a macro, since the two crates have the same names and no trait in common, and speak two
//! generations of rand.

/// An engine by the crate `$package`, which speaks the generation `$rand` of rand: as the example
/// `threshold_enc` of `threshold_crypto` and the documentation of both use them.
macro_rules! engine {
    ($name:literal, $package:ident, $rand:ident) => {
        use sealbid_benches::Fallible;
        use $package::{Ciphertext, DecryptionShare, PublicKeySet, PublicKeyShare, SecretKeySet};
        use $rand::SeedableRng;
        use $rand::rngs::StdRng;

        use crate::engine::{Costs, Engine, Opened, Setting, timed};
        use crate::peers::{MOST, SEED};

        pub(crate) const NAME: &str = $name;

        pub(crate) const ENGINE: Engine = Engine {
            name: NAME,
            stays_sealed: "the rest",
            // A ciphertext is bound to nothing beside it.
            labelled: "no",
            most: MOST,
            run,
        };

        fn run(setting: &Setting<'_>, plaintexts: &[Vec<u8>]) -> Fallible<Opened> {
            let count = plaintexts.len();
            let mut rng = StdRng::seed_from_u64(SEED);
            // Of degree q - 1, so that q shares open.
            let secrets = SecretKeySet::random(usize::from(setting.q).saturating_sub(1), &mut rng);
            let keys = secrets.public_keys();
            let key = keys.public_key();
            let (seal, sealed) = timed(count, || {
                let seal = |plaintext| key.encrypt_with_rng(&mut rng, plaintext);
                Ok(plaintexts.iter().map(seal).collect::<Vec<_>>())
            })?;
            let (admit, right) = timed(count, || Ok(sealed.iter().all(Ciphertext::verify)))?;
            // What it has sealed itself has to pass, or it was used wrongly.
            if !right {
                return Err(concat!($name, " refuses its own ciphertext").into());
            }
            let members = usize::from(setting.n);
            // Each is a whole evaluation in the group: the example makes them once, too.
            let member_keys: Vec<_> = (0..members).map(|i| keys.public_key_share(i)).collect();
            let (share, shares) = timed(count * members, || share_all(&secrets, members, &sealed))?;
            let (open, plaintexts) = timed(count, || {
                let opened = sealed.iter().zip(&shares);
                opened
                    .map(|(sealed, shares)| {
                        // All n of them, and only then the first q decrypt: neither crate combines
                        // first.
                        check_shares(&member_keys, sealed, shares)?;
                        open(&keys, setting.q, sealed, shares)
                    })
                    .collect()
            })?;
            let costs = Costs {
                seal,
                admit,
                share,
                open,
                // `decrypt_share` verifies the ciphertext, which then counts once.
                share_admits: true,
                ..Costs::default()
            };
            Ok(Opened { costs, plaintexts })
        }

        /// All members' shares of each ciphertext; making one verifies the ciphertext.
        fn share_all(
            secrets: &SecretKeySet,
            members: usize,
            sealed: &[Ciphertext],
        ) -> Fallible<Vec<Vec<DecryptionShare>>> {
            let keys: Vec<_> = (0..members).map(|i| secrets.secret_key_share(i)).collect();
            let share = |sealed| {
                let of_members = keys.iter().map(|key| key.decrypt_share(sealed));
                Ok(of_members.collect::<Option<_>>().ok_or("no share")?)
            };
            sealed.iter().map(share).collect()
        }

        fn check_shares(
            member_keys: &[PublicKeyShare],
            sealed: &Ciphertext,
            shares: &[DecryptionShare],
        ) -> Fallible<()> {
            let mut pairs = member_keys.iter().zip(shares);
            match pairs.all(|(key, share)| key.verify_decryption_share(share, sealed)) {
                true => Ok(()),
                false => Err(concat!($name, " refuses its own share").into()),
            }
        }

        /// Decrypts by the first q shares.
        fn open(
            keys: &PublicKeySet,
            quorum: u8,
            sealed: &Ciphertext,
            shares: &[DecryptionShare],
        ) -> Fallible<Vec<u8>> {
            let first = shares.iter().enumerate().take(quorum.into());
            let opened = keys.decrypt(first, sealed);
            Ok(opened.map_err(|error| error.to_string())?)
        }
    };
}

pub(crate) use engine;
