------------------------------- MODULE Round --------------------------------
(***************************************************************************)
(* One round from the first acknowledgement to the release of shares        *)
(* (docs/protocol.md 2, 3.3, 4.2, 4.3): acknowledgements, reports, closes    *)
(* that are made of reports, the vote on them, and what their certificate    *)
(* lets out.                                                                *)
(*                                                                          *)
(* Liars have acknowledged every envelope, reported every list, and given   *)
(* away their share of every envelope before anybody asks.                  *)
(***************************************************************************)
EXTENDS Vote, TLC

CONSTANTS
    Envelopes   \* that may stand in the round

\* Closes are named by the order in which they were first proposed: as many as are looked at.
ASSUME Values = 1..Cardinality(Values)

VARIABLES
    acks,       \* acknowledgements for this round: <<member, envelope>>
    reports,    \* signed by honest members: <<member, list>>
    cut,        \* members that know that they have reported (`Cut`)
    closes,     \* of each value: its list, and whether its q reports make that list
    released    \* of each honest member: the close whose envelopes' shares it has given away

vars == <<voteVars, acks, reports, cut, closes, released>>

NoClose == [list |-> {}, isUnion |-> FALSE, isProposed |-> FALSE]

Init ==
    /\ VoteInit
    /\ acks = {}
    /\ reports = {}
    /\ cut = {}
    /\ closes = [value \in Values |-> NoClose]
    /\ released = [m \in Honest |-> None]

-----------------------------------------------------------------------------

\* `Engine::acknowledge`, `Promises::earliest`: once it has reported, a member acknowledges for the
\* next round only, and that is not this module's.
Acknowledge(m, envelope) ==
    /\ m \notin cut \/ Sabotage = "acknowledges for a reported round"
    /\ acks' = acks \cup {<<m, envelope>>}
    /\ UNCHANGED <<voteVars, reports, cut, closes, released>>

\* `Engine::cut`, `Promises::report`
Report(m) ==
    /\ m \notin cut
    /\ \E list \in SUBSET Envelopes :
        /\ list = {e \in Envelopes : <<m, e>> \in acks} \/ Sabotage = "report leaves out"
        /\ reports' = reports \cup {<<m, list>>}
    /\ cut' = cut \cup {m}
    /\ UNCHANGED <<voteVars, acks, closes, released>>

\* How many reports make a close.
ReportsOfClose == IF Sabotage = "close of q - 1 reports" THEN q - 1 ELSE Quorum

\* A proposer, honest or not, shows a close: it names q reports, of each member one, and has a list.
\* An honest one takes the union (`Grounds::compose`); here every proposal may come from a liar.
\* Reports of liars list whatever they like, and so does their union.
Propose(value) ==
    /\ ~closes[value].isProposed
    /\ value > 1 => closes[value - 1].isProposed
    /\ \E named \in SUBSET reports, list, liars \in SUBSET Envelopes :
        /\ \A a, b \in named : a[1] = b[1] => a = b
        /\ Cardinality(named) <= ReportsOfClose
        /\ Cardinality(named) + Cardinality(Liars) >= ReportsOfClose
        /\ Cardinality(named) = ReportsOfClose => liars = {}
        /\ LET union == UNION {report[2] : report \in named} \cup liars
           IN  closes' = [closes EXCEPT ![value] =
                   [list |-> list, isUnion |-> list = union, isProposed |-> TRUE]]
    /\ UNCHANGED <<voteVars, acks, reports, cut, released>>

\* `Grounds::judge`: by the content alone, whatever lies in the own inbox. A close whose reports have
\* not come is not judged: that is a member that does not come to vote for it.
IsValid(value) ==
    /\ closes[value].isProposed
    /\ closes[value].isUnion \/ Sabotage = "close is not judged"

\* With a share of every listed envelope, or of none. `Settling::release`
Release(m) ==
    /\ released[m] = None
    /\ \E value \in Values :
        /\ \/ HasCertificate(value)
           \/ /\ Sabotage = "share before the certificate"
              /\ \E view \in Views : m \in prevotes[view][value]
        /\ released' = [released EXCEPT ![m] = value]
    /\ UNCHANGED <<voteVars, acks, reports, cut, closes>>

\* Power goes. What was acknowledged is on disk, Chain looks at that.
CrashOfCut(m) ==
    /\ Sabotage = "report is not on disk"
    /\ cut' = cut \ {m}
    /\ UNCHANGED <<voteVars, acks, reports, closes, released>>

Next ==
    \/ \E m \in Honest :
        \/ \E envelope \in Envelopes : Acknowledge(m, envelope)
        \/ Report(m)
        \/ CrashOfCut(m)
        \/ Release(m)
        \/ /\ \E view \in Views, value \in Values :
                /\ IsValid(value) = TRUE
                /\ Prevote(m, view, value) \/ Precommit(m, view, value)
           /\ UNCHANGED <<acks, reports, cut, closes, released>>
    \/ \E value \in Values : Propose(value)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
\* What must hold.

HasReceipt(envelope) == AtLeastQuorum({m \in Honest : <<m, envelope>> \in acks})

\* What has a receipt for the round is in whatever closes it, whenever the receipt was made.
ReceiptHolds ==
    \A value \in Values, envelope \in Envelopes :
        HasCertificate(value) /\ HasReceipt(envelope) => envelope \in closes[value].list

\* No report leaves out what its member acknowledged, before or after.
ReportHasPromises ==
    \A report \in reports, ack \in acks : report[1] = ack[1] => ack[2] \in report[2]

\* An honest member signs one report, so it is never named.
ReportsOnce == \A a, b \in reports : a[1] = b[1] => a = b

\* q shares open an envelope. The liars' own are with them from the start.
IsOpen(envelope) ==
    Cardinality({m \in Honest : released[m] # None /\ envelope \in closes[released[m]].list})
        + Cardinality(Liars) >= q

\* Nothing is opened but what a certified close lists.
OpenedIsListed ==
    \A envelope \in Envelopes : IsOpen(envelope) =>
        \E value \in Values : HasCertificate(value) /\ envelope \in closes[value].list

\* All shares that leave are shares of one close.
OneRelease == \A m, o \in Honest : None \in {released[m], released[o]} \/ released[m] = released[o]

\* The certified list was made of q reports: an honest member has found it so.
CertifiedIsUnion == \A value \in Values : HasCertificate(value) => closes[value].isUnion

Symmetry == Permutations(Honest)

\* Not so: that the promises above are not kept because nothing happens, this shows by breaking.
NothingOpens == \A envelope \in Envelopes : ~IsOpen(envelope)
=============================================================================
