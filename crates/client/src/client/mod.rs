//! A house seen from outside: the committee file, its keys, and the members' front doors.

use core::sync::atomic::{AtomicU16, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::stream::{FuturesUnordered, StreamExt};
use sealbid_crypto::CommitteeKeys;
use sealbid_net::door::{DoorAddress, DoorClient};
use sealbid_types::codec::{decode, encode};
use sealbid_types::committee::Committee;
use sealbid_types::door::{EnvelopeStatus, Head, Request, Response, RoundSummary};
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::record::RoundRecord;

use crate::committee::{CommitteeFile, CommitteeFileError};
use crate::entropy::fresh;
use crate::error::{ClientError, Fault};
use crate::records::{RecordDirectory, RecordFileError};
use crate::round::VerifiedRound;
use crate::standing::Standing;
use crate::submit::{Failures, Unanswered};
use crate::watch::Watch;

/// After how long without an answer the next member is asked too.
const HEDGE: Duration = Duration::from_millis(500);
/// How many verified rounds are kept.
const ROUNDS_KEPT: usize = 16;

/// One member's word on an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The member.
    pub member: MemberIndex,
    /// What it says.
    pub status: EnvelopeStatus,
}

/// A house: dials members when it needs them, and keeps the connections.
#[derive(Debug)]
pub struct Client {
    committee: CommitteeFile,
    doors: DoorClient,
    /// The members that answered when last asked, a bit each: they are asked first.
    answering: AtomicU16,
    rounds: Mutex<BTreeMap<Round, Arc<VerifiedRound>>>,
    pub(crate) records: Option<RecordDirectory>,
    /// Files at hand that did not verify.
    passed_over: Mutex<BTreeMap<Round, RecordFileError>>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The committee file cannot be used.
    #[error(transparent)]
    Committee(#[from] CommitteeFileError),
    /// This machine has no socket to give.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The runtime is shutting down.
    #[error("the runtime ended while the committee file was read")]
    Interrupted,
}

impl Client {
    /// The house of `committee`. Dials nobody.
    ///
    /// # Examples
    /// ```no_run
    /// use sealbid_client::{Client, CommitteeFile};
    ///
    /// # async fn example(bytes: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
    /// // From wherever the program has it: a file, its own configuration, compiled in.
    /// let client = Client::connect(CommitteeFile::read(bytes)?).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ClientError::Local`] if this machine has no socket to give.
    pub async fn connect(committee: CommitteeFile) -> Result<Self, ClientError> {
        let doors = DoorClient::new(None, DoorAddress::all(committee.committee()))
            .await
            .map_err(ClientError::Local)?;
        let (answering, rounds) = (AtomicU16::new(0), Mutex::default());
        Ok(Self {
            committee,
            doors,
            answering,
            rounds,
            records: None,
            passed_over: Mutex::default(),
        })
    }

    /// The house whose committee file is at `path`. Dials nobody.
    ///
    /// # Errors
    /// [`OpenError`]: the file's, or this machine's.
    ///
    /// # Examples
    /// ```no_run
    /// use sealbid_client::Client;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Client::open("house/committee.json").await?;
    /// let standing = client.standing().await?;
    /// println!("round {}, {} members alive", standing.round, standing.alive);
    /// client.close().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, OpenError> {
        let path = path.into();
        // Its arithmetic would hold up the other tasks of this thread.
        let read = tokio::task::spawn_blocking(move || CommitteeFile::load(&path)).await;
        let committee = read.map_err(|_| OpenError::Interrupted)??;
        Ok(Self::connect(committee).await?)
    }

    /// The same house, with other timeouts: for a connection, and for a request altogether.
    #[must_use]
    pub fn with_timeouts(mut self, connect: Duration, request: Duration) -> Self {
        self.doors = self.doors.with_timeouts(connect, request);
        self
    }

    /// The committee file.
    #[must_use]
    pub fn committee(&self) -> &Committee {
        self.committee.committee()
    }

    /// The committee's keys.
    #[must_use]
    pub fn keys(&self) -> &CommitteeKeys {
        self.committee.keys()
    }

    /// Where every member says it stands.
    pub async fn heads(&self) -> BTreeMap<MemberIndex, Result<Head, ClientError>> {
        let mut asked: FuturesUnordered<_> = self.all().map(|member| self.head(member)).collect();
        let mut heads = BTreeMap::new();
        while let Some((member, head)) = asked.next().await {
            heads.insert(
                member,
                head.map_err(|why| Failures::one(member, why).into()),
            );
        }
        heads
    }

    /// Where one member says it stands.
    ///
    /// # Errors
    /// [`ClientError`]: what came of that member.
    pub async fn head_of(&self, member: MemberIndex) -> Result<Head, ClientError> {
        let (member, head) = self.head(member).await;
        head.map_err(|why| Failures::one(member, why).into())
    }

    /// Where the house stands, by the first q members to answer; by fewer if no more do.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] or whatever else became of all of them.
    pub async fn standing(&self) -> Result<Standing, ClientError> {
        let mut asked: FuturesUnordered<_> = self.all().map(|member| self.head(member)).collect();
        let (mut heads, mut failures) = (BTreeMap::new(), Failures::default());
        while heads.len() < self.committee().quorum()
            && let Some((member, head)) = asked.next().await
        {
            match head {
                Ok(head) => _ = heads.insert(member, head),
                Err(why) => failures.add(member, why),
            }
        }
        Standing::of(heads).ok_or_else(|| failures.into())
    }

    /// One member's word on what became of an envelope.
    ///
    /// # Errors
    /// [`ClientError`] if no member answers.
    pub async fn status(&self, id: EnvelopeId) -> Result<Hint, ClientError> {
        let judge = |member, response| match response {
            Response::Status(status) => Ok(Hint { member, status }),
            _ => Err(Fault::NoAnswer),
        };
        self.first_good(&Request::Status(id), None, judge).await
    }

    /// A settled round, verified against the committee's key: by the record at hand
    /// ([`Self::with_records`]) if there is one that is right, else by a member's.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with `no-such-round` if it is not settled at any member that
    /// answers; [`ClientError`].
    pub async fn round(&self, round: Round) -> Result<Arc<VerifiedRound>, ClientError> {
        self.round_from(round, None).await
    }

    pub(crate) async fn round_from(
        &self,
        round: Round,
        member: Option<MemberIndex>,
    ) -> Result<Arc<VerifiedRound>, ClientError> {
        // The committee's signatures hold wherever a record lies, and a file costs no question.
        if let Some(known) = self.round_at_hand(round).await {
            return Ok(known);
        }
        let judge = |_, response| match response {
            Response::Record(record) => {
                VerifiedRound::verify(&self.committee, round, *record).map_err(Fault::from)
            }
            _ => Err(Fault::NoAnswer),
        };
        let verified = Arc::new(
            self.first_good(&Request::Round(round), member, judge)
                .await?,
        );
        self.keep_round(round, &verified);
        Ok(verified)
    }

    pub(crate) fn kept_round(&self, round: Round) -> Option<Arc<VerifiedRound>> {
        self.kept_rounds().get(&round).cloned()
    }

    pub(crate) fn keep_round(&self, round: Round, verified: &Arc<VerifiedRound>) {
        let mut kept = self.kept_rounds();
        kept.insert(round, verified.clone());
        if kept.len() > ROUNDS_KEPT {
            kept.pop_first();
        }
    }

    /// A settled round's record as one member shows it, unverified: an auditor's material.
    ///
    /// # Errors
    /// [`ClientError`]: what came of that member.
    pub async fn record_of(
        &self,
        member: MemberIndex,
        round: Round,
    ) -> Result<RoundRecord, ClientError> {
        match self.ask(member, &Request::Round(round)).await {
            Ok(Response::Record(record)) if record.close.round == round => Ok(*record),
            Ok(_) => Err(Failures::one(member, Unanswered::Fault(Fault::NoAnswer)).into()),
            Err(why) => Err(Failures::one(member, why).into()),
        }
    }

    /// The members, those first that answered when last asked.
    ///
    /// # Errors
    /// [`ClientError::Entropy`].
    pub fn members(&self) -> Result<Vec<MemberIndex>, ClientError> {
        self.order(None)
    }

    /// Summaries of settled rounds from `from` on, at most `count`: one member's word.
    ///
    /// # Errors
    /// [`ClientError`] if no member answers.
    pub async fn rounds(&self, from: Round, count: u16) -> Result<Vec<RoundSummary>, ClientError> {
        let judge = |_, response| match response {
            Response::Rounds(rounds) if rounds.len() <= usize::from(count) => Ok(rounds),
            _ => Err(Fault::NoAnswer),
        };
        self.first_good(&Request::Rounds { from, count }, None, judge)
            .await
    }

    /// The events at a member from now on; at another member's when that one goes.
    ///
    /// # Examples
    /// ```no_run
    /// use sealbid_client::Client;
    /// use sealbid_client::types::Event;
    ///
    /// # async fn example(client: &Client) -> Result<(), sealbid_client::ClientError> {
    /// let mut events = client.watch();
    /// loop {
    ///     // One member's word: `Client::round` gives what the committee has signed.
    ///     if let Event::Settled(summary) = events.next().await? {
    ///         println!("round {}: {} filled", summary.round, summary.filled);
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn watch(&self) -> Watch<'_> {
        Watch::new(self)
    }

    /// Closes all connections, for good: what is asked afterwards fails.
    pub async fn close(&self) {
        self.doors.close().await;
    }

    pub(crate) const fn doors(&self) -> &DoorClient {
        &self.doors
    }

    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = MemberIndex> + use<> {
        MemberIndex::all(self.committee().members())
    }

    fn kept_rounds(&self) -> std::sync::MutexGuard<'_, BTreeMap<Round, Arc<VerifiedRound>>> {
        self.rounds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn passed_over_now(
        &self,
    ) -> std::sync::MutexGuard<'_, BTreeMap<Round, RecordFileError>> {
        self.passed_over
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn head(&self, member: MemberIndex) -> (MemberIndex, Result<Head, Unanswered>) {
        let head = match self.ask(member, &Request::Head).await {
            Ok(Response::Head(head))
                if head.member == member && head.auction == self.committee().auction =>
            {
                Ok(head)
            }
            Ok(_) => Err(Unanswered::Fault(Fault::NoAnswer)),
            Err(why) => Err(why),
        };
        (member, head)
    }

    /// Asks one member.
    pub(crate) async fn ask(
        &self,
        member: MemberIndex,
        request: &Request,
    ) -> Result<Response, Unanswered> {
        let answer = self
            .doors
            .request(member, Bytes::from(encode(request)))
            .await;
        let bit = 1u16.checked_shl(u32::from(member.0)).unwrap_or_default();
        match &answer {
            Ok(_) => self.answering.fetch_or(bit, Ordering::Relaxed),
            Err(_) => self.answering.fetch_and(!bit, Ordering::Relaxed),
        };
        match decode(&answer.map_err(Unanswered::Door)?) {
            Ok(Response::Refused(refusal)) => Err(Unanswered::Refused(refusal)),
            Ok(response) => Ok(response),
            Err(_) => Err(Unanswered::Fault(Fault::NoAnswer)),
        }
    }

    /// Asks one member after another, the next when the former has failed or is slow, until
    /// `judge` takes an answer.
    pub(crate) async fn first_good<T>(
        &self,
        request: &Request,
        prefer: Option<MemberIndex>,
        judge: impl Fn(MemberIndex, Response) -> Result<T, Fault>,
    ) -> Result<T, ClientError> {
        let mut waiting = self.order(prefer)?.into_iter();
        let (mut asked, mut failures) = (FuturesUnordered::new(), Failures::default());
        let liars = most_liars(self.committee());
        loop {
            if let Some(member) = waiting.next() {
                asked.push(async move { (member, self.ask(member, request).await) });
            }
            let more = waiting.len() > 0;
            tokio::select! {
                answer = asked.next() => {
                    let Some((member, answer)) = answer else { return Err(failures.into()) };
                    let judged = answer.and_then(|response| {
                        judge(member, response).map_err(Unanswered::Fault)
                    });
                    match judged {
                        Ok(good) => return Ok(good),
                        Err(why) => failures.add(member, why),
                    }
                    if let Some(refused) = failures.agreed(liars) {
                        return Err(refused);
                    }
                }
                () = tokio::time::sleep(HEDGE), if more => {}
            }
        }
    }

    /// The members in the order they are asked: the preferred one; those that answered when last
    /// asked; the rest. Within that, from a random one on.
    pub(crate) fn order(
        &self,
        prefer: Option<MemberIndex>,
    ) -> Result<Vec<MemberIndex>, ClientError> {
        let [start] = *fresh::<1>()?;
        let answering = self.answering.load(Ordering::Relaxed);
        let n = self.committee().members().max(1);
        let mut members: Vec<_> = self.all().collect();
        members.rotate_left(usize::from(start % n));
        members.sort_by_key(|member| {
            let answers = answering.checked_shr(u32::from(member.0)).unwrap_or(0) & 1 == 1;
            (prefer != Some(*member), !answers)
        });
        Ok(members)
    }
}

/// How many members may lie under which a round closes once, `2q-n-1`: no more are expected to.
fn most_liars(committee: &Committee) -> usize {
    let both = committee.quorum().saturating_mul(2);
    both.saturating_sub(usize::from(committee.members()).saturating_add(1))
}

impl AsRef<CommitteeFile> for Client {
    fn as_ref(&self) -> &CommitteeFile {
        &self.committee
    }
}

#[cfg(test)]
mod tests;
