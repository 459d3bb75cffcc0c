//! Intents for solvers, settlements for relayers.
//!
//! A member produces one stream of all intents, one of those of each directed pair that some
//! solver asks for, and one of settlements. mosaik cannot end a producer, so the stream of a pair
//! begins when a solver that holds a ticket wears its id as a tag *and* an intent reveals the
//! pair. What cannot be sent yet waits a few seconds, for those who are just coming.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use mosaik::discovery::Catalog;
use mosaik::streams::Producer;
use mosaik::streams::producer::BuilderError;
use mosaik::{StreamId, Tag};
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::time::Instant;

use super::frame::{Frame, MAX_ITEM};
use super::subscription::{ALIVE, Source, stream_id};
use super::tickets::TicketCheck;
use super::{Context, Counters};
use crate::PeerId;
use crate::ticket::Role;

/// The name of the streams of intents.
const INTENTS: &str = "sealbid.intents.v1";
/// The name of the stream of settlements.
const SETTLEMENTS: &str = "sealbid.settlements.v1";
/// Frames that wait for a consumer's connection.
const BUFFER: usize = 1024;
/// Items that wait to be published.
const QUEUE: usize = 4096;
/// Items that wait for somebody to listen, a stream.
const BACKLOG: usize = 256;
/// How long they wait.
const FRESH: Duration = Duration::from_secs(10);
/// How often it is looked whether somebody listens now.
const FLUSH: Duration = Duration::from_millis(100);
/// Pairs that have a stream.
const PAIRS: usize = 1024;
/// Pairs that one solver may ask for.
const PAIRS_A_SOLVER: usize = 256;

/// The streams of a house, at either end.
pub(super) struct Streams {
    context: Context,
    /// Members only.
    publisher: Option<mpsc::Sender<Publication>>,
    members: TicketCheck,
}

enum Publication {
    Intent(Option<StreamId>, Bytes),
    Settlement(Bytes),
}

impl Streams {
    pub(super) fn start(context: &Context) -> Self {
        let publisher = context.config.member().map(|_| {
            let (publisher, items) = mpsc::channel(QUEUE);
            tokio::spawn(Publisher::new(context.clone()).run(items));
            publisher
        });
        let members = TicketCheck::new(&context.config, &[Role::Member]);
        Self {
            context: context.clone(),
            publisher,
            members,
        }
    }

    pub(super) fn publish_intent(&self, pair: Option<(&str, &str)>, item: &Bytes) {
        let pair = pair.map(|(asset_in, asset_out)| self.pair(asset_in, asset_out));
        self.publish(Publication::Intent(pair, item.clone()), item.len());
    }

    pub(super) fn publish_settlement(&self, item: &Bytes) {
        self.publish(Publication::Settlement(item.clone()), item.len());
    }

    fn publish(&self, publication: Publication, bytes: usize) {
        let Some(publisher) = &self.publisher else {
            return;
        };
        if bytes > MAX_ITEM || publisher.try_send(publication).is_err() {
            Counters::add(&self.context.counters.stream_full);
        }
    }

    pub(super) fn subscribe_intents(
        &self,
        pairs: &[(String, String)],
    ) -> mpsc::Receiver<(PeerId, Bytes)> {
        let pairs: Vec<_> = pairs.iter().map(|(from, to)| self.pair(from, to)).collect();
        if pairs.is_empty() {
            return self.subscribe(&[all_intents(&self.context)]);
        }
        self.context.network.discovery().add_tags(pairs.clone());
        self.subscribe(&pairs)
    }

    pub(super) fn subscribe_settlements(&self) -> mpsc::Receiver<(PeerId, Bytes)> {
        self.subscribe(&[settlements(&self.context)])
    }

    fn pair(&self, asset_in: &str, asset_out: &str) -> StreamId {
        let auction = &self.context.config.auction;
        stream_id(
            INTENTS,
            &[auction, asset_in.as_bytes(), asset_out.as_bytes()],
        )
    }

    /// Reads some streams of every member into one channel.
    fn subscribe(&self, streams: &[StreamId]) -> mpsc::Receiver<(PeerId, Bytes)> {
        let (items, receiver) = mpsc::channel(QUEUE);
        for entry in self.context.config.others() {
            for stream in streams {
                let source = Source {
                    producer: entry.peer,
                    stream: *stream,
                    check: Some(self.members.clone()),
                };
                let take = self.receiver(entry.peer, items.clone());
                tokio::spawn(source.read(self.context.clone(), take));
            }
        }
        receiver
    }

    fn receiver(
        &self,
        from: PeerId,
        items: mpsc::Sender<(PeerId, Bytes)>,
    ) -> impl FnMut(Frame) -> bool + Send + use<> {
        let counters = Arc::clone(&self.context.counters);
        move |frame| {
            if let Frame::Item(item) = frame
                && let Err(TrySendError::Full(_)) = items.try_send((from, item))
            {
                Counters::add(&counters.stream_full);
            }
            !items.is_closed()
        }
    }
}

fn all_intents(context: &Context) -> StreamId {
    stream_id(INTENTS, &[&context.config.auction])
}

fn settlements(context: &Context) -> StreamId {
    stream_id(SETTLEMENTS, &[&context.config.auction])
}

/// A member's end of the streams.
struct Publisher {
    context: Context,
    solvers: TicketCheck,
    intents: Outlet,
    settlements: Outlet,
    pairs: BTreeMap<StreamId, Outlet>,
    /// The pairs that solvers ask for.
    wanted: BTreeSet<StreamId>,
}

impl Publisher {
    fn new(context: Context) -> Self {
        let solvers = TicketCheck::new(&context.config, &[Role::Solver]);
        let readers = TicketCheck::new(&context.config, &[Role::Relayer, Role::Solver, Role::User]);
        let intents = Outlet::open(&context, all_intents(&context), &solvers);
        let settlements = Outlet::open(&context, settlements(&context), &readers);
        let (pairs, wanted) = (BTreeMap::new(), BTreeSet::new());
        Self {
            context,
            solvers,
            intents,
            settlements,
            pairs,
            wanted,
        }
    }

    async fn run(mut self, mut items: mpsc::Receiver<Publication>) {
        let mut catalog = self.context.network.discovery().catalog_watch();
        let mut alive = tokio::time::interval(ALIVE);
        let mut flush = tokio::time::interval(FLUSH);
        let leaving = self.context.leaving.clone();
        catalog.mark_changed();
        loop {
            tokio::select! {
                () = leaving.cancelled() => return,
                item = items.recv() => match item {
                    Some(item) => self.publish(item),
                    None => return,
                },
                changed = catalog.changed() => match changed {
                    Ok(()) => {
                        let snapshot = catalog.borrow_and_update().clone();
                        self.wanted = wanted(&snapshot, &self.solvers);
                    }
                    Err(_) => return,
                },
                _ = alive.tick() => self.outlets().for_each(Outlet::show_alive),
                _ = flush.tick() => self.outlets().for_each(Outlet::flush),
            }
        }
    }

    fn outlets(&mut self) -> impl Iterator<Item = &mut Outlet> {
        [&mut self.intents, &mut self.settlements]
            .into_iter()
            .chain(self.pairs.values_mut())
    }

    fn publish(&mut self, publication: Publication) {
        match publication {
            Publication::Settlement(item) => self.settlements.publish(item),
            Publication::Intent(pair, item) => {
                if let Some(outlet) = pair.and_then(|pair| self.outlet(pair)) {
                    outlet.publish(item.clone());
                }
                self.intents.publish(item);
            }
        }
    }

    /// The stream of a pair, if somebody wants it.
    fn outlet(&mut self, pair: StreamId) -> Option<&mut Outlet> {
        if !self.pairs.contains_key(&pair) {
            if !self.wanted.contains(&pair) || self.pairs.len() >= PAIRS {
                return None;
            }
            self.pairs
                .insert(pair, Outlet::open(&self.context, pair, &self.solvers));
        }
        self.pairs.get_mut(&pair)
    }
}

/// The streams that solvers with a ticket wear as tags.
fn wanted(catalog: &Catalog, solvers: &TicketCheck) -> BTreeSet<StreamId> {
    let role = Tag::from(Role::Solver.tag());
    let solvers = catalog.peers().filter(|peer| solvers.admits(peer));
    let tags = solvers.flat_map(|peer| peer.tags().iter().take(PAIRS_A_SOLVER + 1));
    tags.filter(|tag| **tag != role).copied().collect()
}

/// One stream that this member produces, and what waits for it.
struct Outlet {
    producer: Producer<Frame>,
    backlog: VecDeque<(Instant, Bytes)>,
    counters: Arc<Counters>,
}

impl Outlet {
    fn open(context: &Context, stream: StreamId, readers: &TicketCheck) -> Self {
        let streams = context.network.streams();
        let built = streams
            .producer::<Frame>()
            .with_stream_id(stream)
            .with_buffer_size(BUFFER)
            .require_ticket(readers.clone())
            .build();
        let producer = match built {
            Ok(producer) | Err(BuilderError::AlreadyExists(producer)) => producer,
        };
        Self {
            producer,
            backlog: VecDeque::new(),
            counters: Arc::clone(&context.counters),
        }
    }

    fn publish(&mut self, item: Bytes) {
        self.backlog.push_back((Instant::now(), item));
        self.flush();
        if self.backlog.len() > BACKLOG {
            self.backlog.pop_front();
            Counters::add(&self.counters.stream_full);
        }
    }

    /// Sends what waits, in order, as far as it goes, and drops what has waited too long.
    fn flush(&mut self) {
        while let Some((since, item)) = self.backlog.front() {
            let sent = self.producer.try_send(Frame::Item(item.clone())).is_ok();
            if !sent && since.elapsed() < FRESH {
                return;
            }
            self.backlog.pop_front();
        }
    }

    fn show_alive(&mut self) {
        // Nobody there, or no room: the next one serves as well.
        let _ = self.producer.try_send(Frame::ALIVE);
    }
}
