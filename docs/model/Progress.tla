------------------------------ MODULE Progress ------------------------------
(***************************************************************************)
(* That a vote ends. Proposers take turns, nil ballots are cast, and from a *)
(* view on messages are faster than timeouts: one runs out only when no     *)
(* rule is left that could apply to anybody. Nobody lies; members that are  *)
(* not there say nothing. The numbers are the lines of the paper, as in     *)
(* Vote; the names those of crates/protocol/src/vote/{rules,cast}.rs.       *)
(*                                                                          *)
(* Nothing that is said is taken back, so every behaviour comes to an end.  *)
(* That a vote is decided is then a property of states: where nothing can   *)
(* happen any more, there is a certificate.                                 *)
(***************************************************************************)
EXTENDS Integers, FiniteSets

CONSTANTS
    n, q,           \* members are 0..n-1
    There,          \* those that are not silent
    Subject,        \* "close" or "allocation" (`Subject`)
    TimelyFrom,     \* the first view in which messages are fast
    LastView,       \* by then it has to be decided
    OtherVersion,   \* allocation: the members that compute Other, and not One
    WithdrawnFrom,  \* allocation: the first view in which Void is valid
    None, Nil, Void,
    Sabotage

Views == 0..LastView
Values == IF Subject = "close" THEN Views ELSE {"One", "Other", Void}
Least(a, b) == IF a < b THEN a ELSE b
SkipThreshold == Least(2 * q - n, n - q + 1)

VARIABLES mind, proposals, prevotes, precommits
vars == <<mind, proposals, prevotes, precommits>>

NoValue == [value |-> None, view |-> -1]
NoBallots == [view \in Views |-> [value \in Values \cup {Nil} |-> {}]]

Init ==
    /\ mind = [m \in There |->
           [view |-> 0, step |-> "propose", locked |-> NoValue, valid |-> NoValue]]
    /\ proposals = [view \in Views |-> None]
    /\ prevotes = NoBallots
    /\ precommits = NoBallots

\* What a member proposes if nothing binds it: a close of the present slot and the reports that have
\* come, in no two views the same; or what it has computed.
Own(m) == IF Subject = "close" THEN mind[m].view ELSE IF m \in OtherVersion THEN "Other" ELSE "One"

Proposer(view) == view % n

Polka(view, value) == Cardinality(prevotes[view][value]) >= q
HasCertificate == \E view \in Views, v \in Values : Cardinality(precommits[view][v]) >= q
Heard(ballots, view) == UNION {ballots[view][value] : value \in Values \cup {Nil}}

-----------------------------------------------------------------------------
\* `Vote::verdict`, `Vote::may_withdraw`, `members_that_differ`

Differing(m) ==
    {o \in There \ {m} : \E view \in Views, value \in Values \ {Own(m)} :
        o \in prevotes[view][value] \cup precommits[view][value]}

MayWithdraw(m) ==
    /\ mind[m].view >= WithdrawnFrom
    /\ Cardinality(Differing(m)) > Least(2 * q - n - 1, n - q)

IsValid(m, value) ==
    Subject = "close" \/ value = Own(m) \/ (value = Void /\ MayWithdraw(m))

-----------------------------------------------------------------------------
\* Rules.

\* Lines 14 to 19. `enter_view`, `cast_proposal`
Propose(m) ==
    LET view == mind[m].view
        fresh == [value |-> IF Subject = "allocation" /\ MayWithdraw(m) THEN Void ELSE Own(m),
                  view |-> -1]
        known == mind[m].valid
        chosen == IF known = NoValue \/ Sabotage = "valid value is not proposed again"
                  THEN fresh
                  ELSE known
    IN  /\ mind[m].step = "propose"
        /\ Proposer(view) = m
        /\ proposals[view] = None
        /\ Subject = "allocation" => view > 0
        /\ proposals' = [proposals EXCEPT ![view] = chosen]
        /\ UNCHANGED <<mind, prevotes, precommits>>

CastPrevote(m, value) ==
    /\ mind' = [mind EXCEPT ![m].step = "prevote"]
    /\ prevotes' = [prevotes EXCEPT ![mind[m].view][value] = @ \cup {m}]
    /\ UNCHANGED <<proposals, precommits>>

\* `enter_view_of_allocation`: the first view has no proposal.
PrevoteOwn(m) ==
    /\ Subject = "allocation" /\ mind[m].view = 0 /\ mind[m].step = "propose"
    /\ CastPrevote(m, Own(m))

\* Lines 22 to 33. `upon_a_fresh_proposal`, `upon_a_proposal_again`
PrevoteProposal(m) ==
    LET proposal == proposals[mind[m].view]
        locked == mind[m].locked
        isFree == \/ locked.value \in {None, proposal.value}
                  \/ proposal.view >= 0 /\ locked.view <= proposal.view
    IN  /\ mind[m].step = "propose"
        /\ proposal # None
        /\ CastPrevote(m, IF isFree /\ IsValid(m, proposal.value) THEN proposal.value ELSE Nil)

\* Lines 36 to 43. `upon_prevotes_for_a_value`
UponPrevotesForAValue(m) ==
    LET view == mind[m].view
    IN  \E value \in Values :
        /\ mind[m].step \in {"prevote", "precommit"}
        /\ mind[m].valid.view # view
        /\ Polka(view, value)
        /\ IsValid(m, value)
        /\ LET it == [value |-> value, view |-> view]
           IN  IF mind[m].step = "prevote"
               THEN /\ mind' = [mind EXCEPT ![m].step = "precommit", ![m].locked = it,
                                            ![m].valid = it]
                    /\ precommits' = [precommits EXCEPT ![view][value] = @ \cup {m}]
               ELSE /\ mind' = [mind EXCEPT ![m].valid = it]
                    /\ UNCHANGED precommits
        /\ UNCHANGED <<proposals, prevotes>>

PrecommitNil(m) ==
    /\ mind' = [mind EXCEPT ![m].step = "precommit"]
    /\ precommits' = [precommits EXCEPT ![mind[m].view][Nil] = @ \cup {m}]
    /\ UNCHANGED <<proposals, prevotes>>

\* Lines 44 to 46. `upon_prevotes_for_nil`
UponPrevotesForNil(m) ==
    /\ mind[m].step = "prevote"
    /\ Polka(mind[m].view, Nil)
    /\ PrecommitNil(m)

StartView(m, view) ==
    /\ view \in Views
    /\ mind' = [mind EXCEPT ![m].view = view, ![m].step = "propose"]
    /\ UNCHANGED <<proposals, prevotes, precommits>>

\* Lines 55 and 56. `upon_a_later_view`
UponALaterView(m) ==
    \E view \in (mind[m].view + 1)..LastView :
        /\ Cardinality({o \in There \ {m} : mind[o].view >= view}) >= SkipThreshold
        /\ StartView(m, view)

Rule(m) ==
    \/ Propose(m)
    \/ PrevoteOwn(m)
    \/ PrevoteProposal(m)
    \/ UponPrevotesForAValue(m)
    \/ UponPrevotesForNil(m)
    \/ UponALaterView(m)

\* Lines 57 to 67, with what arms them (34 and 47). `run_timeouts`
Timeout(m, step) ==
    \/ /\ step = "propose" /\ mind[m].step = "propose"
       /\ CastPrevote(m, Nil)
    \/ /\ step = "prevote" /\ mind[m].step = "prevote"
       /\ Cardinality(Heard(prevotes, mind[m].view)) >= q
       /\ PrecommitNil(m)
    \/ /\ step = "precommit"
       /\ Cardinality(Heard(precommits, mind[m].view)) >= q
       /\ StartView(m, mind[m].view + 1)

Steps == {"propose", "prevote", "precommit"}
Order(view, step) ==
    3 * view + (CASE step = "propose" -> 0 [] step = "prevote" -> 1 [] step = "precommit" -> 2)

\* Messages are faster than timeouts, and timeouts that were armed earlier run out earlier.
IsTimely(m, step) ==
    /\ ~ENABLED (\E o \in There : Rule(o))
    /\ \A o \in There, other \in Steps :
        Order(mind[o].view, other) < Order(mind[m].view, step) => ~ENABLED Timeout(o, other)

Next ==
    /\ ~HasCertificate
    /\ \/ \E m \in There : Rule(m)
       \/ \E m \in There, step \in Steps :
           /\ mind[m].view < TimelyFrom \/ IsTimely(m, step)
           /\ Timeout(m, step)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------

\* Whatever locks the views before have left, it is decided by the last view.
IsDecided == HasCertificate \/ ENABLED Next
=============================================================================
