//! What a door does not let through.

use core::num::NonZeroU32;
use core::sync::atomic::Ordering;
use core::time::Duration;

use bytes::Bytes;
use sealbid_net::PeerId;
use sealbid_net::door::{DoorAddress, DoorClient, DoorError, DoorLimits, DoorRefusal};
use sealbid_types::id::MemberIndex;
use zeroize::Zeroizing;

use super::{MEMBER, address, client, limits, open, open_to};
use crate::{run, within};

#[test]
fn requests_are_limited_by_peer() {
    run(30, async {
        let (five, one) = (NonZeroU32::new(5).unwrap(), NonZeroU32::MIN);
        let slow = DoorLimits {
            requests_per_second: one,
            burst: five,
            ..limits()
        };
        let (door, echo) = open(slow).await;
        let (eager, patient) = (client(&door).await, client(&door).await);
        let mut verdicts = Vec::new();
        for _ in 0..20 {
            let answer = eager.request(MEMBER, Bytes::from_static(b"hi"));
            verdicts.push(within(5, "request", answer).await);
        }
        let limited = DoorError::Refused {
            member: MEMBER,
            refusal: DoorRefusal::RateLimited,
        };
        let served = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
        assert!((5..10).contains(&served), "{served}");
        assert!(
            verdicts
                .iter()
                .all(|v| v.is_ok() || *v == Err(limited.clone()))
        );
        assert_eq!(echo.handled.load(Ordering::Relaxed), served);
        let other = patient.request(MEMBER, Bytes::from_static(b"hi"));
        within(5, "other peer", other).await.unwrap();
    });
}

#[test]
fn connections_are_limited_by_peer_and_in_all() {
    run(60, async {
        let few = DoorLimits {
            connections: 3,
            connections_per_peer: 1,
            ..limits()
        };
        let (door, _) = open(few).await;
        let with =
            |secret: u8| DoorClient::new(Some(Zeroizing::new([secret; 32])), vec![address(&door)]);
        let hello = || Bytes::from_static(b"hello");
        let first = with(2).await.unwrap();
        within(5, "first", first.request(MEMBER, hello()))
            .await
            .unwrap();
        let twin = with(2).await.unwrap();
        let busy = DoorError::Refused {
            member: MEMBER,
            refusal: DoorRefusal::Busy,
        };
        assert_eq!(
            within(5, "twin", twin.request(MEMBER, hello())).await,
            Err(busy)
        );
        let (second, third) = (with(3).await.unwrap(), with(4).await.unwrap());
        within(5, "second", second.request(MEMBER, hello()))
            .await
            .unwrap();
        within(5, "third", third.request(MEMBER, hello()))
            .await
            .unwrap();
        let fourth = with(5).await.unwrap();
        let crowd = within(15, "fourth", fourth.request(MEMBER, hello())).await;
        assert!(
            matches!(crowd, Err(DoorError::Unreachable { .. })),
            "{crowd:?}"
        );
        // A place that becomes free is taken again.
        first.close().await;
        within(10, "fourth", async {
            while fourth.request(MEMBER, hello()).await.is_err() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
        .await;
    });
}

/// Strangers have filled the door; some of them come from the member's own host.
#[test]
fn strangers_keep_no_member_out() {
    run(30, async {
        let few = DoorLimits {
            connections: 1,
            connections_of_members: 4,
            ..limits()
        };
        let member = DoorAddress {
            member: MemberIndex(1),
            peer: PeerId::of_secret(&[9; 32]),
            addresses: vec!["127.0.0.1:7402".parse().unwrap()],
        };
        let (door, _) = open_to(few, vec![member]).await;
        let with =
            |secret: u8| DoorClient::new(Some(Zeroizing::new([secret; 32])), vec![address(&door)]);
        let (mut strangers, mut served) = (Vec::new(), 0);
        for secret in 2..8 {
            let stranger = with(secret).await.unwrap();
            let answer = stranger.request(MEMBER, Bytes::from_static(b"hello"));
            served += usize::from(within(5, "stranger", answer).await.is_ok());
            strangers.push(stranger);
        }
        assert_eq!(served, 1);
        let member = with(9).await.unwrap();
        let answer = member.request(MEMBER, Bytes::from_static(b"hello"));
        within(5, "member", answer).await.unwrap();
    });
}
