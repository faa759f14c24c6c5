"""Floods: an account that asks for more than it may waits, whichever connection it asks on."""

from chatroom.protocol.packets import Post, Welcome
from chatroom.server.hub.ratelimit import Bucket
from support.hub_world import Guest, World


def flood(world: World, guest: Guest, posts: int) -> None:
    lobby = world.lobby(guest)
    for number in range(posts):
        guest.say(Post(number, lobby, number.to_bytes(16, "big"), "x"))
    world.settle(0)


def wait_s(guest: Guest) -> float:
    return max(0.0, guest.peer.paused_until - guest.world.now)


def test_a_bucket_gives_a_burst_and_then_its_rate() -> None:
    bucket = Bucket(per_s=2, burst=10)
    assert bucket.take(10, 100.0) == 0
    assert bucket.take(1, 100.0) == 0.5
    assert bucket.take(0, 100.25) == 0.25
    assert bucket.take(0, 100.5) == 0
    assert bucket.take(11, 1_000.0) == 0.5


def test_a_flooder_waits_until_its_bucket_is_full_enough() -> None:
    world = World(posts_per_s=20, post_burst=200)
    ana = world.member("ana")
    flood(world, ana, 400)
    assert 9.9 < wait_s(ana) <= 10.1


def test_a_new_connection_of_a_flooder_waits_as_long_as_the_old_one() -> None:
    world = World(posts_per_s=20, post_burst=200)
    ana = world.member("ana")
    flood(world, ana, 400)
    for _ in range(3):
        again = world.guest(ana.key)
        again.login("ana")
        assert again.got(Welcome), "it is let in, and told what there is"
        assert abs(wait_s(again) - wait_s(ana)) < 0.001
        again.hang_up()
    world.settle(wait_s(ana))
    again = world.guest(ana.key)
    again.login("ana")
    assert wait_s(again) == 0


def test_nobody_else_waits_for_a_flooder() -> None:
    world = World(posts_per_s=20, post_burst=200)
    flood(world, world.member("ana"), 400)
    assert wait_s(world.member("bob")) == 0
