-------------------------------- MODULE Vote --------------------------------
(***************************************************************************)
(* The vote (docs/protocol.md 4.2): Tendermint, algorithm 1, by a fixed     *)
(* roster. The numbers are the lines of the paper, as they stand above the  *)
(* lines of crates/protocol/src/vote/rules.rs. What is voted on, and what   *)
(* makes it valid, the modules say that extend this one: CloseVote,         *)
(* Allocation and Round.                                                    *)
(*                                                                          *)
(* The network is the set of all that was ever signed. A rule may apply to  *)
(* a member as soon as messages are there that meet it, or later, or never: *)
(* that is delay, loss, repetition and any order at once.                   *)
(*                                                                          *)
(* Liars have no state. Each counts as having signed everything that a liar *)
(* can sign, in every view, before it is needed; and what one rule counts   *)
(* of it, it counts whatever it has told another member.                    *)
(*                                                                          *)
(* Nil ballots are left out. They lock nobody and carry no share: whoever   *)
(* votes nil in a view gives up its vote there, and q of them let members   *)
(* go on. Here a member may give up its vote, and go on to any later view,  *)
(* whenever it likes. So every timeout may run out at any time, and members *)
(* may skip views (lines 34, 44, 47, 55 to 67) without anybody's leave.     *)
(***************************************************************************)
EXTENDS Integers, FiniteSets

CONSTANTS
    Honest,     \* members that keep to the rules
    Liars,      \* members that do not
    q,          \* the quorum
    LastView,   \* views beyond this one are not looked at
    Values,     \* what is voted on
    None,       \* none of them
    Sabotage    \* which protection is taken away; "none"

Members == Honest \cup Liars
n == Cardinality(Members)
Views == 0..LastView
Least(a, b) == IF a < b THEN a ELSE b

\* `Config::bearable_liars`, `Config::dispensable_members`
Bearable == 2 * q - n - 1
Dispensable == n - q

\* How many ballots the members take for a quorum.
Quorum == IF Sabotage = "quorum is q - 1" THEN q - 1 ELSE q

VARIABLES
    mind,       \* of each honest member: view, step, lock (`Vote`, and `VoteState` on its disk)
    prevotes,   \* of each view and value: the honest members that signed one
    precommits, \* likewise; each carries a share of the statement
    restored    \* members that were given an old copy of their disk

voteVars == <<mind, prevotes, precommits, restored>>

NoLock == [value |-> None, view |-> -1]

\* Nothing is signed. What a member signs first in a view is its prevote; to come to a view signs
\* nothing, so it is a part of that step.
NewVote == [view |-> -1, step |-> "precommit", locked |-> NoLock, abstains |-> FALSE]

NoBallots == [view \in Views |-> [value \in Values |-> {}]]

VoteInit ==
    /\ mind = [m \in Honest |-> NewVote]
    /\ prevotes = NoBallots
    /\ precommits = NoBallots
    /\ restored = {}

-----------------------------------------------------------------------------
\* What has been said.

AtLeastQuorum(honest) == Cardinality(honest) + Cardinality(Liars) >= Quorum

\* q prevotes for a value in a view.
Polka(view, value) == AtLeastQuorum(prevotes[view][value])

\* q shares of one statement. The statement names the view (docs/protocol.md 3.2).
Certified(view, value) ==
    IF Sabotage = "statement leaves out the view"
    THEN AtLeastQuorum(UNION {precommits[w][value] : w \in Views})
    ELSE AtLeastQuorum(precommits[view][value])

HasCertificate(value) == \E view \in Views : Certified(view, value)

-----------------------------------------------------------------------------
\* What an honest member does. One step reads messages, changes the state, writes it, and lets
\* messages out: `Vote::settle` puts the write before all of them. So a crash finds a step done or
\* not done, a message that was written and not sent is one that the network has lost, and the disk
\* always has what `mind` has.

\* Line 23: a value that is proposed afresh. `upon_a_fresh_proposal`
IsFree(m, value) == mind[m].locked.value \in {None, value}

\* Lines 28 and 29: a value that is proposed again, with the q prevotes of an earlier view.
\* `upon_a_proposal_again`
IsFreed(m, view, value) ==
    \E valid \in 0..(view - 1) : Polka(valid, value) /\ mind[m].locked.view <= valid

MayPrevote(m, view, value) ==
    IsFree(m, value) \/ IsFreed(m, view, value) \/ Sabotage = "lock is ignored"

\* Lines 11, 24 and 30. `start_view`, `cast_prevote`
Prevote(m, view, value) ==
    /\ ~mind[m].abstains
    /\ mind[m].view < view
    /\ MayPrevote(m, view, value) = TRUE
    /\ mind' = [mind EXCEPT ![m].view = view, ![m].step = "prevote"]
    /\ prevotes' = [prevotes EXCEPT ![view][value] = @ \cup {m}]
    /\ UNCHANGED <<precommits, restored>>

\* Lines 36 to 41. `upon_prevotes_for_a_value`, `cast_precommit`
Precommit(m, view, value) ==
    /\ ~mind[m].abstains
    /\ mind[m].view = view => mind[m].step = "prevote"
    /\ mind[m].view <= view
    /\ Polka(view, value)
    /\ mind' = [mind EXCEPT ![m].view = view, ![m].step = "precommit",
                            ![m].locked = [value |-> value, view |-> view]]
    /\ precommits' = [precommits EXCEPT ![view][value] = @ \cup {m}]
    /\ UNCHANGED <<prevotes, restored>>

\* Power goes, and the member comes back with what its disk has. `Vote::restore`
Crash(m) ==
    /\ mind' = [mind EXCEPT ![m] = IF Sabotage = "votes are not on disk" THEN NewVote ELSE @]
    /\ UNCHANGED <<prevotes, precommits, restored>>

\* The disk is put back to an old copy, the oldest there is. The others show the member what it has
\* signed, so it gives up the round (docs/protocol.md 4.4, `remember_oneself`). One that nobody
\* shows it does what a liar may do, and is among the liars.
Restore(m) ==
    /\ mind[m] # NewVote
    /\ restored' = restored \cup {m}
    /\ mind' = [mind EXCEPT ![m] = IF Sabotage = "restored member votes on"
                                   THEN NewVote
                                   ELSE [NewVote EXCEPT !.abstains = TRUE]]
    /\ UNCHANGED <<prevotes, precommits>>

-----------------------------------------------------------------------------
\* What must hold.

\* A round closes once: one value of it can be shown with a certificate.
OneCertificate == \A a, b \in Values : HasCertificate(a) /\ HasCertificate(b) => a = b

\* What the vote's safety rests on: from the view of a certificate on, no other value comes to q
\* prevotes.
LockHolds ==
    \A view \in Views, a \in Values :
        Certified(view, a) => \A later \in view..LastView, b \in Values \ {a} : ~Polka(later, b)

\* An honest member signs one prevote and one precommit a view (`Vote::cast`), so it is never named.
VotesOnce ==
    \A ballots \in {prevotes, precommits}, view \in Views, a, b \in Values :
        a # b => ballots[view][a] \cap ballots[view][b] = {}

\* Not so: that the promises above are not kept because nothing happens, this shows by breaking.
NothingIsCertified == \A value \in Values : ~HasCertificate(value)
=============================================================================
