from __future__ import annotations

from threading import Event, Thread

from zigzag_lab.store.pulse import Pulse


class Counted:
    """Counts its beats."""

    def __init__(self) -> None:
        self.n_beats, self.beaten = 0, Event()

    def beat(self) -> None:
        self.n_beats += 1
        self.beaten.set()


def test_what_is_alive_is_called_until_it_stops() -> None:
    pulse, first, second = Pulse(seconds=0.005), Counted(), Counted()
    pulse.start(first)
    pulse.start(second)
    assert first.beaten.wait(5)
    assert second.beaten.wait(5)
    pulse.stop(first)
    pulse.stop(first)
    second.beaten.clear()
    assert second.beaten.wait(5)
    pulse.close()
    counted = second.n_beats
    assert not second.beaten.wait(0.02) or second.n_beats == counted


def test_a_pulse_that_never_started_ends_at_once() -> None:
    Pulse().close()


class Slow(Counted):
    """Beats until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = Event()

    def beat(self) -> None:
        super().beat()
        self.let_go.wait(60)


def test_closing_waits_for_one_beat_not_for_one_of_each() -> None:
    pulse, first, second = Pulse(seconds=0.005), Slow(), Counted()
    pulse.start(first)
    pulse.start(second)
    assert first.beaten.wait(5)
    closing = Thread(target=pulse.close)
    closing.start()
    while not pulse._stopped:
        closing.join(0.01)
    first.let_go.set()
    closing.join(60)
    assert not closing.is_alive()
    assert second.n_beats == 0
