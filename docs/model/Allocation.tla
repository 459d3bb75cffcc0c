----------------------------- MODULE Allocation -----------------------------
(***************************************************************************)
(* The vote on how a round cleared (docs/protocol.md 4.7). Every member has *)
(* computed the allocation by itself, and members of two versions may have  *)
(* computed two. Void is the one that fills nothing: late enough, and to a  *)
(* member that has seen enough others differ, it is valid.                  *)
(***************************************************************************)
EXTENDS Vote, TLC

CONSTANTS
    OneVersion,     \* honest members that compute One
    OtherVersion,   \* honest members that compute Other
    One, Other, Void,
    WithdrawnFrom,  \* the first view in which Void is valid: 2n in the code
    Alike           \* members of one version that may be exchanged

ASSUME Honest = OneVersion \cup OtherVersion /\ Values = {One, Other, Void}

Own(m) == IF m \in OneVersion THEN One ELSE Other

Init == VoteInit

\* `note_claim`: who has signed an allocation in this vote that is not the own one. Liars say
\* whatever helps them.
Differing(m) ==
    Liars \cup {o \in Honest \ {m} :
        \E view \in Views, value \in Values \ {Own(m)} :
            o \in prevotes[view][value] \cup precommits[view][value]}

\* `Vote::may_withdraw`
MayWithdraw(m, view) ==
    /\ view >= WithdrawnFrom
    /\ \/ Cardinality(Differing(m)) > Least(Bearable, Dispensable)
       \/ Sabotage = "withdrawn when late"

\* `Vote::verdict`
IsValid(m, view, value) == value = Own(m) \/ (value = Void /\ MayWithdraw(m, view))

\* `enter_view_of_allocation`: in the first view everybody prevotes its own at once. A lock leaves it
\* no other choice there: the first view is the first that can lock.
Next ==
    \E m \in Honest, view \in Views, value \in Values :
        /\ IsValid(m, view, value) = TRUE
        /\ \/ (view = 0 => value = Own(m)) /\ Prevote(m, view, value)
           \/ Precommit(m, view, value)

Spec == Init /\ [][Next]_voteVars

-----------------------------------------------------------------------------

\* Nothing is certified but what an honest member has computed, or Void.
IsSomebodysOwn ==
    \A value \in Values :
        HasCertificate(value) => value = Void \/ \E m \in Honest : Own(m) = value

\* Liars alone cannot have a round withdrawn whose terms they have seen: not while there are no more
\* of them than may be away.
NotWithdrawn == ~HasCertificate(Void)
NotWithdrawnByLiars ==
    (OneVersion = Honest /\ Cardinality(Liars) <= Least(Bearable, Dispensable)) => NotWithdrawn

\* Nor is one withdrawn in an early view.
NotWithdrawnEarly == \A view \in 0..(WithdrawnFrom - 1) : view \in Views => ~Certified(view, Void)

Symmetry == Permutations(Alike)
=============================================================================
