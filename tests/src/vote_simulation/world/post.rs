//! What leaves a member and what reaches it: messages, certificates, and what liars say instead.
//!
//! What an honest member sends are actions, at each of which it may die. What a liar sends are
//! none.

use std::rc::Rc;

use sealbid_protocol::vote::{Certified, Message};
use sealbid_types::id::MemberIndex;

use super::{Event, Packet, RESEND, World};
use crate::vote_simulation::adversary::Liar;
use crate::vote_simulation::others;

impl World {
    pub(super) fn arrive(&mut self, from: MemberIndex, to: MemberIndex, packet: Packet) {
        match packet {
            Packet::Certificate(certified) => {
                // A liar goes on with its own.
                if self.nodes[&to].liar.is_none() {
                    let Certified { value, certificate } = (*certified).clone();
                    self.act(to, |vote, now, out| {
                        // No liar sends certificates, so one that is refused is a fault of the
                        // vote.
                        vote.learn(value, certificate, now, out)
                            .expect("honest members send it");
                    });
                }
            }
            Packet::Messages(messages) => {
                if let Some(liar) = &mut self.node(to).liar {
                    messages.iter().for_each(|message| liar.hear(message));
                }
                // A liar would fall silent if its own lies came back to it.
                let is_liar = self.nodes[&to].liar.is_some();
                let heard = messages.iter().filter(|m| !is_liar || m.member() != to);
                for message in heard {
                    self.act(to, |vote, now, out| {
                        _ = vote.receive(message.clone(), now, out);
                    });
                }
                self.help(to, from);
            }
        }
    }

    /// Answers a member that still votes with the certificate.
    /// So does an engine that hears a heartbeat from behind (docs/protocol.md 4.4).
    fn help(&mut self, member: MemberIndex, behind: MemberIndex) {
        let node = &self.nodes[&member];
        if let (Some(certified), None) = (&node.disk.decided, &node.liar) {
            let packet = Packet::Certificate(Rc::new(certified.clone()));
            self.perform(member, |world| world.send(member, behind, packet));
        }
    }

    #[allow(clippy::needless_pass_by_value, reason = "a packet is sent once")]
    fn send(&mut self, from: MemberIndex, to: MemberIndex, packet: Packet) {
        for time in self.network.deliver(from, to, self.now) {
            self.at(
                time,
                Event::Arrive {
                    from,
                    to,
                    packet: packet.clone(),
                },
            );
        }
    }

    pub(super) fn resend(&mut self, member: MemberIndex) {
        if self.nodes[&member].vote.is_some() {
            self.act(member, |vote, now, out| vote.tick(now, out));
            self.send_again(member);
        }
        // Whether it is up or not: it may be up again by then.
        self.after(RESEND, Event::Resend(member));
    }

    pub(super) fn send_again(&mut self, member: MemberIndex) {
        let node = &self.nodes[&member];
        let Some(vote) = &node.vote else { return };
        if let (Some(certified), None) = (&node.disk.decided, &node.liar) {
            let packet = Packet::Certificate(Rc::new(certified.clone()));
            self.send_to_all(member, &packet);
            return;
        }
        let messages = vote.resend();
        if node.liar.is_some() {
            self.send_lies(member, &messages);
            self.send_unasked(member);
        } else if !messages.is_empty() {
            messages
                .iter()
                .for_each(|message| self.note(member, message));
            self.send_to_all(member, &Packet::Messages(Rc::new(messages)));
        }
    }

    fn send_to_all(&mut self, member: MemberIndex, packet: &Packet) {
        for to in others(self.scenario.members, member) {
            self.perform(member, |world| world.send(member, to, packet.clone()));
        }
    }

    pub(super) fn broadcast(&mut self, member: MemberIndex, message: &Message) {
        if self.nodes[&member].liar.is_some() {
            self.send_lies(member, core::slice::from_ref(message));
            return;
        }
        // One packet a message, however many one step has signed: each may be lost by itself.
        let packet = Packet::Messages(Rc::new(vec![message.clone()]));
        for to in others(self.scenario.members, member) {
            self.perform(member, |world| {
                // Within the action: a member that dies before its first send has said nothing.
                world.note(member, message);
                world.send(member, to, packet.clone());
            });
        }
    }

    /// Notes an own message that leaves.
    /// What it passes on of others is not its word.
    fn note(&mut self, member: MemberIndex, message: &Message) {
        let durable = self.nodes[&member].disk.position;
        if message.member() == member {
            self.history.left(message, durable);
        }
    }

    /// What a liar sends in place of what it should, and unasked.
    fn send_lies(&mut self, member: MemberIndex, messages: &[Message]) {
        for to in others(self.scenario.members, member) {
            let Some(liar) = &mut self.node(member).liar else {
                return;
            };
            // Closes in lies are noted too: one of them may be valid and come to be certified.
            let lies = liar.instead(messages, to);
            lies.iter().for_each(|lie| self.history.note_value(lie));
            if !lies.is_empty() {
                self.send(member, to, Packet::Messages(Rc::new(lies)));
            }
        }
    }

    fn send_unasked(&mut self, member: MemberIndex) {
        let unasked = self.node(member).liar.as_mut().map(Liar::unasked);
        for (to, message) in unasked.into_iter().flatten() {
            self.history.note_value(&message);
            self.send(member, to, Packet::Messages(Rc::new(vec![message])));
        }
    }
}
