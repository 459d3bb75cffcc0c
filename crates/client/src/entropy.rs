//! Fresh randomness from the operating system.

use zeroize::Zeroizing;

use crate::error::ClientError;

/// `N` random bytes.
pub(crate) fn fresh<const N: usize>() -> Result<Zeroizing<[u8; N]>, ClientError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut *bytes)?;
    Ok(bytes)
}
