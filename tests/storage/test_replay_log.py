"""A run goes on from its journal wherever it is stopped: the same events, result and chance."""

from itertools import islice

import pytest
import torch
from torch import Tensor

from pikan.optimize.adam import AdamState
from pikan.optimize.stage import StageProgress
from pikan.solvers.replay import Cached, Event, InProgress, StepFinished, StepStarted, memoize
from pikan.storage.checkpoint import UnfinishedStep
from pikan.storage.replay_log import ReplayLog, replay
from pikan.storage.serialize import deserialize, serialize

CPU = torch.device("cpu")


def shown(level, step, theta, going=None):
    return Event(level, StageProgress("adam", step, 3, theta, 0.0, {}), lambda: None, going)


def stage(name):
    """Three steps that draw nothing, and go on from the state of any of them."""
    answer = yield StepStarted((Tensor,))
    if isinstance(answer, Cached):
        return answer.result
    state = answer.state if isinstance(answer, InProgress) else None
    first, theta = (state.step, state.theta) if state else (0, torch.zeros(2))
    for step in range(first, 4):
        if step > first:
            theta = theta + step
        now = InProgress(AdamState(step, theta, theta, theta, None, None), float(step))
        yield shown(name, step, theta, now)
    return (yield StepFinished(theta))


def part(name, generator, depth):
    """Parts in parts, with events and numbers drawn before, between and after them."""
    total = torch.rand(2, generator=generator)
    yield shown(f"{name} begins", 0, total)
    for place in range(2):
        total = total + (yield from stage(f"{name}{place}"))
        if depth:
            inner = part(f"{name}{place}", generator, depth - 1)
            total = total * (yield from memoize(inner, Tensor))
        yield shown(f"{name} has {place}", 0, total)
        total = total + torch.rand(2, generator=generator)
    yield shown(f"{name} ends", 0, total)
    return total


def begun(generator, frames=None, going=None):
    """A run of the example, with its journal."""
    journal = (
        ReplayLog(generator, CPU) if frames is None else ReplayLog(generator, CPU, frames, going)
    )
    return replay(part("", generator, 2), journal), journal


def finished(run):
    """All events in words, and the result."""
    events = []
    while True:
        try:
            event = next(run)
        except StopIteration as end:
            return events, end.value
        events.append((event.level, event.progress.step, event.progress.theta.tolist()))


def through_memory(frames, going):
    """What comes back of a journal that was kept."""
    again = deserialize(serialize(frames), tuple[UnfinishedStep, ...], CPU)
    return again, serialize(deserialize(serialize(going), InProgress | None, CPU))


@pytest.fixture
def whole():
    """All events and the result of a run that was not stopped."""
    return finished(begun(torch.Generator().manual_seed(7))[0])


def test_a_journal_changes_nothing_in_a_run(whole):
    alone = part("", torch.Generator().manual_seed(7), 2)
    events, answer, result = [], None, None
    while result is None:
        try:
            said = alone.send(answer)
        except StopIteration as end:
            result = end.value
            continue
        answer = said.result if isinstance(said, StepFinished) else None
        if isinstance(said, Event):
            events.append((said.level, said.progress.step, said.progress.theta.tolist()))
    assert events == whole[0]
    assert torch.equal(result, whole[1])


@pytest.mark.parametrize("more", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_a_run_goes_on_from_every_event(more, whole):
    events, expected = whole
    for at in range(1, len(events) - more + 1):
        run, journal = begun(torch.Generator().manual_seed(7))
        # Stopped once, then once more after some steps.
        for count in (at, more):
            *_, last = islice(run, count)
            frames, going = through_memory(journal.frames(), last.in_progress)
            run, journal = begun(torch.Generator().manual_seed(7), frames, going)
        rest, result = finished(run)
        assert rest == events[at + more :]
        assert torch.equal(result, expected)


def test_a_part_that_draws_nothing_keeps_no_generator():
    generator = torch.Generator().manual_seed(7)
    journal = ReplayLog(generator, CPU)
    assert journal.frames() == (UnfinishedStep((), 0),)
    assert journal.step_started((Tensor,)) is None
    journal.step_finished(torch.ones(1))
    journal.step_started((Tensor,))
    torch.rand(1, generator=generator)
    journal.step_finished(torch.ones(1))
    ((done, seen),) = journal.frames()
    assert seen == 0
    assert done[0].generator is None
    assert torch.equal(done[1].generator, generator.get_state())


def test_a_result_is_answered_with_a_copy_in_the_same_bits():
    journal = ReplayLog(torch.Generator(), CPU)
    journal.step_started((Tensor,))
    result = torch.rand(3)
    known = journal.step_finished(result)
    assert torch.equal(known, result)
    before = known.clone()
    result += 1.0
    assert torch.equal(known, before)


def test_parts_that_are_known_are_told_in_their_order_and_bring_back_the_generator():
    generator = torch.Generator().manual_seed(1)
    journal = ReplayLog(generator, CPU)
    for value in (1.0, 2.0):
        journal.step_started((float,))
        torch.rand(1, generator=generator)
        journal.step_finished(value)
    expected = generator.get_state()
    fresh = torch.Generator().manual_seed(1)
    again = ReplayLog(fresh, CPU, journal.frames())
    assert [again.step_started((float,)) for _ in range(2)] == [Cached(1.0), Cached(2.0)]
    assert torch.equal(fresh.get_state(), expected)
    assert again.step_started((float,)) is None
    assert len(again.frames()) == 2
