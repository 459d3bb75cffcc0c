------------------------------- MODULE Chain --------------------------------
(***************************************************************************)
(* Acknowledgements, reports and closes from round to round (docs/protocol. *)
(* md 4.3, 4.4): for which round an acknowledgement binds, what waits for   *)
(* the next round, what expires, and what an ancestor lists.                *)
(*                                                                          *)
(* The vote is left out: a round has one certified close, and its list is   *)
(* the union of q reports that were signed. Vote and Round show that.       *)
(*                                                                          *)
(* Slots are whatever a member takes for the present one: clocks are off as *)
(* far as they like.                                                        *)
(***************************************************************************)
EXTENDS Integers, FiniteSets, TLC

CONSTANTS
    Honest, Liars, q,
    LastRound, LastSlot,
    Envelopes,      \* records: first and last round, the last slot at whose end it is alive
    None,
    Abstains,       \* the cut of a member that has given up the round
    MostRestored,   \* how many members may be given an old disk
    Sabotage

Rounds == 1..LastRound
Slots == 1..LastSlot
Most(a, b) == IF a > b THEN a ELSE b

VARIABLES
    open,       \* of each honest member: the first round whose certificate it does not know
    promised,   \* of each honest member, on disk: the round of each envelope's acknowledgement, or 0
    cut,        \* likewise: what it has reported for its open round (`Cut`)
    acks,       \* signed by honest members: <<member, envelope, round>>
    reports,    \* signed by honest members
    closes,     \* of each round: the certified slot and list
    restored

vars == <<open, promised, cut, acks, reports, closes, restored>>

Init ==
    /\ open = [m \in Honest |-> 1]
    /\ promised = [m \in Honest |-> [e \in Envelopes |-> 0]]
    /\ cut = [m \in Honest |-> None]
    /\ acks = {}
    /\ reports = {}
    /\ closes = [round \in Rounds |-> None]
    /\ restored = {}

\* `Chain::parent_slot`
ParentSlot(round) == IF round = 1 THEN 0 ELSE closes[round - 1].slot

\* What rounds before this one list. `Chain::listed_in`
ListedBefore(round) == UNION {closes[r].list : r \in 1..(round - 1)}

-----------------------------------------------------------------------------

\* `Promises::earliest`
Earliest(m) ==
    IF cut[m] # None /\ Sabotage # "acknowledges for a reported round"
    THEN open[m] + 1 ELSE open[m]

\* `Engine::acknowledge`, `Inbox::place`
Acknowledge(m, envelope) ==
    LET round == Most(Earliest(m), envelope.first)
    IN  /\ promised[m][envelope] = 0
        /\ round <= envelope.last
        /\ envelope \notin ListedBefore(open[m])
        /\ acks' = acks \cup {<<m, envelope, round>>}
        /\ promised' = [promised EXCEPT ![m][envelope] = round]
        /\ UNCHANGED <<open, cut, reports, closes, restored>>

\* What an envelope needs to be in a report: `Inbox::reportable`. What an ancestor lists has left the
\* inbox by then.
Reportable(m, slot) ==
    {e \in Envelopes \ ListedBefore(open[m]) :
        /\ promised[m][e] \in 1..open[m]
        /\ open[m] <= e.last
        /\ e.expires >= slot}

\* `Engine::cut`, `Promises::report`
Report(m, slot) ==
    /\ open[m] \in Rounds
    /\ cut[m] = None
    /\ slot > ParentSlot(open[m])
    /\ LET list == Reportable(m, slot)
           report == [by |-> m, round |-> open[m], slot |-> slot, list |-> list]
       IN  /\ reports' = reports \cup {report}
           /\ cut' = [cut EXCEPT ![m] = list]
    /\ UNCHANGED <<open, promised, acks, closes, restored>>

\* An entry of a report that may stand where it does: `closing::standings::entry`. A close that names
\* a report with another is invalid.
IsFit(envelope, round, slot) ==
    envelope.first <= round /\ round <= envelope.last /\ envelope.expires >= slot

\* What liars' reports add to a close: whatever is fit for the earliest slot that they may name.
LiarsLists(round) ==
    IF Liars = {} THEN {{}}
    ELSE SUBSET {e \in Envelopes : IsFit(e, round, ParentSlot(round) + 1)}

\* q members come to precommit to one close in one view: its q reports, one a member, were made for
\* its slot or an earlier one; its list is theirs, less what an ancestor lists and what has expired.
\* `Grounds::judge`, `Grounds::compose`
Certify(round) ==
    /\ closes[round] = None
    /\ round > 1 => closes[round - 1] # None
    /\ \E slot \in (ParentSlot(round) + 1)..LastSlot,
          named \in SUBSET {r \in reports : r.round = round},
          liars \in LiarsLists(round) :
        /\ \A a, b \in named : a.by = b.by => a = b
        /\ Cardinality(named) <= q
        /\ Cardinality(named) + Cardinality(Liars) >= q
        /\ Cardinality(named) = q => liars = {}
        /\ (\A report \in named : report.slot <= slot) \/ Sabotage = "slot before the reports"
        /\ LET union == UNION {report.list : report \in named} \cup liars
               before == IF Sabotage = "ancestors are not looked at"
                         THEN {} ELSE ListedBefore(round)
               list == {e \in union \ before : e.expires >= slot}
           IN  closes' = [closes EXCEPT ![round] = [slot |-> slot, list |-> list]]
    /\ UNCHANGED <<open, promised, cut, acks, reports, restored>>

\* The member learns of the certificate, by the vote or by a record that it fetched, and the next round
\* opens (`Engine::enter`). It reports there once the round is settled as well, which takes time and
\* changes nothing here.
Enter(m) ==
    /\ open[m] \in Rounds
    /\ closes[open[m]] # None
    /\ open' = [open EXCEPT ![m] = @ + 1]
    /\ cut' = [cut EXCEPT ![m] = None]
    /\ promised' = [promised EXCEPT ![m] = [e \in Envelopes |->
           IF Sabotage = "next round forgets" THEN 0 ELSE promised[m][e]]]
    /\ UNCHANGED <<acks, reports, closes, restored>>

\* Power goes. Acknowledgements and the cut are on disk before they are sent.
Crash(m) ==
    \/ /\ Sabotage = "report is not on disk"
       /\ cut' = [cut EXCEPT ![m] = None]
       /\ UNCHANGED <<open, promised, acks, reports, closes, restored>>
    \/ /\ Sabotage = "acknowledgements are not on disk"
       /\ promised' = [promised EXCEPT ![m] = [e \in Envelopes |-> 0]]
       /\ UNCHANGED <<open, cut, acks, reports, closes, restored>>

\* The disk is put back to its oldest copy. Before it signs anything the member catches up, is shown
\* what it has signed, takes over what it acknowledged, and gives up the open round: `Start`,
\* `take_over`, `abstain`. One that is not shown what it acknowledged is among the liars.
Restore(m) ==
    /\ Cardinality(restored) < MostRestored
    /\ restored' = restored \cup {m}
    /\ cut' = [cut EXCEPT ![m] = IF Sabotage = "restored member reports again" THEN None
                                 ELSE Abstains]
    /\ promised' = [promised EXCEPT ![m] = [e \in Envelopes |->
           IF Sabotage = "restored member takes nothing over" THEN 0 ELSE promised[m][e]]]
    /\ UNCHANGED <<open, acks, reports, closes>>

Next ==
    \/ \E m \in Honest :
        \/ \E envelope \in Envelopes : Acknowledge(m, envelope)
        \/ \E slot \in Slots : Report(m, slot)
        \/ Enter(m)
        \/ Crash(m)
        \/ Restore(m)
    \/ \E round \in Rounds : Certify(round)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
\* What must hold.

\* q acknowledgements, of which none names a later round than this one.
HasReceipt(envelope, round) ==
    Cardinality({m \in Honest : \E r \in 1..round : <<m, envelope, r>> \in acks})
        + Cardinality(Liars) >= q

\* What has a receipt is in the round that the receipt names or an earlier one, unless it expires
\* first; and so for every later round of its range, had that one been named.
ReceiptHolds ==
    \A e \in Envelopes, round \in Rounds :
        closes[round] # None /\ round \in e.first..e.last /\ HasReceipt(e, round) =>
            e \in ListedBefore(round + 1) \/ e.expires < closes[round].slot

\* An acknowledgement names a round of the envelope's range.
NamesItsRange == \A ack \in acks : ack[3] \in ack[2].first..ack[2].last

\* No report leaves out what its member acknowledged, before or after.
ReportHasPromises ==
    \A report \in reports, ack \in acks :
        /\ report.by = ack[1]
        /\ report.round \in ack[3]..ack[2].last
        /\ ack[2].expires >= report.slot
        => ack[2] \in report.list \cup ListedBefore(report.round)

\* An honest member signs one report a round, so it is never named.
ReportsOnce == \A a, b \in reports : a.by = b.by /\ a.round = b.round => a = b

\* An envelope is listed, and so opened, once.
ListedOnce ==
    \A a, b \in Rounds :
        a # b /\ closes[a] # None /\ closes[b] # None => closes[a].list \cap closes[b].list = {}

\* Nothing stands in a round that it is not for, or after its time.
ListedIsFit ==
    \A round \in Rounds : closes[round] # None =>
        \A e \in closes[round].list : IsFit(e, round, closes[round].slot)

\* Not so: that the promises above are not kept because nothing happens, this shows by breaking. An
\* envelope that a member acknowledged for the first round waits, and the second lists it.
NothingIsCarriedOver ==
    \A ack \in acks : ack[3] = 1 => closes[2] = None \/ ack[2] \notin closes[2].list

Symmetry == Permutations(Honest)

-----------------------------------------------------------------------------
\* Envelopes to look at: for one round, for two, expiring on the way, and for the second only.
Envelope(number, first, last, expires) ==
    [id |-> number, first |-> first, last |-> last, expires |-> expires]
ForBoth == Envelope(1, 1, 2, LastSlot)
ForFirst == Envelope(2, 1, 1, LastSlot)
Expiring == Envelope(3, 1, 2, 2)
ForSecond == Envelope(4, 2, 2, LastSlot)
OneEnvelope == {ForBoth}
LastingEnvelope == {Envelope(5, 1, 3, LastSlot)}
ExpiringEnvelope == {Expiring}
TwoEnvelopes == {ForBoth, Expiring}
OtherTwoEnvelopes == {ForFirst, ForSecond}
=============================================================================
