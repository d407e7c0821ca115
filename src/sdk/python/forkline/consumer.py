"""The getting side of a queue: what was read ahead, what the program took of it, and what of that is done.

Items wait in `ready`, each with its tag, and a program takes one by `ready.popleft()`, with no lock; or a loop that is
alone goes through them by a `Walk`. So what was taken is never counted one by one: it is whatever is no longer there when
it is time to report. How far to read ahead follows from how fast the program takes; what it has not touched for a while
goes back, so that others can work on it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Optional

from . import wire
from .areas import Aside
from .encoding import encodings
from .errors import Aborted, ShutDown
from .held import Held
from .walk import STEPS_ARE_SINGLE, Walk

if TYPE_CHECKING:
    from .session import Session

__all__ = ["Consumer"]

#: What is read ahead is as much as the program takes in this time, in seconds, and never more items than that.
_AHEAD = 0.004
_MOST_AHEAD = 4096

#: Items become ready at most so many at a time: between two lots more is asked for. Where a queue holds few, half of them,
#: so that its producers have room for others meanwhile, but not in crumbs.
_LARGEST_LOT = 1024
_SMALLEST_LOT = 64

#: Rounds of the attendant without a get, after which what was read ahead goes back.
_IDLE_ROUNDS = 4


class Consumer:
    #: Whether it asks for one item at a time, when a thread waits: see `exact`.
    exact = False

    def __init__(self, session: "Session", channel: "dict[str, Any]", announces: Optional[bool] = None) -> None:
        self.session = session
        self.name: str = channel["name"]
        self.channel: int = channel["id"]
        self.settings = channel
        self.keeps = channel["delivery"] != "at-most-once"
        #: Whether what is taken is said to be before the program has it, one by one, so that nothing of it is read ahead. At
        #: most once, it would else come again where the program is killed; unless there is nobody else it could come to.
        self.announces = not self.keeps if announces is None else announces
        self.decode = encodings[channel["encoding"]].decode
        #: (tag, data) of what the program may take now.
        self.ready: "deque[tuple[int, bytes]]" = deque()
        #: Tags that the program is done with and the broker does not know of.
        self.done: "list[int]" = []
        #: tag → which delivery it is, of those that are not the first.
        self.attempts: "dict[int, int]" = {}
        #: tag → what became of it before, of those that are dead letters.
        self.deaths: "dict[int, dict[str, Any]]" = {}
        #: Whether each item taken is to be reported at once: the program is slow.
        self.slow = True
        self.ended: Optional[Exception] = None
        #: How many threads wait.
        self.waiting = 0
        self.ungets = 0
        #: Something went back: what is still on its way comes behind that, and goes back too.
        self._retreating = False
        #: (first tag, items) of each lot that is not ready yet.
        self._later: "deque[tuple[int, list[Any]]]" = deque()
        #: The loop that goes through the items before all others by itself. While it is there, nothing is ready.
        self._walk: Optional[Walk] = None
        #: To read ahead more than fits into the queue would leave its producers without room.
        self._most = 1 if self.announces else min(_MOST_AHEAD, channel["maxsize"] or _MOST_AHEAD)
        self._lot_size = min(_LARGEST_LOT, max(_SMALLEST_LOT, self._most // 2))
        #: Of what comes next.
        self._next_death: "Optional[dict[str, Any]]" = None
        self._next_tag = 0
        self._reported = 0
        self._window = 1
        self._asked = 0
        self._void = 0
        self._told_waiting = False
        self._lot = 0
        self._lot_at = 0.0
        self._idle_at = -1
        self._idle_rounds = 0
        self._local = threading.local()

    @property
    def held(self) -> Held:
        """What this thread took by `get` and has not reported done."""
        try:
            return self._local.held  # type: ignore[no-any-return]
        except AttributeError:
            self._local.held = Held()
            return self._local.held

    # Asking

    def advance(self) -> bool:
        """Makes the next lot ready, if none is."""
        self._break_up()
        if not self.ready and self._later:
            self.make_ready(*self._later.popleft())
        if not self.ready:
            return False
        self._begin(len(self.ready))
        return True

    def open_walk(self) -> Optional[Walk]:
        """The next lot for one loop by itself, or None where that must share what is ready with other threads."""
        self._break_up()
        if self.ready or not self._later or self.announces or not STEPS_ARE_SINGLE:
            return None
        first, items = self._later.popleft()
        self._walk = Walk(first, _read(items))
        self._begin(len(items))
        return self._walk

    def close_walk(self, walk: Walk) -> None:
        """Its loop has moved on from the last item it took."""
        self._say_done(walk.tell_done(True))
        if self._walk is walk and walk.at_end:
            self._walk = None

    def _break_up(self) -> None:
        """What a loop has not taken is ready for whoever comes."""
        walk, self._walk = self._walk, None
        if walk is not None:
            first, rest = walk.cut()
            self._say_done(walk.tell_done(False))
            self.ready.extend(zip(range(first, first + len(rest)), rest))

    def _begin(self, count: int) -> None:
        """The program is about to take so many."""
        self._lot = count
        self._lot_at = time.monotonic()
        # Who takes one at a time asks when it waits.
        if self._window > 1 and self._ask(0):
            self.session.flush()
        if not self.session.attendant.armed:
            self.session.arm()

    def make_ready(self, first: int, items: "list[Any]") -> None:
        """From now on the program may take them."""
        self.ready.extend(zip(range(first, first + len(items)), _read(items)))

    def pace(self) -> None:
        """The program is back for more: measures how long the last lot took it."""
        if self._lot and not self.ready and self._walk is None:
            each = (time.monotonic() - self._lot_at) / self._lot
            fitting = int(_AHEAD / each) if each > _AHEAD / _MOST_AHEAD else _MOST_AHEAD
            self._window = max(1, min(2 * self._window, fitting, self._most))
            self.slow = self._window == 1
            self._lot = 0

    def await_more(self) -> None:
        """Nothing is ready and a thread waits for it."""
        if not self._told_waiting and not self._retreating:
            self._told_waiting = True
            self.report()
            self._ask(1)

    def _ask(self, flags: int) -> bool:
        window = self._window
        most = window if window > self.waiting else self.waiting
        more = max(0, most - self._asked - (self._next_tag - self._head()))
        worth_it = window > 1 and more * 4 >= window
        # What goes back must be back before more is asked for.
        if (flags or worth_it) and not self._retreating:
            self._asked += more
            self.session.say(wire.number(wire.GET, self.channel, more, flags))
        return worth_it

    def withdraw(self) -> None:
        """No thread waits any more."""
        if self.ended is not None:
            return
        self._void += self._asked
        self._asked = 0
        self._told_waiting = False
        self.ungets += 1
        self.session.say(wire.bare(wire.UNGET, self.channel))

    # Reporting

    def report(self) -> None:
        """Says what was taken and what is done since the last time."""
        if self._walk is not None:
            self._say_done(self._walk.tell_done(False))
        if self.done:
            self._report_done()
        self._report_taken(self._head())

    def _report_taken(self, head: int) -> None:
        if head > self._reported:
            self.session.say(wire.number(wire.TAKEN, self.channel, head - self._reported))
            self._reported = head

    def _report_done(self) -> None:
        # Other threads append meanwhile; what they append stays.
        count = len(self.done)
        if count == 1:
            tag = self.done.pop(0)
            self._say_done(range(tag, tag + 1))
            return
        tags = self.done[:count]
        del self.done[:count]
        for stretch in _stretches(tags):
            self._say_done(stretch)

    def _say_done(self, tags: range) -> None:
        if not tags:
            return
        self._forget(tags)
        if self.keeps:
            self.session.say(wire.tags(wire.DONE, self.channel, tags.start, len(tags)))
            # Being done says that it, and all before it, was taken.
            if tags.stop > self._reported:
                self._reported = tags.stop

    def _head(self) -> int:
        """The tag of the first item that the program has not taken."""
        if self._walk is not None:
            return self._walk.head
        if self.ready:
            try:
                return self.ready[0][0]
            except IndexError:
                pass  # another thread has just taken it
        return self._later[0][0] if self._later else self._next_tag

    def finish(self, tag: int) -> None:
        """An item that was taken is done."""
        self.done.append(tag)
        if not self.session.attendant.armed:
            with self.session.exclusive:
                self.session.check()
                self.session.arm()

    def tell_taken(self) -> None:
        """The program may work on it for long, and its place in the queue is free: that is to be known soon, but not before the
        program has it, or its own clock would see more items waiting than `maxsize` allows. What is at most once is said to
        be taken first, or it would come twice where the program is killed."""
        if not self.announces and self.session.attendant.armed:
            return
        with self.session.exclusive:
            self.session.check()
            if self.announces:
                self.report()
                self.session.send()
            else:
                self.session.arm()

    def give_back(self, tag: int) -> None:
        """Hands an item that was taken to whoever comes next. It comes again before those behind it, so what was read ahead
        of these goes back too."""
        with self.session.exclusive:
            self.session.check()
            self.report()
            self._forget((tag,))
            self.session.say(wire.tags(wire.GIVE_BACK, self.channel, tag, 1))
            self._recalled()
            # What is still on its way comes behind it as well.
            self._retreating = self.ungets > 0
            self.session.send()

    def give_back_rest(self, keep: int = 0) -> None:
        """Gives back what was read ahead, but for the first `keep` items, which are about to be taken."""
        if self._asked:
            self.withdraw()
        self._break_up()
        tags: "list[int]" = []
        left = max(0, keep - len(self.ready))
        lots, self._later = self._later, deque()
        for first, items in lots:
            # Only what is kept is made ready, which looks into it.
            if left:
                self.make_ready(first, items[:left])
            tags.extend(range(first + left, first + len(items)))
            left = max(0, left - len(items))
        # The program may take from the other end at the same time, so one by one.
        while len(self.ready) > keep:
            try:
                tags.append(self.ready.pop()[0])
            except IndexError:
                break
        if not tags:
            return
        self._report_taken(min(tags))
        self._forget(tags)
        # Where some were kept before and those behind them given back, there is a gap.
        for stretch in _stretches(tags):
            self.session.say(wire.tags(wire.GIVE_BACK, self.channel, stretch.start, len(stretch)))
        self._reported = self._next_tag
        self._retreating = self.ungets > 0

    def watch(self) -> bool:
        """The attendant's round. Returns whether another one is due."""
        head = self._head()
        due = head > self._reported or bool(self.done)
        if head == self._next_tag:
            self._idle_rounds = 0
            if self.ungets and not self.waiting:
                self.session.listen()
            return due or bool(self.ungets)
        if head != self._idle_at:
            self._idle_at, self._idle_rounds = head, 0
            return True
        self._idle_rounds += 1
        if self._idle_rounds >= _IDLE_ROUNDS:
            self._window = 1
            self.slow = True
            self.session.listen()
            self.give_back_rest()
        # What was on its way when we said that we accept no more is given back in the next round.
        return bool(self.ungets) or self._idle_rounds < _IDLE_ROUNDS

    # Hearing

    def hear(self, kind: int, flags: int, body: memoryview) -> None:
        self._hear(kind, flags, body)
        # An item is for one; the end, and the answer to those who have given up, for all.
        self.session.wake(self, one=kind not in (wire.END, wire.WITHDRAWN))

    def wake_one(self) -> None:
        """Lets one of those who wait look again, who lets the next one do so when it leaves."""
        if self.waiting:
            self.session.wake(self, one=True)

    def _hear(self, kind: int, flags: int, body: memoryview) -> None:
        if kind == wire.DELIVER:
            self._deliver(self._items(flags, body))
        elif kind == wire.REDELIVER:
            self._deliver(self._items(flags, body, 4), wire.read_number(body))
        elif kind == wire.DEAD:
            self._next_death = wire.read_json(body)
        elif kind == wire.END:
            self._asked = 0
            self.ended = (
                Aborted(f"queue `{self.name}` broke off: a process that puts to it has failed")
                if flags & 1
                else ShutDown(f"queue `{self.name}` has ended: nothing more will come")
            )
        elif kind == wire.WITHDRAWN:
            self.ungets -= 1
            if self.ungets == 0:
                self._void = 0
                self._retreating = False
        elif kind == wire.RECALL:
            self._recalled()

    def _recalled(self) -> None:
        self._window = max(1, self._window // 2)
        self.give_back_rest(keep=self.waiting)

    def _items(self, flags: int, body: memoryview, start: int = 0) -> "list[Any]":
        return [self.session.areas.item(body, start)] if flags & wire.ASIDE else wire.split(body, start)

    def _deliver(self, items: "list[Any]", attempt: Optional[int] = None) -> None:
        first, count = self._next_tag, len(items)
        self._next_tag = first + count
        if self.ungets:
            self._void = max(0, self._void - count)
        else:
            self._asked = max(0, self._asked - count)
        self._told_waiting = False
        if self._retreating:
            self._turn_away(first, count)
            return
        if attempt is not None:
            self.attempts.update(dict.fromkeys(range(first, first + count), attempt))
        if self._next_death is not None:
            self.deaths.update(dict.fromkeys(range(first, first + count), self._next_death))
            self._next_death = None
        self._keep_for_later(first, items)

    def _keep_for_later(self, first: int, items: "list[Any]") -> None:
        size = self._lot_size
        if len(items) <= size and not self._later:
            self._later.append((first, items))
            return
        if items and self._later and not isinstance(items[0], Aside):
            # Where they come in crumbs, many of them are still one lot.
            begun, lot = self._later[-1]
            if begun + len(lot) == first and not isinstance(lot[0], Aside):
                fitting = items[: size - len(lot)]
                lot += fitting
                first, items = first + len(fitting), items[len(fitting) :]
        self._later.extend((first + at, items[at : at + size]) for at in range(0, len(items), size))

    def _turn_away(self, first: int, count: int) -> None:
        """Does not even look at these."""
        self._next_death = None
        self.session.say(wire.tags(wire.GIVE_BACK, self.channel, first, count))
        self._reported = self._next_tag

    def _forget(self, tags: "Iterable[int]") -> None:
        if self.attempts or self.deaths:
            for tag in tags:
                self.attempts.pop(tag, None)
                self.deaths.pop(tag, None)

    def lose(self) -> None:
        if self._walk is not None:
            self._walk.cut()
            self._walk = None
        self.ready.clear()
        self._later.clear()
        self.done.clear()
        self._next_tag = self._reported = 0


def _read(items: "list[Any]") -> "list[bytes]":
    """What lies in shared memory comes alone."""
    return [item.read() for item in items] if isinstance(items[0], Aside) else items


def _stretches(tags: "list[int]") -> "Iterator[range]":
    """Each stretch of tags in a row. All are different, and mostly they are one stretch."""
    first, last = min(tags), max(tags)
    if last - first + 1 == len(tags):
        yield range(first, last + 1)
        return
    tags.sort()
    first = last = tags[0]
    for tag in tags[1:]:
        if tag != last + 1:
            yield range(first, last + 1)
            first = tag
        last = tag
    yield range(first, last + 1)
