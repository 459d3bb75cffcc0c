----------------------------- MODULE CloseVote -----------------------------
(***************************************************************************)
(* The close vote by itself: values are names, and each is valid. Every     *)
(* member may be shown any value in any view, as if every proposer lied:    *)
(* whose turn it is must not matter for what the vote promises.             *)
(***************************************************************************)
EXTENDS Vote, TLC

CONSTANT MostRestored   \* how many members may be given an old disk

Init == VoteInit

Next ==
    \E m \in Honest :
        \/ \E view \in Views, value \in Values : Prevote(m, view, value)
        \/ \E view \in Views, value \in Values : Precommit(m, view, value)
        \/ Crash(m)
        \/ Cardinality(restored) < MostRestored /\ Restore(m)

Spec == Init /\ [][Next]_voteVars

Symmetry == Permutations(Honest) \cup Permutations(Values)
=============================================================================
