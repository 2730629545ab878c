"""The private brokers of the tests do what they say: start, die, hang, come back."""

from __future__ import annotations

from tests.brokers import needs_broker, private

pytestmark = needs_broker


def test_a_node_hangs_dies_and_comes_back_at_its_place():
    with private() as node:
        place = node.url
        node.pause()
        assert not node.is_up(timeout_s=0.2)
        node.resume()
        assert node.is_up()

        node.kill()
        assert not node.is_up()
        node.start()

        assert (node.url, node.is_up()) == (place, True)
